/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock_typed - the times that people type
 *
 * One table has the forms that are made of digits and names of months; words, ages and
 * zones are apart. Who types a time says how exact it is: a day is all of it. A time
 * without its day, or a day without its year, is the last one that was, because
 * logs are of the past.
 */
#define _GNU_SOURCE
#include "base/clock.h"

#define DAY 86400
#define YEARS_BACK 8     /* to the last 29 February, over 2100 too */

enum missing { MISSING_NOTHING, MISSING_DAY, MISSING_YEAR };

/* Y, M, D, h, m, s: so many digits of the field; b: a month's name; d: a day of one or two digits;
 * a space: some of them, or a T. All else is itself. */
static const struct form {
    const char *text;
    int32_t covers;      /* seconds */
    enum missing missing;
} forms[] = {
    { "YYYY-MM-DD", DAY, MISSING_NOTHING },
    { "YYYY-MM-DD hh:mm", 60, MISSING_NOTHING },
    { "YYYY-MM-DD hh:mm:ss", 1, MISSING_NOTHING },
    { "hh:mm", 60, MISSING_DAY },
    { "hh:mm:ss", 1, MISSING_DAY },
    { "b d", DAY, MISSING_YEAR },
    { "b d hh:mm", 60, MISSING_YEAR },
    { "b d hh:mm:ss", 1, MISSING_YEAR },
};

/* The number of a month by its first three letters; 0 for none. */
static int eat_month(struct str *s)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; i < 12; i++) {
        if (s->n >= 3 && str_eq_nocase(str_head(*s, 3), str_make(names + 3 * i, 3))) {
            *s = str_skip(*s, 3);
            return i + 1;
        }
    }
    return 0;
}

static bool eat_space(struct str *s)
{
    size_t before = s->n;
    if (str_eat(s, STR("T")))
        return true;
    while (str_eat(s, STR(" ")))
        continue;
    return s->n < before;
}

static bool eat_digit(struct str *s, int *field)
{
    if (s->n == 0 || !ascii_digit(s->p[0]))
        return false;
    *field = *field * 10 + (s->p[0] - '0');
    *s = str_skip(*s, 1);
    return true;
}

/* One letter of a form. */
static bool letter_eat(char letter, struct str *s, struct civil *c)
{
    const char one[] = { letter };
    switch (letter) {
    case 'Y':
        return eat_digit(s, &c->year);
    case 'M':
        return eat_digit(s, &c->month);
    case 'D':
        return eat_digit(s, &c->day);
    case 'h':
        return eat_digit(s, &c->hour);
    case 'm':
        return eat_digit(s, &c->minute);
    case 's':
        return eat_digit(s, &c->second);
    case 'b':
        return (c->month = eat_month(s)) != 0;
    case 'd':
        return eat_digit(s, &c->day) && (eat_digit(s, &c->day) || true);
    case ' ':
        return eat_space(s);
    default:
        return str_eat(s, str_make(one, 1));
    }
}

/* All of `s` in one of the forms. */
static const struct form *form_find(struct str s, struct civil *out)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct str rest = s;
        const char *f = forms[i].text;
        *out = (struct civil){ .year = 0 };
        while (*f != '\0' && letter_eat(*f, &rest, out))
            f++;
        if (*f == '\0' && rest.n == 0)
            return &forms[i];
    }
    return NULL;
}

/* `c` on the day of `stamped`. */
static struct civil on_day(struct civil c, int64_t stamped)
{
    struct civil day = clock_to_civil(stamped);
    c.year = day.year;
    c.month = day.month;
    c.day = day.day;
    return c;
}

/* Fill in what is missing: try the latest, and go back while it is to come or no real day. */
static bool fill_in(const struct form *form, int64_t now, struct civil *c)
{
    int64_t local = now + clock_offset_at(now);
    struct civil typed = *c;
    if (form->missing == MISSING_NOTHING)
        return clock_civil_valid(c);
    for (int back = 0; back <= YEARS_BACK; back++) {
        if (form->missing == MISSING_DAY)
            *c = on_day(typed, local - (int64_t)back * DAY);
        else
            c->year = clock_to_civil(local).year - back;
        if (clock_civil_valid(c) && clock_from_local(clock_from_civil(c)) <= now)
            return true;
    }
    return false;
}

/* A stamp and what follows until it is over. */
static void span_local(int64_t stamped, int32_t covers, struct clock_span *out)
{
    out->first = clock_from_local(stamped);
    out->last = covers == DAY ? clock_from_local(stamped + DAY) - 1 : out->first + covers - 1;
}

static bool parse_form(struct str s, int64_t now, struct clock_span *out)
{
    struct civil c;
    const struct form *form = form_find(s, &c);
    if (form == NULL || !fill_in(form, now, &c))
        return false;
    span_local(clock_from_civil(&c), form->covers, out);
    out->partial = form->missing != MISSING_NOTHING;
    return true;
}

static bool parse_word(struct str s, int64_t now, struct clock_span *out)
{
    static const struct {
        struct str word;
        int days_back;
    } days[] = { { STR_INIT("today"), 0 }, { STR_INIT("yesterday"), 1 } };
    int64_t local = now + clock_offset_at(now);
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        if (!str_eq(s, days[i].word))
            continue;
        struct civil c = clock_to_civil(local - (int64_t)days[i].days_back * DAY);
        c.hour = c.minute = c.second = 0;
        span_local(clock_from_civil(&c), DAY, out);
        return true;
    }
    out->first = out->last = now;
    return str_eq(s, STR("now"));
}

/* `2h`: that long before now. */
static bool parse_age(struct str s, int64_t now, struct clock_span *out)
{
    static const struct { char unit; uint64_t seconds; } units[] = {
        { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY }, { 'w', 7 * DAY },
    };
    uint64_t count;
    if (str_eat_u64(&s, &count) != 0 || s.n != 1 || count > 1000000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == s.p[0]) {
            out->first = out->last = now - (int64_t)(count * units[i].seconds);
            return true;
        }
    }
    return false;
}

/* `@1795433482`: seconds since 1970, up to the end of the year 9999. */
static bool parse_epoch(struct str s, struct clock_span *out)
{
    uint64_t seconds;
    if (!str_eat(&s, STR("@")) || str_u64(s, &seconds) != 0 || seconds > UINT64_C(253402300799))
        return false;
    out->first = out->last = (int64_t)seconds;
    return true;
}

/* Step over the fraction of a second that RFC 3339 allows. */
static struct str skip_fraction(struct str s)
{
    struct str rest = s;
    uint64_t ignored;
    if (str_eat(&rest, STR(".")) && str_eat_u64(&rest, &ignored) == 0)
        return rest;
    return s;
}

/* Exactly two digits at offset `at`; -1 if they are not. */
static int two_digits(struct str s, size_t at)
{
    uint64_t value;
    return str_u64(str_head(str_skip(s, at), 2), &value) == 0 ? (int)value : -1;
}

/* `Z`, `+0100` or `+01:00` as the whole of `s`. */
static int parse_zone(struct str s, int32_t *offset_out)
{
    *offset_out = 0;
    if (str_eq(s, STR("Z")) || str_eq(s, STR("z")))
        return 0;
    if (s.n < 5 || s.n > 6 || (s.p[0] != '+' && s.p[0] != '-') || (s.n == 6 && s.p[3] != ':'))
        return -1;
    int hours = two_digits(s, 1), minutes = two_digits(s, s.n - 2);
    if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59)
        return -1;
    *offset_out = (s.p[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return 0;
}

/* RFC 3339: a stamp, a fraction or none, a zone or none. */
static bool parse_stamp(struct str s, struct clock_span *out)
{
    int64_t stamped;
    int32_t offset;
    if (clock_eat_stamp(&s, &stamped) != 0)
        return false;
    s = str_trim(skip_fraction(s));
    if (s.n > 0 && parse_zone(s, &offset) != 0)
        return false;
    out->first = out->last = s.n == 0 ? clock_from_local(stamped) : stamped - offset;
    return true;
}

int clock_parse_span(struct str s, int64_t now, struct clock_span *out)
{
    struct clock_span span = { .partial = false };
    s = str_trim(s);
    if (!parse_form(s, now, &span) && !parse_age(s, now, &span) && !parse_epoch(s, &span) &&
        !parse_stamp(s, &span) && !parse_word(s, now, &span))
        return -1;
    *out = span;
    return 0;
}

int clock_parse(struct str s, int64_t now, int64_t *utc_out)
{
    struct clock_span span;
    if (clock_parse_span(s, now, &span) != 0)
        return -1;
    *utc_out = span.first;
    return 0;
}
