/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_check_dnsbl - the check of block lists, against a DNS that is written down
 *
 * The runner here is a stand-in for policy.c that runs this one check, so that
 * each scenario is lists, answers, a client, and what the check says, word for
 * word, at the millisecond.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "event/loop.h"
#include "policy/check_dnsbl.h"
#include "store/store.h"

#define KEY "abcdefghijklmnopqrstuvwxyz"

struct world {
    struct policy_parts parts;
    struct conf conf;
    struct conf_zone zones[8];
    void *state;
    struct arena *arena;
    struct check_run run;
    struct envelope envelope;
    struct check_result result;
    bool waiting;
    unsigned done;
    int64_t done_ms;
    char log[64];
};

static struct world world;

/* --- the runner's part --- */

struct check_run *check_find(struct policy *p, uint64_t id)
{
    (void)p;
    return world.waiting && id == world.run.id ? &world.run : NULL;
}

void check_done(struct check_run *run, enum check_state state)
{
    assert_true(world.waiting);
    world.waiting = false;
    world.done++;
    world.done_ms = loop_ms(world.parts.loop);
    run->result->state = state;
}

struct str check_text(struct check_run *run, const char *fmt, ...)
{
    char text[900];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return arena_str(run->arena, str_make(text, (size_t)n));
}

struct str check_host(struct check_run *run)
{
    char text[IP_TEXT_MAX];
    return check_text(run, "mail.example [%s]", ip_format(&run->envelope->client, text));
}

/* --- a world --- */

static int begin(void **state)
{
    struct err err;
    world = (struct world){ .conf = { .dnsbl = { .mode = CONF_REFUSE, .threshold = 100, .timeout_ms = 4000,
                                                 .rest_s = 300, .rest_max_s = 3600, .reply = "" } } };
    world.conf.dnsbl.zones = world.zones;
    world.parts.conf = &world.conf;
    world.parts.loop = loop_new_virtual(1800000000);
    world.parts.resolver = resolver_new_script(world.parts.loop);
    const struct store_options options = { .folder = NULL, .pending_max = 1 << 20 };
    world.parts.store = store_open(&options, loop_utc(world.parts.loop), &err);
    assert_non_null(world.parts.store);
    snprintf(world.log, sizeof world.log, "/tmp/postern-dnsbl-XXXXXX");
    int fd = mkstemp(world.log);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(log_open(world.log, LOG_LEVEL_INFO, &err), 0);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    (void)state;
    check_dnsbl.close(&world.state);
    resolver_free(&world.parts.resolver);
    store_close(&world.parts.store);
    loop_free(&world.parts.loop);
    arena_free(&world.arena);
    log_close();
    unlink(world.log);
    return 0;
}

static struct conf_zone *list(const char *name, const char *text, int weight)
{
    struct conf_zone *z = &world.zones[world.conf.dnsbl.zone_count++];
    *z = (struct conf_zone){ .name = name, .list = text, .weight = weight, .page = "", .probe = "none" };
    return z;
}

static void open_lists(void)
{
    struct err err;
    if (check_dnsbl.open(&world.parts, &world.state, &err) != 0)
        fail_msg("%s", err.text);
}

/* `text`: an address; NULL is "no", "" is silence; ! is SERVFAIL. */
static void answer(const char *name, enum dns_type type, const char *text, unsigned delay_ms)
{
    const char *const records[] = { text, NULL };
    enum dns_status status = text == NULL ? DNS_NXDOMAIN : *text == '\0' ? DNS_TIMEOUT
                             : *text == '!' ? DNS_FAILED : DNS_OK;
    resolver_script_add(world.parts.resolver, name, type, status, delay_ms, status == DNS_OK ? records : NULL);
}

static void start(const char *client)
{
    static uint64_t id;
    assert_int_equal(ip_parse(str_c(client), &world.envelope.client), 0);
    world.envelope.has_client = true;
    if (world.envelope.stage == STAGE_CONNECT)
        world.envelope.stage = STAGE_RCPT;
    arena_free(&world.arena);
    world.arena = arena_new(128 * 1024);
    world.result = (struct check_result){ .mode = (enum check_mode)world.conf.dnsbl.mode };
    size_t at = str_find_c(world.envelope.sender, '@');
    world.run = (struct check_run){
        .id = ++id, .ops = &check_dnsbl, .parts = &world.parts, .state = world.state,
        .envelope = &world.envelope, .arena = world.arena, .result = &world.result,
        .sender_domain = at == STR_NONE ? STR("") : str_skip(world.envelope.sender, at + 1),
    };
    world.waiting = true;
    world.done = 0;
    world.done_ms = -1;
    check_dnsbl.start(&world.run);
}

/* Returns how long it took. */
static int64_t run(const char *client)
{
    int64_t began = loop_ms(world.parts.loop);
    start(client);
    loop_advance(world.parts.loop, 4000);
    assert_int_equal(world.done, 1);
    return world.done_ms - began;
}

static void expect_at(enum check_state state, const char *words, const char *reply, int line)
{
    if (world.result.state != state || !str_eq(world.result.words, str_c(words)) ||
        !str_eq(world.result.reply, str_c(reply))) {
        print_error("line %d: state %d\nwords \"%.*s\"\nreply \"%.*s\"\n", line, (int)world.result.state,
                    STR_ARG(world.result.words), STR_ARG(world.result.reply));
        fail();
    }
}
#define expect(state, words, reply) expect_at((state), (words), (reply), __LINE__)

static unsigned log_count(const char *word)
{
    char text[LOG_EVENT_MAX];
    unsigned count = 0;
    FILE *f = fopen(world.log, "r");
    assert_non_null(f);
    while (fgets(text, sizeof text, f) != NULL)
        count += strstr(text, word) != NULL;
    fclose(f);
    return count;
}

/* --- scenarios --- */

static void listed(void **state)
{
    (void)state;
    list("zen", "zen.example", 100);
    open_lists();
    answer("9.2.0.192.zen.example", DNS_A, "127.0.0.4", 30);
    answer("9.2.0.192.zen.example", DNS_TXT, "https://zen.example/?192.0.2.9", 10);
    assert_int_equal(run("192.0.2.9"), 40);
    expect(CHECK_HIT, "zen 127.0.0.4 1.00; \"https://zen.example/?192.0.2.9\"",
           "Message rejected - mail.example [192.0.2.9] is in an RBL, see https://zen.example/?192.0.2.9");
    assert_int_equal(world.result.score, 100);
    run("192.0.2.10");
    expect(CHECK_PASS, "", "");
    assert_int_equal(resolver_script_asked(world.parts.resolver, "10.2.0.192.zen.example", DNS_TXT), 0);
    answer("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.example", DNS_A, "127.0.0.3", 0);
    run("2001:db8::1");
    expect(CHECK_HIT, "zen 127.0.0.3 1.00", "Message rejected - mail.example [2001:db8::1] is in an RBL, see zen");
}

static void replies(void **state)
{
    (void)state;
    struct conf_zone *z = list("zen", "zen.example", 100);
    z->page = "https://zen.example/?ip=%s&x";
    open_lists();
    answer("9.2.0.192.zen.example", DNS_A, "127.0.0.4", 0);
    run("192.0.2.9");
    expect(CHECK_HIT, "zen 127.0.0.4 1.00",
           "Message rejected - mail.example [192.0.2.9] is in an RBL, see https://zen.example/?ip=192.0.2.9&x");
    assert_int_equal(resolver_script_asked(world.parts.resolver, "9.2.0.192.zen.example", DNS_TXT), 0);
    answer("9.2.0.192.zen.example", DNS_TXT, "text", 0);
    world.conf.dnsbl.reply = "%t, %p";
    run("192.0.2.9");
    expect(CHECK_HIT, "zen 127.0.0.4 1.00; \"text\"", "text, https://zen.example/?ip=192.0.2.9&x");
    world.conf.dnsbl.reply = "100%% %z: %h %p %q %";
    run("192.0.2.9");
    expect(CHECK_HIT, "zen 127.0.0.4 1.00",
           "100% zen: mail.example [192.0.2.9] https://zen.example/?ip=192.0.2.9&x %q %");
}

/* Weights, a threshold, a list of good hosts; and what is not waited for. */
static void weights(void **state)
{
    (void)state;
    world.conf.dnsbl.threshold = 250;
    list("a", "a.example", 300);
    list("b", "b.example", 150);
    list("c", "c.example", 100);
    list("good", "good.example", -200);
    open_lists();
    answer("9.2.0.192.a.example", DNS_A, "127.0.0.2", 10);
    answer("9.2.0.192.good.example", DNS_A, NULL, 20);
    answer("9.2.0.192.b.example", DNS_A, "127.0.0.2", 1000);
    assert_int_equal(run("192.0.2.9"), 20);            /* b and c cannot save it, the good list could have */
    expect(CHECK_HIT, "a 127.0.0.2 3.00; b was not waited for",
           "Message rejected - mail.example [192.0.2.9] is in an RBL, see a");
    answer("8.2.0.192.a.example", DNS_A, "127.0.0.2", 10);
    answer("8.2.0.192.good.example", DNS_A, "127.0.10.1", 20);
    answer("8.2.0.192.c.example", DNS_A, "127.0.0.2", 30);
    assert_int_equal(run("192.0.2.8"), 20);            /* c cannot reach the threshold any more */
    expect(CHECK_PASS, "a 127.0.0.2 3.00; c was not waited for; good 127.0.10.1 -2.00; sum 1.00", "");
    assert_int_equal(world.result.score, 100);
    answer("7.2.0.192.b.example", DNS_A, "127.0.0.2", 10);
    answer("7.2.0.192.c.example", DNS_A, "127.0.0.9", 500);
    run("192.0.2.7");
    expect(CHECK_HIT, "b 127.0.0.2 1.50; c 127.0.0.9 1.00; sum 2.50",
           "Message rejected - mail.example [192.0.2.7] is in an RBL, see b");
    answer("6.2.0.192.good.example", DNS_A, "127.0.10.1", 0);
    run("192.0.2.6");
    assert_int_equal(world.result.score, -200);        /* for those who vouch */
    answer("5.2.0.192.a.example", DNS_A, NULL, 10);    /* without a, the slow c cannot reach the threshold */
    answer("5.2.0.192.b.example", DNS_A, NULL, 10);
    answer("5.2.0.192.good.example", DNS_A, NULL, 10);
    answer("5.2.0.192.c.example", DNS_A, "", 0);
    assert_int_equal(run("192.0.2.5"), 10);
    expect(CHECK_PASS, "c was not waited for", "");
}

/* Slow and silent lists: in time, with what is known; a dry run waits for all. */
static void late(void **state)
{
    (void)state;
    list("slow", "slow.example", 100);
    open_lists();
    answer("*.slow.example", DNS_A, "", 0);
    assert_in_range(run("192.0.2.9"), 3900, 3999);
    expect(CHECK_LATE, "slow gave no answer", "");
    answer("*.slow.example", DNS_A, "127.0.0.2", 3980); /* an answer that comes too late is none */
    assert_in_range(run("192.0.2.9"), 3900, 3999);
    expect(CHECK_LATE, "slow gave no answer", "");
    answer("*.slow.example", DNS_A, "!", 5);
    run("192.0.2.9");
    expect(CHECK_LATE, "slow gave no answer", "");
    answer("*.slow.example", DNS_A, "127.0.0.2", 3000);  /* no time is left for a slow text */
    answer("*.slow.example", DNS_TXT, "", 0);
    assert_in_range(run("192.0.2.9"), 3900, 3999);
    expect(CHECK_HIT, "slow 127.0.0.2 1.00", "Message rejected - mail.example [192.0.2.9] is in an RBL, see slow");
}

static void dry(void **state)
{
    (void)state;
    list("a", "a.example", 100);
    list("b", "b.example", 100);
    open_lists();
    answer("*.a.example", DNS_A, "127.0.0.2", 5);
    answer("*.b.example", DNS_A, "127.0.0.3", 500);
    world.envelope.dry = true;
    assert_in_range(run("192.0.2.9"), 500, 600);
    expect(CHECK_HIT, "a 127.0.0.2 1.00; b 127.0.0.3 1.00; sum 2.00",
           "Message rejected - mail.example [192.0.2.9] is in an RBL, see a");
}

/* Refusals and parked zones: never counted, for any operator; the zone rests; one log line. */
static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *answer, *words;
    } rows[] = {
        { "z.example", "127.255.255.254", "z refused (127.255.255.254)" },
        { "z.example!=127.0.0.9", "127.255.255.255", "z refused (127.255.255.255)" },
        { "z.example", "203.0.113.7", "z refused (203.0.113.7)" },
        { "z.example!==127.0.0.9", "255.255.255.255", "z refused (255.255.255.255)" },
        { "z.example!&0.0.0.1", "0.0.0.0", "z refused (0.0.0.0)" },
        { "z.example", "127.0.1.255", "z refused (127.0.1.255)" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        world.conf.dnsbl.zone_count = 0;
        list("z", rows[i].text, 100);
        open_lists();
        answer("*.z.example", DNS_A, rows[i].answer, 5);
        run("192.0.2.9");
        expect(CHECK_BROKEN, rows[i].words, "");
        run("192.0.2.10");
        expect(CHECK_SKIPPED, "z rests", "");
        assert_int_equal(log_count("dnsbl-zone"), i + 1);
        check_dnsbl.close(&world.state);
        store_remove(world.parts.store, STORE_ZONES, STR("z"));
    }
}

/* The same answers as Exim takes them. */
static void as_exim(void **state)
{
    (void)state;
    world.conf.dnsbl.compat = "exim";
    list("z", "z.example!=127.0.0.9", 100)->probe = "auto";
    list("t", "txt.example,t.example", 100);
    list("i", "+include_unknown : i.example", 100);
    open_lists();
    loop_advance(world.parts.loop, 10000);
    answer("9.2.0.192.z.example", DNS_A, "255.255.255.255", 5);
    run("192.0.2.9");
    expect(CHECK_HIT, "z 255.255.255.255 1.00",
           "Message rejected - mail.example [192.0.2.9] is in an RBL, see z");
}

static void as_exim_text_zone(void **state)
{
    (void)state;
    world.conf.dnsbl.compat = "exim";
    list("t", "txt.example,t.example=127.0.0.5", 100);
    open_lists();
    answer("*.t.example", DNS_A, "127.0.0.5", 5);
    run("192.0.2.9");                                  /* the zone of the text does not know it */
    expect(CHECK_PASS, "", "");
    answer("8.2.0.192.txt.example", DNS_A, "127.0.0.2", 5);
    answer("8.2.0.192.txt.example", DNS_TXT, "text", 5);
    run("192.0.2.8");
    expect(CHECK_HIT, "t 127.0.0.5 1.00; \"text\"",
           "Message rejected - mail.example [192.0.2.8] is in an RBL, see text");
    assert_int_equal(resolver_script_asked(world.parts.resolver, "9.2.0.192.txt.example", DNS_A), 1);
}

static void text_zone(void **state)
{
    (void)state;
    list("t", "txt.example,t.example=127.0.0.5", 100);
    open_lists();
    answer("*.t.example", DNS_A, "127.0.0.5", 5);
    answer("*.txt.example", DNS_TXT, "text", 5);
    run("192.0.2.9");
    expect(CHECK_HIT, "t 127.0.0.5 1.00; \"text\"",
           "Message rejected - mail.example [192.0.2.9] is in an RBL, see text");
    assert_int_equal(resolver_script_asked(world.parts.resolver, "9.2.0.192.txt.example", DNS_A), 0);
}

static void unknown(void **state)
{
    (void)state;
    list("d", "+defer_unknown : d.example", 100);
    list("n", "n.example", 100);
    open_lists();
    answer("*.d.example", DNS_A, "!", 5);
    run("192.0.2.9");
    expect(CHECK_HIT, "d gave no answer", "DNS list lookup deferred: d does not answer");
    assert_int_equal(world.result.mode, MODE_DEFER);
    answer("9.2.0.192.n.example", DNS_A, "127.0.0.2", 50);
    run("192.0.2.9");                                  /* listed is listed */
    assert_int_equal(world.result.mode, MODE_REFUSE);
    world.conf.dnsbl.mode = CONF_TAG;
    run("192.0.2.8");
    assert_int_equal(world.result.mode, MODE_TAG);
}

static void include_is_safe(void **state)
{
    (void)state;
    list("i", "+include_unknown : i.example", 100);
    open_lists();
    assert_int_equal(log_count("include_unknown is ignored"), 1);
    answer("*.i.example", DNS_A, "!", 5);
    run("192.0.2.9");
    expect(CHECK_LATE, "i gave no answer", "");
    check_dnsbl.close(&world.state);
    world.conf.dnsbl.compat = "exim";
    open_lists();
    run("192.0.2.9");
    assert_int_equal(world.result.state, CHECK_HIT);
}

/* Names of the client's choosing; one that is none, and one that makes the list complain. */
static void chosen_keys(void **state)
{
    (void)state;
    list("dbl", "dbl.example/$sender_helo_name : dbl.example/$sender_address_domain", 100);
    open_lists();
    world.envelope.helo = STR("bad.example.org");
    answer("bad.example.org.dbl.example", DNS_A, "127.0.1.2", 5);
    run("192.0.2.9");
    expect(CHECK_HIT, "dbl 127.0.1.2 1.00", "Message rejected - mail.example [192.0.2.9] is in an RBL, see dbl");
    world.envelope.helo = STR("good.example.org");
    world.envelope.has_sender = true;
    world.envelope.sender = STR("x@bad.example.org");
    run("192.0.2.9");
    assert_int_equal(world.result.state, CHECK_HIT);
    static const char *const helos[] = { "192.0.2.9", "[192.0.2.9]", "[IPv6:::1]", "a..b", "" };
    world.envelope.has_sender = false;
    answer("*.dbl.example", DNS_A, "127.0.1.255", 5);
    for (size_t i = 0; i < ROWS(helos); i++) {
        world.envelope.helo = str_c(helos[i]);
        run("192.0.2.9");
        assert_true(world.result.state == CHECK_SKIPPED || world.result.state == CHECK_PASS);
    }
    answer("*.dbl.example", DNS_A, "127.255.255.252", 5);
    world.envelope.helo = STR("strange.example.net");
    run("192.0.2.9");
    expect(CHECK_BROKEN, "dbl refused (127.255.255.252)", "");
    world.envelope.helo = STR("bad.example.org");
    run("192.0.2.9");                                  /* the list is still asked */
    assert_int_equal(world.result.state, CHECK_HIT);
}

/* Neither the reply, nor the words, nor the log, nor the status has the key. */
static void secrets(void **state)
{
    (void)state;
    static const char *const titles[] = { "zen", KEY ".zen.dq.spamhaus.net", "" };
    for (size_t i = 0; i < ROWS(titles); i++) {
        world.conf.dnsbl.zone_count = 0;
        list(titles[i], KEY ".zen.dq.spamhaus.net", 100);
        world.conf.dnsbl.reply = i == 0 ? "" : "Message rejected, see %t";
        open_lists();
        answer("9.2.0.192." KEY ".zen.dq.spamhaus.net", DNS_A, "127.0.0.4", 5);
        answer("9.2.0.192." KEY ".zen.dq.spamhaus.net", DNS_TXT, "see " KEY, 5);
        answer("8.2.0.192." KEY ".zen.dq.spamhaus.net", DNS_A, "127.255.255.254", 5);
        run("192.0.2.9");
        assert_int_equal(world.result.state, CHECK_HIT);
        assert_true(str_find_nocase(world.result.words, STR(KEY)) == STR_NONE);
        assert_true(str_find_nocase(world.result.reply, STR(KEY)) == STR_NONE);
        assert_true(str_find(world.result.reply, STR("https://www.spamhaus.org/query/ip/192.0.2.9")) != STR_NONE);
        run("192.0.2.8");
        assert_true(str_find_nocase(world.result.words, STR(KEY)) == STR_NONE);
        check_dnsbl.close(&world.state);
        store_remove(world.parts.store, STORE_ZONES, STR("zen"));
        store_remove(world.parts.store, STORE_ZONES, STR("zen.dq.spamhaus.net"));
    }
    assert_int_equal(log_count(KEY), 0);
    assert_true(log_count("dnsbl-zone") > 0);
    world.conf.dnsbl.zone_count = 0;
    list("zen", KEY ".zen.dq.spamhaus.net=nonsense", 100);
    struct err err;
    assert_int_equal(check_dnsbl.open(&world.parts, &world.state, &err), -1);
    assert_null(strstr(err.text, KEY));
    world.state = NULL;
}

static void count_zone(void *ctx, const struct dnsbl_status *status)
{
    unsigned *count = ctx;
    assert_true(status->name.n > 0);
    (*count)++;
}

static void openings(void **state)
{
    (void)state;
    static const struct {
        const char *list, *refusal, *says;
    } rows[] = {
        { "dnsbl.sorbs.net", NULL, "2024-06-05" },
        { "a.example : spam.dnsbl.sorbs.net", NULL, "SORBS" },
        { "ix.dnsbl.manitu.net,a.example", NULL, "NiX" },
        { "a.example=", NULL, "column 11" },
        { "a.example", "127.0.0", "127.0.0 is no IPv4" },
        { "sbl-xbl.spamhaus.org", NULL, NULL },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct err err;
        world.conf.dnsbl.zone_count = 0;
        struct conf_zone *z = list("title", rows[i].list, 100);
        z->refusal = (struct conf_strings){ &rows[i].refusal, rows[i].refusal != NULL };
        int rc = check_dnsbl.open(&world.parts, &world.state, &err);
        if (rc != (rows[i].says != NULL ? -1 : 0) || (rc != 0 && strstr(err.text, rows[i].says) == NULL))
            fail_msg("%s: %s", rows[i].list, rc != 0 ? err.text : "opened");
        if (rc != 0)
            world.state = NULL;
    }
    assert_int_equal(log_count("sbl-xbl.spamhaus.org is now zen.spamhaus.org"), 1);
    run("192.0.2.9");
    assert_int_equal(resolver_script_asked(world.parts.resolver, "9.2.0.192.zen.spamhaus.org", DNS_A), 1);
    assert_int_equal(resolver_script_asked(world.parts.resolver, "9.2.0.192.sbl-xbl.spamhaus.org", DNS_A), 0);
    check_dnsbl.close(&world.state);
    world.conf.dnsbl.zone_count = 0;
    list("one", "a.example=127.0.0.2", 100);
    list("two", "A.example=127.0.0.3 : b.example", 50);
    open_lists();
    unsigned count = 0;
    check_dnsbl_zones(world.state, count_zone, &count);
    assert_int_equal(count, 2);
}

/* Lists with a refusal of their own: known ones, and the settings'. */
static void own_refusals(void **state)
{
    (void)state;
    list("uribl", "multi.uribl.com/$sender_address_domain", 100);
    static const char *const refusal[] = { "127.0.0.99" };
    list("own", "own.example", 100)->refusal = (struct conf_strings){ refusal, 1 };
    open_lists();
    world.envelope.has_sender = true;
    world.envelope.sender = STR("x@bad.example.org");
    answer("*.multi.uribl.com", DNS_A, "127.0.0.1", 5);
    answer("*.own.example", DNS_A, "127.0.0.99", 5);
    run("192.0.2.9");
    expect(CHECK_BROKEN, "uribl refused (127.0.0.1); own refused (127.0.0.99)", "");
    loop_advance(world.parts.loop, 301000);            /* the rest of "own" is over */
    answer("*.multi.uribl.com", DNS_A, "127.0.0.2", 5);
    run("192.0.2.9");
    assert_int_equal(world.result.state, CHECK_HIT);
}

/* The runner gives up, or the client is gone: nothing comes afterwards. */
static void cancelled(void **state)
{
    (void)state;
    list("a", "a.example", 100);
    open_lists();
    answer("*.a.example", DNS_A, "127.0.0.2", 5);
    answer("*.a.example", DNS_TXT, "x", 50);
    for (int64_t ms = 0; ms < 60; ms += 20) {          /* while the address, then the text is asked */
        start("192.0.2.9");
        loop_advance(world.parts.loop, ms);
        if (world.done == 0)
            check_dnsbl.cancel(&world.run);
        world.waiting = false;
        loop_advance(world.parts.loop, 5000);
        assert_true(world.done <= 1);
    }
    struct resolver_stats s;
    resolver_stats(world.parts.resolver, &s);
    assert_int_equal(s.open, 0);
}

/* The article's case: the day a list dies and its domain is parked. Mail passes from the first one on, the
 * log says it once an hour, and when the list is back it is used again. */
static void a_day(void **state)
{
    (void)state;
    list("zen", "zen.example", 100)->probe = "auto";
    open_lists();
    answer("2.0.0.127.zen.example", DNS_A, "127.0.0.2", 5);
    answer("9.2.0.192.zen.example", DNS_A, "127.0.0.4", 5);
    run("192.0.2.9");
    assert_int_equal(world.result.state, CHECK_HIT);
    answer("2.0.0.127.zen.example", DNS_A, "203.0.113.7", 5);
    answer("9.2.0.192.zen.example", DNS_A, "203.0.113.7", 5);
    answer("*.zen.example", DNS_A, "203.0.113.7", 5);
    for (unsigned i = 0; i < 24 * 60; i++) {
        run("192.0.2.10");
        assert_true(world.result.state == CHECK_BROKEN || world.result.state == CHECK_SKIPPED);
        loop_advance(world.parts.loop, 56000);
    }
    assert_in_range(log_count("state=resting"), 20, 25);
    unsigned asked = resolver_script_asked(world.parts.resolver, "10.2.0.192.zen.example", DNS_A);
    assert_in_range(asked, 1, 2);
    answer("2.0.0.127.zen.example", DNS_A, "127.0.0.2", 5);
    answer("9.2.0.192.zen.example", DNS_A, "127.0.0.4", 5);
    answer("*.zen.example", DNS_A, NULL, 5);
    loop_advance(world.parts.loop, 3700 * 1000);
    run("192.0.2.9");
    assert_int_equal(world.result.state, CHECK_HIT);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(listed), CASE(replies), CASE(weights), CASE(late), CASE(dry), CASE(refusals), CASE(as_exim),
        CASE(as_exim_text_zone), CASE(text_zone), CASE(unknown), CASE(include_is_safe), CASE(chosen_keys),
        CASE(secrets), CASE(openings), CASE(own_refusals), CASE(cancelled), CASE(a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
