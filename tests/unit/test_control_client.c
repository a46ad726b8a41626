/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_control_client - postern's side of the control socket
 *
 * The other side is a child process: the real control socket with a handler or two, or
 * something that is not posternd at all. Its lines are what a confused or hostile process on
 * that path could send.
 */
#include "cmd/control_client.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "door/control.h"
#include "event/listen.h"
#include "netmake.h"

static struct net_folder folder;

static int setup(void **state)
{
    (void)state;
    net_folder_make(&folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    net_folder_remove(&folder);
    return 0;
}

/* --- the other side --- */

static bool on_page(void *state, json_t *page)
{
    int *n = state;
    json_object_set_new(page, "n", json_integer(++*n));
    return *n < 5;
}

static void on_end(void *state)
{
    (void)state;
}

static void run_pages(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    static int n;
    (void)ctx;
    (void)request;
    n = 0;
    control_stream(c, call, on_page, on_end, &n);
}

static void run_echo(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    (void)ctx;
    control_answer(c, call, json_incref(json_object_get(request, "text")));
}

static void run_fail(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct err err;
    (void)ctx;
    (void)request;
    err_set(&err, ERR_MISSING, "192.0.2.7 is not banned");
    control_fail(c, call, &err);
}

static void run_never(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    (void)ctx;
    (void)c;
    (void)call;
    (void)request;
}

static const struct control_command commands[] = {
    { "pages", false, run_pages }, { "echo", false, run_echo }, { "fail", false, run_fail },
    { "never", false, run_never },
};

/* A daemon in a child process, which ends when it is killed. Its loop is made there: an epoll
 * descriptor is shared over a fork. */
static pid_t daemon_begin(void)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        static const struct control_ops ops = { commands, ROWS(commands) };
        struct conf_control conf = { .socket = folder.socket, .group = "", .mode = 0600 };
        struct loop *l = loop_new();
        struct control *c = control_new(l, &ops, NULL);
        alarm(60);
        if (control_open(c, &conf, NULL, NULL, NULL) == 0 && write(ready[1], "x", 1) == 1)
            loop_run(l, NULL);
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

/* Says these bytes to the first who connects, and closes. */
static pid_t impostor_begin(struct str says)
{
    struct err err;
    struct listen_unix where = { .path = folder.socket, .mode = 0600 };
    int fd = listen_unix(&where, &err);
    pid_t child = fork();
    if (child == 0) {
        char bytes[1000];
        struct loop *l = loop_new();
        int peer;
        alarm(60);
        while ((peer = accept(fd, NULL, NULL)) < 0)
            net_run(l, 2);
        if (read(peer, bytes, sizeof bytes) > 0 && write(peer, says.p, says.n) < 0)
            _exit(1);
        _exit(0);
    }
    close(fd);
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* --- tests --- */

static void test_talk(void **state)
{
    (void)state;
    struct err err;
    struct client c;
    bool more, reached;
    pid_t child = daemon_begin();
    json_t *request = json_pack("{s:s, s:s}", "command", "echo", "text", "gr\xc3\xbc\xc3\x9f");
    json_t *result = client_call(folder.socket, request, 20, &reached, &err);
    assert_true(reached);
    assert_string_equal(json_string_value(result), "gr\xc3\xbc\xc3\x9f");
    json_decref(result);
    json_object_set_new(request, "command", json_string("fail"));
    assert_null(client_call(folder.socket, request, 20, &reached, &err));
    assert_true(reached);
    assert_int_equal(err.kind, ERR_MISSING);
    assert_string_equal(err.text, "192.0.2.7 is not banned");
    assert_int_equal(client_status(&err), EXIT_NOT_OURS);
    json_object_set_new(request, "command", json_string("pages"));
    assert_int_equal(client_open(&c, folder.socket, &err), 0);
    assert_int_equal(client_send(&c, request, &err), 0);
    for (int i = 1; i <= 5; i++) {
        result = client_next(&c, &more, &err);
        assert_int_equal(json_integer_value(json_object_get(result, "n")), i);
        assert_int_equal(more, i < 5);
        json_decref(result);
    }
    client_close(&c);
    json_decref(request);
    end(child);
}

static void test_nobody(void **state)
{
    (void)state;
    struct err err;
    struct client c;
    static char longest[300];
    unlink(folder.socket);
    assert_int_equal(client_open(&c, folder.socket, &err), -1);
    assert_int_equal(err.kind, ERR_MISSING);
    assert_non_null(strstr(err.text, "posternd does not answer"));
    pid_t child = daemon_begin();
    end(child);                                   /* leaves its socket behind */
    assert_int_equal(client_open(&c, folder.socket, &err), -1);
    assert_int_equal(err.kind, ERR_MISSING);
    memset(longest, 'x', sizeof longest - 1);
    assert_int_equal(client_open(&c, longest, &err), -1);
    assert_int_equal(err.kind, ERR_USAGE);
}

/* A daemon that takes connections and does nothing: told in seconds, and what to do. */
static void test_stopped(void **state)
{
    (void)state;
    struct err err;
    struct client c;
    struct timespec before, after;
    pid_t child = daemon_begin();
    assert_int_equal(kill(child, SIGSTOP), 0);
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(client_open(&c, folder.socket, &err), -1);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(err.kind, ERR_IO);
    assert_non_null(strstr(err.text, "stopped or hangs"));
    assert_non_null(strstr(err.text, folder.socket));
    assert_in_range(after.tv_sec - before.tv_sec, CLIENT_ALIVE_SECONDS - 1,
                    CLIENT_ALIVE_SECONDS + 3);
    assert_int_equal(kill(child, SIGCONT), 0);
    assert_int_equal(client_open(&c, folder.socket, &err), 0);
    client_close(&c);
    end(child);
}

/* One that lives and has no answer: the limit of the command counts. */
static void test_no_answer(void **state)
{
    (void)state;
    struct err err;
    bool reached;
    pid_t child = daemon_begin();
    json_t *request = json_pack("{s:s}", "command", "never");
    assert_null(client_call(folder.socket, request, 1, &reached, &err));
    assert_true(reached);
    assert_int_equal(err.kind, ERR_IO);
    assert_non_null(strstr(err.text, "within 1 second"));
    json_decref(request);
    end(child);
}

static void test_impostors(void **state)
{
    (void)state;
    static const struct { struct str says; const char *err; } rows[] = {
        { STR_INIT(""), "without an answer" },
        { STR_INIT("{\"ok\":true"), "without an answer" },
        { STR_INIT("220 mx.example.org ESMTP\r\n"), "is not posternd" },
        { STR_INIT("{\"ok\":true}\n"), "is not posternd" },
        { STR_INIT("{\"ok\":false,\"error\":\"x\"}\n"), "is not posternd" },
        { STR_INIT("{\"ok\":1,\"result\":{}}\n"), "is not posternd" },
        { STR_INIT("[]\n"), "is not posternd" },
        { STR_INIT("\n"), "is not posternd" },
        { STR_INIT("{\"ok\":false,\"kind\":\"io\",\"error\":\"a\\u001b[2Jb\"}\n"), "a\\x1b[2Jb" },
    };
    json_t *request = json_pack("{s:s}", "command", "x");
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct err err;
        bool reached;
        pid_t child = impostor_begin(rows[i].says);
        if (client_call(folder.socket, request, 20, &reached, &err) != NULL ||
            strstr(err.text, rows[i].err) == NULL || err.kind != ERR_IO)
            fail_msg("row %zu: %s", i, err.text);
        end(child);
    }
    json_decref(request);
}

static void test_flood(void **state)
{
    (void)state;
    struct err err;
    bool reached;
    size_t n = CONTROL_ANSWER_MAX + 100000;
    char *flood = malloc(n);
    memset(flood, 'x', n);
    json_t *request = json_pack("{s:s}", "command", "x");
    pid_t child = impostor_begin(str_make(flood, n));
    assert_null(client_call(folder.socket, request, 20, &reached, &err));
    assert_non_null(strstr(err.text, "too long"));
    end(child);
    free(flood);
    json_decref(request);
}

static void test_text(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    json_t *object = json_loads("{\"a\":\"x\\u001b\\u202ey\\u0000z\",\"n\":5}", JSON_ALLOW_NUL, NULL);
    assert_string_equal(client_text(object, "a", &b), "x\\x1b\\xe2\\x80\\xaey\\x00z");
    assert_string_equal(client_text(object, "n", &b), "");
    assert_string_equal(client_text(object, "none", &b), "");
    assert_string_equal(client_text(NULL, "none", &b), "");
    json_decref(object);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_talk),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_impostors),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
