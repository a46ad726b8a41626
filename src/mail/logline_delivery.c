/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_delivery - the fields of a delivery, a failure, a deferral
 *
 *   ADDRESS[ (PARENT, ...)][ <ORIGINAL>] [F=<>] [Q=] [P=<>] [R=] [T=] [S=]
 *   [H=name [DS] [ip][:port][*]] [PRX=] [I=] [TFO] [X=] [CV=] [DN=""] [A=] [L] [PRDR] [K] [C=""]
 *   [QT=] [DT=] [ST=]
 *
 * A failure ends its fields with `: ` and the message, a deferral has ` defer (n)` and the rest in
 * words. The names of routers and transports are the configuration's.
 *
 * The address is the hard part. Exim logs its local part without the quotes, so the recipient
 * `"a R=x"@b` shows as `a R=x@b <"a R=x"@b>`. It is known by its original behind it, which has the
 * quotes: where both say the same, everything before is one address. A remote host chooses only
 * what is in C="" (escaped) and in the message, which come last; it can make a failure look as
 * though it had such an address, and gains nothing by it.
 */
#define _GNU_SOURCE
#include "mail/logline_internal.h"

#define PLACES_MAX 64       /* places where an original could stand that are looked at */

/* ---- the address ---- */

/* `plain` is what Exim makes of `quoted`: without quotes and backslashes. Case does not matter. */
static bool same_address(struct str plain, struct str quoted)
{
    size_t i = 0;
    for (size_t j = 0; j < quoted.n; j++) {
        if (quoted.p[j] == '"')
            continue;
        if (quoted.p[j] == '\\' && ++j == quoted.n)
            return false;
        if (i == plain.n || ascii_tolower(plain.p[i]) != ascii_tolower(quoted.p[j]))
            return false;
        i++;
    }
    return i == plain.n;
}

/* An original that begins with `c` may say what begins with `plain`. Saves the long comparison. */
static inline bool may_begin(char c, char plain)
{
    return c == '"' || c == '\\' || ascii_tolower(c) == ascii_tolower(plain);
}

/* The place of an original that says the same as all before it, or STR_NONE. */
static size_t find_same_original(struct str text)
{
    size_t at, from = 0;
    unsigned places = 0;
    while ((at = str_find_c(str_skip(text, from), '<')) != STR_NONE && places < PLACES_MAX) {
        from += at + 1;
        if (from < 2 || from == text.n || text.p[from - 2] != ' ' ||
            !may_begin(text.p[from], text.p[0]))
            continue;
        struct str original, rest = str_skip(text, from - 1);
        places++;
        if (logline_eat_angle(&rest, &original) &&
            same_address(str_head(text, from - 2), original))
            return from - 2;
    }
    return STR_NONE;
}

/* A pipe, a file, an autoreply: anything, up to the original that always follows it. */
static size_t special_end(struct str text)
{
    struct str address;
    for (size_t from = 0, at; (at = str_find(str_skip(text, from), STR(" <"))) != STR_NONE;) {
        struct str rest = str_skip(text, from + at + 1);
        if (logline_eat_angle(&rest, &address) && (rest.n == 0 || rest.p[0] == ' ')) {
            size_t end = from + at;
            size_t parents = text.p[end - 1] == ')' ? str_find(str_head(text, end), STR(" ("))
                                                    : STR_NONE;
            return parents == STR_NONE ? end : parents;
        }
        from += at + 2;
    }
    return str_head(text, str_find_c(text, ' ')).n;
}

/* What may stand directly behind an address. */
static bool address_ends(struct str rest)
{
    struct field_name name;
    return rest.n == 0 || str_starts(rest, STR(" <")) || str_starts(rest, STR(" (")) ||
           logline_eat_name(&rest, &name);
}

/* A local part with spaces and no original to prove it: up to the first sign of an end. */
static size_t loose_end(struct str text)
{
    static const struct str signs[] = { STR_INIT(" <"), STR_INIT(" ("), STR_INIT(" R="),
                                        STR_INIT(" T="), STR_INIT(" F=<"), STR_INIT(": ") };
    size_t end = text.n;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t at = str_find(str_head(text, end), signs[i]);
        if (at != STR_NONE && at > 0)
            end = at;
    }
    return end;
}

static inline bool is_special(char c)
{
    return c == '|' || c == '/' || c == '>' || c == ':';
}

/* Length of the address at the start of `text`; 0 if there is none. */
static size_t address_end(struct str text)
{
    struct str rest = text, address;
    size_t at;
    if ((at = find_same_original(text)) != STR_NONE)
        return at;
    if (text.p[0] == ' ')
        return 0;
    if (is_special(text.p[0]) || str_starts(text, STR("save ")))
        return special_end(text);
    if (text.p[0] == '"' && logline_eat_address(&rest, ' ', &address))
        return address.n;
    size_t n = str_head(text, str_find_c(text, ' ')).n;
    if (n > 1 && text.p[n - 1] == ':')
        return n - 1;                     /* `** fred@x: message` */
    return address_ends(str_skip(text, n)) ? n : loose_end(text);
}

/* ` (PARENT, ...)` and ` <ORIGINAL>`. */
static void eat_family(struct str *s, struct str *parents_out, struct str *original_out)
{
    struct str rest = *s;
    if (logline_eat(&rest, STR(" ("))) {
        size_t n = str_find(rest, STR(") <"));
        if (n == STR_NONE)
            n = str_find_c(rest, ')');
        if (n == STR_NONE)
            return;
        *parents_out = str_head(rest, n);
        *s = rest = str_skip(rest, n + 1);
    }
    if (logline_eat(&rest, STR(" "))) {
        if (logline_eat_angle(&rest, original_out)) {
            *s = rest;
        } else if (logline_eat(&rest, STR("<")) && str_find_c(rest, '>') != STR_NONE) {
            *original_out = str_cut(&rest, '>');
            *s = rest;
        }
    }
}

static int eat_target(struct str *s, struct str *address_out, struct str *parents_out,
                      struct str *original_out)
{
    *address_out = *parents_out = *original_out = str_make(s->p, 0);
    size_t end = s->n == 0 ? 0 : address_end(*s);
    if (end == 0)
        return -1;
    *address_out = str_head(*s, end);
    *s = str_skip(*s, end);
    if (s->n > 1 && s->p[0] == ' ' && (s->p[1] == '<' || s->p[1] == '('))
        eat_family(s, parents_out, original_out);
    return 0;
}

/* `ADDRESS R=...` with nothing that could be an original: most deliveries are like this. */
static bool eat_usual_target(struct str s, struct str *address_out)
{
    return s.n > 0 && ascii_alnum(s.p[0]) && logline_eat_usual_address(&s, address_out) &&
           str_starts(s, STR(" R=")) && str_find_c(s, '<') == STR_NONE;
}

int logline_delivery_address(const struct logline *line, struct str *address_out,
                             struct str *original_out)
{
    struct str rest = line->text, parents;
    if (eat_usual_target(rest, address_out)) {
        *original_out = str_make(rest.p, 0);
        return 0;
    }
    return eat_target(&rest, address_out, &parents, original_out);
}

/* ---- the fields ---- */

struct walk {
    struct str s;
    struct line_delivery *out;
    bool message_follows;         /* a failure: `: ` ends the fields */
};

typedef void take_fn(struct walk *w);

/* A value without spaces. In a failure the last one carries the colon of the message. */
static struct str eat_value(struct walk *w)
{
    struct str value = logline_eat_token(&w->s);
    if (w->message_follows && value.n > 0 && value.p[value.n - 1] == ':') {
        value.n--;
        w->s = str_make(value.p + value.n, w->s.n + 1);
    }
    return value;
}

static void take_sender(struct walk *w)
{
    w->out->has_sender = logline_eat_angle(&w->s, &w->out->sender);
    if (!w->out->has_sender)
        eat_value(w);
}

static void take_return_path(struct walk *w)
{
    if (!logline_eat_angle(&w->s, &w->out->return_path))
        eat_value(w);
}

static void take_router(struct walk *w)
{
    w->out->router = eat_value(w);
}

static void take_transport(struct walk *w)
{
    w->out->transport = eat_value(w);
}

static void take_size(struct walk *w)
{
    struct str value = eat_value(w);
    if (str_u64(value, &w->out->size) != 0)
        w->out->size = 0;
}

/* `name [ip]:port`, with ` DS` between and `*` behind; a local delivery has the name alone. */
static void take_host(struct walk *w)
{
    struct line_host *host = &w->out->host;
    w->out->has_host = true;
    host->name = eat_value(w);
    struct str rest = w->s;
    logline_eat(&rest, STR(" DS"));
    if (!logline_eat(&rest, STR(" ")) || !logline_eat_ip(&rest, &host->ip, &host->port))
        return;
    logline_eat(&rest, STR("*"));
    w->s = rest;
}

static void take_cipher(struct walk *w)
{
    w->out->cipher = eat_value(w);
}

static void take_auth(struct walk *w)
{
    w->out->auth = eat_value(w);
}

static void take_confirmation(struct walk *w)
{
    if (logline_eat(&w->s, STR("\"")))
        logline_eat_escaped(&w->s, &w->out->confirmation);
    else
        eat_value(w);
}

/* Inner quotes are not escaped: it ends where a field, the message or nothing follows. */
static void take_dn(struct walk *w)
{
    if (!logline_eat(&w->s, STR("\"")))
        return;
    for (size_t at; (at = str_find_c(w->s, '"')) != STR_NONE;) {
        struct field_name name;
        w->s = str_skip(w->s, at + 1);
        struct str rest = w->s;
        if (rest.n == 0 || str_starts(rest, STR(": ")) || logline_eat_name(&rest, &name))
            return;
    }
    w->s = str_skip(w->s, w->s.n);
}

static take_fn *const letter_fields['Z' - 'A' + 1] = {
    ['A' - 'A'] = take_auth,   ['C' - 'A'] = take_confirmation, ['F' - 'A'] = take_sender,
    ['H' - 'A'] = take_host,   ['P' - 'A'] = take_return_path,  ['R' - 'A'] = take_router,
    ['S' - 'A'] = take_size,   ['T' - 'A'] = take_transport,    ['X' - 'A'] = take_cipher,
};

static void take_field(struct walk *w, struct str name)
{
    take_fn *take = NULL;
    if (name.n == 1 && ascii_upper(name.p[0]))
        take = letter_fields[name.p[0] - 'A'];
    else if (str_eq(name, STR("DN")))
        take = take_dn;
    if (take != NULL)
        take(w);
    else
        eat_value(w);
}

/* The host of a deferral stands behind `defer (n)` or behind the words of its error number. */
static void take_deferral(struct walk *w)
{
    w->out->text = str_skip(w->s, 1);
    struct str rest = w->s;
    str_cut(&rest, ')');
    if (logline_eat(&rest, STR(": "))) {
        size_t host = str_find(rest, STR(" H=")), message = str_find(rest, STR(": "));
        if (host == STR_NONE || (message != STR_NONE && message < host))
            return;
        rest = str_skip(rest, host);
    }
    if (!logline_eat(&rest, STR(" H=")))
        return;
    struct walk host = { .s = rest, .out = w->out, .message_follows = true };
    take_host(&host);
}

static void walk_fields(struct walk *w, bool deferral)
{
    struct field_name name;
    while (w->s.n > 0) {
        if (w->message_follows && logline_eat(&w->s, STR(":"))) {
            logline_eat(&w->s, STR(" "));
            w->out->text = w->s;
            return;
        }
        if (deferral && str_starts(w->s, STR(" defer ("))) {
            take_deferral(w);
            return;
        }
        if (!logline_eat_name(&w->s, &name))
            return;
        if (name.has_value)
            take_field(w, name.name);
    }
}

int logline_delivery(const struct logline *line, struct line_delivery *out)
{
    *out = (struct line_delivery){ .size = 0 };
    struct walk w = { .s = line->text, .out = out,
                      .message_follows = line->class == LINE_FAILURE };
    if (eat_target(&w.s, &out->address, &out->parents, &out->original) != 0)
        return -1;
    out->discarded = line->class == LINE_DELIVERY &&
                     (str_eq(out->address, STR(":blackhole:")) ||
                      str_eq(out->address, STR("discarded")) ||
                      str_eq(out->address, STR("blackhole")));
    walk_fields(&w, line->class == LINE_DEFERRAL);
    return 0;
}
