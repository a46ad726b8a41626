/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vouch - does a sender's domain speak for this client?
 *
 * All questions go out as soon as they are known, and the first match ends it:
 * since only mechanisms that pass are followed, their order does not matter.
 * The number of questions is bounded, so a record that includes itself ends.
 */
#include "policy/vouch.h"

#include <string.h>

#include "mail/address.h"

static void finish(struct vouch *v, const char *how)
{
    vouch_stop(v);
    v->call(v->ctx, how);
}

void vouch_stop(struct vouch *v)
{
    for (unsigned i = 0; v->running && i < v->asked; i++)
        resolver_cancel(v->resolver, v->questions[i].number);
    v->running = false;
}

static void on_answer(void *ctx, uint64_t question, const struct dns_answer *a);

static void ask(struct vouch *v, struct str name, enum dns_type type, struct vouch_question q)
{
    struct dns_asker asker = { on_answer, v };
    if (v->asked == VOUCH_QUESTIONS_MAX || name.n == 0 || name.n > DNS_NAME_MAX)
        return;
    struct vouch_question *at = &v->questions[v->asked++];
    *at = q;
    v->open++;
    at->number = resolver_ask(v->resolver, name, type, v->timeout_ms, asker);
}

static enum dns_type address_type(const struct vouch *v)
{
    return ip_is4(&v->client) ? DNS_A : DNS_AAAA;
}

/* --- one SPF record --- */

struct spf {
    struct vouch *v;
    struct str domain;
};

/* `:NAME/bits//bits` behind a mechanism, each of the three may be left out (RFC 7208 section 5.6):
 * the name and the bits for the client's family. */
static bool spf_target(const struct spf *s, struct str rest, struct str *name, unsigned *bits)
{
    uint64_t n;
    bool four = ip_is4(&s->v->client);
    struct str lengths = str_skip(rest, str_find_c(rest, '/'));
    struct str own = str_head(rest, rest.n - lengths.n);
    size_t both = str_find(lengths, STR("//"));
    struct str v4 = str_head(lengths, both), v6 = str_skip(lengths, both);
    str_eat(&own, STR(":"));
    str_eat(&v4, STR("/"));
    str_eat(&v6, STR("//"));
    *name = own.n > 0 ? own : s->domain;
    *bits = four ? 32 : 128;
    struct str mine = four ? v4 : v6;
    if (mine.n == 0)
        return true;
    if (str_u64(mine, &n) != 0 || n > *bits)
        return false;
    *bits = (unsigned)n;
    return true;
}

static bool spf_net_matches(const struct vouch *v, struct str text)
{
    struct ip net;
    unsigned bits;
    return ip_parse_net(text, &net, &bits) == 0 && ip_in(&v->client, &net, bits);
}

static bool spf_mechanism_asks(const struct spf *s, struct str term)
{
    struct str name;
    unsigned bits;
    bool mx = str_starts_nocase(term, STR("mx"));
    struct str rest = str_skip(term, mx ? 2 : 1);
    if (rest.n > 0 && rest.p[0] != ':' && rest.p[0] != '/')
        return false;
    if (!spf_target(s, rest, &name, &bits))
        return false;
    struct vouch_question q = { .kind = mx ? VOUCH_MX : VOUCH_ADDRESS, .bits = bits, .spf = true };
    ask(s->v, name, mx ? DNS_MX : address_type(s->v), q);
    return true;
}

/* The record of a domain: its name is kept, because `a` and `mx` in it mean that domain. */
static void spf_ask(struct vouch *v, struct str name)
{
    struct vouch_question q = { .kind = VOUCH_SPF, .spf = true, .record = v->domain_count };
    if (v->domain_count == VOUCH_RECORDS_MAX ||
        str_copy(name, v->domains[v->domain_count], sizeof v->domains[0]) != 0)
        return;
    v->domain_count++;
    ask(v, name, DNS_TXT, q);
}

enum spf_step { SPF_GO_ON, SPF_END, SPF_MATCH };

static enum spf_step spf_term(const struct spf *s, struct str term)
{
    if (str_eat(&term, STR("+")) && term.n == 0)
        return SPF_END;
    if (str_find_c(term, '%') != STR_NONE)       /* macros: not followed */
        return SPF_END;
    if (str_starts_nocase(term, STR("ip4:")) || str_starts_nocase(term, STR("ip6:")))
        return spf_net_matches(s->v, str_skip(term, 4)) ? SPF_MATCH : SPF_GO_ON;
    if (str_starts_nocase(term, STR("include:"))) {
        spf_ask(s->v, str_skip(term, 8));
        return SPF_GO_ON;
    }
    if (str_starts_nocase(term, STR("redirect="))) {
        spf_ask(s->v, str_skip(term, 9));
        return SPF_END;
    }
    if (str_starts_nocase(term, STR("exp=")))
        return SPF_GO_ON;
    if (str_starts_nocase(term, STR("mx")) || str_starts_nocase(term, STR("a")))
        return !str_starts_nocase(term, STR("all")) && spf_mechanism_asks(s, term) ? SPF_GO_ON
                                                                                   : SPF_END;
    return SPF_END;                              /* -x ~x ?x, ptr, exists, unknown */
}

static bool spf_record(struct vouch *v, struct str domain, struct str text)
{
    struct spf s = { v, domain };
    struct str term;
    if (!str_eq_nocase(str_word(&text), STR("v=spf1")))
        return false;
    while ((term = str_word(&text)).n > 0) {
        enum spf_step step = spf_term(&s, term);
        if (step != SPF_GO_ON)
            return step == SPF_MATCH;
    }
    return false;
}

/* --- answers --- */

static bool addresses_match(const struct vouch *v, const struct dns_answer *a, unsigned bits)
{
    for (size_t i = 0; i < a->count; i++) {
        if (ip_in(&v->client, &a->records[i].ip, bits))
            return true;
    }
    return false;
}

static const char *answer_look(struct vouch *v, const struct vouch_question *q,
                               const struct dns_answer *a)
{
    struct vouch_question next = { .kind = VOUCH_MX_ADDRESS, .bits = q->bits, .spf = q->spf };
    switch (q->kind) {
    case VOUCH_ADDRESS:
    case VOUCH_MX_ADDRESS:
        if (!addresses_match(v, a, q->bits))
            return "";
        return q->spf ? "SPF" : q->kind == VOUCH_ADDRESS ? "address" : "mail server";
    case VOUCH_MX:
        for (size_t i = 0; i < a->count && i < 6; i++)
            ask(v, a->records[i].name, address_type(v), next);
        return "";
    case VOUCH_SPF:
        for (size_t i = 0; i < a->count; i++) {
            if (spf_record(v, str_c(v->domains[q->record]), a->records[i].text))
                return "SPF";
        }
        return "";
    }
    return "";
}

static void on_answer(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct vouch *v = ctx;
    unsigned i = 0;
    while (i < v->asked && v->questions[i].number != question)
        i++;
    if (i == v->asked)
        return;
    struct vouch_question q = v->questions[i];
    v->questions[i].number = 0;
    v->open--;
    const char *how = a->status == DNS_OK ? answer_look(v, &q, a) : "";
    if (how[0] != '\0' || v->open == 0)
        finish(v, how);
}

void vouch_start(struct vouch *v, struct resolver *r, const struct vouch_client *client,
                 struct str domain, struct vouch_asker asker)
{
    unsigned whole = ip_is4(&client->ip) ? 32 : 128;
    struct vouch_question address = { .kind = VOUCH_ADDRESS, .bits = whole };
    struct vouch_question mx = { .kind = VOUCH_MX, .bits = whole };
    memset(v, 0, sizeof *v);
    v->resolver = r;
    v->client = client->ip;
    v->call = asker.call;
    v->ctx = asker.ctx;
    v->timeout_ms = asker.timeout_ms;
    if (domain_within(client->name, domain)) {
        v->call(v->ctx, "its name");
        return;
    }
    v->running = true;
    ask(v, domain, address_type(v), address);
    ask(v, domain, DNS_MX, mx);
    spf_ask(v, domain);
    if (v->open == 0)
        finish(v, "");
}
