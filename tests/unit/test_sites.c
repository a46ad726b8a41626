/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sites - from a directory to its site and logs, on trees made like real servers
 *
 * Each test builds a copied server below a root of its own and asks. Answers are
 * compared as text: `panel name account docroot prefix: logs`, a line each, with
 * the root taken off. The hostile half has what a customer may do in their home,
 * and what a broken or enormous configuration looks like.
 */
#define _GNU_SOURCE
#include "trace/sites.h"

#include <time.h>

#include "treemake.h"

#define CUSTOMER 12345u
#define MAX 16

static struct sites *sites;

static void open_root(void)
{
    struct err err;
    const struct sites_options o = { .root = tree_root };
    if (sites_new(&o, &sites, &err) != 0)
        fail_msg("%s", err.text);
}

static const char *without_root(const char *path)
{
    size_t n = strlen(tree_root);
    return strncmp(path, tree_root, n) == 0 ? path + n : path;
}

static void describe(const struct site *site, struct buf *out)
{
    buf_addf(out, "%s %.*s %.*s %.*s %.*s:", site->panel, STR_ARG(site->name),
             STR_ARG(site->account), STR_ARG(site->docroot), STR_ARG(site->prefix));
    for (size_t i = 0; i < site->log_count; i++)
        buf_addf(out, " %s", without_root(site->logs[i]));
    buf_addf(out, "%s\n", site->shared_log ? " shared" : "");
}

static void check_find_at(const char *dir, const char *user, const char *expected, int line)
{
    const struct site *found[MAX];
    struct buf text;
    buf_init(&text, 1 << 20);
    size_t n = sites_find(sites, str_c(dir), str_c(user), found, MAX);
    for (size_t i = 0; i < n; i++)
        describe(found[i], &text);
    if (strcmp(buf_c(&text), expected) != 0) {
        print_error("%s of %s:\n%s\nexpected:\n%s\n", dir, user, buf_c(&text), expected);
        _fail(__FILE__, line);
    }
    buf_fini(&text);
}

#define check_find(dir, user, expected) check_find_at((dir), (user), (expected), __LINE__)

/* ---- cPanel ---- */

#define USERDATA "/var/cpanel/userdata/clientx/"
#define DOMLOGS "/etc/apache2/logs/domlogs/"

static void make_cpanel(void)
{
    tree_new();
    tree_file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"
                             "clientx:x:1001:1001::/home2/clientx:/bin/bash\n");
    tree_file(USERDATA "main", "--- \naddon_domains: \n  addon.example: addon.example.com\n"
                               "cp_php_magic_include_path.conf: 0\nmain_domain: example.com\n"
                               "parked_domains: []\n\nsub_domains: \n  - addon.example.com\n");
    tree_file(USERDATA "example.com",
              "--- \ncustomlog: \n  - \n    format: combined\n"
              "    target: /etc/apache2/logs/domlogs/example.com\n  - \n"
              "    format: \"\\\"%{%s}t %I .\\\\n%{%s}t %O .\\\"\"\n"
              "    target: /etc/apache2/logs/domlogs/example.com-bytes_log\n"
              "documentroot: /home2/clientx/public_html\ngroup: clientx\n"
              "homedir: /home2/clientx\nserveralias: 'www.example.com mail.example.com'\n"
              "servername: example.com\nuser: clientx\n");
    tree_file(USERDATA "example.com_SSL",
              "---\ncustomlog:\n- format: combined\n"
              "  target: /etc/apache2/logs/domlogs/example.com-ssl_log\n"
              "documentroot: /home2/clientx/public_html\nservername: example.com\n");
    tree_file(USERDATA "addon.example.com",
              "documentroot: \"/home2/clientx/public_html/addon\"\nservername: addon.example.com\n"
              "serveralias: addon.example www.addon.example\n");
    tree_file(USERDATA "example.com.php-fpm.yaml", "documentroot: /etc\nservername: no.example\n");
    tree_file(USERDATA "cache.json", "documentroot: /etc\nservername: no.example\n");
    tree_link("/usr/local/apache/domlogs", "/etc/apache2/logs/domlogs");
    tree_link("/var/log/apache2", "/etc/apache2/logs");
    static const char *const logs[] = { "example.com", "example.com-ssl_log",
                                        "example.com-bytes_log", "addon.example.com",
                                        "other.example", "ftpxferlog" };
    for (size_t i = 0; i < ROWS(logs); i++) {
        char path[256];
        snprintf(path, sizeof path, DOMLOGS "%s", logs[i]);
        tree_file(path, "x\n");
    }
    tree_file("/home2/clientx/logs/example.com-Oct-2026.gz", "x");
    tree_time("/home2/clientx/logs/example.com-Oct-2026.gz", 1793500000);
    tree_file("/home2/clientx/logs/example.com-ssl_log-Oct-2026.gz", "x");
    tree_time("/home2/clientx/logs/example.com-ssl_log-Oct-2026.gz", 1793400000);
    tree_file("/home2/clientx/logs/example.community-Oct-2026.gz", "x");
    tree_file("/home2/clientx/logs/example.com-Oct-2026.gz.part", "x");
    tree_file("/var/cpanel/userdata/other/other.example",
              "documentroot: /home/other/public_html\nservername: other.example\n");
    tree_folder("/home2/clientx/public_html/addon");
    tree_folder("/home/other/public_html");
}

#define CPANEL_MAIN \
    "cpanel example.com clientx /home2/clientx/public_html /: " DOMLOGS "example.com " DOMLOGS \
    "example.com-ssl_log /home2/clientx/logs/example.com-Oct-2026.gz " \
    "/home2/clientx/logs/example.com-ssl_log-Oct-2026.gz\n"
#define CPANEL_ADDON \
    "cpanel addon.example.com clientx /home2/clientx/public_html/addon /: " DOMLOGS \
    "addon.example.com\n"
#define CPANEL_OTHER \
    "cpanel other.example other /home/other/public_html /: " DOMLOGS "other.example\n"

static void test_cpanel(void **state)
{
    (void)state;
    make_cpanel();
    open_root();
    check_find("/home2/clientx/public_html/phpBB", "clientx", CPANEL_MAIN);
    check_find("/home2/clientx/public_html", "", CPANEL_MAIN);
    check_find("/home2/clientx/public_html/addon/wp-admin", "nobody", CPANEL_ADDON CPANEL_MAIN);
    check_find("/home2/clientx/public_html_old", "clientx", CPANEL_ADDON CPANEL_MAIN);
    check_find("/home2/clientx", "", CPANEL_ADDON CPANEL_MAIN);
    check_find("/home2/clientx/etc/x", "", CPANEL_ADDON CPANEL_MAIN);
    check_find("/", "clientx", CPANEL_ADDON CPANEL_MAIN); /* a script that hides in / */
    check_find("/home/other/public_html/a", "nobody", CPANEL_OTHER);
    check_find("/home/virtfs/other/home/other/public_html", "", CPANEL_OTHER);
    check_find("/home/nobodyhere/public_html", "", "");
    check_find("relative", "", "");
    check_find("", "", "");
    check_find("/tmp", "nobody", CPANEL_ADDON CPANEL_MAIN CPANEL_OTHER); /* anybody's */
    check_find("/tmp", "stranger", "");
    const struct site *found[2];
    assert_int_equal(sites_find(sites, STR("/"), STR("nobody"), found, 2), 0); /* too many */
    assert_int_equal(sites_find(sites, STR("/"), STR("nobody"), found, 0), 0);
    assert_int_equal(sites_find(sites, STR("/home2/clientx/public_html/addon"), STR(""), found, 2),
                     2);
    assert_true(site_holds(found[0], STR("/home2/clientx/public_html/addon/x")));
    assert_false(site_holds(found[0], STR("/home2/clientx/public_html/addons")));
    sites_free(&sites);
    assert_null(sites);
}

/* /home is a link, and the addon's document root goes through one of the customer's: the
 * log has the real path. */
static void test_links(void **state)
{
    (void)state;
    make_cpanel();
    tree_link("/home/clientx", "/home2/clientx");
    tree_link("/home2/clientx/www", "public_html");
    tree_file(USERDATA "sub.example.com", "documentroot: /home/clientx/www/sub\n"
                                          "servername: sub.example.com\n");
    tree_file(DOMLOGS "sub.example.com", "x\n");
    tree_folder("/home2/clientx/public_html/sub");
    open_root();
    check_find("/home2/clientx/public_html/sub/x", "clientx",
               "cpanel sub.example.com clientx /home/clientx/www/sub /: " DOMLOGS
               "sub.example.com\n" CPANEL_MAIN);
    check_find("/home/clientx/public_html/phpBB", "", CPANEL_MAIN);
    check_find("/home/clientx/www", "", CPANEL_MAIN);
    const struct site *found[MAX];
    assert_true(sites_find(sites, STR("/home2/clientx/public_html/sub"), STR(""), found, MAX) > 1);
    assert_str(found[0]->real, "/home2/clientx/public_html/sub");
    sites_free(&sites);
}

static void test_named(void **state)
{
    (void)state;
    make_cpanel();
    tree_file(USERDATA "_wildcard_.example.com", "documentroot: /home2/clientx/wild\n"
                                                 "servername: '*.wild.example'\n"
                                                 "serveralias: '*.wild.example'\n");
    open_root();
    static const struct {
        const char *host, *user, *name;
    } rows[] = {
        { "example.com", "", "example.com" },
        { "EXAMPLE.com:443", "clientx", "example.com" },
        { "www.example.com", "", "example.com" },
        { "addon.example", "", "addon.example.com" },
        { "other.example", "clientx", "other.example" }, /* not among the user's own */
        { "no.example", "", NULL },
        { "wwwexample.com", "", NULL },
        { "", "", NULL },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct site *s = sites_named(sites, str_c(rows[i].host), str_c(rows[i].user));
        if ((s == NULL) != (rows[i].name == NULL) ||
            (s != NULL && !str_eq(s->name, str_c(rows[i].name))))
            fail_msg("row %zu: %s", i, rows[i].host);
    }
    sites_free(&sites);
}

/* A customer's home: links and FIFOs where archives should be, a hard link to a log that is
 * not theirs. None may be opened. */
static void test_customer(void **state)
{
    (void)state;
    make_cpanel();
    tree_file("/root/secret", "secret");
    tree_link("/home2/clientx/logs/example.com-Sep-2026.gz", "/root/secret");
    tree_fifo("/home2/clientx/logs/example.com-Aug-2026.gz");
    tree_folder("/home2/clientx/logs/example.com-Jul-2026.gz");
    assert_int_equal(link(tree_path("/root/secret"),
                          tree_path("/home2/clientx/logs/example.com-Jun-2026.gz")), 0);
    open_root();
    check_find("/home2/clientx/public_html", "clientx", CPANEL_MAIN);
    sites_free(&sites);

    tree_link("/home/other/logs", "/home2/clientx/logs"); /* a whole folder of others' */
    tree_file("/home2/clientx/logs/other.example-Oct-2026.gz", "x");
    if (!tree_give("/home/other/logs", CUSTOMER))
        skip();
    open_root();
    check_find("/home/other/public_html", "other", CPANEL_OTHER);
    sites_free(&sites);
}

/* What was a log when it was found and is a link when it is opened. */
static void test_open_log(void **state)
{
    (void)state;
    struct err err = { .kind = ERR_NONE };
    const struct site *found[MAX];
    make_cpanel();
    open_root();
    assert_int_equal(sites_find(sites, STR("/home2/clientx/public_html/addon"), STR(""), found, 1),
                     1);
    const char *log = found[0]->logs[0];
    int fd = sites_open_log(log, &err);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(unlink(log), 0);
    assert_int_equal(sites_open_log(log, &err), -1);
    assert_int_equal(err.kind, ERR_MISSING);
    assert_int_equal(symlink(tree_path("/etc/passwd"), log), 0);
    assert_int_equal(sites_open_log(log, &err), -1);
    assert_non_null(strstr(err.text, "domlogs/addon.example.com"));
    assert_int_equal(unlink(log), 0);
    assert_int_equal(mkfifo(log, 0666), 0);
    assert_int_equal(sites_open_log(log, &err), -1);
    sites_free(&sites);
}

/* ---- the other panels ---- */

static void test_directadmin(void **state)
{
    (void)state;
#define DA_BOB "/usr/local/directadmin/data/users/bob/domains"
    tree_new();
    tree_file("/etc/passwd", "bob:x:1:1::/home/bob:/bin/sh\n");
    tree_file(DA_BOB ".list", "bob.example\n../evil\n");
    tree_file(DA_BOB "/bob.example.subdomains", "blog\n");
    tree_file(DA_BOB "/bob.example.subdomains.docroot.override",
              "blog=php1_select=1&public_html=%2Fapps%2Fshop%20one&x=y\n"
              "evil=public_html=%2F..%2Feve\nodd=public_html\nhome=public_html=%2F.\n../a=public_html=%2Fapps\n");
    tree_file(DA_BOB "/bob.example.pointers", "bob-alias.example=type=alias\n");
    tree_link("/home/bob/domains/bob.example/private_html", "./public_html");
    tree_folder("/home/bob/domains/bob.example/public_html/blog");
    tree_file("/home/bob/domains/bob.example/logs/Oct-2026.tar.gz", "x");
    tree_file("/var/log/httpd/domains/bob.example.log", "x");
    tree_file("/var/log/httpd/domains/bob.example.log.1", "x");
    tree_time("/var/log/httpd/domains/bob.example.log.1", 1795000000);
    tree_time("/home/bob/domains/bob.example/logs/Oct-2026.tar.gz", 1794000000);
    tree_file("/var/log/httpd/domains/bob.example.error.log", "x");
    tree_file("/var/log/httpd/domains/bob.example.bytes", "x");
    tree_file("/var/log/httpd/domains/blog.bob.example.log", "x");
    open_root();
#define DA_LOGS "/var/log/httpd/domains/bob.example.log /var/log/httpd/domains/bob.example.log.1 " \
                "/home/bob/domains/bob.example/logs/Oct-2026.tar.gz\n"
#define DA_SITES \
    "directadmin bob.example bob /home/bob/domains/bob.example/public_html /: " DA_LOGS \
    "directadmin bob.example bob /home/bob/domains/bob.example/private_html /: " DA_LOGS
    check_find("/home/bob/domains/bob.example/public_html/x", "bob", DA_SITES);
    check_find("/home/bob/domains/bob.example/public_html/blog", "apache",
               "directadmin blog.bob.example bob /home/bob/domains/bob.example/public_html/blog /: "
               "/var/log/httpd/domains/blog.bob.example.log\n" DA_SITES);
    check_find("/home/bob/apps/shop one/inc", "bob", "directadmin blog.bob.example bob "
               "/home/bob/apps/shop one /: /var/log/httpd/domains/blog.bob.example.log\n");
    assert_null(sites_named(sites, STR("evil.bob.example"), STR("")));
    assert_str(sites_named(sites, STR("bob-alias.example"), STR(""))->name, "bob.example");
    sites_free(&sites);
}

static void test_directadmin_owners(void **state)
{
    (void)state;
    tree_new();
    tree_file("/etc/virtual/domainowners", "a.example: ann\nb.example: bob\n");
    tree_file("/var/log/httpd/domains/b.example.log", "x");
    open_root();
    const struct site *found[MAX];
    assert_int_equal(sites_find(sites, STR("/home/bob/domains/b.example/public_html"), STR(""),
                                found, MAX), 1);
    assert_str(found[0]->name, "b.example");
    assert_int_equal(found[0]->log_count, 1);
    sites_free(&sites);
}

static void test_hestia(void **state)
{
    (void)state;
    tree_new();
    tree_file("/usr/local/hestia/data/users/ann/web.conf",
              "DOMAIN='ann.example' IP='192.0.2.1' IP6='' ALIAS='www.ann.example,*.ann.example' "
              "TPL='default' SSL='no' CUSTOM_DOCROOT='' PROXY='default' SUSPENDED='no'\n"
              "DOMAIN='two.example' ALIAS='' "
              "CUSTOM_DOCROOT='/home/ann/web/ann.example/public_html/two/'\n");
    tree_file("/var/log/apache2/domains/ann.example.log", "x");
    tree_file("/var/log/apache2/domains/ann.example.log.1", "x");
    tree_file("/var/log/nginx/domains/ann.example.log", "x");
    tree_file("/var/log/apache2/domains/two.example.log", "x");
    open_root();
#define ANN "hestia ann.example ann /home/ann/web/ann.example/public_html /: " \
            "/var/log/apache2/domains/ann.example.log /var/log/nginx/domains/ann.example.log " \
            "/var/log/apache2/domains/ann.example.log.1\n"
    check_find("/home/ann/web/ann.example/public_html/wp-admin", "ann", ANN);
    check_find("/home/ann/web/ann.example/public_html/two/x", "www-data",
               "hestia two.example ann /home/ann/web/ann.example/public_html/two /: "
               "/var/log/apache2/domains/two.example.log\n" ANN);
    const struct site *s = sites_named(sites, STR("shop.ann.example"), STR(""));
    assert_non_null(s);
    assert_str(s->name, "ann.example");
    sites_free(&sites);
}

/* Only /home and /var/log were copied. */
static void test_hestia_homes(void **state)
{
    (void)state;
    tree_new();
    tree_folder("/home/ann/web/ann.example/public_html");
    tree_folder("/home/ann/web/.trash.example/public_html");
    tree_file("/var/log/nginx/domains/ann.example.log", "x");
    open_root();
    check_find("/home/ann/web/ann.example/public_html", "",
               "hestia ann.example ann /home/ann/web/ann.example/public_html /: "
               "/var/log/nginx/domains/ann.example.log\n");
    sites_free(&sites);
}

static void test_plesk(void **state)
{
    (void)state;
    tree_new();
    tree_file("/var/www/vhosts/system/p.example/conf/httpd.conf",
              "<VirtualHost 192.0.2.1:443 >\n ServerName \"p.example:443\"\n"
              " ServerAlias \"www.p.example\"\n DocumentRoot \"/var/www/vhosts/p.example/web\"\n"
              " SuexecUserGroup \"pex\" \"psacln\"\n"
              " CustomLog /var/www/vhosts/system/p.example/logs/access_ssl_log plesklog\n"
              "</VirtualHost>\n");
    tree_file("/var/www/vhosts/system/p.example/logs/access_ssl_log", "x");
    tree_file("/var/www/vhosts/system/p.example/logs/access_ssl_log.processed", "x");
    tree_time("/var/www/vhosts/system/p.example/logs/access_ssl_log.processed", 1795000000);
    tree_file("/var/www/vhosts/system/p.example/logs/access_ssl_log.processed.1.gz", "x");
    tree_time("/var/www/vhosts/system/p.example/logs/access_ssl_log.processed.1.gz", 1794000000);
    tree_file("/var/www/vhosts/system/p.example/logs/access_ssl_log.webstat", "x");
    tree_file("/var/www/vhosts/system/q.example/logs/access_log", "x");
    open_root();
    check_find("/var/www/vhosts/p.example/web/x", "pex",
               "plesk p.example pex /var/www/vhosts/p.example/web /: "
               "/var/www/vhosts/system/p.example/logs/access_ssl_log "
               "/var/www/vhosts/system/p.example/logs/access_ssl_log.processed "
               "/var/www/vhosts/system/p.example/logs/access_ssl_log.processed.1.gz\n");
    check_find("/var/www/vhosts/q.example/httpdocs", "www-data",
               "plesk q.example  /var/www/vhosts/q.example/httpdocs /: "
               "/var/www/vhosts/system/q.example/logs/access_log\n");
    sites_free(&sites);
}

/* ---- servers ---- */

static void test_debian_apache(void **state)
{
    (void)state;
    tree_new();
    tree_file("/etc/apache2/envvars", "# x\nunset HOME\nSUFFIX=\n"
                                      "export APACHE_LOG_DIR=/var/log/apache2$SUFFIX\n"
                                      "export LANG=`locale`\n");
    tree_file("/etc/apache2/apache2.conf",
              "ServerRoot \"/etc/apache2\"\nDefine base /srv/www\n"
              "IncludeOptional conf-enabled/*.conf\n# Include no/*.conf\n"
              "IncludeOptional sites-enabled/*.conf\nInclude ports.conf\n"
              "CustomLog ${APACHE_LOG_DIR}/other_vhosts_access.log vhost_combined\n");
    tree_file("/etc/apache2/ports.conf", "Listen 80\nInclude apache2.conf\n"); /* a circle */
    tree_file("/etc/apache2/conf-available/pma.conf",
              "Alias /phpmyadmin /usr/share/phpmyadmin\n");
    tree_link("/etc/apache2/conf-enabled/pma.conf", "../conf-available/pma.conf");
    tree_file("/etc/apache2/sites-available/forum.conf",
              "<VirtualHost *:80>\n"
              "\tservername FORUM.example.com\n"
              "\tServerAlias \"www.forum.example.com\" \\\n\t\t'f.example.com'\n"
              "\tDocumentRoot ${base}/forum\n"
              "\tCustomLog \"${APACHE_LOG_DIR}/forum access.log\" combined env=!dontlog\n"
              "\tCustomLog \"|/usr/bin/rotatelogs /var/log/apache2/piped 86400\" combined\n"
              "\tCustomLog syslog:local1 combined\n"
              "\tAlias \"/blog\" ${base}/blog/\n"
              "</VirtualHost>\n");
    tree_link("/etc/apache2/sites-enabled/forum.conf", "/etc/apache2/sites-available/forum.conf");
    tree_file("/etc/apache2/sites-enabled/z.conf",
              "<IfModule mod_ssl.c>\n<VirtualHost *:443>\nServerName z.example.com\r\n"
              "DocumentRoot /srv/www/z\r\n</VirtualHost>\n</IfModule>\n"
              "<Macro Host $name $dir>\n<VirtualHost *:80>\nServerName $name\n"
              "DocumentRoot $dir/html\nTransferLog logs/$name.log\n</VirtualHost>\n</Macro>\n"
              "Use Host m.example.com \"/srv/www/m\"\nUse Host n.example.com /srv/www/n\n");
    tree_file("/var/log/apache2/forum access.log", "x");
    tree_file("/var/log/apache2/forum access.log.1", "x");
    tree_time("/var/log/apache2/forum access.log.1", 1795000000);
    tree_file("/var/log/apache2/forum access.log.2.gz", "x");
    tree_time("/var/log/apache2/forum access.log.2.gz", 1794000000);
    tree_file("/var/log/apache2/forum access.log-20261101.xz", "x");
    tree_time("/var/log/apache2/forum access.log-20261101.xz", 1793000000);
    tree_file("/var/log/apache2/forum access.log.bak", "x");
    tree_file("/var/log/apache2/piped", "x");
    tree_file("/var/log/apache2/other_vhosts_access.log", "x");
    tree_file("/etc/apache2/logs/m.example.com.log", "x");
    open_root();
#define FORUM_LOGS "/var/log/apache2/forum access.log /var/log/apache2/forum access.log.1 " \
                   "/var/log/apache2/forum access.log.2.gz " \
                   "/var/log/apache2/forum access.log-20261101.xz\n"
    check_find("/srv/www/forum/phpBB", "www-data",
               "apache FORUM.example.com  /srv/www/forum /: " FORUM_LOGS);
    check_find("/srv/www/blog", "www-data",
               "apache FORUM.example.com  /srv/www/blog /blog: " FORUM_LOGS);
    check_find("/srv/www/z", "www-data",
               "apache z.example.com  /srv/www/z /: "
               "/var/log/apache2/other_vhosts_access.log shared\n");
    check_find("/srv/www/m/html/x", "",
               "apache m.example.com  /srv/www/m/html /: /etc/apache2/logs/m.example.com.log\n");
    check_find("/srv/www/n/html", "", "apache n.example.com  /srv/www/n/html /:\n");
    const struct site *found[MAX];
    assert_int_equal(sites_find(sites, STR("/usr/share/phpmyadmin"), STR(""), found, MAX), 5);
    assert_str(found[0]->prefix, "/phpmyadmin");
    const struct site *s = sites_named(sites, STR("f.example.com"), STR(""));
    assert_non_null(s);
    assert_str(s->name, "FORUM.example.com");
    check_find("/srv/www", "www-data", /* above them: those below */
               "apache FORUM.example.com  /srv/www/forum /: " FORUM_LOGS
               "apache FORUM.example.com  /srv/www/blog /blog: " FORUM_LOGS
               "apache z.example.com  /srv/www/z /: "
               "/var/log/apache2/other_vhosts_access.log shared\n"
               "apache m.example.com  /srv/www/m/html /: /etc/apache2/logs/m.example.com.log\n"
               "apache n.example.com  /srv/www/n/html /:\n");
    sites_free(&sites);
}

static void test_rhel_apache(void **state)
{
    (void)state;
    tree_new();
    tree_link("/etc/httpd/logs", "../../var/log/httpd");
    tree_file("/etc/httpd/conf/httpd.conf",
              "ServerRoot \"/etc/httpd\"\nDocumentRoot \"/var/www/html\"\n"
              "Include conf.modules.d/*.conf\nIncludeOptional conf.d/*.conf\n"
              "CustomLog \"logs/access_log\" combined\n");
    tree_file("/etc/httpd/conf.d/v.conf", "<VirtualHost *:80>\nServerName v.example\n"
                                          "DocumentRoot /home/vera/www\n"
                                          "CustomLog logs/v_log combined\n</VirtualHost>");
    tree_file("/var/log/httpd/access_log", "x");
    tree_file("/var/log/httpd/access_log-20261101", "x");
    tree_file("/var/log/httpd/v_log", "x");
    open_root();
    check_find("/var/www/html/wp", "apache",
               "apache   /var/www/html /: /var/log/httpd/access_log "
               "/var/log/httpd/access_log-20261101 shared\n");
    check_find("/home/vera/www", "vera",
               "apache v.example vera /home/vera/www /: /var/log/httpd/v_log\n");
    check_find("/home/vera/cron", "", "apache v.example vera /home/vera/www /: /var/log/httpd/v_log\n");
    sites_free(&sites);
}

static void test_nginx(void **state)
{
    (void)state;
    tree_new();
    tree_file("/etc/nginx/nginx.conf",
              "user www-data;\nhttp {\n access_log /var/log/nginx/access.log combined;\n"
              " log_format x '{\"a\": \"$host\"} ; }';\n"
              " include /etc/nginx/conf.d/*.conf; # and\n include sites-enabled/*;\n"
              " server { listen 80 default_server; server_name _; root /var/www/html; }\n}\n");
    tree_file("/etc/nginx/sites-enabled/n",
              "server {\n  listen 443 ssl;\n"
              "  location /files { alias /srv/files/; }\n"
              "  location ~ \\.php$ { fastcgi_pass unix:/x; access_log /var/log/nginx/php.log; }\n"
              "  location ^~ /old/ { root /srv/old; }\n"
              "  if ($host = \"x{y\") { return 301 https://${host}$request_uri; }\n"
              "  server_name n.example www.n.example *.n.example ~^re;\n"
              "  root '/srv/n';\n"
              "  access_log /var/log/nginx/$host.access.log main buffer=32k;\n"
              "  access_log syslog:server=127.0.0.1 main;\n}\n"
              "server { server_name off.example; root /srv/off; access_log off; }\n");
    tree_file("/var/log/nginx/access.log", "x");
    tree_file("/var/log/nginx/n.example.access.log", "x");
    tree_file("/var/log/nginx/php.log", "x");
    open_root();
#define N_LOGS "/var/log/nginx/php.log /var/log/nginx/n.example.access.log\n"
#define N_LOGS2 "/var/log/nginx/n.example.access.log\n"
    check_find("/srv/n/wp-admin", "www-data", "nginx n.example  /srv/n /: " N_LOGS2);
    check_find("/srv/files/x", "www-data", "nginx n.example  /srv/files /files: " N_LOGS2);
    check_find("/srv/old/old", "www-data", "nginx n.example  /srv/old /: " N_LOGS2);
    check_find("/srv/off", "www-data", "nginx off.example  /srv/off /:\n");
    check_find("/var/www/html", "www-data",
               "nginx   /var/www/html /: /var/log/nginx/access.log shared\n");
    assert_non_null(sites_named(sites, STR("deep.n.example"), STR("")));
    sites_free(&sites);
}

/* ---- what the administrator says ---- */

static void test_docroot(void **state)
{
    (void)state;
    struct err err = { .kind = ERR_NONE };
    char given[512];
    tree_new();
    tree_file("/var/log/x/a=b.log", "x");
    tree_file("/var/log/x/a=b.log.1", "x");
    tree_link("/var/log/x/current", "a=b.log");
    snprintf(given, sizeof given, "/srv/app=%s", tree_path("/var/log/x/a=b.log"));
    const char *typed[] = { given };
    struct sites_options o = { .docroots = typed, .docroot_count = 1 };
    assert_int_equal(sites_new(&o, &sites, &err), 0);
    check_find("/srv/app/sub", "", "given   /srv/app /: /var/log/x/a=b.log /var/log/x/a=b.log.1\n");
    sites_free(&sites);

    const char *under_root[] = { "/srv/app//=/var/log/x/current", "/srv/app=/var/log/x/a=b.log.1" };
    o = (struct sites_options){ tree_root, under_root, 2 };
    assert_int_equal(sites_new(&o, &sites, &err), 0);
    check_find("/srv/app", "", "given   /srv/app /: /var/log/x/a=b.log /var/log/x/a=b.log.1\n");
    sites_free(&sites);

    static const char *const bad[] = { "", "=", "/srv/app", "/srv/app=", "srv=/x", "/s=/no/such" };
    for (size_t i = 0; i < ROWS(bad); i++) {
        o = (struct sites_options){ tree_root, &bad[i], 1 };
        if (sites_new(&o, &sites, &err) == 0)
            fail_msg("--docroot %s passed", bad[i]);
        assert_int_equal(err.kind, strcmp(bad[i], "/s=/no/such") == 0 ? ERR_MISSING : ERR_USAGE);
        assert_non_null(strstr(err.text, "--docroot"));
        assert_null(sites);
    }
    o = (struct sites_options){ .root = "/no/such/root" };
    assert_int_equal(sites_new(&o, &sites, &err), -1);
}

/* ---- places ---- */

static void test_account(void **state)
{
    (void)state;
    static const struct {
        const char *dir, *account;
        bool web;
    } rows[] = {
        { "/home/ClientX/public_html/phpBB", "ClientX", true },
        { "/home2/joe/public_html", "joe", true },
        { "/home/joe", "joe", false },
        { "/home/joe/web/d.example/public_html", "joe", true },
        { "/home/joe/web/d.example/private", "joe", true },
        { "/home/joe/website", "joe", false },
        { "/home/joe/domains/d.example/private_html", "joe", true },
        { "/usr/home/joe/x", "joe", false },
        { "/home/virtfs/joe/home/joe/public_html", "joe", true },
        { "/home/", "", false },
        { "/homes/joe", "", false },
        { "/home/../etc", "", false },
        { "/home/a b/x", "", false },
        { "/var/www/vhosts/d.example/httpdocs", "", true },
        { "/var/www", "", true },
        { "/var/wwwx", "", false },
        { "/srv/www/x", "", true },
        { "/", "", false },
        { "", "", false },
        { "/root", "", false },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (!str_eq(sites_account(str_c(rows[i].dir)), str_c(rows[i].account)))
            fail_msg("row %zu: account of %s", i, rows[i].dir);
        if (sites_is_web(NULL, str_c(rows[i].dir)) != rows[i].web)
            fail_msg("row %zu: %s", i, rows[i].dir);
    }
}

static void test_place_tells(void **state)
{
    (void)state;
    static const struct {
        const char *user, *dir;
        bool by_name, with_passwd;
    } rows[] = {
        { "joe", "/home/joe/public_html", true, true },
        { "joe", "/home/eve/public_html", false, false },
        { "nobody", "/home/eve/public_html", true, true },
        { "joe", "/", false, false },
        { "nobody", "/", true, true },
        { "joe", "/srv/www/shop", true, true },
        { "exam1234", "/home/example.com/public_html", false, true },
        { "joe", "/home/example.com/public_html", false, false },
        { "app", "/opt/app/bin", false, true },
        { "joe", "/opt/app/bin", false, false },
        { "", "/home/joe", true, true },
    };
    tree_new();
    tree_file("/etc/passwd", "exam1234:x:1:1::/home/example.com:\njoe:x:2:2::/home/joe:\n"
                             "eve:x:3:3::/home/eve:\napp:x:4:4::/opt/app:\n");
    open_root();
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str user = str_c(rows[i].user), dir = str_c(rows[i].dir);
        if (sites_place_tells(NULL, user, dir) != rows[i].by_name ||
            sites_place_tells(sites, user, dir) != rows[i].with_passwd)
            fail_msg("row %zu: %s in %s", i, rows[i].user, rows[i].dir);
    }
    sites_free(&sites);
}

static void test_is_web_by_docroot(void **state)
{
    (void)state;
    tree_new();
    tree_file("/etc/apache2/apache2.conf", "<VirtualHost *>\nServerName a\nDocumentRoot /opt/app/pub\n"
                                           "</VirtualHost>\n");
    open_root();
    assert_true(sites_is_web(sites, STR("/opt/app/pub/x")));
    assert_false(sites_is_web(sites, STR("/opt/app/public")));
    assert_false(sites_is_web(sites, STR("/opt/app")));
    assert_false(sites_is_web(NULL, STR("/opt/app/pub/x")));
    sites_free(&sites);
}

static void test_shared_users(void **state)
{
    (void)state;
    assert_true(sites_shared_user(STR("nobody")));
    assert_true(sites_shared_user(STR("www-data")));
    assert_true(sites_shared_user(STR("")));
    assert_false(sites_shared_user(STR("clientx")));
    assert_true(sites_bounce_user(STR("Debian-exim")));
    assert_true(sites_bounce_user(STR("mailnull")));
    assert_true(sites_bounce_user(STR("root")));
    assert_false(sites_bounce_user(STR("")));
}

/* ---- hostile and broken ---- */

static void test_nothing_there(void **state)
{
    (void)state;
    tree_new();
    open_root();
    check_find("/home/joe/public_html", "joe", "");
    assert_false(sites_is_web(sites, STR("/opt/x")));
    assert_null(sites_named(sites, STR("a.example"), STR("")));
    assert_int_equal(sites_problems(sites), 0);
    sites_free(&sites);
}

/* Configuration that is a FIFO, a circle of links, a folder; a log that is one. */
static void test_odd_kinds(void **state)
{
    (void)state;
    tree_new();
    tree_fifo("/etc/nginx/nginx.conf");
    tree_fifo("/etc/passwd");
    tree_link("/etc/httpd/conf/httpd.conf", "httpd.conf");
    tree_folder("/var/cpanel/userdata/joe/a.example");
    tree_fifo("/var/cpanel/userdata/joe/b.example");
    tree_file("/var/cpanel/userdata/joe/c.example",
              "documentroot: /home/joe/public_html\nservername: c.example\n"
              "customlog:\n  - target: /var/log/c/fifo\n  - target: /var/log/c/folder\n"
              "  - target: /var/log/c/loop\n  - target: relative\n  - target: /\n");
    tree_fifo("/var/log/c/fifo");
    tree_folder("/var/log/c/folder");
    tree_link("/var/log/c/loop", "loop");
    open_root();
    check_find("/home/joe/public_html", "joe", "cpanel c.example joe /home/joe/public_html /:\n");
    check_find("/opt/x", "stranger", "");
    sites_free(&sites);
}

/* Names from files become parts of paths: none may climb. */
static void test_climbing_names(void **state)
{
    (void)state;
    tree_new();
    tree_file("/etc/secret.log", "x");
    tree_file("/usr/local/hestia/data/users/ann/web.conf",
              "DOMAIN='../../../../etc/secret' ALIAS=''\nDOMAIN='a.example' IP=\n");
    tree_file("/usr/local/directadmin/data/users/bob/domains.list", "../../../../etc/secret\n");
    open_root();
    check_find("/home/ann", "ann", "hestia a.example ann /home/ann/web/a.example/public_html /:\n"
                                   "hestia a.example ann /home/ann/web/a.example/public_shtml /:\n");
    check_find("/home/bob", "../bob", "");
    check_find("/home/bob", "bob", "");
    sites_free(&sites);
}

/* Enormous: a file over the ceiling, one line of megabytes, ten thousand domains, more
 * rotated logs than are kept, blocks nested without end. */
static void test_enormous(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 64 << 20);
    tree_new();
    for (int i = 0; i < 10000; i++)
        buf_addf(&text, "<VirtualHost *:80>\nServerName s%d.example\nServerAlias a%d.example\n"
                 "DocumentRoot /home/u%d/www\nCustomLog /var/log/apache2/s%d.log combined\n"
                 "</VirtualHost>\n", i, i, i, i);
    tree_bytes("/etc/apache2/apache2.conf", buf_str(&text));
    buf_reset(&text);
    while (text.n < (17 << 20))
        buf_add(&text, STR("server { server_name big.example; root /srv/big; }\n"));
    tree_bytes("/etc/nginx/conf.d/big.conf", buf_str(&text));
    buf_reset(&text);
    for (int i = 0; i < 100000; i++)
        buf_add(&text, STR("location / { "));
    for (int i = 0; i < 100000; i++)
        buf_add(&text, STR("} "));
    buf_add(&text, STR("server { server_name deep.example; root /srv/deep; }\n"));
    tree_bytes("/etc/nginx/conf.d/deep.conf", buf_str(&text));
    buf_reset(&text);
    buf_add(&text, STR("ServerAlias"));
    for (int i = 0; i < 1000000; i++)
        buf_add(&text, STR(" a\\"));
    tree_bytes("/etc/httpd/conf/httpd.conf", buf_str(&text));
    for (int i = 1; i <= 80; i++) {
        char path[64];
        snprintf(path, sizeof path, "/var/log/apache2/s7.log.%d", i);
        tree_file(path, "x");
        tree_time(path, 1795000000 - i);
    }
    open_root();
    const struct site *found[MAX];
    assert_int_equal(sites_find(sites, STR("/home/u7/www"), STR(""), found, MAX), 1);
    assert_int_equal(found[0]->log_count, SITE_LOGS_MAX);
    assert_string_equal(without_root(found[0]->logs[0]), "/var/log/apache2/s7.log.1");
    assert_string_equal(without_root(found[0]->logs[63]), "/var/log/apache2/s7.log.64");
    check_find("/srv/deep", "", "nginx deep.example  /srv/deep /: shared\n");
    check_find("/srv/big", "", "");
    assert_non_null(sites_named(sites, STR("a9999.example"), STR("")));
    bool said = false;
    for (size_t i = 0; i < sites_problems(sites); i++)
        said |= strstr(sites_problem(sites, i), "/etc/nginx/conf.d/big.conf") != NULL;
    assert_true(said);
    sites_free(&sites);
    buf_fini(&text);
}

/* Files that include each other in a circle, and macros that use themselves. */
static void test_include_circle(void **state)
{
    (void)state;
    struct buf text;
    tree_new();
    buf_init(&text, 1 << 20);
    buf_add(&text, STR("<Macro m $a>\nUse m $a$a\nUse m $a$a\n</Macro>\nUse m xxxxxxxx\n"));
    for (int i = 0; i < 40; i++)
        buf_add(&text, STR("Include apache2.conf\nInclude *.conf\n"));
    buf_add(&text, STR("<VirtualHost *>\nDocumentRoot /srv/a\n</VirtualHost>\n"));
    tree_bytes("/etc/apache2/apache2.conf", buf_str(&text));
    tree_file("/etc/apache2/b.conf", "Include apache2.conf\nInclude b.conf\n");
    tree_file("/etc/nginx/nginx.conf", "include nginx.conf; include *; include nginx.conf;\n"
                                       "server { root /srv/n; }");
    open_root();
    check_find("/srv/a", "", "apache   /srv/a /: shared\n");
    check_find("/srv/n", "", "nginx   /srv/n /: shared\n");
    assert_int_equal(sites_problems(sites), 0);
    sites_free(&sites);
    buf_fini(&text);
}

/* A chain of files, each of which includes the next eight times over: 8^10 without a
 * ceiling. */
static void test_include_bomb(void **state)
{
    (void)state;
    tree_new();
    for (int i = 0; i < 10; i++) {
        char path[64], text[512] = "";
        size_t n = 0;
        snprintf(path, sizeof path, "/etc/apache2/c%d", i);
        for (int k = 0; k < 8; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "Include c%d\n", i + 1);
        tree_file(path, text);
    }
    tree_file("/etc/apache2/c10", "# the end\n");
    tree_file("/etc/apache2/apache2.conf",
              "<VirtualHost *>\nDocumentRoot /srv/a\n</VirtualHost>\nInclude c0\n");
    open_root();
    check_find("/srv/a", "", "apache   /srv/a /: shared\n");
    assert_int_equal(sites_problems(sites) > 0, 1);
    assert_non_null(strstr(sites_problem(sites, 0), "too many configuration files"));
    sites_free(&sites);
}

/* Three hundred files that include all of them. Each is read, and then an end is made and said:
 * without a ceiling on what patterns cost it was 44 seconds. */
static void test_include_all(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    tree_new();
    for (int i = 0; i < 300; i++) {
        char path[64];
        buf_reset(&text);
        buf_addf(&text, "<VirtualHost *>\nDocumentRoot /srv/a%d\n</VirtualHost>\n"
                 "Include *.conf\nInclude */*.conf\nInclude %c*.conf\n", i, 'a' + i % 26);
        snprintf(path, sizeof path, "/etc/apache2/c%03d.conf", i);
        tree_bytes(path, buf_str(&text));
        buf_reset(&text);
        buf_addf(&text, "server { root /srv/n%d; include *.conf; }\ninclude *.conf;\n", i);
        snprintf(path, sizeof path, "/etc/nginx/c%03d.conf", i);
        tree_bytes(path, buf_str(&text));
    }
    tree_file("/etc/apache2/apache2.conf", "Include *.conf\n");
    tree_file("/etc/nginx/nginx.conf", "include *.conf;\n");
    open_root();
    clock_t begin = clock();
    check_find("/srv/a0", "", "apache   /srv/a0 /: shared\n");
    check_find("/srv/n0", "", "nginx   /srv/n0 /: shared\n");
    assert_true(clock() - begin < 10 * CLOCKS_PER_SEC);
    unsigned ends = 0;
    for (size_t i = 0; i < sites_problems(sites); i++)
        ends += strstr(sites_problem(sites, i), "too many configuration files") != NULL;
    assert_int_equal(ends, 2);                   /* once for each server */
    assert_true(sites_problems(sites) <= 4);
    sites_free(&sites);
    buf_fini(&text);
}

/* Many patterns over a folder with many names, none of which fits: it is listed once. */
static void test_patterns_for_nothing(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    tree_new();
    for (int i = 0; i < 1500; i++) {
        char path[64];
        snprintf(path, sizeof path, "/etc/apache2/many/file%04d", i);
        tree_file(path, "");
        buf_addf(&text, "Include many/x%d*.conf\n", i);
    }
    buf_add(&text, STR("<VirtualHost *>\nDocumentRoot /srv/a\n</VirtualHost>\n"));
    tree_bytes("/etc/apache2/apache2.conf", buf_str(&text));
    open_root();
    clock_t begin = clock();
    check_find("/srv/a", "", "apache   /srv/a /: shared\n");
    assert_true(clock() - begin < 5 * CLOCKS_PER_SEC);
    assert_int_equal(sites_problems(sites), 0);
    sites_free(&sites);
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpanel),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_customer),
        cmocka_unit_test(test_open_log),
        cmocka_unit_test(test_directadmin),
        cmocka_unit_test(test_directadmin_owners),
        cmocka_unit_test(test_hestia),
        cmocka_unit_test(test_hestia_homes),
        cmocka_unit_test(test_plesk),
        cmocka_unit_test(test_debian_apache),
        cmocka_unit_test(test_rhel_apache),
        cmocka_unit_test(test_nginx),
        cmocka_unit_test(test_docroot),
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_is_web_by_docroot),
        cmocka_unit_test(test_place_tells),
        cmocka_unit_test(test_shared_users),
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_odd_kinds),
        cmocka_unit_test(test_climbing_names),
        cmocka_unit_test(test_enormous),
        cmocka_unit_test(test_include_circle),
        cmocka_unit_test(test_include_bomb),
        cmocka_unit_test(test_include_all),
        cmocka_unit_test(test_patterns_for_nothing),
    };
    return cmocka_run_group_tests(tests, logmake_setup, logmake_teardown);
}
