/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_callout_budget - how often strangers' servers may be asked
 *
 * Floods of domains, one busy server, a whole day: on numbers instead of a clock.
 */
#include "unit.h"

#include <stdio.h>

#include "policy/callout_budget.h"

static const struct conf_callout conf = {
    .per_minute = 30, .domain_per_minute = 3, .mx_per_minute = 5, .mx_connections = 2,
    .per_day = 1000,
};

static unsigned granted(struct callout_budget *b, struct str domain, unsigned tries, int64_t now)
{
    unsigned n = 0;
    for (unsigned i = 0; i < tries; i++)
        n += callout_budget_domain(b, domain, now)[0] == '\0';
    return n;
}

static void keeps_to_each_bucket(void **unused)
{
    struct callout_budget *b = callout_budget_new(&conf);
    char name[32];
    unsigned all = 0;
    (void)unused;
    assert_int_equal(granted(b, STR("a.example"), 100, 1000), 3);
    assert_int_equal(granted(b, STR("a.example"), 100, 1000 + 19999), 0);
    assert_int_equal(granted(b, STR("a.example"), 100, 1000 + 20000), 1);
    /* a flood of other domains: what is left of all, and not one more */
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "d%u.example", i);
        all += granted(b, str_c(name), 1, 1000 + 20000);
    }
    assert_in_range(all, 26, 30);
    /* a minute later it is full again, not fuller */
    all = 0;
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "e%u.example", i);
        all += granted(b, str_c(name), 1, 1000 + 20000 + 3600000);
    }
    assert_int_equal(all, 30);
    callout_budget_free(&b);
}

static void keeps_to_the_day(void **unused)
{
    struct conf_callout day = conf;
    struct callout_budget *b;
    char name[32];
    unsigned all = 0;
    (void)unused;
    day.per_day = 50;
    b = callout_budget_new(&day);
    for (unsigned i = 0; i < 600; i++) {
        snprintf(name, sizeof name, "d%u.example", i);
        all += granted(b, str_c(name), 1, (int64_t)i * 6000);
    }
    assert_int_equal(all, 50);
    assert_int_equal(granted(b, STR("next.example"), 1, (int64_t)24 * 3600000 + 1), 1);
    callout_budget_free(&b);
}

static void calls_one_server_gently(void **unused)
{
    struct callout_budget *b = callout_budget_new(&conf);
    struct ip mx;
    (void)unused;
    assert_int_equal(ip_parse(STR("198.51.100.7"), &mx), 0);
    assert_string_equal(callout_budget_mx(b, &mx, 0), "");
    assert_string_equal(callout_budget_mx(b, &mx, 0), "");
    assert_string_equal(callout_budget_mx(b, &mx, 0), "the mail server is being called already");
    callout_budget_over(b, &mx, false, 0);
    assert_string_equal(callout_budget_mx(b, &mx, 0), "");
    callout_budget_over(b, &mx, false, 0);
    callout_budget_over(b, &mx, false, 0);
    callout_budget_free(&b);
}

static void lets_a_busy_server_rest(void **unused)
{
    struct callout_budget *b = callout_budget_new(&conf);
    struct ip mx;
    int64_t now = 0, rest = 60000;
    (void)unused;
    assert_int_equal(ip_parse(STR("198.51.100.8"), &mx), 0);
    for (int i = 0; i < 10; i++) {
        assert_string_equal(callout_budget_mx(b, &mx, now), "");
        callout_budget_over(b, &mx, true, now);
        assert_string_equal(callout_budget_mx(b, &mx, now + rest - 1), "the mail server rests");
        now += rest;
        rest = rest * 2 > 3600000 ? 3600000 : rest * 2;
    }
    /* once it answers, all is forgotten */
    assert_string_equal(callout_budget_mx(b, &mx, now), "");
    callout_budget_over(b, &mx, false, now);
    assert_string_equal(callout_budget_mx(b, &mx, now + 60000), "");
    callout_budget_free(&b);
}

/* A reload: the next owner has the rest of the budget, its own limits, and the open connections. */
static void goes_on(void **unused)
{
    struct callout_budget *old = callout_budget_new(&conf), *b;
    struct conf_callout more = conf;
    struct callout_budget_stats stats;
    struct ip mx;
    (void)unused;
    assert_int_equal(ip_parse(STR("198.51.100.7"), &mx), 0);
    assert_int_equal(granted(old, STR("a.example"), 100, 1000), 3);
    assert_string_equal(callout_budget_mx(old, &mx, 1000), "");
    assert_string_equal(callout_budget_mx(old, &mx, 1000), "");
    b = callout_budget_share(old, &conf);
    assert_int_equal(granted(b, STR("a.example"), 100, 1001), 0);
    assert_string_equal(callout_budget_mx(b, &mx, 1001), "the mail server is being called already");
    callout_budget_over(old, &mx, false, 1002);      /* a call of before ends */
    callout_budget_free(&old);
    assert_null(old);
    assert_string_equal(callout_budget_mx(b, &mx, 1002), "");
    callout_budget_stats(b, &stats);
    assert_int_equal(stats.granted, 3);
    old = b;
    more.domain_per_minute = 10;
    b = callout_budget_share(old, &more);
    callout_budget_free(&old);
    assert_int_equal(granted(b, STR("a.example"), 100, 1000 + 6000), 1);
    assert_int_equal(granted(b, STR("a.example"), 100, 1000 + 600000), 10);
    callout_budget_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_to_each_bucket),
        cmocka_unit_test(keeps_to_the_day),
        cmocka_unit_test(calls_one_server_gently),
        cmocka_unit_test(lets_a_busy_server_rest),
        cmocka_unit_test(goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
