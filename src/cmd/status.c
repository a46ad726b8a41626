/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status - postern status: how the daemon is
 *
 * The daemon says it in one object; this prints whatever is in it: single values, sections, and
 * tables where rows have the same keys. So a daemon that has more to say needs no other
 * tool.
 */
#include <string.h>

#include "base/must.h"
#include "cmd/control_client.h"

static const struct option_row options[] = {
    CONTACT_OPTION_ROWS,
    { NULL, 0, NULL, NULL },
};

#define COLUMN_MAX 40

/* --- printing --- */

/* A single value as text, in `b`. */
static const char *value_text(const json_t *value, struct buf *b)
{
    buf_reset(b);
    if (json_is_string(value))
        buf_add_safe(b, str_make(json_string_value(value), json_string_length(value)));
    else if (json_is_integer(value))
        buf_addf(b, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        buf_addf(b, "%.3g", json_real_value(value));
    else if (json_is_boolean(value))
        buf_add(b, json_is_true(value) ? STR("yes") : STR("no"));
    else
        buf_add(b, STR("-"));
    return buf_c(b);
}

/* Bytes as people read them, beside the number. */
static void row_print(const char *indent, const char *key, const json_t *value, struct buf *b)
{
    json_int_t n = json_integer_value(value);
    buf_reset(b);
    buf_add_safe(b, str_c(key));
    printf("%s%-16s ", indent, buf_c(b));
    printf("%s", value_text(value, b));
    if (str_ends(str_c(key), STR("_bytes")) && n >= 1 << 20)
        printf(" (%.1f MiB)", (double)n / (1 << 20));
    printf("\n");
}

static bool is_table(const json_t *value)
{
    if (json_is_array(value))
        return json_is_object(json_array_get(value, 0));
    return json_is_object(value) &&
           json_is_object(json_object_iter_value(json_object_iter((json_t *)(uintptr_t)value)));
}

static int cell_width(const json_t *row, const char *key, struct buf *b)
{
    size_t n = strlen(value_text(json_object_get(row, key), b));
    return n > COLUMN_MAX ? COLUMN_MAX : (int)n;
}

/* How wide the column of `key` is. */
static int column_width(const json_t *rows, const char *key, struct buf *b)
{
    int width = (int)strlen(key);
    const char *name;
    json_t *row;
    size_t i;
    json_array_foreach(rows, i, row) {
        int n = cell_width(row, key, b);
        width = n > width ? n : width;
    }
    json_object_foreach((json_t *)(uintptr_t)rows, name, row) {
        int n = cell_width(row, key, b);
        width = n > width ? n : width;
    }
    return width;
}

/* One line of a table; `row` NULL: its head. */
static void line_print(const json_t *rows, const json_t *first, const json_t *row,
                       const char *name)
{
    struct buf b;
    const char *key;
    json_t *unused;
    buf_init(&b, 8192);
    printf(" ");
    if (name != NULL)
        printf(" %-11s", name);
    json_object_foreach((json_t *)(uintptr_t)first, key, unused) {
        const json_t *value = json_object_get(row, key);
        int width = column_width(rows, key, &b);
        buf_reset(&b);
        const char *text = row == NULL ? key : value_text(value, &b);
        printf(json_is_number(value) ? " %*s" : " %-*s", width, text);
    }
    printf("\n");
    buf_fini(&b);
}

static void table_print(const json_t *rows)
{
    const json_t *first = json_array_get(rows, 0);
    const char *name;
    json_t *row;
    size_t i;
    if (json_is_array(rows)) {
        line_print(rows, first, NULL, NULL);
        json_array_foreach(rows, i, row)
            line_print(rows, first, row, NULL);
        return;
    }
    first = json_object_iter_value(json_object_iter((json_t *)(uintptr_t)rows));
    line_print(rows, first, NULL, "");
    json_object_foreach((json_t *)(uintptr_t)rows, name, row)
        line_print(rows, first, row, name);
}

static void section_print(const struct contact *c, const char *name, const json_t *section,
                          struct buf *b)
{
    const char *key;
    json_t *value;
    printf("\n%s%s%s\n", c->color ? "\033[1m" : "", name, c->color ? "\033[0m" : "");
    if (is_table(section)) {
        table_print(section);
        return;
    }
    if (json_is_array(section))
        printf("  none\n");
    json_object_foreach((json_t *)(uintptr_t)section, key, value) {
        if (is_table(value))
            table_print(value);
        else
            row_print("  ", key, value, b);
    }
}

static void status_print(const struct contact *c, const json_t *status)
{
    const char *key;
    json_t *value;
    struct buf b;
    buf_init(&b, 8192);
    json_object_foreach((json_t *)(uintptr_t)status, key, value) {
        if (!json_is_object(value) && !json_is_array(value))
            row_print("", key, value, &b);
    }
    json_object_foreach((json_t *)(uintptr_t)status, key, value) {
        if (json_is_object(value) || json_is_array(value))
            section_print(c, key, value, &b);
    }
    buf_fini(&b);
}

/* --- running --- */

static int options_take(void *request, struct option_walk *w)
{
    struct contact *c = request;
    const char *value;
    int key;
    while ((key = option_next(w, &value)) != OPTION_END) {
        if (key < 0)
            return key;
        contact_option(c, key, value);
    }
    if (w->operand_count == 0)
        return OPTION_END;
    say_error("status: it takes no arguments");
    return OPTION_BAD;
}

static int perform(void *contact, const struct option_walk *w)
{
    struct contact *c = contact;
    struct err err;
    bool reached = false;
    (void)w;
    if (contact_settle(c, &err) != 0) {
        say_error("status: %s", err.text);
        return EXIT_USAGE;
    }
    json_t *request = json_pack("{s:s}", "command", "status");
    json_t *status = client_call(c->path, request, CLIENT_ALIVE_SECONDS, &reached, &err);
    json_decref(request);
    if (status == NULL) {
        say_error("status: %s", err.text);
        return reached || err.kind == ERR_IO ? client_status(&err) : EXIT_USAGE;
    }
    if (c->json)
        client_print_json(status, stdout);
    else
        status_print(c, status);
    json_decref(status);
    return EXIT_NAMED;
}

static int status_run(int argc, char **argv)
{
    static const struct command_steps steps = { options_take, perform };
    struct contact c = { .json = false };
    int status = command_run(&command_status, argc, argv, &steps, &c);
    contact_fini(&c);
    return status;
}

const struct command command_status = {
    .name = "status",
    .summary = "how posternd is: requests, lists, tables, state",
    .usage = "[OPTION]...",
    .about = "Asks posternd how it is: what it has decided, which block lists answer, what it\n"
             "knows of recipients, how large its state is.",
    .options = options,
    .examples = "Examples:\n"
                "  postern status\n"
                "  postern status --json | jq .lists\n",
    .run = status_run,
};
