/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logfile - one log file, plain or compressed, opened once
 *
 * Opening never hangs and never touches a device: what a name leads to is
 * looked at before it is opened, and a file that changed in between is caught
 * by looking again at what was opened.
 */
#define _GNU_SOURCE
#include "logs/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "logs/logsource.h"

#define COUNT_CHUNK ((size_t)256 * 1024)

/* First bytes of what we can unpack. gzip apart, because it has a back end of its own. */
static const struct magic {
    struct str bytes;
    enum log_packing packing;
} magics[] = {
    { STR_INIT("\x1f\x8b"), LOG_GZIP },
    { STR_INIT("BZh"), LOG_OTHER_PACKED }, /* and more: see below */
    { STR_INIT("\xfd"
               "7zXZ\0"),
      LOG_OTHER_PACKED },
    { STR_INIT("\x28\xb5\x2f\xfd"), LOG_OTHER_PACKED },
    { STR_INIT("\x5d\0\0"),
      LOG_OTHER_PACKED }, /* lzma: properties and a dictionary of whole 64 KiB */
    { STR_INIT("\x04\x22\x4d\x18"), LOG_OTHER_PACKED }, /* lz4 */
    { STR_INIT("\x1f\x9d"), LOG_OTHER_PACKED },         /* compress */
};

/* bzip2's own magic is three letters that a text could begin with: the block's magic must follow
 * (or that of the end, in a file without text). */
static bool bzip2_follows(struct str head)
{
    struct str block = str_head(str_skip(head, 4), 6);
    return str_eq(block, STR("\x31\x41\x59\x26\x53\x59")) ||
           str_eq(block, STR("\x17\x72\x45\x38\x50\x90"));
}

static enum log_packing packing_of(struct str head)
{
    /* zstd may begin with frames to be skipped: 0x184D2A50 to 5F, little endian */
    if (head.n >= 4 && (head.p[0] & 0xf0) == 0x50 &&
        str_eq(str_make(head.p + 1, 3), STR("\x2a\x4d\x18")))
        return LOG_OTHER_PACKED;
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        if (!str_starts(head, magics[i].bytes))
            continue;
        if (head.p[0] == 'B' && !bzip2_follows(head))
            continue;
        return magics[i].packing;
    }
    return LOG_PLAIN;
}

static void facts_take(struct logfile *f, const struct stat *st)
{
    f->size = st->st_size > 0 ? (uint64_t)st->st_size : 0;
    f->device = (uint64_t)st->st_dev;
    f->inode = (uint64_t)st->st_ino;
    f->changed = (int64_t)st->st_mtime;
}

/* Refuse what is neither a file nor a stream. */
static int kind_check(const struct stat *st, const char *name, struct err *err)
{
    if (S_ISDIR(st->st_mode))
        return err_set(err, ERR_USAGE, "%s: is a folder, not a file", name);
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        return err_set(err, ERR_USAGE, "%s: is a device, not a log file", name);
    if (S_ISSOCK(st->st_mode))
        return err_set(err, ERR_USAGE, "%s: is a socket, not a log file", name);
    return 0;
}

int logfile_open(const char *path, struct logfile **f_out, struct err *err)
{
    *f_out = NULL;
    struct stat st;
    if (stat(path, &st) != 0)
        return err_errno(err, errno, "%s", path);
    if (kind_check(&st, path, err) != 0)
        return -1;
    /* Not to wait for a file that has become a pipe meanwhile; a pipe that is one is waited for. */
    int wait = S_ISFIFO(st.st_mode) ? 0 : O_NONBLOCK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | wait);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    return logfile_open_fd(fd, path, f_out, err);
}

/* A descriptor that can be read at any place: `fd` itself, or a copy of the stream. Takes `fd`. */
static int regular_fd(int fd, const char *name, struct stat *st, struct err *err)
{
    if (fstat(fd, st) != 0) {
        err_errno(err, errno, "%s", name);
        close(fd);
        return -1;
    }
    if (S_ISREG(st->st_mode))
        return fd;
    int copied = -1;
    if (isatty(fd))
        err_set(err, ERR_USAGE, "%s: is a terminal; pipe a log into it", name);
    else if (kind_check(st, name, err) == 0)
        copied = log_copy_stream(fd, name, err);
    close(fd);
    if (copied >= 0 && fstat(copied, st) != 0) {
        err_errno(err, errno, "%s", name);
        close(copied);
        return -1;
    }
    return copied;
}

int logfile_open_raw(int fd, const char *name, struct logfile **f_out, struct err *err)
{
    *f_out = NULL;
    struct stat st;
    fd = regular_fd(fd, name, &st, err);
    if (fd < 0)
        return -1;
    struct logfile *f = must_alloc(sizeof *f);
    f->fd = fd;
    facts_take(f, &st);
    char head[16];
    ssize_t got = logsource_pread(f, head, sizeof head, 0);
    if (got < 0) {
        err_errno(err, errno, "%s", name);
        close(fd);
        free(f);
        return -1;
    }
    f->path = strdup(name);
    must(f->path != NULL);
    f->packing = packing_of(str_make(head, (size_t)got));
    *f_out = f;
    return 0;
}

int logfile_open_fd(int fd, const char *name, struct logfile **f_out, struct err *err)
{
    if (logfile_open_raw(fd, name, f_out, err) != 0)
        return -1;
    logfile_probe(*f_out);
    return 0;
}

void logfile_close(struct logfile **f)
{
    if (*f == NULL)
        return;
    close((*f)->fd);
    free((*f)->path);
    free(*f);
    *f = NULL;
}

uint64_t logfile_line_number(const struct logfile *f, uint64_t offset)
{
    must(f->packing == LOG_PLAIN);
    char *chunk = must_realloc(NULL, COUNT_CHUNK);
    uint64_t lines = 1;
    uint64_t at = 0;
    while (at < offset) {
        size_t want = offset - at < COUNT_CHUNK ? (size_t)(offset - at) : COUNT_CHUNK;
        ssize_t got = logsource_pread(f, chunk, want, at);
        if (got <= 0) {
            lines = 0;
            break;
        }
        lines += log_count_lines(chunk, (size_t)got);
        at += (uint64_t)got;
    }
    free(chunk);
    return lines;
}

int64_t logfile_slack(const struct logfile *f)
{
    return f->offset_known ? 3600 : 26 * 3600;
}

bool logfile_can_hold(const struct logfile *f, int64_t begin, int64_t end)
{
    int64_t slack = logfile_slack(f);
    if (!f->dated)
        return false;
    if (f->unordered)
        return true;
    bool too_new = end < INT64_MAX - slack && f->first > end + slack;
    bool too_old = begin > INT64_MIN + slack && f->last < begin - slack;
    return !too_new && !too_old;
}
