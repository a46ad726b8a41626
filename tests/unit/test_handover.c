/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_handover - every block arrives once, whole and in order
 *
 * Two threads, blocks of all sizes, either side the slower one by turns; and a
 * taker who has enough, on whom the giver must not wait for ever.
 */
#define _GNU_SOURCE
#include "trace/handover.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define BLOCK_MAX 1000u
#define BLOCKS 5000u

struct giver {
    struct handover *h;
    bool slow;
    unsigned given;
    bool refused;
};

static size_t size_of(unsigned i)
{
    return i % 7 == 0 ? 0 : i * 37 % (BLOCK_MAX + 1);
}

static void *give(void *arg)
{
    struct giver *g = arg;
    char bytes[BLOCK_MAX];
    for (unsigned i = 0; i < BLOCKS && !g->refused; i++) {
        memset(bytes, (int)(i & 0xff), sizeof bytes);
        if (g->slow && i % 100 == 0)
            sched_yield();
        if (handover_give(g->h, str_make(bytes, size_of(i))))
            g->given++;
        else
            g->refused = true;
    }
    handover_end(g->h);
    return NULL;
}

static void block_check(struct str block, unsigned i)
{
    if (block.n != size_of(i))
        fail_msg("block %u has %zu bytes", i, block.n);
    for (size_t k = 0; k < block.n; k++) {
        if ((unsigned char)block.p[k] != (i & 0xff))
            fail_msg("block %u is another's at byte %zu", i, k);
    }
}

/* Take `wanted` blocks or all. */
static void run(bool slow_giver, unsigned wanted)
{
    struct giver g = { .h = handover_new(BLOCK_MAX), .slow = slow_giver };
    pthread_t thread;
    struct str block;
    unsigned taken = 0;
    assert_int_equal(pthread_create(&thread, NULL, give, &g), 0);
    while (taken < wanted && handover_take(g.h, &block)) {
        if (!slow_giver && taken % 100 == 0)
            sched_yield();
        block_check(block, taken++);
    }
    if (wanted < BLOCKS)
        handover_refuse(g.h);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(taken, wanted < BLOCKS ? wanted : BLOCKS);
    assert_int_equal(g.refused, wanted < BLOCKS);
    assert_true(g.given >= taken && g.given <= taken + HANDOVER_BLOCKS);
    if (wanted >= BLOCKS)
        assert_false(handover_take(g.h, &block));
    handover_free(&g.h);
    assert_null(g.h);
    handover_free(&g.h);
}

static void test_all(void **state)
{
    (void)state;
    run(false, UINT32_MAX);
    run(true, UINT32_MAX);
}

static void test_enough(void **state)
{
    (void)state;
    run(false, 0);
    run(true, 1);
    run(false, 7);
    run(true, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_all), cmocka_unit_test(test_enough) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
