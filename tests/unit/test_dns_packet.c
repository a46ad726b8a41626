/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dns_packet - answers of the DNS from their bytes
 *
 * Packets are put together record by record, with the lies in them that a
 * hostile name server can tell: pointers in circles, lengths past the end,
 * chains without an end, counts that do not hold.
 */
#include "unit.h"

#include "base/buf.h"
#include "dns/packet.h"

#define FLAGS_OK 0x8180u
#define FLAGS_NX 0x8183u

struct packet {
    struct buf b;
    unsigned answers, authorities;
};

static void add_u16(struct buf *b, unsigned v)
{
    buf_add_c(b, (char)(v >> 8));
    buf_add_c(b, (char)v);
}

static void add_u32(struct buf *b, uint32_t v)
{
    add_u16(b, v >> 16);
    add_u16(b, v & 0xffff);
}

static void add_name(struct buf *b, const char *name)
{
    struct dns_wire wire = { .b = { 0 }, .n = 1 };
    if (*name != '\0')
        assert_int_equal(dns_wire_from_text(str_c(name), &wire), 0);
    buf_add(b, str_make((const char *)wire.b, wire.n));
}

static void packet_begin(struct packet *p, const char *name, enum dns_type type, unsigned flags)
{
    buf_init(&p->b, 65535);
    p->answers = p->authorities = 0;
    add_u16(&p->b, 1);
    add_u16(&p->b, flags);
    add_u16(&p->b, 1);
    add_u16(&p->b, 0);
    add_u16(&p->b, 0);
    add_u16(&p->b, 0);
    add_name(&p->b, name);
    add_u16(&p->b, type);
    add_u16(&p->b, 1);
}

static void rr(struct packet *p, const char *owner, unsigned type, uint32_t ttl, struct str data)
{
    add_name(&p->b, owner);
    add_u16(&p->b, type);
    add_u16(&p->b, 1);
    add_u32(&p->b, ttl);
    add_u16(&p->b, (unsigned)data.n);
    buf_add(&p->b, data);
    p->answers++;
    p->b.p[7] = (char)p->answers;
    p->b.p[6] = (char)(p->answers >> 8);
}

static void rr_cname(struct packet *p, const char *owner, uint32_t ttl, const char *target)
{
    struct buf data;
    buf_init(&data, 300);
    add_name(&data, target);
    rr(p, owner, DNS_CNAME, ttl, buf_str(&data));
    buf_fini(&data);
}

/* Behind all answers. */
static void soa(struct packet *p, const char *owner, uint32_t ttl, uint32_t minimum)
{
    struct buf data;
    buf_init(&data, 600);
    add_name(&data, "ns.example");
    add_name(&data, "hostmaster.example");
    for (unsigned i = 0; i < 4; i++)
        add_u32(&data, 7200);
    add_u32(&data, minimum);
    unsigned answers = p->answers;
    rr(p, owner, 6, ttl, buf_str(&data));
    p->answers = answers;
    p->b.p[7] = (char)answers;
    p->b.p[9] = (char)++p->authorities;
    buf_fini(&data);
}

static struct dns_scratch scratch;

static struct dns_answer read_it(struct packet *p, const char *name, enum dns_type type)
{
    struct dns_wire wire;
    struct dns_answer a;
    assert_int_equal(dns_wire_from_text(str_c(name), &wire), 0);
    dns_packet_read(buf_str(&p->b), &wire, type, &scratch, &a);
    return a;
}

static void addresses(void **state)
{
    (void)state;
    struct packet p;
    packet_begin(&p, "2.0.0.127.bl.example", DNS_A, FLAGS_OK);
    rr(&p, "2.0.0.127.BL.example", DNS_A, 300, STR("\x7f\0\0\x02"));
    rr(&p, "2.0.0.127.bl.example", DNS_A, 60, STR("\x7f\0\0\x04"));
    rr(&p, "other.example", DNS_A, 5, STR("\x7f\0\0\x09"));
    struct dns_answer a = read_it(&p, "2.0.0.127.bl.example.", DNS_A);
    assert_int_equal(a.status, DNS_OK);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.ttl, 60);
    assert_false(a.cut);
    char text[IP_TEXT_MAX];
    assert_string_equal(ip_format(&a.records[0].ip, text), "127.0.0.2");
    assert_string_equal(ip_format(&a.records[1].ip, text), "127.0.0.4");
    buf_fini(&p.b);

    packet_begin(&p, "six.example", DNS_AAAA, FLAGS_OK);
    rr(&p, "six.example", DNS_AAAA, 1, STR("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"));
    a = read_it(&p, "six.example", DNS_AAAA);
    assert_int_equal(a.status, DNS_OK);
    assert_string_equal(ip_format(&a.records[0].ip, text), "2001:db8::1");
    buf_fini(&p.b);
}

static void names_and_texts(void **state)
{
    (void)state;
    struct packet p;
    packet_begin(&p, "example.org", DNS_MX, FLAGS_OK);
    rr(&p, "example.org", DNS_MX, 60, STR("\0\x0a\2MX\7Example\3org\0"));
    rr(&p, "example.org", DNS_MX, 60, STR("\0\0\0"));
    rr(&p, "example.org", DNS_MX, 60, STR("\0\x14\5a.b\0\x07\0"));
    rr(&p, "example.org", DNS_MX, 60, STR("\0\x1e\2mx\xc0\x0c"));
    struct dns_answer a = read_it(&p, "example.org", DNS_MX);
    assert_int_equal(a.status, DNS_OK);
    assert_int_equal(a.count, 4);
    assert_str(a.records[0].name, "mx.example.org");
    assert_int_equal(a.records[0].preference, 10);
    assert_str(a.records[1].name, "");
    assert_str(a.records[2].name, "a\\046b\\000\\007");
    assert_str(a.records[3].name, "mx.example.org");
    buf_fini(&p.b);

    packet_begin(&p, "txt.example", DNS_TXT, FLAGS_OK);
    rr(&p, "txt.example", DNS_TXT, 60, STR("\5first\6second"));
    rr(&p, "txt.example", DNS_TXT, 60, STR("\0"));
    a = read_it(&p, "txt.example", DNS_TXT);
    assert_int_equal(a.count, 2);
    assert_str(a.records[0].text, "first");
    assert_str(a.records[1].text, "");
    buf_fini(&p.b);
}

static void chains(void **state)
{
    (void)state;
    struct packet p;
    /* in any order, and a record of the asked name's owner beside the chain does not count */
    packet_begin(&p, "a.example", DNS_A, FLAGS_OK);
    rr(&p, "c.example", DNS_A, 90, STR("\x7f\0\0\x02"));
    rr_cname(&p, "b.example", 30, "C.example");
    rr_cname(&p, "a.example", 60, "b.example");
    struct dns_answer a = read_it(&p, "a.example", DNS_A);
    assert_int_equal(a.status, DNS_OK);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.ttl, 30);
    buf_fini(&p.b);

    /* a CNAME to nothing is "no" (Exim's test 0422) */
    packet_begin(&p, "a.example", DNS_A, FLAGS_NX);
    rr_cname(&p, "a.example", 60, "gone.example");
    soa(&p, "example", 900, 20);
    a = read_it(&p, "a.example", DNS_A);
    assert_int_equal(a.status, DNS_NXDOMAIN);
    assert_int_equal(a.ttl, 20);
    buf_fini(&p.b);

    packet_begin(&p, "a.example", DNS_A, FLAGS_OK);
    rr_cname(&p, "a.example", 60, "b.example");
    rr_cname(&p, "b.example", 60, "a.example");
    a = read_it(&p, "a.example", DNS_A);
    assert_int_equal(a.status, DNS_FAILED);
    assert_string_equal(a.why, "too many CNAMEs");
    buf_fini(&p.b);

    packet_begin(&p, "a.example", DNS_CNAME, FLAGS_OK);
    rr_cname(&p, "a.example", 60, "b.example");
    a = read_it(&p, "a.example", DNS_CNAME);
    assert_int_equal(a.status, DNS_OK);
    assert_str(a.records[0].name, "b.example");
    buf_fini(&p.b);
}

static void negative(void **state)
{
    (void)state;
    static const struct {
        unsigned flags;
        uint32_t ttl, minimum, expect;
        enum dns_status status;
    } rows[] = {
        { FLAGS_NX, 3600, 900, 900, DNS_NXDOMAIN },
        { FLAGS_NX, 300, 900, 300, DNS_NXDOMAIN },
        { FLAGS_OK, 300, 30, 30, DNS_NODATA },
        { FLAGS_OK, 0xffffffffu, 30, 0, DNS_NODATA },      /* RFC 2181 section 8 */
        { 0x8182u, 300, 30, 0, DNS_FAILED },
        { 0x8185u, 300, 30, 0, DNS_FAILED },
        { 0x818fu, 300, 30, 0, DNS_FAILED },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct packet p;
        packet_begin(&p, "no.example", DNS_A, rows[i].flags);
        soa(&p, "example", rows[i].ttl, rows[i].minimum);
        struct dns_answer a = read_it(&p, "no.example", DNS_A);
        if (a.status != rows[i].status || a.ttl != rows[i].expect)
            fail_msg("row %zu: status %d, ttl %u", i, (int)a.status, a.ttl);
        buf_fini(&p.b);
    }
    struct packet p;   /* without a SOA it is not to be kept */
    packet_begin(&p, "no.example", DNS_A, FLAGS_NX);
    assert_int_equal(read_it(&p, "no.example", DNS_A).ttl, 0);
    buf_fini(&p.b);
}

static void broken(void **state)
{
    (void)state;
    struct packet p;
    packet_begin(&p, "a.example", DNS_A, FLAGS_OK);
    rr(&p, "a.example", DNS_A, 60, STR("\x7f\0\0\x02"));
    size_t whole = p.b.n;
    for (size_t n = 0; n < whole; n++) {   /* cut anywhere */
        p.b.n = n;
        assert_int_equal(read_it(&p, "a.example", DNS_A).status, DNS_FAILED);
    }
    p.b.n = whole;
    assert_int_equal(read_it(&p, "a.example", DNS_A).status, DNS_OK);
    assert_int_equal(read_it(&p, "b.example", DNS_A).status, DNS_FAILED);     /* another question */
    assert_int_equal(read_it(&p, "a.example", DNS_TXT).status, DNS_FAILED);
    p.b.p[2] = 0x01;                                                          /* a question, no answer */
    assert_int_equal(read_it(&p, "a.example", DNS_A).status, DNS_FAILED);
    buf_fini(&p.b);

    packet_begin(&p, "a.example", DNS_A, FLAGS_OK);
    rr(&p, "a.example", DNS_A, 60, STR("\x7f\0\0"));
    assert_int_equal(read_it(&p, "a.example", DNS_A).status, DNS_FAILED);
    buf_fini(&p.b);

    packet_begin(&p, "a.example", DNS_TXT, FLAGS_OK);
    rr(&p, "a.example", DNS_TXT, 60, STR("\x09short"));
    assert_int_equal(read_it(&p, "a.example", DNS_TXT).status, DNS_FAILED);
    buf_fini(&p.b);

    packet_begin(&p, "a.example", DNS_A, FLAGS_OK | 0x0200);                  /* truncated to nothing */
    struct dns_answer a = read_it(&p, "a.example", DNS_A);
    assert_int_equal(a.status, DNS_FAILED);
    assert_string_equal(a.why, "truncated answer");
    rr(&p, "a.example", DNS_A, 60, STR("\x7f\0\0\x02"));
    a = read_it(&p, "a.example", DNS_A);
    assert_int_equal(a.status, DNS_OK);
    assert_true(a.cut);
    buf_fini(&p.b);
}

/* The owner's name is a pointer to itself, forwards, into the header, or past the end. */
static void pointers(void **state)
{
    (void)state;
    static const struct str owners[] = {
        STR_INIT("\xc0\x1b"), STR_INIT("\xc0\x1d"), STR_INIT("\xff\xff"), STR_INIT("\x80"),
        STR_INIT("\x01x\xc0\x1b"), STR_INIT("\xc0"),
    };
    for (size_t i = 0; i < ROWS(owners); i++) {
        struct packet p;
        packet_begin(&p, "a.example", DNS_A, FLAGS_OK);
        assert_int_equal(p.b.n, 0x1b);
        buf_add(&p.b, owners[i]);
        add_u16(&p.b, DNS_A);
        add_u16(&p.b, 1);
        add_u32(&p.b, 60);
        add_u16(&p.b, 4);
        buf_add(&p.b, STR("\x7f\0\0\x02"));
        p.b.p[7] = 1;
        struct dns_answer a = read_it(&p, "a.example", DNS_A);
        if (a.status != DNS_FAILED)
            fail_msg("row %zu: status %d", i, (int)a.status);
        buf_fini(&p.b);
    }
}

static void many(void **state)
{
    (void)state;
    struct packet p;
    packet_begin(&p, "a.example", DNS_A, FLAGS_OK);
    for (unsigned i = 0; i < DNS_RECORDS_MAX + 1; i++)
        rr(&p, "a.example", DNS_A, 60, STR("\x7f\0\0\x02"));
    struct dns_answer a = read_it(&p, "a.example", DNS_A);
    assert_int_equal(a.status, DNS_OK);
    assert_int_equal(a.count, DNS_RECORDS_MAX);
    assert_true(a.cut);
    buf_fini(&p.b);

    packet_begin(&p, "a.example", DNS_A, FLAGS_OK);   /* more than we look at, none of them ours */
    for (unsigned i = 0; i < PACKET_ANSWERS_MAX + 1; i++)
        rr(&p, "b.example", DNS_A, 60, STR("\x7f\0\0\x02"));
    assert_int_equal(read_it(&p, "a.example", DNS_A).status, DNS_FAILED);
    buf_fini(&p.b);
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int rc;
    } rows[] = {
        { "a", 0 }, { "a.", 0 }, { "a.b.c", 0 }, { "", -1 }, { ".", -1 }, { "a..b", -1 }, { ".a", -1 },
        { "a..", -1 }, { "user@example.org", 0 },
        { "123456789012345678901234567890123456789012345678901234567890123", 0 },
        { "1234567890123456789012345678901234567890123456789012345678901234", -1 },
    };
    struct dns_wire wire;
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (dns_wire_from_text(str_c(rows[i].name), &wire) != rows[i].rc)
            fail_msg("\"%s\"", rows[i].name);
    }
    char text[260];
    memset(text, 'a', sizeof text);
    for (size_t i = 50; i < sizeof text; i += 51)
        text[i] = '.';
    assert_int_equal(dns_wire_from_text(str_make(text, 253), &wire), 0);
    assert_int_equal(wire.n, 255);
    assert_int_equal(dns_wire_from_text(str_make(text, 254), &wire), -1);
    char out[DNS_WIRE_TEXT_MAX];
    assert_int_equal(dns_wire_from_text(STR("A\0b.c"), &wire), 0);
    assert_int_equal(dns_wire_as_text(&wire, out), 8);
    assert_string_equal(out, "a\\000b.c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses), cmocka_unit_test(names_and_texts), cmocka_unit_test(chains),
        cmocka_unit_test(negative),  cmocka_unit_test(broken),          cmocka_unit_test(pointers),
        cmocka_unit_test(many),      cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
