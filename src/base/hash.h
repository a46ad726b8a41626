/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash - keyed hashing of outside bytes
 *
 * Senders choose subjects, addresses and HELO names, so they could choose ones
 * that collide. Whoever makes a table draws a key for it from the kernel; with
 * it unknown, SipHash-1-3 gives nobody a way to make a table slow. The values
 * differ from run to run under such a key, so they are never stored or printed; who keeps a key
 * with its values (the tallies of the dictionary check do) may store them.
 */
#ifndef POSTERN_BASE_HASH_H
#define POSTERN_BASE_HASH_H

#include <stdint.h>

#include "base/str.h"

struct hash_key {
    uint64_t k0, k1;
};

/* A fresh key from getrandom(2); from the clock and the address space where
 * the kernel has none. */
struct hash_key hash_key_new(void);

/* SipHash-1-3 of the bytes (Aumasson and Bernstein, 2012). */
uint64_t hash_str(struct hash_key key, struct str s);

/* The same strength for two numbers, a few instructions. */
uint64_t hash_u64(struct hash_key key, uint64_t a, uint64_t b);

#ifdef __SIZEOF_INT128__
/* Both halves of a product of 128 bits, folded: what the quick ones below are made of. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 product;
    product p = (product)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}
#endif

/* A quick one, for tables that live as long as one run over a log: 16 bytes go into each
 * multiplication (as in wyhash, Wang Yi, 2019), with the key in place of its constants. Who does
 * not know the key cannot choose bytes that collide, but nobody has proved that; what a stranger
 * may ask again and again, like the daemon's tables, is hashed by hash_str(). */
uint64_t hash_quick(struct hash_key key, struct str s);

/* The same for two words. */
static inline uint64_t hash_pair(struct hash_key key, uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    uint64_t h = hash_mix(a ^ key.k0 ^ UINT64_C(0xa0761d6478bd642f),
                          b ^ key.k1 ^ UINT64_C(0xe7037ed1a0b428db));
    return hash_mix(h, UINT64_C(0x9e3779b97f4a7c15));
#else
    return hash_u64(key, a, b);
#endif
}

#endif
