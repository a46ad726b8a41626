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
#include "base/word.h"
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

/* One bit for each of the 16 bytes at `p` that is no letter, digit, dot, hyphen or slash. Nearly
 * all addresses are made of these, and two ranges are quickly compared. */
static inline unsigned unusual(const char *p)
{
    bytes16 v = bytes16_load(p);
    bytes16 letter = (v | bytes16_all(0x20)) - bytes16_all('a');
    bytes16 number = v - bytes16_all('-');
    return bytes16_bits((bytes16)(letter >= bytes16_all(26)) &
                        (bytes16)(number > bytes16_all('9' - '-')));
}

/* The first special byte from `i` on; s.n if there is none. */
static inline size_t atoms_end(struct str s, size_t i)
{
    const unsigned char *b = (const unsigned char *)s.p;
    while (i < s.n && s.n >= 16) {
        size_t n = s.n - i < 16 ? s.n - i : 16;
        /* Of less than 16 bytes at the end, those before them are loaded along. */
        unsigned bits = n == 16 ? unusual(s.p + i) : unusual(s.p + s.n - 16) >> (16 - n);
        i += bits == 0 ? n : (unsigned)__builtin_ctz(bits);
        if (bits != 0 && special[b[i++]])
            return i - 1;
    }
    while (i < s.n && !special[b[i]])
        i++;
    return i;
}

/* Length of an address of usual bytes alone at the front of `s`, with one `@` at most, that ends at
 * a space or with `s`; 0: the grammar has to say. Most addresses are of this kind. */
static inline size_t usual_address(struct str s)
{
    unsigned found = 0, bits = 0;
    for (size_t i = 0; i < s.n && s.n >= 16; i += 16) {
        size_t from = s.n - i < 16 ? s.n - 16 : i;
        bytes16 at = (bytes16)(bytes16_load(s.p + from) == bytes16_all('@'));
        unsigned ats = bytes16_bits(at) >> (i - from);
        bits = (unusual(s.p + from) >> (i - from)) & ~ats;
        ats &= (bits & -bits) - 1;
        if ((ats & (ats - 1)) != 0 || (ats != 0 && found++ > 0))
            return 0;
        if (bits != 0) {
            i += (unsigned)__builtin_ctz(bits);
            return s.p[i] == ' ' ? i : 0;
        }
    }
    return s.n >= 16 ? s.n : 0;
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

bool logline_eat_usual_address(struct str *s, struct str *address_out)
{
    size_t n = usual_address(*s);
    *address_out = str_make(s->p, n);
    *s = str_make(s->p + n, s->n - n);
    return n > 0;
}

bool logline_eat_address(struct str *s, char term, struct str *address_out)
{
    if (term == ' ' && logline_eat_usual_address(s, address_out))
        return true;
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
