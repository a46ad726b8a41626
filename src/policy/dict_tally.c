/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dict_tally - which unknown names were tried, by whom, in a span of time
 *
 * Sets are plain arrays: at most some hundred marks, looked through once for
 * each recipient, which takes less time than the hash of the name. A tally has
 * to fit into one value of the store; so it has room for many clients or for
 * many good names, for a client's own tally needs no list of clients. The
 * key of the hashes is kept in the table of tallies under a name that no
 * tally has.
 */
#include "policy/dict_tally.h"

#include <string.h>

#include "base/must.h"
#include "store/store.h"

#define VERSION 2u               /* 1 had no marks of good names */
#define FIXED (1u + 4 + 4 + 8 + 8 + DICT_SLOTS * 8 + 2 + 2 + 2)
#define MARKS_MAX 481u           /* of all kinds: a client's has good names and, of clients, one */
#define BYTES_MAX (FIXED + MARKS_MAX * 8u)
#define KEY_KEY STR("key")
#define KEY_VERSION 1u
#define KEY_BYTES 21u            /* version, number, the two halves */

_Static_assert(BYTES_MAX <= STORE_VALUE_MAX, "a full tally fits");
_Static_assert(DICT_NAMES_MAX + 1 + DICT_GOODS_MAX <= MARKS_MAX, "that of a client is kept whole");
_Static_assert(DICT_NAMES_MAX + DICT_CLIENTS_MAX <= MARKS_MAX, "and one without good names");

/* --- numbers as bytes, the high byte first; with whole marks, as there may be hundreds --- */

static void number_put(uint8_t **p, uint64_t value, unsigned bytes)
{
    while (bytes-- > 0)
        *(*p)++ = (uint8_t)(value >> (8 * bytes));
}

static uint64_t number_eat(const uint8_t **p, unsigned bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | *(*p)++;
    return value;
}

static void marks_put(uint8_t **p, const struct dict_mark *m, size_t n)
{
    for (size_t i = 0; i < n; i++, *p += 8) {
        uint64_t mark = (uint64_t)m[i].hash << 32 | m[i].when;
        for (unsigned k = 0; k < 8; k++)
            (*p)[k] = (uint8_t)(mark >> (56 - 8 * k));
    }
}

static void marks_eat(const uint8_t **p, struct dict_mark *m, size_t n)
{
    for (size_t i = 0; i < n; i++, *p += 8) {
        uint64_t mark = 0;
        for (unsigned k = 0; k < 8; k++)
            mark = mark << 8 | (*p)[k];
        m[i] = (struct dict_mark){ (uint32_t)(mark >> 32), (uint32_t)mark };
    }
}

static const uint8_t *bytes_of(struct str s)
{
    return (const uint8_t *)s.p;
}

static struct str str_of(const uint8_t *begin, const uint8_t *end)
{
    return str_make((const char *)begin, (size_t)(end - begin));
}

/* --- the key --- */

struct dict_key dict_key_get(struct store *s, bool dry)
{
    struct store_value v;
    struct dict_key k = { 0 };
    if (store_get(s, STORE_TALLIES, KEY_KEY, 0, &v) == 1 && v.bytes.n == KEY_BYTES &&
        (uint8_t)v.bytes.p[0] == KEY_VERSION) {
        const uint8_t *p = bytes_of(v.bytes) + 1;
        k.number = (uint32_t)number_eat(&p, 4);
        k.key.k0 = number_eat(&p, 8);
        k.key.k1 = number_eat(&p, 8);
        return k;
    }
    k.key = hash_key_new();
    k.number = (uint32_t)hash_u64(k.key, 1, 2);
    uint8_t bytes[KEY_BYTES], *p = bytes;
    number_put(&p, KEY_VERSION, 1);
    number_put(&p, k.number, 4);
    number_put(&p, k.key.k0, 8);
    number_put(&p, k.key.k1, 8);
    if (!dry)
        store_put(s, STORE_TALLIES, KEY_KEY, str_of(bytes, p), INT64_MAX);
    return k;
}

uint32_t dict_hash(const struct dict_key *k, struct str text)
{
    return (uint32_t)hash_str(k->key, text);
}

/* --- under what a tally is kept --- */

static struct str key_of(enum dict_kind k, const struct ip *ip, size_t keep,
                         char room[DICT_STORE_KEY_MAX])
{
    room[0] = (char)k;
    memset(room + 1, 0, 16);
    memcpy(room + 1, ip->b, keep);
    return str_make(room, 17);
}

struct str dict_key_client(enum dict_kind k, const struct ip *ip, char room[DICT_STORE_KEY_MAX])
{
    return key_of(k, ip, k == DICT_CLIENT_BOUNCES && !ip_is4(ip) ? 8 : 16, room);
}

struct str dict_key_net(const struct ip *ip, char room[DICT_STORE_KEY_MAX])
{
    return key_of(DICT_NET, ip, ip_is4(ip) ? 15 : 8, room);
}

struct str dict_key_domain(enum dict_kind k, struct str domain, char room[DICT_STORE_KEY_MAX])
{
    struct str d = str_head(domain, DICT_STORE_KEY_MAX - 1);
    room[0] = (char)k;
    if (d.n > 0)
        memcpy(room + 1, d.p, d.n);
    return str_make(room, 1 + d.n);
}

/* --- bytes --- */

void dict_tally_encode(const struct dict_tally *t, uint32_t key_number, struct buf *out)
{
    uint8_t bytes[BYTES_MAX], *p = bytes;
    must(t->names_n <= DICT_NAMES_MAX && t->clients_n <= DICT_CLIENTS_MAX);
    unsigned room = MARKS_MAX - t->names_n - t->clients_n;
    unsigned goods = t->goods_n < room ? t->goods_n : room;
    must(goods <= DICT_GOODS_MAX);
    number_put(&p, VERSION, 1);
    number_put(&p, key_number, 4);
    number_put(&p, t->window_s, 4);
    number_put(&p, (uint64_t)t->slot, 8);
    number_put(&p, (uint64_t)t->until, 8);
    for (size_t i = 0; i < DICT_SLOTS; i++) {
        number_put(&p, t->slots[i].good, 4);
        number_put(&p, t->slots[i].fresh, 4);
    }
    number_put(&p, t->names_n, 2);
    number_put(&p, t->clients_n, 2);
    number_put(&p, goods, 2);
    marks_put(&p, t->names, t->names_n);
    marks_put(&p, t->clients, t->clients_n);
    marks_put(&p, t->goods, goods);
    buf_add(out, str_of(bytes, p));
}

int dict_tally_decode(struct str bytes, uint32_t key_number, struct dict_tally *out)
{
    const uint8_t *p = bytes_of(bytes);
    if (bytes.n < FIXED || number_eat(&p, 1) != VERSION || number_eat(&p, 4) != key_number)
        return -1;
    out->window_s = (uint32_t)number_eat(&p, 4);
    out->slot = (int64_t)(number_eat(&p, 8) & INT64_MAX);
    out->until = (int64_t)(number_eat(&p, 8) & INT64_MAX);
    for (size_t i = 0; i < DICT_SLOTS; i++) {
        out->slots[i].good = (uint32_t)number_eat(&p, 4);
        out->slots[i].fresh = (uint32_t)number_eat(&p, 4);
    }
    out->names_n = (uint16_t)number_eat(&p, 2);
    out->clients_n = (uint16_t)number_eat(&p, 2);
    out->goods_n = (uint16_t)number_eat(&p, 2);
    if (out->names_n > DICT_NAMES_MAX || out->clients_n > DICT_CLIENTS_MAX ||
        out->goods_n > DICT_GOODS_MAX ||
        bytes.n - FIXED != ((size_t)out->names_n + out->clients_n + out->goods_n) * 8)
        return -1;
    marks_eat(&p, out->names, out->names_n);
    marks_eat(&p, out->clients, out->clients_n);
    marks_eat(&p, out->goods, out->goods_n);
    return 0;
}

/* --- time --- */

static uint16_t marks_age(struct dict_mark *m, uint16_t n, uint32_t window_s, int64_t now)
{
    uint16_t kept = 0;
    for (uint16_t i = 0; i < n; i++) {
        if ((int64_t)m[i].when + window_s > now && (int64_t)m[i].when <= now + window_s)
            m[kept++] = m[i];
    }
    return kept;
}

static int64_t slot_seconds(uint32_t window_s)
{
    return window_s >= DICT_SLOTS ? window_s / DICT_SLOTS : 1;
}

void dict_tally_move(struct dict_tally *t, uint32_t window_s, int64_t now)
{
    int64_t slot = now / slot_seconds(window_s);
    if (t->window_s != window_s || slot - t->slot >= DICT_SLOTS || slot < t->slot)
        memset(t->slots, 0, sizeof t->slots);
    else
        for (int64_t i = t->slot + 1; i <= slot; i++)
            t->slots[i % DICT_SLOTS] = (struct dict_slot){ 0 };
    t->until = t->until <= now + DICT_UNTIL_MAX_S ? t->until : 0;
    t->window_s = window_s;
    t->slot = slot;
    t->names_n = marks_age(t->names, t->names_n, window_s, now);
    t->clients_n = marks_age(t->clients, t->clients_n, window_s, now);
    t->goods_n = marks_age(t->goods, t->goods_n, window_s, now);
}

/* --- counting --- */

/* Mark a hash as seen now. True if it is new. A set that is full gives up its oldest. */
static bool mark_set(struct dict_mark *m, uint16_t *n, size_t max, struct dict_mark mark)
{
    size_t oldest = 0;
    for (size_t i = 0; i < *n; i++) {
        if (m[i].hash == mark.hash) {
            m[i].when = mark.when;
            return false;
        }
        oldest = m[i].when < m[oldest].when ? i : oldest;
    }
    if (*n < max)
        m[(*n)++] = mark;
    else
        m[oldest] = mark;
    return true;
}

static uint32_t when_of(int64_t now)
{
    return now > 0 && now < (int64_t)UINT32_MAX ? (uint32_t)now : 0;
}

bool dict_tally_unknown(struct dict_tally *t, int64_t now, uint32_t name, uint32_t client)
{
    uint32_t when = when_of(now);
    mark_set(t->clients, &t->clients_n, DICT_CLIENTS_MAX, (struct dict_mark){ client, when });
    bool fresh = mark_set(t->names, &t->names_n, DICT_NAMES_MAX, (struct dict_mark){ name, when });
    struct dict_slot *slot = &t->slots[t->slot % DICT_SLOTS];
    slot->fresh += fresh && slot->fresh < UINT32_MAX;
    return fresh;
}

/* The marks lie in the order in which they came: of many in one second the first goes first, else
 * two names could push each other out and count for ever. */
bool dict_tally_good(struct dict_tally *t, int64_t now, uint32_t name)
{
    bool full = t->goods_n == DICT_GOODS_MAX;
    unsigned times = 0;
    for (size_t i = 0; i < t->goods_n; i++)
        times += t->goods[i].hash == name;
    if (times >= (full ? 1 : DICT_GOOD_TIMES))
        return false;
    if (full)
        memmove(t->goods, t->goods + 1, --t->goods_n * sizeof t->goods[0]);
    t->goods[t->goods_n++] = (struct dict_mark){ name, when_of(now) };
    struct dict_slot *slot = &t->slots[t->slot % DICT_SLOTS];
    slot->good += slot->good < UINT32_MAX;
    return true;
}

static uint32_t sum_of(uint64_t sum)
{
    return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

uint32_t dict_tally_unknowns(const struct dict_tally *t)
{
    uint64_t fresh = 0;
    if (t->names_n < DICT_NAMES_MAX)
        return t->names_n;
    for (size_t i = 0; i < DICT_SLOTS; i++)
        fresh += t->slots[i].fresh;
    return fresh > t->names_n ? sum_of(fresh) : t->names_n;
}

uint32_t dict_tally_goods(const struct dict_tally *t)
{
    uint64_t good = 0;
    if (t->goods_n < DICT_GOODS_MAX)
        return t->goods_n;
    for (size_t i = 0; i < DICT_SLOTS; i++)
        good += t->slots[i].good;
    return good > t->goods_n ? sum_of(good) : t->goods_n;
}

/* --- in the store --- */

void dict_tally_load(const struct dict_now *d, struct str key, struct dict_tally *t)
{
    struct store_value v;
    if (store_get(d->store, STORE_TALLIES, key, d->now, &v) != 1 ||
        dict_tally_decode(v.bytes, d->key.number, t) != 0)
        memset(t, 0, sizeof *t);
    dict_tally_move(t, d->window_s, d->now);
}

void dict_tally_save(const struct dict_now *d, struct str key, const struct dict_tally *t)
{
    int64_t ends = d->now + d->window_s > t->until ? d->now + d->window_s : t->until;
    struct buf bytes;
    buf_init(&bytes, BYTES_MAX);
    dict_tally_encode(t, d->key.number, &bytes);
    store_put(d->store, STORE_TALLIES, key, buf_str(&bytes), ends);
    buf_fini(&bytes);
}

void dict_forget(struct store *s, const struct ip *ip)
{
    char room[DICT_STORE_KEY_MAX];
    store_remove(s, STORE_TALLIES, dict_key_client(DICT_CLIENT, ip, room));
    store_remove(s, STORE_TALLIES, dict_key_client(DICT_CLIENT_BOUNCES, ip, room));
    store_remove(s, STORE_TALLIES, dict_key_net(ip, room));
}
