/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_table - what becomes of an address
 *
 * Order of the places, aliases of aliases, loops, details, defaults, and a million addresses of which
 * not one is confused with another.
 */
#include "tables/table.h"

#include <stdio.h>

#include "unit.h"

static const char *const state_names[] = { "no-table", "foreign", "backup", "valid", "catch-all",
                                           "blackhole", "unknown", "fail", "defer" };

static struct table *t;
static uint32_t file;

static void alias(const char *local, uint32_t domain, const char *list)
{
    struct aliases_verdict v;
    aliases_verify(str_c(list), NULL, NULL, &v);
    if (strcmp(local, "*") == 0)
        assert_int_equal(table_default(t, domain, &v, file), 0);
    else
        assert_int_equal(table_alias(t, str_c(local), domain, &v, file), 0);
}

static void check(const char *address, enum recipient_state expected)
{
    struct table_answer a;
    struct str text = str_c(address);
    size_t at = str_rfind_c(text, '@');
    table_ask(t, str_head(text, at), str_skip(text, at + 1), &a);
    if (a.state != expected)
        fail_msg("%s is %s, not %s", address, state_names[a.state], state_names[expected]);
}

static int setup(void **state)
{
    (void)state;
    t = table_new(1000000);
    file = table_source(t, STR("/etc/aliases"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    table_free(&t);
    return 0;
}

static void test_places(void **state)
{
    (void)state;
    uint32_t a = table_domain(t, STR("A.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    table_domain(t, STR("backup.example"), DOMAIN_BACKUP);
    table_mailbox(t, STR("Joe"), a, file);
    table_mailbox(t, STR("both"), a, file);
    table_mailbox(t, STR("declined"), a, file);
    table_mailbox(t, STR("shut"), a, file);
    alias("both", a, "both@a.example, other@far.example");
    alias("declined", a, ":unknown:");
    alias("shut", a, ":fail: moved");
    alias("gone", a, ":fail: 551 5.1.6 gone");
    alias("later", a, ":defer: later");
    alias("hole", a, ":blackhole:");
    alias("bad", a, "joe smith");
    alias("list", a, "x@far.example, y@far.example");
    alias("far", a, "x@far.example");
    alias("first", a, ":fail: first");
    alias("first", a, "second@far.example");
    check("joe@a.example", RECIPIENT_VALID);
    check("JOE@A.EXAMPLE", RECIPIENT_VALID);
    check("joe@a.example.", RECIPIENT_VALID);
    check("both@a.example", RECIPIENT_VALID);
    check("declined@a.example", RECIPIENT_VALID);
    check("shut@a.example", RECIPIENT_FAIL);
    check("gone@a.example", RECIPIENT_FAIL);
    check("later@a.example", RECIPIENT_DEFER);
    check("hole@a.example", RECIPIENT_BLACKHOLE);
    check("bad@a.example", RECIPIENT_NO_TABLE);
    check("list@a.example", RECIPIENT_VALID);
    check("far@a.example", RECIPIENT_VALID);
    check("first@a.example", RECIPIENT_FAIL);
    check("nobody@a.example", RECIPIENT_UNKNOWN);
    check("@a.example", RECIPIENT_UNKNOWN);
    check("joe+x@a.example", RECIPIENT_UNKNOWN);
    check("joe@backup.example", RECIPIENT_BACKUP);
    check("joe@far.example", RECIPIENT_FOREIGN);
    check("joe@", RECIPIENT_FOREIGN);
    table_domain_set(t, a, DOMAIN_BROKEN);
    check("nobody@a.example", RECIPIENT_NO_TABLE);
    check("joe@a.example", RECIPIENT_VALID);
    table_domains_unsure(t);
    check("joe@far.example", RECIPIENT_NO_TABLE);
}

static void test_answer(void **state)
{
    (void)state;
    struct table_answer got;
    uint32_t a = table_domain(t, STR("a.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    alias("one", a, "two");
    alias("two", TABLE_HOST, ":fail: 550 no");
    table_ask(t, STR("one"), STR("a.example"), &got);
    assert_int_equal(got.state, RECIPIENT_FAIL);
    assert_str(got.text, "550 no");
    assert_str(got.source, "/etc/aliases");
}

static void test_children(void **state)
{
    (void)state;
    char local[16], next[16];
    uint32_t a = table_domain(t, STR("a.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    table_domain_set(t, TABLE_HOST, DOMAIN_KNOWN);
    table_domain(t, STR("backup.example"), DOMAIN_BACKUP);
    table_mailbox(t, STR("joe"), a, file);
    table_mailbox(t, STR("root"), TABLE_HOST, file);
    alias("ok", a, "joe@a.example");
    alias("same", a, "\\joe");
    alias("self", a, "self@a.example");
    alias("joe", a, "joe@a.example");
    alias("host", a, "root");
    alias("nohost", a, "nobody");
    alias("dead", a, "nobody@a.example");
    alias("backup", a, "x@backup.example");
    alias("ring1", a, "ring2@a.example");
    alias("ring2", a, "ring1@a.example");
    check("ok@a.example", RECIPIENT_VALID);
    check("same@a.example", RECIPIENT_VALID);
    check("self@a.example", RECIPIENT_UNKNOWN);
    check("joe@a.example", RECIPIENT_VALID);
    check("host@a.example", RECIPIENT_VALID);
    check("nohost@a.example", RECIPIENT_UNKNOWN);
    check("dead@a.example", RECIPIENT_UNKNOWN);
    check("backup@a.example", RECIPIENT_VALID);
    check("ring1@a.example", RECIPIENT_UNKNOWN);
    for (unsigned i = 0; i < TABLE_HOPS_MAX + 2; i++) {
        snprintf(local, sizeof local, "chain%u", i);
        snprintf(next, sizeof next, "chain%u", i + 1);
        alias(local, TABLE_HOST, next);
    }
    alias("chain18", TABLE_HOST, "|command");
    table_domain_same(t, STR("host.example"), TABLE_HOST);
    check("chain2@host.example", RECIPIENT_VALID);
    check("chain1@host.example", RECIPIENT_NO_TABLE); /* one more than are followed */
}

static void test_details(void **state)
{
    (void)state;
    uint32_t a = table_domain(t, STR("a.example"), DOMAIN_LOCAL | DOMAIN_KNOWN | DOMAIN_PLUS);
    uint32_t b = table_domain(t, STR("b.example"), DOMAIN_LOCAL | DOMAIN_KNOWN | DOMAIN_WILD);
    table_mailbox(t, STR("joe"), a, file);
    table_mailbox(t, STR("a+b"), a, file);
    alias("gone", a, ":fail: gone");
    table_mailbox(t, STR("joe"), b, file);
    table_mailbox(t, STR("list-bounces+*"), b, file);
    table_mailbox(t, STR("ann-*"), b, file);
    check("joe+x@a.example", RECIPIENT_VALID);
    check("joe+@a.example", RECIPIENT_VALID);
    check("joe+x+y@a.example", RECIPIENT_VALID);
    check("joe-x@a.example", RECIPIENT_UNKNOWN);
    check("a+b@a.example", RECIPIENT_VALID);
    check("a+c@a.example", RECIPIENT_UNKNOWN);
    check("+x@a.example", RECIPIENT_UNKNOWN);
    check("gone+x@a.example", RECIPIENT_FAIL);
    check("joe+x@b.example", RECIPIENT_UNKNOWN);
    check("list-bounces+bob=far.example@b.example", RECIPIENT_VALID);
    check("list-bounces-bob@b.example", RECIPIENT_UNKNOWN);
    check("ann-x-y+z@b.example", RECIPIENT_VALID);
    check("----------------------------------------------------------------@b.example",
          RECIPIENT_UNKNOWN);
}

static void test_defaults(void **state)
{
    (void)state;
    static const struct { const char *list; enum recipient_state state; } rows[] = {
        { "someone@far.example", RECIPIENT_CATCHALL },
        { "joe", RECIPIENT_CATCHALL },
        { "\\mailbox", RECIPIENT_CATCHALL },
        { "nobody", RECIPIENT_UNKNOWN },
        { "a@far.example, b@far.example", RECIPIENT_CATCHALL },
        { ":blackhole:", RECIPIENT_BLACKHOLE },
        { "/dev/null", RECIPIENT_BLACKHOLE },
        { ":fail: no", RECIPIENT_FAIL },
        { ":defer: no", RECIPIENT_DEFER },
        { ":unknown:", RECIPIENT_UNKNOWN },
        { "not an address", RECIPIENT_NO_TABLE },
    };
    char name[64], address[128];
    table_mailbox(t, STR("joe"), TABLE_HOST, file);
    table_domain_set(t, TABLE_HOST, DOMAIN_KNOWN);
    for (size_t i = 0; i < ROWS(rows); i++) {
        snprintf(name, sizeof name, "d%zu.example", i);
        uint32_t d = table_domain(t, str_c(name), DOMAIN_LOCAL | DOMAIN_KNOWN);
        table_mailbox(t, STR("mailbox"), d, file);
        alias("to-nobody", d, "guess@far.example");
        alias("*", d, rows[i].list);
        snprintf(address, sizeof address, "guess@%s", name);
        check(address, rows[i].state);
        snprintf(address, sizeof address, "mailbox@%s", name);
        check(address, RECIPIENT_VALID);
        snprintf(address, sizeof address, "SRS0=xyz=far.example=joe@%s", name);
        check(address, RECIPIENT_NO_TABLE);
        snprintf(address, sizeof address, "prvs=0123=joe@%s", name);
        check(address, RECIPIENT_NO_TABLE);
    }
}

/* An alias whose child only a default takes is a good address. */
static void test_alias_into_default(void **state)
{
    (void)state;
    uint32_t a = table_domain(t, STR("a.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    uint32_t b = table_domain(t, STR("b.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    alias("*", a, "x@far.example");
    alias("joe", b, "guess@a.example");
    alias("*", b, "ring@b.example");
    check("joe@b.example", RECIPIENT_VALID);
    check("guess@a.example", RECIPIENT_CATCHALL);
    check("guess@b.example", RECIPIENT_UNKNOWN);
}

static void test_targets(void **state)
{
    (void)state;
    uint32_t old = table_domain(t, STR("old.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    uint32_t new = table_domain(t, STR("new.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    uint32_t away = table_domain(t, STR("away.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    table_domain_target(t, old, STR("New.Example"));
    table_domain_target(t, away, STR("far.example"));
    table_mailbox(t, STR("joe"), new, file);
    table_mailbox(t, STR("own"), old, file);
    check("joe@old.example", RECIPIENT_VALID);
    check("own@old.example", RECIPIENT_VALID);
    check("nobody@old.example", RECIPIENT_UNKNOWN);
    check("anybody@away.example", RECIPIENT_VALID);
    alias("*", new, "x@far.example");
    check("nobody@old.example", RECIPIENT_CATCHALL);
    uint32_t r1 = table_domain(t, STR("r1.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    uint32_t r2 = table_domain(t, STR("r2.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    table_domain_target(t, r1, STR("r2.example"));
    table_domain_target(t, r2, STR("r1.example"));
    check("joe@r1.example", RECIPIENT_UNKNOWN);
}

static void test_names(void **state)
{
    (void)state;
    uint32_t own = table_domain(t, STR("own.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    table_mailbox(t, STR("root"), TABLE_HOST, file);
    table_domain_set(t, TABLE_HOST, DOMAIN_KNOWN);
    table_domain_same(t, STR("host.example"), TABLE_HOST);
    table_domain_same(t, STR("own.example"), TABLE_HOST);
    assert_int_equal(table_domain_find(t, STR("HOST.example")), TABLE_HOST);
    assert_int_equal(table_domain(t, STR("host.example"), DOMAIN_PLUS), TABLE_HOST);
    assert_int_equal(table_domain_find(t, STR("own.example")), own);
    check("root+x@host.example", RECIPIENT_VALID);
    check("root@own.example", RECIPIENT_UNKNOWN);
}

/* A line that is too long to be an address spoils nothing. */
static void test_too_long(void **state)
{
    (void)state;
    char local[ADDRESS_MAX + 1];
    struct aliases_verdict takes = { .says = ALIASES_TAKES };
    struct table *whole = t;
    t = table_new(100);
    uint32_t a = table_domain(t, STR("a.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    memset(local, 'x', sizeof local);
    struct str longest = str_make(local, sizeof local);
    assert_int_equal(table_mailbox(t, longest, a, file), 0);
    assert_int_equal(table_alias(t, longest, a, &takes, file), 0);
    assert_int_equal(table_alias_replace(t, longest, a, &takes, file), 0);
    assert_false(table_full(t));
    check("nobody@a.example", RECIPIENT_UNKNOWN);
    table_free(&t);
    t = whole;
}

static void test_full(void **state)
{
    (void)state;
    char local[16];
    struct table *whole = t;
    t = table_new(100);
    uint32_t a = table_domain(t, STR("a.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    uint32_t b = table_domain(t, STR("b.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    for (int i = 0; i < 101; i++) {
        int n = snprintf(local, sizeof local, "user%d", i);
        assert_int_equal(table_mailbox(t, str_make(local, (size_t)n), a, file), i < 100 ? 0 : -1);
    }
    assert_true(table_full(t));
    assert_int_equal(table_mailbox(t, STR("user5"), a, file), 0);
    check("user100@a.example", RECIPIENT_NO_TABLE);
    check("user99@a.example", RECIPIENT_VALID);
    check("nobody@b.example", RECIPIENT_UNKNOWN);
    assert_int_equal(b, 2);
    table_free(&t);
    t = whole;
}

#define DOMAINS 2000u
#define EACH 500u

/* A million, half of them aliases with texts of their own. */
static void test_million(void **state)
{
    (void)state;
    char text[64];
    struct aliases_verdict v = { .says = ALIASES_REFUSES };
    struct table_answer got;
    for (unsigned i = 0; i < DOMAINS * EACH; i++) {
        int n = snprintf(text, sizeof text, "d%u.example", i / EACH);
        uint32_t d = table_domain(t, str_make(text, (size_t)n), DOMAIN_LOCAL | DOMAIN_KNOWN);
        n = snprintf(text, sizeof text, "user%u", i);
        v.text = str_make(text, (size_t)n);
        if (i % 2 == 0)
            assert_int_equal(table_mailbox(t, v.text, d, file), 0);
        else
            assert_int_equal(table_alias(t, v.text, d, &v, file), 0);
    }
    assert_int_equal(table_addresses(t), DOMAINS * EACH);
    assert_int_equal(table_domains(t), DOMAINS);
    assert_true(table_bytes(t) < (size_t)64 << 20);
    for (unsigned i = 0; i < DOMAINS * EACH; i++) {
        char domain[64];
        int m = snprintf(domain, sizeof domain, "d%u.example", i / EACH);
        int n = snprintf(text, sizeof text, "user%u", i);
        table_ask(t, str_make(text, (size_t)n), str_make(domain, (size_t)m), &got);
        if (got.state != (i % 2 == 0 ? RECIPIENT_VALID : RECIPIENT_FAIL) ||
            (i % 2 == 1 && !str_eq(got.text, str_make(text, (size_t)n))))
            fail_msg("%s@%s is %s", text, domain, state_names[got.state]);
        n = snprintf(text, sizeof text, "user%u", i + EACH);
        table_ask(t, str_make(text, (size_t)n), str_make(domain, (size_t)m), &got);
        assert_int_equal(got.state, RECIPIENT_UNKNOWN);
    }
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(test_places), FRESH(test_answer), FRESH(test_children), FRESH(test_details),
        FRESH(test_defaults), FRESH(test_alias_into_default), FRESH(test_targets),
        FRESH(test_names), FRESH(test_full), FRESH(test_too_long),
        FRESH(test_million),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
