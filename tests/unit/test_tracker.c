/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_tracker - what a log comes to, and that it does not matter where it is cut
 *
 * A log written by hand has its truth beside it, for each kind of key. Then logs
 * are cut at every line, and at several places at once, and tracked as units that
 * are put together again: each row and each figure must be what one tracker makes of
 * the whole.
 */
#define _GNU_SOURCE
#include "trace/tracker.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "loggen.h"

static const struct hash_key key = { 7, 8 };
static struct logfile file = { .dated = true, .offset_known = true };
static int64_t stamps_ahead; /* seconds: the zone of the log */

#define T0 INT64_C(1795428000) /* 2026-11-23 10:00:00 UTC */
#define LINES_MAX 4000

/* --- writing a log --- */

struct log {
    struct buf text;
    size_t starts[LINES_MAX + 1];    /* of its lines, and the end */
    size_t lines;
};

static void log_init(struct log *l)
{
    l->lines = 0;
    l->starts[0] = 0;
    buf_init(&l->text, 4 << 20);
}

/* An id of the old form, in one of four buffers. */
static const char *id_of(int64_t usec, uint32_t pid)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static char ids[4][17];
    static unsigned next;
    char *id = ids[next++ % 4];
    int64_t when = usec / 1000000, part = usec % 1000000 / 500;
    memcpy(id, "000000-000000-00", 17);
    for (int i = 5; i >= 0; i--, when /= 62)
        id[i] = digits[when % 62];
    for (int i = 12; i >= 7; i--, pid /= 62)
        id[i] = digits[pid % 62];
    id[14] = digits[part / 62];
    id[15] = digits[part % 62];
    return id;
}

static void line(struct log *l, int64_t second, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void line(struct log *l, int64_t second, const char *fmt, ...)
{
    char text[2048];
    struct civil c = clock_to_civil(T0 + second + stamps_ahead);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_addf(&l->text, "%04d-%02d-%02d %02d:%02d:%02d %s\n", c.year, c.month, c.day, c.hour,
             c.minute, c.second, text);
    assert_false(buf_bad(&l->text));
    assert_true(l->lines < LINES_MAX);
    l->starts[++l->lines] = l->text.n;
}

#define ID(second, pid) id_of((T0 + (second)) * 1000000 + 100000 + (pid) * 500, pid)

/* --- tracking --- */

/* Both ways must come to the same: that of `top`, and one that takes no short cut. */
static bool thorough;

static struct tracker *tracker_make(enum top_by by, bool continues)
{
    struct tracker_options o = { .by = by, .since = INT64_MIN, .until = INT64_MAX, .key = key,
                                 .localhost_number = -1, .continues = continues,
                                 .thorough = thorough };
    struct tracker *t = tracker_new(&o);
    tracker_file(t, &file, 0, INT64_MIN);
    return t;
}

/* As one, or cut before each of the given lines (ascending). */
static struct tracker *log_track(const struct log *l, enum top_by by, const size_t *cuts,
                                 size_t count)
{
    struct tracker *t = NULL;
    size_t from = 0;
    for (size_t i = 0; i <= count; i++) {
        size_t to = i < count ? cuts[i] : l->lines;
        struct tracker *unit = tracker_make(by, i > 0);
        tracker_feed(unit, str_make(l->text.p + l->starts[from], l->starts[to] - l->starts[from]));
        if (t == NULL)
            t = unit;
        else
            tracker_absorb(t, &unit);
        from = to;
    }
    tracker_finish(t);
    return t;
}

/* Rows that count something. */
static size_t rows_used(struct tally *t)
{
    size_t n = 0;
    for (uint32_t i = 0; i < tally_count(t); i++)
        n += tally_at(t, i)->messages > 0 || tally_at(t, i)->recipients > 0;
    return n;
}

static bool same_row(const struct tally_row *x, const struct tally_row *y)
{
    return x->messages == y->messages && x->recipients == y->recipients &&
           memcmp(x->outcomes, y->outcomes, sizeof x->outcomes) == 0 &&
           x->subjects == y->subjects && x->client_ips == y->client_ips &&
           x->first == y->first && x->last == y->last;
}

static void row_print(const char *name, struct str key_of, const struct tally_row *r)
{
    print_error("%s %.*s: %lu messages, %lu recipients, outcomes %lu %lu %lu %lu, %lu subjects, "
                "%lu clients, %ld to %ld\n", name, STR_ARG(key_of), (unsigned long)r->messages,
                (unsigned long)r->recipients, (unsigned long)r->outcomes[0],
                (unsigned long)r->outcomes[1], (unsigned long)r->outcomes[2],
                (unsigned long)r->outcomes[3], (unsigned long)r->subjects,
                (unsigned long)r->client_ips, (long)r->first, (long)r->last);
}

/* True if both have counted the same. */
static bool same_tally(struct tracker *whole, struct tracker *cut)
{
    struct tally *a = tracker_tally(whole), *b = tracker_tally(cut);
    bool same = rows_used(a) == rows_used(b);
    for (uint32_t i = 0; i < tally_count(a); i++) {
        const struct tally_row *x = tally_at(a, i);
        uint32_t other = i < TALLY_FIRST ? i : tally_row(b, x->by, tally_key(a, i));
        const struct tally_row *y = tally_at(b, other);
        if (same_row(x, y))
            continue;
        row_print("whole", tally_key(a, i), x);
        row_print("cut  ", tally_key(a, i), y);
        same = false;
    }
    struct tracker_stats s = tracker_stats(whole), c = tracker_stats(cut);
    return same && s.lines == c.lines && s.messages == c.messages &&
           s.from_outside == c.from_outside && s.latest_message == c.latest_message &&
           s.any_cwd == c.any_cwd;
}

static bool same_counts(struct tracker *whole, struct tracker *cut)
{
    struct tracker_stats s = tracker_stats(whole), c = tracker_stats(cut);
    return same_tally(whole, cut) && s.first == c.first && s.last == c.last;
}

static void cuts_check(const struct log *l, enum top_by by, struct tracker *whole,
                       const size_t *cuts, size_t count)
{
    struct tracker *t = log_track(l, by, cuts, count);
    if (!same_counts(whole, t)) {
        for (size_t i = 0; i < count; i++)
            print_error("cut before line %zu: %.*s\n", cuts[i] + 1,
                        (int)(l->starts[cuts[i] + 1] - l->starts[cuts[i]] - 1),
                        l->text.p + l->starts[cuts[i]]);
        fail_msg("--by %s: not the same as in one piece", top_by_name(by));
    }
    tracker_free(&t);
}

/* At every line, by every key. */
static void cut_everywhere(const struct log *l)
{
    for (enum top_by by = BY_SOURCE; by <= BY_REJECTED; by++) {
        struct tracker *whole = log_track(l, by, NULL, 0);
        for (size_t cut = 1; cut < l->lines; cut++)
            cuts_check(l, by, whole, &cut, 1);
        tracker_free(&whole);
    }
}

/* --- a log by hand --- */

static void hand_made(struct log *l)
{
    const char *id;
    log_init(l);
    /* its beginning is in an older log */
    line(l, 0, "%s => old@x.example R=r T=t H=x [192.0.2.1]", ID(-50, 1));
    line(l, 0, "%s Completed", ID(-50, 1));
    /* a script, two recipients, one fails */
    line(l, 10, "cwd=/home/a/public_html 3 args: /usr/sbin/sendmail -t -i");
    id = ID(10, 2);
    line(l, 10, "%s <= a@host U=a P=local S=500 T=\"One\" for x@x.example y@y.example", id);
    line(l, 11, "cwd=/var/spool/exim4 3 args: /usr/sbin/exim4 -Mc %s", id);
    line(l, 11, "%s => x@x.example R=r T=t H=x [192.0.2.1]", id);
    line(l, 12, "%s ** y@y.example R=r T=t: no", id);
    line(l, 12, "%s Completed", id);
    /* a queue listing is no mail; a subject is no login */
    line(l, 40, "cwd=/home/b 2 args: /usr/sbin/exim -bp");
    line(l, 40, "cwd=/home/b/public_html 3 args: /usr/sbin/sendmail -t -i");
    id = ID(40, 3);
    line(l, 40, "%s <= b@host U=b P=local S=500 T=\"A=login:bob H=x [203.0.113.9] P=esmtpa\" "
         "for z@Z.example", id);
    line(l, 41, "%s == z@Z.example R=r T=t defer (-1): later", id);
    /* a mailbox logs in; it and the one before end behind each other */
    line(l, 60, "%s <= bob@dom.example H=(x) [203.0.113.9] P=esmtpa A=login:bob@dom.example S=9 "
         "T=\"One\" for x@x.example", ID(60, 4));
    line(l, 61, "%s => x@x.example R=r T=t H=x [192.0.2.1]", ID(60, 4));
    line(l, 61, "%s Completed", ID(60, 4));
    line(l, 62, "%s => z@Z.example R=r T=t H=z [192.0.2.2]", ID(40, 3));
    line(l, 62, "%s Completed", ID(40, 3));
    /* from outside, with a bounce of ours on it; cutthrough logs the delivery first */
    line(l, 70, "%s >> c@host R=r T=t H=c [192.0.2.3]", ID(70, 5));
    line(l, 70, "%s <= c@far.example H=far.example [198.51.100.7] P=esmtp S=9 T=\"Two\" for c@host",
         ID(70, 5));
    line(l, 71, "%s Completed", ID(70, 5));
    line(l, 72, "%s <= d@far.example H=far.example [198.51.100.7] P=esmtp S=9 T=\"Two\" for d@host",
         ID(72, 6));
    line(l, 73, "%s ** d@host: Unknown user", ID(72, 6));
    line(l, 73, "cwd=/var/spool/exim4 7 args: /usr/sbin/exim4 -t -oem -oi -f <> -E%s", ID(72, 6));
    line(l, 73, "%s <= <> R=%s U=Debian-exim P=local S=9 T=\"Mail failed\" for d@far.example",
         ID(73, 7), ID(72, 6));
    line(l, 73, "%s Completed", ID(72, 6));
    line(l, 74, "%s => d@far.example R=r T=t H=far.example [198.51.100.7]", ID(73, 7));
    line(l, 74, "%s Completed", ID(73, 7));
    /* refused: by the ACL for scripts, and at RCPT */
    line(l, 100, "cwd=/home/a/public_html 3 args: /usr/sbin/sendmail -t -i");
    line(l, 100, "%s F=<a@host> rejected by non-SMTP ACL: no", ID(100, 8));
    line(l, 101, "H=(x) [203.0.113.50] F=<s@s.example> rejected RCPT <no@host>: unknown");
    line(l, 101, "H=(x) [203.0.113.50] F=<s@s.example> temporarily rejected RCPT <no@host>: later");
    /* localhost, the script again, and what is still under way at the end */
    line(l, 130, "%s <= w@host H=localhost (w.example) [127.0.0.1] P=esmtp S=9 T=\"W\" "
         "for q@q.example", ID(130, 9));
    line(l, 130, "%s Sender identification U=acct D=host S=w@host", ID(130, 9));
    line(l, 131, "cwd=/home/a/public_html 3 args: /usr/sbin/sendmail -t -i");
    line(l, 131, "%s <= a@host U=a P=local S=500 T=\"One\" for x@x.example x2@x.example",
         ID(131, 10));
    line(l, 132, "%s => x@x.example R=r T=t H=x [192.0.2.1]", ID(131, 10));
}

struct truth {
    enum top_by by;
    const char *key;
    uint64_t messages, recipients, delivered, failed, deferred, queued, subjects;
};

static const struct truth truth[] = {
    { BY_SOURCE, "/home/a/public_html", 2, 4, 2, 1, 0, 1, 1 },
    { BY_SOURCE, "/home/b/public_html", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SOURCE, "bob@dom.example", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SOURCE, "127.0.0.1", 1, 1, 0, 0, 0, 1, 1 },
    { BY_SOURCE, "(own bounces)", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SCRIPT, "/home/a/public_html", 2, 4, 2, 1, 0, 1, 1 },
    { BY_SCRIPT, "/home/b/public_html", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SCRIPT, "(own bounces)", 1, 1, 1, 0, 0, 0, 1 },
    { BY_LOGIN, "bob@dom.example", 1, 1, 1, 0, 0, 0, 1 },
    { BY_USER, "a", 2, 4, 2, 1, 0, 1, 1 },
    { BY_USER, "b", 1, 1, 1, 0, 0, 0, 1 },
    { BY_USER, "acct", 1, 1, 0, 0, 0, 1, 0 },
    { BY_USER, "(own bounces)", 1, 1, 1, 0, 0, 0, 1 },
    { BY_HOST, "203.0.113.9", 1, 1, 1, 0, 0, 0, 1 },
    { BY_HOST, "198.51.100.7", 2, 2, 1, 1, 0, 0, 1 },
    { BY_HOST, "127.0.0.1", 1, 1, 0, 0, 0, 1, 1 },
    { BY_SENDER, "a@host", 2, 4, 2, 1, 0, 1, 1 },
    { BY_SENDER, "c@far.example", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SENDER, "(own bounces)", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SUBJECT, "One", 3, 5, 3, 1, 0, 1, 1 },
    { BY_SUBJECT, "Two", 2, 2, 1, 1, 0, 0, 1 },
    { BY_DOMAIN, "x.example", 3, 4, 3, 0, 0, 1, 0 },
    { BY_DOMAIN, "y.example", 1, 1, 0, 1, 0, 0, 0 },
    { BY_DOMAIN, "z.example", 1, 1, 1, 0, 0, 0, 0 },
    { BY_DOMAIN, "host", 2, 2, 1, 1, 0, 0, 0 },
    { BY_REJECTED, "203.0.113.50", 0, 2, 0, 1, 1, 0, 0 },
};

static uint32_t row_named(struct tally *t, enum top_by by, struct str name)
{
    for (uint32_t i = 0; i < tally_count(t); i++) {
        const struct tally_row *r = tally_at(t, i);
        if (str_eq(tally_key(t, i), name) && (i < TALLY_FIRST || by == BY_SOURCE || r->by == by))
            return i;
    }
    fail_msg("--by %s: no row %.*s", top_by_name(by), STR_ARG(name));
    return 0;
}

/* Returns how many of the `n` rows of the truth are of that kind. */
static size_t truth_check(struct tally *tally, enum top_by by, const struct truth *v, size_t n)
{
    size_t of_kind = 0;
    for (size_t i = 0; i < n; i++) {
        if (v[i].by != by)
            continue;
        const struct tally_row *r = tally_at(tally, row_named(tally, by, str_c(v[i].key)));
        of_kind++;
        if (r->messages == v[i].messages && r->recipients == v[i].recipients &&
            r->outcomes[OUTCOME_DELIVERED] == v[i].delivered &&
            r->outcomes[OUTCOME_FAILED] == v[i].failed &&
            r->outcomes[OUTCOME_DEFERRED] == v[i].deferred &&
            r->outcomes[OUTCOME_QUEUED] == v[i].queued && r->subjects == v[i].subjects)
            continue;
        row_print(top_by_name(by), str_c(v[i].key), r);
        fail_msg("row %zu of the truth", i);
    }
    return of_kind;
}

static void test_hand_made(void **state)
{
    (void)state;
    struct log l;
    hand_made(&l);
    for (enum top_by by = BY_SOURCE; by <= BY_REJECTED; by++) {
        struct tracker *t = log_track(&l, by, NULL, 0);
        struct tally *tally = tracker_tally(t);
        truth_check(tally, by, truth, ROWS(truth));
        if (by <= BY_SCRIPT)
            assert_int_equal(rows_used(tally), by == BY_SOURCE ? 5 : 3);
        assert_int_equal(tracker_stats(t).evicted, 0);
        assert_true(tracker_stats(t).any_cwd == (by <= BY_SCRIPT));
        tracker_free(&t);
    }
    cut_everywhere(&l);
    buf_fini(&l.text);
}

/* --- who it was --- */

static void submit(struct log *l, int64_t second, bool pids, const char *cwd, const char *fields)
{
    uint32_t pid = (uint32_t)second + 10;
    char stamp[24] = "";
    if (pids)
        snprintf(stamp, sizeof stamp, "[%u] ", pid);
    line(l, second, "%scwd=%s", stamp, cwd);
    line(l, second, "%s%s <= %s S=9 T=\"S\" for x@x.example", stamp, ID(second, pid), fields);
    line(l, second + 1, "%s => x@x.example R=r T=t H=x [192.0.2.1]", ID(second, pid));
    line(l, second + 1, "%s Completed", ID(second, pid));
}

#define ANSWERED "1xNong-0001CC-00"
#define A_LONG_NAME "a-user-whose-name-is-long"

/* Reports of our Exim, by whatever name it runs; and users who call theirs so with -E, who stand in
 * the directory of somebody else, or where everybody can. */
static void imposed(struct log *l, bool pids)
{
    const char *const exims[] = { "Debian-exim", "exim", "mailnull", "mail", "_exim", "root" };
    char fields[200];
    log_init(l);
    for (size_t i = 0; i < ROWS(exims); i++) {
        snprintf(fields, sizeof fields, "<> R=" ANSWERED " U=%s P=local", exims[i]);
        submit(l, (int64_t)i * 30, pids,
               "/var/spool/exim4 7 args: /usr/sbin/exim4 -t -oem -oi -f <> -E" ANSWERED, fields);
    }
    submit(l, 200, pids, "/home/y/www 6 args: sendmail -t -i -E" ANSWERED " -f <>",
           "<> R=" ANSWERED " U=y P=local");
    submit(l, 230, pids, "/home/y/www 4 args: sendmail -t -i -Ex", "y@host U=y P=local");
    submit(l, 260, pids, "/home/y/www 3 args: sendmail -E" ANSWERED " -bs",
           "<> R=" ANSWERED " U=y P=local-esmtp");
    submit(l, 290, pids, "/var/spool/exim4 6 args: sendmail -t -i -E" ANSWERED " -f <>",
           "<> R=" ANSWERED " U=y P=local");
    submit(l, 320, pids, "/home/x/www 6 args: sendmail -t -i -E" ANSWERED " -f y@host",
           "y@host R=" ANSWERED " U=y P=local");
    submit(l, 350, pids, "/home/x/www 3 args: sendmail -t -i", "x@host U=x P=local");
    submit(l, 380, pids, "/home/x/www 3 args: sendmail -t -i", "n@host U=nobody P=local");
    submit(l, 410, pids, "/home/x/www 3 args: sendmail -t -i", "y@host U=y P=local");
    submit(l, 440, pids, "/ 3 args: sendmail -t -i", "x@host U=x P=local");
    submit(l, 470, pids, "/ 3 args: sendmail -t -i", "y@host U=y P=local");
    submit(l, 500, pids, "/ 3 args: sendmail -t -i", "root@host U=root P=local");
    submit(l, 530, pids, "/tmp 3 args: sendmail -t -i", "l@host U=" A_LONG_NAME " P=local");
    submit(l, 560, pids, "/srv/www/x 3 args: sendmail -t -i", "l@host U=" A_LONG_NAME " P=local");
}

static const struct truth imposed_truth[] = {
    { BY_SOURCE, "(own bounces)", 6, 6, 6, 0, 0, 0, 1 },
    { BY_SOURCE, "/home/y/www", 3, 3, 3, 0, 0, 0, 1 },
    { BY_SOURCE, "y", 4, 4, 4, 0, 0, 0, 1 },
    { BY_SOURCE, "/home/x/www", 2, 2, 2, 0, 0, 0, 1 },
    { BY_SOURCE, "x", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SOURCE, "/", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SOURCE, A_LONG_NAME, 1, 1, 1, 0, 0, 0, 1 },
    { BY_SOURCE, "/srv/www/x", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SCRIPT, "(own bounces)", 6, 6, 6, 0, 0, 0, 1 },
    { BY_SCRIPT, "/home/y/www", 3, 3, 3, 0, 0, 0, 1 },
    { BY_SCRIPT, "/var/spool/exim4", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SCRIPT, "/home/x/www", 4, 4, 4, 0, 0, 0, 1 },
    { BY_SCRIPT, "/", 3, 3, 3, 0, 0, 0, 1 },
    { BY_SCRIPT, "/tmp", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SCRIPT, "/srv/www/x", 1, 1, 1, 0, 0, 0, 1 },
    { BY_USER, "(own bounces)", 6, 6, 6, 0, 0, 0, 1 },
    { BY_USER, "y", 7, 7, 7, 0, 0, 0, 1 },
    { BY_USER, "x", 2, 2, 2, 0, 0, 0, 1 },
    { BY_USER, "nobody", 1, 1, 1, 0, 0, 0, 1 },
    { BY_USER, "root", 1, 1, 1, 0, 0, 0, 1 },
    { BY_USER, A_LONG_NAME, 2, 2, 2, 0, 0, 0, 1 },
    { BY_SENDER, "(own bounces)", 6, 6, 6, 0, 0, 0, 1 },
    { BY_SENDER, "<>", 3, 3, 3, 0, 0, 0, 1 },
    { BY_SENDER, "y@host", 4, 4, 4, 0, 0, 0, 1 },
    { BY_SENDER, "x@host", 2, 2, 2, 0, 0, 0, 1 },
    { BY_SENDER, "n@host", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SENDER, "root@host", 1, 1, 1, 0, 0, 0, 1 },
    { BY_SENDER, "l@host", 2, 2, 2, 0, 0, 0, 1 },
    { BY_SUBJECT, "(own bounces)", 6, 6, 6, 0, 0, 0, 1 },
    { BY_SUBJECT, "S", 13, 13, 13, 0, 0, 0, 1 },
};

static void test_imposed(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        struct log l;
        imposed(&l, round % 2 == 1);
        thorough = round / 2 == 1;
        for (enum top_by by = BY_SOURCE; by <= BY_SUBJECT; by++) {
            struct tracker *t = log_track(&l, by, NULL, 0);
            size_t n = truth_check(tracker_tally(t), by, imposed_truth, ROWS(imposed_truth));
            assert_int_equal(rows_used(tracker_tally(t)), n);
            tracker_free(&t);
        }
        cut_everywhere(&l);
        buf_fini(&l.text);
    }
    thorough = false;
}

/* --- logs by chance --- */

struct chance {
    uint64_t seed;
    bool pids;
    int64_t step;                    /* microseconds between two messages, on average */
    unsigned sessions;               /* percent of local submissions */
    unsigned given_up;               /* percent of them, too */
    unsigned cuts;                   /* at most so many at once */
};

static uint32_t any(struct chance *c, uint32_t below)
{
    c->seed = c->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(c->seed >> 33) % below;
}

struct entry {
    int64_t at;                      /* microseconds since T0 */
    unsigned order;
    char text[400];
};

struct entries {
    struct entry *v;
    size_t n;
};

static void entry(struct entries *e, int64_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void entry(struct entries *e, int64_t at, const char *fmt, ...)
{
    if (e->n == LINES_MAX)
        return;
    struct entry *new = &e->v[e->n];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(new->text, sizeof new->text, fmt, ap);
    va_end(ap);
    new->at = at;
    new->order = (unsigned)e->n++;
}

static int entry_order(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* What becomes of a message from `at` on. */
static void outcomes(struct chance *c, struct entries *e, int64_t at, const char *id, unsigned n)
{
    static const char *const flags[] = { "=>", "**", "==", "=>", "=>" };
    for (unsigned i = 0; i < n; i++) {
        unsigned how = any(c, 5);
        at += any(c, 3000000);
        if (any(c, 10) > 0)
            entry(e, at, "%s %s r%u@d%u.example R=r T=t%s", id, flags[how], i, i % 3,
                  how == 2 ? " defer (-1): x" : how == 1 ? ": no" : " H=h [192.0.2.1]");
        if (how == 2)
            entry(e, at + any(c, 20000000), "%s => r%u@d%u.example R=r T=t H=h [192.0.2.1]", id, i,
                  i % 3);
    }
    if (any(c, 5) > 0)
        entry(e, at + any(c, 30000000), "%s Completed", id);
}

static void local_message(struct chance *c, struct entries *e, int64_t at, uint32_t pid)
{
    static const char *const dirs[] = { "/home/a/www", "/home/b/www", "/home/c/www", "/root" };
    static const char *const users[] = { "a", "b", "c", "root", "mail" };
    unsigned dir = any(c, 4), recipients = 1 + any(c, 3);
    bool session = any(c, 100) < c->sessions, answer = any(c, 10) == 0;
    const char *user = users[any(c, 10) == 0 ? any(c, ROWS(users)) : dir];
    char stamp[24] = "";
    if (c->pids)
        snprintf(stamp, sizeof stamp, "[%u] ", pid);
    entry(e, at, "%scwd=%s %s%s", stamp, dirs[dir], session ? "2 args: /usr/sbin/sendmail -bs"
          : "3 args: /usr/sbin/sendmail -t -i", answer ? " -E" ANSWERED : "");
    if (any(c, 100) < c->given_up)
        return;
    int64_t begin = at + 1000 + any(c, 20000);
    if (any(c, 20) == 0)
        begin += any(c, 5000000);
    char id[17];
    memcpy(id, id_of(T0 * 1000000 + begin, pid), sizeof id);
    at = begin + 2000 + any(c, any(c, 10) == 0 ? 8000000 : 20000);
    entry(e, at, "%s%s <= u%u@host%s U=%s P=%s S=9 T=\"S%u\" for r0@d0.example%s%s", stamp, id, dir,
          answer ? " R=" ANSWERED : "", user, session ? "local-esmtp" : "local", any(c, 6),
          recipients > 1 ? " r1@d1.example" : "", recipients > 2 ? " r2@d2.example" : "");
    outcomes(c, e, at, id, recipients);
}

static void outside_message(struct chance *c, struct entries *e, int64_t at, uint32_t pid)
{
    char id[17];
    memcpy(id, id_of(T0 * 1000000 + at, pid), sizeof id);
    at += 1000 + any(c, 3000000);
    bool login = any(c, 2) == 0;
    if (any(c, 6) == 0)
        entry(e, at - 1, "%s >> r0@d0.example R=r T=t H=h [192.0.2.1]", id);
    entry(e, at, "%s <= s%u@far.example H=(x) [198.51.100.%u] P=esmtp%s S=9 T=\"S%u\" "
          "for r0@d0.example", id, any(c, 5), any(c, 5), login ? "a A=plain:box" : "", any(c, 6));
    if (login && any(c, 2) == 0)
        entry(e, at, "%s Sender identification U=acct%u D=host S=x@y", id, any(c, 3));
    outcomes(c, e, at, id, 1);
}

static void by_chance(struct log *l, struct chance *c, size_t messages)
{
    struct entries e = { .v = malloc(LINES_MAX * sizeof *e.v) };
    assert_non_null(e.v);
    int64_t at = 1000000;
    for (size_t i = 0; i < messages; i++) {
        at += any(c, (uint32_t)(2 * c->step));
        uint32_t pid = 1000 + (uint32_t)i;
        if (any(c, 3) > 0)
            local_message(c, &e, at, pid);
        else if (any(c, 3) > 0)
            outside_message(c, &e, at, pid);
        else
            entry(&e, at, "H=(x) [203.0.113.%u] F=<s@s> rejected RCPT <n@host>: no", any(c, 4));
    }
    qsort(e.v, e.n, sizeof *e.v, entry_order);
    log_init(l);
    for (size_t i = 0; i < e.n; i++)
        line(l, e.v[i].at / 1000000, "%s", e.v[i].text);
    free(e.v);
}

static int size_order(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Some cuts at once, any distance apart. */
static void cut_by_chance(const struct log *l, struct chance *c, unsigned times)
{
    size_t cuts[6];
    assert_true(c->cuts <= ROWS(cuts));
    for (enum top_by by = BY_SOURCE; by <= BY_REJECTED; by++) {
        struct tracker *whole = log_track(l, by, NULL, 0);
        for (unsigned i = 0; i < times; i++) {
            size_t n = 1 + any(c, c->cuts);
            for (size_t k = 0; k < n; k++)
                cuts[k] = 1 + any(c, (uint32_t)l->lines - 1);
            qsort(cuts, n, sizeof cuts[0], size_order);
            cuts_check(l, by, whole, cuts, n);
        }
        tracker_free(&whole);
    }
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    static const struct chance kinds[] = {
        { .pids = true, .step = 3000000, .sessions = 20, .given_up = 5, .cuts = 6 },
        { .pids = true, .step = 50000, .sessions = 20, .given_up = 5, .cuts = 6 },
        { .step = 20000000, .cuts = 6 },
        { .step = 3000000, .cuts = 6 },
        { .step = 300000, .cuts = 6 },
        { .pids = true, .step = 90000000, .given_up = 5, .cuts = 3 }, /* over the edge and hours on */
        { .step = 3000000, .sessions = 20, .cuts = 1 }, /* units of an hour, as they are */
        { .step = 30000, .sessions = 10, .given_up = 5, .cuts = 1 },
    };
    for (size_t i = 0; i < ROWS(kinds); i++) {
        for (uint64_t world = 1; world <= 6; world++) {
            struct log l;
            struct chance c = kinds[i];
            c.seed = world * 1000 + i;
            by_chance(&l, &c, 250);
            cut_by_chance(&l, &c, 12);
            buf_fini(&l.text);
        }
    }
}

static void test_every_cut_of_one(void **state)
{
    (void)state;
    struct log l;
    struct chance c = { .seed = 99, .step = 1000000, .given_up = 5 };
    by_chance(&l, &c, 60);
    cut_everywhere(&l);
    buf_fini(&l.text);
}

/* --- short cuts --- */

typedef bool same_fn(struct tracker *, struct tracker *);
static void short_cuts_check(const struct log *l, const char *what, same_fn *same) /* each key */
{
    size_t cuts[] = { l->lines / 3, l->lines / 2 };
    for (enum top_by by = BY_SOURCE; by <= BY_REJECTED; by++) {
        for (size_t pieces = 0; pieces < 2; pieces++) {
            thorough = true;
            struct tracker *slow = log_track(l, by, cuts, pieces * 2);
            thorough = false;
            struct tracker *quick = log_track(l, by, cuts, pieces * 2);
            if (!same(slow, quick) || !same(quick, slow))
                fail_msg("%s, --by %s: a short cut counts differently", what, top_by_name(by));
            tracker_free(&slow);
            tracker_free(&quick);
        }
    }
}

/* Its `lines` are stretches of many: it is only cut at a few of their borders. */
static void log_of_text(struct log *l, struct str text)
{
    log_init(l);
    buf_fini(&l->text);
    buf_init(&l->text, text.n + 1);
    buf_add(&l->text, text);
    assert_false(buf_bad(&l->text));
    while (l->lines < LINES_MAX - 1 && l->starts[l->lines] < text.n) {
        size_t at = text.n / (LINES_MAX - 1) * (l->lines + 1);
        const char *end = memchr(text.p + at, '\n', text.n - at);
        l->starts[++l->lines] = end == NULL ? text.n : (size_t)(end + 1 - text.p);
    }
    l->starts[l->lines] = text.n;
}

/* Where the zone is not told, the first arrival tells it; times before that are wrong either way, but
 * not equally so: of lines passed over only the last one's is noted. */
static void test_short_cuts_of_a_zone(void **state)
{
    (void)state;
    file.offset_known = false;
    for (int zone = -8; zone <= 8; zone += 8)
        for (uint64_t world = 1; world <= 6; world++) {
            struct log l;
            struct chance c = { .seed = 70 + world, .pids = true, .step = 300000 };
            stamps_ahead = zone * 3600;
            by_chance(&l, &c, 250);
            short_cuts_check(&l, "in a zone", same_tally);
            buf_fini(&l.text);
        }
    stamps_ahead = 0;
    file.offset_known = true;
}

static void test_short_cuts(void **state)
{
    (void)state;
    struct log l;
    static const char *const flags[] = { "--size 2M --id old --pid --for", "--size 2M --id new" };
    for (size_t i = 0; i < ROWS(flags); i++) {
        struct str text = loggen_read(flags[i]);
        log_of_text(&l, text);
        short_cuts_check(&l, flags[i], same_counts);
        buf_fini(&l.text);
        free((char *)(uintptr_t)text.p);
    }
    for (uint64_t world = 1; world <= 12; world++) {
        struct chance c = { .seed = world, .pids = world % 2 == 0, .sessions = 10, .given_up = 5,
                            .step = world % 3 == 0 ? 90000000 : 500000 };
        by_chance(&l, &c, 250);
        short_cuts_check(&l, "by chance", same_counts);
        buf_fini(&l.text);
    }
    hand_made(&l);
    short_cuts_check(&l, "by hand", same_counts);
    buf_fini(&l.text);
}

/* --- options --- */

static unsigned told;
static int64_t told_last;

static void on_message(void *ctx, int64_t when)
{
    (void)ctx;
    assert_true(when >= told_last);
    told_last = when;
    told++;
}

static void test_only_one_source(void **state)
{
    (void)state;
    struct log l;
    hand_made(&l);
    struct tracker_options o = { .by = BY_SOURCE, .since = INT64_MIN, .until = INT64_MAX,
                                 .key = key, .localhost_number = -1, .only_by = BY_SCRIPT,
                                 .only_key = STR("/home/a/public_html"),
                                 .on_message = on_message };
    struct tracker *t = tracker_new(&o);
    told = 0;
    told_last = INT64_MIN;
    tracker_file(t, &file, 0, INT64_MIN);
    tracker_feed(t, buf_str(&l.text));
    tracker_finish(t);
    assert_int_equal(told, 2);
    assert_int_equal(rows_used(tracker_tally(t)), 1);
    assert_int_equal(tracker_stats(t).messages, 2);
    assert_int_equal(tracker_stats(t).latest_message, T0 + 131);
    tracker_free(&t);
    buf_fini(&l.text);
}

/* Of a directory only those who belong there count, by either key, as in the whole ranking. */
static void test_only_one_directory(void **state)
{
    (void)state;
    struct log l;
    imposed(&l, true);
    for (enum top_by by = BY_SOURCE; by <= BY_SCRIPT; by++) {
        struct tracker_options o = { .by = by, .since = INT64_MIN, .until = INT64_MAX, .key = key,
                                     .localhost_number = -1, .only_by = BY_SCRIPT,
                                     .only_key = STR("/home/x/www") };
        struct tracker *t = tracker_new(&o);
        tracker_file(t, &file, 0, INT64_MIN);
        tracker_feed(t, buf_str(&l.text));
        tracker_finish(t);
        assert_int_equal(rows_used(tracker_tally(t)), 1);
        assert_int_equal(tracker_stats(t).messages, 2);
        tracker_free(&t);
    }
    buf_fini(&l.text);
}

/* A span: messages outside are not counted, but a cwd line just before it may be of one inside. */
static void test_span(void **state)
{
    (void)state;
    struct log l;
    log_init(&l);
    line(&l, 9, "cwd=/home/a/www 3 args: /usr/sbin/sendmail -t -i");
    line(&l, 10, "%s <= a@host U=a P=local S=9 for x@x.example", ID(10, 2));
    line(&l, 20, "cwd=/home/a/www 3 args: /usr/sbin/sendmail -t -i");
    line(&l, 20, "%s <= a@host U=a P=local S=9 for x@x.example", ID(20, 3));
    line(&l, 21, "%s => x@x.example R=r T=t", ID(20, 3));
    line(&l, 8000, "cwd=/home/a/www 3 args: /usr/sbin/sendmail -t -i");
    struct tracker_options o = { .by = BY_SCRIPT, .since = T0 + 10, .until = T0 + 19, .key = key,
                                 .localhost_number = -1 };
    struct tracker *t = tracker_new(&o);
    tracker_file(t, &file, 0, INT64_MIN);
    tracker_feed(t, str_make(l.text.p, l.starts[5]));
    assert_false(tracker_passed(t));
    tracker_feed(t, str_make(l.text.p + l.starts[5], l.text.n - l.starts[5]));
    assert_true(tracker_passed(t));
    tracker_finish(t);
    uint32_t row = row_named(tracker_tally(t), BY_SCRIPT, STR("/home/a/www"));
    assert_int_equal(tally_at(tracker_tally(t), row)->messages, 1);
    assert_int_equal(tally_at(tracker_tally(t), row)->outcomes[OUTCOME_QUEUED], 1);
    tracker_free(&t);
    buf_fini(&l.text);
}

/* --- names that imitate lines --- */

/* evil hands in two messages, in directories with line ends: with and without pids the first has
 * no end in its first line; the second looks complete there. */
static void forged(struct log *l, bool pids)
{
    const char *p1 = pids ? "[2] " : "", *p2 = pids ? "[3] " : "", *p9 = pids ? "[9] " : "";
    log_init(l);
    line(l, 0, "%scwd=/home/c/www 3 args: sendmail -t -i", p9);
    line(l, 0, "%s%s <= c@host U=c P=local S=9 T=\"Own\" for c@c.example", p9, ID(0, 9));
    line(l, 10, "%scwd=/home/evil/a", p1);
    line(l, 10, "%s%s <= victim@host H=(x) [192.0.2.9] P=esmtpa A=plain:victim@host S=1 "
         "T=\"Forged\" for victim@victim.example", p1, ID(10, 2));
    line(l, 10, "%s%s => victim@victim.example R=r T=t", p1, ID(0, 9));
    line(l, 10, "H=(x) [192.0.2.9] F=<a@b> rejected RCPT <victim@victim.example>: no");
    line(l, 10, "%scwd=/home/victim/www 3 args: sendmail -t -i", p1);
    line(l, 11, "%s%s <= evil@host U=evil P=local S=9 T=\"Evil\" for e@e.example", p1, ID(11, 2));
    line(l, 11, "%s%s => e@e.example R=r T=t", p1, ID(11, 2));
    line(l, 11, "%s%s Completed", p1, ID(11, 2));
    if (!pids)
        return;
    line(l, 20, "[3] cwd=/home/evil/b 2 args: sendmail -bp");
    line(l, 20, "[4] cwd=/home/evil/b 2 args: sendmail -bp");
    line(l, 20, "%scwd=/home/victim/www 3 args: sendmail -t -i", p2);
    line(l, 20, "%s%s <= evil@host U=evil P=local S=9 T=\"Evil\" for e@e.example", p2, ID(20, 3));
}

/* Nothing of the victim under any key, and all that is evil's. In blocks cut at every line: only
 * then the name that looks complete may be out of sight when its end comes, and its script is not
 * known. */
static void forged_check(const struct log *l, enum top_by by, size_t cut, uint64_t messages)
{
    if (by == BY_SCRIPT && (cut == 11 || cut == 12))
        messages--;
    struct tracker *t = tracker_make(by, false);
    uint64_t evil = 0;
    tracker_feed(t, str_make(l->text.p, l->starts[cut]));
    tracker_feed(t, str_make(l->text.p + l->starts[cut], l->text.n - l->starts[cut]));
    tracker_finish(t);
    struct tally *tally = tracker_tally(t);
    for (uint32_t i = 0; i < tally_count(tally); i++) {
        struct str name = tally_key(tally, i);
        uint64_t n = tally_at(tally, i)->messages + tally_at(tally, i)->recipients;
        if (n > 0 && (str_find(name, STR("victim")) != STR_NONE || str_eq(name, STR("Forged")) ||
                      str_eq(name, STR("192.0.2.9"))) && !str_starts(name, STR("/home/evil/")))
            fail_msg("--by %s, cut at %zu: %.*s", top_by_name(by), cut, STR_ARG(name));
        evil += str_starts(name, STR("/home/evil/")) || str_starts(name, STR("evil")) ||
                str_eq(name, STR("Evil")) ? tally_at(tally, i)->messages : 0;
    }
    if (by == BY_SOURCE || by == BY_SCRIPT || by == BY_USER || by == BY_SENDER || by == BY_SUBJECT)
        assert_int_equal(evil, messages);
    tracker_free(&t);
}

static void test_forged(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        struct log l;
        bool pids = round % 2 == 1;
        thorough = round / 2 == 1;
        forged(&l, pids);
        for (enum top_by by = BY_SOURCE; by <= BY_REJECTED; by++) {
            for (size_t cut = 0; cut < l.lines; cut++)
                forged_check(&l, by, cut, pids ? 2 : 1);
        }
        buf_fini(&l.text);
    }
    thorough = false;
}

/* No line at all, and lines of nobody. */
static void test_nonsense(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "\n\n", "no log at all\n", "2026-11-23 10:00:00 \n",
                                         "2026-11-23 10:00:00 <= \n", "\xff\xfe\n" };
    for (enum top_by by = BY_SOURCE; by <= BY_REJECTED; by++) {
        struct tracker *t = tracker_make(by, false);
        for (size_t i = 0; i < ROWS(texts); i++)
            tracker_feed(t, str_c(texts[i]));
        struct tracker *next = tracker_make(by, true);
        tracker_absorb(t, &next);
        assert_null(next);
        tracker_finish(t);
        assert_int_equal(rows_used(tracker_tally(t)), 0);
        assert_int_equal(tracker_stats(t).messages, 0);
        tracker_free(&t);
        assert_null(t);
        tracker_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hand_made),        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_every_cut_of_one), cmocka_unit_test(test_only_one_source),
        cmocka_unit_test(test_span),             cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_short_cuts),       cmocka_unit_test(test_short_cuts_of_a_zone),
        cmocka_unit_test(test_forged),           cmocka_unit_test(test_imposed),
        cmocka_unit_test(test_only_one_directory),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
