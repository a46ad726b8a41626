/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log - what the daemon says of itself, one event a line
 *
 * A line is written with one call, whole or not at all, so that lines of two
 * threads never mix. A pipe or a socket whose reader sleeps does not stop us, be it
 * that of the syslog daemon: the line is counted as lost. A file is written with
 * O_APPEND and replaced under its descriptor (dup2), so a thread that writes
 * meanwhile hits the old or the new one.
 */
#define _GNU_SOURCE
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_syslog.h"
#include "base/must.h"
#include "base/utf8.h"

enum sink { SINK_STDERR, SINK_SYSLOG, SINK_FILE };

static struct {
    enum sink sink;
    enum log_level level;
    int fd;                  /* of the file, or to syslog */
    char path[PATH_MAX];
    const char *syslog_path;
    bool is_socket, is_pipe; /* standard error is */
    _Atomic uint64_t lost, said;  /* lines, and how many of them a line has told of */
    _Atomic int64_t say_at;       /* not before that second */
} state = { .sink = SINK_STDERR, .level = LOG_LEVEL_INFO, .fd = -1, .syslog_path = _PATH_LOG };

#define SAY_SECONDS 10       /* a log that is always full should not be filled by this */

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug",
};

/* --- where lines go --- */

/* Root opens it first, in a folder that belongs to the daemon's user: he must not get root to write
 * to a file of his choice by a link that lies there, of either kind. */
static int file_open(const char *path, struct err *err)
{
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
    int fd = open(path, flags | O_NONBLOCK, 0640);
    if (fd < 0 && errno == ELOOP)
        return err_set(err, ERR_USAGE, "log file %s: is a link; name the file itself", path);
    if (fd < 0)
        return err_errno(err, errno, "log file %s", path);
    struct stat st;
    bool seen = fstat(fd, &st) == 0, regular = seen && S_ISREG(st.st_mode);
    if ((regular && (st.st_nlink == 1 || geteuid() != 0)) || (seen && S_ISCHR(st.st_mode)))
        return fd;
    close(fd);
    return err_set(err, ERR_USAGE, "log file %s: %s; use a path of its own", path,
                   regular ? "has another name, too" : "is not a file");
}

static int file_begin(const char *path, struct err *err)
{
    if (path[0] != '/')
        return err_set(err, ERR_USAGE, "log %s: say stderr, syslog or the full path of a file",
                       path);
    if (strlen(path) >= sizeof state.path)
        return err_set(err, ERR_USAGE, "log file %s: the path is too long", path);
    int fd = file_open(path, err);
    if (fd < 0)
        return -1;
    log_close();
    state.fd = fd;
    snprintf(state.path, sizeof state.path, "%s", path);
    state.sink = SINK_FILE;
    return 0;
}

static void stderr_look(void)
{
    struct stat st;
    bool seen = fstat(STDERR_FILENO, &st) == 0;
    state.is_socket = seen && S_ISSOCK(st.st_mode);
    state.is_pipe = seen && S_ISFIFO(st.st_mode);
}

enum log_level log_level_of(const char *name)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(level_names[i], name) == 0)
            return (enum log_level)i;
    }
    return LOG_LEVEL_INFO;
}

int log_open(const char *where, enum log_level level, struct err *err)
{
    if (strcmp(where, "stderr") == 0) {
        log_close();
        stderr_look();
    } else if (strcmp(where, "syslog") == 0) {
        int fd = log_syslog_open(state.syslog_path, err);
        if (fd < 0)
            return -1;
        log_close();
        state.fd = fd;
        state.sink = SINK_SYSLOG;
    } else if (file_begin(where, err) != 0) {
        return -1;
    }
    state.level = level;
    return 0;
}

void log_level_set(enum log_level level)
{
    state.level = level;
}

int log_reopen(struct err *err)
{
    if (state.sink != SINK_FILE)
        return 0;
    int fd = file_open(state.path, err);
    if (fd < 0)
        return -1;
    int rc = dup3(fd, state.fd, O_CLOEXEC) < 0 ? err_errno(err, errno, "log file %s", state.path)
                                               : 0;
    close(fd);
    return rc;
}

void log_close(void)
{
    if (state.fd >= 0)
        close(state.fd);
    state.fd = -1;
    state.sink = SINK_STDERR;
    atomic_store(&state.said, atomic_load(&state.lost));   /* the next log has lost nothing yet */
    atomic_store(&state.say_at, 0);
}

void log_syslog_path(const char *path)
{
    state.syslog_path = path;
}

uint64_t log_lost(void)
{
    return atomic_load(&state.lost);
}

/* --- making a line --- */

/* Room is kept for a quote and the line end. */
#define TEXT_MAX (LOG_EVENT_MAX - 2)
#define DIGITS 24u           /* more than 64 bits have */

static bool add(struct log_line *l, const char *p, size_t n, size_t max)
{
    if (l->n > max || n > max - l->n)
        return false;
    memcpy(l->text + l->n, p, n);
    l->n += n;
    return true;
}

static bool key_add(struct log_line *l, const char *key)
{
    size_t n = strlen(key);
    if (!l->wanted || l->n + n + 4 > TEXT_MAX) /* blank, `=`, and two quotes at least */
        return false;
    add(l, " ", 1, TEXT_MAX);
    add(l, key, n, TEXT_MAX);
    return add(l, "=", 1, TEXT_MAX);
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    l->level = level;
    l->wanted = level <= state.level;
    l->n = 0;
    add(l, event, strlen(event), TEXT_MAX);
    if (level <= LOG_LEVEL_WARNING)
        log_c(l, "level", level_names[level]);
}

/* Bytes at the start of `s` that stand for themselves in any value: most of most values. */
static size_t plain_bytes(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] > ' ' && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '=' &&
           s.p[n] != '\\')
        n++;
    return n;
}

static bool needs_quotes(struct str s)
{
    if (s.n == 0)
        return true;
    while ((s = str_skip(s, plain_bytes(s))).n > 0) {
        uint32_t rune;
        size_t n = utf8_next(s, &rune);
        if (n < 2 || utf8_unprintable(rune)) /* ASCII here is what plain_bytes() stopped at */
            return true;
        s = str_skip(s, n);
    }
    return false;
}

/* The next character of `*s` as it stands in a quoted value; returns its length in `out`. */
static size_t char_escape(struct str *s, char out[16])
{
    static const char digits[] = "0123456789abcdef";
    uint32_t rune;
    size_t n = utf8_next(*s, &rune), made = 0;
    if (n > 0 && !utf8_unprintable(rune)) {
        if (rune == '"' || rune == '\\')
            out[made++] = '\\';
        memcpy(out + made, s->p, n);
        made += n;
    } else {
        n = n > 0 ? n : 1;
        for (size_t i = 0; i < n; i++) {
            unsigned char byte = (unsigned char)s->p[i];
            out[made++] = '\\';
            out[made++] = 'x';
            out[made++] = digits[byte >> 4];
            out[made++] = digits[byte & 15];
        }
    }
    *s = str_skip(*s, n);
    return made;
}

void log_str(struct log_line *l, const char *key, struct str value)
{
    if (!key_add(l, key))
        return;
    size_t max = l->n + LOG_VALUE_MAX < TEXT_MAX ? l->n + LOG_VALUE_MAX : TEXT_MAX;
    bool quoted = needs_quotes(str_head(value, LOG_VALUE_MAX));
    char piece[16];
    if (quoted)
        add(l, "\"", 1, max);
    while (value.n > 0 && l->n < max) {
        size_t run = plain_bytes(str_head(value, max - l->n));
        add(l, value.p, run, max);
        value = str_skip(value, run);
        if (value.n > 0 && !add(l, piece, char_escape(&value, piece), max))
            break;
    }
    if (quoted)
        l->text[l->n++] = '"';
}

void log_c(struct log_line *l, const char *key, const char *value)
{
    log_str(l, key, str_c(value));
}

/* Every decision has a dozen numbers: printf() would take longer than all the rest of its line. */
static struct str digits_of(uint64_t value, char text[DIGITS])
{
    size_t at = DIGITS;
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return str_make(text + at, DIGITS - at);
}

void log_u64(struct log_line *l, const char *key, uint64_t value)
{
    char text[DIGITS];
    log_str(l, key, digits_of(value, text));
}

void log_i64(struct log_line *l, const char *key, int64_t value)
{
    char text[DIGITS];
    int n = snprintf(text, sizeof text, "%lld", (long long)value);
    log_str(l, key, str_make(text, (size_t)n));
}

void log_c_u64(struct log_line *l, const char *key, const char *value, uint64_t number)
{
    char digits[DIGITS], text[LOG_PAIR_MAX + DIGITS];
    struct str end = digits_of(number, digits);
    size_t n = strlen(value);
    must(n < LOG_PAIR_MAX);
    memcpy(text, value, n);
    text[n++] = '/';
    memcpy(text + n, end.p, end.n);
    log_str(l, key, str_make(text, n + end.n));
}

/* --- writing it --- */

static bool to_syslog(const struct log_line *l)
{
    static const int severities[] = { LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };
    return log_syslog_send(state.fd, state.syslog_path, severities[l->level],
                           str_make(l->text, l->n));
}

/* Standard error may be a pipe or a socket: never wait for its reader. */
static ssize_t to_stderr(struct iovec *parts, int count)
{
    struct msghdr m = { .msg_iov = parts, .msg_iovlen = (size_t)count };
    struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (state.is_socket)
        return sendmsg(STDERR_FILENO, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (state.is_pipe && (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0))
        return -1;
    return writev(STDERR_FILENO, parts, count);
}

/* The time of now with a blank behind it. It is made once a second, by each thread for itself. */
static struct iovec stamp_now(void)
{
    static _Thread_local struct {
        int64_t second;
        char text[CLOCK_TEXT_MAX + 1];
        size_t n;
    } made;
    int64_t now = clock_now();
    if (made.n == 0 || made.second != now) {
        clock_rfc3339(now, clock_offset_at(now), made.text);
        made.second = now;
        made.n = strlen(made.text);
        made.text[made.n++] = ' ';
    }
    return (struct iovec){ made.text, made.n };
}

static bool write_stamped(struct log_line *l)
{
    l->text[l->n] = '\n';
    struct iovec parts[] = { stamp_now(), { l->text, l->n + 1 } };
    ssize_t whole = (ssize_t)(parts[0].iov_len + l->n + 1), done;
    do {
        done = state.sink == SINK_FILE ? writev(state.fd, parts, 2) : to_stderr(parts, 2);
    } while (done < 0 && errno == EINTR);
    return done == whole;
}

static bool line_write(struct log_line *l)
{
    return state.sink == SINK_SYSLOG ? to_syslog(l) : write_stamped(l);
}

/* A line was written: say how many were not since the last time. One thread does. */
static void lost_say(void)
{
    struct log_line l;
    int64_t now = clock_now(), due = atomic_load(&state.say_at);
    if ((now < due && due - now <= SAY_SECONDS) ||       /* else the clock was set back */
        !atomic_compare_exchange_strong(&state.say_at, &due, now + SAY_SECONDS))
        return;
    uint64_t lost = atomic_load(&state.lost);
    log_begin(&l, LOG_LEVEL_WARNING, "log-lost");
    log_u64(&l, "lines", lost - atomic_load(&state.said));
    if (l.wanted && line_write(&l))
        atomic_store(&state.said, lost);
}

void log_end(struct log_line *l)
{
    if (!l->wanted)
        return;
    must(l->n < LOG_EVENT_MAX);
    if (!line_write(l))
        atomic_fetch_add(&state.lost, 1);
    else if (atomic_load(&state.lost) != atomic_load(&state.said))
        lost_say();
}

void log_text(enum log_level level, const char *event, const char *fmt, ...)
{
    struct log_line l;
    char text[LOG_VALUE_MAX];
    va_list ap;
    log_begin(&l, level, event);
    if (!l.wanted)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_c(&l, "text", text);
    log_end(&l);
}

bool log_rate_pass(struct log_rate *r, int64_t now_ms, int64_t every_ms, uint64_t *count_out)
{
    r->held++;
    if (now_ms < r->next_ms)
        return false;
    *count_out = r->held;
    r->held = 0;
    r->next_ms = now_ms + every_ms;
    return true;
}
