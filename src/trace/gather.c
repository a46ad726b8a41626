/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gather - all log lines of given messages
 *
 * Ids whose receptions began close together are read in one pass. A pass is
 * "near" around their time (every line is parsed and told to the join) and
 * "far" behind it, where a single id is searched for with memmem() and costs
 * no more than reading does. What is found is copied into the arena at once: the
 * block that it stands in is overwritten by the next.
 */
#define _GNU_SOURCE
#include "trace/gather_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/intern.h"
#include "base/must.h"
#include "logs/logreader.h"
#include "mail/syslogjoin.h"

#define CLUSTER_GAP 60             /* seconds between ids that share a pass */
#define PASSES_MAX 8u               /* over the log, for ids that are apart */
#define GIVE_UP (6 * 3600)         /* seconds after its time at which an id is searched elsewhere */
#define PLACE_BEFORE ((uint64_t)512 * 1024)
#define PLACE_AFTER ((uint64_t)64 * 1024)

/* --- which ids --- */

static struct gathered *wanted(struct pass *p, struct str id)
{
    if (id.n == 0)
        return NULL;
    uint32_t n = intern_find(p->ids, id);
    return n == INTERN_NONE ? NULL : &p->out[p->order[p->from + n]];
}

/* --- keeping --- */

static struct trace_line *line_append(struct pass *p, struct gathered *g,
                                      const struct trace_line *at, struct str raw)
{
    if (g->count == GATHER_LINES_MAX) {
        g->cut = true;
        return NULL;
    }
    if (g->count == g->room) {
        size_t room = g->room == 0 ? 16 : g->room * 2;
        struct trace_line *more = arena_alloc(p->arena, room * sizeof *more);
        if (more == NULL) {
            g->cut = true;
            return NULL;
        }
        if (g->count > 0)
            memcpy(more, g->lines, g->count * sizeof *more);
        g->lines = more;
        g->room = room;
    }
    if (!gather_line_keep(p, at, raw, &g->lines[g->count])) {
        g->cut = true;
        return NULL;
    }
    return &g->lines[g->count++];
}

static void related_add(struct gathered *g, struct str id)
{
    struct msgid other;
    if (g->related_count == GATHER_RELATED_MAX || msgid_parse(id, &other) != 0)
        return;
    for (size_t i = 0; i < g->related_count; i++) {
        if (msgid_eq(&g->related[i], &other))
            return;
    }
    g->related[g->related_count++] = other;
}

/* --- one line --- */

static void line_take(struct pass *p, const struct logline *line, const struct trace_line *at)
{
    struct gathered *g = wanted(p, line->id);
    if (line->class == LINE_ARRIVAL) {
        struct line_arrival a;
        logline_arrival(line, &a);
        struct gathered *parent = wanted(p, a.bounce_of);
        if (parent != NULL)
            related_add(parent, line->id);
        if (line->offset == LOGLINE_NO_OFFSET && line->has_date && p->near && !p->zone_given)
            logzone_observe(&p->zone, line->stamped, msgid_when62(line->id));
        /* The same line again, in a copy of the log: the first one counts. */
        if (g != NULL && g->arrival >= 0)
            g = NULL;
        else if (p->near || g != NULL)
            gather_arrival(p, g, line, &a);
    } else if (line->class == LINE_CWD && p->near) {
        gather_submission(p, line, at);
    } else if (line->class == LINE_REJECTED && p->near && line->id.n > 0) {
        gather_refusal(p, line);
    }
    if (g == NULL)
        return;
    struct trace_line *kept = line_append(p, g, at, line->raw);
    p->found += g->found ? 0 : 1;
    g->found = true;
    if (kept != NULL && line->class == LINE_ARRIVAL && g->arrival < 0) {
        g->arrival = kept - g->lines;
        g->far = !p->near;
    }
    if ((line->class == LINE_COMPLETED || line->class == LINE_CANCELLED) && !g->completed) {
        g->completed = true;
        p->active--;
    }
}

static uint64_t lines_in(struct str s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

/* Take a line that ends with the `raw_n` bytes at this place: a directory's name may have line
 * ends. Returns its UTC. */
static int64_t line_parsed(struct pass *p, const struct logline *line, struct trace_line at,
                           size_t raw_n)
{
    at.offset -= line->raw.n - raw_n;
    at.number -= at.number > 0 ? lines_in(line->raw) : 0;
    at.file = p->file;
    at.utc = logzone_utc(&p->zone, line);
    at.zone = line->offset != LOGLINE_NO_OFFSET ? line->offset : p->zone.offset;
    line_take(p, line, &at);
    return at.utc;
}

/* Parse and take a line that was put together from parts, or looked at before. INT64_MIN if it is
 * no log line. */
static int64_t line_apart(struct pass *p, struct str raw, uint64_t offset, uint64_t number)
{
    struct logline line;
    struct trace_line at = { .offset = offset, .number = number };
    if (logline_parse(raw, &p->hint, &line) != 0)
        return INT64_MIN;
    return line_parsed(p, &line, at, raw.n);
}

/* The same for the next line of a block, INT64_MIN too if it is a part of a directory's name. */
static int64_t line_next(struct pass *p, struct str raw, uint64_t offset, uint64_t number)
{
    struct logline line;
    struct str joined;
    struct trace_line at = { .offset = offset, .number = number };
    if (syslogjoin_is_part(raw))
        return syslogjoin_feed(p->parts, raw, &joined) ? line_apart(p, joined, offset, number)
                                                       : INT64_MIN;
    if (cwdname_parse(&p->name, &p->hint, raw, &line) != 0)
        return INT64_MIN;
    return line_parsed(p, &line, at, raw.n);
}

/* --- one block --- */

static bool near_over(const struct pass *p, int64_t utc, uint64_t offset)
{
    return p->near_until_offset > 0 ? offset > p->near_until_offset : utc > p->near_until;
}

/* Line by line, as long as near. Returns how many bytes were used. */
static size_t block_near(struct pass *p, const struct logblock *b)
{
    struct str rest = b->bytes;
    uint64_t number = b->first_line;
    while (rest.n > 0) {
        size_t at = b->bytes.n - rest.n;
        struct str raw = str_cut(&rest, '\n');
        int64_t utc = line_next(p, raw, b->offset + at, number);
        if (number > 0)
            number++;
        if (utc != INT64_MIN && p->near_until_offset == 0)
            gather_joins_due(p, utc);
        if (utc != INT64_MIN && near_over(p, utc, b->offset + at)) {
            p->near = false;
            return b->bytes.n - rest.n;
        }
    }
    return b->bytes.n;
}

/* Only lines that mention the one id in work. */
static void block_far_one(struct pass *p, const struct logblock *b, size_t from,
                          const struct gathered *g)
{
    struct str id = msgid_str(&g->id);
    size_t at = from, hit, counted = 0;
    uint64_t number = b->first_line;
    while (p->active > 0 && (hit = str_find(str_skip(b->bytes, at), id)) != STR_NONE) {
        hit += at;
        size_t begin = str_rfind_c(str_head(b->bytes, hit), '\n');
        begin = begin == STR_NONE ? 0 : begin + 1;
        struct str rest = str_skip(b->bytes, begin);
        struct str raw = str_cut(&rest, '\n');
        if (number > 0)
            number += lines_in(str_make(b->bytes.p + counted, begin - counted));
        counted = begin;
        if (!cwdname_within(&p->name, raw))
            line_apart(p, raw, b->offset + begin, number);
        at = begin + raw.n + 1;
    }
}

static void block_far(struct pass *p, const struct logblock *b, size_t from)
{
    if (p->count == 1) {
        block_far_one(p, b, from, &p->out[p->order[p->from]]);
        cwdname_tail(&p->name);
        return;
    }
    struct str rest = str_skip(b->bytes, from);
    uint64_t number = b->first_line;
    if (number > 0)
        number += lines_in(str_head(b->bytes, from));
    while (rest.n > 0 && p->active > 0) {
        size_t at = b->bytes.n - rest.n;
        struct str raw = str_cut(&rest, '\n');
        line_next(p, raw, b->offset + at, number);
        if (number > 0)
            number++;
    }
}

/* --- files --- */

static bool count_wanted(const struct pass *p, const struct logfile *f, uint64_t begin)
{
    return f->packing != LOG_PLAIN || p->o->count_lines || begin <= p->o->count_limit;
}

static void parts_flush(struct pass *p)
{
    struct str joined;
    while (syslogjoin_flush(p->parts, &joined))
        line_apart(p, joined, 0, 0);
}

/* Nothing of this pass where its time says: leave it to the pass over everything. */
static bool given_up(struct pass *p, const struct logblock *b)
{
    struct logline line;
    struct logline_hint hint = p->hint;
    struct str rest = b->bytes;
    if (p->found > 0 || p->near || p->whole ||
        logline_parse(str_cut(&rest, '\n'), &hint, &line) != 0)
        return false;
    return logzone_utc(&p->zone, &line) > p->near_until + GIVE_UP;
}

static void file_read(struct pass *p, const struct logfile *f, uint64_t begin, int64_t utc)
{
    struct err err;
    struct logblock b;
    struct logreader *r = logreader_new(f, begin, UINT64_MAX);
    int rc = 0;
    p->file = f;
    p->hint = f->hint;
    cwdname_enter(&p->name, f, begin);
    logzone_begin(&p->zone, f, utc);
    if (p->zone_given)
        p->zone = (struct logzone){ .offset = p->zone_offset, .known = true };
    if (count_wanted(p, f, begin))
        logreader_count_lines(r, begin == 0 ? 1 : logfile_line_number(f, begin));
    while ((p->active > 0 || p->near) && (rc = logreader_next(r, &b, &err)) == 1) {
        cwdname_block(&p->name, b.bytes);
        size_t used = p->near ? block_near(p, &b) : 0;
        if (!p->near && used < b.bytes.n)
            block_far(p, &b, used);
        if (given_up(p, &b))
            p->active = 0;
        if (p->o->progress != NULL)
            p->o->progress(p->o->ctx, b.offset, f->size);
    }
    parts_flush(p);
    if (rc < 0) {
        p->failed = true;
        if (p->o->problem != NULL)
            p->o->problem(p->o->ctx, err.text);
    }
    logreader_free(&r);
}

/* --- passes --- */

static void pass_begin(struct pass *p)
{
    join_free(&p->join);
    intern_free(&p->dirs);
    intern_free(&p->ids);
    p->join = join_new();
    p->dirs = intern_new(p->key, 100000, (size_t)8 << 20);
    p->ids = intern_new(p->key, UINT32_MAX, SIZE_MAX / 8);
    for (size_t i = 0; i < p->count; i++)
        intern_add(p->ids, msgid_str(&p->out[p->order[p->from + i]].id));
    p->near_until_offset = 0;
    p->tags_before = p->next_tag;        /* what was remembered is of another pass */
}

static void results_forget(struct pass *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct gathered *g = &p->out[p->order[p->from + i]];
        *g = (struct gathered){ .id = g->id, .when = g->when, .parts = g->parts, .arrival = -1 };
    }
    p->active = p->count;
    p->found = 0;
    p->due = 0;
}

static void pass_by_time(struct pass *p, int64_t back)
{
    size_t from, to;
    p->near_from = p->out[p->order[p->from]].when - back;
    p->near_until = p->out[p->order[p->from + p->count - 1]].when + GATHER_NEAR;
    pass_begin(p);
    results_forget(p);
    p->near = true;
    logset_span(p->set, p->near_from, INT64_MAX, &from, &to);
    for (size_t i = from; i < to && (p->active > 0 || p->near); i++) {
        const struct logfile *f = logset_file(p->set, i);
        bool enter = f->packing == LOG_PLAIN && p->near_from > f->first;
        if (logset_can_hold(p->set, i, p->near_from, INT64_MAX))
            file_read(p, f, enter ? logfile_seek(f, p->near_from) : 0,
                      enter ? p->near_from : INT64_MIN);
    }
    p->near = false;
    for (size_t i = 0; i < p->count; i++)
        gather_join_finish(p, &p->out[p->order[p->from + i]]);
}

/* A message that was found away from its time: read around its arrival line. */
static void pass_by_place(struct pass *p, struct gathered *g)
{
    const struct trace_line *arrival = &g->lines[g->arrival];
    const struct logfile *f = arrival->file;
    uint64_t at = arrival->offset;
    if (f->packing != LOG_PLAIN)
        return;
    pass_begin(p);
    results_forget(p);
    p->near = true;
    p->near_until_offset = at + PLACE_AFTER;
    file_read(p, f, at > PLACE_BEFORE ? at - PLACE_BEFORE : 0, INT64_MIN);
    p->near = false;
    gather_join_finish(p, g);
}

/* Right after the clock was put forward or back the zone of the lines is not yet known; the id of
 * the message knows it. True if it is another one than the line was read with. */
static bool zone_differs(const struct trace_line *arrival, int64_t id_when, int32_t *offset_out)
{
    const struct logfile *f = arrival->file;
    return arrival->line.offset == LOGLINE_NO_OFFSET && arrival->line.has_date &&
           logzone_guess(arrival->line.stamped, id_when, offset_out) == 0 &&
           *offset_out != arrival->zone &&
           (*offset_out == f->first_offset || *offset_out == f->last_offset ||
            *offset_out == clock_offset_at(id_when));
}

/* A local message without a cwd line, though there may be one: it was found behind its time (the
 * clock of the log was set back), or in the wrong zone. */
static bool look_around(const struct gathered *g)
{
    int32_t offset;
    return g->arrival >= 0 && g->join.how == JOIN_NONE && g->joined.mode != CWD_OTHER &&
           (g->far || zone_differs(&g->lines[g->arrival], g->when, &offset));
}

/* Read around the arrival, and keep what this adds. */
static void around_gather(struct pass *p, size_t at)
{
    struct gathered *g = &p->out[p->order[at]], before = *g;
    size_t from = p->from, count = p->count;
    p->zone_given = zone_differs(&g->lines[g->arrival], g->when, &p->zone_offset);
    p->from = at;
    p->count = 1;
    pass_by_place(p, g);
    p->from = from;
    p->count = count;
    p->zone_given = false;
    if (g->count < before.count) {       /* it has lines in other files, too */
        g->lines = before.lines;
        g->count = before.count;
        g->arrival = before.arrival;
        g->completed = before.completed;
    }
}

/* Every file from its beginning, for ids that are not at their time. */
static void pass_whole(struct pass *p)
{
    pass_begin(p);
    results_forget(p);
    p->near = false;
    p->whole = true;
    for (size_t i = 0; i < logset_count(p->set) && p->active > 0; i++)
        file_read(p, logset_file(p->set, i), 0, INT64_MIN);
    p->whole = false;
}

/* How far back the cwd line may be, or one that casts doubt on what the join says. Seldom are there
 * seconds between it and the message, but a session of local SMTP may go on for hours, and a
 * process may wait half an hour for its first byte. Only a pid makes sure at once. */
static int64_t look_back(const struct gathered *g)
{
    if (g->arrival < 0 || g->joined.mode == CWD_OTHER || g->join.how == JOIN_BY_PID ||
        g->join.how == JOIN_AMBIGUOUS)
        return GATHER_NEAR;
    bool session = g->joined.mode == CWD_SUBMIT_SMTP || g->joined.any_mode;
    return (session ? JOIN_PID_WINDOW : JOIN_LATE_WINDOW) + JOIN_WINDOW;
}

static void cluster_gather(struct pass *p)
{
    int64_t back = GATHER_NEAR;
    pass_by_time(p, back);
    for (size_t i = 0; i < p->count; i++) {
        int64_t wanted_back = look_back(&p->out[p->order[p->from + i]]);
        back = wanted_back > back ? wanted_back : back;
    }
    if (back > GATHER_NEAR)
        pass_by_time(p, back);
    for (size_t i = 0; i < p->count; i++) {
        if (look_around(&p->out[p->order[p->from + i]]))
            around_gather(p, p->from + i);
    }
}

/* Those that were not found, all in one pass; each that turns up is then read around its place. */
static void missing_gather(struct pass *p, size_t count)
{
    size_t missing = 0;
    size_t *all = p->order;
    size_t *order = must_array(count, sizeof *order);
    for (size_t i = 0; i < count; i++) {
        if (!p->out[i].found)
            order[missing++] = i;
    }
    if (missing > 0) {
        p->order = order;
        p->from = 0;
        p->count = missing;
        pass_whole(p);
        for (size_t i = 0; i < missing; i++) {
            if (p->out[order[i]].arrival >= 0)
                around_gather(p, i);
        }
    }
    p->order = all;
    free(order);
}

static int order_compare(const void *a, const void *b, void *ctx)
{
    const struct gathered *out = ctx;
    int64_t ta = out[*(const size_t *)a].when, tb = out[*(const size_t *)b].when;
    return (ta > tb) - (ta < tb);
}

/* How many ids from `i` on are at most `gap` seconds apart. */
static size_t cluster_size(const struct pass *p, size_t i, size_t count, int64_t gap)
{
    size_t n = 1;
    while (i + n < count && p->out[p->order[i + n]].when - p->out[p->order[i + n - 1]].when <= gap)
        n++;
    return n;
}

/* A complaint may hold a thousand ids of a whole year: one pass over all of it is then less work
 * than a pass for each. */
static int64_t cluster_gap(const struct pass *p, size_t count)
{
    int64_t gap = CLUSTER_GAP / 4;
    size_t clusters;
    do {
        gap *= 4;
        clusters = 0;
        for (size_t i = 0; i < count; i += cluster_size(p, i, count, gap))
            clusters++;
    } while (clusters > PASSES_MAX);
    return gap;
}

static void clusters_gather(struct pass *p, size_t count)
{
    int64_t gap = cluster_gap(p, count);
    for (size_t i = 0; i < count;) {
        size_t n = cluster_size(p, i, count, gap);
        p->from = i;
        p->count = n;
        cluster_gather(p);
        i += n;
    }
}

int gather(const struct logset *set, const struct msgid *ids, size_t count,
           const struct gather_options *o, struct gathered *out)
{
    struct pass *p = must_alloc(sizeof *p);
    *p = (struct pass){ .set = set, .o = o, .arena = o->arena, .out = out, .key = hash_key_new() };
    p->recent = must_array(RECENT, sizeof *p->recent);
    p->parts = syslogjoin_new();
    p->name.weigh = true;
    p->order = must_array(count, sizeof *p->order);
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct gathered){ .id = ids[i], .arrival = -1 };
        if (msgid_decode(&ids[i], o->base, o->localhost_number, &out[i].parts) == 0)
            out[i].when = out[i].parts.when;
        p->order[i] = i;
    }
    qsort_r(p->order, count, sizeof *p->order, order_compare, out);
    clusters_gather(p, count);
    missing_gather(p, count);
    bool failed = p->failed;
    for (size_t i = 0; i < RECENT && i <= p->next_tag; i++)
        buf_fini(&p->recent[i].raw);     /* tags go up from 1: no place beyond was used */
    join_free(&p->join);
    intern_free(&p->dirs);
    intern_free(&p->ids);
    syslogjoin_free(&p->parts);
    free(p->recent);
    free(p->order);
    free(p);
    return failed ? -1 : 0;
}
