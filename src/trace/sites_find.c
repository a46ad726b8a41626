/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_find - from a directory or a name to its sites
 *
 * The table is filled in two steps and only as far as needed: first the panel's
 * files of the account in question, which are few and small; then, if no
 * document root holds the directory, the servers' whole configuration.
 * Directories are compared as text and again without symbolic links, because
 * Exim logs where a process really stood while a configuration says what
 * somebody typed.
 */
#include <stdlib.h>

#include "base/must.h"
#include "trace/sites_internal.h"

static const struct {
    bool (*read)(struct sites *s, struct str user);
} panels[] = {
    { sites_cpanel },
    { sites_directadmin },
    { sites_hestia },
    { sites_plesk },
};

#define PANEL_COUNT (sizeof panels / sizeof panels[0])

/* `dir` is `top` or stands below it. */
static bool path_within(struct str dir, struct str top)
{
    if (str_eq(top, STR("/")))
        return dir.n > 0 && dir.p[0] == '/';
    return top.n > 0 && str_starts(dir, top) && (dir.n == top.n || dir.p[top.n] == '/');
}

bool site_holds(const struct site *site, struct str dir)
{
    return path_within(dir, site->docroot) || path_within(dir, site->real);
}

bool sites_shared_user(struct str user)
{
    static const char *const names[] = {
        "nobody", "www-data", "apache", "httpd", "www", "nginx", "wwwrun", "webservd", "http",
        "daemon", "caddy", "lighttpd", "lsadm", "root", "mail", "mailnull", "exim", "Debian-exim",
        "psaadm",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_eq(user, str_c(names[i])))
            return true;
    }
    return str_empty(user);
}

bool sites_exim_user(struct str user)
{
    static const char *const names[] = { "Debian-exim", "exim", "mailnull", "mail", "exim4",
                                         "_exim" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_eq(user, str_c(names[i])))
            return true;
    }
    return false;
}

bool sites_bounce_user(struct str user)
{
    return sites_exim_user(user) || str_eq(user, STR("root"));
}

bool sites_web_user(struct str user)
{
    return user.n > 0 && sites_shared_user(user) && !sites_bounce_user(user);
}

/* Read the panel's files of one account; true if some panel knows it. */
static bool load_user(struct sites *s, struct str user)
{
    bool known = false;
    if (sites_shared_user(user) || !sites_plain_name(user))
        return false;
    if (s->all_users || intern_find(s->users, user) != INTERN_NONE)
        return true;
    for (size_t i = 0; i < PANEL_COUNT; i++)
        known |= panels[i].read(s, user);
    if (known)
        intern_add(s->users, user);
    return known;
}

static void load_panels(struct sites *s, struct str account, struct str user)
{
    bool known = load_user(s, account);
    if (!str_eq(account, user))
        known |= load_user(s, user);
    if (known || s->all_users)
        return;
    for (size_t i = 0; i < PANEL_COUNT; i++)
        panels[i].read(s, STR(""));
    s->all_users = true;
}

static void load_servers(struct sites *s)
{
    if (s->servers)
        return;
    s->servers = true;
    sites_apache(s);
    sites_nginx(s);
}

/* `path` without links, as far as it is on disk: a folder that was deleted since, or was
 * not copied, keeps its name. */
static void path_real(const struct sites *s, struct str path, struct buf *out)
{
    struct str head = path;
    while (head.n > 1 && rootfs_real(&s->fs, head, ROOTFS_ALL_LINKS, out) != 0) {
        size_t slash = str_rfind_c(head, '/');
        head = str_head(head, slash == STR_NONE ? 0 : slash);
    }
    if (head.n <= 1)
        buf_reset(out);
    buf_add(out, str_skip(path, head.n <= 1 ? 0 : head.n));
}

/* The docroot without links, once. */
static struct str rec_real(struct sites *s, struct site_rec *rec)
{
    struct buf real;
    if (rec->real_known)
        return rec->site.real;
    rec->real_known = true;
    buf_init(&real, 2 * ROOTFS_PATH_MAX);
    path_real(s, rec->site.docroot, &real);
    if (!buf_bad(&real) && !str_eq(buf_str(&real), rec->site.docroot)) {
        struct str copy = arena_str(s->arena, buf_str(&real));
        if (!str_empty(copy))
            rec->site.real = copy;
    }
    buf_fini(&real);
    return rec->site.real;
}

static void fill_aliases(struct sites *s, struct site_rec *rec)
{
    size_t n = 0;
    for (const struct site_alias *a = rec->aliases; a != NULL; a = a->next)
        n++;
    struct str *v = arena_alloc(s->arena, (n + 1) * sizeof *v);
    if (v == NULL)
        return;
    n = 0;
    for (const struct site_alias *a = rec->aliases; a != NULL; a = a->next)
        v[n++] = a->name;
    rec->site.aliases = v;
    rec->site.alias_count = n;
}

/* Make a site ready for a caller: aliases as an array, logs as they are on disk. */
static const struct site *rec_finish(struct sites *s, struct site_rec *rec)
{
    if (!rec->finished) {
        rec->finished = true;
        rec_real(s, rec);
        fill_aliases(s, rec);
        site_find_logs(s, rec);
    }
    return &rec->site;
}

/* A directory in its two spellings. */
struct place {
    struct str dir;          /* as the log says */
    struct str real;         /* without links, or the same */
    struct str account, user;
};

/* What a jail or CageFS puts in front of a path, taken off. */
static struct str without_jail(struct str dir)
{
    struct str rest = dir;
    if (str_eat(&rest, STR("/usr/share/cagefs-skeleton/")))
        return str_make(rest.p - 1, rest.n + 1);
    if (str_eat(&rest, STR("/home/virtfs/"))) { /* USER, then its whole root again */
        str_cut(&rest, '/');
        return str_empty(rest) ? dir : str_make(rest.p - 1, rest.n + 1);
    }
    if (str_eat(&rest, STR("/var/cagefs/"))) { /* two digits, USER */
        str_cut(&rest, '/');
        str_cut(&rest, '/');
        return str_empty(rest) ? dir : str_make(rest.p - 1, rest.n + 1);
    }
    return dir;
}

static struct place place_make(struct sites *s, struct arena *arena, struct str dir,
                               struct str user)
{
    struct place p = { .dir = sites_path_clean(arena, without_jail(dir)), .user = user };
    struct buf real;
    buf_init(&real, 2 * ROOTFS_PATH_MAX);
    path_real(s, p.dir, &real);
    p.real = arena_str(arena, buf_str(&real));
    buf_fini(&real);
    p.account = sites_account(p.dir);
    if (str_empty(p.account) && !sites_shared_user(user))
        p.account = user;
    return p;
}

/* Results while they are collected, with the weight that orders them. */
struct picks {
    struct site_rec **v;
    size_t *weight;
    size_t n, max;
};

/* Keep the heaviest `max`; among equals the first added. */
static void pick_add(struct picks *p, struct site_rec *rec, size_t weight)
{
    size_t at = p->n;
    while (at > 0 && p->weight[at - 1] < weight)
        at--;
    if (at == p->max)
        return;
    size_t moved = (p->n < p->max ? p->n : p->max - 1) - at;
    memmove(p->v + at + 1, p->v + at, moved * sizeof *p->v);
    memmove(p->weight + at + 1, p->weight + at, moved * sizeof *p->weight);
    p->v[at] = rec;
    p->weight[at] = weight;
    p->n += p->n < p->max;
}

/* Sites whose document root holds the place, longest first. */
static void pick_holders(struct sites *s, const struct place *place, struct picks *out)
{
    for (size_t i = 0; i < s->n; i++) {
        struct str root = s->v[i]->site.docroot, real = rec_real(s, s->v[i]);
        if (path_within(place->dir, root) || path_within(place->real, root))
            pick_add(out, s->v[i], root.n);
        else if (path_within(place->dir, real) || path_within(place->real, real))
            pick_add(out, s->v[i], real.n);
    }
}

/* Folders that hold everybody's: being above a docroot there says nothing. */
static bool too_general(struct str dir)
{
    static const char *const names[] = { "/", "/home", "/home2", "/home3", "/var", "/var/www",
                                         "/var/www/vhosts", "/srv", "/usr", "/usr/home", "/tmp",
                                         "/usr/local", "/opt", "/data" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_eq(dir, str_c(names[i])))
            return true;
    }
    return false;
}

/* Sites below the place, and those of its account. */
static void pick_account(struct sites *s, const struct place *place, struct picks *out)
{
    bool below = !str_empty(place->dir) && !too_general(place->dir);
    for (size_t i = 0; i < s->n; i++) {
        const struct site *site = &s->v[i]->site;
        if (below && (path_within(site->docroot, place->dir) ||
                      path_within(site->real, place->real)))
            pick_add(out, s->v[i], 2);
        else if (!str_empty(place->account) &&
                 (str_eq(site->account, place->account) ||
                  str_eq(sites_account(site->docroot), place->account)))
            pick_add(out, s->v[i], 1);
    }
}

/* A script of the shared web user that hides in / or /tmp may be any site's: of a small
 * server all are worth a look. */
static void pick_all(struct sites *s, const struct place *place, struct picks *out)
{
    if (s->n > out->max || str_empty(place->dir) || !str_empty(place->account))
        return;
    for (size_t i = 0; i < s->n; i++)
        pick_add(out, s->v[i], 0);
}

size_t sites_find(struct sites *s, struct str dir, struct str user, const struct site **out,
                  size_t max)
{
    if (max == 0)
        return 0;
    struct arena *arena = arena_new((size_t)256 * 1024);
    struct picks picks = { .max = max };
    picks.v = must_array(max, sizeof *picks.v);
    picks.weight = must_array(max, sizeof *picks.weight);
    struct place place = place_make(s, arena, dir, user);
    load_panels(s, sites_account(place.dir), user);
    pick_holders(s, &place, &picks);
    if (picks.n == 0) {
        load_servers(s);
        pick_holders(s, &place, &picks);
    }
    if (picks.n == 0)
        pick_account(s, &place, &picks);
    if (picks.n == 0)
        pick_all(s, &place, &picks);
    for (size_t i = 0; i < picks.n; i++)
        out[i] = rec_finish(s, picks.v[i]);
    free(picks.v);
    free(picks.weight);
    arena_free(&arena);
    return picks.n;
}

/* `*.example.com` and `.example.com` match what stands below example.com. */
static bool alias_matches(struct str alias, struct str host)
{
    if (str_eat(&alias, STR("*")) || (alias.n > 1 && alias.p[0] == '.')) {
        size_t skip = host.n > alias.n ? host.n - alias.n : host.n;
        return alias.n > 1 && str_eq_nocase(str_skip(host, skip), alias);
    }
    return str_eq_nocase(alias, host);
}

static struct site_rec *rec_named(struct sites *s, struct str host)
{
    for (size_t i = 0; i < s->n; i++) {
        if (str_eq_nocase(s->v[i]->site.name, host) && str_eq(s->v[i]->site.prefix, STR("/")))
            return s->v[i];
    }
    for (size_t i = 0; i < s->n; i++) {
        for (const struct site_alias *a = s->v[i]->aliases; a != NULL; a = a->next) {
            if (alias_matches(a->name, host))
                return s->v[i];
        }
    }
    return NULL;
}

const struct site *sites_named(struct sites *s, struct str host, struct str user)
{
    struct str rest = host, name = str_cut(&rest, ':');
    if (str_empty(name))
        return NULL;
    load_panels(s, STR(""), user);
    struct site_rec *rec = rec_named(s, name);
    if (rec == NULL && !s->all_users) { /* the user's own sites do not hold it */
        s->all_users = true;
        for (size_t i = 0; i < PANEL_COUNT; i++)
            panels[i].read(s, STR(""));
        rec = rec_named(s, name);
    }
    if (rec == NULL) {
        load_servers(s);
        rec = rec_named(s, name);
    }
    return rec == NULL ? NULL : rec_finish(s, rec);
}

/* `/home`, `/home2` ... `/home99`: steps over it and the slash. */
static bool eat_home(struct str *dir)
{
    struct str rest = *dir;
    if (str_eat(&rest, STR("/usr/home/"))) {
        *dir = rest;
        return true;
    }
    if (!str_eat(&rest, STR("/home")))
        return false;
    while (rest.n > 0 && ascii_digit(rest.p[0]))
        rest = str_skip(rest, 1);
    if (!str_eat(&rest, STR("/")))
        return false;
    *dir = rest;
    return true;
}

struct str sites_account(struct str dir)
{
    struct str rest = without_jail(dir);
    if (!eat_home(&rest))
        return STR("");
    struct str name = str_cut(&rest, '/');
    return sites_plain_name(name) ? name : STR("");
}

/* Some part of `dir` is `name`. */
static bool has_part(struct str dir, struct str name)
{
    while (!str_empty(dir)) {
        if (str_eq(str_cut(&dir, '/'), name))
            return true;
    }
    return false;
}

static bool web_shape(struct str dir)
{
    static const char *const parts[] = { "public_html", "private_html", "httpdocs", "httpsdocs",
                                         "htdocs", "public_shtml" };
    struct str home = dir;
    if (path_within(dir, STR("/var/www")) || path_within(dir, STR("/srv/www")))
        return true;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (has_part(dir, str_c(parts[i])))
            return true;
    }
    if (!eat_home(&home))
        return false;
    str_cut(&home, '/');
    return str_eat(&home, STR("web/")) && home.n > 0; /* Hestia: /home/USER/web/DOMAIN */
}

bool sites_is_web(struct sites *s, struct str dir)
{
    struct site_rec *rec;
    size_t weight;
    if (web_shape(dir))
        return true;
    if (s == NULL || too_general(dir))
        return false;
    struct arena *arena = arena_new((size_t)256 * 1024);
    struct picks picks = { .v = &rec, .weight = &weight, .max = 1 };
    struct place place = place_make(s, arena, dir, STR(""));
    load_panels(s, place.account, STR(""));
    pick_holders(s, &place, &picks);
    if (picks.n == 0) {
        load_servers(s);
        pick_holders(s, &place, &picks);
    }
    arena_free(&arena);
    return picks.n > 0;
}
