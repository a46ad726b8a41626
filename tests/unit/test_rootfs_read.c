/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rootfs_read - files below a root that customers had their hands on
 *
 * Beside the root lies a file that must never be read; in it are links of root and of customers, a
 * FIFO, a folder, a file that is too long.
 */
#define _GNU_SOURCE
#include "base/rootfs.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/landlock.h"
#include "treemake.h"

#define CUSTOMER 12345u

static struct rootfs tree;
static struct buf bytes;

static int setup(void **state)
{
    struct err err;
    (void)state;
    tree_new();
    logmake_file("secret", STR("outside"));
    tree_file("/secret", "inside");
    tree_file("/etc/aliases.real", "text");
    tree_link("/etc/aliases", "aliases.real");
    tree_link("/etc/up", "../secret");
    tree_link("/etc/escape", "../../../../../../secret");
    tree_link("/etc/absolute", "/secret");
    tree_link("/home", "/home2");
    tree_file("/home2/joe/passwd", "joe");
    tree_link("/loop", "loop");
    tree_link("/dangling", "/no/such");
    tree_fifo("/fifo");
    tree_file("/long", "0123456789012345678901234567890123456789");
    buf_init(&bytes, 32);
    assert_int_equal(rootfs_init(&tree, tree_root, &err), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rootfs_fini(&tree);
    buf_fini(&bytes);
    return 0;
}

static void test_read(void **state)
{
    (void)state;
    static const struct { const char *path; enum rootfs_read rc; const char *text; } rows[] = {
        { "/etc/aliases", ROOTFS_OK, "text" },
        { "//etc/./aliases.real", ROOTFS_OK, "text" },
        { "/etc/up", ROOTFS_OK, "inside" },
        { "/etc/escape", ROOTFS_OK, "inside" },
        { "/etc/absolute", ROOTFS_OK, "inside" },
        { "/../secret", ROOTFS_OK, "inside" },
        { "/home/joe/passwd", ROOTFS_OK, "joe" },
        { "/home/joe/shadow", ROOTFS_ABSENT, NULL },
        { "/nowhere/at/all", ROOTFS_ABSENT, NULL },
        { "/secret/below", ROOTFS_ABSENT, NULL },
        { "/dangling", ROOTFS_ABSENT, NULL },
        { "/loop", ROOTFS_BROKEN, NULL },
        { "/fifo", ROOTFS_BROKEN, NULL },
        { "/etc", ROOTFS_BROKEN, NULL },
        { "/", ROOTFS_BROKEN, NULL },
        { "/long", ROOTFS_BROKEN, NULL },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct err err = { 0 };
        enum rootfs_read rc = rootfs_read(&tree, str_c(rows[i].path), &bytes, NULL, &err);
        if (rc != rows[i].rc || (rc == ROOTFS_OK && !str_eq(buf_str(&bytes), str_c(rows[i].text))))
            fail_msg("%s: %d %.*s %s", rows[i].path, rc, STR_ARG(buf_str(&bytes)), err.text);
        assert_int_equal(rc == ROOTFS_BROKEN, err.text[0] != '\0');
    }
}

static void test_customer_links(void **state)
{
    (void)state;
    struct err err;
    bool root_owned;
    tree_file("/home2/joe/own", "x");
    tree_link("/home2/joe/link", "/secret");
    tree_link("/home2/joe/folder", "/etc");
    assert_int_equal(rootfs_read(&tree, STR("/home2/joe/link"), &bytes, &root_owned, &err),
                     ROOTFS_OK);
    if (geteuid() != 0)
        skip();
    assert_true(root_owned);
    assert_true(tree_give("/home2/joe/own", CUSTOMER));
    assert_true(tree_give("/home2/joe/link", CUSTOMER));
    assert_true(tree_give("/home2/joe/folder", CUSTOMER));
    assert_int_equal(rootfs_read(&tree, STR("/home2/joe/own"), &bytes, &root_owned, &err),
                     ROOTFS_OK);
    assert_false(root_owned);
    assert_int_equal(rootfs_read(&tree, STR("/home2/joe/link"), &bytes, NULL, &err), ROOTFS_BROKEN);
    assert_int_equal(rootfs_read(&tree, STR("/home2/joe/folder/aliases"), &bytes, NULL, &err),
                     ROOTFS_BROKEN);
    assert_null(rootfs_folder(&tree, STR("/home2/joe/folder"), ROOTFS_OUR_LINKS));
}

static void test_many_links(void **state)
{
    (void)state;
    struct err err;
    char name[32], target[32];
    tree_file("/l0", "end");
    for (unsigned i = 1; i <= ROOTFS_LINKS_MAX + 1; i++) {
        snprintf(name, sizeof name, "/l%u", i);
        snprintf(target, sizeof target, "l%u", i - 1);
        tree_link(name, target);
    }
    snprintf(name, sizeof name, "/l%u", ROOTFS_LINKS_MAX);
    assert_int_equal(rootfs_read(&tree, str_c(name), &bytes, NULL, &err), ROOTFS_OK);
    snprintf(name, sizeof name, "/l%u", ROOTFS_LINKS_MAX + 1);
    assert_int_equal(rootfs_read(&tree, str_c(name), &bytes, NULL, &err), ROOTFS_BROKEN);
}

static void test_folder(void **state)
{
    (void)state;
    size_t names = 0;
    DIR *d = rootfs_folder(&tree, STR("/home/joe"), ROOTFS_OUR_LINKS);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        names += strcmp(e->d_name, "passwd") == 0;
    closedir(d);
    assert_int_equal(names, 1);
    assert_null(rootfs_folder(&tree, STR("/secret"), ROOTFS_OUR_LINKS));
    assert_null(rootfs_folder(&tree, STR("/none"), ROOTFS_OUR_LINKS));
}

/* Each way in which a file changes gives another number; looking does not. */
static void test_look(void **state)
{
    (void)state;
    struct rootfs_print none = rootfs_look(&tree, "/none");
    assert_int_equal(none.print, 1);
    assert_int_equal(none.age_ms, -1);
    struct rootfs_print first = rootfs_look(&tree, "/secret");
    assert_in_range(first.age_ms, 0, 60000);
    assert_int_equal(rootfs_look(&tree, "/secret").print, first.print);
    usleep(60000);
    assert_in_range(rootfs_look(&tree, "/secret").age_ms, 50, 60000);
    tree_file("/secret", "INSIDE");
    struct rootfs_print second = rootfs_look(&tree, "/secret");
    assert_true(second.print != first.print && second.place == first.place);
    tree_file("/other", "INSIDE");
    assert_int_equal(rename(tree_path("/other"), tree_path("/secret")), 0);
    struct rootfs_print third = rootfs_look(&tree, "/secret");
    assert_true(third.print != second.print && third.place != second.place && third.print > 1);
    uint64_t folder = rootfs_look(&tree, "/etc").print;
    usleep(20000);
    tree_file("/etc/new", "");
    assert_true(rootfs_look(&tree, "/etc").print != folder);
    uint64_t linked = rootfs_look(&tree, "/etc/aliases").print;
    tree_file("/etc/aliases.real", "other text");
    assert_true(rootfs_look(&tree, "/etc/aliases").print != linked);
    assert_int_equal(remove(tree_path("/secret")), 0);
    assert_int_equal(rootfs_look(&tree, "/secret").print, 1);
}

/* A folder is replaced: who forgets reads the new one, as whoever looks for changes sees it. */
static void test_forget(void **state)
{
    (void)state;
    struct err err;
    rootfs_forget(&tree);
    tree_file("/lists/a/one", "old");
    tree_file("/fresh/a/one", "new");
    assert_int_equal(rootfs_read(&tree, STR("/lists/a/one"), &bytes, NULL, &err), ROOTFS_OK);
    assert_str(buf_str(&bytes), "old");
    assert_int_equal(rename(tree_path("/lists/a"), tree_path("/lists/b")), 0);
    assert_int_equal(rename(tree_path("/fresh/a"), tree_path("/lists/a")), 0);
    assert_int_equal(rootfs_read(&tree, STR("/lists/a/one"), &bytes, NULL, &err), ROOTFS_OK);
    assert_str(buf_str(&bytes), "new");
}

/* As with a folder that only lets through: Landlock, or a mode of 0711. */
static void test_closed_root(void **state)
{
    (void)state;
    struct err err;
    int status;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(logmake_dir, 0711) + chmod(tree_root, 0711), 0);
    assert_int_equal(chmod(tree_path("/etc"), 0711) + chmod(tree_path("/etc/aliases"), 0644), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rootfs fs;
        if (setgid(CUSTOMER) != 0 || setuid(CUSTOMER) != 0)
            _exit(2);
        if (rootfs_init(&fs, tree_root, &err) != 0)
            _exit(3);
        _exit(rootfs_read(&fs, STR("/etc/aliases"), &bytes, NULL, &err) == ROOTFS_OK ? 0 : 4);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Why a file cannot be read: by its mode, or by a confinement. */
static void test_permitted(void **state)
{
    (void)state;
    struct err err;
    int status;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(logmake_dir, 0711) + chmod(tree_root, 0755), 0);
    assert_int_equal(chmod(tree_path("/etc"), 0755) + chmod(tree_path("/etc/aliases"), 0644), 0);
    assert_int_equal(chmod(tree_path("/home2/joe/passwd"), 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rootfs fs;
        struct landlock_path open_to_us = { tree_path("/home2"), false };
        struct landlock_rules rules = { .reading = true, .paths = &open_to_us, .path_count = 1 };
        if (setgid(CUSTOMER) != 0 || setuid(CUSTOMER) != 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || rootfs_init(&fs, tree_root, &err) != 0)
            _exit(2);
        if (landlock_apply(&rules) == 0)
            _exit(77);
        if (rootfs_read(&fs, STR("/etc/aliases"), &bytes, NULL, &err) != ROOTFS_BROKEN ||
            err.kind != ERR_ACCESS || !rootfs_permitted(&fs, "/etc/aliases"))
            _exit(3);
        if (rootfs_read(&fs, STR("/home2/joe/passwd"), &bytes, NULL, &err) != ROOTFS_BROKEN ||
            err.kind != ERR_ACCESS || rootfs_permitted(&fs, "/home2/joe/passwd"))
            _exit(4);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A buffer that is full to the last byte, and one byte more. */
static void test_ceiling(void **state)
{
    (void)state;
    struct err err;
    struct buf small;
    for (size_t max = 4; max <= 6; max++) {
        buf_init(&small, max);
        enum rootfs_read rc = rootfs_read(&tree, STR("/etc/aliases"), &small, NULL, &err);
        assert_int_equal(rc, max > 4 ? ROOTFS_OK : ROOTFS_BROKEN);
        buf_fini(&small);
    }
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(test_read), FRESH(test_customer_links), FRESH(test_many_links), FRESH(test_folder),
        FRESH(test_look), FRESH(test_forget), FRESH(test_closed_root),
        FRESH(test_permitted), FRESH(test_ceiling),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
