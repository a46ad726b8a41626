/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logset_exim - do these logs need their Exim to be understood?
 *
 * Asking Exim takes longer than finding a message. Two of its answers matter to
 * the reading of a log: localhost_number, where a submission is joined by time and not by pid,
 * and spool_directory, from which Exim submits mail of its own. Both ends of a
 * log show pids, and the directory in which Exim's own deliveries run.
 */
#include "logs/logset.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"

#define LOOK ((size_t)64 * 1024)
#define HEAD_LINES 20u

struct look {
    bool pids;               /* some line has one */
    bool usual_spool;        /* Exim's own processes run in /var/spool/exim* */
};

/* Exim at work on its queue: -M and its like, or -q. */
static bool is_queue_work(const struct line_cwd *c)
{
    struct str args = c->operands, arg;
    while (logline_arg(&args, &arg)) {
        if (str_starts(arg, STR("-M")) || str_starts(arg, STR("-q")))
            return true;
    }
    return false;
}

static void line_look(const struct logline *line, struct look *out)
{
    struct line_cwd c;
    out->pids = out->pids || line->pid != 0;
    if (line->class == LINE_CWD && logline_cwd(line, &c) == 0 && c.mode == CWD_OTHER &&
        str_starts(c.dir, STR("/var/spool/exim")) && is_queue_work(&c))
        out->usual_spool = true;
}

/* At most `max` lines of the LOOK bytes at `at`. */
static struct look look_at(const struct logfile *f, uint64_t at, unsigned max)
{
    struct look seen = { false, false };
    struct logline_hint hint = f->hint;
    struct logline line;
    char *bytes = must_alloc(LOOK);
    ssize_t n = pread(f->fd, bytes, LOOK, (off_t)at);
    struct str rest = str_make(bytes, n > 0 ? (size_t)n : 0), raw;
    if (at > 0)
        str_cut(&rest, '\n');
    for (unsigned i = 0; i < max && !(seen.pids && seen.usual_spool); i++) {
        if (!str_line(&rest, &raw))
            break;
        if (logline_parse(raw, &hint, &line) == 0)
            line_look(&line, &seen);
    }
    free(bytes);
    return seen;
}

bool logset_needs_exim(const struct logset *set)
{
    bool usual_spool = false;
    for (size_t i = logset_count(set); i-- > 0;) {
        const struct logfile *f = logset_file(set, i);
        if (!f->has_pids)
            return true;
        if (f->packing != LOG_PLAIN)
            continue;
        struct look tail = look_at(f, f->size > LOOK ? f->size - LOOK : 0, UINT32_MAX);
        usual_spool = usual_spool || tail.usual_spool;
        if (!tail.pids || (f->size > LOOK && !look_at(f, 0, HEAD_LINES).pids))
            return true;
    }
    return !usual_spool;
}
