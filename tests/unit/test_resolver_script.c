/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_resolver_script - questions on the virtual clock
 *
 * What every resolver promises is tested on the scripted one: exactly one call,
 * never early, never late, none after a cancel.
 */
#include "unit.h"

#include "dns/resolver.h"
#include "event/loop.h"

struct got {
    unsigned calls;
    uint64_t question;
    enum dns_status status;
    size_t count;
    char text[256];
    int64_t ms;
    struct loop *loop;
    struct resolver **end;        /* freed inside of the call */
};

static void on_answer(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct got *g = ctx;
    g->calls++;
    g->question = question;
    g->status = a->status;
    g->count = a->count;
    g->ms = loop_ms(g->loop);
    g->text[0] = '\0';
    if (a->count > 0 && a->records[0].type == DNS_A)
        ip_format(&a->records[0].ip, g->text);
    else if (a->count > 0)
        str_copy(a->records[0].type == DNS_TXT ? a->records[0].text : a->records[0].name, g->text,
                 sizeof g->text);
    if (g->end != NULL)
        resolver_free(g->end);
}

struct world {
    struct loop *loop;
    struct resolver *r;
    struct got got;
};

static uint64_t ask(struct world *w, const char *name, enum dns_type type, unsigned timeout_ms)
{
    struct resolver **end = w->got.end;
    w->got = (struct got){ .loop = w->loop, .ms = loop_ms(w->loop), .end = end };
    uint64_t q = resolver_ask(w->r, str_c(name), type, timeout_ms, (struct dns_asker){ on_answer, &w->got });
    assert_int_equal(w->got.calls, 0);       /* never before it returns */
    assert_true(q != 0);
    return q;
}

static int begin(void **state)
{
    static struct world w;
    w = (struct world){ .loop = loop_new_virtual(1800000000) };
    w.r = resolver_new_script(w.loop);
    const char *const listed[] = { "127.0.0.2", "127.0.0.4", NULL }, *const mx[] = { "10 mx.example", NULL };
    const char *const text[] = { "see the page", NULL }, *const wild[] = { "127.0.0.9", NULL };
    resolver_script_add(w.r, "a.example", DNS_A, DNS_OK, 20, listed);
    resolver_script_add(w.r, "a.example", DNS_TXT, DNS_OK, 0, text);
    resolver_script_add(w.r, "a.example", DNS_MX, DNS_OK, 0, mx);
    resolver_script_add(w.r, "*.wild.example", DNS_A, DNS_OK, 0, wild);
    resolver_script_add(w.r, "fails.example", DNS_A, DNS_FAILED, 10, NULL);
    resolver_script_add(w.r, "silent.example", DNS_A, DNS_TIMEOUT, 0, NULL);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    resolver_free(&w->r);
    loop_free(&w->loop);
    return 0;
}

static void answers(void **state)
{
    struct world *w = *state;
    uint64_t q = ask(w, "A.example.", DNS_A, 100);
    loop_advance(w->loop, 19);
    assert_int_equal(w->got.calls, 0);
    loop_advance(w->loop, 2);
    assert_int_equal(w->got.calls, 1);
    assert_true(w->got.question == q);
    assert_int_equal(w->got.status, DNS_OK);
    assert_int_equal(w->got.count, 2);
    assert_string_equal(w->got.text, "127.0.0.2");
    ask(w, "a.example", DNS_TXT, 100);
    loop_advance(w->loop, 1);
    assert_string_equal(w->got.text, "see the page");
    ask(w, "a.example", DNS_MX, 100);
    loop_advance(w->loop, 1);
    assert_string_equal(w->got.text, "mx.example");
    ask(w, "x.y.wild.example", DNS_A, 100);
    loop_advance(w->loop, 1);
    assert_string_equal(w->got.text, "127.0.0.9");
    ask(w, "wild.example", DNS_A, 100);
    loop_advance(w->loop, 1);
    assert_int_equal(w->got.status, DNS_NXDOMAIN);
    assert_int_equal(resolver_script_asked(w->r, "a.example", DNS_A), 1);
    assert_int_equal(resolver_script_asked(w->r, "nobody.example", DNS_A), 0);
}

static void failures(void **state)
{
    struct world *w = *state;
    ask(w, "fails.example", DNS_A, 100);
    loop_advance(w->loop, 20);
    assert_int_equal(w->got.status, DNS_FAILED);
    int64_t begun = loop_ms(w->loop);
    ask(w, "silent.example", DNS_A, 250);
    loop_advance(w->loop, 1000);
    assert_int_equal(w->got.calls, 1);
    assert_int_equal(w->got.status, DNS_TIMEOUT);
    assert_int_equal(w->got.ms - begun, 250);
    ask(w, "a.example", DNS_A, 5);            /* the answer comes after 20 */
    loop_advance(w->loop, 1000);
    assert_int_equal(w->got.calls, 1);
    assert_int_equal(w->got.status, DNS_TIMEOUT);
    ask(w, "a..example", DNS_A, 5);
    loop_advance(w->loop, 1);
    assert_int_equal(w->got.status, DNS_BAD_NAME);
    struct resolver_stats s;
    resolver_stats(w->r, &s);
    assert_int_equal(s.asked, 4);
    assert_int_equal(s.timeouts, 2);
    assert_int_equal(s.failed, 2);
    assert_int_equal(s.open, 0);
}

static void cancels(void **state)
{
    struct world *w = *state;
    uint64_t q = ask(w, "a.example", DNS_A, 100);
    resolver_cancel(w->r, q);
    resolver_cancel(w->r, q);
    resolver_cancel(w->r, 0);
    resolver_cancel(w->r, UINT64_MAX);
    loop_advance(w->loop, 1000);
    assert_int_equal(w->got.calls, 0);
    uint64_t second = ask(w, "a.example", DNS_A, 100);
    assert_true(second != q);
    resolver_cancel(w->r, q);                 /* the old number must not hit the new question */
    loop_advance(w->loop, 1000);
    assert_int_equal(w->got.calls, 1);
}

/* Many at a time, their slots used again. */
static void numbers(void **state)
{
    struct world *w = *state;
    struct got got[300] = { { .calls = 0 } };
    for (unsigned round = 0; round < 5; round++) {
        for (size_t i = 0; i < ROWS(got); i++) {
            got[i] = (struct got){ .loop = w->loop };
            uint64_t q = resolver_ask(w->r, STR("a.example"), DNS_A, 100, (struct dns_asker){ on_answer, &got[i] });
            if (i % 3 == 0)
                resolver_cancel(w->r, q);
        }
        loop_advance(w->loop, 50);
        for (size_t i = 0; i < ROWS(got); i++)
            assert_int_equal(got[i].calls, i % 3 != 0);
    }
}

static void freed_inside(void **state)
{
    struct world *w = *state;
    w->got.end = &w->r;
    ask(w, "a.example", DNS_A, 100);
    resolver_ask(w->r, STR("silent.example"), DNS_A, 100, (struct dns_asker){ on_answer, &w->got });
    loop_advance(w->loop, 1000);
    assert_int_equal(w->got.calls, 1);
    assert_null(w->r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers, begin, end),
        cmocka_unit_test_setup_teardown(failures, begin, end),
        cmocka_unit_test_setup_teardown(cancels, begin, end),
        cmocka_unit_test_setup_teardown(numbers, begin, end),
        cmocka_unit_test_setup_teardown(freed_inside, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
