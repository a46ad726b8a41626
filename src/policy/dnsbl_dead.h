/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_dead - lists that are no more
 *
 * A dead list answers nothing for a while, and every mail waits for it; then
 * its domain is sold, and it lists the world. Configurations outlive lists by
 * decades. So those known to be dead are refused when the daemon starts, with
 * the date and what to do. Nothing is here that is not certain.
 */
#ifndef POSTERN_POLICY_DNSBL_DEAD_H
#define POSTERN_POLICY_DNSBL_DEAD_H

#include "base/str.h"

struct dnsbl_dead {
    const char *zone;        /* and all below it */
    const char *since;       /* ISO date, as exact as it is known */
    const char *what;        /* what became of it */
    const char *advice;
};

/* NULL: not known to be dead. */
const struct dnsbl_dead *dnsbl_dead_find(struct str zone);

/* A list that goes on under another name. */
struct dnsbl_renamed {
    const char *zone, *now;
    const char *advice;
};
const struct dnsbl_renamed *dnsbl_renamed_find(struct str zone);

#endif
