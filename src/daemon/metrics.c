/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics - what the daemon has done, for Prometheus and `postern status`
 *
 * Each family is one function; the histogram's limits are those of
 * policy.h: 100 microseconds, doubling.
 */
#include "daemon/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "policy/check_callout.h"
#include "policy/check_dnsbl.h"

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP postern_%s %s\n# TYPE postern_%s %s\n", name, help, name, type);
}

static void one(struct buf *out, const char *name, const char *type, const char *help,
                uint64_t value)
{
    head(out, name, type, help);
    buf_addf(out, "postern_%s %" PRIu64 "\n", name, value);
}

static void histogram(struct buf *out, const char *name, const char *label,
                      const uint64_t steps[POLICY_LATENCY_STEPS], uint64_t sum_usec)
{
    uint64_t count = 0, limit = 100;
    const char *comma = label[0] == '\0' ? "" : ",";
    for (unsigned i = 0; i < POLICY_LATENCY_STEPS; i++, limit *= 2) {
        count += steps[i];
        if (i + 1 < POLICY_LATENCY_STEPS)
            buf_addf(out, "postern_%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, label, comma,
                     (double)limit / 1e6, count);
    }
    buf_addf(out, "postern_%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, label, comma, count);
    const char *open = label[0] == '\0' ? "" : "{", *close = label[0] == '\0' ? "" : "}";
    buf_addf(out, "postern_%s_sum%s%s%s %.6f\npostern_%s_count%s%s%s %" PRIu64 "\n", name, open,
             label, close, (double)sum_usec / 1e6, name, open, label, close, count);
}

static void decisions(struct buf *out, const struct policy_stats *s)
{
    one(out, "requests_total", "counter", "Envelopes, ends of sessions, questions of postern ask.",
        s->asks);
    one(out, "requests_open", "gauge", "Envelopes in work.", s->open);
    one(out, "exempt_total", "counter", "Envelopes that no check touched.", s->exempt);
    one(out, "overflow_total", "counter", "Envelopes passed because too many were in work.",
        s->overflow);
    one(out, "sessions", "gauge", "SMTP sessions remembered.", s->sessions);
    head(out, "decisions_total", "counter", "Verdicts by what was done.");
    for (int i = 0; i < 4; i++)
        buf_addf(out, "postern_decisions_total{action=\"%s\"} %" PRIu64 "\n",
                 verdict_action_names[i], s->actions[i]);
    head(out, "checks_total", "counter", "Results of each check.");
    for (int i = 0; i < CHECK_COUNT; i++) {
        for (int j = CHECK_SKIPPED; j <= CHECK_BROKEN; j++)
            buf_addf(out, "postern_checks_total{check=\"%s\",result=\"%s\"} %" PRIu64 "\n",
                     check_names[i], check_state_names[j], s->results[i][j]);
    }
}

static void effects(struct buf *out, const struct policy_stats *s)
{
    head(out, "check_decisions_total", "counter",
         "Verdicts by the check that decided; would: recipients that it hit in mode observe.");
    for (int i = 0; i < CHECK_COUNT; i++) {
        buf_addf(out, "postern_check_decisions_total{check=\"%s\",action=\"would\"} %" PRIu64 "\n",
                 check_names[i], s->would[i]);
        for (int j = VERDICT_TAG; j <= VERDICT_REFUSE; j++)
            buf_addf(out, "postern_check_decisions_total{check=\"%s\",action=\"%s\"} %" PRIu64 "\n",
                     check_names[i], verdict_action_names[j], s->decided[i][j]);
    }
    one(out, "would_total", "counter",
        "Recipients that were let in though a check in mode observe hit.", s->would_any);
}

static void latencies(struct buf *out, const struct policy_stats *s)
{
    char label[64];
    head(out, "decision_seconds", "histogram", "Time from a request to its verdict.");
    histogram(out, "decision_seconds", "", s->latency, s->latency_sum_usec);
    head(out, "check_seconds", "histogram", "Time that each check took.");
    for (int i = 0; i < CHECK_COUNT; i++) {
        snprintf(label, sizeof label, "check=\"%s\"", check_names[i]);
        histogram(out, "check_seconds", label, s->check_latency[i], s->check_usec[i]);
    }
}

static void dns(struct buf *out, const struct service *service)
{
    struct resolver_stats s;
    service_dns_stats(service, &s);
    one(out, "dns_questions_total", "counter", "Questions asked of the DNS.", s.asked);
    one(out, "dns_failures_total", "counter", "Questions that the DNS failed to answer.", s.failed);
    one(out, "dns_timeouts_total", "counter", "Questions not answered in their time.", s.timeouts);
    one(out, "dns_busy_total", "counter", "Questions refused: too many were open.", s.busy);
    one(out, "dns_questions_open", "gauge", "Questions in work.", s.open);
}

static void state(struct buf *out, struct store *store)
{
    static const char *const names[STORE_TABLES] = {
        [STORE_BANS] = "bans", [STORE_TALLIES] = "tallies", [STORE_CALLOUTS] = "callouts",
        [STORE_ZONES] = "zones", [STORE_SESSIONS] = "sessions",
    };
    struct store_stats s;
    store_stats(store, &s);
    head(out, "state_entries", "gauge", "Entries of the state, about.");
    for (int i = 0; i < STORE_TABLES; i++)
        buf_addf(out, "postern_state_entries{table=\"%s\"} %" PRIu64 "\n", names[i], s.entries[i]);
    one(out, "state_pending_bytes", "gauge", "Bytes that wait to be written.", s.pending_bytes);
    one(out, "state_dropped_total", "counter", "Entries lost because they could not be written.",
        s.dropped);
    one(out, "state_failures_total", "counter", "Writes that failed.", s.failures);
    one(out, "state_file_bytes", "gauge", "Size of the file.", s.file_bytes);
    one(out, "state_on_disk", "gauge", "1 if the state is kept on disk.", s.on_disk);
}

static void tables(struct buf *out, const struct service *service)
{
    struct recipients_stats s;
    if (!service_recipients_stats(service, &s))
        return;
    one(out, "recipients", "gauge", "Addresses in the tables.", s.addresses);
    one(out, "recipient_domains", "gauge", "Domains in the tables.", s.domains);
    one(out, "recipient_files_broken", "gauge", "Files that could not be read.", s.broken_files);
    one(out, "recipient_loads_total", "counter", "How often tables were read.", s.loads);
}

static void door_stats(struct buf *out, const struct conns_stats *s)
{
    one(out, "connections", "gauge", "Connections to the door.", s->open);
    one(out, "connections_total", "counter", "Connections accepted.", s->accepted);
    one(out, "connections_busy_total", "counter", "Connections turned away for want of room.",
        s->busy);
    head(out, "connections_ended_total", "counter", "Connections by how they ended.");
    for (int i = 0; i <= CONN_END_SHUT; i++)
        buf_addf(out, "postern_connections_ended_total{why=\"%s\"} %" PRIu64 "\n",
                 conn_end_names[i], s->ended[i]);
}

static void callouts(struct buf *out, struct policy *p)
{
    struct callout_status s;
    check_callout_status(policy_check_state(p, CHECK_CALLOUT), &s);
    one(out, "callouts_total", "counter", "Callouts made.", s.budget.granted);
    one(out, "callouts_refused_total", "counter", "Callouts not made: no budget.",
        s.budget.refused);
    one(out, "callouts_suspended", "gauge", "1 while we are on the list of self_watch.",
        s.suspended);
}

/* A label's value: names of lists come from the settings, so only quotes need care. */
static void label_add(struct buf *out, struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        buf_add_c(out, name.p[i] == '"' || name.p[i] == '\\' || name.p[i] < 0x20 ? '_' : name.p[i]);
}

struct zone_walk {
    struct buf *out;
    const char *name;
    uint64_t (*value)(const struct dnsbl_status *z);
};

static void zone_line(void *ctx, const struct dnsbl_status *z)
{
    const struct zone_walk *w = ctx;
    buf_addf(w->out, "postern_%s{zone=\"", w->name);
    label_add(w->out, z->name);
    buf_addf(w->out, "\"} %" PRIu64 "\n", w->value(z));
}

static uint64_t zone_well(const struct dnsbl_status *z) { return z->state == DNSBL_WELL; }
static uint64_t zone_asked(const struct dnsbl_status *z) { return z->asked; }
static uint64_t zone_listed(const struct dnsbl_status *z) { return z->listed; }
static uint64_t zone_refused(const struct dnsbl_status *z) { return z->refused; }
static uint64_t zone_silent(const struct dnsbl_status *z) { return z->silent; }

static void zones(struct buf *out, struct policy *p)
{
    static const struct {
        const char *name, *type, *help;
        uint64_t (*value)(const struct dnsbl_status *z);
    } families[] = {
        { "dnsbl_well", "gauge", "1 while the list is asked, 0 while it rests.", zone_well },
        { "dnsbl_asked_total", "counter", "Questions to the list.", zone_asked },
        { "dnsbl_listed_total", "counter", "Answers that mean listed.", zone_listed },
        { "dnsbl_refused_total", "counter", "Answers that mean: not for you.", zone_refused },
        { "dnsbl_silent_total", "counter", "Questions without an answer.", zone_silent },
    };
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        struct zone_walk w = { out, families[i].name, families[i].value };
        head(out, families[i].name, families[i].type, families[i].help);
        check_dnsbl_zones(policy_check_state(p, CHECK_DNSBL), zone_line, &w);
    }
}

uint64_t metrics_resident(void)
{
    unsigned long pages = 0, resident = 0;
    char text[128];
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    struct str rest = fgets(text, sizeof text, f) == NULL ? STR("") : str_c(text);
    fclose(f);
    uint64_t n;
    struct str word = str_word(&rest);
    pages = str_u64(word, &n) == 0 ? (unsigned long)n : 0;
    word = str_word(&rest);
    resident = pages > 0 && str_u64(word, &n) == 0 ? (unsigned long)n : 0;
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void metrics_text(struct service *s, const struct conns_stats *door, struct buf *out)
{
    const struct policy_stats *p = policy_stats(service_policy(s));
    decisions(out, p);
    effects(out, p);
    latencies(out, p);
    dns(out, s);
    state(out, service_store(s));
    tables(out, s);
    zones(out, service_policy(s));
    callouts(out, service_policy(s));
    if (door != NULL)
        door_stats(out, door);
    one(out, "log_lost_total", "counter", "Log lines that could not be written.", log_lost());
    one(out, "resident_bytes", "gauge", "Memory in use.", metrics_resident());
}
