/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_cpanel - the sites of a cPanel server
 *
 * /var/cpanel/userdata/USER holds a YAML file for each domain (and DOMAIN_SSL for
 * its TLS half) and `main` with the list of addon domains. cPanel writes these
 * files itself in one plain style, so a few rules about indentation replace a
 * YAML library: `key: value` at the margin, `- target: value` below `customlog:`.
 * What does not fit is passed over.
 *
 * The requests of DOMAIN are in domlogs/DOMAIN and domlogs/DOMAIN-ssl_log (the
 * -bytes_log is traffic counts, not requests), and of past months in the
 * account's ~/logs/DOMAIN-Mon-YYYY.gz. An addon domain is a subdomain of the
 * main one to Apache, and its log has that name.
 */
#include "trace/sites_internal.h"

#define USERDATA "/var/cpanel/userdata"

struct domain {
    struct str name, docroot, home, account;
};

/* Only the log folders that are there, each once: some are links to others. */
static void folders_find(struct sites *s)
{
    static const char *const known[] = {
        "/usr/local/apache/domlogs", "/etc/apache2/logs/domlogs", "/var/log/apache2/domlogs",
        "/var/log/nginx/domains",
    };
    struct buf real;
    _Static_assert(sizeof known / sizeof known[0] == sizeof s->domlogs / sizeof s->domlogs[0],
                   "a place for each folder");
    s->domlogs_known = true;
    buf_init(&real, ROOTFS_PATH_MAX);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (rootfs_real(&s->fs, str_c(known[i]), ROOTFS_OUR_LINKS, &real) != 0)
            continue;
        bool seen = false;
        for (size_t k = 0; k < s->domlog_count; k++)
            seen |= str_eq(s->domlogs[k], buf_str(&real));
        if (!seen)
            s->domlogs[s->domlog_count++] = arena_str(s->arena, buf_str(&real));
    }
    buf_fini(&real);
}

static struct str unquoted(struct str v)
{
    v = str_trim(v);
    if (v.n >= 2 && (v.p[0] == '\'' || v.p[0] == '"') && v.p[v.n - 1] == v.p[0])
        return str_make(v.p + 1, v.n - 2);
    return v;
}

/* A line in its parts. */
struct yaml_line {
    bool margin;             /* not indented and no list item */
    struct str key, value;   /* key is empty for a list item without `key:` */
};

static bool yaml_read(struct str line, struct yaml_line *out)
{
    struct str text = str_trim(line);
    if (str_empty(text) || text.p[0] == '#' || str_starts(text, STR("---")))
        return false;
    out->margin = text.p == line.p && text.p[0] != '-';
    if (text.p[0] == '-')
        text = str_trim(str_skip(text, 1));
    size_t colon = str_find(text, STR(": "));
    if (colon == STR_NONE && text.n > 0 && text.p[text.n - 1] == ':')
        colon = text.n - 1;
    out->key = colon == STR_NONE ? STR("") : unquoted(str_head(text, colon));
    out->value = unquoted(colon == STR_NONE ? text : str_skip(text, colon + 1));
    return true;
}

/* First pass: what makes the site. */
static void domain_read(struct str text, struct domain *d)
{
    struct str line;
    struct yaml_line y;
    while (str_line(&text, &line)) {
        if (!yaml_read(line, &y) || !y.margin)
            continue;
        if (str_eq(y.key, STR("documentroot")))
            d->docroot = y.value;
        else if (str_eq(y.key, STR("servername")))
            d->name = y.value;
        else if (str_eq(y.key, STR("homedir")))
            d->home = y.value;
        else if (str_eq(y.key, STR("user")))
            d->account = y.value;
    }
}

/* Second pass: names and logs. */
static void domain_details(struct sites *s, struct site_rec *rec, struct str text)
{
    struct str line, section = STR(""), word;
    struct yaml_line y;
    while (str_line(&text, &line)) {
        if (!yaml_read(line, &y))
            continue;
        if (y.margin)
            section = y.key;
        if (str_eq(section, STR("serveralias"))) {
            while (word = str_word(&y.value), !str_empty(word))
                site_add_alias(s, rec, word);
        } else if (str_eq(section, STR("customlog")) && str_eq(y.key, STR("target")) &&
                   !str_ends(y.value, STR("-bytes_log"))) {
            site_add_log(s, rec, y.value);
        }
    }
}

static struct str join(struct buf *b, struct str x, const char *middle, struct str y)
{
    buf_reset(b);
    buf_add(b, x);
    buf_add(b, str_c(middle));
    buf_add(b, y);
    return buf_bad(b) ? STR("") : buf_str(b);
}

/* There may be ten thousand domains: nothing is put into the table that is there. */
static void domain_logs(struct sites *s, struct site_rec *rec, struct str name, struct str home)
{
    struct buf path, base;
    buf_init(&path, ROOTFS_PATH_MAX);
    buf_init(&base, ROOTFS_PATH_MAX);
    if (!s->domlogs_known)
        folders_find(s);
    for (size_t i = 0; i < s->domlog_count; i++) {
        site_add_log(s, rec, join(&path, s->domlogs[i], "/", name));
        buf_add(&path, STR("-ssl_log"));
        site_add_log(s, rec, buf_str(&path));
    }
    join(&path, home, "/logs", STR(""));
    site_add_monthly(s, rec, buf_str(&path), join(&base, name, "-", STR("")));
    site_add_monthly(s, rec, buf_str(&path), join(&base, name, "-ssl_log-", STR("")));
    buf_fini(&path);
    buf_fini(&base);
}

void sites_cpanel_text(struct sites *s, struct str text, struct str user, struct str file_name)
{
    struct str log_name = file_name;
    if (str_ends(log_name, STR("_SSL")))
        log_name.n -= 4;
    struct domain d = { .name = log_name, .docroot = STR(""), .home = STR(""), .account = user };
    domain_read(text, &d);
    struct site_rec *rec = site_add(s, &(struct site_def){ .panel = "cpanel", .name = d.name,
                                         .account = d.account, .docroot = d.docroot,
                                         .prefix = STR("") });
    if (rec == NULL)
        return;
    domain_details(s, rec, text);
    domain_logs(s, rec, log_name, d.home.n > 1 ? d.home : sites_home(s, user));
}

static struct site_rec *rec_by_name(struct sites *s, struct str name)
{
    for (size_t i = s->n; i-- > 0;) { /* the account's own are the last added */
        if (str_eq_nocase(s->v[i]->site.name, name))
            return s->v[i];
    }
    return NULL;
}

/* `main`: which subdomain an addon domain is served as. */
static void addons_read(struct sites *s, struct str text)
{
    struct str line, section = STR("");
    struct yaml_line y;
    while (str_line(&text, &line)) {
        if (!yaml_read(line, &y))
            continue;
        if (y.margin)
            section = y.key;
        else if (str_eq(section, STR("addon_domains")) && !str_empty(y.key) &&
                 !str_empty(y.value))
            site_add_alias(s, rec_by_name(s, y.value), y.key);
    }
}

/* userdata/USER also holds caches, databases and settings of PHP. */
static bool is_domain_file(struct str name)
{
    static const char *const others[] = { ".cache", ".lock", ".db", ".yaml", ".bak", ".json",
                                          ".transfer", ".stor", "~" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (str_ends(name, str_c(others[i])))
            return false;
    }
    bool wildcard = str_starts(name, STR("_wildcard_."));
    return (wildcard || sites_plain_name(name)) && str_find_c(name, '.') != STR_NONE;
}

static bool user_read(struct sites *s, struct str user)
{
    struct names names;
    struct buf text, path;
    struct str folder = sites_path(s, USERDATA "/%.*s", STR_ARG(user));
    if (!sites_plain_name(user) || sites_list(s, folder, ROOTFS_OUR_LINKS, &names) != 0)
        return false;
    buf_init(&text, SITES_FILE_MAX);
    buf_init(&path, ROOTFS_PATH_MAX);
    for (size_t i = 0; i < names.n; i++) {
        if (is_domain_file(names.v[i]) &&
            sites_read(s, join(&path, folder, "/", names.v[i]), ROOTFS_OUR_LINKS, &text) == 0)
            sites_cpanel_text(s, buf_str(&text), user, names.v[i]);
    }
    if (sites_read(s, join(&path, folder, "/", STR("main")), ROOTFS_OUR_LINKS, &text) == 0)
        addons_read(s, buf_str(&text));
    buf_fini(&text);
    buf_fini(&path);
    names_fini(&names);
    return true;
}

bool sites_cpanel(struct sites *s, struct str user)
{
    struct names users;
    if (!str_empty(user))
        return user_read(s, user);
    if (sites_list(s, STR(USERDATA), ROOTFS_OUR_LINKS, &users) != 0)
        return false;
    for (size_t i = 0; i < users.n; i++) {
        if (!sites_shared_user(users.v[i]))
            user_read(s, users.v[i]);
    }
    names_fini(&users);
    return true;
}
