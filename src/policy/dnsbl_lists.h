/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_lists - the configured lists, ready to be asked
 *
 * A list of the configuration is one or more items of Exim's dnslists with one
 * weight: a client is on it if any item says so. Zones that several items ask
 * share their health. Made once when the policy is opened.
 */
#ifndef POSTERN_POLICY_DNSBL_LISTS_H
#define POSTERN_POLICY_DNSBL_LISTS_H

#include "base/arena.h"
#include "base/err.h"
#include "mail/dnslists.h"
#include "policy/check.h"
#include "policy/dnsbl_zone.h"

struct conf_zone;

struct dnsbl_item {
    const struct dnslist_item *item;
    struct str zone, txt_zone;       /* to be asked: as written, or its new name */
    struct dnsbl_zone *health;
    const uint32_t *refusals;        /* of this zone */
    size_t refusal_count;
};

struct dnsbl_list {
    struct str name;                 /* as it is shown: never a key */
    struct str secret;               /* the key, if it has one: must not be shown */
    int weight;
    const char *page;                /* with %s, or NULL */
    struct dnsbl_item *items;
    size_t item_count;
};

struct dnsbl_lists {
    struct arena *arena;
    struct dnsbl_list *lists;
    size_t count;
    size_t asks_max;                 /* questions that one client can need */
    struct dnsbl_zone **zones;       /* each once, owned */
    size_t zone_count;
};

/* 0, or -1 with *err: what is wrong in which list (its title, never what it asks), or that it is
 * dead and what to do. Warnings go to the log. */
int dnsbl_lists_open(const struct policy_parts *parts, struct dnsbl_lists *out, struct err *err);
void dnsbl_lists_close(struct dnsbl_lists *l);

#endif
