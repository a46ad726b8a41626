/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dict_tally - counting distinct names within a window, and its bytes
 *
 * Compared with a model that keeps every event, over random times; and the
 * ends: full sets, clocks that jump, bytes of another key or cut short.
 */
#define _GNU_SOURCE
#include "policy/dict_tally.h"

#include "statemake.h"

#define WINDOW 3600u

static void test_window(void **state)
{
    (void)state;
    static int64_t last[64];             /* when each name was tried last */
    struct dict_tally t = { 0 };
    uint64_t seed = 5;
    int64_t now = NOW;
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t name = (uint32_t)(state_random(&seed) % 64), count = 0;
        now += (int64_t)(state_random(&seed) % 200);
        dict_tally_move(&t, WINDOW, now);
        assert_int_equal(dict_tally_unknown(&t, now, name, 1), last[name] + WINDOW <= now);
        last[name] = now;
        for (size_t k = 0; k < 64; k++)
            count += last[k] + WINDOW > now;
        assert_int_equal(dict_tally_unknowns(&t), count);
        assert_int_equal(t.clients_n, 1);
    }
}

/* One good name counts four times in any window, compared with a model of all times. */
static void test_goods(void **state)
{
    (void)state;
    static int64_t counted[16][DICT_GOOD_TIMES];     /* when each name counted last */
    struct dict_tally t = { 0 };
    uint64_t seed = 7;
    int64_t now = NOW;
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t name = (uint32_t)(state_random(&seed) % 16), count = 0;
        now += (int64_t)(state_random(&seed) % 150);
        int64_t *oldest = &counted[name][0];
        for (size_t k = 1; k < DICT_GOOD_TIMES; k++)
            oldest = counted[name][k] < *oldest ? &counted[name][k] : oldest;
        bool counts = *oldest + WINDOW <= now;
        dict_tally_move(&t, WINDOW, now);
        assert_int_equal(dict_tally_good(&t, now, name), counts);
        *oldest = counts ? now : *oldest;
        for (size_t k = 0; k < 16 * DICT_GOOD_TIMES; k++)
            count += counted[k / DICT_GOOD_TIMES][k % DICT_GOOD_TIMES] + WINDOW > now;
        assert_int_equal(dict_tally_goods(&t), count);
    }
    dict_tally_move(&t, WINDOW, now + WINDOW);
    assert_int_equal(dict_tally_goods(&t), 0);
}

/* More good names than a set holds: still counted, about. */
static void test_goods_full(void **state)
{
    (void)state;
    struct dict_tally t = { 0 };
    for (uint32_t i = 0; i < 7200; i++) {        /* one a second, a thousand different ones */
        dict_tally_move(&t, WINDOW, NOW + i);
        assert_true(dict_tally_good(&t, NOW + i, i % 1000));
    }
    assert_int_equal(t.goods_n, DICT_GOODS_MAX);
    assert_in_range(dict_tally_goods(&t), WINDOW * 7 / 8, WINDOW);
    dict_tally_move(&t, WINDOW, NOW + 7200 + WINDOW);
    assert_int_equal(dict_tally_goods(&t), 0);
}

/* As many names as a server has mailboxes: who names them over and over gains nothing by it, whether
 * in one second or in an hour. */
static void test_goods_again(void **state)
{
    (void)state;
    static const uint32_t names[] = { 1, 2, 44, 45, 46, 100, DICT_GOODS_MAX };
    for (size_t k = 0; k < 2 * ROWS(names); k++) {
        struct dict_tally t = { 0 };
        uint32_t n = names[k / 2], counted = 0;
        for (uint32_t i = 0; i < 3000; i++) {
            int64_t now = NOW + (k % 2 ? i : 0);
            dict_tally_move(&t, WINDOW, now);
            counted += dict_tally_good(&t, now, i % n);
            if (i % 3 == 0)                      /* and two of them all the time */
                counted += dict_tally_good(&t, now, i % 2);
        }
        if (n < DICT_GOODS_MAX / DICT_GOOD_TIMES)
            assert_int_equal(counted, DICT_GOOD_TIMES * n + (n == 1 ? DICT_GOOD_TIMES : 0));
        else
            assert_in_range(counted, n, DICT_GOODS_MAX + n);
        assert_int_equal(dict_tally_goods(&t), counted);
    }
}

/* More names than a set holds: still counted, about. */
static void test_full(void **state)
{
    (void)state;
    struct dict_tally t = { 0 };
    struct buf bytes;
    dict_tally_move(&t, WINDOW, NOW);
    for (uint32_t i = 0; i < 5000; i++)
        assert_true(dict_tally_unknown(&t, NOW + i / 10, i, i));
    assert_int_equal(t.names_n, DICT_NAMES_MAX);
    assert_int_equal(t.clients_n, DICT_CLIENTS_MAX);
    assert_int_equal(dict_tally_unknowns(&t), 5000);
    assert_false(dict_tally_unknown(&t, NOW + 500, 4999, 4999));
    buf_init(&bytes, STORE_VALUE_MAX);
    dict_tally_encode(&t, 9, &bytes);
    assert_false(buf_bad(&bytes));
    static struct dict_tally again;
    assert_int_equal(dict_tally_decode(buf_str(&bytes), 9, &again), 0);
    assert_memory_equal(&again, &t, sizeof t);
    bytes.p[0] = 1;                              /* of another version */
    assert_int_equal(dict_tally_decode(buf_str(&bytes), 9, &again), -1);
    bytes.p[0] = 2;
    assert_int_equal(dict_tally_decode(buf_str(&bytes), 8, &again), -1);     /* another key */
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(dict_tally_decode(str_make(bytes.p, n), 9, &again), -1);
    buf_fini(&bytes);
}

/* A full tally of a client, which has good names and no clients, is kept whole; one of bytes that no
 * client leaves behind loses good names, and is read again. */
static void test_full_client(void **state)
{
    (void)state;
    static struct dict_tally t, again;
    struct buf bytes;
    memset(&t, 0, sizeof t);
    dict_tally_move(&t, WINDOW, NOW);
    for (uint32_t i = 0; i < 1000; i++) {
        dict_tally_unknown(&t, NOW + i / 10, i, 0);
        dict_tally_good(&t, NOW + i / 10, i);
    }
    buf_init(&bytes, STORE_VALUE_MAX);
    dict_tally_encode(&t, 9, &bytes);
    assert_int_equal(dict_tally_decode(buf_str(&bytes), 9, &again), 0);
    assert_memory_equal(&again, &t, sizeof t);
    for (uint32_t i = 0; i < DICT_CLIENTS_MAX; i++)
        dict_tally_unknown(&t, NOW + 100, i, i);
    buf_reset(&bytes);
    dict_tally_encode(&t, 9, &bytes);
    assert_false(buf_bad(&bytes));
    assert_int_equal(dict_tally_decode(buf_str(&bytes), 9, &again), 0);
    assert_int_equal(again.clients_n, DICT_CLIENTS_MAX);
    assert_in_range(again.goods_n, 1, DICT_GOODS_MAX - 1);
    buf_fini(&bytes);
}

static void test_clock_jumps(void **state)
{
    (void)state;
    struct dict_tally t = { 0 };
    dict_tally_move(&t, WINDOW, NOW);
    dict_tally_unknown(&t, NOW, 1, 1);
    dict_tally_good(&t, NOW, 1);
    dict_tally_move(&t, WINDOW, NOW - 10);       /* set right by some seconds: the names stay */
    assert_int_equal(dict_tally_unknowns(&t) + dict_tally_goods(&t), 2);
    dict_tally_move(&t, WINDOW, NOW - 2 * (int64_t)WINDOW);  /* it was far in the future: they go */
    assert_int_equal(dict_tally_unknowns(&t) + dict_tally_goods(&t), 0);
    t.until = NOW + 10 * DICT_UNTIL_MAX_S;
    dict_tally_move(&t, WINDOW, NOW);
    assert_int_equal(t.until, 0);
    dict_tally_unknown(&t, NOW - 2 * (int64_t)WINDOW, 1, 1);
    dict_tally_move(&t, 60, NOW - 2 * (int64_t)WINDOW + 61);     /* another window in the settings */
    assert_int_equal(dict_tally_unknowns(&t) + dict_tally_goods(&t), 0);
}

static void test_key(void **state)
{
    (void)state;
    struct store *s = state_open(NULL);
    struct dict_key dry = dict_key_get(s, true), a = dict_key_get(s, false), b = dict_key_get(s, false);
    assert_int_equal(dict_hash(&a, STR("name")), dict_hash(&b, STR("name")));
    assert_int_equal(a.number, b.number);
    assert_int_not_equal(a.number, dry.number);
    struct dict_now now = { s, a, WINDOW, NOW };
    struct dict_tally t;
    char room[DICT_STORE_KEY_MAX];
    struct str key = dict_key_domain(DICT_DOMAIN, STR("example.org"), room);
    dict_tally_load(&now, key, &t);
    dict_tally_unknown(&t, NOW, 1, 2);
    dict_tally_save(&now, key, &t);
    dict_tally_load(&now, key, &t);
    assert_int_equal(dict_tally_unknowns(&t), 1);
    now.now += WINDOW;
    dict_tally_load(&now, key, &t);
    assert_int_equal(dict_tally_unknowns(&t), 0);
    store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),      cmocka_unit_test(test_goods),
        cmocka_unit_test(test_goods_full),  cmocka_unit_test(test_goods_again),
        cmocka_unit_test(test_full),        cmocka_unit_test(test_full_client),
        cmocka_unit_test(test_clock_jumps), cmocka_unit_test(test_key),
    };
    return cmocka_run_group_tests(tests, state_setup, state_teardown);
}
