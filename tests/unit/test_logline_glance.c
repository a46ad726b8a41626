/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logline_glance - the glance says what the parser says, or nothing
 *
 * A table says which lines must be known at a glance and which must not; then the logs of
 * bench/loggen, all seeds of the fuzz targets for log lines, and lines with bytes changed and cut off
 * are read both ways. Every line lies in a block of exactly its size, so that a
 * sanitizer sees a read beyond it.
 */
#define _GNU_SOURCE
#include "mail/logline_glance.h"

#include <dirent.h>

#include "loggen.h"
#include "logline_case.h"

/* --- both ways --- */

static bool same_line(const struct logline *a, const struct logline *b)
{
    return a->raw.p == b->raw.p && a->raw.n == b->raw.n && a->stamped == b->stamped &&
           a->has_date == b->has_date && a->usec == b->usec && a->offset == b->offset &&
           a->pid == b->pid && str_eq(a->id, b->id) && a->class == b->class &&
           a->flag[0] == b->flag[0] && a->flag[1] == b->flag[1] && a->text.n == b->text.n &&
           (a->text.n == 0 || a->text.p == b->text.p);
}

static bool holds(struct str s, struct str three)
{
    return str_find(s, three) != STR_NONE;
}

/* What the glance says of an arrival must be true of what the parser makes of it. */
static bool arrival_agrees(const struct logline *line)
{
    struct line_arrival a;
    logline_arrival(line, &a);
    bool no_auth = !logline_glance_holds(line->text, ' ', 'A', '=');
    bool no_loopback = !logline_glance_holds(line->text, '[', '1', '2') &&
                       !logline_glance_holds(line->text, '[', ':', ':');
    return (!logline_glance_host(line) || a.has_host) &&
           no_auth == !holds(line->text, STR(" A=")) && (!no_auth || a.auth.n == 0) &&
           (!no_loopback || (!str_starts(a.host.ip, STR("127.")) &&
                             !str_eq(a.host.ip, STR("::1"))));
}

/* What became of a line. */
enum known { UNKNOWN, NOISE, LINE };

static enum known line_look(struct str raw, const struct logline_hint *hint, struct logline *out)
{
    struct str text;
    enum glance glance = logline_glance(raw, &text);
    if (glance == GLANCE_NOISE)
        return NOISE;
    bool taken = glance != GLANCE_UNKNOWN && logline_glance_line(raw, glance, text, hint, out);
    if (taken && (glance == GLANCE_CWD) != (out->class == LINE_CWD))
        fail_msg("a line of class %s at a glance of %d", line_class_name(out->class), glance);
    return taken ? LINE : UNKNOWN;
}

/* One line with and without a glance; *hint goes on as it does when a log is read. */
static enum known line_check(struct str raw, struct logline_hint *hint)
{
    char *bytes = case_alloc(raw.n);
    if (raw.n > 0)
        memcpy(bytes, raw.p, raw.n);
    struct str exact = str_make(bytes, raw.n);
    struct logline quick, line;
    memset(&quick, 0x5a, sizeof quick);
    enum known known = line_look(exact, hint, &quick);
    int rc = logline_parse(exact, hint, &line);
    bool good = known == UNKNOWN ||
                (known == NOISE && (rc != 0 || (line.id.n == 0 && line.class != LINE_CWD))) ||
                (known == LINE && rc == 0 && same_line(&quick, &line));
    if (good && rc == 0 && line.class == LINE_ARRIVAL)
        good = arrival_agrees(&line);
    if (!good) {
        print_error("%.*s\n", STR_ARG(raw));
        fail_msg("the glance says %d, the parser %d: %s, id of %zu", known, rc,
                 line_class_name(line.class), line.id.n);
    }
    free(bytes);
    return known;
}

/* All lines of a text. How many of them were known. */
static size_t text_check(struct str text, size_t *lines_out)
{
    struct logline_hint hint = { .year = 0 };
    size_t known = 0;
    *lines_out = 0;
    for (struct str raw; str_line(&text, &raw); ++*lines_out)
        known += line_check(raw, &hint) != UNKNOWN;
    return known;
}

/* --- a table --- */

#define OLD "1tixMn-00C5j0-Xy"
#define NEW "1tixMn-00000000C5j-1wRa"

static const struct {
    const char *text;               /* behind `2025-02-14 18:12:33` */
    enum known known;
} cases[] = {
    { " " OLD " Completed", LINE },
    { " [123] " OLD " Completed", LINE },
    { " [4194304] " NEW " Completed", LINE },
    { " [1234567890] " OLD " Completed", LINE },
    { " " OLD " Completed QT=1s", UNKNOWN },
    { " " OLD " Completely different", UNKNOWN },
    { " " NEW " <= a@b.example U=a P=local S=9", LINE },
    { " " OLD " <= a@b.example H=x [192.0.2.1] P=esmtp S=9", LINE },
    { " " OLD " (= a@b.example H=x [192.0.2.1] P=esmtp S=9", LINE },
    { " " OLD " => a@b.example R=r T=t", LINE },
    { " " OLD " -> a@b.example R=r T=t", LINE },
    { " " OLD " >> a@b.example R=r T=t", LINE },
    { " " OLD " *> a@b.example R=r T=t", LINE },
    { " " OLD " ** a@b.example: no", LINE },
    { " " OLD " == a@b.example R=r T=t defer (-1): x", LINE },
    { " " OLD " =< a@b.example", UNKNOWN },
    { " " OLD " <> a@b.example", UNKNOWN },
    { " " OLD " H=x [192.0.2.1] F=<a@b> rejected after DATA: no", UNKNOWN },
    { " " OLD "x <= a@b.example U=a P=local S=9", UNKNOWN },
    { " 1tixMn-00C5j_-Xy <= a@b.example U=a P=local S=9", UNKNOWN },
    { " 1tixMn-00C5j0-X\xc3 <= a@b.example U=a P=local S=9", UNKNOWN },
    { " [123]" OLD " <= a@b.example U=a P=local S=9", NOISE },
    { " [12345678901] " OLD " <= a@b.example U=a P=local", NOISE },
    { " [] " OLD " <= a@b.example U=a P=local S=9", NOISE },
    { " [1-] " OLD " <= a@b.example U=a P=local S=9", UNKNOWN },
    { " [1a] " OLD " <= a@b.example U=a P=local S=9", UNKNOWN },
    { " [1a] cwd=/home/a/public_html 3 args: /usr/sbin/sendmail -t -i", UNKNOWN },
    { " [1a] H=(x) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no", NOISE },
    { " [123] cwd=/home/a/public_html 3 args: /usr/sbin/sendmail -t -i", LINE },
    { " cwd=/x-yyyyy-zz 3 args: /usr/sbin/sendmail -t -i", LINE },
    { " cwx=/home/a/public_html 3 args: /usr/sbin/sendmail -t -i", NOISE },
    { " ... 3 args: /usr/sbin/sendmail -t -i", NOISE },
    { " [123] H=(WIN-123) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no", NOISE },
    { " H=(x) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no", NOISE },
    { " +0100 " OLD " <= a@b.example U=a P=local S=9", UNKNOWN },
    { " -0100 " OLD " <= a@b.example U=a P=local S=9", UNKNOWN },
    { " +0100 [12] cwd=/home/a 3 args: /usr/sbin/sendmail", UNKNOWN },
    { ".123 " OLD " <= a@b.example U=a P=local S=9", UNKNOWN },
    { " ", UNKNOWN },
    { " " OLD, UNKNOWN },
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        struct logline_hint hint = { .year = 0 };
        char text[300];
        int n = snprintf(text, sizeof text, "2025-02-14 18:12:33%s", cases[i].text);
        struct str raw = str_make(text, (size_t)n);
        enum known first = line_check(raw, &hint), second = line_check(raw, &hint);
        if (first == LINE || second != cases[i].known)
            fail_msg("case %zu: %s", i, cases[i].text);
        memcpy(text, "Feb", 3);
        assert_int_not_equal(line_check(raw, &hint), LINE);
    }
}

/* The minute before and the minute after are not this one, nor is what only looks like it. */
static void test_minutes(void **state)
{
    (void)state;
    static const char *const stamps[] = { "2025-02-14 18:13:33", "2025-02-14 18:12:60",
                                          "2025-02-14 18:12:3a", "2025-02-14 18:12.33",
                                          "2025-02-14T18:12:33", "2024-02-14 18:12:33" };
    struct logline_hint hint = { .year = 0 };
    line_check(STR("2025-02-14 18:12:33 " OLD " Completed"), &hint);
    for (size_t i = 0; i < ROWS(stamps); i++) {
        struct logline_hint own = hint;
        char text[100];
        int n = snprintf(text, sizeof text, "%s " OLD " Completed", stamps[i]);
        assert_int_equal(line_check(str_make(text, (size_t)n), &own), UNKNOWN);
    }
}

static void test_host(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool host;
    } rows[] = {
        { "a@b.example H=x [192.0.2.1] P=esmtp S=9", true },
        { "<> H=x [192.0.2.1] P=esmtp S=9", true },
        { "a@b H=", true },
        { "aaaaaaa H=x", true },
        { "aaaaaaaa H=x", true },
        { "a@b U=x H=y", false },
        { "\"a b\"@c H=x [192.0.2.1]", false },
        { "\"a H=x [192.0.2.1]\"@c U=root P=local S=9", false },
        { "a\\ H=x U=root P=local S=9", false },
        { "a@b H", false },
        { "a@b", false },
        { " H=x", false },
        { "", false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct logline line = { .text = str_c(rows[i].text) };
        struct line_arrival a;
        if (logline_glance_host(&line) != rows[i].host)
            fail_msg("%s", rows[i].text);
        logline_arrival(&line, &a);
        assert_true(!rows[i].host || a.has_host);
    }
}

/* Wherever it stands, in whatever length. */
static void test_holds(void **state)
{
    (void)state;
    for (size_t n = 0; n < 70; n++) {
        char *text = case_alloc(n);
        memset(text, 'A', n);
        assert_false(logline_glance_holds(str_make(text, n), ' ', 'A', '='));
        for (size_t at = 0; at + 3 <= n; at++) {
            memcpy(text + at, " A=", 3);
            assert_true(logline_glance_holds(str_make(text, n), ' ', 'A', '='));
            text[at + 2] = 'A';
            assert_false(logline_glance_holds(str_make(text, n), ' ', 'A', '='));
            text[at] = 'A';
        }
        free(text);
    }
}

/* --- many lines --- */

static void test_generated(void **state)
{
    (void)state;
    static const char *const flags[] = { "--size 3M --id old --pid --for", "--size 3M --id new",
                                         "--size 3M --seed 7 --id new --pid --for" };
    for (size_t i = 0; i < ROWS(flags); i++) {
        struct str log = loggen_read(flags[i]);
        size_t lines, known = text_check(log, &lines);
        if (known < lines / 10 * 7)
            fail_msg("%s: only %zu of %zu lines are known", flags[i], known, lines);
        free((char *)(uintptr_t)log.p);
    }
}

/* Every seed of a fuzz target. */
static void folder_check(const char *folder)
{
    static char bytes[1 << 18];
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (f == NULL)
            continue;
        size_t lines, n = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        text_check(str_make(bytes, n), &lines);
    }
    closedir(d);
}

static void test_corpora(void **state)
{
    (void)state;
    folder_check("fuzz/corpus/logline");
    folder_check("fuzz/corpus/logline_arrival");
    folder_check("fuzz/corpus/logline_delivery");
    folder_check("fuzz/corpus/syslogjoin");
}

static uint32_t any(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

/* Known lines with a few bytes changed, put in, or cut off, mostly where the glance looks. */
static void test_changed(void **state)
{
    (void)state;
    static const char bytes[] = " -[]:.=<>*(cwd\"\\H0a+";
    uint64_t seed = 1;
    struct logline_hint hint = { .year = 0 };
    for (unsigned i = 0; i < 400000; i++) {
        char text[400];
        size_t n = (size_t)snprintf(text, sizeof text, "2025-02-14 18:12:33%s",
                                    cases[any(&seed, ROWS(cases))].text);
        for (unsigned changes = any(&seed, 3); changes > 0; changes--) {
            size_t at = any(&seed, any(&seed, 8) == 0 ? (uint32_t)n : n < 60 ? (uint32_t)n : 60);
            char c = any(&seed, 4) == 0 ? (char)any(&seed, 256) : bytes[any(&seed, sizeof bytes)];
            if (any(&seed, 4) == 0) {
                memmove(text + at + 1, text + at, n - at);
                n++;
            }
            text[at] = c;
        }
        if (any(&seed, 8) == 0)
            n = any(&seed, (uint32_t)n + 1);
        line_check(str_make(text, n), &hint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),   cmocka_unit_test(test_minutes),
        cmocka_unit_test(test_host),    cmocka_unit_test(test_holds),
        cmocka_unit_test(test_generated), cmocka_unit_test(test_corpora),
        cmocka_unit_test(test_changed),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
