/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * input - what an administrator hands to trace
 *
 * An argument is a message id, a file with a complaint, a -H file, a folder of
 * Exim's queue, or - for standard input. Read whole, up to a ceiling, before anything
 * looks at the bytes.
 */
#ifndef POSTERN_CMD_INPUT_H
#define POSTERN_CMD_INPUT_H

#include "base/buf.h"
#include "base/err.h"
#include "mail/msgid.h"

#define INPUT_BYTES_MAX ((size_t)64 << 20)
#define INPUT_QUEUE_MAX 20000u       /* -H files of one folder */

enum input_kind { INPUT_ID, INPUT_FILE, INPUT_FOLDER };

/* What an argument is. 0, or -1: neither an id nor anything that exists. */
int input_kind(const char *arg, enum input_kind *kind_out, struct msgid *id_out, struct err *err);

/* The bytes of a file or of standard input (`-`) into `b` (initialised here). 0 or -1. Devices are
 * refused; a pipe is read to its end. */
int input_read(const char *path, struct buf *b, struct err *err);

/* Call `f` for each -H file below `dir`: in it, in input/, in the folders of a split queue
 * and of named queues. In the order of their names. Returns how many, or -1 when the folder cannot
 * be read. Where `err` says something nevertheless, files were left out: a folder below it cannot
 * be read, or there are more than INPUT_QUEUE_MAX. */
int input_queue(const char *dir,
                void (*f)(void *ctx, const char *path, const struct msgid *id), void *ctx,
                struct err *err);

#endif
