/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon_internal - what the daemon consists of, for its own files only
 *
 * One struct, made in daemon_run() and handed to every callback. Its order is
 * not that of its life: daemon.c says what begins and ends when.
 */
#ifndef POSTERN_DAEMON_DAEMON_INTERNAL_H
#define POSTERN_DAEMON_DAEMON_INTERNAL_H

#include "daemon/restart.h"
#include "daemon/service.h"
#include "door/control.h"
#include "door/door.h"
#include "event/http.h"
#include "event/loop.h"

struct daemon {
    struct loop *loop;
    struct service *service;
    struct door *door;
    struct conf_door door_conf;  /* until the first generation begins */
    struct control *control;
    struct http *http;
    int metrics_fd;              /* -1: none, or taken over by `http` */
    const char *path;            /* of the settings */
    struct restart restart;
    int64_t started_utc;
    char confined[200];          /* what took effect of the hardening */
    struct timer reload;         /* asked for over the control socket, by `reload_call` */
    uint64_t reload_call;
    struct timer ending;
    int64_t end_by_ms;           /* 0: not ending */
};

/* Read the settings again. 0, or -1 with *err: the former go on. Logged. */
int daemon_reload(struct daemon *d, struct err *err);

#endif
