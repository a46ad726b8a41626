/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_arrival - the fields of an arrival
 *
 *   SENDER [R=] [DS] [H=] [I=] [TFO] [U=] [Ci=] [P=] [L] [SPF=] [X=] [CV=] [DN=""] [SNI=] [A=]
 *   [PRDR] [PRX=] [K] S=n [M8S=] [DKIM=] [ARC] [DMARC=] [RT=] [Q=] [id=] [T=""] [from <>] [for ...]
 *
 * R, H, U, P, DN, SNI, A and S are held to this order and may each occur once; what stands
 * between them may come and go with Exim's versions. Who wrote what:
 *
 *   SENDER      the client, by Exim's address grammar: spaces only in quotes
 *   HELO        the client. By default only letters, digits, dot, hyphen; with
 *               "helo_accept_junk_hosts" anything, so also `x) [1.2.3.4] P=local`
 *   U= with H=  the client (ident, off by default): anything printable
 *   DN=         the client; an inner quote is not escaped
 *   SNI=        the client; no spaces (older Exims: quoted, with spaces)
 *   id=         the sender, by the address grammar; backslash and quote are not escaped
 *   T=          the sender; quote and backslash are escaped, so its end is certain
 *   from, for   the client, by the address grammar
 *   the rest    Exim
 *
 * How each attack ends:
 *
 *   - Sender, id, recipients that imitate fields: each is one address by grammar, and what is in
 *     quotes is skipped. Fields that say who it was all stand before S=.
 *   - T= that imitates: its quotes are escaped, it ends where its quote ends.
 *   - DN= that imitates (`x" A=login:joe S=1 ...`): each end of it is tried; the imitation leaves
 *     an unpaired quote, or a second S=, and is dropped.
 *   - HELO that imitates (`x) [1.2.3.4] U=root P=local S=1 (y`): what Exim wrote after it,
 *     `) [6.6.6.6]`, is left over and fits in no field, so the next end of the HELO name is tried.
 *   - ident that imitates (`x P=esmtpa A=login:joe`): P= would come twice.
 *   - HELO, ident and DN together, or an S= inside of them: where two readings fit, the line is
 *     called ambiguous; where none is better than another it is refused (-1). In both cases
 *     nothing is put down to a user, and to a mailbox only what stands where Exim alone writes.
 *
 * Why an imitation cannot swallow the real fields behind it: to be swallowed they must stand in
 * quotes, but the quotes in what Exim writes come in pairs, so one is left over; and the tail of a
 * line is read to its end, by grammar, and may hold no second ` S=n `. fuzz_logline_arrival tries
 * to prove this wrong.
 */
#define _GNU_SOURCE
#include "mail/logline_internal.h"

#define LOG_BUFFER 8192     /* Exim's LOG_BUFFER_SIZE */
#define ADDRESS_MAX 320     /* the longest recipient that Exim can have left out at its end */

/* The order of the fields that matter. */
enum stage {
    ANYWHERE, STAGE_R, STAGE_H, STAGE_U, STAGE_P, STAGE_DN, STAGE_SNI, STAGE_A, STAGE_S
};

/* One reading of a line. */
struct walk {
    struct str s;                 /* what is left */
    struct line_arrival *out;
    enum stage stage;
    unsigned host_skip;           /* which end of the HELO name, of the ident, of the DN is tried */
    bool user_long;
    unsigned dn_skip;
    bool has_helo, has_ident, has_dn; /* where another reading is possible */
    bool dn_out;                  /* there is no such end of the DN any more */
};

typedef bool take_fn(struct walk *w);

/* A flag of Exim's, a word without a value: capitals, digits and the marks of TFO* and L.- */
static bool is_flag(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (!ascii_upper(name.p[i]) && !ascii_digit(name.p[i]) && name.p[i] != '*' &&
            name.p[i] != '.' && name.p[i] != '-')
            return false;
    }
    return ascii_upper(name.p[0]);
}

/* The flags that may follow a value which could have more words. */
static bool is_flag_after(struct str name)
{
    return str_eq(name, STR("PRDR")) || str_eq(name, STR("K")) || name.p[0] == 'L' ||
           str_eq(name, STR("SPF"));
}

/* A field follows, or nothing: the value before it has ended. */
static bool field_follows(struct str s)
{
    struct field_name name;
    return s.n == 0 ||
           (logline_eat_name(&s, &name) && ascii_upper(name.name.p[0]) &&
            (name.has_value || (is_flag(name.name) && is_flag_after(name.name))));
}

/* `) [ip]` in `s`: what looks like the end of an H= field. */
static bool holds_host_end(struct str s)
{
    size_t at;
    while ((at = str_find(s, STR(") ["))) != STR_NONE) {
        struct str ip, rest = str_skip(s, at + 2);
        uint16_t port;
        if (logline_eat_ip(&rest, &ip, &port))
            return true;
        s = str_skip(s, at + 3);
    }
    return false;
}

/* A value with spaces in it that holds ` NAME=` is not believed. */
static bool holds_field(struct str s)
{
    for (size_t at; (at = str_find_c(s, ' ')) != STR_NONE; s = str_skip(s, at + 1)) {
        struct str rest = str_skip(s, at);
        struct field_name name;
        if (logline_eat_name(&rest, &name) && name.has_value && ascii_upper(name.name.p[0]))
            return true;
    }
    return false;
}

/* ---- the fields before S= ---- */

static bool take_reference(struct walk *w)
{
    w->out->bounce_of = logline_eat_token(&w->s);
    return true;
}

static bool take_host(struct walk *w)
{
    w->out->has_host = true;
    if (!logline_eat_host(&w->s, w->host_skip, &w->out->host))
        return false;
    w->has_helo = w->out->host.helo.n > 0 || w->host_skip > 0;
    return w->s.n == 0 || w->s.p[0] == ' ';
}

static bool take_interface(struct walk *w)
{
    uint16_t port;
    return logline_eat_ip(&w->s, &w->out->interface, &port);
}

/* An ident of several words: it ends before the last ` P=` that stands before the first S=, and
 * nothing in it may be the end of a host, or a DN or SNI that has the ` P=`. */
static bool take_long_user(struct walk *w)
{
    size_t limit = logline_find_size(w->s);
    if (limit == STR_NONE)
        return false;
    struct str value = str_head(w->s, limit);
    for (size_t at = limit; at-- > 0;) {
        if (!str_starts(str_skip(value, at), STR(" P=")))
            continue;
        w->out->user = str_head(value, at);
        w->s = str_skip(w->s, at);
        return !holds_host_end(w->out->user) &&
               str_find(w->out->user, STR(" DN=\"")) == STR_NONE &&
               str_find(w->out->user, STR(" SNI=\"")) == STR_NONE;
    }
    return false;
}

static bool take_user(struct walk *w)
{
    struct str rest = w->s;
    struct str token = logline_eat_token(&rest);
    w->has_ident = w->out->has_host;
    if (w->user_long || !field_follows(rest))
        return take_long_user(w);
    w->out->user = token;
    w->s = rest;
    return true;
}

/* A value of Exim's own: one word, and no quote, which would be the rest of a DN that imitates this
 * field. */
static bool take_word(struct walk *w, struct str *value_out)
{
    size_t n = logline_word_end(w->s, '"');
    *value_out = str_make(w->s.p, n);
    w->s = str_make(w->s.p + n, w->s.n - n);
    return w->s.n == 0 || w->s.p[0] == ' ';
}

static bool take_connection(struct walk *w)
{
    return take_word(w, &w->out->connection);
}

static bool take_protocol(struct walk *w)
{
    return take_word(w, &w->out->protocol);
}

static bool take_cipher(struct walk *w)
{
    return take_word(w, &w->out->cipher);
}

static bool take_other(struct walk *w)
{
    struct str value;
    return take_word(w, &value);
}

/* What may follow a DN or SNI on an arrival. */
static bool after_dn(struct str s)
{
    static const struct str next[] = { STR_INIT(" S="),  STR_INIT(" A="),   STR_INIT(" SNI="),
                                       STR_INIT(" K "),  STR_INIT(" PRDR "), STR_INIT(" PRX=") };
    for (size_t i = 0; i < sizeof next / sizeof next[0]; i++) {
        if (str_starts(s, next[i]))
            return true;
    }
    return false;
}

/* A true DN or SNI, or one that belongs to the HELO name and swallows the true host? Or one that
 * belongs to the ident and swallows the true P=? */
static bool check_quoted(struct walk *w, struct str value)
{
    w->out->ambiguous |= holds_host_end(value);
    return !w->has_ident || str_find(value, STR(" P=")) == STR_NONE;
}

static bool take_dn(struct walk *w)
{
    unsigned skip = w->dn_skip;
    w->has_dn = true;
    if (!logline_eat(&w->s, STR("\"")))
        return false;
    struct str dn = w->s;
    for (size_t at; (at = str_find_c(w->s, '"')) != STR_NONE;) {
        w->s = str_skip(w->s, at + 1);
        if (after_dn(w->s) && skip-- == 0)
            return check_quoted(w, str_head(dn, (size_t)(w->s.p - dn.p)));
    }
    w->dn_out = true;
    return false;
}

/* The client's. Older Exims put it in quotes and left its spaces alone: then it ends at the last
 * quote before S=, so that no A= of its own is left outside. */
static bool take_sni(struct walk *w)
{
    struct str before = str_head(w->s, logline_find_size(w->s));
    size_t end = str_rfind_c(before, '"');
    if (before.n == 0 || before.p[0] != '"' || end == 0 ||
        !after_dn(str_skip(w->s, end + 1))) {
        logline_eat_token(&w->s);
        return true;
    }
    w->s = str_skip(w->s, end + 1);
    return check_quoted(w, str_head(before, end));
}

/* Take ` PRDR`, ` PRX=..` and ` K` off the end of a long value. */
static struct str without_flags(struct str value)
{
    for (;;) {
        size_t at = str_rfind_c(value, ' ');
        struct str last = str_skip(value, at == STR_NONE ? value.n : at + 1);
        if (!str_eq(last, STR("K")) && !str_eq(last, STR("PRDR")) &&
            !str_starts(last, STR("PRX=")))
            return value;
        value = str_head(value, at);
    }
}

/* An id of several words: it ends at S= or at the flags before it. */
static bool take_long_auth(struct walk *w, struct str *auth_out)
{
    size_t limit = logline_find_size(w->s);
    if (limit == STR_NONE)
        return false;
    *auth_out = without_flags(str_head(w->s, limit));
    w->s = str_skip(w->s, auth_out->n);
    return !holds_field(*auth_out) && !holds_host_end(*auth_out);
}

/* name:id:sender. An id can have colons; the third part is an address, so it has an @. */
static void split_auth(struct str auth, struct line_arrival *out)
{
    out->auth = str_cut(&auth, ':');
    out->auth_id = auth;
    size_t at = str_rfind_c(auth, ':');
    if (at == STR_NONE || str_find_c(str_skip(auth, at), '@') == STR_NONE)
        return;
    out->auth_id = str_head(auth, at);
    out->auth_sender = str_skip(auth, at + 1);
}

static bool take_auth(struct walk *w)
{
    struct str rest = w->s;
    struct str auth = logline_eat_token(&rest);
    if (field_follows(rest))
        w->s = rest;
    else if (!take_long_auth(w, &auth))
        return false;
    if (str_find_c(auth, '"') != STR_NONE)
        return false;             /* the rest of a DN or SNI that imitates this field */
    split_auth(auth, w->out);
    return true;
}

static bool take_proxy(struct walk *w)
{
    return take_word(w, &w->out->proxy);
}

static bool take_size(struct walk *w)
{
    return str_eat_u64(&w->s, &w->out->size) == 0 && (w->s.n == 0 || w->s.p[0] == ' ');
}

struct head_field {
    enum stage stage;
    take_fn *take;
};

/* Fields of one letter by that letter, the others by name. What is in neither is stepped over. */
static const struct head_field letter_fields['Z' - 'A' + 1] = {
    ['R' - 'A'] = { STAGE_R, take_reference }, ['H' - 'A'] = { STAGE_H, take_host },
    ['U' - 'A'] = { STAGE_U, take_user },      ['P' - 'A'] = { STAGE_P, take_protocol },
    ['A' - 'A'] = { STAGE_A, take_auth },      ['S' - 'A'] = { STAGE_S, take_size },
    ['X' - 'A'] = { ANYWHERE, take_cipher },   ['I' - 'A'] = { ANYWHERE, take_interface },
};

static const struct {
    struct str name;
    struct head_field field;
} named_fields[] = {
    { STR_INIT("DN"), { STAGE_DN, take_dn } },
    { STR_INIT("SNI"), { STAGE_SNI, take_sni } },
    { STR_INIT("Ci"), { ANYWHERE, take_connection } },
    { STR_INIT("PRX"), { ANYWHERE, take_proxy } },
};

static struct head_field head_field_find(struct field_name name)
{
    static const struct head_field other = { ANYWHERE, take_other };
    if (name.name.n == 1) {
        struct head_field f = letter_fields[name.name.p[0] - 'A'];
        return f.take == NULL ? other : f;
    }
    for (size_t i = 0; i < sizeof named_fields / sizeof named_fields[0]; i++) {
        if (str_eq(name.name, named_fields[i].name))
            return named_fields[i].field;
    }
    return other;
}

/* All up to S=. False if the line does not fit. */
static bool walk_head(struct walk *w)
{
    struct field_name name;
    while (w->stage != STAGE_S) {
        if (!logline_eat_name(&w->s, &name) || !ascii_upper(name.name.p[0]))
            return false;
        if (!name.has_value && !is_flag(name.name))
            return false;
        if (!name.has_value)
            continue;
        struct head_field f = head_field_find(name);
        if (f.stage != ANYWHERE) {
            if (w->stage >= f.stage)
                return false;
            w->stage = f.stage;
        }
        if (!f.take(w))
            return false;
    }
    return true;
}

/* ---- the fields behind S= ---- */

/* Every recipient must be an address, and none may look like a size: then nothing that Exim wrote
 * is among them. *count_out is set when all are. */
static bool check_recipients(struct str list, uint32_t *count_out)
{
    struct str address;
    uint32_t count = 0;
    for (; list.n > 0 && !str_eq(list, STR("<trunc>")); count++) {
        if (!logline_eat_address(&list, ' ', &address))
            return false;
        if (str_starts(address, STR("S=")) && address.n > 2 && ascii_digit(address.p[2]))
            return false;
        list = str_skip(list, 1);
    }
    *count_out = count;
    return true;
}

/* The fields of Exim's own between S= and id=: none but Q= has a name of one letter. */
static void walk_notes(struct walk *w)
{
    struct field_name name;
    for (;;) {
        struct str rest = w->s;
        if (!logline_eat_name(&rest, &name) || !ascii_upper(name.name.p[0]))
            return;
        bool queue = name.has_value && name.name.n == 1 && name.name.p[0] == 'Q';
        if (name.name.n == 1 && !queue)
            return;               /* T=, or something that belongs before S= */
        struct str value = name.has_value ? logline_eat_token(&rest) : str_head(rest, 0);
        if (str_find_c(value, '"') != STR_NONE)
            return;
        if (queue)
            w->out->queue = value;
        w->s = rest;
    }
}

/* All behind S=. False if the line does not fit to its end. */
static bool walk_tail(struct walk *w)
{
    struct line_arrival *out = w->out;
    walk_notes(w);
    if ((logline_eat(&w->s, STR(" id=")) || logline_eat(&w->s, STR(" id*="))) &&
        !logline_eat_address(&w->s, ' ', &out->message_id)) {
        out->message_id = logline_eat_token(&w->s);
        return false;
    }
    if (logline_eat(&w->s, STR(" T=\""))) {
        out->has_subject = true;
        out->subject_cut = !logline_eat_escaped(&w->s, &out->subject);
        if (out->subject_cut)
            return false;
    }
    if (str_starts(w->s, STR(" from <"))) {
        w->s = str_skip(w->s, 6);
        if (!logline_eat_angle(&w->s, &out->from))
            return false;
    }
    if (logline_eat(&w->s, STR(" for "))) {
        out->has_for = true;
        out->recipients = w->s;
        w->s = str_skip(w->s, w->s.n);
        return check_recipients(out->recipients, &out->recipient_count);
    }
    return w->s.n == 0;
}

/* ---- the whole ---- */

/* Read the line in one way. A tail that does not fit (a line that was cut, or a grammar that we do
 * not know) is no harm if there is only one S= in all of the line, for then the head ends at it. */
static bool walk_once(struct walk *w)
{
    struct str rest = w->s;
    if (!walk_head(w))
        return false;
    struct str tail = w->s;
    if (walk_tail(w))
        return true;
    size_t first = logline_find_size(rest);
    return logline_find_size(str_skip(rest, first + 3)) == STR_NONE &&
           rest.p + first < tail.p;
}

/* Choose the next reading: another end of the DN, then of the ident, then of the HELO name. */
static bool walk_next(struct walk *w)
{
    if (w->has_dn && !w->dn_out) {
        w->dn_skip++;
        return true;
    }
    w->dn_skip = 0;
    if (w->has_ident && !w->user_long) {
        w->user_long = true;
        return true;
    }
    w->user_long = false;
    w->host_skip++;
    return w->has_helo;
}

/* Exim stops naming recipients when its buffer is full, without a mark. */
static bool may_be_cut(const struct logline *line)
{
    return line->raw.n > LOG_BUFFER - ADDRESS_MAX || str_ends(line->raw, STR(" <trunc>")) ||
           str_ends(line->raw, STR("**** log string overflowed log buffer ****"));
}

/* What every reading begins with: all but the sender is empty. */
static void arrival_blank(const struct logline *line, struct str sender, struct line_arrival *out)
{
    *out = (struct line_arrival){ .sender = sender };
    out->fakereject = line->flag[0] == '(';
    out->null_sender = str_eq(sender, STR("<>"));
    if (out->null_sender)
        out->sender.n = 0;
    out->cut = may_be_cut(line);
}

/* The last bracket before the last S= that can be an address of a client. */
static void take_last_bracket(struct str rest, struct line_arrival *out)
{
    size_t limit = STR_NONE;
    for (size_t from = 0, at; (at = logline_find_size(str_skip(rest, from))) != STR_NONE;) {
        limit = from + at;
        from = limit + 3;
    }
    out->has_host = str_find(rest, STR(" H=")) != STR_NONE;
    for (size_t i = str_head(rest, limit).n; out->has_host && i-- > 1;) {
        struct str ip, at = str_skip(rest, i);
        uint16_t port;
        bool begins = rest.p[i - 1] == ' ' || (i > 2 && memcmp(rest.p + i - 3, " H=", 3) == 0);
        if (rest.p[i] == '[' && begins && logline_eat_ip(&at, &ip, &port)) {
            out->host.ip = ip;
            return;
        }
    }
}

int logline_arrival(const struct logline *line, struct line_arrival *out)
{
    struct str rest = line->text, sender;
    struct walk w = { .out = out };
    if (!logline_eat_address(&rest, ' ', &sender))
        sender = logline_eat_token(&rest);
    for (unsigned tries = 0; tries < LOGLINE_TRIES_MAX; tries++) {
        arrival_blank(line, sender, out);
        w.s = rest;
        w.stage = ANYWHERE;
        w.has_helo = w.has_ident = w.has_dn = w.dn_out = false;
        if (walk_once(&w)) {
            out->ambiguous |= w.host_skip > 0;
            if (out->ambiguous)
                out->user.n = out->protocol.n = 0;
            return 0;
        }
        if (!walk_next(&w))
            break;
    }
    arrival_blank(line, sender, out);
    take_last_bracket(rest, out);
    return -1;
}

bool logline_recipient(struct str *list, struct str *address_out)
{
    while (list->n > 0 && list->p[0] == ' ')
        *list = str_skip(*list, 1);
    if (list->n == 0 || str_eq(*list, STR("<trunc>")))   /* Exim's mark is no recipient */
        return false;
    if (!logline_eat_address(list, ' ', address_out))
        *address_out = logline_eat_token(list);
    return true;
}
