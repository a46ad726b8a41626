/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_ip - addresses in and out, and what is said of them
 *
 * Logs and headers write one address in many ways, and senders write what only looks like one. A wrong
 * reading would name a stranger as the client, or take a private network for the Internet.
 */
#include "mail/ip.h"

#include "unit.h"

static void test_parse(void **state)
{
    (void)state;
    static const struct { const char *text, *back; bool four; } rows[] = {
        { "192.0.2.1", "192.0.2.1", true },
        { "[192.0.2.1]", "192.0.2.1", true },
        { "0.0.0.0", "0.0.0.0", true },
        { "255.249.100.109", "255.249.100.109", true },
        { "9.10.99.101", "9.10.99.101", true },
        { "::ffff:192.0.2.1", "192.0.2.1", true },
        { "IPv6:::ffff:c000:201", "192.0.2.1", true },
        { "2001:db8::1", "2001:db8::1", false },
        { "[IPv6:2001:DB8:0:0:0:0:0:1]", "2001:db8::1", false },
        { "ipv6:2001:db8::1", "2001:db8::1", false },
        { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", false },
        { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", false },
        { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", false },
        { "::", "::", false },
        { "::1", "::1", false },
        { "2001:db8::192.0.2.1", "2001:db8::c000:201", false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip ip;
        char text[IP_TEXT_MAX];
        if (ip_parse(str_c(rows[i].text), &ip) != 0)
            fail_msg("%s is an address", rows[i].text);
        assert_string_equal(ip_format(&ip, text), rows[i].back);
        assert_int_equal(ip_is4(&ip), rows[i].four);
    }
}

static void test_no_parse(void **state)
{
    (void)state;
    static const struct str rows[] = {
        STR_INIT(""), STR_INIT("192.0.2"), STR_INIT("192.0.2.256"), STR_INIT("192.0.2.1.2"),
        STR_INIT("192.0.2.1 "), STR_INIT(" 192.0.2.1"), STR_INIT("192.0.2.01"),
        STR_INIT("192.0.2.1:25"), STR_INIT("[192.0.2.1"), STR_INIT("192.0.2.1]"), STR_INIT("[]"),
        STR_INIT("IPv6:"), STR_INIT("IPv6:192.0.2.1"), STR_INIT("fe80::1%eth0"), STR_INIT("1"),
        STR_INIT("2001:db8:::1"), STR_INIT("12345::"), STR_INIT("192.0.2.1\0"), STR_INIT("0x7f.1"),
        STR_INIT("2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8"),
    };
    struct ip ip;
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (ip_parse(rows[i], &ip) == 0)
            fail_msg("%s is no address", rows[i].p);
    }
}

static struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(str_c(text), &ip), 0);
    return ip;
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct { const char *text; bool loopback, private; } rows[] = {
        { "127.0.0.1", true, true },        { "127.255.255.255", true, true },
        { "128.0.0.1", false, false },      { "::1", true, true },
        { "::2", false, false },            { "::ffff:127.0.0.1", true, true },
        { "10.255.0.1", false, true },      { "11.0.0.1", false, false },
        { "172.15.255.255", false, false }, { "172.16.0.1", false, true },
        { "172.31.255.255", false, true },  { "172.32.0.1", false, false },
        { "192.168.1.1", false, true },     { "192.169.1.1", false, false },
        { "169.254.1.1", false, true },     { "100.64.0.1", false, true },
        { "100.127.255.255", false, true }, { "100.128.0.1", false, false },
        { "192.0.2.1", false, false },      { "fc00::1", false, true },
        { "fdff::1", false, true },         { "fe00::1", false, false },
        { "fe80::1", false, true },         { "febf::1", false, true },
        { "fec0::1", false, false },        { "2001:db8::1", false, false },
        { "0.0.0.0", false, false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip ip = ip_of(rows[i].text);
        if (ip_loopback(&ip) != rows[i].loopback || ip_private(&ip) != rows[i].private)
            fail_msg("%s", rows[i].text);
    }
    static const char *const bogus[] = { "0.0.0.0", "0.255.0.1", "224.0.0.1", "255.255.255.255",
                                         "::", "::2", "ff02::1", "10.0.0.1", "::1" };
    static const char *const proper[] = { "1.0.0.1", "223.255.255.255", "2a01:4f8::1", "11.0.0.1" };
    for (size_t i = 0; i < ROWS(bogus); i++) {
        struct ip ip = ip_of(bogus[i]);
        if (!ip_bogus(&ip))
            fail_msg("%s", bogus[i]);
    }
    for (size_t i = 0; i < ROWS(proper); i++) {
        struct ip ip = ip_of(proper[i]);
        if (ip_bogus(&ip))
            fail_msg("%s", proper[i]);
    }
}

static void test_nets(void **state)
{
    (void)state;
    static const struct { const char *net, *ip; bool in; } rows[] = {
        { "192.0.2.0/24", "192.0.2.255", true },  { "192.0.2.0/24", "192.0.3.0", false },
        { "192.0.2.7", "192.0.2.7", true },       { "192.0.2.7", "192.0.2.6", false },
        { "192.0.2.7/32", "192.0.2.6", false },   { "192.0.2.6/31", "192.0.2.7", true },
        { "0.0.0.0/0", "203.0.113.9", true },     { "0.0.0.0/0", "2001:db8::1", false },
        { "::/0", "203.0.113.9", false },         { "::/0", "2001:db8::1", true },
        { "2001:db8::/32", "2001:db8:1::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
        { "[2001:db8::]/64", "2001:db8::9", true }, { "2001:db8::1", "2001:db8::1", true },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip net, ip = ip_of(rows[i].ip);
        unsigned bits;
        assert_int_equal(ip_parse_net(str_c(rows[i].net), &net, &bits), 0);
        if (ip_in(&ip, &net, bits) != rows[i].in)
            fail_msg("%s in %s", rows[i].ip, rows[i].net);
    }
    static const char *const bad[] = {
        "192.0.2.0/33", "2001:db8::/129",  "192.0.2.0/",   "192.0.2.0/a",
        "/24",          "192.0.2.0/24/24", "192.0.2.0/-1", "",
    };
    for (size_t i = 0; i < ROWS(bad); i++) {
        struct ip net;
        unsigned bits;
        if (ip_parse_net(str_c(bad[i]), &net, &bits) == 0)
            fail_msg("%s is no network", bad[i]);
    }
    struct ip a = ip_of("192.0.2.1"), b = ip_of("::ffff:192.0.2.1"), c = ip_of("192.0.2.2");
    assert_true(ip_eq(&a, &b));
    assert_false(ip_eq(&a, &c));
    assert_false(ip_in(&a, &a, 33));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_no_parse),
        cmocka_unit_test(test_kinds), cmocka_unit_test(test_nets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
