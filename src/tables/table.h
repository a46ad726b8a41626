/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table - all addresses of a server in memory
 *
 * Made for a million addresses and one question: what becomes of this one? An
 * address is 12 bytes in an open hash table: 64 bits of a keyed hash and a
 * number. The address itself is not kept: the key is nobody's to know, and among
 * a million addresses one question in 10^13 meets the hash of another. What
 * an alias says is a record in one block of bytes, equal ones shared.
 *
 * A table is filled by one thread and then never changed, so any number may ask.
 * One that has been told too much says so and keeps what it has.
 */
#ifndef POSTERN_TABLES_TABLE_H
#define POSTERN_TABLES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "mail/aliases.h"
#include "tables/recipients.h"

struct table;

#define TABLE_HOST 0u            /* the domain that all of the host's own names stand for */
#define TABLE_NONE UINT32_MAX
#define TABLE_DOMAINS_MAX 2000000u
#define TABLE_BYTES_MAX 0x7fffffffu  /* of records */
#define TABLE_TEXT_MAX 1000u     /* bytes of a :fail: text that are kept */
#define TABLE_HOPS_MAX 16u       /* aliases of aliases that are followed */

/* What is known of a domain. */
enum {
    DOMAIN_LOCAL = 1,            /* mail for it ends here */
    DOMAIN_BACKUP = 2,           /* we only hold it for another host */
    DOMAIN_KNOWN = 4,            /* a file of its recipients has been read */
    DOMAIN_BROKEN = 8,           /* one could not be read: who is not found may be in there */
    DOMAIN_PLUS = 16,            /* joe+anything is joe */
    DOMAIN_WILD = 32,            /* there are addresses of the form joe+* or joe-* */
    DOMAIN_HOST_ALIASES = 64,    /* names of /etc/aliases are addresses of it, after its default */
};

/* At most `addresses_max` addresses. */
struct table *table_new(size_t addresses_max);
void table_free(struct table **t);

/* The number of a domain, added if new; the flags are added to those it has. TABLE_NONE beyond
 * TABLE_DOMAINS_MAX (then no domain is called foreign any more). Any case. */
uint32_t table_domain(struct table *t, struct str name, unsigned flags);

/* Its number, or TABLE_NONE. */
uint32_t table_domain_find(const struct table *t, struct str name);
unsigned table_domain_flags(const struct table *t, uint32_t domain);
void table_domain_set(struct table *t, uint32_t domain, unsigned flags);

/* `name` is another name of `domain`, unless it has recipients of its own already. */
void table_domain_same(struct table *t, struct str name, uint32_t domain);

/* What `domain` itself does not take is asked of `target`. */
void table_domain_target(struct table *t, uint32_t domain, struct str target);

/* Not all of our domains are known: none is foreign. */
void table_domains_unsure(struct table *t);

/* Addresses of any domain may be missing: none is unknown. */
void table_addresses_unsure(struct table *t);

/* A file name that records can refer to. */
uint32_t table_source(struct table *t, struct str path);
struct str table_source_text(const struct table *t, uint32_t source);

/* Add a mailbox, an alias, what a domain does with all the rest. Any case. The first alias of an
 * address counts, and the first default. 0; -1 if a ceiling is reached: the domain is then
 * DOMAIN_BROKEN. */
int table_mailbox(struct table *t, struct str local, uint32_t domain, uint32_t source);
int table_alias(struct table *t, struct str local, uint32_t domain,
                const struct aliases_verdict *says, uint32_t source);
/* In place of the alias that it has. */
int table_alias_replace(struct table *t, struct str local, uint32_t domain,
                        const struct aliases_verdict *says, uint32_t source);
int table_default(struct table *t, uint32_t domain, const struct aliases_verdict *says,
                  uint32_t source);

struct table_answer {
    enum recipient_state state;
    struct str text;             /* FAIL, DEFER: as written; lives as long as the table */
    struct str source;           /* the file that decided, or "" */
};

void table_ask(const struct table *t, struct str local, struct str domain,
               struct table_answer *out);

size_t table_addresses(const struct table *t);
size_t table_domains(const struct table *t);
size_t table_bytes(const struct table *t);
bool table_full(const struct table *t);

#endif
