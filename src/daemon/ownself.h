/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ownself - the names and addresses of this host
 *
 * A client that says one of them in HELO lies. They are those of the interfaces
 * and of the system's name, and what the administrator adds (behind NAT the
 * outside address is in no interface). Read at the start and at a reload.
 */
#ifndef POSTERN_DAEMON_OWNSELF_H
#define POSTERN_DAEMON_OWNSELF_H

#include "conf/conf.h"

struct ownself;

/* Never NULL; what the system does not tell is left out. The strings of `c` must outlive it. */
struct ownself *ownself_new(const struct conf_host *c);
void ownself_free(struct ownself **o);

/* All of them; lives as long as `o`. */
const struct conf_host *ownself_host(const struct ownself *o);

/* The name to say in HELO: the first configured one, else the system's, or "" if neither has a dot.
 * */
const char *ownself_name(const struct ownself *o);

#endif
