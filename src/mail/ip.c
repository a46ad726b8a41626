/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip - IPv4 and IPv6 addresses as values
 *
 * The text itself is read and written by the C library, which does both right
 * (RFC 4291, RFC 5952), but for writing IPv4, which is done for every line of the log; here
 * are the wrappings that mail puts around it, and the questions that are
 * asked of an address. No name is ever looked up.
 */
#define _POSIX_C_SOURCE 200809L
#include "mail/ip.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

int ip_parse(struct str s, struct ip *out)
{
    char text[IP_TEXT_MAX];
    if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = str_make(s.p + 1, s.n - 2);
    bool six = str_starts_nocase(s, STR("IPv6:"));
    if (six)
        s = str_skip(s, 5);
    if (str_copy(s, text, sizeof text) != 0)
        return -1;
    struct ip ip;
    if (!six && inet_pton(AF_INET, text, ip.b + 12) == 1)
        memcpy(ip.b, mapped, sizeof mapped);
    else if (inet_pton(AF_INET6, text, ip.b) != 1)
        return -1;
    *out = ip;
    return 0;
}

static char *byte_format(char *p, uint8_t byte)
{
    if (byte >= 100)
        *p++ = (char)('0' + byte / 100);
    if (byte >= 10)
        *p++ = (char)('0' + byte / 10 % 10);
    *p++ = (char)('0' + byte % 10);
    return p;
}

const char *ip_format(const struct ip *ip, char text[IP_TEXT_MAX])
{
    char *p = text;
    if (ip_is4(ip)) {
        for (size_t i = 12; i < 16; i++) {
            p = byte_format(p, ip->b[i]);
            *p++ = i < 15 ? '.' : '\0';
        }
    } else {
        inet_ntop(AF_INET6, ip->b, text, IP_TEXT_MAX);
    }
    return text;
}

bool ip_is4(const struct ip *ip)
{
    return memcmp(ip->b, mapped, sizeof mapped) == 0;
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* The first `bits` of the 128 are the same. */
static bool prefix_same(const struct ip *a, const struct ip *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a->b, b->b, whole) != 0)
        return false;
    return rest == 0 || ((a->b[whole] ^ b->b[whole]) >> (8 - rest)) == 0;
}

bool ip_in(const struct ip *ip, const struct ip *net, unsigned bits)
{
    bool four = ip_is4(net);
    if (ip_is4(ip) != four || bits > (four ? 32u : 128u))
        return false;
    return prefix_same(ip, net, four ? bits + 96 : bits);
}

struct net {
    struct ip ip;
    uint8_t bits; /* of the 128 */
};

#define NET4(a, b, bits) { { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b } }, 96 + (bits) }

bool ip_loopback(const struct ip *ip)
{
    static const struct net net4 = NET4(127, 0, 8);
    static const struct ip six = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };
    return prefix_same(ip, &net4.ip, net4.bits) || ip_eq(ip, &six);
}

bool ip_private(const struct ip *ip)
{
    static const struct net nets[] = {
        NET4(10, 0, 8), NET4(172, 16, 12), NET4(192, 168, 16), /* RFC 1918 */
        NET4(169, 254, 16),                                    /* RFC 3927 */
        NET4(100, 64, 10),                                     /* RFC 6598 */
        { { { 0xfc } }, 7 },                                   /* RFC 4193 */
        { { { 0xfe, 0x80 } }, 10 },                            /* RFC 4291 link-local */
    };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        if (prefix_same(ip, &nets[i].ip, nets[i].bits))
            return true;
    }
    return ip_loopback(ip);
}

bool ip_bogus(const struct ip *ip)
{
    if (ip_private(ip))
        return true;
    if (ip_is4(ip))
        return ip->b[12] == 0 || ip->b[12] >= 224;
    return ip->b[0] == 0xff || ip->b[0] == 0;
}

int ip_parse_net(struct str s, struct ip *net_out, unsigned *bits_out)
{
    struct str address = str_cut(&s, '/');
    if (ip_parse(address, net_out) != 0)
        return -1;
    uint64_t most = ip_is4(net_out) ? 32 : 128, bits = most;
    bool slash = s.p != address.p + address.n;
    if (slash && (str_u64(s, &bits) != 0 || bits > most))
        return -1;
    *bits_out = (unsigned)bits;
    return 0;
}
