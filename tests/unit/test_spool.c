/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_spool - -H files of several ages, whole, cut and wrong
 *
 * The local one has the shape that Exim 4.96 wrote; the remote one has what
 * the specification lists for newer and older versions.
 */
#include "mail/spool.h"

#include <stdlib.h>

#include "unit.h"

static const struct str local = STR_INIT(
    "1xVSGX-0005a5-2C-H\n"
    "nobody 65534 65534\n"
    "<nobody@barfoo.example>\n"
    "1795433481 0\n"
    "-received_time_usec .683673\n"
    "-received_time_complete 1795433481.684323\n"
    "-ident nobody\n"
    "-received_protocol local\n"
    "-body_linecount 4\n"
    "-max_received_linelength 43\n"
    "-auth_id nobody\n"
    "-auth_sender nobody@barfoo.example\n"
    "-allow_unqualified_recipient\n"
    "-deliver_firsttime\n"
    "-local\n"
    "-tls_resumption A\n"
    "XX\n"
    "1\n"
    "fred@foobar.example\n"
    "\n"
    "069P Received: from nobody by barfoo.example with local (Exim 4.96)\n\tid x\n"
    "024T To: fred@foobar.example\n"
    "020* Subject: old value\n\n" /* 20 bytes: the second line end is its own */
    "020  Subject: Buy queued\n"
    "044  X-PHP-Originating-Script: 61001:profile.php\n");

static const struct str remote = STR_INIT(
    "1tixMn-00000000C5j-1wRa-H\n"
    "Debian exim 101 -2\n"
    "<>\n"
    "1739545953 2\n"
    "--helo_name evil -local\n"
    "-host_address 2001:db8::7.40123\n"
    "--host_name host.example\n"
    "-host_auth dovecot_login\n"
    "-interface_address [192.0.2.1]:25\n"
    "-active_hostname mx.barfoo.example\n"
    "--(mysql)auth_id bob@barfoo.example\n"
    "-received_protocol esmtpsa\n"
    "-aclm 0 21\n"
    "-ident forged\nXX\n1\nx@\n"
    "--aclc _name 3\n"
    "abc\n"
    "-acl 12 0\n"
    "\n"
    "-frozen 1739545999\n"
    "-localerror\n"
    "-sender_set_untrusted\n"
    "-some_new_setting with a value\n"
    "YN done@foobar.example\n"
    "NN also done@foobar.example\n"
    "7\n"
    "a@foobar.example\n"
    "b@foobar.example 12\n"
    "c@foobar.example 0,3,0\n"
    "d@foobar.example owner@foobar.example 20,-1#1\n"
    "e@foobar.example rfc822;e@x 10,2 own 3,5#3\n"
    "\"f 1\"@foobar.example  0,0  0,-1#3\n"
    "g@foobar.example 99,1#1\n"
    "\n"
    "012  Subject: x\n\n");

static void test_local(void **state)
{
    (void)state;
    struct spool s;
    assert_int_equal(spool_parse(local, &s), 0);
    assert_string_equal(s.id.text, "1xVSGX-0005a5-2C");
    assert_str(s.login, "nobody");
    assert_int_equal(s.uid, 65534);
    assert_int_equal(s.gid, 65534);
    assert_str(s.sender, "nobody@barfoo.example");
    assert_int_equal(s.received, 1795433481);
    assert_int_equal(s.received_usec, 683673);
    assert_str(s.ident, "nobody");
    assert_str(s.auth_id, "nobody");
    assert_str(s.auth_sender, "nobody@barfoo.example");
    assert_str(s.protocol, "local");
    assert_str(s.host_address, "");
    assert_int_equal(s.host_port, 0);
    assert_true(s.local);
    assert_false(s.localerror || s.frozen || s.untrusted);
    assert_int_equal(s.recipient_count, 1);
    assert_str(s.recipients, "fred@foobar.example\n");
    assert_str(s.delivered, "");
}

static void test_remote(void **state)
{
    (void)state;
    struct spool s;
    assert_int_equal(spool_parse(remote, &s), 0);
    assert_string_equal(s.id.text, "1tixMn-00000000C5j-1wRa");
    assert_str(s.login, "Debian exim");
    assert_int_equal(s.uid, 101);
    assert_int_equal(s.gid, UINT32_MAX - 1);
    assert_str(s.sender, "");
    assert_str(s.helo_name, "evil -local");
    assert_str(s.host_address, "2001:db8::7");
    assert_int_equal(s.host_port, 40123);
    assert_str(s.host_name, "host.example");
    assert_str(s.host_auth, "dovecot_login");
    assert_str(s.interface_address, "192.0.2.1");
    assert_str(s.active_hostname, "mx.barfoo.example");
    assert_str(s.auth_id, "bob@barfoo.example");
    assert_str(s.ident, ""); /* the one inside of the ACL variable is no setting */
    assert_true(s.frozen && s.localerror && s.untrusted);
    assert_false(s.local);
    assert_str(s.delivered, "YN done@foobar.example\nNN also done@foobar.example\n");
    assert_int_equal(s.recipient_count, 7);
}

static void test_recipients(void **state)
{
    (void)state;
    static const char *const want[] = {
        "a@foobar.example", "b@foobar.example", "c@foobar.example", "d@foobar.example",
        "e@foobar.example", "\"f 1\"@foobar.example",
        "g@foobar.example 99,1#1", /* the length lies: left as it is */
    };
    struct spool s;
    struct str address;
    assert_int_equal(spool_parse(remote, &s), 0);
    for (size_t i = 0; i < ROWS(want); i++) {
        assert_true(spool_recipient(&s.recipients, &address));
        if (!str_eq(address, str_c(want[i])))
            fail_msg("got %.*s, not %s", STR_ARG(address), want[i]);
    }
    assert_false(spool_recipient(&s.recipients, &address));
}

static void test_headers(void **state)
{
    (void)state;
    struct spool s;
    struct buf b;
    assert_int_equal(spool_parse(local, &s), 0);
    buf_init(&b, 1000);
    spool_headers(&s, &b);
    assert_str(buf_str(&b), "Received: from nobody by barfoo.example with local (Exim 4.96)\n"
                            "\tid x\n"
                            "To: fred@foobar.example\n"
                            "Subject: Buy queued\n"
                            "X-PHP-Originating-Script: 61001:profile.php\n");
    buf_fini(&b);
    buf_init(&b, 80); /* what does not fit ends them */
    spool_headers(&s, &b);
    assert_true(buf_bad(&b));
    assert_true(str_ends(buf_str(&b), STR("id x\n")));
    buf_fini(&b);
}

static void test_header_cut(void **state)
{
    (void)state;
    struct spool s = { .headers = STR("010  Subject: hello") };
    struct buf b;
    buf_init(&b, 1000);
    spool_headers(&s, &b); /* a count shorter than the text: what follows is no header */
    assert_str(buf_str(&b), "Subject: h");
    buf_reset(&b);
    s.headers = STR("999999999999F From: a@b");
    spool_headers(&s, &b);
    assert_str(buf_str(&b), "From: a@b");
    buf_reset(&b);
    s.headers = STR("\0\0\0\0");
    spool_headers(&s, &b);
    assert_str(buf_str(&b), "");
    buf_fini(&b);
}

static void test_wrong(void **state)
{
    (void)state;
#define ID "1xVSGX-0005a5-2C-H\n"
    static const struct str rows[] = {
        STR_INIT(""),
        STR_INIT("1xVSGX-0005a5-2C-D\nnobody 1 1\n<>\n1 0\nXX\n0\n"),
        STR_INIT("1xVSGX-0005a5-2-H\nnobody 1 1\n<>\n1 0\nXX\n0\n"),
        STR_INIT(ID "nobody 1\n<>\n1 0\nXX\n0\n"),
        STR_INIT(ID " 1 1\n<>\n1 0\nXX\n0\n"),
        STR_INIT(ID "nobody 1 x\n<>\n1 0\nXX\n0\n"),
        STR_INIT(ID "nobody 1 99999999999\n<>\n1 0\nXX\n0\n"),
        STR_INIT(ID "nobody 1 1\nfred\n1 0\nXX\n0\n"),
        STR_INIT(ID "nobody 1 1\n<\n1 0\nXX\n0\n"),
        STR_INIT(ID "nobody 1 1\n<>\nnow 0\nXX\n0\n"),
        STR_INIT(ID "nobody 1 1\n<>\n1 0\n-aclm 0 500\nabc\nXX\n0\n"),
        STR_INIT(ID "nobody 1 1\n<>\n1 0\n-aclm 0\nXX\n0\n"),
        STR_INIT(ID "nobody 1 1\n<>\n1 0\nYY a@b\nNN c@d\n"),
        STR_INIT(ID "nobody 1 1\n<>\n1 0\nZZ a@b\n0\n"),
        STR_INIT(ID "nobody 1 1\n<>\n1 0\nXX\n"),
        STR_INIT(ID "nobody 1 1\n<>\n1 0\nXX\nmany\n"),
    };
#undef ID
    struct spool s;
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (spool_parse(rows[i], &s) == 0)
            fail_msg("row %zu was taken for a -H file", i);
    }
    /* What stands before the fault can be used. */
    assert_int_equal(spool_parse(rows[ROWS(rows) - 1], &s), -1);
    assert_str(s.login, "nobody");
    assert_int_equal(s.uid, 1);
}

/* Cut anywhere, the file gives what it has, and views stay inside of it. */
static void test_every_cut(void **state)
{
    (void)state;
    const struct str files[] = { local, remote };
    for (size_t f = 0; f < ROWS(files); f++) {
        for (size_t n = 0; n < files[f].n; n++) {
            char *copy = malloc(n + 1); /* of its exact size, for ASAN */
            struct spool s;
            struct str address;
            struct buf b;
            assert_non_null(copy);
            memcpy(copy, files[f].p, n);
            buf_init(&b, 2000);
            spool_parse(str_make(copy, n), &s);
            while (spool_recipient(&s.recipients, &address))
                assert_true(address.n <= n);
            spool_headers(&s, &b);
            assert_true(b.n <= n);
            buf_fini(&b);
            free(copy);
        }
    }
}

static void test_count_lies(void **state)
{
    (void)state;
    struct spool s;
    assert_int_equal(spool_parse(STR("1xVSGX-0005a5-2C-H\nnobody 1 1\n<>\n1 0\nXX\n"
                                     "18446744073709551615\na@b\nc@d\n\n006  A: b\n\n"), &s), 0);
    assert_true(s.recipient_count == UINT64_MAX);
    assert_str(s.recipients, "a@b\nc@d\n");
    assert_str(s.headers, "006  A: b\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local),      cmocka_unit_test(test_remote),
        cmocka_unit_test(test_recipients), cmocka_unit_test(test_headers),
        cmocka_unit_test(test_header_cut), cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_every_cut),  cmocka_unit_test(test_count_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
