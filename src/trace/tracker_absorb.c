/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker_absorb - put two neighbouring units of a log together
 *
 * In the order that one reader would have met things: first the early cwd
 * lines and arrivals of the later unit are joined with what the earlier one remembers
 * (their true cwd line may be there); then counts are added; then messages that
 * were under way go on with the lines that the later unit found for them.
 */
#include <stdlib.h>

#include "base/must.h"
#include "trace/tracker_internal.h"

static struct str move_str(struct tracker *t, struct str s)
{
    uint32_t n = intern_add(t->dirs, s);
    return n == INTERN_NONE ? STR("") : intern_str(t->dirs, n);
}

/* Decide the held arrivals of `next`, in the order of the log. */
static void replay_held(struct tracker *t, struct tracker *next)
{
    for (uint32_t i = 0; i < next->held_count; i++) {
        struct held *h = &next->held[i];
        if (!h->is_arrival) {
            struct join_submission s = h->submission;
            s.dir = move_str(t, s.dir);
            s.tag = ++t->next_tag;
            join_submission_add(t->join, &s);
            continue;
        }
        struct join_result r;
        struct join_arrival a = h->arrival;
        a.recipients = h->has_recipients ? h->recipients : NULL;
        a.user = move_str(t, h->user);
        a.tag = ++t->next_tag;
        join_arrival_add(t->join, &a, &r);
        struct openmsg *m = h->wanted ? opentable_find(next->open, h->id) : NULL;
        if (m == NULL || m->row != ROW_HELD)
            continue;
        /* Counted into the later unit: the merge that follows carries it over. */
        a.user = h->user;
        uint32_t row = tracker_row_joined(next, &a, &r);
        tracker_count_message(next, m, row);
        if (row < ROW_HELD && h->subject.n > 0)
            tally_distinct(next->tally, row, TALLY_SUBJECT, h->subject);
    }
}

static uint32_t row_mapped(const uint32_t *map, uint32_t row)
{
    return row >= ROW_HELD ? row : map[row];
}

static void slots_append(struct tracker *t, struct openmsg *into, struct openmsg *from,
                         const uint32_t *map)
{
    for (uint32_t i = 0; i < from->slot_count; i++) {
        struct openmsg_slot *s = openmsg_slot_at(from, i);
        uint32_t before = into->slot_count;
        struct openmsg_slot *slot = openmsg_slot(t->open, into, s->hash);
        if (slot == NULL) {
            t->stats.beyond++;
            continue;
        }
        if (s->outcome != OUTCOME_QUEUED)
            slot->outcome = s->outcome;
        if (into->slot_count == before)
            continue;
        slot->row = row_mapped(map, s->row);
        /* What a message with a head had, the later unit has counted. */
        if (from->headless && !into->headless)
            tracker_count_slot(t, into, before);
    }
}

static void head_adopt(struct openmsg *own, const struct openmsg *m, const uint32_t *map)
{
    own->headless = m->headless;
    own->when = m->when;
    own->row = row_mapped(map, m->row);
    own->expected = m->expected;
}

/* `m` has the head of a message whose first outcomes (cutthrough) stand in the unit before. The
 * later unit has counted its own recipients by domain; those that only the earlier one saw are
 * missing. */
static void slots_adopt(struct tracker *t, struct openmsg *own, struct openmsg *m,
                        const uint32_t *map)
{
    struct openmsg all = { .when = m->when };
    for (uint32_t i = 0; i < m->slot_count; i++) {
        struct openmsg_slot *slot = openmsg_slot(NULL, &all, openmsg_slot_at(m, i)->hash);
        slot->row = row_mapped(map, openmsg_slot_at(m, i)->row);
    }
    for (uint32_t i = 0; i < own->slot_count; i++) {
        uint32_t before = all.slot_count;
        struct openmsg_slot *slot = openmsg_slot(NULL, &all, openmsg_slot_at(own, i)->hash);
        if (slot == NULL || all.slot_count == before)
            continue;
        slot->row = openmsg_slot_at(own, i)->row;
        tracker_count_slot(t, &all, before);
    }
    free(all.more);
    free(all.index);
}

static void message_move(struct tracker *t, struct openmsg *m, const uint32_t *map)
{
    struct openmsg *own = opentable_find(t->open, m->id);
    if (own == NULL) {
        if (m->headless && m->completed)
            return;                          /* its beginning is in no log that we have */
        own = opentable_add(t->open, m->id, tracker_evict, t);
        head_adopt(own, m, map);
    } else if (own->headless) {
        if (!m->headless)
            slots_adopt(t, own, m, map);
        head_adopt(own, m, map);
    } else if (m->headless && own->row == ROW_NONE) {
        tracker_count_message(t, own, row_mapped(map, m->row));  /* a panel's line named it */
    }
    slots_append(t, own, m, map);
    own->completed = m->completed;
    if (own->completed && !own->headless)
        tracker_close(t, own);
}

static void stats_add(struct tracker_stats *into, const struct tracker_stats *s)
{
    into->lines += s->lines;
    into->messages += s->messages;
    into->from_outside += s->from_outside;
    into->evicted += s->evicted;
    into->beyond += s->beyond;
    into->any_cwd = into->any_cwd || s->any_cwd;
    if (s->first < into->first)
        into->first = s->first;
    if (s->last > into->last)
        into->last = s->last;
    if (s->latest_message > into->latest_message)
        into->latest_message = s->latest_message;
    if (s->clock_back > into->clock_back)
        into->clock_back = s->clock_back;
}

void tracker_absorb(struct tracker *t, struct tracker **next_in)
{
    struct tracker *next = *next_in;
    struct str joined;
    size_t cursor = 0;
    struct openmsg *m;
    while (syslogjoin_flush(next->parts, &joined))
        (void)joined;                        /* half a line at the edge: rare, and no arrival */
    replay_held(t, next);
    uint32_t *map = must_array(tally_count(next->tally), sizeof *map);
    tally_merge(t->tally, next->tally, map);
    while ((m = opentable_next(next->open, &cursor)) != NULL)
        message_move(t, m, map);
    struct tracker_stats stats = tracker_stats(next);
    stats_add(&t->stats, &stats);
    free(map);
    /* What follows is joined against the end of the later unit. Its directories lie in its own
     * table, so both change hands. A unit held as a whole has just been replayed here. */
    if (next->synced || next->held_lost) {
        struct join *join = t->join;
        struct intern *dirs = t->dirs;
        t->join = next->join;
        t->dirs = next->dirs;
        next->join = join;
        next->dirs = dirs;
        tracker_forget(t);
    }
    t->next_tag = next->next_tag > t->next_tag ? next->next_tag : t->next_tag;
    tracker_free(next_in);
    tracker_prune(t);
}
