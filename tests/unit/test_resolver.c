/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_resolver - libunbound in our loop, against servers on loopback
 *
 * rbldnsd is the list, unbound the forwarder, a socket that nobody reads is the
 * server that never answers. The zones lie where libunbound has zones of its own
 * (test., a private reverse zone), because lists of tests do. Without rbldnsd or
 * unbound only what needs none is tested, and the rest is skipped by name.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dns/resolver.h"
#include "event/loop.h"

struct world {
    struct loop *loop;
    struct resolver *r;
    pid_t list;
    int silent;                      /* a bound socket that nobody reads */
    char folder[64], list_server[64], silent_server[64];
};

struct got {
    unsigned calls;
    enum dns_status status;
    size_t count;
    bool cut;
    char text[300], why[64];
    uint32_t ttl;
    int64_t began, ms;
    struct loop *loop;
};

static void on_answer(void *ctx, uint64_t question, const struct dns_answer *a)
{
    struct got *g = ctx;
    (void)question;
    g->calls++;
    g->status = a->status;
    g->count = a->count;
    g->cut = a->cut;
    g->ttl = a->ttl;
    g->ms = loop_ms(g->loop) - g->began;
    str_copy(str_c(a->why), g->why, sizeof g->why);
    if (a->count > 0 && a->records[0].type == DNS_A)
        ip_format(&a->records[0].ip, g->text);
    else if (a->count > 0)
        str_copy(a->records[0].text, g->text, sizeof g->text);
    loop_stop(g->loop);
}

static struct got ask(struct world *w, const char *name, enum dns_type type, unsigned timeout_ms)
{
    struct got g = { .loop = w->loop, .began = loop_ms(w->loop) };
    struct err err;
    resolver_ask(w->r, str_c(name), type, timeout_ms, (struct dns_asker){ on_answer, &g });
    assert_int_equal(g.calls, 0);
    while (g.calls == 0)             /* the answers to other questions stop the loop too */
        assert_int_equal(loop_run(w->loop, &err), 0);
    assert_int_equal(g.calls, 1);
    return g;
}

static int bind_somewhere(char *text, size_t size)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    snprintf(text, size, "127.0.0.1@%u", ntohs(a.sin_port));
    return fd;
}

static const char *rbldnsd(void)
{
    static const char *const places[] = {
        "/usr/sbin/rbldnsd", "build/parts/apart/rbldnsd/usr/sbin/rbldnsd"
    };
    for (size_t i = 0; i < ROWS(places); i++) {
        if (access(places[i], X_OK) == 0)
            return places[i];
    }
    return NULL;
}

static void write_zone(struct world *w)
{
    char path[128];
    snprintf(path, sizeof path, "%s/zone", w->folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("$SOA 3000 ns.bl.test. admin.bl.test. 1 600 300 86400 30\n$TTL 40\n"
          ":127.0.0.2:See the page about $\n127.0.0.2\n192.0.2.5 :127.0.0.4:Four $\n", f);
    fclose(f);
    snprintf(path, sizeof path, "%s/generic", w->folder);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("$SOA 3000 ns.bl.test. admin.bl.test. 1 600 300 86400 30\n", f);
    for (unsigned i = 0; i < 60; i++)
        fprintf(f, "many A 127.0.1.%u\n", i);
    fputs("9 TXT \"in a private reverse zone\"\n", f);
    fclose(f);
}

/* A server that outlives a failed test, or holds its output open, would hang whoever reads that. */
static void child_settle(void)
{
    int fd = open("/dev/null", O_RDWR);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fd, 1);
    dup2(fd, 2);
}

static void list_start(struct world *w)
{
    snprintf(w->folder, sizeof w->folder, "/tmp/postern-resolver-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    assert_int_equal(chmod(w->folder, 0755), 0);
    write_zone(w);
    int fd = bind_somewhere(w->list_server, sizeof w->list_server);
    close(fd);
    const char *program = rbldnsd();
    if (program == NULL)
        return;
    char port[64];
    snprintf(port, sizeof port, "127.0.0.1/%s", strchr(w->list_server, '@') + 1);
    w->list = fork();
    assert_true(w->list >= 0);
    if (w->list == 0) {
        const char *arguments[] = {
            "rbldnsd", "-n", "-q", "-w", w->folder, "-b", port, "bl.test:ip4set:zone",
            "some.example:generic:generic", "2.0.10.in-addr.arpa:generic:generic", "-u", "nobody:nogroup", NULL,
        };
        if (geteuid() != 0)
            arguments[10] = NULL;
        child_settle();
        execv(program, (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
}

static int begin(void **state)
{
    static struct world w;
    struct err err;
    w = (struct world){ .loop = loop_new() };
    list_start(&w);
    w.silent = bind_somewhere(w.silent_server, sizeof w.silent_server);
    const char *const list[] = { w.list_server }, *const silent[] = { w.silent_server };
    const struct resolver_stub stubs[] = {
        { "bl.test", list, 1 }, { "some.example", list, 1 }, { "2.0.10.in-addr.arpa", list, 1 },
        { "silent.example", silent, 1 },
    };
    const struct resolver_options o = { .stubs = stubs, .stub_count = ROWS(stubs), .open_max = 20,
                                        .cache_bytes = 1 << 20 };
    w.r = resolver_new(w.loop, &o, &err);
    if (w.r == NULL)
        fail_msg("%s", err.text);
    *state = &w;
    for (unsigned i = 0; w.list != 0 && i < 50; i++) {   /* until the list is up */
        if (ask(&w, "2.0.0.127.bl.test", DNS_A, 200).status == DNS_OK)
            break;
        usleep(20000);
    }
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    char path[128];
    resolver_free(&w->r);
    loop_free(&w->loop);
    close(w->silent);
    if (w->list > 0) {
        kill(w->list, SIGKILL);
        waitpid(w->list, NULL, 0);
    }
    snprintf(path, sizeof path, "%s/zone", w->folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/generic", w->folder);
    unlink(path);
    rmdir(w->folder);
    return 0;
}

static void a_list(void **state)
{
    struct world *w = *state;
    if (w->list == 0)
        skip();
    struct got g = ask(w, "5.2.0.192.bl.test", DNS_A, 2000);
    assert_int_equal(g.status, DNS_OK);
    assert_string_equal(g.text, "127.0.0.4");
    assert_true(g.ttl > 30 && g.ttl <= 40);
    g = ask(w, "5.2.0.192.bl.test", DNS_TXT, 2000);
    assert_int_equal(g.status, DNS_OK);
    assert_string_equal(g.text, "Four 192.0.2.5");
    g = ask(w, "6.2.0.192.bl.test.", DNS_A, 2000);
    assert_int_equal(g.status, DNS_NXDOMAIN);
    assert_true(g.ttl <= 30);
    g = ask(w, "9.2.0.10.in-addr.arpa", DNS_TXT, 2000);
    assert_string_equal(g.text, "in a private reverse zone");
    g = ask(w, "9.2.0.10.in-addr.arpa", DNS_A, 2000);
    assert_int_equal(g.status, DNS_NODATA);
    g = ask(w, "many.some.example", DNS_A, 2000);
    assert_int_equal(g.status, DNS_OK);
    assert_int_equal(g.count, 60);
    assert_false(g.cut);
}

/* From the cache: the answer is there at once, and still not before resolver_ask has returned. */
static void the_cache(void **state)
{
    struct world *w = *state;
    if (w->list == 0)
        skip();
    ask(w, "5.2.0.192.bl.test", DNS_A, 2000);
    kill(w->list, SIGSTOP);
    struct got g = ask(w, "5.2.0.192.bl.test", DNS_A, 2000);
    kill(w->list, SIGCONT);
    assert_string_equal(g.text, "127.0.0.4");
    assert_true(g.ms < 500);
}

static void odd_names(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "a..b.bl.test", DNS_A, 500).status, DNS_BAD_NAME);
    assert_int_equal(ask(w, "", DNS_A, 500).status, DNS_BAD_NAME);
    if (w->list == 0)
        skip();
    assert_int_equal(ask(w, "a@b \\\".bl.test", DNS_A, 2000).status, DNS_NXDOMAIN);
    struct got g = { .loop = w->loop };
    struct err err;
    resolver_ask(w->r, STR("a\0b\n.bl.test"), DNS_A, 2000, (struct dns_asker){ on_answer, &g });
    assert_int_equal(loop_run(w->loop, &err), 0);
    assert_int_equal(g.status, DNS_NXDOMAIN);
}

static void silence(void **state)
{
    struct world *w = *state;
    struct got g = ask(w, "a.silent.example", DNS_A, 150);
    assert_int_equal(g.status, DNS_TIMEOUT);
    assert_in_range(g.ms, 150, 1500);
    uint64_t q = resolver_ask(w->r, STR("b.silent.example"), DNS_A, 100, (struct dns_asker){ on_answer, &g });
    resolver_cancel(w->r, q);
    assert_int_equal(ask(w, "c.silent.example", DNS_A, 300).status, DNS_TIMEOUT);
    assert_int_equal(g.calls, 1);
    struct resolver_stats s;
    resolver_stats(w->r, &s);
    assert_int_equal(s.open, 0);
}

/* More than open_max at a time; those that libunbound still holds are bounded too. */
static void busy(void **state)
{
    struct world *w = *state;
    struct got got[30] = { { .calls = 0 } };
    char name[64];
    unsigned count = 0;
    struct err err;
    for (unsigned round = 0; round < 6; round++) {
        for (size_t i = 0; i < ROWS(got); i++) {
            got[i] = (struct got){ .loop = w->loop };
            snprintf(name, sizeof name, "x%u-%zu.silent.example", round, i);
            resolver_ask(w->r, str_c(name), DNS_A, 50, (struct dns_asker){ on_answer, &got[i] });
        }
        for (size_t i = 0; i < ROWS(got); i++) {
            while (got[i].calls == 0)
                assert_int_equal(loop_run(w->loop, &err), 0);
            assert_int_equal(got[i].calls, 1);
            count += got[i].status == DNS_BUSY;
        }
    }
    assert_in_range(count, 60, 180);
    if (w->list != 0)   /* with all that under way, and more than it may be: the answer is a status */
        ask(w, "7.2.0.192.bl.test", DNS_A, 500);
}

/* A file in the world's folder. Returns its path, which lives until the next call. */
static const char *put_file(const struct world *w, const char *name, const char *text)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", w->folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static pid_t unbound_start(const struct world *w, const char *server)
{
    static const char *const places[] = {
        "/usr/sbin/unbound", "build/parts/apart/unbound/usr/sbin/unbound"
    };
    char text[1024];
    snprintf(text, sizeof text,
             "server:\n interface: %s\n do-daemonize: no\n username: \"\"\n chroot: \"\"\n pidfile: \"\"\n"
             " directory: \"%s\"\n use-syslog: no\n logfile: \"%s/unbound.log\"\n"
             " module-config: iterator\n"
             " local-zone: \"house.example.\" static\n local-data: \"mx.house.example. 60 A 192.0.2.77\"\n"
             " local-zone: \"10.in-addr.arpa.\" nodefault\n"
             " local-data: '3.2.1.10.in-addr.arpa. 60 TXT \"the house knows\"'\n"
             "remote-control:\n control-enable: no\n", server, w->folder, w->folder);
    for (size_t i = 0; i < ROWS(places); i++) {
        if (access(places[i], X_OK) != 0)
            continue;
        const char *config = put_file(w, "unbound.conf", text);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            child_settle();
            execl(places[i], "unbound", "-d", "-c", config, (char *)NULL);
            _exit(127);
        }
        return pid;
    }
    return 0;
}

/* It answers TCP too. Who asks before that makes libunbound take it for dead, for a long time. */
static void unbound_wait(const char *server)
{
    struct str port = str_skip(str_c(server), str_find_c(str_c(server), '@') + 1);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    uint64_t n;
    assert_int_equal(str_u64(port, &n), 0);
    at.sin_port = htons((uint16_t)n);
    for (unsigned i = 0; i < 600; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int failed = connect(fd, (const struct sockaddr *)(const void *)&at, sizeof at);
        close(fd);
        if (failed == 0)
            return;
        usleep(50000);
    }
    fail_msg("no unbound on %s", server);
}

/* Through a server of the house: on loopback, with names and private reverse zones of its own. */
static void a_forwarder(void **state)
{
    const struct world *world = *state;
    struct world w = *world;
    struct err err;
    char server[64];
    close(bind_somewhere(server, sizeof server));
    const char *const forwarders[] = { server };
    const struct resolver_options o = { .forwarders = forwarders, .forwarder_count = 1, .open_max = 20 };
    pid_t pid = unbound_start(&w, server);
    if (pid == 0)
        skip();
    unbound_wait(server);
    w.r = resolver_new(w.loop, &o, &err);
    assert_non_null(w.r);
    assert_string_equal(ask(&w, "mx.house.example", DNS_A, 10000).text, "192.0.2.77");
    assert_string_equal(ask(&w, "3.2.1.10.in-addr.arpa", DNS_TXT, 2000).text, "the house knows");
    assert_int_equal(ask(&w, "nobody.house.example", DNS_A, 2000).status, DNS_NXDOMAIN);
    resolver_free(&w.r);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(put_file(&w, "unbound.conf", ""));
    unlink(put_file(&w, "unbound.log", ""));
}

/* With a trust anchor a zone that cannot be proved is not believed; a stub is, as it says. */
static void an_anchor(void **state)
{
    const struct world *world = *state;
    struct world w = *world;
    struct err err;
    const char *const list[] = { w.list_server };
    const struct resolver_stub stubs[] = { { "bl.test", list, 1 } };
    const struct resolver_options o = {
        .stubs = stubs, .stub_count = 1, .open_max = 20,
        .trust_anchor = put_file(&w, "root.key", ". IN DS 20326 8 2 "
                                 "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"),
    };
    w.r = resolver_new(w.loop, &o, &err);
    unlink(o.trust_anchor);
    if (w.r == NULL)
        fail_msg("%s", err.text);
    if (w.list != 0)
        assert_string_equal(ask(&w, "5.2.0.192.bl.test", DNS_A, 2000).text, "127.0.0.4");
    resolver_free(&w.r);
}

static void bad_options(void **state)
{
    struct world *w = *state;
    static const char *const nonsense[] = { "nonsense" };
    static const struct resolver_stub stub = { "zone.example", nonsense, 1 };
    const struct {
        struct resolver_options o;
        const char *says;
    } rows[] = {
        { { .forwarders = nonsense, .forwarder_count = 1 }, "forwarder \"nonsense\"" },
        { { .stubs = &stub, .stub_count = 1 }, "stub zone zone.example: \"nonsense\"" },
        { { .trust_anchor = "/nowhere/root.key" }, "/nowhere/root.key" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct err err;
        assert_null(resolver_new(w->loop, &rows[i].o, &err));
        if (strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list),  cmocka_unit_test(the_cache), cmocka_unit_test(odd_names),
        cmocka_unit_test(silence), cmocka_unit_test(busy),      cmocka_unit_test(a_forwarder),
        cmocka_unit_test(an_anchor), cmocka_unit_test(bad_options),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
