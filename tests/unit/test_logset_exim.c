/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logset_exim - when Exim need not be asked about its log
 *
 * Every "no" costs the administrator a start of Exim; a wrong one costs a wrong
 * answer.
 */
#define _GNU_SOURCE
#include "logs/logset.h"

#include "logmake.h"

#define PID "[4911] "
#define SPOOL "cwd=/var/spool/exim4 3 args: /usr/sbin/exim4 -Mc 1xNopc-0001HD-G8"
#define RUNNER "cwd=/var/spool/exim 2 args: /usr/sbin/exim -qG"

/* A log of `count` arrivals with or without pids, and one line of ours in the end. */
static void log_make(struct buf *b, int64_t from, int count, const char *pid, const char *line)
{
    char text[256], id[17];
    for (int i = 0; i < count; i++) {
        int64_t utc = from + 10 * i;
        logmake_id(utc, 4000 + (uint32_t)i, id);
        snprintf(text, sizeof text, "%s%s <= joe@example.com U=joe P=local S=1234 id=x@example.com",
                 pid, id);
        logmake_line(b, utc, 0, text);
    }
    snprintf(text, sizeof text, "%s%s", pid, line);
    logmake_line(b, from + 10 * count, 0, text);
}

static bool needs(const char *const *paths, size_t count)
{
    struct logset_options o = { .paths = paths, .count = count };
    struct logset *set;
    struct err err;
    if (logset_open(&o, &set, &err) != 0)
        fail_msg("%s", err.text);
    bool answer = logset_needs_exim(set);
    logset_close(&set);
    return answer;
}

static void test_one(void **state)
{
    (void)state;
    static const struct {
        const char *pid, *line;
        bool needs;
    } rows[] = {
        { PID, SPOOL, false },
        { PID, RUNNER, false },
        { "", SPOOL, true },                                       /* joined by time */
        { PID, "cwd=/srv/spool 3 args: /usr/sbin/exim4 -Mc 1xNopc-0001HD-G8", true },
        { PID, "cwd=/var/spool/exim4 3 args: /usr/sbin/sendmail -t -i", true }, /* a submission */
        { PID, "cwd=/var/spool/exim4 2 args: /usr/sbin/exim4 -bp", true }, /* anybody's listing */
        { PID, "End queue run: pid=1", true },                     /* no cwd lines */
        { PID, "1xNopc-0001HD-G8 <= a@example.com U=a P=local S=1 T=\"" SPOOL "\"", true },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf b;
        buf_init(&b, LOGMAKE_MAX);
        log_make(&b, NOVEMBER, 50, rows[i].pid, rows[i].line);
        const char *path = logmake_file("mainlog", buf_str(&b));
        if (needs(&path, 1) != rows[i].needs)
            fail_msg("row %zu", i);
        buf_fini(&b);
    }
}

/* +pid was switched on in the middle of a large log: the front of it has none. */
static void test_switched_on(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, LOGMAKE_MAX);
    log_make(&b, NOVEMBER - DAY, 2000, "", SPOOL);
    log_make(&b, NOVEMBER, 2000, PID, SPOOL);
    const char *path = logmake_file("mainlog", buf_str(&b));
    assert_true(needs(&path, 1));
    buf_fini(&b);
}

/* All files must agree; one that shows the spool is enough. */
static void test_several(void **state)
{
    (void)state;
    struct buf with, without, packed;
    buf_init(&with, LOGMAKE_MAX);
    buf_init(&without, LOGMAKE_MAX);
    buf_init(&packed, LOGMAKE_MAX);
    log_make(&with, NOVEMBER, 50, PID, SPOOL);
    log_make(&without, NOVEMBER - 2 * DAY, 50, "", SPOOL);
    struct buf old;
    buf_init(&old, LOGMAKE_MAX);
    log_make(&old, NOVEMBER - DAY, 50, PID, "End queue run: pid=1");
    logmake_gzip(&packed, buf_str(&old));
    const char *paths[2];
    paths[0] = logmake_file("mainlog", buf_str(&with));
    paths[1] = logmake_file("mainlog.1.gz", buf_str(&packed));
    assert_false(needs(paths, 2));
    paths[1] = logmake_file("mainlog.2", buf_str(&without));
    assert_true(needs(paths, 2));
    buf_fini(&with);
    buf_fini(&without);
    buf_fini(&packed);
    buf_fini(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_switched_on),
        cmocka_unit_test(test_several),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
