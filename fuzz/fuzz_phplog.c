/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_phplog - lines of PHP's mail.log, X-PHP-Originating-Script, X-PHP-Script
 *
 * Every line of the input goes through all three. Holds for any bytes: every view
 * lies inside of the line; a date that is known is only given where there is one; a
 * path begins with a slash; an address can be parsed.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/ip.h"
#include "trace/phplog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str part, struct str whole)
{
    must(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void log_check(struct str raw)
{
    struct phplog_line line;
    if (phplog_parse(raw, &line) != 0)
        return;
    const struct str views[] = { line.zone, line.script, line.to, line.headers, line.subject };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        inside(views[i], raw);
    must(line.dated || (!line.zone_known && line.when == 0 && str_empty(line.zone)));
    must(str_find(line.to, STR(" -- Headers: ")) == STR_NONE);
    must(str_find(line.headers, STR(" -- Subject: ")) == STR_NONE);
}

static void headers_check(struct str value)
{
    struct php_originating o;
    struct php_script s;
    struct ip ip;
    if (php_originating_parse(value, &o) == 0) {
        inside(o.file, value);
        must(!str_empty(o.file));
    }
    if (php_script_parse(value, &s) != 0)
        return;
    inside(s.host, value);
    inside(s.path, value);
    inside(s.proxies, value);
    must(!str_empty(s.host) && s.path.n > 0 && s.path.p[0] == '/');
    must(ip_parse(s.client, &ip) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size), line;
    while (str_line(&text, &line)) {
        log_check(line);
        headers_check(line);
    }
    return 0;
}
