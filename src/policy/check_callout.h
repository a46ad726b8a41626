/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_callout - what the daemon shows of callouts
 *
 * The check itself is in policy/check.h like every other; here is how much of
 * its budget is used, for `postern status` and the metrics.
 */
#ifndef POSTERN_POLICY_CHECK_CALLOUT_H
#define POSTERN_POLICY_CHECK_CALLOUT_H

#include "policy/callout_budget.h"

struct callout_status {
    bool suspended;                  /* one of our addresses is on the list of self_watch */
    struct callout_budget_stats budget;
};

/* `state` is policy_check_state(p, CHECK_CALLOUT), which may be NULL. */
void check_callout_status(const void *state, struct callout_status *out);

#endif
