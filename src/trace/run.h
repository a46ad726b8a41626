/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run - all that one source sent in one stretch
 *
 * A spam run is the messages of one directory, mailbox, user or host without a
 * pause of more than RUN_GAP. It is looked for in both directions from the
 * traced message, at most RUN_REACH each way, and counted by the same tracker
 * that `postern top` uses.
 */
#ifndef POSTERN_TRACE_RUN_H
#define POSTERN_TRACE_RUN_H

#include <stdint.h>

#include "base/arena.h"
#include "logs/logset.h"
#include "trace/report.h"
#include "trace/tracker.h"

#define RUN_GAP 3600             /* seconds without a message that end a run */
#define RUN_REACH (7 * 86400)    /* seconds from the message, each way */
#define RUN_ARRIVALS_MAX 100000u /* times kept for the web evidence */

struct run_query {
    enum top_by by;              /* kind of the key: BY_SCRIPT (of a directory that tells its owner,
                                    see sites_place_tells()), BY_LOGIN, BY_USER, BY_HOST */
    struct str key;
    int64_t when;                /* UTC of the arrival that was traced */
    int localhost_number;
    struct sites *sites;         /* tell whose a directory is; may be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void (*problem)(void *ctx, const char *text);
    void *ctx;
};

/* The times of a run's messages, ascending, at most RUN_ARRIVALS_MAX. */
struct run_arrivals {
    int64_t *at;                 /* in an arena; NULL if there are none */
    size_t count;
};

/* Find and count; the times go to `arena`. */
struct run run_find(const struct logset *set, const struct run_query *q, struct arena *arena,
                    struct run_arrivals *out);

#endif
