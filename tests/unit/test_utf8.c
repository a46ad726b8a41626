/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_utf8 - every code point, and what is not UTF-8
 *
 * All 1,112,064 code points are encoded here by the definition of RFC 3629 and
 * read back; every shorter, overlong or surrogate form must be refused.
 */
#include "base/utf8.h"

#include "unit.h"

static size_t encode(uint32_t rune, size_t len, char out[4])
{
    static const unsigned char lead[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
    for (size_t i = len; i-- > 1;) {
        out[i] = (char)(0x80 | (rune & 0x3f));
        rune >>= 6;
    }
    out[0] = (char)(lead[len] | rune);
    return len;
}

static size_t length_of(uint32_t rune)
{
    if (rune < 0x80)
        return 1;
    return rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
}

static void test_every_code_point(void **state)
{
    (void)state;
    char bytes[4];
    for (uint32_t rune = 0; rune <= 0x10ffff; rune++) {
        size_t len = length_of(rune), got;
        uint32_t back = 0xffffffff;
        encode(rune, len, bytes);
        got = utf8_next(str_make(bytes, len), &back);
        if (rune >= 0xd800 && rune <= 0xdfff) {
            if (got != 0)
                fail_msg("surrogate U+%04X was taken", (unsigned)rune);
        } else if (got != len || back != rune) {
            fail_msg("U+%04X came back as U+%04X", (unsigned)rune, (unsigned)back);
        }
        if (len > 1)
            assert_int_equal(utf8_next(str_make(bytes, len - 1), &back), 0);
    }
}

static void test_overlong(void **state)
{
    (void)state;
    char bytes[4];
    uint32_t back;
    for (size_t len = 2; len <= 4; len++) {
        uint32_t limit = len == 2 ? 0x80 : len == 3 ? 0x800 : 0x10000;
        for (uint32_t rune = 0; rune < limit; rune++) {
            encode(rune, len, bytes);
            if (utf8_next(str_make(bytes, len), &back) != 0)
                fail_msg("U+%04X in %zu bytes was taken", (unsigned)rune, len);
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct str rows[] = {
        STR_INIT(""),         STR_INIT("\x80"),         STR_INIT("\xbf"),
        STR_INIT("\xc3("),    STR_INIT("\xe2\x82("),    STR_INIT("\xe2(\xac"),
        STR_INIT("\xff\xff"), STR_INIT("\xf8\x88\x80\x80\x80"),
        STR_INIT("\xf4\x90\x80\x80"), /* U+110000 */
        STR_INIT("\xf0\x9f\x98"),     /* cut */
    };
    uint32_t rune;
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (utf8_next(rows[i], &rune) != 0)
            fail_msg("row %zu was taken", i);
    }
    assert_int_equal(utf8_next((struct str){ 0 }, &rune), 0);
    assert_int_equal(utf8_next(STR("\0"), &rune), 1);
    assert_int_equal(rune, 0);
}

static void test_unprintable(void **state)
{
    (void)state;
    static const uint32_t bad[] = {
        0x00,   0x1b,   0x1f,   0x7f,   0x80,   0x9f,   0xad,    0x200b,  0x200e,  0x2028,
        0x202a, 0x202e, 0x2066, 0x2069, 0x3164, 0xfdd0, 0xfeff,  0xfffe,  0xffff,  0x1fffe,
        0xe0041, 0x10ffff,
    };
    static const uint32_t good[] = {
        ' ',    '~',    0xa0,   0xe9,   0x3b1,  0x5d0,  0x627,  0x4e2d,
        0x2010, 0x2030, 0x20ac, 0xfffd, 0x1f600, 0x20000,
    };
    for (size_t i = 0; i < ROWS(bad); i++) {
        if (!utf8_unprintable(bad[i]))
            fail_msg("U+%04X counts as printable", (unsigned)bad[i]);
    }
    for (size_t i = 0; i < ROWS(good); i++) {
        if (utf8_unprintable(good[i]))
            fail_msg("U+%04X counts as unprintable", (unsigned)good[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_overlong),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_unprintable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
