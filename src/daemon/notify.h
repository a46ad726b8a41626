/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify - tell those who started us how far we are
 *
 * systemd: the protocol of sd_notify(3) is one datagram to the socket that
 * $NOTIFY_SOCKET names, not worth a library. A parent process: it waits until we
 * are ready, and lets the terminal go. Both or neither may be there. The socket
 * is connected before rights are given up, because it may be one that cannot
 * be reached later.
 */
#ifndef POSTERN_DAEMON_NOTIFY_H
#define POSTERN_DAEMON_NOTIFY_H

/* Connect, and take the variable out of the environment. Safe to call without systemd. */
void notify_open(void);
void notify_close(void);

/* The descriptor of process_background(): notify_ready() will call process_ready() for it once. */
void notify_parent(int fd);

void notify_ready(void);             /* at the start, and after a reload */
void notify_reloading(void);
void notify_stopping(void);

/* A line for `systemctl status`, of ours. */
void notify_status(const char *text);

#endif
