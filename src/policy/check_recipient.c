/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_recipient - is there such an address here?
 *
 * The runner has asked the tables; this says what their answer leads to.
 * An address that no file names is refused. What an administrator wrote behind :fail:
 * or :defer: is said in his words, with his codes. Where no table speaks of the
 * domain, the MTA's own verification is the answer, if it was told.
 *
 * The MTA knows more than files do (routers of the administrator's own): an address
 * that it has verified is never refused because no file names it. Its "defer" is its
 * own to say.
 */
#include "policy/check.h"

#include <string.h>

#include "conf/conf.h"

static const char no_such_user[] = "No Such User Here"; /* cPanel's words: log parsers know them */

static void pass(struct check_run *run, const char *words)
{
    run->result->words = str_c(words);
    check_done(run, CHECK_PASS);
}

static void skip(struct check_run *run, const char *words)
{
    run->result->words = str_c(words);
    check_done(run, CHECK_SKIPPED);
}

static struct str source_text(struct check_run *run, const char *what)
{
    if (str_empty(run->recipient->source))
        return str_c(what);
    return check_text(run, "%s, %.*s", what, STR_ARG(run->recipient->source));
}

static void hit_unknown(struct check_run *run, struct str words)
{
    struct check_result *r = run->result;
    (void)str_copy(r->mode == MODE_DEFER ? STR("4.1.1") : STR("5.1.1"), r->status,
                   sizeof r->status);
    r->reply = str_c(no_such_user);
    r->words = words;
    check_done(run, CHECK_HIT);
}

/* What stands behind :fail: or :defer:. Where a :fail: is only deferred its codes do not fit. */
static void hit_written(struct check_run *run, enum check_mode mode, const char *fallback)
{
    const struct recipient *to = run->recipient;
    struct check_result *r = run->result;
    if (mode < r->mode)
        r->mode = mode;
    unsigned class = mode == MODE_DEFER || r->mode == MODE_DEFER ? 4 : 5;
    if (to->code / 100 == class) {
        r->code = to->code;
        memcpy(r->status, to->status, sizeof r->status);
    }
    if (r->status[0] == '\0')
        (void)str_copy(class == 4 ? STR("4.1.1") : STR("5.1.1"), r->status, sizeof r->status);
    r->reply = str_empty(to->text) ? str_c(fallback) : to->text;
    r->words = source_text(run, mode == MODE_REFUSE ? ":fail:" : ":defer:");
    check_done(run, CHECK_HIT);
}

/* The tables do not know: does the MTA? */
static void ask_mta(struct check_run *run, const char *otherwise)
{
    enum rcpt_verified verified = run->envelope->verified;
    if (!run->parts->conf->recipient.trust_mta)
        verified = VERIFIED_UNKNOWN;
    switch (verified) {
    case VERIFIED_YES:
        pass(run, "verified by the MTA");
        return;
    case VERIFIED_NO:
        hit_unknown(run, STR("the MTA's verification failed"));
        return;
    case VERIFIED_DEFER:
        skip(run, "the MTA could not verify it now");
        return;
    case VERIFIED_UNKNOWN:
        skip(run, otherwise);
        return;
    }
}

static void unknown(struct check_run *run)
{
    if (run->envelope->verified == VERIFIED_YES && run->parts->conf->recipient.trust_mta)
        pass(run, "in no file, but verified by the MTA");
    else
        hit_unknown(run, source_text(run, "unknown"));
}

static void start(struct check_run *run)
{
    switch (run->recipient->state) {
    case RECIPIENT_NO_TABLE:
        ask_mta(run, "no table of the domain");
        return;
    case RECIPIENT_FOREIGN:
        skip(run, "the domain is not ours");
        return;
    case RECIPIENT_BACKUP:
        ask_mta(run, "backup MX: its recipients are not known here");
        return;
    case RECIPIENT_VALID:
        pass(run, "");
        return;
    case RECIPIENT_CATCHALL:
        run->result->words = source_text(run, "catch-all");
        check_done(run, CHECK_PASS);
        return;
    case RECIPIENT_BLACKHOLE:
        run->result->words = source_text(run, ":blackhole:");
        check_done(run, CHECK_PASS);
        return;
    case RECIPIENT_UNKNOWN:
        unknown(run);
        return;
    case RECIPIENT_FAIL:
        hit_written(run, MODE_REFUSE, no_such_user);
        return;
    case RECIPIENT_DEFER:
        hit_written(run, MODE_DEFER, "this address takes no mail at the moment");
        return;
    }
}

const struct check_ops check_recipient = {
    .name = "recipient",
    .id = CHECK_RECIPIENT,
    .from = STAGE_RCPT,
    .phase = 0,
    .start = start,
};
