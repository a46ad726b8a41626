/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_cache - the runs found so far
 *
 * A queue full of spam holds thousands of messages of one run. The run is found once;
 * a message of the same source whose arrival lies within it has the same one.
 */
#ifndef POSTERN_TRACE_RUN_CACHE_H
#define POSTERN_TRACE_RUN_CACHE_H

#include "trace/run.h"

#define RUN_CACHE_MAX 64u        /* runs kept; the oldest makes room */

struct run_cache;

struct run_cache *run_cache_new(void);
void run_cache_free(struct run_cache **c);

/* As run_find(), from the cache where it has the run. `c` may be NULL. */
struct run run_cache_find(struct run_cache *c, const struct logset *set, const struct run_query *q,
                          struct arena *arena, struct run_arrivals *out);

#endif
