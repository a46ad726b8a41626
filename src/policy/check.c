/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check - what every check may use of its run
 *
 * Texts in the arena of the run, and what the recipient comes to: each question
 * has one answer here, so that the counting of good and unknown recipients, the
 * recipient check and the callouts cannot differ. The runner is policy.c.
 */
#include "policy/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "conf/conf.h"
#include "mail/ip.h"

#define CHECK_TEXT_MAX 900u

struct str check_text(struct check_run *run, const char *fmt, ...)
{
    char text[CHECK_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0)
        return STR("");
    return arena_str(run->arena, str_head(str_c(text), (size_t)n));
}

struct str check_host(struct check_run *run)
{
    char address[IP_TEXT_MAX];
    struct str name = run->envelope->client_name;
    ip_format(&run->envelope->client, address);
    if (name.n == 0)
        return check_text(run, "[%s]", address);
    return check_text(run, "%.*s [%s]", STR_ARG(name), address);
}

bool check_recipient_good(const struct check_run *run)
{
    enum recipient_state s = run->recipient->state;
    if (s == RECIPIENT_NO_TABLE)
        return run->envelope->verified == VERIFIED_YES && run->parts->conf->recipient.trust_mta;
    return s == RECIPIENT_VALID;
}

bool check_recipient_unknown(const struct check_run *run)
{
    enum recipient_state s = run->recipient->state;
    bool trust = run->parts->conf->recipient.trust_mta;
    if (s == RECIPIENT_NO_TABLE || s == RECIPIENT_BACKUP)
        return run->envelope->verified == VERIFIED_NO && trust;
    if (s == RECIPIENT_UNKNOWN && run->envelope->verified == VERIFIED_YES && trust)
        return false;                    /* the MTA knows more than files: see check_recipient */
    return s == RECIPIENT_UNKNOWN || s == RECIPIENT_FAIL;
}

bool check_turned_away(const struct check_run *run)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (run->results[i].state == CHECK_HIT && run->results[i].mode >= MODE_DEFER)
            return true;
    }
    return false;
}
