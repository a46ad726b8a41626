/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_zone - the health of one list
 *
 * A list that refuses us, is parked, lists everything or nothing, or does not
 * answer is worse than none: it rejects good mail, or makes all mail wait. Each
 * zone that is asked has a state:
 *
 *     well     it is asked
 *     resting  it is not; for how long doubles each time, up to a ceiling
 *     probing  the rest is over: the test entries are asked (RFC 5782 section
 *              5), and only if both sides answer as they must it is well again
 *
 * A refusal or an address outside of 127/8 rests it at once. Silence does not:
 * only many questions without an answer in a row, over some seconds, do. A
 * zone that is well and in use is probed every hour too, and when it has listed
 * suspiciously many in a row. Trouble is logged once an hour.
 *
 * The state outlives a restart: what rested is not asked until a probe has found
 * it well again, even where the rest ended meanwhile. It is kept for a day after
 * that end. Nothing here ever fails: what cannot be known counts as well.
 */
#ifndef POSTERN_POLICY_DNSBL_ZONE_H
#define POSTERN_POLICY_DNSBL_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/check.h"
#include "policy/dnsbl_known.h"

enum dnsbl_state { DNSBL_WELL, DNSBL_RESTING, DNSBL_PROBING };

/* Why it rests. */
enum dnsbl_reason {
    DNSBL_NO_REASON,
    DNSBL_REFUSES,           /* "you may not ask" */
    DNSBL_STRANGE,           /* answers outside of 127/8: parked or hijacked */
    DNSBL_LISTS_ALL,         /* 127.0.0.1, or INVALID, is in it */
    DNSBL_LISTS_NONE,        /* 127.0.0.2, or TEST, is not in it */
    DNSBL_SILENT             /* no answers */
};

extern const char *const dnsbl_state_names[];      /* "well" ... */
extern const char *const dnsbl_reason_names[];     /* "", "refuses" ... */

/* The texts live as long as the zone. */
struct dnsbl_zone_options {
    struct str zone;                 /* as it is asked: may hold a key */
    struct str name;                 /* as it is shown */
    enum dnsbl_probe probe;          /* NONE: the end of a rest is the end of it */
    const char *entry;               /* the test entry of a list of names; NULL: TEST */
    bool white_1;                    /* 127.0.0.1 may be in it */
    const uint32_t *refusals;        /* beside the usual */
    size_t refusal_count;
    unsigned rest_s, rest_max_s, timeout_ms;
};

#define DNSBL_HOUR_S 3600
#define DNSBL_SILENT_COUNT 10u       /* questions without an answer in a row ... */
#define DNSBL_SILENT_MS 10000        /* ... over at least so long, before a silent zone rests ... */
#define DNSBL_SILENT_MAX_S 600u      /* ... and the ceiling of that rest: it may be our own line */
#define DNSBL_LISTED_ROW 50u         /* listed in a row, before a zone is probed at once */
#define DNSBL_PROBE_FIRST_MS 1000
#define DNSBL_PROBE_AGAIN_MS 60000   /* between two probes that were not planned */

struct dnsbl_zone;

/* Begins with the state of the store; the first probe comes a second later. Never NULL. */
struct dnsbl_zone *dnsbl_zone_new(const struct policy_parts *parts,
                                  const struct dnsbl_zone_options *o);
void dnsbl_zone_free(struct dnsbl_zone **z);

/* Count on from the numbers of another one of the same name. */
void dnsbl_zone_go_on(struct dnsbl_zone *z, const struct dnsbl_zone *before);

/* It may be asked now. */
bool dnsbl_zone_usable(const struct dnsbl_zone *z);

enum dnsbl_report { DNSBL_SAID_NO, DNSBL_SAID_LISTED, DNSBL_SAID_REFUSED, DNSBL_SAID_STRANGE,
                    DNSBL_SAID_NOTHING };

/* What came of a question to it. `code` for REFUSED and STRANGE. May rest it, with one log line. */
void dnsbl_zone_report(struct dnsbl_zone *z, enum dnsbl_report report, uint32_t code);

/* REFUSED or STRANGE, to a question whose name the client chose (a HELO, a sender's domain). It
 * must not be able to switch a list off with a name that the list dislikes: a probe tells, at most
 * one a minute, and the zone is asked on until then. */
void dnsbl_zone_doubt(struct dnsbl_zone *z);

struct dnsbl_status {
    struct str name;                 /* never a key */
    enum dnsbl_state state;
    enum dnsbl_reason reason;
    uint32_t code;                   /* that it refused with; or 0 */
    int64_t since, until;            /* UTC: of this state; the end of the rest, 0 unless resting */
    uint64_t asked, listed, refused, silent;     /* since the start */
    uint32_t rests;                  /* in a row: the back-off */
};
void dnsbl_zone_status(const struct dnsbl_zone *z, struct dnsbl_status *out);
struct str dnsbl_zone_asked_name(const struct dnsbl_zone *z);

/* "127.0.0.2". Returns `text`. */
#define DNSBL_CODE_TEXT 16u
const char *dnsbl_code_text(uint32_t code, char text[DNSBL_CODE_TEXT]);

#endif
