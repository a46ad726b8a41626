/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootfs_read - what is in a file, and whether it has changed
 *
 * A file may grow while it is read: it is read to its end or to the ceiling of the buffer, whatever
 * its size was said to be.
 */
#define _GNU_SOURCE
#include "base/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

#define FIRST_READ 8192u     /* most files are small */
#define NEXT_READ 65536u

static int fail(int number)
{
    errno = number;
    return -1;
}

int rootfs_fd_read(int fd, struct buf *out)
{
    for (;;) {
        size_t left = out->max - out->n, want = out->n == 0 ? FIRST_READ : NEXT_READ;
        if (left == 0)
            return fail(EFBIG);
        if (out->cap <= out->n && buf_reserve(out, want < left ? want : left) != 0)
            return fail(EFBIG);
        size_t room = out->cap - out->n;
        ssize_t n = read(fd, out->p + out->n, room < left ? room : left);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -1;
        out->n += n > 0 ? (size_t)n : 0;
    }
}

static enum rootfs_read broken(struct str path, int number, struct err *err)
{
    if (number == EINVAL || number == EISDIR)
        err_set(err, ERR_FORMAT, "%.*s is no regular file", STR_ARG(path));
    else if (number == ELOOP)
        err_set(err, ERR_ACCESS, "%.*s: a symbolic link that is not root's", STR_ARG(path));
    else
        err_errno(err, number, "%.*s", STR_ARG(path));
    return ROOTFS_BROKEN;
}

enum rootfs_read rootfs_read(const struct rootfs *fs, struct str path, struct buf *out,
                             bool *root_owned_out, struct err *err)
{
    struct stat st;
    buf_reset(out);
    int fd = rootfs_file(fs, path, ROOTFS_OUR_LINKS, &st);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return ROOTFS_ABSENT;
    if (fd < 0)
        return broken(path, errno, err);
    int rc = (uint64_t)st.st_size >= out->max ? fail(EFBIG)
                                              : buf_reserve(out, (size_t)st.st_size + 1);
    if (rc == 0)
        rc = rootfs_fd_read(fd, out);
    int saved = errno;
    close(fd);
    if (rc != 0)
        return broken(path, saved, err);
    if (root_owned_out != NULL)
        *root_owned_out = st.st_uid == 0;
    return ROOTFS_OK;
}

static int64_t age_ms(const struct timespec *changed)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return 0;
    int64_t age = ((int64_t)now.tv_sec - changed->tv_sec) * 1000 +
                  (now.tv_nsec - changed->tv_nsec) / 1000000;
    return age >= 0 ? age : -1;
}

/* As seen from the root's descriptor. */
static const char *below(const char *path)
{
    while (*path == '/')
        path++;
    return *path == '\0' ? "." : path;
}

bool rootfs_permitted(const struct rootfs *fs, const char *path)
{
    return faccessat(fs->fd, below(path), R_OK, 0) == 0;
}

struct rootfs_print rootfs_look(const struct rootfs *fs, const char *path)
{
    static const struct hash_key key = { 1, 2 }; /* no secret: nobody chooses inodes and times */
    struct rootfs_print out = { .print = 1, .age_ms = -1 };
    struct stat st;
    path = below(path);
    if (fstatat(fs->fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return out;
    /* What a link of ours leads to counts; one of a customer may lead to a mount that hangs. */
    if (S_ISLNK(st.st_mode) && rootfs_ours(&st) && fstatat(fs->fd, path, &st, 0) != 0)
        return out;
    out.age_ms = age_ms(&st.st_ctim);
    out.place = hash_u64(key, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
    uint64_t h = hash_u64(key, out.place, (uint64_t)st.st_size ^ (uint64_t)st.st_mode << 40);
    h = hash_u64(key, h, (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec);
    h = hash_u64(key, h, (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec);
    out.print = h | 2;
    return out;
}
