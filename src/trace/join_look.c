/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join_look - which cwd lines can be that of a message, and how well they fit
 *
 * First what must hold, then what weighs. A look sorts the unclaimed lines that
 * fit into three fields: those near in time, those that would be of a late
 * starter, and those that somebody else has probably taken. Certain is only what
 * leaves no other directory in any of the three.
 */
#include "trace/join_internal.h"

#include "trace/sites.h"

#define FRESH_SECONDS 2         /* between a cwd line and reception, mostly; two lines of one second
                                   are equals */

int64_t join_begin_usec(const struct join_arrival *a)
{
    return a->when * 1000000 + a->usec;
}

bool join_may_be_session(const struct join_arrival *a)
{
    return a->mode == CWD_SUBMIT_SMTP || a->any_mode;
}

bool join_modes_agree(const struct join_submission *s, const struct join_arrival *a)
{
    return s->parent == a->parent && (a->any_mode || s->mode == a->mode);
}

bool join_fits(const struct entry *e, const struct join_arrival *a)
{
    int64_t window = join_may_be_session(a) ? JOIN_PID_WINDOW : JOIN_LATE_WINDOW;
    return join_modes_agree(&e->s, a) && e->s.when <= a->when && e->s.when >= a->when - window &&
           e->floor <= join_begin_usec(a) + (int64_t)a->precision &&
           (e->s.pid == 0 || e->s.pid == a->pid);
}

/* --- what weighs --- */

static bool recipients_agree(const struct join_submission *s, const struct join_arrival *a)
{
    for (unsigned i = 0; i < s->recipient_count; i++) {
        bool found = false;
        for (size_t k = 0; k < a->recipient_count && !found; k++)
            found = a->recipients[k] == s->recipients[i];
        if (!found)
            return false;
    }
    return s->recipient_count > 0;
}

/* The directory belongs to the user: /home/USER/ or a like path of two parts. */
static bool owner_agrees(struct str dir, struct str user)
{
    if (user.n == 0 || dir.n < 2 || dir.p[0] != '/')
        return false;
    struct str rest = str_skip(dir, 1);
    str_cut(&rest, '/');
    return str_eq(str_cut(&rest, '/'), user);
}

/* Soft evidence: none of it strikes a candidate out. An untrusted user's -f may be ignored by Exim.
 * Most processes have their first byte at once, and the clock of the log knows only seconds. */
static int weight(const struct entry *e, const struct join_arrival *a)
{
    const struct join_submission *s = &e->s;
    int w = 0;
    if (s->has_sender)
        w += s->sender == a->sender ? 4 : -4;
    if (s->recipient_count > 0 && a->recipients != NULL)
        w += recipients_agree(s, a) ? 6 : -6;
    if (owner_agrees(s->dir, a->user))
        w += 2;
    if (join_may_be_session(a) && !e->used)
        w += 2;
    if (a->when - e->s.when <= FRESH_SECONDS)
        w += 2;
    if (e->guess != 0 && e->guess != a->tag)
        w -= 1;
    return w;
}

/* A late starter in another customer's home: a user of his own cannot even stand there. */
static bool late_in_vain(const struct entry *e, const struct join_arrival *a)
{
    struct str account = sites_account(e->s.dir);
    return account.n > 0 && a->user.n > 0 && !str_eq(account, a->user) &&
           !str_eq(a->user, STR("root")) && !sites_shared_user(a->user);
}

/* --- looking --- */

static bool same_dir(struct str a, struct str b)
{
    return a.n == b.n && (a.p == b.p || str_eq(a, b));
}

void join_consider(struct field *f, struct entry *e, const struct join_arrival *a)
{
    int w = weight(e, a);
    if (f->count++ == 0) {
        *f = (struct field){ 1, true, e, e, w, true };
        return;
    }
    f->one_dir = f->one_dir && same_dir(e->s.dir, f->first->s.dir);
    bool other_dir = !same_dir(e->s.dir, f->best->s.dir);
    if (w > f->best_weight) {
        f->best_alone = true;
        f->best = e;
        f->best_weight = w;
    } else if (w == f->best_weight && other_dir) {
        f->best_alone = false;
    }
}

static void look_near(struct look *l, struct entry *e, const struct join_arrival *a)
{
    join_consider(&l->near, e, a);
    if (l->set_count < JOIN_CANDIDATES)
        l->set[l->set_count++] = e->seq;
}

static void look_other(struct look *l, struct field *f, struct entry *e,
                       const struct join_arrival *a)
{
    join_consider(f, e, a);
    if (l->other_count < JOIN_CANDIDATES)
        l->others[l->other_count++] = e->seq;
}

/* Behind the window a line matters only as the last resort, or as a reason to doubt. */
static void look_late(struct look *l, struct entry *e, const struct join_arrival *a)
{
    const struct field *near = &l->near;
    if (near->count > 0 && !join_may_be_session(a) &&
        (!near->one_dir || same_dir(e->s.dir, near->first->s.dir)))
        return;
    if (!late_in_vain(e, a))
        look_other(l, &l->late, e, a);
}

static void look_at(struct join *j, struct look *l, struct entry *e, const struct join_arrival *a)
{
    bool near = a->when <= e->until;
    if (e->claim == CLAIM_SOFT) {
        if (near && join_fits(e, a))
            look_other(l, &l->soft, e, a);
        else if (e->until < a->when - SETTLE_WINDOW)
            join_list_remove(j, e);
        return;
    }
    l->doubt = l->doubt || e->seq < j->step;
    if (!join_fits(e, a))
        return;
    if (near)
        look_near(l, e, a);
    else
        look_late(l, e, a);
}

/* Nothing further back can change the answer: no line there is near, and it is open already. */
static bool look_over(const struct join *j, const struct look *l, const struct entry *e,
                      const struct join_arrival *a)
{
    if (l->near.count >= JOIN_NEAR_LINES && !l->near.one_dir)
        return true;
    if (l->late.count >= JOIN_LATE_LINES)
        return true;
    return e->seq < j->extended && e->s.when < a->when - 2 * JOIN_WINDOW &&
           !join_may_be_session(a) && l->near.count > 0 &&
           (!l->near.one_dir || l->late.count > 0);
}

/* Lines are in the order of their time but for steps of the clock, so the walk ends early. */
struct look join_look(struct join *j, const struct join_arrival *a, uint64_t seq)
{
    struct look l = { .doubt = a->when <= j->lost };
    int64_t oldest = a->when - JOIN_WINDOW -
                     (join_may_be_session(a) ? JOIN_PID_WINDOW : JOIN_LATE_WINDOW);
    uint64_t extended = UINT64_MAX;
    bool slow = j->floor != INT64_MIN && join_begin_usec(a) < j->floor - SETTLE_WINDOW * 1000000;
    uint32_t place = j->newest;
    while (place != 0) {
        struct entry *e = join_entry_at(j, place);
        if (e->s.when < oldest)
            break;
        l.cut = !slow && e->seq < seq && look_over(j, &l, e, a);
        if (l.cut)
            break;
        place = e->older;
        if (e->extended && e->until >= a->when - SETTLE_WINDOW)
            extended = e->seq;
        if (e->seq < seq)
            look_at(j, &l, e, a);
    }
    if (!slow)
        j->extended = extended;
    return l;
}

/* Some line of `other` names a directory that those of `f` do not. */
static bool field_differs(const struct field *other, const struct field *f)
{
    return other->count > 0 &&
           !(other->one_dir && f->one_dir && str_eq(other->first->s.dir, f->first->s.dir));
}

bool join_look_open(const struct look *l)
{
    return l->near.count == 0 || l->doubt || field_differs(&l->late, &l->near);
}

bool join_look_doubts(const struct look *l, const struct join_arrival *a)
{
    return join_look_open(l) || join_may_be_session(a) || field_differs(&l->soft, &l->near);
}

const struct field *join_look_field(const struct look *l)
{
    return l->near.count > 0 ? &l->near : &l->late;
}

static enum join_how field_how(const struct field *f, bool doubt)
{
    if (f->count == 0)
        return JOIN_NONE;
    if (f->one_dir && !doubt)
        return f->count == 1 ? JOIN_ONLY : JOIN_SAME_DIR;
    if (f->one_dir || (f->best_alone && f->best_weight > 0))
        return JOIN_LIKELY;
    return JOIN_AMBIGUOUS;
}

void join_result_of(const struct field *f, bool doubt, struct join_result *out)
{
    *out = (struct join_result){ .how = field_how(f, doubt) };
    if (f->count == 0)
        return;
    struct entry *pick = f->one_dir || out->how == JOIN_AMBIGUOUS ? f->first : f->best;
    out->tag = pick->s.tag;
    if (out->how != JOIN_AMBIGUOUS)
        out->dir = pick->s.dir;
}

void join_result_name(struct join *j, const uint64_t *set, unsigned count,
                        struct join_result *out)
{
    for (unsigned i = 0; i < count; i++) {
        if (out->candidate_count == JOIN_CANDIDATES)
            out->more = true;
        else
            out->candidates[out->candidate_count++] = j->ring[set[i] & RING_MASK].s.tag;
    }
}

void join_look_result(struct join *j, const struct look *l, const struct join_arrival *a,
                        struct join_result *out)
{
    const struct field *f = join_look_field(l);
    join_result_of(f, join_look_doubts(l, a), out);
    out->late = f == &l->late && f->count > 0;
    join_result_name(j, l->set, l->set_count, out);
    out->more = l->near.count > l->set_count || (l->cut && out->how >= JOIN_LIKELY);
    if (out->how == JOIN_LIKELY || out->how == JOIN_AMBIGUOUS)
        join_result_name(j, l->others, l->other_count, out);
}

