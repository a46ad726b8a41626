/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_lmdb_write - the tables in their file: writing
 *
 * LMDB copies pages before it changes them, so even removing needs room: a file
 * that is full to its last page can never be changed again. So a reserve is
 * kept: a transaction begins only when the pages that it can need at most are
 * there, and where they are not, entries that end first are removed, a few at
 * a time. Normally there is room, and a batch is one transaction.
 *
 * Pages that another process still reads cannot be used again; a batch that
 * fails for that is kept by the caller and tried again.
 */
#include <stdlib.h>

#include "base/must.h"
#include "store/store_lmdb.h"

/* What one change can need: the entry's leaf and its half after a split, its value's own page, and
 * two leaves and a half for each of the two changes in "ends". Branches are in the reserve. */
#define PAGES_A_CHANGE 8u
#define PAGES_RESERVE 256u
#define CHANGES_MIN 32u          /* of a transaction when room is short */
#define EVICTIONS_MAX 64u        /* transactions to make room, in one flush */

/* --- single changes, in a transaction --- */

/* The key in "ends" of an entry. */
static MDB_val ends_key(uint8_t *room, unsigned table, uint64_t ends, struct str key)
{
    room[0] = (uint8_t)table;
    be64_put(room + 1, ends);
    memcpy(room + DISK_ENDS_HEAD, key.p, key.n);
    return (MDB_val){ DISK_ENDS_HEAD + key.n, room };
}

/* Remove the key from "ends". */
static int ends_remove(struct disk *d, MDB_txn *txn, unsigned table, uint64_t ends, struct str key)
{
    uint8_t room[DISK_ENDS_HEAD + STORE_KEY_MAX];
    MDB_val k = ends_key(room, table, ends, key);
    int rc = mdb_del(txn, d->ends, &k, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int entry_put(struct disk *d, MDB_txn *txn, const struct pending_record *r)
{
    uint8_t room[DISK_ENDS_HEAD + STORE_KEY_MAX], *p;
    uint64_t ends = r->ends > 0 ? (uint64_t)r->ends : 0;
    MDB_val key = disk_val(r->key), data = { DISK_HEAD + r->value.n, NULL };
    int rc = mdb_put(txn, d->tables[r->table], &key, &data, MDB_RESERVE);
    if (rc != 0)
        return rc;
    p = data.mv_data;
    be64_put(p, ends);
    uint32_t sum = disk_sum(r->key, ends, r->value);
    for (int i = 0; i < 4; i++)
        p[8 + i] = (uint8_t)(sum >> (24 - 8 * i));
    if (r->value.n > 0)
        memcpy(p + DISK_HEAD, r->value.p, r->value.n);
    MDB_val k = ends_key(room, r->table, ends, r->key), nothing = { 0, NULL };
    return mdb_put(txn, d->ends, &k, &nothing, 0);
}

/* One record of the batch: what was there goes from "ends" first. */
static int record_write(struct disk *d, MDB_txn *txn, const struct pending_record *r)
{
    MDB_val key = disk_val(r->key), old;
    int rc = mdb_get(txn, d->tables[r->table], &key, &old);
    if (rc == 0 && old.mv_size >= DISK_HEAD) {
        uint64_t ends = be64_get(old.mv_data);
        if (r->removed || ends != (uint64_t)r->ends)
            rc = ends_remove(d, txn, r->table, ends, r->key);
    }
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (!r->removed)
        return entry_put(d, txn, r);
    rc = mdb_del(txn, d->tables[r->table], &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Remove from `table` up to `most` entries in the order of their ends, those that end up to
 * `until`. */
static int entries_expire(struct disk *d, MDB_txn *txn, unsigned table, int64_t until, size_t *most)
{
    MDB_cursor *cursor;
    uint8_t from = (uint8_t)table, room[STORE_KEY_MAX];
    MDB_val k = { 1, &from }, nothing;
    int rc = mdb_cursor_open(txn, d->ends, &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &k, &nothing, MDB_SET_RANGE);
    while (rc == 0 && *most > 0) {
        const uint8_t *p = k.mv_data;
        bool sound = k.mv_size > DISK_ENDS_HEAD && k.mv_size <= DISK_ENDS_HEAD + sizeof room;
        if (p[0] != table || (sound && be64_get(p + 1) > (uint64_t)until))
            break;
        MDB_val key = { sound ? k.mv_size - DISK_ENDS_HEAD : 0, room };
        if (sound) {
            memcpy(room, p + DISK_ENDS_HEAD, key.mv_size);
            rc = mdb_del(txn, d->tables[table], &key, NULL);
        }
        if (rc == 0 || rc == MDB_NOTFOUND)
            rc = mdb_cursor_del(cursor, 0);
        if (rc == 0)
            rc = mdb_cursor_get(cursor, &k, &nothing, MDB_NEXT);   /* the one that moved up */
        (*most)--;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* --- room --- */

/* Add up the free pages until there are `want`. Those that the last transaction freed cannot be
 * used by the next: a reader may have begun on what was before it. */
static size_t room_free(MDB_cursor *cursor, size_t last_txnid, size_t room, size_t want)
{
    MDB_val key, ids;
    while (room < want && mdb_cursor_get(cursor, &key, &ids, MDB_NEXT) == 0) {
        size_t freed_by, count;
        memcpy(&freed_by, key.mv_data, sizeof freed_by);
        memcpy(&count, ids.mv_data, sizeof count);
        if (freed_by < last_txnid)
            room += count;
    }
    return room;
}

/* Pages that the next transaction can use: those behind the last one, and the free ones, whose
 * lists (LMDB's database 0) are read only when it matters. */
static size_t room_pages(struct disk *d, size_t want)
{
    MDB_envinfo info;
    MDB_cursor *cursor;
    MDB_txn *txn;
    mdb_env_info(d->env, &info);
    size_t used = info.me_last_pgno + 1, room = d->pages_max > used ? d->pages_max - used : 0;
    if (room >= want || mdb_txn_begin(d->env, NULL, MDB_RDONLY, &txn) != 0)
        return room;
    if (mdb_cursor_open(txn, 0, &cursor) == 0) {
        room = room_free(cursor, info.me_last_txnid, room, want);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return room;
}

/* How many changes the next transaction may make. */
static size_t changes_allowed(struct disk *d, size_t wanted)
{
    size_t want = wanted * PAGES_A_CHANGE + PAGES_RESERVE;
    size_t room = room_pages(d, want);
    if (room >= want)
        return wanted;
    return room > PAGES_RESERVE ? (room - PAGES_RESERVE) / PAGES_A_CHANGE : 0;
}

static size_t table_pages(struct disk *d, MDB_txn *txn, unsigned table)
{
    MDB_stat s;
    if (mdb_stat(txn, d->tables[table], &s) != 0)
        return 0;
    return s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages;
}

/* Remove some entries of the largest table, those that end first. 0, or LMDB's word for why not. */
static int room_make(struct disk *d, struct disk_done *done)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(d->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    unsigned most = 0;
    for (unsigned t = 1; t < STORE_TABLES; t++) {
        if (table_pages(d, txn, t) > table_pages(d, txn, most))
            most = t;
    }
    size_t left = CHANGES_MIN;
    rc = entries_expire(d, txn, most, INT64_MAX, &left);
    if (rc == 0 && left == CHANGES_MIN)
        rc = MDB_MAP_FULL;       /* nothing to remove */
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    done->evicted += CHANGES_MIN - left;
    return mdb_txn_commit(txn);
}

/* Make room for at least min(wanted, CHANGES_MIN) changes; *changes_out says for how many there
 * is. */
static int room_ensure(struct disk *d, size_t wanted, struct disk_done *done, size_t *changes_out)
{
    size_t least = wanted < CHANGES_MIN ? wanted : CHANGES_MIN;
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < EVICTIONS_MAX; i++) {
        *changes_out = changes_allowed(d, wanted);
        if (*changes_out >= least)
            return 0;
        rc = room_make(d, done);
    }
    return rc != 0 ? rc : MDB_MAP_FULL;
}

/* --- a batch --- */

/* Where the work on a batch stands. */
struct batch_at {
    size_t table;
    const struct pending_entry *entry;
};

static const struct pending_entry *batch_next(const struct pending *batch, struct batch_at *at)
{
    while (at->entry == NULL && at->table < STORE_TABLES)
        at->entry = batch->lists[at->table++].oldest;
    const struct pending_entry *e = at->entry;
    if (e != NULL)
        at->entry = e->newer;
    return e;
}

/* Up to `count` records. */
static int batch_write(struct disk *d, MDB_txn *txn, const struct pending *batch,
                       struct batch_at *at, size_t count)
{
    int rc = 0;
    for (; count > 0 && rc == 0; count--) {
        const struct pending_entry *e = batch_next(batch, at);
        if (e == NULL)
            break;
        struct pending_record r = { e->table, e->removed, pending_key(e), pending_value(e),
                                    e->ends };
        rc = record_write(d, txn, &r);
    }
    return rc;
}

/* What has ended, and what is past the ceilings, as far as `steps` go. */
static int tables_sweep(struct disk *d, MDB_txn *txn, const struct disk_job *job,
                        struct disk_done *done)
{
    size_t steps = job->sweep;
    int rc = 0;
    for (unsigned t = 0; t < STORE_TABLES && rc == 0 && steps > 0; t++) {
        MDB_stat s;
        rc = entries_expire(d, txn, t, job->now, &steps);
        if (rc == 0)
            rc = mdb_stat(txn, d->tables[t], &s);
        size_t over = rc == 0 && d->table_max[t] > 0 && s.ms_entries > d->table_max[t]
                          ? s.ms_entries - d->table_max[t]
                          : 0;
        over = over < steps ? over : steps;
        size_t left = over;
        if (over > 0)
            rc = entries_expire(d, txn, t, INT64_MAX, &left);
        done->evicted += over - left;
        steps -= over - left;
    }
    done->swept += job->sweep - steps;
    return rc;
}

/* One transaction: some of the batch, and when all of that is written, the sweep. */
static int step_write(struct disk *d, const struct disk_job *job, struct batch_at *at,
                      struct disk_done *done, size_t *left)
{
    MDB_txn *txn;
    size_t changes = 0;
    int rc = room_ensure(d, *left + job->sweep, done, &changes);
    if (rc == 0)
        rc = mdb_txn_begin(d->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    size_t records = *left < changes ? *left : changes;
    rc = batch_write(d, txn, job->batch, at, records);
    *left -= records;
    if (*left == 0 && rc == 0) {
        struct disk_job sweep = { .now = job->now, .sweep = changes - records };
        rc = tables_sweep(d, txn, &sweep, done);
        disk_count(txn, d, done);
    }
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

int disk_write(struct disk *d, const struct disk_job *job, struct disk_done *done, struct err *err)
{
    struct batch_at at = { 0 };
    size_t left = job->batch->count;
    int rc = 0, dead;
    mdb_reader_check(d->env, &dead);     /* one that was killed would keep its pages for ever */
    do {
        rc = step_write(d, job, &at, done, &left);
    } while (rc == 0 && left > 0);
    if (rc == 0)
        return 0;
    return disk_error(err, rc, "cannot write");
}
