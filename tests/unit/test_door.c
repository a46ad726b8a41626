/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_door - Postfix's way and Exim's way, and callers who keep to neither
 *
 * The policy here is the test's own (it stands before the real one when linking): the
 * recipient says what it answers, and when. "now@x" is refused at once, "soon@x" in a moment,
 * "never@x" not at all, "hurry@x" when it is told to hurry, "tag@x" is tagged; everybody else passes.
 */
#include "door/door.h"

#include <sys/resource.h>

#include "base/log.h"
#include "netmake.h"

/* --- a policy of our own --- */

struct asked {
    uint64_t number;
    policy_callback *call;
    void *ctx;
    char recipient[64];
    struct timer timer;
};

#define ASKED_MAX 2000

struct policy {
    struct loop *loop;
    struct asked asked[ASKED_MAX];
    int count, cancelled, hurried, ended;
    char session[64], last[64];
};

static void asked_answer(struct asked *a)
{
    struct verdict v = { .action = VERDICT_PASS };
    struct envelope e = { .stage = STAGE_RCPT };
    if (strncmp(a->recipient, "now", 3) == 0 || strncmp(a->recipient, "soon", 4) == 0 ||
        strncmp(a->recipient, "hurry", 5) == 0) {
        v.action = VERDICT_REFUSE;
        v.code = 550;
        v.text = str_c(a->recipient);
    } else if (strncmp(a->recipient, "tag", 3) == 0) {
        v.action = VERDICT_TAG;
        v.text = STR("marked");
    }
    policy_callback *call = a->call;
    a->call = NULL;
    call(a->ctx, a->number, &e, &v);
}

static void on_soon(void *ctx)
{
    asked_answer(ctx);
}

uint64_t policy_ask(struct policy *p, const struct envelope *e, policy_callback *call, void *ctx)
{
    assert_true(p->count < ASKED_MAX);
    struct asked *a = &p->asked[p->count++];
    *a = (struct asked){ .number = (uint64_t)p->count, .call = call, .ctx = ctx };
    str_copy(e->recipient, a->recipient, sizeof a->recipient);
    str_copy(e->recipient, p->last, sizeof p->last);
    str_copy(e->session, p->session, sizeof p->session);
    p->ended += e->stage == STAGE_END;
    if (str_starts(e->recipient, STR("soon")))
        timer_set(p->loop, &a->timer, 20, on_soon, a);
    else if (!str_starts(e->recipient, STR("never")) && !str_starts(e->recipient, STR("hurry")))
        asked_answer(a);
    return a->number;
}

bool policy_hurry(struct policy *p, uint64_t ask)
{
    struct asked *a = &p->asked[ask - 1];
    assert_non_null(a->call);
    p->hurried++;
    asked_answer(a);
    return true;
}

void policy_cancel(struct policy *p, uint64_t ask)
{
    struct asked *a = &p->asked[ask - 1];
    assert_non_null(a->call);      /* the door knows what is open */
    timer_cancel(p->loop, &a->timer);
    a->call = NULL;
    p->cancelled++;
}

/* --- a house with a door --- */

struct house {
    struct net_folder folder;
    struct loop *loop;
    struct conf_door conf;
    struct policy *policy;
    struct door *door;
};

static void house_init(struct house *h, unsigned connections)
{
    struct err err;
    net_folder_make(&h->folder);
    h->loop = loop_new();
    h->policy = calloc(1, sizeof *h->policy);
    h->policy->loop = h->loop;
    h->conf = (struct conf_door){
        .socket = h->folder.socket, .owner = "", .group = "", .mode = 0600,
        .connections = connections, .answer_ms = 150, .idle_ms = 5000, .request_ms = 5000,
    };
    h->door = door_new(h->loop, &h->conf, h->policy);
    assert_int_equal(door_open(h->door, NULL, NULL, &err), 0);
}

static void house_fini(struct house *h)
{
    struct door_stats s;
    door_stats(h->door, &s);
    door_free(&h->door);
    for (int i = 0; i < h->policy->count; i++)
        assert_null(h->policy->asked[i].call);   /* nothing is left open */
    free(h->policy);
    loop_free(&h->loop);
    net_folder_remove(&h->folder);
}

static void rcpt(int fd, const char *recipient)
{
    char request[300];
    int n = snprintf(request, sizeof request,
                     "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.7\n"
                     "instance=one\nsender=a@b\nrecipient=%s\n\n", recipient);
    net_send(fd, str_make(request, (size_t)n));
}

/* Postfix: one connection, many requests. */
static void test_kept(void **state)
{
    (void)state;
    struct house h;
    house_init(&h, 10);
    int fd = net_connect(h.folder.socket);
    for (int i = 0; i < 3; i++) {
        rcpt(fd, "now@x");
        net_expect(h.loop, fd, STR("action=550 5.7.1 now@x\n\n"));
        rcpt(fd, "soon@x");
        net_expect(h.loop, fd, STR("action=550 5.7.1 soon@x\n\n"));
        rcpt(fd, "tag@x");
        net_expect(h.loop, fd, STR("action=PREPEND X-Postern: marked\n\n"));
        rcpt(fd, "good@x");
        net_expect(h.loop, fd, STR("action=DUNNO\n\n"));
    }
    assert_string_equal(h.policy->session, "one");
    close(fd);
    house_fini(&h);
}

/* Exim: one request, its side closed, read to the end. */
static void test_half_closed(void **state)
{
    (void)state;
    static const struct { const char *to, *reply; } rows[] = {
        { "now@x", "action=550 5.7.1 now@x\n\n" },
        { "soon@x", "action=550 5.7.1 soon@x\n\n" },
        { "good@x", "action=DUNNO\n\n" },
    };
    struct house h;
    house_init(&h, 10);
    for (size_t i = 0; i < ROWS(rows); i++) {
        int fd = net_connect(h.folder.socket);
        rcpt(fd, rows[i].to);
        shutdown(fd, SHUT_WR);
        net_expect(h.loop, fd, str_c(rows[i].reply));
        net_expect_end(h.loop, fd);
        close(fd);
    }
    house_fini(&h);
}

/* Sent all at once, answered in their order. */
static void test_in_order(void **state)
{
    (void)state;
    struct house h;
    house_init(&h, 10);
    int fd = net_connect(h.folder.socket);
    rcpt(fd, "soon1@x");
    rcpt(fd, "now2@x");
    net_send(fd, STR("nonsense\n\n"));
    rcpt(fd, "soon3@x");
    net_send(fd, STR("protocol_state=DATA\n\n"));
    shutdown(fd, SHUT_WR);
    net_expect(h.loop, fd, STR("action=550 5.7.1 soon1@x\n\naction=550 5.7.1 now2@x\n\n"
                               "action=DUNNO\n\naction=550 5.7.1 soon3@x\n\naction=DUNNO\n\n"));
    net_expect_end(h.loop, fd);
    close(fd);
    struct door_stats s;
    door_stats(h.door, &s);
    assert_int_equal(s.requests, 5);
    assert_int_equal(s.bad, 1);
    assert_int_equal(s.ignored, 1);
    assert_int_equal(s.waiting, 0);
    house_fini(&h);
}

/* What cannot be understood, or is no request at all, is DUNNO, once. */
static void test_not_understood(void **state)
{
    (void)state;
    static const struct { struct str in, out; } rows[] = {
        { STR_INIT("nonsense\n\n"), STR_INIT("action=DUNNO\n\n") },
        { STR_INIT("nonsense"), STR_INIT("action=DUNNO\n\n") },
        { STR_INIT("\n"), STR_INIT("action=DUNNO\n\n") },
        { STR_INIT("\0\0\0\n\xff\n\n"), STR_INIT("action=DUNNO\n\n") },
        { STR_INIT("protocol_state=RCPT\nrecipient=now@x\n"),        /* the empty line is missing */
          STR_INIT("action=550 5.7.1 now@x\n\n") },
        { STR_INIT("protocol_state=RCPT\nrecipient=now@x"), STR_INIT("action=DUNNO\n\n") },
        { STR_INIT("protocol_state=RCPT\nrecipient=now@x\n\n\n\n"),  /* and here there are too many */
          STR_INIT("action=550 5.7.1 now@x\n\n") },
        { STR_INIT(""), STR_INIT("") },
    };
    for (size_t i = 0; i < 2 * ROWS(rows); i++) {
        struct house h;
        house_init(&h, 10);
        int fd = net_connect(h.folder.socket);
        net_send(fd, rows[i / 2].in);
        if (i % 2 == 1)
            net_run(h.loop, 20);     /* the end comes later than the bytes */
        shutdown(fd, SHUT_WR);
        net_expect(h.loop, fd, rows[i / 2].out);
        net_expect_end(h.loop, fd);
        close(fd);
        house_fini(&h);
    }
}

static void test_late(void **state)
{
    (void)state;
    struct house h;
    struct door_stats s;
    house_init(&h, 10);
    int fd = net_connect(h.folder.socket);
    rcpt(fd, "never@x");
    rcpt(fd, "now@x");
    int64_t begin = loop_ms(h.loop);
    net_expect(h.loop, fd, STR("action=DUNNO\n\naction=550 5.7.1 now@x\n\n"));
    assert_true(loop_ms(h.loop) - begin >= 150);
    /* what was found before the time was up counts; the next request has a time of its own */
    rcpt(fd, "hurry@x");
    rcpt(fd, "hurry@x");
    net_expect(h.loop, fd, STR("action=550 5.7.1 hurry@x\n\naction=550 5.7.1 hurry@x\n\n"));
    assert_true(loop_ms(h.loop) - begin >= 450);
    assert_int_equal(h.policy->cancelled, 0);
    assert_int_equal(h.policy->hurried, 3);
    door_stats(h.door, &s);
    assert_int_equal(s.late, 3);
    assert_int_equal(s.waiting, 0);
    close(fd);
    house_fini(&h);
}

/* The caller goes while we ask. */
static void test_caller_gone(void **state)
{
    (void)state;
    struct house h;
    struct door_stats s;
    house_init(&h, 10);
    int fd = net_connect(h.folder.socket);
    rcpt(fd, "soon@x");
    net_run(h.loop, 5);
    close(fd);
    net_run(h.loop, 100);
    fd = net_connect(h.folder.socket);
    rcpt(fd, "never@x");
    net_run(h.loop, 5);
    door_stats(h.door, &s);
    assert_int_equal(s.waiting, 1);
    close(fd);
    house_fini(&h);                  /* while one is still open */
}

static void test_slow_callers(void **state)
{
    (void)state;
    struct house h;
    house_init(&h, 10);
    h.conf.idle_ms = 60;
    h.conf.request_ms = 100;
    int silent = net_connect(h.folder.socket), slow = net_connect(h.folder.socket);
    net_send(slow, STR("protocol"));
    net_expect_end(h.loop, silent);
    net_expect_end(h.loop, slow);
    close(silent);
    close(slow);
    house_fini(&h);
}

/* A caller who trickles does not move its deadline. */
static void test_trickle(void **state)
{
    (void)state;
    struct house h;
    char byte;
    int sent = 0;
    house_init(&h, 10);
    h.conf.request_ms = 100;
    int fd = net_connect(h.folder.socket);
    while (sent < 50 && net_take(fd, &byte, 1) < 0 &&
           send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
        net_run(h.loop, 20);
        sent++;
    }
    assert_true(sent >= 1 && sent < 50);
    close(fd);
    house_fini(&h);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct house h;
    house_init(&h, 2);
    int idle = net_connect(h.folder.socket), busy = net_connect(h.folder.socket);
    rcpt(busy, "never@x");
    net_run(h.loop, 10);
    int third = net_connect(h.folder.socket);     /* takes the place of the idle one */
    rcpt(third, "never@x");
    net_expect_end(h.loop, idle);
    int fourth = net_connect(h.folder.socket);    /* none is idle */
    net_expect(h.loop, fourth, STR("action=DUNNO\n\n"));
    net_expect_end(h.loop, fourth);
    net_expect(h.loop, busy, STR("action=DUNNO\n\n"));   /* late, but not lost */
    close(idle);
    close(busy);
    close(third);
    close(fourth);
    house_fini(&h);
}

static void test_thousand(void **state)
{
    (void)state;
    struct house h;
    static int fds[1000];
    size_t open = 0;
    struct rlimit few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &few), 0);
    few.rlim_cur = few.rlim_max;
    if (few.rlim_max < 2100 || setrlimit(RLIMIT_NOFILE, &few) != 0)
        skip();
    house_init(&h, 1200);
    h.conf.answer_ms = 20000;
    for (; open < ROWS(fds); open++) {
        fds[open] = net_connect(h.folder.socket);
        rcpt(fds[open], "soon@x");
        if (open % 100 == 99)
            net_run(h.loop, 1);
    }
    for (size_t i = 0; i < open; i++)
        net_expect(h.loop, fds[i], STR("action=550 5.7.1 soon@x\n\n"));
    for (size_t i = 0; i < open; i++)
        close(fds[i]);
    house_fini(&h);
}

static void test_session_end(void **state)
{
    (void)state;
    struct house h;
    house_init(&h, 10);
    int fd = net_connect(h.folder.socket);
    net_send(fd, STR("protocol_state=QUIT\ninstance=two\n\nprotocol_state=NOTQUIT\ninstance=two\n\n"));
    net_expect(h.loop, fd, STR("action=DUNNO\n\naction=DUNNO\n\n"));
    assert_int_equal(h.policy->ended, 2);
    assert_string_equal(h.policy->session, "two");
    close(fd);
    house_fini(&h);
}

/* A reload: the next request asks the new policy, the open one is answered by the former. */
static void test_change(void **state)
{
    (void)state;
    struct house h;
    house_init(&h, 10);
    struct policy *other = calloc(1, sizeof *other);
    other->loop = h.loop;
    int fd = net_connect(h.folder.socket);
    rcpt(fd, "soon1@x");
    net_run(h.loop, 5);
    door_change(h.door, &h.conf, other);
    rcpt(fd, "now2@x");
    net_expect(h.loop, fd, STR("action=550 5.7.1 soon1@x\n\naction=550 5.7.1 now2@x\n\n"));
    assert_string_equal(h.policy->last, "soon1@x");
    assert_string_equal(other->last, "now2@x");
    close(fd);
    house_fini(&h);
    free(other);
}

int main(void)
{
    log_open("stderr", LOG_LEVEL_ERROR, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_not_understood),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_caller_gone),
        cmocka_unit_test(test_slow_callers),
        cmocka_unit_test(test_trickle),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_thousand),
        cmocka_unit_test(test_session_end),
        cmocka_unit_test(test_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
