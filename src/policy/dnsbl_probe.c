/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_probe - the test entries of a list (RFC 5782 section 5)
 *
 * All names are asked at once and judged when all have answered. For lists of
 * addresses both families are asked: an IPv6 entry that must not be there gives
 * a parked zone away as well as an IPv4 one, and one of the two that must be
 * there is enough, as most lists have one family only. Silence about IPv6 says
 * nothing: some servers drop names with so many labels.
 */
#include "policy/dnsbl_probe.h"

#include "mail/dnslists.h"

static enum dnsbl_report answer_judge(const struct dnsbl_zone_options *o,
                                      const struct dns_answer *a, uint32_t *code_out)
{
    static const struct dnslist_item any = { .address_count = 0 };
    const struct dnslist_rules rules = {
        .address = o->probe == DNSBL_PROBE_ADDRESS,
        .refusals = o->refusals, .refusal_count = o->refusal_count,
    };
    uint32_t answers[DNS_RECORDS_MAX];
    *code_out = 0;
    if (a->status == DNS_NXDOMAIN || a->status == DNS_NODATA)
        return DNSBL_SAID_NO;
    if (a->status != DNS_OK)
        return DNSBL_SAID_NOTHING;
    for (size_t i = 0; i < a->count; i++) {
        const uint8_t *b = a->records[i].ip.b + 12;
        answers[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    switch (dnslist_judge(&any, answers, a->count, &rules, code_out)) {
    case DNSLIST_LISTED: return DNSBL_SAID_LISTED;
    case DNSLIST_REFUSED: return DNSBL_SAID_REFUSED;
    case DNSLIST_OUT_OF_RANGE: return DNSBL_SAID_STRANGE;
    case DNSLIST_NOT_LISTED: break;
    }
    return DNSBL_SAID_NO;
}

/* What one answer alone proves. */
static enum dnsbl_reason name_reason(const struct dnsbl_zone_options *o,
                                     const struct dnsbl_probe_name *p)
{
    if (p->said == DNSBL_SAID_REFUSED)
        return DNSBL_REFUSES;
    if (p->said == DNSBL_SAID_STRANGE)
        return DNSBL_STRANGE;
    bool white = o->white_1 && p->code == 0x7f000001;
    if (!p->positive && p->said == DNSBL_SAID_LISTED && !white)
        return DNSBL_LISTS_ALL;
    if (p->vital && !p->positive && p->said == DNSBL_SAID_NOTHING)
        return DNSBL_SILENT;
    return DNSBL_NO_REASON;
}

/* What all of them come to: the first of a list of reasons by how sure it is. */
static enum dnsbl_reason probing_judge(const struct dnsbl_probing *all, uint32_t *code_out)
{
    enum dnsbl_reason worst = DNSBL_NO_REASON, none = DNSBL_LISTS_NONE;
    *code_out = 0;
    for (size_t i = 0; i < DNSBL_PROBE_NAMES; i++) {
        const struct dnsbl_probe_name *p = &all->names[i];
        enum dnsbl_reason reason = p->asked ? name_reason(all->options, p) : DNSBL_NO_REASON;
        if (reason != DNSBL_NO_REASON && (worst == DNSBL_NO_REASON || reason < worst)) {
            worst = reason;
            *code_out = p->code;
        }
        if (!p->asked || !p->positive)
            continue;
        if (p->said == DNSBL_SAID_LISTED)
            none = DNSBL_NO_REASON;
        else if (p->vital && p->said == DNSBL_SAID_NOTHING && none == DNSBL_LISTS_NONE)
            none = DNSBL_SILENT;
    }
    if (worst != DNSBL_NO_REASON && worst != DNSBL_SILENT)
        return worst;
    return none != DNSBL_NO_REASON ? none : worst;
}

static void on_answer(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct dnsbl_probe_name *name = ctx;
    struct dnsbl_probing *p = name->probing;
    uint32_t code;
    (void)question;
    name->question = 0;
    name->said = answer_judge(p->options, a, &name->code);
    if (--p->open > 0)
        return;
    enum dnsbl_reason reason = probing_judge(p, &code);
    p->asker.call(p->asker.ctx, reason, code);
}

enum side { MUST_NOT_BE, MUST_BE };

static void name_ask(struct dnsbl_probing *p, size_t i, const char *key, enum side side)
{
    struct dnsbl_probe_name *name = &p->names[i];
    struct dnslist_query q;
    struct dns_asker asker = { on_answer, name };
    *name = (struct dnsbl_probe_name){ .probing = p, .asked = true, .positive = side == MUST_BE,
                                       .vital = i < 2, .said = DNSBL_SAID_NOTHING };
    if (dnslist_query_make(str_c(key), p->options->zone, &q) != 0)
        q.n = 0;                 /* the resolver calls that a bad name: no answer */
    p->open++;
    name->question = resolver_ask(p->resolver, str_make(q.text, q.n), DNS_A, p->options->timeout_ms,
                                  asker);
}

void dnsbl_probing_start(struct dnsbl_probing *p, struct resolver *r,
                         const struct dnsbl_zone_options *o)
{
    dnsbl_probing_stop(p);
    p->resolver = r;
    p->options = o;
    if (o->probe == DNSBL_PROBE_NAME) {
        name_ask(p, 0, o->entry != NULL ? o->entry : "TEST", MUST_BE);
        name_ask(p, 1, "INVALID", MUST_NOT_BE);
        return;
    }
    name_ask(p, 0, "127.0.0.2", MUST_BE);
    name_ask(p, 1, "127.0.0.1", MUST_NOT_BE);
    /* ::ffff:7f00:2 by nibbles: as an address of ours it would be IPv4 again */
    name_ask(p, 2, "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", MUST_BE);
    name_ask(p, 3, "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", MUST_NOT_BE);
}

void dnsbl_probing_stop(struct dnsbl_probing *p)
{
    for (size_t i = 0; i < DNSBL_PROBE_NAMES; i++) {
        if (p->names[i].question != 0)
            resolver_cancel(p->resolver, p->names[i].question);
        p->names[i] = (struct dnsbl_probe_name){ .probing = p };
    }
    p->open = 0;
}
