/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_layout - what kind of server it is, and where its configuration lies
 *
 * A panel is known by its own folder, Debian by the file that its tools read.
 * On Debian a file exim4.conf beats all that the package would make, so then
 * it is a plain configuration. Sources: update-exim4.conf(8) of Debian 12, the
 * panels' documentation.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/must.h"
#include "kit/conftext.h"
#include "kit/plan_internal.h"

#define DEBIAN_ETC "/etc/exim4"
#define DEBIAN_SWITCH DEBIAN_ETC "/update-exim4.conf.conf"
#define DEBIAN_OWN DEBIAN_ETC "/exim4.conf"
#define DEBIAN_TEMPLATE DEBIAN_ETC "/exim4.conf.template"
#define MAIN_FILES_MAX 200u
#define ASK_WAIT_MS 5000

static const char *const plain_places[] = {
    DEBIAN_OWN, "/etc/exim/exim.conf", "/etc/exim.conf", "/etc/exim/configure",
    "/usr/local/etc/exim/configure", "/usr/exim/configure", "/etc/mail/exim.conf", NULL,
};

struct layout_mark {
    const char *path;
    enum plan_layout layout;
    const char *why;
};

static const struct layout_mark marks[] = {
    { "/usr/local/cpanel/etc/exim/acls", PLAN_CPANEL, "has cPanel's ACL blocks" },
    { "/usr/local/directadmin", PLAN_DIRECTADMIN, "is DirectAdmin's" },
    { "/usr/local/hestia", PLAN_HESTIA, "is Hestia's" },
    { "/usr/local/vesta", PLAN_HESTIA, "is Vesta's" },
};

static bool debian_is_split(struct plan *p)
{
    struct place_file f;
    struct err err;
    struct str line, value;
    if (place_read(p->fs, p->arena, STR(DEBIAN_SWITCH), &f, &err) != 0)
        return false;
    while (str_line(&f.text, &line)) {
        value = str_trim(line);
        if (str_eat(&value, STR("dc_use_split_config=")))
            return str_eq(value, STR("'true'")) || str_eq(value, STR("true")) ||
                   str_eq(value, STR("\"true\""));
    }
    return false;
}

/* The file that this machine's Exim reads: `exim -bP configure_file`. */
static struct str configuration_ask(struct plan *p, const char *exim)
{
    const char *const argv[] = { exim, "-bP", "configure_file", NULL };
    struct child c = { .argv = argv, .wait_ms = ASK_WAIT_MS };
    struct buf b;
    struct str file = STR("");
    buf_init(&b, 65536);
    if (exim != NULL && child_run(&c, &b) == 0)
        file = arena_str(p->arena, str_trim(buf_str(&b)));
    buf_fini(&b);
    return file.n > 0 && file.p[0] == '/' && str_find_c(file, '\n') == STR_NONE ? file : STR("");
}

static int plain_find(struct plan *p, const struct plan_options *o, struct err *err)
{
    if (o->config != NULL) {
        p->config = arena_str(p->arena, str_c(o->config));
        if (p->config.n < 2 || p->config.p[0] != '/')
            return err_set(err, ERR_USAGE, "--config %s: write the whole path", o->config);
        p->why = STR("the configuration file was named");
        return 0;
    }
    p->config = configuration_ask(p, o->exim);
    p->why = STR("exim -bP configure_file names it");
    for (size_t i = 0; str_empty(p->config) && plain_places[i] != NULL; i++) {
        if (place_exists(p->fs, str_c(plain_places[i]))) {
            p->config = str_c(plain_places[i]);
            p->why = STR("it is where Exim has its configuration");
        }
    }
    if (str_empty(p->config))
        return err_set(err, ERR_USAGE, "no configuration of an Exim was found; name it with "
                       "--config");
    return 0;
}

static void layout_guess(struct plan *p)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (!place_is_folder(p->fs, str_c(marks[i].path)))
            continue;
        /* Vesta is on other systems than Debian too, with a configuration in one file */
        if (marks[i].layout == PLAN_HESTIA && !place_exists(p->fs, STR(DEBIAN_TEMPLATE)))
            continue;
        p->layout = marks[i].layout;
        p->why = plan_text(p, "%s %s", marks[i].path, marks[i].why);
        return;
    }
    p->layout = PLAN_PLAIN;
    if (place_exists(p->fs, STR(DEBIAN_OWN)) || !place_exists(p->fs, STR(DEBIAN_SWITCH)))
        return;
    bool split = debian_is_split(p);
    p->layout = split ? PLAN_DEBIAN_SPLIT : PLAN_DEBIAN;
    p->why = plan_text(p, "dc_use_split_config in %s is %s", DEBIAN_SWITCH,
                       split ? "true" : "not true");
}

static struct str folder_of(struct plan *p)
{
    struct str parent = place_parent(p->config);
    if (p->layout != PLAN_PLAIN)
        return p->layout == PLAN_CPANEL || p->layout == PLAN_DIRECTADMIN
                   ? STR("/etc/exim/postern") : STR(DEBIAN_ETC "/postern");
    if (str_eq(parent, STR("/etc")) || str_eq(parent, STR("/etc/mail")))
        return STR("/etc/exim/postern");
    return plan_text(p, "%.*s/postern", STR_ARG(parent));
}

int plan_find(struct plan *p, const struct plan_options *o, struct err *err)
{
    p->why = STR("");
    if (o->layout != NULL) {
        if (plan_layout_parse(str_c(o->layout), &p->layout) != 0)
            return err_set(err, ERR_USAGE, "--layout takes plain, debian-split, debian, cpanel, "
                           "directadmin or hestia");
        p->why = STR("it was named");
    } else if (o->config != NULL) {
        p->layout = PLAN_PLAIN;
    } else {
        layout_guess(p);
    }
    if (o->config != NULL && p->layout != PLAN_PLAIN)
        return err_set(err, ERR_USAGE, "--config goes with the layout plain; %s knows its files",
                       plan_layout_name(p->layout));
    if (p->layout == PLAN_PLAIN && plain_find(p, o, err) != 0)
        return -1;
    if (p->layout == PLAN_CPANEL || p->layout == PLAN_DIRECTADMIN)
        p->config = STR("/etc/exim.conf");
    else if (p->layout != PLAN_PLAIN)
        p->config = STR(DEBIAN_TEMPLATE);
    p->folder = folder_of(p);
    /* It goes into ACLs, which are expanded and end at blanks. */
    for (size_t i = 0; i < p->folder.n; i++) {
        if (!ascii_alnum(p->folder.p[i]) && strchr("/._-+", p->folder.p[i]) == NULL)
            return err_set(err, ERR_USAGE, "%.*s: Exim could not be told a folder of that name",
                           STR_ARG(p->folder));
    }
    return 0;
}

/* --- the configuration's text --- */

static int text_append(struct plan *p, struct buf *b, struct str path, struct err *err)
{
    struct place_file f;
    if (place_read(p->fs, p->arena, path, &f, err) != 0)
        return -1;
    buf_add(b, conftext_strip(p->arena, f.text));
    buf_add_c(b, '\n');
    return 0;
}

static int name_compare(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static char *name_copy(const char *name)
{
    size_t n = strlen(name) + 1;
    return memcpy(must_alloc(n), name, n);
}

/* update-exim4.conf takes files with such names only: what editors and upgrades leave beside them
 * (.dpkg-old, ~) is no part of the configuration. */
static bool name_counts(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (!ascii_alnum(*c) && *c != '_' && *c != '-')
            return false;
    }
    return name[0] != '\0';
}

/* The files of a folder, in the order in which Debian puts them together. */
static int folder_append(struct plan *p, struct buf *b, const char *folder, struct err *err)
{
    char **names = must_array(MAIN_FILES_MAX, sizeof *names);
    size_t n = 0;
    int rc = 0;
    DIR *dir = rootfs_folder(p->fs, str_c(folder), ROOTFS_OUR_LINKS);
    struct dirent *d;
    while (dir != NULL && n < MAIN_FILES_MAX && (d = readdir(dir)) != NULL) {
        if (name_counts(d->d_name))
            names[n++] = name_copy(d->d_name);
    }
    qsort(names, n, sizeof *names, name_compare);
    for (size_t i = 0; i < n; i++) {
        struct str path = plan_text(p, "%s/%s", folder, names[i]);
        if (rc == 0 && !place_is_folder(p->fs, path))
            rc = text_append(p, b, path, err);
        free(names[i]);
    }
    if (dir == NULL)
        rc = err_errno(err, errno, "%s", folder);
    else
        closedir(dir);
    free(names);
    return rc;
}

int plan_config_text(struct plan *p, struct str *out, struct err *err)
{
    struct buf b;
    int rc = 0;
    buf_init(&b, CONFTEXT_MAX * 2);
    if (p->layout == PLAN_DEBIAN_SPLIT) {
        rc = folder_append(p, &b, DEBIAN_ETC "/conf.d/main", err);
        buf_add(&b, STR("begin acl\n"));
        if (rc == 0)
            rc = folder_append(p, &b, DEBIAN_ETC "/conf.d/acl", err);
    } else {
        if (p->layout == PLAN_DEBIAN)
            rc = text_append(p, &b, STR(DEBIAN_ETC "/exim4.conf.localmacros"), err);
        /* cPanel builds it from parts that may be all there is in a copy */
        if (rc == 0 && p->layout != PLAN_CPANEL && !place_exists(p->fs, p->config))
            rc = err_errno(err, ENOENT, "%.*s", STR_ARG(p->config));
        if (rc == 0)
            rc = text_append(p, &b, p->config, err);
    }
    if (rc == 0 && buf_bad(&b))
        rc = err_set(err, ERR_LIMIT, "the configuration is too large");
    *out = rc == 0 ? arena_str(p->arena, buf_str(&b)) : STR("");
    buf_fini(&b);
    return rc;
}
