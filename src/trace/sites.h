/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites - which web site a directory belongs to, and where its access logs are
 *
 * Knows cPanel, DirectAdmin, Hestia/Vesta, Plesk, and Apache's and nginx's own
 * configuration (Debian, RHEL), and what the administrator says (--docroot
 * DIR=LOG). Every path can be under a root, so that a copied server can be
 * examined elsewhere; links inside it are followed inside it. Reads only; what
 * is missing or broken is passed over. Documents of the panels are data of
 * ours, but customers own some of them: bounded in size, number and depth, and
 * a customer's link is never followed to read what it points at.
 */
#ifndef POSTERN_TRACE_SITES_H
#define POSTERN_TRACE_SITES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

#define SITES_MAX 100000
#define SITE_LOGS_MAX 64
#define SITE_ALIASES_MAX 256

struct site {
    struct str name;         /* forum.example.com; empty for a --docroot or a main server */
    struct str account;      /* the panel's user, or empty */
    struct str docroot;      /* as the configuration says, without the root prefix */
    struct str real;         /* the same without symbolic links; docroot where it is gone */
    struct str prefix;       /* URL path at which docroot is mounted: "/" or of an Alias */
    const struct str *aliases; /* further names; may hold patterns (*.example.com) */
    size_t alias_count;
    const char *const *logs; /* access logs (current first, then the newest), real paths with
                                the root prefix: to be opened by sites_open_log() */
    size_t log_count;
    bool shared_log;         /* the log may hold several sites (other_vhosts_access.log):
                                compare the virtual host of a line if it has one */
    const char *panel;       /* "given", "cpanel", "directadmin", "hestia", "vesta", "plesk",
                                "apache", "nginx" */
};

struct sites;

struct sites_options {
    const char *root;        /* or NULL */
    const char *const *docroots; /* "DIR=LOG" as given. With a root LOG is looked for below it
                                    first, then as typed. Several for one DIR add up. */
    size_t docroot_count;
};

/* Prepare; reads nothing big yet. 0, or -1 for a root that cannot be opened, a
 * malformed --docroot (ERR_USAGE) or one whose LOG is not there (ERR_MISSING). */
int sites_new(const struct sites_options *o, struct sites **sites_out, struct err *err);
void sites_free(struct sites **s);

/* The sites whose document root is `dir` or holds it (longest first), or, for a
 * directory above all document roots or outside of them: those below it and all
 * sites of its account; or, where neither directory nor user tells an account (the
 * shared web user in / or /tmp) and the server has no more than `max` sites, all.
 * `user` is the local user or account if known (or empty; the shared web users
 * count as unknown): it limits the search on panels. Fills up to `max`; returns
 * how many. The results live as long as `s`. Symbolic links (www -> public_html,
 * /home2, CageFS) are resolved. site_holds() tells the first kind from the others. */
size_t sites_find(struct sites *s, struct str dir, struct str user, const struct site **out,
                  size_t max);

/* True if the site's document root is `dir` or holds it, in either spelling. */
bool site_holds(const struct site *site, struct str dir);

/* The site with that name (ServerName first, then aliases and patterns; a port
 * is ignored), for X-PHP-Script. `user` as above. NULL if none is known. */
const struct site *sites_named(struct sites *s, struct str host, struct str user);

/* The account that owns a path by its place (/home/USER/..., /home2/USER/...;
 * /var/www/vhosts/DOMAIN: empty), a view into `dir`; empty if the place does not tell. */
struct str sites_account(struct str dir);

/* Home of a local user by the root's /etc/passwd, else /home/USER. Lives as long as `s`. */
struct str sites_home(struct sites *s, struct str user);

/* True if `dir` is that home or in it. */
bool sites_in_home(struct sites *s, struct str user, struct str dir);

/* True if `dir` lies in the home of another customer than `user`, who can have gone there: the
 * place alone does not say whose program it was. The shared web users and root are nobody's
 * strangers. Homes are known by name, and by the /etc/passwd of the root (`s` may be NULL). */
bool sites_strangers_home(struct sites *s, struct str user, struct str dir);

/* True if the directory of a submission tells more of who made it than its user does. Not so where
 * anybody can stand (/ and /tmp), and in a stranger's home: then only the user is sure. The shared
 * web users tell nothing themselves. `s` as above. */
bool sites_place_tells(struct sites *s, struct str user, struct str dir);

/* True if a log of a site, by its `path` as sites_logs gave it, lies in the home of a customer, who
 * can write there what he likes. */
bool sites_customers_log(const struct sites *s, struct str path);

/* True for a path inside a web tree by its shape alone: public_html,
 * private_html, httpdocs, htdocs, /var/www, /srv/www, web/DOMAIN/..., or inside a
 * document root that `s` knows (s may be NULL). */
bool sites_is_web(struct sites *s, struct str dir);

/* True for the users that a web server runs as for everybody: nobody, www-data,
 * apache and the like. Such a user names no account. */
bool sites_shared_user(struct str user);

/* The user that a web server runs as for everybody. Not root and not Exim's own, though these name
 * no account either. */
bool sites_web_user(struct str user);

/* True for the users that Exim itself runs as. No customer can be one, so what such a user
 * submits was made by Exim. Others may say that they are Exim: -E gives R= to anybody's message. */
bool sites_exim_user(struct str user);

/* True if an arrival with R= and this user is Exim's report on another message: the user is Exim's
 * own, or root, who may have started Exim. */
bool sites_bounce_user(struct str user);

/* Open one of site->logs: a descriptor, or -1 and *err. No link on the path is
 * followed, as the path had none when it was found; regular files only; never waits. */
int sites_open_log(const char *path, struct err *err);

/* What was left out while reading configurations (ceilings, unreadable files):
 * one line each, ready to print; `i` < sites_problems(). */
size_t sites_problems(const struct sites *s);
const char *sites_problem(const struct sites *s, size_t i);

#endif
