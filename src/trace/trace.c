/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace - from a complaint to its source
 *
 * Puts the steps in order and decides between candidates. What it must never do is
 * let a forged line win: a candidate counts only when our log has it and does not contradict the
 * complaint, and of several in one header the topmost counts, because a
 * sender can only write below the line that we added.
 */
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/must.h"
#include "mail/header.h"
#include "mail/spool.h"
#include "trace/attribute.h"
#include "trace/candidate.h"
#include "trace/complaint.h"
#include "trace/evidence.h"
#include "trace/gather.h"
#include "trace/recover.h"
#include "trace/relate.h"

/* Candidates of one complaint with what the log says of each. */
struct inquiry {
    const struct trace_options *o;
    struct arena *arena;
    struct str origin;
    const struct complaint *complaint;    /* NULL for ids and queue files */
    const struct spool *spool;            /* NULL but for queue files */
    struct str spool_header;
    struct candidate *candidates;
    struct gathered *found;
    size_t count;
    struct trace_result *result;
};

static struct attribute_context attribute_context_of(const struct trace_options *o)
{
    return (struct attribute_context){
        .sites = o->sites, .own_ips = o->own->ips, .own_ip_count = o->own->ip_count,
        .spool_directory = o->spool_directory, .root = o->root,
    };
}

/* --- what the log says of the candidates --- */

static struct gather_options gather_options_of(const struct trace_options *o, struct arena *arena)
{
    return (struct gather_options){
        .arena = arena,
        .localhost_number = o->own->names.localhost_number, .base = o->own->names.base,
        .count_lines = o->explain, .count_limit = o->no_run ? TRACE_NO_RUN_COUNT : TRACE_RUN_COUNT,
        .progress = o->progress, .problem = o->problem, .ctx = o->ctx,
    };
}

static void inquiry_gather(struct inquiry *q)
{
    const struct trace_options *o = q->o;
    struct gather_options g = gather_options_of(o, q->arena);
    q->found = must_array(q->count, sizeof *q->found);
    struct msgid *ids = must_array(q->count, sizeof *ids);
    for (size_t i = 0; i < q->count; i++) {
        ids[i] = q->candidates[i].id;
        q->found[i] = (struct gathered){ .id = ids[i], .when = q->candidates[i].when,
                                         .arrival = -1 };
    }
    if (o->set != NULL && q->count > 0 && gather(o->set, ids, q->count, &g, q->found) != 0)
        q->result->incomplete = true;
    free(ids);
}

/* --- one report --- */

static void received_witness(struct report *r, const struct candidate *c)
{
    if (c->how == CANDIDATE_RECOVERED)
        report_note(r, "the complaint does not hold the id; it was found in the log by the "
                    "Message-ID or by the id that the next server gave it");
    if (c->how != CANDIDATE_RECEIVED || c->block == NULL)
        return;
    struct witness w = { .kind = "received", .trust = TRUST_FORGEABLE, .text = c->field };
    w.file = report_text(r, "%.*s", STR_ARG(str_head(c->block->where, 200)));
    report_witness(r, &w, "Received line %u of the complaint: by %.*s, id %s%s", c->number,
                   STR_ARG(str_head(c->received.by, 200)), c->id.text,
                   c->clock == YES ? "; its clock agrees with the id" : "");
}

static struct str header_of(const struct inquiry *q, const struct candidate *c)
{
    if (q->spool != NULL)
        return q->spool_header;
    return c != NULL && c->block != NULL ? c->block->header : STR("");
}

static void result_count(struct trace_result *result, const struct report *r)
{
    if (!verdict_named(r->verdict))
        result->not_ours++;
    else if (r->confidence_known && r->confidence == CONFIDENCE_AMBIGUOUS)
        result->ambiguous++;
    else
        result->named++;
}

static void doubts_note(struct report *r, const struct inquiry *q)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct candidate *c = &q->candidates[i];
        if (c->doubt.n > 0)
            report_note(r, "id %s is not it: %.*s", c->id.text, STR_ARG(str_head(c->doubt, 400)));
    }
}

static void report_emit(const struct inquiry *q, struct report *r)
{
    r->origin = q->origin;
    if (q->complaint != NULL && q->complaint->truncated)
        report_note(r, "the complaint has more in it than is looked at (parts, depth, headers or "
                    "bytes): cut out the headers of the one message and give those");
    if (q->o->explain && q->o->confined.n > 0)
        report_note(r, "rights: %.*s", STR_ARG(q->o->confined));
    evidence_next(r);
    result_count(q->result, r);
    q->o->emit(q->o->ctx, r);
}

/* The id stands in the body of a message that we sent: either that one is a report, or its sender
 * made the id's header up to accuse somebody else. */
static void doubt_inner(struct report *r, const struct candidate *around)
{
    if (r->confidence == CONFIDENCE_CERTAIN)
        r->confidence = CONFIDENCE_LIKELY;
    report_reason(r, "%.*s; but its id stands in the body of %s, whose sender may have made it up",
                  STR_ARG(r->reason), around->id.text);
}

#define SPOOL_COMPARED 256u      /* recipients of a queue file that PHP's log may name */

/* Until a message is delivered, only its queue file has the recipients. */
static void spool_recipients(const struct spool *s, struct report *r, struct evidence_context *out)
{
    struct str list = s->recipients, address;
    struct str *all = arena_alloc(r->arena, SPOOL_COMPARED * sizeof *all);
    out->recipients = all;
    while (all != NULL && out->recipient_count < SPOOL_COMPARED &&
           spool_recipient(&list, &address))
        all[out->recipient_count++] = address;
}

static void report_found(const struct inquiry *q, size_t i)
{
    struct report *r = report_new();
    const struct candidate *c = &q->candidates[i];
    const struct gathered *g = &q->found[i];
    struct attribute_context context = attribute_context_of(q->o);
    struct evidence_context evidence = {
        .set = q->o->set, .sites = q->o->sites, .root = q->o->root, .no_run = q->o->no_run,
        .runs = q->o->runs, .php = q->o->php,
        .localhost_number = q->o->own->names.localhost_number, .begun = g->when,
        .progress = q->o->progress, .problem = q->o->problem, .ctx = q->o->ctx,
    };
    r->id = c->id;
    r->has_id = true;
    received_witness(r, c);
    doubts_note(r, q);
    struct gather_options gathering = gather_options_of(q->o, r->arena);
    if (g->found) {
        attribute_log(r, g, header_of(q, c), &context);
        relate_add(r, q->o->set, &gathering, &context);
        if (c->how == CANDIDATE_RECOVERED && r->confidence == CONFIDENCE_CERTAIN)
            r->confidence = CONFIDENCE_LIKELY;   /* the link to the complaint is the weaker one */
        if (c->inside != NULL)
            doubt_inner(r, c->inside);
    } else {
        attribute_spool(r, q->spool, q->origin, q->spool_header, &context);
    }
    if (q->spool != NULL)
        spool_recipients(q->spool, r, &evidence);
    evidence_add(r, &evidence);
    report_emit(q, r);
    report_free(&r);
}

/* --- nothing is ours --- */

/* Before the first line of the log: what was there is gone. */
static bool is_expired(const struct inquiry *q, const struct candidate *c)
{
    if (q->o->set == NULL || c->when == INT64_MIN || c->doubt.n > 0 || c->host == NO)
        return false;
    return c->when < logset_first(q->o->set);
}

static void reason_for(struct report *r, const struct inquiry *q, const struct candidate *c)
{
    char begin[CLOCK_TEXT_MAX], when[CLOCK_TEXT_MAX];
    const struct logset *set = q->o->set;
    if (c->when == INT64_MIN) {
        report_reason(r, "id %s cannot be one: its digits are out of range", c->id.text);
    } else if (c->doubt.n > 0) {
        report_reason(r, "id %s is not ours: %.*s", c->id.text, STR_ARG(str_head(c->doubt, 400)));
    } else if (set == NULL || logset_count(set) == 0) {
        report_reason(r, "there is no log to look in");
    } else if (c->when < logset_first(set)) {
        report_reason(r, "the id is of %s; the logs begin at %s",
                      clock_human(c->when, clock_offset_at(c->when), when),
                      clock_human(logset_first(set), clock_offset_at(c->when), begin));
    } else if (c->when > logset_last(set)) {
        report_reason(r, "the id is of %s; the logs end at %s: is this the right log?",
                      clock_human(c->when, clock_offset_at(c->when), when),
                      clock_human(logset_last(set), clock_offset_at(c->when), begin));
    } else {
        report_reason(r, "the log covers %s, the time of the id, and does not have it%s",
                      clock_human(c->when, clock_offset_at(c->when), when),
                      q->result->incomplete ? "; but a part of the log could not be read" : "");
    }
}

/* 127.0.0.1 and 10.0.0.5 are addresses of many servers. */
static bool own_address(const struct ownhost *own, struct str text)
{
    struct ip ip;
    if (ip_parse(text, &ip) != 0 || ip_private(&ip))
        return false;
    for (size_t i = 0; i < own->ip_count; i++) {
        if (ip_eq(&ip, &own->ips[i]))
            return true;
    }
    return false;
}

/* The topmost Received line by which another server had the message from an address of ours. */
static bool direct_hop(const struct inquiry *q, const struct complaint_block *block,
                       struct str *out)
{
    struct header_cursor cursor;
    struct header_field field;
    struct header_received hop;
    struct buf b;
    bool found = false;
    buf_init(&b, HEADER_FIELD_MAX);
    header_begin(&cursor, block->header);
    while (!found && header_next(&cursor, &field)) {
        buf_reset(&b);
        header_unfold(str_head(field.raw, HEADER_FIELD_MAX / 2), &b);
        found = str_eq_nocase(field.name, STR("Received")) &&
                header_received(buf_str(&b), &hop) == 0 && own_address(q->o->own, hop.ip) &&
                !own_address(q->o->own, hop.by_ip) && hop.by.n > 0;
    }
    *out = arena_str(q->arena, buf_str(&b));
    buf_fini(&b);
    return found;
}

/* No id can be ours, and yet the message came from our address: it never passed Exim. */
static void direct_report(const struct inquiry *q, struct report *r)
{
    struct witness w = { .kind = "received", .trust = TRUST_FORGEABLE };
    const struct complaint *c = q->complaint;
    for (size_t i = 0; i < q->count; i++) {
        if (q->candidates[i].how == CANDIDATE_RECEIVED && q->candidates[i].host != NO)
            return;
    }
    for (size_t i = 0; c != NULL && i < c->block_count; i++) {
        if (c->blocks[i].within || c->blocks[i].outer ||
            !direct_hop(q, &c->blocks[i], &w.text))
            continue;
        w.file = report_text(r, "%.*s", STR_ARG(str_head(c->blocks[i].where, 200)));
        report_witness(r, &w, "another server had it from an address of this one");
        report_reason(r, "it came from an address of this server, but no Received line is of our "
                      "Exim: a program here spoke SMTP to the outside itself, and Exim's log does "
                      "not have it");
        report_next(r, "ss -tnp 'dport = :25'    # who does so now");
        return;
    }
}

/* The candidate that deserves the headline: expired ones, then the first. */
static const struct candidate *candidate_leading(const struct inquiry *q)
{
    for (size_t i = 0; i < q->count; i++) {
        if (is_expired(q, &q->candidates[i]))
            return &q->candidates[i];
    }
    return q->count > 0 ? &q->candidates[0] : NULL;
}

static void report_nothing(const struct inquiry *q)
{
    struct report *r = report_new();
    const struct candidate *lead = candidate_leading(q);
    r->verdict = VERDICT_NOT_OURS;
    if (lead == NULL) {
        report_reason(r, "the complaint holds no message id of an Exim: send its full headers, "
                      "with all Received lines");
    } else {
        r->id = lead->id;
        r->has_id = true;
        if (lead->when != INT64_MIN) {
            r->received = lead->when;
            r->zone = clock_offset_at(lead->when);
            r->has_received = true;
        }
        if (is_expired(q, lead))
            r->verdict = VERDICT_EXPIRED;
        reason_for(r, q, lead);
        received_witness(r, lead);
    }
    direct_report(q, r);
    for (size_t i = 0; i < q->count; i++) {
        struct report scratch = { .arena = r->arena };
        reason_for(&scratch, q, &q->candidates[i]);
        bool named = str_starts(scratch.reason, STR("id "));
        report_note(r, "%s%s%s%.*s", named ? "" : "id ", named ? "" : q->candidates[i].id.text,
                    named ? "" : ": ", STR_ARG(str_head(scratch.reason, 500)));
    }
    report_emit(q, r);
    report_free(&r);
}

/* --- deciding --- */

static bool acceptable(struct inquiry *q, size_t i)
{
    struct candidate *c = &q->candidates[i];
    if (!q->found[i].found)
        return false;
    if (c->clock == NO)
        return false;                    /* its doubt says so already */
    struct str replayed = candidate_replayed(c, &q->found[i], q->arena);
    if (replayed.n == 0) {
        c->doubt = STR("");              /* the log knows better than a name */
        return true;
    }
    c->doubt = replayed;
    return false;
}

static bool is_own_bounce(const struct gathered *g)
{
    struct line_arrival a;
    if (g->arrival < 0)
        return false;
    logline_arrival(&g->lines[g->arrival].line, &a);
    return !a.has_host && a.bounce_of.n > 0 && sites_bounce_user(a.user);
}

/* Sent by somebody on this server, and another server took it from us: then this header is no
 * report's way to us, which ends here. A report that we forwarded came from outside and without a
 * login. */
static bool sent_out(const struct candidate *c, const struct gathered *g)
{
    struct line_arrival a;
    struct line_delivery d;
    if (g->arrival < 0 || !c->has_above || str_eq_nocase(c->above.by, c->received.by))
        return false;
    logline_arrival(&g->lines[g->arrival].line, &a);
    if (a.has_host && a.auth.n == 0)
        return false;
    for (size_t i = 0; i < g->count; i++) {
        if (g->lines[i].line.class == LINE_DELIVERY &&
            logline_delivery(&g->lines[i].line, &d) == 0 && d.has_host)
            return true;
    }
    return false;
}

/* Does block `at` of the complaint lie in the message whose header is block `of`? What is inside
 * comes before the header of what it is in, but in a text behind it. */
static bool lies_in(const struct complaint *c, size_t at, size_t of)
{
    if (c->blocks[at].under != 0 && c->blocks[at].under == c->blocks[of].serial)
        return true;
    if (at >= of)
        return false;
    for (size_t i = at; i < of; i++) {
        if (c->blocks[i].depth <= c->blocks[of].depth)
            return c->blocks[of].outer;
    }
    return true;
}

/* For each candidate the message around it, if that is one that we sent out: see doubt_inner(). */
static void insides_find(struct inquiry *q, const bool *good)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct complaint_block *of = q->candidates[i].block;
        if (!good[i] || of == NULL || !sent_out(&q->candidates[i], &q->found[i]))
            continue;
        for (size_t k = 0; k < q->count; k++) {
            const struct complaint_block *at = q->candidates[k].block;
            if (at != NULL && lies_in(q->complaint, (size_t)(at - q->complaint->blocks),
                                      (size_t)(of - q->complaint->blocks)))
                q->candidates[k].inside = &q->candidates[i];
        }
    }
}

/* One for each header: the topmost good id in it. Headers at another depth than the first that has
 * one are left out, and so are those that are the report's own way to us, if there is any other. */
static size_t choose_each(const struct inquiry *q, const bool *good, bool inside, size_t *chosen,
                          size_t n)
{
    const struct complaint_block *last = NULL;
    unsigned depth = 0;
    for (size_t i = 0; i < q->count; i++) {
        const struct complaint_block *block = q->candidates[i].block;
        if (!good[i] || block == NULL || block == last ||
            (q->candidates[i].inside != NULL) != inside ||
            (last != NULL && block->depth != depth) || (block->outer && n > 0))
            continue;
        chosen[n++] = i;
        last = block;
        depth = block->depth;
    }
    return n;
}

/* Which candidates are reported, and in which order. A bounce of our own that came back as the
 * complaint itself counts before what it quotes, and any message that we sent out before what
 * stands in its body. */
static size_t choose(struct inquiry *q, size_t *chosen)
{
    size_t n = 0;
    bool *good = must_array(q->count, sizeof *good);
    for (size_t i = 0; i < q->count; i++)
        good[i] = acceptable(q, i);
    for (size_t i = 0; i < q->count && n == 0; i++) {
        const struct complaint_block *block = q->candidates[i].block;
        if (good[i] && block != NULL && block->outer && is_own_bounce(&q->found[i]))
            chosen[n++] = i;
    }
    if (n == 0) {
        insides_find(q, good);
        n = choose_each(q, good, false, chosen, n);
        n = choose_each(q, good, true, chosen, n);
    }
    for (size_t i = 0; i < q->count && n == 0; i++) {
        if (good[i])
            chosen[n++] = i;
    }
    free(good);
    return n;
}

static size_t inquiry_try(struct inquiry *q)
{
    size_t *chosen = must_array(q->count, sizeof *chosen);
    inquiry_gather(q);
    size_t n = choose(q, chosen);
    for (size_t i = 0; i < n; i++)
        report_found(q, chosen[i]);
    free(chosen);
    free(q->found);
    return n;
}

/* The header that a recovered id belongs to: the first that is not the report's own. */
static const struct complaint_block *block_inner(const struct complaint *c)
{
    for (size_t i = 0; i < c->block_count; i++) {
        if (!c->blocks[i].outer)
            return &c->blocks[i];
    }
    return c->block_count > 0 ? &c->blocks[0] : NULL;
}

/* No id led anywhere: look for other traces of the message in the log. */
static size_t inquiry_recover(const struct inquiry *q)
{
    struct inquiry again = *q;
    struct search_result *found;
    if (q->o->set == NULL || q->complaint == NULL)
        return 0;
    found = must_alloc(sizeof *found);
    size_t n = 0;
    if (recover_search(q->complaint, q->o->set, q->arena, found) == 0 && found->count > 0) {
        again.candidates = must_array(found->count, sizeof *again.candidates);
        again.count = found->count;
        for (size_t i = 0; i < found->count; i++) {
            candidate_given(found->ids[i], &q->o->own->names, &again.candidates[i]);
            again.candidates[i].how = CANDIDATE_RECOVERED;
            again.candidates[i].block = block_inner(q->complaint);
        }
        n = inquiry_try(&again);
        free(again.candidates);
    }
    free(found);
    return n;
}

static void inquiry_answer(struct inquiry *q)
{
    if (inquiry_try(q) == 0 && inquiry_recover(q) == 0)
        report_nothing(q);
}

/* --- the ways in --- */

void trace_ids(const struct trace_options *o, const struct msgid *ids, size_t count,
               struct str origin, struct trace_result *result)
{
    struct inquiry q = { .o = o, .arena = arena_new((size_t)40 << 20), .origin = origin,
                         .count = count, .result = result };
    q.candidates = must_array(count, sizeof *q.candidates);
    for (size_t i = 0; i < count; i++)
        candidate_given(ids[i], &o->own->names, &q.candidates[i]);
    inquiry_gather(&q);
    for (size_t i = 0; i < count; i++) {
        struct inquiry one = q;
        one.candidates = &q.candidates[i];
        one.found = &q.found[i];
        one.count = 1;
        if (q.found[i].found)
            report_found(&one, 0);
        else
            report_nothing(&one);
    }
    free(q.found);
    free(q.candidates);
    arena_free(&q.arena);
}

static int complaint_one(const struct trace_options *o, struct str bytes, struct str origin,
                         struct trace_result *result, struct err *err)
{
    struct complaint c;
    struct inquiry q = { .o = o, .origin = origin, .result = result, .complaint = &c };
    q.arena = arena_new((size_t)40 << 20);
    int rc = complaint_parse(bytes, q.arena, &c, err);
    if (rc == 0) {
        q.candidates = must_array(CANDIDATES_MAX, sizeof *q.candidates);
        q.count = candidates_of(&c, &o->own->names, q.arena, q.candidates, CANDIDATES_MAX);
        inquiry_answer(&q);
        free(q.candidates);
    }
    arena_free(&q.arena);
    return rc;
}

int trace_complaint(const struct trace_options *o, struct str bytes, struct str origin,
                    struct trace_result *result, struct err *err)
{
    struct str message, rest = bytes;
    int rc = -1;
    if (!complaint_mbox_next(&rest, &message))
        return complaint_one(o, bytes, origin, result, err);
    /* An mbox is good if one of its messages is. */
    do {
        if (complaint_one(o, message, origin, result, err) == 0)
            rc = 0;
    } while (complaint_mbox_next(&rest, &message));
    return rc;
}

/* One file whose id has been gathered already. */
static bool spool_report(struct inquiry *q, struct str bytes)
{
    struct spool s;
    struct buf header;
    if (spool_parse(bytes, &s) != 0 || !msgid_eq(&s.id, &q->candidates[0].id))
        return false;
    buf_init(&header, (size_t)4 << 20);
    spool_headers(&s, &header);
    q->spool = &s;
    q->spool_header = buf_str(&header);
    report_found(q, 0);
    buf_fini(&header);
    return true;
}

static bool spool_one(struct inquiry *q, const char *path,
                      int (*read)(void *ctx, const char *path, struct buf *b))
{
    struct buf b;
    char text[ERR_TEXT_MAX];
    q->origin = str_c(path);
    bool traced = read(q->o->ctx, path, &b) == 0;
    if (traced && !spool_report(q, buf_str(&b))) {
        snprintf(text, sizeof text, "%.400s: not a -H file of Exim's queue", path);
        q->o->problem(q->o->ctx, text);
        traced = false;
    }
    buf_fini(&b);
    return traced;
}

size_t trace_spools(const struct trace_options *o, const struct trace_spool_file *files,
                    size_t count, int (*read)(void *ctx, const char *path, struct buf *b),
                    struct trace_result *result)
{
    struct inquiry q = { .o = o, .arena = arena_new((size_t)40 << 20), .count = count,
                         .result = result };
    size_t traced = 0;
    q.candidates = must_array(count, sizeof *q.candidates);
    for (size_t i = 0; i < count; i++)
        candidate_given(files[i].id, &o->own->names, &q.candidates[i]);
    inquiry_gather(&q);
    for (size_t i = 0; i < count; i++) {
        struct inquiry one = q;
        one.candidates = &q.candidates[i];
        one.found = &q.found[i];
        one.count = 1;
        traced += spool_one(&one, files[i].path, read);
    }
    free(q.found);
    free(q.candidates);
    arena_free(&q.arena);
    return traced;
}

int trace_search(const struct trace_options *o, struct search_query *q,
                 struct trace_result *result, uint64_t *matches_out, struct err *err)
{
    struct search_result *found = must_alloc(sizeof *found);
    *matches_out = 0;
    if (o->set == NULL) {
        free(found);
        return err_set(err, ERR_MISSING, "a search needs a log; --log says where it is");
    }
    q->progress = o->progress;
    q->problem = o->problem;
    q->ctx = o->ctx;
    search(o->set, q, found);
    result->incomplete = result->incomplete || found->failed;
    *matches_out = found->matches;
    if (found->count > 0)
        trace_ids(o, found->ids, found->count, STR(""), result);
    int rc = found->count > 0 ? 0 : err_set(err, ERR_MISSING, "no message in the log matches");
    free(found);
    return rc;
}
