/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtpreply - what an SMTP server answers (RFC 5321 section 4.2)
 *
 * Line by line, from the left, without looking ahead: a reply is complete when
 * its last line is, and wrong as soon as a line is. Strict, because a server
 * that answers nonsense says nothing about a sender.
 */
#include "mail/smtpreply.h"

/* The digits of a line: its code, or 0. The first is 2 to 5, the second 0 to 5. */
static unsigned code_of(struct str line)
{
    if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' || line.p[1] < '0' || line.p[1] > '5' ||
        !ascii_digit(line.p[2]))
        return 0;
    return (unsigned)(line.p[0] - '0') * 100 + (unsigned)(line.p[1] - '0') * 10 +
           (unsigned)(line.p[2] - '0');
}

/* Steps over up to three digits. */
static bool eat_number(struct str *s)
{
    size_t n = 0;
    while (n < s->n && n < 4 && ascii_digit(s->p[n]))
        n++;
    *s = str_skip(*s, n);
    return n >= 1 && n <= 3;
}

struct str smtpreply_status(struct str s)
{
    struct str rest = s;
    if (s.n == 0 || (s.p[0] != '2' && s.p[0] != '4' && s.p[0] != '5'))
        return STR("");
    rest = str_skip(rest, 1);
    for (int i = 0; i < 2; i++) {
        if (!str_eat(&rest, STR(".")) || !eat_number(&rest))
            return STR("");
    }
    if (rest.n > 0 && rest.p[0] != ' ')
        return STR("");
    return str_head(s, s.n - rest.n);
}

/* One whole line with its LF in `*in`: 1, 0 or -1. */
static int line_take(struct str *in, struct str *line)
{
    size_t end = str_find_c(*in, '\n');
    if (end == STR_NONE)
        return in->n > SMTPREPLY_LINE_MAX ? -1 : 0;
    if (end > SMTPREPLY_LINE_MAX)
        return -1;
    *line = str_head(*in, end);
    if (line->n > 0 && line->p[line->n - 1] == '\r')
        line->n--;
    *in = str_skip(*in, end + 1);
    return 1;
}

static void last_line(struct smtpreply *out, struct str line)
{
    struct str text = str_skip(line, 4);
    out->status = smtpreply_status(text);
    out->text = out->status.n > 0 ? str_trim(str_skip(text, out->status.n)) : text;
}

int smtpreply_next(struct str *in, struct smtpreply *out)
{
    struct str rest = *in, line;
    struct smtpreply r = { 0 };
    int got;
    while ((got = line_take(&rest, &line)) == 1) {
        unsigned code = code_of(line);
        if (code == 0 || (r.lines > 0 && code != r.code) || ++r.lines > SMTPREPLY_LINES_MAX)
            return -1;
        if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
            return -1;
        r.code = code;
        if (line.n > 3 && line.p[3] == '-')
            continue;
        last_line(&r, line);
        r.all = str_head(*in, (size_t)(line.p + line.n - in->p));
        *in = rest;
        *out = r;
        return 1;
    }
    return got;
}

bool smtpreply_has_keyword(const struct smtpreply *r, struct str keyword)
{
    struct str rest = r->all, line;
    for (bool first = true; str_line(&rest, &line); first = false) {
        struct str words = str_skip(line, 4);
        if (!first && str_eq_nocase(str_word(&words), keyword))
            return true;
    }
    return false;
}
