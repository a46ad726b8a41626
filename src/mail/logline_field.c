/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_field - the small grammars of which log lines are made
 *
 * An address here is what Exim's own parser (parse.c, read_local_part() and
 * read_domain()) can have let through, and nothing else. The strictness is the
 * defence: in what a client may write, an unquoted bracket, parenthesis or
 * space cannot occur, and quotes come in pairs. So a field that a client
 * imitates always leaves something over that fits nowhere, and the reading
 * that takes the imitation for real fails.
 */
#define _GNU_SOURCE
#include "mail/logline_internal.h"

#define IP_CHARS_MAX 45
#define NAME_CHARS_MAX 16

/* Bytes of atoms and the dots between them: all but the specials, controls and the space. Bytes
 * of 128 and more are taken: UTF-8, or what a client thought was one. */
static const bool special[256] = {
    [0] = true, true, true, true, true, true, true, true, true, true, true, true, true, true, true,
    true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true,
    true, [' '] = true, ['"'] = true, ['('] = true, [')'] = true, [','] = true, [':'] = true,
    [';'] = true, ['<'] = true, ['>'] = true, ['@'] = true, ['['] = true, ['\\'] = true,
    [']'] = true, [127] = true,
};

typedef unsigned char bytes16 __attribute__((vector_size(16)));

/* How many of the 16 bytes at `p` come before the first that is no letter, digit, dot, hyphen or
 * slash. Nearly all addresses are made of these, and two ranges are quickly compared. */
static inline size_t usual_bytes(const char *p)
{
    const bytes16 zero = { 0 };
    bytes16 v;
    uint64_t other[2];
    memcpy(&v, p, sizeof v);
    bytes16 letter = (v | (zero + 0x20)) - (zero + (unsigned char)'a');
    bytes16 number = v - (zero + (unsigned char)'-');
    v = (bytes16)(letter >= (zero + 26)) & (bytes16)(number > (zero + ('9' - '-')));
    memcpy(other, &v, sizeof other);
    if (other[0] != 0)
        return (size_t)__builtin_ctzll(other[0]) / 8;
    return other[1] == 0 ? 16 : 8 + (size_t)__builtin_ctzll(other[1]) / 8;
}

static inline size_t atoms_end(struct str s, size_t i)
{
    const unsigned char *b = (const unsigned char *)s.p;
    while (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && i + 16 <= s.n) {
        size_t n = usual_bytes(s.p + i);
        i += n;
        if (n < 16 && special[b[i++]])
            return i - 1;
    }
    /* The rest, and all of it elsewhere. */
    while (i + 4 <= s.n &&
           !(special[b[i]] | special[b[i + 1]] | special[b[i + 2]] | special[b[i + 3]]))
        i += 4;
    while (i < s.n && !special[b[i]])
        i++;
    return i;
}

/* `"..."` at `i`: the offset behind it, or STR_NONE. Backslash takes the next byte along. */
static size_t quoted_end(struct str s, size_t i)
{
    struct str inside, rest = str_skip(s, i + 1);
    return logline_eat_escaped(&rest, &inside) ? (size_t)(rest.p - s.p) : STR_NONE;
}

/* The domain at `i`, up to a byte that cannot be in one. */
static size_t domain_end(struct str s, size_t i)
{
    if (i >= s.n || s.p[i] != '[')
        return atoms_end(s, i);
    for (i++; i < s.n && (ascii_alnum(s.p[i]) || s.p[i] == '.' || s.p[i] == ':'); i++)
        ;
    return i < s.n && s.p[i] == ']' ? i + 1 : STR_NONE;
}

/* The local part, up to an `@` or a byte that cannot be in one. Quoted strings are whole words. */
static size_t local_part_end(struct str s)
{
    for (size_t i = atoms_end(s, 0);; i = atoms_end(s, i)) {
        if (i >= s.n)
            return i == s.n ? i : STR_NONE;     /* a backslash as the last byte leads beyond */
        if (s.p[i] == '\\') {
            i += 2;
        } else if (s.p[i] == '"') {
            if ((i > 0 && s.p[i - 1] != '.') || (i = quoted_end(s, i)) == STR_NONE)
                return STR_NONE;
            if (i < s.n && s.p[i] != '.' && !special[(unsigned char)s.p[i]])
                return STR_NONE;
        } else {
            return i;
        }
    }
}

bool logline_eat_address(struct str *s, char term, struct str *address_out)
{
    if (term == ' ' && str_starts(*s, STR("<>")) && (s->n == 2 || s->p[2] == ' ')) {
        *address_out = str_head(*s, 2);
        *s = str_skip(*s, 2);
        return true;
    }
    size_t end = local_part_end(*s);
    if (end < s->n && s->p[end] == '@')
        end = domain_end(*s, end + 1);
    if (end == STR_NONE || (end < s->n ? s->p[end] != term : term == '>') ||
        (end == 0 && term == ' '))
        return false;
    *address_out = str_head(*s, end);
    *s = str_skip(*s, end);
    return true;
}

bool logline_eat_escaped(struct str *s, struct str *inside_out)
{
    /* The first quote is the end, unless a backslash stands before it. */
    size_t end = str_find_c(*s, '"');
    if (end != STR_NONE && end > 0 && s->p[end - 1] == '\\') {
        for (end = 0; end < s->n && s->p[end] != '"'; end++)
            end += s->p[end] == '\\' ? 1 : 0;
        if (end >= s->n)
            end = STR_NONE;
    }
    *inside_out = str_head(*s, end);
    *s = str_skip(*s, end == STR_NONE ? s->n : end + 1);
    return end != STR_NONE;
}

bool logline_eat_angle(struct str *s, struct str *address_out)
{
    struct str rest = *s;
    if (!logline_eat(&rest, STR("<")) || !logline_eat_address(&rest, '>', address_out))
        return false;
    *s = str_skip(rest, 1);
    return true;
}

/* `:25`: false if it is no port. Without a colon and a digit there is none: 0. */
static bool eat_port(struct str *s, uint16_t *port_out)
{
    uint64_t port = 0;
    *port_out = 0;
    if (s->n < 2 || s->p[0] != ':' || !ascii_digit(s->p[1]))
        return true;
    struct str rest = str_skip(*s, 1);
    if (str_eat_u64(&rest, &port) != 0 || port > UINT16_MAX)
        return false;
    *port_out = (uint16_t)port;
    *s = rest;
    return true;
}

/* What an IP address is made of, and what parts it. */
enum { IP_DIGIT = 1, IP_PART = 2 };
static const unsigned char ip_char[256] = {
    ['.'] = IP_PART,  [':'] = IP_PART,  ['0'] = IP_DIGIT, ['1'] = IP_DIGIT, ['2'] = IP_DIGIT,
    ['3'] = IP_DIGIT, ['4'] = IP_DIGIT, ['5'] = IP_DIGIT, ['6'] = IP_DIGIT, ['7'] = IP_DIGIT,
    ['8'] = IP_DIGIT, ['9'] = IP_DIGIT, ['a'] = IP_DIGIT, ['b'] = IP_DIGIT, ['c'] = IP_DIGIT,
    ['d'] = IP_DIGIT, ['e'] = IP_DIGIT, ['f'] = IP_DIGIT, ['A'] = IP_DIGIT, ['B'] = IP_DIGIT,
    ['C'] = IP_DIGIT, ['D'] = IP_DIGIT, ['E'] = IP_DIGIT, ['F'] = IP_DIGIT,
};

bool logline_eat_ip(struct str *s, struct str *ip_out, uint16_t *port_out)
{
    size_t i = 1, most = s->n <= IP_CHARS_MAX ? s->n : IP_CHARS_MAX + 1;
    unsigned seen = 0, kind;
    if (s->n < 4 || s->p[0] != '[')
        return false;
    for (; i < most && (kind = ip_char[(unsigned char)s->p[i]]) != 0; i++)
        seen |= kind;
    if (i < 3 || i >= s->n || s->p[i] != ']' || (seen & IP_PART) == 0)
        return false;
    struct str ip = str_make(s->p + 1, i - 1), rest = str_make(s->p + i + 1, s->n - i - 1);
    if (!eat_port(&rest, port_out))
        return false;
    *ip_out = ip;
    *s = rest;
    return true;
}

/* What may stand behind a host in one of Exim's lines. */
static bool host_ends(struct str s)
{
    return s.n == 0 || s.p[0] == ' ' || s.p[0] == ':' || s.p[0] == ',' || s.p[0] == ';';
}

/* `(helo) [ip]`, passing over `skip` places where it could end. */
static bool eat_helo(struct str *s, unsigned skip, struct line_host *out)
{
    struct str rest = str_skip(*s, 1);
    size_t at;
    while ((at = str_find_c(rest, ')')) != STR_NONE) {
        struct str helo = str_make(s->p + 1, (size_t)(rest.p + at - s->p) - 1);
        rest = str_skip(rest, at + 1);
        struct str end = rest;
        if (!logline_eat(&end, STR(" ")) || !logline_eat_ip(&end, &out->ip, &out->port) ||
            !host_ends(end))
            continue;
        if (skip-- > 0)
            continue;
        out->helo = helo;
        *s = end;
        return true;
    }
    return false;
}

bool logline_eat_host(struct str *s, unsigned skip, struct line_host *host_out)
{
    struct str rest = *s;
    struct line_host host = { .port = 0 };
    *host_out = host;
    if (rest.n > 0 && rest.p[0] != '(' && rest.p[0] != '[') {
        host.name = logline_eat_token(&rest);
        if (host.name.n == 0 || !logline_eat(&rest, STR(" ")))
            return false;
    }
    if (rest.n > 0 && rest.p[0] == '(') {
        if (!eat_helo(&rest, skip, &host))
            return false;
    } else if (skip > 0 || !logline_eat_ip(&rest, &host.ip, &host.port) || !host_ends(rest)) {
        return false;
    }
    *host_out = host;
    *s = rest;
    return true;
}

size_t logline_find_size(struct str s)
{
    for (size_t from = 0, at; (at = str_find(str_skip(s, from), STR(" S="))) != STR_NONE;) {
        struct str rest = str_skip(s, from + at + 3);
        uint64_t size;
        if (str_eat_u64(&rest, &size) == 0 && (rest.n == 0 || rest.p[0] == ' '))
            return from + at;
        from += at + 3;
    }
    return STR_NONE;
}

bool logline_eat_bare_name(struct str *s, struct field_name *name_out)
{
    size_t i = 0;
    if (s->n < 1 || !ascii_alpha(s->p[0]))
        return false;
    while (i < s->n && i <= NAME_CHARS_MAX &&
           (ascii_alnum(s->p[i]) || s->p[i] == '*' || s->p[i] == '.' || s->p[i] == '-'))
        i++;
    name_out->has_value = i < s->n && s->p[i] == '=';
    if (!name_out->has_value && i < s->n && s->p[i] != ' ')
        return false;
    name_out->name = str_make(s->p, i);
    *s = str_skip(*s, name_out->has_value ? i + 1 : i);
    return true;
}

bool logline_eat_long_name(struct str *s, struct field_name *name_out)
{
    struct str rest = *s;
    if (!logline_eat(&rest, STR(" ")) || !logline_eat_bare_name(&rest, name_out))
        return false;
    *s = rest;
    return true;
}
