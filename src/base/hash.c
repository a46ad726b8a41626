/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash - keyed hashing of outside bytes
 *
 * SipHash with one compression and three finalisation rounds, as Linux, Rust
 * and Python use it for hash tables. The unit tests hold known answers. Words
 * are taken in the machine's byte order: nothing is stored, so that is enough.
 */
#define _GNU_SOURCE
#include "base/hash.h"

#include <sys/random.h>
#include <time.h>

#include "base/word.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1; s->v1 = rotl(s->v1, 13); s->v1 ^= s->v0; s->v0 = rotl(s->v0, 32);
    s->v2 += s->v3; s->v3 = rotl(s->v3, 16); s->v3 ^= s->v2;
    s->v0 += s->v3; s->v3 = rotl(s->v3, 21); s->v3 ^= s->v0;
    s->v2 += s->v1; s->v1 = rotl(s->v1, 17); s->v1 ^= s->v2; s->v2 = rotl(s->v2, 32);
}

static inline struct sip sip_begin(struct hash_key key)
{
    return (struct sip){ key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du,
                         key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u };
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t sip_end(struct sip *s)
{
    s->v2 ^= 0xff;
    sip_round(s);
    sip_round(s);
    sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

struct hash_key hash_key_new(void)
{
    struct hash_key key;
    if (getrandom(&key, sizeof key, GRND_NONBLOCK) == (ssize_t)sizeof key)
        return key;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    key.k0 = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u;
    key.k1 = (uint64_t)now.tv_sec ^ (uint64_t)(uintptr_t)&key;
    return key;
}

/* The bytes behind the last whole word, seven at most. Where words come before them, the eight last
 * bytes of all are taken, and those that were hashed already pushed out. */
static inline uint64_t tail_bytes(struct str s)
{
    size_t n = s.n & 7;
    uint64_t tail = 0;
    if (n == 0)
        return 0;
    if (s.n > 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        return load8(s.p + s.n - 8) >> (8 * (8 - n));
    for (size_t i = 0; i < n; i++)
        tail |= (uint64_t)(unsigned char)s.p[s.n - n + i] << (8 * i);
    return tail;
}

uint64_t hash_str(struct hash_key key, struct str s)
{
    struct sip h = sip_begin(key);
    size_t whole = s.n & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8)
        sip_word(&h, load8(s.p + i));
    sip_word(&h, (uint64_t)s.n << 56 | tail_bytes(s));
    return sip_end(&h);
}

uint64_t hash_u64(struct hash_key key, uint64_t a, uint64_t b)
{
    struct sip h = sip_begin(key);
    sip_word(&h, a);
    sip_word(&h, b);
    return sip_end(&h);
}

#ifdef __SIZEOF_INT128__

/* 16 bytes at most, as two words; they may overlap. */
static inline void tail_words(const char *p, size_t n, uint64_t *a, uint64_t *b)
{
    if (n >= 8) {
        *a = load8(p);
        *b = load8(p + n - 8);
    } else if (n >= 4) {
        *a = load4(p);
        *b = load4(p + n - 4);
    } else {
        *a = n == 0 ? 0 : (uint64_t)(unsigned char)p[0] << 16 |
                          (uint64_t)(unsigned char)p[n / 2] << 8 | (unsigned char)p[n - 1];
        *b = 0;
    }
}

uint64_t hash_quick(struct hash_key key, struct str s)
{
    const char *p = s.p;
    size_t n = s.n;
    uint64_t h = key.k1 ^ s.n ^ UINT64_C(0xe7037ed1a0b428db), a, b;
    key.k0 ^= UINT64_C(0xa0761d6478bd642f);
    for (; n > 16; p += 16, n -= 16)
        h = hash_mix(load8(p) ^ key.k0, load8(p + 8) ^ h);
    tail_words(p, n, &a, &b);
    h = hash_mix(a ^ key.k0, b ^ h);
    return hash_mix(h ^ key.k1, key.k0 ^ UINT64_C(0x9e3779b97f4a7c15));
}

#else

uint64_t hash_quick(struct hash_key key, struct str s)
{
    return hash_str(key, s);
}

#endif
