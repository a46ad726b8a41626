/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attribute - from a transaction to its source
 *
 * Looks at what our own Exim logged of a message and says who handed it in. The
 * kinds and how each is known are in verdict_rules in attribute_rules.c, in the order
 * in which they are tried. Only fields that our Exim vouches for decide; what the
 * outside can write (HELO, headers, Message-ID) may support a verdict and is marked
 * forgeable.
 */
#ifndef POSTERN_TRACE_ATTRIBUTE_H
#define POSTERN_TRACE_ATTRIBUTE_H

#include <stdbool.h>

#include "mail/ip.h"
#include "mail/spool.h"
#include "trace/candidate.h"
#include "trace/complaint.h"
#include "trace/gather.h"
#include "trace/report.h"
#include "trace/sites.h"

#define OWN_IPS_MAX 1024u

struct attribute_context {
    struct sites *sites;
    const struct ip *own_ips;    /* of this host, loopback not among them; may be NULL */
    size_t own_ip_count;
    struct str spool_directory;  /* Exim's; cwd of what Exim submits itself. May be empty */
    const char *root;            /* of a copied server, or NULL */
};

/* Fill the report from the log lines: envelope, deliveries, verdict, confidence, source, witnesses,
 * reason. `header` is the message's own header as the complaint or the spool has it (empty if
 * unknown). `g` must have lines. */
void attribute_log(struct report *r, const struct gathered *g, struct str header,
                   const struct attribute_context *ctx);

/* The same from a queue file alone, when the log has nothing. */
void attribute_spool(struct report *r, const struct spool *s, struct str file, struct str header,
                     const struct attribute_context *ctx);

#endif
