/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_glance - what can be said of a log line at a glance
 *
 * Sixteen bytes are looked at together, with the vectors that gcc and clang
 * have on every processor. No byte beyond the line is ever read: what would need
 * one is left to logline_parse().
 */
#include "mail/logline_glance.h"

#include <string.h>

#include "mail/logline_internal.h"

/* Digits of base 62 everywhere but where `dash` is set: there a `-`. */
static inline bool digits_and_dashes(const char *p, bytes16 dash)
{
    bytes16 v = bytes16_load(p);
    bytes16 number = v - bytes16_all('0');
    bytes16 letter = (v | bytes16_all(0x20)) - bytes16_all('a');
    bytes16 digit = (bytes16)(number < bytes16_all(10)) | (bytes16)(letter < bytes16_all(26));
    bytes16 minus = (bytes16)(v == bytes16_all('-'));
    return bytes16_bits((dash & minus) | (~dash & digit)) == 0xffff;
}

/* Length of the id at `p`, behind which at least MSGID_NEW_LEN + 1 - 16 bytes more are ours; 0 if
 * there is none, or if no space follows. */
static inline size_t id_length(const char *p)
{
    static const bytes16 old = { 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0xff };
    static const bytes16 new_front = { 0, 0, 0, 0, 0, 0, 0xff };
    static const bytes16 new_back = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff };
    if (p[13] == '-')
        return p[MSGID_OLD_LEN] == ' ' && digits_and_dashes(p, old) ? MSGID_OLD_LEN : 0;
    if (p[18] != '-' || p[MSGID_NEW_LEN] != ' ')
        return 0;
    return digits_and_dashes(p, new_front) && digits_and_dashes(p + 7, new_back) ? MSGID_NEW_LEN
                                                                                 : 0;
}

/* The `n` digits at `p`, digit by digit. False if they are others. */
static bool long_pid_value(const char *p, size_t n, uint64_t *pid_out)
{
    uint64_t pid = 0;
    for (size_t i = 0; i < n; i++) {
        if (!ascii_digit(p[i]))
            return false;
        pid = pid * 10 + (uint64_t)(p[i] - '0');
    }
    *pid_out = pid;
    return true;
}

/* The same; up to seven digits are taken as one word, with zeros put before them. */
static inline bool pid_value(const char *p, size_t n, uint64_t *pid_out)
{
    if (n - 1 > 6 || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return long_pid_value(p, n, pid_out);
    const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), zeros = UINT64_C(0x3030303030303030);
    uint64_t word = load8(p) << (64 - 8 * n) | zeros >> (8 * n);
    if ((word & high) != zeros || ((word + UINT64_C(0x0606060606060606)) & high) != zeros)
        return false;
    word &= ~high;
    word = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    word = (word * 100 + (word >> 16)) & UINT64_C(0x0000ffff0000ffff);
    *pid_out = (word * 10000 + (word >> 32)) & UINT32_MAX;
    return true;
}

/* The class by the flag at the front of the text, as logline_parse() has it. */
static inline enum line_class flag_class(const char *p)
{
    if (p[1] == '>')
        return p[0] == '=' || p[0] == '-' || p[0] == '>' || p[0] == '*' ? LINE_DELIVERY
                                                                         : LINE_OTHER;
    if (p[1] == '=')
        return p[0] == '<' || p[0] == '(' ? LINE_ARRIVAL
               : p[0] == '=' ? LINE_DEFERRAL : LINE_OTHER;
    return p[0] == '*' && p[1] == '*' ? LINE_FAILURE : LINE_OTHER;
}

/* Behind the id: a flag, or the end of the message. */
static inline bool take_class(struct logline *line)
{
    struct str text = line->text;
    if (text.n >= 3 && text.p[2] == ' ') {
        line->class = flag_class(text.p);
        line->flag[0] = text.p[0];
        line->flag[1] = text.p[1];
        line->text = str_make(text.p + 3, text.n - 3);
        return line->class != LINE_OTHER;
    }
    line->class = LINE_COMPLETED;
    return text.n == 9 && text.p[8] == 'd' && memcmp(text.p, "Complete", 8) == 0;
}

/* Field by field: for a whole structure of zeros the compiler calls upon an instruction that takes
 * longer than all the rest here. */
static inline void line_begin(struct logline *line, struct str raw, int64_t stamped)
{
    line->raw = raw;
    line->stamped = stamped;
    line->has_date = true;
    line->usec = 0;
    line->pid = 0;
    line->offset = LOGLINE_NO_OFFSET;
    line->id = str_make(raw.p, 0);
    line->flag[0] = line->flag[1] = '\0';
}

/* Behind the stamp and the pid of the line that was begun. */
static inline bool take_text(struct logline *line, enum glance glance, struct str text)
{
    if (glance == GLANCE_CWD) {
        line->text = text;
        line->class = LINE_CWD;
        return true;
    }
    size_t n = id_length(text.p);
    line->id = str_make(text.p, n);
    line->text = str_make(text.p + n + 1, text.n - n - 1);
    return n > 0 && take_class(line);
}

bool logline_glance_line(struct str raw, enum glance glance, struct str text,
                         const struct logline_hint *hint, struct logline *line_out)
{
    const char *p = raw.p;
    size_t before = (size_t)(text.p - p) - GLANCE_TEXT_AT;
    unsigned tens = (unsigned)p[17] - '0', ones = (unsigned)p[18] - '0';
    if (load8(p) != load8(hint->minute) || load8(p + 8) != load8(hint->minute + 8) ||
        p[16] != ':' || tens > 5 || ones > 9)
        return false;
    line_begin(line_out, raw, hint->minute_at + (int64_t)(tens * 10 + ones));
    if (before > 0 && !pid_value(p + GLANCE_TEXT_AT + 1, before - GLANCE_PID_FRAME, &line_out->pid))
        return false;
    return take_text(line_out, glance, text);
}

bool logline_glance_host(const struct logline *line)
{
    struct str text = line->text;
    size_t i = logline_word_end(text, '\\');
    return i > 0 && text.n - i >= 3 && text.p[i] == ' ' && text.p[i + 1] == 'H' &&
           text.p[i + 2] == '=';
}

/* Where the three bytes stand side by side, beginning at one of the 16 at `p`. */
static inline bytes16 three_at(const char *p, bytes16 a, bytes16 b, bytes16 c)
{
    return (bytes16)(bytes16_load(p) == a) & (bytes16)(bytes16_load(p + 1) == b) &
           (bytes16)(bytes16_load(p + 2) == c);
}

bool logline_glance_holds(struct str s, char a, char b, char c)
{
    bytes16 va = bytes16_all(a), vb = bytes16_all(b), vc = bytes16_all(c), hits = bytes16_all(0);
    if (s.n < 18) {
        for (size_t i = 0; i + 3 <= s.n; i++) {
            if (s.p[i] == a && s.p[i + 1] == b && s.p[i + 2] == c)
                return true;
        }
        return false;
    }
    /* The last step looks once more at some bytes of the one before. */
    const char *last = s.p + s.n - 18;
    for (const char *p = s.p; p < last; p += 16)
        hits |= three_at(p, va, vb, vc);
    return bytes16_bits(hits | three_at(last, va, vb, vc)) != 0;
}
