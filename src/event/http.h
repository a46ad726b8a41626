/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http - one page for whoever reads numbers: GET of one path
 *
 * libevent speaks HTTP. Meant for a loopback port and a metrics agent that comes every
 * few seconds; so there are few connections at a time, each answers one request and has
 * some seconds for it, and nothing that is sent to us is kept or shown again.
 */
#ifndef POSTERN_EVENT_HTTP_H
#define POSTERN_EVENT_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "event/loop.h"

#define HTTP_CONNECTIONS_MAX 16
#define HTTP_SECONDS 10              /* of a connection */
#define HTTP_BODY_MAX ((size_t)4 << 20)

struct http;

/* Append the page. What would pass HTTP_BODY_MAX is answered with 500. */
typedef void http_body(void *ctx, struct buf *body);

struct http_page {
    const char *path;                /* "/metrics" */
    const char *type;                /* of the content */
    http_body *body;
    void *ctx;
};

/* Serve on a listening descriptor (listen.h), which is taken over. The strings of `page` must
 * outlive it. NULL with *err (the descriptor is closed then). */
struct http *http_new(struct loop *l, int fd, const struct http_page *page, struct err *err);
void http_free(struct http **h);

#endif
