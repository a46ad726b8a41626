/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_check - settings that are well alone and wrong together
 *
 * Errors are what cannot work or would surely do harm; what only looks odd is a
 * warning (conf_warn() of conf.h). Nothing here asks the system or the DNS: a
 * configuration is the same on every machine.
 */
#ifndef POSTERN_CONF_CONF_CHECK_H
#define POSTERN_CONF_CONF_CHECK_H

#include "conf/conf.h"
#include "conf/conf_text.h"

/* 0, or -1 with *err, which names file, and the line where the setting stands if it does. */
int conf_check(const struct conf *c, const struct conf_text *text, struct err *err);

#endif
