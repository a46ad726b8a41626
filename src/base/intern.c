/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intern - each distinct string once, with a small number
 *
 * Open addressing with linear probing over (hash, number) pairs; the strings
 * themselves lie in an arena. The table doubles at a load of one half, which
 * keeps the probes short even for a full hash column.
 */
#include "base/intern.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/must.h"

struct slot {
    uint32_t hash;    /* upper half: the lower one chose the slot */
    uint32_t number;  /* + 1; 0 = free */
};

struct intern {
    struct hash_key key;
    struct arena *bytes;
    struct str *strings;
    uint32_t count, room, max;
    struct slot *slots;
    size_t mask;
};

struct intern *intern_new(struct hash_key key, uint32_t max, size_t max_bytes)
{
    struct intern *t = must_alloc(sizeof *t);
    t->key = key;
    t->max = max;
    t->bytes = arena_new(max_bytes);
    t->mask = 255;
    t->slots = must_array(t->mask + 1, sizeof *t->slots);
    return t;
}

void intern_free(struct intern **t)
{
    if (*t == NULL)
        return;
    arena_free(&(*t)->bytes);
    free((*t)->strings);
    free((*t)->slots);
    free(*t);
    *t = NULL;
}

/* The slot of `s`, or the free one where it belongs. */
static struct slot *slot_of(const struct intern *t, struct str s, uint64_t hash)
{
    for (size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
        struct slot *slot = &t->slots[i];
        if (slot->number == 0)
            return slot;
        if (slot->hash == (uint32_t)(hash >> 32) && str_eq(t->strings[slot->number - 1], s))
            return slot;
    }
}

static void grow(struct intern *t)
{
    free(t->slots);
    t->mask = t->mask * 2 + 1;
    t->slots = must_array(t->mask + 1, sizeof *t->slots);
    for (uint32_t n = 0; n < t->count; n++) {
        uint64_t hash = hash_quick(t->key, t->strings[n]);
        size_t i = hash & t->mask;
        while (t->slots[i].number != 0)
            i = (i + 1) & t->mask;
        t->slots[i] = (struct slot){ (uint32_t)(hash >> 32), n + 1 };
    }
}

uint32_t intern_find(const struct intern *t, struct str s)
{
    uint32_t number = slot_of(t, s, hash_quick(t->key, s))->number;
    return number == 0 ? INTERN_NONE : number - 1;
}

uint32_t intern_add(struct intern *t, struct str s)
{
    uint64_t hash = hash_quick(t->key, s);
    struct slot *slot = slot_of(t, s, hash);
    if (slot->number != 0)
        return slot->number - 1;
    if (t->count == t->max)
        return INTERN_NONE;
    struct str copy = arena_str(t->bytes, s);
    if (copy.n != s.n)
        return INTERN_NONE;
    if (t->count == t->room) {
        t->room = t->room == 0 ? 64 : t->room * 2;
        t->strings = must_realloc(t->strings, t->room * sizeof *t->strings);
    }
    t->strings[t->count++] = copy;
    *slot = (struct slot){ (uint32_t)(hash >> 32), t->count };
    if (t->count > t->mask / 2)
        grow(t);
    return t->count - 1;
}

struct str intern_str(const struct intern *t, uint32_t number)
{
    must(number < t->count);
    return t->strings[number];
}

uint32_t intern_count(const struct intern *t)
{
    return t->count;
}
