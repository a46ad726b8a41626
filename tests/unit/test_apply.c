/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_apply - what an undo gives back when files have changed in between
 *
 * The plain way, there and back, is tested end to end.
 */
#define _GNU_SOURCE
#include "kit/apply.h"

#include <fcntl.h>
#include <sys/inotify.h>

#include "kitmake.h"

#define CONF "/etc/exim/exim.conf"
#define FIRST "acl_smtp_rcpt = a\nbegin acl\na:\n  accept\n"
#define UPGRADED "# version 2\n" FIRST "b:\n  deny\n"

static struct plan plan;
static struct apply apply;

/* Returns how many files changed. */
static int carry_out(void)
{
    struct plan_options o = { .socket = NULL };
    if (apply_open(&apply, &fs, arena, &err) != 0 || plan_make(&plan, &fs, arena, &o, &err) != 0)
        fail_msg("%s", err.text);
    apply_keep(&apply, &plan);
    int changed = apply_plan(&apply, &plan, &err);
    if (changed < 0)
        fail_msg("%s", err.text);
    return changed;
}

static void take_back(void)
{
    if (apply_open(&apply, &fs, arena, &err) != 0 || apply_undo(&apply, &err) != 0)
        fail_msg("%s", err.text);
}

static void assert_file(const char *path, const char *text)
{
    struct place_file f;
    assert_int_equal(place_read(&fs, arena, str_c(path), &f, &err), 0);
    if (f.exists != (text != NULL) || (text != NULL && !str_eq(f.text, str_c(text))))
        fail_msg("%s: %.*s", path, STR_ARG(f.text));
}

static void test_there_and_back(void **state)
{
    (void)state;
    tree_file(CONF, FIRST);
    assert_true(carry_out() > 5);
    assert_int_equal(carry_out(), 0);
    take_back();
    assert_file(CONF, FIRST);
    assert_file("/etc/exim/postern/ask", NULL);
    assert_false(place_exists(&fs, STR(APPLY_FOLDER)));
}

/* An upgrade replaced the file, and the plan was carried out on the new one. */
static void test_replaced(void **state)
{
    (void)state;
    tree_file(CONF, FIRST);
    carry_out();
    tree_file(CONF, UPGRADED);
    assert_int_equal(carry_out(), 1);
    take_back();
    assert_file(CONF, UPGRADED);
}

/* Somebody has put his own lines into a file that we made, and broke ours. */
static void test_created_then_edited(void **state)
{
    (void)state;
    const char *macros = "/etc/exim4/exim4.conf.localmacros";
    tree_file("/etc/exim4/update-exim4.conf.conf", "dc_use_split_config='false'\n");
    tree_file("/etc/exim4/exim4.conf.template",
              "MAIN_ACL_CHECK_RCPT = acl_check_rcpt\nacl_smtp_rcpt = MAIN_ACL_CHECK_RCPT\n"
              "begin acl\nacl_check_rcpt:\n  accept\n");
    carry_out();
    tree_file(macros, "MINE = 1\n# postern begin options\n# postern end options\n"
                      "MINE_TOO = 2\n");
    assert_int_equal(carry_out(), 1);
    take_back();
    assert_file(macros, "MINE = 1\nMINE_TOO = 2\n");
}

/* What the manual invites to: lines of one's own in a file of the kit. They outlive the next
 * --apply, but not other settings, which that file holds. */
static void test_kit_edited(void **state)
{
    (void)state;
    const char *exempt = "/etc/exim/postern/exempt";
    struct plan_options o = { .socket = "/run/other" };
    tree_file(CONF, FIRST);
    carry_out();
    tree_file(exempt, "accept hosts = 192.0.2.7\n");
    tree_file("/etc/exim/postern/ask", "accept\n");
    size_t notes = plan.notes.n;
    assert_int_equal(carry_out(), 0);
    assert_int_equal(plan.notes.n, notes + 2);
    assert_file(exempt, "accept hosts = 192.0.2.7\n");
    assert_int_equal(plan_make(&plan, &fs, arena, &o, &err), 0);
    apply_keep(&apply, &plan);
    assert_int_equal(apply_plan(&apply, &plan, &err), 1);
    assert_file(exempt, "accept hosts = 192.0.2.7\n");
    take_back();
    assert_file(exempt, NULL);
    assert_file(CONF, FIRST);
    assert_true(place_exists(&fs, STR(APPLY_FOLDER "/1.edited")));   /* exempt is the second */
}

/* A file that can neither be written nor put back: that is said, and can be undone later. */
static void test_half(void **state)
{
    (void)state;
    struct plan_options o = { .socket = NULL };
    tree_file(CONF, FIRST);
    assert_int_equal(apply_open(&apply, &fs, arena, &err), 0);
    assert_int_equal(plan_make(&plan, &fs, arena, &o, &err), 0);
    tree_folder("/etc/exim/postern/quit");
    assert_int_equal(apply_plan(&apply, &plan, &err), -1);
    assert_true(apply.half);
    assert_file(CONF, FIRST);
    assert_file("/etc/exim/postern/ask", NULL);
    assert_int_equal(rmdir(tree_path("/etc/exim/postern/quit")), 0);
    take_back();
    assert_false(place_exists(&fs, STR(APPLY_FOLDER)));
}

/* Whoever could write our list would choose what is written as root. */
static void test_foreign_list(void **state)
{
    (void)state;
    static const char *const files[] = { APPLY_FOLDER "/list", APPLY_FOLDER "/0.after" };
    if (geteuid() != 0)
        skip();
    tree_file(CONF, FIRST);
    carry_out();
    for (size_t i = 0; i < ROWS(files); i++) {
        assert_int_equal(chown(tree_path(files[i]), 65534, 65534), 0);
        assert_int_equal(apply_open(&apply, &fs, arena, &err), -1);
        assert_int_equal(err.kind, ERR_ACCESS);
        assert_int_equal(chown(tree_path(files[i]), 0, 0), 0);
        assert_int_equal(chmod(tree_path(files[i]), 0666), 0);
        assert_int_equal(apply_open(&apply, &fs, arena, &err), -1);
        assert_int_equal(chmod(tree_path(files[i]), 0600), 0);
    }
    take_back();
}

/* Killed between two files: what was written so far is taken back, and what had no name yet. */
static void test_killed(void **state)
{
    (void)state;
    tree_file(CONF, FIRST);
    carry_out();
    tree_file(CONF, FIRST);
    tree_file("/etc/exim/.postern-exim.conf", "half");
    assert_int_equal(remove(tree_path("/etc/exim/postern/quit")), 0);
    tree_file("/etc/exim/postern/.postern-quit", "half");
    take_back();
    assert_file(CONF, FIRST);
    assert_file("/etc/exim/.postern-exim.conf", NULL);
    assert_false(place_is_folder(&fs, STR("/etc/exim/postern")));
}

/* Killed in the middle of it, an undo must leave no list that names copies which are gone: nothing
 * could be done with that any more. */
static void test_list_goes_first(void **state)
{
    (void)state;
    _Alignas(struct inotify_event) char events[4096];
    tree_file(CONF, FIRST);
    carry_out();
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(inotify_add_watch(fd, tree_path(APPLY_FOLDER), IN_DELETE) >= 0);
    take_back();
    assert_true(read(fd, events, sizeof events) > 0);
    assert_string_equal(((const struct inotify_event *)(const void *)events)->name, "list");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_there_and_back), CASE(test_replaced), CASE(test_created_then_edited),
        CASE(test_kit_edited),     CASE(test_half),     CASE(test_foreign_list),
        CASE(test_list_goes_first), CASE(test_killed),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
