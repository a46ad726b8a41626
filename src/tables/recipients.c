/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recipients - who can get mail here, as the server's own files say it
 *
 * One thread, made when there is first something to look for, asks for the status of
 * every file, reads all again if one has changed, and frees what the loop no
 * longer uses: a million addresses take a second to read and some time to free,
 * and neither may hold the loop. Status is polled, not told by inotify: a large
 * panel has more folders than inotify watches by default, network file systems
 * tell nothing, and a look at forty thousand files costs some fifty milliseconds
 * of the thread. After a reading the thread rests ten times as long as it took.
 *
 * The loop and the thread share `ready`, `dead` and the words of command, under
 * one lock. `table` belongs to the loop, `latest` to the thread.
 */
#define _GNU_SOURCE
#include "tables/recipients.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/must.h"
#include "event/loop.h"
#include "tables/load.h"

#define REST_FACTOR 10
#define SETTLE_PAUSE_MS 50
#define SETTLE_PAUSES 40u
#define SOURCE_MAX 4096u
#define THREAD_STACK (512u << 10)

const char *const recipients_layout_names[LAYOUT_FILES + 1] = {
    [LAYOUT_NONE] = "none", [LAYOUT_AUTO] = "auto", [LAYOUT_DEBIAN] = "debian",
    [LAYOUT_CPANEL] = "cpanel", [LAYOUT_DIRECTADMIN] = "directadmin",
    [LAYOUT_HESTIA] = "hestia", [LAYOUT_FILES] = "files",
};

struct recipients {
    struct recipients_options o;         /* copied; the arrays below */
    struct recipients_file *files;
    char **domains;
    char *root;
    struct rootfs tree;
    struct loop *loop;
    struct timer timer;
    struct loaded *now;                  /* asked; the loop's */
    struct loaded *latest;               /* read last; the thread's once it runs */
    struct hash_key note_key;
    uint64_t *noted;                     /* what was logged of the last reading, sorted */
    size_t noted_count;
    uint64_t loads;
    struct buf text, source;             /* of the last answer */

    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t called;
    bool look, quit;                     /* words of command to the thread, under the lock */
    struct loaded *ready;                /* for the loop to take */
    struct loaded *dead;                 /* for the thread to free */
    atomic_bool stop;                    /* give up reading */
};

/* --- the log --- */

static void note_log(const struct note *n)
{
    struct log_line line;
    log_begin(&line, n->level, n->event);
    if (n->layout != NULL)
        log_c(&line, "layout", n->layout);
    if (n->file.n > 0)
        log_str(&line, "file", n->file);
    if (n->domain.n > 0)
        log_str(&line, "domain", n->domain);
    log_str(&line, "text", n->text);
    log_end(&line);
}

static uint64_t note_hash(const struct recipients *r, const struct note *n)
{
    uint64_t h = hash_str(r->note_key, str_c(n->event));
    h = hash_u64(r->note_key, h, hash_str(r->note_key, n->file));
    h = hash_u64(r->note_key, h, hash_str(r->note_key, n->domain));
    return hash_u64(r->note_key, h, hash_str(r->note_key, n->text));
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Tell what was not so at the last reading. */
static void notes_log(struct recipients *r, const struct loaded *l)
{
    uint64_t *hashes = must_array(l->note_count + 1, sizeof *hashes);
    for (size_t i = 0; i < l->note_count; i++) {
        hashes[i] = note_hash(r, &l->notes[i]);
        if (r->noted_count == 0 || bsearch(&hashes[i], r->noted, r->noted_count, sizeof *hashes,
                                           by_number) == NULL)
            note_log(&l->notes[i]);
    }
    qsort(hashes, l->note_count, sizeof *hashes, by_number);
    free(r->noted);
    r->noted = hashes;
    r->noted_count = l->note_count;
}

static void load_log(const struct recipients *r)
{
    struct log_line line;
    log_begin(&line, r->loads == 1 ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO, "tables-read");
    log_u64(&line, "addresses", table_addresses(r->now->table));
    log_u64(&line, "domains", table_domains(r->now->table));
    log_u64(&line, "files", r->now->files);
    log_u64(&line, "broken", r->now->broken);
    log_u64(&line, "ms", r->now->ms);
    log_end(&line);
}

/* --- taking a new table --- */

/* r->now is a new one: say so. */
static void now_log(struct recipients *r)
{
    r->loads++;
    notes_log(r, r->now);
    load_log(r);
}

/* The new one counts from here; the old one is returned. */
static struct loaded *swap(struct recipients *r, struct loaded *fresh)
{
    struct loaded *old = r->now;
    r->now = fresh;
    now_log(r);
    return old;
}

/* In one step the new one is taken and the old one is given to the thread. Between two, the thread
 * could read the next, and there would be a second dead one, for which there is no room. */
static void on_wake(void *ctx)
{
    struct recipients *r = ctx;
    pthread_mutex_lock(&r->lock);
    struct loaded *fresh = r->ready;
    if (fresh != NULL) {
        r->ready = NULL;
        must(r->dead == NULL);
        r->dead = r->now;
        r->now = fresh;
        pthread_cond_signal(&r->called);
    }
    pthread_mutex_unlock(&r->lock);
    if (fresh != NULL)
        now_log(r);
}

/* --- the thread --- */

/* Wait for a word. False: the end. *dead_out is to be freed. */
static bool thread_wait(struct recipients *r, bool *look_out, struct loaded **dead_out)
{
    pthread_mutex_lock(&r->lock);
    /* while the loop has not taken the last one there is nothing to look for */
    while (!r->quit && r->dead == NULL && (!r->look || r->ready != NULL))
        pthread_cond_wait(&r->called, &r->lock);
    *dead_out = r->dead;
    r->dead = NULL;
    *look_out = r->look && r->ready == NULL;
    if (*look_out)
        r->look = false;
    bool go_on = !r->quit;
    pthread_mutex_unlock(&r->lock);
    return go_on;
}

/* A list that somebody writes in place is half there for a moment, and half a list refuses good
 * mail: wait until it has been quiet, but not for ever. True if there is something to read. */
static bool thread_settled(struct recipients *r)
{
    const struct timespec pause = { .tv_nsec = SETTLE_PAUSE_MS * 1000000L };
    enum loaded_state state = loaded_state(r->latest, &r->tree, &r->stop);
    for (unsigned i = 0; state == LOADED_BEING_WRITTEN && i < SETTLE_PAUSES; i++) {
        nanosleep(&pause, NULL);
        state = loaded_state(r->latest, &r->tree, &r->stop);
    }
    return state != LOADED_SAME && !atomic_load(&r->stop);
}

static void thread_look(struct recipients *r)
{
    if (!thread_settled(r))
        return;
    struct loaded *fresh = load_all(&r->o, &r->tree, &r->stop);
    if (loaded_state(fresh, &r->tree, &r->stop) == LOADED_BEING_WRITTEN) {
        loaded_free(&fresh);             /* written while it was read: once more */
        fresh = load_all(&r->o, &r->tree, &r->stop);
    }
    if (atomic_load(&r->stop)) {
        loaded_free(&fresh);
        return;
    }
    r->latest = fresh;                   /* the former is the loop's, and dead when it swaps */
    pthread_mutex_lock(&r->lock);
    r->ready = fresh;
    pthread_mutex_unlock(&r->lock);
    loop_wake(r->loop);
}

static void *thread_run(void *ctx)
{
    struct recipients *r = ctx;
    struct loaded *dead;
    bool look;
    while (thread_wait(r, &look, &dead)) {
        loaded_free(&dead);
        if (look)
            thread_look(r);
    }
    loaded_free(&dead);
    return NULL;
}

/* Signals are the loop's: the thread takes none. */
static void thread_start(struct recipients *r)
{
    pthread_attr_t attr;
    sigset_t all, before;
    must(pthread_attr_init(&attr) == 0);
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r->threaded = pthread_create(&r->thread, &attr, thread_run, r) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
}

static void thread_end(struct recipients *r)
{
    if (!r->threaded)
        return;
    atomic_store(&r->stop, true);
    pthread_mutex_lock(&r->lock);
    r->quit = true;
    pthread_cond_signal(&r->called);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    r->threaded = false;
}

/* --- looking for changes --- */

/* Without a loop, or where no thread can be had: here and now. */
static void look_here(struct recipients *r)
{
    if (loaded_state(r->latest, &r->tree, NULL) == LOADED_SAME)
        return;
    r->latest = load_all(&r->o, &r->tree, NULL);
    struct loaded *old = swap(r, r->latest);
    loaded_free(&old);
}

void recipients_check(struct recipients *r)
{
    if (r->loop != NULL && !r->threaded)
        thread_start(r);
    if (!r->threaded) {
        look_here(r);
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->look = true;
    pthread_cond_signal(&r->called);
    pthread_mutex_unlock(&r->lock);
}

static void on_timer(void *ctx)
{
    struct recipients *r = ctx;
    uint64_t rest = r->now->ms * REST_FACTOR;
    recipients_check(r);
    timer_set(r->loop, &r->timer, (int64_t)(rest > r->o.interval_ms ? rest : r->o.interval_ms),
              on_timer, r);
}

/* --- beginning and end --- */

static char *text_dup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = must_alloc(n);
    memcpy(copy, s, n);
    return copy;
}

/* The caller's options need not live on. */
static void options_copy(struct recipients *r, const struct recipients_options *o)
{
    r->o = *o;
    r->root = text_dup(o->root == NULL ? "" : o->root);
    r->o.root = r->root;
    r->files = must_array(o->file_count + 1, sizeof *r->files);
    for (size_t i = 0; i < o->file_count; i++) {
        r->files[i] = o->files[i];
        r->files[i].path = text_dup(o->files[i].path);
        r->files[i].domain = o->files[i].domain == NULL ? NULL : text_dup(o->files[i].domain);
    }
    r->o.files = r->files;
    r->domains = must_array(o->domain_count + 1, sizeof *r->domains);
    for (size_t i = 0; i < o->domain_count; i++)
        r->domains[i] = text_dup(o->domains[i]);
    r->o.domains = (const char *const *)r->domains;
}

static int options_check(const struct recipients_options *o, struct err *err)
{
    if (o->layout == LAYOUT_FILES && o->file_count == 0)
        return err_set(err, ERR_USAGE, "recipients: layout \"files\" needs files to read");
    for (size_t i = 0; i < o->file_count; i++) {
        if (o->files[i].path == NULL || o->files[i].path[0] != '/')
            return err_set(err, ERR_USAGE, "recipients: %s: the path of a file must begin with /",
                           o->files[i].path == NULL ? "(none)" : o->files[i].path);
    }
    return 0;
}

struct recipients *recipients_new(struct loop *l, const struct recipients_options *o,
                                  struct err *err)
{
    if (options_check(o, err) != 0)
        return NULL;
    struct recipients *r = must_alloc(sizeof *r);
    if (rootfs_init(&r->tree, o->root, err) != 0) {
        err_wrap(err, "root");
        free(r);
        return NULL;
    }
    rootfs_forget(&r->tree);
    options_copy(r, o);
    r->note_key = hash_key_new();
    buf_init(&r->text, TABLE_TEXT_MAX);
    buf_init(&r->source, SOURCE_MAX);
    must(pthread_mutex_init(&r->lock, NULL) == 0 && pthread_cond_init(&r->called, NULL) == 0);
    r->latest = load_all(&r->o, &r->tree, NULL);
    swap(r, r->latest);
    r->loop = l;
    if (l != NULL) {
        loop_on_wake(l, on_wake, r);
        timer_set(l, &r->timer, r->o.interval_ms, on_timer, r);
    }
    return r;
}

static void options_free(struct recipients *r)
{
    for (size_t i = 0; i < r->o.file_count; i++) {
        free((void *)(uintptr_t)r->files[i].path);
        free((void *)(uintptr_t)r->files[i].domain);
    }
    for (size_t i = 0; i < r->o.domain_count; i++)
        free(r->domains[i]);
    free(r->files);
    free(r->domains);
    free(r->root);
}

void recipients_free(struct recipients **rp)
{
    struct recipients *r = *rp;
    if (r == NULL)
        return;
    thread_end(r);
    if (r->loop != NULL) {
        timer_cancel(r->loop, &r->timer);
        loop_on_wake(r->loop, NULL, r);
    }
    loaded_free(&r->dead);
    loaded_free(&r->ready);              /* then r->latest is this one, else r->now */
    loaded_free(&r->now);
    options_free(r);
    free(r->noted);
    buf_fini(&r->text);
    buf_fini(&r->source);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->called);
    rootfs_fini(&r->tree);
    free(r);
    *rp = NULL;
}

/* --- asking --- */

static void text_split(struct recipients *r, struct recipient *out, unsigned class)
{
    struct aliases_code code;
    aliases_code(buf_str(&r->text), class, r->o.forbid_code, &code);
    out->code = code.code;
    memcpy(out->status, code.status, sizeof out->status);
    out->text = code.text;
}

void recipients_ask(struct recipients *r, struct str local_part, struct str domain,
                    struct recipient *out)
{
    struct table_answer a;
    table_ask(r->now->table, local_part, domain, &a);
    buf_reset(&r->text);
    buf_reset(&r->source);
    buf_add(&r->text, a.text);
    buf_add(&r->source, a.source);
    *out = (struct recipient){ .state = a.state, .text = buf_str(&r->text),
                               .source = buf_str(&r->source) };
    if (a.state == RECIPIENT_FAIL || a.state == RECIPIENT_DEFER)
        text_split(r, out, a.state == RECIPIENT_FAIL ? 5 : 4);
}

bool recipients_has_domain(struct recipients *r, struct str domain)
{
    uint32_t number = table_domain_find(r->now->table, domain);
    return number != TABLE_NONE && (table_domain_flags(r->now->table, number) &
                                    (DOMAIN_LOCAL | DOMAIN_BACKUP)) != 0;
}

void recipients_stats(const struct recipients *r, struct recipients_stats *out)
{
    *out = (struct recipients_stats){
        .addresses = table_addresses(r->now->table),
        .domains = table_domains(r->now->table),
        .files = r->now->files,
        .broken_files = r->now->broken,
        .loads = r->loads,
        .load_ms = r->now->ms,
        .bytes = table_bytes(r->now->table) +
                 r->now->watched_cap * sizeof *r->now->watched + r->now->paths.cap,
        .layout = r->now->layout,
    };
}
