/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_value - one setting's text into its field
 *
 * The types of settings.h, each with its way from text to field and its
 * sentence for what is wrong. Knows nothing of files and lines.
 */
#ifndef POSTERN_CONF_CONF_VALUE_H
#define POSTERN_CONF_CONF_VALUE_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/settings.h"

/* The text of a value, or those of a list. */
struct conf_texts {
    const char *const *v;
    size_t n;
    size_t bad;                  /* after an error: which of them it was */
};

/* Put the value of `row` into the struct at `base`, converted. The texts must live as long as that
 * struct. What a list needs besides comes from the arena. 0, or -1 with *err: `"TEXT" is ...` and
 * the remedy, without file, line and name. */
int conf_value_put(const struct setting *row, void *base, struct conf_texts *texts,
                   struct arena *arena, struct err *err);

/* The same with the row's default, which must be one. */
void conf_value_default(const struct setting *row, void *base, struct arena *arena);

#endif
