/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_logreader - any bytes as a log file: plain, gzip, bzip2, xz, zstd, lzma, lz4, compress
 *
 * Plain: two readers that share the file at any place give, together, exactly the
 * lines that one gives. Plain and packed: blocks hold whole lines, follow each
 * other, and their size changes nothing. A seek ends at a line start.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/must.h"
#include "logs/logsource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A small file can unpack to gigabytes; that much is read of it. */
#define TEXT_MAX ((uint64_t)256 << 10)
#define LINE_MAX_HERE ((size_t)40)

/* What readers have given so far: all lines in order, each chained to the next. */
struct total {
    uint64_t lines, overlong, hash;
    bool cut;                /* TEXT_MAX was reached */
};

static void read_range(const struct logfile *f, const uint64_t range[2], size_t block,
                       struct total *t)
{
    static const struct hash_key key = { 1, 2 };
    struct logreader *r = logreader_new_sized(f, range[0], range[1], block, LINE_MAX_HERE);
    struct logblock b;
    struct err err = { .kind = ERR_NONE };
    uint64_t after = range[0];
    int rc = 1;
    logreader_count_lines(r, 1);
    while (after - range[0] < TEXT_MAX && (rc = logreader_next(r, &b, &err)) == 1) {
        must(b.bytes.n > 0 && b.bytes.n <= block && b.offset >= after && b.first_line > 0);
        after = b.offset + b.bytes.n;
        for (struct str line; str_line(&b.bytes, &line); t->lines++) {
            must(line.n <= LINE_MAX_HERE);
            t->hash = hash_u64(key, t->hash, hash_str(key, line));
        }
    }
    must(rc >= 0 || (err.kind != ERR_NONE && err.text[0] != '\0'));
    t->cut = t->cut || rc > 0;
    t->overlong += logreader_overlong(r);
    logreader_free(&r);
}

static void must_agree(const struct total *a, const struct total *b)
{
    must(a->cut || b->cut ||
         (a->lines == b->lines && a->hash == b->hash && a->overlong == b->overlong));
}

static void check_file(const struct logfile *f, const uint8_t *data, size_t size)
{
    struct total small = { 0 }, large = { 0 }, shared = { 0 };
    read_range(f, (uint64_t[]){ 0, UINT64_MAX }, LINE_MAX_HERE + 1 + size % 50, &small);
    read_range(f, (uint64_t[]){ 0, UINT64_MAX }, 100000, &large);
    must_agree(&small, &large);
    uint64_t at = logfile_seek(f, f->first + (int64_t)(size * 1000));
    must(at == 0 || (f->packing == LOG_PLAIN && at < size && data[at - 1] == '\n'));
    must(logfile_can_hold(f, f->first, f->first) == f->dated);
    if (f->packing != LOG_PLAIN)
        return;
    uint64_t middle = size == 0 ? 0 : data[size / 2] * size / 255;
    read_range(f, (uint64_t[]){ 0, middle }, LINE_MAX_HERE + 1, &shared);
    read_range(f, (uint64_t[]){ middle, UINT64_MAX }, 1000, &shared);
    must_agree(&small, &shared);
    must(logfile_line_number(f, size) == log_count_lines((const char *)data, size) + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    must(fd >= 0);
    must(write(fd, data, size) == (ssize_t)size);
    struct logfile *f;
    must(logfile_open_fd(fd, "log", &f, NULL) == 0);
    must(f->dated == (f->doubt.kind == ERR_NONE || f->doubt.kind == ERR_LIMIT));
    check_file(f, data, size);
    logfile_close(&f);
    return 0;
}
