/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commands - what the control socket can ask of the daemon
 *
 * JSON in, a call of the house, JSON out. Times are RFC 3339 in UTC, numbers are
 * counts since the start; outside bytes are made printable before they go into
 * an object. The keys are an interface: they may be added to, never changed.
 */
#include "daemon/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "daemon/daemon_internal.h"
#include "daemon/metrics.h"
#include "door/control_ask.h"
#include "door/control_bans.h"
#include "policy/check_callout.h"
#include "policy/check_dnsbl.h"
#include "policy/dict_tally.h"
#include "postern_build.h"

static void set(json_t *object, const char *key, json_t *value)
{
    must(json_object_set_new(object, key, value) == 0);
}

static void set_u64(json_t *object, const char *key, uint64_t value)
{
    set(object, key, json_integer((json_int_t)value));
}

/* --- ask --- */

/* An answer may come long after the question: the call is a number, so nothing can dangle. */
struct asking {
    struct control *control;
    uint64_t call;
};

static void on_verdict(void *ctx, uint64_t ask, const struct envelope *e, const struct verdict *v)
{
    struct asking *a = ctx;
    (void)ask;
    control_answer(a->control, a->call, control_ask_result(e, v));
    free(a);
}

static void run_ask(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct daemon *d = ctx;
    struct envelope e;
    struct err err;
    if (control_ask_envelope(request, &e, &err) != 0) {
        control_fail(c, call, &err);
        return;
    }
    struct asking *a = must_alloc(sizeof *a);
    a->control = c;
    a->call = call;
    policy_ask(service_policy(d->service), &e, on_verdict, a);
}

struct once {
    struct loop *loop;
    struct buf line;
    bool done;
};

static void on_verdict_once(void *ctx, uint64_t ask, const struct envelope *e,
                            const struct verdict *v)
{
    struct once *o = ctx;
    json_t *result = control_ask_result(e, v);
    (void)ask;
    control_result_line(&o->line, result, false);
    json_decref(result);
    o->done = true;
    loop_stop(o->loop);
}

int commands_ask_once(struct service *s, struct loop *l, const char *request)
{
    struct once o = { .loop = l };
    struct envelope e;
    struct err err;
    json_t *object = control_parse(str_c(request), &err);
    buf_init(&o.line, CONTROL_ANSWER_MAX);
    if (object == NULL || control_ask_envelope(object, &e, &err) != 0) {
        control_error_line(&o.line, &err);
    } else {
        policy_ask(service_policy(s), &e, on_verdict_once, &o);
        if (!o.done)
            loop_run(l, &err);
    }
    fwrite(buf_str(&o.line).p, 1, o.line.n, stdout);
    buf_fini(&o.line);
    json_decref(object);
    return o.done ? 0 : 2;
}

/* --- bans --- */

static void ban_log(const char *event, const struct ban *b)
{
    struct log_line l;
    char net[BAN_NET_TEXT], until[BAN_UNTIL_TEXT];
    log_begin(&l, LOG_LEVEL_NOTICE, event);
    log_c(&l, "net", ban_net_text(b, net));
    log_c(&l, "until", ban_until_text(b, until));
    log_c(&l, "who", b->who);
    log_c(&l, "reason", b->reason);
    log_end(&l);
}

static void run_bans_list(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct daemon *d = ctx;
    (void)request;
    control_bans_list(c, call, service_store(d->service), loop_utc(d->loop));
}

static void reply(struct control *c, uint64_t call, json_t *result, const struct err *err)
{
    if (result != NULL)
        control_answer(c, call, result);
    else
        control_fail(c, call, err);
}

static void run_bans_show(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct daemon *d = ctx;
    struct err err;
    json_t *result = control_bans_show(service_store(d->service), loop_utc(d->loop), request, &err);
    reply(c, call, result, &err);
}

static void run_bans_add(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct daemon *d = ctx;
    struct ban b;
    struct err err;
    json_t *result = control_bans_add(service_store(d->service), loop_utc(d->loop), request, &b,
                                      &err);
    if (result != NULL)
        ban_log("ban-added", &b);
    reply(c, call, result, &err);
}

/* Whoever lifts a ban wants the client to be let in: what was counted of it goes too, or the next
 * unknown recipient would ban it again. */
static void run_bans_remove(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct daemon *d = ctx;
    struct ban b;
    struct err err;
    json_t *result = control_bans_remove(service_store(d->service), loop_utc(d->loop), request,
                                         &b, &err);
    if (result != NULL) {
        dict_forget(service_store(d->service), &b.net);
        ban_log("ban-removed", &b);
    }
    reply(c, call, result, &err);
}

/* --- status --- */

static json_t *counts_json(const struct policy_stats *p)
{
    json_t *object = json_object(), *checks = json_object();
    must(object != NULL && checks != NULL);
    set_u64(object, "requests", p->asks);
    set_u64(object, "open", p->open);
    set_u64(object, "exempt", p->exempt);
    set_u64(object, "overflow", p->overflow);
    for (int i = 0; i < 4; i++)
        set_u64(object, verdict_action_names[i], p->actions[i]);
    set_u64(object, "would", p->would_any);
    for (int i = 0; i < CHECK_COUNT; i++) {
        json_t *check = json_object();
        must(check != NULL);
        for (int j = CHECK_SKIPPED; j <= CHECK_BROKEN; j++)
            set_u64(check, check_state_names[j], p->results[i][j]);
        set_u64(check, "would", p->would[i]);
        for (int j = VERDICT_TAG; j <= VERDICT_REFUSE; j++)
            set_u64(check, verdict_action_names[j], p->decided[i][j]);
        set(checks, check_names[i], check);
    }
    set(object, "checks", checks);
    return object;
}

static void zone_json(void *ctx, const struct dnsbl_status *z)
{
    json_t *list = ctx, *object = json_object();
    char text[CLOCK_TEXT_MAX];
    must(object != NULL);
    set(object, "name", control_text(z->name));
    set(object, "state", json_string(dnsbl_state_names[z->state]));
    set(object, "reason", json_string(dnsbl_reason_names[z->reason]));
    set(object, "until",
        z->until == 0 ? json_null() : json_string(clock_rfc3339(z->until, 0, text)));
    set_u64(object, "asked", z->asked);
    set_u64(object, "listed", z->listed);
    set_u64(object, "refused", z->refused);
    set_u64(object, "silent", z->silent);
    must(json_array_append_new(list, object) == 0);
}

static json_t *zones_json(struct policy *p)
{
    json_t *list = json_array();
    must(list != NULL);
    check_dnsbl_zones(policy_check_state(p, CHECK_DNSBL), zone_json, list);
    return list;
}

static json_t *state_json(struct store *store)
{
    struct store_stats s;
    json_t *object = json_object();
    must(object != NULL);
    store_stats(store, &s);
    set(object, "on_disk", json_boolean(s.on_disk));
    set_u64(object, "bans", s.entries[STORE_BANS]);
    set_u64(object, "tallies", s.entries[STORE_TALLIES]);
    set_u64(object, "callouts", s.entries[STORE_CALLOUTS]);
    set_u64(object, "pending_bytes", s.pending_bytes);
    set_u64(object, "dropped", s.dropped);
    set_u64(object, "failures", s.failures);
    set_u64(object, "file_bytes", s.file_bytes);
    return object;
}

static json_t *tables_json(const struct service *service)
{
    struct recipients_stats s;
    json_t *object = json_object();
    must(object != NULL);
    if (!service_recipients_stats(service, &s)) {
        set(object, "layout", json_string(recipients_layout_names[LAYOUT_NONE]));
        return object;
    }
    set(object, "layout", json_string(recipients_layout_names[s.layout]));
    set_u64(object, "addresses", s.addresses);
    set_u64(object, "domains", s.domains);
    set_u64(object, "files", s.files);
    set_u64(object, "broken_files", s.broken_files);
    set_u64(object, "load_ms", s.load_ms);
    return object;
}

static json_t *dns_json(const struct service *service)
{
    struct resolver_stats s;
    json_t *object = json_object();
    must(object != NULL);
    service_dns_stats(service, &s);
    set_u64(object, "asked", s.asked);
    set_u64(object, "failed", s.failed);
    set_u64(object, "timeouts", s.timeouts);
    set_u64(object, "busy", s.busy);
    set_u64(object, "open", s.open);
    return object;
}

static json_t *callouts_json(struct policy *p)
{
    struct callout_status s;
    json_t *object = json_object();
    must(object != NULL);
    check_callout_status(policy_check_state(p, CHECK_CALLOUT), &s);
    set(object, "suspended", json_boolean(s.suspended));
    set_u64(object, "made", s.budget.granted);
    set_u64(object, "refused", s.budget.refused);
    return object;
}

static json_t *door_json(const struct door *door)
{
    struct door_stats s;
    json_t *object = json_object();
    must(object != NULL);
    door_stats(door, &s);
    set_u64(object, "requests", s.requests);
    set_u64(object, "bad", s.bad);
    set_u64(object, "late", s.late);
    set_u64(object, "connections", s.connections.open);
    set_u64(object, "busy", s.connections.busy);
    return object;
}

static void run_status(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct daemon *d = ctx;
    struct service *s = d->service;
    json_t *object = json_object();
    char text[CLOCK_TEXT_MAX];
    (void)request;
    must(object != NULL);
    set(object, "version", json_string(POSTERN_VERSION));
    set_u64(object, "pid", (uint64_t)getpid());
    set(object, "started", json_string(clock_rfc3339(d->started_utc, 0, text)));
    set(object, "configuration", control_text(str_c(d->path)));
    set(object, "confined", control_text(str_c(d->confined)));
    set_u64(object, "resident_bytes", metrics_resident());
    set_u64(object, "log_lost", log_lost());
    set(object, "decisions", counts_json(policy_stats(service_policy(s))));
    set(object, "door", door_json(d->door));
    set(object, "dns", dns_json(s));
    set(object, "lists", zones_json(service_policy(s)));
    set(object, "state", state_json(service_store(s)));
    set(object, "recipients", tables_json(s));
    set(object, "callouts", callouts_json(service_policy(s)));
    control_answer(c, call, object);
}

static void on_reload(void *ctx)
{
    struct daemon *d = ctx;
    struct err err;
    if (daemon_reload(d, &err) == 0)
        control_answer(d->control, d->reload_call, json_object());
    else
        control_fail(d->control, d->reload_call, &err);
}

/* In a turn of its own: a command may be read while a policy gives an answer to the one before it,
 * and a reload may free that policy. */
static void run_reload(void *ctx, struct control *c, uint64_t call, const json_t *request)
{
    struct daemon *d = ctx;
    struct err err;
    (void)request;
    if (timer_pending(&d->reload)) {
        err_set(&err, ERR_LIMIT, "the settings are being read already");
        control_fail(c, call, &err);
        return;
    }
    d->reload_call = call;
    timer_set(d->loop, &d->reload, 0, on_reload, d);
}

const struct control_ops *commands_ops(void)
{
    static const struct control_command commands[] = {
        { "ask", false, run_ask },
        { "bans-list", false, run_bans_list },
        { "bans-show", false, run_bans_show },
        { "bans-add", true, run_bans_add },
        { "bans-remove", true, run_bans_remove },
        { "status", false, run_status },
        { "reload", true, run_reload },
    };
    static const struct control_ops ops = { commands, sizeof commands / sizeof commands[0] };
    return &ops;
}
