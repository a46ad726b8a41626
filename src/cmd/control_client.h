/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_client - asking the daemon, from postern's commands
 *
 * A blocking connection to the control socket with a time limit on everything: a daemon that is
 * stopped or hung must not hang the administrator. So it is asked for a sign of life first, and
 * what changes something is sent only to one that gave it: else a ban could be made hours after
 * the command that was given up. Without libevent, so that postern starts at once. What
 * door/control.h says of the lines holds here too.
 */
#ifndef POSTERN_CMD_CONTROL_CLIENT_H
#define POSTERN_CMD_CONTROL_CLIENT_H

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "cmd/cmd.h"

#define CLIENT_ALIVE_SECONDS 5  /* for what a daemon that works does at once */
#define CLIENT_SECONDS 70       /* for what asks others: a little more than posternd gives itself */

/* --- where the daemon is, and how to print: options of ask, bans and status --- */

enum contact_option { OPTION_SOCKET = 256, OPTION_CONFIG, OPTION_CONTACT_JSON,
                      OPTION_CONTACT_COLOR, OPTION_CONTACT_OWN = 300 };

#define CONTACT_OPTION_ROWS                                                                       \
    { "config", OPTION_CONFIG, "FILE", "posternd's settings (also -c FILE)" },                    \
    { "socket", OPTION_SOCKET, "PATH", "posternd's control socket; default: as in the settings" }, \
    { "json", OPTION_CONTACT_JSON, NULL, "one JSON object a line" },                              \
    { "color", OPTION_CONTACT_COLOR, "WHEN", "auto, always or never" }

struct conf;

struct contact {
    const char *socket, *config, *color_text;    /* as given, or NULL */
    bool json, color;
    struct conf *conf;                           /* after contact_settle(); never NULL then */
    const char *path;                            /* of the socket */
};

/* Take an option of these. 1 if it is one, else 0. */
int contact_option(struct contact *c, int key, const char *value);

/* Read the settings and find the socket. Settings that were not named may be missing or not for
 * this user to read: then the defaults count. 0, or -1 with *err. */
int contact_settle(struct contact *c, struct err *err);
void contact_fini(struct contact *c);

/* --- talking --- */

struct client {
    int fd;
    int seconds;             /* of the limit */
    bool silent;             /* the limit has passed */
    struct buf in;
};

/* Connect, and wait at most CLIENT_ALIVE_SECONDS for each of the connection and a sign of life. 0;
 * -1 with *err, what to do being in the text: ERR_MISSING if nobody listens there, ERR_ACCESS if
 * this user may not, ERR_IO if who listens does not answer, or is not posternd. */
int client_open(struct client *c, const char *path, struct err *err);
void client_close(struct client *c);

/* How long client_send() and client_next() wait from now on; CLIENT_ALIVE_SECONDS at first. */
void client_limit(struct client *c, int seconds);

/* Put a text into a request. In place of one that is no UTF-8, which JSON cannot hold, \xff. */
void client_set(json_t *request, const char *key, struct str text);

/* Send a request. 0, or -1 with *err. */
int client_send(struct client *c, const json_t *request, struct err *err);

/* The result of the next line, which is the caller's. NULL with *err: the daemon's own error with
 * its kind, or ERR_IO if it went away, is silent or talks nonsense. *more_out: other lines follow.
 */
json_t *client_next(struct client *c, bool *more_out, struct err *err);

/* One line as client_next() takes it; for answers that come another way. */
json_t *client_line(struct str line, bool *more_out, struct err *err);

/* Open, send, take one result within `seconds`, close. *reached_out: posternd is there. */
json_t *client_call(const char *path, const json_t *request, int seconds, bool *reached_out,
                    struct err *err);

/* The exit status of an error that the daemon sent. */
int client_status(const struct err *err);

/* --- printing what came --- */

/* A string of `object`, made safe for a terminal; "" if it is not there. Into `out`, which is
 * reset. */
const char *client_text(const json_t *object, const char *key, struct buf *out);

/* One object a line. */
void client_print_json(const json_t *object, FILE *out);

#endif
