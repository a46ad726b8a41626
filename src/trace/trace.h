/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace - from a complaint to its source
 *
 *     complaint -> candidate ids -> proof which is ours -> log files that can hold it
 *     -> transaction -> the cwd= line -> source -> web request -> run -> report
 *
 * This is the order of the work; each arrow is a file of its own in this folder. A
 * struct trace holds what all inquiries share: the log set, the sites, the names of this
 * server. Each inquiry yields reports, handed to a function of the caller's one by one.
 */
#ifndef POSTERN_TRACE_TRACE_H
#define POSTERN_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "logs/logset.h"
#include "mail/msgid.h"
#include "trace/ownhost.h"
#include "trace/report.h"
#include "trace/search.h"
#include "trace/sites.h"

#define TRACE_IDS_MAX 20000u          /* ids of one inquiry */
#define TRACE_NO_RUN_COUNT ((uint64_t)16 << 20)  /* with no_run lines are counted up to here */
#define TRACE_RUN_COUNT ((uint64_t)1 << 30)      /* ... and up to here otherwise */

struct phpmail_memory;
struct run_cache;

struct trace_options {
    const struct logset *set;         /* NULL: there is no log; only queue files can tell */
    struct sites *sites;
    const struct ownhost *own;
    struct str spool_directory;       /* may be empty */
    const char *root;                 /* or NULL */
    struct run_cache *runs;           /* shared by all inquiries; may be NULL */
    struct phpmail_memory *php;       /* likewise */
    bool no_run, explain;
    struct str confined;              /* what the process gave up, for --explain */
    void (*emit)(void *ctx, const struct report *r);
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void (*problem)(void *ctx, const char *text); /* a ready line for what could not be read */
    void *ctx;
};

/* What came of all inquiries, for the exit status. */
struct trace_result {
    uint64_t named, not_ours, ambiguous;
    bool incomplete;                  /* some log could not be read */
};

/* Trace ids that the administrator or a queue named. `origin` is empty or says where they come
 * from. */
void trace_ids(const struct trace_options *o, const struct msgid *ids, size_t count,
               struct str origin, struct trace_result *result);

/* Trace a complaint: bytes of a file or of standard input. 0, or -1 when nothing in it looks like
 * mail: *err says what was expected. An mbox yields reports for each message. */
int trace_complaint(const struct trace_options *o, struct str bytes, struct str origin,
                    struct trace_result *result, struct err *err);

/* A -H file of Exim's queue. */
struct trace_spool_file {
    struct msgid id;                  /* from its name */
    const char *path;
};

/* Trace the messages of -H files. The log is read for all of them at once; `read` gives
 * the bytes of one when its turn comes (0, or -1 after it has said why), into a buffer that it
 * initialises. A file that is none of Exim's is told to `problem`. Returns how many were traced. */
size_t trace_spools(const struct trace_options *o, const struct trace_spool_file *files,
                    size_t count, int (*read)(void *ctx, const char *path, struct buf *b),
                    struct trace_result *result);

/* Trace what a search found, the newest SEARCH_MATCHES_MAX; how many messages match is in
 * *matches_out. -1 (ERR_MISSING) when nothing does. */
int trace_search(const struct trace_options *o, struct search_query *q,
                 struct trace_result *result, uint64_t *matches_out, struct err *err);

#endif
