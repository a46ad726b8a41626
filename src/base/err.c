/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err - an error as a value, with its context
 *
 * Every text passes buf_add_safe() on its way in, so that a file name with an
 * escape sequence in it cannot play with the administrator's terminal.
 */
#define _POSIX_C_SOURCE 200809L
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

/* The ceiling of the buffer cuts a text that is too long between two characters. */
static void text_set(struct err *err, const char *raw)
{
    struct buf safe;
    buf_init(&safe, ERR_TEXT_MAX - 1);
    buf_add_safe(&safe, str_c(raw));
    memcpy(err->text, buf_c(&safe), safe.n + 1);
    buf_fini(&safe);
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    if (err == NULL)
        return -1;
    char raw[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    err->kind = kind;
    text_set(err, raw);
    return -1;
}

static enum err_kind kind_of(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
        return ERR_MISSING;
    case EACCES:
    case EPERM:
        return ERR_ACCESS;
    default:
        return ERR_IO;
    }
}

int err_errno(struct err *err, int errnum, const char *fmt, ...)
{
    if (err == NULL)
        return -1;
    char raw[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    char reason[128];
    const char *why = strerror_r(errnum, reason, sizeof reason) == 0 ? reason : "unknown error";
    return err_set(err, kind_of(errnum), "%.300s: %s", raw, why);
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    if (err == NULL)
        return -1;
    char context[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(context, sizeof context, fmt, ap);
    va_end(ap);
    char both[ERR_TEXT_MAX];
    snprintf(both, sizeof both, "%.200s: %.300s", context, err->text);
    text_set(err, both); /* the inner text is printable already: it passes unchanged */
    return -1;
}
