/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requests - which web request made the mail
 *
 * This half reads. A log's lines stand in the order in which requests ended and
 * carry the time at which they began, so what can have been running at an
 * arrival stands anywhere from there to as much later as requests take. The
 * reading begins an hour before the run (for what is usual) and goes on until
 * lines have begun REQUESTS_LATE seconds behind it.
 *
 * The latest begin seen so far in a log is a moment at which the request on the
 * next line still ran, or it would stand further up. That is what proves long
 * requests. It is only remembered for some lines, so that one line with a wild
 * stamp proves nothing for long.
 */
#define _GNU_SOURCE
#include "trace/requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/must.h"
#include "logs/logfile.h"
#include "logs/logreader.h"
#include "trace/requests_internal.h"

#define LOGS_MAX 1024            /* files read for one question */
#define PAST_LINES 64            /* so many lines in a row behind the span end the reading */
#define ORDER_LINES 64           /* so many lines a begin is remembered for, at least */
#define PROBE_SIZE ((size_t)64 * 1024)
#define PROBE_MAX 16             /* probes of a place without any stamp */
#define FILE_TIME_SLACK 3600

/* One file, and the sites that may have lines in it. */
struct weblog_file {
    const char *path;
    size_t *sites;               /* indexes into the query's */
    size_t site_count;
    uint64_t begin;              /* byte of the first line that was read */
    uint64_t device, inode;
};

struct span {
    int64_t begin, end;          /* stamps of interest */
    int64_t first, last;         /* arrivals */
};

struct search {
    const struct requests_query *q;
    struct span span;
    struct weblog_file *files;
    size_t file_count;
    struct weigh *weigh;
};

/* The state of one file while it is read. */
struct reading {
    struct search *search;
    struct weblog_file *file;
    uint32_t index;              /* of the file */
    uint64_t offset, number;     /* of the line; the number from where the reading began */
    int64_t latest[2];           /* begins of the last lines, in two halves */
    unsigned in_half;
    int64_t jump;                /* a begin not believed yet; INT64_MIN if there is none */
    struct weigh_hit hits[2];    /* that wait for the next stamp: behind a jump there are two */
    unsigned waiting;
    unsigned past;
    uint64_t lines, good;        /* lines, and those with a stamp */
};

static void warn_line(const struct requests_query *q, const char *text)
{
    if (q->warn != NULL)
        q->warn(q->warn_ctx, text);
}

/* ---- which files ---- */

static void file_add_site(struct search *s, const char *path, size_t site)
{
    struct weblog_file *f = NULL;
    for (size_t i = 0; i < s->file_count && f == NULL; i++) {
        if (strcmp(s->files[i].path, path) == 0)
            f = &s->files[i];
    }
    if (f == NULL) {
        if (s->file_count == LOGS_MAX)
            return;
        f = &s->files[s->file_count++];
        f->path = path;
        f->sites = must_array(s->q->site_count, sizeof *f->sites);
    }
    f->sites[f->site_count++] = site;
}

static void files_collect(struct search *s)
{
    s->files = must_array(LOGS_MAX, sizeof *s->files);
    for (size_t i = 0; i < s->q->site_count; i++) {
        for (size_t k = 0; k < s->q->sites[i]->log_count; k++)
            file_add_site(s, s->q->sites[i]->logs[k], i);
    }
    if (s->file_count == LOGS_MAX)
        warn_line(s->q, "more access logs than are read at once: some were left out");
}

/* ---- which part of a plain file ---- */

/* The latest stamp among the lines that begin in the probe at `offset`; INT64_MIN if
 * there is none. */
static int64_t probe(const struct logfile *f, uint64_t offset, char *bytes)
{
    int64_t latest = INT64_MIN, when;
    ssize_t n = pread(f->fd, bytes, PROBE_SIZE, (off_t)offset);
    struct str rest = str_make(bytes, n > 0 ? (size_t)n : 0), line;
    if (offset > 0)
        str_cut(&rest, '\n');
    while (str_line(&rest, &line)) {
        if (weblog_when(line, &when) == 0 && when > latest)
            latest = when;
    }
    return latest;
}

/* An offset before which no line is stamped at or after `begin`, but for requests that
 * ran very long: the caller asks for an hour more than it needs. */
static uint64_t file_seek(const struct logfile *f, int64_t begin)
{
    uint64_t lo = 0, hi = f->size;
    char *bytes = must_alloc(PROBE_SIZE);
    while (hi - lo > PROBE_SIZE) {
        uint64_t mid = lo + (hi - lo) / 2, at = mid;
        int64_t latest = INT64_MIN;
        for (unsigned i = 0; i < PROBE_MAX && at < hi && latest == INT64_MIN; i++) {
            latest = probe(f, at, bytes);
            at += PROBE_SIZE;
        }
        if (latest == INT64_MIN && at < hi)
            break; /* a long stretch of something else: read from lo */
        if (latest == INT64_MIN || latest >= begin)
            hi = mid;
        else
            lo = mid;
    }
    free(bytes);
    return lo;
}

/* ---- reading ---- */

/* `host` is one of the site's names. */
static bool names_site(const struct site *site, struct str host)
{
    if (str_eq_nocase(site->name, host))
        return true;
    for (size_t i = 0; i < site->alias_count; i++) {
        struct str alias = site->aliases[i];
        if (str_eat(&alias, STR("*")) ? host.n > alias.n &&
                    str_eq_nocase(str_skip(host, host.n - alias.n), alias)
                                      : str_eq_nocase(alias, host))
            return true;
    }
    return false;
}

/* Which of the file's sites a line belongs to: STR_NONE for another's. */
static size_t line_site(const struct reading *r, const struct weblog_line *line)
{
    for (size_t i = 0; i < r->file->site_count; i++) {
        size_t site = r->file->sites[i];
        const struct site *known = r->search->q->sites[site];
        if (!known->shared_log || str_empty(line->vhost) || str_empty(known->name) ||
            names_site(known, line->vhost))
            return site;
    }
    return STR_NONE;
}

/* The stamp of the next line is known for the hits that wait. */
static void hits_finish(struct reading *r, int64_t next)
{
    for (unsigned i = 0; i < r->waiting; i++)
        weigh_hit(r->search->weigh, &r->hits[i], next);
    r->waiting = 0;
}

/* The same for the first of two. */
static void hit_finish_first(struct reading *r, int64_t next)
{
    if (r->waiting < 2)
        return;
    weigh_hit(r->search->weigh, &r->hits[0], next);
    r->hits[0] = r->hits[1];
    r->waiting = 1;
}

static int64_t order_latest(const struct reading *r)
{
    return r->latest[0] > r->latest[1] ? r->latest[0] : r->latest[1];
}

static void order_remember(struct reading *r, int64_t when)
{
    if (++r->in_half == ORDER_LINES) {
        r->latest[1] = r->latest[0];
        r->latest[0] = INT64_MIN;
        r->in_half = 0;
    }
    if (when > r->latest[0])
        r->latest[0] = when;
}

/* Put a line's begin into the order of the log. One that lies far ahead of all
 * is believed when the next line is near it: a single wild stamp must neither prove
 * that others ran long nor bound them. */
static void order_step(struct reading *r, int64_t when)
{
    if (r->jump != INT64_MIN) {
        if (when >= r->jump - REQUESTS_WINDOW) {
            hit_finish_first(r, r->jump);
            order_remember(r, r->jump);
        }
        r->jump = INT64_MIN;
    }
    int64_t latest = order_latest(r);
    if (latest == INT64_MIN || when > latest + REQUESTS_WINDOW) {
        r->jump = when;
        return;
    }
    hits_finish(r, when);
    order_remember(r, when);
}

/* A line and its stamp. */
struct stamped {
    struct str raw;
    int64_t when;
    bool good;               /* it has a stamp */
};

/* One line, with what seems to be the stamp of the next. False once the span lies behind. */
static bool read_line(struct reading *r, const struct stamped *at, int64_t next)
{
    const struct span *span = &r->search->span;
    struct weblog_line line;
    struct weigh_hit hit;
    r->lines++;
    if (!at->good)
        return true;
    r->good++;
    order_step(r, at->when);
    if (at->when > span->end)
        return ++r->past < PAST_LINES;
    r->past = 0;
    if (at->when < span->begin || weblog_parse(at->raw, &line) != 0)
        return true;
    size_t site = line_site(r, &line);
    if (site == STR_NONE)
        return true;
    struct weigh_line where = { .site = site, .log = r->index, .offset = r->offset,
                                .number = r->number, .proven = order_latest(r), .next = next };
    if (!weigh_note(r->search->weigh, &line, &where, &hit))
        return true;
    if (r->waiting == 2)
        hits_finish(r, at->when);
    r->hits[r->waiting++] = hit;
    return true;
}

static bool stamped_next(struct str *rest, struct stamped *out)
{
    if (!str_line(rest, &out->raw))
        return false;
    out->good = weblog_when(out->raw, &out->when) == 0;
    return true;
}

/* One block, looking a line ahead. False once the span lies behind. */
static bool read_block(struct reading *r, const struct logblock *block)
{
    struct str rest = block->bytes;
    struct stamped now, next = { .good = false };
    bool more = stamped_next(&rest, &now);
    for (; more; now = next, r->number++) {
        more = stamped_next(&rest, &next);
        r->offset = block->offset + (uint64_t)(now.raw.p - block->bytes.p);
        if (!read_line(r, &now, more && next.good ? next.when : INT64_MAX))
            return false;
    }
    return true;
}

/* All blocks up to the end of the span. 0, or -1 when the rest could not be read. */
static int read_blocks(struct reading *r, struct logreader *reader, struct err *err)
{
    struct logblock block;
    int rc;
    while ((rc = logreader_next(reader, &block, err)) > 0) {
        r->number = block.first_line;
        if (r->lines == 0)
            r->file->begin = block.offset;
        if (!read_block(r, &block))
            return 0;
    }
    return rc;
}

/* A packed file can only be read from its front; by its time it may be passed over. */
static bool can_hold(const struct logfile *f, const struct span *span)
{
    return f->packing == LOG_PLAIN || f->changed + FILE_TIME_SLACK >= span->first - REQUESTS_WINDOW;
}

static void read_file(struct search *s, size_t index)
{
    char text[ERR_TEXT_MAX + 64];
    struct err err = { .kind = ERR_NONE };
    struct logfile *f = NULL;
    struct weblog_file *file = &s->files[index];
    int fd = sites_open_log(file->path, &err);
    if (fd < 0 || logfile_open_fd(fd, file->path, &f, &err) != 0) {
        warn_line(s->q, err.text);
        return;
    }
    if (can_hold(f, &s->span)) {
        struct reading r = { .search = s, .file = file, .index = (uint32_t)index,
                             .latest = { INT64_MIN, INT64_MIN }, .jump = INT64_MIN };
        file->device = f->device;
        file->inode = f->inode;
        uint64_t begin = f->packing == LOG_PLAIN ? file_seek(f, s->span.begin) : 0;
        struct logreader *reader = logreader_new(f, begin, UINT64_MAX);
        logreader_count_lines(reader, 1);
        int rc = read_blocks(&r, reader, &err);
        hit_finish_first(&r, r.jump);
        hits_finish(&r, INT64_MAX);
        logreader_free(&reader);
        if (rc < 0)
            warn_line(s->q, err.text);
        if (r.lines > 0 && r.good == 0) {
            snprintf(text, sizeof text, "%s: no line in the common or combined log format",
                     file->path);
            warn_line(s->q, text);
        }
    }
    logfile_close(&f);
}

/* ---- the result ---- */

struct result {
    struct request *v;
    struct weigh_line *where;
    size_t n;
};

/* Copy the lines of the results of one log that begin in a block. */
static void block_texts(const struct logblock *block, uint32_t log, const struct result *result,
                        struct arena *arena)
{
    struct str line;
    for (size_t i = 0; i < result->n; i++) {
        uint64_t offset = result->where[i].offset;
        if (result->where[i].log != log || offset < block->offset ||
            offset - block->offset >= block->bytes.n)
            continue;
        struct str rest = str_skip(block->bytes, (size_t)(offset - block->offset));
        str_line(&rest, &line);
        result->v[i].text = arena_str(arena, str_head(line, REQUESTS_TEXT_MAX));
    }
}

/* Read the lines of the results of one log once more: a plain log at each line, a packed one once,
 * up to the last. */
static void file_texts(const struct logfile *f, uint32_t log, const struct result *result,
                       struct arena *arena)
{
    struct logblock block;
    struct logreader *reader;
    uint64_t last = 0;
    for (size_t i = 0; i < result->n; i++) {
        uint64_t offset = result->where[i].offset;
        if (result->where[i].log != log)
            continue;
        last = offset > last ? offset : last;
        if (f->packing != LOG_PLAIN)
            continue;
        reader = logreader_new(f, offset, offset + 1);
        if (logreader_next(reader, &block, NULL) > 0)
            block_texts(&block, log, result, arena);
        logreader_free(&reader);
    }
    if (f->packing == LOG_PLAIN)
        return;
    reader = logreader_new(f, 0, UINT64_MAX);
    uint64_t done = 0;
    while (done <= last && logreader_next(reader, &block, NULL) > 0) {
        block_texts(&block, log, result, arena);
        done = block.offset + block.bytes.n;
    }
    logreader_free(&reader);
}

/* Give the results that stand in one log its name, their text and their numbers in
 * the whole file (they were counted from where the reading began). */
static void file_results(struct search *s, uint32_t log, const struct result *result,
                         struct arena *arena)
{
    const struct weblog_file *file = &s->files[log];
    const char *name = arena_str(arena, str_c(file->path)).p;
    struct logfile *f = NULL;
    uint64_t before = 0;
    int fd = sites_open_log(file->path, NULL);
    if (fd >= 0 && logfile_open_fd(fd, file->path, &f, NULL) == 0 &&
        (f->device != file->device || f->inode != file->inode))
        logfile_close(&f); /* rotated meanwhile */
    if (f != NULL) {
        before = file->begin == 0 ? 1 : logfile_line_number(f, file->begin);
        file_texts(f, log, result, arena);
    }
    for (size_t i = 0; i < result->n; i++) {
        if (result->where[i].log != log)
            continue;
        result->v[i].file = name;
        result->v[i].line = before == 0 ? 0 : before - 1 + result->where[i].number;
    }
    logfile_close(&f);
}

static void results_fill(struct search *s, const struct result *result, struct arena *arena)
{
    for (size_t i = 0; i < result->n; i++) {
        size_t k = 0;
        while (result->where[k].log != result->where[i].log)
            k++;
        if (k == i) /* the first of its log */
            file_results(s, result->where[i].log, result, arena);
    }
}

static void search_fini(struct search *s)
{
    for (size_t i = 0; i < s->file_count; i++)
        free(s->files[i].sites);
    free(s->files);
    weigh_free(&s->weigh);
}

size_t requests_find(const struct requests_query *q, struct arena *arena, struct request *out,
                     size_t max)
{
    if (q->arrival_count == 0 || q->site_count == 0 || max == 0)
        return 0;
    struct search s = { .q = q };
    s.span.first = q->arrivals[0];
    s.span.last = q->arrivals[q->arrival_count - 1];
    s.span.begin = s.span.first - REQUESTS_WINDOW - REQUESTS_BEFORE;
    s.span.end = s.span.last + REQUESTS_LATE;
    s.weigh = weigh_new(q);
    files_collect(&s);
    for (size_t i = 0; i < s.file_count; i++)
        read_file(&s, i);
    if (q->left_out != NULL)
        *q->left_out = weigh_left_out(s.weigh);
    struct result result = { .v = out, .where = must_array(max, sizeof *result.where) };
    result.n = weigh_best(s.weigh, arena, out, result.where, max);
    results_fill(&s, &result, arena);
    free(result.where);
    search_fini(&s);
    return result.n;
}
