/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * str - a view of bytes that belong to somebody else
 *
 * Every parser here works on views: a pointer and a length. A view is passed
 * by value, is never freed and never ends at a NUL: mail, logs and crashes all
 * put NUL bytes where a C string would stop. The type deliberately does not
 * look like a `char *`, so that nobody can hand one to strchr().
 *
 * A view lives as long as the bytes it points at; each function that returns
 * one says whose bytes those are. No function here allocates or fails.
 */
#ifndef POSTERN_BASE_STR_H
#define POSTERN_BASE_STR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

/* For printf("%.*s", STR_ARG(s)); only for text already made safe to print. A
 * view beyond INT_MAX is cut there: a negative precision would mean "up to the
 * next NUL". `s` is evaluated twice. */
#define STR_ARG(s) str_precision(s), (s).p
/* A view of a string literal. */
#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_INIT(lit) { "" lit, sizeof(lit) - 1 }

/* ASCII classes; bytes of 128 and more belong to none. Unlike <ctype.h> these
 * do not depend on the locale and take any char. */
static inline bool ascii_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool ascii_upper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool ascii_lower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool ascii_alpha(char c) { return ascii_upper(c) || ascii_lower(c); }
static inline bool ascii_alnum(char c) { return ascii_alpha(c) || ascii_digit(c); }
static inline bool ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static inline char ascii_tolower(char c) { return ascii_upper(c) ? (char)(c | 0x20) : c; }

static inline struct str str_make(const char *p, size_t n) { return (struct str){ p, n }; }

/* View of a C string that we made ourselves (arguments, constants). NULL gives
 * the empty view. */
static inline struct str str_c(const char *c)
{
    return c == NULL ? (struct str){ "", 0 } : (struct str){ c, strlen(c) };
}

static inline int str_precision(struct str s) { return s.n < INT_MAX ? (int)s.n : INT_MAX; }

static inline bool str_empty(struct str s) { return s.n == 0; }

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The first `n` bytes, and what follows them. `n` beyond the end is the end. A
 * zeroed struct str (p NULL) is a valid empty view here and everywhere else. */
static inline struct str str_head(struct str s, size_t n)
{
    return (struct str){ s.p, n < s.n ? n : s.n };
}

static inline struct str str_skip(struct str s, size_t n)
{
    size_t k = n < s.n ? n : s.n;
    return (struct str){ k == 0 ? s.p : s.p + k, s.n - k };
}

#define STR_NONE SIZE_MAX

/* Offset of the first `c` in `s`, or STR_NONE. */
static inline size_t str_find_c(struct str s, char c)
{
    const char *hit = s.n == 0 ? NULL : memchr(s.p, c, s.n);
    return hit == NULL ? STR_NONE : (size_t)(hit - s.p);
}

/* Offset of the last `c` in `s`, or STR_NONE. */
size_t str_rfind_c(struct str s, char c);

/* Offset of the first `needle` in `s`, or STR_NONE. An empty needle is found
 * at 0. Linear in practice and never quadratic (memmem of the C library). */
size_t str_find(struct str s, struct str needle);

/* As str_find, ASCII letters compared without case. At most s.n * needle.n
 * steps: only for short needles of ours. */
size_t str_find_nocase(struct str s, struct str needle);

/* Equal but for the case of ASCII letters. */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts_nocase(struct str s, struct str prefix);

/* Order as memcmp, the shorter first: for sorting. */
int str_cmp(struct str a, struct str b);

/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);

/* If `*s` starts with `prefix`, step over it and say true. */
bool str_eat(struct str *s, struct str prefix);

/* Cut `*s` at the first `c`: returns what stands before it and leaves what
 * follows it in `*s`. Without a `c` returns all of `*s` and leaves it empty. */
struct str str_cut(struct str *s, char c);

/* The next word of `*s` (bytes other than ASCII white space), stepping over
 * white space before it. Empty when there is none. */
struct str str_word(struct str *s);

/* The next line of `*s` without its LF or CRLF; `*s` moves behind it. False
 * when `*s` is empty. */
bool str_line(struct str *s, struct str *line_out);

/* The whole of `s` as an unsigned decimal (or hexadecimal) number. 0 and
 * *value_out; -1 if it is empty, has any other byte, or does not fit. */
int str_u64(struct str s, uint64_t *value_out);
int str_hex(struct str s, uint64_t *value_out);

/* The leading decimal digits of `*s`, stepping over them. 0 and *value_out; -1
 * without a digit or beyond 64 bits, leaving `*s` where it was. */
int str_eat_u64(struct str *s, uint64_t *value_out);

/* Copy into a C array with a NUL behind. 0, or -1 if it does not fit or holds
 * a NUL (nothing is cut in silence; dst is then empty). `size` > 0. */
int str_copy(struct str s, char *dst, size_t size);

#endif
