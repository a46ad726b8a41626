/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logreader - read a log file forwards in blocks of whole lines
 *
 * A block is about a megabyte of (inflated) text that begins at a line start and ends
 * behind a line end, so that a caller can search a block as a whole (memmem)
 * or cut it into lines without copying. Several readers may read one logfile at
 * once, in threads: they share nothing but the descriptor, by pread(2).
 *
 * gzip goes through ISA-L, several members in a row too; bzip2, xz, zstd, lzma, lz4
 * and compress through libarchive. Memory: a block, a quarter of a megabyte of packed bytes, and
 * what the format needs (xz as packed by default 9 MiB, by `xz -9` 65 MiB).
 */
#ifndef POSTERN_LOGS_LOGREADER_H
#define POSTERN_LOGS_LOGREADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "logs/logfile.h"

#define LOG_BLOCK_SIZE ((size_t)1 << 20)
/* A line longer than this is no line of Exim's (its buffer has 8 KiB). It is
 * passed over and counted. */
#define LOG_LINE_MAX ((size_t)256 * 1024)

struct logreader;

struct logblock {
    struct str bytes;        /* whole lines; lives until the next call */
    uint64_t offset;         /* of its first byte in the inflated file */
    uint64_t first_line;     /* number of its first line, or 0 if not counted */
};

/* Read `f` from byte `begin` up to `end` (UINT64_MAX: to the end). For plain files any offsets:
 * a reader that begins in the middle of a line passes over the rest of that line (it belongs
 * to the reader before), and one that ends in the middle of a line reads that line whole. For
 * packed files `begin` must be 0. */
struct logreader *logreader_new(const struct logfile *f, uint64_t begin, uint64_t end);
void logreader_free(struct logreader **r);

/* Count lines from now on; the next block's first line has number `first_line`. */
void logreader_count_lines(struct logreader *r, uint64_t first_line);

/* 1 and the next block; 0 at the end; -1 when the rest cannot be read (cut or corrupt compression,
 * read error, a plain file that became shorter since it was opened): *err says what and where,
 * ready to print, and every whole line before it has been handed out. A block is never empty. Its
 * last line ends in LF, but for the last line of a file that does not. */
int logreader_next(struct logreader *r, struct logblock *block_out, struct err *err);

/* Lines passed over because they were longer than LOG_LINE_MAX. */
uint64_t logreader_overlong(const struct logreader *r);

#endif
