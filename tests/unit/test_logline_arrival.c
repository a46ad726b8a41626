/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logline_arrival - the fields of <= lines, and those who forge them
 *
 * The first table holds the shapes that Exim writes, from 4.43 to 4.97, with the
 * log selectors that change them. The second holds attacks: what a client can
 * put into its sender, HELO name, ident, certificate, SNI, Message-ID, subject and
 * recipients so that the line looks as though somebody else had sent it.
 */
#include "logline_case.h"

struct row {
    const char *text;
    int rc;
    const char *sender, *bounce_of;
    bool null_sender, has_host, ambiguous;
    const char *name, *helo, *ip;
    uint16_t port;
    const char *interface, *user, *connection, *protocol, *cipher;
    const char *auth, *auth_id, *auth_sender, *proxy;
    uint64_t size;
    const char *queue, *message_id, *subject, *from;
    bool subject_cut;
    const char *recipients;
};

static void check_envelope(const struct row *r, const struct line_arrival *a)
{
    case_field(a->sender, r->sender, "sender");
    assert_int_equal(a->null_sender, r->null_sender);
    case_field(a->bounce_of, r->bounce_of, "bounce_of");
    assert_int_equal(a->has_host, r->has_host);
    assert_int_equal(a->ambiguous, r->ambiguous);
    case_field(a->host.name, r->name, "host.name");
    case_field(a->host.helo, r->helo, "host.helo");
    case_field(a->host.ip, r->ip, "host.ip");
    assert_int_equal(a->host.port, r->port);
    case_field(a->interface, r->interface, "interface");
    case_field(a->user, r->user, "user");
    case_field(a->connection, r->connection, "connection");
    case_field(a->protocol, r->protocol, "protocol");
    case_field(a->cipher, r->cipher, "cipher");
    case_field(a->auth, r->auth, "auth");
    case_field(a->auth_id, r->auth_id, "auth_id");
    case_field(a->auth_sender, r->auth_sender, "auth_sender");
    case_field(a->proxy, r->proxy, "proxy");
}

static void check_message(const struct row *r, const struct line_arrival *a)
{
    assert_int_equal(a->size, r->size);
    case_field(a->queue, r->queue, "queue");
    case_field(a->message_id, r->message_id, "message_id");
    case_field(a->subject, r->subject, "subject");
    assert_int_equal(a->has_subject, r->subject != NULL);
    assert_int_equal(a->subject_cut, r->subject_cut);
    case_field(a->from, r->from, "from");
    case_field(a->recipients, r->recipients, "recipients");
    assert_int_equal(a->has_for, r->recipients != NULL);
}

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct held h = case_text(CASE_PREFIX CASE_ID "<= ", str_c(rows[i].text), LINE_ARRIVAL);
        struct line_arrival a;
        assert_int_equal(logline_arrival(&h.line, &a), rows[i].rc);
        check_envelope(&rows[i], &a);
        check_message(&rows[i], &a);
        case_free(&h);
    }
}

static const struct row shapes[] = {
    { .text = "nobody@barfoo.com U=nobody P=local S=1234", .sender = "nobody@barfoo.com",
      .user = "nobody", .protocol = "local", .size = 1234 },
    { .text = "nobody@barfoo.com U=nobody P=local S=390 id=a@b T=\"Buy Me\"",
      .sender = "nobody@barfoo.com", .user = "nobody", .protocol = "local", .size = 390,
      .message_id = "a@b", .subject = "Buy Me" },
    { .text = "bob@barfoo.com H=(laptop) [203.0.113.77] P=esmtpa A=fixed_plain:bob@barfoo.com "
              "S=406 id=2026.1@barfoo.com T=\"Stolen 1\"", .sender = "bob@barfoo.com",
      .has_host = true, .helo = "laptop", .ip = "203.0.113.77", .protocol = "esmtpa",
      .auth = "fixed_plain", .auth_id = "bob@barfoo.com", .size = 406,
      .message_id = "2026.1@barfoo.com", .subject = "Stolen 1" },
    { .text = "<> R=1xVS6T-0005Tw-2d U=Debian-exim P=local S=1794", .null_sender = true,
      .bounce_of = "1xVS6T-0005Tw-2d", .user = "Debian-exim", .protocol = "local", .size = 1794 },
    /* every selector at once, in the order of receive.c */
    { .text = "a@b.example DS H=mx.b.example (helo.b) [192.0.2.7]:50123 I=[198.51.100.1]:25 TFO* "
              "U=joe Ci=90210 P=esmtpsa L.- SPF=pass X=TLS1.3:TLS_AES_256_GCM_SHA384:256* CV=no "
              "DN=\"/CN=b\" SNI=mail.x A=login:joe@x:joe@y PRDR PRX=10.0.0.1 K S=99 M8S=8 "
              "DKIM=b.example ARC DMARC=pass RT=0.1s Q=slow id=m@b T=\"hi\" from <raw@b> for c@d "
              "e@f", .sender = "a@b.example", .has_host = true, .name = "mx.b.example",
      .helo = "helo.b", .ip = "192.0.2.7", .port = 50123, .interface = "198.51.100.1",
      .user = "joe", .connection = "90210", .protocol = "esmtpsa",
      .cipher = "TLS1.3:TLS_AES_256_GCM_SHA384:256*", .auth = "login", .auth_id = "joe@x",
      .auth_sender = "joe@y", .proxy = "10.0.0.1", .size = 99, .queue = "slow", .message_id = "m@b",
      .subject = "hi", .from = "raw@b", .recipients = "c@d e@f" },
    { .text = "a@b H=b.example [2001:db8::1] P=smtp S=1 id*=E1tixMn-00000000C5j-1wRa@h",
      .sender = "a@b", .has_host = true, .name = "b.example", .ip = "2001:db8::1",
      .protocol = "smtp", .size = 1, .message_id = "E1tixMn-00000000C5j-1wRa@h" },
    { .text = "a@b H=[192.0.2.7] P=smtp S=1 from <> for x@y", .sender = "a@b", .has_host = true,
      .ip = "192.0.2.7", .protocol = "smtp", .size = 1, .recipients = "x@y" },
    { .text = "a@b H=([192.0.2.7]) [192.0.2.9] P=esmtp S=1", .sender = "a@b", .has_host = true,
      .helo = "[192.0.2.7]", .ip = "192.0.2.9", .protocol = "esmtp", .size = 1 },
    { .text = "a@b H=(a=b) [192.0.2.9] P=esmtp S=1", .sender = "a@b", .has_host = true,
      .helo = "a=b", .ip = "192.0.2.9", .protocol = "esmtp", .size = 1 },
    { .text = "a@b H=(my pc) [192.0.2.9] P=esmtp S=1", .sender = "a@b", .has_host = true,
      .helo = "my pc", .ip = "192.0.2.9", .protocol = "esmtp", .size = 1 },
    { .text = "a@b H=(a)b) [192.0.2.9] P=esmtp S=1", .sender = "a@b", .has_host = true,
      .helo = "a)b", .ip = "192.0.2.9", .protocol = "esmtp", .size = 1 },
    { .text = "a@b H=(x) [192.0.2.9] U=two words P=esmtp S=1", .sender = "a@b", .has_host = true,
      .helo = "x", .ip = "192.0.2.9", .user = "two words", .protocol = "esmtp", .size = 1 },
    { .text = "a@b H=(x) [192.0.2.9] P=esmtpa A=cyrus:Joe Smith K S=1", .sender = "a@b",
      .has_host = true, .helo = "x", .ip = "192.0.2.9", .protocol = "esmtpa", .auth = "cyrus",
      .auth_id = "Joe Smith", .size = 1 },
    { .text = "a@b H=(x) [192.0.2.9] P=esmtpa A=plain:dom:joe S=1", .sender = "a@b",
      .has_host = true, .helo = "x", .ip = "192.0.2.9", .protocol = "esmtpa", .auth = "plain",
      .auth_id = "dom:joe", .size = 1 },
    { .text = "a@b H=(x) [192.0.2.9] P=asmtp A=fixed_login S=1", .sender = "a@b", .has_host = true,
      .helo = "x", .ip = "192.0.2.9", .protocol = "asmtp", .auth = "fixed_login", .size = 1 },
    { .text = "a@b U=joe P=scanned-ok S=1", .sender = "a@b", .user = "joe",
      .protocol = "scanned-ok", .size = 1 },
    { .text = "a@b H=(x) [192.0.2.9] U=joe P=local-bsmtp S=1", .sender = "a@b", .has_host = true,
      .helo = "x", .ip = "192.0.2.9", .user = "joe", .protocol = "local-bsmtp", .size = 1 },
    /* a field that a later Exim may bring */
    { .text = "a@b NEW H=(x) [192.0.2.9] P=esmtp NEW2=y S=1 NEW3 NEW4=z id=m@n", .sender = "a@b",
      .has_host = true, .helo = "x", .ip = "192.0.2.9", .protocol = "esmtp", .size = 1,
      .message_id = "m@n" },
    /* an older Exim */
    { .text = "a@b H=(x) [192.0.2.9] P=esmtpsa X=c SNI=\"m.x\" A=login:joe S=1", .sender = "a@b",
      .has_host = true, .helo = "x", .ip = "192.0.2.9", .protocol = "esmtpsa", .cipher = "c",
      .auth = "login", .auth_id = "joe", .size = 1 },
    /* escaping, also the cut of 100 bytes in the middle of a character */
    { .text = "a@b U=u P=local S=1 T=\"a \\\"b\\\" \\\\ \\n c\\303\"", .sender = "a@b", .user = "u",
      .protocol = "local", .size = 1, .subject = "a \\\"b\\\" \\\\ \\n c\\303" },
    { .text = "a@b U=u P=local S=1 T=\"ends in \\\\\" for x@y", .sender = "a@b", .user = "u",
      .protocol = "local", .size = 1, .subject = "ends in \\\\", .recipients = "x@y" },
    { .text = "a@b U=u P=local S=1 T=\"\"", .sender = "a@b", .user = "u", .protocol = "local",
      .size = 1, .subject = "" },
    { .text = "a@b U=u P=local S=1 T=\"Order Completed\"", .sender = "a@b", .user = "u",
      .protocol = "local", .size = 1, .subject = "Order Completed" },
    /* 8-bit, a domain literal, a bare local part, quoted pairs, double dots */
    { .text = "\xc3\xa4\xff@b U=u P=local S=1", .sender = "\xc3\xa4\xff@b", .user = "u",
      .protocol = "local", .size = 1 },
    { .text = "x@[192.0.2.1] U=u P=local S=1 id=y@[IPv6:::1]", .sender = "x@[192.0.2.1]",
      .user = "u", .protocol = "local", .size = 1, .message_id = "y@[IPv6:::1]" },
    { .text = "root U=root P=local S=1 id=bare", .sender = "root", .user = "root",
      .protocol = "local", .size = 1, .message_id = "bare" },
    { .text = "a..b\\ c.\"d e\".f@g U=u P=local S=1", .sender = "a..b\\ c.\"d e\".f@g", .user = "u",
      .protocol = "local", .size = 1 },
};

static void test_shapes(void **state)
{
    (void)state;
    check(shapes, ROWS(shapes));
}

#define REMOTE .sender = "a@b", .has_host = true, .size = 999
#define AT_6 .helo = "h", .ip = "203.0.113.6", .protocol = "esmtp"

static const struct row attacks[] = {
    /* sender */
    { .text = "\"x U=root P=local y\"@evil H=(h) [203.0.113.6] P=esmtp S=999", .has_host = true,
      .sender = "\"x U=root P=local y\"@evil", AT_6, .size = 999 },
    { .text = "\"x\\\" U=root P=local S=1 \"@evil H=(h) [203.0.113.6] P=esmtp S=999",
      .has_host = true, .sender = "\"x\\\" U=root P=local S=1 \"@evil", AT_6, .size = 999 },
    { .text = "\\ U=root@evil H=(h) [203.0.113.6] P=esmtp S=999", .has_host = true,
      .sender = "\\ U=root@evil", AT_6, .size = 999 },
    /* Message-ID */
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp S=999 id=\"a U=root P=local A=login:bob\"@x", REMOTE,
      AT_6, .message_id = "\"a U=root P=local A=login:bob\"@x" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp S=999 id=\"a T=\\\"x\\\" for y\"@z T=\"real\"",
      REMOTE, AT_6, .message_id = "\"a T=\\\"x\\\" for y\"@z", .subject = "real" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp S=999 id=\" T=\"", REMOTE, AT_6,
      .message_id = "\" T=\"" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp S=999 id=\" T=\".\" for x\" T=\"s\"", REMOTE, AT_6,
      .message_id = "\" T=\".\" for x\"", .subject = "s" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp S=999 id=\"x) [192.0.2.1] U=root P=local S=1 \"@z",
      REMOTE, AT_6, .message_id = "\"x) [192.0.2.1] U=root P=local S=1 \"@z" },
    /* subject */
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp S=999 T=\") [192.0.2.1] U=root P=local S=1 id=a@b\"",
      REMOTE, AT_6, .subject = ") [192.0.2.1] U=root P=local S=1 id=a@b" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp S=999 T=\"x\\\" from <r@s> for c@d\" for real@x",
      REMOTE, AT_6, .subject = "x\\\" from <r@s> for c@d", .recipients = "real@x" },
    { .text = "a@b U=u P=local S=999 T=\" H=(h) [192.0.2.1] P=esmtpa A=login:bob S=1\"",
      .sender = "a@b", .user = "u", .protocol = "local", .size = 999,
      .subject = " H=(h) [192.0.2.1] P=esmtpa A=login:bob S=1" },
    /* from and for: raw, quotes as the client wrote them */
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp S=999 T=\"s\" from <\"x> for y T=\\\"q\\\"\"@z> "
              "for c@d", REMOTE, AT_6, .subject = "s", .from = "\"x> for y T=\\\"q\\\"\"@z",
      .recipients = "c@d" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp S=999 for \"x T=\\\"y\\\" A=login:bob\"@c d@e",
      REMOTE, AT_6, .recipients = "\"x T=\\\"y\\\" A=login:bob\"@c d@e" },
    /* DN: an inner quote is not escaped */
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp X=c CV=no DN=\"CN=x \"y\" z\" S=999", REMOTE, AT_6,
      .cipher = "c" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp X=c DN=\"x\" A=login:bob\" S=999", REMOTE, AT_6,
      .cipher = "c" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp X=c DN=\"x\" A=login:bob S=1 id=\"\" S=999 id=r@x",
      REMOTE, AT_6, .cipher = "c", .message_id = "r@x" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp X=c DN=\"x\" A=login:bob S=1 for \"q\" S=999 id=r@x",
      REMOTE, AT_6, .cipher = "c", .message_id = "r@x" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp X=c DN=\"x\" A=login:bob S=1 T=\"q\\\" S=999 "
              "T=\"s\"", REMOTE, AT_6, .cipher = "c", .subject = "s" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp X=c DN=\"x\" S=999 id=\" S=5 A=login:bob \"@z",
      REMOTE, AT_6, .cipher = "c", .message_id = "\" S=5 A=login:bob \"@z" },
    /* SNI: no spaces, but quotes */
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp X=c SNI=\"a\"A=login:bob\" S=999", REMOTE, AT_6,
      .cipher = "c" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp X=c SNI=\"a b\" A=login:bob\" K S=999", REMOTE, AT_6,
      .cipher = "c" },
    { .text = "a@b H=(h) [203.0.113.6] P=esmtp X=c SNI=\"a K S=999 id=\"q\"@x", REMOTE, AT_6,
      .cipher = "c", .message_id = "\"q\"@x" },
    /* HELO, with helo_accept_junk_hosts: all that stands before the real `) [ip]` is its own */
    { .text = "a@b H=(x) [192.0.2.1] U=root P=local S=1 (y) [203.0.113.6] P=esmtp S=999", REMOTE,
      .ambiguous = true, .helo = "x) [192.0.2.1] U=root P=local S=1 (y", .ip = "203.0.113.6" },
    { .text = "a@b H=(x) [192.0.2.1] P=esmtpa A=login:bob S=1 id=c@d for z) [203.0.113.6] P=esmtp "
              "S=999 id=real@x T=\"s\"", REMOTE, .ambiguous = true, .ip = "203.0.113.6",
      .helo = "x) [192.0.2.1] P=esmtpa A=login:bob S=1 id=c@d for z",
      .message_id = "real@x", .subject = "s" },
    { .text = "a@b H=(x) [192.0.2.1] U=foo (y) [203.0.113.6] P=esmtp S=999", REMOTE,
      .ambiguous = true, .helo = "x) [192.0.2.1] U=foo (y", .ip = "203.0.113.6" },
    { .text = "a@b H=(x) [192.0.2.1] P=esmtpa A=login:bob (y) [203.0.113.6] P=esmtp S=999", REMOTE,
      .ambiguous = true, .helo = "x) [192.0.2.1] P=esmtpa A=login:bob (y", .ip = "203.0.113.6" },
    /* ... with a quote, to swallow the real fields: one is left over */
    { .text = "a@b H=(x) [192.0.2.1] P=esmtpa A=login:bob S=1 T=\"z) [203.0.113.6] P=esmtp S=999 "
              "id=\" for \"@x", REMOTE, .ambiguous = true, .ip = "203.0.113.6",
      .helo = "x) [192.0.2.1] P=esmtpa A=login:bob S=1 T=\"z", .message_id = "\" for \"@x" },
    { .text = "a@b H=(x) [192.0.2.1] P=esmtpa A=login:bob S=1 id=\"foo) [203.0.113.6] P=esmtp "
              "S=999 id=\"@b for zzz\"@c T=\"s\"", REMOTE, .ambiguous = true, .ip = "203.0.113.6",
      .helo = "x) [192.0.2.1] P=esmtpa A=login:bob S=1 id=\"foo",
      .message_id = "\"@b for zzz\"@c", .subject = "s" },
    { .text = "a@b H=(x) [192.0.2.1] P=esmtpa DN=\"z) [203.0.113.6] P=esmtp S=999 id=\" S=5 K\"@x",
      REMOTE, .ambiguous = true, .helo = "x) [192.0.2.1] P=esmtpa DN=\"z", .ip = "203.0.113.6",
      .message_id = "\" S=5 K\"@x" },
    /* A stolen mailbox cannot hide behind a HELO name: A= stands behind the address */
    { .text = "a@b H=(x) [192.0.2.1] (y) [203.0.113.6] P=esmtpa A=login:bob S=999", REMOTE,
      .ambiguous = true, .helo = "x) [192.0.2.1] (y", .ip = "203.0.113.6",
      .auth = "login", .auth_id = "bob" },
    /* ident */
    { .text = "a@b H=(h) [203.0.113.6] U=x P=esmtpa A=login:bob P=esmtp S=999", REMOTE, AT_6,
      .user = "x P=esmtpa A=login:bob" },
    { .text = "a@b H=(h) [203.0.113.6] U=x A=login:bob P=esmtp S=999", REMOTE, AT_6,
      .user = "x A=login:bob" },
    { .text = "a@b H=(h) [203.0.113.6] U=x) [192.0.2.9] P=esmtp S=999", REMOTE, .ambiguous = true,
      .helo = "h) [203.0.113.6] U=x", .ip = "192.0.2.9" },
    /* no reading is better than another: nobody is named */
    { .text = "a@b H=(h) [203.0.113.6] U=x P=esmtpa A=login:bob S=1 id=c@d for z P=esmtp S=999 "
              "id=real@x", .rc = -1, .sender = "a@b", .has_host = true, .ip = "203.0.113.6" },
    { .text = "a@b H=(h) [203.0.113.6] U=x P=local S=1 T=\"y\" P=esmtp S=999", .rc = -1,
      .sender = "a@b", .has_host = true, .ip = "203.0.113.6" },
};

static void test_attacks(void **state)
{
    (void)state;
    check(attacks, ROWS(attacks));
}

/* Whatever the cut, nobody is named on the word of a line that does not reach its size; what stands
 * behind the size may be missing. */
static void test_cut(void **state)
{
    static const struct row cuts[] = {
        { .text = "nobody@x", .rc = -1, .sender = "nobody@x" },
        { .text = "nobody@x U=nobody P=local", .rc = -1, .sender = "nobody@x" },
        { .text = "a@b H=(x) [192.0.2.1] P=esmtpa A=login:bo", .rc = -1, .sender = "a@b",
          .has_host = true, .ip = "192.0.2.1" },
        { .text = "a@b H=(x) [192.0.2.", .rc = -1, .sender = "a@b", .has_host = true },
        { .text = "\"a b", .rc = -1, .sender = "\"a" },
        { .text = "", .rc = -1 },
        { .text = "a@b U=u P=local S=5 id=\"x y", .sender = "a@b", .user = "u", .protocol = "local",
          .size = 5, .message_id = "\"x" },
        { .text = "a@b U=u P=local S=5 T=\"Order Comp", .sender = "a@b", .user = "u",
          .protocol = "local", .size = 5, .subject = "Order Comp", .subject_cut = true },
        { .text = "a@b U=u P=local S=5 T=\"x\\", .sender = "a@b", .user = "u", .protocol = "local",
          .size = 5, .subject = "x\\", .subject_cut = true },
        { .text = "a@b U=u P=local S=5 T=\"x\" for c@d \"e", .sender = "a@b", .user = "u",
          .protocol = "local", .size = 5, .subject = "x", .recipients = "c@d \"e" },
    };
    (void)state;
    check(cuts, ROWS(cuts));
}

/* Every prefix of every row, in a block of its size: for the sanitizers, and that a line which is
 * refused names nobody. */
static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(shapes) + ROWS(attacks); i++) {
        const struct row *r = i < ROWS(shapes) ? &shapes[i] : &attacks[i - ROWS(shapes)];
        for (size_t n = 0; n < strlen(r->text); n++) {
            char raw[1024];
            int len = snprintf(raw, sizeof raw, CASE_PREFIX CASE_ID "<= %.*s", (int)n, r->text);
            struct held h = case_raw(str_make(raw, (size_t)len), NULL);
            struct line_arrival a;
            struct str address;
            if (logline_arrival(&h.line, &a) != 0)
                assert_int_equal(a.auth_id.n + a.user.n + a.auth.n + a.protocol.n, 0);
            while (logline_recipient(&a.recipients, &address))
                assert_true(address.n > 0);
            case_free(&h);
        }
    }
}

static void test_fakereject(void **state)
{
    struct line_arrival a;
    (void)state;
    struct held h = case_text(CASE_PREFIX CASE_ID, STR("(= a@b H=(x) [192.0.2.1] P=smtp S=7"),
                              LINE_ARRIVAL);
    assert_int_equal(logline_arrival(&h.line, &a), 0);
    assert_true(a.fakereject);
    assert_int_equal(a.size, 7);
    case_free(&h);
}

static void test_nul_and_control_bytes(void **state)
{
    struct line_arrival a;
    (void)state;
    struct held h = case_text(CASE_PREFIX CASE_ID,
                              STR("<= a@b H=(x\0y\x1b[2J) [192.0.2.1] P=smtp S=7 T=\"\0\""),
                              LINE_ARRIVAL);
    assert_int_equal(logline_arrival(&h.line, &a), 0);
    assert_str(a.host.helo, "x\0y\x1b[2J");
    assert_str(a.subject, "\0");
    case_free(&h);
}

/* Exim names recipients until its buffer of 8192 is full, and does not say that it stopped. */
static void test_cut_recipients(void **state)
{
    static char text[9000];
    struct line_arrival a;
    (void)state;
    struct held h = case_text(CASE_PREFIX CASE_ID, STR("<= a@b U=u P=local S=1 for c@d <trunc>"),
                              LINE_ARRIVAL);
    assert_int_equal(logline_arrival(&h.line, &a), 0);
    assert_true(a.cut);
    case_free(&h);
    size_t n = (size_t)snprintf(text, sizeof text,
                                CASE_PREFIX CASE_ID "<= a@b U=u P=local S=1 for");
    for (; n < 8160; n += 16)
        snprintf(text + n, sizeof text - n, " user%03zu@example", n / 16 % 1000);
    n = strlen(text);
    h = case_raw(str_make(text, n), NULL);
    assert_int_equal(logline_arrival(&h.line, &a), 0);
    assert_true(a.cut);
    case_free(&h);
    h = case_raw(str_make(text, 1000), NULL);
    assert_int_equal(logline_arrival(&h.line, &a), 0);
    assert_false(a.cut);
    case_free(&h);
}

static void test_recipients(void **state)
{
    static const char *const expected[] = { "a@b", "\"c d\"@e", "f\\ g@h", "\"unfinished", "i@j" };
    struct str list = STR("a@b  \"c d\"@e f\\ g@h \"unfinished i@j "), address;
    size_t n = 0;
    (void)state;
    while (logline_recipient(&list, &address)) {
        assert_true(n < ROWS(expected));
        case_field(address, expected[n++], "recipient");
    }
    assert_int_equal(n, ROWS(expected));
    assert_int_equal(list.n, 0);
}

/* A megabyte of ends of HELO names, of DNs, of sizes: bounded work, and an answer. */
static void test_hostile_length(void **state)
{
    static const char *const pieces[] = { ") [192.0.2.1] ", "\" A=x ", " S=1 ", "\\\"", " P=",
                                          " H=(", "(x) [::1] U=a P=b S=1 ", "\"a\"." };
    size_t max = 1 << 20;
    char *text = malloc(max + 64);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < ROWS(pieces); i++) {
        size_t n = (size_t)snprintf(text, 64, CASE_PREFIX CASE_ID "<= a@b H=(x");
        size_t piece = strlen(pieces[i]);
        for (; n + piece < max; n += piece)
            memcpy(text + n, pieces[i], piece);
        struct held h = case_raw(str_make(text, n), NULL);
        struct line_arrival a;
        logline_arrival(&h.line, &a);
        assert_int_equal(a.auth_id.n, 0);
        case_free(&h);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_attacks),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_fakereject),
        cmocka_unit_test(test_nul_and_control_bytes),
        cmocka_unit_test(test_cut_recipients),
        cmocka_unit_test(test_recipients),
        cmocka_unit_test(test_hostile_length),
    };
    return cmocka_run_group_tests_name("logline_arrival", tests, NULL, NULL);
}
