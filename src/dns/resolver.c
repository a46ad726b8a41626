/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver - questions to the DNS, answered later, each within its time
 *
 * The part that all makers share; see question.h. A question has one timer: it
 * is the deadline first, and when the answer has come it is set to "at once"
 * and delivers. libunbound itself knows no deadline for a question, it goes on
 * trying for a minute and more.
 *
 * A number is a slot and a generation, so that the number of a question that is
 * over never finds the next one in its slot.
 */
#include "dns/resolver.h"

#include <stdlib.h>

#include "base/must.h"
#include "dns/question.h"

/* Questions without an asker that the maker may still hold, for each that may be open: servers that
 * never answer keep libunbound busy far longer than anybody here waits. */
#define LINGER_FACTOR 3u

struct resolver *resolver_begin(struct loop *l, const struct resolver_ops *ops, unsigned open_max)
{
    struct resolver *r = must_alloc(sizeof *r);
    r->ops = ops;
    r->loop = l;
    r->open_max = open_max > 0 ? open_max : 1;
    r->generation = 1;
    return r;
}

static uint32_t slot_of(uint64_t number)
{
    return (uint32_t)(number & UINT32_MAX) - 1;
}

static void slots_grow(struct resolver *r)
{
    size_t count = r->slot_count == 0 ? 64 : 2 * r->slot_count;
    r->slots = must_realloc(r->slots, count * sizeof r->slots[0]);
    r->free_slots = must_realloc(r->free_slots, count * sizeof r->free_slots[0]);
    for (size_t i = count; i > r->slot_count; i--) {
        r->slots[i - 1] = NULL;
        r->free_slots[r->free_count++] = (uint32_t)(i - 1);
    }
    r->slot_count = count;
}

static void number_give(struct resolver *r, struct question *q)
{
    if (r->free_count == 0)
        slots_grow(r);
    uint32_t slot = r->free_slots[--r->free_count];
    r->slots[slot] = q;
    q->number = (uint64_t)r->generation++ << 32 | (slot + 1u);
}

static void number_take(struct resolver *r, const struct question *q)
{
    uint32_t slot = slot_of(q->number);
    r->slots[slot] = NULL;
    r->free_slots[r->free_count++] = slot;
}

static void question_unlink(struct question *q)
{
    if (q->previous != NULL)
        q->previous->next = q->next;
    else
        q->resolver->all = q->next;
    if (q->next != NULL)
        q->next->previous = q->previous;
}

static void question_free(struct question *q)
{
    free(q->packet);
    free(q);
}

/* Nobody waits any longer: its number is given back. */
static void question_close(struct question *q)
{
    struct resolver *r = q->resolver;
    timer_cancel(r->loop, &q->timer);
    number_take(r, q);
    q->over = true;
    r->stats.open--;
    if (!q->asked)
        question_unlink(q);
}

static void count_answer(struct resolver_stats *s, enum dns_status status)
{
    switch (status) {
    case DNS_OK:
    case DNS_NODATA:
    case DNS_NXDOMAIN:
        s->answered++;
        break;
    case DNS_TIMEOUT:
        s->timeouts++;
        break;
    case DNS_BUSY:
        s->busy++;
        break;
    case DNS_FAILED:
    case DNS_BAD_NAME:
        s->failed++;
        break;
    }
}

/* The last thing that happens to a question: in its asker's hands the resolver itself may be freed,
 * so nothing of it is touched afterwards. */
static void deliver(struct question *q, const struct dns_answer *answer)
{
    struct dns_asker asker = q->asker;
    uint64_t number = q->number;
    bool gone = !q->asked;
    count_answer(&q->resolver->stats, answer->status);
    question_close(q);
    asker.call(asker.ctx, number, answer);
    if (gone)
        question_free(q);
}

static void on_ready(void *ctx)
{
    struct question *q = ctx;
    struct dns_answer answer = q->answer;
    if (answer.status == DNS_OK)
        q->resolver->ops->read(q->resolver, q, &answer);
    deliver(q, &answer);
}

static void on_deadline(void *ctx)
{
    struct dns_answer answer = { .status = DNS_TIMEOUT, .why = "" };
    deliver(ctx, &answer);
}

void question_answered(struct question *q, struct str packet)
{
    must(q->asked);
    struct resolver *r = q->resolver;
    q->asked = false;
    r->asked--;
    if (q->over) {
        question_unlink(q);
        question_free(q);
        return;
    }
    if (packet.n > 0) {
        q->packet = must_alloc(packet.n);
        memcpy(q->packet, packet.p, packet.n);
        q->packet_n = packet.n;
    }
    timer_set(r->loop, &q->timer, 0, on_ready, q);
}

/* Hand the question to the maker. False: it is answered already, by q->answer. */
static bool question_ask(struct resolver *r, struct question *q, struct str name)
{
    q->answer = (struct dns_answer){ .status = DNS_BAD_NAME, .why = "" };
    if (dns_wire_from_text(name, &q->name) != 0)
        return false;
    q->answer.status = DNS_BUSY;
    if (r->stats.open > r->open_max || r->asked >= (size_t)LINGER_FACTOR * r->open_max)
        return false;
    q->answer.status = DNS_OK;
    q->asked = true;
    r->asked++;
    if (r->ops->ask(r, q) == 0)
        return true;
    q->asked = false;
    r->asked--;
    return false;
}

uint64_t resolver_ask(struct resolver *r, struct str name, enum dns_type type, unsigned timeout_ms,
                      struct dns_asker asker)
{
    struct question *q = must_alloc(sizeof *q);
    q->resolver = r;
    q->asker = asker;
    q->type = type;
    q->next = r->all;
    if (q->next != NULL)
        q->next->previous = q;
    r->all = q;
    number_give(r, q);
    r->stats.asked++;
    r->stats.open++;
    timer_set(r->loop, &q->timer, timeout_ms, on_deadline, q);
    uint64_t number = q->number;
    if (!question_ask(r, q, name))
        timer_set(r->loop, &q->timer, 0, on_ready, q);
    return number;
}

void resolver_cancel(struct resolver *r, uint64_t question)
{
    uint32_t slot = slot_of(question);
    if (slot >= r->slot_count || r->slots[slot] == NULL || r->slots[slot]->number != question)
        return;
    struct question *q = r->slots[slot];
    question_close(q);
    if (!q->asked)
        question_free(q);
}

void resolver_stats(const struct resolver *r, struct resolver_stats *out)
{
    *out = r->stats;
}

void resolver_free(struct resolver **rp)
{
    struct resolver *r = *rp;
    if (r == NULL)
        return;
    *rp = NULL;
    for (struct question *q = r->all; q != NULL; q = q->next) {
        timer_cancel(r->loop, &q->timer);
        timer_cancel(r->loop, &q->script_timer);
        if (!q->over)
            number_take(r, q);
        q->over = true;
    }
    r->ops->close(r);
    while (r->all != NULL) {
        struct question *q = r->all;
        r->all = q->next;
        question_free(q);
    }
    free(r->slots);
    free(r->free_slots);
    free(r);
}
