/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callout_flight - one callout on its way, for all who wait for it
 *
 * MX, then the addresses of the preferred hosts, then one call after the
 * other until one answers. The cache follows Exim's: results of an address and
 * of its domain end at different times, and what was temporary is remembered
 * for a short time too, so that a retry does not call again at once.
 */
#include "policy/callout_flight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/must.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "event/loop.h"
#include "store/store.h"

#define ADDRESS_MAX 320u
#define RECORD_VERSION 1

struct flight {
    struct flight *next;
    struct callout_flights *all;
    char address[ADDRESS_MAX];
    struct str domain;                       /* in `address` */
    uint64_t waiters[CALLOUT_WAITERS_MAX];
    unsigned waiter_count;
    uint64_t question;                       /* to the DNS; 0: none */
    char hosts[CALLOUT_HOSTS_MAX][DNS_NAME_MAX + 1];
    unsigned host_count, host_asked;
    struct ip ips[CALLOUT_HOSTS_MAX];
    unsigned ip_count, ip_called;
    bool refuses_unknown;                    /* its server is known to, from an earlier callout */
    struct callout_known known;
};

struct callout_flights {
    const struct policy_parts *parts;
    const struct conf_callout *conf;
    struct callout_client *client;
    struct callout_budget *budget;
    callout_landed *call;
    void *ctx;
    struct flight *first;
    unsigned count;
    uint64_t random;
};

/* --- the cache --- */

struct record {
    uint8_t version, answer, random_refused, spare;
    uint16_t code;
    char status[12];
    char text[CALLOUT_TEXT_MAX];
};

static struct str cache_key(char prefix, struct str what, char key[STORE_KEY_MAX])
{
    size_t n = what.n < STORE_KEY_MAX - 2 ? what.n : STORE_KEY_MAX - 2;
    key[0] = prefix;
    key[1] = ':';
    memcpy(key + 2, what.p, n);
    return str_make(key, n + 2);
}

/* No result is remembered for longer, in seconds. */
static unsigned longest(const struct conf_callout *c)
{
    const unsigned spans[] = { c->positive_s, c->negative_s, c->domain_positive_s,
                               c->domain_negative_s, c->temporary_s };
    unsigned most = 0;
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
        most = spans[i] > most ? spans[i] : most;
    return most;
}

/* What ends later than it can was written by a clock that was wrong. */
static int cache_get(struct callout_flights *f, struct str key, struct callout_known *out)
{
    int64_t now = loop_utc(f->parts->loop);
    struct store_value v;
    struct record r;
    if (store_get(f->parts->store, STORE_CALLOUTS, key, now, &v) != 1 ||
        v.bytes.n != sizeof r || v.ends > now + longest(f->conf))
        return 0;
    memcpy(&r, v.bytes.p, sizeof r);
    if (r.version != RECORD_VERSION || r.answer > CALLOUT_UNREACHABLE)
        return 0;
    memset(out, 0, sizeof *out);
    out->answer = (enum callout_answer)r.answer;
    out->random_refused = r.random_refused != 0;
    out->code = r.code;
    out->cached = true;
    out->why = "";
    memcpy(out->status, r.status, sizeof out->status - 1);
    memcpy(out->text, r.text, sizeof out->text - 1);
    return 1;
}

static void cache_put(struct callout_flights *f, struct str key, const struct callout_known *k,
                      unsigned seconds)
{
    struct record r = { .version = RECORD_VERSION, .answer = (uint8_t)k->answer,
                        .random_refused = k->random_refused, .code = (uint16_t)k->code };
    memcpy(r.status, k->status, sizeof r.status);
    memcpy(r.text, k->text, sizeof r.text);
    store_put(f->parts->store, STORE_CALLOUTS, key, str_make((const char *)&r, sizeof r),
              loop_utc(f->parts->loop) + seconds);
}

int callout_cached(struct callout_flights *f, struct str address, struct str domain,
                   struct callout_known *out)
{
    char key[STORE_KEY_MAX];
    return cache_get(f, cache_key('d', domain, key), out) == 1 ||
           cache_get(f, cache_key('a', address, key), out) == 1;
}

/* What holds for the whole domain goes there, the rest to the address. */
static void cache_result(struct flight *fl)
{
    struct callout_flights *f = fl->all;
    const struct conf_callout *c = f->conf;
    const struct callout_known *k = &fl->known;
    char key[STORE_KEY_MAX];
    if (k->random_refused && !fl->refuses_unknown)
        cache_put(f, cache_key('r', fl->domain, key), k, c->domain_positive_s);
    struct str address = cache_key('a', str_c(fl->address), key);
    switch (k->answer) {
    case CALLOUT_ACCEPTED:
        cache_put(f, address, k, c->positive_s);
        break;
    case CALLOUT_REFUSED:
        cache_put(f, address, k, c->negative_s);
        break;
    case CALLOUT_ACCEPTS_ALL:
        cache_put(f, cache_key('d', fl->domain, key), k, c->domain_positive_s);
        break;
    case CALLOUT_NULL_REFUSED:
    case CALLOUT_HOST_REFUSED:
        cache_put(f, cache_key('d', fl->domain, key), k, c->domain_negative_s);
        break;
    case CALLOUT_TEMPORARY:
    case CALLOUT_BUSY:
    case CALLOUT_UNREACHABLE:
        cache_put(f, address, k, c->temporary_s);
        break;
    }
}

/* --- the end of a flight --- */

static void flight_remove(struct flight *fl)
{
    struct flight **at = &fl->all->first;
    while (*at != fl)
        at = &(*at)->next;
    *at = fl->next;
    fl->all->count--;
}

static void flight_land(struct flight *fl)
{
    struct callout_flights *f = fl->all;
    flight_remove(fl);
    cache_result(fl);
    for (unsigned i = 0; i < fl->waiter_count; i++)
        f->call(f->ctx, fl->waiters[i], &fl->known);
    free(fl);
}

static void flight_fail(struct flight *fl, const char *why)
{
    memset(&fl->known, 0, sizeof fl->known);
    fl->known.answer = CALLOUT_UNREACHABLE;
    fl->known.why = why;
    flight_land(fl);
}

/* --- calling --- */

static void flight_call(struct flight *fl);

static void text_keep(char *dst, size_t size, struct str s)
{
    struct buf safe;
    buf_init(&safe, size - 1);
    buf_add_safe(&safe, s);
    memset(dst, 0, size);
    memcpy(dst, buf_str(&safe).p, safe.n);
    buf_fini(&safe);
}

static void on_result(void *ctx, const struct callout_result *r)
{
    struct flight *fl = ctx;
    struct callout_known *k = &fl->known;
    bool silent = r->answer == CALLOUT_UNREACHABLE || r->answer == CALLOUT_BUSY;
    memset(k, 0, sizeof *k);
    k->answer = r->answer;
    k->random_refused = r->random_refused || fl->refuses_unknown;
    k->code = r->code;
    k->why = "";
    text_keep(k->status, sizeof k->status, r->status);
    text_keep(k->text, sizeof k->text, r->text);
    if (silent && fl->ip_called < fl->ip_count)
        flight_call(fl);
    else
        flight_land(fl);
}

/* Only now: a server that is slow to say goodbye still has our connection. */
static void on_over(void *ctx, const struct ip *ip, bool silent)
{
    struct callout_flights *f = ctx;
    callout_budget_over(f->budget, ip, silent, loop_ms(f->parts->loop));
}

/* An address that nobody has: another for each day, so that no trap learns it. */
static struct str random_address(struct flight *fl, char text[ADDRESS_MAX])
{
    struct callout_flights *f = fl->all;
    if (!f->conf->random || fl->refuses_unknown)
        return STR("");
    uint64_t day = (uint64_t)loop_utc(f->parts->loop) / 86400;
    int n = snprintf(text, ADDRESS_MAX, "postern-%08x-verify@%.*s",
                     (unsigned)((f->random ^ day * 0x9e3779b97f4a7c15u) >> 32),
                     STR_ARG(fl->domain));
    return n > 0 && (unsigned)n < ADDRESS_MAX ? str_make(text, (size_t)n) : STR("");
}

static void flight_call(struct flight *fl)
{
    struct callout_flights *f = fl->all;
    int64_t now = loop_ms(f->parts->loop);
    const char *why = "no mail server has a public address";
    char random[ADDRESS_MAX];
    while (fl->ip_called < fl->ip_count) {
        const struct ip *ip = &fl->ips[fl->ip_called++];
        struct callout_question q = { *ip, str_c(fl->address), random_address(fl, random) };
        why = callout_budget_mx(f->budget, ip, now);
        if (why[0] != '\0')
            continue;
        if (callout_call(f->client, &q, on_result, fl) == 0)
            return;
        callout_budget_over(f->budget, ip, false, now);
        why = "no connection could be made";
    }
    flight_fail(fl, why);
}

/* --- finding the mail servers --- */

static void host_next(struct flight *fl);

static void on_address(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct flight *fl = ctx;
    (void)question;
    fl->question = 0;
    for (size_t i = 0; i < a->count && fl->ip_count < CALLOUT_HOSTS_MAX; i++) {
        if (!ip_bogus(&a->records[i].ip))
            fl->ips[fl->ip_count++] = a->records[i].ip;
    }
    host_next(fl);
}

static void host_next(struct flight *fl)
{
    struct callout_flights *f = fl->all;
    struct dns_asker asker = { on_address, fl };
    if (fl->host_asked == fl->host_count || fl->ip_count == CALLOUT_HOSTS_MAX) {
        flight_call(fl);
        return;
    }
    fl->question = resolver_ask(f->parts->resolver, str_c(fl->hosts[fl->host_asked++]), DNS_A,
                                f->conf->connect_ms, asker);
}

/* The record with the lowest preference whose bit in `taken` is not set. NULL: there is none. */
static const struct dns_record *mx_best(const struct dns_answer *a, uint64_t taken)
{
    const struct dns_record *best = NULL;
    for (size_t i = 0; i < a->count; i++) {
        if ((taken >> i & 1) == 0 && (best == NULL || a->records[i].preference < best->preference))
            best = &a->records[i];
    }
    return best;
}

static void on_mx(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct flight *fl = ctx;
    const struct dns_record *best;
    uint64_t taken = 0;
    _Static_assert(DNS_RECORDS_MAX <= 64, "a bit for each record");
    (void)question;
    fl->question = 0;
    while (fl->host_count < CALLOUT_HOSTS_MAX && (best = mx_best(a, taken)) != NULL) {
        taken |= UINT64_C(1) << (best - a->records);
        if (best->name.n > 0 && str_copy(best->name, fl->hosts[fl->host_count],
                                         sizeof fl->hosts[0]) == 0)
            fl->host_count++;
    }
    host_next(fl);
}

static bool is_refusing_unknown(struct callout_flights *f, struct str domain)
{
    struct callout_known known;
    char key[STORE_KEY_MAX];
    return cache_get(f, cache_key('r', domain, key), &known) == 1;
}

static struct flight *flight_find(struct callout_flights *f, struct str address)
{
    struct flight *fl = f->first;
    while (fl != NULL && !str_eq(str_c(fl->address), address))
        fl = fl->next;
    return fl;
}

const char *callout_fly(struct callout_flights *f, struct str address, struct str domain,
                        uint64_t run)
{
    struct flight *fl = flight_find(f, address);
    struct dns_asker asker = { on_mx, NULL };
    const char *why;
    if (fl != NULL) {
        if (fl->waiter_count == CALLOUT_WAITERS_MAX)
            return "too many wait for this callout";
        fl->waiters[fl->waiter_count++] = run;
        return "";
    }
    if (f->count == CALLOUT_FLIGHTS_MAX || address.n >= ADDRESS_MAX)
        return "too many callouts are on their way";
    why = callout_budget_domain(f->budget, domain, loop_ms(f->parts->loop));
    if (why[0] != '\0')
        return why;
    fl = must_alloc(sizeof *fl);
    memcpy(fl->address, address.p, address.n);
    fl->domain = str_make(fl->address + address.n - domain.n, domain.n);
    fl->all = f;
    fl->refuses_unknown = is_refusing_unknown(f, fl->domain);
    fl->waiters[fl->waiter_count++] = run;
    fl->next = f->first;
    f->first = fl;
    f->count++;
    asker.ctx = fl;
    fl->question = resolver_ask(f->parts->resolver, fl->domain, DNS_MX, f->conf->connect_ms, asker);
    return "";
}

/* --- life --- */

struct callout_flights *callout_flights_new(const struct policy_parts *parts, const char *own_name,
                                            callout_landed *call, void *ctx)
{
    struct callout_flights *f = must_alloc(sizeof *f);
    struct callout_client_options o = {
        .helo = own_name, .connect_ms = parts->conf->callout.connect_ms,
        .command_ms = parts->conf->callout.command_ms, .port = parts->conf->callout.port,
        .max = CALLOUT_FLIGHTS_MAX, .over = on_over, .over_ctx = f,
    };
    f->parts = parts;
    f->conf = &parts->conf->callout;
    f->client = callout_client_new(parts->loop, &o);
    f->budget = callout_budget_new(f->conf);
    f->call = call;
    f->ctx = ctx;
    f->random = hash_u64(hash_key_new(), 0, 0);
    return f;
}

void callout_flights_free(struct callout_flights **f)
{
    if (*f == NULL)
        return;
    callout_client_free(&(*f)->client);
    for (struct flight *fl = (*f)->first, *next; fl != NULL; fl = next) {
        next = fl->next;
        resolver_cancel((*f)->parts->resolver, fl->question);
        free(fl);
    }
    callout_budget_free(&(*f)->budget);
    free(*f);
    *f = NULL;
}

void callout_flights_go_on(struct callout_flights *f, const struct callout_flights *before)
{
    callout_budget_free(&f->budget);
    f->budget = callout_budget_share(before->budget, f->conf);
}

const struct callout_budget *callout_flights_budget(const struct callout_flights *f)
{
    return f->budget;
}
