/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_clock - the calendar, zones with their folds and gaps, typed times
 *
 * Zones are those of tzdata, set through TZ: Berlin (an hour at 01:00 UTC),
 * Lord Howe (half an hour), Kolkata (no hour offset), Kiritimati (UTC+14).
 */
#define _GNU_SOURCE
#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

#include "unit.h"

#define DAY INT64_C(86400)

static void zone_set(const char *name)
{
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
}

/* Every day from 1600 to 2400 in order: one day apart, and back again. */
static void test_calendar(void **state)
{
    (void)state;
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t t = INT64_C(-11676096000); /* 1600-01-01 */
    for (int year = 1600; year < 2400; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            int last = days[month - 1] + (month == 2 && leap ? 1 : 0);
            for (int day = 1; day <= last; day++, t += DAY) {
                struct civil c = { year, month, day, 23, 59, 58 }, back;
                if (clock_from_civil(&c) != t + DAY - 2)
                    fail_msg("%d-%d-%d is wrong", year, month, day);
                back = clock_to_civil(t + DAY - 2);
                assert_memory_equal(&back, &c, sizeof c);
            }
        }
    }
    assert_int_equal(t, INT64_C(13569465600)); /* 2400-01-01 */
}

static void test_calendar_ends(void **state)
{
    (void)state;
    struct civil c = clock_to_civil(-1);
    assert_int_equal(c.year, 1969);
    assert_int_equal(c.second, 59);
    (void)clock_to_civil(INT64_MIN); /* no overflow: UBSAN looks */
    (void)clock_to_civil(INT64_MAX);
}

static void test_valid(void **state)
{
    (void)state;
    static const struct {
        struct civil c;
        bool valid;
    } rows[] = {
        { { 2026, 11, 23, 10, 0, 5 }, true },   { { 2024, 2, 29, 0, 0, 0 }, true },
        { { 2026, 2, 29, 0, 0, 0 }, false },    { { 2100, 2, 29, 0, 0, 0 }, false },
        { { 2000, 2, 29, 0, 0, 0 }, true },     { { 2026, 0, 1, 0, 0, 0 }, false },
        { { 2026, 13, 1, 0, 0, 0 }, false },    { { 2026, 4, 31, 0, 0, 0 }, false },
        { { 2026, 4, 0, 0, 0, 0 }, false },     { { 2026, 4, 1, 24, 0, 0 }, false },
        { { 2026, 4, 1, 0, 60, 0 }, false },    { { 2016, 12, 31, 23, 59, 60 }, true },
        { { 2026, 4, 1, 0, 0, 61 }, false },    { { 2026, 4, 1, -1, 0, 0 }, false },
        { { 1969, 12, 31, 0, 0, 0 }, false },   { { 9999, 12, 31, 23, 59, 59 }, true },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (clock_civil_valid(&rows[i].c) != rows[i].valid)
            fail_msg("row %zu", i);
    }
}

static void test_eat_stamp(void **state)
{
    (void)state;
    struct str s = STR("2006-04-27 17:05:41 1FZ8zt");
    int64_t t = 0;
    assert_int_equal(clock_eat_stamp(&s, &t), 0);
    assert_int_equal(t, 1146157541);
    assert_str(s, " 1FZ8zt");
    static const struct str bad[] = {
        STR_INIT(""),
        STR_INIT("2006-04-27 17:05:4"),
        STR_INIT("2006-04-27_17:05:41"),
        STR_INIT("2006-04-31 17:05:41"),
        STR_INIT("2006-4-27  17:05:41"),
        STR_INIT("2006-04-27 17:05:4x"),
        STR_INIT("-006-04-27 17:05:41"),
        STR_INIT("2006\0""04-27 17:05:41"),
    };
    for (size_t i = 0; i < ROWS(bad); i++) {
        s = bad[i];
        if (clock_eat_stamp(&s, &t) != -1 || !str_eq(s, bad[i]) || t != 1146157541)
            fail_msg("row %zu was taken, or moved something", i);
    }
    s = STR("2006-04-27T17:05:41");
    assert_int_equal(clock_eat_stamp(&s, &t), 0);
}

static void test_zones(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t utc;
        int32_t offset;
    } rows[] = {
        { "UTC", 0, 0 },
        { "Europe/Berlin", 1774745999, 3600 }, /* 2026-03-29 00:59:59Z */
        { "Europe/Berlin", 1774746000, 7200 },
        { "Europe/Berlin", 1792889999, 7200 }, /* 2026-10-25 00:59:59Z */
        { "Europe/Berlin", 1792890000, 3600 },
        { "Australia/Lord_Howe", 1767225600, 39600 },
        { "Australia/Lord_Howe", 1783000000, 37800 },
        { "Asia/Kolkata", 1783000000, 19800 },
        { "Pacific/Kiritimati", 1783000000, 50400 },
        { "America/New_York", 1783000000, -14400 },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        zone_set(rows[i].zone);
        assert_int_equal(clock_offset_at(rows[i].utc), rows[i].offset);
        /* outside of the folds a local time leads back to where it came from */
        int64_t later = rows[i].utc + 40 * DAY;
        assert_int_equal(clock_from_local(later + clock_offset_at(later)), later);
    }
}

/* Each half hour around both changes of the clocks in three zones. */
static void test_local_round_trip(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t change;
        int64_t fold;   /* how much is repeated; 0 in spring */
    } rows[] = {
        { "Europe/Berlin", 1774746000, 0 },       { "Europe/Berlin", 1792890000, 3600 },
        { "America/New_York", 1772953200, 0 },    { "America/New_York", 1793512800, 3600 },
        { "Australia/Lord_Howe", 1775314800, 1800 },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        zone_set(rows[i].zone);
        for (int64_t utc = rows[i].change - 3 * DAY; utc < rows[i].change + 3 * DAY; utc += 900) {
            int64_t got = clock_from_local(utc + clock_offset_at(utc));
            bool repeated = utc >= rows[i].change && utc < rows[i].change + rows[i].fold;
            int64_t want = repeated ? utc - rows[i].fold : utc; /* the first of the two */
            if (got != want)
                fail_msg("%s: %lld came back as %lld", rows[i].zone, (long long)utc,
                         (long long)got);
        }
    }
}

static void test_text(void **state)
{
    (void)state;
    static const struct {
        int64_t utc;
        int32_t offset;
        const char *rfc3339, *human;
    } rows[] = {
        { 1146153941, 3600, "2006-04-27T17:05:41+01:00", "2006-04-27 17:05:41 +0100" },
        { 1146153941, 0, "2006-04-27T16:05:41Z", "2006-04-27 16:05:41 +0000" },
        { 1146153941, -12600, "2006-04-27T12:35:41-03:30", "2006-04-27 12:35:41 -0330" },
        { 0, 0, "1970-01-01T00:00:00Z", "1970-01-01 00:00:00 +0000" },
        { INT64_MAX, 3600, "9999-12-30T01:00:00+01:00", "9999-12-30 01:00:00 +0100" },
        { INT64_MIN, -3600, "0001-01-01T23:00:00-01:00", "0001-01-01 23:00:00 -0100" },
    };
    char text[CLOCK_TEXT_MAX];
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_string_equal(clock_rfc3339(rows[i].utc, rows[i].offset, text), rows[i].rfc3339);
        assert_string_equal(clock_human(rows[i].utc, rows[i].offset, text), rows[i].human);
    }
}

/* now = 2026-11-23 09:30:00Z, 10:30 in Berlin. */
#define NOW INT64_C(1795426200)

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        int64_t utc;
    } rows[] = {
        { STR_INIT("now"), NOW },
        { STR_INIT(" now "), NOW },
        { STR_INIT("today"), NOW - 37800 },
        { STR_INIT("yesterday"), NOW - 37800 - DAY },
        { STR_INIT("90s"), NOW - 90 },
        { STR_INIT("15m"), NOW - 900 },
        { STR_INIT("2h"), NOW - 7200 },
        { STR_INIT("3d"), NOW - 3 * DAY },
        { STR_INIT("1w"), NOW - 7 * DAY },
        { STR_INIT("2026-11-23"), NOW - 37800 },
        { STR_INIT("2026-11-23 10:30"), NOW },
        { STR_INIT("2026-11-23T10:30"), NOW },
        { STR_INIT("2026-11-23 10:30:05"), NOW + 5 },
        { STR_INIT("2026-11-23T09:30:00Z"), NOW },
        { STR_INIT("2026-11-23T09:30:00.250Z"), NOW },
        { STR_INIT("2026-11-23T04:30:00-05:00"), NOW },
        { STR_INIT("2026-11-23 04:30:00 -0500"), NOW },
        { STR_INIT("2026-07-01 00:00"), 1782856800 },        /* summer time */
        { STR_INIT("2026-10-25 02:30:00"), 1792888200 },     /* the first of the two */
        { STR_INIT("2026-03-29 02:30:00"), 1774744200 },     /* does not exist */
        { STR_INIT("10:30"), NOW },
        { STR_INIT("10:30:01"), NOW + 1 - DAY },             /* not yet today */
        { STR_INIT("09:30:07"), NOW - 3600 + 7 },
        { STR_INIT("23:59"), NOW - 37800 - 60 },
        { STR_INIT("Nov 23"), NOW - 37800 },
        { STR_INIT("nov 23 10:30"), NOW },
        { STR_INIT("Nov 23 10:30:01"), NOW + 1 - 365 * DAY },
        { STR_INIT("Nov 24"), NOW - 37800 - 364 * DAY },
        { STR_INIT("NOV  3 10:30:05"), NOW + 5 - 20 * DAY },
        { STR_INIT("Jul 1 00:00"), 1782856800 },
        { STR_INIT("Feb 29 12:00"), 1709204400 },            /* 2024 */
        { STR_INIT("@0"), 0 },
        { STR_INIT("@1795433482"), 1795433482 },
        { STR_INIT("@253402300799"), INT64_C(253402300799) },
    };
    zone_set("Europe/Berlin");
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t utc = -1;
        if (clock_parse(rows[i].text, NOW, &utc) != 0 || utc != rows[i].utc)
            fail_msg("\"%.*s\" gave %lld", STR_ARG(rows[i].text), (long long)utc);
    }
}

static void test_parse_refused(void **state)
{
    (void)state;
    static const struct str rows[] = {
        STR_INIT(""),
        STR_INIT("tomorrow"),
        STR_INIT("h"),
        STR_INIT("2"),
        STR_INIT("2hours"),
        STR_INIT("-2h"),
        STR_INIT("99999999999999999999d"),
        STR_INIT("1000001d"),
        STR_INIT("2026-11"),
        STR_INIT("2026-13-01"),
        STR_INIT("2026-02-29"),
        STR_INIT("23.11.2026"),
        STR_INIT("2026-11-23 25:00"),
        STR_INIT("2026-11-23 10:00:00 +1"),
        STR_INIT("2026-11-23 10:00:00 +01:0"),
        STR_INIT("2026-11-23 10:00:00 +0160"),
        STR_INIT("2026-11-23 10:00:00 x"),
        STR_INIT("2026-11-23T10:00:00."),
        STR_INIT("2026-11-23\0"),
        STR_INIT("24:00"),
        STR_INIT("10:60"),
        STR_INIT("1:30"),
        STR_INIT("10:3"),
        STR_INIT("10:30 "   "x"),
        STR_INIT("10:30Z"),
        STR_INIT("Nov"),
        STR_INIT("Nov 31"),
        STR_INIT("Feb 30"),
        STR_INIT("Nov 0"),
        STR_INIT("Nov 123"),
        STR_INIT("Nov23"),
        STR_INIT("Now 23"),
        STR_INIT("November 23"),
        STR_INIT("Nov 23 10"),
        STR_INIT("Nov 23 10:30 +0100"),
        STR_INIT("@"),
        STR_INIT("@-1"),
        STR_INIT("@12x"),
        STR_INIT("@253402300800"),
        STR_INIT("@99999999999999999999"),
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t utc = 42;
        if (clock_parse(rows[i], NOW, &utc) != -1 || utc != 42)
            fail_msg("\"%.*s\" was taken as %lld", STR_ARG(rows[i]), (long long)utc);
    }
}

/* "yesterday" is the day before, also when today had 23 or 25 hours. */
static void test_days_of_change(void **state)
{
    (void)state;
    int64_t utc;
    zone_set("Europe/Berlin");
    assert_int_equal(clock_parse(STR("today"), 1774738800 + 20 * 3600, &utc), 0);
    assert_int_equal(utc, 1774738800); /* 2026-03-29 00:00 +01 */
    assert_int_equal(clock_parse(STR("yesterday"), 1774738800 + 23 * 3600 + 60, &utc), 0);
    assert_int_equal(utc, 1774738800);
    assert_int_equal(clock_parse(STR("yesterday"), 1792879200 + 25 * 3600 + 60, &utc), 0);
    assert_int_equal(utc, 1792879200); /* 2026-10-25 00:00 +02 */
}

/* How much a typed time covers, also on days of 23 and 25 hours; and what was filled in. */
static void test_spans(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        int64_t now, first, seconds;
        bool partial;
    } rows[] = {
        { STR_INIT("2026-11-23"), NOW, NOW - 37800, DAY, false },
        { STR_INIT("today"), NOW, NOW - 37800, DAY, false },
        { STR_INIT("Nov 23"), NOW, NOW - 37800, DAY, true },
        { STR_INIT("2026-11-23 10:30"), NOW, NOW, 60, false },
        { STR_INIT("10:30"), NOW, NOW, 60, true },
        { STR_INIT("10:30:00"), NOW, NOW, 1, true },
        { STR_INIT("Nov 23 10:30"), NOW, NOW, 60, true },
        { STR_INIT("2026-11-23T09:30:00Z"), NOW, NOW, 1, false },
        { STR_INIT("now"), NOW, NOW, 1, false },
        { STR_INIT("2h"), NOW, NOW - 7200, 1, false },
        { STR_INIT("@5"), NOW, 5, 1, false },
        { STR_INIT("2026-03-29"), NOW, 1774738800, 23 * 3600, false },
        { STR_INIT("2026-10-25"), NOW, 1792879200, 25 * 3600, false },
        /* the clocks have changed since: the same digits, not 24 hours ago */
        { STR_INIT("12:00"), 1774746000, 1774746000 - 14 * 3600, 60, true },
        { STR_INIT("12:00"), 1774738800 + 12 * 3600, 1774738800 + 11 * 3600, 60, true },
        { STR_INIT("02:30"), 1792890000 + 3600, 1792888200, 60, true }, /* the first of the two */
        { STR_INIT("12:00"), 1792879200 + 12 * 3600, 1792879200 - 12 * 3600, 60, true },
    };
    zone_set("Europe/Berlin");
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct clock_span span = { .first = -1 };
        if (clock_parse_span(rows[i].text, rows[i].now, &span) != 0 ||
            span.first != rows[i].first || span.last != rows[i].first + rows[i].seconds - 1 ||
            span.partial != rows[i].partial)
            fail_msg("row %zu, \"%.*s\": %lld to %lld", i, STR_ARG(rows[i].text),
                     (long long)span.first, (long long)span.last);
    }
}

static void test_now(void **state)
{
    (void)state;
    assert_true(clock_now() > 1700000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_calendar_ends),
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_eat_stamp),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_local_round_trip),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_refused),
        cmocka_unit_test(test_days_of_change),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
