/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn_internal - what conn.c (one connection) and conns.c (all of a kind) share
 *
 * Nothing is freed while somebody may still hold it: a connection that ends is
 * put on a list and reaped when the outermost callback of this kind has returned,
 * or by a timer if the end came from outside of one.
 */
#ifndef POSTERN_EVENT_CONN_INTERNAL_H
#define POSTERN_EVENT_CONN_INTERNAL_H

#include "base/buf.h"
#include "base/log.h"
#include "event/conn.h"

#define LISTENERS_MAX 16

struct conn {
    struct conns *kind;
    uint64_t id;                     /* generation << 16 | slot */
    int fd;
    int errnum;
    struct loop_fd *watch;
    struct buf in, out;
    struct timer deadline;
    struct timer unread;             /* while output waits */
    void *user;
    struct conn *idle_before, *idle_after;
    struct conn *ended_next;
    enum conn_end why;
    bool connecting, held, eof, finishing, ended, idle, pumping;
};

struct listener {
    struct conns *kind;
    int fd;
    bool tcp;
    struct loop_fd *watch;
    struct timer pause;              /* the system cannot accept for a while */
};

struct conns {
    struct loop *loop;
    struct conns_options options;
    struct conn_calls calls;
    void *ctx;
    struct conn **slots;             /* options.max */
    uint32_t *free_slots;            /* a stack */
    size_t free_count;
    uint64_t generation;
    struct conn *idle_first, *idle_last;
    struct conn *ended;
    struct timer reaper;
    int depth;                       /* of our callbacks */
    int spare_fd;                    /* given up to accept and close when there are no others */
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    struct log_rate busy_rate, accept_rate;
    struct conns_stats stats;
};

/* Around every callback from the loop. The last leave reaps. */
void conns_enter(struct conns *s);
void conns_leave(struct conns *s);

/* Close and free those that have ended. Only where no callback of an owner is running. */
void conns_reap(struct conns *s);

/* Take a descriptor into a free slot; NULL (descriptor closed) if there is none or it cannot be
 * watched. */
struct conn *conn_begin(struct conns *s, int fd, bool connecting, void *user);

/* Look for input without being told that there is some: who connects to ask has mostly asked by the
 * time that we accept, and a turn of the loop costs more than to look. */
void conn_read(struct conn *c);

/* End it soon. The first reason counts. */
void conn_end(struct conn *c, enum conn_end why);

/* Leave the slot, close, tell the owner, free. */
void conn_bury(struct conn *c);

#endif
