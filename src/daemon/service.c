/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service - the parts of the decision, put together from the settings
 *
 * A generation that is replaced waits on a list until nothing of it is in work,
 * at most RETIRE_MS: then what is left passes. The store is flushed and swept
 * here once a second, because it is shared by all generations.
 */
#include "daemon/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "daemon/ownself.h"

#define TICK_MS 1000
#define SWEEP_STEPS 4000u
#define RETIRE_MS 60000
#define RETIRED_MAX 3u           /* each holds tables, a resolver and a place in the loop */
#define PENDING_MAX ((size_t)64 * 1024 * 1024)
#define FLUSH_LOG_MS 3600000

struct generation {
    struct generation *next;
    struct conf *conf;
    struct ownself *own;
    struct resolver *resolver;
    struct recipients *recipients;
    struct policy *policy;
    int64_t retired_ms;
};

struct service {
    struct loop *loop;
    struct generation *now, *retired;
    struct store *store;
    struct resolver_stats asked;     /* of the generations before */
    uint64_t loads;                  /* the same */
    struct timer tick;
    int64_t flush_logged_ms;
    bool offline;
};

/* --- one generation --- */

static void generation_free(struct generation **g)
{
    if (*g == NULL)
        return;
    policy_free(&(*g)->policy);
    recipients_free(&(*g)->recipients);
    resolver_free(&(*g)->resolver);
    ownself_free(&(*g)->own);
    conf_free(&(*g)->conf);
    free(*g);
    *g = NULL;
}

static int resolver_begin(struct generation *g, struct loop *l, struct err *err)
{
    const struct conf_dns *d = &g->conf->dns;
    struct resolver_stub *stubs = must_array(d->stub_count + 1, sizeof *stubs);
    for (size_t i = 0; i < d->stub_count; i++) {
        stubs[i].zone = d->stubs[i].zone;
        stubs[i].servers = d->stubs[i].servers.v;
        stubs[i].server_count = d->stubs[i].servers.n;
    }
    struct resolver_options o = {
        .forwarders = d->forwarders.v, .forwarder_count = d->forwarders.n,
        .stubs = stubs, .stub_count = d->stub_count,
        .cache_bytes = (size_t)d->cache, .open_max = d->questions,
        .trust_anchor = d->trust_anchor[0] == '\0' ? NULL : d->trust_anchor,
    };
    g->resolver = resolver_new(l, &o, err);
    free(stubs);
    return g->resolver == NULL ? err_wrap(err, "dns") : 0;
}

/* The settings have names for these that their own check has let through. */
static int name_index(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return (int)i;
    }
    return 0;
}

static enum recipients_layout layout_of(const char *name)
{
    return (enum recipients_layout)name_index(recipients_layout_names, LAYOUT_FILES + 1, name);
}

static enum recipients_format format_of(const char *name)
{
    static const char *const names[] = {
        [RECIPIENTS_LIST] = "list", [RECIPIENTS_LSEARCH] = "lsearch", [RECIPIENTS_CDB] = "cdb",
        [RECIPIENTS_ALIASES] = "aliases", [RECIPIENTS_PASSWD] = "passwd",
        [RECIPIENTS_DOMAINS] = "domains",
    };
    return (enum recipients_format)name_index(names, sizeof names / sizeof names[0], name);
}

static int recipients_begin(struct generation *g, struct loop *l, struct err *err)
{
    const struct conf_recipient *c = &g->conf->recipient;
    struct recipients_options o = {
        .layout = layout_of(c->layout), .root = c->root, .file_count = c->table_count,
        .domains = c->domains.v, .domain_count = c->domains.n,
        .addresses_max = (size_t)c->addresses_max, .interval_ms = c->interval_ms,
        .forbid_code = c->forbid_code,
    };
    if (o.layout == LAYOUT_NONE && c->table_count == 0 && c->domains.n == 0)
        return 0;
    struct recipients_file *files = must_array(c->table_count + 1, sizeof *files);
    for (size_t i = 0; i < c->table_count; i++) {
        files[i].format = format_of(c->tables[i].format);
        files[i].path = c->tables[i].file;
        files[i].domain = c->tables[i].domain[0] == '\0' ? NULL : c->tables[i].domain;
    }
    o.files = files;
    g->recipients = recipients_new(l, &o, err);
    free(files);
    return g->recipients == NULL ? err_wrap(err, "recipient") : 0;
}

static int policy_begin(struct generation *g, struct service *s, struct err *err)
{
    struct policy_parts parts = {
        .loop = s->loop, .resolver = g->resolver, .store = s->store,
        .recipients = g->recipients, .conf = g->conf, .own = ownself_host(g->own),
    };
    g->policy = policy_new(&parts, err);
    return g->policy == NULL ? -1 : 0;
}

static struct generation *generation_new(struct service *s, struct conf *c, struct err *err)
{
    struct generation *g = must_alloc(sizeof *g);
    g->conf = c;
    g->own = ownself_new(&c->host);
    if (resolver_begin(g, s->loop, err) != 0 ||
        recipients_begin(g, s->offline ? NULL : s->loop, err) != 0 || policy_begin(g, s, err) != 0)
        generation_free(&g);
    return g;
}

/* --- the clock of the house --- */

/* The newest is first. Whoever reloads in a row does not wait for those long before. */
static void retired_check(struct service *s, int64_t now, unsigned keep)
{
    struct generation **at = &s->retired;
    for (unsigned kept = 0; *at != NULL;) {
        struct generation *g = *at;
        bool busy = policy_stats(g->policy)->open > 0 && now - g->retired_ms < RETIRE_MS;
        if (busy && kept < keep) {
            kept++;
            at = &g->next;
            continue;
        }
        *at = g->next;
        generation_free(&g);
    }
}

static void on_tick(void *ctx)
{
    struct service *s = ctx;
    struct err err;
    int64_t now = loop_ms(s->loop);
    if (store_flush(s->store, &err) != 0 &&
        (s->flush_logged_ms == 0 || now - s->flush_logged_ms >= FLUSH_LOG_MS)) {
        s->flush_logged_ms = now;
        log_text(LOG_LEVEL_WARNING, "state-not-written", "%s; it stays in memory", err.text);
    }
    store_sweep(s->store, loop_utc(s->loop), SWEEP_STEPS);
    retired_check(s, now, RETIRED_MAX);
    timer_set(s->loop, &s->tick, TICK_MS, on_tick, s);
}

/* --- life --- */

static struct store *state_open(const struct service *s, const struct conf *c, struct err *err)
{
    struct store_options o = {
        .folder = c->daemon.state[0] == '\0' || s->offline ? NULL : c->daemon.state,
        .file_max = (size_t)c->daemon.state_max,
        .pending_max = PENDING_MAX,
        .table_max = { [STORE_BANS] = 2000000, [STORE_TALLIES] = 1000000,
                       [STORE_CALLOUTS] = 500000, [STORE_ZONES] = 10000,
                       [STORE_SESSIONS] = 200000 },
    };
    /* An offline question sees the daemon's state and changes nothing of it. If it cannot, nobody
     * must take that for a state without bans. */
    if (s->offline && c->daemon.state[0] != '\0') {
        struct err why;
        struct store *reader = store_open_reader(c->daemon.state, &why);
        if (reader != NULL)
            return reader;
        if (why.kind != ERR_MISSING)
            log_text(LOG_LEVEL_ERROR, "state-unread", "%s; no ban and no tally is known here",
                     why.text);
    }
    return store_open(&o, loop_utc(s->loop), err);
}

struct service *service_new(struct loop *l, struct conf *c, bool offline, struct err *err)
{
    struct service *s = must_alloc(sizeof *s);
    s->loop = l;
    s->offline = offline;
    s->store = state_open(s, c, err);
    if (s->store == NULL) {
        conf_free(&c);
        service_free(&s);
        return NULL;
    }
    s->now = generation_new(s, c, err);
    if (s->now == NULL)
        service_free(&s);
    else if (!offline)
        timer_set(l, &s->tick, TICK_MS, on_tick, s);
    return s;
}

void service_stop(struct service *s)
{
    for (struct generation *g = s->retired; g != NULL; g = g->next)
        policy_free(&g->policy);
    if (s->now != NULL)
        policy_free(&s->now->policy);
}

void service_free(struct service **s)
{
    if (*s == NULL)
        return;
    service_stop(*s);
    timer_cancel((*s)->loop, &(*s)->tick);
    while ((*s)->retired != NULL) {
        struct generation *g = (*s)->retired;
        (*s)->retired = g->next;
        generation_free(&g);
    }
    generation_free(&(*s)->now);
    store_close(&(*s)->store);
    free(*s);
    *s = NULL;
}

/* What the generation in use has counted, before another takes its place. */
static void counters_keep(struct service *s)
{
    struct recipients_stats tables;
    service_dns_stats(s, &s->asked);
    if (service_recipients_stats(s, &tables))
        s->loads = tables.loads;
}

int service_reload(struct service *s, struct conf *c, struct err *err)
{
    retired_check(s, loop_ms(s->loop), RETIRED_MAX - 1);
    struct generation *g = generation_new(s, c, err);
    if (g == NULL)
        return -1;
    policy_go_on(g->policy, s->now->policy);
    counters_keep(s);
    s->now->retired_ms = loop_ms(s->loop);
    s->now->next = s->retired;
    s->retired = s->now;
    s->now = g;
    return 0;
}

struct policy *service_policy(struct service *s)
{
    return s->now->policy;
}

const struct conf *service_conf(const struct service *s)
{
    return s->now->conf;
}

void service_dns_stats(const struct service *s, struct resolver_stats *out)
{
    const struct resolver_stats *before = &s->asked;
    struct resolver_stats all;
    resolver_stats(s->now->resolver, &all);
    all.asked += before->asked;
    all.answered += before->answered;
    all.failed += before->failed;
    all.timeouts += before->timeouts;
    all.busy += before->busy;
    *out = all;
}

bool service_recipients_stats(const struct service *s, struct recipients_stats *out)
{
    if (s->now->recipients == NULL)
        return false;
    recipients_stats(s->now->recipients, out);
    out->loads += s->loads;
    return true;
}

struct store *service_store(struct service *s)
{
    return s->store;
}
