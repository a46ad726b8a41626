/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_probe - the test entries of a list (RFC 5782 section 5)
 *
 * A list that works has 127.0.0.2 and not 127.0.0.1; a list of names has TEST
 * and not INVALID. Both sides are asked and the codes are looked at: "you may
 * not ask" is an address too, and is no sign of life.
 */
#ifndef POSTERN_POLICY_DNSBL_PROBE_H
#define POSTERN_POLICY_DNSBL_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/resolver.h"
#include "policy/dnsbl_zone.h"

#define DNSBL_PROBE_NAMES 4u

/* DNSBL_NO_REASON: the list is well. Called once for each start, unless it is stopped, never before
 * dnsbl_probing_start() has returned; it may start the next one. */
typedef void dnsbl_probe_callback(void *ctx, enum dnsbl_reason reason, uint32_t code);

struct dnsbl_probe_asker {
    dnsbl_probe_callback *call;
    void *ctx;
};

struct dnsbl_probe_name {
    struct dnsbl_probing *probing;
    uint64_t question;               /* 0: not asked, or answered */
    bool asked;
    bool positive;                   /* must be in the list; one of them is enough */
    bool vital;                      /* no answer is no proof of health */
    enum dnsbl_report said;
    uint32_t code;
};

/* Zeroed but for `asker`; the caller's storage. */
struct dnsbl_probing {
    struct dnsbl_probe_asker asker;
    struct resolver *resolver;
    const struct dnsbl_zone_options *options;
    struct dnsbl_probe_name names[DNSBL_PROBE_NAMES];
    unsigned open;
};

/* Begin, or begin anew. The options must stay until the call or the stop. */
void dnsbl_probing_start(struct dnsbl_probing *p, struct resolver *r,
                         const struct dnsbl_zone_options *o);
void dnsbl_probing_stop(struct dnsbl_probing *p);
static inline bool dnsbl_probing_open(const struct dnsbl_probing *p) { return p->open > 0; }

#endif
