/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline - the prefix of a log line, and its class
 *
 * This runs over every line of every log, seven million of them in a
 * gigabyte, so it decides by the first bytes and computes a date only when the
 * minute changes. It must take any bytes: a crash leaves NULs, a HELO name
 * leaves escape sequences, and a log can be cut anywhere.
 *
 * A flag counts only behind a message id, and only as the first thing behind
 * it: Exim writes it nowhere else, so a text that holds `<=` is a text.
 */
#include "mail/logline.h"

#include "base/clock.h"

#include "mail/logline_internal.h"
#include "mail/msgid.h"

#define MINUTE_CHARS 16     /* YYYY-MM-DD HH:MM */
#define STAMP_CHARS 19      /* YYYY-MM-DD HH:MM:SS */
#define LEAP_YEAR 1972
#define PID_DIGITS 10

const char *line_class_name(enum line_class class)
{
    static const char *const names[LINE_CLASSES] = {
        [LINE_OTHER] = "other",
        [LINE_ARRIVAL] = "arrival",
        [LINE_DELIVERY] = "delivery",
        [LINE_FAILURE] = "failure",
        [LINE_DEFERRAL] = "deferral",
        [LINE_COMPLETED] = "completed",
        [LINE_CWD] = "cwd",
        [LINE_CWD_MORE] = "cwd-more",
        [LINE_REJECTED] = "rejected",
        [LINE_AUTH_FAILED] = "auth-failed",
        [LINE_CONNECT] = "connect",
        [LINE_CPANEL_SENDER] = "cpanel-sender",
        [LINE_CPANEL_CONNECTION] = "cpanel-connection",
        [LINE_CPANEL_OUTBOUND] = "cpanel-outbound",
        [LINE_FROZEN] = "frozen",
        [LINE_CANCELLED] = "cancelled",
        [LINE_QUEUE_RUN] = "queue-run",
    };
    return (unsigned)class < LINE_CLASSES ? names[class] : "other";
}

/* ---- the class ---- */

/* Lines that are known by how they begin. Sorted by nothing: it is short. */
static const struct {
    struct str begins;
    enum line_class class;
} beginnings[] = {
    { STR_INIT("cwd="), LINE_CWD },
    { STR_INIT("..."), LINE_CWD_MORE },
    { STR_INIT("rejected "), LINE_REJECTED },
    { STR_INIT("temporarily rejected "), LINE_REJECTED },
    { STR_INIT("SMTP connection from "), LINE_CONNECT },
    { STR_INIT("no MAIL in SMTP connection from "), LINE_CONNECT },
    { STR_INIT("SMTP connection identification "), LINE_CPANEL_CONNECTION },
    { STR_INIT("SMTP connection outbound "), LINE_CPANEL_OUTBOUND },
    { STR_INIT("Sender identification "), LINE_CPANEL_SENDER },
    { STR_INIT("Message is frozen"), LINE_FROZEN },
    { STR_INIT("*** Frozen"), LINE_FROZEN },
    { STR_INIT("Frozen"), LINE_FROZEN },
    { STR_INIT("frozen by "), LINE_FROZEN },
    { STR_INIT("removed by "), LINE_CANCELLED },
    { STR_INIT("cancelled by "), LINE_CANCELLED },
    { STR_INIT("rescind the above message-accept"), LINE_CANCELLED },
    { STR_INIT("SMTP connection lost after final dot"), LINE_CANCELLED },
    { STR_INIT("SMTP data timeout"), LINE_CANCELLED },
    { STR_INIT("Start queue run: "), LINE_QUEUE_RUN },
    { STR_INIT("End queue run: "), LINE_QUEUE_RUN },
    { STR_INIT("Start '"), LINE_QUEUE_RUN },
    { STR_INIT("End '"), LINE_QUEUE_RUN },
};

static enum line_class class_by_beginning(struct str text)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (text.n > 0 && text.p[0] == beginnings[i].begins.p[0] &&
            str_starts(text, beginnings[i].begins))
            return beginnings[i].class;
    }
    return LINE_OTHER;
}

/* `name authenticator failed for ...`: the name is the configuration's. */
static bool is_auth_failed(struct str text)
{
    size_t at = str_find_c(text, ' ');
    return at != STR_NONE && str_starts(str_skip(text, at), STR(" authenticator failed for "));
}

#define PAIR(a, b) ((unsigned)(unsigned char)(a) << 8 | (unsigned char)(b))

static enum line_class class_by_flag(char a, char b)
{
    switch (PAIR(a, b)) {
    case PAIR('<', '='):
    case PAIR('(', '='):
        return LINE_ARRIVAL;
    case PAIR('=', '>'):
    case PAIR('-', '>'):
    case PAIR('>', '>'):
    case PAIR('*', '>'):
        return LINE_DELIVERY;
    case PAIR('*', '*'):
        return LINE_FAILURE;
    case PAIR('=', '='):
        return LINE_DEFERRAL;
    default:
        return LINE_OTHER;
    }
}

/* A line about a message. True if the class is settled. */
static bool classify_message(struct logline *line)
{
    struct str text = line->text;
    if (text.n >= 3 && text.p[2] == ' ') {
        line->class = class_by_flag(text.p[0], text.p[1]);
        if (line->class == LINE_OTHER)
            return false;
        line->flag[0] = text.p[0];
        line->flag[1] = text.p[1];
        line->text = str_make(text.p + 3, text.n - 3);
        return true;
    }
    if (str_starts(text, STR("Completed")) &&
        (text.n == 9 || str_starts(str_skip(text, 9), STR(" QT=")))) {
        line->class = LINE_COMPLETED;
        return true;
    }
    return false;
}

static void classify(struct logline *line)
{
    struct str text = line->text;
    if (line->id.n > 0 && classify_message(line))
        return;
    if (text.n > 2 && (text.p[1] == '=' || text.p[0] == ' ') && logline_is_rejection(text)) {
        line->class = LINE_REJECTED;
        return;
    }
    line->class = class_by_beginning(text);
    /* A process that has a message has long since written its cwd line. */
    if (line->id.n > 0 && (line->class == LINE_CWD || line->class == LINE_CWD_MORE))
        line->class = LINE_OTHER;
    if (line->class == LINE_OTHER && is_auth_failed(text))
        line->class = LINE_AUTH_FAILED;
}

/* ---- the prefix ---- */

/* `:SS` behind a minute that we know already. */
static inline bool eat_known_minute(struct str *s, const struct logline_hint *hint,
                                    int64_t *stamped_out)
{
    const char *p = s->p;
    if (load8(p) != load8(hint->minute) || load8(p + 8) != load8(hint->minute + 8) || p[16] != ':')
        return false;
    unsigned tens = (unsigned)p[17] - '0', ones = (unsigned)p[18] - '0';
    if (tens > 5 || ones > 9)
        return false;       /* a leap second is for the slow path */
    *stamped_out = hint->minute_at + (int64_t)(tens * 10 + ones);
    *s = str_make(p + STAMP_CHARS, s->n - STAMP_CHARS);
    return true;
}

static bool eat_new_minute(struct str *s, struct logline_hint *hint, int64_t *stamped_out)
{
    const char *p = s->p;
    if (p[10] != ' ' || clock_eat_stamp(s, stamped_out) != 0)
        return false;
    if (hint != NULL) {
        struct civil c = clock_to_civil(*stamped_out - (p[17] == '6' ? 1 : 0));
        memcpy(hint->minute, p, MINUTE_CHARS);
        hint->minute_at = *stamped_out - ((p[17] - '0') * 10 + (p[18] - '0'));
        hint->year = c.year;
        hint->month = c.month;
    }
    return true;
}

/* `DATE TIME` of Exim's own. */
static inline bool eat_stamp(struct str *s, struct logline_hint *hint, int64_t *stamped_out)
{
    if (s->n < STAMP_CHARS || s->p[4] != '-' || s->p[10] != ' ')
        return false;
    if (hint != NULL && eat_known_minute(s, hint, stamped_out))
        return true;
    return eat_new_minute(s, hint, stamped_out);
}

/* `.mmm` */
static bool eat_millisec(struct str *s, uint32_t *usec_out)
{
    if (s->n < 4 || !ascii_digit(s->p[1]) || !ascii_digit(s->p[2]) || !ascii_digit(s->p[3]))
        return false;
    *usec_out = (uint32_t)((s->p[1] - '0') * 100 + (s->p[2] - '0') * 10 + (s->p[3] - '0')) * 1000;
    *s = str_skip(*s, 4);
    return true;
}

/* `+hhmm ` */
static void eat_offset(struct str *s, int32_t *offset_out)
{
    const char *p = s->p;
    if (s->n < 6 || p[5] != ' ')
        return;
    for (int i = 1; i < 5; i++) {
        if (!ascii_digit(p[i]))
            return;
    }
    int hours = (p[1] - '0') * 10 + (p[2] - '0'), minutes = (p[3] - '0') * 10 + (p[4] - '0');
    if (hours > 15 || minutes > 59)
        return;
    *offset_out = (p[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    *s = str_skip(*s, 6);
}

/* `[12345] ` */
static inline void eat_pid(struct str *s, uint64_t *pid_out)
{
    uint64_t pid = 0;
    size_t i = 1;
    for (; i < s->n && i <= PID_DIGITS && ascii_digit(s->p[i]); i++)
        pid = pid * 10 + (uint64_t)(s->p[i] - '0');
    if (i == 1 || i + 1 >= s->n || s->p[i] != ']' || s->p[i + 1] != ' ')
        return;
    *pid_out = pid;
    *s = str_make(s->p + i + 2, s->n - i - 2);
}

/* Exim's own stamp, with all that log selectors put behind it. */
static inline bool eat_own_stamp(struct str *s, struct logline_hint *hint, struct logline *line)
{
    struct str rest = *s;
    int64_t stamped;
    uint32_t usec = 0;
    if (!eat_stamp(&rest, hint, &stamped))
        return false;
    if (rest.n > 0 && rest.p[0] == '.' && !eat_millisec(&rest, &usec))
        return false;
    if (rest.n > 0 && rest.p[0] != ' ')
        return false;
    rest = str_skip(rest, 1);
    line->stamped = stamped;
    line->usec = usec;
    line->has_date = true;
    if (rest.n > 0 && (rest.p[0] == '+' || rest.p[0] == '-'))
        eat_offset(&rest, &line->offset);
    *s = rest;
    return true;
}

/* `[pid] id text`, whatever stood before. */
static void take_rest(struct logline *line, struct str rest)
{
    if (rest.n > 0 && rest.p[0] == '[')
        eat_pid(&rest, &line->pid);
    size_t n = msgid_prefix(rest);
    if (n > 0 && (n == rest.n || rest.p[n] == ' ')) {
        line->id = str_make(rest.p, n);
        rest = str_skip(rest, n + 1);
    }
    line->text = rest;
    classify(line);
}

/* The date of a syslog head without a year. Its order in the file gives the
 * year: what was December and is January has gone on, and the reverse is a
 * line that came late. */
static void date_by_hint(const struct syslog_head *head, struct logline_hint *hint,
                         struct logline *line)
{
    int year = hint == NULL ? 0 : hint->year;
    if (year != 0 && hint->month == 12 && head->month == 1)
        year++;
    else if (year != 0 && hint->month == 1 && head->month == 12)
        year--;
    struct civil c = { year == 0 ? LEAP_YEAR : year, head->month, head->day, 0, 0, 0 };
    line->has_date = year != 0 && clock_civil_valid(&c);
    if (!line->has_date)
        c.year = LEAP_YEAR;
    line->stamped = clock_from_civil(&c) + head->second;
    if (!line->has_date) {
        struct civil january = { LEAP_YEAR, 1, 1, 0, 0, 0 };
        line->stamped -= clock_from_civil(&january);
        return;
    }
    hint->year = year;
    hint->month = head->month;
}

static void hint_by_date(const struct syslog_head *head, struct logline_hint *hint)
{
    if (hint == NULL)
        return;
    struct civil c = clock_to_civil(head->stamped);
    hint->year = c.year;
    hint->month = c.month;
}

/* Exim's stamp stands inside syslog's. If both name the same local time, they share a zone. */
static void offset_by_syslog(const struct syslog_head *head, struct logline *line)
{
    int64_t apart = head->stamped - line->stamped;
    if (head->has_date && line->offset == LOGLINE_NO_OFFSET && apart > -300 && apart < 300)
        line->offset = head->offset;
}

static int parse_syslog(struct str raw, struct logline_hint *hint, struct logline *line)
{
    struct syslog_head head;
    unsigned n, m;
    bool newline;
    if (logline_syslog_head(raw, &head) != 0)
        return -1;
    struct str rest = head.text;
    logline_eat_part(&rest, &n, &m, &newline);
    line->pid = head.pid;
    bool own = eat_own_stamp(&rest, hint, line);
    take_rest(line, rest);
    if (!own && line->id.n == 0 && line->class == LINE_OTHER &&
        !str_starts_nocase(head.tag, STR("exim")))
        return -1;          /* some other program's */
    if (own) {
        offset_by_syslog(&head, line);
    } else if (head.has_date) {
        line->stamped = head.stamped;
        line->usec = head.usec;
        line->offset = head.offset;
        line->has_date = true;
        hint_by_date(&head, hint);
    } else {
        date_by_hint(&head, hint, line);
    }
    return 0;
}

int logline_parse(struct str raw, struct logline_hint *hint, struct logline *line_out)
{
    struct str rest = raw;
    *line_out = (struct logline){ .raw = raw, .offset = LOGLINE_NO_OFFSET };
    if (!eat_own_stamp(&rest, hint, line_out))
        return parse_syslog(raw, hint, line_out);
    take_rest(line_out, rest);
    return 0;
}
