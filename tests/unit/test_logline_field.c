/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logline_field - the short way to an address says what the grammar says
 *
 * Most addresses are read sixteen bytes at a time. With a `+` before it the same text takes the long
 * way, and may come to no other end. Each text lies in memory of its own size, so that a
 * sanitizer sees who reads beyond.
 */
#include <stdlib.h>
#include <string.h>

#include "mail/logline_internal.h"
#include "unit.h"

static uint64_t seed = 1;

static uint32_t any(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

/* How long the address at the front is, or -1. */
static long address_length(const char *text, size_t n, char term)
{
    char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy + 1, text, n);
    struct str s = str_make(copy + 1, n), address;
    long length = logline_eat_address(&s, term, &address) ? (long)address.n : -1;
    if (length >= 0) {
        assert_ptr_equal(address.p, copy + 1);
        assert_ptr_equal(s.p, copy + 1 + length);
        assert_int_equal(s.n, n - (size_t)length);
    }
    free(copy);
    return length;
}

static void test_short_way(void **state)
{
    (void)state;
    static const char usual[] = "abcxyzABZ0189.-/@", rare[] = " _+=@\"\\<>():,[]\x80\x01";
    char text[81] = "+";
    unsigned taken = 0, refused = 0;
    for (unsigned round = 0; round < 300000; round++) {
        size_t n = 1 + any(79);
        for (size_t i = 1; i <= n; i++)
            text[i] = any(24) > 0 ? usual[any(any(3) == 0 ? 17 : 16)] : rare[any(sizeof rare - 1)];
        if (text[1] == '"' || text[1] == ' ' || text[1] == '<')
            continue;
        long quick = address_length(text + 1, n, ' '), slow = address_length(text, n + 1, ' ');
        if (quick < 0 ? slow >= 0 : slow != quick + 1)
            fail_msg("%.*s: %ld, with a + before it %ld", (int)n, text + 1, quick, slow);
        taken += quick >= 0;
        refused += quick < 0;
    }
    assert_true(taken > 10000 && refused > 10000);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char term;
        long length;
    } rows[] = {
        { "someone.of-us@example.net", ' ', 25 },
        { "someone.of-us@example.net R=x", ' ', 25 },
        { "someone.of-us@example.net> R=x", ' ', -1 },
        { "someone.of-us@example.net> R=x", '>', 25 },
        { "someone.of-us@example.net", '>', -1 },
        { "someone@of@us.example.net", ' ', -1 },
        { "exactly-sixteen.", ' ', 16 },
        { "somebody.local.only then", ' ', 19 },
        { "a@b", ' ', 3 },
        { " a@b", ' ', -1 },
        { "", ' ', -1 },
        { "<>", ' ', 2 },
        { "<> R=x", ' ', 2 },
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(address_length(rows[i].text, strlen(rows[i].text), rows[i].term),
                         rows[i].length);
}

static void test_word_end(void **state)
{
    (void)state;
    char text[64];
    memset(text, 'x', sizeof text);
    for (size_t at = 0; at < sizeof text; at++) {
        assert_int_equal(logline_word_end(str_make(text, at), '\\'), at);
        for (unsigned i = 0; i < 3; i++) {
            text[at] = " \"\\"[i];
            assert_int_equal(logline_word_end(str_make(text, sizeof text), '\\'), at);
        }
        text[at] = 'x';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_way),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_word_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
