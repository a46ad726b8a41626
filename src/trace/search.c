/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * search - messages by what they look like, when there is no id
 *
 * A recipient may be named by the arrival (`for`, with +received_recipients) or
 * only by the delivery that follows, so a search by recipient looks at both; the other
 * conditions then are checked on the arrival, which is remembered for a while.
 */
#include "trace/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/must.h"
#include "logs/logreader.h"
#include "mail/logline.h"
#include "mail/syslogjoin.h"
#include "trace/cwdname.h"

#define WAITING_MAX 65536u       /* arrivals that fit but for the recipient; a power of two */

/* Arrivals whose recipient is not known yet, by a hash of the id; an overwritten one is only found
 * by its arrival. */
struct searcher {
    const struct search_query *q;
    struct search_result *out;
    struct logzone zone;
    struct logline_hint hint;
    struct hash_key key;
    uint64_t *waiting;
    struct syslogjoin *parts;
    struct cwdname name;
};

static bool address_matches(struct str wanted, struct str address)
{
    if (wanted.n == 0 || str_eq_nocase(wanted, address))
        return true;
    if (wanted.p[0] != '@' || address.n < wanted.n)
        return false;
    return str_eq_nocase(str_skip(address, address.n - wanted.n), wanted);
}

static bool subject_matches(struct str wanted, const struct line_arrival *a)
{
    char text[1024];
    if (wanted.n == 0)
        return true;
    size_t n = logline_unescape(a->subject, text, sizeof text);
    return str_find_nocase(str_make(text, n), wanted) != STR_NONE;
}

static bool by_trace(const struct search_query *q)
{
    return q->message_id_count > 0 || q->confirmation_count > 0;
}

static bool arrival_matches(const struct search_query *q, const struct line_arrival *a)
{
    for (size_t i = 0; i < q->message_id_count; i++) {
        if (str_eq(q->message_ids[i], a->message_id))
            return true;
    }
    if (by_trace(q))
        return false;
    return address_matches(q->from, a->null_sender ? STR("<>") : a->sender) &&
           subject_matches(q->subject, a) && (q->ip.n == 0 || str_eq(q->ip, a->host.ip));
}

static void match_add(struct searcher *s, struct str id_text)
{
    struct search_result *out = s->out;
    struct msgid id;
    if (msgid_parse(id_text, &id) != 0)
        return;
    for (size_t i = out->count; i > 0; i--) {
        if (msgid_eq(&out->ids[i - 1], &id))
            return;
    }
    out->matches++;
    if (out->count == SEARCH_MATCHES_MAX) {
        memmove(out->ids, out->ids + 1, (SEARCH_MATCHES_MAX - 1) * sizeof out->ids[0]);
        out->count--;
    }
    out->ids[out->count++] = id;
}

static uint64_t *waiting_of(struct searcher *s, struct str id, uint64_t *hash_out)
{
    *hash_out = hash_str(s->key, id) | 1;
    return &s->waiting[(*hash_out >> 20) % WAITING_MAX];
}

static bool recipient_listed(const struct search_query *q, const struct line_arrival *a)
{
    struct str list = a->recipients, address;
    while (logline_recipient(&list, &address)) {
        if (address_matches(q->to, address))
            return true;
    }
    return false;
}

static void on_arrival(struct searcher *s, const struct logline *line)
{
    struct line_arrival a;
    uint64_t hash;
    logline_arrival(line, &a);
    if (!arrival_matches(s->q, &a))
        return;
    if (s->q->to.n == 0 || recipient_listed(s->q, &a))
        match_add(s, line->id);
    else
        *waiting_of(s, line->id, &hash) = hash_str(s->key, line->id) | 1;
}

static bool word_byte(char c)
{
    return ascii_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* As a whole word: an id inside a longer one is another. */
static bool confirms(struct str confirmation, struct str id)
{
    for (size_t from = 0, at; (at = str_find(str_skip(confirmation, from), id)) != STR_NONE;
         from += at + 1) {
        size_t begin = from + at, end = begin + id.n;
        if ((begin == 0 || !word_byte(confirmation.p[begin - 1])) &&
            (end == confirmation.n || !word_byte(confirmation.p[end])))
            return true;
    }
    return false;
}

static void on_confirmation(struct searcher *s, const struct logline *line)
{
    struct line_delivery d;
    if (line->class != LINE_DELIVERY || logline_delivery(line, &d) != 0)
        return;
    for (size_t i = 0; i < s->q->confirmation_count; i++) {
        if (confirms(d.confirmation, s->q->confirmations[i])) {
            match_add(s, line->id);
            return;
        }
    }
}

static void on_delivery(struct searcher *s, const struct logline *line)
{
    struct str address, original;
    uint64_t hash;
    if (s->q->confirmation_count > 0)
        on_confirmation(s, line);
    if (s->q->to.n == 0 || *waiting_of(s, line->id, &hash) != hash ||
        logline_delivery_address(line, &address, &original) != 0)
        return;
    if (address_matches(s->q->to, address) ||
        (original.n > 0 && address_matches(s->q->to, original)))
        match_add(s, line->id);
}

/* False when the lines are past the span. */
static bool line_take(struct searcher *s, const struct logline *line)
{
    if (line->id.n == 0)
        return true;
    int64_t utc = logzone_utc(&s->zone, line);
    if (line->class == LINE_ARRIVAL && utc >= s->q->since && utc <= s->q->until)
        on_arrival(s, line);
    else if (line->class == LINE_DELIVERY || line->class == LINE_FAILURE ||
             line->class == LINE_DEFERRAL)
        on_delivery(s, line);
    /* A delivery may follow its arrival by days, a search for it does not. */
    return s->q->until > INT64_MAX - 86400 || utc <= s->q->until + 86400;
}

/* A line that was put together from parts, or looked at before. */
static bool line_apart(struct searcher *s, struct str raw)
{
    struct logline line;
    return logline_parse(raw, &s->hint, &line) != 0 || line_take(s, &line);
}

static bool line_feed(struct searcher *s, struct str raw)
{
    struct str joined;
    struct logline line;
    if (syslogjoin_is_part(raw))
        return !syslogjoin_feed(s->parts, raw, &joined) || line_apart(s, joined);
    return cwdname_parse(&s->name, &s->hint, raw, &line) != 0 || line_take(s, &line);
}

/* What a line must hold to matter, and where in the block it next stands. */
struct mark {
    struct str text;
    size_t at;
};

static void mark_find(struct mark *m, struct str block, size_t from)
{
    size_t hit = str_find(str_skip(block, from), m->text);
    m->at = hit == STR_NONE ? STR_NONE : from + hit;
}

static size_t marks_begin(const struct search_query *q, struct str block,
                          struct mark marks[2 * SEARCH_TRACES_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < q->message_id_count; i++)
        marks[n++].text = q->message_ids[i];
    for (size_t i = 0; i < q->confirmation_count; i++)
        marks[n++].text = q->confirmations[i];
    for (size_t i = 0; i < n; i++)
        mark_find(&marks[i], block, 0);
    return n;
}

/* The few lines of a block that hold one of the traces, in their order, and the last one, which
 * tells the time. A complaint that is not about us is looked for in all of the log. */
static bool block_traces(struct searcher *s, struct str block)
{
    struct mark marks[2 * SEARCH_TRACES_MAX];
    size_t n = marks_begin(s->q, block, marks);
    for (;;) {
        size_t first = 0;
        for (size_t i = 1; i < n; i++)
            first = marks[i].at < marks[first].at ? i : first;
        bool last = marks[first].at == STR_NONE;
        size_t hit = last ? block.n - 1 : marks[first].at;
        size_t begin = str_rfind_c(str_head(block, hit), '\n');
        struct str rest = str_skip(block, begin == STR_NONE ? 0 : begin + 1);
        struct str raw = str_cut(&rest, '\n');
        if (!cwdname_within(&s->name, raw) && !line_apart(s, raw))
            return false;
        if (last)
            return true;
        for (size_t i = 0; i < n; i++) {
            if (marks[i].at != STR_NONE && block.p + marks[i].at < raw.p + raw.n)
                mark_find(&marks[i], block, (size_t)(raw.p + raw.n - block.p));
        }
    }
}

/* Exim's own date in front: then no line needs those before it. */
static bool is_dated(struct str block)
{
    return block.n > 10 && ascii_digit(block.p[0]) && block.p[10] == ' ';
}

static bool block_search(struct searcher *s, struct str block)
{
    bool more = true;
    cwdname_block(&s->name, block);
    if (by_trace(s->q) && is_dated(block)) {
        more = block_traces(s, block);
        cwdname_tail(&s->name);
        return more;
    }
    while (more && block.n > 0)
        more = line_feed(s, str_cut(&block, '\n'));
    return more;
}

static bool file_search(struct searcher *s, const struct logfile *f)
{
    struct err err;
    struct logblock b;
    bool enter = f->packing == LOG_PLAIN && s->q->since > f->first, more = true;
    uint64_t begin = enter ? logfile_seek(f, s->q->since) : 0;
    struct logreader *r = logreader_new(f, begin, UINT64_MAX);
    int rc = 0;
    s->hint = f->hint;
    logzone_begin(&s->zone, f, enter ? s->q->since : INT64_MIN);
    cwdname_enter(&s->name, f, begin);
    while (more && (rc = logreader_next(r, &b, &err)) == 1) {
        more = block_search(s, b.bytes);
        if (s->q->progress != NULL)
            s->q->progress(s->q->ctx, b.offset, f->size);
    }
    if (rc < 0) {
        s->out->failed = true;
        if (s->q->problem != NULL)
            s->q->problem(s->q->ctx, err.text);
    }
    logreader_free(&r);
    return more;
}

void search(const struct logset *set, const struct search_query *q, struct search_result *out)
{
    struct searcher s = { .q = q, .out = out, .key = hash_key_new() };
    size_t from, to;
    struct str rest;
    s.waiting = must_array(WAITING_MAX, sizeof *s.waiting);
    s.parts = syslogjoin_new();
    *out = (struct search_result){ .count = 0 };
    logset_span(set, q->since, q->until, &from, &to);
    bool more = true;
    for (size_t i = from; i < to && more; i++) {
        if (logset_can_hold(set, i, q->since, INT64_MAX))
            more = file_search(&s, logset_file(set, i));
    }
    while (more && syslogjoin_flush(s.parts, &rest))
        more = line_apart(&s, rest);
    syslogjoin_free(&s.parts);
    free(s.waiting);
}
