/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_dnsbl - is the client, its name or its sender on block lists?
 *
 * All lists are asked at once; each that has the client adds its weight, lists
 * of good hosts a negative one. As soon as no list that is still open can
 * change the outcome, the rest is let go. Only then is the text of the list
 * that weighs most asked, in what is left of the time.
 *
 * What is no answer never counts: silence, a refusal, an address outside of
 * 127/8. The zone hears of it (dnsbl_zone.h) and may not be asked for a while.
 * Silence becomes a deferral only where the administrator wrote +defer_unknown.
 */
#include "policy/check_dnsbl.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "event/loop.h"
#include "mail/dnslists.h"
#include "policy/check_dnsbl_internal.h"

#define END_MS 50u               /* of the check's time are left for its end */
#define TEXT_MS_MIN 20           /* less is not worth asking for a text */
#define TEXT_LIST_MAX 300u       /* bytes taken of what a list says */

/* --- adding up --- */

static bool ask_defers(const struct dnsbl_ask *a)
{
    return a->answer == ASK_SILENT && a->item->item->unknown == DNSLIST_DEFER_UNKNOWN;
}

static void tally_ask(struct dnsbl_tally *t, const struct dnsbl_ask *a)
{
    t->open += a->answer == ASK_OPEN;
    t->answered += a->answer == ASK_NO || a->answer == ASK_LISTED;
    t->silent += a->answer == ASK_SILENT;
    t->refused += a->answer == ASK_REFUSED;
    t->rests += a->answer == ASK_RESTS;
    if (ask_defers(a))
        t->defer = a;
    if (a->answer == ASK_LISTED && (t->main == NULL || a->list->weight > t->main->list->weight))
        t->main = a;
}

/* What the asks of one list come to. */
struct list_state {
    bool listed, open, defers;
};

static void tally_list(struct dnsbl_tally *t, int weight, struct list_state s)
{
    if (s.listed) {
        t->sum += weight;
        t->listed++;
    } else if (s.open && weight > 0) {
        t->may_add += weight;
    } else if (s.open) {
        t->may_take += weight;
    } else if (s.defers && weight > 0) {
        t->may_defer += weight;
    }
}

/* The asks stand in the order of their lists. */
static struct dnsbl_tally tally_make(const struct dnsbl_work *w)
{
    struct dnsbl_tally t = { .sum = 0 };
    struct list_state s = { false, false, false };
    for (size_t i = 0; i < w->count; i++) {
        const struct dnsbl_ask *a = &w->asks[i];
        tally_ask(&t, a);
        s.listed |= a->answer == ASK_LISTED;
        s.open |= a->answer == ASK_OPEN;
        s.defers |= ask_defers(a);
        if (i + 1 < w->count && w->asks[i + 1].list == a->list)
            continue;
        tally_list(&t, a->list->weight, s);
        s = (struct list_state){ false, false, false };
    }
    return t;
}

/* --- the end --- */

static void stop(struct dnsbl_work *w)
{
    for (size_t i = 0; i < w->count; i++) {
        resolver_cancel(w->resolver, w->asks[i].question);
        w->asks[i].question = 0;
    }
    resolver_cancel(w->resolver, w->text_question);
    w->text_question = 0;
}

static void finish_defer(struct check_run *run, const struct dnsbl_tally *t)
{
    struct check_result *r = run->result;
    r->mode = r->mode > MODE_DEFER ? MODE_DEFER : r->mode;
    r->reply = check_text(run, "DNS list lookup deferred: %.*s does not answer",
                          STR_ARG(t->defer->list->name));
    check_done(run, CHECK_HIT);
}

static enum check_state state_of(const struct dnsbl_tally *t)
{
    if (t->answered > 0)
        return CHECK_PASS;
    if (t->silent > 0)
        return CHECK_LATE;
    return t->refused > 0 ? CHECK_BROKEN : CHECK_SKIPPED;
}

/* After check_done() the work is gone. */
static void finish(struct check_run *run, struct dnsbl_work *w, const struct dnsbl_tally *t)
{
    struct check_result *r = run->result;
    stop(w);
    r->score = (int)t->sum;
    r->words = dnsbl_words(run, w, t);
    if (t->listed > 0 && t->sum >= w->conf->threshold) {
        r->reply = dnsbl_reply(run, w);
        check_done(run, CHECK_HIT);
    } else if (t->defer != NULL && t->sum + t->may_defer >= w->conf->threshold) {
        finish_defer(run, t);
    } else {
        check_done(run, state_of(t));
    }
}

/* --- the text --- */

/* A text with our key inside is thrown away. */
static struct str text_take(struct check_run *run, const struct dnsbl_ask *a,
                            const struct dns_answer *answer)
{
    if (answer->status != DNS_OK || answer->count == 0)
        return STR("");
    struct str text = str_trim(str_head(answer->records[0].text, TEXT_LIST_MAX));
    return dnsbl_leaks(text, a->list->secret) ? STR("") : arena_str(run->arena, text);
}

static void on_text(void *ctx, uint64_t question, const struct dns_answer *answer)
{
    struct dnsbl_work *w = ctx;
    struct check_run *run = check_find(w->policy, w->run);
    (void)question;
    w->text_question = 0;
    if (run == NULL)
        return;
    w->text = text_take(run, w->main, answer);
    struct dnsbl_tally t = tally_make(w);
    finish(run, w, &t);
}

/* A list that has a page of its own for each entry need not be asked for a text, unless the reply
 * wants both: lists count what they are asked, and the client waits. */
static bool text_needed(const struct dnsbl_work *w, const struct dnsbl_ask *a)
{
    const char *reply = w->conf->reply;
    bool wanted = reply != NULL && str_find(str_c(reply), STR("%t")) != STR_NONE;
    return wanted || a->list->page == NULL;
}

/* Of the one that weighs most. False: there will be no text. */
static bool text_ask(struct dnsbl_work *w, const struct dnsbl_ask *a)
{
    struct dnslist_query q;
    struct dns_asker asker = { on_text, w };
    int64_t left = w->ends_ms - loop_ms(w->loop);
    w->main = a;
    if (left < TEXT_MS_MIN || !text_needed(w, a))
        return false;
    if (dnslist_query_make(a->key, a->item->txt_zone, &q) != 0)
        return false;
    w->text_question = resolver_ask(w->resolver, str_make(q.text, q.n), DNS_TXT, (unsigned)left,
                                    asker);
    return true;
}

/* --- answers --- */

/* Can what is still open change the outcome? If not, the end begins. */
static void consider(struct check_run *run, struct dnsbl_work *w)
{
    struct dnsbl_tally t = tally_make(w);
    int64_t threshold = w->conf->threshold;
    bool hit = t.listed > 0 && t.sum + t.may_take >= threshold;
    /* A list of good hosts speaks for the client in other checks too: a pass waits for it. */
    bool pass = t.sum + t.may_add + t.may_defer < threshold && t.may_take == 0;
    if (t.open > 0 && (w->dry || !(hit || pass)))
        return;
    for (size_t i = 0; i < w->count; i++) {
        resolver_cancel(w->resolver, w->asks[i].question);
        w->asks[i].question = 0;
    }
    if (!hit || !text_ask(w, t.main))
        finish(run, w, &t);
}

static size_t addresses_of(const struct dns_answer *answer, uint32_t out[DNS_RECORDS_MAX])
{
    for (size_t i = 0; i < answer->count; i++) {
        const uint8_t *b = answer->records[i].ip.b + 12;
        out[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    return answer->count;
}

/* What the answer says, and to the zone. */
static void judge(struct dnsbl_ask *a, const struct dns_answer *answer)
{
    static const enum dnsbl_answer answers[] = { ASK_NO, ASK_LISTED, ASK_REFUSED, ASK_REFUSED };
    static const enum dnsbl_report reports[] = { DNSBL_SAID_NO, DNSBL_SAID_LISTED,
                                                 DNSBL_SAID_REFUSED, DNSBL_SAID_STRANGE };
    static const struct dnslist_item any = { .address_count = 0 };
    const struct dnslist_item *item = a->confirming ? &any : a->item->item;
    const struct dnslist_rules rules = {
        .exim = conf_dnsbl_exim(a->work->conf), .address = a->address,
        .refusals = a->item->refusals, .refusal_count = a->item->refusal_count,
    };
    uint32_t addresses[DNS_RECORDS_MAX];
    uint32_t code = 0;
    size_t count = addresses_of(answer, addresses);
    enum dnslist_outcome outcome = dnslist_judge(item, addresses, count, &rules, &code);
    a->answer = answers[outcome];
    if (a->confirming)
        return;                  /* the code is that of the first look */
    a->code = code;
    if (a->chosen && a->answer == ASK_REFUSED)
        dnsbl_zone_doubt(a->item->health);
    else
        dnsbl_zone_report(a->item->health, reports[outcome], code);
}

static void silent(struct dnsbl_ask *a, enum dns_status status)
{
    bool include = conf_dnsbl_exim(a->work->conf) &&
                   a->item->item->unknown == DNSLIST_INCLUDE_UNKNOWN;
    a->answer = include ? ASK_LISTED : ASK_SILENT;
    if (status != DNS_BUSY)      /* that is ours */
        dnsbl_zone_report(a->item->health, DNSBL_SAID_NOTHING, 0);
}

static bool ask_zone(struct dnsbl_ask *a, struct str zone);

static void on_answer(void *ctx, uint64_t question, const struct dns_answer *answer)
{
    struct dnsbl_ask *a = ctx;
    struct dnsbl_work *w = a->work;
    struct check_run *run = check_find(w->policy, w->run);
    (void)question;
    a->question = 0;
    if (run == NULL)
        return;
    switch (answer->status) {
    case DNS_OK:
        judge(a, answer);
        break;
    case DNS_NODATA:
    case DNS_NXDOMAIN:
        a->answer = ASK_NO;
        if (!a->confirming)
            dnsbl_zone_report(a->item->health, DNSBL_SAID_NO, 0);
        break;
    case DNS_BAD_NAME:
        a->answer = ASK_NO;
        break;
    case DNS_FAILED:
    case DNS_TIMEOUT:
    case DNS_BUSY:
        silent(a, answer->status);
        break;
    }
    /* Exim takes a client for listed only if the zone of the text knows it too. */
    if (a->answer == ASK_LISTED && a->code != 0 && conf_dnsbl_exim(w->conf) && !a->confirming &&
        !str_eq(a->item->txt_zone, a->item->zone)) {
        a->confirming = true;
        if (ask_zone(a, a->item->txt_zone))
            return;
    }
    consider(run, w);
}

/* --- the beginning --- */

/* False if there is nothing to ask; a->answer says why. */
static bool ask_zone(struct dnsbl_ask *a, struct str zone)
{
    struct dnslist_query q;
    struct dns_asker asker = { on_answer, a };
    int64_t left = a->work->ends_ms - loop_ms(a->work->loop);
    a->answer = ASK_NO;
    if (dnslist_query_make(a->key, zone, &q) != 0)
        return false;
    a->address = q.address;
    a->answer = ASK_OPEN;
    a->question = resolver_ask(a->work->resolver, str_make(q.text, q.n), DNS_A,
                               left > 0 ? (unsigned)left : 0, asker);
    return true;
}

static void ask_key(struct dnsbl_work *w, struct dnsbl_ask next)
{
    struct dnsbl_ask *a = &w->asks[w->count++];
    *a = next;
    if (!dnsbl_zone_usable(a->item->health))
        a->answer = ASK_RESTS;
    else
        ask_zone(a, a->item->zone);
}

static struct dnslist_values values_of(struct check_run *run)
{
    const struct envelope *e = run->envelope;
    char text[IP_TEXT_MAX];
    return (struct dnslist_values){
        .sender_host_address = arena_str(run->arena, str_c(ip_format(&e->client, text))),
        .sender_host_name = e->client_name,
        .sender_helo_name = e->helo,
        .sender_address = e->has_sender ? e->sender : STR(""),
        .sender_address_domain = e->has_sender ? run->sender_domain : STR(""),
    };
}

/* A name that is none: a HELO of 192.0.2.1 or [192.0.2.1]. A list of names would take offence. */
static bool is_literal(struct str key)
{
    struct ip ip;
    return ip_parse(key, &ip) == 0 || str_starts(key, STR("["));
}

/* One item: the client's address, or each key whose variables are known by now. */
static void ask_item(struct check_run *run, struct dnsbl_work *w, struct dnsbl_ask next,
                     const struct dnslist_values *values)
{
    const struct dnslist_item *item = next.item->item;
    struct buf b;
    if (item->key_count == 0) {
        next.key = values->sender_host_address;
        ask_key(w, next);
        return;
    }
    buf_init(&b, DNSLIST_QUERY_MAX);
    for (size_t i = 0; i < item->key_count; i++) {
        buf_reset(&b);
        if (dnslist_key_expand(item->keys[i], values, &b) != 1)
            continue;
        next.chosen = dnslist_key_chosen(item->keys[i]);
        next.key = arena_str(run->arena, buf_str(&b));
        if (!next.chosen || conf_dnsbl_exim(w->conf) || !is_literal(next.key))
            ask_key(w, next);
    }
    buf_fini(&b);
}

static void ask_all(struct check_run *run, struct dnsbl_work *w)
{
    struct dnslist_values values = values_of(run);
    for (size_t i = 0; i < w->lists->count; i++) {
        const struct dnsbl_list *list = &w->lists->lists[i];
        for (size_t k = 0; k < list->item_count; k++) {
            struct dnsbl_ask next = { .work = w, .list = list, .item = &list->items[k] };
            ask_item(run, w, next, &values);
        }
    }
}

static void skip(struct check_run *run, struct str why)
{
    run->result->words = why;
    check_done(run, CHECK_SKIPPED);
}

static void start(struct check_run *run)
{
    const struct dnsbl_lists *lists = run->state;
    const struct conf_dnsbl *conf = &run->parts->conf->dnsbl;
    struct dnsbl_work *w = arena_alloc(run->arena, sizeof *w);
    struct dnsbl_ask *asks = arena_alloc(run->arena, lists->asks_max * sizeof asks[0]);
    if (run->parts->resolver == NULL || lists->count == 0 || w == NULL || asks == NULL) {
        skip(run, lists->count == 0 ? STR("no list is configured") : STR("no resolver"));
        return;
    }
    *w = (struct dnsbl_work){
        .policy = run->policy, .run = run->id, .lists = lists, .resolver = run->parts->resolver,
        .loop = run->parts->loop, .conf = conf, .dry = run->envelope->dry, .asks = asks,
    };
    unsigned ms = conf->timeout_ms > 2 * END_MS ? conf->timeout_ms - END_MS : conf->timeout_ms / 2;
    w->ends_ms = loop_ms(w->loop) + ms;
    run->own = w;
    ask_all(run, w);
    consider(run, w);
}

static void cancel(struct check_run *run)
{
    if (run->own != NULL)
        stop(run->own);
}

static int open_check(const struct policy_parts *parts, void **state_out, struct err *err)
{
    struct dnsbl_lists *lists = must_alloc(sizeof *lists);
    if (parts->conf->dnsbl.mode != CONF_OFF && dnsbl_lists_open(parts, lists, err) != 0) {
        free(lists);
        return -1;
    }
    *state_out = lists;
    return 0;
}

static void close_check(void **state)
{
    struct dnsbl_lists *lists = *state;
    *state = NULL;
    if (lists == NULL)
        return;
    dnsbl_lists_close(lists);
    free(lists);
}

static void go_on(void *state, void *before)
{
    const struct dnsbl_lists *lists = state, *old = before;
    for (size_t i = 0; i < lists->zone_count; i++) {
        struct str name = dnsbl_zone_asked_name(lists->zones[i]);
        for (size_t k = 0; k < old->zone_count; k++) {
            if (str_eq(dnsbl_zone_asked_name(old->zones[k]), name))
                dnsbl_zone_go_on(lists->zones[i], old->zones[k]);
        }
    }
}

void check_dnsbl_zones(void *state, dnsbl_visit *visit, void *ctx)
{
    const struct dnsbl_lists *lists = state;
    for (size_t i = 0; lists != NULL && i < lists->zone_count; i++) {
        struct dnsbl_status status;
        dnsbl_zone_status(lists->zones[i], &status);
        visit(ctx, &status);
    }
}

const struct check_ops check_dnsbl = {
    .name = "dnsbl",
    .id = CHECK_DNSBL,
    .from = STAGE_CONNECT,
    .phase = 1,
    .early = true,
    .open = open_check,
    .close = close_check,
    .go_on = go_on,
    .start = start,
    .cancel = cancel,
};
