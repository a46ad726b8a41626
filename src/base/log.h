/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log - what the daemon says of itself, one event a line
 *
 * A line is `key=value` pairs behind the name of the event, so that people can
 * read it and programs (fail2ban, csf, a metrics agent) can rely on it. Values
 * are escaped here, by type: raw outside bytes never reach a log or a format.
 * A line is cut at LOG_EVENT_MAX. Nothing that is logged may fail or block for long: a line
 * that cannot be written is counted, never an error of the caller, and said by a
 * line `log-lost lines=N` when the log can be written again.
 *
 * One process, one log: the only global state in base.
 */
#ifndef POSTERN_BASE_LOG_H
#define POSTERN_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define LOG_EVENT_MAX 8000u
#define LOG_VALUE_MAX 1024u  /* of one value: no sender can push the others out of a line */

enum log_level {
    LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG
};

/* "error", "warning", "notice", "info", "debug"; anything else is LOG_LEVEL_INFO. */
enum log_level log_level_of(const char *name);

/* Where lines go from now on: "stderr", "syslog" (facility mail, the program's name) or the path of
 * a file, which is made with mode 0640 if it is not there; a link is an error, and for root also a
 * file that has a second name. Lines above `level` are left out. 0, or
 * -1 with *err (the former log stays in use). A syslog daemon that is not there yet is found when
 * it comes. Before the first call lines go to standard error. */
int log_open(const char *where, enum log_level level, struct err *err);

/* Leave out lines above `level` from now on. */
void log_level_set(enum log_level level);

/* Open the file again under its name: after a rotation. 0 or -1; the old file stays in use then. */
int log_reopen(struct err *err);
void log_close(void);

/* For tests: the socket of the syslog daemon. A path that lives as long as the log. */
void log_syslog_path(const char *path);

/* Lines that could not be written so far. */
uint64_t log_lost(void);

/* One line being made; on the caller's stack. */
struct log_line {
    enum log_level level;
    bool wanted;
    size_t n;
    char text[LOG_EVENT_MAX];
};

/* Begin a line with the name of its event (a constant of ours, lower case with dashes). A warning
 * or an error says so in a first pair: level=warning. */
void log_begin(struct log_line *l, enum log_level level, const char *event);

/* Add ` key=value`. A value that is empty, or has a space, a quote, `=`, a backslash, a control
 * character or broken UTF-8, is put into double quotes: `"` and `\` are escaped by a backslash
 * there, what is not printable becomes \xhh. A value is cut at LOG_VALUE_MAX between characters. */
void log_str(struct log_line *l, const char *key, struct str value);
void log_c(struct log_line *l, const char *key, const char *value);
void log_u64(struct log_line *l, const char *key, uint64_t value);
void log_i64(struct log_line *l, const char *key, int64_t value);

/* VALUE/NUMBER; `value` is a word of ours, shorter than LOG_PAIR_MAX. */
#define LOG_PAIR_MAX 64u
void log_c_u64(struct log_line *l, const char *key, const char *value, uint64_t number);

/* Write it. */
void log_end(struct log_line *l);

/* A whole line with one text: ` text="..."`. For events that are rare. */
void log_text(enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* What the outside can cause at any rate is logged now and then, with a count. Zeroed to begin. */
struct log_rate {
    int64_t next_ms;     /* 0: never logged yet */
    uint64_t held;
};

/* May it be logged now (any clock of milliseconds)? Then at most once in `every_ms`, and *count_out
 * is how often it happened since the last time, this one included. Else it is counted. */
bool log_rate_pass(struct log_rate *r, int64_t now_ms, int64_t every_ms, uint64_t *count_out);

#define LOG_RATE_MINUTE 60000
#define LOG_RATE_HOUR 3600000

#endif
