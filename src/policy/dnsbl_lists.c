/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_lists - the configured lists, ready to be asked
 *
 * Everything about a list that can be known before mail comes is found out
 * here: its grammar, that it is dead, its new name, its key, its test entries.
 * An error names the title of the section and the column, not the text: that
 * may hold a key.
 */
#include "policy/dnsbl_lists.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "policy/dnsbl_dead.h"

#define ARENA_MAX ((size_t)4 << 20)
#define PROBE_MS_MAX 10000u

struct opening {
    const struct policy_parts *parts;
    struct dnsbl_lists *out;
    const struct conf_zone *conf;    /* the list in work */
    struct err *err;
};

static void *take(struct opening *o, size_t n)
{
    void *p = arena_alloc(o->out->arena, n);
    must(p != NULL);             /* far above what a configuration can hold */
    return p;
}

/* --- names --- */

static int check_dead(struct opening *o, struct str zone)
{
    const struct dnsbl_dead *dead = dnsbl_dead_find(zone);
    if (dead == NULL)
        return 0;
    return err_set(o->err, ERR_USAGE, "dnsbl zone \"%s\" asks %.*s: %s (%s): %s", o->conf->name,
                   STR_ARG(str_c(dead->zone)), dead->what, dead->since, dead->advice);
}

/* The zone that is asked in place of the one that is written. */
static struct str current_name(struct str zone)
{
    const struct dnsbl_renamed *renamed = dnsbl_renamed_find(zone);
    if (renamed == NULL)
        return zone;
    log_text(LOG_LEVEL_WARNING, "dnsbl-zone", "%s is now %s, which is asked instead: %s",
             renamed->zone, renamed->now, renamed->advice);
    return str_c(renamed->now);
}

/* The title, unless it gives the key away or is nothing. */
static struct str shown_name(struct opening *o, struct str zone, struct str secret)
{
    char text[DNSBL_NAME_MAX];
    struct str title = str_c(o->conf->name);
    if (title.n > 0 && !dnsbl_leaks(title, secret) && dnsbl_secret(title).n == 0)
        return title;
    return arena_str(o->out->arena, dnsbl_public(zone, text));
}

/* --- the health of a zone --- */

/* Names are asked of a list of names; the client's address of one of addresses. */
static enum dnsbl_probe item_probe(const struct dnslist_item *item)
{
    struct ip ip;
    if (item->key_count == 0 || ip_parse(item->keys[0], &ip) == 0 ||
        str_find(item->keys[0], STR("sender_host_address")) != STR_NONE)
        return DNSBL_PROBE_ADDRESS;
    return DNSBL_PROBE_NAME;
}

static enum dnsbl_probe choose_probe(const struct opening *o, const struct dnslist_item *item,
                                     const struct dnsbl_known *known)
{
    struct str word = str_c(o->conf->probe);
    if (str_eq(word, STR("none")))
        return DNSBL_PROBE_NONE;
    if (str_eq(word, STR("ip")))
        return DNSBL_PROBE_ADDRESS;
    if (str_eq(word, STR("domain")))
        return DNSBL_PROBE_NAME;
    /* Exim's own results are wanted: what rests, and so is not asked, would not give them. */
    if (conf_dnsbl_exim(&o->parts->conf->dnsbl))
        return DNSBL_PROBE_NONE;
    return known != NULL ? known->probe : item_probe(item);
}

static struct dnsbl_zone *zone_find(const struct dnsbl_lists *l, struct str zone)
{
    for (size_t i = 0; i < l->zone_count; i++) {
        if (str_eq_nocase(dnsbl_zone_asked_name(l->zones[i]), zone))
            return l->zones[i];
    }
    return NULL;
}

static void open_health(struct opening *o, struct dnsbl_item *item, struct str secret)
{
    const struct conf_dnsbl *conf = &o->parts->conf->dnsbl;
    const struct dnsbl_known *known = dnsbl_known_find(item->zone);
    const struct dnsbl_zone_options options = {
        .zone = item->zone,
        .name = shown_name(o, item->zone, secret),
        .probe = choose_probe(o, item->item, known),
        .entry = known != NULL ? known->entry : NULL,
        .white_1 = o->conf->white_1 || (known != NULL && known->white_1),
        .refusals = item->refusals, .refusal_count = item->refusal_count,
        .rest_s = conf->rest_s, .rest_max_s = conf->rest_max_s,
        .timeout_ms = conf->timeout_ms < PROBE_MS_MAX ? conf->timeout_ms : PROBE_MS_MAX,
    };
    item->health = zone_find(o->out, item->zone);
    if (item->health != NULL)
        return;
    item->health = dnsbl_zone_new(o->parts, &options);
    o->out->zones = must_realloc(o->out->zones, (o->out->zone_count + 1) * sizeof o->out->zones[0]);
    o->out->zones[o->out->zone_count++] = item->health;
}

/* Those of the settings, and the known one unless that answer is a good one here. */
static int open_refusals(struct opening *o, struct dnsbl_item *item)
{
    const struct conf_strings *texts = &o->conf->refusal;
    const struct dnsbl_known *known = dnsbl_known_find(item->zone);
    uint32_t *refusals = take(o, (texts->n + 1) * sizeof refusals[0]);
    item->refusals = refusals;
    for (size_t i = 0; i < texts->n; i++) {
        if (dnslist_address(str_c(texts->v[i]), &refusals[item->refusal_count++]) != 0)
            return err_set(o->err, ERR_USAGE,
                           "dnsbl zone \"%s\": the refusal %s is no IPv4 address", o->conf->name,
                           texts->v[i]);
    }
    bool white = o->conf->white_1 && known != NULL && known->refusal == 0x7f000001;
    if (known != NULL && known->refusal != 0 && !white)
        refusals[item->refusal_count++] = known->refusal;
    return 0;
}

/* --- a list --- */

static int open_item(struct opening *o, struct dnsbl_list *list, struct dnsbl_item *item)
{
    const struct dnslist_item *parsed = item->item;
    if (check_dead(o, parsed->zone) != 0 || check_dead(o, parsed->txt_zone) != 0)
        return -1;
    item->zone = current_name(parsed->zone);
    item->txt_zone = str_eq(parsed->zone, parsed->txt_zone) ? item->zone : parsed->txt_zone;
    struct str secret = dnsbl_secret(item->zone);
    if (list->secret.n == 0)
        list->secret = secret.n > 0 ? secret : dnsbl_secret(item->txt_zone);
    const struct dnsbl_known *known = dnsbl_known_find(item->zone);
    if (list->page == NULL && known != NULL)
        list->page = known->page;
    if (open_refusals(o, item) != 0)
        return -1;
    open_health(o, item, secret);
    o->out->asks_max += parsed->key_count > 0 ? parsed->key_count : 1;
    return 0;
}

static void warn_unknown(const struct opening *o, const struct dnslist_item *item)
{
    if (item->unknown == DNSLIST_INCLUDE_UNKNOWN && !conf_dnsbl_exim(&o->parts->conf->dnsbl))
        log_text(LOG_LEVEL_WARNING, "dnsbl-zone", "%s: +include_unknown is ignored without "
                 "compat = exim: a list that does not answer would refuse all mail", o->conf->name);
}

static int open_list(struct opening *o, struct dnsbl_list *list)
{
    struct dnslist parsed;
    struct dnslist_problem problem;
    struct str text = str_c(o->conf->list);
    if (dnslist_parse(text, o->out->arena, &parsed, &problem) != 0)
        return err_set(o->err, ERR_USAGE, "dnsbl zone \"%s\": list, column %zu: %s", o->conf->name,
                       problem.at + 1, problem.what);
    list->weight = o->conf->weight;
    list->page = o->conf->page != NULL && o->conf->page[0] != '\0' ? o->conf->page : NULL;
    list->items = take(o, parsed.count * sizeof list->items[0]);
    list->item_count = parsed.count;
    for (size_t i = 0; i < parsed.count; i++) {
        list->items[i].item = &parsed.items[i];
        warn_unknown(o, &parsed.items[i]);
        if (open_item(o, list, &list->items[i]) != 0)
            return -1;
    }
    list->name = shown_name(o, list->items[0].zone, list->secret);
    return 0;
}

int dnsbl_lists_open(const struct policy_parts *parts, struct dnsbl_lists *out, struct err *err)
{
    const struct conf_dnsbl *conf = &parts->conf->dnsbl;
    struct opening o = { .parts = parts, .out = out, .err = err };
    *out = (struct dnsbl_lists){ .arena = arena_new(ARENA_MAX) };
    out->lists = take(&o, (conf->zone_count + 1) * sizeof out->lists[0]);
    for (size_t i = 0; i < conf->zone_count; i++) {
        o.conf = &conf->zones[i];
        if (open_list(&o, &out->lists[i]) != 0) {
            dnsbl_lists_close(out);
            return -1;
        }
        out->count++;
    }
    return 0;
}

void dnsbl_lists_close(struct dnsbl_lists *l)
{
    for (size_t i = 0; i < l->zone_count; i++)
        dnsbl_zone_free(&l->zones[i]);
    free(l->zones);
    arena_free(&l->arena);
}
