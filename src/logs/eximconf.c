/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eximconf - what the local Exim says of itself
 *
 * Two questions within one time limit: the settings, and the version. Its output is
 * bounded, its input and errors are /dev/null (see base/child.h).
 */
#include "logs/eximconf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/must.h"

#define OUTPUT_MAX ((size_t)64 * 1024)

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

/* Run `argv` and keep what it says. True if it ended by itself, and well, before the deadline. */
static bool run(const char *const *argv, int64_t deadline, struct buf *text)
{
    int64_t left = deadline - now_ms();
    struct child c = { .argv = argv, .wait_ms = left > 0 ? (int)left : 0 };
    return child_run(&c, text) == 0;
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
