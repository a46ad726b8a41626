/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_tally - rows of counts, and that adding them up gives the same as counting at once
 *
 * The units of a log are counted in threads and merged, so the one property that
 * matters is: however the events are dealt out, the merged tally equals that of one
 * counter. Ceilings must keep totals right.
 */
#include "trace/tally.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static const struct hash_key key = { 5, 6 };

static uint32_t any(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

static struct str number(uint32_t n, char text[24])
{
    int len = snprintf(text, 24, "value%u", n);
    return str_make(text, (size_t)len);
}

static void test_rows(void **state)
{
    (void)state;
    struct tally *t = tally_new(key);
    assert_int_equal(tally_count(t), TALLY_FIRST);
    assert_str(tally_key(t, TALLY_REST), "(more)");
    assert_str(tally_key(t, TALLY_BOUNCES), "(own bounces)");
    assert_str(tally_key(t, TALLY_AMBIGUOUS), "(ambiguous)");
    uint32_t a = tally_row(t, 1, STR("x")), b = tally_row(t, 2, STR("x"));
    uint32_t empty = tally_row(t, 1, STR("")), nul = tally_row(t, 1, STR("\0"));
    assert_int_equal(a, TALLY_FIRST);
    assert_int_not_equal(a, b);          /* another kind of key is another row */
    assert_int_not_equal(empty, nul);
    assert_int_equal(tally_row(t, 1, STR("x")), a);
    assert_int_equal(tally_row(t, 1, (struct str){ 0 }), empty);
    assert_str(tally_key(t, nul), "\0");
    assert_int_equal(tally_at(t, b)->by, 2);
    /* A sender who is called like one of ours gets a row of his own. */
    uint32_t fake = tally_row(t, 1, STR("(own bounces)"));
    assert_int_not_equal(fake, TALLY_BOUNCES);
    assert_true(tally_at(t, a)->first > tally_at(t, a)->last);
    tally_message(t, a, 50);
    tally_message(t, a, 20);
    tally_message(t, a, 30);
    assert_int_equal(tally_at(t, a)->messages, 3);
    assert_int_equal(tally_at(t, a)->first, 20);
    assert_int_equal(tally_at(t, a)->last, 50);
    tally_free(&t);
    assert_null(t);
    tally_free(&t);
}

static void test_long_keys_are_cut(void **state)
{
    (void)state;
    char text[TALLY_KEY_MAX + 10];
    memset(text, 'k', sizeof text);
    struct tally *t = tally_new(key);
    uint32_t row = tally_row(t, 1, str_make(text, sizeof text));
    assert_int_equal(tally_key(t, row).n, TALLY_KEY_MAX);
    assert_int_equal(tally_row(t, 1, str_make(text, TALLY_KEY_MAX + 1)), row);
    assert_int_not_equal(tally_row(t, 1, str_make(text, TALLY_KEY_MAX - 1)), row);
    assert_false(tally_full(t));
    tally_free(&t);
}

static void test_distinct(void **state)
{
    (void)state;
    char text[24];
    struct tally *t = tally_new(key);
    uint32_t a = tally_row(t, 1, STR("a")), b = tally_row(t, 1, STR("b"));
    for (uint32_t i = 0; i < 20000; i++) {
        tally_distinct(t, a, TALLY_SUBJECT, number(i % 7000, text));
        tally_distinct(t, a, TALLY_CLIENT, number(i % 5, text));
        tally_distinct(t, b, TALLY_SUBJECT, number(i % 3, text));
    }
    assert_int_equal(tally_at(t, a)->subjects, 7000);
    assert_int_equal(tally_at(t, a)->client_ips, 5);
    assert_int_equal(tally_at(t, b)->subjects, 3);
    assert_int_equal(tally_at(t, b)->client_ips, 0);
    tally_free(&t);
}

/* --- merging --- */

#define ROWS_MADE 500

static void event(struct tally *t, uint64_t *seed)
{
    char text[24];
    uint32_t row = tally_row(t, (uint8_t)any(seed, 3), number(any(seed, ROWS_MADE), text));
    if (any(seed, 20) == 0)
        row = any(seed, TALLY_FIRST);
    tally_message(t, row, 1000 + any(seed, 100000));
    tally_distinct(t, row, TALLY_SUBJECT, number(any(seed, 40), text));
    tally_distinct(t, row, TALLY_CLIENT, number(any(seed, 10), text));
    struct tally_row *r = tally_at(t, row);
    r->recipients += any(seed, 5);
    r->outcomes[any(seed, 4)]++;
}

static void assert_same(struct tally *a, struct tally *b)
{
    assert_int_equal(tally_count(a), tally_count(b));
    for (uint32_t i = 0; i < tally_count(a); i++) {
        const struct tally_row *x = tally_at(a, i);
        uint32_t other = i < TALLY_FIRST ? i : tally_row(b, x->by, tally_key(a, i));
        const struct tally_row *y = tally_at(b, other);
        if (x->messages != y->messages || x->recipients != y->recipients ||
            memcmp(x->outcomes, y->outcomes, sizeof x->outcomes) != 0 ||
            x->subjects != y->subjects || x->client_ips != y->client_ips ||
            x->first != y->first || x->last != y->last)
            fail_msg("row %u (%.*s) differs", i, STR_ARG(tally_key(a, i)));
    }
    assert_int_equal(tally_count(a), tally_count(b)); /* no row was made by looking */
}

static void test_merge_equals_counting_at_once(void **state)
{
    (void)state;
    enum { PARTS = 5, EVENTS = 20000 };
    for (uint64_t world = 1; world <= 5; world++) {
        struct tally *all = tally_new(key), *parts[PARTS];
        for (size_t i = 0; i < PARTS; i++)
            parts[i] = tally_new(key);
        uint64_t seed = world;
        for (unsigned i = 0; i < EVENTS; i++) {
            uint64_t again = seed;
            event(all, &seed);
            event(parts[i * i % PARTS], &again);
        }
        uint32_t *map = malloc((size_t)tally_count(parts[1]) * sizeof *map);
        assert_non_null(map);
        tally_merge(parts[0], parts[1], map);
        for (uint32_t i = 0; i < tally_count(parts[1]); i++)
            assert_true(str_eq(tally_key(parts[0], map[i]), tally_key(parts[1], i)));
        assert_int_equal(map[TALLY_BOUNCES], TALLY_BOUNCES);
        free(map);
        for (size_t i = 2; i < PARTS; i++)
            tally_merge(parts[0], parts[i], NULL);
        assert_same(all, parts[0]);
        tally_free(&all);
        for (size_t i = 0; i < PARTS; i++)
            tally_free(&parts[i]);
    }
}

/* --- ceilings --- */

static void test_ceiling_of_rows(void **state)
{
    (void)state;
    char text[24];
    struct tally *t = tally_new(key);
    uint64_t total = 0;
    for (uint32_t i = 0; i < TALLY_ROWS_MAX + 100; i++)
        tally_message(t, tally_row(t, 1, number(i, text)), 1000);
    assert_true(tally_full(t));
    assert_int_equal(tally_count(t), TALLY_ROWS_MAX);
    assert_int_equal(tally_at(t, TALLY_REST)->messages, 100 + TALLY_FIRST);
    for (uint32_t i = 0; i < tally_count(t); i++)
        total += tally_at(t, i)->messages;
    assert_int_equal(total, TALLY_ROWS_MAX + 100);
    assert_int_equal(tally_row(t, 1, STR("value7")), TALLY_FIRST + 7); /* known ones go on */
    struct tally *into = tally_new(key);
    tally_message(into, tally_row(into, 9, STR("one more")), 1000);
    tally_merge(into, t, NULL);
    assert_true(tally_full(into));
    total = 0;
    for (uint32_t i = 0; i < tally_count(into); i++)
        total += tally_at(into, i)->messages;
    assert_int_equal(total, TALLY_ROWS_MAX + 101);
    tally_free(&into);
    tally_free(&t);
}

static void test_ceiling_of_pairs(void **state)
{
    (void)state;
    char text[24];
    struct tally *t = tally_new(key);
    uint32_t row = tally_row(t, 1, STR("a"));
    for (uint32_t i = 0; i < TALLY_PAIRS_MAX + 1000; i++)
        tally_distinct(t, row, TALLY_SUBJECT, number(i, text));
    assert_true(tally_full(t));
    assert_int_equal(tally_at(t, row)->subjects, TALLY_PAIRS_MAX); /* a lower bound, no more */
    tally_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_long_keys_are_cut),
        cmocka_unit_test(test_distinct),
        cmocka_unit_test(test_merge_equals_counting_at_once),
        cmocka_unit_test(test_ceiling_of_rows),
        cmocka_unit_test(test_ceiling_of_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
