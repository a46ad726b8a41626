/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_ban - bans: their bytes, their networks, who may change whose, their texts
 *
 * A record is decoded with every byte changed to every value, because the file
 * that it comes from may be anybody's.
 */
#define _GNU_SOURCE
#include "policy/ban.h"

#include "statemake.h"

static struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(str_c(text), &ip), 0);
    return ip;
}

static struct ban ban_of(const char *net, unsigned bits, enum ban_maker maker, int64_t until)
{
    struct ban b = { .maker = maker, .since = NOW, .until = until, .level = 1, .unknown = 12,
                     .window_s = 600 };
    struct ip ip = ip_of(net);
    ban_set_net(&b, &ip, bits);
    ban_set_reason(&b, STR("12 unknown recipients in 10 minutes"));
    return b;
}

static void put(struct store *s, const char *net, unsigned bits, enum ban_maker maker, int64_t until)
{
    struct ban b = ban_of(net, bits, maker, until);
    ban_put(s, &b, NOW);
}

/* The network that bans an address, or "". */
static const char *banned_by(struct store *s, const char *address, int64_t now, enum ban_scope scope)
{
    static char text[BAN_NET_TEXT];
    struct ip ip = ip_of(address);
    struct ban b;
    return ban_find(s, &ip, now, scope, &b) ? ban_net_text(&b, text) : "";
}

static void test_bytes(void **state)
{
    (void)state;
    struct store *s = state_open(NULL);
    struct ban b = ban_of("192.0.2.77", 24, BAN_BY_ADMIN, NOW + 100), got;
    b.level = 7;
    b.good = 3;
    b.clients = 9;
    b.remembered = NOW + 1000;
    ban_set_who(&b, STR("root@\x1b[31mhost"));
    ban_put(s, &b, NOW);
    assert_int_equal(ban_get(s, &b.net, 24, NOW, &got), 1);
    assert_memory_equal(&got, &b, sizeof b);
    assert_string_equal(got.who, "root@\\x1b[31mhost");
    assert_int_equal(ban_get(s, &b.net, 24, NOW + 999, &got), 1);    /* over, but remembered */
    assert_int_equal(ban_get(s, &b.net, 24, NOW + 1000, &got), 0);
    assert_int_equal(ban_get(s, &b.net, 25, NOW, &got), 0);
    store_close(&s);
}

/* Every byte changed to every value: an error, or a ban that can be written again as it was read. */
static void test_bytes_hostile(void **state)
{
    (void)state;
    struct ban b = ban_of("2001:db8::", 33, BAN_BY_DICTIONARY, NOW + 100), got;
    struct buf bytes, again;
    char key[17], copy[BAN_RECORD_MAX];
    b.remembered = b.until;
    memcpy(key, b.net.b, 16);
    key[16] = 33;
    buf_init(&bytes, BAN_RECORD_MAX);
    buf_init(&again, BAN_RECORD_MAX);
    ban_encode(&b, &bytes);
    assert_int_equal(ban_decode(str_make(key, 17), buf_str(&bytes), &got), 0);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(ban_decode(str_make(key, 17), str_make(bytes.p, n), &got), -1);
    for (size_t n = 0; n < 17; n++)
        assert_int_equal(ban_decode(str_make(key, n), buf_str(&bytes), &got), -1);
    for (size_t i = 0; i < bytes.n; i++) {
        for (unsigned c = 0; c < 256; c++) {
            memcpy(copy, bytes.p, bytes.n);
            copy[i] = (char)c;
            if (ban_decode(str_make(key, 17), str_make(copy, bytes.n), &got) != 0)
                continue;
            buf_reset(&again);
            ban_encode(&got, &again);
            assert_int_equal(again.n, bytes.n);
        }
    }
    key[15] = 1;                                 /* a host bit */
    assert_int_equal(ban_decode(str_make(key, 17), buf_str(&bytes), &got), -1);
    buf_fini(&bytes);
    buf_fini(&again);
}

/* A clock that was wrong for a moment: what a check banned then ends with it, not years later. What
 * an administrator wrote stays. */
static void test_clock_was_wrong(void **state)
{
    (void)state;
    struct store *s = state_open(NULL);
    const int64_t year = 365 * 86400;
    for (int maker = BAN_BY_DICTIONARY; maker <= BAN_BY_ADMIN; maker++) {
        struct ban b = ban_of(maker == BAN_BY_ADMIN ? "192.0.2.9" : "192.0.2.8", 32,
                              (enum ban_maker)maker, NOW + 10 * year + 3600);
        b.since = NOW + 10 * year;
        ban_put(s, &b, b.since);
    }
    assert_string_equal(banned_by(s, "192.0.2.8", NOW + 10 * year, BAN_ANY), "192.0.2.8");
    assert_string_equal(banned_by(s, "192.0.2.8", NOW + 10 * year - 60, BAN_ANY), "192.0.2.8");
    assert_string_equal(banned_by(s, "192.0.2.8", NOW, BAN_ANY), "");
    assert_string_equal(banned_by(s, "192.0.2.9", NOW, BAN_ANY), "192.0.2.9");
    struct ip ip = ip_of("192.0.2.8");
    assert_int_equal(ban_remove(s, &ip, 32, NOW), 0);
    store_close(&s);
}

static void test_find(void **state)
{
    (void)state;
    struct store *s = state_open(NULL);
    put(s, "192.0.2.1", 32, BAN_BY_DICTIONARY, NOW + 100);
    put(s, "198.51.100.7", 24, BAN_BY_DICTIONARY, NOW + 100);
    put(s, "10.32.0.0", 11, BAN_BY_ADMIN, NOW + 100);
    put(s, "2001:db8:1:2::5", 64, BAN_BY_DICTIONARY, NOW + 100);
    put(s, "2001:db8:f000::", 36, BAN_BY_ADMIN, BAN_FOREVER);
    put(s, "2001:db8::9", 128, BAN_BY_DICTIONARY, NOW + 100);
    static const struct {
        const char *address, *by, *without_neighbours;
    } rows[] = {
        { "192.0.2.1", "192.0.2.1", "192.0.2.1" },
        { "192.0.2.2", "", "" },
        { "198.51.100.255", "198.51.100.0/24", "" },
        { "198.51.101.0", "", "" },
        { "10.32.0.0", "10.32.0.0/11", "10.32.0.0/11" },
        { "10.63.255.255", "10.32.0.0/11", "10.32.0.0/11" },
        { "10.64.0.0", "", "" },
        { "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64", "" },
        { "2001:db8:1:3::1", "", "" },
        { "2001:db8:f123::1", "2001:db8:f000::/36", "2001:db8:f000::/36" },
        { "2001:db8:e123::1", "", "" },
        { "2001:db8::9", "2001:db8::9", "2001:db8::9" },
        { "::1", "", "" },
        { "::10.32.0.1", "", "" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_string_equal(banned_by(s, rows[i].address, NOW, BAN_ANY), rows[i].by);
        assert_string_equal(banned_by(s, rows[i].address, NOW, BAN_NOT_BY_NEIGHBOURS),
                            rows[i].without_neighbours);
    }
    assert_string_equal(banned_by(s, "192.0.2.1", NOW + 99, BAN_ANY), "192.0.2.1");
    assert_string_equal(banned_by(s, "192.0.2.1", NOW + 100, BAN_ANY), "");
    assert_string_equal(banned_by(s, "2001:db8:f123::1", NOW * 10, BAN_ANY), "2001:db8:f000::/36");
    put(s, "0.0.0.0", 0, BAN_BY_ADMIN, NOW + 50);        /* of several the one that ends last */
    assert_string_equal(banned_by(s, "192.0.2.1", NOW, BAN_ANY), "192.0.2.1");
    assert_string_equal(banned_by(s, "203.0.113.1", NOW, BAN_ANY), "0.0.0.0/0");
    assert_string_equal(banned_by(s, "2001:db8:1:3::1", NOW, BAN_ANY), "");
    store_close(&s);
}

static void test_whose(void **state)
{
    (void)state;
    struct store *s = state_open(NULL);
    struct ip ip = ip_of("192.0.2.1");
    struct ban b = ban_of("192.0.2.1", 32, BAN_BY_ADMIN, NOW + 1000);
    ban_set_reason(&b, STR("ours"));
    ban_put(s, &b, NOW);
    put(s, "192.0.2.1", 32, BAN_BY_DICTIONARY, NOW + 100);       /* does not shorten it */
    assert_int_equal(ban_get(s, &ip, 32, NOW, &b), 1);
    assert_int_equal(b.until, NOW + 1000);
    assert_string_equal(b.reason, "ours");
    put(s, "192.0.2.1", 32, BAN_BY_DICTIONARY, NOW + 2000);      /* makes it longer */
    assert_int_equal(ban_get(s, &ip, 32, NOW, &b), 1);
    assert_int_equal(b.until, NOW + 2000);
    assert_int_equal(b.maker, BAN_BY_ADMIN);
    put(s, "192.0.2.1", 32, BAN_BY_ADMIN, NOW + 10);             /* who made it may shorten it */
    assert_int_equal(ban_get(s, &ip, 32, NOW, &b), 1);
    assert_int_equal(b.until, NOW + 10);
    assert_int_equal(ban_remove(s, &ip, 32, NOW), 1);
    assert_int_equal(ban_remove(s, &ip, 32, NOW), 0);
    assert_string_equal(banned_by(s, "192.0.2.1", NOW, BAN_ANY), "");
    store_close(&s);
}

struct page {
    char text[512];
    struct ban last;
    unsigned left;
};

static bool page_visit(void *ctx, const struct ban *b)
{
    struct page *p = ctx;
    char net[BAN_NET_TEXT];
    size_t n = strlen(p->text);
    snprintf(p->text + n, sizeof p->text - n, "%s ", ban_net_text(b, net));
    p->last = *b;
    return --p->left > 0;
}

static void test_walk(void **state)
{
    (void)state;
    struct store *s = state_open("walk");
    put(s, "203.0.113.9", 32, BAN_BY_DICTIONARY, NOW + 100);
    put(s, "2001:db8::", 32, BAN_BY_ADMIN, NOW + 100);
    put(s, "203.0.113.0", 25, BAN_BY_ADMIN, NOW + 100);
    store_sync(s, NULL);
    put(s, "192.0.2.0", 24, BAN_BY_DICTIONARY, NOW + 100);
    put(s, "192.0.2.1", 32, BAN_BY_DICTIONARY, NOW + 1);
    struct page p = { .left = 2 };
    ban_walk(s, NULL, NOW + 1, page_visit, &p);
    assert_string_equal(p.text, "192.0.2.0/24 203.0.113.0/25 ");
    p.left = 9;
    p.text[0] = '\0';
    struct ban last = p.last;
    ban_walk(s, &last, NOW + 1, page_visit, &p);
    assert_string_equal(p.text, "203.0.113.9 2001:db8::/32 ");
    store_close(&s);
}

static void test_texts(void **state)
{
    (void)state;
    char text[BAN_TEXT_MAX], span[BAN_SPAN_TEXT];
    struct ban b = ban_of("192.0.2.1", 24, BAN_BY_DICTIONARY, NOW);
    assert_string_equal(ban_reply(&b, text),
                        "is banned until 2026-11-23 15:00 UTC: 12 unknown recipients in 10 minutes");
    b.until = NOW + 1;                           /* never said to end earlier than it does */
    b.level = 2;
    ban_set_who(&b, STR("postmaster"));
    assert_string_equal(ban_words(&b, text), "192.0.2.0/24 until 2026-11-23 15:01 UTC, level 2, by "
                                             "dictionary postmaster: 12 unknown recipients in 10 minutes");
    b.until = BAN_FOREVER;
    ban_set_reason(&b, STR(""));
    assert_string_equal(ban_reply(&b, text), "is banned until further notice");
    ban_set_reason(&b, str_make(text, 3));
    char longest[2 * BAN_REASON_MAX];
    memset(longest, 0x01, sizeof longest);
    ban_set_reason(&b, str_make(longest, sizeof longest));
    assert_int_equal(strlen(b.reason), BAN_REASON_MAX - 1 - (BAN_REASON_MAX - 1) % 4);
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        { 0, "0 seconds" }, { 1, "1 second" }, { 90, "90 seconds" }, { 600, "10 minutes" },
        { 3600, "1 hour" }, { 129600, "36 hours" }, { 86400, "1 day" },
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_string_equal(ban_span_text(rows[i].seconds, span), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_bytes_hostile),
        cmocka_unit_test(test_find),  cmocka_unit_test(test_whose),
        cmocka_unit_test(test_clock_was_wrong),
        cmocka_unit_test(test_walk),  cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, state_setup, state_teardown);
}
