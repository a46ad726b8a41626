/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render - print reports and rankings
 *
 * For people: aligned, escaped, coloured on a terminal. For programs: one JSON
 * object a line, whose keys are an interface. Both escape: no byte from outside
 * reaches a terminal as it came.
 */
#ifndef POSTERN_CMD_RENDER_H
#define POSTERN_CMD_RENDER_H

#include <stdbool.h>
#include <stdio.h>

#include "trace/redact.h"
#include "trace/report.h"
#include "trace/top.h"

struct render {
    FILE *out;
    bool color;
    bool explain;                /* with the steps */
    bool raw;                    /* the log lines as they are, and nothing else */
    struct redact redact;
    unsigned printed;            /* reports so far */
};

void render_report_text(struct render *x, const struct report *r);
void render_report_json(struct render *x, const struct report *r);

/* The log lines of the transaction, the joined cwd line first. On a terminal control bytes are
 * escaped. */
void render_report_raw(struct render *x, const struct report *r);

struct render_top {
    FILE *out;
    bool color;
    bool redact;
    size_t limit;                /* rows; 0: all */
    enum top_by by;
};

void render_top_text(const struct render_top *x, const struct top *t);
void render_top_json(const struct render_top *x, const struct top *t);

/* Print one line of ours that may hold outside bytes, escaped. */
void render_safe(FILE *out, struct str s);

#endif
