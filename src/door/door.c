/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door - the socket on which an MTA asks what to do with a recipient
 *
 * A connection is idle (it waits for a request), reads one, or waits for the policy.
 * While it waits it takes no input, so answers keep the order of their requests. It has
 * a deadline in the first two states, and the answer has one in the third.
 */
#include "door/door.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "door/reply.h"
#include "door/request.h"
#include "event/listen.h"

#define INPUT_MAX 16384u     /* a request and some that were sent with it */
#define OUTPUT_MAX 65536u
#define WRITE_MS 5000u

struct door {
    struct loop *loop;
    const struct conf_door *conf;
    struct policy *policy;
    struct conns *conns;
    struct log_rate bad_rate, late_rate;
    struct door_stats stats;
};

/* One connection. */
struct caller {
    struct door *door;
    struct conn *conn;
    struct request request;
    struct policy *policy;       /* the one that is asked; NULL: none is */
    uint64_t ask;
    struct timer answer;
    bool reading;                /* bytes have come since the last answer */
    bool answered;               /* one at least */
};

/* --- answering --- */

static void caller_idle(struct caller *k)
{
    k->reading = false;
    conn_deadline(k->conn, k->door->conf->idle_ms);
    conn_idle(k->conn, true);
}

static void reply_send(struct caller *k, struct str reply)
{
    k->door->stats.requests++;
    k->answered = true;
    request_next(&k->request);
    if (conn_write(k->conn, reply) == 0)
        caller_idle(k);
}

static void bad_log(struct caller *k)
{
    struct door *d = k->door;
    struct conn_peer peer;
    struct log_line line;
    uint64_t count;
    d->stats.bad++;
    if (!log_rate_pass(&d->bad_rate, loop_ms(d->loop), LOG_RATE_MINUTE, &count))
        return;
    log_begin(&line, LOG_LEVEL_WARNING, "request-bad");
    log_c(&line, "reason", request_why(&k->request));
    if (conn_peer(k->conn, &peer) == 0 && peer.pid > 0) {
        log_i64(&line, "pid", peer.pid);
        log_u64(&line, "uid", peer.uid);
    }
    log_u64(&line, "count", count);
    log_end(&line);
}

static void answer_end(struct caller *k)
{
    k->policy = NULL;
    k->door->stats.waiting--;
    timer_cancel(k->door->loop, &k->answer);
}

/* The policy's callback: perhaps within policy_ask(). */
static void on_verdict(void *ctx, uint64_t ask, const struct envelope *e, const struct verdict *v)
{
    struct caller *k = ctx;
    struct buf reply;
    (void)ask;
    (void)e;
    answer_end(k);
    buf_init(&reply, REPLY_MAX);
    reply_add(&reply, v);
    reply_send(k, buf_bad(&reply) ? REPLY_DUNNO : buf_str(&reply));
    buf_fini(&reply);
    struct conns *all = k->door->conns;
    conn_resume(k->conn);
    conns_settle(all);
}

static void late_log(struct door *d)
{
    struct log_line line;
    uint64_t count;
    d->stats.late++;
    if (!log_rate_pass(&d->late_rate, loop_ms(d->loop), LOG_RATE_MINUTE, &count))
        return;
    log_begin(&line, LOG_LEVEL_WARNING, "answer-late");
    log_u64(&line, "limit-ms", d->conf->answer_ms);
    log_u64(&line, "count", count);
    log_end(&line);
}

/* What has been found by now decides: a client must not get through because a check is slow. */
static void on_answer_late(void *ctx)
{
    struct caller *k = ctx;
    late_log(k->door);
    must(policy_hurry(k->policy, k->ask));   /* on_verdict() has been called */
}

/* --- asking --- */

static void ask(struct caller *k)
{
    struct door *d = k->door;
    conn_hold(k->conn);
    conn_deadline(k->conn, 0);
    k->policy = d->policy;
    d->stats.waiting++;
    timer_set(d->loop, &k->answer, d->conf->answer_ms, on_answer_late, k);
    uint64_t number = policy_ask(d->policy, &k->request.envelope, on_verdict, k);
    if (k->policy != NULL)   /* not answered yet */
        k->ask = number;
}

static void request_done(struct caller *k, enum request_progress progress)
{
    if (progress == REQUEST_BAD) {
        bad_log(k);
        reply_send(k, REPLY_DUNNO);
    } else if (k->request.ignored) {
        k->door->stats.ignored++;
        reply_send(k, REPLY_DUNNO);
    } else {
        ask(k);
    }
}

/* --- connections --- */

static void on_opened(void *ctx, struct conn *c)
{
    struct caller *k = must_alloc(sizeof *k);
    k->door = ctx;
    k->conn = c;
    request_init(&k->request);
    conn_set_user(c, k);
    caller_idle(k);
}

static size_t on_input(void *ctx, struct conn *c, struct str bytes, bool eof)
{
    struct caller *k = conn_user(c);
    enum request_progress progress;
    (void)ctx;
    if (!k->reading && bytes.n > 0) {
        k->reading = true;
        conn_idle(c, false);
        conn_deadline(c, k->door->conf->request_ms);
    }
    size_t used = request_feed(&k->request, bytes, &progress);
    if (progress == REQUEST_MORE && eof && k->reading) {
        /* Bytes that never were a request are answered too, unless they follow one. */
        bool nothing = !k->request.begun && !k->answered;
        progress = request_end(&k->request, used < bytes.n || nothing);
        used = bytes.n;
    }
    if (progress != REQUEST_MORE)
        request_done(k, progress);
    return used;
}

static void on_closed(void *ctx, struct conn *c, enum conn_end why)
{
    struct caller *k = conn_user(c);
    (void)ctx;
    (void)why;
    if (k->policy != NULL) {
        policy_cancel(k->policy, k->ask);
        answer_end(k);
    }
    request_fini(&k->request);
    free(k);
}

/* --- the door --- */

struct door *door_new(struct loop *l, const struct conf_door *c, struct policy *p)
{
    static const struct conn_calls calls = { on_opened, on_input, NULL, on_closed };
    struct conns_options o = {
        .name = "door", .max = c->connections, .input_max = INPUT_MAX, .output_max = OUTPUT_MAX,
        .write_ms = WRITE_MS, .busy = REPLY_DUNNO,
    };
    struct door *d = must_alloc(sizeof *d);
    d->loop = l;
    d->conf = c;
    d->policy = p;
    d->conns = conns_new(l, &o, &calls, d);
    return d;
}

int door_open(struct door *d, const char *owner, const char *group, struct err *err)
{
    const struct conf_door *c = d->conf;
    struct listen_unix where = {
        .path = c->socket, .owner = c->owner[0] != '\0' ? c->owner : owner,
        .group = c->group[0] != '\0' ? c->group : group, .mode = c->mode,
    };
    int fd;
    if (c->socket[0] != '\0' &&
        ((fd = listen_unix(&where, err)) < 0 || conns_listen(d->conns, fd, err) != 0))
        return -1;
    for (size_t i = 0; i < c->listen.n; i++) {
        where.path = c->listen.v[i];
        fd = where.path[0] == '/' ? listen_unix(&where, err) : listen_tcp(where.path, err);
        if (fd < 0 || conns_listen(d->conns, fd, err) != 0)
            return -1;
    }
    return 0;
}

void door_change(struct door *d, const struct conf_door *c, struct policy *p)
{
    d->conf = c;
    d->policy = p;
}

void door_deafen(struct door *d)
{
    conns_deafen(d->conns);
}

void door_free(struct door **dp)
{
    if (*dp == NULL)
        return;
    conns_free(&(*dp)->conns);
    free(*dp);
    *dp = NULL;
}

void door_stats(const struct door *d, struct door_stats *out)
{
    *out = d->stats;
    conns_stats(d->conns, &out->connections);
}
