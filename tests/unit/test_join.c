/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_join - "certain" is never wrong
 *
 * Most of this file is a pretended server. Processes start, write their cwd line,
 * wait for their first byte, receive, and write their `<=` line, many at a time,
 * some slow, some given up, some sessions with several messages, with mail from
 * outside in between. The join sees only what the log would have shown; the
 * server knows the truth. Whatever the join calls exact must be the truth, in
 * every run; how often it dares to is printed, and must not fall.
 */
#include "trace/join.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#define SECOND INT64_C(1000000)
#define BEGIN (INT64_C(1795433482) * SECOND)
#define DIRS 8
#define PIDS 2000                /* few, so that they recur */

static const char *const dirs[DIRS] = {
    "/home/a/public_html", "/home/b/public_html", "/home/c/shop", "/home/d/blog",
    "/home/e/public_html", "/home/f/public_html", "/", "/var/www/html",
};
static const char *const users[DIRS] = { "a", "b", "nobody", "nobody", "e", "nobody", "root",
                                         "www-data" };

/* --- a server --- */

struct plan {
    const char *name;
    unsigned dirs;               /* scripts on the server, up to DIRS */
    int64_t pace;                /* microseconds between two starts, on average */
    bool pids;
    unsigned slow, late, late_max; /* percent with a slow reception; percent that wait for their
                                    first byte, up to so many seconds */
    unsigned aborted, sessions, bounces, outside, arguments, missing; /* percent */
    unsigned decided, named;     /* at least so many percent must be certain; certain or likely */
};

struct event {
    int64_t at;                  /* microseconds; the line is written */
    bool is_arrival, lost;       /* lost: the log lacks the line */
    struct join_submission s;
    struct join_arrival a;
    uint64_t recipient;          /* of the `for` list; 0: not logged */
    uint64_t truth;              /* tag of the arrival's own submission; 0: it has none */
    struct join_result result;
    bool contested;
};

struct world {
    const struct plan *plan;
    uint64_t seed;
    struct event *events;
    size_t n, room;
    uint64_t next_tag;
    int64_t ends[PIDS];          /* when the process with that pid ends */
    const char *truth_dir[65536];
};

static uint32_t any(struct world *w, uint32_t below)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(w->seed >> 33) % below;
}

/* A pid that nobody has at `at`. */
static uint64_t pid_new(struct world *w, int64_t at)
{
    for (;;) {
        uint32_t pid = 2 + any(w, PIDS - 2);
        if (w->ends[pid] < at)
            return pid;
    }
}

static bool percent(struct world *w, unsigned p)
{
    return any(w, 100) < p;
}

static struct event *event_new(struct world *w, int64_t at)
{
    if (w->n == w->room) {
        w->room = w->room == 0 ? 1024 : w->room * 2;
        w->events = realloc(w->events, w->room * sizeof *w->events);
        assert_non_null(w->events);
    }
    struct event *e = &w->events[w->n++];
    *e = (struct event){ .at = at };
    return e;
}

/* The line of an arrival whose reception began at `begin`. */
static struct event *arrival_new(struct world *w, int64_t begin, enum cwd_mode mode, uint64_t pid)
{
    static const uint32_t precisions[] = { 500, 1, 5000 };
    int64_t took = 2000 + any(w, 20000);
    if (percent(w, w->plan->slow))
        took = any(w, 40) * SECOND / 2;
    struct event *e = event_new(w, begin + took);
    e->is_arrival = true;
    e->a.when = begin / SECOND;
    e->a.precision = precisions[w->plan->dirs % 3];
    e->a.usec = (uint32_t)(begin % SECOND) / e->a.precision * e->a.precision;
    e->a.pid = pid;
    e->a.mode = mode;
    e->a.tag = ++w->next_tag;
    w->ends[pid] = e->at;
    return e;
}

/* One process that hands in mail, started at `at`. */
static void process_new(struct world *w, int64_t at)
{
    const struct plan *p = w->plan;
    unsigned dir = any(w, p->dirs);
    uint64_t pid = pid_new(w, at), tag = ++w->next_tag;
    bool session = percent(w, p->sessions), bounce = !session && percent(w, p->bounces);
    struct event *e = event_new(w, at);
    struct join_submission *s = &e->s;
    s->when = at / SECOND;
    s->pid = p->pids ? pid : 0;
    s->dir = str_c(bounce ? "/var/spool/exim" : dirs[dir]);
    s->mode = bounce ? CWD_BOUNCE : session ? CWD_SUBMIT_SMTP : CWD_SUBMIT;
    s->parent = bounce ? 1 + any(w, 3) : 0;
    s->tag = tag;
    if (percent(w, p->arguments)) {
        s->has_sender = true;
        s->sender = percent(w, 90) ? 100 + dir : 99;
        s->recipients[s->recipient_count++] = 200 + any(w, 5);
    }
    e->lost = percent(w, p->missing);
    uint64_t parent = s->parent, recipient = s->recipients[0];
    w->truth_dir[tag] = s->dir.p;
    if (!session && percent(w, p->aborted))
        return;
    int64_t begin = at + 500 + any(w, 30000);
    if (percent(w, p->late))
        begin += any(w, p->late_max * 1000) * (SECOND / 1000);
    unsigned messages = session ? any(w, 4) : 1;
    while (messages-- > 0) {
        struct event *a = arrival_new(w, begin, bounce ? CWD_BOUNCE : session ? CWD_SUBMIT_SMTP
                                      : CWD_SUBMIT, pid);
        a->a.user = str_c(users[dir]);
        a->a.sender = 100 + dir;
        a->a.parent = parent;
        a->recipient = recipient;
        a->truth = tag;
        begin = a->at + 1000 + any(w, 2000000);
    }
}

static int event_order(const void *x, const void *y)
{
    const struct event *a = x, *b = y;
    return (a->at > b->at) - (a->at < b->at);
}

static void world_make(struct world *w, const struct plan *p, uint64_t seed, size_t processes)
{
    memset(w, 0, sizeof *w);
    w->plan = p;
    w->seed = seed;
    int64_t at = BEGIN + 100 * SECOND;
    for (size_t i = 0; i < processes; i++) {
        at += any(w, (uint32_t)(2 * p->pace));
        if (percent(w, p->outside))
            arrival_new(w, at, CWD_OTHER, pid_new(w, at));
        else
            process_new(w, at);
    }
    qsort(w->events, w->n, sizeof *w->events, event_order);
}

/* --- what the join makes of it --- */

#define REVIEW_AFTER (20 * SECOND)

static void event_review(struct join *j, struct event *e)
{
    if (!e->is_arrival || e->a.mode == CWD_OTHER)
        return;
    join_review(j, &e->a, &e->result);
    e->contested = join_contested(j, e->result.tag);
}

static void world_play(struct world *w)
{
    struct join *j = join_new();
    size_t old = 0;
    for (size_t i = 0; i < w->n; i++) {
        struct event *e = &w->events[i];
        if (e->recipient != 0) {
            e->a.recipients = &e->recipient;
            e->a.recipient_count = 1;
        }
        if (!e->is_arrival && !e->lost)
            join_submission_add(j, &e->s);
        else if (e->is_arrival)
            join_arrival_add(j, &e->a, &e->result);
        /* What is known of earlier ones, now that more has been seen. */
        for (; old < i && w->events[old].at < e->at - REVIEW_AFTER; old++)
            event_review(j, &w->events[old]);
    }
    for (; old < w->n; old++)
        event_review(j, &w->events[old]);
    join_free(&j);
}

struct score {
    unsigned arrivals, certain, wrong, likely, likely_wrong, ambiguous, unnamed, none;
};

/* One of the candidates names the true directory. */
static bool has_candidate(const struct world *w, const struct join_result *r, uint64_t truth)
{
    for (unsigned i = 0; i < r->candidate_count; i++) {
        if (strcmp(w->truth_dir[r->candidates[i]], w->truth_dir[truth]) == 0)
            return true;
    }
    return r->more;
}

static void event_score(const struct world *w, const struct event *e, struct score *score)
{
    const struct join_result *r = &e->result;
    bool right_dir = e->truth != 0 && str_eq(r->dir, str_c(w->truth_dir[e->truth]));
    score->arrivals++;
    switch (r->how) {
    case JOIN_BY_PID:
        score->certain++;
        score->wrong += r->tag != e->truth;
        break;
    case JOIN_ONLY:
    case JOIN_SAME_DIR:
        score->certain += !e->contested;
        score->wrong += !e->contested && !right_dir;
        break;
    case JOIN_LIKELY:
        score->likely++;
        score->likely_wrong += !right_dir;
        break;
    case JOIN_AMBIGUOUS:
        score->ambiguous++;
        score->unnamed += !has_candidate(w, r, e->truth);
        break;
    default:
        score->none++;
        break;
    }
}

static void plan_run(const struct plan *p, unsigned worlds, size_t processes, struct score *score)
{
    struct world *w = malloc(sizeof *w);
    assert_non_null(w);
    memset(score, 0, sizeof *score);
    for (unsigned seed = 1; seed <= worlds; seed++) {
        world_make(w, p, seed * UINT64_C(0x9e3779b97f4a7c15), processes);
        world_play(w);
        for (size_t i = 0; i < w->n; i++) {
            if (w->events[i].is_arrival && w->events[i].a.mode != CWD_OTHER)
                event_score(w, &w->events[i], score);
        }
        free(w->events);
    }
    free(w);
    print_message("    %-34s %6u arrivals: %5.1f%% certain (%u wrong), %4.1f%% likely (%u wrong), "
                  "%4.1f%% ambiguous (%u unnamed), %4.1f%% none\n", p->name, score->arrivals,
                  100.0 * score->certain / score->arrivals, score->wrong,
                  100.0 * score->likely / score->arrivals, score->likely_wrong,
                  100.0 * score->ambiguous / score->arrivals, score->unnamed,
                  100.0 * score->none / score->arrivals);
}

/* Every submission has its line, at most JOIN_WINDOW seconds before its message. */
static const struct plan sound[] = {
    { .name = "one at a time", .dirs = 5, .pace = 2 * SECOND, .decided = 98 },
    { .name = "ten a second", .dirs = 5, .pace = SECOND / 10, .decided = 75 },
    { .name = "a hundred a second", .dirs = 5, .pace = SECOND / 100, .named = 55 },
    { .name = "one script, a hundred a second", .dirs = 1, .pace = SECOND / 100, .decided = 99 },
    { .name = "mixed", .dirs = 8, .pace = SECOND / 5, .slow = 5, .aborted = 3, .bounces = 10,
      .outside = 20, .arguments = 30, .decided = 10, .named = 85 },
    { .name = "slow receptions", .dirs = 4, .pace = SECOND, .slow = 40, .named = 80 },
    { .name = "late first bytes", .dirs = 4, .pace = SECOND, .late = 30, .late_max = 9,
      .decided = 8, .named = 70 },
    { .name = "many given up", .dirs = 4, .pace = SECOND, .aborted = 30, .named = 70 },
    { .name = "sessions", .dirs = 4, .pace = SECOND, .sessions = 50, .slow = 5, .decided = 30 },
    { .name = "pids", .dirs = 8, .pace = SECOND / 50, .pids = true, .slow = 5, .late = 10,
      .late_max = 1000, .aborted = 5, .sessions = 10, .bounces = 5, .outside = 20,
      .decided = 99 },
};

static void test_certain_is_never_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(sound); i++) {
        struct score score;
        plan_run(&sound[i], 40, 500, &score);
        assert_int_equal(score.wrong, 0);
        assert_int_equal(score.unnamed, 0);
        assert_int_equal(score.none, 0);
        assert_true(score.certain * 100 >= score.arrivals * sound[i].decided);
        assert_true((score.certain + score.likely) * 100 >= score.arrivals * sound[i].named);
    }
}

/* Late starters beyond the window, and lines that the log lacks: it cannot know everything
 * any more, but what it calls certain still has to be right. */
static const struct plan hard[] = {
    { .name = "late by minutes", .dirs = 4, .pace = SECOND, .late = 1, .late_max = 600,
      .decided = 5 },
    { .name = "late by minutes, some given up", .dirs = 4, .pace = SECOND / 3, .late = 2,
      .late_max = 600, .aborted = 1, .decided = 1 },
    { .name = "one line in twenty is missing", .dirs = 4, .pace = SECOND, .missing = 5,
      .decided = 40 },
    { .name = "one in a hundred is missing", .dirs = 4, .pace = SECOND / 4, .missing = 1,
      .decided = 30 },
};

static void test_hard_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(hard); i++) {
        struct score score;
        plan_run(&hard[i], 40, 500, &score);
        assert_int_equal(score.wrong, 0);
        assert_true(score.certain * 100 >= score.arrivals * hard[i].decided);
    }
}

/* --- one rule at a time --- */

#define T0 INT64_C(1795433482)

static struct join_submission line_of(uint64_t tag, int64_t second, const char *dir)
{
    return (struct join_submission){ .when = T0 + second, .dir = str_c(dir), .mode = CWD_SUBMIT,
                                     .tag = tag };
}

static struct join_arrival message_of(uint64_t tag, int64_t second, uint32_t usec)
{
    return (struct join_arrival){ .when = T0 + second, .usec = usec, .precision = 500,
                                  .mode = CWD_SUBMIT, .user = STR("nobody"), .tag = tag };
}

static void feed(struct join *j, struct join_submission s)
{
    join_submission_add(j, &s);
}

static struct join_result ask(struct join *j, struct join_arrival a)
{
    struct join_result r;
    join_arrival_add(j, &a, &r);
    return r;
}

#define A "/home/a/public_html"
#define B "/home/b/public_html"

/* One line, one message. */
static const struct {
    const char *name;
    struct join_submission s;
    struct join_arrival a;
    enum join_how how;
} pairs[] = {
    { "the same second", { .when = 0, .mode = CWD_SUBMIT }, { .when = 0, .mode = CWD_SUBMIT },
      JOIN_ONLY },
    { "at the end of the window", { .when = -JOIN_WINDOW, .mode = CWD_SUBMIT },
      { .mode = CWD_SUBMIT }, JOIN_ONLY },
    { "a late starter", { .when = -JOIN_WINDOW - 1, .mode = CWD_SUBMIT }, { .mode = CWD_SUBMIT },
      JOIN_LIKELY },
    { "the latest starter", { .when = -JOIN_LATE_WINDOW, .mode = CWD_SUBMIT },
      { .mode = CWD_SUBMIT }, JOIN_LIKELY },
    { "too late", { .when = -JOIN_LATE_WINDOW - 1, .mode = CWD_SUBMIT }, { .mode = CWD_SUBMIT },
      JOIN_NONE },
    { "written after it", { .when = 1, .mode = CWD_SUBMIT }, { .mode = CWD_SUBMIT }, JOIN_NONE },
    { "-bs for P=local", { .mode = CWD_SUBMIT_SMTP }, { .mode = CWD_SUBMIT }, JOIN_NONE },
    { "P=local-smtp for -t", { .mode = CWD_SUBMIT }, { .mode = CWD_SUBMIT_SMTP }, JOIN_NONE },
    { "a session", { .mode = CWD_SUBMIT_SMTP }, { .mode = CWD_SUBMIT_SMTP }, JOIN_LIKELY },
    { "a long session", { .when = -JOIN_PID_WINDOW, .mode = CWD_SUBMIT_SMTP },
      { .mode = CWD_SUBMIT_SMTP }, JOIN_LIKELY },
    { "P= of the caller's for -bS", { .mode = CWD_SUBMIT_SMTP },
      { .mode = CWD_SUBMIT, .any_mode = true }, JOIN_LIKELY },
    { "P= of the caller's for -t", { .mode = CWD_SUBMIT },
      { .mode = CWD_SUBMIT, .any_mode = true }, JOIN_LIKELY },
    { "a bounce", { .mode = CWD_BOUNCE, .parent = 7 }, { .mode = CWD_BOUNCE, .parent = 7 },
      JOIN_ONLY },
    { "a bounce of another", { .mode = CWD_BOUNCE, .parent = 7 },
      { .mode = CWD_BOUNCE, .parent = 8 }, JOIN_NONE },
    { "a bounce for a submission", { .mode = CWD_BOUNCE, .parent = 7 }, { .mode = CWD_SUBMIT },
      JOIN_NONE },
    { "its pid", { .mode = CWD_SUBMIT, .pid = 9 }, { .mode = CWD_SUBMIT, .pid = 9 }, JOIN_BY_PID },
    { "its pid, late", { .when = -JOIN_LATE_WINDOW, .mode = CWD_SUBMIT, .pid = 9 },
      { .mode = CWD_SUBMIT, .pid = 9 }, JOIN_BY_PID },
    { "its pid, long ago", { .when = -JOIN_LATE_WINDOW - 1, .mode = CWD_SUBMIT, .pid = 9 },
      { .mode = CWD_SUBMIT, .pid = 9 }, JOIN_NONE },
    { "its pid, a session", { .when = -JOIN_PID_WINDOW, .mode = CWD_SUBMIT_SMTP, .pid = 9 },
      { .mode = CWD_SUBMIT_SMTP, .pid = 9 }, JOIN_BY_PID },
    { "another's pid", { .mode = CWD_SUBMIT, .pid = 8 }, { .mode = CWD_SUBMIT, .pid = 9 },
      JOIN_NONE },
    { "a pid in the same slot", { .mode = CWD_SUBMIT, .pid = 9 + JOIN_SUBMISSIONS },
      { .mode = CWD_SUBMIT, .pid = 9 }, JOIN_NONE },
};

static void test_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(pairs); i++) {
        struct join *j = join_new();
        struct join_submission s = pairs[i].s;
        struct join_arrival a = pairs[i].a;
        s.when += T0;
        s.dir = STR(A);
        s.tag = 1;
        a.when += T0;
        a.usec = 300000;
        a.tag = 2;
        join_submission_add(j, &s);
        struct join_result r = ask(j, a);
        if (r.how != pairs[i].how || (r.how != JOIN_NONE && (r.tag != 1 || !str_eq(r.dir, s.dir))))
            fail_msg("%s: how %d, not %d", pairs[i].name, r.how, pairs[i].how);
        join_free(&j);
        assert_null(j);
    }
}

/* A line of pid 9, and then a message of it. */
static struct join_submission pid_line(uint64_t tag, int64_t when, const char *dir)
{
    struct join_submission s = line_of(tag, when, dir);
    s.pid = 9;
    return s;
}

static struct join_arrival pid_message(uint64_t tag, int64_t when)
{
    struct join_arrival a = message_of(tag, when, 0);
    a.pid = 9;
    return a;
}

/* A user who waits with a message can write a second line with the pid of that process. */
static void test_second_line_of_a_pid(void **state)
{
    (void)state;
    struct join *j = join_new();
    feed(j, pid_line(1, 0, A));
    feed(j, line_of(2, 5, "/home/c"));
    feed(j, pid_line(3, 60, B));
    struct join_result r = ask(j, pid_message(4, 61));
    assert_int_equal(r.how, JOIN_AMBIGUOUS);
    assert_int_equal(r.dir.n, 0);
    assert_int_equal(r.candidate_count, 2);
    assert_int_equal(r.candidates[0], 3);
    assert_int_equal(r.candidates[1], 1);
    join_free(&j);

    j = join_new();                  /* the same directory: it is that, whichever line is true */
    feed(j, pid_line(1, 0, A));
    feed(j, pid_line(2, 60, A));
    assert_int_equal(ask(j, pid_message(3, 61)).how, JOIN_BY_PID);
    feed(j, pid_line(4, 70, B));     /* line 1 is too old by then, and line 2 has its message */
    assert_int_equal(ask(j, pid_message(5, JOIN_LATE_WINDOW + 1)).how, JOIN_BY_PID);
    feed(j, pid_line(6, JOIN_LATE_WINDOW + 2, A));
    r = ask(j, pid_message(7, JOIN_LATE_WINDOW + 3));
    assert_int_equal(r.how, JOIN_BY_PID);
    assert_int_equal(r.tag, 6);
    join_free(&j);

    j = join_new();                  /* so many that the first one is not looked at */
    feed(j, pid_line(1, 0, A));
    for (unsigned i = 0; i < 2 * JOIN_CONTEST_LINES; i++)
        feed(j, pid_line(2 + i, 60, B));
    assert_int_equal(ask(j, pid_message(5000, 61)).how, JOIN_AMBIGUOUS);
    join_free(&j);
}

/* A message whose `<=` line stands before a cwd line began before it was written. */
static void test_floor(void **state)
{
    (void)state;
    struct join *j = join_new();
    feed(j, line_of(1, 0, A));
    struct join_arrival outside = message_of(2, 0, 500000);
    outside.mode = CWD_OTHER;
    ask(j, outside);                 /* begun at .5, logged before line 3 */
    feed(j, line_of(3, 0, B));
    assert_int_equal(ask(j, message_of(4, 0, 400000)).tag, 1);
    struct join_result r = ask(j, message_of(5, 0, 600000));
    assert_int_equal(r.how, JOIN_ONLY);
    assert_int_equal(r.tag, 3);
    join_free(&j);
    j = join_new();                  /* at the very precision of the id it may be either */
    feed(j, line_of(1, 0, A));
    ask(j, outside);
    feed(j, line_of(3, 0, B));
    assert_int_equal(ask(j, message_of(4, 0, 499500)).how, JOIN_AMBIGUOUS);
    join_free(&j);
}

/* Two scripts in one second: a tie. What decides one decides the other; asking changes nothing. */
static void test_tie_and_review(void **state)
{
    (void)state;
    struct join *j = join_new();
    struct join_result r;
    struct join_arrival first = message_of(11, 0, 400000), second = message_of(12, 0, 410000);
    feed(j, line_of(1, 0, A));
    feed(j, line_of(2, 0, B));
    feed(j, line_of(3, 0, "/home/c"));
    r = ask(j, first);
    assert_int_equal(r.how, JOIN_AMBIGUOUS);
    assert_int_equal(r.candidate_count, 3);
    assert_int_equal(r.dir.n, 0);
    for (int i = 0; i < 3; i++) {
        assert_true(join_review(j, &first, &r));
        assert_int_equal(r.how, JOIN_AMBIGUOUS);
    }
    assert_false(join_review(j, &second, &r));
    ask(j, second);
    assert_false(join_quiet(j, T0 + 1));
    ask(j, message_of(13, 0, 420000)); /* three messages, three lines: none is anybody else's */
    assert_true(join_quiet(j, T0 + 1));
    feed(j, line_of(4, 1, A));
    r = ask(j, message_of(14, 1, 100000));
    assert_int_equal(r.how, JOIN_ONLY);
    assert_int_equal(r.tag, 4);
    assert_true(join_review(j, &first, &r));
    assert_int_equal(r.how, JOIN_AMBIGUOUS);
    assert_int_equal(r.candidate_count, 3);
    join_free(&j);
}

static void test_later_claim_decides(void **state)
{
    (void)state;
    struct join *j = join_new();
    struct join_result r;
    struct join_arrival slow = message_of(11, 0, 100000), quick = message_of(12, 5, 100000);
    feed(j, line_of(1, 0, A));
    feed(j, line_of(2, 5, B));
    assert_int_equal(ask(j, quick).how, JOIN_LIKELY);  /* the one without delay, says experience */
    assert_int_equal(ask(j, slow).how, JOIN_ONLY);     /* begun before line 2 was written */
    assert_true(join_review(j, &quick, &r));
    assert_int_equal(r.how, JOIN_ONLY);
    assert_int_equal(r.tag, 2);
    join_free(&j);
}

/* What remains of several lines of one directory must fit whoever is left. */
static void test_same_directory(void **state)
{
    (void)state;
    struct join *j = join_new();
    feed(j, line_of(1, 0, A));
    feed(j, line_of(2, 9, A));
    struct join_result r = ask(j, message_of(11, 9, 500000));
    assert_int_equal(r.how, JOIN_SAME_DIR);
    assert_str(r.dir, A);
    r = ask(j, message_of(12, 15, 0));  /* its own is line 2; line 1 stands in for that */
    assert_int_equal(r.how, JOIN_ONLY);
    assert_str(r.dir, A);
    join_free(&j);
}

static void test_late_starter_casts_doubt(void **state)
{
    (void)state;
    struct join *j = join_new();
    struct join_result r;
    feed(j, line_of(1, 0, "/root"));    /* long-job | sendmail root */
    feed(j, line_of(2, 60, A));
    r = ask(j, message_of(11, 60, 500000));
    assert_int_equal(r.how, JOIN_LIKELY);
    assert_str(r.dir, A);
    assert_int_equal(r.candidate_count, 2);
    r = ask(j, message_of(12, 90, 0));
    assert_int_equal(r.how, JOIN_LIKELY);
    assert_true(r.late);
    assert_str(r.dir, "/root");
    feed(j, line_of(3, 200, A));
    assert_int_equal(ask(j, message_of(13, 200, 0)).how, JOIN_ONLY); /* and it is over */
    join_free(&j);
    j = join_new();                     /* b's home is no place for a process of a's */
    feed(j, line_of(1, 0, B));
    feed(j, line_of(2, 60, A));
    struct join_arrival a = message_of(11, 60, 500000);
    a.user = STR("a");
    assert_int_equal(ask(j, a).how, JOIN_ONLY);
    join_free(&j);
}

static void test_missing_line(void **state)
{
    (void)state;
    struct join *j = join_new();
    feed(j, line_of(1, 0, A));
    assert_int_equal(ask(j, message_of(11, 0, 100000)).how, JOIN_ONLY);
    assert_false(join_contested(j, 1));
    assert_int_equal(ask(j, message_of(12, 0, 200000)).how, JOIN_NONE);
    assert_true(join_contested(j, 1));
    feed(j, line_of(2, 100, A));
    assert_int_equal(ask(j, message_of(13, 100, 100000)).how, JOIN_ONLY);
    assert_false(join_contested(j, 2));
    join_free(&j);
}

/* Thousands of lines that were claimed in one second, and one arrival without a line. Not all of
 * them are looked at, for there may be thousands of such arrivals, but each is contested; those of
 * other times are not. */
static void test_missing_among_many(void **state)
{
    (void)state;
    struct join *j = join_new();
    unsigned many = 8 * JOIN_CONTEST_LINES;
    feed(j, line_of(1, 0, A));
    assert_int_equal(ask(j, message_of(100001, 0, 1000)).how, JOIN_ONLY);
    for (unsigned i = 2; i <= many; i++) {
        feed(j, line_of(i, 40, A));
        assert_int_equal(ask(j, message_of(100000 + i, 40, 1000)).how, JOIN_ONLY);
    }
    assert_false(join_contested(j, many));
    assert_int_equal(ask(j, message_of(200000, 40, 1000)).how, JOIN_NONE);
    for (unsigned i = 2; i <= many; i++)
        assert_true(join_contested(j, i));
    assert_false(join_contested(j, 1));
    feed(j, line_of(many + 1, 100, A));
    assert_int_equal(ask(j, message_of(300000, 100, 1000)).how, JOIN_ONLY);
    assert_false(join_contested(j, many + 1));
    for (unsigned i = 0; i < JOIN_SUBMISSIONS; i++)
        feed(j, line_of(many + 2 + i, 110, A));
    assert_true(join_contested(j, many));    /* who knows, now that it is forgotten */
    join_free(&j);
}

static void test_arguments_weigh(void **state)
{
    (void)state;
    static const uint64_t rcpt[] = { 50, 51 };
    for (int which = 0; which < 3; which++) {
        struct join *j = join_new();
        struct join_submission a = line_of(1, 0, A), b = line_of(2, 0, B);
        struct join_arrival m = message_of(11, 0, 500000);
        m.sender = 40;
        m.recipients = rcpt;
        m.recipient_count = 2;
        if (which == 0) {
            a.has_sender = b.has_sender = true;
            a.sender = 40;
            b.sender = 41;
        } else if (which == 1) {
            b.recipient_count = a.recipient_count = 1;
            a.recipients[0] = 51;
            b.recipients[0] = 52;
        } else {
            m.user = STR("a");
        }
        join_submission_add(j, &a);
        join_submission_add(j, &b);
        struct join_result r = ask(j, m);
        assert_int_equal(r.how, JOIN_LIKELY);
        assert_str(r.dir, A);
        join_free(&j);
    }
}

/* The clock is set back: lines from before it cannot be compared, and nothing is certain until they
 * are out of reach. */
static void test_clock_set_back(void **state)
{
    (void)state;
    struct join *j = join_new();
    feed(j, line_of(1, 100, A));
    ask(j, message_of(11, 100, 500000));
    feed(j, line_of(2, 101, B));        /* given up, or begun after the step: who knows */
    feed(j, line_of(3, 95, A));         /* five seconds back */
    struct join_result r = ask(j, message_of(12, 95, 100000));
    assert_int_equal(r.how, JOIN_LIKELY);
    assert_str(r.dir, A);
    feed(j, line_of(4, 105 + JOIN_LATE_WINDOW + JOIN_WINDOW, A));
    assert_int_equal(ask(j, message_of(13, 106 + JOIN_LATE_WINDOW + JOIN_WINDOW, 0)).how,
                     JOIN_ONLY);
    join_free(&j);
}

/* More lines than are remembered: nothing is certain while one of the lost ones could fit. */
static void test_flood(void **state)
{
    (void)state;
    struct join *j = join_new();
    feed(j, line_of(1, 0, B));
    for (uint64_t i = 0; i < JOIN_SUBMISSIONS; i++)
        feed(j, line_of(2 + i, 1, A));
    struct join_result r = ask(j, message_of(99999, 2, 0));
    assert_int_equal(r.how, JOIN_LIKELY);
    assert_true(r.more);
    r = ask(j, message_of(99998, 2 + JOIN_LATE_WINDOW, 0));
    assert_int_not_equal(r.how, JOIN_ONLY);
    assert_int_not_equal(r.how, JOIN_SAME_DIR);
    join_free(&j);
}

static void test_modes(void **state)
{
    (void)state;
    static const struct {
        const char *protocol;
        enum cwd_mode mode;
        bool any;
    } rows[] = {
        { "local", CWD_SUBMIT, false },           { "local-smtp", CWD_SUBMIT_SMTP, false },
        { "local-esmtp", CWD_SUBMIT_SMTP, false }, { "local-esmtpsa", CWD_SUBMIT_SMTP, false },
        { "local-bsmtp", CWD_SUBMIT_SMTP, false }, { "utf8local", CWD_SUBMIT, false },
        { "utf8local-esmtp", CWD_SUBMIT_SMTP, false }, { "scanned-ok", CWD_SUBMIT, true },
        { "spam-smtp", CWD_SUBMIT, true },        { "", CWD_SUBMIT, true },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct join_arrival a = { .tag = 1 };
        join_arrival_mode(&a, str_c(rows[i].protocol));
        if (a.mode != rows[i].mode || a.any_mode != rows[i].any)
            fail_msg("P=%s: mode %d, any %d", rows[i].protocol, a.mode, a.any_mode);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),            cmocka_unit_test(test_second_line_of_a_pid),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_tie_and_review),   cmocka_unit_test(test_later_claim_decides),
        cmocka_unit_test(test_same_directory),   cmocka_unit_test(test_late_starter_casts_doubt),
        cmocka_unit_test(test_missing_line),     cmocka_unit_test(test_arguments_weigh),
        cmocka_unit_test(test_clock_set_back),   cmocka_unit_test(test_flood),
        cmocka_unit_test(test_modes),            cmocka_unit_test(test_certain_is_never_wrong),
        cmocka_unit_test(test_hard_times),       cmocka_unit_test(test_missing_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
