/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally - rows of counts by key
 *
 * The number of a row is the number of its key in an intern table. The distinct
 * values of all rows share one open-addressing set, which costs sixteen bytes for
 * each pair and no memory at all for the thousands of rows that have one.
 */
#include "trace/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/must.h"

struct pair {
    uint64_t hash;                  /* of the value, with its kind; 0 = free */
    uint32_t row;
    uint32_t what;
};

#define PAIRS_WAITING 32u           /* asked for in memory, not yet looked at */
#define MERGE_AHEAD 16u             /* the same while merging */

struct tally {
    struct hash_key key;
    struct intern *keys;            /* first byte: by */
    struct tally_row *rows;
    uint32_t room;
    struct pair *pairs;
    size_t mask, pair_count;
    struct pair waiting[PAIRS_WAITING];
    uint32_t waiting_count;
    bool full;
};

static uint32_t row_fixed(struct tally *t, const char *name)
{
    return tally_row(t, 0, str_c(name));
}

struct tally *tally_new(struct hash_key key)
{
    struct tally *t = must_alloc(sizeof *t);
    t->key = key;
    t->keys = intern_new(key, TALLY_ROWS_MAX, TALLY_KEY_BYTES_MAX);
    t->mask = 1023;
    t->pairs = must_array(t->mask + 1, sizeof *t->pairs);
    must(row_fixed(t, "(more)") == TALLY_REST);
    must(row_fixed(t, "(own bounces)") == TALLY_BOUNCES);
    must(row_fixed(t, "(ambiguous)") == TALLY_AMBIGUOUS);
    return t;
}

void tally_free(struct tally **t)
{
    if (*t == NULL)
        return;
    intern_free(&(*t)->keys);
    free((*t)->rows);
    free((*t)->pairs);
    free(*t);
    *t = NULL;
}

uint32_t tally_row(struct tally *t, uint8_t by, struct str key)
{
    char text[TALLY_KEY_MAX + 1];
    size_t n = key.n < TALLY_KEY_MAX ? key.n : TALLY_KEY_MAX;
    text[0] = (char)by;
    if (n > 0)
        memcpy(text + 1, key.p, n);
    uint32_t known = intern_count(t->keys);
    uint32_t row = intern_add(t->keys, str_make(text, n + 1));
    if (row == INTERN_NONE) {
        t->full = true;
        return TALLY_REST;
    }
    if (row < known)
        return row;
    if (row >= t->room) {
        t->room = t->room == 0 ? 256 : t->room * 2;
        t->rows = must_realloc(t->rows, t->room * sizeof *t->rows);
    }
    t->rows[row] = (struct tally_row){ .first = INT64_MAX, .last = INT64_MIN, .by = by };
    return row;
}

struct tally_row *tally_at(struct tally *t, uint32_t row)
{
    must(row < intern_count(t->keys));
    return &t->rows[row];
}

struct str tally_key(const struct tally *t, uint32_t row)
{
    return str_skip(intern_str(t->keys, row), 1);
}

uint32_t tally_count(const struct tally *t)
{
    return intern_count(t->keys);
}

void tally_message(struct tally *t, uint32_t row, int64_t when)
{
    struct tally_row *r = tally_at(t, row);
    r->messages++;
    if (when < r->first)
        r->first = when;
    if (when > r->last)
        r->last = when;
}

static inline size_t pair_home(const struct tally *t, const struct pair *p)
{
    return (size_t)((p->hash ^ (uint64_t)p->row * 0x9e3779b97f4a7c15u) & t->mask);
}

/* Have the place of a pair brought near. */
static inline void pair_fetch(const struct tally *t, const struct pair *p)
{
    __builtin_prefetch(&t->pairs[pair_home(t, p)]);
}

static size_t pair_place(const struct tally *t, const struct pair *p)
{
    size_t i = pair_home(t, p);
    while (t->pairs[i].hash != 0 &&
           (t->pairs[i].hash != p->hash || t->pairs[i].row != p->row ||
            t->pairs[i].what != p->what))
        i = (i + 1) & t->mask;
    return i;
}

static void pairs_grow(struct tally *t)
{
    struct pair *old = t->pairs;
    size_t old_size = t->mask + 1;
    t->mask = t->mask * 2 + 1;
    /* Written to from end to end: places are taken in no order, and a page that is read before it
     * is written costs two faults and stops the other threads for one of them. */
    t->pairs = must_realloc(NULL, (t->mask + 1) * sizeof *t->pairs);
    memset(t->pairs, 0, (t->mask + 1) * sizeof *t->pairs);
    for (size_t i = 0; i < old_size; i++) {
        if (old[i].hash != 0)
            t->pairs[pair_place(t, &old[i])] = old[i];
    }
    free(old);
}

static void pair_add(struct tally *t, const struct pair *p)
{
    size_t i = pair_place(t, p);
    if (t->pairs[i].hash != 0)
        return;
    if (t->pair_count == TALLY_PAIRS_MAX) {
        t->full = true;
        return;
    }
    t->pairs[i] = *p;
    t->pair_count++;
    struct tally_row *r = &t->rows[p->row];
    if (p->what == TALLY_SUBJECT)
        r->subjects++;
    else
        r->client_ips++;
    if (t->pair_count > t->mask / 4 * 3)
        pairs_grow(t);
}

void tally_distinct(struct tally *t, uint32_t row, enum tally_distinct what, struct str value)
{
    struct pair p = { hash_quick(t->key, value) | 1, row, what };
    pair_add(t, &p);
}

void tally_distinct_soon(struct tally *t, uint32_t row, enum tally_distinct what,
                         struct str value)
{
    if (t->waiting_count == PAIRS_WAITING)
        tally_settle(t);
    struct pair *p = &t->waiting[t->waiting_count++];
    *p = (struct pair){ hash_quick(t->key, value) | 1, row, what };
    pair_fetch(t, p);
}

void tally_settle(struct tally *t)
{
    for (uint32_t i = 0; i < t->waiting_count; i++)
        pair_add(t, &t->waiting[i]);
    t->waiting_count = 0;
}

static void row_merge(struct tally_row *into, const struct tally_row *from)
{
    into->messages += from->messages;
    into->recipients += from->recipients;
    for (size_t i = 0; i < 4; i++)
        into->outcomes[i] += from->outcomes[i];
    if (from->first < into->first)
        into->first = from->first;
    if (from->last > into->last)
        into->last = from->last;
}

/* In rounds of a few: first all places are asked for, then looked at. */
static void pairs_merge(struct tally *into, const struct tally *from, const uint32_t *map)
{
    struct pair some[MERGE_AHEAD];
    for (size_t i = 0; i <= from->mask;) {
        size_t n = 0;
        for (; i <= from->mask && n < MERGE_AHEAD; i++) {
            if (from->pairs[i].hash == 0)
                continue;
            some[n] = from->pairs[i];
            some[n].row = map[some[n].row];
            pair_fetch(into, &some[n++]);
        }
        for (size_t k = 0; k < n; k++)
            pair_add(into, &some[k]);
    }
}

void tally_merge(struct tally *into, const struct tally *from, uint32_t *map)
{
    uint32_t count = tally_count(from);
    uint32_t *own = map != NULL ? map : must_array(count, sizeof *own);
    for (uint32_t i = 0; i < count; i++) {
        own[i] = tally_row(into, from->rows[i].by, tally_key(from, i));
        row_merge(tally_at(into, own[i]), &from->rows[i]);
    }
    pairs_merge(into, from, own);
    into->full = into->full || from->full;
    if (own != map)
        free(own);
}

struct tally *tally_pruned(const struct tally *t, uint64_t least, const bool *keep, uint32_t *map)
{
    struct tally *into = tally_new(t->key);
    uint32_t count = tally_count(t);
    for (uint32_t i = 0; i < count; i++) {
        const struct tally_row *r = &t->rows[i];
        bool kept = i < TALLY_FIRST || keep[i] || r->messages >= least || r->recipients >= least;
        map[i] = kept ? tally_row(into, r->by, tally_key(t, i)) : TALLY_REST;
        row_merge(tally_at(into, map[i]), r);
    }
    for (size_t i = 0; i <= t->mask; i++) {
        struct pair p = t->pairs[i];
        if (p.hash == 0 || (map[p.row] == TALLY_REST && p.row != TALLY_REST))
            continue;
        p.row = map[p.row];
        pair_add(into, &p);
    }
    into->full = true;
    return into;
}

bool tally_full(const struct tally *t)
{
    return t->full;
}
