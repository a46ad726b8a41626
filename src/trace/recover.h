/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recover - find a message of ours in a complaint that lost its id
 *
 * Some reporters cut or rewrite Received lines. Two other things of a message are in our log: its
 * Message-ID (id=), and the id that the recipient's server gave it, which that server told us in
 * its answer (C=) and wrote into its own Received line, the one that survives most often.
 */
#ifndef POSTERN_TRACE_RECOVER_H
#define POSTERN_TRACE_RECOVER_H

#include <stddef.h>

#include "logs/logset.h"
#include "trace/complaint.h"
#include "trace/search.h"

#define RECOVER_DAYS 5           /* of log read behind the earliest date in the complaint */

/* Search the log; matches are in *out. 0, or -1 when the complaint has nothing to search for. */
int recover_search(const struct complaint *c, const struct logset *set, struct arena *arena,
                   struct search_result *out);

#endif
