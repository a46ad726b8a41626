/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logseek - enter a plain log file by time
 *
 * Stamps are local: in autumn an hour of them comes twice. So the search is not
 * for a stamp but for a proof: a line whose UTC is before the wanted time
 * *whatever* the zone was there, so that everything before that line is too old
 * as well. The lower end of the search only ever moves to such a line; how the
 * upper end moves affects speed, never the result. `_min` below is the
 * offset that makes a stamp as late as it can be in UTC.
 */
#include "logs/logfile.h"

#include <stdlib.h>

#include "base/must.h"
#include "logs/logprobe.h"
#include "logs/logsource.h"

/* Below this distance lines are walked one by one. */
#define SEEK_NEAR ((uint64_t)32 * 1024)
/* How much is read to find a line with a date: mostly the first is enough. */
#define SEEK_LOOK_FIRST ((size_t)8 * 1024)
#define SEEK_LOOK_MAX ((size_t)1 << 20)
/* Lines of several processes change places within seconds. */
#define SEEK_DISORDER 60
/* Places that are looked at for lines out of order when a file is opened, and how far each time. */
#define SAMPLES 8
#define SAMPLE_LOOK_MAX ((size_t)64 * 1024)
/* Stamps further out of order than two changes of zone can explain. */
#define SEEK_CONTRADICTION (2 * 3600 + SEEK_DISORDER)
/* Files longer than this can hold two changes of zone that cancel out. */
#define SEEK_SEASON (25 * (int64_t)86400)

struct seek {
    const struct logfile *file;
    int64_t wanted;          /* UTC */
    int32_t offset_min;
    size_t look_max;         /* of bytes to look at for one line */
    int64_t low, high;       /* latest possible UTC of the lines at both ends of the search */
    char *text;
};

struct found {
    uint64_t at;             /* where the line begins */
    int64_t latest;          /* its UTC if the zone was offset_min */
};

static int32_t offset_least(const struct logfile *f)
{
    int32_t least = f->first_offset < f->last_offset ? f->first_offset : f->last_offset;
    if (!f->offset_known)
        return least - 26 * 3600;
    return f->last == INT64_MAX || f->last - f->first > SEEK_SEASON ? least - 3600 : least;
}

/* UTC of a line, as late as it can be. -1 if it has no date. */
static int line_latest(const struct seek *k, struct str raw, int64_t *latest_out)
{
    struct logline line;
    struct logline_hint hint = k->file->hint;
    if (logline_parse(raw, &hint, &line) != 0 || !line.has_date)
        return -1;
    int64_t first = k->file->first + k->file->first_offset;
    if (k->file->hint.year != 0 && line.stamped < first - 31 * (int64_t)86400) {
        /* a syslog date behind New Year's Eve */
        hint = (struct logline_hint){ .year = k->file->hint.year + 1, .month = 1 };
        if (logline_parse(raw, &hint, &line) != 0 || !line.has_date)
            return -1;
    }
    *latest_out = line.stamped - (line.offset != LOGLINE_NO_OFFSET ? line.offset : k->offset_min);
    return 0;
}

/* The first line with a date that begins behind `at` and before `high`. 1 and *found_out, 0 if
 * there is none near, -1 on a read error. */
static int line_behind(const struct seek *k, uint64_t at, uint64_t high, struct found *found_out)
{
    for (size_t look = SEEK_LOOK_FIRST; look <= k->look_max; look *= 8) {
        ssize_t got = logsource_pread(k->file, k->text, look, at);
        if (got < 0)
            return -1;
        struct str rest = str_make(k->text, (size_t)got);
        str_cut(&rest, '\n');
        struct str raw;
        for (const char *p = rest.p; str_line(&rest, &raw); p = rest.p) {
            found_out->at = at + (uint64_t)(p - k->text);
            if (found_out->at >= high)
                return 0;
            if (line_latest(k, raw, &found_out->latest) == 0)
                return 1;
        }
        if ((size_t)got < look)
            return 0;
    }
    return 0;
}

/* Walk from the dated line start `low` up to `high`: the last line that is proved too old. */
static uint64_t walk(const struct seek *k, uint64_t low, uint64_t high)
{
    size_t n = (size_t)(high - low);
    ssize_t got = logsource_pread(k->file, k->text, n, low);
    struct str rest = str_make(k->text, got < 0 ? 0 : (size_t)got);
    uint64_t at = low;
    struct str raw;
    for (const char *p = rest.p; str_line(&rest, &raw); p = rest.p) {
        int64_t latest;
        if (line_latest(k, raw, &latest) != 0)
            continue;
        if (latest >= k->wanted)
            break;
        at = low + (uint64_t)(p - k->text);
    }
    return at;
}

static bool contradicts(const struct seek *k, int64_t latest)
{
    return latest < k->low - SEEK_CONTRADICTION || latest > k->high + SEEK_CONTRADICTION;
}

static uint64_t search(struct seek *k)
{
    uint64_t low = 0;
    uint64_t high = k->file->size;
    while (high - low > SEEK_NEAR) {
        uint64_t middle = low + (high - low) / 2;
        struct found found;
        int there = line_behind(k, middle, high, &found);
        if (there < 0 || (there > 0 && contradicts(k, found.latest)))
            return 0;
        if (there > 0 && found.latest < k->wanted) {
            low = found.at;
            k->low = found.latest;
        } else {
            high = middle;
            k->high = there > 0 ? found.latest : k->high;
        }
    }
    return walk(k, low, high);
}

uint64_t logfile_seek(const struct logfile *f, int64_t utc)
{
    if (f->packing != LOG_PLAIN || !f->dated || f->unordered || utc <= f->first)
        return 0;
    struct seek k = { .file = f,
                      .wanted = utc - SEEK_DISORDER,
                      .offset_min = offset_least(f),
                      .look_max = SEEK_LOOK_MAX };
    int32_t shift = f->first_offset - k.offset_min;
    k.low = f->first + shift;
    k.high = f->last < INT64_MAX - shift - SEEK_CONTRADICTION
                 ? f->last + f->last_offset - k.offset_min
                 : INT64_MAX - SEEK_CONTRADICTION;
    k.text = must_realloc(NULL, SEEK_LOOK_MAX);
    uint64_t at = search(&k);
    free(k.text);
    return at;
}

int64_t logfile_disorder(const struct logfile *f)
{
    if (f->packing != LOG_PLAIN || f->size <= SEEK_NEAR)
        return 0;
    struct seek k = { .file = f, .offset_min = offset_least(f), .look_max = SAMPLE_LOOK_MAX };
    k.text = must_realloc(NULL, SAMPLE_LOOK_MAX);
    int64_t newest = f->first;
    int64_t back = 0;
    for (uint64_t i = 1; i <= SAMPLES; i++) {
        struct found found;
        uint64_t at = f->size / (SAMPLES + 1) * i;
        if (line_behind(&k, at, f->size, &found) <= 0)
            continue;
        back = newest - found.latest > back ? newest - found.latest : back;
        newest = found.latest > newest ? found.latest : newest;
    }
    free(k.text);
    return back > SEEK_CONTRADICTION ? back : 0;
}
