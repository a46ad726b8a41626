/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logline - the prefix of a line in every form, and which class a text is
 *
 * The same texts are tried behind every kind of prefix, because a line that is
 * classed rightly in Exim's own file and wrongly in syslog is found by nobody.
 */
#include "mail/logline.h"

#include "base/clock.h"

#include "logline_case.h"

#define OLD_ID "1FZ8zt-0005lz-E7"
#define NEW_ID "1tixMn-00000000C5j-1wRa"
#define NO_OFFSET LOGLINE_NO_OFFSET

/* 2025-02-14 18:12:33 as though UTC. */
#define STAMPED INT64_C(1739556753)

static const struct prefix_row {
    const char *raw;
    bool has_date;
    int64_t stamped;
    uint32_t usec;
    int32_t offset;
    uint64_t pid;
    const char *id, *text;
} prefixes[] = {
    { "2025-02-14 18:12:33 x y", true, STAMPED, 0, NO_OFFSET, 0, NULL, "x y" },
    { "2025-02-14 18:12:33.461 x", true, STAMPED, 461000, NO_OFFSET, 0, NULL, "x" },
    { "2025-02-14 18:12:33 +0300 x", true, STAMPED, 0, 10800, 0, NULL, "x" },
    { "2025-02-14 18:12:33.461 -0330 [46483] x", true, STAMPED, 461000, -12600, 46483, NULL, "x" },
    { "2025-02-14 18:12:33 [46483] " OLD_ID " x", true, STAMPED, 0, NO_OFFSET, 46483, OLD_ID, "x" },
    { "2025-02-14 18:12:33 " NEW_ID " x", true, STAMPED, 0, NO_OFFSET, 0, NEW_ID, "x" },
    { "2025-02-14 18:12:33 " OLD_ID, true, STAMPED, 0, NO_OFFSET, 0, OLD_ID, NULL },
    { "2025-02-14 18:12:33 " OLD_ID "x y", true, STAMPED, 0, NO_OFFSET, 0, NULL, OLD_ID "x y" },
    { "2025-02-14 18:12:33", true, STAMPED, 0, NO_OFFSET, 0, NULL, NULL },
    { "2025-02-14 18:12:33 ", true, STAMPED, 0, NO_OFFSET, 0, NULL, NULL },
    { "2025-02-14 18:12:60 x", true, STAMPED + 27, 0, NO_OFFSET, 0, NULL, "x" },
    /* what only looks like a zone or a pid is text */
    { "2025-02-14 18:12:33 +3 x", true, STAMPED, 0, NO_OFFSET, 0, NULL, "+3 x" },
    { "2025-02-14 18:12:33 +9999 x", true, STAMPED, 0, NO_OFFSET, 0, NULL, "+9999 x" },
    { "2025-02-14 18:12:33 [192.0.2.1] x", true, STAMPED, 0, NO_OFFSET, 0, NULL, "[192.0.2.1] x" },
    { "2025-02-14 18:12:33 [123456789012] x", true, STAMPED, 0, NO_OFFSET, 0, NULL,
      "[123456789012] x" },
    { "2025-02-14 18:12:33 [12]x", true, STAMPED, 0, NO_OFFSET, 0, NULL, "[12]x" },
    /* syslog: the new date, the old one, with and without Exim's own stamp */
    { "2025-02-14T18:12:33.461234+03:00 mx exim[46483]: " NEW_ID " x", true, STAMPED, 461234, 10800,
      46483, NEW_ID, "x" },
    { "2025-02-14T18:12:33Z mx exim4[7]: no host name found for IP address 192.0.2.1", true,
      STAMPED, 0, 0, 7, NULL, "no host name found for IP address 192.0.2.1" },
    { "2025-02-14T18:12:33+0300 mx exim[1]: x", true, STAMPED, 0, 10800, 1, NULL, "x" },
    { "Feb 14 18:12:33 mx exim[46483]: 2025-02-14 18:12:33.461 [46483] " NEW_ID " x", true, STAMPED,
      461000, NO_OFFSET, 46483, NEW_ID, "x" },
    { "2025-02-14T18:12:34+03:00 mx exim[1]: 2025-02-14 18:12:33 x", true, STAMPED, 0, 10800, 1,
      NULL, "x" },
    /* Exim in UTC, syslog is not: its zone says nothing of Exim's */
    { "2025-02-14T21:12:33+03:00 mx exim[1]: 2025-02-14 18:12:33 x", true, STAMPED, 0, NO_OFFSET, 1,
      NULL, "x" },
    { "2025-02-14T21:12:33+03:00 mx exim[1]: 2025-02-14 18:12:33 +0000 x", true, STAMPED, 0, 0, 1,
      NULL, "x" },
    { "<22>Feb 14 18:12:33 mx mta: 2025-02-14 18:12:33 [9] x", true, STAMPED, 0, NO_OFFSET, 9, NULL,
      "x" },
    { "Feb 14 18:12:33 mx mta[5]: [1/2] 2025-02-14 18:12:33 x", true, STAMPED, 0, NO_OFFSET, 5,
      NULL, "x" },
    /* no year anywhere: seconds into a leap year; January has 31 days */
    { "Feb 14 18:12:33 mx exim[5]: " OLD_ID " x", false, 44 * 86400 + 65553, 0, NO_OFFSET, 5,
      OLD_ID, "x" },
    { "Feb  4 18:12:33 mx exim: x", false, 34 * 86400 + 65553, 0, NO_OFFSET, 0, NULL, "x" },
    { "Dec 31 23:59:59 mx exim: x", false, 366 * 86400 - 1, 0, NO_OFFSET, 0, NULL, "x" },
    /* any program, if the text is Exim's */
    { "Feb 14 18:12:33 mx relay[5]: cwd=/ 1 args: exim", false, 44 * 86400 + 65553, 0, NO_OFFSET, 5,
      NULL, "cwd=/ 1 args: exim" },
};

static void test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(prefixes); i++) {
        const struct prefix_row *r = &prefixes[i];
        struct held h = case_raw(str_c(r->raw), NULL);
        print_message("%s\n", r->raw);
        assert_int_equal(h.rc, 0);
        assert_int_equal(h.line.has_date, r->has_date);
        assert_int_equal(h.line.stamped, r->stamped);
        assert_int_equal(h.line.usec, r->usec);
        assert_int_equal(h.line.offset, r->offset);
        assert_int_equal(h.line.pid, r->pid);
        case_field(h.line.id, r->id, "id");
        case_field(h.line.text, r->text, "text");
        case_field(h.line.raw, r->raw, "raw");
        case_free(&h);
    }
}

static void test_no_line(void **state)
{
    static const char *const rows[] = {
        "", "x", "2025", "2025-02-14", "2025-02-14 18:12", "2025-02-14 18:12:3",
        "2025-02-30 18:12:33 x", "2025-13-01 18:12:33 x", "2025-02-14 24:12:33 x",
        "2025-02-14 18:60:33 x", "2025-02-14 18:12:61 x", "2025-02-14 18:12:33x",
        "2025-02-14 18:12:33.4 x", "2025-02-14T18:12:33 x", "20x5-02-14 18:12:33 x",
        "P Received: from x", "Envelope-from: <x@y>", "  Suggested action: x",
        "Feb 30 18:12:33", "Foo 14 18:12:33 mx exim[1]: x", "Feb 14 18:12:33 mx",
        "Feb 14 18:12:33 mx exim[1] x", "Feb 14 18:12:33 mx exim[x]: y", "Feb 14 18:12:33  exim: y",
        /* other programs' lines */
        "Feb 14 18:12:33 mx postfix/qmgr[1]: 4XYZ12: from=<a@b>, size=1",
        "Feb 14 18:12:33 mx dovecot: imap-login: Login: user=<a>",
        "2025-02-14T18:12:33+03:00 mx sshd[1]: Failed password for root",
        "<22", "<22>", "<x>Feb 14 18:12:33 mx exim: y",
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct logline_hint hint = { .year = 2025, .month = 2 };
        struct held h = case_raw(str_c(rows[i]), &hint);
        print_message("\"%s\"\n", rows[i]);
        assert_int_equal(h.rc, -1);
        case_free(&h);
    }
}

/* The date of the neighbour is used only where it is the same minute. */
static void test_hint_minute(void **state)
{
    static const struct {
        const char *raw;
        int64_t stamped;
    } rows[] = {
        { "2025-02-14 18:12:33 x", STAMPED },      { "2025-02-14 18:12:00 x", STAMPED - 33 },
        { "2025-02-14 18:12:59 x", STAMPED + 26 }, { "2025-02-14 18:13:00 x", STAMPED + 27 },
        { "2025-02-14 18:13:60 x", STAMPED + 87 }, { "2025-02-14 18:13:01 x", STAMPED + 28 },
        { "2024-02-14 18:13:01 x", STAMPED + 28 - 366 * 86400 },
        { "2025-02-14 18:13:01 x", STAMPED + 28 },
    };
    struct logline_hint hint = { .year = 0 };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct held h = case_raw(str_c(rows[i].raw), &hint);
        assert_int_equal(h.rc, 0);
        assert_int_equal(h.line.stamped, rows[i].stamped);
        case_free(&h);
    }
    struct held h = case_raw(STR("2025-02-14 18:13:6x y"), &hint);
    assert_int_equal(h.rc, -1);
    case_free(&h);
    /* A crash leaves NULs, and an unused hint is all NULs. */
    struct logline_hint unused = { .year = 0 };
    h = case_raw(STR("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0:00 x"), &unused);
    assert_int_equal(h.rc, -1);
    case_free(&h);
}

static int64_t day(int year, int month, int d)
{
    struct civil c = { year, month, d, 0, 0, 0 };
    return clock_from_civil(&c);
}

/* A syslog date has no year: it comes from the lines before, and turns with January. */
static void test_hint_year(void **state)
{
    static const struct {
        const char *raw;
        bool has_date;
        int year, month, day;
    } rows[] = {
        { "Dec 30 00:00:00 mx exim: x", false, 0, 0, 0 },
        { "Dec 30 00:00:00 mx exim: 2024-12-30 00:00:00 x", true, 2024, 12, 30 },
        { "Dec 31 00:00:00 mx exim: x", true, 2024, 12, 31 },
        { "Jan  1 00:00:00 mx exim: x", true, 2025, 1, 1 },
        { "Dec 31 00:00:00 mx exim: x", true, 2024, 12, 31 }, /* came late */
        { "Jan  1 00:00:00 mx exim: x", true, 2025, 1, 1 },
        { "Feb 28 00:00:00 mx exim: x", true, 2025, 2, 28 },
        { "Feb 29 00:00:00 mx exim: x", false, 0, 0, 0 },     /* 2025 has none */
        { "2028-02-29T00:00:00Z mx exim: x", true, 2028, 2, 29 },
        { "Feb 29 00:00:00 mx exim: x", true, 2028, 2, 29 },
    };
    struct logline_hint hint = { .year = 0 };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct held h = case_raw(str_c(rows[i].raw), &hint);
        print_message("%s\n", rows[i].raw);
        assert_int_equal(h.rc, 0);
        assert_int_equal(h.line.has_date, rows[i].has_date);
        if (rows[i].has_date)
            assert_int_equal(h.line.stamped, day(rows[i].year, rows[i].month, rows[i].day));
        case_free(&h);
    }
    /* A year that the caller knows (the file's) is as good. */
    hint = (struct logline_hint){ .year = 2019, .month = 6 };
    struct held h = case_raw(STR("Jun  7 00:00:00 mx exim: x"), &hint);
    assert_true(h.line.has_date);
    assert_int_equal(h.line.stamped, day(2019, 6, 7));
    case_free(&h);
}

/* Texts behind an id, with the flag that they show. */
static const struct class_row {
    const char *text, *flag;
    enum line_class class;
} with_id[] = {
    { "<= a@b U=u P=local S=1", "<=", LINE_ARRIVAL },
    { "(= a@b U=u P=local S=1", "(=", LINE_ARRIVAL },
    { "=> a@b R=r T=t", "=>", LINE_DELIVERY },
    { "-> a@b R=r T=t", "->", LINE_DELIVERY },
    { ">> a@b R=r T=t", ">>", LINE_DELIVERY },
    { "*> a@b R=r T=t", "*>", LINE_DELIVERY },
    { "=> :blackhole: <a@b> R=r", "=>", LINE_DELIVERY },
    { "** a@b: Unrouteable address", "**", LINE_FAILURE },
    { "== a@b R=r T=t defer (-44): x", "==", LINE_DEFERRAL },
    { "Completed", "", LINE_COMPLETED },
    { "Completed QT=1s", "", LINE_COMPLETED },
    { "Completed x", "", LINE_OTHER },
    { "CompletedX", "", LINE_OTHER },
    { "<=a@b", "", LINE_OTHER },
    { "<=", "", LINE_OTHER },
    { "**** log string overflowed log buffer ****", "", LINE_OTHER },
    { "*** Frozen (delivery error message)", "", LINE_FROZEN },
    { "Frozen (delivery error message)", "", LINE_FROZEN },
    { "frozen by ACL", "", LINE_FROZEN },
    { "Message is frozen", "", LINE_FROZEN },
    { "Unfrozen by errmsg timer", "", LINE_OTHER },
    { "removed by root", "", LINE_CANCELLED },
    { "cancelled by timeout_frozen_after", "", LINE_CANCELLED },
    { "rescind the above message-accept", "", LINE_CANCELLED },
    { "SMTP connection lost after final dot H=(x) [192.0.2.1] P=esmtp", "", LINE_CANCELLED },
    { "SMTP data timeout (message abandoned) on connection from (x) [192.0.2.1] F=<a@b>", "",
      LINE_CANCELLED },
    { "Sender identification U=joe D=x.example S=a@b", "", LINE_CPANEL_SENDER },
    { "SMTP connection identification H=x A=192.0.2.1 P=1 M=x U=joe ID=1 S=a@b B=c", "",
      LINE_CPANEL_CONNECTION },
    { "SMTP connection outbound 1739545953 " OLD_ID " b.example c@d", "", LINE_CPANEL_OUTBOUND },
    { "H=(x) [192.0.2.1] F=<a@b> rejected after DATA: no", "", LINE_REJECTED },
    { "F=<a@b> rejected by non-SMTP ACL: no", "", LINE_REJECTED },
    { "cwd=/tmp 1 args: x", "",
      LINE_OTHER }, /* a process that has a message wrote its line long ago */ { "... -t", "",
      LINE_OTHER },
    { "Spool file is locked (another process is handling this message)", "", LINE_OTHER },
    { "a@b: children all complete", "", LINE_OTHER },
};

static const struct class_row without_id[] = {
    { "<= a@b U=u P=local S=1", "", LINE_OTHER }, /* Exim writes no such line without an id */
    { "Completed", "", LINE_OTHER },
    { "cwd=/tmp 3 args: /usr/sbin/sendmail -t -i", "", LINE_CWD },
    { "cwd= (failed) 3 args: /usr/sbin/sendmail -t -i", "", LINE_CWD },
    { "... -t -i", "", LINE_CWD_MORE },
    { "Start queue run: pid=7", "", LINE_QUEUE_RUN },
    { "End queue run: pid=7 -qff", "", LINE_QUEUE_RUN },
    { "Start 'slow' queue run: pid=7", "", LINE_QUEUE_RUN },
    { "SMTP connection from [192.0.2.1] (TCP/IP connection count = 1)", "", LINE_CONNECT },
    { "SMTP connection from (x) [192.0.2.1] closed by QUIT", "", LINE_CONNECT },
    { "no MAIL in SMTP connection from [192.0.2.1] D=1s C=QUIT", "", LINE_CONNECT },
    { "H=(x) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no", "", LINE_REJECTED },
    { "H=(x) [192.0.2.1] F=<a@b> temporarily rejected RCPT <c@d>: later", "", LINE_REJECTED },
    { "H=[192.0.2.1] rejected connection in \"connect\" ACL: no", "", LINE_REJECTED },
    { "H=(two words) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no", "", LINE_REJECTED },
    { "H=(x) [192.0.2.1] F=<\"a b\"@c> rejected RCPT <c@d>: no", "", LINE_REJECTED },
    { "H=(x) [192.0.2.1] U=two words F=<a@b> rejected RCPT <c@d>: no", "", LINE_REJECTED },
    { " DSH=x [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no", "", LINE_REJECTED },
    { "U=joe F=<a@b> rejected RCPT <c@d>: no", "", LINE_REJECTED },
    { "rejected EHLO from [192.0.2.1]: syntactically invalid argument(s): x", "", LINE_REJECTED },
    { "temporarily rejected EHLO from [192.0.2.1]: x", "", LINE_REJECTED },
    { "H=(x) [192.0.2.1] Warning: mail from a list that rejected RCPT <x>", "", LINE_OTHER },
    { "H=(x) [192.0.2.1] sender verify fail for <a@b>: it was rejected by x", "", LINE_OTHER },
    { "H=(rejected RCPT) [192.0.2.1] incomplete transaction (QUIT) from <a@b>", "", LINE_OTHER },
    { "H=", "", LINE_OTHER },
    { "H=x", "", LINE_OTHER },
    { "H=(", "", LINE_OTHER },
    { "H= rejected x", "", LINE_OTHER },
    { "F=<", "", LINE_OTHER },
    { "login authenticator failed for (x) [192.0.2.1]: 535 Incorrect authentication data "
      "(set_id=a)", "", LINE_AUTH_FAILED },
    { "dovecot_plain authenticator failed for H=(x) [192.0.2.1]: 535 x", "", LINE_AUTH_FAILED },
    { "authenticator failed for (x)", "", LINE_OTHER },
    { "no host name found for IP address 192.0.2.1", "", LINE_OTHER },
    { "SMTP call from [192.0.2.1] dropped: too many nonmail commands (last was \"NOOP\")", "",
      LINE_OTHER },
    { "exim 4.96 daemon started: pid=1, -q30m, listening for SMTP on port 25", "", LINE_OTHER },
    { "", "", LINE_OTHER },
};

static void check_classes(const char *prefix, const struct class_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct held h = case_text(prefix, str_c(rows[i].text), rows[i].class);
        char flag[3] = { h.line.flag[0], h.line.flag[1], '\0' };
        assert_string_equal(flag, rows[i].flag);
        case_field(h.line.text, rows[i].text + (flag[0] == '\0' ? 0 : 3), "text");
        case_free(&h);
    }
}

static void test_classes(void **state)
{
    (void)state;
    check_classes(CASE_PREFIX CASE_ID, with_id, ROWS(with_id));
    check_classes(CASE_PREFIX "[77] " CASE_ID, with_id, ROWS(with_id));
    check_classes(CASE_PREFIX, without_id, ROWS(without_id));
    check_classes("Feb 14 18:12:33 mx exim[5]: ", without_id, ROWS(without_id));
}

/* What stands inside of a subject, a reply or a name is no flag and no end. */
static void test_imitations(void **state)
{
    (void)state;
    struct held h = case_text(CASE_PREFIX CASE_ID,
                              STR("<= a@b U=u P=local S=1 T=\"x => y Completed\""), LINE_ARRIVAL);
    case_free(&h);
    h = case_text(CASE_PREFIX CASE_ID, STR("=> a@b R=r T=t C=\"250 Completed ** <= \""),
                  LINE_DELIVERY);
    case_free(&h);
    h = case_text(CASE_PREFIX,
                  STR("SMTP call from [192.0.2.1] dropped (last was \"" OLD_ID " <= x\")"),
                  LINE_OTHER);
    assert_int_equal(h.line.id.n, 0);
    case_free(&h);
}

static void test_class_names(void **state)
{
    (void)state;
    for (int i = 0; i < LINE_CLASSES; i++) {
        const char *name = line_class_name((enum line_class)i);
        assert_non_null(name);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(name, line_class_name((enum line_class)j));
    }
    assert_string_equal(line_class_name((enum line_class)LINE_CLASSES), "other");
}

/* Every prefix of every row, in a block of its size: for the sanitizers. */
static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(prefixes); i++) {
        for (size_t n = 0; n <= strlen(prefixes[i].raw); n++) {
            struct logline_hint hint = { .year = 2025, .month = 2 };
            struct held h = case_raw(str_make(prefixes[i].raw, n), &hint);
            case_free(&h);
        }
    }
    for (size_t i = 0; i < ROWS(without_id); i++) {
        for (size_t n = 0; n <= strlen(without_id[i].text); n++) {
            char raw[256];
            int len = snprintf(raw, sizeof raw, CASE_PREFIX "%.*s", (int)n, without_id[i].text);
            struct held h = case_raw(str_make(raw, (size_t)len), NULL);
            case_free(&h);
        }
    }
}

static void test_unescape(void **state)
{
    static const struct {
        struct str in, out;
    } rows[] = {
        { STR_INIT(""), STR_INIT("") },
        { STR_INIT("plain"), STR_INIT("plain") },
        { STR_INIT("a \\\"b\\\" \\\\ c"), STR_INIT("a \"b\" \\ c") },
        { STR_INIT("\\n\\r\\t\\b\\f\\v"), STR_INIT("\n\r\t\b\f\v") },
        { STR_INIT("\\303\\244\\000x"), STR_INIT("\303\244\000x") },
        { STR_INIT("\\\\n"), STR_INIT("\\n") },         /* a backslash, then n */
        { STR_INIT("\\\\303"), STR_INIT("\\303") },
        { STR_INIT("\\x"), STR_INIT("x") },
        { STR_INIT("\\400"), STR_INIT("400") },         /* no byte has that value */
        { STR_INIT("\\07"), STR_INIT("07") },
        { STR_INIT("cut\\"), STR_INIT("cut\\") },
    };
    char out[64];
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        size_t n = logline_unescape(rows[i].in, out, sizeof out);
        print_message("%.*s\n", STR_ARG(rows[i].in));
        assert_int_equal(n, rows[i].out.n);
        assert_memory_equal(out, rows[i].out.p, n);
    }
    assert_int_equal(logline_unescape(STR("abcdef"), out, 3), 3);
    assert_int_equal(logline_unescape(STR("abcdef"), out, 0), 0);
    assert_int_equal(logline_unescape((struct str){ NULL, 0 }, out, sizeof out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),    cmocka_unit_test(test_no_line),
        cmocka_unit_test(test_hint_minute), cmocka_unit_test(test_hint_year),
        cmocka_unit_test(test_classes),     cmocka_unit_test(test_imitations),
        cmocka_unit_test(test_class_names), cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_unescape),
    };
    return cmocka_run_group_tests_name("logline", tests, NULL, NULL);
}
