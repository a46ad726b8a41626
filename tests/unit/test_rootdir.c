/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rootdir - files below a root that customers had their hands on
 *
 * Beside the root lies a file that must never be read; in it are links of root and of customers, a
 * FIFO, a folder, a file that is too long.
 */
#define _GNU_SOURCE
#include "tables/rootdir.h"

#include "treemake.h"

#define CUSTOMER 12345u

static struct rootdir tree;
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
    assert_int_equal(rootdir_open(&tree, tree_root, &err), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rootdir_close(&tree);
    buf_fini(&bytes);
    return 0;
}

static void test_read(void **state)
{
    (void)state;
    static const struct { const char *path; enum rootdir_read rc; const char *text; } rows[] = {
        { "/etc/aliases", ROOTDIR_OK, "text" },
        { "//etc/./aliases.real", ROOTDIR_OK, "text" },
        { "/etc/up", ROOTDIR_OK, "inside" },
        { "/etc/escape", ROOTDIR_OK, "inside" },
        { "/etc/absolute", ROOTDIR_OK, "inside" },
        { "/../secret", ROOTDIR_OK, "inside" },
        { "/home/joe/passwd", ROOTDIR_OK, "joe" },
        { "/home/joe/shadow", ROOTDIR_ABSENT, NULL },
        { "/nowhere/at/all", ROOTDIR_ABSENT, NULL },
        { "/secret/below", ROOTDIR_ABSENT, NULL },
        { "/dangling", ROOTDIR_ABSENT, NULL },
        { "/loop", ROOTDIR_BROKEN, NULL },
        { "/fifo", ROOTDIR_BROKEN, NULL },
        { "/etc", ROOTDIR_BROKEN, NULL },
        { "/", ROOTDIR_BROKEN, NULL },
        { "/long", ROOTDIR_BROKEN, NULL },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct err err = { 0 };
        enum rootdir_read rc = rootdir_read(&tree, rows[i].path, &bytes, NULL, &err);
        if (rc != rows[i].rc || (rc == ROOTDIR_OK && !str_eq(buf_str(&bytes), str_c(rows[i].text))))
            fail_msg("%s: %d %.*s %s", rows[i].path, rc, STR_ARG(buf_str(&bytes)), err.text);
        assert_int_equal(rc == ROOTDIR_BROKEN, err.text[0] != '\0');
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
    assert_int_equal(rootdir_read(&tree, "/home2/joe/link", &bytes, &root_owned, &err), ROOTDIR_OK);
    if (geteuid() != 0)
        skip();
    assert_true(root_owned);
    assert_true(tree_give("/home2/joe/own", CUSTOMER));
    assert_true(tree_give("/home2/joe/link", CUSTOMER));
    assert_true(tree_give("/home2/joe/folder", CUSTOMER));
    assert_int_equal(rootdir_read(&tree, "/home2/joe/own", &bytes, &root_owned, &err), ROOTDIR_OK);
    assert_false(root_owned);
    assert_int_equal(rootdir_read(&tree, "/home2/joe/link", &bytes, NULL, &err), ROOTDIR_BROKEN);
    assert_int_equal(rootdir_read(&tree, "/home2/joe/folder/aliases", &bytes, NULL, &err),
                     ROOTDIR_BROKEN);
    assert_null(rootdir_folder(&tree, "/home2/joe/folder"));
}

static void test_many_links(void **state)
{
    (void)state;
    struct err err;
    char name[32], target[32];
    tree_file("/l0", "end");
    for (unsigned i = 1; i <= ROOTDIR_LINKS_MAX + 1; i++) {
        snprintf(name, sizeof name, "/l%u", i);
        snprintf(target, sizeof target, "l%u", i - 1);
        tree_link(name, target);
    }
    snprintf(name, sizeof name, "/l%u", ROOTDIR_LINKS_MAX);
    assert_int_equal(rootdir_read(&tree, name, &bytes, NULL, &err), ROOTDIR_OK);
    snprintf(name, sizeof name, "/l%u", ROOTDIR_LINKS_MAX + 1);
    assert_int_equal(rootdir_read(&tree, name, &bytes, NULL, &err), ROOTDIR_BROKEN);
}

static void test_folder(void **state)
{
    (void)state;
    size_t names = 0;
    DIR *d = rootdir_folder(&tree, "/home/joe");
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        names += strcmp(e->d_name, "passwd") == 0;
    closedir(d);
    assert_int_equal(names, 1);
    assert_null(rootdir_folder(&tree, "/secret"));
    assert_null(rootdir_folder(&tree, "/none"));
}

/* Each way in which a file changes gives another number; looking does not. */
static void test_look(void **state)
{
    (void)state;
    struct rootdir_print none = rootdir_look(&tree, "/none");
    assert_int_equal(none.print, 1);
    assert_int_equal(none.age_ms, -1);
    struct rootdir_print first = rootdir_look(&tree, "/secret");
    assert_in_range(first.age_ms, 0, 60000);
    assert_int_equal(rootdir_look(&tree, "/secret").print, first.print);
    usleep(60000);
    assert_in_range(rootdir_look(&tree, "/secret").age_ms, 50, 60000);
    tree_file("/secret", "INSIDE");
    struct rootdir_print second = rootdir_look(&tree, "/secret");
    assert_true(second.print != first.print && second.place == first.place);
    tree_file("/other", "INSIDE");
    assert_int_equal(rename(tree_path("/other"), tree_path("/secret")), 0);
    struct rootdir_print third = rootdir_look(&tree, "/secret");
    assert_true(third.print != second.print && third.place != second.place && third.print > 1);
    uint64_t folder = rootdir_look(&tree, "/etc").print;
    usleep(20000);
    tree_file("/etc/new", "");
    assert_true(rootdir_look(&tree, "/etc").print != folder);
    uint64_t linked = rootdir_look(&tree, "/etc/aliases").print;
    tree_file("/etc/aliases.real", "other text");
    assert_true(rootdir_look(&tree, "/etc/aliases").print != linked);
    assert_int_equal(remove(tree_path("/secret")), 0);
    assert_int_equal(rootdir_look(&tree, "/secret").print, 1);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(test_read), FRESH(test_customer_links), FRESH(test_many_links), FRESH(test_folder),
        FRESH(test_look),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
