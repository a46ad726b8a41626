/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relate - follow a bounce to its parent, and a parent to its bounces
 *
 * Each related message is gathered and attributed like the traced one, but without
 * run and web evidence: it explains, it is not the answer.
 */
#include "trace/relate.h"

struct walk {
    struct report *r;
    const struct logset *set;
    const struct gather_options *gather;
    const struct attribute_context *attribute;
};

/* Gather and attribute `id` into a scratch report that shares the arena. */
static bool related_report(const struct walk *w, const struct msgid *id, struct report *scratch)
{
    struct gathered g;
    *scratch = (struct report){ .arena = w->r->arena, .id = *id };
    gather(w->set, id, 1, w->gather, &g);
    if (!g.found)
        return false;
    attribute_log(scratch, &g, STR(""), w->attribute);
    return true;
}

static void relation_fill(struct report *r, const struct msgid *id, bool is_parent,
                          const struct report *of)
{
    if (r->relation_count == REPORT_RELATIONS_MAX)
        return;
    r->relations[r->relation_count++] = (struct relation){
        .id = *id, .is_parent = is_parent, .found = of != NULL,
        .verdict = of != NULL ? of->verdict : VERDICT_EXPIRED,
        .confidence = of != NULL ? of->confidence : CONFIDENCE_CERTAIN,
        .source = of != NULL ? of->source : (struct source){ .user = STR("") },
        .sender = of != NULL ? of->sender : STR(""),
        .subject = of != NULL ? of->subject : STR(""),
        .reason = of != NULL ? of->reason : STR("the log does not have it"),
    };
}

static bool had_trouble(const struct report *parent)
{
    for (size_t i = 0; i < parent->line_count; i++) {
        enum line_class class = parent->lines[i].line.class;
        if (class == LINE_FAILURE || class == LINE_DEFERRAL || class == LINE_FROZEN)
            return true;
    }
    return false;
}

static void parents_add(const struct walk *w)
{
    struct report scratch;
    struct msgid id = w->r->parent;
    bool more = w->r->has_parent;
    for (unsigned i = 0; more && i < RELATE_CHAIN_MAX; i++) {
        bool found = related_report(w, &id, &scratch);
        relation_fill(w->r, &id, true, found ? &scratch : NULL);
        if (i == 0 && found && w->r->verdict == VERDICT_BOUNCE && !had_trouble(&scratch)) {
            w->r->verdict = VERDICT_AUTOREPLY;
            report_reason(w->r, "an answer that Exim made to message %s by itself: every "
                          "recipient of that was delivered, so it is no bounce", id.text);
        }
        more = found && scratch.has_parent && !msgid_eq(&scratch.parent, &id);
        if (more)
            id = scratch.parent;
    }
}

void relate_add(struct report *r, const struct logset *set, const struct gather_options *gather,
                const struct attribute_context *attribute)
{
    struct walk w = { r, set, gather, attribute };
    struct report scratch;
    if (set == NULL)
        return;
    parents_add(&w);
    for (size_t i = 0; i < r->child_count && i < RELATE_CHILDREN_MAX; i++) {
        bool found = related_report(&w, &r->children[i], &scratch);
        relation_fill(r, &r->children[i], false, found ? &scratch : NULL);
    }
}
