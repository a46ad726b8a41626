/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attribute_spool - the source of a message that is still in the queue
 *
 * The -H file names the login that submitted the message and the authenticated
 * id, and it holds the header, without any log selector. It is used where the log has
 * nothing of the message, and says less: no directory, no deliveries.
 */
#include "trace/attribute.h"

#include "base/buf.h"
#include "mail/header.h"
#include "trace/attribute_internal.h"

static void spool_witness(struct report *r, struct str file, const char *says)
{
    struct witness w = { .kind = "spool", .trust = TRUST_OURS, .file = file };
    report_witness(r, &w, "%s", says);
}

static bool is_own(const struct attribute_context *ctx, struct str text)
{
    struct ip ip;
    if (ip_parse(text, &ip) != 0)
        return false;
    for (size_t i = 0; i < ctx->own_ip_count; i++) {
        if (ip_eq(&ip, &ctx->own_ips[i]))
            return true;
    }
    return ip_loopback(&ip);
}

static void verdict_smtp(struct report *r, const struct spool *s,
                         const struct attribute_context *ctx)
{
    r->source.client_ip = s->host_address;
    r->source.host = s->host_name.n > 0 ? s->host_name : s->helo_name;
    if (s->host_auth.n > 0 || s->auth_id.n > 0) {
        r->verdict = VERDICT_LOGIN;
        r->source.login = s->auth_id;
        r->source.authenticator = s->host_auth;
        report_reason(r, "the queue file names the mailbox that logged in");
    } else if (is_own(ctx, s->host_address)) {
        r->verdict = VERDICT_LOCALHOST_SMTP;
        r->source.user = s->ident;
        r->confidence = CONFIDENCE_LIKELY;
        report_reason(r, "a program on this host spoke SMTP to Exim without logging in");
    } else {
        r->verdict = VERDICT_INBOUND;
        r->confidence = CONFIDENCE_LIKELY;
        report_reason(r, "it came from this client; the queue file does not tell where it goes");
    }
}

static void verdict_local(struct attribution *x, const struct spool *s)
{
    struct report *r = x->r;
    bool web = sites_web_user(s->login);
    r->source.user = s->login;
    if (!web && !str_eq(s->login, STR("root")))
        r->source.account = s->login;
    attribute_headers(x);
    /* Whoever submits with -E sets the mark. */
    if (s->localerror && sites_bounce_user(s->login)) {
        r->verdict = VERDICT_BOUNCE;
        report_reason(r, "the queue file marks it as our own report on another message");
    } else if (web || x->php_header) {
        r->verdict = VERDICT_SCRIPT;
        r->confidence = CONFIDENCE_LIKELY;
        report_reason(r, web ? "the web server's user submitted it; the queue file does not name "
                               "the directory"
                             : "this user submitted it, and PHP's own header says that a script "
                               "made it");
    } else {
        r->verdict = VERDICT_CRON;
        r->confidence = CONFIDENCE_AMBIGUOUS;
        report_reason(r, "this user submitted it on this host; the queue file does not tell a "
                      "script from a job");
    }
}

void attribute_spool(struct report *r, const struct spool *s, struct str file, struct str header,
                     const struct attribute_context *ctx)
{
    struct attribution x = { .r = r, .ctx = ctx, .header = header };
    struct buf b;
    r->queue_only = true;
    r->has_received = true;
    r->received = s->received;
    r->sender = s->sender.n > 0 ? s->sender : STR("<>");
    r->has_sender = true;
    r->confidence = CONFIDENCE_CERTAIN;
    r->confidence_known = true;
    x.arrival.has_host = s->host_address.n > 0;
    spool_witness(r, file, "Exim's queue file: login, uid and header of the message");
    if (x.arrival.has_host)
        verdict_smtp(r, s, ctx);
    else
        verdict_local(&x, s);
    buf_init(&b, 65536);
    if (header_get(header, STR("Subject"), &b)) {
        struct buf decoded;
        buf_init(&decoded, 65536);
        header_decode(buf_str(&b), &decoded);
        r->subject = arena_str(r->arena, buf_str(&decoded));
        r->has_subject = true;
        buf_fini(&decoded);
    }
    buf_fini(&b);
}
