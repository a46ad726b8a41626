/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_pending - entries in memory: what waits to be written
 *
 * A hash table under a secret key, since clients choose the keys, with a fixed
 * number of buckets, so that it never stalls to grow. Each table's entries
 * stand in the order of their last change, because when room is needed the
 * oldest go; they go from the table that takes most, so that a flood of
 * tallies does not push out the bans.
 *
 * Changed by one thread. While it is being written, nobody changes it.
 */
#ifndef POSTERN_STORE_STORE_PENDING_H
#define POSTERN_STORE_STORE_PENDING_H

#include "base/hash.h"
#include "store/store.h"

/* What is put, and what is found. */
struct pending_record {
    enum store_table table;
    bool removed;            /* the key is to be removed; value and end mean nothing */
    struct str key, value;
    int64_t ends;
};

struct pending_entry {
    struct pending_entry *chain;             /* the next in its bucket */
    struct pending_entry *older, *newer;     /* in its table */
    uint64_t hash;
    int64_t ends;
    uint16_t key_n, value_n;
    uint8_t table;
    bool removed;
    char bytes[];                            /* key, then value */
};

struct pending_list {
    struct pending_entry *oldest, *newest;
    size_t count, bytes;
};

struct pending {
    struct hash_key key;
    struct pending_entry **buckets;
    size_t mask;
    struct pending_list lists[STORE_TABLES];
    size_t sweep_at;                         /* the bucket to look at next */
    size_t count, bytes;                     /* over all; bytes with the entries' own size */
};

/* Empty, with buckets for entries of about `bytes_max`. */
void pending_init(struct pending *p, size_t bytes_max);
void pending_fini(struct pending *p);

/* Drop all entries. */
void pending_clear(struct pending *p);

/* The entry of a key, or NULL; it lives until the next change. */
struct pending_entry *pending_find(const struct pending *p, enum store_table t, struct str key);

/* Put, replacing; the entry is the newest of its table then. */
void pending_put(struct pending *p, const struct pending_record *r);

void pending_drop(struct pending *p, struct pending_entry *e);

/* Drop the oldest entry of the table that takes most. False if there is none. */
bool pending_drop_oldest(struct pending *p);

/* Drop what has ended, in the next `steps` buckets; how many it was. */
size_t pending_sweep(struct pending *p, int64_t now, size_t steps);

/* Put all of `from` that `into` does not have, as its oldest. `from` is empty then. */
void pending_merge(struct pending *into, struct pending *from);

/* The entries of a range, in the order of keys: a new array of pointers that the caller frees. */
struct pending_entry **pending_sorted(const struct pending *p, const struct store_range *range,
                                      size_t *count_out);

static inline struct str pending_key(const struct pending_entry *e)
{
    return str_make(e->bytes, e->key_n);
}

static inline struct str pending_value(const struct pending_entry *e)
{
    return str_make(e->bytes + e->key_n, e->value_n);
}

#endif
