/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logsource - the inflated bytes of a log file, from the front
 *
 * The plain back end lives here, because it is ten lines long. A plain file is
 * read up to the size that it had when it was opened: what Exim appends
 * meanwhile would otherwise keep us busy for ever. If it has become shorter,
 * somebody has truncated it under us, and that is said: lines were lost.
 */
#define _GNU_SOURCE
#include "logs/logsource.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"

struct logsource {
    const struct logfile *file;
    const struct logsource_ops *ops;
    void *self;
    uint64_t at;             /* inflated bytes handed out so far, plus where we began */
    int ended;               /* 0, or what read said last: 1 the end, -1 damage */
    struct err err;
};

const char *log_size_text(uint64_t bytes, char text[32])
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024 && unit < 4) {
        size /= 1024;
        unit++;
    }
    snprintf(text, 32, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
    return text;
}

ssize_t logsource_pread(const struct logfile *f, char *dst, size_t n, uint64_t at)
{
    if (at >= f->size)
        return 0;
    if (n > f->size - at)
        n = (size_t)(f->size - at);
    size_t have = 0;
    while (have < n) {
        ssize_t got = pread(f->fd, dst + have, n - have, (off_t)(at + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return have > 0 ? (ssize_t)have : -1;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

static ssize_t plain_read(struct logsource *s, char *dst, size_t n, struct err *err)
{
    ssize_t got = logsource_pread(s->file, dst, n, s->at);
    if (got < 0)
        return err_errno(err, errno, "cannot be read");
    char size[32];
    if (got == 0 && s->at < s->file->size)
        return err_set(err, ERR_IO, "became shorter while it was read: ended after %s",
                       log_size_text(s->at, size));
    return got;
}

void packed_input_init(struct packed_input *in, const struct logfile *f, size_t chunk)
{
    *in = (struct packed_input){ .file = f, .chunk = chunk, .bytes = must_realloc(NULL, chunk) };
}

void packed_input_fini(struct packed_input *in)
{
    free(in->bytes);
    in->bytes = NULL;
}

ssize_t packed_input_next(struct packed_input *in, struct err *err)
{
    ssize_t got = logsource_pread(in->file, (char *)in->bytes, in->chunk, in->at);
    if (got < 0)
        return err_errno(err, errno, "cannot be read");
    in->at += (uint64_t)got;
    return got;
}

struct logsource *logsource_new(const struct logfile *f, uint64_t begin, size_t chunk)
{
    struct logsource *s = must_alloc(sizeof *s);
    s->file = f;
    if (f->packing == LOG_PLAIN) {
        s->at = begin;
        return s;
    }
    must(begin == 0);
    bool gzip = f->packing == LOG_GZIP;
    s->ops = gzip ? &log_gzip_ops : &log_packed_ops;
    s->self = gzip ? log_gzip_new(f, chunk) : log_packed_new(f, chunk);
    return s;
}

void logsource_free(struct logsource **s)
{
    if (*s == NULL)
        return;
    if ((*s)->ops != NULL)
        (*s)->ops->free((*s)->self);
    free(*s);
    *s = NULL;
}

ssize_t logsource_read(struct logsource *s, char *dst, size_t n, struct err *err)
{
    must(n > 0);
    if (s->ended == 0) {
        ssize_t got = s->ops == NULL ? plain_read(s, dst, n, &s->err)
                                     : s->ops->read(s->self, dst, n, &s->err);
        if (got > 0) {
            s->at += (uint64_t)got;
            return got;
        }
        s->ended = got == 0 ? 1 : -1;
        if (got < 0)
            err_wrap(&s->err, "%s", s->file->path);
    }
    if (s->ended > 0)
        return 0;
    if (err != NULL)
        *err = s->err;
    return -1;
}
