/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_arena - zeroed, aligned, bounded, and nothing ever moves
 *
 * Also built with the option arena=malloc, where each allocation is a malloc of
 * its own: what is checked here must hold in both.
 */
#include "base/arena.h"

#include <stdlib.h>

#include "unit.h"

static void test_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    for (size_t n = 1; n < 200; n++) {
        unsigned char *p = arena_alloc(a, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n); /* must not reach into the next one */
    }
    arena_free(&a);
    assert_null(a);
    arena_free(&a); /* NULL is fine */
}

/* Small and large ones by turns, across many blocks: each keeps what it was given. */
static void test_nothing_moves(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    struct arena *a = arena_new(64 << 20);
    unsigned char **kept = calloc(COUNT, sizeof *kept);
    assert_non_null(kept);
    for (size_t i = 0; i < COUNT; i++) {
        size_t n = i % 50 == 0 ? 40000 + i : 1 + i % 300;
        kept[i] = arena_alloc(a, n);
        assert_non_null(kept[i]);
        memset(kept[i], (int)(i & 0xff), n);
    }
    for (size_t i = 0; i < COUNT; i++) {
        size_t n = i % 50 == 0 ? 40000 + i : 1 + i % 300;
        for (size_t k = 0; k < n; k++) {
            if (kept[i][k] != (i & 0xff))
                fail_msg("allocation %zu lost byte %zu", i, k);
        }
    }
    free(kept);
    arena_free(&a);
}

/* Blocks grow with the arena. What is larger than the next one would be gets its own, behind which
 * the rest of the newest stays in use; all of it is zeroed. */
static void test_sizes_around_blocks(void **state)
{
    (void)state;
    static const size_t sizes[] = { 2047, 2048, 2049, 4096, 1, 70000, 1, 8191, 32768, 32769, 16 };
    struct arena *a = arena_new(1 << 20);
    size_t sum = 0;
    for (size_t i = 0; i < ROWS(sizes); i++) {
        unsigned char *p = arena_alloc(a, sizes[i]);
        assert_non_null(p);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xff, sizes[i]);
        sum += sizes[i];
    }
    assert_true(arena_used(a) >= sum && arena_used(a) < sum + 16 * ROWS(sizes));
    arena_free(&a);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct arena *a = arena_new(100);
    assert_false(arena_full(a));
    assert_non_null(arena_alloc(a, 64));
    size_t used = arena_used(a);
    assert_null(arena_alloc(a, 101 - used));
    assert_true(arena_full(a));
    assert_int_equal(arena_used(a), used); /* a refusal costs nothing */
    assert_non_null(arena_alloc(a, 16));
    assert_null(arena_alloc(a, SIZE_MAX)); /* no wrap-around */
    assert_null(arena_alloc(a, SIZE_MAX - 14));
    assert_true(arena_full(a)); /* sticky */
    assert_true(arena_used(a) <= 100);
    arena_free(&a);
}

static void test_str(void **state)
{
    (void)state;
    struct arena *a = arena_new(64);
    char source[] = "a\0b";
    struct str copy = arena_str(a, str_make(source, 3));
    source[0] = 'x';
    assert_str(copy, "a\0b");
    assert_int_equal(copy.p[3], '\0');
    assert_str(arena_str(a, (struct str){ 0 }), "");
    assert_false(arena_full(a));
    char big[100] = { 0 };
    assert_str(arena_str(a, str_make(big, sizeof big)), "");
    assert_true(arena_full(a));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_and_aligned),
        cmocka_unit_test(test_nothing_moves),
        cmocka_unit_test(test_sizes_around_blocks),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_str),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
