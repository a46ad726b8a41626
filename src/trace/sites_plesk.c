/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_plesk - the sites of a Plesk server
 *
 * /var/www/vhosts/system/DOMAIN has for each domain the Apache configuration that
 * Plesk made of it, which says the document root, and its logs. Where the
 * configuration is missing, the usual place of the documents is taken. The accounts
 * of Plesk are not needed: paths and domains tell the site.
 */
#include "trace/sites_internal.h"

#define SYSTEM "/var/www/vhosts/system"

static const char *const logs[] = { "access_ssl_log", "access_log", "proxy_access_ssl_log",
                                    "proxy_access_log" };

static void domain_add(struct sites *s, struct str domain)
{
    size_t before = s->n;
    bool named = false;
    sites_apache_file(s, sites_path(s, SYSTEM "/%.*s/conf/httpd.conf", STR_ARG(domain)), "plesk",
                      STR(""));
    for (size_t i = before; i < s->n; i++)
        named |= str_eq_nocase(s->v[i]->site.name, domain);
    if (!named) {
        struct str docroot = sites_path(s, "/var/www/vhosts/%.*s/httpdocs", STR_ARG(domain));
        site_add(s, &(struct site_def){ .panel = "plesk", .name = domain, .account = STR(""),
                     .docroot = docroot, .prefix = STR("") });
    }
    for (size_t i = before; i < s->n; i++) {
        for (size_t k = 0; k < sizeof logs / sizeof logs[0]; k++)
            site_add_log(s, s->v[i],
                         sites_path(s, SYSTEM "/%.*s/logs/%s", STR_ARG(domain), logs[k]));
    }
}

bool sites_plesk(struct sites *s, struct str user)
{
    struct names domains;
    if (!str_empty(user) || sites_list(s, STR(SYSTEM), ROOTFS_OUR_LINKS, &domains) != 0)
        return false;
    for (size_t i = 0; i < domains.n; i++) {
        if (sites_plain_name(domains.v[i]) && str_find_c(domains.v[i], '.') != STR_NONE)
            domain_add(s, domains.v[i]);
    }
    names_fini(&domains);
    return true;
}
