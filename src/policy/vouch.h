/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vouch - does a sender's domain speak for this client?
 *
 * Before a callout bothers a domain's server, the domain itself must say that
 * the client sends for it: by the client's confirmed name being in the domain,
 * by its address being one of the domain or of its mail servers, or by SPF
 * (RFC 7208). A domain that does not is most likely the victim of a forgery,
 * and is left in peace.
 *
 * Of SPF only what leads to a pass is followed (ip4, ip6, a, mx, include,
 * redirect); a record with anything else is read up to there. `all` vouches
 * for nobody. So "vouched" is sure, "not vouched" may be too careful.
 */
#ifndef POSTERN_POLICY_VOUCH_H
#define POSTERN_POLICY_VOUCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "dns/resolver.h"
#include "mail/ip.h"

#define VOUCH_QUESTIONS_MAX 24u      /* in all; RFC 7208 section 4.6.4 allows ten mechanisms */
#define VOUCH_RECORDS_MAX 11u        /* SPF records: the domain's and ten included */

/* Called once, maybe before vouch_start() returns. `how`: "its name", "address", "mail server",
 * "SPF", or "" if nothing vouches. */
typedef void vouch_callback(void *ctx, const char *how);

enum vouch_kind { VOUCH_SPF, VOUCH_ADDRESS, VOUCH_MX, VOUCH_MX_ADDRESS };

struct vouch_question {
    uint64_t number;                 /* 0: answered */
    enum vouch_kind kind;
    unsigned bits;                   /* of the family */
    bool spf;                        /* asked because of an SPF record */
    unsigned record;                 /* VOUCH_SPF: whose record, a place in `domains` */
};

struct vouch {
    struct resolver *resolver;
    struct ip client;
    unsigned timeout_ms;
    vouch_callback *call;
    void *ctx;
    struct vouch_question questions[VOUCH_QUESTIONS_MAX];
    unsigned asked, open;
    char domains[VOUCH_RECORDS_MAX][DNS_NAME_MAX + 1];
    unsigned domain_count;
    bool running;
};

struct vouch_asker {
    vouch_callback *call;
    void *ctx;
    unsigned timeout_ms;             /* for each question */
};

/* Who asks for whom. */
struct vouch_client {
    struct ip ip;
    struct str name;                 /* confirmed, or "" */
};

/* The struct is the caller's and stays until the callback or vouch_stop(). */
void vouch_start(struct vouch *v, struct resolver *r, const struct vouch_client *client,
                 struct str domain, struct vouch_asker asker);
void vouch_stop(struct vouch *v);

#endif
