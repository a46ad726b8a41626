/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vouch - which domains speak for a client
 *
 * A scripted DNS on a virtual clock; records that loop or lie must come to an end.
 */
#include "unit.h"

#include "event/loop.h"
#include "policy/vouch.h"

struct said {
    int calls;
    const char *how;
};

static void on_vouch(void *ctx, const char *how)
{
    struct said *s = ctx;
    s->calls++;
    s->how = how;
}

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static void spf(struct resolver *r, const char *domain, const char *record)
{
    resolver_script_add(r, domain, DNS_TXT, DNS_OK, 3, LIST("some other text", record));
}

static void script(struct resolver *r)
{
    resolver_script_add(r, "own.example", DNS_A, DNS_OK, 3, LIST("198.51.100.7"));
    resolver_script_add(r, "mx.example", DNS_MX, DNS_OK, 3, LIST("10 a.mx.example"));
    resolver_script_add(r, "a.mx.example", DNS_A, DNS_OK, 3, LIST("198.51.100.7"));
    spf(r, "ip4.example", "v=spf1 ip4:198.51.100.0/24 -all");
    spf(r, "far.example", "v=spf1 ip4:192.0.2.0/24 -all");
    spf(r, "all.example", "v=spf1 +all");
    spf(r, "inc.example", "v=spf1 include:far.example include:ip4.example ~all");
    spf(r, "red.example", "v=spf1 redirect=ip4.example");
    spf(r, "amx.example", "v=spf1 a:own.example/32 -all");
    spf(r, "net.example", "v=spf1 a:near.example/24//64 -all");
    resolver_script_add(r, "near.example", DNS_A, DNS_OK, 3, LIST("198.51.100.200"));
    spf(r, "mxof.example", "v=spf1 mx:mx.example -all");
    spf(r, "not.example", "v=spf1 -ip4:198.51.100.0/24 ip4:198.51.100.0/24 -all");
    spf(r, "mac.example", "v=spf1 exists:%{i}.ok.example ip4:198.51.100.0/24 -all");
    spf(r, "loop.example", "v=spf1 include:loop.example include:loop.example -all");
    spf(r, "junk.example", "v=spf1 ip4:198.51.100.0/99 a/x mx:/ include: -all");
    resolver_script_add(r, "dead.example", DNS_TXT, DNS_TIMEOUT, 0, LIST(NULL));
    resolver_script_add(r, "six.example", DNS_AAAA, DNS_OK, 3, LIST("2001:db8:1:2::200"));
    spf(r, "both6.example", "v=spf1 a:six.example/24//64 -all");
    spf(r, "only6.example", "v=spf1 a:six.example//64 -all");
    spf(r, "six.example", "v=spf1 a//64 -all");
    spf(r, "none6.example", "v=spf1 a:six.example/24 -all");
    spf(r, "few6.example", "v=spf1 a:six.example//122 -all");
}

static void vouch_case(const char *address, const char *name, const char *domain, const char *how)
{
    struct loop *l = loop_new_virtual(0);
    struct resolver *r = resolver_new_script(l);
    struct said said = { 0, NULL };
    struct vouch_asker asker = { on_vouch, &said, 1000 };
    struct vouch_client client = { .name = str_c(name) };
    struct vouch v;
    script(r);
    assert_int_equal(ip_parse(str_c(address), &client.ip), 0);
    vouch_start(&v, r, &client, str_c(domain), asker);
    loop_advance(l, 30000);
    if (said.calls != 1 || !str_eq(str_c(said.how), str_c(how)))
        fail_msg("%s: %d calls, %s instead of %s", domain, said.calls, said.how, how);
    assert_true(v.asked <= VOUCH_QUESTIONS_MAX);
    resolver_free(&r);
    loop_free(&l);
}

static void says_who_vouches(void **unused)
{
    static const struct {
        const char *domain, *name, *how;
    } rows[] = {
        { "own.example", "", "address" },
        { "mx.example", "", "mail server" },
        { "any.example", "out.any.example", "its name" },
        { "any.example", "any.example", "its name" },
        { "any.example", "outany.example", "" },
        { "any.example", "", "" },
        { "ip4.example", "", "SPF" },
        { "far.example", "", "" },
        { "all.example", "", "" },
        { "inc.example", "", "SPF" },
        { "red.example", "", "SPF" },
        { "amx.example", "", "SPF" },
        { "net.example", "", "SPF" },
        { "mxof.example", "", "SPF" },
        { "not.example", "", "" },
        { "mac.example", "", "" },
        { "loop.example", "", "" },
        { "junk.example", "", "" },
        { "dead.example", "", "" },
    };
    (void)unused;
    for (size_t i = 0; i < ROWS(rows); i++)
        vouch_case("198.51.100.7", rows[i].name, rows[i].domain, rows[i].how);
}

/* The bits of IPv6 behind those of IPv4, alone, behind no name, left out, and too many. */
static void counts_bits_of_ipv6(void **unused)
{
    static const struct {
        const char *domain, *how;
    } rows[] = {
        { "both6.example", "SPF" },
        { "only6.example", "SPF" },
        { "six.example", "SPF" },
        { "none6.example", "" },
        { "few6.example", "" },
    };
    (void)unused;
    for (size_t i = 0; i < ROWS(rows); i++)
        vouch_case("2001:db8:1:2::7", "", rows[i].domain, rows[i].how);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_who_vouches),
        cmocka_unit_test(counts_bits_of_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
