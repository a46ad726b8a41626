/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf - the settings, read once, never changed
 *
 * A file becomes texts with their lines (conf_text), texts become fields by the
 * rows of the table (conf_value), and the whole is looked at once more for what
 * does not go together (conf_check). All of it lives in one arena, so that a
 * reload that fails anywhere leaves nothing behind.
 */
#include "conf/conf.h"

#include <stdlib.h>

#include "base/must.h"
#include "conf/conf_check.h"
#include "conf/conf_file.h"
#include "conf/conf_text.h"
#include "conf/conf_value.h"

/* All texts of the largest file, rounded up, and the arrays for them. */
#define ARENA_MAX ((size_t)64 << 20)

struct load {
    struct conf *conf;
    struct conf_text text;
    struct err *err;
};

static void defaults_put(const char *section, void *base, struct arena *arena)
{
    for (size_t i = 0; i < settings_count; i++) {
        if (str_eq(str_c(settings[i].section), str_c(section)))
            conf_value_default(&settings[i], base, arena);
    }
}

/* The value of the field at values[*at], which may be a list; steps over all of it. */
static int value_put(struct load *l, size_t *at, void *base)
{
    const struct conf_value *first = &l->text.values[*at];
    struct arena *arena = l->text.arena;
    struct err inner;
    size_t n = 0;
    while (*at + n < l->text.count && first[n].row == first->row &&
           first[n].section == first->section && first[n].text != NULL)
        n++;
    const char **texts = arena_alloc(arena, (n + 1) * sizeof *texts);
    must(texts != NULL);
    for (size_t i = 0; i < n; i++)
        texts[i] = first[i].text;
    *at += n > 0 ? n : 1;
    struct conf_texts all = { .v = texts, .n = n };
    if (conf_value_put(first->row, base, &all, arena, &inner) == 0)
        return 0;
    return conf_text_error(&l->text, first[all.bad].line, l->err, "%s.%s: %s",
                           first->row->section, first->row->name, inner.text);
}

/* Titled sections hold their values in structs of their own; these do the others. */
static int plain_put(struct load *l)
{
    for (size_t i = 0; i < setting_sections_count; i++) {
        if (setting_sections[i].title == NULL)
            defaults_put(setting_sections[i].name, l->conf, l->text.arena);
    }
    for (size_t at = 0; at < l->text.count;) {
        const struct conf_value *v = &l->text.values[at];
        if (settings_section(str_c(v->row->section))->title != NULL)
            at++;
        else if (value_put(l, &at, l->conf) != 0)
            return -1;
    }
    return 0;
}

/* --- titled sections --- */

static bool has_value(const struct load *l, const struct conf_titled *t, const struct setting *row)
{
    for (size_t i = 0; i < l->text.count; i++) {
        const struct conf_value *v = &l->text.values[i];
        if (v->section == t->section && v->row == row && v->text != NULL)
            return true;
    }
    return false;
}

static int title_check(struct load *l, const struct conf_titled *t)
{
    const char *wrong = t->kind->title_check(str_c(t->title));
    if (wrong != NULL)
        return conf_text_error(&l->text, t->line, l->err, "the title of this section, \"%s\", %s",
                               t->title, wrong);
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *row = &settings[i];
        if (row->initial == NULL && str_eq(str_c(row->section), str_c(t->kind->name)) &&
            !has_value(l, t, row))
            return conf_text_error(&l->text, t->line, l->err,
                                   "section %s \"%s\" ends without its %s, which must be set",
                                   t->kind->name, t->title, row->name);
    }
    return 0;
}

static int titled_fill(struct load *l, const struct conf_titled *t, char *item)
{
    if (title_check(l, t) != 0)
        return -1;
    defaults_put(t->kind->name, item, l->text.arena);
    *(const char **)(void *)(item + t->kind->title_offset) = t->title;
    for (size_t at = 0; at < l->text.count;) {
        if (l->text.values[at].section != t->section)
            at++;
        else if (value_put(l, &at, item) != 0)
            return -1;
    }
    return 0;
}

static size_t titled_count(const struct load *l, const struct setting_section *kind)
{
    size_t n = 0;
    for (size_t i = 0; i < l->text.titled_count; i++)
        n += l->text.titled[i].kind == kind;
    return n;
}

/* All sections of one kind into an array of the arena. */
static int kind_put(struct load *l, const struct setting_section *kind)
{
    size_t n = titled_count(l, kind);
    char *items = arena_alloc(l->text.arena, (n + 1) * kind->size), *item = items;
    must(items != NULL);
    for (size_t i = 0; i < l->text.titled_count; i++) {
        if (l->text.titled[i].kind != kind)
            continue;
        if (titled_fill(l, &l->text.titled[i], item) != 0)
            return -1;
        item += kind->size;
    }
    char *base = (char *)l->conf;
    *(void **)(void *)(base + kind->items_offset) = items;
    *(size_t *)(void *)(base + kind->count_offset) = n;
    return 0;
}

static int kinds_put(struct load *l)
{
    if (l->text.titled_count > CONF_SECTIONS_MAX)
        return conf_text_error(&l->text, l->text.titled[CONF_SECTIONS_MAX].line, l->err,
                               "more than %u sections with titles", CONF_SECTIONS_MAX);
    for (size_t i = 0; i < setting_sections_count; i++) {
        if (setting_sections[i].title != NULL && kind_put(l, &setting_sections[i]) != 0)
            return -1;
    }
    return 0;
}

/* The built-in lists, in the words of a file. */
static int zones_default(struct load *l)
{
    struct load zones = { .conf = l->conf, .err = l->err,
                          .text = { .file = "built-in lists", .arena = l->text.arena } };
    int rc = conf_text_read(&zones.text, str_c(settings_zones), l->err);
    if (rc == 0)
        rc = kind_put(&zones, settings_section(STR("dnsbl.zone")));
    conf_text_fini(&zones.text);
    return rc;
}

/* --- all of it --- */

static int load(struct load *l, struct str bytes)
{
    if (conf_text_read(&l->text, bytes, l->err) != 0 || plain_put(l) != 0 || kinds_put(l) != 0)
        return -1;
    if (l->conf->dnsbl.zone_count == 0 && zones_default(l) != 0)
        return -1;
    return conf_check(l->conf, &l->text, l->err);
}

struct conf *conf_read_bytes(const char *name, struct str bytes, struct err *err)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct conf *c = arena_alloc(arena, sizeof *c);
    must(c != NULL);
    c->memory = arena;
    c->file = arena_str(arena, str_c(name)).p;
    struct load l = { .conf = c, .text = { .file = c->file, .arena = arena }, .err = err };
    int rc = load(&l, bytes);
    conf_text_fini(&l.text);
    if (rc != 0)
        conf_free(&c);
    return c;
}

struct conf *conf_read(const char *path, struct err *err)
{
    struct buf bytes;
    struct conf *c = NULL;
    if (path == NULL)
        return conf_read_bytes("defaults", STR(""), err);
    buf_init(&bytes, CONF_FILE_BYTES_MAX);
    if (conf_file_read(path, &bytes, err) == 0)
        c = conf_read_bytes(path, buf_str(&bytes), err);
    buf_fini(&bytes);
    return c;
}

void conf_free(struct conf **c)
{
    if (*c == NULL)
        return;
    struct arena *arena = (*c)->memory;
    *c = NULL;
    arena_free(&arena);
}
