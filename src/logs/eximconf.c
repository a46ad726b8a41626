/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eximconf - what the local Exim says of itself
 *
 * The Exim becomes leader of a process group of its own, so that on a hang it
 * and whatever it has started (a configuration can run programs) can be killed
 * by a number that is certainly ours: it is not reaped before. Its output is
 * bounded, its input and errors are /dev/null.
 */
#define _GNU_SOURCE
#include "logs/eximconf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/must.h"

#define OUTPUT_MAX ((size_t)64 * 1024)
#define NAP_MS 2

static const char *const usual_binaries[] = {
    "/usr/sbin/exim4",     "/usr/sbin/exim",            "/usr/local/sbin/exim",
    "/usr/exim/bin/exim",  "/usr/local/exim/bin/exim",  NULL,
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Start `argv` with its output in `out`. 0, or -1. */
static int start(const char *const *argv, int out, pid_t *pid_out)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t signals;
    char *const env[] = { NULL };
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setpgroup(&attr, 0);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attr, &signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGCHLD);
    posix_spawnattr_setsigdefault(&attr, &signals);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    union { /* posix_spawn() does not change the arguments, but its type cannot say so */
        const char *const *in;
        char *const *out;
    } args = { .in = argv };
    int rc = posix_spawn(pid_out, argv[0], &files, &attr, args.out, env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return rc == 0 ? 0 : -1;
}

/* Read until the end, the ceiling or the deadline. True at the end. */
static bool collect(int fd, int64_t deadline, struct buf *text)
{
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int rc = left <= 0 ? 0 : poll(&p, 1, (int)left);
        if (rc < 0 && errno == EINTR)
            continue;
        if (rc <= 0 || buf_reserve(text, 4096) != 0)
            return false;
        ssize_t got = read(fd, text->p + text->n, 4096);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        text->n += (size_t)got;
    }
}

/* Wait until `pid` has ended, but leave it unreaped, so that its number stays its own. False at the
 * deadline. */
static bool ended(pid_t pid, int64_t deadline)
{
    for (;;) {
        siginfo_t info = { .si_pid = 0 };
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno != EINTR)
            return true;
        if (info.si_pid == pid)
            return true;
        if (now_ms() >= deadline)
            return false;
        struct timespec nap = { .tv_nsec = NAP_MS * 1000000L };
        nanosleep(&nap, NULL);
    }
}

/* End the group of `pid`, whatever is left of it. True if `pid` itself had ended well. */
static bool reap(pid_t pid)
{
    int status = 0;
    pid_t got;
    kill(-pid, SIGKILL);
    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    return got == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Run `argv` and keep what it says. True if it ended by itself, and well, before the deadline. */
static bool run(const char *const *argv, int64_t deadline, struct buf *text)
{
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    int rc = start(argv, ends[1], &pid);
    close(ends[1]);
    bool good = false;
    if (rc == 0) {
        good = collect(ends[0], deadline, text) && ended(pid, deadline);
        good = reap(pid) && good;
    }
    close(ends[0]);
    return good;
}

static char *heap_copy(struct str s)
{
    char *p = must_alloc(s.n + 1);
    memcpy(p, s.p, s.n);
    return p;
}

/* One line: `name = value`, `name =` or, for a setting that is off, `no_name`. */
static void take_line(struct eximconf *c, struct str line)
{
    struct { struct str name; char **place; } const settings[] = {
        { STR("log_file_path"), &c->log_file_path },
        { STR("spool_directory"), &c->spool_directory },
        { STR("primary_hostname"), &c->primary_hostname },
        { STR("qualify_domain"), &c->qualify_domain },
        { STR("log_selector"), &c->log_selector },
    };
    struct str name = str_trim(str_cut(&line, '='));
    struct str value = str_trim(line);
    uint64_t number;
    if (str_find_c(value, '\0') != STR_NONE || str_eq(value, STR("<value not displayable>")))
        return;
    if (str_eq(name, STR("localhost_number")) && str_u64(value, &number) == 0 && number <= 16)
        c->localhost_number = (int)number;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (str_eq(name, settings[i].name) && *settings[i].place == NULL)
            *settings[i].place = heap_copy(value);
    }
}

static void take_settings(struct eximconf *c, struct str text)
{
    struct str line;
    while (str_line(&text, &line)) {
        if (str_find_c(line, '=') != STR_NONE)
            take_line(c, line);
    }
}

/* The version as one word, whatever else may be said around it. */
static void take_version(struct eximconf *c, struct str text)
{
    struct str word = str_word(&text);
    bool good = word.n > 0 && word.n < 32 && ascii_digit(word.p[0]);
    for (size_t i = 0; i < word.n; i++)
        good = good && (ascii_alnum(word.p[i]) || strchr(".-_+", word.p[i]) != NULL);
    if (good)
        c->version = heap_copy(word);
}

void eximconf_ask(struct eximconf *c, const char *const *binaries, int wait_ms)
{
    *c = (struct eximconf){ .localhost_number = -1 };
    while (*binaries != NULL && access(*binaries, X_OK) != 0)
        binaries++;
    if (*binaries == NULL)
        return;
    c->binary = heap_copy(str_c(*binaries));
    const char *const settings[] = { c->binary,         "-bP",          "log_file_path",
                                     "spool_directory", "primary_hostname", "qualify_domain",
                                     "log_selector",    "localhost_number", NULL };
    const char *const version[] = { c->binary, "-be", "$version_number", NULL };
    int64_t deadline = now_ms() + wait_ms;
    struct buf text;
    buf_init(&text, OUTPUT_MAX);
    if (run(settings, deadline, &text)) {
        take_settings(c, buf_str(&text));
        buf_reset(&text);
        if (run(version, deadline, &text))
            take_version(c, buf_str(&text));
    }
    buf_fini(&text);
}

void eximconf_init(struct eximconf *c)
{
    eximconf_ask(c, usual_binaries, EXIMCONF_WAIT_MS);
}

void eximconf_fini(struct eximconf *c)
{
    free(c->binary);
    free(c->version);
    free(c->log_file_path);
    free(c->spool_directory);
    free(c->primary_hostname);
    free(c->qualify_domain);
    free(c->log_selector);
    *c = (struct eximconf){ .localhost_number = -1 };
}
