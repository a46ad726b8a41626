/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootfs - files of a server that may stand below a folder of ours
 *
 * A copied server is examined below --root: an absolute symbolic link in the
 * copy means a place in the copy, and `..` never leads out of it. An ordinary
 * open(2) does not resolve like that, so paths are walked here name by name on
 * descriptors, and what was judged is what is opened. Folders on the way in which
 * there is no link are passed with one openat2(2), where the kernel has it, and
 * remembered: a server's configuration is hundreds of files in few folders.
 *
 * On a live server customers own folders on the way. They may put a link there
 * to a file that only root may read, or a FIFO at which root waits for ever. So
 * the caller says whose links count, files must be regular, and nothing blocks.
 *
 * Changes are seen by asking for a file's status again (rootfs_look): panels
 * replace files by rename, people edit in place, and the folders of a large
 * panel are more than inotify watches by default.
 */
#ifndef POSTERN_BASE_ROOTFS_H
#define POSTERN_BASE_ROOTFS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define ROOTFS_PATH_MAX 4096
#define ROOTFS_LINKS_MAX 40   /* links followed on one path, as the kernel does */
#define ROOTFS_NAMES_MAX 256  /* names walked on one path, links included */

#define ROOTFS_FOLDERS 16     /* remembered, with a descriptor each */

/* A folder that was reached without links. */
struct rootfs_folder {
    int fd;
    char *path;               /* owned; NULL: free */
};

/* What was learned on the way; only rootfs.c looks at it. */
struct rootfs_memory {
    struct rootfs_folder folders[ROOTFS_FOLDERS];
    unsigned next;            /* the one to be forgotten next */
    bool no_openat2;          /* the kernel or a filter refuses it */
    bool forgets;             /* folders are looked up each time */
};

struct rootfs {
    int fd;                   /* of the root folder */
    char *root;               /* its path without links, "" for / ; owned */
    struct rootfs_memory *memory; /* owned */
};

enum rootfs_links {
    ROOTFS_NO_LINKS,          /* a link anywhere on the path: refused */
    ROOTFS_OUR_LINKS,         /* followed if root, or who runs us, made it */
    ROOTFS_ALL_LINKS,         /* followed: only to learn a path, not to read what is there */
};

/* Open the folder `root` (NULL, "" or "/": the machine itself), which need not be readable itself.
 * 0 or -1. One thread at a time uses it. */
int rootfs_init(struct rootfs *fs, const char *root, struct err *err);
void rootfs_fini(struct rootfs *fs);

/* Remember no folders: for who reads a server again and again while it changes, and must not read
 * on in a folder that was replaced. */
void rootfs_forget(struct rootfs *fs);

/* Walk name by name from now on, as where there is no openat2(2). For tests. */
void rootfs_walk_only(struct rootfs *fs);

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

/* The same for readdir(3) and closedir(3); NULL with errno. */
DIR *rootfs_folder(const struct rootfs *fs, struct str path, enum rootfs_links links);

/* Made by root, or by who runs us. */
bool rootfs_ours(const struct stat *st);

/* --- rootfs_read.c --- */

/* Read the rest of a file behind what is in `out`. 0, or -1 with errno: EFBIG at its ceiling. */
int rootfs_fd_read(int fd, struct buf *out);

enum rootfs_read { ROOTFS_OK, ROOTFS_ABSENT, ROOTFS_BROKEN };

/* Read a whole file into `out`, whose ceiling is more than what is taken; our links count. BROKEN
 * with *err: not ours to read, no regular file, too long, a link that does not count.
 * *root_owned_out (may be NULL): no customer wrote it. */
enum rootfs_read rootfs_read(const struct rootfs *fs, struct str path, struct buf *out,
                             bool *root_owned_out, struct err *err);

/* Do owner and mode of what is there let us read it? When reading was refused nevertheless, it was
 * by a confinement, as that of Landlock, which this call does not ask. */
bool rootfs_permitted(const struct rootfs *fs, const char *path);

/* What a path is like now, to be compared with what it is like later. */
struct rootfs_print {
    uint64_t print;           /* changes when the file, or the names in the folder, may have
                                 changed; 1: nothing is there; never 0 */
    uint64_t place;           /* changes when it is another file under the name */
    int64_t age_ms;           /* since the last change; -1: none, or in the future */
};

/* By status alone: nothing is opened, and a place outside of the root tells at worst that nothing
 * has changed. Any thread. */
struct rootfs_print rootfs_look(const struct rootfs *fs, const char *path);

#endif
