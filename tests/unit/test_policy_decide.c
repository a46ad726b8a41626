/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_policy_decide - what a hit of each check comes to in each mode, and for whom nothing does
 *
 * A row makes one check hit and leaves all others off; the modes and the exemptions are
 * then gone through. Callouts are in test_check_callout.c.
 */
#define _GNU_SOURCE
#include "policy/exempt.h"

#include "dns/resolver.h"
#include "policy/ban.h"
#include "policymake.h"

#define CLIENT "198.51.100.7"
#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static struct recipients *tables;
static struct conf_zone zone = { .name = "bl", .list = "bl.test", .weight = 100, .probe = "none" };

/* --- one check that will hit --- */

static void make_ban(struct envelope *e)
{
    struct ban b = { .maker = BAN_BY_ADMIN, .since = NOW - 10, .until = NOW + 3600 };
    ban_set_net(&b, &e->client, 32);
    ban_put(world.store, &b, NOW);
}

static void make_foreign(struct envelope *e)
{
    e->recipient = STR("bob@far.test");
    e->verified = VERIFIED_UNKNOWN;
}

static void make_unknown(struct envelope *e)
{
    e->recipient = STR("nobody@here.test");
    e->verified = VERIFIED_NO;
}

static void make_junk_helo(struct envelope *e)
{
    e->helo = STR("localhost");
}

static void make_listed(struct envelope *e)
{
    (void)e;
    resolver_script_add(world.parts.resolver, "7.100.51.198.bl.test", DNS_A, DNS_OK, 0,
                        LIST("127.0.0.2"));
}

static void make_forged(struct envelope *e)
{
    e->sender = STR("a@none.test");
}

#define MODE_OF(field) offsetof(struct conf, field)

static const struct row {
    enum check_id check;
    size_t mode;                     /* offset in struct conf */
    void (*make)(struct envelope *e);
    bool drop;
} rows[] = {
    { CHECK_BAN, MODE_OF(ban.mode), make_ban, true },
    { CHECK_RELAY, MODE_OF(relay.mode), make_foreign, false },
    { CHECK_RECIPIENT, MODE_OF(recipient.mode), make_unknown, false },
    { CHECK_HELO, MODE_OF(helo.no_dot), make_junk_helo, false },
    { CHECK_DNSBL, MODE_OF(dnsbl.mode), make_listed, false },
    { CHECK_SENDER, MODE_OF(sender.domain), make_forged, false },
    { CHECK_DICTIONARY, MODE_OF(dictionary.mode), make_unknown, true },
};

static void row_begin(const struct row *r, enum conf_mode mode, struct envelope *e)
{
    static const char *const domains[] = { "here.test" };
    struct recipients_options options = { .layout = LAYOUT_NONE, .root = "", .domains = domains,
                                          .domain_count = 1, .addresses_max = 10 };
    struct err err;
    world_conf();
    world.conf.ban.mode = world.conf.dictionary.mode = CONF_OFF;
    world.conf.dictionary.client_unknown = 1;
    world.conf.dnsbl.zones = &zone;
    world.conf.dnsbl.zone_count = 1;
    world.conf.sender.timeout_ms = 3000;
    memcpy((char *)&world.conf + r->mode, &mode, sizeof mode);
    world_begin();
    policy_free(&world.policy);
    world.parts.resolver = resolver_new_script(world.loop);
    world.parts.recipients = tables = recipients_new(NULL, &options, &err);
    world.policy = policy_new(&world.parts, &err);
    assert_non_null(world.policy);
    *e = world_rcpt(CLIENT, "bob@here.test", VERIFIED_YES);
    e->helo = STR("mail.sender.test");
    r->make(e);
}

static void row_end(void)
{
    struct resolver *resolver = world.parts.resolver;
    policy_free(&world.policy);
    resolver_free(&resolver);
    recipients_free(&tables);
    world_end();
}

/* The answer may need the DNS. */
static enum verdict_action row_ask(const struct envelope *e)
{
    unsigned before = world.answers;
    policy_ask(world.policy, e, world_answer, NULL);
    loop_advance(world.loop, 10000);
    assert_int_equal(world.answers, before + 1);
    return world.action;
}

/* --- modes --- */

static void test_modes(void **state)
{
    (void)state;
    static const struct {
        enum conf_mode mode;
        enum verdict_action action;
        unsigned code, drop_code;
    } modes[] = {
        { CONF_OFF, VERDICT_PASS, 0, 0 },
        { CONF_OBSERVE, VERDICT_PASS, 0, 0 },
        { CONF_TAG, VERDICT_TAG, 0, 0 },
        { CONF_DEFER, VERDICT_DEFER, 451, 421 },
        { CONF_REFUSE, VERDICT_REFUSE, 550, 521 },
    };
    struct envelope e;
    for (size_t i = 0; i < ROWS(rows) * ROWS(modes); i++) {
        const struct row *r = &rows[i / ROWS(modes)];
        size_t m = i % ROWS(modes);
        row_begin(r, modes[m].mode, &e);
        enum verdict_action action = row_ask(&e);
        unsigned code = r->drop ? modes[m].drop_code : modes[m].code;
        enum check_state hit = modes[m].mode == CONF_OFF ? CHECK_NOT_RUN : CHECK_HIT;
        if (action != modes[m].action || world.code != code ||
            world.drop != (r->drop && code != 0) || world.checks[r->check].state != hit ||
            (world.reply[0] != '\0') != (action != VERDICT_PASS))
            fail_msg("%s %s: %s %u %s", check_names[r->check], check_mode_names[modes[m].mode],
                     verdict_action_names[action], world.code, world.reply);
        if (action == VERDICT_TAG && !str_starts(str_c(world.reply), str_c(check_names[r->check])))
            fail_msg("%s", world.reply);
        row_end();
    }
}

/* --- exemptions --- */

static void exempt_authenticated(struct envelope *e) { e->authenticated = true; }
static void exempt_relay(struct envelope *e) { e->relay = true; }
static void exempt_local(struct envelope *e) { e->has_client = false; }

static void exempt_client(struct envelope *e)
{
    static struct conf_net net = { .bits = 24 };
    net.ip = e->client;
    world.conf.exempt.clients = (struct conf_nets){ &net, 1 };
}

static void exempt_sender(struct envelope *e)
{
    static const char *senders[1];
    static char sender[100];
    assert_int_equal(str_copy(e->sender, sender, sizeof sender), 0);
    senders[0] = sender;
    world.conf.exempt.senders = (struct conf_strings){ senders, 1 };
}

static void exempt_name(struct envelope *e)
{
    static const char *const names[] = { ".friend.test" };
    e->client_name = STR("out.friend.test");
    world.conf.exempt.names = (struct conf_strings){ names, 1 };
}

static void exempt_confirmed_name(struct envelope *e)
{
    exempt_name(e);
    e->client_name = STR("");
    resolver_script_add(world.parts.resolver, "7.100.51.198.in-addr.arpa", DNS_PTR, DNS_OK, 10,
                        LIST("out.friend.test"));
    resolver_script_add(world.parts.resolver, "out.friend.test", DNS_A, DNS_OK, 10, LIST(CLIENT));
}

/* Of these two a foreign recipient is no case: nobody may relay by the name of an address. */
static void exempt_recipient(struct envelope *e)
{
    static const char *const rcpts[] = { "spam@" };
    if (e->verified != VERIFIED_UNKNOWN)
        e->recipient = STR("spam@here.test");
    else
        e->authenticated = true;
    world.conf.exempt.recipients = (struct conf_strings){ rcpts, 1 };
}

static void exempt_postmaster(struct envelope *e)
{
    if (e->verified != VERIFIED_UNKNOWN)
        e->recipient = STR("abuse@here.test");
    else
        e->authenticated = true;
}

static void test_exemptions(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        void (*make)(struct envelope *e);
        bool runs;                   /* the check may have run before it is known */
    } exemptions[] = {
        { "authenticated", exempt_authenticated, false }, { "relay", exempt_relay, false },
        { "local", exempt_local, false },                 { "client", exempt_client, false },
        { "sender", exempt_sender, false },               { "name", exempt_name, true },
        { "confirmed name", exempt_confirmed_name, true },
        { "recipient", exempt_recipient, false },         { "postmaster", exempt_postmaster, false },
    };
    struct envelope e;
    for (size_t i = 0; i < ROWS(rows) * ROWS(exemptions); i++) {
        const struct row *r = &rows[i / ROWS(exemptions)];
        size_t x = i % ROWS(exemptions);
        row_begin(r, CONF_REFUSE, &e);
        exemptions[x].make(&e);
        enum verdict_action action = row_ask(&e);
        enum check_state run = world.checks[r->check].state;
        if (action != VERDICT_PASS || world.code != 0 || world.reply[0] != '\0' ||
            (run != CHECK_NOT_RUN && !exemptions[x].runs))
            fail_msg("%s, %s: %s", check_names[r->check], exemptions[x].why, world.reply);
        row_end();
    }
}

/* The end of a session is no decision, and Exim tells of each: it would be most of all that is
 * counted. */
static void test_ends_are_not_counted(void **state)
{
    (void)state;
    world_conf();
    world_begin();
    const struct policy_stats *s = policy_stats(world.policy);
    struct envelope e = world_rcpt(CLIENT, "bob@here.test", VERIFIED_YES);
    world_ask(&e);
    struct policy_stats before = *s;
    assert_int_equal(before.actions[VERDICT_PASS], 1);
    e.stage = STAGE_END;
    world_ask(&e);
    e.end_reason = STR("connection-lost");
    world_ask(&e);
    assert_int_equal(s->asks, 3);
    before.asks = s->asks;
    before.sessions = s->sessions;
    assert_memory_equal(s, &before, sizeof before);
    world_end();
}

/* What an administrator tries out is no mail: nothing of it is in the numbers of what was decided. */
static void test_questions_are_not_counted(void **state)
{
    (void)state;
    world_conf();
    world.conf.helo.no_dot = CONF_REFUSE;
    world_begin();
    const struct policy_stats *s = policy_stats(world.policy);
    struct envelope e = world_rcpt(CLIENT, "bob@here.test", VERIFIED_YES);
    e.helo = STR("localhost");
    struct policy_stats before = *s;
    e.dry = true;
    world_ask(&e);
    assert_int_equal(world.action, VERDICT_REFUSE);
    e.relay = true;
    world_ask(&e);
    assert_int_equal(s->asks, 2);
    before.asks = s->asks;
    before.sessions = s->sessions;
    assert_memory_equal(s, &before, sizeof before);
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes, state_setup, state_teardown),
        cmocka_unit_test_setup_teardown(test_exemptions, state_setup, state_teardown),
        cmocka_unit_test(test_ends_are_not_counted),
        cmocka_unit_test(test_questions_are_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
