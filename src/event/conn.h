/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn - stream connections over a loop: bounded, with deadlines, never blocking
 *
 * A struct conns is one kind of connection (the door's, the control socket's, a
 * callout's) with its ceilings and its callbacks; the same code serves those that
 * are accepted and those that are made. A connection lives from `opened` to
 * `closed`, which is called exactly once and never from within a call of the
 * owner's: so an owner may write, drop or finish at any place. Whoever waits for
 * something keeps the connection's id, not the pointer, and asks conn_find().
 *
 * The peer may close its sending side and still read: we answer, then close.
 */
#ifndef POSTERN_EVENT_CONN_H
#define POSTERN_EVENT_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "event/loop.h"
#include "mail/ip.h"

struct conns;
struct conn;

/* Why a connection ended. */
enum conn_end {
    CONN_END_DONE,       /* we finished it, and all was sent */
    CONN_END_PEER,       /* the peer went away */
    CONN_END_LATE,       /* its deadline passed */
    CONN_END_UNREAD,     /* the peer does not read: output ceiling or write_ms */
    CONN_END_FLOOD,      /* more input than input_max that the owner did not take */
    CONN_END_ROOM,       /* it was idle, and its place was needed */
    CONN_END_DROPPED,    /* conn_drop() */
    CONN_END_ERROR,      /* the system: conn_errno() says what; also a connect that was refused */
    CONN_END_SHUT        /* conns_free() */
};
extern const char *const conn_end_names[];

struct conn_calls {
    /* Accepted, or connected. NULL: nothing to do. */
    void (*opened)(void *ctx, struct conn *c);
    /* Bytes that were not taken yet, all of them; `eof`: no more will come. Returns how many are
     * taken. Called again at once while some are taken and some are left. After an `eof` the
     * connection is finished, unless it is held: then `input` comes again with the resume. */
    size_t (*input)(void *ctx, struct conn *c, struct str bytes, bool eof);
    /* All output is with the system (not after each write that went through at once). Or NULL. */
    void (*drained)(void *ctx, struct conn *c);
    /* The last call; the connection's memory goes after it. Or NULL. */
    void (*closed)(void *ctx, struct conn *c, enum conn_end why);
};

struct conns_options {
    const char *name;        /* for the log: "door" */
    size_t max;              /* connections at a time; at most 65535 */
    size_t input_max;        /* bytes not taken by the owner */
    size_t output_max;       /* bytes not taken by the peer */
    unsigned write_ms;       /* the peer must take all output within this time */
    struct str busy;         /* sent to those who find no place, then they are closed; a constant */
};

/* Never NULL. The strings of `o` must outlive it. */
struct conns *conns_new(struct loop *l, const struct conns_options *o,
                        const struct conn_calls *calls, void *ctx);

/* Closes everything, listeners included; `closed` is called for each. NULL is no harm. */
void conns_free(struct conns **s);

/* Accept on a listening descriptor, which is taken over. At the ceiling the connection that has
 * been idle longest gives way; if none is idle, or no descriptor is left, the new one gets `busy`.
 * A log line an hour says so. 0, or -1 with *err (descriptor closed). */
int conns_listen(struct conns *s, int fd, struct err *err);

/* Stop accepting; connections go on. */
void conns_deafen(struct conns *s);

struct conns_stats {
    uint64_t open;                           /* now */
    uint64_t accepted, busy, evicted;
    uint64_t ended[CONN_END_SHUT + 1];       /* by enum conn_end */
};
void conns_stats(const struct conns *s, struct conns_stats *out);

/* Connect. `local` may be NULL: any of our addresses. Returns the id; `opened` or `closed` (LATE,
 * ERROR) comes later, never before this returns. 0 at the ceiling, or without a descriptor. `user`
 * is what conn_user() gives. */
struct conn_target {
    struct ip ip;
    uint16_t port;
    const struct ip *local;
    unsigned timeout_ms;
};
uint64_t conns_connect(struct conns *s, const struct conn_target *t, void *user);

/* Close what has ended now and not in the loop's next turn: for an owner at the end of a callback
 * that no connection has called, such as a timer's. `closed` is called from here. Within a
 * connection's callback it does nothing, for there it is soon done anyway. */
void conns_settle(struct conns *s);

/* The connection of an id, or NULL if it has ended or is ending. Ids are never used again. */
struct conn *conn_find(struct conns *s, uint64_t id);
uint64_t conn_id(const struct conn *c);

/* The owner's own; NULL at first. */
void *conn_user(const struct conn *c);
void conn_set_user(struct conn *c, void *user);

/* Send. 0; -1 if the connection is ending or its output is at the ceiling (it ends then). */
int conn_write(struct conn *c, struct str bytes);

/* Bytes written that the system has not taken yet. */
size_t conn_pending(const struct conn *c);

/* Give no input until conn_resume(); the peer may go on sending up to input_max. */
void conn_hold(struct conn *c);
void conn_resume(struct conn *c);

/* Take no more input; close when all output is gone. */
void conn_finish(struct conn *c);

/* Close now; output that waits is lost. */
void conn_drop(struct conn *c);

/* End the connection (CONN_END_LATE) `ms` from now, unless called again; 0: no deadline. */
void conn_deadline(struct conn *c, unsigned ms);

/* Nothing is going on: it may be closed when its place is needed. Those that were marked first go
 * first. A new connection is not idle. */
void conn_idle(struct conn *c, bool idle);

/* errno of CONN_END_ERROR; 0 otherwise. */
int conn_errno(const struct conn *c);

/* Who is at the other end of a Unix socket, as the kernel says. `in_group`: `group` is one of the
 * process's groups. 0 or -1. */
struct conn_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};
int conn_peer(const struct conn *c, struct conn_peer *out);
bool conn_peer_in_group(const struct conn *c, gid_t group);

#endif
