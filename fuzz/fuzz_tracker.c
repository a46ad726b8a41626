/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_tracker - any bytes as a log that is counted in units
 *
 * The first byte chooses the key, the second after how many lines a unit ends. Holds for any bytes,
 * with short cuts and without: no more messages are counted than there are lines, no row has more
 * outcomes than recipients, and what is counted by row is what is counted in all.
 */
#define _GNU_SOURCE
#include "base/must.h"
#include "trace/tracker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash_key key = { 1, 2 };

static struct tracker *unit_new(enum top_by by, bool continues, bool thorough)
{
    static const struct logfile file = { .size = 1 };
    struct tracker_options o = { .by = by, .since = INT64_MIN, .until = INT64_MAX, .key = key,
                                 .localhost_number = -1, .continues = continues,
                                 .thorough = thorough };
    struct tracker *t = tracker_new(&o);
    tracker_file(t, &file, 0, INT64_MIN);
    return t;
}

/* The front of `rest` up to and with its `lines`th line end. */
static struct str unit_cut(struct str *rest, unsigned lines)
{
    size_t n = 0;
    for (unsigned i = 0; i < lines && n < rest->n; i++) {
        size_t at = str_find_c(str_skip(*rest, n), '\n');
        n = at == STR_NONE ? rest->n : n + at + 1;
    }
    struct str unit = str_head(*rest, n);
    *rest = str_skip(*rest, n);
    return unit;
}

static void counts_check(struct tracker *t, enum top_by by, size_t bytes)
{
    struct tally *tally = tracker_tally(t);
    uint64_t messages = 0;
    for (uint32_t row = 0; row < tally_count(tally); row++) {
        const struct tally_row *r = tally_at(tally, row);
        messages += r->messages;
        must(r->messages <= bytes && r->subjects <= r->messages);
        must(r->messages == 0 || r->first <= r->last);
        uint64_t outcomes = 0;
        for (size_t i = 0; i < 4; i++)
            outcomes += r->outcomes[i];
        must(by == BY_USER || outcomes <= r->recipients);
    }
    must(by == BY_REJECTED || messages == tracker_stats(t).messages);
    must(tracker_stats(t).lines <= bytes);
}

static void log_count(struct str log, enum top_by by, unsigned lines, bool thorough)
{
    struct tracker *t = NULL;
    size_t bytes = log.n;
    do {
        struct tracker *unit = unit_new(by, t != NULL, thorough);
        tracker_feed(unit, unit_cut(&log, lines));
        if (t == NULL)
            t = unit;
        else
            tracker_absorb(t, &unit);
    } while (log.n > 0);
    tracker_finish(t);
    counts_check(t, by, bytes);
    tracker_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct str log = str_make((const char *)data + 2, size - 2);
    for (unsigned way = 0; way < 2; way++)
        log_count(log, (enum top_by)(data[0] % (BY_REJECTED + 1)), 1 + data[1], way == 1);
    return 0;
}
