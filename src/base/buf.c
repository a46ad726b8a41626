/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf - bytes that we own and that grow up to a ceiling
 *
 * Growth doubles, so appends cost constant time on average; one byte more than
 * asked for is always kept, so that buf_c() never has to move anything.
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/utf8.h"

void buf_init(struct buf *b, size_t max)
{
    must(max < SIZE_MAX / 4);
    *b = (struct buf){ .max = max };
}

void buf_fini(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ .max = b->max };
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->bad = false;
}

int buf_reserve(struct buf *b, size_t n)
{
    if (n > b->max || b->n > b->max - n) {
        b->bad = true;
        return -1;
    }
    size_t need = b->n + n + 1;
    if (need <= b->cap)
        return 0;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need)
        cap *= 2;
    if (cap > b->max + 1)
        cap = b->max + 1;
    b->p = must_realloc(b->p, cap);
    b->cap = cap;
    return 0;
}

int buf_add(struct buf *b, struct str s)
{
    if (buf_reserve(b, s.n) != 0)
        return -1;
    if (s.n > 0)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    return 0;
}

int buf_add_c(struct buf *b, char c)
{
    return buf_add(b, str_make(&c, 1));
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) { /* more than INT_MAX bytes: the outside may have chosen the length */
        b->bad = true;
        return -1;
    }
    if (buf_reserve(b, (size_t)n) != 0)
        return -1;
    va_start(ap, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
    return 0;
}

/* Up to 4 bytes as \xhh, all of them or none. */
static int add_escaped(struct buf *b, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char text[16];
    size_t n = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char byte = (unsigned char)bytes.p[i];
        text[n++] = '\\';
        text[n++] = 'x';
        text[n++] = digits[byte >> 4];
        text[n++] = digits[byte & 15];
    }
    return buf_add(b, str_make(text, n));
}

/* Append the printable ASCII at the start of `*s` (most of most logs) in one
 * piece, as far as the ceiling allows, and step over it. */
static int add_ascii(struct buf *b, struct str *s)
{
    size_t n = 0;
    while (n < s->n && s->p[n] >= 0x20 && s->p[n] < 0x7f)
        n++;
    struct str run = str_head(*s, n);
    struct str fits = str_head(run, b->max - b->n);
    *s = str_skip(*s, n);
    return buf_add(b, fits) != 0 ? -1 : buf_add(b, str_skip(run, fits.n));
}

int buf_add_safe(struct buf *b, struct str s)
{
    while (s.n > 0) {
        if (add_ascii(b, &s) != 0)
            return -1;
        uint32_t rune;
        size_t len = utf8_next(s, &rune);
        bool printable = len > 0 && !utf8_unprintable(rune);
        struct str piece = str_head(s, len > 0 ? len : 1);
        if ((printable ? buf_add(b, piece) : add_escaped(b, piece)) != 0)
            return -1;
        s = str_skip(s, piece.n);
    }
    return 0;
}

void buf_consume(struct buf *b, size_t n)
{
    must(n <= b->n);
    if (n > 0 && n < b->n)
        memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

const char *buf_c(struct buf *b)
{
    if (b->p == NULL)
        b->p = must_realloc(NULL, b->cap = 64);
    b->p[b->n] = '\0';
    return b->p;
}
