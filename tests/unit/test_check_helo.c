/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_check_helo - what is remembered of a refused HELO
 *
 * Which names are refused is in test_policy.c.
 */
#define _GNU_SOURCE
#include "policymake.h"

#define CLIENT "192.0.2.7"

/* A name that was refused for this client, remembered until `ends`. */
static void refused_until(int64_t ends)
{
    struct envelope e = world_rcpt(CLIENT, "bob@here.test", VERIFIED_YES);
    char key[21] = "helo:";
    memcpy(key + 5, e.client.b, 16);
    store_put(world.store, STORE_SESSIONS, str_make(key, sizeof key), STR("localhost"), ends);
}

/* What a clock that was years ahead left behind is nothing that is known. */
static void test_ends_too_late(void **state)
{
    (void)state;
    world_conf();
    world.conf.helo = (struct conf_helo){ .evasion = CONF_REFUSE, .memory_s = 300 };
    world_begin();
    struct envelope e = world_rcpt(CLIENT, "bob@here.test", VERIFIED_YES);
    e.helo = STR("mail.sender.example");
    assert_int_equal(world_ask(&e), VERDICT_PASS);
    refused_until(NOW + 300);
    assert_int_equal(world_ask(&e), VERDICT_REFUSE);
    refused_until(NOW + 301);
    assert_int_equal(world_ask(&e), VERDICT_PASS);
    refused_until(NOW + INT64_C(10) * 365 * 86400);
    assert_int_equal(world_ask(&e), VERDICT_PASS);
    world_end();
}

/* The clock is set while a name is remembered: it is forgotten in its time, at the latest. */
static void test_clock_steps(void **state)
{
    (void)state;
    static const int64_t steps[] = { -100, -HOUR, -86400, -3650 * (int64_t)86400, 100, HOUR, 86400 };
    world_conf();
    world.conf.helo = (struct conf_helo){ .no_dot = CONF_REFUSE, .evasion = CONF_REFUSE,
                                          .memory_s = 300 };
    world_begin();
    struct envelope e = world_rcpt(CLIENT, "bob@here.test", VERIFIED_YES);
    for (size_t i = 0; i < ROWS(steps); i++) {
        int64_t now = NOW + (int64_t)i * 86400 * 20000;
        loop_set_utc(world.loop, now);
        e.helo = STR("localhost");
        assert_int_equal(world_ask(&e), VERDICT_REFUSE);
        e.helo = STR("mail.sender.example");
        assert_int_equal(world_ask(&e), VERDICT_REFUSE);
        loop_set_utc(world.loop, now + steps[i]);
        assert_int_equal(world_ask(&e), steps[i] == 100 ? VERDICT_REFUSE : VERDICT_PASS);
        loop_advance(world.loop, (steps[i] == -100 ? 400 : 300) * 1000);
        assert_int_equal(world_ask(&e), VERDICT_PASS);
        e.helo = STR("localhost");               /* and learnt anew */
        assert_int_equal(world_ask(&e), VERDICT_REFUSE);
        e.helo = STR("mail.sender.example");
        assert_int_equal(world_ask(&e), VERDICT_REFUSE);
        loop_advance(world.loop, 300 * 1000);
    }
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_ends_too_late),
                                        cmocka_unit_test(test_clock_steps) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
