/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_spool - a -H file
 *
 * Holds for any bytes: every view lies inside of the file, in the order of the
 * file; recipients are lines of it; the headers together are no longer than
 * they were with their prefixes.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str part, struct str whole)
{
    must(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void views_check(const struct spool *s, struct str file)
{
    const struct str views[] = {
        s->login, s->sender, s->ident, s->auth_id, s->auth_sender, s->host_auth, s->host_address,
        s->host_name, s->helo_name, s->interface_address, s->protocol, s->active_hostname,
        s->recipients, s->delivered, s->headers,
    };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        inside(views[i], file);
        must(i > 11 || str_find_c(views[i], '\n') == STR_NONE);
    }
    must(s->received_usec < 1000000 && s->received >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str file = str_make((const char *)data, size), address;
    struct spool s;
    struct buf b;
    int rc = spool_parse(file, &s);
    views_check(&s, file);
    must(rc == 0 || s.headers.n == 0);
    if (rc == 0) {
        must(s.id.n > 0 && s.login.n > 0);
        must(s.headers.n == 0 || s.headers.p >= s.recipients.p + s.recipients.n);
    }
    size_t count = 0;
    for (struct str list = s.recipients; spool_recipient(&list, &address); count++) {
        inside(address, s.recipients);
        must(str_find_c(address, '\n') == STR_NONE);
    }
    must(count <= SPOOL_RECIPIENTS_MAX && count <= s.recipient_count);
    buf_init(&b, size);
    spool_headers(&s, &b);
    must(!buf_bad(&b) && b.n <= s.headers.n);
    buf_fini(&b);
    return 0;
}
