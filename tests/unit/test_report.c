/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_report - commands that are printed for pasting, and the ceilings of a report
 *
 * Attackers choose paths and logins, and an administrator pastes what we print
 * into a root shell. So no idea of ours about quoting is tested here but the shells
 * themselves: each word goes through them and must come back byte for byte.
 */
#include "trace/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "unit.h"

static const char *const shells[] = { "/bin/sh", "/bin/dash", "/bin/bash", "/bin/busybox" };
static const char *const locales[] = { "LC_ALL=C", "LC_ALL=C.UTF-8" };

/* What `shell` makes of `command`, into `out`. */
static void shell_run(const char *shell, const char *locale, const char *command, struct buf *out)
{
    int ends[2], status;
    char bytes[4096];
    ssize_t n;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const char *const argv[] = { "sh", "-c", command, NULL };
        const char *const envp[] = { "PATH=/usr/bin:/bin", locale, NULL };
        union { const char *const *ours; char *const *theirs; } a = { argv }, e = { envp };
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        execve(shell, a.theirs, e.theirs);
        _exit(127);
    }
    close(ends[1]);
    while ((n = read(ends[0], bytes, sizeof bytes)) > 0)
        assert_int_equal(buf_add(out, str_make(bytes, (size_t)n)), 0);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fail_msg("%s: status %x for: %s", shell, (unsigned)status, command);
}

/* Only what a terminal shows as it is. */
static void assert_shown(struct str s)
{
    uint32_t rune;
    for (size_t n; s.n > 0; s = str_skip(s, n)) {
        n = utf8_next(s, &rune);
        if (n == 0 || utf8_unprintable(rune))
            fail_msg("an unprintable byte in: %.*s", STR_ARG(s));
    }
}

/* The quoted forms of all words in one command, each printed with a NUL behind it. */
static void words_check(const struct str *words, size_t count)
{
    struct report *r = report_new();
    struct buf command, want;
    buf_init(&command, 16 << 20);
    buf_init(&want, 16 << 20);
    buf_add(&command, STR("printf '%s\\0'"));
    for (size_t i = 0; i < count; i++) {
        struct str quoted = report_shell(r, words[i]);
        assert_shown(quoted);
        buf_add_c(&command, ' ');
        buf_add(&command, quoted);
        if (words[i].n > 0 && words[i].p[0] == '-')
            buf_add(&want, STR("./"));
        buf_add(&want, words[i]);
        buf_add_c(&want, '\0');
    }
    for (size_t s = 0; s < ROWS(shells); s++) {
        if (access(shells[s], X_OK) != 0)
            continue;
        for (size_t l = 0; l < ROWS(locales); l++) {
            struct buf got;
            buf_init(&got, 16 << 20);
            shell_run(shells[s], locales[l], buf_c(&command), &got);
            if (!str_eq(buf_str(&got), buf_str(&want)))
                fail_msg("%s, %s: %s", shells[s], locales[l], buf_c(&command));
            buf_fini(&got);
        }
    }
    buf_fini(&command);
    buf_fini(&want);
    report_free(&r);
}

static void test_hostile_words(void **state)
{
    (void)state;
    static const struct str words[] = {
        STR_INIT(""), STR_INIT("/home/a/public_html"), STR_INIT("a b"), STR_INIT("a  b "),
        STR_INIT("'"), STR_INIT("''"), STR_INIT("it's"), STR_INIT("\""), STR_INIT("\\"),
        STR_INIT("\\'"), STR_INIT("'\\''"), STR_INIT("$(touch /tmp/owned)"), STR_INIT("`id`"),
        STR_INIT("$HOME"), STR_INIT("${IFS}"), STR_INIT("; rm -rf /"), STR_INIT("a;b&c|d>e<f"),
        STR_INIT("*"), STR_INIT("/etc/pass??"), STR_INIT("[a-z]*"), STR_INIT("{a,b}"),
        STR_INIT("~root"), STR_INIT("~"), STR_INIT("#no comment"), STR_INIT("!!"),
        STR_INIT("!\x1b"), STR_INIT("-rf"), STR_INIT("-"), STR_INIT("--"), STR_INIT("-n\x01"),
        STR_INIT("\n"  "x"), STR_INIT("a\nb"), STR_INIT("a\n; id\nb"), STR_INIT("\t"),
        STR_INIT(" \x1b[2J"), STR_INIT("\x1b]0;title\x07"), STR_INIT("%s%d%n%%\x01"),
        STR_INIT("%"), STR_INIT("\x01\\n\\x41\\0101%b"), STR_INIT("\x01" "7"), STR_INIT("a\r"),
        STR_INIT("\xc3\xa4"), STR_INIT("\xc3"), STR_INIT("\xff\xfe"), STR_INIT("\x80\x81\x82\x88"),
        STR_INIT("\xe2\x80\xae" "gpj.exe"), STR_INIT("\xc2\x9b" "31m"), STR_INIT("\xed\xa0\x80"),
        STR_INIT("=ls"), STR_INIT("a=b"), STR_INIT("x\x7f"), STR_INIT("')\"; id #\x01"),
        STR_INIT("\x01')\"$(id)"),
    };
    words_check(words, ROWS(words));
    for (size_t i = 0; i < ROWS(words); i++)
        words_check(&words[i], 1);
}

/* Each byte alone, between others, and in front. */
static void test_every_byte(void **state)
{
    (void)state;
    static char bytes[255][3];
    struct str words[3 * 255];
    size_t n = 0;
    for (int c = 1; c < 256; c++) {
        char *b = bytes[c - 1];
        b[0] = 'a';
        b[1] = (char)c;
        b[2] = '7';
        words[n++] = str_make(b, 3);
        words[n++] = str_make(b + 1, 2);
        if (c != '\n')
            words[n++] = str_make(b, 2);
    }
    words_check(words, n);
}

static void test_random_words(void **state)
{
    (void)state;
    enum { WORDS = 400, LONGEST = 40 };
    static const char nasty[] = "'\"\\$`!%-\n\t \x1b()#*~ab7\xc3\xa4\x80";
    static char bytes[WORDS][LONGEST];
    struct str words[WORDS];
    uint64_t seed = 7;
    for (size_t i = 0; i < WORDS; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t n = (seed >> 33) % LONGEST;
        for (size_t k = 0; k < n; k++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i][k] = nasty[(seed >> 33) % (sizeof nasty - 1)];
        }
        while (n > 0 && bytes[i][n - 1] == '\n')
            n--;
        words[i] = str_make(bytes[i], n);
    }
    words_check(words, WORDS);
}

/* What no command line can hold becomes the empty word, never another one. */
static void test_impossible_words(void **state)
{
    (void)state;
    static char longest[5000];
    struct report *r = report_new();
    assert_str(report_shell(r, STR("a\0b")), "''");
    assert_str(report_shell(r, STR("a\n")), "''");
    assert_str(report_shell(r, STR("\n")), "''");
    assert_str(report_shell(r, (struct str){ 0 }), "''");
    memset(longest, ' ', sizeof longest);
    assert_str(report_shell(r, str_make(longest, sizeof longest)), "''");
    assert_str(report_shell(r, STR("plain/word_1@example.com")), "plain/word_1@example.com");
    report_free(&r);
    assert_null(r);
    report_free(&r);
}

static void test_ceilings(void **state)
{
    (void)state;
    static char longest[5000];
    struct report *r = report_new();
    memset(longest, 'x', sizeof longest - 1);
    report_next(r, "ls %s", longest);        /* cut, it would be another command */
    assert_int_equal(r->next_count, 0);
    report_note(r, "%s", longest);           /* a note may be cut */
    assert_int_equal(r->note_count, 1);
    assert_in_range(r->notes[0].n, 4000, 4096);
    for (unsigned i = 0; i < 1000; i++) {
        report_next(r, "ls %u", i);
        report_note(r, "%u", i);
        report_witness(r, &(struct witness){ .kind = "cwd" }, "%u", i);
    }
    assert_int_equal(r->next_count, REPORT_NEXT_MAX);
    assert_int_equal(r->note_count, REPORT_NOTES_MAX);
    assert_int_equal(r->witness_count, REPORT_WITNESSES_MAX);
    assert_str(r->next[0], "ls 0");
    assert_str(r->witnesses[63].says, "63");
    report_free(&r);
}

/* The names are an interface: they are in the JSON. */
static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = { "script", "cron", "login", "webmail", "localhost-smtp",
        "relay", "forward", "autoreply", "list", "bounce", "inbound", "not-ours", "expired" };
    assert_int_equal(ROWS(names), VERDICT_COUNT);
    for (enum verdict v = 0; v < VERDICT_COUNT; v++) {
        assert_string_equal(verdict_name(v), names[v]);
        assert_int_equal(verdict_named(v), v < VERDICT_NOT_OURS);
    }
    assert_string_equal(confidence_name(CONFIDENCE_CERTAIN), "certain");
    assert_string_equal(confidence_name(CONFIDENCE_LIKELY), "likely");
    assert_string_equal(confidence_name(CONFIDENCE_AMBIGUOUS), "ambiguous");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_words),    cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_random_words),     cmocka_unit_test(test_impossible_words),
        cmocka_unit_test(test_ceilings),         cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
