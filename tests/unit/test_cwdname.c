/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cwdname - names of directories are not believed, and nothing else is lost
 *
 * Each row of the table is a piece of a log, one line after the other, with what
 * must become of each: a line, a part of a name, or the end of one, which is then
 * read with all that belongs to it. Then the same in blocks cut everywhere, and from
 * the middle of a file.
 */
#define _GNU_SOURCE
#include "trace/cwdname.h"

#include "logmake.h"

#define AT "2026-11-23 10:00:00 "
#define EVIL "cwd=/home/evil/"
#define VICTIM "cwd=/home/victim 3 args: sendmail -t -i"
#define IDLE "2 args: sendmail -bp"
#define ARRIVAL "1xVRGa-0005Ti-00 <= victim@barfoo.com H=(x) [203.0.113.7] A=plain:victim S=1"
#define LINES 8

/* The fate of a line is the letter before it: `+` a line, `-` a part of a name, `*` the end of a
 * name, `?` a line that may be a part of one. */
static const struct row {
    const char *name;
    const char *lines[LINES];
} rows[] = {
    { "nothing of the kind",
      { "+" AT "[7] " VICTIM, "+" AT "[7] " ARRIVAL, "+" AT "[8] " VICTIM } },
    { "open", { "-" AT "[7] " EVIL "a", "-" AT "[7] " ARRIVAL, "-", "-words",
                "*" AT "[7] " VICTIM, "+" AT "[7] " ARRIVAL } },
    { "open, the end is no line",
      { "-" AT EVIL "a", "*words 3 args: sendmail -t -i", "+" AT ARRIVAL } },
    { "open, without pids", { "-" AT EVIL "a", "-" AT ARRIVAL, "*" AT VICTIM, "+" AT ARRIVAL } },
    { "open, and ends that are none",
      { "-" AT EVIL "a9 args:", "-" AT EVIL "b 9 args:x", "-x args: 1", "*" AT VICTIM } },
    { "whole, then one more", { "+" AT "[7] " EVIL "a " IDLE, "*" AT "[7] " VICTIM } },
    { "whole, then one of another pid, then one more",
      { "+" AT "[7] " EVIL "a " IDLE, "+" AT "[8] " EVIL "a " IDLE, "*" AT "[7] " VICTIM } },
    { "closed early", { "-" AT "[7] " EVIL "a", "*" AT "[8] " EVIL "a " IDLE,
                        "+" AT "[9] " EVIL "a " IDLE, "*" AT "[7] " VICTIM } },
    { "whole, then open", { "+" AT "[7] " EVIL "a " IDLE, "-" AT "[7] " EVIL "b",
                            "-" AT "[9] " ARRIVAL, "*" AT "[7] " VICTIM } },
    { "the same twice",
      { "+" AT "[7] " EVIL "a " IDLE, "*" AT "[7] " VICTIM, "*" AT "[7] " VICTIM } },
    { "a log in which all stands twice",
      { "+" AT "[7] " VICTIM, "+" AT "[7] " VICTIM, "+" AT "[8] " VICTIM, "+" AT "[8] " VICTIM } },
    { "doubt without pids",
      { "+" AT VICTIM, "+" AT EVIL "a " IDLE, "+" AT ARRIVAL, "?" AT VICTIM, "?" AT VICTIM } },
    { "doubt behind a session", { "+" AT EVIL "a 2 args: sendmail -bs", "?" AT VICTIM } },
    { "doubt behind a name", { "-" AT EVIL "a", "*" AT EVIL "b 3 args: sendmail -t -i",
                               "+" AT ARRIVAL, "?" AT VICTIM } },
    { "no doubt behind Exim's own",
      { "+" AT "cwd=/var/spool/exim4 3 args: exim4 -Mc 1xVRGa-0005Ti-00",
        "+" AT "cwd=/ 2 args: exim -bp", "+" AT VICTIM } },
    { "no doubt with pids", { "+" AT "[7] " EVIL "a " IDLE, "+" AT "[8] " VICTIM } },
};

static struct cwdname *name_new(void)
{
    struct cwdname *n = calloc(1, sizeof *n);
    assert_non_null(n);
    n->weigh = true;
    return n;
}

/* What becomes of a line. A name must begin with the first line of all, and end with this one. */
static char fate_of(struct cwdname *n, struct str raw, struct str first)
{
    struct logline_hint hint = { .year = 0 };
    struct logline line;
    struct line_cwd c;
    if (cwdname_parse(n, &hint, raw, &line) != 0)
        return '-';
    if (line.raw.n == raw.n)
        return line.class == LINE_CWD && n->imitable ? '?' : '+';
    assert_false(n->imitable);
    assert_true(str_starts(line.raw, first) && str_ends(line.raw, raw));
    assert_int_equal(logline_cwd(&line, &c), 0);
    assert_true(str_starts(c.dir, STR("/home/evil/")));
    return '*';
}

/* The text of a row, and where its lines begin. */
struct piece {
    const struct row *row;
    struct buf b;
    struct str text;
    size_t starts[LINES + 1], count;
};

static void piece_init(struct piece *p, const struct row *row)
{
    size_t n = 0;
    buf_init(&p->b, 4096);
    for (; n < LINES && row->lines[n] != NULL; n++) {
        p->starts[n] = p->b.n;
        assert_int_equal(buf_addf(&p->b, "%s\n", row->lines[n] + 1), 0);
    }
    p->row = row;
    p->starts[n] = p->b.n;
    p->count = n;
    p->text = buf_str(&p->b);
}

static struct str piece_line(const struct piece *p, size_t i)
{
    return str_make(p->text.p + p->starts[i], p->starts[i + 1] - p->starts[i] - 1);
}

static void fates_check(const struct piece *p, struct cwdname *n, size_t from, size_t to)
{
    const struct row *row = p->row;
    for (size_t i = from; i < to; i++) {
        char fate = fate_of(n, piece_line(p, i), piece_line(p, 0)), wanted = row->lines[i][0];
        /* A complete line in the block before is out of sight. */
        if (fate == '-' && wanted == '*' && from > 0)
            continue;
        if (fate == '+' && wanted == '-')
            fail_msg("%s: line %zu of a block from %zu is believed", row->name, i, from);
        if (fate != wanted && !(from > 0 && str_starts(str_c(row->name), STR("a log in which"))))
            fail_msg("%s: line %zu, block from %zu: %c, not %c", row->name, i, from, fate, wanted);
    }
}

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct piece p;
        piece_init(&p, &rows[i]);
        for (size_t cut = 0; cut < p.count; cut++) {
            struct cwdname *n = name_new();
            if (cut > 0) {
                cwdname_block(n, str_head(p.text, p.starts[cut]));
                fates_check(&p, n, 0, cut);
            }
            cwdname_block(n, str_skip(p.text, p.starts[cut]));
            fates_check(&p, n, cut, p.count);
            free(n);
        }
        buf_fini(&p.b);
    }
}

/* A reader that looks at single lines finds the same parts of names. */
static void test_within(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct piece p;
        piece_init(&p, &rows[i]);
        for (size_t cut = 0; cut < p.count; cut++) {
            struct cwdname *n = name_new(), *all = name_new();
            cwdname_block(all, p.text);
            cwdname_block(n, str_head(p.text, p.starts[cut]));
            cwdname_tail(n);
            cwdname_block(n, str_skip(p.text, p.starts[cut]));
            for (size_t k = 0; k < p.count; k++) {
                bool open = all->open;
                fate_of(all, piece_line(&p, k), piece_line(&p, 0));
                if (k >= cut && cwdname_within(n, piece_line(&p, k)) != open)
                    fail_msg("%s: line %zu, cut at %zu", rows[i].name, k, cut);
            }
            free(n);
            free(all);
        }
        buf_fini(&p.b);
    }
}

static void filler(struct buf *b, size_t bytes)
{
    while (bytes >= 40) {
        buf_addf(b, AT "no queue runner %4zu\n", bytes % 10000);
        bytes -= 41 > bytes ? bytes : 41;
    }
}

/* The fate of the last line when so many bytes stand between it and the first. */
static char fate_behind(const char *before, size_t bytes, const char *last)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_addf(&b, "%s\n", before);
    filler(&b, bytes);
    buf_addf(&b, "%s", last);
    struct cwdname *n = name_new();
    struct str rest = buf_str(&b), raw = STR(""), first = str_c(before);
    char fate = ' ';
    cwdname_block(n, rest);
    while (rest.n > 0) {
        raw = str_cut(&rest, '\n');
        fate = fate_of(n, raw, first);
    }
    free(n);
    buf_fini(&b);
    return fate;
}

/* Nothing of what others wrote later is lost. */
static void test_reach(void **state)
{
    (void)state;
    assert_int_equal(fate_behind(AT "[7] " EVIL "a", 7900, AT "[7] " VICTIM), '*');
    assert_int_equal(fate_behind(AT "[7] " EVIL "a", 8192, AT "[7] " VICTIM), '+');
    assert_int_equal(fate_behind(AT "[7] " EVIL "a " IDLE, 7900, AT "[7] " VICTIM), '*');
    assert_int_equal(fate_behind(AT "[7] " EVIL "a " IDLE, 8192, AT "[7] " VICTIM), '+');
    assert_int_equal(fate_behind(AT EVIL "a " IDLE, 7900, AT VICTIM), '?');
    assert_int_equal(fate_behind(AT EVIL "a " IDLE, 8192, AT VICTIM), '+');
}

/* Many cwd lines in between push none out. */
static void test_crowd(void **state)
{
    (void)state;
    struct buf b;
    struct cwdname *n = name_new();
    buf_init(&b, 1 << 20);
    buf_addf(&b, AT "[7] " EVIL "a " IDLE "\n");
    for (unsigned i = 0; i < 180; i++)
        buf_addf(&b, AT "[%u] cwd= 1 args:\n", 100 + i);
    assert_true(b.n < CWDNAME_MAX - 100);
    buf_addf(&b, AT "[7] " VICTIM "\n");
    struct str rest = buf_str(&b), first = str_make(b.p, strlen(AT "[7] " EVIL "a " IDLE));
    char fate = ' ';
    cwdname_block(n, rest);
    while (rest.n > 0)
        fate = fate_of(n, str_cut(&rest, '\n'), first);
    assert_int_equal(fate, '*');
    free(n);
    buf_fini(&b);
}

/* Reading begins within a name: what stands before is looked at. */
static void test_enter(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct piece p;
        struct err err;
        struct logfile *f;
        piece_init(&p, &rows[i]);
        assert_int_equal(logfile_open(logmake_file("mainlog", p.text), &f, &err), 0);
        for (size_t cut = 1; cut < p.count; cut++) {
            struct cwdname *n = name_new();
            cwdname_enter(n, f, p.starts[cut]);
            assert_true(n->weigh);
            cwdname_block(n, str_skip(p.text, p.starts[cut]));
            fates_check(&p, n, cut, p.count);
            free(n);
        }
        struct cwdname *n = name_new();
        cwdname_enter(n, f, 0);
        assert_true(n->count == 0 && !n->open);
        free(n);
        logfile_close(&f);
        buf_fini(&p.b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines), cmocka_unit_test(test_within), cmocka_unit_test(test_reach),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test_setup_teardown(test_enter, logmake_setup, logmake_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
