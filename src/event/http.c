/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http - one page for whoever reads numbers: GET of one path
 *
 * evhttp of libevent 2.1 bounds what a request may hold, but neither how many
 * connections there are nor how long one lives if it trickles. So we make its
 * bufferevents, keep a reference to each in a small table, pause the listener while the
 * table is full, and shut down what is older than HTTP_SECONDS.
 */
#include "event/http.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "base/must.h"

#define HEADERS_MAX 8192
#define SWEEP_MS 500

struct slot {
    struct bufferevent *bev;         /* with a reference of ours; NULL: free */
    int64_t since_ms;
};

struct http {
    struct loop *loop;
    struct http_page page;
    struct evhttp *server;
    struct evconnlistener *listener;
    struct slot slots[HTTP_CONNECTIONS_MAX];
    size_t used;
    struct timer sweep;
};

/* --- the table of connections --- */

static void slot_free(struct http *h, struct slot *s)
{
    struct bufferevent *bev = s->bev;
    s->bev = NULL;
    if (h->used-- == HTTP_CONNECTIONS_MAX)
        evconnlistener_enable(h->listener);
    bufferevent_decref(bev);
}

/* evhttp has let go of it: its callbacks are gone. */
static bool abandoned(struct bufferevent *bev)
{
    bufferevent_data_cb read_call, write_call;
    bufferevent_event_cb event_call;
    void *ctx;
    bufferevent_getcb(bev, &read_call, &write_call, &event_call, &ctx);
    return event_call == NULL;
}

static void on_sweep(void *ctx)
{
    struct http *h = ctx;
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        struct slot *s = &h->slots[i];
        if (s->bev == NULL)
            continue;
        bool late = loop_ms(h->loop) - s->since_ms >= HTTP_SECONDS * 1000;
        if (late)
            shutdown((int)bufferevent_getfd(s->bev), SHUT_RDWR);   /* evhttp sees the end of it */
        if (late || abandoned(s->bev))
            slot_free(h, s);
    }
    if (h->used > 0)
        timer_set(h->loop, &h->sweep, SWEEP_MS, on_sweep, h);
}

/* evhttp asks for the bufferevent of a connection that was just accepted. */
static struct bufferevent *on_connection(struct event_base *base, void *ctx)
{
    struct http *h = ctx;
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    must(bev != NULL);
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        if (h->slots[i].bev != NULL)
            continue;
        h->slots[i] = (struct slot){ .bev = bev, .since_ms = loop_ms(h->loop) };
        bufferevent_incref(bev);
        h->used++;
        break;
    }
    if (h->used == HTTP_CONNECTIONS_MAX)
        evconnlistener_disable(h->listener);
    if (!timer_pending(&h->sweep))
        timer_set(h->loop, &h->sweep, SWEEP_MS, on_sweep, h);
    return bev;
}

/* The answer is out: nothing but evhttp needs the connection now, and it closes it. */
static void on_answered(struct evhttp_request *q, void *ctx)
{
    struct http *h = ctx;
    struct bufferevent *bev =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(q));
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        if (h->slots[i].bev == bev)
            slot_free(h, &h->slots[i]);
    }
}

/* --- requests --- */

static void answer(struct http *h, struct evhttp_request *q, int code, struct str body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(q);
    struct evbuffer *bytes = evbuffer_new();
    must(bytes != NULL && evbuffer_add(bytes, body.p, body.n) == 0);
    evhttp_add_header(headers, "Content-Type", code == HTTP_OK ? h->page.type : "text/plain");
    evhttp_add_header(headers, "Connection", "close");
    evhttp_request_set_on_complete_cb(q, on_answered, h);
    evhttp_send_reply(q, code, NULL, bytes);
    evbuffer_free(bytes);
}

static void on_page(struct evhttp_request *q, void *ctx)
{
    struct http *h = ctx;
    struct buf body;
    buf_init(&body, HTTP_BODY_MAX);
    h->page.body(h->page.ctx, &body);
    if (buf_bad(&body))
        answer(h, q, HTTP_INTERNAL, STR("the page is too long\n"));
    else
        answer(h, q, HTTP_OK, buf_str(&body));
    buf_fini(&body);
}

static void on_other(struct evhttp_request *q, void *ctx)
{
    answer(ctx, q, HTTP_NOTFOUND, STR("not found\n"));
}

/* --- making, ending --- */

struct http *http_new(struct loop *l, int fd, const struct http_page *page, struct err *err)
{
    if (loop_base(l) == NULL) {
        close(fd);
        err_set(err, ERR_USAGE, "a loop on a virtual clock serves no HTTP");
        return NULL;
    }
    struct http *h = must_alloc(sizeof *h);
    h->loop = l;
    h->page = *page;
    h->server = evhttp_new(loop_base(l));
    must(h->server != NULL);
    evhttp_set_allowed_methods(h->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_max_headers_size(h->server, HEADERS_MAX);
    evhttp_set_max_body_size(h->server, 0);
    evhttp_set_timeout(h->server, HTTP_SECONDS);
    evhttp_set_bevcb(h->server, on_connection, h);
    evhttp_set_gencb(h->server, on_other, h);
    must(evhttp_set_cb(h->server, page->path, on_page, h) == 0);
    struct evhttp_bound_socket *bound = evhttp_accept_socket_with_handle(h->server, fd);
    if (bound == NULL) {
        close(fd);
        http_free(&h);
        err_set(err, ERR_IO, "the HTTP socket cannot be watched");
        return NULL;
    }
    h->listener = evhttp_bound_socket_get_listener(bound);
    return h;
}

void http_free(struct http **hp)
{
    struct http *h = *hp;
    if (h == NULL)
        return;
    timer_cancel(h->loop, &h->sweep);
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        if (h->slots[i].bev != NULL)
            slot_free(h, &h->slots[i]);
    }
    evhttp_free(h->server);   /* closes the listener and the connections */
    free(h);
    *hp = NULL;
}
