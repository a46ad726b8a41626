/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint_normal - bytes of any kind to bounded lines
 *
 * GMime is a good parser but was not written for input that wants to hurt: it
 * compares every line that begins with `--` with all open boundaries, keeps
 * every header field as an object, and makes an object of a hundred bytes from
 * two bytes of an address list. So it only ever sees what was cut down here
 * first: at most so many such lines, so many bytes between two boundaries
 * (more is an attachment, which nobody needs), and lines of bounded length.
 *
 * Dropping NUL bytes makes ASCII of UTF-16, and saves everything else from
 * functions of C that stop at one.
 */
#include "trace/complaint_internal.h"

struct normal {
    struct buf *b;
    size_t stretch;      /* bytes since the last line that could be a boundary */
    size_t costly;       /* bytes of fields that GMime takes apart */
    unsigned dashes, fields;
    unsigned marks;      /* colons and commas in the field at hand */
    bool in_costly;      /* the last field was one: its continuations count too */
    bool cut;
    bool done;           /* a ceiling on the number of lines was reached */
};

/* Append a line without its NUL bytes and without what is too much of it. The
 * view of it in the buffer, without its line end. */
static struct str line_add(struct normal *n, struct str line)
{
    size_t begin = n->b->n, room = NORMAL_LINE_MAX;
    struct str rest = line;
    while (rest.n > 0 && room > 0) {
        struct str piece = str_head(rest, str_find_c(rest, '\0'));
        rest = str_skip(rest, piece.n + 1);
        if (piece.n > room)
            n->cut = true;
        piece = str_head(piece, room);
        buf_add(n->b, piece);
        room -= piece.n;
    }
    buf_add_c(n->b, '\n');
    return str_make(n->b->p + begin, n->b->n - begin - 1);
}

/* Fields that GMime makes objects of: addresses, and parameters of MIME. */
static bool is_costly(struct str line)
{
    static const struct str names[] = {
        STR_INIT("from"), STR_INIT("to"), STR_INIT("cc"), STR_INIT("bcc"), STR_INIT("sender"),
        STR_INIT("reply-to"), STR_INIT("resent-"), STR_INIT("content-"),
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_starts_nocase(line, names[i]))
            return true;
    }
    return false;
}

/* What GMime could take for a field: nothing but a colon ends a name of visible bytes. */
static bool is_field(struct str line)
{
    size_t i = 0;
    while (i < line.n && line.p[i] != ':' && (unsigned char)line.p[i] > ' ')
        i++;
    return i < line.n && (line.p[i] == ':' || line.p[i] == ' ' || line.p[i] == '\t') &&
           str_find_c(line, ':') != STR_NONE;
}

/* GMime reads `a:a:a:` as groups within groups, and calls itself for each; of `a,a,a` it tries at
 * each comma whether all that follows is one name. */
static bool marks_fit(struct normal *n, struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        n->marks += line.p[i] == ':' || line.p[i] == ',';
    if (n->marks <= NORMAL_MARKS_MAX)
        return true;
    n->cut = true;
    return false;
}

/* Is the line a part of the field before it? By its blank; or because complaint_repair() will take
 * it for the rest of a wrapped line, and give it one. */
static bool is_continued(struct str line)
{
    return line.n > 0 &&
           (line.p[0] == ' ' || line.p[0] == '\t' || !complaint_is_header_field(line));
}

/* May the line stay? Counts it towards the ceilings. */
static bool line_fits(struct normal *n, struct str line)
{
    bool field = is_field(line);
    if (str_starts(line, STR("--"))) {
        n->stretch = 0;
        n->dashes++;
    }
    n->fields += field && line.p[0] != ' ' && line.p[0] != '\t';
    if (!is_continued(line)) {
        n->in_costly = field && is_costly(line);
        n->marks = 0;
    }
    if (n->in_costly && !marks_fit(n, line))
        return false;
    n->stretch += line.n + 1;
    n->costly += n->in_costly ? line.n + 1 : 0;
    n->done = n->dashes > NORMAL_DASHES_MAX || n->fields > NORMAL_FIELDS_MAX;
    if (n->stretch > NORMAL_STRETCH_MAX) {
        /* A line without a space is encoded: an attachment, not words or a header. */
        n->cut = n->cut || n->done || str_find_c(line, ' ') != STR_NONE;
        return false;
    }
    if (!n->done && (!n->in_costly || n->costly <= NORMAL_COSTLY_MAX))
        return true;
    n->cut = true;
    return false;
}

static void line_take(struct normal *n, struct str line)
{
    if (n->b->max - n->b->n < NORMAL_LINE_MAX + 1) {
        n->cut = n->done = true;
        return;
    }
    size_t begin = n->b->n;
    if (!line_fits(n, line_add(n, line)))
        n->b->n = begin;
}

/* UTF-16 puts a NUL between CR and LF; so CR, NULs and LF are one line end. */
static struct str line_trim(struct str line)
{
    while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\0'))
        line.n--;
    return line;
}

bool complaint_normal(struct str bytes, struct buf *b)
{
    struct normal n = { .b = b };
    struct str rest = bytes;
    if (!str_eat(&rest, STR("\xef\xbb\xbf")) && !str_eat(&rest, STR("\xff\xfe")))
        str_eat(&rest, STR("\xfe\xff"));
    while (rest.n > 0 && !n.done) {
        struct str line = line_trim(str_cut(&rest, '\n'));
        while (line.n > 0 && line.p[0] == '\0') /* the second half of a UTF-16 LF */
            line = str_skip(line, 1);
        if (str_find_c(line, '\r') == STR_NONE) {
            line_take(&n, line);
            continue;
        }
        while (line.n > 0 && !n.done)
            line_take(&n, str_cut(&line, '\r'));
    }
    return n.cut;
}

/* The first line of an mbox message: `From sender Thu Apr 27 12:05:41 2006`. */
static bool is_from_line(struct str s)
{
    struct str line;
    if (!str_starts(s, STR("From ")) || !str_line(&s, &line) || line.n > 1000)
        return false;
    for (size_t i = 0; i + 2 < line.n; i++) { /* has a clock time in it */
        if (line.p[i + 1] == ':' && ascii_digit(line.p[i]) && ascii_digit(line.p[i + 2]))
            return true;
    }
    return false;
}

bool complaint_mbox_next(struct str *rest, struct str *message_out)
{
    struct str s = *rest;
    if (s.n == 0)
        return false;
    *message_out = s;
    *rest = str_skip(s, s.n);
    if (!is_from_line(s))
        return true;
    for (size_t at = 0, hit; (hit = str_find(str_skip(s, at), STR("\nFrom "))) != STR_NONE;) {
        at += hit + 1;
        bool blank = s.p[at - 2] == '\n' ||
                     (at >= 3 && s.p[at - 2] == '\r' && s.p[at - 3] == '\n');
        if (!blank || !is_from_line(str_skip(s, at)))
            continue;
        *message_out = str_head(s, at);
        *rest = str_skip(s, at);
        return true;
    }
    return true;
}
