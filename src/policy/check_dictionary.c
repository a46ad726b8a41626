/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_dictionary - clients that try out names until one exists
 *
 * Not failures are counted but distinct unknown local parts within a window:
 * a client that asks a hundred times for the same wrong address made one
 * mistake. They are counted in the state, so neither RSET nor a new session nor
 * a restart helps; and summed for the client's network and for the domain that
 * is aimed at, so spreading the attack over many hosts does not help either.
 *
 * Who sends good mail too (a forwarder, a provider) or is vouched for is never
 * banned: much of its spam is ours to refuse, but so is none of its mail to
 * lose. It is deferred while too large a share of its recipients is unknown,
 * and left out of the sums. Others are banned at the threshold, each time for
 * longer, always with an end.
 *
 * What counts as good must not be for the client to choose. Everybody knows one
 * address that exists here, and could name it between the guesses until the
 * share is right. So good recipients are local parts too: one counts at most
 * DICT_GOOD_TIMES times in the window, whatever the domain (info@ exists in
 * all of them), and what only a catch-all takes is none. N known names buy at
 * most DICT_GOOD_TIMES * N good recipients, and with good_percent = 50 as many
 * guesses. A real provider writes to dozens of mailboxes and does not notice.
 * A small site whose clients all write to one mailbox never becomes a sender of
 * good mail by that; it needs not to, for client_unknown different names in an
 * hour are no typing errors, and under an attack on the whole domain one good
 * recipient still gives it GOOD_PATIENCE times the names of a stranger.
 *
 * Bounces (the null sender) are counted apart. Who forges senders at a domain
 * of ours makes honest servers bounce to names that never were, and others ask
 * us whether those exist: that looks like a dictionary attack by all of them, and
 * they must not be banned for it, nor make our strangers suspicious. But a
 * guesser may use the null sender as well. So nobody is banned for bounces; after
 * bounce_unknown names all bounces of that client are deferred, to good
 * recipients and unknown ones alike, so that there is nothing to learn. As no ban
 * of its network comes after that, a /64 of IPv6 is one client here. Mail with
 * a sender passes, no bounce is lost, and what is deferred is not counted, so
 * that it ends with the window however often it comes again.
 */
#include "policy/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "event/loop.h"
#include "policy/ban.h"
#include "policy/dict_tally.h"
#include "policy/dictionary.h"
#include "store/store.h"

#define GOOD_MEMORY_S (7 * 86400)    /* so long a sender of good mail is known as one */
#define GOOD_PATIENCE 3u             /* ... and may try so many times more names than a stranger */
#define NAME_MAX_HASHED 256u         /* bytes of a local part that count */
#define TEXT_MAX 800u

struct dictionary {
    struct dict_key key;
};

/* One judgement. */
struct judge {
    struct check_run *run;
    const struct conf_dictionary *conf;
    struct dict_now now;
    struct dict_tally client;
    bool vouched;
    bool good;                       /* sends good mail, by this window */
    bool known;                      /* did, within the last days */
    uint32_t unknown, goods;         /* in the window */
};

/* --- the client --- */

static uint32_t share(uint32_t part, uint32_t other)
{
    uint64_t all = (uint64_t)part + other;
    return all == 0 ? 0 : (uint32_t)((uint64_t)part * 100 / all);
}

/* Is `part` above `percent` of all? Without rounding. */
static bool share_above(uint32_t part, uint32_t other, unsigned percent)
{
    return (uint64_t)part * 100 > ((uint64_t)part + other) * percent;
}

/* Does it hold yet? What ends later than it could was written by a clock that was wrong. */
static bool lasts(const struct judge *j, const struct dict_tally *t, int64_t longest)
{
    return t->until > j->now.now && t->until <= j->now.now + longest;
}

static void client_judge(struct judge *j)
{
    const struct conf_dictionary *c = j->conf;
    j->unknown = dict_tally_unknowns(&j->client);
    j->goods = dict_tally_goods(&j->client);
    j->good = j->goods >= c->good_recipients && share(j->goods, j->unknown) >= c->good_percent;
    j->known = lasts(j, &j->client, GOOD_MEMORY_S);
}

static void judge_begin(struct judge *j, struct check_run *run, const struct dict_key *key)
{
    char room[DICT_STORE_KEY_MAX];
    j->run = run;
    j->conf = &run->parts->conf->dictionary;
    j->now = (struct dict_now){ run->parts->store, *key, j->conf->window_s,
                                loop_utc(run->parts->loop) };
    j->vouched = run->vouched;
    dict_tally_load(&j->now, dict_key_client(DICT_CLIENT, &run->envelope->client, room),
                    &j->client);
    client_judge(j);
}

static void client_save(struct judge *j)
{
    char room[DICT_STORE_KEY_MAX];
    if (j->good || j->vouched)
        j->client.until = j->now.now + GOOD_MEMORY_S;
    if (!j->run->envelope->dry)
        dict_tally_save(&j->now, dict_key_client(DICT_CLIENT, &j->run->envelope->client, room),
                        &j->client);
}

bool dictionary_client_good(const struct check_run *run)
{
    char room[DICT_STORE_KEY_MAX];
    struct judge j = { .conf = &run->parts->conf->dictionary };
    struct dict_key key = dict_key_get(run->parts->store, true);
    j.now = (struct dict_now){ run->parts->store, key, j.conf->window_s,
                               loop_utc(run->parts->loop) };
    dict_tally_load(&j.now, dict_key_client(DICT_CLIENT, &run->envelope->client, room), &j.client);
    client_judge(&j);
    return j.good || j.known;
}

/* --- what is counted --- */

/* Local parts are compared without case: so are ours; and without a tag (name+tag): who writes to
 * ten tags of a name that has gone has not tried ten names. */
static uint32_t name_hash(const struct judge *j)
{
    char lower[NAME_MAX_HASHED];
    struct str name = str_head(j->run->recipient_local, sizeof lower);
    size_t plus = str_find_c(name, '+');
    if (plus != STR_NONE && plus > 0)
        name = str_head(name, plus);
    for (size_t i = 0; i < name.n; i++)
        lower[i] = ascii_tolower(name.p[i]);
    return dict_hash(&j->now.key, str_make(lower, name.n));
}

/* Of a network its hosts are counted. Of a domain's clients a /64 of IPv6 is one: it belongs to one
 * machine, and without that each could be many. */
static uint32_t client_hash(const struct judge *j, bool hosts)
{
    const struct ip *ip = &j->run->envelope->client;
    size_t n = hosts || ip_is4(ip) ? 16 : 8;
    return dict_hash(&j->now.key, str_make((const char *)ip->b, n));
}

/* Add the name to the sum that is kept under `key`, and load it into *t. */
static void sum_add(const struct judge *j, struct str key, uint32_t client, struct dict_tally *t)
{
    dict_tally_load(&j->now, key, t);
    dict_tally_unknown(t, j->now.now, name_hash(j), client);
}

static void sum_save(const struct judge *j, struct str key, const struct dict_tally *t)
{
    if (!j->run->envelope->dry)
        dict_tally_save(&j->now, key, t);
}

/* --- a ban --- */

/* What the attack was, and by whom: the client itself or its network. */
struct attack {
    const struct dict_tally *tally;
    bool net;
    struct str domain;               /* under attack by many; else "" */
};

static void reason_make(const struct judge *j, const struct attack *a, struct ban *b)
{
    struct buf text;
    char span[BAN_SPAN_TEXT];
    buf_init(&text, TEXT_MAX);
    buf_addf(&text, "%u unknown recipient%s in %s", b->unknown, b->unknown == 1 ? "" : "s",
             ban_span_text(j->conf->window_s, span));
    if (a->net)
        buf_addf(&text, " from %u hosts", b->clients);
    if (a->domain.n > 0) {
        buf_addf(&text, ", while ");
        buf_add_safe(&text, str_head(a->domain, 100));
        buf_addf(&text, " is under attack");
    }
    ban_set_reason(b, buf_str(&text));
    buf_fini(&text);
}

static unsigned net_bits(const struct ip *ip, bool net)
{
    if (ip_is4(ip))
        return net ? 24 : 32;
    return net ? 64 : 128;
}

/* The ban that this attack deserves: twice as long as the last one, if that is remembered. */
static void ban_make(const struct judge *j, const struct attack *a, struct ban *b)
{
    const struct ip *ip = &j->run->envelope->client;
    struct ban before;
    int64_t now = j->now.now, seconds = j->conf->ban_s;
    memset(b, 0, sizeof *b);
    ban_set_net(b, ip, net_bits(ip, a->net));
    b->maker = BAN_BY_DICTIONARY;
    b->level = 1;
    if (ban_get(j->now.store, &b->net, b->bits, now, &before) == 1 &&
        before.maker == BAN_BY_DICTIONARY)
        b->level = before.level + 1;
    for (unsigned i = 1; i < b->level && seconds < j->conf->ban_max_s; i++)
        seconds *= 2;
    seconds = seconds < j->conf->ban_max_s ? seconds : j->conf->ban_max_s;
    b->since = now;
    b->until = now + seconds;
    b->remembered = b->until + j->conf->memory_s;
    b->unknown = dict_tally_unknowns(a->tally);
    b->clients = a->tally->clients_n;
    b->good = a->net ? 0 : j->goods;
    b->window_s = j->conf->window_s;
    reason_make(j, a, b);
}

static void ban_log(const struct judge *j, const struct ban *b)
{
    struct log_line l;
    char net[BAN_NET_TEXT], until[BAN_UNTIL_TEXT];
    log_begin(&l, LOG_LEVEL_NOTICE, "ban");
    log_c(&l, "net", ban_net_text(b, net));
    log_c(&l, "until", ban_until_text(b, until));
    log_u64(&l, "level", b->level);
    log_c(&l, "by", ban_maker_names[b->maker]);
    log_u64(&l, "unknown", b->unknown);
    log_u64(&l, "clients", b->clients);
    log_str(&l, "domain", j->run->recipient_domain);
    log_c(&l, "reason", b->reason);
    log_end(&l);
}

/* Remember the ban; what it was for has been paid with it. */
static void ban_keep(struct judge *j, const struct attack *a, struct ban *b)
{
    char room[DICT_STORE_KEY_MAX];
    const struct ip *ip = &j->run->envelope->client;
    ban_put(j->now.store, b, j->now.now);
    ban_log(j, b);
    if (a->net)
        store_remove(j->now.store, STORE_TALLIES, dict_key_net(ip, room));
    store_remove(j->now.store, STORE_TALLIES, dict_key_client(DICT_CLIENT, ip, room));
}

/* An attack: refused, and banned if that is the mode and nobody only asks. */
static void attack_answer(struct judge *j, const struct attack *a)
{
    struct check_run *run = j->run;
    struct str host = check_host(run);
    char text[BAN_TEXT_MAX];
    struct ban b;
    bool refuse = run->result->mode == MODE_REFUSE;
    if (ban_find(j->now.store, &run->envelope->client, j->now.now, BAN_ANY, &b) != 1) {
        ban_make(j, a, &b);
        if (refuse && !run->envelope->dry)
            ban_keep(j, a, &b);
    }
    run->result->drop = j->conf->drop;
    run->result->words = check_text(run, "%s%s", refuse ? "" : "not banned in this mode: ",
                                    ban_words(&b, text));
    if (refuse)
        run->result->reply = check_text(run, "%.*s %s", STR_ARG(host), ban_reply(&b, text));
    else
        run->result->reply = check_text(run, "%.*s tried too many unknown recipients",
                                        STR_ARG(host));
    check_done(run, CHECK_HIT);
}

/* --- judging --- */

/* Too large a share of a good client's recipients is unknown: later, not never. */
static bool slow_judge(struct judge *j)
{
    struct check_run *run = j->run;
    char span[BAN_SPAN_TEXT];
    if (j->unknown < j->conf->client_unknown ||
        !share_above(j->unknown, j->goods, j->conf->slow_percent))
        return false;
    run->result->mode = run->result->mode < MODE_DEFER ? run->result->mode : MODE_DEFER;
    run->result->words =
        check_text(run, "%u of %u recipients in %s are unknown (%u %%); not banned: %s", j->unknown,
                   j->unknown + j->goods, ban_span_text(j->conf->window_s, span),
                   share(j->unknown, j->goods), j->vouched ? "vouched for" : "sends good mail");
    run->result->reply = check_text(run, "%.*s: too many of your recipients are unknown; try later",
                                    STR_ARG(check_host(run)));
    check_done(run, CHECK_HIT);
    return true;
}

static void attack_log(const struct judge *j, enum dict_kind kind, const struct dict_tally *t)
{
    struct log_line l;
    if (kind == DICT_DOMAIN)
        log_begin(&l, LOG_LEVEL_WARNING, "dictionary-attack");
    else
        log_begin(&l, LOG_LEVEL_WARNING, "backscatter");
    log_str(&l, "domain", j->run->recipient_domain);
    log_u64(&l, "unknown", t->names_n);
    log_u64(&l, "clients", t->clients_n);
    log_u64(&l, "window", j->conf->window_s);
    log_end(&l);
}

/* Count for the domain that is aimed at, or that bounces come to. True while it is under attack. */
static bool domain_judge(struct judge *j, enum dict_kind kind)
{
    struct dict_tally t;
    char room[DICT_STORE_KEY_MAX];
    struct str key = dict_key_domain(kind, j->run->recipient_domain, room);
    sum_add(j, key, client_hash(j, false), &t);
    if (!lasts(j, &t, j->conf->window_s))
        t.until = 0;
    if (t.names_n >= j->conf->domain_unknown && t.clients_n >= j->conf->domain_clients) {
        if (t.until == 0 && !j->run->envelope->dry)
            attack_log(j, kind, &t);
        t.until = j->now.now + j->conf->window_s;
    }
    sum_save(j, key, &t);
    return t.until != 0;
}

/* Count for the client's network. True if all of it is to be banned. */
static bool net_judge(struct judge *j, struct dict_tally *t)
{
    char room[DICT_STORE_KEY_MAX];
    struct str key = dict_key_net(&j->run->envelope->client, room);
    sum_add(j, key, client_hash(j, true), t);
    sum_save(j, key, t);
    return t->names_n >= j->conf->net_unknown && t->clients_n >= 2;
}

/* What a stranger may try in a domain that is under attack; with good mail, some more. */
static unsigned attacked_limit(const struct judge *j)
{
    return j->conf->attacked_unknown * (j->goods == 0 ? 1 : GOOD_PATIENCE);
}

/* Somebody nobody knows any good of. */
static void stranger_judge(struct judge *j)
{
    struct dict_tally net;
    bool attacked = domain_judge(j, DICT_DOMAIN), net_attacks = net_judge(j, &net);
    if (j->unknown >= j->conf->client_unknown)
        attack_answer(j, &(struct attack){ .tally = &j->client });
    else if (attacked && j->unknown >= attacked_limit(j))
        attack_answer(j, &(struct attack){ &j->client, false, j->run->recipient_domain });
    else if (net_attacks)
        attack_answer(j, &(struct attack){ .tally = &net, .net = true });
    else
        check_done(j->run, CHECK_PASS);
}

/* Somebody who sent good mail lately, but not enough of it now: with more patience, yet not without
 * an end, or a stolen host could guess for a week. */
static void known_judge(struct judge *j)
{
    if (j->unknown >= j->conf->client_unknown * GOOD_PATIENCE)
        attack_answer(j, &(struct attack){ .tally = &j->client });
    else if (!slow_judge(j))
        check_done(j->run, CHECK_PASS);
}

static void unknown_judge(struct judge *j)
{
    j->run->result->words = check_text(j->run, "%u unknown, %u good", j->unknown, j->goods);
    if (j->good || j->vouched) {
        if (!slow_judge(j))
            check_done(j->run, CHECK_PASS);
    } else if (j->known) {
        known_judge(j);
    } else {
        stranger_judge(j);
    }
}

/* --- bounces --- */

static bool is_bounce(const struct check_run *run)
{
    return run->envelope->has_sender && run->envelope->sender.n == 0;
}

static bool is_stranger(const struct judge *j)
{
    return !j->good && !j->known && !j->vouched;
}

/* So many unknown names of bounces are answered before they are deferred. */
static unsigned bounces_limit(const struct judge *j)
{
    struct dict_tally domain;
    char room[DICT_STORE_KEY_MAX];
    unsigned limit = j->conf->bounce_unknown;
    struct str key = dict_key_domain(DICT_DOMAIN_BOUNCES, j->run->recipient_domain, room);
    dict_tally_load(&j->now, key, &domain);
    if (lasts(j, &domain, j->conf->window_s) && attacked_limit(j) < limit)
        limit = attacked_limit(j);
    return is_stranger(j) ? limit : limit * GOOD_PATIENCE;
}

/* Not now: the same to a recipient that exists and to one that does not. */
static void bounces_defer(struct judge *j, uint32_t unknown)
{
    struct check_run *run = j->run;
    char span[BAN_SPAN_TEXT];
    run->result->mode = run->result->mode < MODE_DEFER ? run->result->mode : MODE_DEFER;
    run->result->hides_recipient = run->result->mode == MODE_DEFER;
    run->result->words = check_text(run, "bounces to %u unknown recipients in %s; not banned",
                                    unknown, ban_span_text(j->conf->window_s, span));
    run->result->reply = check_text(run, "%.*s: too many of your bounces go to unknown recipients; "
                                    "try later", STR_ARG(check_host(run)));
    check_done(run, CHECK_HIT);
}

static void bounces_count(struct judge *j, struct str key, struct dict_tally *bounces)
{
    dict_tally_unknown(bounces, j->now.now, name_hash(j), 0);
    sum_save(j, key, bounces);
    if (is_stranger(j))
        domain_judge(j, DICT_DOMAIN_BOUNCES);
    j->run->result->words = check_text(j->run, "%u unknown of bounces, %u good",
                                       dict_tally_unknowns(bounces), j->goods);
    check_done(j->run, CHECK_PASS);
}

/* A bounce. True if that is all: it is deferred, or its recipient is unknown and was counted. */
static bool bounce_judge(struct judge *j, bool unknown_name)
{
    struct dict_tally bounces;
    char room[DICT_STORE_KEY_MAX];
    struct str key = dict_key_client(DICT_CLIENT_BOUNCES, &j->run->envelope->client, room);
    dict_tally_load(&j->now, key, &bounces);
    uint32_t unknown = dict_tally_unknowns(&bounces);
    bool slow = (!j->good && !j->vouched) ||
                share_above(unknown, j->goods, j->conf->slow_percent);
    if (slow && unknown >= bounces_limit(j)) {
        bounces_defer(j, unknown);
        return true;
    }
    if (unknown_name)
        bounces_count(j, key, &bounces);
    return unknown_name;
}

/* --- the check --- */

static void start(struct check_run *run)
{
    const struct dictionary *d = run->state;
    struct judge j;
    bool unknown = check_recipient_unknown(run), good = check_recipient_good(run);
    if (run->results[CHECK_BAN].state == CHECK_HIT) {
        run->result->words = STR("banned already");
        check_done(run, CHECK_SKIPPED);
        return;
    }
    if (!unknown && !good) {
        run->result->words = STR("nobody knows whether the recipient exists");
        check_done(run, CHECK_SKIPPED);
        return;
    }
    if (good && check_turned_away(run)) {       /* no good mail, whoever it is for */
        run->result->words = STR("refused by another check: it counts for nothing");
        check_done(run, CHECK_SKIPPED);
        return;
    }
    judge_begin(&j, run, &d->key);
    if (is_bounce(run) && bounce_judge(&j, unknown))
        return;
    if (good)
        dict_tally_good(&j.client, j.now.now, name_hash(&j));
    else
        dict_tally_unknown(&j.client, j.now.now, name_hash(&j), 0);
    client_judge(&j);
    client_save(&j);
    if (unknown)
        unknown_judge(&j);
    else if (is_stranger(&j) || !slow_judge(&j))
        check_done(run, CHECK_PASS);
}

/* --- life --- */

static int limit_check(const char *name, unsigned value, unsigned max, struct err *err)
{
    if (value <= max)
        return 0;
    return err_set(err, ERR_USAGE, "%s is %u; the most is %u", name, value, max);
}

static int dictionary_open(const struct policy_parts *parts, void **state_out, struct err *err)
{
    const struct conf_dictionary *c = &parts->conf->dictionary;
    unsigned client_max = DICT_NAMES_MAX / GOOD_PATIENCE;
    if (limit_check("client_unknown", c->client_unknown, client_max, err) != 0 ||
        limit_check("bounce_unknown", c->bounce_unknown, client_max, err) != 0 ||
        limit_check("net_unknown", c->net_unknown, DICT_NAMES_MAX, err) != 0 ||
        limit_check("domain_unknown", c->domain_unknown, DICT_NAMES_MAX, err) != 0 ||
        limit_check("domain_clients", c->domain_clients, DICT_CLIENTS_MAX, err) != 0)
        return -1;
    struct dictionary *d = must_alloc(sizeof *d);
    d->key = dict_key_get(parts->store, false);
    *state_out = d;
    return 0;
}

static void dictionary_close(void **state)
{
    free(*state);
    *state = NULL;
}

const struct check_ops check_dictionary = {
    .name = "dictionary",
    .id = CHECK_DICTIONARY,
    .from = STAGE_RCPT,
    .phase = 2,
    .open = dictionary_open,
    .close = dictionary_close,
    .start = start,
};
