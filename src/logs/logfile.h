/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logfile - one log file, plain or compressed, opened once
 *
 * The file is opened when it is found and never by name again: what logrotate
 * does to the name afterwards does not matter, and a truncation is an early
 * end, never a signal (read(2), no mmap). The packing is told by the first bytes,
 * not by the name. The times inside the file and the zone that it is written in are
 * probed when it is opened, because names and time stamps of files lie.
 *
 * Zones: most logs do not say theirs. An arrival line does, in a way: the
 * second inside its message id is UTC, so the stamp of the line minus that is
 * the zone's offset (plus the time that reception took, so the smallest of many
 * counts, rounded down to a quarter of an hour).
 */
#ifndef POSTERN_LOGS_LOGFILE_H
#define POSTERN_LOGS_LOGFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "mail/logline.h"

enum log_packing { LOG_PLAIN, LOG_GZIP, LOG_OTHER_PACKED };

#define LOGFILE_BEGINNING 1024

/* Read-only for everybody but logs/. */
struct logfile {
    char *path;              /* as opened; owned */
    int fd;
    enum log_packing packing;
    uint64_t size;           /* bytes on disk when opened; later growth is not read */
    uint64_t device, inode;  /* which file it is, whatever its name */
    int64_t changed;         /* when it was last written to, says the file system; UTC */
    uint64_t beginning;      /* hash of the first LOGFILE_BEGINNING bytes of text */
    bool empty;              /* no text at all in it */
    bool archive;            /* a tar archive: left out, with the reason in `doubt` */
    bool dated;              /* first/last are known: it looks like an Exim log */
    bool unordered;          /* first/last cannot be relied on (the log's clock ran backwards, or
                                one of them was not found): look into this file for any time */
    int64_t first, last;     /* UTC of the first and last line; `last` of a packed file is
                                INT64_MAX: it is known only to who reads to its end */
    int32_t first_offset, last_offset; /* zone at both ends, seconds east */
    bool offset_known;       /* from the log itself; else the process's zone was assumed */
    bool has_pids;           /* lines carry a pid (in what was probed) */
    struct logline_hint hint;/* for the first line */
    struct err doubt;        /* one line about what is wrong with it, ready to print; ERR_NONE if
                                nothing is. ERR_FORMAT, ERR_IO: lines of it are lost to us */
};

/* Open `path`, tell its packing, probe it. 0 and *f_out (heap), or -1: no such file,
 * no permission, a folder, a device, a socket. An empty file and one that is no Exim log open well
 * and have dated == false and a doubt. A named pipe is waited for and copied, as below. */
int logfile_open(const char *path, struct logfile **f_out, struct err *err);

/* As logfile_open for an open descriptor (ownership passes, on failure too), shown as `name`. A
 * pipe (standard input) is first copied to an unlinked temporary file in $TMPDIR, /var/tmp or /tmp,
 * bounded by the room there. */
int logfile_open_fd(int fd, const char *name, struct logfile **f_out, struct err *err);

/* The same for logs of other programs: only the packing is told, nothing is read to date it (dated
 * is false, so logfile_seek() says 0). Some milliseconds less for each file. */
int logfile_open_raw(int fd, const char *name, struct logfile **f_out, struct err *err);

void logfile_close(struct logfile **f);

/* Plain files: the byte offset of a line start such that every line stamped at or after `utc`
 * begins there or later, allowing for a change of zone inside the file and for a minute of disorder
 * among lines. Binary search, some dozen reads. Never late, but it may be early (by an hour around
 * a change of zone). 0 where the times give no help: packed files, undated or unordered ones, a
 * disorder met on the way, a read error. A clock that was set back for a while between two looks of
 * the search stays unseen: a caller that must not miss anything then scans all. */
uint64_t logfile_seek(const struct logfile *f, int64_t utc);

/* Number of the line that begins at `offset` (from 1): counts line ends before it, at the speed of
 * reading. Plain files only; 0 on a read error. */
uint64_t logfile_line_number(const struct logfile *f, uint64_t offset);

/* The zone while reading on: observe every arrival, ask for any line. */
struct logzone {
    int32_t offset;          /* seconds east, now */
    bool known;
    unsigned agree;          /* arrivals in a row that point to `next` */
    int32_t next;
};

/* At the beginning of `f` (utc = INT64_MIN), or at an offset that logfile_seek() gave for `utc`. If
 * the zone changes somewhere in `f`, the lines at that place are looked at (one more seek). */
void logzone_begin(struct logzone *z, const struct logfile *f, int64_t utc);

/* An arrival was stamped `stamped`; its id says `id_when`. A change of zone is believed after
 * LOGZONE_AGREE arrivals in a row agree; a first zone, where none is known, after one. */
#define LOGZONE_AGREE 3
void logzone_observe(struct logzone *z, int64_t stamped, int64_t id_when);

/* UTC of a line, by its own offset if it has one. A line whose date lacks the year (has_date is
 * false) must have been parsed with a hint. */
int64_t logzone_utc(const struct logzone *z, const struct logline *line);

/* The zone that one arrival points to: 0 and *offset_out; -1 if it points to none (reception took
 * minutes, or the id is none of an Exim's of today). */
int logzone_guess(int64_t stamped, int64_t id_when, int32_t *offset_out);

/* Slack for comparing times with first and last of a file: an hour for a change of zone in the
 * middle, or any zone of the world if the file's is not known. Seconds. */
int64_t logfile_slack(const struct logfile *f);

/* True if `f` can hold a line between `begin` and `end` (UTC, both included). */
bool logfile_can_hold(const struct logfile *f, int64_t begin, int64_t end);

#endif
