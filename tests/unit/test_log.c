/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_log - what a log line may hold, and where it goes
 *
 * A sender chooses most values. So the table has what would forge a pair, a line
 * or an escape sequence; and a reader that never reads must not stop the writer.
 */
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_value_cut),
        cmocka_unit_test(test_line_cut),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_bad_places),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_stuck_reader),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
