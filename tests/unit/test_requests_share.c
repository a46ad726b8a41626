/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_requests_share - which messages the requests for one URL explain
 *
 * The arithmetic with its stack of gaps is compared with counting by hand, on
 * thousands of small random runs: every explained message counts once, every
 * count goes to a client whose request explains something, and no request is
 * needed that has no message of its own.
 */
#include "trace/requests_internal.h"

#include <stdlib.h>

#include "unit.h"

#define ARRIVALS 24
#define HITS 12
#define CLIENTS 4

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

/* The largest number of hits that can have a message each: augmenting paths. */
static bool match_try(const struct share_hit *hits, size_t hit, int *owner, bool *seen)
{
    for (size_t m = hits[hit].from; m < hits[hit].to; m++) {
        if (seen[m])
            continue;
        seen[m] = true;
        if (owner[m] < 0 || match_try(hits, (size_t)owner[m], owner, seen)) {
            owner[m] = (int)hit;
            return true;
        }
    }
    return false;
}

static uint64_t best_matching(const struct share_hit *hits, size_t n)
{
    int owner[ARRIVALS];
    uint64_t count = 0;
    for (size_t i = 0; i < ARRIVALS; i++)
        owner[i] = -1;
    for (size_t i = 0; i < n; i++) {
        bool seen[ARRIVALS] = { false };
        count += match_try(hits, i, owner, seen);
    }
    return count;
}

static void check_run(struct share_hit *hits, size_t n, struct sharing *sharing)
{
    bool explained[ARRIVALS] = { false };
    bool client_has[CLIENTS] = { false };
    uint64_t union_size = 0, clients = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t m = hits[i].from; m < hits[i].to; m++)
            explained[m] = true;
        client_has[hits[i].client] = true;
    }
    for (size_t i = 0; i < ARRIVALS; i++)
        union_size += explained[i];
    for (size_t i = 0; i < CLIENTS; i++)
        clients += client_has[i];
    qsort(hits, n, sizeof *hits, share_hit_order);
    struct share s = sharing_add(sharing, hits, n);
    assert_int_equal(s.messages, union_size);
    assert_true(s.clients >= 1 && s.clients <= clients);
    assert_true(client_has[s.client]);
    assert_true(s.needed >= 1 && s.needed <= n && s.needed <= s.messages);
    assert_true(s.needed <= best_matching(hits, n));
    assert_true(s.needed * 2 >= best_matching(hits, n)); /* greedy is at least half */
    assert_true(s.answer > 0.99 * (double)s.messages && s.answer < 1.01 * (double)s.messages);
}

static void test_random(void **state)
{
    (void)state;
    uint64_t seed = 2026;
    struct sharing *sharing = sharing_new(ARRIVALS, HITS, CLIENTS, INTERN_NONE);
    for (int round = 0; round < 20000; round++) {
        struct share_hit hits[HITS];
        size_t n = 1 + next_random(&seed) % HITS;
        for (size_t i = 0; i < n; i++) {
            uint32_t from = next_random(&seed) % ARRIVALS;
            uint32_t room = next_random(&seed) % 4 == 0 ? ARRIVALS - from : 3;
            uint32_t to = from + 1 + next_random(&seed) % room;
            hits[i] = (struct share_hit){ .client = next_random(&seed) % CLIENTS, .from = from,
                                          .to = to < ARRIVALS ? to : ARRIVALS, .answer = 1.0F,
                                          .inner = next_random(&seed) % 3 == 0 };
        }
        check_run(hits, n, sharing);
    }
    sharing_free(&sharing);
    assert_null(sharing);
    sharing_free(&sharing);
}

/* A message belongs to the latest request that explains it. */
static void test_latest(void **state)
{
    (void)state;
    struct share_hit hits[] = {
        { .client = 1, .from = 0, .to = 10, .answer = 1.0F }, /* ran long */
        { .client = 2, .from = 3, .to = 6, .answer = 1.0F },
        { .client = 2, .from = 8, .to = 9, .answer = 1.0F },
    };
    struct sharing *sharing = sharing_new(10, 3, 3, 2);
    qsort(hits, ROWS(hits), sizeof hits[0], share_hit_order);
    struct share s = sharing_add(sharing, hits, ROWS(hits));
    assert_int_equal(s.messages, 10);
    assert_int_equal(s.client, 1); /* 0 to 2, 6, 7, 9: six of ten */
    assert_int_equal(s.clients, 2);
    assert_int_equal(s.needed, 3);
    assert_true(s.client_known);
    s = sharing_add(sharing, hits, 2); /* nothing is left of the one before */
    assert_int_equal(s.messages, 4);
    assert_int_equal(s.client, 2);
    assert_int_equal(s.clients, 1);
    sharing_free(&sharing);
}

/* A proxy's address has no message while a client from outside explains it as well; clients that
 * were not kept take part, nameless. */
static void test_clients(void **state)
{
    (void)state;
    struct share_hit hits[] = {
        { .client = 0, .from = 0, .to = 1, .answer = 1.0F, .inner = true },
        { .client = 1, .from = 0, .to = 1, .answer = 1.0F },
        { .client = INTERN_NONE, .from = 1, .to = 3, .answer = 1.0F },
    };
    struct sharing *sharing = sharing_new(3, 3, 2, INTERN_NONE);
    qsort(hits, ROWS(hits), sizeof hits[0], share_hit_order);
    struct share s = sharing_add(sharing, hits, ROWS(hits));
    assert_int_equal(s.messages, 3);
    assert_int_equal(s.client, 1);
    assert_int_equal(s.clients, 1);
    assert_false(s.client_known);
    s = sharing_add(sharing, hits, 1);
    assert_int_equal(s.client, INTERN_NONE);
    assert_int_equal(s.clients, 0);
    sharing_free(&sharing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_latest),
        cmocka_unit_test(test_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
