/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eximconf - what the local Exim says of itself
 *
 * `exim -bP NAME` prints the value of a setting, and it is right where every
 * guess may be wrong. Exim is started directly (no shell), with an empty environment
 * and a time limit; a machine without Exim, or one that does not answer, leaves
 * the fields empty. Never called for a copied server (--root).
 *
 * Only ways of asking are used that Exim does not log: `-bP` and `-be` write no
 * `cwd=` line, `-bV` would. Source: the Exim specification, section "Command line
 * options", and exim.c.
 */
#ifndef POSTERN_LOGS_EXIMCONF_H
#define POSTERN_LOGS_EXIMCONF_H

#define EXIMCONF_WAIT_MS 5000

/* Heap strings, NULL where not known; an empty string is a setting that is empty. */
struct eximconf {
    char *binary;            /* path of the Exim that was asked */
    char *version;           /* "4.96" */
    char *log_file_path;
    char *spool_directory;
    char *primary_hostname;
    char *qualify_domain;
    char *log_selector;
    int localhost_number;    /* -1: not set or not known */
};

/* Ask the first Exim that is installed in one of the usual places. Never fails, see the fields;
 * takes EXIMCONF_WAIT_MS at most, after which the Exim is killed. Not for programs that ignore
 * SIGCHLD or wait for any child in another thread. */
void eximconf_init(struct eximconf *c);
void eximconf_fini(struct eximconf *c);

/* The same for the first of `binaries` (ended by NULL) that is there, within `wait_ms`. */
void eximconf_ask(struct eximconf *c, const char *const *binaries, int wait_ms);

#endif
