/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables_cpanel - cPanel
 *
 *   /etc/localdomains           domains whose mail ends here
 *   /etc/secondarymx            domains that we hold mail for
 *   /etc/userdomains            domain: account
 *   ~account/etc/DOMAIN/passwd  mailboxes
 *   /etc/valiases/DOMAIN        local@domain: list, and the default `*`
 *   /etc/vdomainaliases/DOMAIN  another domain that takes what this one does not
 *   ~account/etc/.LOCAL@DOMAIN.suspended_incoming   refused with 525
 *   /usr/local/cpanel/3rdparty/mailman/lists        list_domain
 *
 * The account's own name is a mailbox of each of its domains. /etc/remotedomains needs no
 * reading: cPanel's Exim takes mail from outside for the first two lists only.
 * A domain of the host's own (no account) goes to the system's users.
 */
#include "tables/load.h"

#include <stdlib.h>

#include "base/must.h"

#define MAILMAN "/usr/local/cpanel/3rdparty/mailman/lists"

struct account {
    struct str name, home;               /* in `bytes` of the accounts */
};

struct accounts {
    struct account *v;                   /* by name */
    size_t n, cap;
    struct buf bytes;                    /* /etc/passwd */
    uint32_t *owner;                     /* by domain: place in `v`, counted from 1 */
    size_t owner_cap;
};

static const char *detect(struct load *ld)
{
    return load_has_file(ld, "/etc/localdomains") && load_has_folder(ld, "/etc/valiases")
               ? "/etc/localdomains and /etc/valiases are there" : NULL;
}

/* --- accounts --- */

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct account *)a)->name, ((const struct account *)b)->name);
}

static void accounts_read(struct load *ld, struct accounts *a)
{
    struct str text, line;
    if (load_file(ld, "/etc/passwd", TABLE_HOST, &text) <= 0)
        return;
    buf_add(&a->bytes, text);            /* `text` goes with the next file */
    text = buf_str(&a->bytes);
    while (load_line(&text, &line)) {
        struct account one = { .name = str_cut(&line, ':') };
        for (int field = 1; field < 6; field++)
            one.home = str_cut(&line, ':');
        if (one.home.n < 2 || one.home.p[0] != '/')
            continue;
        if (a->n == a->cap) {
            a->cap = a->cap == 0 ? 64 : a->cap * 2;
            a->v = must_realloc(a->v, a->cap * sizeof *a->v);
        }
        a->v[a->n++] = one;
    }
    if (a->n > 0)
        qsort(a->v, a->n, sizeof *a->v, by_name);
}

static const struct account *account_find(const struct accounts *a, struct str name)
{
    struct account key = { .name = name };
    return a->n == 0 ? NULL : bsearch(&key, a->v, a->n, sizeof *a->v, by_name);
}

static void owner_set(struct accounts *a, uint32_t domain, const struct account *account)
{
    if (domain >= a->owner_cap) {
        size_t cap = ((size_t)domain + 64) * 2;
        a->owner = must_realloc(a->owner, cap * sizeof *a->owner);
        memset(a->owner + a->owner_cap, 0, (cap - a->owner_cap) * sizeof *a->owner);
        a->owner_cap = cap;
    }
    a->owner[domain] = (uint32_t)(account - a->v) + 1;
}

/* --- domains --- */

static void aliases_read(struct load *ld, struct str name, uint32_t domain)
{
    struct lsearch_entry e;
    struct lsearch l;
    struct str text;
    const char *path = load_path(ld, STR("/etc/valiases/"), name, STR(""), STR(""));
    if (load_customer_file(ld, path, domain, &text) > 0) {
        lsearch_init(&l, text, &ld->entry);
        while (lsearch_next(&l, &e))
            load_alias(ld, &e, domain, name, true);
    }
    path = load_path(ld, STR("/etc/vdomainaliases/"), name, STR(""), STR(""));
    if (load_customer_file(ld, path, domain, &text) <= 0)
        return;
    lsearch_init(&l, text, &ld->entry);
    while (lsearch_next(&l, &e)) {
        struct str target = str_word(&e.value);
        size_t at = str_rfind_c(target, '@');
        if (at != STR_NONE)
            target = str_skip(target, at + 1);
        if (target.n > 0 && (str_eq_nocase(e.key, name) || str_eq(e.key, STR("*"))))
            table_domain_target(ld->table, domain, target);
    }
}

static void mailboxes_read(struct load *ld, const struct account *account, struct str name,
                           uint32_t domain)
{
    struct str text;
    const char *path = load_path(ld, account->home, STR("/etc/"), name, STR("/passwd"));
    if (load_customer_file(ld, path, domain, &text) > 0)
        load_passwd(ld, text, domain);
    table_mailbox(ld->table, account->name, domain, ld->source);
    table_domain_set(ld->table, domain, DOMAIN_KNOWN);
}

static bool fit_for_path(struct str name)
{
    return name.n > 0 && name.n <= ADDRESS_DOMAIN_MAX && name.p[0] != '.' &&
           str_find_c(name, '/') == STR_NONE && str_find_c(name, '\0') == STR_NONE;
}

/* One line of /etc/userdomains. */
static void take_domain(struct load *ld, struct accounts *a, struct str name, struct str user)
{
    uint32_t domain = table_domain_find(ld->table, name);
    const struct account *account = account_find(a, user);
    if (domain == TABLE_NONE || account == NULL || !fit_for_path(name) ||
        (table_domain_flags(ld->table, domain) & DOMAIN_LOCAL) == 0)
        return;
    owner_set(a, domain, account);
    ld->source = 0;
    aliases_read(ld, name, domain);
    mailboxes_read(ld, account, name, domain);
}

static void accounts_domains(struct load *ld, struct accounts *a)
{
    struct str text, line;
    if (load_file(ld, "/etc/userdomains", TABLE_NONE, &text) <= 0)
        return;                          /* then no domain is known, and nobody unknown */
    while (load_line(&text, &line)) {
        struct str name = str_trim(str_cut(&line, ':'));
        take_domain(ld, a, name, str_trim(line));
    }
}

/* Every name of a list of domains: how many, or -1 if it could not be read. */
static long list_read(struct load *ld, const char *path, unsigned flags)
{
    struct str text, line;
    long count = 0;
    int rc = load_file(ld, path, TABLE_NONE, &text);
    while (rc > 0 && load_line(&text, &line)) {
        uint32_t domain = table_domain_find(ld->table, line);
        if (domain == TABLE_NONE || (table_domain_flags(ld->table, domain) & DOMAIN_LOCAL) == 0)
            table_domain(ld->table, line, flags);
        count++;
    }
    return rc < 0 ? -1 : count;
}

/* A list of ours that is empty is one that is being written. */
static void lists_read(struct load *ld)
{
    long local = list_read(ld, "/etc/localdomains", DOMAIN_LOCAL | DOMAIN_PLUS);
    long backup = list_read(ld, "/etc/secondarymx", DOMAIN_BACKUP);
    if (local <= 0 || backup < 0)
        table_domains_unsure(ld->table);
}

/* Domains of ours without an account: the aliases are all that is known. */
static void orphans_read(struct load *ld)
{
    struct str text, line;
    if (load_file(ld, "/etc/localdomains", TABLE_NONE, &text) <= 0)
        return;
    while (load_line(&text, &line)) {
        uint32_t domain = table_domain_find(ld->table, line);
        unsigned flags = domain == TABLE_NONE ? 0 : table_domain_flags(ld->table, domain);
        if (domain == TABLE_NONE || domain == TABLE_HOST || !fit_for_path(line) ||
            (flags & (DOMAIN_KNOWN | DOMAIN_BROKEN)) != 0)
            continue;
        aliases_read(ld, line, domain);
        load_note(ld, LOG_LEVEL_NOTICE, "domain-without-account", line,
                  STR("in /etc/localdomains, but no account of /etc/userdomains has it: nobody is "
                      "called unknown there"));
    }
}

/* --- what is beside the domains --- */

struct suspended {
    struct accounts *a;
    const struct account *account;
};

/* .LOCAL@DOMAIN.suspended_incoming */
static void take_suspended(struct load *ld, struct str name, void *ctx)
{
    struct suspended *s = ctx;
    struct str suffix = STR(".suspended_incoming");
    struct aliases_verdict says = { .says = ALIASES_REFUSES,
                                    .text = STR("525 5.7.13 Disabled recipient address") };
    size_t at = str_rfind_c(name, '@');
    if (!str_ends(name, suffix) || at == STR_NONE || at < 2)
        return;
    struct str domain_name = str_make(name.p + at + 1, name.n - at - 1 - suffix.n);
    uint32_t domain = table_domain_find(ld->table, domain_name);
    if (domain == TABLE_NONE || domain >= s->a->owner_cap ||
        s->a->owner[domain] != (uint32_t)(s->account - s->a->v) + 1)
        return;
    table_alias_replace(ld->table, str_make(name.p + 1, at - 1), domain, &says, ld->source);
}

static void suspended_read(struct load *ld, struct accounts *a)
{
    char *has = must_alloc(a->n + 1);
    for (size_t i = 0; i < a->owner_cap; i++)
        has[a->owner[i]] = 1;            /* 0 is nobody's */
    for (size_t i = 0; i < a->n; i++) {
        struct suspended s = { a, &a->v[i] };
        const char *path = load_path(ld, a->v[i].home, STR("/etc"), STR(""), STR(""));
        if (has[i + 1] == 0)
            continue;
        ld->source = table_source(ld->table, str_c(path));
        load_names(ld, path, true, take_suspended, &s);
    }
    free(has);
}

static void take_list(struct load *ld, struct str name, struct str domain_name)
{
    static const struct str tails[] = {
        STR_INIT(""), STR_INIT("-admin"), STR_INIT("-bounces"), STR_INIT("-bounces+*"),
        STR_INIT("-confirm"), STR_INIT("-confirm+*"), STR_INIT("-join"), STR_INIT("-leave"),
        STR_INIT("-owner"), STR_INIT("-request"), STR_INIT("-subscribe"),
        STR_INIT("-unsubscribe"),
    };
    char address[ADDRESS_LOCAL_MAX + 16];
    uint32_t domain = table_domain_find(ld->table, domain_name);
    if (domain == TABLE_NONE || (table_domain_flags(ld->table, domain) & DOMAIN_LOCAL) == 0 ||
        name.n > ADDRESS_LOCAL_MAX)
        return;
    table_domain_set(ld->table, domain, DOMAIN_WILD);
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        memcpy(address, name.p, name.n);
        memcpy(address + name.n, tails[i].p, tails[i].n);
        table_mailbox(ld->table, str_make(address, name.n + tails[i].n), domain, ld->source);
    }
}

/* list_name_domain: a list's name may have an underscore, so each is tried. */
static void take_mailman(struct load *ld, struct str name, void *ctx)
{
    (void)ctx;
    for (size_t i = 1; i + 1 < name.n; i++) {
        if (name.p[i] == '_')
            take_list(ld, str_head(name, i), str_skip(name, i + 1));
    }
}

static void read_layout(struct load *ld)
{
    struct accounts a = { 0 };
    buf_init(&a.bytes, LOAD_FILE_MAX);
    lists_read(ld);
    accounts_read(ld, &a);
    accounts_domains(ld, &a);
    suspended_read(ld, &a);
    load_host_names(ld);                 /* those that are no account's domain */
    load_host_users(ld);
    table_domain_set(ld->table, TABLE_HOST, DOMAIN_PLUS);
    orphans_read(ld);
    ld->source = table_source(ld->table, STR(MAILMAN));
    load_names(ld, MAILMAN, false, take_mailman, NULL);
    free(a.v);
    free(a.owner);
    buf_fini(&a.bytes);
}

const struct layout layout_cpanel = { LAYOUT_CPANEL, "cpanel", detect, read_layout };
