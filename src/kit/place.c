/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place - read, replace and remove files of a server, whole or not at all
 *
 * The walk ends at a descriptor of the folder; what happens then goes by names in that folder
 * (openat, renameat), so nobody can put another folder under us in between.
 */
#define _GNU_SOURCE
#include "kit/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

struct str place_parent(struct str path)
{
    size_t slash = str_rfind_c(path, '/');
    return slash == STR_NONE || slash == 0 ? STR("/") : str_head(path, slash);
}

struct str place_name(struct str path)
{
    size_t slash = str_rfind_c(path, '/');
    return slash == STR_NONE ? path : str_skip(path, slash + 1);
}

static int fail(struct err *err, const char *what, struct str path)
{
    return err_errno(err, errno, "%s%.*s", what, STR_ARG(path));
}

int place_read(const struct rootfs *fs, struct arena *a, struct str path,
               struct place_file *out, struct err *err)
{
    struct stat st;
    *out = (struct place_file){ .text = STR(""), .mode = 0644, .uid = geteuid(),
                                .gid = getegid() };
    int fd = rootfs_file(fs, path, ROOTFS_OUR_LINKS, &st);
    if (fd < 0)
        return errno == ENOENT ? 0 : fail(err, "", path);
    struct buf b;
    buf_init(&b, PLACE_FILE_MAX);
    int rc = rootfs_fd_read(fd, &b);
    if (rc == 0) {
        out->exists = true;
        out->text = arena_str(a, buf_str(&b));
        out->mode = st.st_mode & 07777;
        out->uid = st.st_uid;
        out->gid = st.st_gid;
        if (out->text.n != b.n)
            rc = err_set(err, ERR_LIMIT, "%.*s: too large", STR_ARG(path));
    } else {
        fail(err, "", path);
    }
    buf_fini(&b);
    close(fd);
    return rc;
}

bool place_exists(const struct rootfs *fs, struct str path)
{
    struct buf real;
    buf_init(&real, ROOTFS_PATH_MAX);
    bool there = rootfs_real(fs, path, ROOTFS_OUR_LINKS, &real) == 0;
    buf_fini(&real);
    return there;
}

bool place_is_folder(const struct rootfs *fs, struct str path)
{
    int fd = rootfs_dir(fs, path, ROOTFS_OUR_LINKS);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* A file's folder and its name there, behind all links. The descriptor, or -1 with errno. */
static int folder_of(const struct rootfs *fs, struct str path, char name[256])
{
    struct buf real;
    buf_init(&real, ROOTFS_PATH_MAX);
    struct str at = path;
    int fd = -1;
    if (rootfs_real(fs, path, ROOTFS_OUR_LINKS, &real) == 0)
        at = buf_str(&real);
    else if (errno != ENOENT)
        goto out;
    if (str_copy(place_name(at), name, 256) != 0 || name[0] == '\0') {
        errno = EINVAL;
        goto out;
    }
    fd = rootfs_dir(fs, place_parent(at), ROOTFS_OUR_LINKS);
out:
    buf_fini(&real);
    return fd;
}

static int write_whole(int fd, struct str text)
{
    while (text.n > 0) {
        ssize_t n = write(fd, text.p, text.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        text = str_skip(text, (size_t)n);
    }
    return 0;
}

#define FRESH_MAX 64

/* What a file is called before it gets its name. One name for each, so that what a killed run left
 * goes with the next. */
static void fresh_name(const char *name, char fresh[FRESH_MAX])
{
    snprintf(fresh, FRESH_MAX, ".postern-%.54s", name);
}

/* A new file in the folder with the text, on the disk. 0, or -1 with errno. */
static int fresh_make(int folder, struct str text, const struct place_file *like, const char *name)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(folder, name, flags, 0600);
    if (fd < 0 && errno == EEXIST && unlinkat(folder, name, 0) == 0)
        fd = openat(folder, name, flags, 0600);
    if (fd < 0)
        return -1;
    int rc = write_whole(fd, text);
    if (rc == 0 && (like->uid != geteuid() || like->gid != getegid()))
        rc = fchown(fd, like->uid, like->gid);
    if (rc == 0)
        rc = fchmod(fd, like->mode);
    if (rc == 0)
        rc = fsync(fd);
    int saved = errno;
    close(fd);
    if (rc != 0)
        unlinkat(folder, name, 0);
    errno = saved;
    return rc;
}

/* What was done in the folder stays done. Returns `rc`, with *err if it is not 0. */
static int folder_end(int folder, int rc, struct str path, struct err *err)
{
    if (rc != 0)
        fail(err, "", path);
    else
        fsync(folder);
    close(folder);
    return rc;
}

int place_write(const struct rootfs *fs, struct str path, struct str text,
                const struct place_file *like, struct err *err)
{
    char name[256], fresh[FRESH_MAX];
    int folder = folder_of(fs, path, name);
    if (folder < 0)
        return fail(err, "", path);
    fresh_name(name, fresh);
    int rc = fresh_make(folder, text, like, fresh);
    if (rc == 0 && (rc = renameat(folder, fresh, folder, name)) != 0) {
        int saved = errno;
        unlinkat(folder, fresh, 0);
        errno = saved;
    }
    return folder_end(folder, rc, path, err);
}

void place_tidy(const struct rootfs *fs, struct str path)
{
    char name[256], fresh[FRESH_MAX];
    int folder = folder_of(fs, path, name);
    if (folder < 0)
        return;
    fresh_name(name, fresh);
    unlinkat(folder, fresh, 0);
    close(folder);
}

int place_remove(const struct rootfs *fs, struct str path, struct err *err)
{
    char name[256];
    int folder = folder_of(fs, path, name);
    if (folder < 0)
        return errno == ENOENT ? 0 : fail(err, "", path);
    int rc = unlinkat(folder, name, 0);
    if (rc != 0 && errno == ENOENT)
        rc = 0;
    return folder_end(folder, rc, path, err);
}

int place_folder(const struct rootfs *fs, struct str path, mode_t mode, struct err *err)
{
    char name[256];
    if (place_is_folder(fs, path))
        return 0;
    int folder = folder_of(fs, path, name);
    if (folder < 0)
        return fail(err, "", path);
    int rc = mkdirat(folder, name, mode), fd = -1;
    struct stat st;
    if (rc == 0) /* whatever the umask is; and whoever owns `folder` may have put a link there */
        rc = fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (rc >= 0 && (rc = fstat(fd, &st)) == 0 && st.st_uid == geteuid())
        rc = fchmod(fd, mode);
    if (rc != 0)
        fail(err, "", path);
    if (fd >= 0)
        close(fd);
    close(folder);
    return rc == 0 ? 1 : -1;
}

void place_folder_remove(const struct rootfs *fs, struct str path)
{
    char name[256];
    int folder = folder_of(fs, path, name);
    if (folder < 0)
        return;
    unlinkat(folder, name, AT_REMOVEDIR);
    close(folder);
}
