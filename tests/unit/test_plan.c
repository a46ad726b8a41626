/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_plan - options, layouts, and the words of the kit that are replaced
 *
 * What is written on each kind of server is tested end to end.
 */
#define _GNU_SOURCE
#include "kit/plan.h"

#include "kit/texts.h"
#include "kitmake.h"

static struct plan plan;

static size_t times(const char *word)
{
    size_t n = 0;
    for (const struct kit_text *t = kit_texts; t->name != NULL; t++) {
        struct str rest = str_c(t->text);
        size_t at;
        while ((at = str_find(rest, str_c(word))) != STR_NONE) {
            rest = str_skip(rest, at + 1);
            n++;
        }
    }
    return n;
}

/* Each word is there, and but for the folder only once: nothing else is replaced by mistake. */
static void test_words(void **state)
{
    (void)state;
    assert_int_equal(times(KIT_SOCKET), 1);
    assert_int_equal(times("{" KIT_TIMEOUT "}"), 1);
    assert_int_equal(times(KIT_HOSTS), 1);
    assert_int_equal(times(KIT_DOMAINS), 1);
    assert_true(times(KIT_FOLDER) > 5);
}

struct option_case {
    struct plan_options o;
    bool good;
};

static const struct option_case option_cases[] = {
    { { .socket = NULL }, true },
    { { .socket = "/run/x" }, true },
    { { .socket = "inet:127.0.0.1:10040" }, true },
    { { .socket = "inet:[::1]:10040" }, true },
    { { .socket = "inet:127.0.0.1:0" }, false },
    { { .socket = "inet:127.0.0.1" }, false },
    { { .socket = "inet:$host:1" }, false },
    { { .socket = "/run/a b" }, false },
    { { .socket = "/run/$x" }, false },
    { { .socket = "/run/\n" }, false },
    { { .socket = "/" }, false },
    { { .socket = "" }, false },
    { { .timeout = "3" }, true },
    { { .timeout = "600s" }, true },
    { { .timeout = "2m" }, true },
    { { .timeout = "601" }, false },
    { { .timeout = "11m" }, false },
    { { .timeout = "0s" }, false },
    { { .timeout = "1h" }, false },
    { { .timeout = "" }, false },
    { { .timeout = "-1" }, false },
    { { .layout = "plain" }, true },
    { { .layout = "Plain" }, false },
    { { .config = "/etc/exim/exim.conf" }, true },
    { { .config = "exim.conf" }, false },
    { { .layout = "cpanel", .config = "/etc/exim.conf" }, false },
};

static void test_options(void **state)
{
    (void)state;
    tree_file("/etc/exim/exim.conf", "acl_smtp_rcpt = a\nbegin acl\na:\n  accept\n");
    for (size_t i = 0; i < ROWS(option_cases); i++) {
        int rc = plan_make(&plan, &fs, arena, &option_cases[i].o, &err);
        if ((rc == 0) != option_cases[i].good || (rc != 0 && err.kind != ERR_USAGE))
            fail_msg("row %zu: %d %s", i, rc, rc == 0 ? "" : err.text);
    }
}

static void assert_layout(enum plan_layout layout, const char *folder)
{
    struct plan_options o = { .socket = NULL };
    if (plan_make(&plan, &fs, arena, &o, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(plan.layout, layout);
    assert_true(str_eq(plan.folder, str_c(folder)));
    assert_true(plan.wired[PLAN_RCPT]);
}

#define ONE "acl_smtp_rcpt = a\nbegin acl\na:\n  accept\n"

static void test_plain_places(void **state)
{
    (void)state;
    struct plan_options o = { .socket = NULL };
    assert_int_equal(plan_make(&plan, &fs, arena, &o, &err), -1);
    assert_int_equal(err.kind, ERR_USAGE);
    tree_file("/usr/local/etc/exim/configure", ONE);
    assert_layout(PLAN_PLAIN, "/usr/local/etc/exim/postern");
    tree_file("/etc/exim.conf", ONE);
    assert_layout(PLAN_PLAIN, "/etc/exim/postern");
    tree_file("/etc/exim4/exim4.conf", ONE);
    assert_layout(PLAN_PLAIN, "/etc/exim4/postern");
}

/* A panel is known before what it stands on. */
static void test_layouts(void **state)
{
    (void)state;
    tree_file("/etc/exim4/update-exim4.conf.conf", "dc_use_split_config='false'\n");
    tree_file("/etc/exim4/exim4.conf.template",
              "MAIN_ACL_CHECK_RCPT = acl_check_rcpt\nacl_smtp_rcpt = MAIN_ACL_CHECK_RCPT\n"
              "begin acl\nacl_check_rcpt:\n  accept\n");
    assert_layout(PLAN_DEBIAN, "/etc/exim4/postern");
    assert_false(plan.later[PLAN_RCPT]);
    tree_folder("/usr/local/vesta");
    assert_layout(PLAN_HESTIA, "/etc/exim4/postern");
    tree_folder("/usr/local/cpanel/etc/exim/acls/ACL_RECIPIENT_BLOCK");
    assert_layout(PLAN_CPANEL, "/etc/exim/postern");
    assert_true(plan.later[PLAN_RCPT]);
    assert_false(plan.wired[PLAN_CONNECT]);
    assert_true(plan.notes.n >= 3);
}

/* cPanel's own switch is not overruled, but told. */
static void test_cpanel_switch(void **state)
{
    (void)state;
    struct plan_options o = { .socket = NULL };
    tree_folder("/usr/local/cpanel/etc/exim/acls/ACL_RECIPIENT_BLOCK");
    tree_file("/etc/exim.conf.localopts", "acl_custom_begin_recipient=0\n");
    assert_int_equal(plan_make(&plan, &fs, arena, &o, &err), -1);
    tree_file("/etc/exim.conf.localopts", "acl_custom_begin_recipient=1\n");
    assert_layout(PLAN_CPANEL, "/etc/exim/postern");
}

static const char *kit_exempt(void)
{
    for (size_t i = 0; i < plan.edit_count; i++) {
        if (str_ends(plan.edits[i].path, STR("/exempt")))
            return plan.edits[i].text.p;     /* of the arena: it ends with a NUL */
    }
    return "";
}

/* Lists that stand in a file which is included, as DirectAdmin's relay_hosts do. */
static void test_lists_included(void **state)
{
    (void)state;
    struct plan_options o = { .layout = "directadmin" };
    tree_file("/etc/exim.conf",
              "acl_smtp_rcpt = acl_check_recipient\n.include /etc/exim.variables.conf\n"
              "hostlist whitelist_hosts_ip = /etc/virtual/whitelist_hosts_ip\n"
              "begin acl\nacl_check_recipient:\n"
              "  .include_if_exists /etc/exim.acl_check_recipient.pre.conf\n  accept\n");
    assert_int_equal(plan_make(&plan, &fs, arena, &o, &err), 0);
    assert_non_null(strstr(kit_exempt(), "accept hosts = : +whitelist_hosts_ip : 127.0.0.1 : ::::1\n"));
    tree_file("/etc/exim.variables.conf", "smtp_accept_max=100\nhostlist relay_hosts=\n");
    assert_int_equal(plan_make(&plan, &fs, arena, &o, &err), 0);
    assert_non_null(strstr(kit_exempt(), "accept hosts = : +relay_hosts : +whitelist_hosts_ip\n"));
}

/* Vesta on CentOS has no template of Debian's. */
static void test_vesta_plain(void **state)
{
    (void)state;
    tree_folder("/usr/local/vesta");
    tree_file("/etc/exim/exim.conf", ONE);
    assert_layout(PLAN_PLAIN, "/etc/exim/postern");
}

/* What is no part of Debian's configuration: leftovers of upgrades, and folders. */
static void test_split_leftovers(void **state)
{
    (void)state;
    tree_file("/etc/exim4/update-exim4.conf.conf", "dc_use_split_config='true'\n");
    tree_file("/etc/exim4/conf.d/main/02_options",
              "MAIN_ACL_CHECK_RCPT = acl_check_rcpt\nacl_smtp_rcpt = MAIN_ACL_CHECK_RCPT\n");
    tree_file("/etc/exim4/conf.d/main/02_options.dpkg-old", "acl_smtp_rcpt = other\n");
    tree_file("/etc/exim4/conf.d/main/02_options~", "acl_smtp_rcpt = other\n");
    tree_folder("/etc/exim4/conf.d/main/attic");
    tree_file("/etc/exim4/conf.d/acl/30_rcpt", "acl_check_rcpt:\n  accept\n");
    assert_layout(PLAN_DEBIAN_SPLIT, "/etc/exim4/postern");
}

static void test_names(void **state)
{
    (void)state;
    enum plan_layout layout;
    for (int i = 0; i < PLAN_LAYOUTS; i++) {
        assert_int_equal(plan_layout_parse(str_c(plan_layout_name((enum plan_layout)i)), &layout), 0);
        assert_int_equal(layout, i);
    }
    assert_int_equal(plan_layout_parse(STR("sendmail"), &layout), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_words),   CASE(test_options),       CASE(test_plain_places),
        CASE(test_layouts), CASE(test_cpanel_switch), CASE(test_names),
        CASE(test_vesta_plain), CASE(test_split_leftovers),
        CASE(test_lists_included),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
