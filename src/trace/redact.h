/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact - hide recipients before a report is passed on
 *
 * With --redact a report can go to a third party. Whatever has the shape of an address is replaced,
 * but for those that name the source: the mailbox that logged in, the envelope sender, our own
 * Message-ID. Where Exim writes a recipient without a domain, its place in the line tells. What
 * others wrote about a recipient (the answer of the next server, the arguments of a request) is
 * searched for the names of the recipients of this report, too.
 *     redact.c          shapes: addresses in any text
 *     redact_url.c      shapes: paths and URLs
 *     redact_names.c    names: the recipients of this report
 *     redact_line.c     places: log lines and other witnesses
 */
#ifndef POSTERN_TRACE_REDACT_H
#define POSTERN_TRACE_REDACT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/intern.h"
#include "base/str.h"
#include "trace/report.h"
#include "trace/tracker.h"

#define REDACT_KEPT_MAX 3u
#define REDACT_NAMES_MAX 200000u         /* names of recipients of one report, */
#define REDACT_NAMES_BYTES ((size_t)16 << 20)
#define REDACT_NAME_MAX 256u             /* and bytes of one; RFC 5321 allows 64 */
#define REDACTED "[redacted]"
#define REDACT_SPECIALS "<>()[]:;,"      /* end an address, and part the parts of a URL */

enum redact_kept {
    REDACT_AS_IT_IS,                     /* a login */
    REDACT_PARTS,                        /* a Message-ID: a recipient in it is hidden */
    REDACT_SENDER,                       /* the same, and any address that VERP put into it */
};

struct redact {
    bool on;
    struct { struct str text; enum redact_kept kind; } kept[REDACT_KEPT_MAX];
    unsigned kept_count;
    struct intern *names;                /* lower case: addresses and local parts; may be NULL */
    size_t longest;                      /* bytes of the longest local part */
    bool too_many;                       /* some name is not among them, or is one that cannot be
                                            found in a text: answers go unseen */
};

/* What may stay for this report, and the names of its recipients. Views into the report.
 * redact_fini() is due after the last. */
void redact_begin(struct redact *x, const struct report *r);
void redact_fini(struct redact *x);

/* --- redact.c --- */

/* Append `s` with addresses hidden (if on; else as it is), and local=domain of a recipient. In a
 * request path or a URL only the part that is one, also with %40 for the @, and arguments that are
 * the local part of a recipient. */
void redact_text(const struct redact *x, struct str s, struct buf *b);

/* Would redact_text() change it? */
bool redact_changes(const struct redact *x, struct str s);

/* The key of a row of top: only subjects and senders hold recipients. */
void redact_key(bool on, enum top_by by, struct str key, struct buf *b);

/* --- redact_line.c --- */

/* Append a text that somebody wrote about a recipient (the answer of a server, Exim's reason): the
 * local parts of recipients are hidden as well, as whole words and without regard to case. */
void redact_answer(const struct redact *x, struct str s, struct buf *b);

/* The sentence of a report: where mail is forwarded it names the recipient here. */
void redact_reason(const struct redact *x, enum verdict verdict, struct str s, struct buf *b);

/* Append a raw log line with its recipients hidden, those without a domain too. */
void redact_line(const struct redact *x, const struct logline *line, struct buf *b);

/* The arguments (c->args) of a cwd line, without its recipients. */
void redact_args(const struct redact *x, const struct line_cwd *c, struct buf *b);

/* The text of a witness, by what kind it is. */
void redact_witness(const struct redact *x, const struct witness *w, struct buf *b);

/* --- for the other files of these --- */

/* Append `s`, one word, if it is an address that may stay, also behind `F=` or `-f` and in ''.
 * False if it is none. */
bool redact_kept(const struct redact *x, struct str s, struct buf *b);

/* Append `s`, a path, a URL or the end of one that is not empty, part by part. */
void redact_url(const struct redact *x, struct str s, struct buf *b);

/* --- redact_names.c: for the others --- */

/* Remember a recipient: its address and its local part, also without a +suffix. */
void redact_name_add(struct redact *x, struct str address);

/* Is the whole of `s` the address or the local part of a recipient? */
bool redact_name_known(const struct redact *x, struct str s);

/* Append `s` with local parts hidden that stand there as words; REDACTED in it is none. */
void redact_names_words(const struct redact *x, struct str s, struct buf *b);

/* Append `s`, one word without an @, with `local=domain` of a recipient hidden. */
void redact_names_equals(const struct redact *x, struct str s, struct buf *b);

#endif
