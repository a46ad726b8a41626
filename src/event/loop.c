/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop - one thread that waits for descriptors, timers and signals
 *
 * libevent knows one timer of ours, set to the first deadline of the heap. It
 * is not moved when that deadline is cancelled or put off: waking once in vain
 * costs less than a system call for each request.
 *
 * What is due is fired in the order of its times, in rounds: a timer that is set
 * for now by a callback waits for the next round. A round follows at once, since
 * to ask the kernel first would cost more than most of them do; but after some
 * rounds the kernel is asked, so that descriptors always get their turn. A
 * virtual loop has no libevent at all.
 */
#define _GNU_SOURCE
#include "event/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/must.h"
#include "event/timer_heap.h"

#define SIGNALS_MAX 16
#define WAKES_MAX 8
#define ROUNDS_MAX 16u         /* of timers for now, before the kernel is asked again */
#define TICK_MAX_MS 3600000    /* wake once an hour: no deadline is too far for a timeval */

struct watched_signal {
    loop_signal_callback *call;
    void *ctx;
    struct event *event;
};

struct wake {
    loop_wake_callback *call;
    void *ctx;
};

struct loop {
    struct event_base *base;          /* NULL: virtual */
    struct timer_heap timers;
    struct event *tick;
    int64_t tick_ms;                  /* when tick comes; INT64_MAX: not set */
    struct event *soon;               /* active: a round follows at once */
    unsigned rounds;                  /* since the kernel was asked */
    bool firing;                      /* what is set meanwhile is armed once, at the end */
    int64_t virtual_ms, virtual_utc;  /* since the start; at the start */
    bool stopped;
    int wake_fd;
    struct event *wake_event;
    atomic_bool woken;                /* virtual: stands for wake_fd */
    struct wake wakes[WAKES_MAX];
    struct watched_signal signals[SIGNALS_MAX];
    size_t signal_count;
};

struct loop_fd {
    struct event *event;
    struct loop *loop;
    loop_fd_callback *call;
    void *ctx;
    unsigned wanted;
};

/* --- clocks --- */

static int64_t monotonic_us(void)
{
    struct timespec t;
    must(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t loop_ms(const struct loop *l)
{
    return l->base == NULL ? l->virtual_ms : monotonic_us() / 1000;
}

int64_t loop_usec(const struct loop *l)
{
    return l->base == NULL ? l->virtual_ms * 1000 : monotonic_us();
}

int64_t loop_utc(const struct loop *l)
{
    struct timespec t;
    if (l->base == NULL)
        return l->virtual_utc + l->virtual_ms / 1000;
    must(clock_gettime(CLOCK_REALTIME, &t) == 0);
    return (int64_t)t.tv_sec;
}

void loop_set_utc(struct loop *l, int64_t utc)
{
    must(l->base == NULL);
    l->virtual_utc = utc - l->virtual_ms / 1000;
}

/* --- timers --- */

/* See to it that the first timer is fired when it is due. */
static void arm(struct loop *l, int64_t now)
{
    const struct timer_place *first = timer_heap_first(&l->timers);
    if (l->base == NULL || first == NULL || l->firing)
        return;
    int64_t wait = first->due_ms - now;
    if (wait <= 0 && l->rounds < ROUNDS_MAX) {
        event_active(l->soon, EV_TIMEOUT, 0);
        return;
    }
    if (first->due_ms >= l->tick_ms)
        return;
    wait = wait < 0 ? 0 : wait > TICK_MAX_MS ? TICK_MAX_MS : wait;
    struct timeval tv = { .tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000 };
    must(evtimer_add(l->tick, &tv) == 0);
    l->tick_ms = first->due_ms;
}

static void timer_fire(struct loop *l, struct timer *t)
{
    timer_heap_remove(&l->timers, t);
    t->call(t->ctx);   /* may free what holds t */
}

static void fire_round(struct loop *l)
{
    const struct timer_place *first;
    int64_t now = loop_ms(l);
    uint64_t end = l->timers.next_number;
    l->firing = true;
    while (!l->stopped && (first = timer_heap_first(&l->timers)) != NULL && first->due_ms <= now &&
           first->number < end)
        timer_fire(l, first->timer);
    l->firing = false;
    arm(l, loop_ms(l));
}

static void on_soon(evutil_socket_t fd, short events, void *ctx)
{
    struct loop *l = ctx;
    (void)fd;
    (void)events;
    l->rounds++;
    fire_round(l);
}

static void on_tick(evutil_socket_t fd, short events, void *ctx)
{
    struct loop *l = ctx;
    (void)fd;
    (void)events;
    l->rounds = 0;
    l->tick_ms = INT64_MAX;
    fire_round(l);
}

void timer_set(struct loop *l, struct timer *t, int64_t ms, timer_callback *call, void *ctx)
{
    int64_t now = loop_ms(l);
    t->call = call;
    t->ctx = ctx;
    if (ms < 0)
        ms = 0;
    timer_heap_set(&l->timers, t, ms > INT64_MAX / 2 ? INT64_MAX / 2 : now + ms);
    arm(l, now);
}

void timer_cancel(struct loop *l, struct timer *t)
{
    timer_heap_remove(&l->timers, t);
}

/* --- waking from other threads --- */

static void wakes_call(struct loop *l)
{
    for (size_t i = 0; i < WAKES_MAX; i++) {
        if (l->wakes[i].call != NULL)
            l->wakes[i].call(l->wakes[i].ctx);
    }
}

static void on_wake_fd(evutil_socket_t fd, short events, void *ctx)
{
    uint64_t count;
    (void)events;
    while (read((int)fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    wakes_call(ctx);
}

void loop_on_wake(struct loop *l, loop_wake_callback *call, void *ctx)
{
    struct wake *spare = NULL;
    for (size_t i = 0; i < WAKES_MAX; i++) {
        struct wake *w = &l->wakes[i];
        if (w->call != NULL && w->ctx == ctx) {
            w->call = call;
            return;
        }
        if (w->call == NULL && spare == NULL)
            spare = w;
    }
    if (call == NULL)
        return;
    must(spare != NULL);
    *spare = (struct wake){ .call = call, .ctx = ctx };
}

void loop_wake(struct loop *l)
{
    const uint64_t one = 1;
    if (l->base == NULL) {
        atomic_store(&l->woken, true);
        return;
    }
    /* EAGAIN: the counter is full, so the loop is going to wake anyway */
    while (write(l->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

/* --- making, ending --- */

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    must(config != NULL);
    must(event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    must(base != NULL);
    return base;
}

struct loop *loop_new(void)
{
    struct loop *l = must_alloc(sizeof *l);
    l->base = base_new();
    l->tick = evtimer_new(l->base, on_tick, l);
    l->soon = evtimer_new(l->base, on_soon, l);
    l->tick_ms = INT64_MAX;
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    must(l->tick != NULL && l->soon != NULL && l->wake_fd >= 0);
    l->wake_event = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake_fd, l);
    must(l->wake_event != NULL && event_add(l->wake_event, NULL) == 0);
    return l;
}

struct loop *loop_new_virtual(int64_t utc)
{
    struct loop *l = must_alloc(sizeof *l);
    l->virtual_utc = utc;
    l->wake_fd = -1;
    l->tick_ms = INT64_MAX;
    return l;
}

void loop_free(struct loop **lp)
{
    struct loop *l = *lp;
    if (l == NULL)
        return;
    timer_heap_fini(&l->timers);
    for (size_t i = 0; i < l->signal_count; i++)
        event_free(l->signals[i].event);
    if (l->base != NULL) {
        event_free(l->tick);
        event_free(l->soon);
        event_free(l->wake_event);
        close(l->wake_fd);
        event_base_free(l->base);
    }
    free(l);
    *lp = NULL;
}

void *loop_base(struct loop *l)
{
    return l->base;
}

/* --- running --- */

void loop_advance(struct loop *l, int64_t ms)
{
    must(l->base == NULL && ms >= 0);
    int64_t end = l->virtual_ms + ms;
    const struct timer_place *first;
    for (;;) {
        if (atomic_exchange(&l->woken, false))
            wakes_call(l);
        first = timer_heap_first(&l->timers);
        if (first == NULL || first->due_ms > end)
            break;
        if (first->due_ms > l->virtual_ms)
            l->virtual_ms = first->due_ms;
        timer_fire(l, first->timer);
    }
    l->virtual_ms = end;
}

/* As fast as it goes, from timer to timer, until there is none. */
static void run_virtual(struct loop *l)
{
    const struct timer_place *first;
    while (!l->stopped && (first = timer_heap_first(&l->timers)) != NULL) {
        if (first->due_ms > l->virtual_ms)
            l->virtual_ms = first->due_ms;
        timer_fire(l, first->timer);
        if (atomic_exchange(&l->woken, false))
            wakes_call(l);
    }
}

int loop_run(struct loop *l, struct err *err)
{
    int rc = 0;
    if (l->base == NULL)
        run_virtual(l);
    else if (!l->stopped && event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY) != 0)
        rc = err_set(err, ERR_IO, "the event loop gave up (libevent, method %s)",
                     event_base_get_method(l->base));
    l->stopped = false;
    return rc;
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
    if (l->base != NULL)
        event_base_loopbreak(l->base);
}

/* --- descriptors --- */

static void on_fd(evutil_socket_t fd, short events, void *ctx)
{
    struct loop_fd *f = ctx;
    unsigned ready = (events & EV_READ ? LOOP_READ : 0) | (events & EV_WRITE ? LOOP_WRITE : 0);
    f->call(f->ctx, (int)fd, ready);   /* may free f */
}

static short flags_of(unsigned wanted)
{
    return (short)(EV_PERSIST | (wanted & LOOP_READ ? EV_READ : 0) |
                   (wanted & LOOP_WRITE ? EV_WRITE : 0));
}

struct loop_fd *loop_fd_new(struct loop *l, int fd, unsigned events, loop_fd_callback *call,
                            void *ctx)
{
    if (l->base == NULL)
        return NULL;
    struct loop_fd *f = must_alloc(sizeof *f);
    *f = (struct loop_fd){ .loop = l, .call = call, .ctx = ctx, .wanted = events };
    f->event = event_new(l->base, fd, flags_of(events), on_fd, f);
    must(f->event != NULL);
    if (events != 0 && event_add(f->event, NULL) != 0)
        loop_fd_free(&f);
    return f;
}

void loop_fd_want(struct loop_fd *f, unsigned events)
{
    if (f->wanted == events)
        return;
    int fd = (int)event_get_fd(f->event);
    f->wanted = events;
    must(event_del(f->event) == 0);
    must(event_assign(f->event, f->loop->base, fd, flags_of(events), on_fd, f) == 0);
    if (events != 0)
        must(event_add(f->event, NULL) == 0);
}

void loop_fd_free(struct loop_fd **fp)
{
    if (*fp == NULL)
        return;
    event_free((*fp)->event);
    free(*fp);
    *fp = NULL;
}

/* --- signals --- */

static void on_signal(evutil_socket_t number, short events, void *ctx)
{
    struct watched_signal *s = ctx;
    (void)events;
    s->call(s->ctx, (int)number);
}

int loop_signal(struct loop *l, int number, loop_signal_callback *call, void *ctx, struct err *err)
{
    if (l->base == NULL)
        return err_set(err, ERR_USAGE, "a loop on a virtual clock takes no signals");
    must(l->signal_count < SIGNALS_MAX);
    struct watched_signal *s = &l->signals[l->signal_count];
    *s = (struct watched_signal){ .call = call, .ctx = ctx };
    s->event = evsignal_new(l->base, number, on_signal, s);
    must(s->event != NULL);
    if (event_add(s->event, NULL) != 0) {
        event_free(s->event);
        return err_set(err, ERR_IO, "signal %d cannot be watched", number);
    }
    l->signal_count++;
    return 0;
}
