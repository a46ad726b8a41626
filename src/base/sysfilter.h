/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysfilter - system calls that a process will never need again
 *
 * A list of calls to refuse (seccomp), not of those to allow: a C library that
 * is updated may call something new at any time, and a program that dies of
 * that at night is a worse guard than none. What is refused fails with an error
 * number; nothing is killed.
 */
#ifndef POSTERN_BASE_SYSFILTER_H
#define POSTERN_BASE_SYSFILTER_H

#include <stdbool.h>
#include <stddef.h>

#define SYSFILTER_MAX 200u

/* Refuse these calls (their __NR_ numbers) with EACCES, and with them all of other forms of the
 * instruction set; for this thread and what it starts, for good. Needs no_new_privs (prctl). True
 * if it holds; false where the kernel has no filters, or the architecture is not known here. */
bool sysfilter_deny(const int *numbers, size_t count);

#endif
