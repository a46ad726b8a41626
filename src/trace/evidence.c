/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evidence - what else speaks for a source, and what to do about it
 *
 * Each step takes what the steps before it found: the run gives the times, the site
 * gives the access logs, and both together give the request.
 */
#include "trace/evidence.h"

#include "base/buf.h"
#include "trace/phpmail.h"
#include "trace/run_cache.h"

#define SITES_ASKED 16u
#define PHP_HITS 4u
#define SCORE_NEAR 0.7   /* requests that score less than this share of the best are not named */

struct gathering {
    struct report *r;
    const struct evidence_context *c;
    struct run_arrivals arrivals;
    bool php_logged;                 /* PHP's own log names the script */
    struct str dir;                  /* of the submission; without a cwd line, of that script */
};

static bool run_key(const struct gathering *x, enum top_by *by, struct str *key)
{
    const struct report *r = x->r;
    const struct source *s = &r->source;
    bool directory;
    switch (r->verdict) {
    case VERDICT_SCRIPT:
    case VERDICT_CRON:
        directory = sites_place_tells(x->c->sites, s->user, s->cwd);
        *by = directory ? BY_SCRIPT : BY_USER;
        *key = directory ? s->cwd : s->user;
        break;
    case VERDICT_LOGIN:
    case VERDICT_WEBMAIL:
        *by = BY_LOGIN;
        *key = s->login.n > 0 ? s->login : s->authenticator;
        break;
    case VERDICT_LOCALHOST_SMTP:
    case VERDICT_RELAY:
    case VERDICT_FORWARD:
    case VERDICT_INBOUND:
        *by = BY_HOST;
        *key = s->client_ip;
        break;
    default:
        return false;
    }
    return key->n > 0;
}

static void run_add(struct gathering *x)
{
    const struct evidence_context *c = x->c;
    struct run_query q = { .when = x->r->received, .localhost_number = c->localhost_number,
                           .sites = c->sites, .progress = c->progress,
                           .problem = c->problem, .ctx = c->ctx };
    if (c->no_run || c->set == NULL || x->r->queue_only ||
        x->r->confidence == CONFIDENCE_AMBIGUOUS || !run_key(x, &q.by, &q.key))
        return;
    x->r->run = run_cache_find(c->runs, c->set, &q, x->r->arena, &x->arrivals);
    report_note(x->r, "run: %s %.*s, %llu messages", top_by_name(q.by),
                STR_ARG(str_head(q.key, 300)), (unsigned long long)x->r->run.messages);
}

/* Those of the log; of a queue file if that has none. */
static void recipients_of(const struct gathering *x, struct phpmail_query *q)
{
    const struct report *r = x->r;
    struct str *all = arena_alloc(r->arena, (r->delivery_count + 1) * sizeof *all);
    for (size_t i = 0; all != NULL && i < r->delivery_count; i++)
        all[q->recipient_count++] = r->deliveries[i].address;
    q->recipients = all;
    if (q->recipient_count == 0) {
        q->recipients = x->c->recipients;
        q->recipient_count = x->c->recipient_count;
    }
}

/* Without a directory to agree with, PHP's log has to know recipient and subject, and only the
 * server may have written it. */
static bool names_script(const struct report *r, const struct phpmail_hit *hit)
{
    return hit->dir_agrees || (r->source.cwd.n == 0 && hit->to_agrees && hit->subject_agrees &&
                               !hit->customers);
}

static bool as_good(const struct phpmail_hit *hit, const struct phpmail_hit *best)
{
    return hit->dir_agrees == best->dir_agrees && hit->to_agrees == best->to_agrees &&
           hit->subject_agrees == best->subject_agrees;
}

static void note(void *report, const char *text)
{
    report_note(report, "%s", text);
}

/* PHP's log is ours unless the customer can write it. */
static void php_add(struct gathering *x)
{
    struct report *r = x->r;
    struct phpmail_hit hits[PHP_HITS];
    struct phpmail_query q = { .root = x->c->root, .memory = x->c->php,
                               .account = r->source.account, .arrival = x->c->begun,
                               .dir = r->strangers_dir ? STR("") : r->source.cwd,
                               .subject = r->subject,
                               .note = note, .note_ctx = r };
    recipients_of(x, &q);
    size_t n = phpmail_find(&q, r->arena, hits, PHP_HITS, x->c->problem, x->c->ctx);
    bool one_script = true;
    /* From another directory it must be a library: then recipient and subject have to agree. */
    if (n > 0 && !hits[0].dir_agrees && !(hits[0].to_agrees && hits[0].subject_agrees))
        n = 0;
    for (size_t i = 0; i < n && as_good(&hits[i], &hits[0]); i++) {
        struct witness w = { .kind = "php-log", .file = str_c(hits[i].file), .line = hits[i].line,
                             .text = hits[i].text,
                             .trust = hits[i].customers ? TRUST_FORGEABLE : TRUST_OURS };
        report_witness(r, &w, "PHP's log of mail(): %.*s line %llu",
                       STR_ARG(str_head(hits[i].script, 300)),
                       (unsigned long long)hits[i].script_line);
        one_script = one_script && str_eq(hits[i].script, hits[0].script);
    }
    x->php_logged = n > 0 && one_script && names_script(r, &hits[0]);
    if (!x->php_logged)
        return;
    r->source.script = hits[0].script;
    r->script_forgeable = false;
    if (r->source.account.n == 0)
        r->source.account = sites_account(hits[0].script);
    size_t slash = str_rfind_c(hits[0].script, '/');
    if (x->dir.n == 0 && slash != STR_NONE)
        x->dir = str_head(hits[0].script, slash);
}

static struct str file_of(struct str path)
{
    size_t slash = str_rfind_c(path, '/');
    return slash == STR_NONE ? path : str_skip(path, slash + 1);
}

/* PHP changes to the folder of the script that was asked for, so a request in the very directory
 * names the file. A header names only a file, perhaps an included one; PHP's log is exact
 * already. */
static void script_name(struct gathering *x)
{
    struct report *r = x->r;
    const struct request *best = &r->requests[0];
    if (r->request_count == 0 || !best->in_cwd || x->php_logged || r->strangers_dir)
        return;
    struct str file = file_of(best->path);
    if (file.n == 0)
        return;
    r->source.script = report_text(r, "%.*s/%.*s", STR_ARG(str_head(r->source.cwd, 2000)),
                                   STR_ARG(str_head(file, 500)));
    r->script_forgeable = false;
}

/* What a header says of the script stays a witness; it names the script if a request agrees. */
static void script_settle(struct report *r)
{
    struct str file = file_of(r->source.script);
    for (size_t i = 0; i < r->request_count; i++) {
        if (str_eq(file_of(r->requests[i].path), file))
            return;
    }
    if (r->script_forgeable)
        r->source.script = STR("");
}

static void requests_add(struct gathering *x)
{
    struct report *r = x->r;
    const struct site *sites[SITES_ASKED];
    size_t n = sites_find(x->c->sites, x->dir, r->source.account, sites, SITES_ASKED);
    report_note(r, "web sites of the directory: %zu", n);
    for (size_t i = 0; i < n; i++)
        report_note(r, "site %.*s (%s): %zu access logs", STR_ARG(str_head(sites[i]->name, 200)),
                    sites[i]->panel, sites[i]->log_count);
    for (size_t i = 0; i < sites_problems(x->c->sites); i++)
        report_note(r, "%s", sites_problem(x->c->sites, i));
    if (n > 0 && site_holds(sites[0], x->dir)) {
        r->source.site = sites[0]->name;
        if (r->source.account.n == 0)
            r->source.account = sites[0]->account;
    }
    struct requests_query q = {
        .sites = sites, .site_count = n, .cwd = x->dir, .script = r->source.script,
        .arrivals = x->arrivals.at, .arrival_count = x->arrivals.count, .message = x->c->begun,
        .warn = x->c->problem, .warn_ctx = x->c->ctx,
    };
    if (x->arrivals.count == 0) {
        q.arrivals = &x->c->begun;
        q.arrival_count = 1;
    }
    size_t found = requests_find(&q, r->arena, r->requests, REPORT_REQUESTS_MAX);
    for (size_t i = 0; i < found; i++) {
        const struct request *e = &r->requests[i];
        report_note(r, "request %.*s %.*s: before %llu of %zu messages, %llu requests in all, %s",
                    STR_ARG(str_head(e->method, 20)), STR_ARG(str_head(e->path, 200)),
                    (unsigned long long)e->messages, q.arrival_count,
                    (unsigned long long)e->requests, e->likely ? "likely" : "not likely");
        if (!e->likely || e->score < r->requests[0].score * SCORE_NEAR)
            continue;
        r->requests[r->request_count++] = *e;
        struct witness w = { .kind = "access-log", .trust = TRUST_OURS, .file = str_c(e->file),
                             .line = e->line, .text = e->text };
        if (sites_customers_log(x->c->sites, w.file))
            w.trust = TRUST_FORGEABLE;
        report_witness(r, &w, "a request that was running; it explains %llu of %zu messages",
                       (unsigned long long)e->messages, q.arrival_count);
    }
    script_name(x);
}

/* Exim's log alone does not tell a script from a job of its user; PHP's may. */
static void script_or_job(struct gathering *x)
{
    struct report *r = x->r;
    if (r->verdict != VERDICT_CRON || r->source.cwd.n > 0 ||
        r->confidence != CONFIDENCE_AMBIGUOUS)
        return;
    php_add(x);
    if (!x->php_logged)
        return;
    r->verdict = VERDICT_SCRIPT;
    r->confidence = CONFIDENCE_LIKELY;
    report_reason(r, "this user submitted it, and PHP's log says that a script did");
}

static void script_add(struct gathering *x)
{
    if (!x->php_logged)
        php_add(x);
    if (x->dir.n > 0)
        requests_add(x);
}

void evidence_add(struct report *r, const struct evidence_context *c)
{
    struct gathering x = { .r = r, .c = c, .dir = r->source.cwd };
    if (!verdict_named(r->verdict))
        return;
    if (r->strangers_dir)
        x.dir = sites_home(c->sites, r->source.user);   /* his sites are there */
    script_or_job(&x);
    run_add(&x);
    if (r->verdict == VERDICT_SCRIPT)
        script_add(&x);
    script_settle(r);
}

/* --- what to do --- */

static void next_queue(struct report *r)
{
    struct str sender = r->sender;
    struct buf pattern;
    if (!r->has_sender || str_eq(sender, STR("<>")) || sender.n == 0)
        return;
    buf_init(&pattern, 2048);
    /* exiqgrep takes a regular expression: what is special in one is made literal. */
    for (size_t i = 0; i < sender.n; i++) {
        if (!ascii_alnum(sender.p[i]) && sender.p[i] != '@' && sender.p[i] != '-')
            buf_add_c(&pattern, '\\');
        buf_add_c(&pattern, sender.p[i]);
    }
    if (!buf_bad(&pattern))
        report_next(r, "exiqgrep -i -f %.*s | xargs -r exim -Mf    "
                       "# hold what it still has in the queue",
                    STR_ARG(report_shell(r, buf_str(&pattern))));
    buf_fini(&pattern);
}

/* Two parts at least: a script that went to / or /tmp is not there, and all of / is no evidence. */
static bool narrow(struct str dir)
{
    size_t slash = str_rfind_c(dir, '/');
    return slash != STR_NONE && slash > 0 && slash + 1 < dir.n;
}

static void next_script(struct report *r)
{
    struct str cwd = r->source.cwd;
    if (r->strangers_dir && r->confidence != CONFIDENCE_AMBIGUOUS)
        report_next(r, "crontab -l -u %.*s; ps -u %.*s -o pid,lstart,args    # other footholds",
                    STR_ARG(report_shell(r, r->source.user)),
                    STR_ARG(report_shell(r, r->source.user)));
    if (!narrow(cwd) || r->strangers_dir || r->confidence == CONFIDENCE_AMBIGUOUS)
        return;
    struct str dir = report_shell(r, cwd);
    report_next(r, "find %.*s -type f -ctime -30 -printf '%%T+ %%u %%p\\n' | sort | tail -40    "
                "# what changed there lately", STR_ARG(dir));
    report_next(r, "tar -czpf /root/evidence-%s.tar.gz %.*s    "
                   "# keep a copy before anything is changed",
                r->id.text, STR_ARG(dir));
    if (r->source.account.n > 0 && !sites_shared_user(r->source.account))
        report_next(r, "crontab -l -u %.*s; ps -u %.*s -o pid,lstart,args    # other footholds",
                    STR_ARG(report_shell(r, r->source.account)),
                    STR_ARG(report_shell(r, r->source.account)));
}

static void next_login(struct report *r)
{
    struct str login = report_shell(r, r->source.login);
    report_next(r, "# change the password of %.*s in the panel first: the thief still has it",
                STR_ARG(login));
    report_next(r, "doveadm kick %.*s    # then end its sessions", STR_ARG(login));
    report_next(r, "postern top --by login --since 1d    # other mailboxes that send as much");
}

void evidence_next(struct report *r)
{
    if (!verdict_named(r->verdict))
        return;
    switch (r->verdict) {
    case VERDICT_SCRIPT:
        next_script(r);
        break;
    case VERDICT_CRON:
        if (r->source.user.n > 0)
            report_next(r, "crontab -l -u %.*s", STR_ARG(report_shell(r, r->source.user)));
        break;
    case VERDICT_LOGIN:
    case VERDICT_WEBMAIL:
        if (r->source.login.n > 0)
            next_login(r);
        break;
    case VERDICT_BOUNCE:
        if (r->has_parent)
            report_next(r, "postern trace %s    # the message that this is a report on",
                        r->parent.text);
        return;
    case VERDICT_INBOUND:
        return;
    default:
        break;
    }
    next_queue(r);
}
