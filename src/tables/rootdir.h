/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootdir - the files that tables are read from, below a root
 *
 * The daemon reads as a user with rights, and customers own folders on the way
 * to their lists: a symbolic link that a customer made may point at a file that is not his, a
 * FIFO would block for ever, and a file may grow while it is read. So paths are
 * walked name by name; links count only if root, or who runs us, made them,
 * and lead to places below the root; only regular files up to a ceiling are read.
 *
 * Changes are seen by asking for a file's status again (rootdir_look): panels replace files by
 * rename, people edit in place, and the folders of a large panel are more than
 * inotify watches by default.
 */
#ifndef POSTERN_TABLES_ROOTDIR_H
#define POSTERN_TABLES_ROOTDIR_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define ROOTDIR_PATH_MAX 4096u
#define ROOTDIR_LINKS_MAX 16u       /* links followed on one path */

struct rootdir {
    int fd;                      /* of the root folder */
};

/* Open the root; "" or NULL is the machine itself. 0 or -1. */
int rootdir_open(struct rootdir *t, const char *root, struct err *err);
void rootdir_close(struct rootdir *t);

enum rootdir_read { ROOTDIR_OK, ROOTDIR_ABSENT, ROOTDIR_BROKEN };

/* Read a whole regular file into `out`, whose ceiling is the most that is taken. `path` is
 * absolute, as the server sees it. BROKEN with *err: not ours to read, no regular file, longer than
 * the ceiling, a link that does not count. *root_owned_out (may be NULL): no customer wrote it. */
enum rootdir_read rootdir_read(const struct rootdir *t, const char *path, struct buf *out,
                               bool *root_owned_out, struct err *err);

/* Open a folder to read its names; NULL with errno. For readdir(3) and closedir(3). */
DIR *rootdir_folder(const struct rootdir *t, const char *path);

/* What a path is like now, to be compared with what it is like later. */
struct rootdir_print {
    uint64_t print;              /* changes when the file, or the names in the folder, may have
                                    changed; 1: nothing is there; never 0 */
    uint64_t place;              /* changes when it is another file under the name */
    int64_t age_ms;              /* since the last change; -1: none, or in the future */
};

struct rootdir_print rootdir_look(const struct rootdir *t, const char *path);

#endif
