/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint_text - header blocks in text that people pasted
 *
 * What a paste does to a header: it puts `> `, blanks, a name or a number in front
 * of each line, wraps long lines so that the rest begins at the margin, doubles the
 * line ends, or makes one line of all. So lines are first freed of quote marks and
 * of a prefix that they share, then a block is grown: it begins with a field, goes
 * on with fields, indented lines and lines that can only be the wrapped rest of one,
 * and ends at an empty line. It counts if it holds a Received field, or two others
 * that every mail has; anything less is prose with colons.
 *
 * One pass, each byte looked at a constant number of times.
 */
#include "mail/header.h"
#include "trace/complaint_internal.h"

/* Fields that make a header; the first ones are written by mail servers. */
static const struct str known_names[] = {
    STR_INIT("Received"), STR_INIT("Return-Path"), STR_INIT("Delivered-To"),
    STR_INIT("Envelope-To"), STR_INIT("Delivery-Date"), STR_INIT("X-Original-To"),
    STR_INIT("From"), STR_INIT("To"), STR_INIT("Cc"), STR_INIT("Subject"), STR_INIT("Date"),
    STR_INIT("Sent"), STR_INIT("Message-ID"), STR_INIT("Reply-To"), STR_INIT("Sender"),
    STR_INIT("MIME-Version"), STR_INIT("Content-Type"), STR_INIT("Content-Transfer-Encoding"),
    STR_INIT("X-Mailer"), STR_INIT("User-Agent"), STR_INIT("X-PHP-Originating-Script"),
    STR_INIT("X-PHP-Script"), STR_INIT("X-Failed-Recipients"), STR_INIT("DKIM-Signature"),
    STR_INIT("X-Get-Message-Sender-Via"), STR_INIT("X-Authenticated-Sender"),
    STR_INIT("X-AntiAbuse"), STR_INIT("X-Source"), STR_INIT("X-Source-Args"),
    STR_INIT("X-Source-Dir"), STR_INIT("List-Unsubscribe"), STR_INIT("References"),
    STR_INIT("In-Reply-To"), STR_INIT("Importance"), STR_INIT("X-Priority"),
    STR_INIT("Received-SPF"), STR_INIT("Authentication-Results"), STR_INIT("X-Received"),
};
#define KNOWN (sizeof known_names / sizeof known_names[0])
#define TRACE_NAMES 6 /* of those, from the first */
#define PREFIX_MAX 16 /* bytes of what a program puts before each line that it quotes */

/* Index in known_names, or KNOWN. */
static size_t name_index(struct str name)
{
    for (size_t i = 0; i < KNOWN; i++) {
        if (str_eq_nocase(name, known_names[i]))
            return i;
    }
    return KNOWN;
}

static bool is_name_char(char c)
{
    return ascii_alnum(c) || (c != '\0' && strchr("-_.+/&*'#$%!^~", c) != NULL);
}

bool complaint_is_field(struct str line, struct str *name_out)
{
    size_t i = 0;
    if (line.n < 2 || !ascii_alpha(line.p[0]))
        return false;
    while (i < line.n && i <= HEADER_NAME_MAX && is_name_char(line.p[i]))
        i++;
    if (i < 2 || i > HEADER_NAME_MAX || i == line.n || line.p[i] != ':')
        return false;
    struct str name = str_head(line, i);
    bool spaced = i + 1 == line.n || line.p[i + 1] == ' ' || line.p[i + 1] == '\t';
    if (!spaced && name_index(name) == KNOWN) /* https://..., fe80::1, a12:30 */
        return false;
    if (name_out != NULL)
        *name_out = name;
    return true;
}

bool complaint_is_header_field(struct str line)
{
    struct str name;
    if (complaint_is_field(line, NULL))
        return true;
    if (!header_is_field(line, &name) || name.n < 2 || !ascii_alpha(name.p[0]))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (!is_name_char(name.p[i]))
            return false;
    }
    struct str behind = str_skip(line, name.n);
    str_cut(&behind, ':');
    return behind.n == 0 || (behind.p[0] != ':' && behind.p[0] != '/');
}

size_t complaint_repair(struct str raw, struct buf *b)
{
    struct str rest = raw, line;
    bool begun = false;
    while (rest.n > 0) {
        size_t used = raw.n - rest.n;
        str_line(&rest, &line);
        if (line.n == 0)
            return raw.n - rest.n;
        if (str_starts(line, STR("--")) && begun)
            return used;
        bool field = complaint_is_header_field(line);
        if (!field && (!begun || str_starts(line, STR("From ")) || str_starts(line, STR(">From "))))
            continue;
        if (!field && line.p[0] != ' ' && line.p[0] != '\t')
            buf_add_c(b, ' ');
        buf_add(b, line);
        buf_add_c(b, '\n');
        begun = true;
    }
    return raw.n;
}

unsigned complaint_received(struct str header, unsigned *known_out)
{
    struct header_cursor c;
    struct header_field f;
    uint64_t seen = 0;
    unsigned received = 0, known = 0;
    _Static_assert(KNOWN < 64, "one bit for each name");
    header_begin(&c, header);
    while (header_next(&c, &f)) {
        size_t i = name_index(f.name);
        if (i == 0)
            received++;
        if (i < KNOWN && (seen >> i & 1) == 0) {
            seen |= (uint64_t)1 << i;
            known++;
        }
    }
    if (known_out != NULL)
        *known_out = known;
    return received;
}

/* A line without its quote marks and indentation. */
struct line {
    struct str s;        /* what is left */
    unsigned level;      /* quote marks */
    unsigned indent;     /* blanks after them */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct line line_open(struct str s)
{
    struct line l = { .level = 0 };
    size_t i = 0, text = 0;
    for (; i < s.n && (is_blank(s.p[i]) || s.p[i] == '>' || s.p[i] == '|'); i++) {
        if (!is_blank(s.p[i])) {
            l.level++;
            text = i + 1;
        }
    }
    if (l.level > 0 && text < i && s.p[text] == ' ')
        text++; /* the blank of `> ` */
    l.indent = (unsigned)(i - text);
    l.s = str_trim(str_skip(s, i));
    return l;
}

/* The block that is growing. */
struct block {
    struct findings *f;
    const struct place *at;
    const char *what;
    struct buf b;
    bool open;
    unsigned level, indent;
    bool strayed;        /* the last line had lost its quote mark */
    bool one_line;       /* it was pasted as one line */
    struct str prefix;   /* what stands before each line of it, or nothing; in the text */
    unsigned since_blank; /* fields since the last empty line */
    unsigned blanks;     /* empty lines just passed */
    unsigned kept;       /* blocks with a Received field gathered from this text */
    unsigned above;      /* serial of the first of them, or 0: what follows may be its body */
    unsigned above_level;
    bool empty_outside;  /* the last line was empty, without quote marks */
};

/* A block was gathered: it may stand in the body of the one above it. */
static void block_gathered(struct block *k, bool received)
{
    struct complaint *c = k->f->out;
    struct complaint_block *b = &c->blocks[c->block_count - 1];
    b->under = k->above;
    if (!received || k->above > 0)
        return;
    k->above = b->serial;
    k->above_level = k->level;
}

/* What the reporter says between two quoted messages ends the first. A wrapped line of
 * it has lost its mark, too, but has no empty line before it: the sender chooses the
 * lines, and must not be able to end his message. */
static void separation_look(struct block *k, const struct line *l)
{
    if (l->s.n > 0 && l->level < k->above_level && k->empty_outside)
        k->above = k->above_level = 0;
    k->empty_outside = l->s.n == 0 && l->level == 0;
}

static void block_close(struct block *k)
{
    unsigned known, received = complaint_received(buf_str(&k->b), &known);
    if (k->open && (received > 0 || known >= 2)) {
        struct place at = *k->at;
        at.within = at.within || (at.returned && k->kept > 0);
        size_t before = k->f->out->block_count;
        findings_block(k->f, buf_str(&k->b), k->what, &at);
        if (k->f->out->block_count > before)
            block_gathered(k, received > 0);
        k->kept += received > 0;
    }
    buf_reset(&k->b);
    k->open = false;
    k->blanks = k->since_blank = 0;
    k->strayed = k->one_line = false;
    k->prefix = STR("");
}

static void block_line(struct block *k, struct str s, bool field)
{
    if (k->b.n + s.n + 2 > COMPLAINT_BLOCK_MAX) {
        k->f->out->truncated = true;
        return;
    }
    if (!field)
        buf_add_c(&k->b, ' ');
    buf_add(&k->b, s);
    buf_add_c(&k->b, '\n');
    k->since_blank += field;
}

static void block_start(struct block *k, const struct line *l)
{
    block_close(k);
    k->open = true;
    k->level = l->level;
    k->indent = l->indent;
    block_line(k, l->s, true);
}

/* Does the line begin a field of the open block (or of a new one)? Indented
 * deeper than the block it does so only with a name that we know. */
static bool starts_field(const struct block *k, const struct line *l)
{
    struct str name;
    if (!complaint_is_field(l->s, &name))
        return false;
    if (!k->open || l->indent <= k->indent)
        return true;
    bool spaced = name.n + 1 == l->s.n || is_blank(l->s.p[name.n + 1]);
    return spaced && name_index(name) < KNOWN;
}

/* An empty line ends a block, unless line ends were doubled: then there is one
 * behind each field. */
static void blank_take(struct block *k)
{
    if (!k->open)
        return;
    if (++k->blanks > 1 || k->since_blank > 1)
        block_close(k);
}

/* The first line behind an empty one, while the block is still open. */
static bool survives_blank(struct block *k, const struct line *l, bool field)
{
    struct str name;
    bool goes_on = l->level == k->level && l->indent <= k->indent + 8 &&
                   (field ? complaint_is_field(l->s, &name) && name_index(name) < KNOWN
                          : l->indent > k->indent);
    k->blanks = 0;
    if (goes_on)
        k->since_blank = 0;
    return goes_on;
}

static void text_line(struct block *k, const struct line *l)
{
    bool field = starts_field(k, l);
    if (k->open && k->blanks > 0 && !survives_blank(k, l, field))
        block_close(k);
    if (k->open && l->level != k->level && (field || l->level > k->level || k->strayed))
        block_close(k);
    if (!k->open) {
        if (complaint_is_field(l->s, NULL))
            block_start(k, l);
        return;
    }
    k->strayed = l->level != k->level;
    if (field && l->indent < k->indent)
        k->indent = l->indent;
    block_line(k, l->s, field);
}

static void line_take(struct block *k, struct str raw)
{
    struct line l = line_open(raw);
    if (l.s.n == 0)
        blank_take(k);
    else
        text_line(k, &l);
    separation_look(k, &l);
}

/* The next place where a field begins within a one-line paste: white space, a name
 * that we know or that has a dash in it, a colon, white space. `s` begins with one.
 * The end if there is none. */
static size_t next_field(struct str s)
{
    size_t from = 1;
    for (size_t hit; (hit = str_find_c(str_skip(s, from), ':')) != STR_NONE;) {
        size_t colon = from + hit, start = colon;
        from = colon + 1;
        while (start > 0 && colon - start < 32 && !ascii_space(s.p[start - 1]))
            start--;
        struct str name = str_make(s.p + start, colon - start);
        bool dashed = str_find_c(name, '-') != STR_NONE &&
                      complaint_is_field(str_skip(s, start), NULL);
        bool spaced = from == s.n || ascii_space(s.p[from]);
        if (start > 0 && spaced && (dashed || name_index(name) < KNOWN))
            return start;
    }
    return s.n;
}

/* A Received field begins somewhere within `s`, not at its start. */
static bool received_inside(struct str s)
{
    for (size_t hit; (hit = str_find(s, STR("Received: "))) != STR_NONE;) {
        bool inside = hit > 0 && ascii_space(s.p[hit - 1]);
        s = str_skip(s, hit + 10);
        if (inside && (str_starts(s, STR("from ")) || str_starts(s, STR("by ")) ||
                       str_starts(s, STR("("))))
            return true;
    }
    return false;
}

/* True if the line is a whole header pasted as one. Not so in a field that the sender
 * wrote: a subject can say what it likes. */
static bool is_one_line(struct str s)
{
    struct str name;
    if (complaint_is_field(s, &name) && name_index(name) >= TRACE_NAMES)
        return false;
    return received_inside(s);
}

bool complaint_one_line(struct str header)
{
    struct header_cursor c;
    struct header_field f;
    header_begin(&c, header);
    while (header_next(&c, &f)) {
        if (name_index(f.name) < TRACE_NAMES && received_inside(f.raw))
            return true;
    }
    return false;
}

/* The mark that a program put before each line that it quoted, judged by a line with Received: a
 * word like `JD>`, `*` or a number. Empty if there is none. */
static struct str prefix_find(struct str s)
{
    size_t at = str_find(s, STR("Received: "));
    if (at == STR_NONE || at == 0 || complaint_is_field(s, NULL))
        return STR("");
    struct str prefix = str_trim(str_head(s, at)), word = prefix;
    word = str_word(&word);
    bool mark = word.n == prefix.n && word.n <= PREFIX_MAX;
    return mark && !is_one_line(str_trim(str_skip(s, at))) ? prefix : STR("");
}

static struct str digits_skip(struct str s)
{
    while (s.n > 0 && ascii_digit(s.p[0]))
        s = str_skip(s, 1);
    return s;
}

/* Step over the prefix; lines are numbered on. */
static bool prefix_eat(struct str *s, struct str prefix)
{
    struct str rest = *s;
    while (prefix.n > 0) {
        bool digit = ascii_digit(prefix.p[0]);
        if (rest.n == 0 || (digit ? !ascii_digit(rest.p[0]) : rest.p[0] != prefix.p[0]))
            return false;
        prefix = digit ? digits_skip(prefix) : str_skip(prefix, 1);
        rest = digit ? digits_skip(rest) : str_skip(rest, 1);
    }
    *s = rest;
    return true;
}

/* A line with the prefix of the block, or one that shows it. False if it is neither. */
static bool prefixed_take(struct block *k, struct str s)
{
    if (k->prefix.n > 0) {
        if (!prefix_eat(&s, k->prefix))
            return false;
        line_take(k, s);
        return true;
    }
    /* Within a block it is the end of a date: `+0100 Received: from`. */
    struct str prefix = k->open ? STR("") : prefix_find(s);
    if (prefix.n == 0)
        return false;
    line_take(k, str_skip(s, prefix.n));
    k->prefix = k->open ? prefix : STR("");
    return true;
}

/* A line that may be several fields; once one was, those that follow it in the block are
 * looked at in the same way, for the one line may have been wrapped. */
static void one_line_take(struct block *k, struct str raw)
{
    struct str rest = line_open(raw).s;
    if (prefixed_take(k, rest))
        return;
    if (rest.n == 0 || (!k->one_line && !is_one_line(rest))) {
        line_take(k, raw);
        return;
    }
    while (rest.n > 0) {
        size_t n = next_field(rest);
        line_take(k, str_trim(str_head(rest, n)));
        rest = str_skip(rest, n);
    }
    k->one_line = k->open;
}

/* A summary of a header, as forwards have, goes behind the header itself. */
static void received_first(struct complaint *c, size_t from)
{
    size_t to = from;
    for (size_t i = from; i < c->block_count; i++) {
        if (c->blocks[i].received > 0)
            findings_move(c, i, to++);
    }
}

void complaint_text(struct findings *f, struct str text, const char *what, const struct place *at)
{
    struct block k = { .f = f, .at = at, .what = what };
    struct str line;
    size_t before = f->out->block_count;
    buf_init(&k.b, COMPLAINT_BLOCK_MAX + 2);
    while (str_line(&text, &line))
        one_line_take(&k, line);
    block_close(&k);
    buf_fini(&k.b);
    received_first(f->out, before);
}
