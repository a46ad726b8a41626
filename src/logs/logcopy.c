/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logcopy - a stream becomes a file
 *
 * A log that comes through a pipe cannot be searched, only read once, and its
 * last line is known when it ends. So it is copied to a temporary file first,
 * as it is (packed stays packed). The file has no name: whatever becomes of
 * us, nothing stays behind, and nobody else can open customers' mail traffic.
 */
#define _GNU_SOURCE
#include "logs/logsource.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"

#define COPY_CHUNK ((size_t)256 * 1024)

/* A file without a name in `dir`, or -1 with errno. */
static int unnamed_file(const char *dir)
{
#ifdef O_TMPFILE
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
#endif
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/postern.XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int named = mkostemp(path, O_CLOEXEC);
    if (named >= 0)
        unlink(path);
    return named;
}

/* The first of the usual folders that lets us. *dir_out names it. */
static int temporary_file(const char **dir_out, struct err *err)
{
    const char *dirs[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };
    int why = ENOENT;
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        if (dirs[i] == NULL || dirs[i][0] != '/')
            continue;
        *dir_out = dirs[i];
        int fd = unnamed_file(dirs[i]);
        if (fd >= 0)
            return fd;
        why = errno;
    }
    return err_errno(err, why, "no temporary file in TMPDIR, /var/tmp or /tmp");
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        p += put;
        n -= (size_t)put;
    }
    return 0;
}

/* 0 at the end of the stream, or -1. */
static int copy(int from, int to, char *chunk, const char *dir, struct err *err)
{
    uint64_t copied = 0;
    char size[32];
    for (;;) {
        ssize_t got = read(from, chunk, COPY_CHUNK);
        if (got == 0)
            return 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(err, errno, "cannot be read after %s", log_size_text(copied, size));
        if (write_all(to, chunk, (size_t)got) != 0)
            return err_errno(
                err, errno, "cannot be kept in %s after %s (set TMPDIR to a folder with more room)",
                dir, log_size_text(copied, size));
        copied += (uint64_t)got;
    }
}

int log_copy_stream(int fd, const char *name, struct err *err)
{
    const char *dir = NULL;
    int to = temporary_file(&dir, err);
    if (to < 0)
        return err_wrap(err, "%s", name);
    char *chunk = must_realloc(NULL, COPY_CHUNK);
    int rc = copy(fd, to, chunk, dir, err);
    free(chunk);
    if (rc == 0)
        return to;
    close(to);
    return err_wrap(err, "%s", name);
}
