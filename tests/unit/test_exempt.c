/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_exempt - whom no check touches, by what is known of the recipient
 *
 * That the runner asks, and what it does then, is in test_policy.c; but for what it
 * tells of an address without a domain.
 */
#define _GNU_SOURCE
#include "policy/exempt.h"

#include "policymake.h"

static struct conf conf;

static struct str why(const char *recipient, enum recipient_state state, enum rcpt_verified verified)
{
    struct envelope e = { .stage = STAGE_RCPT, .has_client = true, .has_sender = true,
                          .recipient = str_c(recipient), .verified = verified };
    size_t at = str_rfind_c(e.recipient, '@');
    struct exempt_rcpt rcpt = { str_head(e.recipient, at), STR(""), state };
    assert_int_equal(ip_parse(STR("192.0.2.7"), &e.client), 0);
    if (at != STR_NONE)
        rcpt.domain = str_skip(e.recipient, at + 1);
    return exempt_why(&conf, &e, rcpt);
}

/* postmaster and abuse are, unless mail for them would be relayed. */
static void test_postmaster(void **state)
{
    (void)state;
    static const struct {
        const char *recipient;
        enum recipient_state state;
        enum rcpt_verified verified;
        bool trust, exempt;
    } rows[] = {
        { "postmaster@here.test", RECIPIENT_NO_TABLE, VERIFIED_UNKNOWN, true, true },
        { "POSTMASTER@here.test", RECIPIENT_VALID, VERIFIED_UNKNOWN, true, true },
        { "Postmaster", RECIPIENT_NO_TABLE, VERIFIED_UNKNOWN, true, true },
        { "abuse@here.test", RECIPIENT_UNKNOWN, VERIFIED_NO, true, true },
        { "abuse@here.test", RECIPIENT_BACKUP, VERIFIED_UNKNOWN, true, true },
        { "abuse@far.test", RECIPIENT_FOREIGN, VERIFIED_UNKNOWN, true, false },
        { "abuse@far.test", RECIPIENT_FOREIGN, VERIFIED_NO, true, false },
        { "abuse@[192.0.2.1]", RECIPIENT_FOREIGN, VERIFIED_YES, true, true },
        { "abuse@[192.0.2.1]", RECIPIENT_FOREIGN, VERIFIED_YES, false, false },
        { "postmaster+x@here.test", RECIPIENT_VALID, VERIFIED_YES, true, false },
        { "postmaster2@here.test", RECIPIENT_VALID, VERIFIED_YES, true, false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        conf.recipient.trust_mta = rows[i].trust;
        bool exempt = why(rows[i].recipient, rows[i].state, rows[i].verified).n > 0;
        if (exempt != rows[i].exempt)
            fail_msg("row %zu: %s", i, rows[i].recipient);
    }
}

/* The forms that the settings know. */
static void test_recipients(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *recipient;
        enum recipient_state state;
        bool exempt;
    } rows[] = {
        { "spam@here.test", "SPAM@Here.test", RECIPIENT_VALID, true },
        { "spam@here.test", "xspam@here.test", RECIPIENT_VALID, false },
        { "spam@", "spam@here.test", RECIPIENT_VALID, true },
        { "spam@", "spam@far.test", RECIPIENT_FOREIGN, false },
        { "spam@", "spam", RECIPIENT_NO_TABLE, false },
        { "@here.test", "any@here.test", RECIPIENT_NO_TABLE, true },
        { "@here.test", "any@sub.here.test", RECIPIENT_NO_TABLE, false },
        { ".here.test", "any@sub.here.test", RECIPIENT_NO_TABLE, true },
        { ".here.test", "any@here.test", RECIPIENT_NO_TABLE, false },
        { ".here.test", "any@nothere.test", RECIPIENT_NO_TABLE, false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *patterns[] = { rows[i].pattern };
        conf.exempt.recipients = (struct conf_strings){ patterns, 1 };
        bool exempt = why(rows[i].recipient, rows[i].state, VERIFIED_UNKNOWN).n > 0;
        conf.exempt.recipients = (struct conf_strings){ NULL, 0 };
        if (exempt != rows[i].exempt)
            fail_msg("row %zu: %s", i, rows[i].recipient);
    }
}

/* <postmaster> alone is for the MTA's own domain, whatever tables know. */
static void test_no_domain(void **state)
{
    (void)state;
    static const char *const domains[] = { "here.test" };
    static const struct {
        const char *recipient;
        enum verdict_action action;
    } rows[] = {
        { "Postmaster", VERDICT_PASS },
        { "postmaster@here.test", VERDICT_PASS },
        { "postmaster@far.test", VERDICT_REFUSE },
        { "bob", VERDICT_PASS },
        { "bob@far.test", VERDICT_REFUSE },
    };
    struct recipients_options options = { .layout = LAYOUT_NONE, .root = "", .domains = domains,
                                          .domain_count = 1, .addresses_max = 100 };
    struct err err;
    world_conf();
    world.conf.relay.mode = world.conf.recipient.mode = CONF_REFUSE;
    world_begin();
    policy_free(&world.policy);
    struct recipients *tables = recipients_new(NULL, &options, &err);
    assert_non_null(tables);
    world.parts.recipients = tables;
    world.policy = policy_new(&world.parts, &err);
    assert_non_null(world.policy);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct envelope e = world_rcpt("192.0.2.7", rows[i].recipient, VERIFIED_UNKNOWN);
        if (world_ask(&e) != rows[i].action)
            fail_msg("%s: %s", rows[i].recipient, world.reply);
    }
    world_end();
    recipients_free(&tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_postmaster), cmocka_unit_test(test_recipients),
        cmocka_unit_test(test_no_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
