/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kitmake - a server's files in a temporary root, for the tests of the kit
 *
 * Each test begins with an empty root and an arena of its own.
 */
#ifndef POSTERN_TESTS_KITMAKE_H
#define POSTERN_TESTS_KITMAKE_H

#include "base/arena.h"
#include "base/rootfs.h"
#include "treemake.h"

static struct rootfs fs;
static struct arena *arena;
static struct err err;

static inline int kit_begin(void **state)
{
    (void)state;
    tree_new();
    arena = arena_new((size_t)64 << 20);
    return rootfs_init(&fs, tree_root, &err);
}

static inline int kit_end(void **state)
{
    (void)state;
    rootfs_fini(&fs);
    arena_free(&arena);
    return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, kit_begin, kit_end)

#endif
