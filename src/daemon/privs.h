/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs - from root to a user who can do next to nothing
 *
 * Senders choose most of what posternd reads, so it must not be root when it
 * reads the first of it. Root finds the user, makes folders and opens sockets;
 * then all of that is given up, in this order: files of the daemon's own to
 * its user, the user, capabilities, the reach to files and ports (Landlock),
 * system calls (seccomp). What a kernel or a container does not offer is said in
 * the log, never an error; what root itself must be able to do is one.
 */
#ifndef POSTERN_DAEMON_PRIVS_H
#define POSTERN_DAEMON_PRIVS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/conf.h"

struct privs {
    uid_t uid;
    gid_t gid;
    bool change;                 /* we are root and will become another user */
    char user[65];               /* its name; "": whoever runs this */
    char group[65];
    char door_group[65];         /* what the door's socket gets where the settings name no group:
                                    the MTA's that is installed, else `group` */
};

/* As root, before log and sockets: find the user; set limits, no core dumps; make the folders of
 * the state, the log and the sockets, and the log file, where they are not there, and give to the
 * user what is the daemon's own. Without root only the limits. 0, or -1 with *err: no such user
 * (and how to make it), or a folder that cannot be had. */
int privs_prepare(const struct conf *c, struct privs *out, struct err *err);

/* Become the user of the settings. 0, or -1 with *err: then do not go on. Without root it only
 * takes care that no program started from here gains rights. */
int privs_become(const struct conf *c, struct err *err);

struct privs_report {
    bool no_new_privs, no_capabilities, filtered;
    int landlock_abi;            /* 0: not in force */
    char text[200];              /* the same in a line for people */
};

/* Give up all files, ports and system calls that these settings do not need, for good; before the
 * first thread is made. Never fails. Sockets that are open stay so. After a reload that names
 * files in other folders, those cannot be read until a restart; nor can homes of new accounts in a
 * folder that held none. */
void privs_confine(const struct conf *c, struct privs_report *out);

/* What conf_warn() says, that the user to become is missing, and that others may write to the
 * folder of the state (privs_become() says that in the log): for `posternd --check`. */
void privs_warn(const struct conf *c, conf_warning *call, void *ctx);

#endif
