/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gather_join - what a pass tells the join, and what it learns from it
 *
 * Near the time of the wanted messages the join is told of every submission and of
 * every arrival, of other messages and from outside, too: they claim cwd lines
 * and date the lines around them. The texts of cwd lines are remembered for a
 * while, so that the one that is named in the end can be shown.
 */
#include "trace/gather_internal.h"

bool gather_line_keep(struct pass *p, const struct trace_line *at, struct str raw,
                      struct trace_line *out)
{
    struct logline_hint hint = p->hint;
    *out = *at;
    out->raw = arena_str(p->arena, raw);
    return out->raw.n == raw.n && logline_parse(out->raw, &hint, &out->line) == 0;
}

static uint64_t hash_of(struct pass *p, struct str s)
{
    return hash_str(p->key, s) | 1;
}

static struct str dir_keep(struct pass *p, struct str s)
{
    uint32_t n = intern_add(p->dirs, s);
    return n == INTERN_NONE ? STR("") : intern_str(p->dirs, n);
}

void gather_submission(struct pass *p, const struct logline *line,
                            const struct trace_line *at)
{
    struct line_cwd c;
    struct str args, address;
    if (logline_cwd(line, &c) != 0 || c.mode == CWD_OTHER)
        return;
    struct join_submission s = { .when = at->utc, .pid = line->pid, .mode = c.mode,
                                 .has_sender = c.has_sender, .tag = ++p->next_tag };
    s.dir = dir_keep(p, c.dir);
    s.sender = hash_of(p, c.sender);
    s.parent = c.parent.n > 0 ? hash_of(p, c.parent) : 0;
    args = c.operands;
    while (s.recipient_count < JOIN_RECIPIENTS && logline_arg_recipient(&args, &address))
        s.recipients[s.recipient_count++] = hash_of(p, address);
    join_submission_add(p->join, &s);
    struct recent *r = &p->recent[s.tag % RECENT];
    r->tag = s.tag;
    r->imitable = p->name.imitable;
    r->at = *at;
    if (r->raw.max == 0)
        buf_init(&r->raw, RECENT_BYTES_MAX);
    buf_reset(&r->raw);
    if (buf_add(&r->raw, line->raw) != 0)
        r->tag = 0;
}

/* What the join is told of an arrival. */
static struct join_arrival arrival_view(struct pass *p, const struct logline *line,
                                        const struct line_arrival *a)
{
    struct join_arrival v = { .tag = ++p->next_tag, .mode = CWD_OTHER };
    struct msgid id;
    struct msgid_parts parts;
    if (msgid_parse(line->id, &id) != 0 ||
        msgid_decode(&id, p->o->base, p->o->localhost_number, &parts) != 0)
        return v;
    v.when = parts.when;
    v.usec = parts.usec;
    v.precision = parts.precision;
    v.pid = parts.pid;
    if (a->has_host)
        return v;
    v.user = a->user;
    v.sender = hash_of(p, a->sender);
    join_arrival_mode(&v, a->protocol);
    if (a->bounce_of.n > 0) {
        v.mode = v.mode == CWD_SUBMIT_SMTP ? v.mode : CWD_BOUNCE;
        v.parent = hash_of(p, a->bounce_of);
    }
    return v;
}

/* The recipients of an arrival of ours, hashed, for as long as the arena lives. */
static void arrival_recipients(struct pass *p, const struct line_arrival *a,
                               struct join_arrival *v)
{
    struct str list = a->recipients, address;
    size_t count = 0;
    while (logline_recipient(&list, &address))
        count++;
    uint64_t *hashes = arena_alloc(p->arena, count * sizeof *hashes);
    if (!a->has_for || hashes == NULL)
        return;
    list = a->recipients;
    v->recipients = hashes;
    while (v->recipient_count < count && logline_recipient(&list, &address))
        hashes[v->recipient_count++] = hash_of(p, address);
}

void gather_arrival(struct pass *p, struct gathered *g, const struct logline *line,
                         const struct line_arrival *a)
{
    struct join_result r;
    struct join_arrival v = arrival_view(p, line, a);
    if (g == NULL) {
        join_arrival_add(p->join, &v, &r);
        return;
    }
    arrival_recipients(p, a, &v);
    join_arrival_add(p->join, &v, &g->join);
    g->joined = v;
    g->joined.user = arena_str(p->arena, v.user);
}

void gather_refusal(struct pass *p, const struct logline *line)
{
    struct line_rejected r;
    struct line_arrival a = { .protocol = STR("local") };
    if (logline_rejected(line, &r) != 0 || !str_eq(r.what, STR("non-SMTP")))
        return;
    a.sender = r.sender;
    gather_arrival(p, NULL, line, &a);
}

static struct trace_line *line_of_tag(struct pass *p, uint64_t tag)
{
    struct recent *r = &p->recent[tag % RECENT];
    struct trace_line *line;
    if (tag <= p->tags_before || r->tag != tag)
        return NULL;
    line = arena_alloc(p->arena, sizeof *line);
    return line != NULL && gather_line_keep(p, &r->at, buf_str(&r->raw), line) ? line : NULL;
}

static void candidates_keep(struct pass *p, struct gathered *g)
{
    if (g->join.how != JOIN_AMBIGUOUS && g->join.how != JOIN_LIKELY)
        return;
    g->candidates = arena_alloc(p->arena, JOIN_CANDIDATES * sizeof *g->candidates);
    for (unsigned i = 0; g->candidates != NULL && i < g->join.candidate_count; i++) {
        const struct trace_line *line = line_of_tag(p, g->join.candidates[i]);
        if (line != NULL)
            g->candidates[g->candidate_count++] = *line;
    }
}

void gather_join_finish(struct pass *p, struct gathered *g)
{
    if (g->arrival < 0 || g->joined.mode == CWD_OTHER || g->join_finished)
        return;
    g->join_finished = true;
    join_review(p->join, &g->joined, &g->join);
    if (g->join.how == JOIN_ONLY || g->join.how == JOIN_SAME_DIR)
        g->contested = join_contested(p->join, g->join.tag);
    if (g->join.how != JOIN_NONE && g->join.how != JOIN_AMBIGUOUS) {
        g->cwd = line_of_tag(p, g->join.tag);
        g->imitable = g->cwd != NULL && p->recent[g->join.tag % RECENT].imitable;
    }
    g->join.dir = arena_str(p->arena, g->join.dir);
    candidates_keep(p, g);
}

void gather_joins_due(struct pass *p, int64_t utc)
{
    while (p->due < p->count) {
        struct gathered *g = &p->out[p->order[p->from + p->due]];
        if (utc <= g->when + GATHER_NEAR)
            return;
        gather_join_finish(p, g);
        p->due++;
    }
}
