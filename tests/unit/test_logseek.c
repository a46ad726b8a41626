/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logseek - entering a log by time, and the zone while reading on
 *
 * The property of logfile_seek() is checked against every line of logs whose
 * truth is known: lengths from hours to months, a change of zone in the middle,
 * lines in slight disorder, junk between them.
 */
#define _GNU_SOURCE
#include "logs/logfile.h"

#include "logmake.h"

/* A log with the truth of each line beside it. */
struct known_log {
    struct buf text;
    int64_t *utc;            /* of each line */
    size_t *at;              /* where it begins */
    size_t lines, cap;
    bool zoned;              /* log_timezone */
};

static void known_stamp(struct known_log *k, int64_t utc, int32_t offset)
{
    logmake_stamp(&k->text, utc, offset);
    int32_t m = (offset < 0 ? -offset : offset) / 60;
    if (k->zoned)
        buf_addf(&k->text, "%c%02d%02d ", offset < 0 ? '-' : '+', m / 60, m % 60);
}

static void known_add(struct known_log *k, int64_t utc, int32_t offset, uint64_t *seed)
{
    if (k->lines == k->cap) {
        k->cap = k->cap * 2 + 1024;
        k->utc = realloc(k->utc, k->cap * sizeof *k->utc);
        k->at = realloc(k->at, k->cap * sizeof *k->at);
        assert_true(k->utc != NULL && k->at != NULL);
    }
    k->utc[k->lines] = utc;
    k->at[k->lines++] = k->text.n;
    uint32_t kind = logmake_random(seed) % 100;
    char id[17];
    logmake_id(utc - kind % 4, kind + 1, id);
    known_stamp(k, utc, offset);
    if (kind < 30) {
        buf_addf(&k->text, "%s <= joe@example.com U=joe P=local S=1234\n", id);
    } else if (kind < 98) {
        buf_addf(&k->text, "1FZ8zt-0005lz-E7 => fred@example.com R=dnslookup T=smtp\n");
    } else {
        buf_addf(&k->text, "no host name found for IP address 192.0.2.7\n");
        for (uint32_t i = 0; i < kind * (kind == 99 ? 20 : 0); i++) /* undated junk behind it */
            buf_addf(&k->text, "%u\n", i);
    }
}

/* Every line at or after `utc` begins at or after where the seek leads, and it leads near. */
static void check_seek(const struct logfile *f, const struct known_log *k, int64_t utc,
                       size_t *waste)
{
    uint64_t at = logfile_seek(f, utc);
    assert_true(at <= f->size);
    assert_true(at == 0 || k->text.p[at - 1] == '\n');
    size_t line = 0;
    while (line < k->lines && k->utc[line] < utc)
        line++;
    size_t right = line < k->lines ? k->at[line] : k->text.n;
    if (at > right)
        fail_msg("seek %lld: %zu, but a line is at %zu", (long long)utc, (size_t)at, right);
    *waste = right - (size_t)at;
}

static void known_fini(struct known_log *k)
{
    buf_fini(&k->text);
    free(k->utc);
    free(k->at);
}

/* The property, for logs of several lengths with a change of zone in the middle, and little
 * disorder. */
static void test_seek(void **state)
{
    (void)state;
    static const struct { int64_t change; int32_t before, after; const char *tz; } table[] = {
        { AUTUMN, 7200, 3600, "UTC" },
        { SPRING, 3600, 7200, "UTC" },
        { AUTUMN, 7200, 3600, "Europe/Berlin" },
        { NOVEMBER, -18000, -18000, "Asia/Tokyo" },
        { NOVEMBER, 39600, 37800, "UTC" }, /* Lord Howe: half an hour */
    };
    for (size_t i = 0; i < ROWS(table) * 4; i++) {
        size_t row = i / 4;
        static const int64_t spans[] = { 4000, 3 * DAY, 60 * DAY, 20000 };
        int64_t span = spans[i % 4];
        int step = (int)(span / 2500) + 1;
        struct known_log k = { .zoned = i % 4 == 3 };
        uint64_t seed = i;
        logmake_zone(table[row].tz);
        buf_init(&k.text, LOGMAKE_MAX);
        for (int64_t t = table[row].change - span; t < table[row].change + span; t += step) {
            int64_t utc = t + (int64_t)(logmake_random(&seed) % 40); /* lines change places */
            known_add(&k, utc, t < table[row].change ? table[row].before : table[row].after, &seed);
        }
        struct logfile *f = logmake_open_text("seek", &k.text);
        assert_true(f->dated && f->offset_known);
        assert_int_equal(f->first_offset, table[row].before);
        assert_int_equal(f->last_offset, table[row].after);
        int blur = k.zoned ? 120 : 2 * 3600 + 120; /* seconds that the zone leaves open */
        size_t most = 0, near_lines = (size_t)(blur / step) * 250 + 40000; /* and junk */
        for (int64_t t = table[row].change - span - 10000; t < table[row].change + span + 10000;
             t += span / 100 + 1) {
            size_t waste;
            check_seek(f, &k, t, &waste);
            if (t < table[row].change + span && waste > most)
                most = waste;
        }
        if (most > near_lines)
            fail_msg("row %zu span %lld: %zu bytes too early", row, (long long)span, most);
        logfile_close(&f);
        known_fini(&k);
    }
    logmake_zone("UTC");
}

/* Lines from the past in the middle of a file: many are seen when it is opened, few when a search
 * meets them; then all of it is read. */
static void test_seek_disorder(void **state)
{
    (void)state;
    for (int many = 0; many < 2; many++) {
        struct buf b;
        buf_init(&b, LOGMAKE_MAX);
        logmake_arrivals(&b, NOVEMBER, NOVEMBER + 50000, 10, 0);
        int64_t past = NOVEMBER - 20 * DAY;
        logmake_arrivals(&b, past, past + (many ? 50000 : 1000), 10, 0);
        logmake_arrivals(&b, NOVEMBER + 50010, NOVEMBER + 100500, 10, 0);
        struct logfile *f = logmake_open_text("disorder", &b);
        assert_true(f->dated);
        assert_int_equal(f->unordered, many);
        if (many)
            assert_non_null(strstr(f->doubt.text, "disorder: a line in the middle is 4"));
        assert_int_equal(logfile_seek(f, NOVEMBER + 1000), 0); /* the first look meets them */
        logfile_close(&f);
        buf_fini(&b);
    }
}

/* Two servers' logs put together in one file: what the second has is not passed over. */
static void test_joined(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, LOGMAKE_MAX);
    logmake_arrivals(&b, NOVEMBER, NOVEMBER + 5 * DAY, 60, 0);
    logmake_arrivals(&b, NOVEMBER, NOVEMBER + 5 * DAY, 70, 0);
    struct logfile *f = logmake_open_text("joined", &b);
    assert_true(f->dated && f->unordered);
    assert_int_equal(f->doubt.kind, ERR_LIMIT);
    assert_int_equal(logfile_seek(f, NOVEMBER + 3 * DAY), 0);
    logfile_close(&f);
    buf_fini(&b);
}

/* A syslog file over New Year's Eve, without years. */
static void test_seek_year(void **state)
{
    (void)state;
    static const char *const months[] = { "Nov", "Dec", "Jan", "Feb" };
    struct buf b;
    int64_t start = clock_from_civil(&(struct civil){ 2025, 11, 20, 0, 0, 0 });
    int64_t last_january = 0;
    size_t january = 0;
    buf_init(&b, LOGMAKE_MAX);
    for (int64_t t = start; t < start + 80 * DAY; t += 300) {
        struct civil c = clock_to_civil(t);
        if (c.month == 1 && c.day == 15 && january == 0) {
            january = b.n;
            last_january = t;
        }
        buf_addf(&b,
                 "%s %2d %02d:%02d:%02d host exim[7]: Start queue run: pid=7 and some more text\n",
                 months[(c.month + 1) % 12], c.day, c.hour, c.minute, c.second);
    }
    const char *path = logmake_file("syslog-year", buf_str(&b));
    logmake_touch(path, start + 80 * DAY);
    struct logfile *f = logmake_open(path);
    assert_int_equal(f->first, start);
    assert_int_equal(f->last, start + 80 * DAY - 300);
    uint64_t at = logfile_seek(f, last_january);
    assert_true(at > 0 && at <= january);
    assert_true(january - at <
                800 * 90); /* no arrival, no zone: 26 hours and an hour early, and more */
    logfile_close(&f);
    buf_fini(&b);
}

/* The zone while reading on, from the beginning and from the middle. */
static void test_logzone(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, LOGMAKE_MAX);
    logmake_arrivals(&b, AUTUMN - 3 * DAY, AUTUMN - 1, 60, 7200);
    logmake_arrivals(&b, AUTUMN, AUTUMN + 3 * DAY, 60, 3600);
    struct logfile *f = logmake_open_text("zones", &b);
    struct logzone z;
    struct logline line = { .stamped = AUTUMN, .offset = LOGLINE_NO_OFFSET };
    logzone_begin(&z, f, INT64_MIN);
    assert_true(z.known && z.offset == 7200);
    logzone_begin(&z, f, AUTUMN - DAY);
    assert_true(z.known && z.offset == 7200);
    assert_int_equal(logzone_utc(&z, &line), AUTUMN - 7200);
    logzone_observe(&z, AUTUMN + 3600, AUTUMN);
    logzone_observe(&z, AUTUMN + 3600 + 1, AUTUMN);
    assert_int_equal(z.offset, 7200);
    logzone_observe(&z, AUTUMN + 3600 + 2, AUTUMN);
    assert_int_equal(z.offset, 3600);
    logzone_begin(&z, f, AUTUMN + 2 * DAY);
    assert_true(z.known && z.offset == 3600);
    line.offset = -7200;
    assert_int_equal(logzone_utc(&z, &line), AUTUMN + 7200);
    logfile_close(&f);
    buf_fini(&b);
}

static void test_logzone_unknown(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, LOGMAKE_MAX);
    logmake_zone("Europe/Berlin");
    logmake_line(&b, AUTUMN - DAY, 7200, "Start queue run: pid=7");
    logmake_line(&b, AUTUMN + DAY, 3600, "End queue run: pid=7");
    struct logfile *f = logmake_open_text("unknown", &b);
    assert_false(f->offset_known);
    assert_int_equal(f->first, AUTUMN - DAY);
    assert_int_equal(f->last, AUTUMN + DAY);
    struct logzone z;
    struct logline line = { .stamped = NOVEMBER + 3600, .offset = LOGLINE_NO_OFFSET };
    logzone_begin(&z, f, INT64_MIN);
    assert_false(z.known);
    assert_int_equal(logzone_utc(&z, &line), NOVEMBER); /* Berlin in November */
    logzone_observe(&z, NOVEMBER - 18000, NOVEMBER);
    assert_true(z.known && z.offset == -18000);
    logfile_close(&f);
    buf_fini(&b);
    logmake_zone("UTC");
}

static void test_guess(void **state)
{
    (void)state;
    static const struct { int64_t delta; int rc; int32_t offset; } table[] = {
        { 0, 0, 0 },          { -1, 0, 0 },          { 119, 0, 0 },         { 121, -1, 0 },
        { 3600, 0, 3600 },    { 3599, 0, 3600 },     { 3500, -1, 0 },       { -3600, 0, -3600 },
        { -3590, 0, -3600 },  { -12600, 0, -12600 }, { 20700, 0, 20700 },   { 50400, 0, 50400 },
        { 51300, -1, 0 },     { -43200, 0, -43200 }, { -43206, -1, 0 },     { 1, 0, 0 },
        { INT64_C(1) << 40, -1, 0 }, { -(INT64_C(1) << 40), -1, 0 },
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        int32_t offset = 0;
        int rc = logzone_guess(NOVEMBER + table[i].delta, NOVEMBER, &offset);
        if (rc != table[i].rc || (rc == 0 && offset != table[i].offset))
            fail_msg("%lld: %d %d", (long long)table[i].delta, rc, offset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seek),
        cmocka_unit_test(test_seek_disorder),
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_seek_year),
        cmocka_unit_test(test_logzone),
        cmocka_unit_test(test_logzone_unknown),
        cmocka_unit_test(test_guess),
    };
    logmake_zone("UTC");
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
