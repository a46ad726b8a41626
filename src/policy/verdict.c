/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict - what the checks come to, and all that is to be said of it
 *
 * The names of checks, states, modes and actions are part of the log's
 * interface (posternd(8)): they may be added to, never changed.
 */
#include "policy/verdict.h"

#include <stdio.h>

#include "base/log.h"
#include "mail/ip.h"
#include "policy/session.h"

const char *const check_names[CHECK_COUNT] = {
    [CHECK_BAN] = "ban",
    [CHECK_RELAY] = "relay",
    [CHECK_RECIPIENT] = "recipient",
    [CHECK_HELO] = "helo",
    [CHECK_DNSBL] = "dnsbl",
    [CHECK_SENDER] = "sender",
    [CHECK_DICTIONARY] = "dictionary",
    [CHECK_CALLOUT] = "callout",
};

const char *const check_state_names[] = {
    [CHECK_NOT_RUN] = "not-run",
    [CHECK_SKIPPED] = "skipped",
    [CHECK_PASS] = "pass",
    [CHECK_HIT] = "hit",
    [CHECK_LATE] = "late",
    [CHECK_BROKEN] = "broken",
};

const char *const check_mode_names[] = {
    [MODE_OFF] = "off",
    [MODE_OBSERVE] = "observe",
    [MODE_TAG] = "tag",
    [MODE_DEFER] = "defer",
    [MODE_REFUSE] = "refuse",
};

const char *const verdict_action_names[] = {
    [VERDICT_PASS] = "pass",
    [VERDICT_TAG] = "tag",
    [VERDICT_DEFER] = "defer",
    [VERDICT_REFUSE] = "refuse",
};

const char *const envelope_stage_names[] = {
    [STAGE_CONNECT] = "connect",
    [STAGE_HELO] = "helo",
    [STAGE_MAIL] = "mail",
    [STAGE_RCPT] = "rcpt",
    [STAGE_END] = "end",
};

static void envelope_fields(struct log_line *l, const struct envelope *e)
{
    char ip[IP_TEXT_MAX];
    log_c(l, "stage", envelope_stage_names[e->stage]);
    if (e->has_client)
        log_c(l, "client", ip_format(&e->client, ip));
    if (e->client_name.n > 0)
        log_str(l, "name", e->client_name);
    if (e->helo.n > 0)
        log_str(l, "helo", e->helo);
    if (e->has_sender)
        log_str(l, "from", e->sender);
    if (e->recipient.n > 0)
        log_str(l, "to", e->recipient);
    if (e->dry)
        log_c(l, "dry", "yes");
}

/* NAME=STATE/MICROSECONDS, and what it found as NAME-words=. A hit of observe mode shows there as
 * `would`. Why a check was skipped is left to `postern ask`: it would be in every line. */
static void check_fields(struct log_line *l, enum check_id id, const struct check_result *r)
{
    char key[32];
    bool would = r->state == CHECK_HIT && r->mode == MODE_OBSERVE;
    if (r->state == CHECK_NOT_RUN)
        return;
    log_c_u64(l, check_names[id], would ? "would" : check_state_names[r->state], r->usec);
    if (r->words.n == 0 || r->state == CHECK_SKIPPED)
        return;
    snprintf(key, sizeof key, "%s-words", check_names[id]);
    log_str(l, key, r->words);
}

static enum log_level level_of(const struct envelope *e, const struct verdict *v)
{
    if (v->action >= VERDICT_DEFER)
        return LOG_LEVEL_NOTICE;
    return e->stage == STAGE_RCPT ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

void verdict_log(const struct envelope *e, const struct verdict *v)
{
    struct log_line l;
    log_begin(&l, level_of(e, v), "decision");
    if (!l.wanted)
        return;
    log_c(&l, "action", verdict_action_names[v->action]);
    envelope_fields(&l, e);
    if (v->exempt.n > 0)
        log_str(&l, "exempt", v->exempt);
    if (v->by < CHECK_COUNT)
        log_c(&l, "by", check_names[v->by]);
    if (v->code != 0) {
        log_u64(&l, "code", v->code);
        log_c(&l, "status", v->status);
    }
    if (v->drop)
        log_c(&l, "drop", "yes");
    if (v->text.n > 0)
        log_str(&l, "text", v->text);
    for (int i = 0; i < CHECK_COUNT; i++)
        check_fields(&l, (enum check_id)i, &v->checks[i]);
    log_u64(&l, "usec", v->usec);
    log_end(&l);
}

void session_log(const struct envelope *e, const struct session *s)
{
    struct log_line l;
    char ip[IP_TEXT_MAX];
    if (s->recipients == 0 && e->rcpt_count == 0)
        return;
    log_begin(&l, LOG_LEVEL_INFO, "session");
    if (e->has_client)
        log_c(&l, "client", ip_format(&e->client, ip));
    log_u64(&l, "recipients", s->recipients);
    log_u64(&l, "good", s->good);
    log_u64(&l, "unknown", s->unknown);
    log_u64(&l, "deferred", s->deferred);
    log_u64(&l, "refused", s->refused);
    log_u64(&l, "mta-recipients", e->rcpt_count);
    log_u64(&l, "mta-failed", e->rcpt_fail_count);
    if (e->end_reason.n > 0)
        log_str(&l, "reason", e->end_reason);
    log_end(&l);
}
