/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control - the socket on which the administrator's tool asks the daemon
 *
 * One JSON object a line each way, over a Unix socket. The kernel says who asks: root and the
 * daemon's own user may do everything, members of a group may look, nobody else gets an answer.
 * What the commands do is the daemon's: a table of handlers.
 *
 *     {"command":"bans-show","net":"192.0.2.7"}
 *     {"ok":true,"result":{...}}          {"ok":true,"more":true,"result":{...}} before other lines
 *     {"ok":false,"kind":"missing","error":"..."}
 *
 * {"command":"ping"} is answered with {"ok":true,"result":{}} by this module itself, and counted
 * nowhere: a sign of life for whoever may look.
 *
 * One command at a time on a connection; the next line is read when the answer is out. The same
 * objects serve `posternd --ask REQUEST`, which decides without a daemon: control_ask.h.
 */
#ifndef POSTERN_DOOR_CONTROL_H
#define POSTERN_DOOR_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/conf.h"
#include "event/conn.h"
#include "event/loop.h"

#define CONTROL_REQUEST_MAX 65536u            /* bytes of a line that comes in */
#define CONTROL_ANSWER_MAX ((size_t)1 << 20)  /* bytes of a line that goes out */
#define CONTROL_CONNECTIONS_MAX 32u
#define CONTROL_IDLE_MS 30000u                /* without a whole request */
#define CONTROL_ANSWER_MS 60000u              /* then the command has failed */
#define CONTROL_WRITE_MS 20000u
#define CONTROL_PING "ping"

struct control;

struct control_command {
    const char *name;
    bool changes;            /* only for root and the daemon's user */
    /* Must lead to one control_answer(), control_fail() or control_stream() with `call`, now or
     * later. `request` lives during this. */
    void (*run)(void *ctx, struct control *c, uint64_t call, const json_t *request);
};

struct control_ops {
    const struct control_command *commands;
    size_t count;
};

/* Closed as yet. `ops` must outlive it. Never NULL. */
struct control *control_new(struct loop *l, const struct control_ops *ops, void *ctx);

/* Open the socket: as root, before the daemon becomes its own user. `owner` and `group` (or NULL)
 * are taken where the configuration names none. 0, or -1 with *err. No path: 0, and nothing is
 * open. */
int control_open(struct control *c, const struct conf_control *conf, const char *owner,
                 const char *group, struct err *err);

/* Close everything; streams are ended. */
void control_free(struct control **c);

/* Answer a call. `result` is taken over. If the asker has gone in the meantime, nothing happens. */
void control_answer(struct control *c, uint64_t call, json_t *result);
void control_fail(struct control *c, uint64_t call, const struct err *err);

/* Answer with many lines. `page` is called with an empty object whenever there is room, and fills
 * it; false: that was the last. `end` is called once with `state`, also if the asker goes. A page
 * should hold some hundred rows: no other request is served while it is made. */
typedef bool control_page(void *state, json_t *page);
typedef void control_page_end(void *state);
void control_stream(struct control *c, uint64_t call, control_page *page, control_page_end *end,
                    void *state);

struct control_stats {
    uint64_t commands, failed, denied;
    struct conns_stats connections;
};
void control_stats(const struct control *c, struct control_stats *out);

/* --- without a socket --- */

/* A line as an object with a string "command". NULL with *err (ERR_FORMAT). The caller's. */
json_t *control_parse(struct str line, struct err *err);

/* Lines as they go out, the line end included; `result` is not taken over. -1 beyond the ceiling of
 * `out`, which then holds nothing more. */
int control_result_line(struct buf *out, const json_t *result, bool more);
int control_error_line(struct buf *out, const struct err *err);

/* The kind of an "ok":false line, as text and back. */
const char *control_kind_name(enum err_kind kind);
enum err_kind control_kind(const char *name);

/* The string under `key`; false if there is none. The view lives as long as the object. */
bool control_string(const json_t *object, const char *key, struct str *out);

/* A JSON string of outside bytes, made printable (buf_add_safe). Never NULL. */
json_t *control_text(struct str s);

#endif
