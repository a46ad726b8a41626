/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_str - views: searching, cutting, numbers, copies
 *
 * Every operation is also tried on an empty view, on a zeroed struct (p is
 * NULL) and on bytes with a NUL inside: parsers meet all three.
 */
#include "base/str.h"

#include <limits.h>

#include "unit.h"

static const struct str zeroed;

static void test_classes(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char ch = (char)c;
        bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
        assert_int_equal(ascii_upper(ch), upper);
        assert_int_equal(ascii_lower(ch), lower);
        assert_int_equal(ascii_alpha(ch), upper || lower);
        assert_int_equal(ascii_digit(ch), c >= '0' && c <= '9');
        assert_int_equal(ascii_alnum(ch), upper || lower || (c >= '0' && c <= '9'));
        assert_int_equal(ascii_space(ch), c == ' ' || (c >= 9 && c <= 13));
        assert_int_equal((unsigned char)ascii_tolower(ch), upper ? c + 32 : c);
    }
}

static void test_make(void **state)
{
    (void)state;
    assert_str(str_c("abc"), "abc");
    assert_str(str_c(NULL), "");
    assert_int_equal(STR("a\0b").n, 3);
    assert_true(str_empty(zeroed));
    assert_false(str_empty(STR(" ")));
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_false(str_eq(STR("a"), STR("ab")));
    assert_true(str_eq(zeroed, STR("")));
    assert_true(str_eq_nocase(STR("Received"), STR("rECEIVED")));
    assert_false(str_eq_nocase(STR("Received"), STR("Received:")));
    assert_false(str_eq_nocase(STR("\xc4"), STR("\xe4"))); /* Latin-1 has no case here */
    assert_false(str_eq_nocase(STR("["), STR("{")));       /* differ in bit 0x20 as letters do */
}

static void test_starts_ends(void **state)
{
    (void)state;
    assert_true(str_starts(STR("cwd=/"), STR("cwd=")));
    assert_false(str_starts(STR("cwd"), STR("cwd=")));
    assert_true(str_starts(zeroed, zeroed));
    assert_true(str_ends(STR("mainlog.gz"), STR(".gz")));
    assert_false(str_ends(STR("gz"), STR(".gz")));
    assert_true(str_ends(STR("x"), STR("")));
    assert_true(str_starts_nocase(STR("FROM x"), STR("from ")));
    assert_false(str_starts_nocase(STR("FR"), STR("from")));
}

static void test_head_skip(void **state)
{
    (void)state;
    assert_str(str_head(STR("abc"), 2), "ab");
    assert_str(str_head(STR("abc"), SIZE_MAX), "abc");
    assert_str(str_skip(STR("abc"), 2), "c");
    assert_str(str_skip(STR("abc"), SIZE_MAX), "");
    assert_true(str_skip(zeroed, 5).p == NULL); /* no arithmetic on NULL */
    assert_str(str_head(zeroed, 5), "");
}

static void test_find(void **state)
{
    (void)state;
    static const struct {
        struct str hay, needle;
        size_t at, at_nocase;
    } rows[] = {
        { STR_INIT("a => b"), STR_INIT("=>"), 2, 2 },
        { STR_INIT("a => b"), STR_INIT("**"), STR_NONE, STR_NONE },
        { STR_INIT("x\0cwd="), STR_INIT("cwd="), 2, 2 },
        { STR_INIT("CWD="), STR_INIT("cwd="), STR_NONE, 0 },
        { STR_INIT("aab"), STR_INIT("ab"), 1, 1 },
        { STR_INIT("ab"), STR_INIT("abc"), STR_NONE, STR_NONE },
        { STR_INIT("ab"), STR_INIT(""), 0, 0 },
        { STR_INIT(""), STR_INIT(""), 0, 0 },
        { STR_INIT(""), STR_INIT("a"), STR_NONE, STR_NONE },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (str_find(rows[i].hay, rows[i].needle) != rows[i].at ||
            str_find_nocase(rows[i].hay, rows[i].needle) != rows[i].at_nocase)
            fail_msg("row %zu: \"%.*s\" in \"%.*s\"", i, STR_ARG(rows[i].needle),
                     STR_ARG(rows[i].hay));
    }
    assert_int_equal(str_find(zeroed, STR("a")), STR_NONE);
    assert_int_equal(str_find_c(STR("a\0=b="), '='), 2);
    assert_int_equal(str_rfind_c(STR("a\0=b="), '='), 4);
    assert_int_equal(str_find_c(STR("a\0b"), '\0'), 1);
    assert_int_equal(str_find_c(zeroed, 'a'), STR_NONE);
    assert_int_equal(str_rfind_c(zeroed, 'a'), STR_NONE);
}

static void test_order(void **state)
{
    (void)state;
    /* each is smaller than the next; bytes of 128 and more sort last */
    static const struct str rows[] = { STR_INIT(""),   STR_INIT("a"),   STR_INIT("a\0"),
                                       STR_INIT("ab"), STR_INIT("b"),   STR_INIT("\x80") };
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t k = 0; k < ROWS(rows); k++) {
            int order = str_cmp(rows[i], rows[k]);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
    assert_int_equal(str_cmp(zeroed, STR("")), 0);
}

static void test_trim_and_word(void **state)
{
    (void)state;
    assert_str(str_trim(STR(" \t a b \r\n")), "a b");
    assert_str(str_trim(STR(" \n ")), "");
    assert_str(str_trim(zeroed), "");

    struct str s = STR("  one\ttwo  ");
    assert_str(str_word(&s), "one");
    assert_str(str_word(&s), "two");
    assert_str(str_word(&s), "");
    assert_str(s, "");
    s = zeroed;
    assert_str(str_word(&s), "");
}

static void test_eat_and_cut(void **state)
{
    (void)state;
    struct str s = STR("A=login:joe:x");
    assert_false(str_eat(&s, STR("U=")));
    assert_true(str_eat(&s, STR("A=")));
    assert_str(str_cut(&s, ':'), "login");
    assert_str(str_cut(&s, ':'), "joe");
    assert_str(str_cut(&s, ':'), "x");
    assert_str(s, "");
    assert_str(str_cut(&s, ':'), "");
    s = STR(":a");
    assert_str(str_cut(&s, ':'), "");
    assert_str(s, "a");
    s = zeroed;
    assert_str(str_cut(&s, ':'), "");
}

static void test_lines(void **state)
{
    (void)state;
    struct str s = STR("one\r\n\ntwo\0x\r\nthr\ree"), line;
    assert_true(str_line(&s, &line));
    assert_str(line, "one");
    assert_true(str_line(&s, &line));
    assert_str(line, "");
    assert_true(str_line(&s, &line));
    assert_str(line, "two\0x");
    assert_true(str_line(&s, &line)); /* the last line needs no line end */
    assert_str(line, "thr\ree");
    assert_false(str_line(&s, &line));
    s = STR("x\n");
    assert_true(str_line(&s, &line));
    assert_false(str_line(&s, &line)); /* no empty line behind the last line end */
    s = zeroed;
    assert_false(str_line(&s, &line));
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        int rc;
        uint64_t value;
    } decimal[] = {
        { STR_INIT("0"), 0, 0 },
        { STR_INIT("007"), 0, 7 },
        { STR_INIT("18446744073709551615"), 0, UINT64_MAX },
        { STR_INIT("18446744073709551616"), -1, 0 },
        { STR_INIT("99999999999999999999999"), -1, 0 },
        { STR_INIT(""), -1, 0 },
        { STR_INIT("-1"), -1, 0 },
        { STR_INIT("+1"), -1, 0 },
        { STR_INIT(" 1"), -1, 0 },
        { STR_INIT("1 "), -1, 0 },
        { STR_INIT("1\0"), -1, 0 },
        { STR_INIT("0x1"), -1, 0 },
    }, hex[] = {
        { STR_INIT("0"), 0, 0 },
        { STR_INIT("fF"), 0, 255 },
        { STR_INIT("ffffffffffffffff"), 0, UINT64_MAX },
        { STR_INIT("00000000000000001"), -1, 0 }, /* 17 digits */
        { STR_INIT("fg"), -1, 0 },
        { STR_INIT(""), -1, 0 },
    };
    for (size_t i = 0; i < ROWS(decimal); i++) {
        uint64_t value = 0;
        if (str_u64(decimal[i].text, &value) != decimal[i].rc || value != decimal[i].value)
            fail_msg("decimal row %zu: \"%.*s\"", i, STR_ARG(decimal[i].text));
    }
    for (size_t i = 0; i < ROWS(hex); i++) {
        uint64_t value = 0;
        if (str_hex(hex[i].text, &value) != hex[i].rc || value != hex[i].value)
            fail_msg("hexadecimal row %zu: \"%.*s\"", i, STR_ARG(hex[i].text));
    }
}

static void test_eat_number(void **state)
{
    (void)state;
    struct str s = STR("42 rest");
    uint64_t value = 7;
    assert_int_equal(str_eat_u64(&s, &value), 0);
    assert_int_equal(value, 42);
    assert_str(s, " rest");
    assert_int_equal(str_eat_u64(&s, &value), -1);
    assert_str(s, " rest"); /* a refusal moves nothing */
    s = STR("99999999999999999999 x");
    assert_int_equal(str_eat_u64(&s, &value), -1);
    assert_str(s, "99999999999999999999 x");
    assert_int_equal(value, 42);
}

static void test_copy(void **state)
{
    (void)state;
    char dst[4] = "zzz";
    assert_int_equal(str_copy(STR("abc"), dst, sizeof dst), 0);
    assert_string_equal(dst, "abc");
    assert_int_equal(str_copy(STR("abcd"), dst, sizeof dst), -1); /* the NUL has no room */
    assert_string_equal(dst, "");
    assert_int_equal(str_copy(STR("a\0"), dst, sizeof dst), -1);
    assert_string_equal(dst, "");
    assert_int_equal(str_copy(zeroed, dst, 1), 0);
    assert_string_equal(dst, "");
}

static void test_precision(void **state)
{
    (void)state;
    /* printf would take a negative precision for "as far as a NUL" */
    assert_int_equal(str_precision(str_make("", (size_t)INT_MAX + 1)), INT_MAX);
    assert_int_equal(str_precision(STR("abc")), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),     cmocka_unit_test(test_make),
        cmocka_unit_test(test_equal),       cmocka_unit_test(test_starts_ends),
        cmocka_unit_test(test_head_skip),   cmocka_unit_test(test_find),
        cmocka_unit_test(test_order),       cmocka_unit_test(test_trim_and_word),
        cmocka_unit_test(test_eat_and_cut), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_eat_number),
        cmocka_unit_test(test_copy),        cmocka_unit_test(test_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
