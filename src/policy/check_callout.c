/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_callout - would the sender's own server take an answer to it?
 *
 * Off by default, and careful when on. It comes last: the recipient is good,
 * nothing else has been found, the sender's domain is on the administrator's
 * list and vouches for the client. Then what is remembered counts, and only
 * then a server is called, within the budgets. Only a refusal that speaks of
 * the mailbox, from a server that refuses unknown ones, is a hit: a server
 * that dislikes us, or bounces, or everybody, says nothing of the sender.
 */
#include "policy/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "event/loop.h"
#include "mail/address.h"
#include "policy/callout_flight.h"
#include "policy/check_callout.h"
#include "policy/vouch.h"
#include "tables/recipients.h"

#define VOUCH_MS 3000u
#define WATCH_MS ((int64_t)3600 * 1000)
#define WATCH_FIRST_MS 5000
#define WATCH_DNS_MS 5000u

struct callout_check {
    struct policy_parts parts;
    struct policy *policy;       /* known from the first run on */
    struct callout_flights *flights;
    struct timer watch;
    uint64_t watch_question;
    size_t watch_at;             /* which of our addresses is being looked up */
    bool watch_unsure;           /* not all of them could be */
    bool suspended;              /* one of them is on the list */
};

/* --- what a result means --- */

/* The refusal speaks of the mailbox: 5.1.x of RFC 3463. */
static bool is_about_mailbox(const struct callout_known *k)
{
    return strncmp(k->status, "5.1.", 4) == 0;
}

static void hit(struct check_run *run, const struct callout_known *k)
{
    struct check_result *r = run->result;
    bool sure = k->random_refused && is_about_mailbox(k);
    if (!sure && r->mode > MODE_DEFER)
        r->mode = MODE_DEFER;
    r->reply = check_text(run, "Sender verify failed: the server of %.*s says of <%.*s>: %u %s %s",
                          STR_ARG(run->sender_domain), STR_ARG(run->envelope->sender), k->code,
                          k->status, k->text);
    r->words = check_text(run, "%s%u %s %s", k->cached ? "remembered: " : "", k->code, k->status,
                          k->text);
    check_done(run, CHECK_HIT);
}

static void apply(struct check_run *run, const struct callout_known *k)
{
    static const char *const words[] = {
        [CALLOUT_ACCEPTED] = "the sender exists",
        [CALLOUT_ACCEPTS_ALL] = "its server takes every address",
        [CALLOUT_REFUSED] = "refused, but not because of the mailbox",
        [CALLOUT_NULL_REFUSED] = "its server refuses bounces, which says nothing of the sender",
        [CALLOUT_HOST_REFUSED] = "its server refuses us",
        [CALLOUT_TEMPORARY] = "its server cannot say now",
        [CALLOUT_BUSY] = "its server is busy",
        [CALLOUT_UNREACHABLE] = "its server did not answer",
    };
    if (k->answer == CALLOUT_REFUSED && (is_about_mailbox(k) || k->status[0] == '\0')) {
        hit(run, k);
        return;
    }
    const char *why = k->why != NULL && k->why[0] != '\0' ? k->why : words[k->answer];
    run->result->words = check_text(run, "%s%s", k->cached ? "remembered: " : "", why);
    check_done(run, k->answer <= CALLOUT_HOST_REFUSED ? CHECK_PASS : CHECK_BROKEN);
}

/* --- the way there --- */

static void skip(struct check_run *run, const char *why)
{
    run->result->words = str_c(why);
    check_done(run, CHECK_SKIPPED);
}

static void on_landed(void *ctx, uint64_t id, const struct callout_known *k)
{
    struct callout_check *c = ctx;
    struct check_run *run = check_find(c->policy, id);
    if (run != NULL)
        apply(run, k);
}

/* The sender as results are kept: in how many ways a domain can be written must not decide how
 * often its servers are called. */
static struct str address_of(struct check_run *run)
{
    struct str sender = run->envelope->sender, domain = run->sender_domain;
    char *address = arena_alloc(run->arena, sender.n);
    if (address == NULL)
        return sender;
    memcpy(address, sender.p, sender.n - domain.n);
    memcpy(address + sender.n - domain.n, domain.p, domain.n);
    return str_make(address, sender.n);
}

static void call(struct check_run *run)
{
    struct callout_check *c = run->state;
    c->policy = run->policy;
    const char *why = callout_fly(c->flights, address_of(run), run->sender_domain, run->id);
    if (why[0] != '\0')
        skip(run, why);
}

struct vouching {
    struct vouch vouch;
    struct check_run *run;
};

static void on_vouched(void *ctx, const char *how)
{
    struct vouching *v = ctx;
    if (how[0] == '\0')
        skip(v->run, "the domain does not vouch for the client");
    else
        call(v->run);
}

static void vouch_ask(struct check_run *run)
{
    struct vouching *v = arena_alloc(run->arena, sizeof *v);
    struct vouch_client client = { run->envelope->client, run->name };
    struct vouch_asker asker = { on_vouched, v, VOUCH_MS };
    if (v == NULL) {
        skip(run, "no memory left for this request");
        return;
    }
    v->run = run;
    run->own = v;
    vouch_start(&v->vouch, run->parts->resolver, &client, run->sender_domain, asker);
}

/* The domain itself and all below it; `*` is every one. */
static bool list_has(const struct conf_strings *list, struct str domain)
{
    for (size_t i = 0; i < list->n; i++) {
        struct str d = str_c(list->v[i]);
        if (str_eq(d, STR("*")) || domain_within(domain, d))
            return true;
    }
    return false;
}

static bool is_role(struct str local)
{
    static const char *const roles[] = { "postmaster", "abuse", "mailer-daemon", "double-bounce" };
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (str_eq_nocase(local, str_c(roles[i])))
            return true;
    }
    return false;
}

/* Why this sender is not to be called about, or NULL. The mitigations in their order of cost. */
static const char *not_wanted(const struct check_run *run)
{
    const struct callout_check *c = run->state;
    const struct conf_callout *conf = &run->parts->conf->callout;
    if (!run->envelope->has_sender || run->envelope->sender.n == 0)
        return "the null sender";
    if (is_role(run->sender_local))
        return "a role address";
    if (check_turned_away(run))
        return "decided already";
    if (!check_recipient_good(run))
        return "the recipient is not known to be good";
    if (run->sender_domain.n == 0 || run->sender_domain.p[0] == '[')
        return "a sender without a domain";
    if (!list_has(&conf->domains, run->sender_domain) || list_has(&conf->skip, run->sender_domain))
        return "the domain is not on the list of callouts";
    if (run->parts->recipients != NULL &&
        recipients_has_domain(run->parts->recipients, run->sender_domain))
        return "a domain of ours";
    return c->suspended ? "callouts are suspended: we are on the list of self_watch" : NULL;
}

static void start(struct check_run *run)
{
    struct callout_check *c = run->state;
    struct callout_known known;
    const char *why = not_wanted(run);
    if (why != NULL)
        skip(run, why);
    else if (callout_cached(c->flights, address_of(run), run->sender_domain, &known) == 1)
        apply(run, &known);
    else if (run->envelope->dry)
        skip(run, "a question only: nobody is called");
    else if (run->parts->conf->callout.vouch)
        vouch_ask(run);
    else
        call(run);
}

/* A flight goes on without us. */
static void cancel(struct check_run *run)
{
    struct vouching *v = run->own;
    if (v != NULL)
        vouch_stop(&v->vouch);
}

/* --- watching ourselves --- */

static void watch_next(struct callout_check *c);

static void on_watched(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct callout_check *c = ctx;
    (void)question;
    c->watch_question = 0;
    c->watch_unsure |= dns_unsure(a->status);
    bool listed = a->status == DNS_OK && a->count > 0 && ip_is4(&a->records[0].ip) &&
                  a->records[0].ip.b[12] == 127 && a->records[0].ip.b[13] == 0;
    if (listed && !c->suspended)
        log_text(LOG_LEVEL_WARNING, "callouts-suspended", "one of our addresses is on %s",
                 c->parts.conf->callout.self_watch);
    if (listed) {
        c->suspended = true;
        c->watch_at = SIZE_MAX;
    }
    watch_next(c);
}

/* The next public address of ours; after the last, rest for an hour. */
static void watch_next(struct callout_check *c)
{
    const struct conf_nets *ours = &c->parts.own->addresses;
    struct dns_asker asker = { on_watched, c };
    char name[DNS_NAME_MAX + 1];
    while (c->watch_at < ours->n) {
        const struct ip *ip = &ours->v[c->watch_at++].ip;
        if (!ip_is4(ip) || ip_private(ip))
            continue;
        int n = snprintf(name, sizeof name, "%u.%u.%u.%u.%s", ip->b[15], ip->b[14], ip->b[13],
                         ip->b[12], c->parts.conf->callout.self_watch);
        c->watch_question = resolver_ask(c->parts.resolver, str_head(str_c(name), (size_t)n), DNS_A,
                                         WATCH_DNS_MS, asker);
        return;
    }
    if (c->watch_at != SIZE_MAX && c->suspended && !c->watch_unsure) {
        c->suspended = false;
        log_text(LOG_LEVEL_NOTICE, "callouts-resumed", "no address of ours is on %s any more",
                 c->parts.conf->callout.self_watch);
    }
}

static void on_watch(void *ctx)
{
    struct callout_check *c = ctx;
    timer_set(c->parts.loop, &c->watch, WATCH_MS, on_watch, c);
    c->watch_at = 0;
    c->watch_unsure = false;
    watch_next(c);
}

/* --- life --- */

static const char *helo_name(const struct policy_parts *parts)
{
    if (parts->conf->callout.helo[0] != '\0')
        return parts->conf->callout.helo;
    for (size_t i = 0; i < parts->own->names.n; i++) {
        if (strchr(parts->own->names.v[i], '.') != NULL)
            return parts->own->names.v[i];
    }
    return NULL;
}

static int open_state(const struct policy_parts *parts, void **state_out, struct err *err)
{
    const struct conf_callout *conf = &parts->conf->callout;
    const char *name = helo_name(parts);
    if (conf->mode == CONF_OFF)
        return 0;
    if (name == NULL)
        return err_set(err, ERR_USAGE, "this host has no name with a dot to say in HELO: set "
                                       "helo in the section callout, or names in host");
    struct callout_check *c = must_alloc(sizeof *c);
    c->parts = *parts;
    c->flights = callout_flights_new(&c->parts, name, on_landed, c);
    if (conf->self_watch[0] != '\0')
        timer_set(parts->loop, &c->watch, WATCH_FIRST_MS, on_watch, c);
    *state_out = c;
    return 0;
}

static void close_state(void **state)
{
    struct callout_check *c = *state;
    timer_cancel(c->parts.loop, &c->watch);
    resolver_cancel(c->parts.resolver, c->watch_question);
    callout_flights_free(&c->flights);
    free(c);
    *state = NULL;
}

/* Whether we are on the list is asked again in some seconds; until then it is as it was. */
static void go_on(void *state, void *before)
{
    struct callout_check *c = state, *b = before;
    callout_flights_go_on(c->flights, b->flights);
    c->suspended = b->suspended && c->parts.conf->callout.self_watch[0] != '\0';
}

void check_callout_status(const void *state, struct callout_status *out)
{
    const struct callout_check *c = state;
    memset(out, 0, sizeof *out);
    if (c == NULL)
        return;
    out->suspended = c->suspended;
    callout_budget_stats(callout_flights_budget(c->flights), &out->budget);
}

const struct check_ops check_callout = {
    .name = "callout",
    .id = CHECK_CALLOUT,
    .from = STAGE_RCPT,
    .phase = 3,
    .open = open_state,
    .close = close_state,
    .go_on = go_on,
    .start = start,
    .cancel = cancel,
};
