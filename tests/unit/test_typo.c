/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_typo - which words are near to each other
 *
 * The table has the slips that hands make: a letter too few, too many, wrong,
 * or before its time; and words that are merely short.
 */
#include "base/typo.h"

#include <limits.h>

#include "unit.h"

static const struct {
    const char *typed, *meant;
    unsigned distance;
    bool near;
} cases[] = {
    { "trace", "trace", 0, true },
    { "Trace", "tRACE", 0, true },
    { "trcae", "trace", 1, true },   /* two letters swapped */
    { "trac", "trace", 1, true },
    { "ttrace", "trace", 1, true },
    { "trave", "trace", 1, true },
    { "form", "from", 1, true },
    { "rtcae", "trace", 2, false },
    { "recipeint-domian", "recipient-domain", 2, true },
    { "foo", "top", 2, false },
    { "t", "to", 1, false },         /* one letter is a guess, no slip */
    { "", "top", 3, false },
    { "ca", "abc", 3, false },       /* no letter is touched twice */
};

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str a = str_c(cases[i].typed), b = str_c(cases[i].meant);
        assert_int_equal(typo_distance(a, b), cases[i].distance);
        assert_int_equal(typo_distance(b, a), cases[i].distance);
        assert_int_equal(typo_near(a, b), cases[i].near);
    }
}

static void test_long_words_are_not_compared(void **state)
{
    (void)state;
    char word[TYPO_WORD_MAX + 1];
    memset(word, 'x', sizeof word);
    assert_int_equal(typo_distance(str_make(word, TYPO_WORD_MAX), STR("x")), TYPO_WORD_MAX - 1);
    assert_int_equal(typo_distance(str_make(word, TYPO_WORD_MAX + 1), STR("x")), UINT_MAX);
    assert_false(typo_near(str_make(word, TYPO_WORD_MAX + 1), STR("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_long_words_are_not_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
