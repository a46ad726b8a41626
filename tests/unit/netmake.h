/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netmake - for tests of what listens: a folder, a blocking client, a loop with an end
 *
 * Client and server are one process: connect() and a small send() go through
 * before the server's loop runs. Whatever is waited for has an end of seconds, so
 * that a failure is a failed test and not a hanging one.
 */
#ifndef POSTERN_TESTS_NETMAKE_H
#define POSTERN_TESTS_NETMAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "event/loop.h"
#include "unit.h"

#define NET_WAIT_MS 10000

struct net_folder {
    char path[64];
    char socket[96];
};

static inline void net_folder_make(struct net_folder *f)
{
    snprintf(f->path, sizeof f->path, "/tmp/test_net.XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->socket, sizeof f->socket, "%s/s", f->path);
}

static inline void net_folder_remove(struct net_folder *f)
{
    unlink(f->socket);
    assert_int_equal(rmdir(f->path), 0);
}

/* A connected client, or -1. */
static inline int net_connect(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline void net_send(int fd, struct str bytes)
{
    assert_int_equal(send(fd, bytes.p, bytes.n, MSG_NOSIGNAL), (ssize_t)bytes.n);
}

/* What is there to be read now. -1: nothing; 0: the end. */
static inline ssize_t net_take(int fd, char *bytes, size_t size)
{
    return recv(fd, bytes, size, MSG_DONTWAIT);
}

struct net_timer {
    struct loop *loop;
    bool passed;
};

static inline void net_on_timer(void *ctx)
{
    struct net_timer *t = ctx;
    t->passed = true;
    loop_stop(t->loop);
}

/* Run the loop for some milliseconds. */
static inline void net_run(struct loop *l, int64_t ms)
{
    struct net_timer t = { .loop = l };
    struct timer timer = { .place = 0 };
    timer_set(l, &timer, ms, net_on_timer, &t);
    while (!t.passed)
        assert_int_equal(loop_run(l, NULL), 0);
}

/* Run the loop until `*what` is `wanted`. */
static inline void net_until(struct loop *l, const int *what, int wanted)
{
    int64_t end = loop_ms(l) + NET_WAIT_MS;
    while (*what != wanted) {
        if (loop_ms(l) > end)
            fail_msg("waited for %d, there is %d", wanted, *what);
        net_run(l, 2);
    }
}

/* Run the loop until `fd` gives `expected` to the client. */
static inline void net_expect(struct loop *l, int fd, struct str expected)
{
    char bytes[4096];
    size_t have = 0;
    int64_t end = loop_ms(l) + NET_WAIT_MS;
    while (have < expected.n && loop_ms(l) < end) {
        net_run(l, 2);
        ssize_t n = net_take(fd, bytes + have, sizeof bytes - have);
        if (n == 0)
            break;
        have += n > 0 ? (size_t)n : 0;
    }
    if (!str_eq(str_make(bytes, have), expected))
        fail_msg("got \"%.*s\", expected \"%.*s\"", (int)have, bytes, STR_ARG(expected));
}

/* Run the loop until the client sees the end, with nothing before it. */
static inline void net_expect_end(struct loop *l, int fd)
{
    char byte;
    ssize_t n = -1;
    int64_t end = loop_ms(l) + NET_WAIT_MS;
    while ((n = net_take(fd, &byte, 1)) < 0 && loop_ms(l) < end)
        net_run(l, 2);
    assert_int_equal(n, 0);
}

#endif
