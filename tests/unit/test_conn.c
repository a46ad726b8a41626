/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_conn - connections against peers that are slow, silent, greedy, many or gone
 *
 * The owner here speaks a small protocol of lines: "echo X" answers X, "hold"
 * waits for the test to resume, "big N" writes N bytes, "bye" finishes, "drop"
 * drops, "settle" drops and settles, "idle" marks itself. The clients are blocking sockets of the
 * same process.
 */
#include "event/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/log.h"
#include "event/listen.h"
#include "netmake.h"

#define BIG 100000u

static unsigned write_ms = 5000;

struct owner {
    struct loop *loop;
    struct conns *conns;
    struct net_folder folder;
    int opened, closed, drained;     /* how often */
    enum conn_end why;               /* of the last */
    int errnum;
    uint64_t id;                     /* of the last opened, and held */
    unsigned deadline_ms;
    bool takes_nothing;
    bool inside;                     /* a callback runs */
};

static void on_opened(void *ctx, struct conn *c)
{
    struct owner *o = ctx;
    o->opened++;
    o->id = conn_id(c);
    assert_ptr_equal(conn_find(o->conns, o->id), c);
    if (o->deadline_ms > 0)
        conn_deadline(c, o->deadline_ms);
}

static void line_do(struct owner *o, struct conn *c, struct str line)
{
    static char big[BIG];
    uint64_t n;
    if (str_eat(&line, STR("echo "))) {
        conn_write(c, line);
        conn_write(c, STR("\n"));
    } else if (str_eq(line, STR("hold"))) {
        o->id = conn_id(c);
        conn_hold(c);
    } else if (str_eat(&line, STR("big ")) && str_u64(line, &n) == 0) {
        memset(big, 'x', sizeof big);
        conn_write(c, str_make(big, (size_t)n));
    } else if (str_eq(line, STR("bye"))) {
        conn_finish(c);
    } else if (str_eq(line, STR("drop"))) {
        conn_drop(c);
        assert_int_equal(conn_write(c, STR("x")), -1);
        assert_null(conn_find(o->conns, conn_id(c)));
    } else if (str_eq(line, STR("settle"))) {
        conn_drop(c);
        conns_settle(o->conns);            /* within a callback it does nothing */
    } else if (str_eq(line, STR("idle"))) {
        conn_idle(c, true);
    }
}

static size_t on_input(void *ctx, struct conn *c, struct str bytes, bool eof)
{
    struct owner *o = ctx;
    size_t end = str_find_c(bytes, '\n');
    (void)eof;
    assert_false(o->inside);
    if (end == STR_NONE || o->takes_nothing)
        return 0;
    o->inside = true;
    line_do(o, c, str_head(bytes, end));
    o->inside = false;
    return end + 1;
}

static void on_drained(void *ctx, struct conn *c)
{
    struct owner *o = ctx;
    o->drained++;
    assert_int_equal(conn_pending(c), 0);
}

static void on_closed(void *ctx, struct conn *c, enum conn_end why)
{
    struct owner *o = ctx;
    assert_false(o->inside);   /* never from within a call of ours */
    o->closed++;
    o->why = why;
    o->errnum = conn_errno(c);
    assert_null(conn_find(o->conns, conn_id(c)));
}

static const struct conn_calls calls = { on_opened, on_input, on_drained, on_closed };

static void owner_init(struct owner *o, size_t max)
{
    struct conns_options options = { .name = "test", .max = max, .input_max = 1000,
                                     .output_max = 4 * BIG, .write_ms = write_ms,
                                     .busy = STR("busy\n") };
    struct listen_unix where = { .mode = 0600 };
    struct err err;
    *o = (struct owner){ .loop = loop_new() };
    net_folder_make(&o->folder);
    o->conns = conns_new(o->loop, &options, &calls, o);
    where.path = o->folder.socket;
    int fd = listen_unix(&where, &err);
    assert_true(fd >= 0);
    assert_int_equal(conns_listen(o->conns, fd, &err), 0);
}

static void owner_fini(struct owner *o)
{
    conns_free(&o->conns);
    assert_int_equal(o->opened, o->closed);
    loop_free(&o->loop);
    net_folder_remove(&o->folder);
}

static void test_lines(void **state)
{
    (void)state;
    struct owner o;
    owner_init(&o, 10);
    int a = net_connect(o.folder.socket);
    net_send(a, STR("ec"));
    net_run(o.loop, 20);
    net_send(a, STR("ho one\necho two\necho th"));
    net_expect(o.loop, a, STR("one\ntwo\n"));
    net_send(a, STR("ree\nbye\necho never\n"));
    net_expect(o.loop, a, STR("three\n"));
    char byte;
    net_until(o.loop, &o.closed, 1);
    assert_int_equal(o.why, CONN_END_DONE);
    assert_true(net_take(a, &byte, 1) <= 0);
    close(a);
    owner_fini(&o);
}

/* The client ends its side and still reads: all that it asked is answered. */
static void test_half_close(void **state)
{
    (void)state;
    struct owner o;
    owner_init(&o, 10);
    int a = net_connect(o.folder.socket);
    net_send(a, STR("echo 1\nhold\necho 2\n"));
    shutdown(a, SHUT_WR);
    net_expect(o.loop, a, STR("1\n"));
    net_run(o.loop, 50);
    assert_int_equal(o.closed, 0);         /* held: it waits for us */
    struct conn *c = conn_find(o.conns, o.id);
    assert_non_null(c);
    conn_resume(c);
    assert_int_equal(o.closed, 0);         /* not from within our call */
    net_expect(o.loop, a, STR("2\n"));
    net_expect_end(o.loop, a);
    net_until(o.loop, &o.closed, 1);
    assert_int_equal(o.why, CONN_END_DONE);
    close(a);
    owner_fini(&o);
}

/* Closed at once, where an owner outside of all callbacks asks for it. */
static void test_settle(void **state)
{
    (void)state;
    struct owner o;
    owner_init(&o, 10);
    int a = net_connect(o.folder.socket);
    net_send(a, STR("hold\n"));
    shutdown(a, SHUT_WR);
    net_run(o.loop, 50);
    conns_settle(o.conns);                 /* nothing has ended yet */
    assert_int_equal(o.closed, 0);
    conn_resume(conn_find(o.conns, o.id));
    assert_int_equal(o.closed, 0);
    conns_settle(o.conns);
    assert_int_equal(o.closed, 1);
    assert_int_equal(o.why, CONN_END_DONE);
    conns_settle(o.conns);
    net_run(o.loop, 20);
    assert_int_equal(o.closed, 1);
    close(a);
    owner_fini(&o);
}

/* Input that was held is given from conn_resume(), which no callback of ours surrounds: an owner
 * that settles in there must not lose the connection under its feet. */
static void test_settle_while_resumed(void **state)
{
    (void)state;
    struct owner o;
    owner_init(&o, 10);
    int a = net_connect(o.folder.socket);
    net_send(a, STR("hold\nsettle\necho never\n"));
    net_run(o.loop, 50);
    conn_resume(conn_find(o.conns, o.id));
    assert_int_equal(o.closed, 0);
    net_until(o.loop, &o.closed, 1);
    assert_int_equal(o.why, CONN_END_DROPPED);
    net_expect_end(o.loop, a);
    close(a);
    owner_fini(&o);
}

static void test_held(void **state)
{
    (void)state;
    struct owner o;
    char flood[3000];
    memset(flood, '\n', sizeof flood);
    owner_init(&o, 10);
    int a = net_connect(o.folder.socket);
    net_send(a, STR("hold\necho a\n"));
    net_send(a, str_make(flood, sizeof flood)); /* beyond input_max: it waits in the socket */
    net_run(o.loop, 50);
    assert_int_equal(o.closed, 0);
    conn_resume(conn_find(o.conns, o.id));
    net_expect(o.loop, a, STR("a\n"));
    net_send(a, STR("echo b\n"));
    net_expect(o.loop, a, STR("b\n"));
    close(a);
    net_until(o.loop, &o.closed, 1);
    owner_fini(&o);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct { const char *send; unsigned deadline; enum conn_end why; } rows[] = {
        { "drop\n", 0, CONN_END_DROPPED },
        { "bye\n", 0, CONN_END_DONE },
        { "", 30, CONN_END_LATE },
        { "echo x\nec", 30, CONN_END_LATE },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct owner o;
        owner_init(&o, 10);
        o.deadline_ms = rows[i].deadline;
        int a = net_connect(o.folder.socket);
        net_send(a, str_c(rows[i].send));
        net_until(o.loop, &o.closed, 1);
        if (o.why != rows[i].why)
            fail_msg("row %zu: %s", i, conn_end_names[o.why]);
        close(a);
        owner_fini(&o);
    }
}

static void test_flood(void **state)
{
    (void)state;
    struct owner o;
    char flood[2000];
    memset(flood, 'x', sizeof flood);
    owner_init(&o, 10);
    int a = net_connect(o.folder.socket);
    net_send(a, str_make(flood, sizeof flood)); /* never a line end */
    net_until(o.loop, &o.closed, 1);
    assert_int_equal(o.why, CONN_END_FLOOD);
    close(a);
    owner_fini(&o);
}

/* Ask for much, read nothing. */
static void test_unread(void **state)
{
    (void)state;
    static const int asks[] = { 4, 40 }; /* below the ceiling, and above it */
    write_ms = 150;
    for (size_t i = 0; i < ROWS(asks); i++) {
        struct owner o;
        int small = 4096;
        owner_init(&o, 10);
        int a = net_connect(o.folder.socket);
        setsockopt(a, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        for (int n = 0; n < asks[i]; n++)
            net_send(a, STR("big 99999\n"));
        net_until(o.loop, &o.closed, 1);
        assert_int_equal(o.why, CONN_END_UNREAD);
        close(a);
        owner_fini(&o);
    }
    write_ms = 5000;
}

static void test_drained(void **state)
{
    (void)state;
    struct owner o;
    static char bytes[BIG];
    size_t have = 0;
    owner_init(&o, 10);
    int a = net_connect(o.folder.socket);
    for (int i = 0; i < 4; i++)
        net_send(a, STR("big 99999\n"));
    net_send(a, STR("bye\n"));
    for (int i = 0; i < 1000 && o.closed == 0; i++) {
        net_run(o.loop, 2);
        ssize_t n = net_take(a, bytes, sizeof bytes);
        have += n > 0 ? (size_t)n : 0;
    }
    for (ssize_t n; (n = net_take(a, bytes, sizeof bytes)) > 0;)
        have += (size_t)n;
    assert_int_equal(have, 4 * 99999);      /* finished after the flush */
    assert_int_equal(o.why, CONN_END_DONE);
    close(a);
    owner_fini(&o);
}

/* At the ceiling: the one that has been idle longest gives way; else the new one is sent off. */
static void test_ceiling(void **state)
{
    (void)state;
    struct owner o;
    struct conns_stats stats;
    int fds[4];
    owner_init(&o, 3);
    for (int i = 0; i < 3; i++) {
        fds[i] = net_connect(o.folder.socket);
        net_run(o.loop, 5);
    }
    fds[3] = net_connect(o.folder.socket);
    net_expect(o.loop, fds[3], STR("busy\n"));
    net_expect_end(o.loop, fds[3]);
    close(fds[3]);
    net_send(fds[1], STR("idle\n"));
    net_run(o.loop, 5);
    net_send(fds[0], STR("idle\n"));
    net_run(o.loop, 5);
    fds[3] = net_connect(o.folder.socket);
    net_send(fds[3], STR("echo in\n"));
    net_expect(o.loop, fds[3], STR("in\n"));
    net_expect_end(o.loop, fds[1]);         /* marked first */
    assert_int_equal(o.why, CONN_END_ROOM);
    net_send(fds[0], STR("echo still\n"));
    net_expect(o.loop, fds[0], STR("still\n"));
    conns_stats(o.conns, &stats);
    assert_int_equal(stats.busy, 1);
    assert_int_equal(stats.evicted, 1);
    assert_int_equal(stats.open, 3);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    owner_fini(&o);
}

/* Out of descriptors: peers are sent off instead of hanging, we do not spin, and it passes. */
static void test_no_descriptors(void **state)
{
    (void)state;
    struct owner o;
    struct conns_stats stats;
    struct rlimit before, few;
    owner_init(&o, 100);
    int a = net_connect(o.folder.socket), b = net_connect(o.folder.socket);
    int highest = dup(a);
    close(highest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){ (rlim_t)highest, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    net_expect(o.loop, a, STR("busy\n"));
    net_expect(o.loop, b, STR("busy\n"));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    conns_stats(o.conns, &stats);
    assert_int_equal(stats.busy, 2);
    close(a);
    close(b);
    a = net_connect(o.folder.socket);
    net_send(a, STR("echo again\n"));
    net_expect(o.loop, a, STR("again\n"));
    close(a);
    owner_fini(&o);
}

static void test_many(void **state)
{
    (void)state;
    struct owner o;
    static int fds[400];
    owner_init(&o, ROWS(fds));
    for (size_t i = 0; i < ROWS(fds); i++) {
        fds[i] = net_connect(o.folder.socket);
        net_send(fds[i], STR("echo x\n"));
        if (i % 50 == 49)
            net_run(o.loop, 2);
    }
    net_until(o.loop, &o.opened, ROWS(fds));
    for (size_t i = 0; i < ROWS(fds); i++) {
        net_expect(o.loop, fds[i], STR("x\n"));
        close(fds[i]);
    }
    net_until(o.loop, &o.closed, ROWS(fds));
    uint64_t old = o.id;
    int a = net_connect(o.folder.socket);
    net_until(o.loop, &o.opened, ROWS(fds) + 1);
    assert_null(conn_find(o.conns, old));   /* the place is taken again, the id is not */
    close(a);
    owner_fini(&o);
}

static void test_peer(void **state)
{
    (void)state;
    struct owner o;
    struct conn_peer peer;
    owner_init(&o, 2);
    int a = net_connect(o.folder.socket);
    net_until(o.loop, &o.opened, 1);
    struct conn *c = conn_find(o.conns, o.id);
    assert_int_equal(conn_peer(c, &peer), 0);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, geteuid());
    assert_true(conn_peer_in_group(c, getegid()));
    assert_false(conn_peer_in_group(c, 54321));
    close(a);
    owner_fini(&o);
}

/* --- connections that we make --- */

static uint16_t port_of(int fd)
{
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    return ntohs(a.sin_port);
}

static void test_connect(void **state)
{
    (void)state;
    struct owner o;
    struct conn_target t = { .timeout_ms = 5000 };
    struct ip local;
    struct sockaddr_in from;
    socklen_t n = sizeof from;
    int listening = listen_tcp("127.0.0.1:0", NULL);
    owner_init(&o, 2);
    ip_parse(STR("127.0.0.1"), &t.ip);
    ip_parse(STR("127.0.0.9"), &local);
    t.local = &local;
    t.port = port_of(listening);
    uint64_t id = conns_connect(o.conns, &t, &o);
    assert_true(id != 0);
    assert_ptr_equal(conn_user(conn_find(o.conns, id)), &o);
    conn_write(conn_find(o.conns, id), STR("early\n"));   /* waits for the connection */
    net_until(o.loop, &o.opened, 1);
    int peer = accept(listening, (struct sockaddr *)&from, &n);
    assert_true(peer >= 0);
    assert_int_equal(ntohl(from.sin_addr.s_addr), 0x7f000009);
    net_expect(o.loop, peer, STR("early\n"));
    net_send(peer, STR("echo back\n"));
    net_expect(o.loop, peer, STR("back\n"));
    close(peer);
    net_until(o.loop, &o.closed, 1);
    close(listening);
    owner_fini(&o);
}

static void test_connect_refused(void **state)
{
    (void)state;
    struct owner o;
    struct conn_target t = { .timeout_ms = 5000 };
    int listening = listen_tcp("127.0.0.1:0", NULL);
    owner_init(&o, 2);
    ip_parse(STR("127.0.0.1"), &t.ip);
    t.port = port_of(listening);
    close(listening);
    assert_true(conns_connect(o.conns, &t, NULL) != 0);
    assert_int_equal(o.closed, 0);
    net_until(o.loop, &o.closed, 1);
    assert_int_equal(o.why, CONN_END_ERROR);
    assert_int_equal(o.errnum, ECONNREFUSED);
    o.opened++;                             /* it never was: for owner_fini() */
    owner_fini(&o);
}

/* A full queue of the listener: the handshake hangs. */
static void test_connect_late(void **state)
{
    (void)state;
    struct owner o;
    struct conn_target t = { .timeout_ms = 60 };
    int listening = listen_tcp("127.0.0.1:0", NULL), i;
    owner_init(&o, 10);
    o.deadline_ms = 60;                     /* for those that get through */
    assert_int_equal(listen(listening, 0), 0);
    ip_parse(STR("127.0.0.1"), &t.ip);
    t.port = port_of(listening);
    for (i = 0; i < 5; i++)
        conns_connect(o.conns, &t, NULL);
    net_until(o.loop, &o.closed, 5);
    assert_int_equal(o.why, CONN_END_LATE);
    assert_true(o.opened < 5);
    o.opened = 5;
    close(listening);
    owner_fini(&o);
}

int main(void)
{
    log_open("stderr", LOG_LEVEL_ERROR, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_settle_while_resumed),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_unread),
        cmocka_unit_test(test_drained),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_peer),
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_connect_refused),
        cmocka_unit_test(test_connect_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
