/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requests_table - the URLs around a run and the requests for them, bounded
 *
 * Clients choose how many URLs there are, so the table has to stay small
 * whatever they do, and must not lose the one that matters to a scanner's
 * thousands. URLs that cannot have sent mail get no more than a quarter of it. When
 * it is full, those that explain most of the run so far stay, and the others go:
 * one that becomes important later comes in again. What went is counted.
 *
 * How often a URL occurs at all is counted in a sketch of fixed size (count-min),
 * which can only count too many.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "trace/requests_internal.h"

#define KEYS_BYTES_MAX ((size_t)11 << 20)
#define CLIENTS_MAX 100000
#define CLIENTS_BYTES_MAX ((size_t)3 << 20)
#define HITS_MAX 300000
#define QUARTER (REQUESTS_URLS_MAX / 4)
#define SKETCH_ROWS 2
#define SKETCH_CELLS ((size_t)1 << 16)

struct urltable {
    struct hash_key key;
    struct intern *keys, *clients;
    struct url *urls;        /* by number of the key */
    size_t url_cap;
    struct share_hit *hits;
    size_t hit_count, hit_cap;
    uint32_t *sketch;
    uint32_t generation;     /* how often URLs were numbered anew */
    uint64_t left_out;
};

struct urltable *urltable_new(void)
{
    struct urltable *t = must_alloc(sizeof *t);
    t->key = hash_key_new();
    t->keys = intern_new(t->key, REQUESTS_URLS_MAX, KEYS_BYTES_MAX);
    t->clients = intern_new(t->key, CLIENTS_MAX, CLIENTS_BYTES_MAX);
    t->sketch = must_array(SKETCH_ROWS * SKETCH_CELLS, sizeof *t->sketch);
    return t;
}

void urltable_free(struct urltable **table)
{
    struct urltable *t = *table;
    if (t == NULL)
        return;
    intern_free(&t->keys);
    intern_free(&t->clients);
    free(t->urls);
    free(t->hits);
    free(t->sketch);
    free(t);
    *table = NULL;
}

void url_key_make(struct url_key *k, size_t site, struct str method, struct str path)
{
    uint32_t index = (uint32_t)site;
    method = str_head(method, 38);
    path = str_head(path, REQUESTS_PATH_MAX);
    memcpy(k->bytes, &index, sizeof index);
    k->n = sizeof index;
    memcpy(k->bytes + k->n, method.p, method.n);
    k->n += method.n;
    k->bytes[k->n++] = '\0';
    memcpy(k->bytes + k->n, path.p, path.n);
    k->n += path.n;
}

void url_key_split(struct str key, size_t *site_out, struct str *method_out, struct str *path_out)
{
    uint32_t index;
    memcpy(&index, key.p, sizeof index);
    *site_out = index;
    *path_out = str_skip(key, sizeof index);
    *method_out = str_cut(path_out, '\0');
}

/* The sketch (count-min): the smallest of the cells is the count or more. */
static uint32_t sketch_read(const struct urltable *t, struct str key, uint32_t *cells[SKETCH_ROWS])
{
    uint64_t hash = hash_str(t->key, key);
    uint32_t least = UINT32_MAX;
    for (size_t row = 0; row < SKETCH_ROWS; row++) {
        size_t cell = (hash >> (16 * row)) % SKETCH_CELLS;
        cells[row] = &t->sketch[row * SKETCH_CELLS + cell];
        if (*cells[row] < least)
            least = *cells[row];
    }
    return least;
}

void urltable_count(struct urltable *t, const struct url_key *key)
{
    uint32_t *cells[SKETCH_ROWS];
    uint32_t count = sketch_read(t, str_make(key->bytes, key->n), cells);
    for (size_t row = 0; count < UINT32_MAX && row < SKETCH_ROWS; row++) {
        if (*cells[row] == count) /* only the least: keeps the others' error small */
            *cells[row] = count + 1;
    }
}

uint64_t urltable_counted(const struct urltable *t, uint32_t url)
{
    uint32_t *cells[SKETCH_ROWS];
    return sketch_read(t, intern_str(t->keys, url), cells);
}

/* ---- making room ---- */

struct promise {
    double worth;            /* how much of the run the URL explains so far */
    size_t hits;
    uint32_t url;
};

static int promise_order(const void *a, const void *b)
{
    const struct promise *x = a, *y = b;
    if (x->worth != y->worth)
        return x->worth > y->worth ? -1 : 1;
    return x->url < y->url ? -1 : x->url > y->url;
}

/* The worth of each URL that has hits, the best first: how many groups of arrivals
 * it precedes. Returns how many. */
static size_t promises_make(struct urltable *t, struct promise *out)
{
    size_t n = 0, site;
    struct str method, path;
    if (t->hit_count > 0)
        qsort(t->hits, t->hit_count, sizeof *t->hits, share_hit_order);
    for (size_t i = 0; i < t->hit_count; i++) {
        const struct share_hit *h = &t->hits[i];
        if (i == 0 || h->url != h[-1].url)
            out[n++] = (struct promise){ .url = h->url };
        if (i == 0 || h->url != h[-1].url || h->from != h[-1].from)
            out[n - 1].worth += 1.0;
        out[n - 1].hits++;
    }
    for (size_t i = 0; i < n; i++) {
        url_key_split(intern_str(t->keys, out[i].url), &site, &method, &path);
        out[i].worth *= url_method_weight(method) * (t->urls[out[i].url].fixed ? 0.02 : 1.0);
    }
    qsort(out, n, sizeof *out, promise_order);
    return n;
}

/* Keep what has a new number in `numbers` (by the old), drop the rest. */
static void table_renumber(struct urltable *t, struct intern *keys, const uint32_t *numbers)
{
    size_t kept = 0;
    struct url *urls = must_array(t->url_cap, sizeof *urls);
    for (uint32_t i = 0; i < intern_count(t->keys); i++) {
        if (numbers[i] != INTERN_NONE)
            urls[numbers[i]] = t->urls[i];
    }
    for (size_t i = 0; i < t->hit_count; i++) {
        struct share_hit h = t->hits[i];
        h.url = numbers[h.url];
        if (h.url != INTERN_NONE)
            t->hits[kept++] = h;
    }
    t->left_out += t->hit_count - kept;
    t->hit_count = kept;
    free(t->urls);
    t->urls = urls;
    intern_free(&t->keys);
    t->keys = keys;
    t->generation++;
}

/* Leave the best quarter of the URLs, as far as they fill half of the room for hits. */
static void table_compact(struct urltable *t)
{
    uint32_t count = intern_count(t->keys);
    size_t hits = 0;
    struct promise *promises = must_array((size_t)count + 1, sizeof *promises);
    uint32_t *numbers = must_array((size_t)count + 1, sizeof *numbers);
    struct intern *keys = intern_new(t->key, REQUESTS_URLS_MAX, KEYS_BYTES_MAX);
    memset(numbers, 0xff, ((size_t)count + 1) * sizeof *numbers); /* INTERN_NONE */
    size_t n = promises_make(t, promises);
    for (size_t i = 0; i < n && i < QUARTER; i++) {
        hits += promises[i].hits;
        if (i > 0 && hits > HITS_MAX / 2)
            break;
        numbers[promises[i].url] = intern_add(keys, intern_str(t->keys, promises[i].url));
    }
    table_renumber(t, keys, numbers);
    free(promises);
    free(numbers);
}

/* ---- filling ---- */

/* Is there room for another URL of this kind? */
static bool has_room(struct urltable *t, bool weak, const struct url_key *key)
{
    size_t site;
    struct str method, path;
    if (weak)
        return intern_count(t->keys) < QUARTER;
    url_key_split(str_make(key->bytes, key->n), &site, &method, &path);
    bool post = url_method_weight(method) >= 1.0;
    if (intern_count(t->keys) >= (post ? 4 : 3) * QUARTER)
        table_compact(t);
    return true;
}

struct url *urltable_note(struct urltable *t, const struct url_key *key, bool weak,
                          struct url_number *number_out)
{
    struct str bytes = str_make(key->bytes, key->n);
    uint32_t number = intern_find(t->keys, bytes);
    if (number == INTERN_NONE) {
        number = has_room(t, weak, key) ? intern_add(t->keys, bytes) : INTERN_NONE;
        if (number == INTERN_NONE) {
            t->left_out++;
            return NULL;
        }
        if (number >= t->url_cap) {
            t->url_cap = t->url_cap == 0 ? 256 : t->url_cap * 2;
            t->urls = must_realloc(t->urls, t->url_cap * sizeof *t->urls);
        }
        t->urls[number] = (struct url){ .distance = INT64_MAX };
    }
    *number_out = (struct url_number){ number, t->generation };
    return &t->urls[number];
}

void urltable_hit(struct urltable *t, struct url_number url, const struct share_hit *hit)
{
    if (t->hit_count == HITS_MAX && url.generation == t->generation)
        table_compact(t);
    if (t->hit_count == HITS_MAX || url.generation != t->generation) {
        t->left_out++; /* one that waited while the URLs were numbered anew, too */
        return;
    }
    if (t->hit_count == t->hit_cap) {
        size_t cap = t->hit_cap == 0 ? 256 : t->hit_cap * 2;
        t->hit_cap = cap > HITS_MAX ? HITS_MAX : cap;
        t->hits = must_realloc(t->hits, t->hit_cap * sizeof *t->hits);
    }
    t->hits[t->hit_count] = *hit;
    t->hits[t->hit_count++].url = url.number;
}

uint32_t urltable_client(struct urltable *t, struct str name)
{
    return intern_add(t->clients, name);
}

/* ---- reading ---- */

const struct share_hit *urltable_hits(struct urltable *t, size_t *n_out)
{
    if (t->hit_count > 0)
        qsort(t->hits, t->hit_count, sizeof *t->hits, share_hit_order);
    *n_out = t->hit_count;
    return t->hits;
}

uint32_t urltable_urls(const struct urltable *t)
{
    return intern_count(t->keys);
}

const struct url *urltable_url(const struct urltable *t, uint32_t url)
{
    must(url < intern_count(t->keys));
    return &t->urls[url];
}

struct str urltable_key(const struct urltable *t, uint32_t url)
{
    return intern_str(t->keys, url);
}

uint32_t urltable_clients(const struct urltable *t)
{
    return intern_count(t->clients);
}

struct str urltable_client_name(const struct urltable *t, uint32_t client)
{
    return client == INTERN_NONE ? STR("") : intern_str(t->clients, client);
}

uint64_t urltable_left_out(const struct urltable *t)
{
    return t->left_out;
}
