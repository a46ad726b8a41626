/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_lmdb - the tables in their file
 *
 * One LMDB file: a database for each table, one named "ends" that orders all
 * entries by their end (so that sweeping and making room cost what they remove
 * and not a walk over everything), and one named "about" with the version.
 *
 * disk_get() and disk_walk() belong to the thread that owns the store,
 * disk_write() to the thread that writes; LMDB lets both work at once. A file
 * is opened only after store_verify() was content: LMDB trusts its pages.
 */
#ifndef POSTERN_STORE_STORE_LMDB_H
#define POSTERN_STORE_STORE_LMDB_H

#include <lmdb.h>

#include "base/buf.h"
#include "store/store_pending.h"

/* The bytes of a file: an entry is its value behind this head. */
#define DISK_HEAD 12u            /* end (8 bytes, high first), sum over key, end and value (4) */
#define DISK_ENDS_HEAD 9u        /* in "ends": table (1), end (8, high first), then the key */
#define DISK_VERSION "postern-state 1"

struct disk {
    MDB_env *env;
    MDB_txn *reader;                 /* of disk_get() */
    bool reading;                    /* it is in use; else it is reset and pins no pages */
    MDB_dbi tables[STORE_TABLES], ends, about;
    bool read_only;
    size_t table_max[STORE_TABLES];
    size_t pages_max, page_size;
};

/* Open the file `path`, or begin it; `path` and `o` are not kept. The version is checked:
 * ERR_FORMAT if it is another or LMDB does not know the file. ERR_IO and others: the disk. NULL
 * with *err. */
struct disk *disk_open(const char *path, const struct store_options *o, struct err *err);

/* For reading only. */
struct disk *disk_open_reader(const char *path, struct err *err);
/* ... and its databases, after the caller has verified the pages: 0 or -1. The reading transaction
 * has been begun by then, so that no page which was verified is written again. */
int disk_begin_reader(struct disk *d, struct err *err);
void disk_close(struct disk **d);

/* 1 and the value appended to `value`, 0, or -1 with *err (ERR_FORMAT: this entry is damaged). */
int disk_get(struct disk *d, const struct pending_record *what, struct buf *value,
             int64_t *ends_out, struct err *err);

/* From now on disk_get() sees what has been written. Call it when a batch is on the disk, before
 * it is forgotten in memory, and often enough: old pages are kept until then. */
void disk_refresh(struct disk *d);

/* A walk over a range, in the order of keys; the views live until the next step. */
struct disk_walk {
    MDB_txn *txn;
    MDB_cursor *cursor;
    struct store_range range;
    struct pending_record at;    /* the entry where it stands, if disk_walk_next() said 1 */
    bool begun;
};
int disk_walk_begin(struct disk *d, const struct store_range *range, struct disk_walk *w);
int disk_walk_next(struct disk_walk *w);     /* 1, or 0 at the end (or an error of the file) */
void disk_walk_end(struct disk_walk *w);

/* What the writing thread is to do, and what came of it. */
struct disk_job {
    const struct pending *batch;
    int64_t now;
    size_t sweep;                /* entries that have ended, at most so many */
};
struct disk_done {
    uint64_t entries[STORE_TABLES];
    uint64_t evicted, swept, file_bytes;
};

/* The counts of now, for the thread that reads. */
void disk_stats(struct disk *d, struct disk_done *done);

/* Write the batch, sweep, keep the ceilings. 0, or -1 with *err: then some of the batch may have
 * been written, and all of it can be written again. */
int disk_write(struct disk *d, const struct disk_job *job, struct disk_done *done, struct err *err);

/* --- store_lmdb.c, for store_lmdb_write.c --- */

int disk_error(struct err *err, int rc, const char *what);
void disk_count(MDB_txn *txn, struct disk *d, struct disk_done *done);
MDB_val disk_val(struct str s);
uint32_t disk_sum(struct str key, uint64_t ends, struct str value);

static inline void be64_put(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static inline uint64_t be64_get(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

#endif
