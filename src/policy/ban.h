/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ban - who may not send for a while: a network, a reason, an end
 *
 * A ban is kept beyond its end, so that the next one of the same network can
 * be longer. Bans that an administrator made are never shortened or replaced
 * by what a check finds out.
 *
 * Bans lie in the store under their network; there is no list in memory. To
 * look for an address is to look for each length of network that is in use:
 * the address itself, its /24 or /64, and those that an administrator banned.
 */
#ifndef POSTERN_POLICY_BAN_H
#define POSTERN_POLICY_BAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "mail/ip.h"

struct store;

#define BAN_WHO_MAX 64u
#define BAN_REASON_MAX 200u
#define BAN_FOREVER INT64_MAX    /* `until` of a ban without an end */
#define BAN_RECORD_MAX 400u      /* bytes of a stored ban */

enum ban_maker { BAN_BY_DICTIONARY, BAN_BY_ADMIN };

extern const char *const ban_maker_names[];      /* "dictionary", "admin" */

struct ban {
    struct ip net;               /* its host bits are zero */
    unsigned bits;               /* 0 to 32, or to 128 for IPv6 */
    enum ban_maker maker;
    int64_t since, until;        /* UTC seconds; banned while now < until */
    int64_t remembered;          /* forgotten then; at least `until` */
    unsigned level;              /* 1: the first, 2: the second within the memory ... */
    uint32_t unknown, good;      /* evidence: distinct unknown local parts, good recipients, */
    uint32_t clients;            /* ... of so many clients */
    uint32_t window_s;           /* ... in so many seconds */
    char who[BAN_WHO_MAX];       /* who made it: an administrator's name, or "" */
    char reason[BAN_REASON_MAX]; /* words for the client and the log; printable */
};

/* Cut the host bits off. */
void ban_set_net(struct ban *b, const struct ip *ip, unsigned bits);

/* Copy outside words into `reason` or `who`, escaped and cut. */
void ban_set_reason(struct ban *b, struct str reason);
void ban_set_who(struct ban *b, struct str who);

/* Does it hold now? One that a check made more than a day in the future was made by a clock that
 * was wrong, and never does: else it would last for years. */
bool ban_active(const struct ban *b, int64_t now);

/* Is it only this one address? */
bool ban_is_host(const struct ban *b);

/* Bytes for the store, and back. Decoding checks everything: the file may be anybody's. 0 or -1. */
void ban_encode(const struct ban *b, struct buf *out);
int ban_decode(struct str key, struct str value, struct ban *out);

/* --- in the store --- */

/* Which bans a look is for. */
enum ban_scope {
    BAN_ANY,
    BAN_NOT_BY_NEIGHBOURS        /* without networks that a check banned: the client is good */
};

/* The ban that holds for an address; of several the one that ends last. 1 or 0. */
int ban_find(struct store *s, const struct ip *ip, int64_t now, enum ban_scope scope,
             struct ban *out);

/* The record of exactly this network, also when its ban is over but remembered. 1 or 0. */
int ban_get(struct store *s, const struct ip *net, unsigned bits, int64_t now, struct ban *out);

/* Ban. An administrator's takes the place of whatever stands, even if that would have lasted
 * longer. A check's takes the place of a check's; an administrator's that still holds stays, with
 * its words, and is made longer where it would end earlier. What stands from now on is in *b. */
void ban_put(struct store *s, struct ban *b, int64_t now);

/* Lift and forget it. 1 if there was an active one, else 0. Tallies are another matter: see
 * dict_forget(). */
int ban_remove(struct store *s, const struct ip *net, unsigned bits, int64_t now);

/* Each ban behind `after` (NULL: from the first), IPv4 before most of IPv6, until the callback says
 * false; also those that have ended and are only remembered: ban_active() tells. For pages:
 * `after` is the last of the page before. */
typedef bool ban_visit(void *ctx, const struct ban *b);
void ban_walk(struct store *s, const struct ban *after, int64_t now, ban_visit *visit, void *ctx);

/* --- as text --- */

/* "192.0.2.1", or "192.0.2.0/24". Returns `text`. */
#define BAN_NET_TEXT 52u
const char *ban_net_text(const struct ban *b, char text[BAN_NET_TEXT]);

/* "2026-11-23 15:00 UTC", never earlier than it ends; "further notice" for ever. Returns `text`. */
#define BAN_UNTIL_TEXT 48u
const char *ban_until_text(const struct ban *b, char text[BAN_UNTIL_TEXT]);

/* "10 minutes", "1 hour", "36 hours": to say a time span. Returns `text`. */
#define BAN_SPAN_TEXT 32u
const char *ban_span_text(int64_t seconds, char text[BAN_SPAN_TEXT]);

/* For the client, behind its host: "is banned until ...: REASON". Returns `text`. */
#define BAN_TEXT_MAX 512u
const char *ban_reply(const struct ban *b, char text[BAN_TEXT_MAX]);

/* For the log and the administrator: "192.0.2.0/24 until ..., level 2, by dictionary: REASON". */
const char *ban_words(const struct ban *b, char text[BAN_TEXT_MAX]);

#endif
