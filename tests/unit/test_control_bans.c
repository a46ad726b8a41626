/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_control_bans - bans listed, shown, made and lifted through JSON
 *
 * The daemon runs these on its store, and postern on the store of a daemon that is
 * down: so they are tried on a store in memory, with an hour that the test chooses.
 */
#include "door/control_bans.h"

#include <stdio.h>
#include <string.h>

#include "store/store.h"
#include "unit.h"

#define NOW 1764000000

static struct store *store_make(void)
{
    struct store_options o = { .file_max = 1 << 26, .pending_max = 1 << 26 };
    struct err err;
    for (size_t i = 0; i < STORE_TABLES; i++)
        o.table_max[i] = 100000;
    struct store *s = store_open(&o, NOW, &err);
    assert_non_null(s);
    return s;
}

static json_t *object(const char *text)
{
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    return o;
}

static json_t *add(struct store *s, const char *text, struct err *err)
{
    struct ban b;
    json_t *request = object(text), *result = control_bans_add(s, NOW, request, &b, err);
    json_decref(request);
    return result;
}

static void test_add_show_remove(void **state)
{
    (void)state;
    struct store *s = store_make();
    struct err err;
    struct ban b;
    json_t *result = add(s, "{\"net\":\"192.0.2.77/24\",\"seconds\":3600,\"reason\":\"noise\","
                            "\"who\":\"root\"}", &err);
    assert_non_null(result);
    json_decref(result);
    json_t *request = object("{\"net\":\"192.0.2.9\"}");
    result = control_bans_show(s, NOW + 10, request, &err);
    assert_non_null(result);
    json_t *ban = json_array_get(json_object_get(result, "bans"), 0);
    assert_string_equal(json_string_value(json_object_get(ban, "net")), "192.0.2.0/24");
    assert_string_equal(json_string_value(json_object_get(ban, "until")), "2025-11-24T17:00:00Z");
    assert_string_equal(json_string_value(json_object_get(ban, "reason")), "noise");
    assert_string_equal(json_string_value(json_object_get(ban, "who")), "root");
    assert_string_equal(json_string_value(json_object_get(ban, "by")), "admin");
    assert_true(json_is_true(json_object_get(ban, "active")));
    json_decref(result);
    assert_null(control_bans_remove(s, NOW + 10, request, &b, &err));
    assert_int_equal(err.kind, ERR_MISSING);
    assert_non_null(strstr(err.text, "as a part of 192.0.2.0/24"));
    json_decref(request);
    request = object("{\"net\":\"192.0.2.0/24\"}");
    result = control_bans_remove(s, NOW + 10, request, &b, &err);
    assert_non_null(result);
    assert_string_equal(b.reason, "noise");
    json_decref(result);
    assert_null(control_bans_remove(s, NOW + 10, request, &b, &err));
    assert_int_equal(err.kind, ERR_MISSING);
    assert_null(control_bans_show(s, NOW + 10, request, &err));
    assert_int_equal(err.kind, ERR_MISSING);
    json_decref(request);
    store_close(&s);
}

static void test_bad_requests(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{}", "{\"net\":5}", "{\"net\":\"x\"}", "{\"net\":\"192.0.2.1/33\"}",
        "{\"net\":\"0.0.0.0/0\"}", "{\"net\":\"::/1\"}",
        "{\"net\":\"192.0.2.1\",\"seconds\":0}", "{\"net\":\"192.0.2.1\",\"seconds\":-5}",
        "{\"net\":\"192.0.2.1\",\"seconds\":\"1\"}",
        "{\"net\":\"192.0.2.1\",\"seconds\":9000000000000000000}",
    };
    struct store *s = store_make();
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct err err = { .kind = ERR_NONE };
        json_t *result = add(s, rows[i], &err);
        if (result != NULL || err.kind != ERR_USAGE)
            fail_msg("row %zu: %s", i, err.text);
        json_t *request = object(rows[i]);
        struct err early = { .kind = ERR_NONE };
        assert_int_equal(control_bans_check(request, true, &early), -1);
        assert_string_equal(early.text, err.text);
        json_decref(request);
    }
    store_close(&s);
}

static void test_for_ever(void **state)
{
    (void)state;
    struct store *s = store_make();
    struct err err;
    json_t *result = add(s, "{\"net\":\"2001:db8::/32\",\"seconds\":null}", &err);
    assert_non_null(result);
    json_t *ban = json_array_get(json_object_get(result, "bans"), 0);
    assert_true(json_is_null(json_object_get(ban, "until")));
    assert_string_equal(json_string_value(json_object_get(ban, "net")), "2001:db8::/32");
    json_decref(result);
    store_close(&s);
}

/* Pages that end in the middle, at the edge, and with nothing: each ban once, in order. */
static void test_pages(void **state)
{
    (void)state;
    static const unsigned counts[] = { 0, 1, CONTROL_BANS_PAGE, CONTROL_BANS_PAGE + 1,
                                       3 * CONTROL_BANS_PAGE + 7 };
    for (size_t i = 0; i < ROWS(counts); i++) {
        struct store *s = store_make();
        struct ban last;
        bool started = false, more = true;
        unsigned seen = 0;
        char before[BAN_NET_TEXT] = "";
        for (unsigned k = 0; k < counts[i]; k++) {
            struct ban b = { .maker = BAN_BY_ADMIN, .since = NOW, .until = NOW + 60,
                             .remembered = NOW + 60, .level = 1 };
            struct ip ip;
            ip_parse(STR("10.0.0.0"), &ip);
            ip.b[14] = (uint8_t)(k >> 8);
            ip.b[15] = (uint8_t)k;
            ban_set_net(&b, &ip, 32);
            ban_put(s, &b, NOW);
        }
        for (int pages = 0; more && pages < 10; pages++) {
            json_t *page = json_object(), *row;
            size_t at;
            more = control_bans_page(s, NOW, &started, &last, page);
            json_array_foreach(json_object_get(page, "bans"), at, row) {
                const char *net = json_string_value(json_object_get(row, "net"));
                assert_string_not_equal(net, before);
                snprintf(before, sizeof before, "%s", net);
                seen++;
            }
            json_decref(page);
        }
        assert_false(more);
        assert_int_equal(seen, counts[i]);
        store_close(&s);
    }
}

/* A million bans that have ended must not stop the mail while somebody looks for one that has not. */
static void test_pages_of_ended(void **state)
{
    (void)state;
    struct store *s = store_make();
    struct ban last;
    bool started = false, more = true;
    unsigned pages = 0;
    size_t seen = 0;
    for (unsigned k = 0; k <= 2 * CONTROL_BANS_STEPS; k++) {
        struct ban b = { .maker = BAN_BY_ADMIN, .since = NOW - 60, .remembered = NOW + 60,
                         .until = k < 2 * CONTROL_BANS_STEPS ? NOW : NOW + 60, .level = 1 };
        struct ip ip;
        ip_parse(STR("10.0.0.0"), &ip);
        ip.b[14] = (uint8_t)(k >> 8);
        ip.b[15] = (uint8_t)k;
        ban_set_net(&b, &ip, 32);
        ban_put(s, &b, NOW);
    }
    for (; more && pages < 10; pages++) {
        json_t *page = json_object();
        more = control_bans_page(s, NOW, &started, &last, page);
        seen += json_array_size(json_object_get(page, "bans"));
        assert_int_equal(seen, more ? 0 : 1);
        json_decref(page);
    }
    assert_int_equal(pages, 3);
    store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_show_remove),
        cmocka_unit_test(test_pages_of_ended),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_for_ever),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
