/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requests - which web request made the mail
 *
 * A script sends while a request for it runs: the request began before the
 * arrival, by less than the time a script may run. For one message several
 * requests usually fit; over a whole run only one keeps fitting. So each URL
 * gets the share of the run's messages that a request for it precedes closely,
 * weighed down by how often it is requested at other times (a home page precedes
 * everything), and up for POST. PHP changes to the directory of the script that
 * was asked for, so a URL in the very directory of the cwd line weighs more than
 * others. requests_weigh.c has the formula.
 *
 * When a request explains a message. It began at or before the arrival, and one
 * of these holds:
 *  - at most REQUESTS_CLOSE seconds lie between;
 *  - it still ran then, as the log proves: its line, written at its end, stands
 *    behind that of a request that began at or after the arrival;
 *  - it may still have run then: nothing is logged between, and from its begin on
 *    its mails came at most REQUESTS_PAUSE seconds apart.
 * In no case do more than REQUESTS_WINDOW seconds lie between. A message that two
 * requests for one URL explain is counted once, for the later of them.
 */
#ifndef POSTERN_TRACE_REQUESTS_H
#define POSTERN_TRACE_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "trace/sites.h"

#define REQUESTS_WINDOW 600      /* seconds: the longest a request may have run before an arrival */
#define REQUESTS_CLOSE 5         /* seconds: "just before" */
#define REQUESTS_PAUSE 60        /* seconds between two mails of one long request */
#define REQUESTS_BEFORE 3600     /* seconds of log read before the window, to know what is usual */
#define REQUESTS_LATE 1800       /* seconds of log read behind the run: lines are written late */
#define REQUESTS_URLS_MAX 20000  /* distinct (site, method, path) kept at a time */
#define REQUESTS_PATH_MAX 512    /* bytes of a path kept; longer ones are cut */
#define REQUESTS_TEXT_MAX 1024   /* bytes of a witness line kept */

struct request {                 /* one (site, method, path) */
    struct str site, method, path; /* path as logged, up to a script's name: /a.php/x is /a.php */
    struct str client_ip;        /* the client with most of the explained messages */
    uint64_t clients;            /* distinct clients of explained messages */
    uint64_t messages;           /* of the run that it explains */
    uint64_t requests;           /* for it in the part of the log that was read (an estimate from
                                    above where a log has very many URLs) */
    double share;                /* messages / all messages of the run */
    double score;                /* for the order only */
    bool likely;                 /* good enough to be named as the request that sent the mail */
    bool in_cwd;                 /* its script is in the very directory of the cwd line */
    const char *file;            /* witness: access log and line of the request nearest to the
                                    traced message */
    uint64_t line;               /* from 1; 0 if it could not be counted */
    struct str text;             /* that line, raw, cut at REQUESTS_TEXT_MAX */
    int64_t when;                /* its time, UTC */
    bool exact;                  /* named by X-PHP-Script or the like and found */
};

struct requests_query {
    const struct site *const *sites; /* whose logs are read */
    size_t site_count;
    struct str cwd;              /* directory of the submissions, or empty */
    struct str script;           /* the script if known: URL path (X-PHP-Script), path in the
                                    file system (mail.log), or base name; or empty */
    struct str client;           /* client IP if known from X-PHP-Script, or empty */
    const int64_t *arrivals;     /* UTC seconds of the run's messages, ascending */
    size_t arrival_count;
    int64_t message;             /* UTC second of the traced message itself */
    void (*warn)(void *ctx, const char *text); /* one ready line for each log that could not be
                                    read; may be NULL */
    void *warn_ctx;
    uint64_t *left_out;          /* requests near arrivals that were not weighed because there
                                    were too many URLs; may be NULL */
};

/* Read the access logs of the sites (plain, gz, bz2, xz, zst; only files that can
 * hold the time) and weigh. Fills up to `max`, best first; returns how many. Those
 * that are not `likely` merely came before the mail. Strings live in `arena`. A
 * plain log is entered by binary search. Memory: about 24 MiB at most. */
size_t requests_find(const struct requests_query *q, struct arena *arena, struct request *out,
                     size_t max);

#endif
