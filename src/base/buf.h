/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf - bytes that we own and that grow up to a ceiling
 *
 * The ceiling is given when the buffer is born, so no path through the code
 * can forget it. A refused append is remembered ("sticky"): a caller may add
 * twenty things and ask once at the end whether all of them went in.
 *
 * A zeroed struct is not a valid buffer: it has no ceiling. Not thread-safe.
 */
#ifndef POSTERN_BASE_BUF_H
#define POSTERN_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buf {
    char *p;      /* heap, owned; NULL while nothing was ever added */
    size_t n;     /* bytes in use */
    size_t cap;   /* bytes allocated */
    size_t max;   /* ceiling for n */
    bool bad;     /* an append was refused since the last buf_reset() */
};

/* Begin empty, never to hold more than `max` bytes. Allocates nothing yet. */
void buf_init(struct buf *b, size_t max);

/* Free the bytes; the struct may be initialised again. */
void buf_fini(struct buf *b);

/* Empty again, keeping the memory and the ceiling; clears the sticky mark. */
void buf_reset(struct buf *b);

/* Append. 0, or -1 if the ceiling would be passed (nothing is added then and
 * the buffer is marked bad). `s` and what a format points at must lie outside
 * of the buffer. Out of memory ends the process: see must.h. */
int buf_add(struct buf *b, struct str s);
int buf_add_c(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append outside bytes so that a terminal, a log or a reader sees no control
 * byte, no escape sequence and no forged line: bytes below 0x20, 0x7f, C1
 * controls, Unicode bidirectional and line-separator marks and anything that
 * is not well-formed UTF-8 become \xhh. A backslash stays as it is: Exim has
 * escaped its logs already, and doubling would make them hard to read. At the
 * ceiling the text ends between two characters and -1 is returned. */
int buf_add_safe(struct buf *b, struct str s);

/* True if an append was refused. */
static inline bool buf_bad(const struct buf *b) { return b->bad; }

/* Make room for `n` more bytes to be written at b->p + b->n by the caller, who
 * then adds to b->n. 0, or -1 beyond the ceiling. */
int buf_reserve(struct buf *b, size_t n);

/* Drop the first `n` bytes; the rest moves to the front. `n` <= b->n. */
void buf_consume(struct buf *b, size_t n);

/* The contents; the view dies with the next change of the buffer. */
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){ b->p == NULL ? "" : b->p, b->n };
}

/* The contents as a C string (a NUL is kept behind them, not counted). Only
 * for bytes of ours: paths, messages. */
const char *buf_c(struct buf *b);

#endif
