/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally - rows of counts by key
 *
 * What `postern top` shows: for each directory, mailbox, user ... how many
 * messages and recipients, what became of them, how many distinct subjects and
 * client addresses, and when. Distinct values are kept exactly, as one set of
 * (row, hash) pairs. Everything has a ceiling; what does not fit is counted in
 * one row of its own and reported, so that totals stay right.
 */
#ifndef POSTERN_TRACE_TALLY_H
#define POSTERN_TRACE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"

#define TALLY_ROWS_MAX 400000u
#define TALLY_KEY_BYTES_MAX ((size_t)64 << 20)
#define TALLY_PAIRS_MAX 1500000u
#define TALLY_KEY_MAX 512           /* bytes of one key; longer ones are cut */

/* The rows that every tally has. */
#define TALLY_REST 0u               /* past the ceiling */
#define TALLY_BOUNCES 1u            /* our own bounces: apart from senders */
#define TALLY_AMBIGUOUS 2u          /* submissions that more than one directory fits */
#define TALLY_FIRST 3u              /* the first ordinary row */

enum tally_distinct { TALLY_SUBJECT = 1, TALLY_CLIENT = 2 };

enum outcome { OUTCOME_QUEUED, OUTCOME_DELIVERED, OUTCOME_FAILED, OUTCOME_DEFERRED };

struct tally_row {
    uint64_t messages, recipients;
    uint64_t outcomes[4];           /* by enum outcome: recipients by their last one */
    uint64_t subjects, client_ips;
    int64_t first, last;            /* UTC of the first and last arrival; first > last: none */
    uint8_t by;                     /* which kind of key: the caller's enum */
};

struct tally;

/* `key` must be the same for tallies that are to be merged. */
struct tally *tally_new(struct hash_key key);
void tally_free(struct tally **t);

/* The row of that key, made if new; TALLY_REST past a ceiling. Rows of different `by` with the same
 * key are different rows. */
uint32_t tally_row(struct tally *t, uint8_t by, struct str key);

/* The counts of a row; the pointer is good until the next tally_row(). */
struct tally_row *tally_at(struct tally *t, uint32_t row);
struct str tally_key(const struct tally *t, uint32_t row);
uint32_t tally_count(const struct tally *t);

/* A message of this row arrived. */
void tally_message(struct tally *t, uint32_t row, int64_t when);

/* Count a value for a row if it is new to it. */
void tally_distinct(struct tally *t, uint32_t row, enum tally_distinct what, struct str value);

/* The same, but not at once: the place in the set is far away in memory, and asking for several at
 * a time hides the way. tally_settle() before anything of the tally but its rows' other counts is
 * looked at, and before it is merged or pruned. */
void tally_distinct_soon(struct tally *t, uint32_t row, enum tally_distinct what,
                         struct str value);
void tally_settle(struct tally *t);

/* Add all of `from` to `into`. `map`, if not NULL, must have room for tally_count(from) numbers
 * and receives the row in `into` of each row of `from`. */
void tally_merge(struct tally *into, const struct tally *from, uint32_t *map);

/* A smaller copy: rows with keep[row] false and fewer than `least` messages and recipients are
 * added up in TALLY_REST. `map` receives the new number of each row. The caller frees both. */
struct tally *tally_pruned(const struct tally *t, uint64_t least, const bool *keep, uint32_t *map);

/* True if a ceiling was reached: distinct counts are then lower bounds, and TALLY_REST is in
 * use. */
bool tally_full(const struct tally *t);

#endif
