/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootfs - files of a server that may stand below a folder of ours
 *
 * A copied server is examined below --root: an absolute symbolic link in the
 * copy means a place in the copy, and `..` never leads out of it. The kernel
 * does not resolve like that for an ordinary open(2), so paths are walked here
 * name by name on descriptors, and no name is ever looked up twice: what was
 * judged is what is opened.
 *
 * On a live server customers own folders on the way. They may put a link there
 * to a file that only root may read, or a FIFO at which root waits for ever. So
 * the caller says whose links count, files must be regular, and nothing blocks.
 */
#ifndef POSTERN_TRACE_ROOTFS_H
#define POSTERN_TRACE_ROOTFS_H

#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define ROOTFS_PATH_MAX 4096
#define ROOTFS_LINKS_MAX 40   /* links followed on one path, as the kernel does */
#define ROOTFS_NAMES_MAX 256  /* names walked on one path, links included */

struct rootfs {
    int fd;                   /* of the root folder */
    char *root;               /* its path without links, "" for / ; owned */
};

enum rootfs_links {
    ROOTFS_NO_LINKS,          /* a link anywhere on the path: refused */
    ROOTFS_OUR_LINKS,         /* followed if root, or who runs us, made it */
    ROOTFS_ALL_LINKS,         /* followed: only to learn a path, not to read what is there */
};

/* Open the folder `root` (NULL or "/": the machine itself). 0 or -1. */
int rootfs_init(struct rootfs *fs, const char *root, struct err *err);
void rootfs_fini(struct rootfs *fs);

/* The path without links of `path` (absolute, as the server sees it), again as
 * the server sees it, replacing the contents of `real_out`. 0, or -1 if any part is missing
 * or refused. */
int rootfs_real(const struct rootfs *fs, struct str path, enum rootfs_links links,
                struct buf *real_out);

/* Open a regular file for reading. A descriptor, with its status in *st_out;
 * or -1 with errno (ELOOP for a link that does not count, EINVAL for what is no regular file). */
int rootfs_file(const struct rootfs *fs, struct str path, enum rootfs_links links,
                struct stat *st_out);

/* Open a folder for reading its names. A descriptor, or -1 with errno. */
int rootfs_dir(const struct rootfs *fs, struct str path, enum rootfs_links links);

#endif
