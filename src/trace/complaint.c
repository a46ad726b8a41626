/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint - what somebody sent in, and every message header inside it
 *
 * The way in: the bytes are made normal, then they are either a message, which
 * begins with a header and is taken apart as MIME, or text, in which header
 * blocks are looked for. A decoded part that turns out to be a message comes
 * back here. What is found is gathered in the caller's arena, under ceilings;
 * whatever is left out sets `truncated`.
 */
#include "trace/complaint.h"

#include "mail/msgid.h"
#include "trace/complaint_internal.h"

static bool block_known(const struct complaint *c, struct str header)
{
    for (size_t i = 0; i < c->block_count; i++) {
        if (str_eq(c->blocks[i].header, header))
            return true;
    }
    return false;
}

void findings_block(struct findings *f, struct str header, const char *where,
                    const struct place *at)
{
    struct complaint *c = f->out;
    if (header.n == 0)
        return;
    if (c->block_count == f->block_max || header.n > f->keep_left) {
        c->truncated = true;
        return;
    }
    if (block_known(c, header))
        return;
    struct complaint_block *b = &c->blocks[c->block_count];
    *b = (struct complaint_block){
        .header = arena_str(f->arena, header),
        .where = arena_str(f->arena, str_c(where)),
        .depth = at->depth,
        .received = complaint_received(header, NULL),
        .within = at->within,
        .serial = (unsigned)c->block_count + 1,
    };
    if (b->header.n == 0 || b->where.n == 0) {
        c->truncated = true;
        return;
    }
    f->keep_left -= header.n;
    c->block_count++;
}

void findings_move(struct complaint *c, size_t from, size_t to)
{
    struct complaint_block moved = c->blocks[from];
    memmove(&c->blocks[to + 1], &c->blocks[to], (from - to) * sizeof moved);
    c->blocks[to] = moved;
}

void findings_text(struct findings *f, struct str text, const struct place *at)
{
    if (at->within)
        return;
    size_t room = f->text.max - f->text.n;
    if (text.n >= room) {
        f->out->truncated = true;
        text = str_head(text, room > 0 ? room - 1 : 0);
    }
    buf_add(&f->text, text);
    if (text.n > 0)
        buf_add_c(&f->text, '\n');
}

/* Where the header of a message begins: behind empty lines and an mbox line. */
static struct str message_begin(struct str s)
{
    struct str rest = s, line;
    while (str_line(&rest, &line) && (str_trim(line).n == 0 || str_starts(line, STR("From "))))
        s = rest;
    return s;
}

/* A message begins with a header, and at least one field of it is one that mail programs
 * write. If so `b` becomes the message: the header with its folding restored, an
 * empty line, the body. A header pasted as one line does not count. */
static bool message_open(struct str s, struct buf *b)
{
    struct str line = str_head(s, str_find_c(s, '\n'));
    if (!complaint_is_field(line, NULL))
        return false;
    size_t used = complaint_repair(s, b);
    unsigned known;
    complaint_received(buf_str(b), &known);
    if (known == 0 || complaint_one_line(buf_str(b)))
        return false;
    buf_add_c(b, '\n');
    buf_add(b, str_skip(s, used));
    return true;
}

static void text_take(struct findings *f, struct str s, const struct place *at)
{
    struct buf words;
    buf_init(&words, NORMAL_MAX);
    if (complaint_html_looks(s)) {
        bool page = str_find_nocase(str_head(s, 4096), STR("<html")) != STR_NONE;
        complaint_html(s, !page, &words);
        s = buf_str(&words);
    }
    if (!at->returned)
        findings_text(f, s, at);
    complaint_text(f, s, at->name == NULL ? "pasted text" : at->name, at);
    buf_fini(&words);
}

void findings_message(struct findings *f, struct str bytes, const struct place *at)
{
    struct buf normal, repaired;
    buf_init(&normal, NORMAL_MAX);
    buf_init(&repaired, 2 * NORMAL_MAX); /* a blank more for each line at the most */
    if (complaint_normal(bytes, &normal))
        f->out->truncated = true;
    struct str s = message_begin(buf_str(&normal));
    if (message_open(s, &repaired)) {
        buf_fini(&normal);
        complaint_mime(f, buf_str(&repaired), at);
    } else {
        text_take(f, s, at);
    }
    buf_fini(&repaired);
    buf_fini(&normal);
}

static bool has_id(struct str text)
{
    struct msgid id;
    return msgid_next(&text, &id);
}

static void findings_init(struct findings *f, struct arena *arena, struct complaint *out)
{
    *out = (struct complaint){ .kind = COMPLAINT_HEADERS };
    *f = (struct findings){
        .arena = arena,
        .out = out,
        .keep_left = COMPLAINT_KEEP_MAX,
        .decode_left = DECODE_MAX,
    };
    out->blocks = arena_alloc(arena, COMPLAINT_BLOCKS_MAX * sizeof *out->blocks);
    f->block_max = out->blocks == NULL ? 0 : COMPLAINT_BLOCKS_MAX;
    buf_init(&f->text, COMPLAINT_TEXT_MAX);
}

int complaint_parse(struct str bytes, struct arena *arena, struct complaint *out, struct err *err)
{
    struct findings f;
    findings_init(&f, arena, out);
    if (bytes.n > COMPLAINT_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "larger than %zu MiB: cut out the headers and give those",
                       COMPLAINT_BYTES_MAX >> 20);
    if (str_trim(bytes).n == 0)
        return err_set(err, ERR_FORMAT, "empty: expected a complaint, message or headers");
    if (out->blocks == NULL)
        return err_set(err, ERR_LIMIT, "no memory left to take a complaint apart");
    if (complaint_ready(err) != 0)
        return -1;
    findings_message(&f, bytes, &(struct place){ .path = "" });
    out->text = arena_str(arena, buf_str(&f.text));
    if (out->text.n < f.text.n)
        out->truncated = true;
    buf_fini(&f.text);
    if (out->block_count == 0 && !has_id(out->text))
        return err_set(err, ERR_FORMAT, "no message header and no Exim message id in it: "
                                        "expected a complaint with the headers of the message");
    return 0;
}
