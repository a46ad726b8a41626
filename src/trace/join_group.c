/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join_group - arrivals that later lines may decide
 *
 * Two scripts submit at once, and each message fits both lines. If one of them
 * is decided by something else, so is the other. And even if none ever is: two
 * messages have taken two lines, and a third message has neither. Without that,
 * each tie would cast its doubt on all that follows it.
 */
#include "trace/join_internal.h"

#include <string.h>

static bool is_free(const struct entry *e, uint64_t seq)
{
    return e->seq == seq && e->listed && e->claim == CLAIM_NONE;
}

/* Drop from the set what has been claimed since. */
static void set_refresh(struct join *j, struct undecided *u)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < u->count; i++) {
        if (is_free(&j->ring[u->set[i] & RING_MASK], u->set[i]))
            u->set[kept++] = u->set[i];
    }
    u->count = kept;
}

bool join_is_recent(const struct undecided *u, int64_t when)
{
    return u->progress == UNDECIDED_OPEN && u->a.when >= when - SETTLE_WINDOW;
}

static void close_undecided(struct join *j, struct undecided *u, enum progress how)
{
    if (u->progress == UNDECIDED_OPEN && how != UNDECIDED_OPEN)
        j->open--;
    u->progress = how;
}

/* Mark the lines of `u`. How many of them were not marked before. */
static unsigned set_mark(struct join *j, const struct undecided *u)
{
    unsigned new = 0;
    for (unsigned i = 0; i < u->count; i++) {
        struct entry *e = &j->ring[u->set[i] & RING_MASK];
        new += e->mark != j->mark;
        e->mark = j->mark;
    }
    return new;
}

static bool set_marked(const struct join *j, const struct undecided *u)
{
    for (unsigned i = 0; i < u->count; i++) {
        if (j->ring[u->set[i] & RING_MASK].mark == j->mark)
            return true;
    }
    return false;
}

struct group {
    bool member[JOIN_UNDECIDED];
    unsigned members, lines;
    bool open;
};

/* All undecided arrivals that share candidates with `u`, directly or through others. */
static void group_collect(struct join *j, struct undecided *u, struct group *g)
{
    bool changed = true;
    j->mark++;
    g->lines = set_mark(j, u);
    while (changed) {
        changed = false;
        for (unsigned i = 0; i < JOIN_UNDECIDED; i++) {
            struct undecided *v = &j->undecided[i];
            if (g->member[i] || v->count == 0 || !join_is_recent(v, u->a.when))
                continue;
            set_refresh(j, v);
            if (v != u && !set_marked(j, v))
                continue;
            g->lines += set_mark(j, v);
            g->member[i] = changed = true;
            g->open = g->open || v->open;
            g->members++;
        }
    }
}

/* As many arrivals as lines among themselves: nobody else has any of these lines, although it is
 * not known which is whose. */
static void group_find(struct join *j, struct undecided *u)
{
    struct group g = { .members = 0 };
    group_collect(j, u, &g);
    if (g.lines == 0 || g.members < g.lines)
        return;
    for (unsigned i = 0; i < JOIN_UNDECIDED; i++) {
        struct undecided *v = &j->undecided[i];
        if (!g.member[i])
            continue;
        for (unsigned k = 0; k < v->count; k++)
            join_claim(j, &j->ring[v->set[k] & RING_MASK], g.open ? CLAIM_SOFT : CLAIM_HARD);
        close_undecided(j, v, UNDECIDED_GROUP);
    }
}

void join_undecided_keep(struct join *j, const struct join_arrival *a, const struct look *l)
{
    struct undecided *u = &j->undecided[j->next_undecided++ % JOIN_UNDECIDED];
    close_undecided(j, u, UNDECIDED_NOT);
    *u = (struct undecided){ .a = *a, .seq = j->seq, .progress = UNDECIDED_OPEN };
    u->a.recipients = NULL;     /* the caller's array does not outlive the call; */
    u->a.recipient_count = 0;   /* and only what is struck out matters for a claim */
    u->a.user = str_make(u->user, a->user.n <= sizeof u->user ? a->user.n : 0);
    memcpy(u->user, a->user.n > 0 ? a->user.p : "", u->a.user.n);
    u->doubt = join_look_doubts(l, a);
    u->open = join_look_open(l);
    u->count = l->near.count <= JOIN_CANDIDATES ? l->set_count : 0;
    for (unsigned i = 0; i < u->count; i++)
        u->set[i] = l->set[i];
    j->open++;
    group_find(j, u);
}

/* A claim may leave an earlier arrival with one directory, whose claim ... */
void join_undecided_settle(struct join *j, int64_t now)
{
    bool changed = j->open > 0;
    for (unsigned rounds = 0; changed && rounds < JOIN_UNDECIDED; rounds++) {
        changed = false;
        for (unsigned i = 0; i < JOIN_UNDECIDED; i++) {
            struct undecided *u = &j->undecided[i];
            if (!join_is_recent(u, now))
                continue;
            struct look l = join_look(j, &u->a, u->seq);
            if (l.near.count == 0 || !l.near.one_dir)
                continue;
            join_look_result(j, &l, &u->a, &u->result);
            changed = join_look_claim(j, &l, &u->a) || changed;
            close_undecided(j, u, UNDECIDED_SETTLED);
        }
    }
    for (unsigned i = 0; i < JOIN_UNDECIDED && j->open > 0; i++) {
        if (join_is_recent(&j->undecided[i], now) && j->undecided[i].count > 0)
            group_find(j, &j->undecided[i]);
    }
}

void join_group_result(struct join *j, const struct undecided *u, const struct join_arrival *a,
                         struct join_result *out)
{
    struct field f = { .count = 0 };
    for (unsigned i = 0; i < u->count; i++) {
        struct entry *e = &j->ring[u->set[i] & RING_MASK];
        if (e->seq == u->set[i])
            join_consider(&f, e, a);
    }
    join_result_of(&f, u->doubt || f.count < u->count, out);
    join_result_name(j, u->set, f.count, out);
}
