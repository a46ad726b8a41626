/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_syslogjoin - parts of one line, between parts of others
 *
 * Nothing may be lost: whatever is fed comes out again, joined or as it was.
 */
#include "mail/syslogjoin.h"

#include <stdio.h>
#include <stdlib.h>

#include "mail/logline.h"

#include "unit.h"

#define HEAD(pid) "Feb 14 18:12:33 mx exim[" pid "]: "

/* Feed one line; `expected` is what must come out, NULL for nothing. */
static void feed(struct syslogjoin *j, const char *raw, const char *expected)
{
    struct str line;
    print_message("%s\n", raw);
    bool have = syslogjoin_feed(j, str_c(raw), &line);
    assert_int_equal(have, expected != NULL);
    if (have && !str_eq(line, str_c(expected))) {
        print_error("got %.*s\n", STR_ARG(line));
        fail();
    }
}

static void flush(struct syslogjoin *j, const char *expected)
{
    struct str line;
    bool have = syslogjoin_flush(j, &line);
    assert_int_equal(have, expected != NULL);
    if (have)
        assert_true(str_eq(line, str_c(expected)));
}

static void test_two_parts(void **state)
{
    struct syslogjoin *j = syslogjoin_new();
    (void)state;
    feed(j, HEAD("7") "[1/2] 2025-02-14 18:12:33 x y", NULL);
    feed(j, HEAD("7") "[2/2]  z", HEAD("7") "2025-02-14 18:12:33 x y z");
    flush(j, NULL);
    syslogjoin_free(&j);
    assert_null(j);
    syslogjoin_free(&j);
}

/* A line with a newline in it, and one that is long as well. */
static void test_newline_parts(void **state)
{
    struct syslogjoin *j = syslogjoin_new();
    (void)state;
    feed(j, HEAD("7") "[1\\3] a", NULL);
    feed(j, HEAD("7") "[2/3] b", NULL);
    feed(j, HEAD("7") "[3/3] c", HEAD("7") "a\nbc");
    syslogjoin_free(&j);
}

static void test_interleaved(void **state)
{
    struct syslogjoin *j = syslogjoin_new();
    (void)state;
    feed(j, HEAD("7") "[1/3] a", NULL);
    feed(j, HEAD("8") "[1/2] b", NULL);
    feed(j, HEAD("9") "whole", HEAD("9") "whole");
    feed(j, "2025-02-14 18:12:33 Exim's own", "2025-02-14 18:12:33 Exim's own");
    feed(j, HEAD("7") "[2/3] c", NULL);
    feed(j, "Feb 14 18:12:33 other exim[7]: [2/3] x", "Feb 14 18:12:33 other exim[7]: [2/3] x");
    feed(j, "Feb 14 18:12:34 mx exim[8]: [2/2] d", HEAD("8") "bd");
    feed(j, HEAD("7") "[3/3] e", HEAD("7") "ace");
    flush(j, NULL);
    syslogjoin_free(&j);
}

/* Without a pid the program's name must do. */
static void test_no_pid(void **state)
{
    struct syslogjoin *j = syslogjoin_new();
    (void)state;
    feed(j, "2025-02-14T18:12:33+03:00 mx exim4: [1/2] a", NULL);
    feed(j, "2025-02-14T18:12:33+03:00 mx exim4: [2/2] b",
         "2025-02-14T18:12:33+03:00 mx exim4: ab");
    syslogjoin_free(&j);
}

static void test_lost_parts(void **state)
{
    struct syslogjoin *j = syslogjoin_new();
    (void)state;
    /* the beginning is lost: as it is */
    feed(j, HEAD("7") "[2/2] b", HEAD("7") "[2/2] b");
    /* the middle is lost: the end as it is, the beginning when its place is needed */
    feed(j, HEAD("7") "[1/3] a", NULL);
    feed(j, HEAD("7") "[3/3] c", HEAD("7") "[3/3] c");
    feed(j, HEAD("7") "[2/2] x", HEAD("7") "[2/2] x");
    feed(j, HEAD("7") "[1/2] d", HEAD("7") "a");
    feed(j, HEAD("7") "[2/2] e", HEAD("7") "de");
    /* the end is lost */
    feed(j, HEAD("7") "[1/2] f", NULL);
    flush(j, HEAD("7") "f");
    flush(j, NULL);
    syslogjoin_free(&j);
}

static void test_no_parts(void **state)
{
    static const char *const rows[] = {
        "", "[1/2] x", "2025-02-14 18:12:33 [1/2] x", HEAD("7") "[1/2", HEAD("7") "[0/2] x",
        HEAD("7") "[3/2] x", HEAD("7") "[1/0] x", HEAD("7") "[1|2] x", HEAD("7") "[/2] x",
        HEAD("7") "[1/] x", HEAD("7") "[1/99999] x", HEAD("7") "[7] x",
        HEAD("7") "[18446744073709551617/2] x", HEAD("7") "x [1/2] y",
    };
    struct syslogjoin *j = syslogjoin_new();
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_false(syslogjoin_is_part(str_c(rows[i])));
        feed(j, rows[i], rows[i]);
    }
    assert_true(syslogjoin_is_part(STR(HEAD("7") "[1/2] x")));
    assert_true(syslogjoin_is_part(STR(HEAD("7") "[2\\3] x")));
    feed(j, HEAD("7") "[1/1] x", HEAD("7") "[1/1] x");
    flush(j, NULL);
    syslogjoin_free(&j);
}

/* More lines at a time than there are places: the oldest goes first, none is lost. */
static void test_eviction(void **state)
{
    struct syslogjoin *j = syslogjoin_new();
    size_t out = 0;
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        char raw[64], expected[64];
        struct str line;
        snprintf(raw, sizeof raw, "Feb 14 18:12:33 mx exim[%zu]: [1/2] %zu", i + 1, i);
        if (!syslogjoin_feed(j, str_c(raw), &line))
            continue;
        snprintf(expected, sizeof expected, "Feb 14 18:12:33 mx exim[%zu]: %zu", out + 1, out);
        assert_true(str_eq(line, str_c(expected)));
        out++;
    }
    assert_int_equal(out, 100 - SYSLOGJOIN_OPEN);
    struct str line;
    while (syslogjoin_flush(j, &line))
        out++;
    assert_int_equal(out, 100);
    syslogjoin_free(&j);
}

/* A line never grows beyond its ceiling. */
static void test_ceiling(void **state)
{
    struct syslogjoin *j = syslogjoin_new();
    char raw[1024];
    struct str line = { NULL, 0 };
    (void)state;
    for (unsigned i = 1; i <= 9999; i++) {
        int n = snprintf(raw, sizeof raw, HEAD("7") "[%u/9999] %0800u", i, i);
        bool have = syslogjoin_feed(j, str_make(raw, (size_t)n), &line);
        assert_int_equal(have, i == 9999);
    }
    assert_int_equal(line.n, SYSLOGJOIN_LINE_MAX);
    feed(j, HEAD("7") "[1/2] a", NULL);
    feed(j, HEAD("7") "[2/2] b", HEAD("7") "ab");
    syslogjoin_free(&j);
}

/* A name of a host longer than any: not joined, not lost. */
static void test_long_source(void **state)
{
    struct syslogjoin *j = syslogjoin_new();
    char raw[1024];
    struct str line;
    (void)state;
    int n = snprintf(raw, sizeof raw, "Feb 14 18:12:33 %0300d exim[7]: [1/2] x", 1);
    assert_true(syslogjoin_feed(j, str_make(raw, (size_t)n), &line));
    assert_int_equal(line.n, n);
    syslogjoin_free(&j);
}

/* What is joined is a line that the parser takes, with the fields that were apart. */
static void test_joined_parses(void **state)
{
    struct syslogjoin *j = syslogjoin_new();
    struct logline line;
    struct line_arrival a;
    struct str raw;
    (void)state;
    feed(j, HEAD("46483") "[1/2] 2025-02-14 18:12:33 1tixMn-00000000C5j-1wRa <= a@b U=joe P=loc",
         NULL);
    assert_true(syslogjoin_feed(j, STR(HEAD("46483") "[2/2] al S=5 T=\"x\" for c@d"), &raw));
    assert_int_equal(logline_parse(raw, NULL, &line), 0);
    assert_int_equal(line.pid, 46483);
    assert_int_equal(logline_arrival(&line, &a), 0);
    assert_str(a.protocol, "local");
    assert_str(a.recipients, "c@d");
    syslogjoin_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_parts),  cmocka_unit_test(test_newline_parts),
        cmocka_unit_test(test_interleaved), cmocka_unit_test(test_no_pid),
        cmocka_unit_test(test_lost_parts), cmocka_unit_test(test_no_parts),
        cmocka_unit_test(test_eviction),   cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_long_source), cmocka_unit_test(test_joined_parses),
    };
    return cmocka_run_group_tests_name("syslogjoin", tests, NULL, NULL);
}
