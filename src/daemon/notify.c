/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify - tell those who started us how far we are
 *
 * A message that cannot be sent is lost: systemd's own time limits deal with that.
 */
#define _GNU_SOURCE
#include "daemon/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/process.h"

#define TEXT_MAX 300

static int notify_fd = -1, parent_fd = -1;

static int connect_to(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t n = strlen(path);
    if (n < 2 || (path[0] != '/' && path[0] != '@') || str_copy(str_c(path), to.sun_path,
                                                                sizeof to.sun_path) != 0)
        return -1;
    if (path[0] == '@')
        to.sun_path[0] = '\0';           /* an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, length) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

void notify_open(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    notify_close();
    if (path != NULL)
        notify_fd = connect_to(path);
    unsetenv("NOTIFY_SOCKET");
}

void notify_close(void)
{
    if (notify_fd >= 0)
        close(notify_fd);
    notify_fd = -1;
}

void notify_parent(int fd)
{
    parent_fd = fd;
}

static void send_text(const char *text)
{
    ssize_t ignored = notify_fd < 0 ? 0 : send(notify_fd, text, strlen(text), MSG_NOSIGNAL);
    (void)ignored;
}

void notify_ready(void)
{
    send_text("READY=1");
    if (parent_fd >= 0)
        process_ready(parent_fd);
    parent_fd = -1;
}

/* Since version 253 systemd wants to know when the reload began, by the monotonic clock. */
void notify_reloading(void)
{
    char text[TEXT_MAX];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld%06ld", (long long)now.tv_sec,
             now.tv_nsec / 1000);
    send_text(text);
}

void notify_stopping(void)
{
    send_text("STOPPING=1");
}

void notify_status(const char *text)
{
    char line[TEXT_MAX];
    snprintf(line, sizeof line, "STATUS=%.250s", text);
    send_text(line);
}
