/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phpmail - find the line that PHP's mail.log has for one message
 *
 * PHP appends a line and then starts sendmail, so the line is stamped in the
 * second of the arrival or some before it, never after. Its zone is PHP's own,
 * by name, and each script may set another: every line is taken by its own zone.
 *
 * Customers can write to most of these logs. So a log must be a regular file
 * that no link of theirs leads to, nothing waits, what is read is bounded, and a
 * log that makes no sense costs a warning and nothing more.
 */
#define _GNU_SOURCE
#include "trace/phpmail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "logs/logreader.h"
#include "mail/header.h"
#include "trace/phplog.h"
#include "trace/phpmail_internal.h"

#define ZONES_MAX 64                 /* time zones looked up for one message */
#define ZONE_NAME_MAX 64
#define ZONE_FILES "/usr/share/zoneinfo/"
#define PROBE_SIZE ((size_t)64 * 1024)
#define SEEK_SLACK 3660              /* seconds: a change of zone, and some disorder */
#define PAST_LINES 32                /* so many lines in a row behind the arrival end the reading */
#define NUMBER_MAX ((uint64_t)1 << 30) /* bytes counted through for a line's number */

struct zone {
    char name[ZONE_NAME_MAX];
    bool known;
    int32_t offset;                  /* seconds east, at the arrival */
};

struct ranked {
    struct phpmail_hit hit;
    int weight;
    uint64_t offset;                 /* of its line */
    bool fresh;                      /* in the file that is read now: its number is still wanted */
};

struct finder {
    const struct phpmail_query *q;
    struct sites *s;
    struct arena *arena;             /* the caller's */
    struct ranked *best;
    size_t count, max;
    struct zone zones[ZONES_MAX];
    size_t zone_count;
    void (*warn)(void *ctx, const char *text);
    void *ctx;
};

/* One file of a log. */
struct piece {
    struct str path;                 /* as the server sees it */
    int fd;
    bool customers;
    bool home;                       /* in a customer's home */
    struct stat st;
};

/* The reading of one file. */
struct reading {
    struct finder *f;
    const struct logfile *file;
    const char *shown;               /* its path, in the caller's arena */
    bool customers, home;
    bool began;                      /* it has lines up to the arrival */
    unsigned past;                   /* lines in a row that are behind the arrival */
    uint64_t dated, unknown_zone;    /* lines seen, and those whose zone nobody knows */
};

static void warn_err(struct finder *f, const struct err *err)
{
    if (f->warn != NULL)
        f->warn(f->ctx, err->text);
}

/* Of a log: that of a customer's home is the customer's doing. */
static void log_err(struct finder *f, bool home, const struct err *err)
{
    if (!home)
        warn_err(f, err);
    else if (f->q->note != NULL)
        f->q->note(f->q->note_ctx, err->text);
}

/* --- zones --- */

/* A name that a file in the zone folder may have. */
static bool zone_name_ok(struct str name)
{
    if (name.n == 0 || name.n >= ZONE_NAME_MAX || !ascii_alpha(name.p[0]))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!ascii_alnum(c) && c != '/' && c != '_' && c != '-' && c != '+')
            return false;
    }
    return true;
}

/* What the zone's clocks show at `utc`. TZ is the C library's only way in. */
static int32_t zone_offset(const char *name, int64_t utc)
{
    char setting[ZONE_NAME_MAX + 1];
    const char *now = getenv("TZ");
    char *saved = now == NULL ? NULL : strdup(now);
    time_t t = (time_t)utc;
    struct tm tm;
    memset(&tm, 0, sizeof tm);
    snprintf(setting, sizeof setting, ":%s", name);
    setenv("TZ", setting, 1);
    tzset();
    localtime_r(&t, &tm);
    if (saved == NULL)
        unsetenv("TZ");
    else
        setenv("TZ", saved, 1);
    tzset();
    free(saved);
    return (int32_t)tm.tm_gmtoff;
}

/* Look a zone up once. NULL past the ceiling: a log with hundreds of zones is nobody's log. */
static const struct zone *zone_find(struct finder *f, struct str name)
{
    char path[sizeof ZONE_FILES + ZONE_NAME_MAX];
    for (size_t i = 0; i < f->zone_count; i++) {
        if (str_eq(str_c(f->zones[i].name), name))
            return &f->zones[i];
    }
    if (f->zone_count == ZONES_MAX || !zone_name_ok(name))
        return NULL;
    struct zone *z = &f->zones[f->zone_count++];
    str_copy(name, z->name, sizeof z->name);
    snprintf(path, sizeof path, "%s%s", ZONE_FILES, z->name);
    z->known = access(path, R_OK) == 0;
    if (z->known)
        z->offset = zone_offset(z->name, f->q->arrival);
    return z;
}

/* UTC of a dated line; false where its zone is not known. */
static bool line_utc(struct finder *f, const struct phplog_line *line, int64_t *utc_out)
{
    *utc_out = line->when;
    if (line->zone_known)
        return true;
    const struct zone *z = zone_find(f, line->zone);
    if (z == NULL || !z->known)
        return false;
    *utc_out -= z->offset;
    return true;
}

/* --- does a line agree with the message --- */

static bool is_address_end(char c)
{
    return ascii_space(c) || c == ',' || c == ';' || c == ':' || c == '<' || c == '>' ||
           c == '(' || c == ')' || c == '"' || c == '\'';
}

/* The next word of `*s` that may be an address; empty at the end. */
static struct str address_next(struct str *s)
{
    size_t i = 0, end;
    while (i < s->n && is_address_end(s->p[i]))
        i++;
    for (end = i; end < s->n && !is_address_end(s->p[end]);)
        end++;
    struct str word = str_make(s->p + i, end - i);
    *s = str_skip(*s, end);
    return word;
}

/* `word` is the recipient, or its local part where PHP was given no domain. */
static bool is_recipient(struct str word, struct str recipient)
{
    size_t at = str_rfind_c(recipient, '@');
    if (str_eq_nocase(word, recipient))
        return true;
    return str_find_c(word, '@') == STR_NONE && at != STR_NONE &&
           str_eq_nocase(word, str_head(recipient, at));
}

/* One of the words in `list` is a recipient of the message. */
static bool names_recipient(const struct phpmail_query *q, struct str list, bool bare_words)
{
    struct str word;
    while (word = address_next(&list), !str_empty(word)) {
        if (!bare_words && str_find_c(word, '@') == STR_NONE)
            continue;
        for (size_t i = 0; i < q->recipient_count; i++) {
            if (is_recipient(word, q->recipients[i]))
                return true;
        }
    }
    return false;
}

/* To, and where that names nobody (`undisclosed-recipients:;`) Cc and Bcc among the headers. */
static bool to_agrees(const struct phpmail_query *q, const struct phplog_line *line)
{
    if (str_find_c(line->to, '@') != STR_NONE)
        return names_recipient(q, line->to, false);
    if (names_recipient(q, line->to, true))
        return true;
    size_t bcc = str_find_nocase(line->headers, STR("cc:"));
    return bcc != STR_NONE && names_recipient(q, str_skip(line->headers, bcc), false);
}

/* Exim logs the decoded subject, cut at 100 bytes of its source; PHP logs what it was given. */
static bool subject_agrees(struct str known, struct str logged)
{
    struct buf decoded;
    known = str_trim(known);
    logged = str_trim(logged);
    if (known.n == 0 || logged.n == 0)
        return false;
    if (str_eq(known, logged))
        return true;
    buf_init(&decoded, HEADER_FIELD_MAX);
    header_decode(logged, &decoded);
    struct str text = str_trim(buf_str(&decoded));
    bool agrees = str_eq(known, text) || (known.n >= 40 && str_starts(text, known));
    buf_fini(&decoded);
    return agrees;
}

static bool dir_agrees(struct str dir, struct str script)
{
    return dir.n > 1 && script.n > dir.n && str_starts(script, dir) && script.p[dir.n] == '/';
}

/* --- the best so far --- */

/* Of two hits with the same agreement the nearer in time, then the earlier read. */
static bool better(const struct ranked *a, const struct ranked *b)
{
    return a->weight != b->weight ? a->weight > b->weight : a->hit.when > b->hit.when;
}

static void keep(struct finder *f, const struct ranked *new)
{
    size_t at = f->count;
    while (at > 0 && better(new, &f->best[at - 1]))
        at--;
    if (at == f->max)
        return;
    size_t last = f->count < f->max ? f->count : f->max - 1;
    memmove(&f->best[at + 1], &f->best[at], (last - at) * sizeof *f->best);
    f->best[at] = *new;
    f->count = last + 1;
}

static int weight_of(const struct phpmail_query *q, const struct phpmail_hit *hit)
{
    size_t slash = str_rfind_c(hit->script, '/');
    bool same = slash != STR_NONE && str_eq(str_head(hit->script, slash), q->dir);
    struct str account = sites_account(q->dir);
    int weight = hit->dir_agrees ? (same ? 40 : 30) : 0;
    if (!hit->dir_agrees && account.n > 0 && str_eq(account, sites_account(hit->script)))
        weight = 10;                                /* a library elsewhere in the account */
    return weight + (hit->subject_agrees ? 8 : 0) + (hit->to_agrees ? 4 : 0);
}

/* --- one line --- */

struct place {
    struct str raw;
    uint64_t offset, number;         /* of the line; number 0: not counted yet */
    int64_t utc;
};

/* A line within the time. */
static void line_weigh(struct reading *r, const struct phplog_line *line, const struct place *at)
{
    struct finder *f = r->f;
    struct ranked new = { .fresh = true, .offset = at->offset };
    struct phpmail_hit *hit = &new.hit;
    hit->to_agrees = to_agrees(f->q, line);
    if (f->q->recipient_count > 0 && !hit->to_agrees)
        return;
    hit->when = at->utc;
    hit->line = at->number;
    hit->script_line = line->line;
    hit->script = line->script;
    hit->evald = line->evald;
    hit->file = r->shown;
    hit->customers = r->customers;
    hit->dir_agrees = dir_agrees(f->q->dir, line->script);
    hit->subject_agrees = subject_agrees(f->q->subject, line->subject);
    new.weight = weight_of(f->q, hit);
    if (f->count == f->max && !better(&new, &f->best[f->max - 1]))
        return;
    hit->script = arena_str(f->arena, line->script);
    hit->text = arena_str(f->arena, str_head(at->raw, PHPMAIL_TEXT_MAX));
    if (hit->script.n > 0 && hit->text.n > 0)
        keep(f, &new);
}

static void line_take(struct reading *r, struct place *at)
{
    struct phplog_line line;
    int64_t arrival = r->f->q->arrival;
    if (phplog_parse(at->raw, &line) != 0 || !line.dated)
        return;
    r->dated++;
    if (!line_utc(r->f, &line, &at->utc)) {
        r->unknown_zone++;
        return;
    }
    r->past = at->utc > arrival ? r->past + 1 : 0;
    r->began = r->began || at->utc <= arrival;
    if (at->utc <= arrival && at->utc >= arrival - PHPMAIL_WINDOW)
        line_weigh(r, &line, at);
}

/* --- one file --- */

/* UTC of the first line in the probe at `offset` that says it; INT64_MIN if none does. */
static int64_t probe(struct reading *r, uint64_t offset, char *bytes)
{
    struct phplog_line parsed;
    int64_t utc;
    ssize_t n = pread(r->file->fd, bytes, PROBE_SIZE, (off_t)offset);
    struct str rest = str_make(bytes, n > 0 ? (size_t)n : 0), line;
    str_cut(&rest, '\n');
    while (str_line(&rest, &line)) {
        if (phplog_parse(line, &parsed) == 0 && parsed.dated && line_utc(r->f, &parsed, &utc))
            return utc;
    }
    return INT64_MIN;
}

/* An offset before which every line is stamped before the time; 0 if probes say nothing. */
static uint64_t file_seek(struct reading *r)
{
    uint64_t low = 0, high = r->file->size;
    int64_t begin = r->f->q->arrival - PHPMAIL_WINDOW - SEEK_SLACK;
    char *bytes = must_alloc(PROBE_SIZE);
    while (high - low > PROBE_SIZE) {
        uint64_t middle = low + (high - low) / 2;
        int64_t utc = probe(r, middle, bytes);
        if (utc == INT64_MIN || utc >= begin)
            high = middle;
        else
            low = middle;
    }
    free(bytes);
    r->began = low > 0;
    return low;
}

/* All lines of a block. Returns false when the rest of the file is behind the arrival. */
static bool block_take(struct reading *r, const struct logblock *block)
{
    struct place at = { .number = block->first_line };
    struct str rest = block->bytes;
    while (!str_empty(rest) && r->past < PAST_LINES) {
        at.offset = block->offset + (uint64_t)(rest.p - block->bytes.p);
        str_line(&rest, &at.raw);
        line_take(r, &at);
        at.number += at.number > 0;
    }
    return r->past < PAST_LINES;
}

static void file_read(struct reading *r)
{
    bool plain = r->file->packing == LOG_PLAIN;
    struct logblock block;
    struct err err;
    uint64_t got = 0;
    int more = 1;
    struct logreader *reader = logreader_new(r->file, plain ? file_seek(r) : 0, UINT64_MAX);
    if (!plain)
        logreader_count_lines(reader, 1);
    while (got < PHPMAIL_READ_MAX && (more = logreader_next(reader, &block, &err)) > 0) {
        got += block.bytes.n;
        if (!block_take(r, &block))
            break;
    }
    if (more < 0)
        log_err(r->f, r->home, &err);
    if (got >= PHPMAIL_READ_MAX && more > 0 && r->past < PAST_LINES) {
        err_set(&err, ERR_LIMIT, "%s: more than %zu MiB of it may be of that time: the rest was "
                "left out", r->shown, PHPMAIL_READ_MAX >> 20);
        log_err(r->f, r->home, &err);
    }
    logreader_free(&reader);
}

/* The hits of this file get the numbers of their lines. */
static void lines_number(struct reading *r)
{
    for (size_t i = 0; i < r->f->count; i++) {
        struct ranked *b = &r->f->best[i];
        if (b->fresh && r->file->packing == LOG_PLAIN && b->offset < NUMBER_MAX)
            b->hit.line = logfile_line_number(r->file, b->offset);
        b->fresh = false;
    }
}

/* Takes piece->fd. True if the arrival lies within the file: later ones hold nothing of it. */
static bool piece_read(struct finder *f, struct piece *piece)
{
    struct reading r = { .f = f, .customers = piece->customers, .home = piece->home };
    struct logfile *file;
    struct err err;
    char shown[2 * ROOTFS_PATH_MAX];
    snprintf(shown, sizeof shown, "%s%.*s", f->s->fs.root, STR_ARG(piece->path));
    r.shown = arena_str(f->arena, str_c(shown)).p;
    int rc = logfile_open_fd(piece->fd, shown, &file, &err);
    piece->fd = -1;
    if (rc != 0) {
        log_err(f, piece->home, &err);
        return false;
    }
    r.file = file;
    file_read(&r);
    lines_number(&r);
    if (r.unknown_zone > 0 && r.unknown_zone == r.dated) {
        err_set(&err, ERR_FORMAT, "%s: its lines are in a time zone that this machine does not "
                "know: not used", shown);
        log_err(f, piece->home, &err);
    }
    logfile_close(&file);
    return r.began && r.past >= PAST_LINES;
}

/* --- one log and its rotated files --- */

/* `.1`, `.2.gz`, `-20261123`, `-20261123.gz`, `.old` behind the name of the log. */
static bool rotated_suffix(struct str rest)
{
    static const char *const packed[] = { "", ".gz", ".bz2", ".xz", ".zst" };
    size_t digits = 1;
    if (!str_eat(&rest, STR(".old"))) {
        if (rest.n < 2 || (rest.p[0] != '.' && rest.p[0] != '-') || !ascii_digit(rest.p[1]))
            return false;
        while (digits < rest.n && ascii_digit(rest.p[digits]))
            digits++;
        rest = str_skip(rest, digits);
    }
    for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++) {
        if (str_eq(rest, str_c(packed[i])))
            return true;
    }
    return false;
}

/* Open one file; what is not there, or cannot hold the time, is passed over in silence. */
static bool piece_open(struct finder *f, const struct phpmail_log *log, struct str path,
                       struct piece *out)
{
    struct err err;
    *out = (struct piece){ .path = path, .home = log->home };
    out->fd = rootfs_file(&f->s->fs, path, ROOTFS_OUR_LINKS, &out->st);
    if (out->fd < 0) {
        if (errno != ENOENT && errno != ENOTDIR) {
            err_set(&err, ERR_ACCESS, "%s%.*s: not read: %s", f->s->fs.root, STR_ARG(path),
                    sites_why(errno));
            log_err(f, log->home, &err);
        }
        return false;
    }
    out->customers = log->home || (out->st.st_mode & S_IWOTH) != 0;
    if (log->home && out->st.st_nlink != 1) {
        err_set(&err, ERR_ACCESS, "%s%.*s: not read: it has a second name, which may be another "
                "file's", f->s->fs.root, STR_ARG(path));
        log_err(f, log->home, &err);
    } else if (out->st.st_mtime >= f->q->arrival - PHPMAIL_WINDOW) {
        return true;
    }
    close(out->fd);
    return false;
}

static int piece_order(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    return (x->st.st_mtime > y->st.st_mtime) - (x->st.st_mtime < y->st.st_mtime);
}

/* Read by another name already: a log that two settings reach by different links. */
static bool seen_before(const struct stat *st, const struct stat *seen, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (seen[i].st_dev == st->st_dev && seen[i].st_ino == st->st_ino)
            return true;
    }
    return false;
}

struct seen {
    struct stat v[PHPMAIL_LOGS_MAX * 4];
    size_t n;
};

/* The files of one log, opened, in the order of their last line. */
static size_t pieces_open(struct finder *f, const struct phpmail_log *log, struct seen *seen,
                          struct piece *pieces)
{
    struct names names;
    size_t n = 0, slash = str_rfind_c(log->path, '/');
    struct str folder = slash == 0 ? STR("/") : str_head(log->path, slash);
    struct str base = str_skip(log->path, slash + 1);
    if (base.n == 0 || sites_list(f->s, folder, ROOTFS_OUR_LINKS, &names) != 0)
        return 0;
    for (size_t i = 0; i < names.n && n < PHPMAIL_FILES_MAX; i++) {
        struct str rest = names.v[i];
        if (!str_eat(&rest, base) || (rest.n > 0 && !rotated_suffix(rest)))
            continue;
        struct str path = sites_path(f->s, "%.*s/%.*s", STR_ARG(slash == 0 ? STR("") : folder),
                                     STR_ARG(names.v[i]));
        if (path.n == 0 || !piece_open(f, log, path, &pieces[n]))
            continue;
        if (seen_before(&pieces[n].st, seen->v, seen->n)) {
            close(pieces[n].fd);
            continue;
        }
        if (seen->n < sizeof seen->v / sizeof seen->v[0])
            seen->v[seen->n++] = pieces[n].st;
        n++;
    }
    names_fini(&names);
    if (n > 1)
        qsort(pieces, n, sizeof *pieces, piece_order);
    return n;
}

static void log_read(struct finder *f, const struct phpmail_log *log, struct seen *seen)
{
    struct piece pieces[PHPMAIL_FILES_MAX];
    size_t n = pieces_open(f, log, seen, pieces);
    bool done = false;
    for (size_t i = 0; i < n; i++) {
        if (done)
            close(pieces[i].fd);
        else
            done = piece_read(f, &pieces[i]);
    }
}

/* --- all of it --- */

static void warn_places(struct finder *f, const struct phpmail_places *p)
{
    struct err err;
    for (size_t i = 0; i < sites_problems(f->s) && f->warn != NULL; i++)
        f->warn(f->ctx, sites_problem(f->s, i));
    for (size_t i = 0; i < f->s->note_count && f->q->note != NULL; i++)
        f->q->note(f->q->note_ctx, f->s->notes[i].p);
    if (p->left_out > 0) {
        err_set(&err, ERR_LIMIT, "%zu of PHP's mail logs were left out: at most %d are read",
                p->left_out, PHPMAIL_LOGS_MAX);
        warn_err(f, &err);
    }
    if (p->syslog && f->count == 0) {
        err_set(&err, ERR_MISSING, "PHP's mail.log goes to syslog here: not searched");
        warn_err(f, &err);
    }
}

size_t phpmail_find(const struct phpmail_query *q, struct arena *arena, struct phpmail_hit *out,
                    size_t max, void (*warn)(void *ctx, const char *text), void *ctx)
{
    struct sites_options options = { .root = q->root };
    struct phpmail_places places;
    struct sites *s;
    struct err err;
    if (max == 0 || sites_new(&options, &s, &err) != 0)
        return 0;
    struct finder *f = must_alloc(sizeof *f);
    struct seen *seen = must_alloc(sizeof *seen);
    *f = (struct finder){ .q = q, .s = s, .arena = arena, .max = max, .warn = warn, .ctx = ctx };
    f->best = must_array(max + 1, sizeof *f->best);
    phpmail_places_find(&places, s, q);
    for (size_t i = 0; i < places.n; i++)
        log_read(f, &places.v[i], seen);
    warn_places(f, &places);
    size_t count = f->count;
    for (size_t i = 0; i < count; i++)
        out[i] = f->best[i].hit;
    free(f->best);
    free(f);
    free(seen);
    sites_free(&s);
    return count;
}
