/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report - all that is known of one message
 *
 * What trace finds goes into one struct report; the text for a person and the
 * JSON for a program are two ways to print it and find out nothing of their
 * own. Strings are raw outside bytes: the printers escape them. Everything
 * lives in the report's arena.
 */
#ifndef POSTERN_TRACE_REPORT_H
#define POSTERN_TRACE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "mail/msgid.h"
#include "trace/gather.h"
#include "trace/requests.h"
#include "trace/tally.h"

#define REPORT_WITNESSES_MAX 64u
#define REPORT_REQUESTS_MAX 10u
#define REPORT_NOTES_MAX 256u
#define REPORT_NEXT_MAX 16u
#define REPORT_RELATIONS_MAX 10u

enum verdict {
    VERDICT_SCRIPT,
    VERDICT_CRON,
    VERDICT_LOGIN,
    VERDICT_WEBMAIL,
    VERDICT_LOCALHOST_SMTP,
    VERDICT_RELAY,
    VERDICT_FORWARD,
    VERDICT_AUTOREPLY,
    VERDICT_LIST,
    VERDICT_BOUNCE,
    VERDICT_INBOUND,
    VERDICT_NOT_OURS,
    VERDICT_EXPIRED,
    VERDICT_COUNT
};

enum confidence { CONFIDENCE_CERTAIN, CONFIDENCE_LIKELY, CONFIDENCE_AMBIGUOUS };

enum trust { TRUST_OURS, TRUST_FORGEABLE };

struct witness {
    const char *kind;        /* "received", "arrival", "cwd", "delivery", "panel", "access-log",
                                "header", "php-log", "spool" */
    enum trust trust;
    struct str file;         /* where: a path, or a name like "complaint" */
    uint64_t line;           /* from 1; 0: not counted */
    uint64_t offset;         /* bytes; only of use where line is 0 */
    struct str text;         /* the evidence itself, raw */
    struct str says;         /* what it shows, a phrase of ours */
};

struct delivery {
    struct str address;      /* the recipient as the message was addressed */
    struct str final;        /* where it went, if another address */
    const char *outcome;     /* "delivered" "failed" "deferred" "discarded" */
    int64_t when;
    int32_t zone;
    struct str router, transport, host, ip, text;
};

struct source {
    struct str user, account, cwd, script, login, authenticator, client_ip, host, site;
};

struct run {
    bool known;
    uint64_t messages, recipients, delivered, failed, deferred, queued, subjects;
    int64_t first, last;
    bool at_least;               /* some message has more recipients than were counted */
    bool open_begin, open_end;   /* the run reaches the edge of the logs or of the search */
};

/* A message that this one answers, or that answers this one. */
struct relation {
    struct msgid id;
    bool is_parent;
    bool found;                  /* the log has it; else only the id is known */
    enum verdict verdict;
    enum confidence confidence;
    struct source source;
    struct str sender, subject, reason;
};

struct report {
    struct arena *arena;
    struct msgid id;
    bool has_id;
    bool has_received;
    int64_t received;            /* UTC */
    int32_t zone;
    enum verdict verdict;
    enum confidence confidence;
    bool confidence_known;       /* false: not-ours and expired have none */
    struct source source;
    struct str sender, subject;  /* subject unescaped */
    bool has_sender, has_subject;
    uint64_t size;
    bool has_size;
    struct delivery *deliveries;
    size_t delivery_count;
    struct request requests[REPORT_REQUESTS_MAX];
    size_t request_count;
    struct run run;
    struct trace_line *candidates;
    size_t candidate_count;
    struct witness witnesses[REPORT_WITNESSES_MAX];
    size_t witness_count;
    struct trace_line *lines;
    size_t line_count;
    struct msgid parent;         /* the message that a bounce or an autoreply answers */
    bool has_parent;
    const struct msgid *children;/* our own answers to this one */
    size_t child_count;
    struct relation relations[REPORT_RELATIONS_MAX]; /* the same with what is known of each:
                                    parents first, the nearest first */
    size_t relation_count;
    struct str origin;           /* what led here: a file name, or empty */
    struct str reason;           /* one sentence: why this verdict; always set */
    struct str notes[REPORT_NOTES_MAX];   /* the steps, for --explain */
    size_t note_count;
    struct str next[REPORT_NEXT_MAX];     /* commands that would help; printed, never run */
    size_t next_count;
    bool strangers_dir;          /* source.cwd is in the home of another customer */
    bool script_forgeable;       /* source.script is from a header, which anybody can write */
    bool queue_only;             /* made from a spool file alone */
};

struct report *report_new(void);
void report_free(struct report **r);

/* Add; beyond the ceilings nothing happens. Text of `says`, notes and next is formatted into the
 * arena, at most 4 KiB of it; a command too long for that is left out. `text` and `file` must live
 * as long as the report. */
void report_witness(struct report *r, const struct witness *w, const char *says, ...)
    __attribute__((format(printf, 3, 4)));
void report_note(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void report_next(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void report_reason(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Formatted text in the arena. */
struct str report_text(struct report *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A word for the command line of any POSIX shell (dash, bash, ksh), safe to paste into a root
 * shell: as it is, or in single quotes, or, where it has bytes that are not printable, as
 * "$(printf 'a\033b')". A - in front would be an option, so it becomes ./- : right for a path, and
 * harmless for all else. What no command line can hold (a NUL, a line end at the end, more than
 * 4 KiB) gives the empty word ''. */
struct str report_shell(struct report *r, struct str word);

/* "script", "localhost-smtp" ... and "certain" ... as in the JSON. */
const char *verdict_name(enum verdict v);
const char *confidence_name(enum confidence c);

/* True for the verdicts that name a source (exit status 0). */
bool verdict_named(enum verdict v);

#endif
