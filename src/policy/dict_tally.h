/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dict_tally - which unknown names were tried, by whom, in a span of time
 *
 * One tally belongs to a client, a network or a target domain. It holds the
 * hashes of the distinct names that were tried and of the clients that tried
 * them, each with the last time, so that a window slides over them exactly. A
 * set that is full drops what is oldest: it counts exactly up to its size, and
 * no threshold is above that.
 *
 * Good recipients of a client are kept the same way, but not as a number that
 * the client could drive up with the one address that it knows: a name counts
 * at most DICT_GOOD_TIMES times in the window, each time with a mark of its
 * own. When that set is full, a name counts only if it has no mark there, and
 * the counts of eighths of the window go on; so to count for ever a client must
 * know more than DICT_GOODS_MAX good names.
 *
 * The hashes are made with a key that lies in the state, since they must mean
 * the same after a restart and nobody outside may choose names that collide.
 * A tally of another key is begun afresh.
 */
#ifndef POSTERN_POLICY_DICT_TALLY_H
#define POSTERN_POLICY_DICT_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "mail/ip.h"

struct store;

#define DICT_NAMES_MAX 300u          /* distinct names; no threshold may be higher */
#define DICT_CLIENTS_MAX 128u        /* distinct clients */
#define DICT_GOODS_MAX 180u          /* marks of good names */
#define DICT_GOOD_TIMES 4u           /* so often one good name counts within the window */
#define DICT_SLOTS 8u
#define DICT_UNTIL_MAX_S ((int64_t)31 * 86400)   /* from now; above the longest window. What is
                                                    beyond was written by a clock that was wrong */

struct dict_mark {
    uint32_t hash, when;             /* UTC seconds; good until 2106 */
};

struct dict_slot {
    uint32_t good;                   /* good names that counted */
    uint32_t fresh;                  /* names that were new when they came */
};

struct dict_tally {
    uint32_t window_s;               /* what the slots were counted for */
    int64_t slot;                    /* number of the newest slot: time / (window / DICT_SLOTS) */
    struct dict_slot slots[DICT_SLOTS];
    int64_t until;                   /* of a client: counts as a sender of good mail until then;
                                        of a domain: is under attack until then */
    uint16_t names_n, clients_n, goods_n;
    struct dict_mark names[DICT_NAMES_MAX];
    struct dict_mark clients[DICT_CLIENTS_MAX];
    struct dict_mark goods[DICT_GOODS_MAX];
};

/* What is counted. Bounces (the null sender) are counted apart, see check_dictionary.c. */
enum dict_kind { DICT_CLIENT = 'c', DICT_NET = 'n', DICT_DOMAIN = 'd',
                 DICT_CLIENT_BOUNCES = 'b', DICT_DOMAIN_BOUNCES = 'e' };

/* The key of the hashes; `number` marks the tallies that were made with it. */
struct dict_key {
    struct hash_key key;
    uint32_t number;
};

/* From the state, or drawn anew and remembered there; `dry`: not remembered. */
struct dict_key dict_key_get(struct store *s, bool dry);

uint32_t dict_hash(const struct dict_key *k, struct str text);

/* Under what a tally is kept. For bounces a client is its address, or a /64 of IPv6. */
#define DICT_STORE_KEY_MAX 300u
struct str dict_key_client(enum dict_kind k, const struct ip *ip, char room[DICT_STORE_KEY_MAX]);
struct str dict_key_net(const struct ip *ip, char room[DICT_STORE_KEY_MAX]);  /* its /24 or /64 */
struct str dict_key_domain(enum dict_kind k, struct str domain, char room[DICT_STORE_KEY_MAX]);

/* The tally of a key as of `now`: what has left the window is gone. Empty if there is none, or
 * if its bytes make no sense. */
struct dict_now {
    struct store *store;
    struct dict_key key;
    uint32_t window_s;
    int64_t now;                     /* UTC seconds */
};
void dict_tally_load(const struct dict_now *d, struct str key, struct dict_tally *t);

/* Keep it while anything in it matters. */
void dict_tally_save(const struct dict_now *d, struct str key, const struct dict_tally *t);

/* Bytes for the store, and back: checked through, 0 or -1. A tally of another version is begun
 * afresh, as one of another key is. */
void dict_tally_encode(const struct dict_tally *t, uint32_t key_number, struct buf *out);
int dict_tally_decode(struct str bytes, uint32_t key_number, struct dict_tally *out);

/* Begin a tally for this window, or move one on to `now`. */
void dict_tally_move(struct dict_tally *t, uint32_t window_s, int64_t now);

/* A name that is unknown was tried, by a client. True if the name is new in the window. */
bool dict_tally_unknown(struct dict_tally *t, int64_t now, uint32_t name, uint32_t client);

/* A good name. True if it counted: it did so less than DICT_GOOD_TIMES times in the window, or not
 * at all where there are many. */
bool dict_tally_good(struct dict_tally *t, int64_t now, uint32_t name);

/* In the window: distinct unknown names, and good ones that counted (beyond DICT_NAMES_MAX and
 * DICT_GOODS_MAX about). */
uint32_t dict_tally_unknowns(const struct dict_tally *t);
uint32_t dict_tally_goods(const struct dict_tally *t);

/* Forget what is counted of an address and of its network: when a ban is lifted. */
void dict_forget(struct store *s, const struct ip *ip);

#endif
