/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callout_budget - how many callouts may be made, over all, by domain, by MX
 *
 * A callout bothers a server that did nothing but own a forged name. So there
 * are token buckets for all callouts together, for each domain and for each
 * address of a mail server, a ceiling for a day, a ceiling of connections to
 * one address, and a rest with back-off after an address said 421 or did not
 * answer. What is refused here is not called; the check says so and passes.
 */
#ifndef POSTERN_POLICY_CALLOUT_BUDGET_H
#define POSTERN_POLICY_CALLOUT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "conf/conf.h"
#include "mail/ip.h"

#define CALLOUT_BUCKETS_MAX 20000u   /* domains and addresses remembered */

struct callout_budget;

/* Never NULL. The limits of `c` are copied. */
struct callout_budget *callout_budget_new(const struct conf_callout *c);

/* One more owner: what is spent stays spent; the limits are those of `c` from now on, for the
 * former owners too. Returns `b`. */
struct callout_budget *callout_budget_share(struct callout_budget *b,
                                            const struct conf_callout *c);

/* Ends one ownership; the last one frees. */
void callout_budget_free(struct callout_budget **b);

/* May a callout for this domain be made now? Takes its tokens. "" if so, else why not: a constant.
 * */
const char *callout_budget_domain(struct callout_budget *b, struct str domain, int64_t now_ms);

/* May this address be called now? Takes a token and a connection: end it with
 * callout_budget_over(). "" or why not. */
const char *callout_budget_mx(struct callout_budget *b, const struct ip *mx, int64_t now_ms);

/* The connection is over. `busy`: the server said 421, or nothing at all: it rests, twice as long
 * each time, from a minute to an hour. */
void callout_budget_over(struct callout_budget *b, const struct ip *mx, bool busy, int64_t now_ms);

struct callout_budget_stats {
    uint64_t granted, refused;
    uint64_t today;
};
void callout_budget_stats(const struct callout_budget *b, struct callout_budget_stats *out);

#endif
