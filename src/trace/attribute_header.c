/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attribute_header - what the message's own header adds
 *
 * PHP can write the script into the header of each mail. So can anybody else,
 * so these are forgeable, and of no value at all for a message that
 * did not begin on this host.
 */
#include "base/buf.h"
#include "mail/header.h"
#include "trace/attribute_internal.h"
#include "trace/phplog.h"

static void header_witness(struct attribution *x, const char *name, struct str value,
                           const char *says)
{
    struct witness w = { .kind = "header", .trust = TRUST_FORGEABLE,
                         .file = STR("message header") };
    w.text = report_text(x->r, "%s: %.*s", name, STR_ARG(str_head(value, 500)));
    report_witness(x->r, &w, "%s", says);
}

static void script_header(struct attribution *x, struct str value)
{
    struct php_script s;
    if (php_script_parse(value, &s) != 0)
        return;
    struct report *r = x->r;
    r->source.script = arena_str(r->arena, s.path);
    r->script_forgeable = true;
    x->php_header = true;
    header_witness(x, "X-PHP-Script", value, "PHP's own note of the URL and its client");
}

static void originating_header(struct attribution *x, struct str value)
{
    struct php_originating o;
    if (php_originating_parse(value, &o) != 0)
        return;
    if (x->r->source.script.n == 0)
        x->r->source.script = arena_str(x->r->arena, o.file);
    x->r->script_forgeable = true;
    x->php_header = true;
    header_witness(x, "X-PHP-Originating-Script", value,
                   o.evald ? "PHP's own note of the file that called mail(); the code was eval'd, "
                             "as hidden code is"
                           : "PHP's own note of the file that called mail()");
}

void attribute_headers(struct attribution *x)
{
    struct buf b;
    if (x->arrival.has_host || x->header.n == 0)
        return;
    buf_init(&b, 65536);
    if (header_get(x->header, STR("X-PHP-Script"), &b))
        script_header(x, str_trim(buf_str(&b)));
    if (header_get(x->header, STR("X-PHP-Originating-Script"), &b))
        originating_header(x, str_trim(buf_str(&b)));
    buf_fini(&b);
}
