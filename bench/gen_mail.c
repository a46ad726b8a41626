/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_mail - messages: how they come in, where they go, and the lines that Exim writes of it
 *
 * The life of a message: a cwd line where a program submits it; the arrival, by the process whose
 * pid is in the id; a second process that delivers (the `-Mc` line); one line for each recipient;
 * retries a quarter of an hour and more later; a bounce for what failed; "Completed".
 *
 * A submission takes up to half a second between its cwd line and its arrival, so that lines of
 * several submissions of one user stand between each other: that is what makes the join hard.
 */
#include <string.h>

#include "gen.h"

#define TLS "X=TLS1.3:TLS_AES_256_GCM_SHA384:256"
#define TLS_OLD "X=TLS1.2:ECDHE-RSA-AES128-GCM-SHA256:128"

enum state { STATE_NEW, STATE_DEFERRED, STATE_DONE };

struct rcpt {
    char address[NAME_SIZE];
    char parent[NAME_SIZE];         /* the address as it came in, where it was redirected */
    const struct host *mx;          /* NULL: a mailbox here */
    enum state state;
};

struct mail {
    enum kind kind;
    uint32_t tally, sample;
    unsigned pid, size, rcpt_n;
    int64_t start;
    bool away;                      /* the first recipient answers automatically */
    char id[24], sender[NAME_SIZE], subject[NAME_SIZE];
    struct rcpt rcpt[RCPT_MAX];
};

/* ---- ids, processes, samples ---- */

unsigned gen_pid(struct gen *g)
{
    g->pid += 1 + rng_below(&g->rng, 6);
    if (g->pid >= 4194304)                              /* pid_max of a 64-bit Linux */
        g->pid = 300 + g->pid % 64;
    return g->pid;
}

static char *base62(char *p, unsigned width, uint64_t value)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    for (unsigned i = width; i-- > 0; value /= 62)
        p[i] = digits[value % 62];
    p[width] = '-';
    return p + width + 1;
}

void gen_id(const struct gen *g, int64_t when, unsigned pid, char *out)
{
    uint64_t usec = (uint64_t)(when % SEC);
    char *p = base62(out, 6, (uint64_t)(when / SEC));

    p = base62(p, g->new_ids ? 11 : 6, pid);
    p = base62(p, g->new_ids ? 4 : 2, g->new_ids ? usec : usec / 500);
    p[-1] = '\0';
}

static void mail_start(struct gen *g, struct mail *m, enum kind kind, int64_t start, unsigned pid)
{
    m->kind = kind;
    m->tally = NO_TALLY;
    m->sample = NO_SAMPLE;
    m->pid = pid;
    m->start = start;
    m->size = 600 + rng_skewed(&g->rng, 400000);
    m->rcpt_n = 0;
    m->away = false;
    gen_id(g, start, pid, m->id);
    world_subject(&g->rng, m->subject, sizeof m->subject);
    g->messages++;
}

/* Every so many messages, keep the whole truth of one. */
static struct sample *sample_take(struct gen *g, struct mail *m)
{
    struct sample *s;

    if (g->messages % g->sample_every != 0 || g->out.sample_n == g->out.sample_max)
        return NULL;
    m->sample = g->out.sample_n++;
    s = &g->out.samples[m->sample];
    s->kind = m->kind;
    s->received = m->start;
    s->size = m->size;
    text_set(s->id, sizeof s->id, "%s", m->id);
    text_set(s->sender, sizeof s->sender, "%s", m->sender);
    return s;
}

static void sample_of_source(struct gen *g, struct mail *m, const struct source *src)
{
    struct sample *s = sample_take(g, m);

    if (s == NULL)
        return;
    text_set(s->key, sizeof s->key, "%s", src->key);
    text_set(s->user, sizeof s->user, "%s", src->user);
}

static void sample_of_host(struct gen *g, struct mail *m, const char *key, const char *ip)
{
    struct sample *s = sample_take(g, m);

    if (s == NULL)
        return;
    text_set(s->key, sizeof s->key, "%s", key);
    text_set(s->ip, sizeof s->ip, "%s", ip);
}

/* ---- one line ---- */

/* What a line of this message adds to the truth. */
static struct effect effect_of(const struct mail *m, enum effect_kind kind)
{
    return (struct effect){ .kind = kind, .tally = m->tally, .sample = m->sample,
                            .recipients = kind == EFFECT_ARRIVAL ? m->rcpt_n : 0,
                            .of_message = kind != EFFECT_CWD };
}

/* The same for a line that says what became of a recipient. */
static struct effect outcome_of(const struct mail *m, const struct rcpt *r, enum effect_kind kind)
{
    struct effect e = effect_of(m, kind);

    e.again = r->state == STATE_DEFERRED;
    return e;
}

/* A line that belongs to no message, so far as the truth goes. */
static void put_free(struct gen *g, int64_t when, unsigned pid, const struct text *t)
{
    struct effect e = { .kind = EFFECT_NONE, .tally = NO_TALLY, .sample = NO_SAMPLE };

    out_push(&g->out, when, pid, t, e);
}

/* ---- recipients ---- */

static void rcpt_add(struct gen *g, struct mail *m, const char *domain, const struct host *mx)
{
    struct rcpt *r = &m->rcpt[m->rcpt_n];
    char local[32];

    world_local_part(&g->rng, local, sizeof local);
    r->mx = mx;
    r->state = STATE_NEW;
    r->parent[0] = '\0';
    if (m->rcpt_n == 0)
        text_set(r->address, sizeof r->address, "%s@%s", local, domain);
    else                                                /* no two may be the same */
        text_set(r->address, sizeof r->address, "%s.%u@%s", local, m->rcpt_n, domain);
    m->rcpt_n++;
}

static const struct host *far_host(struct gen *g)
{
    return &g->world->hosts[rng_skewed(&g->rng, HOSTS)];
}

static const struct account *near_account(struct gen *g)
{
    return &g->world->accounts[rng_skewed(&g->rng, ACCOUNTS)];
}

/* The domain of mx1.harbour17.example is harbour17.example. */
static const char *host_domain(const struct host *h)
{
    return h->name + 4;
}

static void rcpts_add(struct gen *g, struct mail *m, unsigned several, unsigned most)
{
    unsigned n = rng_permille(&g->rng, several) ? 2 + rng_below(&g->rng, most - 1) : 1;
    const struct host *mx = far_host(g);

    while (m->rcpt_n < n) {
        if (rng_permille(&g->rng, 500))
            mx = far_host(g);
        if (rng_permille(&g->rng, 40))
            rcpt_add(g, m, near_account(g)->domain, NULL);
        else
            rcpt_add(g, m, host_domain(mx), mx);
    }
}

/* ---- delivery ---- */

static void rcpt_name(struct text *t, const struct rcpt *r)
{
    if (r->mx == NULL) {
        for (const char *p = r->address; *p != '@'; p++)
            text_add(t, "%c", *p);
        text_add(t, " <%s>", r->address);
    } else if (r->parent[0] != '\0') {
        text_add(t, "%s <%s>", r->address, r->parent);
    } else {
        text_add(t, "%s", r->address);
    }
}

static void route_name(struct text *t, const struct rcpt *r)
{
    if (r->mx == NULL)
        text_add(t, " R=virtual_user T=dovecot_virtual_delivery");
    else
        text_add(t, " R=dnslookup T=remote_smtp");
}

/* What the far host said is its own text: an Exim's, a Postfix's, Google's, or a trap. */
static void reply_add(struct gen *g, struct text *t, unsigned size, int64_t when)
{
    unsigned style = rng_below(&g->rng, 300);
    char id[24], hex[14], word[12];

    if (style == 0) {
        text_add(t, " C=\"250 Completed A=login:x U=root\"");
    } else if (style == 1) {
        text_add(t, " C=\"250 re\xe7u \\\"ok\\\" P=local\"");
    } else if (style < 100) {
        gen_id(g, when, rng_below(&g->rng, 99999), id);
        text_add(t, " K C=\"250- %u byte chunk, total %u\\\\n250 OK id=%s\"", size, size, id);
    } else if (style < 200) {
        rng_digits(&g->rng, 36, 11, word);
        text_add(t, " C=\"250 2.0.0 Ok: queued as %s\"", word);
    } else {
        rng_digits(&g->rng, 16, 13, hex);
        rng_digits(&g->rng, 16, 11, word);
        text_add(t, " C=\"250 2.0.0 OK  %u %s-%ssi%u.%u - gsmtp\"", (unsigned)(when / SEC), hex,
                 word, rng_below(&g->rng, 1u << 24), style);
    }
}

static void delivered(struct gen *g, const struct mail *m, int64_t when, unsigned pid,
                      const struct rcpt *r)
{
    struct text t = { .n = 0 };
    bool same = r > m->rcpt && r->mx != NULL && r[-1].mx == r->mx && r[-1].state == STATE_DONE;

    text_add(&t, "%s %s ", m->id, same ? "->" : "=>");
    rcpt_name(&t, r);
    route_name(&t, r);
    if (r->mx != NULL) {
        text_add(&t, " H=%s [%s] %s CV=yes", r->mx->name, r->mx->ip,
                 rng_permille(&g->rng, 300) ? TLS_OLD : TLS);
        reply_add(g, &t, m->size, when);
    }
    out_push(&g->out, when, pid, &t, outcome_of(m, r, EFFECT_DELIVERED));
}

static void failed(struct gen *g, const struct mail *m, int64_t when, unsigned pid,
                   const struct rcpt *r)
{
    struct text t = { .n = 0 };

    text_add(&t, "%s ** ", m->id);
    rcpt_name(&t, r);
    if (r->state == STATE_NEW && rng_permille(&g->rng, 150)) {
        text_add(&t, ": Unrouteable address");
    } else {
        route_name(&t, r);
        text_add(&t, " H=%s [%s] " TLS " CV=yes: SMTP error from remote mail server after RCPT TO:"
                     "<%s>: 550 5.1.1 <%s>: Recipient address rejected: User unknown",
                 r->mx->name, r->mx->ip, r->address, r->address);
        if (rng_permille(&g->rng, 5))
            text_add(&t, " A=fixed_plain:boss@client1.example U=root");
    }
    out_push(&g->out, when, pid, &t, outcome_of(m, r, EFFECT_FAILED));
}

static void deferred(struct gen *g, const struct mail *m, int64_t when, unsigned pid,
                     const struct rcpt *r)
{
    struct text t = { .n = 0 };

    if (r->mx != NULL && rng_permille(&g->rng, 300)) {
        text_add(&t, "%s H=%s [%s] Connection timed out", m->id, r->mx->name, r->mx->ip);
        out_push(&g->out, when, pid, &t, effect_of(m, EFFECT_NONE));
        t.n = 0;
    }
    text_add(&t, "%s == ", m->id);
    rcpt_name(&t, r);
    route_name(&t, r);
    if (r->mx == NULL)
        text_add(&t, " defer (-22): mailbox is full");
    else
        text_add(&t, " defer (-44) H=%s [%s]: SMTP error from remote mail server after RCPT TO:"
                     "<%s>: 451 4.7.1 <%s>: Recipient address rejected: Greylisted",
                 r->mx->name, r->mx->ip, r->address, r->address);
    out_push(&g->out, when, pid, &t, outcome_of(m, r, EFFECT_DEFERRED));
}

/* How likely an attempt fails, in thousandths: spam fails more often than letters. */
static unsigned failure_chance(const struct mail *m, const struct rcpt *r)
{
    if (m->kind == KIND_BOUNCE || m->kind == KIND_AUTOREPLY || r->mx == NULL)
        return 0;
    return m->kind == KIND_SCRIPT ? 80 : 25;
}

struct attempt {
    unsigned pid, failed, left;
    bool last;
};

static void rcpt_try(struct gen *g, struct mail *m, int64_t when, struct rcpt *r,
                     struct attempt *a)
{
    unsigned chance = rng_below(&g->rng, 1000), fails = failure_chance(m, r);
    unsigned waits = r->state == STATE_DEFERRED ? 350 : 30;

    if (chance < fails || (a->last && chance < fails + waits && r->mx != NULL)) {
        failed(g, m, when, a->pid, r);
        a->failed++;
    } else if (chance < fails + waits && !a->last) {
        deferred(g, m, when, a->pid, r);
        r->state = STATE_DEFERRED;
        a->left++;
        return;
    } else {
        delivered(g, m, when, a->pid, r);
    }
    r->state = STATE_DONE;
}

static void answer(struct gen *g, const struct mail *parent, int64_t when, enum kind kind);

/* The mailbox also answers by itself: one recipient, two lines. The second names an address that
 * has been delivered already. */
static void vacation(struct gen *g, const struct mail *m, int64_t when, unsigned pid)
{
    struct text t = { .n = 0 };

    answer(g, m, when, KIND_AUTOREPLY);
    text_add(&t, "%s => ", m->id);
    rcpt_name(&t, &m->rcpt[0]);
    text_add(&t, " R=vacation T=vacation_reply");
    out_push(&g->out, when + 10 * MS, pid, &t, effect_of(m, EFFECT_NONE));
}

static void deliver(struct gen *g, struct mail *m, int64_t when)
{
    struct text t = { .n = 0 };

    for (unsigned tries = 0; tries < 4; tries++) {
        struct attempt a = { .pid = gen_pid(g), .last = tries == 3 };

        if (tries == 0) {
            text_add(&t, "cwd=/var/spool/exim4 3 args: /usr/sbin/exim4 -Mc %s", m->id);
            put_free(g, when, a.pid, &t);
        }
        for (unsigned i = 0; i < m->rcpt_n; i++) {
            if (m->rcpt[i].state == STATE_DONE)
                continue;
            when += m->rcpt[i].mx == NULL ? 20 * MS : rng_span(&g->rng, 50 * MS, 900 * MS);
            rcpt_try(g, m, when, &m->rcpt[i], &a);
        }
        if (a.failed > 0)
            answer(g, m, when + 5 * MS, KIND_BOUNCE);
        if (tries == 0 && m->away && a.left == 0)
            vacation(g, m, when + 5 * MS, a.pid);
        if (a.left == 0) {
            t.n = 0;
            text_add(&t, "%s Completed", m->id);
            out_push(&g->out, when + 30 * MS, a.pid, &t, effect_of(m, EFFECT_NONE));
            return;
        }
        when += rng_span(&g->rng, 15 * 60 * SEC, 90 * 60 * SEC);
    }
}

/* ---- arrival ---- */

/* As PHPMailer, Google and Thunderbird write it. */
static void msgid_add(struct gen *g, struct text *t, const char *domain)
{
    unsigned style = rng_below(&g->rng, 3);
    char a[48], b[16];

    if (style == 0) {
        rng_digits(&g->rng, 62, 40, a);
        text_add(t, " id=%s@%s", a, domain);
    } else if (style == 1) {
        rng_digits(&g->rng, 62, 45, a);
        text_add(t, " id=CA+%s@mail.%s", a, domain);
    } else {
        rng_digits(&g->rng, 16, 8, b);
        rng_digits(&g->rng, 16, 12, a);
        text_add(t, " id=%s-0c1f-4a5e-9d2b-%s@%s", b, a, domain);
    }
}

static void arrival_end(struct gen *g, struct mail *m, struct text *t, const char *msgid_domain)
{
    text_add(t, " S=%u", m->size);
    if (msgid_domain != NULL)
        msgid_add(g, t, msgid_domain);
    text_add(t, " T=\"%s\"", m->subject);
    if (!g->recipients)
        return;
    text_add(t, " for");
    for (unsigned i = 0; i < m->rcpt_n; i++)
        text_add(t, " %s", m->rcpt[i].parent[0] != '\0' ? m->rcpt[i].parent : m->rcpt[i].address);
}

static void arrive(struct gen *g, struct mail *m, struct text *t, int64_t when)
{
    out_push(&g->out, when, m->pid, t, effect_of(m, EFFECT_ARRIVAL));
    deliver(g, m, when + rng_span(&g->rng, 10 * MS, 60 * MS));
}

/* The id of what was refused is in the log, but no message has it. */
static void refuse(struct gen *g, const struct source *s, int64_t when, unsigned pid,
                   struct text *cwd)
{
    struct text t = { .n = 0 };
    char id[24];

    put_free(g, when, pid, cwd);
    gen_id(g, when + 5 * MS, pid, id);
    text_add(&t, "%s F=<%s> rejected by non-SMTP ACL: too many messages", id, s->sender);
    put_free(g, when + 30 * MS, pid, &t);
}

/* A program ran sendmail. */
static void submit(struct gen *g, const struct source *s, int64_t when)
{
    struct mail m;
    struct text t = { .n = 0 };
    unsigned pid = gen_pid(g);

    text_add(&t, "cwd=%s %s", s->key, s->args);
    if (rng_permille(&g->rng, 6)) {
        refuse(g, s, when, pid, &t);
        return;
    }
    mail_start(g, &m, s->kind, when + rng_span(&g->rng, 2 * MS, 12 * MS), pid);
    text_set(m.sender, sizeof m.sender, "%s", s->sender);
    m.tally = s->tally;
    if (s->kind == KIND_CRON)
        rcpt_add(g, &m, "srv1.hosting.example", NULL);
    else
        rcpts_add(g, &m, 60, 6);
    if (s->kind == KIND_CRON)
        text_set(m.subject, sizeof m.subject, "Cron <%s@srv1> /usr/local/bin/job", s->user);
    sample_of_source(g, &m, s);
    out_push(&g->out, when, pid, &t, effect_of(&m, EFFECT_CWD));
    t.n = 0;
    text_add(&t, "%s <= %s U=%s P=local%s", m.id, m.sender, s->user,
             s->speaks_smtp ? "-esmtp" : "");
    arrival_end(g, &m, &t, s->kind == KIND_CRON || rng_permille(&g->rng, 500)
                               ? NULL : s->account->domain);
    arrive(g, &m, &t, m.start + rng_span(&g->rng, 5 * MS, 450 * MS));
}

void mail_script(struct gen *g, const struct source *s, int64_t when)
{
    submit(g, s, when);
}

void mail_cron(struct gen *g, const struct source *s, int64_t when)
{
    submit(g, s, when);
}

/* Our own bounce or vacation reply, written by a child of the process that delivered. */
static void answer(struct gen *g, const struct mail *parent, int64_t when, enum kind kind)
{
    struct mail m;
    struct text t = { .n = 0 };
    struct sample *s;

    mail_start(g, &m, kind, when + 8 * MS, gen_pid(g));
    m.sender[0] = '\0';
    rcpt_add(g, &m, "srv1.hosting.example",
             parent->kind == KIND_INBOUND || parent->kind == KIND_FORWARD ? far_host(g) : NULL);
    text_set(m.rcpt[0].address, NAME_SIZE, "%s", parent->sender);
    if (kind == KIND_BOUNCE)
        text_set(m.subject, sizeof m.subject, "Mail delivery failed: returning message to sender");
    else
        text_set(m.subject, sizeof m.subject, "Away until Monday");
    s = sample_take(g, &m);
    if (s != NULL) {
        text_set(s->key, sizeof s->key, "%s", parent->id);
        text_set(s->user, sizeof s->user, "Debian-exim");
    }
    text_add(&t, "cwd=%s 7 args: /usr/sbin/exim4 -t -oem -oi -f <> -E%s",
             kind == KIND_BOUNCE ? "/var/spool/exim4" : "/", parent->id);
    out_push(&g->out, when, m.pid, &t, effect_of(&m, EFFECT_CWD));
    t.n = 0;
    text_add(&t, "%s <= <> R=%s U=Debian-exim P=local", m.id, parent->id);
    arrival_end(g, &m, &t, NULL);
    arrive(g, &m, &t, when + 20 * MS);
}

/* A mailbox. A stolen one sends from everywhere, one connection may carry several messages. */
void mail_login(struct gen *g, const struct source *s, int64_t when, bool webmail)
{
    bool stolen = !webmail && rng_permille(&g->rng, 100);
    const struct host *c = stolen ? &g->world->bots[rng_below(&g->rng, BOTS)] : &s->client;
    unsigned more = rng_permille(&g->rng, 80) ? 1 + rng_below(&g->rng, 3) : 0;
    unsigned pid = gen_pid(g);

    for (unsigned i = 0; i <= more; i++, when += rng_span(&g->rng, SEC, 3 * SEC)) {
        struct mail m;
        struct text t = { .n = 0 };

        mail_start(g, &m, webmail ? KIND_WEBMAIL : KIND_LOGIN, when, pid);
        text_set(m.sender, sizeof m.sender, "%s", s->sender);
        m.tally = s->tally;
        rcpts_add(g, &m, 150, rng_permille(&g->rng, 20) ? RCPT_MAX : 5);
        sample_of_host(g, &m, s->key, webmail ? "127.0.0.1" : c->ip);
        if (m.sample != NO_SAMPLE)
            text_set(g->out.samples[m.sample].login, NAME_SIZE, "%s", s->key);
        if (webmail)
            text_add(&t, "%s <= %s H=localhost (webmail.hosting.example) [127.0.0.1] P=esmtpa "
                         "A=%s:%s", m.id, m.sender, s->auth, s->key);
        else
            text_add(&t, "%s <= %s H=(%s) [%s] P=esmtpsa " TLS " CV=no A=%s:%s", m.id, m.sender,
                     c->helo, c->ip, s->auth, s->key);
        arrival_end(g, &m, &t, s->account->domain);
        arrive(g, &m, &t, when + rng_span(&g->rng, 40 * MS, 1500 * MS));
    }
}

/* A program on this host that speaks SMTP and does not log in. */
void mail_localhost(struct gen *g, int64_t when)
{
    const struct account *a = near_account(g);
    struct mail m;
    struct text t = { .n = 0 };

    mail_start(g, &m, KIND_LOCALHOST, when, gen_pid(g));
    text_set(m.sender, sizeof m.sender, "app@%s", a->domain);
    rcpts_add(g, &m, 60, 4);
    sample_of_host(g, &m, a->domain, "127.0.0.1");
    text_add(&t, "%s <= %s H=localhost (%s) [127.0.0.1] P=esmtp", m.id, m.sender, a->domain);
    arrival_end(g, &m, &t, a->domain);
    arrive(g, &m, &t, when + rng_span(&g->rng, 20 * MS, 200 * MS));
}

void mail_relay(struct gen *g, int64_t when)
{
    unsigned i = rng_below(&g->rng, 20);
    struct mail m;
    struct text t = { .n = 0 };
    char ip[16];

    mail_start(g, &m, KIND_RELAY, when, gen_pid(g));
    text_set(m.sender, sizeof m.sender, "monitor@app%u.hosting.example", i);
    text_set(ip, sizeof ip, "10.9.8.%u", 1 + i);
    rcpt_add(g, &m, host_domain(&g->world->hosts[i]), &g->world->hosts[i]);
    sample_of_host(g, &m, ip, ip);
    text_add(&t, "%s <= %s H=app%u.hosting.example [%s] P=esmtp", m.id, m.sender, i, ip);
    arrival_end(g, &m, &t, "hosting.example");
    arrive(g, &m, &t, when + rng_span(&g->rng, 20 * MS, 200 * MS));
}

/* From outside. A few of them write log fields into what they control. */
static const char *inbound_begin(struct gen *g, struct mail *m, struct text *t,
                                 const struct host *h)
{
    unsigned trap = rng_below(&g->rng, 300);
    char local[32];

    world_local_part(&g->rng, local, sizeof local);
    if (trap == 0)
        text_set(m->sender, sizeof m->sender, "\"x U=root P=local y\"@%s", host_domain(h));
    else
        text_set(m->sender, sizeof m->sender, "%s@%s", local, host_domain(h));
    text_add(t, "%s <= %s", m->id, m->sender);
    if (trap == 1)
        text_add(t, " H=%s (A=login:boss@client1.example) [%s] P=esmtp", h->name, h->ip);
    else
        text_add(t, " H=%s [%s] P=esmtps " TLS " CV=no", h->name, h->ip);
    return trap == 2 ? "x A=fixed_plain:boss@client1.example P=local" : host_domain(h);
}

void mail_inbound(struct gen *g, int64_t when, bool forward)
{
    const struct host *h = far_host(g);
    const struct account *a = near_account(g);
    const char *msgid_domain;
    struct mail m;
    struct text t = { .n = 0 };

    mail_start(g, &m, forward ? KIND_FORWARD : KIND_INBOUND, when, gen_pid(g));
    msgid_domain = inbound_begin(g, &m, &t, h);
    rcpt_add(g, &m, a->domain, NULL);
    if (forward) {
        struct rcpt *r = &m.rcpt[0];

        r->mx = &g->world->hosts[rng_below(&g->rng, 40)];
        memcpy(r->parent, r->address, sizeof r->parent);
        text_set(r->address, sizeof r->address, "%s.private@%s", a->user, host_domain(r->mx));
    }
    m.away = !forward && rng_permille(&g->rng, 15);
    sample_of_host(g, &m, forward ? m.rcpt[0].parent : h->name, h->ip);
    arrival_end(g, &m, &t, msgid_domain);
    arrive(g, &m, &t, when + rng_span(&g->rng, 60 * MS, 2500 * MS));
}
