/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet - the answer of the DNS, from its bytes (RFC 1035 section 4)
 *
 * Whoever runs the name servers of a sender's domain chooses these bytes. So
 * every length is checked against the packet, compression pointers may only go
 * back, and what is read is bounded three times: by the packet, by
 * DNS_RECORDS_MAX, and by PACKET_ANSWERS_MAX for the work of following CNAMEs.
 *
 * A pure parser: it allocates nothing and logs nothing. Names are compared in
 * their wire form, where a dot inside of a label is no separator.
 */
#ifndef POSTERN_DNS_PACKET_H
#define POSTERN_DNS_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "dns/resolver.h"

#define DNS_WIRE_MAX 255u          /* RFC 1035 section 2.3.4, the root's byte included */
#define PACKET_ANSWERS_MAX 512u    /* records looked at; more than that is `cut` */
#define PACKET_CHAIN_MAX 16u       /* CNAMEs followed */
#define PACKET_TEXT_MAX 16384u     /* bytes of all names of an answer */

/* A name in wire form, letters in lower case. */
struct dns_wire {
    uint8_t b[DNS_WIRE_MAX];
    size_t n;
};

/* From text; a dot at the end is ignored. Every byte but the dot may stand in a label. 0, or -1 if
 * a label is empty or has more than 63 bytes, or the whole is too long. */
int dns_wire_from_text(struct str name, struct dns_wire *out);

/* The name as text without a dot at the end, a NUL behind it: what no host name has is written as
 * \DDD (RFC 1035 section 5.1). Returns its length; 0 for the root. */
#define DNS_WIRE_TEXT_MAX (4u * DNS_WIRE_MAX)
size_t dns_wire_as_text(const struct dns_wire *name, char text[DNS_WIRE_TEXT_MAX]);

/* What an answer points at. Reused for the next one. */
struct dns_scratch {
    struct dns_record records[DNS_RECORDS_MAX];
    char text[PACKET_TEXT_MAX];
    size_t text_n;
};

/* Read the packet that answers the question `asked` for `type`. *out is always filled (`secure` is
 * left to the caller, false here); bytes that are no such answer are DNS_FAILED. Names are text as
 * above, in lower case. TXT views point into `packet`, the rest into `s`. Records of the right type
 * whose data is broken make all of it DNS_FAILED: half an answer of a list is none. */
void dns_packet_read(struct str packet, const struct dns_wire *asked, enum dns_type type,
                     struct dns_scratch *s, struct dns_answer *out);

#endif
