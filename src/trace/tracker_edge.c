/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker_edge - what a unit keeps for the unit before it
 *
 * A unit begins in the middle of a log: the cwd line of its first local arrivals
 * may lie in the unit before, and so may the arrivals that have claimed its first
 * cwd lines. So it keeps these events, and tracker_absorb() plays them again
 * behind the earlier unit. It stops as soon as nothing is undecided and the edge
 * is far enough away; only sessions and messages without any line reach further back.
 */
#include "base/must.h"
#include "trace/tracker_internal.h"

/* A session may have begun an hour ago, and so may a late starter. */
static bool within_hour(const struct tracker *t, int64_t when)
{
    return when - JOIN_PID_WINDOW <= t->unit_first;
}

/* Does what the join says of this arrival depend on the unit before? */
static bool may_reach_back(const struct tracker *t, const struct join_arrival *v,
                           const struct join_result *r)
{
    if (!t->o.continues || r->how == JOIN_BY_PID || v->mode == CWD_OTHER)
        return false;
    bool session = v->mode == CWD_SUBMIT_SMTP || v->any_mode;
    return !t->synced || ((session || r->how == JOIN_NONE) && within_hour(t, v->when));
}

/* From the first moment on at which nothing is undecided, and which is away from the edge, the unit
 * stands on its own feet. */
static void synchronize(struct tracker *t, int64_t when)
{
    if (t->o.continues && !t->synced && when - 2 * JOIN_WINDOW > t->unit_first)
        t->synced = join_quiet(t->join, when);
}

static struct held *hold(struct tracker *t)
{
    if (t->held_count == TRACKER_HELD_MAX) {
        t->held_lost = true;
        return NULL;
    }
    if (t->held_count == t->held_room) {
        t->held_room = t->held_room == 0 ? 64 : t->held_room * 2;
        t->held = must_realloc(t->held, t->held_room * sizeof *t->held);
    }
    return &t->held[t->held_count++];
}

static struct held *hold_arrival(struct tracker *t, const struct join_arrival *v)
{
    struct held *h = hold(t);
    if (h == NULL)
        return NULL;
    *h = (struct held){ .is_arrival = true, .arrival = *v, .user = tracker_keep(t, v->user) };
    h->has_recipients = v->recipients != NULL;
    for (size_t i = 0; i < v->recipient_count; i++)
        h->recipients[i] = v->recipients[i];
    h->arrival.recipients = NULL;
    return h;
}

void tracker_hold_submission(struct tracker *t, const struct join_submission *s)
{
    if (!t->o.continues ||
        (t->synced && (s->mode != CWD_SUBMIT_SMTP || !within_hour(t, s->when))))
        return;
    struct held *h = hold(t);
    if (h != NULL)
        *h = (struct held){ .submission = *s };
}

bool tracker_hold_arrival(struct tracker *t, const struct join_arrival *v,
                          const struct join_result *r, const struct line_arrival *a,
                          struct msgid_key id)
{
    bool reaches = may_reach_back(t, v, r);
    struct held *h = NULL;
    if (reaches || (t->o.continues && !t->synced))
        h = hold_arrival(t, v);
    synchronize(t, v->when);
    if (h == NULL || !reaches || a == NULL || tracker_own_bounce(a))
        return false;
    h->wanted = true;
    h->id = id;
    h->subject = a->has_subject ? tracker_keep(t, a->subject) : STR("");
    return true;
}
