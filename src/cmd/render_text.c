/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_text - a report for a person
 *
 * The first three lines answer who; the rest is the proof. Labels stand in
 * one column so that the eye finds them at three in the morning.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/render.h"

#define LABEL "  %-9s "
#define DELIVERIES_SHOWN 10u
#define REQUESTS_SHOWN 3u
#define TEXT_SHOWN 400u          /* bytes of a log line in the witnesses */
#define REDACTED_MAX ((size_t)4 << 20)

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define YELLOW "\033[33m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

void render_safe(FILE *out, struct str s)
{
    struct buf b;
    buf_init(&b, (size_t)16 << 20);
    buf_add_safe(&b, s);
    fwrite(buf_str(&b).p, 1, buf_str(&b).n, out);
    buf_fini(&b);
}

static void color(const struct render *x, const char *code)
{
    if (x->color)
        fputs(code, x->out);
}

static void label(const struct render *x, const char *name)
{
    color(x, BOLD);
    fprintf(x->out, LABEL, name);
    color(x, PLAIN);
}

/* Outside text: redacted where asked, then escaped. */
static void put(const struct render *x, struct str s)
{
    struct buf b;
    buf_init(&b, REDACTED_MAX);
    redact_text(&x->redact, s, &b);
    render_safe(x->out, buf_str(&b));
    buf_fini(&b);
}

/* What was redacted already, and so much of it as is shown: half an address would not look like
 * one. */
static void put_head(const struct render *x, const struct buf *redacted)
{
    struct str s = buf_str(redacted);
    render_safe(x->out, str_head(s, TEXT_SHOWN));
    fputs(s.n > TEXT_SHOWN ? "..." : "", x->out);
}

static void put_if(const struct render *x, const char *before, struct str s)
{
    if (s.n == 0)
        return;
    fputs(before, x->out);
    put(x, s);
}

static void put_size(const struct render *x, uint64_t n)
{
    if (n < 1024)
        fprintf(x->out, "   %" PRIu64 " bytes", n);
    else if (n < 1024 * 1024)
        fprintf(x->out, "   %.1f KiB", (double)n / 1024);
    else
        fprintf(x->out, "   %.1f MiB", (double)n / (1024 * 1024));
}

static const char *clock_of_day(int64_t utc, int32_t zone, char text[CLOCK_TEXT_MAX])
{
    clock_human(utc, zone, text);
    memmove(text, text + 11, 8);
    text[8] = '\0';
    return text;
}

/* --- who --- */

static void message(const struct render *x, const struct report *r)
{
    char when[CLOCK_TEXT_MAX];
    label(x, "Message");
    fputs(r->has_id ? r->id.text : "none", x->out);
    if (r->has_received)
        fprintf(x->out, "   received %s", clock_human(r->received, r->zone, when));
    if (r->has_subject) {
        fputs("   \"", x->out);
        put(x, r->subject);
        fputc('"', x->out);
    }
    if (r->has_size)
        put_size(x, r->size);
    fputc('\n', x->out);
}

static const char *verdict_words(enum verdict v)
{
    static const char *const words[VERDICT_COUNT] = {
        [VERDICT_SCRIPT] = "web script",
        [VERDICT_CRON] = "cron job or shell",
        [VERDICT_LOGIN] = "mailbox login",
        [VERDICT_WEBMAIL] = "webmail",
        [VERDICT_LOCALHOST_SMTP] = "localhost SMTP without login",
        [VERDICT_RELAY] = "relayed host",
        [VERDICT_FORWARD] = "forward",
        [VERDICT_AUTOREPLY] = "autoreply",
        [VERDICT_LIST] = "mailing list",
        [VERDICT_BOUNCE] = "bounce of our own",
        [VERDICT_INBOUND] = "inbound: nothing left this server",
        [VERDICT_NOT_OURS] = "not ours",
        [VERDICT_EXPIRED] = "expired: the logs do not reach back",
    };
    return words[v];
}

static void verdict(const struct render *x, const struct report *r)
{
    label(x, "Verdict");
    color(x, r->confidence == CONFIDENCE_CERTAIN && verdict_named(r->verdict) ? RED : YELLOW);
    fputs(verdict_words(r->verdict), x->out);
    if (r->confidence_known)
        fprintf(x->out, " (%s)", confidence_name(r->confidence));
    color(x, PLAIN);
    fputs(": ", x->out);
    struct buf b;
    buf_init(&b, REDACTED_MAX);
    redact_reason(&x->redact, r->verdict, r->reason, &b);
    render_safe(x->out, buf_str(&b));
    fputc('\n', x->out);
    buf_fini(&b);
}

static void source(const struct render *x, const struct report *r)
{
    const struct source *s = &r->source;
    if (!verdict_named(r->verdict))
        return;
    label(x, "Source");
    bool any = false;
    const struct { const char *before; struct str value; } parts[] = {
        { "", s->login },
        { s->login.n > 0 ? ", authenticator " : "authenticator ", s->authenticator },
        { "", s->cwd },
        { "run as ", s->user },
        { "account ", s->account },
        { "site ", s->site },
        { "script ", s->script },
        { "client ", s->client_ip },
        { "called ", s->host },
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].value.n == 0)
            continue;
        if (any && i != 1)
            fputs(", ", x->out);
        fputs(parts[i].before, x->out);
        put(x, parts[i].value);
        any = true;
    }
    fputs(any ? "\n" : "not known\n", x->out);
}

static void candidates(const struct render *x, const struct report *r)
{
    for (size_t i = 0; i < r->candidate_count; i++) {
        struct line_cwd c;
        if (logline_cwd(&r->candidates[i].line, &c) != 0)
            continue;
        label(x, i == 0 ? "Either" : "or");
        put(x, c.dir);
        struct buf args;
        buf_init(&args, REDACTED_MAX);
        redact_args(&x->redact, &c, &args);
        fputs(args.n > 0 ? "   " : "", x->out);
        render_safe(x->out, buf_str(&args));
        if (r->candidates[i].number > 0)
            fprintf(x->out, "   (line %" PRIu64 ")", r->candidates[i].number);
        fputc('\n', x->out);
        buf_fini(&args);
    }
}

static void requests(const struct render *x, const struct report *r)
{
    uint64_t all = r->run.known ? r->run.messages : 1;
    for (size_t i = 0; i < r->request_count && i < REQUESTS_SHOWN; i++) {
        const struct request *q = &r->requests[i];
        label(x, "Request");
        put(x, q->method);
        put_if(x, " ", q->path);
        put_if(x, "  at ", q->site);
        put_if(x, "  from ", q->client_ip);
        if (q->clients > 1)
            fprintf(x->out, " and %" PRIu64 " more", q->clients - 1);
        if (all > 1)
            fprintf(x->out, "  explains %" PRIu64 " of the run's %" PRIu64 " messages",
                    q->messages, all);
        fputc('\n', x->out);
    }
}

/* --- what became of it --- */

static void answer(const struct render *x, const struct delivery *d)
{
    struct buf b;
    if (d->text.n == 0)
        return;
    buf_init(&b, REDACTED_MAX);
    redact_answer(&x->redact, d->text, &b);
    fputs(": ", x->out);
    put_head(x, &b);
    buf_fini(&b);
}

static void deliveries(const struct render *x, const struct report *r)
{
    char when[CLOCK_TEXT_MAX];
    for (size_t i = 0; i < r->delivery_count && i < DELIVERIES_SHOWN; i++) {
        const struct delivery *d = &r->deliveries[i];
        label(x, i == 0 ? "To" : "");
        put(x, x->redact.on ? STR(REDACTED) : d->address);
        if (d->final.n > 0) {
            fputs(" -> ", x->out);
            put(x, x->redact.on ? STR(REDACTED) : d->final);
        }
        fprintf(x->out, "  %s %s", d->outcome, clock_of_day(d->when, d->zone, when));
        put_if(x, " to ", d->host);
        if (d->ip.n > 0) {
            fputs(" [", x->out);
            put(x, d->ip);
            fputc(']', x->out);
        }
        if (strcmp(d->outcome, "failed") == 0 || strcmp(d->outcome, "deferred") == 0)
            answer(x, d);
        fputc('\n', x->out);
    }
    if (r->delivery_count > DELIVERIES_SHOWN) {
        label(x, "");
        fprintf(x->out, "and %zu more\n", r->delivery_count - DELIVERIES_SHOWN);
    }
}

static void run(const struct render *x, const struct report *r)
{
    char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];
    const struct run *n = &r->run;
    if (!n->known)
        return;
    clock_human(n->first, r->zone, first);
    first[19] = '\0';
    clock_human(n->last, r->zone, last);
    last[19] = '\0';
    label(x, "Run");
    fprintf(x->out, "%" PRIu64 " message%s, %s%" PRIu64 " recipient%s, %s%s to %s%s; ",
            n->messages, n->messages == 1 ? "" : "s", n->at_least ? "at least " : "",
            n->recipients, n->recipients == 1 ? "" : "s",
            n->open_begin ? "before " : "", first,
            strncmp(first, last, 10) == 0 ? last + 11 : last,
            n->open_end ? " (the end of the log)" : "");
    fprintf(x->out, "%" PRIu64 " delivered, %" PRIu64 " failed, %" PRIu64 " deferred", n->delivered,
            n->failed, n->deferred);
    if (n->queued > 0)
        fprintf(x->out, ", %" PRIu64 " still queued", n->queued);
    fprintf(x->out, "; %" PRIu64 " subject%s\n", n->subjects, n->subjects == 1 ? "" : "s");
}

/* --- why --- */

static void place(const struct render *x, const struct witness *w)
{
    /* The last two parts of a path: enough to find it, short enough to read. */
    struct str file = w->file;
    size_t slash = str_rfind_c(file, '/');
    size_t dir = slash == STR_NONE ? STR_NONE : str_rfind_c(str_head(file, slash), '/');
    put(x, dir == STR_NONE || dir == 0 ? file : str_skip(file, dir + 1));
    if (w->line > 0)
        fprintf(x->out, ":%" PRIu64, w->line);
    else if (w->offset > 0)
        fprintf(x->out, "@%" PRIu64, w->offset);
}

static void witnesses(const struct render *x, const struct report *r)
{
    for (size_t i = 0; i < r->witness_count; i++) {
        const struct witness *w = &r->witnesses[i];
        label(x, i == 0 ? "Because" : "");
        struct buf b;
        buf_init(&b, REDACTED_MAX);
        redact_witness(&x->redact, w, &b);
        place(x, w);
        fputs("  ", x->out);
        put_head(x, &b);
        fputc('\n', x->out);
        buf_fini(&b);
        label(x, "");
        color(x, DIM);
        fprintf(x->out, "   %s%s", w->trust == TRUST_OURS ? "" : "forgeable: ", "");
        put(x, w->says);
        color(x, PLAIN);
        fputc('\n', x->out);
    }
}

static void related(const struct render *x, const struct report *r)
{
    for (size_t i = 0; i < r->relation_count; i++) {
        const struct relation *n = &r->relations[i];
        label(x, n->is_parent ? "Answers" : "Led to");
        fprintf(x->out, "%s  %s", n->id.text,
                n->found ? verdict_words(n->verdict) : "not in the log");
        put_if(x, "  from ", n->sender);
        put_if(x, "  client ", n->source.client_ip);
        put_if(x, "  login ", n->source.login);
        put_if(x, "  ", n->source.cwd);
        fputc('\n', x->out);
    }
}

/* As they are: they name the sender and the source only, and [redacted] in a pattern of exiqgrep
 * would match nearly every message. So what would name a recipient is left out. */
static void next(const struct render *x, const struct report *r)
{
    const struct source *s = &r->source;
    bool hide = redact_changes(&x->redact, s->cwd) || redact_changes(&x->redact, s->account) ||
                redact_changes(&x->redact, s->user);
    bool hide_sender = redact_changes(&x->redact, r->sender);
    for (size_t i = 0; i < r->next_count; i++) {
        label(x, i == 0 ? "Next" : "");
        if (hide || (hide_sender && str_starts(r->next[i], STR("exiqgrep "))))
            fputs("# left out: a command that would name a recipient", x->out);
        else
            render_safe(x->out, r->next[i]);
        fputc('\n', x->out);
    }
}

static void notes(const struct render *x, const struct report *r)
{
    for (size_t i = 0; i < r->note_count; i++) {
        label(x, i == 0 ? "Steps" : "");
        put(x, r->notes[i]);
        fputc('\n', x->out);
    }
    for (size_t i = 0; i < r->line_count; i++) {
        struct buf b;
        buf_init(&b, REDACTED_MAX);
        redact_line(&x->redact, &r->lines[i].line, &b);
        label(x, i == 0 ? "Lines" : "");
        if (r->lines[i].number > 0)
            fprintf(x->out, "%" PRIu64 ": ", r->lines[i].number);
        render_safe(x->out, buf_str(&b));
        fputc('\n', x->out);
        buf_fini(&b);
    }
}

void render_report_text(struct render *x, const struct report *r)
{
    redact_begin(&x->redact, r);
    if (x->printed++ > 0)
        fputc('\n', x->out);
    if (r->origin.n > 0) {
        label(x, "Input");
        put(x, r->origin);
        fputc('\n', x->out);
    }
    message(x, r);
    verdict(x, r);
    source(x, r);
    candidates(x, r);
    requests(x, r);
    deliveries(x, r);
    run(x, r);
    related(x, r);
    witnesses(x, r);
    if (!verdict_named(r->verdict) || x->explain)
        notes(x, r);
    next(x, r);
}

/* What was redacted already, line by line; empties it. */
static void raw_put(const struct render *x, struct buf *redacted)
{
    bool terminal = isatty(fileno(x->out)) == 1;
    struct str rest = buf_str(redacted), line;
    while (str_line(&rest, &line)) {
        if (terminal)
            render_safe(x->out, line);
        else
            fwrite(line.p, 1, line.n, x->out);
        fputc('\n', x->out);
    }
    buf_reset(redacted);
}

void render_report_raw(struct render *x, const struct report *r)
{
    struct buf b;
    buf_init(&b, REDACTED_MAX);
    redact_begin(&x->redact, r);
    for (size_t i = 0; i < r->witness_count; i++) {
        if (strcmp(r->witnesses[i].kind, "cwd") == 0) {
            redact_witness(&x->redact, &r->witnesses[i], &b);
            raw_put(x, &b);
        }
    }
    for (size_t i = 0; i < r->line_count; i++) {
        redact_line(&x->redact, &r->lines[i].line, &b);
        raw_put(x, &b);
    }
    buf_fini(&b);
}
