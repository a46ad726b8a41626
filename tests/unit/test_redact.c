/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_redact - what --redact hides, and what stays
 *
 * Every row is a text and what is left of it in a report with known sender, login and
 * recipients. Half of them are about hiding too little, half about hiding too much: a
 * report in which every "info" is gone is of no use to anybody.
 */
#include "trace/redact.h"

#include "mail/logline.h"
#include "unit.h"

#define SENDER "bob@barfoo.com"
#define R "[redacted]"

static struct redact redact;
static struct delivery deliveries[] = {
    { .address = STR_INIT("Fred@foobar.com") },
    { .address = STR_INIT("o'brien@foobar.com"), .final = STR_INIT("obi+wan@far.example") },
    { .address = STR_INIT("\"john smith\"@foobar.com") },
    { .address = STR_INIT("pebbles"), .final = STR_INIT("/home/dino/Maildir") },
    { .address = STR_INIT("info@foobar.com"), .final = STR_INIT("|/usr/bin/vacation dino") },
    { .address = STR_INIT("a@foobar.com") },
    { .address = STR_INIT("mail@foobar.com") },
    { .address = STR_INIT("root@localhost") },
    { .address = STR_INIT("redacted@foobar.com") },
    { .address = STR_INIT("\" wilma\"@foobar.com") },
};

static void begin(const char *sender, const char *login)
{
    static struct report r;
    r = (struct report){ .deliveries = deliveries, .delivery_count = ROWS(deliveries),
                         .sender = str_c(sender), .source = { .login = str_c(login) } };
    redact.on = true;
    redact_begin(&redact, &r);
}

struct row {
    struct str in, out;
};

typedef void redact_fn(const struct redact *x, struct str s, struct buf *b);

static void check_rows(redact_fn *f, const struct row *rows, size_t count)
{
    struct buf b;
    for (size_t i = 0; i < count; i++) {
        buf_init(&b, 65536);
        f(&redact, rows[i].in, &b);
        if (!str_eq(buf_str(&b), rows[i].out))
            fail_msg("%.*s: %.*s, expected %.*s", STR_ARG(rows[i].in), STR_ARG(buf_str(&b)),
                     STR_ARG(rows[i].out));
        buf_fini(&b);
    }
    redact_fini(&redact);
}

#define ROW(in, out) { STR_INIT(in), STR_INIT(out) }

static void test_text(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("", ""),
        ROW("nothing here", "nothing here"),
        ROW("<fred@foobar.com>,wilma@x", "<" R ">," R),
        ROW("o'brien@x and a|b@x", R " and " R),
        ROW("\"john smith\"@x \"a\\\"b c\"@x", R " " R),
        ROW("T=\"Hi \\\"john smith\\\"@x\" for", "T=\"Hi \\" R "\" for"),
        ROW("T=\"Hi\" F=<\"john smith\"@x>", "T=\"Hi\" F=<" R ">"),
        ROW("\"open john smith@x", "\"open john " R),
        ROW("fred%40foobar.com x%2540y", R " " R),
        /* what stays */
        ROW("F=<" SENDER "> A=plain:joe@barfoo.com", "F=<" SENDER "> A=plain:joe@barfoo.com"),
        ROW("-f" SENDER " S=" SENDER " '" SENDER "'", "-f" SENDER " S=" SENDER " '" SENDER "'"),
        ROW("x" SENDER " 'joe@x'", R " " R),
        ROW("info is a mail host: mail.foobar.com", "info is a mail host: mail.foobar.com"),
        ROW("U=pebbles cwd=/home/fred/info", "U=pebbles cwd=/home/fred/info"),
        /* a recipient without its @ */
        ROW("x-fred=foobar.com-1 fred=foobar.com", "x-" R "-1 " R),
        ROW("FRED=FOOBAR.COM.7 fred=barfoo.com", R ".7 fred=barfoo.com"),
        ROW("R=lookuphost T=remote_smtp S=390", "R=lookuphost T=remote_smtp S=390"),
        ROW("bounce-root=localhost xfred=foobar.com", "bounce-" R " xfred=foobar.com"),
        /* paths and URLs */
        ROW("/a.php?to=fred%40foobar.com&x=1", "/a.php?to=" R "&x=1"),
        ROW("/a.php?u=Fred&v=john%20smith&w=o%27brien", "/a.php?u=" R "&v=" R "&w=" R),
        ROW("/info/a.php?user=dino", "/info/a.php?user=dino"),
        ROW("http://x/fred@foobar.com/b#wilma@x", "http://x/" R "/b#" R),
        ROW("/b/" SENDER "/fred%2540x", "/b/" SENDER "/" R),
        ROW("/%zz%4?%", "/%zz%4?%"),
        ROW("/a.php?id[]=1&to=fred http://x:8080/a?b(c),d;to=fred;e",
            "/a.php?id[]=1&to=" R " http://x:8080/a?b(c),d;to=" R ";e"),
        ROW("/a.php?x=\"&to=fred&y foobar.com/?to=fred", "/a.php?x=\"&to=" R "&y foobar.com/?to=" R),
        ROW("/a?x-fred=foobar.com&y=fred=foobar.com", "/a?x-" R "&y=" R),
        ROW("/a?v=b+fred=foobar.com@x&y=" SENDER "=", "/a?v=" R "&y=" R),
        ROW("/a?y=" SENDER "&AT&T", "/a?y=" SENDER "&AT&T"),
    };
    begin(SENDER, "joe@barfoo.com");
    check_rows(redact_text, rows, ROWS(rows));
}

static void test_answer(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("550 user o'Brien unknown", "550 user " R " unknown"),
        ROW("'fred' fred, FRED. (fred) fred: fred's", "'" R "' " R ", " R ". (" R ") " R ": " R "'s"),
        ROW("no \"John Smith\" here", "no \"" R "\" here"),
        ROW("obi over quota, obi+wan too", R " over quota, " R " too"),
        ROW("fred=foobar.com pebbles", R " " R),
        ROW("<x@y> no wilma, redacted or [redacted]", "<" R "> no " R ", " R " or " R),
        /* another word, or a part of one */
        ROW("alfred fredo fred-x fred_y x.fred.y", "alfred fredo fred-x fred_y x.fred.y"),
        ROW("host mail.foobar.com said: smith", "host mail.foobar.com said: smith"),
        ROW("dino is a program's argument", "dino is " R " program's argument"),
        ROW("<fred@foobar.com>: mailbox of fred", "<" R ">: mailbox of " R),
    };
    begin(SENDER, "");
    check_rows(redact_answer, rows, ROWS(rows));
}

static void test_senders(void **state)
{
    (void)state;
    static const struct { const char *sender, *out; } rows[] = {
        { "bounce+fred=foobar.com@lists.barfoo.com", "bounce+" R "@lists.barfoo.com" },
        { "list-return-7-new=else.example@barfoo.com", "list-" R "@barfoo.com" },
        { "news+Fred@barfoo.com", "news+" R "@barfoo.com" },
        { "fred@foobar.com", "fred@foobar.com" },     /* wrote to himself */
        { "info@barfoo.com", "info@barfoo.com" },
        { "news+shop@barfoo.com", "news+shop@barfoo.com" },
        { "prvs=1234abcd=bob@barfoo.com", "prvs=1234abcd=bob@barfoo.com" },
        { "SRS0=Ab=cd=else.example=joe@barfoo.com", "SRS0=Ab=cd=else.example=joe@barfoo.com" },
        { "\"bob b\"@barfoo.com", "\"bob b\"@barfoo.com" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct row row = { str_c(rows[i].sender), str_c(rows[i].out) };
        begin(rows[i].sender, "");
        assert_int_equal(redact_changes(&redact, row.in), !str_eq(row.in, row.out));
        check_rows(redact_text, &row, 1);
    }
}

/* The same prefix before each line. */
#define AT "2026-11-02 10:00:00 [4711] "
#define ID "1xNopc-0001Dz-G8 "

static void redact_raw(const struct redact *x, struct str s, struct buf *b)
{
    struct logline line;
    assert_int_equal(logline_parse(s, NULL, &line), 0);
    redact_line(x, &line, b);
}

static void test_lines(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW(AT ID "<= " SENDER " U=bob P=local S=9 T=\"for all\" for fred \"j s\"@x w@x",
            AT ID "<= " SENDER " U=bob P=local S=9 T=\"for all\" for " R),
        ROW(AT ID "=> dino (wilma, betty) <pebbles> R=local T=fred",
            AT ID "=> " R " (" R ") <" R "> R=local T=fred"),
        ROW(AT ID "=> x@y R=r T=t H=mail [192.0.2.1] C=\"250 fred ok\"",
            AT ID "=> " R " R=r T=t H=mail [192.0.2.1] C=\"250 " R " ok\""),
        ROW(AT ID "** x@y R=r T=t: 550 fred", AT ID "** " R " R=r T=t: 550 " R),
        ROW(AT ID "Completed", AT ID "Completed"),
        ROW(AT ID "no immediate delivery: fred is busy",
            AT ID "no immediate delivery: " R " is busy"),
        ROW(AT "cwd=/home/fred 6 args: /usr/sbin/sendmail -i -f " SENDER " dino \"j s\"",
            AT "cwd=/home/fred 6 args: /usr/sbin/sendmail -i -f " SENDER " " R " \"" R "\""),
        ROW(AT "cwd=/home/fred 3 args: sendmail -t -i", AT "cwd=/home/fred 3 args: sendmail -t -i"),
        ROW(AT "H=(x) [192.0.2.1] F=<" SENDER "> rejected RCPT <dino>: no fred here",
            AT "H=(x) [192.0.2.1] F=<" SENDER "> rejected RCPT <" R ">: no " R " here"),
    };
    begin(SENDER, "");
    check_rows(redact_raw, rows, ROWS(rows));
}

static void redact_php(const struct redact *x, struct str s, struct buf *b)
{
    const struct witness w = { .kind = "php-log", .text = s };
    redact_witness(x, &w, b);
}

static void redact_received(const struct redact *x, struct str s, struct buf *b)
{
    const struct witness w = { .kind = "received", .text = s };
    redact_witness(x, &w, b);
}

static void test_witnesses(void **state)
{
    (void)state;
#define PHP "[02-Nov-2026 10:00:00 UTC] mail() on [/home/fred/a.php:7]: To: "
    static const struct row php[] = {
        ROW(PHP "dino, Wilma <w@x> -- Headers: From: " SENDER " Cc: fred -- Subject: Buy",
            PHP R " -- Headers: From: " SENDER " Cc: " R " -- Subject: Buy"),
        ROW("cut mail() on [/a.php:7]: To: dino", "cut mail() on [/a.php:7]: To: " R),
    };
    static const struct row received[] = {
        /* a HELO that is a clause */
        ROW("from x (helo=y) by z id a by barfoo.com id 1xNopc-0001Dz-G8 for dino; Mon",
            "from x (helo=y) by z id a by barfoo.com id 1xNopc-0001Dz-G8 for " R),
        ROW("from x by barfoo.com with esmtp id 1xNopc-0001Dz-G8 for dino; Mon",
            "from x by barfoo.com with esmtp id 1xNopc-0001Dz-G8 for " R "; Mon"),
    };
    begin(SENDER, "");
    check_rows(redact_php, php, ROWS(php));
    begin(SENDER, "");
    check_rows(redact_received, received, ROWS(received));
}

/* Without --redact nothing is touched. */
static void test_off(void **state)
{
    (void)state;
    static const struct row rows[] = { ROW("fred@foobar.com \"j s\"@x", "fred@foobar.com \"j s\"@x") };
    redact = (struct redact){ .on = false };
    check_rows(redact_text, rows, 1);
    check_rows(redact_answer, rows, 1);
}

/* A name too long for the table, or of so many words that it is not looked for: then an answer is
 * not shown at all. */
static void test_too_long(void **state)
{
    (void)state;
    static char local[REDACT_NAME_MAX + 2];
    static const struct row rows[] = { ROW("550 unknown", R), ROW("", "") };
    memset(local, 'x', sizeof local - 1);
    begin(SENDER, "");
    redact_name_add(&redact, str_c(local));
    check_rows(redact_answer, rows, ROWS(rows));
    begin(SENDER, "");
    redact_name_add(&redact, STR("a!b!c!d!e!f!g!h!i@foobar.com"));
    check_rows(redact_answer, rows, ROWS(rows));
}

/* Behind so much of a path as is decoded. */
static void test_long_path(void **state)
{
    (void)state;
    static char in[2000], out[2000];
    const struct row row = { { in, 1500 + 9 }, { out, 1 + STR(R).n } };
    memset(in, 'x', sizeof in);
    in[0] = '/';
    memcpy(in + 1500, "@x.example", 9);
    memcpy(out, "/" R, row.out.n);
    begin(SENDER, "");
    check_rows(redact_text, &row, 1);
}

/* What a sender can write takes no more than linear time: a minute, were it quadratic. */
static void test_hostile(void **state)
{
    (void)state;
    static const char *const pieces[] = { "\"", "\\\"", "\\\\\"", "\\\\\\\"", "=", "a=", "a=b.c.d.e.",
                                          "a.", "%", "%25", "/", "'", "-" };
    struct buf in, out;
    for (size_t i = 0; i < ROWS(pieces); i++) {
        begin(SENDER, "");
        buf_init(&in, 1 << 20);
        buf_init(&out, 16 << 20);
        while (buf_add(&in, str_c(pieces[i])) == 0)
            continue;
        redact_answer(&redact, buf_str(&in), &out);
        redact_fini(&redact);
        buf_fini(&in);
        buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_senders),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_witnesses),
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
