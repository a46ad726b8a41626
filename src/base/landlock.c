/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock - which files and ports a process may still reach
 *
 * The numbers below are the kernel's interface (Documentation/userspace-api/
 * landlock.rst), the same on every architecture.
 */
#define _GNU_SOURCE
#include "base/landlock.h"

#ifdef __linux__

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same numbers on every architecture but Alpha, which no headers this old know. */
#if !defined(__NR_landlock_create_ruleset) && !defined(__alpha__)
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif

#endif

#if defined(__linux__) && defined(__NR_landlock_create_ruleset)

#define ASK_VERSION 1u           /* LANDLOCK_CREATE_RULESET_VERSION */
#define RULE_PATH 1
#define RULE_PORT 2

/* struct landlock_ruleset_attr of ABI 6; older kernels are given the front of it. */
struct ruleset {
    uint64_t files, net, scoped;
};

struct path_rule {
    uint64_t rights;
    int32_t fd;
} __attribute__((packed));

struct port_rule {
    uint64_t rights, port;
};

#define RIGHT_EXECUTE (1u << 0)
#define RIGHT_WRITE (1u << 1)
#define RIGHT_READ (1u << 2)
#define RIGHT_READ_FOLDER (1u << 3)
#define RIGHT_MAKE_AND_REMOVE 0x1ff0u    /* of files and folders, all seven kinds */
#define RIGHT_MOVE (1u << 13)
#define RIGHT_TRUNCATE (1u << 14)
#define RIGHT_DEVICE (1u << 15)          /* commands to devices */
#define RIGHT_BIND (1u << 0)
#define RIGHT_CONNECT (1u << 1)

#define READING (RIGHT_READ | RIGHT_READ_FOLDER)
#define OF_FILES (RIGHT_WRITE | RIGHT_READ | RIGHT_TRUNCATE)
#define WRITING (RIGHT_WRITE | RIGHT_MAKE_AND_REMOVE | RIGHT_MOVE | RIGHT_TRUNCATE)

/* Rights by the ABI that brought them; reading is added by those who want it. */
static const struct right {
    int abi;
    size_t size;                 /* of the struct in that ABI */
    struct ruleset bits;
} rights[] = {
    { 1, offsetof(struct ruleset, net),
      { .files = RIGHT_EXECUTE | RIGHT_WRITE | RIGHT_MAKE_AND_REMOVE } },
    { 2, offsetof(struct ruleset, net), { .files = RIGHT_MOVE } },
    { 3, offsetof(struct ruleset, net), { .files = RIGHT_TRUNCATE } },
    { 4, offsetof(struct ruleset, scoped), { .net = RIGHT_BIND | RIGHT_CONNECT } },
    { 5, offsetof(struct ruleset, scoped), { .files = RIGHT_DEVICE } },
    { 6, sizeof(struct ruleset), { .scoped = 1u << 0 | 1u << 1 } },
};

static size_t handled(int abi, bool reading, struct ruleset *out)
{
    size_t size = 0;
    *out = (struct ruleset){ .files = reading ? READING : 0 };
    for (size_t i = 0; i < sizeof rights / sizeof rights[0] && rights[i].abi <= abi; i++) {
        out->files |= rights[i].bits.files;
        out->net |= rights[i].bits.net;
        out->scoped |= rights[i].bits.scoped;
        size = rights[i].size;
    }
    return size;
}

/* A rule for a file may hold rights of files only, else the kernel refuses all of it. */
static void path_allow(int set, const struct ruleset *have, const struct landlock_path *p)
{
    struct path_rule rule = { .rights = READING | (p->write ? WRITING : 0) };
    struct stat st;
    rule.fd = open(p->path, O_PATH | O_CLOEXEC);
    if (rule.fd < 0)
        return;
    if (fstat(rule.fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rule.rights &= OF_FILES;
    rule.rights &= have->files;
    if (rule.rights != 0)
        syscall(__NR_landlock_add_rule, set, RULE_PATH, &rule, 0u);
    close(rule.fd);
}

static void ports_allow(int set, uint64_t right, const uint16_t *ports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct port_rule rule = { right, ports[i] };
        syscall(__NR_landlock_add_rule, set, RULE_PORT, &rule, 0u);
    }
}

int landlock_apply(const struct landlock_rules *rules)
{
    struct ruleset have;
    int abi = (int)syscall(__NR_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);
    if (abi < 1)
        return 0;
    size_t size = handled(abi, rules->reading, &have);
    int set = (int)syscall(__NR_landlock_create_ruleset, &have, size, 0u);
    if (set < 0)
        return 0;
    for (size_t i = 0; i < rules->path_count; i++)
        path_allow(set, &have, &rules->paths[i]);
    if (abi >= LANDLOCK_ABI_TCP) {
        ports_allow(set, RIGHT_CONNECT, rules->connect_ports, rules->connect_count);
        ports_allow(set, RIGHT_BIND, rules->bind_ports, rules->bind_count);
    }
    int rc = (int)syscall(__NR_landlock_restrict_self, set, 0u);
    close(set);
    return rc == 0 ? abi : 0;
}

#else

int landlock_apply(const struct landlock_rules *rules)
{
    (void)rules;
    return 0;
}

#endif
