/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_conftext - configurations of Exim that a panel or somebody's editor wrote
 *
 * Holds for any bytes: what is found lies inside of the text, and a block that is put in is found
 * again, is put in once only, and can be taken out so that the text is what it was.
 */
#include <stdint.h>

#include "base/must.h"
#include "kit/conftext.h"

#define BODY STR("  require acl = /etc/exim/postern/rcpt\n")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct str s, struct str of)
{
    return s.n == 0 || (s.p >= of.p && s.p + s.n <= of.p + of.n);
}

static void there_and_back(struct arena *a, struct str text, size_t at)
{
    size_t from, to;
    must(at <= text.n);
    struct str with = conftext_put(a, text, STR("rcpt"), BODY, at);
    must(conftext_block(with, STR("rcpt"), &from, &to) && from < to && to <= with.n);
    must(str_eq(conftext_put(a, with, STR("rcpt"), BODY, at), with));
    struct str back = conftext_strip(a, with);
    if (back.n == text.n + 1)    /* a last line without an end has got one */
        back.n--;
    must(str_eq(back, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size), value;
    size_t at;
    struct arena *a = arena_new((size_t)64 << 20);
    if (conftext_option(text, STR("acl_smtp_rcpt"), &value)) {
        must(inside(value, text));
        if (conftext_acl(text, value, &at))
            must(at <= text.n);
        if (conftext_acl_hook(text, value, &value))
            must(inside(value, text) && value.p[0] == '/');
    } else {
        must(!conftext_option_varies(text, STR("acl_smtp_rcpt")));
    }
    conftext_list(text, STR("hostlist"), STR("relay_from_hosts"));
    text = conftext_strip(a, text);
    if (str_eq(conftext_strip(a, text), text)) {   /* not so of blocks inside of blocks */
        there_and_back(a, text, text.n);
        there_and_back(a, text, conftext_main_end(text));
        if (conftext_acl(text, STR("a"), &at))
            there_and_back(a, text, at);
    }
    arena_free(&a);
    return 0;
}
