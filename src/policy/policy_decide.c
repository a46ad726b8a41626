/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_decide - what the results of the checks come to
 *
 * The strongest mode among the hits decides, among equals the check that is
 * first in the order. Its words become the reply. One hit may stand before
 * another: where bounces are deferred, the answer must not depend on whether
 * the recipient exists. Nothing is looked up here: the verdict is a function of
 * the results.
 */
#include "policy/policy_internal.h"

#include <string.h>

#include "base/buf.h"
#include "conf/conf.h"

#define TEXT_MAX 900u

/* Whoever guesses recipients is not to learn from the answer which of them exist. */
static bool is_hidden(const struct ask *a, int id)
{
    const struct check_result *r = &a->verdict.checks[CHECK_DICTIONARY];
    return id == CHECK_RECIPIENT && r->state == CHECK_HIT && r->hides_recipient;
}

/* Is it a hit that counts? Before RCPT the answers of checks that were only begun early do not. */
static bool is_hit(const struct ask *a, int id)
{
    bool counts = a->envelope.stage >= STAGE_RCPT || a->envelope.dry ||
                  policy_checks[id]->before_rcpt;
    return counts && a->verdict.checks[id].state == CHECK_HIT && !is_hidden(a, id);
}

enum check_mode ask_strongest(const struct ask *a)
{
    enum check_mode strongest = MODE_OFF;
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_result *r = &a->verdict.checks[i];
        if (is_hit(a, i) && r->mode > strongest)
            strongest = r->mode;
    }
    return strongest;
}

/* Bounces may be deferred in the end, to unknown recipients as to good ones. Then the others must
 * have been asked for both: a listed client would learn by their answer which of them exist. */
bool ask_refused(const struct ask *a)
{
    bool bounce = a->envelope.has_sender && a->envelope.sender.n == 0 &&
                  a->verdict.checks[CHECK_DICTIONARY].mode >= MODE_DEFER;
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (is_hit(a, i) && a->verdict.checks[i].mode == MODE_REFUSE &&
            !(bounce && i == CHECK_RECIPIENT))
            return true;
    }
    return false;
}

static void text_keep(struct ask *a, struct buf *text)
{
    a->verdict.text = arena_str(a->arena, buf_str(text));
    buf_fini(text);
}

/* The value of the header: each check that wants to be told of. */
static void tag_text(struct ask *a)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_result *r = &a->verdict.checks[i];
        if (!is_hit(a, i) || r->mode != MODE_TAG)
            continue;
        if (text.n > 0)
            buf_add(&text, STR("; "));
        buf_addf(&text, "%s: ", check_names[i]);
        buf_add_safe(&text, r->words.n > 0 ? r->words : r->reply);
    }
    text_keep(a, &text);
}

static void reply_text(struct ask *a, const struct check_result *r)
{
    const char *contact = a->policy->parts.conf->host.contact;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_add_safe(&text, r->reply.n > 0 ? r->reply : STR("Rejected by local policy"));
    if (contact != NULL && contact[0] != '\0')
        buf_addf(&text, "; see %s", contact);
    text_keep(a, &text);
}

static void status_set(struct verdict *v, const struct check_result *r)
{
    const char *plain = v->action == VERDICT_DEFER ? "4.7.1" : "5.7.1";
    memcpy(v->status, r->status, sizeof v->status);
    if (v->status[0] == '\0')
        memcpy(v->status, plain, 6);
    v->status[0] = v->action == VERDICT_DEFER ? '4' : '5';
}

/* A code of the wrong class cannot be meant: the mode decides the class. */
static unsigned code_of(const struct verdict *v, const struct check_result *r)
{
    unsigned class = v->action == VERDICT_DEFER ? 4 : 5;
    if (v->drop)
        return class == 4 ? 421 : 521;
    if (r->code / 100 == class)
        return r->code;
    return class == 4 ? 451 : 550;
}

void ask_decide(struct ask *a)
{
    static const enum verdict_action actions[] = { VERDICT_PASS, VERDICT_PASS, VERDICT_TAG,
                                                   VERDICT_DEFER, VERDICT_REFUSE };
    struct verdict *v = &a->verdict;
    enum check_mode strongest = v->exempt.n > 0 ? MODE_OFF : ask_strongest(a);
    v->action = actions[strongest];
    v->by = CHECK_COUNT;
    if (v->action == VERDICT_PASS)
        return;
    for (int i = CHECK_COUNT - 1; i >= 0; i--) {
        const struct check_result *r = &v->checks[i];
        if (!is_hit(a, i) || r->mode != strongest)
            continue;
        v->by = (enum check_id)i;
        v->drop |= r->drop;
    }
    const struct check_result *r = &v->checks[v->by];
    if (v->action == VERDICT_TAG) {
        v->drop = false;
        tag_text(a);
        return;
    }
    v->code = code_of(v, r);
    status_set(v, r);
    reply_text(a, r);
}

static unsigned step_of(uint64_t usec)
{
    unsigned step = 0;
    for (uint64_t limit = 100; usec > limit && step + 1 < POLICY_LATENCY_STEPS; limit *= 2)
        step++;
    return step;
}

/* What checks in mode observe would have done to a recipient; and what was done, by which check. */
static void effect_count(const struct ask *a, struct policy_stats *s)
{
    const struct verdict *v = &a->verdict;
    bool any = false;
    if (v->exempt.n > 0)
        return;
    if (v->by < CHECK_COUNT)
        s->decided[v->by][v->action]++;
    if (a->envelope.stage != STAGE_RCPT)
        return;
    for (int i = 0; i < CHECK_COUNT; i++) {
        bool would = is_hit(a, i) && v->checks[i].mode == MODE_OBSERVE;
        s->would[i] += would;
        any |= would;
    }
    s->would_any += any && v->action < VERDICT_DEFER;
}

void ask_count(struct ask *a)
{
    struct policy_stats *s = &a->policy->counters->stats;
    const struct verdict *v = &a->verdict;
    if (a->envelope.stage == STAGE_END || a->envelope.dry)       /* nothing was decided */
        return;
    effect_count(a, s);
    s->actions[v->action]++;
    s->exempt += v->exempt.n > 0;
    s->latency[step_of(v->usec)]++;
    s->latency_sum_usec += v->usec;
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_result *r = &v->checks[i];
        s->results[i][r->state]++;
        if (r->state == CHECK_NOT_RUN || r->state == CHECK_SKIPPED)
            continue;
        s->check_latency[i][step_of(r->usec)]++;
        s->check_usec[i] += r->usec;
    }
}
