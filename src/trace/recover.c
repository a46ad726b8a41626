/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recover - find a message of ours in a complaint that lost its id
 *
 * What is found here is evidence from our own log, but it was chosen by values that the outside
 * wrote; the caller compares the rest before it believes.
 */
#include "trace/recover.h"

#include "base/buf.h"
#include "mail/header.h"

#define VALUE_MIN 8u             /* bytes: shorter ids occur by chance */
#define VALUE_MAX 250u

struct clues {
    struct search_query query;
    struct arena *arena;
    int64_t earliest;
};

static void value_add(struct clues *k, struct str *list, size_t *count, struct str value)
{
    value = str_trim(value);
    if (value.n < VALUE_MIN || value.n > VALUE_MAX || *count == SEARCH_TRACES_MAX)
        return;
    for (size_t i = 0; i < *count; i++) {
        if (str_eq(list[i], value))
            return;
    }
    list[(*count)++] = arena_str(k->arena, value);
}

static void date_note(struct clues *k, int64_t when)
{
    if (when < k->earliest)
        k->earliest = when;
}

static void from_received(struct clues *k, struct str value)
{
    struct header_received r;
    if (header_received(value, &r) != 0)
        return;
    if (r.has_date)
        date_note(k, r.when);
    value_add(k, k->query.confirmations, &k->query.confirmation_count, r.id);
}

static void from_message_id(struct clues *k, struct str value)
{
    value = str_trim(value);
    str_eat(&value, STR("<"));
    value_add(k, k->query.message_ids, &k->query.message_id_count, str_cut(&value, '>'));
}

static void from_block(struct clues *k, const struct complaint_block *block)
{
    struct header_cursor cursor;
    struct header_field field;
    struct buf b;
    int64_t when;
    int32_t offset;
    buf_init(&b, HEADER_FIELD_MAX);
    header_begin(&cursor, block->header);
    while (header_next(&cursor, &field)) {
        buf_reset(&b);
        header_unfold(field.raw, &b);
        if (str_eq_nocase(field.name, STR("Received")))
            from_received(k, buf_str(&b));
        else if (str_eq_nocase(field.name, STR("Message-ID")))
            from_message_id(k, buf_str(&b));
        else if (str_eq_nocase(field.name, STR("Date")) &&
                 header_date(buf_str(&b), &when, &offset) == 0)
            date_note(k, when);
    }
    buf_fini(&b);
}

int recover_search(const struct complaint *c, const struct logset *set, struct arena *arena,
                   struct search_result *out)
{
    struct clues k = { .arena = arena, .earliest = INT64_MAX };
    for (size_t i = 0; i < c->block_count; i++) {
        if (!c->blocks[i].within && (!c->blocks[i].outer || c->block_count == 1))
            from_block(&k, &c->blocks[i]);
    }
    if (k.query.message_id_count == 0 && k.query.confirmation_count == 0)
        return -1;
    /* The sender writes Date and the lowest Received lines: a wrong date must not hide the
     * message, so where the span has nothing, all of the log is read. */
    k.query.since = INT64_MIN;
    k.query.until = INT64_MAX;
    if (k.earliest != INT64_MAX && k.earliest > logset_first(set) &&
        k.earliest < logset_last(set)) {
        k.query.since = k.earliest - 86400;
        k.query.until = k.earliest + RECOVER_DAYS * 86400;
    }
    search(set, &k.query, out);
    if (out->count == 0 && k.query.since != INT64_MIN) {
        k.query.since = INT64_MIN;
        k.query.until = INT64_MAX;
        search(set, &k.query, out);
    }
    return 0;
}
