/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logset_internal - the insides of a set that finding and keeping share
 *
 * Inside of logs/ only. Finding decides which paths are worth opening and what
 * may be expected of them; keeping opens them, drops what is there twice, and
 * notes what is wrong.
 */
#ifndef POSTERN_LOGS_LOGSET_INTERNAL_H
#define POSTERN_LOGS_LOGSET_INTERNAL_H

#include <glob.h>

#include "base/buf.h"
#include "logs/logset.h"

struct logset {
    struct logfile **files;  /* owned, as are the pointers */
    int64_t *lasts;          /* for each file: no line of it is later (UTC) */
    size_t count, cap;
    char **problems;         /* owned, as are the texts */
    size_t problem_count, problem_cap;
    enum err_kind worst;     /* kind of the first problem that lost lines */
    bool full;               /* LOGSET_FILES_MAX was reached */
};

/* What is expected of a file, and so what is worth a line when it disappoints. */
enum logset_claim {
    CLAIM_NAMED,             /* the administrator named it: everything */
    CLAIM_ROTATED,           /* its name says that it is a rotated log: all but being empty */
    CLAIM_NONE,              /* it lay there: nothing */
};

/* Open `path` and keep it if it is a log. True if it was kept (or was there already). */
bool logset_add_path(struct logset *set, const char *path, enum logset_claim claim);

/* Standard input. */
bool logset_add_stdin(struct logset *set);

/* Note a problem; `lost`: lines are lost to us by it. */
void logset_problem_add(struct logset *set, enum err_kind kind, bool lost, const char *text);

/* logset_find.c. A folder's logs. */
bool logset_add_folder(struct logset *set, const char *path);

/* Find the log by ourselves; `looked` gets the places (without the root), for the error. */
void logset_find(struct logset *set, const struct logset_options *o, struct buf *looked);

/* logset_name.c. Length of `name` without what rotation adds: `.1`, `-20260101`, `.2.gz`, `.01`
 * ... */
size_t logset_stem(struct str name);

/* True if `rest`, what follows the base name, is what rotation adds. */
bool logset_rotation_suffix(struct str rest);

#endif
