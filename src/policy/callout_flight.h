/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callout_flight - one callout on its way, for all who wait for it
 *
 * Finds the mail servers of the domain, calls at most CALLOUT_HOSTS_MAX of
 * their addresses within the budget, keeps the result in the store, and tells
 * everyone who asked for the same address meanwhile: one call, however many
 * recipients. A flight goes on when those who wait have given up, so that the
 * next attempt finds the result.
 */
#ifndef POSTERN_POLICY_CALLOUT_FLIGHT_H
#define POSTERN_POLICY_CALLOUT_FLIGHT_H

#include <stdint.h>

#include "base/str.h"
#include "policy/callout_budget.h"
#include "policy/callout_client.h"
#include "policy/check.h"

#define CALLOUT_HOSTS_MAX 2u
#define CALLOUT_WAITERS_MAX 32u      /* more for the same address pass without a result */
#define CALLOUT_FLIGHTS_MAX 500u
#define CALLOUT_TEXT_MAX 200u

/* What is known of an address, now or from the store. */
struct callout_known {
    enum callout_answer answer;
    bool random_refused;
    unsigned code;
    char status[12];
    char text[CALLOUT_TEXT_MAX];     /* printable */
    bool cached;
    const char *why;                 /* CALLOUT_UNREACHABLE: a constant or "" */
};

/* The result for a run that waits. The callback finds its run by the number. */
typedef void callout_landed(void *ctx, uint64_t run, const struct callout_known *known);

struct callout_flights;

/* Never NULL. `own_name` and the parts must outlive it. */
struct callout_flights *callout_flights_new(const struct policy_parts *parts, const char *own_name,
                                            callout_landed *call, void *ctx);
/* Forgets all that are on their way; nobody is told. */
void callout_flights_free(struct callout_flights **f);

/* What the store knows of the address or its domain: 1 and *out, or 0. */
int callout_cached(struct callout_flights *f, struct str address, struct str domain,
                   struct callout_known *out);

/* Wait for a callout of this address, begun now if none is on its way. "" if the callback will be
 * called, never before this returns; else why not, a constant. */
const char *callout_fly(struct callout_flights *f, struct str address, struct str domain,
                        uint64_t run);

/* Share the budget of others, which may have calls on their way. Before the first. */
void callout_flights_go_on(struct callout_flights *f, const struct callout_flights *before);

const struct callout_budget *callout_flights_budget(const struct callout_flights *f);

#endif
