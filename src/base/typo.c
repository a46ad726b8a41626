/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * typo - the distance of two words
 *
 * Three rows of the table are enough: what is compared with the letter before
 * needs the row above, a swap the one above that. Words are short, so the rows
 * lie on the stack and nothing can fail.
 */
#include "base/typo.h"

#include <limits.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return ascii_tolower(a) == ascii_tolower(b);
}

unsigned typo_distance(struct str a, struct str b)
{
    unsigned before[TYPO_WORD_MAX + 1], above[TYPO_WORD_MAX + 1], row[TYPO_WORD_MAX + 1];
    if (a.n > TYPO_WORD_MAX || b.n > TYPO_WORD_MAX)
        return UINT_MAX;
    for (unsigned j = 0; j <= b.n; j++)
        above[j] = row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        memcpy(before, above, sizeof before);
        memcpy(above, row, sizeof above);
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned changed = above[j - 1] + (same(a.p[i - 1], b.p[j - 1]) ? 0 : 1);
            row[j] = least(least(row[j - 1], above[j]) + 1, changed);
            if (i > 1 && j > 1 && same(a.p[i - 1], b.p[j - 2]) && same(a.p[i - 2], b.p[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b.n];
}

bool typo_near(struct str typed, struct str meant)
{
    size_t most = typed.n < 6 ? 1 : typed.n / 3;
    return typed.n > 1 && typo_distance(typed, meant) <= most;
}
