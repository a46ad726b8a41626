/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_phplog - PHP's mail.log and the two headers
 *
 * PHP writes recipients, headers and subject without quotes, as the script chose
 * them. So rows hold the marks of later fields inside of earlier ones: a forged
 * mark may shorten its own field, and must not reach date or path.
 */
#include "trace/phplog.h"

#include <stdio.h>

#include "unit.h"

#define T0 INT64_C(1795428000) /* 2026-11-23 10:00:00 UTC */

struct row {
    const char *raw;
    int64_t when;
    bool dated, zone_known;
    const char *zone, *script;
    uint64_t line;
    const char *to, *headers, *subject;
    bool evald;
};

static const struct row rows[] = {
    /* as PHP 8.2 wrote it */
    { "[23-Nov-2026 11:31:15 UTC] mail() on [/home/ClientX/public_html/phpBB/profile.php:7]: "
      "To: fred@foobar.com -- Headers: From: bob@barfoo.com -- Subject: Buy Me 1",
      T0 + 5475, true, true, "UTC", "/home/ClientX/public_html/phpBB/profile.php", 7,
      "fred@foobar.com", "From: bob@barfoo.com", "Buy Me 1", false },
    /* spaces, a colon and a bracket in the path */
    { "[23-Nov-2026 10:00:00 UTC] mail() on [/home/y/my shop 3 args: x/o[1].php:12]: To: a@b -- "
      "Headers:  -- Subject: ",
      T0, true, true, "UTC", "/home/y/my shop 3 args: x/o[1].php", 12, "a@b", "", "", false },
    /* before 7.2 there was no subject */
    { "[23-Nov-2026 10:00:00 GMT] mail() on [/a.php:1]: To: a@b -- Headers: From: x@y", T0, true,
      true, "GMT", "/a.php", 1, "a@b", "From: x@y", "", false },
    { "[23-Nov-2026 11:00:00 +01:00] mail() on [/a.php:1]: To: a@b -- Headers: ", T0, true, true,
      "+01:00", "/a.php", 1, "a@b", "", "", false },
    { "[23-Nov-2026 05:00:00 -05:00] mail() on [/a.php:1]: To: a@b", T0, true, true, "-05:00",
      "/a.php", 1, "a@b", "", "", false },
    /* a zone that needs a table: the stamp as it stands */
    { "[23-Nov-2026 10:00:00 Europe/Berlin] mail() on [/a.php:1]: To: a@b -- Headers: ", T0, true,
      false, "Europe/Berlin", "/a.php", 1, "a@b", "", "", false },
    /* syslog */
    { "mail() on [/a.php:1]: To: a@b -- Headers: x -- Subject: s", 0, false, false, "", "/a.php",
      1, "a@b", "x", "s", false },
    { "Nov 23 10:00:00 web php[12]: mail() on [/a.php:1]: To: a@b -- Headers: x -- Subject: s", 0,
      false, false, "", "/a.php", 1, "a@b", "x", "s", false },
    /* a decoded payload */
    { "[23-Nov-2026 10:00:00 UTC] mail() on [/w/c.php(3) : eval()'d code:1]: To: a@b -- Headers: ",
      T0, true, true, "UTC", "/w/c.php", 1, "a@b", "", "", true },
    { "[23-Nov-2026 10:00:00 UTC] mail() on [/w/c.php(3) : eval()'d code(1) : eval()'d code:9]: "
      "To: a@b -- Headers: ",
      T0, true, true, "UTC", "/w/c.php", 9, "a@b", "", "", true },
    /* marks forged in a field change nothing in front of it */
    { "[23-Nov-2026 10:00:00 UTC] mail() on [/a.php:1]: To: a@b]: To: c@d -- Headers: X: -- "
      "Subject: one -- Subject: two",
      T0, true, true, "UTC", "/a.php", 1, "a@b]: To: c@d", "X:", "one -- Subject: two", false },
    { "[23-Nov-2026 10:00:00 UTC] mail() on [/a.php:1]: To: a@b -- Headers: "
      "mail() on [/forged.php:2]: To: x -- Subject: s",
      T0, true, true, "UTC", "/a.php", 1, "a@b", "mail() on [/forged.php:2]: To: x", "s", false },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct row *row = &rows[i];
        struct phplog_line line;
        print_message("row %zu\n", i);
        assert_int_equal(phplog_parse(str_c(row->raw), &line), 0);
        assert_int_equal(line.when, row->when);
        assert_int_equal(line.dated, row->dated);
        assert_int_equal(line.zone_known, row->zone_known);
        assert_int_equal(line.line, row->line);
        assert_int_equal(line.evald, row->evald);
        assert_true(str_eq(line.zone, str_c(row->zone)));
        assert_true(str_eq(line.script, str_c(row->script)));
        assert_true(str_eq(line.to, str_c(row->to)));
        assert_true(str_eq(line.headers, str_c(row->headers)));
        assert_true(str_eq(line.subject, str_c(row->subject)));
    }
}

static const char *const others[] = {
    "",
    "[",
    "[23-Nov-2026 10:00:00 UTC] PHP Warning:  mail() on [nothing",
    "[23-Nov-2026 10:00:00 UTC] mail() on [/a.php]: To: a@b",
    "[23-Nov-2026 10:00:00 UTC] mail() on [/a.php:x]: To: a@b",
    "[23-Nov-2026 10:00:00 UTC] mail() on [/a.php:1] To: a@b",
    "xmail() on [/a.php:1]: To: a@b",
    "2026-11-23 10:00:00 1FZ8zt-0005lz-E7 <= joe@example.com U=joe P=local S=1",
};

static void test_other_lines(void **state)
{
    (void)state;
    struct phplog_line line;
    for (size_t i = 0; i < ROWS(others); i++) {
        if (phplog_parse(str_c(others[i]), &line) == 0)
            fail_msg("row %zu passed: %s", i, others[i]);
    }
}

/* A date that is none, or whose bracket never closes, is not taken for the
 * syslog form's own front: that has no bracket. */
static void test_bad_dates(void **state)
{
    (void)state;
    static const char *const dates[] = { "[30-Feb-2026 10:00:00 UTC] ", "[23-Nov-2026 25:00:00 UTC] ",
                                         "[23-xyz-2026 10:00:00 UTC] ", "[23-Nov-2026 10:00:00 " };
    for (size_t i = 0; i < ROWS(dates); i++) {
        char raw[200];
        struct phplog_line line;
        snprintf(raw, sizeof raw, "%smail() on [/a.php:1]: To: a@b", dates[i]);
        assert_int_equal(phplog_parse(str_c(raw), &line), 0);
        assert_false(line.dated);
        assert_false(line.zone_known);
        assert_int_equal(line.when, 0);
    }
}

static void test_originating(void **state)
{
    (void)state;
    struct php_originating o;
    assert_int_equal(php_originating_parse(STR("1000:mailer.php"), &o), 0);
    assert_int_equal(o.uid, 1000);
    assert_str(o.file, "mailer.php");
    assert_false(o.evald);
    assert_int_equal(php_originating_parse(STR(" 33:a (1).php(12) : eval()'d code\r\n"), &o), 0);
    assert_int_equal(o.uid, 33);
    assert_str(o.file, "a (1).php");
    assert_true(o.evald);
    assert_int_equal(php_originating_parse(STR("0:x.php(3) : eval()'d code(1) : eval()'d code"), &o),
                     0);
    assert_str(o.file, "x.php");
    assert_true(o.evald);
    assert_int_equal(php_originating_parse(STR("0:x(3).php"), &o), 0);
    assert_str(o.file, "x(3).php");
    assert_false(o.evald);
    static const char *const bad[] = { "", ":", "x:a.php", "1000", "1000:", "-1:a.php",
                                       "99999999999999999999:a.php" };
    for (size_t i = 0; i < ROWS(bad); i++)
        assert_int_equal(php_originating_parse(str_c(bad[i]), &o), -1);
}

static void test_script(void **state)
{
    (void)state;
    struct php_script s;
    assert_int_equal(
        php_script_parse(STR("www.btmindustrial.com/contactFormSend.php for 212.102.35.132"), &s), 0);
    assert_str(s.host, "www.btmindustrial.com");
    assert_str(s.path, "/contactFormSend.php");
    assert_str(s.client, "212.102.35.132");
    assert_str(s.proxies, "");
    assert_int_equal(
        php_script_parse(STR("patronsbuckeye.com/index.php for 45.157.112.226, 208.109.0.7"), &s), 0);
    assert_str(s.client, "45.157.112.226");
    assert_str(s.proxies, "208.109.0.7");
    assert_int_equal(php_script_parse(STR("h.example/for for all.php for 2001:db8::1"), &s), 0);
    assert_str(s.path, "/for for all.php");
    assert_str(s.client, "2001:db8::1");
    static const char *const bad[] = { "", "/a.php for 192.0.2.1", "h.example for 192.0.2.1",
                                       "h.example/a.php", "h.example/a.php for ",
                                       "h.example/a.php for nobody", "24619792274" };
    for (size_t i = 0; i < ROWS(bad); i++) {
        if (php_script_parse(str_c(bad[i]), &s) == 0)
            fail_msg("row %zu passed: %s", i, bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_other_lines),
        cmocka_unit_test(test_bad_dates),  cmocka_unit_test(test_originating),
        cmocka_unit_test(test_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
