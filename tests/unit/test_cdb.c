/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cdb - constant databases, whole and damaged
 *
 * Every number in the file is made a lie in turn: nothing may be read outside of the bytes.
 */
#include "mail/cdb.h"

#include <stdio.h>
#include <stdlib.h>

#include "cdbmake.h"

static struct str make(struct cdbmake *m)
{
    char key[32];
    cdbmake_begin(m);
    for (int i = 0; i < 40; i++) {
        int n = snprintf(key, sizeof key, "user%d@example.com", i);
        cdbmake_add(m, str_make(key, (size_t)n), STR("value"));
    }
    cdbmake_add(m, STR("user7@example.com"), STR("second"));
    cdbmake_add(m, STR(""), STR("empty key"));
    cdbmake_add(m, STR("nul\0key"), STR(""));
    return cdbmake_end(m);
}

static void test_find(void **state)
{
    (void)state;
    struct cdbmake m;
    struct cdb c;
    struct str value;
    assert_int_equal(cdb_init(&c, make(&m)), 0);
    assert_int_equal(cdb_find(&c, STR("user7@example.com"), &value), 1);
    assert_str(value, "value");
    assert_int_equal(cdb_find(&c, STR(""), &value), 1);
    assert_str(value, "empty key");
    assert_int_equal(cdb_find(&c, STR("nul\0key"), &value), 1);
    assert_str(value, "");
    assert_int_equal(cdb_find(&c, STR("nul"), &value), 0);
    assert_int_equal(cdb_find(&c, STR("user77@example.com"), &value), 0);
    buf_fini(&m.bytes);
}

static void test_next(void **state)
{
    (void)state;
    struct cdbmake m;
    struct cdb c;
    struct str key, value;
    size_t count = 0;
    assert_int_equal(cdb_init(&c, make(&m)), 0);
    while (cdb_next(&c, &key, &value) == 1)
        count++;
    assert_int_equal(count, 43);
    assert_int_equal(cdb_next(&c, &key, &value), 0);
    buf_fini(&m.bytes);
}

static void use(struct str bytes)
{
    struct cdb c;
    struct str key, value;
    size_t count = 0;
    if (cdb_init(&c, bytes) != 0)
        return;
    cdb_find(&c, STR("user7@example.com"), &value);
    cdb_find(&c, STR("nobody"), &value);
    while (cdb_next(&c, &key, &value) == 1) {
        assert_true(key.p >= bytes.p && value.p + value.n <= bytes.p + bytes.n);
        assert_true(++count < 10000);
    }
}

/* The bytes stand at the end of a block of exactly their size, so a sanitizer sees one too far. */
static void use_copy(struct str bytes)
{
    char *copy = malloc(bytes.n + 1);
    assert_non_null(copy);
    memcpy(copy, bytes.p, bytes.n);
    use(str_make(copy, bytes.n));
    free(copy);
}

static void test_damaged(void **state)
{
    (void)state;
    static const uint32_t lies[] = { 0, 1, 2047, 2048, 0x7fffffff, 0x80000000, 0xffffffff };
    struct cdbmake m;
    struct str whole = make(&m);
    struct cdb c;
    assert_int_equal(cdb_init(&c, str_head(whole, 2047)), -1);
    assert_int_equal(cdb_init(&c, STR("")), -1);
    for (size_t n = 0; n < whole.n; n += 13)
        use_copy(str_head(whole, n));
    for (size_t at = 0; at + 4 <= whole.n; at += 4) {
        char kept[4];
        memcpy(kept, m.bytes.p + at, 4);
        for (size_t i = 0; i < ROWS(lies); i++) {
            cdbmake_set(&m, at, lies[i]);
            use(whole);
        }
        memcpy(m.bytes.p + at, kept, 4);
    }
    buf_fini(&m.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find), cmocka_unit_test(test_next), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
