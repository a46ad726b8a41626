/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock - civil time, time zones, and the times that people type
 *
 * Two kinds of number occur and are never mixed: UTC, seconds since 1970; and
 * "stamped" time, the digits of a log line taken as though they were UTC. The
 * difference is the zone's offset, which a log does not always say. All are
 * int64_t seconds. Nothing here reads the clock but clock_now().
 */
#ifndef POSTERN_BASE_CLOCK_H
#define POSTERN_BASE_CLOCK_H

#include <stdint.h>

#include "base/str.h"

struct civil {
    int year, month, day;     /* month 1 to 12 */
    int hour, minute, second; /* second up to 60 */
};

/* Seconds since 1970 of a civil time, as though UTC. Any proleptic Gregorian
 * date; the fields are not checked. */
int64_t clock_from_civil(const struct civil *c);

/* The reverse. */
struct civil clock_to_civil(int64_t t);

/* True if the fields form a real date and time, years 1970 to 9999. */
bool clock_civil_valid(const struct civil *c);

/* UTC now. */
int64_t clock_now(void);

/* Seconds east of Greenwich of the process's zone (TZ) at that UTC instant. */
int32_t clock_offset_at(int64_t utc);

/* UTC of a stamped time in the process's zone; in the repeated hour of autumn
 * the first of the two. */
int64_t clock_from_local(int64_t stamped);

#define CLOCK_TEXT_MAX 40

/* RFC 3339 text of a UTC instant at an offset: `2026-11-23T10:00:00+01:00`, `Z`
 * for offset 0. A time outside of the years 1 to 9999 shows as their first or
 * last day. Returns `text`. */
const char *clock_rfc3339(int64_t utc, int32_t offset, char text[CLOCK_TEXT_MAX]);

/* The same as people read it: `2026-11-23 10:00:00 +0100`. */
const char *clock_human(int64_t utc, int32_t offset, char text[CLOCK_TEXT_MAX]);

/* `YYYY-MM-DD HH:MM:SS` at the start of `s` (a `T` may stand for the space);
 * steps over it. 0 and the stamped time, or -1. */
int clock_eat_stamp(struct str *s, int64_t *stamped_out);

/* --- clock_typed.c --- */

/* What a typed time covers: its first and its last second, UTC. */
struct clock_span {
    int64_t first, last;
    bool partial;             /* its day or its year was not typed, but filled in */
};

/* A time as an administrator types it, in the process's zone: `2026-11-23`,
 * `2026-11-23 10:00`, `2026-11-23 10:00:05`, RFC 3339 with a zone (a fraction is
 * passed over); `10:00`, `10:00:05`, `Nov 23`, `Nov 23 10:00`, `Nov 23 10:00:05`: the last one not
 * after `now`; `today`, `yesterday`, `now`; `@1795433482`, seconds since 1970; or an age: `90s`,
 * `15m`, `2h`, `3d`, `1w` before `now`. A day covers all of itself, 23 or 25 hours at a change of
 * the clocks; hours and minutes cover the minute. An hour that spring leaves out counts by the zone
 * after it. 0, or -1 and *out unchanged. */
int clock_parse_span(struct str s, int64_t now, struct clock_span *out);

/* The first second alone. */
int clock_parse(struct str s, int64_t now, int64_t *utc_out);

#endif
