/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_directadmin - the sites of a DirectAdmin server
 *
 * /usr/local/directadmin/data/users/USER/domains.list names the domains of an
 * account, and files beside it their subdomains and pointers (aliases). The
 * places follow from the names, but for subdomains that were given another folder:
 * DOMAIN.subdomains.docroot.override has lines like SUB=public_html=%2Fdomains%2Fx&php1_select=1,
 * with folders that begin at the home. Where the panel's own folder was not copied,
 * /etc/virtual/domainowners still says whose a domain is.
 */
#include "trace/sites_internal.h"

#define USERS "/usr/local/directadmin/data/users"

static const char *const log_folders[] = { "/var/log/httpd/domains", "/var/log/nginx/domains",
                                           "/var/log/apache2/domains" };

static void logs_add(struct sites *s, struct site_rec *rec, struct str name)
{
    for (size_t i = 0; i < sizeof log_folders / sizeof log_folders[0]; i++)
        site_add_log(s, rec, sites_path(s, "%s/%.*s.log", log_folders[i], STR_ARG(name)));
}

/* `file` is a list of the domain's; each line up to `=`, given to `each`. */
static void list_read(struct sites *s, struct str path, struct buf *text)
{
    if (sites_read(s, path, ROOTFS_OUR_LINKS, text) != 0)
        buf_reset(text);
}

struct domain {
    struct str user, name, home;
};

static struct site_rec *docroot_add(struct sites *s, const struct domain *d, struct str name,
                                    struct str docroot)
{
    return site_add(s, &(struct site_def){ .panel = "directadmin", .name = name,
                           .account = d->user, .docroot = docroot, .prefix = STR("") });
}

/* A subdomain is a folder of its domain's document root. Its log has been
 * named both ways round. */
static void subdomain_add(struct sites *s, const struct domain *d, struct str sub)
{
    struct str name = sites_path(s, "%.*s.%.*s", STR_ARG(sub), STR_ARG(d->name));
    struct str docroot = sites_path(s, "%.*s/domains/%.*s/public_html/%.*s", STR_ARG(d->home),
                                    STR_ARG(d->name), STR_ARG(sub));
    struct site_rec *rec = docroot_add(s, d, name, docroot);
    logs_add(s, rec, name);
    logs_add(s, rec, sites_path(s, "%.*s.%.*s", STR_ARG(d->name), STR_ARG(sub)));
    docroot = sites_path(s, "%.*s/domains/%.*s/public_html", STR_ARG(d->home), STR_ARG(name));
    rec = docroot_add(s, d, name, docroot);
    logs_add(s, rec, name);
}

/* `value` with each `%2F` as what it means; the arena's, or empty if that is full. */
static struct str decoded(struct sites *s, struct str value)
{
    char *out = arena_alloc(s->arena, value.n + 1);
    size_t n = 0;
    uint64_t byte;
    for (size_t i = 0; out != NULL && i < value.n; i++) {
        out[n] = value.p[i];
        if (value.p[i] == '%' && value.n - i > 2 &&
            str_hex(str_make(value.p + i + 1, 2), &byte) == 0) {
            out[n] = (char)(unsigned char)byte;
            i += 2;
        }
        n++;
    }
    return str_make(out, out == NULL ? 0 : n);
}

/* One line of the overrides. Nothing outside of the home. */
static void override_add(struct sites *s, const struct domain *d, struct str line)
{
    struct str sub = str_trim(str_cut(&line, '='));
    while (sites_plain_name(sub) && !str_empty(line)) {
        struct str value = str_cut(&line, '&');
        struct str key = str_cut(&value, '=');
        if (!str_eq(key, STR("public_html")) && !str_eq(key, STR("private_html")))
            continue;
        value = decoded(s, value);
        while (str_eat(&value, STR("/")))
            ;
        /* the home itself is no site, and what is above it is not the customer's */
        if (str_empty(value) || value.p[0] == '.' || str_find(value, STR("..")) != STR_NONE ||
            str_find_c(value, '\0') != STR_NONE)
            continue;
        struct str name = sites_path(s, "%.*s.%.*s", STR_ARG(sub), STR_ARG(d->name));
        struct site_rec *rec = docroot_add(s, d, name, sites_path(s, "%.*s/%.*s", STR_ARG(d->home),
                                                                  STR_ARG(value)));
        logs_add(s, rec, sites_path(s, "%.*s.%.*s", STR_ARG(d->name), STR_ARG(sub)));
        logs_add(s, rec, name);
    }
}

static void domain_add(struct sites *s, const struct domain *d, struct buf *text)
{
    static const char *const roots[] = { "public_html", "private_html" };
    struct str rest, line;
    list_read(s, sites_path(s, USERS "/%.*s/domains/%.*s.pointers", STR_ARG(d->user),
                            STR_ARG(d->name)), text);
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        struct str home = sites_path(s, "%.*s/domains/%.*s", STR_ARG(d->home), STR_ARG(d->name));
        struct site_rec *rec = docroot_add(s, d, d->name,
                                           sites_path(s, "%.*s/%s", STR_ARG(home), roots[i]));
        logs_add(s, rec, d->name);
        site_add_monthly(s, rec, sites_path(s, "%.*s/logs", STR_ARG(home)), STR(""));
        site_add_alias(s, rec, sites_path(s, "www.%.*s", STR_ARG(d->name)));
        for (rest = buf_str(text); str_line(&rest, &line);)
            site_add_alias(s, rec, str_trim(str_cut(&line, '=')));
    }
    list_read(s, sites_path(s, USERS "/%.*s/domains/%.*s.subdomains", STR_ARG(d->user),
                            STR_ARG(d->name)), text);
    for (rest = buf_str(text); str_line(&rest, &line);) {
        line = str_trim(str_cut(&line, '='));
        if (sites_plain_name(line))
            subdomain_add(s, d, line);
    }
    list_read(s, sites_path(s, USERS "/%.*s/domains/%.*s.subdomains.docroot.override",
                            STR_ARG(d->user), STR_ARG(d->name)), text);
    for (rest = buf_str(text); str_line(&rest, &line);)
        override_add(s, d, line);
}

static bool user_read(struct sites *s, struct str user)
{
    struct buf list, text;
    struct str rest, line;
    if (!sites_plain_name(user))
        return false;
    buf_init(&list, SITES_FILE_MAX);
    buf_init(&text, SITES_FILE_MAX);
    struct str path = sites_path(s, USERS "/%.*s/domains.list", STR_ARG(user));
    bool known = sites_read(s, path, ROOTFS_OUR_LINKS, &list) == 0;
    for (rest = buf_str(&list); known && str_line(&rest, &line);) {
        struct domain d = { user, str_trim(line), sites_home(s, user) };
        if (sites_plain_name(d.name))
            domain_add(s, &d, &text);
    }
    buf_fini(&list);
    buf_fini(&text);
    return known;
}

/* `domain: user` lines, for `user` or, if that is empty, all. */
static bool owners_read(struct sites *s, struct str user)
{
    struct buf list, text;
    struct str rest, line;
    bool known = false;
    buf_init(&list, SITES_FILE_MAX);
    buf_init(&text, SITES_FILE_MAX);
    sites_read(s, STR("/etc/virtual/domainowners"), ROOTFS_OUR_LINKS, &list);
    for (rest = buf_str(&list); str_line(&rest, &line);) {
        struct str domain = str_trim(str_cut(&line, ':')), owner = str_trim(line);
        if (!sites_plain_name(domain) || !sites_plain_name(owner) ||
            (!str_empty(user) && !str_eq(user, owner)))
            continue;
        known = true;
        domain_add(s, &(struct domain){ owner, domain, sites_home(s, owner) }, &text);
    }
    buf_fini(&list);
    buf_fini(&text);
    return known;
}

bool sites_directadmin(struct sites *s, struct str user)
{
    struct names users;
    if (!str_empty(user))
        return user_read(s, user) || owners_read(s, user);
    if (sites_list(s, STR(USERS), ROOTFS_OUR_LINKS, &users) != 0)
        return owners_read(s, user);
    for (size_t i = 0; i < users.n; i++)
        user_read(s, users.v[i]);
    names_fini(&users);
    return true;
}
