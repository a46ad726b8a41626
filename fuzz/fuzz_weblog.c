/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_weblog - access log lines
 *
 * Holds for any bytes: every view lies inside of the line or is empty; no field
 * in quotes holds a quote that is not escaped; the stamp alone and the whole line
 * say the same time; a line without a method has no path; what is parsed parses again
 * with any virtual host put in front.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "trace/weblog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str part, struct str whole)
{
    must(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void no_raw_quote(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        must(s.p[i] != '"');
        i += s.p[i] == '\\';
    }
}

static void line_check(struct str raw)
{
    struct weblog_line line, again;
    int64_t when = 0;
    int stamped = weblog_when(raw, &when);
    if (weblog_parse(raw, &line) != 0)
        return;
    must(stamped == 0 && when == line.when);
    const struct str views[] = { line.vhost, line.client, line.user, line.method, line.path,
                                 line.query, line.referer, line.agent };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        inside(views[i], raw);
    no_raw_quote(line.referer);
    no_raw_quote(line.agent);
    must(!str_empty(line.client) && line.status <= 999);
    must(!str_empty(line.method) || (str_empty(line.path) && str_empty(line.query)));
    must(str_find_c(line.path, '?') == STR_NONE);
    if (!str_empty(line.vhost) || !str_eq(str_head(raw, line.client.n), line.client))
        return;
    struct buf b;
    buf_init(&b, raw.n + 64);
    buf_add(&b, STR("www.example.com:443 "));
    buf_add(&b, raw);
    if (weblog_parse(buf_str(&b), &again) == 0 && str_eq(again.vhost, STR("www.example.com")))
        must(again.when == line.when && str_eq(again.path, line.path));
    buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size), line;
    while (str_line(&text, &line))
        line_check(line);
    return 0;
}
