/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join - which submission made which message
 *
 * A ring of the latest cwd lines. Each carries the latest begin of any message
 * whose `<=` line stood before it ("floor"): the moment before which it cannot
 * have been written. Lines that no message has claimed form a list, so that a
 * question looks at few. With pids, a direct-mapped table finds the latest line
 * of a pid; an overwritten entry is a miss, never a wrong hit, for the line
 * itself says its pid.
 *
 * It must never call a candidate certain for being near: two scripts of one
 * user in one second look alike, and a guess would accuse the wrong one. And a
 * claim must never take the last fitting line away from its true owner: all
 * certainty rests on that.
 */
#include "trace/join_internal.h"

#include <stdlib.h>

#include "base/must.h"

struct join *join_new(void)
{
    struct join *j = must_alloc(sizeof *j);
    j->floor = INT64_MIN;
    j->lost = INT64_MIN;
    j->extended = UINT64_MAX;
    return j;
}

void join_free(struct join **j)
{
    free(*j);
    *j = NULL;
}

/* --- the ring and the list of the unclaimed --- */

struct entry *join_entry_at(struct join *j, uint32_t place)
{
    return place == 0 ? NULL : &j->ring[place - 1];
}

static uint64_t ring_begin(const struct join *j)
{
    return j->seq > JOIN_SUBMISSIONS ? j->seq - JOIN_SUBMISSIONS : 0;
}

void join_list_remove(struct join *j, struct entry *e)
{
    if (!e->listed)
        return;
    if (e->newer != 0)
        join_entry_at(j, e->newer)->older = e->older;
    else
        j->newest = e->older;
    if (e->older != 0)
        join_entry_at(j, e->older)->newer = e->newer;
    e->listed = false;
}

static void list_add(struct join *j, struct entry *e)
{
    uint32_t place = (uint32_t)(e - j->ring) + 1;
    e->listed = true;
    e->older = j->newest;
    if (e->older != 0)
        join_entry_at(j, e->older)->newer = place;
    j->newest = place;
}

void join_claim(struct join *j, struct entry *e, enum claim how)
{
    if (how > e->claim)
        e->claim = how;
    if (e->claim == CLAIM_HARD)
        join_list_remove(j, e);
}

static int64_t seconds_of(int64_t usec)
{
    return usec / 1000000 - (usec % 1000000 < 0);
}

/* A line before it that is out of every window is no rival (see pid_rival()); to look at it would
 * take longer than all the rest. */
static void pid_add(struct join *j, struct entry *e)
{
    size_t place = e->s.pid & RING_MASK;
    if (j->by_pid[place].when >= e->s.when - JOIN_PID_WINDOW - 1)
        e->before = j->by_pid[place].seq;
    j->by_pid[place].seq = j->seq;
    j->by_pid[place].when = e->s.when;
}

void join_submission_add(struct join *j, const struct join_submission *s)
{
    struct entry *e = &j->ring[j->seq & RING_MASK];
    /* The first time round nothing is there to look at, and memory is not touched before it is
     * written to: the kernel needs half as long for that. */
    if (j->seq >= JOIN_SUBMISSIONS && e->listed) {
        if (e->claim == CLAIM_NONE && e->s.when + JOIN_LATE_WINDOW > j->lost)
            j->lost = e->s.when + JOIN_LATE_WINDOW;
        join_list_remove(j, e);
    }
    /* A message begun before this line was written cannot bear a later second, unless the
     * clock was set back in between. What was learned by the old clock is forgotten. */
    if (j->floor != INT64_MIN && s->when < seconds_of(j->floor)) {
        j->floor = INT64_MIN;
        j->step = j->seq;
    }
    *e = (struct entry){ .s = *s, .floor = j->floor, .until = s->when + JOIN_WINDOW,
                         .seq = j->seq };
    list_add(j, e);
    j->seq++;
    if (s->pid != 0)
        pid_add(j, e);
}

/* --- claiming --- */

/* The newest of several lines with one directory is claimed. Its true owner may be another message,
 * which then must do with an older one: all of these fit it, but for the window. */
static void window_extend(struct join *j, const struct look *l, const struct join_arrival *a)
{
    int64_t until = l->near.first->until;
    for (uint32_t place = l->near.first->older; place != 0;) {
        struct entry *e = join_entry_at(j, place);
        place = e->older;
        if (e->s.when < a->when - 2 * JOIN_WINDOW && e->seq < j->extended)
            break;
        if (e->until >= until || a->when > e->until || !join_fits(e, a))
            continue;
        e->until = until;
        e->extended = true;
        if (e->seq < j->extended)
            j->extended = e->seq;
    }
}

bool join_look_claim(struct join *j, const struct look *l, const struct join_arrival *a)
{
    const struct field *f = join_look_field(l);
    if (f->count > 0 && join_may_be_session(a)) {
        f->best->used = true;
        return false;
    }
    if (f->count > 0 && !f->one_dir && f->best_alone && f->best_weight > 0)
        f->best->guess = a->tag;
    if (f->count == 0 || !f->one_dir)
        return false;
    if (l->near.count > 1)
        window_extend(j, l, a);
    join_claim(j, f->first, join_look_open(l) ? CLAIM_SOFT : CLAIM_HARD);
    return true;
}

/* All claimed lines before `seq` that are not older than `since`. */
static void contest_all(struct join *j, uint64_t seq, int64_t since)
{
    if (j->contested_to == 0 || since < j->contested_from)
        j->contested_from = since;
    if (seq > j->contested_to)
        j->contested_to = seq;
}

/* Nothing is left for this arrival: somebody's line is missing from the log, and it may be that of
 * any claimant of a line that would fit. There may be thousands of such arrivals, so only some of
 * these lines are looked at. */
static void contest(struct join *j, const struct join_arrival *a)
{
    int64_t since = a->when - 2 * JOIN_WINDOW;
    uint64_t end = ring_begin(j);
    if (join_may_be_session(a))
        return;
    if (j->seq - end > JOIN_CONTEST_LINES)
        end = j->seq - JOIN_CONTEST_LINES;
    for (uint64_t seq = j->seq; seq > end; seq--) {
        struct entry *e = &j->ring[(seq - 1) & RING_MASK];
        if (e->s.when < since)
            return;
        if (e->claim != CLAIM_NONE && a->when <= e->until && join_fits(e, a))
            e->contested = true;
    }
    if (end > ring_begin(j))
        contest_all(j, end, since);
}

/* --- by pid --- */

static int64_t pid_window(const struct join_arrival *a)
{
    return join_may_be_session(a) ? JOIN_PID_WINDOW : JOIN_LATE_WINDOW;
}

/* A process has one line, so of two with one pid the older is of another process, which has ended.
 * If no message came of that one, and it names another directory, one of the two may be the
 * invention of a user who put a line end into the name of a directory: nobody can tell which. */
static const struct entry *pid_rival(const struct join *j, const struct entry *e,
                                     const struct join_arrival *a)
{
    const struct entry *o = e;
    for (unsigned i = 0; i < JOIN_CONTEST_LINES; i++) {
        if (o->before == 0 || o->before - 1 < ring_begin(j))
            return NULL;
        o = &j->ring[(o->before - 1) & RING_MASK];
        if (o->s.when < a->when - pid_window(a))
            return NULL;
        if (o->s.pid == a->pid && o->claim == CLAIM_NONE && !o->used &&
            join_modes_agree(&o->s, a) && !str_eq(o->s.dir, e->s.dir))
            return o;
    }
    return o->s.pid == a->pid ? o : NULL;    /* so many lines of one pid are no accident */
}

static void pid_result(const struct entry *e, const struct entry *rival, struct join_result *out)
{
    *out = (struct join_result){ .how = JOIN_BY_PID, .tag = e->s.tag, .dir = e->s.dir,
                                 .candidates = { e->s.tag }, .candidate_count = 1 };
    if (rival == NULL)
        return;
    out->how = JOIN_AMBIGUOUS;
    out->dir = STR("");
    out->candidates[out->candidate_count++] = rival->s.tag;
}

static bool decide_by_pid(struct join *j, const struct join_arrival *a, struct join_result *out)
{
    uint64_t seq = j->by_pid[a->pid & RING_MASK].seq;
    if (seq == 0 || a->pid == 0 || seq - 1 < ring_begin(j))
        return false;
    struct entry *e = &j->ring[(seq - 1) & RING_MASK];
    if (e->s.pid != a->pid || e->s.when > a->when + 1 || e->s.when < a->when - pid_window(a) ||
        !join_modes_agree(&e->s, a))
        return false;
    pid_result(e, pid_rival(j, e, a), out);
    if (out->how == JOIN_AMBIGUOUS)
        return true;
    if (join_may_be_session(a))
        e->used = true;
    else
        join_claim(j, e, CLAIM_HARD);
    return true;
}

/* --- the doors --- */

void join_arrival_mode(struct join_arrival *a, struct str protocol)
{
    str_eat(&protocol, STR("utf8"));
    bool smtp = str_starts(protocol, STR("local-"));
    a->mode = smtp ? CWD_SUBMIT_SMTP : CWD_SUBMIT;
    a->any_mode = !smtp && !str_eq(protocol, STR("local"));
}

static void decide(struct join *j, const struct join_arrival *a, struct join_result *out)
{
    struct look l = join_look(j, a, j->seq);
    join_look_result(j, &l, a, out);
    if (join_look_claim(j, &l, a))
        join_undecided_settle(j, a->when);
    else if (out->how == JOIN_NONE)
        contest(j, a);
    else if (!join_may_be_session(a) && l.near.count > 0)
        join_undecided_keep(j, a, &l);
}

void join_arrival_add(struct join *j, const struct join_arrival *a, struct join_result *out)
{
    *out = (struct join_result){ .how = JOIN_NONE };
    if (a->mode != CWD_OTHER && !decide_by_pid(j, a, out))
        decide(j, a, out);
    if (join_begin_usec(a) > j->floor)
        j->floor = join_begin_usec(a);
}

bool join_arrival_by_pid(struct join *j, const struct join_arrival *a, struct join_result *out)
{
    if (a->mode == CWD_OTHER || !decide_by_pid(j, a, out))
        return false;
    join_begun(j, a->when, a->usec);
    return true;
}

void join_begun(struct join *j, int64_t when, uint32_t usec)
{
    int64_t begin = when * 1000000 + usec;
    if (begin > j->floor)
        j->floor = begin;
}

bool join_review(struct join *j, const struct join_arrival *a, struct join_result *out)
{
    for (unsigned i = 0; i < JOIN_UNDECIDED; i++) {
        struct undecided *u = &j->undecided[i];
        if (u->progress == UNDECIDED_NOT || u->a.tag != a->tag)
            continue;
        if (u->progress == UNDECIDED_SETTLED) {
            *out = u->result;
        } else if (u->progress == UNDECIDED_GROUP) {
            join_group_result(j, u, a, out);
        } else {
            struct look l = join_look(j, a, u->seq);
            join_look_result(j, &l, a, out);
        }
        return true;
    }
    return false;
}

bool join_contested(const struct join *j, uint64_t tag)
{
    for (uint64_t seq = ring_begin(j); seq < j->seq; seq++) {
        const struct entry *e = &j->ring[seq & RING_MASK];
        if (e->s.tag == tag)
            return e->contested || (seq < j->contested_to && e->s.when >= j->contested_from);
    }
    return j->contested_to > 0;     /* it is not remembered any more, because of all these lines */
}

bool join_quiet(const struct join *j, int64_t when)
{
    for (unsigned i = 0; i < JOIN_UNDECIDED && j->open > 0; i++) {
        if (join_is_recent(&j->undecided[i], when))
            return false;
    }
    for (uint32_t place = j->newest; place != 0; place = j->ring[place - 1].older) {
        const struct entry *e = &j->ring[place - 1];
        if (e->s.when < when - 2 * JOIN_WINDOW)
            break;
        if (e->until >= when && e->s.mode != CWD_SUBMIT_SMTP)
            return false;
    }
    return true;
}
