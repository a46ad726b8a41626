/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exempt - whom no check touches
 *
 * A table of reasons, asked in order; the first that holds is told. Address
 * patterns are few and written by the administrator, so they are walked.
 */
#include "policy/exempt.h"

#include "policy/fcrdns.h"

struct question {
    const struct conf *c;
    const struct envelope *e;
    struct exempt_rcpt rcpt;
};

static bool is_local(const struct question *q)
{
    return !q->e->has_client;
}

static bool is_authenticated(const struct question *q)
{
    return q->e->authenticated;
}

static bool is_relay(const struct question *q)
{
    return q->e->relay;
}

static bool is_loopback(const struct question *q)
{
    return q->c->exempt.loopback && ip_loopback(&q->e->client);
}

static bool is_allowed_client(const struct question *q)
{
    for (size_t i = 0; i < q->c->exempt.clients.n; i++) {
        const struct conf_net *net = &q->c->exempt.clients.v[i];
        if (ip_in(&q->e->client, &net->ip, net->bits))
            return true;
    }
    return false;
}

static struct str domain_of(struct str address)
{
    size_t at = str_rfind_c(address, '@');
    return at == STR_NONE ? STR("") : str_skip(address, at + 1);
}

/* address, local@, @domain, .domain (all below it) */
static bool address_matches(struct str address, struct str pattern)
{
    struct str domain = domain_of(address);
    if (pattern.n == 0 || address.n == 0)
        return false;
    if (pattern.p[0] == '@')
        return str_eq_nocase(domain, str_skip(pattern, 1));
    if (pattern.p[0] == '.')
        return domain.n > pattern.n && fcrdns_matches(domain, pattern);
    if (pattern.p[pattern.n - 1] == '@')
        return str_starts_nocase(address, pattern) && address.n - domain.n == pattern.n;
    return str_eq_nocase(address, pattern);
}

static bool any_matches(const struct conf_strings *patterns, struct str address)
{
    for (size_t i = 0; i < patterns->n; i++) {
        if (address_matches(address, str_c(patterns->v[i])))
            return true;
    }
    return false;
}

static bool is_allowed_sender(const struct question *q)
{
    return q->e->has_sender && any_matches(&q->c->exempt.senders, q->e->sender);
}

/* As check_relay sees it: who may not relay cannot do so by the name of an address either. */
static bool is_ours(const struct question *q)
{
    bool known = q->e->verified == VERIFIED_YES && q->c->recipient.trust_mta;
    return q->rcpt.state != RECIPIENT_FOREIGN || known;
}

static bool is_allowed_recipient(const struct question *q)
{
    return is_ours(q) && any_matches(&q->c->exempt.recipients, q->e->recipient);
}

static bool is_postmaster(const struct question *q)
{
    return is_ours(q) && (str_eq_nocase(q->rcpt.local, STR("postmaster")) ||
                          str_eq_nocase(q->rcpt.local, STR("abuse")));
}

struct str exempt_why(const struct conf *c, const struct envelope *e, struct exempt_rcpt rcpt)
{
    static const struct {
        bool (*holds)(const struct question *q);
        struct str why;
    } reasons[] = {
        { is_local, STR_INIT("no client address") },
        { is_authenticated, STR_INIT("authenticated") },
        { is_relay, STR_INIT("relay host") },
        { is_loopback, STR_INIT("loopback") },
        { is_allowed_client, STR_INIT("allowed client") },
        { is_allowed_sender, STR_INIT("allowed sender") },
        { is_allowed_recipient, STR_INIT("allowed recipient") },
        { is_postmaster, STR_INIT("postmaster or abuse") },
    };
    struct question q = { c, e, rcpt };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].holds(&q))
            return reasons[i].why;
    }
    return STR("");
}

struct str exempt_why_name(const struct conf *c, struct str name)
{
    for (size_t i = 0; name.n > 0 && i < c->exempt.names.n; i++) {
        if (fcrdns_matches(name, str_c(c->exempt.names.v[i])))
            return STR("allowed name");
    }
    return STR("");
}
