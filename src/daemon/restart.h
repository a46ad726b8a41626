/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart - settings that a reload cannot put into use
 *
 * Sockets, users, ceilings and the state are what posternd got as root or began with.
 * Whoever changes one of these in the file and reloads must not believe that it is
 * in use: each is named in the log.
 */
#ifndef POSTERN_DAEMON_RESTART_H
#define POSTERN_DAEMON_RESTART_H

#include <stdint.h>

#include "conf/conf.h"

#define RESTART_SETTINGS_MAX 64u     /* such settings that there may be */

/* What posternd began with. */
struct restart {
    uint64_t marks[RESTART_SETTINGS_MAX];
};

void restart_begin(struct restart *r, const struct conf *c);

/* One line, event `needs-restart`, for each that is another now. */
void restart_log(const struct restart *r, const struct conf *now);

#endif
