/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_request - requests as Postfix and the kit send them, and as nobody should
 *
 * Every row is read whole, byte by byte, and with CRLF: the outcome must not depend on
 * how the bytes arrive.
 */
#include "door/request.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* Everything that a request comes to, as text. */
static void describe(const struct request *r, enum request_progress p, struct buf *out)
{
    const struct envelope *e = &r->envelope;
    char ip[IP_TEXT_MAX];
    buf_reset(out);
    if (p == REQUEST_MORE) {
        buf_add(out, STR("more"));
        return;
    }
    if (p == REQUEST_BAD) {
        buf_addf(out, "bad: %s", request_why(r));
        return;
    }
    static const char *const stages[] = { "CONNECT", "HELO", "MAIL", "RCPT", "END" };
    static const char *const verified[] = { "", " verified=yes", " verified=no", " verified=defer" };
    buf_addf(out, "%s%s", r->ignored ? "ignored " : "", stages[e->stage]);
    if (e->has_client)
        buf_addf(out, " client=%s:%u", ip_format(&e->client, ip), e->client_port);
    if (e->client_name.n > 0)
        buf_addf(out, " name=%.*s", STR_ARG(e->client_name));
    if (e->has_server)
        buf_addf(out, " server=%s", ip_format(&e->server, ip));
    if (e->helo.n > 0)
        buf_addf(out, " %s=%.*s", e->esmtp ? "ehlo" : "helo", STR_ARG(e->helo));
    if (e->no_helo)
        buf_addf(out, " without helo");
    if (e->has_sender)
        buf_addf(out, " <%.*s>", STR_ARG(e->sender));
    if (e->recipient.n > 0)
        buf_addf(out, " to <%.*s>", STR_ARG(e->recipient));
    buf_addf(out, "%s%s%s", e->authenticated ? " auth" : "", e->relay ? " relay" : "",
             verified[e->verified]);
    if (e->session.n > 0)
        buf_addf(out, " session=%.*s", STR_ARG(e->session));
    if (r->envelope.rcpt_count > 0 || r->envelope.rcpt_fail_count > 0)
        buf_addf(out, " %llu/%llu", (unsigned long long)r->envelope.rcpt_fail_count,
                 (unsigned long long)r->envelope.rcpt_count);
    if (r->envelope.end_reason.n > 0)
        buf_addf(out, " why=%.*s", STR_ARG(r->envelope.end_reason));
}

#define P "request=smtpd_access_policy\n"

static const struct { struct str in; const char *out; } rows[] = {
    /* as Postfix 3.7 sends it */
    { STR_INIT(P "protocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=192.0.2.7\n"
               "client_name=mx.example.org\nclient_port=40112\nreverse_client_name=mx.example.org\n"
               "server_address=198.51.100.2\nserver_port=25\nhelo_name=mx.example.org\n"
               "sender=a@example.org\nrecipient=b@example.com\nrecipient_count=0\nqueue_id=\n"
               "instance=1f2.5e.0\nsize=0\netrn_domain=\nstress=\nsasl_method=\nsasl_username=\n"
               "sasl_sender=\nccert_subject=\nccert_issuer=\nccert_fingerprint=\n"
               "ccert_pubkey_fingerprint=\nencryption_protocol=\nencryption_cipher=\n"
               "encryption_keysize=0\npolicy_context=\n\n"),
      "RCPT client=192.0.2.7:40112 name=mx.example.org server=198.51.100.2 ehlo=mx.example.org "
      "<a@example.org> to <b@example.com> session=1f2.5e.0" },
    { STR_INIT(P "protocol_state=CONNECT\nclient_address=192.0.2.7\nclient_name=unknown\nhelo_name=\n"
               "sender=\nrecipient=\n\n"), "CONNECT client=192.0.2.7:0" },
    { STR_INIT(P "protocol_state=MAIL\nhelo_name=\nsender=a@b\n\n"), "MAIL without helo <a@b>" },
    { STR_INIT(P "protocol_state=EHLO\nclient_address=192.0.2.7\nhelo_name=x\n\n"),
      "HELO client=192.0.2.7:0 ehlo=x" },
    { STR_INIT(P "protocol_state=HELO\nprotocol_name=SMTP\nclient_address=2001:db8::7\nhelo_name=x\n\n"),
      "HELO client=2001:db8::7:0 helo=x" },
    { STR_INIT(P "protocol_state=MAIL\nclient_address=192.0.2.7\nsender=\nrecipient=no@x\n\n"),
      "MAIL client=192.0.2.7:0 <>" },
    { STR_INIT(P "protocol_state=DATA\nclient_address=192.0.2.7\nsender=a@b\nrecipient=\n\n"),
      "ignored RCPT client=192.0.2.7:0 <a@b>" },
    { STR_INIT(P "protocol_state=END-OF-MESSAGE\n\n"), "ignored RCPT <>" },
    { STR_INIT(P "protocol_state=VRFY\nrecipient=b@c\n\n"), "ignored RCPT <> to <b@c>" },
    { STR_INIT(P "protocol_state=ETRN\netrn_domain=x\n\n"), "ignored RCPT <>" },
    /* as Exim's kit does */
    { STR_INIT(P "protocol_state=RCPT\nclient_address=192.0.2.7\nclient_port=99\nrcpt_verified=no\n"
               "relay=no\nrcpt_count=3\nrcpt_fail_count=2\ninstance=192.0.2.7:99\nhelo_name=h\n"
               "sender=<>\nrecipient=<b@c>\n\n"),
      "RCPT client=192.0.2.7:99 helo=h <> to <b@c> verified=no session=192.0.2.7:99 2/3" },
    { STR_INIT(P "protocol_state=rcpt\nprotocol_name=esmtps\nclient_address=192.0.2.7\nhelo_name=h\n"
               "rcpt_verified=defer\nrelay=yes\nrecipient=b@c\n\n"),
      "RCPT client=192.0.2.7:0 ehlo=h <> to <b@c> relay verified=defer" },
    { STR_INIT(P "protocol_state=RCPT\nclient_address=\nsasl_method=plain\nrcpt_verified=YES\n"
               "recipient=b@c\n\n"), "RCPT <> to <b@c> auth verified=yes" },
    { STR_INIT(P "protocol_state=RCPT\nsasl_username=u\nrelay=true\nrcpt_verified=maybe\n"
               "recipient=b@c\n\n"), "RCPT <> to <b@c> auth relay" },
    { STR_INIT(P "protocol_state=QUIT\nclient_address=192.0.2.7\nrcpt_count=1\n\n"),
      "END client=192.0.2.7:0 0/1" },
    { STR_INIT(P "protocol_state=NOTQUIT\nclient_address=192.0.2.7\n"
               "smtp_notquit_reason=connection-lost\nrecipient=x@y\n\n"),
      "END client=192.0.2.7:0 why=connection-lost" },
    /* without the request's name; empty lines before it; unknown names; nothing behind `=` */
    { STR_INIT("\n\nprotocol_state=RCPT\nrecipient=b@c\n\n"), "RCPT <> to <b@c>" },
    { STR_INIT("future=1\n=\nprotocol_state=RCPT\nx=y=z\nrecipient=b=c@d\n\n"),
      "RCPT <> to <b=c@d>" },
    /* the first of two counts; blanks are part of a value */
    { STR_INIT("protocol_state=RCPT\nrcpt_verified=no\nrecipient=b@c\nrcpt_verified=yes\n"
               "recipient=d@e\n\n"), "RCPT <> to <b@c> verified=no" },
    { STR_INIT("protocol_state=RCPT\nrecipient= b@c \n\n"), "RCPT <> to < b@c >" },
    /* any bytes */
    { STR_INIT("protocol_state=RCPT\nhelo_name=a\0b\nrecipient=\xff\xfe\x1b@c\n\n"),
      "RCPT helo=a" },
    { STR_INIT("client_port=70000\nprotocol_state=RCPT\nclient_address=192.0.2.1\nrecipient=b@c\n\n"),
      "RCPT client=192.0.2.1:0 <> to <b@c>" },
    { STR_INIT("protocol_state=RCPT\nclient_address=unknown\nserver_address=x\nrecipient=b@c\n\n"),
      "RCPT <> to <b@c>" },
    /* not to be understood */
    { STR_INIT("request=junk_policy\nprotocol_state=RCPT\nrecipient=b@c\n\n"),
      "bad: request is not smtpd_access_policy" },
    { STR_INIT("GET / HTTP/1.0\nHost: x\n\n"), "bad: a line without =" },
    { STR_INIT(P "recipient=b@c\n\n"), "bad: no protocol_state" },
    { STR_INIT(P "protocol_state=TURN\n\n"), "bad: an unknown protocol_state" },
    { STR_INIT(P "protocol_state=RCPT\nclient_address=192.0.2.300\nrecipient=b@c\n\n"),
      "bad: client_address is no address" },
    { STR_INIT(P "protocol_state=RCPT\nclient_address=192.0.2.3\n\n"),
      "bad: state RCPT without a recipient" },
    /* not whole */
    { STR_INIT(""), "more" },
    { STR_INIT("\n\n\n"), "more" },
    { STR_INIT(P "protocol_state=RCPT\nrecipient=b@c\n"), "more" },
    { STR_INIT(P "protocol_state=RCPT\nrecipient=b@c"), "more" },
};

/* Feed in pieces of `step`; what is not taken comes again with the next piece. */
static void read_in_steps(struct str in, size_t step, struct buf *out)
{
    struct request r;
    enum request_progress p = REQUEST_MORE;
    size_t from = 0, to = 0;
    request_init(&r);
    while (p == REQUEST_MORE && to < in.n) {
        to = to + step < in.n ? to + step : in.n;
        from += request_feed(&r, str_make(in.p + from, to - from), &p);
        assert_true(from <= to);
    }
    describe(&r, p, out);
    request_fini(&r);
}

static void test_rows(void **state)
{
    (void)state;
    struct buf out, crlf;
    buf_init(&out, 4000);
    buf_init(&crlf, 4000);
    for (size_t i = 0; i < ROWS(rows); i++) {
        static const size_t steps[] = { 10000, 1, 2, 7 };
        buf_reset(&crlf);
        for (size_t k = 0; k < rows[i].in.n; k++)
            buf_add(&crlf, rows[i].in.p[k] == '\n' ? STR("\r\n") : str_make(rows[i].in.p + k, 1));
        for (size_t k = 0; k < 2 * ROWS(steps); k++) {
            read_in_steps(k % 2 == 0 ? rows[i].in : buf_str(&crlf), steps[k / 2], &out);
            if (!str_starts(buf_str(&out), str_c(rows[i].out)) ||
                (memchr(rows[i].in.p, '\0', rows[i].in.n) == NULL &&
                 out.n != strlen(rows[i].out)))
                fail_msg("row %zu, way %zu: %s", i, k, buf_c(&out));
        }
    }
    buf_fini(&out);
    buf_fini(&crlf);
}

static void test_bytes_kept(void **state)
{
    (void)state;
    struct request r;
    enum request_progress p;
    struct str in = STR("protocol_state=RCPT\nhelo_name=a\0b\nrecipient=\xff\xfe\x1b@c\n\n");
    request_init(&r);
    assert_int_equal(request_feed(&r, in, &p), in.n);
    assert_int_equal(p, REQUEST_DONE);
    assert_str(r.envelope.helo, "a\0b");
    assert_str(r.envelope.recipient, "\xff\xfe\x1b@c");
    request_fini(&r);
}

/* One after the other in the same bytes: nothing of the first is left in the second. */
static void test_several(void **state)
{
    (void)state;
    struct request r;
    struct buf out;
    enum request_progress p;
    struct str in = STR("protocol_state=RCPT\nrelay=yes\nsender=a@b\nrecipient=b@c\n\n"
                        "nonsense\n\n\n"
                        "protocol_state=RCPT\nrecipient=d@e\n\nprotocol_s");
    static const char *const expected[] = { "RCPT <a@b> to <b@c> relay", "bad: a line without =",
                                            "RCPT <> to <d@e>", "more" };
    request_init(&r);
    buf_init(&out, 1000);
    for (size_t i = 0; i < ROWS(expected); i++) {
        in = str_skip(in, request_feed(&r, in, &p));
        describe(&r, p, &out);
        assert_string_equal(buf_c(&out), expected[i]);
        request_next(&r);
    }
    assert_str(in, "protocol_s");
    buf_fini(&out);
    request_fini(&r);
}

static void test_end(void **state)
{
    (void)state;
    static const struct { const char *in; bool cut; const char *out; } ends[] = {
        { "", false, "more" },
        { "\n\n", false, "more" },
        { "", true, "bad: it ends early" },
        { "protocol_state=RCPT\nrecipient=b@c\n", false, "RCPT <> to <b@c>" },
        { "protocol_state=RCPT\nrecipient=b@c\n", true, "bad: it ends early" },
        { "nonsense\n", false, "bad: a line without =" },
    };
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < ROWS(ends); i++) {
        struct request r;
        enum request_progress p;
        request_init(&r);
        request_feed(&r, str_c(ends[i].in), &p);
        assert_int_equal(p, REQUEST_MORE);
        describe(&r, request_end(&r, ends[i].cut), &out);
        if (strcmp(buf_c(&out), ends[i].out) != 0)
            fail_msg("row %zu: %s", i, buf_c(&out));
        request_fini(&r);
    }
    buf_fini(&out);
}

#define LOCAL_KEPT (ENVELOPE_ADDRESS_MAX - 1 - REQUEST_DOMAIN_MAX)

/* A request whose sender has `value` bytes, and one behind it. Returns the length. */
static size_t request_make(char *out, size_t value)
{
    static const char before[] = "protocol_state=RCPT\nrecipient=b@c\nsender=";
    static const char after[] = "\n\nprotocol_state=RCPT\nrecipient=second@x\n\n";
    memcpy(out, before, sizeof before - 1);
    memset(out + sizeof before - 1, 's', value);
    memcpy(out + sizeof before - 1 + value, after, sizeof after - 1);
    return sizeof before - 1 + value + sizeof after - 1;
}

/* Values and lines beyond anything real are cut, and the request is judged: a client that chooses a
 * long HELO or sender must not get past every check. The next one is read as if nothing had been. */
static void test_ceilings(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        ENVELOPE_ADDRESS_MAX - 1, ENVELOPE_ADDRESS_MAX, ENVELOPE_ADDRESS_MAX + 1,
        REQUEST_LINE_MAX - 7, REQUEST_LINE_MAX - 6, 16384, 100000,
    };
    static const size_t steps[] = { 1000000, 4096, 100 };
    char *line = malloc(200000);
    for (size_t i = 0; i < ROWS(sizes) * ROWS(steps); i++) {
        size_t value = sizes[i / ROWS(steps)], step = steps[i % ROWS(steps)];
        struct request r;
        enum request_progress p = REQUEST_MORE;
        struct str in = str_make(line, request_make(line, value));
        size_t from = 0, to = 0;
        request_init(&r);
        while (p == REQUEST_MORE && to < in.n) {
            to = to + step < in.n ? to + step : in.n;
            from += request_feed(&r, str_make(in.p + from, to - from), &p);
            assert_true(to - from <= REQUEST_LINE_MAX || p != REQUEST_MORE);
        }
        assert_int_equal(p, REQUEST_DONE);
        assert_int_equal(r.envelope.sender.n, value <= ENVELOPE_ADDRESS_MAX ? value : LOCAL_KEPT);
        request_next(&r);
        request_feed(&r, str_skip(in, from), &p);
        assert_int_equal(p, REQUEST_DONE);
        assert_str(r.envelope.recipient, "second@x");
        request_fini(&r);
    }
    free(line);
}

/* What is kept of an address, said in another way than the reader does it. */
static void address_expected(struct str address, struct buf *out)
{
    size_t at = str_rfind_c(address, '@');
    buf_reset(out);
    if (address.n <= ENVELOPE_ADDRESS_MAX || at == STR_NONE) {
        buf_add(out, str_head(address, address.n <= ENVELOPE_ADDRESS_MAX ? address.n : LOCAL_KEPT));
        return;
    }
    struct str domain = str_skip(address, at + 1);
    buf_add(out, str_head(str_head(address, at), LOCAL_KEPT));
    buf_add_c(out, '@');
    buf_add(out, domain.n > REQUEST_DOMAIN_MAX ? str_skip(domain, domain.n - REQUEST_DOMAIN_MAX)
                                               : domain);
}

static void address_read(struct str address, size_t step, const char *end, bool brackets)
{
    struct request r;
    enum request_progress p = REQUEST_MORE;
    struct buf in, want;
    size_t from = 0, to = 0;
    request_init(&r);
    buf_init(&in, 100000);
    buf_init(&want, 1000);
    buf_addf(&in, "protocol_state=RCPT%ssender=a@b%srecipient=%s", end, end, brackets ? "<" : "");
    buf_add(&in, address);
    buf_addf(&in, "%s%shelo_name=x%s%s", brackets ? ">" : "", end, end, end);
    while (p == REQUEST_MORE && to < in.n) {
        to = to + step < in.n ? to + step : in.n;
        from += request_feed(&r, str_make(in.p + from, to - from), &p);
    }
    address_expected(address, &want);
    assert_int_equal(p, REQUEST_DONE);
    assert_str(r.envelope.sender, "a@b");
    assert_str(r.envelope.helo, "x");
    if (!str_eq(r.envelope.recipient, buf_str(&want)))
        fail_msg("%zu bytes in steps of %zu: %.*s", address.n, step, STR_ARG(r.envelope.recipient));
    assert_true(r.envelope.recipient.n <= ENVELOPE_ADDRESS_MAX);
    request_fini(&r);
    buf_fini(&in);
    buf_fini(&want);
}

/* The domain is kept wherever it lies, and the begin of the local part, where the name is that a tag
 * stands behind: else a guesser would be one name only, and an address of ours nobody's. */
static void test_long_addresses(void **state)
{
    (void)state;
    static const struct { const char *begin; size_t fill; const char *middle; size_t more;
                          const char *end; } shapes[] = {
        { "bob+", 490, "@example.org", 0, "" }, { "bob+", 700, "@example.org", 0, "" },
        { "bob+", 4070, "@example.org", 0, "" }, { "bob+", 4080, "@example.org", 0, "" },
        { "bob+", 4090, "@example.org", 0, "" }, { "bob+", 16000, "@example.org", 0, "" },
        { "bob+", 30000, "", 0, "" }, { "\"a@b", 5000, "\"@example.org", 0, "" },
        /* the domain is what is long: it becomes none that exists, and the name not another's */
        { "postmaster@", 600, ".example.org", 0, "" }, { "postmaster@", 9000, ".example.org", 0, "" },
        { "postmaster@", 9000, "@example.org", 0, "" }, { "a", 300, "@", 300, ".example.org" },
        { "a", 300, "@", 5000, ".example.org" }, { "a", 5000, "@", 5000, ".example.org" },
        { "a", 5000, "@", 242, ".example.org" }, { "a", 5000, "@", 243, ".example.org" },
        { "a", 5000, "@", 244, ".example.org" }, { "@", 5000, "", 0, "" }, { "a", 5000, "@", 0, "" },
    };
    static const size_t steps[] = { 1000000, 4096, 4097, 999, 100 };
    struct buf address;
    buf_init(&address, 50000);
    for (size_t i = 0; i < ROWS(shapes) * ROWS(steps); i++) {
        size_t row = i / ROWS(steps), step = steps[i % ROWS(steps)];
        buf_reset(&address);
        buf_addf(&address, "%s%0*d%s", shapes[row].begin, (int)shapes[row].fill, 0, shapes[row].middle);
        if (shapes[row].more > 0)
            buf_addf(&address, "%0*d", (int)shapes[row].more, 0);
        buf_addf(&address, "%s", shapes[row].end);
        address_read(buf_str(&address), step, "\n", false);
        address_read(buf_str(&address), step, "\r\n", false);
        if (str_find_c(buf_str(&address), '@') != STR_NONE)
            address_read(buf_str(&address), step, "\r\n", true);
    }
    buf_fini(&address);
}

/* All that a client can choose at once, as long as an MTA takes it. */
static void test_long_values(void **state)
{
    (void)state;
    static const char *const names[] = { "helo_name", "sender", "recipient", "sasl_username" };
    struct request r;
    enum request_progress p = REQUEST_MORE;
    struct buf in;
    buf_init(&in, 100000);
    buf_addf(&in, "protocol_state=RCPT\n");
    for (size_t i = 0; i < ROWS(names); i++)
        buf_addf(&in, "%s=%0*d@example.org\n", names[i], i == 1 ? 3000 : 16000, 0);
    buf_addf(&in, "client_address=192.0.2.7\n\n");
    request_init(&r);
    assert_int_equal(request_feed(&r, buf_str(&in), &p), in.n);
    assert_int_equal(p, REQUEST_DONE);
    assert_true(r.envelope.has_client);
    assert_int_equal(r.envelope.helo.n, ENVELOPE_HELO_MAX);
    assert_true(str_ends(r.envelope.sender, STR("0@example.org")));
    assert_true(str_ends(r.envelope.recipient, STR("0@example.org")));
    assert_int_equal(r.envelope.recipient.n, LOCAL_KEPT + 12);
    request_fini(&r);
    buf_fini(&in);
}

static void test_too_many_lines(void **state)
{
    (void)state;
    struct request r;
    enum request_progress p;
    request_init(&r);
    request_feed(&r, STR("protocol_state=RCPT\nrecipient=b@c\n"), &p);
    for (unsigned i = 0; i < REQUEST_BYTES_MAX / 4 + 1; i++)
        request_feed(&r, STR("a=b\n"), &p);
    assert_int_equal(p, REQUEST_MORE);
    request_feed(&r, STR("\n"), &p);
    assert_int_equal(p, REQUEST_BAD);
    assert_string_equal(request_why(&r), "the request is too long");
    request_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_bytes_kept),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_long_addresses),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_too_many_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
