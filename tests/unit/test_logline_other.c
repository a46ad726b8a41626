/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logline_other - refusals, connections, cPanel's lines
 *
 * The shapes are those of smtp_in.c and of cPanel's lines in the wild; the last
 * rows of each table are clients that imitate them.
 */
#include "logline_case.h"

static const struct row {
    const char *text;
    bool has_host;
    const char *name, *helo, *ip;
    uint16_t port;
    bool has_sender, temporary;
    const char *sender, *auth_id, *what, *recipient, *message;
} rows[] = {
    { .text = "H=(barfoo.com) [203.0.113.9] F=<x@far.example> rejected RCPT <nosuch@barfoo.com>: "
              "Unrouteable address", .has_host = true, .helo = "barfoo.com", .ip = "203.0.113.9",
      .has_sender = true, .sender = "x@far.example", .what = "RCPT",
      .recipient = "nosuch@barfoo.com", .message = "Unrouteable address" },
    { .text = "H=mx.b (helo) [192.0.2.1]:4711 I=[198.51.100.1]:25 U=joe Ci=77 X=TLS1.3:A:256 "
              "CV=no DN=\"/CN=x\" F=<> A=login:bob@x temporarily rejected RCPT <a@b>: greylisted: "
              "try later", .has_host = true, .name = "mx.b", .helo = "helo", .ip = "192.0.2.1",
      .port = 4711, .has_sender = true, .auth_id = "bob@x", .temporary = true, .what = "RCPT",
      .recipient = "a@b", .message = "greylisted: try later" },
    { .text = "H=(x) [192.0.2.1] F=<a@b> rejected RCPT c@d: no", .has_host = true, .helo = "x",
      .ip = "192.0.2.1", .has_sender = true, .sender = "a@b", .what = "RCPT", .recipient = "c@d",
      .message = "no" },
    { .text = "H=(x) [192.0.2.1] F=<a@b> rejected RCPT <bad address>: no", .has_host = true,
      .helo = "x", .ip = "192.0.2.1", .has_sender = true, .sender = "a@b", .what = "RCPT",
      .recipient = "bad address", .message = "no" },
    { .text = "H=(x) [192.0.2.1] F=<a@b> rejected RCPT <\"x>: y\"@d>: no", .has_host = true,
      .helo = "x", .ip = "192.0.2.1", .has_sender = true, .sender = "a@b", .what = "RCPT",
      .recipient = "\"x>: y\"@d", .message = "no" },
    { .text = "H=(x) [192.0.2.1] F=<a@b> rejected after DATA: spam is not wanted here",
      .has_host = true, .helo = "x", .ip = "192.0.2.1", .has_sender = true, .sender = "a@b",
      .what = "DATA", .message = "spam is not wanted here" },
    { .text = "H=(x) [192.0.2.1] F=<a@b> rejected during MIME ACL checks: virus", .has_host = true,
      .helo = "x", .ip = "192.0.2.1", .has_sender = true, .sender = "a@b", .what = "MIME",
      .message = "virus" },
    { .text = "H=(x) [192.0.2.1] rejected MAIL <a@b>: no", .has_host = true, .helo = "x",
      .ip = "192.0.2.1", .what = "MAIL", .message = "no" },
    { .text = "H=[192.0.2.1] rejected connection in \"connect\" ACL: no", .has_host = true,
      .ip = "192.0.2.1", .what = "connection", .message = "no" },
    { .text = "H=[192.0.2.1]:25 rejected EHLO or HELO x.y: no", .has_host = true, .ip = "192.0.2.1",
      .port = 25, .what = "EHLO", .message = "no" },
    { .text = "rejected EHLO from (x) [192.0.2.1]: syntactically invalid argument(s): a_b",
      .has_host = true, .helo = "x", .ip = "192.0.2.1", .what = "EHLO",
      .message = "syntactically invalid argument(s): a_b" },
    { .text = "rejected \"EHLO x\" from H=(x) [192.0.2.1]: verification failed", .has_host = true,
      .helo = "x", .ip = "192.0.2.1", .what = "EHLO", .message = "verification failed" },
    { .text = "temporarily rejected \"HELO x\" from H=(x) [192.0.2.1]", .has_host = true,
      .helo = "x", .ip = "192.0.2.1", .temporary = true, .what = "HELO" },
    { .text = "rejected from <a@b> H=(x) [192.0.2.1]: message too big: read=9 max=8",
      .has_host = true, .helo = "x", .ip = "192.0.2.1", .has_sender = true, .sender = "a@b",
      .message = "message too big: read=9 max=8" },
    { .text = "rejected from <> U=joe: message too big", .has_sender = true,
      .message = "message too big" },
    { .text = "F=<ClientX@barfoo.com> rejected by non-SMTP ACL: this account may not send mail",
      .has_sender = true, .sender = "ClientX@barfoo.com", .what = "non-SMTP",
      .message = "this account may not send mail" },
    { .text = "F=a@b H=(x) [192.0.2.1] P=esmtp rejected by local_scan(): no", .has_host = true,
      .helo = "x", .ip = "192.0.2.1", .has_sender = true, .sender = "a@b", .what = "local_scan()",
      .message = "no" },
    { .text = "U=joe F=<a@b> rejected RCPT <c@d>: no", .has_sender = true, .sender = "a@b",
      .what = "RCPT", .recipient = "c@d", .message = "no" },
    { .text = " DSH=mx.b [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no", .has_host = true,
      .name = "mx.b", .ip = "192.0.2.1", .has_sender = true, .sender = "a@b", .what = "RCPT",
      .recipient = "c@d", .message = "no" },
    /* a message that holds another host, as the article's does */
    { .text = "H=(x) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: rejected - (x) [192.0.2.1] F=<z@z> "
              "is in an RBL", .has_host = true, .helo = "x", .ip = "192.0.2.1", .has_sender = true,
      .sender = "a@b", .what = "RCPT", .recipient = "c@d",
      .message = "rejected - (x) [192.0.2.1] F=<z@z> is in an RBL" },
    /* imitations: in the sender, in the recipient, in the ident, in the HELO name */
    { .text = "H=(x) [192.0.2.1] F=<\"a> rejected RCPT <z@z>: y\"@b> rejected RCPT <c@d>: no",
      .has_host = true, .helo = "x", .ip = "192.0.2.1", .has_sender = true,
      .sender = "\"a> rejected RCPT <z@z>: y\"@b", .what = "RCPT", .recipient = "c@d",
      .message = "no" },
    { .text = "H=(x) [192.0.2.1] F=<a@b> rejected RCPT <\"y) [192.0.2.9] F=<z@z> rejected RCPT "
              "<q>: \"@d>: no", .has_host = true, .helo = "x", .ip = "192.0.2.1",
      .has_sender = true, .sender = "a@b", .what = "RCPT",
      .recipient = "\"y) [192.0.2.9] F=<z@z> rejected RCPT <q>: \"@d", .message = "no" },
    { .text = "H=(x) [192.0.2.1] U=two words F=<a@b> rejected RCPT <c@d>: no", .has_host = true,
      .helo = "x", .ip = "192.0.2.1", .has_sender = true, .sender = "a@b", .what = "RCPT",
      .recipient = "c@d", .message = "no" },
    { .text = "H=(y) [192.0.2.9] F=<z@z> rejected RCPT <q) [192.0.2.1] F=<a@b> rejected RCPT "
              "<c@d>: no", .has_host = true, .helo = "y) [192.0.2.9] F=<z@z> rejected RCPT <q",
      .ip = "192.0.2.1", .has_sender = true, .sender = "a@b", .what = "RCPT", .recipient = "c@d",
      .message = "no" },
    { .text = "H=(rejected RCPT <z@z>: y) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no",
      .has_host = true, .helo = "rejected RCPT <z@z>: y", .ip = "192.0.2.1", .has_sender = true,
      .sender = "a@b", .what = "RCPT", .recipient = "c@d", .message = "no" },
};

static void check(const struct row *r, const struct line_rejected *j)
{
    assert_int_equal(j->has_host, r->has_host);
    case_field(j->host.name, r->name, "host.name");
    case_field(j->host.helo, r->helo, "host.helo");
    case_field(j->host.ip, r->ip, "host.ip");
    assert_int_equal(j->host.port, r->port);
    assert_int_equal(j->has_sender, r->has_sender);
    case_field(j->sender, r->sender, "sender");
    case_field(j->auth_id, r->auth_id, "auth_id");
    case_field(j->what, r->what, "what");
    case_field(j->recipient, r->recipient, "recipient");
    assert_int_equal(j->temporary, r->temporary);
    case_field(j->text, r->message, "text");
}

static void test_rejected(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct held h = case_text(CASE_PREFIX, str_c(rows[i].text), LINE_REJECTED);
        struct line_rejected j;
        assert_int_equal(logline_rejected(&h.line, &j), 0);
        check(&rows[i], &j);
        case_free(&h);
    }
}

static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t n = 0; n < strlen(rows[i].text); n++) {
            char raw[512];
            int len = snprintf(raw, sizeof raw, CASE_PREFIX "%.*s", (int)n, rows[i].text);
            struct held h = case_raw(str_make(raw, (size_t)len), NULL);
            struct line_rejected j;
            if (logline_rejected(&h.line, &j) == 0)
                assert_int_equal(h.line.class, LINE_REJECTED);
            case_free(&h);
        }
    }
}

static void test_connect(void **state)
{
    static const struct {
        const char *text;
        int rc;
        bool closed;
        struct line_host host;
    } table[] = {
        { "SMTP connection from [192.0.2.1]:4711 I=[198.51.100.1]:25 (TCP/IP connection count = 1)",
          .host = { .ip = STR_INIT("192.0.2.1"), .port = 4711 } },
        { "SMTP connection from mx.b (x) [2001:db8::1] closed by QUIT", .closed = true,
          .host = { STR_INIT("mx.b"), STR_INIT("x"), STR_INIT("2001:db8::1"), 0 } },
        { "SMTP connection from (x) [192.0.2.1] Ci=7 lost D=1s", .closed = true,
          .host = { .helo = STR_INIT("x"), .ip = STR_INIT("192.0.2.1") } },
        { "SMTP connection from H=(x) [192.0.2.1] D=1s closed by DROP in ACL", .closed = true,
          .host = { .helo = STR_INIT("x"), .ip = STR_INIT("192.0.2.1") } },
        { "no MAIL in SMTP connection from (x) [192.0.2.1] D=2s C=EHLO,QUIT", .closed = true,
          .host = { .helo = STR_INIT("x"), .ip = STR_INIT("192.0.2.1") } },
        { "SMTP connection from joe", .rc = -1 },
        { "SMTP connection from ", .rc = -1 },
    };
    (void)state;
    for (size_t i = 0; i < ROWS(table); i++) {
        struct held h = case_text(CASE_PREFIX, str_c(table[i].text), LINE_CONNECT);
        struct line_host host;
        bool closed;
        assert_int_equal(logline_connect(&h.line, &host, &closed), table[i].rc);
        assert_true(str_eq(host.name, table[i].host.name));
        assert_true(str_eq(host.helo, table[i].host.helo));
        assert_true(str_eq(host.ip, table[i].host.ip));
        assert_int_equal(host.port, table[i].host.port);
        assert_int_equal(closed, table[i].closed);
        case_free(&h);
    }
}

#define SENDER_LINE "Sender identification "
#define CONNECTION_LINE "SMTP connection identification "

static const struct cpanel_row {
    const char *text;
    enum line_class class;
    const char *user, *domain, *sender, *host, *ip, *port, *basis, *original, *forward;
} cpanel_rows[] = {
    { SENDER_LINE "U=joe D=x.example S=a@b", LINE_CPANEL_SENDER, .user = "joe",
      .domain = "x.example", .sender = "a@b" },
    { CONNECTION_LINE "H=localhost A=127.0.0.1 P=46210 M=1FZ8zt-0005lz-E7 U=joe ID=1001 S=a@b "
      "B=authenticated_local_user", LINE_CPANEL_CONNECTION, .user = "joe", .sender = "a@b",
      .host = "localhost", .ip = "127.0.0.1", .port = "46210",
      .basis = "authenticated_local_user" },
    { CONNECTION_LINE "D=x.example O=o@x.example E=f@y M=1FZ8zt-0005lz-E7 U=joe ID=1001 "
      "B=redirect_resolver", LINE_CPANEL_CONNECTION, .user = "joe", .domain = "x.example",
      .basis = "redirect_resolver", .original = "o@x.example", .forward = "f@y" },
    /* the sender cannot choose the basis, nor the user */
    { CONNECTION_LINE "H=h A=192.0.2.1 P=1 M=x U=joe ID=1 S=\"x B=forged U=root\"@z "
      "B=relayhosts_domain", LINE_CPANEL_CONNECTION, .user = "joe",
      .sender = "\"x B=forged U=root\"@z", .host = "h", .ip = "192.0.2.1", .port = "1",
      .basis = "relayhosts_domain" },
    { SENDER_LINE "U=joe D=x S=a@b U=root", LINE_CPANEL_SENDER, .user = "joe", .domain = "x",
      .sender = "a@b" },
    { SENDER_LINE, LINE_CPANEL_SENDER, .user = NULL },
};

static void test_cpanel(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(cpanel_rows); i++) {
        const struct cpanel_row *r = &cpanel_rows[i];
        struct held h = case_text(CASE_PREFIX CASE_ID, str_c(r->text), r->class);
        struct line_cpanel c;
        assert_int_equal(logline_cpanel(&h.line, &c), 0);
        case_field(c.user, r->user, "user");
        case_field(c.domain, r->domain, "domain");
        case_field(c.sender, r->sender, "sender");
        case_field(c.host, r->host, "host");
        case_field(c.ip, r->ip, "ip");
        case_field(c.port, r->port, "port");
        case_field(c.basis, r->basis, "basis");
        case_field(c.original, r->original, "original");
        case_field(c.forward, r->forward, "forward");
        case_free(&h);
    }
}

/* A line of one class given to the functions of the others. */
static void test_wrong_class(void **state)
{
    struct held h = case_text(CASE_PREFIX, STR("no host name found for IP address 192.0.2.1"),
                              LINE_OTHER);
    struct line_rejected j;
    struct line_cpanel c;
    struct line_host host;
    bool closed;
    (void)state;
    assert_int_equal(logline_rejected(&h.line, &j), -1);
    assert_int_equal(logline_cpanel(&h.line, &c), -1);
    assert_int_equal(logline_connect(&h.line, &host, &closed), -1);
    case_free(&h);
}

/* A megabyte of hosts, senders, words: bounded work. */
static void test_hostile_length(void **state)
{
    static const char *const starts[] = { "H=(", "H=(x) [192.0.2.1] U=a ", "F=<", "rejected x",
                                          "SMTP connection from (" };
    static const char *const pieces[] = { ") [192.0.2.1] ", " F=<\"a", " DN=\"", "\"",
                                          " rejected RCPT <", " a", " U=b" };
    size_t max = 1 << 19;
    char *text = malloc(max + 128);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < ROWS(starts) * ROWS(pieces); i++) {
        const char *more = pieces[i % ROWS(pieces)];
        size_t n = (size_t)snprintf(text, 128, CASE_PREFIX "%s", starts[i / ROWS(pieces)]);
        size_t piece = strlen(more);
        for (; n + piece < max; n += piece)
            memcpy(text + n, more, piece);
        struct held h = case_raw(str_make(text, n), NULL);
        struct line_rejected j;
        struct line_host host;
        bool closed;
        logline_rejected(&h.line, &j);
        logline_connect(&h.line, &host, &closed);
        case_free(&h);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rejected),    cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_connect),     cmocka_unit_test(test_cpanel),
        cmocka_unit_test(test_wrong_class), cmocka_unit_test(test_hostile_length),
    };
    return cmocka_run_group_tests_name("logline_other", tests, NULL, NULL);
}
