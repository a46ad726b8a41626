/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attribute - from a transaction to its source
 *
 * Reads the lines of one message once more, for the report: its envelope, what
 * became of each recipient, and the witnesses. Which of the verdicts it is, the
 * table in attribute_rules.c decides; after that, doubt is added here, never
 * taken away: what the client or the submitter chose must not pass for proof.
 */
#include "trace/attribute.h"

#include <stdlib.h>

#include "base/must.h"
#include "mail/logline.h"
#include "trace/attribute_internal.h"

bool attribute_own_ip(const struct attribution *x, struct str text)
{
    struct ip ip;
    if (ip_parse(text, &ip) != 0)
        return false;
    if (ip_loopback(&ip))
        return true;
    for (size_t i = 0; i < x->ctx->own_ip_count; i++) {
        if (ip_eq(&ip, &x->ctx->own_ips[i]))
            return true;
    }
    return false;
}

/* --- deliveries --- */

static const char *outcome_word(const struct logline *line, const struct line_delivery *d)
{
    if (line->class == LINE_FAILURE)
        return "failed";
    if (line->class == LINE_DEFERRAL)
        return "deferred";
    return d->discarded ? "discarded" : "delivered";
}

/* The recipient's place, by an open index of four times as many slots: a message may have twenty
 * thousand of them. */
static struct delivery *delivery_of(struct attribution *x, struct str address, struct str final)
{
    struct report *r = x->r;
    uint64_t hash = hash_str(x->key, address) ^ hash_str(x->key, final) * 3;
    size_t i = hash & x->place_mask;
    for (; x->places[i] != 0; i = (i + 1) & x->place_mask) {
        struct delivery *d = &r->deliveries[x->places[i] - 1];
        if (str_eq(d->address, address) && str_eq(d->final, final))
            return d;
    }
    x->places[i] = (uint32_t)++r->delivery_count;
    return &r->deliveries[r->delivery_count - 1];
}

/* A delivery over SMTP to this host itself: LMTP of the mailboxes, or a scanner that hands the
 * message in again. The answer of that one has the new id. */
static void given_take(struct attribution *x, struct str answer)
{
    struct msgid id;
    x->given = true;
    if (!x->given_back && msgid_next(&answer, &id)) {
        x->given_back = true;
        x->given_id = id;
    }
}

/* The last line of each recipient tells what became of it. */
static void delivery_take(struct attribution *x, const struct trace_line *line)
{
    struct line_delivery d;
    if (logline_delivery(&line->line, &d) != 0)
        return;
    struct str address = d.original.n > 0 ? d.original : d.address;
    struct str final = d.original.n > 0 && !str_eq(d.original, d.address) ? d.address : STR("");
    *delivery_of(x, address, final) = (struct delivery){
        .address = address, .final = final, .outcome = outcome_word(&line->line, &d),
        .when = line->utc, .zone = line->zone, .router = d.router, .transport = d.transport,
        .host = d.host.name.n > 0 ? d.host.name : d.host.helo, .ip = d.host.ip,
        .text = d.confirmation.n > 0 ? d.confirmation : d.text,
    };
    bool own = d.has_host && attribute_own_ip(x, d.host.ip);
    bool done = line->line.class == LINE_DELIVERY;
    bool remote = d.has_host && !own && line->line.class != LINE_FAILURE && !d.discarded;
    remote = remote || (d.has_host && !own && d.host.ip.n > 0);
    x->any_remote = x->any_remote || remote;
    x->any_local = x->any_local || (own && done) ||
                   (!d.has_host && (done || d.transport.n == 0));
    if (own && done)
        given_take(x, d.confirmation);
    if (remote && final.n > 0 && x->forwarded.n == 0) {
        x->forwarded = address;
        x->forward_line = line;
    }
}

static void deliveries_take(struct attribution *x)
{
    struct report *r = x->r;
    r->deliveries = arena_alloc(r->arena, (x->g->count + 1) * sizeof *r->deliveries);
    for (x->place_mask = 63; x->place_mask < 2 * x->g->count; x->place_mask = x->place_mask * 2 + 1)
        ;
    x->places = must_array(x->place_mask + 1, sizeof *x->places);
    x->key = hash_key_new();
    for (size_t i = 0; r->deliveries != NULL && i < x->g->count; i++) {
        enum line_class class = x->g->lines[i].line.class;
        if (class == LINE_DELIVERY || class == LINE_FAILURE || class == LINE_DEFERRAL)
            delivery_take(x, &x->g->lines[i]);
    }
    free(x->places);
}

/* --- witnesses --- */

void attribute_line_witness(struct report *r, const char *kind, const struct trace_line *line,
                            const char *says)
{
    struct witness w = { .kind = kind, .trust = TRUST_OURS, .file = str_c(line->file->path),
                         .line = line->number, .offset = line->offset, .text = line->raw };
    report_witness(r, &w, "%s", says);
}

static const char *how_words(const struct gathered *g)
{
    if (g->imitable)
        return "a submission that fits; but with the line before it, it may be the name of that "
               "line's directory, which Exim does not escape: look at it; +pid would tell";
    switch (g->join.how) {
    case JOIN_BY_PID:
        return "same process as the message: its pid is in the message id";
    case JOIN_ONLY:
        return g->contested ? "the only line that fits, but another message lacks its line"
                            : "the only submission that fits this message";
    case JOIN_SAME_DIR:
        return "several submissions fit, all from this directory";
    case JOIN_LIKELY:
        return "the submission that fits best; another one is not ruled out";
    default:
        return "one of several submissions that fit";
    }
}

static void join_witness(struct attribution *x)
{
    const struct gathered *g = x->g;
    if (g->cwd != NULL)
        attribute_line_witness(x->r, "cwd", g->cwd, how_words(g));
    x->r->candidates = g->candidates;
    x->r->candidate_count = g->candidate_count;
    report_note(x->r, "join: %s", g->join.how == JOIN_NONE ? "no cwd line fits this message"
                                                            : how_words(g));
}

/* --- the message itself --- */

static void envelope_take(struct attribution *x, const struct trace_line *line)
{
    struct report *r = x->r;
    x->unreadable = logline_arrival(&line->line, &x->arrival) != 0;
    r->has_received = true;
    r->received = line->utc;
    r->zone = line->zone;
    r->sender = x->arrival.null_sender ? STR("<>") : x->arrival.sender;
    r->has_sender = true;
    r->size = x->arrival.size;
    r->has_size = x->arrival.size > 0;
    if (x->arrival.has_subject) {
        char *text = arena_alloc(r->arena, x->arrival.subject.n + 1);
        if (text != NULL)
            r->subject = str_make(text, logline_unescape(x->arrival.subject, text,
                                                         x->arrival.subject.n));
        r->has_subject = text != NULL;
    }
    attribute_line_witness(r, "arrival", line, "Exim's record of the reception");
}

static void panel_take(struct attribution *x)
{
    struct line_cpanel c;
    for (size_t i = 0; i < x->g->count; i++) {
        const struct trace_line *line = &x->g->lines[i];
        if ((line->line.class != LINE_CPANEL_SENDER &&
             line->line.class != LINE_CPANEL_CONNECTION) || logline_cpanel(&line->line, &c) != 0)
            continue;
        if (c.user.n > 0 && x->panel_user.n == 0) {
            x->panel_user = c.user;
            attribute_line_witness(x->r, "panel", line, "cPanel's name of the account");
        }
        x->panel_redirect = x->panel_redirect || str_eq(c.basis, STR("redirect_resolver"));
    }
}

static void no_arrival(struct attribution *x)
{
    x->r->verdict = VERDICT_EXPIRED;
    x->r->has_received = true;
    x->r->received = x->g->when;
    if (x->g->count > 0) {
        x->r->zone = x->g->lines[0].zone;
        attribute_line_witness(x->r, "delivery", &x->g->lines[0],
                               "the first line of it that is left");
    }
    report_reason(x->r, "lines of it are in the log, but not the one of its arrival: that part of "
                  "the log is missing");
}

/* A client that writes what looks like fields can make a line that reads in several ways. Without
 * the login that may stand in it, a stolen mailbox would look like mail from outside. */
static void arrival_doubt(struct attribution *x)
{
    struct report *r = x->r;
    if (!x->arrival.has_host || (!x->unreadable && !x->arrival.ambiguous))
        return;
    if (x->unreadable)
        r->confidence = CONFIDENCE_AMBIGUOUS;
    else if (r->confidence == CONFIDENCE_CERTAIN)
        r->confidence = CONFIDENCE_LIKELY;
    report_reason(r, "%.*s; but the line of its arrival can be read in several ways, because what "
                  "the client wrote looks like fields of Exim's: look at it", STR_ARG(r->reason));
}

/* The message with that id may be anybody's: it must not be taken for the cause of this one. */
static void answer_doubt(struct attribution *x)
{
    struct report *r = x->r;
    if (x->arrival.has_host || x->arrival.bounce_of.n == 0 || r->has_parent || attribute_by_exim(x))
        return;
    report_reason(r, "%.*s; it calls itself an answer to message %.*s, which anybody can with -E",
                  STR_ARG(r->reason), STR_ARG(str_head(x->arrival.bounce_of, 40)));
}

void attribute_log(struct report *r, const struct gathered *g, struct str header,
                   const struct attribute_context *ctx)
{
    struct attribution x = { .r = r, .g = g, .ctx = ctx, .header = header };
    r->lines = g->lines;
    r->line_count = g->count;
    r->children = g->related;
    r->child_count = g->related_count;
    deliveries_take(&x);
    if (g->arrival < 0) {
        no_arrival(&x);
        return;
    }
    if (!(g->cwd == NULL && g->candidate_count == 0))
        join_witness(&x);
    envelope_take(&x, &g->lines[g->arrival]);
    panel_take(&x);
    attribute_headers(&x);
    attribute_judge(&x);
    arrival_doubt(&x);
    answer_doubt(&x);
    if (g->cut)
        report_reason(r, "%.*s; it has more log lines than are kept: what is said of its "
                      "recipients is of the first %zu lines", STR_ARG(r->reason), g->count);
}
