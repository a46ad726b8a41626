/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver_unbound - the real resolver: libunbound, in our own event loop
 *
 * libunbound has no thread and no process here: its sockets and timers are
 * events of our loop. It is given everything it needs to know by options; it
 * reads neither /etc/resolv.conf nor /etc/hosts, because a block list answers
 * by who asks, and a resolver of the provider is refused or sees other answers.
 *
 * It cannot be told to give up a question, so cancelled and late ones stay
 * until it is done (question.c bounds them); their answers go to its cache.
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <unbound-event.h>
#include <unbound.h>

#include "base/buf.h"
#include "base/must.h"
#include "dns/answer_cache.h"
#include "dns/question.h"

#define CACHE_DEFAULT ((size_t)16 << 20)
#define PORTS_MIN 32u
#define PORTS_MAX 1024u      /* UDP questions under way; at 50 ms each that is 20,000 a second */
#define CLASS_IN 1

struct unbound {
    struct ub_ctx *ctx;
    struct answer_cache *cache;      /* in front of it */
};

struct option {
    const char *name, *value;
};

/* Whatever depends on nothing. */
static const struct option options[] = {
    /* it writes to standard error, which a daemon has not */
    { "verbosity:", "0" },
    { "val-log-level:", "0" },
    { "log-servfail:", "no" },
    { "use-syslog:", "no" },
    /* With minimised names (RFC 9156) a question for 4.3.2.1.zone becomes up to five, thirty for an
     * IPv6 address. Lists count what they are asked and refuse above a limit, and some answer for
     * the names in between as though nothing were below. What it would hide, the first labels of an
     * address, from whom, the servers above the list, is not worth that. */
    { "qname-minimisation:", "no" },
    /* Some lists copy the question in lower case: 0x20 would throw their answers away. */
    { "use-caps-for-id:", "no" },
    { "harden-glue:", "yes" },
    { "harden-dnssec-stripped:", "yes" },
    { "harden-large-queries:", "yes" },
    { "harden-short-bufsize:", "yes" },
    { "minimal-responses:", "yes" },
    { "rrset-roundrobin:", "no" },
    { "unwanted-reply-threshold:", "1000000" },
    /* A list takes an address off and means it. */
    { "serve-expired:", "no" },
    { "prefetch:", "no" },
    /* Signed lists with hand-made NSEC records exist; a "not listed" that nobody asked for is not
     * worth the round trip that it saves. */
    { "aggressive-nsec:", "no" },
    /* As Exim bounds what it keeps of a list; longer would outlast a removal. */
    { "cache-max-ttl:", "3600" },
    { "cache-max-negative-ttl:", "3600" },
};
/* Never among them: private-address, the usual cure for DNS rebinding. It would strip 127.0.0.0/8
 * from answers, which is how lists answer. */

static int set_option(struct ub_ctx *ctx, const char *name, const char *value, struct err *err)
{
    int rc = ub_ctx_set_option(ctx, name, value);
    if (rc == 0)
        return 0;
    return err_set(err, ERR_USAGE, "libunbound refuses the option \"%s %s\": %s", name, value,
                   ub_strerror(rc));
}

static int set_number(struct ub_ctx *ctx, const char *name, size_t value, struct err *err)
{
    struct buf text;
    buf_init(&text, 32);
    buf_addf(&text, "%zu", value);
    int rc = set_option(ctx, name, buf_c(&text), err);
    buf_fini(&text);
    return rc;
}

/* Each question that is under way has a socket of its own, so that its port cannot be guessed. A
 * quarter of our descriptors, the rest is for connections. */
static size_t port_count(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return PORTS_MIN;
    rlim_t quarter = limit.rlim_cur / 4;
    return quarter < PORTS_MIN ? PORTS_MIN : quarter > PORTS_MAX ? PORTS_MAX : (size_t)quarter;
}

static int set_sizes(struct ub_ctx *ctx, const struct resolver_options *o, struct err *err)
{
    size_t cache = o->cache_bytes != 0 ? o->cache_bytes : CACHE_DEFAULT, ports = port_count();
    const struct {
        const char *name;
        size_t value;
    } rows[] = {
        { "msg-cache-size:", cache / 3 },
        { "rrset-cache-size:", cache - cache / 3 },
        { "key-cache-size:", cache / 16 },
        { "neg-cache-size:", cache / 16 },
        { "outgoing-range:", ports },
        { "outgoing-num-tcp:", ports / 16 },
        { "num-queries-per-thread:", o->open_max != 0 ? o->open_max : 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (set_number(ctx, rows[i].name, rows[i].value, err) != 0)
            return -1;
    }
    return 0;
}

static bool on_loopback(const char *server)
{
    struct str s = str_c(server), address = str_cut(&s, '@');
    struct ip ip;
    return ip_parse(address, &ip) == 0 && ip_loopback(&ip);
}

/* A name server of some stranger's domain may claim to be 127.0.0.1. Only where the administrator
 * names a server there do we ask there. */
static bool asks_loopback(const struct resolver_options *o)
{
    for (size_t i = 0; i < o->forwarder_count; i++) {
        if (on_loopback(o->forwarders[i]))
            return true;
    }
    for (size_t i = 0; i < o->stub_count; i++) {
        for (size_t k = 0; k < o->stubs[i].server_count; k++) {
            if (on_loopback(o->stubs[i].servers[k]))
                return true;
        }
    }
    return false;
}

static int set_stub(struct ub_ctx *ctx, const struct resolver_stub *stub, struct err *err)
{
    if (stub->server_count == 0)
        return err_set(err, ERR_USAGE, "stub zone %s: no server", stub->zone);
    for (size_t i = 0; i < stub->server_count; i++) {
        if (ub_ctx_set_stub(ctx, stub->zone, stub->servers[i], 0) != 0)
            return err_set(err, ERR_USAGE, "stub zone %s: \"%s\" is no address of a name server "
                           "(192.0.2.1 or 192.0.2.1@5353)", stub->zone, stub->servers[i]);
    }
    return set_option(ctx, "domain-insecure:", stub->zone, err);
}

static int set_servers(struct ub_ctx *ctx, const struct resolver_options *o, struct err *err)
{
    for (size_t i = 0; i < o->forwarder_count; i++) {
        if (ub_ctx_set_fwd(ctx, o->forwarders[i]) != 0)
            return err_set(err, ERR_USAGE, "forwarder \"%s\" is no address of a name server "
                           "(192.0.2.1 or 192.0.2.1@5353)", o->forwarders[i]);
    }
    for (size_t i = 0; i < o->stub_count; i++) {
        if (set_stub(ctx, &o->stubs[i], err) != 0)
            return -1;
    }
    /* A forwarder of the house knows the names of the house's private addresses; the root does not,
     * and without a forwarder libunbound answers for them itself, with "no". */
    if (o->forwarder_count > 0 && (set_option(ctx, "unblock-lan-zones:", "yes", err) != 0 ||
                                   set_option(ctx, "insecure-lan-zones:", "yes", err) != 0))
        return -1;
    return set_option(ctx, "do-not-query-localhost:", asks_loopback(o) ? "no" : "yes", err);
}

static int set_anchor(struct ub_ctx *ctx, const struct resolver_options *o, struct err *err)
{
    if (o->trust_anchor == NULL)
        return set_option(ctx, "module-config:", "iterator", err);
    if (ub_ctx_add_ta_file(ctx, o->trust_anchor) != 0)
        return err_set(err, ERR_USAGE, "trust anchor %s: libunbound refuses it", o->trust_anchor);
    return set_option(ctx, "module-config:", "validator iterator", err);
}

static int set_all(struct ub_ctx *ctx, const struct resolver_options *o, struct err *err)
{
    ub_ctx_debugout(ctx, NULL);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (set_option(ctx, options[i].name, options[i].value, err) != 0)
            return -1;
    }
    if (set_sizes(ctx, o, err) != 0 || set_servers(ctx, o, err) != 0)
        return -1;
    return set_anchor(ctx, o, err);
}

/* --- questions --- */

/* ub_event_callback_type: a DNS return code, and the packet if that is 0; 1 for bogus, 2 for secure
 * by DNSSEC. */
#define ANSWER_CALLBACK(function)                                                       \
    void function(void *ctx, int rcode, void *packet, int length, int security, char *why, \
                  int limited)

static ANSWER_CALLBACK(on_answer)
{
    struct question *q = ctx;
    struct str bytes = { "", 0 };
    (void)why;
    (void)limited;
    q->secure = security == 2;
    if (security == 1)
        q->answer = (struct dns_answer){ .status = DNS_FAILED, .why = "bogus by DNSSEC" };
    else if (rcode != 0 || packet == NULL || length <= 0)
        q->answer = (struct dns_answer){ .status = DNS_FAILED, .why = "SERVFAIL" };
    else
        bytes = str_make(packet, (size_t)length);
    question_answered(q, bytes);
}

static int unbound_ask(struct resolver *r, struct question *q)
{
    char text[DNS_WIRE_TEXT_MAX];
    struct unbound *u = r->own;
    struct cached_answer cached;
    if (answer_cache_get(u->cache, &q->name, q->type, loop_ms(r->loop), &cached)) {
        q->secure = cached.secure;
        q->cached = true;
        question_answered(q, cached.packet);
        return 0;
    }
    dns_wire_as_text(&q->name, text);
    if (ub_resolve_event(u->ctx, text, (int)q->type, CLASS_IN, q, on_answer, NULL) == 0)
        return 0;
    q->answer = (struct dns_answer){ .status = DNS_FAILED, .why = "libunbound refused" };
    return -1;
}

/* An answer out of the cache is not put into it again: it would never end. */
static void unbound_read(struct resolver *r, struct question *q, struct dns_answer *out)
{
    struct unbound *u = r->own;
    struct str packet = str_make(q->packet, q->packet_n);
    dns_packet_read(packet, &q->name, q->type, &r->scratch, out);
    out->secure = q->secure;
    if (q->cached || dns_unsure(out->status))
        return;
    int64_t now = loop_ms(r->loop);
    struct cached_answer answer = { packet, q->secure, now + (int64_t)out->ttl * 1000 };
    answer_cache_put(u->cache, &q->name, q->type, now, &answer);
}

static void unbound_close(struct resolver *r)
{
    struct unbound *u = r->own;
    ub_ctx_delete(u->ctx);           /* may still answer questions */
    answer_cache_free(&u->cache);
    free(u);
}

static const struct resolver_ops unbound_ops = { unbound_ask, unbound_read, unbound_close };

/* --- making one --- */

static ANSWER_CALLBACK(on_first)
{
    (void)packet;
    (void)length;
    (void)security;
    (void)why;
    (void)limited;
    *(int *)ctx = rcode;
}

/* libunbound answers for test., invalid. and the private reverse zones by itself. A transparent
 * zone of its own takes a stub out of that: what has no data is then resolved. */
static int open_stubs(struct ub_ctx *ctx, const struct resolver_options *o, struct err *err)
{
    for (size_t i = 0; i < o->stub_count; i++) {
        int rc = ub_ctx_zone_add(ctx, o->stubs[i].zone, "transparent");
        if (rc != 0)
            return err_set(err, ERR_USAGE, "stub zone %s: %s", o->stubs[i].zone, ub_strerror(rc));
    }
    return 0;
}

/* The first question makes libunbound read its files and make its worker. That must happen here,
 * while we still may, and not when the first mail comes behind the sandbox. */
static int ask_first(struct ub_ctx *ctx, const struct resolver_options *o, struct err *err)
{
    static int rcode;
    rcode = -1;
    int rc = ub_resolve_event(ctx, "localhost.", DNS_A, CLASS_IN, &rcode, on_first, NULL);
    if (rc == 0 && rcode == 0)
        return 0;
    return err_set(err, ERR_USAGE, "libunbound cannot begin%s%s: %s",
                   o->trust_anchor != NULL ? " with the trust anchor " : "",
                   o->trust_anchor != NULL ? o->trust_anchor : "",
                   rc != 0 ? ub_strerror(rc) : "no answer for localhost");
}

struct resolver *resolver_new(struct loop *l, const struct resolver_options *o, struct err *err)
{
    must(loop_base(l) != NULL);
    struct ub_ctx *ctx = ub_ctx_create_event(loop_base(l));
    if (ctx == NULL) {
        err_set(err, ERR_IO, "libunbound cannot be started: out of memory or descriptors");
        return NULL;
    }
    if (set_all(ctx, o, err) != 0 || open_stubs(ctx, o, err) != 0 || ask_first(ctx, o, err) != 0) {
        ub_ctx_delete(ctx);
        return NULL;
    }
    struct unbound *u = must_alloc(sizeof *u);
    *u = (struct unbound){ ctx, answer_cache_new() };
    struct resolver *r = resolver_begin(l, &unbound_ops, o->open_max);
    r->own = u;
    return r;
}
