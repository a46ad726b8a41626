/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rootfs - paths that stay inside a root, and links that do not count
 *
 * Beside the root lies a file that must never be reached: every row that would
 * reach it by an ordinary open(2) must fail or end at its namesake inside.
 */
#define _GNU_SOURCE
#include "base/rootfs.h"

#include <sys/wait.h>

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#endif

#include "treemake.h"

#define CUSTOMER 12345u

static struct rootfs fs;

/* A root with one of each; `secret` beside it. With a state: without openat2(2). */
static void make_root(void **state)
{
    struct err err;
    tree_new();
    logmake_file("secret", STR("outside"));
    tree_file("/etc/conf", "conf");
    tree_file("/secret", "inside");
    tree_file("/a/b/c/file", "file");
    tree_link("/abs", "/a/b");
    tree_link("/a/up", "../etc/conf");
    tree_link("/a/b/rel", "c/file");
    tree_link("/escape1", "../../../../../../../../../../secret");
    tree_link("/escape2", "/../secret");
    tree_link("/a/escape3", "../../secret");
    tree_link("/loop1", "/loop2");
    tree_link("/loop2", "loop1");
    tree_link("/self", "self/self");
    tree_link("/dangling", "/no/such");
    tree_link("/chain0", "/a/b/c/file");
    for (int i = 1; i <= 50; i++) {
        char name[32], target[32];
        snprintf(name, sizeof name, "/chain%d", i);
        snprintf(target, sizeof target, "chain%d", i - 1);
        tree_link(name, target);
    }
    tree_fifo("/a/fifo");
    assert_int_equal(rootfs_init(&fs, tree_root, &err), 0);
    if (*state != NULL)
        rootfs_walk_only(&fs);
}

struct row {
    const char *path, *real; /* NULL: refused */
};

static const struct row rows[] = {
    { "/", "/" },
    { "//a///b/.//c/", "/a/b/c" },
    { "/a/b/c/file", "/a/b/c/file" },
    { "/abs/c/file", "/a/b/c/file" },
    { "/abs/rel", "/a/b/c/file" },
    { "/a/up", "/etc/conf" },
    { "/a/b/../up", "/etc/conf" },
    { "/abs/..", "/a" },
    { "/..", "/" },
    { "/../../etc/conf", "/etc/conf" },
    { "/a/../../../../secret", "/secret" },
    { "/escape1", "/secret" },
    { "/escape2", "/secret" },
    { "/a/escape3", "/secret" },
    { "/loop1", NULL },
    { "/self", NULL },
    { "/dangling", NULL },
    { "/chain39", "/a/b/c/file" },
    { "/chain40", NULL },
    { "/no/such", NULL },
    { "/a/b/c/file/x", NULL },
    { "/a/b/c/file/..", NULL },
    { "relative", NULL },
    { "", NULL },
};

static void test_real(void **state)
{
    struct buf real;
    make_root(state);
    buf_init(&real, ROOTFS_PATH_MAX);
    for (size_t i = 0; i < ROWS(rows); i++) {
        int rc = rootfs_real(&fs, str_c(rows[i].path), ROOTFS_ALL_LINKS, &real);
        if (rc != (rows[i].real == NULL ? -1 : 0))
            fail_msg("row %zu: %s gave %d", i, rows[i].path, rc);
        if (rc == 0 && !str_eq(buf_str(&real), str_c(rows[i].real)))
            fail_msg("row %zu: %s is %.*s", i, rows[i].path, STR_ARG(buf_str(&real)));
    }
    buf_fini(&real);
    rootfs_fini(&fs);
}

/* The text of a file; "-" if it cannot be had. */
static void check_file(const char *path, enum rootfs_links links, const char *text)
{
    char bytes[64] = "-";
    struct stat st;
    int fd = rootfs_file(&fs, str_c(path), links, &st);
    if (fd >= 0) {
        ssize_t n = read(fd, bytes, sizeof bytes - 1);
        assert_true(n >= 0);
        bytes[n] = '\0';
        close(fd);
    }
    if (strcmp(bytes, text) != 0)
        fail_msg("%s has \"%s\", expected \"%s\"", path, bytes, text);
}

static void test_file(void **state)
{
    make_root(state);
    check_file("/etc/conf", ROOTFS_NO_LINKS, "conf");
    check_file("/abs/c/file", ROOTFS_NO_LINKS, "-");
    check_file("/abs/c/file", ROOTFS_OUR_LINKS, "file");
    check_file("/escape1", ROOTFS_ALL_LINKS, "inside");
    check_file("/escape2", ROOTFS_ALL_LINKS, "inside");
    check_file("/a/fifo", ROOTFS_ALL_LINKS, "-"); /* at once, not when somebody writes */
    check_file("/a", ROOTFS_ALL_LINKS, "-");
    check_file("/", ROOTFS_ALL_LINKS, "-");
    rootfs_fini(&fs);
}

/* Only a link that root or we made is followed to read. */
static void test_owners(void **state)
{
    make_root(state);
    tree_link("/home/joe/log", "/secret");
    tree_link("/home/joe/dir", "/a/b");
    if (!tree_give("/home/joe/log", CUSTOMER) || !tree_give("/home/joe/dir", CUSTOMER)) {
        rootfs_fini(&fs);
        skip(); /* not root: a link of somebody else's cannot be made */
    }
    check_file("/home/joe/log", ROOTFS_OUR_LINKS, "-");
    check_file("/home/joe/dir/rel", ROOTFS_OUR_LINKS, "-");
    check_file("/home/joe/log", ROOTFS_ALL_LINKS, "inside");
    rootfs_fini(&fs);
}

static void test_folder(void **state)
{
    make_root(state);
    int fd = rootfs_dir(&fs, STR("/abs"), ROOTFS_OUR_LINKS);
    assert_true(fd >= 0);
    assert_int_equal(faccessat(fd, "c/file", R_OK, 0), 0);
    close(fd);
    assert_int_equal(rootfs_dir(&fs, STR("/abs"), ROOTFS_NO_LINKS), -1);
    assert_int_equal(rootfs_dir(&fs, STR("/etc/conf"), ROOTFS_OUR_LINKS), -1);
    assert_int_equal(rootfs_dir(&fs, STR("/no/such"), ROOTFS_OUR_LINKS), -1);
    rootfs_fini(&fs);
}

/* Paths made to be long end; nothing is left open. */
static void test_long(void **state)
{
    struct buf path, real;
    make_root(state);
    buf_init(&path, 1 << 20);
    buf_init(&real, ROOTFS_PATH_MAX);
    for (int i = 0; i < 2000; i++)
        buf_add(&path, STR("/a/.."));
    assert_int_equal(rootfs_real(&fs, buf_str(&path), ROOTFS_ALL_LINKS, &real), -1);
    assert_int_equal(rootfs_real(&fs, str_head(buf_str(&path), 600), ROOTFS_ALL_LINKS, &real), 0);
    assert_str(buf_str(&real), "/");
    buf_reset(&path);
    buf_add_c(&path, '/');
    for (int i = 0; i < 300; i++)
        buf_add_c(&path, 'x');
    assert_int_equal(rootfs_real(&fs, buf_str(&path), ROOTFS_ALL_LINKS, &real), -1);
    assert_int_equal(rootfs_real(&fs, STR("/a\0b"), ROOTFS_ALL_LINKS, &real), -1);
    int lowest = dup(0);
    close(lowest);
    for (int i = 0; i < 100; i++)
        rootfs_real(&fs, STR("/loop1"), ROOTFS_ALL_LINKS, &real);
    int after = dup(0);
    close(after);
    assert_int_equal(lowest, after);
    buf_fini(&path);
    buf_fini(&real);
    rootfs_fini(&fs);
}

static void test_init(void **state)
{
    (void)state;
    struct err err = { .kind = ERR_NONE };
    struct rootfs none;
    assert_int_equal(rootfs_init(&none, "/no/such/root", &err), -1);
    assert_int_equal(err.kind, ERR_MISSING);
    assert_non_null(strstr(err.text, "/no/such/root"));
    rootfs_fini(&none);
    assert_int_equal(rootfs_init(&none, NULL, &err), 0);
    assert_string_equal(none.root, "");
    rootfs_fini(&none);
}

/* Whatever the path, with openat2(2) and what is remembered comes what the walk alone says. */
static void test_same(void **state)
{
    static const char *const names[] = {
        "a", "b", "c", "file", "etc", "conf", "abs", "up", "rel", "escape1", "escape2", "escape3",
        "loop1", "self", "dangling", "chain3", "fifo", "secret", "home", "joe", "dir", "none", "..",
        ".", "",
    };
    struct rootfs walk;
    struct err err;
    struct buf real, walked;
    uint64_t seed = 1;
    unsigned good = 0;
    make_root(state);
    tree_link("/home/joe/dir", "../../a/b");
    bool given = tree_give("/home/joe/dir", CUSTOMER);
    assert_int_equal(rootfs_init(&walk, tree_root, &err), 0);
    rootfs_walk_only(&walk);
    buf_init(&real, ROOTFS_PATH_MAX);
    buf_init(&walked, ROOTFS_PATH_MAX);
    for (int i = 0; i < 30000; i++) {
        char path[256] = "";
        size_t n = 0;
        for (uint32_t parts = 1 + logmake_random(&seed) % 5; parts > 0; parts--)
            n += (size_t)snprintf(path + n, sizeof path - n, "/%s",
                                  names[logmake_random(&seed) % ROWS(names)]);
        enum rootfs_links links = (enum rootfs_links)(logmake_random(&seed) % 3);
        struct stat st, walked_st;
        int rc = rootfs_real(&fs, str_c(path), links, &real);
        int fd = rootfs_file(&fs, str_c(path), links, &st);
        int file_error = fd < 0 ? errno : 0;
        int walked_rc = rootfs_real(&walk, str_c(path), links, &walked);
        int walked_fd = rootfs_file(&walk, str_c(path), links, &walked_st);
        int walked_error = walked_fd < 0 ? errno : 0;
        if (rc != walked_rc || (rc == 0 && !str_eq(buf_str(&real), buf_str(&walked))) ||
            file_error != walked_error || (fd >= 0 && st.st_ino != walked_st.st_ino))
            fail_msg("%s, links %d: %d %s, by the walk %d %s", path, (int)links, rc,
                     strerror(file_error), walked_rc, strerror(walked_error));
        good += rc == 0;
        if (fd >= 0)
            close(fd);
        if (walked_fd >= 0)
            close(walked_fd);
    }
    assert_true(good > 1000);
    if (!given)
        print_message("           not root: no link of somebody else's was tried\n");
    buf_fini(&real);
    buf_fini(&walked);
    rootfs_fini(&walk);
    rootfs_fini(&fs);
}

/* However many folders there are, few are remembered, and in the end none is open. */
static void test_remembered(void **state)
{
    int lowest = dup(0);
    close(lowest);
    make_root(state);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 60; i++) {
            char name[64];
            snprintf(name, sizeof name, "/many/%d/file", i);
            if (round == 0)
                tree_file(name, "text");
            check_file(name, ROOTFS_OUR_LINKS, "text");
        }
    }
    int after = dup(0);
    close(after);
    assert_in_range(after, lowest, lowest + (int)ROOTFS_FOLDERS + 1);
    tree_file("/many/7/later", "new");
    check_file("/many/7/later", ROOTFS_NO_LINKS, "new");
    rootfs_fini(&fs);
    after = dup(0);
    close(after);
    assert_int_equal(after, lowest);
}

#if defined(__linux__) && !defined(__alpha__)

/* Sandboxes refuse openat2(2), and old kernels lack it: then the walk does its work. */
static void test_refused(void **state)
{
    static const int answers[] = { EPERM, ENOSYS };
    for (size_t i = 0; i < ROWS(answers); i++) {
        make_root(state);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 437, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)answers[i]),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
            };
            struct sock_fprog program = { ROWS(filter), filter };
            if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
                _exit(77);
            struct stat st;
            bool good = rootfs_file(&fs, STR("/abs/rel"), ROOTFS_OUR_LINKS, &st) >= 0 &&
                        rootfs_file(&fs, STR("/etc/conf"), ROOTFS_NO_LINKS, &st) >= 0 &&
                        fs.memory->no_openat2;
            _exit(good ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        rootfs_fini(&fs);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
            print_message("           skipped: no filters here\n");
            skip();
        }
        assert_int_equal(status, 0);
    }
}

#else

static void test_refused(void **state)
{
    (void)state;
    skip();
}

#endif

#define BOTH(test) cmocka_unit_test(test), cmocka_unit_test_prestate(test, &fs)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_real), BOTH(test_file), BOTH(test_owners), BOTH(test_folder), BOTH(test_long),
        BOTH(test_remembered), cmocka_unit_test(test_same), cmocka_unit_test(test_init),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
