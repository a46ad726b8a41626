/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen - sockets that others connect to
 *
 * Opened once, at start-up, as root: before the daemon becomes its own user. A
 * Unix socket has its owner, group and mode before anybody can connect to it. One
 * that a dead process left behind is replaced; one that somebody answers on is
 * not. The names come from the configuration: an error says what to change.
 */
#ifndef POSTERN_EVENT_LISTEN_H
#define POSTERN_EVENT_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mail/ip.h"

#define LISTEN_BACKLOG 1024

struct listen_unix {
    const char *path;        /* full path; its folder must be there */
    const char *owner;       /* name or number; "" or NULL: whoever runs this */
    const char *group;       /* likewise */
    unsigned mode;           /* 0660: owner and group may connect */
};

/* The descriptor (listening, not blocking, closed on exec), which is the caller's; or -1 with *err.
 * Changes the umask for a moment: not while other threads make files. */
int listen_unix(const struct listen_unix *where, struct err *err);

/* "192.0.2.1:10030", "[::1]:10030", "localhost:10030" (127.0.0.1), "*:10030" (any IPv4 address).
 * Port 0 is any that is free. As above. */
int listen_tcp(const char *where, struct err *err);

/* The same text as address and port. 0, or -1 with *err. */
int listen_parse(const char *where, struct ip *ip_out, uint16_t *port_out, struct err *err);

/* Address and port as the system wants them; the length of what was filled. */
struct sockaddr_storage;
unsigned listen_address(const struct ip *ip, uint16_t port, struct sockaddr_storage *out);

#endif
