/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_text - a configuration file as a list of values, each with its line
 *
 * This is all that is left of libconfuse behind this room's door: which setting
 * got which text in which line. It knows the names of the settings from the
 * table and nothing of what their values mean. libconfuse keeps its state in
 * globals, so one file is read at a time, in one thread.
 */
#ifndef POSTERN_CONF_CONF_TEXT_H
#define POSTERN_CONF_CONF_TEXT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/settings.h"

#define CONF_VALUES_MAX 100000u

struct conf_value {
    const struct setting *row;
    uintptr_t section;           /* which one: the same number for the same section */
    const char *text;            /* in the arena; NULL: the list is empty */
    unsigned line;               /* 0: not known */
};

/* A titled section. */
struct conf_titled {
    const struct setting_section *kind;
    uintptr_t section;
    const char *title;           /* in the arena */
    unsigned line;               /* in which it ends */
};

struct conf_text {
    const char *file;            /* for errors; the caller's */
    struct arena *arena;         /* the caller's */
    struct conf_value *values;   /* heap, in the order of the file; those of a list together */
    size_t count;
    struct conf_titled *titled;  /* heap */
    size_t titled_count;
    struct err err;              /* the first thing that is wrong */
};

/* Read `bytes`. 0, or -1 with *err: `FILE:LINE: what is wrong and the remedy`. conf_text_fini() in
 * either case. */
int conf_text_read(struct conf_text *t, struct str bytes, struct err *err);
void conf_text_fini(struct conf_text *t);

/* Set *err to a text with file and line before it. Returns -1. */
int conf_text_error(const struct conf_text *t, unsigned line, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
