/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_man - the list of settings for postern.conf(5), in mdoc
 *
 * The page around it is written by hand; what stands between its two markers is
 * this, and a check compares them.
 */
#include "conf/settings.h"

static const char *type_name(const struct setting *s)
{
    static const char *const names[] = {
        [SETTING_STRING] = "text",       [SETTING_STRINGS] = "list",
        [SETTING_WORD] = "word",         [SETTING_BOOL] = "yes or no",
        [SETTING_MODE] = "mode",         [SETTING_NUMBER] = "number",
        [SETTING_BIG] = "number",        [SETTING_PORT] = "number",
        [SETTING_SIZE] = "size",         [SETTING_MS] = "duration",
        [SETTING_SECONDS] = "duration",  [SETTING_WEIGHT] = "weight",
        [SETTING_OCTAL] = "file mode",   [SETTING_NETS] = "list of networks",
    };
    return names[s->type];
}

static bool is_number(const struct setting *s)
{
    return s->type >= SETTING_NUMBER && s->type <= SETTING_OCTAL;
}

/* Text that mdoc takes as text: no macro at the start of a line, no escape, each sentence on a
 * line. */
static void text_add(struct str text, struct buf *out)
{
    struct str word;
    bool begin = true;
    while ((word = str_word(&text)).n > 0) {
        if (!begin)
            buf_add_c(out, ' ');
        if (begin && (word.p[0] == '.' || word.p[0] == '\''))
            buf_add(out, STR("\\&"));
        for (size_t i = 0; i < word.n; i++)
            buf_add(out, word.p[i] == '\\' ? STR("\\e") : str_make(word.p + i, 1));
        begin = word.n > 2 && str_ends(word, STR(".")) && !str_ends(word, STR("..."));
        if (begin)
            buf_add_c(out, '\n');
    }
    if (!begin)
        buf_add_c(out, '\n');
}

static void words_add(const struct setting *s, struct buf *out)
{
    for (const char *const *w = s->words; *w != NULL; w++)
        buf_addf(out, "%s%s", w == s->words ? "" : ", ", *w);
}

/* (duration, 100ms to 1min; default 8s) */
static void kind_add(const struct setting *s, struct buf *out)
{
    buf_addf(out, ".Pq %s", type_name(s));
    if (s->words != NULL) {
        buf_add(out, STR(": "));
        words_add(s, out);
    } else if (is_number(s)) {
        buf_add(out, STR(", "));
        setting_number(s, s->min, out);
        buf_add(out, STR(" to "));
        setting_number(s, s->max, out);
    }
    if (s->initial == NULL)
        buf_add(out, STR("; must be set"));
    else if (s->initial[0] == '\0')
        buf_add(out, STR("; default empty"));
    else if (setting_is_list(s))
        buf_add(out, STR("; default below"));
    else
        buf_addf(out, "; default %s", s->initial);
    buf_add_c(out, '\n');
}

static void row_add(const struct setting *s, struct buf *out)
{
    buf_addf(out, ".It Cm %s\n", s->name);
    kind_add(s, out);
    buf_add(out, STR(".br\n"));
    text_add(str_c(s->about), out);
    if (setting_is_list(s) && s->initial != NULL && s->initial[0] != '\0') {
        buf_add(out, STR("Default:\n"));
        text_add(str_c(s->initial), out);
    }
    if (s->example != NULL)
        buf_addf(out, "Example:\n.Ql %s\n", s->example);
}

static void zones_add(struct buf *out)
{
    buf_addf(out, ".Bd -literal -offset indent\n%s.Ed\n.Pp\n", settings_zones);
}

static void section_add(const struct setting_section *s, struct buf *out)
{
    const char *dot = strchr(s->name, '.');
    buf_addf(out, ".Ss %s%s\n", s->title == NULL ? "Section " : "Sections ", s->name);
    text_add(str_c(s->about), out);
    if (str_eq(str_c(s->name), STR("dnsbl.zone")))
        zones_add(out);
    if (s->title != NULL)
        buf_addf(out, "Written as\n.Ql %s \"TITLE\" { ... }\nin section %.*s; its title is %s.\n",
                 dot + 1, (int)(dot - s->name), s->name, s->title);
    buf_add(out, STR(".Bl -tag -width \"addresses_max\"\n"));
    for (size_t i = 0; i < settings_count; i++) {
        if (str_eq(str_c(settings[i].section), str_c(s->name)))
            row_add(&settings[i], out);
    }
    buf_add(out, STR(".El\n"));
}

void settings_man(struct buf *out)
{
    for (size_t i = 0; i < setting_sections_count; i++)
        section_add(&setting_sections[i], out);
}
