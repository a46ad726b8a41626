/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_json - a report for a program
 *
 * One object a line. Every key of the schema is always there; what is not known
 * is null. Bytes that are not UTF-8 become \xhh in the text; all else is kept, and
 * everything beyond ASCII leaves as \uXXXX, so the output is safe to look at.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/render.h"

#define TEXT_MAX ((size_t)4 << 20)

/* Bytes that are redacted already to a JSON string; frees them. */
static json_t *string(struct buf *redacted)
{
    struct buf clean;
    uint32_t rune;
    buf_init(&clean, TEXT_MAX);
    struct str rest = buf_str(redacted);
    while (rest.n > 0) {
        size_t n = utf8_next(rest, &rune);
        if (n == 0)
            buf_addf(&clean, "\\x%02x", (unsigned char)rest.p[0]);
        else
            buf_add(&clean, str_head(rest, n));
        rest = str_skip(rest, n == 0 ? 1 : n);
    }
    json_t *out = json_stringn(buf_str(&clean).p, clean.n);
    buf_fini(&clean);
    buf_fini(redacted);
    return out;
}

static json_t *string_or_null(struct buf *redacted)
{
    if (redacted->n > 0)
        return string(redacted);
    buf_fini(redacted);
    return json_null();
}

/* Outside bytes. */
static json_t *text(const struct redact *x, struct str s)
{
    struct buf b;
    buf_init(&b, TEXT_MAX);
    redact_text(x, s, &b);
    return string(&b);
}

static json_t *text_or_null(const struct redact *x, struct str s)
{
    return s.n == 0 ? json_null() : text(x, s);
}

static json_t *recipient(const struct redact *x, struct str s)
{
    return x->on ? json_string(REDACTED) : text_or_null(x, s);
}

static json_t *stamp(int64_t utc, int32_t zone)
{
    char out[CLOCK_TEXT_MAX];
    return json_string(clock_rfc3339(utc, zone, out));
}

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *source(const struct redact *x, const struct source *s)
{
    json_t *o = json_object();
    const struct { const char *key; struct str value; } fields[] = {
        { "user", s->user }, { "account", s->account }, { "cwd", s->cwd },
        { "script", s->script }, { "login", s->login }, { "authenticator", s->authenticator },
        { "client_ip", s->client_ip }, { "host", s->host }, { "site", s->site },
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        json_object_set_new(o, fields[i].key, text_or_null(x, fields[i].value));
    return o;
}

static json_t *delivery(const struct redact *x, const struct delivery *d)
{
    json_t *o = json_object();
    json_object_set_new(o, "address", recipient(x, d->address));
    json_object_set_new(o, "outcome", json_string(d->outcome));
    json_object_set_new(o, "time", stamp(d->when, d->zone));
    json_object_set_new(o, "router", text_or_null(x, d->router));
    json_object_set_new(o, "transport", text_or_null(x, d->transport));
    json_object_set_new(o, "host", text_or_null(x, d->host));
    json_object_set_new(o, "ip", text_or_null(x, d->ip));
    struct buf b;
    buf_init(&b, TEXT_MAX);
    redact_answer(x, d->text, &b);
    json_object_set_new(o, "text", string_or_null(&b));
    return o;
}

static json_t *requests(const struct redact *x, const struct report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->request_count; i++) {
        const struct request *q = &r->requests[i];
        json_t *o = json_object();
        json_object_set_new(o, "site", text_or_null(x, q->site));
        json_object_set_new(o, "method", text_or_null(x, q->method));
        json_object_set_new(o, "path", text_or_null(x, q->path));
        json_object_set_new(o, "client_ip", text_or_null(x, q->client_ip));
        json_object_set_new(o, "messages", number(q->messages));
        json_object_set_new(o, "share", json_real(q->share));
        json_array_append_new(all, o);
    }
    return all;
}

static json_t *run(const struct report *r)
{
    const struct run *n = &r->run;
    if (!n->known)
        return json_null();
    json_t *o = json_object();
    json_object_set_new(o, "messages", number(n->messages));
    json_object_set_new(o, "recipients", number(n->recipients));
    json_object_set_new(o, "first", stamp(n->first, r->zone));
    json_object_set_new(o, "last", stamp(n->last, r->zone));
    json_object_set_new(o, "delivered", number(n->delivered));
    json_object_set_new(o, "failed", number(n->failed));
    json_object_set_new(o, "deferred", number(n->deferred));
    json_object_set_new(o, "subjects", number(n->subjects));
    return o;
}

static json_t *candidates(const struct redact *x, const struct report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->candidate_count; i++) {
        const struct trace_line *line = &r->candidates[i];
        struct line_cwd c;
        if (logline_cwd(&line->line, &c) != 0)
            continue;
        json_t *o = json_object();
        json_object_set_new(o, "cwd", text_or_null(x, c.dir));
        struct buf args;
        buf_init(&args, TEXT_MAX);
        redact_args(x, &c, &args);
        json_object_set_new(o, "args", string_or_null(&args));
        json_object_set_new(o, "time", stamp(line->utc, line->zone));
        json_object_set_new(o, "line", line->number > 0 ? number(line->number) : json_null());
        json_array_append_new(all, o);
    }
    return all;
}

static json_t *witnesses(const struct redact *x, const struct report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->witness_count; i++) {
        const struct witness *w = &r->witnesses[i];
        json_t *o = json_object();
        json_object_set_new(o, "kind", json_string(w->kind));
        json_object_set_new(o, "trust", json_string(w->trust == TRUST_OURS ? "ours" : "forgeable"));
        json_object_set_new(o, "file", text_or_null(x, w->file));
        json_object_set_new(o, "line", w->line > 0 ? number(w->line) : json_null());
        if (w->line == 0 && w->offset > 0)
            json_object_set_new(o, "offset", number(w->offset));
        struct buf b;
        buf_init(&b, TEXT_MAX);
        redact_witness(x, w, &b);
        json_object_set_new(o, "text", string_or_null(&b));
        json_object_set_new(o, "says", text_or_null(x, w->says));
        json_array_append_new(all, o);
    }
    return all;
}

static json_t *line(const struct redact *x, const struct trace_line *l)
{
    struct buf b;
    buf_init(&b, TEXT_MAX);
    redact_line(x, &l->line, &b);
    return string(&b);
}

static json_t *reason(const struct redact *x, enum verdict verdict, struct str s)
{
    struct buf b;
    buf_init(&b, TEXT_MAX);
    redact_reason(x, verdict, s, &b);
    return string_or_null(&b);
}

static json_t *notes(const struct redact *x, const struct report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->note_count; i++)
        json_array_append_new(all, text(x, r->notes[i]));
    return all;
}

static json_t *related(const struct redact *x, const struct report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->relation_count; i++) {
        const struct relation *n = &r->relations[i];
        json_t *o = json_object();
        json_object_set_new(o, "id", json_string(n->id.text));
        json_object_set_new(o, "relation", json_string(n->is_parent ? "parent" : "child"));
        json_object_set_new(o, "verdict", n->found ? json_string(verdict_name(n->verdict))
                                                   : json_null());
        json_object_set_new(o, "source", source(x, &n->source));
        json_object_set_new(o, "sender", text_or_null(x, n->sender));
        json_object_set_new(o, "subject", text_or_null(x, n->subject));
        json_object_set_new(o, "reason", reason(x, n->verdict, n->reason));
        json_array_append_new(all, o);
    }
    return all;
}

static void value(FILE *out, json_t *v)
{
    json_dumpf(v, out, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
    json_decref(v);
}

/* A key of the outermost object: a report is written piece by piece, because one with twenty
 * thousand deliveries would take a quarter of a gigabyte as a tree. `*before` is { or a comma. */
static void key(FILE *out, char *before, const char *name)
{
    fprintf(out, "%c\"%s\":", *before, name);
    *before = ',';
}

static void pair(FILE *out, char *before, const char *name, json_t *v)
{
    key(out, before, name);
    value(out, v);
}

static void deliveries(FILE *out, const struct redact *x, const struct report *r)
{
    fputc('[', out);
    for (size_t i = 0; i < r->delivery_count; i++) {
        if (i > 0)
            fputc(',', out);
        value(out, delivery(x, &r->deliveries[i]));
    }
    fputc(']', out);
}

static void lines(FILE *out, const struct redact *x, const struct report *r)
{
    fputc('[', out);
    for (size_t i = 0; i < r->line_count; i++) {
        if (i > 0)
            fputc(',', out);
        value(out, line(x, &r->lines[i]));
    }
    fputc(']', out);
}

void render_report_json(struct render *x, const struct report *r)
{
    redact_begin(&x->redact, r);
    const struct redact *hide = &x->redact;
    FILE *out = x->out;
    char at = '{';
    pair(out, &at, "id", r->has_id ? json_string(r->id.text) : json_null());
    pair(out, &at, "received", r->has_received ? stamp(r->received, r->zone) : json_null());
    pair(out, &at, "verdict", json_string(verdict_name(r->verdict)));
    pair(out, &at, "confidence", r->confidence_known ? json_string(confidence_name(r->confidence))
                                                     : json_null());
    pair(out, &at, "source", source(hide, &r->source));
    pair(out, &at, "sender", r->has_sender ? text(hide, r->sender) : json_null());
    pair(out, &at, "subject", r->has_subject ? text(hide, r->subject) : json_null());
    pair(out, &at, "size", r->has_size ? number(r->size) : json_null());
    key(out, &at, "deliveries");
    deliveries(out, hide, r);
    pair(out, &at, "requests", requests(hide, r));
    pair(out, &at, "run", run(r));
    pair(out, &at, "candidates", candidates(hide, r));
    pair(out, &at, "witnesses", witnesses(hide, r));
    key(out, &at, "lines");
    lines(out, hide, r);
    pair(out, &at, "related", related(hide, r));
    pair(out, &at, "input", text_or_null(hide, r->origin));
    pair(out, &at, "reason", reason(hide, r->verdict, r->reason));
    if (x->explain || !verdict_named(r->verdict))
        pair(out, &at, "steps", notes(hide, r));
    fputs("}\n", out);
}

/* --- top --- */

static void top_object(const struct render_top *x, struct str key, const struct tally_row *r)
{
    struct buf b;
    json_t *o = json_object();
    buf_init(&b, TEXT_MAX);
    redact_key(x->redact, x->by, key, &b);
    json_object_set_new(o, "by", json_string(top_by_name(r->by == BY_SOURCE ? x->by
                                                                            : (enum top_by)r->by)));
    json_object_set_new(o, "key", string(&b));
    json_object_set_new(o, "messages", number(r->messages));
    json_object_set_new(o, "recipients", number(r->recipients));
    json_object_set_new(o, "delivered", number(r->outcomes[OUTCOME_DELIVERED]));
    json_object_set_new(o, "failed", number(r->outcomes[OUTCOME_FAILED]));
    json_object_set_new(o, "deferred", number(r->outcomes[OUTCOME_DEFERRED]));
    json_object_set_new(o, "queued", number(r->outcomes[OUTCOME_QUEUED]));
    json_object_set_new(o, "subjects", number(r->subjects));
    json_object_set_new(o, "client_ips", number(r->client_ips));
    json_object_set_new(o, "first", r->first <= r->last
                                        ? stamp(r->first, clock_offset_at(r->first)) : json_null());
    json_object_set_new(o, "last", r->first <= r->last
                                       ? stamp(r->last, clock_offset_at(r->last)) : json_null());
    value(x->out, o);
    fputc('\n', x->out);
}

void render_top_json(const struct render_top *x, const struct top *t)
{
    size_t n = top_count(t);
    for (size_t i = 0; i < n && (x->limit == 0 || i < x->limit); i++)
        top_object(x, top_key(t, i), top_row(t, i));
    for (uint32_t row = 0; row < TALLY_FIRST; row++) {
        if (top_apart(t, row)->messages > 0)
            top_object(x, top_apart_key(t, row), top_apart(t, row));
    }
}
