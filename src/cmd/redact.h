/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact - hide recipients before a report is passed on
 *
 * With --redact a report can go to a third party. Whatever has the shape of an address is replaced,
 * but for those that name the source: the mailbox that logged in, the envelope sender, our own
 * Message-ID. Where Exim writes a recipient without a domain, its place in the line tells.
 */
#ifndef POSTERN_CMD_REDACT_H
#define POSTERN_CMD_REDACT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "trace/report.h"

#define REDACT_KEPT_MAX 8u
#define REDACTED "[redacted]"

struct redact {
    bool on;
    struct str kept[REDACT_KEPT_MAX];
    unsigned kept_count;
};

/* What may stay for this report. */
void redact_begin(struct redact *x, const struct report *r);

/* Append `s` with addresses hidden (if on; else as it is). */
void redact_text(const struct redact *x, struct str s, struct buf *b);

/* Append a raw log line with its recipients hidden, those without a domain too. */
void redact_line(const struct redact *x, const struct logline *line, struct buf *b);

#endif
