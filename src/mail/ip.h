/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip - IPv4 and IPv6 addresses as values
 *
 * Text in, 16 bytes out; IPv4 as ::ffff:a.b.c.d, so that one compare serves both.
 */
#ifndef POSTERN_MAIL_IP_H
#define POSTERN_MAIL_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define IP_TEXT_MAX 46

struct ip {
    uint8_t b[16];
};

/* The whole of `s`: dotted quad, or IPv6 in any form of RFC 4291, also with a leading
 * `IPv6:`, in brackets, or an IPv4-mapped one. No zone ids. 0 or -1. */
int ip_parse(struct str s, struct ip *out);

/* Text (RFC 5952 for IPv6). Returns `text`. */
const char *ip_format(const struct ip *ip, char text[IP_TEXT_MAX]);

bool ip_is4(const struct ip *ip);
bool ip_eq(const struct ip *a, const struct ip *b);

/* 127.0.0.0/8 and ::1. */
bool ip_loopback(const struct ip *ip);
/* Private, link-local, loopback, shared (RFC 1918, 3927, 4193, 6598): cannot be
 * seen from the Internet. */
bool ip_private(const struct ip *ip);
/* No mail can be sent there: private, or one that nobody can have: 0.0.0.0/8 (which would be this
 * host), multicast and reserved (RFC 6890). */
bool ip_bogus(const struct ip *ip);
/* `ip` lies in `net`/`bits` (bits counted for the family: 0 to 32 or 128). */
bool ip_in(const struct ip *ip, const struct ip *net, unsigned bits);

/* Address or address/bits. 0 or -1. */
int ip_parse_net(struct str s, struct ip *net_out, unsigned *bits_out);

#endif
