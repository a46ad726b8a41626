/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_internal - an envelope in work, for the files of the runner only
 *
 * An ask owns its copy of the envelope, an arena for all texts and a slot for
 * each check. It is freed in one place, when nothing of it waits any more.
 */
#ifndef POSTERN_POLICY_POLICY_INTERNAL_H
#define POSTERN_POLICY_POLICY_INTERNAL_H

#include "event/loop.h"
#include "policy/fcrdns.h"
#include "policy/policy.h"
#include "policy/session.h"

/* Where an ask stands. Each step is entered once, in this order. */
enum ask_step {
    ASK_CHEAP,           /* start the checks of phase 0 */
    ASK_SLOW,            /* start those of phase 1, and the name */
    ASK_WAIT,            /* for them */
    ASK_LAST,            /* start those of phases 2 and 3 */
    ASK_WAIT_LAST,
    ASK_DONE
};

struct slot {
    struct check_run run;
    struct timer timer;
    int64_t started_usec;
    bool waiting;
};

struct ask {
    uint64_t id;
    struct policy *policy;
    struct arena *arena;
    struct envelope envelope;
    struct verdict verdict;
    struct slot slots[CHECK_COUNT];
    struct session *session;
    struct recipient recipient;
    struct fcrdns fcrdns;
    bool name_wanted;            /* asked, and not answered yet */
    struct str name;             /* confirmed, or "" */
    policy_callback *call;
    void *ctx;
    int64_t started_usec;
    int64_t clock_usec;          /* when a check was last begun or ended */
    enum ask_step step;
    bool stepping;
    bool told;                   /* the callback has been called, or is not wanted any more */
};

/* One for all policies that have taken each other's place: what an older one still has in work is
 * counted, too. */
struct counters {
    unsigned owners;
    struct policy_stats stats;   /* its `open` and `sessions` are set by policy_stats() */
};

struct policy {
    struct policy_parts parts;
    void *states[CHECK_COUNT];
    struct sessions *sessions;
    struct counters *counters;
    uint32_t open;               /* asks in work */
    struct ask **asks;           /* by index */
    uint32_t *generation;        /* of each index, so that an old number finds nothing */
    uint32_t *free_index;
    uint32_t free_count, asks_max;
    int64_t overflow_logged_ms;
    bool closing;
};

/* By enum check_id, in the order in which they are started: cheapest first. */
extern const struct check_ops *const policy_checks[CHECK_COUNT];

/* --- policy_decide.c --- */

/* The strongest mode among the hits so far that would count, MODE_OFF without one. */
enum check_mode ask_strongest(const struct ask *a);
/* Is it certain by now that the recipient is refused? */
bool ask_refused(const struct ask *a);

/* Fill action, code, text ... of the verdict from the results. */
void ask_decide(struct ask *a);

void ask_count(struct ask *a);

#endif
