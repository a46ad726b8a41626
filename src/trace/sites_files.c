/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_files - what the readers of panels take from the disk
 *
 * Whole small files and sorted lists of names, nothing else. A file that is too
 * large, or a folder with too many names, is said to be so and passed over: the
 * biggest configuration of a real server is some megabytes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "trace/sites_internal.h"

#define NAMES_BYTES_MAX ((size_t)8 << 20)
#define USERS_MAX 65536

int sites_read_fd(struct sites *s, struct str path, int fd, struct buf *out)
{
    buf_reset(out);
    int rc = rootfs_fd_read(fd, out);
    if (rc != 0)
        sites_problem_add(s, "%.*s: not read: larger than %zu bytes, or a read error",
                          STR_ARG(path), out->max);
    return rc;
}

const char *sites_why(int number)
{
    if (number == EINVAL || number == EISDIR)
        return "not a regular file";
    return number == ELOOP ? "a symbolic link that is not root's" : strerror(number);
}

int sites_read(struct sites *s, struct str path, enum rootfs_links links, struct buf *out)
{
    struct stat st;
    buf_reset(out);
    if (str_empty(path))
        return -1;                   /* too long to be put together: no such file can be */
    int fd = rootfs_file(&s->fs, path, links, &st);
    if (fd < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            sites_problem_add(s, "%.*s: not read: %s", STR_ARG(path), sites_why(errno));
        return -1;
    }
    int rc = sites_read_fd(s, path, fd, out);
    close(fd);
    return rc;
}

int sites_read_customers(struct sites *s, struct str path, struct buf *out)
{
    struct stat st;
    buf_reset(out);
    int fd = str_empty(path) ? -1 : rootfs_file(&s->fs, path, ROOTFS_OUR_LINKS, &st);
    if (fd < 0) {
        if (!str_empty(path) && errno != ENOENT && errno != ENOTDIR)
            sites_note_add(s, "%.*s: not read: %s", STR_ARG(path), sites_why(errno));
        return -1;
    }
    int rc = rootfs_fd_read(fd, out);
    if (rc != 0)
        sites_note_add(s, "%.*s: not read: larger than %zu bytes, or a read error", STR_ARG(path),
                       out->max);
    close(fd);
    return rc;
}

static int name_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Add one name; false when a ceiling is reached. */
static bool name_add(struct names *n, size_t *cap, const char *name)
{
    if (n->n == SITES_NAMES_MAX)
        return false;
    if (n->n == *cap) {
        *cap = *cap == 0 ? 64 : *cap * 2;
        n->v = must_realloc(n->v, *cap * sizeof *n->v);
    }
    struct str copy = arena_str(n->arena, str_c(name));
    if (str_empty(copy))
        return false;
    n->v[n->n++] = copy;
    return true;
}

int sites_list(struct sites *s, struct str path, enum rootfs_links links, struct names *out)
{
    return sites_list_in(s, &s->fs, path, links, out);
}

int sites_list_in(struct sites *s, const struct rootfs *fs, struct str path,
                  enum rootfs_links links, struct names *out)
{
    *out = (struct names){ .arena = NULL };
    DIR *dir = rootfs_folder(fs, path, links);
    if (dir == NULL)
        return -1;
    size_t cap = 0;
    out->arena = arena_new(NAMES_BYTES_MAX);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (!name_add(out, &cap, e->d_name)) {
            sites_problem_add(s, "%.*s: more than %zu names: the rest was left out",
                              STR_ARG(path), out->n);
            break;
        }
    }
    closedir(dir);
    if (out->n > 0)
        qsort(out->v, out->n, sizeof *out->v, name_order);
    return 0;
}

void names_fini(struct names *n)
{
    arena_free(&n->arena);
    free(n->v);
    *n = (struct names){ .arena = NULL };
}

bool sites_in_circle(const struct str *open, size_t n, struct str path)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(open[i], path))
            return true;
    }
    return false;
}

struct str sites_path(struct sites *s, const char *fmt, ...)
{
    char text[ROOTFS_PATH_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text)
        return STR("");
    return arena_str(s->arena, str_make(text, (size_t)n));
}

bool sites_plain_name(struct str name)
{
    if (name.n == 0 || name.n > 253 || name.p[0] == '.')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!ascii_alnum(c) && c != '.' && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* /etc/passwd once: user names, and beside each its home. */
static void passwd_read(struct sites *s)
{
    struct buf text;
    struct str rest, line;
    uint32_t cap = 0;
    s->passwd = intern_new(s->key, USERS_MAX, (size_t)4 << 20);
    buf_init(&text, SITES_FILE_MAX);
    sites_read(s, STR("/etc/passwd"), ROOTFS_OUR_LINKS, &text);
    rest = buf_str(&text);
    while (str_line(&rest, &line)) {
        struct str user = str_cut(&line, ':');
        for (int skip = 0; skip < 4; skip++) /* password, uid, gid, full name */
            str_cut(&line, ':');
        struct str home = str_cut(&line, ':');
        if (!sites_plain_name(user) || home.n == 0 || home.p[0] != '/' ||
            intern_find(s->passwd, user) != INTERN_NONE)
            continue;
        uint32_t number = intern_add(s->passwd, user);
        if (number == INTERN_NONE)
            break;
        if (number >= cap) {
            cap = cap == 0 ? 64 : cap * 2;
            s->homes = must_realloc(s->homes, cap * sizeof *s->homes);
        }
        s->homes[number] = arena_str(s->arena, home);
    }
    buf_fini(&text);
}

/* What /etc/passwd says; empty if it does not know the user. */
static struct str passwd_home(struct sites *s, struct str user)
{
    if (s->passwd == NULL)
        passwd_read(s);
    uint32_t number = intern_find(s->passwd, user);
    return number != INTERN_NONE ? s->homes[number] : STR("");
}

struct str sites_home(struct sites *s, struct str user)
{
    struct str home = passwd_home(s, user);
    return home.n > 1 ? home : sites_path(s, "/home/%.*s", STR_ARG(user));
}

static bool is_within(struct str dir, struct str home)
{
    return home.n > 1 && str_starts(dir, home) && (dir.n == home.n || dir.p[home.n] == '/');
}

bool sites_in_home(struct sites *s, struct str user, struct str dir)
{
    return is_within(dir, sites_home(s, user));
}

/* Some user lives there, whatever the folder is called: /home/DOMAIN. */
static bool is_customers_home(struct sites *s, struct str dir)
{
    for (uint32_t i = 0; i < intern_count(s->passwd); i++) {
        if (is_within(dir, s->homes[i]) && sites_account(s->homes[i]).n > 0)
            return true;
    }
    return false;
}

bool sites_strangers_home(struct sites *s, struct str user, struct str dir)
{
    struct str owner = sites_account(dir);
    if (owner.n == 0 || sites_shared_user(user) || str_eq(owner, user))
        return false;
    if (s == NULL)
        return true;
    struct str home = passwd_home(s, user);
    if (is_within(dir, home))    /* /home/DOMAIN of a user with another name */
        return false;
    /* /home/vhosts is nobody's home; but of a log of another server passwd knows nobody. */
    return home.n == 0 || passwd_home(s, owner).n > 0 || is_customers_home(s, dir);
}

bool sites_place_tells(struct sites *s, struct str user, struct str dir)
{
    struct str owner = sites_account(dir);
    if (owner.n > 0 && str_eq(owner, user))  /* nearly always: top asks often */
        return true;
    if (dir.n == 0 || sites_strangers_home(s, user, dir))
        return false;
    return sites_shared_user(user) || owner.n > 0 || sites_is_web(s, dir) ||
           (s != NULL && is_within(dir, passwd_home(s, user)));
}
