/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_conf - the configuration: what is read, and what is said of what is wrong
 *
 * Rows are whole files. An error must name the line, the setting and a remedy:
 * the exact words are compared, because they are what somebody reads at night.
 */
#define _GNU_SOURCE
#include "conf/conf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf_file.h"
#include "conf/conf_types.h"
#include "conf/settings.h"
#include "unit.h"

static struct conf *must_read(const char *bytes)
{
    struct err err = { .kind = ERR_NONE };
    struct conf *c = conf_read_bytes("x.conf", str_c(bytes), &err);
    if (c == NULL)
        fail_msg("%s: %s", bytes, err.text);
    return c;
}

static void test_defaults(void **state)
{
    (void)state;
    struct err err;
    struct conf *c = conf_read(NULL, &err);
    assert_non_null(c);
    assert_string_equal(c->file, "defaults");
    assert_string_equal(c->daemon.user, "postern");
    assert_string_equal(c->daemon.state, "/var/lib/postern");
    assert_int_equal(c->daemon.state_max, (uint64_t)512 << 20);
    assert_string_equal(c->daemon.metrics, "");
    assert_string_equal(c->door.socket, "/run/postern/door");
    assert_int_equal(c->door.mode, 0660);
    assert_int_equal(c->door.listen.n, 0);
    assert_int_equal(c->door.answer_ms, 8000);
    assert_true(c->exempt.loopback);
    assert_int_equal(c->helo.own, CONF_REFUSE);
    assert_int_equal(c->helo.bare_ip, CONF_TAG);
    assert_int_equal(c->helo.memory_s, 3600);
    assert_int_equal(c->callout.mode, CONF_OFF);
    assert_true(c->callout.vouch);
    assert_int_equal(c->callout.positive_s, 86400);
    assert_int_equal(c->callout.negative_s, 7200);
    assert_int_equal(c->callout.domain_positive_s, 604800);
    assert_int_equal(c->callout.domain_negative_s, 10800);
    assert_int_equal(c->callout.port, 25);
    assert_int_equal(c->callout.domains.n, 1);
    assert_string_equal(c->callout.domains.v[0], "*");
    assert_string_equal(c->dictionary.vouched.v[0], ".google.com");
    conf_free(&c);
    assert_null(c);
    conf_free(&c);
}

/* One entry in either of the lists that everybody uses is enough. */
static void test_default_zones(void **state)
{
    (void)state;
    struct err err;
    struct conf *c = conf_read(NULL, &err);
    assert_int_equal(c->dnsbl.threshold, 100);
    assert_int_equal(c->dnsbl.zone_count, 2);
    for (size_t i = 0; i < c->dnsbl.zone_count; i++) {
        assert_true(c->dnsbl.zones[i].weight >= c->dnsbl.threshold);
        assert_non_null(strchr(c->dnsbl.zones[i].list, '='));
    }
    assert_string_equal(c->dnsbl.zones[0].name, "zen.spamhaus.org");
    assert_string_equal(c->dnsbl.zones[1].list, "bl.spamcop.net=127.0.0.2");
    assert_string_equal(c->dnsbl.zones[1].probe, "auto");
    conf_free(&c);
}

static void count_warning(void *ctx, const char *text)
{
    print_message("%s\n", text);
    ++*(unsigned *)ctx;
}

static void test_defaults_have_no_warnings(void **state)
{
    (void)state;
    struct err err;
    unsigned count = 0;
    struct conf *c = conf_read(NULL, &err);
    conf_warn(c, count_warning, &count);
    assert_int_equal(count, 0);
    conf_free(&c);
}

static void test_types(void **state)
{
    (void)state;
    struct conf *c = must_read(
        "# a comment, with \"quotes and { braces\n"
        "daemon { log = stderr state_max = 64M descriptors = 300 }   # behind\r\n"
        "door {\n"
        "    mode = 666\n"
        "    answer = 1500ms\n"
        "    idle = 1h\n"
        "    listen = { \"127.0.0.1:9724\", # inside of a list\n"
        "               \"[::1]:9724\", }\n"
        "    owner = 'root'\n"
        "}\n"
        "host { contact = \"he said \\\"no\\\" \\\\ see $ and #1\"\n"
        "       addresses = { 192.0.2.1, \"2001:db8::/32\" } }\n"
        "exempt { loopback = no clients = 192.0.2.0/24 }\n"
        "helo { own = observe no_dot = defer evasion = off memory = 2d }\n"
        "callout { skip = { } port = 2525 }\n"
        "dnsbl { threshold = 1.5 compat = exim }\n"
        "dnsbl { timeout = 200ms }\n");
    assert_string_equal(c->daemon.log, "stderr");
    assert_int_equal(c->daemon.state_max, 64 << 20);
    assert_int_equal(c->daemon.descriptors, 300);
    assert_int_equal(c->door.mode, 0666);
    assert_int_equal(c->door.answer_ms, 1500);
    assert_int_equal(c->door.idle_ms, 3600000);
    assert_int_equal(c->door.listen.n, 2);
    assert_string_equal(c->door.listen.v[1], "[::1]:9724");
    assert_string_equal(c->door.owner, "root");
    assert_string_equal(c->host.contact, "he said \"no\" \\ see $ and #1");
    assert_int_equal(c->host.addresses.n, 2);
    assert_int_equal(c->host.addresses.v[0].bits, 32);
    assert_int_equal(c->host.addresses.v[1].bits, 32);
    assert_false(ip_is4(&c->host.addresses.v[1].ip));
    assert_false(c->exempt.loopback);
    assert_int_equal(c->exempt.clients.n, 1);
    assert_int_equal(c->helo.own, CONF_OBSERVE);
    assert_int_equal(c->helo.no_dot, CONF_DEFER);
    assert_int_equal(c->helo.evasion, CONF_OFF);
    assert_int_equal(c->helo.memory_s, 172800);
    assert_int_equal(c->callout.skip.n, 0);
    assert_int_equal(c->callout.port, 2525);
    assert_int_equal(c->dnsbl.threshold, 150);
    assert_true(conf_dnsbl_exim(&c->dnsbl));
    assert_int_equal(c->dnsbl.timeout_ms, 200);
    conf_free(&c);
}

static void test_titled(void **state)
{
    (void)state;
    struct conf *c = must_read(
        "dns { stub list.example { servers = 127.0.0.1@5300 }\n"
        "      stub \"other.example\" { servers = { \"::1\", 192.0.2.53 } } }\n"
        "recipient { layout = files domains = { example.org }\n"
        "    table /etc/list { format = list }\n"
        "    table \"/etc/local users\" { format = passwd domain = example.org }\n"
        "}\n"
        "dnsbl {\n"
        "    zone \"mine\" { list = \"key.list.example!&0.255.255.0\" weight = 0.5\n"
        "                    refusal = { 127.0.0.1 } white_1 = yes probe = none }\n"
        "    threshold = 0.5\n"
        "    zone \"good\" { list = \"list.dnswl.example\" weight = -2.25 }\n"
        "    zone 'names' { list = 'names.example/${sender_helo_name}' }\n"
        "}\n");
    assert_int_equal(c->dns.stub_count, 2);
    assert_string_equal(c->dns.stubs[0].zone, "list.example");
    assert_string_equal(c->dns.stubs[0].servers.v[0], "127.0.0.1@5300");
    assert_int_equal(c->dns.stubs[1].servers.n, 2);
    assert_int_equal(c->recipient.table_count, 2);
    assert_string_equal(c->recipient.tables[0].file, "/etc/list");
    assert_string_equal(c->recipient.tables[0].domain, "");
    assert_string_equal(c->recipient.tables[1].file, "/etc/local users");
    assert_string_equal(c->recipient.tables[1].format, "passwd");
    assert_string_equal(c->recipient.tables[1].domain, "example.org");
    assert_int_equal(c->dnsbl.zone_count, 3);
    assert_string_equal(c->dnsbl.zones[2].list, "names.example/${sender_helo_name}");
    assert_string_equal(c->dnsbl.zones[0].name, "mine");
    assert_string_equal(c->dnsbl.zones[0].list, "key.list.example!&0.255.255.0");
    assert_int_equal(c->dnsbl.zones[0].weight, 50);
    assert_int_equal(c->dnsbl.zones[0].refusal.n, 1);
    assert_true(c->dnsbl.zones[0].white_1);
    assert_string_equal(c->dnsbl.zones[0].probe, "none");
    assert_int_equal(c->dnsbl.zones[1].weight, -225);
    assert_false(c->dnsbl.zones[1].white_1);
    conf_free(&c);
}

/* --- values: the text, and the number or -1 --- */

#define NONE INT64_MIN

static const struct {
    int (*parse)(struct str s, int64_t *out);
    const char *text;
    int64_t value;
} values[] = {
    { conf_type_duration, "0", 0 },              { conf_type_duration, "500ms", 500 },
    { conf_type_duration, "10s", 10000 },        { conf_type_duration, "5min", 300000 },
    { conf_type_duration, "1h", 3600000 },       { conf_type_duration, "2d", 172800000 },
    { conf_type_duration, "1w", 604800000 },     { conf_type_duration, "", NONE },
    { conf_type_duration, "10", NONE },          { conf_type_duration, "s", NONE },
    { conf_type_duration, "1.5s", NONE },        { conf_type_duration, "10 s", NONE },
    { conf_type_duration, "-1s", NONE },         { conf_type_duration, "1m", NONE },
    { conf_type_duration, "9223372036854775807w", NONE },
    { conf_type_duration, "99999999999999999999s", NONE },
    { conf_type_size, "0", 0 },                  { conf_type_size, "4096", 4096 },
    { conf_type_size, "64k", 65536 },            { conf_type_size, "64K", 65536 },
    { conf_type_size, "2G", (int64_t)2 << 30 },  { conf_type_size, "2T", NONE },
    { conf_type_size, "9223372036854775807G", NONE },
    { conf_type_weight, "1", 100 },              { conf_type_weight, "1.5", 150 },
    { conf_type_weight, "1.05", 105 },           { conf_type_weight, "-0.25", -25 },
    { conf_type_weight, "0", 0 },                { conf_type_weight, ".5", NONE },
    { conf_type_weight, "1.", NONE },            { conf_type_weight, "1.234", NONE },
    { conf_type_weight, "--1", NONE },           { conf_type_weight, "1e3", NONE },
    { conf_type_weight, "99999999999", NONE },   { conf_type_weight, "1.-5", NONE },
    { conf_type_octal, "0660", 0660 },           { conf_type_octal, "660", 0660 },
    { conf_type_octal, "0680", NONE },           { conf_type_octal, "66", NONE },
    { conf_type_octal, "00660", NONE },          { conf_type_number, "12", 12 },
    { conf_type_number, "-1", -1 },              { conf_type_number, "1x", NONE },
    { conf_type_number, "99999999999999999999", NONE },
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(values); i++) {
        int64_t got = NONE;
        int rc = values[i].parse(str_c(values[i].text), &got);
        if ((rc == 0) != (values[i].value != NONE) || (rc == 0 && got != values[i].value))
            fail_msg("%s: %d, %lld", values[i].text, rc, (long long)got);
    }
}

static const struct {
    const char *text;
    bool host_port, server, domain;
} places[] = {
    { "127.0.0.1:25", true, false, false },      { "[::1]:25", true, false, false },
    { "localhost:25", true, false, false },      { "*:25", true, false, false },
    { "::1:25", false, true, false },            { "[127.0.0.1]:25", false, false, false },
    { "127.0.0.1:0", false, false, false },      { "127.0.0.1:65536", false, false, false },
    { "127.0.0.1", false, true, true },          { "127.0.0.1@53", false, true, false },
    { "127.0.0.1@", false, false, false },       { "::1@5353", false, true, false },
    { "[::1]@53", false, false, false },         { "example.org", false, false, true },
    { "example.org.", false, false, false },     { ".example.org", false, false, false },
    { "a..b", false, false, false },             { "-a.b", false, false, false },
    { "_dmarc.a-b.example", false, false, true },{ "", false, false, false },
};

static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(places); i++) {
        struct ip ip;
        uint16_t port;
        struct str text = str_c(places[i].text);
        if ((conf_type_host_port(text, &ip, &port) == 0) != places[i].host_port ||
            (conf_type_server(text, &ip, &port) == 0) != places[i].server ||
            conf_type_domain(text) != places[i].domain)
            fail_msg("%s", places[i].text);
    }
}

/* --- errors --- */

static const struct {
    const char *bytes, *error;
} errors[] = {
    /* names */
    { "\n\ndoor { sokcet = \"x\" }",
      "x.conf:3: there is no setting \"sokcet\" in section door: did you mean socket?" },
    { "dor {}", "x.conf:1: there is no section \"dor\": did you mean door?" },
    { "state = /tmp", "x.conf:1: there is no section \"state\": it belongs into section daemon" },
    { "include(\"other.conf\")", NULL },
    { "include = \"other.conf\"",
      "x.conf:1: there is no section \"include\": files are not included, write all into one" },
    { "door { zone \"x\" {} }",
      "x.conf:1: there is no setting \"zone\" in section door: it belongs into section dnsbl" },
    { "dnsbl {\n list = x }",
      "x.conf:2: there is no setting \"list\" in section dnsbl: it belongs into a section zone inside of "
      "section dnsbl" },
    { "door { qqqqqqq = 1 }",
      "x.conf:1: there is no setting \"qqqqqqq\" in section door: see postern.conf(5) for all settings" },
    { "\"\" = 1", "x.conf:1: a name is missing: write NAME = VALUE" },
    { "\"door|mode\" = 0600", "x.conf:1: a name with a | in it: write settings inside of their section" },
    /* syntax */
    { "door {\n mode = 0600\n",
      "x.conf:1: the { in this line is never closed: write } where its section or list ends" },
    { "door { mode = 0600 }\n}\n",
      "x.conf:2: a } without a { before it: remove it, or look for a section that is closed twice" },
    { "door {\n mode 0600 }", "x.conf:2: missing equal sign after option 'mode': write NAME = VALUE" },
    { "door mode = 0600",
      "x.conf:1: missing opening brace for section 'door': write { behind its name or title" },
    { "dnsbl { zone { } }",
      "x.conf:1: missing title for section 'zone': write a title in quotes before the {" },
    { "daemon {\n log = \"x\n }",
      "x.conf:2: a string begins in this line and does not end in it: close it with \"" },
    { "daemon { log = 'x", "x.conf:1: a string begins in this line and does not end: close it with '" },
    { "daemon { log = \"${HOME}/x\" }",
      "x.conf:1: ${ would be an environment variable, which is not supported: write the value itself, or put "
      "${ into single quotes" },
    { "daemon { log = \"\\n\" }",
      "x.conf:1: a backslash must be followed by a quote or by another backslash: write \\\\ for one" },
    { "daemon { log = /x//y }",
      "x.conf:1: // cannot stand here: comments begin with #; put a value that holds it into double quotes" },
    { "/* no\n */",
      "x.conf:1: /* cannot stand here: comments begin with #; put a value that holds it into double quotes" },
    { "callout { domains = { * } }",
      "x.conf:1: the byte '*' cannot stand here: put a value that has other bytes than letters, digits and . "
      ": / @ - _ % into double quotes" },
    { "callout { domains += { a.b } }",
      "x.conf:1: the byte '+' cannot stand here: put a value that has other bytes than letters, digits and . "
      ": / @ - _ % into double quotes" },
    { "door { mode = 0600; }",
      "x.conf:1: the byte ';' cannot stand here: put a value that has other bytes than letters, digits and . "
      ": / @ - _ % into double quotes" },
    { "door\x01{ }", "x.conf:1: a control byte (0x01): write plain text" },
    { "daemon { log = \"a\tb\" }", "x.conf:1: a control byte (0x09): write plain text" },
    { "daemon { log = \"x\"y }",
      "x.conf:1: something follows a string immediately: put a blank or a comma between them" },
    { "daemon { log = x\"y\" }", "x.conf:1: a quote inside of a word: put the whole of it into quotes" },
    { "door { answer = { 1s } }", NULL },
    { "door { answer = 1s\nanswer = 2s }",
      "x.conf:2: answer is set twice, first in line 1: keep one of them" },
    { "door {\n listen = { 127.0.0.1:1 } }\ndoor { listen = { 127.0.0.1:2 } }",
      "x.conf:3: listen is set twice, first in line 2: keep one of them" },
    { "dnsbl { zone a { list = a.b }\nzone a { list = c.d } }",
      "x.conf:2: found duplicate title 'a': give each a title of its own" },
    { "door { mode = }",
      "x.conf:1: unexpected token '}': write NAME = VALUE, lists as NAME = { A, B }, sections as NAME { }" },
    /* values */
    { "door {\n\n mode = 0999 }",
      "x.conf:3: door.mode: \"0999\" is no file mode: write octal digits, as 0660" },
    { "door { mode = 1777 }", "x.conf:1: door.mode: \"1777\" is too large: write 0777 at most" },
    { "door { answer = 10 }",
      "x.conf:1: door.answer: \"10\" is no duration: write a number with its unit, as 500ms, 10s, 5min, 1h" },
    { "door { answer = 10ms }", "x.conf:1: door.answer: \"10ms\" is too small: write 100ms at least" },
    { "dictionary { window = 1500ms }",
      "x.conf:1: dictionary.window: \"1500ms\" is too fine: write whole seconds" },
    { "door { connections = many }", "x.conf:1: door.connections: \"many\" is no number: write digits only" },
    { "daemon { state_max = 5T }",
      "x.conf:1: daemon.state_max: \"5T\" is no size: write a number of bytes, or 64k, 64M, 2G" },
    { "daemon { state_max = 5 }", "x.conf:1: daemon.state_max: \"5\" is too small: write 8M at least" },
    { "dnsbl { threshold = 1.234 }",
      "x.conf:1: dnsbl.threshold: \"1.234\" is no weight: write a number, as 1, 0.5 or -1.25" },
    { "dnsbl { threshold = 0 }", "x.conf:1: dnsbl.threshold: \"0\" is too small: write 0.01 at least" },
    { "helo { own = reject }",
      "x.conf:1: helo.own: \"reject\" is no mode: write off, observe, tag, defer or refuse" },
    { "exempt { loopback = maybe }", "x.conf:1: exempt.loopback: \"maybe\" is neither yes nor no" },
    { "daemon { log_level = loud }",
      "x.conf:1: daemon.log_level: \"loud\" is none of its words: write error, warning, notice, info or debug" },
    { "door { connections = 65536 }",
      "x.conf:1: door.connections: \"65536\" is too large: write 65535 at most" },
    { "door { listen = { [::1]:1, [::1]:2, [::1]:3, [::1]:4, [::1]:5, [::1]:6, [::1]:7, [::1]:8, "
      "[::1]:9, [::1]:10, [::1]:11, [::1]:12, [::1]:13, [::1]:14, [::1]:15, [::1]:16 } }",
      "x.conf:1: there are more than 16 doors: take some out of listen" },
    { "callout { port = 70000 }", "x.conf:1: callout.port: \"70000\" is too large: write 65535 at most" },
    { "exempt { clients = { 192.0.2.1,\n 192.0.2.0/33 } }",
      "x.conf:2: exempt.clients: \"192.0.2.0/33\" is no address or network: write 192.0.2.1, 192.0.2.0/24 or "
      "2001:db8::/32" },
    { "exempt { names = { a.b,\n\n \"*.example.org\" } }",
      "x.conf:3: exempt.names: \"*.example.org\" is no name of a host: write mail.example.org, or "
      ".example.org for all names below it" },
    { "exempt { senders = { nobody } }",
      "x.conf:1: exempt.senders: \"nobody\" is no sender: write an address, @example.org or .example.org" },
    { "exempt { recipients = { nobody } }",
      "x.conf:1: exempt.recipients: \"nobody\" is no recipient: write an address, local@ or @example.org" },
    { "daemon { state = var }", "x.conf:1: daemon.state: \"var\" is no absolute path: begin it with /" },
    { "daemon { log = file }",
      "x.conf:1: daemon.log: \"file\" is no place for a log: write syslog, stderr or an absolute path" },
    { "daemon { user = \"a b\" }",
      "x.conf:1: daemon.user: \"a b\" is no name of a user or a group: letters, digits, - _ and . only" },
    { "daemon { metrics = a.example:1 }",
      "x.conf:1: daemon.metrics: \"a.example:1\" is no address with a port: write 127.0.0.1:9724 or "
      "\"[::1]:9724\"" },
    { "dns { forwarders = 1.2.3.4:53 }",
      "x.conf:1: dns.forwarders: \"1.2.3.4:53\" is no name server: write its address, or address@port" },
    { "host { names = { a..b } }",
      "x.conf:1: host.names: \"a..b\" is no domain name: write letters, digits, hyphens and dots, without a "
      "dot at the end" },
    { "dnsbl { zone a { list = a.b page = ftp://x } }", NULL },
    { "dnsbl { zone a { list = a.b page = \"https://x/%d\" } }",
      "x.conf:1: dnsbl.zone.page: \"https://x/%d\" has a % that is neither %s nor %%: write %% for one" },
    { "dnsbl { zone a { list = \"a.b:c.d\" } }",
      "x.conf:1: dnsbl.zone.list: more than one item: write a zone section for each" },
    { "dnsbl { zone a { list = \"\" } }",
      "x.conf:1: dnsbl.zone.list: no item of dnslists: write a zone, such as bl.example.org=127.0.0.2" },
    { "dnsbl { reply = \"%s\" }",
      "x.conf:1: dnsbl.reply: \"%s\" has a % that is none of %h %z %t %p: write %% for one" },
    { "dnsbl { zone a { list = a.b refusal = { \"::1\" } } }",
      "x.conf:1: dnsbl.zone.refusal: \"::1\" is no answer of a list: write an IPv4 address, such as 127.0.0.1" },
    /* titles */
    { "dnsbl {\n zone \"a b\" {\n list = a.b\n }\n}",
      "x.conf:4: the title of this section, \"a b\", is no name for a list: letters, digits, - _ and . only" },
    { "dnsbl { zone a {\n} }",
      "x.conf:2: section dnsbl.zone \"a\" ends without its list, which must be set" },
    { "dns { stub a.b { } }",
      "x.conf:1: section dns.stub \"a.b\" ends without its servers, which must be set" },
    { "recipient { table x { format = list } }",
      "x.conf:1: the title of this section, \"x\", is no absolute path: begin it with /" },
    { "recipient { table /x { } }",
      "x.conf:1: section recipient.table \"/x\" ends without its format, which must be set" },
    /* together */
    { "door {\n socket = \"\" }",
      "x.conf:2: there is no door: nobody could ask. Set socket or listen in section door" },
    { "door { socket = /run/postern/control }",
      "x.conf: the sockets of door and control have the same path: give each its own" },
    { "control {\n socket = /run/postern/door }",
      "x.conf:2: the sockets of door and control have the same path: give each its own" },
    { "dictionary {\n ban = 2w }",
      "x.conf:2: ban_max is shorter than ban, the length of the first one: raise it" },
    { "dnsbl { rest_max = 60s }",
      "x.conf:1: rest_max is shorter than rest, the length of the first one: raise it" },
    { "recipient { layout = none table /x { format = list } }",
      "x.conf:1: there are table sections, and layout = none would ignore them: set layout = files" },
    { "recipient { layout = files }",
      "x.conf:1: layout = files needs a table section: write one, or set layout = none" },
    { "recipient { layout = none root = /srv }",
      "x.conf:1: root is for the files of a panel or of Debian, and this layout has none: remove root" },
    { "daemon { metrics = 127.0.0.1:1 } door { listen = 127.0.0.1:1 }",
      "x.conf:1: metrics has the address and port of a door: give it another port" },
    { "dictionary { attacked_unknown = 11 }",
      "x.conf:1: attacked_unknown is larger than client_unknown: under an attack less is needed, not more" },
    { "dictionary { net_unknown = 9 }",
      "x.conf:1: net_unknown is smaller than client_unknown: one client would ban all of its network" },
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(errors); i++) {
        struct err err = { .kind = ERR_NONE };
        struct conf *c = conf_read_bytes("x.conf", str_c(errors[i].bytes), &err);
        if (c != NULL)
            fail_msg("taken: %s", errors[i].bytes);
        if (errors[i].error != NULL)
            assert_string_equal(err.text, errors[i].error);
        assert_int_not_equal(err.kind, ERR_NONE);
    }
}

/* The key of a list is in its name: an error goes to logs and terminals. */
static void test_secret_is_not_repeated(void **state)
{
    (void)state;
    struct err err;
    const char *bytes = "dnsbl { zone a {\n list = \"SECRET.zen.dq.example=127.0.0.\" } }";
    assert_null(conf_read_bytes("x.conf", str_c(bytes), &err));
    assert_int_equal(strncmp(err.text, "x.conf:2: dnsbl.zone.list: not an IPv4 address", 46), 0);
    assert_null(strstr(err.text, "SECRET"));
}

/* An error in one file must not change how the next one is read: libconfuse has globals. */
static void test_again_after_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(errors); i++) {
        struct err err;
        assert_null(conf_read_bytes("x.conf", str_c(errors[i].bytes), &err));
        struct conf *c = must_read("\ndoor { mode = 0600 listen = 127.0.0.1:1 }");
        assert_int_equal(c->door.mode, 0600);
        assert_int_equal(c->door.listen.n, 1);
        conf_free(&c);
    }
}

static void test_two_at_once(void **state)
{
    (void)state;
    struct conf *a = must_read("daemon { user = anna } dnsbl { zone a { list = a.b } }");
    struct conf *b = must_read("daemon { user = bert }");
    assert_string_equal(a->daemon.user, "anna");
    conf_free(&b);
    assert_string_equal(a->dnsbl.zones[0].list, "a.b");
    conf_free(&a);
}

static void test_nul_is_no_end(void **state)
{
    (void)state;
    struct err err;
    assert_null(conf_read_bytes("x.conf", STR("door { }\n\0door { mode = 0600 }"), &err));
    assert_string_equal(err.text, "x.conf:2: a control byte (0x00): write plain text");
}

/* --- limits --- */

static void test_long_value(void **state)
{
    (void)state;
    struct buf b;
    struct err err;
    buf_init(&b, 4000);
    buf_add(&b, STR("host { contact = \""));
    for (int i = 0; i < 1100; i++)
        buf_add_c(&b, 'a');
    buf_add(&b, STR("\" }"));
    assert_null(conf_read_bytes("x.conf", buf_str(&b), &err));
    assert_string_equal(err.text, "x.conf:1: a string of more than 1000 bytes: shorten it");
    buf_fini(&b);
}

static void test_many(void **state)
{
    (void)state;
    struct buf b;
    struct err err;
    buf_init(&b, 2u << 20);
    buf_add(&b, STR("exempt { clients = {"));
    for (unsigned i = 0; i < 20000; i++)
        buf_addf(&b, " 10.%u.%u.%u,", i >> 16, i >> 8 & 255, i & 255);
    buf_add(&b, STR("} }"));
    struct conf *c = conf_read_bytes("x.conf", buf_str(&b), &err);
    assert_non_null(c);
    assert_int_equal(c->exempt.clients.n, 20000);
    conf_free(&c);
    buf_reset(&b);
    for (unsigned i = 0; i < 5000; i++)
        buf_add(&b, STR("door { }\n"));
    assert_null(conf_read_bytes("x.conf", buf_str(&b), &err));
    assert_string_equal(err.text, "x.conf:4001: more than 4000 sections and lists");
    buf_reset(&b);
    while (b.n <= CONF_FILE_MAX)
        buf_add_c(&b, '\n');
    assert_null(conf_read_bytes("x.conf", buf_str(&b), &err));
    assert_int_equal(err.kind, ERR_FORMAT);
    buf_fini(&b);
}

/* --- files --- */

static char path[64];

static void file_write(const char *bytes, mode_t mode)
{
    snprintf(path, sizeof path, "/tmp/postern-conf.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_file(void **state)
{
    (void)state;
    struct err err;
    file_write("door { mode = 0640 }\n", 0600);
    struct conf *c = conf_read(path, &err);
    assert_non_null(c);
    assert_string_equal(c->file, path);
    assert_int_equal(c->door.mode, 0640);
    conf_free(&c);
    unlink(path);
}

static void test_file_empty(void **state)
{
    (void)state;
    struct err err;
    file_write("", 0600);
    struct conf *c = conf_read(path, &err);
    assert_non_null(c);
    conf_free(&c);
    unlink(path);
}

static void test_file_writable_by_all(void **state)
{
    (void)state;
    struct err err;
    file_write("", 0602);
    assert_null(conf_read(path, &err));
    assert_int_equal(err.kind, ERR_ACCESS);
    assert_non_null(strstr(err.text, "everybody may write it: chmod o-w /tmp/"));
    unlink(path);
}

static void test_file_of_another(void **state)
{
    (void)state;
    struct err err;
    if (geteuid() != 0)
        skip();
    file_write("", 0600);
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_null(conf_read(path, &err));
    assert_int_equal(err.kind, ERR_ACCESS);
    assert_non_null(strstr(err.text, "belongs to neither root nor you: chown root /tmp/"));
    unlink(path);
}

static void test_file_missing(void **state)
{
    (void)state;
    struct err err;
    assert_null(conf_read("/nowhere/postern.conf", &err));
    assert_int_equal(err.kind, ERR_MISSING);
    assert_string_equal(err.text, "/nowhere/postern.conf: there is no such file: posternd --example "
                                  "prints one");
}

/* libconfuse itself would end the process here. */
static void test_file_folder(void **state)
{
    (void)state;
    struct err err;
    assert_null(conf_read("/", &err));
    assert_string_equal(err.text, "/: not a file: name the configuration file with -c");
}

/* --- warnings --- */

static const struct {
    const char *bytes, *begin;
} warnings[] = {
    { "door { mode = 0666 }", "door.mode lets every user" },
    { "control { mode = 0666 }", "control.mode lets every user" },
    { "door { listen = 192.0.2.1:9724 }", "door.listen has an address that others" },
    { "daemon { metrics = 192.0.2.1:9724 }", "daemon.metrics has an address that others" },
    { "daemon { user = \"\" }", "daemon.user is empty or root" },
    { "daemon { user = root }", "daemon.user is empty or root" },
    { "daemon { state = \"\" }", "daemon.state is empty" },
    { "dns { forwarders = 9.9.9.9 }", "dns.forwarders names a public resolver" },
    { "dns { forwarders = { 127.0.0.1, \"2606:4700:4700::1111@53\" } }", "dns.forwarders names a public" },
    { "ban { mode = tag }", "dictionary bans clients, and ban.mode" },
    { "recipient { layout = none trust_mta = no }", "recipient.layout is none and trust_mta is no" },
    { "exempt { clients = 0.0.0.0/0 }", "exempt.clients has a network with /0" },
    { "dnsbl { threshold = 2.01 }", "dnsbl.threshold is more than all weights" },
    { "dnsbl { timeout = 8s }", "dnsbl.timeout is not below door.answer" },
    { "sender { timeout = 9s }", "sender.timeout is not below door.answer" },
    { "door { answer = 10s }", "door.answer is not below the 10 seconds" },
    { "callout { mode = refuse timeout = 8s }", "callout.timeout is not below door.answer" },
    { "callout { mode = tag vouch = no }", "callout.vouch is no" },
    { "callout { mode = tag self_watch = \"\" }", "callout.self_watch is empty" },
};

struct last_warning {
    unsigned count;
    char text[200];
};

static void keep_warning(void *ctx, const char *text)
{
    struct last_warning *w = ctx;
    w->count++;
    snprintf(w->text, sizeof w->text, "%s", text);
}

static void test_warnings(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(warnings); i++) {
        struct last_warning w = { .count = 0 };
        struct conf *c = must_read(warnings[i].bytes);
        conf_warn(c, keep_warning, &w);
        if (w.count != 1 || strncmp(w.text, warnings[i].begin, strlen(warnings[i].begin)) != 0)
            fail_msg("%s: %u warnings, %s", warnings[i].bytes, w.count, w.text);
        conf_free(&c);
    }
}

static void test_nothing_acts(void **state)
{
    (void)state;
    struct last_warning w = { .count = 0 };
    struct conf *c = must_read(
        "ban { mode = observe } relay { mode = off } recipient { mode = observe }\n"
        "helo { own = off no_dot = off evasion = off } dnsbl { mode = tag }\n"
        "sender { domain = off null_mx = observe bogus_mx = off } dictionary { mode = off }\n");
    conf_warn(c, keep_warning, &w);
    assert_int_equal(w.count, 1);
    assert_string_equal(w.text, "no check defers or refuses: all mail passes");
    conf_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),          cmocka_unit_test(test_default_zones),
        cmocka_unit_test(test_defaults_have_no_warnings),
        cmocka_unit_test(test_types),             cmocka_unit_test(test_titled),
        cmocka_unit_test(test_values),            cmocka_unit_test(test_places),
        cmocka_unit_test(test_errors),            cmocka_unit_test(test_again_after_errors),
        cmocka_unit_test(test_secret_is_not_repeated),
        cmocka_unit_test(test_two_at_once),       cmocka_unit_test(test_nul_is_no_end),
        cmocka_unit_test(test_long_value),        cmocka_unit_test(test_many),
        cmocka_unit_test(test_file),              cmocka_unit_test(test_file_empty),
        cmocka_unit_test(test_file_writable_by_all), cmocka_unit_test(test_file_of_another),
        cmocka_unit_test(test_file_missing),      cmocka_unit_test(test_file_folder),
        cmocka_unit_test(test_warnings),          cmocka_unit_test(test_nothing_acts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
