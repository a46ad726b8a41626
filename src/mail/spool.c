/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spool - the -H file of a message in Exim's queue
 *
 *     <id>-H
 *     login uid gid
 *     <sender>
 *     time warnings
 *     -name value          any number, any order; `--name` says that it came from outside,
 *     -aclm name n         `--(how)name` how it was quoted; n bytes of value follow, line ends too
 *     XX                   or the tree of addresses done with, one a line
 *     number of recipients, and as many lines
 *
 *     023F From: ...       length and kind of each header
 *
 * One pass from top to bottom; each value is a view.
 */
#include "mail/spool.h"

/* A number that may be negative: uid and gid of nobody on some systems. */
static int id_number(struct str w, uint64_t *out)
{
    bool minus = str_eat(&w, STR("-"));
    if (str_u64(w, out) != 0 || *out > UINT32_MAX)
        return -1;
    if (minus)
        *out = (uint32_t)(0 - *out);
    return 0;
}

/* `login uid gid`; a login may have spaces in it. */
static int owner_parse(struct str line, struct spool *out)
{
    uint64_t *const ids[] = { &out->gid, &out->uid };
    line = str_trim(line);
    for (int i = 0; i < 2; i++) {
        size_t space = str_rfind_c(line, ' ');
        if (space == STR_NONE || id_number(str_skip(line, space + 1), ids[i]) != 0)
            return -1;
        line = str_head(line, space);
    }
    out->login = line;
    return line.n > 0 ? 0 : -1;
}

/* The four lines that are always there. */
static int envelope_parse(struct str *rest, struct spool *out)
{
    struct str line;
    if (!str_line(rest, &line) || !str_ends(line, STR("-H")) ||
        msgid_parse(str_head(line, line.n - 2), &out->id) != 0)
        return -1;
    if (!str_line(rest, &line) || owner_parse(line, out) != 0)
        return -1;
    if (!str_line(rest, &line) || line.n < 2 || line.p[0] != '<' || line.p[line.n - 1] != '>')
        return -1;
    out->sender = str_make(line.p + 1, line.n - 2);
    uint64_t when;
    if (!str_line(rest, &line) || str_u64(str_word(&line), &when) != 0 || when > INT64_MAX)
        return -1;
    out->received = (int64_t)when;
    return 0;
}

/* `[192.0.2.1]:4321` as Exim 4.96 writes it; `192.0.2.1.4321`, `2001:db8::1.4321` as the
 * specification says: the port stands behind the last dot; old files have none. */
static void address_split(struct str value, struct str *ip, uint16_t *port)
{
    size_t dot = str_rfind_c(value, '.');
    unsigned dots = 0;
    for (size_t i = 0; i < value.n; i++)
        dots += value.p[i] == '.';
    bool six = str_find_c(value, ':') != STR_NONE;
    uint64_t n;
    if (str_eat(&value, STR("["))) {
        *ip = str_cut(&value, ']');
        if (port != NULL && str_eat(&value, STR(":")) && str_u64(value, &n) == 0 && n <= UINT16_MAX)
            *port = (uint16_t)n;
        return;
    }
    *ip = value;
    if ((six ? dots % 3 != 1 : dots != 4) || str_u64(str_skip(value, dot + 1), &n) != 0 ||
        n > UINT16_MAX)
        return;
    *ip = str_head(value, dot);
    if (port != NULL)
        *port = (uint16_t)n;
}

/* `.683673` behind -received_time_usec. */
static void usec_parse(struct str value, struct spool *out)
{
    uint64_t usec;
    str_eat(&value, STR("."));
    if (str_u64(str_trim(value), &usec) == 0 && usec < 1000000)
        out->received_usec = (uint32_t)usec;
}

static void setting_text(struct spool *out, struct str name, struct str value)
{
    const struct { struct str name; struct str *field; } texts[] = {
        { STR("ident"), &out->ident },
        { STR("auth_id"), &out->auth_id },
        { STR("auth_sender"), &out->auth_sender },
        { STR("host_auth"), &out->host_auth },
        { STR("host_name"), &out->host_name },
        { STR("helo_name"), &out->helo_name },
        { STR("received_protocol"), &out->protocol },
        { STR("active_hostname"), &out->active_hostname },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (str_eq(name, texts[i].name))
            *texts[i].field = value;
    }
}

static void setting_take(struct spool *out, struct str name, struct str value)
{
    const struct { struct str name; bool *flag; } flags[] = {
        { STR("local"), &out->local },
        { STR("localerror"), &out->localerror },
        { STR("frozen"), &out->frozen },
        { STR("sender_set_untrusted"), &out->untrusted },
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (str_eq(name, flags[i].name))
            *flags[i].flag = true;
    }
    if (str_eq(name, STR("host_address")))
        address_split(value, &out->host_address, &out->host_port);
    else if (str_eq(name, STR("interface_address")))
        address_split(value, &out->interface_address, NULL);
    else if (str_eq(name, STR("received_time_usec")))
        usec_parse(value, out);
    else
        setting_text(out, name, value);
}

/* `-aclm name n` and `-acl n n`: the value is the next n bytes, whatever they are. */
static int acl_skip(struct str value, struct str *rest)
{
    uint64_t n;
    str_cut(&value, ' ');
    if (str_u64(value, &n) != 0 || n > rest->n)
        return -1;
    *rest = str_skip(*rest, (size_t)n);
    str_eat(rest, STR("\n"));
    return 0;
}

static int settings_parse(struct str *rest, struct spool *out)
{
    struct str line;
    while (rest->n > 0 && rest->p[0] == '-') {
        str_line(rest, &line);
        str_eat(&line, STR("-"));
        str_eat(&line, STR("-"));
        if (line.n > 0 && line.p[0] == '(')
            str_cut(&line, ')');
        struct str value = line, name = str_cut(&value, ' ');
        if (str_eq(name, STR("aclc")) || str_eq(name, STR("aclm")) || str_eq(name, STR("acl"))) {
            if (acl_skip(value, rest) != 0)
                return -1;
        } else {
            setting_take(out, name, value);
        }
    }
    return 0;
}

/* The tree in preorder: each line says by two letters whether a left and a right
 * branch follow. */
static int tree_parse(struct str *rest, struct spool *out)
{
    struct str begin = *rest, line;
    if (str_eat(rest, STR("XX\n")))
        return 0;
    uint64_t open = 1;
    while (open > 0) {
        if (!str_line(rest, &line) || line.n < 4 || line.p[2] != ' ')
            return -1;
        for (int i = 0; i < 2; i++) {
            if (line.p[i] != 'Y' && line.p[i] != 'N')
                return -1;
            open += line.p[i] == 'Y';
        }
        open--;
    }
    out->delivered = str_make(begin.p, begin.n - rest->n);
    return 0;
}

static int recipients_parse(struct str *rest, struct spool *out)
{
    struct str line;
    if (!str_line(rest, &line) || str_u64(str_trim(line), &out->recipient_count) != 0)
        return -1;
    struct str begin = *rest;
    size_t kept = 0;
    for (uint64_t i = 0; i < out->recipient_count && rest->n > 0 && rest->p[0] != '\n'; i++) {
        str_line(rest, &line);
        if (i < SPOOL_RECIPIENTS_MAX)
            kept = begin.n - rest->n;
    }
    out->recipients = str_head(begin, kept);
    return 0;
}

int spool_parse(struct str bytes, struct spool *out)
{
    struct str none = str_head(bytes, 0), rest = bytes;
    *out = (struct spool){
        .login = none, .sender = none, .ident = none, .auth_id = none, .auth_sender = none,
        .host_auth = none, .host_address = none, .host_name = none, .helo_name = none,
        .interface_address = none, .protocol = none, .active_hostname = none,
        .recipients = none, .delivered = none, .headers = none,
    };
    if (envelope_parse(&rest, out) != 0 || settings_parse(&rest, out) != 0 ||
        tree_parse(&rest, out) != 0 || recipients_parse(&rest, out) != 0)
        return -1;
    str_eat(&rest, STR("\n"));
    out->headers = rest;
    return 0;
}

/* Drop digits, commas and minus signs from the end, and the text of the length that they
 * begin with before them: `errors_to 9,-1`. Returns what is left; -1 in *ok if it is none. */
static struct str tail_drop(struct str s, bool *ok)
{
    size_t i = s.n;
    while (i > 0 && (ascii_digit(s.p[i - 1]) || s.p[i - 1] == ',' || s.p[i - 1] == '-'))
        i--;
    struct str numbers = str_skip(s, i);
    uint64_t length;
    *ok = i > 0 && s.p[i - 1] == ' ' && str_eat_u64(&numbers, &length) == 0 && numbers.n > 1 &&
          numbers.p[0] == ',' && length + 2 <= i && s.p[i - 2 - length] == ' ';
    return *ok ? str_head(s, i - 2 - (size_t)length) : s;
}

/* The forms of spool_in.c, newest first: `a orcpt n,flags errors_to n,pno#3`,
 * `a errors_to n,pno#1`, `a pno`, `a n,n,n`. An address ends with a domain, so none of
 * them looks like one. */
static struct str recipient_bare(struct str line)
{
    size_t i = line.n;
    while (i > 0 && ascii_digit(line.p[i - 1]))
        i--;
    if (i == line.n || i == 0)
        return line;
    if (line.p[i - 1] == '#') {
        char bits = line.p[line.n - 1];
        bool ok;
        struct str bare = tail_drop(str_head(line, i - 1), &ok);
        if (ok && (bits == '2' || bits == '3'))
            bare = tail_drop(bare, &ok);
        return ok ? bare : line;
    }
    while (i > 0 && (ascii_digit(line.p[i - 1]) || line.p[i - 1] == ','))
        i--;
    return i > 1 && line.p[i - 1] == ' ' ? str_head(line, i - 1) : line;
}

bool spool_recipient(struct str *list, struct str *address_out)
{
    struct str line;
    if (!str_line(list, &line))
        return false;
    *address_out = recipient_bare(line);
    return true;
}

void spool_headers(const struct spool *s, struct buf *b)
{
    struct str rest = s->headers;
    uint64_t n;
    while (str_eat_u64(&rest, &n) == 0 && rest.n >= 2 && rest.p[1] == ' ') {
        char kind = rest.p[0];
        rest = str_skip(rest, 2);
        struct str text = str_head(rest, n < rest.n ? (size_t)n : rest.n);
        rest = str_skip(rest, text.n);
        if (kind != '*' && buf_add(b, text) != 0)
            return;
    }
}
