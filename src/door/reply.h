/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply - a verdict as the line that the MTA acts on
 *
 * `action=DUNNO`, `action=550 5.7.1 text`, `action=PREPEND X-Postern: text`. Postfix reads
 * it as in access(5); Exim's kit takes code and text from it. The text may stem from
 * outside (a list's TXT record, a customer's alias file), so whatever is not printable
 * ASCII is escaped: no reply can end early, begin a second line or play with a terminal.
 */
#ifndef POSTERN_DOOR_REPLY_H
#define POSTERN_DOOR_REPLY_H

#include "base/buf.h"
#include "policy/verdict.h"

/* `action=` and all up to the empty line. RFC 5321 section 4.5.3.1.5 allows 512 bytes for a reply
 * line with code and CRLF. */
#define REPLY_TEXT_MAX 480u
#define REPLY_MAX 600u

/* What is said when nothing is to be said: the MTA decides alone. */
#define REPLY_DUNNO STR("action=DUNNO\n\n")

/* Append the reply, the empty line included. A dropped connection gets 421 or 521, which Postfix
 * and the kit understand as "and close it". */
void reply_add(struct buf *out, const struct verdict *v);

#endif
