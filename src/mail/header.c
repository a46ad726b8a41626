/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header - the fields of a message's header
 *
 * A field is a view from behind its colon to the end of its last continuation
 * line; unfolding is a second step, done only for the fields that somebody
 * wants. That way a header of any size is walked without copying it.
 *
 * A line of white space alone continues a field, as in Exim; only a truly
 * empty line ends the header.
 */
#include "mail/header.h"

/* RFC 5322 section 2.2: printable ASCII except the colon. */
static bool is_ftext(char c)
{
    return c > ' ' && c < 0x7f && c != ':';
}

bool header_is_field(struct str line, struct str *name_out)
{
    size_t i = 0;
    while (i < line.n && i <= HEADER_NAME_MAX && is_ftext(line.p[i]))
        i++;
    if (i == 0 || i > HEADER_NAME_MAX)
        return false;
    struct str name = str_head(line, i);
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t')) /* obsolete, section 4.5 */
        i++;
    if (i == line.n || line.p[i] != ':')
        return false;
    if (name_out != NULL)
        *name_out = name;
    return true;
}

void header_begin(struct header_cursor *c, struct str block)
{
    *c = (struct header_cursor){ .rest = block, .line = 1 };
    str_eat(&c->rest, STR("\xef\xbb\xbf"));
    struct str rest = c->rest, line;
    while (str_line(&rest, &line) && line.n == 0) {
        c->rest = rest;
        c->line++;
    }
    rest = c->rest;
    if (str_starts(rest, STR("From ")) && str_line(&rest, &line) && !header_is_field(line, NULL)) {
        c->rest = rest;
        c->line++;
    }
}

static bool is_continuation(struct str rest)
{
    return rest.n > 0 && (rest.p[0] == ' ' || rest.p[0] == '\t');
}

/* `raw` begins behind the colon, within the line that was just read. */
static struct str field_end(struct header_cursor *c, struct str raw)
{
    struct str line;
    while (is_continuation(c->rest) && str_line(&c->rest, &line)) {
        raw.n = (size_t)(line.p + line.n - raw.p);
        c->line++;
    }
    return raw;
}

bool header_next(struct header_cursor *c, struct header_field *field_out)
{
    struct str line, name;
    while (str_line(&c->rest, &line)) {
        c->line++;
        if (line.n == 0) {
            c->rest = str_head(c->rest, 0); /* stay at the end */
            return false;
        }
        if (is_continuation(line) || !header_is_field(line, &name))
            continue;
        field_out->name = name;
        field_out->line = c->line - 1;
        size_t colon = str_find_c(line, ':');
        field_out->raw = field_end(c, str_skip(line, colon + 1));
        return true;
    }
    return false;
}

struct str header_body(struct str block)
{
    struct header_cursor c;
    struct str line;
    header_begin(&c, block);
    while (str_line(&c.rest, &line)) {
        if (line.n == 0)
            return c.rest;
    }
    return str_skip(block, block.n);
}

void header_unfold(struct str raw, struct buf *b)
{
    size_t room = HEADER_FIELD_MAX;
    struct str rest = raw, line;
    bool first = true;
    while (room > 1 && str_line(&rest, &line)) {
        line = str_trim(line);
        if (line.n == 0)
            continue;
        if (!first) {
            buf_add_c(b, ' ');
            room--;
        }
        line = str_head(line, room);
        buf_add(b, line);
        room -= line.n;
        first = false;
    }
}

bool header_get(struct str block, struct str name, struct buf *b)
{
    struct header_cursor c;
    struct header_field f;
    buf_reset(b);
    header_begin(&c, block);
    while (header_next(&c, &f)) {
        if (str_eq_nocase(f.name, name)) {
            header_unfold(f.raw, b);
            return true;
        }
    }
    return false;
}

/* Offset of the first `want` outside of a quoted string; the end if none. */
static size_t find_unquoted(struct str s, char want)
{
    bool quoted = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            quoted = !quoted;
        else if (s.p[i] == want && !quoted)
            return i;
    }
    return s.n;
}

struct str header_address(struct str value)
{
    size_t open = find_unquoted(value, '<');
    if (open == value.n) /* perhaps only the quotes were broken */
        open = str_find_c(value, '<') == STR_NONE ? value.n : str_rfind_c(value, '<');
    if (open < value.n) {
        struct str inside = str_skip(value, open + 1);
        size_t close = find_unquoted(inside, '>');
        return str_trim(str_head(inside, close));
    }
    struct str rest = value, word;
    while ((word = str_word(&rest)).n > 0) {
        if (str_find_c(word, '@') == STR_NONE)
            continue;
        while (word.n > 0 && (word.p[word.n - 1] == ',' || word.p[word.n - 1] == ';'))
            word.n--;
        return word;
    }
    return str_head(value, 0);
}
