/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnslists - Exim's lists of DNS block lists, and what their answers mean
 *
 * Exim cuts an item in a fixed order, and so is it done here: at the first `/`
 * come keys; in what is left, at the first `=` or else the first `&`, come
 * addresses; a `!` right before that negates; a comma in what is left parts
 * the zone of the text from the zone that is asked. Variables are replaced after
 * the cutting and in keys only, so that no sender writes a list's grammar.
 */
#include "mail/dnslists.h"

#include <string.h>

/* --- lists with a separator, as string_nextinlist() of Exim's string.c has them --- */

struct split {
    struct str whole, rest;
    char sep;
};

/* A piece of a list: where it stands, and its bytes with doubled separators made single. */
struct piece {
    struct str raw, text;
    char sep;
};

static bool is_control(char c)
{
    return (c >= 0 && c < 0x20) || c == 0x7f;
}

static bool is_punct(char c)
{
    return c > 0x20 && c < 0x7f && !ascii_alnum(c);
}

static struct str skip_space(struct str s, char but)
{
    while (s.n > 0 && ascii_space(s.p[0]) && s.p[0] != but)
        s = str_skip(s, 1);
    return s;
}

static struct split split_begin(struct str list)
{
    struct split s = { .whole = list, .rest = skip_space(list, '\0'), .sep = ':' };
    if (s.rest.n >= 2 && s.rest.p[0] == '<' && (is_punct(s.rest.p[1]) || is_control(s.rest.p[1]))) {
        s.sep = s.rest.p[1];
        s.rest = str_skip(s.rest, 2);
    }
    return s;
}

/* Length of the piece at the start of `s`, doubled separators belonging to it. */
static size_t piece_length(struct str s, char sep, bool *doubled_out)
{
    *doubled_out = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != sep)
            continue;
        if (is_control(sep) || i + 1 == s.n || s.p[i + 1] != sep)
            return i;
        *doubled_out = true;
        i++;
    }
    return s.n;
}

static struct str undouble(struct str s, char sep, struct arena *a)
{
    char *copy = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; copy != NULL && i < s.n; i++) {
        copy[n++] = s.p[i];
        if (s.p[i] == sep)
            i++;
    }
    return str_make(copy, n);
}

/* 1, 0 at the end, -1 without memory. */
static int split_next(struct split *s, struct arena *a, struct piece *out)
{
    bool doubled;
    s->rest = skip_space(s->rest, s->sep);
    if (s->rest.n == 0)
        return 0;
    size_t length = piece_length(s->rest, s->sep, &doubled);
    out->sep = s->sep;
    out->raw = out->text = str_trim(str_head(s->rest, length));
    s->rest = str_skip(s->rest, length + 1);
    if (doubled)
        out->text = undouble(out->raw, s->sep, a);
    return out->text.p == NULL ? -1 : 1;
}

/* Where the byte `at` of a piece's text stands in its raw bytes. */
static size_t raw_offset(const struct piece *piece, size_t at)
{
    size_t raw = 0;
    for (; at > 0 && raw < piece->raw.n; at--)
        raw += piece->raw.p[raw] == piece->sep ? 2 : 1;
    return raw < piece->raw.n ? raw : piece->raw.n;
}

/* --- an item --- */

struct parse {
    struct str whole;
    struct arena *arena;
    struct piece piece;              /* the item */
    struct dnslist_problem *problem;
};

static int problem_at(struct parse *p, size_t at, const char *what)
{
    p->problem->at = at;
    p->problem->what = what;
    return -1;
}

/* At a view in the text of the item. */
static int problem_in(struct parse *p, struct str view, const char *what)
{
    size_t begin = (size_t)(p->piece.raw.p - p->whole.p);
    size_t at = (size_t)(view.p - p->piece.text.p);
    bool copied = p->piece.text.p != p->piece.raw.p;
    return problem_at(p, begin + (copied ? raw_offset(&p->piece, at) : at), what);
}

static int no_memory(struct parse *p)
{
    return problem_at(p, 0, "the list is too long");
}

int dnslist_address(struct str text, uint32_t *out)
{
    struct ip ip;
    if (text.n == 0 || !ascii_digit(text.p[0]) || ip_parse(text, &ip) != 0 || !ip_is4(&ip))
        return -1;
    *out = (uint32_t)ip.b[12] << 24 | (uint32_t)ip.b[13] << 16 | (uint32_t)ip.b[14] << 8 | ip.b[15];
    return 0;
}

static int parse_addresses(struct parse *p, struct str list, struct dnslist_item *item)
{
    uint32_t addresses[DNSLIST_ADDRESSES_MAX];
    size_t n = 0;
    bool more = true;
    while (more) {
        more = str_find_c(list, ',') != STR_NONE;
        struct str one = str_trim(str_cut(&list, ','));
        if (n == DNSLIST_ADDRESSES_MAX)
            return problem_in(p, one, "more than 64 addresses in one item");
        if (dnslist_address(one, &addresses[n++]) != 0)
            return problem_in(p, one, "not an IPv4 address: a condition is =127.0.0.2,127.0.0.4 or "
                              "&0.0.0.6, and a list answers with IPv4 addresses only");
    }
    uint32_t *copy = arena_alloc(p->arena, n * sizeof copy[0]);
    if (copy == NULL)
        return no_memory(p);
    memcpy(copy, addresses, n * sizeof copy[0]);
    item->addresses = copy;
    item->address_count = n;
    return 0;
}

/* --- keys --- */

static const struct {
    struct str name;
    size_t offset;                   /* in struct dnslist_values */
} variables[] = {
    { STR_INIT("sender_host_address"), offsetof(struct dnslist_values, sender_host_address) },
    { STR_INIT("sender_host_name"), offsetof(struct dnslist_values, sender_host_name) },
    { STR_INIT("sender_helo_name"), offsetof(struct dnslist_values, sender_helo_name) },
    { STR_INIT("sender_address"), offsetof(struct dnslist_values, sender_address) },
    { STR_INIT("sender_address_domain"), offsetof(struct dnslist_values, sender_address_domain) },
};
#define VARIABLES (sizeof variables / sizeof variables[0])

/* `s` begins behind a `$`: step over the variable. Its row, or VARIABLES for anything else. */
static size_t take_variable(struct str *s)
{
    struct str rest = *s;
    bool braces = str_eat(&rest, STR("{"));
    size_t n = 0;
    while (n < rest.n && (ascii_alnum(rest.p[n]) || rest.p[n] == '_'))
        n++;
    struct str name = str_head(rest, n);
    rest = str_skip(rest, n);
    if (braces && !str_eat(&rest, STR("}")))
        return VARIABLES;
    for (size_t i = 0; i < VARIABLES; i++) {
        if (str_eq(name, variables[i].name)) {
            *s = rest;
            return i;
        }
    }
    return VARIABLES;
}

/* The part of `s` before its first `$`; `s` moves behind that. False at the end. */
static bool next_dollar(struct str *s, struct str *before_out)
{
    bool found = str_find_c(*s, '$') != STR_NONE;
    *before_out = str_cut(s, '$');
    return found;
}

static int check_key(struct parse *p, struct str key)
{
    struct str rest = key, before;
    while (next_dollar(&rest, &before)) {
        struct str at = rest;
        if (take_variable(&rest) == VARIABLES)
            return problem_in(p, at, "only $sender_host_address, $sender_host_name, "
                              "$sender_helo_name, $sender_address and $sender_address_domain can "
                              "stand in a key");
    }
    return 0;
}

static struct str variable_value(const struct dnslist_values *values, size_t row)
{
    struct str value;
    memcpy(&value, (const char *)values + variables[row].offset, sizeof value);
    return value;
}

int dnslist_key_expand(struct str key, const struct dnslist_values *values, struct buf *b)
{
    struct str before;
    while (next_dollar(&key, &before)) {
        size_t row = take_variable(&key);
        struct str value = row < VARIABLES ? variable_value(values, row) : STR("");
        if (value.n == 0)
            return 0;
        buf_add(b, before);
        buf_add(b, value);
    }
    buf_add(b, before);
    return buf_bad(b) ? 0 : 1;
}

bool dnslist_key_chosen(struct str key)
{
    struct str before;
    while (next_dollar(&key, &before)) {
        size_t row = take_variable(&key);
        if (row < VARIABLES && !str_eq(variables[row].name, STR("sender_host_address")))
            return true;
    }
    return false;
}

static int parse_keys(struct parse *p, struct str list, struct dnslist_item *item)
{
    struct str keys[DNSLIST_KEYS_MAX];
    struct split split = split_begin(list);
    struct piece key;
    size_t n = 0;
    int more;
    while ((more = split_next(&split, p->arena, &key)) == 1) {
        struct str place = key.raw;
        if (n == DNSLIST_KEYS_MAX)
            return problem_in(p, place, "more than 16 keys in one item");
        if (key.text.n == 0)
            return problem_in(p, place, "an empty key");
        keys[n++] = key.text;
        if (key.text.p == place.p && check_key(p, key.text) != 0)
            return -1;
        if (key.text.p != place.p && str_find_c(key.text, '$') != STR_NONE)
            return problem_in(p, place, "a key with both a variable and a doubled separator");
    }
    if (more < 0)
        return no_memory(p);
    if (n == 0)
        return problem_in(p, list, "no key behind the slash");
    struct str *copy = arena_alloc(p->arena, n * sizeof copy[0]);
    if (copy == NULL)
        return no_memory(p);
    memcpy(copy, keys, n * sizeof copy[0]);
    item->keys = copy;
    item->key_count = n;
    return 0;
}

/* --- zones --- */

static int check_zone(struct parse *p, struct str zone)
{
    if (zone.n == 0)
        return problem_in(p, zone, "the name of the list is missing");
    for (size_t i = 0; i < zone.n; i++) {
        char c = zone.p[i];
        if (c == '$')
            return problem_in(p, str_skip(zone, i),
                              "a variable can stand in a key only (zone/$variable)");
        if (!ascii_alnum(c) && c != '-' && c != '_' && c != '.')
            return problem_in(p, str_skip(zone, i),
                              "a list's name has only letters, digits, dots, hyphens and "
                              "underscores");
        if (c == '.' && (i == 0 || zone.p[i - 1] == '.'))
            return problem_in(p, str_skip(zone, i), "an empty label in the name of the list");
    }
    if (zone.n > DNSLIST_QUERY_MAX - 2)
        return problem_in(p, zone, "the name of the list is too long");
    return 0;
}

/* The dot at the end says nothing more: all zones are asked from the root. */
static struct str zone_plain(struct str zone)
{
    return str_ends(zone, STR(".")) ? str_head(zone, zone.n - 1) : zone;
}

static int parse_zones(struct parse *p, struct str zones, struct dnslist_item *item)
{
    bool two = str_find_c(zones, ',') != STR_NONE;
    item->txt_zone = item->zone = str_cut(&zones, ',');
    if (two)
        item->zone = zones;
    if (check_zone(p, item->zone) != 0 || check_zone(p, item->txt_zone) != 0)
        return -1;
    item->zone = zone_plain(item->zone);
    item->txt_zone = zone_plain(item->txt_zone);
    return 0;
}

/* Cut the condition off *s, as verify_check_dnsbl() does. False if there is none. */
static bool cut_condition(struct str *s, struct dnslist_item *item, struct str *addresses_out)
{
    size_t at = str_find_c(*s, '=');
    item->mask = at == STR_NONE;
    if (at == STR_NONE)
        at = str_find_c(*s, '&');
    if (at == STR_NONE) {
        item->mask = false;
        return false;
    }
    *addresses_out = str_skip(*s, at + 1);
    *s = str_head(*s, at);
    item->negated = str_ends(*s, STR("!"));
    if (item->negated)
        s->n--;
    if (!item->mask && addresses_out->n > 0) {
        char next = addresses_out->p[0];
        item->all = next == '=' || next == '&';
        item->mask = next == '&';
        *addresses_out = str_skip(*addresses_out, item->all ? 1 : 0);
    }
    return true;
}

static int parse_item(struct parse *p, struct dnslist_item *item)
{
    struct str keys = p->piece.text, addresses;
    bool keyed = str_find_c(keys, '/') != STR_NONE;
    struct str zones = str_cut(&keys, '/');
    bool condition = cut_condition(&zones, item, &addresses);
    item->text = p->piece.text;
    if (parse_zones(p, zones, item) != 0)
        return -1;
    if (condition && parse_addresses(p, addresses, item) != 0)
        return -1;
    return keyed ? parse_keys(p, keys, item) : 0;
}

static int parse_unknown(struct parse *p, enum dnslist_unknown *out)
{
    struct str word = p->piece.text;
    if (str_eq_nocase(word, STR("+include_unknown")))
        *out = DNSLIST_INCLUDE_UNKNOWN;
    else if (str_eq_nocase(word, STR("+exclude_unknown")))
        *out = DNSLIST_EXCLUDE_UNKNOWN;
    else if (str_eq_nocase(word, STR("+defer_unknown")))
        *out = DNSLIST_DEFER_UNKNOWN;
    else
        return problem_in(p, word,
                          "behind a plus: include_unknown, exclude_unknown or defer_unknown");
    return 0;
}

int dnslist_parse(struct str text, struct arena *a, struct dnslist *out,
                  struct dnslist_problem *problem_out)
{
    struct parse p = { .whole = text, .arena = a, .problem = problem_out };
    struct split split = split_begin(text);
    enum dnslist_unknown unknown = DNSLIST_EXCLUDE_UNKNOWN;
    struct dnslist_item *items = arena_alloc(a, DNSLIST_ITEMS_MAX * sizeof items[0]);
    int more;
    *out = (struct dnslist){ .items = items };
    if (items == NULL)
        return no_memory(&p);
    while ((more = split_next(&split, a, &p.piece)) == 1) {
        if (p.piece.text.n == 0)
            return problem_in(&p, p.piece.text, "an empty item");
        if (p.piece.text.p[0] == '+') {
            if (parse_unknown(&p, &unknown) != 0)
                return -1;
            continue;
        }
        if (out->count == DNSLIST_ITEMS_MAX)
            return problem_in(&p, p.piece.text, "more than 64 items");
        items[out->count] = (struct dnslist_item){ .unknown = unknown };
        if (parse_item(&p, &items[out->count]) != 0)
            return -1;
        out->count++;
    }
    if (more < 0)
        return no_memory(&p);
    return out->count > 0 ? 0 : problem_at(&p, 0, "no list is named");
}
