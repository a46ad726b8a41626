/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine - give up what a reader of logs does not need
 *
 * Root runs the tool, and senders of spam choose most of the bytes that it
 * reads. So once it knows what it has to read, it gives up all that a bug in a
 * parser could be used for: writing files, starting programs, the network,
 * and every capability but that of reading the files of others.
 *
 * Every kernel offers some of that and few offer all. What cannot be had is
 * said, never an error: a tool that refuses to work at three in the morning
 * helps nobody.
 */
#ifndef POSTERN_BASE_CONFINE_H
#define POSTERN_BASE_CONFINE_H

#include <stdbool.h>

/* What took effect. */
struct confine_report {
    bool no_new_privs;          /* no program started from here gains rights */
    int landlock_abi;           /* of the kernel; 0: Landlock is not there or did not work */
    bool fs_read_only;          /* no file can be written, cut, made, renamed or removed */
    bool no_connect;            /* no socket can be made, or at least none can connect by TCP */
    bool no_exec;               /* no program can be started */
    bool capabilities_dropped;  /* none is left, but for reading (CAP_DAC_READ_SEARCH) */
    char text[200];             /* the same in a line for people, without a full stop */
};

/* Give up rights for this thread and for all threads and processes that it makes from now on, for
 * good. Call it before the first thread is made. Never fails.
 *
 * Goes on working: reading any file that could be read before, writing to descriptors that are open
 * already (output, an unlinked temporary file), making threads. Stops working, with EACCES: opening
 * a file for writing, any program, any socket. So `exim -bP`, getifaddrs() and temporary files come
 * before.
 *
 * Uses Landlock (Linux 5.13; ABI 3 of 6.2 also stops truncation, 4 of 6.7 TCP, 5 of 6.10 commands
 * to devices, 6 of 6.12 signals to others), a filter of system calls (seccomp) and capset(2). On
 * other systems it does nothing and says so. */
void confine_read_only(struct confine_report *out);

#endif
