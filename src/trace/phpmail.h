/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phpmail - find the line that PHP's mail.log has for one message
 *
 * PHP writes it when a script calls mail(), just before it starts sendmail. It
 * names the script with its full path and line, which no other log does. Where
 * the file lies is a setting of php.ini, of an FPM pool, of Apache or of the
 * customer's own folder; those are read, and the panels' usual places are looked at.
 *
 * PHP writes the log as the user that scripts run as, so what runs as that user
 * can write there, too. A log in a customer's home, or one that everybody may
 * write to, is marked: its lines are forgeable.
 *     phpmail_places.c   which logs there are
 *     phpmail.c          reading them
 */
#ifndef POSTERN_TRACE_PHPMAIL_H
#define POSTERN_TRACE_PHPMAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define PHPMAIL_WINDOW 10        /* seconds between mail() and the arrival */
#define PHPMAIL_LOGS_MAX 64      /* logs looked at for one message, */
#define PHPMAIL_FILES_MAX 32     /* rotated files of one log, */
#define PHPMAIL_READ_MAX ((size_t)64 << 20) /* and bytes of text read of one file */
#define PHPMAIL_TEXT_MAX 1024    /* bytes of a line kept; longer ones are cut */

struct phpmail_hit {
    struct str script;           /* full path of the file that calls mail(): maybe a library */
    uint64_t script_line;
    bool evald;                  /* the code came from eval() in that file */
    int64_t when;                /* UTC */
    const char *file;            /* the log (with the root in front), and the line in it; */
    uint64_t line;               /* 0: not counted */
    struct str text;
    bool customers;              /* a customer can write to this log: its lines are forgeable */
    bool dir_agrees;             /* the script is in the directory of the submission, or below it */
    bool to_agrees;              /* it names a recipient of the message; false if none is known */
    bool subject_agrees;
};

/* What the configuration of the server says of its logs: read for the first message, remembered
 * for all. For queries of one root. */
struct phpmail_memory;

struct phpmail_memory *phpmail_memory_new(void);
void phpmail_memory_free(struct phpmail_memory **m);

struct phpmail_query {
    const char *root;            /* or NULL */
    struct phpmail_memory *memory; /* or NULL: read for this message alone */
    struct str account;          /* whose logs to look at; empty: that of `dir` by its place */
    int64_t arrival;             /* UTC second of the message's id */
    struct str dir;              /* of the submission, or empty: scripts elsewhere rank lower */
    const struct str *recipients;/* of the message as far as known */
    size_t recipient_count;
    struct str subject;          /* decoded or raw; may be empty: only used to prefer */
    void (*note)(void *ctx, const char *text); /* one line, ready to print, for each file of a
                                    customer's own that could not be read; may be NULL */
    void *note_ctx;
};

/* Lines of at most PHPMAIL_WINDOW seconds before the arrival whose recipients agree with those of
 * the message (all lines of the time where none is known), the best first: directory, then subject,
 * then nearness in time. Strings live in `arena`. Returns how many of at most `max`; 0 also for a
 * root that cannot be opened. `warn` gets one line, ready to print, for each log or setting that
 * could not be read or was left out; it may be NULL. What lies in a customer's home, who can put
 * anything there, is no such failure: q->note gets it.
 *
 * A plain log is entered by bisection, a rotated one only if it can hold the time. Time zones are
 * looked up through TZ in the environment, which is put back: no other thread may run meanwhile. */
size_t phpmail_find(const struct phpmail_query *q, struct arena *arena, struct phpmail_hit *out,
                    size_t max, void (*warn)(void *ctx, const char *text), void *ctx);

#endif
