/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_sites - the configuration of panels and web servers
 *
 * The first byte chooses the reader. The root is an empty folder, so that
 * includes lead nowhere and nothing of this machine is read. Holds for any bytes:
 * every site has an absolute, clean document root and prefix, nothing climbs, and
 * what is found by a directory holds that directory.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "trace/sites_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[] = "/tmp/postern-fuzz.XXXXXX";

static void root_remove(void)
{
    rmdir(root);
}

static void read_text(struct sites *s, char kind, struct str text)
{
    switch (kind) {
    case 'a':
        sites_apache_text(s, text);
        break;
    case 'n':
        sites_nginx_text(s, text);
        break;
    case 'c':
        sites_cpanel_text(s, text, STR("joe"), STR("example.com_SSL"));
        break;
    default:
        sites_hestia_text(s, text, STR("joe"), "hestia");
        break;
    }
}

static void site_check(struct sites *s, const struct site *site)
{
    const struct site *found[4];
    must(site->docroot.n > 0 && site->docroot.p[0] == '/');
    must(site->docroot.n == 1 || site->docroot.p[site->docroot.n - 1] != '/');
    must(str_find(site->docroot, STR("//")) == STR_NONE);
    must(site->prefix.n > 0 && site->prefix.p[0] == '/');
    must(site->alias_count <= SITE_ALIASES_MAX);
    if (str_starts(site->docroot, STR("/home/virtfs/")) ||
        str_find(site->docroot, STR("/cagefs")) != STR_NONE)
        return; /* taken off of what is asked for: no document root of a real server */
    size_t n = sites_find(s, site->docroot, STR(""), found, 4);
    must(n > 0 && n <= 4);
    for (size_t i = 0; i < n; i++)
        must(found[i]->log_count == 0); /* nothing is there */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;
    struct sites *s;
    struct sites_options o = { .root = root };
    if (!made) {
        must(mkdtemp(root) != NULL);
        atexit(root_remove);
        made = true;
    }
    if (size == 0)
        return 0;
    must(sites_new(&o, &s, NULL) == 0);
    s->all_users = s->servers = true; /* the disk has nothing to add */
    read_text(s, (char)data[0], str_make((const char *)data + 1, size - 1));
    for (size_t i = 0; i < s->n && i < 4; i++)
        site_check(s, &s->v[i]->site);
    sites_named(s, STR("www.example.com"), STR("joe"));
    sites_free(&s);
    return 0;
}
