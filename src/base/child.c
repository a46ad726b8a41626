/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * child - run another program, with an end in time and in bytes
 *
 * The program becomes leader of a process group of its own, so that on a hang it
 * and whatever it has started (a configuration can run programs) can be killed
 * by a number that is certainly ours: it is not reaped before. Its output is
 * bounded. Its input fits into a pipe, so that writing it never waits.
 */
#define _GNU_SOURCE
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAP_MS 2

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void attributes_init(posix_spawnattr_t *attr)
{
    sigset_t signals;
    posix_spawnattr_init(attr);
    posix_spawnattr_setpgroup(attr, 0);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(attr, &signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGCHLD);
    posix_spawnattr_setsigdefault(attr, &signals);
    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                       POSIX_SPAWN_SETSIGDEF);
}

/* Start it with its input from `in` (-1: /dev/null) and its output in `out`. 0, or -1 with errno.
 * */
static int start(const struct child *c, int in, int out, pid_t *pid_out)
{
    static const char *const nothing[] = { NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_init(&files);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    if (c->errors)
        posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    attributes_init(&attr);
    union { /* posix_spawn() does not change them, but its type cannot say so */
        const char *const *in;
        char *const *out;
    } args = { .in = c->argv }, env = { .in = c->env != NULL ? c->env : nothing };
    int rc = posix_spawn(pid_out, c->argv[0], &files, &attr, args.out, env.out);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    errno = rc;
    return rc == 0 ? 0 : -1;
}

/* Read until the end, the ceiling or the deadline. True at the end. */
static bool collect(int fd, int64_t deadline, struct buf *text)
{
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int rc = left <= 0 ? 0 : poll(&p, 1, (int)left);
        if (rc < 0 && errno == EINTR)
            continue;
        if (rc <= 0 || buf_reserve(text, 4096) != 0)
            return false;
        ssize_t got = read(fd, text->p + text->n, 4096);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        text->n += (size_t)got;
    }
}

/* Wait until `pid` has ended, but leave it unreaped, so that its number stays its own. False at the
 * deadline. */
static bool ended(pid_t pid, int64_t deadline)
{
    for (;;) {
        siginfo_t info = { .si_pid = 0 };
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno != EINTR)
            return true;
        if (info.si_pid == pid)
            return true;
        if (now_ms() >= deadline)
            return false;
        struct timespec nap = { .tv_nsec = NAP_MS * 1000000L };
        nanosleep(&nap, NULL);
    }
}

/* End the group of `pid`, whatever is left of it. The exit status of `pid` itself, -1 without one.
 * */
static int reap(pid_t pid)
{
    int status = 0;
    pid_t got;
    kill(-pid, SIGKILL);
    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    return got == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A pipe that holds the input already. 0 and its end for reading, -1 in *in_out without input. */
static int input_make(struct str input, int *in_out)
{
    int ends[2];
    *in_out = -1;
    if (input.n == 0)
        return 0;
    if (input.n > CHILD_INPUT_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    ssize_t n = write(ends[1], input.p, input.n);
    close(ends[1]);
    *in_out = ends[0];
    return n == (ssize_t)input.n ? 0 : -1;
}

int child_run(const struct child *c, struct buf *out)
{
    int64_t deadline = now_ms() + c->wait_ms;
    int ends[2] = { -1, -1 }, in, status = -1, saved;
    pid_t pid;
    int rc = input_make(c->input, &in);
    if (rc == 0 && (rc = pipe2(ends, O_CLOEXEC)) == 0)
        rc = start(c, in, ends[1], &pid);
    saved = errno;
    if (in >= 0)
        close(in);
    if (ends[1] >= 0)
        close(ends[1]);
    if (rc == 0) {
        bool good = collect(ends[0], deadline, out) && ended(pid, deadline);
        status = reap(pid);
        status = good ? status : -1;
        saved = ETIMEDOUT;
    }
    if (ends[0] >= 0)
        close(ends[0]);
    errno = saved;
    return status;
}
