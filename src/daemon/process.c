/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process - what a daemon has to do with being a process
 *
 * The lock on the file with our number, not the number in it, says that we are
 * alive: numbers are used again, locks end with their process.
 */
#define _GNU_SOURCE
#include "daemon/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

/* --- descriptors --- */

/* What is closed of 0 to 2 would be taken by the first files that we open. */
static void standard_ensure(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO)
        close(fd);
}

void process_begin(void)
{
    standard_ensure();
#ifdef __linux__
    if (close_range(STDERR_FILENO + 1, ~0u, 0) != 0)
#endif
    {
        long most = sysconf(_SC_OPEN_MAX);
        for (int fd = STDERR_FILENO + 1; fd < (most > 0 && most < 65536 ? (int)most : 65536); fd++)
            close(fd);
    }
    umask(027);
    signal(SIGPIPE, SIG_IGN);
}

/* --- the file with our number --- */

static int pid_write(int fd, const char *path, struct err *err)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_ACCESS, "daemon.pid_file: %s: another posternd holds it", path);
    if (ftruncate(fd, 0) != 0 || fchmod(fd, 0644) != 0 || write(fd, text, (size_t)n) != n)
        return err_errno(err, errno, "daemon.pid_file: %s", path);
    return 0;
}

int process_pid_file(const char *path, struct err *err)
{
    if (path[0] == '\0')
        return 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0644);
    if (fd < 0)
        return err_errno(err, errno, "daemon.pid_file: %s", path);
    if (pid_write(fd, path, err) == 0)
        return 0;                    /* stays open: the lock ends with the process */
    close(fd);
    return -1;
}

/* --- the background --- */

/* In the parent: 0 if the child says that it is ready. */
static void parent_wait(int fd)
{
    char byte;
    ssize_t n;
    while ((n = read(fd, &byte, 1)) < 0 && errno == EINTR)
        ;
    _exit(n == 1 ? 0 : 1);
}

int process_background(const char *log, struct err *err)
{
    int ends[2];
    if (str_eq(str_c(log), STR("stderr")))
        return err_set(err, ERR_USAGE, "daemon.log = stderr would be lost in the background: use "
                                       "--foreground, or log = syslog");
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_errno(err, errno, "cannot go into the background");
    pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return err_errno(err, errno, "cannot go into the background");
    }
    if (child > 0) {
        close(ends[1]);
        parent_wait(ends[0]);
    }
    close(ends[0]);
    setsid();
    return ends[1];
}

void process_ready(int fd)
{
    ssize_t ignored;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = STDIN_FILENO; null >= 0 && i <= STDERR_FILENO; i++)
        dup2(null, i);
    if (null > STDERR_FILENO)
        close(null);
    ignored = write(fd, "", 1);
    (void)ignored;
    close(fd);
}
