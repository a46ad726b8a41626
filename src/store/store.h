/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store - the state that outlives a restart
 *
 * Small tables of keys and values, each value with an end. What is put is seen
 * at once by store_get() and is written behind: the owner calls store_flush()
 * about once a second, so `kill -9` costs at most that much. The tables lie in
 * LMDB: crash-safe, and readable by another process while we write. A thread
 * writes, so that a slow disk delays no answer.
 *
 * State helps, it never decides: a disk that is full or a file that is damaged
 * costs memory of past attacks, never mail. A damaged file is set aside under
 * another name and a fresh one begun; what cannot be written is kept in memory
 * up to a ceiling, then the oldest is dropped and counted.
 *
 * The interface says nothing of files, so that a store shared by several hosts
 * can be put behind it. Not thread-safe: one thread calls.
 */
#ifndef POSTERN_STORE_STORE_H
#define POSTERN_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define STORE_KEY_MAX 400u       /* bytes, at least one; LMDB's own limit is 511 */
#define STORE_VALUE_MAX 4000u    /* so that a value never needs two pages of the file in a row */
#define STORE_FILE_MIN ((size_t)8 << 20)   /* least `file_max`: room to make room in */

enum store_table {
    STORE_BANS,          /* network -> ban */
    STORE_TALLIES,       /* client, network, domain -> what was counted of it */
    STORE_CALLOUTS,      /* address, domain -> result of a callout */
    STORE_ZONES,         /* DNSBL zone -> health */
    STORE_SESSIONS,      /* client -> what must be remembered between its sessions */
    STORE_TABLES
};

struct store;

struct store_options {
    const char *folder;              /* made if it is not there, mode 0750; NULL: in memory only */
    size_t file_max;                 /* bytes that the file may grow to */
    size_t pending_max;              /* bytes waiting to be written before the oldest are dropped */
    size_t table_max[STORE_TABLES];  /* entries; past them those that end first go. 0: no ceiling */
};

/* Open or begin. A file that is damaged or of another version is set aside (NAME.damaged-TIME)
 * with a log line, and a fresh one is begun; if even that fails, or another process works on the
 * folder, the store lives in memory only and says so in the log, once an hour. So NULL comes
 * only for options that cannot be: *err says which.
 *
 * Call it as the user who keeps the state, after the last fork(2): LMDB's file is not for two
 * processes. Afterwards no path must be writable or even reachable: the files stay open. The thread
 * that writes is made by the first store_flush() that has something to write: rights that are given
 * up before that are given up for it, too. */
struct store *store_open(const struct store_options *o, int64_t now, struct err *err);

/* Write what waits, and close. Gives up on a disk that does not answer for ten seconds. */
void store_close(struct store **s);

/* A value that was found; the bytes live until the next call into this store. */
struct store_value {
    struct str bytes;
    int64_t ends;
};

/* The value of a key, if it has not ended (now < ends). 1, or 0 if there is none. An error of
 * the file counts as none and is logged once an hour. */
int store_get(struct store *s, enum store_table t, struct str key, int64_t now,
              struct store_value *out);

/* Remember until `ends` (UTC seconds). Too long a key or value is our own mistake. The bytes may be
 * those that store_get() gave. */
void store_put(struct store *s, enum store_table t, struct str key, struct str value, int64_t ends);
void store_remove(struct store *s, enum store_table t, struct str key);

/* Which entries to walk over: those of a table whose key starts with `prefix` and stands behind
 * `after` ("": from the first). For pages: `after` is the last key of the page before. */
struct store_range {
    enum store_table table;
    struct str prefix, after;
};

/* Each entry of the range that has not ended, in the order of keys (as memcmp), those not yet
 * written included. The callback says false to stop; it must not change the store, and may call
 * store_get(). */
typedef bool store_visit(void *ctx, struct str key, struct str value, int64_t ends);
void store_walk(struct store *s, const struct store_range *range, int64_t now, store_visit *visit,
                void *ctx);

/* Give what waits to the writing thread, in one transaction; returns at once. 0, or -1 with *err if
 * the flush before this one failed: what it held is kept and written with this one. */
int store_flush(struct store *s, struct err *err);

/* Write all that waits, and wait for it: for tests and the end. 0, or -1 with *err. */
int store_sync(struct store *s, struct err *err);

/* With the next flush remove what has ended, at most `steps` entries, and keep the ceilings. In
 * memory only it is done now, going on where it stopped. Cheap enough for every second with
 * 10,000 steps. */
void store_sweep(struct store *s, int64_t now, size_t steps);

struct store_stats {
    uint64_t entries[STORE_TABLES];  /* about: those in the file, and those waiting */
    uint64_t pending;                /* entries that wait to be written, or live in memory only */
    uint64_t pending_bytes;
    uint64_t dropped;                /* of those that waited, for want of room */
    uint64_t evicted;                /* of the file, past a ceiling, before their end */
    uint64_t flushes, failures;
    uint64_t flush_usec;             /* of the last; in the thread */
    uint64_t file_bytes;
    bool on_disk;
};
void store_stats(struct store *s, struct store_stats *out);

/* For another process: read only, without changing the file; beside a daemon or without one.
 * NULL with *err: ERR_MISSING if there is no state yet, ERR_ACCESS, ERR_FORMAT if the file is
 * damaged. What is put into it is seen by this process only. A process must not open a folder
 * twice. */
struct store *store_open_reader(const char *folder, struct err *err);

#endif
