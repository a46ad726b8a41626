/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash - keyed hashing of outside bytes
 *
 * Senders choose subjects, addresses and HELO names, so they could choose ones
 * that collide. The key is drawn once for each process from the kernel; with
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

#endif
