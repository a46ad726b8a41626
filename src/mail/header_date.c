/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header_date - dates as mail programs write them
 *
 * The date of a Received field is held against the clock inside the message
 * id, second by second, so a zone must never be guessed: a date without one,
 * or with a name that several countries use (IST, CST of China), is refused.
 *
 * The value is cut into words at white space and commas; each word says by its
 * shape what it is. That takes all orders in which programs put them, without
 * a list of formats. Source: RFC 5322 sections 3.3 and 4.3; RFC 3339.
 */
#include "mail/header.h"

#include "base/clock.h"

#define WORDS_MAX 16 /* a date has at most ten */

struct date {
    struct civil c;
    bool has_time, has_zone, has_day;
    int32_t offset; /* seconds east */
};

static const struct str months[] = {
    STR_INIT("jan"), STR_INIT("feb"), STR_INIT("mar"), STR_INIT("apr"),
    STR_INIT("may"), STR_INIT("jun"), STR_INIT("jul"), STR_INIT("aug"),
    STR_INIT("sep"), STR_INIT("oct"), STR_INIT("nov"), STR_INIT("dec"),
};

static const struct str long_months[] = {
    STR_INIT("january"), STR_INIT("february"), STR_INIT("march"),     STR_INIT("april"),
    STR_INIT("may"),     STR_INIT("june"),     STR_INIT("july"),      STR_INIT("august"),
    STR_INIT("september"), STR_INIT("october"), STR_INIT("november"), STR_INIT("december"),
};

static const struct str weekdays[] = {
    STR_INIT("sun"), STR_INIT("mon"), STR_INIT("tue"), STR_INIT("wed"),
    STR_INIT("thu"), STR_INIT("fri"), STR_INIT("sat"),
};

/* Names that mean one offset wherever they are used in mail. CST is the one of
 * North America, as RFC 5322 section 4.3 says. */
static const struct { struct str name; int16_t minutes; } zones[] = {
    { STR_INIT("UT"), 0 },       { STR_INIT("UTC"), 0 },     { STR_INIT("GMT"), 0 },
    { STR_INIT("Z"), 0 },        { STR_INIT("EST"), -300 },  { STR_INIT("EDT"), -240 },
    { STR_INIT("CST"), -360 },   { STR_INIT("CDT"), -300 },  { STR_INIT("MST"), -420 },
    { STR_INIT("MDT"), -360 },   { STR_INIT("PST"), -480 },  { STR_INIT("PDT"), -420 },
    { STR_INIT("WET"), 0 },      { STR_INIT("WEST"), 60 },   { STR_INIT("CET"), 60 },
    { STR_INIT("CEST"), 120 },   { STR_INIT("MET"), 60 },    { STR_INIT("MEST"), 120 },
    { STR_INIT("EET"), 120 },    { STR_INIT("EEST"), 180 },  { STR_INIT("MSK"), 180 },
    { STR_INIT("JST"), 540 },    { STR_INIT("KST"), 540 },   { STR_INIT("AEST"), 600 },
    { STR_INIT("AEDT"), 660 },   { STR_INIT("NZST"), 720 },  { STR_INIT("NZDT"), 780 },
    { STR_INIT("AKST"), -540 },  { STR_INIT("AKDT"), -480 }, { STR_INIT("HST"), -600 },
};

static int number(struct str s, int *out)
{
    uint64_t v;
    if (s.n > 4 || str_u64(s, &v) != 0)
        return -1;
    *out = (int)v;
    return 0;
}

static int month_of(struct str w)
{
    if (w.n > 0 && w.p[w.n - 1] == '.')
        w.n--;
    for (int i = 0; i < 12; i++) {
        if (str_eq_nocase(w, months[i]) || str_eq_nocase(w, long_months[i]))
            return i + 1;
    }
    return 0;
}

static bool is_weekday(struct str w)
{
    for (int i = 0; i < 7; i++) {
        if (str_starts_nocase(w, weekdays[i]))
            return true;
    }
    return false;
}

/* RFC 5322 section 4.3: 00 to 49 is 20xx, 50 to 99 and three digits are 19xx. */
static int year_of(struct str w, int *year_out)
{
    if (w.n < 2 || number(w, year_out) != 0)
        return -1;
    if (w.n == 2)
        *year_out += *year_out < 50 ? 2000 : 1900;
    else if (w.n == 3)
        *year_out += 1900;
    return 0;
}

/* `+0100`, `-04:00`, `+01`. */
static int zone_number(struct str w, int32_t *offset_out)
{
    if (w.n < 3 || (w.p[0] != '+' && w.p[0] != '-'))
        return -1;
    struct str digits = str_skip(w, 1);
    int hours, minutes = 0;
    if (number(str_head(digits, 2), &hours) != 0)
        return -1;
    digits = str_skip(digits, 2);
    str_eat(&digits, STR(":"));
    if (digits.n != 0 && (digits.n != 2 || number(digits, &minutes) != 0))
        return -1;
    if (hours > 23 || minutes > 59)
        return -1;
    int32_t offset = hours * 3600 + minutes * 60;
    *offset_out = w.p[0] == '-' ? -offset : offset;
    return 0;
}

static int zone_of(struct str w, int32_t *offset_out)
{
    if (zone_number(w, offset_out) == 0)
        return 0;
    if (w.n > 3 && (str_starts(w, STR("GMT")) || str_starts(w, STR("UTC"))))
        return zone_number(str_skip(w, 3), offset_out);
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        if (str_eq_nocase(w, zones[i].name)) {
            *offset_out = zones[i].minutes * 60;
            return 0;
        }
    }
    return -1;
}

/* `12:05`, `12:05:41`, `12:05:41.123`; a zone may be glued to it as in RFC 3339. */
static int time_of(struct str w, struct date *d)
{
    struct str hour = str_cut(&w, ':');
    if (hour.n < 1 || hour.n > 2 || w.n < 2 || number(hour, &d->c.hour) != 0 ||
        number(str_head(w, 2), &d->c.minute) != 0)
        return -1;
    w = str_skip(w, 2);
    if (str_eat(&w, STR(":"))) {
        if (w.n < 2 || number(str_head(w, 2), &d->c.second) != 0)
            return -1;
        w = str_skip(w, 2);
        if (w.n > 1 && (w.p[0] == '.' || w.p[0] == ',')) {
            w = str_skip(w, 1);
            while (w.n > 0 && ascii_digit(w.p[0]))
                w = str_skip(w, 1);
        }
    }
    d->has_time = true;
    if (w.n == 0)
        return 0;
    d->has_zone = zone_of(w, &d->offset) == 0;
    return d->has_zone ? 0 : -1;
}

/* `27-Apr-2006`, `2006-04-27`, `2006-04-27T12:05:41Z`. */
static int dashed_of(struct str w, struct date *d)
{
    struct str a = str_cut(&w, '-');
    struct str b = str_cut(&w, '-');
    if (a.n == 4) {
        if (number(a, &d->c.year) != 0 || number(b, &d->c.month) != 0 || w.n < 2 ||
            number(str_head(w, 2), &d->c.day) != 0)
            return -1;
        d->has_day = true;
        w = str_skip(w, 2);
        if (w.n == 0)
            return 0;
        return (w.p[0] == 'T' || w.p[0] == 't') ? time_of(str_skip(w, 1), d) : -1;
    }
    d->c.month = month_of(b);
    d->has_day = true;
    return d->c.month == 0 || number(a, &d->c.day) != 0 ? -1 : year_of(w, &d->c.year);
}

/* A word of digits: the day if there is none yet, else the year. */
static int digits_of(struct str w, struct date *d)
{
    if (!d->has_day && w.n <= 2) {
        d->has_day = true;
        return number(w, &d->c.day);
    }
    if (d->c.year != 0)
        return -1;
    return year_of(w, &d->c.year);
}

static int word_take(struct str w, struct date *d)
{
    if (ascii_digit(w.p[0])) {
        if (w.n > 3 && str_find_c(w, '-') <= 4)
            return d->has_day ? -1 : dashed_of(w, d);
        if (str_find_c(w, ':') != STR_NONE)
            return d->has_time ? -1 : time_of(w, d);
        return digits_of(w, d);
    }
    if (d->c.month == 0 && (d->c.month = month_of(w)) != 0)
        return 0;
    int32_t offset;
    if (zone_of(w, &offset) == 0) {
        if (!d->has_zone) /* in `-0400 EDT` the number counts */
            d->offset = offset;
        d->has_zone = true;
        return 0;
    }
    return is_weekday(w) ? 0 : -1;
}

/* The next word of the date, comments passed over. Empty at the end. */
static struct str word_next(struct str *s)
{
    unsigned nest = 0;
    size_t i = 0;
    for (; i < s->n; i++) {
        char c = s->p[i];
        if (c == '(')
            nest++;
        else if (c == ')' && nest > 0)
            nest--;
        else if (nest == 0 && !ascii_space(c) && c != ',')
            break;
    }
    *s = str_skip(*s, i);
    for (i = 0; i < s->n && !ascii_space(s->p[i]) && s->p[i] != ',' && s->p[i] != '('; i++)
        ;
    struct str word = str_head(*s, i);
    *s = str_skip(*s, i);
    return word;
}

int header_date(struct str value, int64_t *utc_out, int32_t *offset_out)
{
    struct date d = { 0 };
    struct str rest = value, word;
    for (int i = 0; (word = word_next(&rest)).n > 0; i++) {
        if (i == WORDS_MAX || word_take(word, &d) != 0)
            return -1;
    }
    if (!d.has_time || !d.has_zone || !clock_civil_valid(&d.c))
        return -1;
    *utc_out = clock_from_civil(&d.c) - d.offset;
    *offset_out = d.offset;
    return 0;
}
