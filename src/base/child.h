/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * child - run another program, with an end in time and in bytes
 *
 * Exim is asked what it thinks of its configuration, and its own tools build one. Such a program
 * is started directly (no shell), with an environment of our choice, and can neither hang us nor
 * fill our memory: at the deadline, or when it has said more than it may, it is killed with all
 * that it has started.
 *
 * Not for programs that ignore SIGCHLD or wait for any child in another thread.
 */
#ifndef POSTERN_BASE_CHILD_H
#define POSTERN_BASE_CHILD_H

#include <stdbool.h>

#include "base/buf.h"

struct child {
    const char *const *argv;    /* ended by NULL; argv[0] is the path of the program */
    const char *const *env;     /* ended by NULL; NULL for an empty environment */
    struct str input;           /* what it reads; at most CHILD_INPUT_MAX bytes */
    bool errors;                /* standard error goes where its output goes, else to /dev/null */
    int wait_ms;
};

#define CHILD_INPUT_MAX 4096u

/* Run it and append what it says to `out`, whose ceiling counts. Returns its exit status, or -1 if
 * it could not be started (errno), did not end by itself in time, or said too much; what it said
 * until then is in `out` all the same. Nothing of it is left running afterwards. */
int child_run(const struct child *c, struct buf *out);

#endif
