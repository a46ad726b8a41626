/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_warn - what works, and is probably not what was meant
 *
 * Shown by posternd --check. A rule that cries on healthy servers is worse than
 * none: each of these has hurt somebody.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "conf/conf.h"
#include "conf/conf_types.h"

#define KIT_WAITS_MS 10000u   /* of ${readsocket} in etc/exim/ask */

static bool world_writable(const struct conf *c)
{
    return c->door.socket[0] != '\0' && (c->door.mode & S_IWOTH) != 0;
}

static bool control_world_writable(const struct conf *c)
{
    return c->control.socket[0] != '\0' && (c->control.mode & S_IWOTH) != 0;
}

static bool callout_without_vouch(const struct conf *c)
{
    return c->callout.mode != CONF_OFF && !c->callout.vouch;
}

static bool callout_unwatched(const struct conf *c)
{
    return c->callout.mode != CONF_OFF && c->callout.self_watch[0] == '\0';
}

static bool callout_too_slow(const struct conf *c)
{
    return c->callout.mode != CONF_OFF && c->callout.timeout_ms >= c->door.answer_ms;
}

static bool lists_too_slow(const struct conf *c)
{
    return c->dnsbl.mode != CONF_OFF && c->dnsbl.timeout_ms >= c->door.answer_ms;
}

static bool sender_too_slow(const struct conf *c)
{
    return c->sender.timeout_ms >= c->door.answer_ms;
}

/* Exim would go on without us, for the rest of the session: whoever can make us slow gets in. */
static bool answer_too_slow(const struct conf *c)
{
    return c->door.answer_ms >= KIT_WAITS_MS;
}

static bool unreachable_threshold(const struct conf *c)
{
    int64_t sum = 0;
    for (size_t i = 0; i < c->dnsbl.zone_count; i++)
        sum += c->dnsbl.zones[i].weight > 0 ? c->dnsbl.zones[i].weight : 0;
    return c->dnsbl.mode != CONF_OFF && sum < c->dnsbl.threshold;
}

static bool acts(enum conf_mode mode)
{
    return mode == CONF_DEFER || mode == CONF_REFUSE;
}

static bool nothing_acts(const struct conf *c)
{
    return !acts(c->ban.mode) && !acts(c->relay.mode) && !acts(c->recipient.mode) &&
           !acts(c->helo.own) && !acts(c->helo.no_dot) && !acts(c->helo.bare_ip) &&
           !acts(c->helo.literal) && !acts(c->dnsbl.mode) && !acts(c->sender.domain) &&
           !acts(c->sender.null_mx) && !acts(c->sender.bogus_mx) && !acts(c->dictionary.mode);
}

static bool bans_without_effect(const struct conf *c)
{
    return acts(c->dictionary.mode) && !acts(c->ban.mode);
}

static bool unknown_untold(const struct conf *c)
{
    return str_eq(str_c(c->recipient.layout), STR("none")) && !c->recipient.trust_mta &&
           (c->recipient.mode != CONF_OFF || c->dictionary.mode != CONF_OFF);
}

static bool everybody_exempt(const struct conf *c)
{
    for (size_t i = 0; i < c->exempt.clients.n; i++) {
        if (c->exempt.clients.v[i].bits == 0)
            return true;
    }
    return false;
}

/* Resolvers of these are refused by the block lists, or get answers that are none. */
static bool public_forwarder(const struct conf *c)
{
    static const char *const nets[] = {
        "8.8.8.8", "8.8.4.4", "2001:4860:4860::/48", "1.1.1.1", "1.0.0.1", "2606:4700:4700::/48",
        "9.9.9.0/24", "149.112.112.0/24", "2620:fe::/48", "208.67.220.0/22", "2620:119:35::/48",
        "94.140.14.0/24", "4.2.2.0/24", "64.6.64.0/22",
    };
    struct conf_net net;
    struct ip ip;
    uint16_t port;
    for (size_t i = 0; i < c->dns.forwarders.n; i++) {
        if (conf_type_server(str_c(c->dns.forwarders.v[i]), &ip, &port) != 0)
            continue;
        for (size_t k = 0; k < sizeof nets / sizeof nets[0]; k++) {
            if (conf_type_net(str_c(nets[k]), &net) == 0 && ip_in(&ip, &net.ip, net.bits))
                return c->dnsbl.mode != CONF_OFF;
        }
    }
    return false;
}

static bool open_listener(const struct conf *c)
{
    struct ip ip;
    uint16_t port;
    for (size_t i = 0; i < c->door.listen.n; i++) {
        if (conf_type_host_port(str_c(c->door.listen.v[i]), &ip, &port) == 0 && !ip_private(&ip))
            return true;
    }
    return false;
}

static bool open_metrics(const struct conf *c)
{
    struct ip ip;
    uint16_t port;
    return conf_type_host_port(str_c(c->daemon.metrics), &ip, &port) == 0 && !ip_private(&ip);
}

static bool nothing_kept(const struct conf *c)
{
    return c->daemon.state[0] == '\0';
}

static bool stays_root(const struct conf *c)
{
    return c->daemon.user[0] == '\0' || str_eq(str_c(c->daemon.user), STR("root"));
}

static const struct {
    bool (*holds)(const struct conf *c);
    const char *text;
} warnings[] = {
    { world_writable, "door.mode lets every user of this host ask: 0660 with the group of the MTA "
                      "is enough" },
    { control_world_writable, "control.mode lets every user of this host look at bans and counts" },
    { open_listener, "door.listen has an address that others can reach: anybody may ask there" },
    { open_metrics, "daemon.metrics has an address that others can reach: anybody may read there" },
    { stays_root, "daemon.user is empty or root: posternd would keep the rights of root" },
    { nothing_kept, "daemon.state is empty: bans and counts end with the process" },
    { public_forwarder, "dns.forwarders names a public resolver: block lists refuse to answer it" },
    { nothing_acts, "no check defers or refuses: all mail passes" },
    { bans_without_effect, "dictionary bans clients, and ban.mode lets them in all the same" },
    { unknown_untold, "recipient.layout is none and trust_mta is no: nothing says which recipients "
                      "exist" },
    { everybody_exempt, "exempt.clients has a network with /0: nobody is checked" },
    { unreachable_threshold, "dnsbl.threshold is more than all weights together: no client is ever "
                             "listed" },
    { lists_too_slow, "dnsbl.timeout is not below door.answer: slow lists are passed over unseen" },
    { sender_too_slow, "sender.timeout is not below door.answer: it is passed over before it "
                       "ends" },
    { answer_too_slow, "door.answer is not below the 10 seconds that Exim waits by the kit: what "
                       "is slow passes without a check" },
    { callout_too_slow, "callout.timeout is not below door.answer: it is passed over before it "
                        "ends" },
    { callout_without_vouch, "callout.vouch is no: servers of forged senders are asked, which can "
                             "bring this host onto block lists" },
    { callout_unwatched, "callout.self_watch is empty: callouts go on when this host is listed for "
                         "them" },
};

void conf_warn(const struct conf *c, conf_warning *call, void *ctx)
{
    for (size_t i = 0; i < sizeof warnings / sizeof warnings[0]; i++) {
        if (warnings[i].holds(c))
            call(ctx, warnings[i].text);
    }
}
