/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load - one reading of all files into a new table
 *
 * A layout's file (tables_cpanel.c ...) says which files there are and what they mean;
 * this is what they have in common: reading a file and remembering it for the
 * next look, taking lists, aliases, passwd files and databases into the table,
 * and keeping what the administrator should be told. It runs in a thread, so it
 * never logs: notes are logged by the loop.
 *
 * A file that cannot be read makes its domain DOMAIN_BROKEN; a file that is not
 * there is nothing wrong.
 */
#ifndef POSTERN_TABLES_LOAD_H
#define POSTERN_TABLES_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/log.h"
#include "base/rootfs.h"
#include "mail/lsearch.h"
#include "tables/recipients.h"
#include "tables/table.h"

#define LOAD_FILE_MAX (512u << 20)       /* a file of the administrator's or the panel's */
#define LOAD_CUSTOMER_MAX (8u << 20)     /* a file of one domain */
#define LOAD_ENTRY_MAX (256u << 10)      /* one alias, all its lines */
#define LOAD_INCLUDE_MAX (1u << 20)      /* Exim's limit for :include: */
#define LOAD_NAMES_MAX 100000u           /* names in one folder */
#define LOAD_NOTES_MAX 20000u
#define LOAD_CUSTOMER_NOTES 8u           /* about the lines of one customer's file */

/* Something to tell, once for as long as it stays so. */
struct note {
    enum log_level level;
    const char *event, *layout;          /* constants; layout may be NULL */
    struct str file, domain, text;       /* views of `bytes` */
    char *bytes;                         /* owned */
};

/* A file or folder that was looked at. */
struct watched {
    uint32_t path;                       /* offset in `paths` */
    uint64_t print, place;               /* see rootfs_look() */
};

/* What one reading comes to. */
struct loaded {
    struct table *table;
    enum recipients_layout layout;
    struct watched *watched;
    size_t watched_count, watched_cap;
    struct buf paths;                    /* C strings one after another */
    struct note *notes;
    size_t note_count, note_cap;
    uint64_t files, broken;              /* read; there, but not readable */
    uint64_t ms;
};

struct load {
    const struct recipients_options *o;
    const struct rootfs *tree;
    const atomic_bool *stop;             /* give up, the result will be thrown away; or NULL */
    struct loaded *out;
    struct table *table;                 /* out->table */
    struct buf customer, big;            /* the bytes of a file, by who may write it */
    struct buf entry, include, path;
    uint32_t source;                     /* of the file that is being taken */
    bool root_owned;                     /* and whether root wrote it */
    uint32_t noted_source;               /* the file of a customer that was noted about last */
    unsigned noted;                      /* and how often */
};

/* Read everything: what `o` says, and a panel's files. Never NULL. */
struct loaded *load_all(const struct recipients_options *o, const struct rootfs *tree,
                        const atomic_bool *stop);
void loaded_free(struct loaded **l);

/* Has anything that was looked at changed since? */
enum loaded_state {
    LOADED_SAME,
    LOADED_CHANGED,
    LOADED_BEING_WRITTEN,                /* a file is edited in place, and was a moment ago */
};
enum loaded_state loaded_state(const struct loaded *l, const struct rootfs *tree,
                               const atomic_bool *stop);

/* The parts of load_all(), for tests of single readers. ld->out is the caller's to free. */
void load_init(struct load *ld, const struct recipients_options *o, const struct rootfs *tree,
               const atomic_bool *stop);
void load_fini(struct load *ld);

/* --- for the layouts --- */

/* A path of four parts, any of them ""; good until the next load_path(). */
const char *load_path(struct load *ld, struct str a, struct str b, struct str c, struct str d);

/* The bytes of a file, good until the next file of its kind: 1; 0: not there; -1: broken, noted,
 * and `domain` (if not TABLE_NONE) marked. */
int load_file(struct load *ld, const char *path, uint32_t domain, struct str *text_out);
int load_customer_file(struct load *ld, const char *path, uint32_t domain, struct str *text_out);

/* Look at this path too when changes are looked for. */
void load_watch(struct load *ld, const char *path);

/* Is there such a folder? It is watched. */
bool load_has_folder(struct load *ld, const char *path);
bool load_has_file(struct load *ld, const char *path);

/* Call back for each name in a folder but those that begin with a dot (`hidden`: those only).
 * 1, 0 if there is none, -1 with a note. */
typedef void load_name_callback(struct load *ld, struct str name, void *ctx);
int load_names(struct load *ld, const char *path, bool hidden, load_name_callback *call,
               void *ctx);

/* A line of a list, trimmed; comments and empty lines are passed over. False at the end. */
bool load_line(struct str *text, struct str *line_out);

void load_note(struct load *ld, enum log_level level, const char *event, struct str domain,
               struct str text);

/* One entry of an alias file for `domain`, whose name is `name` ("" for TABLE_HOST). A key may be a
 * local part, or local@name, or with `defaults` a default (`*`, `*@name`). */
void load_alias(struct load *ld, const struct lsearch_entry *e, uint32_t domain, struct str name,
                bool defaults);

/* A whole alias file of lsearch form. */
void load_aliases(struct load *ld, struct str text, uint32_t domain, struct str name,
                  bool defaults);

/* The first fields of a passwd(5) file as mailboxes. */
void load_passwd(struct load *ld, struct str text, uint32_t domain);

/* The host: its names, /etc/aliases, /etc/passwd. */
void load_host_names(struct load *ld);
void load_host_users(struct load *ld);

/* The layouts; each true if it finds itself (`detect`), and reads its files. */
struct layout {
    enum recipients_layout id;
    const char *name;
    const char *(*detect)(struct load *ld);  /* the reason, or NULL */
    void (*read)(struct load *ld);
};
extern const struct layout layout_cpanel, layout_directadmin, layout_hestia, layout_debian;

/* The files that the configuration names. */
void tables_files_read(struct load *ld);

#endif
