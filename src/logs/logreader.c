/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logreader - read a log file forwards in blocks of whole lines
 *
 * One buffer: the unfinished line at the end of a block moves to its front and
 * the next bytes are read behind it. Only that tail is ever copied. Overlong
 * lines are found without looking at every line: as long as the last line end
 * of each stretch of LOG_LINE_MAX bytes can be found from behind, no line in
 * it is too long.
 */
#define _GNU_SOURCE
#include "logs/logreader.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "logs/logsource.h"

/* Beyond `end` a reader wants the rest of one line, not a megabyte. */
#define READ_BEYOND ((size_t)16 * 1024)

struct logreader {
    struct logsource *source;
    char *bytes;             /* `cap` of them; owned */
    size_t cap, line_max;
    size_t have;             /* bytes in the buffer */
    size_t given;            /* of which handed out by the last call */
    uint64_t offset;         /* of bytes[0] in the inflated file */
    uint64_t end;            /* lines that begin at or after it are not ours */
    int ended;               /* 0, or the source's 1 (end) or -1 (damage) */
    bool skipping;           /* inside a line that nobody wants */
    bool counting;
    uint64_t line;           /* number of the line at bytes[0] + given */
    uint64_t overlong;
    struct err err;
};

struct logreader *logreader_new_sized(const struct logfile *f, uint64_t begin, uint64_t end,
                                      size_t block, size_t line_max)
{
    must(block > line_max);
    struct logreader *r = must_alloc(sizeof *r);
    r->cap = block;
    r->line_max = line_max;
    r->bytes = must_realloc(NULL, r->cap);
    /* The byte before `begin` tells whether a line begins there. */
    r->offset = begin == 0 ? 0 : begin - 1;
    r->skipping = begin > 0;
    r->end = end > begin ? end : r->offset; /* an empty range has no lines */
    r->source = logsource_new(f, r->offset, LOGSOURCE_CHUNK);
    return r;
}

struct logreader *logreader_new(const struct logfile *f, uint64_t begin, uint64_t end)
{
    return logreader_new_sized(f, begin, end, LOG_BLOCK_SIZE, LOG_LINE_MAX);
}

void logreader_free(struct logreader **r)
{
    if (*r == NULL)
        return;
    logsource_free(&(*r)->source);
    free((*r)->bytes);
    free(*r);
    *r = NULL;
}

void logreader_count_lines(struct logreader *r, uint64_t first_line)
{
    r->counting = true;
    r->line = first_line;
}

uint64_t logreader_overlong(const struct logreader *r)
{
    return r->overlong;
}

/* Drop `n` bytes from the front of the buffer. */
static void bytes_drop(struct logreader *r, size_t n)
{
    if (n > 0 && n < r->have)
        memmove(r->bytes, r->bytes + n, r->have - n);
    r->have -= n;
    r->offset += n;
}

/* Read until the buffer is full, the source has no more, or `end` lies in the
 * buffer and one read beyond it was made. */
static void bytes_fill(struct logreader *r)
{
    while (r->ended == 0 && r->have < r->cap) {
        size_t want = r->cap - r->have;
        uint64_t at = r->offset + r->have;
        if (at >= r->end)
            want = want < READ_BEYOND ? want : READ_BEYOND;
        else if (want > r->end - at)
            want = (size_t)(r->end - at);
        ssize_t got = logsource_read(r->source, r->bytes + r->have, want, &r->err);
        if (got <= 0)
            r->ended = got == 0 ? 1 : -1;
        else
            r->have += (size_t)got;
        if (at >= r->end)
            return;
    }
}

/* Pass over bytes up to the next line end. */
static void line_skip(struct logreader *r)
{
    const char *lf = r->have == 0 ? NULL : memchr(r->bytes, '\n', r->have);
    if (lf == NULL) {
        bytes_drop(r, r->have);
        return;
    }
    bytes_drop(r, (size_t)(lf + 1 - r->bytes));
    r->skipping = false;
}

/* Length of the whole lines at the front of the buffer that begin before `end`, up to the first
 * that is too long. *overlong_out tells whether such a one follows. */
static size_t lines_length(const struct logreader *r, bool *overlong_out)
{
    size_t limit = r->have;
    size_t whole = 0;
    *overlong_out = false;
    if (r->end - r->offset <= r->have) {
        /* The last line that is ours holds the byte before `end`. */
        size_t last = (size_t)(r->end - r->offset) - 1;
        const char *lf = memchr(r->bytes + last, '\n', r->have - last);
        limit = lf == NULL ? r->have : (size_t)(lf + 1 - r->bytes);
    }
    while (whole < limit) {
        size_t rest = limit - whole;
        size_t stretch = rest < r->line_max + 1 ? rest : r->line_max + 1;
        const char *lf = memrchr(r->bytes + whole, '\n', stretch);
        if (lf == NULL) {
            *overlong_out = rest > r->line_max;
            break;
        }
        whole = (size_t)(lf + 1 - r->bytes);
    }
    return whole;
}

static void block_give(struct logreader *r, size_t n, struct logblock *block_out)
{
    *block_out = (struct logblock){
        .bytes = str_make(r->bytes, n),
        .offset = r->offset,
        .first_line = r->counting ? r->line : 0,
    };
    if (r->counting)
        r->line += log_count_lines(r->bytes, n);
    r->given = n;
}

/* At the end of the input: a last line without a line end is a line; one that damage has cut is
 * dropped, because half a line may say something else than the whole. */
static int input_ended(struct logreader *r, struct logblock *block_out, struct err *err)
{
    if (r->ended > 0 && r->have > 0) {
        block_give(r, r->have, block_out);
        return 1;
    }
    bytes_drop(r, r->have);
    if (r->ended > 0)
        return 0;
    if (err != NULL)
        *err = r->err;
    return -1;
}

static void overlong_begin(struct logreader *r)
{
    r->overlong++;
    r->line++;
    r->skipping = true;
}

int logreader_next(struct logreader *r, struct logblock *block_out, struct err *err)
{
    bytes_drop(r, r->given);
    r->given = 0;
    while (r->offset < r->end) {
        bytes_fill(r);
        if (r->skipping) {
            line_skip(r);
            if (r->have == 0 && r->ended != 0)
                return input_ended(r, block_out, err);
            continue;
        }
        bool overlong;
        size_t n = lines_length(r, &overlong);
        if (n > 0) {
            block_give(r, n, block_out);
            return 1;
        }
        if (overlong)
            overlong_begin(r);
        else if (r->ended != 0)
            return input_ended(r, block_out, err);
    }
    return 0;
}
