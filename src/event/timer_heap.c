/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer_heap - the pending timers of a loop, the next one first
 *
 * A binary heap in one array. Every session has a deadline that is moved with
 * each request and nearly never comes: so moving must cost little, and a timer
 * knows its place in the array instead of being searched.
 */
#include "event/timer_heap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/must.h"

static bool before(const struct timer_place *a, const struct timer_place *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->number < b->number;
}

static void put(struct timer_heap *h, size_t i, struct timer_place p)
{
    h->at[i] = p;
    p.timer->place = (uint32_t)(i + 1);
}

/* Move `p` from the hole at `i` towards the root as far as it belongs. */
static void sift_up(struct timer_heap *h, size_t i, struct timer_place p)
{
    while (i > 0 && before(&p, &h->at[(i - 1) / 2])) {
        put(h, i, h->at[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(h, i, p);
}

static void sift_down(struct timer_heap *h, size_t i, struct timer_place p)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->n)
            break;
        if (child + 1 < h->n && before(&h->at[child + 1], &h->at[child]))
            child++;
        if (!before(&h->at[child], &p))
            break;
        put(h, i, h->at[child]);
        i = child;
    }
    put(h, i, p);
}

static void settle(struct timer_heap *h, size_t i, struct timer_place p)
{
    if (i > 0 && before(&p, &h->at[(i - 1) / 2]))
        sift_up(h, i, p);
    else
        sift_down(h, i, p);
}

void timer_heap_set(struct timer_heap *h, struct timer *t, int64_t due_ms)
{
    struct timer_place p = { .due_ms = due_ms, .number = h->next_number++, .timer = t };
    t->due_ms = due_ms;
    if (t->place != 0) {
        must(t->place <= h->n && h->at[t->place - 1].timer == t);
        settle(h, t->place - 1, p);
        return;
    }
    if (h->n == h->cap) {
        must(h->cap < UINT32_MAX / 4);
        h->cap = h->cap == 0 ? 64 : h->cap * 2;
        h->at = must_realloc(h->at, h->cap * sizeof *h->at);
    }
    sift_up(h, h->n++, p);
}

void timer_heap_remove(struct timer_heap *h, struct timer *t)
{
    if (t->place == 0)
        return;
    size_t i = t->place - 1;
    must(i < h->n && h->at[i].timer == t);
    struct timer_place last = h->at[--h->n];
    t->place = 0;
    if (i < h->n)
        settle(h, i, last);
}

void timer_heap_fini(struct timer_heap *h)
{
    for (size_t i = 0; i < h->n; i++)
        h->at[i].timer->place = 0;
    free(h->at);
    *h = (struct timer_heap){ .at = NULL };
}
