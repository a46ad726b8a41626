/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace - postern trace: from a complaint to its source
 *
 * Parses its options, opens what it needs, gives up the rest of its rights, and
 * only then looks at the first byte that came from outside.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/must.h"
#include "cmd/input.h"
#include "cmd/render.h"
#include "cmd/server.h"
#include "mail/ip.h"
#include "mail/spool.h"
#include "trace/complaint.h"
#include "trace/phpmail.h"
#include "trace/run_cache.h"
#include "trace/trace.h"

#define LIST_MAX 100u

enum {
    OPTION_DOCROOT = OPTION_OWN,
    OPTION_HOST,
    OPTION_FROM,
    OPTION_TO,
    OPTION_SUBJECT,
    OPTION_IP,
    OPTION_NO_RUN,
    OPTION_EXPLAIN,
    OPTION_RAW,
};

static const struct option_row options[] = {
    SERVER_OPTION_ROWS,
    { "docroot", OPTION_DOCROOT, "DIR=LOG",
      "web requests for DIR are in access log LOG (again for more)" },
    { "host", OPTION_HOST, "NAME", "another name or address of this server (again for more)" },
    { "from", OPTION_FROM, "ADDRESS", "search: envelope sender, or @domain" },
    { "to", OPTION_TO, "ADDRESS", "search: recipient, or @domain" },
    { "subject", OPTION_SUBJECT, "TEXT", "search: part of the subject" },
    { "ip", OPTION_IP, "ADDRESS", "search: client address" },
    { "no-run", OPTION_NO_RUN, NULL, "only this message, not all that its source sent" },
    { "explain", OPTION_EXPLAIN, NULL, "show each step and the log lines" },
    { "raw", OPTION_RAW, NULL, "print the log lines as they are, nothing else" },
    OUTPUT_OPTION_ROWS,
    { NULL, 0, NULL, NULL },
};

struct trace_request {
    struct server server;
    const char *docroots[LIST_MAX];
    size_t docroot_count;
    const char *hosts[LIST_MAX];
    size_t host_count;
    struct search_query search;
    bool searching, no_run, explain, raw;
    struct ownhost own;
    bool own_known;
    struct sites *sites;
    struct run_cache *runs;
    struct phpmail_memory *php;
    struct confine_report confined;
    struct render render;
    struct progress progress;
    struct trace_result result;
    bool bad_input;
    char *said[LIST_MAX];            /* warnings so far */
    size_t said_count;
    struct msgid *ids;               /* given as arguments */
    size_t id_count;
};

/* --- options --- */

static int list_add(const char *option, const char **list, size_t *count, const char *value)
{
    if (*count == LIST_MAX) {
        say_error("trace: more than %u times --%s", LIST_MAX, option);
        return -1;
    }
    list[(*count)++] = value;
    return 0;
}

static int search_add(struct trace_request *q, struct str *field, const char *value)
{
    *field = str_c(value);
    q->searching = true;
    if (field->n > 0)
        return 0;
    say_error("trace: an empty search value matches nothing");
    return -1;
}

static int ip_add(struct trace_request *q, const char *value)
{
    static char text[IP_TEXT_MAX];
    struct ip ip;
    if (ip_parse(str_c(value), &ip) != 0) {
        say_error("trace: --ip takes one IPv4 or IPv6 address");
        return -1;
    }
    return search_add(q, &q->search.ip, ip_format(&ip, text));
}

static int own_option(struct trace_request *q, int key, const char *value)
{
    switch (key) {
    case OPTION_DOCROOT:
        return list_add("docroot", q->docroots, &q->docroot_count, value);
    case OPTION_HOST:
        return list_add("host", q->hosts, &q->host_count, value);
    case OPTION_FROM:
        return search_add(q, &q->search.from, value);
    case OPTION_TO:
        return search_add(q, &q->search.to, value);
    case OPTION_SUBJECT:
        return search_add(q, &q->search.subject, value);
    case OPTION_IP:
        return ip_add(q, value);
    case OPTION_NO_RUN:
        return q->no_run = true, 0;
    case OPTION_EXPLAIN:
        return q->explain = true, 0;
    case OPTION_RAW:
        return q->raw = true, 0;
    default:
        return -1;
    }
}

/* How often - is given. */
static unsigned stdin_uses(const struct trace_request *q, const struct option_walk *w)
{
    unsigned n = 0;
    for (size_t i = 0; i < q->server.path_count; i++)
        n += strcmp(q->server.paths[i], "-") == 0;
    for (int i = 0; i < w->operand_count; i++)
        n += strcmp(w->operands[i], "-") == 0;
    return n;
}

static int options_check(struct trace_request *q, const struct option_walk *w)
{
    if (w->operand_count == 0 && !q->searching) {
        say_error("trace: give a message id, a file with the complaint, - for standard input, or "
                  "search with --from, --to, --subject or --ip; see postern trace --help");
        return -1;
    }
    if (w->operand_count > 0 && q->searching) {
        say_error("trace: a search (--from, --to, --subject, --ip) takes no ids or files");
        return -1;
    }
    if (stdin_uses(q, w) > 1) {
        say_error("trace: - is standard input, which can be read once: as the log (--log -) or as "
                  "a complaint; put one of them in a file");
        return -1;
    }
    if (q->raw && q->server.json) {
        say_error("trace: --raw and --json do not go together");
        return -1;
    }
    return 0;
}

static int options_take(void *request, struct option_walk *w)
{
    struct trace_request *q = request;
    const char *value;
    int key, rc = 0;
    while (rc == 0 && (key = option_next(w, &value)) != OPTION_END) {
        if (key < 0)
            return key;
        int shared = server_option(&q->server, key, value);
        rc = shared < 0 ? -1 : shared == 1 ? 0 : own_option(q, key, value);
    }
    if (rc != 0 || options_check(q, w) != 0 || server_settle(&q->server, "trace") != 0)
        return OPTION_BAD;
    return OPTION_END;
}

/* --- what trace calls back --- */

static void on_report(void *ctx, const struct report *r)
{
    struct trace_request *q = ctx;
    progress_end(&q->progress);
    if (q->raw)
        render_report_raw(&q->render, r);
    else if (q->server.json)
        render_report_json(&q->render, r);
    else
        render_report_text(&q->render, r);
    fflush(stdout);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct trace_request *q = ctx;
    progress_show(&q->progress, done, total);
}

/* The same file may fail in several passes: said once. */
static void on_problem(void *ctx, const char *text)
{
    struct trace_request *q = ctx;
    progress_end(&q->progress);
    q->result.incomplete = true;
    for (size_t i = 0; i < q->said_count; i++) {
        if (strcmp(q->said[i], text) == 0)
            return;
    }
    say_warning("%s", text);
    char *copy = q->said_count < LIST_MAX ? strdup(text) : NULL;
    if (copy != NULL)
        q->said[q->said_count++] = copy;
}

/* --- inputs --- */

static void input_failed(struct trace_request *q, const struct err *err)
{
    progress_end(&q->progress);
    say_error("trace: %s", err->text);
    q->bad_input = true;
}

static int on_spool_read(void *ctx, const char *path, struct buf *b)
{
    struct err err;
    if (input_read(path, b, &err) == 0)
        return 0;
    input_failed(ctx, &err);
    return -1;
}

/* Of a folder: Exim goes on working there, and what it has delivered since is no mistake. */
static int on_queue_read(void *ctx, const char *path, struct buf *b)
{
    struct trace_request *q = ctx;
    struct err err;
    if (input_read(path, b, &err) == 0)
        return 0;
    if (err.kind == ERR_MISSING) {
        progress_end(&q->progress);
        say_warning("%s; it has left the queue meanwhile", err.text);
    } else {
        input_failed(q, &err);
    }
    return -1;
}

/* A single -H file, whatever it is called: its first line has the id. */
static bool spool_trace(struct trace_request *q, const struct trace_options *o, const char *path,
                        struct str bytes)
{
    struct spool s;
    if (spool_parse(bytes, &s) != 0 || strcmp(path, "-") == 0)
        return false;
    struct trace_spool_file file = { s.id, path };
    trace_spools(o, &file, 1, on_spool_read, &q->result);
    return true;
}

static void file_trace(struct trace_request *q, const struct trace_options *o, const char *path)
{
    struct buf b;
    struct err err;
    struct str origin = strcmp(path, "-") == 0 ? STR("standard input") : str_c(path);
    int rc = input_read(path, &b, &err);
    if (rc == 0 && !spool_trace(q, o, path, buf_str(&b))) {
        rc = trace_complaint(o, buf_str(&b), origin, &q->result, &err);
        if (rc != 0)
            err_wrap(&err, "%s", path);
    }
    if (rc != 0)
        input_failed(q, &err);
    buf_fini(&b);
}

/* The -H files of a folder. */
struct queue_list {
    struct trace_spool_file *files;
    size_t count, room;
};

static void on_queue_file(void *ctx, const char *path, const struct msgid *id)
{
    struct queue_list *l = ctx;
    char *copy = strdup(path);
    if (copy == NULL)
        return;
    if (l->count == l->room) {
        l->room = l->room == 0 ? 256 : l->room * 2;
        l->files = must_realloc(l->files, l->room * sizeof *l->files);
    }
    l->files[l->count++] = (struct trace_spool_file){ *id, copy };
}

static void folder_trace(struct trace_request *q, const struct trace_options *o, const char *path)
{
    struct err err;
    struct queue_list l = { .count = 0 };
    int n = input_queue(path, on_queue_file, &l, &err);
    if (n > 0 && err.kind != ERR_NONE) {
        say_warning("%s", err.text);
        q->result.incomplete = true;
    }
    if (n == 0)
        err_set(&err, ERR_MISSING, "%s: no queue files (named like 1FZ8zt-0005lz-E7-H) in this "
                "folder", path);
    if (n <= 0)
        input_failed(q, &err);
    else
        trace_spools(o, l.files, l.count, on_queue_read, &q->result);
    for (size_t i = 0; i < l.count; i++)
        free((char *)(uintptr_t)l.files[i].path);
    free(l.files);
}

static void argument_trace(struct trace_request *q, const struct trace_options *o, const char *arg)
{
    enum input_kind kind;
    struct msgid id;
    struct err err;
    if (input_kind(arg, &kind, &id, &err) != 0)
        input_failed(q, &err);
    else if (kind == INPUT_FOLDER)
        folder_trace(q, o, arg);
    else if (kind == INPUT_FILE)
        file_trace(q, o, arg);
    else {
        for (size_t i = 0; i < q->id_count; i++) {
            if (msgid_eq(&q->ids[i], &id))
                return;
        }
        q->ids[q->id_count++] = id;
    }
}

/* --- all of it --- */

static int exit_of(const struct trace_request *q)
{
    const struct trace_result *r = &q->result;
    if (q->bad_input)
        return EXIT_USAGE;
    if (r->incomplete || q->server.incomplete)
        return EXIT_INCOMPLETE;
    if (r->ambiguous > 0)
        return EXIT_AMBIGUOUS;
    return r->named > 0 ? EXIT_NAMED : EXIT_NOT_OURS;
}

static int inputs_trace(struct trace_request *q, const struct option_walk *w)
{
    struct err err;
    struct trace_options o = {
        .set = q->server.set, .sites = q->sites, .own = &q->own,
        .spool_directory = str_c(q->server.exim.spool_directory), .root = q->server.root,
        .runs = q->runs, .php = q->php, .no_run = q->no_run, .explain = q->explain,
        .confined = str_c(q->confined.text),
        .emit = on_report, .progress = on_progress, .problem = on_problem, .ctx = q,
    };
    if (q->searching) {
        q->search.since = q->server.since;
        q->search.until = q->server.until;
        uint64_t matches;
        int rc = trace_search(&o, &q->search, &q->result, &matches, &err);
        progress_end(&q->progress);
        if (rc != 0)
            say_error("trace: %s", err.text);
        else if (matches > SEARCH_MATCHES_MAX)
            say_warning("%llu messages match; the newest %u are shown: narrow the search with "
                        "--since and --until", (unsigned long long)matches, SEARCH_MATCHES_MAX);
        return exit_of(q);
    }
    if (q->server.since_text != NULL || q->server.until_text != NULL)
        say_warning("--since and --until are for a search; ids, files and folders are traced "
                    "without them");
    q->ids = calloc((size_t)w->operand_count, sizeof *q->ids);
    for (int i = 0; q->ids != NULL && i < w->operand_count; i++)
        argument_trace(q, &o, w->operands[i]);
    if (q->id_count > 0)
        trace_ids(&o, q->ids, q->id_count, STR(""), &q->result);
    free(q->ids);
    return exit_of(q);
}

/* What kinds of input there are. */
struct inputs {
    bool queue;                      /* queue files or folders of them, */
    bool other;                      /* complaints and ids */
    bool complaint;
    bool all_ids;                    /* also for a search, which finds ids */
};

static struct inputs inputs_look(const struct option_walk *w)
{
    struct inputs in = { .all_ids = true };
    for (int i = 0; i < w->operand_count; i++) {
        enum input_kind kind;
        struct msgid id;
        struct err ignored;
        bool good = input_kind(w->operands[i], &kind, &id, &ignored) == 0;
        bool spool = good && (kind == INPUT_FOLDER ||
                              (kind == INPUT_FILE &&
                               str_ends(str_c(w->operands[i]), STR("-H"))));
        in.queue = in.queue || spool;
        in.other = in.other || !spool;
        in.complaint = in.complaint || (good && kind == INPUT_FILE && !spool);
        in.all_ids = in.all_ids && (!good || kind == INPUT_ID);
    }
    return in;
}

/* A queue needs no log; everything else does. Only a complaint says names, and needs ours. */
static int log_open(struct trace_request *q, const struct inputs *in)
{
    struct err err;
    if (server_open(&q->server, !in->all_ids, &err) == 0)
        return 0;
    bool needless = !q->searching && q->server.path_count == 0 && in->queue && !in->other;
    if (needless)
        say_warning("%s", err.text);
    else
        say_error("trace: %s", err.text);
    return needless ? 0 : -1;
}

static int open_all(struct trace_request *q, const struct option_walk *w, int *status_out)
{
    struct err err;
    struct sites_options s = { .root = q->server.root, .docroots = q->docroots,
                               .docroot_count = q->docroot_count };
    struct inputs in = inputs_look(w);
    if (log_open(q, &in) != 0) {
        *status_out = server_status_unopened(&q->server);
        return -1;
    }
    if (sites_new(&s, &q->sites, &err) != 0) {
        say_error("trace: %s", err.text);
        return -1;
    }
    struct ownhost_options own = { .exim = q->server.exim_asked ? &q->server.exim : NULL,
                                   .root = q->server.root, .hosts = q->hosts,
                                   .host_count = q->host_count };
    ownhost_init(&q->own, &own);
    q->own_known = true;
    if (in.complaint)
        complaint_ready(NULL);       /* if it fails, reading the complaint says so */
    return 0;
}

static void request_fini(struct trace_request *q)
{
    for (size_t i = 0; i < q->said_count; i++)
        free(q->said[i]);
    redact_fini(&q->render.redact);
    sites_free(&q->sites);
    run_cache_free(&q->runs);
    phpmail_memory_free(&q->php);
    if (q->own_known)
        ownhost_fini(&q->own);
    server_fini(&q->server);
}

static int perform(void *request, const struct option_walk *w)
{
    struct trace_request *q = request;
    int status = EXIT_USAGE;
    if (open_all(q, w, &status) != 0)
        return status;
    q->render = (struct render){ .out = stdout, .color = q->server.color, .explain = q->explain,
                                 .raw = q->raw, .redact = { .on = q->server.redact } };
    progress_begin(&q->progress, "reading the log");
    confine_read_only(&q->confined);
    status = inputs_trace(q, w);
    progress_end(&q->progress);
    return status;
}

static int trace_run(int argc, char **argv)
{
    static const struct command_steps steps = { options_take, perform };
    struct trace_request *q = calloc(1, sizeof *q);
    if (q == NULL)
        return EXIT_INCOMPLETE;
    server_init(&q->server);
    q->runs = run_cache_new();
    q->php = phpmail_memory_new();
    int status = command_run(&command_trace, argc, argv, &steps, q);
    request_fini(q);
    free(q);
    return status;
}

const struct command command_trace = {
    .name = "trace",
    .summary = "find the script or the mailbox that sent a message",
    .usage = "[OPTION]... [ID|FILE|DIR|-]...",
    .about = "Finds who sent a message: from its id, from a complaint (a report, a bounce,\n"
             "a forwarded or pasted message, in any nesting), from a -H file or a folder of\n"
             "Exim's queue, or by a search.",
    .options = options,
    .examples = "Examples:\n"
                "  postern trace complaint.eml\n"
                "  postern trace 1FZ8zt-0005lz-E7\n"
                "  postern trace --from bob@example.com --since 2h\n"
                "  postern trace --root /mnt/copy --json report.txt\n",
    .run = trace_run,
};
