/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_lsearch - Exim's files of keys and values
 *
 * Rules of Exim's specification 9.3 and of lookups/lsearch.c, each with the file that shows it.
 */
#include "mail/lsearch.h"

#include <stdio.h>

#include "unit.h"

/* All entries of `text`, as "key=value|key=value". */
static struct str listed(struct str text, struct buf *out)
{
    struct lsearch l;
    struct lsearch_entry e;
    struct buf value;
    buf_init(&value, 4096);
    buf_reset(out);
    lsearch_init(&l, text, &value);
    while (lsearch_next(&l, &e)) {
        if (out->n > 0)
            buf_add_c(out, '|');
        buf_add(out, e.key);
        buf_add_c(out, '=');
        buf_add(out, e.value);
    }
    buf_fini(&value);
    return buf_str(out);
}

static void test_entries(void **state)
{
    (void)state;
    static const struct { const char *text, *expected; } rows[] = {
        { "", "" },
        { "a: b", "a=b" },
        { "a: b\n", "a=b" },
        { "a:b\r\nc:d\r\n", "a=b|c=d" },
        { "a b\n", "a=b" },
        { "a   :   b  \n", "a=b" },
        { "a : : b\n", "a=: b" },
        { "a\n", "a=" },
        { "a:\n", "a=" },
        { ":b\n", "=b" },
        { "a: b\n  c\n\td\n", "a=b c d" },
        { "a: b,\n\n# comment\n   # this is a value\n c\ne: f\n", "a=b, # this is a value c|e=f" },
        { "a: b\n \n c\n", "a=b c" },
        { "a:\n  b\n", "a= b" },
        { " lonely\na: b\n", "a=b" },
        { "# comment\n#a: b\nc: d", "c=d" },
        { "\"a b\": c\n", "a b=c" },
        { "\"a:b\" c\n", "a:b=c" },
        { "\"a\\\"b\\\\c\\x41\\101\\n\": d\n", "a\"b\\cAA\n=d" },
        { "\"open: b\n", "open: b=" },
        { "\"q\": b\n c\n", "q=b c" },
        { "*: :fail: No Such User Here\n", "*=:fail: No Such User Here" },
        { "joe@example.com: \":fail: x\"\n", "joe@example.com=\":fail: x\"" },
        { ":include:/etc/more\n", "=include:/etc/more" },
    };
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str got = listed(str_c(rows[i].text), &out);
        if (!str_eq(got, str_c(rows[i].expected)))
            fail_msg("row %zu: \"%.*s\"", i, STR_ARG(got));
    }
    buf_fini(&out);
}

static void test_find(void **state)
{
    (void)state;
    struct str text = STR("Joe: first\nann: x\njoe: second\n*@Example.com: domain\n*: rest\n");
    struct str value;
    struct buf room;
    buf_init(&room, 1000);
    assert_true(lsearch_find(text, STR("jOE"), &room, &value));
    assert_str(value, "first");
    assert_false(lsearch_find(text, STR("jo"), &room, &value));
    assert_false(lsearch_find(text, STR("joe "), &room, &value));
    assert_true(lsearch_find_default(text, STR("ann"), &room, &value));
    assert_str(value, "x");
    assert_true(lsearch_find_default(text, STR("bob@example.com"), &room, &value));
    assert_str(value, "domain");
    assert_true(lsearch_find_default(text, STR("bob@other.example"), &room, &value));
    assert_str(value, "rest");
    assert_false(lsearch_find_default(STR("a: b\n"), STR("c@d"), &room, &value));
    buf_fini(&room);
}

/* An entry beyond the ceiling is cut and says so; the next one is whole. */
static void test_ceiling(void **state)
{
    (void)state;
    struct lsearch l;
    struct lsearch_entry e;
    struct buf room;
    char text[400];
    int n = snprintf(text, sizeof text, "a: 0123456789\n 0123456789\n 0123456789\nb: c\n d\n");
    buf_init(&room, 16);
    lsearch_init(&l, str_make(text, (size_t)n), &room);
    assert_true(lsearch_next(&l, &e));
    assert_str(e.key, "a");
    assert_true(e.value.n <= 16);
    assert_true(l.cut);
    assert_true(lsearch_next(&l, &e));
    assert_str(e.key, "b");
    assert_str(e.value, "c d");
    assert_int_equal(e.line, 4);
    assert_false(lsearch_next(&l, &e));
    buf_fini(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries), cmocka_unit_test(test_find),
        cmocka_unit_test(test_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
