/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint - what somebody sent in, and every message header inside it
 *
 * A complaint may be an ARF report, a bounce, a forwarded message, an mbox,
 * headers pasted into a mail or a file, quoted, HTML-escaped, base64 or
 * quoted-printable, nested in each other. GMime opens the MIME; what looks like
 * a header block anywhere in the text is found by its shape. The result is a
 * list of header blocks, the innermost (the complained-about message) first in
 * each branch, and what the report itself says.
 *
 * Everything here comes from outside: bounded in depth, parts, bytes; never
 * executed, never written anywhere. Charsets are not converted: what we look
 * for is ASCII in all of them, once the NUL bytes of UTF-16 are gone.
 * Source: RFC 2045 to 2049, 3462, 3464, 5965, 4155.
 */
#ifndef POSTERN_TRACE_COMPLAINT_H
#define POSTERN_TRACE_COMPLAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define COMPLAINT_BYTES_MAX ((size_t)64 << 20) /* of one file; an mbox may hold many messages */
#define COMPLAINT_DEPTH_MAX 16                 /* multiparts and messages within each other */
#define COMPLAINT_PARTS_MAX 2000               /* MIME parts that are looked at */
#define COMPLAINT_BLOCKS_MAX 512               /* header blocks that are kept */
#define COMPLAINT_BLOCK_MAX ((size_t)256 << 10) /* bytes of one header block */
#define COMPLAINT_KEEP_MAX ((size_t)8 << 20)   /* bytes of all header blocks */
#define COMPLAINT_TEXT_MAX ((size_t)1 << 20)   /* bytes of `text` */

/* An arena of this size holds whatever complaint_parse() may keep. */
#define COMPLAINT_ARENA_MAX ((size_t)16 << 20)

enum complaint_kind {
    COMPLAINT_HEADERS,       /* bare header lines, pasted or as a file */
    COMPLAINT_MESSAGE,       /* a message (.eml) that is itself the spam, or forwards it */
    COMPLAINT_ARF,           /* RFC 5965 */
    COMPLAINT_DSN,           /* RFC 3464, or Exim's old plain bounce */
};

/* One header block found, with where it was. */
struct complaint_block {
    struct str header;       /* cleaned: quote marks and HTML escapes removed, transfer encoding
                                decoded, lost folding restored; lines end in LF */
    struct str where;        /* for a person, printable: "part 3 (message/rfc822)", "pasted text" */
    unsigned depth;          /* 0 = the outermost header (of the report itself) */
    unsigned received;       /* Received fields in it */
    bool outer;              /* the report's or forward's own header: its Received lines are the
                                reporter's way to us */
    bool within;             /* stood in the body of a message that a report or bounce returned:
                                the sender of that message may have written it */
    unsigned serial;         /* from 1; stays when the order of the blocks changes */
    unsigned under;          /* serial of a header above it in the same text, in whose message it
                                may stand: who wrote that one may have written this; 0: none */
};

struct complaint {
    enum complaint_kind kind;
    struct complaint_block *blocks;
    size_t block_count;
    /* From message/feedback-report and message/delivery-status; empty where
     * absent. Without the <> of addresses and the `rfc822;` and `dns;` in front. */
    struct str feedback_type, user_agent, source_ip, original_mail_from, original_rcpt_to,
        arrival_date, reporting_mta, final_recipient, diagnostic_code;
    struct str text;         /* the decoded text parts together (bounded), without those of returned
                                messages: ids are searched in it too */
    bool truncated;          /* a ceiling was reached: something was not looked at */
};

/* Load what complaints are taken apart with (GMime), before rights are given up and the first byte
 * is read. complaint_parse() does so itself if nobody has. 0; or -1 and ERR_MISSING: it is not
 * installed, *err says what to install. */
int complaint_ready(struct err *err);

/* "GMime 3.2.13", or that it is missing. */
const char *complaint_library(void);

/* Take `bytes` apart; they are not needed afterwards: everything in *out lives
 * in `arena`, and what does not fit there is left out with `truncated` set. An
 * mbox with several messages gives several complaints: call with each message
 * (see complaint_mbox_next). 0, or -1: ERR_FORMAT for empty input and for input
 * without anything that looks like a header or a message id, ERR_LIMIT above
 * COMPLAINT_BYTES_MAX (*err says what was expected), ERR_MISSING as complaint_ready(). Not
 * thread-safe (GMime). */
int complaint_parse(struct str bytes, struct arena *arena, struct complaint *out, struct err *err);

/* Split an mbox: the next message of `*rest`, with its "From " line; a file
 * that is no mbox is one message. False at the end. Views into `*rest`. Linear
 * over all calls. */
bool complaint_mbox_next(struct str *rest, struct str *message_out);

#endif
