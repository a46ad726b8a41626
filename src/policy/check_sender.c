/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_sender - can the sender's domain take an answer at all?
 *
 * The null sender always can (RFC 5321 section 4.5.5). Else the domain must
 * exist, must not say that it takes no mail (null MX, RFC 7505), and one of its
 * mail servers must have an address that is not private or bogus. Two rounds
 * of questions: MX; then the addresses of a few of them, both families at once,
 * until the first good one. Where the DNS does not answer nothing is said.
 */
#include "policy/check.h"

#include <string.h>

#include "conf/conf.h"
#include "dns/resolver.h"
#include "tables/recipients.h"

#define HOSTS_MAX 6u             /* mail servers that are looked at, the preferred first */
#define HOST_TEXT 256u

struct look {
    uint64_t run;                /* its number */
    struct policy *policy;
    struct resolver *resolver;
    unsigned timeout_ms;
    uint64_t questions[2 * HOSTS_MAX + 1];
    unsigned asked, open;
    unsigned addresses;          /* seen, none of them good */
    bool unsure;
    bool more;                   /* there are mail servers that nobody looked at */
    char hosts[HOSTS_MAX][HOST_TEXT];
    unsigned host_count;
};

/* Each finding has a mode of its own: one that is off is none. */
static void hit(struct check_run *run, enum conf_mode mode, const char *status, struct str reply)
{
    struct check_result *r = run->result;
    if (mode == CONF_OFF) {
        check_done(run, CHECK_PASS);
        return;
    }
    r->mode = (enum check_mode)mode;
    memcpy(r->status, status, strlen(status) + 1);
    r->reply = reply;
    r->words = reply;
    check_done(run, CHECK_HIT);
}

static void hit_missing(struct check_run *run)
{
    hit(run, run->parts->conf->sender.domain, "5.1.8",
        check_text(run, "Sender verify failed: the domain %.*s does not exist or has no server",
                   STR_ARG(run->sender_domain)));
}

static void hit_null_mx(struct check_run *run)
{
    hit(run, run->parts->conf->sender.null_mx, "5.7.27",
        check_text(run, "Sender verify failed: the domain %.*s takes no mail (null MX)",
                   STR_ARG(run->sender_domain)));
}

static void hit_bogus(struct check_run *run)
{
    hit(run, run->parts->conf->sender.bogus_mx, "5.1.8",
        check_text(run, "Sender verify failed: the servers of %.*s have only private addresses",
                   STR_ARG(run->sender_domain)));
}

static void unsure(struct check_run *run)
{
    run->result->words = check_text(run, "the DNS did not answer for %.*s",
                                    STR_ARG(run->sender_domain));
    check_done(run, CHECK_BROKEN);
}

static void look_stop(struct look *l)
{
    for (unsigned i = 0; i < l->asked; i++)
        resolver_cancel(l->resolver, l->questions[i]);
    l->open = 0;
}

static void pass(struct check_run *run, const char *words)
{
    run->result->words = str_c(words);
    check_done(run, CHECK_PASS);
}

/* All have answered and none was good. */
static void look_end(struct check_run *run, const struct look *l)
{
    if (l->unsure)
        unsure(run);
    else if (l->more)
        pass(run, "it has more mail servers than are looked at");
    else if (l->addresses > 0)
        hit_bogus(run);
    else
        hit_missing(run);
}

static void on_address(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct look *l = ctx;
    struct check_run *run = check_find(l->policy, l->run);
    (void)question;
    if (run == NULL)
        return;
    l->open--;
    l->unsure |= dns_unsure(a->status);
    for (size_t i = 0; i < a->count; i++) {
        l->addresses++;
        if (!ip_bogus(&a->records[i].ip)) {
            look_stop(l);
            check_done(run, CHECK_PASS);
            return;
        }
    }
    if (l->open == 0)
        look_end(run, l);
}

static void ask(struct look *l, struct str name, enum dns_type type, dns_callback *call)
{
    struct dns_asker asker = { call, l };
    l->open++;
    l->questions[l->asked++] = resolver_ask(l->resolver, name, type, l->timeout_ms, asker);
}

static void addresses_ask(struct look *l)
{
    for (unsigned i = 0; i < l->host_count; i++) {
        ask(l, str_c(l->hosts[i]), DNS_A, on_address);
        ask(l, str_c(l->hosts[i]), DNS_AAAA, on_address);
    }
}

static void host_add(struct look *l, struct str name)
{
    if (name.n == 0)
        return;
    if (l->host_count < HOSTS_MAX && str_copy(name, l->hosts[l->host_count], HOST_TEXT) == 0)
        l->host_count++;
    else
        l->more = true;
}

/* The preferred first: those with the lowest number that is above the last one taken. */
static void hosts_take(struct look *l, const struct dns_answer *a)
{
    l->more = a->cut;
    for (int last = -1, next;; last = next) {
        next = INT_MAX;
        for (size_t i = 0; i < a->count; i++) {
            if (a->records[i].preference > last && a->records[i].preference < next)
                next = a->records[i].preference;
        }
        if (next == INT_MAX)
            return;
        for (size_t i = 0; i < a->count; i++) {
            if (a->records[i].preference == next)
                host_add(l, a->records[i].name);
        }
    }
}

static void on_mx(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct look *l = ctx;
    struct check_run *run = check_find(l->policy, l->run);
    (void)question;
    if (run == NULL)
        return;
    l->open--;
    if (dns_unsure(a->status)) {
        unsure(run);
    } else if (a->status == DNS_NXDOMAIN || a->status == DNS_BAD_NAME) {
        hit_missing(run);
    } else if (a->status == DNS_OK && a->count == 1 && a->records[0].name.n == 0) {
        hit_null_mx(run);
    } else {
        hosts_take(l, a);
        if (a->status == DNS_NODATA)
            host_add(l, run->sender_domain);     /* RFC 5321 section 5.1: the implicit MX */
        addresses_ask(l);
        if (l->open == 0)
            look_end(run, l);
    }
}

static bool is_ascii(struct str s)
{
    size_t n = 0;
    while (n < s.n && (unsigned char)s.p[n] < 0x80)
        n++;
    return n == s.n;
}

/* Why there is nothing to ask, or NULL. */
static const char *nothing_to_ask(const struct check_run *run)
{
    if (!run->envelope->has_sender)
        return "no sender was told";
    if (run->envelope->sender.n == 0)
        return "the null sender";
    if (run->sender_domain.n == 0)
        return "a sender without a domain";
    if (run->sender_domain.p[0] == '[')
        return "an address literal";
    if (!is_ascii(run->sender_domain))
        return "a domain in Unicode, which the DNS does not know in this form";
    if (run->parts->recipients != NULL &&
        recipients_has_domain(run->parts->recipients, run->sender_domain))
        return "a domain of ours";
    return NULL;
}

static void start(struct check_run *run)
{
    const char *why = nothing_to_ask(run);
    struct look *l = why == NULL ? arena_alloc(run->arena, sizeof *l) : NULL;
    if (l == NULL) {
        pass(run, why != NULL ? why : "no memory left for this request");
        return;
    }
    l->run = run->id;
    l->policy = run->policy;
    l->resolver = run->parts->resolver;
    l->timeout_ms = run->parts->conf->sender.timeout_ms;
    run->own = l;
    ask(l, run->sender_domain, DNS_MX, on_mx);
}

static void cancel(struct check_run *run)
{
    look_stop(run->own);
}

const struct check_ops check_sender = {
    .name = "sender",
    .id = CHECK_SENDER,
    .from = STAGE_MAIL,
    .phase = 1,
    .start = start,
    .cancel = cancel,
};
