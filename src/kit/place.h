/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place - read, replace and remove files of a server, whole or not at all
 *
 * A configuration that is half written stops the mail of a server. So a file is never written to: a
 * new one is made beside it, brought to the disk, and put in its place, with the owner and the mode
 * of the old one. All paths are as the server sees them and are walked below its root (see
 * base/rootfs.h): a link in a copied server cannot lead us out of the copy, and links count only
 * if root, or who runs us, made them.
 */
#ifndef POSTERN_KIT_PLACE_H
#define POSTERN_KIT_PLACE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/rootfs.h"

#define PLACE_FILE_MAX ((size_t)4 << 20)

struct place_file {
    bool exists;
    struct str text;      /* the arena's */
    mode_t mode;          /* permissions; of a file that does not exist, those it will get */
    uid_t uid;
    gid_t gid;
};

/* Read a regular file of at most PLACE_FILE_MAX bytes. One that is not there is no error: `exists`
 * is false then, and the rest says what a new one gets. 0 or -1. */
int place_read(const struct rootfs *fs, struct arena *a, struct str path,
               struct place_file *out, struct err *err);

/* Put `text` in place of what is at `path`, with the owner and mode in `like`. The folder must be
 * there. If `path` is a link, what it leads to is replaced. 0 or -1; then nothing has changed. */
int place_write(const struct rootfs *fs, struct str path, struct str text,
                const struct place_file *like, struct err *err);

/* Remove what a run that was killed has left beside the file: a new one without its name yet. */
void place_tidy(const struct rootfs *fs, struct str path);

/* Remove a file. One that is not there is no error. 0 or -1. */
int place_remove(const struct rootfs *fs, struct str path, struct err *err);

/* Make a folder if it is not there; its parent must be. 1 made, 0 there already, -1. */
int place_folder(const struct rootfs *fs, struct str path, mode_t mode, struct err *err);

/* Remove a folder if it is empty. Never an error. */
void place_folder_remove(const struct rootfs *fs, struct str path);

/* True if something is at `path`, and (of `place_is_folder`) it is a folder. */
bool place_exists(const struct rootfs *fs, struct str path);
bool place_is_folder(const struct rootfs *fs, struct str path);

/* What stands before the last "/" of a path, and behind it. */
struct str place_parent(struct str path);
struct str place_name(struct str path);

#endif
