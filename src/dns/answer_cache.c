/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answer_cache - the last answers, as the packets that they were
 *
 * A row of four places for each value of the hash. A place holds name and packet
 * in one block of the heap. There is no list of the least used: an answer that
 * is asked again comes from libunbound's cache and takes its place anew.
 */
#include "dns/answer_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/must.h"

#define WAYS 4u
#define ROWS (ANSWER_CACHE_PLACES / WAYS)

struct place {
    uint64_t hash;
    int64_t end_ms;
    char *bytes;                 /* the name, then the packet; NULL: empty */
    uint16_t name_n, packet_n;
    uint16_t type;
    bool secure;
};

struct answer_cache {
    struct hash_key key;
    struct place rows[ROWS][WAYS];
};

struct answer_cache *answer_cache_new(void)
{
    struct answer_cache *c = must_alloc(sizeof *c);
    c->key = hash_key_new();
    return c;
}

void answer_cache_free(struct answer_cache **cp)
{
    struct answer_cache *c = *cp;
    if (c == NULL)
        return;
    for (size_t i = 0; i < ANSWER_CACHE_PLACES; i++)
        free(c->rows[i / WAYS][i % WAYS].bytes);
    free(c);
    *cp = NULL;
}

static struct str text_of(const struct dns_wire *name)
{
    return str_make((const char *)name->b, name->n);
}

static uint64_t hash_of(const struct answer_cache *c, const struct dns_wire *name,
                        enum dns_type type)
{
    return hash_str(c->key, text_of(name)) + (uint64_t)type;
}

static bool place_is(const struct place *p, uint64_t hash, const struct dns_wire *name,
                     enum dns_type type)
{
    return p->hash == hash && p->bytes != NULL && p->type == (uint16_t)type &&
           str_eq(str_make(p->bytes, p->name_n), text_of(name));
}

bool answer_cache_get(const struct answer_cache *c, const struct dns_wire *name, enum dns_type type,
                      int64_t now_ms, struct cached_answer *out)
{
    uint64_t hash = hash_of(c, name, type);
    const struct place *row = c->rows[hash % ROWS];
    for (size_t i = 0; i < WAYS; i++) {
        const struct place *p = &row[i];
        if (p->end_ms <= now_ms || !place_is(p, hash, name, type))
            continue;
        out->packet = str_make(p->bytes + p->name_n, p->packet_n);
        out->secure = p->secure;
        out->end_ms = p->end_ms;
        return true;
    }
    return false;
}

static struct place *place_choose(struct place row[WAYS], uint64_t hash,
                                  const struct dns_wire *name, enum dns_type type)
{
    struct place *chosen = &row[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (place_is(&row[i], hash, name, type))
            return &row[i];
        if (row[i].end_ms < chosen->end_ms)
            chosen = &row[i];
    }
    return chosen;
}

void answer_cache_put(struct answer_cache *c, const struct dns_wire *name, enum dns_type type,
                      int64_t now_ms, const struct cached_answer *answer)
{
    if (answer->packet.n > ANSWER_CACHE_PACKET || answer->end_ms <= now_ms)
        return;
    uint64_t hash = hash_of(c, name, type);
    struct place *p = place_choose(c->rows[hash % ROWS], hash, name, type);
    p->bytes = must_realloc(p->bytes, name->n + answer->packet.n);
    memcpy(p->bytes, name->b, name->n);
    memcpy(p->bytes + name->n, answer->packet.p, answer->packet.n);
    p->hash = hash;
    p->end_ms = answer->end_ms;
    p->name_n = (uint16_t)name->n;
    p->packet_n = (uint16_t)answer->packet.n;
    p->type = (uint16_t)type;
    p->secure = answer->secure;
}
