/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_writer - the thread that writes, so that nobody waits for a disk
 *
 * It is given one job at a time and works on it alone: the batch is not
 * changed meanwhile, and the file is written by no other thread. The owner
 * looks for the outcome when it comes by again; it never waits but at the end.
 */
#ifndef POSTERN_STORE_STORE_WRITER_H
#define POSTERN_STORE_STORE_WRITER_H

#include "store/store_lmdb.h"

struct writer;

enum writer_state { WRITER_IDLE, WRITER_BUSY, WRITER_DONE };

struct writer_result {
    int failed;                  /* -1: `err` says why */
    struct err err;
    struct disk_done done;
    uint64_t usec;
};

/* Never NULL. There is no thread yet. */
struct writer *writer_new(struct disk *d);

/* What it does. WRITER_DONE: *out is filled, and it is idle from now on. */
enum writer_state writer_look(struct writer *w, struct writer_result *out);

/* As writer_look(), but waits up to `seconds` while it is busy. */
enum writer_state writer_wait(struct writer *w, unsigned seconds, struct writer_result *out);

/* Give it a job; it must be idle. `rubbish` is emptied first (NULL: none): freeing takes time
 * too. The first one makes the thread, with all signals blocked in it; where the system gives none,
 * the job has failed, and the next one tries again. */
void writer_give(struct writer *w, const struct disk_job *job, struct pending *rubbish);

/* End the idle thread. */
void writer_stop(struct writer **w);

/* Call something in a thread in which all signals are blocked, and wait for it: a write beyond
 * RLIMIT_FSIZE is then an error and not the end of the process. */
int writer_run(int (*call)(void *ctx), void *ctx);

#endif
