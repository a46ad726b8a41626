/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_hestia - the sites of a Hestia or Vesta server
 *
 * web.conf of each account has one line for each domain, shell assignments in
 * single quotes: DOMAIN='example.com' ALIAS='www.example.com,...'. Documents are in
 * /home/USER/web/DOMAIN. Apache and nginx may both log a request; Apache's comes
 * first, because PHP runs behind it. Where the panel's folder was not copied,
 * the folders below /home/USER/web are taken for domains.
 */
#include "trace/sites_internal.h"

static const struct {
    const char *name, *users;
} panels[] = {
    { "hestia", "/usr/local/hestia/data/users" },
    { "vesta", "/usr/local/vesta/data/users" },
};

#define PANEL_COUNT (sizeof panels / sizeof panels[0])

struct domain {
    const char *panel;
    struct str user, name, aliases, docroot;
};

static void docroot_add(struct sites *s, const struct domain *d, struct str docroot)
{
    static const char *const folders[] = { "/var/log/apache2/domains", "/var/log/httpd/domains",
                                           "/var/log/nginx/domains" };
    struct site_rec *rec = site_add(s, &(struct site_def){ .panel = d->panel, .name = d->name,
                                         .account = d->user, .docroot = docroot,
                                         .prefix = STR("") });
    struct str aliases = d->aliases;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        site_add_log(s, rec, sites_path(s, "%s/%.*s.log", folders[i], STR_ARG(d->name)));
    while (!str_empty(aliases))
        site_add_alias(s, rec, str_trim(str_cut(&aliases, ',')));
}

static void domain_add(struct sites *s, const struct domain *d)
{
    static const char *const roots[] = { "public_html", "public_shtml" };
    struct str home = sites_home(s, d->user);
    if (!sites_plain_name(d->name))
        return;
    if (!str_empty(d->docroot))
        docroot_add(s, d, d->docroot);
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
        docroot_add(s, d, sites_path(s, "%.*s/web/%.*s/%s", STR_ARG(home), STR_ARG(d->name),
                                     roots[i]));
}

/* `NAME='value'` at the start of `*s`; steps over it. False at the end. */
static bool assignment_next(struct str *s, struct str *name_out, struct str *value_out)
{
    *s = str_trim(*s);
    size_t eq = str_find_c(*s, '=');
    if (eq == STR_NONE)
        return false;
    *name_out = str_trim(str_head(*s, eq));
    *s = str_skip(*s, eq + 1);
    if (str_eat(s, STR("'")))
        *value_out = str_cut(s, '\'');
    else
        *value_out = str_word(s);
    return true;
}

void sites_hestia_text(struct sites *s, struct str text, struct str user, const char *panel)
{
    struct str line, name, value;
    while (str_line(&text, &line)) {
        struct domain d = { panel, user, STR(""), STR(""), STR("") };
        while (assignment_next(&line, &name, &value)) {
            if (str_eq(name, STR("DOMAIN")))
                d.name = value;
            else if (str_eq(name, STR("ALIAS")))
                d.aliases = value;
            else if (str_eq(name, STR("CUSTOM_DOCROOT")))
                d.docroot = value;
        }
        domain_add(s, &d);
    }
}

static bool user_read(struct sites *s, size_t panel, struct str user)
{
    struct buf text;
    if (!sites_plain_name(user))
        return false;
    buf_init(&text, SITES_FILE_MAX);
    struct str path = sites_path(s, "%s/%.*s/web.conf", panels[panel].users, STR_ARG(user));
    bool known = sites_read(s, path, ROOTFS_OUR_LINKS, &text) == 0;
    if (known)
        sites_hestia_text(s, buf_str(&text), user, panels[panel].name);
    buf_fini(&text);
    return known;
}

/* Without the panel's files: what /home/USER/web holds. Names only. */
static bool home_read(struct sites *s, struct str user)
{
    struct names names;
    struct str home = sites_path(s, "%.*s/web", STR_ARG(sites_home(s, user)));
    if (!sites_plain_name(user) || sites_list(s, home, ROOTFS_OUR_LINKS, &names) != 0)
        return false;
    size_t before = s->n;
    for (size_t i = 0; i < names.n; i++) {
        struct domain d = { "hestia", user, names.v[i], STR(""), STR("") };
        if (str_find_c(d.name, '.') != STR_NONE)
            domain_add(s, &d);
    }
    names_fini(&names);
    return s->n > before;
}

bool sites_hestia(struct sites *s, struct str user)
{
    struct names users;
    bool known = false;
    for (size_t i = 0; i < PANEL_COUNT; i++) {
        if (!str_empty(user)) {
            known |= user_read(s, i, user);
            continue;
        }
        if (sites_list(s, str_c(panels[i].users), ROOTFS_OUR_LINKS, &users) != 0)
            continue;
        for (size_t k = 0; k < users.n; k++)
            known |= user_read(s, i, users.v[k]);
        names_fini(&users);
    }
    return known || (!str_empty(user) && home_read(s, user));
}
