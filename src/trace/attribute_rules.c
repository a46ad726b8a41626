/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attribute_rules - which verdict it is
 *
 * One table of rules, tried from the top; the first that holds gives the verdict.
 * Bounces come first, because they are local and would look like scripts; then
 * everything that came over SMTP; then what was handed in on this host. A
 * rule fills in what it knows of the source and says in one sentence why.
 *
 * It must never say "certain" where the join said less.
 */
#include <string.h>

#include "base/buf.h"
#include "mail/header.h"
#include "trace/attribute_internal.h"

/* --- small questions --- */

static bool one_of(struct str s, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (str_eq_nocase(s, str_c(*list)))
            return true;
    }
    return false;
}

static bool contains_one_of(struct str s, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (str_find_nocase(str_head(s, 512), str_c(*list)) != STR_NONE)
            return true;
    }
    return false;
}

static bool is_list_user(struct str user)
{
    static const char *const users[] = { "mailman", "list", "sympa", "majordomo", "mlmmj", "ezmlm",
                                         NULL };
    return one_of(user, users);
}

/* Names and formats of Message-IDs that webmail programs make; a sender may forge them, so they
 * only tell a webmail from another program that knows the mailbox's password. */
static bool webmail_marks(struct attribution *x)
{
    static const char *const marks[] = { "roundcube", "horde", "squirrel", "rainloop", "snappymail",
                                         "webmail", "sogo", "afterlogic", NULL };
    static const char *const fields[] = { "User-Agent", "X-Mailer", "Received", NULL };
    if (contains_one_of(x->arrival.message_id, marks) ||
        contains_one_of(x->arrival.host.helo, marks) ||
        contains_one_of(x->arrival.host.name, marks))
        return true;
    struct buf b;
    bool found = false;
    buf_init(&b, 65536);
    for (size_t i = 0; fields[i] != NULL && !found; i++) {
        if (header_get(x->header, str_c(fields[i]), &b))
            found = contains_one_of(buf_str(&b), marks);
    }
    buf_fini(&b);
    return found;
}

static enum confidence join_confidence(const struct gathered *g)
{
    if (g->join.how == JOIN_AMBIGUOUS)
        return CONFIDENCE_AMBIGUOUS;
    bool doubt = g->contested || g->imitable || g->join.how == JOIN_LIKELY;
    return doubt ? CONFIDENCE_LIKELY : CONFIDENCE_CERTAIN;
}

/* --- what each verdict fills in --- */

static void source_client(struct attribution *x)
{
    const struct line_arrival *a = &x->arrival;
    x->r->source.client_ip = a->host.ip;
    x->r->source.host = a->host.name.n > 0 ? a->host.name : a->host.helo;
}

static void source_login(struct attribution *x)
{
    struct source *s = &x->r->source;
    source_client(x);
    s->authenticator = x->arrival.auth;
    s->login = x->arrival.auth_id.n > 0 ? x->arrival.auth_id : x->arrival.auth_sender;
    s->user = x->panel_user;
    s->account = x->panel_user;
}

static void source_cwd(struct attribution *x)
{
    struct source *s = &x->r->source;
    s->user = x->arrival.user;
    s->cwd = x->g->join.dir;
    s->account = sites_account(s->cwd);
    x->r->strangers_dir = sites_strangers_home(x->ctx->sites, s->user, s->cwd);
    if ((s->account.n == 0 && !sites_shared_user(s->user) && !str_eq(s->user, STR("root"))) ||
        x->r->strangers_dir)
        s->account = s->user;
}

/* --- rules: each says whether it holds --- */

/* Exim makes its own folder closed to customers, but a server may have opened it, so nobody with a
 * home among theirs is Exim; and only a sure join says that it was there. */
static bool in_spool(const struct attribution *x)
{
    struct str dir = x->g->join.dir, spool = x->ctx->spool_directory;
    struct sites *sites = x->ctx->sites;
    if (sites != NULL && sites_account(sites_home(sites, x->arrival.user)).n > 0)
        return false;
    return join_confidence(x->g) == CONFIDENCE_CERTAIN &&
           ((spool.n > 0 && str_eq(dir, spool)) || str_starts(dir, STR("/var/spool/exim")));
}

/* Exim itself submitted it. R= does not tell: whoever submits with -E<id> writes it. */
bool attribute_by_exim(const struct attribution *x)
{
    struct str user = x->arrival.user;
    return !x->arrival.has_host &&
           (sites_exim_user(user) || (!sites_web_user(user) && in_spool(x)));
}

static bool is_bounce(struct attribution *x)
{
    const struct line_arrival *a = &x->arrival;
    struct msgid parent;
    bool ours = attribute_by_exim(x) || (!a->has_host && sites_bounce_user(a->user));
    if (a->bounce_of.n == 0 || !ours)
        return false;
    source_cwd(x);
    x->r->source.account = STR("");
    if (msgid_parse(a->bounce_of, &parent) == 0) {
        x->r->parent = parent;
        x->r->has_parent = true;
        report_reason(x->r, "our own report on message %s; follow that one", parent.text);
    } else {
        report_reason(x->r, "our own report on another message");
    }
    return true;
}

static bool is_webmail(struct attribution *x)
{
    const struct line_arrival *a = &x->arrival;
    if (!a->has_host || a->auth.n == 0 || !attribute_own_ip(x, a->host.ip) || !webmail_marks(x))
        return false;
    source_login(x);
    x->r->confidence = CONFIDENCE_LIKELY;
    report_reason(x->r, "the mailbox logged in from this host itself, and the message has the "
                  "marks of a webmail");
    return true;
}

static bool is_login(struct attribution *x)
{
    const struct line_arrival *a = &x->arrival;
    if (!a->has_host || a->auth.n == 0)
        return false;
    source_login(x);
    if (attribute_own_ip(x, a->host.ip))
        report_reason(x->r, "the mailbox logged in from this host itself: a program here knows "
                      "its password, or a webmail without marks");
    else
        report_reason(x->r, "the mailbox logged in over SMTP from the client shown");
    return true;
}

static bool is_localhost_smtp(struct attribution *x)
{
    const struct line_arrival *a = &x->arrival;
    if (!a->has_host || !attribute_own_ip(x, a->host.ip))
        return false;
    source_client(x);
    /* From our own host an ident answer is our own, too. */
    x->r->source.user = x->panel_user.n > 0 ? x->panel_user : a->user;
    x->r->source.account = x->r->source.user;
    if (x->r->source.user.n == 0) {
        x->r->confidence = CONFIDENCE_LIKELY;
        report_reason(x->r, "a program on this host spoke SMTP to Exim without logging in; "
                      "nothing in the log names its user");
    } else {
        report_reason(x->r, "a program of this user spoke SMTP to Exim without logging in");
    }
    return true;
}

/* With a protocol of its own (-oMr): a program that Exim trusts, for nobody else may say so. A web
 * server's user is trusted on some servers (DirectAdmin's apache), but scripts are what it runs. */
static bool is_handed_back(const struct attribution *x)
{
    struct str protocol = x->arrival.protocol;
    str_eat(&protocol, STR("utf8"));
    return !x->arrival.has_host && protocol.n > 0 && !str_starts(protocol, STR("local")) &&
           !sites_web_user(x->arrival.user);
}

static bool is_forward(struct attribution *x)
{
    bool outside = x->arrival.has_host;
    if ((!outside && !is_handed_back(x)) || (x->forwarded.n == 0 && !x->panel_redirect))
        return false;
    if (outside)
        source_client(x);
    else
        x->r->confidence = CONFIDENCE_LIKELY;
    x->r->source.account = x->panel_user;
    if (x->forward_line != NULL)
        attribute_line_witness(x->r, "delivery", x->forward_line,
                               "sent on to another server under a local address");
    report_reason(x->r, "it %s for %.*s, which forwards to another server",
                  outside ? "came from outside" : "was handed in again by a content filter",
                  STR_ARG(str_head(x->forwarded.n > 0 ? x->forwarded : STR("a local address"),
                                   200)));
    return true;
}

/* By its user, or by its folder; but a customer names his folders as he likes. */
static bool is_list_program(const struct attribution *x, const char *const *marks)
{
    struct str dir = x->g->join.dir;
    if (x->arrival.has_host || (dir.n > 0 && sites_is_web(x->ctx->sites, dir)))
        return false;
    return is_list_user(x->arrival.user) ||
           (sites_account(dir).n == 0 && contains_one_of(dir, marks));
}

static bool is_list_copy(struct attribution *x)
{
    static const char *const marks[] = { "mailman", "listserv", "sympa", "majordomo", "mlmmj",
                                         NULL };
    if (is_list_program(x, marks)) {
        source_cwd(x);
        if (!is_list_user(x->arrival.user))
            x->r->confidence = join_confidence(x->g);
        report_reason(x->r, "a mailing list program sent it");
        return true;
    }
    if (!x->arrival.has_host)
        return false;
    for (size_t i = 0; i < x->r->delivery_count; i++) {
        const struct delivery *d = &x->r->deliveries[i];
        if (contains_one_of(d->router, marks) || contains_one_of(d->transport, marks)) {
            source_client(x);
            report_reason(x->r, "it came from outside for a mailing list here");
            return true;
        }
    }
    return false;
}

static bool is_relay(struct attribution *x)
{
    if (!x->arrival.has_host || !x->any_remote)
        return false;
    source_client(x);
    report_reason(x->r, "we took it from this host without a login and sent it on: the host is "
                  "allowed to relay");
    return true;
}

static bool is_inbound(struct attribution *x)
{
    if (is_handed_back(x) && x->any_local && !x->any_remote) {
        x->r->confidence = CONFIDENCE_LIKELY;
        report_reason(x->r, "a program that Exim trusts handed it in as %.*s, as content filters "
                      "do with mail that came before, for a mailbox here; nothing left this server",
                      STR_ARG(str_head(x->arrival.protocol, 50)));
        return true;
    }
    if (!x->arrival.has_host)
        return false;
    source_client(x);
    if (!x->any_local || x->given)
        x->r->confidence = CONFIDENCE_LIKELY;
    if (x->given_back)
        report_reason(x->r, "it came from outside and was given to a program on this host, which "
                      "may have handed it in again as message %s: follow that one",
                      x->given_id.text);
    else if (x->given)
        report_reason(x->r, "it came from outside and was given to a program on this host that "
                      "speaks SMTP or LMTP, as mailboxes do; the log has nothing that left");
    else if (!x->any_local && x->r->delivery_count > 0)
        report_reason(x->r, "it came from outside and was not delivered; the log does not tell "
                      "whether it was for a mailbox here or to be sent on");
    else
        report_reason(x->r, "it came from outside for a mailbox here; nothing left this server");
    return true;
}

static bool is_autoreply(struct attribution *x)
{
    if (!attribute_by_exim(x) || is_handed_back(x))
        return false;
    source_cwd(x);
    x->r->source.account = STR("");
    report_reason(x->r, "Exim itself submitted it: an autoreply, or a filter that sends mail");
    return true;
}

static bool args_of_cron(const struct trace_line *cwd)
{
    struct line_cwd c;
    if (cwd == NULL || logline_cwd(&cwd->line, &c) != 0)
        return false;
    return str_find_nocase(c.full_name, STR("cron")) != STR_NONE;
}

static bool is_cron_job(struct attribution *x)
{
    struct str dir = x->g->join.dir;
    bool home = str_eq(dir, STR("/var/www"));       /* of www-data, whose jobs begin there */
    /* A script may say -FCronDaemon, too; cron stands in the home of its user. */
    if (!args_of_cron(x->g->cwd) || (!home && sites_is_web(x->ctx->sites, dir)))
        return false;
    source_cwd(x);
    x->r->confidence = join_confidence(x->g);
    if (sites_web_user(x->arrival.user) && x->r->confidence == CONFIDENCE_CERTAIN)
        x->r->confidence = CONFIDENCE_LIKELY;
    report_reason(x->r, "cron sent the output of a job of this user");
    return true;
}

static bool candidates_all_web(struct attribution *x)
{
    struct line_cwd c;
    for (size_t i = 0; i < x->g->candidate_count; i++) {
        if (logline_cwd(&x->g->candidates[i].line, &c) != 0 || !sites_is_web(x->ctx->sites, c.dir))
            return false;
    }
    return x->g->candidate_count > 0;
}

/* With pids two lines can only fit if one of them was forged, or is of a process that came to
 * nothing and whose pid was used again. */
static void ambiguous_reason(struct attribution *x)
{
    if (x->g->candidate_count > 0 && x->g->candidates[0].line.pid != 0)
        report_reason(x->r, "two lines with the pid of this message name different directories; "
                      "one may be forged by a directory's name with a line end in it: look at "
                      "the lines before each");
    else
        report_reason(x->r, "several submissions fit this message and nothing tells which; "
                      "log_selector +pid would");
}

static bool is_script(struct attribution *x)
{
    const struct gathered *g = x->g;
    bool web_user = sites_web_user(x->arrival.user);
    bool web_dir = g->join.dir.n > 0 && sites_is_web(x->ctx->sites, g->join.dir);
    /* Anybody can write the header: it says nothing against a directory that our log names. */
    bool header = x->php_header && g->join.dir.n == 0;
    if (!web_user && !web_dir && !header && !candidates_all_web(x))
        return false;
    source_cwd(x);
    x->r->confidence = join_confidence(g);
    if (g->join.how == JOIN_AMBIGUOUS) {
        ambiguous_reason(x);
    } else if (g->join.how == JOIN_NONE) {
        x->r->confidence = web_user ? CONFIDENCE_LIKELY : CONFIDENCE_AMBIGUOUS;
        report_reason(x->r, "%s, but the log has no cwd line for it: log_selector +arguments "
                      "would write one",
                      web_user ? "the web server's user submitted it"
                               : "PHP's own header says that a script made it");
    } else if (x->r->strangers_dir) {
        if (x->r->confidence == CONFIDENCE_CERTAIN)
            x->r->confidence = CONFIDENCE_LIKELY;
        report_reason(x->r, "a program of user %.*s submitted it; it had gone to this directory, "
                      "which is in the home of %.*s",
                      STR_ARG(str_head(x->arrival.user, 100)),
                      STR_ARG(str_head(sites_account(g->join.dir), 100)));
    } else if (web_dir) {
        report_reason(x->r, "a web script submitted it from this directory");
    } else {
        report_reason(x->r, "the web server's user submitted it, from a directory outside of "
                      "every web tree: the script changed its directory");
    }
    return true;
}

/* The answer of a filter in a user's home is submitted by that user, with R= and from that folder.
 * So is whatever else he submits with -E. */
static bool is_users_reply(struct attribution *x)
{
    const struct line_arrival *a = &x->arrival;
    struct msgid parent;
    if (a->has_host || !a->null_sender || msgid_parse(a->bounce_of, &parent) != 0)
        return false;
    source_cwd(x);
    x->r->parent = parent;
    x->r->has_parent = true;
    x->r->confidence = x->g->join.how == JOIN_NONE || x->g->join.how == JOIN_AMBIGUOUS
                           ? CONFIDENCE_AMBIGUOUS : CONFIDENCE_LIKELY;
    report_reason(x->r, "this user submitted it as an answer to message %s: an automatic reply of "
                  "his, or another program, for anybody can say so with -E", parent.text);
    return true;
}

static bool is_local_job(struct attribution *x)
{
    const struct gathered *g = x->g;
    if (x->arrival.has_host)
        return false;
    source_cwd(x);
    x->r->confidence = join_confidence(g);
    if (is_handed_back(x)) {
        x->r->confidence = CONFIDENCE_AMBIGUOUS;
        report_reason(x->r, "a program that Exim trusts handed it in as %.*s, as content filters "
                      "do with mail that came before, under the same Message-ID",
                      STR_ARG(str_head(x->arrival.protocol, 50)));
    } else if (g->join.how == JOIN_NONE) {
        x->r->confidence = CONFIDENCE_AMBIGUOUS;
        report_reason(x->r, "this user submitted it on this host; without a cwd line the log "
                      "does not tell a script from a job: log_selector +arguments would");
    } else if (x->php_header) {
        if (x->r->confidence == CONFIDENCE_CERTAIN)
            x->r->confidence = CONFIDENCE_LIKELY;
        report_reason(x->r, "this user submitted it outside of every web tree that is known, and "
                      "a header says that PHP made it: a job, or a script of a site that is not "
                      "known here");
    } else {
        report_reason(x->r,
                      "a job or a shell of this user submitted it, outside of every web tree");
    }
    return true;
}

static const struct rule {
    enum verdict verdict;
    bool (*holds)(struct attribution *x);
} verdict_rules[] = {
    { VERDICT_BOUNCE, is_bounce },                 /* R=, and Exim's own user or folder */
    { VERDICT_WEBMAIL, is_webmail },               /* A= from ourselves, with marks */
    { VERDICT_LOGIN, is_login },                   /* A= */
    { VERDICT_LOCALHOST_SMTP, is_localhost_smtp }, /* H= ourselves, no A= */
    { VERDICT_LIST, is_list_copy },                /* list user, directory, router or transport */
    { VERDICT_FORWARD, is_forward },               /* the same, sent out under a local address */
    { VERDICT_RELAY, is_relay },                   /* H= outside, sent out */
    { VERDICT_INBOUND, is_inbound },               /* H= outside, or its own P= and kept */
    { VERDICT_AUTOREPLY, is_autoreply },           /* submitted by Exim itself */
    { VERDICT_CRON, is_cron_job },                 /* -FCronDaemon */
    { VERDICT_SCRIPT, is_script },                 /* web user or web directory */
    { VERDICT_AUTOREPLY, is_users_reply },         /* R=, <>, and another user */
    { VERDICT_CRON, is_local_job },                /* any other local submission */
};

void attribute_judge(struct attribution *x)
{
    x->r->confidence = CONFIDENCE_CERTAIN;   /* until a rule says less */
    x->r->confidence_known = true;
    for (size_t i = 0; i < sizeof verdict_rules / sizeof verdict_rules[0]; i++) {
        x->r->verdict = verdict_rules[i].verdict;
        if (verdict_rules[i].holds(x))
            break;
    }
}
