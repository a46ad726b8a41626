/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cdb - a constant database, read from its bytes
 *
 * D. J. Bernstein's format, that Exim's and Postfix's cdb lookups read: 256
 * pairs of little-endian numbers, then the records, then the hash tables. Every
 * number in the file may be a lie: each is checked against the size before it
 * is used, and a lookup never visits more slots than its table has.
 */
#ifndef POSTERN_MAIL_CDB_H
#define POSTERN_MAIL_CDB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define CDB_HEAD 2048u       /* bytes of the 256 pairs */

struct cdb {
    struct str bytes;        /* the file; the caller's */
    uint32_t records_end;    /* where the first hash table begins */
    uint32_t at;             /* of the next record, for cdb_next() */
};

/* Look at the bytes, which must live as long as `c`. 0; -1 if they are no constant database (too
 * short, longer than 4 GiB, tables outside of the file). */
int cdb_init(struct cdb *c, struct str bytes);

/* The value of the first record with this key: 1 and *value_out, a view of the bytes; 0: no such
 * key; -1: the file is broken where it should be. */
int cdb_find(const struct cdb *c, struct str key, struct str *value_out);

/* The records in their order: 1 with views of the bytes, 0 at the end, -1 where a record does not
 * fit (nothing behind it can be found). */
int cdb_next(struct cdb *c, struct str *key_out, struct str *value_out);

#endif
