/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply - a verdict as the line that the MTA acts on
 *
 * Only three forms leave here. A code outside of its class would turn a refusal into
 * something else at the MTA, so it is replaced by the class's own; an action that
 * this file does not know is DUNNO.
 */
#include "door/reply.h"

/* Printable ASCII as it is, everything else as \xhh; cut between two of these at the ceiling. */
static void text_add(struct buf *out, struct str text)
{
    struct buf safe;
    buf_init(&safe, REPLY_TEXT_MAX);
    text = str_trim(text);
    for (size_t i = 0; i < text.n && !buf_bad(&safe); i++) {
        char c = text.p[i];
        if (c >= ' ' && c < 0x7f)
            buf_add_c(&safe, c);
        else
            buf_addf(&safe, "\\x%02x", (unsigned char)c);
    }
    buf_add(out, safe.n > 0 ? buf_str(&safe) : STR("not accepted here"));
    buf_fini(&safe);
}

/* The text of an enhanced status code, if it is one of the class (RFC 3463). */
static const char *status_of(const struct verdict *v, char class)
{
    const char *s = v->status;
    if (s[0] != class || s[1] != '.' || !ascii_digit(s[2]))
        return class == '4' ? "4.7.1" : "5.7.1";
    for (s += 2; *s != '\0'; s++) {
        if (!ascii_digit(*s) && *s != '.')
            return class == '4' ? "4.7.1" : "5.7.1";
    }
    return v->status;
}

static void code_add(struct buf *out, const struct verdict *v, unsigned class)
{
    unsigned code = v->code;
    if (v->drop)
        code = class * 100 + 21;
    else if (code / 100 != class)
        code = class == 4 ? 451 : 550;
    buf_addf(out, "%u %s ", code, status_of(v, (char)('0' + class)));
    text_add(out, v->text);
}

void reply_add(struct buf *out, const struct verdict *v)
{
    buf_add(out, STR("action="));
    switch (v->action) {
    case VERDICT_REFUSE:
        code_add(out, v, 5);
        break;
    case VERDICT_DEFER:
        code_add(out, v, 4);
        break;
    case VERDICT_TAG:
        buf_add(out, STR("PREPEND " VERDICT_HEADER ": "));
        text_add(out, v->text);
        break;
    case VERDICT_PASS:
    default:
        buf_add(out, STR("DUNNO"));
        break;
    }
    buf_add(out, STR("\n\n"));
}
