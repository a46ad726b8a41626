/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_check_dictionary - the dictionary attack in every disguise, and who is no attacker
 *
 * Stories on a virtual clock, told to the real runner: who asks, for whom, how
 * often; then what was answered and who is banned until when.
 */
#define _GNU_SOURCE
#include "policy/check.h"

#include "policy/ban.h"
#include "policy/dict_tally.h"
#include "policymake.h"

static int story_setup(void **state)
{
    (void)state;
    world_conf();
    world_begin();
    return 0;
}

static int story_teardown(void **state)
{
    (void)state;
    world_end();
    return 0;
}

static enum verdict_action rcpt_unknown(const char *client, const char *recipient)
{
    struct envelope e = world_rcpt(client, recipient, VERIFIED_NO);
    return world_ask(&e);
}

static enum verdict_action rcpt_good(const char *client, const char *recipient)
{
    struct envelope e = world_rcpt(client, recipient, VERIFIED_YES);
    return world_ask(&e);
}

/* Mail to `n` mailboxes of ours, one after the other. */
static void send_good(const char *client, unsigned n)
{
    char address[64];
    for (unsigned i = 0; i < n; i++) {
        snprintf(address, sizeof address, "box%u@example.org", i);
        rcpt_good(client, address);
    }
}

/* `n` distinct unknown names at a domain; how many were answered until the first refusal. */
static unsigned attack(const char *client, const char *domain, unsigned from, unsigned n)
{
    char address[128];
    for (unsigned i = 0; i < n; i++) {
        snprintf(address, sizeof address, "name%u@%s", from + i, domain);
        if (rcpt_unknown(client, address) == VERDICT_REFUSE)
            return i + 1;
    }
    return 0;
}

/* The ban that holds for a client: seconds left, 0 if none; its network in `net`. */
static char net_text[BAN_NET_TEXT];
static struct ban the_ban;

static int64_t banned(const char *client)
{
    struct ip ip;
    net_text[0] = '\0';
    assert_int_equal(ip_parse(str_c(client), &ip), 0);
    if (!ban_find(world.store, &ip, loop_utc(world.loop), BAN_ANY, &the_ban))
        return 0;
    ban_net_text(&the_ban, net_text);
    return the_ban.until - loop_utc(world.loop);
}

static enum verdict_action connect_from(const char *client)
{
    struct envelope e = { .stage = STAGE_CONNECT, .has_client = true };
    assert_int_equal(ip_parse(str_c(client), &e.client), 0);
    return world_ask(&e);
}

static void pass_time(int64_t seconds)
{
    loop_advance(world.loop, seconds * 1000);
}

/* --- the disguises --- */

static void test_one_session(void **state)
{
    (void)state;
    assert_int_equal(attack("192.0.2.1", "example.org", 0, 20), 10);
    assert_true(world.drop);
    assert_string_equal(world.reply, "[192.0.2.1] is banned until 2026-11-23 16:00 UTC: "
                                     "10 unknown recipients in 1 hour");
    assert_int_equal(banned("192.0.2.1"), HOUR);
    assert_int_equal(the_ban.unknown, 10);
    assert_int_equal(connect_from("192.0.2.1"), VERDICT_REFUSE);
    assert_true(world.drop);
    assert_int_equal(connect_from("192.0.2.2"), VERDICT_PASS);
    assert_int_equal(rcpt_good("192.0.2.1", "real@example.org"), VERDICT_REFUSE);
    assert_int_equal(world.checks[CHECK_DICTIONARY].state, CHECK_SKIPPED);
}

/* A session, a transaction and a port for each RCPT, over most of the window. */
static void test_one_rcpt_a_session(void **state)
{
    (void)state;
    char address[64], session[32];
    for (unsigned i = 0; i < 10; i++) {
        snprintf(address, sizeof address, "n%u@example.org", i);
        snprintf(session, sizeof session, "s%u", i);
        struct envelope e = world_rcpt("192.0.2.1", address, VERIFIED_NO);
        e.client_port = (uint16_t)(2000 + i);
        e.session = str_c(session);
        assert_int_equal(world_ask(&e), i == 9 ? VERDICT_REFUSE : VERDICT_PASS);
        e.stage = STAGE_END;
        world_ask(&e);
        pass_time(6 * MINUTE);
    }
}

/* RSET, and one message between each: what the MTA tells us is the same client with another sender. */
static void test_rset_between(void **state)
{
    (void)state;
    char address[64], sender[64];
    for (unsigned i = 0; i < 10; i++) {
        snprintf(address, sizeof address, "n%u@example.org", i);
        snprintf(sender, sizeof sender, "s%u@sender.example", i);
        struct envelope e = world_rcpt("192.0.2.1", address, VERIFIED_NO);
        e.session = STR("the same");
        e.sender = str_c(sender);
        assert_int_equal(world_ask(&e), i == 9 ? VERDICT_REFUSE : VERDICT_PASS);
        e.stage = STAGE_MAIL;
        e.recipient = STR("");
    }
}

/* Eight hosts of a /24 (or a /64), five names each: none is at its own threshold. */
static void network_story(const char *hosts, const char *neighbour, const char *other, const char *net)
{
    char client[64];
    unsigned refused = 0;
    for (unsigned name = 0; name < 5; name++) {
        for (unsigned h = 1; h <= 8; h++) {
            snprintf(client, sizeof client, "%s%u", hosts, h);
            refused += attack(client, "example.org", h * 100 + name, 1);
        }
    }
    assert_int_equal(refused, 1);            /* the fortieth name */
    assert_int_equal(banned(neighbour), HOUR);
    assert_string_equal(net_text, net);
    assert_int_equal(the_ban.clients, 8);
    assert_string_equal(the_ban.reason, "40 unknown recipients in 1 hour from 8 hosts");
    assert_int_equal(connect_from(neighbour), VERDICT_REFUSE);
    assert_int_equal(banned(other), 0);
}

static void test_network4(void **state)
{
    (void)state;
    network_story("192.0.2.", "192.0.2.200", "192.0.3.1", "192.0.2.0/24");
}

static void test_network6(void **state)
{
    (void)state;
    network_story("2001:db8:1:2::", "2001:db8:1:2:ffff::1", "2001:db8:1:3::1", "2001:db8:1:2::/64");
}

/* One client alone never gets its network banned, whatever it does. */
static void test_network_of_one(void **state)
{
    (void)state;
    world.conf.dictionary.client_unknown = 100;
    assert_int_equal(attack("192.0.2.1", "example.org", 0, 100), 100);
    banned("192.0.2.1");
    assert_string_equal(net_text, "192.0.2.1");
}

/* Many hosts of many networks, one name each, against one domain. */
static void test_distributed(void **state)
{
    (void)state;
    char client[64];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(client, sizeof client, "203.%u.113.1", i);
        assert_int_equal(attack(client, "victim.example", i, 1), 0);
    }
    assert_int_equal(state_logged("domain=victim.example unknown=100 clients=100 window=3600"), 1);
    /* from now on the second name of a stranger is enough, at this domain */
    assert_int_equal(attack("198.51.100.1", "victim.example", 5000, 5), 2);
    banned("198.51.100.1");
    assert_string_equal(the_ban.reason,
                        "2 unknown recipients in 1 hour, while victim.example is under attack");
    assert_int_equal(attack("198.51.101.1", "other.example", 6000, 9), 0);
    /* somebody who sent one good mail is no stranger; one typing error is not a ban */
    rcpt_good("198.51.102.1", "real@victim.example");
    assert_int_equal(attack("198.51.102.1", "victim.example", 7000, 5), 0);
    assert_int_equal(attack("198.51.103.1", "victim.example", 8000, 1), 0);
    /* it ends */
    pass_time(HOUR + 1);
    assert_int_equal(attack("198.51.104.1", "victim.example", 9000, 9), 0);
    assert_int_equal(state_logged("dictionary-attack level=warning domain=victim.example"), 1);
}

/* The same number of names from few clients is no distributed attack. */
static void test_distributed_few(void **state)
{
    (void)state;
    char client[64];
    for (unsigned i = 0; i < 19; i++) {
        snprintf(client, sizeof client, "203.%u.113.1", i);
        assert_int_equal(attack(client, "few.example", i * 100, 9), 0);
    }
    assert_int_equal(attack("198.51.100.1", "few.example", 5000, 1), 0);
    assert_int_equal(state_logged("dictionary-attack level=warning domain=few.example"),
                     1);                     /* with the twentieth client */
    assert_int_equal(attack("198.51.100.2", "few.example", 5100, 2), 2);
}

/* --- who is no attacker --- */

/* The same wrong address again and again is one mistake; so is the same name in capitals. */
static void test_mere_failures(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(rcpt_unknown("192.0.2.1", i % 2 ? "wrong@example.org" : "WRONG@example.org"),
                         VERDICT_PASS);
        pass_time(7);
    }
    assert_string_equal(world.words[CHECK_DICTIONARY], "1 unknown, 0 good");
    assert_int_equal(attack("192.0.2.1", "example.org", 0, 9), 9);   /* with nine more it is enough */
}

/* Somebody has gone who gave each shop an address of its own: to write to all of them is no attack. */
static void test_tags_of_one_name(void **state)
{
    (void)state;
    char address[64];
    for (unsigned i = 0; i < 30; i++) {
        snprintf(address, sizeof address, "gone+shop%u@example.org", i);
        assert_int_equal(rcpt_unknown("192.0.2.1", address), VERDICT_PASS);
    }
    assert_string_equal(world.words[CHECK_DICTIONARY], "1 unknown, 0 good");
    for (unsigned i = 0; i < 9; i++) {           /* but a tag hides no guess */
        snprintf(address, sizeof address, i % 2 ? "+name%u@example.org" : "name%u+x@example.org", i);
        assert_int_equal(rcpt_unknown("192.0.2.1", address), i == 8 ? VERDICT_REFUSE : VERDICT_PASS);
    }
}

/* Of a hundred recipients so many are unknown, all distinct. How many of `total` were answered so. */
struct outcome {
    unsigned passed, deferred, refused;
};

static struct outcome provider(const char *client, unsigned percent, unsigned total)
{
    struct outcome o = { 0, 0, 0 };
    char address[64];
    for (unsigned i = 0; i < total; i++) {
        bool unknown = (i * percent) % 100 + percent >= 100;
        snprintf(address, sizeof address, "u%u@example.org", i);
        enum verdict_action a = unknown ? rcpt_unknown(client, address) : rcpt_good(client, address);
        o.passed += a == VERDICT_PASS;
        o.deferred += a == VERDICT_DEFER;
        o.refused += a == VERDICT_REFUSE;
        pass_time(1);
    }
    return o;
}

static void test_provider(void **state)
{
    (void)state;
    struct outcome o = provider("192.0.2.1", 2, 3000);       /* 60 unknown names */
    assert_int_equal(o.passed, 3000);
    o = provider("192.0.3.1", 15, 1000);                     /* 150 */
    assert_int_equal(o.passed, 1000);
    assert_int_equal(banned("192.0.2.1") + banned("192.0.3.1"), 0);
    o = provider("192.0.4.1", 40, 1000);                     /* 400: slowed, and never more than that */
    assert_int_equal(o.refused, 0);
    assert_true(o.deferred > 900);
    assert_int_equal(banned("192.0.4.1"), 0);
    assert_int_equal(world.action, VERDICT_DEFER);
    assert_false(world.drop);
    assert_int_equal(world.code, 451);
    /* nor does it count for its network */
    assert_int_equal(attack("192.0.4.2", "example.org", 90000, 9), 0);
    assert_int_equal(banned("192.0.4.3"), 0);
}

/* The same over fifty mailboxes of a small server, day by day. */
static void test_provider_fifty_boxes(void **state)
{
    (void)state;
    char address[64];
    for (unsigned i = 0; i < 24 * 400; i++) {        /* 400 an hour, 8 of them unknown */
        bool unknown = i % 50 == 49;
        snprintf(address, sizeof address, unknown ? "left%u@example.org" : "box%u@example.org",
                 unknown ? i : i % 50 * 7 % 50);
        assert_int_equal(unknown ? rcpt_unknown("192.0.2.1", address)
                                 : rcpt_good("192.0.2.1", address), VERDICT_PASS);
        pass_time(9);
    }
    assert_int_equal(banned("192.0.2.1"), 0);
}

/* --- who plays the good one --- */

/* One address is known to everybody. To name it between the guesses, nine times for each, or a
 * hundred times before, in whatever spelling, tag and domain, is no good mail. */
static void test_one_known_address(void **state)
{
    (void)state;
    static const char *const spellings[] = { "info@example.org", "INFO@example.org",
                                             "info+1@example.org", "info+x@example.com",
                                             "Info@other.example" };
    char address[64];
    unsigned i;
    for (i = 0; i < 100; i++) {
        rcpt_good("192.0.2.1", spellings[i % ROWS(spellings)]);
        pass_time(1);
    }
    for (i = 0; i < 20; i++) {
        snprintf(address, sizeof address, "name%u@example.org", i);
        if (rcpt_unknown("192.0.2.1", address) == VERDICT_REFUSE)
            break;
        for (unsigned k = 0; k < 9; k++)
            rcpt_good("192.0.2.1", spellings[k % ROWS(spellings)]);
        pass_time(10);
    }
    assert_int_equal(i, 9);                  /* banned at the tenth name, as everybody is */
    assert_int_equal(banned("192.0.2.1"), HOUR);
    assert_int_equal(the_ban.good, DICT_GOOD_TIMES);
    pass_time(HOUR);
    rcpt_good("192.0.2.1", "info@example.org");
    assert_int_equal(attack("192.0.2.1", "example.org", 100, 20), 10);
    assert_int_equal(banned("192.0.2.1"), 2 * HOUR);
}

/* From a whole network, each host with the known address in between. */
static void test_one_known_address_network(void **state)
{
    (void)state;
    char client[64];
    for (unsigned h = 1; h <= 8; h++) {
        snprintf(client, sizeof client, "192.0.2.%u", h);
        for (unsigned k = 0; k < 30; k++)
            rcpt_good(client, "info@example.org");
    }
    network_story("192.0.2.", "192.0.2.200", "192.0.3.1", "192.0.2.0/24");
}

/* Who knows some addresses gets some more names, and no more than that. */
static void test_some_known_addresses(void **state)
{
    (void)state;
    char address[64];
    unsigned i;
    for (i = 0; i < 1000; i++) {
        send_good("192.0.2.1", 8);           /* 8 mailboxes: 32 good recipients at most */
        snprintf(address, sizeof address, "name%u@example.org", i);
        if (rcpt_unknown("192.0.2.1", address) == VERDICT_REFUSE)
            break;
    }
    assert_in_range(i, 29, 33);              /* half of all, or three times the patience */
    assert_int_equal(banned("192.0.2.1"), HOUR);
}

/* What only a catch-all takes is no good recipient: it takes every name. */
static void test_catch_all(void **state)
{
    (void)state;
    struct recipient takes_all = { .state = RECIPIENT_CATCHALL };
    struct envelope e = world_rcpt("192.0.2.1", "x@example.org", VERIFIED_YES);
    struct check_run run = { .parts = &world.parts, .envelope = &e, .recipient = &takes_all };
    assert_false(check_recipient_good(&run));
    assert_false(check_recipient_unknown(&run));
}

/* A small site: all its mail goes to one mailbox of ours, now and then with a typing error, week by
 * week; also while somebody attacks us. */
static void test_one_correspondent(void **state)
{
    (void)state;
    char client[64], address[64];
    for (unsigned hour = 0; hour < 7 * 24; hour++) {
        if (hour == 50) {
            for (unsigned i = 0; i < 100; i++) {
                snprintf(client, sizeof client, "203.%u.113.1", i);
                attack(client, "example.org", i * 100, 1);
            }
        }
        for (unsigned i = 0; i < 30; i++) {
            assert_int_equal(rcpt_good("192.0.2.1", "boss@example.org"), VERDICT_PASS);
            pass_time(HOUR / 30);
        }
        for (unsigned i = 0; i < hour % 4; i++) {
            snprintf(address, sizeof address, "bos%u-%u@example.org", hour, i);
            assert_int_equal(rcpt_unknown("192.0.2.1", address), VERDICT_PASS);
        }
    }
    assert_int_equal(banned("192.0.2.1"), 0);
}

/* Under an attack on the domain one good recipient is no licence for ten names. */
static void test_distributed_with_known_address(void **state)
{
    (void)state;
    char client[64];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(client, sizeof client, "203.%u.113.1", i);
        attack(client, "victim.example", i * 100, 1);
    }
    for (unsigned i = 0; i < 50; i++)
        rcpt_good("198.51.100.1", "info@victim.example");
    assert_int_equal(attack("198.51.100.1", "victim.example", 50000, 20), 6);
}

/* --- bounces --- */

static enum verdict_action bounce(const char *client, const char *recipient, enum rcpt_verified v)
{
    struct envelope e = world_rcpt(client, recipient, v);
    e.sender = STR("");
    return world_ask(&e);
}

/* How many of `n` names a guesser with the null sender learns. */
static unsigned bounce_attack(const char *client, const char *domain, unsigned from, unsigned n)
{
    char address[128];
    unsigned learnt = 0;
    for (unsigned i = 0; i < n; i++) {
        snprintf(address, sizeof address, "name%u@%s", from + i, domain);
        enum verdict_action a = bounce(client, address, VERIFIED_NO);
        assert_true(a == VERDICT_DEFER || a == VERDICT_PASS || a == VERDICT_REFUSE);
        learnt += a != VERDICT_DEFER;
    }
    return learnt;
}

/* Senders at our domain were forged, and an honest server bounces all of it. */
static void test_backscatter(void **state)
{
    (void)state;
    world.conf.recipient.mode = CONF_REFUSE;
    assert_int_equal(bounce_attack("192.0.2.1", "example.org", 0, 100), 20);
    assert_int_equal(banned("192.0.2.1"), 0);
    assert_false(world.drop);
    assert_int_equal(world.code, 451);
    assert_string_equal(world.reply, "[192.0.2.1]: too many of your bounces go to unknown "
                                     "recipients; try later");
    /* the same answer to a recipient that exists: nothing can be learnt */
    char reply[sizeof world.reply];
    memcpy(reply, world.reply, sizeof reply);
    assert_int_equal(bounce("192.0.2.1", "real@example.org", VERIFIED_YES), VERDICT_DEFER);
    assert_string_equal(world.reply, reply);
    /* its mail is not touched, and its own mistakes still count from the beginning */
    assert_int_equal(rcpt_good("192.0.2.1", "real@example.org"), VERDICT_PASS);
    world.conf.recipient.mode = CONF_OFF;
    assert_int_equal(attack("192.0.2.1", "example.org", 500, 9), 0);
    /* nor its network */
    assert_int_equal(attack("192.0.2.2", "example.org", 600, 9), 0);
    /* it ends, though its bounces came again and again */
    for (unsigned i = 0; i < 60; i++) {
        bounce_attack("192.0.2.1", "example.org", 20, 80);
        pass_time(MINUTE);
    }
    assert_int_equal(bounce("192.0.2.1", "real@example.org", VERIFIED_YES), VERDICT_PASS);
}

/* A few bounces to names of ours that never were are nothing. */
static void test_few_bounces(void **state)
{
    (void)state;
    assert_int_equal(bounce_attack("192.0.2.1", "example.org", 0, 19), 19);
    assert_int_equal(bounce("192.0.2.1", "real@example.org", VERIFIED_YES), VERDICT_PASS);
    assert_string_equal(world.words[CHECK_DICTIONARY], "");
    assert_int_equal(bounce_attack("192.0.2.1", "example.org", 0, 19), 19);     /* the same ones */
    assert_string_equal(world.words[CHECK_DICTIONARY], "19 unknown of bounces, 1 good");
}

/* Who sends good mail may bounce more, by its share. */
static void test_bounces_of_a_provider(void **state)
{
    (void)state;
    send_good("192.0.2.1", 300);
    assert_int_equal(bounce_attack("192.0.2.1", "example.org", 0, 100), 76);    /* of 376: 20 % */
    send_good("192.0.3.1", 20);
    assert_int_equal(bounce_attack("192.0.3.1", "example.org", 0, 100), 60);
    assert_int_equal(banned("192.0.2.1") + banned("192.0.3.1"), 0);
}

/* By many hosts against one domain, whether honest or not: each learns little, nobody is banned, and
 * strangers with a sender are judged as ever. */
static void test_backscatter_of_many(void **state)
{
    (void)state;
    char client[64];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(client, sizeof client, "203.%u.113.1", i);
        assert_int_equal(bounce_attack(client, "forged.example", i * 100, 1), 1);
    }
    assert_int_equal(state_logged("backscatter level=warning domain=forged.example unknown=100 "
                                  "clients=100 window=3600"), 1);
    assert_int_equal(bounce_attack("198.51.100.1", "forged.example", 50000, 20), 2);
    assert_int_equal(bounce_attack("198.51.100.2", "other.example", 50000, 30), 20);
    assert_int_equal(banned("198.51.100.1"), 0);
    assert_int_equal(state_logged("dictionary-attack level=warning domain=forged.example"), 0);
    assert_int_equal(attack("198.51.100.3", "forged.example", 60000, 9), 0);
    pass_time(HOUR + 1);
    assert_int_equal(bounce_attack("198.51.100.4", "forged.example", 70000, 30), 20);
}

/* A /64 is one machine: its addresses are not so many clients, whose bounces each get answers, nor
 * the many clients of an attack. */
static void test_bounces_of_ipv6(void **state)
{
    (void)state;
    char client[64];
    unsigned learnt = 0;
    for (unsigned i = 0; i < 300; i++) {
        snprintf(client, sizeof client, "2001:db8:1:2::%x", i + 1);
        learnt += bounce_attack(client, "example.org", i, 1);
    }
    assert_int_equal(learnt, 20);
    assert_int_equal(bounce_attack("2001:db8:1:3::1", "example.org", 1000, 30), 20);
    for (unsigned i = 0; i < 200; i++) {         /* many names of ten machines */
        snprintf(client, sizeof client, "2001:db8:2:%u::%x", i % 10, i + 1);
        bounce_attack(client, "example.org", 5000 + i, 1);
    }
    assert_int_equal(state_logged("backscatter level=warning domain=example.org"), 0);
    struct ip ip;
    assert_int_equal(ip_parse(STR("2001:db8:1:2::ffff"), &ip), 0);
    dict_forget(world.store, &ip);
    assert_int_equal(bounce_attack("2001:db8:1:2::1", "example.org", 2000, 30), 20);
}

/* Neither mode nor question changes what is counted. */
static void test_bounces_modes(void **state)
{
    (void)state;
    world.conf.recipient.mode = CONF_REFUSE;
    world.conf.dictionary.mode = CONF_OBSERVE;
    bounce_attack("192.0.2.1", "example.org", 0, 30);
    assert_int_equal(world.action, VERDICT_REFUSE);  /* by the recipient check, which nothing hides */
    assert_int_equal(world.checks[CHECK_DICTIONARY].state, CHECK_HIT);
    world.conf.dictionary.mode = CONF_REFUSE;
    struct envelope e = world_rcpt("192.0.3.1", "x@example.org", VERIFIED_NO);
    e.sender = STR("");
    e.dry = true;
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(world_ask(&e), VERDICT_REFUSE);
    assert_string_equal(world.words[CHECK_DICTIONARY], "1 unknown of bounces, 0 good");
    /* an MTA that does not tell the sender tells of no bounce */
    e.dry = e.has_sender = false;
    world_ask(&e);
    assert_string_equal(world.words[CHECK_DICTIONARY], "1 unknown, 0 good");
}

/* --- who is slowed --- */

/* Slowed by its share: when it sends good mail only, it is served again before the window is over. */
static void test_provider_recovers(void **state)
{
    (void)state;
    provider("192.0.2.1", 40, 50);
    assert_int_equal(world.action, VERDICT_DEFER);
    unsigned tries = 0;
    char address[64];
    do {                                     /* mailboxes that it has not written to */
        snprintf(address, sizeof address, "real%u@example.org", tries++);
    } while (rcpt_good("192.0.2.1", address) == VERDICT_DEFER);
    assert_int_equal(tries, 50);             /* 20 unknown of 100 is not above 20 % */
}

/* An attacker that mixes in a few good ones is not a sender of good mail. */
static void test_few_good(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++)
        rcpt_good("192.0.2.1", "info@example.org");
    assert_int_equal(attack("192.0.2.1", "example.org", 0, 8), 0);
    assert_int_equal(attack("192.0.2.2", "example.org", 0, 20), 10);
    for (unsigned i = 0; i < 4; i++)         /* too few, though all of them good */
        rcpt_good("192.0.2.3", "info@example.org");
    assert_int_equal(attack("192.0.2.3", "example.org", 0, 20), 10);
}

/* Good mail of the last days gives patience, not a licence. */
static void test_known(void **state)
{
    (void)state;
    send_good("192.0.2.1", 20);
    pass_time(2 * HOUR);
    char address[64];
    unsigned deferred = 0;
    for (unsigned i = 0; i < 29; i++) {
        snprintf(address, sizeof address, "n%u@example.org", i);
        enum verdict_action a = rcpt_unknown("192.0.2.1", address);
        assert_int_not_equal(a, VERDICT_REFUSE);
        deferred += a == VERDICT_DEFER;
    }
    assert_int_equal(deferred, 20);
    assert_int_equal(rcpt_unknown("192.0.2.1", "last@example.org"), VERDICT_REFUSE);
    assert_int_equal(banned("192.0.2.1"), HOUR);
}

static void test_vouched(void **state)
{
    (void)state;
    static const char *const names[] = { ".provider.example" };
    world.conf.dictionary.vouched = (struct conf_strings){ names, 1 };
    char address[64];
    for (unsigned i = 0; i < 60; i++) {
        snprintf(address, sizeof address, "n%u@example.org", i);
        struct envelope e = world_rcpt("192.0.2.1", address, VERIFIED_NO);
        e.client_name = STR("out7.provider.example");
        assert_int_equal(world_ask(&e), i < 9 ? VERDICT_PASS : VERDICT_DEFER);
    }
    assert_int_equal(banned("192.0.2.1"), 0);
    assert_non_null(strstr(world.words[CHECK_DICTIONARY], "vouched for"));
}

static void test_exempt(void **state)
{
    (void)state;
    struct conf_net net = { .bits = 24 };
    assert_int_equal(ip_parse(STR("192.0.2.0"), &net.ip), 0);
    world.conf.exempt.clients = (struct conf_nets){ &net, 1 };
    assert_int_equal(attack("192.0.2.1", "example.org", 0, 60), 0);
    struct envelope e = world_rcpt("192.0.3.1", "x@example.org", VERIFIED_NO);
    char address[64];
    for (unsigned i = 0; i < 30; i++) {
        snprintf(address, sizeof address, "n%u@example.org", i);
        e.recipient = str_c(address);
        e.authenticated = i % 2;
        e.relay = !e.authenticated;
        assert_int_equal(world_ask(&e), VERDICT_PASS);
    }
    assert_int_equal(banned("192.0.2.1") + banned("192.0.3.1"), 0);
}

/* In a network that is banned for its neighbours, the host that sends good mail is heard. */
static void test_good_neighbour(void **state)
{
    (void)state;
    send_good("192.0.2.100", 20);
    pass_time(3 * HOUR);
    network_story("192.0.2.", "192.0.2.200", "192.0.3.1", "192.0.2.0/24");
    assert_int_equal(connect_from("192.0.2.100"), VERDICT_PASS);
    assert_string_equal(world.words[CHECK_BAN], "its network is banned, but it sends good mail");
    assert_int_equal(connect_from("192.0.2.101"), VERDICT_REFUSE);
}

/* --- bans --- */

static void test_ends_and_escalates(void **state)
{
    (void)state;
    static const int64_t lengths[] = { HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR };
    for (size_t i = 0; i < ROWS(lengths); i++) {
        assert_int_equal(attack("192.0.2.1", "example.org", (unsigned)i * 100, 20), 10);
        assert_int_equal(banned("192.0.2.1"), lengths[i]);
        assert_int_equal(the_ban.level, i + 1);
        pass_time(lengths[i] - 1);
        assert_int_equal(connect_from("192.0.2.1"), VERDICT_REFUSE);
        pass_time(1);
        assert_int_equal(connect_from("192.0.2.1"), VERDICT_PASS);
    }
    pass_time(86400 + 1);                    /* forgotten */
    assert_int_equal(attack("192.0.2.1", "example.org", 0, 20), 10);
    assert_int_equal(banned("192.0.2.1"), HOUR);
    assert_int_equal(the_ban.level, 1);
}

static void test_window(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 30; i++) {      /* nine in any hour */
        assert_int_equal(attack("192.0.2.1", "example.org", i, 1), 0);
        pass_time(401);
    }
    assert_string_equal(world.words[CHECK_DICTIONARY], "9 unknown, 0 good");
    assert_int_equal(banned("192.0.2.1"), 0);
    pass_time(HOUR);
    attack("192.0.2.1", "example.org", 999, 1);
    assert_string_equal(world.words[CHECK_DICTIONARY], "1 unknown, 0 good");
}

static void test_restart(void **state)
{
    (void)state;
    policy_free(&world.policy);
    store_close(&world.store);
    world_policy(state_open("restart"));
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(attack("192.0.2.1", "example.org", i, 1), 0);
        policy_free(&world.policy);
        store_close(&world.store);
        world_policy(state_open("restart"));
    }
    assert_int_equal(attack("192.0.2.1", "example.org", 3, 1), 0);    /* known already */
    assert_int_equal(attack("192.0.2.1", "example.org", 10, 1), 1);
    policy_free(&world.policy);
    store_close(&world.store);
    world_policy(state_open("restart"));
    assert_int_equal(connect_from("192.0.2.1"), VERDICT_REFUSE);
}

static void test_admin(void **state)
{
    (void)state;
    struct ban b = { .maker = BAN_BY_ADMIN, .since = NOW, .until = NOW + 100 * HOUR };
    struct ip ip;
    ip_parse(STR("192.0.2.1"), &ip);
    ban_set_net(&b, &ip, 32);
    ban_set_reason(&b, STR("three complaints"));
    ban_put(world.store, &b, NOW);
    world.conf.ban.mode = CONF_OBSERVE;      /* so that the dictionary sees it at all */
    attack("192.0.2.1", "example.org", 0, 30);
    assert_int_equal(banned("192.0.2.1"), 100 * HOUR);
    assert_string_equal(the_ban.reason, "three complaints");
    assert_int_equal(connect_from("192.0.2.1"), VERDICT_PASS);
    assert_int_equal(policy_stats(world.policy)->would[CHECK_BAN], 30);  /* recipients only */
    ban_remove(world.store, &ip, 32, NOW);
    assert_int_equal(connect_from("192.0.2.1"), VERDICT_PASS);
}

/* A lifted ban begins no new one: what was counted is forgotten with it. */
static void test_forget(void **state)
{
    (void)state;
    struct ip ip;
    ip_parse(STR("192.0.2.1"), &ip);
    attack("192.0.2.1", "example.org", 0, 9);
    dict_forget(world.store, &ip);
    assert_int_equal(attack("192.0.2.1", "example.org", 100, 9), 0);
}

static void test_modes(void **state)
{
    (void)state;
    static const struct {
        enum conf_mode mode;
        enum verdict_action action;
    } rows[] = { { CONF_OBSERVE, VERDICT_PASS }, { CONF_TAG, VERDICT_TAG }, { CONF_DEFER, VERDICT_DEFER } };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char client[32];
        snprintf(client, sizeof client, "192.0.%u.1", (unsigned)i);
        world.conf.dictionary.mode = rows[i].mode;
        attack(client, "example.org", 0, 10);
        assert_int_equal(world.action, rows[i].action);
        assert_int_equal(world.checks[CHECK_DICTIONARY].state, CHECK_HIT);
        assert_non_null(strstr(world.words[CHECK_DICTIONARY], "not banned in this mode"));
        assert_int_equal(banned(client), 0);
    }
}

/* To ask is not to attack: nothing is counted, but the answer is what it would be. */
static void test_dry(void **state)
{
    (void)state;
    char address[64];
    for (unsigned i = 0; i < 40; i++) {
        snprintf(address, sizeof address, "n%u@example.org", i);
        struct envelope e = world_rcpt("192.0.2.1", address, VERIFIED_NO);
        e.dry = true;
        assert_int_equal(world_ask(&e), VERDICT_PASS);
    }
    assert_int_equal(attack("192.0.2.1", "example.org", 0, 9), 0);
    struct envelope e = world_rcpt("192.0.2.1", "tenth@example.org", VERIFIED_NO);
    e.dry = true;
    assert_int_equal(world_ask(&e), VERDICT_REFUSE);
    assert_int_equal(banned("192.0.2.1"), 0);
}

static void test_nobody_knows(void **state)
{
    (void)state;
    struct envelope e = world_rcpt("192.0.2.1", "x@example.org", VERIFIED_UNKNOWN);
    assert_int_equal(world_ask(&e), VERDICT_PASS);
    assert_int_equal(world.checks[CHECK_DICTIONARY].state, CHECK_SKIPPED);
    world.conf.recipient.trust_mta = false;
    assert_int_equal(attack("192.0.2.1", "example.org", 0, 30), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_setup, story_teardown)

/* --- a clock that is set --- */

/* For each step: the ban that was made before ends, what was counted before is forgotten, and whoever
 * attacks afterwards is banned as ever. Neither may wait until the clock is where it was. */
static void test_clock_steps(void **state)
{
    (void)state;
    static const int64_t steps[] = { -10, -HOUR, -20 * HOUR, -30 * 86400, -3650 * (int64_t)86400,
                                     10, HOUR, 86400, 3650 * (int64_t)86400 };
    for (size_t i = 0; i < ROWS(steps); i++) {
        int64_t now = loop_utc(world.loop);
        int64_t most = HOUR + (steps[i] < 0 && steps[i] > -86400 ? -steps[i] : 0);
        assert_int_equal(attack("192.0.2.1", "example.org", 0, 20), 10);
        assert_int_equal(attack("198.51.100.1", "example.org", 0, 9), 0);
        loop_set_utc(world.loop, now + steps[i]);
        assert_true(banned("192.0.2.1") <= most);
        pass_time(most);
        assert_int_equal(banned("192.0.2.1"), 0);
        assert_int_equal(connect_from("192.0.2.1"), VERDICT_PASS);
        pass_time(HOUR);
        assert_int_equal(rcpt_unknown("198.51.100.1", "other@example.org"), VERDICT_PASS);
        assert_string_equal(world.words[CHECK_DICTIONARY], "1 unknown, 0 good");
        assert_int_equal(attack("203.0.113.1", "example.org", 0, 20), 10);
        assert_int_equal(banned("203.0.113.1"), HOUR);
        story_teardown(state);
        story_setup(state);
    }
}

/* What was learnt while the clock was ahead: an attack on a domain, a client that sends good mail. */
static void test_clock_was_ahead(void **state)
{
    (void)state;
    static const int64_t ahead[] = { 2 * HOUR, 20 * 86400, 400 * 86400 };
    char client[64];
    for (size_t k = 0; k < ROWS(ahead); k++) {
        int64_t now = NOW + (int64_t)k * 86400 * 2000;
        loop_set_utc(world.loop, now + ahead[k]);
        for (unsigned i = 0; i < 100; i++) {
            snprintf(client, sizeof client, "203.%u.113.%zu", i, k + 1);
            attack(client, "victim.example", i * 100, 1);
            bounce_attack(client, "victim.example", i * 100, 1);
        }
        send_good("198.51.100.1", 20);
        loop_set_utc(world.loop, now);
        snprintf(client, sizeof client, "192.0.2.%zu", k + 1);
        assert_int_equal(attack(client, "victim.example", 5000, 9), 0);
        assert_int_equal(bounce_attack(client, "victim.example", 5000, 9), 9);
        if (ahead[k] > 86400)
            assert_int_equal(attack("198.51.100.1", "other.example", 0, 40), 10);
        pass_time(ahead[k]);                 /* nor does it come back when that time is there */
        snprintf(client, sizeof client, "192.0.4.%zu", k + 1);
        assert_int_equal(attack(client, "victim.example", 7000, 9), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_one_session),    STORY(test_one_rcpt_a_session), STORY(test_rset_between),
        STORY(test_network4),       STORY(test_network6),           STORY(test_network_of_one),
        STORY(test_distributed),    STORY(test_distributed_few),    STORY(test_mere_failures),
        STORY(test_tags_of_one_name),
        STORY(test_provider),       STORY(test_provider_fifty_boxes),
        STORY(test_one_known_address),
        STORY(test_one_known_address_network),
        STORY(test_some_known_addresses),
        STORY(test_catch_all),      STORY(test_one_correspondent),
        STORY(test_distributed_with_known_address),
        STORY(test_backscatter),    STORY(test_few_bounces),
        STORY(test_bounces_of_a_provider),
        STORY(test_backscatter_of_many),
        STORY(test_bounces_of_ipv6),
        STORY(test_clock_steps),
        STORY(test_clock_was_ahead),
        STORY(test_bounces_modes),
        STORY(test_provider_recovers),
        STORY(test_few_good),
        STORY(test_known),          STORY(test_vouched),            STORY(test_exempt),
        STORY(test_good_neighbour), STORY(test_ends_and_escalates), STORY(test_window),
        STORY(test_restart),        STORY(test_admin),              STORY(test_forget),
        STORY(test_modes),          STORY(test_dry),                STORY(test_nobody_knows),
    };
    return cmocka_run_group_tests(tests, state_setup, state_teardown);
}
