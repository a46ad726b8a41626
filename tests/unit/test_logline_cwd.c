/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logline_cwd - where a process was started, and for what
 *
 * Users choose the directory and the arguments, so the table ends with those
 * that imitate the line itself.
 */
#include "logline_case.h"

#define RECIPIENTS_MAX 3

static const struct row {
    const char *text;             /* behind `cwd=` */
    const char *dir;
    uint64_t argc;
    const char *program, *operands;
    enum cwd_mode mode;
    const char *sender, *full_name, *parent;
    bool has_sender, reads_recipients, cut;
    const char *recipients[RECIPIENTS_MAX];
} rows[] = {
    { .text = "/home/ClientX/public_html/phpBB 3 args: /usr/sbin/sendmail -t -i",
      .dir = "/home/ClientX/public_html/phpBB", .argc = 3, .program = "/usr/sbin/sendmail",
      .operands = "-t -i", .mode = CWD_SUBMIT, .reads_recipients = true },
    { .text = "/home/ClientX 6 args: /usr/sbin/sendmail -FCronDaemon -i -B8BITMIME -oem "
              "fred@foobar.com", .dir = "/home/ClientX", .argc = 6, .program = "/usr/sbin/sendmail",
      .operands = "-FCronDaemon -i -B8BITMIME -oem fred@foobar.com", .mode = CWD_SUBMIT,
      .full_name = "CronDaemon", .recipients = { "fred@foobar.com" } },
    { .text = "/var/spool/exim4 7 args: /usr/sbin/exim4 -t -oem -oi -f <> -E1xVS6T-0005Tw-2d",
      .dir = "/var/spool/exim4", .argc = 7, .program = "/usr/sbin/exim4",
      .operands = "-t -oem -oi -f <> -E1xVS6T-0005Tw-2d", .mode = CWD_BOUNCE, .has_sender = true,
      .parent = "1xVS6T-0005Tw-2d", .reads_recipients = true },
    { .text = "/var/spool/exim4 3 args: /usr/sbin/exim4 -Mc 1xVS6T-0005Tk-2L",
      .dir = "/var/spool/exim4", .argc = 3, .program = "/usr/sbin/exim4",
      .operands = "-Mc 1xVS6T-0005Tk-2L", .mode = CWD_OTHER, .recipients = { "1xVS6T-0005Tk-2L" } },
    { .text = " (failed) 2 args: sendmail a@b", .dir = "", .argc = 2, .program = "sendmail",
      .operands = "a@b", .mode = CWD_SUBMIT, .recipients = { "a@b" } },
    { .text = "/ 1 args: /usr/sbin/sendmail", .dir = "/", .argc = 1,
      .program = "/usr/sbin/sendmail", .mode = CWD_SUBMIT },
    { .text = "/ 5 args: sendmail -f a@b -oMa 192.0.2.1", .dir = "/", .argc = 5,
      .program = "sendmail", .operands = "-f a@b -oMa 192.0.2.1", .mode = CWD_SUBMIT,
      .sender = "a@b", .has_sender = true },
    { .text = "/ 4 args: sendmail -fa@b \"Joe Doe\" \"\"", .dir = "/", .argc = 4,
      .program = "sendmail", .operands = "-fa@b \"Joe Doe\" \"\"", .mode = CWD_SUBMIT,
      .sender = "a@b", .has_sender = true, .recipients = { "Joe Doe", "" } },
    { .text = "/ 7 args: sendmail -r <a@b> -F \"Joe Doe\" -i c@d", .dir = "/", .argc = 7,
      .program = "sendmail", .operands = "-r <a@b> -F \"Joe Doe\" -i c@d", .mode = CWD_SUBMIT,
      .sender = "a@b", .has_sender = true, .full_name = "Joe Doe", .recipients = { "c@d" } },
    { .text = "/ 4 args: sendmail -f \"\" a@b", .dir = "/", .argc = 4, .program = "sendmail",
      .operands = "-f \"\" a@b", .mode = CWD_SUBMIT, .has_sender = true, .recipients = { "a@b" } },
    { .text = "/ 4 args: sendmail -i -- -t", .dir = "/", .argc = 4, .program = "sendmail",
      .operands = "-i -- -t", .mode = CWD_SUBMIT },
    { .text = "/ 3 args: exim -bm a@b", .dir = "/", .argc = 3, .program = "exim",
      .operands = "-bm a@b", .mode = CWD_SUBMIT, .recipients = { "a@b" } },
    { .text = "/ 2 args: exim -bs", .dir = "/", .argc = 2, .program = "exim", .operands = "-bs",
      .mode = CWD_SUBMIT_SMTP },
    { .text = "/ 2 args: exim -bS", .dir = "/", .argc = 2, .program = "exim", .operands = "-bS",
      .mode = CWD_SUBMIT_SMTP },
    { .text = "/ 1 args: /usr/bin/rsmtp", .dir = "/", .argc = 1, .program = "/usr/bin/rsmtp",
      .mode = CWD_SUBMIT_SMTP },
    /* a session stays one with -E, in either order; without an id Exim overlooks it */
    { .text = "/home/x 3 args: sendmail -E1FZ8zt-0005lz-E7 -bs", .dir = "/home/x", .argc = 3,
      .program = "sendmail", .operands = "-E1FZ8zt-0005lz-E7 -bs", .mode = CWD_SUBMIT_SMTP,
      .parent = "1FZ8zt-0005lz-E7" },
    { .text = "/home/x 3 args: sendmail -bS -E1FZ8zt-0005lz-E7", .dir = "/home/x", .argc = 3,
      .program = "sendmail", .operands = "-bS -E1FZ8zt-0005lz-E7", .mode = CWD_SUBMIT_SMTP,
      .parent = "1FZ8zt-0005lz-E7" },
    { .text = "/home/x 5 args: sendmail -t -Ex -E -E1FZ8zt-0005lz-E7x", .dir = "/home/x", .argc = 5,
      .program = "sendmail", .operands = "-t -Ex -E -E1FZ8zt-0005lz-E7x", .mode = CWD_SUBMIT,
      .reads_recipients = true },
    { .text = "/home/x 4 args: sendmail -t -E1FZ8zt-0005lz-E7 -Ex", .dir = "/home/x", .argc = 4,
      .program = "sendmail", .operands = "-t -E1FZ8zt-0005lz-E7 -Ex", .mode = CWD_BOUNCE,
      .parent = "1FZ8zt-0005lz-E7", .reads_recipients = true },
    { .text = "/ 1 args: /usr/bin/mailq", .dir = "/", .argc = 1, .program = "/usr/bin/mailq",
      .mode = CWD_OTHER },
    { .text = "/ 1 args: newaliases", .dir = "/", .argc = 1, .program = "newaliases",
      .mode = CWD_OTHER },
    { .text = "/home/x 2 args: exim -bpra", .dir = "/home/x", .argc = 2, .program = "exim",
      .operands = "-bpra", .mode = CWD_OTHER },
    { .text = "/home/x 3 args: exim -t -bp", .dir = "/home/x", .argc = 3, .program = "exim",
      .operands = "-t -bp", .mode = CWD_OTHER, .reads_recipients = true },
    { .text = "/ 3 args: /usr/sbin/exim4 -bd -q30m", .dir = "/", .argc = 3,
      .program = "/usr/sbin/exim4", .operands = "-bd -q30m", .mode = CWD_OTHER },
    { .text = "/ 2 args: exim -qff", .dir = "/", .argc = 2, .program = "exim", .operands = "-qff",
      .mode = CWD_OTHER },
    { .text = "/ 2 args: exim -bV", .dir = "/", .argc = 2, .program = "exim", .operands = "-bV",
      .mode = CWD_OTHER },
    { .text = "/ 3 args: exim -bmalware /tmp/x", .dir = "/", .argc = 3, .program = "exim",
      .operands = "-bmalware /tmp/x", .mode = CWD_OTHER, .recipients = { "/tmp/x" } },
    /* a directory with spaces, and one that imitates the end */
    { .text = "/home/C/my shop 3 args: x 3 args: /usr/sbin/sendmail -t -i",
      .dir = "/home/C/my shop 3 args: x", .argc = 3, .program = "/usr/sbin/sendmail",
      .operands = "-t -i", .mode = CWD_SUBMIT, .reads_recipients = true },
    { .text = "/home/C/a 8 args: /usr/sbin/sendmail -t -i 3 args: /usr/sbin/sendmail -t -fx",
      .dir = "/home/C/a 8 args: /usr/sbin/sendmail -t -i", .argc = 3,
      .program = "/usr/sbin/sendmail", .operands = "-t -fx", .mode = CWD_SUBMIT, .sender = "x",
      .has_sender = true, .reads_recipients = true },
    /* an argument that imitates a line: it is in quotes */
    { .text = "/home/C 4 args: sendmail -t -F \"x 3 args: /usr/sbin/sendmail -t -froot\"",
      .dir = "/home/C", .argc = 4, .program = "sendmail",
      .operands = "-t -F \"x 3 args: /usr/sbin/sendmail -t -froot\"", .mode = CWD_SUBMIT,
      .full_name = "x 3 args: /usr/sbin/sendmail -t -froot", .reads_recipients = true },
    /* cut: Exim goes on in the next line */
    { .text = "/home/C 400 args: sendmail -i a@b c@d ...", .dir = "/home/C", .argc = 400,
      .program = "sendmail", .operands = "-i a@b c@d", .mode = CWD_SUBMIT, .cut = true,
      .recipients = { "a@b", "c@d" } },
    /* none agrees: the last */
    { .text = "/a 9 args: b 9 args: c d", .dir = "/a 9 args: b", .argc = 9, .program = "c",
      .operands = "d", .mode = CWD_SUBMIT, .recipients = { "d" } },
    /* 8-bit and control bytes stand as they are */
    { .text = "/home/\xc3\xa4\x1b[2J 1 args: exim", .dir = "/home/\xc3\xa4\x1b[2J", .argc = 1,
      .program = "exim", .mode = CWD_SUBMIT },
};

static void check_recipients(const struct row *r, const struct line_cwd *c)
{
    struct str operands = c->operands, address;
    size_t n = 0;
    while (logline_arg_recipient(&operands, &address)) {
        assert_true(n < RECIPIENTS_MAX && r->recipients[n] != NULL);
        case_field(address, r->recipients[n++], "recipient");
    }
    assert_true(n == RECIPIENTS_MAX || r->recipients[n] == NULL);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct row *r = &rows[i];
        struct held h = case_text(CASE_PREFIX "cwd=", str_c(r->text), LINE_CWD);
        struct line_cwd c;
        assert_int_equal(logline_cwd(&h.line, &c), 0);
        case_field(c.dir, r->dir, "dir");
        assert_int_equal(c.argc, r->argc);
        case_field(c.program, r->program, "program");
        case_field(c.operands, r->operands, "operands");
        assert_true(str_ends(c.args, c.operands) && str_starts(c.args, c.program));
        assert_int_equal(c.mode, r->mode);
        case_field(c.sender, r->sender, "sender");
        assert_int_equal(c.has_sender, r->has_sender);
        case_field(c.full_name, r->full_name, "full_name");
        case_field(c.parent, r->parent, "parent");
        assert_int_equal(c.reads_recipients, r->reads_recipients);
        assert_int_equal(c.cut, r->cut);
        check_recipients(r, &c);
        case_free(&h);
    }
}

static void test_no_cwd(void **state)
{
    static const char *const texts[] = { "", "/home", "/home 3 args", "/home args: x", "3 args: x",
                                         "/home x args: y", "/home 3 args:x",
                                         "/home 9999999999 args: x" };
    struct line_cwd c;
    (void)state;
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct held h = case_text(CASE_PREFIX "cwd=", str_c(texts[i]), LINE_CWD);
        assert_int_equal(logline_cwd(&h.line, &c), -1);
        assert_false(logline_cwd_whole(h.line.text));
        case_free(&h);
    }
}

static void test_args(void **state)
{
    static const char *const expected[] = { "a", "b c", "", "d\"e", "f\"g h", "open end" };
    struct str args = STR(" a \"b c\"  \"\" d\"e \"f\"g h\" \"open end"), arg;
    size_t n = 0;
    (void)state;
    while (logline_arg(&args, &arg)) {
        assert_true(n < ROWS(expected));
        case_field(arg, expected[n++], "argument");
    }
    assert_int_equal(n, ROWS(expected));
    assert_int_equal(args.n, 0);
}

/* An option at the very end that wants a value. */
static void test_missing_value(void **state)
{
    static const char *const texts[] = { "/ 2 args: exim -f", "/ 2 args: exim -F",
                                         "/ 2 args: exim -oMa", "/ 2 args: exim -",
                                         "/ 2 args: exim -E" };
    struct line_cwd c;
    (void)state;
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct held h = case_text(CASE_PREFIX "cwd=", str_c(texts[i]), LINE_CWD);
        assert_int_equal(logline_cwd(&h.line, &c), 0);
        assert_int_equal(c.mode, CWD_SUBMIT);
        assert_int_equal(c.sender.n + c.full_name.n + c.parent.n, 0);
        case_free(&h);
    }
}

static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t n = 0; n < strlen(rows[i].text); n++) {
            char raw[512];
            int len = snprintf(raw, sizeof raw, CASE_PREFIX "cwd=%.*s", (int)n, rows[i].text);
            struct held h = case_raw(str_make(raw, (size_t)len), NULL);
            struct line_cwd c;
            bool whole = logline_cwd(&h.line, &c) == 0;
            assert_true(whole == logline_cwd_whole(h.line.text));
            if (whole)
                assert_true(c.args.n <= n && c.dir.n <= n);
            case_free(&h);
        }
    }
}

/* A megabyte of ends of the directory: bounded work, and the answer begins with the true one. */
static void test_hostile_length(void **state)
{
    static const char *const pieces[] = { " 3 args:", " 1 args: \"", "\" 2 args: x", " \"a b\"",
                                          " -f", " \"a" };
    size_t max = 1 << 20;
    char *text = malloc(max + 64);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < ROWS(pieces); i++) {
        size_t n = (size_t)snprintf(text, 64, CASE_PREFIX "cwd=/home/x 5 args: exim");
        size_t piece = strlen(pieces[i]);
        for (; n + piece < max; n += piece)
            memcpy(text + n, pieces[i], piece);
        struct held h = case_raw(str_make(text, n), NULL);
        struct line_cwd c;
        assert_int_equal(logline_cwd(&h.line, &c), 0);
        assert_true(str_starts(c.dir, STR("/home/x")));
        case_free(&h);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_no_cwd),
        cmocka_unit_test(test_args),          cmocka_unit_test(test_missing_value),
        cmocka_unit_test(test_every_prefix),  cmocka_unit_test(test_hostile_length),
    };
    return cmocka_run_group_tests_name("logline_cwd", tests, NULL, NULL);
}
