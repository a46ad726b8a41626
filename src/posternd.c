/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posternd - the daemon at the inbound door
 *
 * Reads options and settings and hands over to src/daemon. Whatever is said
 * before the log is open goes to standard error, and is one line with a remedy.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "conf/conf.h"
#include "conf/settings.h"
#include "daemon/commands.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "daemon/privs.h"
#include "daemon/process.h"
#include "daemon/service.h"
#include "postern_build.h"

enum { STATUS_WELL = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

static int failed(int status, const char *text)
{
    fprintf(stderr, "posternd: %s\n", text);
    return status;
}

static void help(struct buf *out)
{
    buf_add(out, STR(
        "usage: posternd [-c FILE] [--foreground]\n"
        "       posternd [-c FILE] --check | --ask REQUEST\n\n"
        "Decides for Exim or Postfix, at RCPT, which mail is refused.\n\n"
        "  -c, --config FILE  the settings; " CONF_DEFAULT_FILE " if not given\n"
        "  --check            say what is wrong with the settings, then warnings; starts nothing\n"
        "  --example          print a file with all settings and their defaults\n"
        "  --settings-man     print the list of settings for postern.conf(5), in mdoc\n"
        "  --foreground       stay a child of who started it (systemd, a terminal)\n"
        "  --ask REQUEST      decide one request without a daemon, for postern ask --offline\n"
        "  --version          version and hardening\n"
        "  --help             this\n\n"
        "Exit status: 0 well, 1 it could not start or ended by an error, 2 usage or settings.\n"
        "More: man posternd, man postern.conf\n"));
}

static int print(void (*make)(struct buf *out))
{
    struct buf b;
    buf_init(&b, (size_t)1 << 20);
    make(&b);
    fputs(buf_c(&b), stdout);
    buf_fini(&b);
    return fflush(stdout) == 0 ? STATUS_WELL : failed(STATUS_FAILED, "not all could be written");
}

static void version(struct buf *out)
{
    buf_add(out, STR("posternd " POSTERN_VERSION "\ncompiler   " POSTERN_COMPILER
                     "\nhardening  " POSTERN_HARDENING "\n"));
}

static const struct { int option; void (*make)(struct buf *out); } prints[] = {
    { 'V', version }, { 'h', help }, { 'E', settings_example }, { 'M', settings_man },
};

static void warning_print(void *ctx, const char *text)
{
    printf("%s: warning: %s\n", ((const struct conf *)ctx)->file, text);
}

/* All parts of the decision without a socket: to see that they can be had (a list that is dead is
 * found only there), or to ask them once. Takes `c` over. */
static int once(struct conf *c, const char *path, const char *request)
{
    struct err err;
    struct loop *l = loop_new();
    log_open("stderr", request == NULL ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, &err);
    if (request == NULL)
        privs_warn(c, warning_print, c);
    struct service *s = service_new(l, c, true, &err);
    int status = STATUS_WELL;
    if (s == NULL)
        status = failed(STATUS_USAGE, (err_wrap(&err, "%s", path), err.text));
    else if (request != NULL)
        status = commands_ask_once(s, l, request);
    else
        printf("%s: well\n", path);
    service_free(&s);
    loop_free(&l);
    return status;
}

/* Takes `c` over. */
static int run(struct conf *c, const char *path, bool foreground)
{
    struct err err;
    int parent = -1;
    if ((!foreground && (parent = process_background(c->daemon.log, &err)) < 0) ||
        process_pid_file(c->daemon.pid_file, &err) != 0) {
        conf_free(&c);
        return failed(STATUS_USAGE, err.text);
    }
    notify_open();
    notify_parent(parent);
    int rc = daemon_run(c, path, &err);
    notify_close();
    return rc == 0 ? STATUS_WELL : failed(STATUS_FAILED, err.text);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },  { "check", no_argument, NULL, 'C' },
        { "example", no_argument, NULL, 'E' },       { "settings-man", no_argument, NULL, 'M' },
        { "foreground", no_argument, NULL, 'F' },    { "ask", required_argument, NULL, 'A' },
        { "version", no_argument, NULL, 'V' },       { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *path = CONF_DEFAULT_FILE, *request = NULL;
    int option, todo = 0;
    struct err err;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'c')
            path = optarg;
        else
            todo = todo == 0 ? option : '?';
        request = option == 'A' ? optarg : request;
    }
    if (todo == '?' || optind < argc)
        return failed(STATUS_USAGE, "wants no arguments but -c FILE and one option of what to do: "
                                    "posternd --help lists them");
    for (size_t i = 0; i < sizeof prints / sizeof prints[0]; i++) {
        if (prints[i].option == todo)
            return print(prints[i].make);
    }
    process_begin();
    char *full = realpath(path, NULL);       /* a reload looks for it from somewhere else */
    path = full != NULL ? full : path;
    struct conf *c = conf_read(path, &err);
    int status = c == NULL ? failed(STATUS_USAGE, err.text) :
                 todo == 'C' || todo == 'A' ? once(c, path, request) : run(c, path, todo == 'F');
    free(full);
    return status;
}
