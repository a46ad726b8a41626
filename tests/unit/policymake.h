/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policymake - a policy for tests: the real runner and checks, on a virtual clock
 *
 * There is no DNS and no table: whether a recipient exists is the MTA's word in
 * the envelope, as it is with Exim's own verify. Only the ban and the dictionary
 * are switched on; a test changes `world.conf` before policy_begin().
 */
#ifndef POSTERN_TESTS_POLICYMAKE_H
#define POSTERN_TESTS_POLICYMAKE_H

#include "conf/conf.h"
#include "event/loop.h"
#include "mail/ip.h"
#include "policy/policy.h"
#include "statemake.h"

#define MINUTE 60
#define HOUR 3600

static struct {
    struct conf *defaults;
    struct conf conf;                /* a copy, for tests to change */
    struct conf_host own;
    struct loop *loop;
    struct store *store;
    struct policy *policy;
    struct policy_parts parts;
    /* of the last answer */
    enum verdict_action action;
    struct check_result checks[CHECK_COUNT];
    bool drop;
    unsigned code;
    char reply[1024], words[CHECK_COUNT][1024];
    unsigned answers;
} world;

static inline void world_conf(void)
{
    struct conf *c = &world.conf;
    struct err err = { 0 };
    memset(&world, 0, sizeof world);
    world.defaults = conf_read(NULL, &err);
    if (world.defaults == NULL)
        fail_msg("%s", err.text);
    *c = *world.defaults;
    c->ban.mode = CONF_REFUSE;
    c->relay.mode = c->recipient.mode = c->dnsbl.mode = c->callout.mode = CONF_OFF;
    c->helo = (struct conf_helo){ 0 };
    c->sender = (struct conf_sender){ 0 };
    c->dnsbl.zone_count = 0;
    c->host.contact = "";
    c->recipient.trust_mta = true;
    c->dictionary = (struct conf_dictionary){
        .mode = CONF_REFUSE, .drop = true, .client_unknown = 10, .net_unknown = 40,
        .domain_unknown = 100, .domain_clients = 20, .attacked_unknown = 2,
        .bounce_unknown = 20, .window_s = HOUR,
        .ban_s = HOUR, .ban_max_s = 8 * HOUR, .memory_s = 86400, .good_recipients = 5,
        .good_percent = 50, .slow_percent = 20,
    };
}

/* Start the policy over `store`, which it does not own. */
static inline void world_policy(struct store *store)
{
    struct err err = { 0 };
    world.store = store;
    world.parts = (struct policy_parts){ .loop = world.loop, .store = store, .conf = &world.conf,
                                         .own = &world.own };
    world.policy = policy_new(&world.parts, &err);
    if (world.policy == NULL)
        fail_msg("%s", err.text);
}

static inline void world_begin(void)
{
    world.loop = loop_new_virtual(NOW);
    world_policy(state_open(NULL));
}

static inline void world_end(void)
{
    policy_free(&world.policy);
    store_close(&world.store);
    loop_free(&world.loop);
    conf_free(&world.defaults);
}

static inline void world_answer(void *ctx, uint64_t ask, const struct envelope *e,
                                const struct verdict *v)
{
    (void)ctx;
    (void)ask;
    (void)e;
    world.answers++;
    world.action = v->action;
    world.drop = v->drop;
    world.code = v->code;
    memcpy(world.checks, v->checks, sizeof world.checks);
    snprintf(world.reply, sizeof world.reply, "%.*s", STR_ARG(v->text));
    for (int i = 0; i < CHECK_COUNT; i++)
        snprintf(world.words[i], sizeof world.words[i], "%.*s", STR_ARG(v->checks[i].words));
}

/* Ask, and take the answer, which with these checks comes at once. */
static inline enum verdict_action world_ask(const struct envelope *e)
{
    unsigned before = world.answers;
    policy_ask(world.policy, e, world_answer, NULL);
    assert_int_equal(world.answers, before + 1);
    return world.action;
}

/* An envelope at RCPT. */
static inline struct envelope world_rcpt(const char *client, const char *recipient,
                                         enum rcpt_verified verified)
{
    struct envelope e = { .stage = STAGE_RCPT, .has_client = true, .client_port = 1024,
                          .helo = STR("x.example"), .has_sender = true,
                          .sender = STR("a@sender.example"), .recipient = str_c(recipient),
                          .verified = verified };
    assert_int_equal(ip_parse(str_c(client), &e.client), 0);
    return e;
}

#endif
