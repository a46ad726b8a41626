/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_file - the bytes of a configuration file, and whether to trust them
 *
 * Root reads this file, and does what it says: sockets, folders, whom to refuse.
 * So it must belong to root or to who reads it, and nobody else may write it.
 */
#ifndef POSTERN_CONF_CONF_FILE_H
#define POSTERN_CONF_CONF_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/conf_scan.h"

#define CONF_FILE_BYTES_MAX CONF_FILE_MAX
#define CONF_SECTIONS_MAX 1000u      /* with titles, in a file */

/* Append the file's bytes. 0, or -1 with *err: it is not there, no plain file, too large, or
 * somebody else could write it. */
int conf_file_read(const char *path, struct buf *out, struct err *err);

/* As conf_read, of bytes; `name` stands for the file in errors. */
struct conf *conf_read_bytes(const char *name, struct str bytes, struct err *err);

#endif
