/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_control - who may ask what, answers now and later, pages, and bad lines
 *
 * The handlers here are the test's own: "echo" answers at once, "later" in a moment, "never" not at
 * all, "pages N" with N lines, "change" only to those who may change things.
 */
#include "door/control.h"

#include <grp.h>
#include <sys/wait.h>

#include "base/log.h"
#include "door/control_ask.h"
#include "netmake.h"

struct office {
    struct net_folder folder;
    struct loop *loop;
    struct control *control;
    struct timer timer;
    uint64_t later;              /* the call that waits */
    int pages, made, ended, changed;
    size_t row;                  /* bytes of a page */
};

static void run_echo(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    (void)ctx;
    control_answer(c, call, json_incref(json_object_get(request, "text")));
}

static void on_later(void *ctx)
{
    struct office *o = ctx;
    control_answer(o->control, o->later, json_string("at last"));
}

static void run_later(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct office *o = ctx;
    (void)c;
    (void)request;
    o->later = call;
    timer_set(o->loop, &o->timer, 30, on_later, o);
}

static void run_never(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    (void)ctx;
    (void)c;
    (void)call;
    (void)request;
}

static bool on_page(void *state, json_t *page)
{
    struct office *o = state;
    static char row[300000];
    memset(row, 'r', sizeof row);
    json_object_set_new(page, "n", json_integer(++o->made));
    if (o->row > 0)
        json_object_set_new(page, "row", json_stringn(row, o->row));
    return o->made < o->pages;
}

static void on_page_end(void *state)
{
    struct office *o = state;
    o->ended++;
}

static void run_pages(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct office *o = ctx;
    o->made = 0;
    o->pages = (int)json_integer_value(json_object_get(request, "n"));
    control_stream(c, call, on_page, on_page_end, o);
}

static void run_change(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct office *o = ctx;
    (void)request;
    o->changed++;
    control_answer(c, call, json_true());
}

static void run_fail(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct err err;
    (void)ctx;
    (void)request;
    err_set(&err, ERR_MISSING, "no such %s", "ban");
    control_fail(c, call, &err);
}

static const struct control_command commands[] = {
    { "echo", false, run_echo },   { "later", false, run_later }, { "never", false, run_never },
    { "pages", false, run_pages }, { "change", true, run_change }, { "fail", false, run_fail },
};
static const struct control_ops ops = { commands, ROWS(commands) };

static void office_init(struct office *o, unsigned mode, const char *group)
{
    struct err err;
    *o = (struct office){ .loop = loop_new() };
    net_folder_make(&o->folder);
    chmod(o->folder.path, 0755);
    struct conf_control conf = { .socket = o->folder.socket, .group = group, .mode = mode };
    o->control = control_new(o->loop, &ops, o);
    assert_int_equal(control_open(o->control, &conf, NULL, NULL, &err), 0);
}

static void office_fini(struct office *o)
{
    control_free(&o->control);
    loop_free(&o->loop);
    net_folder_remove(&o->folder);
}

static void test_lines(void **state)
{
    (void)state;
    static const struct { const char *in, *out; } rows[] = {
        { "{\"command\":\"echo\",\"text\":\"hi\"}\n", "{\"ok\":true,\"result\":\"hi\"}\n" },
        { "{\"command\":\"echo\",\"text\":\"a\\nb\xc3\xbc\"}\r\n",
          "{\"ok\":true,\"result\":\"a\\nb\\u00FC\"}\n" },
        { "\n\n{\"command\":\"fail\"}\n",
          "{\"ok\":false,\"kind\":\"missing\",\"error\":\"no such ban\"}\n" },
        { "{\"command\":\"ping\"}\n{\"command\":\"echo\",\"text\":3}\n",
          "{\"ok\":true,\"result\":{}}\n{\"ok\":true,\"result\":3}\n" },
        { "{\"command\":\"none\"}\n",
          "{\"ok\":false,\"kind\":\"usage\",\"error\":\"no such command\"}\n" },
        { "{\"command\":5}\n", "{\"ok\":false,\"kind\":\"format\","
          "\"error\":\"the request is no object with a command\"}\n" },
        { "[1]\n", "{\"ok\":false,\"kind\":\"format\","
          "\"error\":\"the request is no object with a command\"}\n" },
        { "{\"command\":\"later\"}\n{\"command\":\"echo\",\"text\":1}\n",
          "{\"ok\":true,\"result\":\"at last\"}\n{\"ok\":true,\"result\":1}\n" },
        { "{\"command\":\"pages\",\"n\":3}\n{\"command\":\"echo\",\"text\":2}\n",
          "{\"ok\":true,\"more\":true,\"result\":{\"n\":1}}\n"
          "{\"ok\":true,\"more\":true,\"result\":{\"n\":2}}\n{\"ok\":true,\"result\":{\"n\":3}}\n"
          "{\"ok\":true,\"result\":2}\n" },
        { "{\"command\":\"echo\",\"text\":3}", "{\"ok\":true,\"result\":3}\n" }, /* no line end */
    };
    struct office o;
    office_init(&o, 0600, "");
    for (size_t i = 0; i < ROWS(rows); i++) {
        int fd = net_connect(o.folder.socket);
        net_send(fd, str_c(rows[i].in));
        shutdown(fd, SHUT_WR);
        net_expect(o.loop, fd, str_c(rows[i].out));
        net_expect_end(o.loop, fd);
        close(fd);
    }
    office_fini(&o);
}

static void test_not_json(void **state)
{
    (void)state;
    static const struct { struct str in; const char *has; } rows[] = {
        { STR_INIT("hello\n"), "no JSON" },
        { STR_INIT("{\"command\":\"echo\",\"command\":\"fail\"}\n"), "no JSON" },
        { STR_INIT("{\"command\":\"echo\"} x\n"), "no JSON" },
        { STR_INIT("{\"command\":\"\xff\"}\n"), "no JSON" },
        { STR_INIT("\0\n"), "no JSON" },
    };
    struct office o;
    office_init(&o, 0600, "");
    int fd = net_connect(o.folder.socket);
    for (size_t i = 0; i < ROWS(rows); i++) {
        char bytes[1000];
        ssize_t n = -1;
        net_send(fd, rows[i].in);
        for (int k = 0; k < 1000 && n < 0; k++) {
            net_run(o.loop, 2);
            n = net_take(fd, bytes, sizeof bytes);
        }
        struct str got = str_make(bytes, n < 0 ? 0 : (size_t)n);
        if (!str_starts(got, STR("{\"ok\":false,\"kind\":\"format\"")) ||
            str_find(got, str_c(rows[i].has)) == STR_NONE || !str_ends(got, STR("\n")))
            fail_msg("row %zu: %.*s", i, STR_ARG(got));
    }
    net_send(fd, STR("{\"command\":\"echo\",\"text\":0}\n")); /* the connection is still good */
    net_expect(o.loop, fd, STR("{\"ok\":true,\"result\":0}\n"));
    close(fd);
    office_fini(&o);
}

static void test_long_line(void **state)
{
    (void)state;
    struct office o;
    char *line = malloc(CONTROL_REQUEST_MAX + 10);
    memset(line, ' ', CONTROL_REQUEST_MAX + 10);
    office_init(&o, 0600, "");
    int fd = net_connect(o.folder.socket);
    net_send(fd, str_make(line, CONTROL_REQUEST_MAX + 10));
    net_expect(o.loop, fd, STR("{\"ok\":false,\"kind\":\"limit\","
                               "\"error\":\"the request is longer than 65536 bytes\"}\n"));
    close(fd);
    free(line);
    office_fini(&o);
}

/* Far more than the output may hold at a time: made as it is read. */
static void test_many_pages(void **state)
{
    (void)state;
    struct office o;
    static char bytes[65536];
    int lines = 0;
    office_init(&o, 0600, "");
    o.row = 100000;
    int fd = net_connect(o.folder.socket);
    net_send(fd, STR("{\"command\":\"pages\",\"n\":100}\n"));
    net_run(o.loop, 50);
    assert_true(o.made < 50);                /* nobody has read yet */
    for (int i = 0; i < 100000 && lines < 100; i++) {
        ssize_t n = net_take(fd, bytes, sizeof bytes);
        if (n < 0)
            net_run(o.loop, 1);
        for (ssize_t k = 0; k < n; k++)
            lines += bytes[k] == '\n';
    }
    assert_int_equal(lines, 100);
    assert_int_equal(o.ended, 1);
    close(fd);
    office_fini(&o);
}

/* The asker goes: the stream is ended, the answer that comes later hits nobody. */
static void test_asker_gone(void **state)
{
    (void)state;
    struct office o;
    office_init(&o, 0600, "");
    o.row = 200000;
    int fd = net_connect(o.folder.socket);
    net_send(fd, STR("{\"command\":\"pages\",\"n\":1000}\n"));
    net_run(o.loop, 20);
    close(fd);
    net_until(o.loop, &o.ended, 1);
    fd = net_connect(o.folder.socket);
    net_send(fd, STR("{\"command\":\"later\"}\n"));
    net_run(o.loop, 5);
    close(fd);
    net_run(o.loop, 60);
    fd = net_connect(o.folder.socket);
    net_send(fd, STR("{\"command\":\"never\"}\n"));
    net_run(o.loop, 5);
    close(fd);
    office_fini(&o);
}

static void test_row_too_long(void **state)
{
    (void)state;
    struct office o;
    office_init(&o, 0600, "");
    struct buf b;
    buf_init(&b, 100);
    json_t *big = json_string("a text that does not go into a hundred bytes, "
                              "because it has more than a hundred bytes, and so on, and so on");
    assert_int_equal(control_result_line(&b, big, false), -1);
    assert_str(buf_str(&b), "");
    json_decref(big);
    buf_fini(&b);
    office_fini(&o);
}

/* As another user: send a line, copy what comes back to `out`. Never returns. */
static void be_other(const struct office *o, uid_t uid, gid_t gid, int out)
{
    char bytes[1000];
    ssize_t n;
    if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
        _exit(1);
    int fd = net_connect(o->folder.socket);
    if (fd < 0)
        _exit(2);
    net_send(fd, STR("{\"command\":\"change\"}\n{\"command\":\"echo\",\"text\":1}\n"
                     "{\"command\":\"ping\"}\n"));
    shutdown(fd, SHUT_WR);
    while ((n = read(fd, bytes, sizeof bytes)) > 0 && write(out, bytes, (size_t)n) == n)
        ;
    _exit(0);
}

static void test_who(void **state)
{
    (void)state;
    static const struct { uid_t uid; gid_t gid; const char *out; } rows[] = {
        { 0, 0, "{\"ok\":true,\"result\":true}\n{\"ok\":true,\"result\":1}\n"
                "{\"ok\":true,\"result\":{}}\n" },
        { 65500, 65400, "{\"ok\":false,\"kind\":\"access\",\"error\":\"only root and the user of "
                        "posternd may do this\"}\n{\"ok\":true,\"result\":1}\n"
                        "{\"ok\":true,\"result\":{}}\n" },
        { 65500, 65401, "{\"ok\":false,\"kind\":\"access\",\"error\":\"only root, the user of "
                        "posternd and the control group may ask\"}\n"
                        "{\"ok\":false,\"kind\":\"access\",\"error\":\"only root, the user of "
                        "posternd and the control group may ask\"}\n"
                        "{\"ok\":false,\"kind\":\"access\",\"error\":\"only root, the user of "
                        "posternd and the control group may ask\"}\n" },
    };
    if (geteuid() != 0)
        skip();
    struct office o;
    office_init(&o, 0666, "65400");
    for (size_t i = 0; i < ROWS(rows); i++) {
        int ends[2], status;
        char bytes[1000];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0)
            be_other(&o, rows[i].uid, rows[i].gid, ends[1]);
        close(ends[1]);
        for (int k = 0; k < 5000 && waitpid(child, &status, WNOHANG) == 0; k++)
            net_run(o.loop, 2);
        ssize_t n = read(ends[0], bytes, sizeof bytes);
        close(ends[0]);
        if (!str_eq(str_make(bytes, n < 0 ? 0 : (size_t)n), str_c(rows[i].out)))
            fail_msg("row %zu: %.*s", i, (int)n, bytes);
    }
    assert_int_equal(o.changed, 1);
    office_fini(&o);
}

static void test_no_socket(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct err err;
    struct conf_control none = { .socket = "", .group = "" };
    struct conf_control bad = { .socket = "/nonexistent/s", .group = "no-such-group" };
    struct control *c = control_new(l, &ops, NULL);
    assert_int_equal(control_open(c, &none, NULL, NULL, &err), 0);
    assert_int_equal(control_open(c, &bad, NULL, NULL, &err), -1);
    assert_non_null(strstr(err.text, "no group no-such-group"));
    control_free(&c);
    control_free(&c);
    loop_free(&l);
}

/* --- the command "ask" --- */

static void test_ask_envelope(void **state)
{
    (void)state;
    static const struct { const char *in, *err; enum envelope_stage stage; bool sender; } rows[] = {
        { "{\"client\":\"192.0.2.7\"}", NULL, STAGE_CONNECT, false },
        { "{\"client\":\"2001:db8::1\",\"helo\":\"x\"}", NULL, STAGE_HELO, false },
        { "{\"client\":\"192.0.2.7\",\"from\":\"\"}", NULL, STAGE_MAIL, true },
        { "{\"client\":\"192.0.2.7\",\"to\":\"a@b\",\"verified\":\"no\"}", NULL, STAGE_RCPT, false },
        { "{\"client\":\"192.0.2.7\",\"from\":\"c@d\",\"to\":\"a@b\",\"port\":99}", NULL,
          STAGE_RCPT, true },
        { "{}", "address of a client is needed", 0, false },
        { "{\"client\":\"\"}", "address of a client is needed", 0, false },
        { "{\"client\":\"mx.example\"}", "client is no IP address: mx.example", 0, false },
        { "{\"client\":\"192.0.2.7\",\"server\":\"x\"}", "server is no IP address", 0, false },
        { "{\"client\":\"192.0.2.7\",\"verified\":\"perhaps\"}", "yes, no or defer", 0, false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct envelope e;
        struct err err;
        json_t *request = json_loads(rows[i].in, 0, NULL);
        int rc = control_ask_envelope(request, &e, &err);
        if (rc != (rows[i].err == NULL ? 0 : -1))
            fail_msg("row %zu: %d", i, rc);
        if (rc != 0 && strstr(err.text, rows[i].err) == NULL)
            fail_msg("row %zu: %s", i, err.text);
        if (rc == 0 && (e.stage != rows[i].stage || e.has_sender != rows[i].sender || !e.dry))
            fail_msg("row %zu: stage %d", i, (int)e.stage);
        json_decref(request);
    }
}

static void test_ask_result(void **state)
{
    (void)state;
    struct verdict v = { .action = VERDICT_REFUSE, .by = CHECK_DNSBL, .code = 550,
                         .status = "5.7.1", .text = STR("listed \x1b[2J"), .usec = 1234 };
    struct envelope e = { .stage = STAGE_RCPT, .has_client = true, .has_sender = true,
                          .helo = STR("\xff"), .recipient = STR("a@b") };
    struct buf b;
    ip_parse(STR("192.0.2.7"), &e.client);
    v.checks[CHECK_DNSBL] = (struct check_result){ .state = CHECK_HIT, .mode = MODE_REFUSE,
                                                   .score = 150, .usec = 7, .words = STR("zen") };
    json_t *result = control_ask_result(&e, &v);
    buf_init(&b, 10000);
    assert_int_equal(control_result_line(&b, result, false), 0);
    static const char *const parts[] = {
        "{\"ok\":true,\"result\":{\"action\":\"refuse\",\"by\":\"dnsbl\",\"code\":550,"
        "\"status\":\"5.7.1\",\"text\":\"listed \\\\x1b[2J\",\"drop\":false,\"exempt\":null,"
        "\"usec\":1234,",
        "\"envelope\":{\"stage\":\"rcpt\",\"client\":\"192.0.2.7\",\"helo\":\"\\\\xff\",\"from\":\"\","
        "\"to\":\"a@b\"}",
        "{\"check\":\"dnsbl\",\"mode\":\"refuse\",\"state\":\"hit\",\"usec\":7,\"score\":1.5,"
        "\"words\":\"zen\"}",
        "{\"check\":\"ban\",\"mode\":\"off\",\"state\":\"not-run\",\"usec\":0,\"words\":null}",
    };
    for (size_t i = 0; i < ROWS(parts); i++) {
        if (str_find(buf_str(&b), str_c(parts[i])) == STR_NONE)
            fail_msg("part %zu is not in %s", i, buf_c(&b));
    }
    json_decref(result);
    buf_fini(&b);
}

int main(void)
{
    log_open("stderr", LOG_LEVEL_ERROR, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_many_pages),
        cmocka_unit_test(test_asker_gone),
        cmocka_unit_test(test_row_too_long),
        cmocka_unit_test(test_who),
        cmocka_unit_test(test_no_socket),
        cmocka_unit_test(test_ask_envelope),
        cmocka_unit_test(test_ask_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
