/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address - a mail address in its two parts
 *
 * A cursor runs over the input and writes what counts into the struct: first
 * the local part, then the domain. The grammar is that of Exim's parse.c: words
 * with dots between them, a word being an atom or a quoted string, dots
 * doubled or at the ends taken as they are, bytes of 128 and more taken as
 * letters. Where RFC 5321 is narrower and Exim is not, Exim counts: we are
 * asked about mail that it has accepted so far.
 */
#include "mail/address.h"

#include "mail/ip.h"

struct reader {
    struct str s;            /* what is still to read */
    struct address *out;
    size_t n;                /* bytes of out->text in use */
    bool comments;           /* white space and (comments) may stand between words */
    bool full;
};

static char peek(const struct reader *r)
{
    return r->s.n == 0 ? '\0' : r->s.p[0];
}

static bool at_end(const struct reader *r)
{
    return r->s.n == 0;
}

static char take(struct reader *r)
{
    char c = r->s.p[0];
    r->s = str_skip(r->s, 1);
    return c;
}

static void put(struct reader *r, char c)
{
    if (r->n < sizeof r->out->text)
        r->out->text[r->n++] = c;
    else
        r->full = true;
}

/* Over one comment, nested ones and escaped bytes included. One that never ends takes the rest. */
static void skip_comment(struct reader *r)
{
    unsigned long depth = 0;
    while (!at_end(r)) {
        char c = take(r);
        if (c == '\\' && !at_end(r))
            take(r);
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            return;
    }
}

static void skip_blank(struct reader *r)
{
    while (r->comments && !at_end(r)) {
        if (ascii_space(peek(r)))
            take(r);
        else if (peek(r) == '(')
            skip_comment(r);
        else
            return;
    }
}

/* RFC 822 specials, controls and space: what an atom may not have. */
static bool in_atom(char c)
{
    return (unsigned char)c > ' ' && c != 127 && str_find_c(STR("()<>@,;:\\\".[]"), c) == STR_NONE;
}

static enum address_fault read_quoted(struct reader *r)
{
    take(r);
    while (!at_end(r)) {
        char c = take(r);
        if (c == '"')
            return ADDRESS_OK;
        if (c == '\\' && !at_end(r))
            c = take(r);
        put(r, c);
    }
    return ADDRESS_BAD_LOCAL;
}

/* One word; *any_out says whether there was one (`""` is one). */
static enum address_fault read_word(struct reader *r, bool *any_out)
{
    *any_out = peek(r) == '"';
    if (*any_out)
        return read_quoted(r);
    while (!at_end(r) && (in_atom(peek(r)) || peek(r) == '\\')) {
        char c = take(r);
        if (c == '\\' && !at_end(r))
            c = take(r);
        put(r, c);
        *any_out = true;
    }
    return ADDRESS_OK;
}

/* Words and dots. *any_out: was there anything at all? */
static enum address_fault read_local(struct reader *r, bool *any_out)
{
    bool word;
    *any_out = false;
    for (;;) {
        skip_blank(r);
        enum address_fault fault = read_word(r, &word);
        if (fault != ADDRESS_OK)
            return fault;
        *any_out |= word;
        skip_blank(r);
        if (peek(r) != '.')
            return ADDRESS_OK;
        while (peek(r) == '.')
            put(r, take(r));
        *any_out = true;
    }
}

static enum address_fault read_literal(struct reader *r)
{
    struct ip ip;
    size_t begin = r->n;
    put(r, take(r));
    while (!at_end(r) && peek(r) != ']' && peek(r) != '[' && (unsigned char)peek(r) > ' ')
        put(r, ascii_tolower(take(r)));
    if (peek(r) != ']')
        return ADDRESS_BAD_LITERAL;
    put(r, take(r));
    if (r->full)
        return ADDRESS_TOO_LONG;
    struct str inside = str_make(r->out->text + begin + 1, r->n - begin - 2);
    if (str_starts(inside, STR("ipv6:")) || str_starts(inside, STR("ipv4:")))
        inside = str_skip(inside, 5);
    skip_blank(r);
    return ip_parse(inside, &ip) == 0 ? ADDRESS_OK : ADDRESS_BAD_LITERAL;
}

static bool in_label(char c)
{
    return ascii_alnum(c) || c == '-' || c == '_' || (unsigned char)c >= 128;
}

static enum address_fault read_domain(struct reader *r)
{
    skip_blank(r);
    if (peek(r) == '[')
        return read_literal(r);
    size_t begin = r->n;
    for (;;) {
        size_t label = r->n;
        if (peek(r) == '-')
            return ADDRESS_BAD_DOMAIN;
        while (!at_end(r) && in_label(peek(r)))
            put(r, ascii_tolower(take(r)));
        skip_blank(r);
        if (r->full)
            return ADDRESS_TOO_LONG;
        if (r->n == label && (r->n == begin || peek(r) == '.'))
            return ADDRESS_BAD_DOMAIN;
        if (r->n == label)
            r->n--;          /* the dot at the end says nothing more */
        if (peek(r) != '.' || r->n < label)
            return ADDRESS_OK;
        put(r, take(r));
        skip_blank(r);
    }
}

/* `@a,@b:` in front of an address. */
static enum address_fault skip_route(struct reader *r)
{
    size_t kept = r->n;
    while (peek(r) == '@') {
        take(r);
        enum address_fault fault = read_domain(r);
        r->n = kept;
        if (fault != ADDRESS_OK)
            return fault;
        if (peek(r) != ',')
            break;
        take(r);
        skip_blank(r);
    }
    if (peek(r) != ':')
        return ADDRESS_BAD_LOCAL;
    take(r);
    skip_blank(r);
    return ADDRESS_OK;
}

/* The local part is done: set it, and read the domain if an @ follows. */
static enum address_fault read_rest(struct reader *r, size_t begin)
{
    struct address *a = r->out;
    a->local = str_make(a->text + begin, r->n - begin);
    a->domain = str_make(a->text + r->n, 0);
    if (peek(r) != '@')
        return ADDRESS_OK;
    take(r);
    size_t at = r->n;
    enum address_fault fault = read_domain(r);
    a->domain = str_make(a->text + at, r->n - at);
    return fault;
}

/* local@domain, the domain perhaps missing, with a route before it perhaps. */
static enum address_fault read_spec(struct reader *r)
{
    bool any, routed = peek(r) == '@';
    r->n = 0;
    enum address_fault fault = routed ? skip_route(r) : ADDRESS_OK;
    if (fault == ADDRESS_OK)
        fault = read_local(r, &any);
    if (fault == ADDRESS_OK && !any)
        fault = ADDRESS_BAD_LOCAL;
    if (fault == ADDRESS_OK)
        fault = read_rest(r, 0);
    if (fault == ADDRESS_OK && routed && str_empty(r->out->domain))
        fault = ADDRESS_NO_DOMAIN;
    return fault;
}

/* <local@domain> */
static enum address_fault read_angle(struct reader *r)
{
    take(r);
    skip_blank(r);
    enum address_fault fault = read_spec(r);
    if (fault != ADDRESS_OK)
        return fault;
    if (peek(r) != '>')
        return ADDRESS_JUNK;
    take(r);
    skip_blank(r);
    return ADDRESS_OK;
}

/* Step over the words of a phrase up to the `<`. */
static enum address_fault skip_phrase(struct reader *r)
{
    bool any;
    while (peek(r) != '<') {
        r->n = 0;
        enum address_fault fault = read_local(r, &any);
        if (fault != ADDRESS_OK || !any)
            return ADDRESS_BAD_LOCAL;
    }
    return ADDRESS_OK;
}

/* A dot in a domain is a byte of it: so every length is known only here. */
static enum address_fault finish(const struct reader *r, enum address_fault fault)
{
    if (r->full)
        return ADDRESS_TOO_LONG;
    if (fault == ADDRESS_OK && !at_end(r))
        return ADDRESS_JUNK;
    if (fault == ADDRESS_OK && r->out->domain.n > ADDRESS_DOMAIN_MAX)
        return ADDRESS_TOO_LONG;
    return fault;
}

static void reader_init(struct reader *r, struct str s, struct address *out, bool comments)
{
    *r = (struct reader){ .s = s, .out = out, .comments = comments };
    out->local = out->domain = str_make(out->text, 0);
}

enum address_fault address_extract(struct str s, struct address *out)
{
    struct reader r;
    bool any;
    reader_init(&r, s, out, true);
    enum address_fault fault = read_local(&r, &any);
    if (fault != ADDRESS_OK)
        return finish(&r, fault);
    if (peek(&r) == '@' && any)
        return finish(&r, read_rest(&r, 0));
    if (peek(&r) == '@')
        return finish(&r, read_spec(&r));
    if (at_end(&r) && !any)
        return ADDRESS_EMPTY;
    if (at_end(&r))
        return finish(&r, read_rest(&r, 0));
    fault = skip_phrase(&r);
    return finish(&r, fault != ADDRESS_OK ? fault : read_angle(&r));
}

enum address_fault address_parse(struct str s, struct address *out)
{
    struct reader r;
    reader_init(&r, s, out, false);
    if (s.n == 0)
        return ADDRESS_EMPTY;
    if (s.p[0] == '@')
        return ADDRESS_ROUTE;
    enum address_fault fault = finish(&r, read_spec(&r));
    if (fault != ADDRESS_OK)
        return fault;
    if (str_empty(out->domain))
        return ADDRESS_NO_DOMAIN;
    return out->local.n > ADDRESS_LOCAL_MAX ? ADDRESS_TOO_LONG : ADDRESS_OK;
}

const char *address_fault_text(enum address_fault fault)
{
    static const char *const texts[] = {
        [ADDRESS_OK] = "an address",
        [ADDRESS_EMPTY] = "empty address",
        [ADDRESS_NO_DOMAIN] = "the domain is missing",
        [ADDRESS_BAD_LOCAL] = "missing or malformed local part",
        [ADDRESS_BAD_DOMAIN] = "missing or malformed domain",
        [ADDRESS_BAD_LITERAL] = "malformed domain literal",
        [ADDRESS_ROUTE] = "source routes are not taken",
        [ADDRESS_TOO_LONG] = "the address is too long",
        [ADDRESS_JUNK] = "something stands behind the address",
    };
    return texts[fault];
}

struct str address_lower(struct str s, char *dst)
{
    for (size_t i = 0; i < s.n; i++)
        dst[i] = ascii_tolower(s.p[i]);
    return str_make(dst, s.n);
}

bool domain_within(struct str name, struct str domain)
{
    if (domain.n == 0 || name.n < domain.n)
        return false;
    size_t at = name.n - domain.n;
    return (at == 0 || name.p[at - 1] == '.') && str_eq_nocase(str_skip(name, at), domain);
}
