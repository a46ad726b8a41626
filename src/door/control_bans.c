/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_bans - bans in JSON, for the daemon's handlers and for `postern bans` without a daemon
 *
 * A list may have a million rows. It is read page by page, each beginning behind the last row of
 * the one before; a ban that comes or goes in between is seen or not, and nothing else changes.
 */
#include "door/control_bans.h"

#include "base/clock.h"
#include "base/must.h"
#include "store/store.h"

static void set(json_t *object, const char *key, json_t *value)
{
    must(json_object_set_new(object, key, value) == 0);
}

static json_t *time_json(int64_t utc)
{
    char text[CLOCK_TEXT_MAX];
    return json_string(clock_rfc3339(utc, 0, text));
}

json_t *control_ban_json(const struct ban *b, int64_t now)
{
    char net[BAN_NET_TEXT];
    json_t *object = json_object();
    must(object != NULL);
    set(object, "net", json_string(ban_net_text(b, net)));
    set(object, "active", json_boolean(ban_active(b, now)));
    set(object, "by", json_string(ban_maker_names[b->maker]));
    set(object, "since", time_json(b->since));
    set(object, "until", b->until == BAN_FOREVER ? json_null() : time_json(b->until));
    set(object, "level", json_integer(b->level));
    set(object, "who", control_text(str_c(b->who)));
    set(object, "reason", control_text(str_c(b->reason)));
    set(object, "unknown", json_integer(b->unknown));
    set(object, "good", json_integer(b->good));
    set(object, "clients", json_integer(b->clients));
    set(object, "window", json_integer(b->window_s));
    return object;
}

/* --- pages --- */

struct page {
    json_t *rows;
    int64_t now;
    struct ban *last;
    bool *started;
    unsigned steps;
    bool full;
};

static bool on_ban(void *ctx, const struct ban *b)
{
    struct page *p = ctx;
    if (ban_active(b, p->now))
        must(json_array_append_new(p->rows, control_ban_json(b, p->now)) == 0);
    *p->last = *b;
    *p->started = true;
    p->full = ++p->steps == CONTROL_BANS_STEPS || json_array_size(p->rows) == CONTROL_BANS_PAGE;
    return !p->full;
}

bool control_bans_page(struct store *s, int64_t now, bool *started, struct ban *last, json_t *page)
{
    struct ban after = *last;
    struct page p = { .rows = json_array(), .now = now, .last = last, .started = started };
    must(p.rows != NULL);
    ban_walk(s, *started ? &after : NULL, now, on_ban, &p);
    set(page, "bans", p.rows);
    return p.full;
}

/* --- one ban --- */

static int net_take(const json_t *request, struct ban *b, struct err *err)
{
    struct str text;
    struct ip ip;
    unsigned bits;
    if (!control_string(request, "net", &text))
        return err_set(err, ERR_USAGE, "an address or a network is needed");
    if (ip_parse_net(text, &ip, &bits) != 0)
        return err_set(err, ERR_USAGE, "%.*s is no address and no network", STR_ARG(text));
    *b = (struct ban){ .level = 1 };
    ban_set_net(b, &ip, bits);
    return 0;
}

/* The ban of this network, or, for an address, the one that holds for it. */
static int ban_look(struct store *s, int64_t now, struct ban *b)
{
    struct ban asked = *b;
    if (ban_is_host(b) && ban_find(s, &asked.net, now, BAN_ANY, b) == 1)
        return 1;
    return ban_get(s, &asked.net, asked.bits, now, b);
}

static json_t *missing(const struct ban *b, struct err *err)
{
    char net[BAN_NET_TEXT];
    err_set(err, ERR_MISSING, "%s is not banned", ban_net_text(b, net));
    return NULL;
}

json_t *control_bans_show(struct store *s, int64_t now, const json_t *request, struct err *err)
{
    struct ban asked, b;
    if (net_take(request, &asked, err) != 0)
        return NULL;
    b = asked;
    if (ban_look(s, now, &b) != 1)
        return missing(&asked, err);
    json_t *result = json_pack("{s:[o]}", "bans", control_ban_json(&b, now));
    must(result != NULL);
    return result;
}

static int end_take(const json_t *request, int64_t now, struct ban *b, struct err *err)
{
    const json_t *seconds = json_object_get(request, "seconds");
    int64_t n = CONTROL_BAN_SECONDS;
    b->since = now;
    if (json_is_null(seconds)) {
        b->until = b->remembered = BAN_FOREVER;
        return 0;
    }
    if (seconds != NULL)
        n = json_is_integer(seconds) ? json_integer_value(seconds) : -1;
    if (n < 1 || n > CONTROL_BAN_SECONDS_MAX)
        return err_set(err, ERR_USAGE, "a ban lasts 1 second to 10 years, or for ever");
    b->until = b->remembered = now + n;
    return 0;
}

/* The ban that is asked for: whom, and till when. */
static int add_take(const json_t *request, int64_t now, struct ban *b, struct err *err)
{
    if (net_take(request, b, err) != 0 || end_take(request, now, b, err) != 0)
        return -1;
    if (b->bits < 8)
        return err_set(err, ERR_USAGE, "a ban of less than /8 would be a ban of everybody");
    return 0;
}

int control_bans_check(const json_t *request, bool adds, struct err *err)
{
    struct ban b;
    return adds ? add_take(request, 0, &b, err) : net_take(request, &b, err);
}

json_t *control_bans_add(struct store *s, int64_t now, const json_t *request, struct ban *ban_out,
                         struct err *err)
{
    struct str text;
    struct ban *b = ban_out;
    if (add_take(request, now, b, err) != 0)
        return NULL;
    b->maker = BAN_BY_ADMIN;
    ban_set_reason(b, control_string(request, "reason", &text) && text.n > 0
                          ? text : STR("banned by the administrator"));
    if (control_string(request, "who", &text))
        ban_set_who(b, text);
    ban_put(s, b, now);
    json_t *result = json_pack("{s:[o]}", "bans", control_ban_json(b, now));
    must(result != NULL);
    return result;
}

json_t *control_bans_remove(struct store *s, int64_t now, const json_t *request,
                            struct ban *ban_out, struct err *err)
{
    char net[BAN_NET_TEXT], wider[BAN_NET_TEXT];
    struct ban asked;
    if (net_take(request, &asked, err) != 0)
        return NULL;
    *ban_out = asked;
    ban_get(s, &asked.net, asked.bits, now, ban_out);
    ban_net_text(&asked, net);
    if (ban_remove(s, &asked.net, asked.bits, now) == 1) {
        json_t *result = json_pack("{s:s}", "removed", net);
        must(result != NULL);
        return result;
    }
    struct ban b = asked;
    if (ban_is_host(&asked) && ban_find(s, &asked.net, now, BAN_ANY, &b) == 1) {
        err_set(err, ERR_MISSING, "%s is banned as a part of %s: remove that one", net,
                ban_net_text(&b, wider));
        return NULL;
    }
    return missing(&asked, err);
}
