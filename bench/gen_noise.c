/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_noise - the lines that are no message: most of a real log
 *
 * Refused recipients, failed logins, callers that hang up, queue listings and queue runs. They
 * carry F=, A=, U= and cwd= too, and none of them may be counted as mail.
 */
#include "gen.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void put(struct gen *g, int64_t when, unsigned pid, const struct text *t)
{
    struct effect e = { .kind = EFFECT_NONE, .tally = NO_TALLY, .sample = NO_SAMPLE };

    out_push(&g->out, when, pid, t, e);
}

/* Half of the callers were never seen before. */
static const struct host *any_bot(struct gen *g)
{
    static struct host stranger;
    unsigned a, b;

    if (rng_permille(&g->rng, 500))
        return &g->world->bots[rng_skewed(&g->rng, BOTS)];
    a = rng_below(&g->rng, 65536);
    b = rng_below(&g->rng, 65536);
    text_set(stranger.ip, sizeof stranger.ip, "198.19.%u.%u", a / 256, a % 256);
    text_set(stranger.name, sizeof stranger.name, "host%u.dyn%u.example", b, a % 900);
    if (b % 2 == 0)
        text_set(stranger.helo, sizeof stranger.helo, "[192.168.%u.%u]", b / 256, b % 256);
    else
        text_set(stranger.helo, sizeof stranger.helo, "WIN-%u", a * 10 + b % 10);
    return &stranger;
}

static const char *any_domain(struct gen *g)
{
    return g->world->accounts[rng_skewed(&g->rng, ACCOUNTS)].domain;
}

/* One caller tries names until it is cut off. */
static void dictionary(struct gen *g, int64_t when)
{
    const struct host *b = any_bot(g);
    const char *domain = any_domain(g);
    unsigned n = 2 + rng_below(&g->rng, 20), pid = gen_pid(g);
    struct text t = { .n = 0 };

    if (rng_permille(&g->rng, 400)) {
        text_add(&t, "no host name found for IP address %s", b->ip);
        put(g, when, pid, &t);
    }
    for (unsigned i = 0; i < n; i++, when += rng_span(&g->rng, 40 * MS, 500 * MS)) {
        char local[32];

        world_local_part(&g->rng, local, sizeof local);
        t.n = 0;
        text_add(&t, "H=(%s) [%s] F=<%s@%s> rejected RCPT <%s%u@%s>: No Such User Here", b->helo,
                 b->ip, local, b->name, local, i, domain);
        put(g, when, pid, &t);
    }
    t.n = 0;
    text_add(&t, "unexpected disconnection while reading SMTP command from (%s) [%s] D=%us",
             b->helo, b->ip, 1 + n / 3);
    put(g, when, pid, &t);
}

static void listed(struct gen *g, int64_t when)
{
    const struct host *b = any_bot(g);
    unsigned pid = gen_pid(g), n = 1 + rng_below(&g->rng, 4);

    for (unsigned i = 0; i < n; i++, when += rng_span(&g->rng, 40 * MS, 900 * MS)) {
        struct text t = { .n = 0 };
        char local[32];

        world_local_part(&g->rng, local, sizeof local);
        text_add(&t, "H=(%s) [%s] F=<bulk@%s> rejected RCPT <%s@%s>: JunkMail rejected - (%s) [%s] "
                     "is in an RBL: https://rbl.example/query/ip/%s",
                 b->helo, b->ip, b->name, local, any_domain(g), b->helo, b->ip, b->ip);
        put(g, when, pid, &t);
    }
}

static void guessing(struct gen *g, int64_t when)
{
    static const char *const auths[] = { "dovecot_login", "dovecot_plain", "fixed_plain" };
    const struct host *b = any_bot(g);
    const char *domain = any_domain(g), *auth = auths[rng_below(&g->rng, COUNT(auths))];
    unsigned n = 1 + rng_below(&g->rng, 6);

    for (unsigned i = 0; i < n; i++, when += rng_span(&g->rng, SEC, 5 * SEC)) {
        struct text t = { .n = 0 };
        char local[32];

        world_local_part(&g->rng, local, sizeof local);
        text_add(&t, "%s authenticator failed for (%s) [%s]: 535 Incorrect authentication data "
                     "(set_id=%s@%s)", auth, b->helo, b->ip, local, domain);
        put(g, when, gen_pid(g), &t);
    }
}

/* Exim runs that send nothing. The listings by a site's own script stand in its own directory. */
static void no_submission(struct gen *g, int64_t when)
{
    static const char *const runs[] = {
        "cwd=/ 2 args: /usr/sbin/exim -bpc", "cwd=/root 2 args: exim -bp",
        "cwd=/usr/local/cpanel/whostmgr/docroot 4 args: /usr/sbin/exim -C /etc/exim.conf -bV",
        "cwd=/var/spool/exim4 2 args: /usr/sbin/exim4 -qG", "cwd=/root 2 args: exim -bpra",
        "cwd=/var/spool/exim4 2 args: /usr/sbin/exim4 -q",
    };
    struct text t = { .n = 0 };
    unsigned pid = gen_pid(g);

    if (rng_permille(&g->rng, 300)) {
        const struct source *s = &g->world->scripts[rng_skewed(&g->rng, SCRIPTS)];

        text_add(&t, "cwd=%s 2 args: /usr/sbin/sendmail -bp%s", s->key,
                 rng_permille(&g->rng, 500) ? "c" : "");
    } else {
        text_add(&t, "%s", runs[rng_below(&g->rng, COUNT(runs))]);
    }
    put(g, when, pid, &t);
}

static void queue_run(struct gen *g, int64_t when)
{
    struct text t = { .n = 0 };
    unsigned pid = gen_pid(g);

    text_add(&t, "Start queue run: pid=%u", pid);
    put(g, when, pid, &t);
    t.n = 0;
    text_add(&t, "End queue run: pid=%u", pid);
    put(g, when + rng_span(&g->rng, SEC, 9 * SEC), pid, &t);
}

/* Refused after the body: the line has an id that no message has. */
static void after_data(struct gen *g, int64_t when)
{
    const struct host *b = any_bot(g);
    unsigned pid = gen_pid(g), score = 80 + rng_below(&g->rng, 200);
    struct text t = { .n = 0 };
    char id[24];

    gen_id(g, when, pid, id);
    text_add(&t, "%s H=%s (%s) [%s] F=<news@%s> A=login:nobody@%s rejected after DATA: "
                 "This message scored %u.%u spam points.",
             id, b->name, b->helo, b->ip, b->name, any_domain(g), score / 10, score % 10);
    put(g, when + 900 * MS, pid, &t);
}

static void rude(struct gen *g, int64_t when)
{
    const struct host *b = any_bot(g);
    struct text t = { .n = 0 };

    switch (rng_below(&g->rng, 4)) {
    case 0:
        text_add(&t, "SMTP protocol error in \"AUTH LOGIN\" H=(%s) [%s] AUTH command used when not "
                     "advertised", b->helo, b->ip);
        break;
    case 1:
        text_add(&t, "SMTP call from [%s] dropped: too many syntax or protocol errors (last "
                     "command was \"GET / HTTP/1.1\", NULL)", b->ip);
        break;
    case 2:
        text_add(&t, "rejected EHLO from [%s]: syntactically invalid argument(s): (%s_U=root)",
                 b->ip, b->helo);
        break;
    default:
        text_add(&t, "TLS error on connection from (%s) [%s] (SSL_accept): error:1417A0C1", b->helo,
                 b->ip);
        break;
    }
    put(g, when, gen_pid(g), &t);
}

void noise(struct gen *g, int64_t when)
{
    unsigned which = rng_below(&g->rng, 100);

    if (which < 42)
        dictionary(g, when);
    else if (which < 62)
        listed(g, when);
    else if (which < 74)
        guessing(g, when);
    else if (which < 86)
        no_submission(g, when);
    else if (which < 88)
        queue_run(g, when);
    else if (which < 92)
        after_data(g, when);
    else
        rude(g, when);
}
