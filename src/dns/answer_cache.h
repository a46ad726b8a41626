/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answer_cache - the last answers, as the packets that they were
 *
 * libunbound has a cache of its own, which is large and shared; but to be asked
 * it copies the question, takes locks, builds a packet and allocates four times.
 * A client that names ten recipients asks the same few questions ten times
 * within a second, so those are answered from here. An answer is kept no longer
 * than its own time to live, and nothing is kept that is not an answer.
 *
 * Bounded: ANSWER_CACHE_PLACES answers of at most ANSWER_CACHE_PACKET bytes.
 * Who asks for many names pushes out other answers, which costs time and nothing
 * else. The places of a name cannot be foreseen by who chooses names.
 */
#ifndef POSTERN_DNS_ANSWER_CACHE_H
#define POSTERN_DNS_ANSWER_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/packet.h"
#include "dns/resolver.h"

#define ANSWER_CACHE_PLACES 2048u   /* a power of two */
#define ANSWER_CACHE_PACKET 512u    /* bytes; greater answers are not kept */

struct answer_cache;

struct cached_answer {
    struct str packet;              /* lives until the next put */
    bool secure;
    int64_t end_ms;                 /* of its time to live, on the clock of loop_ms() */
};

/* Never NULL. */
struct answer_cache *answer_cache_new(void);
void answer_cache_free(struct answer_cache **c);

/* The answer to this question that is good at `now_ms`; false: there is none. */
bool answer_cache_get(const struct answer_cache *c, const struct dns_wire *name, enum dns_type type,
                      int64_t now_ms, struct cached_answer *out);

/* Keep it; `packet` is copied. It takes the place of the same question's older answer, else of one
 * that is over or ends first. What is too large, or over already, is not kept. */
void answer_cache_put(struct answer_cache *c, const struct dns_wire *name, enum dns_type type,
                      int64_t now_ms, const struct cached_answer *answer);

#endif
