/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logreader - every line once, whole, in order, from whatever file
 *
 * The reference is written without blocks: split the text at LF, drop what is
 * too long. Everything the reader gives is compared with that, for block
 * borders at every offset, for every way to share a file out, for all packers,
 * and for files cut at every place.
 */
#define _GNU_SOURCE
#include "logs/logreader.h"

#include <pthread.h>

#include "logmake.h"
#include "logs/logsource.h"

/* Lines that begin in [begin, end) of `text` and are not too long, each with LF; others counted. */
static uint64_t reference(struct str text, const size_t range[2], size_t line_max, struct buf *out)
{
    uint64_t overlong = 0;
    for (size_t at = 0; at < text.n;) {
        struct str rest = str_skip(text, at);
        size_t lf = str_find_c(rest, '\n');
        size_t length = lf == STR_NONE ? rest.n : lf;
        if (at >= range[0] && at < range[1]) {
            if (length > line_max) {
                overlong++;
            } else {
                buf_add(out, str_head(rest, length));
                buf_add_c(out, '\n');
            }
        }
        at += lf == STR_NONE ? length : length + 1;
    }
    return overlong;
}

/* All that a reader gives; a line end is added to a last line without one. Checks what every block
 * promises. Returns what logreader_next() said last. */
static int read_all(struct logreader *r, struct buf *out, struct err *err)
{
    struct logblock block;
    uint64_t after = 0;
    int rc;
    bool ended = true;
    while ((rc = logreader_next(r, &block, err)) == 1) {
        assert_true(block.bytes.n > 0);
        assert_true(ended);
        assert_true(block.offset >= after);
        ended = block.bytes.p[block.bytes.n - 1] == '\n';
        after = block.offset + block.bytes.n;
        assert_int_equal(buf_add(out, block.bytes), 0);
    }
    if (!ended)
        buf_add_c(out, '\n');
    assert_int_equal(logreader_next(r, &block, NULL), rc);
    return rc;
}

static void assert_same(const struct buf *got, const struct buf *want, const char *what)
{
    if (str_eq(buf_str(got), buf_str(want)))
        return;
    size_t i = 0;
    while (i < got->n && i < want->n && got->p[i] == want->p[i])
        i++;
    fail_msg("%s: %zu bytes, expected %zu; differs at %zu", what, got->n, want->n, i);
}

/* Read a range and compare. */
static void check_range(const struct logfile *f, struct str text, const size_t range[2],
                        size_t block, size_t line_max)
{
    struct buf got, want;
    struct err err;
    char what[128];
    buf_init(&got, LOGMAKE_MAX);
    buf_init(&want, LOGMAKE_MAX);
    uint64_t overlong = reference(text, range, line_max, &want);
    struct logreader *r = logreader_new_sized(f, range[0], range[1], block, line_max);
    assert_int_equal(read_all(r, &got, &err), 0);
    snprintf(what, sizeof what, "[%zu,%zu) block %zu line_max %zu", range[0], range[1], block,
             line_max);
    assert_same(&got, &want, what);
    if (logreader_overlong(r) != overlong)
        fail_msg("%s: %d overlong, expected %d", what, (int)logreader_overlong(r), (int)overlong);
    logreader_free(&r);
    buf_fini(&got);
    buf_fini(&want);
}

static struct logfile *file_of(const char *name, struct str bytes)
{
    struct logfile *f;
    struct err err;
    const char *path = logmake_file(name, bytes);
    if (logfile_open(path, &f, &err) != 0)
        fail_msg("%s", err.text);
    return f;
}

static const struct str small_texts[] = {
    STR_INIT(""),
    STR_INIT("\n"),
    STR_INIT("\n\n\n"),
    STR_INIT("a"),
    STR_INIT("a\n"),
    STR_INIT("one\ntwo\nthree"),
    STR_INIT("\n\none\n\nand a line of some length\ntwo\n\n"),
    STR_INIT(
        "exactly eight\n12345678\n123456789\n1234567\n\n123456789012345678901234567890\nend\n"),
    STR_INIT("nul \0 bytes\n\0\0\0\n\xff\xfe\x80 junk\r\n\rx\n\0"),
    STR_INIT("a line that never ends because nobody wrote its end at all"),
};

/* Every block size and every longest line around the sizes of the lines. */
static void test_borders(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(small_texts); i++) {
        struct str text = small_texts[i];
        struct logfile *f = file_of("small", text);
        for (size_t line_max = 1; line_max < 40; line_max++) {
            for (size_t block = line_max + 1; block < line_max + 40; block++)
                check_range(f, text, (size_t[]){ 0, SIZE_MAX }, block, line_max);
        }
        logfile_close(&f);
    }
}

/* Every partition into three ranges, also beyond the end, gives every line to exactly one. */
static void test_partitions(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(small_texts); i++) {
        struct str text = small_texts[i];
        struct logfile *f = file_of("small", text);
        for (size_t a = 0; a <= text.n + 2; a++) {
            check_range(f, text, (size_t[]){ 0, a }, 12, 8);
            check_range(f, text, (size_t[]){ a, SIZE_MAX }, 9, 8);
            for (size_t b = a; b <= text.n + 2; b++)
                check_range(f, text, (size_t[]){ a, b }, 64, 20);
        }
        logfile_close(&f);
    }
}

/* Some megabytes of lines of all lengths, overlong ones and NUL bytes among them. */
static void mixed_text(struct buf *b, size_t size, uint64_t seed)
{
    while (b->n < size) {
        uint32_t kind = logmake_random(&seed) % 1000;
        size_t n = kind < 950 ? kind / 5 : kind < 998 ? kind * 7 : LOG_LINE_MAX - 2 + kind % 5;
        assert_int_equal(buf_reserve(b, n + 1), 0);
        for (size_t i = 0; i < n; i++, b->n++)
            b->p[b->n] = (char)(' ' + (b->n * 7 + i) % 90);
        if (kind % 50 == 0 && n > 0)
            b->p[b->n - 1 - n / 2] = '\0';
        b->p[b->n++] = '\n';
    }
}

static void test_large(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, LOGMAKE_MAX);
    mixed_text(&text, (size_t)5 << 20, 1);
    struct logfile *f = file_of("large", buf_str(&text));
    check_range(f, buf_str(&text), (size_t[]){ 0, SIZE_MAX }, LOG_BLOCK_SIZE, LOG_LINE_MAX);
    uint64_t seed = 7;
    for (int round = 0; round < 20; round++) {
        size_t a = logmake_random(&seed) % text.n;
        size_t b = a + logmake_random(&seed) % (text.n - a);
        check_range(f, buf_str(&text), (size_t[]){ 0, a }, LOG_BLOCK_SIZE, LOG_LINE_MAX);
        check_range(f, buf_str(&text), (size_t[]){ a, b }, LOG_BLOCK_SIZE, LOG_LINE_MAX);
        check_range(f, buf_str(&text), (size_t[]){ b, SIZE_MAX }, LOG_BLOCK_SIZE, LOG_LINE_MAX);
    }
    logfile_close(&f);
    buf_fini(&text);
}

static void add_long_line(struct buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_c(b, 'x');
    buf_add_c(b, '\n');
}

static void test_overlong(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, LOGMAKE_MAX);
    buf_add(&text, STR("before\n"));
    add_long_line(&text, LOG_LINE_MAX);      /* just allowed */
    add_long_line(&text, LOG_LINE_MAX + 1);  /* just not */
    add_long_line(&text, (size_t)300 << 10);
    buf_add(&text, STR("between\n"));
    add_long_line(&text, (size_t)2 << 20);
    buf_add(&text, STR("after\n"));
    struct logfile *f = file_of("overlong", buf_str(&text));
    struct logreader *r = logreader_new(f, 0, UINT64_MAX);
    struct buf got;
    buf_init(&got, LOGMAKE_MAX);
    assert_int_equal(read_all(r, &got, NULL), 0);
    assert_int_equal(logreader_overlong(r), 3);
    assert_int_equal(got.n, 7 + LOG_LINE_MAX + 1 + 8 + 6);
    assert_true(str_ends(buf_str(&got), STR("xx\nbetween\nafter\n")));
    logreader_free(&r);
    buf_fini(&got);
    check_range(f, buf_str(&text), (size_t[]){ 100, 600 << 10 }, LOG_BLOCK_SIZE, LOG_LINE_MAX);
    check_range(f, buf_str(&text), (size_t[]){ 600 << 10, SIZE_MAX }, LOG_BLOCK_SIZE, LOG_LINE_MAX);
    logfile_close(&f);
    buf_fini(&text);
}

/* Line numbers and offsets lead back to the line, overlong lines counted too. */
static void test_numbers(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, LOGMAKE_MAX);
    mixed_text(&text, (size_t)3 << 20, 3);
    struct logfile *f = file_of("numbers", buf_str(&text));
    struct logreader *r = logreader_new(f, 0, UINT64_MAX);
    logreader_count_lines(r, 1);
    struct logblock block;
    int blocks = 0;
    for (; logreader_next(r, &block, NULL) == 1; blocks++) {
        uint64_t want = 1;
        for (size_t i = 0; i < block.offset; i++)
            want += text.p[i] == '\n';
        assert_int_equal(block.first_line, want);
        assert_int_equal(logfile_line_number(f, block.offset), want);
        assert_memory_equal(block.bytes.p, text.p + block.offset, block.bytes.n);
    }
    assert_true(blocks >= 3);
    logreader_free(&r);
    assert_int_equal(logfile_line_number(f, 0), 1);
    assert_int_equal(logfile_line_number(f, text.n + 1), 0);
    logfile_close(&f);
    buf_fini(&text);
}

static void test_count(void **state)
{
    (void)state;
    static char text[20000];
    uint64_t seed = 11;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = logmake_random(&seed) % 3 == 0 ? '\n' : '\n' + 1;
    for (size_t from = 0; from < 40; from++) {
        uint64_t want = 0;
        for (size_t to = from; to < sizeof text; to++) {
            if (to % 37 == 0 || to < 200)
                assert_int_equal(log_count_lines(text + from, to - from), want);
            want += text[to] == '\n';
        }
    }
    memset(text, '\n', sizeof text);
    assert_int_equal(log_count_lines(text, sizeof text), sizeof text);
}

/* The same text from `bytes` as file, or what of it comes before damage: whole lines, from the
 * front. Returns what the reader said. */
static int check_packed(struct str bytes, struct str text, struct err *err, size_t *got_out)
{
    struct logfile *f = file_of("packed", bytes);
    struct logreader *r = logreader_new_sized(f, 0, UINT64_MAX, 4096, 1024);
    struct buf got;
    buf_init(&got, LOGMAKE_MAX);
    int rc = read_all(r, &got, err);
    if (!str_starts(text, buf_str(&got)))
        fail_msg("wrong text: %zu bytes, packed %zu", got.n, bytes.n);
    assert_true(got.n == 0 || got.p[got.n - 1] == '\n');
    *got_out = got.n;
    buf_fini(&got);
    logreader_free(&r);
    logfile_close(&f);
    return rc;
}

static void short_lines(struct buf *b, size_t size)
{
    for (unsigned i = 0; b->n < size; i++)
        buf_addf(b, "2026-11-23 10:%02u:%02u line %u of a log, hash %08x\n", i / 60 % 60, i % 60, i,
                 i * 2654435761u);
}

static void test_gzip(void **state)
{
    (void)state;
    struct buf text, packed;
    struct err err;
    size_t got;
    buf_init(&text, LOGMAKE_MAX);
    buf_init(&packed, LOGMAKE_MAX);
    short_lines(&text, (size_t)3 << 20);
    logmake_gzip(&packed, buf_str(&text));
    assert_int_equal(check_packed(buf_str(&packed), buf_str(&text), &err, &got), 0);
    assert_int_equal(got, text.n);

    /* three members, an empty one among them; a line goes over the border */
    buf_reset(&packed);
    logmake_gzip(&packed, str_head(buf_str(&text), 1000007));
    logmake_gzip(&packed, STR(""));
    logmake_gzip(&packed, str_skip(buf_str(&text), 1000007));
    assert_int_equal(check_packed(buf_str(&packed), buf_str(&text), &err, &got), 0);
    assert_int_equal(got, text.n);

    /* padding is silent, anything else behind is not */
    for (int i = 0; i < 700; i++)
        buf_add_c(&packed, '\0');
    assert_int_equal(check_packed(buf_str(&packed), buf_str(&text), &err, &got), 0);
    assert_int_equal(got, text.n);
    buf_add(&packed, STR("more"));
    assert_int_equal(check_packed(buf_str(&packed), buf_str(&text), &err, &got), -1);
    assert_int_equal(got, text.n);
    assert_non_null(strstr(err.text, "that are not gzip follow after 3.0 MiB of text"));
    buf_fini(&text);
    buf_fini(&packed);
}

/* Cut at every byte of a small file and every KiB of a larger one: an error each time, and every
 * whole line that the bytes before hold. */
static void test_gzip_cut(void **state)
{
    (void)state;
    struct buf text, packed;
    buf_init(&text, LOGMAKE_MAX);
    buf_init(&packed, LOGMAKE_MAX);
    short_lines(&text, 300 * 1024);
    size_t line_end = str_rfind_c(str_head(buf_str(&text), 2000), '\n') + 1;
    logmake_gzip(&packed, str_head(buf_str(&text), line_end));
    size_t member = packed.n;
    logmake_gzip(&packed, str_skip(buf_str(&text), line_end));
    assert_true(packed.n > 40 * 1024);
    size_t before = 0;
    for (size_t cut = 2; cut < packed.n; cut += cut < 1500 ? 1 : 1024) { /* from the magic on */
        struct err err = { .kind = ERR_NONE };
        size_t got;
        int rc = check_packed(str_head(buf_str(&packed), cut), buf_str(&text), &err, &got);
        if (rc != (cut == member ? 0 : -1))
            fail_msg("cut at %zu: %d %s", cut, rc, err.text);
        if (rc < 0)
            assert_non_null(strstr(err.text, "ends early after"));
        assert_true(got >= before);
        before = got;
    }
    assert_true(before > text.n - 20 * 1024);
    buf_fini(&text);
    buf_fini(&packed);
}

/* Bytes that can be had before the damage, asking for at most `room` at a time. */
static size_t bytes_before_damage(const struct logfile *f, size_t room)
{
    struct logsource *s = logsource_new(f, 0, LOGSOURCE_CHUNK);
    struct err err;
    static char bytes[100000];
    size_t total = 0;
    ssize_t got;
    assert_true(room <= sizeof bytes);
    while ((got = logsource_read(s, bytes, room, &err)) > 0)
        total += (size_t)got;
    assert_int_equal(got, -1);
    logsource_free(&s);
    return total;
}

static void test_gzip_damage(void **state)
{
    (void)state;
    struct buf text, packed;
    struct err err;
    size_t got;
    uint64_t seed = 5;
    buf_init(&text, LOGMAKE_MAX);
    buf_init(&packed, LOGMAKE_MAX);
    short_lines(&text, 200 * 1024);
    logmake_gzip(&packed, buf_str(&text));
    packed.p[packed.n - 6] ^= 1; /* checksum */
    assert_int_equal(check_packed(buf_str(&packed), buf_str(&text), &err, &got), -1);
    assert_int_equal(got, text.n);
    assert_non_null(strstr(err.text, "does not match its checksum after 200.0 KiB of text"));
    packed.p[packed.n - 6] ^= 1;
    packed.p[packed.n - 2] ^= 1; /* length */
    assert_int_equal(check_packed(buf_str(&packed), buf_str(&text), &err, &got), -1);
    packed.p[packed.n - 2] ^= 1;
    assert_int_equal(check_packed(buf_str(&packed), buf_str(&text), &err, &got), 0);
    /* any flipped bit behind the header: an error, never a crash; the text may be wrong from
     * there */
    for (int i = 0; i < 120; i++) {
        size_t at = 10 + logmake_random(&seed) % (packed.n - 10);
        packed.p[at] ^= (char)(1u << (i % 8));
        struct logfile *f = file_of("damaged", buf_str(&packed));
        struct logreader *r = logreader_new(f, 0, UINT64_MAX);
        struct logblock block;
        int rc;
        while ((rc = logreader_next(r, &block, &err)) == 1)
            continue;
        assert_int_equal(rc, -1);
        logreader_free(&r);
        /* how much can be had does not depend on how it is asked for */
        assert_int_equal(bytes_before_damage(f, 777), bytes_before_damage(f, 100000));
        logfile_close(&f);
        packed.p[at] ^= (char)(1u << (i % 8));
    }
    buf_fini(&text);
    buf_fini(&packed);
}

/* Headers and trailers that lie across two reads of the file. */
static void test_gzip_chunks(void **state)
{
    (void)state;
    struct buf text, packed;
    buf_init(&text, LOGMAKE_MAX);
    buf_init(&packed, LOGMAKE_MAX);
    short_lines(&text, 9000);
    for (size_t at = 0; at < text.n; at += 3000)
        logmake_gzip(&packed, str_head(str_skip(buf_str(&text), at), 3000));
    struct logfile *f = file_of("chunks.gz", buf_str(&packed));
    for (size_t chunk = 1; chunk < 70; chunk++) {
        for (size_t room = 1; room < 5000; room = room * 3 + 1) {
            struct logsource *s = logsource_new(f, 0, chunk);
            char bytes[5000];
            struct err err;
            size_t at = 0;
            ssize_t got;
            while ((got = logsource_read(s, bytes, room, &err)) > 0) {
                assert_true((size_t)got <= room && at + (size_t)got <= text.n);
                assert_memory_equal(bytes, text.p + at, (size_t)got);
                at += (size_t)got;
            }
            if (got != 0 || at != text.n)
                fail_msg("chunk %zu room %zu: %zu of %zu, %s", chunk, room, at, text.n, err.text);
            logsource_free(&s);
        }
    }
    logfile_close(&f);
    buf_fini(&text);
    buf_fini(&packed);
}

static const char *const packers[] = { "bzip2", "xz", "zstd", "lzma", "lz4", "compress" };

static void test_other_packers(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, LOGMAKE_MAX);
    short_lines(&text, 500 * 1024);
    for (size_t i = 0; i < ROWS(packers); i++) {
        struct buf packed;
        struct err err = { .kind = ERR_NONE };
        size_t got;
        buf_init(&packed, LOGMAKE_MAX);
        logmake_pack(&packed, packers[i], buf_str(&text));
        int rc = check_packed(buf_str(&packed), buf_str(&text), &err, &got);
        if (rc != 0 || got != text.n)
            fail_msg("%s: %d, %zu bytes, %s", packers[i], rc, got, err.text);
        /* cut at every KiB; a cut cannot be seen in compress, which has no end mark */
        for (size_t cut = 16; cut < packed.n && strcmp(packers[i], "compress") != 0; cut += 1021) {
            rc = check_packed(str_head(buf_str(&packed), cut), buf_str(&text), &err, &got);
            if (rc == 0 && got < text.n)
                fail_msg("%s cut at %zu of %zu: silence", packers[i], cut, packed.n);
        }
        buf_fini(&packed);
    }
    buf_fini(&text);
}

/* Streams in a row, as `cat a.xz b.xz` makes them. */
static void test_other_joined(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, LOGMAKE_MAX);
    short_lines(&text, 300 * 1024);
    for (size_t i = 0; i < 3; i++) { /* bzip2, xz, zstd: the formats that allow it */
        struct buf packed;
        struct err err = { .kind = ERR_NONE };
        size_t got;
        buf_init(&packed, LOGMAKE_MAX);
        logmake_pack(&packed, packers[i], str_head(buf_str(&text), 100001));
        logmake_pack(&packed, packers[i], str_skip(buf_str(&text), 100001));
        int rc = check_packed(buf_str(&packed), buf_str(&text), &err, &got);
        if (rc != 0 || got != text.n)
            fail_msg("%s: %d, %zu bytes, %s", packers[i], rc, got, err.text);
        buf_fini(&packed);
    }
    buf_fini(&text);
}

/* What somebody does to a plain file while it is read. */
static void test_changed_meanwhile(void **state)
{
    (void)state;
    struct buf text, got;
    struct err err;
    struct logblock block;
    buf_init(&text, LOGMAKE_MAX);
    buf_init(&got, LOGMAKE_MAX);
    short_lines(&text, (size_t)3 << 20);
    struct logfile *f = file_of("live", buf_str(&text));
    const char *path = logmake_path("live");

    /* grown: the new lines are not ours */
    FILE *more = fopen(path, "a");
    assert_non_null(more);
    fputs("2026-11-23 11:00:00 too late\n", more);
    fclose(more);
    struct logreader *r = logreader_new(f, 0, UINT64_MAX);
    assert_int_equal(read_all(r, &got, &err), 0);
    assert_same(&got, &text, "grown");
    logreader_free(&r);

    /* renamed and removed: the descriptor stays */
    assert_int_equal(rename(path, logmake_path("live.1")), 0);
    assert_int_equal(unlink(logmake_path("live.1")), 0);
    buf_reset(&got);
    r = logreader_new(f, 0, UINT64_MAX);
    assert_int_equal(read_all(r, &got, &err), 0);
    assert_same(&got, &text, "removed");
    logreader_free(&r);
    logfile_close(&f);

    /* truncated after the first block: an early end that is said, no signal */
    f = file_of("live", buf_str(&text));
    r = logreader_new(f, 0, UINT64_MAX);
    assert_int_equal(logreader_next(r, &block, &err), 1);
    assert_int_equal(truncate(path, 1000), 0);
    assert_int_equal(logreader_next(r, &block, &err), -1);
    assert_non_null(strstr(err.text, "live: became shorter while it was read"));
    assert_int_equal(logfile_line_number(f, text.n), 0);
    logreader_free(&r);
    logfile_close(&f);
    buf_fini(&text);
    buf_fini(&got);
}

struct reading {
    const struct logfile *file;
    uint64_t begin, end;
    uint64_t lines;
};

static void *reading_run(void *arg)
{
    struct reading *w = arg;
    struct logreader *r = logreader_new(w->file, w->begin, w->end);
    struct logblock block;
    while (logreader_next(r, &block, NULL) == 1)
        w->lines += log_count_lines(block.bytes.p, block.bytes.n);
    logreader_free(&r);
    return NULL;
}

/* Several readers in threads share one file. */
static void test_threads(void **state)
{
    (void)state;
    struct buf text, packed;
    buf_init(&text, LOGMAKE_MAX);
    buf_init(&packed, LOGMAKE_MAX);
    short_lines(&text, (size_t)8 << 20);
    logmake_gzip(&packed, buf_str(&text));
    struct logfile *plain = file_of("threads", buf_str(&text));
    struct logfile *gzip = file_of("threads.gz", buf_str(&packed));
    struct reading readings[6];
    pthread_t threads[6];
    uint64_t want = log_count_lines(text.p, text.n), got = 0;
    for (size_t i = 0; i < 6; i++) {
        readings[i] = (struct reading){ .file = gzip, .end = UINT64_MAX };
        if (i < 4)
            readings[i] = (struct reading){ plain, i * text.n / 4, (i + 1) * text.n / 4, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, reading_run, &readings[i]), 0);
    }
    for (size_t i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        got += i < 4 ? readings[i].lines : 0;
    }
    assert_int_equal(got, want);
    assert_int_equal(readings[4].lines, want);
    assert_int_equal(readings[5].lines, want);
    logfile_close(&plain);
    logfile_close(&gzip);
    buf_fini(&text);
    buf_fini(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_overlong),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_gzip_cut),
        cmocka_unit_test(test_gzip_damage),
        cmocka_unit_test(test_gzip_chunks),
        cmocka_unit_test(test_other_packers),
        cmocka_unit_test(test_other_joined),
        cmocka_unit_test(test_changed_meanwhile),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
