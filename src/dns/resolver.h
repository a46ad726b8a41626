/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver - questions to the DNS, answered later, each within its time
 *
 * libunbound resolves: it recurses by itself, because block lists refuse the
 * public resolvers, and its cache is shared by all sessions. This is the only
 * room that knows it. What asks here sees an interface with two makers: the
 * real one, and a scripted one for tests on a virtual clock (names with answers
 * and delays), so that every failure of the DNS can be played.
 *
 * An answer is never an error of the caller: what went wrong is its status.
 */
#ifndef POSTERN_DNS_RESOLVER_H
#define POSTERN_DNS_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "mail/ip.h"

#define DNS_NAME_MAX 253u        /* RFC 1035, as text without the last dot */
#define DNS_RECORDS_MAX 64u      /* of one answer; more are left out and `cut` is set */

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

enum dns_status {
    DNS_OK,              /* at least one record of the type */
    DNS_NODATA,          /* the name is there, the type is not */
    DNS_NXDOMAIN,
    DNS_FAILED,          /* SERVFAIL, refused, lame, bogus, unparsable */
    DNS_TIMEOUT,         /* no answer within the asker's time */
    DNS_BAD_NAME,        /* no such question can be asked: too long, empty label */
    DNS_BUSY,            /* too many questions are open */
};

/* Nothing can be said: neither that it is there nor that it is not. */
static inline bool dns_unsure(enum dns_status s)
{
    return s != DNS_OK && s != DNS_NODATA && s != DNS_NXDOMAIN && s != DNS_BAD_NAME;
}

struct dns_record {
    enum dns_type type;
    struct ip ip;        /* A, AAAA */
    struct str name;     /* PTR, MX: text without the last dot, lower case; empty for the root */
    struct str text;     /* TXT: the first character-string only, as Exim takes it */
    uint16_t preference; /* MX */
};

struct dns_answer {
    enum dns_status status;
    bool secure;         /* validated by DNSSEC */
    bool cut;            /* there were more records than DNS_RECORDS_MAX */
    uint32_t ttl;        /* seconds, of the whole answer; for a negative one of its SOA */
    const struct dns_record *records;   /* of the asked type, after CNAMEs */
    size_t count;
    const char *why;     /* for DNS_FAILED: some words, a constant or printable; else "" */
};

/* The answer and everything it points at live for the duration of the call. */
typedef void dns_callback(void *ctx, uint64_t question, const struct dns_answer *answer);

struct dns_asker {
    dns_callback *call;
    void *ctx;
};

struct resolver;

/* Ask. Returns the number of the question, never 0; the callback is called exactly once, never
 * before this returns, at the latest `timeout_ms` from now, unless the question is cancelled.
 * `name` is copied. Bytes that no host name has are allowed (RFC 2181 section 11); a dot at the end
 * is too. */
uint64_t resolver_ask(struct resolver *r, struct str name, enum dns_type type, unsigned timeout_ms,
                      struct dns_asker asker);

/* Forget a question: its callback is not called. A number that is over or unknown is no harm. */
void resolver_cancel(struct resolver *r, uint64_t question);

/* Of the resolver since its start. */
struct resolver_stats {
    uint64_t asked, answered, failed, timeouts, busy;
    uint64_t open;       /* now */
};
void resolver_stats(const struct resolver *r, struct resolver_stats *out);

void resolver_free(struct resolver **r);

/* --- the real one --- */

struct loop;

struct resolver_stub {
    const char *zone;            /* asked of these servers only, and taken as they say (no DNSSEC)
                                    */
    const char *const *servers;  /* "192.0.2.1" or "192.0.2.1@5353" */
    size_t server_count;
};

struct resolver_options {
    const char *const *forwarders;   /* as servers above; none: recursion of our own */
    size_t forwarder_count;
    const struct resolver_stub *stubs;
    size_t stub_count;
    size_t cache_bytes;              /* for messages and records together */
    unsigned open_max;               /* questions at a time; more are DNS_BUSY */
    const char *trust_anchor;        /* file of the root's key, or NULL: no validation */
};

/* NULL with *err if libunbound refuses an option. `l` must be a real loop and must outlive it. */
struct resolver *resolver_new(struct loop *l, const struct resolver_options *o, struct err *err);

/* --- the scripted one --- */

/* Answers come from rows added by resolver_script_add; a name without a row is DNS_NXDOMAIN. */
struct resolver *resolver_new_script(struct loop *l);

/* For `name` and `type`: status, then after `delay_ms` these records, given as text: addresses, "10
 * mx.example.org", names or texts, by the type; a NULL ends them. A later row for the same question
 * replaces the earlier one. Names starting with "*." match any name below. With DNS_TIMEOUT the
 * answer never comes. The row is copied. */
struct resolver_row {
    const char *name;
    enum dns_type type;
    enum dns_status status;
    unsigned delay_ms;
    const char *const *records;      /* NULL: none */
};
void resolver_script_put(struct resolver *r, const struct resolver_row *row);

/* The same, in one line of a test. */
#define resolver_script_add(r, name, type, status, delay_ms, records) \
    resolver_script_put(                                              \
        (r), &(const struct resolver_row){ (name), (type), (status), (delay_ms), (records) })

/* How often this question was asked. */
unsigned resolver_script_asked(const struct resolver *r, const char *name, enum dns_type type);

#endif
