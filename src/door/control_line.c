/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_line - the objects of the control socket, a line each
 *
 * Jansson parses and prints. What goes out is ASCII (\uXXXX for the rest) without a line end
 * inside, so that a line is a line for every reader.
 */
#include <string.h>

#include "base/must.h"
#include "door/control.h"

static const char *const kind_names[] = {
    [ERR_NONE] = "none", [ERR_USAGE] = "usage", [ERR_MISSING] = "missing",
    [ERR_ACCESS] = "access", [ERR_FORMAT] = "format", [ERR_LIMIT] = "limit", [ERR_IO] = "io",
};

#define KINDS (sizeof kind_names / sizeof kind_names[0])

const char *control_kind_name(enum err_kind kind)
{
    return kind < KINDS ? kind_names[kind] : "io";
}

enum err_kind control_kind(const char *name)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kind_names[i], name) == 0)
            return (enum err_kind)i;
    }
    return ERR_IO;
}

json_t *control_parse(struct str line, struct err *err)
{
    json_error_t why;
    struct str command;
    json_t *object = line.n == 0 ? NULL
                                 : json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &why);
    if (object == NULL) {
        err_set(err, ERR_FORMAT, "the request is no JSON: %s", line.n == 0 ? "empty" : why.text);
        return NULL;
    }
    if (json_is_object(object) && control_string(object, "command", &command))
        return object;
    json_decref(object);
    err_set(err, ERR_FORMAT, "the request is no object with a command");
    return NULL;
}

bool control_string(const json_t *object, const char *key, struct str *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return false;
    *out = str_make(json_string_value(value), json_string_length(value));
    return true;
}

json_t *control_text(struct str s)
{
    struct buf safe;
    buf_init(&safe, 4 * s.n);
    buf_add_safe(&safe, s);
    json_t *text = json_stringn(safe.n == 0 ? "" : safe.p, safe.n);
    buf_fini(&safe);
    must(text != NULL);
    return text;
}

static int on_piece(const char *bytes, size_t n, void *ctx)
{
    return buf_add(ctx, str_make(bytes, n));
}

/* All of it or nothing. */
static int line_add(struct buf *out, const json_t *object)
{
    size_t before = out->n;
    if (json_dump_callback(object, on_piece, out, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 &&
        buf_add_c(out, '\n') == 0)
        return 0;
    out->n = before;
    return -1;
}

int control_result_line(struct buf *out, const json_t *result, bool more)
{
    json_t *object = json_pack("{s:b}", "ok", 1);
    must(object != NULL);
    if (more)
        must(json_object_set_new(object, "more", json_true()) == 0);
    /* a reference is taken and given back: the object itself does not change */
    must(json_object_set(object, "result", (json_t *)(uintptr_t)result) == 0);
    int rc = line_add(out, object);
    json_decref(object);
    return rc;
}

int control_error_line(struct buf *out, const struct err *err)
{
    json_t *object = json_pack("{s:b, s:s, s:s}", "ok", 0, "kind", control_kind_name(err->kind),
                               "error", err->text);
    must(object != NULL);
    int rc = line_add(out, object);
    json_decref(object);
    return rc;
}
