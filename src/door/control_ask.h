/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_ask - the command "ask": an envelope out of JSON, a verdict into it
 *
 *     {"command":"ask","client":"192.0.2.7","helo":"x","from":"a@b","to":"c@d"}
 *
 * and, where they matter: "name", "server", "port", "authenticated", "relay", "verified"
 * ("yes", "no", "defer"). The result has the action, the reply, and each check with what it found.
 *
 * `posternd -c FILE --ask REQUEST` takes the same object as an argument and prints the same line as
 * the socket would, on standard output; that is how `postern ask --offline` decides.
 */
#ifndef POSTERN_DOOR_CONTROL_ASK_H
#define POSTERN_DOOR_CONTROL_ASK_H

#include "door/control.h"
#include "policy/envelope.h"
#include "policy/verdict.h"

/* The envelope of a request: dry, at the stage that its last part says (RCPT if "to" is there). All
 * views live as long as `request`. 0, or -1 with *err (ERR_USAGE): what is missing or cannot be. */
int control_ask_envelope(const json_t *request, struct envelope *out, struct err *err);

/* The result. The caller's. */
json_t *control_ask_result(const struct envelope *e, const struct verdict *v);

#endif
