/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_base - numbers and text for the log generator
 *
 * The numbers are splitmix64: tiny, fast, the same everywhere. The text is a printf of three
 * conversions, because the C library's takes longer than all the rest of the generator.
 */
#include <stdarg.h>
#include <string.h>

#include "gen.h"

uint64_t rng_next(struct rng *r)
{
    uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

unsigned rng_below(struct rng *r, unsigned n)
{
    return (unsigned)(((rng_next(r) >> 32) * n) >> 32);
}

bool rng_permille(struct rng *r, unsigned n)
{
    return rng_below(r, 1000) < n;
}

/* The cube of an even draw: a tenth of the sources sends about half of the mail, as in life. */
unsigned rng_skewed(struct rng *r, unsigned n)
{
    uint64_t u = rng_next(r) >> 43;                             /* 21 bits, so that u^3 fits */

    return (unsigned)((((u * u * u) >> 32) * n) >> 31);
}

int64_t rng_span(struct rng *r, int64_t low, int64_t high)
{
    return low + (int64_t)(rng_next(r) % (uint64_t)(high - low));
}

void rng_digits(struct rng *r, unsigned base, unsigned n, char *out)
{
    static const char all[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint64_t draw = 0;

    for (unsigned i = 0; i < n; i++, draw /= base) {
        if (i % 10 == 0)                                /* 62^10 is below 2^60 */
            draw = rng_next(r);
        out[i] = all[draw % base];
    }
    out[n] = '\0';
}

static size_t put(char *out, size_t n, size_t max, const char *p, size_t len)
{
    if (len > max - n)
        len = max - n;
    memcpy(out + n, p, len);
    return n + len;
}

static size_t put_number(char *out, size_t n, size_t max, unsigned value)
{
    char digits[12];
    size_t i = sizeof digits;

    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return put(out, n, max, digits + i, sizeof digits - i);
}

static size_t put_all(char *out, size_t n, size_t max, const char *fmt, va_list ap)
{
    const char *stop;

    for (; (stop = strchr(fmt, '%')) != NULL; fmt = stop + 2) {
        n = put(out, n, max, fmt, (size_t)(stop - fmt));
        if (stop[1] == 's') {
            const char *s = va_arg(ap, const char *);

            n = put(out, n, max, s, strlen(s));
        } else if (stop[1] == 'u') {
            n = put_number(out, n, max, va_arg(ap, unsigned));
        } else if (stop[1] == 'c') {
            char c = (char)va_arg(ap, int);

            n = put(out, n, max, &c, 1);
        } else {
            n = put(out, n, max, "%", 1);
        }
    }
    return put(out, n, max, fmt, strlen(fmt));
}

void text_add(struct text *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    t->n = put_all(t->b, t->n, sizeof t->b, fmt, ap);
    va_end(ap);
}

void text_set(char *out, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    out[put_all(out, 0, size - 1, fmt, ap)] = '\0';
    va_end(ap);
}
