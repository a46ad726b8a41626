/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_session - requests of one SMTP session
 *
 * Idle times are plain numbers; the ceiling is small enough to reach.
 */
#include "unit.h"

#include <stdio.h>

#include "policy/session.h"

static void ties_requests_together(void **unused)
{
    struct sessions *s = sessions_new(100, 1000);
    struct session *a, *b;
    (void)unused;
    a = session_hold(s, STR("one"), 0);
    a->unknown = 3;
    session_release(s, a);
    b = session_hold(s, STR("two"), 10);
    assert_int_equal(b->unknown, 0);
    session_release(s, b);
    a = session_hold(s, STR("one"), 900);
    assert_int_equal(a->unknown, 3);
    session_release(s, a);
    /* unused for longer than idle_ms: another */
    a = session_hold(s, STR("one"), 1900);
    assert_int_equal(a->unknown, 0);
    session_release(s, a);
    sessions_free(&s);
}

static void ends_when_told(void **unused)
{
    struct sessions *s = sessions_new(100, 1000);
    struct session *a = session_hold(s, STR("one"), 0), last;
    (void)unused;
    a->unknown = 3;
    assert_true(session_end(s, STR("one"), &last));
    assert_int_equal(last.unknown, 3);
    assert_int_equal(sessions_count(s), 1);      /* it is in use still */
    session_release(s, a);
    assert_int_equal(sessions_count(s), 0);
    assert_false(session_end(s, STR("never was"), &last));
    sessions_free(&s);
}

/* The policy of new settings has the sessions of the one before, which has work to end. */
static void is_shared(void **unused)
{
    struct sessions *s = sessions_new(100, 1000), *other = sessions_share(s);
    struct session *a = session_hold(s, STR("one"), 0), last;
    (void)unused;
    a->recipients = 2;
    struct session *b = session_hold(other, STR("one"), 1);
    b->recipients++;
    session_release(other, b);
    session_release(s, a);
    sessions_free(&s);
    assert_null(s);
    assert_true(session_end(other, STR("one"), &last));
    assert_int_equal(last.recipients, 3);
    sessions_free(&other);
    assert_null(other);
}

static void has_a_ceiling(void **unused)
{
    struct sessions *s = sessions_new(10, 1000000);
    struct session *held[10];
    char key[16];
    (void)unused;
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "s%d", i);
        struct session *a = session_hold(s, str_c(key), i);
        assert_non_null(a);
        session_release(s, a);
        assert_true(sessions_count(s) <= 10);
    }
    for (int i = 0; i < 10; i++) {
        snprintf(key, sizeof key, "h%d", i);
        held[i] = session_hold(s, str_c(key), 2000 + i);
        assert_non_null(held[i]);
    }
    assert_null(session_hold(s, STR("one more"), 3000));
    session_release(s, held[0]);
    assert_non_null(held[0] = session_hold(s, STR("one more"), 3001));
    for (int i = 0; i < 10; i++)
        session_release(s, held[i]);
    sessions_free(&s);
}

/* Some that are held for long stand at the old end: there is room behind them. */
static void looks_behind_those_in_use(void **unused)
{
    struct sessions *s = sessions_new(10, 1000000);
    struct session *held[6], *a;
    char key[16];
    (void)unused;
    for (int i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "h%d", i);
        assert_non_null(held[i] = session_hold(s, str_c(key), i));
    }
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "s%d", i);
        assert_non_null(a = session_hold(s, str_c(key), 10 + i));
        session_release(s, a);
    }
    assert_int_equal(sessions_count(s), 10);
    for (int i = 0; i < 6; i++)
        session_release(s, held[i]);
    sessions_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ties_requests_together),
        cmocka_unit_test(ends_when_told),
        cmocka_unit_test(is_shared),
        cmocka_unit_test(has_a_ceiling),
        cmocka_unit_test(looks_behind_those_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
