/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply - carry out a plan, and take it back
 *
 * What was there before is kept below APPLY_FOLDER, with a list of what was changed, so that an
 * undo gives back the same bytes, however often the plan was carried out in between. A file that
 * somebody has edited since is not overwritten with an old one: then only our marked lines are
 * taken out.
 *
 * The folder must belong to root (or who runs us) and be writable by nobody else: whoever could
 * write there would choose what an undo puts into the configuration of the mail server.
 */
#ifndef POSTERN_KIT_APPLY_H
#define POSTERN_KIT_APPLY_H

#include "kit/plan.h"

/* Beside the daemon's state, not in it: that folder is the daemon's user's. */
#define APPLY_FOLDER "/var/lib/postern-setup"
#define APPLY_FILES_MAX 64u
#define APPLY_SAID_MAX 64u

enum apply_what { APPLY_SAME, APPLY_CREATED, APPLY_CHANGED, APPLY_REMOVED, APPLY_RESTORED,
                  APPLY_CLEANED, APPLY_LEFT };
/* "same", "created", "changed", "removed", "restored", "cleaned", "left". */
const char *apply_what_name(enum apply_what what);

/* What became of one file, and why if it is not what one would expect. */
struct apply_said {
    struct str path;
    enum apply_what what;
    struct str why;              /* empty or a sentence */
};

struct apply_record {
    struct str path;
    bool created;                /* it was not there before us */
    bool edited;                 /* a copy that somebody had edited is kept as NAME.edited */
    struct str before, after;
};

/* The list of what was done here, as it is on the disk. */
struct apply {
    const struct rootfs *fs;
    struct arena *arena;
    bool exists;                 /* the plan was carried out here before */
    bool half;                   /* apply_plan() failed, and not all could be put back */
    enum plan_layout layout;
    struct str config;           /* of the plain layout */
    struct apply_record records[APPLY_FILES_MAX];
    size_t count;
    struct str folders[8];       /* that we made, the outer first */
    size_t folder_count;
    struct apply_said said[APPLY_SAID_MAX];
    size_t said_count;
};

/* Read the list; it is no error if there is none. Everything is the arena's. 0, or -1: ERR_FORMAT
 * if it is not one of ours, ERR_ACCESS if others could have written it. */
int apply_open(struct apply *x, const struct rootfs *fs, struct arena *a, struct err *err);

/* Take out of the plan what would overwrite files of the kit that somebody has edited since, where
 * the plan has nothing new for them; a note says so, and another which files have lost the lines
 * that they had. To be called before apply_plan(). */
void apply_keep(struct apply *x, struct plan *p);

/* Write what the plan has. First the copies and the list, then the files, each whole or not at all.
 * Returns how many files changed (0: nothing to do), or -1; what was written until then is taken
 * back before, or `half` is set and the list stays. `said` has a line for each file. */
int apply_plan(struct apply *x, const struct plan *p, struct err *err);

/* Take back what the last apply_plan() has done with this very plan, and nothing before it. */
int apply_rollback(struct apply *x, const struct plan *p, struct err *err);

/* Take back everything that the list has, and the list. 0 or -1; what could not be taken back stays
 * in the list. */
int apply_undo(struct apply *x, struct err *err);

#endif
