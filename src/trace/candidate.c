/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidate - ids in a complaint that may be ours, and what speaks for each
 *
 * Judging by the complaint alone never says yes: it orders, and it finds
 * reasons for no. Only the log says yes.
 */
#include "trace/candidate.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"

#define CLOCK_EARLY 2            /* seconds that a Received line may be before its id */
#define CLOCK_LATE 7200          /* ... and after: as long as reception may take */
#define LATER_HOP 86400          /* seconds after our last log line: too late for that message */
#define FIELD_MAX 8192

struct finder {
    const struct own_names *own;
    struct arena *arena;
    struct candidate *out;
    size_t count, max;
};

static struct str text_of(struct arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static struct str text_of(struct arena *arena, const char *fmt, ...)
{
    char text[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return arena_str(arena, str_c(text));
}

static int64_t when_of(const struct msgid *id, const struct own_names *own)
{
    struct msgid_parts parts;
    if (msgid_decode(id, own->base, own->localhost_number, &parts) != 0)
        return INT64_MIN;
    return parts.when;
}

void candidate_given(struct msgid id, const struct own_names *own, struct candidate *out)
{
    *out = (struct candidate){ .id = id, .how = CANDIDATE_GIVEN, .when = when_of(&id, own) };
}

static bool known(const struct finder *f, const struct msgid *id)
{
    for (size_t i = 0; i < f->count; i++) {
        if (msgid_eq(&f->out[i].id, id))
            return true;
    }
    return false;
}

static bool name_is_ours(const struct own_names *own, struct str name)
{
    for (size_t i = 0; i < own->count; i++) {
        if (str_eq_nocase(own->names[i], name))
            return true;
    }
    return false;
}

static void judge_clock(const struct finder *f, struct candidate *c)
{
    char id_text[CLOCK_TEXT_MAX], line_text[CLOCK_TEXT_MAX];
    if (!c->received.has_date)
        return;
    int64_t late = c->received.when - c->when;
    if (c->when != INT64_MIN && late >= -CLOCK_EARLY && late <= CLOCK_LATE) {
        c->clock = YES;
        return;
    }
    c->clock = NO;
    clock_human(c->when == INT64_MIN ? 0 : c->when, c->received.offset, id_text);
    clock_human(c->received.when, c->received.offset, line_text);
    c->doubt = text_of(f->arena, "its id says %s, but its Received line says %s", id_text,
                       line_text);
}

static void judge_host(const struct finder *f, struct candidate *c)
{
    if (f->own->count == 0 || c->received.by.n == 0)
        return;
    c->host = name_is_ours(f->own, c->received.by) ? YES : NO;
    if (c->host == NO && c->doubt.n == 0)
        c->doubt = text_of(f->arena, "it was written by %.*s, which is not this server",
                           STR_ARG(str_head(c->received.by, 200)));
}

static struct candidate *candidate_add(struct finder *f, const struct msgid *id,
                                       enum candidate_how how)
{
    if (f->count == f->max || known(f, id))
        return NULL;
    struct candidate *c = &f->out[f->count++];
    *c = (struct candidate){ .id = *id, .how = how, .when = when_of(id, f->own) };
    return c;
}

/* Every Received line with an id of Exim's grammar, from the top. */
static void from_received(struct finder *f, const struct complaint_block *block)
{
    struct header_cursor cursor;
    struct header_field field;
    struct header_received above = { .exim = false };
    struct msgid id;
    bool has_above = false;
    unsigned number = 0;
    struct buf b;
    buf_init(&b, FIELD_MAX);
    header_begin(&cursor, block->header);
    while (header_next(&cursor, &field)) {
        if (!str_eq_nocase(field.name, STR("Received")))
            continue;
        number++;
        buf_reset(&b);
        header_unfold(str_head(field.raw, FIELD_MAX / 2), &b);
        struct str value = arena_str(f->arena, buf_str(&b));
        struct header_received received;
        if (header_received(value, &received) != 0)
            continue;
        if (msgid_parse(received.id, &id) == 0) {
            struct candidate *c = candidate_add(f, &id, CANDIDATE_RECEIVED);
            if (c != NULL) {
                c->block = block;
                c->number = number;
                c->field = value;
                c->received = received;
                c->has_above = has_above;
                c->above = above;
                judge_clock(f, c);
                judge_host(f, c);
            }
        }
        above = received;
        has_above = true;
    }
    buf_fini(&b);
}

/* Message-ID: <E1xVSGY-0005Tl-1C@host>, as Exim makes it for a message without one. */
static void from_message_id(struct finder *f, const struct complaint_block *block)
{
    struct buf b;
    struct msgid id;
    buf_init(&b, FIELD_MAX);
    if (header_get(block->header, STR("Message-ID"), &b)) {
        struct str s = str_trim(buf_str(&b));
        str_eat(&s, STR("<"));
        struct str local = str_cut(&s, '@');
        if (str_eat(&local, STR("E")) && msgid_parse(local, &id) == 0) {
            struct candidate *c = candidate_add(f, &id, CANDIDATE_MESSAGE_ID);
            if (c != NULL)
                c->block = block;
        }
    }
    buf_fini(&b);
}

static void from_text(struct finder *f, struct str text)
{
    struct msgid id;
    while (f->count < f->max && msgid_next(&text, &id))
        candidate_add(f, &id, CANDIDATE_TEXT);
}

/* The complained-about message first, then the report's own way to us, and last what stood in the
 * body of the complained-about message: its sender wrote that. */
enum rank { RANK_INNER, RANK_OUTER, RANK_WITHIN };

static enum rank rank_of(const struct complaint_block *block)
{
    if (block->within)
        return RANK_WITHIN;
    return block->outer ? RANK_OUTER : RANK_INNER;
}

size_t candidates_of(const struct complaint *c, const struct own_names *own, struct arena *arena,
                     struct candidate *out, size_t max)
{
    struct finder f = { .own = own, .arena = arena, .out = out, .max = max };
    for (enum rank rank = RANK_INNER; rank <= RANK_WITHIN; rank++) {
        for (size_t i = 0; i < c->block_count; i++) {
            if (rank_of(&c->blocks[i]) == rank)
                from_received(&f, &c->blocks[i]);
        }
    }
    for (size_t i = 0; i < c->block_count; i++)
        from_message_id(&f, &c->blocks[i]);
    from_text(&f, c->text);
    return f.count;
}

/* --- against the log --- */

struct compare {
    const struct candidate *c;
    struct arena *arena;
    struct line_arrival a;
    unsigned against;            /* points */
    unsigned compared;
    struct str first;            /* the first thing that differs */
};

static void differs(struct compare *k, unsigned points, struct str what)
{
    k->against += points;
    if (k->first.n == 0)
        k->first = what;
}

/* Without <>, and without what a paste may have left behind it. */
static struct str bare_id(struct str s)
{
    s = str_trim(s);
    return str_eat(&s, STR("<")) ? str_cut(&s, '>') : s;
}

static void compare_message_id(struct compare *k, struct buf *b)
{
    if (k->a.message_id.n == 0 || !header_get(k->c->block->header, STR("Message-ID"), b))
        return;
    struct str theirs = bare_id(buf_str(b)), ours = bare_id(k->a.message_id);
    k->compared++;
    if (!str_eq(theirs, ours))
        differs(k, 2, text_of(k->arena, "our log has Message-ID %.*s for it, the complaint %.*s",
                              STR_ARG(str_head(ours, 120)), STR_ARG(str_head(theirs, 120))));
}

/* Without white space: folding, and Exim's own marks for it, differ. */
static size_t squeeze(struct str s, char *dst, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < size; i++) {
        if (!ascii_space(s.p[i]))
            dst[n++] = s.p[i];
    }
    return n;
}

/* Exim logs at most 100 bytes of the subject, and may cut inside a character. */
static void compare_subject(struct compare *k, struct buf *b)
{
    char raw[400], ours[400], theirs[400];
    struct buf decoded;
    if (!k->a.has_subject || !header_get(k->c->block->header, STR("Subject"), b))
        return;
    buf_init(&decoded, FIELD_MAX);
    header_decode(buf_str(b), &decoded);
    size_t logged = logline_unescape(k->a.subject, raw, sizeof raw);
    size_t n = squeeze(str_make(raw, logged), ours, sizeof ours);
    size_t m = squeeze(buf_str(&decoded), theirs, sizeof theirs);
    size_t same = n < m ? n : m;
    /* A cut character, and the last bytes of a long line, say nothing. */
    if (same > 4 && logged >= 90)
        same -= 4;
    k->compared++;
    bool differ = memcmp(ours, theirs, same) != 0 || (logged < 90 && m != n);
    if (differ)
        differs(k, 1, text_of(k->arena, "our log has another subject for it: %.*s",
                              (int)(logged < 120 ? logged : 120), raw));
    buf_fini(&decoded);
}

static void compare_sender(struct compare *k, struct buf *b)
{
    struct str theirs = k->c->received.envelope_from;
    if (theirs.n == 0 && header_get(k->c->block->header, STR("Return-path"), b))
        theirs = header_address(buf_str(b));
    if (theirs.n == 0 || k->a.sender.n == 0)
        return;
    k->compared++;
    if (!str_eq_nocase(theirs, k->a.sender))
        differs(k, 1, text_of(k->arena, "our log has sender %.*s for it, the complaint %.*s",
                              STR_ARG(str_head(k->a.sender, 120)),
                              STR_ARG(str_head(theirs, 120))));
}

/* The recipient's server took it long after we were done with it. */
static void compare_time(struct compare *k, const struct gathered *g)
{
    char done[CLOCK_TEXT_MAX], taken[CLOCK_TEXT_MAX];
    if (!k->c->has_above || !k->c->above.has_date || !g->completed || g->count == 0)
        return;
    const struct trace_line *last = &g->lines[g->count - 1];
    k->compared++;
    if (k->c->above.when <= last->utc + LATER_HOP)
        return;
    clock_human(last->utc, last->zone, done);
    clock_human(k->c->above.when, last->zone, taken);
    differs(k, 3, text_of(k->arena, "we were done with it at %s, but the next server says that it "
                          "took it at %s", done, taken));
}

static void compare_recipient(struct compare *k)
{
    struct str list = k->a.recipients, address;
    struct str theirs = k->c->received.recipient;
    if (!k->a.has_for || k->a.cut || theirs.n == 0)
        return;
    k->compared++;
    while (logline_recipient(&list, &address)) {
        if (str_eq_nocase(address, theirs))
            return;
    }
    differs(k, 1, text_of(k->arena, "our log does not have %.*s among its recipients",
                          STR_ARG(str_head(theirs, 120))));
}

struct str candidate_replayed(const struct candidate *c, const struct gathered *g,
                              struct arena *arena)
{
    struct compare k = { .c = c, .arena = arena };
    if (c->block == NULL || g->arrival < 0)
        return STR("");
    struct buf b;
    buf_init(&b, FIELD_MAX);
    logline_arrival(&g->lines[g->arrival].line, &k.a);
    compare_time(&k, g);
    compare_message_id(&k, &b);
    compare_subject(&k, &b);
    compare_sender(&k, &b);
    compare_recipient(&k);
    buf_fini(&b);
    /* One thing may be redacted or rewritten on the way; two that differ are another message. */
    return k.against >= 3 || (k.against == 2 && k.compared == 1) ? k.first : STR("");
}
