/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join - which submission made which message
 *
 * With +arguments Exim writes a `cwd=` line when it is started, before it has a
 * message id; the message's own `<=` line comes later. This joins the two.
 *
 * With pids in the log it is exact: the same process wrote both lines, and its
 * pid is inside the message id. Without pids these must hold, and each of them is
 * a fact about how Exim writes its log, not a guess:
 *
 *   - the cwd line stands before the `<=` line;
 *   - it was written before reception began, at the time inside the id. Exim waits for
 *     the first byte before it takes that time: mostly it comes in milliseconds, but
 *     it may take half an hour (`long-job | sendmail root`);
 *   - any arrival whose `<=` line stands before the cwd line began before the cwd
 *     line was written. So a cwd line that follows the `<=` of a message begun
 *     later than ours cannot be ours: in a run of one script, where each
 *     submission ends before the next begins, this alone leaves one candidate;
 *   - -bs goes with P=local-smtp, -bS with local-bsmtp, all else with local;
 *     -E<id> with R=<id>, for each message of a session.
 *
 * A line that is the only one for some message is claimed by it and is no
 * candidate for another; of several lines that name one directory the newest is,
 * because the others fit whatever it fits; and when among some messages and lines
 * there are as many of the one as of the other, all of these lines are. If what
 * remains, and was written at most JOIN_WINDOW seconds before reception, names
 * one directory, that is certain. If it names several, the arguments (-f,
 * recipients), the owner of the path and a first byte without delay may make one
 * *likely*; else it is ambiguous and all are reported. It is only likely, too,
 * while an older line that nobody has claimed could be that of a late starter,
 * and for a session of SMTP (-bs), whose one line may stand for many messages
 * over hours.
 */
#ifndef POSTERN_TRACE_JOIN_H
#define POSTERN_TRACE_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "mail/logline.h"

#define JOIN_WINDOW 10          /* seconds between a cwd line and the begin of reception, */
#define JOIN_LATE_WINDOW 1800   /* of a late starter (Exim gives up after 30 minutes), */
#define JOIN_PID_WINDOW 3600    /* and with pids: a local SMTP session may be long */
#define JOIN_SUBMISSIONS 16384  /* cwd lines remembered; a power of two */
#define JOIN_UNDECIDED 64       /* ambiguous arrivals that later claims may still decide */
#define JOIN_CANDIDATES 32      /* named in a result */
#define JOIN_RECIPIENTS 4       /* of the arguments, compared */
#define JOIN_NEAR_LINES 256     /* unclaimed lines looked at in the window, if they disagree, */
#define JOIN_LATE_LINES 256     /* and behind it */
#define JOIN_CONTEST_LINES 256  /* looked at for an arrival without a line, one by one */

/* A cwd line of a submission or of a bounce. `dir` must stay valid as long as the join. Hashes are
 * the caller's, all with one key; 0 is never one. */
struct join_submission {
    int64_t when;               /* UTC second of the line */
    uint64_t pid;               /* 0: the log has none */
    struct str dir;
    enum cwd_mode mode;
    bool has_sender;
    uint64_t sender;            /* hash of the -f address, lower case */
    uint64_t recipients[JOIN_RECIPIENTS];
    unsigned recipient_count;
    uint64_t parent;            /* hash of the id of -E, or 0 */
    uint64_t tag;               /* the caller's name for it */
};

/* A local arrival. */
struct join_arrival {
    int64_t when;               /* UTC second inside the id */
    uint32_t usec, precision;   /* its fraction and the unit of that */
    uint64_t pid;               /* inside the id */
    enum cwd_mode mode;         /* CWD_SUBMIT, CWD_SUBMIT_SMTP; with R= CWD_BOUNCE, but a session
                                   stays one */
    bool any_mode;              /* the caller chose P= (-oMr): it may be a session or not */
    struct str user;            /* U= */
    uint64_t sender;
    const uint64_t *recipients; /* hashes of the `for` list, or NULL if not logged */
    size_t recipient_count;
    uint64_t parent;            /* hash of the id of R=, or 0 */
    uint64_t tag;
};

enum join_how {
    JOIN_NONE,                  /* no cwd line fits */
    JOIN_BY_PID,                /* exact */
    JOIN_ONLY,                  /* exactly one line fits */
    JOIN_SAME_DIR,              /* several fit, all name one directory */
    JOIN_LIKELY,                /* one fits best, but another cannot be ruled out */
    JOIN_AMBIGUOUS,             /* several directories; also of lines with its pid, if no message
                                   came of the older one */
};

struct join_result {
    enum join_how how;
    bool late;                  /* the line is older than JOIN_WINDOW: see tracker.c */
    uint64_t tag;               /* of the submission (ambiguous: of the newest) */
    struct str dir;             /* empty when none or ambiguous */
    uint64_t candidates[JOIN_CANDIDATES]; /* tags, newest first */
    unsigned candidate_count;   /* named above; the newest when there may be more */
    bool more;
};

struct join;

struct join *join_new(void);
void join_free(struct join **j);

/* Feed in the order of the log. */
void join_submission_add(struct join *j, const struct join_submission *s);

/* Feed an arrival and learn what is known now. Remember every arrival, also those that
 * are not local: their ids date the lines around them (mode CWD_OTHER: no result). */
void join_arrival_add(struct join *j, const struct join_arrival *a, struct join_result *out);

/* The same if the pid decides: then sender and recipients need not be known. False, and nothing has
 * happened, if it does not. */
bool join_arrival_by_pid(struct join *j, const struct join_arrival *a, struct join_result *out);

/* The same for an arrival that is not local, of which only the time inside its id counts. */
void join_begun(struct join *j, int64_t when, uint32_t usec);

/* A local arrival's mode by its protocol (P=), bounces apart. */
void join_arrival_mode(struct join_arrival *a, struct str protocol);

/* What is known of an earlier arrival after later lines were fed: `a` as it was fed
 * then. True and *out if it was undecided and is still remembered; false
 * leaves *out alone, and what join_arrival_add() said stands. May be asked again. */
bool join_review(struct join *j, const struct join_arrival *a, struct join_result *out);

/* True if a later local arrival fits only lines that others have claimed, this one among
 * them: then a line is missing from the log, and it may be that of the claimant. Also true, for
 * lack of a closer look, of lines of the same seconds that have JOIN_CONTEST_LINES others behind
 * them, and of forgotten ones. */
bool join_contested(const struct join *j, uint64_t tag);

/* True if no line of the last JOIN_WINDOW seconds before `when` is unclaimed and no arrival of that
 * time undecided: what comes next does not depend on them. */
bool join_quiet(const struct join *j, int64_t when);

#endif
