/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_address - envelope addresses, and what people write into alias files
 *
 * Clients choose the first kind, so a wrong reading lets one address pass for another; the second
 * decides whether an alias has one child or is broken.
 */
#include "mail/address.h"

#include "unit.h"

struct row {
    const char *text;
    enum address_fault fault;
    const char *local, *domain;
};

static void check_rows(const struct row *rows, size_t n,
                       enum address_fault (*read)(struct str, struct address *))
{
    for (size_t i = 0; i < n; i++) {
        struct address a;
        enum address_fault fault = read(str_c(rows[i].text), &a);
        if (fault != rows[i].fault)
            fail_msg("\"%s\": %s", rows[i].text, address_fault_text(fault));
        if (fault != ADDRESS_OK)
            continue;
        if (!str_eq(a.local, str_c(rows[i].local)) || !str_eq(a.domain, str_c(rows[i].domain)))
            fail_msg("\"%s\": %.*s at %.*s", rows[i].text, STR_ARG(a.local), STR_ARG(a.domain));
    }
}

static void test_parse(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "joe@example.com", ADDRESS_OK, "joe", "example.com" },
        { "Joe@Example.COM", ADDRESS_OK, "Joe", "example.com" },
        { "joe+tag@example.com", ADDRESS_OK, "joe+tag", "example.com" },
        { "\"joe\"@example.com", ADDRESS_OK, "joe", "example.com" },
        { "\"j o\\\"e\"@example.com", ADDRESS_OK, "j o\"e", "example.com" },
        { "\"a@b\"@example.com", ADDRESS_OK, "a@b", "example.com" },
        { "\"\"@example.com", ADDRESS_OK, "", "example.com" },
        { "j\\oe@example.com", ADDRESS_OK, "joe", "example.com" },
        { "a..b.@example.com", ADDRESS_OK, "a..b.", "example.com" },
        { ".a@example.com", ADDRESS_OK, ".a", "example.com" },
        { "a.\"b c\".d@example.com", ADDRESS_OK, "a.b c.d", "example.com" },
        { "joe@example.com.", ADDRESS_OK, "joe", "example.com" },
        { "joe@host", ADDRESS_OK, "joe", "host" },
        { "joe@my_host.example", ADDRESS_OK, "joe", "my_host.example" },
        { "joe@b\xc3\xbc" "cher.example", ADDRESS_OK, "joe", "b\xc3\xbc" "cher.example" },
        { "joe@[192.0.2.1]", ADDRESS_OK, "joe", "[192.0.2.1]" },
        { "joe@[IPv6:2001:DB8::1]", ADDRESS_OK, "joe", "[ipv6:2001:db8::1]" },
        { "", ADDRESS_EMPTY, NULL, NULL },
        { "joe", ADDRESS_NO_DOMAIN, NULL, NULL },
        { "@example.com", ADDRESS_ROUTE, NULL, NULL },
        { "@a,@b:joe@example.com", ADDRESS_ROUTE, NULL, NULL },
        { "joe@", ADDRESS_BAD_DOMAIN, NULL, NULL },
        { "joe@.", ADDRESS_BAD_DOMAIN, NULL, NULL },
        { "joe@a..b", ADDRESS_BAD_DOMAIN, NULL, NULL },
        { "joe@-a.example", ADDRESS_BAD_DOMAIN, NULL, NULL },
        { "joe@.example", ADDRESS_BAD_DOMAIN, NULL, NULL },
        { "joe@[192.0.2.300]", ADDRESS_BAD_LITERAL, NULL, NULL },
        { "joe@[192.0.2.1", ADDRESS_BAD_LITERAL, NULL, NULL },
        { "joe@[]", ADDRESS_BAD_LITERAL, NULL, NULL },
        { "joe@example.com ", ADDRESS_JUNK, NULL, NULL },
        { "joe smith@example.com", ADDRESS_JUNK, NULL, NULL },
        { "joe(x)@example.com", ADDRESS_JUNK, NULL, NULL },
        { "joe@example.com>", ADDRESS_JUNK, NULL, NULL },
        { "joe@example.com@other.example", ADDRESS_JUNK, NULL, NULL },
        { "\"joe@example.com", ADDRESS_BAD_LOCAL, NULL, NULL },
        { "<joe@example.com>", ADDRESS_BAD_LOCAL, NULL, NULL },
    };
    check_rows(rows, ROWS(rows), address_parse);
}

static void test_nul(void **state)
{
    (void)state;
    struct address a;
    assert_int_equal(address_parse(STR("joe\0x@example.com"), &a), ADDRESS_JUNK);
    assert_int_equal(address_parse(STR("joe@exam\0ple.com"), &a), ADDRESS_JUNK);
}

/* RFC 5321, 4.5.3.1: 64 and 255 octets. */
static void test_limits(void **state)
{
    (void)state;
    char text[400];
    struct address a;
    for (size_t local = 63; local <= 66; local++) {
        memset(text, 'x', local);
        memcpy(text + local, "@a.example", 10);
        assert_int_equal(address_parse(str_make(text, local + 10), &a),
                         local <= 64 ? ADDRESS_OK : ADDRESS_TOO_LONG);
    }
    for (size_t domain = 254; domain <= 257; domain++) {
        memcpy(text, "a@", 2);
        memset(text + 2, 'x', domain);
        assert_int_equal(address_parse(str_make(text, domain + 2), &a),
                         domain <= 255 ? ADDRESS_OK : ADDRESS_TOO_LONG);
    }
    memset(text, 'x', sizeof text);
    assert_int_equal(address_parse(str_make(text, sizeof text), &a), ADDRESS_TOO_LONG);
    assert_int_equal(address_extract(str_make(text, sizeof text), &a), ADDRESS_TOO_LONG);
}

static void test_extract(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "joe", ADDRESS_OK, "joe", "" },
        { "joe@example.com", ADDRESS_OK, "joe", "example.com" },
        { " joe @ example . com ", ADDRESS_OK, "joe", "example.com" },
        { "<joe@example.com>", ADDRESS_OK, "joe", "example.com" },
        { "Joe Smith <joe@Example.com> (home)", ADDRESS_OK, "joe", "example.com" },
        { "a.n.other <joe@example.com>", ADDRESS_OK, "joe", "example.com" },
        { "\"Smith, Joe\" <joe>", ADDRESS_OK, "joe", "" },
        { "(a (nested) comment) joe@example.com", ADDRESS_OK, "joe", "example.com" },
        { "joe(un\\)closed@example.com", ADDRESS_OK, "joe", "" },
        { "@a,@b:joe@example.com", ADDRESS_OK, "joe", "example.com" },
        { "<@a:joe@example.com>", ADDRESS_OK, "joe", "example.com" },
        { "", ADDRESS_EMPTY, NULL, NULL },
        { " (only a comment) ", ADDRESS_EMPTY, NULL, NULL },
        { "joe smith", ADDRESS_BAD_LOCAL, NULL, NULL },
        { "joe@example.com, ann", ADDRESS_JUNK, NULL, NULL },
        { "<joe@example.com", ADDRESS_JUNK, NULL, NULL },
        { "<>", ADDRESS_BAD_LOCAL, NULL, NULL },
        { "joe <joe@example.com> x", ADDRESS_JUNK, NULL, NULL },
        { "<@a:joe>", ADDRESS_NO_DOMAIN, NULL, NULL },
        { "@a joe", ADDRESS_BAD_LOCAL, NULL, NULL },
        { "\"joe", ADDRESS_BAD_LOCAL, NULL, NULL },
    };
    check_rows(rows, ROWS(rows), address_extract);
}

static void test_within(void **unused)
{
    static const struct {
        const char *name, *domain;
        bool within;
    } rows[] = {
        { "example.org", "example.org", true },
        { "Mail.Example.org", "example.ORG", true },
        { "a.b.example.org", "example.org", true },
        { "badexample.org", "example.org", false },
        { "example.org", "mail.example.org", false },
        { "org", "example.org", false },
        { "example.org", "", false },
        { "", "example.org", false },
        { "", "", false },
    };
    (void)unused;
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (domain_within(str_c(rows[i].name), str_c(rows[i].domain)) != rows[i].within)
            fail_msg("%s in %s", rows[i].name, rows[i].domain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_nul), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_extract), cmocka_unit_test(test_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
