/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker - from log lines to counts by source
 *
 * One function for each class of line that matters. The order of the work is
 * that of the line: prefix, class, and only then the fields that this class
 * needs; seven million lines a gigabyte leave a hundred nanoseconds for each.
 */
#define _GNU_SOURCE
#include "trace/tracker.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "mail/logline.h"
#include "trace/tracker_internal.h"

static const char *const by_names[] = {
    [BY_SOURCE] = "source",   [BY_SCRIPT] = "script",   [BY_LOGIN] = "login",
    [BY_USER] = "user",       [BY_HOST] = "host",       [BY_SENDER] = "sender",
    [BY_SUBJECT] = "subject", [BY_DOMAIN] = "recipient-domain", [BY_REJECTED] = "rejected",
};

const char *top_by_name(enum top_by by)
{
    return by_names[by];
}

struct tracker *tracker_new(const struct tracker_options *o)
{
    struct tracker *t = must_alloc(sizeof *t);
    t->o = *o;
    t->tally = tally_new(o->key);
    t->open = opentable_new(o->key);
    t->join = join_new();
    t->dirs = intern_new(o->key, TRACKER_DIRS_MAX, TRACKER_DIR_BYTES_MAX);
    t->parts = syslogjoin_new();
    t->unit_first = INT64_MAX;
    t->previous = INT64_MIN;
    t->stats.first = INT64_MAX;
    t->stats.last = INT64_MIN;
    t->stats.latest_message = INT64_MIN;
    return t;
}

void tracker_free(struct tracker **t)
{
    if (*t == NULL)
        return;
    tally_free(&(*t)->tally);
    opentable_free(&(*t)->open);
    join_free(&(*t)->join);
    intern_free(&(*t)->dirs);
    syslogjoin_free(&(*t)->parts);
    free((*t)->held);
    free(*t);
    *t = NULL;
}

void tracker_file(struct tracker *t, const struct logfile *f, int64_t utc)
{
    t->hint = f->hint;
    logzone_begin(&t->zone, f, utc);
}

struct tally *tracker_tally(struct tracker *t)
{
    return t->tally;
}

struct tracker_stats tracker_stats(const struct tracker *t)
{
    struct tracker_stats s = t->stats;
    s.evicted += opentable_evicted(t->open);
    return s;
}

/* A copy that outlives the line; empty past the ceiling. */
struct str tracker_keep(struct tracker *t, struct str s)
{
    uint32_t n = intern_add(t->dirs, s);
    return n == INTERN_NONE ? STR("") : intern_str(t->dirs, n);
}

/* Between a cutthrough delivery and the arrival line. */
#define EDGE_SECONDS 60

/* --- rows --- */

/* The row of a key, or ROW_NONE when only another source is wanted. */
static uint32_t row_of(struct tracker *t, enum top_by by, struct str key)
{
    if (tracker_selective(t) && (by != t->o.only_by || !str_eq(key, t->o.only_key)))
        return ROW_NONE;
    return tally_row(t->tally, (uint8_t)by, key);
}

uint32_t tracker_row_joined(struct tracker *t, const struct join_result *r, struct str user)
{
    if (r->how == JOIN_AMBIGUOUS)
        return tracker_selective(t) ? ROW_NONE : TALLY_AMBIGUOUS;
    if (r->how != JOIN_NONE && r->dir.n > 0)
        return row_of(t, BY_SCRIPT, r->dir);
    return t->o.by == BY_SOURCE ? row_of(t, BY_USER, user) : ROW_NONE;
}

void tracker_count_message(struct tracker *t, struct openmsg *m, uint32_t row)
{
    m->row = row;
    if (row == ROW_NONE || row == ROW_HELD)
        return;
    tally_message(t->tally, row, m->when);
    t->stats.messages++;
    if (m->when > t->stats.latest_message)
        t->stats.latest_message = m->when;
    if (t->o.on_message != NULL)
        t->o.on_message(t->o.ctx, m->when);
}

/* Move the outcomes into the rows. */
static void count_outcomes(struct tracker *t, struct openmsg *m)
{
    uint64_t seen = 0;
    for (uint32_t i = 0; i < m->slot_count; i++) {
        struct openmsg_slot *slot = openmsg_slot_at(m, i);
        uint32_t row = slot->row == ROW_NONE ? m->row : slot->row;
        if (row < ROW_HELD)
            tally_at(t->tally, row)->outcomes[slot->outcome]++;
        seen++;
    }
    if (m->row >= ROW_HELD || t->o.by == BY_DOMAIN)
        return;
    struct tally_row *r = tally_at(t->tally, m->row);
    uint64_t all = m->expected > seen ? m->expected : seen;
    if (all == 0)
        all = 1;                             /* every message has one, seen or not */
    r->recipients += all;
    if (!m->completed)
        r->outcomes[OUTCOME_QUEUED] += all - seen;
}

void tracker_close(struct tracker *t, struct openmsg *m)
{
    count_outcomes(t, m);
    opentable_remove(t->open, m);
}

void tracker_evict(void *ctx, struct openmsg *m)
{
    if (!m->headless)
        count_outcomes(ctx, m);
}

/* --- recipients --- */

/* Recipients of one message that are looked at to count it once for each domain. */
#define DOMAINS_COMPARED 256

static uint64_t hash_address(const struct tracker *t, struct str address)
{
    return hash_str(t->o.key, address) | 1;
}

static uint32_t row_domain(struct tracker *t, struct str address)
{
    char lower[256];
    size_t at = str_rfind_c(address, '@');
    struct str domain = at == STR_NONE ? STR("(local)") : str_skip(address, at + 1);
    domain = str_head(domain, sizeof lower);
    for (size_t i = 0; i < domain.n; i++)
        lower[i] = ascii_tolower(domain.p[i]);
    return row_of(t, BY_DOMAIN, str_make(lower, domain.n));
}

void tracker_count_slot(struct tracker *t, struct openmsg *m, uint32_t i)
{
    uint32_t row = openmsg_slot_at(m, i)->row;
    if (t->o.by != BY_DOMAIN || row >= ROW_HELD)
        return;
    bool counted = false;
    for (uint32_t k = 0; k < i && k < DOMAINS_COMPARED && !counted; k++)
        counted = openmsg_slot_at(m, k)->row == row;
    if (!counted) {
        tally_message(t->tally, row, m->when);
        t->stats.messages++;
    }
    tally_at(t->tally, row)->recipients++;
}

static struct openmsg_slot *slot_of(struct tracker *t, struct openmsg *m, struct str address)
{
    uint32_t before = m->slot_count;
    struct openmsg_slot *slot = openmsg_slot(m, hash_address(t, address));
    if (slot == NULL)
        t->stats.beyond++;
    if (slot == NULL || m->slot_count == before)
        return slot;
    if (t->o.by == BY_DOMAIN)
        slot->row = row_domain(t, address);
    if (!m->headless)
        tracker_count_slot(t, m, before);
    return slot;
}

/* Of a message that counts under no key, nobody wants to know what became of it. */
static bool outcome_unwanted(const struct tracker *t, const struct openmsg *m)
{
    return m != NULL && !m->headless && m->row == ROW_NONE && t->o.by != BY_DOMAIN &&
           t->o.by != BY_USER;
}

static void recipients_expect(struct tracker *t, struct openmsg *m, struct str list)
{
    struct str address;
    while (logline_recipient(&list, &address)) {
        m->expected++;
        if (t->o.by == BY_DOMAIN)
            slot_of(t, m, address);
    }
}

/* --- arrivals --- */

static bool is_own_bounce(const struct line_arrival *a)
{
    return a->bounce_of.n > 0 && !a->has_host;
}

static struct join_arrival join_view(struct tracker *t, const struct logline *line,
                                     const struct line_arrival *a)
{
    struct join_arrival v = { .tag = ++t->next_tag, .mode = CWD_OTHER };
    struct msgid id;
    struct msgid_parts parts;
    if (msgid_parse(line->id, &id) != 0 ||
        msgid_decode(&id, t->base, t->o.localhost_number, &parts) != 0)
        return v;
    v.when = parts.when;
    v.usec = parts.usec;
    v.precision = parts.precision;
    v.pid = parts.pid;
    if (a->has_host)
        return v;
    join_arrival_mode(&v, a->protocol);
    if (is_own_bounce(a)) {
        v.mode = CWD_BOUNCE;
        v.parent = hash_address(t, a->bounce_of);
    }
    v.user = a->user;
    v.sender = hash_address(t, a->sender);
    return v;
}

static uint32_t row_script(struct tracker *t, struct openmsg *m, const struct logline *line,
                           const struct line_arrival *a)
{
    struct join_result r;
    uint64_t hashes[HELD_RECIPIENTS];
    struct join_arrival v = join_view(t, line, a);
    struct str list = a->recipients, address;
    while (a->has_for && v.mode != CWD_OTHER && v.recipient_count < HELD_RECIPIENTS &&
           logline_recipient(&list, &address))
        hashes[v.recipient_count++] = hash_address(t, address);
    v.recipients = a->has_for ? hashes : NULL;
    join_arrival_add(t->join, &v, &r);
    if (tracker_hold_arrival(t, &v, &r, a, m->id))
        return ROW_HELD;
    if (a->has_host)
        return ROW_NONE;
    if (is_own_bounce(a))
        return tracker_selective(t) ? ROW_NONE : TALLY_BOUNCES;
    return tracker_row_joined(t, &r, a->user);
}

static bool is_loopback(struct str ip)
{
    return str_starts(ip, STR("127.")) || str_eq(ip, STR("::1"));
}

static uint32_t row_login(struct tracker *t, const struct line_arrival *a)
{
    if (a->auth.n == 0)
        return ROW_NONE;
    return row_of(t, BY_LOGIN, a->auth_id.n > 0 ? a->auth_id : a->auth);
}

static uint32_t row_source(struct tracker *t, struct openmsg *m, const struct logline *line,
                           const struct line_arrival *a)
{
    uint32_t row = row_script(t, m, line, a);   /* also tells the join of every arrival */
    if (!a->has_host)
        return row;
    if (a->auth.n > 0)
        return row_login(t, a);
    if (is_loopback(a->host.ip))
        return row_of(t, BY_HOST, a->host.ip);
    t->stats.from_outside++;
    return ROW_NONE;
}

static uint32_t row_subject(struct tracker *t, const struct line_arrival *a)
{
    char text[TALLY_KEY_MAX];
    if (!a->has_subject)
        return ROW_NONE;
    size_t n = logline_unescape(a->subject, text, sizeof text);
    return row_of(t, BY_SUBJECT, str_make(text, n));
}

static uint32_t row_for(struct tracker *t, struct openmsg *m, const struct logline *line,
                        const struct line_arrival *a)
{
    enum top_by by = t->o.by;
    if (by == BY_SOURCE)
        return row_source(t, m, line, a);
    if (by == BY_SCRIPT)
        return row_script(t, m, line, a);
    if (by == BY_HOST)
        return a->has_host && a->host.ip.n > 0 ? row_of(t, BY_HOST, a->host.ip) : ROW_NONE;
    if (by == BY_LOGIN)
        return row_login(t, a);
    if (by == BY_DOMAIN)
        return ROW_NONE;
    if (is_own_bounce(a))
        return tracker_selective(t) ? ROW_NONE : TALLY_BOUNCES;
    if (by == BY_USER)
        return a->has_host || a->user.n == 0 ? ROW_NONE : row_of(t, BY_USER, a->user);
    if (by == BY_SENDER)
        return row_of(t, BY_SENDER, a->null_sender ? STR("<>") : a->sender);
    return row_subject(t, a);
}

/* Base 62 or 36 is a property of the host: decided once, by the first arrival whose time
 * makes sense in one of them. */
static int64_t id_time(struct tracker *t, const struct logline *line, int64_t utc)
{
    if (!t->base_known) {
        struct msgid id;
        if (msgid_parse(line->id, &id) == 0) {
            t->base = msgid_guess_base(&id, utc - 30 * 86400, utc + 2 * 86400);
            t->base_known = true;
        }
    }
    if (t->base == MSGID_BASE62)
        return msgid_when62(line->id);
    struct msgid id;
    struct msgid_parts parts;
    if (msgid_parse(line->id, &id) != 0 || msgid_decode(&id, t->base, -1, &parts) != 0)
        return utc;
    return parts.when;
}

static void on_arrival(struct tracker *t, const struct logline *line, int64_t utc)
{
    struct line_arrival a;
    logline_arrival(line, &a);
    int64_t begun = id_time(t, line, utc);
    if (line->has_date && line->offset == LOGLINE_NO_OFFSET)
        logzone_observe(&t->zone, line->stamped, begun);
    struct msgid_key key = msgid_pack(line->id);
    struct openmsg *m = opentable_find(t->open, key);
    if (m == NULL)
        m = opentable_add(t->open, key, tracker_evict, t);
    else if (!m->headless)
        return;                              /* the same line again */
    m->headless = false;
    m->when = utc;
    for (uint32_t i = 0; i < m->slot_count; i++)
        tracker_count_slot(t, m, i);
    uint32_t row = row_for(t, m, line, &a);
    tracker_count_message(t, m, row);
    if (a.has_for && !outcome_unwanted(t, m))
        recipients_expect(t, m, a.recipients);
    if (row < ROW_HELD) {
        if (a.has_subject)
            tally_distinct(t->tally, row, TALLY_SUBJECT, a.subject);
        if (a.has_host && a.host.ip.n > 0)
            tally_distinct(t->tally, row, TALLY_CLIENT, a.host.ip);
    }
    t->stats.any_subject = t->stats.any_subject || a.has_subject;
}

/* --- the other lines --- */

/* A message whose arrival is not (yet) known. */
static struct openmsg *message_headless(struct tracker *t, const struct logline *line, int64_t utc)
{
    struct openmsg *m = opentable_add(t->open, msgid_pack(line->id), tracker_evict, t);
    m->headless = true;
    m->when = utc;
    return m;
}

static void on_outcome(struct tracker *t, const struct logline *line, int64_t utc,
                       enum outcome outcome)
{
    struct str address, original;
    struct openmsg *m = opentable_find(t->open, msgid_pack(line->id));
    if (m != NULL && m->completed)
        return;                              /* it waits for the edge; the rest is of nobody */
    if (outcome_unwanted(t, m) || logline_delivery_address(line, &address, &original) != 0)
        return;
    if (m == NULL)
        m = message_headless(t, line, utc);
    struct openmsg_slot *slot = slot_of(t, m, original.n > 0 ? original : address);
    if (slot != NULL)
        slot->outcome = (uint8_t)outcome;
}

static void on_end(struct tracker *t, const struct logline *line, int64_t utc)
{
    struct openmsg *m = opentable_find(t->open, msgid_pack(line->id));
    if (m == NULL && t->o.continues)
        m = message_headless(t, line, utc);  /* all the rest of it may be in the unit before */
    if (m == NULL)
        return;
    m->completed = true;
    /* A headless message belongs to the unit before, and one that arrived near the edge may have
     * its first outcome there (cutthrough); a held one waits for its row. */
    bool waits = t->o.continues && m->when - EDGE_SECONDS <= t->unit_first;
    if (!m->headless && m->row != ROW_HELD && !waits)
        tracker_close(t, m);
    else if (m->headless && !t->o.continues)
        opentable_remove(t->open, m);
}

static bool has_lone_dashes(struct str text)
{
    size_t at = 0, n;
    while ((n = str_find_c(str_skip(text, at), '-')) != STR_NONE) {
        at += n + 1;
        if (str_starts(str_skip(text, at), STR("- ")) && at > 1 && text.p[at - 2] == ' ')
            return true;
    }
    return false;
}

/* `... -Mc ID` at the end: Exim starts itself again to deliver what it has just taken, once for
 * each message. Behind a lone `--` it would be a recipient, so that must not be in the line. */
static bool is_redelivery(struct str text)
{
    for (size_t n = MSGID_OLD_LEN; n <= MSGID_NEW_LEN; n += MSGID_NEW_LEN - MSGID_OLD_LEN) {
        if (text.n > n + 5 && memcmp(text.p + text.n - n - 5, " -Mc ", 5) == 0 &&
            msgid_prefix(str_skip(text, text.n - n)) == n)
            return !has_lone_dashes(text);
    }
    return false;
}

static void on_cwd(struct tracker *t, const struct logline *line, int64_t utc)
{
    struct line_cwd c;
    struct str address, args;
    t->stats.any_cwd = true;
    if (is_redelivery(line->text) || logline_cwd(line, &c) != 0 || c.mode == CWD_OTHER)
        return;
    struct join_submission s = { .when = utc, .pid = line->pid, .mode = c.mode,
                                 .has_sender = c.has_sender, .tag = ++t->next_tag };
    s.dir = tracker_keep(t, c.dir);
    s.sender = hash_address(t, c.sender);
    if (c.parent.n > 0)
        s.parent = hash_address(t, c.parent);
    args = c.operands;
    while (s.recipient_count < JOIN_RECIPIENTS && logline_arg_recipient(&args, &address))
        s.recipients[s.recipient_count++] = hash_address(t, address);
    join_submission_add(t->join, &s);
    tracker_hold_submission(t, &s);
}

/* A submission that the ACL refused has an id and a cwd line, too: nothing else may claim that. */
static void on_refused(struct tracker *t, const struct logline *line)
{
    struct line_rejected r;
    struct join_result joined;
    struct line_arrival a = { .protocol = STR("local") };
    if (logline_rejected(line, &r) != 0 || !str_eq(r.what, STR("non-SMTP")))
        return;
    a.sender = r.sender;
    struct join_arrival v = join_view(t, line, &a);
    join_arrival_add(t->join, &v, &joined);
    tracker_hold_arrival(t, &v, &joined, NULL, msgid_pack(line->id));
}

static void on_rejected(struct tracker *t, const struct logline *line, int64_t utc)
{
    struct line_rejected r;
    if (logline_rejected(line, &r) != 0 || r.host.ip.n == 0)
        return;
    uint32_t row = row_of(t, BY_REJECTED, r.host.ip);
    if (row == ROW_NONE)
        return;
    bool recipient = str_eq(r.what, STR("RCPT"));
    struct tally_row *counts = tally_at(t->tally, row);
    uint64_t messages = counts->messages;
    tally_message(t->tally, row, utc);
    if (recipient || str_eq(r.what, STR("connection")))
        counts->messages = messages;         /* nothing that was a message */
    if (recipient) {
        counts->recipients++;
        counts->outcomes[r.temporary ? OUTCOME_DEFERRED : OUTCOME_FAILED]++;
    }
    tally_distinct(t->tally, row, TALLY_CLIENT, r.host.ip);
    t->stats.messages++;
}

/* cPanel names the account of authenticated mail in a line of its own. */
static void on_cpanel(struct tracker *t, const struct logline *line, int64_t utc)
{
    struct line_cpanel c;
    if (t->o.by != BY_USER || logline_cpanel(line, &c) != 0 || c.user.n == 0)
        return;
    struct openmsg *m = opentable_find(t->open, msgid_pack(line->id));
    if (m == NULL && t->o.continues)
        m = message_headless(t, line, utc);
    if (m == NULL || m->row != ROW_NONE || m->completed)
        return;
    uint32_t row = row_of(t, BY_USER, c.user);
    if (m->headless)
        m->row = row;                        /* counted when it gets its head */
    else
        tracker_count_message(t, m, row);
}

static bool in_span(const struct tracker *t, int64_t utc)
{
    return utc >= t->o.since && utc <= t->o.until;
}

static void line_dispatch(struct tracker *t, const struct logline *line, int64_t utc)
{
    bool has_id = line->id.n > 0;
    switch (line->class) {
    case LINE_CWD:
        if (t->o.by <= BY_SCRIPT)
            on_cwd(t, line, utc);
        break;
    case LINE_ARRIVAL:
        if (has_id)
            on_arrival(t, line, utc);
        break;
    case LINE_DELIVERY:
        if (has_id)
            on_outcome(t, line, utc, OUTCOME_DELIVERED);
        break;
    case LINE_FAILURE:
        if (has_id)
            on_outcome(t, line, utc, OUTCOME_FAILED);
        break;
    case LINE_DEFERRAL:
        if (has_id)
            on_outcome(t, line, utc, OUTCOME_DEFERRED);
        break;
    case LINE_COMPLETED:
    case LINE_CANCELLED:
        if (has_id)
            on_end(t, line, utc);
        break;
    case LINE_REJECTED:
        if (has_id && t->o.by <= BY_SCRIPT)
            on_refused(t, line);
        break;
    case LINE_CPANEL_SENDER:
    case LINE_CPANEL_CONNECTION:
        if (has_id)
            on_cpanel(t, line, utc);
        break;
    default:
        break;
    }
}

static void line_feed(struct tracker *t, struct str raw)
{
    struct logline line;
    if (logline_parse(raw, &t->hint, &line) != 0)
        return;
    int64_t utc = logzone_utc(&t->zone, &line);
    t->stats.lines++;
    if (t->unit_first == INT64_MAX)
        t->unit_first = utc;
    if (t->previous != INT64_MIN && t->previous - utc > t->stats.clock_back)
        t->stats.clock_back = t->previous - utc;
    t->previous = utc;
    if (!in_span(t, utc)) {
        /* A submission just before the span may belong to a message just inside. */
        if (line.class == LINE_CWD && t->o.by <= BY_SCRIPT && utc <= t->o.until)
            on_cwd(t, &line, utc);
        return;
    }
    if (utc < t->stats.first)
        t->stats.first = utc;
    if (utc > t->stats.last)
        t->stats.last = utc;
    if (t->o.by != BY_REJECTED)
        line_dispatch(t, &line, utc);
    else if (line.class == LINE_REJECTED)
        on_rejected(t, &line, utc);
}

bool tracker_passed(const struct tracker *t)
{
    /* Two hours: a change of zone must not end it early. */
    return t->o.until < INT64_MAX - 7200 && t->previous > t->o.until + 7200;
}

/* A line of a file of Exim's own begins with a date and a space at column 11. */
static bool may_be_syslog_part(struct str raw)
{
    return (raw.n > 10 && raw.p[10] != ' ') && syslogjoin_is_part(raw);
}

/* Half of a busy log are refusals and the like: lines without an id that are no cwd line. In Exim's
 * plain form (date, and at most a pid) they are known by one look at where the text begins; every
 * other form of line is parsed. */
static bool is_noise(const struct tracker *t, struct str raw)
{
    const char *p = raw.p;
    size_t i = 20;
    if (raw.n < 48 || p[10] != ' ' || p[19] != ' ' || t->o.by == BY_REJECTED ||
        t->unit_first == INT64_MAX)
        return false;
    if (p[i] == '[') {
        while (i < 32 && p[i] != ']')
            i++;
        i += 2;
    }
    if (p[i] == '+' || p[i] == '-')
        return false;                        /* a zone */
    return p[i + 6] != '-' && (p[i] != 'c' || p[i + 1] != 'w');
}

/* Of lines that were passed over the last one is parsed after all: it knows the time. */
static void noise_end(struct tracker *t, struct str last, uint64_t count)
{
    t->stats.lines += count;
    if (last.n > 0)
        line_feed(t, last);
}

void tracker_feed(struct tracker *t, struct str block)
{
    struct str joined, noise = STR("");
    uint64_t passed = 0;
    while (block.n > 0) {
        const char *end = memchr(block.p, '\n', block.n);
        size_t n = end == NULL ? block.n : (size_t)(end - block.p);
        struct str raw = str_make(block.p, n);
        block = str_skip(block, n + 1);
        if (is_noise(t, raw)) {
            noise = raw;
            passed++;
            continue;
        }
        noise.n = 0;
        if (!may_be_syslog_part(raw))
            line_feed(t, raw);
        else if (syslogjoin_feed(t->parts, raw, &joined))
            line_feed(t, joined);
    }
    noise_end(t, noise, noise.n > 0 ? passed - 1 : passed);
    tracker_prune(t);
}

void tracker_finish(struct tracker *t)
{
    struct str joined;
    size_t cursor = 0;
    struct openmsg *m;
    while (syslogjoin_flush(t->parts, &joined))
        line_feed(t, joined);
    while ((m = opentable_next(t->open, &cursor)) != NULL) {
        if (m->headless)
            opentable_remove(t->open, m);
        else
            tracker_close(t, m);
    }
}
