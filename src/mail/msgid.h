/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msgid - Exim's message ids
 *
 * An id holds the second at which reception began, the pid of the receiving
 * process and a fraction of that second. So an id alone says which log file to
 * open, where in it to look, and which `cwd=` line was written by the same
 * process. Source: exim receive.c; the Exim specification, section "Message
 * identification".
 *
 *     old  tttttt-pppppp-ss            up to Exim 4.96
 *     new  tttttt-ppppppppppp-ssss     from 4.97
 *
 * Digits are base 62 (0-9 A-Z a-z), or base 36 (0-9 A-Z) on Darwin and Cygwin.
 */
#ifndef POSTERN_MAIL_MSGID_H
#define POSTERN_MAIL_MSGID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/word.h"

#define MSGID_OLD_LEN 16
#define MSGID_NEW_LEN 23

enum msgid_form { MSGID_OLD, MSGID_NEW };
enum msgid_base { MSGID_BASE62, MSGID_BASE36 };

/* An id by value; it refers to nothing. */
struct msgid {
    enum msgid_form form;
    uint8_t n;                    /* 16 or 23 */
    char text[MSGID_NEW_LEN + 1]; /* NUL-terminated, ASCII */
};

/* What the digits say. */
struct msgid_parts {
    int64_t when;          /* UTC seconds */
    uint64_t pid;
    uint32_t usec;         /* microseconds into the second; precision below */
    uint32_t precision;    /* one unit of the fraction, in microseconds */
    int host;              /* localhost_number, or -1 when not set (or not known to be) */
};

/* The whole of `s` is an id (either form, no leading E). 0 and *id_out, or -1.
 * Purely the grammar: any six base-62 digits are a time. */
int msgid_parse(struct str s, struct msgid *id_out);

/* Length (16 or 23) of the id at the start of `s` if one stands there and no
 * further digit, letter or `-` follows it; else 0. The fast test for log lines. */
size_t msgid_prefix(struct str s);

/* Find the next id anywhere in `*s`, bounded on both sides by something that is
 * no letter, digit or `-` (one `E` directly before it is allowed: the external
 * form). True with *id_out and `*s` moved behind it; false when there is none.
 * Linear in s->n. */
bool msgid_next(struct str *s, struct msgid *id_out);

/* Decode in one base. `host` is the localhost_number that is known to be set, or -1
 * for "find out": a fraction beyond the unset range proves one and gives it.
 * 0, or -1 when the digits cannot be an id of that base (a lower-case letter in
 * base 36, a value beyond its range, a pid of 0). */
int msgid_decode(const struct msgid *id, enum msgid_base base, int host,
                 struct msgid_parts *parts_out);

/* Which base an id must be by its digits: base 62 if it has a lower-case
 * letter; otherwise `MSGID_BASE62` too, unless only base 36 gives a time within
 * [earliest, latest] (UTC seconds). Ids of today begin with "1" in base 62 and
 * with "T" in base 36, so the time tells them apart. */
enum msgid_base msgid_guess_base(const struct msgid *id, int64_t earliest, int64_t latest);

/* The id as a view into `id`. */
static inline struct str msgid_str(const struct msgid *id) { return str_make(id->text, id->n); }

static inline bool msgid_eq(const struct msgid *a, const struct msgid *b)
{
    return str_eq(msgid_str(a), msgid_str(b));
}

/* As msgid_decode(), of the text of an id: `s` as for msgid_pack(). For the inner loops. */
int msgid_decode_text(struct str s, enum msgid_base base, int host, struct msgid_parts *parts_out);

/* The id packed into 128 bits without loss, for use as a key of a table. `s`
 * must be 16 or 23 bytes for which msgid_prefix() said so. */
struct msgid_key {
    uint64_t hi, lo;
};
struct msgid_key msgid_pack_new(struct str s);         /* for the new form alone */

static inline struct msgid_key msgid_pack(struct str s)
{
    return s.n == MSGID_OLD_LEN ? (struct msgid_key){ load8(s.p), load8(s.p + 8) }
                                : msgid_pack_new(s);
}

/* UTC seconds of the first six digits in base 62, without any other check;
 * `s` as for msgid_pack(). For the inner loops. */
int64_t msgid_when62(struct str s);

#endif
