/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recipients - the recipient tables from a shell: to measure, and to ask
 *
 *   recipients bench [ADDRESSES]             a server of that size made up, read and asked
 *   recipients ask ROOT LAYOUT [--aliases FILE] ADDRESS...
 *                                            what the tables say, a line for each address
 *
 * `bench` makes a cPanel server (500 addresses a domain: half mailboxes, half forwards) below
 * a temporary folder, and prints what reading it cost, what it takes in memory
 * and what a question costs, on the right and on the wrong addresses. The end-to-end
 * tests use `ask` to compare us with the real Exim.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "mail/address.h"
#include "tables/recipients.h"

#define PER_DOMAIN 500u
#define QUESTIONS 2000000u

static const char *const states[] = { "no-table", "foreign", "backup", "valid", "catch-all",
                                      "blackhole", "unknown", "fail", "defer" };

/* --- ask --- */

static enum recipients_layout layout_of(const char *name)
{
    static const char *const names[] = { "none", "auto", "debian", "cpanel", "directadmin",
                                         "hestia", "files" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum recipients_layout)i;
    }
    return LAYOUT_NONE;
}

static void ask_one(struct recipients *r, const char *text)
{
    struct address a;
    struct recipient got;
    enum address_fault fault = address_parse(str_c(text), &a);
    if (fault != ADDRESS_OK) {
        printf("%s\tsyntax\t0\t\t%s\n", text, address_fault_text(fault));
        return;
    }
    recipients_ask(r, a.local, a.domain, &got);
    printf("%s\t%s\t%u\t%s\t%.*s\n", text, states[got.state], got.code, got.status,
           STR_ARG(got.text));
}

static int ask(int argc, char **argv)
{
    struct err err;
    struct recipients_file aliases = { .format = RECIPIENTS_ALIASES };
    struct recipients_options o = { .addresses_max = 10000000 };
    int next = 2;
    if (argc < 3)
        return 2;
    o.root = argv[0];
    o.layout = layout_of(argv[1]);
    if (argc > 4 && strcmp(argv[2], "--aliases") == 0) {
        aliases.path = argv[3];
        o.files = &aliases;
        o.file_count = 1;
        next = 4;
    }
    struct recipients *r = recipients_new(NULL, &o, &err);
    if (r == NULL) {
        fprintf(stderr, "recipients: %s\n", err.text);
        return 2;
    }
    for (; next < argc; next++)
        ask_one(r, argv[next]);
    recipients_free(&r);
    return 0;
}

/* --- bench --- */

static char root[] = "/tmp/postern-bench.XXXXXX";

static FILE *file_make(const char *path)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(full, 0755);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    must(f != NULL);
    return f;
}

static void domain_make(unsigned domain, unsigned addresses)
{
    char path[256];
    snprintf(path, sizeof path, "/home/user%u/etc/domain%u.example.com/passwd", domain, domain);
    FILE *f = file_make(path);
    for (unsigned i = 0; i < addresses; i += 2)
        fprintf(f, "mailbox%u:x:1000:1000::/home/user%u/mail/mailbox%u:/bin/sh\n", i, domain, i);
    fclose(f);
    snprintf(path, sizeof path, "/etc/valiases/domain%u.example.com", domain);
    f = file_make(path);
    for (unsigned i = 1; i < addresses; i += 2)
        fprintf(f, "forward%u@domain%u.example.com: someone%u@far%u.example.net\n", i, domain, i,
                domain);
    fprintf(f, "*: :fail: No Such User Here\n");
    fclose(f);
}

static void server_make(unsigned addresses)
{
    unsigned domains = (addresses + PER_DOMAIN - 1) / PER_DOMAIN;
    FILE *local = file_make("/etc/localdomains"), *owners = file_make("/etc/userdomains");
    FILE *passwd = file_make("/etc/passwd");
    for (unsigned d = 0; d < domains; d++) {
        unsigned left = addresses - d * PER_DOMAIN;
        domain_make(d, left < PER_DOMAIN ? left : PER_DOMAIN);
        fprintf(local, "domain%u.example.com\n", d);
        fprintf(owners, "domain%u.example.com: user%u\n", d, d);
        fprintf(passwd, "user%u:x:1000:1000::/home/user%u:/bin/sh\n", d, d);
    }
    fclose(local);
    fclose(owners);
    fclose(passwd);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double rss_mib(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    char line[128];
    if (f != NULL && fgets(line, sizeof line, f) != NULL) {
        struct str s = str_c(line);
        uint64_t value = 0;
        str_word(&s);
        if (str_u64(str_word(&s), &value) == 0)
            pages = (long)value;
    }
    if (f != NULL)
        fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

/* Questions in an order that no cache can guess. */
static void questions(struct recipients *r, unsigned addresses, const char *what, bool right)
{
    char local[64], domain[64];
    struct recipient got;
    uint64_t x = 88172645463325252u;
    unsigned good = 0;
    double begin = seconds();
    for (unsigned i = 0; i < QUESTIONS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        unsigned n = (unsigned)(x >> 32) % addresses;
        unsigned within = n % PER_DOMAIN;
        const char *stem = !right ? "guess" : within % 2 == 0 ? "mailbox" : "forward";
        int a = snprintf(local, sizeof local, "%s%u", stem, within);
        int b = snprintf(domain, sizeof domain, "domain%u.example.com", n / PER_DOMAIN);
        recipients_ask(r, str_make(local, (size_t)a), str_make(domain, (size_t)b), &got);
        good += got.state == (right ? RECIPIENT_VALID : RECIPIENT_FAIL);
    }
    double took = seconds() - begin;
    printf("| %s | %.2f us, two snprintf() included; %u of %u as they should be |\n", what,
           took * 1e6 / QUESTIONS, good, QUESTIONS);
}

static int bench(unsigned addresses)
{
    struct err err;
    struct recipients_stats stats;
    struct recipients_options o = { .layout = LAYOUT_CPANEL, .root = root,
                                    .addresses_max = 10000000 };
    must(mkdtemp(root) != NULL);
    server_make(addresses);
    double before = rss_mib(), begin = seconds();
    struct recipients *r = recipients_new(NULL, &o, &err);
    double first = seconds() - begin;
    must(r != NULL);
    recipients_stats(r, &stats);
    printf("| recipients | |\n|---|---|\n");
    printf("| addresses, domains, files | %llu, %llu, %llu |\n",
           (unsigned long long)stats.addresses, (unsigned long long)stats.domains,
           (unsigned long long)stats.files);
    printf("| reading all | %.2f s |\n", first);
    usleep(100000);                      /* files younger than a tick are read once more */
    recipients_check(r);
    begin = seconds();
    recipients_check(r);
    printf("| looking for changes | %.0f ms |\n", (seconds() - begin) * 1000);
    printf("| memory | %.1f MiB in tables, %.1f MiB more than before |\n",
           (double)stats.bytes / (1024 * 1024), rss_mib() - before);
    questions(r, addresses, "a question, known address", true);
    questions(r, addresses, "a question, guessed address", false);
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    printf("| most memory at any time | %.1f MiB |\n", (double)use.ru_maxrss / 1024);
    recipients_free(&r);
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t addresses = 1000000;
    if (argc > 2 && strcmp(argv[1], "ask") == 0)
        return ask(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "bench") == 0 &&
        (argc == 2 || str_u64(str_c(argv[2]), &addresses) == 0) && addresses > 0 &&
        addresses <= 10000000)
        return bench((unsigned)addresses);
    fprintf(stderr, "usage: recipients bench [ADDRESSES] | ask ROOT LAYOUT [--aliases FILE] "
                    "ADDRESS...\n");
    return 2;
}
