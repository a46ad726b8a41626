/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * typo - how far a word that was typed is from the one that was meant
 *
 * A command, an option or a setting that does not exist is an error and never
 * guessed at: what runs as root must have been asked for. But the error should
 * name what was probably meant, and this measures "probably".
 */
#ifndef POSTERN_BASE_TYPO_H
#define POSTERN_BASE_TYPO_H

#include "base/str.h"

#define TYPO_WORD_MAX 40u     /* longer words are not compared */

/* How many letters have to be put in, taken out, changed, or swapped with their neighbour to make
 * `b` of `a`; small and large ASCII letters are alike. UINT_MAX if one of them is longer than
 * TYPO_WORD_MAX. (Damerau 1964, in the form in which no letter is touched twice.) */
unsigned typo_distance(struct str a, struct str b);

/* True if `typed` is so near to `meant` that it is worth asking: one slip in each three letters,
 * and one at least. */
bool typo_near(struct str typed, struct str meant);

#endif
