/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_internal - how a table lies in memory
 *
 * For table.c, which fills it, and table_ask.c, which answers.
 */
#ifndef POSTERN_TABLES_TABLE_INTERNAL_H
#define POSTERN_TABLES_TABLE_INTERNAL_H

#include "base/hash.h"
#include "tables/table.h"

#define SLOT_MAILBOX 0x80000000u /* the address is a mailbox, whatever its alias says */
#define LATELY 256u              /* records that are looked through for an equal one */

/* One address. The hash is never 0 in a slot that is in use. */
struct slot {
    uint32_t hash_high, hash_low;
    uint32_t value;              /* offset of the alias' record, or 0; and SLOT_MAILBOX */
};

struct domain {
    uint64_t hash;
    uint32_t same;               /* the domain that this is another name of, or TABLE_NONE */
    uint32_t fallback;           /* record of what it does with the rest, or 0 */
    uint32_t target;             /* name of the domain that is asked instead, as a source, or 0 */
    uint32_t mailbox_source;
    uint8_t flags;
};

struct record_head {
    uint32_t source;
    uint16_t n;
    uint8_t kind;                /* enum aliases_says */
    uint8_t same;                /* CHILD: of the domain that is asked about */
};

struct table {
    struct hash_key key;
    struct slot *slots;
    size_t slot_count, count, count_max;
    struct domain *domains;
    uint32_t domain_count, domain_cap;
    uint32_t *index;             /* numbers of domains by hash; 0: empty */
    uint32_t index_count;        /* a power of two */
    char *bytes;                 /* records and sources */
    size_t n, cap;
    uint32_t lately[LATELY];     /* records added last, by their hash */
    bool unsure;                 /* of our domains */
    bool addresses_unsure, full;
};

uint64_t table_hash(const struct table *t, struct str local, uint32_t domain);

/* The slot of an address (lower case), or TABLE_NONE. */
uint32_t table_slot(const struct table *t, struct str local, uint32_t domain);

struct record_head table_record(const struct table *t, uint32_t at, struct str *payload_out);

#endif
