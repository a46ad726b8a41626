/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_fcrdns - names that lead back, and those that do not
 *
 * A scripted DNS on a virtual clock plays honest, lying and silent reverse zones.
 */
#include "unit.h"

#include <string.h>

#include "event/loop.h"
#include "policy/fcrdns.h"

struct said {
    int calls;
    char name[FCRDNS_NAME_TEXT];
    bool sure;
};

static void on_name(void *ctx, struct str name, bool sure)
{
    struct said *s = ctx;
    s->calls++;
    s->sure = sure;
    assert_int_equal(str_copy(name, s->name, sizeof s->name), 0);
}

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static void script(struct resolver *r)
{
    resolver_script_add(r, "7.100.51.198.in-addr.arpa", DNS_PTR, DNS_OK, 5,
                        LIST("lies.example", "mail.example"));
    resolver_script_add(r, "lies.example", DNS_A, DNS_OK, 5, LIST("192.0.2.1"));
    resolver_script_add(r, "mail.example", DNS_A, DNS_OK, 50, LIST("192.0.2.9", "198.51.100.7"));
    resolver_script_add(r, "8.100.51.198.in-addr.arpa", DNS_PTR, DNS_OK, 5, LIST("lies.example"));
    resolver_script_add(r, "9.100.51.198.in-addr.arpa", DNS_PTR, DNS_TIMEOUT, 0, LIST(NULL));
    resolver_script_add(r, "10.100.51.198.in-addr.arpa", DNS_PTR, DNS_OK, 5, LIST("slow.example"));
    resolver_script_add(r, "slow.example", DNS_A, DNS_TIMEOUT, 0, LIST(NULL));
    resolver_script_add(r, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
                        DNS_PTR, DNS_OK, 5, LIST("six.example"));
    resolver_script_add(r, "six.example", DNS_AAAA, DNS_OK, 5, LIST("2001:db8::1"));
}

static void confirms_both_ways(void **unused)
{
    static const struct {
        const char *ip, *name;
        bool sure;
    } rows[] = {
        { "198.51.100.7", "mail.example", true },
        { "198.51.100.8", "", true },
        { "198.51.100.9", "", false },
        { "198.51.100.10", "", false },
        { "198.51.100.11", "", true },
        { "2001:db8::1", "six.example", true },
    };
    struct loop *l = loop_new_virtual(0);
    struct resolver *r = resolver_new_script(l);
    (void)unused;
    script(r);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct said said = { 0 };
        struct fcrdns f;
        struct ip ip;
        struct fcrdns_asker asker = { on_name, &said, 1000 };
        assert_int_equal(ip_parse(str_c(rows[i].ip), &ip), 0);
        fcrdns_start(&f, r, &ip, asker);
        assert_int_equal(said.calls, 0);
        loop_advance(l, 5000);
        assert_int_equal(said.calls, 1);
        assert_string_equal(said.name, rows[i].name);
        assert_int_equal(said.sure, rows[i].sure);
    }
    resolver_free(&r);
    loop_free(&l);
}

static void stops(void **unused)
{
    struct loop *l = loop_new_virtual(0);
    struct resolver *r = resolver_new_script(l);
    struct said said = { 0 };
    struct fcrdns_asker asker = { on_name, &said, 1000 };
    struct fcrdns f;
    struct ip ip;
    (void)unused;
    script(r);
    assert_int_equal(ip_parse(STR("198.51.100.7"), &ip), 0);
    fcrdns_start(&f, r, &ip, asker);
    loop_advance(l, 10);                         /* the names are being asked */
    fcrdns_stop(&f);
    fcrdns_stop(&f);
    loop_advance(l, 5000);
    assert_int_equal(said.calls, 0);
    resolver_free(&r);
    loop_free(&l);
}

static void matches_patterns(void **unused)
{
    (void)unused;
    assert_true(fcrdns_matches(STR("Mail.example.org"), STR("mail.Example.org")));
    assert_true(fcrdns_matches(STR("mail.example.org"), STR(".example.org")));
    assert_true(fcrdns_matches(STR("example.org"), STR(".example.org")));
    assert_false(fcrdns_matches(STR("mailexample.org"), STR(".example.org")));
    assert_false(fcrdns_matches(STR("mail.example.org"), STR("example.org")));
    assert_false(fcrdns_matches(STR("mail.example.org"), STR("")));
    assert_false(fcrdns_matches(STR(""), STR(".")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confirms_both_ways),
        cmocka_unit_test(stops),
        cmocka_unit_test(matches_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
