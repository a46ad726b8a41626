/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_known - what is known of single lists beyond RFC 5782
 *
 * Lists differ in how they say "you may not ask", in what their test entry is,
 * and in where a person reads more. Settings come before what stands here.
 *
 * Lists for paying users have a key in the zone's name (Spamhaus DQS, Abusix).
 * Who reads it can use it, so it must never leave the daemon: not in a reply,
 * not in a log, not in a status. dnsbl_public() gives the name without it.
 */
#ifndef POSTERN_POLICY_DNSBL_KNOWN_H
#define POSTERN_POLICY_DNSBL_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum dnsbl_probe { DNSBL_PROBE_NONE, DNSBL_PROBE_ADDRESS, DNSBL_PROBE_NAME };

struct dnsbl_known {
    const char *zone;            /* and all below it */
    enum dnsbl_probe probe;      /* where the list's kind does not say it; else DNSBL_PROBE_NONE */
    const char *entry;           /* its test entry in place of TEST, or NULL */
    bool white_1;                /* 127.0.0.1 is one of its answers, also for itself */
    uint32_t refusal;            /* an answer that means "not for you"; 0: only the usual */
    const char *page;            /* with %s for the address; or NULL */
};

/* NULL if nothing is known. */
const struct dnsbl_known *dnsbl_known_find(struct str zone);

/* `zone` is `top` or below it. */
bool dnsbl_below(struct str zone, struct str top);

/* The part of `zone` that is a key; empty if it has none. */
struct str dnsbl_secret(struct str zone);

/* The zone without its key, in lower case; text that does not fit is cut. */
#define DNSBL_NAME_MAX 256u
struct str dnsbl_public(struct str zone, char text[DNSBL_NAME_MAX]);

/* `text` has the key inside, in upper or lower case. An empty key is nowhere. */
bool dnsbl_leaks(struct str text, struct str secret);

#endif
