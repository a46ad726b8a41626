/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table - all addresses of a server in memory: filling it
 *
 * Records begin with their kind, the offset of their source and the length of
 * what follows: a text, or for a child the length of its local part, the local
 * part and the domain. A small cache finds the record that says the same: on a
 * server where ten thousand domains end in ":fail: No Such User Here", that text is
 * there once for each file at most.
 */
#include "tables/table_internal.h"

#include <stdlib.h>

#include "base/must.h"

#define FIRST_SLOTS 1024u
#define FIRST_DOMAINS 64u

/* --- bytes --- */

/* Room for `n` more bytes: their offset, or 0 beyond the ceiling. */
static uint32_t bytes_take(struct table *t, size_t n)
{
    if (n > TABLE_BYTES_MAX - t->n)
        return 0;
    if (t->n + n > t->cap) {
        size_t cap = t->cap + t->cap / 4 + n + 4096;
        t->bytes = must_realloc(t->bytes, cap);
        t->cap = cap;
    }
    uint32_t at = (uint32_t)t->n;
    t->n += n;
    return at;
}

uint32_t table_source(struct table *t, struct str path)
{
    uint16_t n = (uint16_t)(path.n < 4096 ? path.n : 4096);
    uint32_t at = bytes_take(t, sizeof n + n);
    if (at == 0)
        return 0;
    memcpy(t->bytes + at, &n, sizeof n);
    memcpy(t->bytes + at + sizeof n, path.p, n);
    return at;
}

struct str table_source_text(const struct table *t, uint32_t at)
{
    uint16_t n;
    if (at == 0)
        return STR("");
    memcpy(&n, t->bytes + at, sizeof n);
    return str_make(t->bytes + at + sizeof n, n);
}

struct record_head table_record(const struct table *t, uint32_t at, struct str *payload_out)
{
    struct record_head head;
    memcpy(&head, t->bytes + at, sizeof head);
    *payload_out = str_make(t->bytes + at + sizeof head, head.n);
    return head;
}

static bool record_same(const struct table *t, uint32_t at, const struct record_head *head,
                        struct str payload)
{
    struct str other;
    if (at == 0)
        return false;
    struct record_head have = table_record(t, at, &other);
    return have.kind == head->kind && have.same == head->same && have.source == head->source &&
           str_eq(other, payload);
}

/* The record, an equal one if there is one at hand. 0: no room. */
static uint32_t record_add(struct table *t, struct record_head head, struct str payload)
{
    head.n = (uint16_t)payload.n;
    uint64_t h = hash_u64(t->key, hash_str(t->key, payload),
                          head.source ^ (uint64_t)head.kind << 32);
    uint32_t *cached = &t->lately[h % LATELY];
    if (record_same(t, *cached, &head, payload))
        return *cached;
    uint32_t at = bytes_take(t, sizeof head + payload.n);
    if (at == 0)
        return 0;
    memcpy(t->bytes + at, &head, sizeof head);
    memcpy(t->bytes + at + sizeof head, payload.p, payload.n);
    *cached = at;
    return at;
}

static struct str child_payload(const struct aliases_verdict *says, char *to)
{
    const struct address *a = &says->child;
    uint16_t n = (uint16_t)a->local.n;
    memcpy(to, &n, sizeof n);
    address_lower(a->local, to + sizeof n);
    memcpy(to + sizeof n + n, a->domain.p, a->domain.n);
    return str_make(to, sizeof n + n + a->domain.n);
}

static uint32_t record_of(struct table *t, const struct aliases_verdict *says, uint32_t source)
{
    char child[sizeof(uint16_t) + ADDRESS_MAX];
    struct record_head head = { .kind = (uint8_t)says->says, .source = source };
    struct str payload = STR("");
    if (says->says == ALIASES_CHILD) {
        head.same = says->child_same_domain;
        payload = child_payload(says, child);
    } else if (says->says == ALIASES_REFUSES || says->says == ALIASES_DEFERS) {
        payload = str_head(says->text, TABLE_TEXT_MAX);
    }
    return record_add(t, head, payload);
}

/* --- addresses --- */

uint64_t table_hash(const struct table *t, struct str local, uint32_t domain)
{
    return hash_u64(t->key, hash_str(t->key, local), domain) | 1; /* 0 marks an empty slot */
}

static size_t slot_of(const struct table *t, uint64_t hash)
{
    return (size_t)((hash >> 32) * t->slot_count >> 32);
}

static uint64_t slot_hash(const struct slot *s)
{
    return (uint64_t)s->hash_high << 32 | s->hash_low;
}

/* The slot of a hash, or the empty one where it belongs. */
static size_t slot_find(const struct table *t, uint64_t hash)
{
    size_t i = slot_of(t, hash);
    while (slot_hash(&t->slots[i]) != 0 && slot_hash(&t->slots[i]) != hash)
        i = i + 1 == t->slot_count ? 0 : i + 1;
    return i;
}

uint32_t table_slot(const struct table *t, struct str local, uint32_t domain)
{
    size_t i = slot_find(t, table_hash(t, local, domain));
    return slot_hash(&t->slots[i]) == 0 ? TABLE_NONE : (uint32_t)i;
}

static void slots_grow(struct table *t)
{
    struct slot *old = t->slots;
    size_t n = t->slot_count;
    t->slot_count = n + n / 2;
    t->slots = must_array(t->slot_count, sizeof *t->slots);
    for (size_t i = 0; i < n; i++) {
        if (slot_hash(&old[i]) != 0)
            t->slots[slot_find(t, slot_hash(&old[i]))] = old[i];
    }
    free(old);
}

static int refuse(struct table *t, uint32_t domain)
{
    t->full = true;
    t->domains[domain].flags |= DOMAIN_BROKEN;
    return -1;
}

/* The slot of an address, added if new; NULL beyond the ceiling. */
static struct slot *slot_add(struct table *t, struct str local, uint32_t domain)
{
    char lower[ADDRESS_MAX];
    uint64_t hash = table_hash(t, address_lower(local, lower), domain);
    size_t i = slot_find(t, hash);
    if (slot_hash(&t->slots[i]) != 0)
        return &t->slots[i];
    if (t->count >= t->count_max)
        return NULL;
    if (t->count + 1 > t->slot_count - t->slot_count / 5) {
        slots_grow(t);
        i = slot_find(t, hash);
    }
    t->count++;
    t->slots[i] = (struct slot){ .hash_high = (uint32_t)(hash >> 32), .hash_low = (uint32_t)hash };
    return &t->slots[i];
}

/* Nobody can be asked about such an address (see table_ask()): a file that has one is not broken
 * for that, nor is the table full. */
static bool too_long(struct str local)
{
    return local.n > ADDRESS_MAX;
}

int table_mailbox(struct table *t, struct str local, uint32_t domain, uint32_t source)
{
    if (too_long(local))
        return 0;
    struct slot *s = slot_add(t, local, domain);
    if (s == NULL)
        return refuse(t, domain);
    s->value |= SLOT_MAILBOX;
    if (t->domains[domain].mailbox_source == 0)
        t->domains[domain].mailbox_source = source;
    return 0;
}

static int alias_put(struct table *t, struct slot *s, uint32_t domain, uint32_t record)
{
    if (s == NULL || record == 0)
        return refuse(t, domain);
    s->value = (s->value & SLOT_MAILBOX) | record;
    return 0;
}

int table_alias(struct table *t, struct str local, uint32_t domain,
                const struct aliases_verdict *says, uint32_t source)
{
    if (too_long(local))
        return 0;
    struct slot *s = slot_add(t, local, domain);
    if (s != NULL && (s->value & ~SLOT_MAILBOX) != 0)
        return 0;
    return alias_put(t, s, domain, s == NULL ? 0 : record_of(t, says, source));
}

int table_alias_replace(struct table *t, struct str local, uint32_t domain,
                        const struct aliases_verdict *says, uint32_t source)
{
    if (too_long(local))
        return 0;
    struct slot *s = slot_add(t, local, domain);
    return alias_put(t, s, domain, s == NULL ? 0 : record_of(t, says, source));
}

int table_default(struct table *t, uint32_t domain, const struct aliases_verdict *says,
                  uint32_t source)
{
    struct domain *d = &t->domains[domain];
    if (d->fallback != 0)
        return 0;
    d->fallback = record_of(t, says, source);
    return d->fallback == 0 ? refuse(t, domain) : 0;
}

/* --- domains --- */

static uint64_t domain_hash(const struct table *t, struct str name)
{
    char lower[ADDRESS_DOMAIN_MAX];
    if (name.n > 0 && name.p[name.n - 1] == '.')
        name.n--;
    return hash_str(t->key, address_lower(str_head(name, sizeof lower), lower));
}

/* The place of a hash in the index: an entry with it, or an empty one. */
static size_t index_find(const struct table *t, uint64_t hash)
{
    size_t i = (size_t)hash & (t->index_count - 1);
    while (t->index[i] != 0 && t->domains[t->index[i]].hash != hash)
        i = (i + 1) & (t->index_count - 1);
    return i;
}

static void domains_grow(struct table *t)
{
    t->domain_cap *= 2;
    t->domains = must_realloc(t->domains, t->domain_cap * sizeof *t->domains);
    free(t->index);
    t->index_count = t->domain_cap * 2;
    t->index = must_array(t->index_count, sizeof *t->index);
    for (uint32_t i = 1; i < t->domain_count; i++)
        t->index[index_find(t, t->domains[i].hash)] = i;
}

uint32_t table_domain_find(const struct table *t, struct str name)
{
    uint32_t domain = t->index[index_find(t, domain_hash(t, name))];
    if (domain == 0)
        return TABLE_NONE;
    return t->domains[domain].same == TABLE_NONE ? domain : t->domains[domain].same;
}

uint32_t table_domain(struct table *t, struct str name, unsigned flags)
{
    uint32_t domain = table_domain_find(t, name);
    if (domain == TABLE_NONE && t->domain_count >= TABLE_DOMAINS_MAX) {
        t->unsure = t->full = true;
        return TABLE_NONE;
    }
    if (domain == TABLE_NONE) {
        if (t->domain_count == t->domain_cap)
            domains_grow(t);
        domain = t->domain_count++;
        t->domains[domain] = (struct domain){ .hash = domain_hash(t, name), .same = TABLE_NONE };
        t->index[index_find(t, t->domains[domain].hash)] = domain;
    }
    t->domains[domain].flags |= (uint8_t)flags;
    return domain;
}

unsigned table_domain_flags(const struct table *t, uint32_t domain)
{
    return t->domains[domain].flags;
}

void table_domain_set(struct table *t, uint32_t domain, unsigned flags)
{
    t->domains[domain].flags |= (uint8_t)flags;
}

void table_domain_same(struct table *t, struct str name, uint32_t domain)
{
    uint32_t other = table_domain(t, name, 0);
    if (other != TABLE_NONE && other != domain &&
        (t->domains[other].flags & (DOMAIN_KNOWN | DOMAIN_BROKEN)) == 0)
        t->domains[other].same = domain;
}

void table_domain_target(struct table *t, uint32_t domain, struct str target)
{
    if (t->domains[domain].target == 0)
        t->domains[domain].target = table_source(t, target);
}

void table_domains_unsure(struct table *t)
{
    t->unsure = true;
}

void table_addresses_unsure(struct table *t)
{
    t->addresses_unsure = true;
}

/* --- beginning and end --- */

struct table *table_new(size_t addresses_max)
{
    struct table *t = must_alloc(sizeof *t);
    t->key = hash_key_new();
    t->count_max = addresses_max < UINT32_MAX / 2 ? addresses_max : UINT32_MAX / 2;
    t->slot_count = FIRST_SLOTS;
    t->slots = must_array(t->slot_count, sizeof *t->slots);
    t->domain_cap = FIRST_DOMAINS;
    t->domains = must_array(t->domain_cap, sizeof *t->domains);
    t->index_count = FIRST_DOMAINS * 2;
    t->index = must_array(t->index_count, sizeof *t->index);
    t->domain_count = 1;     /* TABLE_HOST, which has no name: 0 in the index is an empty place */
    t->domains[TABLE_HOST] = (struct domain){ .same = TABLE_NONE, .flags = DOMAIN_LOCAL };
    t->cap = 4096;
    t->bytes = must_alloc(t->cap);
    t->n = 1;                /* offset 0 is none */
    return t;
}

void table_free(struct table **tp)
{
    struct table *t = *tp;
    if (t == NULL)
        return;
    free(t->slots);
    free(t->domains);
    free(t->index);
    free(t->bytes);
    free(t);
    *tp = NULL;
}

size_t table_addresses(const struct table *t)
{
    return t->count;
}

size_t table_domains(const struct table *t)
{
    return t->domain_count - 1;
}

size_t table_bytes(const struct table *t)
{
    return sizeof *t + t->slot_count * sizeof *t->slots + t->domain_cap * sizeof *t->domains +
           t->index_count * sizeof *t->index + t->cap;
}

bool table_full(const struct table *t)
{
    return t->full;
}
