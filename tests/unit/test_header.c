/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_header - fields, folding, dates, encoded words and Received fields
 *
 * The Received rows have the shapes that real programs write, with names and
 * addresses of our own; and what a sender can do to them from inside his HELO,
 * ident and addresses.
 */
#include "mail/header.h"

#include <stdlib.h>

#include "unit.h"

#define T0 INT64_C(1146153941) /* 2006-04-27 16:05:41 UTC, the article's message */

/* ---- fields ---- */

static void test_fields(void **state)
{
    (void)state;
    struct header_cursor c;
    struct header_field f;
    header_begin(&c, STR("\n\r\nFrom joe Thu Apr 27 12:05:41 2006\n"
                         "Subject : one\n two\r\n\tthree\n"
                         "no field at all\n"
                         " continuation of nothing\n"
                         "X-Empty:\n"
                         "Nul: a\0b\n"
                         "X-Blank:\n \n last\n"
                         "\n"
                         "Body: no\n"));
    assert_true(header_next(&c, &f));
    assert_str(f.name, "Subject");
    assert_str(f.raw, " one\n two\r\n\tthree");
    assert_int_equal(f.line, 4);
    assert_true(header_next(&c, &f));
    assert_str(f.name, "X-Empty");
    assert_str(f.raw, "");
    assert_int_equal(f.line, 9);
    assert_true(header_next(&c, &f));
    assert_str(f.raw, " a\0b");
    assert_true(header_next(&c, &f));
    assert_str(f.name, "X-Blank");
    assert_str(f.raw, "\n \n last");
    assert_false(header_next(&c, &f));
    assert_false(header_next(&c, &f)); /* and stays at the end */
}

static void test_field_names(void **state)
{
    (void)state;
    struct str name;
    char longest[HEADER_NAME_MAX + 3];
    memset(longest, 'x', sizeof longest);
    assert_true(header_is_field(STR("A:"), &name));
    assert_str(name, "A");
    assert_true(header_is_field(STR("A \t: b"), &name));
    assert_str(name, "A");
    assert_false(header_is_field(STR(""), NULL));
    assert_false(header_is_field(STR(":"), NULL));
    assert_false(header_is_field(STR("A b: c"), NULL));
    assert_false(header_is_field(STR("A\0: c"), NULL));
    assert_false(header_is_field(STR("\xc3\xa4: c"), NULL));
    assert_false(header_is_field(STR(" A: c"), NULL));
    longest[HEADER_NAME_MAX] = ':';
    assert_true(header_is_field(str_make(longest, HEADER_NAME_MAX + 1), NULL));
    longest[HEADER_NAME_MAX] = 'x';
    longest[HEADER_NAME_MAX + 1] = ':';
    assert_false(header_is_field(str_make(longest, HEADER_NAME_MAX + 2), NULL));
}

static void test_body(void **state)
{
    (void)state;
    assert_str(header_body(STR("A: b\n\nbody\n\nmore")), "body\n\nmore");
    assert_str(header_body(STR("A: b\r\n\r\nbody")), "body");
    assert_str(header_body(STR("\nA: b\n\nbody")), "body");
    assert_str(header_body(STR("A: b\n")), "");
    assert_str(header_body(STR("A: b\n \n c")), ""); /* a blank goes on */
    assert_str(header_body(STR("")), "");
}

static void test_get(void **state)
{
    (void)state;
    static const struct str block = STR_INIT("A: 1\nSUBJECT: first\n  and\n\tmore  \n"
                                             "Subject: second\nX-Empty: \n\nIn-Body: x\n");
    struct buf b;
    buf_init(&b, 100);
    assert_true(header_get(block, STR("subject"), &b));
    assert_str(buf_str(&b), "first and more");
    assert_true(header_get(block, STR("x-empty"), &b));
    assert_str(buf_str(&b), "");
    assert_false(header_get(block, STR("in-body"), &b));
    assert_false(header_get(block, STR("subj"), &b));
    assert_str(buf_str(&b), "");
    buf_fini(&b);
}

static void test_unfold_limits(void **state)
{
    (void)state;
    size_t n = 2 * HEADER_FIELD_MAX;
    char *raw = malloc(n);
    struct buf b;
    assert_non_null(raw);
    memset(raw, 'x', n);
    buf_init(&b, 4 * n);
    header_unfold(str_make(raw, n), &b);
    assert_int_equal(b.n, HEADER_FIELD_MAX);
    for (size_t i = 0; i + 1 < n; i += 2)
        memcpy(raw + i, "\nx", 2);
    buf_reset(&b);
    header_unfold(str_make(raw, n), &b);
    assert_int_equal(b.n, HEADER_FIELD_MAX - 1); /* no blank at the end */
    assert_false(buf_bad(&b));
    buf_fini(&b);
    buf_init(&b, 10);
    header_unfold(str_make(raw, n), &b);
    assert_true(buf_bad(&b));
    buf_fini(&b);
    free(raw);
}

static void test_address(void **state)
{
    (void)state;
    static const struct { const char *value, *address; } rows[] = {
        { "Bob <bob@barfoo.example>", "bob@barfoo.example" },
        { "<bob@barfoo.example>", "bob@barfoo.example" },
        { "bob@barfoo.example", "bob@barfoo.example" },
        { "bob@barfoo.example (Bob)", "bob@barfoo.example" },
        { "bob@barfoo.example, joe@x.example", "bob@barfoo.example" },
        { "\"<fake@x.example>\" <bob@barfoo.example>", "bob@barfoo.example" },
        { "\"a \\\" <fake@x.example>\" <bob@barfoo.example>", "bob@barfoo.example" },
        { "\"never closed <bob@barfoo.example>", "bob@barfoo.example" },
        { "<>", "" },
        { "nobody", "" },
        { "", "" },
        { "<bob@barfoo.example", "bob@barfoo.example" },
        { "<\"a b\"@x.example>", "\"a b\"@x.example" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str got = header_address(str_c(rows[i].value));
        if (!str_eq(got, str_c(rows[i].address)))
            fail_msg("%s: got %.*s", rows[i].value, STR_ARG(got));
    }
}

/* ---- dates ---- */

static void test_dates(void **state)
{
    (void)state;
    static const struct { const char *text; int64_t utc; int32_t offset; } rows[] = {
        /* RFC 5322 */
        { "Thu, 27 Apr 2006 12:05:41 -0400", T0, -14400 },
        { "Thu, 27 Apr 2006 12:05:41 -0400 (EDT)", T0, -14400 },
        { " Thu,  27 Apr 2006 17:05:41 +0100 ", T0, 3600 },
        { "27 Apr 2006 16:05:41 -0000", T0, 0 },
        { "27 Apr 2006 16:05 +0000", T0 - 41, 0 },
        { "Thu,27 Apr 2006 16:05:41 +0000", T0, 0 },
        { "Thu, 27 Apr 2006 21:35:41 +0530", T0, 19800 },
        { "Thu, 27 Apr 2006 16:05:60 +0000", T0 + 19, 0 },
        { "Fri, 14 Feb 2025 15:12:33 +0000", 1739545953, 0 },
        { "Tue, 29 Feb 2000 00:00:00 +0000", 951782400, 0 },
        { "thu, 27 apr 2006 16:05:41 gmt", T0, 0 },
        { "(a comment (nested)) Thu, 27 Apr 2006 (here) 16:05:41 +0000", T0, 0 },
        /* obsolete */
        { "Thu, 27 Apr 06 12:05:41 EDT", T0, -14400 },
        { "Thu, 27 Apr 106 12:05:41 EDT", T0, -14400 }, /* 1900 + 106, a known mistake */
        { "27 Apr 99 12:00:00 GMT", 925214400, 0 },
        { "Thu, 27 Apr 2006 16:05:41 UT", T0, 0 },
        { "Thu, 27 Apr 2006 16:05:41 Z", T0, 0 },
        { "Thu, 27 Apr 2006 11:05:41 EST", T0, -18000 },
        { "Thu, 27 Apr 2006 10:05:41 CST", T0, -21600 },
        { "Thu, 27 Apr 2006 11:05:41 CDT", T0, -18000 },
        { "Thu, 27 Apr 2006 09:05:41 MST", T0, -25200 },
        { "Thu, 27 Apr 2006 10:05:41 MDT", T0, -21600 },
        { "Thu, 27 Apr 2006 08:05:41 PST", T0, -28800 },
        { "Thu, 27 Apr 2006 09:05:41 PDT", T0, -25200 },
        /* others */
        { "Thu, 27 Apr 2006 18:05:41 CEST", T0, 7200 },
        { "Thu, 27 Apr 2006 18:05:41 +0200 CEST", T0, 7200 }, /* the number counts */
        { "Thu Apr 27 12:05:41 EDT 2006", T0, -14400 },
        { "Thu Apr 27 12:05:41 2006 -0400", T0, -14400 },
        { "Apr 27, 2006 12:05:41 -0400", T0, -14400 },
        { "Thursday, 27 April 2006 12:05:41 -0400", T0, -14400 },
        { "27-Apr-2006 12:05:41 -0400", T0, -14400 },
        { "Thu, 27-Apr-06 16:05:41 GMT", T0, 0 },
        { "Thu, 27 Apr 2006 17:05:41 GMT+0100", T0, 3600 },
        { "Thu, 27 Apr 2006 17:05:41 +01:00", T0, 3600 },
        { "Thu, 27 Apr 2006 17:05:41 +01", T0, 3600 },
        { "Thu, 27 Apr 2006 16:05:41.250 +0000", T0, 0 },
        { "2006-04-27T16:05:41Z", T0, 0 },
        { "2006-04-27T12:05:41-04:00", T0, -14400 },
        { "2006-04-27T12:05:41.123456-04:00", T0, -14400 },
        { "2006-04-27 12:05:41 -0400", T0, -14400 },
        { "Thu, 27 Apr 2006 16:5:41 +0000", -1, 0 },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t utc = -1;
        int32_t offset = 0;
        int rc = header_date(str_c(rows[i].text), &utc, &offset);
        if (rc != (rows[i].utc < 0 ? -1 : 0) || utc != rows[i].utc || offset != rows[i].offset)
            fail_msg("%s: %d %lld %d", rows[i].text, rc, (long long)utc, offset);
    }
}

static void test_no_dates(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", " ", "now", "Thu, 27 Apr 2006", "Thu, 27 Apr 2006 12:05:41", "12:05:41 -0400",
        "Thu, 31 Apr 2006 12:05:41 -0400", "Wed, 29 Feb 2006 12:05:41 -0400",
        "Thu, 27 Apr 2006 24:05:41 -0400", "Thu, 27 Apr 2006 12:60:41 -0400",
        "Thu, 27 Apr 2006 12:05:61 -0400", "Thu, 0 Apr 2006 12:05:41 -0400",
        "Thu, 27 Foo 2006 12:05:41 -0400", "Thu, 27 Apr 1969 12:05:41 -0400",
        "Thu, 27 Apr 20066 12:05:41 -0400", "Thu, 27 Apr 2006 12:05:41 -04000",
        "Thu, 27 Apr 2006 12:05:41 -2500", "Thu, 27 Apr 2006 12:05:41 IST",
        "Thu, 27 Apr 2006 12:05:41 XYZ", "Thu, 27 Apr 2006 12:05:41 -0400 garbage",
        "Thu, 27 27 Apr 2006 12:05:41 -0400", "27 Apr 2006 2006 12:05:41 -0400",
        "Thu, 27 Apr 2006 12:05:41 12:05:41 -0400", "-Apr-2006 12:05:41 -0400", "2006-04-27T",
        "2006-13-27T16:05:41Z", "99999999999999999999 Apr 2006 12:05:41 -0400",
        "Thu, 27 Apr 2006 12:05:41 - 0400", "a b c d e f g h i j k l m n o p q r s t",
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t utc;
        int32_t offset;
        if (header_date(str_c(rows[i]), &utc, &offset) == 0)
            fail_msg("%s was taken for a date", rows[i]);
    }
}

/* ---- encoded words ---- */

static void test_decode(void **state)
{
    (void)state;
    static const struct { struct str raw, text; } rows[] = {
        { STR_INIT("plain"), STR_INIT("plain") },
        { STR_INIT(""), STR_INIT("") },
        { STR_INIT("=?utf-8?q?Buy_Me=21?="), STR_INIT("Buy Me!") },
        { STR_INIT("=?UTF-8?B?QnV5IE1lIQ==?="), STR_INIT("Buy Me!") },
        { STR_INIT("=?utf-8?B?QnV5IE1lIQ?="), STR_INIT("Buy Me!") },
        { STR_INIT("a =?utf-8?q?b?= c"), STR_INIT("a b c") },
        { STR_INIT("=?utf-8?q?a?= =?utf-8?q?b?="), STR_INIT("ab") },
        { STR_INIT("=?utf-8?q?a?=  \t =?utf-8?b?Yg==?= c"), STR_INIT("ab c") },
        { STR_INIT("=?utf-8?q?=C3?= =?utf-8?q?=A4?="), STR_INIT("\xc3\xa4") },
        { STR_INIT("=?iso-8859-1?q?J=F6rg?="), STR_INIT("J\xc3\xb6rg") },
        { STR_INIT("=?windows-1252?q?=80_=93x=94?="),
          STR_INIT("\xe2\x82\xac \xe2\x80\x9cx\xe2\x80\x9d") },
        { STR_INIT("=?us-ascii*en?q?hi?="), STR_INIT("hi") },
        { STR_INIT("=?utf-8?Q?two words?="), STR_INIT("two words") }, /* wrong, and common */
        { STR_INIT("=?utf-8?q?a=zz?="), STR_INIT("a=zz") },
        { STR_INIT("=?utf-8?q?a=4?="), STR_INIT("a=4") },
        { STR_INIT("=?utf-8?q?=00?="), STR_INIT("\0") },
        /* stay as they are */
        { STR_INIT("=?koi8-r?b?8A==?="), STR_INIT("=?koi8-r?b?8A==?=") },
        { STR_INIT("=?utf-8?x?a?="), STR_INIT("=?utf-8?x?a?=") },
        { STR_INIT("=?utf-8?q?never"), STR_INIT("=?utf-8?q?never") },
        { STR_INIT("=?=?=?"), STR_INIT("=?=?=?") },
        { STR_INIT("a =? b"), STR_INIT("a =? b") },
        { STR_INIT("x  y "), STR_INIT("x  y ") },
    };
    struct buf b;
    buf_init(&b, 1000);
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf_reset(&b);
        header_decode(rows[i].raw, &b);
        if (!str_eq(buf_str(&b), rows[i].text))
            fail_msg("%s: got %s", rows[i].raw.p, buf_c(&b));
    }
    buf_fini(&b);
}

/* ---- Received ---- */

struct row {
    const char *value;
    const char *from, *helo, *host, *ip, *ident, *by, *by_ip, *with, *id, *envelope_from,
        *recipient, *exim_version;
    int64_t when; /* 0: none */
    bool ambiguous;
};

#define DATE "; Thu, 27 Apr 2006 12:05:41 -0400"

static const struct row rows[] = {
    /* Exim, all ages */
    { .value = "from [203.0.113.25] (helo=barfoo.example) by mx.foobar.example with esmtps "
               "(TLSv1:AES256-SHA:256) (Exim 4.52) id 1FZ8z3-0006M4-Do "
               "for fred@foobar.example" DATE,
      .from = "[203.0.113.25]", .helo = "barfoo.example", .ip = "203.0.113.25",
      .by = "mx.foobar.example", .with = "esmtps", .id = "1FZ8z3-0006M4-Do",
      .recipient = "fred@foobar.example", .exim_version = "4.52", .when = T0 },
    { .value = "from forums by barfoo.example with local (Exim 4.43) id 1FZ8zt-0005lz-E7 "
               "for fred@foobar.example" DATE,
      .from = "forums", .by = "barfoo.example", .with = "local", .id = "1FZ8zt-0005lz-E7",
      .recipient = "fred@foobar.example", .exim_version = "4.43", .when = T0 },
    { .value = "from nobody by barfoo.example with local (Exim 4.96) (envelope-from "
               "<nobody@barfoo.example>) id 1xVSGX-0005a5-2C for fred@foobar.example; "
               "Mon, 23 Nov 2026 11:31:21 +0000",
      .from = "nobody", .by = "barfoo.example", .with = "local", .id = "1xVSGX-0005a5-2C",
      .envelope_from = "nobody@barfoo.example", .recipient = "fred@foobar.example",
      .exim_version = "4.96", .when = 1795433481 },
    { .value = "from host.example ([192.0.2.1]:4321 helo=foo.example ident=joe) by mx.example with "
               "esmtpsa  (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.97.1) (envelope-from <>) id "
               "1tixMn-00000000C5j-1wRa for x@y.example; Fri, 14 Feb 2025 15:12:33 +0000",
      .from = "host.example", .helo = "foo.example", .host = "host.example", .ip = "192.0.2.1",
      .ident = "joe", .by = "mx.example", .with = "esmtpsa", .id = "1tixMn-00000000C5j-1wRa",
      .recipient = "x@y.example", .exim_version = "4.97.1", .when = 1739545953 },
    { .value = "from host.example ([192.0.2.1]) by mx.example with esmtp "
               "(Exim 4.94.2-3 #2 (Debian)) id 1FZ8zt-0005lz-E7" DATE,
      .from = "host.example", .host = "host.example", .ip = "192.0.2.1", .by = "mx.example",
      .with = "esmtp", .id = "1FZ8zt-0005lz-E7", .exim_version = "4.94.2-3", .when = T0 },
    { .value = "from [2001:db8::1] (port=3614 helo=[IPv6:2001:db8::2]) by mx.example with esmtp "
               "(Exim 4.80) id 1FZ8zt-0005lz-E7" DATE,
      .from = "[2001:db8::1]", .helo = "[IPv6:2001:db8::2]", .ip = "2001:db8::1",
      .by = "mx.example", .with = "esmtp", .id = "1FZ8zt-0005lz-E7", .exim_version = "4.80",
      .when = T0 },
    { .value = "from localhost ([127.0.0.1] helo=webmail.barfoo.example) by barfoo.example with "
               "esmtpa (Exim 4.96) id 1FZ8zt-0005lz-E7" DATE,
      .from = "localhost", .helo = "webmail.barfoo.example", .host = "localhost",
      .ip = "127.0.0.1", .by = "barfoo.example", .with = "esmtpa", .id = "1FZ8zt-0005lz-E7",
      .exim_version = "4.96", .when = T0 },
    /* Postfix */
    { .value = "from helo.example (rdns.example [192.0.2.7]) (using TLSv1.3 with cipher X (256/256 "
               "bits)) (No client certificate requested) by mx.example (Postfix) with ESMTPS "
               "id 4ABC for <u@v.example>; Thu, 27 Apr 2006 16:05:41 +0000 (UTC)",
      .from = "helo.example", .helo = "helo.example", .host = "rdns.example", .ip = "192.0.2.7",
      .by = "mx.example", .with = "ESMTPS", .id = "4ABC", .recipient = "u@v.example", .when = T0 },
    { .value = "from [203.0.113.25] (unknown [IPv6:2001:db8::7]) by mx.example (Postfix) with "
               "ESMTP id 4ABC" DATE, /* the literal is what the client claims */
      .from = "[203.0.113.25]", .helo = "[203.0.113.25]", .ip = "2001:db8::7", .by = "mx.example",
      .with = "ESMTP", .id = "4ABC", .when = T0 },
    { .value = "by mx.example (Postfix, from userid 33) id 4ABC" DATE, .by = "mx.example",
      .id = "4ABC", .when = T0 },
    /* sendmail */
    { .value = "from helo.example (rdns.example. [192.0.2.7] (may be forged)) by mx.example "
               "(8.17.1/8.17.1) with ESMTP id k3RG5fXX012345 for <u@v.example>" DATE,
      .from = "helo.example", .helo = "helo.example", .host = "rdns.example", .ip = "192.0.2.7",
      .by = "mx.example", .with = "ESMTP", .id = "k3RG5fXX012345", .recipient = "u@v.example",
      .when = T0 },
    { .value = "from helo.example ([192.0.2.7]) by mx.example (8.12.1/8.12.1) with SMTP "
               "id k3R" DATE,
      .from = "helo.example", .helo = "helo.example", .ip = "192.0.2.7", .by = "mx.example",
      .with = "SMTP", .id = "k3R", .when = T0 },
    /* Exchange */
    { .value = "from A.prod.example (2001:db8:a03::13) by B.prod.example (2001:db8:a03::14) with "
               "Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.20.6999.21 via Frontend "
               "Transport" DATE,
      .from = "A.prod.example", .helo = "A.prod.example", .ip = "2001:db8:a03::13",
      .by = "B.prod.example", .by_ip = "2001:db8:a03::14", .with = "Microsoft SMTP Server",
      .id = "15.20.6999.21", .when = T0 },
    { .value = "from A.example ([10.0.0.1]) by B.example ([10.0.0.2]) with mapi id 14.03.0123" DATE,
      .from = "A.example", .helo = "A.example", .ip = "10.0.0.1", .by = "B.example",
      .by_ip = "10.0.0.2", .with = "mapi", .id = "14.03.0123", .when = T0 },
    { .value = "from mail pickup service by B.example with Microsoft SMTPSVC" DATE, .from = "mail",
      .by = "B.example", .with = "Microsoft SMTPSVC", .when = T0 },
    /* Gmail */
    { .value = "from helo.example (rdns.example. [192.0.2.7]) by mx.google.example with ESMTPS id "
               "d2-20020a1si.2026 for <u@v.example> (version=TLS1_3 cipher=X bits=256/256); "
               "Thu, 27 Apr 2006 09:05:41 -0700 (PDT)",
      .from = "helo.example", .helo = "helo.example", .host = "rdns.example", .ip = "192.0.2.7",
      .by = "mx.google.example", .with = "ESMTPS", .id = "d2-20020a1si.2026",
      .recipient = "u@v.example", .when = T0 },
    { .value = "by 2001:db8:6a10:1234:b0:0:0:1 with SMTP id abc123csp456; "
               "Thu, 27 Apr 2006 09:05:41 -0700 (PDT)",
      .by = "2001:db8:6a10:1234:b0:0:0:1", .by_ip = "2001:db8:6a10:1234:b0:0:0:1", .with = "SMTP",
      .id = "abc123csp456", .when = T0 },
    /* qmail, Yahoo, others */
    { .value = "from unknown (HELO helo.example) (joe@192.0.2.7) by mx.example with SMTP; "
               "27 Apr 2006 16:05:41 -0000",
      .from = "unknown", .helo = "helo.example", .ip = "192.0.2.7", .ident = "joe",
      .by = "mx.example", .with = "SMTP", .when = T0 },
    { .value = "from rdns.example (HELO helo.example) ([192.0.2.7]) "
               "(envelope-sender <a@b.example>) by mx.example (qmail-ldap-1.03) with SMTP "
               "for <u@v.example>; 27 Apr 2006 16:05:41 -0000",
      .from = "rdns.example", .helo = "helo.example", .host = "rdns.example", .ip = "192.0.2.7",
      .by = "mx.example", .with = "SMTP", .envelope_from = "a@b.example",
      .recipient = "u@v.example", .when = T0 },
    { .value = "from 127.0.0.1 (EHLO helo.example) (192.0.2.7) by mta.yahoo.example with SMTPS; "
               "Thu, 27 Apr 2006 16:05:41 +0000",
      .from = "127.0.0.1", .helo = "helo.example", .ip = "192.0.2.7", .by = "mta.yahoo.example",
      .with = "SMTPS", .when = T0 },
    { .value = "from (HELO x.example) by mx.example with SMTP; 27 Apr 2006 16:05:41 -0000",
      .helo = "x.example", .by = "mx.example", .with = "SMTP", .when = T0 },
    { .value = "from [192.0.2.7] by web1.example via HTTP" DATE, .from = "[192.0.2.7]",
      .ip = "192.0.2.7", .by = "web1.example", .when = T0 },
    { .value = "from a.example [192.0.2.7] by mx.example [192.0.2.8] with smtp" DATE,
      .from = "a.example", .helo = "a.example", .ip = "192.0.2.7", .by = "mx.example",
      .by_ip = "192.0.2.8", .with = "smtp", .when = T0 },
    /* what clients do to it */
    { .value = "from [192.0.2.1] (helo=x [203.0.113.9]) by h.example with esmtp (Exim 4.96) id "
               "1FZ8zt-0005lz-E7" DATE,
      .from = "[192.0.2.1]", .helo = "x", .ip = "192.0.2.1", .by = "h.example", .with = "esmtp",
      .id = "1FZ8zt-0005lz-E7", .exim_version = "4.96", .when = T0 },
    { .value = "from [192.0.2.1] (helo=(a=b)) by h.example with esmtp (Exim 4.96) id "
               "1FZ8zt-0005lz-E7" DATE,
      .from = "[192.0.2.1]", .helo = "(a=b)", .ip = "192.0.2.1", .by = "h.example",
      .with = "esmtp", .id = "1FZ8zt-0005lz-E7", .exim_version = "4.96", .when = T0 },
    { .value = "from [192.0.2.1] (helo=x) by forged.example with local id 1FZ000-000aaa-AA y) by "
               "h.example with esmtp (Exim 4.96) id 1FZ8zt-0005lz-E7" DATE,
      .from = "[192.0.2.1]", .helo = "x", .ip = "192.0.2.1", .by = "forged.example",
      .with = "local", .id = "1FZ000-000aaa-AA", .exim_version = "4.96", .when = T0,
      .ambiguous = true },
    { .value = "from [192.0.2.1] (helo=open( by h.example with esmtp (Exim 4.96) id "
               "1FZ8zt-0005lz-E7" DATE, /* the parentheses do not balance */
      .from = "[192.0.2.1]", .helo = "open(", .ip = "192.0.2.1", .id = "1FZ8zt-0005lz-E7",
      .when = T0 },
    { .value = "from h by b with esmtp id 1FZ8zt-0005lz-E7 for "
               "\"x; id 1FZ000-000aaa-AA\"@y.example" DATE,
      .from = "h", .by = "b", .with = "esmtp", .id = "1FZ8zt-0005lz-E7",
      .recipient = "\"x; id 1FZ000-000aaa-AA\"@y.example", .when = T0 },
    { .value = "from h by b with esmtp id 1FZ8zt-0005lz-E7 for \"never closed" DATE, .from = "h",
      .by = "b", .with = "esmtp", .id = "1FZ8zt-0005lz-E7", .recipient = "\"never", .when = T0 },
    { .value = "from by by by with with", .from = "by", .by = "by", .with = "with" },
    { .value = "from a (((((((((((deep))))))))))) by b id c", .from = "a", .by = "b", .id = "c" },
    /* cut by a paste */
    { .value = "from forums by barfoo.example with local (Exim 4.43) id", .from = "forums",
      .by = "barfoo.example", .with = "local", .exim_version = "4.43" },
    { .value = "from forums by barfoo.exam", .from = "forums", .by = "barfoo.exam" },
    { .value = "id 1FZ8zt-0005lz-E7", .id = "1FZ8zt-0005lz-E7" },
    { .value = "from x by y id <20060427@z>; yesterday", .from = "x", .by = "y",
      .id = "20060427@z" },
};

static void field_check(const struct row *row, const char *what, struct str got, const char *want)
{
    if (!str_eq(got, str_c(want)))
        fail_msg("%s\n%s is \"%.*s\", not \"%s\"", row->value, what, STR_ARG(got),
                 want == NULL ? "" : want);
}

static void received_check(const struct row *row)
{
    struct header_received r;
    assert_int_equal(header_received(str_c(row->value), &r), 0);
    field_check(row, "from", r.from, row->from);
    field_check(row, "helo", r.helo, row->helo);
    field_check(row, "host", r.host, row->host);
    field_check(row, "ip", r.ip, row->ip);
    field_check(row, "ident", r.ident, row->ident);
    field_check(row, "by", r.by, row->by);
    field_check(row, "by_ip", r.by_ip, row->by_ip);
    field_check(row, "with", r.with, row->with);
    field_check(row, "id", r.id, row->id);
    field_check(row, "envelope_from", r.envelope_from, row->envelope_from);
    field_check(row, "recipient", r.recipient, row->recipient);
    field_check(row, "exim_version", r.exim_version, row->exim_version);
    if (r.exim != (row->exim_version != NULL) || r.ambiguous != row->ambiguous ||
        r.has_date != (row->when != 0) || (r.has_date && r.when != row->when))
        fail_msg("%s\nexim %d ambiguous %d date %d %lld", row->value, r.exim, r.ambiguous,
                 r.has_date, (long long)r.when);
}

static void test_received(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        received_check(&rows[i]);
}

static void test_not_received(void **state)
{
    (void)state;
    struct header_received r;
    assert_int_equal(header_received(STR(""), &r), -1);
    assert_str(r.by, "");
    assert_int_equal(header_received(STR(";"), &r), -1);
    assert_int_equal(header_received(STR("(((("), &r), -1);
    assert_int_equal(header_received(STR("\0\xff"), &r), -1);
    assert_int_equal(
        header_received(STR("(qmail 1 invoked by uid 48); 27 Apr 2006 16:05:41 -0000"), &r), -1);
    assert_true(r.has_date); /* no hop, but its time can be used */
    assert_int_equal(r.when, T0);
}

/* A field of the greatest length made of nothing but trouble takes no time to speak of. */
static void test_received_linear(void **state)
{
    (void)state;
    static const char *const trouble[] = { "(",   "\"", "<",  "<a ",  "\"a ",
                                           "(a ", "[",  "\\", ") (", "from " };
    char *value = malloc(HEADER_FIELD_MAX);
    assert_non_null(value);
    for (size_t i = 0; i < ROWS(trouble); i++) {
        size_t n = strlen(trouble[i]);
        for (size_t at = 0; at < HEADER_FIELD_MAX; at++)
            value[at] = trouble[i][at % n];
        struct header_received r;
        for (int k = 0; k < 20; k++) /* 20 times some seconds each if it were quadratic */
            header_received(str_make(value, HEADER_FIELD_MAX), &r);
    }
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),        cmocka_unit_test(test_field_names),
        cmocka_unit_test(test_body),          cmocka_unit_test(test_get),
        cmocka_unit_test(test_unfold_limits), cmocka_unit_test(test_address),
        cmocka_unit_test(test_dates),         cmocka_unit_test(test_no_dates),
        cmocka_unit_test(test_decode),        cmocka_unit_test(test_received),
        cmocka_unit_test(test_not_received),  cmocka_unit_test(test_received_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
