/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine - give up what a reader of logs does not need
 *
 * Three layers. Landlock guards the files: all that changes something is given
 * up, and nothing is granted; reading is left alone. Landlock knows only TCP and
 * files with a path, so a filter of system calls stops every socket and every
 * program as well: without it a hijacked reader could still carry what it reads
 * away in a DNS question, or ask a service of root for help. Dropped
 * capabilities are what is left where the kernel has neither.
 *
 * A step that fails must never keep the next one from being tried.
 */
#define _GNU_SOURCE
#include "base/confine.h"

#include <stdio.h>
#include <string.h>

#ifdef __linux__

#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/capability.h"
#include "base/landlock.h"
#include "base/sysfilter.h"

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#endif

static void landlock_report(struct confine_report *out)
{
    static const struct landlock_rules nothing = { .paths = NULL };
    int abi = landlock_apply(&nothing);
    out->landlock_abi = abi;
    out->fs_read_only = abi >= LANDLOCK_ABI_TRUNCATE;
    out->no_connect = abi >= LANDLOCK_ABI_TCP;
    out->no_exec = abi > 0;
}

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
    /* io_uring is here because its operations, sockets among them, pass by any filter */
    static const int calls[] = { __NR_execve, __NR_execveat, __NR_socket, __NR_io_uring_setup };
    bool reading;
    char landlock[32] = "";
    memset(out, 0, sizeof *out);
    out->no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    landlock_report(out);
    bool filtered = sysfilter_deny(calls, sizeof calls / sizeof calls[0]);
    out->no_exec = out->no_exec || filtered;
    out->no_connect = out->no_connect || filtered;
    out->capabilities_dropped = capability_drop(CAPABILITY_READ, &reading);
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
