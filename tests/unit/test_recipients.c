/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_recipients - the layouts of real servers, and files that change under us
 *
 * Each layout is a made-up server below a root, asked address by address. Then files are rewritten,
 * renamed over, removed and damaged, with and without a thread, while questions go on.
 */
#define _GNU_SOURCE
#include "tables/recipients.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "cdbmake.h"
#include "event/loop.h"
#include "tables/load.h"
#include "treemake.h"

static const char *const state_names[] = { "no-table", "foreign", "backup", "valid", "catch-all",
                                           "blackhole", "unknown", "fail", "defer" };

static struct recipients *r;

static struct recipients *begin(struct loop *l, struct recipients_options o)
{
    struct err err;
    o.root = tree_root;
    if (o.addresses_max == 0)
        o.addresses_max = 2000000;
    if (o.interval_ms == 0)
        o.interval_ms = 1000;
    r = recipients_new(l, &o, &err);
    if (r == NULL)
        fail_msg("%s", err.text);
    return r;
}

static enum recipient_state ask(const char *address, struct recipient *out)
{
    struct str text = str_c(address);
    size_t at = str_rfind_c(text, '@');
    recipients_ask(r, str_head(text, at), str_skip(text, at + 1), out);
    return out->state;
}

struct row {
    const char *address;
    enum recipient_state state;
};

static void check_rows(const struct row *rows, size_t n)
{
    struct recipient got;
    for (size_t i = 0; i < n; i++) {
        if (ask(rows[i].address, &got) != rows[i].state)
            fail_msg("%s is %s, not %s", rows[i].address, state_names[got.state],
                     state_names[rows[i].state]);
    }
}

static void check(const char *address, enum recipient_state state)
{
    struct row row = { address, state };
    check_rows(&row, 1);
}

static int setup(void **state)
{
    (void)state;
    tree_new();
    return log_open(logmake_path("log"), LOG_LEVEL_INFO, NULL);
}

static int teardown(void **state)
{
    (void)state;
    recipients_free(&r);
    log_close();
    remove(logmake_path("log"));
    return 0;
}

/* How many lines of the log hold both words. */
static unsigned logged(const char *event, const char *word)
{
    static char text[1 << 20];
    unsigned count = 0;
    FILE *f = fopen(logmake_path("log"), "r");
    assert_non_null(f);
    while (fgets(text, sizeof text, f) != NULL)
        count += strstr(text, event) != NULL && strstr(text, word) != NULL;
    fclose(f);
    return count;
}

/* --- layouts --- */

static void make_debian(void)
{
    tree_file("/etc/exim4/update-exim4.conf.conf",
              "dc_eximconfig_configtype='internet'\ndc_other_hostnames='example.com:Example.net;x.example'\n"
              "dc_relay_domains='backup.example'\n");
    tree_file("/etc/mailname", "mail.example.com\n");
    tree_file("/etc/hostname", "mail\n");
    tree_file("/etc/hosts", "127.0.0.1 localhost\n192.0.2.1 mx.example.com mail # ours\n");
    tree_file("/etc/passwd", "root:x:0:0::/root:/bin/sh\njoe:x:1000:1000::/home/joe:/bin/sh\n+nis\n");
    tree_file("/etc/aliases",
              "postmaster: root\nroot: joe\nann: ann@far.example\nold: :fail: 551 5.1.6 gone\n"
              "later: :defer: come back\nlist: :include:/etc/list\nhole: :blackhole:\n"
              "broken: a b c\nmissing: :include:/etc/none\ndeep: :include:/etc/deep\n*: joe\n");
    tree_file("/etc/list", "bob@far.example\n");
    tree_file("/etc/deep", ":include:/etc/deeper\n");
    tree_file("/etc/deeper", ":fail: gone deeply\n");
}

static void test_debian(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "joe@example.com", RECIPIENT_VALID },
        { "Joe@EXAMPLE.net", RECIPIENT_VALID },
        { "joe@x.example", RECIPIENT_VALID },
        { "joe@localhost", RECIPIENT_VALID },
        { "joe@mail.example.com", RECIPIENT_VALID },
        { "joe@mx.example.com", RECIPIENT_VALID },
        { "joe@mail", RECIPIENT_VALID },
        { "joe+tag@example.com", RECIPIENT_VALID },
        { "postmaster@example.com", RECIPIENT_VALID },
        { "ann@example.com", RECIPIENT_VALID },
        { "list@example.com", RECIPIENT_VALID },
        { "old@example.com", RECIPIENT_FAIL },
        { "deep@example.com", RECIPIENT_FAIL },
        { "later@example.com", RECIPIENT_DEFER },
        { "hole@example.com", RECIPIENT_BLACKHOLE },
        { "broken@example.com", RECIPIENT_NO_TABLE },
        { "missing@example.com", RECIPIENT_NO_TABLE },
        { "nobody@example.com", RECIPIENT_UNKNOWN },
        { "joe@backup.example", RECIPIENT_BACKUP },
        { "joe@far.example", RECIPIENT_FOREIGN },
    };
    struct recipients_stats stats;
    struct recipient got;
    make_debian();
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_AUTO });
    check_rows(rows, ROWS(rows));
    recipients_stats(r, &stats);
    assert_int_equal(stats.layout, LAYOUT_DEBIAN);
    assert_int_equal(stats.broken_files, 0);
    ask("old@example.com", &got);
    assert_int_equal(got.code, 551);
    assert_string_equal(got.status, "5.1.6");
    assert_str(got.text, "gone");
    assert_str(got.source, "/etc/aliases");
    assert_true(recipients_has_domain(r, STR("Example.com")));
    assert_true(recipients_has_domain(r, STR("backup.example")));
    assert_false(recipients_has_domain(r, STR("far.example")));
    assert_int_equal(logged("tables-layout", "layout=debian"), 1);
    assert_int_equal(logged("alias-faulty", "broken"), 1);
    assert_int_equal(logged("alias-faulty", "read: missing"), 1);
}

static void test_debian_unsure(void **state)
{
    (void)state;
    make_debian();
    tree_file("/etc/exim4/update-exim4.conf.conf", "dc_other_hostnames='example.com:*.example.org'\n");
    tree_file("/etc/nsswitch.conf", "passwd: files systemd ldap\n");
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_AUTO });
    check("joe@far.example", RECIPIENT_NO_TABLE);
    check("joe@example.com", RECIPIENT_VALID);
    check("nobody@example.com", RECIPIENT_NO_TABLE);
    assert_int_equal(logged("users-elsewhere", "passwd"), 1);
    assert_int_equal(logged("domain-pattern", "example.org"), 1);
}

static void make_cpanel(void)
{
    tree_file("/etc/localdomains", "server.example.com\na.example\nb.example\nlost.example\nold.example\n");
    tree_file("/etc/remotedomains", "remote.example\n");
    tree_file("/etc/secondarymx", "second.example\na.example\n");
    tree_file("/etc/userdomains", "*: nobody\na.example: alice\nb.example: bob\nold.example: alice\n"
                                  "remote.example: alice\n");
    tree_file("/etc/hostname", "server.example.com\n");
    tree_file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\n"
                             "bob:x:1002:1002::/home/bob:/bin/sh\n");
    tree_file("/etc/aliases", "postmaster: root\n");
    tree_file("/home/alice/etc/a.example/passwd",
              "info:x:1001:1001::/home/alice/mail/a.example/info:/bin/sh\nsales:x:1:1::/:/bin/sh\n"
              "stopped:x:1:1::/:/bin/sh\n");
    tree_file("/home/alice/etc/.stopped@a.example.suspended_incoming", "");
    tree_file("/home/alice/etc/.info@b.example.suspended_incoming", "");
    tree_file("/home/bob/etc/b.example/passwd", "info:x:1002:1002::/:/bin/sh\n");
    tree_file("/etc/valiases/a.example",
              "web@a.example: info@a.example\nout@a.example: x@far.example\n"
              "auto@a.example: info@a.example, \"|/usr/local/cpanel/bin/autorespond auto@a.example\"\n"
              "info@b.example: :fail: not mine to say\n*: \":fail: No Such User Here\"\n");
    tree_file("/etc/valiases/b.example", "*: bob\n");
    tree_file("/etc/vdomainaliases/old.example", "old.example: a.example\n");
    tree_file("/usr/local/cpanel/3rdparty/mailman/lists/news_a.example/config.pck", "");
    tree_file("/usr/local/cpanel/3rdparty/mailman/lists/two_words_b.example/config.pck", "");
}

static const struct row cpanel_rows[] = {
    { "info@a.example", RECIPIENT_VALID },
    { "INFO+box@A.example", RECIPIENT_VALID },
    { "web@a.example", RECIPIENT_VALID },
    { "out@a.example", RECIPIENT_VALID },
    { "auto@a.example", RECIPIENT_VALID },
    { "alice@a.example", RECIPIENT_VALID },
    { "alice@old.example", RECIPIENT_VALID },
    { "sales@old.example", RECIPIENT_VALID },
    { "guess@old.example", RECIPIENT_FAIL },
    { "guess@a.example", RECIPIENT_FAIL },
    { "stopped@a.example", RECIPIENT_FAIL },
    { "info@b.example", RECIPIENT_VALID },
    { "guess@b.example", RECIPIENT_CATCHALL },
    { "news@a.example", RECIPIENT_VALID },
    { "news-request@a.example", RECIPIENT_VALID },
    { "news-bounces+x=far.example@a.example", RECIPIENT_VALID },
    { "two_words@b.example", RECIPIENT_VALID },
    { "root@server.example.com", RECIPIENT_VALID },
    { "postmaster@server.example.com", RECIPIENT_VALID },
    { "guess@server.example.com", RECIPIENT_UNKNOWN },
    { "guess@lost.example", RECIPIENT_NO_TABLE },
    { "joe@second.example", RECIPIENT_BACKUP },
    { "joe@remote.example", RECIPIENT_FOREIGN },
    { "joe@far.example", RECIPIENT_FOREIGN },
};

static void test_cpanel(void **state)
{
    (void)state;
    struct recipient got;
    make_cpanel();
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_AUTO });
    check_rows(cpanel_rows, ROWS(cpanel_rows));
    ask("guess@a.example", &got);
    assert_str(got.text, "No Such User Here");
    assert_str(got.source, "/etc/valiases/a.example");
    ask("stopped@a.example", &got);
    assert_int_equal(got.code, 525);
    assert_string_equal(got.status, "5.7.13");
    assert_str(got.text, "Disabled recipient address");
    ask("info@a.example", &got);
    assert_str(got.source, "/home/alice/etc/a.example/passwd");
    ask("guess@b.example", &got);
    assert_str(got.source, "/etc/valiases/b.example");
    assert_int_equal(logged("catch-all", "domain=b.example"), 1);
    assert_int_equal(logged("catch-all", ":fail:"), 1);
    assert_int_equal(logged("domain-without-account", "lost.example"), 1);
}

static void test_directadmin(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "info@a.example", RECIPIENT_VALID },
        { "web@a.example", RECIPIENT_VALID },
        { "alice@a.example", RECIPIENT_VALID },
        { "list@a.example", RECIPIENT_VALID },
        { "away@a.example", RECIPIENT_VALID },
        { "guess@a.example", RECIPIENT_FAIL },
        { "info@pointer.example", RECIPIENT_VALID },
        { "guess@pointer.example", RECIPIENT_FAIL },
        { "guess@hole.example", RECIPIENT_BLACKHOLE },
        { "guess@plain.example", RECIPIENT_UNKNOWN },
        { "sales@plain.example", RECIPIENT_VALID },    /* of /etc/aliases: no default before it */
        { "void@plain.example", RECIPIENT_BLACKHOLE },
        { "root@plain.example", RECIPIENT_UNKNOWN },   /* a user of the host, no alias */
        { "sales@a.example", RECIPIENT_FAIL },
        { "root@da.example.com", RECIPIENT_VALID },
        { "guess@da.example.com", RECIPIENT_UNKNOWN },
        { "joe@far.example", RECIPIENT_FOREIGN },
    };
    tree_file("/etc/virtual/domains", "da.example.com\na.example\npointer.example\nhole.example\nplain.example\n");
    tree_file("/etc/virtual/domainowners", "a.example: alice\npointer.example: alice\nfar.example: eve\n");
    tree_file("/etc/virtual/a.example/passwd", "info:x\n");
    tree_file("/etc/virtual/a.example/aliases", "web: info@a.example\nalice: alice\n*: :fail:\n");
    tree_file("/etc/virtual/a.example/majordomo/list.aliases", "list: \"|/etc/virtual/majordomo/wrapper x\"\n");
    tree_file("/etc/virtual/a.example/autoresponder.conf", "away: /etc/virtual/a.example/reply\n");
    tree_link("/etc/virtual/pointer.example", "a.example");
    tree_file("/etc/virtual/hole.example/passwd", "x:x\n");
    tree_file("/etc/virtual/hole.example/aliases", "*: :blackhole:\n");
    tree_file("/etc/virtual/plain.example/passwd", "x:x\n");
    tree_file("/etc/hostname", "da.example.com\n");
    tree_file("/etc/aliases", "sales: postmaster\npostmaster: root\nvoid: :blackhole:\n");
    tree_file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1:1::/home/alice:/bin/sh\n");
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_AUTO });
    check_rows(rows, ROWS(rows));
    assert_int_equal(logged("tables-layout", "layout=directadmin"), 1);
    assert_int_equal(logged("blackhole-default", "domain=hole.example"), 1);
}

static void test_hestia(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "info@a.example", RECIPIENT_VALID },
        { "web@a.example", RECIPIENT_VALID },
        { "odd@a.example", RECIPIENT_VALID },
        { "guess@a.example", RECIPIENT_CATCHALL },
        { "info@b.example", RECIPIENT_VALID },
        { "guess@b.example", RECIPIENT_UNKNOWN },
        { "SRS0=hash=xx=far.example=joe@b.example", RECIPIENT_NO_TABLE },
        { "joe@far.example", RECIPIENT_FOREIGN },
    };
    tree_folder("/usr/local/hestia");
    tree_file("/home/alice/conf/mail/a.example/passwd", "info:x:alice:mail::/home/alice\n");
    tree_file("/home/alice/conf/mail/a.example/aliases",
              "web@a.example:info@a.example\nodd@a.example::fail:\n*@a.example:info@a.example\n");
    tree_link("/etc/exim4/domains/a.example", "/home/alice/conf/mail/a.example");
    tree_file("/etc/exim4/domains/b.example/passwd", "info:x:bob:mail::/home/bob\n");
    tree_file("/etc/exim4/domains/b.example/aliases", "*@b.example::fail:\n*@a.example:x\n");
    tree_file("/etc/exim4/update-exim4.conf.conf", "dc_other_hostnames=''\n");
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_AUTO });
    check_rows(rows, ROWS(rows));
    assert_int_equal(logged("tables-layout", "layout=hestia"), 1);
    assert_int_equal(logged("catch-all", "domain=a.example"), 1);
    tree_file("/etc/exim4/domains/new.example/passwd", "info:x\n");
    recipients_check(r);
    check("info@new.example", RECIPIENT_VALID);
}

static void test_files(void **state)
{
    (void)state;
    static const struct recipients_file files[] = {
        { RECIPIENTS_LIST, "/t/list", NULL },
        { RECIPIENTS_LIST, "/t/local", "c.example" },
        { RECIPIENTS_LSEARCH, "/t/lsearch", "d.example" },
        { RECIPIENTS_ALIASES, "/t/aliases", NULL },
        { RECIPIENTS_PASSWD, "/t/passwd", "e.example" },
        { RECIPIENTS_DOMAINS, "/t/domains", NULL },
        { RECIPIENTS_CDB, "/t/cdb", "f.example" },
    };
    static const struct row rows[] = {
        { "joe@a.example", RECIPIENT_VALID },
        { "guess@a.example", RECIPIENT_UNKNOWN },
        { "guess@b.example", RECIPIENT_CATCHALL },
        { "hostuser@localhost", RECIPIENT_VALID },
        { "hostuser@named.example", RECIPIENT_VALID },
        { "ann@c.example", RECIPIENT_VALID },
        { "bob+x@c.example", RECIPIENT_VALID },
        { "ann+x@c.example", RECIPIENT_VALID },
        { "anne+x@c.example", RECIPIENT_UNKNOWN },
        { "joe+tag@a.example", RECIPIENT_VALID },
        { "in+x@f.example", RECIPIENT_VALID },
        { "key@d.example", RECIPIENT_VALID },
        { "gone@d.example", RECIPIENT_FAIL },
        { "guess@d.example", RECIPIENT_UNKNOWN },
        { "web@g.example", RECIPIENT_VALID },
        { "hole@g.example", RECIPIENT_BLACKHOLE },
        { "guess@g.example", RECIPIENT_FAIL },
        { "user@e.example", RECIPIENT_VALID },
        { "guess@e.example", RECIPIENT_UNKNOWN },
        { "guess@listed.example", RECIPIENT_NO_TABLE },
        { "in@f.example", RECIPIENT_VALID },
        { "full@h.example", RECIPIENT_VALID },
        { "guess@f.example", RECIPIENT_UNKNOWN },
        { "joe@far.example", RECIPIENT_FOREIGN },
    };
    static const char *const domains[] = { "named.example", "c.example" };
    struct cdbmake m;
    tree_file("/t/list", "# comment\njoe@a.example\n@b.example\nhostuser\n");
    tree_file("/t/local", "ann\nbob+*\nbob\n");
    tree_file("/t/lsearch", "key: whatever\ngone: :fail: gone\n");
    tree_file("/t/aliases", "web@g.example: joe@a.example\nhole@g.example: :blackhole:\n*@g.example: :fail: no\n");
    tree_file("/t/passwd", "user:x:1:1::/:\n");
    tree_file("/t/domains", "listed.example\nother.example: x\n");
    cdbmake_begin(&m);
    cdbmake_add(&m, STR("in\0"), STR("1\0"));
    cdbmake_add(&m, STR("full@h.example"), STR(""));
    tree_bytes("/t/cdb", cdbmake_end(&m));
    buf_fini(&m.bytes);
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_FILES, .files = files,
                                             .file_count = ROWS(files), .domains = domains,
                                             .domain_count = ROWS(domains) });
    check_rows(rows, ROWS(rows));
    assert_int_equal(logged("catch-all", "domain=b.example"), 1);
}

static void test_nothing(void **state)
{
    (void)state;
    struct err err;
    struct recipients_options o = { .layout = LAYOUT_AUTO, .root = tree_root, .addresses_max = 10 };
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_AUTO });
    check("joe@far.example", RECIPIENT_NO_TABLE);
    check("joe@localhost", RECIPIENT_NO_TABLE);
    recipients_free(&r);
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_NONE });
    check("joe@far.example", RECIPIENT_NO_TABLE);
    o.root = "/no/such/root";
    assert_null(recipients_new(NULL, &o, &err));
    o.root = tree_root;
    o.layout = LAYOUT_FILES;
    assert_null(recipients_new(NULL, &o, &err));
}

/* --- files that are broken --- */

static void test_broken(void **state)
{
    (void)state;
    make_cpanel();
    assert_int_equal(remove(tree_path("/etc/valiases/b.example")), 0);
    tree_folder("/etc/valiases/b.example");
    assert_int_equal(remove(tree_path("/home/alice/etc/a.example/passwd")), 0);
    tree_fifo("/home/alice/etc/a.example/passwd");
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_CPANEL });
    check("info@b.example", RECIPIENT_VALID);
    check("guess@b.example", RECIPIENT_NO_TABLE);
    check("web@a.example", RECIPIENT_NO_TABLE); /* its mailbox is one of those not read */
    check("guess@a.example", RECIPIENT_NO_TABLE); /* whatever its :fail: default says */
    check("out@a.example", RECIPIENT_VALID);
    assert_int_equal(logged("table-unreadable", "valiases/b.example"), 1);
    assert_int_equal(logged("table-unreadable", "a.example/passwd"), 1);
    recipients_check(r);
    usleep(60000);
    tree_file("/etc/valiases/lost.example", "x@lost.example: y@far.example\n");
    recipients_check(r);
    check("x@lost.example", RECIPIENT_VALID);
    assert_int_equal(logged("table-unreadable", "valiases/b.example"), 1); /* told once */
}

static void test_broken_lists(void **state)
{
    (void)state;
    make_cpanel();
    assert_int_equal(remove(tree_path("/etc/localdomains")), 0);
    tree_folder("/etc/localdomains");
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_CPANEL });
    check("info@a.example", RECIPIENT_BACKUP); /* all that is known of it */
    check("joe@far.example", RECIPIENT_NO_TABLE);
}

static void test_missing_file(void **state)
{
    (void)state;
    static const struct recipients_file files[] = {
        { RECIPIENTS_LIST, "/t/list", NULL },
        { RECIPIENTS_LIST, "/t/missing", "m.example" },
        { RECIPIENTS_CDB, "/t/cdb", "n.example" },
        { RECIPIENTS_DOMAINS, "/t/domains", NULL },
    };
    tree_file("/t/list", "joe@a.example\n");
    tree_file("/t/cdb", "no database");
    tree_file("/t/domains", "a.example\n");
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_FILES, .files = files,
                                             .file_count = ROWS(files) });
    check("guess@a.example", RECIPIENT_UNKNOWN);
    check("guess@m.example", RECIPIENT_NO_TABLE);
    check("guess@n.example", RECIPIENT_NO_TABLE);
    check("joe@far.example", RECIPIENT_FOREIGN);
    assert_int_equal(logged("table-missing", "/t/missing"), 1);
    assert_int_equal(logged("table-unreadable", "/t/cdb"), 1);
    usleep(60000);
    tree_file("/t/missing", "x\n");
    recipients_check(r);
    check("x@m.example", RECIPIENT_VALID);
    check("guess@m.example", RECIPIENT_UNKNOWN);
}

/* A customer's link to a file that is not his, and his alias with an :include: of one. */
static void test_customers(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_cpanel();
    tree_file("/etc/secret", "secretname: x\n");
    assert_int_equal(remove(tree_path("/home/bob/etc/b.example/passwd")), 0);
    tree_link("/home/bob/etc/b.example/passwd", "/etc/secret");
    assert_true(tree_give("/home/bob/etc/b.example/passwd", 12345));
    tree_file("/etc/valiases/b.example", "inc@b.example: :include:/etc/secret\n*: :fail: no\n");
    assert_true(tree_give("/etc/valiases/b.example", 12345));
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_CPANEL });
    check("secretname@b.example", RECIPIENT_NO_TABLE);
    check("inc@b.example", RECIPIENT_VALID);
    assert_int_equal(logged("table-unreadable", "symbolic link"), 1);
}

/* A customer's file of wrong lines and defaults, again and again: the log is not his. */
static void test_customer_noise(void **state)
{
    (void)state;
    struct buf b;
    if (geteuid() != 0)
        skip();
    make_cpanel();
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "n%d@b.example: a b c\n*: joe\n", i);
    tree_bytes("/etc/valiases/b.example", buf_str(&b));
    buf_fini(&b);
    assert_true(tree_give("/etc/valiases/b.example", 12345));
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_CPANEL });
    assert_in_range(logged("alias-faulty", "b.example"), 1, LOAD_CUSTOMER_NOTES);
    assert_in_range(logged("catch-all", "b.example"), 1, LOAD_CUSTOMER_NOTES);
}

/* --- files that change --- */

static void test_changes(void **state)
{
    (void)state;
    make_debian();
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_DEBIAN });
    usleep(60000);
    recipients_check(r);                     /* the files were fresh when they were read */
    struct recipients_stats before, after;
    recipients_stats(r, &before);
    recipients_check(r);
    recipients_stats(r, &after);
    assert_int_equal(after.loads, before.loads);
    check("new@example.com", RECIPIENT_UNKNOWN);

    tree_file("/etc/aliases", "new: joe\n");       /* in place */
    recipients_check(r);
    check("new@example.com", RECIPIENT_VALID);
    check("ann@example.com", RECIPIENT_UNKNOWN);

    tree_file("/etc/aliases.tmp", "neu: joe\n");   /* renamed over, same size */
    assert_int_equal(rename(tree_path("/etc/aliases.tmp"), tree_path("/etc/aliases")), 0);
    recipients_check(r);
    check("neu@example.com", RECIPIENT_VALID);
    check("new@example.com", RECIPIENT_UNKNOWN);

    tree_file("/etc/aliases", "noo: joe\n");       /* same inode and size, in the same tick */
    recipients_check(r);
    tree_file("/etc/aliases", "nii: joe\n");
    recipients_check(r);
    check("nii@example.com", RECIPIENT_VALID);

    assert_int_equal(remove(tree_path("/etc/aliases")), 0);
    recipients_check(r);
    check("nii@example.com", RECIPIENT_UNKNOWN);
    check("joe@example.com", RECIPIENT_VALID);

    assert_int_equal(remove(tree_path("/etc/passwd")), 0);
    recipients_check(r);
    check("joe@example.com", RECIPIENT_NO_TABLE);  /* no users at all: that cannot be */
}

static struct loop *loop;
static struct timer tick;

static void on_tick(void *ctx)
{
    struct recipients_stats stats;
    const uint64_t *loads = ctx;
    recipients_stats(r, &stats);
    if (stats.loads >= *loads) {
        loop_stop(loop);
        return;
    }
    timer_set(loop, &tick, 5, on_tick, ctx);
}

/* Run the loop until the tables have been read so often. */
static void run_until(uint64_t loads)
{
    timer_set(loop, &tick, 5, on_tick, &loads);
    assert_int_equal(loop_run(loop, NULL), 0);
}

static void test_thread(void **state)
{
    (void)state;
    loop = loop_new();
    make_debian();
    usleep(60000);
    begin(loop, (struct recipients_options){ .layout = LAYOUT_DEBIAN, .interval_ms = 20 });
    tree_file("/etc/aliases", "new: joe\n");
    check("new@example.com", RECIPIENT_UNKNOWN);
    run_until(2);
    check("new@example.com", RECIPIENT_VALID);
    usleep(60000);
    tree_file("/etc/aliases", "newer: joe\n");
    recipients_check(r);
    run_until(3);
    check("newer@example.com", RECIPIENT_VALID);
    recipients_check(r);
    recipients_free(&r);                         /* while the thread may be at work */
    loop_free(&loop);
}

static atomic_bool writing;

/* Rewrite the aliases again and again, each time whole, by both ways. */
static void *writer(void *ctx)
{
    char path[256], temporary[256], text[64];
    (void)ctx;
    snprintf(path, sizeof path, "%s", tree_path("/etc/valiases/a.example"));
    snprintf(temporary, sizeof temporary, "%s", tree_path("/etc/valiases.tmp"));
    for (unsigned i = 0; atomic_load(&writing); i++) {
        FILE *f = fopen(temporary, "w");
        if (f == NULL)
            return NULL;
        fprintf(f, "always@a.example: x@far.example\nturn%u@a.example: x@far.example\n*: :fail: %u\n", i, i);
        fclose(f);
        snprintf(text, sizeof text, "%u", i);
        rename(temporary, path);
        usleep(500);
    }
    return NULL;
}

static void on_question(void *ctx)
{
    unsigned *left = ctx;
    struct recipients_stats stats;
    struct recipient got;
    recipients_stats(r, &stats);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(ask("always@a.example", &got), RECIPIENT_VALID);
        assert_int_equal(ask("guess@a.example", &got), RECIPIENT_FAIL);
        assert_int_equal(ask("info@a.example", &got), RECIPIENT_VALID);
    }
    if (stats.loads >= *left) {
        loop_stop(loop);
        return;
    }
    recipients_check(r);
    timer_set(loop, &tick, 1, on_question, left);
}

static void test_reload_under_load(void **state)
{
    (void)state;
    pthread_t thread;
    unsigned loads = 100;
    loop = loop_new();
    make_cpanel();
    tree_file("/etc/valiases/a.example", "always@a.example: x@far.example\n*: :fail: first\n");
    begin(loop, (struct recipients_options){ .layout = LAYOUT_CPANEL, .interval_ms = 5 });
    atomic_store(&writing, true);
    assert_int_equal(pthread_create(&thread, NULL, writer, NULL), 0);
    timer_set(loop, &tick, 1, on_question, &loads);
    assert_int_equal(loop_run(loop, NULL), 0);
    atomic_store(&writing, false);
    pthread_join(thread, NULL);
    recipients_free(&r);
    loop_free(&loop);
}

/* Half a file, a pause, the other half: by hand, or by a panel that is slow. */
static void *slow_writer(void *ctx)
{
    FILE *f = fopen(tree_path("/etc/aliases"), "w");
    (void)ctx;
    if (f == NULL)
        return NULL;
    fputs("first: joe\nnew: joe\n", f);
    fflush(f);
    usleep(150000);
    fputs("last: joe\n", f);
    fclose(f);
    return NULL;
}

static void on_half(void *ctx)
{
    struct recipient got;
    (void)ctx;
    recipients_check(r);
    assert_int_equal(ask("last@example.com", &got), RECIPIENT_VALID);
    if (ask("new@example.com", &got) == RECIPIENT_VALID) {
        loop_stop(loop);
        return;
    }
    timer_set(loop, &tick, 2, on_half, NULL);
}

static void test_half_written(void **state)
{
    (void)state;
    pthread_t thread;
    loop = loop_new();
    make_debian();
    tree_file("/etc/aliases", "first: joe\nlast: joe\n");
    usleep(60000);
    begin(loop, (struct recipients_options){ .layout = LAYOUT_DEBIAN, .interval_ms = 1000 });
    assert_int_equal(pthread_create(&thread, NULL, slow_writer, NULL), 0);
    timer_set(loop, &tick, 2, on_half, NULL);
    assert_int_equal(loop_run(loop, NULL), 0);
    pthread_join(thread, NULL);
    recipients_free(&r);
    loop_free(&loop);
}

/* A list of domains that is empty is being written: nothing is foreign. */
static void test_empty_list(void **state)
{
    (void)state;
    make_cpanel();
    tree_file("/etc/localdomains", "");
    begin(NULL, (struct recipients_options){ .layout = LAYOUT_CPANEL });
    check("joe@far.example", RECIPIENT_NO_TABLE);
    check("info@b.example", RECIPIENT_NO_TABLE);
    tree_file("/etc/localdomains", "b.example\n");
    recipients_check(r);
    check("joe@far.example", RECIPIENT_FOREIGN);
    check("info@b.example", RECIPIENT_VALID);
}

/* On a virtual clock the thread is real: time passes until it has been heard. */
static void test_virtual_clock(void **state)
{
    (void)state;
    struct recipients_stats stats;
    loop = loop_new_virtual(0);
    make_debian();
    begin(loop, (struct recipients_options){ .layout = LAYOUT_DEBIAN, .interval_ms = 10000 });
    tree_file("/etc/aliases", "new: joe\n");
    loop_advance(loop, 10001);
    for (unsigned i = 0; i < 2000; i++) {
        usleep(1000);
        loop_advance(loop, 1);
        recipients_stats(r, &stats);
        if (stats.loads > 1)
            break;
    }
    check("new@example.com", RECIPIENT_VALID);
    recipients_free(&r);
    loop_free(&loop);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(test_debian), FRESH(test_debian_unsure), FRESH(test_cpanel), FRESH(test_directadmin),
        FRESH(test_hestia), FRESH(test_files), FRESH(test_nothing), FRESH(test_broken),
        FRESH(test_broken_lists), FRESH(test_missing_file), FRESH(test_customers),
        FRESH(test_customer_noise),
        FRESH(test_changes), FRESH(test_thread), FRESH(test_reload_under_load),
        FRESH(test_half_written), FRESH(test_empty_list), FRESH(test_virtual_clock),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
