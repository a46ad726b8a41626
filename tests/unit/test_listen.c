/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_listen - sockets with the right mode, in the right place, over the right leftovers
 *
 * What a dead daemon leaves behind is made here as it would leave it: a bound socket that
 * was closed without being removed.
 */
#include "event/listen.h"

#include <fcntl.h>
#include <netinet/in.h>

#include "netmake.h"

static struct net_folder folder;

static int setup(void **state)
{
    (void)state;
    net_folder_make(&folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    net_folder_remove(&folder);
    return 0;
}

static int open_here(unsigned mode, const char *owner, const char *group, struct err *err)
{
    struct listen_unix where = { .path = folder.socket, .owner = owner, .group = group,
                                 .mode = mode };
    return listen_unix(&where, err);
}

static void test_mode(void **state)
{
    (void)state;
    static const unsigned modes[] = { 0660, 0600, 0666, 0 };
    struct err err;
    struct stat st;
    mode_t before = umask(022);
    for (size_t i = 0; i < ROWS(modes); i++) {
        int fd = open_here(modes[i], "", NULL, &err);
        assert_true(fd >= 0);
        assert_int_equal(stat(folder.socket, &st), 0);
        assert_int_equal(st.st_mode & 07777, modes[i]);
        close(fd);
    }
    assert_int_equal(umask(before), 022); /* as it was */
}

static void test_owner(void **state)
{
    (void)state;
    struct err err;
    struct stat st;
    if (geteuid() != 0)
        skip();
    int fd = open_here(0660, "nobody", "12345", &err);
    assert_true(fd >= 0);
    assert_int_equal(stat(folder.socket, &st), 0);
    assert_true(st.st_uid != 0);
    assert_int_equal(st.st_gid, 12345);
    close(fd);
    assert_int_equal(open_here(0660, "no-such-user", "", &err), -1);
    assert_non_null(strstr(err.text, "no user no-such-user"));
    assert_int_equal(open_here(0660, "", "no-such-group", &err), -1);
    assert_non_null(strstr(err.text, "no group no-such-group"));
}

static void test_leftovers(void **state)
{
    (void)state;
    struct err err;
    int fd = open_here(0600, "", "", &err);
    assert_true(fd >= 0);
    assert_int_equal(open_here(0600, "", "", &err), -1); /* somebody answers */
    assert_non_null(strstr(err.text, "a running process answers"));
    int client = net_connect(folder.socket);              /* and was not disturbed */
    assert_true(client >= 0);
    close(client);
    close(fd);                                            /* dies without cleaning up */
    assert_int_equal(net_connect(folder.socket), -1);
    fd = open_here(0600, "", "", &err);
    assert_true(fd >= 0);
    client = net_connect(folder.socket);
    assert_true(client >= 0);
    close(client);
    close(fd);
}

static void test_in_the_way(void **state)
{
    (void)state;
    struct err err;
    unlink(folder.socket);
    int fd = open(folder.socket, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(open_here(0600, "", "", &err), -1);
    assert_non_null(strstr(err.text, "is no socket"));
    assert_int_equal(access(folder.socket, F_OK), 0);
    unlink(folder.socket);
}

static void test_bad_paths(void **state)
{
    (void)state;
    char longest[200];
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    const struct { const char *path, *says; } rows[] = {
        { "relative/s", "full path" },
        { "", "full path" },
        { "/nonexistent/folder/s", "folder is not there" },
        { longest, "longer than" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct err err;
        struct listen_unix where = { .path = rows[i].path, .mode = 0600 };
        assert_int_equal(listen_unix(&where, &err), -1);
        if (strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct { const char *in, *ip; int port; } rows[] = {
        { "127.0.0.1:25", "127.0.0.1", 25 },
        { "localhost:10030", "127.0.0.1", 10030 },
        { "*:1", "0.0.0.0", 1 },
        { "[::1]:65535", "::1", 65535 },
        { "[2001:db8::5]:0", "2001:db8::5", 0 },
        { "127.0.0.1", NULL, 0 }, { "127.0.0.1:", NULL, 0 }, { ":25", NULL, 0 },
        { "127.0.0.1:65536", NULL, 0 }, { "127.0.0.1:x", NULL, 0 }, { "::1:25", NULL, 0 },
        { "[::1]25", NULL, 0 }, { "[::1:25", NULL, 0 }, { "mx.example.org:25", NULL, 0 },
        { "", NULL, 0 }, { "127.0.0.1:-1", NULL, 0 },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip ip;
        struct err err;
        uint16_t port = 0;
        char text[IP_TEXT_MAX];
        int rc = listen_parse(rows[i].in, &ip, &port, &err);
        if (rc != (rows[i].ip == NULL ? -1 : 0))
            fail_msg("row %zu: %d", i, rc);
        if (rc == 0 && (strcmp(ip_format(&ip, text), rows[i].ip) != 0 || port != rows[i].port))
            fail_msg("row %zu: %s %u", i, text, port);
    }
}

static void test_tcp(void **state)
{
    (void)state;
    struct err err;
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    char where[32];
    int fd = listen_tcp("127.0.0.1:0", &err);
    assert_true(fd >= 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    snprintf(where, sizeof where, "127.0.0.1:%u", ntohs(a.sin_port));
    assert_int_equal(listen_tcp(where, &err), -1);
    assert_non_null(strstr(err.text, "in use by another process"));
    close(fd);
    fd = listen_tcp(where, &err);
    assert_true(fd >= 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mode),
        cmocka_unit_test(test_owner),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_in_the_way),
        cmocka_unit_test(test_bad_paths),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_tcp),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
