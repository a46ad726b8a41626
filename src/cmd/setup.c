/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup - postern setup exim: have an Exim ask posternd
 *
 * Shows what it would do unless it is told to do it. What it does it tests, and
 * takes back if Exim does not like it: nobody's mail server is left with a
 * configuration that does not work.
 */
#include "cmd/setup.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "logs/eximconf.h"

#define ARENA_MAX ((size_t)128 << 20)

enum { OPTION_LAYOUT = 256, OPTION_ROOT, OPTION_SOCKET, OPTION_CONFIG, OPTION_TIMEOUT, OPTION_APPLY,
       OPTION_UNDO, OPTION_NO_SELFTEST, OPTION_JSON, OPTION_COLOR };

static const struct option_row options[] = {
    { "layout", OPTION_LAYOUT, "NAME",
      "plain, debian-split, debian, cpanel, directadmin or hestia (default: found out)" },
    { "config", OPTION_CONFIG, "FILE", "Exim's configuration file, of the plain layout" },
    { "socket", OPTION_SOCKET, "PATH",
      "where posternd listens, or inet:HOST:PORT (default: /run/postern/door)" },
    { "timeout", OPTION_TIMEOUT, "TIME", "how long Exim waits for an answer (default: 10s)" },
    { "apply", OPTION_APPLY, NULL, "do it, and test it" },
    { "undo", OPTION_UNDO, NULL, "take back what was done" },
    { "no-selftest", OPTION_NO_SELFTEST, NULL, "run no Exim afterwards" },
    { "root", OPTION_ROOT, "DIR", "a copied server below this folder; no program is run" },
    { "json", OPTION_JSON, NULL, "one JSON object" },
    { "color", OPTION_COLOR, "WHEN", "auto, always or never" },
    { NULL, 0, NULL, NULL },
};

struct request {
    struct plan_options plan;
    const char *root, *color;
    bool apply, undo, no_selftest;
    struct setup setup;
};

static int option_take(struct request *q, int key, const char *value)
{
    switch (key) {
    case OPTION_LAYOUT:
        return q->plan.layout = value, 0;
    case OPTION_CONFIG:
        return q->plan.config = value, 0;
    case OPTION_SOCKET:
        return q->plan.socket = value, 0;
    case OPTION_TIMEOUT:
        return q->plan.timeout = value, 0;
    case OPTION_APPLY:
        return q->apply = true, 0;
    case OPTION_UNDO:
        return q->undo = true, 0;
    case OPTION_NO_SELFTEST:
        return q->no_selftest = true, 0;
    case OPTION_ROOT:
        return q->root = value, 0;
    case OPTION_JSON:
        return q->setup.json = true, 0;
    case OPTION_COLOR:
        return q->color = value, 0;
    default:
        return -1;
    }
}

static int options_check(struct request *q, const struct option_walk *w)
{
    if (w->operand_count != 1 || strcmp(w->operands[0], "exim") != 0) {
        say_error("setup: name what to set up: postern setup exim");
        return -1;
    }
    if (q->apply && q->undo) {
        say_error("setup: --apply or --undo, not both");
        return -1;
    }
    if (q->undo && (q->plan.layout != NULL || q->plan.config != NULL || q->plan.socket != NULL ||
                    q->plan.timeout != NULL)) {
        say_error("setup: --undo takes back whatever was done; it goes with --root only");
        return -1;
    }
    if (color_wanted(q->color, stdout, &q->setup.color) != 0) {
        say_error("setup: --color takes auto, always or never");
        return -1;
    }
    q->setup.act = q->apply ? SETUP_APPLY : q->undo ? SETUP_UNDO : SETUP_SHOW;
    return 0;
}

static int options_take(void *request, struct option_walk *w)
{
    const char *value;
    int key;
    while ((key = option_next(w, &value)) != OPTION_END) {
        if (key < 0)
            return key;
        if (option_take(request, key, value) != 0)
            return OPTION_BAD;
    }
    return options_check(request, w) == 0 ? OPTION_END : OPTION_BAD;
}

static int status_of(const struct err *err)
{
    return err->kind == ERR_USAGE ? EXIT_USAGE : EXIT_INCOMPLETE;
}

/* The test, and back if it fails. */
static int applied_test(struct request *q)
{
    struct setup *s = &q->setup;
    struct err err;
    struct selftest_options o = { .exim = q->plan.exim, .config = q->plan.config };
    selftest_run(&s->plan, &o, &s->test);
    s->tested = true;
    if (s->test.result != SELFTEST_FAILED)
        return EXIT_NAMED;
    if (!s->changed)
        return EXIT_NOT_OURS;
    if (apply_rollback(&s->apply, &s->plan, &err) != 0) {
        say_error("setup: the test failed, and the files could not be put back: %s", err.text);
        return EXIT_INCOMPLETE;
    }
    struct selftest again;
    s->rolled_back = true;
    if (selftest_update(&s->plan, &again) != 0)
        say_warning("%s failed once more with the old files: look at Exim's configuration",
                    s->plan.update);
    return EXIT_NOT_OURS;
}

static int act_apply(struct request *q)
{
    struct setup *s = &q->setup;
    struct err err;
    int changed = apply_plan(&s->apply, &s->plan, &err);
    if (changed < 0) {
        say_error("setup: %s; %s", err.text,
                  s->apply.half ? "not all could be put back: run postern setup exim --undo"
                                : "nothing was changed");
        return status_of(&err);
    }
    s->changed = changed > 0;
    return q->plan.builds ? applied_test(q) : EXIT_NAMED;
}

static int act_undo(struct request *q)
{
    struct setup *s = &q->setup;
    struct err err;
    s->changed = s->apply.exists;
    if (!s->changed)
        return EXIT_NAMED;
    if (apply_undo(&s->apply, &err) != 0) {
        say_error("setup: %s; what is not undone yet can be undone again", err.text);
        return status_of(&err);
    }
    s->plan.layout = s->apply.layout;
    plan_next(&s->plan, q->plan.builds);
    if (q->plan.builds && selftest_update(&s->plan, &s->test) != 0) {
        s->tested = true;
        return EXIT_NOT_OURS;
    }
    return EXIT_NAMED;
}

/* Files that are written but not tested yet are nothing to stop at: who types ^C has to wait.
 * Programs that are started do not inherit it. */
static void signals_hold(void)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigprocmask(SIG_BLOCK, &held, NULL);
}

static int act(struct request *q, const struct rootfs *fs, struct arena *a)
{
    struct setup *s = &q->setup;
    struct err err;
    if (s->act != SETUP_SHOW)
        signals_hold();
    if (apply_open(&s->apply, fs, a, &err) != 0) {
        say_error("setup: %s", err.text);
        return status_of(&err);
    }
    if (s->act == SETUP_UNDO) {
        s->plan = (struct plan){ .fs = fs, .arena = a };
        return act_undo(q);
    }
    if (plan_make(&s->plan, fs, a, &q->plan, &err) != 0) {
        say_error("setup: %s", err.text);
        return status_of(&err);
    }
    apply_keep(&s->apply, &s->plan);
    s->planned = true;
    return s->act == SETUP_APPLY ? act_apply(q) : EXIT_NAMED;
}

/* What was done here is known to root alone: to anybody else it would look like nothing. */
static bool user_may(enum setup_act act)
{
    if (act == SETUP_SHOW || geteuid() == 0)
        return true;
    say_error("setup: --%s changes Exim's configuration: run this as root",
              act == SETUP_UNDO ? "undo" : "apply");
    return false;
}

static int perform(void *request, const struct option_walk *w)
{
    struct request *q = request;
    struct rootfs fs;
    struct err err;
    struct eximconf exim = { .localhost_number = -1 };
    (void)w;
    if (rootfs_init(&fs, q->root, &err) != 0) {
        say_error("setup: --root %s", err.text);
        return EXIT_USAGE;
    }
    bool copy = fs.root[0] != '\0';
    if (!copy && !user_may(q->setup.act)) {
        rootfs_fini(&fs);
        return EXIT_INCOMPLETE;
    }
    if (!copy) {
        eximconf_init(&exim);
        q->plan.exim = exim.binary;
        q->plan.builds = exim.binary != NULL && !q->no_selftest;
    }
    q->setup.root = copy ? q->root : NULL;
    struct arena *a = arena_new(ARENA_MAX);
    int status = act(q, &fs, a);
    if (q->setup.planned || (q->setup.act == SETUP_UNDO && status <= EXIT_NOT_OURS)) {
        if (q->setup.json)
            render_setup_json(&q->setup);
        else
            render_setup_text(&q->setup);
    }
    arena_free(&a);
    rootfs_fini(&fs);
    if (!copy)
        eximconf_fini(&exim);
    return status;
}

static int setup_run(int argc, char **argv)
{
    static const struct command_steps steps = { options_take, perform };
    struct request q = { .color = "auto", .setup = { .out = stdout } };
    return command_run(&command_setup, argc, argv, &steps, &q);
}

const struct command command_setup = {
    .name = "setup",
    .summary = "have this server's Exim ask posternd",
    .usage = "exim [OPTION]...",
    .about = "Shows what would change in Exim's configuration, as a unified diff. With --apply\n"
             "it is done, tested on Exim itself, and taken back if the test fails. Whatever goes\n"
             "wrong later lets mail through as before. The manual is postern-exim(7).",
    .options = options,
    .examples = "Examples:\n"
                "  postern setup exim\n"
                "  postern setup exim --apply\n"
                "  postern setup exim --undo\n",
    .run = setup_run,
};
