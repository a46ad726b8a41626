/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop - one thread that waits for descriptors, timers and signals
 *
 * libevent does the waiting. Timers are ours: a heap of deadlines of which the
 * loop knows only the next. So the same code runs on a virtual clock, where a
 * test moves time by hours in a microsecond and nothing sleeps.
 *
 * Two clocks, never mixed: loop_ms() is monotonic milliseconds, for deadlines
 * and durations; loop_utc() is seconds since 1970, for what outlives a restart.
 * No function here is thread-safe but loop_wake().
 */
#ifndef POSTERN_EVENT_LOOP_H
#define POSTERN_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct loop_fd;

/* A timer: the owner embeds it, zeroed; it is pending or not. The callback may set it again. */
typedef void timer_callback(void *ctx);
struct timer {
    timer_callback *call;
    void *ctx;
    int64_t due_ms;
    uint32_t place;      /* in the heap, counted from 1; 0: not pending */
};

/* On libevent, or on a virtual clock that starts at `utc`. Never NULL. */
struct loop *loop_new(void);
struct loop *loop_new_virtual(int64_t utc);
void loop_free(struct loop **l);

/* The struct event_base for src/dns and the HTTP server; NULL on a virtual clock. */
void *loop_base(struct loop *l);

int64_t loop_ms(const struct loop *l);
int64_t loop_utc(const struct loop *l);

/* Microseconds of the monotonic clock, read now: only for measuring. On a virtual clock loop_ms()
 * times 1000. */
int64_t loop_usec(const struct loop *l);

/* Run until loop_stop(), which may have been called before. On a virtual clock: from timer to
 * timer, as fast as it goes, until there is none. 0, or -1 if libevent gives up. */
int loop_run(struct loop *l, struct err *err);
void loop_stop(struct loop *l);

/* Virtual clock only: pass `ms` milliseconds, firing what is due in its order, each at its time. */
void loop_advance(struct loop *l, int64_t ms);

/* Virtual clock only: somebody sets the clock of the system. loop_ms() goes on as it was. */
void loop_set_utc(struct loop *l, int64_t utc);

/* Call back once, `ms` from now, never before this returns. A pending timer is moved. Timers that
 * set each other for now do not keep descriptors waiting for long. */
void timer_set(struct loop *l, struct timer *t, int64_t ms, timer_callback *call, void *ctx);
void timer_cancel(struct loop *l, struct timer *t);
static inline bool timer_pending(const struct timer *t) { return t->place != 0; }

/* Descriptors. `events` is LOOP_READ and LOOP_WRITE; the callback is called while they are ready.
 * Free it before the descriptor is closed. NULL on a virtual clock or when the system refuses. */
#define LOOP_READ 1u
#define LOOP_WRITE 2u
typedef void loop_fd_callback(void *ctx, int fd, unsigned events);
struct loop_fd *loop_fd_new(struct loop *l, int fd, unsigned events, loop_fd_callback *call,
                            void *ctx);
void loop_fd_want(struct loop_fd *f, unsigned events);
void loop_fd_free(struct loop_fd **f);

/* Call back in the loop for every `number` signal. 0 or -1. */
typedef void loop_signal_callback(void *ctx, int number);
int loop_signal(struct loop *l, int number, loop_signal_callback *call, void *ctx, struct err *err);

/* From any thread: call back in the loop soon. Several wakes may come as one, and each goes to all
 * who listen (up to 8, told apart by `ctx`); `call` NULL ends the listening of `ctx`. On a virtual
 * clock loop_advance() and loop_run() call back. */
typedef void loop_wake_callback(void *ctx);
void loop_on_wake(struct loop *l, loop_wake_callback *call, void *ctx);
void loop_wake(struct loop *l);

#endif
