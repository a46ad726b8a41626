/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logmake - logs for tests: lines, ids, packed files, a folder that goes away
 *
 * What the tests of logs/ share. Lines are written from a UTC time and the
 * zone that the log is in, so a test knows the truth that the code under test
 * has to find. Packing goes through the same libraries by their other half.
 */
#ifndef POSTERN_TESTS_LOGMAKE_H
#define POSTERN_TESTS_LOGMAKE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <isa-l/igzip_lib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "logs/logfile.h"
#include "unit.h"

#define LOGMAKE_MAX ((size_t)256 << 20)

/* Times that the tests use: 2026-11-23 10:00:00 UTC; and when Berlin goes from +2 to +1,
 * 2026-10-25 01:00:00 UTC, and from +1 to +2, 2026-03-29 01:00:00 UTC. */
#define NOVEMBER INT64_C(1795428000)
#define AUTUMN INT64_C(1792890000)
#define SPRING INT64_C(1774746000)
#define DAY INT64_C(86400)

/* The folder of this test program. */
static char logmake_dir[64];

static inline int logmake_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* A test that was killed leaves its folder behind: one whose pid is no process of today goes. Only
 * ours, and only in /tmp itself: anybody may make folders there. */
static inline void logmake_tidy(void)
{
    DIR *dir = opendir("/tmp");
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char path[512];
        struct stat st;
        struct str rest = str_c(e->d_name);
        uint64_t pid;
        if (!str_eat(&rest, STR("postern-test.")) || str_eat_u64(&rest, &pid) != 0 ||
            !str_eat(&rest, STR(".")) || pid == 0 || pid > INT32_MAX ||
            kill((pid_t)pid, 0) == 0 || errno != ESRCH)
            continue;
        snprintf(path, sizeof path, "/tmp/%s", e->d_name);
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
            nftw(path, logmake_remove, 16, FTW_DEPTH | FTW_PHYS);
    }
    if (dir != NULL)
        closedir(dir);
}

static inline int logmake_setup(void **state)
{
    (void)state;
    logmake_tidy();
    snprintf(logmake_dir, sizeof logmake_dir, "/tmp/postern-test.%ld.XXXXXX", (long)getpid());
    return mkdtemp(logmake_dir) == NULL ? -1 : 0;
}

static inline int logmake_teardown(void **state)
{
    (void)state;
    return nftw(logmake_dir, logmake_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Path of a file in the folder; good until four calls later. */
static inline const char *logmake_path(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", logmake_dir, name);
    return path;
}

/* Write a file in the folder; folders in `name` must be there. Returns its path. */
static inline const char *logmake_file(const char *name, struct str bytes)
{
    const char *path = logmake_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        assert_true(n > 0);
        bytes = str_skip(bytes, (size_t)n);
    }
    assert_int_equal(close(fd), 0);
    return path;
}

/* An id of the old form. */
static inline void logmake_id(int64_t when, uint32_t pid, char id[17])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    memcpy(id, "000000-000000-00", 17);
    for (int i = 5; i >= 0; i--, when /= 62)
        id[i] = digits[when % 62];
    for (int i = 12; i >= 7; i--, pid /= 62)
        id[i] = digits[pid % 62];
}

/* `YYYY-MM-DD HH:MM:SS ` of `utc` in a zone. */
static inline void logmake_stamp(struct buf *b, int64_t utc, int32_t offset)
{
    struct civil c = clock_to_civil(utc + offset);
    assert_int_equal(buf_addf(b, "%04d-%02d-%02d %02d:%02d:%02d ", c.year, c.month, c.day, c.hour,
                              c.minute, c.second), 0);
}

/* An arrival that took `took` seconds to receive. */
static inline void logmake_arrival(struct buf *b, int64_t utc, int32_t offset, int took)
{
    char id[17];
    logmake_id(utc - took, (uint32_t)(utc % 30000) + 1, id);
    logmake_stamp(b, utc, offset);
    buf_addf(b, "%s <= joe%d@example.com U=joe P=local S=1234 id=x%d@example.com\n", id,
             (int)(utc % 1000), (int)(utc % 100000));
}

static inline void logmake_line(struct buf *b, int64_t utc, int32_t offset, const char *text)
{
    logmake_stamp(b, utc, offset);
    buf_addf(b, "%s\n", text);
}

/* One gzip member. */
static inline void logmake_gzip(struct buf *b, struct str text)
{
    struct isal_zstream z;
    size_t room = text.n + text.n / 8 + 4096;
    assert_int_equal(buf_reserve(b, room), 0);
    isal_deflate_stateless_init(&z);
    z.gzip_flag = IGZIP_GZIP;
    z.end_of_stream = 1;
    union {
        const char *in;
        uint8_t *out;
    } from = { .in = text.p };
    z.next_in = from.out;
    z.avail_in = (uint32_t)text.n;
    z.next_out = (uint8_t *)b->p + b->n;
    z.avail_out = (uint32_t)room;
    assert_int_equal(isal_deflate_stateless(&z), COMP_OK);
    b->n += z.total_out;
}

static inline la_ssize_t logmake_take(struct archive *a, void *self, const void *p, size_t n)
{
    (void)a;
    assert_int_equal(buf_add(self, str_make(p, n)), 0);
    return (la_ssize_t)n;
}

/* One stream of a packer that libarchive knows: "bzip2", "xz", "zstd", "lzma", "lz4",
 * "compress". */
static inline void logmake_pack(struct buf *b, const char *packer, struct str text)
{
    struct archive *a = archive_write_new();
    struct archive_entry *e = archive_entry_new();
    assert_int_equal(archive_write_add_filter_by_name(a, packer), ARCHIVE_OK);
    assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(a, 1);
    assert_int_equal(archive_write_open(a, b, NULL, logmake_take, NULL), ARCHIVE_OK);
    archive_entry_set_filetype(e, AE_IFREG);
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, text.p, text.n), (la_ssize_t)text.n);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_entry_free(e);
    archive_write_free(a);
}

/* A log of arrivals, `step` seconds apart, in a zone. */
static inline void logmake_arrivals(struct buf *b, int64_t from, int64_t to, int step,
                                    int32_t offset)
{
    for (int64_t t = from; t <= to; t += step)
        logmake_arrival(b, t, offset, (int)(t % 3));
}

static inline void logmake_touch(const char *path, int64_t when)
{
    struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static inline struct logfile *logmake_open(const char *path)
{
    struct logfile *f;
    struct err err;
    if (logfile_open(path, &f, &err) != 0)
        fail_msg("%s", err.text);
    return f;
}

static inline struct logfile *logmake_open_bytes(const char *name, struct str bytes)
{
    return logmake_open(logmake_file(name, bytes));
}

static inline struct logfile *logmake_open_text(const char *name, const struct buf *b)
{
    return logmake_open_bytes(name, buf_str(b));
}

/* The process's own zone. */
static inline void logmake_zone(const char *name)
{
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
}

/* Numbers that look random and are the same in every run. */
static inline uint32_t logmake_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

#endif
