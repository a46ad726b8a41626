/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logprobe - what a stretch of a log says about the whole
 *
 * Inside of logs/ only. A stretch is some text that begins at a line start.
 * From its lines come the first and the last stamp, the zone and, for syslog,
 * the year that its dates lack.
 */
#ifndef POSTERN_LOGS_LOGPROBE_H
#define POSTERN_LOGS_LOGPROBE_H

#include "logs/logfile.h"

/* How much of each end of a file is looked at, at most. */
#define LOGPROBE_MAX ((size_t)2 << 20)

struct stretch {
    bool dated;              /* has a line with a date that an Exim could have written */
    bool exim;               /* has a line that only an Exim writes */
    bool pids;               /* has a line with a pid */
    int64_t first, last;     /* stamped */
    int32_t first_own, last_own; /* offset in these lines themselves, or LOGLINE_NO_OFFSET */
    struct logline_hint hint;/* for its first line */
    bool zone_known;         /* arrivals tell the zone ... */
    bool zone_settled;       /* ... and LOGZONE_AGREE of them in a row agree */
    int32_t zone;
};

enum stretch_end { STRETCH_HEAD, STRETCH_TAIL };

/* Read the lines of `text`. Where the zone changes in it, `end` says which zone is wanted: that of
 * its first lines (then it also stops as soon as enough is known) or of its last. `not_after` is a
 * time (UTC or stamped) that the first line is not later than, give or take a day: it gives syslog
 * dates their year if no message id does. */
void stretch_read(struct str text, enum stretch_end end, int64_t not_after,
                  struct stretch *out);

/* Reception time in the id of an arrival, by whichever base fits the stamp: 0 and *when_out, or
 * -1. */
int arrival_when(const struct logline *line, int64_t *when_out);

/* The zone of the lines at `at`, a line start in a plain file. 0 and *offset_out, or -1
 * (unknown). */
int logfile_zone_at(const struct logfile *f, uint64_t at, int32_t *offset_out);

/* logseek.c: some lines in the middle of a plain file: by how many seconds the worst of them is
 * older than one before it; 0 if that is no more than changes of zone explain. */
int64_t logfile_disorder(const struct logfile *f);

#endif
