/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header_received - one Received field taken apart
 *
 * RFC 5321 section 4.4 gives the clauses `from X by Y via L with P id I for R`
 * and a date behind a semicolon; every mail program puts what it knows into
 * comments between them, each in its own way. So the value is cut into tokens
 * (word, comment, <address>), keywords change the clause, and each comment is
 * read in the light of the clause in which it stands.
 *
 * The client chose its HELO, ident and addresses. They stand inside comments,
 * quotes or brackets, where no keyword is seen; one that breaks out makes a
 * clause occur twice, which is reported as `ambiguous`. Each byte is looked at
 * a constant number of times.
 */
#include "mail/header.h"

#include "mail/ip.h"

#define NEST_MAX 8

enum clause { IN_NONE, IN_FROM, IN_BY, IN_VIA, IN_WITH, IN_TLS, IN_ID, IN_FOR, CLAUSES };

static const struct { struct str word; enum clause clause; } keywords[] = {
    { STR_INIT("from"), IN_FROM }, { STR_INIT("by"), IN_BY }, { STR_INIT("via"), IN_VIA },
    { STR_INIT("with"), IN_WITH }, { STR_INIT("tls"), IN_TLS }, { STR_INIT("id"), IN_ID },
    { STR_INIT("for"), IN_FOR },
};

struct parse {
    struct header_received *r;
    enum clause clause;
    unsigned words;       /* of this clause so far */
    bool fresh;           /* nothing stands behind the keyword yet */
    bool open;            /* the last token belongs to `with` and a further word extends it */
    bool seen[CLAUSES];
    bool ip_noted;        /* r->ip is what the writer saw, not an address literal of the HELO */
    bool name_first;      /* the from comment had a name before [ip]: `from` is the HELO */
    bool flat;            /* parentheses do not balance: a comment ends at the first `)` */
    bool bare;            /* quotes or <> do not balance: they mean nothing */
};

/* Length of the comment at the start of `s`, 1 (a bare parenthesis) if it never ends. */
static size_t comment_length(struct str s, bool *flat)
{
    unsigned nest = 0;
    for (size_t i = 0; i < s.n && !*flat; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '(' && ++nest > NEST_MAX)
            break;
        else if (s.p[i] == ')' && --nest == 0)
            return i + 1;
    }
    *flat = true; /* decided once for the whole value, so this loop runs at most once in vain */
    size_t close = str_find_c(s, ')');
    return close == STR_NONE ? s.n : close + 1;
}

/* Length of a word: up to white space, `;` or `(`, but over quoted strings and <...>. */
static size_t word_length(struct str s, bool *bare)
{
    bool quoted = false, angle = s.p[0] == '<';
    size_t i = 0;
    for (; i < s.n && !*bare; i++) {
        char c = s.p[i];
        if (c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (c == '>' && !quoted)
            angle = false;
        else if ((ascii_space(c) || c == ';' || c == '(') && !quoted && !angle)
            return i;
    }
    if (!*bare && !quoted && !angle)
        return s.n;
    *bare = true; /* decided once for the whole value, so the loop above runs once in vain */
    for (i = 1; i < s.n && !ascii_space(s.p[i]) && s.p[i] != ';' && s.p[i] != '('; i++)
        ;
    return i;
}

static struct str strip(struct str s, char open, char close)
{
    if (s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close)
        return str_make(s.p + 1, s.n - 2);
    return s;
}

/* The address in `[1.2.3.4]`, `[1.2.3.4]:25`, `IPv6:...`, `1.2.3.4`; empty if it is none. */
static struct str ip_of(struct str s)
{
    struct ip ip;
    if (s.n > 0 && s.p[0] == '[') {
        size_t close = str_find_c(s, ']');
        if (close == STR_NONE)
            return str_head(s, 0);
        struct str behind = str_skip(s, close + 1);
        if (behind.n > 0 && behind.p[0] != ':' && behind.p[0] != '.')
            return str_head(s, 0);
        s = str_make(s.p + 1, close - 1);
    }
    if (str_starts_nocase(s, STR("IPv6:")))
        s = str_skip(s, 5);
    return ip_parse(s, &ip) == 0 ? s : str_head(s, 0);
}

static void set_once(struct str *field, struct str value)
{
    if (field->n == 0)
        *field = value;
}

/* A name by DNS; sendmail and Gmail write some with a final dot. */
static struct str name_of(struct str w)
{
    if (w.n > 1 && w.p[w.n - 1] == '.')
        w.n--;
    return w;
}

/* `helo=x`, `HELO x`, `ident=y`: true. What follows it may be the client's own words. */
static bool from_tagged(struct header_received *r, struct str w, struct str *rest)
{
    if (str_eat(&w, STR("helo=")))
        set_once(&r->helo, w);
    else if (str_eat(&w, STR("ident=")))
        set_once(&r->ident, w);
    else if (str_eq_nocase(w, STR("HELO")) || str_eq_nocase(w, STR("EHLO")))
        set_once(&r->helo, str_word(rest));
    else
        return false;
    return true;
}

/* The client's address in a comment, with the name before it if there is one. */
static void from_address(struct parse *p, struct str ip, struct str name)
{
    if (p->ip_noted)
        return;
    p->ip_noted = true;
    p->r->ip = ip;
    p->name_first = name.n > 0;
    if (!str_eq(name, STR("unknown")))
        set_once(&p->r->host, name_of(name));
}

/* A comment behind `from X`. Exim: `([ip]:port helo=h ident=i)`. Postfix, sendmail,
 * Gmail: `(name [ip])`, `(name. [ip] (may be forged))`. Exchange: `(ip)`. qmail:
 * `(HELO h) (ident@ip)`. Behind helo= no address counts: a HELO can look like one. */
static void from_comment(struct parse *p, struct str text)
{
    struct header_received *r = p->r;
    struct str rest = text, w, name = str_head(text, 0);
    bool tagged = false;
    for (unsigned i = 0; (w = str_word(&rest)).n > 0; i++) {
        struct str ip = ip_of(w);
        size_t at = str_find_c(w, '@');
        if (from_tagged(r, w, &rest)) {
            tagged = true;
        } else if (tagged) {
            continue;
        } else if (ip.n > 0) {
            from_address(p, ip, name);
        } else if (at != STR_NONE && (ip = ip_of(str_skip(w, at + 1))).n > 0) {
            set_once(&r->ident, str_head(w, at));
            from_address(p, ip, name);
        } else if (i == 0) {
            name = w;
        }
    }
}

static void exim_comment(struct header_received *r, struct str text)
{
    if (!str_eat(&text, STR("Exim ")))
        return;
    r->exim = true;
    r->exim_version = str_word(&text);
}

static void comment_take(struct parse *p, struct str text)
{
    struct header_received *r = p->r;
    struct str rest = text, first = str_word(&rest);
    if (str_eq(first, STR("envelope-from")) || str_eq(first, STR("envelope-sender"))) {
        set_once(&r->envelope_from, strip(str_trim(rest), '<', '>'));
        return;
    }
    exim_comment(r, text);
    if (p->clause == IN_FROM)
        from_comment(p, text);
    else if (p->clause == IN_BY)
        set_once(&r->by_ip, ip_of(first));
}

static void from_word(struct header_received *r, struct str w, unsigned nth)
{
    if (nth == 0)
        r->from = w;
    if (r->ip.n == 0 && (nth == 0 || w.p[0] == '[')) /* `from [ip]`, `from name [ip]` */
        r->ip = ip_of(w);
}

static void by_word(struct header_received *r, struct str w, unsigned nth)
{
    if (nth == 0)
        r->by = w;
    if (nth < 2)
        set_once(&r->by_ip, ip_of(w));
}

static void word_take(struct parse *p, struct str w)
{
    struct header_received *r = p->r;
    unsigned nth = p->words++;
    p->fresh = false;
    switch (p->clause) {
    case IN_FROM:
        from_word(r, w, nth);
        break;
    case IN_BY:
        by_word(r, w, nth);
        break;
    case IN_WITH:
        if (nth == 0)
            r->with = w;
        else if (p->open)
            r->with.n = (size_t)(w.p + w.n - r->with.p);
        p->open = true;
        break;
    case IN_ID:
        if (nth == 0)
            r->id = strip(w, '<', '>');
        break;
    case IN_FOR:
        if (nth == 0)
            r->recipient = strip(w, '<', '>');
        break;
    default:
        break;
    }
}

/* The clause that this word begins, or IN_NONE. The word right behind a keyword is
 * its value whatever it looks like: `from by by host` came from somebody called by. */
static enum clause keyword_of(const struct parse *p, struct str w)
{
    if (p->fresh)
        return IN_NONE;
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (str_eq_nocase(w, keywords[i].word))
            return keywords[i].clause;
    }
    return IN_NONE;
}

/* Enter a clause; a second one of its kind is noted and its values go nowhere. */
static void clause_enter(struct parse *p, enum clause clause)
{
    p->words = 0;
    p->fresh = true;
    p->open = false;
    if (p->seen[clause] && clause != IN_VIA && clause != IN_TLS) {
        p->r->ambiguous = true;
        clause = IN_VIA;
    }
    p->seen[clause] = true;
    p->clause = clause;
}

/* All tokens up to the semicolon of the date; returns what stands behind it. */
static struct str clauses_parse(struct parse *p, struct str s)
{
    while ((s = str_trim(s)).n > 0 && s.p[0] != ';') {
        if (s.p[0] == '(') {
            size_t n = comment_length(s, &p->flat);
            comment_take(p, strip(str_head(s, n), '(', ')'));
            p->open = p->fresh = false;
            s = str_skip(s, n);
            continue;
        }
        size_t n = word_length(s, &p->bare);
        struct str w = str_head(s, n);
        enum clause next = keyword_of(p, w);
        if (next != IN_NONE)
            clause_enter(p, next);
        else
            word_take(p, w);
        s = str_skip(s, n);
    }
    return s;
}

/* Who stands in `from`: for Exim the name by DNS if it has one, for Postfix and
 * sendmail the HELO, for qmail (which writes HELO apart) the name by DNS. */
static void from_settle(const struct parse *p, struct header_received *r)
{
    if (p->name_first)
        set_once(&r->helo, r->from);
    else if (r->ip.n == 0 || ip_of(r->from).n > 0 || str_eq(r->from, STR("unknown")))
        return;
    else if (r->exim || r->helo.n > 0)
        set_once(&r->host, r->from);
    else
        set_once(&r->helo, r->from);
}

int header_received(struct str value, struct header_received *out)
{
    struct str none = str_head(value, 0);
    *out = (struct header_received){ none, none, none, none, none, none, none, none,
                                     none, none, none, false, none, false, false, 0, 0 };
    struct parse p = { .r = out };
    struct str date = clauses_parse(&p, value);
    if (date.n == 0) { /* a parenthesis may have swallowed the semicolon */
        size_t semicolon = str_rfind_c(value, ';');
        if (semicolon != STR_NONE)
            date = str_skip(value, semicolon);
    }
    out->has_date = header_date(str_skip(date, 1), &out->when, &out->offset) == 0;
    from_settle(&p, out);
    return p.seen[IN_FROM] || p.seen[IN_BY] || p.seen[IN_ID] ? 0 : -1;
}
