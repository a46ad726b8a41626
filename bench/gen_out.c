/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_out - put the lines in order, write them, keep the truth
 *
 * Messages are made one at a time, with all their lines; a log has the lines of many messages
 * between each other. So each line waits in a heap until the making of messages has passed its
 * time. The heap holds what a real queue would: some thousand lines, whatever the size of the log.
 *
 * Each line goes to two places, byte by byte the same: plain/mainlog, and the file of its tenth of
 * the span under rotated/. What lies beyond the span is dropped, as if it had not happened yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gen.h"

#define BLOCK (1024 * 1024)

struct pending {
    int64_t when;
    uint64_t order;
    struct effect effect;
    unsigned pid;
    unsigned n;
    char *text;
};

static void die(const char *what, const char *name)
{
    fprintf(stderr, "loggen: %s %s: %s\n", what, name, strerror(errno));
    exit(2);
}

static void *need(void *p)
{
    if (p == NULL) {
        fputs("loggen: out of memory\n", stderr);
        exit(2);
    }
    return p;
}

const char *kind_name(enum kind k)
{
    static const char *const names[] = {
        "script", "cron", "login", "webmail", "localhost-smtp", "relay", "forward", "inbound",
        "bounce", "autoreply",
    };

    return names[k];
}

/* ---- files ---- */

static void path_make(const struct out *o, const char *name, char *path, size_t size)
{
    text_set(path, size, "%s/%s", o->dir, name);
}

static void dir_make(const struct out *o, const char *name)
{
    char path[4096];

    path_make(o, name, path, sizeof path);
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        die("cannot make", path);
}

static void sink_write(struct sink *s)
{
    for (size_t done = 0; done < s->n;) {
        ssize_t n = write(s->fd, s->block + done, s->n - done);

        if (n < 0)
            die("cannot write", "the log");
        done += (size_t)n;
    }
    s->n = 0;
}

static void sink_open(struct sink *s, const struct out *o, const char *name)
{
    char path[4096];

    path_make(o, name, path, sizeof path);
    s->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (s->fd < 0)
        die("cannot make", path);
    s->n = 0;
    s->lines = 0;
    s->bytes = 0;
    if (s->block == NULL)
        s->block = need(malloc(BLOCK));
}

static void sink_close(struct sink *s)
{
    sink_write(s);
    if (close(s->fd) != 0)
        die("cannot write", "the log");
}

static void sink_add(struct sink *s, const struct text *line)
{
    if (s->n + line->n > BLOCK)
        sink_write(s);
    memcpy(s->block + s->n, line->b, line->n);
    s->n += line->n;
    s->line_offset = s->bytes;
    s->bytes += line->n;
    s->lines++;
}

static void file_name(unsigned file, char *out, size_t size)
{
    if (file == 0)
        text_set(out, size, "mainlog");
    else
        text_set(out, size, "mainlog.%u", file);
}

static void rotated_open(struct out *o)
{
    char file[16], name[32];

    file_name(o->file, file, sizeof file);
    text_set(name, sizeof name, "rotated/%s", file);
    sink_open(&o->rotated, o, name);
}

/* All of the ten files exist, whatever the lines are. */
static void rotate(struct out *o, int64_t when)
{
    int64_t part = (when - o->start) * FILES / (o->end - o->start);

    while (o->file > FILES - 1 - (unsigned)part) {
        sink_close(&o->rotated);
        o->file--;
        rotated_open(o);
    }
}

void out_open(struct out *o, const char *dir, uint32_t samples)
{
    o->dir = dir;
    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        die("cannot make", dir);
    dir_make(o, "plain");
    dir_make(o, "rotated");
    dir_make(o, "truth");
    sink_open(&o->plain, o, "plain/mainlog");
    o->file = FILES - 1;
    rotated_open(o);
    o->sample_max = samples;
    o->samples = need(calloc(samples, sizeof *o->samples));
}

/* ---- order ---- */

static bool earlier(const struct pending *a, const struct pending *b)
{
    return a->when != b->when ? a->when < b->when : a->order < b->order;
}

void out_push(struct out *o, int64_t when, unsigned pid, const struct text *t, struct effect e)
{
    struct pending p = { .when = when, .order = o->order++, .effect = e, .pid = pid };
    size_t i;

    if (when >= o->end)
        return;
    p.n = (unsigned)t->n;
    p.text = need(malloc(t->n));
    memcpy(p.text, t->b, t->n);
    o->bytes += t->n + 21 + (o->pids ? 10 : 0);
    if (o->heap_n == o->heap_max) {
        o->heap_max = o->heap_max == 0 ? 1024 : o->heap_max * 2;
        o->heap = need(realloc(o->heap, o->heap_max * sizeof *o->heap));
    }
    for (i = o->heap_n++; i > 0 && earlier(&p, &o->heap[(i - 1) / 2]); i = (i - 1) / 2)
        o->heap[i] = o->heap[(i - 1) / 2];
    o->heap[i] = p;
}

static struct pending heap_take(struct out *o)
{
    struct pending first = o->heap[0];
    struct pending last = o->heap[--o->heap_n];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < o->heap_n) {
        if (child + 1 < o->heap_n && earlier(&o->heap[child + 1], &o->heap[child]))
            child++;
        if (!earlier(&o->heap[child], &last))
            break;
        o->heap[i] = o->heap[child];
        i = child;
    }
    o->heap[i] = last;
    return first;
}

/* ---- truth ---- */

static void recipient_count(const struct effect *e, unsigned *delivered, unsigned *failed,
                            unsigned *deferred)
{
    switch (e->kind) {
    case EFFECT_DELIVERED:
        ++*delivered;
        break;
    case EFFECT_FAILED:
        ++*failed;
        break;
    case EFFECT_DEFERRED:
        *deferred += !e->again;
        return;
    default:
        return;
    }
    *deferred -= e->again;
}

static void sample_note(struct out *o, const struct effect *e)
{
    struct sample *s = &o->samples[e->sample];

    s->lines += e->of_message;
    recipient_count(e, &s->delivered, &s->failed, &s->deferred);
    if (e->kind == EFFECT_CWD)
        s->cwd_line = o->plain.lines;
    if (e->kind == EFFECT_ARRIVAL) {
        s->recipients = e->recipients;
        s->arrival_line = o->plain.lines;
        s->arrival_offset = o->plain.line_offset;
        s->file_line = o->rotated.lines;
        s->file_offset = o->rotated.line_offset;
        s->file = o->file;
    }
}

static void tally_note(struct tally *t, const struct effect *e)
{
    recipient_count(e, &t->delivered, &t->failed, &t->deferred);
    if (e->kind == EFFECT_ARRIVAL) {
        t->messages++;
        t->recipients += e->recipients;
    }
}

uint32_t out_tally(struct out *o, enum kind kind, const char *key)
{
    struct tally *t;

    if (o->tally_n == o->tally_max) {
        o->tally_max = o->tally_max == 0 ? 1024 : o->tally_max * 2;
        o->tallies = need(realloc(o->tallies, o->tally_max * sizeof *o->tallies));
    }
    t = &o->tallies[o->tally_n];
    memset(t, 0, sizeof *t);
    t->kind = kind;
    text_set(t->key, sizeof t->key, "%s", key);
    return o->tally_n++;
}

/* ---- writing ---- */

static void stamp_add(struct text *line, int64_t when)
{
    static int64_t known = -1;
    static char stamp[32];

    if (when / SEC != known) {
        time_t t = (time_t)(when / SEC);
        struct tm tm;

        gmtime_r(&t, &tm);
        strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S ", &tm);
        known = when / SEC;
    }
    text_add(line, "%s", stamp);
}

void out_write_until(struct out *o, int64_t when)
{
    static struct text line;

    while (o->heap_n > 0 && o->heap[0].when < when) {
        struct pending p = heap_take(o);

        line.n = 0;
        stamp_add(&line, p.when);
        if (o->pids)
            text_add(&line, "[%u] ", p.pid);
        memcpy(line.b + line.n, p.text, p.n);       /* both are far below TEXT_MAX */
        line.n += p.n;
        text_add(&line, "\n");
        free(p.text);
        rotate(o, p.when);
        sink_add(&o->plain, &line);
        sink_add(&o->rotated, &line);
        if (p.effect.sample != NO_SAMPLE)
            sample_note(o, &p.effect);
        if (p.effect.tally != NO_TALLY)
            tally_note(&o->tallies[p.effect.tally], &p.effect);
    }
}

/* ---- the truth files ---- */

static FILE *truth_open(const struct out *o, const char *name)
{
    char path[4096];
    FILE *f;

    path_make(o, name, path, sizeof path);
    f = fopen(path, "w");
    if (f == NULL)
        die("cannot make", path);
    return f;
}

static void truth_close(FILE *f)
{
    if (ferror(f) || fclose(f) != 0)
        die("cannot write", "the truth");
}

static void messages_write(const struct out *o)
{
    FILE *f = truth_open(o, "truth/messages.tsv");

    fputs("id\tkind\tkey\tuser\tlogin\tclient_ip\tsender\tsize\treceived\trecipients\tdelivered\t"
          "failed\tdeferred\tlines\tcwd_line\tarrival_line\tarrival_offset\tfile\tfile_line\t"
          "file_offset\n", f);
    for (uint32_t i = 0; i < o->sample_n; i++) {
        const struct sample *s = &o->samples[i];
        char name[16];

        if (s->arrival_line == 0)                   /* the log ended before it came in */
            continue;
        file_name(s->file, name, sizeof name);
        fprintf(f, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%u\t%lld\t", s->id, kind_name(s->kind), s->key,
                s->user, s->login, s->ip, s->sender, s->size, (long long)(s->received / SEC));
        fprintf(f, "%u\t%u\t%u\t%u\t%u\t%llu\t", s->recipients, s->delivered, s->failed,
                s->deferred, s->lines, (unsigned long long)s->cwd_line);
        fprintf(f, "%llu\t%llu\t%s\t%llu\t%llu\n", (unsigned long long)s->arrival_line,
                (unsigned long long)s->arrival_offset, name, (unsigned long long)s->file_line,
                (unsigned long long)s->file_offset);
    }
    truth_close(f);
}

static int by_messages(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;

    if (x->messages != y->messages)
        return x->messages > y->messages ? -1 : 1;
    return strcmp(x->key, y->key);
}

/* Sorting moves the tallies, so nothing may be counted after this. */
static void tallies_write(struct out *o, enum kind kind, const char *name)
{
    FILE *f = truth_open(o, name);

    qsort(o->tallies, o->tally_n, sizeof *o->tallies, by_messages);
    fputs("key\tmessages\trecipients\tdelivered\tfailed\tdeferred\tqueued\n", f);
    for (uint32_t i = 0; i < o->tally_n; i++) {
        const struct tally *t = &o->tallies[i];

        if (t->kind != kind || t->messages == 0)
            continue;
        fprintf(f, "%s\t%u\t%u\t%u\t%u\t%u\t%u\n", t->key, t->messages, t->recipients,
                t->delivered, t->failed, t->deferred,
                t->recipients - t->delivered - t->failed - t->deferred);
    }
    truth_close(f);
}

void out_close(struct out *o)
{
    out_write_until(o, o->end);
    while (o->file > 0) {
        sink_close(&o->rotated);
        o->file--;
        rotated_open(o);
    }
    sink_close(&o->rotated);
    sink_close(&o->plain);
    messages_write(o);
    tallies_write(o, KIND_SCRIPT, "truth/top-script.tsv");
    tallies_write(o, KIND_CRON, "truth/top-cron.tsv");
    tallies_write(o, KIND_LOGIN, "truth/top-login.tsv");
}
