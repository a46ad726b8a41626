/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header - the header of a mail message
 *
 * Splits a block of header lines into fields, unfolds them, reads dates and
 * the Received fields of Exim and its neighbours. It is fed with complaints:
 * pasted, cut and forged text. So it takes LF and CRLF, skips what is no
 * field, and stops at an empty line. Nothing is allocated but in a `struct buf`
 * of the caller's; any bytes are taken; every function is linear in its input.
 * Source: RFC 5322 sections 2.2, 3.3, 3.6.7, 4.3; RFC 5321 section 4.4; RFC
 * 2047; the Exim specification, option "received_header_text".
 *
 *     header.c           fields, folding, addresses
 *     header_date.c      dates
 *     header_decode.c    encoded words
 *     header_received.c  Received fields
 */
#ifndef POSTERN_MAIL_HEADER_H
#define POSTERN_MAIL_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define HEADER_FIELD_MAX 65536   /* bytes of an unfolded field; the rest is cut */
#define HEADER_NAME_MAX 128      /* bytes of a field name; a longer one is no field */

struct header_field {
    struct str name;      /* without the colon and white space before it */
    struct str raw;       /* value as it stands, folding included, without the last line end */
    unsigned line;        /* number of its first line within the block, from 1 */
};

/* A position in a header block. */
struct header_cursor {
    struct str rest;
    unsigned line;
};

/* True if the line begins as a header field: a name of printable ASCII without
 * space, then a colon. *name_out (may be NULL) is the name, a view into it. */
bool header_is_field(struct str line, struct str *name_out);

/* Begin at the first line of `block`. A byte order mark, leading empty lines
 * and an mbox "From " line are passed over. */
void header_begin(struct header_cursor *c, struct str block);

/* The next field; lines that are neither field nor continuation are passed
 * over. False at the empty line that ends the header, or at the end. Views into
 * the block. */
bool header_next(struct header_cursor *c, struct header_field *field_out);

/* Where the header ends: the body behind the empty line (empty if there is
 * none). A view into the block. */
struct str header_body(struct str block);

/* Unfold: line ends and the white space around them become one space, as does
 * white space at either end become nothing. Appends at most HEADER_FIELD_MAX
 * bytes to `b`, and no more than `b` takes: then it is marked bad. */
void header_unfold(struct str raw, struct buf *b);

/* Value of the first field called `name` (case does not matter), unfolded into
 * `b` (reset first). False if there is none; `b` is empty then. */
bool header_get(struct str block, struct str name, struct buf *b);

/* RFC 2047 encoded words of an unfolded value to UTF-8, appended to `b`. Words
 * in an unknown charset or broken ones stay as they are. Charsets: UTF-8,
 * US-ASCII, ISO-8859-1 and windows-1252 (both read as the latter). What was
 * said to be UTF-8 is not checked to be, and decoded bytes may be any: escape
 * before printing. */
void header_decode(struct str value, struct buf *b);

/* An RFC 5322 date, obsolete forms too (`Thu, 27 Apr 2006 12:05:41 -0400 (EDT)`,
 * two-digit years, zone names), and what other programs write in its place:
 * `Thu Apr 27 12:05:41 EDT 2006`, `27-Apr-2006 ...`, RFC 3339. UTC seconds and
 * the zone's offset, seconds east. 0, or -1 if it is no date, or if it has no
 * zone or one that we do not know: a wrong time is worse than none. */
int header_date(struct str value, int64_t *utc_out, int32_t *offset_out);

/* One Received field taken apart; empty where absent. */
struct header_received {
    struct str from;      /* first word after from: a name, [ip], or the user of `from forums by` */
    struct str helo;      /* what the client said: (helo=...), (HELO ...), or `from` where the
                             writer puts it there (Postfix, sendmail: `from HELO (name [ip])`) */
    struct str host;      /* the client's name by DNS: `(name [ip])`, or `from` where Exim
                             puts it there (`from name ([ip] helo=...)`) */
    struct str ip;        /* the client's address without brackets, port and `IPv6:` */
    struct str ident;     /* (ident=...) */
    struct str by;        /* name after by */
    struct str by_ip;     /* by host ([ip]), by host [ip], by ip */
    struct str with;      /* protocol; of several words up to the next comment or keyword */
    struct str id;        /* after id, without <> */
    struct str envelope_from; /* (envelope-from <...>), (envelope-sender <...>) */
    struct str recipient; /* after for, without <> */
    bool exim;            /* says (Exim ...) */
    struct str exim_version; /* "4.96" */
    bool ambiguous;       /* from, by, with, id or for stands there twice: a HELO or an address
                             may be playing them. The first counts */
    bool has_date;
    int64_t when;         /* UTC; of the date behind the last semicolon */
    int32_t offset;
};

/* Take an unfolded Received value apart. Any bytes; what is not understood
 * stays empty. Comments may nest to 8. Views into `value`. Returns 0, or -1 if
 * it has neither from, by nor id. */
int header_received(struct str value, struct header_received *out);

/* The address of a From, Sender, Return-Path value: what stands in <> (outside
 * of quotes), else the first word with an @; empty if there is none, and for
 * `<>`. A view into `value`. */
struct str header_address(struct str value);

#endif
