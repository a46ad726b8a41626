/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recipients - who can get mail here, as the server's own files say it
 *
 * The files of the panel (or of Debian, or plain lists) are read into one
 * table in memory, which is asked at every RCPT. The files belong to customers
 * and panels: they change at any time, and some of them customers write. A
 * table is read in a thread of its own and swapped when it is whole, so a
 * million addresses stall nothing; a file that cannot be read or understood
 * leaves its domain "not known", never "unknown recipient".
 *
 * Nothing here decides: it says what the files say.
 */
#ifndef POSTERN_TABLES_RECIPIENTS_H
#define POSTERN_TABLES_RECIPIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct loop;
struct recipients;

enum recipient_state {
    RECIPIENT_NO_TABLE,      /* no table says anything of this domain: none is configured, not
                                loaded yet, or its file is broken */
    RECIPIENT_FOREIGN,       /* our domains are known in full, and this is none of them */
    RECIPIENT_BACKUP,        /* we are a secondary MX for the domain: recipients are not known here
                                */
    RECIPIENT_VALID,
    RECIPIENT_CATCHALL,      /* only the domain's default takes it */
    RECIPIENT_BLACKHOLE,     /* taken and thrown away (:blackhole:) */
    RECIPIENT_UNKNOWN,       /* ours, and nothing takes it */
    RECIPIENT_FAIL,          /* :fail:, with code and text */
    RECIPIENT_DEFER,         /* :defer:, with code and text */
};

struct recipient {
    enum recipient_state state;
    unsigned code;           /* FAIL: 5xx, DEFER: 4xx; 0: none given */
    char status[12];         /* enhanced status code of the text, "" if none */
    struct str text;         /* FAIL, DEFER: what stands behind the special; lives until the next
                                call into these tables */
    struct str source;       /* the file that said so; as long */
};

enum recipients_layout { LAYOUT_NONE, LAYOUT_AUTO, LAYOUT_DEBIAN, LAYOUT_CPANEL, LAYOUT_DIRECTADMIN,
                         LAYOUT_HESTIA, LAYOUT_FILES };
extern const char *const recipients_layout_names[LAYOUT_FILES + 1];      /* "none" ... */

enum recipients_format { RECIPIENTS_LIST, RECIPIENTS_LSEARCH, RECIPIENTS_CDB, RECIPIENTS_ALIASES,
                         RECIPIENTS_PASSWD, RECIPIENTS_DOMAINS };

struct recipients_file {
    enum recipients_format format;
    const char *path;
    const char *domain;      /* for files that hold local parts only; NULL: the host's own names */
};

struct recipients_options {
    enum recipients_layout layout;
    const char *root;                    /* "" or the folder of a copied server */
    const struct recipients_file *files; /* for LAYOUT_FILES, or beside a panel's */
    size_t file_count;
    const char *const *domains;          /* ours, beside those that the files name; without a panel
                                            more names of the host, whose users have addresses
                                            in all of them */
    size_t domain_count;
    size_t addresses_max;                /* ceiling over all files */
    unsigned interval_ms;                /* how often changes are looked for; after a reading not
                                            before ten times what it took */
    bool forbid_code;                    /* codes in :fail: texts are not taken (forbid_smtp_code)
                                            */
};

/* Begin: the first table is read before this returns (so that no mail is judged without it), later
 * ones in a thread. With `l` NULL nothing is watched. NULL with *err only for options that cannot
 * be; files that are missing or broken are logged and leave their domains out. */
struct recipients *recipients_new(struct loop *l, const struct recipients_options *o,
                                  struct err *err);
void recipients_free(struct recipients **r);

/* What the files say of an envelope recipient. Case does not count; a quoted local part is asked
 * without its quotes; `user+detail` and `user-detail` only as the files or the layout take them. */
void recipients_ask(struct recipients *r, struct str local_part, struct str domain,
                    struct recipient *out);

/* Is the domain ours (backup included)? False when no table knows. */
bool recipients_has_domain(struct recipients *r, struct str domain);

/* Look for changes now. What changed is read in the thread; without a loop, before this returns. */
void recipients_check(struct recipients *r);

struct recipients_stats {
    uint64_t addresses, domains, files, broken_files, loads;
    uint64_t load_ms;        /* of the last */
    size_t bytes;
    enum recipients_layout layout;
};
void recipients_stats(const struct recipients *r, struct recipients_stats *out);

#endif
