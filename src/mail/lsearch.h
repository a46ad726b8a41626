/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lsearch - Exim's files of keys and values
 *
 * /etc/aliases and most files of the panels have this form (Exim specification,
 * chapter 9.3): a key at the start of a line, up to a colon or white space, or
 * in double quotes; an optional colon; the value. Lines that begin with white space
 * continue the value, joined by one space each; empty lines and lines that begin with #
 * are passed over, inside of an entry too. The first entry of a key counts.
 *
 * A reader goes through the entries in their order. Nothing in the format is an
 * error: bytes that look odd are a key that nobody will ask for.
 */
#ifndef POSTERN_MAIL_LSEARCH_H
#define POSTERN_MAIL_LSEARCH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

struct lsearch {
    struct str rest;         /* not yet read */
    struct buf *value;       /* the caller's; holds joined lines and unescaped keys */
    unsigned line, next;     /* where the entry began, where the next line is; from 1 */
    bool cut;                /* an entry was longer than the ceiling of `value`: it ends there */
};

struct lsearch_entry {
    struct str key, value;   /* live until the next call, or as long as the text */
    unsigned line;
};

/* Go through `text`, which must live as long. `value` is emptied at every entry; its ceiling is the
 * longest entry. */
void lsearch_init(struct lsearch *l, struct str text, struct buf *value);

/* The next entry: true and *out, or false at the end. */
bool lsearch_next(struct lsearch *l, struct lsearch_entry *out);

/* The value of the first entry whose key is `key`, without regard to the case of ASCII letters:
 * linear in the text. As long as lsearch_next()'s. False: no such key. */
bool lsearch_find(struct str text, struct str key, struct buf *value, struct str *value_out);

/* As Exim's lsearch*@ does: `local@domain`, then `*@domain`, then `*`. */
bool lsearch_find_default(struct str text, struct str key, struct buf *value,
                          struct str *value_out);

#endif
