/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_cache - the runs found so far
 *
 * A short list, searched from the front: there are few sources in a queue, and a comparison
 * costs nothing beside the reading of a log.
 */
#include "trace/run_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"

struct cached {
    enum top_by by;
    struct run run;
    char *key;                   /* heap */
    size_t key_n;
    int64_t *arrivals;           /* heap */
    size_t count;
};

struct run_cache {
    struct cached runs[RUN_CACHE_MAX];
    unsigned next;
};

struct run_cache *run_cache_new(void)
{
    return must_alloc(sizeof(struct run_cache));
}

static void cached_fini(struct cached *r)
{
    free(r->key);
    free(r->arrivals);
    *r = (struct cached){ .key = NULL };
}

void run_cache_free(struct run_cache **c)
{
    if (*c == NULL)
        return;
    for (unsigned i = 0; i < RUN_CACHE_MAX; i++)
        cached_fini(&(*c)->runs[i]);
    free(*c);
    *c = NULL;
}

static const struct cached *lookup(const struct run_cache *c, const struct run_query *q)
{
    for (unsigned i = 0; i < RUN_CACHE_MAX; i++) {
        const struct cached *r = &c->runs[i];
        if (r->key != NULL && r->by == q->by && str_eq(str_make(r->key, r->key_n), q->key) &&
            q->when >= r->run.first && q->when <= r->run.last)
            return r;
    }
    return NULL;
}

static void remember(struct run_cache *c, const struct run_query *q, const struct run *run,
                     const struct run_arrivals *arrivals)
{
    struct cached *r = &c->runs[c->next++ % RUN_CACHE_MAX];
    cached_fini(r);
    r->by = q->by;
    r->run = *run;
    r->key_n = q->key.n;
    r->key = must_alloc(q->key.n);
    memcpy(r->key, q->key.p, q->key.n);
    r->count = arrivals->count;
    r->arrivals = must_array(arrivals->count, sizeof *r->arrivals);
    if (arrivals->count > 0)
        memcpy(r->arrivals, arrivals->at, arrivals->count * sizeof *r->arrivals);
}

struct run run_cache_find(struct run_cache *c, const struct logset *set, const struct run_query *q,
                          struct arena *arena, struct run_arrivals *out)
{
    const struct cached *known = c == NULL ? NULL : lookup(c, q);
    if (known == NULL) {
        struct run run = run_find(set, q, arena, out);
        if (c != NULL && run.known && q->key.n > 0)
            remember(c, q, &run, out);
        return run;
    }
    *out = (struct run_arrivals){ .count = 0 };
    out->at = arena_alloc(arena, known->count * sizeof *out->at);
    if (out->at == NULL)
        return known->run;
    if (known->count > 0)
        memcpy(out->at, known->arrivals, known->count * sizeof *out->at);
    out->count = known->count;
    return known->run;
}
