/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_policy - the runner with its real checks
 *
 * On a virtual clock, with a scripted DNS and a state in memory. What a check does by
 * itself has its own test file; here is what all of them come to.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "event/loop.h"
#include "policy/ban.h"
#include "policy/check_callout.h"
#include "policy/policy.h"
#include "store/store.h"

#define NOW 1795430400 /* 2026-11-23 12:00 UTC */
#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

struct said {
    int calls;
    struct verdict verdict;
    char text[1000], exempt[100];
};

struct bench {
    struct loop *loop;
    struct resolver *resolver;
    struct store *store;
    struct conf *conf;
    struct policy *policy;
};

static void on_verdict(void *ctx, uint64_t ask, const struct envelope *e, const struct verdict *v)
{
    struct said *s = ctx;
    assert_true(ask != 0);
    assert_non_null(e);
    s->calls++;
    s->verdict = *v;
    assert_int_equal(str_copy(v->text, s->text, sizeof s->text), 0);
    assert_int_equal(str_copy(v->exempt, s->exempt, sizeof s->exempt), 0);
}

/* Keeps the words of the callout instead. */
static void on_words(void *ctx, uint64_t ask, const struct envelope *e, const struct verdict *v)
{
    struct said *s = ctx;
    on_verdict(ctx, ask, e, v);
    assert_int_equal(str_copy(v->checks[CHECK_CALLOUT].words, s->text, sizeof s->text), 0);
}

static const char *const own_names[] = { "mx.barfoo.com" };
static struct conf_net own_nets[1];
static struct conf_host own = { .names = { own_names, 1 }, .addresses = { own_nets, 1 } };

static void script(struct resolver *r)
{
    resolver_script_add(r, "good.example", DNS_MX, DNS_OK, 10, LIST("10 mx.good.example"));
    resolver_script_add(r, "mx.good.example", DNS_A, DNS_OK, 10, LIST("203.0.113.25"));
    resolver_script_add(r, "implicit.example", DNS_MX, DNS_NODATA, 10, LIST(NULL));
    resolver_script_add(r, "implicit.example", DNS_AAAA, DNS_OK, 10, LIST("2a01:4f8::25"));
    resolver_script_add(r, "null.example", DNS_MX, DNS_OK, 10, LIST("0 ."));
    resolver_script_add(r, "private.example", DNS_MX, DNS_OK, 10, LIST("10 mx.private.example"));
    resolver_script_add(r, "mx.private.example", DNS_A, DNS_OK, 10, LIST("10.0.0.1"));
    resolver_script_add(r, "both.example", DNS_MX, DNS_OK, 10,
                        LIST("20 mx.private.example", "10 mx.good.example"));
    resolver_script_add(r, "seven.example", DNS_MX, DNS_OK, 10,
                        LIST("1 mx.private.example", "2 no1.example", "3 no2.example",
                             "4 no3.example", "5 no4.example", "6 no5.example",
                             "7 mx.good.example"));
    resolver_script_add(r, "nohost.example", DNS_MX, DNS_OK, 10, LIST("10 mx.nohost.example"));
    resolver_script_add(r, "silent.example", DNS_MX, DNS_TIMEOUT, 0, LIST(NULL));
    resolver_script_add(r, "failed.example", DNS_MX, DNS_FAILED, 10, LIST(NULL));
    resolver_script_add(r, "half.example", DNS_MX, DNS_OK, 10, LIST("10 slow.example"));
    resolver_script_add(r, "slow.example", DNS_A, DNS_TIMEOUT, 0, LIST(NULL));
    resolver_script_add(r, "7.100.51.198.in-addr.arpa", DNS_PTR, DNS_OK, 300,
                        LIST("out.friend.example"));
    resolver_script_add(r, "out.friend.example", DNS_A, DNS_OK, 10, LIST("198.51.100.7"));
}

static void bench_init(struct bench *b)
{
    struct err err;
    struct store_options options = { .file_max = 1 << 20, .pending_max = 1 << 20 };
    memset(b, 0, sizeof *b);
    b->loop = loop_new_virtual(NOW);
    b->resolver = resolver_new_script(b->loop);
    b->store = store_open(&options, NOW, &err);
    b->conf = conf_read(NULL, &err);
    assert_non_null(b->store);
    assert_non_null(b->conf);
    b->conf->dnsbl.zone_count = 0;
    assert_int_equal(ip_parse(STR("203.0.113.1"), &own_nets[0].ip), 0);
    own_nets[0].bits = 32;
    script(b->resolver);
}

static void bench_begin(struct bench *b)
{
    struct err err;
    struct policy_parts parts = { .loop = b->loop, .resolver = b->resolver, .store = b->store,
                                  .conf = b->conf, .own = &own };
    b->policy = policy_new(&parts, &err);
    assert_non_null(b->policy);
}

/* Another policy takes the place of this one. */
static void bench_reload(struct bench *b)
{
    struct policy *before = b->policy;
    bench_begin(b);
    policy_go_on(b->policy, before);
    policy_free(&before);
}

static void bench_fini(struct bench *b)
{
    policy_free(&b->policy);
    resolver_free(&b->resolver);
    store_close(&b->store);
    conf_free(&b->conf);
    loop_free(&b->loop);
}

static struct envelope envelope(const char *helo, const char *sender)
{
    struct envelope e = { .stage = STAGE_RCPT, .has_client = true, .client_port = 4711,
                          .helo = str_c(helo), .esmtp = true, .has_sender = true,
                          .sender = str_c(sender), .recipient = STR_INIT("bob@barfoo.com"),
                          .verified = VERIFIED_YES };
    assert_int_equal(ip_parse(STR("198.51.100.7"), &e.client), 0);
    return e;
}

static struct said ask(struct bench *b, const struct envelope *e, int64_t ms)
{
    struct said s = { 0 };
    policy_ask(b->policy, e, on_verdict, &s);
    loop_advance(b->loop, ms);
    assert_int_equal(s.calls, 1);
    return s;
}

/* --- tests --- */

static void passes_good_mail(void **unused)
{
    struct bench b;
    (void)unused;
    bench_init(&b);
    bench_begin(&b);
    struct envelope e = envelope("out.friend.example", "fred@good.example");
    struct said s = ask(&b, &e, 100);
    assert_int_equal(s.verdict.action, VERDICT_PASS);
    assert_int_equal(s.verdict.by, CHECK_COUNT);
    assert_int_equal(s.verdict.checks[CHECK_HELO].state, CHECK_PASS);
    assert_int_equal(s.verdict.checks[CHECK_SENDER].state, CHECK_PASS);
    assert_int_equal(policy_stats(b.policy)->open, 0);
    bench_fini(&b);
}

static void judges_senders(void **unused)
{
    static const struct {
        const char *sender;
        enum check_state state;
        const char *status;
    } rows[] = {
        { "", CHECK_PASS, "" },
        { "a@good.example", CHECK_PASS, "" },
        { "a@both.example", CHECK_PASS, "" },
        { "a@implicit.example", CHECK_PASS, "" },
        { "a@[192.0.2.1]", CHECK_PASS, "" },
        { "unqualified", CHECK_PASS, "" },
        { "a@m\xc3\xbcller.example", CHECK_PASS, "" },
        { "a@none.example", CHECK_HIT, "5.1.8" },
        { "a@nohost.example", CHECK_HIT, "5.1.8" },
        { "a@null.example", CHECK_HIT, "5.7.27" },
        { "a@private.example", CHECK_HIT, "5.1.8" },
        { "a@seven.example", CHECK_PASS, "" },
        { "\"a@b\"@null.example", CHECK_HIT, "5.7.27" },
        { "a@failed.example", CHECK_BROKEN, "" },
    };
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->sender.domain = b.conf->sender.null_mx = b.conf->sender.bogus_mx = CONF_REFUSE;
    bench_begin(&b);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct envelope e = envelope("mail.good.example", rows[i].sender);
        struct said s = ask(&b, &e, 60000);
        if (s.verdict.checks[CHECK_SENDER].state != rows[i].state)
            fail_msg("%s: %s", rows[i].sender,
                     check_state_names[s.verdict.checks[CHECK_SENDER].state]);
        if (rows[i].state == CHECK_HIT) {
            assert_int_equal(s.verdict.action, VERDICT_REFUSE);
            assert_int_equal(s.verdict.code, 550);
            assert_string_equal(s.verdict.status, rows[i].status);
        } else {
            assert_int_equal(s.verdict.action, VERDICT_PASS);
        }
    }
    b.conf->sender.domain = CONF_OFF;        /* then nothing is said of it either */
    struct envelope e = envelope("mail.good.example", "a@none.example");
    struct said s = ask(&b, &e, 60000);
    assert_int_equal(s.verdict.checks[CHECK_SENDER].state, CHECK_PASS);
    assert_int_equal(s.verdict.checks[CHECK_SENDER].words.n, 0);
    bench_fini(&b);
}

/* A DNS that does not answer costs its time limit and not a millisecond more; mail passes. */
static void waits_no_longer_than_told(void **unused)
{
    static const char *const senders[] = { "a@silent.example", "a@half.example" };
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->sender.timeout_ms = 3000;
    bench_begin(&b);
    for (size_t i = 0; i < ROWS(senders); i++) {
        struct said s = { 0 };
        struct envelope e = envelope("mail.good.example", senders[i]);
        policy_ask(b.policy, &e, on_verdict, &s);
        loop_advance(b.loop, 2980);
        assert_int_equal(s.calls, 0);
        loop_advance(b.loop, 20);
        assert_int_equal(s.calls, 1);
        assert_int_equal(s.verdict.action, VERDICT_PASS);
        assert_true(s.verdict.checks[CHECK_SENDER].state == CHECK_LATE ||
                    s.verdict.checks[CHECK_SENDER].state == CHECK_BROKEN);
        assert_true(s.verdict.checks[CHECK_SENDER].words.n > 0);
    }
    bench_fini(&b);
}

static void judges_helo(void **unused)
{
    static const struct {
        const char *helo;
        bool hit;
        const char *text;
    } rows[] = {
        { "mail.good.example", false, "" },
        { "203.0.113.1", true, "HELO/EHLO set to my IP address or name" },
        { "[203.0.113.1]", true, "HELO/EHLO set to my IP address or name" },
        { "MX.barfoo.COM.", true, "HELO/EHLO set to my IP address or name" },
        { "mx.barfoo.com...", true, "HELO/EHLO set to my IP address or name" },
        { "localhost", true, "EHLO/HELO does not contain a dotted address" },
        { "[198.51.100.7]", false, "" },
        { "[IPv6:::ffff:198.51.100.7]", false, "" },
        { "198.51.100.7", true, "EHLO/HELO is an IP address without brackets" },
        { "[198.51.100.8]", true, "EHLO/HELO is an address literal that is not your address" },
        { "[junk", true, "EHLO/HELO is an address literal that is not your address" },
    };
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->helo = (struct conf_helo){ .own = CONF_REFUSE, .no_dot = CONF_REFUSE,
                                       .bare_ip = CONF_REFUSE, .literal = CONF_REFUSE };
    bench_begin(&b);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct envelope e = envelope(rows[i].helo, "");
        struct said s = ask(&b, &e, 100);
        if ((s.verdict.action == VERDICT_REFUSE) != rows[i].hit ||
            strcmp(s.text, rows[i].text) != 0)
            fail_msg("%s: %s", rows[i].helo, s.text);
    }
    bench_fini(&b);
}

/* Whoever says no name at all gets no further than with a bad one; an asker that does not tell is
 * another matter. */
static void judges_who_says_no_helo(void **unused)
{
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->helo = (struct conf_helo){ .own = CONF_REFUSE, .no_dot = CONF_REFUSE,
                                       .evasion = CONF_REFUSE, .memory_s = 300 };
    bench_begin(&b);
    struct envelope e = envelope("", ""), named = envelope("mail.good.example", "");
    assert_int_equal(ask(&b, &e, 10).verdict.checks[CHECK_HELO].state, CHECK_SKIPPED);
    e.no_helo = true;
    struct said s = ask(&b, &e, 10);
    assert_int_equal(s.verdict.action, VERDICT_REFUSE);
    assert_string_equal(s.text, "EHLO/HELO does not contain a dotted address");
    /* no name was refused, so the next one is no other name */
    assert_int_equal(ask(&b, &named, 10).verdict.action, VERDICT_PASS);
    bench_fini(&b);
}

static void remembers_a_refused_helo(void **unused)
{
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->helo = (struct conf_helo){ .no_dot = CONF_REFUSE, .evasion = CONF_REFUSE,
                                       .memory_s = 300 };
    bench_begin(&b);
    struct envelope good = envelope("mail.good.example", ""), bad = envelope("localhost", "");
    struct envelope other = good;
    assert_int_equal(ip_parse(STR("198.51.100.77"), &other.client), 0);
    assert_int_equal(ask(&b, &good, 10).verdict.action, VERDICT_PASS);
    bad.dry = true;
    assert_int_equal(ask(&b, &bad, 1000).verdict.action, VERDICT_REFUSE);
    assert_int_equal(ask(&b, &good, 10).verdict.action, VERDICT_PASS);    /* a question only */
    bad.dry = false;
    assert_int_equal(ask(&b, &bad, 10).verdict.action, VERDICT_REFUSE);
    assert_int_equal(ask(&b, &good, 10).verdict.action, VERDICT_REFUSE);
    assert_int_equal(ask(&b, &other, 10).verdict.action, VERDICT_PASS);
    loop_advance(b.loop, 301000);
    assert_int_equal(ask(&b, &good, 10).verdict.action, VERDICT_PASS);
    bench_fini(&b);
}

/* Behind one address there may be a good mail server and a bad program: the one does not get the
 * other refused. */
static void forgives_a_good_client_its_helo(void **unused)
{
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->helo = (struct conf_helo){ .no_dot = CONF_REFUSE, .evasion = CONF_REFUSE,
                                       .memory_s = 300 };
    b.conf->dictionary.good_recipients = 5;
    bench_begin(&b);
    static const char *const to[] = { "bob@barfoo.com", "eve@barfoo.com" };
    struct envelope good = envelope("mail.good.example", ""), bad = envelope("localhost", "");
    for (int i = 0; i < 5; i++) {
        good.recipient = str_c(to[i % 2]);
        assert_int_equal(ask(&b, &good, 10).verdict.action, VERDICT_PASS);
    }
    assert_int_equal(ask(&b, &bad, 10).verdict.action, VERDICT_REFUSE);
    assert_int_equal(ask(&b, &good, 10).verdict.action, VERDICT_PASS);
    bench_fini(&b);
}

static void exempts_whom_it_should(void **unused)
{
    static const struct {
        bool authenticated, relay;
        const char *client, *sender, *recipient, *exempt;
    } rows[] = {
        { true, false, "198.51.100.9", "a@none.example", "bob@barfoo.com", "authenticated" },
        { false, true, "198.51.100.9", "a@none.example", "bob@barfoo.com", "relay host" },
        { false, false, "127.0.0.1", "a@none.example", "bob@barfoo.com", "loopback" },
        { false, false, "192.0.2.33", "a@none.example", "bob@barfoo.com", "allowed client" },
        { false, false, "198.51.100.9", "boss@none.example", "bob@barfoo.com", "allowed sender" },
        { false, false, "198.51.100.9", "a@none.example", "spam@barfoo.com", "allowed recipient" },
        { false, false, "198.51.100.9", "a@none.example", "Postmaster@barfoo.com",
          "postmaster or abuse" },
        { false, false, "198.51.100.9", "a@none.example", "abuse@barfoo.com",
          "postmaster or abuse" },
        { false, false, "198.51.100.9", "a@none.example", "bob@barfoo.com", "" },
    };
    static const char *const senders[] = { "boss@none.example" }, *const rcpts[] = { "spam@" };
    static struct conf_net nets[1];
    struct bench b;
    (void)unused;
    bench_init(&b);
    assert_int_equal(ip_parse(STR("192.0.2.0"), &nets[0].ip), 0);
    nets[0].bits = 24;
    b.conf->exempt.clients = (struct conf_nets){ nets, 1 };
    b.conf->exempt.senders = (struct conf_strings){ senders, 1 };
    b.conf->exempt.recipients = (struct conf_strings){ rcpts, 1 };
    b.conf->exempt.loopback = true;
    bench_begin(&b);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct envelope e = envelope("localhost", rows[i].sender);
        e.authenticated = rows[i].authenticated;
        e.relay = rows[i].relay;
        e.recipient = str_c(rows[i].recipient);
        assert_int_equal(ip_parse(str_c(rows[i].client), &e.client), 0);
        struct said s = ask(&b, &e, 100);
        assert_string_equal(s.exempt, rows[i].exempt);
        assert_int_equal(s.verdict.action,
                         rows[i].exempt[0] != '\0' ? VERDICT_PASS : VERDICT_REFUSE);
    }
    bench_fini(&b);
}

/* The name decides although it comes long after the refusal was found. */
static void exempts_by_confirmed_name(void **unused)
{
    static const char *const names[] = { ".friend.example" };
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->exempt.names = (struct conf_strings){ names, 1 };
    bench_begin(&b);
    struct envelope e = envelope("localhost", "a@none.example");
    struct said s = ask(&b, &e, 1000);
    assert_string_equal(s.exempt, "allowed name");
    assert_int_equal(s.verdict.action, VERDICT_PASS);
    assert_int_equal(ip_parse(STR("198.51.100.8"), &e.client), 0);
    s = ask(&b, &e, 5000);
    assert_int_equal(s.verdict.action, VERDICT_REFUSE);
    bench_fini(&b);
}

static void adds_up_modes(void **unused)
{
    static const struct {
        enum conf_mode helo, sender;
        enum verdict_action action;
        enum check_id by;
        unsigned code;
    } rows[] = {
        { CONF_OFF, CONF_OFF, VERDICT_PASS, CHECK_COUNT, 0 },
        { CONF_OBSERVE, CONF_OBSERVE, VERDICT_PASS, CHECK_COUNT, 0 },
        { CONF_TAG, CONF_OBSERVE, VERDICT_TAG, CHECK_HELO, 0 },
        { CONF_TAG, CONF_TAG, VERDICT_TAG, CHECK_HELO, 0 },
        { CONF_TAG, CONF_DEFER, VERDICT_DEFER, CHECK_SENDER, 451 },
        { CONF_DEFER, CONF_TAG, VERDICT_DEFER, CHECK_HELO, 451 },
        { CONF_DEFER, CONF_REFUSE, VERDICT_REFUSE, CHECK_SENDER, 550 },
        { CONF_REFUSE, CONF_REFUSE, VERDICT_REFUSE, CHECK_HELO, 550 },
    };
    (void)unused;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench b;
        bench_init(&b);
        b.conf->helo = (struct conf_helo){ .no_dot = rows[i].helo };
        b.conf->sender.null_mx = rows[i].sender;
        bench_begin(&b);
        struct envelope e = envelope("localhost", "a@null.example");
        struct said s = ask(&b, &e, 1000);
        assert_int_equal(s.verdict.action, rows[i].action);
        assert_int_equal(s.verdict.by, rows[i].by);
        assert_int_equal(s.verdict.code, rows[i].code);
        if (rows[i].sender == CONF_TAG && rows[i].helo == CONF_TAG) {
            assert_non_null(strstr(s.text, "helo: "));
            assert_non_null(strstr(s.text, "; sender: "));
        }
        bench_fini(&b);
    }
}

/* What is decided by a cheap check asks nobody; a question (`dry`) wants to know all. */
static void asks_no_more_than_needed(void **unused)
{
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->helo = (struct conf_helo){ .no_dot = CONF_REFUSE };
    b.conf->callout.mode = CONF_REFUSE;      /* whose name would be needed only if it came to that */
    b.conf->callout.self_watch = "";
    bench_begin(&b);
    struct envelope e = envelope("localhost", "a@null.example");
    struct said s = ask(&b, &e, 0);
    assert_int_equal(s.verdict.checks[CHECK_SENDER].state, CHECK_SKIPPED);
    assert_int_equal(resolver_script_asked(b.resolver, "null.example", DNS_MX), 0);
    e.dry = true;
    s = ask(&b, &e, 5000);
    assert_int_equal(s.verdict.checks[CHECK_SENDER].state, CHECK_HIT);
    assert_int_equal(s.verdict.by, CHECK_HELO);
    bench_fini(&b);
}

static void before_rcpt_only_a_ban_counts(void **unused)
{
    static const enum envelope_stage stages[] = { STAGE_CONNECT, STAGE_HELO, STAGE_MAIL };
    struct bench b;
    (void)unused;
    bench_init(&b);
    bench_begin(&b);
    for (size_t i = 0; i < ROWS(stages); i++) {
        struct envelope e = envelope("localhost", "a@none.example");
        e.stage = stages[i];
        e.recipient = STR("");
        struct said s = ask(&b, &e, 0);
        assert_int_equal(s.verdict.action, VERDICT_PASS);
    }
    struct envelope end = { .stage = STAGE_END, .has_client = true };
    assert_int_equal(ask(&b, &end, 0).verdict.action, VERDICT_PASS);
    bench_fini(&b);
}

static void forgets_who_is_gone(void **unused)
{
    struct bench b;
    struct said s = { 0 };
    (void)unused;
    bench_init(&b);
    bench_begin(&b);
    struct envelope e = envelope("mail.good.example", "a@silent.example");
    uint64_t id = policy_ask(b.policy, &e, on_verdict, &s);
    loop_advance(b.loop, 5);
    policy_cancel(b.policy, id);
    policy_cancel(b.policy, id);
    policy_cancel(b.policy, 0);
    policy_cancel(b.policy, UINT64_MAX);
    loop_advance(b.loop, 60000);
    assert_int_equal(s.calls, 0);
    assert_int_equal(policy_stats(b.policy)->open, 0);
    /* and at the end of all, who still waits is told to pass */
    policy_ask(b.policy, &e, on_verdict, &s);
    policy_free(&b.policy);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.verdict.action, VERDICT_PASS);
    bench_fini(&b);
}

static void survives_a_crowd(void **unused)
{
    struct bench b;
    struct said s = { 0 };
    unsigned passed = 0;
    (void)unused;
    bench_init(&b);
    bench_begin(&b);
    struct envelope e = envelope("mail.good.example", "a@silent.example");
    for (unsigned i = 0; i < POLICY_ASKS_MAX + 10; i++) {
        policy_ask(b.policy, &e, on_verdict, &s);
        passed += s.calls > 0 && s.verdict.action == VERDICT_PASS && s.exempt[0] != '\0';
    }
    assert_int_equal(s.calls, 10);
    assert_int_equal(passed, 10);
    assert_int_equal(policy_stats(b.policy)->overflow, 10);
    loop_advance(b.loop, 60000);
    assert_int_equal(s.calls, POLICY_ASKS_MAX + 10);
    assert_int_equal(policy_stats(b.policy)->open, 0);
    bench_fini(&b);
}

/* Whoever waits can wait no longer: what is known by then decides, and counts. A client whose
 * reverse zone is silent gains nothing by it. */
static void decides_when_hurried(void **unused)
{
    static const char *const ptrs[] = { "9.100.51.198.in-addr.arpa", "10.100.51.198.in-addr.arpa" };
    static const char *const clients[] = { "198.51.100.9", "198.51.100.10" };
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->recipient.mode = b.conf->dictionary.mode = CONF_REFUSE;
    resolver_script_add(b.resolver, ptrs[0], DNS_PTR, DNS_TIMEOUT, 0, LIST(NULL));
    resolver_script_add(b.resolver, ptrs[1], DNS_PTR, DNS_OK, 10, LIST("slow.example"));
    bench_begin(&b);
    for (size_t i = 0; i < ROWS(clients); i++) {
        for (unsigned k = 0; k < b.conf->dictionary.client_unknown; k++) {
            struct said s = { 0 };
            char rcpt[32];
            struct envelope e = envelope("mail.good.example", "a@silent.example");
            snprintf(rcpt, sizeof rcpt, "n%u@barfoo.com", k);
            e.recipient = str_c(rcpt);
            e.verified = VERIFIED_NO;
            assert_int_equal(ip_parse(str_c(clients[i]), &e.client), 0);
            uint64_t id = policy_ask(b.policy, &e, on_verdict, &s);
            loop_advance(b.loop, 100);
            assert_int_equal(s.calls, 0);
            assert_true(policy_hurry(b.policy, id));
            assert_int_equal(s.calls, 1);
            assert_int_equal(s.verdict.action, VERDICT_REFUSE);
            assert_false(policy_hurry(b.policy, id));
            bool last = k + 1 == b.conf->dictionary.client_unknown;
            assert_int_equal(s.verdict.checks[CHECK_DICTIONARY].state,
                             last ? CHECK_HIT : CHECK_PASS);
        }
    }
    assert_int_equal(policy_stats(b.policy)->open, 0);
    bench_fini(&b);
}

/* A check that is not done yet is passed over, not waited for; nothing found is no refusal. */
static void hurries_to_a_pass(void **unused)
{
    struct bench b;
    struct said s = { 0 };
    (void)unused;
    bench_init(&b);
    b.conf->helo = (struct conf_helo){ .no_dot = CONF_TAG };
    bench_begin(&b);
    struct envelope e = envelope("localhost", "a@silent.example");
    uint64_t id = policy_ask(b.policy, &e, on_verdict, &s);
    loop_advance(b.loop, 100);
    assert_int_equal(s.calls, 0);
    assert_true(policy_hurry(b.policy, id));
    assert_int_equal(s.verdict.action, VERDICT_TAG);
    assert_int_equal(s.verdict.checks[CHECK_SENDER].state, CHECK_LATE);
    loop_advance(b.loop, 60000);
    assert_int_equal(s.calls, 1);
    assert_int_equal(policy_stats(b.policy)->open, 0);
    bench_fini(&b);
}

/* Lists that are asked early only fill the cache, also when the name is waited for meanwhile. */
static void early_answers_are_thrown_away(void **unused)
{
    static const char *const names[] = { ".nobody.example" };
    static const struct conf_zone zone = { .name = "bl", .list = "bl.example", .weight = 100,
                                           .page = "", .probe = "none" };
    struct bench b;
    struct ban ban = { .maker = BAN_BY_ADMIN, .since = NOW, .until = NOW + 3600 };
    (void)unused;
    bench_init(&b);
    b.conf->exempt.names = (struct conf_strings){ names, 1 };
    b.conf->ban.mode = CONF_OBSERVE;
    b.conf->dnsbl.zones = &zone;
    b.conf->dnsbl.zone_count = 1;
    resolver_script_add(b.resolver, "7.100.51.198.bl.example", DNS_A, DNS_OK, 10,
                        LIST("127.0.0.2"));
    bench_begin(&b);
    struct envelope e = envelope("", "");
    ban_set_net(&ban, &e.client, 32);
    ban_put(b.store, &ban, NOW);
    struct envelope rcpt = e;
    e.stage = STAGE_CONNECT;
    e.recipient = STR("");
    assert_int_equal(ask(&b, &e, 5000).verdict.action, VERDICT_PASS);
    assert_int_equal(resolver_script_asked(b.resolver, "7.100.51.198.bl.example", DNS_A), 1);
    assert_int_equal(ask(&b, &rcpt, 5000).verdict.by, CHECK_DNSBL);
    bench_fini(&b);
}

/* The next best mail server is looked up wherever it stands in the answer; an address that would be
 * ourselves (0.0.0.0) or nobody is never called. */
static void looks_up_whom_to_call(void **unused)
{
    static const char *const domains[] = { "*" };
    static const struct {
        const char *sender, *second, *words;
    } rows[] = {
        { "a@turned.example", "mx2.turned.example", "the mail server is being called already" },
        { "a@zero.example", "mx2.zero.example", "no mail server has a public address" },
    };
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->callout.mode = CONF_REFUSE;
    b.conf->callout.domains = (struct conf_strings){ domains, 1 };
    b.conf->callout.vouch = false;
    b.conf->callout.self_watch = "";
    b.conf->callout.mx_connections = 0;      /* nobody is really called */
    b.conf->sender = (struct conf_sender){ 0 };
    resolver_script_add(b.resolver, "turned.example", DNS_MX, DNS_OK, 10,
                        LIST("20 mx2.turned.example", "10 mx.turned.example"));
    resolver_script_add(b.resolver, "mx.turned.example", DNS_A, DNS_OK, 10, LIST("203.0.113.7"));
    resolver_script_add(b.resolver, "mx2.turned.example", DNS_A, DNS_OK, 10, LIST("203.0.113.8"));
    resolver_script_add(b.resolver, "zero.example", DNS_MX, DNS_OK, 10,
                        LIST("20 mx2.zero.example", "10 mx.zero.example"));
    resolver_script_add(b.resolver, "mx.zero.example", DNS_A, DNS_OK, 10, LIST("0.0.0.0"));
    resolver_script_add(b.resolver, "mx2.zero.example", DNS_A, DNS_OK, 10, LIST("224.0.0.1"));
    bench_begin(&b);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct envelope e = envelope("mail.good.example", rows[i].sender);
        struct said s = { 0 };
        policy_ask(b.policy, &e, on_words, &s);
        loop_advance(b.loop, 60000);
        assert_int_equal(s.verdict.action, VERDICT_PASS);
        assert_string_equal(s.text, rows[i].words);
        assert_int_equal(resolver_script_asked(b.resolver, rows[i].second, DNS_A), 1);
    }
    bench_fini(&b);
}

/* Bounces are deferred after some unknown recipients. A client that is listed must not see by which of
 * two checks answers who exists; so the list is asked for an unknown recipient, too. */
static void bounces_hide_recipients(void **unused)
{
    static const struct conf_zone zone = { .name = "bl", .list = "bl.example", .weight = 100,
                                           .page = "", .probe = "none" };
    struct bench b;
    char address[64];
    (void)unused;
    bench_init(&b);
    b.conf->recipient.mode = b.conf->dictionary.mode = b.conf->dnsbl.mode = CONF_REFUSE;
    b.conf->dnsbl.zones = &zone;
    b.conf->dnsbl.zone_count = 1;
    resolver_script_add(b.resolver, "7.100.51.198.bl.example", DNS_A, DNS_OK, 10,
                        LIST("127.0.0.2"));
    bench_begin(&b);
    struct envelope e = envelope("mail.good.example", "");
    for (unsigned i = 0; i < 60; i++) {
        snprintf(address, sizeof address, "name%u@barfoo.com", i);
        e.recipient = str_c(address);
        e.verified = VERIFIED_NO;
        struct said unknown = ask(&b, &e, 1000);
        e.verified = VERIFIED_YES;
        struct said good = ask(&b, &e, 1000);
        assert_int_equal(good.verdict.action, VERDICT_REFUSE);
        assert_int_equal(good.verdict.by, CHECK_DNSBL);
        assert_int_equal(unknown.verdict.action, VERDICT_REFUSE);
        if (i < b.conf->dictionary.bounce_unknown)
            continue;
        assert_int_equal(unknown.verdict.by, CHECK_DNSBL);
        assert_string_equal(unknown.text, good.text);
    }
    bench_fini(&b);
}

/* A reload begins another policy; the numbers go on. */
static void goes_on_counting(void **unused)
{
    struct bench b;
    struct said s = { 0 };
    (void)unused;
    bench_init(&b);
    bench_begin(&b);
    struct envelope e = envelope("localhost", "a@good.example"), slow = envelope("x.y", "");
    slow.sender = STR("a@silent.example");
    slow.client.b[15]++;
    ask(&b, &e, 1000);
    policy_ask(b.policy, &slow, on_verdict, &s);
    bench_reload(&b);
    assert_int_equal(policy_stats(b.policy)->asks, 2);
    assert_int_equal(policy_stats(b.policy)->actions[VERDICT_REFUSE], 1);
    assert_int_equal(policy_stats(b.policy)->open, 0);
    assert_int_equal(s.calls, 1);
    ask(&b, &e, 1000);
    assert_int_equal(policy_stats(b.policy)->actions[VERDICT_REFUSE], 2);
    assert_int_equal(policy_stats(b.policy)->decided[CHECK_HELO][VERDICT_REFUSE], 2);
    assert_int_equal(policy_stats(b.policy)->open, 0);
    bench_fini(&b);
}

static void said_of_callout(struct bench *b, const char *sender, const char *words)
{
    struct envelope e = envelope("mail.good.example", sender);
    struct said s = { 0 };
    policy_ask(b->policy, &e, on_words, &s);
    loop_advance(b->loop, 500);
    assert_int_equal(s.calls, 1);
    assert_string_equal(s.text, words);
}

static bool is_suspended(const struct bench *b)
{
    struct callout_status s;
    check_callout_status(policy_check_state(b->policy, CHECK_CALLOUT), &s);
    return s.suspended;
}

/* Who reloads does not get a new budget of callouts, nor forgets that we are on a list. */
static void goes_on_with_callouts(void **unused)
{
    static const char watched[] = "1.113.0.203.ips.backscatterer.org";
    static const char *const domains[] = { "*" };
    struct callout_status status;
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->callout.mode = CONF_REFUSE;
    b.conf->callout.domains = (struct conf_strings){ domains, 1 };
    b.conf->callout.vouch = false;
    b.conf->callout.per_minute = 1;
    b.conf->callout.mx_connections = 0;      /* nobody is really called */
    b.conf->sender = (struct conf_sender){ 0 };
    bench_begin(&b);
    said_of_callout(&b, "a@good.example", "the mail server is being called already");
    bench_reload(&b);
    said_of_callout(&b, "a@both.example", "the budget of all callouts is spent");
    check_callout_status(policy_check_state(b.policy, CHECK_CALLOUT), &status);
    assert_int_equal(status.budget.granted, 1);
    assert_int_equal(status.budget.refused, 2);
    /* the limits are those of the new settings */
    b.conf->callout.per_minute = 100;
    bench_reload(&b);
    loop_advance(b.loop, 2000);
    said_of_callout(&b, "b@good.example", "the mail server is being called already");

    resolver_script_add(b.resolver, watched, DNS_A, DNS_OK, 10, LIST("127.0.0.2"));
    loop_advance(b.loop, 3600 * 1000);
    assert_true(is_suspended(&b));
    bench_reload(&b);
    assert_true(is_suspended(&b));
    said_of_callout(&b, "c@good.example", "callouts are suspended: we are on the list of self_watch");
    resolver_script_add(b.resolver, watched, DNS_A, DNS_TIMEOUT, 0, LIST(NULL));
    loop_advance(b.loop, 3 * 3600 * 1000);
    assert_true(is_suspended(&b));           /* nobody has said that we are not */
    resolver_script_add(b.resolver, watched, DNS_A, DNS_NXDOMAIN, 10, LIST(NULL));
    loop_advance(b.loop, 3700 * 1000);
    assert_false(is_suspended(&b));
    bench_fini(&b);
}

/* For whoever lets everything observe for a week: what would each check have done? */
static void counts_what_would_be(void **unused)
{
    struct bench b;
    (void)unused;
    bench_init(&b);
    b.conf->helo = (struct conf_helo){ .no_dot = CONF_OBSERVE };
    b.conf->sender.domain = CONF_OBSERVE;
    b.conf->sender.null_mx = CONF_REFUSE;
    bench_begin(&b);
    const struct policy_stats *s = policy_stats(b.policy);
    struct envelope both = envelope("localhost", "a@none.example");
    struct envelope one = envelope("localhost", "a@null.example");
    struct envelope good = envelope("mail.good.example", "a@good.example");
    ask(&b, &good, 1000);
    assert_int_equal(s->would_any, 0);
    ask(&b, &both, 1000);
    assert_int_equal(s->would[CHECK_HELO], 1);
    assert_int_equal(s->would[CHECK_SENDER], 1);
    assert_int_equal(s->would_any, 1);
    assert_int_equal(s->actions[VERDICT_PASS], 2);
    /* refused, by another one than would have */
    ask(&b, &one, 1000);
    assert_int_equal(s->would[CHECK_HELO], 2);
    assert_int_equal(s->would[CHECK_SENDER], 1);
    assert_int_equal(s->decided[CHECK_SENDER][VERDICT_REFUSE], 1);
    assert_int_equal(s->would_any, 1);
    /* a question, an exempt one and what comes before RCPT are no recipients */
    both.dry = true;
    ask(&b, &both, 1000);
    both.dry = false;
    both.relay = true;
    ask(&b, &both, 1000);
    both.relay = false;
    both.stage = STAGE_HELO;
    ask(&b, &both, 1000);
    assert_int_equal(s->would[CHECK_HELO], 2);
    assert_int_equal(s->would_any, 1);
    bench_fini(&b);
}

/* What is in work while the settings are read again is counted as well. */
static void counts_over_a_reload(void **unused)
{
    struct bench b;
    (void)unused;
    bench_init(&b);
    bench_begin(&b);
    struct envelope e = envelope("mail.good.example", "a@silent.example");
    policy_ask(b.policy, &e, NULL, NULL);
    bench_reload(&b);
    assert_int_equal(policy_stats(b.policy)->actions[VERDICT_PASS], 1);
    assert_int_equal(policy_stats(b.policy)->open, 0);
    bench_fini(&b);
}

/* A session that is over takes no place. It goes on when the settings are read again. */
static void ends_sessions(void **unused)
{
    struct bench b;
    (void)unused;
    bench_init(&b);
    bench_begin(&b);
    struct envelope e = envelope("x.y", "");
    ask(&b, &e, 60000);
    assert_int_equal(policy_stats(b.policy)->sessions, 1);
    bench_reload(&b);
    assert_int_equal(policy_stats(b.policy)->sessions, 1);
    e.stage = STAGE_END;
    ask(&b, &e, 0);
    assert_int_equal(policy_stats(b.policy)->sessions, 0);
    bench_fini(&b);
}

/* What a client says cannot become a line, a code or an escape sequence in the reply. */
static void replies_are_clean(void **unused)
{
    struct bench b;
    (void)unused;
    bench_init(&b);
    bench_begin(&b);
    struct envelope e = envelope("x.y", "a@evil\r\n250 ok\033[31m.example");
    struct said s = ask(&b, &e, 60000);
    for (const char *c = s.text; *c != '\0'; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_good_mail),
        cmocka_unit_test(judges_senders),
        cmocka_unit_test(waits_no_longer_than_told),
        cmocka_unit_test(judges_helo),
        cmocka_unit_test(judges_who_says_no_helo),
        cmocka_unit_test(remembers_a_refused_helo),
        cmocka_unit_test(forgives_a_good_client_its_helo),
        cmocka_unit_test(exempts_whom_it_should),
        cmocka_unit_test(exempts_by_confirmed_name),
        cmocka_unit_test(bounces_hide_recipients),
        cmocka_unit_test(adds_up_modes),
        cmocka_unit_test(asks_no_more_than_needed),
        cmocka_unit_test(before_rcpt_only_a_ban_counts),
        cmocka_unit_test(forgets_who_is_gone),
        cmocka_unit_test(survives_a_crowd),
        cmocka_unit_test(decides_when_hurried),
        cmocka_unit_test(hurries_to_a_pass),
        cmocka_unit_test(early_answers_are_thrown_away),
        cmocka_unit_test(looks_up_whom_to_call),
        cmocka_unit_test(counts_over_a_reload), cmocka_unit_test(ends_sessions),
        cmocka_unit_test(goes_on_counting),
        cmocka_unit_test(goes_on_with_callouts),
        cmocka_unit_test(counts_what_would_be),
        cmocka_unit_test(replies_are_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
