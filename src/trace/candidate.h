/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidate - ids in a complaint that may be ours, and what speaks for each
 *
 * A message names an id in every Received line that an Exim wrote, ours and
 * other people's; spammers add lines of their own, some with real old ids of
 * ours in them. Each candidate is judged twice: by what the complaint itself shows
 * (host, and whether the clock of the id and of its line agree), and then by
 * what our log says of that id (candidate_replayed()). The topmost line that holds is the one to
 * believe: lines are added at the top, so a sender can only forge those below
 * his own.
 */
#ifndef POSTERN_TRACE_CANDIDATE_H
#define POSTERN_TRACE_CANDIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "mail/header.h"
#include "mail/msgid.h"
#include "trace/complaint.h"
#include "trace/gather.h"

#define CANDIDATES_MAX 1000u

/* What this server is called; any of it may be unknown. */
struct own_names {
    struct str names[64];
    size_t count;
    int localhost_number;
    enum msgid_base base;
};

enum candidate_how {
    CANDIDATE_GIVEN,             /* on the command line, or in a queue */
    CANDIDATE_RECEIVED,          /* id of a Received line */
    CANDIDATE_MESSAGE_ID,        /* Message-ID of the form that Exim makes */
    CANDIDATE_TEXT,              /* anywhere in the text */
    CANDIDATE_RECOVERED,         /* found in the log by other traces: see recover.h */
};

enum tristate { UNKNOWN, YES, NO };

struct candidate {
    struct msgid id;
    enum candidate_how how;
    const struct complaint_block *block; /* NULL: given, or from text */
    unsigned number;             /* which Received line of its block, from 1 at the top */
    struct str field;            /* the unfolded line; empty if none */
    struct header_received received;
    bool has_above;
    struct header_received above;/* the hop above: whoever took the message from this host */
    enum tristate host, clock;   /* `by` is one of our names; id and line agree */
    int64_t when;                /* UTC inside the id */
    struct str doubt;            /* why it is not ours; empty while nothing speaks against it */
    const struct candidate *inside; /* a message that we sent, in whose body this one's header
                                stands; NULL: none */
};

/* All candidates of a complaint, the most credible block first and within a block from the
 * top, each id once. Lives in `arena`. Returns how many went to `out`. */
size_t candidates_of(const struct complaint *c, const struct own_names *own, struct arena *arena,
                     struct candidate *out, size_t max);

/* An id that was given on the command line or stands in a queue. */
void candidate_given(struct msgid id, const struct own_names *own, struct candidate *out);

/* Does the log's own record of that id contradict the complaint? Compares Message-ID, subject,
 * sender and the time at which the hop above took it. An empty view if they are one message; else
 * why the id was copied from another message of ours, in `arena`. */
struct str candidate_replayed(const struct candidate *c, const struct gathered *g,
                              struct arena *arena);

#endif
