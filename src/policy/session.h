/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session - what one SMTP session has shown so far
 *
 * An MTA asks at each stage anew; this ties its requests together. Sessions
 * end when the MTA says so, and those that it never ends (Postfix has no such
 * request) are forgotten when they were not used for long or room is needed.
 * In memory only: what must outlive a session is in the store.
 */
#ifndef POSTERN_POLICY_SESSION_H
#define POSTERN_POLICY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/check.h"

struct sessions;

/* At most `max` are remembered; one that was not used for `idle_ms` is forgotten. Never NULL. */
struct sessions *sessions_new(size_t max, int64_t idle_ms);
void sessions_free(struct sessions **s);

/* The session of this key, begun if it is new; it stays until session_release(). NULL if `max` of
 * them are in use. */
struct session *session_hold(struct sessions *s, struct str key, int64_t now_ms);
void session_release(struct sessions *s, struct session *session);

/* The session is over. One that is still held goes when it is released. */
void session_end(struct sessions *s, struct str key);

size_t sessions_count(const struct sessions *s);

#endif
