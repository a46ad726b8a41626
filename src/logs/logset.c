/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logset - all files of one log, in the order of the times inside them
 *
 * All files are opened at once and kept open: what logrotate renames or removes
 * afterwards stays readable, and the process may give up its right to open
 * files once the set stands.
 */
#define _GNU_SOURCE
#include "logs/logset_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"

/* Up to so many files any process may open; for more it asks. */
#define DESCRIPTORS_FEW 64

void logset_problem_add(struct logset *set, enum err_kind kind, bool lost, const char *text)
{
    if (lost && set->worst == ERR_NONE)
        set->worst = kind;
    if (set->problem_count == set->problem_cap) {
        set->problem_cap = set->problem_cap * 2 + 8;
        set->problems = must_realloc(set->problems, set->problem_cap * sizeof *set->problems);
    }
    char *copy = strdup(text);
    must(copy != NULL);
    set->problems[set->problem_count++] = copy;
}

static void problem_addf(struct logset *set, bool lost, enum err_kind kind, const char *path,
                         const char *what)
{
    struct err err;
    err_set(&err, kind, "%.380s: %s", path, what);
    logset_problem_add(set, kind, lost, err.text);
}

/* The place of a file that is the same one, or begins with the same text; `count` if there is
 * none. */
static size_t find_same(const struct logset *set, const struct logfile *f, bool *copy_out)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct logfile *other = set->files[i];
        *copy_out = other->device != f->device || other->inode != f->inode;
        if (!*copy_out || (other->beginning == f->beginning && other->first == f->first))
            return i;
    }
    return set->count;
}

/* Which of two copies of a log has more in it: the plain one, unless it is shorter than the packed
 * one; of two alike the larger. */
static bool better_copy(const struct logfile *a, const struct logfile *b)
{
    bool a_plain = a->packing == LOG_PLAIN;
    bool b_plain = b->packing == LOG_PLAIN;
    if (a_plain == b_plain || (a_plain ? a->size < b->size : b->size < a->size))
        return a->size > b->size;
    return a_plain;
}

/* A second copy of a log that is in the set at `i`: keep the better one. */
static void keep_better(struct logset *set, size_t i, struct logfile *f)
{
    if (better_copy(f, set->files[i])) {
        struct logfile *old = set->files[i];
        set->files[i] = f;
        f = old;
    }
    struct err err;
    err_set(&err, ERR_LIMIT, "%.200s: begins as %.200s does: the same log twice, left out", f->path,
            set->files[i]->path);
    logset_problem_add(set, err.kind, false, err.text);
    logfile_close(&f);
}

static bool keep(struct logset *set, struct logfile *f)
{
    bool copy;
    size_t i = find_same(set, f, &copy);
    if (i < set->count) {
        if (copy)
            keep_better(set, i, f);
        else
            logfile_close(&f);
        return true;
    }
    if (f->doubt.kind != ERR_NONE)
        logset_problem_add(set, f->doubt.kind, false, f->doubt.text);
    if (set->count == set->cap) {
        set->cap = set->cap * 2 + 16;
        set->files = must_realloc(set->files, set->cap * sizeof(struct logfile *));
    }
    set->files[set->count++] = f;
    return true;
}

static bool take(struct logset *set, struct logfile *f, enum logset_claim claim)
{
    if (f->dated)
        return keep(set, f);
    bool said = claim == CLAIM_NAMED || (claim == CLAIM_ROTATED && !f->empty);
    if (said)
        logset_problem_add(set, f->doubt.kind, !f->empty, f->doubt.text);
    logfile_close(&f);
    return false;
}

/* Many rotated files need many descriptors: ask for what the system allows us. */
static void descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool room(struct logset *set, const char *path)
{
    if (set->count < LOGSET_FILES_MAX)
        return true;
    if (!set->full)
        problem_addf(set, true, ERR_LIMIT, path,
                     "this and what follows is left out: too many files");
    set->full = true;
    return false;
}

bool logset_add_path(struct logset *set, const char *path, enum logset_claim claim)
{
    if (!room(set, path))
        return false;
    struct logfile *f;
    struct err err;
    if (set->count == DESCRIPTORS_FEW)
        descriptors_raise();
    if (logfile_open(path, &f, &err) == 0)
        return take(set, f, claim);
    if (claim != CLAIM_NONE)
        logset_problem_add(set, err.kind, true, err.text);
    return false;
}

bool logset_add_stdin(struct logset *set)
{
    struct logfile *f;
    struct err err;
    int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        err_errno(&err, errno, "standard input");
    else if (logfile_open_fd(fd, "standard input", &f, &err) == 0)
        return take(set, f, CLAIM_NAMED);
    logset_problem_add(set, err.kind, true, err.text);
    return false;
}

static void add_glob(struct logset *set, const char *pattern)
{
    glob_t hits;
    int rc = glob(pattern, GLOB_ERR, NULL, &hits);
    if (rc == GLOB_NOMATCH)
        problem_addf(set, true, ERR_MISSING, pattern, "no file matches");
    else if (rc != 0)
        problem_addf(set, true, ERR_IO, pattern, "the folder cannot be read");
    for (size_t i = 0; rc == 0 && i < hits.gl_pathc; i++) {
        struct stat st;
        /* A pipe that nobody writes would be waited for without an end. */
        if (stat(hits.gl_pathv[i], &st) == 0 && (S_ISDIR(st.st_mode) || S_ISFIFO(st.st_mode)))
            continue;
        logset_add_path(set, hits.gl_pathv[i], CLAIM_NAMED);
    }
    globfree(&hits);
}

static void add_given(struct logset *set, const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0)
        logset_add_stdin(set);
    else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        logset_add_folder(set, path);
    else if (strpbrk(path, "*?[") != NULL && lstat(path, &st) != 0)
        add_glob(set, path);
    else
        logset_add_path(set, path, CLAIM_NAMED);
}

static int by_first(const void *a, const void *b)
{
    const struct logfile *x = *(struct logfile *const *)a;
    const struct logfile *y = *(struct logfile *const *)b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return strcmp(x->path, y->path);
}

static bool same_stem(const struct logfile *a, const struct logfile *b)
{
    struct str x = str_c(a->path);
    struct str y = str_c(b->path);
    return str_eq(str_head(x, logset_stem(x)), str_head(y, logset_stem(y)));
}

/* The last line of a packed file is known only to who reads it all; but Exim
 * writes to one file at a time, so it is not later than the first of the next of that name. */
static void lasts_find(struct logset *set)
{
    set->lasts = must_array(set->count, sizeof *set->lasts);
    for (size_t i = 0; i < set->count; i++) {
        const struct logfile *f = set->files[i];
        set->lasts[i] = f->last;
        for (size_t k = i + 1; f->last == INT64_MAX && k < set->count; k++) {
            const struct logfile *next = set->files[k];
            if (next->unordered || next->first == f->first || !same_stem(f, next))
                continue;
            set->lasts[i] = next->first;
            break;
        }
    }
}

/* Nothing to read: say why in one line. */
static int nothing(const struct logset *set, const struct logset_options *o, struct buf *looked,
                   struct err *err)
{
    if (set->problem_count == 1)
        return err_set(err, set->worst != ERR_NONE ? set->worst : ERR_MISSING, "%s",
                       set->problems[0]);
    if (set->problem_count > 1)
        return err_set(err, set->worst != ERR_NONE ? set->worst : ERR_MISSING,
                       "%s (and %zu more that are no log)", set->problems[0],
                       set->problem_count - 1);
    if (o->count > 0)
        return err_set(err, ERR_MISSING, "no Exim main log given");
    const char *root = o->root == NULL ? "" : o->root;
    return err_set(err, ERR_MISSING, "no Exim log found, name it with --log; looked%s%.100s at %s",
                   root[0] == '\0' ? "" : " below ", root, buf_c(looked));
}

int logset_open(const struct logset_options *o, struct logset **set_out, struct err *err)
{
    struct logset *set = must_alloc(sizeof *set);
    struct buf looked;
    buf_init(&looked, ERR_TEXT_MAX);
    *set_out = NULL;
    for (size_t i = 0; i < o->count; i++)
        add_given(set, o->paths[i]);
    if (o->count == 0)
        logset_find(set, o, &looked);
    int rc = 0;
    if (set->count > 0) {
        qsort(set->files, set->count, sizeof(struct logfile *), by_first);
        lasts_find(set);
        *set_out = set;
    } else {
        rc = nothing(set, o, &looked, err);
        logset_close(&set);
    }
    buf_fini(&looked);
    return rc;
}

void logset_close(struct logset **set)
{
    struct logset *s = *set;
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        logfile_close(&s->files[i]);
    for (size_t i = 0; i < s->problem_count; i++)
        free(s->problems[i]);
    free(s->files);
    free(s->lasts);
    free(s->problems);
    free(s);
    *set = NULL;
}

size_t logset_count(const struct logset *set)
{
    return set->count;
}

const struct logfile *logset_file(const struct logset *set, size_t i)
{
    must(i < set->count);
    return set->files[i];
}

int64_t logset_first(const struct logset *set)
{
    return set->count == 0 ? INT64_MAX : set->files[0]->first;
}

int64_t logset_last(const struct logset *set)
{
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < set->count; i++)
        last = set->lasts[i] > last ? set->lasts[i] : last;
    return last;
}

bool logset_can_hold(const struct logset *set, size_t i, int64_t begin, int64_t end)
{
    must(i < set->count);
    const struct logfile *f = set->files[i];
    if (!logfile_can_hold(f, begin, end))
        return false;
    int64_t slack = logfile_slack(f);
    return f->unordered || begin <= INT64_MIN + slack || set->lasts[i] >= begin - slack;
}

void logset_span(const struct logset *set, int64_t begin, int64_t end, size_t *from_out,
                 size_t *to_out)
{
    size_t from = 0;
    size_t to = set->count;
    while (from < to && !logset_can_hold(set, from, begin, end))
        from++;
    while (to > from && !logset_can_hold(set, to - 1, begin, end))
        to--;
    *from_out = from;
    *to_out = to;
}

size_t logset_problems(const struct logset *set)
{
    return set->problem_count;
}

const char *logset_problem(const struct logset *set, size_t i)
{
    must(i < set->problem_count);
    return set->problems[i];
}

bool logset_incomplete(const struct logset *set)
{
    return set->worst != ERR_NONE;
}
