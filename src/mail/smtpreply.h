/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtpreply - what an SMTP server answers (RFC 5321 section 4.2)
 *
 * Lines of three digits, a hyphen or a space, and text; the line with the
 * space (or with the digits alone) is the last, and all lines of a reply have
 * the same digits. A server that is asked by us may be hostile: both the length
 * of a line and the number of lines have ceilings.
 */
#ifndef POSTERN_MAIL_SMTPREPLY_H
#define POSTERN_MAIL_SMTPREPLY_H

#include "base/str.h"

#define SMTPREPLY_LINE_MAX 1024u     /* bytes; RFC 5321 section 4.5.3.1.5 allows 512 */
#define SMTPREPLY_LINES_MAX 64u

struct smtpreply {
    unsigned code;           /* 200 to 559 */
    struct str status;       /* enhanced code of the last line (RFC 2034), or "" */
    struct str text;         /* of the last line, behind codes */
    struct str all;          /* the whole reply as it came, without its last line end */
    unsigned lines;
};

/* The next whole reply in `*in`: 1 with *out, whose views point into `in`, and `*in` moves behind
 * it; 0 if it is not complete yet; -1 if it can never become one. */
int smtpreply_next(struct str *in, struct smtpreply *out);

/* `250-KEYWORD ...` lines of an EHLO answer: does one begin with this keyword? */
bool smtpreply_has_keyword(const struct smtpreply *r, struct str keyword);

/* An enhanced status code (RFC 3463: class 2, 4 or 5, two numbers of at most three digits) at the
 * start of `s`, alone or with a space behind it; "" if there is none. */
struct str smtpreply_status(struct str s);

#endif
