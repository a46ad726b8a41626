/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aliases - what stands to the right of an alias, as Exim's redirect router reads it
 *
 * Each step follows parse_forward_list() of Exim 4.96, so that the verdict is
 * the one that Exim comes to. Two things look like mistakes and are Exim's own:
 * an item counts as `:unknown:` if it is any beginning of that word (`:`, `:unk`,
 * or two quotes with nothing between), and the text of `:fail:` runs to the
 * end of the line, over commas and over the quote that closes the item. That
 * quote, which cPanel writes, is taken off here: nobody wants it in a reply.
 */
#include "mail/aliases.h"

static struct str trim_start(struct str s)
{
    while (s.n > 0 && ascii_space(s.p[0]))
        s = str_skip(s, 1);
    return s;
}

/* Over commas, white space and comments, to where an item begins. */
static struct str skip_between(struct str s)
{
    for (;;) {
        while (s.n > 0 && (ascii_space(s.p[0]) || s.p[0] == ','))
            s = str_skip(s, 1);
        if (s.n == 0 || s.p[0] != '#')
            return s;
        s = str_skip(s, str_find_c(s, '\n'));
    }
}

/* Offset behind a quoted string or a comment that begins at `i`. Neither goes over a newline. */
static size_t skip_nested(struct str s, size_t i)
{
    bool quoted = s.p[i] == '"';
    unsigned long level = 1;
    for (i++; i < s.n && s.p[i] != '\n'; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        else if (quoted && s.p[i] == '"')
            return i + 1;
        else if (!quoted && s.p[i] == '(')
            level++;
        else if (!quoted && s.p[i] == ')' && --level == 0)
            return i + 1;
    }
    return i;
}

/* Length of the item that `s` begins with: up to a comma or a newline outside of quotes, comments
 * and, for commas, angle brackets and source routes. */
static size_t item_length(struct str s)
{
    bool routed = s.n > 0 && s.p[0] == '@';
    long open = routed ? 1 : 0;
    size_t i = 0;
    while (i < s.n && s.p[i] != '\n' && (s.p[i] != ',' || open > 0)) {
        char c = s.p[i];
        if (c == '\\' && i + 1 < s.n) {
            i += 2;
            continue;
        }
        if (c == '"' || c == '(') {
            i = skip_nested(s, i);
            continue;
        }
        if (c == '<') {
            routed = i + 1 < s.n && s.p[i + 1] == '@';
            open = routed ? 2 : 1;
        } else if (c == '>' || (routed && c == ':')) {
            open--;
        }
        i++;
    }
    return i < s.n ? i : s.n;
}

/* The text behind a special, up to the end of its line. */
static struct str special_text(struct str from, size_t word, bool quoted)
{
    struct str text = str_trim(str_skip(str_head(from, str_find_c(from, '\n')), word));
    if (quoted && text.n > 0 && text.p[text.n - 1] == '"')
        text = str_trim(str_head(text, text.n - 1));
    return text;
}

/* `from` is the item and all that follows it. */
static bool read_special(struct str from, bool quoted, struct aliases_item *out)
{
    static const struct {
        struct str word;
        enum aliases_kind kind;
    } specials[] = {
        { STR_INIT(":fail:"), ALIASES_FAIL },
        { STR_INIT(":defer:"), ALIASES_DEFER },
        { STR_INIT(":blackhole:"), ALIASES_BLACKHOLE },
    };
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        if (!str_starts(from, specials[i].word))
            continue;
        out->kind = specials[i].kind;
        out->text = special_text(from, specials[i].word.n, quoted);
        return true;
    }
    return false;
}

static void broken(struct aliases_item *out, const char *fault)
{
    out->kind = ALIASES_BROKEN;
    out->fault = fault;
}

static void read_include(struct str path, struct aliases_item *out)
{
    path = str_trim(path);
    out->kind = ALIASES_INCLUDE;
    out->text = path;
    if (str_empty(path))
        broken(out, "file name missing after :include:");
    else if (path.n > ALIASES_PATH_MAX)
        broken(out, "included file name is too long");
    else if (path.p[0] != '/')
        broken(out, "included file is not an absolute path");
}

/* An address, a file or a pipe. False: an empty address (a comment, say), to be passed over. */
static bool read_target(struct str item, struct aliases_item *out)
{
    enum address_fault fault = ADDRESS_BAD_LOCAL;
    out->kind = ALIASES_ADDRESS;
    if (item.p[0] == '\\') {
        fault = address_extract(str_skip(item, 1), &out->address);
        out->same_domain = fault == ADDRESS_OK && str_empty(out->address.domain);
    }
    if (!out->same_domain)
        fault = address_extract(item, &out->address);
    bool path = item.p[0] == '/' || item.p[0] == '|';
    if (path && (fault != ADDRESS_OK || str_empty(out->address.domain)))
        out->kind = item.p[0] == '|' ? ALIASES_PIPE
                    : str_eq(item, STR("/dev/null")) ? ALIASES_NULL : ALIASES_FILE;
    else if (fault != ADDRESS_OK && fault != ADDRESS_EMPTY)
        broken(out, address_fault_text(fault));
    return path || fault != ADDRESS_EMPTY;
}

/* One item. False: it says nothing. */
static bool read_item(struct str from, size_t n, struct aliases_item *out)
{
    struct str item = str_trim(str_head(from, n));
    bool quoted = item.n > 1 && item.p[0] == '"' && item.p[item.n - 1] == '"';
    if (quoted) {
        item = str_trim(str_make(item.p + 1, item.n - 2));
        from = trim_start(str_skip(from, 1));
    }
    *out = (struct aliases_item){ .text = item };
    if (str_starts(STR(":unknown:"), item))
        return false;
    if (read_special(from, quoted, out))
        return true;
    if (str_starts(item, STR(":include:"))) {
        read_include(str_skip(item, 9), out);
        return true;
    }
    return read_target(item, out);
}

void aliases_next(struct str *list, struct aliases_item *out)
{
    for (;;) {
        *list = skip_between(*list);
        if (str_empty(*list)) {
            *out = (struct aliases_item){ .kind = ALIASES_END };
            return;
        }
        size_t n = item_length(*list);
        bool said = read_item(*list, n, out);
        *list = str_skip(*list, n);
        if (said)
            return;
    }
}

static void verdict_end(struct aliases_verdict *v, enum aliases_says says,
                        const struct aliases_item *item)
{
    v->says = says;
    v->text = item->text;
    v->fault = item->fault;
    v->ended = true;
}

/* An address: the first one may turn out to be the only one. */
static void verdict_child(struct aliases_verdict *v, const struct aliases_item *item)
{
    const struct address *from = &item->address;
    v->children++;
    if (v->children > 1)
        return;
    memcpy(v->child.text, from->text, sizeof v->child.text);
    v->child.local = str_make(v->child.text + (from->local.p - from->text), from->local.n);
    v->child.domain = str_make(v->child.text + (from->domain.p - from->text), from->domain.n);
    v->child_same_domain = item->same_domain;
    v->says = ALIASES_CHILD;
}

static void verdict_include(struct aliases_verdict *v, const struct aliases_item *item)
{
    struct aliases_item fault = { .fault = "included file cannot be read" };
    if (v->include == NULL) {
        v->children += 2;
        return;
    }
    bool deep = v->depth >= ALIASES_DEPTH_MAX;
    v->depth++;
    if (deep || !v->include(v, item->text, v->ctx))
        verdict_end(v, ALIASES_FAULTY, &fault);
    v->depth--;
}

static void verdict_item(struct aliases_verdict *v, const struct aliases_item *item)
{
    switch (item->kind) {
    case ALIASES_END:
        break;
    case ALIASES_ADDRESS:
        verdict_child(v, item);
        break;
    case ALIASES_NULL:
        v->nulls++;
        v->children++;
        break;
    case ALIASES_FILE:
    case ALIASES_PIPE:
        v->children++;
        break;
    case ALIASES_INCLUDE:
        verdict_include(v, item);
        break;
    case ALIASES_FAIL:
        verdict_end(v, ALIASES_REFUSES, item);
        break;
    case ALIASES_DEFER:
        verdict_end(v, ALIASES_DEFERS, item);
        break;
    case ALIASES_BLACKHOLE:
        verdict_end(v, ALIASES_DISCARDS, item);
        break;
    case ALIASES_BROKEN:
        verdict_end(v, ALIASES_FAULTY, item);
        break;
    }
}

void aliases_add(struct aliases_verdict *v, struct str list)
{
    struct aliases_item item;
    do {
        aliases_next(&list, &item);
        verdict_item(v, &item);
    } while (item.kind != ALIASES_END && !v->ended);
}

void aliases_verify(struct str list, aliases_include *include, void *ctx,
                    struct aliases_verdict *out)
{
    *out = (struct aliases_verdict){ .says = ALIASES_DECLINES, .include = include, .ctx = ctx };
    aliases_add(out, list);
    if (out->ended || out->children == 0)
        return;
    if (out->children == out->nulls)
        out->says = ALIASES_DISCARDS;
    else if (out->children > 1 || out->says != ALIASES_CHILD)
        out->says = ALIASES_TAKES;
}

/* How many digits `s` begins with, at most `most`. */
static size_t digits(struct str s, size_t most)
{
    size_t n = 0;
    while (n < s.n && n < most && ascii_digit(s.p[n]))
        n++;
    return n;
}

/* Length of `5.1.6` with a space behind it, or 0. */
static size_t status_length(struct str s)
{
    size_t n = digits(s, 1);
    for (int part = 0; n > 0 && part < 2; part++) {
        size_t more = n < s.n && s.p[n] == '.' ? digits(str_skip(s, n + 1), 3) : 0;
        n = more == 0 ? 0 : n + 1 + more;
    }
    return n > 0 && n < s.n && ascii_space(s.p[n]) ? n : 0;
}

void aliases_code(struct str text, unsigned class, bool forbid, struct aliases_code *out)
{
    uint64_t code;
    *out = (struct aliases_code){ .text = text };
    if (digits(text, 3) != 3 || text.n < 4 || !ascii_space(text.p[3]) ||
        str_u64(str_head(text, 3), &code) != 0)
        return;
    out->text = str_skip(text, 4);
    size_t n = status_length(out->text);
    struct str status = str_head(out->text, n);
    out->text = str_skip(out->text, n == 0 ? 0 : n + 1);
    out->wrong_class = code / 100 != class;
    if (out->wrong_class || forbid)
        return;
    out->code = (unsigned)code;
    (void)str_copy(status, out->status, sizeof out->status);
}
