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

#include "base/word.h"
#include "mail/logline.h"
#include "mail/msgid.h"

enum glance {
    GLANCE_UNKNOWN,       /* ask logline_parse() */
    GLANCE_NOISE,         /* no message id and no cwd line, or no line of Exim's at all: to those
                             who follow messages it says nothing */
    GLANCE_CWD,           /* no message id, but the text may be that of a cwd line */
    GLANCE_ID,            /* an id may stand at the front of the text */
};

#define GLANCE_TEXT_AT 20           /* behind YYYY-MM-DD HH:MM:SS and its space */
#define GLANCE_LINE_LEAST 40        /* shorter lines are not looked at: enough for stamp and pid */
#define GLANCE_PID_DIGITS 10
#define GLANCE_PID_FRAME 3          /* `[`, `]` and the space */

/* `[12345] ` at `p`: how many bytes; 0 if it is none. The digits of a short one are not looked at:
 * logline_glance_line() does that. Looks at no more than 13 bytes. */
static inline size_t logline_glance_pid(const char *p)
{
    uint64_t end = word_has(load8(p + 1), ']');
    size_t n = 0;
    if (end != 0 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        n = (size_t)__builtin_ctzll(end) / 8;
    else
        while (n < GLANCE_PID_DIGITS && ascii_digit(p[n + 1]))
            n++;
    return n > 0 && p[n + 1] == ']' && p[n + 2] == ' ' ? n + GLANCE_PID_FRAME : 0;
}

/* Look at a line. With GLANCE_CWD and GLANCE_ID *text_out is what follows the stamp and the pid.
 * Lines with a zone, milliseconds or a syslog head are not known. `raw` as for logline_parse().
 * Inline: it is called for every line of a log. */
static inline enum glance logline_glance(struct str raw, struct str *text_out)
{
    const char *p = raw.p;
    if (raw.n < GLANCE_LINE_LEAST || p[4] != '-' || p[10] != ' ' || p[GLANCE_TEXT_AT - 1] != ' ')
        return GLANCE_UNKNOWN;
    size_t pid = p[GLANCE_TEXT_AT] == '[' ? logline_glance_pid(p + GLANCE_TEXT_AT) : 0;
    const char *text = p + GLANCE_TEXT_AT + pid;
    size_t n = raw.n - GLANCE_TEXT_AT - pid;
    if (n <= MSGID_NEW_LEN || text[0] == '+' || text[0] == '-')
        return GLANCE_UNKNOWN;               /* perhaps a zone */
    *text_out = str_make(text, n);
    if (text[6] == '-' && (text[13] == '-' || text[18] == '-'))
        return load4(text) == load4("cwd=") ? GLANCE_CWD : GLANCE_ID;
    return load4(text) == load4("cwd=") ? GLANCE_CWD : GLANCE_NOISE;
}

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
