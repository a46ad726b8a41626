/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint_mime - the parts of a complaint, by GMime
 *
 * GMime makes a tree of the (already bounded) message; here it is walked, no
 * deeper than COMPLAINT_DEPTH_MAX. A part is a report that says things, a
 * message or header that was returned, text in which people paste, or something
 * else, which is only searched where Received stands in it.
 *
 * Headers are read from the bytes themselves, not from GMime: it drops lines
 * that it does not understand, and broken headers are what we get. Nor is it
 * asked to convert a charset.
 */
#include "mail/header.h"
#include "trace/complaint_gmime.h"
#include "trace/complaint_internal.h"

#define REPORT_VALUE_MAX 2000 /* bytes of what a report says in one field */

struct walk {
    struct findings *f;
    struct str message;     /* the bytes that GMime parsed */
};

static void walk_part(struct walk *w, GMimeObject *part, const struct place *at);

/* GMIME_IS_PART() and its like, which cannot be used: see complaint_gmime.h. */
static bool is_a(GMimeObject *part, GType type)
{
    return part != NULL && gmime.type_check_instance_is_a((GTypeInstance *)part, type);
}

static bool part_is(GMimeObject *part, const char *type, const char *subtype)
{
    GMimeContentType *ct = gmime.object_get_content_type(part);
    return ct != NULL && gmime.content_type_is_type(ct, type, subtype);
}

/* "part 2.1 (text/plain)", printable. */
static void part_name(GMimeObject *part, const struct place *at, const char *prefix, struct buf *b)
{
    GMimeContentType *ct = gmime.object_get_content_type(part);
    const char *type = ct == NULL ? NULL : gmime.content_type_get_media_type(ct);
    const char *subtype = ct == NULL ? NULL : gmime.content_type_get_media_subtype(ct);
    buf_addf(b, "%s%s%s (", prefix, at->path[0] == '\0' ? "the message" : "part ", at->path);
    buf_add_safe(b, str_head(str_c(type == NULL ? "text" : type), 40));
    buf_add_c(b, '/');
    buf_add_safe(b, str_head(str_c(subtype == NULL ? "plain" : subtype), 40));
    buf_add_c(b, ')');
}

/* Add what `stream` holds to `b`, made normal. True if something was left out. */
static bool stream_take(struct walk *w, GMimeStream *stream, struct buf *b)
{
    GByteArray *bytes = gmime.stream_mem_get_byte_array((GMimeStreamMem *)stream);
    struct str all = str_make((const char *)bytes->data, bytes->len);
    struct str some = str_head(all, w->f->decode_left);
    w->f->decode_left -= some.n;
    return complaint_normal(some, b) || some.n < all.n;
}

/* The bytes of a leaf, normal, with their transfer encoding undone or as they stand there. */
static void leaf_bytes(struct walk *w, GMimePart *part, bool decode, struct buf *b)
{
    GMimeDataWrapper *content = gmime.part_get_content(part);
    GMimeStream *from = content == NULL ? NULL : gmime.data_wrapper_get_stream(content);
    if (from == NULL)
        return;
    GMimeStream *to = gmime.stream_mem_new();
    if (decode) {
        gmime.data_wrapper_write_to_stream(content, to);
    } else {
        gmime.stream_reset(from);
        gmime.stream_write_to_stream(from, to);
    }
    bool cut = stream_take(w, to, b);
    if (cut && (part_is((GMimeObject *)part, "text", "*") ||
                part_is((GMimeObject *)part, "message", "*"))) /* a picture may be cut */
        w->f->out->truncated = true;
    gmime.object_unref(to);
}

/* ---- what a report says ---- */

/* `rfc822; fred@example.com` and `<fred@example.com>` to the bare value. */
static struct str value_bare(struct str v)
{
    size_t semicolon = str_find_c(v, ';');
    if (semicolon < 16 && str_find_c(str_head(v, semicolon), ' ') == STR_NONE)
        v = str_trim(str_skip(v, semicolon + 1));
    if (v.n >= 2 && v.p[0] == '<' && v.p[v.n - 1] == '>')
        v = str_make(v.p + 1, v.n - 2);
    return v;
}

struct report_field {
    struct str name;
    struct str *out;
    bool bare;           /* an address or host: without `rfc822;` and <> */
};

/* Take the fields that `header` has and that are not known yet. */
static void report_take(struct walk *w, struct str header, const struct report_field *fields,
                        size_t count)
{
    struct buf b;
    buf_init(&b, HEADER_FIELD_MAX);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].out->n > 0 || !header_get(header, fields[i].name, &b))
            continue;
        struct str value = str_head(buf_str(&b), REPORT_VALUE_MAX);
        *fields[i].out = arena_str(w->f->arena, fields[i].bare ? value_bare(value) : value);
    }
    buf_fini(&b);
}

static void feedback_take(struct walk *w, struct str header)
{
    struct complaint *c = w->f->out;
    const struct report_field fields[] = {
        { STR("Feedback-Type"), &c->feedback_type, false },
        { STR("User-Agent"), &c->user_agent, false },
        { STR("Source-IP"), &c->source_ip, true },
        { STR("Original-Mail-From"), &c->original_mail_from, true },
        { STR("Original-Rcpt-To"), &c->original_rcpt_to, true },
        { STR("Arrival-Date"), &c->arrival_date, false },
        { STR("Received-Date"), &c->arrival_date, false },
        { STR("Reporting-MTA"), &c->reporting_mta, true },
    };
    c->kind = COMPLAINT_ARF;
    report_take(w, header, fields, sizeof fields / sizeof fields[0]);
}

/* Groups of fields with empty lines between: the first for the message, one for
 * each recipient. The first recipient is taken. */
static void delivery_take(struct walk *w, struct str groups)
{
    struct complaint *c = w->f->out;
    const struct report_field fields[] = {
        { STR("Reporting-MTA"), &c->reporting_mta, true },
        { STR("Arrival-Date"), &c->arrival_date, false },
        { STR("Final-Recipient"), &c->final_recipient, true },
        { STR("Diagnostic-Code"), &c->diagnostic_code, true },
    };
    if (c->kind != COMPLAINT_ARF)
        c->kind = COMPLAINT_DSN;
    for (int i = 0; i < 64 && groups.n > 0 && c->final_recipient.n == 0; i++) {
        report_take(w, groups, fields, sizeof fields / sizeof fields[0]);
        groups = header_body(groups);
    }
}

/* Exim's and qmail's bounces that are no multipart/report. */
static bool is_old_bounce(struct str text)
{
    static const struct str marks[] = {
        STR_INIT("This is a copy of the message, including all the headers."),
        STR_INIT("This is a copy of your message, including all the headers."),
        STR_INIT("--- Below this line is a copy of the message."),
        STR_INIT("This message was created automatically by mail delivery software"),
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (str_find(text, marks[i]) != STR_NONE)
            return true;
    }
    return false;
}

/* ---- leaves ---- */

static void text_take(struct walk *w, GMimeObject *part, struct str s, const struct place *at)
{
    struct findings *f = w->f;
    struct place here = *at;
    struct buf words, name;
    buf_init(&words, NORMAL_MAX);
    buf_init(&name, 512);
    part_name(part, at, "text of ", &name);
    bool page = part_is(part, "text", "html");
    if (page || complaint_html_looks(s)) {
        complaint_html(s, !page, &words);
        s = buf_str(&words);
    }
    if (at->depth == 1 && f->out->kind == COMPLAINT_MESSAGE && is_old_bounce(s)) {
        f->out->kind = COMPLAINT_DSN;
        here.returned = true;
    }
    findings_text(f, s, at);
    complaint_text(f, s, buf_c(&name), &here);
    buf_fini(&name);
    buf_fini(&words);
}

static void header_take(struct walk *w, GMimeObject *part, struct str bytes, const struct place *at)
{
    struct buf b, name;
    buf_init(&b, COMPLAINT_BLOCK_MAX);
    buf_init(&name, 512);
    part_name(part, at, "", &name);
    complaint_repair(bytes, &b);
    if (buf_bad(&b))
        w->f->out->truncated = true;
    findings_block(w->f, buf_str(&b), buf_c(&name), at);
    buf_fini(&name);
    buf_fini(&b);
}

static bool has_received(struct str bytes)
{
    return str_find(bytes, STR("Received:")) != STR_NONE;
}

static bool named_eml(GMimePart *part)
{
    struct str name = str_c(gmime.part_get_filename(part));
    return name.n > 4 && str_eq_nocase(str_skip(name, name.n - 4), STR(".eml"));
}

/* A part that is a message although MIME does not see it: encoded, or sent as a file. */
static bool is_message_leaf(GMimePart *part, struct str bytes)
{
    GMimeObject *object = (GMimeObject *)part;
    if (part_is(object, "message", "*"))
        return true;
    bool file = named_eml(part) || part_is(object, "application", "octet-stream");
    return file && (complaint_is_field(str_head(bytes, str_find_c(bytes, '\n')), NULL) ||
                    str_starts(bytes, STR("From ")));
}

static void message_take(struct walk *w, GMimeObject *part, struct str bytes,
                         const struct place *at)
{
    struct place inner = *at;
    struct buf name;
    if (at->nest >= COMPLAINT_DEPTH_MAX) {
        w->f->out->truncated = true;
        return;
    }
    buf_init(&name, 512);
    part_name(part, at, "", &name);
    inner.name = buf_c(&name);
    inner.nest++;
    findings_message(w->f, bytes, &inner);
    buf_fini(&name);
}

static void leaf_take(struct walk *w, GMimePart *part, struct str bytes, const struct place *at)
{
    GMimeObject *object = (GMimeObject *)part;
    struct place inner = *at;
    inner.depth++;
    inner.in_report = false;
    if (part_is(object, "message", "feedback-report")) {
        feedback_take(w, bytes);
    } else if (part_is(object, "message", "delivery-status") ||
               part_is(object, "message", "global-delivery-status")) {
        delivery_take(w, bytes);
    } else if (part_is(object, "text", "rfc822-headers") ||
               part_is(object, "message", "rfc822-headers") ||
               part_is(object, "message", "global-headers")) {
        header_take(w, object, bytes, &inner);
    } else if (is_message_leaf(part, bytes)) {
        inner.returned = at->in_report && !at->within;
        message_take(w, object, bytes, &inner);
    } else if (part_is(object, "text", "*") || has_received(bytes)) {
        text_take(w, object, bytes, &inner);
    }
}

static void walk_leaf(struct walk *w, GMimePart *part, const struct place *at)
{
    size_t before = w->f->out->block_count;
    struct buf b;
    buf_init(&b, NORMAL_MAX);
    leaf_bytes(w, part, true, &b);
    leaf_take(w, part, buf_str(&b), at);
    /* Said to be encoded but is not: then the bytes themselves are the text. */
    if (w->f->out->block_count == before &&
        gmime.part_get_content_encoding(part) > GMIME_CONTENT_ENCODING_BINARY) {
        buf_reset(&b);
        leaf_bytes(w, part, false, &b);
        if (has_received(buf_str(&b))) {
            struct place inner = *at;
            inner.depth++;
            text_take(w, (GMimeObject *)part, buf_str(&b), &inner);
        }
    }
    buf_fini(&b);
}

/* ---- multiparts ---- */

/* Text before the first and behind the last boundary: all there is where the boundary
 * is broken. */
static void face_take(struct walk *w, GMimeObject *part, const char *face, const struct place *at)
{
    struct place inner = *at;
    inner.depth++;
    struct str s = str_c(face);
    if (has_received(s))
        text_take(w, part, s, &inner);
}

static unsigned received_since(const struct findings *f, size_t from)
{
    unsigned n = 0;
    for (size_t i = from; i < f->out->block_count; i++)
        n += f->out->blocks[i].received;
    return n;
}

static void child_walk(struct walk *w, GMimeMultipart *mp, int i, const struct place *at)
{
    struct place inner = *at;
    struct buf path;
    buf_init(&path, 256);
    buf_addf(&path, "%s%s%d", at->path, at->path[0] == '\0' ? "" : ".", i + 1);
    inner.path = buf_c(&path);
    inner.nest++;
    walk_part(w, gmime.multipart_get_part(mp, i), &inner);
    buf_fini(&path);
}

static void walk_multipart(struct walk *w, GMimeMultipart *mp, const struct place *at)
{
    GMimeObject *object = (GMimeObject *)mp;
    struct place inner = *at;
    size_t before = w->f->out->block_count;
    int count = gmime.multipart_get_count(mp);
    bool alternative = part_is(object, "multipart", "alternative");
    inner.in_report = at->in_report || part_is(object, "multipart", "report");
    face_take(w, object, gmime.multipart_get_prologue(mp), &inner);
    for (int i = 0; i < count; i++) {
        /* The HTML form of a paste that was found in the plain one is the same again. */
        if (alternative && received_since(w->f, before) > 0)
            break;
        child_walk(w, mp, i, &inner);
    }
    face_take(w, object, gmime.multipart_get_epilogue(mp), &inner);
}

/* ---- messages ---- */

static gint64 offset_least(GMimeObject *object, gint64 least)
{
    GMimeHeaderList *list = object == NULL ? NULL : gmime.object_get_header_list(object);
    int count = list == NULL ? 0 : gmime.header_list_get_count(list);
    for (int i = 0; i < count && i < 100; i++) {
        gint64 at = gmime.header_get_offset(gmime.header_list_get_header_at(list, i));
        if (at >= 0 && (least < 0 || at < least))
            least = at;
    }
    return least;
}

/* The header of `m` from the bytes that GMime parsed, repaired, into `b`. */
static void message_header(struct walk *w, GMimeMessage *m, struct buf *b)
{
    gint64 at = offset_least((GMimeObject *)m, -1);
    at = offset_least(gmime.message_get_mime_part(m), at);
    if (at < 0 || (size_t)at >= w->message.n)
        return;
    complaint_repair(str_skip(w->message, (size_t)at), b);
    if (buf_bad(b))
        w->f->out->truncated = true;
}

/* The blocks inside come first, then the message's own; only a message that a report
 * returned is itself what the report is about. */
static void walk_message(struct walk *w, GMimeMessage *m, const char *where, const struct place *at)
{
    struct complaint *c = w->f->out;
    size_t before = c->block_count;
    GMimeObject *part = gmime.message_get_mime_part(m);
    struct buf header;
    buf_init(&header, COMPLAINT_BLOCK_MAX);
    message_header(w, m, &header);
    struct place inner = *at;
    inner.within = at->within || at->returned;
    inner.returned = false;
    if (part != NULL)
        walk_part(w, part, &inner);
    bool report = part != NULL && part_is(part, "multipart", "report");
    bool carries = received_since(w->f, before) > 0;
    size_t inside = c->block_count;
    unsigned known, received = complaint_received(buf_str(&header), &known);
    if (received > 0 || known > 0)
        findings_block(w->f, buf_str(&header), where, at);
    if (c->block_count > inside) {
        c->blocks[inside].outer = !at->returned && !at->within && (report || carries);
        if (at->returned)
            findings_move(c, inside, before);
    }
    buf_fini(&header);
}

static void walk_message_part(struct walk *w, GMimeMessagePart *part, const struct place *at)
{
    GMimeMessage *m = gmime.message_part_get_message(part);
    struct place inner = *at;
    struct buf name;
    buf_init(&name, 512);
    part_name((GMimeObject *)part, at, "", &name);
    inner.nest++;
    inner.depth++;
    inner.returned = at->in_report && !at->within;
    inner.in_report = false;
    if (m != NULL)
        walk_message(w, m, buf_c(&name), &inner);
    buf_fini(&name);
}

static void walk_part(struct walk *w, GMimeObject *part, const struct place *at)
{
    bool leaf = is_a(part, gmime.part_get_type());
    if (++w->f->parts > COMPLAINT_PARTS_MAX || (!leaf && at->nest >= COMPLAINT_DEPTH_MAX))
        w->f->out->truncated = true;
    else if (leaf)
        walk_leaf(w, (GMimePart *)part, at);
    else if (is_a(part, gmime.multipart_get_type()))
        walk_multipart(w, (GMimeMultipart *)part, at);
    else if (is_a(part, gmime.message_part_get_type()))
        walk_message_part(w, (GMimeMessagePart *)part, at);
}

/* Exim says in its own header whom it could not reach. */
static void failed_take(struct walk *w, struct str message)
{
    struct buf b;
    buf_init(&b, HEADER_FIELD_MAX);
    if (header_get(message, STR("X-Failed-Recipients"), &b)) {
        struct str all = buf_str(&b);
        w->f->out->final_recipient = arena_str(w->f->arena, str_trim(str_cut(&all, ',')));
        w->f->out->kind = COMPLAINT_DSN;
    }
    buf_fini(&b);
}

void complaint_mime(struct findings *f, struct str message, const struct place *at)
{
    struct walk w = { .f = f, .message = message };
    GMimeStream *stream = gmime.stream_mem_new_with_buffer(message.p, message.n);
    GMimeParser *parser = gmime.parser_new_with_stream(stream);
    gmime.object_unref(stream);
    GMimeMessage *m = gmime.parser_construct_message(parser, NULL);
    if (m != NULL) {
        if (at->depth == 0 && str_trim(header_body(message)).n > 0)
            f->out->kind = COMPLAINT_MESSAGE;
        walk_message(&w, m, at->name == NULL ? "the message's own header" : at->name, at);
        if (at->depth == 0)
            failed_take(&w, message);
        gmime.object_unref(m);
    } else {
        findings_text(f, message, at);
        complaint_text(f, message, at->name == NULL ? "pasted text" : at->name, at);
    }
    gmime.object_unref(parser);
}
