/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_newline - every line end is found, and none that is not there
 *
 * Against a loop over the bytes: every length around the width of the vectors, ends at
 * every place, in all densities. The block is exactly as long as it says.
 */
#include "base/newline.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void check(const char *p, size_t n)
{
    static struct newlines found;
    size_t count = 0;
    newline_find(p, n, &found);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' && (count >= found.count || found.at[count++] != i))
            fail_msg("of %zu bytes: the end at %zu is missing", n, i);
    }
    assert_int_equal(found.count, count);
}

static void test_one(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n++) {
        char *p = malloc(n == 0 ? 1 : n);
        assert_non_null(p);
        memset(p, '\n' + 0x80, n);
        check(p, n);
        for (size_t at = 0; at < n; at++) {
            p[at] = '\n';
            check(p, n);
            p[at] = '\x0b';
        }
        free(p);
    }
}

static void test_many(void **state)
{
    (void)state;
    char *p = malloc(NEWLINE_SPAN);
    uint64_t seed = 1;
    assert_non_null(p);
    for (unsigned one_of = 1; one_of < 200; one_of++) {
        for (size_t i = 0; i < NEWLINE_SPAN; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            p[i] = (unsigned)(seed >> 33) % one_of == 0 ? '\n' : (char)(seed >> 56);
        }
        check(p, NEWLINE_SPAN);
        check(p, NEWLINE_SPAN - one_of);
    }
    memset(p, '\n', NEWLINE_SPAN);
    check(p, NEWLINE_SPAN);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_one), cmocka_unit_test(test_many) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
