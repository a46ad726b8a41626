/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena - many small things that live and die together
 *
 * A list of blocks, the newest first. A request that does not fit in the rest
 * of the newest block begins another; nothing is ever moved, so views and
 * pointers into an arena stay good until arena_free(). The first block is small and
 * each next one twice as large: a request of a mail server is done with a
 * few KiB, and zeroing more for each would be a good part of its time.
 */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#ifdef POSTERN_ARENA_MALLOC
/* A block for each allocation and no rounding: a byte beyond the end is seen. */
#define ARENA_FIRST ((size_t)0)
#define ARENA_BLOCK ((size_t)0)
#define ARENA_ALIGN ((size_t)1)
#else
#define ARENA_FIRST ((size_t)2 * 1024)
#define ARENA_BLOCK ((size_t)32 * 1024)
#define ARENA_ALIGN _Alignof(max_align_t)
#endif

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *blocks;
    size_t block;            /* size of the next one */
    size_t used, max;
    bool full;
};

struct arena *arena_new(size_t max)
{
    must(max < SIZE_MAX / 4);
    struct arena *a = must_alloc(sizeof *a);
    a->max = max;
    a->block = ARENA_FIRST;
    return a;
}

void arena_free(struct arena **a)
{
    if (*a == NULL)
        return;
    for (struct block *b = (*a)->blocks, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    free(*a);
    *a = NULL;
}

/* A block of its own size goes behind the newest, whose rest stays in use. */
static struct block *block_with_room(struct arena *a, size_t n)
{
    struct block *b = a->blocks;
    if (b != NULL && b->size - b->used >= n)
        return b;
    bool large = n > a->block;
    struct block **at = large && b != NULL ? &b->next : &a->blocks;
    size_t size = large ? n : a->block;
    if (a->block != ARENA_BLOCK)
        a->block *= 2;
    b = must_alloc(sizeof *b + size);
    b->size = size;
    b->next = *at;
    *at = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t room = a->max - a->used;
    n = n > room ? n : (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    if (n > room) {
        a->full = true;
        return NULL;
    }
    struct block *b = block_with_room(a, n);
    void *p = b->bytes + b->used;
    b->used += n;
    a->used += n;
    return p;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1); /* zeroed: the NUL is there already */
    if (p == NULL)
        return STR("");
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return str_make(p, s.n);
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

bool arena_full(const struct arena *a)
{
    return a->full;
}
