/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logline_delivery - the fields of =>, -> , >>, *>, ** and ==
 *
 * logline_delivery_address() is asked for every row too: the fast way must say
 * the same as the long one.
 */
#include "logline_case.h"

struct row {
    const char *text;             /* with its flag */
    enum line_class class;
    const char *address, *parents, *original;
    const char *sender, *return_path;
    bool has_sender, has_host, discarded;
    const char *router, *transport;
    uint64_t size;
    const char *name, *ip;
    uint16_t port;
    const char *cipher, *auth, *confirmation, *message;
};

#define DELIVERY .class = LINE_DELIVERY
#define FAILURE .class = LINE_FAILURE
#define DEFERRAL .class = LINE_DEFERRAL

static const struct row shapes[] = {
    { .text = "=> fred@foobar.com R=lookuphost T=remote_smtp H=foobar.com [198.51.100.25] K "
              "C=\"250 OK id=1xVS6T-0005Tp-2P\"", DELIVERY, .address = "fred@foobar.com",
      .router = "lookuphost", .transport = "remote_smtp", .has_host = true, .name = "foobar.com",
      .ip = "198.51.100.25", .confirmation = "250 OK id=1xVS6T-0005Tp-2P" },
    { .text = "=> nobody <nobody@barfoo.com> R=localuser T=local_delivery", DELIVERY,
      .address = "nobody", .original = "nobody@barfoo.com", .router = "localuser",
      .transport = "local_delivery" },
    /* every selector at once, in the order of deliver.c */
    { .text = "-> a@b (p@q, r@s) <t@u> F=<f@g> Q=slow P=<h@i> R=r1 T=t1 S=77 H=mx.b DS "
              "[2001:db8::2]:25* PRX=[10.0.0.1]:1080 I=[192.0.2.1]:4711 TFO* PS=sea1 "
              "X=TLS1.3:AES:256* CV=dane DN=\"/CN=mx \"b\"\" A=plain:me L* PRDR K DKIM=b C=\"250 "
              "\\\"ok\\\" R=x\" QT=3s DT=1s ST=shadow", DELIVERY, .address = "a@b",
      .parents = "p@q, r@s", .original = "t@u", .sender = "f@g", .has_sender = true,
      .return_path = "h@i", .router = "r1", .transport = "t1", .size = 77, .has_host = true,
      .name = "mx.b", .ip = "2001:db8::2", .port = 25, .cipher = "TLS1.3:AES:256*",
      .auth = "plain:me", .confirmation = "250 \\\"ok\\\" R=x" },
    { .text = ">> a@b R=r T=t H=mx [192.0.2.1] X=TLSv1:AES256-SHA:256 C=\"250 ok\"", DELIVERY,
      .address = "a@b", .router = "r", .transport = "t", .has_host = true, .name = "mx",
      .ip = "192.0.2.1", .cipher = "TLSv1:AES256-SHA:256", .confirmation = "250 ok" },
    { .text = "*> a@b F=<> R=r T=t", DELIVERY, .address = "a@b", .has_sender = true, .router = "r",
      .transport = "t" },
    { .text = "=> a@b R=r T=lmtp H=localhost", DELIVERY, .address = "a@b", .router = "r",
      .transport = "lmtp", .has_host = true, .name = "localhost" },
    { .text = "=> a@b R=r T=t ST=copy (no space left)", DELIVERY, .address = "a@b", .router = "r",
      .transport = "t" },
    /* not an address */
    { .text = "=> :blackhole: <a@b> R=system_aliases", DELIVERY, .address = ":blackhole:",
      .original = "a@b", .router = "system_aliases", .discarded = true },
    { .text = "=> discarded (system filter)", DELIVERY, .address = "discarded",
      .parents = "system filter", .discarded = true },
    { .text = "=> blackhole (DATA ACL discarded recipients)", DELIVERY, .address = "blackhole",
      .parents = "DATA ACL discarded recipients", .discarded = true },
    { .text = "=> /home/x/Maildir/ <x@y> R=userforward T=address_directory", DELIVERY,
      .address = "/home/x/Maildir/", .original = "x@y", .router = "userforward",
      .transport = "address_directory" },
    { .text = "=> /home/x/My Mail/box <x@y> R=u T=address_file", DELIVERY,
      .address = "/home/x/My Mail/box", .original = "x@y", .router = "u",
      .transport = "address_file" },
    { .text = "=> |/usr/bin/vacation -a \"joe\" R=x T=y joe (joe@y) <info@y> R=u T=address_pipe",
      DELIVERY, .address = "|/usr/bin/vacation -a \"joe\" R=x T=y joe", .parents = "joe@y",
      .original = "info@y", .router = "u", .transport = "address_pipe" },
    { .text = "=> |/bin/sh -c cat <in (x) > out <x@y> R=u T=address_pipe", DELIVERY,
      .address = "|/bin/sh -c cat <in (x) > out", .original = "x@y", .router = "u",
      .transport = "address_pipe" },
    { .text = "=> >fred@x <joe@y> R=vacation T=address_reply", DELIVERY, .address = ">fred@x",
      .original = "joe@y", .router = "vacation", .transport = "address_reply" },
    { .text = "=> save file <x@y> R=u T=address_file", DELIVERY, .address = "save file",
      .original = "x@y", .router = "u", .transport = "address_file" },
    /* failures */
    { .text = "** gone@foobar.com R=lookuphost T=remote_smtp H=foobar.com [198.51.100.25]: SMTP "
              "error from remote mail server after RCPT TO:<gone@foobar.com>: 550 No such user "
              "here", FAILURE, .address = "gone@foobar.com", .router = "lookuphost",
      .transport = "remote_smtp", .has_host = true, .name = "foobar.com", .ip = "198.51.100.25",
      .message = "SMTP error from remote mail server after RCPT TO:<gone@foobar.com>: 550 No such "
                 "user here" },
    { .text = "** fred@x: Unrouteable address", FAILURE, .address = "fred@x",
      .message = "Unrouteable address" },
    { .text = "** fred@x <joe@y>: retry timeout exceeded", FAILURE, .address = "fred@x",
      .original = "joe@y", .message = "retry timeout exceeded" },
    { .text = "** fred@x R=enforce_mail_permissions: Domain x has exceeded the max emails per "
              "hour (125/100 (125%)) allowed.  Message discarded.", FAILURE, .address = "fred@x",
      .router = "enforce_mail_permissions",
      .message = "Domain x has exceeded the max emails per hour (125/100 (125%)) allowed.  "
                 "Message discarded." },
    { .text = "** fred@x F=<a@b>: x", FAILURE, .address = "fred@x", .sender = "a@b",
      .has_sender = true, .message = "x" },
    { .text = "** fred@x F=<a@b> P=<c@d> R=r T=t H=mx [192.0.2.1]:25 X=TLS1.3:A:256 CV=no: x: y "
              "R=z", FAILURE, .address = "fred@x", .sender = "a@b", .has_sender = true,
      .return_path = "c@d", .router = "r", .transport = "t", .has_host = true, .name = "mx",
      .ip = "192.0.2.1", .port = 25, .cipher = "TLS1.3:A:256", .message = "x: y R=z" },
    { .text = "** fred@x R=r T=t H=mx [192.0.2.1] X=c DN=\"/CN=mx\": x DT=1s", FAILURE,
      .address = "fred@x", .router = "r", .transport = "t", .has_host = true, .name = "mx",
      .ip = "192.0.2.1", .cipher = "c", .message = "x DT=1s" },
    { .text = "** fred@x R=r T=t", FAILURE, .address = "fred@x", .router = "r", .transport = "t" },
    { .text = "** |/bin/false <x@y> R=u T=address_pipe: return code 1", FAILURE,
      .address = "|/bin/false", .original = "x@y", .router = "u", .transport = "address_pipe",
      .message = "return code 1" },
    /* deferrals */
    { .text = "== later@b R=r T=t defer (-44) H=mx.b [198.51.100.26]: SMTP error: 451 Try again "
              "later", DEFERRAL, .address = "later@b", .router = "r", .transport = "t",
      .has_host = true, .name = "mx.b", .ip = "198.51.100.26",
      .message = "defer (-44) H=mx.b [198.51.100.26]: SMTP error: 451 Try again later" },
    { .text = "== a@b R=r T=t defer (110): Connection timed out H=mx.b [192.0.2.1]:25 DT=2m",
      DEFERRAL, .address = "a@b", .router = "r", .transport = "t", .has_host = true, .name = "mx.b",
      .ip = "192.0.2.1", .port = 25,
      .message = "defer (110): Connection timed out H=mx.b [192.0.2.1]:25 DT=2m" },
    { .text = "== a@b R=r T=t defer (111): Connection refused: said H=evil [192.0.2.66]", DEFERRAL,
      .address = "a@b", .router = "r", .transport = "t",
      .message = "defer (111): Connection refused: said H=evil [192.0.2.66]" },
    { .text = "== a@b <c@d> routing defer (-51): retry time not reached", DEFERRAL,
      .address = "a@b", .original = "c@d", .message = "defer (-51): retry time not reached" },
    { .text = "== a@b defer (-52): Retry time not yet reached", DEFERRAL, .address = "a@b",
      .message = "defer (-52): Retry time not yet reached" },
    { .text = "== a@b R=r defer (-1): host lookup did not complete", DEFERRAL, .address = "a@b",
      .router = "r", .message = "defer (-1): host lookup did not complete" },
    /* a local part with spaces: Exim takes its quotes off, and shows them behind */
    { .text = "=> a b@c <\"a b\"@c> R=r T=t", DELIVERY, .address = "a b@c", .original = "\"a b\"@c",
      .router = "r", .transport = "t" },
    { .text = "=> a b@c <\"a b\"@C> R=r T=t", DELIVERY, .address = "a b@c", .original = "\"a b\"@C",
      .router = "r", .transport = "t" },
    { .text = "=> \"a b\"@c R=r T=t", DELIVERY, .address = "\"a b\"@c", .router = "r",
      .transport = "t" },
    { .text = "=> a b@c (p@q) <r@s> R=r T=t", DELIVERY, .address = "a b@c", .parents = "p@q",
      .original = "r@s", .router = "r", .transport = "t" },
    { .text = "=> \xc3\xa4\xff@b R=r T=t", DELIVERY, .address = "\xc3\xa4\xff@b", .router = "r",
      .transport = "t" },
};

/* Recipients and remote hosts that imitate fields. */
static const struct row attacks[] = {
    { .text = "=> x R=foo T=bar@d <\"x R=foo T=bar\"@d> R=dnslookup T=remote_smtp H=mx [192.0.2.1]",
      DELIVERY, .address = "x R=foo T=bar@d", .original = "\"x R=foo T=bar\"@d",
      .router = "dnslookup", .transport = "remote_smtp", .has_host = true, .name = "mx",
      .ip = "192.0.2.1" },
    { .text = "** joe@y R=a T=b: z@d <\"joe@y R=a T=b: z\"@d> R=dnslookup T=remote_smtp: real",
      FAILURE, .address = "joe@y R=a T=b: z@d", .original = "\"joe@y R=a T=b: z\"@d",
      .router = "dnslookup", .transport = "remote_smtp", .message = "real" },
    { .text = "** joe@y < < < < < < < < <\" R=a T=b: z@d <\"joe@y < < < < < < < < <\\\" R=a T=b: "
              "z\"@d>: real", FAILURE, .address = "joe@y < < < < < < < < <\" R=a T=b: z@d",
      .original = "\"joe@y < < < < < < < < <\\\" R=a T=b: z\"@d", .message = "real" },
    { .text = "=> x <joe@y> z@d <\"x <joe@y> z\"@d> R=r T=t", DELIVERY, .address = "x <joe@y> z@d",
      .original = "\"x <joe@y> z\"@d", .router = "r", .transport = "t" },
    { .text = "=> a\"b\\c d@e <\"a\\\"b\\\\c d\"@e> R=r T=t", DELIVERY, .address = "a\"b\\c d@e",
      .original = "\"a\\\"b\\\\c d\"@e", .router = "r", .transport = "t" },
    { .text = "=> a@b R=r T=t H=mx [192.0.2.1] C=\"250 <\\\"a\\\"@b> R=x T=y C=\\\"z\\\" => d@e\" "
              "QT=1s", DELIVERY, .address = "a@b", .router = "r", .transport = "t",
      .has_host = true, .name = "mx", .ip = "192.0.2.1",
      .confirmation = "250 <\\\"a\\\"@b> R=x T=y C=\\\"z\\\" => d@e" },
    { .text = "=> a@b R=r T=t C=\"cut", DELIVERY, .address = "a@b", .router = "r", .transport = "t",
      .confirmation = "cut" },
    { .text = "** a@b R=r T=t H=mx [192.0.2.1]: 550 R=x T=y H=z [192.0.2.9]: <\"q\"@r> ** d@e",
      FAILURE, .address = "a@b", .router = "r", .transport = "t", .has_host = true, .name = "mx",
      .ip = "192.0.2.1", .message = "550 R=x T=y H=z [192.0.2.9]: <\"q\"@r> ** d@e" },
};

static void check_fields(const struct row *r, const struct line_delivery *d)
{
    case_field(d->address, r->address, "address");
    case_field(d->parents, r->parents, "parents");
    case_field(d->original, r->original, "original");
    case_field(d->sender, r->sender, "sender");
    assert_int_equal(d->has_sender, r->has_sender);
    case_field(d->return_path, r->return_path, "return_path");
    case_field(d->router, r->router, "router");
    case_field(d->transport, r->transport, "transport");
    assert_int_equal(d->size, r->size);
    assert_int_equal(d->has_host, r->has_host);
    case_field(d->host.name, r->name, "host.name");
    case_field(d->host.ip, r->ip, "host.ip");
    assert_int_equal(d->host.port, r->port);
    case_field(d->cipher, r->cipher, "cipher");
    case_field(d->auth, r->auth, "auth");
    case_field(d->confirmation, r->confirmation, "confirmation");
    case_field(d->text, r->message, "text");
    assert_int_equal(d->discarded, r->discarded);
}

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct held h = case_text(CASE_PREFIX CASE_ID, str_c(rows[i].text), rows[i].class);
        struct line_delivery d;
        struct str address, original;
        assert_int_equal(logline_delivery(&h.line, &d), 0);
        check_fields(&rows[i], &d);
        assert_int_equal(logline_delivery_address(&h.line, &address, &original), 0);
        assert_true(str_eq(address, d.address) && str_eq(original, d.original));
        case_free(&h);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    check(shapes, ROWS(shapes));
}

static void test_attacks(void **state)
{
    (void)state;
    check(attacks, ROWS(attacks));
}

static void test_empty(void **state)
{
    static const char *const rows[] = { "=> ", "**  x", "==  R=r T=t defer (1): x" };
    struct line_delivery d;
    struct str address, original;
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char raw[128];
        int len = snprintf(raw, sizeof raw, CASE_PREFIX CASE_ID "%s", rows[i]);
        struct held h = case_raw(str_make(raw, (size_t)len), NULL);
        assert_int_equal(logline_delivery(&h.line, &d), -1);
        assert_int_equal(logline_delivery_address(&h.line, &address, &original), -1);
        assert_int_equal(address.n + original.n + d.address.n, 0);
        case_free(&h);
    }
}

/* Every prefix of every row, in a block of its size: for the sanitizers, and both ways agree. */
static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(shapes) + ROWS(attacks); i++) {
        const struct row *r = i < ROWS(shapes) ? &shapes[i] : &attacks[i - ROWS(shapes)];
        for (size_t n = 3; n < strlen(r->text); n++) {
            char raw[1024];
            int len = snprintf(raw, sizeof raw, CASE_PREFIX CASE_ID "%.*s", (int)n, r->text);
            struct held h = case_raw(str_make(raw, (size_t)len), NULL);
            struct line_delivery d;
            struct str address, original;
            assert_int_equal(logline_delivery(&h.line, &d),
                             logline_delivery_address(&h.line, &address, &original));
            assert_true(str_eq(address, d.address) && str_eq(original, d.original));
            case_free(&h);
        }
    }
}

/* A megabyte of places where an original could stand: bounded work, and an answer. */
static void test_hostile_length(void **state)
{
    static const char *const pieces[] = { " <\"a\"@b>", " <", " (", " <a@b>", "\\\"", ": ", " R=x",
                                          " defer (", " DN=\"" };
    size_t max = 1 << 20;
    char *text = malloc(max + 64);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < ROWS(pieces); i++) {
        for (size_t start = 0; start < 2; start++) {
            size_t n = (size_t)snprintf(text, 64, CASE_PREFIX CASE_ID "** %s",
                                        start == 0 ? "a b" : "|a");
            size_t piece = strlen(pieces[i]);
            for (; n + piece < max; n += piece)
                memcpy(text + n, pieces[i], piece);
            struct held h = case_raw(str_make(text, n), NULL);
            struct line_delivery d;
            assert_int_equal(logline_delivery(&h.line, &d), 0);
            case_free(&h);
        }
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),       cmocka_unit_test(test_attacks),
        cmocka_unit_test(test_empty),        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_hostile_length),
    };
    return cmocka_run_group_tests_name("logline_delivery", tests, NULL, NULL);
}
