/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conns - all connections of one kind: accepting, connecting, the ceiling
 *
 * A daemon without descriptors must not spin on a listener that stays ready, nor
 * leave peers hanging in its queue: one descriptor is kept in reserve, with which
 * they are accepted and sent off. Where the system cannot even do that, the
 * listener rests for a moment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "event/conn_internal.h"
#include "event/listen.h"

#define ACCEPTS_AT_ONCE 64
#define PAUSE_MS 500

/* --- making and ending --- */

struct conns *conns_new(struct loop *l, const struct conns_options *o,
                        const struct conn_calls *calls, void *ctx)
{
    must(o->max > 0 && o->max <= UINT16_MAX && o->input_max > 0 && calls->input != NULL);
    struct conns *s = must_alloc(sizeof *s);
    s->loop = l;
    s->options = *o;
    s->calls = *calls;
    s->ctx = ctx;
    s->slots = must_array(o->max, sizeof *s->slots);
    s->free_slots = must_array(o->max, sizeof *s->free_slots);
    for (size_t i = 0; i < o->max; i++)
        s->free_slots[s->free_count++] = (uint32_t)(o->max - 1 - i);
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return s;
}

void conns_deafen(struct conns *s)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        timer_cancel(s->loop, &s->listeners[i].pause);
        loop_fd_free(&s->listeners[i].watch);
        close(s->listeners[i].fd);
    }
    s->listener_count = 0;
}

void conns_free(struct conns **sp)
{
    struct conns *s = *sp;
    if (s == NULL)
        return;
    must(s->depth == 0);
    conns_deafen(s);
    s->depth++;       /* no reaper is to be set any more */
    for (size_t i = 0; i < s->options.max; i++) {
        if (s->slots[i] != NULL)
            conn_end(s->slots[i], CONN_END_SHUT);
    }
    conns_reap(s);
    timer_cancel(s->loop, &s->reaper);
    if (s->spare_fd >= 0)
        close(s->spare_fd);
    free(s->slots);
    free(s->free_slots);
    free(s);
    *sp = NULL;
}

void conns_reap(struct conns *s)
{
    while (s->ended != NULL) {
        struct conn *c = s->ended;
        s->ended = c->ended_next;
        conn_bury(c);
    }
}

void conns_enter(struct conns *s)
{
    s->depth++;
}

void conns_leave(struct conns *s)
{
    if (s->depth == 1)
        conns_reap(s);
    s->depth--;
}

void conns_settle(struct conns *s)
{
    if (s->depth > 0 || s->ended == NULL)
        return;
    timer_cancel(s->loop, &s->reaper);
    conns_reap(s);
}

void conns_stats(const struct conns *s, struct conns_stats *out)
{
    *out = s->stats;
}

struct conn *conn_find(struct conns *s, uint64_t id)
{
    size_t slot = id & 0xffff;
    struct conn *c = slot < s->options.max ? s->slots[slot] : NULL;
    return c != NULL && c->id == id && !c->ended ? c : NULL;
}

/* --- accepting --- */

/* There is no place: say so without waiting, and go. */
static void send_off(struct conns *s, int fd)
{
    uint64_t count;
    struct log_line line;
    if (s->options.busy.n > 0)
        send(fd, s->options.busy.p, s->options.busy.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
    s->stats.busy++;
    if (!log_rate_pass(&s->busy_rate, loop_ms(s->loop), LOG_RATE_HOUR, &count))
        return;
    log_begin(&line, LOG_LEVEL_WARNING, "connections-full");
    log_c(&line, "socket", s->options.name);
    log_u64(&line, "limit", s->options.max);
    log_u64(&line, "count", count);
    log_end(&line);
}

/* Make room: the one that has been idle longest goes. */
static bool evict(struct conns *s)
{
    if (s->idle_first == NULL)
        return false;
    s->stats.evicted++;
    conn_end(s->idle_first, CONN_END_ROOM);
    conns_reap(s);    /* called by the loop only: no callback of an owner is running */
    return s->free_count > 0;
}

static void admit(struct listener *l, int fd)
{
    struct conns *s = l->kind;
    const int on = 1;
    if (s->free_count == 0)
        conns_reap(s);
    if (s->free_count == 0 && !evict(s)) {
        send_off(s, fd);
        return;
    }
    if (l->tcp)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct conn *c = conn_begin(s, fd, false, NULL);
    if (c == NULL)
        return;
    s->stats.accepted++;
    if (s->calls.opened != NULL)
        s->calls.opened(s->ctx, c);
    conn_read(c);
}

static void accept_log(struct conns *s, int errnum)
{
    uint64_t count;
    struct log_line line;
    if (!log_rate_pass(&s->accept_rate, loop_ms(s->loop), LOG_RATE_HOUR, &count))
        return;
    log_begin(&line, LOG_LEVEL_ERROR, "accept-failed");
    log_c(&line, "socket", s->options.name);
    log_c(&line, "reason", strerror(errnum));
    log_u64(&line, "count", count);
    log_end(&line);
}

static void on_pause_over(void *ctx)
{
    struct listener *l = ctx;
    loop_fd_want(l->watch, LOOP_READ);
}

/* accept() failed for want of something. False: rest. */
static bool accept_with_spare(struct listener *l, int errnum)
{
    struct conns *s = l->kind;
    int fd = -1;
    accept_log(s, errnum);
    if ((errnum == EMFILE || errnum == ENFILE) && s->spare_fd >= 0) {
        close(s->spare_fd);
        fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            send_off(s, fd);
        s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    } else if (s->spare_fd < 0) {
        s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (fd >= 0)
        return true;
    loop_fd_want(l->watch, 0);
    timer_set(s->loop, &l->pause, PAUSE_MS, on_pause_over, l);
    return false;
}

static void on_acceptable(void *ctx, int listening, unsigned events)
{
    struct listener *l = ctx;
    struct conns *s = l->kind;
    bool more = true;
    (void)events;
    conns_enter(s);
    for (int i = 0; i < ACCEPTS_AT_ONCE && more; i++) {
        int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            admit(l, fd);
        else if (errno == EAGAIN)
            more = false;
        else if (errno != EINTR && errno != ECONNABORTED)
            more = accept_with_spare(l, errno);
    }
    conns_leave(s);
}

int conns_listen(struct conns *s, int fd, struct err *err)
{
    struct sockaddr_storage address;
    socklen_t n = sizeof address;
    must(s->listener_count < LISTENERS_MAX);
    struct listener *l = &s->listeners[s->listener_count];
    *l = (struct listener){ .kind = s, .fd = fd };
    l->tcp = getsockname(fd, (struct sockaddr *)&address, &n) == 0 && address.ss_family != AF_UNIX;
    l->watch = loop_fd_new(s->loop, fd, LOOP_READ, on_acceptable, l);
    if (l->watch == NULL) {
        close(fd);
        return err_set(err, ERR_IO, "the %s socket cannot be watched", s->options.name);
    }
    s->listener_count++;
    return 0;
}

/* --- connecting --- */

static int connect_begin(const struct conn_target *t, int *errnum_out)
{
    struct sockaddr_storage address, local;
    socklen_t n = listen_address(&t->ip, t->port, &address);
    const int on = 1;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return *errnum_out = errno, -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (t->local != NULL &&
        bind(fd, (struct sockaddr *)&local, listen_address(t->local, 0, &local)) != 0)
        *errnum_out = errno;
    else if (connect(fd, (struct sockaddr *)&address, n) != 0 && errno != EINPROGRESS)
        *errnum_out = errno;
    return fd;
}

uint64_t conns_connect(struct conns *s, const struct conn_target *t, void *user)
{
    int errnum = 0;
    if (s->free_count == 0)
        return 0;
    int fd = connect_begin(t, &errnum);
    if (fd < 0)
        return 0;
    struct conn *c = conn_begin(s, fd, true, user);
    if (c == NULL)
        return 0;
    uint64_t id = c->id;
    conn_deadline(c, t->timeout_ms);
    if (errnum != 0) {
        c->errnum = errnum;
        conn_end(c, CONN_END_ERROR);
    }
    return id;
}
