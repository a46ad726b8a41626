/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msgid - Exim's message ids
 *
 * A log of a gigabyte holds some ten million ids, so the grammar is one table
 * and no branch for each digit: the values of all digits are or-ed together,
 * and whatever is no digit has a bit that stays. Nothing here allocates, and
 * nothing trusts its input: an id in a complaint is whatever its sender wrote.
 *
 * The arithmetic of the fraction is that of receive.c. With localhost_number
 * set, the fraction counts coarser and the host's number is added in multiples
 * of what a second then takes.
 */
#include "mail/msgid.h"

#define NO_DIGIT 0x80
#define PID_MAX INT64_C(2147483647)   /* pid_t is a signed 32-bit number everywhere */

/* Value of each digit; anything else is NO_DIGIT. */
#define X NO_DIGIT
static const uint8_t digit_of[256] = {
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, X, X, X, X, X, X,
    X, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
    25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, X, X, X, X, X,
    X, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50,
    51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};
#undef X

/* Where the three groups of digits stand in each form. */
struct layout {
    uint8_t pid_at, pid_n, fraction_at, fraction_n;
};
static const struct layout layouts[] = {
    [MSGID_OLD] = { 7, 6, 14, 2 },
    [MSGID_NEW] = { 7, 11, 19, 4 },
};

/* What the fraction counts: see receive.c and the table in the header. */
struct fraction {
    uint32_t unset_n, unset_usec;   /* values without localhost_number; microseconds of one */
    uint32_t host_n, host_usec;     /* the same with it, for each host */
    uint32_t host_max;              /* highest localhost_number that Exim accepts */
};
static const struct fraction fractions[2][2] = {
    [MSGID_OLD] = { [MSGID_BASE62] = { 2000, 500, 200, 5000, 16 },
                    [MSGID_BASE36] = { 1000, 1000, 100, 10000, 10 } },
    [MSGID_NEW] = { [MSGID_BASE62] = { 1000000, 1, 500000, 2, 16 },
                    [MSGID_BASE36] = { 500000, 2, 250000, 4, 10 } },
};

static inline uint8_t digit(char c)
{
    return digit_of[(unsigned char)c];
}

/* All `n` bytes are digits. */
static inline bool digits(const char *p, size_t n)
{
    uint8_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= digit(p[i]);
    return (all & NO_DIGIT) == 0;
}

static inline bool boundary(struct str s, size_t at)
{
    return at >= s.n || (digit(s.p[at]) == NO_DIGIT && s.p[at] != '-');
}

size_t msgid_prefix(struct str s)
{
    if (s.n < MSGID_OLD_LEN || s.p[6] != '-' || !digits(s.p, 6) || !digits(s.p + 7, 6))
        return 0;
    if (s.p[13] == '-')
        return digits(s.p + 14, 2) && boundary(s, MSGID_OLD_LEN) ? MSGID_OLD_LEN : 0;
    if (s.n < MSGID_NEW_LEN || s.p[18] != '-' || !digits(s.p + 13, 5) || !digits(s.p + 19, 4))
        return 0;
    return boundary(s, MSGID_NEW_LEN) ? MSGID_NEW_LEN : 0;
}

int msgid_parse(struct str s, struct msgid *id_out)
{
    size_t n = msgid_prefix(s);
    if (n == 0 || n != s.n)
        return -1;
    *id_out = (struct msgid){ .form = n == MSGID_OLD_LEN ? MSGID_OLD : MSGID_NEW,
                              .n = (uint8_t)n };
    memcpy(id_out->text, s.p, n);
    return 0;
}

/* `word` is a whole run of letters, digits and `-`: is it an id, or an id behind one E? */
static bool word_is_id(struct str word, struct msgid *id_out)
{
    if (msgid_parse(word, id_out) == 0)
        return true;
    return word.n > 0 && word.p[0] == 'E' && msgid_parse(str_skip(word, 1), id_out) == 0;
}

bool msgid_next(struct str *s, struct msgid *id_out)
{
    size_t i = 0;
    while (i < s->n) {
        while (i < s->n && boundary(*s, i))
            i++;
        size_t from = i;
        while (i < s->n && !boundary(*s, i))
            i++;
        if (word_is_id(str_make(s->p + from, i - from), id_out)) {
            *s = str_skip(*s, i);
            return true;
        }
    }
    *s = str_skip(*s, s->n);
    return false;
}

/* Digits of any base that surely fit into 63 bits. */
#define DIGITS_SAFE 10

/* The number that `n` digits of base `radix` say. -1 for a digit that the base
 * does not have, or beyond 63 bits. */
static inline int number(const char *p, size_t n, unsigned radix, int64_t *value_out)
{
    int64_t value = 0;
    unsigned bad = 0;
    for (size_t i = 0; i < n && i < DIGITS_SAFE; i++) {
        uint8_t d = digit(p[i]);
        bad |= d >= radix;
        value = value * (int64_t)radix + d;
    }
    for (size_t i = DIGITS_SAFE; i < n; i++) {
        uint8_t d = digit(p[i]);
        if (__builtin_mul_overflow(value, (int64_t)radix, &value) ||
            __builtin_add_overflow(value, (int64_t)d, &value))
            return -1;
        bad |= d >= radix;
    }
    *value_out = value;
    return bad ? -1 : 0;
}

static int decode_fraction(const struct fraction *f, int64_t value, int host,
                           struct msgid_parts *parts_out)
{
    if (host < 0 && value < f->unset_n) {
        parts_out->host = -1;
        parts_out->precision = f->unset_usec;
        parts_out->usec = (uint32_t)value * f->unset_usec;
        return 0;
    }
    int64_t number_of_host = value / f->host_n;
    if (number_of_host > f->host_max || (host >= 0 && number_of_host != host))
        return -1;
    parts_out->host = (int)number_of_host;
    parts_out->precision = f->host_usec;
    parts_out->usec = (uint32_t)(value % f->host_n) * f->host_usec;
    return 0;
}

/* `form` is a constant where this is called, so that all loops have a known length. */
static inline int decode(const char *text, enum msgid_form form, enum msgid_base base, int host,
                         struct msgid_parts *parts_out)
{
    const struct layout *at = &layouts[form];
    unsigned radix = base == MSGID_BASE36 ? 36 : 62;
    int64_t when, pid, fraction;
    if (number(text, 6, radix, &when) != 0 ||
        number(text + at->pid_at, at->pid_n, radix, &pid) != 0 ||
        number(text + at->fraction_at, at->fraction_n, radix, &fraction) != 0 ||
        pid == 0 || pid > PID_MAX)
        return -1;
    parts_out->when = when;
    parts_out->pid = (uint64_t)pid;
    return decode_fraction(&fractions[form][base], fraction, host, parts_out);
}

int msgid_decode_text(struct str s, enum msgid_base base, int host, struct msgid_parts *parts_out)
{
    return s.n == MSGID_OLD_LEN ? decode(s.p, MSGID_OLD, base, host, parts_out)
                                : decode(s.p, MSGID_NEW, base, host, parts_out);
}

int msgid_decode(const struct msgid *id, enum msgid_base base, int host,
                 struct msgid_parts *parts_out)
{
    return msgid_decode_text(msgid_str(id), base, host, parts_out);
}

enum msgid_base msgid_guess_base(const struct msgid *id, int64_t earliest, int64_t latest)
{
    struct msgid_parts p62, p36;
    bool in62 = msgid_decode(id, MSGID_BASE62, -1, &p62) == 0 && p62.when >= earliest &&
                p62.when <= latest;
    bool in36 = msgid_decode(id, MSGID_BASE36, -1, &p36) == 0 && p36.when >= earliest &&
                p36.when <= latest;
    return in36 && !in62 ? MSGID_BASE36 : MSGID_BASE62;
}

/* The old form has as many bytes as the key. The new form has 21 digits of six bits, which is one
 * more than twice ten: that one is cut in two halves of three bits for the tops of both words. The
 * highest bit, which no byte of an old one has, keeps the forms apart. */
struct msgid_key msgid_pack_new(struct str s)
{
    struct msgid_key key = { 0, 0 };
    for (size_t i = 0; i < 6; i++)
        key.hi = key.hi << 6 | digit(s.p[i]);
    for (size_t i = 7; i < 11; i++)
        key.hi = key.hi << 6 | digit(s.p[i]);
    for (size_t i = 11; i < 18; i++)
        key.lo = key.lo << 6 | digit(s.p[i]);
    for (size_t i = 19; i < 22; i++)
        key.lo = key.lo << 6 | digit(s.p[i]);
    uint64_t last = digit(s.p[22]);
    key.hi |= UINT64_C(1) << 63 | (last >> 3) << 60;
    key.lo |= (last & 7) << 60;
    return key;
}

int64_t msgid_when62(struct str s)
{
    int64_t when = 0;
    for (size_t i = 0; i < 6; i++)
        when = when * 62 + digit(s.p[i]);
    return when;
}
