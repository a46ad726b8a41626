/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_bans - bans in JSON, for the daemon's handlers and for `postern bans` without a daemon
 *
 *     {"command":"bans-list"}                               pages of {"bans":[...]}
 *     {"command":"bans-show","net":"192.0.2.7"}             {"bans":[one]}, or kind "missing"
 *     {"command":"bans-add","net":"192.0.2.0/24","seconds":3600,"reason":"...","who":"root"}
 *     {"command":"bans-remove","net":"192.0.2.7"}           {"removed":"192.0.2.7"}, or "missing"
 *
 * "seconds" may be missing (a day) or null (for ever). Everything here works on a store that is
 * open; that of a daemon which is down can be read, not changed.
 */
#ifndef POSTERN_DOOR_CONTROL_BANS_H
#define POSTERN_DOOR_CONTROL_BANS_H

#include "door/control.h"
#include "policy/ban.h"

struct store;

#define CONTROL_BANS_PAGE 200u   /* a page takes a millisecond or two */
#define CONTROL_BANS_STEPS 2000u /* ... also where most bans have ended and are only remembered */
#define CONTROL_BAN_SECONDS 86400
#define CONTROL_BAN_SECONDS_MAX ((int64_t)10 * 366 * 86400)

/* {"net","active","by","since","until","level","who","reason","unknown","good","clients","window"};
 * times as RFC 3339 in UTC, "until" null for ever. The caller's. */
json_t *control_ban_json(const struct ban *b, int64_t now);

/* Add "bans" to `page`: at most CONTROL_BANS_PAGE active ones behind *last, which is moved, of
 * CONTROL_BANS_STEPS that are looked at; so it may be empty. *started is false before the first
 * page. False: there are no more. */
bool control_bans_page(struct store *s, int64_t now, bool *started, struct ban *last, json_t *page);

/* Answer `call` with all of them. `s` must live until the stream ends: control_free() ends it. */
void control_bans_list(struct control *c, uint64_t call, struct store *s, int64_t now);

/* Is the request one of bans-show and bans-remove, or of bans-add, that could be done at all? 0, or
 * -1 with *err (ERR_USAGE), as the command itself would say. */
int control_bans_check(const json_t *request, bool adds, struct err *err);

/* The results of the other commands; NULL with *err. For bans-add and bans-remove the ban that was
 * made or lifted is in *ban_out, for the log and for dict_forget(). */
json_t *control_bans_show(struct store *s, int64_t now, const json_t *request, struct err *err);
json_t *control_bans_add(struct store *s, int64_t now, const json_t *request, struct ban *ban_out,
                         struct err *err);
json_t *control_bans_remove(struct store *s, int64_t now, const json_t *request,
                            struct ban *ban_out, struct err *err);

#endif
