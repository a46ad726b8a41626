/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables_debian - a plain Debian server
 *
 * debconf keeps the domains in update-exim4.conf.conf: dc_other_hostnames and
 * dc_relay_domains, lists with colons between. All local domains share the
 * users of the system and /etc/aliases. What else such a list may hold (patterns,
 * lookups) is not worked out: then no domain is called foreign.
 *
 * Debian's own configuration takes no detail behind a local part. Many
 * administrators switch it on, and refusing `joe+x` where Exim takes it would lose mail, so it
 * is taken as joe here: at worst Exim refuses it a moment later.
 */
#include "tables/load.h"

#define CONF "/etc/exim4/update-exim4.conf.conf"

static const char *detect(struct load *ld)
{
    /* A whole configuration of the administrator's own replaces Debian's: nothing is known of it */
    if (load_has_file(ld, "/etc/exim4/exim4.conf") || !load_has_file(ld, CONF))
        return NULL;
    return CONF " is there, and no exim4.conf that replaces Debian's";
}

static bool plain_name(struct str item)
{
    for (size_t i = 0; i < item.n; i++) {
        char c = item.p[i];
        if (!ascii_alnum(c) && c != '.' && c != '-' && c != '_' && (unsigned char)c < 128)
            return false;
    }
    return item.n > 0;
}

static void domain_item(struct load *ld, struct str item, bool relay)
{
    if (!plain_name(item)) {
        table_domains_unsure(ld->table);
        load_note(ld, LOG_LEVEL_NOTICE, "domain-pattern", item,
                  STR("only plain domain names can be taken from this list: no domain is called "
                      "foreign because of it"));
    } else if (relay) {
        table_domain(ld->table, item, DOMAIN_BACKUP);
    } else {
        table_domain_same(ld->table, item, TABLE_HOST);
    }
}

/* 'a:b;c', with or without quotes. */
static void domain_list(struct load *ld, struct str value, bool relay)
{
    value = str_trim(value);
    if (value.n >= 2 && (value.p[0] == '\'' || value.p[0] == '"') &&
        value.p[value.n - 1] == value.p[0])
        value = str_make(value.p + 1, value.n - 2);
    while (value.n > 0) {
        size_t n = 0;
        while (n < value.n && value.p[n] != ':' && value.p[n] != ';')
            n++;
        struct str item = str_trim(str_head(value, n));
        value = str_skip(value, n + 1);
        if (!str_empty(item) && !str_eq(item, STR("@")))
            domain_item(ld, item, relay);
    }
}

static void domains_read(struct load *ld)
{
    struct str text, line;
    int rc = load_file(ld, CONF, TABLE_HOST, &text);
    if (rc <= 0)
        table_domains_unsure(ld->table);
    while (rc > 0 && load_line(&text, &line)) {
        if (str_eat(&line, STR("dc_other_hostnames=")))
            domain_list(ld, line, false);
        else if (str_eat(&line, STR("dc_relay_domains=")))
            domain_list(ld, line, true);
    }
}

/* Macros that put other lists of domains in the place of debconf's. */
static void macros_read(struct load *ld)
{
    static const char *const paths[] = { "/etc/exim4/exim4.conf.localmacros",
                                         "/etc/exim4/conf.d/main/000_localmacros" };
    struct str text;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (load_file(ld, paths[i], TABLE_NONE, &text) <= 0 ||
            (str_find(text, STR("MAIN_LOCAL_DOMAINS")) == STR_NONE &&
             str_find(text, STR("MAIN_RELAY_TO_DOMAINS")) == STR_NONE))
            continue;
        table_domains_unsure(ld->table);
        load_note(ld, LOG_LEVEL_NOTICE, "domains-elsewhere", STR(""),
                  STR("the domains are set by a macro: no domain is called foreign"));
    }
}

static void read_layout(struct load *ld)
{
    load_host_names(ld);
    domains_read(ld);
    macros_read(ld);
    load_host_users(ld);
    table_domain_set(ld->table, TABLE_HOST, DOMAIN_PLUS);
}

const struct layout layout_debian = { LAYOUT_DEBIAN, "debian", detect, read_layout };
