/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint_html - the words of an HTML page
 *
 * Reporters paste headers into HTML mail, and web forms escape what was pasted
 * into them. Only so much HTML is known here as is needed to get lines back:
 * tags that end a line, entities, and which tags there are. Anything else in
 * angle brackets stays, for `<fred@example.com>` is what we came for.
 */
#include "trace/complaint_internal.h"

#define TAG_MAX 2048 /* bytes up to the `>`; a longer one is text */

enum tag_effect { TAG_NONE, TAG_BREAK, TAG_BLOCK, TAG_PRE, TAG_SKIP };

static const struct tag { struct str name; enum tag_effect effect; } tags[] = {
    { STR_INIT("a"), TAG_NONE },       { STR_INIT("b"), TAG_NONE },
    { STR_INIT("i"), TAG_NONE },       { STR_INIT("u"), TAG_NONE },
    { STR_INIT("em"), TAG_NONE },      { STR_INIT("strong"), TAG_NONE },
    { STR_INIT("span"), TAG_NONE },    { STR_INIT("font"), TAG_NONE },
    { STR_INIT("code"), TAG_NONE },    { STR_INIT("tt"), TAG_NONE },
    { STR_INIT("img"), TAG_NONE },     { STR_INIT("o:p"), TAG_NONE },
    { STR_INIT("small"), TAG_NONE },   { STR_INIT("wbr"), TAG_NONE },
    { STR_INIT("meta"), TAG_NONE },    { STR_INIT("link"), TAG_NONE },
    { STR_INIT("title"), TAG_BLOCK },  { STR_INIT("html"), TAG_BLOCK },
    { STR_INIT("head"), TAG_BLOCK },   { STR_INIT("body"), TAG_BLOCK },
    { STR_INIT("p"), TAG_BLOCK },      { STR_INIT("div"), TAG_BLOCK },
    { STR_INIT("table"), TAG_BLOCK },  { STR_INIT("tbody"), TAG_BLOCK },
    { STR_INIT("tr"), TAG_BLOCK },     { STR_INIT("td"), TAG_NONE },
    { STR_INIT("th"), TAG_NONE },      { STR_INIT("ul"), TAG_BLOCK },
    { STR_INIT("ol"), TAG_BLOCK },     { STR_INIT("li"), TAG_BLOCK },
    { STR_INIT("blockquote"), TAG_BLOCK }, { STR_INIT("h1"), TAG_BLOCK },
    { STR_INIT("h2"), TAG_BLOCK },     { STR_INIT("h3"), TAG_BLOCK },
    { STR_INIT("h4"), TAG_BLOCK },     { STR_INIT("center"), TAG_BLOCK },
    { STR_INIT("br"), TAG_BREAK },     { STR_INIT("hr"), TAG_BREAK },
    { STR_INIT("pre"), TAG_PRE },      { STR_INIT("style"), TAG_SKIP },
    { STR_INIT("script"), TAG_SKIP },
};

struct html {
    struct str rest;
    struct buf *b;
    bool lines;          /* a line end in the source is one */
    bool in_pre;
    bool line_begun;     /* something stands in the last line of `b` */
    bool no_skip;        /* a <style> or <script> never ended: read on as text */
};

static void newline(struct html *h, bool always)
{
    if (always || h->line_begun)
        buf_add_c(h->b, '\n');
    h->line_begun = false;
}

static void put(struct html *h, struct str s)
{
    if (s.n > 0) {
        buf_add(h->b, s);
        h->line_begun = true;
    }
}

static const struct tag *tag_find(struct str inside)
{
    size_t n = 0;
    str_eat(&inside, STR("/"));
    while (n < inside.n && (ascii_alnum(inside.p[n]) || inside.p[n] == ':'))
        n++;
    char behind = n < inside.n ? inside.p[n] : ' ';
    if (!ascii_space(behind) && behind != '/')
        return NULL;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (str_eq_nocase(str_head(inside, n), tags[i].name))
            return &tags[i];
    }
    return NULL;
}

/* Pass over what stands between <style> or <script> and its end. */
static void skip_to_end(struct html *h, struct str name)
{
    struct str rest = h->rest;
    size_t at;
    while (!h->no_skip && (at = str_find(rest, STR("</"))) != STR_NONE) {
        rest = str_skip(rest, at + 2);
        if (str_starts_nocase(rest, name)) {
            str_cut(&rest, '>');
            h->rest = rest;
            return;
        }
    }
    h->no_skip = true;
}

/* A `<` stands at the start of h->rest. Step over the tag; false if it is none. */
static bool tag_take(struct html *h)
{
    if (str_starts(h->rest, STR("<!--")) || str_starts_nocase(h->rest, STR("<!doctype"))) {
        size_t end = str_find_c(str_head(h->rest, TAG_MAX), '>');
        h->rest = str_skip(h->rest, end == STR_NONE ? 4 : end + 1);
        return true;
    }
    struct str inside = str_skip(str_head(h->rest, TAG_MAX), 1);
    size_t end = str_find_c(inside, '>');
    const struct tag *tag = end == STR_NONE ? NULL : tag_find(str_head(inside, end));
    if (tag == NULL)
        return false;
    bool closing = inside.p[0] == '/';
    h->rest = str_skip(h->rest, end + 2);
    if (tag->effect == TAG_BREAK)
        newline(h, true);
    else if (tag->effect == TAG_BLOCK || tag->effect == TAG_PRE)
        newline(h, false);
    if (tag->effect == TAG_PRE)
        h->in_pre = !closing;
    if (tag->effect == TAG_SKIP && !closing)
        skip_to_end(h, tag->name);
    return true;
}

/* `&#65;` and `&#x41;`: only ASCII is put back, the rest is no business of ours. */
static bool number_entity(struct html *h, struct str name)
{
    uint64_t rune;
    bool hex = str_eat(&name, STR("x")) || str_eat(&name, STR("X"));
    if ((hex ? str_hex(name, &rune) : str_u64(name, &rune)) != 0)
        return false;
    char c = rune == 160 || rune == '\t' ? ' ' : rune >= ' ' && rune < 0x7f ? (char)rune : '?';
    if (rune == '\n' || rune == '\r')
        newline(h, true);
    else
        put(h, str_make(&c, 1));
    return true;
}

/* An `&` stands at the start of h->rest. Step over the entity; false if it is none. */
static bool entity_take(struct html *h)
{
    static const struct { struct str name, text; } entities[] = {
        { STR_INIT("lt"), STR_INIT("<") },   { STR_INIT("gt"), STR_INIT(">") },
        { STR_INIT("amp"), STR_INIT("&") },  { STR_INIT("quot"), STR_INIT("\"") },
        { STR_INIT("apos"), STR_INIT("'") }, { STR_INIT("nbsp"), STR_INIT(" ") },
    };
    struct str name = str_skip(str_head(h->rest, 12), 1);
    size_t end = str_find_c(name, ';');
    if (end == STR_NONE)
        return false;
    name.n = end;
    bool known = name.n > 1 && name.p[0] == '#' && number_entity(h, str_skip(name, 1));
    for (size_t i = 0; !known && i < sizeof entities / sizeof entities[0]; i++) {
        if (str_eq_nocase(name, entities[i].name)) {
            put(h, entities[i].text);
            known = true;
        }
    }
    if (known)
        h->rest = str_skip(h->rest, end + 2);
    return known;
}

void complaint_html(struct str html, bool lines, struct buf *b)
{
    struct html h = { .rest = html, .b = b, .lines = lines };
    while (h.rest.n > 0) {
        size_t i = 0;
        while (i < h.rest.n && h.rest.p[i] != '<' && h.rest.p[i] != '&' && h.rest.p[i] != '\n')
            i++;
        put(&h, str_head(h.rest, i));
        h.rest = str_skip(h.rest, i);
        if (h.rest.n == 0)
            break;
        char c = h.rest.p[0];
        if ((c == '<' && tag_take(&h)) || (c == '&' && entity_take(&h)))
            continue;
        if (c == '\n')
            newline(&h, h.lines || h.in_pre);
        else
            put(&h, str_head(h.rest, 1));
        h.rest = str_skip(h.rest, 1);
    }
}

bool complaint_html_looks(struct str text)
{
    static const struct str signs[] = {
        STR_INIT("&lt;"), STR_INIT("&gt;"), STR_INIT("<br"), STR_INIT("<BR"),
        STR_INIT("<p>"), STR_INIT("<div"), STR_INIT("<pre"), STR_INIT("&nbsp;"),
    };
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (str_find(text, signs[i]) != STR_NONE)
            return true;
    }
    return false;
}
