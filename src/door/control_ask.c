/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_ask - the command "ask": an envelope out of JSON, a verdict into it
 *
 * The envelope is always dry: what an administrator tries out must not count as an attack. Texts of
 * the verdict may stem from outside and are made printable here.
 */
#include "door/control_ask.h"

#include "base/must.h"
#include "mail/ip.h"

static int ip_take(const json_t *request, const char *key, bool *has_out, struct ip *out,
                   struct err *err)
{
    struct str text;
    *has_out = control_string(request, key, &text) && text.n > 0;
    if (*has_out && ip_parse(text, out) != 0)
        return err_set(err, ERR_USAGE, "%s is no IP address: %.*s", key, STR_ARG(text));
    return 0;
}

/* A text that is not longer than `max`; "" if there is none. */
static int text_take(const json_t *request, const char *key, size_t max, struct str *out,
                     struct err *err)
{
    if (!control_string(request, key, out))
        *out = STR("");
    if (out->n > max)
        return err_set(err, ERR_USAGE, "%s is longer than %zu bytes", key, max);
    return 0;
}

static int verified_take(const json_t *request, enum rcpt_verified *out, struct err *err)
{
    struct str text;
    *out = VERIFIED_UNKNOWN;
    if (!control_string(request, "verified", &text))
        return 0;
    if (str_eq(text, STR("yes")))
        *out = VERIFIED_YES;
    else if (str_eq(text, STR("no")))
        *out = VERIFIED_NO;
    else if (str_eq(text, STR("defer")))
        *out = VERIFIED_DEFER;
    else
        return err_set(err, ERR_USAGE, "verified is yes, no or defer");
    return 0;
}

static enum envelope_stage stage_of(const struct envelope *e)
{
    return e->recipient.n > 0 ? STAGE_RCPT
           : e->has_sender ? STAGE_MAIL
           : e->helo.n > 0 ? STAGE_HELO : STAGE_CONNECT;
}

int control_ask_envelope(const json_t *request, struct envelope *out, struct err *err)
{
    struct envelope e = { .dry = true, .esmtp = true };
    json_int_t port = json_integer_value(json_object_get(request, "port"));
    if (ip_take(request, "client", &e.has_client, &e.client, err) != 0 ||
        ip_take(request, "server", &e.has_server, &e.server, err) != 0 ||
        text_take(request, "name", 255, &e.client_name, err) != 0 ||
        text_take(request, "helo", ENVELOPE_HELO_MAX, &e.helo, err) != 0 ||
        text_take(request, "from", ENVELOPE_ADDRESS_MAX, &e.sender, err) != 0 ||
        text_take(request, "to", ENVELOPE_ADDRESS_MAX, &e.recipient, err) != 0 ||
        verified_take(request, &e.verified, err) != 0)
        return -1;
    if (!e.has_client)
        return err_set(err, ERR_USAGE, "the address of a client is needed");
    e.client_port = port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
    e.has_sender = json_is_string(json_object_get(request, "from"));
    e.authenticated = json_is_true(json_object_get(request, "authenticated"));
    e.relay = json_is_true(json_object_get(request, "relay"));
    e.stage = stage_of(&e);
    *out = e;
    return 0;
}

/* --- the result --- */

static void set(json_t *object, const char *key, json_t *value)
{
    must(json_object_set_new(object, key, value) == 0);
}

static void set_text(json_t *object, const char *key, struct str s)
{
    set(object, key, s.n == 0 ? json_null() : control_text(s));
}

static json_t *envelope_json(const struct envelope *e)
{
    char ip[IP_TEXT_MAX];
    json_t *object = json_object();
    set(object, "stage", json_string(envelope_stage_names[e->stage]));
    set(object, "client", e->has_client ? json_string(ip_format(&e->client, ip)) : json_null());
    set_text(object, "helo", e->helo);
    set(object, "from", e->has_sender ? control_text(e->sender) : json_null());
    set_text(object, "to", e->recipient);
    return object;
}

static json_t *check_json(enum check_id id, const struct check_result *r)
{
    json_t *object = json_object();
    set(object, "check", json_string(check_names[id]));
    set(object, "mode", json_string(check_mode_names[r->mode]));
    set(object, "state", json_string(check_state_names[r->state]));
    set(object, "usec", json_integer(r->usec));
    if (r->score != 0)
        set(object, "score", json_real(r->score / 100.0));
    set_text(object, "words", r->words);
    return object;
}

json_t *control_ask_result(const struct envelope *e, const struct verdict *v)
{
    json_t *object = json_object(), *checks = json_array();
    must(object != NULL && checks != NULL);
    set(object, "action", json_string(verdict_action_names[v->action]));
    set(object, "by", v->by < CHECK_COUNT ? json_string(check_names[v->by]) : json_null());
    set(object, "code", v->code == 0 ? json_null() : json_integer(v->code));
    set(object, "status", v->code == 0 ? json_null() : control_text(str_c(v->status)));
    set_text(object, "text", v->text);
    set(object, "drop", json_boolean(v->drop));
    set_text(object, "exempt", v->exempt);
    set(object, "usec", json_integer(v->usec));
    set(object, "envelope", envelope_json(e));
    for (int i = 0; i < CHECK_COUNT; i++)
        must(json_array_append_new(checks, check_json((enum check_id)i, &v->checks[i])) == 0);
    set(object, "checks", checks);
    return object;
}
