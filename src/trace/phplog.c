/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phplog - PHP's own log of mail(), and the headers that PHP adds
 *
 * The script chose recipients, headers and subject, and PHP writes them
 * without any quotes, so each field ends at the first mark of the next one: a
 * forged mark inside a field can shorten that field but never reach those
 * before it, and date and path come first.
 */
#include "trace/phplog.h"

#include "base/clock.h"
#include "mail/ip.h"

/* `23-Nov-2026 10:00:00 ` at the start of `*s`; steps over it. */
static int eat_date(struct str *s, int64_t *stamped_out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *p = s->p;
    struct civil c = { .month = 0 };
    uint64_t day, year, hour, minute, second;
    if (s->n < 21 || p[2] != '-' || p[6] != '-' || p[11] != ' ' || p[14] != ':' ||
        p[17] != ':' || p[20] != ' ')
        return -1;
    if (str_u64(str_make(p, 2), &day) != 0 || str_u64(str_make(p + 7, 4), &year) != 0 ||
        str_u64(str_make(p + 12, 2), &hour) != 0 || str_u64(str_make(p + 15, 2), &minute) != 0 ||
        str_u64(str_make(p + 18, 2), &second) != 0)
        return -1;
    for (int i = 0; i < 12; i++) {
        if (memcmp(p + 3, months + 3 * i, 3) == 0)
            c.month = i + 1;
    }
    c.year = (int)year;
    c.day = (int)day;
    c.hour = (int)hour;
    c.minute = (int)minute;
    c.second = (int)second;
    if (!clock_civil_valid(&c))
        return -1;
    *stamped_out = clock_from_civil(&c);
    *s = str_skip(*s, 21);
    return 0;
}

/* Seconds east of Greenwich of a zone that needs no table. */
static bool zone_offset(struct str zone, int64_t *offset_out)
{
    uint64_t hours, minutes;
    *offset_out = 0;
    if (str_eq(zone, STR("UTC")) || str_eq(zone, STR("GMT")) || str_eq(zone, STR("Z")))
        return true;
    if (zone.n != 6 || (zone.p[0] != '+' && zone.p[0] != '-') || zone.p[3] != ':' ||
        str_u64(str_make(zone.p + 1, 2), &hours) != 0 ||
        str_u64(str_make(zone.p + 4, 2), &minutes) != 0)
        return false;
    *offset_out = (int64_t)(hours * 3600 + minutes * 60);
    if (zone.p[0] == '-')
        *offset_out = -*offset_out;
    return true;
}

/* `[DATE ZONE] ` in front. 0, or -1 for a bracket that holds no date. */
static int read_date(struct str *s, struct phplog_line *out)
{
    struct str rest = *s;
    int64_t offset;
    if (!str_eat(&rest, STR("[")) || eat_date(&rest, &out->when) != 0)
        return -1;
    size_t end = str_find(rest, STR("] "));
    if (end == STR_NONE || end > 64)
        return -1;
    out->dated = true;
    out->zone = str_head(rest, end);
    out->zone_known = zone_offset(out->zone, &offset);
    if (out->zone_known)
        out->when -= offset;
    *s = str_skip(rest, end + 2);
    return 0;
}

/* `/path/a.php(3) : eval()'d code`: the path, and whether there was more. PHP chains
 * these, one for each level of eval(). */
static struct str without_eval(struct str script, bool *evald_out)
{
    size_t mark = str_find(script, STR(") : "));
    size_t open = mark == STR_NONE ? STR_NONE : str_rfind_c(str_head(script, mark), '(');
    uint64_t line;
    *evald_out = open != STR_NONE && open > 0 &&
                 str_u64(str_make(script.p + open + 1, mark - open - 1), &line) == 0;
    return *evald_out ? str_head(script, open) : script;
}

/* Cut `*s` at the first `mark`; all of it where there is none. */
static struct str cut_at(struct str *s, struct str mark)
{
    struct str head = *s;
    size_t at = str_find(head, mark);
    *s = at == STR_NONE ? STR("") : str_skip(head, at + mark.n);
    return at == STR_NONE ? head : str_head(head, at);
}

int phplog_parse(struct str raw, struct phplog_line *out)
{
    *out = (struct phplog_line){ .zone = STR(""), .script = STR(""), .to = STR(""),
                                 .headers = STR(""), .subject = STR("") };
    struct str rest = raw;
    if (read_date(&rest, out) != 0) { /* syslog wrote its own front */
        size_t at = str_find(rest, STR("mail() on ["));
        if (at == STR_NONE || (at > 0 && rest.p[at - 1] != ' '))
            return -1;
        rest = str_skip(rest, at);
        *out = (struct phplog_line){ .zone = STR("") };
    }
    if (!str_eat(&rest, STR("mail() on [")) || str_find(rest, STR("]: To: ")) == STR_NONE)
        return -1;
    struct str place = cut_at(&rest, STR("]: To: "));
    size_t colon = str_rfind_c(place, ':');
    if (colon == STR_NONE || str_u64(str_skip(place, colon + 1), &out->line) != 0)
        return -1;
    out->script = without_eval(str_head(place, colon), &out->evald);
    out->to = cut_at(&rest, STR(" -- Headers: "));
    out->headers = cut_at(&rest, STR(" -- Subject: "));
    out->subject = rest;
    return 0;
}

int php_originating_parse(struct str value, struct php_originating *out)
{
    struct str rest = str_trim(value);
    if (str_eat_u64(&rest, &out->uid) != 0 || !str_eat(&rest, STR(":")))
        return -1;
    out->file = without_eval(rest, &out->evald);
    return str_empty(out->file) ? -1 : 0;
}

int php_script_parse(struct str value, struct php_script *out)
{
    struct str s = str_trim(value), rest = s;
    struct ip ip;
    size_t mark = STR_NONE; /* the last ` for `: a path may hold one */
    for (size_t at; (at = str_find(rest, STR(" for "))) != STR_NONE; rest = str_skip(rest, at + 4))
        mark = (size_t)(rest.p - s.p) + at;
    size_t slash = str_find_c(s, '/');
    if (mark == STR_NONE || slash == STR_NONE || slash == 0 || slash > mark)
        return -1;
    struct str addresses = str_skip(s, mark + 5);
    out->host = str_head(s, slash);
    out->path = str_make(s.p + slash, mark - slash);
    out->client = str_trim(str_cut(&addresses, ','));
    out->proxies = str_trim(addresses);
    return ip_parse(out->client, &ip);
}
