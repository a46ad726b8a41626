/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cdbmake - constant databases for tests, made as cdbmake(1) makes them
 *
 * Written from the format's description, not from our reader, so that both cannot share a mistake.
 */
#ifndef POSTERN_TESTS_CDBMAKE_H
#define POSTERN_TESTS_CDBMAKE_H

#include "base/buf.h"
#include "unit.h"

#define CDBMAKE_RECORDS 64u

struct cdbmake {
    struct buf bytes;
    struct { uint32_t hash, at; } records[CDBMAKE_RECORDS];
    size_t n;
};

static inline void cdbmake_number(struct buf *b, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        buf_add_c(b, (char)(unsigned char)(v >> (8 * i)));
}

static inline void cdbmake_begin(struct cdbmake *m)
{
    m->n = 0;
    buf_init(&m->bytes, 1u << 20);
    for (int i = 0; i < 512; i++)
        cdbmake_number(&m->bytes, 0);
}

static inline void cdbmake_add(struct cdbmake *m, struct str key, struct str value)
{
    uint32_t h = 5381;
    for (size_t i = 0; i < key.n; i++)
        h = (h * 33u) ^ (unsigned char)key.p[i];
    assert_true(m->n < CDBMAKE_RECORDS);
    m->records[m->n].hash = h;
    m->records[m->n++].at = (uint32_t)m->bytes.n;
    cdbmake_number(&m->bytes, (uint32_t)key.n);
    cdbmake_number(&m->bytes, (uint32_t)value.n);
    buf_add(&m->bytes, key);
    buf_add(&m->bytes, value);
}

static inline void cdbmake_set(struct cdbmake *m, size_t at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        m->bytes.p[at + (size_t)i] = (char)(unsigned char)(v >> (8 * i));
}

/* One of the 256 tables, twice as many slots as records. */
static inline void cdbmake_table(struct cdbmake *m, uint32_t table)
{
    uint32_t count = 0, at = (uint32_t)m->bytes.n;
    for (size_t i = 0; i < m->n; i++)
        count += (m->records[i].hash & 255u) == table;
    cdbmake_set(m, table * 8u, at);
    cdbmake_set(m, table * 8u + 4, count * 2);
    for (uint32_t i = 0; i < count * 4; i++)
        cdbmake_number(&m->bytes, 0);
    for (size_t i = 0; i < m->n; i++) {
        if ((m->records[i].hash & 255u) != table)
            continue;
        uint32_t slot = (m->records[i].hash >> 8) % (count * 2);
        while (m->bytes.p[at + slot * 8 + 4] != 0 || m->bytes.p[at + slot * 8 + 5] != 0 ||
               m->bytes.p[at + slot * 8 + 6] != 0)
            slot = (slot + 1) % (count * 2);
        cdbmake_set(m, at + slot * 8, m->records[i].hash);
        cdbmake_set(m, at + slot * 8 + 4, m->records[i].at);
    }
}

static inline struct str cdbmake_end(struct cdbmake *m)
{
    for (uint32_t table = 0; table < 256; table++)
        cdbmake_table(m, table);
    return buf_str(&m->bytes);
}

#endif
