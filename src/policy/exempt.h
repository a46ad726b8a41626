/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exempt - whom no check touches
 *
 * Asked once for an envelope, before any check: so no check can forget it.
 * Clients that logged in, hosts that we relay for, those that the administrator
 * allows, and for recipients postmaster and abuse (RFC 5321 section 4.5.1,
 * RFC 2142 section 2), as long as the recipient is one of ours.
 */
#ifndef POSTERN_POLICY_EXEMPT_H
#define POSTERN_POLICY_EXEMPT_H

#include <stdbool.h>

#include "base/str.h"
#include "conf/conf.h"
#include "policy/envelope.h"
#include "tables/recipients.h"

/* What the domain and local part of the recipient are; both empty before RCPT. */
struct exempt_rcpt {
    struct str local, domain;
    enum recipient_state state;
};

/* Why, in some words (constants of ours), or "" if it is not exempt. Without the names: see below.
 * */
struct str exempt_why(const struct conf *c, const struct envelope *e, struct exempt_rcpt rcpt);

/* By the client's confirmed name. */
struct str exempt_why_name(const struct conf *c, struct str name);

#endif
