/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy - the RCPT-stage decision: an envelope in, a verdict out
 *
 * An ask is a small machine with one step for each phase of checks. Whatever
 * happens (an answer, a time limit, the client's name) calls ask_go(), which
 * moves it on as far as it can. Numbers that are handed out hold an index, a
 * generation and the check, so that an answer that comes too late finds nobody.
 */
#include "policy/policy_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "policy/exempt.h"

#define ARENA_MAX ((size_t)128 * 1024)
#define SESSION_IDLE_MS ((int64_t)10 * 60 * 1000)
#define NAME_MS 2000u
#define OVERFLOW_LOG_MS 60000
#define CHEAP_MS 1000u           /* a limit also for checks that answer at once: none waits for ever
                                    */
#define CHECK_BITS 4u
#define INDEX_BITS 20u

_Static_assert(CHECK_COUNT <= 1u << CHECK_BITS, "a check's number fits");
_Static_assert(POLICY_ASKS_MAX < 1u << INDEX_BITS, "an index fits");

const struct check_ops *const policy_checks[CHECK_COUNT] = {
    [CHECK_BAN] = &check_ban,
    [CHECK_RELAY] = &check_relay,
    [CHECK_RECIPIENT] = &check_recipient,
    [CHECK_HELO] = &check_helo,
    [CHECK_DNSBL] = &check_dnsbl,
    [CHECK_SENDER] = &check_sender,
    [CHECK_DICTIONARY] = &check_dictionary,
    [CHECK_CALLOUT] = &check_callout,
};

/* --- what the settings say of a check --- */

static enum conf_mode strongest_helo(const struct conf_helo *h)
{
    const enum conf_mode modes[] = { h->own, h->no_dot, h->bare_ip, h->literal, h->evasion };
    enum conf_mode strongest = CONF_OFF;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        strongest = modes[i] > strongest ? modes[i] : strongest;
    return strongest;
}

static enum conf_mode strongest_sender(const struct conf_sender *s)
{
    enum conf_mode strongest = s->domain > s->null_mx ? s->domain : s->null_mx;
    return s->bogus_mx > strongest ? s->bogus_mx : strongest;
}

/* The mode of a check; of one that has several, the strongest: its hits set their own. */
static enum check_mode mode_of(const struct conf *c, enum check_id id)
{
    switch (id) {
    case CHECK_BAN: return (enum check_mode)c->ban.mode;
    case CHECK_RELAY: return (enum check_mode)c->relay.mode;
    case CHECK_RECIPIENT: return (enum check_mode)c->recipient.mode;
    case CHECK_HELO: return (enum check_mode)strongest_helo(&c->helo);
    case CHECK_DNSBL: return (enum check_mode)c->dnsbl.mode;
    case CHECK_SENDER: return (enum check_mode)strongest_sender(&c->sender);
    case CHECK_DICTIONARY: return (enum check_mode)c->dictionary.mode;
    case CHECK_CALLOUT: return (enum check_mode)c->callout.mode;
    case CHECK_COUNT: break;
    }
    return MODE_OFF;
}

static unsigned limit_ms(const struct conf *c, enum check_id id)
{
    switch (id) {
    case CHECK_DNSBL: return c->dnsbl.timeout_ms;
    case CHECK_SENDER: return c->sender.timeout_ms;
    case CHECK_CALLOUT: return c->callout.timeout_ms;
    default: return CHEAP_MS;
    }
}

/* --- numbers --- */

static struct ask *ask_of(struct policy *p, uint64_t id)
{
    uint32_t index = (uint32_t)(id >> CHECK_BITS) & ((1u << INDEX_BITS) - 1);
    if (index >= p->asks_max || p->asks[index] == NULL)
        return NULL;
    return p->asks[index]->id >> CHECK_BITS == id >> CHECK_BITS ? p->asks[index] : NULL;
}

struct check_run *check_find(struct policy *p, uint64_t id)
{
    struct ask *a = ask_of(p, id);
    unsigned check = id & ((1u << CHECK_BITS) - 1);
    if (a == NULL || check >= CHECK_COUNT || !a->slots[check].waiting)
        return NULL;
    return &a->slots[check].run;
}

/* --- a check: started, answered, given up --- */

static const struct str too_late = STR_INIT("no answer in its time");

static void ask_go(struct ask *a);

static void slot_end(struct ask *a, struct slot *s, enum check_state state)
{
    struct check_result *r = s->run.result;
    struct loop *l = a->policy->parts.loop;
    s->waiting = false;
    timer_cancel(l, &s->timer);
    r->state = state;
    a->clock_usec = loop_usec(l);
    r->usec = (uint32_t)(a->clock_usec - s->started_usec);
}

void check_done(struct check_run *run, enum check_state state)
{
    struct ask *a = ask_of(run->policy, run->id);
    must(a != NULL);
    struct slot *s = &a->slots[run->ops->id];
    must(s->waiting);
    slot_end(a, s, state);
    ask_go(a);
}

static void slot_cancel(struct ask *a, struct slot *s, enum check_state state, struct str words)
{
    if (s->run.ops->cancel != NULL)
        s->run.ops->cancel(&s->run);
    slot_end(a, s, state);
    s->run.result->words = words;
}

static void on_limit(void *ctx)
{
    struct slot *s = ctx;
    struct ask *a = ask_of(s->run.policy, s->run.id);
    slot_cancel(a, s, CHECK_LATE, too_late);
    ask_go(a);
}

static void slot_start(struct ask *a, enum check_id id)
{
    struct policy *p = a->policy;
    struct slot *s = &a->slots[id];
    s->waiting = true;
    s->started_usec = a->clock_usec;
    s->run.ops->start(&s->run);
    if (!s->waiting)
        return;                  /* and slot_end() has looked at the clock */
    timer_set(p->parts.loop, &s->timer, limit_ms(p->parts.conf, id), on_limit, s);
    a->clock_usec = loop_usec(p->parts.loop);
}

static bool slot_due(const struct ask *a, const struct check_ops *ops)
{
    enum envelope_stage stage = a->envelope.stage;
    if (a->verdict.checks[ops->id].mode == MODE_OFF || stage < ops->from)
        return false;
    return stage >= STAGE_RCPT || a->envelope.dry || ops->before_rcpt || ops->early;
}

/* Start what belongs to a phase. One begins where the last ended: the clock is asked once for
 * both. */
static void phase_start(struct ask *a, unsigned phase)
{
    a->clock_usec = loop_usec(a->policy->parts.loop);
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_ops *ops = policy_checks[i];
        if (ops->phase == phase && slot_due(a, ops))
            slot_start(a, (enum check_id)i);
    }
}

/* Not even begun: the outcome is known. */
static void phase_omit(struct ask *a, unsigned phase)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (policy_checks[i]->phase != phase || !slot_due(a, policy_checks[i]))
            continue;
        a->verdict.checks[i].state = CHECK_SKIPPED;
        a->verdict.checks[i].words = STR("decided already");
    }
}

static bool phase_waits(const struct ask *a)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (a->slots[i].waiting)
            return true;
    }
    return false;
}

static void phase_end(struct ask *a, enum check_state state, struct str why)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (a->slots[i].waiting)
            slot_cancel(a, &a->slots[i], state, why);
    }
}

static void phase_skip(struct ask *a, struct str why)
{
    phase_end(a, CHECK_SKIPPED, why);
}

/* --- the client's name --- */

static void on_name(void *ctx, struct str name, bool sure)
{
    struct ask *a = ctx;
    (void)sure;
    a->name_wanted = false;
    a->name = arena_str(a->arena, name);
    ask_go(a);
}

static bool list_has(const struct conf_strings *patterns, struct str name)
{
    for (size_t i = 0; name.n > 0 && i < patterns->n; i++) {
        if (fcrdns_matches(name, str_c(patterns->v[i])))
            return true;
    }
    return false;
}

/* Does anything depend on the name? An exemption if something has been hit or may be; the
 * dictionary, when the recipient is unknown; a callout that may still come, for who vouches. */
static bool name_needed(const struct ask *a)
{
    const struct conf *c = a->policy->parts.conf;
    const struct check_run *run = &a->slots[0].run;
    if (!a->envelope.has_client || a->name.n > 0 || a->policy->parts.resolver == NULL)
        return false;
    if (a->envelope.stage < STAGE_RCPT && !a->envelope.dry)
        return c->exempt.names.n > 0 && ask_strongest(a) > MODE_OFF;
    return c->exempt.names.n > 0 || a->envelope.dry ||
           (c->callout.mode != CONF_OFF && ask_strongest(a) < MODE_DEFER) ||
           (c->dictionary.vouched.n > 0 && check_recipient_unknown(run));
}

static void name_start(struct ask *a)
{
    struct fcrdns_asker asker = { on_name, a, NAME_MS };
    if (!name_needed(a))
        return;
    a->name_wanted = true;
    fcrdns_start(&a->fcrdns, a->policy->parts.resolver, &a->envelope.client, asker);
}

/* --- the end --- */

static void ask_free(struct ask *a)
{
    struct policy *p = a->policy;
    uint32_t index = (uint32_t)(a->id >> CHECK_BITS) & ((1u << INDEX_BITS) - 1);
    fcrdns_stop(&a->fcrdns);
    if (a->session != NULL)
        session_release(p->sessions, a->session);
    arena_free(&a->arena);
    p->asks[index] = NULL;
    p->free_index[p->free_count++] = index;
    p->open--;
    free(a);
}

static void session_count(struct ask *a)
{
    const struct check_run *run = &a->slots[0].run;
    struct session *s = a->session;
    if (s == NULL || a->envelope.dry || a->envelope.stage != STAGE_RCPT)
        return;
    s->recipients++;
    s->good += check_recipient_good(run);
    s->unknown += check_recipient_unknown(run);
    s->deferred += a->verdict.action == VERDICT_DEFER;
    s->refused += a->verdict.action == VERDICT_REFUSE;
}

static void ask_tell(struct ask *a)
{
    struct policy *p = a->policy;
    if (a->told)
        return;
    a->told = true;
    ask_decide(a);
    a->verdict.usec = (uint32_t)(loop_usec(p->parts.loop) - a->started_usec);
    ask_count(a);
    session_count(a);
    verdict_log(&a->envelope, &a->verdict);
    if (a->call != NULL)
        a->call(a->ctx, a->id, &a->envelope, &a->verdict);
}

/* --- the steps --- */

/* Nothing that is still open can change the outcome. */
static bool ask_decided(const struct ask *a)
{
    return !a->envelope.dry && ask_refused(a);
}

static bool step_slow(struct ask *a)
{
    a->step = ASK_WAIT;
    if (ask_decided(a)) {
        phase_omit(a, 1);
        name_start(a);
        return true;
    }
    phase_start(a, 1);
    name_start(a);
    return true;
}

/* Before RCPT the early ones only fill the caches: nobody waits for them. */
static void early_tell(struct ask *a)
{
    if (a->envelope.stage >= STAGE_RCPT || a->envelope.dry || a->told)
        return;
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (a->slots[i].waiting)
            a->verdict.checks[i].words = STR("begun early");
    }
    ask_tell(a);
}

static bool step_wait(struct ask *a)
{
    if (a->name_wanted)
        return false;
    if (a->name.n > 0 && a->verdict.exempt.n == 0)
        a->verdict.exempt = exempt_why_name(a->policy->parts.conf, a->name);
    if (a->verdict.exempt.n > 0 && !a->envelope.dry)
        phase_skip(a, STR("exempt"));
    if (ask_decided(a))
        phase_skip(a, STR("decided already"));
    early_tell(a);
    if (phase_waits(a))
        return false;
    a->step = ASK_LAST;
    return true;
}

static bool step_last(struct ask *a)
{
    const struct conf *c = a->policy->parts.conf;
    bool vouched = list_has(&c->dictionary.vouched, a->name) ||
                   a->verdict.checks[CHECK_DNSBL].score < 0;
    a->step = ASK_WAIT_LAST;
    for (int i = 0; i < CHECK_COUNT; i++) {
        a->slots[i].run.vouched = vouched;
        a->slots[i].run.name = a->name;
    }
    if (a->verdict.exempt.n == 0 || a->envelope.dry) {
        phase_start(a, 2);
        phase_start(a, 3);
    }
    return true;
}

static bool ask_advance(struct ask *a)
{
    switch (a->step) {
    case ASK_CHEAP:
        a->step = ASK_SLOW;
        if (a->verdict.exempt.n > 0 && !a->envelope.dry)
            a->step = ASK_DONE;
        else
            phase_start(a, 0);
        return true;
    case ASK_SLOW:
        return step_slow(a);
    case ASK_WAIT:
        return step_wait(a);
    case ASK_LAST:
        return step_last(a);
    case ASK_WAIT_LAST:
        if (phase_waits(a))
            return false;
        a->step = ASK_DONE;
        return true;
    case ASK_DONE:
        break;
    }
    return false;
}

static void ask_go(struct ask *a)
{
    if (a->stepping)
        return;
    a->stepping = true;
    while (ask_advance(a))
        ;
    a->stepping = false;
    if (a->step != ASK_DONE)
        return;
    ask_tell(a);
    ask_free(a);
}

/* --- the beginning --- */

static void envelope_copy(struct ask *a, const struct envelope *e)
{
    struct str *texts[] = { &a->envelope.client_name, &a->envelope.helo, &a->envelope.sender,
                            &a->envelope.recipient, &a->envelope.session };
    a->envelope = *e;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = arena_str(a->arena, *texts[i]);
    a->name = a->envelope.client_name;
}

static struct str lower(struct ask *a, struct str s)
{
    char *p = arena_alloc(a->arena, s.n);
    for (size_t i = 0; p != NULL && i < s.n; i++)
        p[i] = ascii_tolower(s.p[i]);
    return p == NULL ? STR("") : str_make(p, s.n);
}

static void address_split(struct ask *a, struct str address, struct str *local, struct str *domain)
{
    size_t at = str_rfind_c(address, '@');
    *local = str_head(address, at == STR_NONE ? address.n : at);
    *domain = at == STR_NONE ? STR("") : lower(a, str_skip(address, at + 1));
}

static void runs_prepare(struct ask *a)
{
    struct policy *p = a->policy;
    struct check_run common = { .policy = p, .parts = &p->parts, .envelope = &a->envelope,
                                .recipient = &a->recipient,
                                .arena = a->arena, .results = a->verdict.checks };
    address_split(a, a->envelope.recipient, &common.recipient_local, &common.recipient_domain);
    address_split(a, a->envelope.sender, &common.sender_local, &common.sender_domain);
    for (int i = 0; i < CHECK_COUNT; i++) {
        struct check_run *run = &a->slots[i].run;
        *run = common;
        run->id = a->id | (unsigned)i;
        run->ops = policy_checks[i];
        run->state = p->states[i];
        run->result = &a->verdict.checks[i];
        run->result->mode = mode_of(p->parts.conf, (enum check_id)i);
    }
}

/* The tables' own texts live until they are asked again. Which domain an address without one is in
 * (RFC 5321 section 4.5.1: <postmaster>) only the MTA knows. */
static void recipient_find(struct ask *a)
{
    const struct check_run *run = &a->slots[0].run;
    struct recipient *r = &a->recipient;
    memset(r, 0, sizeof *r);
    if (a->policy->parts.recipients == NULL || run->recipient_domain.n == 0)
        return;
    recipients_ask(a->policy->parts.recipients, run->recipient_local, run->recipient_domain, r);
    r->text = arena_str(a->arena, r->text);
    r->source = arena_str(a->arena, r->source);
}

static struct str session_key(const struct envelope *e, char text[64])
{
    char address[IP_TEXT_MAX];
    if (e->session.n > 0)
        return e->session;
    int n = snprintf(text, 64, "%s:%u", ip_format(&e->client, address), e->client_port);
    return str_make(text, (size_t)n);
}

static struct ask *ask_new(struct policy *p, const struct envelope *e)
{
    struct ask *a = must_alloc(sizeof *a);
    char key[64];
    uint32_t index = p->free_index[--p->free_count];
    p->generation[index]++;
    a->id = ((uint64_t)p->generation[index] << INDEX_BITS | index) << CHECK_BITS;
    a->policy = p;
    a->arena = arena_new(ARENA_MAX);
    a->started_usec = loop_usec(p->parts.loop);
    p->asks[index] = a;
    p->counters->stats.asks++;
    p->open++;
    envelope_copy(a, e);
    if (e->stage != STAGE_END)
        a->session = session_hold(p->sessions, session_key(e, key), loop_ms(p->parts.loop));
    return a;
}

/* No room for another ask, or for its session: mail passes. */
static uint64_t ask_overflow(struct policy *p, const struct envelope *e, policy_callback *call,
                             void *ctx)
{
    struct verdict v = { .action = VERDICT_PASS, .by = CHECK_COUNT,
                         .exempt = STR_INIT("too many requests at a time") };
    int64_t now = loop_ms(p->parts.loop);
    p->counters->stats.overflow++;
    if (p->overflow_logged_ms == 0 || now - p->overflow_logged_ms >= OVERFLOW_LOG_MS) {
        p->overflow_logged_ms = now;
        log_text(LOG_LEVEL_WARNING, "overflow",
                 "%u requests are in work: more pass without a check", p->asks_max);
    }
    if (call != NULL)
        call(ctx, 1, e, &v);
    return 1;
}

static void session_over(struct policy *p, const struct envelope *e)
{
    struct session last = { 0 };
    char key[64];
    session_end(p->sessions, session_key(e, key), &last);
    session_log(e, &last);
}

uint64_t policy_ask(struct policy *p, const struct envelope *e, policy_callback *call, void *ctx)
{
    if (e->stage == STAGE_END)
        session_over(p, e);
    if (p->free_count == 0 || p->closing)
        return ask_overflow(p, e, call, ctx);
    struct ask *a = ask_new(p, e);
    uint64_t id = a->id;
    a->call = call;
    a->ctx = ctx;
    runs_prepare(a);
    recipient_find(a);
    const struct check_run *run = &a->slots[0].run;
    struct exempt_rcpt rcpt = { run->recipient_local, run->recipient_domain, a->recipient.state };
    a->verdict.exempt = e->stage == STAGE_END ? STR("end of session")
                                              : exempt_why(p->parts.conf, &a->envelope, rcpt);
    if (a->session == NULL && e->stage != STAGE_END)
        a->verdict.exempt = STR("too many sessions");
    ask_go(a);
    return id;
}

void policy_cancel(struct policy *p, uint64_t id)
{
    struct ask *a = ask_of(p, id);
    if (a == NULL || a->told)
        return;
    a->told = true;
    phase_skip(a, STR("the asker is gone"));
    must(!a->stepping);
    ask_free(a);
}

/* What comes after the checks that are given up may wait for something, too. */
bool policy_hurry(struct policy *p, uint64_t id)
{
    struct ask *a = ask_of(p, id);
    if (a == NULL || a->told)
        return false;
    must(!a->stepping);
    for (; a != NULL; a = ask_of(p, id)) {
        fcrdns_stop(&a->fcrdns);
        a->name_wanted = false;
        phase_end(a, CHECK_LATE, too_late);
        ask_go(a);
    }
    return true;
}

/* --- life --- */

static int checks_open(struct policy *p, struct err *err)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_ops *ops = policy_checks[i];
        if (ops->open != NULL && ops->open(&p->parts, &p->states[i], err) != 0)
            return err_wrap(err, "%s", ops->name);
    }
    return 0;
}

struct policy *policy_new(const struct policy_parts *parts, struct err *err)
{
    struct policy *p = must_alloc(sizeof *p);
    p->parts = *parts;
    p->asks_max = POLICY_ASKS_MAX;
    p->asks = must_array(p->asks_max, sizeof(struct ask *));
    p->generation = must_array(p->asks_max, sizeof *p->generation);
    p->free_index = must_array(p->asks_max, sizeof *p->free_index);
    while (p->free_count < p->asks_max) {
        p->free_index[p->free_count] = p->asks_max - 1 - p->free_count;
        p->free_count++;
    }
    p->counters = must_alloc(sizeof *p->counters);
    p->counters->owners = 1;
    p->sessions = sessions_new(POLICY_SESSIONS_MAX, SESSION_IDLE_MS);
    if (checks_open(p, err) != 0)
        policy_free(&p);
    return p;
}

static void ask_abandon(struct ask *a)
{
    phase_skip(a, STR("the daemon ends"));
    fcrdns_stop(&a->fcrdns);
    for (int i = 0; i < CHECK_COUNT; i++)
        a->verdict.checks[i].mode = MODE_OFF;
    ask_tell(a);
    ask_free(a);
}

static void counters_free(struct counters **c)
{
    if (--(*c)->owners == 0)
        free(*c);
    *c = NULL;
}

void policy_free(struct policy **p)
{
    if (*p == NULL)
        return;
    (*p)->closing = true;
    for (uint32_t i = 0; i < (*p)->asks_max; i++) {
        if ((*p)->asks[i] != NULL)
            ask_abandon((*p)->asks[i]);
    }
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (policy_checks[i]->close != NULL && (*p)->states[i] != NULL)
            policy_checks[i]->close(&(*p)->states[i]);
    }
    sessions_free(&(*p)->sessions);
    counters_free(&(*p)->counters);
    free((*p)->asks);
    free((*p)->generation);
    free((*p)->free_index);
    free(*p);
    *p = NULL;
}

const struct policy_stats *policy_stats(const struct policy *p)
{
    struct policy_stats *s = &p->counters->stats;
    s->open = p->open;
    s->sessions = sessions_count(p->sessions);
    return s;
}

void policy_go_on(struct policy *p, struct policy *before)
{
    counters_free(&p->counters);
    p->counters = before->counters;
    p->counters->owners++;
    sessions_free(&p->sessions);
    p->sessions = sessions_share(before->sessions);
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_ops *ops = policy_checks[i];
        if (ops->go_on != NULL && p->states[i] != NULL && before->states[i] != NULL)
            ops->go_on(p->states[i], before->states[i]);
    }
}

void *policy_check_state(struct policy *p, enum check_id id)
{
    return p->states[id];
}
