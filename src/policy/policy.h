/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy - the RCPT-stage decision: an envelope in, a verdict out
 *
 * The runner copies the envelope, asks whether anything exempts it, starts the
 * checks that have something to look at (cheap ones first; those that ask
 * others at the same time), keeps each to its time, and adds up: the strongest
 * mode among the hits wins, among equals the cheapest check. As soon as nothing
 * can change the outcome, the rest is cancelled; a dry run waits for all.
 *
 * Nothing in here knows who asks.
 */
#ifndef POSTERN_POLICY_POLICY_H
#define POSTERN_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/check.h"
#include "policy/envelope.h"
#include "policy/verdict.h"

#define POLICY_ASKS_MAX 20000u       /* envelopes in work; more are passed with a log line */
#define POLICY_SESSIONS_MAX 50000u   /* remembered; the one unused longest goes first */

/* The verdict and all that it points at live for the duration of the call, the envelope too. */
typedef void policy_callback(void *ctx, uint64_t ask, const struct envelope *e,
                             const struct verdict *v);

/* Over these parts, which must outlive it. NULL with *err for a configuration that cannot be. */
struct policy *policy_new(const struct policy_parts *parts, struct err *err);

/* Ends every ask in work with a pass, then goes. */
void policy_free(struct policy **p);

/* Decide. Returns the ask's number, never 0. The callback is called exactly once; it may be called
 * before this returns, unless the ask is cancelled. At STAGE_END the session is forgotten and the
 * verdict is a pass. The decision is written to the log here. */
uint64_t policy_ask(struct policy *p, const struct envelope *e, policy_callback *call, void *ctx);

/* The asker is gone. A number that is over or unknown is no harm. */
void policy_cancel(struct policy *p, uint64_t ask);

/* The asker can wait no longer: decide now, by what is known. What has not answered is late. The
 * callback is called before this returns; false if it was called before. */
bool policy_hurry(struct policy *p, uint64_t ask);

/* Counters since the start, for metrics and `postern status`. The end of a session and a dry run
 * are asks, and count in nothing else. */
#define POLICY_LATENCY_STEPS 12u     /* of 100 us, doubling; the last is all beyond */
struct policy_stats {
    uint64_t asks, open, sessions, exempt, overflow;
    uint64_t actions[4];                         /* by enum verdict_action */
    uint64_t results[CHECK_COUNT][6];            /* by enum check_state */
    uint64_t decided[CHECK_COUNT][4];            /* by whose hit and enum verdict_action */
    /* Of real mail at RCPT: hits in mode observe, and recipients that passed only because of it. */
    uint64_t would[CHECK_COUNT], would_any;
    uint64_t latency[POLICY_LATENCY_STEPS];      /* of verdicts */
    uint64_t latency_sum_usec;
    uint64_t check_latency[CHECK_COUNT][POLICY_LATENCY_STEPS];
    uint64_t check_usec[CHECK_COUNT];
};
const struct policy_stats *policy_stats(const struct policy *p);

/* Go on where another policy is, which this one replaces: its counters, budgets and SMTP sessions,
 * which both have from now on: what that one has in work is counted, too. `open` is each one's own.
 * Before the first ask. */
void policy_go_on(struct policy *p, struct policy *before);

/* A check's state, for what the daemon shows of it (zones, budgets); NULL if it keeps none. */
void *policy_check_state(struct policy *p, enum check_id id);

#endif
