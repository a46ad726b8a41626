/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offline - `posternd --ask`, run as a child: deciding without a daemon
 *
 * The program is run by its full path: never one that an environment variable names. What it
 * logs goes to our standard error.
 */
#define _GNU_SOURCE
#include "cmd/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/must.h"
#include "cmd/control_client.h"
#include "door/control.h"
#include "postern_build.h"

extern char **environ;

/* The folder of our own program. 0 or -1. */
static int own_folder(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n <= 0 || (size_t)n >= size - 1)
        return -1;
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL)
        return -1;
    *slash = '\0';
    return 0;
}

static int program_find(char *out, size_t size, struct err *err)
{
    char folder[PATH_MAX];
    bool own = own_folder(folder, sizeof folder) == 0;
    static const char *const beside[] = { "posternd", "../sbin/posternd" };
    for (size_t i = 0; own && i < sizeof beside / sizeof beside[0]; i++) {
        int n = snprintf(out, size, "%s/%s", folder, beside[i]);
        if (n > 0 && (size_t)n < size && access(out, X_OK) == 0)
            return 0;
    }
    snprintf(out, size, "%s/posternd", POSTERN_SBINDIR);
    if (access(out, X_OK) == 0)
        return 0;
    return err_set(err, ERR_MISSING, "there is no posternd beside this program, nor in %s",
                   POSTERN_SBINDIR);
}

/* In the child. */
static void child_run(const char *program, const char *config, char *request, int out)
{
    char name[] = "posternd", c[] = "-c", ask[] = "--ask";
    char *file = strdup(config);
    char *argv[] = { name, c, file, ask, request, NULL };
    if (file != NULL && dup2(out, STDOUT_FILENO) == STDOUT_FILENO)
        execve(program, argv, environ);
    _exit(127);
}

/* Read to the end, within the time. 0, or -1 with *err. */
static int child_read(int fd, struct buf *out, struct err *err)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    for (;;) {
        int ready = poll(&p, 1, CLIENT_SECONDS * 1000);
        if (ready == 0)
            return err_set(err, ERR_IO, "posternd --ask has no answer within %d seconds",
                           CLIENT_SECONDS);
        if (buf_reserve(out, 4096) != 0)
            return err_set(err, ERR_IO, "the answer of posternd --ask is too long");
        ssize_t n = ready < 0 ? -1 : read(fd, out->p + out->n, 4096);
        if (n == 0)
            return 0;
        if (n > 0)
            out->n += (size_t)n;
        else if (errno != EINTR)
            return err_errno(err, errno, "posternd --ask");
    }
}

static json_t *child_result(const struct buf *out, struct err *err)
{
    struct str text = buf_str(out), line;
    bool more;
    if (str_line(&text, &line))
        return client_line(line, &more, err);
    err_set(err, ERR_USAGE, "posternd --ask ended without an answer");
    return NULL;
}

json_t *offline_ask(const char *config, const json_t *request, struct err *err)
{
    char program[PATH_MAX];
    int ends[2];
    struct buf out;
    json_t *result = NULL;
    if (program_find(program, sizeof program, err) != 0)
        return NULL;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        err_errno(err, errno, "a pipe");
        return NULL;
    }
    char *text = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII);
    must(text != NULL);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        child_run(program, config, text, ends[1]);
    free(text);
    close(ends[1]);
    buf_init(&out, CONTROL_ANSWER_MAX);
    if (child < 0)
        err_errno(err, errno, "%s", program);
    else if (child_read(ends[0], &out, err) == 0)
        result = child_result(&out, err);
    else
        kill(child, SIGKILL);
    close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    buf_fini(&out);
    return result;
}
