/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_writer - the thread that writes, so that nobody waits for a disk
 *
 * One mutex, one condition, three states. The job's memory belongs to the
 * thread from writer_give() until writer_look() says WRITER_DONE. The thread is made
 * for the first job: by then the daemon has given up its rights, which holds only for
 * threads that are made later.
 */
#include "store/store_writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/must.h"

struct writer {
    struct disk *disk;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum writer_state state;
    bool stop;
    struct disk_job job;
    struct pending *rubbish;
    struct writer_result result;
};

static uint64_t usec_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void job_do(struct writer *w)
{
    uint64_t begin = usec_now();
    w->result = (struct writer_result){ 0 };
    if (w->rubbish != NULL)
        pending_clear(w->rubbish);
    w->result.failed = disk_write(w->disk, &w->job, &w->result.done, &w->result.err);
    w->result.usec = usec_now() - begin;
}

static void *writer_main(void *self)
{
    struct writer *w = self;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        if (w->state != WRITER_BUSY) {
            pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        pthread_mutex_unlock(&w->lock);
        job_do(w);
        pthread_mutex_lock(&w->lock);
        w->state = WRITER_DONE;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* A thread inherits the mask of who makes it. */
static int thread_make(pthread_t *out, void *(*run)(void *), void *ctx)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(out, NULL, run, ctx);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

struct writer *writer_new(struct disk *d)
{
    struct writer *w = must_alloc(sizeof *w);
    pthread_condattr_t monotonic;
    w->disk = d;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return w;
}

static enum writer_state result_take(struct writer *w, struct writer_result *out)
{
    enum writer_state state = w->state;
    if (state == WRITER_DONE) {
        *out = w->result;
        w->state = WRITER_IDLE;
    }
    return state;
}

enum writer_state writer_look(struct writer *w, struct writer_result *out)
{
    pthread_mutex_lock(&w->lock);
    enum writer_state state = result_take(w, out);
    pthread_mutex_unlock(&w->lock);
    return state;
}

enum writer_state writer_wait(struct writer *w, unsigned seconds, struct writer_result *out)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&w->lock);
    int rc = 0;
    while (w->state == WRITER_BUSY && rc == 0)
        rc = pthread_cond_timedwait(&w->changed, &w->lock, &until);
    enum writer_state state = result_take(w, out);
    pthread_mutex_unlock(&w->lock);
    return state;
}

/* Without a thread the job has failed already; the next one tries again. */
static void job_refuse(struct writer *w, int errnum)
{
    if (w->rubbish != NULL)
        pending_clear(w->rubbish);
    w->result = (struct writer_result){ .failed = -1 };
    err_errno(&w->result.err, errnum, "cannot start the thread that writes the state");
    w->state = WRITER_DONE;
}

void writer_give(struct writer *w, const struct disk_job *job, struct pending *rubbish)
{
    int rc = w->running ? 0 : thread_make(&w->thread, writer_main, w);
    w->running = rc == 0;
    pthread_mutex_lock(&w->lock);
    must(w->state == WRITER_IDLE);
    w->job = *job;
    w->rubbish = rubbish;
    if (rc == 0)
        w->state = WRITER_BUSY;
    else
        job_refuse(w, rc);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

void writer_stop(struct writer **w)
{
    if (*w == NULL)
        return;
    pthread_mutex_lock(&(*w)->lock);
    (*w)->stop = true;
    pthread_cond_broadcast(&(*w)->changed);
    pthread_mutex_unlock(&(*w)->lock);
    if ((*w)->running)
        pthread_join((*w)->thread, NULL);
    pthread_cond_destroy(&(*w)->changed);
    pthread_mutex_destroy(&(*w)->lock);
    free(*w);
    *w = NULL;
}

/* --- once, in a thread of its own --- */

struct once {
    int (*call)(void *ctx);
    void *ctx;
    int result;
};

static void *once_main(void *self)
{
    struct once *o = self;
    o->result = o->call(o->ctx);
    return NULL;
}

int writer_run(int (*call)(void *ctx), void *ctx)
{
    struct once o = { call, ctx, -1 };
    pthread_t thread;
    if (thread_make(&thread, once_main, &o) != 0)
        return call(ctx);
    pthread_join(thread, NULL);
    return o.result;
}
