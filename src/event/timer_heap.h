/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer_heap - the pending timers of a loop, the next one first
 *
 * Of timers that are due at the same millisecond the one set first comes first,
 * so that a run on the virtual clock is the same each time. Only for loop.c.
 */
#ifndef POSTERN_EVENT_TIMER_HEAP_H
#define POSTERN_EVENT_TIMER_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "event/loop.h"

struct timer_place {
    int64_t due_ms;
    uint64_t number;         /* counts every setting of any timer */
    struct timer *timer;     /* the owner's; its `place` is the index here plus 1 */
};

struct timer_heap {
    struct timer_place *at;  /* heap, owned */
    size_t n, cap;
    uint64_t next_number;
};

/* Begin empty: a zeroed struct. Ends it; timers that are still pending become not pending. */
void timer_heap_fini(struct timer_heap *h);

/* `t` is due at due_ms; a pending one is moved. Ends the process without memory (must.h). */
void timer_heap_set(struct timer_heap *h, struct timer *t, int64_t due_ms);

/* Take `t` out. Not being in is no error. */
void timer_heap_remove(struct timer_heap *h, struct timer *t);

/* The one that is due first, or NULL; lives until the next change. */
static inline const struct timer_place *timer_heap_first(const struct timer_heap *h)
{
    return h->n == 0 ? NULL : &h->at[0];
}

#endif
