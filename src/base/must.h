/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * must - what can only be our own mistake, or a machine without memory
 *
 * must() states an invariant of ours and stays on in release builds. It is
 * never applied to anything that a client, a log, a file or a user can cause:
 * those are errors and have values. Memory that cannot be had ends the process
 * too; every amount that the outside can influence has a ceiling below that.
 */
#ifndef POSTERN_BASE_MUST_H
#define POSTERN_BASE_MUST_H

#include <stddef.h>

#define must(expr) ((expr) ? (void)0 : must_fail(#expr, __FILE__, __LINE__))

/* Say what failed and where on standard error, and abort. */
void must_fail(const char *expr, const char *file, int line) __attribute__((noreturn));

/* As malloc (zeroed) and realloc, but never NULL. `n` 0 counts as 1.
 * must_array checks n * size for overflow. */
void *must_alloc(size_t n) __attribute__((malloc, returns_nonnull));
void *must_array(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *must_realloc(void *p, size_t n) __attribute__((returns_nonnull));

#endif
