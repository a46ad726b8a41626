/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commands - what the control socket can ask of the daemon
 *
 * One handler for each command of `postern ask`, `bans` and `status`. Each turns
 * JSON into a call of the house and its result into JSON; none decides anything.
 */
#ifndef POSTERN_DAEMON_COMMANDS_H
#define POSTERN_DAEMON_COMMANDS_H

#include "daemon/service.h"
#include "door/control.h"

/* The table; its handlers expect a struct daemon as their context. Lives for ever. */
const struct control_ops *commands_ops(void);

/* `posternd --ask REQUEST`: decide without a daemon and print the line that the control socket
 * would send. The exit status: 0, or 2 for a request that cannot be. Runs `l` until the answer is
 * there. */
int commands_ask_once(struct service *s, struct loop *l, const char *request);

#endif
