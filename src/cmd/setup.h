/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup - what one run of postern setup has found and done
 *
 * Filled by setup.c, printed by render_setup.c for people or for programs.
 */
#ifndef POSTERN_CMD_SETUP_H
#define POSTERN_CMD_SETUP_H

#include <stdbool.h>
#include <stdio.h>

#include "kit/apply.h"
#include "kit/plan.h"
#include "kit/selftest.h"

enum setup_act { SETUP_SHOW, SETUP_APPLY, SETUP_UNDO };

struct setup {
    FILE *out;
    bool color;
    bool json;
    enum setup_act act;
    const char *root;          /* of a copied server, or NULL */
    struct plan plan;          /* for an undo only `next` */
    struct apply apply;
    bool planned;              /* `plan` is one */
    bool changed;              /* files were written */
    bool tested;               /* `test` is filled */
    bool rolled_back;
    struct selftest test;
};

/* What would change, or what was done, and what to do next. */
void render_setup_text(const struct setup *s);
/* The same as one JSON object on one line. */
void render_setup_json(const struct setup *s);

#endif
