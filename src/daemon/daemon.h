/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon - posternd from its start to its end
 *
 * Opens the sockets as root, becomes its own user, and only then reads what the
 * outside can touch: the state and the panel's files; gives up what it does not
 * need, and only then takes requests and makes threads. SIGHUP (or "reload" on the
 * control socket) reads the settings again; SIGTERM ends it in order: no new
 * connections, what is in work is answered, the state is written.
 */
#ifndef POSTERN_DAEMON_DAEMON_H
#define POSTERN_DAEMON_DAEMON_H

#include "base/err.h"
#include "conf/conf.h"

#define DAEMON_END_MS 3000       /* for requests in work, at the end */

/* Run until told to end. Takes `c` over; `path` is where it was read, for reloads. 0 after an
 * orderly end, -1 with *err if it could not begin. */
int daemon_run(struct conf *c, const char *path, struct err *err);

#endif
