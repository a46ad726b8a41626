/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_aliases - redirect lists as Exim reads them
 *
 * The codes are the table of Exim's own test 0536; the lists are those of its documentation and of
 * panels. tests/e2e/test_recipients.py asks the real Exim the same.
 */
#include "mail/aliases.h"

#include <stdio.h>

#include "unit.h"

static const char *const says_names[] = { "declines", "takes", "child", "discards", "refuses",
                                          "defers", "faulty" };

struct row {
    const char *list;
    enum aliases_says says;
    const char *text;        /* of a refusal; local@domain of a child */
};

static const struct row rows[] = {
    { "", ALIASES_DECLINES, NULL },
    { " \n , ,, # comment", ALIASES_DECLINES, NULL },
    { "joe", ALIASES_CHILD, "joe@" },
    { "joe@Example.com", ALIASES_CHILD, "joe@example.com" },
    { "joe,", ALIASES_CHILD, "joe@" },
    { "\\joe", ALIASES_CHILD, "joe@=" },
    { "\\joe@example.com", ALIASES_CHILD, "joe@example.com" },
    { "joe # comment", ALIASES_FAULTY, NULL }, /* # begins a comment only where an item would */
    { "joe, # comment, with a comma", ALIASES_CHILD, "joe@" },
    { "# comment\njoe", ALIASES_CHILD, "joe@" },
    { "joe, ann", ALIASES_TAKES, NULL },
    { "joe\nann", ALIASES_TAKES, NULL },
    { "\"Smith, Joe\" <joe@example.com>", ALIASES_CHILD, "joe@example.com" },
    { "joe (home, or not)", ALIASES_CHILD, "joe@" },
    { "\"joe\"", ALIASES_CHILD, "joe@" },
    { "\"joe\"@example.com", ALIASES_CHILD, "joe@example.com" },
    { "(nobody at all)", ALIASES_DECLINES, NULL },
    { "joe@", ALIASES_FAULTY, NULL },
    { "ann, joe smith", ALIASES_FAULTY, NULL },
    { "|/usr/bin/command with, a comma", ALIASES_FAULTY, NULL },
    { "\"|/usr/bin/command with, a comma\"", ALIASES_TAKES, NULL },
    { "joe, \"|/usr/local/cpanel/bin/autorespond joe@example.com /home/joe/.autorespond\"",
      ALIASES_TAKES, NULL },
    { "|command", ALIASES_TAKES, NULL },
    { "/var/mail/joe", ALIASES_TAKES, NULL },
    { "/home/joe/Maildir/", ALIASES_TAKES, NULL },
    { "/X=x/Y=y/@gate.example", ALIASES_CHILD, "/X=x/Y=y/@gate.example" },
    { "/dev/null", ALIASES_DISCARDS, NULL },
    { "/dev/null, /dev/null", ALIASES_DISCARDS, NULL },
    { "/dev/null, joe", ALIASES_TAKES, NULL },
    { ":fail: No Such User Here", ALIASES_REFUSES, "No Such User Here" },
    { ":fail: one, two", ALIASES_REFUSES, "one, two" },
    { ":fail: one\njoe", ALIASES_REFUSES, "one" },
    { ":fail:", ALIASES_REFUSES, "" },
    { ":fail:x", ALIASES_REFUSES, "x" },
    { "\":fail: No Such User Here\"", ALIASES_REFUSES, "No Such User Here" },
    { "\":fail: a, b\", joe", ALIASES_REFUSES, "a, b\", joe" },
    { "joe, :fail: gone", ALIASES_REFUSES, "gone" },
    { ":defer: later", ALIASES_DEFERS, "later" },
    { ":blackhole:", ALIASES_DISCARDS, NULL },
    { ":blackhole: gone", ALIASES_DISCARDS, NULL },
    { "joe, ann, :blackhole:", ALIASES_DISCARDS, NULL },
    { ":FAIL: no", ALIASES_FAULTY, NULL },
    { ":unknown:", ALIASES_DECLINES, NULL },
    { ":unk", ALIASES_DECLINES, NULL },
    { ":", ALIASES_DECLINES, NULL },
    { "\"\"", ALIASES_DECLINES, NULL },
    { ":unknown: joe", ALIASES_FAULTY, NULL },
    { "joe, :unknown:", ALIASES_CHILD, "joe@" },
    { ":include:/etc/list", ALIASES_TAKES, NULL },
    { ":include:", ALIASES_FAULTY, NULL },
    { ":include: list", ALIASES_FAULTY, NULL },
};

static void check_row(const struct row *row)
{
    struct aliases_verdict v;
    char child[2 * ADDRESS_MAX];
    aliases_verify(str_c(row->list), NULL, NULL, &v);
    if (v.says != row->says)
        fail_msg("\"%s\" %s%s%s", row->list, says_names[v.says], v.fault == NULL ? "" : ": ",
                 v.fault == NULL ? "" : v.fault);
    if (row->text == NULL)
        return;
    struct str text = v.text;
    if (v.says == ALIASES_CHILD) {
        int n = snprintf(child, sizeof child, "%.*s@%.*s%s", STR_ARG(v.child.local),
                         STR_ARG(v.child.domain), v.child_same_domain ? "=" : "");
        text = str_make(child, (size_t)n);
    }
    if (!str_eq(text, str_c(row->text)))
        fail_msg("\"%s\": got \"%.*s\"", row->list, STR_ARG(text));
}

static void test_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_row(&rows[i]);
}

/* "/a" holds "b", "/fail" a refusal, "/self" itself. */
static bool include(struct aliases_verdict *v, struct str path, void *ctx)
{
    unsigned *calls = ctx;
    ++*calls;
    if (str_eq(path, STR("/a")))
        aliases_add(v, STR("b # no, this is no comment, but x\n"));
    else if (str_eq(path, STR("/one")))
        aliases_add(v, STR("one@example.com\n# end\n"));
    else if (str_eq(path, STR("/fail")))
        aliases_add(v, STR(":fail: included"));
    else if (str_eq(path, STR("/self")))
        aliases_add(v, STR(":include:/self"));
    else
        return false;
    return true;
}

static void test_include(void **state)
{
    (void)state;
    static const struct { const char *list; enum aliases_says says; unsigned calls; } cases[] = {
        { ":include:/one", ALIASES_CHILD, 1 },
        { ":include: /one", ALIASES_CHILD, 1 },
        { ":include:/one, :include:/one", ALIASES_TAKES, 2 },
        { "joe, :include:/one", ALIASES_TAKES, 1 },
        { ":include:/fail, :include:/one", ALIASES_REFUSES, 1 },
        { ":include:/a", ALIASES_FAULTY, 1 },
        { ":include:/missing", ALIASES_FAULTY, 1 },
        { ":include:/self", ALIASES_FAULTY, ALIASES_DEPTH_MAX },
    };
    for (size_t i = 0; i < ROWS(cases); i++) {
        struct aliases_verdict v;
        unsigned calls = 0;
        aliases_verify(str_c(cases[i].list), include, &calls, &v);
        if (v.says != cases[i].says || calls != cases[i].calls)
            fail_msg("\"%s\" %s after %u", cases[i].list, says_names[v.says], calls);
    }
}

/* A special's text is as long as the list; an item is cut out of the middle of a buffer. */
static void test_views(void **state)
{
    (void)state;
    struct str list = str_head(STR("joe:fail: x, yZZZ"), 12);
    struct aliases_item item;
    list = str_skip(list, 3);
    aliases_next(&list, &item);
    assert_int_equal(item.kind, ALIASES_FAIL);
    assert_str(item.text, "x,");
    list = STR("a\0b@example.com");
    aliases_next(&list, &item);
    assert_int_equal(item.kind, ALIASES_BROKEN);
}

/* Exim's test 0536, and the class of the code for either special. */
static void test_codes(void **state)
{
    (void)state;
    static const struct {
        unsigned class;
        bool forbid;
        const char *text;
        unsigned code;
        const char *status, *rest;
        bool wrong;
    } cases[] = {
        { 5, false, "No code", 0, "", "No code", false },
        { 5, false, "590 Main code", 590, "", "Main code", false },
        { 5, false, "590 5.4.3 Main and extended code", 590, "5.4.3", "Main and extended code", false },
        { 5, false, "490 4.5.6 Wrong code", 0, "", "Wrong code", true },
        { 4, false, "No code", 0, "", "No code", false },
        { 4, false, "490 Main code", 490, "", "Main code", false },
        { 4, false, "490 4.4.3 Main and extended code", 490, "4.4.3", "Main and extended code", false },
        { 4, false, "390 3.5.6 Wrong code", 0, "", "Wrong code", true },
        { 5, true, "No code", 0, "", "No code", false },
        { 5, true, "590 Main code", 0, "", "Main code", false },
        { 5, true, "590 5.4.3 Main and extended code", 0, "", "Main and extended code", false },
        { 5, true, "490 4.5.6 Wrong code", 0, "", "Wrong code", true },
        { 5, false, "599 Main code\non two lines", 599, "", "Main code\non two lines", false },
        { 5, false, "599 5.12.3 Main\non two lines", 599, "5.12.3", "Main\non two lines", false },
        { 4, false, "499 4.12.343 Main", 499, "4.12.343", "Main", false },
        { 4, false, "499 4.1234.343 Main", 499, "", "4.1234.343 Main", false },
        { 5, false, "551 User not local; please try <x@example.com>", 551, "",
          "User not local; please try <x@example.com>", false },
        { 5, false, "590", 0, "", "590", false },
        { 5, false, "590\tTab", 590, "", "Tab", false },
        { 5, false, "5901 years", 0, "", "5901 years", false },
        { 5, false, "550 5.1.1", 550, "", "5.1.1", false },
        { 5, false, "", 0, "", "", false },
    };
    for (size_t i = 0; i < ROWS(cases); i++) {
        struct aliases_code c;
        aliases_code(str_c(cases[i].text), cases[i].class, cases[i].forbid, &c);
        if (c.code != cases[i].code || strcmp(c.status, cases[i].status) != 0 ||
            !str_eq(c.text, str_c(cases[i].rest)) || c.wrong_class != cases[i].wrong)
            fail_msg("\"%s\": %u \"%s\" \"%.*s\"", cases[i].text, c.code, c.status,
                     STR_ARG(c.text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify), cmocka_unit_test(test_include), cmocka_unit_test(test_views),
        cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
