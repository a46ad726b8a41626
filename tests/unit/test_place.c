/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_place - files replaced whole, with their owner and mode, and never outside of the root
 *
 * Some cases need root, to give files to others; they are left out without.
 */
#define _GNU_SOURCE
#include "kit/place.h"

#include <dirent.h>

#include "kitmake.h"


static struct place_file read_file(const char *path)
{
    struct place_file f;
    assert_int_equal(place_read(&fs, arena, str_c(path), &f, &err), 0);
    return f;
}

/* No file of ours is left beside what was written. */
static void assert_tidy(const char *folder)
{
    DIR *d = opendir(tree_path(folder));
    const struct dirent *e;
    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        assert_null(strstr(e->d_name, ".postern-"));
    closedir(d);
}

static void test_write(void **state)
{
    (void)state;
    struct stat st;
    struct place_file f = read_file("/etc/conf");
    assert_false(f.exists);
    assert_int_equal(f.mode, 0644);
    assert_int_equal(place_write(&fs, STR("/etc/conf"), STR("x"), &f, &err), -1);
    tree_folder("/etc");
    mode_t mask = umask(077);
    assert_int_equal(place_write(&fs, STR("/etc/conf"), STR("new\0text"), &f, &err), 0);
    umask(mask);
    f = read_file("/etc/conf");
    assert_true(f.exists);
    assert_str(f.text, "new\0text");
    assert_int_equal(f.mode, 0644);
    assert_int_equal(chmod(tree_path("/etc/conf"), 0640), 0);
    bool given = tree_give("/etc/conf", 12345);
    f = read_file("/etc/conf");
    assert_int_equal(place_write(&fs, STR("/etc/conf"), STR("again"), &f, &err), 0);
    assert_int_equal(stat(tree_path("/etc/conf"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    if (given)
        assert_int_equal(st.st_uid, 12345);
    assert_tidy("/etc");
}

/* What a run left that was killed goes with the next write, or when it is told to. */
static void test_leftover(void **state)
{
    (void)state;
    static const char *const left = "/etc/.postern-conf";
    tree_file("/etc/conf", "old");
    struct place_file f = read_file("/etc/conf");
    tree_file(left, "half");
    assert_int_equal(place_write(&fs, STR("/etc/conf"), STR("new"), &f, &err), 0);
    assert_str(read_file("/etc/conf").text, "new");
    assert_tidy("/etc");
    tree_link(left, "conf");
    assert_int_equal(place_write(&fs, STR("/etc/conf"), STR("newer"), &f, &err), 0);
    assert_tidy("/etc");
    tree_file(left, "half");
    place_tidy(&fs, STR("/etc/conf"));
    assert_tidy("/etc");
    assert_str(read_file("/etc/conf").text, "newer");
    place_tidy(&fs, STR("/none/conf"));
}

static void test_links(void **state)
{
    (void)state;
    struct place_file f = { .mode = 0644, .uid = geteuid(), .gid = getegid() };
    tree_file("/a/real", "old");
    tree_link("/a/link", "/a/real");
    tree_link("/a/out", "../../../../../../../../tmp/postern-must-not-be");
    assert_int_equal(place_write(&fs, STR("/a/link"), STR("new"), &f, &err), 0);
    assert_str(read_file("/a/real").text, "new");
    /* a link that leads nowhere is replaced itself, and nothing is made behind it */
    assert_int_equal(place_write(&fs, STR("/a/out"), STR("here"), &f, &err), 0);
    assert_str(read_file("/a/out").text, "here");
    assert_int_not_equal(access("/tmp/postern-must-not-be", F_OK), 0);
    if (geteuid() == 0) {   /* somebody else's link does not count */
        tree_link("/a/theirs", "/a/real");
        assert_true(tree_give("/a/theirs", 12345));
        assert_int_equal(place_write(&fs, STR("/a/theirs"), STR("bad"), &f, &err), -1);
        assert_int_equal(place_read(&fs, arena, STR("/a/theirs"), &f, &err), -1);
        assert_str(read_file("/a/real").text, "new");
    }
    assert_tidy("/a");
}

static void test_remove(void **state)
{
    (void)state;
    tree_file("/x/file", "a");
    assert_int_equal(place_remove(&fs, STR("/x/file"), &err), 0);
    assert_int_equal(place_remove(&fs, STR("/x/file"), &err), 0);
    assert_int_equal(place_remove(&fs, STR("/none/file"), &err), 0);
    assert_false(place_exists(&fs, STR("/x/file")));
    assert_int_equal(place_folder(&fs, STR("/x"), 0755, &err), 0);
    assert_int_equal(place_folder(&fs, STR("/x/y"), 0700, &err), 1);
    assert_true(place_is_folder(&fs, STR("/x/y")));
    tree_file("/x/y/keep", "");
    place_folder_remove(&fs, STR("/x/y"));
    assert_true(place_is_folder(&fs, STR("/x/y")));
    assert_int_equal(place_remove(&fs, STR("/x/y/keep"), &err), 0);
    place_folder_remove(&fs, STR("/x/y"));
    assert_false(place_is_folder(&fs, STR("/x/y")));
    assert_int_equal(place_folder(&fs, STR("/no/where"), 0755, &err), -1);
}

static void test_odd(void **state)
{
    (void)state;
    struct place_file f;
    tree_fifo("/f/fifo");
    tree_folder("/f/folder");
    assert_int_equal(place_read(&fs, arena, STR("/f/fifo"), &f, &err), -1);
    assert_int_equal(place_read(&fs, arena, STR("/f/folder"), &f, &err), -1);
    assert_int_equal(place_read(&fs, arena, STR("relative"), &f, &err), -1);
    assert_str(place_parent(STR("/a/b")), "/a");
    assert_str(place_parent(STR("/a")), "/");
    assert_str(place_name(STR("/a/b")), "b");
}

/* One byte more than may be read. */
static void test_large(void **state)
{
    (void)state;
    struct place_file f;
    tree_file("/l/large", "");
    assert_int_equal(truncate(tree_path("/l/large"), (off_t)PLACE_FILE_MAX * 2), 0);
    assert_int_equal(place_read(&fs, arena, STR("/l/large"), &f, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_write), CASE(test_leftover), CASE(test_links), CASE(test_remove), CASE(test_odd),
        CASE(test_large),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
