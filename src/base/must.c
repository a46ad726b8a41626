/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * must - what can only be our own mistake, or a machine without memory
 *
 * The message goes out by write(2): nothing here may allocate or take a lock
 * after something has already gone wrong.
 */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void must_fail(const char *expr, const char *file, int line)
{
    char text[512];
    int n = snprintf(text, sizeof text, "postern: internal error: %s (%s:%d)\n", expr, file, line);
    if (n > 0) {
        size_t len = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
        ssize_t written = write(STDERR_FILENO, text, len);
        (void)written;
    }
    abort();
}

void *must_alloc(size_t n)
{
    return must_array(1, n == 0 ? 1 : n);
}

void *must_array(size_t n, size_t size)
{
    void *p = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);
    if (p == NULL)
        must_fail("out of memory", __FILE__, __LINE__);
    return p;
}

void *must_realloc(void *p, size_t n)
{
    void *q = realloc(p, n == 0 ? 1 : n);
    if (q == NULL)
        must_fail("out of memory", __FILE__, __LINE__);
    return q;
}
