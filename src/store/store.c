/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store - the state that outlives a restart
 *
 * Three sets of entries in memory take turns: `front` takes what is put,
 * `back` is what the thread writes now, the third is emptied there meanwhile.
 * A look goes through front and back before it asks the file. If a batch could
 * not be written, what it held returns to the front, behind what is newer.
 *
 * Without a file the front is all there is: then it is swept here.
 */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "store/store_place.h"
#include "store/store_writer.h"

#define COMPLAIN_EVERY 3600      /* seconds */
#define CLOSE_SECONDS 10u
#define READER_PENDING ((size_t)1 << 20)

struct store {
    struct store_options options;
    struct disk *disk;           /* NULL: in memory only */
    struct writer *writer;       /* NULL: in memory only, or a reader */
    int lock;                    /* of the folder; -1 */
    struct pending sets[3];
    struct pending *front;
    struct pending *back;        /* given to the writer, not yet known to be written; NULL */
    struct pending *spare;       /* empty; NULL while it is `rubbish` or in use */
    struct pending *rubbish;     /* written: its entries are only to be freed; NULL */
    struct buf value;            /* what store_get() gave */
    int64_t sweep_now;
    size_t sweep_steps;
    int64_t complained;          /* when an error was last logged; 0 */
    struct err failure;          /* why it lives in memory only */
    struct store_stats stats;
};

/* One line an hour for whatever is wrong with the file. */
static void store_complain(struct store *s, const struct err *err)
{
    int64_t now = clock_now();
    if (s->complained != 0 && now >= s->complained && now - s->complained < COMPLAIN_EVERY)
        return;                  /* and if the clock was set back, it is said again */
    s->complained = now;
    log_text(LOG_LEVEL_WARNING, s->disk == NULL ? "state-in-memory-only" : "state-trouble",
             "%s; %s", err->text,
             s->disk == NULL ? "a restart will forget bans and tallies"
                             : "what cannot be written is kept in memory");
}

static void stats_take(struct store *s, const struct disk_done *done)
{
    s->stats.file_bytes = done->file_bytes;
    memcpy(s->stats.entries, done->entries, sizeof s->stats.entries);
}

/* --- opening and closing --- */

static int options_check(const struct store_options *o, struct err *err)
{
    if (o->pending_max < 65536)
        return err_set(err, ERR_USAGE, "pending_max is below 64 KiB");
    if (o->folder != NULL && o->file_max < STORE_FILE_MIN)
        return err_set(err, ERR_USAGE, "the state may not be smaller than %zu MiB",
                       STORE_FILE_MIN >> 20);
    return 0;
}

struct opening {
    struct store *store;
    struct err err;
};

static int file_open(void *ctx)
{
    struct opening *o = ctx;
    char path[PLACE_PATH_MAX];
    const struct store_options *options = &o->store->options;
    if (place_path(options->folder, PLACE_FILE, path, &o->err) == 0)
        o->store->disk = disk_open(path, options, &o->err);
    return o->store->disk == NULL ? -1 : 0;
}

/* Verify and open; a file that is no good is set aside, once. */
static int folder_open(struct store *s, int64_t now, struct err *err)
{
    const char *folder = s->options.folder;
    struct opening o = { .store = s };
    s->lock = place_take(folder, err);
    if (s->lock < 0)
        return -1;
    int rc = place_verify(folder, &o.err);
    if (rc == 0)
        rc = writer_run(file_open, &o);
    if (rc != 0 && o.err.kind == ERR_FORMAT) {
        rc = place_set_aside(folder, now, o.err.text, &o.err);
        if (rc == 0)
            rc = writer_run(file_open, &o);
    }
    if (rc == 0) {
        s->writer = writer_new(s->disk);
        return 0;
    }
    *err = o.err;
    close(s->lock);
    s->lock = -1;
    return -1;
}

static struct store *store_new(const struct store_options *o)
{
    struct store *s = must_alloc(sizeof *s);
    s->options = *o;
    s->lock = -1;
    buf_init(&s->value, STORE_VALUE_MAX);
    return s;
}

/* The file is open, or there is none. */
static void store_begin(struct store *s, size_t pending_max)
{
    struct disk_done done = { 0 };
    for (size_t i = 0; i < 3; i++)
        pending_init(&s->sets[i], i == 0 || s->disk != NULL ? pending_max : 0);
    s->front = &s->sets[0];
    s->spare = &s->sets[1];
    s->rubbish = &s->sets[2];
    if (s->disk == NULL)
        return;
    disk_stats(s->disk, &done);
    stats_take(s, &done);
}

struct store *store_open(const struct store_options *o, int64_t now, struct err *err)
{
    if (options_check(o, err) != 0)
        return NULL;
    struct store *s = store_new(o);
    if (o->folder != NULL && folder_open(s, now, &s->failure) != 0)
        store_complain(s, &s->failure);
    store_begin(s, o->pending_max);
    s->options.folder = NULL;    /* the caller's, and not needed again */
    return s;
}

struct store *store_open_reader(const char *folder, struct err *err)
{
    char path[PLACE_PATH_MAX];
    if (place_path(folder, PLACE_FILE, path, err) != 0)
        return NULL;
    if (access(path, R_OK) != 0) {
        if (errno == ENOENT)
            err_set(err, ERR_MISSING, "there is no state in %s", folder);
        else
            err_errno(err, errno, "cannot read %s", path);
        return NULL;
    }
    struct store *s = store_new(&(struct store_options){ .pending_max = READER_PENDING });
    /* In this order: the transaction that disk_open_reader() begins keeps all pages that are then
     * verified from being written again by a daemon at work. */
    s->disk = disk_open_reader(path, err);
    if (s->disk == NULL || place_verify(folder, err) != 0 || disk_begin_reader(s->disk, err) != 0) {
        store_close(&s);
        return NULL;
    }
    store_begin(s, READER_PENDING);
    return s;
}

void store_close(struct store **sp)
{
    struct store *s = *sp;
    if (s == NULL)
        return;
    *sp = NULL;
    struct err err;
    if (s->writer != NULL && store_sync(s, &err) != 0)
        log_text(LOG_LEVEL_WARNING, "state-not-written", "%s", err.text);
    if (s->back != NULL)
        return;                  /* the disk hangs: the thread still has all this */
    writer_stop(&s->writer);
    disk_close(&s->disk);
    for (size_t i = 0; i < 3; i++) {
        if (s->sets[i].buckets != NULL)
            pending_fini(&s->sets[i]);
    }
    if (s->lock >= 0)
        close(s->lock);
    buf_fini(&s->value);
    free(s);
}

/* --- one entry --- */

/* What memory has of a key: the entry, which may say that it is removed, or NULL. */
static const struct pending_entry *memory_find(const struct store *s, enum store_table t,
                                               struct str key)
{
    const struct pending_entry *e = pending_find(s->front, t, key);
    if (e == NULL && s->back != NULL)
        e = pending_find(s->back, t, key);
    return e;
}

int store_get(struct store *s, enum store_table t, struct str key, int64_t now,
              struct store_value *out)
{
    must(t < STORE_TABLES && key.n > 0 && key.n <= STORE_KEY_MAX);
    const struct pending_entry *e = memory_find(s, t, key);
    buf_reset(&s->value);
    out->ends = 0;
    if (e != NULL && e->removed)
        return 0;
    if (e != NULL) {
        buf_add(&s->value, pending_value(e));
        out->ends = e->ends;
    } else if (s->disk != NULL) {
        struct err err;
        struct pending_record what = { .table = t, .key = key };
        int got = disk_get(s->disk, &what, &s->value, &out->ends, &err);
        if (got < 0)
            store_complain(s, &err);
        if (got <= 0)
            return 0;
    }
    out->bytes = buf_str(&s->value);
    return now < out->ends;
}

/* Past the ceiling the oldest go. In a batch that is being written nothing can be dropped. */
static void room_keep(struct store *s)
{
    size_t back = s->back != NULL ? s->back->bytes : 0;
    while (s->front->bytes + back > s->options.pending_max && s->front->count > 1 &&
           pending_drop_oldest(s->front))
        s->stats.dropped++;
    /* in memory only, the ceilings of the tables are kept here */
    for (size_t t = 0; s->disk == NULL && t < STORE_TABLES; t++) {
        struct pending_list *list = &s->front->lists[t];
        while (s->options.table_max[t] > 0 && list->count > s->options.table_max[t]) {
            pending_drop(s->front, list->oldest);
            s->stats.dropped++;
        }
    }
}

void store_put(struct store *s, enum store_table t, struct str key, struct str value, int64_t ends)
{
    must(t < STORE_TABLES);
    pending_put(s->front, &(struct pending_record){ t, false, key, value, ends > 0 ? ends : 0 });
    room_keep(s);
}

void store_remove(struct store *s, enum store_table t, struct str key)
{
    must(t < STORE_TABLES);
    struct pending_entry *e = pending_find(s->front, t, key);
    if (s->disk != NULL)
        pending_put(s->front, &(struct pending_record){ t, true, key, STR(""), 0 });
    else if (e != NULL)
        pending_drop(s->front, e);
    room_keep(s);
}

/* --- walking: front, back and the file, merged by key --- */

struct merge {
    struct pending_entry **list[2];
    size_t count[2], at[2];
    struct disk_walk disk;
    bool on_disk;                /* disk.at holds the next of the file */
};

static void merge_begin(struct store *s, const struct store_range *range, struct merge *m)
{
    *m = (struct merge){ 0 };
    m->list[0] = pending_sorted(s->front, range, &m->count[0]);
    if (s->back != NULL)
        m->list[1] = pending_sorted(s->back, range, &m->count[1]);
    if (s->disk != NULL && disk_walk_begin(s->disk, range, &m->disk) == 0)
        m->on_disk = disk_walk_next(&m->disk) == 1;
}

static void merge_end(struct merge *m)
{
    free(m->list[0]);
    free(m->list[1]);
    disk_walk_end(&m->disk);
}

/* The next key's newest record; the older ones of the same key are stepped over. */
static bool merge_next(struct merge *m, struct pending_record *out)
{
    const struct pending_entry *e[2] = { NULL, NULL };
    struct str least = { 0 };
    bool any = false;
    for (int i = 0; i < 2; i++) {
        e[i] = m->at[i] < m->count[i] ? m->list[i][m->at[i]] : NULL;
        if (e[i] != NULL && (!any || str_cmp(pending_key(e[i]), least) < 0)) {
            least = pending_key(e[i]);
            any = true;
        }
    }
    if (m->on_disk && (!any || str_cmp(m->disk.at.key, least) < 0)) {
        *out = m->disk.at;
        return true;             /* the walk moves on at the next call: its views must stay */
    }
    for (int i = 1; i >= 0; i--) {
        if (e[i] == NULL || !str_eq(pending_key(e[i]), least))
            continue;
        *out = (struct pending_record){ e[i]->table, e[i]->removed, pending_key(e[i]),
                                        pending_value(e[i]), e[i]->ends };
        m->at[i]++;
    }
    return any;
}

void store_walk(struct store *s, const struct store_range *range, int64_t now, store_visit *visit,
                void *ctx)
{
    struct merge m;
    struct pending_record r = { 0 };
    merge_begin(s, range, &m);
    while (merge_next(&m, &r)) {
        if (!r.removed && now < r.ends && !visit(ctx, r.key, r.value, r.ends))
            break;
        if (m.on_disk && str_eq(m.disk.at.key, r.key))
            m.on_disk = disk_walk_next(&m.disk) == 1;
    }
    merge_end(&m);
}

/* --- writing behind --- */

/* Take the outcome of the job that was done. */
static int outcome_take(struct store *s, const struct writer_result *r, struct err *err)
{
    s->stats.flush_usec = r->usec;
    s->stats.evicted += r->done.evicted;
    if (r->failed == 0) {
        s->stats.flushes++;
        stats_take(s, &r->done);
        if (s->spare == NULL)
            s->spare = s->rubbish;   /* emptied by the thread */
        s->rubbish = s->back;
        s->back = NULL;
        return 0;
    }
    s->stats.failures++;
    *err = r->err;
    if (s->spare == NULL)
        s->spare = s->rubbish;
    pending_merge(s->front, s->back);
    s->rubbish = s->back;        /* empty already */
    s->back = NULL;
    room_keep(s);
    return -1;
}

/* Hand over what waits. */
static void job_give(struct store *s)
{
    struct disk_job job = { .batch = s->front, .now = s->sweep_now, .sweep = s->sweep_steps };
    if (s->front->count == 0 && s->sweep_steps == 0)
        return;
    must(s->back == NULL && s->spare != NULL);
    s->back = s->front;
    s->front = s->spare;
    s->spare = NULL;
    s->sweep_steps = 0;
    writer_give(s->writer, &job, s->rubbish);
}

/* Look for the outcome, waiting `seconds` for it. 0, 1 if the thread is still at work, or -1. */
static int outcome_look(struct store *s, unsigned seconds, struct err *err)
{
    struct writer_result r;
    disk_refresh(s->disk);
    switch (seconds > 0 ? writer_wait(s->writer, seconds, &r) : writer_look(s->writer, &r)) {
    case WRITER_BUSY:
        return 1;
    case WRITER_DONE:
        return outcome_take(s, &r, err);
    case WRITER_IDLE:
        break;
    }
    return 0;
}

int store_flush(struct store *s, struct err *err)
{
    struct err ignored;
    if (s->writer == NULL) {
        if (s->failure.kind != ERR_NONE)
            store_complain(s, &s->failure);
        return 0;
    }
    int rc = outcome_look(s, 0, err != NULL ? err : &ignored);
    if (rc <= 0)
        job_give(s);
    return rc < 0 ? -1 : 0;
}

int store_sync(struct store *s, struct err *err)
{
    struct err ignored;
    err = err != NULL ? err : &ignored;
    if (s->writer == NULL)
        return 0;
    if (outcome_look(s, CLOSE_SECONDS, err) == 1)
        return err_set(err, ERR_IO, "the disk does not answer");
    job_give(s);
    int rc = outcome_look(s, CLOSE_SECONDS, err);
    return rc == 1 ? err_set(err, ERR_IO, "the disk does not answer") : rc;
}

void store_sweep(struct store *s, int64_t now, size_t steps)
{
    s->sweep_now = now;
    s->sweep_steps = steps;
    if (s->disk == NULL)
        pending_sweep(s->front, now, steps);
}

void store_stats(struct store *s, struct store_stats *out)
{
    *out = s->stats;
    const struct pending *back = s->back;
    out->pending = s->front->count + (back != NULL ? back->count : 0);
    out->pending_bytes = s->front->bytes + (back != NULL ? back->bytes : 0);
    out->on_disk = s->disk != NULL;
    for (size_t t = 0; t < STORE_TABLES; t++)
        out->entries[t] += s->front->lists[t].count;
}
