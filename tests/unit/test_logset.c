/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logset - which files make a log, in which order, and which of them can hold a time
 *
 * Each test builds a server of its own below a folder and looks at it as
 * `--root` would, or names its files.
 */
#define _GNU_SOURCE
#include "logs/logset.h"

#include <errno.h>
#include <sys/resource.h>

#include "logmake.h"
#include "logs/logset_internal.h"

static char root[128];

/* A new, empty server. */
static void server_new(void)
{
    static unsigned n;
    snprintf(root, sizeof root, "%s/server%u", logmake_dir, n++);
    assert_int_equal(mkdir(root, 0700), 0);
}

/* Path in the server; its folders are made. */
static const char *at(const char *path)
{
    static char full[16][512];
    static unsigned next;
    char *p = full[next++ % 16];
    snprintf(p, sizeof full[0], "%s%s", root, path);
    for (char *slash = p + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        assert_true(mkdir(p, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    return p;
}

static void put(const char *path, struct str bytes)
{
    const char *full = at(path);
    logmake_file(full + strlen(logmake_dir) + 1, bytes);
}

/* A log whose lines go from day `day` (relative) to the next, packed if the name says so. */
static void put_log(const char *path, int day)
{
    struct buf text, packed;
    buf_init(&text, LOGMAKE_MAX);
    buf_init(&packed, LOGMAKE_MAX);
    for (int64_t t = NOVEMBER + day * DAY; t < NOVEMBER + (day + 1) * DAY; t += 900)
        logmake_arrival(&text, t, 3600, 1);
    if (str_ends(str_c(path), STR(".gz")))
        logmake_gzip(&packed, buf_str(&text));
    else if (str_ends(str_c(path), STR(".bz2")))
        logmake_pack(&packed, "bzip2", buf_str(&text));
    else
        buf_add(&packed, buf_str(&text));
    put(path, buf_str(&packed));
    buf_fini(&text);
    buf_fini(&packed);
}

/* The names in the set (without the root), separated by spaces. */
static const char *names(const struct logset *set)
{
    static char text[4096];
    text[0] = '\0';
    for (size_t i = 0; i < logset_count(set); i++) {
        const char *path = logset_file(set, i)->path;
        if (str_starts(str_c(path), str_c(root)))
            path += strlen(root);
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%s", i == 0 ? "" : " ", path);
    }
    return text;
}

static struct logset *open_set(const struct logset_options *o)
{
    struct logset *set;
    struct err err;
    if (logset_open(o, &set, &err) != 0)
        fail_msg("%s", err.text);
    return set;
}

static struct logset *open_paths(const char *a, const char *b, const char *c)
{
    const char *paths[] = { a, b, c };
    return open_set(&(struct logset_options){
        .paths = paths, .count = b == NULL ? 1u : c == NULL ? 2u : 3u });
}

static struct logset *open_root(void)
{
    return open_set(&(struct logset_options){ .root = root });
}

/* `text` is one of the problems. */
static void assert_problem(const struct logset *set, const char *text)
{
    for (size_t i = 0; i < logset_problems(set); i++) {
        if (strstr(logset_problem(set, i), text) != NULL)
            return;
    }
    for (size_t i = 0; i < logset_problems(set); i++)
        print_error("problem: %s\n", logset_problem(set, i));
    fail_msg("no problem says \"%s\"", text);
}

/* The order is that of the lines, whatever the names. */
static void test_order(void **state)
{
    (void)state;
    server_new();
    put_log("/logs/mainlog", 0);
    put_log("/logs/mainlog.1", -2);
    put_log("/logs/mainlog.2.gz", -1);
    put_log("/logs/zzz", -4);
    put_log("/logs/aaa.bz2", -3);
    put_log("/logs/rejectlog", 0);
    put_log("/logs/paniclog.1", 0);
    put_log("/logs/.hidden", 0);
    put_log("/logs/folder/mainlog", 3);
    put("/logs/empty", STR(""));
    put("/logs/notes.txt", STR("nothing of interest\n"));
    struct logset *set = open_paths(at("/logs"), NULL, NULL);
    assert_string_equal(names(set), "/logs/zzz /logs/aaa.bz2 /logs/mainlog.1 /logs/mainlog.2.gz "
                                    "/logs/mainlog");
    assert_int_equal(logset_first(set), NOVEMBER - 4 * DAY);
    assert_int_equal(logset_last(set), INT64_MAX); /* aaa.bz2 has no successor of its name */
    assert_int_equal(logset_problems(set), 0);
    assert_false(logset_incomplete(set));
    logset_close(&set);
    assert_null(set);
    logset_close(&set);
}

/* A span takes the files that can hold it and no others. */
static void test_span(void **state)
{
    (void)state;
    server_new();
    put_log("/l/mainlog", 0);
    put_log("/l/mainlog.1", -1);
    put_log("/l/mainlog.2.gz", -2);
    put_log("/l/mainlog.3.gz", -3);
    struct logset *set = open_paths(at("/l"), NULL, NULL);
    static const struct { int64_t begin, end; size_t from, to; } table[] = {
        { INT64_MIN, INT64_MAX, 0, 4 },
        { -10 * DAY, -5 * DAY, 0, 0 },
        { 5 * DAY, 6 * DAY, 4, 4 },
        { -2 * DAY - 43200, -2 * DAY - 43200, 0, 1 },
        { -DAY - 43200, -DAY - 43200, 1, 2 },
        { -43200, -43200, 2, 3 },
        { 43200, 43200, 3, 4 },
        { -DAY - 43200, 43200, 1, 4 },
        { -10 * DAY, -DAY - 43200, 0, 2 },
        { -1800, -1800, 2, 4 }, /* near a border: both */
        { -DAY + 1800, -DAY + 1800, 1, 3 },
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        size_t from, to;
        int64_t begin = i == 0 ? table[i].begin : NOVEMBER + table[i].begin;
        int64_t end = i == 0 ? table[i].end : NOVEMBER + table[i].end;
        logset_span(set, begin, end, &from, &to);
        bool none = table[i].from == table[i].to;
        if (to - from != table[i].to - table[i].from || (!none && from != table[i].from))
            fail_msg("row %zu: [%zu,%zu)", i, from, to);
        for (size_t k = 0; k < logset_count(set); k++)
            assert_int_equal(logset_can_hold(set, k, begin, end),
                             k >= table[i].from && k < table[i].to);
    }
    assert_int_equal(logset_last(set), NOVEMBER + DAY - 900);
    logset_close(&set);
}

/* Two servers' logs in one set: a packed file ends where its own successor begins, not
 * another's. */
static void test_two_servers(void **state)
{
    (void)state;
    server_new();
    put_log("/a/mainlog.2.gz", -5);
    put_log("/a/mainlog.1", -1);
    put_log("/b/mainlog.2.gz", -4);
    put_log("/b/mainlog.1", -3);
    struct logset *set = open_paths(at("/a"), at("/b"), NULL);
    assert_string_equal(names(set), "/a/mainlog.2.gz /b/mainlog.2.gz /b/mainlog.1 /a/mainlog.1");
    int64_t when = NOVEMBER - 2 * DAY + 43200; /* in the gap of a, which might reach so far */
    assert_true(logset_can_hold(set, 0, when, when));
    assert_false(logset_can_hold(set, 1, when, when));
    assert_false(logset_can_hold(set, 2, when, when));
    assert_false(logset_can_hold(set, 3, when, when));
    logset_close(&set);
}

/* A file whose clock ran backwards may hold any time, and is no bound for others. */
static void test_unordered(void **state)
{
    (void)state;
    server_new();
    put_log("/l/mainlog.2.gz", -3);
    put_log("/l/mainlog", 0);
    struct buf text;
    buf_init(&text, LOGMAKE_MAX);
    for (int64_t t = NOVEMBER; t > NOVEMBER - 2 * DAY; t -= 900)
        logmake_arrival(&text, t, 3600, 1);
    put("/l/mainlog.1", buf_str(&text));
    struct logset *set = open_paths(at("/l"), NULL, NULL);
    assert_string_equal(names(set), "/l/mainlog.2.gz /l/mainlog.1 /l/mainlog");
    assert_problem(set, "mainlog.1: its last line is 47:45:00 older than one before");
    assert_false(logset_incomplete(set));
    assert_true(logset_can_hold(set, 1, NOVEMBER + 30 * DAY, NOVEMBER + 31 * DAY));
    assert_true(logset_can_hold(set, 0, NOVEMBER - DAY, NOVEMBER - DAY));
    assert_false(logset_can_hold(set, 2, NOVEMBER - DAY, NOVEMBER - DAY));
    logset_close(&set);
    buf_fini(&text);
}

/* What is wrong with the files that were named is said once each, and the rest is used. */
static void test_problems(void **state)
{
    (void)state;
    server_new();
    put_log("/good", 0);
    put_log("/bad.gz", 1);
    assert_int_equal(truncate(at("/bad.gz"), 12), 0);
    put("/empty", STR(""));
    put("/prose", STR("no log\n"));
    const char *paths[] = { at("/good"), at("/missing"), at("/bad.gz"), at("/empty") };
    struct logset *set = open_set(&(struct logset_options){ .paths = paths, .count = 4 });
    assert_string_equal(names(set), "/good");
    assert_int_equal(logset_problems(set), 3);
    assert_problem(set, "/missing: No such file");
    assert_problem(set, "/bad.gz: compressed data ends early after 0 bytes");
    assert_problem(set, "/empty: is empty");
    assert_true(logset_incomplete(set));
    logset_close(&set);

    const char *two[] = { at("/good"), at("/empty") };
    set = open_set(&(struct logset_options){ .paths = two, .count = 2 });
    assert_int_equal(logset_problems(set), 1);
    assert_false(logset_incomplete(set));
    logset_close(&set);
}

/* Nothing at all: one line, of the right kind. */
static void test_nothing(void **state)
{
    (void)state;
    server_new();
    put("/empty", STR(""));
    put("/prose", STR("no log\n"));
    put("/folder/prose", STR("no log\n"));
    const struct { const char *path; enum err_kind kind; const char *says; } table[] = {
        { at("/missing"), ERR_MISSING, "/missing: No such file or directory" },
        { "/dev/null", ERR_USAGE, "/dev/null: is a device" },
        { at("/empty"), ERR_MISSING, "/empty: is empty" },
        { at("/prose"), ERR_FORMAT, "/prose: is no Exim main log" },
    };
    const struct { const char *path; enum err_kind kind; const char *says; } more[] = {
        { at("/folder"), ERR_MISSING, "/folder: no Exim main log in this folder" },
        { at("/fol*/x*"), ERR_MISSING, "/fol*/x*: no file matches" },
        { at("/*prose"), ERR_FORMAT, "/prose: is no Exim main log" },
    };
    for (size_t i = 0; i < ROWS(table) + ROWS(more); i++) {
        bool first = i < ROWS(table);
        size_t k = first ? i : i - ROWS(table);
        const char *path = first ? table[k].path : more[k].path;
        const char *says = first ? table[k].says : more[k].says;
        struct logset *set;
        struct err err;
        assert_int_equal(
            logset_open(&(struct logset_options){ .paths = &path, .count = 1 }, &set, &err), -1);
        assert_null(set);
        if (strstr(err.text, says) == NULL || err.kind != (first ? table[k].kind : more[k].kind))
            fail_msg("%s: kind %d, %s", path, err.kind, err.text);
        assert_null(strchr(err.text, '\n'));
    }
    const char *both[] = { at("/missing"), at("/prose") };
    struct logset *set;
    struct err err;
    assert_int_equal(logset_open(&(struct logset_options){ .paths = both, .count = 2 }, &set, &err),
                     -1);
    assert_non_null(strstr(err.text, "/missing: No such file or directory (and 1 more"));
}

/* The same file by several names counts once. */
static void test_same_file(void **state)
{
    (void)state;
    server_new();
    put_log("/l/mainlog", 0);
    assert_int_equal(symlink("mainlog", at("/l/current")), 0);
    assert_int_equal(link(at("/l/mainlog"), at("/l/hard")), 0);
    struct logset *set = open_paths(at("/l/mainlog"), at("/l"), at("/l/m*"));
    assert_string_equal(names(set), "/l/mainlog");
    assert_int_equal(logset_problems(set), 0);
    logset_close(&set);
}

/* logrotate was interrupted while it packed: both are there, the packed one cut. */
static void test_copies(void **state)
{
    (void)state;
    server_new();
    put_log("/l/mainlog.1", -1);
    put_log("/l/mainlog.1.gz", -1);
    put_log("/l/mainlog", 0);
    struct logset *set = open_paths(at("/l"), NULL, NULL);
    assert_string_equal(names(set), "/l/mainlog.1 /l/mainlog");
    assert_problem(set, "/l/mainlog.1.gz: begins as ");
    assert_false(logset_incomplete(set));
    logset_close(&set);
    /* the packed one is whole and the plain one a stump */
    assert_int_equal(truncate(at("/l/mainlog.1"), 1024), 0);
    set = open_paths(at("/l"), NULL, NULL);
    assert_string_equal(names(set), "/l/mainlog.1.gz /l/mainlog");
    logset_close(&set);
}

static void test_stdin(void **state)
{
    (void)state;
    server_new();
    put_log("/log.gz", 0);
    int saved = dup(STDIN_FILENO);
    int fd = open(at("/log.gz"), O_RDONLY);
    assert_true(saved >= 0 && fd >= 0);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
    struct logset *set = open_paths("-", NULL, NULL);
    assert_string_equal(names(set), "standard input");
    assert_int_equal(logset_file(set, 0)->packing, LOG_GZIP);
    logset_close(&set);
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
}

/* More rotated files than the soft limit of descriptors lets us have. */
static void test_many(void **state)
{
    (void)state;
    struct rlimit limit;
    server_new();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t soft = limit.rlim_cur;
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, "/l/mainlog.%d", i);
        put_log(name, -i);
    }
    limit.rlim_cur = 128;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    struct logset *set = open_paths(at("/l"), NULL, NULL);
    assert_int_equal(logset_count(set), 300);
    assert_int_equal(logset_problems(set), 0);
    logset_close(&set);
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* The places of the panels, each with what rotates beside it. */
static void test_known_places(void **state)
{
    (void)state;
    static const struct { const char *live, *old, *older;
    } table[] = {
        { "/var/log/exim_mainlog", "/var/log/exim_mainlog-20261122",
          "/var/log/exim_mainlog-20261121.gz" },
        { "/var/log/exim4/mainlog", "/var/log/exim4/mainlog.1", "/var/log/exim4/mainlog.2.gz" },
        { "/var/log/exim/mainlog", "/var/log/exim/mainlog.01", "/var/log/exim/mainlog.02.bz2" },
        { "/var/log/exim/main.log", "/var/log/exim/main.log-20261122",
          "/var/log/exim/main.log-20261121.gz" },
        { "/var/spool/exim/log/mainlog", "/var/spool/exim/log/mainlog.0",
          "/var/spool/exim/log/mainlog.1.bz2" },
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        server_new();
        put_log(table[i].live, 0);
        put_log(table[i].old, -1);
        put_log(table[i].older, -2);
        put("/var/log/exim4/mainlog.conf~", STR("some notes\n"));
        put_log("/var/log/exim4/mainlogger", -3);
        put("/var/log/exim/mainlog.9", STR(""));
        put("/var/log/exim4/rejectlog",
            STR("2026-11-23 10:00:00 H=[192.0.2.1] rejected RCPT <a@b>: no\n"));
        char want[512];
        snprintf(want, sizeof want, "%s %s %s", table[i].older, table[i].old, table[i].live);
        struct logset *set = open_root();
        assert_string_equal(names(set), want);
        assert_int_equal(logset_problems(set), 0);
        logset_close(&set);
    }
}

/* An absolute link in a copied server means a place of the copy; one that leads to what only this
 * machine has leads nowhere. */
static void test_links_in_root(void **state)
{
    (void)state;
    server_new();
    put_log("/data/exim/mainlog", 0);
    put_log("/data/exim/mainlog.1", -1);
    put_log("/outside/mainlog", 0);
    at("/var/log/");
    assert_int_equal(symlink("/data/exim", at("/var/log/exim4")), 0);
    assert_int_equal(symlink("/data/exim/mainlog", at("/var/log/exim_mainlog")), 0);
    assert_int_equal(symlink(at("/outside/mainlog"), at("/var/log/exim_mainlog-20261101")), 0);
    struct logset *set = open_root();
    assert_string_equal(names(set), "/data/exim/mainlog.1 /data/exim/mainlog");
    assert_int_equal(logset_problems(set), 0);
    logset_close(&set);
}

/* A rotated log that cannot be read is said; a broken thing beside it is not. */
static void test_rotated_broken(void **state)
{
    (void)state;
    server_new();
    put_log("/var/log/exim4/mainlog", 0);
    put_log("/var/log/exim4/mainlog.2.gz", -1);
    assert_int_equal(truncate(at("/var/log/exim4/mainlog.2.gz"), 15), 0);
    put("/var/log/exim4/mainlog.offset", STR("12345\n"));
    struct logset *set = open_root();
    assert_int_equal(logset_count(set), 1);
    assert_int_equal(logset_problems(set), 1);
    assert_problem(set, "mainlog.2.gz: compressed data ends early");
    assert_true(logset_incomplete(set));
    logset_close(&set);
}

/* A syslog file of 23 November 2026, mostly of another program's. */
static void put_syslog(const char *path)
{
    struct buf text;
    char id[17];
    buf_init(&text, LOGMAKE_MAX);
    logmake_id(NOVEMBER, 46483, id);
    buf_addf(&text, "Nov 23 09:59:59 host postfix/smtpd[9]: connect from unknown[192.0.2.1]\n"
             "Nov 23 10:00:00 host exim[46483]: %s <= a@example.com U=a P=local S=400\n"
             "Nov 23 10:00:01 host exim[46483]: %s Completed\n", id, id);
    put(path, buf_str(&text));
    buf_fini(&text);
}

struct told_case {
    const char *log_file_path, *spool;
    const char *want;
};

/* What Exim says of log_file_path. */
static void test_told(void **state)
{
    (void)state;
    static const struct told_case table[] = {
        { "/logs/%slog", NULL, "/logs/mainlog.1 /logs/mainlog" },
        { " /logs/%slog ", NULL, "/logs/mainlog.1 /logs/mainlog" },
        { "/logs/fixed", NULL, "/logs/fixed" },
        { "", "/spool", "/spool/log/mainlog" },
        { ":/logs/%slog", "/spool", "/spool/log/mainlog /logs/mainlog.1 /logs/mainlog" },
        { "syslog : /logs/%slog", NULL, "/logs/mainlog.1 /logs/mainlog" },
        { "<; syslog ; /logs/%slog", NULL, "/logs/mainlog.1 /logs/mainlog" },
        { "syslog", NULL, "/var/log/maillog-20261101.gz /var/log/maillog" },
        { "/days/%slog-%D", NULL, "/days/mainlog-20261121.gz /days/mainlog-20261122" },
        { "/months/%s%M", NULL, "/months/main202610.gz /months/main202611" },
        { "/o[d]d*/%slog", NULL, "/o[d]d*/mainlog" },
        { "/nowhere/%slog", NULL,
          "/var/log/exim4/mainlog" }, /* Exim was configured, but never wrote there */
    };
    server_new();
    put_log("/logs/mainlog", 0);
    put_log("/logs/mainlog.1", -1);
    put_log("/logs/fixed", -9);
    put_log("/spool/log/mainlog", -20);
    put_log("/days/mainlog-20261121.gz", -2);
    put_log("/days/mainlog-20261122", -1);
    put_log("/days/mainlog-2026112", -3);
    put_log("/days/rejectlog-20261122", -1);
    put_log("/months/main202610.gz", -30);
    put_log("/months/main202611", 0);
    put_log("/o[d]d*/mainlog", 0);
    put_log("/odd/mainlog", 0);
    put_log("/var/log/exim4/mainlog", 0);
    put_syslog("/var/log/maillog");
    put_log("/var/log/maillog-20261101.gz", -22);
    put_syslog("/var/log/syslog");
    put("/var/log/mail.log",
        STR("Nov 23 10:00:00 host postfix/smtpd[9]: connect from x[192.0.2.1]\n"));
    for (size_t i = 0; i < ROWS(table); i++) {
        struct logset *set =
            open_set(&(struct logset_options){ .root = root,
                                               .log_file_path = table[i].log_file_path,
                                               .spool_directory = table[i].spool });
        if (strcmp(names(set), table[i].want) != 0)
            fail_msg("%s: %s", table[i].log_file_path, names(set));
        assert_int_equal(logset_problems(set), 0);
        logset_close(&set);
    }
}

static void test_not_found(void **state)
{
    (void)state;
    struct logset *set;
    struct err err;
    server_new();
    struct logset_options o = { .root = root, .log_file_path = "/x/%slog" };
    assert_int_equal(logset_open(&o, &set, &err), -1);
    assert_int_equal(err.kind, ERR_MISSING);
    assert_non_null(strstr(err.text, "no Exim log found, name it with --log; looked below "));
    assert_non_null(strstr(err.text, " at /x/mainlog, /var/log/exim_mainlog, "));
    assert_true(
        str_ends(str_c(err.text), STR("/var/log/mail, /var/log/syslog, /var/log/messages")));
}

static void test_names(void **state)
{
    (void)state;
    static const struct { const char *name, *stem; } stems[] = {
        { "mainlog", "mainlog" },           { "mainlog.1", "mainlog" },
        { "mainlog.12.gz", "mainlog" },     { "exim_mainlog-20190616.gz", "exim_mainlog" },
        { "mainlog.01", "mainlog" },        { "main.log-20260101-1698.xz", "main.log" },
        { "main20261101", "main" },         { "log1", "log1" },
        { "log2.gz", "log2" },              { "mainlog-2026-11-23.zst", "mainlog" },
        { "", "" },                         { "12345678", "" },
        { ".1", ".1" },                     { "a.1", "a" },
    };
    static const struct { const char *rest; bool rotation;
    } rests[] = {
        { ".1", true },           { ".2.gz", true },       { "-20261123", true },
        { "-20261123.gz", true }, { ".gz", true },         { ".01", true },
        { ".conf~", false },      { "", false },           { ".", false },
        { ".1.bak", false },      { "-2026-11-23", true }, { ".offset", false },
        { "20261123", true },     { "_1.bz2", true },
    };
    for (size_t i = 0; i < ROWS(stems); i++) {
        size_t n = logset_stem(str_c(stems[i].name));
        if (n != strlen(stems[i].stem))
            fail_msg("%s: %zu", stems[i].name, n);
    }
    for (size_t i = 0; i < ROWS(rests); i++) {
        if (logset_rotation_suffix(str_c(rests[i].rest)) != rests[i].rotation)
            fail_msg("%s", rests[i].rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_span),
        cmocka_unit_test(test_two_servers),
        cmocka_unit_test(test_unordered),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_same_file),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_stdin),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_known_places),
        cmocka_unit_test(test_rotated_broken),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_links_in_root),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_names),
    };
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
