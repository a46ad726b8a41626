/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_reply - the lines that an MTA acts on, whatever the texts in them hold
 *
 * A text may come from a DNS list, from a customer's alias file or from a client: the rows
 * hold what would end the reply early, forge another action, or reach a terminal.
 */
#include "door/reply.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static void test_rows(void **state)
{
    (void)state;
    static const struct { struct verdict v; const char *out; } rows[] = {
        { { .action = VERDICT_PASS, .text = STR_INIT("unused") }, "DUNNO" },
        { { .action = VERDICT_REFUSE, .code = 550, .status = "5.7.1",
            .text = STR_INIT("192.0.2.7 is listed in zen.example") },
          "550 5.7.1 192.0.2.7 is listed in zen.example" },
        { { .action = VERDICT_REFUSE, .code = 525, .status = "5.7.13", .text = STR_INIT("x") },
          "525 5.7.13 x" },
        { { .action = VERDICT_DEFER, .code = 451, .status = "4.4.3", .text = STR_INIT("later") },
          "451 4.4.3 later" },
        { { .action = VERDICT_REFUSE, .text = STR_INIT("no code") }, "550 5.7.1 no code" },
        { { .action = VERDICT_DEFER, .text = STR_INIT("no code") }, "451 4.7.1 no code" },
        { { .action = VERDICT_REFUSE, .code = 550, .status = "5.1.1", .drop = true,
            .text = STR_INIT("banned") }, "521 5.1.1 banned" },
        { { .action = VERDICT_DEFER, .code = 450, .status = "4.7.1", .drop = true,
            .text = STR_INIT("slow down") }, "421 4.7.1 slow down" },
        { { .action = VERDICT_TAG, .text = STR_INIT("helo: no dot") },
          "PREPEND X-Postern: helo: no dot" },
        /* a code or a status of the wrong class never gets out */
        { { .action = VERDICT_REFUSE, .code = 250, .status = "2.0.0", .text = STR_INIT("x") },
          "550 5.7.1 x" },
        { { .action = VERDICT_DEFER, .code = 550, .status = "5.1.1", .text = STR_INIT("x") },
          "451 4.7.1 x" },
        { { .action = VERDICT_REFUSE, .code = 5500, .status = "5.x\n1", .text = STR_INIT("x") },
          "550 5.7.1 x" },
        { { .action = (enum verdict_action)77, .text = STR_INIT("x") }, "DUNNO" },
        /* texts from outside */
        { { .action = VERDICT_REFUSE, .text = STR_INIT("a\naction=OK\n\n") },
          "550 5.7.1 a\\x0aaction=OK" },
        { { .action = VERDICT_REFUSE, .text = STR_INIT("\x1b[2J\r\0gr\xc3\xbc\xc3\x9f") },
          "550 5.7.1 \\x1b[2J\\x0d\\x00gr\\xc3\\xbc\\xc3\\x9f" },
        { { .action = VERDICT_REFUSE, .text = STR_INIT("") }, "550 5.7.1 not accepted here" },
        { { .action = VERDICT_TAG, .text = STR_INIT("a\r\nBcc: x") },
          "PREPEND X-Postern: a\\x0d\\x0aBcc: x" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out, expected;
        buf_init(&out, REPLY_MAX);
        buf_init(&expected, REPLY_MAX);
        reply_add(&out, &rows[i].v);
        buf_addf(&expected, "action=%s\n\n", rows[i].out);
        if (buf_bad(&out) || !str_eq(buf_str(&out), buf_str(&expected)))
            fail_msg("row %zu: %s", i, buf_c(&out));
        buf_fini(&out);
        buf_fini(&expected);
    }
}

/* However long the text, the SMTP reply fits into the 512 bytes of RFC 5321. */
static void test_length(void **state)
{
    (void)state;
    static char text[5000];
    for (int fill = 0; fill < 2; fill++) {
        memset(text, fill == 0 ? 'x' : '\1', sizeof text);
        struct verdict v = { .action = VERDICT_REFUSE, .code = 550, .status = "5.7.1",
                             .text = str_make(text, sizeof text) };
        struct buf out;
        buf_init(&out, REPLY_MAX);
        reply_add(&out, &v);
        assert_false(buf_bad(&out));
        assert_true(out.n - strlen("action=") - 2 <= 510);
        assert_true(out.n > REPLY_TEXT_MAX);
        assert_true(str_ends(buf_str(&out), STR("\n\n")));
        assert_int_equal(str_find_c(buf_str(&out), '\n'), out.n - 2);
        buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
