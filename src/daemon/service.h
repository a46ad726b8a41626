/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service - the parts of the decision, put together from the settings
 *
 * One generation of settings has a resolver, tables and a policy of its own; the
 * store and the loop are shared. A reload begins a new generation and lets
 * the old one finish what it has in work, so that no request sees half of each.
 * Used by posternd, and by `posternd --ask` without any socket.
 */
#ifndef POSTERN_DAEMON_SERVICE_H
#define POSTERN_DAEMON_SERVICE_H

#include <stdbool.h>

#include "base/err.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "event/loop.h"
#include "policy/policy.h"
#include "store/store.h"
#include "tables/recipients.h"

struct service;

/* Open the store (as the user who will run) and begin the first generation. Takes `c` over, also
 * when it fails. With `offline` the store is only read, and nothing watches files; a state that is
 * there and cannot be read is logged, and counts as empty. NULL with *err. */
struct service *service_new(struct loop *l, struct conf *c, bool offline, struct err *err);

/* End what is in work with a pass: whoever asked must still be there. Nothing may be asked
 * after. */
void service_stop(struct service *s);

/* The same, then write the state and free all. */
void service_free(struct service **s);

/* Begin a new generation with other settings, which are taken over. 0; or -1 with *err: the former
 * one goes on. What only a restart can change (sockets, user, state folder) stays as it
 * is: see restart.h. */
int service_reload(struct service *s, struct conf *c, struct err *err);

/* Of the generation in use. They change with a reload: ask anew each time. */
struct policy *service_policy(struct service *s);
const struct conf *service_conf(const struct service *s);
struct store *service_store(struct service *s);

/* Questions to the DNS and tables of recipients. What counters say holds for former generations,
 * too, while they were in use. False: there are no tables. */
void service_dns_stats(const struct service *s, struct resolver_stats *out);
bool service_recipients_stats(const struct service *s, struct recipients_stats *out);

#endif
