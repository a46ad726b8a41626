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
    struct loop *l = loop_new_virtual(0);
    struct resolver *r = resolver_new_script(l);
    (void)unused;
    script(r);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct said said = { 0, NULL };
        struct vouch_asker asker = { on_vouch, &said, 1000 };
        struct vouch_client client = { .name = str_c(rows[i].name) };
        struct vouch v;
        assert_int_equal(ip_parse(STR("198.51.100.7"), &client.ip), 0);
        vouch_start(&v, r, &client, str_c(rows[i].domain), asker);
        loop_advance(l, 30000);
        if (said.calls != 1 || !str_eq(str_c(said.how), str_c(rows[i].how)))
            fail_msg("%s: %d calls, %s instead of %s", rows[i].domain, said.calls, said.how,
                     rows[i].how);
        assert_true(v.asked <= VOUCH_QUESTIONS_MAX);
    }
    resolver_free(&r);
    loop_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(says_who_vouches) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
