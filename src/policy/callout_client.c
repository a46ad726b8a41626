/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callout_client - ask a mail server whether it would take an address
 *
 * One table says for each step what is sent, and where a reply of each class
 * leads. A dialogue lives as long as its connection; the answer is given once,
 * at the step that decides it, and the rest is politeness.
 */
#include "policy/callout_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/must.h"
#include "event/conn.h"
#include "mail/smtpreply.h"

#define ADDRESS_MAX 320u         /* RFC 5321 section 4.5.3.1 allows 256 for a path */
#define INPUT_MAX ((size_t)SMTPREPLY_LINE_MAX * 8)
#define OUTPUT_MAX 2048u
#define QUIT_MS 2000u            /* for the answer to QUIT; then we close */

enum step { STEP_GREETING, STEP_EHLO, STEP_HELO, STEP_MAIL, STEP_RANDOM, STEP_RCPT, STEP_QUIT,
            STEPS };

struct dialogue {
    struct callout_client *client;
    enum step step;
    struct ip ip;
    char address[ADDRESS_MAX], random[ADDRESS_MAX];
    bool random_refused, answered, silent;
    callout_callback *call;
    void *ctx;
};

struct callout_client {
    struct conns *conns;
    struct callout_client_options options;
    bool closing;
};

static void answer(struct dialogue *d, enum callout_answer what, const struct smtpreply *r)
{
    struct callout_result result = { .answer = what, .random_refused = d->random_refused };
    if (d->answered)
        return;
    d->answered = true;
    d->silent = what == CALLOUT_BUSY || what == CALLOUT_UNREACHABLE;
    if (r != NULL) {
        result.code = r->code;
        result.status = r->status;
        result.text = r->text;
    }
    if (!d->client->closing)
        d->call(d->ctx, &result);
}

static void step_say(struct conn *c, struct dialogue *d)
{
    struct buf line;
    buf_init(&line, OUTPUT_MAX);
    switch (d->step) {
    case STEP_EHLO: buf_addf(&line, "EHLO %s\r\n", d->client->options.helo); break;
    case STEP_HELO: buf_addf(&line, "HELO %s\r\n", d->client->options.helo); break;
    case STEP_MAIL: buf_add(&line, STR("MAIL FROM:<>\r\n")); break;
    case STEP_RANDOM: buf_addf(&line, "RCPT TO:<%s>\r\n", d->random); break;
    case STEP_RCPT: buf_addf(&line, "RCPT TO:<%s>\r\n", d->address); break;
    case STEP_QUIT: buf_add(&line, STR("QUIT\r\n")); break;
    case STEP_GREETING:
    case STEPS: break;
    }
    conn_write(c, buf_str(&line));
    buf_fini(&line);
    conn_deadline(c, d->step == STEP_QUIT ? QUIT_MS : d->client->options.command_ms);
}

static void go(struct conn *c, struct dialogue *d, enum step next)
{
    d->step = next;
    step_say(c, d);
}

static void leave(struct conn *c, struct dialogue *d, enum callout_answer what,
                  const struct smtpreply *r)
{
    answer(d, what, r);
    go(c, d, STEP_QUIT);
}

/* What a 5xx means at each step. */
static void refused(struct conn *c, struct dialogue *d, const struct smtpreply *r)
{
    static const enum callout_answer meaning[STEPS] = {
        [STEP_GREETING] = CALLOUT_HOST_REFUSED, [STEP_HELO] = CALLOUT_HOST_REFUSED,
        [STEP_MAIL] = CALLOUT_NULL_REFUSED, [STEP_RCPT] = CALLOUT_REFUSED,
    };
    if (d->step == STEP_EHLO) {
        go(c, d, STEP_HELO);
    } else if (d->step == STEP_RANDOM) {
        d->random_refused = true;
        go(c, d, STEP_RCPT);
    } else if (r->code == 530) {         /* RFC 3207: it wants STARTTLS first */
        leave(c, d, CALLOUT_TEMPORARY, r);
    } else {
        leave(c, d, meaning[d->step], r);
    }
}

static void accepted(struct conn *c, struct dialogue *d, const struct smtpreply *r)
{
    switch (d->step) {
    case STEP_GREETING: go(c, d, STEP_EHLO); break;
    case STEP_EHLO:
    case STEP_HELO: go(c, d, STEP_MAIL); break;
    case STEP_MAIL: go(c, d, d->random[0] != '\0' ? STEP_RANDOM : STEP_RCPT); break;
    case STEP_RANDOM: leave(c, d, CALLOUT_ACCEPTS_ALL, r); break;
    case STEP_RCPT: leave(c, d, CALLOUT_ACCEPTED, r); break;
    case STEP_QUIT:
    case STEPS: break;
    }
}

static void reply_take(struct conn *c, struct dialogue *d, const struct smtpreply *r)
{
    if (d->step == STEP_QUIT)
        conn_finish(c);
    else if (r->code == 421)
        leave(c, d, CALLOUT_BUSY, r);
    else if (r->code >= 500)
        refused(c, d, r);
    else if (r->code >= 400)
        leave(c, d, CALLOUT_TEMPORARY, r);
    else if (r->code < 300)
        accepted(c, d, r);
    else
        leave(c, d, CALLOUT_UNREACHABLE, r);     /* nobody was asked to go on */
}

static size_t on_input(void *ctx, struct conn *c, struct str bytes, bool eof)
{
    struct dialogue *d = conn_user(c);
    struct str rest = bytes;
    struct smtpreply r;
    (void)ctx;
    (void)eof;
    int got = smtpreply_next(&rest, &r);
    if (got < 0) {
        answer(d, CALLOUT_UNREACHABLE, NULL);
        conn_drop(c);
        return bytes.n;
    }
    if (got == 1)
        reply_take(c, d, &r);
    return bytes.n - rest.n;
}

static void on_opened(void *ctx, struct conn *c)
{
    struct dialogue *d = conn_user(c);
    (void)ctx;
    conn_deadline(c, d->client->options.command_ms);
}

static void on_closed(void *ctx, struct conn *c, enum conn_end why)
{
    struct callout_client *all = ctx;
    struct dialogue *d = conn_user(c);
    (void)why;
    bool silent = !all->closing && (!d->answered || d->silent);
    all->options.over(all->options.over_ctx, &d->ip, silent);
    answer(d, CALLOUT_UNREACHABLE, NULL);
    free(d);
}

struct callout_client *callout_client_new(struct loop *l, const struct callout_client_options *o)
{
    static const struct conn_calls calls = { .opened = on_opened, .input = on_input,
                                             .closed = on_closed };
    struct callout_client *c = must_alloc(sizeof *c);
    struct conns_options options = { .name = "callout", .max = o->max, .input_max = INPUT_MAX,
                                     .output_max = OUTPUT_MAX, .write_ms = o->command_ms };
    c->options = *o;
    c->conns = conns_new(l, &options, &calls, c);
    return c;
}

void callout_client_free(struct callout_client **c)
{
    if (*c == NULL)
        return;
    (*c)->closing = true;
    conns_free(&(*c)->conns);
    free(*c);
    *c = NULL;
}

/* Can it be said between angle brackets without ending the command or the path? */
static bool address_sayable(struct str s)
{
    bool quoted = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char b = (unsigned char)s.p[i];
        if (b < 0x20 || b >= 0x7f)
            return false;
        if (quoted && b == '\\') {
            i++;
            if (i == s.n || (unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7f)
                return false;
        } else if (b == '"') {
            quoted = !quoted;
        } else if (!quoted && (b == ' ' || b == '<' || b == '>')) {
            return false;
        }
    }
    return !quoted;
}

int callout_call(struct callout_client *c, const struct callout_question *q,
                 callout_callback *call, void *ctx)
{
    struct dialogue *d = must_alloc(sizeof *d);
    struct conn_target target = { .ip = q->ip, .port = c->options.port,
                                  .timeout_ms = c->options.connect_ms };
    d->client = c;
    d->ip = q->ip;
    d->call = call;
    d->ctx = ctx;
    if (address_sayable(q->address) && address_sayable(q->random) && q->address.n > 0 &&
        str_copy(q->address, d->address, sizeof d->address) == 0 &&
        str_copy(q->random, d->random, sizeof d->random) == 0 &&
        conns_connect(c->conns, &target, d) != 0)
        return 0;
    free(d);
    return -1;
}
