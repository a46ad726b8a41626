/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doornull - a policy server that does nothing, to see what asking costs at all
 *
 *   doornull PATH        listens there until it is told to stop; every request gets DUNNO
 *
 * It waits with epoll(7), reads, looks for the empty line that ends a request, and answers.
 * No request is read, nothing is decided, logged or timed. What posternd takes above
 * this is the price of its decision.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DUNNO "action=DUNNO\n\n"

static int epoll_fd;

static int fail(const char *what)
{
    fprintf(stderr, "doornull: %s: %s\n", what, strerror(errno));
    return 2;
}

static int listen_at(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof at.sun_path)
        return -1;
    memcpy(at.sun_path, path, strlen(path));
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0)
        return -1;
    return fd;
}

static int watch(int fd)
{
    struct epoll_event e = { .events = EPOLLIN, .data = { .fd = fd } };
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

static void accept_all(int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (watch(fd) != 0)
            close(fd);
    }
}

/* doorbench sends a request with one call, so it comes whole. */
static void serve(int fd)
{
    char bytes[4096];
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n >= 2 && memcmp(bytes + n - 2, "\n\n", 2) == 0)
        send(fd, DUNNO, sizeof DUNNO - 1, MSG_NOSIGNAL);
    else if (n == 0 || (n < 0 && errno != EAGAIN))
        close(fd);
}

int main(int argc, char **argv)
{
    struct epoll_event ready[64];
    int listener = argc == 2 ? listen_at(argv[1]) : -1;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (listener < 0 || epoll_fd < 0 || watch(listener) != 0)
        return fail(argc == 2 ? argv[1] : "usage: doornull PATH");
    for (;;) {
        int n = epoll_wait(epoll_fd, ready, 64, -1);
        if (n < 0 && errno != EINTR)
            return fail("epoll_wait");
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == listener)
                accept_all(listener);
            else
                serve(ready[i].data.fd);
        }
    }
}
