/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener - stand in for posternd, for the length of a self-test
 *
 * Answers every request with DUNNO and keeps what was asked. Never used where a
 * daemon listens.
 */
#ifndef POSTERN_KIT_LISTENER_H
#define POSTERN_KIT_LISTENER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct listener;

/* True if somebody listens on that Unix socket. */
bool listener_answered(const char *path);

/* Listen on a Unix socket, in a thread of its own. A folder that is missing is made, a dead socket
 * that is in the way removed. NULL with *err. */
struct listener *listener_new(const char *path, struct err *err);

/* End it, and take away what it made. The requests, one after the other as they came, are appended
 * to `requests_out` (which may be NULL). */
void listener_free(struct listener **l, struct buf *requests_out);

#endif
