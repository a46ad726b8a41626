/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_syslog - lines to the syslog daemon, without waiting for one that hangs
 *
 * syslog(3) sends with a call that blocks: when the syslog daemon hangs and its queue is full, so
 * does whoever logs, and a mail server with him. So the datagrams are sent here. The queue may be
 * as short as ten lines, which a burst fills before a daemon that works comes to run: so there is
 * some waiting, but never more than LOG_SYSLOG_WAIT_MS in a second. What finds no room then is
 * lost, and told so to the caller.
 */
#ifndef POSTERN_BASE_LOG_SYSLOG_H
#define POSTERN_BASE_LOG_SYSLOG_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

#define LOG_SYSLOG_WAIT_MS 50

/* A socket for lines to `path`. Nobody need listen there yet. A descriptor; or -1 with *err: no
 * socket, or there is one on the path that takes no datagrams. */
int log_syslog_open(const char *path, struct err *err);

/* Send a line of facility mail, as RFC 3164 and the C library form it: priority, local time, this
 * program and its pid, the text. `severity` is one of <syslog.h>. If the daemon was started anew in
 * the meantime, the socket finds it again. False: the line is lost. Any thread. */
bool log_syslog_send(int fd, const char *path, int severity, struct str text);

#endif
