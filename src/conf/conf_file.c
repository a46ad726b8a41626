/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_file - the bytes of a configuration file, and whether to trust them
 *
 * What is tested is what was opened: between a stat() of a name and its
 * open() the file can change.
 */
#define _GNU_SOURCE
#include "conf/conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int trusted(const char *path, const struct stat *st, struct err *err)
{
    if (!S_ISREG(st->st_mode))
        return err_set(err, ERR_FORMAT, "%s: not a file: name the configuration file with -c",
                       path);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return err_set(err, ERR_ACCESS, "%s: belongs to neither root nor you: chown root %s", path,
                       path);
    if (st->st_mode & S_IWOTH)
        return err_set(err, ERR_ACCESS, "%s: everybody may write it: chmod o-w %s", path, path);
    return 0;
}

static int read_all(int fd, const char *path, struct buf *out, struct err *err)
{
    while (buf_reserve(out, 1) == 0) {
        size_t room = out->max - out->n;
        size_t chunk = room < 65536 ? room : 65536;
        if (buf_reserve(out, chunk) != 0)
            break;
        ssize_t n = read(fd, out->p + out->n, chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "%s", path);
        if (n == 0)
            return 0;
        out->n += (size_t)n;
    }
    return err_set(err, ERR_LIMIT, "%s: larger than %u bytes, the most that is read", path,
                   CONF_FILE_BYTES_MAX);
}

int conf_file_read(const char *path, struct buf *out, struct err *err)
{
    struct stat st;
    int rc = -1, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return err_set(err, ERR_MISSING, "%s: there is no such file: posternd --example prints one",
                       path);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    if (fstat(fd, &st) != 0)
        err_errno(err, errno, "%s", path);
    else if (trusted(path, &st, err) == 0)
        rc = read_all(fd, path, out, err);
    close(fd);
    return rc;
}
