/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logset_find - where an Exim's main log is, and what rotation left beside it
 *
 * Exim itself knows best (log_file_path); without its word the places of the
 * panels and distributions are looked at. A place is the path of the live log,
 * in which `%D` and `%M` stand for a date; to it belong the files beside it
 * whose names go on behind it with `.`, `-`, `_` or a digit, if they are logs.
 */
#define _GNU_SOURCE
#include "logs/logset_internal.h"

#include <string.h>
#include <sys/stat.h>

#include "base/rootfs.h"

/* Paths of the live log: cPanel; Debian, Hestia, Vesta; DirectAdmin and FreeBSD; RHEL; Exim as it
 * comes. */
static const char *const known_places[] = {
    "/var/log/exim_mainlog",        "/var/log/exim4/mainlog",      "/var/log/exim/mainlog",
    "/var/log/exim/main.log",       "/var/spool/exim4/log/mainlog", "/var/spool/exim/log/mainlog",
};

/* Where syslog puts mail. Only the first that has Exim's lines is used: several of them get the
 * same. */
static const char *const syslog_places[] = {
    "/var/log/mail.log", "/var/log/maillog",  "/var/log/mail",
    "/var/log/syslog",   "/var/log/messages",
};

#define PATH_TEXT_MAX ((size_t)16 * 1024)

/* Digits that a datestamp of Exim's has: %D 20260101, %M 202601. */
static size_t datestamp(struct str pattern)
{
    if (str_starts(pattern, STR("%D")))
        return 8;
    return str_starts(pattern, STR("%M")) ? 6 : 0;
}

/* A path literally, for glob(3). */
static void add_escaped(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (strchr("*?[]\\", s.p[i]) != NULL)
            buf_add_c(b, '\\');
        buf_add_c(b, s.p[i]);
    }
}

/* `place` as a pattern for glob(3), with everything behind it. */
static void place_pattern(struct buf *b, const char *root, struct str place)
{
    add_escaped(b, str_c(root));
    while (place.n > 0) {
        size_t digits = datestamp(place);
        for (size_t i = 0; i < digits; i++)
            buf_add(b, STR("[0-9]"));
        if (digits == 0)
            add_escaped(b, str_head(place, 1));
        place = str_skip(place, digits == 0 ? 1 : 2);
    }
    buf_add_c(b, '*');
}

/* What follows in `name` behind the last component of `place`. */
static struct str behind(struct str name, struct str place)
{
    size_t slash = str_rfind_c(place, '/');
    place = str_skip(place, slash == STR_NONE ? 0 : slash + 1);
    while (place.n > 0) {
        size_t digits = datestamp(place);
        name = str_skip(name, digits == 0 ? 1 : digits);
        place = str_skip(place, digits == 0 ? 1 : 2);
    }
    return name;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static struct str last_component(const char *path)
{
    struct str s = str_c(path);
    size_t slash = str_rfind_c(s, '/');
    return str_skip(s, slash == STR_NONE ? 0 : slash + 1);
}

struct place {
    struct str path;             /* of the live log */
    bool certain;                /* only Exim writes there */
};

/* A server that was copied below `root`. */
struct copy {
    const char *root;            /* as it was typed */
    struct rootfs fs;
};

/* Where the copy's `path` is on this machine, its links followed inside of the copy. 0, or -1 if
 * it is missing. */
static int copy_real(const struct copy *copy, struct str path, struct buf *out)
{
    struct buf real;
    buf_init(&real, ROOTFS_PATH_MAX);
    int rc = rootfs_real(&copy->fs, path, ROOTFS_ALL_LINKS, &real);
    buf_reset(out);
    if (rc == 0) {
        buf_add(out, str_c(copy->root));
        buf_add(out, buf_str(&real));
    }
    buf_fini(&real);
    return rc == 0 && !buf_bad(out) ? 0 : -1;
}

/* Whether a file beside the live log may be a rotated one, and how sure its name makes us. */
static bool sibling(struct str rest, bool certain, enum logset_claim *claim_out)
{
    *claim_out = CLAIM_NONE;
    if (rest.n > 0 && strchr(".-_0123456789", rest.p[0]) == NULL)
        return false;
    if (certain && (rest.n == 0 || logset_rotation_suffix(rest)))
        *claim_out = CLAIM_ROTATED;
    return true;
}

/* All files that glob(3) finds for one place. `copy` is what a copied server's links are followed
 * in, or NULL. */
static bool add_hits(struct logset *set, const struct copy *copy, const char *pattern,
                     const struct place *place)
{
    glob_t hits;
    struct buf real;
    bool any = false;
    if (glob(pattern, 0, NULL, &hits) != 0)
        return false;
    buf_init(&real, PATH_TEXT_MAX);
    for (size_t i = 0; i < hits.gl_pathc; i++) {
        enum logset_claim claim;
        const char *path = hits.gl_pathv[i];
        if (!sibling(behind(last_component(path), place->path), place->certain, &claim))
            continue;
        if (copy != NULL)
            path = copy_real(copy, str_skip(str_c(path), strlen(copy->root)), &real) == 0
                       ? buf_c(&real) : "";
        if (is_file(path))
            any = logset_add_path(set, path, claim) || any;
    }
    buf_fini(&real);
    globfree(&hits);
    return any;
}

/* The same in a copied server: there the folder, and each file in it, may be a link that means a
 * place of the copy and not of this machine. */
static bool add_copied(struct logset *set, const char *root, const struct place *place)
{
    struct copy copy = { .root = root };
    struct err err;
    struct buf folder, pattern;
    size_t slash = str_rfind_c(place->path, '/');
    bool any = false;
    if (rootfs_init(&copy.fs, root, &err) != 0)
        return false;                        /* was there a moment ago */
    buf_init(&folder, PATH_TEXT_MAX);
    buf_init(&pattern, PATH_TEXT_MAX);
    if (copy_real(&copy, str_head(place->path, slash), &folder) == 0) {
        place_pattern(&pattern, buf_c(&folder), str_skip(place->path, slash));
        any = !buf_bad(&pattern) && add_hits(set, &copy, buf_c(&pattern), place);
    }
    buf_fini(&pattern);
    buf_fini(&folder);
    rootfs_fini(&copy.fs);
    return any;
}

/* All files of one place. `certain`: only Exim writes there. True if at least one is a log. */
static bool add_place(struct logset *set, const char *root, struct str path, bool certain)
{
    struct place place = { path, certain };
    struct buf pattern;
    if (root[0] != '\0')
        return add_copied(set, root, &place);
    buf_init(&pattern, PATH_TEXT_MAX);
    place_pattern(&pattern, root, path);
    bool any = !buf_bad(&pattern) && add_hits(set, NULL, buf_c(&pattern), &place);
    buf_fini(&pattern);
    return any;
}

static void note_looked(struct buf *looked, struct str place)
{
    if (looked->n > 0)
        buf_add(looked, STR(", "));
    buf_add(looked, place);
}

static bool add_syslog(struct logset *set, const char *root, struct buf *looked)
{
    for (size_t i = 0; i < sizeof syslog_places / sizeof syslog_places[0]; i++) {
        note_looked(looked, str_c(syslog_places[i]));
        if (add_place(set, root, str_c(syslog_places[i]), false))
            return true;
    }
    return false;
}

/* `%s` is the name of the log; everything else stays. */
static void main_path(struct buf *b, struct str item)
{
    while (item.n > 0) {
        bool kind = str_starts(item, STR("%s"));
        buf_add(b, kind ? STR("main") : str_head(item, 1));
        item = str_skip(item, kind ? 2 : 1);
    }
}

static bool add_exim_path(struct logset *set, const char *root, struct str item, struct buf *looked)
{
    struct buf path;
    buf_init(&path, PATH_TEXT_MAX);
    main_path(&path, item);
    note_looked(looked, buf_str(&path));
    bool any = add_place(set, root, buf_str(&path), true);
    buf_fini(&path);
    return any;
}

static bool add_spool_default(struct logset *set, const char *root, const char *spool,
                              struct buf *looked)
{
    if (spool == NULL || spool[0] == '\0')
        return false;
    struct buf path;
    buf_init(&path, PATH_TEXT_MAX);
    buf_add(&path, str_c(spool));
    buf_add(&path, STR("/log/%slog"));
    bool any = add_exim_path(set, root, buf_str(&path), looked);
    buf_fini(&path);
    return any;
}

/* What Exim says: a list of paths, `syslog`, and empty items for the default. Where it writes to
 * both, the file is enough. */
static bool add_told(struct logset *set, const char *root, const struct logset_options *o,
                     struct buf *looked)
{
    struct str list = str_trim(str_c(o->log_file_path));
    char separator = ':';
    bool syslog = false;
    bool any = false;
    if (list.n >= 2 && list.p[0] == '<') {
        separator = list.p[1];
        list = str_skip(list, 2);
    }
    if (list.n == 0)
        return add_spool_default(set, root, o->spool_directory, looked);
    while (list.n > 0) {
        struct str item = str_trim(str_cut(&list, separator));
        if (str_eq(item, STR("syslog")))
            syslog = true;
        else if (item.n == 0)
            any = add_spool_default(set, root, o->spool_directory, looked) || any;
        else if (item.p[0] == '/')
            any = add_exim_path(set, root, item, looked) || any;
    }
    return any || (syslog && add_syslog(set, root, looked));
}

void logset_find(struct logset *set, const struct logset_options *o, struct buf *looked)
{
    const char *root = o->root == NULL ? "" : o->root;
    if (o->log_file_path != NULL && add_told(set, root, o, looked))
        return;
    bool any = false;
    for (size_t i = 0; i < sizeof known_places / sizeof known_places[0]; i++) {
        note_looked(looked, str_c(known_places[i]));
        any = add_place(set, root, str_c(known_places[i]), true) || any;
    }
    if (!any)
        add_syslog(set, root, looked);
}

/* Names that make an unreadable or broken file in a folder worth a line. */
static bool named_as_main_log(struct str name)
{
    return str_find_nocase(name, STR("mainlog")) != STR_NONE ||
           str_starts_nocase(name, STR("main.log"));
}

static bool other_log(struct str name)
{
    return str_find_nocase(name, STR("reject")) != STR_NONE ||
           str_find_nocase(name, STR("panic")) != STR_NONE;
}

bool logset_add_folder(struct logset *set, const char *path)
{
    struct buf pattern;
    struct err err;
    buf_init(&pattern, PATH_TEXT_MAX);
    add_escaped(&pattern, str_c(path));
    buf_add(&pattern, STR("/*"));
    glob_t hits;
    bool any = false;
    int rc = buf_bad(&pattern) ? GLOB_ABORTED : glob(buf_c(&pattern), GLOB_ERR, NULL, &hits);
    for (size_t i = 0; rc == 0 && i < hits.gl_pathc; i++) {
        struct str name = last_component(hits.gl_pathv[i]);
        if (other_log(name) || !is_file(hits.gl_pathv[i]))
            continue;
        enum logset_claim claim = named_as_main_log(name) ? CLAIM_ROTATED : CLAIM_NONE;
        any = logset_add_path(set, hits.gl_pathv[i], claim) || any;
    }
    if (rc == 0)
        globfree(&hits);
    buf_fini(&pattern);
    if (any)
        return true;
    bool closed = rc == GLOB_ABORTED;
    err_set(&err, closed ? ERR_ACCESS : ERR_MISSING,
            closed ? "%.380s: this folder cannot be read"
                   : "%.380s: no Exim main log in this folder",
            path);
    logset_problem_add(set, err.kind, true, err.text);
    return false;
}
