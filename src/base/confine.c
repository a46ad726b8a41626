/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine - give up what a reader of logs does not need
 *
 * Three layers, each by raw system calls, because the headers of the build machine
 * say nothing about the kernel that it will run on. Landlock guards the files:
 * rights that a ruleset "handles" are denied wherever no rule grants them; ours
 * handles all that changes something, grants none, and does not handle
 * reading at all. Landlock knows only TCP and files with a path, so a filter of
 * system calls stops every socket and every program as well: without it a
 * hijacked reader could still carry what it reads away in a DNS question, or ask
 * a service of root for help. Dropped capabilities are what is left where the
 * kernel has neither.
 *
 * A step that fails must never keep the next one from being tried.
 */
#define _GNU_SOURCE
#include "base/confine.h"

#include <stdio.h>
#include <string.h>

#ifdef __linux__

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

/* --- Landlock --- */

/* The same numbers on every architecture but Alpha, which no headers this old know. */
#if !defined(__NR_landlock_create_ruleset) && !defined(__alpha__)
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_restrict_self 446
#endif

#ifdef __NR_landlock_create_ruleset

#define ASK_VERSION 1u           /* LANDLOCK_CREATE_RULESET_VERSION */

/* struct landlock_ruleset_attr of ABI 6; older kernels are given the front of it. */
struct ruleset {
    uint64_t files, net, scoped;
};

/* Rights by the ABI that brought them. Reading is right 2 (files) and 3 (folders): not handled. */
static const struct right {
    int abi;
    size_t size;                 /* of the struct in that ABI */
    struct ruleset bits;
} rights[] = {
    /* execute, write, remove folder and file, make all seven kinds of file */
    { 1, offsetof(struct ruleset, net), { .files = 1u << 0 | 1u << 1 | 0x1ff0u } },
    { 2, offsetof(struct ruleset, net), { .files = 1u << 13 } },     /* move between folders */
    { 3, offsetof(struct ruleset, net), { .files = 1u << 14 } },     /* truncate */
    { 4, offsetof(struct ruleset, scoped), { .net = 1u << 0 | 1u << 1 } }, /* TCP: bind, connect */
    { 5, offsetof(struct ruleset, scoped), { .files = 1u << 15 } },  /* ioctl on devices */
    { 6, sizeof(struct ruleset), { .scoped = 1u << 0 | 1u << 1 } },  /* abstract sockets, signals */
};

/* 0 if the ruleset holds from now on. */
static int landlock_enforce(int abi)
{
    struct ruleset set = { 0, 0, 0 };
    size_t size = 0;
    for (size_t i = 0; i < sizeof rights / sizeof rights[0] && rights[i].abi <= abi; i++) {
        set.files |= rights[i].bits.files;
        set.net |= rights[i].bits.net;
        set.scoped |= rights[i].bits.scoped;
        size = rights[i].size;
    }
    int fd = (int)syscall(__NR_landlock_create_ruleset, &set, size, 0u);
    if (fd < 0)
        return -1;
    int rc = (int)syscall(__NR_landlock_restrict_self, fd, 0u);
    close(fd);
    return rc;
}

static void landlock_apply(struct confine_report *out)
{
    int abi = (int)syscall(__NR_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);
    if (abi < 1 || landlock_enforce(abi) != 0)
        return;
    out->landlock_abi = abi;
    out->fs_read_only = abi >= 3;
    out->no_connect = abi >= 4;
    out->no_exec = true;
}

#else

static void landlock_apply(struct confine_report *out)
{
    (void)out;
}

#endif

/* --- the filter of system calls --- */

#if defined(__x86_64__) && !defined(__ILP32__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#define FILTER_FOREIGN 0x40000000u  /* numbers from here on are of the x32 form */
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#define FILTER_FOREIGN UINT32_MAX
#elif defined(__riscv) && __riscv_xlen == 64
#define FILTER_ARCH AUDIT_ARCH_RISCV64
#define FILTER_FOREIGN UINT32_MAX
#endif

#ifdef FILTER_ARCH

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define IF_AT_LEAST(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (value), (yes), (no))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, (action))

/* Jumps count the instructions that are left out. io_uring is in the list because its
 * operations, sockets among them, pass by any filter. */
static const struct sock_filter filter[] = {
    LOAD(arch),
    IF_EQUAL(FILTER_ARCH, 0, 7),
    LOAD(nr),
    IF_AT_LEAST(FILTER_FOREIGN, 5, 0),
    IF_EQUAL(__NR_execve, 4, 0),
    IF_EQUAL(__NR_execveat, 3, 0),
    IF_EQUAL(__NR_socket, 2, 0),
    IF_EQUAL(__NR_io_uring_setup, 1, 0),
    ANSWER(SECCOMP_RET_ALLOW),
    ANSWER(SECCOMP_RET_ERRNO | EACCES),
};

/* True if it holds from now on. */
static bool filter_apply(void)
{
    /* The kernel copies the program; the interface lacks a const. */
    union {
        const struct sock_filter *ours;
        struct sock_filter *theirs;
    } code = { .ours = filter };
    struct sock_fprog program = { sizeof filter / sizeof filter[0], code.theirs };
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#else

static bool filter_apply(void)
{
    return false;
}

#endif

/* --- capabilities --- */

static int capabilities_set(uint32_t keep)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    data[0].effective = keep;
    data[0].permitted = keep;
    return (int)syscall(SYS_capset, &head, data);
}

/* Of the first 32: what we have. All of them if that cannot be learned. */
static uint32_t capabilities_get(bool *others_out)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    *others_out = true;
    if (syscall(SYS_capget, &head, data) != 0)
        return UINT32_MAX;
    *others_out = data[1].permitted != 0;
    return data[0].permitted;
}

/* Root without this one cannot read the logs of others. */
#define CAPABILITY_READ (1u << CAP_DAC_READ_SEARCH)

/* True if none is left but reading. The bounding set goes first: that takes a capability itself. */
static bool capabilities_drop(bool *reading_out)
{
    bool others;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    capabilities_set(capabilities_get(&others) & CAPABILITY_READ);
    uint32_t left = capabilities_get(&others);
    *reading_out = left == CAPABILITY_READ;
    return (left & ~CAPABILITY_READ) == 0 && !others;
}

/* --- all of it --- */

static const char *files_text(const struct confine_report *r)
{
    if (r->landlock_abi == 0)
        return "Landlock not available";
    return r->fs_read_only ? "no writing" : "no writing (but truncation)";
}

static const char *capabilities_text(const struct confine_report *r, bool reading)
{
    if (!r->capabilities_dropped)
        return "capabilities could not be dropped";
    return reading ? "capabilities dropped but reading" : "no capabilities";
}

void confine_read_only(struct confine_report *out)
{
    bool reading;
    char landlock[32] = "";
    memset(out, 0, sizeof *out);
    out->no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    landlock_apply(out);
    bool filtered = filter_apply();
    out->no_exec = out->no_exec || filtered;
    out->no_connect = out->no_connect || filtered;
    out->capabilities_dropped = capabilities_drop(&reading);
    if (out->landlock_abi > 0)
        snprintf(landlock, sizeof landlock, "Landlock ABI %d: ", out->landlock_abi);
    snprintf(out->text, sizeof out->text, "%s%s%s%s; %s", landlock, files_text(out),
             out->no_exec ? ", no programs" : "",
             filtered ? ", no network" : out->no_connect ? ", no TCP" : "",
             capabilities_text(out, reading));
}

#else

void confine_read_only(struct confine_report *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->text, sizeof out->text, "not available on this system: all rights are kept");
}

#endif
