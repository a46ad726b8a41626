/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logsource - the inflated bytes of a log file, from the front
 *
 * Inside of logs/ only. One reader, one source: each has a file position of its
 * own and reads by pread(2), so that several threads can read one logfile. A
 * back end for each packing hands out bytes in order until the end or the
 * first damage; cutting them into lines is logreader's work.
 */
#ifndef POSTERN_LOGS_LOGSOURCE_H
#define POSTERN_LOGS_LOGSOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "logs/logfile.h"
#include "logs/logreader.h"

struct logsource;

/* Begin at byte `begin` of a plain file; packed files begin at 0 only. `chunk` is how many
 * bytes of the packed file are read at a time: large for a pass over the file,
 * small when only its first lines are wanted. Never NULL. */
struct logsource *logsource_new(const struct logfile *f, uint64_t begin, size_t chunk);
void logsource_free(struct logsource **s);

/* At most `n` (> 0) bytes into `dst`. How many (> 0; fewer than `n` does not mean the end); 0 at
 * the end; -1 when nothing more can be had although the file should go on, with
 * the name of the file and how far it went in *err. After 0 or -1 it stays so. */
ssize_t logsource_read(struct logsource *s, char *dst, size_t n, struct err *err);

#define LOGSOURCE_CHUNK ((size_t)256 * 1024)
#define LOGSOURCE_CHUNK_PROBE ((size_t)16 * 1024)

/* A back end. `read` as logsource_read(), but with an err text that lacks the file's name. */
struct logsource_ops {
    ssize_t (*read)(void *self, char *dst, size_t n, struct err *err);
    void (*free)(void *self);
};

/* The packed bytes of a file, a chunk at a time: what back ends read from. */
struct packed_input {
    const struct logfile *file;
    uint64_t at;             /* next byte to read */
    size_t chunk;
    uint8_t *bytes;          /* `chunk` of them; owned */
};

void packed_input_init(struct packed_input *in, const struct logfile *f, size_t chunk);
void packed_input_fini(struct packed_input *in);

/* The next chunk into in->bytes: its length, 0 at the end, -1. */
ssize_t packed_input_next(struct packed_input *in, struct err *err);

/* log_gzip.c and log_packed.c: a new back end for `f`. */
void *log_gzip_new(const struct logfile *f, size_t chunk);
extern const struct logsource_ops log_gzip_ops;
void *log_packed_new(const struct logfile *f, size_t chunk);
extern const struct logsource_ops log_packed_ops;

/* pread(2) until `n` bytes, the end of what the file had when it was opened, or an error. How many
 * bytes, or -1 with errno. */
ssize_t logsource_pread(const struct logfile *f, char *dst, size_t n, uint64_t at);

/* As logreader_new() with another size of block and another longest line, so that tests can put a
 * block's border anywhere. `block` > `line_max`. */
struct logreader *logreader_new_sized(const struct logfile *f, uint64_t begin, uint64_t end,
                                      size_t block, size_t line_max);

/* logcount.c: line ends in `n` bytes. */
uint64_t log_count_lines(const char *p, size_t n);

/* "12.3 MiB". Returns `text`. */
const char *log_size_text(uint64_t bytes, char text[32]);

/* logprobe.c: fill everything in `f` that is known from its contents. */
void logfile_probe(struct logfile *f);

/* logcopy.c: copy all of `fd` to an unlinked temporary file. Its descriptor, or -1. */
int log_copy_stream(int fd, const char *name, struct err *err);

#endif
