/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * word - a few bytes at once, in the innermost loops
 *
 * Text is compared and searched by whole words where it is read by the gigabyte. All bytes that a
 * word is loaded from must be ours; where they begin does not matter. The order of bytes in a word
 * is the machine's, so what comes out of one is compared with words that were loaded alike.
 */
#ifndef POSTERN_BASE_WORD_H
#define POSTERN_BASE_WORD_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline uint64_t load8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint32_t load4(const char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint16_t load2(const char *p)
{
    uint16_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* Some byte of the word is `c`: the highest bit of it is set. Exact for the first such byte of a
 * little-endian word; a later one may be told wrongly. */
static inline uint64_t word_has(uint64_t word, unsigned char c)
{
    uint64_t x = word ^ (UINT64_C(0x0101010101010101) * c);
    return (x - UINT64_C(0x0101010101010101)) & ~x & UINT64_C(0x8080808080808080);
}

/* Sixteen bytes, with the vectors that gcc and clang have on every processor. A compare of two
 * gives 0xff where it holds. */
typedef unsigned char bytes16 __attribute__((vector_size(16)));

static inline bytes16 bytes16_load(const char *p)
{
    bytes16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline bytes16 bytes16_all(char c)
{
    const bytes16 zero = { 0 };
    return zero + (unsigned char)c;
}

/* One bit for each byte that is 0xff, the first one's lowest. The others must be 0. */
static inline unsigned bytes16_bits(bytes16 v)
{
#if defined(__SSE2__)
    return (unsigned)_mm_movemask_epi8((__m128i)v);
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < 16; i++)
        bits |= (v[i] & 1u) << i;
    return bits;
#endif
}

#endif
