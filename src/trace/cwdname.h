/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cwdname - directories whose names imitate log lines
 *
 * Exim does not escape the directory of a cwd line, so one with a line end in its name writes
 * lines of its owner's choice into the log: a neighbour's cwd line with our pid, an arrival with
 * somebody's login. Three facts give them away. A line of Exim's is at most CWDNAME_MAX bytes and
 * written at once, so nobody else's stands within it. The end of a cwd line, ` N args:`, is
 * Exim's own. And no process writes two of them so close together.
 *
 * So what follows a cwd line without its end is a part of the name, whatever it looks like, up to
 * the line that has an end; and so is a cwd line of a pid that has just written one. A name that
 * holds ` N args:` before its first line end looks complete, and then the lines between it and the
 * next of its pid cannot be told from Exim's; without pids, all of it cannot. Only doubt is left.
 *
 * Whoever reads lines to believe them reads them through this.
 */
#ifndef POSTERN_TRACE_CWDNAME_H
#define POSTERN_TRACE_CWDNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logs/logfile.h"
#include "mail/logline.h"

#define CWDNAME_MAX ((size_t)8192)  /* LOG_BUFFER_SIZE of Exim: a longer line is not written */
#define CWDNAME_LINES 256u          /* cwd lines that have room in that; a power of two */

/* A cwd line that was read. */
struct cwdname_line {
    uint64_t at;                    /* where it begins, in all bytes read */
    uint64_t pid;                   /* 0: the log has none */
    bool dubious;                   /* a user's that hands nothing in, or one with a line end */
};

/* What is known of the lines so far. Zeroed at the beginning of a file; see cwdname_enter(). */
struct cwdname {
    bool weigh;                     /* the caller asks for `imitable` */
    bool open;                      /* the next line belongs to a name, */
    bool headless;                  /* the begin of which is out of sight */
    bool imitable;                  /* the latest cwd line may be a part of a name before it */
    struct str block;               /* at hand, */
    uint64_t base;                  /* and the bytes before it */
    uint64_t read;                  /* so far all is read */
    struct cwdname_line lines[CWDNAME_LINES];
    size_t count;                   /* of all that were ever put there */
    size_t n;                       /* bytes of the open name, */
    char text[CWDNAME_MAX];         /* which may go over the edge of a block */
};

/* Reading of `f` begins at byte `at` (0: at its beginning): forget the file before, and look at
 * what stands there before that byte. Of a packed file only 0 is possible. A file that cannot be
 * read says nothing; who reads on will find out. */
void cwdname_enter(struct cwdname *n, const struct logfile *f, uint64_t at);

/* The next block, which follows the one before without a gap. */
void cwdname_block(struct cwdname *n, struct str block);

/* logline_parse() for the next line `raw` of the block; lines that surely are no cwd lines may be
 * left out unless n->open. 0: *line_out is a line of Exim's; if it ends a name it is the whole of
 * it, line ends and all, its `raw` lies in *n or in the block, and ends where this one does.
 * -1: no log line, or a part of a name. */
int cwdname_parse(struct cwdname *n, struct logline_hint *hint, struct str raw,
                  struct logline *line_out);

/* The same for a cwd line that was parsed already, not while n->open. False: a part of a name.
 * True: *line is one of Exim's, if need be parsed anew with what stands before it. */
bool cwdname_cwd(struct cwdname *n, struct logline_hint *hint, struct logline *line);

/* For those who look at few lines of a block. True if the line `raw` of the block is a part of a
 * name that began before it. Where a block ends, cwdname_tail() must follow. */
bool cwdname_within(const struct cwdname *n, struct str raw);
void cwdname_tail(struct cwdname *n);

#endif
