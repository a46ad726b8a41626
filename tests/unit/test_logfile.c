/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logfile - what a file says of itself: packing, times, zone, order
 *
 * Logs are made from UTC times and a zone, and the process's own zone is set to
 * another one, so that whatever comes out right was read from the log.
 */
#define _GNU_SOURCE
#include "logs/logfile.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "logmake.h"
#include "logs/logreader.h"

static void test_packing(void **state)
{
    (void)state;
    static const char *const packers[] = { "bzip2", "xz", "zstd", "lzma", "lz4", "compress" };
    struct buf text;
    buf_init(&text, LOGMAKE_MAX);
    logmake_arrivals(&text, NOVEMBER, NOVEMBER + 5000, 10, 3600);
    for (size_t i = 0; i < ROWS(packers) + 2; i++) {
        struct buf packed;
        buf_init(&packed, LOGMAKE_MAX);
        if (i == 0)
            buf_add(&packed, buf_str(&text));
        else if (i == 1)
            logmake_gzip(&packed, buf_str(&text));
        else
            logmake_pack(&packed, packers[i - 2], buf_str(&text));
        /* the name lies */
        struct logfile *f = logmake_open_text(i == 0 ? "log.gz" : "log.txt", &packed);
        assert_int_equal(f->packing, i == 0 ? LOG_PLAIN : i == 1 ? LOG_GZIP : LOG_OTHER_PACKED);
        assert_true(f->dated && !f->unordered && f->doubt.kind == ERR_NONE);
        assert_int_equal(f->first, NOVEMBER);
        assert_int_equal(f->first_offset, 3600);
        assert_true(f->offset_known && !f->has_pids);
        assert_int_equal(f->size, packed.n);
        if (i == 0)
            assert_int_equal(f->last, NOVEMBER + 5000);
        else
            assert_true(f->last == INT64_MAX);
        logfile_close(&f);
        buf_fini(&packed);
    }
    buf_fini(&text);
}

/* Texts that begin as packed files do are texts. */
static void test_no_packing(void **state)
{
    (void)state;
    static const struct str texts[] = {
        STR_INIT("BZh9 is what a bzip2 file begins with\n"), STR_INIT("BZh"), STR_INIT("]"),
        STR_INIT("\x1f"), STR_INIT("("), STR_INIT("\xfd" "7zXZ"), STR_INIT("P*M"),
    };
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct logfile *f = logmake_open_bytes("text", texts[i]);
        assert_int_equal(f->packing, LOG_PLAIN);
        assert_false(f->dated);
        assert_int_equal(f->doubt.kind, ERR_FORMAT);
        logfile_close(&f);
    }
}

struct undated {
    const char *name;
    struct str bytes;
    bool empty;
    enum err_kind kind;
    const char *says;
};

static void test_undated(void **state)
{
    (void)state;
    static const struct undated table[] = {
        { "nothing", STR_INIT(""), true, ERR_MISSING, "nothing: is empty" },
        { "prose", STR_INIT("Dear Sir,\nthis is no log.\n"), false, ERR_FORMAT,
          "is no Exim main log" },
        { "dpkg.log",
          STR_INIT("2026-11-23 10:00:00 startup packages configure\n"
                   "2026-11-23 10:00:01 configure libc-bin:amd64 2.36-9 <none>\n"),
          false, ERR_FORMAT, "is no Exim main log" },
        { "app.log",
          STR_INIT("2026-11-23 10:00:00 Failed to open x\n2026-11-23 10:00:01 Connection from "
                   "192.0.2.1\n"
                   "2026-11-23 10:00:02 UTC [12] LOG:  checkpoint starting\n"),
          false, ERR_FORMAT, "is no Exim main log" },
        { "zeros", STR_INIT("\0\0\0\0\0\0\0\0"), false, ERR_FORMAT, "is no Exim main log" },
        { "cut.gz", STR_INIT("\x1f\x8b\x08\0\0\0\0\0\0\x03"), false, ERR_FORMAT,
          "cut.gz: compressed data ends early after 0 bytes of text" },
        { "bad.gz", STR_INIT("\x1f\x8bgarbage garbage garbage"), false, ERR_FORMAT,
          "bad.gz: compressed data is damaged after 0 bytes" },
        { "bad.xz",
          STR_INIT("\xfd"
                   "7zXZ\0garbage garbage garbage"),
          false, ERR_FORMAT, "bad.xz: " },
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        struct logfile *f = logmake_open_bytes(table[i].name, table[i].bytes);
        assert_false(f->dated);
        assert_int_equal(f->empty, table[i].empty);
        assert_int_equal(f->doubt.kind, table[i].kind);
        if (strstr(f->doubt.text, table[i].says) == NULL)
            fail_msg("%s: %s", table[i].name, f->doubt.text);
        assert_int_equal(logfile_seek(f, NOVEMBER), 0);
        assert_false(logfile_can_hold(f, INT64_MIN, INT64_MAX));
        logfile_close(&f);
    }
    struct buf packed;
    buf_init(&packed, LOGMAKE_MAX);
    logmake_gzip(&packed, STR(""));
    struct logfile *f = logmake_open_text("nothing.gz", &packed);
    assert_true(f->empty && !f->dated);
    logfile_close(&f);
    buf_fini(&packed);
}

/* Logs in a tar archive, packed or not, would lose the first line of each: said, not read. A log
 * whose first line has tar's word in that very place is a log. */
static void test_archive(void **state)
{
    (void)state;
    char block[512] = "mainlog";
    struct buf text, packed;
    buf_init(&text, LOGMAKE_MAX);
    buf_init(&packed, LOGMAKE_MAX);
    memcpy(block + 257, "ustar", 5);
    buf_add(&text, str_make(block, sizeof block));
    buf_add(&text, STR("2026-11-23 10:00:00 1vN0Gy-00001c-1A Completed\n"));
    logmake_gzip(&packed, buf_str(&text));
    const struct str forms[] = { buf_str(&text), buf_str(&packed) };
    for (size_t i = 0; i < ROWS(forms); i++) {
        struct logfile *f = logmake_open_bytes("logs.tar", forms[i]);
        assert_false(f->dated);
        assert_int_equal(f->doubt.kind, ERR_FORMAT);
        assert_non_null(strstr(f->doubt.text, "is a tar archive; unpack it"));
        logfile_close(&f);
    }
    buf_reset(&text);
    buf_add(&text, STR("2026-11-23 10:00:00 1vN0Gy-00001c-1A Completed "));
    while (text.n < 600)
        buf_add(&text, text.n == 257 ? STR("ustar") : STR("x"));
    buf_add(&text, STR("\n"));
    struct logfile *f = logmake_open_bytes("log", buf_str(&text));
    assert_true(f->dated && f->doubt.kind == ERR_NONE);
    logfile_close(&f);
    buf_fini(&packed);
    buf_fini(&text);
}

/* What must not be opened, and how that is said. */
static void test_refused(void **state)
{
    (void)state;
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s/sock", logmake_dir);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
    const struct { const char *path; enum err_kind kind; const char *says; } table[] = {
        { "/nonexistent/mainlog", ERR_MISSING, "/nonexistent/mainlog: No such file" },
        { logmake_dir, ERR_USAGE, "is a folder" },
        { "/dev/null", ERR_USAGE, "is a device" },
        { name.sun_path, ERR_USAGE, "is a socket" },
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        struct logfile *f;
        struct err err;
        assert_int_equal(logfile_open(table[i].path, &f, &err), -1);
        assert_null(f);
        assert_int_equal(err.kind, table[i].kind);
        if (strstr(err.text, table[i].says) == NULL)
            fail_msg("%s", err.text);
    }
    close(listener);
}

/* Another program's log: opened, told its packing, and left alone. */
static void test_raw(void **state)
{
    (void)state;
    struct buf packed;
    struct err err;
    buf_init(&packed, 65536);
    logmake_gzip(&packed, STR("192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"POST / HTTP/1.1\" 200 1\n"));
    struct logfile *f;
    int fd = open(logmake_file("access.gz", buf_str(&packed)), O_RDONLY);
    assert_int_equal(logfile_open_raw(fd, "access.gz", &f, &err), 0);
    assert_int_equal(f->packing, LOG_GZIP);
    assert_false(f->dated || f->empty);
    assert_int_equal(f->doubt.kind, ERR_NONE);
    assert_int_equal(f->size, packed.n);
    struct logreader *r = logreader_new(f, 0, UINT64_MAX);
    struct logblock block;
    assert_int_equal(logreader_next(r, &block, &err), 1);
    assert_true(str_starts(block.bytes, STR("192.0.2.1 - - [")));
    logreader_free(&r);
    logfile_close(&f);
    buf_fini(&packed);
}

struct pipe_job {
    int fd;                  /* or -1: open `path` */
    const char *path;
    struct str bytes;
};

static void *pipe_write(void *arg)
{
    struct pipe_job *job = arg;
    int fd = job->fd >= 0 ? job->fd : open(job->path, O_WRONLY);
    while (job->bytes.n > 0) {
        ssize_t n = write(fd, job->bytes.p, job->bytes.n);
        if (n <= 0)
            break;
        job->bytes = str_skip(job->bytes, (size_t)n);
    }
    close(fd);
    return NULL;
}

/* A pipe and a named pipe become files, packed ones too. */
static void test_pipe(void **state)
{
    (void)state;
    struct buf text, packed;
    struct err err;
    buf_init(&text, LOGMAKE_MAX);
    buf_init(&packed, LOGMAKE_MAX);
    logmake_arrivals(&text, NOVEMBER, NOVEMBER + 40000, 10, -5 * 3600);
    logmake_gzip(&packed, buf_str(&text));
    for (int named = 0; named < 2; named++) {
        int ends[2] = { -1, -1 };
        pthread_t thread;
        struct logfile *f = NULL;
        const char *path = logmake_path("fifo");
        if (named)
            assert_int_equal(mkfifo(path, 0600), 0);
        else
            assert_int_equal(pipe(ends), 0);
        struct pipe_job job = { ends[1], path, buf_str(named ? &packed : &text) };
        assert_int_equal(pthread_create(&thread, NULL, pipe_write, &job), 0);
        int rc = named ? logfile_open(path, &f, &err)
                       : logfile_open_fd(ends[0], "standard input", &f, &err);
        pthread_join(thread, NULL);
        if (rc != 0)
            fail_msg("%s", err.text);
        assert_int_equal(f->packing, named ? LOG_GZIP : LOG_PLAIN);
        assert_int_equal(f->first, NOVEMBER);
        assert_int_equal(f->first_offset, -5 * 3600);
        assert_string_equal(f->path, named ? path : "standard input");
        struct stat st;
        assert_int_equal(fstat(f->fd, &st), 0);
        assert_int_equal(st.st_nlink, 0);
        logfile_close(&f);
    }
    buf_fini(&text);
    buf_fini(&packed);
}

/* The first folder that works is taken; without room for the copy that is said, with what to do. */
static void test_pipe_full(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, LOGMAKE_MAX);
    logmake_arrivals(&text, NOVEMBER, NOVEMBER + 40000, 10, 0);
    assert_true(text.n > 200 * 1024);
    setenv("TMPDIR", "/nonexistent", 1);
    for (int full = 0; full < 2; full++) {
        int ends[2];
        struct logfile *f;
        struct err err;
        pthread_t thread;
        struct rlimit limit;
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        struct rlimit small = { .rlim_cur = 100 * 1024, .rlim_max = limit.rlim_max };
        assert_int_equal(pipe(ends), 0);
        struct pipe_job job = { ends[1], NULL, buf_str(&text) };
        assert_int_equal(pthread_create(&thread, NULL, pipe_write, &job), 0);
        if (full)
            assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        int rc = logfile_open_fd(ends[0], "standard input", &f, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        pthread_join(thread, NULL);
        assert_int_equal(rc, full ? -1 : 0);
        if (full) {
            assert_int_equal(err.kind, ERR_IO);
            assert_non_null(strstr(err.text, "standard input: cannot be kept in /var/tmp after "));
            assert_non_null(strstr(err.text, "set TMPDIR to a folder with more room"));
        }
        logfile_close(&f);
    }
    unsetenv("TMPDIR");
    buf_fini(&text);
}

struct zone_case {
    const char *name;
    int32_t offset;
    int took;                /* seconds for each reception */
    int arrivals;
    bool known;
};

/* The zone comes from the ids, whatever the process's own is. */
static void test_zone(void **state)
{
    (void)state;
    static const struct zone_case table[] = {
        { "UTC", 0, 0, 100, true },
        { "Berlin", 3600, 1, 100, true },
        { "New York", -5 * 3600, 2, 100, true },
        { "Kathmandu", 5 * 3600 + 2700, 0, 100, true },
        { "Kiritimati", 14 * 3600, 1, 100, true },
        { "Baker Island", -12 * 3600, 1, 100, true },
        { "a minute each", 3600, 60, 100, true },
        { "one arrival", 3600, 3, 1, true },
        { "no arrival", 3600, 0, 0, false },
        { "all of them slow", 3600, 700, 50, true },
    };
    logmake_zone("Asia/Tokyo");
    for (size_t i = 0; i < ROWS(table); i++) {
        struct buf b;
        buf_init(&b, LOGMAKE_MAX);
        logmake_line(&b, NOVEMBER, table[i].offset, "exim 4.96 daemon started: pid=1, -q30m");
        for (int k = 1; k <= table[i].arrivals; k++)
            logmake_arrival(&b, NOVEMBER + k, table[i].offset, table[i].took);
        logmake_line(&b, NOVEMBER + 1000, table[i].offset, "End queue run: pid=77");
        struct logfile *f = logmake_open_text("zone", &b);
        int32_t want = table[i].known ? table[i].offset : 9 * 3600;
        if (f->offset_known != table[i].known || f->first_offset != want || f->last_offset != want)
            fail_msg("%s: known %d, %d and %d", table[i].name, f->offset_known, f->first_offset,
                     f->last_offset);
        assert_int_equal(f->first, NOVEMBER + table[i].offset - want);
        assert_int_equal(f->last, f->first + 1000);
        logfile_close(&f);
        buf_fini(&b);
    }
    logmake_zone("UTC");
}

/* A few receptions of a quarter of an hour among quick ones change nothing. */
static void test_zone_slow_ones(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, LOGMAKE_MAX);
    for (int k = 0; k < 200; k++)
        logmake_arrival(&b, NOVEMBER + k, 7200, k % 4 == 3 ? 900 + k % 90 : k % 5);
    struct logfile *f = logmake_open_text("slow", &b);
    assert_int_equal(f->first_offset, 7200);
    assert_int_equal(f->last_offset, 7200);
    struct logzone z;
    logzone_begin(&z, f, INT64_MIN);
    for (int k = 0; k < 50; k++)
        logzone_observe(&z, NOVEMBER + 7200, NOVEMBER - 901 - k % 3);
    assert_int_equal(z.offset, 7200);
    logfile_close(&f);
    buf_fini(&b);
}

struct stamped_case {
    const char *name;
    struct str bytes;
    int64_t first, last;
    int32_t offset;
    bool known, pids;
};

/* Other ways to write a date: log_timezone, pids, syslog of both kinds among other programs'
 * lines. */
static void test_formats(void **state)
{
    (void)state;
    /* 1tixMn is 2025-02-14 15:12:33 UTC */
    static const struct stamped_case table[] = {
        { "log_timezone",
          STR_INIT("2025-02-14 18:12:33 +0300 Start queue run: pid=5\n"
                   "2025-02-14 19:12:33 +0300 End queue run: pid=5\n"),
          1739545953, 1739549553, 10800, true, false },
        { "pid",
          STR_INIT(
              "2025-02-14 18:12:33.461 [46483] cwd=/home/a 3 args: /usr/sbin/sendmail -t -i\n"
              "2025-02-14 18:12:33.470 [46483] 1tixMn-00000000C5j-1wRa <= a@b U=a P=local S=400\n"),
          1739545953, 1739545953, 10800, true, true },
        { "syslog",
          STR_INIT(
              "Feb 14 18:12:30 host postfix/smtpd[99]: connect from unknown[192.0.2.1]\n"
              "Feb 14 18:12:33 host exim[46483]: 1tixMn-00000000C5j-1wRa <= a@b U=a P=local S=400\n"
              "Feb 14 18:12:34 host dovecot: imap-login: Login: user=<joe>\n"
              "Feb 14 18:12:35 host exim[46485]: 1tixMn-00000000C5j-1wRa Completed\n"
              "Feb 14 18:13:30 host postfix/smtpd[99]: disconnect from unknown[192.0.2.1]\n"),
          1739545953, 1739545955, 10800, true, true },
        { "RFC 3339",
          STR_INIT("2025-02-14T18:12:33.46+03:00 host exim[46483]: Start queue run: pid=46483\n"
                   "2025-02-14T18:12:35.46+03:00 host exim[46483]: End queue run: pid=46483\n"),
          1739545953, 1739545955, 10800, true, true },
        { "junk around",
          STR_INIT("\0\0\0\0\xff\xfe\n\n\n1234567 \n\x1b[2J\n"
                   "2025-02-14 18:12:33 1tixMn-00000000C5j-1wRa <= a@b U=a P=local S=400\n"
                   "\0\0\0\0\0\0\0\0\n"
                   "2025-02-14 18:12:35 1tixMn-00000000C5j-1wRa Completed\n\0\0\0\0\0\0\0"),
          1739545953, 1739545955, 10800, true, false },
    };
    logmake_zone("America/New_York");
    for (size_t i = 0; i < ROWS(table); i++) {
        struct logfile *f = logmake_open_bytes("format", table[i].bytes);
        if (!f->dated)
            fail_msg("%s: %s", table[i].name, f->doubt.text);
        if (f->first != table[i].first || f->last != table[i].last)
            fail_msg("%s: %lld to %lld", table[i].name, (long long)f->first, (long long)f->last);
        if (f->first_offset != table[i].offset || f->offset_known != table[i].known ||
            f->has_pids != table[i].pids)
            fail_msg("%s: %d %d %d", table[i].name, f->first_offset, f->offset_known, f->has_pids);
        logfile_close(&f);
    }
    logmake_zone("UTC");
}

/* A syslog date without a year and without an id: the year comes from when the file was written. */
static void test_year(void **state)
{
    (void)state;
    static const struct str text =
        STR_INIT("Dec 31 23:59:50 host exim[7]: Start queue run: pid=7\n"
                 "Jan  1 00:00:10 host exim[7]: End queue run: pid=7\n");
    logmake_zone("UTC");
    for (int year = 2019; year < 2029; year++) {
        int64_t midnight = clock_from_civil(&(struct civil){ year, 1, 1, 0, 0, 0 });
        const char *path = logmake_file("year", text);
        logmake_touch(path, midnight + 10);
        struct logfile *f = logmake_open(path);
        assert_true(f->dated && !f->unordered);
        assert_int_equal(f->first, midnight - 10);
        assert_int_equal(f->last, midnight + 10);
        assert_int_equal(f->hint.year, year - 1);
        assert_int_equal(f->hint.month, 12);
        logfile_close(&f);
        /* the same by an id, in a file that was copied years later */
        char id[17];
        struct buf with_id;
        buf_init(&with_id, 4096);
        logmake_id(midnight + 20, 7, id);
        buf_add(&with_id, text);
        buf_addf(&with_id, "Jan  1 00:00:20 host exim[7]: %s <= a@example.com U=a P=local S=1\n",
                 id);
        path = logmake_file("year", buf_str(&with_id));
        logmake_touch(path, midnight + 3000 * DAY);
        f = logmake_open(path);
        assert_int_equal(f->first, midnight - 10);
        assert_int_equal(f->last, midnight + 20);
        logfile_close(&f);
        buf_fini(&with_id);
        /* read months later, and packed */
        struct buf packed;
        buf_init(&packed, LOGMAKE_MAX);
        logmake_gzip(&packed, text);
        const char *gz = logmake_file("year.gz", buf_str(&packed));
        logmake_touch(gz, midnight + 100 * DAY);
        f = logmake_open(gz);
        assert_int_equal(f->first, midnight - 10);
        logfile_close(&f);
        buf_fini(&packed);
    }
}

static void test_backwards(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, LOGMAKE_MAX);
    logmake_arrivals(&b, NOVEMBER, NOVEMBER + 40000, 10, 0);
    logmake_arrivals(&b, NOVEMBER - 7384, NOVEMBER - 7384, 10, 0);
    struct logfile *f = logmake_open_text("backwards", &b);
    assert_true(f->dated && f->unordered);
    assert_int_equal(f->doubt.kind, ERR_LIMIT);
    assert_non_null(strstr(f->doubt.text, "2:03:04 older than one before"));
    assert_int_equal(f->first, NOVEMBER - 7384);
    assert_int_equal(f->last, NOVEMBER);
    assert_int_equal(logfile_seek(f, NOVEMBER + 30000), 0);
    assert_true(logfile_can_hold(f, NOVEMBER + 30 * DAY, NOVEMBER + 31 * DAY));
    logfile_close(&f);
    /* some seconds are several processes, not the clock */
    buf_reset(&b);
    logmake_arrivals(&b, NOVEMBER, NOVEMBER, 10, 0);
    logmake_arrivals(&b, NOVEMBER - 5, NOVEMBER - 5, 10, 0);
    f = logmake_open_text("forwards", &b);
    assert_true(f->dated && !f->unordered && f->doubt.kind == ERR_NONE);
    logfile_close(&f);
    buf_fini(&b);
}

/* More junk at an end than is looked at: the file is one to look into always. */
static void test_junk_ends(void **state)
{
    (void)state;
    struct buf junk, b;
    buf_init(&junk, LOGMAKE_MAX);
    buf_init(&b, LOGMAKE_MAX);
    for (int i = 0; i < 30000; i++)
        buf_addf(&junk,
                 "Feb 14 18:12:30 host postfix/smtpd[99]: connect from unknown[192.0.2.%d]\n", i);
    buf_add(&b, buf_str(&junk));
    logmake_arrivals(&b, NOVEMBER, NOVEMBER + 400, 10, 0);
    struct logfile *f = logmake_open_text("junk-first", &b);
    assert_true(f->dated && f->unordered);
    assert_true(logfile_can_hold(f, 0, 1));
    logfile_close(&f);
    buf_reset(&b);
    logmake_arrivals(&b, NOVEMBER, NOVEMBER + 400, 10, 0);
    buf_add(&b, buf_str(&junk));
    f = logmake_open_text("junk-last", &b);
    assert_true(f->dated && !f->unordered);
    assert_int_equal(f->first, NOVEMBER);
    assert_true(f->last == INT64_MAX);
    assert_true(logfile_seek(f, NOVEMBER + 300) < 41 * 120);
    logfile_close(&f);
    buf_fini(&junk);
    buf_fini(&b);
}

static void test_can_hold(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, LOGMAKE_MAX);
    logmake_arrivals(&b, NOVEMBER, NOVEMBER + 4000, 10, 0);
    struct logfile *f = logmake_open_text("hold", &b);
    assert_true(logfile_can_hold(f, NOVEMBER, NOVEMBER));
    assert_true(logfile_can_hold(f, INT64_MIN, INT64_MAX));
    assert_true(logfile_can_hold(f, INT64_MIN, NOVEMBER - 3600));
    assert_false(logfile_can_hold(f, INT64_MIN, NOVEMBER - 3601));
    assert_true(logfile_can_hold(f, NOVEMBER + 7600, INT64_MAX));
    assert_false(logfile_can_hold(f, NOVEMBER + 7601, INT64_MAX));
    assert_int_equal(logfile_slack(f), 3600);
    f->offset_known = false;
    assert_true(logfile_can_hold(f, NOVEMBER - 26 * 3600, NOVEMBER - 26 * 3600));
    assert_false(logfile_can_hold(f, NOVEMBER - 27 * 3600, NOVEMBER - 27 * 3600));
    logfile_close(&f);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packing),
        cmocka_unit_test(test_no_packing),
        cmocka_unit_test(test_undated),
        cmocka_unit_test(test_archive),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_pipe_full),
        cmocka_unit_test(test_zone),
        cmocka_unit_test(test_zone_slow_ones),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_year),
        cmocka_unit_test(test_backwards),
        cmocka_unit_test(test_junk_ends),
        cmocka_unit_test(test_can_hold),
    };
    logmake_zone("UTC");
    signal(SIGXFSZ, SIG_IGN); /* a file size limit stands for a full disk */
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
