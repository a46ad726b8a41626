/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_internal - what the readers of panels and servers share
 *
 * One file for each panel or server fills the same table of sites. A reader
 * opens nothing by itself: sites_read() and sites_list() keep paths under the
 * root, refuse customers' links and keep sizes bounded. Everything that a reader
 * adds is copied into the arena of the table, and may silently be refused when a
 * ceiling is reached (the table remembers that as a problem).
 */
#ifndef POSTERN_TRACE_SITES_INTERNAL_H
#define POSTERN_TRACE_SITES_INTERNAL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/intern.h"
#include "base/rootfs.h"
#include "trace/sites.h"

#define SITES_BYTES_MAX ((size_t)32 << 20)  /* of the whole table */
#define SITES_FILE_MAX ((size_t)16 << 20)   /* of one configuration file */
#define SITES_NAMES_MAX 65536               /* of one folder */
#define SITES_PROBLEMS_MAX 16
#define SITES_GLOB_DEPTH 16
#define SITES_INCLUDE_DEPTH 16              /* of configuration files in each other */
#define SITES_INCLUDES_MAX 10000            /* files read for one server */
#define SITES_INCLUDED_BYTES ((size_t)128 << 20)
#define SITES_GLOB_COST_MAX 40000000u       /* what the patterns of one server may cost; a name that
                                               is compared is 1, a path that is looked up 400 */
#define SITES_FOLDERS_MAX 64                /* listings that are kept for patterns, */
#define SITES_FOLDER_NAMES_MAX 262144u      /* and names in them */
#define SITES_BUCKETS 4096

/* Where a site's requests may be found. */
struct site_log {
    struct site_log *next;
    struct str path;         /* the current log; of monthly archives the folder */
    struct str base;         /* monthly: what the file names begin with, before Mon-YYYY */
    bool monthly;
    bool given;              /* path is as the administrator typed it, not under the root */
};

struct site_alias {
    struct site_alias *next;
    struct str name;
};

struct site_rec {
    struct site site;        /* what callers get; aliases, logs, real filled by site_finish() */
    struct site_rec *chain;  /* next in the bucket */
    struct site_log *logs;   /* in the order of adding */
    struct site_alias *aliases;
    bool finished, real_known;
};

/* Sorted names of a folder. */
struct names {
    struct arena *arena;
    struct str *v;
    size_t n;
};

/* A folder that a pattern has listed. */
struct sites_folder {
    struct sites_folder *next;
    struct str path;
    struct names names;
};

/* What the patterns of one server have cost so far. Begins zeroed. */
struct sites_globs {
    unsigned paid;
    bool full;               /* none of them names anything more */
    bool deep;               /* some file was not read because others include it too deeply */
};

struct sites {
    struct rootfs fs;
    struct arena *arena;
    struct hash_key key;
    struct site_rec **v;
    size_t n, cap;
    struct site_rec *buckets[SITES_BUCKETS];
    struct intern *users;    /* accounts whose panel files were read */
    bool all_users, servers; /* all panels; the servers' own configuration */
    struct intern *passwd;   /* user names of /etc/passwd, */
    struct str *homes;       /* and the home of each; NULL before it was read */
    struct str listed;       /* folder whose names are cached, */
    struct names listing;
    struct str domlogs[4];   /* cPanel's log folders that are there */
    size_t domlog_count;
    bool domlogs_known;
    struct sites_folder *folders; /* listings kept, in the arena but for the names */
    unsigned folder_count;
    size_t folder_names;
    struct str problems[SITES_PROBLEMS_MAX];
    size_t problem_count;
    struct str notes[SITES_PROBLEMS_MAX];
    size_t note_count;
};

/* sites.c: the table. */

/* What identifies a site; the rest is added to what site_add() returns. */
struct site_def {
    const char *panel;
    struct str name, account, docroot;
    struct str prefix;       /* empty: "/" */
};

/* The site, new or as it was added before; NULL when a ceiling is reached or
 * the docroot is no absolute path. */
struct site_rec *site_add(struct sites *s, const struct site_def *def);
void site_add_alias(struct sites *s, struct site_rec *rec, struct str name);
/* `path` without double and trailing slashes and `.` parts, in the arena; empty for a
 * relative one. `..` stays: only the disk knows what it means. */
struct str sites_path_clean(struct arena *arena, struct str path);
void sites_problem_add(struct sites *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* What a customer can cause at will: worth a note, and no failure of ours. */
void sites_note_add(struct sites *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* sites_files.c: reading under the root. */

/* The whole of a configuration file into `out` (initialised with its own
 * ceiling). 0, or -1 if it cannot be had. */
int sites_read(struct sites *s, struct str path, enum rootfs_links links, struct buf *out);

/* The same of a file that is a customer's own: what is wrong with it is only a note. */
int sites_read_customers(struct sites *s, struct str path, struct buf *out);

/* What an errno of rootfs_file() means, in words. */
const char *sites_why(int number);

/* The same of a regular file that is open already; `fd` stays open, `path` is for the error. */
int sites_read_fd(struct sites *s, struct str path, int fd, struct buf *out);

/* The names in a folder, sorted, without `.` and `..`. 0 or -1; names_fini() is due
 * after 0. The second form looks below another root than the table's. */
int sites_list(struct sites *s, struct str path, enum rootfs_links links, struct names *out);
int sites_list_in(struct sites *s, const struct rootfs *fs, struct str path,
                  enum rootfs_links links, struct names *out);
void names_fini(struct names *n);

/* `path` is one of the `n` files that are being read: an include in a circle. */
bool sites_in_circle(const struct str *open, size_t n, struct str path);

/* A path put together, in the arena of the table: "" when it is full. */
struct str sites_path(struct sites *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* True for what may stand in a path as a single name that we made no folder
 * for: letters, digits, `.`, `-`, `_`, not beginning with a dot, at most 253 bytes. */
bool sites_plain_name(struct str name);

/* sites_glob.c: patterns. */

/* Call `each` for every file that `pattern` (absolute, `*`, `?` and `[]` in any
 * part) names and that can be opened, sorted; for a folder, for every file below it. At most
 * SITES_GLOB_DEPTH folders deep. What it costs is added to `cost`; past its ceiling
 * nothing is named any more, and that is a problem of the table. `fd` is the file, open, for
 * sites_read_fd(); it is closed when `each` returns. */
typedef void (*sites_glob_fn)(void *ctx, struct str path, int fd);
void sites_glob(struct sites *s, struct str pattern, struct sites_globs *cost, sites_glob_fn each,
                void *ctx);

/* For `each`, at a ceiling of its own: no more for this server, from `path` on; or not this one
 * file, which others include too deeply. Both are said once. */
void sites_globs_end(struct sites *s, struct sites_globs *cost, struct str path);
void sites_globs_deep(struct sites *s, struct sites_globs *cost, struct str path);

/* sites_logs.c: access logs. */
void site_add_log(struct sites *s, struct site_rec *rec, struct str path);
void site_add_given_log(struct sites *s, struct site_rec *rec, struct str path);
/* Archives FOLDER/BASEMon-YYYY[.gz] in a customer's home. */
void site_add_monthly(struct sites *s, struct site_rec *rec, struct str folder, struct str base);

/* Look up what is on disk of the site's logs; fill site.logs. Once for each site. */
void site_find_logs(struct sites *s, struct site_rec *rec);

/* One reader each. `user` limits the work to one account; empty: all. They say
 * whether they know the account (or, for all, whether the panel is there). */
bool sites_cpanel(struct sites *s, struct str user);
bool sites_directadmin(struct sites *s, struct str user);
bool sites_hestia(struct sites *s, struct str user);
bool sites_plesk(struct sites *s, struct str user);

/* The servers' own configuration, all of it. */
void sites_apache(struct sites *s);
void sites_nginx(struct sites *s);

/* Parsers apart from the disk, for tests and fuzzing; `text` is the content of one file. */
void sites_cpanel_text(struct sites *s, struct str text, struct str user, struct str file_name);
void sites_hestia_text(struct sites *s, struct str text, struct str user, const char *panel);
void sites_apache_text(struct sites *s, struct str text);
void sites_nginx_text(struct sites *s, struct str text);

/* One Apache configuration file and what it includes; Plesk has one per domain. */
void sites_apache_file(struct sites *s, struct str path, const char *panel, struct str account);

/* sites_apacheconf.c: the language of Apache's files (lines, quotes, variables,
 * includes, macros) without the meaning of their directives. */

struct apacheconf_macro {
    struct apacheconf_macro *next;
    struct str name, params, body;
};

struct apacheconf_var {
    struct apacheconf_var *next;
    struct str name, value;
};

/* A directive, or a section: `<VirtualHost` with args `*:80`, `</VirtualHost` without. The
 * views live until the call returns. */
typedef void (*apacheconf_fn)(void *ctx, struct str name, struct str args);

struct apacheconf {
    struct sites *s;
    apacheconf_fn fn;
    void *ctx;
    struct arena *arena;     /* variables and macros */
    struct str server_root;  /* what relative paths are relative to */
    struct apacheconf_var *vars;
    struct apacheconf_macro *macros;
    struct str open[SITES_INCLUDE_DEPTH]; /* files that are being read, within each other */
    unsigned depth, files;   /* how many of these, and files read at all */
    struct sites_globs globs;
    unsigned use_depth, uses; /* the same of macros */
    size_t bytes, used_bytes;
};

void apacheconf_init(struct apacheconf *a, struct sites *s, struct str server_root);
void apacheconf_fini(struct apacheconf *a);
void apacheconf_define(struct apacheconf *a, struct str name, struct str value);

/* Read a file, or all that a pattern names; a relative one below server_root. */
void apacheconf_include(struct apacheconf *a, struct str pattern);
void apacheconf_text(struct apacheconf *a, struct str text);

/* The next argument: a word, or what stands between quotes. Empty at the end. */
struct str apacheconf_word(struct str *args);

/* A path argument made absolute, in the reader's arena. */
struct str apacheconf_path(struct apacheconf *a, struct str path);

#endif
