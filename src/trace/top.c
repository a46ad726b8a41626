/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top - rank the sources of a log
 *
 * Threads take units from the front of a list; the calling thread absorbs finished
 * ones in the order of the log, so the result does not depend on who was
 * faster. A thread does not begin a unit that is further ahead of the absorbed
 * ones than the others can use: that is what bounds memory.
 *
 * A compressed file cannot be cut, so at the end, or with one file only, a thread would have
 * nothing to do. It then relieves one that is reading a compressed file: the
 * other goes on inflating and hands over block after block, and this one tracks them.
 */
#define _GNU_SOURCE
#include "trace/top.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "logs/logreader.h"
#include "trace/handover.h"

#define UNIT_SIZE ((uint64_t)64 << 20)
#define UNITS_WAITING 2u            /* finished units that may wait to be absorbed */
#define PROBLEMS_MAX 200u

struct unit {
    const struct logfile *file;
    uint64_t begin, end;
    int64_t utc;                    /* entered by this time, or INT64_MIN */
    struct tracker *tracker;
    char *problem;                  /* heap, or NULL */
    struct handover *handover;      /* NULL: who reads it also tracks it */
    unsigned hands;                 /* threads at work on it */
    bool done;
};

struct top {
    struct top_options o;
    struct hash_key key;
    struct unit *units;
    size_t unit_count, unit_room;
    size_t next, absorbed;          /* guarded by `lock` from here on */
    unsigned reading, idle;         /* threads that read a unit; that found none */
    struct unit *relieve;           /* wants somebody who tracks it, or NULL */
    uint64_t bytes_done, bytes_total;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct tracker *result;
    uint32_t *order;
    size_t count;
    char *problems[PROBLEMS_MAX];
    size_t problem_count;
};

/* --- units --- */

static void unit_add(struct top *t, const struct logfile *f, uint64_t begin, uint64_t end,
                     int64_t utc)
{
    if (t->unit_count == t->unit_room) {
        t->unit_room = t->unit_room == 0 ? 16 : t->unit_room * 2;
        t->units = must_realloc(t->units, t->unit_room * sizeof *t->units);
    }
    t->units[t->unit_count++] = (struct unit){ .file = f, .begin = begin, .end = end, .utc = utc };
    t->bytes_total += f->packing == LOG_PLAIN ? end - begin : f->size;
}

static void units_of_file(struct top *t, const struct logfile *f)
{
    if (f->packing != LOG_PLAIN) {
        unit_add(t, f, 0, UINT64_MAX, INT64_MIN);
        return;
    }
    bool by_time = t->o.since > f->first;
    uint64_t at = by_time ? logfile_seek(f, t->o.since - 60) : 0;
    int64_t utc = by_time ? t->o.since : INT64_MIN;
    while (at < f->size) {
        uint64_t end = f->size - at > UNIT_SIZE + UNIT_SIZE / 4 ? at + UNIT_SIZE : f->size;
        unit_add(t, f, at, end, utc);
        at = end;
    }
}

/* --- the work of a thread --- */

/* The next thing to do: a unit to read, or one to track for somebody else (it has a handover then).
 * NULL when there is nothing more, now or later. */
static struct unit *unit_take(struct top *t)
{
    struct unit *u = NULL;
    pthread_mutex_lock(&t->lock);
    while (t->next < t->unit_count && t->next >= t->absorbed + t->o.threads + UNITS_WAITING)
        pthread_cond_wait(&t->changed, &t->lock);
    if (t->next < t->unit_count) {
        u = &t->units[t->next++];
        u->hands = 1;
        t->reading++;
    } else {
        t->idle++;
        while (t->relieve == NULL && t->reading > 0)
            pthread_cond_wait(&t->changed, &t->lock);
        t->idle--;
        u = t->relieve;
        t->relieve = NULL;
    }
    pthread_mutex_unlock(&t->lock);
    return u;
}

static void bytes_add(struct top *t, uint64_t n)
{
    pthread_mutex_lock(&t->lock);
    t->bytes_done += n;
    if (t->o.progress != NULL)
        pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

/* One thread less is at work on a unit. */
static void unit_leave(struct top *t, struct unit *u, bool was_reading)
{
    pthread_mutex_lock(&t->lock);
    t->reading -= was_reading;
    u->done = --u->hands == 0;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

/* If a thread is idle, it shall track this unit from now on. True once that is so. */
static bool unit_share(struct top *t, struct unit *u)
{
    if (u->handover != NULL)
        return true;
    pthread_mutex_lock(&t->lock);
    if (t->idle > 0 && t->relieve == NULL) {
        u->handover = handover_new(LOG_BLOCK_SIZE);
        u->hands++;
        t->relieve = u;
        pthread_cond_broadcast(&t->changed);
    }
    pthread_mutex_unlock(&t->lock);
    return u->handover != NULL;
}

/* Track what another thread reads. */
static void unit_track(struct top *t, struct unit *u)
{
    struct str block;
    while (!tracker_passed(u->tracker) && handover_take(u->handover, &block))
        tracker_feed(u->tracker, block);
    handover_refuse(u->handover);
    unit_leave(t, u, false);
}

/* What is done with a block. False when the unit wants no more of them. */
static bool block_use(struct top *t, struct unit *u, struct str block)
{
    bool plain = u->file->packing == LOG_PLAIN;
    if (!plain && unit_share(t, u))
        return handover_give(u->handover, block);
    tracker_feed(u->tracker, block);
    if (plain)
        bytes_add(t, block.n);
    return !tracker_passed(u->tracker);
}

static void unit_read(struct top *t, struct unit *u)
{
    struct err err;
    struct logblock block;
    struct logreader *r = logreader_new(u->file, u->begin, u->end);
    int rc;
    tracker_file(u->tracker, u->file, u->begin, u->utc);
    while ((rc = logreader_next(r, &block, &err)) == 1) {
        if (!block_use(t, u, block.bytes))
            break;
    }
    if (rc < 0)
        u->problem = strdup(err.text);
    if (u->file->packing != LOG_PLAIN)
        bytes_add(t, u->file->size);
    logreader_free(&r);
    if (u->handover != NULL)
        handover_end(u->handover);
    unit_leave(t, u, true);
}

static void *work(void *arg)
{
    struct top *t = arg;
    struct unit *u;
    while ((u = unit_take(t)) != NULL) {
        if (u->handover != NULL) {
            unit_track(t, u);
            continue;
        }
        struct tracker_options o = {
            .by = t->o.by, .since = t->o.since, .until = t->o.until, .key = t->key,
            .localhost_number = t->o.localhost_number, .continues = u != t->units,
        };
        u->tracker = tracker_new(&o);
        unit_read(t, u);
    }
    return NULL;
}

/* --- putting together --- */

static void problem_take(struct top *t, struct unit *u)
{
    if (u->problem != NULL && t->problem_count < PROBLEMS_MAX)
        t->problems[t->problem_count++] = u->problem;
    else
        free(u->problem);
    u->problem = NULL;
}

static void unit_absorb(struct top *t, struct unit *u)
{
    if (t->result == NULL)
        t->result = u->tracker;
    else
        tracker_absorb(t->result, &u->tracker);
    u->tracker = NULL;
    handover_free(&u->handover);
    problem_take(t, u);
}

/* Wait until the unit is done; say how far all is meanwhile. */
static void unit_wait(struct top *t, const struct unit *u)
{
    pthread_mutex_lock(&t->lock);
    while (!u->done) {
        pthread_cond_wait(&t->changed, &t->lock);
        uint64_t done = t->bytes_done;
        if (t->o.progress != NULL && !u->done) {
            pthread_mutex_unlock(&t->lock);
            t->o.progress(t->o.ctx, done, t->bytes_total);
            pthread_mutex_lock(&t->lock);
        }
    }
    pthread_mutex_unlock(&t->lock);
}

static void units_absorb(struct top *t)
{
    for (size_t i = 0; i < t->unit_count; i++) {
        unit_wait(t, &t->units[i]);
        unit_absorb(t, &t->units[i]);
        pthread_mutex_lock(&t->lock);
        t->absorbed = i + 1;
        pthread_cond_broadcast(&t->changed);
        pthread_mutex_unlock(&t->lock);
    }
}

static void track(struct top *t)
{
    pthread_t threads[TOP_THREADS_MAX];
    unsigned started = 0;
    while (started < t->o.threads && pthread_create(&threads[started], NULL, work, t) == 0)
        started++;
    if (started == 0) {
        /* No thread to be had: one unit after the other, here. */
        t->o.threads = (unsigned)t->unit_count + 1;
        work(t);
    }
    units_absorb(t);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

/* --- ranking --- */

static uint64_t rank_value(const struct top *t, uint32_t row)
{
    const struct tally_row *r = tally_at(tracker_tally(t->result), row);
    return t->o.by == BY_REJECTED || t->o.by == BY_DOMAIN ? r->recipients : r->messages;
}

static int rank_compare(const void *a, const void *b, void *ctx)
{
    const struct top *t = ctx;
    uint32_t ia = *(const uint32_t *)a, ib = *(const uint32_t *)b;
    uint64_t va = rank_value(t, ia), vb = rank_value(t, ib);
    if (va != vb)
        return va < vb ? 1 : -1;
    struct tally *tally = tracker_tally(t->result);
    return str_cmp(tally_key(tally, ia), tally_key(tally, ib));
}

static void rank(struct top *t)
{
    struct tally *tally = tracker_tally(t->result);
    uint32_t all = tally_count(tally);
    t->order = must_array(all, sizeof *t->order);
    for (uint32_t row = TALLY_FIRST; row < all; row++) {
        const struct tally_row *r = tally_at(tally, row);
        if (r->messages > 0 || r->recipients > 0)
            t->order[t->count++] = row;
    }
    qsort_r(t->order, t->count, sizeof *t->order, rank_compare, t);
}

struct top *top_new(const struct logset *set, const struct top_options *o)
{
    struct top *t = must_alloc(sizeof *t);
    size_t from, to;
    t->o = *o;
    must(o->threads >= 1 && o->threads <= TOP_THREADS_MAX);
    t->key = hash_key_new();
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    logset_span(set, o->since, o->until, &from, &to);
    for (size_t i = from; i < to; i++) {
        if (logset_can_hold(set, i, o->since, o->until))
            units_of_file(t, logset_file(set, i));
    }
    track(t);
    if (t->result == NULL) {
        struct tracker_options none = { .by = o->by, .key = t->key, .localhost_number = -1 };
        t->result = tracker_new(&none);
    }
    tracker_finish(t->result);
    rank(t);
    return t;
}

void top_free(struct top **t)
{
    if (*t == NULL)
        return;
    tracker_free(&(*t)->result);
    for (size_t i = 0; i < (*t)->problem_count; i++)
        free((*t)->problems[i]);
    pthread_mutex_destroy(&(*t)->lock);
    pthread_cond_destroy(&(*t)->changed);
    free((*t)->units);
    free((*t)->order);
    free(*t);
    *t = NULL;
}

size_t top_count(const struct top *t)
{
    return t->count;
}

const struct tally_row *top_row(const struct top *t, size_t i)
{
    must(i < t->count);
    return tally_at(tracker_tally(t->result), t->order[i]);
}

struct str top_key(const struct top *t, size_t i)
{
    must(i < t->count);
    return tally_key(tracker_tally(t->result), t->order[i]);
}

const struct tally_row *top_apart(const struct top *t, uint32_t row)
{
    must(row < TALLY_FIRST);
    return tally_at(tracker_tally(t->result), row);
}

struct str top_apart_key(const struct top *t, uint32_t row)
{
    must(row < TALLY_FIRST);
    return tally_key(tracker_tally(t->result), row);
}

struct tracker_stats top_stats(const struct top *t)
{
    return tracker_stats(t->result);
}

bool top_full(const struct top *t)
{
    return tally_full(tracker_tally(t->result));
}

size_t top_problems(const struct top *t)
{
    return t->problem_count;
}

const char *top_problem(const struct top *t, size_t i)
{
    return t->problems[i];
}
