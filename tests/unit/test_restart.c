/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_restart - which settings are named after a reload
 *
 * Against what posternd began with, and not against what was read last: a line
 * that is put back needs no restart any more.
 */
#include "daemon/restart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

static char file[] = "/tmp/postern-restart-XXXXXX";

static struct conf *conf_of(const char *text)
{
    struct err err;
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    struct conf *c = conf_read(file, &err);
    if (c == NULL)
        fail_msg("%s", err.text);
    return c;
}

/* What is logged when `after` is reloaded by a posternd that began with `before`. */
static void check(const char *before, const char *after, const char *named)
{
    char log[] = "/tmp/postern-restart-log-XXXXXX", text[4000] = "";
    struct err err;
    struct restart r;
    struct conf *began = conf_of(before), *now = conf_of(after);
    close(mkstemp(log));
    assert_int_equal(log_open(log, LOG_LEVEL_INFO, &err), 0);
    restart_begin(&r, began);
    conf_free(&began);
    restart_log(&r, now);
    conf_free(&now);
    log_close();
    FILE *f = fopen(log, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    unlink(log);
    if (named == NULL ? text[0] != '\0'
                      : strstr(text, named) == NULL || strstr(text, "needs-restart") == NULL ||
                            strchr(text, '\n')[1] != '\0')
        fail_msg("%s -> %s: %s", before, after, text);
}

static void test_each_kind(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *named;
    } rows[] = {
        { "", "", NULL },
        { "daemon { log_level = info }", "daemon { log_level = debug }", NULL },
        { "door { answer = 8s }", "door { answer = 5s idle = 1min request = 1s }", NULL },
        { "helo { no_dot = off }", "helo { no_dot = refuse }", NULL },
        { "", "daemon { log = \"stderr\" }", "daemon.log is" },
        { "", "daemon { group = \"nogroup\" }", "daemon.group" },
        { "", "daemon { state_max = 64M }", "daemon.state_max" },
        { "", "door { mode = 0666 }", "door.mode" },
        { "", "door { connections = 20 }", "door.connections" },
        { "", "door { listen = { \"127.0.0.1:9\" } }", "door.listen" },
        { "door { listen = { \"127.0.0.1:9\", \"/a\" } }",
          "door { listen = { \"/a\", \"127.0.0.1:9\" } }", "door.listen" },
        { "door { socket = \"/a\" }", "door { socket = \"/a\" }", NULL },
        { "", "control { group = \"adm\" }", "control.group" },
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        check(rows[i].before, rows[i].after, rows[i].named);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_kind) };
    close(mkstemp(file));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file);
    return failed;
}
