/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootfs - files of a server that may stand below a folder of ours
 *
 * A walk holds three things: the path that is done and has no links, a
 * descriptor of the folder at its end, and the names that are still to do. A
 * link's target is put in front of the names to do. `..` takes a name off the
 * path that is done and walks to its parent again from the root, so it can only
 * ever reach what the walk has passed. Ceilings on links, names and bytes make
 * every walk end.
 *
 * A leap takes all names but the last at once: openat2(2) that stays inside the
 * root and refuses every link, or a folder that such a call has reached before.
 * Where it meets a link the walk decides, as it does without openat2(2).
 */
#define _GNU_SOURCE
#include "base/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/must.h"

/* A folder on the way is only a place to go on from: a confined process that may read what is below
 * it, but not the folder itself, gets through. */
#ifdef O_PATH
#define OPEN_FOLDER (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#else
#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#endif

/* As in confine.c: the same number everywhere but on Alpha, and no header is needed. */
#if defined(O_PATH) && !defined(__alpha__)
#define NR_OPENAT2 437
#define WITHOUT_LINKS 0x16u          /* RESOLVE_IN_ROOT, _NO_SYMLINKS, _NO_MAGICLINKS */
#endif

struct walk {
    const struct rootfs *fs;
    enum rootfs_links links;
    unsigned links_seen, names_seen;
    int fd;                          /* folder at the end of `done`, or that of `last` */
    bool lent;                       /* that descriptor is the root's or a remembered one */
    struct buf done;                 /* "" or "/a/b", without links */
    struct buf todo;                 /* names still to walk */
    char last[256];                  /* the final name if it is no folder, or "" */
    bool regular;                    /* and it was a regular file */
    bool leap;                       /* due: at the beginning and after each link */
};

int rootfs_init(struct rootfs *fs, const char *root, struct err *err)
{
    const char *path = root == NULL || root[0] == '\0' ? "/" : root;
    *fs = (struct rootfs){ .fd = -1 };
    fs->root = realpath(path, NULL);
    if (fs->root == NULL)
        return err_errno(err, errno, "%s", path);
    fs->fd = open(fs->root, OPEN_FOLDER);
    if (fs->fd < 0) {
        err_errno(err, errno, "%s", fs->root);
        rootfs_fini(fs);
        return -1;
    }
    if (strcmp(fs->root, "/") == 0)
        fs->root[0] = '\0';
    fs->memory = must_alloc(sizeof *fs->memory);
#ifndef NR_OPENAT2
    rootfs_walk_only(fs);
#endif
    return 0;
}

void rootfs_walk_only(struct rootfs *fs)
{
    fs->memory->no_openat2 = true;
}

void rootfs_forget(struct rootfs *fs)
{
    fs->memory->forgets = true;
}

void rootfs_fini(struct rootfs *fs)
{
    for (unsigned i = 0; fs->memory != NULL && i < ROOTFS_FOLDERS; i++) {
        if (fs->memory->folders[i].path != NULL)
            close(fs->memory->folders[i].fd);
        free(fs->memory->folders[i].path);
    }
    free(fs->memory);
    if (fs->fd >= 0)
        close(fs->fd);
    free(fs->root);
    *fs = (struct rootfs){ .fd = -1 };
}

static int walk_fail(int number)
{
    errno = number;
    return -1;
}

/* The walk goes on from `fd`. */
static void walk_hold(struct walk *w, int fd, bool lent)
{
    if (w->fd >= 0 && !w->lent)
        close(w->fd);
    w->fd = fd;
    w->lent = lent;
}

bool rootfs_ours(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

/* Move the walk to folder `name` below its own. */
static int walk_enter(struct walk *w, const char *name)
{
    int fd = openat(w->fd, name, OPEN_FOLDER);
    if (fd < 0)
        return -1;
    walk_hold(w, fd, false);
    return 0;
}

static void walk_to_root(struct walk *w)
{
    walk_hold(w, w->fs->fd, true);
}

static void done_drop(struct walk *w)
{
    size_t slash = str_rfind_c(buf_str(&w->done), '/');
    w->done.n = slash == STR_NONE ? 0 : slash;
}

/* `..`: drop the last name and walk to what remains, which has no links. */
static int walk_up(struct walk *w)
{
    char name[256];
    done_drop(w);
    walk_to_root(w);
    struct str rest = str_skip(buf_str(&w->done), 1);
    while (!str_empty(rest)) {
        if (++w->names_seen > ROOTFS_NAMES_MAX)
            return walk_fail(ELOOP);
        if (str_copy(str_cut(&rest, '/'), name, sizeof name) != 0 || walk_enter(w, name) != 0)
            return -1;
    }
    return 0;
}

/* Put the target of the link `name` in front of what is to do. */
static int walk_link(struct walk *w, const char *name, const struct stat *st)
{
    char target[ROOTFS_PATH_MAX];
    if (w->links == ROOTFS_NO_LINKS || (w->links == ROOTFS_OUR_LINKS && !rootfs_ours(st)))
        return walk_fail(ELOOP);
    if (++w->links_seen > ROOTFS_LINKS_MAX)
        return walk_fail(ELOOP);
    ssize_t n = readlinkat(w->fd, name, target, sizeof target);
    if (n <= 0 || (size_t)n == sizeof target)
        return walk_fail(n < 0 ? errno : ENAMETOOLONG);
    struct buf todo;
    buf_init(&todo, ROOTFS_PATH_MAX);
    buf_add(&todo, str_make(target, (size_t)n));
    buf_add_c(&todo, '/');
    buf_add(&todo, buf_str(&w->todo));
    bool bad = buf_bad(&todo);
    buf_fini(&w->todo);
    w->todo = todo;
    if (bad)
        return walk_fail(ENAMETOOLONG);
    w->leap = true;
    if (target[0] == '/') {
        buf_reset(&w->done);
        walk_to_root(w);
    }
    return 0;
}

/* One name: a folder is entered, a link replaced, anything else must be the end. */
static int walk_step(struct walk *w, const char *name)
{
    struct stat st;
    if (fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    if (S_ISLNK(st.st_mode))
        return walk_link(w, name, &st);
    if (buf_add_c(&w->done, '/') != 0 || buf_add(&w->done, str_c(name)) != 0)
        return walk_fail(ENAMETOOLONG);
    if (S_ISDIR(st.st_mode))
        return walk_enter(w, name);
    w->regular = S_ISREG(st.st_mode);
    return str_copy(str_c(name), w->last, sizeof w->last);
}

/* The next name of a path, without `.`; empty at the end. */
static struct str name_cut(struct str *rest)
{
    struct str word = STR("");
    while (!str_empty(*rest) && str_empty(word)) {
        word = str_cut(rest, '/');
        if (str_eq(word, STR(".")))
            word = STR("");
    }
    return word;
}

/* Take the next name off `todo`: 1 and the name, 0 at the end, -1 for one too long. */
static int walk_name(struct walk *w, char *name, size_t size)
{
    struct str rest = buf_str(&w->todo);
    struct str word = name_cut(&rest);
    if (str_empty(word))
        return 0;
    if (str_copy(word, name, size) != 0)
        return walk_fail(ENAMETOOLONG);
    buf_consume(&w->todo, (size_t)(rest.p - w->todo.p));
    return 1;
}

static int walk_begin(struct walk *w, const struct rootfs *fs, struct str path,
                      enum rootfs_links links)
{
    *w = (struct walk){ .fs = fs, .links = links, .fd = -1, .leap = true };
    buf_init(&w->done, ROOTFS_PATH_MAX);
    buf_init(&w->todo, ROOTFS_PATH_MAX);
    if (path.n == 0 || path.p[0] != '/')
        return walk_fail(EINVAL);
    if (buf_add(&w->todo, path) != 0)
        return walk_fail(ENAMETOOLONG);
    walk_to_root(w);
    return 0;
}

static void walk_fini(struct walk *w)
{
    int saved = errno;
    walk_hold(w, -1, true);
    buf_fini(&w->done);
    buf_fini(&w->todo);
    errno = saved;
}

/* --- leaps --- */

/* openat2(2) of a folder below the root. -1 with errno. */
static int folder_open(const struct rootfs *fs, const char *path)
{
#ifdef NR_OPENAT2
    const struct { uint64_t flags, mode, resolve; } how = { OPEN_FOLDER & ~O_NOFOLLOW, 0,
                                                             WITHOUT_LINKS };
    return (int)syscall(NR_OPENAT2, fs->fd, path, &how, sizeof how);
#else
    (void)fs, (void)path;
    return walk_fail(ENOSYS);
#endif
}

static void folder_remember(struct rootfs_memory *m, const char *path, int fd)
{
    struct rootfs_folder *f = &m->folders[m->next++ % ROOTFS_FOLDERS];
    if (f->path != NULL)
        close(f->fd);
    free(f->path);
    f->fd = fd;
    f->path = strdup(path);
    must(f->path != NULL);
}

/* The folder `path` ("" or "/a/b", no `..`), if there is no link in it. A descriptor, and whether
 * it is lent; -1 with errno; -2 if the walk must say. */
static int folder_find(const struct rootfs *fs, struct str path, bool *lent_out)
{
    char text[ROOTFS_PATH_MAX];
    struct rootfs_memory *m = fs->memory;
    *lent_out = path.n == 0 || !m->forgets;
    if (path.n == 0)
        return fs->fd;
    for (unsigned i = 0; i < ROOTFS_FOLDERS; i++) {
        if (m->folders[i].path != NULL && str_eq(str_c(m->folders[i].path), path))
            return m->folders[i].fd;
    }
    if (str_copy(path, text, sizeof text) != 0)
        return -2;
    int fd = folder_open(fs, text);
    if (fd >= 0 && !m->forgets)
        folder_remember(m, text, fd);
    if (fd >= 0)
        return fd;
    if (errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == E2BIG)
        m->no_openat2 = true;
    return m->no_openat2 || errno == ELOOP || errno == EXDEV || errno == EAGAIN ? -2 : -1;
}

/* All names to do but the last, behind those that are done, into `path`. False if one is `..`,
 * which is known only when what it goes up from is known. */
static bool leap_path(const struct walk *w, struct buf *path, struct str *last_out,
                      unsigned *names_out)
{
    struct str rest = buf_str(&w->todo), name;
    *names_out = 0;
    buf_add(path, buf_str(&w->done));
    *last_out = STR("");
    while (name = name_cut(&rest), !str_empty(name)) {
        if (str_eq(name, STR("..")))
            return false;
        if (!str_empty(*last_out)) {
            ++*names_out;
            buf_add_c(path, '/');
            buf_add(path, *last_out);
        }
        *last_out = name;
    }
    return !buf_bad(path);
}

/* A leap is not possible: the walk starts again from the root. */
static int leap_not(struct walk *w)
{
    struct buf todo;
    walk_to_root(w);
    if (w->done.n == 0)
        return 0;
    buf_init(&todo, ROOTFS_PATH_MAX);
    buf_add(&todo, buf_str(&w->done));
    buf_add_c(&todo, '/');
    buf_add(&todo, buf_str(&w->todo));
    bool bad = buf_bad(&todo);
    buf_fini(&w->todo);
    w->todo = todo;
    buf_reset(&w->done);
    return bad ? walk_fail(ENAMETOOLONG) : 0;
}

/* Pass all names but the last at once, if there is no link among them. */
static int walk_leap(struct walk *w)
{
    struct buf path;
    struct str last;
    unsigned names;
    bool lent = false;
    /* Behind a link: what is done has no links, so `..` is its parent. */
    for (;;) {
        struct str rest = buf_str(&w->todo);
        if (!str_eq(name_cut(&rest), STR("..")))
            break;
        done_drop(w);
        buf_consume(&w->todo, (size_t)(rest.p - w->todo.p));
    }
    buf_init(&path, ROOTFS_PATH_MAX);
    int fd = leap_path(w, &path, &last, &names) ? folder_find(w->fs, buf_str(&path), &lent) : -2;
    if (fd < 0) {
        buf_fini(&path);
        return fd == -1 ? -1 : leap_not(w);
    }
    walk_hold(w, fd, lent);
    w->names_seen += names;
    buf_consume(&w->todo, last.n == 0 ? w->todo.n : (size_t)(last.p - w->todo.p));
    buf_fini(&w->done);
    w->done = path;
    return 0;
}

/* --- */

/* Walk to the end of `path`. 0; or -1 with errno. walk_fini() is due either way. */
static int walk_run(struct walk *w, const struct rootfs *fs, struct str path,
                    enum rootfs_links links)
{
    char name[256];
    if (walk_begin(w, fs, path, links) != 0)
        return -1;
    for (;;) {
        if (w->leap && !fs->memory->no_openat2 && walk_leap(w) != 0)
            return -1;
        w->leap = false;
        int more = walk_name(w, name, sizeof name);
        if (more <= 0)
            return more;
        if (w->last[0] != '\0')
            return walk_fail(ENOTDIR);
        if (++w->names_seen > ROOTFS_NAMES_MAX)
            return walk_fail(ELOOP);
        if ((strcmp(name, "..") == 0 ? walk_up(w) : walk_step(w, name)) != 0)
            return -1;
    }
}

int rootfs_real(const struct rootfs *fs, struct str path, enum rootfs_links links,
                struct buf *real_out)
{
    struct walk w;
    buf_reset(real_out);
    int rc = walk_run(&w, fs, path, links);
    if (rc == 0 && buf_add(real_out, w.done.n == 0 ? STR("/") : buf_str(&w.done)) != 0)
        rc = walk_fail(ENAMETOOLONG);
    walk_fini(&w);
    return rc;
}

int rootfs_file(const struct rootfs *fs, struct str path, enum rootfs_links links,
                struct stat *st_out)
{
    struct walk w;
    int fd = -1;
    if (walk_run(&w, fs, path, links) == 0) {
        if (w.last[0] == '\0')
            errno = EISDIR;
        else if (!w.regular)
            errno = EINVAL;
        else /* O_NONBLOCK: a FIFO put here since we looked must not hold us */
            fd = openat(w.fd, w.last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    walk_fini(&w);
    if (fd < 0)
        return -1;
    if (fstat(fd, st_out) == 0 && S_ISREG(st_out->st_mode))
        return fd;
    close(fd);
    return walk_fail(EINVAL);
}

int rootfs_dir(const struct rootfs *fs, struct str path, enum rootfs_links links)
{
    struct walk w;
    int fd = -1;
    if (walk_run(&w, fs, path, links) == 0) {
        if (w.last[0] != '\0')
            errno = ENOTDIR;
        else
            fd = openat(w.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    walk_fini(&w);
    return fd;
}

DIR *rootfs_folder(const struct rootfs *fs, struct str path, enum rootfs_links links)
{
    int fd = rootfs_dir(fs, path, links);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int saved = errno;
    if (dir == NULL && fd >= 0)
        close(fd);
    errno = saved;
    return dir;
}
