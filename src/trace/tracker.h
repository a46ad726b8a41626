/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker - from log lines to counts by source
 *
 * Eats a log in order and keeps a tally: which source handed in how many
 * messages and what became of their recipients. `postern top` shows the tally;
 * the run of a traced source is one row of it.
 *
 * A log may be cut into units that are tracked at the same time in threads.
 * Three things cross the edge of a unit, and tracker_absorb() puts them
 * together again, as if one tracker had read all: messages under way, lines
 * whose arrival is in the unit before, and local arrivals so early in a unit
 * that their cwd line may be in the one before ("held"; see tracker_edge.c).
 * If the clock was set back by more than an hour between an arrival and the
 * next unit, outcomes in that unit are missed. Where the log has no pids, two
 * things can reach back further and may turn a likely directory into a tie,
 * or back: sessions of local SMTP (-bs), and submissions that were given up,
 * whose lines cast doubt on those that follow.
 *
 * Only what a message says of itself by its place in the line counts: a subject
 * that looks like a login is a subject. Queue listings and the like are no
 * submissions. Our own bounces have a row apart; what makes one is its user, for anybody can write
 * R= with -E.
 */
#ifndef POSTERN_TRACE_TRACKER_H
#define POSTERN_TRACE_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"
#include "logs/logfile.h"
#include "trace/tally.h"

/* What a row is. BY_SOURCE mixes the first four: each message counts once, under the
 * most telling key it has, and mail that came from outside is left out. */
enum top_by {
    BY_SOURCE,            /* a directory only where it tells who sent: sites_place_tells() */
    BY_SCRIPT,            /* directory of the submission, whoever stood there */
    BY_LOGIN,             /* mailbox that authenticated */
    BY_USER,              /* local user; with cPanel also the account of authenticated mail */
    BY_HOST,              /* client address */
    BY_SENDER,
    BY_SUBJECT,
    BY_DOMAIN,            /* of the recipients */
    BY_REJECTED,          /* client address, by refused recipients */
};

const char *top_by_name(enum top_by by);

struct sites;

struct tracker_options {
    enum top_by by;
    int64_t since, until;          /* UTC, both included; INT64_MIN/INT64_MAX for no limit */
    struct hash_key key;           /* one for all units */
    int localhost_number;          /* -1: not known */
    bool continues;                /* a unit comes before this one: hold early arrivals */
    bool thorough;                 /* take no short cut: tests compare what comes of it */
    /* Only this source: other keys are not counted. Of a directory then only what those sent who
     * belong there, as BY_SOURCE counts it. Empty key: all. The bytes must outlive the tracker. */
    enum top_by only_by;
    struct str only_key;
    struct sites *sites;           /* tell whose a directory is; NULL: by the names alone. It is not
                                      to be shared between threads */
    /* Called for each counted message, in the order of the log; may be NULL. */
    void (*on_message)(void *ctx, int64_t when);
    void *ctx;
};

struct tracker;

struct tracker *tracker_new(const struct tracker_options *o);
void tracker_free(struct tracker **t);

/* The next bytes to come are from this file, from byte `at` on (at `utc` if it is entered by time,
 * else INT64_MIN). What stands before decides whether the first lines are lines; see cwdname.h. */
void tracker_file(struct tracker *t, const struct logfile *f, uint64_t at, int64_t utc);

/* Whole lines, in order, and all of them. */
void tracker_feed(struct tracker *t, struct str block);

/* True when the lines are well past the end of the span: nothing more can count. */
bool tracker_passed(const struct tracker *t);

/* Take over all of `next`, the unit that follows; `next` is freed. */
void tracker_absorb(struct tracker *t, struct tracker **next);

/* No more lines: count what is still under way (its recipients without an outcome are
 * queued). Once, at the very end. */
void tracker_finish(struct tracker *t);

/* The counts; valid as long as the tracker. */
struct tally *tracker_tally(struct tracker *t);

struct tracker_stats {
    uint64_t lines, messages, from_outside, evicted;
    uint64_t beyond;               /* outcomes of recipients past the ceilings of openmsg.h, which
                                      are not counted */
    int64_t first, last;           /* UTC of the span's first and last line; first > last: none */
    int64_t latest_message;        /* UTC of the latest counted message, INT64_MIN if none */
    int64_t clock_back;            /* the largest step back of the log's clock, seconds */
    bool any_cwd;                  /* a cwd line was seen: +arguments is on */
};
struct tracker_stats tracker_stats(const struct tracker *t);

#endif
