/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_smtpreply - what a stranger's mail server sends to a callout
 *
 * Holds for any bytes: a reply lies inside of what came, consumes all of itself,
 * and has a code of the grammar; bytes that are no reply never become one by
 * more bytes; and a reply is found the same when it comes in two pieces.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/smtpreply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str part, struct str whole)
{
    must(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void reply_check(const struct smtpreply *r, struct str whole)
{
    inside(r->all, whole);
    inside(r->text, r->all);
    inside(r->status, r->all);
    must(r->code >= 200 && r->code <= 559 && r->lines >= 1 && r->lines <= SMTPREPLY_LINES_MAX);
    must(str_find_c(r->text, '\n') == STR_NONE);
    must(r->status.n == 0 || smtpreply_status(r->status).n == r->status.n);
    smtpreply_has_keyword(r, STR("SIZE"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str whole = str_make((const char *)data, size), in = whole;
    struct smtpreply r, again;
    int got;
    while ((got = smtpreply_next(&in, &r)) == 1) {
        struct str early = str_head(str_make(r.all.p, r.all.n), r.all.n / 2);
        reply_check(&r, whole);
        must(smtpreply_next(&early, &again) == 0 || r.lines > 1 || r.all.n < 2);
    }
    must(got <= 0);
    return 0;
}
