/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_glob - the files that a pattern in a configuration names
 *
 * Files that include each other by patterns multiply: 300 of them that say
 * `Include *.conf` would be millions of files to open. So a folder is listed once,
 * and what the patterns of one server may cost has a ceiling, behind which
 * no pattern of it names anything more. That is said once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fnmatch.h>
#include <unistd.h>

#include "base/must.h"
#include "trace/sites_internal.h"

#define COST_NAME 1u         /* a name that is compared */
#define COST_FILE 400u       /* a path that is looked up */

struct glob {
    struct sites *s;
    struct sites_globs *cost;
    sites_glob_fn each;
    void *ctx;
    struct buf path;         /* done so far */
    unsigned depth;
};

static void glob_walk(struct glob *g, struct str rest);

/* Pay; false when nothing is left. */
static bool glob_pay(struct glob *g, unsigned cost)
{
    if (!g->cost->full && g->cost->paid + cost > SITES_GLOB_COST_MAX)
        sites_globs_end(g->s, g->cost, buf_str(&g->path));
    if (!g->cost->full)
        g->cost->paid += cost;
    return !g->cost->full;
}

void sites_globs_end(struct sites *s, struct sites_globs *cost, struct str path)
{
    if (!cost->full)
        sites_problem_add(s, "%.*s: too many configuration files, or they include each other too "
                          "often: not read from here on", STR_ARG(path));
    cost->full = true;
}

void sites_globs_deep(struct sites *s, struct sites_globs *cost, struct str path)
{
    if (!cost->deep)
        sites_problem_add(s, "%.*s: configuration files include each other too deeply: not read",
                          STR_ARG(path));
    cost->deep = true;
}

/* The names in a folder, listed before or now; those of one that is not there are none. A listing
 * that is not kept is in *own, for names_fini(). */
static const struct names *folder_names(struct sites *s, struct str path, struct names *own)
{
    *own = (struct names){ .arena = NULL };
    for (const struct sites_folder *f = s->folders; f != NULL; f = f->next) {
        if (str_eq(f->path, path))
            return &f->names;
    }
    sites_list(s, path, ROOTFS_OUR_LINKS, own);
    struct sites_folder *f = NULL;
    if (s->folder_count < SITES_FOLDERS_MAX && s->folder_names + own->n <= SITES_FOLDER_NAMES_MAX)
        f = arena_alloc(s->arena, sizeof *f);
    if (f == NULL)
        return own;
    *f = (struct sites_folder){ s->folders, arena_str(s->arena, path), *own };
    s->folders = f;
    s->folder_count++;
    s->folder_names += own->n;
    *own = (struct names){ .arena = NULL };
    return &f->names;
}

/* The names in the folder done so far that match `part` (empty: all). */
static void glob_folder(struct glob *g, struct str part, struct str rest)
{
    struct names own;
    char pattern[256];
    size_t mark = g->path.n;
    if (g->depth == SITES_GLOB_DEPTH || str_copy(part, pattern, sizeof pattern) != 0)
        return;
    const struct names *names = folder_names(g->s, buf_str(&g->path), &own);
    g->depth++;
    for (size_t i = 0; i < names->n && glob_pay(g, COST_NAME); i++) {
        if (!str_empty(part) && fnmatch(pattern, names->v[i].p, FNM_PERIOD) != 0)
            continue;
        if (buf_add_c(&g->path, '/') == 0 && buf_add(&g->path, names->v[i]) == 0)
            glob_walk(g, rest);
        g->path.n = mark;
        g->path.bad = false;
    }
    g->depth--;
    names_fini(&own);
}

static bool has_wildcard(struct str s)
{
    return str_find_c(s, '*') != STR_NONE || str_find_c(s, '?') != STR_NONE ||
           str_find_c(s, '[') != STR_NONE;
}

/* The path is done: a file, or a folder. A customer's FIFO is no problem of the server. */
static void glob_end(struct glob *g)
{
    struct stat st;
    struct str path = buf_str(&g->path);
    if (buf_bad(&g->path) || !glob_pay(g, COST_FILE))
        return;
    int fd = rootfs_file(&g->s->fs, path, ROOTFS_OUR_LINKS, &st);
    if (fd >= 0) {
        g->each(g->ctx, path, fd);
        close(fd);
    } else if (errno == EISDIR) {
        glob_folder(g, STR(""), STR(""));
    } else if (errno == EINVAL && sites_account(path).n == 0) {
        sites_problem_add(g->s, "%.*s: not read: %s", STR_ARG(path), sites_why(EINVAL));
    }
}

/* Go on from the path done so far with what is left of the pattern. */
static void glob_walk(struct glob *g, struct str rest)
{
    size_t mark = g->path.n;
    while (!str_empty(rest)) {
        struct str part = str_cut(&rest, '/');
        if (str_empty(part))
            continue;
        if (has_wildcard(part)) {
            glob_folder(g, part, rest);
            g->path.n = mark;
            return;
        }
        buf_add_c(&g->path, '/');
        buf_add(&g->path, part);
    }
    glob_end(g);
    g->path.n = mark;
}

void sites_glob(struct sites *s, struct str pattern, struct sites_globs *cost, sites_glob_fn each,
                void *ctx)
{
    struct glob g = { .s = s, .cost = cost, .each = each, .ctx = ctx };
    if (pattern.n == 0 || pattern.p[0] != '/' || cost->full)
        return;
    buf_init(&g.path, ROOTFS_PATH_MAX);
    glob_walk(&g, pattern);
    buf_fini(&g.path);
}
