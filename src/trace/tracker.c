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
#include "trace/sites.h"
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
    t->own_after = UINT64_MAX;
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
    tracker_forget(*t);
    syslogjoin_free(&(*t)->parts);
    free((*t)->held);
    free(*t);
    *t = NULL;
}

void tracker_forget(struct tracker *t)
{
    tracker_cwd_forget(t);
    memset(t->known_rows, 0, sizeof t->known_rows);
}

void tracker_file(struct tracker *t, const struct logfile *f, uint64_t at, int64_t utc)
{
    t->hint = f->hint;
    logzone_begin(&t->zone, f, utc);
    cwdname_enter(&t->name, f, at);
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
#define CUTTHROUGH_SECONDS 60

/* --- rows --- */

/* The row of a key, or ROW_NONE when only another source is wanted. */
static uint32_t row_of(struct tracker *t, enum top_by by, struct str key)
{
    if (tracker_selective(t) && (by != t->o.only_by || !str_eq(key, t->o.only_key)))
        return ROW_NONE;
    return tally_row(t->tally, (uint8_t)by, key);
}

/* The row of what `user` sent from `dir`: the directory, unless it does not tell who that was. */
static uint32_t row_place(struct tracker *t, struct str dir, struct str user)
{
    bool unwanted = tracker_selective(t) && t->o.only_by == BY_SCRIPT &&
                    !str_eq(dir, t->o.only_key);
    if (unwanted || user.n == 0 || sites_place_tells(t->o.sites, user, dir))
        return row_of(t, BY_SCRIPT, dir);
    return row_of(t, BY_USER, user);
}

/* The same for a directory of `dirs`. Each of them lies in one place only, so that and the user are
 * enough to know the row again. */
static uint32_t row_dir(struct tracker *t, struct str dir, struct str user)
{
    if (user.n == 0 || (t->o.by == BY_SCRIPT && !tracker_selective(t)))
        user = STR("");                      /* rows are places then, whoever stood there */
    if (user.n > KNOWN_USER_MAX)
        return row_place(t, dir, user);
    uint64_t begin = 0;
    memcpy(&begin, user.p, user.n < sizeof begin ? user.n : sizeof begin);
    uint64_t h = ((uint64_t)(uintptr_t)dir.p ^ begin) * UINT64_C(0x9e3779b97f4a7c15);
    struct known_row *known = &t->known_rows[h >> (64 - KNOWN_ROWS_BITS)];
    if (known->dir != dir.p || known->n != dir.n || known->user_n != user.n ||
        memcmp(known->user, user.p, user.n) != 0) {
        *known = (struct known_row){ .dir = dir.p, .n = (uint32_t)dir.n,
                                     .row = row_place(t, dir, user), .user_n = (uint8_t)user.n };
        memcpy(known->user, user.p, user.n);
    }
    return known->row;
}

uint32_t tracker_row_joined(struct tracker *t, const struct join_arrival *v,
                            const struct join_result *r)
{
    struct str user = v->user;
    /* Who may choose P= is trusted: a content filter, that hands in what had come before. Where it
     * stands says nothing. */
    if (v->any_mode && user.n > 0 && !sites_web_user(user))
        return t->o.by == BY_SOURCE ? row_of(t, BY_USER, user) : ROW_NONE;
    /* Whose directories these are is not in doubt, if the user is one person's. */
    bool tells = t->o.by == BY_SOURCE && user.n > 0 && !sites_shared_user(user);
    if (r->how == JOIN_AMBIGUOUS && tells)
        return row_of(t, BY_USER, user);
    if (r->how == JOIN_AMBIGUOUS)
        return tracker_selective(t) ? ROW_NONE : TALLY_AMBIGUOUS;
    if (r->how != JOIN_NONE && r->dir.n > 0)
        return row_dir(t, r->dir, user);
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
    struct openmsg_slot *slot = openmsg_slot(t->open, m, tracker_hash(t, address));
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

static void recipients_expect(struct tracker *t, struct openmsg *m, const struct line_arrival *a)
{
    struct str list = a->recipients, address;
    if (a->recipient_count > 0 && t->o.by != BY_DOMAIN && !t->o.thorough) {
        m->expected += a->recipient_count;
        return;
    }
    while (logline_recipient(&list, &address)) {
        m->expected++;
        if (t->o.by == BY_DOMAIN)
            slot_of(t, m, address);
    }
}

/* --- arrivals --- */

bool tracker_own_bounce(const struct line_arrival *a)
{
    return a->bounce_of.n > 0 && !a->has_host && sites_bounce_user(a->user);
}

static struct join_arrival join_view(struct tracker *t, const struct logline *line,
                                     const struct line_arrival *a)
{
    struct join_arrival v = { .tag = ++t->next_tag, .mode = CWD_OTHER };
    struct msgid_parts parts;
    if (msgid_decode_text(line->id, t->base, t->o.localhost_number, &parts) != 0)
        return v;
    v.when = parts.when;
    v.usec = parts.usec;
    v.precision = parts.precision;
    v.pid = parts.pid;
    if (a->has_host)
        return v;
    join_arrival_mode(&v, a->protocol);
    if (a->bounce_of.n > 0) {                /* anybody's, with -E, also of a session */
        v.mode = v.mode == CWD_SUBMIT_SMTP ? v.mode : CWD_BOUNCE;
        v.parent = tracker_hash(t, a->bounce_of);
    }
    v.user = a->user;
    return v;
}

/* Join by what the lines say, where the pid does not decide. True if the row has to wait. */
static bool join_by_fields(struct tracker *t, const struct openmsg *m, const struct line_arrival *a,
                           struct join_arrival *v, struct join_result *out)
{
    uint64_t hashes[HELD_RECIPIENTS];
    struct str list = a->recipients, address;
    if (!a->has_host)
        v->sender = tracker_hash(t, a->sender);
    while (a->has_for && v->mode != CWD_OTHER && v->recipient_count < HELD_RECIPIENTS &&
           logline_recipient(&list, &address))
        hashes[v->recipient_count++] = tracker_hash(t, address);
    v->recipients = a->has_for ? hashes : NULL;
    join_arrival_add(t->join, v, out);
    bool waits = tracker_hold_arrival(t, v, out, a, m->id);
    v->recipients = NULL;
    return waits;
}

static uint32_t row_script(struct tracker *t, struct openmsg *m, const struct logline *line,
                           const struct line_arrival *a)
{
    struct join_result r;
    struct join_arrival v = join_view(t, line, a);
    bool by_pid = !t->o.thorough && !tracker_at_edge(t) && join_arrival_by_pid(t->join, &v, &r);
    if (!by_pid && join_by_fields(t, m, a, &v, &r))
        return ROW_HELD;
    if (a->has_host)
        return ROW_NONE;
    if (tracker_own_bounce(a))
        return tracker_selective(t) ? ROW_NONE : TALLY_BOUNCES;
    return tracker_row_joined(t, &v, &r);
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
    if (tracker_own_bounce(a))
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
    struct msgid_parts parts;
    return msgid_decode_text(line->id, t->base, -1, &parts) == 0 ? parts.when : utc;
}

void tracker_zone(struct tracker *t, const struct logline *line, int64_t begun)
{
    if (line->has_date && line->offset == LOGLINE_NO_OFFSET)
        logzone_observe(&t->zone, line->stamped, begun);
}

struct openmsg *tracker_arrived(struct tracker *t, const struct logline *line, int64_t utc)
{
    tracker_zone(t, line, id_time(t, line, utc));
    struct msgid_key key = msgid_pack(line->id);
    struct openmsg *m = opentable_find(t->open, key);
    if (m == NULL)
        m = opentable_add(t->open, key, tracker_evict, t);
    else if (!m->headless)
        return NULL;
    m->headless = false;
    m->when = utc;
    for (uint32_t i = 0; i < m->slot_count; i++)
        tracker_count_slot(t, m, i);
    return m;
}

static void on_counted(struct tracker *t, const struct logline *line, int64_t utc)
{
    struct line_arrival a;
    struct openmsg *m = tracker_arrived(t, line, utc);
    if (m == NULL)
        return;
    logline_arrival(line, &a);
    uint32_t row = row_for(t, m, line, &a);
    tracker_count_message(t, m, row);
    if (a.has_for && !outcome_unwanted(t, m))
        recipients_expect(t, m, &a);
    if (row < ROW_HELD) {
        if (a.has_subject)
            tally_distinct_soon(t->tally, row, TALLY_SUBJECT, a.subject);
        if (a.has_host && a.host.ip.n > 0)
            tally_distinct_soon(t->tally, row, TALLY_CLIENT, a.host.ip);
    }
}

static void on_arrival(struct tracker *t, const struct logline *line, int64_t utc)
{
    if (!tracker_uncounted(t, line, utc))
        on_counted(t, line, utc);
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
    bool waits = t->o.continues && m->when - CUTTHROUGH_SECONDS <= t->unit_first;
    if (!m->headless && m->row != ROW_HELD && !waits)
        tracker_close(t, m);
    else if (m->headless && !t->o.continues)
        opentable_remove(t->open, m);
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
    tally_distinct_soon(t->tally, row, TALLY_CLIENT, r.host.ip);
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

void tracker_dispatch(struct tracker *t, const struct logline *line, int64_t utc)
{
    bool has_id = line->id.n > 0;
    if (t->o.by == BY_REJECTED) {
        if (line->class == LINE_REJECTED)
            on_rejected(t, line, utc);
        return;
    }
    switch (line->class) {
    case LINE_CWD:
        if (t->o.by <= BY_SCRIPT)
            tracker_cwd(t, line, utc);
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
