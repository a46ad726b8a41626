/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_scan - what libconfuse must never get to see
 *
 * libconfuse 3.3 reads more than we want, and some of it silently wrong: it puts
 * environment variables into strings, drops bytes that it does not know (`*`,
 * `+`), cuts `http://x` at the slashes, ends a file at a NUL or in an open
 * comment without an error, fails on a comment inside a list, and counts lines
 * wrongly behind C comments. So a pass of ours over the bytes goes first: it
 * refuses what is not plainly good, with the right line, and turns comments
 * into blanks.
 */
#ifndef POSTERN_CONF_CONF_SCAN_H
#define POSTERN_CONF_CONF_SCAN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define CONF_FILE_MAX (1u << 20)     /* bytes of a file */
#define CONF_VALUE_BYTES_MAX 1000u   /* of one value, as it stands in the file */
#define CONF_BRACES_MAX 4000u        /* opened in a file: sections and lists */

/* Append `text` to `clean` with its comments as blanks; every line keeps its number. 0, or -1 with
 * *line_out and *err: a control byte, a byte that must be quoted, a string that does not end in its
 * line, an escape or an environment variable that is not supported, braces that do not match, or a
 * ceiling above. `clean` must be able to hold text.n bytes. */
int conf_scan(struct str text, struct buf *clean, unsigned *line_out, struct err *err);

#endif
