/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gather - all log lines of given messages
 *
 * The id of a message says when its reception began, so reading starts there:
 * by binary search in a plain file, in the one compressed file that covers the time otherwise.
 * Around that moment every line is parsed, to find the `<=` line and join its `cwd=` line; behind
 * it only lines that hold an id are looked at, until every message is completed or the log ends. An
 * id that is not where its time says is searched for in the whole set before anybody says that it
 * is not there: clocks are set back, and logs are merged.
 *
 * "Completed" ends a transaction only as a line of that class: a subject with the
 * word in it does not.
 */
#ifndef POSTERN_TRACE_GATHER_H
#define POSTERN_TRACE_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "logs/logset.h"
#include "mail/logline.h"
#include "mail/msgid.h"
#include "trace/join.h"

#define GATHER_LINES_MAX 20000u     /* of one message */
#define GATHER_RELATED_MAX 64u
#define GATHER_NEAR 20              /* seconds around the begin of reception, read line by line */

/* A log line that is kept, with its place. */
struct trace_line {
    const struct logfile *file;
    uint64_t offset;                /* in the (inflated) file */
    uint64_t number;                /* line number from 1; 0: not counted */
    int64_t utc;
    int32_t zone;                   /* offset in force, seconds east */
    struct str raw;                 /* in the arena */
    struct logline line;            /* views into raw */
};

struct gathered {
    struct msgid id;
    int64_t when;                   /* UTC inside the id */
    struct msgid_parts parts;
    bool found;                     /* at least one line of its own */
    struct trace_line *lines;       /* of the transaction, in the order of the log */
    size_t count, room;
    bool cut;                       /* GATHER_LINES_MAX was reached */
    ptrdiff_t arrival;              /* index of the `<=` line, or -1 */
    bool far;                       /* the `<=` line does not stand where its time is */
    bool completed;
    struct join_arrival joined;     /* what the join was told of the arrival */
    struct join_result join;
    bool join_finished;             /* for gather() itself */
    bool contested;                 /* the join's only line may be another message's */
    bool imitable;                  /* or a part of a directory's name: see gather_name_look() */
    struct trace_line *cwd;         /* the joined line, or NULL */
    struct trace_line *candidates;  /* submissions that fit, newest first, if more than one does */
    size_t candidate_count;
    /* bounces on it (their R= names it), and messages whose -E does */
    struct msgid related[GATHER_RELATED_MAX];
    size_t related_count;
};

struct gather_options {
    struct arena *arena;            /* everything found lives there */
    int localhost_number;
    enum msgid_base base;
    bool count_lines;               /* line numbers for all lines, whatever it costs */
    uint64_t count_limit;           /* else only for lines before this offset of a plain file */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    /* a ready line for each thing that could not be read */
    void (*problem)(void *ctx, const char *text);
    void *ctx;
};

/* Gather `count` distinct ids; out[i] is for ids[i]. Returns 0, or -1 when a log
 * could not be read to its end (told to `problem`; what was found is in *out). */
int gather(const struct logset *set, const struct msgid *ids, size_t count,
           const struct gather_options *o, struct gathered *out);

#endif
