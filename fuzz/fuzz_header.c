/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_header - a message's header
 *
 * Holds for any bytes: every view lies inside of the input or is empty; an
 * unfolded value has no line end and is within its ceiling; what was split into
 * fields and written again splits into the same fields; a date that was read
 * is read again from its own digits.
 */
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/must.h"
#include "mail/header.h"
#include "mail/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str part, struct str whole)
{
    must(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void date_check(struct str value)
{
    int64_t utc, again;
    int32_t offset, offset_again;
    if (header_date(value, &utc, &offset) != 0)
        return;
    must(offset > -86400 && offset < 86400 && offset % 60 == 0);
    if (utc + offset < 0)
        return; /* the first hours of 1970 */
    char text[64];
    struct civil c = clock_to_civil(utc + offset);
    int32_t east = offset < 0 ? -offset : offset;
    snprintf(text, sizeof text, "%d-%02d-%02d %02d:%02d:%02d %c%02d%02d", c.year, c.month, c.day,
             c.hour, c.minute, c.second, offset < 0 ? '-' : '+', east / 3600, east / 60 % 60);
    if (c.year > 9999)
        return;
    must(header_date(str_c(text), &again, &offset_again) == 0);
    must(again == utc && offset_again == offset);
}

static void received_check(struct str value)
{
    struct header_received r;
    struct ip ip;
    int rc = header_received(value, &r);
    const struct str views[] = { r.from, r.helo, r.host, r.ip, r.ident, r.by, r.by_ip, r.with,
                                 r.id, r.envelope_from, r.recipient, r.exim_version };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        inside(views[i], value);
    must(rc == 0 || (r.from.n == 0 && r.by.n == 0 && r.id.n == 0));
    must(r.ip.n == 0 || ip_parse(r.ip, &ip) == 0);
    must(r.by_ip.n == 0 || ip_parse(r.by_ip, &ip) == 0);
    must(r.exim || r.exim_version.n == 0);
}

static void value_check(const struct header_field *f, struct buf *out)
{
    struct buf b, words;
    buf_init(&b, HEADER_FIELD_MAX);
    buf_init(&words, 4 * HEADER_FIELD_MAX);
    header_unfold(f->raw, &b);
    struct str value = buf_str(&b);
    must(!buf_bad(&b) && str_find_c(value, '\n') == STR_NONE);
    inside(header_address(value), value);
    received_check(value);
    date_check(value);
    header_decode(value, &words);
    must(!buf_bad(&words) && words.n <= 3 * value.n);
    buf_add(out, f->name);
    buf_add(out, STR(":"));
    buf_add(out, value);
    buf_add(out, STR("\n"));
    buf_fini(&b);
    buf_fini(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str block = str_make((const char *)data, size);
    struct header_cursor c, d;
    struct header_field f, g;
    struct buf out, value;
    buf_init(&out, 2 * size + 2);
    buf_init(&value, HEADER_FIELD_MAX);
    inside(header_body(block), block);
    header_begin(&c, block);
    while (header_next(&c, &f)) {
        inside(f.name, block);
        inside(f.raw, block);
        must(f.line > 0 && f.name.n > 0 && f.name.n <= HEADER_NAME_MAX);
        value_check(&f, &out);
    }
    must(!buf_bad(&out));
    header_begin(&c, block);
    header_begin(&d, buf_str(&out));
    while (header_next(&c, &f)) {
        must(header_next(&d, &g) && str_eq(f.name, g.name));
        buf_reset(&value);
        header_unfold(f.raw, &value);
        must(str_eq(str_trim(g.raw), buf_str(&value)));
    }
    must(!header_next(&d, &g));
    received_check(block);
    date_check(block);
    buf_fini(&out);
    buf_fini(&value);
    return 0;
}
