/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * question - one question to the DNS, between its asker and whoever answers it
 *
 * The part of a resolver that its makers share: numbers, deadlines, counters,
 * and the rule that an asker is called back exactly once and never before
 * resolver_ask() has returned. To keep that rule without exceptions every
 * answer goes through the question's own timer; libunbound may call back from
 * its cache inside of the call that asks, and it cannot be freed from inside of
 * its own callbacks.
 *
 * A question whose asker has gone (cancelled, late) stays until the maker is
 * done with it: libunbound cannot be told to forget, and its cache gains.
 * Only for the files of this folder.
 */
#ifndef POSTERN_DNS_QUESTION_H
#define POSTERN_DNS_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/packet.h"
#include "dns/resolver.h"
#include "event/loop.h"

struct question {
    struct resolver *resolver;
    struct question *next, *previous;    /* all questions of the resolver */
    uint64_t number;
    struct dns_asker asker;
    enum dns_type type;
    struct dns_wire name;
    struct timer timer;                  /* its deadline; then its delivery */
    struct timer script_timer;           /* the scripted one's delay */
    bool asked;                          /* the maker holds a pointer to this */
    bool over;                           /* the asker was called, or does not want to be */
    struct dns_answer answer;            /* what is known without a packet: status and why */
    bool secure;
    bool cached;                         /* the maker had the answer; for its own use */
    char *packet;                        /* heap, owned: the bytes of the answer, or NULL */
    size_t packet_n;
};

/* What the makers of a resolver differ in. */
struct resolver_ops {
    /* Ask. The maker may call question_answered() at once, or later, once. 0, or -1 if it cannot:
     * q->answer is then what to say, and the maker does not hold `q`. */
    int (*ask)(struct resolver *r, struct question *q);
    /* Fill *out for an asker, from what question_answered() was given. */
    void (*read)(struct resolver *r, struct question *q, struct dns_answer *out);
    /* Free what is the maker's; may still answer questions. */
    void (*close)(struct resolver *r);
};

struct resolver {
    const struct resolver_ops *ops;
    struct loop *loop;
    void *own;                           /* the maker's */
    unsigned open_max;
    struct question **slots;             /* by the low half of a number, minus 1 */
    uint32_t *free_slots;
    size_t slot_count, free_count;
    uint32_t generation;                 /* the high half of the next number */
    struct question *all;
    size_t asked;                        /* that the maker holds */
    struct resolver_stats stats;
    struct dns_scratch scratch;          /* of the answer that is being delivered */
};

/* For the makers: a resolver without `own`. */
struct resolver *resolver_begin(struct loop *l, const struct resolver_ops *ops, unsigned open_max);

/* The maker is done with `q`, which may be gone afterwards. `packet` is copied; empty: q->answer
 * says it all. */
void question_answered(struct question *q, struct str packet);

#endif
