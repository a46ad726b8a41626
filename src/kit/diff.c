/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff - what would change in a file, as diff -u would show it
 *
 * Our changes are a few inserted or replaced runs of lines. So where the texts part, the nearest
 * place where they meet again is taken, counted in lines left out on both sides. That is not always
 * the shortest difference, but always a right one.
 */
#include "kit/diff.h"

#include <stdlib.h>

#include "base/must.h"

#define CONTEXT 3u

struct lines {
    struct str *at;
    size_t n;
};

/* One run of changes: lines [a, a_end) of the old become [b, b_end) of the new. */
struct change {
    size_t a, a_end, b, b_end;
};

struct changes {
    struct change *at;
    size_t n;
};

/* Lines with their line ends, so that a missing one at the end of the file is seen. */
static void lines_split(struct str text, struct lines *out)
{
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    *out = (struct lines){ .at = must_array(n, sizeof *out->at) };
    while (text.n > 0) {
        size_t end = str_find_c(text, '\n');
        size_t take = end == STR_NONE ? text.n : end + 1;
        out->at[out->n++] = str_head(text, take);
        text = str_skip(text, take);
    }
}

/* The nearest i, j at which the texts are equal again. */
static void meet(const struct lines *a, const struct lines *b, size_t *i, size_t *j)
{
    size_t left = a->n - *i + b->n - *j;
    for (size_t far = 1; far < left; far++) {
        for (size_t skip = 0; skip <= far; skip++) {
            size_t x = *i + skip, y = *j + far - skip;
            if (x < a->n && y < b->n && str_eq(a->at[x], b->at[y])) {
                *i = x;
                *j = y;
                return;
            }
        }
        if (far > 4000)   /* too different to be worth it: all of the rest is one change */
            break;
    }
    *i = a->n;
    *j = b->n;
}

static void changes_find(const struct lines *a, const struct lines *b, struct changes *out)
{
    size_t i = 0, j = 0;
    *out = (struct changes){ .at = must_array(a->n + b->n + 1, sizeof *out->at) };
    while (i < a->n || j < b->n) {
        if (i < a->n && j < b->n && str_eq(a->at[i], b->at[j])) {
            i++;
            j++;
            continue;
        }
        struct change *c = &out->at[out->n++];
        *c = (struct change){ .a = i, .b = j };
        meet(a, b, &i, &j);
        c->a_end = i;
        c->b_end = j;
    }
}

static void line_add(struct buf *out, char sign, struct str line)
{
    buf_add_c(out, sign);
    buf_add(out, line);
    if (!str_ends(line, STR("\n")))
        buf_add(out, STR("\n\\ No newline at end of file\n"));
}

static void range_add(struct buf *out, size_t from, size_t n)
{
    /* diff -u names the line before an empty range */
    if (n == 1)
        buf_addf(out, "%zu", from + 1);
    else
        buf_addf(out, "%zu,%zu", n == 0 ? from : from + 1, n);
}

/* The changes [first, last] with the context around and between them. */
static void hunk_add(struct buf *out, const struct lines *a, const struct lines *b,
                     const struct change *first, const struct change *last)
{
    size_t before = first->a < CONTEXT ? first->a : CONTEXT;
    size_t after = a->n - last->a_end < CONTEXT ? a->n - last->a_end : CONTEXT;
    size_t from = first->a - before, to = last->a_end + after;
    buf_add(out, STR("@@ -"));
    range_add(out, from, to - from);
    buf_add(out, STR(" +"));
    range_add(out, first->b - before, last->b_end + after - (first->b - before));
    buf_add(out, STR(" @@\n"));
    for (const struct change *c = first; c <= last; c++) {
        while (from < c->a)
            line_add(out, ' ', a->at[from++]);
        while (from < c->a_end)
            line_add(out, '-', a->at[from++]);
        for (size_t j = c->b; j < c->b_end; j++)
            line_add(out, '+', b->at[j]);
    }
    while (from < to)
        line_add(out, ' ', a->at[from++]);
}

static void hunks_add(struct buf *out, const struct lines *a, const struct lines *b,
                      const struct changes *all)
{
    for (size_t i = 0; i < all->n;) {
        size_t last = i;
        while (last + 1 < all->n && all->at[last + 1].a - all->at[last].a_end <= 2 * CONTEXT)
            last++;
        hunk_add(out, a, b, &all->at[i], &all->at[last]);
        i = last + 1;
    }
}

int diff_unified(const struct diff_file *f, struct buf *out)
{
    struct lines a, b;
    struct changes all;
    if (str_eq(f->before, f->after) && f->existed == f->exists)
        return 0;
    lines_split(f->before, &a);
    lines_split(f->after, &b);
    if (a.n + b.n <= DIFF_LINES_MAX) {
        buf_add(out, STR("--- "));
        buf_add(out, f->existed ? f->path : STR("/dev/null"));
        buf_add(out, STR("\n+++ "));
        buf_add(out, f->exists ? f->path : STR("/dev/null"));
        buf_add_c(out, '\n');
        changes_find(&a, &b, &all);
        hunks_add(out, &a, &b, &all);
        free(all.at);
    } else {
        buf_add(out, STR("a file with too many lines\n"));
        out->bad = true;
    }
    free(a.at);
    free(b.at);
    return buf_bad(out) ? -1 : 0;
}
