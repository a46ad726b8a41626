/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_smtpreply - replies of SMTP servers, good and bad
 *
 * One table; its bad rows are those that Exim's own test suite tries on callouts.
 */
#include "unit.h"

#include "base/buf.h"
#include "mail/smtpreply.h"

/* Replies as real servers give them, and those of Exim's test 0474 that are none. */
static const struct {
    const char *in;
    int got;
    unsigned code, lines;
    const char *status, *text;
    size_t left;
} rows[] = {
    { "250 OK\r\n", 1, 250, 1, "", "OK", 0 },
    { "250 OK\n", 1, 250, 1, "", "OK", 0 },
    { "250\r\n", 1, 250, 1, "", "", 0 },
    { "250 \r\n", 1, 250, 1, "", "", 0 },
    { "550 5.1.1 no such user\r\n", 1, 550, 1, "5.1.1", "no such user", 0 },
    { "550 5.1.1\r\n", 1, 550, 1, "5.1.1", "", 0 },
    { "550 5.1.1x no\r\n", 1, 550, 1, "", "5.1.1x no", 0 },
    { "550 5.1234.1 no\r\n", 1, 550, 1, "", "5.1234.1 no", 0 },
    { "550 3.1.1 no\r\n", 1, 550, 1, "", "3.1.1 no", 0 },
    { "250-one\r\n250-two\r\n250 three\r\n", 1, 250, 3, "", "three", 0 },
    { "220 hi\r\n250 next\r\n", 1, 220, 1, "", "hi", 10 },
    { "250-one\r\n", 0, 0, 0, "", "", 9 },
    { "25", 0, 0, 0, "", "", 2 },
    { "", 0, 0, 0, "", "", 0 },
    { "250-one\r\n251 two\r\n", -1, 0, 0, "", "", 18 },
    { "25\r\n", -1, 0, 0, "", "", 4 },
    { "2500 OK\r\n", -1, 0, 0, "", "", 9 },
    { "650 OK\r\n", -1, 0, 0, "", "", 8 },
    { "199 OK\r\n", -1, 0, 0, "", "", 8 },
    { "2x0 OK\r\n", -1, 0, 0, "", "", 8 },
    { "260 OK\r\n", -1, 0, 0, "", "", 8 },
    { "hello\r\n", -1, 0, 0, "", "", 7 },
    { "\r\n", -1, 0, 0, "", "", 2 },
};

static void reads_replies(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str in = str_c(rows[i].in);
        struct smtpreply r = { 0 };
        int got = smtpreply_next(&in, &r);
        if (got != rows[i].got || in.n != rows[i].left || r.code != rows[i].code ||
            r.lines != rows[i].lines || !str_eq(r.status, str_c(rows[i].status)) ||
            !str_eq(r.text, str_c(rows[i].text)))
            fail_msg("row %zu %s: got %d, code %u, text %.*s", i, rows[i].in, got, r.code,
                     STR_ARG(r.text));
    }
}

static void has_ceilings(void **unused)
{
    struct buf b;
    struct smtpreply r;
    (void)unused;
    buf_init(&b, 200000);
    for (unsigned i = 0; i < SMTPREPLY_LINE_MAX + 1; i++)
        buf_add_c(&b, '2');
    struct str in = buf_str(&b);
    assert_int_equal(smtpreply_next(&in, &r), -1);
    buf_reset(&b);
    for (unsigned i = 0; i <= SMTPREPLY_LINES_MAX; i++)
        buf_add(&b, STR("250-x\r\n"));
    in = buf_str(&b);
    assert_int_equal(smtpreply_next(&in, &r), -1);
    buf_fini(&b);
}

static void finds_keywords(void **unused)
{
    struct str in = STR("250-host STARTTLS\r\n250-SIZE 1000\r\n250 PIPELINING\r\n");
    struct smtpreply r;
    (void)unused;
    assert_int_equal(smtpreply_next(&in, &r), 1);
    assert_true(smtpreply_has_keyword(&r, STR("size")));
    assert_true(smtpreply_has_keyword(&r, STR("PIPELINING")));
    assert_false(smtpreply_has_keyword(&r, STR("STARTTLS")));
    assert_false(smtpreply_has_keyword(&r, STR("PIPE")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_replies),
        cmocka_unit_test(has_ceilings),
        cmocka_unit_test(finds_keywords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
