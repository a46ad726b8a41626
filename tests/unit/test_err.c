/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_err - kinds, texts that fit, texts that are safe to print
 *
 * Error texts hold file names and lines that others chose. Whatever goes in,
 * what comes out is printable UTF-8 and ends in a NUL inside the struct.
 */
#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "unit.h"

static void assert_printable(const struct err *err)
{
    size_t n = str_find_c(str_make(err->text, sizeof err->text), '\0');
    assert_true(n < sizeof err->text);
    for (struct str s = str_make(err->text, n); s.n > 0;) {
        uint32_t rune;
        size_t len = utf8_next(s, &rune);
        assert_true(len > 0 && !utf8_unprintable(rune));
        s = str_skip(s, len);
    }
}

static void test_set(void **state)
{
    (void)state;
    struct err err = { 0 };
    assert_int_equal(err_set(&err, ERR_FORMAT, "%s:%d: no log line", "mainlog", 12), -1);
    assert_int_equal(err.kind, ERR_FORMAT);
    assert_string_equal(err.text, "mainlog:12: no log line");
    assert_int_equal(err_set(NULL, ERR_FORMAT, "nobody asks"), -1);
}

static void test_escapes(void **state)
{
    (void)state;
    struct err err = { 0 };
    err_set(&err, ERR_MISSING, "%s", "/var/log/\x1b]0;x\a\n\xff");
    assert_string_equal(err.text, "/var/log/\\x1b]0;x\\x07\\x0a\\xff");
    assert_printable(&err);
}

/* Escaping makes a text up to four times longer: it is cut between characters. */
static void test_long(void **state)
{
    (void)state;
    char name[2000];
    struct err err = { 0 };
    memset(name, '\x1b', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    err_set(&err, ERR_IO, "%s", name);
    assert_printable(&err);
    assert_int_equal(strlen(err.text) % 4, 0);
    for (size_t shift = 0; shift < 3; shift++) { /* a three-byte character across every edge */
        for (size_t i = 0; i + 3 < sizeof name; i += 3)
            memcpy(name + i, "\xe2\x82\xac", 4);
        err_set(&err, ERR_IO, "%.*s%s", (int)shift, "xx", name);
        assert_printable(&err);
        err_errno(&err, EIO, "%.*s%s", (int)shift, "xx", name);
        assert_printable(&err);
        err_wrap(&err, "%.*s%s", (int)shift, "xx", name);
        assert_printable(&err);
    }
}

static void test_errno(void **state)
{
    (void)state;
    static const struct {
        int number;
        enum err_kind kind;
    } rows[] = {
        { ENOENT, ERR_MISSING }, { ENOTDIR, ERR_MISSING }, { EACCES, ERR_ACCESS },
        { EPERM, ERR_ACCESS },   { EIO, ERR_IO },          { EMFILE, ERR_IO },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct err err = { 0 };
        assert_int_equal(err_errno(&err, rows[i].number, "cannot open %s", "x"), -1);
        assert_int_equal(err.kind, rows[i].kind);
        assert_true(str_starts(str_c(err.text), STR("cannot open x: ")));
        assert_true(str_ends(str_c(err.text), str_c(strerror(rows[i].number))));
    }
    assert_int_equal(err_errno(NULL, EIO, "nobody asks"), -1);
}

static void test_wrap(void **state)
{
    (void)state;
    struct err err = { 0 };
    err_set(&err, ERR_LIMIT, "inner \x1b");
    assert_int_equal(err_wrap(&err, "%s", "outer"), -1);
    assert_string_equal(err.text, "outer: inner \\x1b"); /* escaped once, not twice */
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_int_equal(err_wrap(NULL, "nobody asks"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),   cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_long),  cmocka_unit_test(test_errno),
        cmocka_unit_test(test_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
