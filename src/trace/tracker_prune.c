/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker_prune - keep the rows that can still rank
 *
 * Senders choose subjects and addresses, so a log may hold a million keys that occur once. A
 * ranking does not need them one by one: when there are too many rows, those with the
 * fewest messages are added up in one ("lossy counting", Manku and Motwani, 2002). A source that
 * sends much is far above the threshold and loses nothing, wherever in the log it begins; and
 * totals stay right. Rows of messages under way stay, for their outcome is still to come.
 */
#include <stdlib.h>

#include "base/must.h"
#include "trace/tracker_internal.h"

static void keep_open(struct tracker *t, bool *keep)
{
    size_t cursor = 0;
    struct openmsg *m;
    while ((m = opentable_next(t->open, &cursor)) != NULL) {
        if (m->row < ROW_HELD)
            keep[m->row] = true;
        for (uint32_t i = 0; i < m->slot_count; i++) {
            uint32_t row = openmsg_slot_at(m, i)->row;
            if (row < ROW_HELD)
                keep[row] = true;
        }
    }
}

static void renumber_open(struct tracker *t, const uint32_t *map)
{
    size_t cursor = 0;
    struct openmsg *m;
    while ((m = opentable_next(t->open, &cursor)) != NULL) {
        if (m->row < ROW_HELD)
            m->row = map[m->row];
        for (uint32_t i = 0; i < m->slot_count; i++) {
            struct openmsg_slot *slot = openmsg_slot_at(m, i);
            if (slot->row < ROW_HELD)
                slot->row = map[slot->row];
        }
    }
}

/* The smallest power of two that at most half of the rows reach (most have one message). */
static uint64_t least_of(struct tally *tally)
{
    for (uint64_t least = 2;; least *= 2) {
        uint32_t above = 0, count = tally_count(tally);
        for (uint32_t i = 0; i < count; i++) {
            const struct tally_row *r = tally_at(tally, i);
            above += r->messages >= least || r->recipients >= least;
        }
        if (above <= TRACKER_ROWS_HIGH / 2)
            return least;
    }
}

void tracker_prune(struct tracker *t)
{
    uint32_t count = tally_count(t->tally);
    if (count <= TRACKER_ROWS_HIGH || count <= t->rows_pruned * 2)
        return;
    bool *keep = must_array(count, sizeof *keep);
    uint32_t *map = must_array(count, sizeof *map);
    keep_open(t, keep);
    struct tally *smaller = tally_pruned(t->tally, least_of(t->tally), keep, map);
    renumber_open(t, map);
    tally_free(&t->tally);
    t->tally = smaller;
    tracker_forget(t);
    t->rows_pruned = tally_count(smaller);
    free(keep);
    free(map);
}
