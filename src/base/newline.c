/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * newline - where the lines of a text end, many at a time
 *
 * With AVX2, 64 bytes become the bits of one word. Its first two bits are written down
 * without asking whether they are set, because that is what a processor cannot
 * guess: those that are not are overwritten next. Elsewhere memchr() does it.
 */
#define _GNU_SOURCE
#include "base/newline.h"

#include <stdbool.h>
#include <string.h>

#include "base/must.h"

/* From offset `i` on, in addition to what was found. */
static void find_each(const char *p, size_t i, size_t n, struct newlines *out)
{
    const char *lf;
    while (i < n && (lf = memchr(p + i, '\n', n - i)) != NULL) {
        i = (size_t)(lf - p);
        out->at[out->count++] = (uint16_t)i++;
    }
}

#if defined(__x86_64__)

#include <immintrin.h>

__attribute__((target("avx2,bmi,popcnt")))
static void find_avx2(const char *p, size_t n, struct newlines *out)
{
    const __m256i lf = _mm256_set1_epi8('\n');
    size_t i = 0, count = 0;
    for (; i + 64 <= n; i += 64) {
        __m256i low, high;
        memcpy(&low, p + i, sizeof low);
        memcpy(&high, p + i + 32, sizeof high);
        uint64_t bits = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, lf));
        bits |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, lf)) << 32;
        uint16_t *at = out->at + count;
        count += (size_t)__builtin_popcountll(bits);
        at[0] = (uint16_t)(i + _tzcnt_u64(bits));
        bits = _blsr_u64(bits);
        at[1] = (uint16_t)(i + _tzcnt_u64(bits));
        for (at += 2; (bits = _blsr_u64(bits)) != 0; at++)
            *at = (uint16_t)(i + _tzcnt_u64(bits));
    }
    out->count = count;
    find_each(p, i, n, out);
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

#else

static void find_avx2(const char *p, size_t n, struct newlines *out)
{
    find_each(p, 0, n, out);
}

static bool has_avx2(void)
{
    return false;
}

#endif

void newline_find(const char *p, size_t n, struct newlines *out)
{
    must(n <= NEWLINE_SPAN);
    out->count = 0;
    if (has_avx2())
        find_avx2(p, n, out);
    else
        find_each(p, 0, n, out);
}
