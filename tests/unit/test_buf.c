/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_buf - the ceiling, the sticky mark, and text made safe for a terminal
 *
 * A sender chooses what buf_add_safe() is fed with, so its table holds what a
 * hostile one would send: escape sequences, cut and overlong UTF-8, marks that
 * turn the direction of text.
 */
#include "base/buf.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "unit.h"

static void test_ceiling(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    assert_str(buf_str(&b), "");
    assert_int_equal(buf_add(&b, STR("abc")), 0);
    assert_int_equal(buf_add(&b, STR("def")), -1); /* all or nothing */
    assert_str(buf_str(&b), "abc");
    assert_true(buf_bad(&b));
    assert_int_equal(buf_add(&b, STR("de")), 0); /* exactly full */
    assert_true(buf_bad(&b));                    /* and the refusal is not forgotten */
    assert_int_equal(buf_add_c(&b, 'x'), -1);
    assert_str(buf_str(&b), "abcde");
    buf_reset(&b);
    assert_false(buf_bad(&b));
    assert_str(buf_str(&b), "");
    assert_int_equal(buf_add(&b, STR("12345")), 0);
    assert_string_equal(buf_c(&b), "12345");
    buf_fini(&b);
    assert_str(buf_str(&b), "");
}

static void test_zero_ceiling(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    assert_int_equal(buf_add(&b, STR("")), 0);
    assert_int_equal(buf_add_c(&b, 'x'), -1);
    assert_string_equal(buf_c(&b), "");
    buf_fini(&b);
}

static void test_grows(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_add_c(&b, (char)('a' + i % 26)), 0);
    assert_int_equal(buf_add_c(&b, 'x'), -1);
    assert_int_equal(b.n, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(b.p[i], 'a' + i % 26);
    assert_true(b.cap <= 100001);
    buf_fini(&b);
}

static void test_format(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8);
    assert_int_equal(buf_addf(&b, "%d-%s", 12, "ab"), 0);
    assert_str(buf_str(&b), "12-ab");
    assert_int_equal(buf_addf(&b, "%04d", 7), -1); /* one too many: nothing is added */
    assert_str(buf_str(&b), "12-ab");
    assert_true(buf_bad(&b));
    assert_int_equal(buf_addf(&b, "%03d", 7), 0);
    assert_str(buf_str(&b), "12-ab007");
    buf_fini(&b);
}

static void test_reserve(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_int_equal(buf_reserve(&b, 10), 0);
    memcpy(b.p, "0123456789", 10);
    b.n += 10;
    assert_string_equal(buf_c(&b), "0123456789"); /* the NUL has its place beyond the ceiling */
    assert_int_equal(buf_reserve(&b, 0), 0);
    assert_int_equal(buf_reserve(&b, 1), -1);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), -1);
    buf_fini(&b);
}

static void test_consume(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    buf_consume(&b, 0);
    buf_add(&b, STR("abcdef"));
    buf_consume(&b, 2);
    assert_str(buf_str(&b), "cdef");
    buf_consume(&b, 0);
    assert_str(buf_str(&b), "cdef");
    buf_consume(&b, 4);
    assert_str(buf_str(&b), "");
    buf_fini(&b);
}

static void test_safe(void **state)
{
    (void)state;
    static const struct {
        struct str in, out;
    } rows[] = {
        { STR_INIT("plain ~ text"), STR_INIT("plain ~ text") },
        { STR_INIT("\x1b[2J"), STR_INIT("\\x1b[2J") },
        { STR_INIT("a\nb\r\0\t\x7f"), STR_INIT("a\\x0ab\\x0d\\x00\\x09\\x7f") },
        { STR_INIT("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
          STR_INIT("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80") },
        /* C1: CSI in 8 bits; right-to-left override; line separator; byte order mark */
        { STR_INIT("\xc2\x9b"), STR_INIT("\\xc2\\x9b") },
        { STR_INIT("\xe2\x80\xae" "evil"), STR_INIT("\\xe2\\x80\\xaeevil") },
        { STR_INIT("\xe2\x80\xa8"), STR_INIT("\\xe2\\x80\\xa8") },
        { STR_INIT("\xef\xbb\xbf"), STR_INIT("\\xef\\xbb\\xbf") },
        /* cut; cut; overlong; what stands behind a bad byte is taken again */
        { STR_INIT("\xc3"), STR_INIT("\\xc3") },
        { STR_INIT("\xe2\x82"), STR_INIT("\\xe2\\x82") },
        { STR_INIT("\xc0\xaf"), STR_INIT("\\xc0\\xaf") },
        { STR_INIT("\xff\xc3\xa9"), STR_INIT("\\xff\xc3\xa9") },
        /* backslashes stay as they are */
        { STR_INIT("\\x41 \\"), STR_INIT("\\x41 \\") },
        { STR_INIT(""), STR_INIT("") },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf b;
        buf_init(&b, 1000);
        if (buf_add_safe(&b, rows[i].in) != 0 || !str_eq(buf_str(&b), rows[i].out))
            fail_msg("row %zu: got \"%.*s\"", i, STR_ARG(buf_str(&b)));
        buf_fini(&b);
    }
}

/* Whatever the bytes: the result is UTF-8 without anything unprintable. */
static void test_safe_any_bytes(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 2000; round++) {
        char bytes[64];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1103515245u + 12345u;
            bytes[i] = (char)(seed >> 16);
        }
        struct buf b;
        buf_init(&b, 4 * sizeof bytes);
        assert_int_equal(buf_add_safe(&b, str_make(bytes, sizeof bytes)), 0);
        for (struct str s = buf_str(&b); s.n > 0;) {
            uint32_t rune;
            size_t len = utf8_next(s, &rune);
            assert_true(len > 0 && !utf8_unprintable(rune));
            s = str_skip(s, len);
        }
        buf_fini(&b);
    }
}

static void test_safe_at_the_ceiling(void **state)
{
    (void)state;
    static const struct {
        size_t max;
        struct str in, out;
    } rows[] = {
        { 3, STR_INIT("abcdef"), STR_INIT("abc") },
        { 3, STR_INIT("ab\xc3\xa9"), STR_INIT("ab") },   /* no half of a character */
        { 5, STR_INIT("ab\x1b[x"), STR_INIT("ab") },     /* no half of an escape */
        { 6, STR_INIT("ab\x1b[x"), STR_INIT("ab\\x1b") },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf b;
        buf_init(&b, rows[i].max);
        if (buf_add_safe(&b, rows[i].in) != -1 || !buf_bad(&b) ||
            !str_eq(buf_str(&b), rows[i].out))
            fail_msg("row %zu: got \"%.*s\"", i, STR_ARG(buf_str(&b)));
        buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_zero_ceiling),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_consume),
        cmocka_unit_test(test_safe),
        cmocka_unit_test(test_safe_any_bytes),
        cmocka_unit_test(test_safe_at_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
