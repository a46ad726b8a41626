/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_text - a configuration file as a list of values, each with its line
 *
 * libconfuse calls back for each value while it reads; that is the only moment
 * at which it knows the line. The bytes have passed conf_scan() before, and come
 * from memory: libconfuse's scanner ends the process on a file that it
 * cannot read (a folder, for one).
 */
#include "conf/conf_text.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "conf/conf_scan.h"

/* libconfuse's callbacks get nothing of ours to hold on to. */
static struct conf_text *reading;

int conf_text_error(const struct conf_text *t, unsigned line, struct err *err, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return line > 0 ? err_set(err, ERR_FORMAT, "%s:%u: %s", t->file, line, text)
                    : err_set(err, ERR_FORMAT, "%s: %s", t->file, text);
}

/* The first error counts: what libconfuse says afterwards follows from it. */
static int problem(const cfg_t *cfg, const char *text)
{
    if (reading->err.kind == ERR_NONE)
        conf_text_error(reading, (unsigned)cfg->line, &reading->err, "%s", text);
    return -1;
}

/* --- names --- */

/* "zone" is the last part of "dnsbl.zone". */
static struct str name_last(struct str name)
{
    size_t dot = str_rfind_c(name, '.');
    return dot == STR_NONE ? name : str_skip(name, dot + 1);
}

/* libconfuse tells a section's own name only; ours are unique. "" at the outermost level. */
static struct str section_name(const cfg_t *cfg)
{
    for (size_t i = 0; i < setting_sections_count; i++) {
        struct str name = str_c(setting_sections[i].name);
        if (str_eq(name_last(name), str_c(cfg->name)))
            return name;
    }
    return STR("");
}

static void unknown(const cfg_t *cfg, const char *name)
{
    struct buf b;
    struct str section = section_name(cfg);
    buf_init(&b, ERR_TEXT_MAX);
    if (section.n == 0)
        buf_addf(&b, "there is no section \"%s\"", name);
    else
        buf_addf(&b, "there is no setting \"%s\" in section %.*s", name, STR_ARG(section));
    settings_suggest(section, str_c(name), &b);
    problem(cfg, buf_c(&b));
    buf_fini(&b);
}

/* --- what libconfuse calls --- */

static void error_take(cfg_t *cfg, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void error_take(cfg_t *cfg, const char *fmt, va_list ap)
{
    static const struct {
        const char *theirs, *ours;
    } remedies[] = {
        { "premature end of file", ": a value, a = or a } is missing at the end" },
        { "missing equal sign", ": write NAME = VALUE" },
        { "missing opening brace", ": write { behind its name or title" },
        { "missing title", ": write a title in quotes before the {" },
        { "unexpected token",
          ": write NAME = VALUE, lists as NAME = { A, B }, sections as NAME { }" },
        { "duplicate title", ": give each a title of its own" },
    };
    char text[300];
    if (str_starts(str_c(fmt), STR("no such option"))) {
        unknown(cfg, va_arg(ap, const char *));
        return;
    }
    vsnprintf(text, sizeof text, fmt, ap);
    const char *remedy = "";
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (str_find(str_c(text), str_c(remedies[i].theirs)) != STR_NONE)
            remedy = remedies[i].ours;
    }
    struct buf b;
    buf_init(&b, sizeof text + 200);
    buf_addf(&b, "%s%s", text, remedy);
    problem(cfg, buf_c(&b));
    buf_fini(&b);
}

/* A setting that comes twice would lose its first value. The line of the first is kept in the
 * option itself, as libconfuse's own note to it, which is different for each section. */
static int once(const cfg_t *cfg, cfg_opt_t *opt)
{
    char text[120];
    if (opt->nvalues > 1)
        return 0;                /* another member of the same list */
    const char *first = cfg_opt_getcomment(opt);
    if (first != NULL) {
        snprintf(text, sizeof text, "%.40s is set twice, first in line %.20s: keep one of them",
                 opt->name, first);
        return problem(cfg, text);
    }
    snprintf(text, sizeof text, "%d", cfg->line);
    cfg_opt_setcomment(opt, text);
    return 0;
}

static void value_add(const struct setting *row, const cfg_t *cfg, const char *text, int line)
{
    struct conf_text *t = reading;
    if ((t->count & (t->count - 1)) == 0) /* double at powers of two */
        t->values = must_realloc(t->values, (t->count == 0 ? 1 : t->count * 2) * sizeof *t->values);
    t->values[t->count++] =
        (struct conf_value){ row, (uintptr_t)cfg, text, line > 0 ? (unsigned)line : 0 };
}

static int value_take(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    const struct setting *row = settings_find(section_name(cfg), str_c(opt->name));
    must(value != NULL);
    if (row == NULL)             /* "door|mode" in quotes is a path for libconfuse */
        return problem(cfg, "a name with a | in it: write settings inside of their section");
    if (reading->count >= CONF_VALUES_MAX)
        return problem(cfg, "too many values");
    if (once(cfg, opt) != 0)
        return -1;
    struct str copy = arena_str(reading->arena, str_c(value));
    must(!arena_full(reading->arena));
    value_add(row, cfg, copy.p, cfg->line);
    *(const char **)result = value;
    return 0;
}

/* --- libconfuse's own table, from ours --- */

static bool inside(const struct setting_section *s, struct str parent)
{
    struct str name = str_c(s->name);
    return s->title != NULL && str_starts(name, parent) && name.p[parent.n] == '.';
}

/* Heap: the options of a section, and of the sections inside of it. */
static cfg_opt_t *options_new(struct str section)
{
    static const cfg_opt_t end = CFG_END();
    cfg_opt_t *all = must_array(settings_count + setting_sections_count + 1, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *s = &settings[i];
        if (!str_eq(str_c(s->section), section))
            continue;
        cfg_opt_t one = CFG_STR_CB(s->name, NULL, CFGF_NODEFAULT, value_take);
        cfg_opt_t list = CFG_STR_LIST_CB(s->name, NULL, CFGF_NODEFAULT, value_take);
        all[n++] = setting_is_list(s) ? list : one;
    }
    for (size_t i = 0; i < setting_sections_count; i++) {
        const struct setting_section *s = &setting_sections[i];
        bool outer = section.n == 0 && s->title == NULL;
        if (!outer && (section.n == 0 || !inside(s, section)))
            continue;
        cfg_opt_t o = CFG_SEC(name_last(str_c(s->name)).p, options_new(str_c(s->name)),
                              outer ? CFGF_NONE : CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
        all[n++] = o;
    }
    all[n] = end;
    return all;
}

static void options_free(cfg_opt_t *all)
{
    for (cfg_opt_t *o = all; o->name != NULL; o++) {
        if (o->subopts != NULL)
            options_free(o->subopts);
    }
    free(all);
}

/* --- what is left to see when all has been read --- */

static void titled_add(cfg_t *cfg)
{
    struct conf_text *t = reading;
    struct str title = arena_str(t->arena, str_c(cfg->title));
    must(!arena_full(t->arena));
    t->titled = must_realloc(t->titled, (t->titled_count + 1) * sizeof *t->titled);
    t->titled[t->titled_count++] = (struct conf_titled){
        settings_section(section_name(cfg)), (uintptr_t)cfg, title.p, (unsigned)cfg->line };
}

/* Titled sections, and lists that were emptied: for those no value was called back. */
static void section_walk(cfg_t *cfg)
{
    if (cfg->title != NULL)
        titled_add(cfg);
    for (cfg_opt_t *o = cfg->opts; o->name != NULL; o++) {
        if (o->type == CFGT_STR) {
            if (o->nvalues == 0 && (o->flags & CFGF_LIST) && (o->flags & CFGF_MODIFIED))
                value_add(settings_find(section_name(cfg), str_c(o->name)), cfg, NULL, 0);
            continue;
        }
        for (unsigned i = 0; i < cfg_opt_size(o); i++)
            section_walk(cfg_opt_getnsec(o, i));
    }
}

static int bytes_parse(const char *bytes)
{
    cfg_opt_t *options = options_new(STR(""));
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    options_free(options);
    must(cfg != NULL);
    cfg_set_error_function(cfg, error_take);
    int rc = cfg_parse_buf(cfg, bytes);
    if (rc == CFG_SUCCESS)
        section_walk(cfg);
    else if (reading->err.kind == ERR_NONE)
        problem(cfg, "a name is missing: write NAME = VALUE");
    cfg_free(cfg);
    return rc == CFG_SUCCESS ? 0 : -1;
}

int conf_text_read(struct conf_text *t, struct str bytes, struct err *err)
{
    struct buf clean;
    unsigned line;
    must(reading == NULL);
    buf_init(&clean, bytes.n);
    int rc = conf_scan(bytes, &clean, &line, err);
    if (rc != 0) {
        struct err inner = *err;
        conf_text_error(t, line, err, "%s", inner.text);
    } else {
        reading = t;
        rc = bytes_parse(buf_c(&clean));
        reading = NULL;
        if (rc != 0)
            *err = t->err;
    }
    buf_fini(&clean);
    return rc;
}

void conf_text_fini(struct conf_text *t)
{
    free(t->values);
    free(t->titled);
    t->values = NULL;
    t->titled = NULL;
    t->count = t->titled_count = 0;
}
