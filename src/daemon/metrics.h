/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics - what the daemon has done, for Prometheus and `postern status`
 *
 * The text exposition format: a name, labels, a number. Labels hold only names
 * of ours and of configured lists, never what a client sent, so their number
 * is bounded. Names are an interface: documented in posternd(8).
 */
#ifndef POSTERN_DAEMON_METRICS_H
#define POSTERN_DAEMON_METRICS_H

#include "base/buf.h"
#include "daemon/service.h"
#include "event/conn.h"

#define METRICS_MAX ((size_t)1024 * 1024)    /* bytes of the text */

/* Append all metrics. `door` may be NULL. */
void metrics_text(struct service *s, const struct conns_stats *door, struct buf *out);

/* Resident memory of this process in bytes; 0 where the system does not tell. */
uint64_t metrics_resident(void);

#endif
