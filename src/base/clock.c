/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock - civil time, time zones, and the times that people type
 *
 * The calendar arithmetic is the usual one over eras of 400 years that begin
 * in March, so that the leap day is the last day of a year.
 */
#define _GNU_SOURCE
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define DAY 86400

int64_t clock_from_civil(const struct civil *c)
{
    int64_t year = c->month <= 2 ? c->year - 1 : c->year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month = c->month > 2 ? c->month - 3 : c->month + 9;
    int64_t day_of_year = (153 * month + 2) / 5 + c->day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * 146097 + day_of_era - 719468;
    return days * DAY + c->hour * 3600 + c->minute * 60 + c->second;
}

struct civil clock_to_civil(int64_t t)
{
    int64_t rest = ((t % DAY) + DAY) % DAY;
    int64_t days = t / DAY - (t % DAY < 0 ? 1 : 0) + 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil){
        .year = (int)(yoe + era * 400) + (month <= 2 ? 1 : 0),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(rest / 3600),
        .minute = (int)(rest / 60 % 60),
        .second = (int)(rest % 60),
    };
}

static int month_days(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool clock_civil_valid(const struct civil *c)
{
    return c->year >= 1970 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= month_days(c->year, c->month) && c->hour >= 0 && c->hour <= 23 &&
           c->minute >= 0 && c->minute <= 59 && c->second >= 0 && c->second <= 60;
}

int64_t clock_now(void)
{
    return (int64_t)time(NULL);
}

int32_t clock_offset_at(int64_t utc)
{
    time_t t = (time_t)utc;
    struct tm tm;
    return localtime_r(&t, &tm) == NULL ? 0 : (int32_t)tm.tm_gmtoff;
}

int64_t clock_from_local(int64_t stamped)
{
    /* The offset in force around the stamp, then the one at the instant that
     * it gives: two steps settle everywhere but in a gap of spring. */
    int64_t before = stamped - clock_offset_at(stamped - DAY);
    if (before + clock_offset_at(before) == stamped)
        return before;
    return stamped - clock_offset_at(stamped + DAY);
}

static int format_zone(int32_t offset, char *text, size_t size, const char *colon)
{
    int32_t abs = offset < 0 ? -offset : offset;
    return snprintf(text, size, "%c%02d%s%02d", offset < 0 ? '-' : '+', (int)(abs / 3600 % 100),
                    colon, (int)(abs / 60 % 60));
}

/* A year has four digits in print. A time outside of these two days (a sentinel,
 * an absurd id) is shown as the nearer of them. */
#define PRINT_FIRST INT64_C(-62135510400) /* 0001-01-02 */
#define PRINT_LAST INT64_C(253402128000)  /* 9999-12-30 */

static int format_civil(int64_t utc, int32_t offset, char sep, char *text)
{
    if (utc < PRINT_FIRST)
        utc = PRINT_FIRST;
    if (utc > PRINT_LAST)
        utc = PRINT_LAST;
    struct civil c = clock_to_civil(utc + offset % DAY);
    return snprintf(text, CLOCK_TEXT_MAX, "%04d-%02d-%02d%c%02d:%02d:%02d", c.year % 10000,
                    c.month, c.day, sep, c.hour, c.minute, c.second);
}

const char *clock_rfc3339(int64_t utc, int32_t offset, char text[CLOCK_TEXT_MAX])
{
    int n = format_civil(utc, offset, 'T', text);
    if (offset == 0)
        snprintf(text + n, (size_t)(CLOCK_TEXT_MAX - n), "Z");
    else
        format_zone(offset, text + n, (size_t)(CLOCK_TEXT_MAX - n), ":");
    return text;
}

const char *clock_human(int64_t utc, int32_t offset, char text[CLOCK_TEXT_MAX])
{
    int n = format_civil(utc, offset, ' ', text);
    text[n++] = ' ';
    format_zone(offset, text + n, (size_t)(CLOCK_TEXT_MAX - n), "");
    return text;
}

/* Exactly `digits` digits at offset `at`, as a number; -1 if they are not. */
static int fixed(struct str s, size_t at, size_t digits)
{
    int value = 0;
    if (at + digits > s.n)
        return -1;
    for (size_t i = at; i < at + digits; i++) {
        if (!ascii_digit(s.p[i]))
            return -1;
        value = value * 10 + (s.p[i] - '0');
    }
    return value;
}

int clock_eat_stamp(struct str *s, int64_t *stamped_out)
{
    const char *p = s->p;
    if (s->n < 19 || p[4] != '-' || p[7] != '-' || (p[10] != ' ' && p[10] != 'T') ||
        p[13] != ':' || p[16] != ':')
        return -1;
    struct civil c = { fixed(*s, 0, 4),  fixed(*s, 5, 2),  fixed(*s, 8, 2),
                       fixed(*s, 11, 2), fixed(*s, 14, 2), fixed(*s, 17, 2) };
    if (!clock_civil_valid(&c))
        return -1;
    *stamped_out = clock_from_civil(&c);
    *s = str_skip(*s, 19);
    return 0;
}
