/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_place - the folder in which the state lies
 *
 * Makes it, keeps other daemons out of it, and sets files aside that cannot be
 * used. Only at the beginning: afterwards no path is touched again.
 */
#ifndef POSTERN_STORE_STORE_PLACE_H
#define POSTERN_STORE_STORE_PLACE_H

#include <stdint.h>

#include "base/err.h"

#define PLACE_PATH_MAX 4096u
#define PLACE_FILE "state.mdb"       /* LMDB puts state.mdb-lock beside it */
#define PLACE_LOCK "state.lock"      /* held by the daemon that writes */
#define PLACE_ASIDE_MAX 3u           /* files set aside that are kept; older ones are removed */

/* `folder`/`name` into `path`. 0, or -1 with *err if it is too long. */
int place_path(const char *folder, const char *name, char path[PLACE_PATH_MAX], struct err *err);

/* Make the folder if it is not there, and lock it for this process. The descriptor, which the
 * caller closes at the end, or -1 with *err. */
int place_take(const char *folder, struct err *err);

/* Read the file through (store_verify). 0 if it is good or not there; -1 with *err. */
int place_verify(const char *folder, struct err *err);

/* Rename the file to state.mdb.damaged-TIME and say so in the log, with `why`. 0, or -1 with
 * *err. */
int place_set_aside(const char *folder, int64_t now, const char *why, struct err *err);

#endif
