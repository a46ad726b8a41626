/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run - all that one source sent in one stretch
 *
 * First the beginning is found by going back, an hour of a plain file at a time and twice as
 * much with each step (a compressed file as a whole: it can only be read from its
 * start). Then one pass forwards counts everything, until the source has been
 * silent for RUN_GAP.
 */
#include "trace/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "logs/logreader.h"

/* Seconds before a moment at which a submission for it may have been logged. */
#define JOIN_EDGE 60

struct times {                   /* of the source's messages in what was read */
    int64_t *at;
    size_t count, room;
};

struct finder {
    const struct logset *set;
    const struct run_query *q;
    struct times times;
};

static void times_add(void *ctx, int64_t when)
{
    struct times *t = ctx;
    if (t->count == RUN_ARRIVALS_MAX)
        return;
    if (t->count == t->room) {
        t->room = t->room == 0 ? 256 : t->room * 2;
        t->at = must_realloc(t->at, t->room * sizeof *t->at);
    }
    t->at[t->count++] = when;
}

static struct tracker *tracker_for(struct finder *f, int64_t since, int64_t until)
{
    struct tracker_options o = {
        .by = f->q->by, .since = since, .until = until, .key = hash_key_new(),
        .localhost_number = f->q->localhost_number, .only_by = f->q->by, .only_key = f->q->key,
        .sites = f->q->sites,
        .on_message = times_add, .ctx = &f->times,
    };
    return tracker_new(&o);
}

/* Feed one file from `since` on. `silence`: stop when the source has not sent for RUN_GAP
 * after `after`. False when there is no need for another file. */
static bool file_feed(struct finder *f, struct tracker *t, const struct logfile *file,
                      int64_t since, int64_t after)
{
    struct err err;
    struct logblock b;
    bool plain = file->packing == LOG_PLAIN;
    bool enter = plain && since > file->first;
    uint64_t begin = enter ? logfile_seek(file, since - JOIN_EDGE) : 0;
    struct logreader *r = logreader_new(file, begin, UINT64_MAX);
    int rc = 0;
    bool more = true;
    tracker_file(t, file, begin, enter ? since : INT64_MIN);
    while (more && (rc = logreader_next(r, &b, &err)) == 1) {
        tracker_feed(t, b.bytes);
        int64_t latest = tracker_stats(t).latest_message;
        int64_t quiet_from = latest > after ? latest : after;
        more = !tracker_passed(t) && tracker_stats(t).last <= quiet_from + RUN_GAP;
        if (f->q->progress != NULL)
            f->q->progress(f->q->ctx, b.offset, file->size);
    }
    if (rc < 0 && f->q->problem != NULL)
        f->q->problem(f->q->ctx, err.text);
    logreader_free(&r);
    return more;
}

static int time_compare(const void *a, const void *b)
{
    int64_t ta = *(const int64_t *)a, tb = *(const int64_t *)b;
    return (ta > tb) - (ta < tb);
}

/* The earliest message that is connected to `begin` by pauses of at most RUN_GAP. */
static int64_t connected_from(struct times *t, int64_t begin)
{
    if (t->count > 0)
        qsort(t->at, t->count, sizeof *t->at, time_compare);
    for (size_t i = t->count; i > 0; i--) {
        if (t->at[i - 1] >= begin)
            continue;
        if (begin - t->at[i - 1] > RUN_GAP)
            break;
        begin = t->at[i - 1];
    }
    return begin;
}

/* The file that holds the moment just before `utc`. */
static const struct logfile *file_before(const struct logset *set, int64_t utc)
{
    const struct logfile *best = NULL;
    for (size_t i = 0; i < logset_count(set); i++) {
        if (logset_file(set, i)->first < utc)
            best = logset_file(set, i);
    }
    return best;
}

static int64_t begin_find(struct finder *f, bool *open_out)
{
    int64_t begin = f->q->when, floor = f->q->when - RUN_REACH, searched = begin;
    int64_t step = RUN_GAP;
    while (begin - RUN_GAP < searched && searched > floor) {
        const struct logfile *file = file_before(f->set, searched);
        if (file == NULL)
            break;
        int64_t from = file->packing == LOG_PLAIN ? searched - step : file->first;
        from = from < file->first ? file->first : from;
        from = from < floor ? floor : from;
        f->times.count = 0;
        struct tracker *t = tracker_for(f, from, searched);
        file_feed(f, t, file, from, searched);
        tracker_free(&t);
        begin = connected_from(&f->times, begin);
        if (from >= searched)
            break;
        searched = from;
        step *= 2;
    }
    *open_out = searched <= floor || searched <= logset_first(f->set);
    *open_out = *open_out && begin - RUN_GAP < searched;
    return begin;
}

static void run_fill(struct run *run, struct tracker *t, const struct run_query *q)
{
    tracker_finish(t);
    struct tally *tally = tracker_tally(t);
    uint32_t row = tally_row(tally, (uint8_t)q->by, q->key);
    const struct tally_row *r = tally_at(tally, row);
    *run = (struct run){
        .known = r->messages > 0, .messages = r->messages, .recipients = r->recipients,
        .delivered = r->outcomes[OUTCOME_DELIVERED], .failed = r->outcomes[OUTCOME_FAILED],
        .deferred = r->outcomes[OUTCOME_DEFERRED], .queued = r->outcomes[OUTCOME_QUEUED],
        .subjects = r->subjects, .first = r->first, .last = r->last,
        .at_least = tracker_stats(t).beyond > 0,
    };
}

static void arrivals_copy(const struct times *t, struct arena *arena, struct run_arrivals *out)
{
    *out = (struct run_arrivals){ .count = 0 };
    if (t->count == 0)
        return;
    out->at = arena_alloc(arena, t->count * sizeof *out->at);
    if (out->at == NULL)
        return;
    memcpy(out->at, t->at, t->count * sizeof *t->at);
    out->count = t->count;
    qsort(out->at, out->count, sizeof *out->at, time_compare);
}

struct run run_find(const struct logset *set, const struct run_query *q, struct arena *arena,
                    struct run_arrivals *out)
{
    struct finder f = { .set = set, .q = q };
    struct run run;
    size_t from, to;
    bool open_begin, more = true;
    int64_t begin = begin_find(&f, &open_begin);
    f.times.count = 0;
    /* The clock of a line and that of its id may differ by the time of reception. */
    struct tracker *t = tracker_for(&f, begin - 1, q->when + RUN_REACH);
    logset_span(set, begin - JOIN_EDGE, q->when + RUN_REACH, &from, &to);
    for (size_t i = from; i < to && more; i++) {
        if (logset_can_hold(set, i, begin - JOIN_EDGE, q->when + RUN_REACH))
            more = file_feed(&f, t, logset_file(set, i), begin, q->when);
    }
    run_fill(&run, t, q);
    run.open_begin = open_begin;
    run.open_end = more;
    arrivals_copy(&f.times, arena, out);
    tracker_free(&t);
    free(f.times.at);
    return run;
}
