/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join_internal - what the files of the join share
 *
 * join.c keeps the lines and answers; join_look.c knows what must hold between
 * a cwd line and an arrival, and what weighs; join_group.c keeps arrivals that
 * later lines may decide. Nobody else includes this.
 */
#ifndef POSTERN_TRACE_JOIN_INTERNAL_H
#define POSTERN_TRACE_JOIN_INTERNAL_H

#include "trace/join.h"

#define RING_MASK (JOIN_SUBMISSIONS - 1)
#define SETTLE_WINDOW 60        /* seconds that an undecided arrival is looked at again */
#define JOIN_USER_MAX 64        /* of a user name that is kept; Linux allows 32 */

enum claim {
    CLAIM_NONE,
    CLAIM_SOFT,                 /* probably taken; for certainty it may still be another's */
    CLAIM_HARD,
};

struct entry {
    struct join_submission s;
    int64_t floor;              /* microseconds: written after this */
    int64_t until;              /* receptions begun later than this second began late */
    uint64_t seq;
    uint64_t before;            /* seq + 1 of the line before it in its place of by_pid; 0: none, or
                                   one too old to matter */
    uint32_t older, newer;      /* in the list of the unclaimed: place in the ring + 1 */
    enum claim claim;
    uint32_t mark;              /* scratch of group_collect() */
    bool listed;
    bool extended;              /* `until` was moved */
    bool used;                  /* by a message of this session */
    uint64_t guess;             /* tag of the arrival that it was likely for, or 0 */
    bool contested;             /* a later arrival fits only lines like this claimed one */
};

enum progress { UNDECIDED_NOT, UNDECIDED_OPEN, UNDECIDED_SETTLED, UNDECIDED_GROUP };

struct undecided {
    struct join_arrival a;
    char user[JOIN_USER_MAX];   /* what a.user names: the caller's line does not stay */
    uint64_t seq;               /* cwd lines before the arrival: seq < this */
    enum progress progress;
    bool doubt, open;           /* of its look */
    struct join_result result;  /* of a settled one */
    uint64_t set[JOIN_CANDIDATES]; /* seq of its candidates when last looked at, newest first */
    unsigned count;             /* 0: too many */
};

struct join {
    struct entry ring[JOIN_SUBMISSIONS];
    struct {
        uint64_t seq;           /* + 1; 0: none */
        int64_t when;
    } by_pid[JOIN_SUBMISSIONS]; /* pid & mask -> its latest line */
    uint64_t seq;               /* submissions fed so far */
    uint32_t newest;            /* of the list */
    int64_t floor;              /* latest begin of a message seen so far */
    uint64_t extended;          /* no extended line of use is older than this seq */
    int64_t lost;               /* an unclaimed line was overwritten; it fits up to this second */
    uint64_t contested_to;      /* claimed lines before this seq, */
    int64_t contested_from;     /* of this second or later, are all taken for contested */
    uint64_t step;              /* the clock was set back just before this line */
    struct undecided undecided[JOIN_UNDECIDED];
    unsigned next_undecided, open;
    uint32_t mark;
};

/* Candidates of one arrival from one side of the window. */
struct field {
    unsigned count;
    bool one_dir;
    struct entry *first;        /* newest */
    struct entry *best;
    int best_weight;
    bool best_alone;            /* no other directory weighs as much */
};

/* All that is known of one arrival. */
struct look {
    struct field near, late, soft;
    bool doubt;                 /* a line may be missing among those looked at */
    bool cut;                   /* not all were looked at, because it is open already */
    uint64_t set[JOIN_CANDIDATES];    /* seq of the near ones, newest first */
    uint64_t others[JOIN_CANDIDATES]; /* of the rest that cannot be ruled out */
    unsigned set_count, other_count;
};

/* --- join.c --- */

/* The entry at a place of the list; NULL for 0. */
struct entry *join_entry_at(struct join *j, uint32_t place);
void join_list_remove(struct join *j, struct entry *e);

/* Mark a line as taken, never as less than it was. A softly claimed one stays in the list: it is
 * passed over, but near by it is a reason to doubt. */
void join_claim(struct join *j, struct entry *e, enum claim how);

/* Take what a look has found for `a`. True if a line is now another's no more. */
bool join_look_claim(struct join *j, const struct look *l, const struct join_arrival *a);

/* --- join_look.c --- */

/* UTC in microseconds at which reception began. */
int64_t join_begin_usec(const struct join_arrival *a);

/* One process may hand in many messages over hours. */
bool join_may_be_session(const struct join_arrival *a);

/* What must hold between a line and an arrival: of the modes, and all of it. */
bool join_modes_agree(const struct join_submission *s, const struct join_arrival *a);
bool join_fits(const struct entry *e, const struct join_arrival *a);

void join_consider(struct field *f, struct entry *e, const struct join_arrival *a);

/* All unclaimed lines that fit among those before `seq`. Changes nothing that matters. */
struct look join_look(struct join *j, const struct join_arrival *a, uint64_t seq);

/* Another line may be the right one although it is not near: then even a claim may be wrong. */
bool join_look_open(const struct look *l);

/* The answer is not certain. */
bool join_look_doubts(const struct look *l, const struct join_arrival *a);

/* The field that counts: the near one, or, where that is empty, the late one. */
const struct field *join_look_field(const struct look *l);

void join_look_result(struct join *j, const struct look *l, const struct join_arrival *a,
                      struct join_result *out);
void join_result_of(const struct field *f, bool doubt, struct join_result *out);

/* Add the tags of a set to the candidates of a result. */
void join_result_name(struct join *j, const uint64_t *set, unsigned count,
                      struct join_result *out);

/* --- join_group.c --- */

/* Remember an arrival that more than one directory fits. */
void join_undecided_keep(struct join *j, const struct join_arrival *a, const struct look *l);

/* Something was claimed: look at the undecided ones again. `now`: UTC of the claimant. */
void join_undecided_settle(struct join *j, int64_t now);

/* It is open and not much older than `when`. */
bool join_is_recent(const struct undecided *u, int64_t when);

/* What a group comes to for one of its members, whose arguments may tell more now. */
void join_group_result(struct join *j, const struct undecided *u, const struct join_arrival *a,
                       struct join_result *out);

#endif
