/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fcrdns - the name of a client, confirmed both ways
 *
 * One PTR question, then for the first few names that it gives one address
 * question each, of the client's own family, all at once. The first name that
 * leads back ends it.
 */
#include "policy/fcrdns.h"

#include <stdio.h>
#include <string.h>

#include "mail/address.h"

static void finish(struct fcrdns *f, struct str name)
{
    for (unsigned i = 0; i < FCRDNS_NAMES_MAX; i++)
        resolver_cancel(f->resolver, f->questions[i]);
    f->running = false;
    f->call(f->ctx, name, name.n > 0 || !f->unsure);
}

static void on_address(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct fcrdns *f = ctx;
    unsigned which = 0;
    while (which < f->count && f->questions[which] != question)
        which++;
    if (which == f->count)
        return;
    f->questions[which] = 0;
    f->open--;
    f->unsure |= dns_unsure(a->status);
    for (size_t i = 0; i < a->count; i++) {
        if (ip_eq(&a->records[i].ip, &f->ip)) {
            finish(f, str_c(f->names[which]));
            return;
        }
    }
    if (f->open == 0)
        finish(f, STR(""));
}

static void on_ptr(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct fcrdns *f = ctx;
    (void)question;
    f->questions[0] = 0;
    f->unsure = dns_unsure(a->status);
    for (size_t i = 0; i < a->count && f->count < FCRDNS_NAMES_MAX; i++) {
        if (str_copy(a->records[i].name, f->names[f->count], FCRDNS_NAME_TEXT) == 0 &&
            f->names[f->count][0] != '\0')
            f->count++;
    }
    struct dns_asker asker = { on_address, f };
    for (unsigned i = 0; i < f->count; i++) {
        f->open++;
        f->questions[i] = resolver_ask(f->resolver, str_c(f->names[i]),
                                       ip_is4(&f->ip) ? DNS_A : DNS_AAAA, f->timeout_ms, asker);
    }
    if (f->open == 0)
        finish(f, STR(""));
}

void fcrdns_start(struct fcrdns *f, struct resolver *r, const struct ip *ip,
                  struct fcrdns_asker asker)
{
    char text[FCRDNS_REVERSE_MAX];
    memset(f, 0, sizeof *f);
    f->resolver = r;
    f->ip = *ip;
    f->call = asker.call;
    f->ctx = asker.ctx;
    f->timeout_ms = asker.timeout_ms;
    f->running = true;
    struct dns_asker ptr = { on_ptr, f };
    f->questions[0] = resolver_ask(r, fcrdns_reverse(ip, text), DNS_PTR, f->timeout_ms, ptr);
}

void fcrdns_stop(struct fcrdns *f)
{
    if (!f->running)
        return;
    for (unsigned i = 0; i < FCRDNS_NAMES_MAX; i++)
        resolver_cancel(f->resolver, f->questions[i]);
    f->running = false;
}

struct str fcrdns_reverse(const struct ip *ip, char text[FCRDNS_REVERSE_MAX])
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    if (ip_is4(ip)) {
        n = (size_t)snprintf(text, FCRDNS_REVERSE_MAX, "%u.%u.%u.%u.in-addr.arpa", ip->b[15],
                             ip->b[14], ip->b[13], ip->b[12]);
        return str_make(text, n);
    }
    for (int i = 15; i >= 0; i--) {
        text[n++] = hex[ip->b[i] & 15];
        text[n++] = '.';
        text[n++] = hex[ip->b[i] >> 4];
        text[n++] = '.';
    }
    memcpy(text + n, "ip6.arpa", 9);
    return str_make(text, n + 8);
}

bool fcrdns_matches(struct str name, struct str pattern)
{
    if (str_eat(&pattern, STR(".")))
        return domain_within(name, pattern);
    return pattern.n > 0 && str_eq_nocase(name, pattern);
}
