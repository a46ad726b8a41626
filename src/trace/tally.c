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

struct tally {
    struct hash_key key;
    struct intern *keys;            /* first byte: by */
    struct tally_row *rows;
    uint32_t room;
    struct pair *pairs;
    size_t mask, pair_count;
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

static size_t pair_place(const struct tally *t, const struct pair *p)
{
    size_t i = (size_t)((p->hash ^ (uint64_t)p->row * 0x9e3779b97f4a7c15u) & t->mask);
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
    t->pairs = must_array(t->mask + 1, sizeof *t->pairs);
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
    struct pair p = { hash_str(t->key, value) | 1, row, what };
    pair_add(t, &p);
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

void tally_merge(struct tally *into, const struct tally *from, uint32_t *map)
{
    uint32_t count = tally_count(from);
    uint32_t *own = map != NULL ? map : must_array(count, sizeof *own);
    for (uint32_t i = 0; i < count; i++) {
        own[i] = tally_row(into, from->rows[i].by, tally_key(from, i));
        row_merge(tally_at(into, own[i]), &from->rows[i]);
    }
    for (size_t i = 0; i <= from->mask; i++) {
        if (from->pairs[i].hash != 0) {
            struct pair p = from->pairs[i];
            p.row = own[p.row];
            pair_add(into, &p);
        }
    }
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
