/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites - the table of web sites
 *
 * One table for all panels and servers. A site is known by its name, document
 * root and prefix, so that the two virtual hosts of HTTP and HTTPS, or a panel
 * and the server behind it, come to one site with the logs of both. The table
 * only grows; what was handed out stays good until it is freed.
 */
#define _GNU_SOURCE
#include "trace/sites.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "trace/sites_internal.h"

/* One line more, made safe to print, in a list of SITES_PROBLEMS_MAX. */
static void __attribute__((format(printf, 4, 0)))
line_add(struct sites *s, struct str *list, size_t *count, const char *fmt, va_list ap)
{
    char text[1024];
    struct buf safe;
    if (*count == SITES_PROBLEMS_MAX || vsnprintf(text, sizeof text, fmt, ap) < 0)
        return;
    buf_init(&safe, 4 * sizeof text);
    buf_add_safe(&safe, str_c(text));
    list[*count] = arena_str(s->arena, buf_str(&safe));
    *count += !str_empty(list[*count]);
    buf_fini(&safe);
}

void sites_problem_add(struct sites *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    line_add(s, s->problems, &s->problem_count, fmt, ap);
    va_end(ap);
}

void sites_note_add(struct sites *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    line_add(s, s->notes, &s->note_count, fmt, ap);
    va_end(ap);
}

size_t sites_problems(const struct sites *s)
{
    return s->problem_count;
}

const char *sites_problem(const struct sites *s, size_t i)
{
    must(i < s->problem_count);
    return s->problems[i].p;
}

struct str sites_path_clean(struct arena *arena, struct str path)
{
    char text[ROOTFS_PATH_MAX];
    size_t n = 0;
    if (path.n == 0 || path.p[0] != '/' || path.n >= sizeof text)
        return STR("");
    while (!str_empty(path)) {
        struct str part = str_cut(&path, '/');
        if (str_empty(part) || str_eq(part, STR(".")))
            continue;
        text[n++] = '/';
        memcpy(text + n, part.p, part.n);
        n += part.n;
    }
    return n == 0 ? STR("/") : arena_str(arena, str_make(text, n));
}

static uint64_t def_hash(const struct sites *s, const struct site_def *def)
{
    return hash_u64(s->key, hash_str(s->key, def->name),
                    hash_str(s->key, def->docroot) ^ (hash_str(s->key, def->prefix) << 1));
}

static bool def_same(const struct site *site, const struct site_def *def)
{
    return str_eq_nocase(site->name, def->name) && str_eq(site->docroot, def->docroot) &&
           str_eq(site->prefix, def->prefix);
}

/* Into the table; the strings are in the arena already or literals. */
static struct site_rec *rec_new(struct sites *s, const struct site_def *def,
                                struct site_rec **bucket)
{
    if (s->n == SITES_MAX) {
        sites_problem_add(s, "more than %d web sites: the rest was left out", SITES_MAX);
        return NULL;
    }
    struct site_rec *rec = arena_alloc(s->arena, sizeof *rec);
    if (rec == NULL) {
        sites_problem_add(s, "too many web sites for %zu MiB: the rest was left out",
                          SITES_BYTES_MAX >> 20);
        return NULL;
    }
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 64 : s->cap * 2;
        s->v = must_realloc(s->v, s->cap * sizeof *s->v);
    }
    rec->site = (struct site){
        .panel = def->panel,
        .name = arena_str(s->arena, def->name),
        .account = arena_str(s->arena, def->account),
        .docroot = def->docroot,
        .real = def->docroot,
        .prefix = arena_str(s->arena, def->prefix),
    };
    rec->chain = *bucket;
    *bucket = rec;
    s->v[s->n++] = rec;
    return rec;
}

struct site_rec *site_add(struct sites *s, const struct site_def *def)
{
    struct site_def d = *def;
    d.docroot = sites_path_clean(s->arena, def->docroot);
    if (str_empty(d.docroot))
        return NULL;
    while (d.prefix.n > 1 && d.prefix.p[d.prefix.n - 1] == '/')
        d.prefix.n--;
    if (d.prefix.n == 0 || d.prefix.p[0] != '/')
        d.prefix = STR("/");
    struct site_rec **bucket = &s->buckets[def_hash(s, &d) % SITES_BUCKETS];
    for (struct site_rec *r = *bucket; r != NULL; r = r->chain) {
        if (!def_same(&r->site, &d))
            continue;
        if (str_empty(r->site.account))
            r->site.account = arena_str(s->arena, d.account);
        return r;
    }
    return rec_new(s, &d, bucket);
}

void site_add_alias(struct sites *s, struct site_rec *rec, struct str name)
{
    if (rec == NULL || str_empty(name) || name.n > 253 || str_eq_nocase(name, rec->site.name))
        return;
    size_t count = 0;
    struct site_alias **at = &rec->aliases;
    for (; *at != NULL; at = &(*at)->next, count++) {
        if (str_eq_nocase((*at)->name, name))
            return;
    }
    struct site_alias *alias = count < SITE_ALIASES_MAX ? arena_alloc(s->arena, sizeof *alias)
                                                        : NULL;
    if (alias == NULL)
        return;
    alias->name = arena_str(s->arena, name);
    *at = alias;
    rec->finished = false;
}

/* A folder, a FIFO or a device would be passed over in silence when it comes to reading. */
static int given_check(const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return err_set(err, ERR_USAGE, "--docroot: %s: not a regular file", path);
    return 0;
}

/* One --docroot DIR=LOG. */
static int given_add(struct sites *s, struct str given, struct err *err)
{
    struct buf real;
    struct str log = given, dir = str_cut(&log, '=');
    struct site_rec *rec = site_add(s, &(struct site_def){ .panel = "given", .name = STR(""),
                                         .account = STR(""), .docroot = dir, .prefix = STR("") });
    if (rec == NULL || str_empty(log))
        return err_set(err, ERR_USAGE,
                       "--docroot %.*s: must be DIR=LOG with an absolute DIR", STR_ARG(given));
    buf_init(&real, ROOTFS_PATH_MAX);
    if (s->fs.root[0] != '\0' && rootfs_real(&s->fs, log, ROOTFS_ALL_LINKS, &real) == 0) {
        site_add_log(s, rec, buf_str(&real));
        struct str path = sites_path(s, "%s%.*s", s->fs.root, STR_ARG(buf_str(&real)));
        buf_fini(&real);
        return path.n == 0 ? 0 : given_check(path.p, err);
    }
    buf_fini(&real);
    struct str name = arena_str(s->arena, log);
    char *typed = realpath(name.p, NULL);
    if (typed == NULL)
        return err_set(err, ERR_MISSING, "--docroot %.*s: no such log: %.*s", STR_ARG(given),
                       STR_ARG(log));
    site_add_given_log(s, rec, str_c(typed));
    int rc = given_check(typed, err);
    free(typed);
    return rc;
}

int sites_new(const struct sites_options *o, struct sites **sites_out, struct err *err)
{
    struct sites *s = must_alloc(sizeof *s);
    s->fs.fd = -1;
    s->arena = arena_new(SITES_BYTES_MAX);
    s->key = hash_key_new();
    s->users = intern_new(s->key, SITES_MAX, (size_t)8 << 20);
    int rc = rootfs_init(&s->fs, o->root, err) == 0 ? 0 : err_wrap(err, "--root");
    for (size_t i = 0; rc == 0 && i < o->docroot_count; i++)
        rc = given_add(s, str_c(o->docroots[i]), err);
    if (rc != 0)
        sites_free(&s);
    *sites_out = s;
    return rc;
}

void sites_free(struct sites **sites)
{
    struct sites *s = *sites;
    if (s == NULL)
        return;
    names_fini(&s->listing);
    for (struct sites_folder *f = s->folders; f != NULL; f = f->next)
        names_fini(&f->names);
    rootfs_fini(&s->fs);
    intern_free(&s->users);
    intern_free(&s->passwd);
    arena_free(&s->arena);
    free(s->homes);
    free(s->v);
    free(s);
    *sites = NULL;
}

bool sites_customers_log(const struct sites *s, struct str path)
{
    str_eat(&path, str_c(s->fs.root));
    return sites_account(path).n > 0;
}
