/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena - many small things that live and die together
 *
 * One trace keeps hundreds of strings that all end with it. An arena hands out
 * memory from large blocks and frees all of it at once, up to a ceiling given
 * at birth. Past the ceiling arena_alloc() says NULL: the caller reports what
 * it had to leave out. With the build option `arena=malloc` each allocation is
 * a malloc of its own, so that sanitizers see an overrun.
 */
#ifndef POSTERN_BASE_ARENA_H
#define POSTERN_BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena;

/* A new arena that will hand out at most `max` bytes, each allocation rounded
 * up to 16. What it takes from the system is at most about twice that. Never NULL. */
struct arena *arena_new(size_t max);
void arena_free(struct arena **a);

/* `n` zeroed bytes, aligned for any type; NULL beyond the ceiling. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((warn_unused_result));

/* A copy of the bytes that lives as long as the arena (with a NUL behind it,
 * not counted). Beyond the ceiling the empty view. */
struct str arena_str(struct arena *a, struct str s);

/* Bytes handed out so far; true once something was refused. */
size_t arena_used(const struct arena *a);
bool arena_full(const struct arena *a);

#endif
