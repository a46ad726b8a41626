/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fcrdns - the name of a client, confirmed both ways
 *
 * Whoever owns an address writes any name into its reverse zone. Only when
 * that name leads back to the address does it say something (RFC 8601 section
 * 3 calls the result "iprev"). At most FCRDNS_NAMES_MAX names are followed.
 */
#ifndef POSTERN_POLICY_FCRDNS_H
#define POSTERN_POLICY_FCRDNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "dns/resolver.h"
#include "mail/ip.h"

#define FCRDNS_NAMES_MAX 4u
#define FCRDNS_NAME_TEXT 256u

/* Called once, never before fcrdns_start() has returned. `name` is "" if none is confirmed; `sure`
 * is false if the DNS did not answer, so that nothing can be said. */
typedef void fcrdns_callback(void *ctx, struct str name, bool sure);

struct fcrdns {
    struct resolver *resolver;
    struct ip ip;
    fcrdns_callback *call;
    void *ctx;
    unsigned timeout_ms;
    uint64_t questions[FCRDNS_NAMES_MAX];    /* [0] is the PTR question first */
    char names[FCRDNS_NAMES_MAX][FCRDNS_NAME_TEXT];
    unsigned count, open;
    bool running, unsure;
};

struct fcrdns_asker {
    fcrdns_callback *call;
    void *ctx;
    unsigned timeout_ms;         /* for each of the two steps */
};

/* The struct is the caller's and stays until the callback or fcrdns_stop(). */
void fcrdns_start(struct fcrdns *f, struct resolver *r, const struct ip *ip,
                  struct fcrdns_asker asker);
void fcrdns_stop(struct fcrdns *f);

/* The name under which the address is asked: 4.3.2.1.in-addr.arpa, or nibbles. */
#define FCRDNS_REVERSE_MAX 80u
struct str fcrdns_reverse(const struct ip *ip, char text[FCRDNS_REVERSE_MAX]);

/* `name` is `pattern`, or, where the pattern begins with a dot, below it (or it without the dot).
 * */
bool fcrdns_matches(struct str name, struct str pattern);

#endif
