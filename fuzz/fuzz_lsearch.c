/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_lsearch - alias files of customers
 *
 * Holds for any bytes: entries come in the order of their lines, keys and values are views of the
 * file or of the buffer, and the first entry of a key is the one that is found.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/lsearch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct str s, struct str of)
{
    return s.n == 0 || (s.p >= of.p && s.p + s.n <= of.p + of.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size), value;
    struct lsearch l;
    struct lsearch_entry e;
    struct buf room, other;
    unsigned line = 0;
    buf_init(&room, 512);
    buf_init(&other, 512);
    lsearch_init(&l, text, &room);
    while (lsearch_next(&l, &e)) {
        must(e.line > line);
        must(inside(e.key, text) || inside(e.key, buf_str(&room)));
        must(inside(e.value, text) || inside(e.value, buf_str(&room)));
        if (line < 8)
            must(l.cut || lsearch_find(text, e.key, &other, &value));
        line = e.line;
    }
    must(l.rest.n == 0);
    lsearch_find_default(text, STR("joe@example.com"), &other, &value);
    buf_fini(&room);
    buf_fini(&other);
    return 0;
}
