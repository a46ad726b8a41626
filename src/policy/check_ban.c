/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_ban - clients that are banned are refused, and told why and until when
 *
 * The first thing that is looked at, and the only check whose hit counts from
 * the connection on: a banned client costs nothing more. A ban of a network
 * that a check made for its neighbours does not hold for a client that sends
 * good mail itself.
 */
#include "policy/check.h"

#include "conf/conf.h"
#include "event/loop.h"
#include "policy/ban.h"
#include "policy/dictionary.h"

static void start(struct check_run *run)
{
    const struct ip *client = &run->envelope->client;
    struct store *s = run->parts->store;
    int64_t now = loop_utc(run->parts->loop);
    struct ban b;
    char text[BAN_TEXT_MAX];
    int banned = ban_find(s, client, now, BAN_ANY, &b);
    if (banned && b.maker != BAN_BY_ADMIN && !ban_is_host(&b) && dictionary_client_good(run)) {
        banned = ban_find(s, client, now, BAN_NOT_BY_NEIGHBOURS, &b);
        if (!banned)
            run->result->words = STR("its network is banned, but it sends good mail");
    }
    if (!banned) {
        check_done(run, CHECK_PASS);
        return;
    }
    struct str host = check_host(run);
    run->result->reply = check_text(run, "%.*s %s", STR_ARG(host), ban_reply(&b, text));
    run->result->words = check_text(run, "%s", ban_words(&b, text));
    run->result->drop = true;
    check_done(run, CHECK_HIT);
}

const struct check_ops check_ban = {
    .name = "ban",
    .id = CHECK_BAN,
    .from = STAGE_CONNECT,
    .phase = 0,
    .before_rcpt = true,
    .start = start,
};
