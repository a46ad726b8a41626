/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offline - `posternd --ask`, run as a child: deciding without a daemon
 *
 * postern itself links no resolver and no event loop; posternd has both. It reads the settings,
 * decides once, prints the line that the control socket would have sent, and ends.
 */
#ifndef POSTERN_CMD_OFFLINE_H
#define POSTERN_CMD_OFFLINE_H

#include <jansson.h>

#include "base/err.h"

/* The result of a request, which is the caller's; NULL with *err. `config` is a path. The program
 * is looked for beside our own (in its folder, and in ../sbin), then where it was to be installed.
 */
json_t *offline_ask(const char *config, const json_t *request, struct err *err);

#endif
