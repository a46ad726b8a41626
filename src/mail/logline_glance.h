/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_glance - what can be said of a log line at a glance
 *
 * Nine of ten lines have the form of most: a stamp in the minute of the line
 * before, perhaps a pid, then a message id with a flag or something without an id.
 * These stand at fixed places, so a few compares of whole words settle what
 * logline_parse() finds out step by step. Whoever reads gigabytes to count
 * asks here first: of what kind a line is, and then only for the rest of those
 * that are wanted.
 *
 * Each answer is the same that the parser gives, or there is none: `I do not know`
 * costs nothing but time. test_logline_glance and fuzz_logline compare both.
 * Nothing here looks for a field: places alone count, so no text can imitate one.
 */
#ifndef POSTERN_MAIL_LOGLINE_GLANCE_H
#define POSTERN_MAIL_LOGLINE_GLANCE_H

#include "mail/logline.h"

enum glance {
    GLANCE_UNKNOWN,       /* ask logline_parse() */
    GLANCE_NOISE,         /* no message id and no cwd line, or no line of Exim's at all: to those
                             who follow messages it says nothing */
    GLANCE_CWD,           /* no message id, but the text may be that of a cwd line */
    GLANCE_ID,            /* an id may stand at the front of the text */
};

/* Look at a line. With GLANCE_CWD and GLANCE_ID *text_out is what follows the stamp and the pid,
 * else it is left alone. Lines with a zone, milliseconds or a syslog head are not known. `raw` as
 * for logline_parse(). */
enum glance logline_glance(struct str raw, struct str *text_out);

/* Take a line that logline_glance() called GLANCE_CWD or GLANCE_ID. True: it is a cwd line, or an
 * arrival, a delivery, a failure, a deferral or the end of a message, each with its id, and
 * *line_out is what logline_parse() would make of it. False: ask that; *line_out is then undefined.
 * *hint is only read: a line of another minute is not known here. */
bool logline_glance_line(struct str raw, enum glance glance, struct str text,
                         const struct logline_hint *hint, struct logline *line_out);

/* True if an arrival surely comes from a host: H= follows directly behind a sender without quotes
 * and backslashes. Then logline_arrival() says has_host, however else the line reads. */
bool logline_glance_host(const struct logline *line);

/* False if the bytes a, b, c stand nowhere side by side in `s`, so no field ` X=` is in it. True
 * says little: it may be in a subject. Where only the first answer matters this is cheap. */
bool logline_glance_holds(struct str s, char a, char b, char c);

#endif
