/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_ask - what becomes of an address
 *
 * The order is that of the routers in every layout: its own alias, its mailbox,
 * the address without its detail, the domain that takes over, the default, and with
 * DirectAdmin the host's own aliases. An alias with one child is followed, as Exim
 * verifies that child in turn; a router that has had an address already is passed
 * over for it, so a loop ends, and so does a chain that is longer than anybody makes.
 *
 * "Unknown" is said only when every file of the domain has been read.
 */
#include "tables/table_internal.h"

struct walk {
    const struct table *t;
    struct table_answer *out;
    struct str local;            /* lower case */
    uint32_t domain;
    unsigned hops;
    bool aliased;                /* an alias was followed */
    bool by_default;             /* before that, only the default was left */
    uint32_t seen[TABLE_HOPS_MAX]; /* what was followed: slots, and domains for their defaults */
};

#define SEEN_DEFAULT 0x80000000u /* with the number of a domain; slots are below it */
#define SEEN_DOMAIN 0xffffffffu  /* a hop to another domain: only takes a place */

enum step {
    STEP_PASSES,                 /* nothing here for this address: look at the next place */
    STEP_MOVED,                  /* the walk stands at another address now */
    STEP_DECIDED,
};

static bool seen_before(const struct walk *w, uint32_t what)
{
    for (unsigned i = 0; i < w->hops; i++) {
        if (w->seen[i] == what)
            return true;
    }
    return false;
}

static enum step answer(struct walk *w, enum recipient_state state, struct str text,
                        uint32_t source)
{
    bool default_takes = w->by_default && state == RECIPIENT_VALID;
    w->out->state = default_takes ? RECIPIENT_CATCHALL : state;
    w->out->text = text;
    if (str_empty(w->out->source) || !default_takes)
        w->out->source = table_source_text(w->t, source);
    return STEP_DECIDED;
}

/* Go on with the one child of a record. */
static enum step follow(struct walk *w, const struct record_head *head, struct str payload)
{
    uint16_t n;
    memcpy(&n, payload.p, sizeof n);
    struct str local = str_make(payload.p + sizeof n, n);
    struct str name = str_skip(payload, sizeof n + n);
    uint32_t domain = head->same ? w->domain : TABLE_HOST;
    if (!str_empty(name))
        domain = table_domain_find(w->t, name);
    if (domain == TABLE_NONE || (w->t->domains[domain].flags & DOMAIN_LOCAL) == 0)
        return answer(w, RECIPIENT_VALID, STR(""), head->source); /* another host will say */
    w->local = local;
    w->domain = domain;
    w->aliased = true;
    w->out->source = table_source_text(w->t, head->source);
    return STEP_MOVED;
}

/* What a record does with the address; `what` names it, so that it is used once only. */
static enum step apply(struct walk *w, uint32_t record, uint32_t what)
{
    struct str payload;
    if (record == 0 || seen_before(w, what))
        return STEP_PASSES;
    struct record_head head = table_record(w->t, record, &payload);
    switch ((enum aliases_says)head.kind) {
    case ALIASES_DECLINES:
        return STEP_PASSES;
    case ALIASES_TAKES:
        return answer(w, RECIPIENT_VALID, STR(""), head.source);
    case ALIASES_DISCARDS:
        return answer(w, RECIPIENT_BLACKHOLE, STR(""), head.source);
    case ALIASES_REFUSES:
        return answer(w, RECIPIENT_FAIL, payload, head.source);
    case ALIASES_DEFERS:
        return answer(w, RECIPIENT_DEFER, payload, head.source);
    case ALIASES_FAULTY:
        return answer(w, RECIPIENT_NO_TABLE, STR(""), head.source);
    case ALIASES_CHILD:
        break;
    }
    if (w->hops == TABLE_HOPS_MAX)
        return answer(w, RECIPIENT_NO_TABLE, STR(""), head.source);
    w->seen[w->hops++] = what;
    return follow(w, &head, payload);
}

/* The alias, then the mailbox, of one local part. */
static enum step ask_local(struct walk *w, struct str local)
{
    uint32_t slot = table_slot(w->t, local, w->domain);
    if (slot == TABLE_NONE)
        return STEP_PASSES;
    uint32_t value = w->t->slots[slot].value;
    enum step step = apply(w, value & ~SLOT_MAILBOX, slot);
    if (step != STEP_PASSES || (value & SLOT_MAILBOX) == 0)
        return step;
    return answer(w, RECIPIENT_VALID, STR(""), w->t->domains[w->domain].mailbox_source);
}

/* joe+* and joe-* for joe+x-y: the longest first. A client may send any number of signs. */
static enum step ask_wild(struct walk *w)
{
    char key[ADDRESS_MAX + 1];
    unsigned tries = 8;
    for (size_t i = w->local.n; i-- > 1 && tries > 0;) {
        if (w->local.p[i] != '+' && w->local.p[i] != '-')
            continue;
        tries--;
        memcpy(key, w->local.p, i + 1);
        key[i + 1] = '*';
        enum step step = ask_local(w, str_make(key, i + 2));
        if (step != STEP_PASSES)
            return step;
    }
    return STEP_PASSES;
}

static enum step ask_detail(struct walk *w)
{
    unsigned flags = w->t->domains[w->domain].flags;
    size_t plus = str_find_c(w->local, '+');
    enum step step = STEP_PASSES;
    if ((flags & DOMAIN_PLUS) != 0 && plus != STR_NONE && plus > 0)
        step = ask_local(w, str_head(w->local, plus));
    if (step == STEP_PASSES && (flags & DOMAIN_WILD) != 0)
        step = ask_wild(w);
    return step;
}

/* Does another domain take over? */
static enum step ask_target(struct walk *w)
{
    uint32_t at = w->t->domains[w->domain].target;
    if (at == 0 || w->hops == TABLE_HOPS_MAX)
        return STEP_PASSES;
    uint32_t target = table_domain_find(w->t, table_source_text(w->t, at));
    if (target == w->domain)
        return STEP_PASSES;
    if (target == TABLE_NONE || (w->t->domains[target].flags & DOMAIN_LOCAL) == 0)
        return answer(w, RECIPIENT_VALID, STR(""), 0);
    w->seen[w->hops++] = SEEN_DOMAIN;
    w->domain = target;
    return STEP_MOVED;
}

/* The names of /etc/aliases, where the routers take them in every domain of ours. */
static enum step ask_host_alias(struct walk *w)
{
    if ((w->t->domains[w->domain].flags & DOMAIN_HOST_ALIASES) == 0)
        return STEP_PASSES;
    uint32_t slot = table_slot(w->t, w->local, TABLE_HOST);
    return slot == TABLE_NONE ? STEP_PASSES
                              : apply(w, w->t->slots[slot].value & ~SLOT_MAILBOX, slot);
}

/* Have all files of the domain been read? */
static bool is_sure(const struct walk *w)
{
    unsigned flags = w->t->domains[w->domain].flags;
    return (flags & DOMAIN_KNOWN) != 0 && (flags & DOMAIN_BROKEN) == 0 && !w->t->addresses_unsure;
}

static enum step miss(struct walk *w)
{
    return answer(w, is_sure(w) ? RECIPIENT_UNKNOWN : RECIPIENT_NO_TABLE, STR(""),
                  w->t->domains[w->domain].mailbox_source);
}

/* Addresses that only the MTA can judge, for it made them: SRS and BATV, to which bounces come. */
static bool is_signed(struct str local)
{
    return (local.n > 5 && (str_starts(local, STR("srs0")) || str_starts(local, STR("srs1"))) &&
            str_find_c(STR("=+-"), local.p[4]) != STR_NONE) ||
           str_starts(local, STR("prvs="));
}

/* The places of one address, in their order. */
static enum step ask_once(struct walk *w)
{
    enum step step = ask_local(w, w->local);
    if (step == STEP_PASSES && is_signed(w->local))
        return answer(w, RECIPIENT_NO_TABLE, STR(""), 0);
    if (step == STEP_PASSES)
        step = ask_detail(w);
    if (step == STEP_PASSES)
        step = ask_target(w);
    if (step != STEP_PASSES)
        return step;
    if (!is_sure(w))
        return miss(w);          /* no default either: the missing file may have the address */
    bool by_default = w->by_default;
    w->by_default |= !w->aliased;
    step = apply(w, w->t->domains[w->domain].fallback, SEEN_DEFAULT | w->domain);
    if (step == STEP_PASSES) {
        w->by_default = by_default;
        step = ask_host_alias(w);
    }
    return step == STEP_PASSES ? miss(w) : step;
}

void table_ask(const struct table *t, struct str local, struct str domain,
               struct table_answer *out)
{
    char lower[ADDRESS_MAX];
    struct walk w = { .t = t, .out = out };
    *out = (struct table_answer){ .text = STR(""), .source = STR("") };
    w.domain = table_domain_find(t, domain);
    if (w.domain == TABLE_NONE) {
        out->state = t->unsure ? RECIPIENT_NO_TABLE : RECIPIENT_FOREIGN;
        return;
    }
    if ((t->domains[w.domain].flags & DOMAIN_LOCAL) == 0) {
        bool backup = (t->domains[w.domain].flags & DOMAIN_BACKUP) != 0;
        out->state = backup ? RECIPIENT_BACKUP : RECIPIENT_NO_TABLE;
        return;
    }
    if (local.n > sizeof lower) {
        miss(&w);
        return;
    }
    w.local = address_lower(local, lower);
    while (ask_once(&w) == STEP_MOVED)
        ;
}
