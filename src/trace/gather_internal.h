/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gather_internal - what the files of gathering share
 *
 * gather.c reads the log, gather_join.c speaks with the join. Nobody else
 * includes this.
 */
#ifndef POSTERN_TRACE_GATHER_INTERNAL_H
#define POSTERN_TRACE_GATHER_INTERNAL_H

#include "base/buf.h"
#include "base/hash.h"
#include "base/intern.h"
#include "mail/syslogjoin.h"
#include "trace/cwdname.h"
#include "trace/gather.h"

#define RECENT 4096u               /* submission lines whose text is remembered */
#define RECENT_BYTES_MAX 16384u    /* ... and of each */

/* A submission line as it was read, by the tag that the join knows it by. */
struct recent {
    uint64_t tag;
    bool imitable;                 /* see gathered */
    struct trace_line at;          /* raw and line are not filled */
    struct buf raw;
};

struct pass {
    const struct logset *set;
    const struct gather_options *o;
    struct arena *arena;
    struct gathered *out;
    size_t *order;                 /* indices into out, by time */
    size_t from, count;            /* the slice of `order` in work */
    struct intern *ids;            /* their texts, numbered as in the slice */
    size_t active;                 /* not completed yet */
    size_t found;
    size_t due;                    /* of the slice: the joins before it are finished */
    int64_t near_from, near_until;
    bool near, whole;
    uint64_t near_until_offset;    /* by place instead of by time; 0: by time */
    bool zone_given;               /* by place: the zone there is known */
    int32_t zone_offset;
    struct join *join;
    struct intern *dirs;
    struct hash_key key;
    struct recent *recent;         /* RECENT, by tag modulo that; zeroed where unused; owned */
    uint64_t next_tag, tags_before;/* the last one; the last one of earlier passes */
    struct syslogjoin *parts;
    struct cwdname name;
    struct logzone zone;
    struct logline_hint hint;
    const struct logfile *file;
    bool failed;
};

/* A copy of a line in the arena. False when that is full. */
bool gather_line_keep(struct pass *p, const struct trace_line *at, struct str raw,
                      struct trace_line *out);

/* Tell the join of a cwd line; of an arrival, which is that of `g` unless NULL; of a submission
 * that the ACL refused (it has an id and a cwd line, too, which nothing else may claim). */
void gather_submission(struct pass *p, const struct logline *line, const struct trace_line *at);
void gather_arrival(struct pass *p, struct gathered *g, const struct logline *line,
                    const struct line_arrival *a);
void gather_refusal(struct pass *p, const struct logline *line);

/* All that is near has been read: what does the join say now? */
void gather_join_finish(struct pass *p, struct gathered *g);

/* The same for those whose neighbourhood ends before `utc`: at once, because the texts of cwd
 * lines are kept for a while only. Later arrivals are finished at the end of the pass. */
void gather_joins_due(struct pass *p, int64_t utc);

#endif
