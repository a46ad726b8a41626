/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request - Postfix's policy delegation protocol, read piece by piece
 *
 * One table has the names that we know and how long their values may be; a line is
 * looked at once, when it is whole. Whatever is wrong with a request is found
 * at its end, so that the next one begins where the peer thinks it does.
 */
#include "door/request.h"

#include <string.h>

#include "base/must.h"

enum name {
    NAME_REQUEST, NAME_STATE, NAME_PROTOCOL, NAME_CLIENT, NAME_CLIENT_PORT, NAME_CLIENT_NAME,
    NAME_SERVER, NAME_HELO, NAME_SENDER, NAME_RECIPIENT, NAME_INSTANCE, NAME_SASL_METHOD,
    NAME_SASL_USER, NAME_RELAY, NAME_VERIFIED, NAME_RCPT_COUNT, NAME_RCPT_FAIL, NAME_NOTQUIT,
    NAMES
};

_Static_assert(NAMES <= REQUEST_VALUES, "a place for every name");

static const struct {
    struct str text;
    size_t max;
} names[NAMES] = {
    [NAME_REQUEST] = { STR_INIT("request"), 64 },
    [NAME_STATE] = { STR_INIT("protocol_state"), 32 },
    [NAME_PROTOCOL] = { STR_INIT("protocol_name"), 32 },
    [NAME_CLIENT] = { STR_INIT("client_address"), 64 },
    [NAME_CLIENT_PORT] = { STR_INIT("client_port"), 16 },
    [NAME_CLIENT_NAME] = { STR_INIT("client_name"), 255 },
    [NAME_SERVER] = { STR_INIT("server_address"), 64 },
    [NAME_HELO] = { STR_INIT("helo_name"), ENVELOPE_HELO_MAX },
    [NAME_SENDER] = { STR_INIT("sender"), ENVELOPE_ADDRESS_MAX },
    [NAME_RECIPIENT] = { STR_INIT("recipient"), ENVELOPE_ADDRESS_MAX },
    [NAME_INSTANCE] = { STR_INIT("instance"), ENVELOPE_SESSION_MAX },
    [NAME_SASL_METHOD] = { STR_INIT("sasl_method"), 64 },
    [NAME_SASL_USER] = { STR_INIT("sasl_username"), 64 },
    [NAME_RELAY] = { STR_INIT("relay"), 16 },
    [NAME_VERIFIED] = { STR_INIT("rcpt_verified"), 16 },
    [NAME_RCPT_COUNT] = { STR_INIT("rcpt_count"), 24 },
    [NAME_RCPT_FAIL] = { STR_INIT("rcpt_fail_count"), 24 },
    [NAME_NOTQUIT] = { STR_INIT("smtp_notquit_reason"), 64 },
};

#define VALUES_MAX 4096u   /* above the sum of all `max` */
#define LOCAL_MAX (ENVELOPE_ADDRESS_MAX - 1 - REQUEST_DOMAIN_MAX)    /* of an address that is cut */

static const struct {
    struct str text;
    enum envelope_stage stage;
    bool ignored;
} states[] = {
    { STR_INIT("RCPT"), STAGE_RCPT, false },
    { STR_INIT("CONNECT"), STAGE_CONNECT, false },
    { STR_INIT("HELO"), STAGE_HELO, false },
    { STR_INIT("EHLO"), STAGE_HELO, false },
    { STR_INIT("MAIL"), STAGE_MAIL, false },
    { STR_INIT("QUIT"), STAGE_END, false },
    { STR_INIT("NOTQUIT"), STAGE_END, false },
    { STR_INIT("DATA"), STAGE_RCPT, true },
    { STR_INIT("END-OF-MESSAGE"), STAGE_RCPT, true },
    { STR_INIT("VRFY"), STAGE_RCPT, true },
    { STR_INIT("ETRN"), STAGE_RCPT, true },
};

/* --- reading lines --- */

void request_init(struct request *r)
{
    *r = (struct request){ .begun = false };
    buf_init(&r->values, VALUES_MAX);
}

void request_fini(struct request *r)
{
    buf_fini(&r->values);
}

void request_next(struct request *r)
{
    struct buf values = r->values;
    buf_reset(&values);
    *r = (struct request){ .values = values };
}

const char *request_why(const struct request *r)
{
    return r->why;
}

/* The first fault counts; the rest of the request is still read. */
static void fault(struct request *r, const char *why)
{
    if (r->why == NULL)
        r->why = why;
}

/* Keep a name's value, or go on with the one that was kept last. */
static void value_add(struct request *r, size_t name, struct str bytes)
{
    r->value[name].n += (uint32_t)bytes.n;
    must(buf_add(&r->values, bytes) == 0);
}

/* More of a line; `at` is behind the last @ of all of it. */
static void tail_add(struct request_tail *t, struct str bytes)
{
    size_t skip = bytes.n > sizeof t->bytes ? bytes.n - sizeof t->bytes : 0;
    struct str last = str_skip(bytes, skip);
    size_t room = sizeof t->bytes - last.n, keep = t->n < room ? t->n : room;
    size_t at = str_rfind_c(bytes, '@');
    if (last.n == 0)
        return;
    if (at != STR_NONE)
        t->at = t->seen + at + 1;
    t->seen += bytes.n;
    memmove(t->bytes, t->bytes + t->n - keep, keep);
    memcpy(t->bytes + keep, last.p, last.n);
    t->n = keep + last.n;
}

/* The first bytes of an address that is too long; its end may be still to come. */
static void address_begin(struct request *r, size_t name, struct str value)
{
    r->cut = name;
    r->tail = (struct request_tail){ .n = 0 };
    value_add(r, name, str_head(value, LOCAL_MAX + str_starts(value, STR("<"))));
}

/* What is behind the last @, without what ends the line or the address. */
static struct str tail_domain(const struct request_tail *t, bool bracket)
{
    size_t behind = t->seen - t->at;
    struct str domain = str_make(t->bytes, t->n);
    if (behind < t->n)
        domain = str_skip(domain, t->n - behind);
    if (str_ends(domain, STR("\r")))
        domain.n--;
    if (bracket && str_ends(domain, STR(">")))
        domain.n--;
    if (domain.n > REQUEST_DOMAIN_MAX)
        domain = str_skip(domain, domain.n - REQUEST_DOMAIN_MAX);
    return domain;
}

/* All of it has come: behind the local part goes the domain. Angle brackets stay a pair. Where the
 * domain is what makes it long, its begin was taken for local part. */
static void address_end(struct request *r)
{
    struct request_tail *t = &r->tail;
    size_t name = r->cut, begin = names[name].text.n + 1;
    bool bracket = r->values.p[r->value[name].at] == '<';
    struct str domain = tail_domain(t, bracket);
    r->cut = REQUEST_VALUES;
    if (t->at == 0)
        return;
    if (t->at - 1 - begin < r->value[name].n) {
        r->values.n -= r->value[name].n - (t->at - 1 - begin);
        r->value[name].n = (uint32_t)(t->at - 1 - begin);
    }
    value_add(r, name, STR("@"));
    value_add(r, name, domain);
    if (bracket)
        value_add(r, name, STR(">"));
}

static bool is_address(size_t name)
{
    return name == NAME_SENDER || name == NAME_RECIPIENT;
}

/* `line` is all of it, or the first REQUEST_LINE_MAX bytes. */
static void line_take(struct request *r, struct str line)
{
    r->cut = REQUEST_VALUES;
    r->begun = true;
    r->bytes += line.n + 1;
    if (r->bytes > REQUEST_BYTES_MAX)
        fault(r, "the request is too long");
    if (str_find_c(line, '=') == STR_NONE) {
        fault(r, "a line without =");
        return;
    }
    struct str value = line, name = str_cut(&value, '=');
    for (size_t i = 0; i < NAMES; i++) {
        if (!str_eq(names[i].text, name))
            continue;
        if (r->value[i].seen)
            return;
        r->value[i].seen = true;
        r->value[i].at = (uint32_t)r->values.n;
        if (is_address(i) && value.n > names[i].max)
            address_begin(r, i, value);
        else
            value_add(r, i, str_head(value, names[i].max));
        return;
    }
}

/* --- what the values say --- */

static struct str value_of(const struct request *r, enum name n)
{
    return str_head(str_skip(buf_str(&r->values), r->value[n].at), r->value[n].n);
}

/* Postfix writes "unknown" for what it does not know. */
static struct str known_of(const struct request *r, enum name n)
{
    struct str s = value_of(r, n);
    return str_eq(s, STR("unknown")) ? STR("") : s;
}

/* An address without its angle brackets, if it comes with them. */
static struct str address_of(const struct request *r, enum name n)
{
    struct str s = value_of(r, n);
    if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
        return str_make(s.p + 1, s.n - 2);
    return s;
}

static uint64_t number_of(const struct request *r, enum name n)
{
    uint64_t value;
    return str_u64(value_of(r, n), &value) == 0 ? value : 0;
}

static bool yes(const struct request *r, enum name n)
{
    struct str s = value_of(r, n);
    return str_eq_nocase(s, STR("yes")) || str_eq_nocase(s, STR("true")) || str_eq(s, STR("1"));
}

static int state_read(struct request *r)
{
    struct str state = value_of(r, NAME_STATE);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (!str_eq_nocase(states[i].text, state))
            continue;
        r->envelope.stage = states[i].stage;
        r->ignored = states[i].ignored;
        return 0;
    }
    fault(r, state.n == 0 ? "no protocol_state" : "an unknown protocol_state");
    return -1;
}

static void addresses_read(struct request *r)
{
    struct envelope *e = &r->envelope;
    struct str client = known_of(r, NAME_CLIENT), server = known_of(r, NAME_SERVER);
    uint64_t port = number_of(r, NAME_CLIENT_PORT);
    e->has_client = client.n > 0;
    if (e->has_client && ip_parse(client, &e->client) != 0)
        fault(r, "client_address is no address");
    e->has_server = server.n > 0 && ip_parse(server, &e->server) == 0;
    e->client_port = port <= UINT16_MAX ? (uint16_t)port : 0;
    e->client_name = known_of(r, NAME_CLIENT_NAME);
}

static enum rcpt_verified verified_read(const struct request *r)
{
    struct str s = value_of(r, NAME_VERIFIED);
    return str_eq_nocase(s, STR("yes")) ? VERIFIED_YES
           : str_eq_nocase(s, STR("no")) ? VERIFIED_NO
           : str_eq_nocase(s, STR("defer")) ? VERIFIED_DEFER : VERIFIED_UNKNOWN;
}

static void envelope_read(struct request *r)
{
    struct envelope *e = &r->envelope;
    struct str protocol = value_of(r, NAME_PROTOCOL);
    addresses_read(r);
    e->helo = e->stage == STAGE_CONNECT ? STR("") : value_of(r, NAME_HELO);
    e->esmtp = str_starts_nocase(protocol, STR("e")) ||
               str_eq_nocase(value_of(r, NAME_STATE), STR("EHLO"));
    e->has_sender = e->stage == STAGE_MAIL || e->stage == STAGE_RCPT;
    e->no_helo = e->has_sender && r->value[NAME_HELO].seen && e->helo.n == 0;
    e->sender = e->has_sender ? address_of(r, NAME_SENDER) : STR("");
    e->recipient = e->stage == STAGE_RCPT ? address_of(r, NAME_RECIPIENT) : STR("");
    e->authenticated = value_of(r, NAME_SASL_METHOD).n > 0 || value_of(r, NAME_SASL_USER).n > 0;
    e->relay = yes(r, NAME_RELAY);
    e->verified = verified_read(r);
    e->session = value_of(r, NAME_INSTANCE);
    e->rcpt_count = number_of(r, NAME_RCPT_COUNT);
    e->rcpt_fail_count = number_of(r, NAME_RCPT_FAIL);
    e->end_reason = value_of(r, NAME_NOTQUIT);
}

/* The empty line has come. */
static enum request_progress finish(struct request *r)
{
    struct str kind = value_of(r, NAME_REQUEST);
    if (kind.n > 0 && !str_eq(kind, STR("smtpd_access_policy")))
        fault(r, "request is not smtpd_access_policy");
    if (r->why == NULL && state_read(r) == 0)
        envelope_read(r);
    if (r->why == NULL && !r->ignored && r->envelope.stage == STAGE_RCPT &&
        r->envelope.recipient.n == 0)
        fault(r, "state RCPT without a recipient");
    return r->why == NULL ? REQUEST_DONE : REQUEST_BAD;
}

/* --- feeding --- */

/* A line beyond the ceiling: its first bytes count, and the domain of an address; the rest is
 * dropped as it comes. Nor is it a fault: clients choose how long their HELO is, and must not get
 * by with it. */
static size_t skip_line(struct request *r, struct str bytes)
{
    size_t end = str_find_c(bytes, '\n');
    if (!r->skipping)
        line_take(r, str_head(bytes, REQUEST_LINE_MAX));
    if (r->cut < REQUEST_VALUES)
        tail_add(&r->tail, str_head(bytes, end));
    if (r->cut < REQUEST_VALUES && end != STR_NONE)
        address_end(r);
    r->skipping = end == STR_NONE;
    return end == STR_NONE ? bytes.n : end + 1;
}

/* One line, or a piece of one to be dropped. Returns the bytes taken; 0: the line is not whole. */
static size_t line_feed(struct request *r, struct str bytes, bool *empty_out)
{
    size_t end = str_find_c(str_head(bytes, REQUEST_LINE_MAX + 1), '\n');
    *empty_out = false;
    if (r->skipping || (end == STR_NONE && bytes.n > REQUEST_LINE_MAX))
        return skip_line(r, bytes);
    if (end == STR_NONE)
        return 0;
    struct str line = str_head(bytes, end);
    if (str_ends(line, STR("\r")))
        line.n--;
    *empty_out = line.n == 0;
    if (line.n > 0)
        line_take(r, line);
    if (line.n > 0 && r->cut < REQUEST_VALUES) {
        tail_add(&r->tail, line);
        address_end(r);
    }
    return end + 1;
}

size_t request_feed(struct request *r, struct str bytes, enum request_progress *out)
{
    size_t used = 0, n;
    bool empty;
    *out = REQUEST_MORE;
    while (used < bytes.n) {
        n = line_feed(r, str_skip(bytes, used), &empty);
        used += n;
        if (n == 0)
            break;
        if (empty && r->begun) {
            *out = finish(r);
            break;
        }
    }
    return used;
}

enum request_progress request_end(struct request *r, bool cut)
{
    if (!r->begun && !cut)
        return REQUEST_MORE;
    if (cut || r->skipping)
        fault(r, "it ends early");
    return finish(r);
}
