/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables_files - files that the configuration names
 *
 * For servers without a panel, and beside one: plain lists, lsearch files,
 * constant databases, alias files, passwd files and lists of domains. An
 * address with a domain makes that domain ours; one without belongs to the file's
 * domain, or to the host. Such a file is meant to be there: if it is not, that is as
 * bad as one that cannot be read, and nobody it might have held is unknown.
 *
 * In lists and databases the values do not matter, but for those that begin
 * with a colon: `:fail: gone`, as in an alias file.
 */
#include "tables/load.h"

#include "mail/cdb.h"

struct file {
    struct load *ld;
    const struct recipients_file *conf;
    uint32_t domain;                     /* of addresses without one */
    struct str name;                     /* its name; "" for the host */
};

static bool is_wild(struct str local)
{
    return str_ends(local, STR("+*")) || str_ends(local, STR("-*"));
}

/* Split a key: its local part, its domain's number and name. */
static uint32_t key_split(struct file *f, struct str key, struct str *local_out,
                          struct str *name_out)
{
    size_t at = str_rfind_c(key, '@');
    *local_out = str_head(key, at);
    *name_out = at == STR_NONE ? f->name : str_skip(key, at + 1);
    if (at == STR_NONE)
        return f->domain;
    if (str_empty(*name_out) || name_out->n > ADDRESS_DOMAIN_MAX)
        return TABLE_NONE;
    return table_domain(f->ld->table, *name_out, DOMAIN_LOCAL | DOMAIN_KNOWN | DOMAIN_PLUS);
}

/* `user@domain`, `user`, `user+*`, `@domain` and `*@domain` for all, `*`. */
static void take_key(struct file *f, struct str key)
{
    struct aliases_verdict all = { .says = ALIASES_TAKES };
    struct load *ld = f->ld;
    struct str local, name;
    uint32_t domain = key_split(f, key, &local, &name);
    if (domain == TABLE_NONE || key.n == 0)
        return;
    table_domain_set(ld->table, domain, is_wild(local) ? DOMAIN_WILD : 0);
    if (!str_empty(local) && !str_eq(local, STR("*"))) {
        table_mailbox(ld->table, local, domain, ld->source);
        return;
    }
    load_note(ld, LOG_LEVEL_WARNING, "catch-all", name,
              STR("every address of the domain is taken, so dictionary attacks cannot be told from "
                  "mail: list the addresses that there are"));
    table_default(ld->table, domain, &all, ld->source);
}

static void take_entry(struct file *f, const struct lsearch_entry *e, bool redirects)
{
    struct str local, name;
    uint32_t domain = key_split(f, e->key, &local, &name);
    if (!redirects && (e->value.n == 0 || e->value.p[0] != ':'))
        take_key(f, e->key);
    else if (domain != TABLE_NONE && e->key.n > 0)
        load_alias(f->ld, e, domain, name, true);
}

static void list_read(struct file *f, struct str text)
{
    struct str line;
    while (load_line(&text, &line))
        take_key(f, line);
}

static void lsearch_read(struct file *f, struct str text, bool redirects)
{
    struct lsearch l;
    struct lsearch_entry e;
    lsearch_init(&l, text, &f->ld->entry);
    while (lsearch_next(&l, &e))
        take_entry(f, &e, redirects);
}

static void domains_read(struct file *f, struct str text)
{
    struct str line;
    while (load_line(&text, &line)) {
        size_t n = 0;
        while (n < line.n && line.p[n] != ':' && !ascii_space(line.p[n]))
            n++;
        table_domain(f->ld->table, str_head(line, n), DOMAIN_LOCAL);
    }
}

static struct str without_nul(struct str s)
{
    while (s.n > 0 && s.p[s.n - 1] == '\0')
        s.n--;
    return s;
}

static int cdb_read(struct file *f, struct str bytes)
{
    struct cdb c;
    struct lsearch_entry e = { .line = 0 };
    int rc = cdb_init(&c, bytes);
    while (rc == 0 && (rc = cdb_next(&c, &e.key, &e.value)) > 0) {
        e.key = without_nul(e.key);
        e.value = without_nul(e.value);
        take_entry(f, &e, false);
        rc = 0;
        if (f->ld->stop != NULL && atomic_load(f->ld->stop))
            break;
    }
    return rc;
}

static int bytes_read(struct file *f, struct str text)
{
    switch (f->conf->format) {
    case RECIPIENTS_LIST:
        list_read(f, text);
        break;
    case RECIPIENTS_LSEARCH:
        lsearch_read(f, text, false);
        break;
    case RECIPIENTS_ALIASES:
        lsearch_read(f, text, true);
        break;
    case RECIPIENTS_PASSWD:
        load_passwd(f->ld, text, f->domain);
        break;
    case RECIPIENTS_DOMAINS:
        domains_read(f, text);
        break;
    case RECIPIENTS_CDB:
        return cdb_read(f, text);
    }
    return 0;
}

/* What a file that is missing or broken leaves unsure. */
static void file_unsure(struct file *f)
{
    if (f->conf->format == RECIPIENTS_DOMAINS)
        table_domains_unsure(f->ld->table);
    else if (f->conf->domain != NULL)
        table_domain_set(f->ld->table, f->domain, DOMAIN_BROKEN);
    else
        table_addresses_unsure(f->ld->table);
}

static void file_read(struct file *f)
{
    struct load *ld = f->ld;
    struct str text;
    bool domains = f->conf->format == RECIPIENTS_DOMAINS;
    int rc = load_file(ld, f->conf->path, TABLE_NONE, &text);
    if (rc == 0) {
        ld->source = table_source(ld->table, str_c(f->conf->path));
        ld->out->broken++;
        load_note(ld, LOG_LEVEL_WARNING, "table-missing", f->name, STR("no such file"));
    }
    if (rc > 0 && bytes_read(f, text) != 0) {
        ld->out->broken++;
        load_note(ld, LOG_LEVEL_WARNING, "table-unreadable", f->name,
                  STR("this is no constant database, or it is damaged"));
        rc = -1;
    }
    if (rc <= 0)
        file_unsure(f);
    else if (!domains)
        table_domain_set(ld->table, f->domain, DOMAIN_KNOWN | DOMAIN_PLUS);
}

void tables_files_read(struct load *ld)
{
    for (size_t i = 0; i < ld->o->file_count; i++) {
        struct file f = { .ld = ld, .conf = &ld->o->files[i], .domain = TABLE_HOST };
        if (f.conf->domain != NULL) {
            f.name = str_c(f.conf->domain);
            f.domain = table_domain(ld->table, f.name, DOMAIN_LOCAL);
        }
        if (f.domain != TABLE_NONE)
            file_read(&f);
    }
}
