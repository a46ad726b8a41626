/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_openmsg - the table of messages under way against a plain array
 *
 * Random adds, finds and removals are done to both and must agree; a table that
 * loses an entry when its neighbour goes shows at once. The ceiling is tested at
 * its real height: a log of forged ids must end in counted evictions.
 */
#include "trace/openmsg.h"

#include <stdlib.h>

#include "unit.h"

static const struct hash_key key = { 3, 4 };

static uint32_t any(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

static void no_eviction(void *ctx, struct openmsg *m)
{
    (void)ctx;
    (void)m;
    fail_msg("evicted below the ceiling");
}

/* Ids that differ in one half only, and ones that the hash may put together. */
static struct msgid_key id_of(uint32_t n)
{
    return n % 2 == 0 ? (struct msgid_key){ n, 7 } : (struct msgid_key){ 7, (uint64_t)n << 40 };
}

#define MODEL 3000

static void model_check(struct opentable *t, const int64_t *model)
{
    size_t cursor = 0, seen = 0, count = 0;
    for (uint32_t n = 0; n < MODEL; n++) {
        struct openmsg *m = opentable_find(t, id_of(n));
        count += model[n] != 0;
        if (model[n] == 0)
            assert_null(m);
        else if (m == NULL || m->when != model[n])
            fail_msg("message %u is lost", n);
    }
    for (struct openmsg *m; (m = opentable_next(t, &cursor)) != NULL; seen++)
        assert_ptr_equal(opentable_find(t, m->id), m);
    assert_int_equal(seen, count);
    assert_int_equal(opentable_count(t), count);
}

static void test_random_operations(void **state)
{
    (void)state;
    static int64_t model[MODEL];
    struct opentable *t = opentable_new(key);
    uint64_t seed = 1;
    for (int64_t i = 1; i <= 300000; i++) {
        /* By turns it fills and empties, so that it grows, and holes are everywhere. */
        bool fill = i / 20000 % 2 == 0;
        uint32_t n = any(&seed, MODEL);
        struct openmsg *m = opentable_find(t, id_of(n));
        assert_int_equal(m != NULL, model[n] != 0);
        if (m != NULL && (!fill || any(&seed, 4) == 0)) {
            opentable_remove(t, m);
            model[n] = 0;
        } else if (m == NULL && (fill || any(&seed, 8) == 0)) {
            m = opentable_add(t, id_of(n), no_eviction, NULL);
            assert_true(m->used && !m->headless && !m->completed);
            assert_int_equal(m->slot_count, 0);
            assert_int_equal(m->row, ROW_NONE);
            assert_null(m->more);
            m->when = model[n] = i;
        }
        if (i % 10000 == 0)
            model_check(t, model);
    }
    assert_int_equal(opentable_evicted(t), 0);
    opentable_free(&t);
    assert_null(t);
    opentable_free(&t);
}

/* Walking, and removing the entry just returned. */
static void test_remove_while_walking(void **state)
{
    (void)state;
    struct opentable *t = opentable_new(key);
    size_t cursor = 0, kept = 0;
    struct openmsg *m;
    for (uint32_t n = 0; n < 5000; n++)
        opentable_add(t, id_of(n), no_eviction, NULL)->when = n;
    while ((m = opentable_next(t, &cursor)) != NULL) {
        if (m->when % 3 != 0)
            opentable_remove(t, m);
        else
            kept++;
    }
    assert_int_equal(kept, 1667);
    assert_int_equal(opentable_count(t), kept);
    for (uint32_t n = 0; n < 5000; n++)
        assert_int_equal(opentable_find(t, id_of(n)) != NULL, n % 3 == 0);
    opentable_free(&t);
}

struct evictions {
    struct opentable *t;
    unsigned count;
    int64_t newest;
};

static void note_eviction(void *ctx, struct openmsg *m)
{
    struct evictions *e = ctx;
    e->count++;
    if (m->when > e->newest)
        e->newest = m->when;
    assert_int_equal(m->slot_count, 3);  /* still whole when it is told of */
    assert_ptr_equal(opentable_find(e->t, m->id), m);
}

static void test_ceiling(void **state)
{
    (void)state;
    enum { MORE = 1000 };
    struct opentable *t = opentable_new(key);
    struct evictions e = { .t = t };
    for (uint32_t n = 0; n < OPENMSG_MAX + MORE; n++) {
        struct openmsg *m = opentable_add(t, id_of(n), note_eviction, &e);
        m->when = n;
        for (uint64_t hash = 1; hash <= 3; hash++)
            openmsg_slot(t, m, hash);
    }
    assert_int_equal(e.count, MORE);
    assert_int_equal(opentable_evicted(t), MORE);
    assert_int_equal(opentable_count(t), OPENMSG_MAX);
    assert_true(e.newest < MORE);        /* the old ones went */
    for (uint32_t n = 0; n < OPENMSG_MAX + MORE; n++)
        assert_int_equal(opentable_find(t, id_of(n)) != NULL, n >= MORE);
    /* Room that is made is used before anybody is evicted. */
    opentable_remove(t, opentable_find(t, id_of(OPENMSG_MAX)));
    opentable_add(t, id_of(0), no_eviction, NULL);
    opentable_free(&t);
}

static void test_slots(void **state)
{
    (void)state;
    struct opentable *t = opentable_new(key);
    struct openmsg *m = opentable_add(t, id_of(1), no_eviction, NULL);
    for (uint64_t hash = 1; hash <= OPENMSG_SLOTS_MAX; hash++) {
        struct openmsg_slot *slot = openmsg_slot(t, m, hash * 2);
        assert_int_equal(slot->outcome, OUTCOME_QUEUED);
        assert_int_equal(slot->row, ROW_NONE);
        slot->outcome = (uint8_t)(hash % 4);
    }
    assert_int_equal(m->slot_count, OPENMSG_SLOTS_MAX);
    assert_null(openmsg_slot(t, m, 1));     /* past the ceiling */
    for (uint32_t i = 0; i < OPENMSG_SLOTS_MAX; i++) {
        struct openmsg_slot *slot = openmsg_slot_at(m, i);
        assert_int_equal(slot->hash, 2 * (i + 1));
        assert_int_equal(slot->outcome, (i + 1) % 4);
        assert_ptr_equal(openmsg_slot(t, m, slot->hash), slot); /* a known one is found still */
    }
    opentable_remove(t, m);
    m = opentable_add(t, id_of(2), no_eviction, NULL);       /* and nothing is inherited */
    assert_int_equal(m->slot_count, 0);
    assert_int_equal(m->slot_room, 0);
    opentable_free(&t);
}

/* Messages with many recipients each: at a ceiling for all of them no more is kept, what is known
 * stays known, and what a message leaves behind is there for others. */
static void test_slots_of_all(void **state)
{
    (void)state;
    enum { EACH = 1 + 1024, MESSAGES = OPENMSG_SLOTS_ALL / 1024 };
    struct opentable *t = opentable_new(key);
    for (uint32_t n = 0; n <= MESSAGES; n++) {
        struct openmsg *m = opentable_add(t, id_of(n), no_eviction, NULL);
        for (uint64_t hash = 1; hash <= EACH; hash++) {
            bool fits = n < MESSAGES || hash == 1;
            if ((openmsg_slot(t, m, hash) != NULL) != fits)
                fail_msg("message %u, recipient %u", n, (unsigned)hash);
        }
        assert_int_equal(m->slot_count, n < MESSAGES ? EACH : 1);
    }
    struct openmsg *last = opentable_find(t, id_of(MESSAGES));
    assert_non_null(openmsg_slot(t, opentable_find(t, id_of(3)), EACH));
    opentable_remove(t, opentable_find(t, id_of(5)));
    for (uint64_t hash = 1; hash <= EACH; hash++)
        assert_non_null(openmsg_slot(t, last, hash));
    assert_null(openmsg_slot(t, last, EACH + 1));
    struct openmsg elsewhere = { .when = 0 };
    for (uint64_t hash = 1; hash <= 10; hash++)
        assert_non_null(openmsg_slot(NULL, &elsewhere, hash));
    free(elsewhere.more);
    opentable_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations), cmocka_unit_test(test_remove_while_walking),
        cmocka_unit_test(test_ceiling),           cmocka_unit_test(test_slots),
        cmocka_unit_test(test_slots_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
