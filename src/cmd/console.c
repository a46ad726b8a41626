/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console - what the commands say on standard error
 *
 * Standard output is for results alone, so that it can be piped. Colours and the
 * progress line appear on a terminal only.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"

#define SHOW_AFTER_MS 1000
#define SHOW_EVERY_MS 200

__attribute__((format(printf, 2, 0)))
static void say(const char *before, const char *fmt, va_list ap)
{
    fflush(stdout);
    fprintf(stderr, "postern: %s", before);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

void say_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
}

void say_warning(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say("warning: ", fmt, ap);
    va_end(ap);
}

int color_wanted(const char *when, FILE *out, bool *color_out)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (strcmp(when, "always") == 0)
        return *color_out = true, 0;
    if (strcmp(when, "never") == 0)
        return *color_out = false, 0;
    *color_out = isatty(fileno(out)) == 1 && (no_color == NULL || no_color[0] == '\0') &&
                 term != NULL && strcmp(term, "dumb") != 0;
    return strcmp(when, "auto") == 0 ? 0 : -1;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *p, const char *what)
{
    *p = (struct progress){ .what = what, .started_ms = now_ms() };
    if (isatty(STDERR_FILENO) != 1)
        p->what = NULL;
}

void progress_show(struct progress *p, uint64_t done, uint64_t total)
{
    if (p->what == NULL)
        return;
    int64_t now = now_ms();
    if (now - p->started_ms < SHOW_AFTER_MS || now - p->shown_ms < SHOW_EVERY_MS)
        return;
    p->shown_ms = now;
    p->shown = true;
    /* A compressed file inflates to more than its size: the share is of what is known. */
    unsigned percent = total == 0 || done > total ? 99u : (unsigned)(done * 100 / total);
    fprintf(stderr, "\r%s: %u %% (%llu MiB), %lld s ", p->what, percent,
            (unsigned long long)(done >> 20), (long long)((now - p->started_ms) / 1000));
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fprintf(stderr, "\r\033[K");
    p->shown = false;
}
