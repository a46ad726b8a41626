/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evidence - what else speaks for a source, and what to do about it
 *
 * Once the source of a message is known from the log, this asks the others: how much more
 * the source sent (its run), which web site its directory belongs to, which request was running,
 * what PHP logged. And it writes down the commands that an administrator would
 * want next. It changes no verdict but one: a script that PHP's own log
 * confirms is no longer only likely.
 */
#ifndef POSTERN_TRACE_EVIDENCE_H
#define POSTERN_TRACE_EVIDENCE_H

#include <stdbool.h>

#include "logs/logset.h"
#include "trace/report.h"
#include "trace/sites.h"

struct phpmail_memory;
struct run_cache;

struct evidence_context {
    const struct logset *set;        /* NULL: no log (a queue alone) */
    struct sites *sites;
    const char *root;
    struct run_cache *runs;          /* of earlier messages; may be NULL */
    struct phpmail_memory *php;      /* likewise */
    bool no_run;                     /* --no-run: only this one message */
    int localhost_number;
    int64_t begun;                   /* UTC second inside the id */
    const struct str *recipients;    /* of the queue file, where the log has none; may be NULL */
    size_t recipient_count;
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void (*problem)(void *ctx, const char *text);
    void *ctx;
};

/* Add the run, site, requests and PHP's log to a report that has its verdict. */
void evidence_add(struct report *r, const struct evidence_context *c);

/* Add the commands. Paths and addresses in them are quoted for a shell. */
void evidence_next(struct report *r);

#endif
