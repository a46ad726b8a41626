/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_print - the table as an example file, and as a list for the manual
 *
 * Both are committed, so that they can be read without a build; a check
 * compares them with what this prints.
 */
#include "conf/settings.h"

#define COLUMNS 96u

/* --- one value --- */

static const struct step {
    int64_t size;
    const char *unit;
} durations[] = {
    { 604800000, "w" }, { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" },
    { 1, "ms" },
}, sizes[] = {
    { 1 << 30, "G" }, { 1 << 20, "M" }, { 1 << 10, "k" }, { 1, "" },
};

/* By the largest unit that leaves nothing over. */
static void number_unit(int64_t n, const struct step *steps, struct buf *out)
{
    if (n == 0) {
        buf_add_c(out, '0');
        return;
    }
    while (n % steps->size != 0)
        steps++;
    buf_addf(out, "%lld%s", (long long)(n / steps->size), steps->unit);
}

static void weight_add(int64_t n, struct buf *out)
{
    long long whole = n < 0 ? -n : n;
    buf_addf(out, "%s%lld", n < 0 ? "-" : "", whole / 100);
    if (whole % 100 != 0)
        buf_addf(out, whole % 10 == 0 ? ".%lld" : ".%02lld",
                 whole % 10 == 0 ? whole % 100 / 10 : whole % 100);
}

void setting_number(const struct setting *s, int64_t value, struct buf *out)
{
    switch (s->type) {
    case SETTING_MS:
        number_unit(value, durations, out);
        break;
    case SETTING_SECONDS:
        number_unit(value * 1000, durations, out);
        break;
    case SETTING_SIZE:
        number_unit(value, sizes, out);
        break;
    case SETTING_WEIGHT:
        weight_add(value, out);
        break;
    case SETTING_OCTAL:
        buf_addf(out, "%04llo", (unsigned long long)value);
        break;
    default:
        buf_addf(out, "%lld", (long long)value);
    }
}

/* --- text in lines --- */

/* Words of `text` in lines that begin with `indent` and `mark`. */
static void wrap(struct str text, const char *indent, const char *mark, struct buf *out)
{
    size_t begin = strlen(indent) + strlen(mark), column = 0;
    struct str word;
    while ((word = str_word(&text)).n > 0) {
        if (column == 0 || column + 1 + word.n > COLUMNS) {
            buf_addf(out, "%s%s%s", column == 0 ? "" : "\n", indent, mark);
            column = begin;
        } else {
            buf_add_c(out, ' ');
            column++;
        }
        buf_add(out, word);
        column += word.n;
    }
    buf_add_c(out, '\n');
}

/* --- the example file --- */

/* `NAME = VALUE` as in a file, a long list in several lines. */
static void value_add(const struct setting *s, const char *value, const char *indent,
                      struct buf *out)
{
    struct str rest = str_c(value);
    struct buf line;
    buf_init(&line, 4000);
    buf_addf(&line, "%s =", s->name);
    if (setting_is_list(s)) {
        buf_add(&line, STR(" {"));
        for (const char *comma = ""; rest.n > 0; comma = ",") {
            struct str word = str_word(&rest);
            buf_addf(&line, "%s \"%.*s\"", comma, STR_ARG(word));
        }
        buf_add(&line, STR(" }"));
    } else {
        buf_addf(&line, s->type == SETTING_STRING ? " \"%s\"" : " %s", value);
    }
    wrap(buf_str(&line), indent, "#", out);
    buf_fini(&line);
}

static void limits_add(const struct setting *s, struct buf *out)
{
    if (s->words == NULL)
        return;
    for (const char *const *w = s->words; *w != NULL; w++)
        buf_addf(out, "%s%s", w == s->words ? " [" : " ", *w);
    buf_add_c(out, ']');
}

static void row_add(const struct setting *s, const char *indent, struct buf *out)
{
    struct buf about;
    buf_init(&about, 4000);
    buf_add(&about, str_c(s->about));
    limits_add(s, &about);
    buf_add_c(out, '\n');
    wrap(buf_str(&about), indent, "# ", out);
    buf_fini(&about);
    if (s->example != NULL && s->initial != NULL) {
        value_add(s, s->example, indent, out);
        buf_addf(out, "%s# Default:\n", indent);
    }
    const char *value = s->initial != NULL ? s->initial : s->example;
    value_add(s, value != NULL ? value : s->words[0], indent, out);
}

static void rows_add(const char *section, const char *indent, struct buf *out)
{
    for (size_t i = 0; i < settings_count; i++) {
        if (str_eq(str_c(settings[i].section), str_c(section)))
            row_add(&settings[i], indent, out);
    }
}

static bool is_part(const struct setting_section *part, const struct setting_section *of)
{
    struct str name = str_c(part->name);
    return part->title != NULL && str_starts(name, str_c(of->name)) &&
           name.p[strlen(of->name)] == '.';
}

/* The built-in lists: all of settings_zones but its first and last line, as a comment. */
static void zones_add(struct buf *out)
{
    struct str rest = str_c(settings_zones), line;
    buf_add_c(out, '\n');
    while (str_line(&rest, &line)) {
        if (str_starts(line, STR("    ")))
            buf_addf(out, "    #%.*s\n", STR_ARG(str_skip(line, 4)));
    }
}

/* No empty line behind a {. */
static void blank_drop(struct buf *out, size_t begin)
{
    if (out->n > begin && out->p[begin] == '\n') {
        memmove(out->p + begin, out->p + begin + 1, out->n - begin - 1);
        out->n--;
    }
}

static void part_add(const struct setting_section *part, struct buf *out)
{
    const char *word = strchr(part->name, '.') + 1;
    buf_add_c(out, '\n');
    wrap(str_c(part->about), "    ", "# ", out);
    if (str_eq(str_c(part->name), STR("dnsbl.zone")))
        zones_add(out);
    buf_addf(out, "\n    #%s \"%s\" {\n", word,
             str_eq(str_c(part->title), STR("a file")) ? "/etc/postern/recipients" : "example.org");
    size_t begin = out->n;
    rows_add(part->name, "        ", out);
    blank_drop(out, begin);
    buf_add(out, STR("    #}\n"));
}

static void section_add(const struct setting_section *s, struct buf *out)
{
    buf_add_c(out, '\n');
    wrap(str_c(s->about), "", "# ", out);
    buf_addf(out, "%s {\n", s->name);
    size_t begin = out->n;
    rows_add(s->name, "    ", out);
    for (size_t i = 0; i < setting_sections_count; i++) {
        if (is_part(&setting_sections[i], s))
            part_add(&setting_sections[i], out);
    }
    blank_drop(out, begin);
    buf_add(out, STR("}\n"));
}

void settings_example(struct buf *out)
{
    buf_add(out, STR(
        "# SPDX-License-Identifier: BSD-2-Clause\n"
        "#\n"
        "# postern.conf - the configuration of posternd\n"
        "#\n"
        "# Every setting is here with its default, behind a #: remove that to change it.\n"
        "# Test with `posternd --check`, then `systemctl reload postern`.\n"
        "# Manual: postern.conf(5).\n"
        "#\n"
        "# mode is what a check does with what it finds: off, observe (only the log says what\n"
        "# would have been), tag (a header is added), defer (4xx), refuse (5xx).\n"
        "#\n"
        "# This file is printed by `posternd --example`.\n"));
    for (size_t i = 0; i < setting_sections_count; i++) {
        if (setting_sections[i].title == NULL)
            section_add(&setting_sections[i], out);
    }
}
