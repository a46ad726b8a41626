/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_child - programs that end well, badly, late or never, and talk too much
 *
 * Also what a program leaves behind: nothing of it may outlive the call, however it
 * was written.
 */
#define _GNU_SOURCE
#include "base/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static int shell(const char *script, struct str input, bool errors, int wait_ms, struct buf *out)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };
    const char *const env[] = { "PATH=/usr/bin:/bin", "GREETING=hello", NULL };
    struct child c = { .argv = argv, .env = env, .input = input, .errors = errors,
                       .wait_ms = wait_ms };
    buf_init(out, 65536);
    return child_run(&c, out);
}

struct row {
    const char *script, *input;
    bool errors;
    int status;
    const char *says;
};

static const struct row rows[] = {
    { "echo $GREETING", "", false, 0, "hello\n" },
    { "exit 3", "", false, 3, "" },
    { "echo out; echo err >&2", "", false, 0, "out\n" },
    { "echo out; echo err >&2", "", true, 0, "out\nerr\n" },
    { "cat", "what it reads\n", false, 0, "what it reads\n" },
    { "cat", "", false, 0, "" },
    { "exit 0", "nobody reads this", false, 0, "" },
    { "kill -9 $$", "", false, -1, "" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out;
        int status = shell(rows[i].script, str_c(rows[i].input), rows[i].errors, 10000, &out);
        if (status != rows[i].status || !str_eq(buf_str(&out), str_c(rows[i].says)))
            fail_msg("%s: %d, %.*s", rows[i].script, status, STR_ARG(buf_str(&out)));
        buf_fini(&out);
    }
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Neither a program that hangs nor what it has started may outlive the deadline. */
static void test_deadline(void **state)
{
    (void)state;
    struct buf out;
    uint64_t pid;
    int64_t began = now_ms();
    int status = shell("sleep 60 & echo $!; sleep 60", STR(""), false, 300, &out);
    assert_int_equal(status, -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_in_range(now_ms() - began, 250, 5000);
    assert_int_equal(str_u64(str_trim(buf_str(&out)), &pid), 0);
    for (int i = 0; i < 500 && kill((pid_t)pid, 0) == 0; i++)
        usleep(10000);
    assert_int_not_equal(kill((pid_t)pid, 0), 0);
    buf_fini(&out);
}

/* A child of the program that keeps its output open does not keep us. */
static void test_left_behind(void **state)
{
    (void)state;
    struct buf out;
    assert_int_equal(shell("sleep 60 & echo done", STR(""), false, 300, &out), -1);
    assert_str(buf_str(&out), "done\n");
    buf_fini(&out);
}

static void test_too_much(void **state)
{
    (void)state;
    struct buf out;
    int64_t began = now_ms();
    assert_int_equal(shell("yes", STR(""), false, 20000, &out), -1);
    assert_true(out.n <= 65536);
    assert_in_range(now_ms() - began, 0, 10000);
    buf_fini(&out);
}

static void test_not_started(void **state)
{
    (void)state;
    static char much[CHILD_INPUT_MAX + 1];
    const char *const argv[] = { "/nonexistent/program", NULL };
    struct child c = { .argv = argv, .wait_ms = 1000 };
    struct buf out;
    buf_init(&out, 1024);
    assert_int_equal(child_run(&c, &out), -1);
    assert_int_equal(errno, ENOENT);
    buf_fini(&out);
    assert_int_equal(shell("cat", str_make(much, sizeof much), false, 1000, &out), -1);
    assert_int_equal(errno, EMSGSIZE);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_left_behind), cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_not_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
