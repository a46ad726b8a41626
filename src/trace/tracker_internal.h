/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker_internal - what the files of the tracker share
 *
 * tracker_feed.c eats lines, tracker.c counts what they say, and tracker_cwd.c does so for
 * submissions; tracker_quick.c knows what need not be counted; tracker_edge.c keeps what the unit
 * before must know, and tracker_absorb.c joins units. Nobody else includes this.
 */
#ifndef POSTERN_TRACE_TRACKER_INTERNAL_H
#define POSTERN_TRACE_TRACKER_INTERNAL_H

#include "base/intern.h"
#include "mail/msgid.h"
#include "mail/syslogjoin.h"
#include "trace/cwdname.h"
#include "trace/join.h"
#include "trace/openmsg.h"
#include "trace/tracker.h"

#define TRACKER_DIRS_MAX 200000u
#define TRACKER_DIR_BYTES_MAX ((size_t)32 << 20)
#define TRACKER_ROWS_HIGH 100000u     /* rows beyond which the smallest are added up */
#define TRACKER_HELD_MAX 65536u       /* events kept for the edge of a unit */

#define HELD_RECIPIENTS (JOIN_RECIPIENTS * 4)

/* A cwd line or an arrival near the beginning of a unit, to be joined again. */
struct held {
    bool is_arrival;
    bool wanted;                      /* the arrival's source is decided at the edge */
    struct join_submission submission;
    struct join_arrival arrival;      /* .recipients are these: */
    uint64_t recipients[HELD_RECIPIENTS];
    bool has_recipients;
    struct msgid_key id;
    struct str user, subject;         /* interned */
};

/* The row of what a user sent from a directory, by where its name lies in `dirs`. */
#define KNOWN_ROWS_BITS 10
#define KNOWN_USER_MAX 23             /* bytes; what longer names send is looked up each time */
struct known_row {
    const char *dir;                  /* NULL: free */
    uint32_t n, row;
    uint8_t user_n;
    char user[KNOWN_USER_MAX];
};

struct tracker {
    struct tracker_options o;
    struct tally *tally;
    uint32_t rows_pruned;             /* rows that the last pruning left; they all may be in use */
    struct opentable *open;
    struct join *join;
    struct intern *dirs;              /* directories and users that outlive their line */
    struct tracker_forms *forms;      /* of cwd lines; their directories lie in `dirs` */
    char redelivery[64];              /* how those of deliveries begin, up to the id */
    size_t redelivery_n;
    struct known_row known_rows[1u << KNOWN_ROWS_BITS];
    struct syslogjoin *parts;
    struct cwdname name;
    struct logzone zone;
    struct logline_hint hint;
    enum msgid_base base;
    bool base_known;
    int64_t unit_first;               /* UTC of the first line fed */
    uint64_t own_after;               /* see tracker_quick.c; UINT64_MAX: not known */
    int64_t previous;                 /* UTC of the line before */
    struct held *held;
    uint32_t held_count, held_room;
    bool synced;                      /* the join does not depend on the unit before any more */
    bool held_lost;                   /* TRACKER_HELD_MAX was reached */
    uint64_t next_tag;
    struct tracker_stats stats;
};

static inline bool tracker_selective(const struct tracker *t) { return t->o.only_key.n > 0; }

/* Give a message its row and count it there. */
void tracker_count_message(struct tracker *t, struct openmsg *m, uint32_t row);

/* True for a report that our Exim made on another message. */
bool tracker_own_bounce(const struct line_arrival *a);

/* The row of the local arrival `v`, joined as `r` says: its directory, or its user. */
uint32_t tracker_row_joined(struct tracker *t, const struct join_arrival *v,
                            const struct join_result *r);

/* Move a message's outcomes into its rows and forget it. */
void tracker_close(struct tracker *t, struct openmsg *m);

/* Of --by recipient-domain: count slot `i`, and the message once for each domain. */
void tracker_count_slot(struct tracker *t, struct openmsg *m, uint32_t i);

/* For opentable_add(): count what has to make room. */
void tracker_evict(void *ctx, struct openmsg *m);

/* When there are too many rows, add up those with the fewest messages. Row numbers change. */
void tracker_prune(struct tracker *t);

/* Keyed, and never 0. */
static inline uint64_t tracker_hash(const struct tracker *t, struct str s)
{
    return hash_quick(t->o.key, s) | 1;
}

/* Count what a line says; its time lies in the span. */
void tracker_dispatch(struct tracker *t, const struct logline *line, int64_t utc);

/* The message of an arrival, with its time; what the id says of the zone is noted. NULL if the line
 * was there before. */
struct openmsg *tracker_arrived(struct tracker *t, const struct logline *line, int64_t utc);

/* Note what an arrival says of the zone: `begun` is the time inside its id. */
void tracker_zone(struct tracker *t, const struct logline *line, int64_t begun);

/* What is read now may have to be joined again with the unit before. */
static inline bool tracker_at_edge(const struct tracker *t)
{
    return t->o.continues && !t->synced;
}

/* tracker_quick.c: true if the arrival surely counts under no key; what else it says is noted. */
bool tracker_uncounted(struct tracker *t, const struct logline *line, int64_t utc);

/* True if a line, of which logline_glance() says that it may have an id, is surely of a message
 * that counts under no key, and not its arrival. */
bool tracker_nobodys(const struct tracker *t, struct str text);

/* tracker_cwd.c: a cwd line; and forget what is remembered of them. */
void tracker_cwd(struct tracker *t, const struct logline *line, int64_t utc);
void tracker_cwd_forget(struct tracker *t);

/* The text is surely that of a cwd line of a process that delivers, as there was one before. */
bool tracker_cwd_again(const struct tracker *t, struct str text);

/* As logline_cwd_whole(): the text has the end of a cwd line. */
bool tracker_cwd_whole(struct tracker *t, struct str text);

/* Forget all that is remembered by row number or by place in `dirs`: one of them changes. */
void tracker_forget(struct tracker *t);

/* A copy that outlives the line; empty past the ceiling. */
struct str tracker_keep(struct tracker *t, struct str s);

/* tracker_edge.c: keep an event for the edge, if it may matter there. True if the message's row
 * has to wait for it. `a` NULL: no message came of it. */
void tracker_hold_submission(struct tracker *t, const struct join_submission *s);
bool tracker_hold_arrival(struct tracker *t, const struct join_arrival *v,
                          const struct join_result *r, const struct line_arrival *a,
                          struct msgid_key id);

#endif
