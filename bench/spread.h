/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spread - addresses that the benchmarks agree on
 *
 * storebench writes a state with the first N of them banned, doorbench asks for
 * them: the i-th address, spread over all of IPv4, no two alike.
 */
#ifndef POSTERN_BENCH_SPREAD_H
#define POSTERN_BENCH_SPREAD_H

#include <stdint.h>

static inline uint32_t spread_address(uint32_t i)
{
    return i * 2654435761u;      /* odd, so it is a permutation of all 32-bit numbers */
}

#endif
