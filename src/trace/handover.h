/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover - blocks of text on their way from one thread to another
 *
 * One thread inflates a log, another counts what is in it: together they are nearly twice as
 * fast as one. A few blocks may be under way; who gives then waits for who takes, so memory
 * stays bounded whoever is the slower.
 */
#ifndef POSTERN_TRACE_HANDOVER_H
#define POSTERN_TRACE_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define HANDOVER_BLOCKS 3u          /* under way at most */

struct handover;

/* For blocks of at most `block_max` bytes. Never NULL. */
struct handover *handover_new(size_t block_max);

/* When both threads are done with it. */
void handover_free(struct handover **h);

/* --- the thread that gives --- */

/* Copy a block in order; wait while too many are under way. False if it is not wanted. */
bool handover_give(struct handover *h, struct str block);

/* No block follows. */
void handover_end(struct handover *h);

/* --- the thread that takes --- */

/* Wait for the next block, which is valid until the next call. False at the end. */
bool handover_take(struct handover *h, struct str *block_out);

/* No block is wanted any more. */
void handover_refuse(struct handover *h);

#endif
