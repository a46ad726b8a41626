/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_requests - runs with a known truth, and traffic that knows nothing of it
 *
 * Each test writes an access log as a server would: a line when a request ends,
 * with the stamp of its begin. The request that sent the mail is known, so the
 * tests ask for its numbers, not for "something found"; and where no request sent
 * it, none may be called likely.
 */
#define _GNU_SOURCE
#include "trace/requests.h"

#include <sys/resource.h>
#include <time.h>

#include "treemake.h"

#define T0 INT64_C(1795428000) /* 2026-11-23 10:00:00 UTC */
#define DOCROOT "/home/ClientX/public_html"
#define MAX 16

/* One request, before it is sorted into its place in the log. */
struct event {
    int64_t begin, end;
    unsigned order;
    int status;
    const char *vhost, *client, *method;
    char path[96];
};

static struct event *events;
static size_t event_count, event_cap;

static int64_t arrivals[200000];
static size_t arrival_count;

static char warnings[4096];

static void on_warn(void *ctx, const char *text)
{
    (void)ctx;
    size_t n = strlen(warnings);
    snprintf(warnings + n, sizeof warnings - n, "%s\n", text);
}

static void world_new(void)
{
    tree_new();
    event_count = arrival_count = 0;
    warnings[0] = '\0';
}

static struct event *event_add(int64_t begin, const char *client, const char *method,
                               const char *path)
{
    if (event_count == event_cap) {
        event_cap = event_cap == 0 ? 1024 : event_cap * 2;
        events = realloc(events, event_cap * sizeof *events);
        assert_non_null(events);
    }
    struct event *e = &events[event_count];
    *e = (struct event){ .begin = begin, .end = begin, .order = (unsigned)event_count++,
                         .status = 200, .client = client, .method = method };
    snprintf(e->path, sizeof e->path, "%s", path);
    return e;
}

static void arrival_add(int64_t when)
{
    assert_true(arrival_count < ROWS(arrivals));
    arrivals[arrival_count++] = when;
}

static int event_order(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* Visitors who have nothing to do with the mail: the home page every `every` seconds, with its
 * style sheet and picture, and a scanner now and then. */
static void visitors(int64_t from, int64_t to, int every)
{
    for (int64_t t = from; t < to; t += every) {
        event_add(t, "198.51.100.1", "GET", "/");
        event_add(t, "198.51.100.1", "GET", "/style.css");
        event_add(t, "198.51.100.1", "GET", "/logo.png")->status = 304;
        if (t % 7 == 0) {
            char path[32];
            snprintf(path, sizeof path, "/wp-%d.php", (int)(t % 1000));
            event_add(t, "198.51.100.7", "POST", path)->status = 404;
        }
    }
}

/* The log of all events, in the order of their ends. */
static void log_text(struct buf *out)
{
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    buf_init(out, LOGMAKE_MAX);
    qsort(events, event_count, sizeof *events, event_order);
    for (size_t i = 0; i < event_count; i++) {
        const struct event *e = &events[i];
        struct civil c = clock_to_civil(e->begin + 3600);
        if (e->vhost != NULL)
            buf_addf(out, "%s:443 ", e->vhost);
        buf_addf(out, "%s - - [%02d/%s/%04d:%02d:%02d:%02d +0100] \"%s %s HTTP/1.1\" %d 512 "
                 "\"https://forum.example.com/\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n",
                 e->client, c.day, months[c.month - 1], c.year, c.hour, c.minute, c.second,
                 e->method, e->path, e->status);
    }
}

static void log_write(const char *path)
{
    struct buf text;
    log_text(&text);
    tree_bytes(path, buf_str(&text));
    buf_fini(&text);
}

/* The one site of most tests, with the logs named. */
static char log_paths[4][256];
static const char *log_list[4];
static struct site site;
static const struct site *site_list[] = { &site };

static void site_set(size_t count, const char *const *paths)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(log_paths[i], sizeof log_paths[i], "%s", tree_path(paths[i]));
        log_list[i] = log_paths[i];
    }
    site = (struct site){ .name = STR("forum.example.com"), .account = STR("ClientX"),
                          .docroot = STR(DOCROOT), .real = STR(DOCROOT), .prefix = STR("/"),
                          .logs = log_list, .log_count = count, .panel = "given" };
}

static struct requests_query query(const char *cwd)
{
    return (struct requests_query){
        .sites = site_list, .site_count = 1, .cwd = str_c(cwd), .script = STR(""),
        .client = STR(""), .arrivals = arrivals, .arrival_count = arrival_count,
        .message = arrival_count > 0 ? arrivals[arrival_count / 2] : 0, .warn = on_warn,
    };
}

static struct request found[MAX];
static size_t found_count;
static struct arena *arena;

static void ask(const struct requests_query *q)
{
    arena_free(&arena);
    arena = arena_new(1 << 20);
    found_count = requests_find(q, arena, found, MAX);
}

/* Write the events as the site's only log and ask. */
static void ask_about(const char *cwd)
{
    static const char *const path[] = { "/var/log/access.log" };
    log_write(path[0]);
    site_set(1, path);
    struct requests_query q = query(cwd);
    ask(&q);
}

static void print_found(void)
{
    for (size_t i = 0; i < found_count; i++)
        print_error("%.*s %.*s: %llu messages, %llu requests, share %.2f, score %.3f%s%s\n",
                    STR_ARG(found[i].method), STR_ARG(found[i].path),
                    (unsigned long long)found[i].messages, (unsigned long long)found[i].requests,
                    found[i].share, found[i].score, found[i].likely ? ", likely" : "",
                    found[i].exact ? ", exact" : "");
}

/* The best is this, it alone is likely, and it explains so many. */
static void check_best_at(const char *method, const char *path, uint64_t messages, int line)
{
    bool good = found_count > 0 && str_eq(found[0].method, str_c(method)) &&
                str_eq(found[0].path, str_c(path)) && found[0].messages == messages &&
                found[0].likely;
    for (size_t i = 1; i < found_count; i++)
        good &= !found[i].likely;
    if (good)
        return;
    print_found();
    print_error("expected %s %s: %llu\n", method, path, (unsigned long long)messages);
    _fail(__FILE__, line);
}

#define check_best(method, path, messages) check_best_at((method), (path), (messages), __LINE__)

static void check_none_likely(void)
{
    for (size_t i = 0; i < found_count; i++) {
        if (found[i].likely) {
            print_found();
            fail();
        }
    }
}

/* ---- runs ---- */

/* The run of the design: 91 messages in 14 minutes, of which 87 by POST from three
 * clients, in the middle of three hours of visitors. */
static void run_of_91(void)
{
    static const char *const clients[] = { "203.0.113.66", "203.0.113.66", "203.0.113.67",
                                           "203.0.113.66", "2001:db8::9" };
    world_new();
    visitors(T0 - 5400, T0 + 5400, 2);
    for (int i = 0; i < 91; i++) {
        int64_t begin = T0 + i * 9;
        if (i % 23 != 11) /* the others came from somewhere else */
            event_add(begin, clients[i % 5], "POST", "/phpBB/profile.php");
        arrival_add(begin + 1);
    }
    for (int64_t t = T0 - 5400; t < T0 + 5400; t += 15)
        event_add(t, "198.51.100.3", "POST", "/wp-admin/admin-ajax.php");
}

static void test_run(void **state)
{
    (void)state;
    run_of_91();
    ask_about(DOCROOT "/phpBB");
    check_best("POST", "/phpBB/profile.php", 87);
    assert_true(found[0].in_cwd);
    assert_false(found[0].exact);
    assert_str(found[0].site, "forum.example.com");
    assert_str(found[0].client_ip, "203.0.113.66");
    assert_int_equal(found[0].clients, 3);
    assert_int_equal(found[0].requests, 87);
    assert_true(found[0].share > 0.95 && found[0].share < 0.96);
    assert_int_equal(found[0].when, arrivals[45] - 1);
    assert_non_null(memmem(found[0].text.p, found[0].text.n, "POST /phpBB/profile.php", 23));
    assert_string_equal(found[0].file, log_paths[0]);
    assert_string_equal(warnings, "");
    check_best("POST", "/phpBB/profile.php", 87);
}

/* The line of the witness is the line in the file. */
static void check_line(const struct request *r, const char *path)
{
    char *line = NULL;
    size_t cap = 0;
    FILE *f = fopen(tree_path(path), "r");
    assert_non_null(f);
    for (uint64_t i = 0; i < r->line; i++)
        assert_true(getline(&line, &cap, f) > 0);
    assert_int_equal(strncmp(line, r->text.p, r->text.n), 0);
    assert_int_equal(line[r->text.n], '\n');
    free(line);
    fclose(f);
}

static void test_line_number(void **state)
{
    (void)state;
    run_of_91();
    visitors(T0 - 200000, T0 - 5400, 2); /* far more than is read: entered in the middle */
    ask_about(DOCROOT "/phpBB");
    check_best("POST", "/phpBB/profile.php", 87);
    assert_true(found[0].line > 100000);
    check_line(&found[0], "/var/log/access.log");
}

/* Where the cwd says nothing, the run still does. */
static void test_run_without_cwd(void **state)
{
    (void)state;
    run_of_91();
    ask_about("/");
    check_best("POST", "/phpBB/profile.php", 87);
    assert_false(found[0].in_cwd);
    ask_about("");
    check_best("POST", "/phpBB/profile.php", 87);
    ask_about(DOCROOT "/includes"); /* the script changed its directory */
    check_best("POST", "/phpBB/profile.php", 87);
}

/* A mailer that runs for nine minutes: one request, logged at its end, behind all that
 * began while it ran. */
static void test_logged_late(void **state)
{
    (void)state;
    world_new();
    visitors(T0 - 3600, T0 + 3600, 3);
    event_add(T0 + 1, "203.0.113.66", "POST", "/m.php")->end = T0 + 541;
    for (int i = 0; i < 500; i++)
        arrival_add(T0 + 2 + i);
    ask_about(DOCROOT);
    check_best("POST", "/m.php", 500);
    assert_int_equal(found[0].clients, 1);
    assert_int_equal(found[0].when, T0 + 1);
}

/* The same where nobody else visits: nothing proves that it ran, nothing speaks against it. */
static void test_logged_late_quiet(void **state)
{
    (void)state;
    world_new();
    event_add(T0 + 1, "203.0.113.66", "GET", "/m.php")->end = T0 + 541;
    event_add(T0 + 900, "198.51.100.1", "GET", "/");
    for (int i = 0; i < 50; i++)
        arrival_add(T0 + 3 + i * 10);
    ask_about(DOCROOT);
    check_best("GET", "/m.php", 50);
}

/* A request that ended long before explains nothing, and a line behind it proves that. */
static void test_long_before(void **state)
{
    (void)state;
    world_new();
    event_add(T0, "203.0.113.66", "POST", "/m.php");
    event_add(T0 + 20, "198.51.100.1", "GET", "/about.html");
    arrival_add(T0 + 40);
    ask_about(DOCROOT);
    for (size_t i = 0; i < found_count; i++)
        assert_false(str_eq(found[i].path, STR("/m.php")));
    world_new();
    event_add(T0, "203.0.113.66", "POST", "/m.php"); /* nothing behind it, but four minutes */
    arrival_add(T0 + 240);
    ask_about(DOCROOT);
    assert_int_equal(found_count, 0);
    world_new();
    event_add(T0 + 1, "203.0.113.66", "POST", "/m.php"); /* begun after the arrival */
    arrival_add(T0);
    ask_about(DOCROOT);
    assert_int_equal(found_count, 0);
}

/* Mail from cron: visitors precede it, but none of their requests sent it. */
static void test_no_match(void **state)
{
    (void)state;
    world_new();
    visitors(T0 - 5400, T0 + 5400, 2);
    for (int64_t t = T0 - 5400; t < T0 + 5400; t += 15)
        event_add(t, "198.51.100.3", "POST", "/wp-admin/admin-ajax.php");
    for (int i = 0; i < 91; i++)
        arrival_add(T0 + i * 9);
    ask_about(DOCROOT);
    check_none_likely();
    assert_true(found_count > 0);
    assert_true(found[0].score < 0.1);
    world_new();
    arrival_add(T0);
    event_add(T0 - 86400, "198.51.100.3", "POST", "/a.php");
    event_add(T0 + 7, "198.51.100.3", "POST", "/a.php");
    ask_about(DOCROOT);
    assert_int_equal(found_count, 0);
}

/* Two mailers by turns: each has its half. */
static void test_two_scripts(void **state)
{
    (void)state;
    world_new();
    visitors(T0 - 3600, T0 + 3600, 5);
    for (int i = 0; i < 100; i++) {
        event_add(T0 + i * 12, "203.0.113.66", "POST", i % 5 < 3 ? "/a/one.php" : "/a/two.php");
        arrival_add(T0 + i * 12);
    }
    ask_about(DOCROOT "/a");
    assert_true(found_count >= 2);
    assert_str(found[0].path, "/a/one.php");
    assert_int_equal(found[0].messages, 60);
    assert_true(found[0].likely);
    assert_str(found[1].path, "/a/two.php");
    assert_int_equal(found[1].messages, 40);
}

/* ---- one message ---- */

static void test_single(void **state)
{
    (void)state;
    world_new();
    visitors(T0 - 5400, T0 + 5400, 10);
    event_add(T0 + 3, "203.0.113.66", "POST", "/phpBB/profile.php");
    event_add(T0 + 2, "203.0.113.70", "GET", "/phpBB/viewtopic.php");
    event_add(T0 + 4, "203.0.113.71", "POST", "/shop/order.php");
    arrival_add(T0 + 4);
    ask_about(DOCROOT "/phpBB");
    assert_true(found_count >= 3);
    assert_str(found[0].path, "/phpBB/profile.php");
    assert_true(found[0].likely && found[0].in_cwd);
    assert_str(found[1].path, "/phpBB/viewtopic.php");
    assert_true(found[1].in_cwd);
    assert_str(found[2].path, "/shop/order.php");
    assert_false(found[2].likely || found[2].in_cwd);
}

/* What a header says decides between equals; with another client it is only a name. */
static void test_exact(void **state)
{
    (void)state;
    static const struct {
        const char *script, *client;
        bool exact;
    } rows[] = {
        { "/phpBB/b.php", "203.0.113.71", true },
        { "/phpBB/b.php", "", true },
        { DOCROOT "/phpBB/b.php", "", true },
        { "/phpBB/b.php/path/info", "203.0.113.71", true },
        { "/phpBB/b.php", "192.0.2.99", false },
        { "b.php", "", false },
        { "/other/b.php", "", false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        world_new();
        visitors(T0 - 600, T0 + 600, 10);
        event_add(T0, "203.0.113.66", "POST", "/phpBB/a.php");
        event_add(T0, "203.0.113.71", "POST", "/phpBB/b.php");
        arrival_add(T0 + 1);
        log_write("/var/log/access.log");
        site_set(1, (const char *const[]){ "/var/log/access.log" });
        struct requests_query q = query(DOCROOT "/phpBB");
        q.script = str_c(rows[i].script);
        q.client = str_c(rows[i].client);
        ask(&q);
        assert_true(found_count >= 2);
        if (!str_eq(found[0].path, STR("/phpBB/b.php")) || found[0].exact != rows[i].exact) {
            print_found();
            fail_msg("row %zu", i);
        }
        assert_false(found[1].exact);
    }
}

/* Which URLs lie in the directory of the cwd. */
static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *cwd, *prefix, *path;
        bool in_cwd;
    } rows[] = {
        { DOCROOT, "/", "/", true },
        { DOCROOT, "/", "/a.php", true },
        { DOCROOT "/", "/", "/a.php", true },
        { DOCROOT, "/", "//a.php", true },
        { DOCROOT, "/", "/x/a.php", false },
        { DOCROOT "/x", "/", "/x/a.php", true },
        { DOCROOT "/x", "/", "/x/", true },
        { DOCROOT "/x", "/", "/x//a.php", true },
        { DOCROOT "/x", "/", "/xa.php", false },
        { DOCROOT "/my shop 3 args: x", "/", "/my%20shop%203%20args%3A%20x/order.php", true },
        { DOCROOT "/x%zz", "/", "/x%zz/a.php", true },
        { DOCROOT "/x", "/", "/x/a.php/b/c", true },
        { DOCROOT, "/blog", "/blog/a.php", true },
        { DOCROOT "/x", "/blog", "/blog/x/a.php", true },
        { DOCROOT, "/blog", "/blogger/a.php", false },
        { DOCROOT, "/blog", "/a.php", false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        world_new();
        event_add(T0, "203.0.113.66", "POST", rows[i].path);
        arrival_add(T0 + 1);
        log_write("/var/log/access.log");
        site_set(1, (const char *const[]){ "/var/log/access.log" });
        site.prefix = str_c(rows[i].prefix);
        struct requests_query q = query(rows[i].cwd);
        ask(&q);
        assert_int_equal(found_count, 1);
        if (found[0].in_cwd != rows[i].in_cwd)
            fail_msg("row %zu: %s in %s", i, rows[i].path, rows[i].cwd);
    }
}

/* A docroot through a link: the cwd is the real one. */
static void test_real_docroot(void **state)
{
    (void)state;
    world_new();
    event_add(T0, "203.0.113.66", "POST", "/x/a.php");
    arrival_add(T0 + 1);
    log_write("/var/log/access.log");
    site_set(1, (const char *const[]){ "/var/log/access.log" });
    site.docroot = STR("/home/ClientX/www");
    struct requests_query q = query(DOCROOT "/x");
    ask(&q);
    assert_true(found[0].in_cwd);
}

/* One script under many URLs is one script. */
static void test_path_info(void **state)
{
    (void)state;
    world_new();
    visitors(T0 - 600, T0 + 1200, 3);
    for (int i = 0; i < 40; i++) {
        char path[64];
        snprintf(path, sizeof path, "/x.php/%d/token%d", i, i * 7919);
        event_add(T0 + i * 10, "203.0.113.66", "GET", path);
        arrival_add(T0 + i * 10 + 1);
    }
    ask_about(DOCROOT);
    check_best("GET", "/x.php", 40);
}

/* ---- logs ---- */

/* other_vhosts_access.log: the same path on two sites. */
static void test_shared_log(void **state)
{
    (void)state;
    static const struct str aliases[] = { STR_INIT("www.forum.example.com"),
                                          STR_INIT("*.forum.example") };
    world_new();
    for (int i = 0; i < 20; i++) {
        event_add(T0 + i * 10 + 2, "198.51.100.1", "POST", "/a.php")->vhost = "other.example.com";
        event_add(T0 + i * 10 + 5, "203.0.113.66", "POST", "/a.php")->vhost =
            i % 3 == 0 ? "forum.example.com" : i % 3 == 1 ? "WWW.forum.example.com"
                                                           : "x.forum.example";
        arrival_add(T0 + i * 10 + 6);
    }
    log_write("/var/log/other_vhosts_access.log");
    site_set(1, (const char *const[]){ "/var/log/other_vhosts_access.log" });
    site.shared_log = true;
    site.aliases = aliases;
    site.alias_count = ROWS(aliases);
    struct site other = site;
    other.name = STR("other.example.com");
    other.alias_count = 0;
    other.docroot = other.real = STR("/home/other");
    const struct site *both[] = { &other, &site };
    struct requests_query q = query(DOCROOT);
    q.sites = both;
    q.site_count = 2;
    ask(&q);
    assert_int_equal(found_count, 2);
    assert_str(found[0].site, "forum.example.com");
    assert_str(found[0].client_ip, "203.0.113.66");
    assert_int_equal(found[0].messages, 20);
    q.sites = both + 1;
    q.site_count = 1;
    ask(&q);
    assert_int_equal(found_count, 1);
}

/* The run lies across a rotation; one half is packed, by each packer. */
static void test_rotated(void **state)
{
    (void)state;
    static const char *const packers[] = { "gzip", "bzip2", "xz", "zstd" };
    for (size_t i = 0; i < ROWS(packers); i++) {
        struct buf text, packed;
        run_of_91();
        log_text(&text);
        struct str whole = buf_str(&text), half = str_head(whole, whole.n / 100 * 55);
        half.n = str_rfind_c(half, '\n') + 1;
        buf_init(&packed, LOGMAKE_MAX);
        if (i == 0)
            logmake_gzip(&packed, half);
        else
            logmake_pack(&packed, packers[i], half);
        tree_bytes("/var/log/access.log.1.gz", buf_str(&packed));
        tree_bytes("/var/log/access.log", str_skip(whole, half.n));
        site_set(2, (const char *const[]){ "/var/log/access.log", "/var/log/access.log.1.gz" });
        struct requests_query q = query(DOCROOT "/phpBB");
        q.message = arrivals[3];
        ask(&q);
        check_best("POST", "/phpBB/profile.php", 87);
        assert_string_equal(found[0].file, log_paths[1]);
        assert_string_equal(warnings, "");
        uint64_t lines = 1;
        const char *line = memmem(text.p, text.n, found[0].text.p, found[0].text.n);
        for (const char *p = text.p; p < line; p++)
            lines += *p == '\n';
        assert_int_equal(found[0].line, lines);
        buf_fini(&text);
        buf_fini(&packed);
    }
}

/* A proxy in front logs what the server behind it logs again, with its own address. */
static void test_proxy(void **state)
{
    (void)state;
    world_new();
    for (int i = 0; i < 40; i++) {
        event_add(T0 + i * 10, i % 4 == 0 ? "203.0.113.70" : "203.0.113.66", "POST", "/a.php");
        arrival_add(T0 + i * 10 + 1);
    }
    log_write("/var/log/nginx.log");
    for (size_t i = 0; i < event_count; i++)
        events[i].client = "127.0.0.1";
    log_write("/var/log/apache.log");
    site_set(2, (const char *const[]){ "/var/log/apache.log", "/var/log/nginx.log" });
    struct requests_query q = query(DOCROOT);
    ask(&q);
    check_best("POST", "/a.php", 40);
    assert_str(found[0].client_ip, "203.0.113.66");
    assert_int_equal(found[0].clients, 2);
    assert_int_equal(found[0].requests, 80);
}

/* Packed files that are older than the run are not inflated: this one would give a warning. */
static void test_too_old(void **state)
{
    (void)state;
    run_of_91();
    log_write("/var/log/access.log");
    tree_bytes("/var/log/access.log.2.gz", STR("\x1f\x8b\x08\0broken"));
    tree_time("/var/log/access.log.2.gz", T0 - 86400);
    site_set(2, (const char *const[]){ "/var/log/access.log", "/var/log/access.log.2.gz" });
    struct requests_query q = query(DOCROOT "/phpBB");
    ask(&q);
    check_best("POST", "/phpBB/profile.php", 87);
    assert_string_equal(warnings, "");
    tree_time("/var/log/access.log.2.gz", T0 + 86400);
    ask(&q);
    check_best("POST", "/phpBB/profile.php", 87);
    assert_non_null(strstr(warnings, "access.log.2.gz"));
}

/* Each log that cannot be used is said, once, and the others are used. */
static void test_bad_logs(void **state)
{
    (void)state;
    run_of_91();
    log_write("/var/log/access.log");
    tree_file("/var/log/json.log", "{\"time\":\"now\"}\n{\"time\":\"then\"}\n");
    tree_fifo("/var/log/fifo.log");
    site_set(4, (const char *const[]){ "/var/log/missing.log", "/var/log/json.log",
                                       "/var/log/fifo.log", "/var/log/access.log" });
    struct requests_query q = query(DOCROOT "/phpBB");
    ask(&q);
    check_best("POST", "/phpBB/profile.php", 87);
    assert_non_null(strstr(warnings, "missing.log"));
    assert_non_null(strstr(warnings, "json.log: no line in the common or combined log format"));
    assert_non_null(strstr(warnings, "fifo.log"));
    q.warn = NULL;
    ask(&q);
    check_best("POST", "/phpBB/profile.php", 87);
    tree_file("/var/log/empty.log", "");
    site_set(1, (const char *const[]){ "/var/log/empty.log" });
    warnings[0] = '\0';
    q = query(DOCROOT);
    ask(&q);
    assert_int_equal(found_count, 0);
    assert_string_equal(warnings, "");
}

/* A stretch of zero bytes, a line of a megabyte, a line from the future, and one from the
 * past, in the middle of it all. */
static void test_dirty_log(void **state)
{
    (void)state;
    struct buf text, dirty;
    run_of_91();
    log_text(&text);
    buf_init(&dirty, LOGMAKE_MAX);
    size_t middle = text.n / 2;
    middle = str_rfind_c(str_head(buf_str(&text), middle), '\n') + 1;
    buf_add(&dirty, str_head(buf_str(&text), middle));
    for (int i = 0; i < 400000; i++)
        buf_add_c(&dirty, '\0');
    buf_add_c(&dirty, '\n');
    for (int i = 0; i < 1000000; i++)
        buf_add_c(&dirty, '[');
    buf_add(&dirty, STR("\n192.0.2.1 - - [01/Jan/2099:00:00:00 +0000] \"POST /f.php HTTP/1.1\" 200 1\n"
                        "192.0.2.1 - - [01/Jan/1999:00:00:00 +0000] \"POST /p.php HTTP/1.1\" 200 1\n"));
    buf_add(&dirty, str_skip(buf_str(&text), middle));
    tree_bytes("/var/log/access.log", buf_str(&dirty));
    site_set(1, (const char *const[]){ "/var/log/access.log" });
    struct requests_query q = query(DOCROOT "/phpBB");
    ask(&q);
    check_best("POST", "/phpBB/profile.php", 87);
    buf_fini(&text);
    buf_fini(&dirty);
}

/* ---- hostile ---- */

static double seconds_used(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

/* A scanner floods the window with 200,000 paths and as many addresses, half of them
 * answered with 200, to push the truth out of the table. */
static void test_flood(void **state)
{
    (void)state;
    static char clients[65536][16];
    run_of_91();
    for (size_t i = 0; i < ROWS(clients); i++)
        snprintf(clients[i], sizeof clients[i], "10.%zu.%zu.%zu", i >> 16, (i >> 8) & 255, i & 255);
    for (int i = 0; i < 200000; i++) {
        char path[96];
        snprintf(path, sizeof path, "/%d/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", i);
        event_add(T0 - 590 + i / 200, clients[i % ROWS(clients)], "GET", path)->status =
            i % 2 == 0 ? 200 : 404;
    }
    double before = seconds_used();
    uint64_t left_out = 0;
    log_write("/var/log/access.log");
    site_set(1, (const char *const[]){ "/var/log/access.log" });
    struct requests_query q = query(DOCROOT "/phpBB");
    q.left_out = &left_out;
    ask(&q);
    assert_true(seconds_used() - before < 5.0);
    check_best("POST", "/phpBB/profile.php", 87);
    assert_true(left_out > 10000);
    assert_string_equal(warnings, "");
}

/* The flood is over before the mailer begins, and goes on while it sends: all the
 * mailer's requests are new to a table that was full long ago. */
static void test_flood_first(void **state)
{
    (void)state;
    world_new();
    for (int i = 0; i < 300000; i++) {
        char path[96];
        snprintf(path, sizeof path, "/product/%d", i);
        event_add(T0 + i / 100, "198.51.100.9", "GET", path);
    }
    for (int i = 0; i < 600; i++) {
        arrival_add(T0 + i * 5);
        if (i >= 200)
            event_add(T0 + i * 5, "203.0.113.66", "GET", "/images/x.php");
    }
    ask_about(DOCROOT "/images");
    check_best("GET", "/images/x.php", 400);
}

/* 100,000 messages and as many requests in a quarter of an hour. */
static void test_many_messages(void **state)
{
    (void)state;
    world_new();
    for (int i = 0; i < 100000; i++) {
        event_add(T0 + i / 110, "203.0.113.66", "POST", "/m.php");
        arrival_add(T0 + i / 110);
    }
    event_add(T0, "203.0.113.70", "POST", "/long.php")->end = T0 + 700;
    double before = seconds_used();
    ask_about(DOCROOT);
    assert_true(seconds_used() - before < 5.0);
    assert_str(found[0].path, "/m.php");
    assert_int_equal(found[0].messages, 100000);
    assert_str(found[1].path, "/long.php");
    assert_int_equal(found[1].messages, 601 * 110);
}

static void test_limits(void **state)
{
    (void)state;
    run_of_91();
    ask_about(DOCROOT "/phpBB");
    struct requests_query q = query(DOCROOT "/phpBB");
    assert_int_equal(requests_find(&q, arena, found, 0), 0);
    assert_int_equal(requests_find(&q, arena, found, 1), 1);
    assert_str(found[0].path, "/phpBB/profile.php");
    q.arrival_count = 0;
    assert_int_equal(requests_find(&q, arena, found, MAX), 0);
    q = query("");
    q.site_count = 0;
    assert_int_equal(requests_find(&q, arena, found, MAX), 0);
}

static int teardown(void **state)
{
    free(events);
    arena_free(&arena);
    return logmake_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_line_number),
        cmocka_unit_test(test_run_without_cwd),
        cmocka_unit_test(test_logged_late),
        cmocka_unit_test(test_logged_late_quiet),
        cmocka_unit_test(test_long_before),
        cmocka_unit_test(test_no_match),
        cmocka_unit_test(test_two_scripts),
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_real_docroot),
        cmocka_unit_test(test_path_info),
        cmocka_unit_test(test_shared_log),
        cmocka_unit_test(test_rotated),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_too_old),
        cmocka_unit_test(test_bad_logs),
        cmocka_unit_test(test_dirty_log),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_flood_first),
        cmocka_unit_test(test_many_messages),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, logmake_setup, teardown);
}
