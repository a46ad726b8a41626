/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_logs - the access logs of a site that are on disk
 *
 * A configuration names the log that is written now. Its rotated siblings stand
 * beside it (.1, .2.gz, -20261123.gz, .processed), and cPanel and DirectAdmin
 * keep monthly archives in the customer's home. The home is the customer's: an archive
 * must be a regular file with one name, and no link of theirs leads to it.
 *
 * Nothing is opened here to be read: requests.c opens what it needs by
 * sites_open_log(), which refuses any link that was put there since.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "trace/sites_internal.h"

#define FOUND_MAX 512

/* A log file that is there. */
struct found {
    struct str path;         /* real, with the root prefix */
    int64_t modified;
    dev_t dev;
    ino_t ino;
    unsigned order;          /* of its source: current logs first, in that order */
    bool current;
};

struct finder {
    struct sites *s;
    const struct rootfs *fs; /* the root, or the machine for what the administrator typed */
    struct found *v;
    size_t n;
    unsigned order;
};

/* Put a source at the end, unless it is there already. */
static void add_source(struct sites *s, struct site_rec *rec, const struct site_log *log)
{
    if (rec == NULL || log->path.n < 2 || log->path.p[0] != '/')
        return;
    struct site_log **at = &rec->logs;
    for (; *at != NULL; at = &(*at)->next) {
        if (str_eq((*at)->path, log->path) && str_eq((*at)->base, log->base) &&
            (*at)->given == log->given)
            return;
    }
    struct site_log *copy = arena_alloc(s->arena, sizeof *copy);
    if (copy == NULL)
        return;
    *copy = *log;
    copy->path = arena_str(s->arena, log->path);
    copy->base = arena_str(s->arena, log->base);
    *at = copy;
    rec->finished = false;
}

void site_add_log(struct sites *s, struct site_rec *rec, struct str path)
{
    add_source(s, rec, &(struct site_log){ .path = path, .base = STR("") });
}

void site_add_given_log(struct sites *s, struct site_rec *rec, struct str path)
{
    add_source(s, rec, &(struct site_log){ .path = path, .base = STR(""), .given = true });
}

void site_add_monthly(struct sites *s, struct site_rec *rec, struct str folder, struct str base)
{
    add_source(s, rec, &(struct site_log){ .path = folder, .base = base, .monthly = true });
}

static bool packed_suffix(struct str s)
{
    static const char *const suffixes[] = { "", ".gz", ".bz2", ".xz", ".zst", ".lzma", ".Z" };
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (str_eq(s, str_c(suffixes[i])))
            return true;
    }
    return false;
}

/* What follows the name of a log in the name of a rotated one: `.1`, `.2.gz`,
 * `-20261123`, `-2026112310.gz`, `.processed`, `.processed.1.gz`, `.old`. */
static bool rotated_suffix(struct str rest)
{
    if (str_eat(&rest, STR(".processed")) || str_eat(&rest, STR(".old"))) {
        if (packed_suffix(rest))
            return true;
    }
    if (rest.n < 2 || (rest.p[0] != '.' && rest.p[0] != '-') || !ascii_digit(rest.p[1]))
        return false;
    rest = str_skip(rest, 1);
    size_t digits = 0;
    while (digits < rest.n && ascii_digit(rest.p[digits]))
        digits++;
    return digits <= 14 && packed_suffix(str_skip(rest, digits));
}

/* `Nov-2026` with an optional packing, of a monthly archive. */
static bool month_suffix(struct str rest)
{
    if (rest.n < 8 || !ascii_upper(rest.p[0]) || !ascii_lower(rest.p[1]) ||
        !ascii_lower(rest.p[2]) || rest.p[3] != '-')
        return false;
    for (size_t i = 4; i < 8; i++) {
        if (!ascii_digit(rest.p[i]))
            return false;
    }
    rest = str_skip(rest, 8);
    return packed_suffix(rest) || str_eq(rest, STR(".tar.gz"));
}

/* Note `path` (under f->fs) if it is a regular file that was not noted before. */
static void note_file(struct finder *f, struct str path, bool current, bool customers)
{
    struct stat st;
    if (f->n == FOUND_MAX)
        return;
    int fd = rootfs_file(f->fs, path, ROOTFS_NO_LINKS, &st);
    if (fd < 0) {
        if (errno != ENOENT && errno != ELOOP)
            sites_problem_add(f->s, "%s%.*s: not read: %s", f->fs->root, STR_ARG(path),
                              strerror(errno));
        return;
    }
    close(fd);
    if (customers && st.st_nlink != 1)
        return;
    for (size_t i = 0; i < f->n; i++) {
        if (f->v[i].dev == st.st_dev && f->v[i].ino == st.st_ino)
            return;
    }
    struct str real = sites_path(f->s, "%s%.*s", f->fs->root, STR_ARG(path));
    if (!str_empty(real))
        f->v[f->n++] = (struct found){ real, st.st_mtime, st.st_dev, st.st_ino, f->order, current };
}

/* The names in `folder` (real), from the cache if it was the last one asked for:
 * all sites of a panel keep their logs in one. */
static const struct names *folder_names(struct finder *f, struct str folder)
{
    struct sites *s = f->s;
    static const struct names none;
    bool cacheable = f->fs == &s->fs;
    if (cacheable && s->listing.arena != NULL && str_eq(s->listed, folder))
        return &s->listing;
    names_fini(&s->listing);
    s->listed = arena_str(s->arena, cacheable ? folder : STR(""));
    if (sites_list_in(s, f->fs, folder, ROOTFS_NO_LINKS, &s->listing) != 0)
        return &none;
    return &s->listing;
}

/* Names that begin with `base`: index of the first in sorted order. */
static size_t first_with(const struct names *names, struct str base)
{
    size_t lo = 0, hi = names->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(names->v[mid], base) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* All files of one source in the folder `real` (no links in it). */
static void note_folder(struct finder *f, struct str real, struct str base, bool monthly)
{
    struct buf path;
    const struct names *names = folder_names(f, real);
    buf_init(&path, ROOTFS_PATH_MAX);
    for (size_t i = first_with(names, base); i < names->n; i++) {
        struct str rest = names->v[i];
        if (!str_eat(&rest, base))
            break;
        if (monthly ? !month_suffix(rest) : !str_empty(rest) && !rotated_suffix(rest))
            continue;
        buf_reset(&path);
        buf_add(&path, str_eq(real, STR("/")) ? STR("") : real);
        buf_add_c(&path, '/');
        buf_add(&path, names->v[i]);
        if (!buf_bad(&path))
            note_file(f, buf_str(&path), str_empty(rest), monthly);
    }
    buf_fini(&path);
}

static void note_source(struct finder *f, const struct site_log *log)
{
    struct buf real;
    buf_init(&real, ROOTFS_PATH_MAX);
    if (log->monthly) {
        if (rootfs_real(f->fs, log->path, ROOTFS_OUR_LINKS, &real) == 0)
            note_folder(f, buf_str(&real), log->base, true);
    } else {
        size_t slash = str_rfind_c(log->path, '/');
        struct str folder = slash == 0 ? STR("/") : str_head(log->path, slash);
        if (rootfs_real(f->fs, log->path, ROOTFS_OUR_LINKS, &real) == 0)
            note_file(f, buf_str(&real), true, false);
        if (rootfs_real(f->fs, folder, ROOTFS_OUR_LINKS, &real) == 0)
            note_folder(f, buf_str(&real), str_skip(log->path, slash + 1), false);
    }
    buf_fini(&real);
}

/* Current logs in the order of the configuration, then the newest first. */
static int found_order(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->current != y->current)
        return x->current ? -1 : 1;
    if (x->current && x->order != y->order)
        return x->order < y->order ? -1 : 1;
    if (x->modified != y->modified)
        return x->modified > y->modified ? -1 : 1;
    return str_cmp(x->path, y->path);
}

void site_find_logs(struct sites *s, struct site_rec *rec)
{
    struct rootfs machine = { .fd = -1 };
    struct finder f = { .s = s };
    f.v = must_array(FOUND_MAX, sizeof *f.v);
    for (const struct site_log *log = rec->logs; log != NULL; log = log->next) {
        if (log->given && machine.fd < 0 && rootfs_init(&machine, NULL, NULL) != 0)
            continue;
        f.fs = log->given ? &machine : &s->fs;
        f.order++;
        note_source(&f, log);
    }
    qsort(f.v, f.n, sizeof *f.v, found_order);
    size_t count = f.n < SITE_LOGS_MAX ? f.n : SITE_LOGS_MAX;
    if (count < f.n)
        sites_problem_add(s, "%.*s: %zu access logs: only the %zu newest are read",
                          STR_ARG(rec->site.name), f.n, count);
    const char **logs = arena_alloc(s->arena, (count + 1) * sizeof *logs);
    for (size_t i = 0; logs != NULL && i < count; i++)
        logs[i] = f.v[i].path.p;
    rec->site.logs = logs;
    rec->site.log_count = logs == NULL ? 0 : count;
    free(f.v);
    rootfs_fini(&machine);
}

int sites_open_log(const char *path, struct err *err)
{
    struct rootfs machine;
    struct stat st;
    if (rootfs_init(&machine, NULL, err) != 0)
        return -1;
    int fd = rootfs_file(&machine, str_c(path), ROOTFS_NO_LINKS, &st);
    if (fd < 0)
        err_errno(err, errno, "%s", path);
    rootfs_fini(&machine);
    return fd;
}
