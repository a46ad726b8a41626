/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon - posternd from its start to its end
 *
 * The order at the start is the point of this file: what needs root, then the
 * loss of root, then everything that reads outside bytes.
 */
#include "daemon/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/commands.h"
#include "daemon/daemon_internal.h"
#include "daemon/metrics.h"
#include "daemon/notify.h"
#include "daemon/privs.h"
#include "event/http.h"
#include "event/listen.h"
#include "postern_build.h"

/* --- opened as root --- */

static int metrics_open(struct daemon *d, const struct conf *c, struct err *err)
{
    d->metrics_fd = -1;
    if (c->daemon.metrics[0] == '\0')
        return 0;
    d->metrics_fd = listen_tcp(c->daemon.metrics, err);
    return d->metrics_fd < 0 ? err_wrap(err, "daemon.metrics") : 0;
}

static int sockets_open(struct daemon *d, const struct conf *c, const struct privs *who,
                        struct err *err)
{
    d->door_conf = c->door;
    d->door = door_new(d->loop, &d->door_conf, NULL);
    d->control = control_new(d->loop, commands_ops(), d);
    if (door_open(d->door, who->user, who->door_group, err) != 0)
        return err_wrap(err, "door");
    if (control_open(d->control, &c->control, who->user, who->group, err) != 0)
        return err_wrap(err, "control");
    return metrics_open(d, c, err);
}

/* --- signals --- */

/* Its file again, after a rotation, and the level of the settings in use. */
static void log_renew(const struct conf *c)
{
    struct err err;
    log_level_set(log_level_of(c->daemon.log_level));
    if (log_reopen(&err) != 0)
        log_text(LOG_LEVEL_WARNING, "log-not-reopened", "%s", err.text);
}

int daemon_reload(struct daemon *d, struct err *err)
{
    struct conf *c;
    notify_reloading();
    c = conf_read(d->path, err);
    int status = c == NULL ? -1 : service_reload(d->service, c, err);
    if (status == 0)
        door_change(d->door, &service_conf(d->service)->door, service_policy(d->service));
    log_renew(service_conf(d->service));
    if (status == 0)
        restart_log(&d->restart, service_conf(d->service));
    if (status == 0)
        log_text(LOG_LEVEL_NOTICE, "reloaded", "the settings of %s are in use", d->path);
    else
        log_text(LOG_LEVEL_ERROR, "not-reloaded", "%s; the former settings go on", err->text);
    notify_ready();
    return status;
}

static void on_hup(void *ctx, int number)
{
    struct err err;
    (void)number;
    daemon_reload(ctx, &err);
}

/* Every tenth of a second: has all been answered? */
static void on_ending(void *ctx)
{
    struct daemon *d = ctx;
    struct door_stats s;
    door_stats(d->door, &s);
    if (s.waiting == 0 || loop_ms(d->loop) >= d->end_by_ms)
        loop_stop(d->loop);
    else
        timer_set(d->loop, &d->ending, 100, on_ending, d);
}

static void on_term(void *ctx, int number)
{
    struct daemon *d = ctx;
    if (d->end_by_ms != 0) {
        loop_stop(d->loop);
        return;
    }
    log_text(LOG_LEVEL_NOTICE, "ending", "signal %d", number);
    notify_stopping();
    door_deafen(d->door);
    d->end_by_ms = loop_ms(d->loop) + DAEMON_END_MS;
    timer_set(d->loop, &d->ending, 100, on_ending, d);
}

static int signals_take(struct daemon *d, struct err *err)
{
    signal(SIGPIPE, SIG_IGN);
    if (loop_signal(d->loop, SIGHUP, on_hup, d, err) != 0 ||
        loop_signal(d->loop, SIGTERM, on_term, d, err) != 0)
        return -1;
    return loop_signal(d->loop, SIGINT, on_term, d, err);
}

/* --- the whole --- */

static void metrics_body(void *ctx, struct buf *body)
{
    struct daemon *d = ctx;
    struct door_stats s;
    door_stats(d->door, &s);
    metrics_text(d->service, &s.connections, body);
}

static int metrics_begin(struct daemon *d, struct err *err)
{
    static const char type[] = "text/plain; version=0.0.4; charset=utf-8";
    if (d->metrics_fd < 0)
        return 0;
    struct http_page page = { "/metrics", type, metrics_body, d };
    d->http = http_new(d->loop, d->metrics_fd, &page, err);
    return d->http == NULL ? -1 : 0;
}

static void started(struct daemon *d, const struct privs_report *privs)
{
    const struct conf *c = service_conf(d->service);
    struct log_line l;
    d->started_utc = loop_utc(d->loop);
    snprintf(d->confined, sizeof d->confined, "%s", privs->text);
    log_begin(&l, LOG_LEVEL_NOTICE, "started");
    log_c(&l, "version", POSTERN_VERSION);
    log_i64(&l, "pid", getpid());
    log_c(&l, "socket", c->door.socket);
    log_c(&l, "control", c->control.socket);
    log_c(&l, "state", c->daemon.state);
    log_u64(&l, "lists", c->dnsbl.zone_count);
    log_c(&l, "confined", privs->text);
    log_end(&l);
}

static int begin(struct daemon *d, struct conf *c, struct err *err)
{
    struct privs_report privs;
    struct privs who;
    if (privs_prepare(c, &who, err) != 0 ||
        log_open(c->daemon.log, log_level_of(c->daemon.log_level), err) != 0 ||
        sockets_open(d, c, &who, err) != 0 || privs_become(c, err) != 0 ||
        signals_take(d, err) != 0) {
        conf_free(&c);
        return -1;
    }
    d->service = service_new(d->loop, c, false, err);
    if (d->service == NULL || metrics_begin(d, err) != 0)
        return -1;
    door_change(d->door, &service_conf(d->service)->door, service_policy(d->service));
    restart_begin(&d->restart, service_conf(d->service));
    privs_confine(service_conf(d->service), &privs);     /* no thread has been made yet */
    started(d, &privs);
    notify_ready();
    return 0;
}

static void end(struct daemon *d)
{
    timer_cancel(d->loop, &d->ending);
    timer_cancel(d->loop, &d->reload);
    http_free(&d->http);
    if (d->service != NULL)
        service_stop(d->service);    /* answers go out to the door and to the control socket */
    control_free(&d->control);       /* before the state that its lists read */
    door_free(&d->door);
    service_free(&d->service);
    loop_free(&d->loop);
}

int daemon_run(struct conf *c, const char *path, struct err *err)
{
    struct daemon d = { .loop = loop_new(), .path = path, .metrics_fd = -1 };
    int status = begin(&d, c, err);
    if (status == 0)
        status = loop_run(d.loop, err);
    end(&d);
    log_text(status == 0 ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, "ended", "%s",
             status == 0 ? "in order" : err->text);
    log_close();
    return status;
}
