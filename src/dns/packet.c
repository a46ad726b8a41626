/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet - the answer of the DNS, from its bytes (RFC 1035 section 4)
 *
 * The answer section is read once for each step along the chain of CNAMEs, by
 * owner name, as records may stand in any order (RFC 1034 section 3.6.2 and
 * what servers really do). The work is bounded by PACKET_CHAIN_MAX times
 * PACKET_ANSWERS_MAX. A cursor that has run over the end is `bad` and gives
 * zeros from then on, so the code below asks once and not for every byte.
 */
#include "dns/packet.h"

#include <string.h>

#define LABEL_MAX 63u
#define CLASS_IN 1u
#define TYPE_SOA 6u
#define FLAG_ANSWER 0x8000u
#define FLAG_TRUNCATED 0x0200u
#define RCODE_NXDOMAIN 3u

struct cursor {
    struct str packet;
    size_t at;
    bool bad;
};

/* One resource record; its data is packet[data, data + length). */
struct rr {
    struct dns_wire owner;
    unsigned type, class;
    uint32_t ttl;
    size_t data, length;
};

static unsigned take_u8(struct cursor *c)
{
    if (c->at >= c->packet.n) {
        c->bad = true;
        return 0;
    }
    return (uint8_t)c->packet.p[c->at++];
}

static unsigned take_u16(struct cursor *c)
{
    unsigned high = take_u8(c);
    return high << 8 | take_u8(c);
}

static uint32_t take_u32(struct cursor *c)
{
    uint32_t high = take_u16(c);
    return high << 16 | take_u16(c);
}

/* The label at the cursor, with its length byte, in lower case. */
static void take_label(struct cursor *c, unsigned length, struct dns_wire *out)
{
    if (c->bad || length > LABEL_MAX || out->n + 1 + length > DNS_WIRE_MAX ||
        length > c->packet.n - c->at) {
        c->bad = true;
        return;
    }
    out->b[out->n++] = (uint8_t)length;
    for (; length > 0; length--)
        out->b[out->n++] = (uint8_t)ascii_tolower(c->packet.p[c->at++]);
}

/* A name, compressed or not. Each pointer must lead before the place where the name (or the piece
 * that the last pointer led to) began, so there is no loop; the name's length bounds the labels. */
static void take_name(struct cursor *c, struct dns_wire *out)
{
    struct cursor read = *c;
    size_t began = c->at, end = 0;
    unsigned length;
    out->n = 0;
    do {
        length = take_u8(&read);
        if (length < 0xc0) {
            take_label(&read, length, out);
            continue;
        }
        size_t target = (length & 0x3f) << 8 | take_u8(&read);
        if (end == 0)
            end = read.at;
        if (target >= began)
            read.bad = true;
        began = read.at = target;
    } while (length != 0 && !read.bad);
    c->at = end != 0 ? end : read.at;
    if (read.bad) {
        c->bad = true;
        out->n = 0;
    }
}

static void take_rr(struct cursor *c, struct rr *out)
{
    take_name(c, &out->owner);
    out->type = take_u16(c);
    out->class = take_u16(c);
    out->ttl = take_u32(c);
    if (out->ttl > INT32_MAX)   /* RFC 2181 section 8 */
        out->ttl = 0;
    out->length = take_u16(c);
    out->data = c->at;
    if (c->bad || out->length > c->packet.n - c->at) {
        c->bad = true;
        return;
    }
    c->at += out->length;
}

static bool wire_eq(const struct dns_wire *a, const struct dns_wire *b)
{
    return a->n == b->n && memcmp(a->b, b->b, a->n) == 0;
}

int dns_wire_from_text(struct str name, struct dns_wire *out)
{
    if (str_ends(name, STR(".")))
        name.n--;
    out->n = 0;
    if (name.n == 0 || name.n > DNS_NAME_MAX)
        return -1;
    while (name.n > 0) {
        size_t length = str_find_c(name, '.');
        length = length == STR_NONE ? name.n : length;
        bool last = length == name.n;
        if (length == 0 || length > LABEL_MAX || (!last && length + 1 == name.n))
            return -1;
        out->b[out->n++] = (uint8_t)length;
        for (size_t i = 0; i < length; i++)
            out->b[out->n++] = (uint8_t)ascii_tolower(name.p[i]);
        name = str_skip(name, length + 1);
    }
    out->b[out->n++] = 0;
    return 0;
}

static bool host_byte(uint8_t c)
{
    return ascii_alnum((char)c) || c == '-' || c == '_';
}

/* One byte of a label as text; the buffer has room for four. */
static size_t byte_as_text(uint8_t c, char *to)
{
    if (host_byte(c)) {
        to[0] = (char)c;
        return 1;
    }
    to[0] = '\\';
    to[1] = (char)('0' + c / 100);
    to[2] = (char)('0' + c / 10 % 10);
    to[3] = (char)('0' + c % 10);
    return 4;
}

size_t dns_wire_as_text(const struct dns_wire *name, char text[DNS_WIRE_TEXT_MAX])
{
    size_t n = 0;
    for (size_t at = 0; at < name->n && name->b[at] != 0;) {
        size_t end = at + 1 + name->b[at];
        if (at > 0)
            text[n++] = '.';
        for (at++; at < end; at++)
            n += byte_as_text(name->b[at], text + n);
    }
    text[n] = '\0';
    return n;
}

/* The name as text in the scratch. False if there is no room left. */
static bool name_as_text(struct dns_scratch *s, const struct dns_wire *name, struct str *out)
{
    char *text = s->text + s->text_n;
    if (PACKET_TEXT_MAX - s->text_n < DNS_WIRE_TEXT_MAX)
        return false;
    *out = str_make(text, dns_wire_as_text(name, text));
    s->text_n += out->n;
    return true;
}

/* --- the sections --- */

struct reading {
    struct str packet;
    unsigned flags, answers, authorities;
    size_t answer_at;            /* where the answer section begins */
    struct dns_wire current;     /* the owner that is looked for */
    uint32_t ttl;
    bool found_cname;
    struct dns_scratch *scratch;
    struct dns_answer *out;
};

static void answer_failed(struct dns_answer *out, const char *why)
{
    *out = (struct dns_answer){ .status = DNS_FAILED, .why = why };
}

static int read_head(struct reading *r, const struct dns_wire *asked, enum dns_type type)
{
    struct cursor c = { .packet = r->packet };
    struct dns_wire name;
    take_u16(&c);
    r->flags = take_u16(&c);
    unsigned questions = take_u16(&c);
    r->answers = take_u16(&c);
    r->authorities = take_u16(&c);
    take_u16(&c);
    if (c.bad || (r->flags & FLAG_ANSWER) == 0 || questions != 1)
        return -1;
    take_name(&c, &name);
    unsigned asked_type = take_u16(&c), class = take_u16(&c);
    r->answer_at = c.at;
    if (c.bad || asked_type != (unsigned)type || class != CLASS_IN || !wire_eq(&name, asked))
        return -1;
    return 0;
}

/* The data of a record of the asked type into *out. 1, 0 if there is no room for its name, -1. */
static int read_data(struct reading *r, const struct rr *rr, struct dns_record *out)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    struct cursor c = { .packet = str_head(r->packet, rr->data + rr->length), .at = rr->data };
    struct dns_wire name;
    *out = (struct dns_record){ .type = (enum dns_type)rr->type };
    switch (out->type) {
    case DNS_A:
        if (rr->length != 4)
            return -1;
        memcpy(out->ip.b, mapped, sizeof mapped);
        memcpy(out->ip.b + 12, r->packet.p + rr->data, 4);
        return 1;
    case DNS_AAAA:
        if (rr->length != 16)
            return -1;
        memcpy(out->ip.b, r->packet.p + rr->data, 16);
        return 1;
    case DNS_TXT: {
        unsigned length = take_u8(&c);
        if (c.bad || length > c.packet.n - c.at)
            return -1;
        out->text = str_make(c.packet.p + c.at, length);
        return 1;
    }
    case DNS_MX:
    case DNS_CNAME:
    case DNS_PTR:
        out->preference = (uint16_t)(out->type == DNS_MX ? take_u16(&c) : 0);
        take_name(&c, &name);
        if (c.bad || c.at != c.packet.n)
            return -1;
        return name_as_text(r->scratch, &name, &out->name) ? 1 : 0;
    }
    return -1;
}

static int keep_record(struct reading *r, const struct rr *rr)
{
    if (r->out->count == DNS_RECORDS_MAX) {
        r->out->cut = true;
        return 0;
    }
    int rc = read_data(r, rr, &r->scratch->records[r->out->count]);
    if (rc < 0)
        return -1;
    r->out->count += (size_t)rc;
    r->out->cut = r->out->cut || rc == 0;
    r->ttl = rr->ttl < r->ttl ? rr->ttl : r->ttl;
    return 0;
}

/* The target of a CNAME becomes the name that is looked for, from the next reading on. */
static int keep_cname(struct reading *r, const struct rr *rr, struct dns_wire *next)
{
    struct cursor c = { .packet = str_head(r->packet, rr->data + rr->length), .at = rr->data };
    take_name(&c, next);
    r->ttl = rr->ttl < r->ttl ? rr->ttl : r->ttl;
    r->found_cname = true;
    return c.bad ? -1 : 0;
}

/* Read all answers once, for what belongs to r->current. */
static int read_answers(struct reading *r, enum dns_type type)
{
    struct cursor c = { .packet = r->packet, .at = r->answer_at };
    unsigned count = r->answers < PACKET_ANSWERS_MAX ? r->answers : PACKET_ANSWERS_MAX;
    struct dns_wire next = { .n = 0 };
    struct rr rr;
    r->found_cname = false;
    r->out->cut = r->out->cut || count < r->answers;
    for (unsigned i = 0; i < count; i++) {
        take_rr(&c, &rr);
        if (c.bad)
            return -1;
        if (rr.class != CLASS_IN || !wire_eq(&rr.owner, &r->current))
            continue;
        if (rr.type == (unsigned)type && keep_record(r, &rr) != 0)
            return -1;
        if (rr.type == DNS_CNAME && type != DNS_CNAME && keep_cname(r, &rr, &next) != 0)
            return -1;
    }
    if (r->found_cname)
        r->current = next;
    return 0;
}

/* How long a "no" may be believed: the smaller of the SOA's own TTL and its last field (RFC 2308).
 * A "no" without a SOA is not to be kept: 0. */
static uint32_t negative_ttl(const struct reading *r)
{
    struct cursor c = { .packet = r->packet, .at = r->answer_at };
    struct dns_wire name;
    struct rr rr;
    if (r->answers > PACKET_ANSWERS_MAX || r->authorities > PACKET_ANSWERS_MAX)
        return 0;
    for (unsigned i = 0; i < r->answers; i++)
        take_rr(&c, &rr);
    for (unsigned i = 0; i < r->authorities && !c.bad; i++) {
        take_rr(&c, &rr);
        if (c.bad || rr.type != TYPE_SOA)
            continue;
        struct cursor soa = { .packet = str_head(r->packet, rr.data + rr.length), .at = rr.data };
        take_name(&soa, &name);
        take_name(&soa, &name);
        for (unsigned k = 0; k < 4; k++)
            take_u32(&soa);
        uint32_t minimum = take_u32(&soa);
        return soa.bad ? 0 : minimum < rr.ttl ? minimum : rr.ttl;
    }
    return 0;
}

static const char *rcode_words(unsigned rcode)
{
    static const char *const words[] = { "",         "FORMERR", "SERVFAIL",
                                         "NXDOMAIN", "NOTIMP",  "REFUSED" };
    return rcode < sizeof words / sizeof words[0] ? words[rcode] : "strange answer code";
}

static void finish(struct reading *r)
{
    struct dns_answer *out = r->out;
    unsigned rcode = r->flags & 0xf;
    out->records = r->scratch->records;
    if (out->count > 0) {
        out->status = DNS_OK;
        out->cut = out->cut || (r->flags & FLAG_TRUNCATED) != 0;
        out->ttl = r->ttl;
    } else if (out->cut || (r->flags & FLAG_TRUNCATED) != 0) {
        answer_failed(out, "truncated answer");
    } else {
        uint32_t ttl = negative_ttl(r);
        out->status = rcode == RCODE_NXDOMAIN ? DNS_NXDOMAIN : DNS_NODATA;
        out->ttl = ttl < r->ttl ? ttl : r->ttl;
    }
}

void dns_packet_read(struct str packet, const struct dns_wire *asked, enum dns_type type,
                     struct dns_scratch *s, struct dns_answer *out)
{
    struct reading r = {
        .packet = packet, .current = *asked, .ttl = INT32_MAX, .scratch = s, .out = out,
    };
    *out = (struct dns_answer){ .why = "" };
    s->text_n = 0;
    if (read_head(&r, asked, type) != 0) {
        answer_failed(out, "malformed answer");
        return;
    }
    unsigned rcode = r.flags & 0xf;
    if (rcode != 0 && rcode != RCODE_NXDOMAIN) {
        answer_failed(out, rcode_words(rcode));
        return;
    }
    for (unsigned step = 0; step <= PACKET_CHAIN_MAX; step++) {
        if (read_answers(&r, type) != 0) {
            answer_failed(out, "malformed answer");
            return;
        }
        if (!r.found_cname || out->count > 0) {
            finish(&r);
            return;
        }
    }
    answer_failed(out, "too many CNAMEs");
}
