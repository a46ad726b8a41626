/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_internal - what the parts of the plan share
 *
 * plan.c has the options, the edits and the files of the kit; plan_layout.c finds out what kind of
 * server it is; plan_place.c knows where the lines go on each kind.
 */
#ifndef POSTERN_KIT_PLAN_INTERNAL_H
#define POSTERN_KIT_PLAN_INTERNAL_H

#include "kit/plan.h"

/* Text made by a format, the arena's. */
struct str plan_text(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Add a line; beyond PLAN_TEXTS_MAX it is dropped. */
void plan_add(struct plan_texts *t, struct str line);

/* The edit of that file, read when it is first asked for. NULL with *err. */
struct plan_edit *plan_edit(struct plan *p, struct str path, struct err *err);

/* Put a marked block into a file: at its end if `at` is PLAN_AT_END and it has none. 0 or -1. */
#define PLAN_AT_END SIZE_MAX
int plan_block(struct plan *p, struct plan_edit *e, struct str tag, struct str body, size_t at);

/* Find out the layout, `why`, and the configuration file. 0 or -1. */
int plan_find(struct plan *p, const struct plan_options *o, struct err *err);

/* The text of the configuration that the layout has, without our own lines. For Debian that of all
 * its files. 0 or -1. */
int plan_config_text(struct plan *p, struct str *out, struct err *err);

/* The blocks, the notes and `wired`. `config` is what plan_config_text() gave. 0 or -1. */
int plan_blocks(struct plan *p, struct str config, struct err *err);

#endif
