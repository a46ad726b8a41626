/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header_decode - encoded words of a header field to UTF-8
 *
 * `=?charset?Q or B?text?=`. Spam is full of broken ones; those stay as they
 * are, so that nobody loses the bytes. White space between two encoded words
 * vanishes, which puts characters that were cut in two together again.
 *
 * ISO-8859-1 is read as windows-1252: programs that write the one mean the
 * other, and the control characters that it has instead are of no use to
 * anybody. Source: RFC 2047.
 */
#include "mail/header.h"

#define WORD_MAX 1024 /* of one encoded word; RFC 2047 allows 75 */

enum charset { CHARSET_UTF8, CHARSET_ASCII, CHARSET_1252, CHARSET_UNKNOWN };

struct word {
    enum charset charset;
    char encoding;   /* 'q' or 'b' */
    struct str text;
};

static enum charset charset_of(struct str name)
{
    static const struct { struct str name; enum charset charset; } known[] = {
        { STR_INIT("utf-8"), CHARSET_UTF8 },
        { STR_INIT("utf8"), CHARSET_UTF8 },
        { STR_INIT("us-ascii"), CHARSET_ASCII },
        { STR_INIT("ascii"), CHARSET_ASCII },
        { STR_INIT("iso-8859-1"), CHARSET_1252 },
        { STR_INIT("iso8859-1"), CHARSET_1252 },
        { STR_INIT("latin1"), CHARSET_1252 },
        { STR_INIT("windows-1252"), CHARSET_1252 },
        { STR_INIT("cp1252"), CHARSET_1252 },
    };
    name = str_head(name, str_find_c(name, '*')); /* RFC 2231: utf-8*en */
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (str_eq_nocase(name, known[i].name))
            return known[i].charset;
    }
    return CHARSET_UNKNOWN;
}

/* Read `=?charset?encoding?text?=` at the start of `s`. Its length, or 0. */
static size_t word_parse(struct str s, struct word *out)
{
    struct str rest = str_head(s, WORD_MAX);
    if (!str_eat(&rest, STR("=?")))
        return 0;
    struct str charset = str_cut(&rest, '?');
    struct str encoding = str_cut(&rest, '?');
    size_t end = str_find(rest, STR("?="));
    if (encoding.n != 1 || end == STR_NONE)
        return 0;
    out->encoding = ascii_tolower(encoding.p[0]);
    out->charset = charset_of(charset);
    out->text = str_head(rest, end);
    if (out->charset == CHARSET_UNKNOWN || (out->encoding != 'q' && out->encoding != 'b'))
        return 0;
    return (size_t)(rest.p + end + 2 - s.p);
}

/* 0x80 to 0x9f of windows-1252; 0 where it has none. */
static const uint16_t high1252[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static void put_1252(unsigned char byte, struct buf *b)
{
    unsigned rune = byte;
    if (byte >= 0x80 && byte < 0xa0)
        rune = high1252[byte - 0x80] != 0 ? high1252[byte - 0x80] : 0xfffd;
    if (rune < 0x80) {
        buf_add_c(b, (char)rune);
    } else if (rune < 0x800) {
        buf_add_c(b, (char)(0xc0 | rune >> 6));
        buf_add_c(b, (char)(0x80 | (rune & 0x3f)));
    } else {
        buf_add_c(b, (char)(0xe0 | rune >> 12));
        buf_add_c(b, (char)(0x80 | (rune >> 6 & 0x3f)));
        buf_add_c(b, (char)(0x80 | (rune & 0x3f)));
    }
}

static void put(enum charset charset, unsigned char byte, struct buf *b)
{
    if (charset == CHARSET_1252)
        put_1252(byte, b);
    else
        buf_add_c(b, (char)byte);
}

static void decode_q(const struct word *w, struct buf *b)
{
    for (size_t i = 0; i < w->text.n; i++) {
        char c = w->text.p[i];
        uint64_t byte;
        if (c == '=' && i + 2 < w->text.n &&
            str_hex(str_head(str_skip(w->text, i + 1), 2), &byte) == 0) {
            put(w->charset, (unsigned char)byte, b);
            i += 2;
        } else {
            put(w->charset, c == '_' ? ' ' : (unsigned char)c, b);
        }
    }
}

static int digit64(char c)
{
    if (ascii_upper(c))
        return c - 'A';
    if (ascii_lower(c))
        return c - 'a' + 26;
    if (ascii_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void decode_b(const struct word *w, struct buf *b)
{
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < w->text.n && w->text.p[i] != '='; i++) {
        int digit = digit64(w->text.p[i]);
        if (digit < 0) /* white space and rubbish: RFC 2045 section 6.8 says pass over */
            continue;
        bits = (bits << 6 | (uint32_t)digit) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            put(w->charset, (unsigned char)(bits >> have), b);
        }
    }
}

void header_decode(struct str value, struct buf *b)
{
    struct str rest = value, blank = str_head(value, 0);
    bool after_word = false;
    while (rest.n > 0) {
        struct word w;
        size_t n = word_parse(rest, &w);
        if (n > 0) {
            if (!after_word)
                buf_add(b, blank);
            if (w.encoding == 'q')
                decode_q(&w, b);
            else
                decode_b(&w, b);
            rest = str_skip(rest, n);
            after_word = true;
        } else {
            buf_add(b, blank);
            size_t plain = str_find(str_skip(rest, 1), STR("=?"));
            plain = plain == STR_NONE ? rest.n : plain + 1;
            while (plain > 1 && ascii_space(rest.p[plain - 1])) /* may stand between two words */
                plain--;
            buf_add(b, str_head(rest, plain));
            rest = str_skip(rest, plain);
            after_word = false;
        }
        size_t space = 0;
        while (space < rest.n && ascii_space(rest.p[space]))
            space++;
        blank = str_head(rest, space);
        rest = str_skip(rest, space);
    }
    buf_add(b, blank);
}
