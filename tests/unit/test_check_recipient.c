/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_check_recipient - from what tables and the MTA say to what the client is told
 *
 * The two checks that only translate: recipient and relay. The runner is not here; what a check
 * needs of it stands below, so a row is one answer of the tables and one result.
 */
#include "policy/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "conf/conf.h"
#include "unit.h"

static struct check_run run;
static struct check_result result;
static struct envelope envelope;
static struct recipient recipient;
static struct policy_parts parts;
static struct conf conf;
static unsigned answers;

void check_done(struct check_run *r, enum check_state state)
{
    assert_ptr_equal(r, &run);
    result.state = state;
    answers++;
}

struct str check_text(struct check_run *r, const char *fmt, ...)
{
    static char text[1000];
    va_list args;
    (void)r;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return str_c(text);
}

struct row {
    enum recipient_state state;
    enum rcpt_verified verified;
    enum check_mode mode;        /* configured */
    unsigned code;               /* of the table's text */
    const char *status, *text;
    enum check_state result;
    enum check_mode result_mode;
    unsigned result_code;
    const char *result_status, *reply;
};

static void ask(const struct check_ops *ops, const struct row *row)
{
    result = (struct check_result){ .mode = row->mode, .reply = STR(""), .words = STR("") };
    recipient = (struct recipient){ .state = row->state, .code = row->code,
                                    .text = str_c(row->text), .source = STR("/etc/aliases") };
    if (row->status != NULL)
        assert_int_equal(str_copy(str_c(row->status), recipient.status, sizeof recipient.status), 0);
    envelope.verified = row->verified;
    run = (struct check_run){ .ops = ops, .parts = &parts, .envelope = &envelope,
                              .recipient = &recipient, .result = &result };
    parts.conf = &conf;
    answers = 0;
    ops->start(&run);
    assert_int_equal(answers, 1);
}

static void check_row(const struct row *row, size_t i)
{
    ask(&check_recipient, row);
    if (result.state != row->result)
        fail_msg("row %zu: state %d", i, result.state);
    if (result.state != CHECK_HIT)
        return;
    if (result.mode != row->result_mode || result.code != row->result_code ||
        strcmp(result.status, row->result_status) != 0 || !str_eq(result.reply, str_c(row->reply)))
        fail_msg("row %zu: mode %d, %u %s %.*s", i, result.mode, result.code, result.status,
                 STR_ARG(result.reply));
    assert_true(result.words.n > 0);
}

#define NSU "No Such User Here"

static void test_recipient(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { RECIPIENT_VALID, 0, MODE_REFUSE, 0, NULL, NULL, CHECK_PASS, 0, 0, NULL, NULL },
        { RECIPIENT_VALID, VERIFIED_NO, MODE_REFUSE, 0, NULL, NULL, CHECK_PASS, 0, 0, NULL, NULL },
        { RECIPIENT_CATCHALL, 0, MODE_REFUSE, 0, NULL, NULL, CHECK_PASS, 0, 0, NULL, NULL },
        { RECIPIENT_BLACKHOLE, 0, MODE_REFUSE, 0, NULL, NULL, CHECK_PASS, 0, 0, NULL, NULL },
        { RECIPIENT_FOREIGN, 0, MODE_REFUSE, 0, NULL, NULL, CHECK_SKIPPED, 0, 0, NULL, NULL },
        { RECIPIENT_NO_TABLE, 0, MODE_REFUSE, 0, NULL, NULL, CHECK_SKIPPED, 0, 0, NULL, NULL },
        { RECIPIENT_NO_TABLE, VERIFIED_YES, MODE_REFUSE, 0, NULL, NULL, CHECK_PASS, 0, 0, NULL, NULL },
        { RECIPIENT_NO_TABLE, VERIFIED_DEFER, MODE_REFUSE, 0, NULL, NULL, CHECK_SKIPPED, 0, 0, NULL, NULL },
        { RECIPIENT_NO_TABLE, VERIFIED_NO, MODE_REFUSE, 0, NULL, NULL, CHECK_HIT, MODE_REFUSE, 0, "5.1.1", NSU },
        { RECIPIENT_BACKUP, 0, MODE_REFUSE, 0, NULL, NULL, CHECK_SKIPPED, 0, 0, NULL, NULL },
        { RECIPIENT_BACKUP, VERIFIED_NO, MODE_REFUSE, 0, NULL, NULL, CHECK_HIT, MODE_REFUSE, 0, "5.1.1", NSU },
        { RECIPIENT_UNKNOWN, 0, MODE_REFUSE, 0, NULL, NULL, CHECK_HIT, MODE_REFUSE, 0, "5.1.1", NSU },
        { RECIPIENT_UNKNOWN, VERIFIED_NO, MODE_TAG, 0, NULL, NULL, CHECK_HIT, MODE_TAG, 0, "5.1.1", NSU },
        { RECIPIENT_UNKNOWN, 0, MODE_DEFER, 0, NULL, NULL, CHECK_HIT, MODE_DEFER, 0, "4.1.1", NSU },
        { RECIPIENT_UNKNOWN, VERIFIED_YES, MODE_REFUSE, 0, NULL, NULL, CHECK_PASS, 0, 0, NULL, NULL },
        { RECIPIENT_FAIL, 0, MODE_REFUSE, 551, "5.1.6", "gone", CHECK_HIT, MODE_REFUSE, 551, "5.1.6", "gone" },
        { RECIPIENT_FAIL, 0, MODE_REFUSE, 0, NULL, "gone", CHECK_HIT, MODE_REFUSE, 0, "5.1.1", "gone" },
        { RECIPIENT_FAIL, 0, MODE_REFUSE, 0, NULL, "", CHECK_HIT, MODE_REFUSE, 0, "5.1.1", NSU },
        { RECIPIENT_FAIL, VERIFIED_YES, MODE_REFUSE, 0, NULL, "x", CHECK_HIT, MODE_REFUSE, 0, "5.1.1", "x" },
        { RECIPIENT_FAIL, 0, MODE_DEFER, 551, "5.1.6", "gone", CHECK_HIT, MODE_DEFER, 0, "4.1.1", "gone" },
        { RECIPIENT_FAIL, 0, MODE_OBSERVE, 551, "5.1.6", "gone", CHECK_HIT, MODE_OBSERVE, 551, "5.1.6", "gone" },
        { RECIPIENT_DEFER, 0, MODE_REFUSE, 451, "4.2.1", "later", CHECK_HIT, MODE_DEFER, 451, "4.2.1", "later" },
        { RECIPIENT_DEFER, 0, MODE_REFUSE, 0, NULL, "later", CHECK_HIT, MODE_DEFER, 0, "4.1.1", "later" },
        { RECIPIENT_DEFER, 0, MODE_TAG, 450, "4.2.1", "later", CHECK_HIT, MODE_TAG, 450, "4.2.1", "later" },
        { RECIPIENT_DEFER, 0, MODE_OBSERVE, 0, NULL, "later", CHECK_HIT, MODE_OBSERVE, 0, "4.1.1", "later" },
    };
    conf.recipient.trust_mta = true;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_row(&rows[i], i);
}

static void test_untrusted(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { RECIPIENT_NO_TABLE, VERIFIED_NO, MODE_REFUSE, 0, NULL, NULL, CHECK_SKIPPED, 0, 0, NULL, NULL },
        { RECIPIENT_NO_TABLE, VERIFIED_YES, MODE_REFUSE, 0, NULL, NULL, CHECK_SKIPPED, 0, 0, NULL, NULL },
        { RECIPIENT_UNKNOWN, VERIFIED_YES, MODE_REFUSE, 0, NULL, NULL, CHECK_HIT, MODE_REFUSE, 0, "5.1.1", NSU },
    };
    conf.recipient.trust_mta = false;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_row(&rows[i], i);
}

static void test_relay(void **state)
{
    (void)state;
    static const struct {
        enum recipient_state state;
        enum rcpt_verified verified;
        bool authenticated, relay;
        enum check_state result;
    } rows[] = {
        { RECIPIENT_FOREIGN, VERIFIED_UNKNOWN, false, false, CHECK_HIT },
        { RECIPIENT_FOREIGN, VERIFIED_NO, false, false, CHECK_HIT },
        { RECIPIENT_FOREIGN, VERIFIED_YES, false, false, CHECK_PASS },
        { RECIPIENT_FOREIGN, VERIFIED_UNKNOWN, true, false, CHECK_PASS },
        { RECIPIENT_FOREIGN, VERIFIED_UNKNOWN, false, true, CHECK_PASS },
        { RECIPIENT_NO_TABLE, VERIFIED_UNKNOWN, false, false, CHECK_SKIPPED },
        { RECIPIENT_BACKUP, VERIFIED_UNKNOWN, false, false, CHECK_PASS },
        { RECIPIENT_UNKNOWN, VERIFIED_UNKNOWN, false, false, CHECK_PASS },
        { RECIPIENT_VALID, VERIFIED_UNKNOWN, false, false, CHECK_PASS },
    };
    conf.recipient.trust_mta = true;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct row row = { .state = rows[i].state, .verified = rows[i].verified,
                           .mode = MODE_REFUSE, .text = "" };
        envelope.authenticated = rows[i].authenticated;
        envelope.relay = rows[i].relay;
        ask(&check_relay, &row);
        if (result.state != rows[i].result)
            fail_msg("row %zu: state %d", i, result.state);
        if (result.state == CHECK_HIT)
            assert_str(result.reply, "relay not permitted");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recipient), cmocka_unit_test(test_untrusted),
        cmocka_unit_test(test_relay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
