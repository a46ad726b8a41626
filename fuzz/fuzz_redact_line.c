/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_redact_line - can a client make a redacted line name a recipient?
 *
 * The input does not say what a line looks like but what clients chose: HELO, ident, sender,
 * subject, the rest of the recipient, what another server answered. From these a line is written as
 * Exim, PHP or a web server writes it, with the recipient in its places, also without a domain.
 * Whatever they chose, the recipient's name must be nowhere in what is left.
 */
#include <stdint.h>

#include "base/must.h"
#include "trace/redact.h"

#include "forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELD_MAX 4096
#define NAME "wilma"
#define AT "2026-11-02 10:00:00 "
#define ID "1xNopc-0001Dz-G8 "

/* The recipient as it was written, and as Exim logs the delivery to it: without its quotes. */
struct recipient {
    struct buf typed, plain;
};

static void add_both(struct recipient *r, struct str s)
{
    buf_add(&r->typed, s);
    buf_add(&r->plain, s);
}

static void recipient_choose(struct recipient *r, struct choices *c)
{
    static const struct str names[] = { STR_INIT(NAME), STR_INIT("WILMA+x"), STR_INIT("x." NAME) };
    unsigned form = choose(c, 5);
    bool slash = false;
    if (form < 4) {
        add_both(r, names[form % 3]);
        add_both(r, form == 3 || choose(c, 2) == 0 ? STR("@foobar.com") : STR(""));
        return;
    }
    buf_add(&r->typed, STR("\"" NAME " "));
    add_free(&r->typed, c, QUOTED);
    struct str inside = str_skip(buf_str(&r->typed), 1);
    for (size_t i = 0; i < inside.n; i++) {
        slash = inside.p[i] == '\\' && !slash;
        if (!slash)
            buf_add_c(&r->plain, inside.p[i]);
    }
    buf_add_c(&r->typed, '"');
    add_both(r, STR("@foobar.com"));
}

static void add_host(struct buf *line, struct choices *c)
{
    bool ident = choose(c, 4) == 0;
    buf_add(line, STR(" H=("));
    add_free(line, c, RAW);
    buf_add(line, STR(") [203.0.113.6]"));
    buf_add(line, ident ? STR(" U=") : STR(""));
    if (ident)
        add_free(line, c, RAW);
}

static void add_all(struct buf *line, const struct recipient *r, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        buf_add(line, STR(" "));
        buf_add(line, buf_str(&r->typed));
    }
}

/* As receive.c. */
static void arrival(struct buf *line, const struct recipient *r, struct choices *c)
{
    buf_add(line, STR(AT ID "<= "));
    add_address(line, c, false);
    if (choose(c, 2) == 0)
        add_host(line, c);
    buf_add(line, STR(" P=esmtp S=999 id="));
    add_address(line, c, false);
    buf_add(line, STR(" T=\""));
    add_free(line, c, QUOTED);
    buf_add(line, STR("\" from <"));
    add_address(line, c, false);
    buf_add(line, STR("> for"));
    add_all(line, r, 1 + choose(c, 3));
}

/* What the next server says of the recipient, whose name is known then. */
static void add_answer(struct buf *line, const struct recipient *r, struct choices *c, bool quoted)
{
    struct buf text;
    buf_init(&text, FIELD_MAX);
    buf_add(&text, STR("550 "));
    add_free(&text, c, RAW);
    buf_add(&text, STR(" <"));
    buf_add(&text, buf_str(&r->typed));
    buf_add(&text, STR("> " NAME ", "));
    add_free(&text, c, RAW);
    for (size_t i = 0; i < text.n; i++) {
        if (quoted && (text.p[i] == '"' || text.p[i] == '\\'))
            buf_add_c(line, '\\');
        buf_add_c(line, text.p[i]);
    }
    buf_fini(&text);
}

/* As deliver.c. */
static void delivery(struct buf *line, const struct recipient *r, struct choices *c)
{
    static const struct str flags[] = { STR_INIT("=> "), STR_INIT("-> "), STR_INIT("** "),
                                        STR_INIT("== ") };
    unsigned flag = choose(c, 4);
    buf_add(line, STR(AT ID));
    buf_add(line, flags[flag]);
    buf_add(line, choose(c, 4) == 0 ? STR(NAME "@far.example (" NAME ")") : buf_str(&r->plain));
    buf_add(line, STR(" <"));
    buf_add(line, buf_str(&r->typed));
    buf_add(line, STR("> R=lookuphost T=smtp H=mx.example [203.0.113.6]"));
    buf_add(line, flag < 2 ? STR(" C=\"") : flag == 2 ? STR(": ") : STR(" defer (-44): "));
    add_answer(line, r, c, flag < 2);
    buf_add(line, flag < 2 ? STR("\"") : STR(""));
}

/* As smtp_in.c. */
static void rejected(struct buf *line, const struct recipient *r, struct choices *c)
{
    buf_add(line, STR(AT));
    buf_add(line, STR("H=(helo.example) [203.0.113.6] F=<"));
    add_address(line, c, false);
    buf_add(line, STR("> rejected RCPT <"));
    buf_add(line, buf_str(&r->typed));
    buf_add(line, STR(">: "));
    add_free(line, c, RAW);
}

/* As exim.c, which puts what has a space into quotes and escapes none inside. */
static void submission(struct buf *line, const struct recipient *r, struct choices *c)
{
    bool spaces = str_find_c(buf_str(&r->typed), ' ') != STR_NONE;
    buf_add(line, STR(AT "cwd=/home/"));
    add_free(line, c, RAW);
    buf_add(line, STR(" 5 args: /usr/sbin/sendmail -i -f"));
    buf_add(line, choose(c, 2) == 0 ? STR(" a@b ") : STR("a@b -oi "));
    buf_add(line, spaces ? STR("\"") : STR(""));
    buf_add(line, buf_str(&r->typed));
    buf_add(line, spaces ? STR("\"") : STR(""));
}

static void php(struct buf *line, const struct recipient *r, struct choices *c)
{
    buf_add(line, STR("[02-Nov-2026 10:00:00 UTC] mail() on [/home/x/a.php:7]: To: "));
    buf_add(line, buf_str(&r->typed));
    buf_add(line, STR(" -- Headers: From: "));
    add_free(line, c, RAW);
    buf_add(line, STR(" Cc: "));
    buf_add(line, buf_str(&r->typed));
    buf_add(line, STR(" -- Subject: "));
    add_free(line, c, RAW);
}

/* As receive.c. A HELO can take quotes of the recipient for its own. */
static void received(struct buf *line, const struct recipient *r, struct choices *c)
{
    buf_add(line, STR("from helo.example ([203.0.113.6] helo="));
    if (str_eq(buf_str(&r->typed), buf_str(&r->plain)))
        add_free(line, c, NO_SPACE);
    buf_add(line, STR(") by mx.example with esmtp (envelope-from <a@b>) id " ID "for "));
    buf_add(line, buf_str(&r->typed));
    buf_add(line, STR("; Mon, 02 Nov 2026 10:00:00 +0000"));
}

/* One argument is the recipient, some of its bytes encoded, once or twice. */
static void request(struct buf *line, const struct recipient *r, struct choices *c)
{
    unsigned part = choose(c, 3);
    struct str s = buf_str(part == 0 ? &r->typed : &r->plain);
    s = str_head(s, part == 1 ? str_rfind_c(s, '@') : s.n);
    buf_add(line, STR("203.0.113.6 - - [02/Nov/2026:09:59:59 +0000] \"GET /a.php?x="));
    add_free(line, c, NO_SPACE);
    buf_add(line, STR("&to="));
    for (size_t i = 0; i < s.n; i++) {
        unsigned form = choose(c, 3);
        if (form == 0 && (ascii_alnum(s.p[i]) || s.p[i] == '.' || s.p[i] == '@'))
            buf_add_c(line, s.p[i]);
        else
            buf_addf(line, form == 1 ? "%%25%02x" : "%%%02X", (unsigned char)s.p[i]);
    }
    buf_add(line, STR("&y HTTP/1.1\" 200 512"));
}

/* How a line is written, and what kind of witness it is. Where others wrote about a recipient its
 * name is looked for, so the report has it. */
static const struct form {
    void (*write)(struct buf *line, const struct recipient *r, struct choices *c);
    const char *kind;
    bool known;
} forms[] = {
    { arrival, "arrival", false },   { delivery, "delivery", true },
    { rejected, "arrival", false },  { submission, "cwd", false },
    { php, "php-log", true },        { received, "received", false },
    { request, "access-log", true },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct report report;
    struct choices c = { data, size };
    struct recipient r;
    struct buf line, out;
    struct redact x = { .on = true };
    const struct form *form = &forms[choose(&c, sizeof forms / sizeof forms[0])];
    buf_init(&r.typed, FIELD_MAX);
    buf_init(&r.plain, FIELD_MAX);
    buf_init(&line, 10 * FIELD_MAX);
    buf_init(&out, 100 * FIELD_MAX);
    recipient_choose(&r, &c);
    form->write(&line, &r, &c);
    struct delivery deliveries[] = { { .address = buf_str(&r.typed), .final = buf_str(&r.plain) },
                                     { .address = STR(NAME) } };
    report = (struct report){ .deliveries = deliveries, .delivery_count = form->known ? 2 : 0 };
    redact_begin(&x, &report);
    const struct witness w = { .kind = form->kind, .text = buf_str(&line) };
    redact_witness(&x, &w, &out);
    must(!buf_bad(&line) && !buf_bad(&out));
    must(str_find_nocase(buf_str(&out), STR(NAME)) == STR_NONE);
    redact_fini(&x);
    struct buf *all[] = { &r.typed, &r.plain, &line, &out };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_fini(all[i]);
    return 0;
}
