/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_log - what a log line may hold, and where it goes
 *
 * A sender chooses most values. So the table has what would forge a pair, a line
 * or an escape sequence; and a reader that never reads must not stop the writer.
 */
#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log_syslog.h"
#include "unit.h"

static char folder[64], path[96], moved[96];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_log.XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/log", folder);
    snprintf(moved, sizeof moved, "%s/log.1", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_close();
    unlink(path);
    unlink(moved);
    return rmdir(folder);
}

static struct str file_read(const char *name, char *bytes, size_t size)
{
    FILE *f = fopen(name, "rb");
    size_t n = f == NULL ? 0 : fread(bytes, 1, size, f);
    if (f != NULL)
        fclose(f);
    return str_make(bytes, n);
}

static struct str pair_of(struct log_line *l, struct str value)
{
    log_begin(l, LOG_LEVEL_ERROR, "e");
    l->n = 0;
    log_str(l, "k", value);
    return str_make(l->text, l->n);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        struct str in, out;
    } rows[] = {
        { STR_INIT("plain"), STR_INIT(" k=plain") },
        { STR_INIT(""), STR_INIT(" k=\"\"") },
        { STR_INIT("a@b.example,/~;:{}<>"), STR_INIT(" k=a@b.example,/~;:{}<>") },
        { STR_INIT("two words"), STR_INIT(" k=\"two words\"") },
        { STR_INIT("a=b"), STR_INIT(" k=\"a=b\"") },
        { STR_INIT("say \"x\""), STR_INIT(" k=\"say \\\"x\\\"\"") },
        { STR_INIT("\\"), STR_INIT(" k=\"\\\\\"") },
        { STR_INIT("\\x0a"), STR_INIT(" k=\"\\\\x0a\"") },          /* not to be taken for an escape */
        { STR_INIT("a\nforged k=v"), STR_INIT(" k=\"a\\x0aforged k=v\"") },
        { STR_INIT("\n"), STR_INIT(" k=\"\\x0a\"") },
        { STR_INIT("nul\0x"), STR_INIT(" k=\"nul\\x00x\"") },
        { STR_INIT("\x1b[2J"), STR_INIT(" k=\"\\x1b[2J\"") },
        { STR_INIT("gr\xc3\xbc\xc3\x9f"), STR_INIT(" k=gr\xc3\xbc\xc3\x9f") },
        { STR_INIT("\xff\xfe"), STR_INIT(" k=\"\\xff\\xfe\"") },
        { STR_INIT("\xe2\x80\xae" "x"), STR_INIT(" k=\"\\xe2\\x80\\xaex\"") },
    };
    struct log_line l;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str got = pair_of(&l, rows[i].in);
        if (!str_eq(got, rows[i].out))
            fail_msg("row %zu: got \"%.*s\"", i, STR_ARG(got));
    }
}

/* A long value is cut between two characters, keeps its quotes, and leaves room for the next pair. */
static void test_value_cut(void **state)
{
    (void)state;
    struct log_line l;
    static char big[20000];
    for (int fill = 0; fill < 3; fill++) {
        memset(big, fill == 0 ? 'x' : fill == 1 ? '\n' : ' ', sizeof big);
        struct str got = pair_of(&l, str_make(big, sizeof big));
        assert_true(got.n <= 3 + LOG_VALUE_MAX + 1);
        assert_true(got.n >= LOG_VALUE_MAX - 16);
        if (fill > 0)
            assert_int_equal(got.p[got.n - 1], '"');
        if (fill == 1)
            assert_int_equal((got.n - 3 - 2) % 4, 0);
    }
    log_c(&l, "after", "seen");
    assert_true(str_ends(str_make(l.text, l.n), STR(" after=seen")));
}

static void test_line_cut(void **state)
{
    (void)state;
    struct log_line l;
    static char big[2000];
    memset(big, '"', sizeof big);
    log_begin(&l, LOG_LEVEL_ERROR, "e");
    for (int i = 0; i < 50; i++) {
        log_str(&l, "key", str_make(big, sizeof big));
        log_i64(&l, "n", -i);
        assert_true(l.n < LOG_EVENT_MAX);
    }
    assert_true(l.n > LOG_EVENT_MAX - 50);
}

static void test_file(void **state)
{
    (void)state;
    char bytes[4096];
    struct err err;
    struct log_line l;
    assert_int_equal(log_open(path, LOG_LEVEL_INFO, &err), 0);
    log_begin(&l, LOG_LEVEL_INFO, "decision");
    log_u64(&l, "n", 18446744073709551615u);
    log_u64(&l, "zero", 0);
    log_i64(&l, "m", -5);
    log_c(&l, "words", "a b");
    log_c_u64(&l, "check", "pass", 1234567890123);
    log_end(&l);
    log_text(LOG_LEVEL_WARNING, "rest", "%d of %s", 3, "x\n");
    log_text(LOG_LEVEL_DEBUG, "left-out", "x");
    struct str all = file_read(path, bytes, sizeof bytes), line;
    assert_true(str_line(&all, &line));
    struct str stamp = str_cut(&line, ' ');
    assert_true(stamp.n == 20 || stamp.n == 25);
    assert_int_equal(stamp.p[10], 'T');
    assert_str(line, "decision n=18446744073709551615 zero=0 m=-5 words=\"a b\" "
                     "check=pass/1234567890123");
    assert_true(str_line(&all, &line));
    str_cut(&line, ' ');
    assert_str(line, "rest level=warning text=\"3 of x\\x0a\"");
    assert_true(str_empty(all));
}

static void test_reopen(void **state)
{
    (void)state;
    char bytes[4096];
    struct err err;
    unlink(path);
    assert_int_equal(log_open(path, LOG_LEVEL_INFO, &err), 0);
    log_text(LOG_LEVEL_INFO, "one", "1");
    assert_int_equal(rename(path, moved), 0);
    log_text(LOG_LEVEL_INFO, "two", "2");
    assert_int_equal(log_reopen(&err), 0);
    log_text(LOG_LEVEL_INFO, "three", "3");
    assert_true(str_ends(file_read(moved, bytes, sizeof bytes), STR(" two text=2\n")));
    struct str now = file_read(path, bytes, sizeof bytes);
    assert_true(str_ends(now, STR(" three text=3\n")));
    assert_true(str_find(now, STR("two")) == STR_NONE);
}

/* What cannot be opened leaves the former log in use. */
static void test_bad_places(void **state)
{
    (void)state;
    char bytes[4096];
    struct err err;
    static const char *const places[] = { "/nonexistent/log", "log", "", "/tmp" };
    unlink(path);
    assert_int_equal(log_open(path, LOG_LEVEL_INFO, &err), 0);
    for (size_t i = 0; i < ROWS(places); i++) {
        err.text[0] = '\0';
        assert_int_equal(log_open(places[i], LOG_LEVEL_INFO, &err), -1);
        assert_true(err.text[0] != '\0');
    }
    log_text(LOG_LEVEL_INFO, "still", "here");
    assert_true(str_ends(file_read(path, bytes, sizeof bytes), STR(" still text=here\n")));
}

/* Who owns the folder must not get root to write elsewhere, by a link of either kind. */
static void test_links(void **state)
{
    (void)state;
    char bytes[4096];
    struct err err;
    unlink(path);
    unlink(moved);
    assert_int_equal(close(open(moved, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(symlink(moved, path), 0);
    assert_int_equal(log_open(path, LOG_LEVEL_INFO, &err), -1);
    assert_non_null(strstr(err.text, "is a link; name the file itself"));
    unlink(path);
    assert_int_equal(log_open(path, LOG_LEVEL_INFO, &err), 0);
    log_text(LOG_LEVEL_INFO, "one", "1");
    unlink(path);                            /* and in between: at a rotation */
    assert_int_equal(symlink(moved, path), 0);
    assert_int_equal(log_reopen(&err), -1);
    unlink(path);
    assert_int_equal(link(moved, path), 0);
    assert_int_equal(log_reopen(&err), geteuid() == 0 ? -1 : 0);
    log_close();
    assert_int_equal(file_read(moved, bytes, sizeof bytes).n, 0);
    unlink(path);
}

static void test_disk_full(void **state)
{
    (void)state;
    struct err err;
    uint64_t before = log_lost();
    if (access("/dev/full", W_OK) != 0)
        skip();
    assert_int_equal(log_open("/dev/full", LOG_LEVEL_INFO, &err), 0);
    log_text(LOG_LEVEL_INFO, "lost", "x");
    assert_int_equal(log_lost(), before + 1);
}

/* A pipe that nobody reads: lines are lost, and we go on. */
static void test_stuck_reader(void **state)
{
    (void)state;
    struct err err;
    int ends[2], kept = dup(STDERR_FILENO);
    uint64_t before = log_lost();
    assert_true(kept >= 0 && pipe(ends) == 0);
    dup2(ends[1], STDERR_FILENO);
    assert_int_equal(log_open("stderr", LOG_LEVEL_INFO, &err), 0);
    alarm(20);
    for (int i = 0; i < 2000; i++)
        log_text(LOG_LEVEL_INFO, "flood", "a text of some length, so that the pipe fills soon");
    alarm(0);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[0]);
    close(ends[1]);
    assert_true(log_lost() > before);
}

/* --- syslog --- */

/* A syslog daemon that does nothing: its socket. */
static int syslogd_begin(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* The next line that it got; "" for none. */
static struct str syslogd_line(int fd, char *bytes, size_t size)
{
    ssize_t n = recv(fd, bytes, size, 0);
    return str_make(bytes, n < 0 ? 0 : (size_t)n);
}

/* Priority, time and program as syslog(3) has them, which the pattern of syslog daemons wants. */
static void test_syslog(void **state)
{
    (void)state;
    char bytes[9000], tail[100];
    struct err err;
    int fd = syslogd_begin();
    log_syslog_path(path);
    assert_int_equal(log_open("syslog", LOG_LEVEL_INFO, &err), 0);
    log_text(LOG_LEVEL_WARNING, "rest", "%s", "x\n");
    struct str line = syslogd_line(fd, bytes, sizeof bytes);
    assert_true(str_starts(line, STR("<20>")));               /* mail, warning */
    line = str_skip(line, 4);
    assert_true(line.n > 16 && line.p[3] == ' ' && line.p[6] == ' ' && line.p[9] == ':' &&
                line.p[12] == ':' && line.p[15] == ' ');
    snprintf(tail, sizeof tail, "test_log[%d]: rest level=warning text=\"x\\x0a\"", (int)getpid());
    assert_true(str_eq(str_skip(line, 16), str_c(tail)));
    log_text(LOG_LEVEL_INFO, "one", "1");
    assert_true(str_starts(syslogd_line(fd, bytes, sizeof bytes), STR("<22>")));
    close(fd);
    log_close();
}

/* It hangs: we go on, LOG_SYSLOG_WAIT_MS in a second slower at most, and say what was lost. */
static void test_syslog_hangs(void **state)
{
    (void)state;
    char bytes[9000], said[60];
    struct err err;
    int fd = syslogd_begin();
    uint64_t before = log_lost(), got = 0;
    struct timespec begin, end;
    log_syslog_path(path);
    assert_int_equal(log_open("syslog", LOG_LEVEL_INFO, &err), 0);
    alarm(20);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < 5000; i++)
        log_text(LOG_LEVEL_INFO, "flood", "%d", i);
    clock_gettime(CLOCK_MONOTONIC, &end);
    alarm(0);
    double took = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    assert_true(took < 1 + took * 2 * LOG_SYSLOG_WAIT_MS / 1000);
    uint64_t lost = log_lost() - before;
    while (syslogd_line(fd, bytes, sizeof bytes).n > 0)
        got++;
    assert_int_equal(got + lost, 5000);
    assert_true(lost > 0);
    log_text(LOG_LEVEL_INFO, "again", "x");
    assert_true(str_ends(syslogd_line(fd, bytes, sizeof bytes), STR(": again text=x")));
    snprintf(said, sizeof said, ": log-lost level=warning lines=%llu", (unsigned long long)lost);
    assert_true(str_ends(syslogd_line(fd, bytes, sizeof bytes), str_c(said)));
    log_text(LOG_LEVEL_INFO, "again", "y");
    assert_true(str_ends(syslogd_line(fd, bytes, sizeof bytes), STR(": again text=y")));
    assert_true(str_empty(syslogd_line(fd, bytes, sizeof bytes)));      /* said once */
    close(fd);
    log_close();
}

/* It works: a burst of many times its queue is waited for. */
static void test_syslog_burst(void **state)
{
    (void)state;
    enum { LINES = 2000 };
    char bytes[9000];
    struct err err;
    int fd = syslogd_begin(), status;
    uint64_t before = log_lost();
    usleep(1000000);                       /* what another test waited is of another second */
    pid_t reader = fork();
    if (reader == 0) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int got = 0;
        while (got < LINES && poll(&p, 1, 1000) == 1)
            got += syslogd_line(fd, bytes, sizeof bytes).n > 0;
        _exit(got > LINES / 2 ? 0 : 1);
    }
    log_syslog_path(path);
    assert_int_equal(log_open("syslog", LOG_LEVEL_INFO, &err), 0);
    for (int i = 0; i < LINES; i++)
        log_text(LOG_LEVEL_INFO, "burst", "%d", i);
    assert_true(log_lost() - before < LINES / 2);      /* none, where the machine is not busy */
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
    close(fd);
    log_close();
}

/* It is not there yet, comes, goes, and comes again. */
static void test_syslog_restarts(void **state)
{
    (void)state;
    char bytes[9000];
    struct err err;
    uint64_t before = log_lost();
    unlink(path);
    log_syslog_path(path);
    assert_int_equal(log_open("syslog", LOG_LEVEL_INFO, &err), 0);
    log_text(LOG_LEVEL_INFO, "early", "x");
    assert_int_equal(log_lost(), before + 1);
    for (int i = 0; i < 3; i++) {
        int fd = syslogd_begin();
        log_text(LOG_LEVEL_INFO, "there", "%d", i);
        struct str line = syslogd_line(fd, bytes, sizeof bytes);
        assert_true(line.n > 0 && line.p[line.n - 1] == '0' + i);
        close(fd);
        log_text(LOG_LEVEL_INFO, "gone", "x");
        assert_int_equal(log_lost(), before + 2 + (uint64_t)i);
    }
    log_close();
}

/* One that listens for streams cannot be served: said at once, not line by line. */
static void test_syslog_stream(void **state)
{
    (void)state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct err err;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    log_syslog_path(path);
    assert_int_equal(log_open("syslog", LOG_LEVEL_INFO, &err), -1);
    assert_non_null(strstr(err.text, "takes no datagrams"));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_value_cut),
        cmocka_unit_test(test_line_cut),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_bad_places),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_stuck_reader),
        cmocka_unit_test(test_syslog),
        cmocka_unit_test(test_syslog_hangs),
        cmocka_unit_test(test_syslog_burst),
        cmocka_unit_test(test_syslog_restarts),
        cmocka_unit_test(test_syslog_stream),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
