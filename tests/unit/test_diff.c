/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_diff - differences as diff -u writes them, and true ones whatever the texts are
 *
 * An administrator decides by them, so they are followed from the one text to the
 * other.
 */
#include "kit/diff.h"

#include <stdlib.h>

#include "unit.h"

static struct buf out;

static struct str diff(const char *before, const char *after)
{
    struct diff_file f = { .path = STR("/f"), .before = str_c(before), .after = str_c(after),
                           .existed = before != NULL, .exists = after != NULL };
    buf_reset(&out);
    assert_int_equal(diff_unified(&f, &out), 0);
    return buf_str(&out);
}

#define HEAD "--- /f\n+++ /f\n"

static void test_forms(void **state)
{
    (void)state;
    assert_str(diff("a\n", "a\n"), "");
    assert_str(diff(NULL, NULL), "");
    assert_str(diff("a\n", "b\n"), HEAD "@@ -1 +1 @@\n-a\n+b\n");
    assert_str(diff(NULL, "a\nb\n"), "--- /dev/null\n+++ /f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
    assert_str(diff("a\n", NULL), "--- /f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
    assert_str(diff("a", "a\n"),
               HEAD "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    assert_str(diff("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n"),
               HEAD "@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n");
}

/* Changes six lines apart share a hunk, seven apart do not. */
static void test_hunks(void **state)
{
    (void)state;
    assert_str(diff("1\n2\n3\n4\n5\n6\n", "x\n1\n2\n3\n4\n5\n6\ny\n"),
               HEAD "@@ -1,6 +1,8 @@\n+x\n 1\n 2\n 3\n 4\n 5\n 6\n+y\n");
    assert_str(diff("1\n2\n3\n4\n5\n6\n7\n", "x\n1\n2\n3\n4\n5\n6\n7\ny\n"),
               HEAD "@@ -1,3 +1,4 @@\n+x\n 1\n 2\n 3\n@@ -5,3 +6,4 @@\n 5\n 6\n 7\n+y\n");
}

/* Follow the difference: it must lead from the one text to the other, line by line. */
static void assert_true_diff(struct str before, struct str after, struct str text)
{
    struct str line, a, b;
    while (str_line(&text, &line)) {
        char sign = line.n > 0 ? line.p[0] : '\0';
        if (str_starts(line, STR("---")) || str_starts(line, STR("+++")))
            continue;
        if (sign == '@') {
            uint64_t from;
            struct str rest = str_skip(line, 4);
            assert_int_equal(str_eat_u64(&rest, &from), 0);
            continue;
        }
        if (sign == '-' || sign == ' ') {
            while (str_line(&before, &a) && !str_eq(a, str_skip(line, 1))) {
                assert_true(str_line(&after, &b));   /* a line between the hunks */
                assert_true(str_eq(a, b));
            }
            assert_true(str_eq(a, str_skip(line, 1)));
        }
        if (sign == '+' || sign == ' ') {
            assert_true(str_line(&after, &b));
            if (!str_eq(b, str_skip(line, 1)))
                fail_msg("%.*s", STR_ARG(line));
        }
    }
    assert_true(str_eq(before, after));
}

/* Lines that are all different, so that following them is simple; runs of them put in and left out. */
static void test_any(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 300; round++) {
        struct buf a, b;
        buf_init(&a, 65536);
        buf_init(&b, 65536);
        for (int i = 0; i < 60; i++) {
            seed = seed * 1103515245u + 12345u;
            unsigned what = (seed >> 16) % 10;
            if (what != 0)
                buf_addf(&a, "line %d\n", i);
            if (what != 1)
                buf_addf(&b, "line %d\n", i);
        }
        struct diff_file f = { STR("/f"), buf_str(&a), buf_str(&b), true, true };
        buf_reset(&out);
        assert_int_equal(diff_unified(&f, &out), 0);
        assert_true_diff(buf_str(&a), buf_str(&b), buf_str(&out));
        buf_fini(&a);
        buf_fini(&b);
    }
}

/* Texts that have nothing in common, and lines that are all the same, end in time. */
static void test_large(void **state)
{
    (void)state;
    struct buf a, b;
    buf_init(&a, (size_t)1 << 22);
    buf_init(&b, (size_t)1 << 22);
    for (int i = 0; i < 20000; i++) {
        buf_addf(&a, "a%d\n", i);
        buf_addf(&b, "b%d\n", i);
    }
    struct diff_file f = { STR("/f"), buf_str(&a), buf_str(&b), true, true };
    buf_reset(&out);
    assert_int_equal(diff_unified(&f, &out), 0);
    assert_true(str_starts(buf_str(&out), STR(HEAD "@@ -1,20000 +1,20000 @@\n")));
    buf_fini(&a);
    buf_fini(&b);
}

static int setup(void **state)
{
    (void)state;
    buf_init(&out, (size_t)1 << 23);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_fini(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_hunks), cmocka_unit_test(test_any),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
