/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_loop - timers in their order on both clocks, descriptors, signals, wakes
 *
 * The timer heap is tried with many random settings against a plain list. What
 * runs on a virtual clock must run the same each time.
 */
#include "event/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "unit.h"

struct script {
    struct loop *loop;
    struct buf trace;
    struct timer a, b, c;
    int count;
};

static void script_init(struct script *s, struct loop *l)
{
    *s = (struct script){ .loop = l };
    buf_init(&s->trace, 4000);
}

static void script_fini(struct script *s)
{
    buf_fini(&s->trace);
    loop_free(&s->loop);
    assert_null(s->loop);
}

static void on_a(void *ctx)
{
    struct script *s = ctx;
    buf_addf(&s->trace, "a%lld ", (long long)loop_ms(s->loop));
}

static void on_b(void *ctx)
{
    struct script *s = ctx;
    buf_addf(&s->trace, "b%lld ", (long long)loop_ms(s->loop));
}

/* Again every 10 ms, three times. */
static void on_c(void *ctx)
{
    struct script *s = ctx;
    buf_addf(&s->trace, "c%lld ", (long long)loop_ms(s->loop));
    if (++s->count < 3)
        timer_set(s->loop, &s->c, 10, on_c, s);
}

static void test_virtual_order(void **state)
{
    (void)state;
    struct script s;
    script_init(&s, loop_new_virtual(1000));
    timer_set(s.loop, &s.b, 20, on_b, &s);
    timer_set(s.loop, &s.a, 20, on_a, &s);
    timer_set(s.loop, &s.c, 5, on_c, &s);
    assert_true(timer_pending(&s.a));
    loop_advance(s.loop, 19);
    assert_str(buf_str(&s.trace), "c5 c15 ");
    loop_advance(s.loop, 1);
    assert_str(buf_str(&s.trace), "c5 c15 b20 a20 "); /* the one set first comes first */
    assert_false(timer_pending(&s.a));
    loop_advance(s.loop, 3600000);
    assert_str(buf_str(&s.trace), "c5 c15 b20 a20 c25 ");
    assert_int_equal(loop_ms(s.loop), 3600020);
    assert_int_equal(loop_usec(s.loop), 3600020000);
    assert_int_equal(loop_utc(s.loop), 4600);
    script_fini(&s);
}

static void test_move_and_cancel(void **state)
{
    (void)state;
    struct script s;
    script_init(&s, loop_new_virtual(0));
    timer_set(s.loop, &s.a, 10, on_a, &s);
    timer_set(s.loop, &s.b, 20, on_b, &s);
    timer_set(s.loop, &s.a, 30, on_a, &s); /* put off */
    timer_set(s.loop, &s.c, 1, on_c, &s);
    timer_cancel(s.loop, &s.c);
    timer_cancel(s.loop, &s.c);            /* no harm */
    assert_false(timer_pending(&s.c));
    loop_advance(s.loop, 100);
    assert_str(buf_str(&s.trace), "b20 a30 ");
    timer_set(s.loop, &s.a, -5, on_a, &s);
    loop_advance(s.loop, 0);
    assert_str(buf_str(&s.trace), "b20 a30 a100 ");
    timer_set(s.loop, &s.a, INT64_MAX, on_a, &s);
    script_fini(&s);                       /* frees with a timer pending */
}

static void cancel_b(void *ctx)
{
    struct script *s = ctx;
    timer_cancel(s->loop, &s->b);
    on_a(s);
}

static void test_cancelled_by_another(void **state)
{
    (void)state;
    struct script s;
    script_init(&s, loop_new_virtual(0));
    timer_set(s.loop, &s.a, 10, cancel_b, &s);
    timer_set(s.loop, &s.b, 10, on_b, &s);
    loop_advance(s.loop, 10);
    assert_str(buf_str(&s.trace), "a10 ");
    script_fini(&s);
}

static void test_virtual_run(void **state)
{
    (void)state;
    struct script s;
    script_init(&s, loop_new_virtual(0));
    timer_set(s.loop, &s.c, 86400000, on_c, &s);
    assert_int_equal(loop_run(s.loop, NULL), 0);
    assert_str(buf_str(&s.trace), "c86400000 c86400010 c86400020 ");
    assert_null(loop_base(s.loop));
    assert_null(loop_fd_new(s.loop, 0, LOOP_READ, NULL, NULL));
    script_fini(&s);
}

/* --- many random timers against a plain list --- */

#define MANY 500

struct row {
    struct timer timer;
    int64_t due;
    struct crowd *crowd;
};

struct crowd {
    struct loop *loop;
    struct row rows[MANY];
    int64_t last;
    int fired;
};

static void on_row(void *ctx)
{
    struct row *r = ctx;
    assert_int_equal(loop_ms(r->crowd->loop), r->due);
    assert_true(r->due >= r->crowd->last);
    r->crowd->last = r->due;
    r->crowd->fired++;
    r->due = -1;
}

static void test_many(void **state)
{
    (void)state;
    static struct crowd c;
    unsigned seed = 7;
    int expected = 0;
    c.loop = loop_new_virtual(0);
    for (size_t i = 0; i < MANY; i++)
        c.rows[i] = (struct row){ .due = -1, .crowd = &c };
    for (int round = 0; round < 20000; round++) {
        seed = seed * 1103515245u + 12345u;
        struct row *r = &c.rows[(seed >> 8) % MANY];
        int64_t wait = (seed >> 16) % 1000;
        assert_int_equal(timer_pending(&r->timer), r->due >= 0);
        if (round % 5 == 4) {
            timer_cancel(c.loop, &r->timer);
            r->due = -1;
        } else {
            r->due = loop_ms(c.loop) + wait;
            timer_set(c.loop, &r->timer, wait, on_row, r);
        }
        if (round % 50 == 0)
            loop_advance(c.loop, 3);
    }
    c.fired = 0;
    for (size_t i = 0; i < MANY; i++)
        expected += c.rows[i].due >= 0;
    assert_true(expected > 0);
    loop_advance(c.loop, 1000);
    assert_int_equal(c.fired, expected);
    loop_free(&c.loop);
}

/* --- the real one --- */

static void stop(void *ctx)
{
    struct script *s = ctx;
    buf_add(&s->trace, STR("stop"));
    loop_stop(s->loop);
}

static void again(void *ctx)
{
    struct script *s = ctx;
    s->count++;
    timer_set(s->loop, &s->c, 0, again, s);
}

static void again_too(void *ctx)
{
    struct script *s = ctx;
    timer_set(s->loop, &s->a, 0, again_too, s);
}

static void on_readable(void *ctx, int fd, unsigned events)
{
    struct script *s = ctx;
    char byte;
    assert_int_equal(events, LOOP_READ);
    assert_int_equal(read(fd, &byte, 1), 1);
    buf_add_c(&s->trace, byte);
    if (byte == '!')
        loop_stop(s->loop);
}

/* Timers that are always due leave descriptors their turn. */
static void test_real_turns(void **state)
{
    (void)state;
    struct script s;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    script_init(&s, loop_new());
    assert_non_null(loop_base(s.loop));
    struct loop_fd *f = loop_fd_new(s.loop, ends[0], LOOP_READ, on_readable, &s);
    assert_non_null(f);
    timer_set(s.loop, &s.c, 0, again, &s);
    timer_set(s.loop, &s.a, 0, again_too, &s);
    timer_set(s.loop, &s.b, 20000, stop, &s);
    assert_int_equal(write(ends[1], "ab!", 3), 3);
    assert_int_equal(loop_run(s.loop, NULL), 0);
    assert_str(buf_str(&s.trace), "ab!");
    assert_true(s.count >= 1);
    loop_fd_free(&f);
    loop_fd_free(&f);
    close(ends[0]);
    close(ends[1]);
    script_fini(&s);
}

static void test_real_time(void **state)
{
    (void)state;
    struct script s;
    script_init(&s, loop_new());
    int64_t begin = loop_ms(s.loop);
    timer_set(s.loop, &s.b, 60, stop, &s);
    timer_set(s.loop, &s.a, 10, on_a, &s);
    timer_cancel(s.loop, &s.a);
    assert_int_equal(loop_run(s.loop, NULL), 0);
    int64_t passed = loop_ms(s.loop) - begin;
    assert_true(passed >= 60 && passed < 5000);
    assert_str(buf_str(&s.trace), "stop");
    loop_stop(s.loop);                      /* before it runs: it returns at once */
    assert_int_equal(loop_run(s.loop, NULL), 0);
    script_fini(&s);
}

static void on_writable(void *ctx, int fd, unsigned events)
{
    struct script *s = ctx;
    (void)fd;
    assert_int_equal(events, LOOP_WRITE);
    s->count++;
    loop_stop(s->loop);
}

static void test_want(void **state)
{
    (void)state;
    struct script s;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    script_init(&s, loop_new());
    struct loop_fd *f = loop_fd_new(s.loop, ends[1], 0, on_writable, &s);
    timer_set(s.loop, &s.b, 30, stop, &s);
    loop_run(s.loop, NULL);
    assert_int_equal(s.count, 0);           /* it was not wanted */
    loop_fd_want(f, LOOP_WRITE);
    timer_set(s.loop, &s.b, 20000, stop, &s);
    loop_run(s.loop, NULL);
    assert_int_equal(s.count, 1);
    loop_fd_free(&f);
    close(ends[0]);
    close(ends[1]);
    script_fini(&s);
}

static void on_hup(void *ctx, int number)
{
    struct script *s = ctx;
    buf_addf(&s->trace, "signal %d", number == SIGHUP);
    loop_stop(s->loop);
}

static void raise_hup(void *ctx)
{
    (void)ctx;
    raise(SIGHUP);
}

static void test_signal(void **state)
{
    (void)state;
    struct script s;
    script_init(&s, loop_new());
    assert_int_equal(loop_signal(s.loop, SIGHUP, on_hup, &s, NULL), 0);
    timer_set(s.loop, &s.a, 1, raise_hup, &s);
    timer_set(s.loop, &s.b, 20000, stop, &s);
    loop_run(s.loop, NULL);
    assert_str(buf_str(&s.trace), "signal 1");
    script_fini(&s);
}

static void on_wake(void *ctx)
{
    struct script *s = ctx;
    buf_add(&s->trace, STR("woken "));
    loop_stop(s->loop);
}

static void *wake_thread(void *ctx)
{
    struct script *s = ctx;
    usleep(20000);
    loop_wake(s->loop);
    return NULL;
}

static void test_wake(void **state)
{
    (void)state;
    struct script s;
    pthread_t thread;
    script_init(&s, loop_new());
    loop_on_wake(s.loop, on_wake, &s);
    timer_set(s.loop, &s.b, 20000, stop, &s);
    assert_int_equal(pthread_create(&thread, NULL, wake_thread, &s), 0);
    loop_run(s.loop, NULL);
    pthread_join(thread, NULL);
    assert_str(buf_str(&s.trace), "woken ");
    loop_on_wake(s.loop, NULL, &s);         /* no longer */
    loop_wake(s.loop);
    timer_set(s.loop, &s.b, 10, stop, &s);
    loop_run(s.loop, NULL);
    assert_str(buf_str(&s.trace), "woken stop");
    script_fini(&s);
}

static void test_wake_virtual(void **state)
{
    (void)state;
    struct script s;
    script_init(&s, loop_new_virtual(0));
    loop_on_wake(s.loop, on_wake, &s);
    loop_wake(s.loop);
    loop_wake(s.loop);
    loop_advance(s.loop, 0);
    assert_str(buf_str(&s.trace), "woken ");
    script_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_virtual_order),
        cmocka_unit_test(test_move_and_cancel),
        cmocka_unit_test(test_cancelled_by_another),
        cmocka_unit_test(test_virtual_run),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_real_turns),
        cmocka_unit_test(test_real_time),
        cmocka_unit_test(test_want),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_wake_virtual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
