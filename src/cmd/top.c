/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top - postern top: rank the sources of a log
 *
 * Parses its options, runs the ranking, prints it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/str.h"
#include "cmd/render.h"
#include "cmd/server.h"
#include "trace/openmsg.h"
#include "trace/top.h"

enum { OPTION_BY = OPTION_OWN, OPTION_REJECTED, OPTION_LIMIT, OPTION_THREADS };

static const struct option_row options[] = {
    { "by", OPTION_BY, "KEY",
      "script, login, user, host, sender, subject or recipient-domain" },
    { "rejected", OPTION_REJECTED, NULL, "client addresses by refused recipients" },
    { "limit", OPTION_LIMIT, "N", "rows to print; 0 for all (default: 20)" },
    SERVER_OPTION_ROWS,
    { "threads", OPTION_THREADS, "N", "readers at a time (default: the processors)" },
    OUTPUT_OPTION_ROWS,
    { NULL, 0, NULL, NULL },
};

struct top_request {
    struct server server;
    enum top_by by;
    bool by_given, rejected;
    uint64_t limit, threads;
};

static int by_parse(const char *value, enum top_by *by_out)
{
    for (enum top_by by = BY_SCRIPT; by < BY_REJECTED; by++) {
        if (strcmp(top_by_name(by), value) == 0)
            return *by_out = by, 0;
    }
    say_error("top: --by takes script, login, user, host, sender, subject or recipient-domain");
    return -1;
}

static int number_parse(const char *option, const char *value, uint64_t max, uint64_t *out)
{
    if (str_u64(str_c(value), out) == 0 && *out <= max)
        return 0;
    say_error("top: --%s takes a number up to %llu", option, (unsigned long long)max);
    return -1;
}

static int own_option(struct top_request *q, int key, const char *value)
{
    switch (key) {
    case OPTION_BY:
        q->by_given = true;
        return by_parse(value, &q->by);
    case OPTION_REJECTED:
        q->rejected = true;
        return 0;
    case OPTION_LIMIT:
        return number_parse("limit", value, 1000000, &q->limit);
    case OPTION_THREADS:
        return number_parse("threads", value, TOP_THREADS_MAX, &q->threads);
    default:
        return -1;
    }
}

static int options_take(void *request, struct option_walk *w)
{
    struct top_request *q = request;
    const char *value;
    int key, rc = 0;
    while (rc == 0 && (key = option_next(w, &value)) != OPTION_END) {
        if (key < 0)
            return key;
        int shared = server_option(&q->server, key, value);
        rc = shared < 0 ? -1 : shared == 1 ? 0 : own_option(q, key, value);
    }
    if (rc != 0)
        return OPTION_BAD;
    if (w->operand_count > 0) {
        say_error("top: it takes no arguments; name the log with --log");
        return OPTION_BAD;
    }
    if (q->rejected && q->by_given) {
        say_error("top: --rejected ranks client addresses; it does not go with --by");
        return OPTION_BAD;
    }
    if (q->rejected)
        q->by = BY_REJECTED;
    return server_settle(&q->server, "top") == 0 ? OPTION_END : OPTION_BAD;
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    progress_show(ctx, done, total);
}

static void remarks(const struct top_request *q, const struct top *t)
{
    struct tracker_stats s = top_stats(t);
    if (s.clock_back > 7200)
        say_warning("the clock of the log goes back by %lld seconds somewhere; times near that "
                    "place may be joined wrongly", (long long)s.clock_back);
    if (s.evicted > 0)
        say_warning("%llu messages were under way at once beyond the limit; what became of them "
                    "is not counted", (unsigned long long)s.evicted);
    if (s.beyond > 0)
        say_warning("more recipients than can be kept (%u of one message, %u in all): what became "
                    "of the others is not counted", OPENMSG_SLOTS_MAX, OPENMSG_SLOTS_ALL);
    if (top_full(t))
        say_warning("more distinct values than can be kept: distinct counts are lower bounds");
    if (q->by <= BY_SCRIPT && s.lines > 0 && !s.any_cwd)
        say_warning("the log has no cwd lines, so no script can be named; "
                    "log_selector = +arguments would write them");
}

static int rank(struct top_request *q)
{
    struct progress p;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t threads = q->threads > 0 ? q->threads : cpus > 0 ? (uint64_t)cpus : 1;
    struct top_options o = {
        .by = q->by, .since = q->server.since, .until = q->server.until,
        .threads = threads > TOP_THREADS_MAX ? TOP_THREADS_MAX : (unsigned)threads,
        .localhost_number = q->server.exim.localhost_number, .progress = on_progress, .ctx = &p,
    };
    struct render_top x = { .out = stdout, .color = q->server.color, .redact = q->server.redact,
                            .limit = q->limit, .by = q->by };
    progress_begin(&p, "reading the log");
    struct top *t = top_new(q->server.set, &o);
    progress_end(&p);
    for (size_t i = 0; i < top_problems(t); i++)
        say_warning("%s", top_problem(t, i));
    remarks(q, t);
    if (q->server.json)
        render_top_json(&x, t);
    else
        render_top_text(&x, t);
    int status = top_problems(t) > 0 || q->server.incomplete ? EXIT_INCOMPLETE : EXIT_NAMED;
    top_free(&t);
    return status;
}

static int perform(void *request, const struct option_walk *w)
{
    struct top_request *q = request;
    struct confine_report confined;
    struct err err;
    (void)w;
    if (server_open(&q->server, false, &err) != 0) {
        say_error("top: %s", err.text);
        return server_status_unopened(&q->server);
    }
    confine_read_only(&confined);
    return rank(q);
}

static int top_run(int argc, char **argv)
{
    static const struct command_steps steps = { options_take, perform };
    struct top_request q = { .by = BY_SOURCE, .limit = 20 };
    server_init(&q.server);
    int status = command_run(&command_top, argc, argv, &steps, &q);
    server_fini(&q.server);
    return status;
}

const struct command command_top = {
    .name = "top",
    .summary = "rank who sends: scripts, mailboxes, users, hosts",
    .usage = "[OPTION]...",
    .about = "Ranks the sources of mail in the log. Without --by: directories of scripts,\n"
             "mailboxes, local users and this host itself, each message under one of them;\n"
             "mail from outside is left out.",
    .options = options,
    .examples = "Examples:\n"
                "  postern top --since 2h\n"
                "  postern top --by login --since today\n"
                "  postern top --rejected --limit 50\n",
    .run = top_run,
};
