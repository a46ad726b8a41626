/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cwdname - directories whose names imitate log lines
 *
 * Places are counted in bytes read, so that nothing has to be done for the lines
 * between two cwd lines, and a block that is gone does no harm. Of the cwd lines of the last
 * CWDNAME_MAX bytes all are remembered: if it were the latest only, an imitation
 * would send a line with another pid ahead.
 *
 * It must never make a line vanish that is Exim's: what follows a cwd line that has
 * its end, by another process, is not touched.
 */
#include "trace/cwdname.h"

#include <string.h>

#include "logs/logreader.h"

static uint64_t place_of(const struct cwdname *n, const char *p)
{
    return n->base + (uint64_t)(p - n->block.p);
}

/* From a place in the block up to `end`. */
static struct str text_from(const struct cwdname *n, uint64_t place, const char *end)
{
    const char *p = n->block.p + (place - n->base);
    return str_make(p, (size_t)(end - p));
}

/* What begins at `begin` and goes on to `end` has room in one line. */
static bool within_reach(uint64_t begin, uint64_t end)
{
    return end - begin <= CWDNAME_MAX;
}

/* --- an open name --- */

static bool text_add(struct cwdname *n, struct str s)
{
    if (s.n > sizeof n->text - n->n)
        return false;
    memcpy(n->text + n->n, s.p, s.n);
    n->n += s.n;
    return true;
}

static void name_open(struct cwdname *n, struct str raw, bool headless)
{
    n->n = 0;
    n->headless = headless;
    n->open = text_add(n, raw);
}

enum name_step { NAME_PART, NAME_END, NAME_NONE };

/* The next line of an open name. If it is the end, *raw is all of it. No line of Exim's is longer
 * than the room here: then it was cut, and this is another. */
static enum name_step name_goes_on(struct cwdname *n, struct str *raw)
{
    n->open = text_add(n, STR("\n")) && text_add(n, *raw);
    if (!n->open)
        return NAME_NONE;
    if (!logline_cwd_whole(*raw))
        return NAME_PART;
    n->open = false;
    *raw = str_make(n->text, n->n);
    return n->headless ? NAME_PART : NAME_END;
}

/* --- cwd lines --- */

static struct cwdname_line *line_at(struct cwdname *n, size_t i)
{
    return &n->lines[i % CWDNAME_LINES];
}

/* The first and the latest line of this pid of which the one up to `end` may be a part. */
static bool lines_of_pid(struct cwdname *n, uint64_t pid, uint64_t end, uint64_t *first_out,
                         uint64_t *latest_out)
{
    bool found = false;
    for (size_t i = n->count; i > 0 && n->count - i < CWDNAME_LINES; i--) {
        const struct cwdname_line *l = line_at(n, i - 1);
        if (!within_reach(l->at, end))
            break;
        if (l->pid != pid)
            continue;
        *latest_out = found ? *latest_out : l->at;
        *first_out = l->at;
        found = true;
    }
    return found;
}

static bool any_dubious(struct cwdname *n, uint64_t end)
{
    for (size_t i = n->count; i > 0 && n->count - i < CWDNAME_LINES; i--) {
        const struct cwdname_line *l = line_at(n, i - 1);
        if (!within_reach(l->at, end))
            break;
        if (l->dubious)
            return true;
    }
    return false;
}

/* It is in a user's directory and hands in nothing, or not in the common way: so no message will
 * claim it. Exim itself does such things from its spool. */
static bool is_idle(const struct logline *line)
{
    struct line_cwd c;
    return logline_cwd(line, &c) == 0 && c.mode != CWD_SUBMIT &&
           !str_starts(c.dir, STR("/var/spool/")) && !str_eq(c.dir, STR("/")) &&
           !str_eq(c.dir, STR("/root"));
}

static void line_add(struct cwdname *n, const struct logline *line, uint64_t at, bool whole)
{
    bool weigh = n->weigh && line->pid == 0;
    n->imitable = weigh && any_dubious(n, at + line->raw.n);
    *line_at(n, n->count++) = (struct cwdname_line){
        .at = at, .pid = line->pid, .dubious = weigh && (!whole || is_idle(line)),
    };
}

/* The very same line again is one of a log in which all stands twice. */
static bool is_copy(const struct cwdname *n, uint64_t latest, struct str raw)
{
    return latest >= n->base && str_starts(text_from(n, latest, raw.p), raw);
}

/* A process has written another one, or so it looks: it is one with the first. If that is out of
 * sight, what it said by itself must do. */
static bool line_again(struct cwdname *n, uint64_t first, struct logline_hint *hint,
                       struct logline *line)
{
    bool headless = first < n->base, whole = logline_cwd_whole(line->text);
    struct str raw = line->raw;
    if (!headless)
        raw = text_from(n, first, raw.p + raw.n);
    if (!whole)
        name_open(n, raw, headless);
    return !headless && whole && logline_parse(raw, hint, line) == 0;
}

bool cwdname_cwd(struct cwdname *n, struct logline_hint *hint, struct logline *line)
{
    struct str raw = line->raw;
    uint64_t at = place_of(n, raw.p), first, latest;
    if (line->pid != 0 && lines_of_pid(n, line->pid, at + raw.n, &first, &latest)) {
        n->imitable = false;
        return is_copy(n, latest, raw) || line_again(n, first, hint, line);
    }
    bool whole = logline_cwd_whole(line->text);
    line_add(n, line, at, whole);
    if (!whole)
        name_open(n, raw, false);
    return !n->open;
}

int cwdname_parse(struct cwdname *n, struct logline_hint *hint, struct str raw,
                  struct logline *line_out)
{
    enum name_step step = NAME_NONE;
    n->read = place_of(n, raw.p) + raw.n + 1;
    if (n->open)
        step = name_goes_on(n, &raw);
    if (step == NAME_PART || logline_parse(raw, hint, line_out) != 0)
        return -1;
    if (step == NAME_END)
        n->imitable = false;
    else if (line_out->class == LINE_CWD && !cwdname_cwd(n, hint, line_out))
        return -1;
    return 0;
}

/* --- blocks and files --- */

void cwdname_block(struct cwdname *n, struct str block)
{
    n->base += n->block.n;
    n->block = block;
}

/* Read the cwd lines of a part of the block, and what belongs to them. */
static void lines_read(struct cwdname *n, struct str lines)
{
    struct logline_hint hint = { .year = 0 };
    struct logline line;
    while (lines.n > 0) {
        size_t hit = n->open ? 0 : str_find(lines, STR("cwd="));
        if (hit == STR_NONE)
            return;
        size_t before = str_rfind_c(str_head(lines, hit), '\n');
        lines = str_skip(lines, before == STR_NONE ? 0 : before + 1);
        cwdname_parse(n, &hint, str_cut(&lines, '\n'), &line);
    }
}

/* Read what may matter to a line that begins at `at` in the block. */
static void lines_before(struct cwdname *n, size_t at)
{
    size_t done = n->read > n->base ? (size_t)(n->read - n->base) : 0, from = 0;
    if (at > CWDNAME_MAX) {
        from = at - CWDNAME_MAX;
        size_t end = str_find_c(str_make(n->block.p + from, at - from), '\n');
        from = end == STR_NONE ? at : from + end + 1;
    }
    if (from > done)
        n->open = false;
    else
        from = done;
    if (from < at)
        lines_read(n, str_make(n->block.p + from, at - from));
}

bool cwdname_within(const struct cwdname *n, struct str raw)
{
    struct cwdname copy = *n;
    lines_before(&copy, (size_t)(raw.p - n->block.p));
    return copy.open && copy.n + 1 + raw.n <= CWDNAME_MAX;
}

void cwdname_tail(struct cwdname *n)
{
    lines_before(n, n->block.n);
}

void cwdname_enter(struct cwdname *n, const struct logfile *f, uint64_t at)
{
    struct err err;
    struct logblock b;
    bool weigh = n->weigh;
    memset(n, 0, sizeof *n);
    n->weigh = weigh;
    if (f->packing != LOG_PLAIN || at == 0)
        return;
    struct logreader *r = logreader_new(f, at > CWDNAME_MAX ? at - CWDNAME_MAX : 0, at);
    while (logreader_next(r, &b, &err) == 1) {
        cwdname_block(n, b.bytes);
        cwdname_tail(n);
    }
    logreader_free(&r);
}
