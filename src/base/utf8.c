/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8 - step through bytes that may or may not be UTF-8
 *
 * Written as the table of RFC 3629, section 4, so that it can be checked
 * against it by eye. It never reads beyond the view.
 */
#include "base/utf8.h"

struct form {
    unsigned char lead_min, lead_max;     /* first byte */
    unsigned char second_min, second_max; /* second byte: excludes overlong forms and surrogates */
    unsigned char len;
};

static const struct form forms[] = {
    { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
    { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
    { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static size_t form_match(const struct form *f, struct str s, uint32_t *rune_out)
{
    const unsigned char *b = (const unsigned char *)s.p;
    if (s.n < f->len || b[1] < f->second_min || b[1] > f->second_max)
        return 0;
    uint32_t rune = b[0] & (0xffu >> (f->len + 1));
    for (size_t i = 1; i < f->len; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        rune = rune << 6 | (b[i] & 0x3f);
    }
    *rune_out = rune;
    return f->len;
}

size_t utf8_next(struct str s, uint32_t *rune_out)
{
    if (s.n == 0)
        return 0;
    unsigned char lead = (unsigned char)s.p[0];
    if (lead < 0x80) {
        *rune_out = lead;
        return 1;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (lead >= forms[i].lead_min && lead <= forms[i].lead_max)
            return form_match(&forms[i], s, rune_out);
    }
    return 0;
}

bool utf8_unprintable(uint32_t rune)
{
    static const struct { uint32_t first, last; } bad[] = {
        { 0x00, 0x1f },       /* C0 controls */
        { 0x7f, 0x9f },       /* DEL, C1 controls */
        { 0xad, 0xad },       /* soft hyphen */
        { 0x34f, 0x34f },     /* combining grapheme joiner */
        { 0x61c, 0x61c },     /* Arabic letter mark */
        { 0x115f, 0x1160 },   /* Hangul fillers: letters that show nothing */
        { 0x180e, 0x180e },   /* Mongolian vowel separator */
        { 0x200b, 0x200f },   /* zero-width marks, left-to-right and right-to-left mark */
        { 0x2028, 0x202e },   /* line and paragraph separator, bidirectional embeddings */
        { 0x2060, 0x206f },   /* word joiner, invisible operators, bidirectional isolates */
        { 0x3164, 0x3164 },   /* Hangul filler */
        { 0xfdd0, 0xfdef },   /* non-characters */
        { 0xfeff, 0xfeff },   /* zero-width no-break space */
        { 0xffa0, 0xffa0 },   /* Hangul filler, half width */
        { 0xfff0, 0xfffb },   /* interlinear annotation marks and unassigned specials */
        { 0xe0000, 0xe0fff }, /* tags, further variation selectors */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (rune >= bad[i].first && rune <= bad[i].last)
            return true;
    }
    return (rune & 0xfffe) == 0xfffe; /* the last two of every plane are non-characters */
}
