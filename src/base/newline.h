/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * newline - where the lines of a text end, many at a time
 *
 * A log has seven million lines in a gigabyte. One memchr() for each costs more than to look at
 * most of them: the end comes after another number of steps every time, and no processor
 * guesses it. So a stretch that stays in the nearest cache is searched as a whole.
 */
#ifndef POSTERN_BASE_NEWLINE_H
#define POSTERN_BASE_NEWLINE_H

#include <stddef.h>
#include <stdint.h>

#define NEWLINE_SPAN 8192u          /* bytes of one stretch */

struct newlines {
    size_t count;
    uint16_t at[NEWLINE_SPAN + 2];  /* offsets, ascending; room for two that are not kept */
};

/* The offsets of all LF among the `n` bytes at `p`; n <= NEWLINE_SPAN. */
void newline_find(const char *p, size_t n, struct newlines *out);

#endif
