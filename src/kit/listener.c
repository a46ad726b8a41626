/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener - stand in for posternd, for the length of a self-test
 *
 * One thread, one connection at a time: Exim asks one question after the other. The thread ends
 * when the pipe to it is closed. Nothing but the requests is shared, and these are read after it
 * has ended.
 */
#define _GNU_SOURCE
#include "kit/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/must.h"

#define REQUESTS_MAX ((size_t)256 << 10)
#define READ_WAIT_S 5

struct listener {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];   /* that was made, or "" */
    int fd, stop[2];
    bool running;
    pthread_t thread;
    struct buf requests;
};

static int address_make(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    return str_copy(str_c(path), out->sun_path, sizeof out->sun_path);
}

/* 0 if somebody listens, otherwise the error of connect(2). */
static int knock(const char *path)
{
    struct sockaddr_un at;
    if (address_make(path, &at) != 0)
        return ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int rc = connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? 0 : errno;
    close(fd);
    return rc;
}

bool listener_answered(const char *path)
{
    int rc = knock(path);
    return rc == 0 || rc == EAGAIN;   /* EAGAIN: it listens, but has no time */
}

static void serve(struct listener *l, int fd)
{
    static const char answer[] = "action=DUNNO\n\n";
    struct timeval wait = { .tv_sec = READ_WAIT_S };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    while (buf_reserve(&l->requests, 4096) == 0) {
        ssize_t n = recv(fd, l->requests.p + l->requests.n, 4096, 0);
        if (n <= 0)
            break;
        l->requests.n += (size_t)n;
    }
    if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
        return;   /* then Exim says that nobody answered */
}

static void *run(void *arg)
{
    struct listener *l = arg;
    struct pollfd p[] = { { .fd = l->fd, .events = POLLIN },
                          { .fd = l->stop[0], .events = POLLIN } };
    while (poll(p, 2, -1) >= 0 || errno == EINTR) {
        if (p[1].revents != 0)
            break;
        int fd = p[0].revents == 0 ? -1 : accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        serve(l, fd);
        close(fd);
    }
    return NULL;
}

/* The folder of the socket, one deep: /run/postern after a restart. */
static void folder_make(struct listener *l)
{
    struct str path = str_c(l->path);
    size_t slash = str_rfind_c(path, '/');
    if (slash == STR_NONE || slash == 0 || str_copy(str_head(path, slash), l->folder,
                                                    sizeof l->folder) != 0)
        return;
    if (mkdir(l->folder, 0755) != 0)
        l->folder[0] = '\0';
}

/* Listen for everybody: umask instead of chmod, because a name could be changed under us. */
static int listen_on(struct listener *l)
{
    struct sockaddr_un at;
    if (address_make(l->path, &at) != 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return -1;
    mode_t mask = umask(0);
    int rc = bind(l->fd, (struct sockaddr *)&at, sizeof at);
    umask(mask);
    if (rc != 0)
        l->path[0] = '\0';
    return rc == 0 ? listen(l->fd, 64) : -1;
}

struct listener *listener_new(const char *path, struct err *err)
{
    struct stat st;
    struct listener *l = must_alloc(sizeof *l);
    *l = (struct listener){ .fd = -1, .stop = { -1, -1 } };
    buf_init(&l->requests, REQUESTS_MAX);
    if (str_copy(str_c(path), l->path, sizeof l->path) != 0) {
        err_set(err, ERR_USAGE, "%s: too long for a socket", path);
        free(l);
        return NULL;
    }
    folder_make(l);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && knock(path) == ECONNREFUSED)
        unlink(path);
    if (listen_on(l) != 0 || pipe2(l->stop, O_CLOEXEC) != 0) {
        err_errno(err, errno, "%s", path);
        listener_free(&l, NULL);
        return NULL;
    }
    l->running = pthread_create(&l->thread, NULL, run, l) == 0;
    if (!l->running) {
        err_set(err, ERR_IO, "no thread can be made");
        listener_free(&l, NULL);
    }
    return l;
}

void listener_free(struct listener **l, struct buf *requests_out)
{
    struct listener *x = *l;
    *l = NULL;
    if (x == NULL)
        return;
    if (x->stop[1] >= 0)
        close(x->stop[1]);
    if (x->running)
        pthread_join(x->thread, NULL);
    if (x->stop[0] >= 0)
        close(x->stop[0]);
    if (x->fd >= 0)
        close(x->fd);
    if (x->path[0] != '\0')
        unlink(x->path);
    if (x->folder[0] != '\0')
        rmdir(x->folder);
    if (requests_out != NULL)
        buf_add(requests_out, buf_str(&x->requests));
    buf_fini(&x->requests);
    free(x);
}
