/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control - the socket on which the administrator's tool asks the daemon
 *
 * A call is the connection it came on: there is one command at a time on each, and the connection
 * is held until it is answered. A stream is made page by page, the next one in a turn of its own
 * when the peer has taken the last; so a million bans neither fill the memory nor stop the mail.
 */
#include "door/control.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "event/listen.h"

struct control {
    struct loop *loop;
    const struct control_ops *ops;
    void *ctx;
    struct conns *conns;
    gid_t group;                 /* may look; (gid_t)-1: none */
    struct control_stats stats;
};

/* One connection. */
struct talk {
    struct control *control;
    struct conn *conn;
    bool waiting;                /* for the answer to a command */
    bool may_look, may_change;
    struct timer late;
    control_page *page;          /* of a stream; NULL: none */
    control_page_end *page_end;
    void *page_state;
    struct timer next_page;
};

/* --- answering --- */

static struct talk *talk_find(struct control *c, uint64_t call)
{
    struct conn *conn = conn_find(c->conns, call);
    struct talk *t = conn == NULL ? NULL : conn_user(conn);
    return t != NULL && t->waiting ? t : NULL;
}

/* The answer is out: read the next command. */
static void talk_go_on(struct talk *t)
{
    t->waiting = false;
    timer_cancel(t->control->loop, &t->late);
    conn_deadline(t->conn, CONTROL_IDLE_MS);
    conn_idle(t->conn, true);
    conn_resume(t->conn);
}

static void send_error(struct talk *t, const struct err *err)
{
    struct buf line;
    buf_init(&line, CONTROL_ANSWER_MAX);
    t->control->stats.failed++;
    if (control_error_line(&line, err) == 0)
        conn_write(t->conn, buf_str(&line));
    buf_fini(&line);
}

static void send_result(struct talk *t, const json_t *result, bool more)
{
    struct buf line;
    struct err err;
    buf_init(&line, CONTROL_ANSWER_MAX);
    if (control_result_line(&line, result, more) == 0) {
        conn_write(t->conn, buf_str(&line));
    } else {
        err_set(&err, ERR_LIMIT, "the answer is longer than %zu bytes", CONTROL_ANSWER_MAX);
        send_error(t, &err);
    }
    buf_fini(&line);
}

void control_answer(struct control *c, uint64_t call, json_t *result)
{
    struct talk *t = talk_find(c, call);
    if (t != NULL) {
        send_result(t, result, false);
        talk_go_on(t);
    }
    json_decref(result);
}

void control_fail(struct control *c, uint64_t call, const struct err *err)
{
    struct talk *t = talk_find(c, call);
    if (t == NULL)
        return;
    send_error(t, err);
    talk_go_on(t);
}

static void on_late(void *ctx)
{
    struct talk *t = ctx;
    struct err err;
    err_set(&err, ERR_IO, "posternd has no answer within %u seconds", CONTROL_ANSWER_MS / 1000);
    send_error(t, &err);
    t->waiting = false;
    conn_finish(t->conn);   /* an answer that comes later must not be taken for the next one */
}

/* --- streams --- */

static void stream_end(struct talk *t)
{
    if (t->page == NULL)
        return;
    timer_cancel(t->control->loop, &t->next_page);
    t->page = NULL;
    t->page_end(t->page_state);
}

static void on_next_page(void *ctx)
{
    struct talk *t = ctx;
    json_t *page = json_object();
    must(page != NULL);
    bool more = t->page(t->page_state, page);
    send_result(t, page, more);
    json_decref(page);
    if (!more) {
        stream_end(t);
        talk_go_on(t);
    } else if (conn_pending(t->conn) == 0) {
        timer_set(t->control->loop, &t->next_page, 0, on_next_page, t);
    }
}

static void on_drained(void *ctx, struct conn *conn)
{
    struct talk *t = conn_user(conn);
    (void)ctx;
    if (t->page != NULL && !timer_pending(&t->next_page))
        timer_set(t->control->loop, &t->next_page, 0, on_next_page, t);
}

void control_stream(struct control *c, uint64_t call, control_page *page, control_page_end *end,
                    void *state)
{
    struct talk *t = talk_find(c, call);
    if (t == NULL) {
        end(state);
        return;
    }
    must(t->page == NULL);
    timer_cancel(c->loop, &t->late);   /* each page has the write's deadline */
    t->page = page;
    t->page_end = end;
    t->page_state = state;
    timer_set(c->loop, &t->next_page, 0, on_next_page, t);
}

/* --- commands --- */

static const struct control_command *command_of(const struct control *c, struct str name)
{
    for (size_t i = 0; i < c->ops->count; i++) {
        if (str_eq(str_c(c->ops->commands[i].name), name))
            return &c->ops->commands[i];
    }
    return NULL;
}

/* 0; or -1 with *err: why this command is not run. */
static int command_check(struct talk *t, struct str name, const struct control_command **out,
                         struct err *err)
{
    *out = command_of(t->control, name);
    if (!t->may_look) {
        t->control->stats.denied++;
        return err_set(err, ERR_ACCESS,
                       "only root, the user of posternd and the control group may ask");
    }
    if (*out == NULL)
        return err_set(err, ERR_USAGE, "no such command");
    if (!(*out)->changes || t->may_change)
        return 0;
    t->control->stats.denied++;
    return err_set(err, ERR_ACCESS, "only root and the user of posternd may do this");
}

static void ping_answer(struct talk *t)
{
    json_t *nothing = json_object();
    must(nothing != NULL);
    send_result(t, nothing, false);
    json_decref(nothing);
    conn_deadline(t->conn, CONTROL_IDLE_MS);
}

static void line_run(struct talk *t, struct str line)
{
    struct control *c = t->control;
    const struct control_command *command;
    struct str name = STR("");
    struct err err;
    json_t *request = control_parse(line, &err);
    bool named = request != NULL && control_string(request, "command", &name);
    if (t->may_look && str_eq(name, STR(CONTROL_PING))) {
        ping_answer(t);
        json_decref(request);
        return;
    }
    c->stats.commands++;
    if (!named || command_check(t, name, &command, &err) != 0) {
        send_error(t, &err);
        conn_deadline(t->conn, CONTROL_IDLE_MS);
    } else {
        t->waiting = true;
        conn_hold(t->conn);
        conn_idle(t->conn, false);
        conn_deadline(t->conn, 0);
        timer_set(c->loop, &t->late, CONTROL_ANSWER_MS, on_late, t);
        command->run(c->ctx, c, conn_id(t->conn), request);
    }
    json_decref(request);
}

/* --- connections --- */

/* Who it is. */
static void talk_recognise(struct talk *t)
{
    struct control *c = t->control;
    struct conn_peer peer;
    if (conn_peer(t->conn, &peer) != 0)
        return;
    t->may_change = peer.uid == 0 || peer.uid == geteuid();
    t->may_look = t->may_change ||
                  (c->group != (gid_t)-1 && conn_peer_in_group(t->conn, c->group));
}

static void on_opened(void *ctx, struct conn *conn)
{
    struct control *c = ctx;
    struct talk *t = must_alloc(sizeof *t);
    t->control = c;
    t->conn = conn;
    conn_set_user(conn, t);
    conn_deadline(conn, CONTROL_IDLE_MS);
    conn_idle(conn, true);
    talk_recognise(t);
}

static size_t on_input(void *ctx, struct conn *conn, struct str bytes, bool eof)
{
    struct talk *t = conn_user(conn);
    struct err err;
    size_t end = str_find_c(bytes, '\n');
    (void)ctx;
    if (end == STR_NONE && bytes.n >= CONTROL_REQUEST_MAX) {
        err_set(&err, ERR_LIMIT, "the request is longer than %u bytes", CONTROL_REQUEST_MAX);
        send_error(t, &err);
        conn_finish(conn);
        return bytes.n;
    }
    if (end == STR_NONE && (!eof || bytes.n == 0))
        return 0;
    struct str line = str_trim(str_head(bytes, end));
    if (line.n > 0)
        line_run(t, line);
    return end == STR_NONE ? bytes.n : end + 1;
}

static void on_closed(void *ctx, struct conn *conn, enum conn_end why)
{
    struct control *c = ctx;
    struct talk *t = conn_user(conn);
    (void)why;
    stream_end(t);
    timer_cancel(c->loop, &t->late);
    free(t);
}

/* --- the socket --- */

struct control *control_new(struct loop *l, const struct control_ops *ops, void *ctx)
{
    static const struct conn_calls calls = { on_opened, on_input, on_drained, on_closed };
    static const struct conns_options o = {
        .name = "control", .max = CONTROL_CONNECTIONS_MAX, .input_max = CONTROL_REQUEST_MAX,
        .output_max = CONTROL_ANSWER_MAX + 4096, .write_ms = CONTROL_WRITE_MS,
        .busy = STR_INIT("{\"ok\":false,\"kind\":\"limit\",\"error\":\"too many connections\"}\n"),
    };
    struct control *c = must_alloc(sizeof *c);
    json_object_seed(0);   /* reads from the system, which may be shut off later */
    c->loop = l;
    c->ops = ops;
    c->ctx = ctx;
    c->group = (gid_t)-1;
    c->conns = conns_new(l, &o, &calls, c);
    return c;
}

static int group_find(const char *name, gid_t *out, struct err *err)
{
    struct group entry, *found = NULL;
    char record[16384];
    uint64_t number;
    if (name == NULL || name[0] == '\0')
        return 0;
    if (str_u64(str_c(name), &number) == 0 && number < UINT32_MAX)
        return *out = (gid_t)number, 0;
    if (getgrnam_r(name, &entry, record, sizeof record, &found) != 0 || found == NULL)
        return err_set(err, ERR_MISSING, "control socket: there is no group %s", name);
    *out = found->gr_gid;
    return 0;
}

int control_open(struct control *c, const struct conf_control *conf, const char *owner,
                 const char *group, struct err *err)
{
    const char *readers = conf->group[0] != '\0' ? conf->group : group;
    struct listen_unix where = { .path = conf->socket, .owner = owner, .group = readers,
                                 .mode = conf->mode };
    if (conf->socket[0] == '\0')
        return 0;
    if (group_find(readers, &c->group, err) != 0)
        return -1;
    int fd = listen_unix(&where, err);
    return fd < 0 ? -1 : conns_listen(c->conns, fd, err);
}

void control_free(struct control **cp)
{
    if (*cp == NULL)
        return;
    conns_free(&(*cp)->conns);
    free(*cp);
    *cp = NULL;
}

void control_stats(const struct control *c, struct control_stats *out)
{
    *out = c->stats;
    conns_stats(c->conns, &out->connections);
}
