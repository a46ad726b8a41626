/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_aliases - what customers write to the right of an alias, and addresses
 *
 * Holds for any bytes: the items end, each view lies in the list, an address that was taken out can
 * be read again and stays the same, and the verdict agrees with the items.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "mail/aliases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct str s, struct str of)
{
    return s.n == 0 || (s.p >= of.p && s.p + s.n <= of.p + of.n);
}

/* A plain local part and domain, written down again, are the same address. */
static void address_again(const struct address *a)
{
    struct address b;
    char text[2 * ADDRESS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < a->local.n; i++) {
        if (!ascii_alnum(a->local.p[i]))
            return;
    }
    if (a->local.n == 0 || a->domain.n == 0)
        return;
    memcpy(text, a->local.p, a->local.n);
    n = a->local.n;
    text[n++] = '@';
    memcpy(text + n, a->domain.p, a->domain.n);
    n += a->domain.n;
    must(address_extract(str_make(text, n), &b) == ADDRESS_OK);
    must(str_eq(a->local, b.local) && str_eq(a->domain, b.domain));
}

static size_t items_check(struct str list, bool *special_out)
{
    struct aliases_item item;
    struct str rest = list;
    size_t children = 0;
    *special_out = false;
    do {
        struct str before = rest;
        aliases_next(&rest, &item);
        must(inside(rest, list) && inside(item.text, list));
        must(item.kind == ALIASES_END || rest.n < before.n);
        must((item.kind == ALIASES_BROKEN) == (item.fault != NULL));
        if (item.kind == ALIASES_ADDRESS)
            address_again(&item.address);
        children += item.kind >= ALIASES_ADDRESS && item.kind <= ALIASES_PIPE;
        children += item.kind == ALIASES_INCLUDE ? 2 : 0;
        *special_out = item.kind >= ALIASES_FAIL;
    } while (item.kind != ALIASES_END && !*special_out);
    return children;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str list = str_make((const char *)data, size);
    struct aliases_verdict v;
    struct aliases_code code;
    struct address a;
    bool special;
    size_t children = items_check(list, &special);
    aliases_verify(list, NULL, NULL, &v);
    must(v.children == children && v.ended == special);
    must(inside(v.text, list));
    aliases_code(list, 5, false, &code);
    must(inside(code.text, list) && (code.code == 0 || code.code / 100 == 5));
    if (address_parse(list, &a) == ADDRESS_OK)
        must(a.local.n <= ADDRESS_LOCAL_MAX && a.domain.n > 0 && a.domain.n <= ADDRESS_DOMAIN_MAX);
    return 0;
}
