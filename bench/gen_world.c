/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_world - the accounts, mailboxes, scripts and far hosts of a server that does not exist
 *
 * Every name is under .example and every far address in 198.18.0.0/15, the networks that are kept
 * for examples and measurements. Some directories and subjects are made to fool: a space in a path,
 * ` 3 args:` in a path, the fields of a log line in a subject.
 */
#include "gen.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const local_parts[] = {
    "info", "sales", "bob", "fred", "anna", "office", "support", "admin", "contact", "mail",
    "j.smith", "maria", "peter", "billing", "hello", "newsletter", "jobs", "shop", "lena", "tom",
};

static const char *const web_dirs[] = {
    "", "/phpBB", "/wp-admin", "/wp-content/plugins/contact-form", "/shop", "/forum",
    "/wp-includes/images", "/blog", "/my shop", "/img/x 3 args: -t", "/cgi-bin", "/joomla/tmp",
};

/* Inside T="": quotes and backslashes are already escaped, as Exim does it. */
static const char *const traps[] = {
    "Order Completed", "Completed", "x A=login:x U=root",
    "Re: A=dovecot_login:boss@client1.example",
    "\\\"quoted\\\" U=root P=local S=1", "a => b@c.example R=dnslookup T=remote_smtp",
    "cwd=/home/client1/public_html 3 args: /usr/sbin/sendmail -t -i", "** == -> Completed",
    "ends in a backslash \\\\", "two\\nlines A=fixed_plain:bob@client2.example",
    "for root@localhost",
    "\\303\\234berraschung f\\303\\274r Sie", "<= forged@client3.example U=nobody P=local",
};

static const char *const words[] = {
    "your", "order", "invoice", "new", "offer", "password", "account", "contact", "form", "message",
    "from", "website", "weekly", "report", "backup", "finished", "buy", "me", "now", "delivery",
    "appointment", "question", "about", "payment", "reminder", "welcome", "notification", "update",
};

void world_local_part(struct rng *r, char *out, size_t size)
{
    const char *name = local_parts[rng_below(r, COUNT(local_parts))];

    if (rng_permille(r, 400))
        text_set(out, size, "%s", name);
    else
        text_set(out, size, "%s%u", name, rng_below(r, 5000));
}

void world_subject(struct rng *r, char *out, size_t size)
{
    const char *w[4];

    if (rng_permille(r, 12)) {
        text_set(out, size, "%s", traps[rng_below(r, COUNT(traps))]);
        return;
    }
    for (size_t i = 0; i < COUNT(w); i++)
        w[i] = words[rng_below(r, COUNT(words))];
    text_set(out, size, "%s %s %s %s %u", w[0], w[1], w[2], w[3], rng_below(r, 100000));
}

static void host_make(struct host *h, struct rng *r, unsigned net, unsigned i)
{
    unsigned a = rng_below(r, 256), b = rng_below(r, 256);

    text_set(h->name, sizeof h->name, "mx%u.%s%u.example", 1 + i % 3,
             words[rng_below(r, COUNT(words))], i);
    text_set(h->ip, sizeof h->ip, "198.%u.%u.%u", net, i / 250, 1 + i % 250);
    switch (rng_below(r, 4)) {
    case 0:
        text_set(h->helo, sizeof h->helo, "[192.168.%u.%u]", a, b);
        break;
    case 1:
        text_set(h->helo, sizeof h->helo, "WIN-%u", rng_below(r, 1000000));
        break;
    default:
        text_set(h->helo, sizeof h->helo, "pc%u.lan.example", i);
        break;
    }
}

/* cPanel, Hestia and DirectAdmin keep their sites in different places. */
static void web_dir_make(const struct account *a, unsigned i, char *out, size_t size)
{
    const char *dir = web_dirs[i % COUNT(web_dirs)];

    switch (a->user[6] % 4) {
    case 0:
        text_set(out, size, "/home/%s/web/%s/public_html%s", a->user, a->domain, dir);
        break;
    case 1:
        text_set(out, size, "/home/%s/domains/%s/public_html%s", a->user, a->domain, dir);
        break;
    default:
        text_set(out, size, "/home/%s/public_html%s", a->user, dir);
        break;
    }
}

static void script_make(struct world *w, struct rng *r, struct out *o, unsigned i)
{
    struct source *s = &w->scripts[i];
    const struct account *a = &w->accounts[i % ACCOUNTS];

    s->kind = KIND_SCRIPT;
    s->account = a;
    web_dir_make(a, i % ACCOUNTS * 7 + i / ACCOUNTS, s->key, sizeof s->key);
    text_set(s->user, sizeof s->user, "%s", rng_permille(r, 400) ? "nobody" : a->user);
    switch (rng_below(r, 12)) {
    case 0:
        s->speaks_smtp = true;
        text_set(s->sender, sizeof s->sender, "newsletter@%s", a->domain);
        text_set(s->args, sizeof s->args, "2 args: /usr/sbin/sendmail -bs");
        break;
    case 1: case 2: case 3:
        text_set(s->sender, sizeof s->sender, "wordpress@%s", a->domain);
        text_set(s->args, sizeof s->args, "5 args: /usr/sbin/sendmail -oi -f wordpress@%s -t",
                 a->domain);
        break;
    case 4: case 5: case 6:
        text_set(s->sender, sizeof s->sender, "info@%s", a->domain);
        text_set(s->args, sizeof s->args, "4 args: /usr/sbin/sendmail -t -i -finfo@%s", a->domain);
        break;
    default:
        text_set(s->sender, sizeof s->sender, "%s@srv1.hosting.example", s->user);
        text_set(s->args, sizeof s->args, "3 args: /usr/sbin/sendmail -t -i");
        break;
    }
    s->tally = out_tally(o, KIND_SCRIPT, s->key);
}

static void login_make(struct world *w, struct rng *r, struct out *o, unsigned i)
{
    static const char *const auths[] = { "dovecot_login", "dovecot_plain", "fixed_plain",
                                         "plain_server" };
    struct source *s = &w->logins[i];

    s->kind = KIND_LOGIN;
    s->account = &w->accounts[i % ACCOUNTS];
    text_set(s->key, sizeof s->key, "%s@%s", local_parts[i / ACCOUNTS], s->account->domain);
    text_set(s->sender, sizeof s->sender, "%s", s->key);
    text_set(s->auth, sizeof s->auth, "%s", auths[rng_below(r, COUNT(auths))]);
    s->client = w->bots[rng_below(r, BOTS)];
    s->tally = out_tally(o, KIND_LOGIN, s->key);
}

static void cron_make(struct world *w, struct out *o, unsigned i)
{
    struct source *s = &w->crons[i];

    s->kind = KIND_CRON;
    s->account = &w->accounts[i];
    text_set(s->user, sizeof s->user, "%s", i == 0 ? "root" : s->account->user);
    if (i == 0)
        text_set(s->key, sizeof s->key, "/root");
    else
        text_set(s->key, sizeof s->key, "/home/%s", s->user);
    text_set(s->sender, sizeof s->sender, "%s@srv1.hosting.example", s->user);
    text_set(s->args, sizeof s->args,
             "6 args: /usr/sbin/sendmail -i -FCronDaemon -B8BITMIME -oem %s", s->user);
    s->tally = out_tally(o, KIND_CRON, s->key);
}

void world_make(struct world *w, struct rng *r, struct out *o)
{
    for (unsigned i = 0; i < HOSTS; i++)
        host_make(&w->hosts[i], r, 18, i);
    for (unsigned i = 0; i < BOTS; i++)
        host_make(&w->bots[i], r, 19, i);
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        text_set(w->accounts[i].user, sizeof w->accounts[i].user, "client%u", i);
        text_set(w->accounts[i].domain, sizeof w->accounts[i].domain, "client%u.example", i);
    }
    for (unsigned i = 0; i < SCRIPTS; i++)
        script_make(w, r, o, i);
    for (unsigned i = 0; i < LOGINS; i++)
        login_make(w, r, o, i);
    for (unsigned i = 0; i < CRONS; i++)
        cron_make(w, o, i);
}
