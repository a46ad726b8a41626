/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * str - a view of bytes that belong to somebody else
 *
 * The few operations that are too long to stand in the header. They never
 * allocate, never write to what they look at, and take any byte.
 */
#define _GNU_SOURCE
#include "base/str.h"

#include <string.h>

size_t str_rfind_c(struct str s, char c)
{
    const char *hit = s.n == 0 ? NULL : memrchr(s.p, c, s.n);
    return hit == NULL ? STR_NONE : (size_t)(hit - s.p);
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    if (s.n < needle.n)
        return STR_NONE;
    const char *hit = memmem(s.p, s.n, needle.p, needle.n);
    return hit == NULL ? STR_NONE : (size_t)(hit - s.p);
}

bool str_eq_nocase(struct str a, struct str b)
{
    return a.n == b.n && str_starts_nocase(a, b);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
    if (s.n < prefix.n)
        return false;
    for (size_t i = 0; i < prefix.n; i++) {
        if (ascii_tolower(s.p[i]) != ascii_tolower(prefix.p[i]))
            return false;
    }
    return true;
}

size_t str_find_nocase(struct str s, struct str needle)
{
    for (size_t i = 0; i + needle.n <= s.n; i++) {
        if (str_starts_nocase(str_skip(s, i), needle))
            return i;
    }
    return STR_NONE;
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.p, b.p, n);
    if (order != 0)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && ascii_space(s.p[0]))
        s = str_skip(s, 1);
    while (s.n > 0 && ascii_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_eat(struct str *s, struct str prefix)
{
    if (!str_starts(*s, prefix))
        return false;
    *s = str_skip(*s, prefix.n);
    return true;
}

struct str str_cut(struct str *s, char c)
{
    size_t at = str_find_c(*s, c);
    struct str head = str_head(*s, at);
    *s = at == STR_NONE ? str_skip(*s, s->n) : str_skip(*s, at + 1);
    return head;
}

struct str str_word(struct str *s)
{
    size_t i = 0;
    while (i < s->n && ascii_space(s->p[i]))
        i++;
    *s = str_skip(*s, i);
    for (i = 0; i < s->n && !ascii_space(s->p[i]); i++)
        ;
    struct str word = str_head(*s, i);
    *s = str_skip(*s, i);
    return word;
}

bool str_line(struct str *s, struct str *line_out)
{
    if (s->n == 0)
        return false;
    *line_out = str_cut(s, '\n');
    if (line_out->n > 0 && line_out->p[line_out->n - 1] == '\r')
        line_out->n--;
    return true;
}

/* So many digits surely fit. */
#define DIGITS_SAFE 19

int str_eat_u64(struct str *s, uint64_t *value_out)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < s->n && i < DIGITS_SAFE && ascii_digit(s->p[i]); i++)
        value = value * 10 + (uint64_t)(s->p[i] - '0');
    for (; i < s->n && ascii_digit(s->p[i]); i++) {
        uint64_t digit = (uint64_t)(s->p[i] - '0');
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return -1;
    }
    if (i == 0)
        return -1;
    *s = str_skip(*s, i);
    *value_out = value;
    return 0;
}

int str_u64(struct str s, uint64_t *value_out)
{
    uint64_t value;
    if (str_eat_u64(&s, &value) != 0 || s.n != 0)
        return -1;
    *value_out = value;
    return 0;
}

int str_hex(struct str s, uint64_t *value_out)
{
    uint64_t value = 0;
    if (s.n == 0 || s.n > 16)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        char c = ascii_tolower(s.p[i]);
        if (ascii_digit(c))
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return -1;
    }
    *value_out = value;
    return 0;
}

int str_copy(struct str s, char *dst, size_t size)
{
    dst[0] = '\0';
    if (s.n >= size || str_find_c(s, '\0') != STR_NONE)
        return -1;
    if (s.n > 0)
        memcpy(dst, s.p, s.n);
    dst[s.n] = '\0';
    return 0;
}
