/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process - what a daemon has to do with being a process
 *
 * Descriptors that were left open by who started it, the file with its number,
 * going into the background. Under systemd none of it is needed, and all of it
 * harmless.
 */
#ifndef POSTERN_DAEMON_PROCESS_H
#define POSTERN_DAEMON_PROCESS_H

#include "base/err.h"

/* Make sure that 0, 1 and 2 are open, close all others, set the umask to 027, ignore SIGPIPE. */
void process_begin(void);

/* Write our number into the file and hold a lock on it until the end. "" does nothing. 0, or -1
 * with *err: it cannot be written, or another process holds the lock. */
int process_pid_file(const char *path, struct err *err);

/* Go on in a child of its own session. Returns in the child, with a descriptor for
 * process_ready(); the parent waits for that and exits: with 0, or with 1 if the child ends
 * without. -1 with *err, also if the log of the settings is standard error, which would be lost. */
int process_background(const char *log, struct err *err);

/* The start is done: let the parent go, and let go of the terminal. */
void process_ready(int fd);

#endif
