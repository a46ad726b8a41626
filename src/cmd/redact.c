/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact - hide recipients before a report is passed on
 *
 * Works the safe way round: it does not look for recipients to hide but for
 * addresses to keep, so that one in an unexpected place is hidden too.
 */
#include "cmd/redact.h"

#include <string.h>

#include "mail/logline.h"

static void keep(struct redact *x, struct str s)
{
    if (s.n > 0 && x->kept_count < REDACT_KEPT_MAX)
        x->kept[x->kept_count++] = s;
}

void redact_begin(struct redact *x, const struct report *r)
{
    x->kept_count = 0;
    keep(x, r->sender);
    keep(x, r->source.login);
    struct line_arrival a;
    for (size_t i = 0; i < r->line_count; i++) {
        if (r->lines[i].line.class == LINE_ARRIVAL && logline_arrival(&r->lines[i].line, &a) == 0) {
            keep(x, a.message_id);
            break;
        }
    }
}

static bool address_byte(char c)
{
    return !ascii_space(c) && c != '\0' && strchr("<>()[]:;,\"'|", c) == NULL;
}

/* `F=a@b` and `A=login:a@b` hold an address behind their mark. */
static struct str address_of(struct str token)
{
    size_t at = str_find_c(token, '@');
    size_t eq = str_find_c(str_head(token, at == STR_NONE ? 0 : at), '=');
    return eq == STR_NONE ? token : str_skip(token, eq + 1);
}

static bool kept(const struct redact *x, struct str token)
{
    struct str address = address_of(token);
    for (unsigned i = 0; i < x->kept_count; i++) {
        if (str_eq(token, x->kept[i]) || str_eq(address, x->kept[i]) ||
            (str_starts(token, STR("-f")) && str_eq(str_skip(token, 2), x->kept[i])))
            return true;
    }
    return false;
}

void redact_text(const struct redact *x, struct str s, struct buf *b)
{
    if (!x->on) {
        buf_add(b, s);
        return;
    }
    while (s.n > 0) {
        size_t n = 0;
        while (n < s.n && address_byte(s.p[n]))
            n++;
        if (n == 0) {
            buf_add_c(b, s.p[0]);
            s = str_skip(s, 1);
            continue;
        }
        struct str token = str_head(s, n);
        if (str_find_c(token, '@') == STR_NONE || kept(x, token))
            buf_add(b, token);
        else
            buf_add(b, STR(REDACTED));
        s = str_skip(s, n);
    }
}

/* `raw` up to `from`, the mark, and `raw` from `to` on. */
static void cut_out(const struct redact *x, struct str raw, const char *from, const char *to,
                    struct buf *b)
{
    redact_text(x, str_make(raw.p, (size_t)(from - raw.p)), b);
    buf_add(b, STR(REDACTED));
    redact_text(x, str_make(to, (size_t)(raw.p + raw.n - to)), b);
}

void redact_line(const struct redact *x, const struct logline *line, struct buf *b)
{
    struct line_arrival a;
    struct line_delivery d;
    enum line_class class = line->class;
    bool delivery = class == LINE_DELIVERY || class == LINE_FAILURE || class == LINE_DEFERRAL;
    if (x->on && class == LINE_ARRIVAL && logline_arrival(line, &a) == 0 && a.has_for)
        cut_out(x, line->raw, a.recipients.p, a.recipients.p + a.recipients.n, b);
    else if (x->on && delivery && logline_delivery(line, &d) == 0 && d.address.n > 0)
        cut_out(x, line->raw, d.address.p, d.address.p + d.address.n, b);
    else
        redact_text(x, line->raw, b);
}
