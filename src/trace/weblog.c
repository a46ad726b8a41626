/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weblog - one line of a web server's access log
 *
 * The stamp is found first and the line is read from there in both directions:
 * what stands before it (host, client, user) may hold spaces, what follows is
 * quoted. A quote inside a field is always escaped by the server, so a raw one
 * ends the field. Nothing is decoded: two spellings of a path stay two.
 */
#include "trace/weblog.h"

#include "base/clock.h"
#include "mail/ip.h"

/* `23/Nov/2026:10:00:00 +0100` */
#define STAMP_LEN ((size_t)26)

/* Two digits at `p`; -1 if they are none. */
static int two_digits(const char *p)
{
    if (!ascii_digit(p[0]) || !ascii_digit(p[1]))
        return -1;
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* 1 to 12, or 0. Both servers write English names whatever their locale. */
static int month_number(const char *p)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++) {
        if (memcmp(p, names + 3 * i, 3) == 0)
            return i + 1;
    }
    return 0;
}

/* The 26 bytes at `p` as a stamp. */
static int stamp_read(const char *p, int64_t *when_out)
{
    if (p[2] != '/' || p[6] != '/' || p[11] != ':' || p[14] != ':' || p[17] != ':' ||
        p[20] != ' ' || (p[21] != '+' && p[21] != '-'))
        return -1;
    int century = two_digits(p + 7), year = two_digits(p + 9);
    int zone_hours = two_digits(p + 22), zone_minutes = two_digits(p + 24);
    if (century < 0 || year < 0 || zone_hours < 0 || zone_minutes < 0)
        return -1;
    struct civil c = {
        .year = century * 100 + year,
        .month = month_number(p + 3),
        .day = two_digits(p),
        .hour = two_digits(p + 12),
        .minute = two_digits(p + 15),
        .second = two_digits(p + 18),
    };
    if (!clock_civil_valid(&c))
        return -1;
    int64_t offset = (int64_t)zone_hours * 3600 + zone_minutes * 60;
    *when_out = clock_from_civil(&c) - (p[21] == '-' ? -offset : offset);
    return 0;
}

/* Offset of the `[` of the stamp, or STR_NONE. Each `[` costs a constant, so a
 * line made of them is still linear. */
static size_t stamp_find(struct str raw, int64_t *when_out)
{
    size_t from = 0;
    for (;;) {
        size_t at = str_find_c(str_skip(raw, from), '[');
        if (at == STR_NONE)
            return STR_NONE;
        at += from;
        from = at + 1;
        if (raw.n - at < STAMP_LEN + 4)
            return STR_NONE;
        const char *p = raw.p + at;
        if (at == 0 || p[-1] != ' ' || memcmp(p + 1 + STAMP_LEN, "] \"", 3) != 0)
            continue;
        if (stamp_read(p + 1, when_out) == 0)
            return at;
    }
}

int weblog_when(struct str raw, int64_t *when_out)
{
    return stamp_find(raw, when_out) == STR_NONE ? -1 : 0;
}

/* Everything up to the next quote that is not escaped; steps over that quote. False
 * without one: the line was cut. The backslashes before each quote are counted once. */
static bool eat_quoted(struct str *s, struct str *out)
{
    for (size_t from = 0;;) {
        size_t at = str_find_c(str_skip(*s, from), '"'), first;
        if (at == STR_NONE)
            return false;
        at += from;
        for (first = at; first > from && s->p[first - 1] == '\\'; first--)
            ;
        if ((at - first) % 2 == 0) {
            *out = str_head(*s, at);
            *s = str_skip(*s, at + 1);
            return true;
        }
        from = at + 1;
    }
}

static struct str dash_is_empty(struct str s)
{
    return str_eq(s, STR("-")) ? STR("") : s;
}

/* `name:port` without the port. A bare IPv6 address keeps its last group. */
static struct str without_port(struct str host)
{
    struct ip ip;
    uint64_t port;
    size_t colon = str_rfind_c(host, ':');
    if (colon == STR_NONE || (host.p[0] != '[' && ip_parse(host, &ip) == 0))
        return host;
    return str_u64(str_skip(host, colon + 1), &port) == 0 ? str_head(host, colon) : host;
}

/* The words before the stamp: `[vhost] client ident user`. The ident is `-`
 * wherever nobody runs identd, which tells the two layouts apart; a user name
 * may hold spaces and dashes, so the first `-` in its place counts. */
static int read_front(struct str front, struct weblog_line *out)
{
    struct str rest = front;
    struct str first = str_cut(&rest, ' '), second = str_cut(&rest, ' ');
    struct str after_two = rest;
    struct str third = str_cut(&rest, ' ');
    struct ip ip;
    if (str_empty(first) || str_empty(second))
        return -1;
    bool listed = first.n > 1 && first.p[first.n - 1] == ','; /* X-Forwarded-For: `a, b` */
    bool vhost = !str_eq(second, STR("-")) && !listed &&
                 (str_eq(third, STR("-")) ||
                  (ip_parse(first, &ip) != 0 && ip_parse(second, &ip) == 0));
    if (listed) {
        out->client = str_head(first, first.n - 1);
        out->user = STR("");
    } else if (vhost) {
        out->vhost = without_port(first);
        out->client = second;
        out->user = dash_is_empty(rest);
    } else {
        out->client = first;
        out->user = dash_is_empty(after_two);
    }
    return 0;
}

/* `http://host/path` as proxies ask for it: only the path is of interest. Without
 * one it is the `/` that every line with an origin holds. */
static struct str without_origin(struct str target)
{
    size_t at = str_find(target, STR("://"));
    if (at == STR_NONE || at > 8 || target.p[0] == '/')
        return target;
    struct str rest = str_skip(target, at + 3);
    size_t slash = str_find_c(rest, '/');
    return slash == STR_NONE ? str_make(target.p + at + 1, 1) : str_skip(rest, slash);
}

/* `POST /a b?c HTTP/1.1`: the method is the first word, the protocol the last;
 * what clients write between may hold spaces. */
static void read_request(struct str request, struct weblog_line *out)
{
    struct str rest = request;
    struct str method = str_cut(&rest, ' ');
    bool plain = method.n > 0 && method.n <= 32;
    for (size_t i = 0; plain && i < method.n; i++)
        plain = ascii_alpha(method.p[i]) || method.p[i] == '-' || method.p[i] == '_';
    if (!plain || str_empty(rest))
        return;
    size_t last = str_rfind_c(rest, ' ');
    if (last != STR_NONE && str_starts(str_skip(rest, last + 1), STR("HTTP/")))
        rest = str_head(rest, last);
    rest = without_origin(rest);
    out->method = method;
    out->path = str_cut(&rest, '?');
    out->query = rest;
}

int weblog_parse(struct str raw, struct weblog_line *out)
{
    *out = (struct weblog_line){ .vhost = STR(""), .client = STR(""), .user = STR(""),
                                 .method = STR(""), .path = STR(""), .query = STR(""),
                                 .referer = STR(""), .agent = STR("") };
    size_t at = stamp_find(raw, &out->when);
    if (at == STR_NONE || read_front(str_head(raw, at - 1), out) != 0)
        return -1;
    struct str rest = str_skip(raw, at + STAMP_LEN + 4), request;
    uint64_t status = 0;
    if (!eat_quoted(&rest, &request))
        return -1;
    read_request(request, out);
    struct str word = str_word(&rest);
    if (!str_eq(word, STR("-")) && (str_u64(word, &status) != 0 || status > 999))
        return -1;
    out->status = (unsigned)status;
    word = str_word(&rest);
    if (str_u64(word, &out->bytes) != 0)
        out->bytes = 0;
    if (str_eat(&rest, STR(" \"")) && eat_quoted(&rest, &out->referer) &&
        str_eat(&rest, STR(" \"")) && eat_quoted(&rest, &out->agent)) {
        out->agent = dash_is_empty(out->agent);
    }
    out->referer = dash_is_empty(out->referer);
    return 0;
}
