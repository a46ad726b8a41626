/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_top - a ranking for a person
 *
 * One row a source, numbers in columns, the key last because it has any
 * length. Apart from the ranking: our own bounces and what could not be told apart.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/render.h"

#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static void head(const struct render_top *x)
{
    fprintf(x->out, "%s%9s %10s %9s %7s %8s %7s %5s %8s %7s  %-11s  %-11s  %s%s\n",
            x->color ? BOLD : "", "messages", "recipients", "delivered", "failed", "deferred",
            "queued", "fail%", "subjects", "clients", "first", "last", top_by_name(x->by),
            x->color ? PLAIN : "");
}

/* Month, day, hour and minute in the zone of this machine. */
static const char *moment(int64_t utc, char text[CLOCK_TEXT_MAX])
{
    clock_human(utc, clock_offset_at(utc), text);
    memmove(text, text + 5, 11);
    text[11] = '\0';
    return text;
}

static unsigned fail_share(const struct tally_row *r)
{
    uint64_t done = r->outcomes[OUTCOME_DELIVERED] + r->outcomes[OUTCOME_FAILED];
    return done == 0 ? 0 : (unsigned)(r->outcomes[OUTCOME_FAILED] * 100 / done);
}

static void row(const struct render_top *x, struct str key, const struct tally_row *r)
{
    char first[CLOCK_TEXT_MAX] = "-", last[CLOCK_TEXT_MAX] = "-";
    struct buf b;
    if (r->first <= r->last) {
        moment(r->first, first);
        moment(r->last, last);
    }
    fprintf(x->out,
            "%9" PRIu64 " %10" PRIu64 " %9" PRIu64 " %7" PRIu64 " %8" PRIu64 " %7" PRIu64
            " %4u%% %8" PRIu64 " %7" PRIu64 "  %-11s  %-11s  ",
            r->messages, r->recipients, r->outcomes[OUTCOME_DELIVERED],
            r->outcomes[OUTCOME_FAILED], r->outcomes[OUTCOME_DEFERRED],
            r->outcomes[OUTCOME_QUEUED], fail_share(r), r->subjects, r->client_ips, first, last);
    buf_init(&b, 8192);
    if (x->by == BY_SOURCE && r->by != BY_SOURCE)
        buf_addf(&b, "%s ", top_by_name((enum top_by)r->by));
    redact_key(x->redact, x->by, key, &b);
    render_safe(x->out, buf_str(&b));
    fputc('\n', x->out);
    buf_fini(&b);
}

static void apart(const struct render_top *x, const struct top *t)
{
    bool any = false;
    for (uint32_t i = 0; i < TALLY_FIRST; i++) {
        const struct tally_row *r = top_apart(t, i);
        if (r->messages == 0)
            continue;
        if (!any)
            fputc('\n', x->out);
        any = true;
        row(x, top_apart_key(t, i), r);
    }
}

void render_top_text(const struct render_top *x, const struct top *t)
{
    char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];
    struct tracker_stats s = top_stats(t);
    size_t n = top_count(t), shown = 0;
    if (s.first > s.last) {
        fprintf(x->out, "No log line in this span of time.\n");
        return;
    }
    head(x);
    for (; shown < n && (x->limit == 0 || shown < x->limit); shown++)
        row(x, top_key(t, shown), top_row(t, shown));
    apart(x, t);
    fprintf(x->out, "\n%zu of %zu sources, %s to %s", shown, n,
            clock_human(s.first, clock_offset_at(s.first), first),
            clock_human(s.last, clock_offset_at(s.last), last));
    if (s.from_outside > 0)
        fprintf(x->out, "; %" PRIu64 " messages from outside are not counted (--by host has them)",
                s.from_outside);
    fputc('\n', x->out);
}
