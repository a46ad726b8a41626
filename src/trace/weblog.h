/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weblog - one line of a web server's access log
 *
 * Common and combined format of Apache and nginx, with or without a virtual
 * host in front (`%v:%p`). The time is when the request *began*; the line is
 * written when it ended, so a log is not in order of its stamps. Clients
 * choose user, path, referer and agent: all of these are views of bytes as the
 * server wrote them, with its escapes (\", \xhh), never decoded here and never
 * fit to be printed unescaped.
 * Source: Apache mod_log_config; nginx ngx_http_log_module.
 */
#ifndef POSTERN_TRACE_WEBLOG_H
#define POSTERN_TRACE_WEBLOG_H

#include <stdint.h>

#include "base/str.h"

struct weblog_line {
    struct str vhost;        /* of vhost_combined, without the port; or empty */
    struct str client;       /* %h: what the log says, a proxy's address included */
    struct str user;         /* %u; empty for "-" */
    int64_t when;            /* UTC: the stamp carries its offset */
    struct str method;       /* empty where no request was read ("-", TLS bytes) */
    struct str path;         /* up to ?, without scheme and host; empty with the method */
    struct str query;        /* behind ?, or empty */
    unsigned status;         /* 0 for "-" */
    uint64_t bytes;          /* 0 for "-" */
    struct str referer, agent; /* empty for "-" and in the common format */
};

/* 0, or -1 if it is no access log line. Views into `raw`. Linear in the length
 * of the line. */
int weblog_parse(struct str raw, struct weblog_line *out);

/* Only the stamp, for passing over many lines: 0 and UTC seconds, or -1. It is
 * the first ` [dd/Mon/yyyy:hh:mm:ss +zzzz] "` of the line: a user name may hold
 * all of that but the quote, which the servers escape. */
int weblog_when(struct str raw, int64_t *when_out);

#endif
