/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relate - follow a bounce to its parent, and a parent to its bounces
 *
 * Our own reports and autoreplies say with R= which message they answer. Who caused a
 * bounce that was complained about is known only from the message that it is a report on, and that
 * may itself be one: the chain is followed up to RELATE_CHAIN_MAX steps.
 */
#ifndef POSTERN_TRACE_RELATE_H
#define POSTERN_TRACE_RELATE_H

#include "trace/attribute.h"
#include "trace/gather.h"
#include "trace/report.h"

#define RELATE_CHAIN_MAX 5u      /* parents of parents */
#define RELATE_CHILDREN_MAX 5u   /* answers looked at; the rest is named by id only */

/* Fill r->relations from the log (`gather` with the arena of the report). A bounce whose parent has
 * no recipient that failed or was deferred is an answer of another kind: its verdict becomes
 * autoreply. */
void relate_add(struct report *r, const struct logset *set, const struct gather_options *gather,
                const struct attribute_context *attribute);

#endif
