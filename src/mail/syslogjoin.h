/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syslogjoin - put together what syslog has split
 *
 * Exim cuts a line for syslog at 870 bytes and marks the parts `[1/3]`, or at
 * an embedded newline `[1\3]`. Parts of one line carry the same pid and come in
 * order, but other processes' lines may stand between. A few lines are held at
 * a time; what never completes is handed out as it is when its place is needed.
 * Source: exim log.c, write_syslog().
 */
#ifndef POSTERN_MAIL_SYSLOGJOIN_H
#define POSTERN_MAIL_SYSLOGJOIN_H

#include <stdbool.h>

#include "base/str.h"

#define SYSLOGJOIN_OPEN 16            /* lines being put together at a time */
#define SYSLOGJOIN_LINE_MAX 65536     /* bytes of one joined line; the rest is dropped */

struct syslogjoin;

struct syslogjoin *syslogjoin_new(void);
void syslogjoin_free(struct syslogjoin **j);

/* Offer one raw line. Returns true and *line_out if there is a line to use: `raw`
 * itself if it is no part, or a part whose beginning is lost (the common case,
 * without copying); or a joined line, whose view lives until the next call, with the head of its
 * first part and without the marks. That is the line that `raw` completes, or an
 * incomplete one whose place is needed: `raw` is then kept. False: the part was kept, ask for
 * the next raw line. A newline part is joined with the newline that Exim took out. */
bool syslogjoin_feed(struct syslogjoin *j, struct str raw, struct str *line_out);

/* At the end of the input: the next incomplete line, until false. */
bool syslogjoin_flush(struct syslogjoin *j, struct str *line_out);

/* Quick test whether a line looks like a part, so that files without parts pay nothing. */
bool syslogjoin_is_part(struct str raw);

#endif
