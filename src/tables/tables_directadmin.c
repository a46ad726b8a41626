/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables_directadmin - DirectAdmin
 *
 * /etc/virtual/domains lists the domains, /etc/virtual/domainowners who owns each
 * (the owner's name is a mailbox of the domain). /etc/virtual/DOMAIN holds `passwd`, `aliases`
 * (keys are local parts, `*` the default), the mailing lists' aliases and the
 * autoresponders. A pointer domain is a link to the folder of its target, so
 * it needs nothing of its own. The host's name goes to the system's users. The router of
 * /etc/aliases comes last and is for every domain: where a domain has no default, sales@ it is
 * taken if that file has a sales.
 */
#include "tables/load.h"

#define VIRTUAL "/etc/virtual/"

static const char *detect(struct load *ld)
{
    return load_has_file(ld, VIRTUAL "domains") ? VIRTUAL "domains is there" : NULL;
}

/* Names that are keys of a file, as mailboxes. */
static void take_keys(struct load *ld, struct str text, uint32_t domain)
{
    struct lsearch l;
    struct lsearch_entry e;
    lsearch_init(&l, text, &ld->entry);
    while (lsearch_next(&l, &e)) {
        if (e.key.n > 0 && e.key.n <= ADDRESS_LOCAL_MAX)
            table_mailbox(ld->table, e.key, domain, ld->source);
    }
}

static bool domain_file(struct load *ld, struct str name, struct str file, uint32_t domain,
                        struct str *text_out)
{
    const char *path = load_path(ld, STR(VIRTUAL), name, STR("/"), file);
    return load_customer_file(ld, path, domain, text_out) > 0;
}

static void take_domain(struct load *ld, struct str name)
{
    struct str text;
    uint32_t domain = table_domain(ld->table, name,
                                   DOMAIN_LOCAL | DOMAIN_PLUS | DOMAIN_HOST_ALIASES);
    if (domain == TABLE_NONE || domain == TABLE_HOST || str_find_c(name, '/') != STR_NONE)
        return;
    if (domain_file(ld, name, STR("passwd"), domain, &text))
        load_passwd(ld, text, domain);
    if (domain_file(ld, name, STR("aliases"), domain, &text))
        load_aliases(ld, text, domain, name, true);
    if (domain_file(ld, name, STR("majordomo/list.aliases"), domain, &text))
        load_aliases(ld, text, domain, name, false);
    if (domain_file(ld, name, STR("autoresponder.conf"), domain, &text))
        take_keys(ld, text, domain);
}

/* `domain: user`. Only for domains that are ours. */
static void owners_read(struct load *ld)
{
    struct lsearch l;
    struct lsearch_entry e;
    struct str text;
    if (load_file(ld, VIRTUAL "domainowners", TABLE_NONE, &text) <= 0) {
        table_addresses_unsure(ld->table);   /* the owners' own addresses are missing */
        ld->source = 0;
        load_note(ld, LOG_LEVEL_WARNING, "table-missing", STR(""),
                  STR(VIRTUAL "domainowners: without it nobody is called unknown"));
        return;
    }
    lsearch_init(&l, text, &ld->entry);
    while (lsearch_next(&l, &e)) {
        uint32_t domain = table_domain_find(ld->table, e.key);
        struct str user = str_word(&e.value);
        if (domain != TABLE_NONE && domain != TABLE_HOST && user.n > 0)
            table_mailbox(ld->table, user, domain, ld->source);
    }
}

static void read_layout(struct load *ld)
{
    struct str text, line;
    load_host_names(ld);
    load_host_users(ld);
    table_domain_set(ld->table, TABLE_HOST, DOMAIN_PLUS);
    bool any = false;
    int rc = load_file(ld, VIRTUAL "domains", TABLE_NONE, &text);
    while (rc > 0 && load_line(&text, &line)) {
        take_domain(ld, str_trim(str_cut(&line, ':')));
        any = true;
    }
    if (!any)                /* missing, broken, or being written */
        table_domains_unsure(ld->table);
    owners_read(ld);
}

const struct layout layout_directadmin = { LAYOUT_DIRECTADMIN, "directadmin", detect,
                                           read_layout };
