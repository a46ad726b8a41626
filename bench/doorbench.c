/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doorbench - an MTA that does nothing but ask, to measure a policy server
 *
 *   doorbench --socket PATH [--pid N] [--mode kept|exim] [--connections N] [--requests N]
 *             [--client A | A+N | bans:N] [--to ADDRESS] [--to-count N] [--expect TEXT] [--poll]
 *
 * kept: connections that stay open with one request at a time on each, as Postfix has them. exim:
 * a connection for each request, half-closed after it and read to the end, as ${readsocket} does.
 * --poll, with one connection: the asker does not sleep while it waits. To wake a processor that
 * fell asleep can cost more than a request, above all on a virtual machine, and who wakes it pays;
 * so this shows what the server can do, and without it what an idle machine makes of that.
 * The client is one address, the next N from one on, or one of the first N that storebench has
 * banned, at random; every # in the recipient is a random number below --to-count.
 *
 * Prints `name value` lines: how many a second, how long an answer took, and the CPU time of the
 * process --pid for each request, from its own CPU clock. An answer that does not begin with
 * --expect is a fault: the first is shown, and the exit status is 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
#include "mail/ip.h"
#include "spread.h"

#define CONNECTIONS_MAX 10000u
#define SESSIONS 1000u           /* a number of sessions that a busy server has at a time */
#define REQUEST_MAX 2048u
#define ANSWER_MAX 2048u
#define SILENCE_S 30             /* a server that is silent so long is broken */

enum clients { CLIENTS_ROW, CLIENTS_BANNED };

static struct {
    const char *socket, *to, *from, *helo, *expect;
    bool exim, poll;
    enum clients clients;
    uint32_t client_first, client_count, to_count;
    uint64_t connections, requests, pid;
} plan = { .to = "alice@here.test", .from = "fred@sender.example", .helo = "mail.sender.example",
           .expect = "action=", .client_first = 0xcb007109, .client_count = 1, .to_count = 1,
           .connections = 1, .requests = 100000 };

struct caller {
    int fd;
    double begun;
    size_t n;
    char answer[ANSWER_MAX];
};

static uint64_t made, faults;
static float *took;              /* seconds, of each answer */
static size_t answers;

/* --- small things --- */

static void fail(const char *what)
{
    fprintf(stderr, "doorbench: %s: %s\n", what, errno != 0 ? strerror(errno) : "wrong");
    exit(2);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* User and system time of all threads of the process that is measured. */
static double cpu(void)
{
    struct timespec t = { 0, 0 };
    clockid_t clock;
    if (plan.pid == 0)
        return 0;
    errno = clock_getcpuclockid((pid_t)plan.pid, &clock);
    if (errno != 0 || clock_gettime(clock, &t) != 0)
        fail("--pid");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t chance(uint32_t below)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (uint32_t)(x >> 32) % below;
}

/* --- requests --- */

static uint32_t client_of(uint64_t i)
{
    if (plan.clients == CLIENTS_BANNED)
        return spread_address(chance(plan.client_count));
    return plan.client_first + (uint32_t)(i % plan.client_count);
}

static void recipient_make(char out[256])
{
    size_t n = 0;
    for (const char *p = plan.to; *p != '\0' && n < 240; p++) {
        if (*p == '#')
            n += (size_t)snprintf(out + n, 12, "%u", chance(plan.to_count));
        else
            out[n++] = *p;
    }
    out[n] = '\0';
}

/* What the kit has Exim send at RCPT. */
static size_t request_make(char out[REQUEST_MAX])
{
    char to[256];
    uint64_t i = made++;
    uint32_t a = client_of(i);
    recipient_make(to);
    int n = snprintf(out, REQUEST_MAX,
                     "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
                     "instance=4711.%u.25000\nclient_address=%u.%u.%u.%u\nclient_port=%u\n"
                     "server_address=192.0.2.25\nserver_port=25\nhelo_name=%s\nsender=%s\n"
                     "sasl_username=\nrecipient=%s\n\n",
                     (unsigned)(i % SESSIONS), a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255,
                     (unsigned)(1024 + i % SESSIONS), plan.helo, plan.from, to);
    must(n > 0 && (size_t)n < REQUEST_MAX);
    return (size_t)n;
}

static int connection_open(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    struct timeval silence = { .tv_sec = SILENCE_S };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(plan.socket) >= sizeof to.sun_path)
        errno = ENAMETOOLONG, fail(plan.socket);
    memcpy(to.sun_path, plan.socket, strlen(plan.socket));
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence) != 0)
        fail(plan.socket);
    return fd;
}

static void request_send(struct caller *k)
{
    char request[REQUEST_MAX];
    size_t n = request_make(request);
    k->n = 0;
    k->begun = now();
    if (plan.exim)
        k->fd = connection_open();
    if (send(k->fd, request, n, MSG_NOSIGNAL) != (ssize_t)n)
        fail("a request could not be sent");
    if (plan.exim && shutdown(k->fd, SHUT_WR) != 0)
        fail("shutdown");
}

/* Reads once. True: the answer is whole, and has been counted. */
static bool answer_read(struct caller *k)
{
    ssize_t n = recv(k->fd, k->answer + k->n, ANSWER_MAX - k->n, plan.poll ? MSG_DONTWAIT : 0);
    if (n < 0 && plan.poll && errno == EAGAIN && now() - k->begun < SILENCE_S)
        return false;
    if (n < 0)
        fail("no answer");
    k->n += (size_t)n;
    struct str got = str_make(k->answer, k->n);
    bool whole = plan.exim ? n == 0 : str_ends(got, STR("\n\n"));
    if (!whole && (n == 0 || k->n == ANSWER_MAX))
        fail("the server closed in the middle of an answer, or it has no end");
    if (!whole)
        return false;
    took[answers++] = (float)(now() - k->begun);
    if (str_starts(got, str_c(plan.expect)) && str_ends(got, STR("\n\n")))
        return true;
    if (faults++ == 0)
        fprintf(stderr, "doorbench: expected \"%s\", got \"%.*s\"\n", plan.expect,
                (int)str_trim(got).n, got.p);
    return true;
}

/* --- the ways to ask --- */

static void ask_in_turn(void)
{
    struct caller k = { .fd = -1 };
    if (!plan.exim)
        k.fd = connection_open();
    while (answers < plan.requests) {
        request_send(&k);
        while (!answer_read(&k))
            ;
        if (plan.exim)
            close(k.fd);
    }
    if (!plan.exim)
        close(k.fd);
}

static void caller_ready(int poll_fd, struct caller *k)
{
    if (!answer_read(k))
        return;
    if (made < plan.requests)
        request_send(k);
    else if (epoll_ctl(poll_fd, EPOLL_CTL_DEL, k->fd, NULL) != 0)
        fail("epoll_ctl");
}

static void ask_at_once(void)
{
    struct caller *callers = must_array(plan.connections, sizeof *callers);
    struct epoll_event ready[256];
    int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < plan.connections; i++) {
        struct epoll_event e = { .events = EPOLLIN, .data = { .ptr = &callers[i] } };
        callers[i].fd = connection_open();
        if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, callers[i].fd, &e) != 0)
            fail("epoll_ctl");
    }
    for (size_t i = 0; i < plan.connections; i++)
        request_send(&callers[i]);
    while (answers < plan.requests) {
        int n = epoll_wait(poll_fd, ready, 256, SILENCE_S * 1000);
        if (n <= 0)
            fail("no answer");
        for (int i = 0; i < n; i++)
            caller_ready(poll_fd, ready[i].data.ptr);
    }
    for (size_t i = 0; i < plan.connections; i++)
        close(callers[i].fd);
    close(poll_fd);
    free(callers);
}

/* --- what is said --- */

static int by_time(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void report(double seconds, double used)
{
    qsort(took, answers, sizeof took[0], by_time);
    printf("requests %zu\nfaults %llu\nseconds %.4f\nrate %.0f\n", answers,
           (unsigned long long)faults, seconds, (double)answers / seconds);
    printf("median_us %.1f\np99_us %.1f\nworst_us %.1f\n", (double)took[answers / 2] * 1e6,
           (double)took[answers * 99 / 100] * 1e6, (double)took[answers - 1] * 1e6);
    if (plan.pid != 0)
        printf("cpu_seconds %.4f\ncpu_us %.2f\n", used, used / (double)answers * 1e6);
}

/* --- options --- */

static uint64_t number(const char *text, uint64_t max)
{
    uint64_t value = 0;
    errno = EINVAL;
    if (str_u64(str_c(text), &value) != 0 || value == 0 || value > max)
        fail(text);
    return value;
}

/* A, A+N or bans:N */
static void clients_set(const char *text)
{
    struct str s = str_c(text);
    struct ip ip;
    if (str_starts(s, STR("bans:"))) {
        plan.clients = CLIENTS_BANNED;
        plan.client_count = (uint32_t)number(text + 5, UINT32_MAX);
        return;
    }
    struct str first = str_cut(&s, '+');
    errno = EINVAL;
    if (ip_parse(first, &ip) != 0)
        fail(text);
    plan.client_first = (uint32_t)ip.b[12] << 24 | (uint32_t)ip.b[13] << 16 |
                        (uint32_t)ip.b[14] << 8 | ip.b[15];
    const char *count = strchr(text, '+');
    plan.client_count = count == NULL ? 1 : (uint32_t)number(count + 1, UINT32_MAX);
}

static void options(int argc, char **argv)
{
    static const struct option names[] = {
        { "socket", required_argument, NULL, 's' }, { "pid", required_argument, NULL, 'p' },
        { "mode", required_argument, NULL, 'm' }, { "connections", required_argument, NULL, 'k' },
        { "requests", required_argument, NULL, 'n' }, { "client", required_argument, NULL, 'c' },
        { "to", required_argument, NULL, 't' }, { "to-count", required_argument, NULL, 'T' },
        { "expect", required_argument, NULL, 'e' }, { "poll", no_argument, NULL, 'w' },
        { NULL, 0, NULL, 0 },
    };
    int c;
    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (c) {
        case 's': plan.socket = optarg; break;
        case 'p': plan.pid = number(optarg, INT32_MAX); break;
        case 'm': plan.exim = strcmp(optarg, "exim") == 0; break;
        case 'k': plan.connections = number(optarg, CONNECTIONS_MAX); break;
        case 'n': plan.requests = number(optarg, 100000000); break;
        case 'c': clients_set(optarg); break;
        case 't': plan.to = optarg; break;
        case 'T': plan.to_count = (uint32_t)number(optarg, UINT32_MAX); break;
        case 'e': plan.expect = optarg; break;
        case 'w': plan.poll = true; break;
        default: exit(2);
        }
    }
    errno = EINVAL;
    if (plan.socket == NULL || plan.connections > plan.requests || optind < argc ||
        ((plan.exim || plan.poll) && plan.connections > 1))
        fail("usage: see the top of doorbench.c");
}

int main(int argc, char **argv)
{
    options(argc, argv);
    took = must_array(plan.requests, sizeof *took);
    double used = cpu(), begin = now();
    if (plan.connections == 1)
        ask_in_turn();
    else
        ask_at_once();
    double seconds = now() - begin;
    report(seconds, cpu() - used);
    free(took);
    return faults == 0 ? 0 : 1;
}
