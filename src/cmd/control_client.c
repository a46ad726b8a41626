/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_client - asking the daemon, from postern's commands
 *
 * The time limit is the socket's own (SO_RCVTIMEO, SO_SNDTIMEO), which holds for connect() too.
 * Lines are bounded: a process that sits on the path and is not ours cannot fill the memory.
 */
#define _GNU_SOURCE
#include "cmd/control_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/must.h"
#include "conf/conf.h"
#include "door/control.h"

/* --- where the daemon is --- */

int contact_option(struct contact *c, int key, const char *value)
{
    switch (key) {
    case OPTION_SOCKET:
        c->socket = value;
        return 1;
    case OPTION_CONFIG:
        c->config = value;
        return 1;
    case OPTION_CONTACT_JSON:
        c->json = true;
        return 1;
    case OPTION_CONTACT_COLOR:
        c->color_text = value;
        return 1;
    default:
        return 0;
    }
}

int contact_settle(struct contact *c, struct err *err)
{
    if (color_wanted(c->color_text == NULL ? "auto" : c->color_text, stdout, &c->color) != 0)
        return err_set(err, ERR_USAGE, "--color takes auto, always or never");
    const char *file = c->config != NULL ? c->config : CONF_DEFAULT_FILE;
    bool there = c->config != NULL || access(file, R_OK) == 0;
    c->conf = conf_read(there ? file : NULL, err);
    if (c->conf == NULL)
        return -1;
    c->path = c->socket != NULL ? c->socket : c->conf->control.socket;
    if (c->path[0] == '\0')
        return err_set(err, ERR_USAGE, "%s sets no control socket: set control.socket, or name "
                       "one with --socket", file);
    return 0;
}

void contact_fini(struct contact *c)
{
    conf_free(&c->conf);
}

/* --- talking --- */

static int silence_error(const char *path, struct err *err)
{
    return err_set(err, ERR_IO, "posternd is there, but has not answered on %s for %d seconds: it "
                   "is stopped or hangs. Look into its log, and restart it (systemctl restart "
                   "postern)", path, CLIENT_ALIVE_SECONDS);
}

static int connect_error(const char *path, int errnum, struct err *err)
{
    switch (errnum) {
    case ENOENT:
    case ECONNREFUSED:
        return err_set(err, ERR_MISSING, "posternd does not answer on %s: start it (systemctl "
                       "start postern), or name its socket with --socket", path);
    case EACCES:
    case EPERM:
        return err_set(err, ERR_ACCESS, "%s is not for this user: run this as root, or as a member "
                       "of the group in control.group", path);
    case EAGAIN:
    case EINPROGRESS:
        return silence_error(path, err);
    default:
        return err_errno(err, errnum, "%s", path);
    }
}

void client_limit(struct client *c, int seconds)
{
    struct timeval limit = { .tv_sec = seconds };
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    c->seconds = seconds;
}

/* A sign of life. 0, or -1 with *err. */
static int client_greet(struct client *c, const char *path, struct err *err)
{
    bool more;
    json_t *request = json_pack("{s:s}", "command", CONTROL_PING), *result = NULL;
    must(request != NULL);
    if (client_send(c, request, err) == 0)
        result = client_next(c, &more, err);
    json_decref(request);
    json_decref(result);
    if (result != NULL)
        return 0;
    return c->silent ? silence_error(path, err) : -1;
}

int client_open(struct client *c, const char *path, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (str_copy(str_c(path), address.sun_path, sizeof address.sun_path) != 0)
        return err_set(err, ERR_USAGE, "the path of the socket is too long: %s", path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return err_errno(err, errno, "a socket");
    c->silent = false;
    client_limit(c, CLIENT_ALIVE_SECONDS);
    if (connect(c->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int errnum = errno;
        close(c->fd);
        return connect_error(path, errnum, err);
    }
    buf_init(&c->in, CONTROL_ANSWER_MAX + 4096);
    if (client_greet(c, path, err) == 0)
        return 0;
    client_close(c);
    return -1;
}

void client_close(struct client *c)
{
    close(c->fd);
    buf_fini(&c->in);
}

void client_set(json_t *request, const char *key, struct str text)
{
    json_t *value = json_stringn(text.p, text.n);
    must(json_object_set_new(request, key, value != NULL ? value : json_string("\\xff")) == 0);
}

int client_send(struct client *c, const json_t *request, struct err *err)
{
    char *text = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII);
    struct buf line;
    must(text != NULL);
    buf_init(&line, CONTROL_REQUEST_MAX);
    buf_addf(&line, "%s\n", text);
    free(text);
    int rc = 0;
    if (buf_bad(&line))
        rc = err_set(err, ERR_USAGE, "the request is too long");
    for (struct str s = buf_str(&line); rc == 0 && s.n > 0;) {
        ssize_t n = send(c->fd, s.p, s.n, MSG_NOSIGNAL);
        if (n > 0)
            s = str_skip(s, (size_t)n);
        else if (n == 0 || errno != EINTR)
            rc = err_errno(err, errno, "posternd does not take the request");
    }
    buf_fini(&line);
    return rc;
}

json_t *client_line(struct str line, bool *more_out, struct err *err)
{
    json_t *object = line.n == 0 ? NULL : json_loadb(line.p, line.n, 0, NULL);
    json_t *result = json_object_get(object, "result");
    struct str kind, text;
    *more_out = json_is_true(json_object_get(object, "more"));
    if (json_is_true(json_object_get(object, "ok")) && result != NULL) {
        json_incref(result);
    } else if (control_string(object, "kind", &kind) && control_string(object, "error", &text)) {
        result = NULL;
        err_set(err, control_kind(kind.p), "%.*s", STR_ARG(text));
    } else {
        result = NULL;
        err_set(err, ERR_IO, "what answers there is not posternd, or of another version");
    }
    json_decref(object);
    return result;
}

/* More bytes. 0, or -1 with *err. */
static int client_read(struct client *c, struct err *err)
{
    if (buf_reserve(&c->in, 65536) != 0 && buf_reserve(&c->in, 1) != 0)
        return err_set(err, ERR_IO, "the answer is too long");
    size_t room = c->in.cap - c->in.n - 1;
    ssize_t n = recv(c->fd, c->in.p + c->in.n, room, 0);
    if (n > 0) {
        c->in.n += (size_t)n;
        return 0;
    }
    if (n == 0)
        return err_set(err, ERR_IO, "posternd closed the connection without an answer");
    if (errno == EINTR)
        return 0;
    c->silent = errno == EAGAIN;
    if (c->silent)
        return err_set(err, ERR_IO, "posternd has not answered within %d seconds", c->seconds);
    return err_errno(err, errno, "posternd's answer");
}

json_t *client_next(struct client *c, bool *more_out, struct err *err)
{
    size_t end, seen = 0;
    while ((end = str_find_c(str_skip(buf_str(&c->in), seen), '\n')) == STR_NONE) {
        seen = c->in.n;
        if (client_read(c, err) != 0)
            return NULL;
    }
    end += seen;
    json_t *result = client_line(str_head(buf_str(&c->in), end), more_out, err);
    buf_consume(&c->in, end + 1);
    return result;
}

json_t *client_call(const char *path, const json_t *request, int seconds, bool *reached_out,
                    struct err *err)
{
    struct client c;
    bool more;
    json_t *result = NULL;
    *reached_out = client_open(&c, path, err) == 0;
    if (!*reached_out)
        return NULL;
    client_limit(&c, seconds);
    if (client_send(&c, request, err) == 0)
        result = client_next(&c, &more, err);
    client_close(&c);
    return result;
}

int client_status(const struct err *err)
{
    switch (err->kind) {
    case ERR_MISSING:
        return EXIT_NOT_OURS;
    case ERR_IO:
        return EXIT_INCOMPLETE;
    default:
        return EXIT_USAGE;
    }
}

/* --- printing --- */

const char *client_text(const json_t *object, const char *key, struct buf *out)
{
    struct str s;
    buf_reset(out);
    if (control_string(object, key, &s))
        buf_add_safe(out, s);
    return buf_c(out);
}

void client_print_json(const json_t *object, FILE *out)
{
    json_dumpf(object, out, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputc('\n', out);
}
