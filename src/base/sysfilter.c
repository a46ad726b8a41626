/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysfilter - system calls that a process will never need again
 *
 * The program for the kernel is made here: load the architecture, load the
 * number, compare with each of the list, and two answers at the end. Jumps
 * count the instructions that are left out, and reach 255: hence the ceiling.
 */
#define _GNU_SOURCE
#include "base/sysfilter.h"

#ifdef __linux__

#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

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

#endif

#ifdef FILTER_ARCH

#define LOAD(field) \
    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, yes, no) \
    (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (uint8_t)(yes), (uint8_t)(no))
#define IF_AT_LEAST(value, yes, no) \
    (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (value), (uint8_t)(yes), (uint8_t)(no))
#define ANSWER(action) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (action))

#define FIXED 6u                 /* instructions beside the list */

bool sysfilter_deny(const int *numbers, size_t count)
{
    struct sock_filter code[SYSFILTER_MAX + FIXED];
    size_t n = 0;
    if (count > SYSFILTER_MAX)
        return false;
    code[n++] = LOAD(arch);
    code[n++] = IF_EQUAL(FILTER_ARCH, 0, count + 3);
    code[n++] = LOAD(nr);
    code[n++] = IF_AT_LEAST(FILTER_FOREIGN, count + 1, 0);
    for (size_t i = 0; i < count; i++)
        code[n++] = IF_EQUAL((uint32_t)numbers[i], count - i, 0);
    code[n++] = ANSWER(SECCOMP_RET_ALLOW);
    code[n++] = ANSWER(SECCOMP_RET_ERRNO | EACCES);
    struct sock_fprog program = { (unsigned short)n, code };
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#else

bool sysfilter_deny(const int *numbers, size_t count)
{
    (void)numbers;
    (void)count;
    return false;
}

#endif
