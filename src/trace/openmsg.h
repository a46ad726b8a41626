/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * openmsg - the messages that are under way at one point of a log
 *
 * Lines of different messages interleave, so counting needs a table of messages
 * whose end has not been seen: found by id, bounded, and what is evicted at the
 * ceiling is counted. A message may also be there before its arrival line is
 * (a cutthrough delivery is logged first; a log may begin in the middle): it is
 * then headless, and adopts the arrival when it comes.
 */
#ifndef POSTERN_TRACE_OPENMSG_H
#define POSTERN_TRACE_OPENMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/msgid.h"
#include "trace/tally.h"

#define OPENMSG_MAX 300000u       /* messages under way */
#define OPENMSG_SLOTS_MAX 4096u   /* recipients of one message told apart */
#define OPENMSG_SLOTS_ALL (1u << 20) /* room for those of all messages, the first of each apart */

/* Row numbers beyond those of a tally. */
#define ROW_NONE UINT32_MAX       /* not counted under this key */
#define ROW_HELD (UINT32_MAX - 1) /* the source is decided later */

/* One recipient. */
struct openmsg_slot {
    uint64_t hash;
    uint32_t row;
    uint8_t outcome;              /* enum outcome: the last one */
};

struct openmsg {
    struct msgid_key id;
    int64_t when;                 /* UTC of the arrival */
    uint32_t row;
    uint32_t expected;            /* recipients of the `for` list; 0: not logged */
    bool used, headless, completed;
    uint32_t slot_count, slot_room;
    struct openmsg_slot first;    /* most messages have one recipient */
    struct openmsg_slot *more;    /* heap; slots 1, 2, ... */
    uint32_t *index;              /* heap; over the slots once they are many */
    uint32_t index_mask;
};

struct opentable;

struct opentable *opentable_new(struct hash_key key);
void opentable_free(struct opentable **t);

/* The message, or NULL. Pointers are good until the next add or remove. */
struct openmsg *opentable_find(struct opentable *t, struct msgid_key id);

/* A new, zeroed entry (the id must not be in the table). At the ceiling the entry that the
 * rotating hand points at makes room: `evict` is called with it first. */
struct openmsg *opentable_add(struct opentable *t, struct msgid_key id,
                              void (*evict)(void *ctx, struct openmsg *m), void *ctx);

/* Forget one entry and free its slots. */
void opentable_remove(struct opentable *t, struct openmsg *m);

/* Walk: *cursor from 0; the next entry or NULL. Removing the entry just returned is allowed. */
struct openmsg *opentable_next(struct opentable *t, size_t *cursor);

size_t opentable_count(const struct opentable *t);
uint64_t opentable_evicted(const struct opentable *t);

/* The slot of that recipient, made with outcome OUTCOME_QUEUED and row ROW_NONE if new; NULL past
 * OPENMSG_SLOTS_MAX, or if there is no room for it below OPENMSG_SLOTS_ALL. `t` is the table that
 * the message lies in; NULL for a message that lies elsewhere, whose `more` the caller frees. */
struct openmsg_slot *openmsg_slot(struct opentable *t, struct openmsg *m, uint64_t hash);
struct openmsg_slot *openmsg_slot_at(struct openmsg *m, uint32_t i);

#endif
