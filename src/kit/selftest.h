/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest - does this Exim take its configuration, and does it really ask
 *
 * A line in an ACL that is never reached looks like one that works, until the next attack. So after
 * the files are written Exim is asked twice: whether it accepts the configuration (exim -bV), and
 * to play a session (exim -bh, which delivers nothing and calls nobody). In that session a request
 * has to arrive at the socket. If no posternd listens there, we do for that moment.
 *
 * Exim runs the session as its own user, so a socket that it may not open is found out as well.
 * Source: the Exim specification, "The Exim command line".
 */
#ifndef POSTERN_KIT_SELFTEST_H
#define POSTERN_KIT_SELFTEST_H

#include "kit/plan.h"

#define SELFTEST_CLIENT "192.0.2.1"      /* reserved for documentation: nobody's address */
#define SELFTEST_WAIT_MS 60000

enum selftest_result { SELFTEST_PASSED, SELFTEST_FAILED, SELFTEST_SKIPPED };

struct selftest {
    enum selftest_result result;
    struct str text;         /* what was found, a line for people */
    struct str output;       /* what Exim said, if it failed; outside bytes */
};

struct selftest_options {
    const char *exim;        /* the binary */
    const char *config;      /* a configuration that is not Exim's usual one, or NULL */
};

/* Run the plan's `update` program, if it has one. 0, or -1 with what it said in *t. */
int selftest_update(const struct plan *p, struct selftest *t);

/* All of the test. Never an error: the result says what happened. Makes a thread and, for a moment,
 * a socket; not to be used by programs with threads of their own that make files. */
void selftest_run(const struct plan *p, const struct selftest_options *o, struct selftest *t);

#endif
