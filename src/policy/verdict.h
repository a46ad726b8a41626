/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict - what the checks come to, and all that is to be said of it
 *
 * The reply to the client, the line in the log and `postern ask` are made from
 * one verdict, so they cannot differ. Whoever prints it finds out nothing of
 * its own.
 */
#ifndef POSTERN_POLICY_VERDICT_H
#define POSTERN_POLICY_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/envelope.h"

enum check_id {
    CHECK_BAN,
    CHECK_RELAY,
    CHECK_RECIPIENT,
    CHECK_HELO,
    CHECK_DNSBL,
    CHECK_SENDER,
    CHECK_DICTIONARY,
    CHECK_CALLOUT,
    CHECK_COUNT
};

/* What a hit leads to; the strongest over all checks counts. */
enum check_mode { MODE_OFF, MODE_OBSERVE, MODE_TAG, MODE_DEFER, MODE_REFUSE };

enum check_state {
    CHECK_NOT_RUN,       /* mode off, or nothing to look at yet at this stage */
    CHECK_SKIPPED,       /* not needed any more, or cannot apply: `words` say why */
    CHECK_PASS,
    CHECK_HIT,
    CHECK_LATE,          /* no answer in its time: passed over */
    CHECK_BROKEN,        /* could not work (list, table, state): passed over */
};

struct check_result {
    enum check_state state;
    enum check_mode mode;        /* of this hit; a check may set a weaker one than configured, and
                                    only an answer that the administrator wrote (:fail:, :defer:)
                                    its own */
    bool drop;                   /* the connection should be closed after the reply */
    bool hides_recipient;        /* of a hit: what the recipient check found is not to be seen in
                                    the answer, and does not count */
    unsigned code;               /* SMTP code; 0: 550 or 451 by the mode */
    char status[12];             /* enhanced status code (RFC 3463); "": 5.7.1 or 4.7.1 */
    struct str reply;            /* for the client, without codes; outside bytes in it not yet
                                    escaped */
    struct str words;            /* for the log and the administrator: what was found, and where */
    int score;                   /* hundredths, for checks that add up; else 0 */
    uint32_t usec;               /* from its start to its answer */
};

enum verdict_action { VERDICT_PASS, VERDICT_TAG, VERDICT_DEFER, VERDICT_REFUSE };

struct verdict {
    enum verdict_action action;
    bool drop;
    unsigned code;                   /* DEFER, REFUSE: the whole reply is `code status text` */
    char status[12];
    struct str text;                 /* DEFER, REFUSE: the reply; TAG: the value of the header */
    enum check_id by;                /* whose hit decided; CHECK_COUNT for VERDICT_PASS */
    struct str exempt;               /* why no check touches this client or address, or "" */
    struct check_result checks[CHECK_COUNT];
    uint32_t usec;
};

extern const char *const check_names[CHECK_COUNT];      /* "ban" ... */
extern const char *const check_state_names[];           /* "not-run" ... */
extern const char *const check_mode_names[];            /* "off" ... */
extern const char *const verdict_action_names[];        /* "pass" ... */
extern const char *const envelope_stage_names[];        /* "connect" ... */

#define VERDICT_HEADER "X-Postern"     /* the header of tag mode */

/* One log line, event `decision`, of an envelope and its verdict: the interface that posternd(8)
 * documents. At level info; notice if mail was deferred or refused. */
void verdict_log(const struct envelope *e, const struct verdict *v);

/* One log line, event `session`, at the end of a session that had recipients: what was judged in
 * it, and what the MTA told of it. At level info. */
struct session;
void session_log(const struct envelope *e, const struct session *s);

#endif
