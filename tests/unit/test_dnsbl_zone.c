/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dnsbl_zone - the health of one list, over hours of a virtual clock
 *
 * Scenarios of how lists really fail: they refuse, are parked, list the world,
 * lose their data, fall silent for a moment or for good; and come back.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "dns/resolver.h"
#include "event/loop.h"
#include "policy/dnsbl_dead.h"
#include "policy/dnsbl_zone.h"
#include "store/store.h"

#define HOUR_MS 3600000
#define TWO "2.0.0.127.bl.example"
#define ONE "1.0.0.127.bl.example"
#define SIX_TWO "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example"
#define SIX_ONE "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example"

struct world {
    struct policy_parts parts;
    struct dnsbl_zone_options o;
    struct dnsbl_zone *zone;
    char log[64];
};

static void answer(struct world *w, const char *name, const char *address)
{
    const char *const records[] = { address, NULL };
    enum dns_status status = address == NULL ? DNS_NXDOMAIN : *address == '\0' ? DNS_TIMEOUT : DNS_OK;
    resolver_script_add(w->parts.resolver, name, DNS_A, status, 5, status == DNS_OK ? records : NULL);
}

static int begin(void **state)
{
    static struct world w;
    struct err err;
    w = (struct world){ .o = { .zone = STR("bl.example"), .name = STR("bl"), .probe = DNSBL_PROBE_ADDRESS,
                               .rest_s = 300, .rest_max_s = 3600, .timeout_ms = 2000 } };
    w.parts.loop = loop_new_virtual(1800000000);
    w.parts.resolver = resolver_new_script(w.parts.loop);
    const struct store_options options = { .folder = NULL, .pending_max = 1 << 20 };
    w.parts.store = store_open(&options, loop_utc(w.parts.loop), &err);
    assert_non_null(w.parts.store);
    answer(&w, TWO, "127.0.0.2");
    snprintf(w.log, sizeof w.log, "/tmp/postern-zone-XXXXXX");
    int fd = mkstemp(w.log);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(log_open(w.log, LOG_LEVEL_INFO, &err), 0);
    w.zone = dnsbl_zone_new(&w.parts, &w.o);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    dnsbl_zone_free(&w->zone);
    resolver_free(&w->parts.resolver);
    store_close(&w->parts.store);
    loop_free(&w->parts.loop);
    log_close();
    unlink(w->log);
    return 0;
}

static struct dnsbl_status status(const struct world *w)
{
    struct dnsbl_status s;
    dnsbl_zone_status(w->zone, &s);
    return s;
}

static unsigned log_count(const struct world *w, const char *word)
{
    char line[LOG_EVENT_MAX];
    unsigned count = 0;
    FILE *f = fopen(w->log, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        count += strstr(line, word) != NULL;
    fclose(f);
    return count;
}

/* --- the scenario of a list that refuses --- */

static void refuses_and_returns(void **state)
{
    struct world *w = *state;
    loop_advance(w->parts.loop, 2000);
    assert_true(dnsbl_zone_usable(w->zone));
    assert_int_equal(resolver_script_asked(w->parts.resolver, TWO, DNS_A), 1);
    assert_int_equal(resolver_script_asked(w->parts.resolver, ONE, DNS_A), 1);
    assert_int_equal(resolver_script_asked(w->parts.resolver, SIX_TWO, DNS_A), 1);
    assert_int_equal(resolver_script_asked(w->parts.resolver, SIX_ONE, DNS_A), 1);

    answer(w, TWO, "127.255.255.254");      /* the probes are refused too, from now on */
    answer(w, ONE, "127.255.255.254");
    dnsbl_zone_report(w->zone, DNSBL_SAID_REFUSED, 0x7ffffffe);
    static const unsigned rests[] = { 300, 600, 1200, 2400, 3600, 3600 };
    for (size_t i = 0; i < ROWS(rests); i++) {
        struct dnsbl_status s = status(w);
        assert_false(dnsbl_zone_usable(w->zone));
        assert_int_equal(s.state, DNSBL_RESTING);
        assert_int_equal(s.reason, DNSBL_REFUSES);
        assert_int_equal(s.code, 0x7ffffffe);
        assert_int_equal(s.until - loop_utc(w->parts.loop), rests[i]);
        dnsbl_zone_report(w->zone, DNSBL_SAID_REFUSED, 0x7ffffffe);   /* late answers change nothing */
        assert_int_equal(status(w).until, s.until);
        if (i + 1 < ROWS(rests))
            loop_advance(w->parts.loop, (int64_t)rests[i] * 1000 + 5);
    }
    /* 2 h 15 min of trouble: one line at its begin, one in each of the two hours after it */
    assert_int_equal(log_count(w, "state=resting"), 3);
    assert_true(log_count(w, "code=127.255.255.254") == 3 && log_count(w, "zone=bl ") == 3);
    assert_int_equal(log_count(w, "bl.example"), 0);

    answer(w, TWO, "127.0.0.2");
    answer(w, ONE, NULL);
    loop_advance(w->parts.loop, 3600 * 1000 + 10);
    assert_true(dnsbl_zone_usable(w->zone));
    assert_int_equal(status(w).code, 0);
    assert_int_equal(log_count(w, "state=well"), 1);

    dnsbl_zone_report(w->zone, DNSBL_SAID_REFUSED, 0x7ffffffe);       /* soon again: no mercy */
    assert_int_equal(status(w).until - loop_utc(w->parts.loop), 3600);
    loop_advance(w->parts.loop, HOUR_MS + 10);
    assert_true(dnsbl_zone_usable(w->zone));
    loop_advance(w->parts.loop, HOUR_MS + 10);                        /* well for an hour: anew */
    dnsbl_zone_report(w->zone, DNSBL_SAID_REFUSED, 0x7ffffffe);
    assert_int_equal(status(w).until - loop_utc(w->parts.loop), 300);
}

/* What each answer to the test entries comes to. "" is silence, NULL "no". */
static void probes(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *two, *one, *six_two, *six_one;
        bool white_1;
        enum dnsbl_reason reason;
    } rows[] = {
        { "127.0.0.2", NULL, NULL, NULL, false, DNSBL_NO_REASON },
        { NULL, NULL, "127.0.0.2", NULL, false, DNSBL_NO_REASON },         /* a list of IPv6 */
        { NULL, NULL, NULL, NULL, false, DNSBL_LISTS_NONE },               /* "no" to everything */
        { "127.0.0.2", "127.0.0.2", NULL, NULL, false, DNSBL_LISTS_ALL },  /* "yes" to everything */
        { "127.0.0.2", NULL, "127.0.0.2", "127.0.0.2", false, DNSBL_LISTS_ALL },
        { "127.0.0.2", "127.0.0.1", NULL, NULL, false, DNSBL_LISTS_ALL },
        { "127.0.0.2", "127.0.0.1", NULL, NULL, true, DNSBL_NO_REASON },   /* hostkarma */
        { "127.0.0.2", "127.0.0.2", NULL, NULL, true, DNSBL_LISTS_ALL },
        { "203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.7", false, DNSBL_STRANGE },
        { "127.255.255.254", "127.255.255.254", NULL, NULL, false, DNSBL_REFUSES },
        { "127.255.255.252", NULL, NULL, NULL, false, DNSBL_REFUSES },     /* a code is no sign of life */
        { "127.0.1.255", NULL, NULL, NULL, false, DNSBL_REFUSES },
        { "127.0.0.2", "127.255.255.255", NULL, NULL, false, DNSBL_REFUSES },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        dnsbl_zone_free(&w->zone);
        store_remove(w->parts.store, STORE_ZONES, STR("bl"));
        answer(w, TWO, rows[i].two);
        answer(w, ONE, rows[i].one);
        answer(w, SIX_TWO, rows[i].six_two);
        answer(w, SIX_ONE, rows[i].six_one);
        w->o.white_1 = rows[i].white_1;
        w->zone = dnsbl_zone_new(&w->parts, &w->o);
        assert_true(dnsbl_zone_usable(w->zone));
        loop_advance(w->parts.loop, 1500);
        if (status(w).reason != rows[i].reason ||
            dnsbl_zone_usable(w->zone) != (rows[i].reason == DNSBL_NO_REASON))
            fail_msg("row %zu: %s", i, dnsbl_reason_names[status(w).reason]);
    }
}

static void names(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *test, *invalid, *entry;
        enum dnsbl_reason reason;
    } rows[] = {
        { "127.0.1.2", NULL, NULL, DNSBL_NO_REASON },
        { "127.0.1.2", "127.0.1.2", NULL, DNSBL_LISTS_ALL },
        { NULL, NULL, NULL, DNSBL_LISTS_NONE },
        { NULL, NULL, "own.example", DNSBL_NO_REASON },
    };
    answer(w, "own.example.bl.example", "127.0.1.2");
    w->o.probe = DNSBL_PROBE_NAME;
    for (size_t i = 0; i < ROWS(rows); i++) {
        dnsbl_zone_free(&w->zone);
        store_remove(w->parts.store, STORE_ZONES, STR("bl"));
        answer(w, "TEST.bl.example", rows[i].test);
        answer(w, "INVALID.bl.example", rows[i].invalid);
        w->o.entry = rows[i].entry;
        w->zone = dnsbl_zone_new(&w->parts, &w->o);
        loop_advance(w->parts.loop, 1500);
        if (status(w).reason != rows[i].reason)
            fail_msg("row %zu: %s", i, dnsbl_reason_names[status(w).reason]);
    }
}

/* One answer that is missing proves nothing; ten in a row over ten seconds do. */
static void silence(void **state)
{
    struct world *w = *state;
    loop_advance(w->parts.loop, 2000);
    for (unsigned i = 0; i < 1000; i++)      /* a burst within a moment */
        dnsbl_zone_report(w->zone, DNSBL_SAID_NOTHING, 0);
    assert_true(dnsbl_zone_usable(w->zone));
    dnsbl_zone_report(w->zone, DNSBL_SAID_NO, 0);
    for (unsigned i = 0; i < 30; i++) {      /* every other one, for a long time */
        loop_advance(w->parts.loop, 5000);
        dnsbl_zone_report(w->zone, DNSBL_SAID_NOTHING, 0);
        dnsbl_zone_report(w->zone, DNSBL_SAID_LISTED, 0x7f000002);
    }
    assert_true(dnsbl_zone_usable(w->zone));
    for (unsigned i = 0; i < DNSBL_SILENT_COUNT - 1; i++) {
        loop_advance(w->parts.loop, 2000);
        dnsbl_zone_report(w->zone, DNSBL_SAID_NOTHING, 0);
    }
    assert_true(dnsbl_zone_usable(w->zone));
    answer(w, TWO, "");
    answer(w, ONE, "");
    dnsbl_zone_report(w->zone, DNSBL_SAID_NOTHING, 0);
    assert_int_equal(status(w).reason, DNSBL_SILENT);
    assert_int_equal(status(w).until - loop_utc(w->parts.loop), 300);
    loop_advance(w->parts.loop, 4 * HOUR_MS);          /* silent for long: the ceiling is ten minutes */
    assert_int_equal(status(w).state, DNSBL_RESTING);
    assert_true(status(w).until - loop_utc(w->parts.loop) <= DNSBL_SILENT_MAX_S);
    answer(w, TWO, "127.0.0.2");
    answer(w, ONE, NULL);
    loop_advance(w->parts.loop, (DNSBL_SILENT_MAX_S + 10) * 1000);
    assert_true(dnsbl_zone_usable(w->zone));
}

/* A probe that is not answered does not rest a list that is well. */
static void silent_probe(void **state)
{
    struct world *w = *state;
    answer(w, TWO, "");
    answer(w, ONE, "");
    loop_advance(w->parts.loop, 10000);
    assert_true(dnsbl_zone_usable(w->zone));
    assert_int_equal(status(w).silent, 1);
}

static void lists_everything(void **state)
{
    struct world *w = *state;
    loop_advance(w->parts.loop, 5 * 60000);
    answer(w, "*.bl.example", "127.0.0.3");            /* parked within 127/8: only a probe can tell */
    answer(w, ONE, "127.0.0.3");
    for (unsigned i = 0; i < DNSBL_LISTED_ROW; i++) {
        assert_true(dnsbl_zone_usable(w->zone));
        dnsbl_zone_report(w->zone, DNSBL_SAID_LISTED, 0x7f000003);
    }
    loop_advance(w->parts.loop, 100);
    assert_false(dnsbl_zone_usable(w->zone));
    assert_int_equal(status(w).reason, DNSBL_LISTS_ALL);
}

/* What a client makes a list say does not switch it off. */
static void doubts(void **state)
{
    struct world *w = *state;
    loop_advance(w->parts.loop, 120000);
    for (unsigned i = 0; i < 100; i++) {
        dnsbl_zone_doubt(w->zone);
        loop_advance(w->parts.loop, 100);
    }
    assert_true(dnsbl_zone_usable(w->zone));
    assert_int_equal(resolver_script_asked(w->parts.resolver, TWO, DNS_A), 2);
    loop_advance(w->parts.loop, 120000);
    answer(w, TWO, "127.255.255.255");
    dnsbl_zone_doubt(w->zone);
    loop_advance(w->parts.loop, 100);
    assert_false(dnsbl_zone_usable(w->zone));
}

static void idle(void **state)
{
    struct world *w = *state;
    loop_advance(w->parts.loop, 24LL * HOUR_MS);       /* nobody asks it: one probe, not twenty-four */
    assert_int_equal(resolver_script_asked(w->parts.resolver, TWO, DNS_A), 1);
    dnsbl_zone_report(w->zone, DNSBL_SAID_NO, 0);
    loop_advance(w->parts.loop, 2LL * HOUR_MS);
    assert_int_equal(resolver_script_asked(w->parts.resolver, TWO, DNS_A), 2);
}

static void restarts(void **state)
{
    struct world *w = *state;
    dnsbl_zone_report(w->zone, DNSBL_SAID_STRANGE, 0xcb007107);
    int64_t until = status(w).until;
    dnsbl_zone_free(&w->zone);
    loop_advance(w->parts.loop, 10000);
    w->zone = dnsbl_zone_new(&w->parts, &w->o);
    assert_false(dnsbl_zone_usable(w->zone));
    assert_int_equal(status(w).reason, DNSBL_STRANGE);
    assert_int_equal(status(w).until, until);
    loop_advance(w->parts.loop, 300 * 1000);
    assert_true(dnsbl_zone_usable(w->zone));
    dnsbl_zone_free(&w->zone);
    static const char *const nonsense[] = { "", "1", "2 1 1 1 1 1 9999999999 1",
                                            "1 1 9 1 1 1 9999999999 1", "1 1 1 0 1 1 9999999999",
                                            "1 1 1 1 1 1 99999999999999999999 1", "x" };
    for (size_t i = 0; i < ROWS(nonsense); i++) {
        store_put(w->parts.store, STORE_ZONES, STR("bl"), str_c(nonsense[i]), loop_utc(w->parts.loop) + 99);
        w->zone = dnsbl_zone_new(&w->parts, &w->o);
        assert_true(dnsbl_zone_usable(w->zone));
        dnsbl_zone_free(&w->zone);
    }
    unsigned longest = w->o.rest_max_s;
    w->o.rest_s = w->o.rest_max_s = 86400;
    w->zone = dnsbl_zone_new(&w->parts, &w->o);
    dnsbl_zone_report(w->zone, DNSBL_SAID_STRANGE, 0);
    dnsbl_zone_free(&w->zone);
    w->o.rest_max_s = longest;
    w->zone = dnsbl_zone_new(&w->parts, &w->o);        /* no rest is longer than the settings' longest */
    assert_int_equal(status(w).until - loop_utc(w->parts.loop), longest);
    dnsbl_zone_free(&w->zone);
    w->o.zone = STR("other.example");                  /* the title stands for another list now */
    w->zone = dnsbl_zone_new(&w->parts, &w->o);
    assert_true(dnsbl_zone_usable(w->zone));
}

/* A rest that ended while nobody was there, or whose probe a reload cut off, proves nothing: the list
 * is probed before a client is refused by it again. */
static void returns_by_a_probe_only(void **state)
{
    struct world *w = *state;
    answer(w, ONE, "127.0.0.2");                       /* it lists everything */
    loop_advance(w->parts.loop, 2000);
    assert_int_equal(status(w).reason, DNSBL_LISTS_ALL);
    dnsbl_zone_free(&w->zone);
    loop_advance(w->parts.loop, 301 * 1000);
    w->zone = dnsbl_zone_new(&w->parts, &w->o);
    assert_false(dnsbl_zone_usable(w->zone));
    loop_advance(w->parts.loop, 100);                  /* and at once */
    assert_false(dnsbl_zone_usable(w->zone));
    assert_int_equal(status(w).reason, DNSBL_LISTS_ALL);
    assert_int_equal(status(w).rests, 2);              /* the back-off goes on */

    loop_advance(w->parts.loop, 600 * 1000 - 100);     /* the probe has begun, and is cut off */
    dnsbl_zone_free(&w->zone);
    w->zone = dnsbl_zone_new(&w->parts, &w->o);
    assert_false(dnsbl_zone_usable(w->zone));
    answer(w, ONE, NULL);
    loop_advance(w->parts.loop, 100);
    assert_true(dnsbl_zone_usable(w->zone));

    w->o.probe = DNSBL_PROBE_NONE;                     /* nothing could prove it: well after the rest */
    dnsbl_zone_report(w->zone, DNSBL_SAID_REFUSED, 0x7ffffffe);
    dnsbl_zone_free(&w->zone);
    loop_advance(w->parts.loop, 2LL * HOUR_MS);
    w->zone = dnsbl_zone_new(&w->parts, &w->o);
    assert_true(dnsbl_zone_usable(w->zone));
}

static void without_probe(void **state)
{
    struct world *w = *state;
    dnsbl_zone_free(&w->zone);
    w->o.probe = DNSBL_PROBE_NONE;
    w->zone = dnsbl_zone_new(&w->parts, &w->o);
    loop_advance(w->parts.loop, 2LL * HOUR_MS);
    assert_int_equal(resolver_script_asked(w->parts.resolver, TWO, DNS_A), 0);
    dnsbl_zone_report(w->zone, DNSBL_SAID_REFUSED, 0x7ffffffe);
    assert_false(dnsbl_zone_usable(w->zone));
    loop_advance(w->parts.loop, 301 * 1000);
    assert_true(dnsbl_zone_usable(w->zone));
    dnsbl_zone_report(w->zone, DNSBL_SAID_REFUSED, 0x7ffffffe);
    assert_int_equal(status(w).until - loop_utc(w->parts.loop), 600);
}

/* --- what is known of lists --- */

static void keys(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *secret, *name;
    } rows[] = {
        { "zen.spamhaus.org", "", "zen.spamhaus.org" },
        { "zen.dq.spamhaus.net", "", "zen.dq.spamhaus.net" },
        { "abcdefghijklmnopqrstuvwxyz.zen.dq.spamhaus.net", "abcdefghijklmnopqrstuvwxyz", "zen.dq.spamhaus.net" },
        { "Abc.ZEN.dq.Spamhaus.NET", "Abc", "zen.dq.spamhaus.net" },
        { "0123456789abcdef0123456789abcdef.combined.mail.abusix.zone", "0123456789abcdef0123456789abcdef",
          "combined.mail.abusix.zone" },
        { "bl.0a1b2c3d4e5f6a7b8c9d0.example", "0a1b2c3d4e5f6a7b8c9d0", "bl.example" },
        { "hostkarma.junkemailfilter.com", "", "hostkarma.junkemailfilter.com" },
        { "", "", "" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[DNSBL_NAME_MAX];
        struct str secret = dnsbl_secret(str_c(rows[i].zone)), name = dnsbl_public(str_c(rows[i].zone), text);
        if (!str_eq(secret, str_c(rows[i].secret)) || !str_eq(name, str_c(rows[i].name)))
            fail_msg("%s: \"%.*s\" \"%.*s\"", rows[i].zone, STR_ARG(secret), STR_ARG(name));
    }
    const struct dnsbl_known *known = dnsbl_known_find(STR("abc.zen.dq.spamhaus.net"));
    assert_non_null(known);
    assert_string_equal(known->zone, "zen.dq.spamhaus.net");
    assert_int_equal(dnsbl_known_find(STR("multi.URIBL.com"))->refusal, 0x7f000001);
    assert_null(dnsbl_known_find(STR("notsurbl.org")));
    assert_true(dnsbl_leaks(STR("see x-ABC-y"), STR("abc")));
    assert_false(dnsbl_leaks(STR("see x"), STR("")));
}

static void dead(void **state)
{
    (void)state;
    assert_string_equal(dnsbl_dead_find(STR("dnsbl.sorbs.net"))->since, "2024-06-05");
    assert_non_null(dnsbl_dead_find(STR("AHBL.org")));
    assert_non_null(dnsbl_dead_find(STR("ix.dnsbl.manitu.net")));
    assert_null(dnsbl_dead_find(STR("zen.spamhaus.org")));
    assert_null(dnsbl_dead_find(STR("mysorbs.net")));
    assert_string_equal(dnsbl_renamed_find(STR("SBL-XBL.spamhaus.org"))->now, "zen.spamhaus.org");
    assert_null(dnsbl_renamed_find(STR("zen.spamhaus.org")));
}

/* A reload begins another zone of the same name. */
static void goes_on_counting(void **state)
{
    struct world *w = *state;
    dnsbl_zone_report(w->zone, DNSBL_SAID_LISTED, 0);
    dnsbl_zone_report(w->zone, DNSBL_SAID_NO, 0);
    dnsbl_zone_report(w->zone, DNSBL_SAID_NOTHING, 0);
    struct dnsbl_zone *next = dnsbl_zone_new(&w->parts, &w->o);
    struct dnsbl_status before = status(w);
    dnsbl_zone_go_on(next, w->zone);
    dnsbl_zone_free(&w->zone);
    w->zone = next;
    struct dnsbl_status s = status(w);
    assert_int_equal(s.asked, 3);
    assert_int_equal(s.asked, before.asked);
    assert_int_equal(s.listed, 1);
    assert_int_equal(s.silent, 1);
    assert_int_equal(s.refused, before.refused);
}

/* The clock is set while a list rests: the rest is as long as it was to be, by the clock that nobody
 * sets; the line of the log says how long. */
static void clock_is_set(void **state)
{
    struct world *w = *state;
    static const int64_t steps[] = { -86400, -3650 * (int64_t)86400, 86400, 3650 * (int64_t)86400 };
    for (size_t i = 0; i < ROWS(steps); i++) {
        loop_set_utc(w->parts.loop, 1800000000 + (int64_t)i * 86400 * 20000);
        loop_advance(w->parts.loop, 2 * HOUR_MS);
        assert_true(dnsbl_zone_usable(w->zone));
        dnsbl_zone_report(w->zone, DNSBL_SAID_REFUSED, 0x7ffffffe);
        assert_false(dnsbl_zone_usable(w->zone));
        loop_set_utc(w->parts.loop, loop_utc(w->parts.loop) + steps[i]);
        loop_advance(w->parts.loop, 299000);
        assert_false(dnsbl_zone_usable(w->zone));
        loop_advance(w->parts.loop, (int64_t)3 * HOUR_MS);
        assert_true(dnsbl_zone_usable(w->zone));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refuses_and_returns, begin, end),
        cmocka_unit_test_setup_teardown(clock_is_set, begin, end),
        cmocka_unit_test_setup_teardown(probes, begin, end),
        cmocka_unit_test_setup_teardown(names, begin, end),
        cmocka_unit_test_setup_teardown(silence, begin, end),
        cmocka_unit_test_setup_teardown(silent_probe, begin, end),
        cmocka_unit_test_setup_teardown(lists_everything, begin, end),
        cmocka_unit_test_setup_teardown(doubts, begin, end),
        cmocka_unit_test_setup_teardown(idle, begin, end),
        cmocka_unit_test_setup_teardown(restarts, begin, end),
        cmocka_unit_test_setup_teardown(returns_by_a_probe_only, begin, end),
        cmocka_unit_test_setup_teardown(without_probe, begin, end),
        cmocka_unit_test_setup_teardown(goes_on_counting, begin, end),
        cmocka_unit_test(keys),
        cmocka_unit_test(dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
