/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cdb - a constant database, read from its bytes
 *
 * A key hashes to 32 bits; the low 8 choose one of 256 tables, the rest the
 * slot in it to begin at. Slots are (hash, position) pairs, searched in turn
 * until an empty one. Offsets are added in 64 bits, so none can wrap.
 */
#include "mail/cdb.h"

static uint32_t number_at(struct str b, uint64_t at)
{
    const unsigned char *p = (const unsigned char *)b.p + at;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool fits(struct str b, uint64_t at, uint64_t n)
{
    return at <= b.n && n <= b.n - at;
}

static uint32_t hash_of(struct str key)
{
    uint32_t h = 5381;
    for (size_t i = 0; i < key.n; i++)
        h = ((h << 5) + h) ^ (unsigned char)key.p[i];
    return h;
}

int cdb_init(struct cdb *c, struct str bytes)
{
    *c = (struct cdb){ .bytes = bytes, .at = CDB_HEAD };
    if (bytes.n < CDB_HEAD || bytes.n > UINT32_MAX)
        return -1;
    c->records_end = (uint32_t)bytes.n;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t at = number_at(bytes, i * 8u), slots = number_at(bytes, i * 8u + 4);
        if (at < CDB_HEAD || !fits(bytes, at, (uint64_t)slots * 8))
            return -1;
        if (at < c->records_end)
            c->records_end = at;
    }
    return 0;
}

/* The record at `at`: false if it does not lie inside of the records. */
static bool record_at(const struct cdb *c, uint64_t at, struct str *key_out,
                      struct str *value_out)
{
    struct str records = str_head(c->bytes, c->records_end);
    if (at < CDB_HEAD || !fits(records, at, 8))
        return false;
    uint64_t key_n = number_at(records, at), value_n = number_at(records, at + 4);
    if (!fits(records, at + 8, key_n + value_n))
        return false;
    *key_out = str_make(records.p + at + 8, (size_t)key_n);
    *value_out = str_make(records.p + at + 8 + key_n, (size_t)value_n);
    return true;
}

int cdb_find(const struct cdb *c, struct str key, struct str *value_out)
{
    struct str found;
    uint32_t h = hash_of(key);
    uint64_t table = number_at(c->bytes, (h & 255u) * 8u);
    uint32_t slots = number_at(c->bytes, (h & 255u) * 8u + 4);
    for (uint32_t i = 0; i < slots; i++) {
        uint64_t slot = table + 8 * (((uint64_t)(h >> 8) + i) % slots);
        uint32_t at = number_at(c->bytes, slot + 4);
        if (at == 0)
            return 0;
        if (number_at(c->bytes, slot) != h)
            continue;
        if (!record_at(c, at, &found, value_out))
            return -1;
        if (str_eq(found, key))
            return 1;
    }
    return 0;
}

int cdb_next(struct cdb *c, struct str *key_out, struct str *value_out)
{
    if (c->at >= c->records_end)
        return 0;
    if (!record_at(c, c->at, key_out, value_out))
        return -1;
    c->at += (uint32_t)(8 + key_out->n + value_out->n);
    return 1;
}
