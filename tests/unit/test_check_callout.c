/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_check_callout - what a callout comes to in each mode, and how long it is remembered
 *
 * No server is called: what it said lies in the state, as callout_flight.c keeps
 * it. Real servers are in the end-to-end tests.
 */
#define _GNU_SOURCE
#include "policy/check_callout.h"

#include "dns/resolver.h"
#include "policy/callout_flight.h"
#include "policymake.h"

/* The server of this sender was asked before, and does not know it. */
static void remember(const char *address, const char *status, int64_t ends)
{
    struct {
        uint8_t version, answer, random_refused, spare;
        uint16_t code;
        char status[12], text[CALLOUT_TEXT_MAX];
    } r = { .version = 1, .answer = CALLOUT_REFUSED, .random_refused = 1, .code = 550 };
    char key[100];
    snprintf(r.status, sizeof r.status, "%s", status);
    snprintf(r.text, sizeof r.text, "no such user");
    int n = snprintf(key, sizeof key, "a:%s", address);
    store_put(world.store, STORE_CALLOUTS, str_make(key, (size_t)n),
              str_make((const char *)&r, sizeof r), ends);
}

static void begin(enum conf_mode mode)
{
    static const char *const domains[] = { "*" };
    world_conf();
    world.conf.callout.mode = mode;
    world.conf.callout.helo = "mx.here.test";
    world.conf.callout.domains = (struct conf_strings){ domains, 1 };
    world.conf.callout.vouch = false;
    world.conf.callout.self_watch = "";
    struct err err;
    world.loop = loop_new_virtual(NOW);
    world.store = state_open(NULL);
    world.parts = (struct policy_parts){ .loop = world.loop, .store = world.store,
                                         .conf = &world.conf, .own = &world.own };
    world.parts.resolver = resolver_new_script(world.loop);      /* and nothing is asked of it */
    world.policy = policy_new(&world.parts, &err);
    assert_non_null(world.policy);
}

static void end(void)
{
    struct resolver *resolver = world.parts.resolver;
    policy_free(&world.policy);
    resolver_free(&resolver);
    world_end();
}

/* A question only: without the memory nobody would be called. */
static enum verdict_action ask(const char *sender, bool dry)
{
    struct envelope e = world_rcpt("198.51.100.7", "bob@here.test", VERIFIED_YES);
    e.sender = str_c(sender);
    e.dry = dry;
    e.client_name = STR("out.good.example");     /* else the DNS is asked for it */
    return world_ask(&e);
}

/* In each mode. A refusal that does not surely mean the mailbox is deferred at most. */
static void test_modes(void **state)
{
    (void)state;
    static const struct {
        enum conf_mode mode;
        enum verdict_action action, unsure;
        const char *text;
    } rows[] = {
#define SAID "Sender verify failed: the server of good.example says of <a@good.example>: 550 5.1.1 " \
             "no such user"
        { CONF_OFF, VERDICT_PASS, VERDICT_PASS, "" },
        { CONF_OBSERVE, VERDICT_PASS, VERDICT_PASS, "" },
        { CONF_TAG, VERDICT_TAG, VERDICT_TAG, "callout: remembered: 550 5.1.1 no such user" },
        { CONF_DEFER, VERDICT_DEFER, VERDICT_DEFER, SAID },
        { CONF_REFUSE, VERDICT_REFUSE, VERDICT_DEFER, SAID },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin(rows[i].mode);
        remember("a@good.example", "5.1.1", NOW + HOUR);
        remember("b@good.example", "", NOW + HOUR);
        assert_int_equal(ask("a@good.example", false), rows[i].action);
        assert_string_equal(world.reply, rows[i].text);
        assert_int_equal(world.checks[CHECK_CALLOUT].state,
                         rows[i].mode == CONF_OFF ? CHECK_NOT_RUN : CHECK_HIT);
        assert_int_equal(policy_stats(world.policy)->would[CHECK_CALLOUT],
                         rows[i].mode == CONF_OBSERVE);
        assert_int_equal(ask("b@good.example", false), rows[i].unsure);
        end();
    }
}

/* The clock is set: what is remembered ends in its time at the latest, and is not lost for a small
 * step. */
static void test_clock_steps(void **state)
{
    (void)state;
    begin(CONF_REFUSE);
    int64_t longest = world.conf.callout.positive_s;
    if (world.conf.callout.domain_positive_s > longest)
        longest = world.conf.callout.domain_positive_s;
    remember("a@good.example", "5.1.1", NOW + 2 * HOUR);
    assert_int_equal(ask("a@good.example", true), VERDICT_REFUSE);
    loop_set_utc(world.loop, NOW - HOUR);
    assert_int_equal(ask("a@good.example", true), VERDICT_REFUSE);
    loop_set_utc(world.loop, NOW - longest);     /* it cannot have that long to go */
    assert_int_equal(ask("a@good.example", true), VERDICT_PASS);
    loop_set_utc(world.loop, NOW + 2 * HOUR);
    assert_int_equal(ask("a@good.example", true), VERDICT_PASS);
    remember("a@good.example", "5.1.1", NOW + 3 * HOUR);     /* and learnt anew */
    assert_int_equal(ask("a@good.example", true), VERDICT_REFUSE);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_clock_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
