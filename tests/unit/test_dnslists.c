/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dnslists - Exim's dnslists: the grammar, and the truth table
 *
 * The rows of `truth` are Exim's own test 0139, which the end-to-end tests run
 * against the real Exim. Each is judged in both readings.
 */
#include "unit.h"

#include <stdio.h>

#include "mail/dnslists.h"

static struct arena *arena;

static int begin(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct dnslist parse(const char *text)
{
    struct dnslist list;
    struct dnslist_problem problem;
    if (dnslist_parse(str_c(text), arena, &list, &problem) != 0)
        fail_msg("\"%s\" at %zu: %s", text, problem.at, problem.what);
    return list;
}

/* --- the grammar --- */

static void plain(void **state)
{
    (void)state;
    struct dnslist l = parse(" zen.spamhaus.org : +Defer_Unknown : "
                             "rbl.example,rbl-plus.example=127.0.0.2, 127.0.0.4 : ");
    assert_int_equal(l.count, 2);
    assert_str(l.items[0].zone, "zen.spamhaus.org");
    assert_str(l.items[0].txt_zone, "zen.spamhaus.org");
    assert_int_equal(l.items[0].address_count, 0);
    assert_int_equal(l.items[0].unknown, DNSLIST_EXCLUDE_UNKNOWN);
    assert_str(l.items[1].zone, "rbl-plus.example");
    assert_str(l.items[1].txt_zone, "rbl.example");
    assert_int_equal(l.items[1].address_count, 2);
    assert_int_equal(l.items[1].addresses[1], 0x7f000004);
    assert_int_equal(l.items[1].unknown, DNSLIST_DEFER_UNKNOWN);
    assert_str(l.items[1].text, "rbl.example,rbl-plus.example=127.0.0.2, 127.0.0.4");
    /* by whatever name: or a dead list would not be known, nor a key */
    l = parse("rbl.example.,zen.spamhaus.org.!=127.0.0.2 : bl.example./key.");
    assert_str(l.items[0].zone, "zen.spamhaus.org");
    assert_str(l.items[0].txt_zone, "rbl.example");
    assert_str(l.items[1].zone, "bl.example");
    assert_str(l.items[1].keys[0], "key.");
}

static void operators(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool mask, all, negated;
    } rows[] = {
        { "z.example=127.0.0.2", false, false, false }, { "z.example&0.0.0.6", true, false, false },
        { "z.example==127.0.0.2", false, true, false }, { "z.example=&0.0.0.6", true, true, false },
        { "z.example!=127.0.0.2", false, false, true }, { "z.example!&0.0.0.6", true, false, true },
        { "z.example!==127.0.0.2", false, true, true }, { "z.example!=&0.0.0.6", true, true, true },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct dnslist l = parse(rows[i].text);
        const struct dnslist_item *it = &l.items[0];
        if (it->mask != rows[i].mask || it->all != rows[i].all || it->negated != rows[i].negated ||
            it->address_count != 1 || !str_eq(it->zone, STR("z.example")))
            fail_msg("%s", rows[i].text);
    }
}

static void keys(void **state)
{
    (void)state;
    struct dnslist l = parse("a.example/$sender_address_domain : b.example=127.0.0.2/<;1.2.3.4;x.y :c.example/z");
    assert_int_equal(l.count, 3);
    assert_int_equal(l.items[0].key_count, 1);
    assert_str(l.items[0].keys[0], "$sender_address_domain");
    assert_int_equal(l.items[1].key_count, 2);
    assert_str(l.items[1].keys[0], "1.2.3.4");
    assert_str(l.items[1].keys[1], "x.y");
    l = parse("b.example/<;2001::db8::::1;x.y");     /* a colon that is doubled does not end an item ... */
    assert_int_equal(l.items[0].key_count, 2);
    assert_str(l.items[0].keys[0], "2001:db8::1");
    l = parse("<; b.example/<,1.2.3.4,2001:db8::1,x.y; c.example/a:b ; d.example/a::b");
    assert_int_equal(l.count, 3);                  /* ... in a list of semicolons none does */
    assert_int_equal(l.items[0].key_count, 3);
    assert_str(l.items[0].keys[1], "2001:db8::1");
    assert_int_equal(l.items[1].key_count, 2);
    assert_int_equal(l.items[2].key_count, 1);
    assert_str(l.items[2].keys[0], "a:b");
    l = parse("c.example/a::b::c");                /* Exim's test 0509 */
    assert_int_equal(l.items[0].key_count, 3);
    assert_str(l.items[0].keys[2], "c");
}

static void problems(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        const char *says;
    } rows[] = {
        { "", 0, "no list" },
        { "+include_unknown", 0, "no list" },
        { "a.example : +unknown", 12, "behind a plus" },
        { "a.example : : b.example", 12, "empty item" },
        { "a.example=127.0.0.256", 10, "not an IPv4" },
        { "a.example=127.0.0.1,", 20, "not an IPv4" },
        { "a.example=127.0.0.1,::1", 20, "not an IPv4" },
        { "a.example=", 10, "not an IPv4" },
        { "=127.0.0.1", 0, "missing" },
        { "a.example,=127.0.0.1", 10, "missing" },
        { "a exam.ple", 1, "only letters" },
        { "a.example : b..example", 14, "empty label" },
        { "a.example/", 10, "no key" },
        { "$x.example", 0, "in a key only" },
        { "a.example/x.$local_part", 13, "only $sender" },
        { "a.example/${sender_helo_name", 11, "only $sender" },
        { "a.example/${lc:$sender_helo_name}", 11, "only $sender" },
        { "x.example/a::b : b.example=bad", 27, "not an IPv4" },
        { "x.example/a::b=bad : b!example", 22, "only letters" },
        { "x.example/a::$bad", 14, "only $sender" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct dnslist list;
        struct dnslist_problem problem = { 0, "" };
        if (dnslist_parse(str_c(rows[i].text), arena, &list, &problem) == 0)
            fail_msg("\"%s\" was taken", rows[i].text);
        if (problem.at != rows[i].at || strstr(problem.what, rows[i].says) == NULL)
            fail_msg("\"%s\" at %zu: %s", rows[i].text, problem.at, problem.what);
    }
}

/* --- the names that are asked --- */

static void queries(void **state)
{
    (void)state;
    static const struct {
        const char *key, *expect;
        bool address;
    } rows[] = {
        { "192.0.2.99", "99.2.0.192.bl.example", true },
        { "::ffff:192.0.2.99", "99.2.0.192.bl.example", true },
        { "2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example", true },
        { "example.org", "example.org.bl.example", false },
        { "[192.0.2.99]", "[192.0.2.99].bl.example", false },
        { "IPv6:::1", "IPv6:::1.bl.example", false },
    };
    struct dnslist_query q;
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_int_equal(dnslist_query_make(str_c(rows[i].key), STR("bl.example"), &q), 0);
        assert_string_equal(q.text, rows[i].expect);
        assert_int_equal(q.n, strlen(q.text));
        assert_int_equal(q.address, rows[i].address);
    }
    char key[260];
    memset(key, 'a', sizeof key);
    assert_int_equal(dnslist_query_make(str_make(key, 244), STR("bl.example"), &q), 0);
    assert_int_equal(dnslist_query_make(str_make(key, 245), STR("bl.example"), &q), -1);
    assert_int_equal(dnslist_query_make(STR(""), STR("bl.example"), &q), -1);
}

static void expansion(void **state)
{
    (void)state;
    const struct dnslist_values values = {
        .sender_host_address = STR("192.0.2.1"), .sender_helo_name = STR("$sender_address.evil"),
        .sender_address = STR("u@d.example"), .sender_address_domain = STR("d.example"),
    };
    static const struct {
        const char *key, *expect;
    } rows[] = {
        { "plain", "plain" }, { "$sender_host_address", "192.0.2.1" },
        { "x.${sender_address_domain}.y", "x.d.example.y" },
        { "$sender_helo_name", "$sender_address.evil" },    /* what a client says is not expanded again */
        { "$sender_address", "u@d.example" }, { "$sender_host_name", NULL }, { "a.$sender_host_name.b", NULL },
    };
    struct buf b;
    buf_init(&b, 100);
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf_reset(&b);
        int rc = dnslist_key_expand(str_c(rows[i].key), &values, &b);
        if (rc != (rows[i].expect != NULL) || (rc == 1 && !str_eq(buf_str(&b), str_c(rows[i].expect))))
            fail_msg("%s", rows[i].key);
    }
    buf_fini(&b);
    assert_true(dnslist_key_chosen(STR("x$sender_address")));
    assert_true(dnslist_key_chosen(STR("$sender_host_address.${sender_helo_name}")));
    assert_false(dnslist_key_chosen(STR("$sender_host_address")));
    assert_false(dnslist_key_chosen(STR("1.2.3.4")));
}

/* --- the truth --- */

static const struct {
    const char *answers, *condition;
    bool exim, safe;
} truth[] = {
    { "127.0.0.1,127.0.0.2", "=127.0.0.1", true, true },
    { "127.0.0.1,127.0.0.2", "!=127.0.0.1", false, false },
    { "127.0.0.1,127.0.0.2", "!=127.0.0.3", true, true },
    { "127.0.0.1,127.0.0.2", "==127.0.0.1", false, false },
    { "127.0.0.1,127.0.0.2", "==127.0.0.1,127.0.0.2", true, true },
    { "127.0.0.1,127.0.0.2", "!==127.0.0.1", true, true },
    { "127.0.0.1,127.0.0.2", "!==127.0.0.3", true, true },
    { "127.0.0.1,127.0.0.2", "!==127.0.0.1,127.0.0.2", false, false },
    { "127.0.0.1,127.0.0.2", "", true, true },
    { "127.0.0.6", "&0.0.0.6", true, true },
    { "127.0.0.6", "&127.0.0.3", false, false },
    { "127.0.0.6", "!&0.0.0.7", true, true },
    { "127.0.0.6", "=127.0.0.128", false, false },
    { "127.0.0.7", "&0.0.0.6", true, true },
    { "127.0.0.7", "&127.0.0.3", true, true },
    { "127.0.0.7", "!&0.0.0.7", false, false },
    { "127.0.0.2", "!=127.0.0.3", true, true },
    { "127.0.0.2", "=127.0.0.3", false, false },
    { "127.0.0.3", "!=127.0.0.3", false, false },
    { "127.0.0.3", "=127.0.0.3", true, true },
    { "127.0.0.6,127.0.0.4", "=&0.0.0.4", true, true },
    { "127.0.0.6,127.0.0.2", "=&0.0.0.4", false, false },
    { "127.0.0.6,127.0.0.2", "!=&0.0.0.4", true, true },
    { "", "", false, false },
    { "", "=127.0.0.1", false, false },
    { "", "!=127.0.0.1", false, false },
    { "", "==127.0.0.1", false, false },
    { "", "!==127.0.0.1", false, false },
    { "", "!&0.0.0.1", false, false },
    /* out of range: the differences between the readings */
    { "0.0.0.0", "", false, false }, { "126.255.255.255", "", false, false },
    { "128.0.0.0", "", false, false }, { "255.255.255.255", "", false, false },
    { "255.255.255.255,255.255.255.254", "", false, false },
    { "0.0.0.0", "=127.0.0.1", false, false }, { "255.255.255.255", "==127.0.0.1", false, false },
    { "0.0.0.0", "!=127.0.0.1", true, false }, { "126.255.255.255", "!=127.0.0.1", true, false },
    { "128.0.0.0", "!=127.0.0.1", true, false }, { "255.255.255.255", "!=127.0.0.1", true, false },
    { "255.255.255.255,255.255.255.254", "!=127.0.0.1", true, false },
    { "0.0.0.0", "!==127.0.0.1", true, false }, { "126.255.255.255", "!==127.0.0.1", true, false },
    { "128.0.0.0", "!==127.0.0.1", true, false }, { "255.255.255.255", "!==127.0.0.1", true, false },
    { "255.255.255.255,255.255.255.254", "!==127.0.0.1", true, false },
    { "255.255.255.255,127.0.0.0", "", true, false },
    { "255.255.255.255,127.0.0.0", "=127.0.0.1", false, false },
    { "255.255.255.255,127.0.0.0", "!=127.0.0.1", true, false },
    { "255.255.255.255", "&0.0.0.1", false, false },
    { "255.255.255.255", "!&0.0.0.1", true, false },
    { "255.255.255.255", "&0.0.0.0", true, false },
    /* refusals */
    { "127.255.255.254", "", true, false },
    { "127.255.255.254", "!=127.0.0.1", true, false },
    { "127.255.255.252", "!&0.255.255.0", false, false },
    { "127.0.0.2,127.255.255.255", "=127.0.0.2", true, false },
    { "127.0.0.2", "!&0.255.255.0", true, true },
};

static size_t addresses_of(const char *text, uint32_t *out)
{
    struct str s = str_c(text);
    size_t n = 0;
    while (s.n > 0)
        assert_int_equal(dnslist_address(str_cut(&s, ','), &out[n++]), 0);
    return n;
}

static void truth_table(void **state)
{
    (void)state;
    char text[64];
    for (size_t i = 0; i < ROWS(truth); i++) {
        uint32_t answers[8] = { 0 }, code;
        size_t n = addresses_of(truth[i].answers, answers);
        struct buf b;
        buf_init(&b, sizeof text);
        buf_addf(&b, "z.example%s", truth[i].condition);
        struct dnslist l = parse(buf_c(&b));
        for (unsigned exim = 0; exim < 2; exim++) {
            const struct dnslist_rules rules = { .exim = exim };
            bool listed = dnslist_judge(&l.items[0], answers, n, &rules, &code) == DNSLIST_LISTED;
            if (listed != (exim ? truth[i].exim : truth[i].safe))
                fail_msg("{%s} %s %s: %s", truth[i].answers, truth[i].condition, exim ? "exim" : "safe",
                         listed ? "listed" : "not listed");
        }
        buf_fini(&b);
    }
}

static void states(void **state)
{
    (void)state;
    static const uint32_t own[] = { 0x7f000001 };
    static const struct {
        const char *answers, *condition;
        bool address, own;
        enum dnslist_outcome outcome;
        uint32_t code;
    } rows[] = {
        { "127.0.0.9,127.0.0.2", "=127.0.0.2", true, false, DNSLIST_LISTED, 0x7f000002 },
        { "127.0.0.2,127.0.0.4", "", true, false, DNSLIST_LISTED, 0x7f000002 },
        { "127.0.0.2,127.255.255.254", "", true, false, DNSLIST_REFUSED, 0x7ffffffe },
        { "203.0.113.7", "!=127.0.0.2", true, false, DNSLIST_OUT_OF_RANGE, 0xcb007107 },
        { "203.0.113.7,127.255.255.255", "", true, false, DNSLIST_REFUSED, 0x7fffffff },
        { "127.0.1.255", "", true, false, DNSLIST_REFUSED, 0x7f0001ff },
        { "127.0.1.255", "", false, false, DNSLIST_LISTED, 0x7f0001ff },
        { "127.0.0.1", "", true, false, DNSLIST_LISTED, 0x7f000001 },
        { "127.0.0.1", "!=127.0.0.2", false, true, DNSLIST_REFUSED, 0x7f000001 },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[64];
        snprintf(text, sizeof text, "z.example%s", rows[i].condition);
        struct dnslist l = parse(text);
        uint32_t answers[8] = { 0 }, code = 0;
        size_t n = addresses_of(rows[i].answers, answers);
        const struct dnslist_rules rules = {
            .address = rows[i].address, .refusals = own, .refusal_count = rows[i].own ? 1 : 0,
        };
        enum dnslist_outcome outcome = dnslist_judge(&l.items[0], answers, n, &rules, &code);
        if (outcome != rows[i].outcome || code != rows[i].code)
            fail_msg("{%s} %s: %d %08x", rows[i].answers, rows[i].condition, (int)outcome, code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),   cmocka_unit_test(operators), cmocka_unit_test(keys),
        cmocka_unit_test(problems), cmocka_unit_test(queries),  cmocka_unit_test(expansion),
        cmocka_unit_test(truth_table), cmocka_unit_test(states),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
