/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_complaint - complaints of every shape, and what a hostile one must not do
 *
 * The samples in tests/data/complaints all complain about the same message, so
 * whatever the wrapping, the same two Received fields must come out, dates and
 * ids whole. Run from the top of the source tree, or with POSTERN_TEST_DATA set
 * to tests/data.
 */
#include "trace/complaint.h"

#include <stdio.h>
#include <stdlib.h>

#include "mail/header.h"
#include "trace/complaint_internal.h"
#include "unit.h"

/* Kind, and the blocks in order: depth, Received fields, o = outer, w = within. */
static const struct sample {
    const char *file;
    enum complaint_kind kind;
    const char *blocks;
} samples[] = {
    { "arf_rfc5965.eml", COMPLAINT_ARF, "12 01o" },
    { "arf_yahoo.eml", COMPLAINT_ARF, "12 01o" },
    { "arf_jmrp_new.eml", COMPLAINT_ARF, "12 01o" },
    { "arf_aol_headers_only.eml", COMPLAINT_ARF, "12 01o" },
    { "arf_abusix.eml", COMPLAINT_ARF, "12 01o" },
    { "arf_not_spam.eml", COMPLAINT_ARF, "12 01o" },
    { "arf_base64_message.eml", COMPLAINT_ARF, "12 01o" },
    { "arf_crlf.eml", COMPLAINT_ARF, "12 01o" },
    { "arf_cr_only.eml", COMPLAINT_ARF, "12 01o" },
    { "arf_forged_body.eml", COMPLAINT_ARF, "12 21w 01o" },
    { "jmrp_old.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "spamcop.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "junkemailfilter.txt", COMPLAINT_MESSAGE, "12 00o" },
    { "dsn_exim.eml", COMPLAINT_DSN, "12 01o" },
    { "dsn_exim_old.eml", COMPLAINT_DSN, "12 11w 01o" },
    { "dsn_postfix.eml", COMPLAINT_DSN, "12 01o" },
    { "forward_attached.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "forward_octet_stream.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "forward_nested.eml", COMPLAINT_MESSAGE, "22 11o 00o" },
    { "forward_outlook.eml", COMPLAINT_MESSAGE, "12 10 01o" },
    { "quoted.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "quoted_deep_mixed.txt", COMPLAINT_HEADERS, "02" },
    { "quoted_wrapped.txt", COMPLAINT_HEADERS, "02" },
    { "pasted_bare_headers.txt", COMPLAINT_HEADERS, "02" },
    { "pasted_double_spaced.txt", COMPLAINT_HEADERS, "02" },
    { "pasted_indented.txt", COMPLAINT_HEADERS, "02" },
    { "pasted_one_line.txt", COMPLAINT_HEADERS, "02" },
    { "pasted_one_line_wrapped.txt", COMPLAINT_HEADERS, "02" },
    { "pasted_unfolded.txt", COMPLAINT_HEADERS, "02" },
    { "html_only.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "html_pre.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "html_both.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "html_escaped_form.txt", COMPLAINT_HEADERS, "02" },
    { "broken_encoding.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "broken_no_blank_line.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "broken_no_boundary.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "broken_wrong_boundary.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "nul_bytes.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "eight_bit.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "utf16.txt", COMPLAINT_HEADERS, "02" },
    { "utf16_part.eml", COMPLAINT_MESSAGE, "12 01o" },
    { "spam_itself.eml", COMPLAINT_MESSAGE, "02" },
    /* these have something else in the first block */
    { "forward_gmail.eml", COMPLAINT_MESSAGE, "10 01" },
    { "lookalikes.txt", COMPLAINT_HEADERS, "01" },
    { "plain_id.txt", COMPLAINT_HEADERS, "" },
};

static char *file_read(const char *name, size_t *n_out)
{
    char path[500];
    const char *root = getenv("POSTERN_TEST_DATA");
    snprintf(path, sizeof path, "%s/complaints/%s", root == NULL ? "tests/data" : root, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("%s cannot be read: run from the top of the source tree", path);
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    *n_out = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

static void blocks_text(const struct complaint *c, char *text, size_t size)
{
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < c->block_count && n < size; i++) {
        const struct complaint_block *b = &c->blocks[i];
        n += (size_t)snprintf(text + n, size - n, "%s%u%u%s%s", i > 0 ? " " : "", b->depth,
                              b->received, b->outer ? "o" : "", b->within ? "w" : "");
    }
}

/* The two hops of the message that everybody complains about. */
static void hops_check(const char *file, struct str header)
{
    static const struct { const char *id, *by; int64_t when; } hops[] = {
        { "1FZ8z3-0006M4-Do", "mx.foobar.example", 1146153889 },
        { "1FZ8zt-0005lz-E7", "barfoo.example", 1146153941 },
    };
    struct header_cursor c;
    struct header_field f;
    struct buf b;
    size_t i = 0;
    buf_init(&b, HEADER_FIELD_MAX);
    header_begin(&c, header);
    while (header_next(&c, &f)) {
        struct header_received r;
        if (!str_eq_nocase(f.name, STR("Received")))
            continue;
        buf_reset(&b);
        header_unfold(f.raw, &b);
        if (i == ROWS(hops) || header_received(buf_str(&b), &r) != 0 || !r.has_date ||
            r.when != hops[i].when || !str_eq(r.id, str_c(hops[i].id)) ||
            !str_eq(r.by, str_c(hops[i].by)))
            fail_msg("%s: hop %zu: %s", file, i, buf_c(&b));
        i++;
    }
    assert_int_equal(i, ROWS(hops));
    buf_fini(&b);
}

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(samples); i++) {
        const struct sample *s = &samples[i];
        size_t n;
        char *bytes = file_read(s->file, &n), blocks[200];
        struct arena *a = arena_new(COMPLAINT_ARENA_MAX);
        struct complaint c;
        struct err err = { 0 };
        if (complaint_parse(str_make(bytes, n), a, &c, &err) != 0)
            fail_msg("%s: %s", s->file, err.text);
        free(bytes); /* nothing in `c` may point there */
        blocks_text(&c, blocks, sizeof blocks);
        if (c.kind != s->kind || strcmp(blocks, s->blocks) != 0 || c.truncated)
            fail_msg("%s: kind %d, blocks %s", s->file, c.kind, blocks);
        if (s->blocks[0] != '\0' && s->blocks[1] == '2')
            hops_check(s->file, c.blocks[0].header);
        arena_free(&a);
    }
}

/* ---- one at a time ---- */

struct parsed {
    struct arena *arena;
    struct complaint c;
    struct err err;
    int rc;
};

static void parse_in(struct parsed *p, struct str bytes, size_t arena)
{
    *p = (struct parsed){ .arena = arena_new(arena) };
    p->rc = complaint_parse(bytes, p->arena, &p->c, &p->err);
}

static void parse(struct parsed *p, struct str bytes)
{
    parse_in(p, bytes, COMPLAINT_ARENA_MAX);
}

static void parse_file(struct parsed *p, const char *name)
{
    size_t n;
    char *bytes = file_read(name, &n);
    parse(p, str_make(bytes, n));
    free(bytes);
    assert_int_equal(p->rc, 0);
}

static void test_report_fields(void **state)
{
    (void)state;
    struct parsed p;
    parse_file(&p, "arf_rfc5965.eml");
    assert_str(p.c.feedback_type, "abuse");
    assert_str(p.c.user_agent, "SomeGenerator/1.0");
    assert_str(p.c.source_ip, "203.0.113.25");
    assert_str(p.c.original_mail_from, "nobody@barfoo.example");
    assert_str(p.c.original_rcpt_to, "fred@foobar.example");
    assert_str(p.c.arrival_date, "Thu, 27 Apr 2006 17:04:49 +0100");
    assert_str(p.c.reporting_mta, "mx.foobar.example");
    assert_str(p.c.blocks[0].where, "part 3 (message/rfc822)");
    assert_str(p.c.blocks[1].where, "the message's own header");
    arena_free(&p.arena);

    parse_file(&p, "arf_yahoo.eml");
    assert_str(p.c.user_agent, "Yahoo!-Mail-Feedback/2.0");
    assert_str(p.c.arrival_date, "Thu, 27 Apr 2006 17:04:49 +0100");
    arena_free(&p.arena);

    parse_file(&p, "arf_jmrp_new.eml");
    assert_str(p.c.user_agent, "JMRP/1.0");
    assert_str(p.c.source_ip, "");
    arena_free(&p.arena);

    parse_file(&p, "arf_not_spam.eml");
    assert_str(p.c.feedback_type, "not-spam");
    arena_free(&p.arena);

    parse_file(&p, "arf_base64_message.eml");
    assert_str(p.c.feedback_type, "fraud");
    assert_str(p.c.text, "An abuse report.\n\n");
    arena_free(&p.arena);

    parse_file(&p, "dsn_exim.eml");
    assert_str(p.c.reporting_mta, "mx.foobar.example");
    assert_str(p.c.final_recipient, "fred@foobar.example");
    assert_str(p.c.diagnostic_code, "550 5.1.1 no such user");
    arena_free(&p.arena);

    parse_file(&p, "dsn_exim_old.eml");
    assert_str(p.c.final_recipient, "fred@foobar.example");
    arena_free(&p.arena);
}

static void test_text(void **state)
{
    (void)state;
    struct parsed p;
    parse_file(&p, "plain_id.txt");
    assert_int_equal(p.c.block_count, 0);
    assert_true(str_find(p.c.text, STR("1FZ8zt-0005lz-E7")) != STR_NONE);
    arena_free(&p.arena);
    parse_file(&p, "arf_forged_body.eml"); /* the sender's words are not the reporter's */
    assert_true(str_find(p.c.text, STR("1FZ000-000aaa-AA")) == STR_NONE);
    arena_free(&p.arena);
}

static void test_lookalikes(void **state)
{
    (void)state;
    struct parsed p;
    parse_file(&p, "lookalikes.txt");
    assert_int_equal(p.c.blocks[0].received, 1);
    assert_true(str_find(p.c.blocks[0].header, STR("X-Received: by 2001:db8::1")) != STR_NONE);
    assert_true(str_find(p.c.blocks[0].header, STR("Received-SPF: fail")) != STR_NONE);
    assert_true(str_find(p.c.blocks[0].header, STR("Subject: Received: from x by y")) != STR_NONE);
    arena_free(&p.arena);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct { struct str bytes; enum err_kind kind; } rows[] = {
        { STR_INIT(""), ERR_FORMAT },
        { STR_INIT(" \r\n\t"), ERR_FORMAT },
        { STR_INIT("Hello, your server sends spam.\n"), ERR_FORMAT },
        { STR_INIT("time: now\nplace: here\n\nnothing\n"), ERR_FORMAT },
        { STR_INIT("\0\0\0\0"), ERR_FORMAT },
        { STR_INIT("From joe Thu Apr 27 12:05:41 2006\n"), ERR_FORMAT },
        { { "x", COMPLAINT_BYTES_MAX + 1 }, ERR_LIMIT },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct parsed p;
        parse(&p, rows[i].bytes);
        if (p.rc != -1 || p.err.kind != rows[i].kind || p.err.text[0] == '\0')
            fail_msg("row %zu: %d %s", i, p.rc, p.err.text);
        arena_free(&p.arena);
    }
}

/* ---- ceilings ---- */

static void test_depth(void **state)
{
    (void)state;
    struct parsed p;
    struct buf b;
    for (unsigned depth = COMPLAINT_DEPTH_MAX - 1; depth <= COMPLAINT_DEPTH_MAX + 1; depth++) {
        buf_init(&b, 100000);
        for (unsigned i = 0; i < depth; i++)
            buf_addf(&b, "Subject: %u\nContent-Type: message/rfc822\n\n", i);
        buf_addf(&b, "Received: from a by b id c\n\nx\n");
        parse(&p, buf_str(&b));
        assert_int_equal(p.rc, 0);
        assert_int_equal(p.c.truncated, depth > COMPLAINT_DEPTH_MAX);
        assert_int_equal(p.c.blocks[0].received, depth <= COMPLAINT_DEPTH_MAX);
        assert_true(p.c.block_count == 1 + (p.c.truncated ? COMPLAINT_DEPTH_MAX : depth));
        arena_free(&p.arena);
        buf_fini(&b);
    }
}

static void test_blocks(void **state)
{
    (void)state;
    struct parsed p;
    struct buf b;
    buf_init(&b, 1000000);
    buf_addf(&b, "See these:\n");
    for (unsigned i = 0; i < COMPLAINT_BLOCKS_MAX + 10; i++)
        buf_addf(&b, "\n\nReceived: from a by b id %u\nSubject: %u\n", i, i);
    parse(&p, buf_str(&b));
    assert_int_equal(p.rc, 0);
    assert_int_equal(p.c.block_count, COMPLAINT_BLOCKS_MAX);
    assert_true(p.c.truncated);
    arena_free(&p.arena);
    parse_in(&p, buf_str(&b), 40000); /* a small arena: fewer, and said */
    assert_int_equal(p.rc, 0);
    assert_true(p.c.truncated);
    assert_true(p.c.block_count < COMPLAINT_BLOCKS_MAX);
    arena_free(&p.arena);
    parse_in(&p, buf_str(&b), 100);
    assert_int_equal(p.rc, -1);
    assert_int_equal(p.err.kind, ERR_LIMIT);
    arena_free(&p.arena);
    buf_fini(&b);
}

/* What GMime alone would answer with a stack overflow, gigabytes, or minutes. */
static void test_hostile(void **state)
{
    (void)state;
    static const struct { const char *head, *again; unsigned times; } rows[] = {
        { "Cc: ", "a:", 500000 },                        /* groups in groups */
        { "Cc: x", "\n a:a:a:a:a:a:a:a:", 60000 },
        { "Cc: x", "\n1a:b", 200000 },                   /* the same, not folded */
        { "Cc: x", "\na,a,a,a,a,a,a,a,", 60000 },        /* a list without any @ */
        { "Cc: ", "a,", 500000 },
        { "Content-Type: multipart/mixed; boundary=a\n\n", "--a\n\nx\n", 150000 },
        { "", "Content-Type: multipart/mixed; boundary=a\n\n--a\n", 20000 },
        { "", "Content-Type: message/rfc822\n\n", 30000 },
        { "Subject: x\n", "X\x80:\n", 250000 },
        { "Content-Type: text/plain", "; a*0*=utf-16''%41", 50000 },
        { "Subject: ", "=?utf-8?q?", 100000 },
        { "Received: from a ", "(", 1000000 },
        { "Received: ", "Received: from ", 60000 },
        { "Hello\n", "<style>", 150000 },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct parsed p;
        struct buf b;
        buf_init(&b, 2000000);
        buf_add(&b, str_c("From: a@b.example\n"));
        buf_add(&b, str_c(rows[i].head));
        for (unsigned k = 0; k < rows[i].times; k++)
            buf_add(&b, str_c(rows[i].again));
        assert_false(buf_bad(&b));
        parse(&p, buf_str(&b));
        assert_int_equal(p.rc, 0);
        arena_free(&p.arena);
        buf_fini(&b);
    }
}

static void test_normal(void **state)
{
    (void)state;
    static const struct { struct str raw, normal; } rows[] = {
        { STR_INIT("a\nb"), STR_INIT("a\nb\n") },
        { STR_INIT("a\r\nb\r\n"), STR_INIT("a\nb\n") },
        { STR_INIT("a\rb\r"), STR_INIT("a\nb\n") },
        { STR_INIT("a\r\r\nb"), STR_INIT("a\nb\n") },
        { STR_INIT("a\n\r\n\nb"), STR_INIT("a\n\n\nb\n") },
        { STR_INIT("a\0b\0\n"), STR_INIT("ab\n") },
        { STR_INIT("\xef\xbb\xbf" "a"), STR_INIT("a\n") },
        { STR_INIT("\xff\xfe" "a\0\r\0\n\0b\0"), STR_INIT("a\nb\n") },
        { STR_INIT("\xfe\xff" "\0a\0\r\0\n\0b"), STR_INIT("a\nb\n") },
    };
    struct buf b;
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf_init(&b, NORMAL_MAX);
        assert_false(complaint_normal(rows[i].raw, &b));
        if (!str_eq(buf_str(&b), rows[i].normal))
            fail_msg("row %zu: %s", i, buf_c(&b));
        buf_fini(&b);
    }
}

static void test_normal_limits(void **state)
{
    (void)state;
    size_t n = 3 * NORMAL_STRETCH_MAX;
    char *raw = malloc(n);
    struct buf b;
    assert_non_null(raw);
    memset(raw, 'x', n);
    buf_init(&b, NORMAL_MAX);
    assert_true(complaint_normal(str_make(raw, n), &b)); /* one line */
    assert_int_equal(b.n, NORMAL_LINE_MAX + 1);
    for (size_t i = 76; i < n; i += 77)
        raw[i] = '\n';
    buf_reset(&b);
    assert_false(complaint_normal(str_make(raw, n), &b)); /* an attachment: nothing is missed */
    assert_true(b.n <= NORMAL_STRETCH_MAX && b.n > NORMAL_STRETCH_MAX - 100);
    for (size_t i = 0; i + 3 < n; i += 77)
        memcpy(raw + i, "a b", 3);
    buf_reset(&b);
    assert_true(complaint_normal(str_make(raw, n), &b)); /* words */
    buf_fini(&b);
    free(raw);
}

/* A field of addresses goes on in lines that complaint_repair() will fold into it, and ends at the
 * next field or an empty line. */
static void test_normal_marks(void **state)
{
    (void)state;
    static const struct { const char *head, *again, *tail; unsigned kept; } rows[] = {
        { "To: x\n", "1a:\n", "", NORMAL_MARKS_MAX - 1 },
        { "To: x\n", "a,\n", "Cc: y\n", NORMAL_MARKS_MAX - 1 },
        { "To: x\n", " a,\n", "\na,\n", NORMAL_MARKS_MAX - 1 },
        { "To: x\nSubject: y\n", "a,\n", "", 1000 },
        { "To: x\n\n", "a,\n", "", 1000 },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf raw, b;
        struct str rest, line;
        unsigned kept = 0;
        buf_init(&raw, 100000);
        buf_init(&b, NORMAL_MAX);
        buf_add(&raw, str_c(rows[i].head));
        for (unsigned k = 0; k < 1000; k++)
            buf_add(&raw, str_c(rows[i].again));
        buf_add(&raw, str_c(rows[i].tail));
        assert_int_equal(complaint_normal(buf_str(&raw), &b), rows[i].kept < 1000);
        assert_true(str_ends(buf_str(&b), str_c(rows[i].tail)));
        rest = str_head(buf_str(&b), b.n - strlen(rows[i].tail));
        while (str_line(&rest, &line))
            kept += str_starts(str_trim(line), str_head(str_trim(str_c(rows[i].again)), 2));
        if (kept != rows[i].kept)
            fail_msg("row %zu: %u", i, kept);
        buf_fini(&b);
        buf_fini(&raw);
    }
}

/* ---- pieces ---- */

static void test_html(void **state)
{
    (void)state;
    static const struct { const char *html; bool lines; const char *text; } rows[] = {
        { "a<br>b", false, "a\nb" },
        { "a<br />\nb", false, "a\nb" },
        { "<p>a</p><p>b</p>", false, "a\nb\n" },
        { "<pre>a\n\nb</pre>\nc", false, "a\n\nb\nc" },
        { "a\n\nb", true, "a\n\nb" },
        { "&lt;fred@x.example&gt; &amp;amp; &quot;&apos;&nbsp;&#65;&#x42;&#10;c", false,
          "<fred@x.example> &amp; \"' AB\nc" },
        { "&bogus; & &#; &#x; &#99999999999999999999; &", false,
          "&bogus; & &#; &#x; &#99999999999999999999; &" },
        { "<fred@x.example> <> < <unknown> <b>bold</b>", false,
          "<fred@x.example> <> < <unknown> bold" },
        { "<style>p { a: b }</style>x<script>y</script >z", false, "xz" },
        { "<style>never ended", false, "never ended" },
        { "<!-- c -->a<!DOCTYPE html>b", false, "ab" },
        { "a<br", false, "a<br" },
        { "<a href=\"http://x.example/?a>b\">t</a>", false, "b\">t" },
        { "&#0;&#27;&#9;&#13;", false, "?? \n" },
    };
    struct buf b;
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf_init(&b, 1000);
        complaint_html(str_c(rows[i].html), rows[i].lines, &b);
        if (!str_eq(buf_str(&b), str_c(rows[i].text)))
            fail_msg("%s: \"%s\"", rows[i].html, buf_c(&b));
        buf_fini(&b);
    }
}

static void test_is_field(void **state)
{
    (void)state;
    static const struct { const char *line; bool field; } rows[] = {
        { "Received: from", true },   { "Received:from", true },   { "received:", true },
        { "X-Foo: x", true },         { "X-Foo:", true },          { "X-Foo:x", false },
        { "https://x.example", false }, { "17:04:49 +0100", false }, { "fe80::1", false },
        { "Hello World: x", false },  { "(TLSv1:AES256)", false }, { "[192.0.2.1]:25", false },
        { "a: b", false },            { "", false },               { ":", false },
        { "fred@x.example: failed", false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (complaint_is_field(str_c(rows[i].line), NULL) != rows[i].field)
            fail_msg("%s", rows[i].line);
    }
}

static void test_repair(void **state)
{
    (void)state;
    static const struct { const char *raw, *header; size_t used; } rows[] = {
        { "A1: b\nC1: d\n\nbody", "A1: b\nC1: d\n", 13 },
        { "Received: from a id\n1FZ by c;\n17:04:49 +0100\nTo: x\n",
          "Received: from a id\n 1FZ by c;\n 17:04:49 +0100\nTo: x\n", 51 },
        { "To: x\n--boundary\nbody", "To: x\n", 6 },
        { "rubbish\n folded\nTo: x\n", "To: x\n", 22 },
        { "To : x\nX-Spam:yes\nhttp://x\n", "To : x\nX-Spam:yes\n http://x\n", 27 },
        { "To: x\nFrom joe Thu\nCc: y\n", "To: x\nCc: y\n", 25 },
        { "", "", 0 },
    };
    struct buf b;
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf_init(&b, 1000);
        size_t used = complaint_repair(str_c(rows[i].raw), &b);
        if (used != rows[i].used || !str_eq(buf_str(&b), str_c(rows[i].header)))
            fail_msg("row %zu: %zu %s", i, used, buf_c(&b));
        buf_fini(&b);
    }
}

static void test_mbox(void **state)
{
    (void)state;
#define FROM "From joe@x.example Thu Apr 27 12:05:41 2006\n"
    static const struct { struct str file; const char *lengths; } rows[] = {
        { STR_INIT(""), "" },
        { STR_INIT("Subject: x\n\n" FROM), "56" },                /* no mbox: one message */
        { STR_INIT(FROM "A: b\n\nx\n"), "52" },
        { STR_INIT(FROM "A: b\n\nx\n\n" FROM "C: d\n"), "53 49" },
        { STR_INIT(FROM "A: b\n\nx\n" FROM "C: d\n"), "101" },     /* no empty line before it */
        { STR_INIT(FROM "A: b\n\nFrom here on, at noon\n"), "72" }, /* no time in it */
        { STR_INIT(FROM "A: b\r\n\r\nx\r\n\r\n" FROM "\n"), "57 45" },
        { STR_INIT(FROM), "44" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str rest = rows[i].file, m;
        char lengths[50] = "";
        size_t n = 0;
        while (complaint_mbox_next(&rest, &m))
            n += (size_t)snprintf(lengths + n, sizeof lengths - n, "%s%zu", n > 0 ? " " : "", m.n);
        if (strcmp(lengths, rows[i].lengths) != 0)
            fail_msg("row %zu: %s", i, lengths);
    }
#undef FROM
    size_t size;
    char *bytes = file_read("three.mbox", &size);
    struct str rest = str_make(bytes, size), m;
    static const enum complaint_kind kinds[] = { COMPLAINT_ARF, COMPLAINT_MESSAGE,
                                                 COMPLAINT_HEADERS };
    for (size_t i = 0; i < ROWS(kinds); i++) {
        struct parsed p;
        assert_true(complaint_mbox_next(&rest, &m));
        parse(&p, m);
        assert_int_equal(p.rc, 0);
        assert_int_equal(p.c.kind, kinds[i]);
        hops_check("three.mbox", p.c.blocks[0].header);
        arena_free(&p.arena);
    }
    assert_false(complaint_mbox_next(&rest, &m));
    free(bytes);
}

/* ---- what may stand in the body of a message above it ---- */

#define TRUE_HOP "Received: from nobody by a.example with local (Exim 4.96) id 1xNopc-0001HD-G8"
#define OTHER_HOP "Received: from x by a.example with esmtp (Exim 4.96) id 1xNopS-0001H7-G8"

/* Of each block with a Received field in the order found: 0, or which one it is under. */
static void test_under(void **state)
{
    (void)state;
    static const struct {
        const char *text, *under;
    } rows[] = {
        { "Look:\n\n> " TRUE_HOP "\n> From: a@b.example\n>\n> Buy\n>\n> " OTHER_HOP "\n> To: c\n",
          "01" },
        /* a wrapped line has lost its mark, which is nobody's words */
        { "Look:\n\n> " TRUE_HOP "\n> From: a@b.example\n>\n> Buy this now\nor never\n>\n> "
          OTHER_HOP "\n> To: c\n", "01" },
        { "Look:\n\n> " TRUE_HOP "\n> From: a@b.example\n\nAnd this:\n\n> " OTHER_HOP "\n> To: c\n",
          "00" },
        /* deeper is what they quoted */
        { "Look:\n\n> " TRUE_HOP "\n> From: a@b.example\n\n>> more\n\n>> " OTHER_HOP "\n>> To: c\n",
          "01" },
        /* not quoted: nothing tells the sender's words from the reporter's */
        { "Look:\n\n" TRUE_HOP "\nFrom: a@b.example\n\nAnd this:\n\n" OTHER_HOP "\nTo: c\n", "01" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct parsed p;
        char under[8] = "";
        parse(&p, str_c(rows[i].text));
        assert_int_equal(p.rc, 0);
        for (size_t k = 0, n = 0; k < p.c.block_count && n + 1 < sizeof under; k++) {
            if (p.c.blocks[k].received > 0)
                under[n++] = (char)('0' + p.c.blocks[k].under);
        }
        if (strcmp(under, rows[i].under) != 0)
            fail_msg("row %zu: %s", i, under);
        arena_free(&p.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),       cmocka_unit_test(test_report_fields),
        cmocka_unit_test(test_text),          cmocka_unit_test(test_lookalikes),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_depth),
        cmocka_unit_test(test_blocks),        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_normal),        cmocka_unit_test(test_normal_limits),
        cmocka_unit_test(test_html),          cmocka_unit_test(test_is_field),
        cmocka_unit_test(test_repair),        cmocka_unit_test(test_mbox),
        cmocka_unit_test(test_under),         cmocka_unit_test(test_normal_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
