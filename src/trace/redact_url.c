/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact_url - the recipients in paths and URLs
 *
 * A script is often called with the recipient as an argument, and such a request is evidence: so
 * only the part goes that is one, and the rest stays to be seen. Scripts name arguments as they
 * like, so none is known by its name. What cannot be decoded is hidden.
 */
#include "trace/redact.h"

#include <string.h>

#define DECODE_MAX 1024u         /* bytes of a part that are decoded */

/* With its %xx replaced, also where they were replaced twice. Cut at `size`. */
static struct str url_decode(struct str s, char *out, size_t size)
{
    uint64_t value;
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < size; i++) {
        out[n++] = s.p[i];
        while (n > 0 && out[n - 1] == '%' && i + 2 < s.n &&
               str_hex(str_make(s.p + i + 1, 2), &value) == 0) {
            out[n - 1] = (char)value;
            i += 2;
        }
    }
    return str_make(out, n);
}

/* Is an address in it, or can that not be told? `text` holds what *plain_out points at. */
static bool url_address(struct str part, char text[DECODE_MAX], struct str *plain_out)
{
    *plain_out = url_decode(part, text, DECODE_MAX);
    return str_find_c(*plain_out, '@') != STR_NONE || str_find_c(part, '@') != STR_NONE ||
           (part.n > DECODE_MAX && str_find_c(part, '%') != STR_NONE);
}

static void url_part(const struct redact *x, struct str part, bool argument, struct buf *b)
{
    char text[DECODE_MAX];
    struct str plain;
    bool at = url_address(part, text, &plain);
    if (at && redact_kept(x, part, b))
        return;
    if (at || (argument && redact_name_known(x, plain)))
        buf_add(b, STR(REDACTED));
    else
        redact_names_equals(x, part, b);
}

/* `name=value`. A value may be `local=domain`, and with an address in it is one piece. */
static void url_argument(const struct redact *x, struct str s, struct buf *b)
{
    char text[DECODE_MAX];
    struct buf hidden;
    struct str plain;
    bool at = url_address(s, text, &plain);
    buf_init(&hidden, (s.n + 1) * sizeof REDACTED);
    if (!at) {
        redact_names_equals(x, s, &hidden);
        s = buf_str(&hidden);
    }
    for (bool first = true; s.n > 0; first = false) {
        size_t n = at && !first ? s.n : str_head(s, str_find_c(s, '=')).n;
        url_part(x, str_head(s, n), true, b);
        buf_add(b, n < s.n ? STR("=") : STR(""));
        s = str_skip(s, n + 1);
    }
    buf_fini(&hidden);
}

void redact_url(const struct redact *x, struct str s, struct buf *b)
{
    bool arguments = s.p[0] != '/';
    while (s.n > 0) {
        size_t n = 0;
        while (n < s.n && strchr("/?#" REDACT_SPECIALS, s.p[n]) == NULL &&
               !(arguments && s.p[n] == '&'))
            n++;
        if (arguments)
            url_argument(x, str_head(s, n), b);
        else
            url_part(x, str_head(s, n), false, b);
        if (n < s.n)
            buf_add_c(b, s.p[n]);
        arguments = arguments || (n < s.n && s.p[n] == '?');
        s = str_skip(s, n + 1);
    }
}
