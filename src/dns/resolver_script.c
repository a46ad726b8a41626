/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver_script - a DNS that says what a test wrote down
 *
 * For the virtual clock: each answer comes after its delay, or never (a row
 * with DNS_TIMEOUT), so that a list which is slow, refuses, lies or is gone can
 * be played in microseconds. Rows are few; they are searched one by one.
 */
#include <stdlib.h>

#include "base/must.h"
#include "dns/question.h"

#define OPEN_MAX_SCRIPT 100000u
#define NEGATIVE_TTL 300u
#define POSITIVE_TTL 600u

struct row {
    struct row *next;
    char name[DNS_NAME_MAX + 1];
    enum dns_type type;
    enum dns_status status;
    unsigned delay_ms, asked;
    struct dns_record records[DNS_RECORDS_MAX];
    size_t count;
    char *texts[DNS_RECORDS_MAX];   /* heap: what the records point at */
};

struct script {
    struct row *rows;
    struct row *counters;           /* questions without a row: only `name`, `type`, `asked` */
};

static struct row *row_exact(struct row *rows, struct str name, enum dns_type type)
{
    for (; rows != NULL; rows = rows->next) {
        if (rows->type == type && str_eq_nocase(str_c(rows->name), name))
            return rows;
    }
    return NULL;
}

/* The row itself, or the nearest "*." above. */
static struct row *row_find(const struct script *s, struct str name, enum dns_type type)
{
    struct row *row = row_exact(s->rows, name, type);
    while (row == NULL && str_find_c(name, '.') != STR_NONE) {
        char wild[DNS_WIRE_TEXT_MAX + 3] = "*.";
        str_cut(&name, '.');
        if (str_copy(name, wild + 2, sizeof wild - 2) == 0)
            row = row_exact(s->rows, str_c(wild), type);
    }
    return row;
}

static struct row *row_add(struct row **rows, struct str name, enum dns_type type)
{
    struct row *row = must_alloc(sizeof *row);
    must(str_copy(name, row->name, sizeof row->name) == 0);
    row->type = type;
    row->next = *rows;
    *rows = row;
    return row;
}

static struct str question_name(const struct question *q, char text[DNS_WIRE_TEXT_MAX])
{
    return str_make(text, dns_wire_as_text(&q->name, text));
}

static void on_delay(void *ctx)
{
    question_answered(ctx, str_make("", 0));
}

static int script_ask(struct resolver *r, struct question *q)
{
    struct script *s = r->own;
    char text[DNS_WIRE_TEXT_MAX];
    struct str name = str_head(question_name(q, text), DNS_NAME_MAX);
    struct row *row = row_find(s, name, q->type);
    struct row *counter = row_exact(s->counters, name, q->type);
    if (counter == NULL)
        counter = row_add(&s->counters, name, q->type);
    counter->asked++;
    if (row == NULL || row->status != DNS_TIMEOUT)
        timer_set(r->loop, &q->script_timer, row == NULL ? 0 : row->delay_ms, on_delay, q);
    return 0;
}

static void script_read(struct resolver *r, struct question *q, struct dns_answer *out)
{
    char text[DNS_WIRE_TEXT_MAX];
    const struct row *row = row_find(r->own, question_name(q, text), q->type);
    *out = (struct dns_answer){ .status = DNS_NXDOMAIN, .ttl = NEGATIVE_TTL, .why = "" };
    if (row == NULL)
        return;
    out->status = row->status;
    out->why = row->status == DNS_FAILED ? "SERVFAIL" : "";
    out->ttl = row->status == DNS_OK ? POSITIVE_TTL : NEGATIVE_TTL;
    out->records = row->records;
    out->count = row->status == DNS_OK ? row->count : 0;
}

static void row_empty(struct row *row)
{
    for (size_t i = 0; i < row->count; i++)
        free(row->texts[i]);
    row->count = 0;
}

static void rows_free(struct row *rows)
{
    while (rows != NULL) {
        struct row *next = rows->next;
        row_empty(rows);
        free(rows);
        rows = next;
    }
}

static void script_close(struct resolver *r)
{
    struct script *s = r->own;
    rows_free(s->rows);
    rows_free(s->counters);
    free(s);
}

static const struct resolver_ops script_ops = { script_ask, script_read, script_close };

struct resolver *resolver_new_script(struct loop *l)
{
    struct resolver *r = resolver_begin(l, &script_ops, OPEN_MAX_SCRIPT);
    r->own = must_alloc(sizeof(struct script));
    return r;
}

static void record_fill(struct dns_record *record, enum dns_type type, struct str text)
{
    uint64_t preference = 0;
    *record = (struct dns_record){ .type = type };
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        must(ip_parse(text, &record->ip) == 0);
        break;
    case DNS_TXT:
        record->text = text;
        break;
    case DNS_MX:
        must(str_eat_u64(&text, &preference) == 0);
        record->preference = (uint16_t)preference;
        record->name = str_trim(text);
        break;
    case DNS_CNAME:
    case DNS_PTR:
        record->name = text;
        break;
    }
    if (str_eq(record->name, STR(".")))
        record->name = str_make("", 0);
}

void resolver_script_put(struct resolver *r, const struct resolver_row *from)
{
    must(r->ops == &script_ops);
    struct script *s = r->own;
    const char *const *records = from->records;
    struct row *row = row_exact(s->rows, str_c(from->name), from->type);
    if (row == NULL)
        row = row_add(&s->rows, str_c(from->name), from->type);
    row_empty(row);
    row->status = from->status;
    row->delay_ms = from->delay_ms;
    for (; records != NULL && *records != NULL && row->count < DNS_RECORDS_MAX; records++) {
        size_t n = strlen(*records);
        char *copy = must_alloc(n + 1);
        memcpy(copy, *records, n);
        row->texts[row->count] = copy;
        record_fill(&row->records[row->count++], from->type, str_make(copy, n));
    }
}

unsigned resolver_script_asked(const struct resolver *r, const char *name, enum dns_type type)
{
    must(r->ops == &script_ops);
    const struct script *s = r->own;
    const struct row *row = row_exact(s->counters, str_c(name), type);
    return row == NULL ? 0 : row->asked;
}
