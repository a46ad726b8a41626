/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest - does this Exim take its configuration, and does it really ask
 *
 * With a listener of ours the requests themselves are looked at. Where a daemon answers, what Exim
 * says of the session is: -bh tells each step of an ACL, and among them the answer.
 */
#include "kit/selftest.h"

#include <unistd.h>

#include "base/child.h"
#include "kit/listener.h"

#define OUTPUT_MAX ((size_t)1 << 20)
#define SHOWN_LINES 30

static const char session[] = "EHLO selftest.postern.invalid\r\n"
                              "MAIL FROM:<>\r\n"
                              "RCPT TO:<postmaster>\r\n"
                              "QUIT\r\n";

static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };

static void result(struct selftest *t, enum selftest_result r, struct str text)
{
    t->result = r;
    t->text = text;
}

static struct str kept(const struct plan *p, struct str text)
{
    return arena_str(p->arena, text);
}

/* What people want to see of Exim's words: the dialogue and the log, not each step. */
static struct str shown(const struct plan *p, struct str said)
{
    struct buf b;
    struct str line;
    int lines = 0;
    buf_init(&b, 16384);
    while (lines < SHOWN_LINES && str_line(&said, &line)) {
        if (str_starts(line, STR(">>>")) || str_starts(line, STR("****")) || str_empty(line))
            continue;
        buf_add(&b, line);
        buf_add_c(&b, '\n');
        lines++;
    }
    struct str out = kept(p, buf_str(&b));
    buf_fini(&b);
    return out;
}

int selftest_update(const struct plan *p, struct selftest *t)
{
    const char *const argv[] = { p->update, NULL };
    struct child c = { .argv = argv, .env = environment, .errors = true,
                       .wait_ms = SELFTEST_WAIT_MS };
    struct buf said;
    if (p->update == NULL || access(p->update, X_OK) != 0)
        return 0;
    buf_init(&said, OUTPUT_MAX);
    int rc = child_run(&c, &said);
    if (rc != 0) {
        result(t, SELFTEST_FAILED, STR("the program that builds Exim's configuration refused it"));
        t->output = shown(p, buf_str(&said));
    }
    buf_fini(&said);
    return rc == 0 ? 0 : -1;
}

/* Run Exim with `option` and its value, on the configuration that is meant. */
static int exim_run(const struct selftest_options *o, const char *option, const char *value,
                    struct str input, struct buf *said)
{
    const char *argv[6] = { o->exim, option };
    size_t n = 2;
    if (value != NULL)
        argv[n++] = value;
    if (o->config != NULL) {
        argv[n++] = "-C";
        argv[n++] = o->config;
    }
    struct child c = { .argv = argv, .env = environment, .input = input, .errors = true,
                       .wait_ms = SELFTEST_WAIT_MS };
    return child_run(&c, said);
}

static int accepted(const struct plan *p, const struct selftest_options *o, struct selftest *t)
{
    struct buf said;
    buf_init(&said, OUTPUT_MAX);
    int rc = exim_run(o, "-bV", NULL, STR(""), &said);
    if (rc != 0) {
        result(t, SELFTEST_FAILED, STR("Exim does not accept the configuration (exim -bV)"));
        t->output = shown(p, buf_str(&said));
    }
    buf_fini(&said);
    return rc == 0 ? 0 : -1;
}

/* One request among all of them: that of this state, with the attributes that the session had. */
static bool requested(struct str all, const char *state, const char *attribute)
{
    while (all.n > 0) {
        size_t end = str_find(all, STR("\n\n"));
        struct str one = str_head(all, end == STR_NONE ? all.n : end + 1);
        all = str_skip(all, one.n + 1);
        struct str rest = one, line;
        bool this_state = false, client = false, other = attribute == NULL;
        while (str_line(&rest, &line)) {
            struct str value = line, name = str_cut(&value, '=');
            this_state = this_state || (str_eq(name, STR("protocol_state")) &&
                                        str_eq(value, str_c(state)));
            client = client || str_eq(line, STR("client_address=" SELFTEST_CLIENT));
            other = other || str_starts(line, str_c(attribute));
        }
        if (this_state && client && other)
            return true;
    }
    return false;
}

/* The state whose request should have come but did not; NULL if all came. */
static const char *request_missing(const struct plan *p, struct str requests)
{
    static const struct { enum plan_stage stage; const char *state, *attribute; } wanted[] = {
        { PLAN_CONNECT, "CONNECT", "instance=" },
        { PLAN_RCPT, "RCPT", "recipient=postmaster@" },
        { PLAN_QUIT, "QUIT", "rcpt_count=1" },
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (p->wired[wanted[i].stage] && !p->later[wanted[i].stage] &&
            !requested(requests, wanted[i].state, wanted[i].attribute))
            return wanted[i].state;
    }
    return NULL;
}

/* What -bh tells: the call with RCPT, and behind it an answer. */
static bool answer_told(struct str said)
{
    size_t call = str_find(said, STR("/ask RCPT"));
    if (call == STR_NONE)
        return false;
    return str_find(str_skip(said, call), STR("= action=")) != STR_NONE;
}

static void session_judge(const struct plan *p, struct str said, struct str requests,
                          bool daemon, struct selftest *t)
{
    struct buf why;
    const char *missing = daemon ? NULL : request_missing(p, requests);
    buf_init(&why, 512);
    if (missing != NULL)
        buf_addf(&why, "a session of Exim (exim -bh %s) did not ask %.*s at %s", SELFTEST_CLIENT,
                 STR_ARG(p->socket), missing);
    else if (!answer_told(said))
        buf_addf(&why, "a session of Exim (exim -bh %s) got no answer at RCPT from %.*s",
                 SELFTEST_CLIENT, STR_ARG(p->socket));
    if (why.n > 0) {
        result(t, SELFTEST_FAILED, kept(p, buf_str(&why)));
        t->output = shown(p, said);
    } else if (daemon) {
        result(t, SELFTEST_PASSED, STR("Exim accepts the configuration, and in a session of its "
               "own it asked posternd and got an answer"));
    } else {
        result(t, SELFTEST_PASSED, STR("Exim accepts the configuration, and a session of its own "
               "asked the socket; no posternd listens there yet"));
    }
    buf_fini(&why);
}

static void session_play(const struct plan *p, const struct selftest_options *o,
                         const char *socket, struct selftest *t)
{
    struct buf said, requests;
    struct err err;
    struct listener *l = NULL;
    bool inet = socket[0] != '/';
    bool daemon = inet || listener_answered(socket);
    if (!daemon && (l = listener_new(socket, &err)) == NULL) {
        result(t, SELFTEST_SKIPPED, kept(p, str_c("Exim accepts the configuration; no session was "
               "tried, because the socket could not be made")));
        t->output = kept(p, str_c(err.text));
        return;
    }
    buf_init(&said, OUTPUT_MAX);
    buf_init(&requests, OUTPUT_MAX);
    int rc = exim_run(o, "-bh", SELFTEST_CLIENT, str_c(session), &said);
    listener_free(&l, &requests);
    if (rc < 0 && said.n == 0)
        result(t, SELFTEST_FAILED, STR("Exim could not play a session (exim -bh)"));
    else if (inet && !answer_told(buf_str(&said)))
        result(t, SELFTEST_SKIPPED, STR("Exim accepts the configuration; no posternd answers at "
               "that address yet, so no session was tried"));
    else
        session_judge(p, buf_str(&said), buf_str(&requests), daemon, t);
    buf_fini(&said);
    buf_fini(&requests);
}

void selftest_run(const struct plan *p, const struct selftest_options *o, struct selftest *t)
{
    char socket[256];
    *t = (struct selftest){ .output = STR("") };
    if (selftest_update(p, t) != 0 || accepted(p, o, t) != 0)
        return;
    if (!p->wired[PLAN_RCPT] || p->later[PLAN_RCPT]) {
        result(t, SELFTEST_SKIPPED, STR("Exim does not ask yet: run the programs named below, then "
               "postern setup exim --apply once more, which tests it"));
        return;
    }
    if (str_copy(p->socket, socket, sizeof socket) != 0) {
        result(t, SELFTEST_SKIPPED, STR("the name of the socket is too long"));
        return;
    }
    session_play(p, o, socket, t);
}
