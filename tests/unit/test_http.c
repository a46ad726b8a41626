/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_http - the page of numbers, for good clients and for others
 *
 * The server is the real one on a loopback port; the clients are blocking sockets of the
 * same process, so the loop is run until they have what they wait for.
 */
#include "event/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "event/listen.h"
#include "netmake.h"

struct site {
    struct loop *loop;
    struct http *http;
    uint16_t port;
    int asked;
    bool too_long;
};

static void body(void *ctx, struct buf *b)
{
    struct site *s = ctx;
    s->asked++;
    buf_addf(b, "postern_up %d\n", s->asked);
    if (s->too_long)
        buf_reserve(b, HTTP_BODY_MAX);
}

static void site_init(struct site *s)
{
    struct http_page page = { .path = "/metrics", .type = "text/plain; version=0.0.4",
                              .body = body, .ctx = s };
    struct err err;
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    int fd = listen_tcp("127.0.0.1:0", &err);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *s = (struct site){ .loop = loop_new(), .port = ntohs(a.sin_port) };
    s->http = http_new(s->loop, fd, &page, &err);
    assert_non_null(s->http);
}

static void site_fini(struct site *s)
{
    http_free(&s->http);
    assert_null(s->http);
    loop_free(&s->loop);
}

static int client(const struct site *s)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(s->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* The whole of what comes back to the end of the connection, or what has come by the end of time. */
static struct str fetch(struct site *s, struct str request, char *bytes, size_t size)
{
    int fd = client(s);
    ssize_t n = -1;
    size_t have = 0;
    int64_t end = loop_ms(s->loop) + NET_WAIT_MS;
    net_send(fd, request);
    while (n != 0 && loop_ms(s->loop) < end) {
        net_run(s->loop, 2);
        n = net_take(fd, bytes + have, size - have);
        have += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(n, 0);
    close(fd);
    return str_make(bytes, have);
}

static void test_pages(void **state)
{
    (void)state;
    static const struct { struct str request, status, has; } rows[] = {
        { STR_INIT("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), STR_INIT("HTTP/1.1 200 "),
          STR_INIT("\r\n\r\npostern_up 1\n") },
        { STR_INIT("GET /metrics?x=1 HTTP/1.0\r\n\r\n"), STR_INIT("HTTP/1.0 200 "),
          STR_INIT("Content-Type: text/plain; version=0.0.4\r\n") },
        { STR_INIT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), STR_INIT("HTTP/1.1 404 "),
          STR_INIT("not found") },
        { STR_INIT("GET /metrics/../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"),
          STR_INIT("HTTP/1.1 404 "), STR_INIT("not found") },
        { STR_INIT("GET /<script> HTTP/1.1\r\nHost: x\r\n\r\n"), STR_INIT("HTTP/1.1 4"),
          STR_INIT("") },
        { STR_INIT("POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"),
          STR_INIT("HTTP/1.1 "), STR_INIT("") },
        { STR_INIT("nonsense\r\n\r\n"), STR_INIT("HTTP/1.1 400 "), STR_INIT("") },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct site s;
        char bytes[8192];
        site_init(&s);
        struct str got = fetch(&s, rows[i].request, bytes, sizeof bytes);
        if (!str_starts(got, rows[i].status) || str_find(got, rows[i].has) == STR_NONE ||
            str_find(got, STR("<script>")) != STR_NONE)
            fail_msg("row %zu: %.*s", i, STR_ARG(got));
        if (i == 5)
            assert_true(str_find(got, STR(" 200 ")) == STR_NONE);
        site_fini(&s);
    }
}

static void test_too_long(void **state)
{
    (void)state;
    struct site s;
    char bytes[8192];
    site_init(&s);
    s.too_long = true;
    struct str got = fetch(&s, STR("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), bytes,
                           sizeof bytes);
    assert_true(str_starts(got, STR("HTTP/1.1 500 ")));
    site_fini(&s);
}

/* More silent clients than there are places: the page comes back when they have gone. */
static void test_crowd(void **state)
{
    (void)state;
    struct site s;
    char bytes[8192];
    int fds[HTTP_CONNECTIONS_MAX + 5];
    site_init(&s);
    for (size_t i = 0; i < ROWS(fds); i++)
        fds[i] = client(&s);
    net_run(s.loop, 50);
    int late = client(&s);
    net_send(late, STR("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    net_run(s.loop, 100);
    assert_int_equal(s.asked, 0);            /* no place for it */
    for (size_t i = 0; i < ROWS(fds); i++)
        close(fds[i]);
    net_until(s.loop, &s.asked, 1);
    close(late);
    struct str got = fetch(&s, STR("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), bytes,
                           sizeof bytes);
    assert_true(str_starts(got, STR("HTTP/1.1 200 ")));
    site_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
