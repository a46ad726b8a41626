/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_syslog - lines to the syslog daemon, without waiting for one that hangs
 *
 * One socket for the life of the log: connect(2) on a datagram socket only notes the other end, so
 * it may be called again, by any thread, and needs no more rights than the first call did.
 */
#define _GNU_SOURCE
#include "base/log_syslog.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static int connect_to(int fd, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (str_copy(str_c(path), address.sun_path, sizeof address.sun_path) != 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return connect(fd, (const struct sockaddr *)&address, sizeof address);
}

int log_syslog_open(const char *path, struct err *err)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, errno, "a socket for syslog");
    if (connect_to(fd, path) == 0 || (errno != EPROTOTYPE && errno != ENAMETOOLONG))
        return fd;
    close(fd);
    return err_set(err, ERR_USAGE, "log syslog: %s takes no datagrams: let the syslog daemon "
                   "listen with a datagram socket, or name a file", path);
}

/* `<22>Nov 23 10:00:00 posternd[1234]: ` */
static size_t head_make(int severity, char *text, size_t size)
{
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    int64_t now = clock_now();
    struct civil t = clock_to_civil(now + clock_offset_at(now));
    int n = snprintf(text, size, "<%d>%s %2d %02d:%02d:%02d %.64s[%ld]: ", LOG_MAIL | severity,
                     months[t.month - 1], t.day, t.hour, t.minute, t.second,
                     program_invocation_short_name, (long)getpid());
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The queue is full: wait for room with what is left of this second's share. False: none came. */
static bool room_wait(int fd)
{
    static _Atomic int64_t second, waited_us;
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int64_t begin = now_us();
    if (atomic_exchange(&second, begin / 1000000) != begin / 1000000)
        atomic_store(&waited_us, 0);
    int64_t left_ms = LOG_SYSLOG_WAIT_MS - atomic_load(&waited_us) / 1000;
    if (left_ms <= 0)
        return false;
    bool room = poll(&p, 1, (int)left_ms) == 1;
    atomic_fetch_add(&waited_us, now_us() - begin);
    return room;
}

bool log_syslog_send(int fd, const char *path, int severity, struct str text)
{
    char head[160];
    struct iovec parts[] = { { head, head_make(severity, head, sizeof head) },
                             { (void *)(uintptr_t)text.p, text.n } };
    struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
    if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return true;
    bool again = errno == EAGAIN ? room_wait(fd) : errno != ENOBUFS && connect_to(fd, path) == 0;
    return again && sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}
