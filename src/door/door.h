/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door - the socket on which an MTA asks what to do with a recipient
 *
 * Serves Postfix, which keeps its connection and asks many times, and Exim's
 * ${readsocket}, which asks once, closes its side and reads to the end: the same code,
 * without a switch. Requests of one connection are answered one after the other, in
 * their order.
 *
 * The door fails open. A request that cannot be understood, no place for another connection, an
 * error of ours: all of them are DUNNO, and a log line now and then; when the time for an answer is
 * up, checks that are not done are passed over. Who is silent or slow is cut off.
 */
#ifndef POSTERN_DOOR_DOOR_H
#define POSTERN_DOOR_DOOR_H

#include "base/err.h"
#include "conf/conf.h"
#include "event/conn.h"
#include "event/loop.h"
#include "policy/policy.h"

struct door;

/* Closed as yet. `c` must live until door_free() or the next door_change(); `p` likewise. Never
 * NULL. */
struct door *door_new(struct loop *l, const struct conf_door *c, struct policy *p);

/* Open the sockets of the configuration: as root, before the daemon becomes its own user. `owner`
 * and `group` are taken for a Unix socket where the configuration names none (or NULL). 0, or -1
 * with *err. */
int door_open(struct door *d, const char *owner, const char *group, struct err *err);

/* Ask this policy from the next request on, within the limits of `c`. The sockets stay as they
 * are. What is being asked of the former policy is answered by it. */
void door_change(struct door *d, const struct conf_door *c, struct policy *p);

/* Take no new connections; those that are there go on. */
void door_deafen(struct door *d);

/* Close everything. Asks that are open are cancelled: free the policy first, and they are
 * answered. */
void door_free(struct door **d);

struct door_stats {
    uint64_t requests;       /* answered, of any kind */
    uint64_t ignored;        /* of a state that nothing is decided at */
    uint64_t bad;            /* not understood */
    uint64_t late;           /* decided without the checks that took too long */
    uint64_t waiting;        /* now */
    struct conns_stats connections;
};
void door_stats(const struct door *d, struct door_stats *out);

#endif
