/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact - hide recipients before a report is passed on
 *
 * Works the safe way round: it does not look for recipients to hide but for
 * addresses to keep, so that one in an unexpected place is hidden too. What is doubtful
 * is hidden: a word that only may be an address is no loss, one that was shown is.
 */
#include "trace/redact.h"

#include <string.h>

#include "mail/logline.h"

static void keep(struct redact *x, struct str s, enum redact_kept kind)
{
    if (s.n == 0 || x->kept_count == REDACT_KEPT_MAX)
        return;
    x->kept[x->kept_count].text = s;
    x->kept[x->kept_count++].kind = kind;
}

/* Of the transaction's own lines: our Message-ID, and all recipients. */
static void lines_look(struct redact *x, const struct report *r)
{
    struct line_arrival a;
    struct str list, address;
    for (size_t i = 0; i < r->line_count; i++) {
        const struct logline *line = &r->lines[i].line;
        if (line->class != LINE_ARRIVAL || logline_arrival(line, &a) != 0)
            continue;
        keep(x, a.message_id, REDACT_PARTS);
        list = a.recipients;
        while (a.has_for && logline_recipient(&list, &address))
            redact_name_add(x, address);
        break;
    }
}

static void submission_look(struct redact *x, const struct report *r)
{
    struct logline line;
    struct line_cwd c;
    struct str list, address;
    for (size_t i = 0; i < r->witness_count; i++) {
        if (strcmp(r->witnesses[i].kind, "cwd") != 0 ||
            logline_parse(r->witnesses[i].text, NULL, &line) != 0 || logline_cwd(&line, &c) != 0)
            continue;
        list = c.operands;
        while (logline_arg_recipient(&list, &address))
            redact_name_add(x, address);
    }
}

void redact_begin(struct redact *x, const struct report *r)
{
    redact_fini(x);
    if (!x->on)
        return;
    keep(x, r->source.login, REDACT_AS_IT_IS);
    keep(x, r->sender, REDACT_SENDER);
    for (size_t i = 0; i < r->delivery_count; i++) {
        redact_name_add(x, r->deliveries[i].address);
        redact_name_add(x, r->deliveries[i].final);
    }
    lines_look(x, r);
    submission_look(x, r);
}

void redact_fini(struct redact *x)
{
    intern_free(&x->names);
    *x = (struct redact){ .on = x->on };
}

/* --- what stays --- */

/* Mailing lists put the recipient into the sender (VERP): bounce+fred=foobar.com@lists.example. SRS
 * looks alike and holds a sender. Where that begins and ends in `local`, or false. */
static bool verp_find(const struct redact *x, struct str local, size_t *from_out)
{
    size_t plus = str_find_c(local, '+'), eq = str_rfind_c(local, '=');
    size_t dash = str_find_c(local, '-');
    bool srs = str_starts_nocase(local, STR("SRS0")) || str_starts_nocase(local, STR("SRS1"));
    *from_out = plus != STR_NONE && plus < eq ? plus + 1
                : dash != STR_NONE && dash < eq ? dash + 1 : 0;
    if (!srs && eq != STR_NONE && str_find_c(str_skip(local, eq), '.') != STR_NONE)
        return true;
    *from_out = plus + 1;
    return plus != STR_NONE && redact_name_known(x, str_skip(local, plus + 1));
}

static void kept_put(const struct redact *x, struct str s, enum redact_kept kind, struct buf *b)
{
    size_t from, at = str_rfind_c(s, '@');
    struct str local = str_head(s, at == STR_NONE ? 0 : at);
    if (kind == REDACT_AS_IT_IS) {
        buf_add(b, s);
    } else if (kind == REDACT_SENDER && verp_find(x, local, &from)) {
        buf_add(b, str_head(s, from));
        buf_add(b, STR(REDACTED));
        buf_add(b, str_skip(s, at));
    } else {
        redact_names_equals(x, s, b);
    }
}

static bool kept_put_whole(const struct redact *x, struct str s, struct buf *b)
{
    for (unsigned i = 0; i < x->kept_count; i++) {
        if (str_eq(s, x->kept[i].text)) {
            kept_put(x, s, x->kept[i].kind, b);
            return true;
        }
    }
    return false;
}

/* `F=a@b` and `-fa@b` hold an address behind their mark, 'a@b' within. */
bool redact_kept(const struct redact *x, struct str token, struct buf *b)
{
    size_t eq = str_find_c(token, '='), at = str_find_c(token, '@');
    bool quoted = token.n > 2 && token.p[0] == '\'' && token.p[token.n - 1] == '\'';
    size_t skip = quoted ? 1 : str_starts(token, STR("-f")) ? 2 : 0;
    size_t mark = b->n;
    if (kept_put_whole(x, token, b))
        return true;
    buf_add(b, str_head(token, skip));
    if (skip > 0 && kept_put_whole(x, str_make(token.p + skip, token.n - skip - quoted), b)) {
        buf_add(b, quoted ? STR("'") : STR(""));
        return true;
    }
    b->n = mark;
    if (eq == STR_NONE || eq > at)
        return false;
    buf_add(b, str_head(token, eq + 1));
    if (kept_put_whole(x, str_skip(token, eq + 1), b))
        return true;
    b->n = mark;
    return false;
}

/* --- any text --- */

/* REDACT_SPECIALS are among them: many arguments are called `ids[]`, and others follow. */
static bool url_byte(char c)
{
    return !ascii_space(c) && c != '\0' && c != '"';
}

static bool address_byte(char c)
{
    return url_byte(c) && strchr(REDACT_SPECIALS, c) == NULL;
}

static size_t address_bytes(struct str s)
{
    size_t n = 0;
    while (n < s.n && address_byte(s.p[n]))
        n++;
    return n;
}

/* An address without its quotes, a path, or what else stands without spaces. */
static size_t token_bytes(struct str s)
{
    size_t n = 0;
    if (s.p[0] != '/')
        return address_bytes(s);
    while (n < s.n && url_byte(s.p[n]))
        n++;
    return n;
}

/* Bytes of `"local part"@domain` at the beginning of `s`, or 0. `slashes` backslashes stand before
 * it: one in a logged subject, where quotes inside of the local part have three. The next quote of
 * its kind decides, so no byte is looked at more than twice. */
static size_t quoted_address(struct str s, size_t slashes)
{
    size_t kind = slashes % 2 == 0 ? 2 : 4, end = slashes % kind;
    if (end == 3)
        return 0;
    slashes = 0;
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '"' && slashes % kind == end)
            return i + 1 < s.n && s.p[i + 1] == '@' ? i + 1 + address_bytes(str_skip(s, i + 1)) : 0;
        slashes = s.p[i] == '\\' ? slashes + 1 : 0;
    }
    return 0;
}

static size_t slashes_behind(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[s.n - 1 - n] == '\\')
        n++;
    return n;
}

static void token_put(const struct redact *x, struct str token, struct buf *b)
{
    bool at = str_find_c(token, '@') != STR_NONE || str_find(token, STR("%40")) != STR_NONE ||
              str_find(token, STR("%2540")) != STR_NONE;
    /* A URL may have no path, and a quote inside, behind which it goes on. */
    bool url = token.p[0] == '/' || (!at && (str_find_c(token, '?') != STR_NONE ||
                                             str_find_c(token, '&') != STR_NONE));
    if (!at && !url)
        redact_names_equals(x, token, b);
    else if (at && redact_kept(x, token, b))
        return;
    else if (url && !redact_name_known(x, token))
        redact_url(x, token, b);
    else
        buf_add(b, STR(REDACTED));
}

void redact_text(const struct redact *x, struct str s, struct buf *b)
{
    if (!x->on) {
        buf_add(b, s);
        return;
    }
    size_t slashes = 0;
    while (s.n > 0) {
        size_t n = token_bytes(s), quoted = s.p[0] == '"' ? quoted_address(s, slashes) : 0;
        struct str token = str_head(s, quoted > 0 ? quoted : n > 0 ? n : 1);
        if (quoted > 0 && !kept_put_whole(x, token, b))
            buf_add(b, STR(REDACTED));
        else if (quoted == 0 && n > 0)
            token_put(x, token, b);
        else if (quoted == 0)
            buf_add(b, token);
        slashes = slashes_behind(token);
        s = str_skip(s, token.n);
    }
}

bool redact_changes(const struct redact *x, struct str s)
{
    struct buf b;
    buf_init(&b, s.n * (sizeof REDACTED) + sizeof REDACTED);
    redact_text(x, s, &b);
    bool same = str_eq(buf_str(&b), s);
    buf_fini(&b);
    return !same;
}

void redact_key(bool on, enum top_by by, struct str key, struct buf *b)
{
    struct redact x = { .on = on && by == BY_SUBJECT };
    if (on && by == BY_SENDER)
        kept_put(&x, key, REDACT_SENDER, b);
    else
        redact_text(&x, key, b);
}
