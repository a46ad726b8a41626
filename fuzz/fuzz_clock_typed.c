/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_clock_typed - any bytes as a time that somebody typed
 *
 * The same reader takes the times that a daemon answers. In several zones, each with its own change
 * of the clocks, and at several times of day. Holds for any bytes: a span does not end before it
 * begins and is no longer than a day; what was filled in has been; space around it does not count;
 * a time is read back as it is printed.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DAY 86400
#define LAST INT64_C(253402300799)    /* of the year 9999 */

static bool same(const struct clock_span *a, const struct clock_span *b)
{
    return a->first == b->first && a->last == b->last && a->partial == b->partial;
}

static void padded_check(struct str s, int64_t now, const struct clock_span *span)
{
    struct clock_span again;
    struct buf b;
    buf_init(&b, s.n + 3);
    buf_add(&b, STR(" \t"));
    buf_add(&b, s);
    buf_add(&b, STR("\n"));
    must(clock_parse_span(buf_str(&b), now, &again) == 0 && same(span, &again));
    buf_fini(&b);
}

static void printed_check(int64_t utc, int64_t now)
{
    char text[CLOCK_TEXT_MAX];
    int64_t again;
    if (utc < DAY || utc > LAST - 4 * DAY)   /* beyond, the last day is printed */
        return;
    must(clock_parse(str_c(clock_rfc3339(utc, clock_offset_at(utc), text)), now, &again) == 0);
    must(again == utc);
    must(clock_parse(str_c(clock_human(utc, clock_offset_at(utc), text)), now, &again) == 0);
    must(again == utc);
}

static void time_check(struct str s, int64_t now)
{
    struct clock_span span = { .first = 1, .last = 2, .partial = true };
    const struct clock_span before = span;
    if (clock_parse_span(s, now, &span) != 0) {
        must(same(&span, &before));
        return;
    }
    must(span.first <= span.last && span.last - span.first < DAY + 3600);
    must(!span.partial || span.first <= now);
    padded_check(s, now, &span);
    printed_check(span.first, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const zones[] = { "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
                                         "LHST-10:30LHDT-11,M10.1.0,M4.1.0", "MST7" };
    static const int64_t nows[] = { 0, 1741479300, 1792893600, 1795433482, LAST };
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        must(setenv("TZ", zones[i], 1) == 0);
        tzset();
        for (size_t j = 0; j < sizeof nows / sizeof nows[0]; j++)
            time_check(str_make((const char *)data, size), nows[j]);
    }
    return 0;
}
