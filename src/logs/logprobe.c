/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logprobe - look at both ends of a log file when it is opened
 *
 * Names and time stamps of files lie; the lines do not. The front of every file
 * is read, unpacked if need be, and the back of a plain one, each in steps that
 * grow to two megabytes until they have told a date and a zone. What cannot be
 * learned makes the file one to look into always, never one to leave out.
 */
#define _GNU_SOURCE
#include "logs/logprobe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "logs/logsource.h"

#define STEP_FIRST ((size_t)32 * 1024)
#define STEP_GROWTH 4 /* 32, 128, 512 KiB, 2 MiB: past a line of a megabyte */
#define ZONE_LOOK ((size_t)64 * 1024)
#define TAR_BLOCK ((size_t)512)
#define TAR_MAGIC_AT 257
/* Lines of several processes change places within seconds; more is the clock. */
#define DISORDER_ALLOWED 60

/* The text up to its last line end; all of it if it ends where the file does. */
static struct str whole_lines(const char *p, size_t n, bool to_end)
{
    const char *lf = n == 0 ? NULL : memrchr(p, '\n', n);
    if (to_end)
        return str_make(p, n);
    return str_make(p, lf == NULL ? 0 : (size_t)(lf + 1 - p));
}

/* FNV-1a of the first bytes of the text: two files with the same are two copies of one log. Nobody
 * gains anything by a collision: file names on the command line are not a sender's to choose. */
static uint64_t beginning_hash(const char *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n && i < LOGFILE_BEGINNING; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
    return h;
}

/* A tar archive, by the header of its first file (POSIX pax, "ustar Interchange Format"; GNU tar
 * writes the same word there). The NUL at the block's end keeps a log line from passing for one. */
static bool tar_begins(const char *p, size_t n)
{
    return n >= TAR_BLOCK && memcmp(p + TAR_MAGIC_AT, "ustar", 5) == 0 && p[TAR_BLOCK - 1] == '\0';
}

/* Read the front until it tells enough. The number of bytes seen. */
static size_t head_read(struct logfile *f, int64_t not_after, struct stretch *head)
{
    struct logsource *source = logsource_new(f, 0, LOGSOURCE_CHUNK_PROBE);
    char *text = NULL;
    size_t have = 0;
    bool more = true;
    for (size_t step = STEP_FIRST; more && step <= LOGPROBE_MAX; step *= STEP_GROWTH) {
        text = must_realloc(text, step);
        ssize_t got = 1;
        while (have < step && got > 0) {
            got = logsource_read(source, text + have, step - have, &f->doubt);
            have += got > 0 ? (size_t)got : 0;
        }
        more = got > 0;
        stretch_read(whole_lines(text, have, got == 0), STRETCH_HEAD, not_after, head);
        if (head->exim && (head->zone_settled || head->first_own != LOGLINE_NO_OFFSET))
            break;
    }
    f->beginning = beginning_hash(text, have);
    f->archive = tar_begins(text, have);
    free(text);
    logsource_free(&source);
    return have;
}

/* Read the back of a plain file likewise. */
static void tail_read(const struct logfile *f, struct stretch *tail)
{
    char *text = NULL;
    *tail = (struct stretch){ .dated = false };
    for (size_t step = STEP_FIRST; step <= LOGPROBE_MAX; step *= STEP_GROWTH) {
        size_t n = f->size < step ? (size_t)f->size : step;
        text = must_realloc(text, n);
        ssize_t got = logsource_pread(f, text, n, f->size - n);
        if (got < 0)
            break;
        struct str lines = whole_lines(text, (size_t)got, true);
        if (n < f->size)
            str_cut(&lines, '\n'); /* begun before the stretch */
        stretch_read(lines, STRETCH_TAIL, f->changed, tail);
        bool zoned = tail->zone_settled || tail->last_own != LOGLINE_NO_OFFSET;
        if (n == f->size || (tail->exim && zoned))
            break;
    }
    free(text);
}

/* The zone at one end: by the line itself, by arrivals there, by those at the other end, by the
 * process's own zone. */
static int32_t zone_choose(int32_t own, const struct stretch *here, const struct stretch *there,
                           int64_t stamped)
{
    if (own != LOGLINE_NO_OFFSET)
        return own;
    if (here->zone_known)
        return here->zone;
    if (there != NULL && there->zone_known)
        return there->zone;
    return (int32_t)(stamped - clock_from_local(stamped));
}

static void times_take(struct logfile *f, const struct stretch *head, const struct stretch *tail)
{
    bool from_tail = tail != NULL && tail->dated;
    f->offset_known = head->first_own != LOGLINE_NO_OFFSET || head->zone_known ||
                      (from_tail && (tail->zone_known || tail->last_own != LOGLINE_NO_OFFSET));
    f->first_offset = zone_choose(head->first_own, head, tail, head->first);
    f->first = head->first - f->first_offset;
    f->last_offset = f->first_offset;
    f->last = INT64_MAX;
    if (from_tail) {
        f->last_offset = zone_choose(tail->last_own, tail, head, tail->last);
        f->last = tail->last - f->last_offset;
    }
    f->hint = head->hint;
    f->has_pids = head->pids || (from_tail && tail->pids);
}

static void disorder_say(struct logfile *f, const char *which, int64_t back)
{
    f->unordered = true;
    err_set(&f->doubt, ERR_LIMIT,
            "%s: %s %lld:%02lld:%02lld older than one before: the clock was set back or logs were "
            "joined; all of it is searched",
            f->path, which, (long long)(back / 3600), (long long)(back / 60 % 60),
            (long long)(back % 60));
}

/* Clock set back between the first line and the last, as far as can be seen: the wider span, and a
 * warning. */
static void order_check(struct logfile *f)
{
    int64_t back = f->first - f->last;
    if (back > 0) {
        f->first = f->last;
        f->last += back;
    }
    if (back > DISORDER_ALLOWED) {
        disorder_say(f, "its last line is", back);
        return;
    }
    back = logfile_disorder(f);
    if (back > 0)
        disorder_say(f, "a line in the middle is", back);
}

/* Why there is no date. A damage at the very beginning has been noted already. */
static void undated_say(struct logfile *f, size_t seen)
{
    if (f->doubt.kind != ERR_NONE)
        return;
    f->empty = seen == 0;
    if (f->empty)
        err_set(&f->doubt, ERR_MISSING, "%s: is empty", f->path);
    else if (f->archive) /* its headers would hide the first line of each log in it */
        err_set(&f->doubt, ERR_FORMAT,
                "%s: is a tar archive; unpack it and give the folder; left out", f->path);
    else
        err_set(&f->doubt, ERR_FORMAT,
                "%s: is no Exim main log (no line of Exim's found in it); left out", f->path);
}

void logfile_probe(struct logfile *f)
{
    struct stretch head, tail;
    bool plain = f->packing == LOG_PLAIN;
    if (plain)
        tail_read(f, &tail);
    /* The front is not later than the back. */
    size_t seen = head_read(f, plain && tail.dated ? tail.last : f->changed, &head);
    if (plain && !head.dated && tail.dated) { /* other programs' lines fill the front */
        head = tail;
        f->unordered = true;
    }
    head.exim = head.exim || (plain && tail.exim);
    f->dated = head.dated && head.exim && !f->archive;
    if (!f->dated) {
        undated_say(f, seen);
        return;
    }
    f->doubt = (struct err){ .kind = ERR_NONE }; /* damage further on is said by who reads there */
    times_take(f, &head, plain ? &tail : NULL);
    order_check(f);
}

int logfile_zone_at(const struct logfile *f, uint64_t at, int32_t *offset_out)
{
    char *text = must_realloc(NULL, ZONE_LOOK);
    ssize_t got = logsource_pread(f, text, ZONE_LOOK, at);
    struct stretch s = { .zone_known = false };
    if (got > 0)
        stretch_read(whole_lines(text, (size_t)got, false), STRETCH_HEAD, f->last, &s);
    free(text);
    if (!s.zone_known)
        return -1;
    *offset_out = s.zone;
    return 0;
}
