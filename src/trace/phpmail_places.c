/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phpmail_places - where PHP writes its log of mail()
 *
 * Every place that can hold the setting `mail.log` is read, whichever PHP the
 * script ran under: a log that is looked at for nothing costs little, and one
 * that is missed costs the name of the script. The customer's own files
 * (.user.ini, .htaccess) count only for logs in that customer's home, or they
 * could have us read any file of the server.
 *
 * The server's own files say the same for every message, so what they say is
 * remembered as they say it; what it means depends on the message.
 */
#include "trace/phpmail_internal.h"

#include <stdlib.h>

#include "base/must.h"

#define MEMORY_BYTES ((size_t)8 << 20)
#define INI_MAX ((size_t)1 << 20)     /* of one ini file; SITES_FILE_MAX for Apache's */
#define PARENTS_MAX 16                /* folders above the script that are looked into */

/* ini files and pools, and below them Apache's beginnings. `*` as in a shell. */
static const char *const ini_places[] = {
    "/etc/php/*/*/php.ini",                       /* Debian, Hestia */
    "/etc/php/*/*/conf.d/*.ini",
    "/etc/php/*/fpm/pool.d/*.conf",
    "/etc/php.ini",                               /* RHEL */
    "/etc/php.d/*.ini",
    "/etc/php-fpm.conf",
    "/etc/php-fpm.d/*.conf",
    "/etc/opt/remi/php*/php.ini",
    "/etc/opt/remi/php*/php.d/*.ini",
    "/etc/opt/remi/php*/php-fpm.d/*.conf",
    "/usr/local/lib/php.ini",                     /* built by hand */
    "/usr/local/php*/lib/php.ini",                /* DirectAdmin */
    "/usr/local/php*/lib/php.conf.d/*.ini",
    "/usr/local/php*/etc/php-fpm.d/*.conf",
    "/usr/local/php*/etc/php-fpm.conf",
    "/usr/local/directadmin/data/users/*/php/*.conf",
    "/opt/cpanel/ea-php*/root/etc/php.ini",       /* cPanel */
    "/opt/cpanel/ea-php*/root/etc/php.d/*.ini",
    "/opt/cpanel/ea-php*/root/etc/php-fpm.d/*.conf",
    "/opt/alt/php*/etc/php.ini",                  /* CloudLinux */
    "/opt/alt/php*/etc/php.d/*.ini",
    "/opt/plesk/php/*/etc/php.ini",               /* Plesk */
    "/opt/plesk/php/*/etc/php.d/*.ini",
    "/opt/plesk/php/*/etc/php-fpm.d/*.conf",
    "/usr/local/lsws/lsphp*/etc/php.ini",         /* LiteSpeed */
    "/usr/local/lsws/lsphp*/etc/php/*/litespeed/php.ini",
    "/usr/local/etc/php.ini",                     /* FreeBSD */
    "/usr/local/etc/php/*.ini",
    "/usr/local/etc/php-fpm.d/*.conf",
};

static const struct {
    const char *server_root, *pattern;
} apache_places[] = {
    { "/etc/apache2", "apache2.conf" },           /* Debian */
    { "/etc/apache2", "conf/httpd.conf" },        /* cPanel */
    { "/etc/apache2", "httpd.conf" },             /* SUSE */
    { "/etc/httpd", "conf/httpd.conf" },
    { "/usr/local/apache", "conf/httpd.conf" },
    { "/usr/local/apache2", "conf/httpd.conf" },
    { "/usr/local", "etc/apache24/httpd.conf" },  /* FreeBSD */
};

/* Where it is without any setting that we can see. */
static const char *const known_places[] = {
    "/var/log/php-mail.log", "/var/log/php_mail.log", "/var/log/phpmail.log",
    "/var/log/php/mail.log",
};

struct phpmail_memory *phpmail_memory_new(void)
{
    struct phpmail_memory *m = must_alloc(sizeof *m);
    m->arena = arena_new(MEMORY_BYTES);
    return m;
}

void phpmail_memory_free(struct phpmail_memory **m)
{
    if (*m == NULL)
        return;
    arena_free(&(*m)->arena);
    free(*m);
    *m = NULL;
}

static bool within(struct str path, struct str top)
{
    return top.n > 1 && path.n > top.n && str_starts(path, top) && path.p[top.n] == '/';
}

/* The home that a path is in: the first two names of a path like /home/USER/..., or empty. */
static struct str home_of(struct str path)
{
    struct str account = sites_account(path);
    return account.n == 0 ? STR("") : str_head(path, (size_t)(account.p + account.n - path.p));
}

static void log_add(struct phpmail_places *p, struct str path)
{
    if (str_empty(path))
        return;                              /* too long to be put together */
    struct str account = sites_account(path);
    bool home = account.n > 0 || (p->account.n > 0 && within(path, sites_home(p->s, p->account)));
    if (account.n > 0 && p->account.n > 0 && !str_eq(account, p->account))
        return;                              /* of another customer */
    for (size_t i = 0; i < p->n; i++) {
        if (str_eq(p->v[i].path, path))
            return;
    }
    if (p->n == PHPMAIL_LOGS_MAX) {
        p->left_out++;
        return;
    }
    struct str copy = arena_str(p->s->arena, path);
    if (copy.n > 0)
        p->v[p->n++] = (struct phpmail_log){ copy, home };
}

/* One file that is read. */
struct reading {
    struct phpmail_places *p;
    struct str pool;                         /* section of an FPM file: its name is $pool */
    bool customers;                          /* the customer wrote the setting */
};

/* `value` with $pool filled in, and made absolute as PHP would: from the script's folder. */
static struct str value_path(struct reading *r, struct str value)
{
    size_t pool = str_find(value, STR("$pool"));
    if (pool != STR_NONE && r->pool.n > 0)
        value = sites_path(r->p->s, "%.*s%.*s%.*s", STR_ARG(str_head(value, pool)),
                           STR_ARG(r->pool), STR_ARG(str_skip(value, pool + 5)));
    if (value.n == 0 || str_find_c(value, '$') != STR_NONE ||
        str_find_c(value, '\0') != STR_NONE || str_find(value, STR("/../")) != STR_NONE)
        return STR("");
    if (value.p[0] == '/')
        return value;
    return r->p->dir.n == 0 ? STR("")
                            : sites_path(r->p->s, "%.*s/%.*s", STR_ARG(r->p->dir), STR_ARG(value));
}

static void setting_use(struct reading *r, struct str value)
{
    value = str_trim(value);
    if (value.n > 0 && (value.p[0] == '"' || value.p[0] == '\'')) {
        char quote = value.p[0];
        value = str_skip(value, 1);
        value = str_cut(&value, quote);
    } else {
        value = str_trim(str_cut(&value, ';'));
    }
    if (str_eq(value, STR("syslog"))) {
        r->p->syslog = true;
        return;
    }
    struct str path = value_path(r, value), home = home_of(r->p->dir);
    if (path.n == 0 || (r->customers && !within(path, home)))
        return;
    log_add(r->p, path);
}

/* The customer's count now, for this message; the server's are remembered. */
static void setting_take(struct reading *r, struct str value)
{
    struct phpmail_memory *m = r->p->memory;
    if (r->customers) {
        setting_use(r, value);
        return;
    }
    struct phpmail_setting *new = arena_alloc(m->arena, sizeof *new);
    if (new == NULL)
        return;                              /* said at the end of reading */
    new->value = arena_str(m->arena, value);
    new->pool = arena_str(m->arena, r->pool);
    if (m->last == NULL)
        m->first = new;
    else
        m->last->next = new;
    m->last = new;
}

static bool is_mail_log(struct str key)
{
    return str_eq(key, STR("mail.log")) || str_eq(key, STR("php_admin_value[mail.log]")) ||
           str_eq(key, STR("php_value[mail.log]"));
}

static bool is_apache_value(struct str name)
{
    return str_eq_nocase(name, STR("php_admin_value")) || str_eq_nocase(name, STR("php_value"));
}

/* php_admin_value NAME VALUE, of Apache and .htaccess. */
static void apache_take(struct reading *r, struct str name, struct str args)
{
    if (!is_apache_value(name) || !str_eq(apacheconf_word(&args), STR("mail.log")))
        return;
    setting_take(r, apacheconf_word(&args));
}

/* The lines of an ini file, a pool, or .htaccess. */
static void ini_text(struct reading *r, struct str text)
{
    struct str line;
    while (str_line(&text, &line)) {
        line = str_trim(line);
        if (str_eat(&line, STR("["))) {
            r->pool = str_cut(&line, ']');
            continue;
        }
        if (str_find(line, STR("mail.log")) == STR_NONE || line.p[0] == ';' || line.p[0] == '#')
            continue;
        struct str rest = line;
        if (is_mail_log(str_trim(str_cut(&rest, '='))))
            setting_take(r, rest);
        rest = line;
        struct str name = str_word(&rest);
        apache_take(r, name, rest);
    }
}

static void ini_file(void *ctx, struct str path, int fd)
{
    struct reading r = { .p = ctx, .pool = STR("") };
    struct buf text;
    buf_init(&text, INI_MAX);
    if (sites_read_fd(r.p->s, path, fd, &text) == 0)
        ini_text(&r, buf_str(&text));
    buf_fini(&text);
}

/* What the customer says in the script's folder and above it, up to the home. */
static void customer_files(struct phpmail_places *p)
{
    static const char *const names[] = { ".user.ini", "php.ini", ".htaccess" };
    struct str dir = p->dir, home = home_of(dir);
    struct buf text;
    buf_init(&text, INI_MAX);
    for (unsigned i = 0; i < PARENTS_MAX && home.n > 0 && dir.n >= home.n; i++) {
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
            struct reading r = { .p = p, .pool = STR(""), .customers = true };
            struct str path = sites_path(p->s, "%.*s/%s", STR_ARG(dir), names[k]);
            if (sites_read_customers(p->s, path, &text) == 0)
                ini_text(&r, buf_str(&text));
        }
        dir = str_head(dir, str_rfind_c(dir, '/'));
    }
    buf_fini(&text);
}

static void apache_directive(void *ctx, struct str name, struct str args)
{
    apache_take(ctx, name, args);
}

static void apache_files(struct phpmail_places *p)
{
    for (size_t i = 0; i < sizeof apache_places / sizeof apache_places[0]; i++) {
        struct reading r = { .p = p, .pool = STR("") };
        struct apacheconf conf;
        apacheconf_init(&conf, p->s, str_c(apache_places[i].server_root));
        apacheconf_define(&conf, STR("APACHE_LOG_DIR"), STR("/var/log/apache2"));
        conf.fn = apache_directive;
        conf.ctx = &r;
        apacheconf_include(&conf, str_c(apache_places[i].pattern));
        if (i == 0 && conf.files == 0) {     /* only a part of /etc was copied */
            apacheconf_include(&conf, STR("conf-enabled/*.conf"));
            apacheconf_include(&conf, STR("sites-enabled/*"));
        }
        apacheconf_fini(&conf);
    }
}

static void account_places(struct phpmail_places *p)
{
    struct str home = home_of(p->dir);
    if (home.n > 0)
        log_add(p, sites_path(p->s, "%.*s/.php/php-mail.log", STR_ARG(home)));
    if (!sites_plain_name(p->account))
        return;
    log_add(p, sites_path(p->s, "%.*s/.php/php-mail.log", STR_ARG(sites_home(p->s, p->account))));
    log_add(p, sites_path(p->s, "/home/%.*s/.php/php-mail.log", STR_ARG(p->account)));
    log_add(p, sites_path(p->s, "/home2/%.*s/.php/php-mail.log", STR_ARG(p->account)));
}

static void server_files(struct phpmail_places *p)
{
    struct sites_globs cost = { .full = false };
    for (size_t i = 0; i < sizeof ini_places / sizeof ini_places[0]; i++)
        sites_glob(p->s, str_c(ini_places[i]), &cost, ini_file, p);
    apache_files(p);
    if (arena_full(p->memory->arena))
        sites_problem_add(p->s, "too many settings of PHP's mail.log: some were left out");
    p->memory->read = true;
}

void phpmail_places_find(struct phpmail_places *p, struct sites *s, const struct phpmail_query *q)
{
    struct phpmail_memory *own = q->memory == NULL ? phpmail_memory_new() : NULL;
    *p = (struct phpmail_places){ .s = s, .account = q->account, .dir = q->dir,
                                  .memory = own != NULL ? own : q->memory };
    if (p->account.n == 0)
        p->account = sites_account(q->dir);
    account_places(p);
    for (size_t i = 0; i < sizeof known_places / sizeof known_places[0]; i++)
        log_add(p, str_c(known_places[i]));
    customer_files(p);
    if (!p->memory->read)
        server_files(p);
    for (const struct phpmail_setting *t = p->memory->first; t != NULL; t = t->next) {
        struct reading r = { .p = p, .pool = t->pool };
        setting_use(&r, t->value);
    }
    phpmail_memory_free(&own);
    p->memory = NULL;
}
