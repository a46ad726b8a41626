/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logset - all files of one log, in the order of the times inside them
 *
 * A set comes from paths that the administrator gives (files, folders, globs,
 * `-`), or is found: the local Exim is asked (`exim -bP log_file_path`), else
 * the known places of the panels are looked at. Rotated siblings belong to a
 * file that was found. What cannot be opened or is no log is a problem of the set, never
 * the end of it. A file counts once, under whatever names it comes, and a log that is there
 * both plain and packed (logrotate was interrupted) counts once too.
 */
#ifndef POSTERN_LOGS_LOGSET_H
#define POSTERN_LOGS_LOGSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "logs/logfile.h"

#define LOGSET_FILES_MAX 4096

struct logset;

struct logset_options {
    const char *const *paths; /* NULL/0: find the log */
    size_t count;
    const char *root;         /* prefix for every place that we look at by ourselves, or NULL. With
                                 a root no Exim is asked. */
    const char *log_file_path;/* what Exim says (exim -bP log_file_path), or NULL */
    const char *spool_directory; /* likewise, for the default $spool/log/%slog */
};

/* Open a set. 0 and *set_out, even when some of the files are bad (see problems); -1 when there is
 * no log in it at all: *err says why, or where it was looked (one line). ERR_MISSING nothing there,
 * ERR_ACCESS not for us, ERR_FORMAT no Exim log, ERR_USAGE a device and the like, ERR_IO. A folder
 * gives all Exim main logs in it (reject and panic logs are left out; folders in it are not
 * entered), a glob what it matches; a path that names a file gives that file alone, without its
 * rotated siblings. More than LOGSET_FILES_MAX files is a problem. */
int logset_open(const struct logset_options *o, struct logset **set_out, struct err *err);
void logset_close(struct logset **set);

size_t logset_count(const struct logset *set);
/* Files in the order of their first line. `i` < count. Undated files are not among them. */
const struct logfile *logset_file(const struct logset *set, size_t i);

/* UTC of the first and the last line of the whole set (the last of a packed file counts as the
 * first of the next file of the same name but for its rotation suffix; INT64_MAX if there is none).
 * INT64_MAX/INT64_MIN for an empty set. */
int64_t logset_first(const struct logset *set);
int64_t logset_last(const struct logset *set);

/* True if file `i` can hold a line between `begin` and `end` (UTC, both included), with
 * logfile_slack() for zones. Always true for a file whose own times cannot be relied on. */
bool logset_can_hold(const struct logset *set, size_t i, int64_t begin, int64_t end);

/* The smallest index range [*from_out, *to_out) that has all files for which logset_can_hold() says
 * true. Files of other servers or with unreliable times can lie between: ask for each. */
void logset_span(const struct logset *set, int64_t begin, int64_t end, size_t *from_out,
                 size_t *to_out);

/* logset_exim.c: false if the local Exim could say nothing about these logs that changes what is
 * read in them: their lines have pids, and Exim's own processes run where its spool always is. A
 * look at both ends of each plain file. */
bool logset_needs_exim(const struct logset *set);

/* What went wrong while opening: one line each, ready to print; `i` < problems. */
size_t logset_problems(const struct logset *set);
const char *logset_problem(const struct logset *set, size_t i);

/* True if a problem means that lines are lost to us (a file that could not be opened or unpacked,
 * or is no log although it was named): exit status 3. An empty file or a double copy is no loss. */
bool logset_incomplete(const struct logset *set);

#endif
