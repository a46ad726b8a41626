/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_lmdb - the tables in their file: opening and reading
 *
 * Every value carries a sum over itself, its key and its end. LMDB has none of
 * its own, so a bit that turned on the disk would otherwise come back as a ban
 * that nobody made; such an entry counts as missing.
 *
 * Transactions for reading are not tied to threads (MDB_NOTLS). The one of
 * disk_get() sees the file as it was when it was begun, and stays until
 * disk_refresh(), which the owner calls for each flush: pages that it may still
 * read cannot be written again.
 */
#include "store/store_lmdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"

#define READERS_MAX 64u      /* processes and walks that read at once */
#define FILE_MODE 0640

static const char *const table_names[STORE_TABLES] = { "bans", "tallies", "callouts", "zones",
                                                       "sessions" };

int disk_error(struct err *err, int rc, const char *what)
{
    if (rc > 0)
        return err_errno(err, rc, "state file: %s", what);
    enum err_kind kind = rc == MDB_MAP_FULL ? ERR_LIMIT
                         : rc == MDB_INVALID || rc == MDB_CORRUPTED || rc == MDB_VERSION_MISMATCH ||
                                 rc == MDB_PAGE_NOTFOUND || rc == MDB_INCOMPATIBLE
                             ? ERR_FORMAT
                             : ERR_IO;
    return err_set(err, kind, "state file: %s: %s", what, mdb_strerror(rc));
}

/* FNV-1a, folded: it is to find damage, not to keep anybody out. */
uint32_t disk_sum(struct str key, uint64_t ends, struct str value)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (uint8_t)key.p[i]) * 0x100000001b3u;
    h = (h ^ ends) * 0x100000001b3u;
    for (size_t i = 0; i < value.n; i++)
        h = (h ^ (uint8_t)value.p[i]) * 0x100000001b3u;
    return (uint32_t)(h ^ h >> 32);
}

MDB_val disk_val(struct str s)
{
    union {
        const char *in;
        void *out;               /* LMDB reads through it: its type just lacks the const */
    } p = { .in = s.p };
    return (MDB_val){ s.n, p.out };
}

/* --- opening --- */

void disk_close(struct disk **d)
{
    if (*d == NULL)
        return;
    if ((*d)->reader != NULL)
        mdb_txn_abort((*d)->reader);
    if ((*d)->env != NULL)
        mdb_env_close((*d)->env);
    free(*d);
    *d = NULL;
}

/* Open or make the databases in this transaction. */
static int tables_open(struct disk *d, MDB_txn *txn)
{
    unsigned flags = d->read_only ? 0 : MDB_CREATE;
    int rc = mdb_dbi_open(txn, "about", flags, &d->about);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "ends", flags, &d->ends);
    for (size_t t = 0; rc == 0 && t < STORE_TABLES; t++)
        rc = mdb_dbi_open(txn, table_names[t], flags, &d->tables[t]);
    return rc;
}

/* The version, as found; in a new file, written. */
static int version_check(struct disk *d, MDB_txn *txn, struct err *err)
{
    static char name[] = "version", version[] = DISK_VERSION;
    MDB_val key = { sizeof name - 1, name }, value;
    int rc = mdb_get(txn, d->about, &key, &value);
    if (rc == MDB_NOTFOUND && !d->read_only) {
        value = (MDB_val){ sizeof version - 1, version };
        rc = mdb_put(txn, d->about, &key, &value, 0);
    }
    if (rc != 0)
        return disk_error(err, rc, "cannot read its version");
    struct str has = str_make(value.mv_data, value.mv_size);
    if (str_eq(has, STR(DISK_VERSION)))
        return 0;
    return err_set(err, ERR_FORMAT, "state file: its version is \"%.*s\", not \"" DISK_VERSION "\"",
                   STR_ARG(str_head(has, 40)));
}

static int disk_prepare(struct disk *d, struct err *err)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(d->env, NULL, 0, &txn);
    if (rc != 0)
        return disk_error(err, rc, "cannot begin");
    rc = tables_open(d, txn);
    if (rc != 0)
        disk_error(err, rc, "cannot make its tables");
    if (rc != 0 || version_check(d, txn, err) != 0) {
        mdb_txn_abort(txn);
        return -1;
    }
    rc = mdb_txn_commit(txn);
    if (rc == 0)
        rc = mdb_txn_begin(d->env, NULL, MDB_RDONLY, &d->reader);
    if (rc != 0)
        return disk_error(err, rc, "cannot begin");
    mdb_txn_reset(d->reader);
    return 0;
}

static int env_open(struct disk *d, const char *path, size_t file_max, unsigned flags)
{
    int rc = mdb_env_create(&d->env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(d->env, STORE_TABLES + 2);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(d->env, READERS_MAX);
    if (rc == 0 && file_max > 0)
        rc = mdb_env_set_mapsize(d->env, file_max);
    if (rc == 0)
        rc = mdb_env_open(d->env, path, MDB_NOSUBDIR | MDB_NOTLS | flags, FILE_MODE);
    return rc;
}

struct disk *disk_open(const char *path, const struct store_options *o, struct err *err)
{
    struct disk *d = must_alloc(sizeof *d);
    MDB_stat stat;
    memcpy(d->table_max, o->table_max, sizeof d->table_max);
    size_t file_max = o->file_max - o->file_max % 65536;   /* whole pages on every machine */
    int rc = env_open(d, path, file_max, 0);
    if (rc == 0)
        rc = mdb_env_stat(d->env, &stat);
    if (rc != 0)
        disk_error(err, rc, "cannot open it");
    if (rc != 0 || disk_prepare(d, err) != 0) {
        disk_close(&d);
        return NULL;
    }
    d->page_size = stat.ms_psize;
    d->pages_max = file_max / d->page_size;
    int dead;
    mdb_reader_check(d->env, &dead);
    return d;
}

struct disk *disk_open_reader(const char *path, struct err *err)
{
    struct disk *d = must_alloc(sizeof *d);
    struct buf lock;
    buf_init(&lock, 4096);
    buf_addf(&lock, "%s-lock", path);
    d->read_only = true;
    /* Without a lock file no daemon can be at work. We do not make one: it would belong to us, and
     * the daemon that comes later could not open it. */
    unsigned flags = access(buf_c(&lock), F_OK) == 0 ? MDB_RDONLY : MDB_RDONLY | MDB_NOLOCK;
    buf_fini(&lock);
    int rc = env_open(d, path, 0, flags);
    if (rc == 0)
        rc = mdb_txn_begin(d->env, NULL, MDB_RDONLY, &d->reader);
    if (rc == 0)
        return d;
    disk_error(err, rc, "cannot open it");
    disk_close(&d);
    return NULL;
}

int disk_begin_reader(struct disk *d, struct err *err)
{
    int rc = tables_open(d, d->reader);
    if (rc == MDB_NOTFOUND)
        return err_set(err, ERR_MISSING, "state file: it holds nothing yet");
    if (rc != 0)
        return disk_error(err, rc, "cannot open its tables");
    int bad = version_check(d, d->reader, err);
    mdb_txn_commit(d->reader);       /* makes the databases known to later transactions */
    d->reader = NULL;
    if (bad != 0)
        return -1;
    rc = mdb_txn_begin(d->env, NULL, MDB_RDONLY, &d->reader);
    if (rc != 0)
        return disk_error(err, rc, "cannot begin");
    mdb_txn_reset(d->reader);
    return 0;
}

/* --- reading --- */

/* Take an entry apart. False if its sum is wrong: damage. */
static bool entry_open(struct str key, MDB_val data, struct pending_record *out)
{
    const uint8_t *p = data.mv_data;
    if (data.mv_size < DISK_HEAD || data.mv_size > DISK_HEAD + STORE_VALUE_MAX)
        return false;
    uint64_t ends = be64_get(p);
    uint32_t sum = (uint32_t)p[8] << 24 | (uint32_t)p[9] << 16 | (uint32_t)p[10] << 8 | p[11];
    out->key = key;
    out->ends = (int64_t)ends;
    out->value = str_make((const char *)data.mv_data + DISK_HEAD, data.mv_size - DISK_HEAD);
    return sum == disk_sum(key, ends, out->value);
}

int disk_get(struct disk *d, const struct pending_record *what, struct buf *value,
             int64_t *ends_out, struct err *err)
{
    MDB_val key = disk_val(what->key), data;
    struct pending_record found = { 0 };
    int got = 1, rc = d->reading ? 0 : mdb_txn_renew(d->reader);
    if (rc != 0)
        return disk_error(err, rc, "cannot read");
    d->reading = true;
    rc = mdb_get(d->reader, d->tables[what->table], &key, &data);
    if (rc == MDB_NOTFOUND) {
        got = 0;
    } else if (rc != 0) {
        got = disk_error(err, rc, "cannot read");
    } else if (!entry_open(what->key, data, &found)) {
        got = err_set(err, ERR_FORMAT, "state file: an entry of %s is damaged",
                      table_names[what->table]);
    } else {
        buf_add(value, found.value);
        *ends_out = found.ends;
    }
    return got;
}

void disk_refresh(struct disk *d)
{
    if (d->reading)
        mdb_txn_reset(d->reader);
    d->reading = false;
}

int disk_walk_begin(struct disk *d, const struct store_range *range, struct disk_walk *w)
{
    *w = (struct disk_walk){ .range = *range };
    if (mdb_txn_begin(d->env, NULL, MDB_RDONLY, &w->txn) != 0)
        return -1;
    if (mdb_cursor_open(w->txn, d->tables[range->table], &w->cursor) == 0)
        return 0;
    disk_walk_end(w);
    return -1;
}

/* To the first entry of the range. */
static int walk_first(struct disk_walk *w, MDB_val *key, MDB_val *data)
{
    bool after = str_cmp(w->range.after, w->range.prefix) >= 0 && !str_empty(w->range.after);
    struct str from = after ? w->range.after : w->range.prefix;
    if (str_empty(from))
        return mdb_cursor_get(w->cursor, key, data, MDB_FIRST);
    *key = disk_val(from);
    int rc = mdb_cursor_get(w->cursor, key, data, MDB_SET_RANGE);
    if (rc == 0 && after && str_eq(str_make(key->mv_data, key->mv_size), from))
        rc = mdb_cursor_get(w->cursor, key, data, MDB_NEXT);
    return rc;
}

int disk_walk_next(struct disk_walk *w)
{
    MDB_val key, data;
    for (;;) {
        int rc = w->begun ? mdb_cursor_get(w->cursor, &key, &data, MDB_NEXT)
                          : walk_first(w, &key, &data);
        w->begun = true;
        if (rc != 0 || !str_starts(str_make(key.mv_data, key.mv_size), w->range.prefix))
            return 0;
        if (entry_open(str_make(key.mv_data, key.mv_size), data, &w->at))
            return 1;
    }
}

void disk_walk_end(struct disk_walk *w)
{
    if (w->cursor != NULL)
        mdb_cursor_close(w->cursor);
    if (w->txn != NULL)
        mdb_txn_abort(w->txn);
    *w = (struct disk_walk){ 0 };
}

void disk_count(MDB_txn *txn, struct disk *d, struct disk_done *done)
{
    MDB_stat stat;
    MDB_envinfo info;
    for (size_t t = 0; t < STORE_TABLES; t++)
        done->entries[t] = mdb_stat(txn, d->tables[t], &stat) == 0 ? stat.ms_entries : 0;
    mdb_env_info(d->env, &info);
    mdb_env_stat(d->env, &stat);
    done->file_bytes = (info.me_last_pgno + 1) * stat.ms_psize;
}

void disk_stats(struct disk *d, struct disk_done *done)
{
    disk_refresh(d);
    if (mdb_txn_renew(d->reader) != 0)
        return;
    d->reading = true;
    disk_count(d->reader, d, done);
}
