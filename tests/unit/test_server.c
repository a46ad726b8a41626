/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server - the span of time that --since and --until come to
 *
 * What the single forms mean is in test_clock; here is what the two of them mean together,
 * whatever the time is while the test runs.
 */
#define _GNU_SOURCE
#include "cmd/server.h"

#include <stdlib.h>
#include <time.h>

#include "unit.h"

#define DAY INT64_C(86400)

static int settle(const char *since, const char *until, struct server *s)
{
    server_init(s);
    if (since != NULL)
        assert_int_equal(server_option(s, OPTION_SINCE, since), 1);
    if (until != NULL)
        assert_int_equal(server_option(s, OPTION_UNTIL, until), 1);
    return server_settle(s, "test");
}

/* From 22:00 to 06:00, from 06:00 to 22:00, from Dec 24 to Jan 6: always forward, never more than it
 * says. */
static void test_partial(void **state)
{
    (void)state;
    static const struct {
        const char *since, *until;
        int64_t least, most;
    } rows[] = {
        { "22:00", "06:00", 8 * 3600, 8 * 3600 + 59 },
        { "06:00", "22:00", 16 * 3600, 16 * 3600 + 59 },
        { "10:00", "10:00", 59, 59 },
        { "10:00:05", "10:00:05", 0, 0 },
        { "Nov 23", "Nov 24", 2 * DAY - 1, 2 * DAY - 1 },
        { "Dec 24", "Jan 6", 14 * DAY - 1, 14 * DAY - 1 },
        { "Nov 23 12:00", "Nov 23 11:59:59", 365 * DAY - 1, 366 * DAY - 1 },
        { "2026-11-23 22:00", "06:00", 8 * 3600, 400 * 365 * DAY },
        { "yesterday", "10:00", 10 * 3600, 2 * DAY },
    };
    struct server s;
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (settle(rows[i].since, rows[i].until, &s) != 0 || s.until - s.since < rows[i].least ||
            s.until - s.since > rows[i].most)
            fail_msg("from %s to %s: %lld seconds", rows[i].since, rows[i].until,
                     (long long)(s.until - s.since));
        server_fini(&s);
    }
}

static void test_open(void **state)
{
    (void)state;
    struct server s;
    assert_int_equal(settle(NULL, NULL, &s), 0);
    assert_true(s.since == INT64_MIN && s.until == INT64_MAX);
    assert_int_equal(settle("@5", "@7", &s), 0);
    assert_true(s.since == 5 && s.until == 7);
    assert_int_equal(settle(NULL, "2026-11-23", &s), 0);
    assert_true(s.since == INT64_MIN && (s.until + 1) % DAY == 0);
    assert_int_equal(settle("2h", "3h", &s), -1);
    assert_int_equal(settle("@7", "@5", &s), -1);
    assert_int_equal(settle("@7", "1970-01-01 00:00", &s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_open),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
