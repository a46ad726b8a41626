/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_hash - SipHash-1-3 against known answers, and the key's freshness
 *
 * Two sources of answers. Key 0: what CPython's hash() gives for the same bytes
 * with PYTHONHASHSEED=0 (it uses SipHash-1-3 with that key). Key 00 01 .. 0f:
 * an independent implementation of the paper, which was itself checked against
 * the paper's SipHash-2-4 vectors. The lengths cross both edges of an 8-byte
 * word. Only a little-endian machine gives these numbers.
 */
#include "base/hash.h"

#include <stdio.h>

#include "unit.h"

#define KEY_PAPER { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) }

static void test_known_text(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        uint64_t hash;
    } rows[] = {
        { STR_INIT(""), UINT64_C(0xd1fba762150c532c) },
        { STR_INIT("\0"), UINT64_C(0x68a914128e01e473) },
        { STR_INIT("a"), UINT64_C(0x407448d2b89b1813) },
        { STR_INIT("postern"), UINT64_C(0x41d87bb29f670a4a) },
        { STR_INIT("12345678"), UINT64_C(0x3489982430560a87) },
        { STR_INIT("1FZ8zt-0005lz-E7"), UINT64_C(0xb6c411334a1cbbcd) },
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(hash_str((struct hash_key){ 0, 0 }, rows[i].text), rows[i].hash);
}

static void test_known_lengths(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint64_t hash;
    } rows[] = {
        { 0, UINT64_C(0xabac0158050fc4dc) },  { 1, UINT64_C(0xc9f49bf37d57ca93) },
        { 7, UINT64_C(0xd3927d989bb11140) },  { 8, UINT64_C(0x369095118d299a8e) },
        { 9, UINT64_C(0x25a48eb36c063de4) },  { 15, UINT64_C(0xd320d86d2a519956) },
        { 16, UINT64_C(0xcc4fdd1a7d908b66) }, { 63, UINT64_C(0x9d199062b7bbb3a8) },
    };
    char bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(hash_str((struct hash_key)KEY_PAPER, str_make(bytes, rows[i].n)),
                         rows[i].hash);
}

static void test_numbers(void **state)
{
    (void)state;
    struct hash_key key = KEY_PAPER, other = { 1, 2 };
    assert_int_equal(hash_u64(key, 1, 2), hash_u64(key, 1, 2));
    assert_int_not_equal(hash_u64(key, 1, 2), hash_u64(key, 2, 1));
    assert_int_not_equal(hash_u64(key, 1, 2), hash_u64(other, 1, 2));
    /* neighbours spread over a small table as well as over a large one */
    unsigned used[64] = { 0 };
    for (uint64_t i = 0; i < 6400; i++)
        used[hash_u64(key, i, 0) & 63]++;
    for (size_t i = 0; i < ROWS(used); i++)
        assert_in_range(used[i], 50, 150);
}

/* Each byte counts at each length, and so does the key. */
static void test_quick(void **state)
{
    (void)state;
    struct hash_key key = KEY_PAPER, other = KEY_PAPER;
    char bytes[80] = { 0 };
    other.k1++;
    for (size_t n = 0; n <= sizeof bytes; n++) {
        uint64_t h = hash_quick(key, str_make(bytes, n));
        assert_int_equal(h, hash_quick(key, str_make(bytes, n)));
        assert_int_not_equal(h, hash_quick(other, str_make(bytes, n)));
        if (n > 0)
            assert_int_not_equal(h, hash_quick(key, str_make(bytes, n - 1)));
        for (size_t i = 0; i < n; i++) {
            bytes[i] = 1;
            assert_int_not_equal(h, hash_quick(key, str_make(bytes, n)));
            bytes[i] = 0;
        }
    }
}

static void test_quick_spreads(void **state)
{
    (void)state;
    struct hash_key key = KEY_PAPER;
    unsigned low[64] = { 0 }, high[64] = { 0 }, pair[64] = { 0 };
    for (unsigned i = 0; i < 6400; i++) {
        char text[32];
        int n = snprintf(text, sizeof text, "user%u@example.net", i);
        uint64_t h = hash_quick(key, str_make(text, (size_t)n));
        low[h & 63]++;
        high[h >> 58]++;
        pair[hash_pair(key, i, 7) & 63]++;
    }
    for (size_t i = 0; i < 64; i++) {
        assert_in_range(low[i], 50, 150);
        assert_in_range(high[i], 50, 150);
        assert_in_range(pair[i], 50, 150);
    }
}

static void test_key_is_fresh(void **state)
{
    (void)state;
    struct hash_key a = hash_key_new(), b = hash_key_new();
    assert_false(a.k0 == b.k0 && a.k1 == b.k1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_text),
        cmocka_unit_test(test_known_lengths),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_quick),
        cmocka_unit_test(test_quick_spreads),
        cmocka_unit_test(test_key_is_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
