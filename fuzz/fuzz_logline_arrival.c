/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_logline_arrival - can a client make the log say something else?
 *
 * The input does not say what a line looks like but what a client chose: its
 * sender, HELO name, ident, certificate, SNI, Message-ID, subject, recipients.
 * From these the line is written as receive.c writes it, escaping what Exim
 * escapes and no more, and then it is read. Without junk in HELO and without
 * ident every field must come out as it went in. With them, and with the SNI of
 * older Exims, which has spaces, a line may be refused or be called ambiguous,
 * but a mailbox that did not log in, a protocol
 * that was not spoken and, unless it is called ambiguous, an address that did
 * not connect must never come out.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/logline.h"

#include "forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELD_MAX 4096
#define PREFIX "2025-02-14 18:12:33 1tixMn-00000000C5j-1wRa <= "
#define ADDRESS "203.0.113.6"

/* The fields as they were chosen, in one buffer each. */
struct truth {
    struct buf sender, helo, ident, dn, sni, id, subject, from, recipients;
    bool junk, old, has_ident, has_auth, has_dn, has_sni, has_id, has_subject, has_from;
};

static void truth_init(struct truth *t)
{
    struct buf *all[] = { &t->sender, &t->helo, &t->ident,   &t->dn,   &t->sni,
                          &t->id,     &t->subject, &t->from, &t->recipients };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_init(all[i], FIELD_MAX);
}

static void truth_fini(struct truth *t)
{
    struct buf *all[] = { &t->sender, &t->helo, &t->ident,   &t->dn,   &t->sni,
                          &t->id,     &t->subject, &t->from, &t->recipients };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_fini(all[i]);
}

static void truth_choose(struct truth *t, struct choices *c)
{
    unsigned has = choose(c, 256), junk = choose(c, 4);
    t->junk = junk == 1;
    t->has_ident = junk == 2 || junk == 3;
    t->has_auth = has & 1;
    t->has_dn = has & 2;
    t->has_sni = has & 4;
    t->has_id = has & 8;
    t->has_subject = has & 16;
    t->has_from = has & 32;
    t->old = has & 64;
    add_address(&t->sender, c, false);
    if (t->junk || junk == 3)
        add_free(&t->helo, c, RAW);
    else
        buf_add(&t->helo, STR("helo.example"));
    t->junk = t->junk || junk == 3;
    if (t->has_ident)
        add_free(&t->ident, c, RAW);
    add_free(&t->dn, c, RAW);
    add_free(&t->sni, c, t->old ? RAW : NO_SPACE);
    add_address(&t->id, c, false);
    add_free(&t->subject, c, QUOTED);
    add_address(&t->from, c, false);
    for (unsigned count = choose(c, 3); count > 0; count--) {
        add_address(&t->recipients, c, false);
        if (count > 1)
            buf_add_c(&t->recipients, ' ');
    }
}

static void add_if(struct buf *line, bool is, const char *before, const struct buf *value,
                   const char *after)
{
    if (!is)
        return;
    buf_add(line, str_c(before));
    buf_add(line, buf_str(value));
    buf_add(line, str_c(after));
}

/* As receive.c writes it. */
static void write_line(const struct truth *t, struct buf *line)
{
    add_if(line, true, PREFIX, &t->sender, "");
    add_if(line, true, " H=(", &t->helo, ") [" ADDRESS "]");
    add_if(line, t->has_ident, " U=", &t->ident, "");
    buf_add(line, STR(" P=esmtpsa X=TLS1.3:AES:256 CV=no"));
    add_if(line, t->has_dn, " DN=\"", &t->dn, "\"");
    add_if(line, t->has_sni, t->old ? " SNI=\"" : " SNI=", &t->sni, t->old ? "\"" : "");
    buf_add(line, t->has_auth ? STR(" A=plain:joe@x") : STR(""));
    buf_add(line, STR(" K S=999"));
    add_if(line, t->has_id, " id=", &t->id, "");
    add_if(line, t->has_subject, " T=\"", &t->subject, "\"");
    add_if(line, t->has_from, " from <", &t->from, ">");
    add_if(line, t->recipients.n > 0, " for ", &t->recipients, "");
}

static bool same(struct str actual, bool is, const struct buf *expected)
{
    return is ? str_eq(actual, buf_str(expected)) : actual.n == 0;
}

static void exact_check(const struct truth *t, const struct line_arrival *a)
{
    must(a->has_host && (a->ambiguous || str_eq(a->protocol, STR("esmtpsa"))));
    must(!a->ambiguous || (t->has_dn && str_find(buf_str(&t->dn), STR(") [")) != STR_NONE) ||
         (t->has_sni && str_find(buf_str(&t->sni), STR(")[")) != STR_NONE));
    must(same(a->sender, true, &t->sender) && same(a->host.helo, true, &t->helo));
    must(a->user.n == 0 && a->size == 999);
    must(same(a->message_id, t->has_id, &t->id));
    must(same(a->subject, t->has_subject, &t->subject));
    must(same(a->from, t->has_from, &t->from));
    must(same(a->recipients, true, &t->recipients));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct choices c = { data, size };
    struct truth t;
    struct buf text;
    struct logline line;
    struct line_arrival a;
    truth_init(&t);
    truth_choose(&t, &c);
    buf_init(&text, 10 * FIELD_MAX);
    write_line(&t, &text);
    must(logline_parse(buf_str(&text), NULL, &line) == 0 && line.class == LINE_ARRIVAL);
    int rc = logline_arrival(&line, &a);
    bool plain = !t.junk && !t.has_ident && (!t.old || !t.has_sni);
    must(rc == 0 || !plain);
    must(rc != 0 || a.ambiguous || str_eq(a.host.ip, STR(ADDRESS)));
    must(a.auth_id.n == 0 || (t.has_auth && str_eq(a.auth_id, STR("joe@x"))));
    must(a.protocol.n == 0 || str_eq(a.protocol, STR("esmtpsa")));
    must(rc != 0 || !t.has_auth || a.auth_id.n > 0);
    if (plain)
        exact_check(&t, &a);
    buf_fini(&text);
    truth_fini(&t);
    return 0;
}
