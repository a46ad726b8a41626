/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capability - the pieces that the rights of root are made of, given up
 *
 * Linux has cut what root may do into some forty pieces. A process can give up
 * each of them for itself and for whatever it starts, so that being root is no
 * more than a number afterwards.
 */
#ifndef POSTERN_BASE_CAPABILITY_H
#define POSTERN_BASE_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>

/* Reading every file whatever its mode: root without this one cannot read the files of others. */
#define CAPABILITY_READ (1u << 2)    /* CAP_DAC_READ_SEARCH */

/* Take all capabilities out of the bounding and the ambient set: no program that is started later
 * can get any. Takes one itself, so it comes before root is given up. */
void capability_bound(void);

/* Drop all capabilities of this thread but `keep` (bits of the first 32), the bounding and the
 * ambient set included where that is possible; for good. True if nothing else is left; *kept_out
 * says whether all of `keep` are there. On systems without capabilities: true, and nothing kept. */
bool capability_drop(uint32_t keep, bool *kept_out);

#endif
