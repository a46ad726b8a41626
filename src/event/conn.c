/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn - one stream connection
 *
 * Bytes are read when there is room for them, given to the owner unless it
 * holds the connection, and kept if it does not take them. What is written goes
 * out at once as far as the system takes it. A connection without bytes that wait
 * has no buffers, so a thousand idle ones cost little.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "event/conn_internal.h"

#define READ_PIECE 4096u

const char *const conn_end_names[] = { "done", "peer", "late", "unread", "flood",
                                       "room", "dropped", "error", "shut" };

/* --- beginning and ending --- */

static void on_ready(void *ctx, int fd, unsigned events);

struct conn *conn_begin(struct conns *s, int fd, bool connecting, void *user)
{
    if (s->free_count == 0) {
        close(fd);
        return NULL;
    }
    struct conn *c = must_alloc(sizeof *c);
    c->kind = s;
    c->fd = fd;
    c->connecting = connecting;
    c->user = user;
    c->watch = loop_fd_new(s->loop, fd, connecting ? LOOP_WRITE : LOOP_READ, on_ready, c);
    if (c->watch == NULL) {
        close(fd);
        free(c);
        return NULL;
    }
    uint32_t slot = s->free_slots[--s->free_count];
    c->id = ++s->generation << 16 | slot;
    s->slots[slot] = c;
    buf_init(&c->in, s->options.input_max);
    buf_init(&c->out, s->options.output_max);
    s->stats.open++;
    return c;
}

static void idle_leave(struct conn *c)
{
    struct conns *s = c->kind;
    if (!c->idle)
        return;
    if (c->idle_before != NULL)
        c->idle_before->idle_after = c->idle_after;
    else
        s->idle_first = c->idle_after;
    if (c->idle_after != NULL)
        c->idle_after->idle_before = c->idle_before;
    else
        s->idle_last = c->idle_before;
    c->idle_before = c->idle_after = NULL;
    c->idle = false;
}

void conn_idle(struct conn *c, bool idle)
{
    struct conns *s = c->kind;
    idle_leave(c);
    if (!idle || c->ended)
        return;
    c->idle = true;
    c->idle_before = s->idle_last;
    if (s->idle_last != NULL)
        s->idle_last->idle_after = c;
    else
        s->idle_first = c;
    s->idle_last = c;
}

static void on_reaper(void *ctx)
{
    struct conns *s = ctx;
    if (s->depth == 0)
        conns_reap(s);
}

void conn_end(struct conn *c, enum conn_end why)
{
    struct conns *s = c->kind;
    if (c->ended)
        return;
    c->ended = true;
    c->why = why;
    idle_leave(c);
    timer_cancel(s->loop, &c->deadline);
    timer_cancel(s->loop, &c->unread);
    loop_fd_want(c->watch, 0);
    c->ended_next = s->ended;
    s->ended = c;
    if (s->depth == 0)
        timer_set(s->loop, &s->reaper, 0, on_reaper, s);
}

void conn_bury(struct conn *c)
{
    struct conns *s = c->kind;
    uint32_t slot = (uint32_t)(c->id & 0xffff);
    must(s->slots[slot] == c);
    s->slots[slot] = NULL;
    s->free_slots[s->free_count++] = slot;
    loop_fd_free(&c->watch);
    close(c->fd);
    s->stats.open--;
    s->stats.ended[c->why]++;
    if (s->calls.closed != NULL)
        s->calls.closed(s->ctx, c, c->why);
    buf_fini(&c->in);
    buf_fini(&c->out);
    free(c);
}

static void end_by_errno(struct conn *c, int errnum)
{
    c->errnum = errnum;
    conn_end(c, errnum == EPIPE || errnum == ECONNRESET ? CONN_END_PEER : CONN_END_ERROR);
}

/* --- what the loop should tell us --- */

static void want(struct conn *c)
{
    unsigned events = 0;
    if (c->ended)
        return;
    if (c->connecting || c->out.n > 0)
        events |= LOOP_WRITE;
    if (!c->connecting && !c->eof && !c->finishing && c->in.n < c->in.max)
        events |= LOOP_READ;
    loop_fd_want(c->watch, events);
}

/* --- input --- */

static bool takes_input(const struct conn *c)
{
    return !c->held && !c->ended && !c->finishing;
}

/* Give what is there to the owner, as long as it takes some of it. */
static void pump(struct conn *c)
{
    struct conns *s = c->kind;
    size_t used = 0, n;
    if (c->pumping || !takes_input(c))
        return;
    c->pumping = true;
    do {
        struct str bytes = str_skip(buf_str(&c->in), used);
        n = s->calls.input(s->ctx, c, bytes, c->eof);
        must(n <= bytes.n);
        used += n;
    } while (n > 0 && used < c->in.n && takes_input(c));
    c->pumping = false;
    buf_consume(&c->in, used);
    if (c->in.n == 0)
        buf_fini(&c->in);
    if (takes_input(c) && c->eof)
        conn_finish(c);
    else if (takes_input(c) && c->in.n == c->in.max)
        conn_end(c, CONN_END_FLOOD);
    want(c);
}

static void input_read(struct conn *c)
{
    size_t room = c->in.max - c->in.n, piece = room < READ_PIECE ? room : READ_PIECE;
    must(buf_reserve(&c->in, piece) == 0);
    ssize_t n = recv(c->fd, c->in.p + c->in.n, piece, 0);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            end_by_errno(c, errno);
        if (c->in.n == 0)
            buf_fini(&c->in);
        return;
    }
    c->in.n += (size_t)n;
    c->eof = n == 0;
    pump(c);
    want(c);
}

void conn_read(struct conn *c)
{
    if (takes_input(c) && !c->eof && c->in.n < c->in.max)
        input_read(c);
}

void conn_hold(struct conn *c)
{
    c->held = true;
}

/* The owner may be called from here, and settle: what ends meanwhile stays until we are through. */
void conn_resume(struct conn *c)
{
    struct conns *s = c->kind;
    c->held = false;
    s->depth++;
    if (c->in.n > 0 || c->eof)
        pump(c);
    want(c);
    if (--s->depth == 0 && s->ended != NULL)
        timer_set(s->loop, &s->reaper, 0, on_reaper, s);
}

/* --- output --- */

static void on_unread(void *ctx)
{
    struct conn *c = ctx;
    conns_enter(c->kind);
    conn_end(c, CONN_END_UNREAD);
    conns_leave(c->kind);
}

/* Send as much of `bytes` as goes; how much that was. */
static size_t send_some(struct conn *c, struct str bytes)
{
    size_t sent = 0;
    while (sent < bytes.n) {
        ssize_t n = send(c->fd, bytes.p + sent, bytes.n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EAGAIN)
                end_by_errno(c, errno);
            break;
        }
        sent += (size_t)n;
    }
    return sent;
}

static void output_send(struct conn *c)
{
    struct conns *s = c->kind;
    buf_consume(&c->out, send_some(c, buf_str(&c->out)));
    if (c->ended || c->out.n > 0)
        return;
    buf_fini(&c->out);
    timer_cancel(s->loop, &c->unread);
    if (c->finishing)
        conn_end(c, CONN_END_DONE);
    else if (s->calls.drained != NULL)
        s->calls.drained(s->ctx, c);
    want(c);
}

int conn_write(struct conn *c, struct str bytes)
{
    struct conns *s = c->kind;
    if (c->ended || c->finishing)
        return -1;
    if (c->out.n == 0 && !c->connecting)
        bytes = str_skip(bytes, send_some(c, bytes));
    if (c->ended)
        return -1;
    if (bytes.n == 0)
        return 0;
    bool first = c->out.n == 0;
    if (buf_add(&c->out, bytes) != 0) {
        conn_end(c, CONN_END_UNREAD);
        return -1;
    }
    if (first && !c->connecting)
        timer_set(s->loop, &c->unread, s->options.write_ms, on_unread, c);
    want(c);
    return 0;
}

size_t conn_pending(const struct conn *c)
{
    return c->out.n;
}

void conn_finish(struct conn *c)
{
    if (c->ended || c->finishing)
        return;
    c->finishing = true;
    idle_leave(c);
    if (c->out.n == 0)
        conn_end(c, CONN_END_DONE);
    else
        want(c);
}

void conn_drop(struct conn *c)
{
    conn_end(c, CONN_END_DROPPED);
}

/* --- events --- */

static void connect_done(struct conn *c)
{
    struct conns *s = c->kind;
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        error = errno;
    if (error != 0) {
        c->errnum = error;
        conn_end(c, CONN_END_ERROR);
        return;
    }
    c->connecting = false;
    timer_cancel(s->loop, &c->deadline);
    if (c->out.n > 0)
        timer_set(s->loop, &c->unread, s->options.write_ms, on_unread, c);
    if (s->calls.opened != NULL)
        s->calls.opened(s->ctx, c);
    want(c);
}

static void on_ready(void *ctx, int fd, unsigned events)
{
    struct conn *c = ctx;
    struct conns *s = c->kind;
    (void)fd;
    conns_enter(s);
    if (c->connecting) {
        connect_done(c);
    } else {
        if (events & LOOP_READ && !c->eof && !c->finishing && !c->ended && c->in.n < c->in.max)
            input_read(c);
        if (events & LOOP_WRITE && !c->ended && c->out.n > 0)
            output_send(c);
    }
    conns_leave(s);
}

static void on_deadline(void *ctx)
{
    struct conn *c = ctx;
    conns_enter(c->kind);
    conn_end(c, CONN_END_LATE);
    conns_leave(c->kind);
}

void conn_deadline(struct conn *c, unsigned ms)
{
    if (c->ended)
        return;
    if (ms == 0)
        timer_cancel(c->kind->loop, &c->deadline);
    else
        timer_set(c->kind->loop, &c->deadline, ms, on_deadline, c);
}

/* --- what is known of it --- */

uint64_t conn_id(const struct conn *c)
{
    return c->id;
}

void *conn_user(const struct conn *c)
{
    return c->user;
}

void conn_set_user(struct conn *c, void *user)
{
    c->user = user;
}

int conn_errno(const struct conn *c)
{
    return c->errnum;
}

int conn_peer(const struct conn *c, struct conn_peer *out)
{
    struct ucred who;
    socklen_t n = sizeof who;
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
        return -1;
    *out = (struct conn_peer){ .pid = who.pid, .uid = who.uid, .gid = who.gid };
    return 0;
}

bool conn_peer_in_group(const struct conn *c, gid_t group)
{
    gid_t groups[1024];   /* a process with more than these is not recognised */
    socklen_t n = sizeof groups;
    struct conn_peer who;
    if (conn_peer(c, &who) != 0)
        return false;
    if (who.gid == group)
        return true;
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) != 0)
        return false;
    for (size_t i = 0; i < n / sizeof groups[0]; i++) {
        if (groups[i] == group)
            return true;
    }
    return false;
}
