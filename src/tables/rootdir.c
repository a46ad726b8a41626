/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootdir - the files that tables are read from, below a root
 *
 * A path is walked on descriptors. When a name on it is a link that counts, the
 * path is rewritten with the link's target and the walk begins again at the
 * root; what has been walked before holds no links, so `..` can be taken off
 * as text. A ceiling on links makes every walk end.
 */
#define _GNU_SOURCE
#include "tables/rootdir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

/* A folder on the way is only a place to go on from: a confined process that may read what is below
 * it, but not the folder itself, gets through. */
#ifdef O_PATH
#define OPEN_FOLDER (O_PATH | O_DIRECTORY)
#else
#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY)
#endif

int rootdir_open(struct rootdir *t, const char *root, struct err *err)
{
    const char *path = root == NULL || root[0] == '\0' ? "/" : root;
    t->fd = open(path, OPEN_FOLDER | O_CLOEXEC);
    return t->fd < 0 ? err_errno(err, errno, "root folder %s", path) : 0;
}

void rootdir_close(struct rootdir *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

static int fail(int number)
{
    errno = number;
    return -1;
}

/* Take the last name off "/a/b". */
static void done_up(struct buf *done)
{
    size_t slash = str_rfind_c(buf_str(done), '/');
    done->n = slash == STR_NONE ? 0 : slash;
}

/* Put the names of `path` behind `done`, `.` and `..` worked in. */
static int path_normal(struct buf *done, struct str path)
{
    while (path.n > 0) {
        struct str name = str_cut(&path, '/');
        if (str_empty(name) || str_eq(name, STR(".")))
            continue;
        if (str_eq(name, STR(".."))) {
            done_up(done);
            continue;
        }
        if (buf_add_c(done, '/') != 0 || buf_add(done, name) != 0)
            return fail(ENAMETOOLONG);
    }
    return 0;
}

/* `path` := what stands before the name at `at`, the link's target, `rest`. */
static int path_relink(struct buf *path, size_t at, int folder, const char *name)
{
    char target[ROOTDIR_PATH_MAX];
    struct buf fresh;
    ssize_t n = readlinkat(folder, name, target, sizeof target);
    if (n <= 0 || (size_t)n == sizeof target)
        return fail(n < 0 ? errno : ENAMETOOLONG);
    buf_init(&fresh, ROOTDIR_PATH_MAX);
    struct str rest = str_skip(buf_str(path), at + strlen(name));
    if (target[0] != '/')
        buf_add(&fresh, str_head(buf_str(path), at - 1));
    int rc = path_normal(&fresh, str_make(target, (size_t)n));
    if (rc == 0)
        rc = path_normal(&fresh, rest);
    buf_fini(path);
    *path = fresh;
    return rc;
}

static bool link_counts(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

/* Walk `path` once: a descriptor; -1 with errno; or -2 after a link has been worked into `path`. */
static int walk_once(const struct rootdir *t, struct buf *path, int flags)
{
    struct stat st;
    char name[256];
    int folder = fcntl(t->fd, F_DUPFD_CLOEXEC, 0);
    struct str rest = buf_str(path);
    while (folder >= 0 && rest.n > 0) {
        struct str word = str_skip(rest, 1);
        size_t at = (size_t)(word.p - path->p), n = str_find_c(word, '/');
        word = str_head(word, n);
        rest = str_skip(rest, 1 + word.n);
        int next = -1;
        if (str_copy(word, name, sizeof name) != 0)
            errno = ENAMETOOLONG;
        else if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            next = -1;
        else if (S_ISLNK(st.st_mode))
            next = !link_counts(&st) ? fail(ELOOP)
                   : path_relink(path, at, folder, name) == 0 ? -2 : -1;
        else
            next = openat(folder, name,
                          O_NOFOLLOW | O_CLOEXEC | (rest.n > 0 ? OPEN_FOLDER : flags));
        int saved = errno;
        close(folder);
        errno = saved;
        folder = next;
    }
    return folder;
}

static int walk(const struct rootdir *t, const char *path, int flags)
{
    struct buf full;
    int fd = -2;
    buf_init(&full, ROOTDIR_PATH_MAX);
    if (path_normal(&full, str_c(path)) != 0)
        fd = -1;
    for (unsigned links = 0; fd == -2 && links <= ROOTDIR_LINKS_MAX; links++)
        fd = walk_once(t, &full, flags);
    buf_fini(&full);
    return fd == -2 ? fail(ELOOP) : fd;
}

static int file_open(const struct rootdir *t, const char *path)
{
    /* O_NONBLOCK: a FIFO must not hold us */
    return walk(t, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

static int read_all(int fd, struct buf *out)
{
    for (;;) {
        if (buf_reserve(out, 1) != 0)
            return fail(EFBIG);
        size_t room = out->cap - out->n;
        if (room > out->max - out->n)
            room = out->max - out->n;
        ssize_t n = read(fd, out->p + out->n, room);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -1;
        out->n += n > 0 ? (size_t)n : 0;
    }
}

static bool absent(int number)
{
    return number == ENOENT || number == ENOTDIR;
}

enum rootdir_read rootdir_read(const struct rootdir *t, const char *path, struct buf *out,
                               bool *root_owned_out, struct err *err)
{
    struct stat st;
    buf_reset(out);
    int fd = file_open(t, path);
    if (fd < 0 && absent(errno))
        return ROOTDIR_ABSENT;
    int rc = fd < 0 || fstat(fd, &st) != 0 ? -1 : 0;
    if (rc == 0 && !S_ISREG(st.st_mode))
        rc = fail(EINVAL);
    if (rc == 0 && (uint64_t)st.st_size >= out->max)
        rc = fail(EFBIG);
    if (rc == 0)
        rc = buf_reserve(out, (size_t)st.st_size + 1);
    if (rc == 0)
        rc = read_all(fd, out);
    int saved = errno;
    if (fd >= 0)
        close(fd);
    if (root_owned_out != NULL)
        *root_owned_out = rc == 0 && st.st_uid == 0;
    if (rc == 0)
        return ROOTDIR_OK;
    if (saved == EINVAL)
        err_set(err, ERR_FORMAT, "%s is no regular file", path);
    else if (saved == ELOOP)
        err_set(err, ERR_ACCESS, "%s: a symbolic link that is not root's", path);
    else
        err_errno(err, saved, "%s", path);
    return ROOTDIR_BROKEN;
}

DIR *rootdir_folder(const struct rootdir *t, const char *path)
{
    int fd = walk(t, path, O_RDONLY | O_DIRECTORY);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL && fd >= 0)
        close(fd);
    return d;
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

struct rootdir_print rootdir_look(const struct rootdir *t, const char *path)
{
    static const struct hash_key key = { 1, 2 }; /* no secret: nobody chooses inodes and times */
    struct rootdir_print out = { .print = 1, .age_ms = -1 };
    struct stat st;
    while (*path == '/')
        path++;
    if (*path == '\0')
        path = ".";
    if (fstatat(t->fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return out;
    /* What a link of ours leads to counts; one of a customer may lead to a mount that hangs. */
    if (S_ISLNK(st.st_mode) && link_counts(&st) && fstatat(t->fd, path, &st, 0) != 0)
        return out;
    out.age_ms = age_ms(&st.st_ctim);
    out.place = hash_u64(key, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
    uint64_t h = hash_u64(key, out.place, (uint64_t)st.st_size ^ (uint64_t)st.st_mode << 40);
    h = hash_u64(key, h, (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec);
    h = hash_u64(key, h, (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec);
    out.print = h | 2;
    return out;
}
