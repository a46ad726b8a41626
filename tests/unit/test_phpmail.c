/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_phpmail - the script's name out of PHP's own log
 *
 * Each test makes a copied server below a root. Half of the cases are about
 * finding the log and the right line, half about customers who put something
 * else where the log should be: a link, a pipe, a second name of a secret.
 */
#define _GNU_SOURCE
#include "trace/phpmail.h"

#include "treemake.h"

/* 2026-11-23 11:31:22 UTC */
#define ARRIVAL INT64_C(1795433482)
#define SITE_DIR "/home/ClientX/public_html/phpBB"

static char warnings[4096], notes[4096];

/* `ctx` is one of the two. */
static void warned(void *ctx, const char *text)
{
    size_t n = strlen(ctx);
    snprintf((char *)ctx + n, sizeof warnings - n, "%s\n", text);
}

static struct arena *arena;
static struct phpmail_hit hits[16];

static size_t find(const struct phpmail_query *q)
{
    struct phpmail_query query = *q;
    query.root = tree_root;
    if (query.arrival == 0)
        query.arrival = ARRIVAL;
    arena_free(&arena);
    arena = arena_new(8 << 20);
    warnings[0] = notes[0] = '\0';
    query.note = warned;
    query.note_ctx = notes;
    return phpmail_find(&query, arena, hits, ROWS(hits), warned, warnings);
}

static const struct str fred[] = { STR_INIT("fred@foobar.com") };

/* A question about a message to fred from the phpBB folder. */
static struct phpmail_query about_fred(void)
{
    return (struct phpmail_query){ .dir = STR(SITE_DIR), .recipients = fred,
                                   .recipient_count = 1, .account = STR(""), .subject = STR("") };
}

/* A line stamped `utc` + the zone's offset. */
static void line_add(struct buf *b, int64_t utc, const char *zone, const char *rest)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil c = clock_to_civil(utc);
    buf_addf(b, "[%02d-%.3s-%04d %02d:%02d:%02d %s] mail() on [%s\n", c.day,
             months + 3 * (c.month - 1), c.year, c.hour, c.minute, c.second, zone, rest);
}

#define TO_FRED "]: To: fred@foobar.com -- Headers: From: bob@barfoo.com -- Subject: Buy Me"
#define PROFILE SITE_DIR "/profile.php:7" TO_FRED
#define GALLERY "/home/ClientX/public_html/gallery/upload.php:7" TO_FRED

/* A log with one line that fits. */
static void log_make(const char *path)
{
    struct buf b;
    buf_init(&b, 4096);
    line_add(&b, ARRIVAL - 100, "UTC", PROFILE);
    line_add(&b, ARRIVAL, "UTC", PROFILE);
    line_add(&b, ARRIVAL + 50, "UTC", PROFILE);
    tree_bytes(path, buf_str(&b));
    tree_time(path, ARRIVAL + 50);
    buf_fini(&b);
}

/* --- where the log is --- */

static const struct {
    const char *conf, *text, *log;
    bool found, customers;
} settings[] = {
    { NULL, NULL, "/var/log/php-mail.log", true, false },
    { NULL, NULL, "/var/log/php_mail.log", true, false },
    { NULL, NULL, "/var/log/phpmail.log", true, false },
    { NULL, NULL, "/home/ClientX/.php/php-mail.log", true, true },
    { NULL, NULL, "/home2/ClientX/.php/php-mail.log", true, true },
    { NULL, NULL, "/home/ClientY/.php/php-mail.log", false, false },
    { NULL, NULL, "/var/log/other.log", false, false },
    { "/etc/php/8.2/apache2/php.ini", "[PHP]\nmail.log = /srv/l\n", "/srv/l", true, false },
    { "/etc/php/8.2/apache2/php.ini", " mail.log=\"/srv/l\" ; why\n", "/srv/l", true, false },
    { "/etc/php/8.2/apache2/php.ini", "mail.log = /srv/l ; why\r\n", "/srv/l", true, false },
    { "/etc/php/8.2/apache2/php.ini", ";mail.log = /srv/l\n", "/srv/l", false, false },
    { "/etc/php/8.2/apache2/php.ini", "mail.log =\n", "/srv/l", false, false },
    { "/etc/php/8.2/apache2/php.ini", "xmail.log = /srv/l\n", "/srv/l", false, false },
    { "/etc/php/8.2/fpm/conf.d/90-mail.ini", "mail.log = /srv/l", "/srv/l", true, false },
    { "/etc/php.ini", "mail.log = /srv/l", "/srv/l", true, false },
    { "/etc/php.d/x.ini", "mail.log = /srv/l", "/srv/l", true, false },
    { "/etc/php.d/x.txt", "mail.log = /srv/l", "/srv/l", false, false },
    { "/usr/local/lib/php.ini", "mail.log = /srv/l", "/srv/l", true, false },
    { "/usr/local/php82/lib/php.ini", "mail.log = /srv/l", "/srv/l", true, false },
    { "/opt/cpanel/ea-php81/root/etc/php.ini", "mail.log = /srv/l", "/srv/l", true, false },
    { "/opt/cpanel/ea-php81/root/etc/php.d/local.ini", "mail.log = /srv/l", "/srv/l", true, false },
    { "/etc/php/8.2/fpm/pool.d/www.conf", "[www]\nphp_admin_value[mail.log] = /srv/l\n", "/srv/l",
      true, false },
    { "/etc/php/8.2/fpm/pool.d/www.conf", "[X]\nphp_value[mail.log] = /srv/$pool.log\n",
      "/srv/X.log", true, false },
    { "/opt/cpanel/ea-php81/root/etc/php-fpm.d/a.conf", "php_admin_value[mail.log] = /srv/l\n",
      "/srv/l", true, false },
    { "/etc/php-fpm.conf", "[a]\nphp_admin_value[mail.log] = /srv/l\n", "/srv/l", true, false },
    { "/etc/apache2/sites-enabled/a.conf",
      "<VirtualHost *:80>\n  php_admin_value mail.log /srv/l\n</VirtualHost>\n", "/srv/l", true,
      false },
    { "/etc/apache2/sites-enabled/a.conf", "PHP_VALUE mail.log \"/srv/my log\"\n", "/srv/my log",
      true, false },
    { "/etc/apache2/conf-enabled/a.conf",
      "php_admin_value mail.log ${APACHE_LOG_DIR}/phpm.log\n", "/var/log/apache2/phpm.log", true,
      false },
    { "/etc/apache2/conf/httpd.conf", "php_value mail.log /srv/l\n", "/srv/l", true, false },
    { "/etc/apache2/sites-enabled/a.conf", "php_admin_value mail.logs /srv/l\n", "/srv/l", false,
      false },
    /* relative: from the folder of the script */
    { "/etc/php.ini", "mail.log = m.log", SITE_DIR "/m.log", true, true },
    /* what the customer sets counts in the customer's home only */
    { SITE_DIR "/.user.ini", "mail.log = /home/ClientX/m.log", "/home/ClientX/m.log", true, true },
    { "/home/ClientX/public_html/.htaccess", "php_value mail.log /home/ClientX/m.log\n",
      "/home/ClientX/m.log", true, true },
    { SITE_DIR "/.user.ini", "mail.log = /srv/l", "/srv/l", false, false },
    { SITE_DIR "/.user.ini", "mail.log = /home/ClientX/../../srv/l", "/srv/l", false, false },
    { SITE_DIR "/.user.ini", "mail.log = /home/ClientY/l", "/home/ClientY/l", false, false },
    /* a pool of another customer */
    { "/etc/php/8.2/fpm/pool.d/y.conf", "php_value[mail.log] = /home/ClientY/l", "/home/ClientY/l",
      false, false },
};

static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(settings); i++) {
        struct phpmail_query q = about_fred();
        tree_new();
        if (settings[i].conf != NULL)
            tree_file(settings[i].conf, settings[i].text);
        log_make(settings[i].log);
        size_t n = find(&q);
        if (n != (settings[i].found ? 1 : 0) ||
            (n == 1 && hits[0].customers != settings[i].customers))
            fail_msg("row %zu (%s, %s): %zu hits, customers %d\n%s", i, settings[i].conf,
                     settings[i].log, n, n == 1 && hits[0].customers, warnings);
        if (n == 0)
            continue;
        assert_str(hits[0].script, SITE_DIR "/profile.php");
        assert_int_equal(hits[0].script_line, 7);
        assert_int_equal(hits[0].line, 2);
        assert_int_equal(hits[0].when, ARRIVAL);
        assert_string_equal(hits[0].file, tree_path(settings[i].log));
        assert_true(hits[0].dir_agrees && hits[0].to_agrees && !hits[0].subject_agrees);
        assert_string_equal(warnings, "");
    }
}

/* The account of a message that came with a directory outside of its home. */
static void test_account(void **state)
{
    (void)state;
    struct phpmail_query q = about_fred();
    tree_new();
    tree_file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nweb7:x:1007:1007::/srv/web7:/bin/sh\n");
    log_make("/srv/web7/.php/php-mail.log");
    q.dir = STR("/tmp");
    assert_int_equal(find(&q), 0);
    q.account = STR("web7");
    assert_int_equal(find(&q), 1);
    assert_true(hits[0].customers);
    assert_false(hits[0].dir_agrees);
    q.account = STR("../etc");
    assert_int_equal(find(&q), 0);
}

static void test_everybody_writes(void **state)
{
    (void)state;
    struct phpmail_query q = about_fred();
    tree_new();
    log_make("/var/log/php-mail.log");
    assert_int_equal(chmod(tree_path("/var/log/php-mail.log"), 0666), 0);
    assert_int_equal(find(&q), 1);
    assert_true(hits[0].customers);
}

static void test_syslog(void **state)
{
    (void)state;
    struct phpmail_query q = about_fred();
    tree_new();
    tree_file("/etc/php.ini", "mail.log = syslog\n");
    assert_int_equal(find(&q), 0);
    assert_non_null(strstr(warnings, "syslog"));
    log_make("/var/log/php-mail.log");
    assert_int_equal(find(&q), 1);
    assert_string_equal(warnings, "");
}

/* --- which line --- */

static const struct {
    const char *name;
    int seconds;             /* from the arrival */
    const char *rest;
    bool hit;
} lines[] = {
    { "the same second", 0, PROFILE, true },
    { "ten seconds before", -PHPMAIL_WINDOW, PROFILE, true },
    { "eleven seconds before", -PHPMAIL_WINDOW - 1, PROFILE, false },
    { "a second behind", 1, PROFILE, false },
    { "another directory", 0, GALLERY, true },
    { "case of the address", 0, SITE_DIR "/a.php:1]: To: FRED@Foobar.COM -- Headers: ", true },
    { "among others", 0,
      SITE_DIR "/a.php:1]: To: \"A, B\" <a@b.example>, <fred@foobar.com> -- Headers: ", true },
    { "another recipient", 0, SITE_DIR "/a.php:1]: To: joe@foobar.com -- Headers: ", false },
    { "part of an address", 0, SITE_DIR "/a.php:1]: To: alfred@foobar.com -- Headers: ", false },
    { "a local part", 0, SITE_DIR "/a.php:1]: To: fred -- Headers: ", true },
    { "a local part as a name", 0, SITE_DIR "/a.php:1]: To: fred <joe@foobar.com> -- Headers: ",
      false },
    { "Bcc", 0, SITE_DIR "/a.php:1]: To: undisclosed-recipients:; -- Headers: From: x@y Bcc: "
      "fred@foobar.com", true },
    { "only the sender", 0, SITE_DIR "/a.php:1]: To: undisclosed-recipients:; -- Headers: "
      "From: fred@foobar.com", false },
    { "no line of it", 0, SITE_DIR "/a.php:1]: From: fred@foobar.com", false },
    { "eval", 0, SITE_DIR "/a.php(3) : eval()'d code:9]: To: fred@foobar.com -- Headers: ", true },
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(lines); i++) {
        struct phpmail_query q = about_fred();
        struct buf b;
        tree_new();
        buf_init(&b, 4096);
        line_add(&b, ARRIVAL + lines[i].seconds, "UTC", lines[i].rest);
        tree_bytes("/var/log/php-mail.log", buf_str(&b));
        buf_fini(&b);
        size_t n = find(&q);
        if (n != (lines[i].hit ? 1 : 0))
            fail_msg("row \"%s\": %zu hits\n%s", lines[i].name, n, warnings);
        if (n == 1 && strcmp(lines[i].name, "eval") == 0) {
            assert_true(hits[0].evald);
            assert_str(hits[0].script, SITE_DIR "/a.php");
        }
    }
}

/* Directory before subject before nearness in time. */
static void test_order(void **state)
{
    (void)state;
    static const char *const rests[] = {
        GALLERY,
        SITE_DIR "/near.php:1]: To: fred@foobar.com -- Headers:  -- Subject: Other",
        SITE_DIR "/far.php:1]: To: fred@foobar.com -- Headers:  -- Subject: Other",
        SITE_DIR "/subject.php:1]: To: fred@foobar.com -- Headers:  -- Subject: =?utf-8?q?Buy_Me?=",
        SITE_DIR "/lib/below.php:1]: To: fred@foobar.com -- Headers:  -- Subject: Buy Me",
        "/usr/share/php/else.php:1]: To: fred@foobar.com -- Headers:  -- Subject: Buy Me",
    };
    static const int seconds[] = { 0, 0, -3, -9, 0, 0 };
    static const char *const want[] = { "subject", "near", "far", "below", "upload", "else" };
    struct phpmail_query q = about_fred();
    struct buf b;
    tree_new();
    buf_init(&b, 4096);
    for (size_t i = 0; i < ROWS(rests); i++)
        line_add(&b, ARRIVAL + seconds[i], "UTC", rests[i]);
    tree_bytes("/var/log/php-mail.log", buf_str(&b));
    buf_fini(&b);
    q.subject = STR("Buy Me");
    assert_int_equal(find(&q), ROWS(want));
    for (size_t i = 0; i < ROWS(want); i++) {
        if (str_find(hits[i].script, str_c(want[i])) == STR_NONE)
            fail_msg("place %zu: %.*s, not %s", i, STR_ARG(hits[i].script), want[i]);
    }
    assert_true(hits[0].subject_agrees && !hits[1].subject_agrees);
    q.recipient_count = 0;  /* nobody known: all of the time */
    assert_int_equal(find(&q), ROWS(want));
    assert_false(hits[0].to_agrees);
    q.recipient_count = 1;
    q.root = tree_root;
    q.arrival = ARRIVAL;
    struct phpmail_hit one[2];
    assert_int_equal(phpmail_find(&q, arena, one, 1, NULL, NULL), 1); /* the best, not the first */
    assert_non_null(strstr(one[0].text.p, "subject.php"));
}

static void test_zones(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int offset;
        bool hit;
    } rows[] = {
        { "UTC", 0, true }, { "Europe/Berlin", 3600, true }, { "Europe/Berlin", 7200, false },
        { "Asia/Kolkata", 19800, true }, { "America/New_York", -18000, true },
        { "+05:45", 20700, true }, { "-03:00", -10800, true }, { "GMT", 0, true },
        { "Nowhere/Atlantis", 0, false }, { "../../etc/passwd", 0, false },
        { "/etc/localtime", 0, false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct phpmail_query q = about_fred();
        struct buf b;
        if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
            skip(); /* no tzdata */
        tree_new();
        buf_init(&b, 4096);
        line_add(&b, ARRIVAL + rows[i].offset, rows[i].zone, PROFILE);
        tree_bytes("/var/log/php-mail.log", buf_str(&b));
        buf_fini(&b);
        assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
        size_t n = find(&q);
        assert_string_equal(getenv("TZ"), "Asia/Tokyo");
        assert_int_equal(clock_offset_at(ARRIVAL), 9 * 3600); /* and it is in force again */
        if (n != (rows[i].hit ? 1 : 0))
            fail_msg("row %zu, %s: %zu hits", i, rows[i].zone, n);
        if (n == 1)
            assert_int_equal(hits[0].when, ARRIVAL);
        assert_true((strstr(warnings, "time zone") != NULL) ==
                    (!rows[i].hit && rows[i].offset == 0));
    }
    unsetenv("TZ");
    tzset();
}

/* --- files --- */

/* A line every second for ten days; the one in question is found by bisection, and numbered. */
static void test_big_log(void **state)
{
    (void)state;
    enum { LINES = 200000 };
    struct buf b;
    struct phpmail_query q = about_fred();
    tree_new();
    buf_init(&b, 64 << 20);
    for (int64_t i = 0; i < LINES; i++)
        line_add(&b, ARRIVAL - 100000 + i, "UTC", i == 100000 - 4 ? PROFILE
                 : SITE_DIR "/other.php:7]: To: joe@foobar.com -- Headers: ");
    tree_bytes("/var/log/php-mail.log", buf_str(&b));
    assert_int_equal(find(&q), 1);
    assert_int_equal(hits[0].line, 100000 - 3);
    assert_int_equal(hits[0].when, ARRIVAL - 4);
    buf_fini(&b);
}

/* The time lies in a rotated file, packed or not; a file that ended before it is not opened. */
static void test_rotated(void **state)
{
    (void)state;
    static const char *const names[] = { ".1", ".2.gz", "-20261123", "-20261123.gz", ".3.xz" };
    for (size_t i = 0; i < ROWS(names); i++) {
        struct buf text, packed;
        char path[64];
        struct phpmail_query q = about_fred();
        tree_new();
        buf_init(&text, 1 << 20);
        buf_init(&packed, 1 << 20);
        line_add(&text, ARRIVAL + 5000, "UTC", PROFILE);
        tree_bytes("/var/log/php-mail.log", buf_str(&text));
        buf_reset(&text);
        line_add(&text, ARRIVAL - 5000, "UTC", PROFILE);
        line_add(&text, ARRIVAL - 2, "UTC", PROFILE);
        if (strstr(names[i], ".gz") != NULL)
            logmake_gzip(&packed, buf_str(&text));
        else if (strstr(names[i], ".xz") != NULL)
            logmake_pack(&packed, "xz", buf_str(&text));
        else
            buf_add(&packed, buf_str(&text));
        snprintf(path, sizeof path, "/var/log/php-mail.log%s", names[i]);
        tree_bytes(path, buf_str(&packed));
        size_t n = find(&q);
        if (n != 1 || hits[0].line != 2 || strcmp(hits[0].file, tree_path(path)) != 0)
            fail_msg("%s: %zu hits\n%s", names[i], n, warnings);
        tree_time(path, ARRIVAL - 3600); /* says the file system: written to before */
        assert_int_equal(find(&q), 0);
        tree_file("/var/log/php-mail.log-notes", "[x] mail() on [");
        buf_fini(&text);
        buf_fini(&packed);
    }
}

/* Copies may all bear the time of copying: a later file must not end the search. */
static void test_times_lost(void **state)
{
    (void)state;
    struct buf b;
    struct phpmail_query q = about_fred();
    tree_new();
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 100; i++)
        line_add(&b, ARRIVAL + 1000 + i, "UTC", PROFILE);
    tree_bytes("/var/log/php-mail.log", buf_str(&b));
    tree_time("/var/log/php-mail.log", ARRIVAL + 100000);
    buf_fini(&b);
    log_make("/var/log/php-mail.log.1");
    tree_time("/var/log/php-mail.log.1", ARRIVAL + 100001);
    assert_int_equal(find(&q), 1);
}

static void test_broken_gzip(void **state)
{
    (void)state;
    struct buf text, packed;
    struct phpmail_query q = about_fred();
    tree_new();
    buf_init(&text, 1 << 20);
    buf_init(&packed, 1 << 20);
    line_add(&text, ARRIVAL, "UTC", PROFILE);
    logmake_gzip(&packed, buf_str(&text));
    packed.n -= 12;
    tree_bytes("/var/log/php-mail.log.1", buf_str(&packed));
    find(&q);
    assert_non_null(strstr(warnings, "php-mail.log.1"));
    buf_fini(&text);
    buf_fini(&packed);
}

/* --- customers who mean harm --- */

#define CUSTOMER_LOG "/home/ClientX/.php/php-mail.log"

static void test_links(void **state)
{
    (void)state;
    struct phpmail_query q = about_fred();
    tree_new();
    log_make("/root/secret.log");
    tree_link(CUSTOMER_LOG, "/root/secret.log");
    if (!tree_give(CUSTOMER_LOG, 61001))
        skip(); /* only root can play a customer */
    assert_int_equal(find(&q), 0);
    assert_string_equal(warnings, "");
    assert_non_null(strstr(notes, CUSTOMER_LOG));
    tree_new();
    log_make("/root/php-mail.log");
    tree_link("/home/ClientX/.php", "/root");
    assert_true(tree_give("/home/ClientX/.php", 61001));
    assert_int_equal(find(&q), 0);
    tree_new();                      /* root's own links are followed */
    log_make("/data/mail.log");
    tree_link("/var/log/php-mail.log", "/data/mail.log");
    assert_int_equal(find(&q), 1);
}

static void test_second_name(void **state)
{
    (void)state;
    struct phpmail_query q = about_fred();
    tree_new();
    log_make("/home/secret.log");
    tree_folder("/home/ClientX/.php");
    assert_int_equal(link(tree_path("/home/secret.log"), tree_path(CUSTOMER_LOG)), 0);
    assert_int_equal(find(&q), 0);
    assert_string_equal(warnings, "");
    assert_non_null(strstr(notes, "second name"));
}

static void test_pipe_and_folder(void **state)
{
    (void)state;
    struct phpmail_query q = about_fred();
    tree_new();
    tree_fifo(CUSTOMER_LOG);
    tree_folder("/home2/ClientX/.php/php-mail.log");
    assert_int_equal(find(&q), 0);   /* and it has come back */
    assert_string_equal(warnings, "");
    assert_non_null(strstr(notes, CUSTOMER_LOG ": not read: not a regular file"));
}

/* A customer's own settings that cannot be read are a note; the server's are a warning. */
static void test_odd_settings(void **state)
{
    (void)state;
    struct phpmail_query q = about_fred();
    struct buf big;
    tree_new();
    tree_fifo(SITE_DIR "/.htaccess");
    tree_folder(SITE_DIR "/.user.ini");
    tree_link(SITE_DIR "/php.ini", "php.ini");
    buf_init(&big, 2 << 20);
    while (buf_add(&big, STR("; nothing\n")) == 0)
        continue;
    tree_bytes("/home/ClientX/public_html/.user.ini", buf_str(&big));
    buf_fini(&big);
    assert_int_equal(find(&q), 0);
    assert_string_equal(warnings, "");
    assert_non_null(strstr(notes, SITE_DIR "/.htaccess: not read: not a regular file\n"));
    assert_non_null(strstr(notes, SITE_DIR "/.user.ini: not read: not a regular file\n"));
    assert_non_null(strstr(notes, SITE_DIR "/php.ini: not read: a symbolic link"));
    assert_non_null(strstr(notes, "/public_html/.user.ini: not read: larger than"));
    tree_fifo("/etc/php.ini");
    assert_int_equal(find(&q), 0);
    assert_string_equal(warnings, "/etc/php.ini: not read: not a regular file\n");
}

/* Noise of every kind: NUL bytes, a line without end, thousands of zones. */
static void test_nonsense(void **state)
{
    (void)state;
    struct phpmail_query q = about_fred();
    struct buf b;
    uint64_t seed = 1;
    tree_new();
    buf_init(&b, 8 << 20);
    for (int i = 0; i < 300000; i++)
        buf_add_c(&b, (char)logmake_random(&seed));
    buf_add_c(&b, '\n');
    for (int i = 0; i < 5000; i++) {
        char zone[32];
        snprintf(zone, sizeof zone, "Etc/Z%d", i);
        line_add(&b, ARRIVAL, zone, PROFILE);
    }
    line_add(&b, ARRIVAL, "UTC", PROFILE);
    for (int i = 0; i < 400000; i++)
        buf_add_c(&b, 'x');
    tree_bytes(CUSTOMER_LOG, buf_str(&b));
    assert_int_equal(find(&q), 1);
    buf_fini(&b);
}

/* The server's files are read for the first message, the customer's for each. */
static void test_memory(void **state)
{
    (void)state;
    struct phpmail_query q = about_fred();
    tree_new();
    tree_file("/etc/php/8.2/cli/php.ini", "mail.log = /var/log/mine.log\n");
    log_make("/var/log/mine.log");
    log_make("/var/log/other.log");
    q.memory = phpmail_memory_new();
    assert_int_equal(find(&q), 1);
    assert_non_null(strstr(hits[0].file, "/var/log/mine.log"));
    tree_file("/etc/php/8.2/cli/php.ini", "mail.log = /var/log/other.log\n");
    assert_int_equal(find(&q), 1);
    assert_non_null(strstr(hits[0].file, "/var/log/mine.log"));
    phpmail_memory_free(&q.memory);
    assert_int_equal(find(&q), 1);
    assert_non_null(strstr(hits[0].file, "/var/log/other.log"));
    assert_string_equal(warnings, "");
}

/* What the setting means depends on the message: $pool, and a relative path. */
static void test_memory_each(void **state)
{
    (void)state;
    static const char *const dirs[] = { SITE_DIR, "/home/ClientX/public_html/gallery" };
    static const char *const scripts[] = { PROFILE, GALLERY };
    struct phpmail_query q = about_fred();
    tree_new();
    tree_file("/etc/php/8.2/apache2/php.ini", "mail.log = mail.txt\n");
    q.memory = phpmail_memory_new();
    for (size_t i = 0; i < ROWS(dirs); i++) {
        struct buf b;
        char path[128];
        buf_init(&b, 4096);
        line_add(&b, ARRIVAL, "UTC", scripts[i]);
        snprintf(path, sizeof path, "%s/mail.txt", dirs[i]);
        tree_bytes(path, buf_str(&b));
        tree_time(path, ARRIVAL + 50);
        buf_fini(&b);
        q.dir = str_c(dirs[i]);
        assert_int_equal(find(&q), 1);
        assert_non_null(strstr(hits[0].file, path));
    }
    phpmail_memory_free(&q.memory);
}

static int teardown(void **state)
{
    arena_free(&arena);
    return logmake_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),       cmocka_unit_test(test_account),
        cmocka_unit_test(test_everybody_writes), cmocka_unit_test(test_syslog),
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_order),
        cmocka_unit_test(test_zones),        cmocka_unit_test(test_big_log),
        cmocka_unit_test(test_rotated),      cmocka_unit_test(test_times_lost),
        cmocka_unit_test(test_broken_gzip),  cmocka_unit_test(test_links),
        cmocka_unit_test(test_second_name),  cmocka_unit_test(test_pipe_and_folder),
        cmocka_unit_test(test_odd_settings), cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_memory),       cmocka_unit_test(test_memory_each),
    };
    return cmocka_run_group_tests(tests, logmake_setup, teardown);
}
