/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs_confine - what a posternd that somebody has taken over could still reach
 *
 * The lists are here: what is read (settings, the files of recipients, what the
 * C library wants), what is written (state, log, sockets), where connections go
 * (the DNS, callouts), and which system calls are for others. A program is never
 * started, so that is the first to go.
 */
#define _GNU_SOURCE
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "conf/conf_types.h"
#include "daemon/privs.h"

#ifdef __linux__

#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/capability.h"
#include "base/landlock.h"
#include "base/sysfilter.h"

struct reach {
    struct landlock_path *paths;     /* the strings are heap, too */
    size_t path_count;
    uint16_t *connect, *bind;
    size_t connect_count, bind_count;
};

/* --- files --- */

static void path_add(struct reach *r, struct str path, bool write)
{
    char *copy = must_alloc(path.n + 1);
    memcpy(copy, path.p, path.n);
    r->paths = must_realloc(r->paths, (r->path_count + 1) * sizeof *r->paths);
    r->paths[r->path_count++] = (struct landlock_path){ copy, write };
}

/* The folder of a file, since a file that is replaced is another one. A file right below / is
 * allowed alone. */
static void folder_add(struct reach *r, const char *file, bool write)
{
    size_t slash = str_rfind_c(str_c(file), '/');
    if (file[0] != '/')
        return;
    path_add(r, slash == 0 ? str_c(file) : str_make(file, slash), write);
}

/* The folder that a real home lies in, if the home has the files of a mail account: so those of
 * system users do not open /var. A home right below / is allowed alone. */
static void home_add(struct reach *r, const char *home)
{
    char etc[PATH_MAX], real[PATH_MAX];
    int n = snprintf(etc, sizeof etc, "%s/etc", home);
    if (home[0] != '/' || n < 0 || (size_t)n >= sizeof etc || access(etc, F_OK) != 0 ||
        realpath(home, real) == NULL)
        return;
    size_t slash = str_rfind_c(str_c(real), '/');
    struct str folder = slash == 0 ? str_c(real) : str_make(real, slash);
    for (size_t i = 0; i < r->path_count; i++) {
        if (str_eq(str_c(r->paths[i].path), folder))
            return;
    }
    if (folder.n > 1)
        path_add(r, folder, false);
}

/* Accounts lie below /home, /home2 and so on, and wherever else /etc/passwd has them. */
static void homes_add(struct reach *r)
{
    glob_t g;
    if (glob("/home*", GLOB_ONLYDIR, NULL, &g) == 0) {
        for (size_t i = 0; i < g.gl_pathc; i++)
            path_add(r, str_c(g.gl_pathv[i]), false);
        globfree(&g);
    }
    FILE *f = fopen("/etc/passwd", "re");
    const struct passwd *user;
    while (f != NULL && (user = fgetpwent(f)) != NULL)
        home_add(r, user->pw_dir);
    if (f != NULL)
        fclose(f);
}

/* "" is the layout of the whole system: homes and the panel's own folders. */
static void recipients_add(struct reach *r, const struct conf_recipient *c)
{
    struct str layout = str_c(c->layout);
    for (size_t i = 0; i < c->table_count; i++)
        folder_add(r, c->tables[i].file, false);
    if (str_eq(layout, STR("none")) || str_eq(layout, STR("files")))
        return;
    if (c->root[0] != '\0') {
        path_add(r, str_c(c->root), false);
        return;
    }
    homes_add(r);
    path_add(r, STR("/var/cpanel"), false);
}

static void paths_add(struct reach *r, const struct conf *c)
{
    static const char *const always[] = {
        "/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/proc/self", "/dev/urandom",
        "/dev/random",
    };
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        path_add(r, str_c(always[i]), false);
    path_add(r, STR("/dev/null"), true);
    folder_add(r, c->file, false);
    folder_add(r, c->dns.trust_anchor, false);
    recipients_add(r, &c->recipient);
    if (c->daemon.state[0] != '\0')
        path_add(r, str_c(c->daemon.state), true);
    folder_add(r, c->daemon.log, true);
    folder_add(r, c->door.socket, true);
    folder_add(r, c->control.socket, true);
}

/* --- ports --- */

static void port_add(uint16_t **ports, size_t *count, uint16_t port)
{
    *ports = must_realloc(*ports, (*count + 1) * sizeof **ports);
    (*ports)[(*count)++] = port;
}

static void servers_add(struct reach *r, const struct conf_strings *servers)
{
    struct ip ip;
    uint16_t port;
    for (size_t i = 0; i < servers->n; i++) {
        if (conf_type_server(str_c(servers->v[i]), &ip, &port) == 0)
            port_add(&r->connect, &r->connect_count, port);
    }
}

static void listen_add(struct reach *r, const char *where)
{
    struct ip ip;
    uint16_t port;
    if (conf_type_host_port(str_c(where), &ip, &port) == 0)
        port_add(&r->bind, &r->bind_count, port);
}

/* The port of callouts always: a reload may switch them on. */
static void ports_add(struct reach *r, const struct conf *c)
{
    port_add(&r->connect, &r->connect_count, 53);
    port_add(&r->connect, &r->connect_count, c->callout.port);
    servers_add(r, &c->dns.forwarders);
    for (size_t i = 0; i < c->dns.stub_count; i++)
        servers_add(r, &c->dns.stubs[i].servers);
    for (size_t i = 0; i < c->door.listen.n; i++)
        listen_add(r, c->door.listen.v[i]);
    listen_add(r, c->daemon.metrics);
}

static int landlock_enforce(const struct conf *c)
{
    struct reach r = { .paths = NULL };
    paths_add(&r, c);
    ports_add(&r, c);
    struct landlock_rules rules = {
        .reading = true, .paths = r.paths, .path_count = r.path_count,
        .connect_ports = r.connect, .connect_count = r.connect_count,
        .bind_ports = r.bind, .bind_count = r.bind_count,
    };
    int abi = landlock_apply(&rules);
    for (size_t i = 0; i < r.path_count; i++) {
        union {
            const char *ours;
            char *heap;
        } path = { .ours = r.paths[i].path };
        free(path.heap);
    }
    free(r.paths);
    free(r.connect);
    free(r.bind);
    return abi;
}

/* --- system calls --- */

/* Numbers that the headers of the build machine may be too old for; the same on every
 * architecture. */
#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#endif
#ifndef __NR_open_tree
#define __NR_open_tree 428
#define __NR_move_mount 429
#define __NR_fsopen 430
#define __NR_fsconfig 431
#define __NR_fsmount 432
#define __NR_fspick 433
#endif
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd 438
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif

static const int never[] = {
    /* other programs, and looking into them */
    __NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev,
    __NR_kcmp, __NR_pidfd_getfd, __NR_personality,
    /* another view of the file system */
    __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_open_tree, __NR_move_mount,
    __NR_fsopen, __NR_fsconfig, __NR_fsmount, __NR_fspick, __NR_mount_setattr, __NR_unshare,
    __NR_setns, __NR_name_to_handle_at, __NR_open_by_handle_at, __NR_quotactl, __NR_swapon,
    __NR_swapoff,
    /* the kernel itself: where its own faults have been found */
    __NR_init_module, __NR_finit_module, __NR_delete_module, __NR_kexec_load, __NR_bpf,
    __NR_perf_event_open, __NR_userfaultfd, __NR_io_uring_setup, __NR_add_key, __NR_request_key,
    __NR_keyctl, __NR_reboot, __NR_syslog, __NR_acct, __NR_vhangup,
    /* the whole machine's name and clock */
    __NR_sethostname, __NR_setdomainname, __NR_settimeofday, __NR_clock_settime, __NR_adjtimex,
    __NR_clock_adjtime,
    /* being somebody else again */
    __NR_setuid, __NR_setgid, __NR_setreuid, __NR_setregid, __NR_setresuid, __NR_setresgid,
    __NR_setgroups, __NR_setfsuid, __NR_setfsgid,
};

/* --- all of it --- */

static const char *landlock_text(int abi, char text[40])
{
    if (abi == 0)
        return "no Landlock";
    snprintf(text, 40, "Landlock ABI %d%s", abi, abi < LANDLOCK_ABI_TCP ? " (files only)" : "");
    return text;
}

void privs_confine(const struct conf *c, struct privs_report *out)
{
    char landlock[40];
    bool kept;
    bool root = geteuid() == 0;
    uint32_t keep = root ? CAPABILITY_READ : 0;  /* root without it reads no file of others */
    memset(out, 0, sizeof *out);
    out->no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    out->no_capabilities = capability_drop(keep, &kept) && !(keep != 0 && kept);
    out->landlock_abi = landlock_enforce(c);
    out->filtered = sysfilter_deny(never, sizeof never / sizeof never[0]);
    snprintf(out->text, sizeof out->text, "%s, %s, %s, %s, %s", root ? "root" : "not root",
             out->no_capabilities ? "no capabilities" : "capabilities left",
             landlock_text(out->landlock_abi, landlock),
             out->filtered ? "system calls filtered" : "system calls not filtered",
             out->no_new_privs ? "no new rights" : "new rights possible");
}

#else

void privs_confine(const struct conf *c, struct privs_report *out)
{
    (void)c;
    memset(out, 0, sizeof *out);
    snprintf(out->text, sizeof out->text, "%s; this system has no further confinement",
             geteuid() == 0 ? "root" : "not root");
}

#endif
