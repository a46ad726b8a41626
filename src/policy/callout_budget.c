/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callout_budget - how many callouts may be made, over all, by domain, by MX
 *
 * Buckets lie in one table of fixed size, found by keyed hash. A flood of
 * forged domains may fill it: then the place that was used longest ago is
 * taken over, and the bucket for all callouts keeps the total in bounds anyway.
 * The policy of new settings shares the budget of the one before, or each reload
 * would fill it up.
 */
#include "policy/callout_budget.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"

#define WAYS 8u                  /* places that a key may lie in */
#define MINUTE_MS 60000
#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define REST_MS 60000
#define REST_MAX_MS ((int64_t)3600 * 1000)

/* Tokens in thousandths, so that a slow rate loses nothing. */
struct bucket {
    uint64_t key;                /* 0: free */
    int64_t filled_ms;
    int64_t milli;
    int64_t rest_until_ms, rest_ms;
    unsigned connections;
};

struct limits {
    unsigned per_minute, domain_per_minute, mx_per_minute, mx_connections, per_day;
};

struct callout_budget {
    unsigned owners;
    struct limits limits;
    struct hash_key hash;
    struct bucket all;
    struct bucket table[CALLOUT_BUCKETS_MAX / WAYS][WAYS];
    int64_t day_ms;              /* when the day of `today` began */
    struct callout_budget_stats stats;
};

static void limits_set(struct callout_budget *b, const struct conf_callout *c)
{
    b->limits = (struct limits){
        .per_minute = c->per_minute, .domain_per_minute = c->domain_per_minute,
        .mx_per_minute = c->mx_per_minute, .mx_connections = c->mx_connections,
        .per_day = c->per_day,
    };
}

struct callout_budget *callout_budget_new(const struct conf_callout *c)
{
    struct callout_budget *b = must_alloc(sizeof *b);
    b->owners = 1;
    limits_set(b, c);
    b->hash = hash_key_new();
    b->all.filled_ms = INT64_MIN;
    b->day_ms = INT64_MIN;
    return b;
}

struct callout_budget *callout_budget_share(struct callout_budget *b,
                                            const struct conf_callout *c)
{
    b->owners++;
    limits_set(b, c);
    return b;
}

void callout_budget_free(struct callout_budget **b)
{
    if (*b != NULL && --(*b)->owners == 0)
        free(*b);
    *b = NULL;
}

/* Its bucket; a new one is full. One that holds a connection is never taken over. */
static struct bucket *bucket_of(struct callout_budget *b, uint64_t key)
{
    struct bucket *ways = b->table[key % (CALLOUT_BUCKETS_MAX / WAYS)], *oldest = NULL;
    for (unsigned i = 0; i < WAYS; i++) {
        if (ways[i].key == key)
            return &ways[i];
        if (ways[i].connections == 0 &&
            (oldest == NULL || ways[i].key == 0 ||
             (oldest->key != 0 && ways[i].filled_ms < oldest->filled_ms)))
            oldest = &ways[i];
    }
    if (oldest != NULL)
        *oldest = (struct bucket){ .key = key, .filled_ms = INT64_MIN };
    return oldest;
}

/* Fill by the time since, up to one minute's worth; then is there one to take? Time that was too
 * short for a whole thousandth stays to be counted: many questions in a row lose nothing. */
static bool bucket_has(struct bucket *t, unsigned per_minute, int64_t now_ms)
{
    int64_t full = (int64_t)per_minute * 1000, added;
    if (full == 0)
        return false;
    if (t->filled_ms == INT64_MIN || now_ms - t->filled_ms >= MINUTE_MS) {
        t->milli = full;
        t->filled_ms = now_ms;
    } else {
        added = (now_ms - t->filled_ms) * full / MINUTE_MS;
        t->milli += added;
        t->filled_ms += added * MINUTE_MS / full;
    }
    if (t->milli > full)
        t->milli = full;
    return t->milli >= 1000;
}

static uint64_t key_of_domain(const struct callout_budget *b, struct str domain)
{
    return hash_str(b->hash, domain) | 1;
}

static uint64_t key_of_ip(const struct callout_budget *b, const struct ip *ip)
{
    return (hash_str(b->hash, str_make((const char *)ip->b, sizeof ip->b)) & ~(uint64_t)1) | 2;
}

static bool day_has(struct callout_budget *b, int64_t now_ms)
{
    if (b->day_ms == INT64_MIN || now_ms - b->day_ms >= DAY_MS) {
        b->day_ms = now_ms;
        b->stats.today = 0;
    }
    return b->stats.today < b->limits.per_day;
}

static const char *refuse(struct callout_budget *b, const char *why)
{
    b->stats.refused++;
    return why;
}

const char *callout_budget_domain(struct callout_budget *b, struct str domain, int64_t now_ms)
{
    struct bucket *t = bucket_of(b, key_of_domain(b, domain));
    if (!day_has(b, now_ms))
        return refuse(b, "the budget of the day is spent");
    if (t == NULL || !bucket_has(t, b->limits.domain_per_minute, now_ms))
        return refuse(b, "the budget of the domain is spent");
    if (!bucket_has(&b->all, b->limits.per_minute, now_ms))
        return refuse(b, "the budget of all callouts is spent");
    t->milli -= 1000;
    b->all.milli -= 1000;
    b->stats.today++;
    b->stats.granted++;
    return "";
}

const char *callout_budget_mx(struct callout_budget *b, const struct ip *mx, int64_t now_ms)
{
    struct bucket *t = bucket_of(b, key_of_ip(b, mx));
    if (t == NULL || t->connections >= b->limits.mx_connections)
        return refuse(b, "the mail server is being called already");
    if (t->rest_until_ms != 0 && now_ms < t->rest_until_ms)
        return refuse(b, "the mail server rests");
    if (!bucket_has(t, b->limits.mx_per_minute, now_ms))
        return refuse(b, "the budget of the mail server is spent");
    t->milli -= 1000;
    t->connections++;
    return "";
}

void callout_budget_over(struct callout_budget *b, const struct ip *mx, bool busy, int64_t now_ms)
{
    struct bucket *t = bucket_of(b, key_of_ip(b, mx));
    if (t == NULL)
        return;
    if (t->connections > 0)
        t->connections--;
    if (!busy) {
        t->rest_ms = t->rest_until_ms = 0;
        return;
    }
    t->rest_ms = t->rest_ms == 0 ? REST_MS : 2 * t->rest_ms;
    if (t->rest_ms > REST_MAX_MS)
        t->rest_ms = REST_MAX_MS;
    t->rest_until_ms = now_ms + t->rest_ms;
}

void callout_budget_stats(const struct callout_budget *b, struct callout_budget_stats *out)
{
    *out = b->stats;
}
