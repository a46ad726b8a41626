/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_dnsbl - is the client, its name or its sender on block lists?
 *
 * The check itself is in policy/check.h like every other; here is what the
 * daemon shows of the lists it asks.
 */
#ifndef POSTERN_POLICY_CHECK_DNSBL_H
#define POSTERN_POLICY_CHECK_DNSBL_H

#include "policy/dnsbl_zone.h"

/* Each zone that is asked, in the order of the configuration, once even if several lists are made
 * from it. `state` is that of the check (policy_check_state(p, CHECK_DNSBL)), NULL for none. */
typedef void dnsbl_visit(void *ctx, const struct dnsbl_status *status);
void check_dnsbl_zones(void *state, dnsbl_visit *visit, void *ctx);

#endif
