/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_eximconf - asking an Exim, and being answered badly
 *
 * The Exims here are shell scripts: one that answers as Exim 4.96 does, and
 * others that hang, leave children behind, talk without end or say nonsense.
 */
#define _GNU_SOURCE
#include "logs/eximconf.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "logmake.h"

static void script(const char *name, const char *body)
{
    struct buf b;
    buf_init(&b, 65536);
    buf_addf(&b, "#!/bin/sh\n%s", body);
    assert_int_equal(chmod(logmake_file(name, buf_str(&b)), 0700), 0);
    buf_fini(&b);
}

static int64_t ask(struct eximconf *c, const char *name, int wait_ms)
{
    struct timespec a, b;
    const char *const binaries[] = { "/nonexistent/exim", logmake_path(name), NULL };
    clock_gettime(CLOCK_MONOTONIC, &a);
    eximconf_ask(c, binaries, wait_ms);
    clock_gettime(CLOCK_MONOTONIC, &b);
    return (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

static void test_answers(void **state)
{
    (void)state;
    struct eximconf c;
    script("exim",
           "[ -z \"$HOME$PATH_INFO$TMPDIR\" ] || exit 1\n"
           "case \"$*\" in\n"
           "'-be $version_number') echo 4.96;;\n"
           "'-bP log_file_path spool_directory primary_hostname qualify_domain log_selector "
           "localhost_number')\n"
           "  echo 'log_file_path = /var/log/exim4/%slog'\n"
           "  echo 'spool_directory = /var/spool/exim4'\n"
           "  echo 'primary_hostname = mx.example.com'\n"
           "  echo 'qualify_domain = example.com'\n"
           "  echo 'log_selector = +arguments +subject = more'\n"
           "  echo 'localhost_number = 3';;\n"
           "*) exit 1;; esac\n");
    ask(&c, "exim", 5000);
    assert_string_equal(c.binary, logmake_path("exim"));
    assert_string_equal(c.version, "4.96");
    assert_string_equal(c.log_file_path, "/var/log/exim4/%slog");
    assert_string_equal(c.spool_directory, "/var/spool/exim4");
    assert_string_equal(c.primary_hostname, "mx.example.com");
    assert_string_equal(c.qualify_domain, "example.com");
    assert_string_equal(c.log_selector, "+arguments +subject = more");
    assert_int_equal(c.localhost_number, 3);
    eximconf_fini(&c);
    assert_null(c.binary);
    eximconf_fini(&c);
}

struct answer {
    const char *name, *body;
    const char *log_file_path, *version;
};

static void test_odd_answers(void **state)
{
    (void)state;
    static const struct answer table[] = {
        { "settings that are empty", "echo 'log_file_path = '; echo 'localhost_number = '", "",
          NULL },
        { "a hidden setting", "echo 'log_file_path = <value not displayable>'", NULL, NULL },
        { "off", "echo no_log_file_path", NULL, NULL },
        { "a failure", "echo 'log_file_path = /x'; exit 1", NULL, NULL },
        { "a signal", "echo 'log_file_path = /x'; kill -9 $$", NULL, NULL },
        { "NUL bytes", "printf 'log_file_path = /x\\000y\\n'", NULL, NULL },
        { "the same twice", "echo 'log_file_path = /x'; echo 'log_file_path = /y'", "/x", NULL },
        { "noise around", "echo; echo = = =; echo 'log_file_path=/x'; echo x >&2", "/x", NULL },
        { "a version that is none",
          "case $1 in -bP) echo 'log_file_path = /x';; *) echo '<b>4</b>';; esac", "/x", NULL },
        { "only numbers up to 16", "echo 'localhost_number = 17'", NULL, NULL },
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        struct eximconf c;
        script("exim", table[i].body);
        ask(&c, "exim", 5000);
        const char *want = table[i].log_file_path;
        if ((want == NULL) != (c.log_file_path == NULL) ||
            (want != NULL && strcmp(want, c.log_file_path) != 0))
            fail_msg("%s: %s", table[i].name, c.log_file_path == NULL ? "NULL" : c.log_file_path);
        assert_null(c.version);
        assert_int_equal(c.localhost_number, -1);
        assert_non_null(c.binary);
        eximconf_fini(&c);
    }
}

static void test_nobody(void **state)
{
    (void)state;
    struct eximconf c;
    const char *const none[] = { "/nonexistent/exim", NULL };
    eximconf_ask(&c, none, 5000);
    assert_null(c.binary);
    assert_null(c.version);
    assert_int_equal(c.localhost_number, -1);
    eximconf_fini(&c);
    /* there, but not a program that runs */
    assert_int_equal(chmod(logmake_file("text", STR("text\n")), 0700), 0);
    ask(&c, "text", 5000);
    assert_null(c.log_file_path);
    eximconf_fini(&c);
}

/* Whether the process whose pid a script has left runs on after two seconds. */
static bool still_there(void)
{
    char text[64] = "", line[256];
    FILE *f = fopen(logmake_path("pid"), "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    long pid = strtol(text, NULL, 10);
    assert_true(pid > 1);
    snprintf(text, sizeof text, "/proc/%ld/stat", pid);
    for (int i = 0; i < 200; i++) {
        struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };
        f = fopen(text, "r");
        if (f == NULL)
            return false;
        bool zombie = fgets(line, sizeof line, f) != NULL && strstr(line, ") Z ") != NULL;
        fclose(f);
        if (zombie) /* its parent is ours no more */
            return false;
        nanosleep(&nap, NULL);
    }
    return true;
}

/* A hang ends at the limit, with all that was started. */
static void test_hang(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "echo $$ > pid; sleep 60",
        "sleep 60 & echo $! > pid; exit 0",         /* the pipe stays open behind it */
        "exec >&-; sleep 60 & echo $! > pid; wait", /* the pipe closes before it */
        "exec >&-; sleep 60 & echo $! > pid; exit 0",
        "trap '' TERM INT HUP; echo $$ > pid; while :; do sleep 1; done",
        "echo $$ > pid; while :; do echo 'log_file_path = /x'; done", /* talks without end */
    };
    for (size_t i = 0; i < ROWS(bodies); i++) {
        struct eximconf c;
        char body[512];
        snprintf(body, sizeof body, "cd %s\n%s\n", logmake_dir, bodies[i]);
        script("exim", body);
        int64_t took = ask(&c, "exim", 300);
        if (took > 2500)
            fail_msg("%s: %lld ms", bodies[i], (long long)took);
        assert_null(c.log_file_path);
        eximconf_fini(&c);
        if (still_there())
            fail_msg("%s: still there", bodies[i]);
    }
}

/* What a killed test left goes at the beginning of the next; what a running one uses stays. */
static void test_tidy(void **state)
{
    (void)state;
    char gone[64], ours[64];
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    snprintf(gone, sizeof gone, "/tmp/postern-test.%ld.gone", (long)pid);
    snprintf(ours, sizeof ours, "/tmp/postern-test.%ld.ours", (long)getpid());
    assert_int_equal(mkdir(gone, 0700), 0);
    assert_int_equal(mkdir(ours, 0700), 0);
    char file[80];
    snprintf(file, sizeof file, "%s/file", gone);
    assert_int_equal(close(open(file, O_WRONLY | O_CREAT, 0600)), 0);
    logmake_tidy();
    assert_int_equal(access(gone, F_OK), -1);
    assert_int_equal(access(ours, F_OK), 0);
    assert_int_equal(rmdir(ours), 0);
    assert_int_equal(access(logmake_dir, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_odd_answers),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_hang),
        cmocka_unit_test(test_tidy),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
