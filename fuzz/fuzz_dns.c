/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dns - an answer of the DNS
 *
 * The first bytes choose the type that was asked; the rest is the packet. The
 * question is taken from the packet itself where it has one, so that the fuzzer
 * need not guess it. Holds for any bytes: every view lies in the packet or in
 * the scratch, records are of the asked type, and no status comes with records
 * that does not mean it.
 */
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "dns/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dns_scratch scratch;

/* The name of the question, as the fuzzer wrote it; or a name of ours. */
static void asked_name(struct str packet, struct dns_wire *out)
{
    size_t at = 12;
    out->n = 0;
    while (at < packet.n && out->n + 64 < DNS_WIRE_MAX) {
        size_t length = (uint8_t)packet.p[at];
        if (length > 63 || at + 1 + length > packet.n)
            break;
        for (size_t i = 0; i <= length; i++)
            out->b[out->n++] = (uint8_t)ascii_tolower(packet.p[at + i]);
        at += 1 + length;
        if (length == 0)
            return;
    }
    must(dns_wire_from_text(STR("a.example"), out) == 0);
}

static bool inside(struct str view, struct str whole)
{
    return view.n == 0 || (view.p >= whole.p && view.p + view.n <= whole.p + whole.n);
}

static void check_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        must(name.p[i] > ' ' && name.p[i] < 0x7f && !ascii_upper(name.p[i]));
}

static void check(const struct dns_answer *a, struct str packet, enum dns_type type)
{
    must((a->status == DNS_OK) == (a->count > 0));
    must(a->count <= DNS_RECORDS_MAX && a->ttl <= INT32_MAX && a->why != NULL && !a->secure);
    must(a->status == DNS_OK || a->status == DNS_NODATA || a->status == DNS_NXDOMAIN ||
         (a->status == DNS_FAILED && a->why[0] != '\0'));
    for (size_t i = 0; i < a->count; i++) {
        const struct dns_record *r = &a->records[i];
        must(r->type == type);
        must(inside(r->text, packet));
        must(inside(r->name, str_make(scratch.text, scratch.text_n)));
        must(type != DNS_A || ip_is4(&r->ip));
        check_name(r->name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = { DNS_A, DNS_TXT, DNS_MX, DNS_PTR, DNS_AAAA, DNS_CNAME };
    struct str packet = str_make((const char *)data, size);
    struct dns_wire asked;
    struct dns_answer a;
    if (size < 1)
        return 0;
    enum dns_type type = types[data[0] % 6];
    packet = str_skip(packet, 1);
    asked_name(packet, &asked);
    dns_packet_read(packet, &asked, type, &scratch, &a);
    check(&a, packet, type);
    char text[DNS_WIRE_TEXT_MAX];
    must(dns_wire_as_text(&asked, text) == strlen(text));
    return 0;
}
