/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requests_share - which messages of a run the requests for one URL explain
 *
 * Each request explains a stretch of the run: arrivals in a row. A message that
 * several explain belongs to the latest of them, so the stretches are taken from
 * the end of the run to its beginning and what is taken already is left out. That
 * needs a stack of gaps and no time beyond one step for each request.
 */
#include <stdlib.h>

#include "base/intern.h"
#include "base/must.h"
#include "trace/requests_internal.h"

int share_hit_order(const void *a, const void *b)
{
    const struct share_hit *x = a, *y = b;
    if (x->url != y->url)
        return x->url < y->url ? -1 : 1;
    if (x->from != y->from)
        return x->from > y->from ? -1 : 1;
    if (x->inner != y->inner)
        return x->inner ? 1 : -1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return x->client < y->client ? -1 : x->client > y->client;
}

/* Arrivals that no later request for the URL has explained: those below `low`, and gaps
 * above it, the lowest on top of the stack. */
struct open {
    size_t low;
    struct gap {
        size_t from, to;
    } *gaps;
    size_t n;
};

/* Take the open arrivals in [from, to): how many there were. Requests come the
 * latest first, so `from` never rises and each gap is closed once. */
static uint64_t open_take(struct open *o, size_t from, size_t to)
{
    uint64_t taken = 0;
    if (from < o->low) {
        size_t end = to < o->low ? to : o->low;
        taken = end - from;
        if (end < o->low)
            o->gaps[o->n++] = (struct gap){ end, o->low };
        o->low = from;
    }
    while (o->n > 0 && o->gaps[o->n - 1].from < to) {
        struct gap *g = &o->gaps[o->n - 1];
        size_t end = to < g->to ? to : g->to;
        if (g->from < end)
            taken += end - g->from;
        g->from = end;
        if (g->from < g->to)
            break;
        o->n--;
    }
    return taken;
}

struct sharing {
    struct open open;
    size_t arrivals;
    uint32_t known_client;
    uint64_t *messages;      /* of each client, by its number; zero between URLs */
    uint64_t most;           /* of one client */
    struct share share;
};

struct sharing *sharing_new(size_t arrivals, size_t hits, uint32_t clients, uint32_t known_client)
{
    struct sharing *s = must_alloc(sizeof *s);
    s->arrivals = arrivals;
    s->known_client = known_client;
    s->open.gaps = must_array(hits + 1, sizeof *s->open.gaps);
    s->messages = must_array((size_t)clients + 1, sizeof *s->messages);
    return s;
}

void sharing_free(struct sharing **s)
{
    if (*s == NULL)
        return;
    free((*s)->open.gaps);
    free((*s)->messages);
    free(*s);
    *s = NULL;
}

/* `messages` are explained by this request. */
static void hit_credit(struct sharing *s, const struct share_hit *hit, uint64_t messages)
{
    struct share *a = &s->share;
    if (messages == 0)
        return;
    a->messages += messages;
    a->answer += (double)hit->answer * (double)messages;
    if (hit->client == INTERN_NONE)
        return;
    uint64_t *sum = &s->messages[hit->client];
    a->clients += *sum == 0;
    *sum += messages;
    a->client_known |= hit->client == s->known_client;
    if (*sum > s->most) {
        s->most = *sum;
        a->client = hit->client;
    }
}

/* Requests with no arrival between them share what the shortest of them explains; the
 * longer ones have the rest. */
static void group_credit(struct sharing *s, const struct share_hit *hits, size_t n)
{
    size_t to = hits[0].to;
    for (size_t i = 1; i < n; i++)
        to = hits[i].to < to ? hits[i].to : to;
    uint64_t shared = open_take(&s->open, hits[0].from, to);
    for (size_t i = 0; i < n; i++) {
        uint64_t own = open_take(&s->open, hits[i].from, hits[i].to);
        hit_credit(s, &hits[i], own + shared / n + (i < shared % n));
    }
}

/* How many requests were needed: each, the earliest first, takes a message of its own if it can. */
static uint64_t hits_needed(const struct share_hit *hits, size_t n)
{
    uint64_t needed = 0;
    size_t next = 0;
    for (size_t i = n; i-- > 0;) {
        if (next < hits[i].from)
            next = hits[i].from;
        needed += next < hits[i].to;
        next += next < hits[i].to;
    }
    return needed;
}

struct share sharing_add(struct sharing *s, const struct share_hit *hits, size_t n)
{
    s->share = (struct share){ .client = INTERN_NONE };
    s->most = 0;
    s->open.low = s->arrivals;
    s->open.n = 0;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && hits[end].from == hits[i].from; end++)
            ;
        group_credit(s, hits + i, end - i);
    }
    for (size_t i = 0; i < n; i++) {
        if (hits[i].client != INTERN_NONE)
            s->messages[hits[i].client] = 0;
    }
    s->share.needed = hits_needed(hits, n);
    return s->share;
}
