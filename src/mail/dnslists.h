/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnslists - Exim's lists of DNS block lists, and what their answers mean
 *
 * The grammar of Exim's `dnslists` condition (specification, "Testing more on
 * DNS lists"; src/dnsbl.c of 4.96), so that an administrator can carry lines
 * over as they are:
 *
 *     [txtzone,]zone[op address,...][/key:...]    op: = & == =& != !& !== !=&
 *     +include_unknown  +exclude_unknown  +defer_unknown
 *
 * and the truth of a condition over a set of answers, in two readings. `exim`
 * is Exim's own to the letter, with its two traps: an answer outside of 127/8
 * makes `!=` true, and a list's "you may not ask" counts as listed. `safe` knows
 * these as what they are; they never count, whatever the operator.
 *
 * Pure: no DNS, no log. What Exim would only log or never match (an address that
 * is none) is an error here, with its place.
 */
#ifndef POSTERN_MAIL_DNSLISTS_H
#define POSTERN_MAIL_DNSLISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "mail/ip.h"

#define DNSLIST_ITEMS_MAX 64u
#define DNSLIST_ADDRESSES_MAX 64u    /* of one item */
#define DNSLIST_KEYS_MAX 16u         /* of one item */

/* What a zone that does not answer counts as. */
enum dnslist_unknown { DNSLIST_EXCLUDE_UNKNOWN, DNSLIST_INCLUDE_UNKNOWN, DNSLIST_DEFER_UNKNOWN };

struct dnslist_item {
    struct str text;                 /* all of it, as written */
    struct str zone;                 /* that is asked */
    struct str txt_zone;             /* whose TXT is taken; the same unless two were given */
    const uint32_t *addresses;       /* of the condition, host order; none: any in 127/8 */
    size_t address_count;
    bool mask, all, negated;         /* & instead of =; ==; ! */
    const struct str *keys;          /* none: the client's address */
    size_t key_count;
    enum dnslist_unknown unknown;    /* by the last +..._unknown before it */
};

struct dnslist {
    const struct dnslist_item *items;
    size_t count;
};

struct dnslist_problem {
    size_t at;                       /* offset in the text */
    const char *what;                /* a constant: what is wrong, and the remedy */
};

/* Views in *out lie in `text` or in the arena, both must outlive it. 0, or -1 with *problem_out. */
int dnslist_parse(struct str text, struct arena *a, struct dnslist *out,
                  struct dnslist_problem *problem_out);

/* What $variables in keys stand for; an empty one is not known (yet). */
struct dnslist_values {
    struct str sender_host_address, sender_host_name, sender_helo_name;
    struct str sender_address, sender_address_domain;
};

/* Append `key` with its $variables (as `$x` and `${x}`) replaced. 1, or 0 if one of them is not
 * known or `b` is full: then there is nothing to ask, and what is in `b` is of no use. */
int dnslist_key_expand(struct str key, const struct dnslist_values *values, struct buf *b);

/* Whoever connects chooses what this key becomes: it has a $variable other than the address. */
bool dnslist_key_chosen(struct str key);

#define DNSLIST_QUERY_MAX 255u       /* Exim's limit; longer is "not listed" */

struct dnslist_query {
    char text[DNSLIST_QUERY_MAX + 1];
    size_t n;
    bool address;                    /* an address is asked, not a name */
};

/* The name to ask: `key` reversed if it is an address (4 numbers, or 32 nibbles; an IPv4-mapped one
 * as IPv4), else as it is, and the zone. 0, or -1 if it is longer than DNSLIST_QUERY_MAX or the key
 * empty. */
int dnslist_query_make(struct str key, struct str zone, struct dnslist_query *out);
void dnslist_query_reverse(const struct ip *ip, struct buf *b);

enum dnslist_outcome {
    DNSLIST_NOT_LISTED,
    DNSLIST_LISTED,
    DNSLIST_REFUSED,                 /* the list says that we may not ask, or asked wrongly */
    DNSLIST_OUT_OF_RANGE,            /* an answer that no block list gives: parked, hijacked */
};

struct dnslist_rules {
    bool exim;                       /* Exim's reading; the rest is then not looked at */
    bool address;                    /* an address was asked: 127.0.1.255 is then a refusal */
    const uint32_t *refusals;        /* answers of this zone that are refusals, beside the known */
    size_t refusal_count;
};

/* The answer is a refusal under `rules`: 127.255.255.0/24 for every zone. */
bool dnslist_is_refusal(uint32_t answer, const struct dnslist_rules *rules);

/* What `count` answers (addresses, host order) mean for the item. No answer at all is NOT_LISTED.
 * *code_out: the answer that decided; the first one where several did. */
enum dnslist_outcome dnslist_judge(const struct dnslist_item *item, const uint32_t *answers,
                                   size_t count, const struct dnslist_rules *rules,
                                   uint32_t *code_out);

/* "127.0.0.2" as a number. 0 or -1. */
int dnslist_address(struct str text, uint32_t *out);

#endif
