/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_helo - lies and blunders in HELO
 *
 * The article's two tests (it is our own address; it has no dot, or is not
 * said at all), the own name, addresses without brackets and in wrong ones, and
 * the client that was refused for one name and comes back with another. Each
 * has a mode of its own; the strongest that hits is told. No DNS: a HELO that
 * does not resolve is too common among honest hosts.
 */
#include "policy/check.h"

#include <string.h>

#include "conf/conf.h"
#include "event/loop.h"
#include "policy/dictionary.h"
#include "store/store.h"

#define HELO_KEEP 255u       /* bytes of a refused name that are remembered */
#define KEY_MAX 32u

struct look {
    struct check_run *run;
    struct str helo;         /* without dots at its end */
    bool literal, has_ip;
    struct ip ip;            /* what it says, if it is an address */
};

static void look_init(struct look *l, struct check_run *run)
{
    l->run = run;
    l->helo = run->envelope->helo;
    while (l->helo.n > 1 && l->helo.p[l->helo.n - 1] == '.')
        l->helo.n--;
    l->literal = l->helo.n > 0 && l->helo.p[0] == '[';
    l->has_ip = ip_parse(l->helo, &l->ip) == 0;
}

static bool ip_is_ours(const struct check_run *run, const struct ip *ip)
{
    const struct envelope *e = run->envelope;
    if (e->has_server && ip_eq(ip, &e->server))
        return true;
    for (size_t i = 0; i < run->parts->own->addresses.n; i++) {
        const struct conf_net *net = &run->parts->own->addresses.v[i];
        if (ip_in(ip, &net->ip, net->bits))
            return true;
    }
    return false;
}

static bool is_own(const struct look *l)
{
    const struct conf_strings *names = &l->run->parts->own->names;
    if (ip_is_ours(l->run, &l->run->envelope->client))
        return false;                    /* it is us */
    if (l->has_ip)
        return ip_is_ours(l->run, &l->ip);
    for (size_t i = 0; i < names->n; i++) {
        if (str_eq_nocase(l->helo, str_c(names->v[i])))
            return true;
    }
    return false;
}

static bool has_no_dot(const struct look *l)
{
    return !l->literal && !l->has_ip && str_find_c(l->helo, '.') == STR_NONE;
}

static bool is_bare_ip(const struct look *l)
{
    return l->has_ip && !l->literal;
}

static bool is_wrong_literal(const struct look *l)
{
    return l->literal && !(l->has_ip && ip_eq(&l->ip, &l->run->envelope->client));
}

static struct str memory_key(const struct check_run *run, char key[KEY_MAX])
{
    memcpy(key, "helo:", 5);
    memcpy(key + 5, run->envelope->client.b, 16);
    return str_make(key, 21);
}

/* Was this client refused for another name, a while ago? Behind one address there may be a server
 * that sends good mail and somebody's program beside it: the one is not refused for the other. What
 * ends later than it can was written by a clock that was wrong. */
static bool is_evasion(const struct look *l)
{
    const struct check_run *run = l->run;
    int64_t now = loop_utc(run->parts->loop);
    struct store_value refused;
    char key[KEY_MAX];
    if (store_get(run->parts->store, STORE_SESSIONS, memory_key(run, key), now, &refused) != 1 ||
        refused.ends > now + run->parts->conf->helo.memory_s ||
        str_eq_nocase(refused.bytes, str_head(l->helo, HELO_KEEP)))
        return false;
    return !dictionary_client_good(run);
}

static void refusal_remember(const struct look *l)
{
    const struct check_run *run = l->run;
    unsigned memory = run->parts->conf->helo.memory_s;
    char key[KEY_MAX];
    if (memory > 0 && !run->envelope->dry)
        store_put(run->parts->store, STORE_SESSIONS, memory_key(run, key),
                  str_head(l->helo, HELO_KEEP), loop_utc(run->parts->loop) + memory);
}

struct rule {
    bool (*hits)(const struct look *l);
    size_t mode;             /* offset in struct conf_helo */
    struct str reply;        /* the first two are the article's */
};

#define MODE_AT(field) offsetof(struct conf_helo, field)

static const struct rule rules[] = {
    { is_own, MODE_AT(own), STR_INIT("HELO/EHLO set to my IP address or name") },
    { has_no_dot, MODE_AT(no_dot), STR_INIT("EHLO/HELO does not contain a dotted address") },
    { is_bare_ip, MODE_AT(bare_ip), STR_INIT("EHLO/HELO is an IP address without brackets") },
    { is_wrong_literal, MODE_AT(literal),
      STR_INIT("EHLO/HELO is an address literal that is not your address") },
    { is_evasion, MODE_AT(evasion),
      STR_INIT("EHLO/HELO was refused before, and another name does not help") },
};

static enum check_mode mode_at(const struct check_run *run, size_t offset)
{
    enum conf_mode mode;
    memcpy(&mode, (const char *)&run->parts->conf->helo + offset, sizeof mode);
    return (enum check_mode)mode;
}

static void start(struct check_run *run)
{
    struct look l;
    const struct rule *found = NULL;
    enum check_mode strongest = MODE_OFF;
    look_init(&l, run);
    if (l.helo.n == 0 && !run->envelope->no_helo) {
        run->result->words = STR("no HELO was told");
        check_done(run, CHECK_SKIPPED);
        return;
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        enum check_mode mode = mode_at(run, rules[i].mode);
        if (mode > strongest && rules[i].hits(&l)) {
            strongest = mode;
            found = &rules[i];
        }
    }
    if (found == NULL) {
        check_done(run, CHECK_PASS);
        return;
    }
    run->result->mode = strongest;
    run->result->reply = found->reply;
    run->result->words = check_text(run, "%.*s: %.*s", STR_ARG(found->reply), STR_ARG(l.helo));
    if (strongest >= MODE_DEFER && found->hits != is_evasion && l.helo.n > 0)
        refusal_remember(&l);
    check_done(run, CHECK_HIT);
}

const struct check_ops check_helo = {
    .name = "helo",
    .id = CHECK_HELO,
    .from = STAGE_HELO,
    .phase = 0,
    .start = start,
};
