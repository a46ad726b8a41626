/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err - an error as a value, with its context
 *
 * A function that can fail for reasons outside of the program returns -1 and
 * fills a struct err: a kind that code can act on, and one sentence that says
 * what, where and what to do. The text is safe to print: outside bytes in it
 * are escaped when it is set. No heap; a struct err is copied like a number.
 */
#ifndef POSTERN_BASE_ERR_H
#define POSTERN_BASE_ERR_H

enum err_kind {
    ERR_NONE = 0,
    ERR_USAGE,     /* the caller asked for something that cannot be */
    ERR_MISSING,   /* no such file, host, user */
    ERR_ACCESS,    /* there, but not for us */
    ERR_FORMAT,    /* bytes that are not what they should be */
    ERR_LIMIT,     /* a ceiling was reached */
    ERR_IO,        /* the system failed us */
};

#define ERR_TEXT_MAX 512

struct err {
    enum err_kind kind;
    char text[ERR_TEXT_MAX]; /* NUL-terminated, printable */
};

/* Set kind and text; a text too long is cut. Always returns -1, so that a
 * function may end with `return err_set(...)`. `err` may be NULL. Bytes that
 * are not printable are escaped. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* From errno: kind by the number, text "WHAT: strerror". Returns -1. */
int err_errno(struct err *err, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put `context: ` in front of the text. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
