/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask - postern ask: what would be decided of a client, and why
 *
 * Asks the running daemon, or with --offline a posternd that decides once and ends.
 * Nothing is counted by asking: it is no attack to try out an address here.
 */
#include <string.h>

#include "base/must.h"
#include "base/str.h"
#include "cmd/control_client.h"
#include "cmd/offline.h"
#include "conf/conf.h"
#include "door/control_ask.h"

enum { OPTION_CLIENT = OPTION_CONTACT_OWN, OPTION_HELO, OPTION_FROM, OPTION_TO, OPTION_SERVER,
       OPTION_VERIFIED, OPTION_OFFLINE };

static const struct option_row options[] = {
    { "client", OPTION_CLIENT, "IP", "the address of the client; needed" },
    { "helo", OPTION_HELO, "NAME", "what it says in HELO or EHLO" },
    { "from", OPTION_FROM, "ADDRESS", "the envelope sender; '' or '<>' is the null sender" },
    { "to", OPTION_TO, "ADDRESS", "the envelope recipient" },
    { "server", OPTION_SERVER, "IP", "our address that it connected to" },
    { "verified", OPTION_VERIFIED, "RESULT", "the MTA's word of the recipient: yes, no or defer" },
    { "offline", OPTION_OFFLINE, NULL, "decide without a daemon, by the settings of --config" },
    CONTACT_OPTION_ROWS,
    { NULL, 0, NULL, NULL },
};

struct ask_request {
    struct contact contact;
    json_t *request;
    bool offline;
};

/* Without the angle brackets that people copy along. */
static void set_address(json_t *object, const char *key, const char *value)
{
    struct str s = str_c(value);
    if (str_starts(s, STR("<")) && str_ends(s, STR(">")) && s.n >= 2)
        s = str_make(s.p + 1, s.n - 2);
    client_set(object, key, s);
}

static int own_option(struct ask_request *q, int key, const char *value)
{
    switch (key) {
    case OPTION_CLIENT:
        client_set(q->request, "client", str_c(value));
        return 0;
    case OPTION_HELO:
        client_set(q->request, "helo", str_c(value));
        return 0;
    case OPTION_FROM:
        set_address(q->request, "from", value);
        return 0;
    case OPTION_TO:
        set_address(q->request, "to", value);
        return 0;
    case OPTION_SERVER:
        client_set(q->request, "server", str_c(value));
        return 0;
    case OPTION_VERIFIED:
        client_set(q->request, "verified", str_c(value));
        return 0;
    case OPTION_OFFLINE:
        q->offline = true;
        return 0;
    default:
        return -1;
    }
}

/* What the daemon would refuse anyway is told without one. */
static int envelope_check(const json_t *request)
{
    struct envelope e;
    struct err err;
    if (control_ask_envelope(request, &e, &err) == 0)
        return OPTION_END;
    say_error("ask: %s", err.text);
    return OPTION_BAD;
}

static int options_take(void *request, struct option_walk *w)
{
    struct ask_request *q = request;
    const char *value;
    int key;
    while ((key = option_next(w, &value)) != OPTION_END) {
        if (key < 0)
            return key;
        if (contact_option(&q->contact, key, value) == 0 && own_option(q, key, value) != 0)
            return OPTION_BAD;
    }
    if (w->operand_count > 0) {
        say_error("ask: it takes no arguments; name the client with --client");
        return OPTION_BAD;
    }
    if (json_object_get(q->request, "client") == NULL) {
        say_error("ask: whose mail? --client wants the address of a client");
        return OPTION_BAD;
    }
    return envelope_check(q->request);
}

/* --- printing --- */

struct paint {
    const char *bold, *red, *yellow, *green, *plain;
};

static const struct paint colors = { "\033[1m", "\033[31m", "\033[33m", "\033[32m", "\033[0m" };
static const struct paint no_colors = { "", "", "", "", "" };

static const char *action_color(const struct paint *p, const char *action)
{
    if (strcmp(action, "refuse") == 0)
        return p->red;
    return strcmp(action, "pass") == 0 ? p->green : p->yellow;
}

static void verdict_print(const json_t *result, const struct paint *p, struct buf *b)
{
    const char *action = client_text(result, "action", b);
    printf("%sVerdict%s   %s%s%s", p->bold, p->plain, action_color(p, action), action, p->plain);
    if (client_text(result, "by", b)[0] != '\0')
        printf(" by %s", buf_c(b));
    if (json_is_true(json_object_get(result, "drop")))
        printf(", and the connection is closed");
    if (client_text(result, "exempt", b)[0] != '\0')
        printf(": exempt, %s", buf_c(b));
    printf("\n");
    json_int_t code = json_integer_value(json_object_get(result, "code"));
    const char *text = client_text(result, "text", b);
    if (text[0] == '\0')
        return;
    printf("%s%s%s   ", p->bold, code > 0 ? "Reply  " : "Header ", p->plain);
    if (code > 0) {
        struct buf status;
        buf_init(&status, 100);
        printf("%d %s ", (int)code, client_text(result, "status", &status));
        buf_fini(&status);
    }
    printf("%s\n", text);
}

static void checks_print(const json_t *result, const struct paint *p, struct buf *b)
{
    const json_t *row;
    size_t i;
    printf("\n%s%-11s %-8s %-8s %9s  %s%s\n", p->bold, "check", "result", "mode", "ms", "words",
           p->plain);
    json_array_foreach(json_object_get(result, "checks"), i, row) {
        double ms = (double)json_integer_value(json_object_get(row, "usec")) / 1000;
        const char *state = client_text(row, "state", b);
        const char *color = strcmp(state, "hit") == 0 ? p->red
                            : strcmp(state, "late") == 0 || strcmp(state, "broken") == 0
                                ? p->yellow : "";
        char shown[16];
        snprintf(shown, sizeof shown, "%s", state);
        printf("%-11s ", client_text(row, "check", b));
        printf("%s%-8s%s ", color, shown, color[0] == '\0' ? "" : p->plain);
        printf("%-8s %9.1f", client_text(row, "mode", b), ms);
        if (json_is_number(json_object_get(row, "score")))
            printf("  score %.2f", json_number_value(json_object_get(row, "score")));
        if (client_text(row, "words", b)[0] != '\0')
            printf("  %s", buf_c(b));
        printf("\n");
    }
}

static void result_print(const struct contact *c, const json_t *result)
{
    struct buf b;
    const struct paint *p = c->color ? &colors : &no_colors;
    if (c->json) {
        client_print_json(result, stdout);
        return;
    }
    buf_init(&b, 8192);
    verdict_print(result, p, &b);
    checks_print(result, p, &b);
    buf_fini(&b);
}

/* --- running --- */

static int decide(void *request, const struct option_walk *w)
{
    struct ask_request *q = request;
    struct err err;
    bool reached = true;
    json_t *result;
    (void)w;
    if (contact_settle(&q->contact, &err) != 0) {
        say_error("ask: %s", err.text);
        return EXIT_USAGE;
    }
    if (q->offline)
        result = offline_ask(q->contact.config != NULL ? q->contact.config : CONF_DEFAULT_FILE,
                             q->request, &err);
    else
        result = client_call(q->contact.path, q->request, CLIENT_SECONDS, &reached, &err);
    if (result == NULL) {
        say_error("ask: %s", err.text);
        return (!reached && err.kind != ERR_IO) || q->offline ? EXIT_USAGE : client_status(&err);
    }
    result_print(&q->contact, result);
    json_decref(result);
    return EXIT_NAMED;
}

static int ask_run(int argc, char **argv)
{
    static const struct command_steps steps = { options_take, decide };
    struct ask_request q = { .request = json_pack("{s:s}", "command", "ask") };
    must(q.request != NULL);
    int status = command_run(&command_ask, argc, argv, &steps, &q);
    contact_fini(&q.contact);
    json_decref(q.request);
    return status;
}

const struct command command_ask = {
    .name = "ask",
    .summary = "what posternd would decide of a client, and why",
    .usage = "--client IP [OPTION]...",
    .about = "Asks posternd what it would do with mail from this client: the verdict with its\n"
             "reply, then each check with its result, its time and what it found. Nothing is\n"
             "counted by asking.",
    .options = options,
    .examples = "Examples:\n"
                "  postern ask --client 192.0.2.7 --helo mx.example.org --from a@example.org \\\n"
                "      --to info@example.com\n"
                "  postern ask --client 192.0.2.7 --offline -c ./postern.conf\n",
    .run = ask_run,
};
