/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_policyreq - requests of the policy protocol, and replies with texts from outside
 *
 * Holds for any bytes: read whole or in pieces, they come to the same requests; every
 * view lies within its ceiling; nothing of one request is left in the next. And a reply
 * made from any text is one line of printable ASCII and an empty one.
 */
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "door/reply.h"
#include "door/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request_check(const struct request *r)
{
    const struct envelope *e = &r->envelope;
    must(e->stage <= STAGE_END && e->verified <= VERIFIED_DEFER);
    must(e->helo.n <= ENVELOPE_HELO_MAX && e->session.n <= ENVELOPE_SESSION_MAX);
    must(e->sender.n <= ENVELOPE_ADDRESS_MAX && e->recipient.n <= ENVELOPE_ADDRESS_MAX);
    must(e->stage != STAGE_RCPT || r->ignored || e->recipient.n > 0);
    must(str_find_c(e->recipient, '\n') == STR_NONE && str_find_c(e->helo, '\n') == STR_NONE);
    must(!e->dry);
}

/* What a request came to, in bytes that can be compared. */
static void note(const struct request *r, enum request_progress p, struct buf *out)
{
    const struct envelope *e = &r->envelope;
    buf_addf(out, "%d %s\n", (int)p, p == REQUEST_BAD ? request_why(r) : "");
    if (p != REQUEST_DONE)
        return;
    request_check(r);
    const struct str views[] = { e->helo, e->sender, e->recipient, e->session, e->client_name,
                                 r->envelope.end_reason };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        buf_addf(out, "%zu ", views[i].n);
        buf_add(out, views[i]);
    }
    buf_addf(out, "%d %d %d %d %u %d\n", (int)e->stage, r->ignored, e->has_client,
             (int)e->verified, (unsigned)e->client_port, e->authenticated);
}

/* Read all requests, `step` bytes at a time, and their end. */
static void read_all(struct str in, size_t step, struct buf *out)
{
    struct request r;
    enum request_progress p;
    size_t from = 0, to = 0;
    request_init(&r);
    while (from < in.n) {
        size_t used = request_feed(&r, str_make(in.p + from, to - from), &p);
        must(used <= to - from);
        from += used;
        if (p != REQUEST_MORE) {
            note(&r, p, out);
            request_next(&r);
        } else if (to == in.n) {
            break;
        } else {
            to = in.n - to < step ? in.n : to + step;
        }
    }
    must(in.n - from <= REQUEST_LINE_MAX);
    note(&r, request_end(&r, from < in.n), out);
    request_fini(&r);
}

static void reply_check(struct str text)
{
    static const enum verdict_action actions[] = { VERDICT_PASS, VERDICT_TAG, VERDICT_DEFER,
                                                   VERDICT_REFUSE };
    struct buf out;
    buf_init(&out, REPLY_MAX);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        struct verdict v = { .action = actions[i], .text = text, .code = text.n > 0
                             ? (unsigned char)text.p[0] * 4u : 0 };
        memcpy(v.status, text.p, text.n < 11 ? text.n : 11);
        buf_reset(&out);
        reply_add(&out, &v);
        must(!buf_bad(&out) && str_starts(buf_str(&out), STR("action=")));
        must(str_find(buf_str(&out), STR("\n\n")) == out.n - 2);
        for (size_t k = 0; k + 2 < out.n; k++)
            must(out.p[k] >= ' ' && out.p[k] < 0x7f);
    }
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_make(size == 0 ? "" : (const char *)data, size);
    struct buf whole, pieces;
    buf_init(&whole, 8 * size + 1000);
    buf_init(&pieces, 8 * size + 1000);
    read_all(in, size + 1, &whole);
    size_t step = 1 + (size == 0 ? 0 : data[size - 1] % 64u);
    if (size < 20000) {   /* byte by byte, a long line is looked at again with each */
        read_all(in, step, &pieces);
        must(str_eq(buf_str(&whole), buf_str(&pieces)));
    }
    reply_check(in);
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
