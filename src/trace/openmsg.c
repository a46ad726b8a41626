/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * openmsg - the messages that are under way at one point of a log
 *
 * A pool of entries and an open-addressing index over it. Removal shifts the
 * index back instead of leaving marks, so a log of any length leaves the table
 * as fast as it was. The hand that evicts goes round the pool: it meets old
 * entries first, since new ones take the places of those that completed.
 */
#include "trace/openmsg.h"

#include <stdlib.h>

#include "base/must.h"

#define SLOTS_FEW 16u               /* up to so many are searched one by one; a power of two */

struct opentable {
    struct hash_key key;
    struct openmsg *pool;
    uint32_t room, high, hand;  /* allocated; ever used; next to evict */
    uint32_t *free_list;
    uint32_t free_count;
    uint64_t *index;            /* place in the pool + 1, with bits of the hash above; 0 = free */
    size_t mask, count;
    size_t slots;               /* room in `more` of all entries */
    uint64_t evicted;
};

struct opentable *opentable_new(struct hash_key key)
{
    struct opentable *t = must_alloc(sizeof *t);
    t->key = key;
    t->mask = 1023;
    t->index = must_array(t->mask + 1, sizeof *t->index);
    return t;
}

void opentable_free(struct opentable **t)
{
    if (*t == NULL)
        return;
    for (uint32_t i = 0; i < (*t)->high; i++) {
        free((*t)->pool[i].more);
        free((*t)->pool[i].index);
    }
    free((*t)->pool);
    free((*t)->free_list);
    free((*t)->index);
    free(*t);
    *t = NULL;
}

/* The key is mixed in so that chosen ids cannot pile up in one place. The lower half says where to
 * look, the upper one is kept beside the place: most of what is looked for is not there, and then
 * the pool need not be touched. */
static inline uint64_t hash_of(const struct opentable *t, struct msgid_key id)
{
    return hash_pair(t->key, id.lo, id.hi);
}

static inline uint32_t number_at(const struct opentable *t, size_t i)
{
    return (uint32_t)t->index[i];
}

/* The message at a place of the index that is not free. */
static inline struct openmsg *message_at(const struct opentable *t, size_t i)
{
    return &t->pool[number_at(t, i) - 1];
}

static inline size_t place_of(const struct opentable *t, struct msgid_key id, uint64_t hash)
{
    size_t i = (size_t)hash & t->mask;
    while (t->index[i] != 0 &&
           (t->index[i] >> 32 != hash >> 32 || message_at(t, i)->id.hi != id.hi ||
            message_at(t, i)->id.lo != id.lo))
        i = (i + 1) & t->mask;
    return i;
}

struct openmsg *opentable_find(struct opentable *t, struct msgid_key id)
{
    size_t i = place_of(t, id, hash_of(t, id));
    return t->index[i] == 0 ? NULL : message_at(t, i);
}

static void index_put(struct opentable *t, struct msgid_key id, uint32_t number)
{
    uint64_t hash = hash_of(t, id);
    t->index[place_of(t, id, hash)] = hash >> 32 << 32 | number;
}

static void index_grow(struct opentable *t)
{
    uint64_t *old = t->index;
    size_t old_size = t->mask + 1;
    t->mask = t->mask * 2 + 1;
    t->index = must_array(t->mask + 1, sizeof *t->index);
    for (size_t i = 0; i < old_size; i++) {
        if (old[i] != 0)
            index_put(t, t->pool[(uint32_t)old[i] - 1].id, (uint32_t)old[i]);
    }
    free(old);
}

static uint32_t pool_take(struct opentable *t)
{
    if (t->free_count > 0)
        return t->free_list[--t->free_count];
    if (t->high == t->room) {
        t->room = t->room == 0 ? 256 : t->room * 2;
        t->pool = must_realloc(t->pool, t->room * sizeof *t->pool);
        t->free_list = must_realloc(t->free_list, t->room * sizeof *t->free_list);
    }
    t->pool[t->high] = (struct openmsg){ .used = false };
    return t->high++;
}

struct openmsg *opentable_add(struct opentable *t, struct msgid_key id,
                              void (*evict)(void *ctx, struct openmsg *m), void *ctx)
{
    if (t->count >= OPENMSG_MAX) {
        while (!t->pool[t->hand % t->high].used)
            t->hand++;
        struct openmsg *oldest = &t->pool[t->hand++ % t->high];
        evict(ctx, oldest);
        opentable_remove(t, oldest);
        t->evicted++;
    }
    if (t->count + 1 > t->mask / 2)
        index_grow(t);
    uint32_t n = pool_take(t);
    t->pool[n] = (struct openmsg){ .id = id, .used = true, .row = ROW_NONE };
    index_put(t, id, n + 1);
    t->count++;
    return &t->pool[n];
}

void opentable_remove(struct opentable *t, struct openmsg *m)
{
    size_t hole = place_of(t, m->id, hash_of(t, m->id));
    must(t->index[hole] != 0);
    t->slots -= m->slot_room;
    free(m->more);
    free(m->index);
    t->free_list[t->free_count++] = number_at(t, hole) - 1;
    *m = (struct openmsg){ .used = false };
    t->count--;
    /* Move back whatever a search would now miss behind the hole. */
    for (size_t i = (hole + 1) & t->mask; t->index[i] != 0; i = (i + 1) & t->mask) {
        size_t home = (size_t)hash_of(t, message_at(t, i)->id) & t->mask;
        if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
            t->index[hole] = t->index[i];
            hole = i;
        }
    }
    t->index[hole] = 0;
}

struct openmsg *opentable_next(struct opentable *t, size_t *cursor)
{
    while (*cursor < t->high) {
        struct openmsg *m = &t->pool[(*cursor)++];
        if (m->used)
            return m;
    }
    return NULL;
}

size_t opentable_count(const struct opentable *t)
{
    return t->count;
}

uint64_t opentable_evicted(const struct opentable *t)
{
    return t->evicted;
}

struct openmsg_slot *openmsg_slot_at(struct openmsg *m, uint32_t i)
{
    return i == 0 ? &m->first : &m->more[i - 1];
}

/* Where the slot of that hash stands in the index, or the free place for it. The hashes are keyed,
 * so nobody can choose recipients that pile up. */
static uint32_t *slot_place(struct openmsg *m, uint64_t hash)
{
    uint32_t i = (uint32_t)(hash >> 32) & m->index_mask;
    while (m->index[i] != 0 && openmsg_slot_at(m, m->index[i] - 1)->hash != hash)
        i = (i + 1) & m->index_mask;
    return &m->index[i];
}

static void slots_index(struct openmsg *m)
{
    free(m->index);
    m->index_mask = m->slot_count * 4 - 1;     /* slot_count is a power of two here */
    m->index = must_array((size_t)m->index_mask + 1, sizeof *m->index);
    for (uint32_t i = 0; i < m->slot_count; i++)
        *slot_place(m, openmsg_slot_at(m, i)->hash) = i + 1;
}

static struct openmsg_slot *slot_find(struct openmsg *m, uint64_t hash)
{
    if (m->index != NULL) {
        uint32_t n = *slot_place(m, hash);
        return n == 0 ? NULL : openmsg_slot_at(m, n - 1);
    }
    for (uint32_t i = 0; i < m->slot_count; i++) {
        if (openmsg_slot_at(m, i)->hash == hash)
            return openmsg_slot_at(m, i);
    }
    return NULL;
}

/* Room for one slot more. False past the ceiling of all. */
static bool slots_grow(struct opentable *t, struct openmsg *m)
{
    uint32_t room = m->slot_room == 0 ? 2 : m->slot_room * 2;
    if (t != NULL && t->slots - m->slot_room + room > OPENMSG_SLOTS_ALL)
        return false;
    if (t != NULL)
        t->slots += room - m->slot_room;
    m->slot_room = room;
    m->more = must_realloc(m->more, m->slot_room * sizeof *m->more);
    return true;
}

struct openmsg_slot *openmsg_slot(struct opentable *t, struct openmsg *m, uint64_t hash)
{
    struct openmsg_slot *slot = slot_find(m, hash);
    if (slot != NULL || m->slot_count == OPENMSG_SLOTS_MAX)
        return slot;
    if (m->slot_count > m->slot_room && !slots_grow(t, m))
        return NULL;
    slot = openmsg_slot_at(m, m->slot_count++);
    *slot = (struct openmsg_slot){ hash, ROW_NONE, OUTCOME_QUEUED };
    if (m->slot_count >= SLOTS_FEW && (m->slot_count & (m->slot_count - 1)) == 0)
        slots_index(m);
    else if (m->index != NULL)
        *slot_place(m, hash) = m->slot_count;
    return slot;
}
