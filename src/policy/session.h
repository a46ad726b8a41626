/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session - what one SMTP session has shown so far
 *
 * An MTA asks at each stage anew; this ties its requests together. Sessions
 * end when the MTA says so, and those that it never ends (Postfix has no such
 * request) are forgotten when they were not used for long or room is needed.
 * No check reads it: a client would only have to begin another session. It is
 * what the log says at the end. In memory only.
 */
#ifndef POSTERN_POLICY_SESSION_H
#define POSTERN_POLICY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* What has been judged of a session so far. */
struct session {
    uint32_t recipients;             /* asked about */
    uint32_t good, unknown;          /* by the tables or the MTA's word; the rest nobody knows */
    uint32_t deferred, refused;      /* by us */
};

struct sessions;

/* At most `max` are remembered; one that was not used for `idle_ms` is forgotten. Never NULL. */
struct sessions *sessions_new(size_t max, int64_t idle_ms);
/* One more owner of the same table: what is held by one can be ended by the other. */
struct sessions *sessions_share(struct sessions *s);
/* The last owner frees it; nothing may be held then. */
void sessions_free(struct sessions **s);

/* The session of this key, begun if it is new; it stays until session_release(). NULL if `max` of
 * them are in use. */
struct session *session_hold(struct sessions *s, struct str key, int64_t now_ms);
void session_release(struct sessions *s, struct session *session);

/* The session is over: true, and what it was in *last_out, if it is known. One that is still held
 * goes when it is released. */
bool session_end(struct sessions *s, struct str key, struct session *last_out);

size_t sessions_count(const struct sessions *s);

#endif
