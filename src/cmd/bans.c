/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bans - postern bans: list, show, make and lift bans
 *
 * Listing and showing work without a daemon too: then the state is read from its file,
 * as far as it was written. Making and lifting are the daemon's.
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/str.h"
#include "cmd/control_client.h"
#include "conf/conf.h"
#include "door/control_bans.h"
#include "store/store.h"

enum { OPTION_FOR = OPTION_CONTACT_OWN, OPTION_REASON };

static const struct option_row options[] = {
    { "for", OPTION_FOR, "SPAN",
      "add: how long: 30m, 12h, 7d, 4w or forever (default: 1d)" },
    { "reason", OPTION_REASON, "TEXT", "add: the words that the client and the log get" },
    CONTACT_OPTION_ROWS,
    { NULL, 0, NULL, NULL },
};

struct bans_request {
    struct contact contact;
    json_t *request;
    const char *verb;
    bool for_given, reason_given;
};

/* --- options --- */

/* "30m" as seconds, "forever" as null. NULL if it is neither. */
static json_t *span_parse(const char *text)
{
    static const struct { char unit; int64_t seconds; } units[] = {
        { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 },
    };
    struct str s = str_c(text);
    uint64_t n;
    if (str_eq(s, STR("forever")))
        return json_null();
    if (str_eat_u64(&s, &n) != 0 || s.n != 1 || n == 0 || n > (uint64_t)CONTROL_BAN_SECONDS_MAX)
        return NULL;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == s.p[0])
            return json_integer((json_int_t)n * units[i].seconds);
    }
    return NULL;
}

static int own_option(struct bans_request *q, int key, const char *value)
{
    if (key == OPTION_REASON) {
        q->reason_given = true;
        client_set(q->request, "reason", str_c(value));
        return 0;
    }
    json_t *seconds = span_parse(value);
    if (seconds == NULL) {
        say_error("bans: --for takes a span as 30m, 12h, 7d or 4w, or forever");
        return -1;
    }
    q->for_given = true;
    must(json_object_set_new(q->request, "seconds", seconds) == 0);
    return 0;
}

/* What the daemon would refuse anyway is told without one. 0 or -1. */
static int net_check(const struct bans_request *q)
{
    struct err err;
    bool adds = strcmp(q->verb, "add") == 0;
    if (control_bans_check(q->request, adds, &err) == 0)
        return 0;
    say_error("bans: %s", err.text);
    return -1;
}

/* list; or show, add, remove with an address. 0 or -1. */
static int operands_take(struct bans_request *q, const struct option_walk *w)
{
    static const char *const verbs[] = { "list", "show", "add", "remove" };
    struct buf command;
    int wanted = 1;
    for (size_t i = 0; w->operand_count > 0 && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(w->operands[0], verbs[i]) == 0)
            q->verb = verbs[i];
    }
    if (q->verb == NULL) {
        say_error("bans: say list, show, add or remove; see postern bans --help");
        return -1;
    }
    wanted += strcmp(q->verb, "list") != 0;
    if (w->operand_count != wanted) {
        say_error("bans: %s", wanted == 1 ? "list takes no arguments"
                                          : "one address or network is wanted: 192.0.2.7 or "
                                            "192.0.2.0/24");
        return -1;
    }
    if ((q->for_given || q->reason_given) && strcmp(q->verb, "add") != 0) {
        say_error("bans: --for and --reason go with add");
        return -1;
    }
    buf_init(&command, 100);
    buf_addf(&command, "bans-%s", q->verb);
    client_set(q->request, "command", buf_str(&command));
    buf_fini(&command);
    if (wanted == 1)
        return 0;
    client_set(q->request, "net", str_c(w->operands[1]));
    return net_check(q);
}

static int options_take(void *request, struct option_walk *w)
{
    struct bans_request *q = request;
    const char *value;
    int key;
    while ((key = option_next(w, &value)) != OPTION_END) {
        if (key < 0)
            return key;
        if (contact_option(&q->contact, key, value) == 0 && own_option(q, key, value) != 0)
            return OPTION_BAD;
    }
    return operands_take(q, w) == 0 ? OPTION_END : OPTION_BAD;
}

/* Who bans: the one behind sudo, else the user. */
static void who_add(json_t *request)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());
    if (sudo != NULL && sudo[0] != '\0')
        client_set(request, "who", str_c(sudo));
    else if (user != NULL)
        client_set(request, "who", str_c(user->pw_name));
}

/* --- printing --- */

static void head_print(const struct contact *c)
{
    printf("%s%-20s %-16s %-16s %-10s %5s  %s%s\n", c->color ? "\033[1m" : "", "network", "since",
           "until", "by", "level", "reason", c->color ? "\033[0m" : "");
}

/* A time of the JSON in the zone of this machine, to the minute: of an end the next one, as in the
 * reply to the client. */
static const char *moment(const json_t *ban, const char *key, struct buf *b)
{
    int64_t utc;
    char text[CLOCK_TEXT_MAX];
    if (json_is_null(json_object_get(ban, key)))
        return "forever";
    if (clock_parse(str_c(client_text(ban, key, b)), 0, &utc) != 0)
        return "?";
    if (strcmp(key, "until") == 0)
        utc += 59;
    clock_human(utc, clock_offset_at(utc), text);
    buf_reset(b);
    buf_add(b, str_head(str_c(text), 16));
    return buf_c(b);
}

static void row_print(const json_t *ban, struct buf *b)
{
    bool active = json_is_true(json_object_get(ban, "active"));
    printf("%-20s ", client_text(ban, "net", b));
    printf("%-16s ", moment(ban, "since", b));
    printf("%-16s ", active ? moment(ban, "until", b) : "over");
    printf("%-10s ", client_text(ban, "by", b));
    printf("%5d  ", (int)json_integer_value(json_object_get(ban, "level")));
    printf("%s\n", client_text(ban, "reason", b));
}

static void rows_print(const struct contact *c, const json_t *page, uint64_t *count)
{
    const json_t *ban;
    size_t i;
    struct buf b;
    buf_init(&b, 8192);
    json_array_foreach(json_object_get(page, "bans"), i, ban) {
        if (c->json) {
            client_print_json(ban, stdout);
        } else {
            if (*count == 0)
                head_print(c);
            row_print(ban, &b);
        }
        ++*count;
    }
    buf_fini(&b);
}

static void end_print(const struct contact *c, uint64_t count)
{
    if (c->json)
        return;
    if (count == 0)
        printf("No bans.\n");
    else
        printf("\n%llu ban%s\n", (unsigned long long)count, count == 1 ? "" : "s");
}

/* One ban with all that is known of it. */
static void one_print(const struct contact *c, const json_t *ban)
{
    static const struct { const char *label, *key; } rows[] = {
        { "Network", "net" }, { "Reason", "reason" }, { "By", "by" }, { "Who", "who" },
    };
    struct buf b;
    if (c->json) {
        client_print_json(ban, stdout);
        return;
    }
    buf_init(&b, 8192);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (client_text(ban, rows[i].key, &b)[0] != '\0')
            printf("%-10s %s\n", rows[i].label, buf_c(&b));
    }
    printf("%-10s %s\n", "Since", moment(ban, "since", &b));
    printf("%-10s %s%s\n", "Until", moment(ban, "until", &b),
           json_is_true(json_object_get(ban, "active")) ? "" : " (over, but remembered)");
    printf("%-10s %d\n", "Level", (int)json_integer_value(json_object_get(ban, "level")));
    if (json_integer_value(json_object_get(ban, "unknown")) > 0)
        printf("%-10s %d unknown and %d good recipients from %d clients in %d s\n", "Evidence",
               (int)json_integer_value(json_object_get(ban, "unknown")),
               (int)json_integer_value(json_object_get(ban, "good")),
               (int)json_integer_value(json_object_get(ban, "clients")),
               (int)json_integer_value(json_object_get(ban, "window")));
    buf_fini(&b);
}

static void result_print(const struct bans_request *q, const json_t *result)
{
    struct buf b;
    const json_t *ban = json_array_get(json_object_get(result, "bans"), 0);
    if (ban != NULL && strcmp(q->verb, "show") == 0) {
        one_print(&q->contact, ban);
        return;
    }
    if (q->contact.json) {
        client_print_json(ban != NULL ? ban : result, stdout);
        return;
    }
    buf_init(&b, 8192);
    if (ban != NULL) {
        bool ends = !json_is_null(json_object_get(ban, "until"));
        printf("%s is banned %s", client_text(ban, "net", &b), ends ? "until " : "");
        printf("%s\n", moment(ban, "until", &b));
    } else {
        printf("%s is no longer banned\n", client_text(result, "removed", &b));
    }
    buf_fini(&b);
}

/* Print the result, which is taken over; or, where it is NULL, why there is none. */
static int result_tell(const struct bans_request *q, json_t *result, const struct err *err)
{
    if (result == NULL) {
        say_error("bans: %s", err->text);
        return client_status(err);
    }
    result_print(q, result);
    json_decref(result);
    return EXIT_NAMED;
}

/* --- without a daemon --- */

static int list_stored(const struct bans_request *q, struct store *s)
{
    struct ban last;
    bool started = false, more = true;
    uint64_t count = 0;
    while (more) {
        json_t *page = json_object();
        more = control_bans_page(s, clock_now(), &started, &last, page);
        rows_print(&q->contact, page, &count);
        json_decref(page);
    }
    end_print(&q->contact, count);
    return EXIT_NAMED;
}

static int show_stored(const struct bans_request *q, struct store *s)
{
    struct err err;
    json_t *result = control_bans_show(s, clock_now(), q->request, &err);
    return result_tell(q, result, &err);
}

/* Nobody answers: read the state file, if that is enough. */
static int without_daemon(const struct bans_request *q, const struct err *why)
{
    const char *folder = q->contact.conf->daemon.state;
    bool reads = strcmp(q->verb, "list") == 0 || strcmp(q->verb, "show") == 0;
    struct err err;
    struct store *s = NULL;
    if (why->kind != ERR_MISSING || !reads || folder[0] == '\0') {
        say_error("bans: %s", why->text);
        return why->kind == ERR_IO ? EXIT_INCOMPLETE : EXIT_USAGE;
    }
    s = store_open_reader(folder, &err);
    if (s == NULL) {
        say_error("bans: %s", why->text);
        say_error("bans: nor is there a state to read: %s", err.text);
        return err.kind == ERR_MISSING || err.kind == ERR_ACCESS ? EXIT_USAGE : EXIT_INCOMPLETE;
    }
    say_warning("posternd does not answer on %s; this is its state in %s", q->contact.path,
                folder);
    int status = strcmp(q->verb, "list") == 0 ? list_stored(q, s) : show_stored(q, s);
    store_close(&s);
    return status;
}

/* --- running --- */

static int list_all(const struct bans_request *q, struct client *c)
{
    struct err err;
    uint64_t count = 0;
    bool more = true;
    if (client_send(c, q->request, &err) != 0) {
        say_error("bans: %s", err.text);
        return EXIT_INCOMPLETE;
    }
    while (more) {
        json_t *page = client_next(c, &more, &err);
        if (page == NULL) {
            say_error("bans: %s", err.text);
            return client_status(&err);
        }
        rows_print(&q->contact, page, &count);
        json_decref(page);
    }
    end_print(&q->contact, count);
    return EXIT_NAMED;
}

static int one_command(const struct bans_request *q, struct client *c)
{
    struct err err;
    bool more;
    json_t *result = NULL;
    if (client_send(c, q->request, &err) == 0)
        result = client_next(c, &more, &err);
    return result_tell(q, result, &err);
}

static int perform(void *request, const struct option_walk *w)
{
    struct bans_request *q = request;
    struct err err;
    struct client c;
    (void)w;
    if (contact_settle(&q->contact, &err) != 0) {
        say_error("bans: %s", err.text);
        return EXIT_USAGE;
    }
    if (strcmp(q->verb, "add") == 0)
        who_add(q->request);
    if (client_open(&c, q->contact.path, &err) != 0)
        return without_daemon(q, &err);
    int status = strcmp(q->verb, "list") == 0 ? list_all(q, &c) : one_command(q, &c);
    client_close(&c);
    return status;
}

static int bans_run(int argc, char **argv)
{
    static const struct command_steps steps = { options_take, perform };
    struct bans_request q = { .request = json_object() };
    must(q.request != NULL);
    int status = command_run(&command_bans, argc, argv, &steps, &q);
    contact_fini(&q.contact);
    json_decref(q.request);
    return status;
}

const struct command command_bans = {
    .name = "bans",
    .summary = "list, show, make and lift bans",
    .usage = "list | show NET | add NET | remove NET  [OPTION]...",
    .about = "NET is an address or a network: 192.0.2.7, 192.0.2.0/24, 2001:db8::/64. list and\n"
             "show work without posternd too; then they read its state file.",
    .options = options,
    .examples = "Examples:\n"
                "  postern bans list\n"
                "  postern bans show 192.0.2.7\n"
                "  postern bans add 192.0.2.0/24 --for 7d --reason 'attacks our webmail'\n"
                "  postern bans remove 192.0.2.7\n",
    .run = bans_run,
};
