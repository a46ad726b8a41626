/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_apache - the sites of an Apache by its own configuration
 *
 * All of it is read first, because the logs of the main server, which a virtual
 * host without a CustomLog of its own writes to, may be named behind the hosts
 * (Debian's other_vhosts_access.log). Logs through a pipe cannot be read and
 * are left out.
 */
#include <stdlib.h>

#include "base/must.h"
#include "trace/sites_internal.h"

#define ARENA_BYTES ((size_t)16 << 20)
#define MOUNTS_MAX 2000      /* of the main server, times virtual hosts */

#define ITEMS_MAX 4096       /* of one kind in one virtual host */

/* A list of strings, or of pairs. */
struct item {
    struct item *next;
    struct str a, b;
};

struct items {
    struct item *first, *last;
    size_t n;
};

struct vhost {
    struct vhost *next;
    struct str name, docroot, account;
    struct items aliases, logs;
    struct items mounts;     /* a: URL prefix, b: folder */
};

struct apache {
    struct sites *s;
    struct apacheconf conf;
    struct arena *arena;
    const char *panel;
    struct str account;
    struct vhost main;
    struct vhost *first, **last;
    struct vhost *now;       /* that directives speak of: &main outside of virtual hosts */
    size_t vhosts;
};

static void item_add(struct apache *a, struct items *list, struct str x, struct str y)
{
    struct item *item = NULL;
    if (list->n < ITEMS_MAX && !str_empty(x))
        item = arena_alloc(a->arena, sizeof *item);
    if (item == NULL)
        return;
    item->a = arena_str(a->arena, x);
    item->b = arena_str(a->arena, y);
    if (list->last == NULL)
        list->first = item;
    else
        list->last->next = item;
    list->last = item;
    list->n++;
}

/* `name:port` or a bare name; a scheme in front is allowed by Apache. */
static struct str host_only(struct str name)
{
    size_t at = str_find(name, STR("://"));
    if (at != STR_NONE)
        name = str_skip(name, at + 3);
    return str_cut(&name, ':');
}

static void on_vhost_begin(struct apache *a, struct str args)
{
    (void)args;
    struct vhost *v = arena_alloc(a->arena, sizeof *v);
    if (v == NULL)
        return;
    v->name = v->docroot = v->account = STR("");
    *a->last = v;
    a->last = &v->next;
    a->now = v;
    a->vhosts++;
}

static void on_vhost_end(struct apache *a, struct str args)
{
    (void)args;
    a->now = &a->main;
}

static void on_name(struct apache *a, struct str args)
{
    a->now->name = arena_str(a->arena, host_only(apacheconf_word(&args)));
}

static void on_alias_names(struct apache *a, struct str args)
{
    struct str word;
    while (word = apacheconf_word(&args), !str_empty(word))
        item_add(a, &a->now->aliases, host_only(word), STR(""));
}

static void on_docroot(struct apache *a, struct str args)
{
    struct str path = apacheconf_path(&a->conf, apacheconf_word(&args));
    a->now->docroot = arena_str(a->arena, path);
}

static void on_mount(struct apache *a, struct str args)
{
    struct str prefix = apacheconf_word(&args);
    struct str folder = apacheconf_path(&a->conf, apacheconf_word(&args));
    if (prefix.n > 0 && prefix.p[0] == '/' && folder.n > 0)
        item_add(a, &a->now->mounts, prefix, folder);
}

static void on_log(struct apache *a, struct str args)
{
    struct str path = apacheconf_word(&args);
    if (str_empty(path) || path.p[0] == '|' || str_starts(path, STR("syslog")) ||
        str_ends(path, STR("-bytes_log")) || str_ends(path, STR(".bytes")) ||
        str_eq(path, STR("/dev/null")))
        return;
    item_add(a, &a->now->logs, apacheconf_path(&a->conf, path), STR(""));
}

static void on_user(struct apache *a, struct str args)
{
    a->now->account = arena_str(a->arena, apacheconf_word(&args));
}

static const struct {
    const char *name;
    void (*act)(struct apache *a, struct str args);
} directives[] = {
    { "<VirtualHost", on_vhost_begin },
    { "</VirtualHost", on_vhost_end },
    { "ServerName", on_name },
    { "ServerAlias", on_alias_names },
    { "DocumentRoot", on_docroot },
    { "Alias", on_mount },
    { "ScriptAlias", on_mount },
    { "CustomLog", on_log },
    { "TransferLog", on_log },
    { "GlobalLog", on_log },
    { "SuexecUserGroup", on_user },
    { "AssignUserID", on_user },
    { "RUidGid", on_user },
};

static void on_directive(void *ctx, struct str name, struct str args)
{
    struct apache *a = ctx;
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++) {
        if (str_eq_nocase(name, str_c(directives[i].name))) {
            directives[i].act(a, args);
            return;
        }
    }
}

/* A site for `docroot` at `prefix` of the virtual host, with its names and logs. */
static void emit(struct apache *a, const struct vhost *v, struct str docroot, struct str prefix)
{
    struct str account = a->account;
    if (str_empty(account))
        account = !str_empty(v->account) ? v->account : sites_account(docroot);
    struct site_rec *rec = site_add(a->s, &(struct site_def){ .panel = a->panel, .name = v->name,
                                            .account = account, .docroot = docroot,
                                            .prefix = prefix });
    if (rec == NULL)
        return;
    for (const struct item *i = v->aliases.first; i != NULL; i = i->next)
        site_add_alias(a->s, rec, i->a);
    bool own = v->logs.n > 0;
    for (const struct item *i = own ? v->logs.first : a->main.logs.first; i != NULL; i = i->next)
        site_add_log(a->s, rec, i->a);
    rec->site.shared_log |= !own || v == &a->main;
}

/* Virtual hosts that name one and the same log share it. */
static void mark_shared(struct sites *s, size_t from)
{
    struct intern *paths = intern_new(s->key, SITES_MAX, (size_t)16 << 20);
    size_t logs = 1;
    for (size_t i = from; i < s->n; i++) {
        for (const struct site_log *log = s->v[i]->logs; log != NULL; log = log->next)
            logs++;
    }
    size_t *owner = must_array(logs, sizeof *owner);
    for (size_t i = from; i < s->n; i++) {
        for (const struct site_log *log = s->v[i]->logs; log != NULL; log = log->next) {
            uint32_t known = intern_count(paths), number = intern_add(paths, log->path);
            if (number == INTERN_NONE)
                continue;
            if (number == known)
                owner[number] = i;
            struct site *first = &s->v[owner[number]]->site, *here = &s->v[i]->site;
            if (!str_eq_nocase(first->name, here->name))
                first->shared_log = here->shared_log = true;
        }
    }
    free(owner);
    intern_free(&paths);
}

static void emit_all(struct apache *a)
{
    size_t from = a->s->n;
    bool spread = a->main.mounts.n * a->vhosts <= MOUNTS_MAX;
    *a->last = &a->main; /* the main server is the last host */
    for (const struct vhost *v = a->first; v != NULL; v = v->next) {
        struct str docroot = str_empty(v->docroot) ? a->main.docroot : v->docroot;
        emit(a, v, docroot, STR("/"));
        for (const struct item *m = v->mounts.first; m != NULL; m = m->next)
            emit(a, v, m->b, m->a);
        if (v == &a->main || !spread)
            continue;
        for (const struct item *m = a->main.mounts.first; m != NULL; m = m->next)
            emit(a, v, m->b, m->a);
    }
    mark_shared(a->s, from);
}

static void apache_begin(struct apache *a, struct sites *s, struct str server_root)
{
    *a = (struct apache){ .s = s, .panel = "apache", .account = STR("") };
    a->arena = arena_new(ARENA_BYTES);
    a->main.name = a->main.docroot = a->main.account = STR("");
    a->last = &a->first;
    a->now = &a->main;
    apacheconf_init(&a->conf, s, server_root);
    a->conf.fn = on_directive;
    a->conf.ctx = a;
}

static void apache_end(struct apache *a)
{
    emit_all(a);
    if (arena_full(a->arena) || arena_full(a->conf.arena))
        sites_problem_add(a->s, "the configuration of Apache is too large: sites were left out");
    apacheconf_fini(&a->conf);
    arena_free(&a->arena);
}

/* Debian's envvars: a shell file of `export NAME=value`, with $SUFFIX empty for the
 * one instance that most servers have. */
static void envvars_read(struct apache *a, struct str path)
{
    struct buf text;
    struct str rest, line;
    apacheconf_define(&a->conf, STR("APACHE_LOG_DIR"), STR("/var/log/apache2"));
    buf_init(&text, SITES_FILE_MAX);
    sites_read(a->s, path, ROOTFS_OUR_LINKS, &text);
    rest = buf_str(&text);
    while (str_line(&rest, &line)) {
        line = str_trim(line);
        if (!str_eat(&line, STR("export ")))
            continue;
        struct str value = str_trim(line), name = str_cut(&value, '=');
        value = apacheconf_word(&value);
        size_t suffix = str_find(value, STR("$SUFFIX"));
        if (suffix != STR_NONE && suffix + 7 == value.n)
            value.n -= 7;
        if (str_find_c(value, '$') == STR_NONE && str_find_c(value, '`') == STR_NONE)
            apacheconf_define(&a->conf, name, value);
    }
    buf_fini(&text);
}

void sites_apache_text(struct sites *s, struct str text)
{
    struct apache a;
    apache_begin(&a, s, STR("/etc/apache2"));
    apacheconf_define(&a.conf, STR("APACHE_LOG_DIR"), STR("/var/log/apache2"));
    apacheconf_text(&a.conf, text);
    apache_end(&a);
}

void sites_apache_file(struct sites *s, struct str path, const char *panel, struct str account)
{
    struct apache a;
    apache_begin(&a, s, STR("/etc/httpd"));
    a.panel = panel;
    a.account = account;
    apacheconf_include(&a.conf, path);
    apache_end(&a);
}

void sites_apache(struct sites *s)
{
    static const struct {
        const char *conf, *server_root;
    } places[] = {
        { "/etc/httpd/conf/httpd.conf", "/etc/httpd" },
        { "/etc/apache2/conf/httpd.conf", "/etc/apache2" },       /* cPanel, EasyApache 4 */
        { "/usr/local/apache/conf/httpd.conf", "/usr/local/apache" },
        { "/etc/apache2/httpd.conf", "/etc/apache2" },            /* SUSE */
        { "/usr/local/etc/apache24/httpd.conf", "/usr/local" },   /* FreeBSD */
        { "/usr/local/apache2/conf/httpd.conf", "/usr/local/apache2" },
    };
    struct apache a;
    apache_begin(&a, s, STR("/etc/apache2")); /* Debian */
    envvars_read(&a, STR("/etc/apache2/envvars"));
    apacheconf_include(&a.conf, STR("apache2.conf"));
    if (a.conf.files == 0) { /* only a part of /etc was copied */
        apacheconf_include(&a.conf, STR("conf-enabled/*.conf"));
        apacheconf_include(&a.conf, STR("sites-enabled/*"));
    }
    apache_end(&a);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        apache_begin(&a, s, str_c(places[i].server_root));
        apacheconf_include(&a.conf, str_c(places[i].conf));
        apache_end(&a);
    }
}
