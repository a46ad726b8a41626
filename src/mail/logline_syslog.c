/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_syslog - the head of a syslog line
 *
 *     Feb 14 18:12:33 host exim[46483]: text             RFC 3164, no year
 *     2025-02-14T18:12:33.461+03:00 host exim[46483]: text     RFC 3339
 *
 * Each may have `<134>` before it. The name of the program is the
 * administrator's choice ("syslog_processname"), so any name is taken here and
 * the caller judges by the text. Source: RFC 3164 section 4.1, RFC 5424
 * section 6.2.3; exim log.c, write_syslog().
 */
#include "base/clock.h"

#include "mail/logline_internal.h"

static int two_digits(const char *p)
{
    return ascii_digit(p[0]) && ascii_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

static int month_number(const char *p)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++) {
        if (memcmp(p, names + 3 * i, 3) == 0)
            return i + 1;
    }
    return 0;
}

/* `Feb 14 18:12:33 ` or `Feb  4 18:12:33 `. */
static bool eat_old_date(struct str *s, struct syslog_head *out)
{
    const char *p = s->p;
    if (s->n < 16 || p[3] != ' ' || p[6] != ' ' || p[9] != ':' || p[12] != ':' || p[15] != ' ')
        return false;
    out->month = month_number(p);
    out->day = p[4] == ' ' ? (ascii_digit(p[5]) ? p[5] - '0' : -1) : two_digits(p + 4);
    int hour = two_digits(p + 7), minute = two_digits(p + 10), second = two_digits(p + 13);
    if (out->month == 0 || out->day < 1 || out->day > 31 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 60)
        return false;
    out->second = hour * 3600 + minute * 60 + second;
    *s = str_skip(*s, 16);
    return true;
}

/* `.461234`: any number of digits, of which six count. */
static void eat_fraction(struct str *s, uint32_t *usec_out)
{
    *usec_out = 0;
    if (s->n < 2 || s->p[0] != '.' || !ascii_digit(s->p[1]))
        return;
    uint32_t unit = 100000;
    *s = str_skip(*s, 1);
    for (; s->n > 0 && ascii_digit(s->p[0]); unit /= 10) {
        *usec_out += unit * (uint32_t)(s->p[0] - '0');
        *s = str_skip(*s, 1);
    }
}

/* `Z`, `+0300` or `+03:00`. */
static bool eat_zone(struct str *s, int32_t *offset_out)
{
    *offset_out = 0;
    if (str_eat(s, STR("Z")))
        return true;
    if (s->n < 5 || (s->p[0] != '+' && s->p[0] != '-'))
        return false;
    size_t colon = s->p[3] == ':' ? 1 : 0;
    if (s->n < 5 + colon)
        return false;
    int hours = two_digits(s->p + 1), minutes = two_digits(s->p + 3 + colon);
    if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59)
        return false;
    *offset_out = (s->p[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    *s = str_skip(*s, 5 + colon);
    return true;
}

static bool eat_new_date(struct str *s, struct syslog_head *out)
{
    if (s->n < 20 || s->p[10] != 'T' || clock_eat_stamp(s, &out->stamped) != 0)
        return false;
    eat_fraction(s, &out->usec);
    out->has_date = eat_zone(s, &out->offset) && str_eat(s, STR(" "));
    return out->has_date;
}

/* `exim[1]: ` or `exim: `. */
static bool eat_tag(struct str *s, struct syslog_head *out)
{
    size_t i = 0;
    while (i < s->n && s->p[i] > ' ' && s->p[i] != '[' && s->p[i] != ':')
        i++;
    out->tag = str_head(*s, i);
    *s = str_skip(*s, i);
    if (i == 0)
        return false;
    if (str_eat(s, STR("[")) && (str_eat_u64(s, &out->pid) != 0 || !str_eat(s, STR("]"))))
        return false;
    return str_eat(s, STR(":"));
}

int logline_syslog_head(struct str raw, struct syslog_head *out)
{
    struct str s = raw;
    uint64_t priority;
    *out = (struct syslog_head){ .offset = LOGLINE_NO_OFFSET };
    if (str_eat(&s, STR("<")) && (str_eat_u64(&s, &priority) != 0 || !str_eat(&s, STR(">"))))
        return -1;
    if (!eat_old_date(&s, out) && !eat_new_date(&s, out))
        return -1;
    out->source = s;
    if (logline_eat_token(&s).n == 0 || !str_eat(&s, STR(" ")) || !eat_tag(&s, out))
        return -1;
    out->source.n = (size_t)(s.p - out->source.p);
    str_eat(&s, STR(" "));
    out->text = s;
    return 0;
}

bool logline_eat_part(struct str *s, unsigned *n_out, unsigned *m_out, bool *newline_out)
{
    struct str rest = *s;
    uint64_t n, m;
    if (!str_eat(&rest, STR("[")) || str_eat_u64(&rest, &n) != 0 || rest.n == 0 ||
        (rest.p[0] != '/' && rest.p[0] != '\\'))
        return false;
    *newline_out = rest.p[0] == '\\';
    rest = str_skip(rest, 1);
    if (str_eat_u64(&rest, &m) != 0 || !str_eat(&rest, STR("]")) || n == 0 || n > m || m > 9999)
        return false;
    str_eat(&rest, STR(" "));
    *n_out = (unsigned)n;
    *m_out = (unsigned)m;
    *s = rest;
    return true;
}
