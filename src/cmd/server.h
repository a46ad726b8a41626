/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server - the server whose logs are looked at
 *
 * What trace and top share before their own work begins: the options that say which log,
 * the zone, what Exim says of itself, and the opened log set.
 */
#ifndef POSTERN_CMD_SERVER_H
#define POSTERN_CMD_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/cmd.h"
#include "logs/eximconf.h"
#include "logs/logset.h"

#define SERVER_PATHS_MAX 1000u

/* Options of both commands; keys from 256 on, a command's own from 300 on. */
enum server_option {
    OPTION_LOG = 256,
    OPTION_ROOT,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_TIMEZONE,
    OPTION_JSON,
    OPTION_COLOR,
    OPTION_REDACT,
    OPTION_OWN = 300,
};

#define SERVER_OPTION_ROWS                                                                        \
    { "log", OPTION_LOG, "PATH",                                                                  \
      "log file, folder, glob or - (again for more); default: found by itself" },                 \
    { "root", OPTION_ROOT, "DIR", "examine a copied server below DIR" },                          \
    { "since", OPTION_SINCE, "TIME", \
      "from this time on: '2026-11-23 10:00', 10:00, 'Nov 23', 2h, yesterday" }, \
    { "until", OPTION_UNTIL, "TIME", "up to this time" },                                         \
    { "timezone", OPTION_TIMEZONE, "ZONE", "zone of TIME, and of a log that does not show its own" }

#define OUTPUT_OPTION_ROWS                                                                        \
    { "json", OPTION_JSON, NULL, "one JSON object a line" },                                      \
    { "redact", OPTION_REDACT, NULL, "hide recipients" },                                         \
    { "color", OPTION_COLOR, "WHEN", "auto, always or never" }

struct server {
    const char *paths[SERVER_PATHS_MAX];
    size_t path_count;
    const char *root;
    const char *since_text, *until_text, *color_text;
    int64_t since, until;        /* UTC; INT64_MIN, INT64_MAX without limit */
    bool json, redact, color;
    struct eximconf exim;        /* empty with a root */
    bool exim_asked;
    struct logset *set;          /* NULL: none was found */
    bool incomplete;             /* some file could not be opened */
};

void server_init(struct server *s);
void server_fini(struct server *s);

/* Take one of the shared options. 1 if it was one, 0 if not, -1 after a line about a bad value. */
int server_option(struct server *s, int key, const char *value);

/* After all options: zone, times, colours. 0, or -1 after a line. */
int server_settle(struct server *s, const char *command);

/* Open the log. 0, or -1 and *err when there is none. What is wrong with single files has been
 * said. Exim is asked where the log is if nobody said so, and for its names if `names`; otherwise
 * only if its log cannot be understood without. */
int server_open(struct server *s, bool names, struct err *err);

/* The exit status after server_open() failed: a log that was named could not be read, or none was
 * found. */
int server_status_unopened(const struct server *s);

#endif
