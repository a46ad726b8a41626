/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_answer_cache - answers are found while they are good, and never more than fit
 *
 * The clock is a number here, so nothing waits. How many places a full cache has in
 * use depends on the key of the hash, which differs from run to run: bounds only.
 */
#include "unit.h"

#include <stdio.h>

#include "dns/answer_cache.h"

static struct dns_wire wire(const char *name)
{
    struct dns_wire w;
    assert_int_equal(dns_wire_from_text(str_c(name), &w), 0);
    return w;
}

static void put(struct answer_cache *c, const char *name, enum dns_type type, const char *packet,
                int64_t end_ms)
{
    struct dns_wire w = wire(name);
    struct cached_answer a = { str_c(packet), false, end_ms };
    answer_cache_put(c, &w, type, 1000, &a);
}

static bool get(const struct answer_cache *c, const char *name, enum dns_type type, int64_t now_ms,
                struct cached_answer *out)
{
    struct dns_wire w = wire(name);
    return answer_cache_get(c, &w, type, now_ms, out);
}

static void test_get(void **state)
{
    (void)state;
    struct answer_cache *c = answer_cache_new();
    struct cached_answer a;
    assert_false(get(c, "a.example", DNS_A, 1000, &a));
    put(c, "a.example", DNS_A, "address", 5000);
    put(c, "a.example", DNS_TXT, "text", 3000);
    assert_true(get(c, "A.example.", DNS_A, 1000, &a));
    assert_str(a.packet, "address");
    assert_int_equal(a.end_ms, 5000);
    assert_false(a.secure);
    assert_true(get(c, "a.example", DNS_TXT, 2999, &a));
    assert_str(a.packet, "text");
    assert_false(get(c, "a.example", DNS_MX, 1000, &a));
    assert_false(get(c, "b.example", DNS_A, 1000, &a));
    answer_cache_free(&c);
    assert_null(c);
    answer_cache_free(&c);
}

static void test_end(void **state)
{
    (void)state;
    struct answer_cache *c = answer_cache_new();
    struct cached_answer a;
    put(c, "a.example", DNS_A, "first", 5000);
    assert_true(get(c, "a.example", DNS_A, 4999, &a));
    assert_false(get(c, "a.example", DNS_A, 5000, &a));
    put(c, "a.example", DNS_A, "second", 9000);
    assert_true(get(c, "a.example", DNS_A, 5000, &a));
    assert_str(a.packet, "second");
    put(c, "over.example", DNS_A, "over", 1000);
    assert_false(get(c, "over.example", DNS_A, 999, &a));
    answer_cache_free(&c);
}

static void test_packet(void **state)
{
    (void)state;
    struct answer_cache *c = answer_cache_new();
    struct dns_wire name = wire("large.example");
    char bytes[ANSWER_CACHE_PACKET + 1] = "";
    struct cached_answer a = { str_make(bytes, sizeof bytes), true, 5000 };
    answer_cache_put(c, &name, DNS_MX, 1000, &a);
    assert_false(answer_cache_get(c, &name, DNS_MX, 1000, &a));
    a.packet.n--;
    answer_cache_put(c, &name, DNS_MX, 1000, &a);
    assert_true(answer_cache_get(c, &name, DNS_MX, 1000, &a));
    assert_int_equal(a.packet.n, ANSWER_CACHE_PACKET);
    assert_true(a.secure);
    answer_cache_free(&c);
}

/* Ten times as many as there are places: the ones that are left are right, and many are left. */
static void test_bound(void **state)
{
    (void)state;
    struct answer_cache *c = answer_cache_new();
    struct cached_answer a;
    char name[32];
    size_t left = 0;
    for (unsigned i = 0; i < 10 * ANSWER_CACHE_PLACES; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        put(c, name, DNS_A, name, 2000 + i);
        assert_true(get(c, name, DNS_A, 1000, &a));
    }
    for (unsigned i = 0; i < 10 * ANSWER_CACHE_PLACES; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        if (!get(c, name, DNS_A, 1000, &a))
            continue;
        assert_true(str_eq(a.packet, str_c(name)));
        left++;
    }
    assert_true(left > ANSWER_CACHE_PLACES / 2 && left <= ANSWER_CACHE_PLACES);
    answer_cache_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_packet),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
