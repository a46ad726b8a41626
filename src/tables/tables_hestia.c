/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables_hestia - Hestia and Vesta
 *
 * A folder (or a link to one) below /etc/exim4/domains for each domain, with
 * `passwd` (mailboxes) and `aliases` (`local@domain:dest`, `*@domain:dest`). Their Exim
 * takes an address that stands in `aliases` whatever it says there, by the router
 * terminate_alias; and of a default it reads what stands before the first colon only,
 * so `:fail:` comes out as nothing, which is a refusal without the text.
 */
#include "tables/load.h"

static const char *const folders[] = { "/etc/exim4/domains", "/etc/exim/domains" };

static const char *folder_find(struct load *ld)
{
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (load_has_folder(ld, folders[i]))
            return folders[i];
    }
    return NULL;
}

static const char *detect(struct load *ld)
{
    static const char *const homes[] = { "/usr/local/hestia", "/usr/local/vesta" };
    for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
        if (load_has_folder(ld, homes[i]) && folder_find(ld) != NULL)
            return "a panel in /usr/local/hestia or /usr/local/vesta, and folders of domains";
    }
    return NULL;
}

static void take_alias(struct load *ld, const struct lsearch_entry *e, uint32_t domain,
                       struct str name)
{
    size_t at = str_rfind_c(e->key, '@');
    if (at == STR_NONE || !str_eq_nocase(str_skip(e->key, at + 1), name))
        return;
    struct str local = str_head(e->key, at);
    struct lsearch_entry first = *e;
    first.value = str_head(e->value, str_find_c(e->value, ':'));
    if (str_eq(local, STR("*")))
        load_alias(ld, &first, domain, name, true);
    else
        table_mailbox(ld->table, local, domain, ld->source);
}

static void take_domain(struct load *ld, struct str name, void *folder)
{
    struct lsearch l;
    struct lsearch_entry e;
    struct str text, base = str_c(folder);
    uint32_t domain = table_domain(ld->table, name, DOMAIN_LOCAL | DOMAIN_PLUS);
    if (domain == TABLE_NONE)
        return;
    /* without its mailboxes nothing is known of a domain */
    if (load_customer_file(ld, load_path(ld, base, STR("/"), name, STR("/passwd")), domain,
                           &text) > 0)
        load_passwd(ld, text, domain);
    if (load_customer_file(ld, load_path(ld, base, STR("/"), name, STR("/aliases")), domain,
                           &text) <= 0)
        return;
    lsearch_init(&l, text, &ld->entry);
    while (lsearch_next(&l, &e))
        take_alias(ld, &e, domain, name);
}

static void read_layout(struct load *ld)
{
    const char *folder = folder_find(ld);
    char path[64];
    if (folder == NULL || str_copy(str_c(folder), path, sizeof path) != 0 ||
        load_names(ld, path, false, take_domain, path) <= 0)
        table_domains_unsure(ld->table);
}

const struct layout layout_hestia = { LAYOUT_HESTIA, "hestia", detect, read_layout };
