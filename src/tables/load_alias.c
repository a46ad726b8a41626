/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_alias - alias files, passwd files and the host's own users into the table
 *
 * What an alias says is worked out here, once, so that a question costs a few
 * reads of memory. Customers write these files: a key for somebody else's domain
 * is passed over, and an :include: is opened only for files that root wrote. Defaults
 * that take everything are named to the administrator, for they are why a
 * server drowns: whoever guesses an address is right.
 */
#include "tables/load.h"

#define FAULT_MAX 256u           /* bytes that are told of a line that is wrong */

static bool include_read(struct aliases_verdict *v, struct str path, void *ctx)
{
    struct load *ld = ctx;
    char name[ALIASES_PATH_MAX + 1];
    struct buf bytes;
    bool root_owned;
    if (!ld->root_owned) {
        v->children += 2;        /* it would be read with our rights: let it count as a list */
        return true;
    }
    if (str_copy(path, name, sizeof name) != 0)
        return false;
    buf_init(&bytes, LOAD_INCLUDE_MAX);
    load_watch(ld, name);
    bool ok = rootfs_read(ld->tree, path, &bytes, &root_owned, NULL) == ROOTFS_OK;
    ld->root_owned = ok && root_owned;
    if (ok)
        aliases_add(v, buf_str(&bytes));
    ld->root_owned = true;
    /* the only texts that outlive the bytes are those of specials: keep them in ld->include, where
     * that of a file included in turn is already */
    if (ok && (v->says == ALIASES_REFUSES || v->says == ALIASES_DEFERS) &&
        v->text.p != ld->include.p) {
        buf_reset(&ld->include);
        buf_add(&ld->include, v->text);
        v->text = buf_str(&ld->include);
    }
    buf_fini(&bytes);
    return ok;
}

/* A customer may write a million lines that are wrong: not all of them shall reach the log. */
static bool note_due(struct load *ld)
{
    if (ld->root_owned)
        return true;
    if (ld->noted_source != ld->source)
        ld->noted = 0;
    ld->noted_source = ld->source;
    return ld->noted++ < LOAD_CUSTOMER_NOTES;
}

static void note_default(struct load *ld, const struct aliases_verdict *says, struct str name)
{
    if (says->says == ALIASES_TAKES || says->says == ALIASES_CHILD)
        load_note(ld, LOG_LEVEL_WARNING, "catch-all", name,
                  STR("every address of the domain is taken, so dictionary attacks cannot be told "
                      "from mail: set the default address to :fail:"));
    else if (says->says == ALIASES_DISCARDS)
        load_note(ld, LOG_LEVEL_WARNING, "blackhole-default", name,
                  STR("mail for unknown addresses is taken in full and thrown away: :fail: refuses "
                      "it before its body is sent, and tells the sender"));
}

static void note_faulty(struct load *ld, const struct aliases_verdict *says, struct str key,
                        struct str name)
{
    struct buf b;
    buf_init(&b, FAULT_MAX);
    buf_addf(&b, "%s: %.*s", says->fault == NULL ? "not understood" : says->fault,
             STR_ARG(str_head(key, 100)));
    load_note(ld, LOG_LEVEL_WARNING, "alias-faulty", name, buf_str(&b));
    buf_fini(&b);
}

/* The local part of a key, or false if it is not one of this domain. */
static bool key_local(struct str key, struct str name, struct str *local_out)
{
    size_t at = str_rfind_c(key, '@');
    *local_out = str_head(key, at);
    if (at == STR_NONE)
        return key.n > 0;
    struct str domain = str_skip(key, at + 1);
    return at > 0 && !str_empty(name) && str_eq_nocase(domain, name);
}

void load_alias(struct load *ld, const struct lsearch_entry *e, uint32_t domain, struct str name,
                bool defaults)
{
    struct aliases_verdict says;
    struct str local;
    if (!key_local(e->key, name, &local))
        return;
    aliases_verify(e->value, include_read, ld, &says);
    if (says.says == ALIASES_FAULTY && note_due(ld))
        note_faulty(ld, &says, e->key, name);
    if (!str_eq(local, STR("*"))) {
        table_alias(ld->table, local, domain, &says, ld->source);
        return;
    }
    if (!defaults)
        return;
    if (note_due(ld))
        note_default(ld, &says, name);
    table_default(ld->table, domain, &says, ld->source);
}

void load_aliases(struct load *ld, struct str text, uint32_t domain, struct str name,
                  bool defaults)
{
    struct lsearch l;
    struct lsearch_entry e;
    lsearch_init(&l, text, &ld->entry);
    while (lsearch_next(&l, &e))
        load_alias(ld, &e, domain, name, defaults);
    table_domain_set(ld->table, domain, DOMAIN_KNOWN);
}

void load_passwd(struct load *ld, struct str text, uint32_t domain)
{
    struct str line;
    while (load_line(&text, &line)) {
        struct str name = str_cut(&line, ':');
        if (name.n > 0 && name.n <= ADDRESS_MAX && name.p[0] != '+' && name.p[0] != '-')
            table_mailbox(ld->table, name, domain, ld->source);
    }
    table_domain_set(ld->table, domain, DOMAIN_KNOWN);
}

/* The first word of a small file, as one more name of the host. */
static void host_name_file(struct load *ld, const char *path, char *name, size_t size)
{
    struct str text;
    name[0] = '\0';
    if (load_customer_file(ld, path, TABLE_NONE, &text) <= 0 || !load_line(&text, &text))
        return;
    if (str_copy(str_word(&text), name, size) != 0 || name[0] == '\0')
        return;
    table_domain_same(ld->table, str_c(name), TABLE_HOST);
}

/* `127.0.1.1 mail.example.com mail`: the long name of a host that calls itself mail. */
static void host_name_aliases(struct load *ld, struct str host)
{
    struct str text, line;
    if (str_empty(host) || load_customer_file(ld, "/etc/hosts", TABLE_NONE, &text) <= 0)
        return;
    while (load_line(&text, &line)) {
        line = str_head(line, str_find_c(line, '#'));
        str_word(&line);
        struct str first = str_word(&line), word = first;
        while (!str_empty(word) && !str_eq_nocase(word, host))
            word = str_word(&line);
        if (!str_empty(word))
            table_domain_same(ld->table, first, TABLE_HOST);
    }
}

void load_host_names(struct load *ld)
{
    char mailname[256], hostname[256];
    table_domain_same(ld->table, STR("localhost"), TABLE_HOST);
    host_name_file(ld, "/etc/mailname", mailname, sizeof mailname);
    host_name_file(ld, "/etc/hostname", hostname, sizeof hostname);
    host_name_aliases(ld, str_c(hostname));
}

/* Users that are not in /etc/passwd (a directory service): then nobody is unknown. */
static void host_services(struct load *ld)
{
    struct str text, line, word;
    if (load_customer_file(ld, "/etc/nsswitch.conf", TABLE_HOST, &text) <= 0)
        return;
    while (load_line(&text, &line)) {
        if (!str_eat(&line, STR("passwd:")))
            continue;
        while (word = str_word(&line), !str_empty(word)) {
            if (word.p[0] == '[' || str_eq(word, STR("files")) || str_eq(word, STR("compat")) ||
                str_eq(word, STR("systemd")) || str_eq(word, STR("db")))
                continue;
            table_domain_set(ld->table, TABLE_HOST, DOMAIN_BROKEN);
            load_note(ld, LOG_LEVEL_NOTICE, "users-elsewhere", STR(""),
                      STR("system users may come from another service than /etc/passwd: none of "
                          "the host's own addresses is called unknown"));
            return;
        }
    }
}

void load_host_users(struct load *ld)
{
    struct str text;
    if (load_file(ld, "/etc/aliases", TABLE_HOST, &text) > 0)
        load_aliases(ld, text, TABLE_HOST, STR(""), false);
    if (load_file(ld, "/etc/passwd", TABLE_HOST, &text) > 0)
        load_passwd(ld, text, TABLE_HOST);
    else
        table_domain_set(ld->table, TABLE_HOST, DOMAIN_BROKEN);
    host_services(ld);
}
