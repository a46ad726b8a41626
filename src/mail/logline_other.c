/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_other - refusals, connections, cPanel's lines, and escaped text
 *
 *   [H=...][ I=][ U=][ Ci=][ X= CV= DN=][ F=<...>][ A=] [temporarily ]rejected WHAT[: text]
 *   rejected "EHLO x" from ..., rejected from <sender> ...
 *   SMTP connection from ... [(TCP/IP connection count = n)|closed by QUIT|lost]
 *
 * A refusal is known by the walk over its fields, not by the word: a HELO name or a warning may
 * say "rejected" too. A HELO name with spaces ("helo_accept_junk_hosts") could imitate all of a
 * refusal; then the first reading that fits to the end of its address counts.
 *
 * Source: smtp_in.c, smtp_handle_acl_fail(); host.c, host_and_ident(); receive.c; and for cPanel
 * the lines themselves: it has no specification.
 */
#include "mail/logline_internal.h"

/* ---- refusals ---- */

struct walk {
    struct str s;
    struct line_rejected *out;
};

static void take_dn(struct walk *w)
{
    size_t at;
    w->s = str_skip(w->s, 1);
    while ((at = str_find_c(w->s, '"')) != STR_NONE) {
        w->s = str_skip(w->s, at + 1);
        if (w->s.n == 0 || w->s.p[0] == ' ')
            return;
    }
}

static bool take_sender(struct walk *w)
{
    w->out->has_sender = true;
    if (w->s.n > 0 && w->s.p[0] == '<')
        return logline_eat_angle(&w->s, &w->out->sender);
    return logline_eat_address(&w->s, ' ', &w->out->sender);
}

static void take_auth(struct walk *w)
{
    struct str auth = logline_eat_token(&w->s);
    str_cut(&auth, ':');
    w->out->auth_id = auth;
}

/* One field; the name is behind us. */
static bool take_field(struct walk *w, struct field_name name, unsigned host_skip)
{
    char first = name.name.n == 1 ? name.name.p[0] : '\0';
    if (!name.has_value)
        return true;
    if (first == 'H') {
        w->out->has_host = true;
        return logline_eat_host(&w->s, host_skip, &w->out->host);
    }
    if (first == 'F')
        return take_sender(w);
    if (first == 'A')
        take_auth(w);
    else if (str_eq(name.name, STR("DN")) && w->s.n > 0 && w->s.p[0] == '"')
        take_dn(w);
    else
        logline_eat_token(&w->s);
    return true;
}

/* `rejected ` or `temporarily rejected `. */
static bool eat_rejected(struct str *s, bool *temporary_out)
{
    struct str rest = *s;
    *temporary_out = logline_eat(&rest, STR("temporarily "));
    if (!logline_eat(&rest, STR("rejected ")))
        return false;
    *s = rest;
    return true;
}

/* From the start of the text to what stands behind `rejected `. An ident of several
 * words is stepped over word by word: nothing is taken from it but by its name. */
static bool walk_rejected(struct walk *w, unsigned host_skip)
{
    struct field_name name;
    bool in_ident = false;
    for (bool first = true;; first = false) {
        if (!first && !logline_eat(&w->s, STR(" ")))
            return false;
        if (eat_rejected(&w->s, &w->out->temporary))
            return true;
        if (logline_eat_bare_name(&w->s, &name) && ascii_upper(name.name.p[0])) {
            if (!take_field(w, name, host_skip))
                return false;
            in_ident = str_eq(name.name, STR("U"));
        } else if (!in_ident || w->s.n == 0) {
            return false;
        } else {
            logline_eat_token(&w->s);
        }
    }
}

/* What was refused in one word: `RCPT`, `DATA` of `after DATA`, `non-SMTP` of `by non-SMTP ACL`. */
static struct str what_word(struct str s)
{
    static const struct str before[] = { STR_INIT("after "), STR_INIT("by "), STR_INIT("during "),
                                         STR_INIT("\"") };
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        logline_eat(&s, before[i]);
    size_t n = 0;
    while (n < s.n && s.p[n] != ' ' && s.p[n] != ':' && s.p[n] != '"')
        n++;
    return str_head(s, n);
}

/* `RCPT <address>` or, as some clients write it, `RCPT address`. */
static bool take_recipient(struct str *s, bool lenient, struct line_rejected *out)
{
    struct str rest = *s;
    if (rest.n > 0 && rest.p[0] == '<') {
        if (!logline_eat_angle(&rest, &out->recipient)) {
            if (!lenient || str_find_c(rest, '>') == STR_NONE)
                return lenient;
            str_cut(&rest, '<');
            out->recipient = str_cut(&rest, '>');
        }
    } else {
        out->recipient = str_head(rest, str_find(rest, STR(": ")));
        rest = str_skip(rest, out->recipient.n);
    }
    *s = rest;
    return true;
}

/* What was refused and why. False if an address that should be there is none. */
static bool take_what(struct walk *w, bool lenient)
{
    struct line_rejected *out = w->out;
    struct str rest = w->s;
    out->what = what_word(rest);
    if (logline_eat(&rest, STR("RCPT ")) && !take_recipient(&rest, lenient, out))
        return false;
    size_t colon = str_find(rest, STR(": "));
    out->text = str_skip(rest, colon == STR_NONE ? rest.n : colon + 2);
    return true;
}

/* Read with one end of the HELO name. */
static bool read_rejected(struct str text, unsigned host_skip, bool lenient,
                          struct line_rejected *out)
{
    struct walk w = { .s = text, .out = out };
    *out = (struct line_rejected){ .temporary = false };
    logline_eat(&w.s, STR(" DS"));       /* of +dnssec, with which Exim forgets a space */
    return walk_rejected(&w, host_skip) && take_what(&w, lenient);
}

/* The usual form: fields, then what was refused. */
static bool read_fields_first(struct str text, struct line_rejected *out)
{
    for (unsigned skip = 0; skip < LOGLINE_TRIES_MAX; skip++) {
        if (read_rejected(text, skip, false, out))
            return true;
        if (!out->has_host || out->host.helo.n == 0)
            break;
    }
    return read_rejected(text, 0, true, out);
}

/* `from <sender> H=(x) [ip]: message too big`: the message itself. */
static void take_from(struct str s, struct line_rejected *out)
{
    out->has_sender = logline_eat_angle(&s, &out->sender);
    if (logline_eat(&s, STR(" H=")))
        out->has_host = logline_eat_host(&s, 0, &out->host);
    size_t colon = str_find(s, STR(": "));
    out->text = str_skip(s, colon == STR_NONE ? s.n : colon + 2);
}

/* `rejected EHLO from (x) [ip]: ...`, `rejected "EHLO x" from H=(x) [ip]: ...`. */
static bool read_verb_first(struct str text, struct line_rejected *out)
{
    *out = (struct line_rejected){ .temporary = false };
    if (!eat_rejected(&text, &out->temporary))
        return false;
    struct str rest = text;
    if (logline_eat(&rest, STR("from "))) {
        take_from(rest, out);
        return true;
    }
    out->what = what_word(text);
    size_t from = str_find(text, STR(" from "));
    if (from != STR_NONE) {
        rest = str_skip(text, from + STR(" from ").n);
        logline_eat(&rest, STR("H="));
        out->has_host = logline_eat_host(&rest, 0, &out->host);
    }
    if (!out->has_host)
        rest = text;
    size_t colon = str_find(rest, STR(": "));
    out->text = str_skip(rest, colon == STR_NONE ? rest.n : colon + 2);
    return true;
}

/* The class of a line is asked for every line, and half of a busy log are refusals. So look at the
 * first letters of its words: fields, `(helo)` and `[ip]` go by until `rejected` comes. 1 and 0 are
 * certain; -1 is a line with a word that needs the real walk. */
static int guess_rejection(struct str s)
{
    while (s.n > 0) {
        struct str word = logline_eat_token(&s), helo = word;
        logline_eat(&helo, STR("H="));
        if (helo.n == 0 || (helo.p[0] == '(' && word.p[word.n - 1] != ')') ||
            (word.n > 3 && word.p[0] == 'F' && word.p[3] == '"'))
            return -1;
        if (str_eq(word, STR("rejected")))
            return s.n > 0;
        if (!ascii_upper(word.p[0]) && word.p[0] != '(' && word.p[0] != '[' &&
            !str_eq(word, STR("temporarily")))
            return -1;
        s = str_skip(s, 1);
    }
    return 0;
}

bool logline_is_rejection(struct str text)
{
    struct line_rejected scratch;
    bool field = text.n > 2 && text.p[1] == '=' &&
                 (text.p[0] == 'H' || text.p[0] == 'F' || text.p[0] == 'U');
    if (!field && !str_starts(text, STR(" DSH=")))
        return false;
    int guess = guess_rejection(str_skip(text, field ? 0 : STR(" DS").n));
    return guess < 0 ? read_fields_first(text, &scratch) : guess;
}

int logline_rejected(const struct logline *line, struct line_rejected *out)
{
    return read_verb_first(line->text, out) || read_fields_first(line->text, out) ? 0 : -1;
}

/* ---- connections ---- */

int logline_connect(const struct logline *line, struct line_host *host_out, bool *closed_out)
{
    struct str text = line->text, rest;
    logline_eat(&text, STR("no MAIL in "));
    *host_out = (struct line_host){ .port = 0 };
    *closed_out = text.n != line->text.n;
    if (!logline_eat(&text, STR("SMTP connection from ")))
        return -1;
    rest = text;
    logline_eat(&rest, STR("H="));
    if (!logline_eat_host(&rest, 0, host_out))
        return -1;
    if (str_find(rest, STR(" closed by ")) != STR_NONE || str_find(rest, STR(" D=")) != STR_NONE ||
        str_find(rest, STR(" lost")) != STR_NONE)
        *closed_out = true;
    return 0;
}

/* ---- cPanel ---- */

/* One field of cPanel's. S=, O= and E= are addresses that somebody outside chose. */
static void take_cpanel(struct str *s, struct str name, struct line_cpanel *out)
{
    const struct {
        struct str name;
        struct str *value;
    } fields[] = {
        { STR("U"), &out->user },     { STR("D"), &out->domain }, { STR("S"), &out->sender },
        { STR("H"), &out->host },     { STR("A"), &out->ip },     { STR("P"), &out->port },
        { STR("B"), &out->basis },    { STR("O"), &out->original }, { STR("E"), &out->forward },
    };
    struct str value;
    if (!logline_eat_address(s, ' ', &value))
        value = logline_eat_token(s);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (str_eq(name, fields[i].name) && fields[i].value->n == 0)
            *fields[i].value = value;
    }
}

int logline_cpanel(const struct logline *line, struct line_cpanel *out)
{
    struct str text = line->text;
    struct field_name name;
    *out = (struct line_cpanel){ .user = { NULL, 0 } };
    if (!logline_eat(&text, STR("Sender identification")) &&
        !logline_eat(&text, STR("SMTP connection identification")))
        return -1;
    while (logline_eat_name(&text, &name)) {
        if (name.has_value)
            take_cpanel(&text, name.name, out);
    }
    return 0;
}

/* ---- escaped text ---- */

/* \ooo at the front of `s`. */
static bool octal(struct str s, char *byte_out)
{
    unsigned value = 0;
    for (size_t i = 0; i < 3; i++) {
        if (i >= s.n || s.p[i] < '0' || s.p[i] > '7')
            return false;
        value = value * 8 + (unsigned)(s.p[i] - '0');
    }
    *byte_out = (char)(value & 0xff);
    return value <= 0xff;
}

static char escaped(char c)
{
    static const char letters[] = "nrtbfv", bytes[] = "\n\r\t\b\f\v";
    const char *at = memchr(letters, c, sizeof letters - 1);
    return at == NULL ? c : bytes[at - letters];
}

size_t logline_unescape(struct str s, char *dst, size_t size)
{
    size_t n = 0;
    while (s.n > 0 && n < size) {
        if (s.p[0] != '\\' || s.n == 1) {
            dst[n++] = s.p[0];
            s = str_skip(s, 1);
        } else if (octal(str_skip(s, 1), &dst[n])) {
            n++;
            s = str_skip(s, 4);
        } else {
            dst[n++] = escaped(s.p[1]);
            s = str_skip(s, 2);
        }
    }
    return n;
}
