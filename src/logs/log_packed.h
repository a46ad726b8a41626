/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_packed - the library behind bzip2, xz, zstd and their like
 *
 * It is loaded when the first such log is met. Who wants its name without
 * a log asks here.
 */
#ifndef POSTERN_LOGS_LOG_PACKED_H
#define POSTERN_LOGS_LOG_PACKED_H

/* "libarchive 3.6.2", or that it is missing. Loads it. */
const char *log_packed_library(void);

#endif
