/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_listener - it answers, keeps what was asked, and leaves nothing behind
 *
 * It stands in for the daemon while a mail server is being set up, so a socket of
 * somebody else must never be touched.
 */
#define _GNU_SOURCE
#include "kit/listener.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "logmake.h"

static int call(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(str_copy(str_c(path), at.sun_path, sizeof at.sun_path), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void ask(const char *path, const char *request)
{
    char answer[64];
    int fd = call(path);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    shutdown(fd, SHUT_WR);
    ssize_t n = recv(fd, answer, sizeof answer, MSG_WAITALL);
    assert_true(n == 14 && memcmp(answer, "action=DUNNO\n\n", 14) == 0);
    close(fd);
}

static void test_answers(void **state)
{
    (void)state;
    struct err err;
    struct buf requests;
    struct stat st;
    char path[256];
    snprintf(path, sizeof path, "%s", logmake_path("run/door"));
    assert_false(listener_answered(path));
    struct listener *l = listener_new(path, &err);
    assert_non_null(l);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0666, 0666);
    assert_true(listener_answered(path));
    ask(path, "protocol_state=CONNECT\n\n");
    ask(path, "protocol_state=RCPT\n\n");
    buf_init(&requests, 65536);
    listener_free(&l, &requests);
    assert_null(l);
    assert_str(buf_str(&requests), "protocol_state=CONNECT\n\nprotocol_state=RCPT\n\n");
    buf_fini(&requests);
    assert_int_not_equal(stat(path, &st), 0);
    assert_int_not_equal(stat(logmake_path("run"), &st), 0);
    listener_free(&l, NULL);
}

/* A socket that nobody listens at any more is no hindrance; a file is, and is kept. */
static void test_in_the_way(void **state)
{
    (void)state;
    struct err err;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct stat st;
    char path[256];
    snprintf(path, sizeof path, "%s", logmake_path("dead"));
    assert_int_equal(str_copy(str_c(path), at.sun_path, sizeof at.sun_path), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    assert_false(listener_answered(path));
    struct listener *l = listener_new(path, &err);
    assert_non_null(l);
    assert_null(listener_new(path, &err));   /* two at once do not go */
    assert_true(listener_answered(path));
    listener_free(&l, NULL);
    snprintf(path, sizeof path, "%s", logmake_file("file", STR("x")));
    assert_null(listener_new(path, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_null(listener_new("/nonexistent/folder/door", &err));
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    assert_null(listener_new(longer, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers), cmocka_unit_test(test_in_the_way),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
