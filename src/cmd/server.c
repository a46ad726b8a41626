/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server - the server whose logs are looked at
 *
 * Exim is asked only when nobody said where the log is, the names of this
 * server matter, or its log needs it, and never for a copied server.
 */
#include "cmd/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"

void server_init(struct server *s)
{
    *s = (struct server){ .since = INT64_MIN, .until = INT64_MAX, .color_text = "auto",
                          .exim = { .localhost_number = -1 } };
}

void server_fini(struct server *s)
{
    logset_close(&s->set);
    if (s->exim_asked)
        eximconf_fini(&s->exim);
}

/* An unknown name would silently mean UTC. `+0100` and the like become what TZ understands. */
static int zone_set(const char *value)
{
    char path[512], posix[32];
    struct str s = str_c(value);
    struct stat st;
    uint64_t hours, minutes;
    bool sign = s.n == 5 && (s.p[0] == '+' || s.p[0] == '-');
    if (sign && str_u64(str_make(s.p + 1, 2), &hours) == 0 && hours < 24 &&
        str_u64(str_make(s.p + 3, 2), &minutes) == 0 && minutes < 60) {
        snprintf(posix, sizeof posix, "<%s>%c%02u:%02u", value, s.p[0] == '+' ? '-' : '+',
                 (unsigned)hours, (unsigned)minutes);
        value = posix;
    } else {
        int n = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", value);
        bool known = n > 0 && (size_t)n < sizeof path && str_find(s, STR("..")) == STR_NONE &&
                     s.n > 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
        if (!known && !str_eq(s, STR("UTC"))) {
            struct err safe;
            err_set(&safe, ERR_USAGE, "%s", value);
            say_error("--timezone %s: no such zone; write Europe/London, UTC or +0100", safe.text);
            return -1;
        }
    }
    setenv("TZ", value, 1);
    tzset();
    return 0;
}

int server_option(struct server *s, int key, const char *value)
{
    switch (key) {
    case OPTION_LOG:
        if (s->path_count == SERVER_PATHS_MAX) {
            say_error("more than %u times --log; give a folder or a glob", SERVER_PATHS_MAX);
            return -1;
        }
        s->paths[s->path_count++] = value;
        return 1;
    case OPTION_ROOT:
        s->root = value;
        return 1;
    case OPTION_SINCE:
        s->since_text = value;
        return 1;
    case OPTION_UNTIL:
        s->until_text = value;
        return 1;
    case OPTION_TIMEZONE:
        return zone_set(value) == 0 ? 1 : -1;
    case OPTION_COLOR:
        s->color_text = value;
        return 1;
    case OPTION_JSON:
        s->json = true;
        return 1;
    case OPTION_REDACT:
        s->redact = true;
        return 1;
    default:
        return 0;
    }
}

static int time_settle(const char *command, const char *option, const char *text,
                       struct clock_span *out)
{
    struct err safe;
    if (text == NULL || clock_parse_span(str_c(text), clock_now(), out) == 0)
        return 0;
    err_set(&safe, ERR_USAGE, "%s", text);
    say_error("%s: --%s %s: not a time; write 2026-11-23, '2026-11-23 10:00', 10:00, "
              "'Nov 23 10:00', 2h, 3d, today, yesterday or @SECONDS", command, option, safe.text);
    return -1;
}

/* Both times. An end that does not say its day or its year is the first one after the beginning:
 * from 22:00 to 06:00. */
static int span_settle(struct server *s, const char *command)
{
    static const int64_t later[] = { 86400, 366 * 86400 };
    struct clock_span since = { .first = INT64_MIN }, until = { .last = INT64_MAX };
    if (time_settle(command, "since", s->since_text, &since) != 0 ||
        time_settle(command, "until", s->until_text, &until) != 0)
        return -1;
    for (size_t i = 0; i < 2 && until.partial && until.last < since.first; i++)
        clock_parse_span(str_c(s->until_text), since.first + later[i] - 1, &until);
    s->since = since.first;
    s->until = until.last;
    if (s->since <= s->until)
        return 0;
    say_error("%s: --since is later than --until", command);
    return -1;
}

int server_settle(struct server *s, const char *command)
{
    struct stat st;
    if (span_settle(s, command) != 0)
        return -1;
    if (color_wanted(s->color_text, stdout, &s->color) != 0) {
        say_error("%s: --color takes auto, always or never", command);
        return -1;
    }
    if (s->root != NULL && (stat(s->root, &st) != 0 || !S_ISDIR(st.st_mode))) {
        struct err safe;
        err_set(&safe, ERR_USAGE, "%s", s->root);
        say_error("%s: --root %s: no such folder", command, safe.text);
        return -1;
    }
    return 0;
}

static void exim_ask(struct server *s)
{
    if (s->root != NULL || s->exim_asked)
        return;
    eximconf_init(&s->exim);
    s->exim_asked = true;
}

int server_open(struct server *s, bool names, struct err *err)
{
    if (s->path_count == 0 || names)
        exim_ask(s);
    struct logset_options o = {
        .paths = s->paths, .count = s->path_count, .root = s->root,
        .log_file_path = s->exim.log_file_path, .spool_directory = s->exim.spool_directory,
    };
    if (logset_open(&o, &s->set, err) != 0)
        return -1;
    if (!s->exim_asked && s->root == NULL && logset_needs_exim(s->set))
        exim_ask(s);
    for (size_t i = 0; i < logset_problems(s->set); i++)
        say_warning("%s", logset_problem(s->set, i));
    s->incomplete = logset_incomplete(s->set);
    return 0;
}

int server_status_unopened(const struct server *s)
{
    return s->path_count > 0 ? EXIT_INCOMPLETE : EXIT_USAGE;
}
