/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top - rank the sources of a log
 *
 * Cuts the set into units (a compressed file, or 64 MiB of a plain one), lets threads
 * track them, and puts the results together in order. Memory does not grow with the
 * log: no more units are in work than there are threads, plus a few that wait.
 */
#ifndef POSTERN_TRACE_TOP_H
#define POSTERN_TRACE_TOP_H

#include <stddef.h>
#include <stdint.h>

#include "logs/logset.h"
#include "trace/tracker.h"

#define TOP_THREADS_MAX 64u

struct top_options {
    enum top_by by;
    int64_t since, until;       /* UTC, both included */
    unsigned threads;           /* at least 1 */
    int localhost_number;       /* -1: not known */
    /* Bytes on disk done of all, now and then, from the calling thread; may be NULL. */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};

struct top;

/* Track the set. Never NULL. */
struct top *top_new(const struct logset *set, const struct top_options *o);
void top_free(struct top **t);

/* Ordinary rows, the most messages first (rejections: the most refused recipients). */
size_t top_count(const struct top *t);
const struct tally_row *top_row(const struct top *t, size_t i);
struct str top_key(const struct top *t, size_t i);

/* The rows that stand apart: TALLY_REST, TALLY_BOUNCES, TALLY_AMBIGUOUS. */
const struct tally_row *top_apart(const struct top *t, uint32_t row);
struct str top_apart_key(const struct top *t, uint32_t row);

struct tracker_stats top_stats(const struct top *t);
bool top_full(const struct top *t);         /* a ceiling of the tally was reached */

/* What could not be read, one printable line each. */
size_t top_problems(const struct top *t);
const char *top_problem(const struct top *t, size_t i);

#endif
