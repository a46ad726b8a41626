/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syslogjoin - put together what syslog has split
 *
 *     Feb 14 18:12:33 host exim[7]: [1/2] 2025-02-14 18:12:33 1tixMn-... <= a@b ... T="lo
 *     Feb 14 18:12:33 host exim[7]: [2/2] ng"
 *
 * Parts belong together by host, program and pid, and come in order. The
 * joined line has the head of its first part. A few are held at a time; a log
 * that is full of first parts without a second costs no more than those few.
 */
#include "mail/syslogjoin.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"

#include "mail/logline_internal.h"

#define SOURCE_MAX 256      /* of `host exim[7]:`, by which parts are told apart */

struct slot {
    struct buf line;        /* head, then the text so far */
    char source[SOURCE_MAX];
    size_t source_n;
    unsigned next, last;    /* the part that must come, and the number of parts; 0 = free */
    bool newline;           /* a newline stood behind the part before */
    uint64_t age;           /* when it began: the oldest makes room */
};

struct syslogjoin {
    struct slot slots[SYSLOGJOIN_OPEN];
    struct buf out;         /* the line handed out last: its slot may be in use again */
    uint64_t clock;
};

struct syslogjoin *syslogjoin_new(void)
{
    struct syslogjoin *j = must_alloc(sizeof *j);
    for (size_t i = 0; i < SYSLOGJOIN_OPEN; i++)
        buf_init(&j->slots[i].line, SYSLOGJOIN_LINE_MAX);
    buf_init(&j->out, SYSLOGJOIN_LINE_MAX);
    return j;
}

void syslogjoin_free(struct syslogjoin **j)
{
    if (*j == NULL)
        return;
    for (size_t i = 0; i < SYSLOGJOIN_OPEN; i++)
        buf_fini(&(*j)->slots[i].line);
    buf_fini(&(*j)->out);
    free(*j);
    *j = NULL;
}

/* What fits of `s`. */
static void add_cut(struct buf *b, struct str s)
{
    buf_add(b, str_head(s, b->max - b->n));
}

static struct slot *slot_find(struct syslogjoin *j, struct str source)
{
    for (size_t i = 0; i < SYSLOGJOIN_OPEN; i++) {
        struct slot *s = &j->slots[i];
        if (s->last != 0 && str_eq(str_make(s->source, s->source_n), source))
            return s;
    }
    return NULL;
}

/* A free slot, or the oldest. */
static struct slot *slot_room(struct syslogjoin *j)
{
    struct slot *oldest = &j->slots[0];
    for (size_t i = 0; i < SYSLOGJOIN_OPEN; i++) {
        if (j->slots[i].last == 0)
            return &j->slots[i];
        if (j->slots[i].age < oldest->age)
            oldest = &j->slots[i];
    }
    return oldest;
}

/* Free the slot and hand its line out. */
static bool slot_out(struct syslogjoin *j, struct slot *s, struct str *line_out)
{
    struct buf spare = j->out;
    j->out = s->line;
    s->line = spare;
    s->last = 0;
    *line_out = buf_str(&j->out);
    return true;
}

static void slot_begin(struct syslogjoin *j, struct slot *s, struct str raw,
                       const struct syslog_head *head)
{
    buf_reset(&s->line);
    add_cut(&s->line, str_make(raw.p, (size_t)(head->text.p - raw.p)));
    memcpy(s->source, head->source.p, head->source.n);
    s->source_n = head->source.n;
    s->age = ++j->clock;
    s->newline = false;
}

static void slot_add(struct slot *s, struct str text, bool newline)
{
    if (s->newline)
        add_cut(&s->line, STR("\n"));
    add_cut(&s->line, text);
    s->newline = newline;
}

bool syslogjoin_is_part(struct str raw)
{
    struct syslog_head head;
    unsigned n, m;
    bool newline;
    /* Exim's own files: `2025-02-14 18:12:33 `. */
    if (raw.n > 10 && raw.p[4] == '-' && raw.p[10] == ' ')
        return false;
    return logline_syslog_head(raw, &head) == 0 &&
           logline_eat_part(&head.text, &n, &m, &newline);
}

bool syslogjoin_feed(struct syslogjoin *j, struct str raw, struct str *line_out)
{
    struct syslog_head head;
    unsigned n, m;
    bool newline, have = false;
    *line_out = raw;
    if (!syslogjoin_is_part(raw) || logline_syslog_head(raw, &head) != 0 ||
        head.source.n > SOURCE_MAX)
        return true;
    struct str text = head.text;
    logline_eat_part(&text, &n, &m, &newline);
    struct slot *s = slot_find(j, head.source);
    if (m == 1 || (n > 1 && (s == NULL || s->next != n || s->last != m)))
        return true;                    /* alone, or the parts before it are lost */
    if (n == 1) {
        s = s == NULL ? slot_room(j) : s;
        have = s->last != 0 && slot_out(j, s, line_out);
        slot_begin(j, s, raw, &head);
        s->last = m;
    }
    slot_add(s, text, newline);
    s->next = n + 1;
    return n == m ? slot_out(j, s, line_out) : have;
}

bool syslogjoin_flush(struct syslogjoin *j, struct str *line_out)
{
    struct slot *oldest = NULL;
    for (size_t i = 0; i < SYSLOGJOIN_OPEN; i++) {
        struct slot *s = &j->slots[i];
        if (s->last != 0 && (oldest == NULL || s->age < oldest->age))
            oldest = s;
    }
    return oldest != NULL && slot_out(j, oldest, line_out);
}
