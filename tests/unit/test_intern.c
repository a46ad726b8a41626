/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_intern - one number for each distinct string, and both ceilings
 *
 * The ceilings matter more than the happy path: a log of a hundred million
 * forged senders must end in refusals, not in memory.
 */
#include "base/intern.h"

#include <stdio.h>

#include "unit.h"

static const struct hash_key key = { 1, 2 };

static struct str name(unsigned i, char text[16])
{
    int n = snprintf(text, 16, "name%u", i);
    return str_make(text, (size_t)n);
}

static void test_numbers_in_order(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    char text[16];
    struct intern *t = intern_new(key, COUNT, (size_t)32 * COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(intern_add(t, name(i, text)), i);
    for (unsigned i = COUNT; i-- > 0;) {
        assert_int_equal(intern_add(t, name(i, text)), i); /* known: the same number */
        assert_int_equal(intern_find(t, name(i, text)), i);
        assert_true(str_eq(intern_str(t, i), name(i, text)));
    }
    assert_int_equal(intern_count(t), COUNT);
    assert_int_equal(intern_find(t, STR("name")), INTERN_NONE);
    intern_free(&t);
    assert_null(t);
    intern_free(&t);
}

static void test_any_bytes(void **state)
{
    (void)state;
    struct intern *t = intern_new(key, 10, 1000);
    assert_int_equal(intern_add(t, STR("")), 0);
    assert_int_equal(intern_add(t, STR("\0")), 1);
    assert_int_equal(intern_add(t, STR("\0\0")), 2);
    assert_int_equal(intern_add(t, (struct str){ 0 }), 0);
    assert_str(intern_str(t, 2), "\0\0");
    intern_free(&t);
}

static void test_ceiling_of_strings(void **state)
{
    (void)state;
    struct intern *t = intern_new(key, 2, 1000);
    assert_int_equal(intern_add(t, STR("a")), 0);
    assert_int_equal(intern_add(t, STR("b")), 1);
    assert_int_equal(intern_add(t, STR("c")), INTERN_NONE);
    assert_int_equal(intern_add(t, STR("a")), 0); /* known ones are still found */
    assert_int_equal(intern_find(t, STR("c")), INTERN_NONE);
    assert_int_equal(intern_count(t), 2);
    intern_free(&t);
}

static void test_ceiling_of_bytes(void **state)
{
    (void)state;
    char big[200] = { 'x' };
    struct intern *t = intern_new(key, 100, 100);
    assert_int_equal(intern_add(t, STR("a")), 0);
    assert_int_equal(intern_add(t, str_make(big, sizeof big)), INTERN_NONE);
    assert_int_equal(intern_count(t), 1);
    assert_int_equal(intern_add(t, STR("b")), 1); /* what fits is still taken */
    intern_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_in_order),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_ceiling_of_strings),
        cmocka_unit_test(test_ceiling_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
