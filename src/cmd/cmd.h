/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd - the subcommands of postern
 *
 * Each subcommand is one file with one struct command: its name, a line for the
 * overview, its options as a table, and what it does. The table makes the parser and the
 * help; a check in tools/ compares it with the man page and the completion.
 */
#ifndef POSTERN_CMD_CMD_H
#define POSTERN_CMD_CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* Exit status: an interface. */
enum exit_status {
    EXIT_NAMED = 0,          /* a source was named; for other commands: done */
    EXIT_NOT_OURS = 1,       /* no message of ours matches */
    EXIT_USAGE = 2,          /* usage or configuration */
    EXIT_INCOMPLETE = 3,     /* a log could not be read; what was found was printed */
    EXIT_AMBIGUOUS = 4,
};

/* One long option. `key` is the caller's number for it, above 255. */
struct option_row {
    const char *name;        /* without -- ; NULL ends the table */
    int key;
    const char *value;       /* name of its value for the help, or NULL */
    const char *help;
};

struct command {
    const char *name;
    const char *summary;     /* one line for `postern --help` */
    const char *usage;       /* what follows the name in the usage line */
    const char *about;       /* some lines for `postern NAME --help` */
    const struct option_row *options;
    const char *examples;
    int (*run)(int argc, char **argv);  /* argv[0] is the command's name; returns the exit status */
};

extern const struct command command_trace;
extern const struct command command_top;
extern const struct command command_setup;
extern const struct command command_ask;
extern const struct command command_bans;
extern const struct command command_status;

/* --- options.c --- */

#define OPTION_END (-1)
#define OPTION_BAD (-2)      /* a line about it has been printed */
#define OPTION_HELP (-3)     /* the help has been printed */

struct option_walk {
    const struct command *command;
    int argc;
    char **argv;
    int at;
    bool only_operands;
    char **operands;         /* heap, argc long; what is no option, in order */
    int operand_count;
};

void option_walk_init(struct option_walk *w, const struct command *c, int argc, char **argv);
void option_walk_fini(struct option_walk *w);

/* The next option's key with *value_out (NULL when it takes none), or one of OPTION_*. Takes --name
 * VALUE, --name=VALUE, unambiguous beginnings, and `--` before operands. `-` is an operand. */
int option_next(struct option_walk *w, const char **value_out);

void command_help(const struct command *c, FILE *out);

/* What a command is made of. `request` is its own. */
struct command_steps {
    int (*take)(void *request, struct option_walk *w);     /* the options; one of OPTION_* */
    int (*perform)(void *request, const struct option_walk *w);  /* the exit status */
};

/* Take the options, then, if they are good, perform. Returns the exit status. */
int command_run(const struct command *c, int argc, char **argv, const struct command_steps *steps,
                void *request);

/* --- console.c: what the commands say on standard error --- */

/* "postern: TEXT" on standard error; outside bytes in it must be escaped already. */
void say_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --color WHEN: auto, always, never; auto obeys NO_COLOR and TERM=dumb. 0 or -1. */
int color_wanted(const char *when, FILE *out, bool *color_out);

/* A progress line on a terminal, for work of more than a second; nothing elsewhere. */
struct progress {
    const char *what;
    int64_t started_ms, shown_ms;
    bool shown;
};
void progress_begin(struct progress *p, const char *what);
void progress_show(struct progress *p, uint64_t done, uint64_t total);
void progress_end(struct progress *p);

/* --- version.c --- */

/* Version, compiler, hardening and libraries, as `postern --version` prints them. */
void version_print(FILE *out);

#endif
