/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ban - who may not send for a while: a network, a reason, an end
 *
 * Key: the 16 bytes of the network and its length, counted for IPv6 (so that
 * IPv4 is ::ffff:0:0/96). Value: a version byte and fixed fields, numbers with
 * the high byte first, then the two texts. A value of another version or with
 * anything odd in it is no ban: it is better to let one through than to ban by
 * mistake.
 *
 * The lengths that administrators used stand in a record of their own, a bit
 * for each: bans of a /17 are found without walking over all of them.
 */
#include "policy/ban.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "store/store.h"

#define VERSION 1u
#define FIXED 54u                /* bytes before the texts */
#define KEY_BYTES 17u
#define LENGTHS_BYTES 17u        /* a bit for each of 0 to 128 */
#define LENGTHS_KEY STR("lengths")
#define NET4 24u
#define NET6 64u
#define LEVEL_MAX 255u
#define CLOCK_SLACK_S 86400

const char *const ban_maker_names[] = { "dictionary", "admin" };

/* --- the network --- */

static unsigned bits_of_key(const struct ip *net, unsigned bits)
{
    return ip_is4(net) ? bits + 96 : bits;
}

static struct ip ip_masked(const struct ip *ip, unsigned bits128)
{
    struct ip out = *ip;
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits128 > i * 8 ? bits128 - i * 8 : 0;
        if (keep < 8)
            out.b[i] &= (uint8_t)(0xff00u >> keep);
    }
    return out;
}

static struct str key_make(const struct ip *ip, unsigned bits128, char room[KEY_BYTES])
{
    struct ip net = ip_masked(ip, bits128);
    memcpy(room, net.b, 16);
    room[16] = (char)bits128;
    return str_make(room, KEY_BYTES);
}

void ban_set_net(struct ban *b, const struct ip *ip, unsigned bits)
{
    must(bits <= (ip_is4(ip) ? 32u : 128u));
    b->net = ip_masked(ip, bits_of_key(ip, bits));
    b->bits = bits;
}

bool ban_active(const struct ban *b, int64_t now)
{
    return now < b->until && (b->maker == BAN_BY_ADMIN || b->since - CLOCK_SLACK_S <= now);
}

bool ban_is_host(const struct ban *b)
{
    return b->bits == (ip_is4(&b->net) ? 32u : 128u);
}

/* --- texts in a ban --- */

static void text_set(char *to, size_t size, struct str text)
{
    struct buf safe;
    buf_init(&safe, size - 1);
    buf_add_safe(&safe, text);           /* cut between two characters if it is too long */
    memset(to, 0, size);
    if (safe.n > 0)
        memcpy(to, safe.p, safe.n);
    buf_fini(&safe);
}

void ban_set_reason(struct ban *b, struct str reason)
{
    text_set(b->reason, sizeof b->reason, reason);
}

void ban_set_who(struct ban *b, struct str who)
{
    text_set(b->who, sizeof b->who, who);
}

/* --- bytes --- */

static void number_put(struct buf *out, uint64_t value, unsigned bytes)
{
    while (bytes-- > 0)
        buf_add_c(out, (char)(value >> (8 * bytes)));
}

static uint64_t number_eat(struct str *s, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | (uint8_t)s->p[i];
    *s = str_skip(*s, bytes);
    return value;
}

void ban_encode(const struct ban *b, struct buf *out)
{
    struct str who = str_c(b->who), reason = str_c(b->reason);
    must(who.n < BAN_WHO_MAX && reason.n < BAN_REASON_MAX);
    number_put(out, VERSION, 1);
    number_put(out, (uint64_t)b->maker, 1);
    number_put(out, b->level < LEVEL_MAX ? b->level : LEVEL_MAX, 1);
    number_put(out, 0, 1);               /* for flags to come */
    number_put(out, (uint64_t)b->since, 8);
    number_put(out, (uint64_t)b->until, 8);
    number_put(out, (uint64_t)b->remembered, 8);
    number_put(out, b->unknown, 4);
    number_put(out, b->good, 4);
    number_put(out, b->clients, 4);
    number_put(out, b->window_s, 4);
    number_put(out, 0, 8);
    number_put(out, who.n, 1);
    number_put(out, reason.n, 1);
    buf_add(out, who);
    buf_add(out, reason);
}

/* A text of `n` bytes, if it is one that we could have written. */
static int text_eat(struct str *s, size_t n, char *to, size_t size)
{
    struct str text = str_head(*s, n);
    char again[BAN_REASON_MAX];
    if (text.n != n || n >= size)
        return -1;
    text_set(again, size, text);
    if (!str_eq(str_c(again), text))
        return -1;
    memcpy(to, again, size);
    *s = str_skip(*s, n);
    return 0;
}

static int net_decode(struct str key, struct ban *b)
{
    if (key.n != KEY_BYTES)
        return -1;
    unsigned bits128 = (uint8_t)key.p[16];
    struct ip net;
    memcpy(net.b, key.p, 16);
    bool v4 = ip_is4(&net) && bits128 >= 96;
    if (bits128 > 128)
        return -1;
    struct ip masked = ip_masked(&net, bits128);
    if (memcmp(masked.b, net.b, 16) != 0)
        return -1;
    b->net = net;
    b->bits = v4 ? bits128 - 96 : bits128;
    return ip_is4(&net) == v4 ? 0 : -1;
}

int ban_decode(struct str key, struct str value, struct ban *out)
{
    struct ban b = { 0 };
    if (net_decode(key, &b) != 0 || value.n < FIXED || (uint8_t)value.p[0] != VERSION)
        return -1;
    number_eat(&value, 1);
    unsigned maker = (unsigned)number_eat(&value, 1);
    b.level = (unsigned)number_eat(&value, 1);
    number_eat(&value, 1);
    uint64_t since = number_eat(&value, 8), until = number_eat(&value, 8);
    uint64_t remembered = number_eat(&value, 8);
    b.unknown = (uint32_t)number_eat(&value, 4);
    b.good = (uint32_t)number_eat(&value, 4);
    b.clients = (uint32_t)number_eat(&value, 4);
    b.window_s = (uint32_t)number_eat(&value, 4);
    number_eat(&value, 8);
    size_t who_n = (size_t)number_eat(&value, 1), reason_n = (size_t)number_eat(&value, 1);
    if (maker > BAN_BY_ADMIN || b.level == 0 || since > INT64_MAX || until > INT64_MAX ||
        remembered > INT64_MAX || remembered < until)
        return -1;
    if (text_eat(&value, who_n, b.who, sizeof b.who) != 0 ||
        text_eat(&value, reason_n, b.reason, sizeof b.reason) != 0 || value.n != 0)
        return -1;
    b.maker = (enum ban_maker)maker;
    b.since = (int64_t)since;
    b.until = (int64_t)until;
    b.remembered = (int64_t)remembered;
    *out = b;
    return 0;
}

/* --- in the store --- */

static int record_get(struct store *s, struct str key, int64_t now, struct ban *out)
{
    struct store_value v;
    if (store_get(s, STORE_BANS, key, now, &v) != 1)
        return 0;
    return ban_decode(key, v.bytes, out) == 0;
}

int ban_get(struct store *s, const struct ip *net, unsigned bits, int64_t now, struct ban *out)
{
    char room[KEY_BYTES];
    return record_get(s, key_make(net, bits_of_key(net, bits), room), now, out);
}

/* The lengths that administrators used, as bits. */
static void lengths_get(struct store *s, uint8_t bits[LENGTHS_BYTES])
{
    struct store_value v;
    memset(bits, 0, LENGTHS_BYTES);
    if (store_get(s, STORE_BANS, LENGTHS_KEY, 0, &v) == 1 && v.bytes.n == LENGTHS_BYTES)
        memcpy(bits, v.bytes.p, LENGTHS_BYTES);
}

static void lengths_add(struct store *s, unsigned bits128)
{
    uint8_t bits[LENGTHS_BYTES];
    lengths_get(s, bits);
    bits[bits128 / 8] |= (uint8_t)(1u << bits128 % 8);
    store_put(s, STORE_BANS, LENGTHS_KEY, str_make((const char *)bits, sizeof bits), INT64_MAX);
}

struct look {
    struct store *store;
    const struct ip *ip;
    int64_t now;
    enum ban_scope scope;
    struct ban *best;
    int found;
};

static void look_at(struct look *l, unsigned bits128)
{
    char room[KEY_BYTES];
    struct ban b;
    if (record_get(l->store, key_make(l->ip, bits128, room), l->now, &b) != 1 ||
        !ban_active(&b, l->now))
        return;
    if (l->scope == BAN_NOT_BY_NEIGHBOURS && b.maker != BAN_BY_ADMIN && !ban_is_host(&b))
        return;
    if (l->found && b.until <= l->best->until)
        return;
    *l->best = b;
    l->found = 1;
}

int ban_find(struct store *s, const struct ip *ip, int64_t now, enum ban_scope scope,
             struct ban *out)
{
    struct look l = { s, ip, now, scope, out, 0 };
    unsigned net = ip_is4(ip) ? 96 + NET4 : NET6, least = ip_is4(ip) ? 96 : 0;
    uint8_t lengths[LENGTHS_BYTES];
    look_at(&l, 128);
    look_at(&l, net);
    lengths_get(s, lengths);
    for (unsigned bits = least; bits < 128; bits++) {
        if ((lengths[bits / 8] >> bits % 8 & 1) && bits != net)
            look_at(&l, bits);
    }
    return l.found;
}

void ban_put(struct store *s, struct ban *b, int64_t now)
{
    struct ban old;
    char room[KEY_BYTES];
    unsigned bits128 = bits_of_key(&b->net, b->bits);
    if (b->maker != BAN_BY_ADMIN && ban_get(s, &b->net, b->bits, now, &old) == 1 &&
        old.maker == BAN_BY_ADMIN && now < old.until) {
        old.until = old.until > b->until ? old.until : b->until;
        *b = old;
    }
    b->remembered = b->remembered > b->until ? b->remembered : b->until;
    b->level = b->level > 0 ? b->level : 1;
    struct buf value;
    buf_init(&value, BAN_RECORD_MAX);
    ban_encode(b, &value);
    store_put(s, STORE_BANS, key_make(&b->net, bits128, room), buf_str(&value), b->remembered);
    buf_fini(&value);
    if (bits128 != 128 && bits128 != (ip_is4(&b->net) ? 96 + NET4 : NET6))
        lengths_add(s, bits128);
}

int ban_remove(struct store *s, const struct ip *net, unsigned bits, int64_t now)
{
    struct ban b;
    char room[KEY_BYTES];
    int active = ban_get(s, net, bits, now, &b) == 1 && ban_active(&b, now);
    store_remove(s, STORE_BANS, key_make(net, bits_of_key(net, bits), room));
    return active;
}

struct walk {
    ban_visit *visit;
    void *ctx;
};

static bool walk_visit(void *ctx, struct str key, struct str value, int64_t ends)
{
    const struct walk *w = ctx;
    struct ban b;
    (void)ends;
    return ban_decode(key, value, &b) != 0 || w->visit(w->ctx, &b);
}

void ban_walk(struct store *s, const struct ban *after, int64_t now, ban_visit *visit, void *ctx)
{
    char room[KEY_BYTES];
    struct walk w = { visit, ctx };
    struct store_range range = { .table = STORE_BANS };
    if (after != NULL)
        range.after = key_make(&after->net, bits_of_key(&after->net, after->bits), room);
    store_walk(s, &range, now, walk_visit, &w);
}

/* --- as text --- */

const char *ban_net_text(const struct ban *b, char text[BAN_NET_TEXT])
{
    char address[IP_TEXT_MAX];
    ip_format(&b->net, address);
    if (ban_is_host(b))
        snprintf(text, BAN_NET_TEXT, "%s", address);
    else
        snprintf(text, BAN_NET_TEXT, "%s/%u", address, b->bits);
    return text;
}

const char *ban_until_text(const struct ban *b, char text[BAN_UNTIL_TEXT])
{
    if (b->until > INT64_MAX - 60) {
        snprintf(text, BAN_UNTIL_TEXT, "further notice");
        return text;
    }
    char stamp[CLOCK_TEXT_MAX];
    clock_human((b->until + 59) / 60 * 60, 0, stamp);    /* YYYY-MM-DD HH:MM:SS +0000 */
    snprintf(text, BAN_UNTIL_TEXT, "%.16s UTC", stamp);
    return text;
}

const char *ban_span_text(int64_t seconds, char text[BAN_SPAN_TEXT])
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
    size_t i = 0;
    while (i < 3 && (seconds < units[i].seconds || seconds % units[i].seconds != 0))
        i++;
    long long n = (long long)(seconds / units[i].seconds);
    snprintf(text, BAN_SPAN_TEXT, "%lld %s%s", n, units[i].name, n == 1 ? "" : "s");
    return text;
}

const char *ban_reply(const struct ban *b, char text[BAN_TEXT_MAX])
{
    char until[BAN_UNTIL_TEXT];
    snprintf(text, BAN_TEXT_MAX, "is banned until %s%s%s", ban_until_text(b, until),
             b->reason[0] == '\0' ? "" : ": ", b->reason);
    return text;
}

const char *ban_words(const struct ban *b, char text[BAN_TEXT_MAX])
{
    char net[BAN_NET_TEXT], until[BAN_UNTIL_TEXT];
    snprintf(text, BAN_TEXT_MAX, "%s until %s, level %u, by %s%s%s%s%s", ban_net_text(b, net),
             ban_until_text(b, until), b->level, ban_maker_names[b->maker],
             b->who[0] == '\0' ? "" : " ", b->who, b->reason[0] == '\0' ? "" : ": ", b->reason);
    return text;
}
