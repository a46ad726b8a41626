/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conftext - Exim configurations as text: what they set, and where our lines go
 *
 * Everything walks lines with their offsets. A line that goes on behind a
 * backslash is one logical line, whose later parts cannot begin anything.
 */
#include "kit/conftext.h"

#include "base/buf.h"

#define BEGIN STR("# postern begin ")
#define END STR("# postern end ")
#define MACROS_DEEP 8

struct line {
    struct str text;      /* without its line end and without blanks around it */
    size_t from, to;      /* in the whole; `to` is behind the line end */
    bool continued;       /* it is the rest of a line before it */
};

/* Step to the next line. False at the end. Begin with a zeroed line. */
static bool line_next(struct str text, struct line *l)
{
    bool goes_on = str_ends(l->text, STR("\\")) && !str_starts(l->text, STR("#"));
    struct str rest = str_skip(text, l->to);
    struct str line;
    /* A comment within a continued line does not end it. */
    bool comment_inside = l->continued && str_starts(l->text, STR("#"));
    l->continued = goes_on || comment_inside;
    l->from = l->to;
    if (!str_line(&rest, &line))
        return false;
    l->to = text.n - rest.n;
    l->text = str_trim(line);
    return true;
}

static bool word_char(char c)
{
    return ascii_alnum(c) || c == '_';
}

/* "# postern begin TAG": the tag, which ends at a blank. */
static bool mark_read(struct str line, struct str mark, struct str *tag_out)
{
    if (!str_eat(&line, mark))
        return false;
    *tag_out = str_word(&line);
    return !str_empty(*tag_out);
}

bool conftext_block(struct str text, struct str tag, size_t *from_out, size_t *to_out)
{
    struct line l = { .to = 0 };
    struct str open = STR(""), name;
    while (line_next(text, &l)) {
        if (mark_read(l.text, BEGIN, &name)) {
            /* one that begins inside of another: that one does not end */
            open = str_empty(tag) || str_eq(tag, name) ? name : STR("");
            *from_out = l.from;
        } else if (!str_empty(open) && mark_read(l.text, END, &name) && str_eq(open, name)) {
            *to_out = l.to;
            return true;
        }
    }
    return false;
}

static struct str joined(struct arena *a, const struct buf *b)
{
    return buf_bad(b) ? STR("") : arena_str(a, buf_str(b));
}

struct str conftext_put(struct arena *a, struct str text, struct str tag, struct str body,
                        size_t at)
{
    size_t from = at, to = at;
    struct buf b;
    buf_init(&b, CONFTEXT_MAX * 2);
    if (!conftext_block(text, tag, &from, &to))
        from = to = at;
    buf_add(&b, str_head(text, from));
    if (b.n > 0 && b.p[b.n - 1] != '\n')
        buf_add_c(&b, '\n');
    buf_add(&b, BEGIN);
    buf_add(&b, tag);
    buf_add_c(&b, '\n');
    buf_add(&b, body);
    buf_add(&b, END);
    buf_add(&b, tag);
    buf_add_c(&b, '\n');
    buf_add(&b, str_skip(text, to));
    struct str out = joined(a, &b);
    buf_fini(&b);
    return out;
}

struct str conftext_strip(struct arena *a, struct str text)
{
    size_t from, to;
    struct buf b;
    buf_init(&b, CONFTEXT_MAX * 2);
    while (conftext_block(text, STR(""), &from, &to)) {
        buf_add(&b, str_head(text, from));
        text = str_skip(text, to);
    }
    buf_add(&b, text);
    struct str out = joined(a, &b);
    buf_fini(&b);
    return out;
}

/* "begin acl": true and the section's name. */
static bool section_read(const struct line *l, struct str *name_out)
{
    struct str rest = l->text;
    if (l->continued || !str_eq(str_word(&rest), STR("begin")))
        return false;
    *name_out = str_word(&rest);
    return !str_empty(*name_out);
}

/* "NAME = value" or "NAME == value", `hide` before it or not. */
static bool setting_read(const struct line *l, struct str name, struct str *value_out)
{
    struct str rest = l->text;
    if (l->continued)
        return false;
    if (str_eat(&rest, STR("hide ")))
        rest = str_trim(rest);
    if (!str_eat(&rest, name) || (rest.n > 0 && word_char(rest.p[0])))
        return false;
    rest = str_trim(rest);
    if (!str_eat(&rest, STR("=")))
        return false;
    str_eat(&rest, STR("="));
    *value_out = str_trim(rest);
    return true;
}

static unsigned settings_of(struct str text, struct str name, struct str *value_out)
{
    struct line l = { .to = 0 };
    struct str section, value;
    unsigned count = 0;
    bool main_part = true;
    while (line_next(text, &l)) {
        if (section_read(&l, &section))
            main_part = false;
        /* Macros may stand anywhere; options only in the first part. */
        if ((!main_part && !ascii_upper(name.p[0])) || !setting_read(&l, name, &value))
            continue;
        count += count == 0 || !str_eq(value, *value_out);
        *value_out = value;
    }
    return count;
}

bool conftext_option(struct str text, struct str name, struct str *value_out)
{
    if (settings_of(text, name, value_out) == 0)
        return false;
    struct str deeper;
    for (int i = 0; i < MACROS_DEEP && value_out->n > 0 && ascii_upper(value_out->p[0]); i++) {
        if (!conftext_acl_name(*value_out) || settings_of(text, *value_out, &deeper) == 0)
            break;
        *value_out = deeper;
    }
    return true;
}

bool conftext_option_varies(struct str text, struct str name)
{
    struct str value;
    return settings_of(text, name, &value) > 1;
}

bool conftext_list(struct str text, struct str kind, struct str name)
{
    struct line l = { .to = 0 };
    struct str section;
    while (line_next(text, &l)) {
        struct str rest = l.text;
        if (section_read(&l, &section))
            return false;
        if (str_eat(&rest, STR("hide ")))
            rest = str_trim(rest);
        if (l.continued || !str_eq(str_word(&rest), kind))
            continue;
        rest = str_trim(str_cut(&rest, '='));
        if (str_eq(rest, name))
            return true;
    }
    return false;
}

size_t conftext_main_end(struct str text)
{
    struct line l = { .to = 0 };
    struct str section;
    while (line_next(text, &l)) {
        if (section_read(&l, &section))
            return l.from;
    }
    return text.n;
}

/* "NAME:" alone on its line, or with a comment behind it. */
static bool label_read(const struct line *l, struct str *name_out)
{
    struct str rest = l->text;
    size_t n = 0;
    while (n < rest.n && word_char(rest.p[n]))
        n++;
    *name_out = str_head(rest, n);
    rest = str_trim(str_skip(rest, n));
    if (l->continued || n == 0 || !str_eat(&rest, STR(":")))
        return false;
    rest = str_trim(rest);
    return str_empty(rest) || rest.p[0] == '#';
}

bool conftext_acl(struct str text, struct str name, size_t *at_out)
{
    struct line l = { .to = 0 };
    struct str word;
    bool acls = false;
    while (line_next(text, &l)) {
        if (section_read(&l, &word))
            acls = str_eq(word, STR("acl"));
        else if (acls && label_read(&l, &word) && str_eq(word, name))
            return *at_out = l.to, true;
    }
    return false;
}

bool conftext_acl_hook(struct str text, struct str name, struct str *file_out)
{
    struct line l = { .to = 0 };
    struct str word;
    if (!conftext_acl(text, name, &l.to))
        return false;
    l.text = STR("");
    while (line_next(text, &l)) {
        struct str rest = l.text;
        if (section_read(&l, &word) || label_read(&l, &word))
            return false;
        if (!str_eq(str_word(&rest), STR(".include_if_exists")))
            continue;
        *file_out = str_trim(rest);
        if (file_out->n > 0 && file_out->p[0] == '/' && str_ends(*file_out, STR(".pre.conf")))
            return true;
    }
    return false;
}

bool conftext_include(struct str *text, struct str *file_out)
{
    struct line l = { .to = 0 };
    struct str word;
    while (line_next(*text, &l) && !section_read(&l, &word)) {
        struct str rest = l.text;
        word = str_word(&rest);
        if (!str_eq(word, STR(".include")) && !str_eq(word, STR(".include_if_exists")))
            continue;
        *file_out = str_trim(rest);
        *text = str_skip(*text, l.to);
        return true;
    }
    return false;
}

bool conftext_acl_name(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (!word_char(value.p[i]))
            return false;
    }
    return value.n > 0;
}
