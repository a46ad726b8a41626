/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lsearch - Exim's files of keys and values
 *
 * The rules are those of Exim's lookups/lsearch.c, odd ones included: white
 * space at the end of each line goes, white space before a continuation
 * becomes one space, and a value that is empty so far begins with that
 * space. The common entry, one line without quotes, is a view of the text and
 * copies nothing.
 */
#include "mail/lsearch.h"

void lsearch_init(struct lsearch *l, struct str text, struct buf *value)
{
    *l = (struct lsearch){ .rest = text, .value = value, .next = 1 };
}

static struct str trim_end(struct str s)
{
    while (s.n > 0 && ascii_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

static struct str trim_start(struct str s)
{
    while (s.n > 0 && ascii_space(s.p[0]))
        s = str_skip(s, 1);
    return s;
}

/* The next line without what stands at its end. */
static struct str line_take(struct lsearch *l)
{
    size_t end = str_find_c(l->rest, '\n');
    struct str line = str_head(l->rest, end == STR_NONE ? l->rest.n : end);
    l->rest = str_skip(l->rest, end == STR_NONE ? l->rest.n : end + 1);
    l->next++;
    return trim_end(line);
}

static bool line_passed_over(struct str line)
{
    return str_empty(line) || line.p[0] == '#';
}

static unsigned octal_digit(char c)
{
    return c >= '0' && c <= '7' ? (unsigned)(c - '0') : 8;
}

static unsigned hex_digit(char c)
{
    if (ascii_digit(c))
        return (unsigned)(c - '0');
    c = ascii_tolower(c);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

/* Up to `most` digits of a number in the base. */
static char eat_number(struct str *s, unsigned most, unsigned base)
{
    unsigned value = 0;
    for (unsigned i = 0; i < most && s->n > 0; i++) {
        unsigned digit = base == 8 ? octal_digit(s->p[0]) : hex_digit(s->p[0]);
        if (digit >= base)
            break;
        value = value * base + digit;
        *s = str_skip(*s, 1);
    }
    return (char)(unsigned char)value;
}

/* What stands behind a backslash, as Exim's string_interpret_escape() reads it. */
static char eat_escape(struct str *s)
{
    static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
    char c = s->p[0];
    if (octal_digit(c) < 8)
        return eat_number(s, 3, 8);
    *s = str_skip(*s, 1);
    if (c == 'x')
        return eat_number(s, 2, 16);
    for (size_t i = 0; i + 1 < sizeof from; i++) {
        if (c == from[i])
            return to[i];
    }
    return c;
}

/* A key in double quotes; *line moves behind it. */
static void quoted_key(struct lsearch *l, struct str *line)
{
    *line = str_skip(*line, 1);
    while (line->n > 0 && line->p[0] != '"') {
        char c = line->p[0];
        *line = str_skip(*line, 1);
        if (c == '\\' && line->n > 0)
            c = eat_escape(line);
        buf_add_c(l->value, c);
    }
    *line = str_skip(*line, 1);
}

static struct str plain_key(struct str *line)
{
    size_t n = 0;
    while (n < line->n && line->p[n] != ':' && !ascii_space(line->p[n]))
        n++;
    struct str key = str_head(*line, n);
    *line = str_skip(*line, n);
    return key;
}

/* Does the value go on? Lines that are passed over are taken off the text. */
static bool continued(struct lsearch *l)
{
    while (l->rest.n > 0) {
        size_t end = str_find_c(l->rest, '\n');
        struct str line = trim_end(str_head(l->rest, end == STR_NONE ? l->rest.n : end));
        if (!line_passed_over(line))
            return ascii_space(line.p[0]);
        line_take(l);
    }
    return false;
}

/* What follows the key on its line. */
static struct str first_value(struct str line)
{
    line = trim_start(line);
    if (line.n > 0 && line.p[0] == ':')
        line = trim_start(str_skip(line, 1));
    return line;
}

/* Add continuation lines behind `first`; a view of `value` from `begin` on. */
static struct str joined_value(struct lsearch *l, size_t begin, struct str first)
{
    bool whole = buf_add(l->value, first) == 0;
    while (continued(l)) {
        struct str line = trim_start(line_take(l));
        if (whole && buf_add_c(l->value, ' ') == 0)
            whole = buf_add(l->value, line) == 0;
        else
            whole = false;
    }
    if (!whole)
        l->cut = true;
    return str_skip(buf_str(l->value), begin);
}

bool lsearch_next(struct lsearch *l, struct lsearch_entry *out)
{
    while (l->rest.n > 0) {
        l->line = l->next;
        struct str line = line_take(l);
        if (line_passed_over(line) || ascii_space(line.p[0]))
            continue;
        buf_reset(l->value);
        bool quoted = line.p[0] == '"';
        if (quoted)
            quoted_key(l, &line);
        else
            out->key = plain_key(&line);
        size_t key_n = l->value->n;
        out->line = l->line;
        out->value = first_value(line);
        if (continued(l))
            out->value = joined_value(l, key_n, out->value);
        if (quoted)          /* only now: the buffer may have moved */
            out->key = str_head(buf_str(l->value), key_n);
        if (buf_bad(l->value))
            l->cut = true;
        return true;
    }
    return false;
}

bool lsearch_find(struct str text, struct str key, struct buf *value, struct str *value_out)
{
    struct lsearch l;
    struct lsearch_entry e;
    lsearch_init(&l, text, value);
    while (lsearch_next(&l, &e)) {
        if (!str_eq_nocase(e.key, key))
            continue;
        *value_out = e.value;
        return true;
    }
    return false;
}

bool lsearch_find_default(struct str text, struct str key, struct buf *value,
                          struct str *value_out)
{
    char wild[2 + 255];
    size_t at = str_rfind_c(key, '@');
    if (lsearch_find(text, key, value, value_out))
        return true;
    if (at != STR_NONE && key.n - at < sizeof wild) {
        wild[0] = '*';
        memcpy(wild + 1, key.p + at, key.n - at);
        if (lsearch_find(text, str_make(wild, 1 + key.n - at), value, value_out))
            return true;
    }
    return lsearch_find(text, STR("*"), value, value_out);
}
