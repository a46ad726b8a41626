/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_check_ban - at which stages a ban refuses, with which words and codes
 *
 * Through the real runner on a virtual clock, so that modes and exemptions are
 * those that a client meets.
 */
#define _GNU_SOURCE
#include "policy/check.h"

#include "policy/ban.h"
#include "policymake.h"

static int story_setup(void **state)
{
    (void)state;
    world_conf();
    return 0;
}

static int story_teardown(void **state)
{
    (void)state;
    world_end();
    return 0;
}

static void ban(const char *net, unsigned bits, enum ban_maker maker, const char *reason)
{
    struct ban b = { .maker = maker, .since = NOW, .until = NOW + 90, .level = 1 };
    struct ip ip;
    assert_int_equal(ip_parse(str_c(net), &ip), 0);
    ban_set_net(&b, &ip, bits);
    ban_set_reason(&b, str_c(reason));
    ban_put(world.store, &b, NOW);
}

static void test_stages(void **state)
{
    (void)state;
    world_begin();
    ban("192.0.2.1", 32, BAN_BY_DICTIONARY, "12 unknown recipients in 10 minutes");
    for (int stage = STAGE_CONNECT; stage <= STAGE_RCPT; stage++) {
        struct envelope e = world_rcpt("192.0.2.1", "a@example.org", VERIFIED_YES);
        e.stage = (enum envelope_stage)stage;
        e.client_name = STR("mail.bad.example");
        assert_int_equal(world_ask(&e), VERDICT_REFUSE);
        assert_true(world.drop);
        assert_int_equal(world.code, 521);
        assert_string_equal(world.reply, "mail.bad.example [192.0.2.1] is banned until "
                            "2026-11-23 15:02 UTC: 12 unknown recipients in 10 minutes");
        assert_string_equal(world.words[CHECK_BAN], "192.0.2.1 until 2026-11-23 15:02 UTC, level 1, "
                            "by dictionary: 12 unknown recipients in 10 minutes");
    }
    loop_advance(world.loop, 89999);
    struct envelope e = world_rcpt("192.0.2.1", "a@example.org", VERIFIED_YES);
    assert_int_equal(world_ask(&e), VERDICT_REFUSE);
    loop_advance(world.loop, 1);
    assert_int_equal(world_ask(&e), VERDICT_PASS);
}

static void test_modes(void **state)
{
    (void)state;
    static const struct {
        enum conf_mode mode;
        enum verdict_action action;
        unsigned code;
        bool drop;
    } rows[] = {
        { CONF_OFF, VERDICT_PASS, 0, false },      { CONF_OBSERVE, VERDICT_PASS, 0, false },
        { CONF_TAG, VERDICT_TAG, 0, false },       { CONF_DEFER, VERDICT_DEFER, 421, true },
        { CONF_REFUSE, VERDICT_REFUSE, 521, true },
    };
    world_begin();
    ban("2001:db8::", 48, BAN_BY_ADMIN, "");
    for (size_t i = 0; i < ROWS(rows); i++) {
        world.conf.ban.mode = rows[i].mode;
        struct envelope e = world_rcpt("2001:db8::7", "a@example.org", VERIFIED_YES);
        assert_int_equal(world_ask(&e), rows[i].action);
        assert_int_equal(world.code, rows[i].code);
        assert_int_equal(world.drop, rows[i].drop);
        assert_int_equal(world.checks[CHECK_BAN].state,
                         rows[i].mode == CONF_OFF ? CHECK_NOT_RUN : CHECK_HIT);
    }
    assert_string_equal(world.reply, "[2001:db8::7] is banned until 2026-11-23 15:02 UTC");
}

/* Whoever logged in, is relayed for or is allowed is not asked about bans. */
static void test_exempt(void **state)
{
    (void)state;
    struct conf_net net = { .bits = 32 };
    assert_int_equal(ip_parse(STR("198.51.100.1"), &net.ip), 0);
    world.conf.exempt.clients = (struct conf_nets){ &net, 1 };
    world_begin();
    ban("0.0.0.0", 0, BAN_BY_ADMIN, "everybody");
    struct envelope e = world_rcpt("192.0.2.1", "a@example.org", VERIFIED_YES);
    assert_int_equal(world_ask(&e), VERDICT_REFUSE);
    e.authenticated = true;
    assert_int_equal(world_ask(&e), VERDICT_PASS);
    e.authenticated = false;
    e.relay = true;
    assert_int_equal(world_ask(&e), VERDICT_PASS);
    e = world_rcpt("198.51.100.1", "a@example.org", VERIFIED_YES);
    assert_int_equal(world_ask(&e), VERDICT_PASS);
}

/* What a record of the file says cannot be trusted: garbage is no ban, and no crash. */
static void test_garbage(void **state)
{
    (void)state;
    struct ip ip;
    char key[17];
    world_begin();
    ip_parse(STR("192.0.2.1"), &ip);
    memcpy(key, ip.b, 16);
    key[16] = (char)128;
    store_put(world.store, STORE_BANS, str_make(key, 17), STR("\x01garbage"), NOW + 100);
    struct envelope e = world_rcpt("192.0.2.1", "a@example.org", VERIFIED_YES);
    assert_int_equal(world_ask(&e), VERDICT_PASS);
    assert_int_equal(world.checks[CHECK_BAN].state, CHECK_PASS);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_setup, story_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_stages), STORY(test_modes), STORY(test_exempt), STORY(test_garbage),
    };
    return cmocka_run_group_tests(tests, state_setup, state_teardown);
}
