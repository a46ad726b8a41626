/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker_feed - from blocks of a log to its lines, and their times
 *
 * Most lines of a busy log are refusals and the like, which say nothing about any
 * message: they are passed over at a glance, and of each row of them only
 * the last one is parsed if the block ends there, for the time. All other lines
 * have their time noted and go to tracker_dispatch().
 */
#define _GNU_SOURCE
#include <string.h>

#include "base/newline.h"
#include "mail/logline_glance.h"
#include "trace/tracker_internal.h"

static bool in_span(const struct tracker *t, int64_t utc)
{
    return utc >= t->o.since && utc <= t->o.until;
}

static inline int64_t line_utc(const struct tracker *t, const struct logline *line)
{
    if (line->offset == LOGLINE_NO_OFFSET && t->zone.known)
        return line->stamped - t->zone.offset;
    return logzone_utc(&t->zone, line);
}

static void line_take(struct tracker *t, const struct logline *line)
{
    int64_t utc = line_utc(t, line);
    t->stats.lines++;
    if (t->unit_first == INT64_MAX)
        t->unit_first = utc;
    if (t->previous != INT64_MIN && t->previous - utc > t->stats.clock_back)
        t->stats.clock_back = t->previous - utc;
    t->previous = utc;
    if (!in_span(t, utc)) {
        /* A submission just before the span may belong to a message just inside. */
        if (line->class == LINE_CWD && t->o.by <= BY_SCRIPT && utc <= t->o.until)
            tracker_cwd(t, line, utc);
        return;
    }
    if (utc < t->stats.first)
        t->stats.first = utc;
    if (utc > t->stats.last)
        t->stats.last = utc;
    tracker_dispatch(t, line, utc);
}

/* A line that stands in the block as it is. */
static void line_parse(struct tracker *t, struct str raw)
{
    struct logline line;
    if (cwdname_parse(&t->name, &t->hint, raw, &line) == 0)
        line_take(t, &line);
}

/* Another one: it was put together, or looked at before. */
static void line_parse_apart(struct tracker *t, struct str raw)
{
    struct logline line;
    if (logline_parse(raw, &t->hint, &line) == 0)
        line_take(t, &line);
}

bool tracker_passed(const struct tracker *t)
{
    /* Two hours: a change of zone must not end it early. */
    return t->o.until < INT64_MAX - 7200 && t->previous > t->o.until + 7200;
}

/* A line of a file of Exim's own begins with a date and a space at column 11. */
static bool may_be_syslog_part(struct str raw)
{
    return (raw.n > 10 && raw.p[10] != ' ') && syslogjoin_is_part(raw);
}

/* A line that a glance does not settle. */
static void line_feed(struct tracker *t, struct str raw)
{
    struct str joined;
    if (!may_be_syslog_part(raw))
        line_parse(t, raw);
    else if (syslogjoin_feed(t->parts, raw, &joined))
        line_parse_apart(t, joined);
}

/* What goes from line to line of a block. */
struct feed {
    bool glances;                   /* by this key most lines need no more than a glance */
    bool cwds;                      /* by this key cwd lines are wanted */
    uint64_t passed;                /* lines passed over */
    struct str noise;               /* the last line, if it was passed over */
    struct logline line;            /* scratch: to clear it for each line would take a while */
};

/* The line says nothing that is asked for, whatever else stands in it. */
static inline bool passes_over(struct tracker *t, const struct feed *f, enum glance glance,
                               struct str text)
{
    if (glance == GLANCE_NOISE)
        return true;
    if (glance == GLANCE_ID)
        return tracker_nobodys(t, text);
    return glance == GLANCE_CWD &&
           (f->cwds ? tracker_cwd_again(t, text) : tracker_cwd_whole(t, text));
}

static inline void line_glance(struct tracker *t, struct feed *f, struct str raw)
{
    struct str text;
    if (!f->glances || t->name.open) {
        f->noise.n = 0;
        line_feed(t, raw);
        return;
    }
    enum glance glance = logline_glance(raw, &text);
    if (passes_over(t, f, glance, text)) {
        f->noise = raw;
        f->passed++;
        return;
    }
    f->noise.n = 0;
    if (glance == GLANCE_UNKNOWN || !logline_glance_line(raw, glance, text, &t->hint, &f->line))
        line_feed(t, raw);
    else if (glance == GLANCE_ID || cwdname_cwd(&t->name, &t->hint, &f->line))
        line_take(t, &f->line);
}

/* The first lines of a unit are read one by one, until one has told the time. */
static struct str lines_first(struct tracker *t, struct str block)
{
    while (t->unit_first == INT64_MAX && block.n > 0)
        line_feed(t, str_cut(&block, '\n'));
    return block;
}

void tracker_feed(struct tracker *t, struct str block)
{
    struct newlines ends;
    struct feed f = { .glances = !t->o.thorough && t->o.by != BY_REJECTED,
                      .cwds = t->o.by <= BY_SCRIPT };
    cwdname_block(&t->name, block);
    block = lines_first(t, block);
    const char *begin = block.p;
    for (size_t at = 0; at < block.n; at += NEWLINE_SPAN) {
        const char *span = block.p + at;
        newline_find(span, block.n - at < NEWLINE_SPAN ? block.n - at : NEWLINE_SPAN, &ends);
        for (size_t i = 0; i < ends.count; i++) {
            const char *end = span + ends.at[i];
            line_glance(t, &f, str_make(begin, (size_t)(end - begin)));
            begin = end + 1;
        }
    }
    if (begin < block.p + block.n)
        line_glance(t, &f, str_make(begin, (size_t)(block.p + block.n - begin)));
    t->stats.lines += f.passed;
    /* Of lines passed over the last one is parsed after all: it knows the time. */
    if (f.noise.n > 0) {
        t->stats.lines--;
        line_parse_apart(t, f.noise);
    }
    tally_settle(t->tally);
    tracker_prune(t);
}

void tracker_finish(struct tracker *t)
{
    struct str joined;
    size_t cursor = 0;
    struct openmsg *m;
    while (syslogjoin_flush(t->parts, &joined))
        line_parse_apart(t, joined);
    tally_settle(t->tally);
    while ((m = opentable_next(t->open, &cursor)) != NULL) {
        if (m->headless)
            opentable_remove(t->open, m);
        else
            tracker_close(t, m);
    }
}
