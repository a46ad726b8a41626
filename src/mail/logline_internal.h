/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_internal - what the parts of the log line parser share
 *
 * For logline*.c and syslogjoin.c only. Everybody else uses logline.h.
 *
 * The small grammars that occur in many classes of lines stand here: an
 * address, an address literal, an H= field, the head of a syslog line. Each
 * takes its piece from the front of `*s` and moves `*s` behind it, or says no
 * and leaves `*s` where it was.
 */
#ifndef POSTERN_MAIL_LOGLINE_INTERNAL_H
#define POSTERN_MAIL_LOGLINE_INTERNAL_H

#include "base/word.h"
#include "mail/logline.h"

#define LOGLINE_TRIES_MAX 16   /* readings of one line that are tried before it is refused */

/* ---- syslog (logline_syslog.c) ---- */

struct syslog_head {
    bool has_date;        /* a full date: RFC 3339 */
    int64_t stamped;
    uint32_t usec;
    int32_t offset;
    int month, day;       /* of the old form, which has no year */
    int32_t second;       /* of the day, old form */
    struct str tag;       /* program name */
    uint64_t pid;         /* 0 = none */
    struct str source;    /* `host exim[1]`: the same for all parts of one line */
    struct str text;      /* behind the `: ` */
};

/* Take the head of a syslog line. 0, or -1 if it is none. */
int logline_syslog_head(struct str raw, struct syslog_head *out);

/* `[n/m] ` or `[n\m] ` at the front of `*s`: step over it. `newline_out` says that a newline stood
 * behind this part. Numbers are 1 to 9999 and n <= m. */
bool logline_eat_part(struct str *s, unsigned *n_out, unsigned *m_out, bool *newline_out);

/* ---- grammars (logline_field.c) ---- */

/* An addr-spec as Exim's own parser lets it through: words and quoted strings joined with dots,
 * a domain or an address literal, or the local part alone. It must end at `term`, which is a space
 * (or the end of the line) or `>`. `*address_out` excludes the terminator and so does the step.
 * With a space, <> is taken too, and something must stand there. */
bool logline_eat_address(struct str *s, char term, struct str *address_out);

/* The same for what needs no grammar: letters, digits, dots, hyphens and slashes, at most one `@`,
 * and a space or the end. False says nothing. */
bool logline_eat_usual_address(struct str *s, struct str *address_out);

/* `<address>`, without what it stands in; also `<>`. */
bool logline_eat_angle(struct str *s, struct str *address_out);

/* `[ip]` or `[ip]:port`; the ip must look like one. */
bool logline_eat_ip(struct str *s, struct str *ip_out, uint16_t *port_out);

/* `name [ip]:port`, `(helo) [ip]`, `name (helo) [ip]`, `[ip]`. A HELO name may hold anything,
 * so it may hold `) [1.2.3.4]` too: `skip` says how many such ends to pass over. It must be
 * followed by a space, one of `, : ;` or the end. */
bool logline_eat_host(struct str *s, unsigned skip, struct line_host *host_out);

/* Offset of the first ` S=n ` (or ` S=n` at the end), or STR_NONE. */
size_t logline_find_size(struct str s);

/* As str_eat(), for short literals of ours: the compiler makes one or two compares of it. */
static inline bool logline_eat(struct str *s, struct str literal)
{
    if (!str_starts(*s, literal))
        return false;
    *s = str_make(s->p + literal.n, s->n - literal.n);
    return true;
}

/* What stands before the next space, or all. Steps over it but not over the space. */
static inline struct str logline_eat_token(struct str *s)
{
    struct str token = str_head(*s, str_find_c(*s, ' '));
    *s = str_skip(*s, token.n);
    return token;
}

/* How many bytes come before the first space, quote or `other` byte. */
static inline size_t logline_word_end(struct str s, char other)
{
    size_t i = 0;
    for (; i + 16 <= s.n; i += 16) {
        bytes16 v = bytes16_load(s.p + i);
        unsigned bits = bytes16_bits((bytes16)(v == bytes16_all(' ')) |
                                     (bytes16)(v == bytes16_all('"')) |
                                     (bytes16)(v == bytes16_all(other)));
        if (bits != 0)
            return i + (unsigned)__builtin_ctz(bits);
    }
    while (i < s.n && s.p[i] != ' ' && s.p[i] != '"' && s.p[i] != other)
        i++;
    return i;
}

/* ---- fields in a row (logline_field.c) ---- */

/* The next ` NAME=` or ` NAME` of a row of fields: letters, digits, `*`, `.` and `-`, beginning
 * with a letter. Steps over the space, the name and the `=`. */
struct field_name {
    struct str name;
    bool has_value;
};
bool logline_eat_long_name(struct str *s, struct field_name *name_out);

static inline bool logline_eat_name(struct str *s, struct field_name *name_out)
{
    const char *p = s->p;
    if (s->n < 3 || p[0] != ' ')
        return false;
    if (p[2] != '=' || !ascii_alpha(p[1]))
        return logline_eat_long_name(s, name_out);
    *name_out = (struct field_name){ str_make(p + 1, 1), true };
    *s = str_make(p + 3, s->n - 3);
    return true;
}

/* The same without the space: the first of a row. */
bool logline_eat_bare_name(struct str *s, struct field_name *name_out);

/* The inside of `"..."` in which quote and backslash are escaped; `*s` is behind its opening quote
 * and moves behind the closing one. False if there is none: *inside_out is then all the rest. */
bool logline_eat_escaped(struct str *s, struct str *inside_out);

/* ---- classes ---- */

/* A text that begins with H=, U= or F= goes on through fields to `rejected `. */
bool logline_is_rejection(struct str text);

#endif
