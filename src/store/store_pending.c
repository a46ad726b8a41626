/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_pending - entries in memory: what waits to be written
 *
 * Chained hashing; the number of buckets is chosen from the ceiling in bytes
 * when the table is made and stays. At the ceiling a chain has about four
 * entries. Nothing here knows of ceilings: store.c does.
 */
#include "store/store_pending.h"

#include <stdlib.h>

#include "base/must.h"

#define BYTES_A_BUCKET 512u
#define BUCKETS_MIN 256u

void pending_init(struct pending *p, size_t bytes_max)
{
    size_t buckets = BUCKETS_MIN;
    while (buckets < bytes_max / BYTES_A_BUCKET)
        buckets *= 2;
    *p = (struct pending){ .key = hash_key_new(), .mask = buckets - 1 };
    p->buckets = must_array(buckets, sizeof *p->buckets);
}

void pending_clear(struct pending *p)
{
    for (size_t t = 0; t < STORE_TABLES; t++) {
        struct pending_entry *next;
        for (struct pending_entry *e = p->lists[t].oldest; e != NULL; e = next) {
            next = e->newer;
            free(e);
        }
        p->lists[t] = (struct pending_list){ 0 };
    }
    if (p->count > 0)
        memset(p->buckets, 0, (p->mask + 1) * sizeof *p->buckets);
    p->count = 0;
    p->bytes = 0;
}

void pending_fini(struct pending *p)
{
    pending_clear(p);
    free(p->buckets);
    *p = (struct pending){ 0 };
}

static uint64_t key_hash(const struct pending *p, enum store_table t, struct str key)
{
    return hash_u64(p->key, hash_str(p->key, key), t);
}

static struct pending_entry *entry_find(const struct pending *p, uint64_t hash, enum store_table t,
                                        struct str key)
{
    struct pending_entry *e = p->buckets[hash & p->mask];
    while (e != NULL && (e->hash != hash || e->table != t || !str_eq(pending_key(e), key)))
        e = e->chain;
    return e;
}

struct pending_entry *pending_find(const struct pending *p, enum store_table t, struct str key)
{
    if (p->count == 0)
        return NULL;
    return entry_find(p, key_hash(p, t, key), t, key);
}

static size_t entry_size(const struct pending_entry *e)
{
    return sizeof *e + e->key_n + e->value_n;
}

/* Take it out of its bucket and its list; it is the caller's then. */
static void entry_take(struct pending *p, struct pending_entry *e)
{
    struct pending_list *list = &p->lists[e->table];
    struct pending_entry **at = &p->buckets[e->hash & p->mask];
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    if (e->older != NULL)
        e->older->newer = e->newer;
    else
        list->oldest = e->newer;
    if (e->newer != NULL)
        e->newer->older = e->older;
    else
        list->newest = e->older;
    list->count--;
    list->bytes -= entry_size(e);
    p->count--;
    p->bytes -= entry_size(e);
}

/* Put it into its bucket and at one end of its list. */
static void entry_give(struct pending *p, struct pending_entry *e, bool as_newest)
{
    struct pending_list *list = &p->lists[e->table];
    e->chain = p->buckets[e->hash & p->mask];
    p->buckets[e->hash & p->mask] = e;
    e->older = as_newest ? list->newest : NULL;
    e->newer = as_newest ? NULL : list->oldest;
    if (e->older != NULL)
        e->older->newer = e;
    else
        list->oldest = e;
    if (e->newer != NULL)
        e->newer->older = e;
    else
        list->newest = e;
    list->count++;
    list->bytes += entry_size(e);
    p->count++;
    p->bytes += entry_size(e);
}

void pending_drop(struct pending *p, struct pending_entry *e)
{
    entry_take(p, e);
    free(e);
}

void pending_put(struct pending *p, const struct pending_record *r)
{
    must(r->key.n > 0 && r->key.n <= STORE_KEY_MAX && r->value.n <= STORE_VALUE_MAX);
    uint64_t hash = key_hash(p, r->table, r->key);
    struct pending_entry *old = entry_find(p, hash, r->table, r->key);
    struct pending_entry *e = must_alloc(sizeof *e + r->key.n + r->value.n);
    e->hash = hash;
    e->ends = r->ends;
    e->key_n = (uint16_t)r->key.n;
    e->value_n = (uint16_t)r->value.n;
    e->table = (uint8_t)r->table;
    e->removed = r->removed;
    memcpy(e->bytes, r->key.p, r->key.n);
    if (r->value.n > 0)
        memcpy(e->bytes + r->key.n, r->value.p, r->value.n);
    if (old != NULL)
        pending_drop(p, old);    /* last: the new bytes may have been its own */
    entry_give(p, e, true);
}

bool pending_drop_oldest(struct pending *p)
{
    struct pending_list *most = &p->lists[0];
    for (size_t t = 1; t < STORE_TABLES; t++) {
        if (p->lists[t].bytes > most->bytes)
            most = &p->lists[t];
    }
    if (most->oldest == NULL)
        return false;
    pending_drop(p, most->oldest);
    return true;
}

size_t pending_sweep(struct pending *p, int64_t now, size_t steps)
{
    size_t dropped = 0;
    for (; steps > 0 && p->count > 0; steps--) {
        struct pending_entry *next;
        for (struct pending_entry *e = p->buckets[p->sweep_at]; e != NULL; e = next) {
            next = e->chain;
            if (e->ends > now)
                continue;
            pending_drop(p, e);
            dropped++;
        }
        p->sweep_at = (p->sweep_at + 1) & p->mask;
    }
    return dropped;
}

void pending_merge(struct pending *into, struct pending *from)
{
    for (size_t t = 0; t < STORE_TABLES; t++) {
        struct pending_entry *e;
        while ((e = from->lists[t].newest) != NULL) {    /* so the oldest stays the oldest */
            entry_take(from, e);
            e->hash = key_hash(into, e->table, pending_key(e));
            if (entry_find(into, e->hash, e->table, pending_key(e)) == NULL)
                entry_give(into, e, false);
            else
                free(e);
        }
    }
}

static int by_key(const void *a, const void *b)
{
    const struct pending_entry *const *x = a, *const *y = b;
    return str_cmp(pending_key(*x), pending_key(*y));
}

struct pending_entry **pending_sorted(const struct pending *p, const struct store_range *range,
                                      size_t *count_out)
{
    const struct pending_list *list = &p->lists[range->table];
    struct pending_entry **sorted = must_array(list->count + 1, sizeof *sorted);
    size_t n = 0;
    for (struct pending_entry *e = list->oldest; e != NULL; e = e->newer) {
        struct str key = pending_key(e);
        if (str_starts(key, range->prefix) &&
            (str_empty(range->after) || str_cmp(key, range->after) > 0))
            sorted[n++] = e;
    }
    qsort(sorted, n, sizeof(struct pending_entry *), by_key);
    *count_out = n;
    return sorted;
}
