/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logstretch - read some lines of a log for what they say about all of it
 *
 * Other programs date their lines as Exim does (dpkg's log, for one), so a date
 * alone makes no Exim log: a message id, a class of line or one of the phrases
 * that Exim begins a line with must be there.
 */
#include "base/clock.h"
#include "logs/logprobe.h"
#include "mail/msgid.h"

#define DAY 86400
/* Enough lines to see whether they have pids. */
#define HEAD_LINES 64
/* logline_parse() counts a date without a year from the start of a leap year. */
#define LEAP_YEAR 1972

static const struct str phrases[] = {
    STR_INIT("exim 4."),
    STR_INIT("exim 5."),
    STR_INIT("Exim "),
    STR_INIT("SMTP "),
    STR_INIT("TLS error on "),
    STR_INIT("TLS session: "),
    STR_INIT("H="),
    STR_INIT("DKIM: d="),
    STR_INIT("no host name found for IP address "),
    STR_INIT("no IP address found for host "),
    STR_INIT("no MAIL in "),
    STR_INIT("unexpected disconnection while reading SMTP "),
    STR_INIT("incomplete transaction ("),
    STR_INIT("SIGHUP received: re-exec daemon"),
    STR_INIT("socket bind() to port "),
    STR_INIT("env-from rewritten as "),
};

static bool only_exim(const struct logline *line)
{
    if (line->class != LINE_OTHER || line->id.n > 0)
        return true;
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (str_starts(line->text, phrases[i]))
            return true;
    }
    return false;
}

int arrival_when(const struct logline *line, int64_t *when_out)
{
    struct msgid id;
    if (line->class != LINE_ARRIVAL || msgid_parse(line->id, &id) != 0)
        return -1;
    /* Without a year any time of our century will do to tell the bases apart. */
    int64_t from = line->has_date ? line->stamped - DAY : (int64_t)946684800;
    int64_t to = line->has_date ? line->stamped + DAY : (int64_t)4102444800;
    struct msgid_parts parts;
    if (msgid_decode(&id, msgid_guess_base(&id, from, to), -1, &parts) != 0)
        return -1;
    *when_out = parts.when;
    return parts.when >= from && parts.when <= to ? 0 : -1;
}

static int64_t year_start(int year)
{
    return clock_from_civil(&(struct civil){ .year = year, .month = 1, .day = 1 });
}

/* A date without a year, put into `year`: its own month and day count, not its seconds, because
 * years differ by a day. */
static int64_t put_into_year(int64_t stamped, int year)
{
    struct civil c = clock_to_civil(stamped);
    c.year = year;
    if (!clock_civil_valid(&c))
        c.day = 28; /* 29 February in a year without one: near enough for choosing */
    return clock_from_civil(&c);
}

/* `stamped` as logline_parse() gives it without a hint, as a date in LEAP_YEAR. */
static int64_t leap_date(int64_t stamped)
{
    return stamped < 366 * (int64_t)DAY ? stamped + year_start(LEAP_YEAR) : stamped;
}

/* The year in which a date without one is nearest to `when`. */
static int nearest_year(int64_t date, int64_t when)
{
    int year = clock_to_civil(when).year;
    int best = year;
    for (int y = year - 1; y <= year + 1; y++) {
        int64_t here = put_into_year(date, y) - when;
        int64_t there = put_into_year(date, best) - when;
        if ((here < 0 ? -here : here) < (there < 0 ? -there : there))
            best = y;
    }
    return best;
}

/* The last year in which a date without one is not later than `limit` and a day. */
static int latest_year(int64_t date, int64_t limit)
{
    int year = clock_to_civil(limit + DAY).year;
    return put_into_year(date, year) <= limit + DAY ? year : year - 1;
}

/* The hint for the first line of `text`, if its dates lack the year; else one that says nothing. */
static struct logline_hint year_find(struct str text, int64_t not_after)
{
    struct logline_hint none = { .year = 0 };
    int64_t first = -1;
    struct str raw;
    while (str_line(&text, &raw)) {
        struct logline line;
        int64_t when;
        if (logline_parse(raw, NULL, &line) != 0)
            continue;
        if (line.has_date)
            return none;
        int64_t date = leap_date(line.stamped);
        if (first < 0)
            first = date;
        if (arrival_when(&line, &when) != 0)
            continue;
        /* Between the first line and this one a year may have begun. */
        int year = nearest_year(date, when);
        int64_t apart = put_into_year(date, year) - when;
        if (apart < -2 * DAY || apart > 2 * DAY)
            continue; /* not this reception's id */
        int month = clock_to_civil(first).month;
        if (month > clock_to_civil(date).month)
            year--;
        return (struct logline_hint){ .year = year, .month = month };
    }
    if (first < 0)
        return none;
    return (struct logline_hint){ .year = latest_year(first, not_after),
                                  .month = clock_to_civil(first).month };
}

/* The zone that the arrivals seen so far point to. */
struct votes {
    int32_t run;             /* what the last ones said ... */
    unsigned agree;          /* ... and how many of them in a row */
    bool any;
    int64_t smallest;        /* stamp minus id, when none was a good witness */
    bool slow;
};

static void zone_vote(struct votes *v, const struct logline *line, enum stretch_end end,
                      struct stretch *out)
{
    int64_t when;
    int32_t offset;
    if (!line->has_date || line->offset != LOGLINE_NO_OFFSET || arrival_when(line, &when) != 0)
        return;
    if (logzone_guess(line->stamped, when, &offset) != 0) {
        int64_t delta = line->stamped - when;
        v->smallest = v->slow && v->smallest < delta ? v->smallest : delta;
        v->slow = true;
        return;
    }
    v->agree = v->any && offset == v->run ? v->agree + 1 : 1;
    v->any = true;
    v->run = offset;
    bool wanted = end == STRETCH_TAIL || !out->zone_settled;
    if (!wanted || (v->agree < LOGZONE_AGREE && out->zone_known))
        return;
    out->zone = offset;
    out->zone_known = true;
    out->zone_settled = v->agree >= LOGZONE_AGREE;
}

static void line_note(const struct logline *line, struct stretch *out)
{
    if (!out->dated) {
        out->first = line->stamped;
        out->first_own = line->offset;
    }
    out->dated = true;
    out->last = line->stamped;
    out->last_own = line->offset;
    out->exim = out->exim || only_exim(line);
    out->pids = out->pids || line->pid != 0;
}

static bool enough(const struct stretch *s, size_t lines)
{
    bool zone = s->zone_settled || s->first_own != LOGLINE_NO_OFFSET;
    return lines >= HEAD_LINES && s->exim && zone;
}

void stretch_read(struct str text, enum stretch_end end, int64_t not_after, struct stretch *out)
{
    *out = (struct stretch){ .first_own = LOGLINE_NO_OFFSET, .last_own = LOGLINE_NO_OFFSET };
    out->hint = year_find(text, not_after);
    struct logline_hint hint = out->hint;
    struct votes votes = { .run = 0 };
    struct str raw;
    for (size_t lines = 0; str_line(&text, &raw); lines++) {
        struct logline line;
        if (end == STRETCH_HEAD && enough(out, lines))
            break;
        if (logline_parse(raw, &hint, &line) != 0 || !line.has_date)
            continue;
        line_note(&line, out);
        zone_vote(&votes, &line, end, out);
    }
    if (!out->zone_known && votes.slow) {
        int64_t quarters = votes.smallest / 900 - (votes.smallest % 900 < 0 ? 1 : 0);
        out->zone = (int32_t)(quarters * 900);
        out->zone_known = out->zone >= -12 * 3600 && out->zone <= 14 * 3600;
    }
}
