/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_conftext - blocks put in, replaced and taken out; what configurations say
 *
 * The rows are what administrators really write: continued lines, comments in odd
 * places, macros, settings that look like others.
 */
#include "kit/conftext.h"

#include "unit.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)1 << 24);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

#define BLOCK "# postern begin rcpt\n  require acl = x\n# postern end rcpt\n"

static void test_put(void **state)
{
    (void)state;
    struct str body = STR("  require acl = x\n"), tag = STR("rcpt");
    assert_str(conftext_put(arena, STR(""), tag, body, 0), BLOCK);
    assert_str(conftext_put(arena, STR("a\nb\n"), tag, body, 2), "a\n" BLOCK "b\n");
    assert_str(conftext_put(arena, STR("a\nb"), tag, body, 3), "a\nb\n" BLOCK);
    /* in place of the one that is there, wherever it is, indented or not */
    assert_str(conftext_put(arena, STR("a\n  # postern begin rcpt\nold\n\t# postern end rcpt\nb\n"),
                            tag, body, 0), "a\n" BLOCK "b\n");
    /* another name is another block; one that does not end is none */
    assert_str(conftext_put(arena, STR("# postern begin quit\nq\n# postern end quit\n"), tag, body,
                            0), BLOCK "# postern begin quit\nq\n# postern end quit\n");
    assert_str(conftext_put(arena, STR("# postern begin rcpt\nb\n"), tag, body, 0),
               BLOCK "# postern begin rcpt\nb\n");
}

struct strip_row {
    const char *text, *stripped;
};

static const struct strip_row strips[] = {
    { "", "" },
    { "a\nb\n", "a\nb\n" },
    { BLOCK, "" },
    { "a\n" BLOCK "b\n" BLOCK "c", "a\nb\nc" },
    /* a block that does not end keeps nobody from seeing the next one */
    { "# postern begin a\n# postern begin b\nx\n# postern end b\ny\n", "# postern begin a\ny\n" },
    { "# postern end a\n# postern begin a\nx\n", "# postern end a\n# postern begin a\nx\n" },
    { "# postern beginner\nx\n# postern end ner\n", "# postern beginner\nx\n# postern end ner\n" },
    { "# postern begin \nx\n# postern end \n", "# postern begin \nx\n# postern end \n" },
};

static void test_strip(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(strips); i++) {
        struct str got = conftext_strip(arena, str_c(strips[i].text));
        if (!str_eq(got, str_c(strips[i].stripped)))
            fail_msg("row %zu: %.*s", i, STR_ARG(got));
    }
}

/* Bytes that are no text are kept, NUL too. */
static void test_bytes(void **state)
{
    (void)state;
    assert_str(conftext_strip(arena, STR("\0\xff\r\n" BLOCK "\0")), "\0\xff\r\n\0");
    assert_str(conftext_put(arena, STR("\0\n\xff"), STR("rcpt"), STR("  require acl = x\n"), 2),
               "\0\n" BLOCK "\xff");
}

struct option_row {
    const char *text, *value;    /* NULL: not set */
    bool varies;
};

static const struct option_row option_rows[] = {
    { "acl_smtp_rcpt = a\n", "a", false },
    { "  acl_smtp_rcpt=a  \r\n", "a", false },
    { "hide acl_smtp_rcpt = a\n", "a", false },
    { "acl_smtp_rcpt =\n", "", false },
    { "acl_smtp_rcpt_x = a\n", NULL, false },
    { "xacl_smtp_rcpt = a\n", NULL, false },
    { "# acl_smtp_rcpt = a\n", NULL, false },
    { "x = y \\\nacl_smtp_rcpt = a\n", NULL, false },
    { "x = y \\\n# remark\n acl_smtp_rcpt = a\n", NULL, false },
    { "# remark \\\nacl_smtp_rcpt = a\n", "a", false },
    { "begin acl\nacl_smtp_rcpt = a\n", NULL, false },
    { "acl_smtp_rcpt = a\nacl_smtp_rcpt = b\n", "b", true },
    { "acl_smtp_rcpt = a\nacl_smtp_rcpt = a\n", "a", false },
    { "A = B\nB = c\nacl_smtp_rcpt = A\n", "c", false },
    { "A == c\nacl_smtp_rcpt = A\n", "c", false },
    { "A = A\nacl_smtp_rcpt = A\n", "A", false },
    { "A = B\nB = A\nacl_smtp_rcpt = A\n", "A", false },
    { "acl_smtp_rcpt = NOT_A_MACRO\n", "NOT_A_MACRO", false },
    { "acl_smtp_rcpt = ${if A{b}{c}}\n", "${if A{b}{c}}", false },
};

static void test_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(option_rows); i++) {
        const struct option_row *r = &option_rows[i];
        struct str value = STR("");
        bool set = conftext_option(str_c(r->text), STR("acl_smtp_rcpt"), &value);
        if (set != (r->value != NULL) || (set && !str_eq(value, str_c(r->value))))
            fail_msg("row %zu: %d %.*s", i, set, STR_ARG(value));
        if (conftext_option_varies(str_c(r->text), STR("acl_smtp_rcpt")) != r->varies)
            fail_msg("row %zu: varies", i);
    }
}

static void test_list(void **state)
{
    (void)state;
    struct str text = STR("hostlist   relay_from_hosts = 127.0.0.1\n"
                          "domainlist local_domains=a:b\n#hostlist x = y\n"
                          "domainlist c = d : \\\n hostlist z = w\nbegin acl\nhostlist late = 1\n");
    assert_true(conftext_list(text, STR("hostlist"), STR("relay_from_hosts")));
    assert_true(conftext_list(text, STR("domainlist"), STR("local_domains")));
    assert_true(conftext_list(STR("hide domainlist  d = mysql;x\n"), STR("domainlist"), STR("d")));
    assert_false(conftext_list(text, STR("hostlist"), STR("local_domains")));
    assert_false(conftext_list(text, STR("hostlist"), STR("relay_from")));
    assert_false(conftext_list(text, STR("hostlist"), STR("x")));
    assert_false(conftext_list(text, STR("hostlist"), STR("z")));
    assert_false(conftext_list(text, STR("hostlist"), STR("late")));
}

static void test_places(void **state)
{
    (void)state;
    size_t at;
    struct str file;
    struct str text = STR("wrong:\nbegin acl\none:\n  accept\ntwo : # remark\n  deny message = x\\\n"
                          "three:\n  .include_if_exists /etc/theirs/connect.conf\n"
                          "  .include_if_exists  /etc/two.pre.conf\n  accept\nfour:\n"
                          ".include_if_exists HOOKS/x.pre.conf\nfive:\n"
                          ".include_if_exists /etc/theirs/mail.conf\nbegin routers\nsix:\n");
    assert_int_equal(conftext_main_end(text), strlen("wrong:\n"));
    assert_int_equal(conftext_main_end(STR("a = b\n")), 6);
    assert_true(conftext_acl(text, STR("one"), &at));
    assert_int_equal(at, strlen("wrong:\nbegin acl\none:\n"));
    assert_true(conftext_acl(text, STR("two"), &at));
    assert_false(conftext_acl(text, STR("three"), &at));   /* the rest of a line */
    assert_false(conftext_acl(text, STR("six"), &at));
    assert_false(conftext_acl(text, STR("wrong"), &at));
    assert_true(conftext_acl_hook(text, STR("two"), &file));
    assert_str(file, "/etc/two.pre.conf");
    assert_false(conftext_acl_hook(text, STR("one"), &file));
    assert_false(conftext_acl_hook(text, STR("four"), &file));
    assert_false(conftext_acl_hook(text, STR("five"), &file));
    assert_true(conftext_acl_name(STR("acl_check_rcpt")));
    assert_false(conftext_acl_name(STR("")));
    assert_false(conftext_acl_name(STR("${a}")));
    assert_false(conftext_acl_name(STR("/etc/acl")));
}

static void test_includes(void **state)
{
    (void)state;
    struct str file;
    struct str text = STR("a = b\n.include /etc/one\n  .include_if_exists two  \n.ifdef X\n"
                          "begin acl\n.include /etc/three\n");
    assert_true(conftext_include(&text, &file));
    assert_str(file, "/etc/one");
    assert_true(conftext_include(&text, &file));
    assert_str(file, "two");
    assert_false(conftext_include(&text, &file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),    cmocka_unit_test(test_strip), cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_option), cmocka_unit_test(test_list),  cmocka_unit_test(test_places),
        cmocka_unit_test(test_includes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
