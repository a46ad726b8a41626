/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_msgid - ids to time, pid and fraction
 *
 * Each vector has a witness that is not the id: the pid that a log line or
 * syslog shows, or the date that the Received line gives. So these test our
 * reading of Exim's arithmetic, not only our code against itself.
 */
#include "mail/msgid.h"

#include <stdlib.h>

#include "unit.h"

static struct msgid id_of(const char *text)
{
    struct msgid id;
    assert_int_equal(msgid_parse(str_c(text), &id), 0);
    return id;
}

static struct msgid_parts decode(const char *text, enum msgid_base base, int host)
{
    struct msgid id = id_of(text);
    struct msgid_parts parts;
    assert_int_equal(msgid_decode(&id, base, host, &parts), 0);
    return parts;
}

static const struct vector {
    const char *id;
    int64_t when;
    uint64_t pid;
    uint32_t usec, precision;
    const char *witness;
} vectors[] = {
    { "1tixMn-00000000C5j-1wRa", 1739545953, 46483, 462990, 1, "log .461 [46483] cwd, .470 <=" },
    { "1PqsgA-000CU6-GO", 1298144478, 47994, 508000, 500, "syslog exim[47994]" },
    { "1PqsjW-000CVG-41", 1298144686, 48066, 124500, 500, "syslog exim[48066]" },
    { "1whqxZ-00000005kOG-1SfI", 1783612005, 1369968, 348520, 1, "Received 11:46:45 -0400" },
    { "1s8JLw-0005xN-0w", 1716035996, 22901, 29000, 500, "Received 07:39:56 -0500" },
    { "1fhzVA-00CzIF-Qs", 1532447128, 3095551, 833000, 500, "Received 11:45:28 -0400" },
    { "1gK51K-00G0Oh-V5", 1541524806, 3814779, 963500, 500, "Received 18:20:06 +0100" },
    { "1iB6Hz-0009jK-Id", 1568937403, 37406, 577500, 500, "Received 01:56:43 +0200" },
    { "1FZ8zt-0005lz-E7", 1146153941, 22195, 437500, 500, "the article's, 16:05:41 UTC" },
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct msgid_parts p = decode(v->id, MSGID_BASE62, -1);
        print_message("%s: %s\n", v->id, v->witness);
        assert_int_equal(p.when, v->when);
        assert_int_equal(p.pid, v->pid);
        assert_int_equal(p.usec, v->usec);
        assert_int_equal(p.precision, v->precision);
        assert_int_equal(p.host, -1);
        assert_int_equal(msgid_when62(str_c(v->id)), v->when);
    }
}

/* Ids that are built from what they should decode to; the digits are written out by hand. */
static void test_fractions(void **state)
{
    static const struct {
        const char *id;
        enum msgid_base base;
        int host;
        uint32_t usec, precision;
        int host_out;
    } rows[] = {
        /* old, base 62: 1999 = "WF" is the last without a host; 2000 = "WG" proves one */
        { "1FZ8zt-0005lz-WF", MSGID_BASE62, -1, 999500, 500, -1 },
        { "1FZ8zt-0005lz-WG", MSGID_BASE62, -1, 0, 5000, 10 },
        { "1FZ8zt-0005lz-00", MSGID_BASE62, 0, 0, 5000, 0 },
        { "1FZ8zt-0005lz-3E", MSGID_BASE62, 1, 0, 5000, 1 },      /* 200 */
        { "1FZ8zt-0005lz-6R", MSGID_BASE62, 1, 995000, 5000, 1 }, /* 399 */
        { "1FZ8zt-0005lz-sp", MSGID_BASE62, -1, 995000, 5000, 16 }, /* 3399: the last of host 16 */
        /* old, base 36: 999 = "RR", 1000 = "RS", 1099 = "UJ" is the last of host 10 */
        { "TABCDE-000001-RR", MSGID_BASE36, -1, 999000, 1000, -1 },
        { "TABCDE-000001-RS", MSGID_BASE36, -1, 0, 10000, 10 },
        { "TABCDE-000001-UJ", MSGID_BASE36, -1, 990000, 10000, 10 },
        { "TABCDE-000001-2S", MSGID_BASE36, 1, 0, 10000, 1 },     /* 100 */
        /* new, base 62: 999999 = "4C91"; 1000000 = "4C92" proves host 2 */
        { "1tixMn-00000000C5j-4C91", MSGID_BASE62, -1, 999999, 1, -1 },
        { "1tixMn-00000000C5j-4C92", MSGID_BASE62, -1, 0, 2, 2 },
        { "1tixMn-00000000C5j-0000", MSGID_BASE62, 0, 0, 2, 0 },
        { "1tixMn-00000000C5j-264W", MSGID_BASE62, 1, 0, 2, 1 },  /* 500000 */
        { "1tixMn-00000000C5j-D342", MSGID_BASE62, -1, 220092, 2, 6 }, /* the specification's */
        { "1tixMn-00000000C5j-ZfEl", MSGID_BASE62, -1, 999998, 2, 16 }, /* 8499999 */
        /* new, base 36: 499999 = "APSV"; 500000 = "APSW" proves host 2 */
        { "TABCDE-00000000001-APSV", MSGID_BASE36, -1, 999998, 2, -1 },
        { "TABCDE-00000000001-APSW", MSGID_BASE36, -1, 0, 4, 2 },
        { "TABCDE-00000000001-5CWG", MSGID_BASE36, 1, 0, 4, 1 },  /* 250000 */
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        print_message("%s\n", rows[i].id);
        struct msgid_parts p = decode(rows[i].id, rows[i].base, rows[i].host);
        assert_int_equal(p.usec, rows[i].usec);
        assert_int_equal(p.precision, rows[i].precision);
        assert_int_equal(p.host, rows[i].host_out);
    }
}

static void test_undecodable(void **state)
{
    static const struct {
        const char *id;
        enum msgid_base base;
        int host;
        const char *why;
    } rows[] = {
        { "1FZ8zt-0005lz-E7", MSGID_BASE36, -1, "lower case in base 36" },
        { "1FZ8zt-0005lz-sq", MSGID_BASE62, -1, "3400: beyond host 16" },
        { "1FZ8zt-0005lz-zz", MSGID_BASE62, -1, "3843" },
        { "TABCDE-000001-UK", MSGID_BASE36, -1, "1100: beyond host 10" },
        { "1tixMn-00000000C5j-ZfEm", MSGID_BASE62, -1, "8500000: beyond host 16" },
        { "1FZ8zt-000000-E7", MSGID_BASE62, -1, "pid 0" },
        { "1tixMn-00000000000-1wRa", MSGID_BASE62, -1, "pid 0" },
        { "1FZ8zt-zzzzzz-E7", MSGID_BASE62, -1, "pid of 36 bits" },
        { "1tixMn-zzzzzzzzzzz-1wRa", MSGID_BASE62, -1, "pid of more than 64 bits" },
        { "1tixMn-000002LKcb2-1wRa", MSGID_BASE62, -1, "pid 2147483648" },
        { "1FZ8zt-0005lz-E7", MSGID_BASE62, 3, "875 is of host 4" },
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct msgid id = id_of(rows[i].id);
        struct msgid_parts parts;
        print_message("%s: %s\n", rows[i].id, rows[i].why);
        assert_int_equal(msgid_decode(&id, rows[i].base, rows[i].host, &parts), -1);
    }
    assert_int_equal(decode("1FZ8zt-0005lz-E7", MSGID_BASE62, 4).usec, 375000);
    assert_int_equal(decode("1tixMn-000002LKcb1-1wRa", MSGID_BASE62, -1).pid, INT32_MAX);
}

static void test_parse(void **state)
{
    static const char *const no[] = {
        "", "1FZ8zt", "1FZ8zt-0005lz-E", "1FZ8zt-0005lz-E77", "1FZ8zt-0005lz-E7 ",
        "E1FZ8zt-0005lz-E7", "1FZ8zt_0005lz-E7", "1FZ8z.-0005lz-E7", "1FZ8zt-0005l--E7",
        "1tixMn-00000000C5j-1wR", "1tixMn-00000000C5j-1wRaa", "1tixMn-0000000C5j-1wRa",
        "1tixMn-00000000C5j-1w", "1FZ8zt-0005lz-1wRa", "\xffGZ8zt-0005lz-E7",
    };
    struct msgid id;
    (void)state;
    for (size_t i = 0; i < ROWS(no); i++) {
        print_message("\"%s\"\n", no[i]);
        assert_int_equal(msgid_parse(str_c(no[i]), &id), -1);
    }
    assert_int_equal(msgid_parse(STR("1FZ8zt-0005lz-\0" "7"), &id), -1);
    id = id_of("1FZ8zt-0005lz-E7");
    assert_int_equal(id.form, MSGID_OLD);
    assert_int_equal(id.n, MSGID_OLD_LEN);
    assert_str(msgid_str(&id), "1FZ8zt-0005lz-E7");
    assert_int_equal(id.text[id.n], 0);
    struct msgid other = id_of("1tixMn-00000000C5j-1wRa");
    assert_int_equal(other.form, MSGID_NEW);
    assert_true(msgid_eq(&id, &id));
    assert_false(msgid_eq(&id, &other));
}

static void test_prefix(void **state)
{
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {
        { "1FZ8zt-0005lz-E7 <= a@b", 16 },  { "1FZ8zt-0005lz-E7", 16 },
        { "1FZ8zt-0005lz-E7@host", 16 },    { "1FZ8zt-0005lz-E7\xff", 16 },
        { "1FZ8zt-0005lz-E7x", 0 },         { "1FZ8zt-0005lz-E7-D", 0 },
        { "1tixMn-00000000C5j-1wRa =>", 23 }, { "1tixMn-00000000C5j-1wRa-", 0 },
        { "1tixMn-00000000C5j-1wRa9", 0 },  { "2025-02-14 18:12:33", 0 },
        { " 1FZ8zt-0005lz-E7", 0 },         { "no host name found", 0 },
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        print_message("%s\n", rows[i].text);
        assert_int_equal(msgid_prefix(str_c(rows[i].text)), rows[i].n);
    }
}

static void test_next(void **state)
{
    static const struct {
        const char *text, *found[3];
    } rows[] = {
        { "by barfoo.com with local id 1FZ8zt-0005lz-E7 for x", { "1FZ8zt-0005lz-E7" } },
        { "<E1tixMn-00000000C5j-1wRa@host>", { "1tixMn-00000000C5j-1wRa" } },
        { "1FZ8zt-0005lz-E7,1tixMn-00000000C5j-1wRa;E1PqsgA-000CU6-GO",
          { "1FZ8zt-0005lz-E7", "1tixMn-00000000C5j-1wRa", "1PqsgA-000CU6-GO" } },
        { "R=1FZ8zt-0005lz-E7", { "1FZ8zt-0005lz-E7" } },
        { "\xc3\xa4" "1FZ8zt-0005lz-E7\xc3", { "1FZ8zt-0005lz-E7" } },
        { "EE1FZ8zt-0005lz-E7 F1FZ8zt-0005lz-E7 -E1FZ8zt-0005lz-E7", { NULL } },
        { "a1FZ8zt-0005lz-E7 1FZ8zt-0005lz-E7b 1FZ8zt-0005lz-E7-H", { NULL } },
        { "1FZ8zt-0005lz-E", { NULL } },
        { "", { NULL } },
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str s = str_c(rows[i].text);
        struct msgid id;
        size_t n = 0;
        print_message("%s\n", rows[i].text);
        while (msgid_next(&s, &id)) {
            assert_true(n < 3 && rows[i].found[n] != NULL);
            assert_string_equal(id.text, rows[i].found[n]);
            n++;
        }
        assert_int_equal(s.n, 0);
        assert_true(n == 3 || rows[i].found[n] == NULL);
    }
}

/* A megabyte of what nearly is an id must not take more than one pass. */
static void test_next_is_linear(void **state)
{
    size_t n = 1 << 20;
    char *text = malloc(n);
    struct msgid id;
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = "1FZ8zt-0005lz-E7-"[i % 17];
    struct str s = str_make(text, n);
    assert_false(msgid_next(&s, &id));
    free(text);
}

static void test_guess_base(void **state)
{
    /* Some day of 2025 to some day of 2026. */
    int64_t from = 1740000000, to = 1780000000;
    struct msgid lower = id_of("1tixMn-00000000C5j-1wRa"), upper = id_of("1PQSJW-000CVG-41");
    struct msgid cygwin = id_of("T3UWOW-000CVG-41");
    struct msgid_parts p;
    (void)state;
    assert_int_equal(msgid_guess_base(&lower, from, to), MSGID_BASE62);
    assert_int_equal(msgid_guess_base(&upper, from, to), MSGID_BASE62);
    assert_int_equal(msgid_decode(&cygwin, MSGID_BASE36, -1, &p), 0);
    assert_in_range(p.when, from, to);
    assert_int_equal(msgid_guess_base(&cygwin, from, to), MSGID_BASE36);
    assert_int_equal(msgid_guess_base(&cygwin, 0, 1), MSGID_BASE62);
}

static bool same_key(const char *a, const char *b)
{
    struct msgid_key x = msgid_pack(str_c(a)), y = msgid_pack(str_c(b));
    return x.hi == y.hi && x.lo == y.lo;
}

/* No two ids share a key: change every digit of both forms, one at a time. */
static void test_pack(void **state)
{
    static const char *const ids[] = { "1FZ8zt-0005lz-E7", "1tixMn-00000000C5j-1wRa",
                                       "000000-000000-00", "000000-00000000000-0000",
                                       "zzzzzz-zzzzzz-zz", "zzzzzz-zzzzzzzzzzz-zzzz" };
    (void)state;
    for (size_t i = 0; i < ROWS(ids); i++) {
        for (size_t j = 0; j < ROWS(ids); j++)
            assert_int_equal(same_key(ids[i], ids[j]), i == j);
        for (size_t at = 0; ids[i][at] != '\0'; at++) {
            char other[MSGID_NEW_LEN + 1];
            assert_int_equal(str_copy(str_c(ids[i]), other, sizeof other), 0);
            if (other[at] == '-')
                continue;
            other[at] = other[at] == 'V' ? 'W' : 'V';
            assert_false(same_key(ids[i], other));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),   cmocka_unit_test(test_fractions),
        cmocka_unit_test(test_undecodable), cmocka_unit_test(test_parse),
        cmocka_unit_test(test_prefix),    cmocka_unit_test(test_next),
        cmocka_unit_test(test_next_is_linear), cmocka_unit_test(test_guess_base),
        cmocka_unit_test(test_pack),
    };
    return cmocka_run_group_tests_name("msgid", tests, NULL, NULL);
}
