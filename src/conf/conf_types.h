/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_types - values as administrators write them
 *
 * Pure functions: bytes in, number out. All take the whole of the view, and say
 * -1 for anything else than the forms named here, numbers that do not fit
 * included. Nothing is guessed: a duration without a unit is none.
 */
#ifndef POSTERN_CONF_CONF_TYPES_H
#define POSTERN_CONF_CONF_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "conf/conf.h"

/* `500ms`, `10s`, `5min`, `1h`, `2d`, `1w`, or 0: milliseconds. */
int conf_type_duration(struct str s, int64_t *ms_out);

/* `4096`, `64k`, `64M`, `2G`: bytes, by 1024. */
int conf_type_size(struct str s, int64_t *bytes_out);

/* `1`, `1.5`, `-0.25`: hundredths. */
int conf_type_weight(struct str s, int64_t *hundredths_out);

/* `660`, `0660`: three or four octal digits. */
int conf_type_octal(struct str s, int64_t *mode_out);

/* `12`, `-1`. */
int conf_type_number(struct str s, int64_t *number_out);

/* `off`, `observe`, `tag`, `defer`, `refuse`. */
int conf_type_mode(struct str s, enum conf_mode *mode_out);

/* `yes`, `no`, and their friends `true`, `false`, `on`, `off`. */
int conf_type_bool(struct str s, bool *bool_out);

/* An address, or a network as address/bits. */
int conf_type_net(struct str s, struct conf_net *net_out);

/* `192.0.2.1:25`, `[2001:db8::1]:25`, `localhost:25` (127.0.0.1) or `*:25` (0.0.0.0). No other
 * names, so that starting never waits for the DNS. */
int conf_type_host_port(struct str s, struct ip *ip_out, uint16_t *port_out);

/* `192.0.2.1`, `2001:db8::1` or either with `@port`; 53 if none is given. */
int conf_type_server(struct str s, struct ip *ip_out, uint16_t *port_out);

/* A domain name: labels of letters, digits, hyphens and underscores, at most 63 and 253 bytes. */
bool conf_type_domain(struct str s);

#endif
