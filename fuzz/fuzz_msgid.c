/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_msgid - ids anywhere in any bytes
 *
 * Holds for any bytes: what is found is an id by the grammar and stands there;
 * its parts are within their ranges and give the same digits again; two ids
 * have one key only if they are the same.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/msgid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The digits of `value`, the other way round than msgid_decode() reads them. */
static void digits_check(const char *digits, size_t n, unsigned radix, uint64_t value)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    while (n-- > 0) {
        must(digits[n] == alphabet[value % radix]);
        value /= radix;
    }
    must(value == 0);
}

static void parts_check(const struct msgid *id, enum msgid_base base, int host)
{
    struct msgid_parts p;
    unsigned radix = base == MSGID_BASE36 ? 36 : 62;
    if (msgid_decode(id, base, host, &p) != 0)
        return;
    digits_check(id->text, 6, radix, (uint64_t)p.when);
    digits_check(id->text + 7, id->form == MSGID_OLD ? 6 : 11, radix, p.pid);
    must(p.pid > 0 && p.usec < 1000000 && p.usec % p.precision == 0);
    must(p.host >= -1 && p.host <= 16 && (host < 0 || p.host == host));
    must(base == MSGID_BASE36 || msgid_when62(msgid_str(id)) == p.when);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_make((const char *)data, size);
    struct msgid id, before = { .n = 0 };
    while (msgid_next(&rest, &id)) {
        struct str text = msgid_str(&id);
        must(msgid_prefix(text) == id.n && rest.p - id.n >= (const char *)data);
        must(str_eq(str_make(rest.p - id.n, id.n), text));
        for (int host = -1; host <= 17; host++) {
            parts_check(&id, MSGID_BASE62, host);
            parts_check(&id, MSGID_BASE36, host);
        }
        msgid_guess_base(&id, 1000000000, 2000000000);
        if (before.n > 0) {
            struct msgid_key a = msgid_pack(msgid_str(&before)), b = msgid_pack(text);
            must((a.hi == b.hi && a.lo == b.lo) == msgid_eq(&before, &id));
        }
        before = id;
    }
    must(rest.n == 0 && msgid_prefix(str_make((const char *)data, size)) <= size);
    return 0;
}
