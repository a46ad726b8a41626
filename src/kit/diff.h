/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff - what would change in a file, as diff -u would show it
 *
 * An administrator decides by it whether our lines may go into the configuration of a mail server,
 * so it must be the form that they know, and it must be true: patch(1) makes the one text of the
 * other with it.
 */
#ifndef POSTERN_KIT_DIFF_H
#define POSTERN_KIT_DIFF_H

#include "base/buf.h"

#define DIFF_LINES_MAX 200000u   /* lines of both texts together */

/* Append the difference between two texts, with three lines of context, under the headings "---
 * PATH" and "+++ PATH". An empty `before` that `existed` says was no file has /dev/null there;
 * likewise `after`. Nothing is appended for equal texts. 0, or -1 beyond a ceiling. */
struct diff_file {
    struct str path;
    struct str before, after;
    bool existed, exists;
};
int diff_unified(const struct diff_file *f, struct buf *out);

#endif
