/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options - one table for the parser and for the help
 *
 * getopt_long() would parse, but it would not print the help from the same table,
 * keep operands in order without moving argv, or name the option that was meant.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/str.h"
#include "base/typo.h"
#include "cmd/cmd.h"

#define HELP_KEY (-100)

static const struct option_row help_row = { "help", HELP_KEY, NULL, "print this help and exit" };

void option_walk_init(struct option_walk *w, const struct command *c, int argc, char **argv)
{
    *w = (struct option_walk){ .command = c, .argc = argc, .argv = argv, .at = 1 };
    w->operands = must_array((size_t)argc + 1, sizeof *w->operands);
}

void option_walk_fini(struct option_walk *w)
{
    free(w->operands);
    w->operands = NULL;
}

/* The row of that name, or the only one that begins with it. */
static const struct option_row *row_of(const struct command *c, struct str name, bool *many_out)
{
    const struct option_row *found = NULL;
    *many_out = false;
    for (const struct option_row *r = c->options;; r++) {
        const struct option_row *row = r->name == NULL ? &help_row : r;
        if (str_eq(str_c(row->name), name))
            return row;
        if (str_starts(str_c(row->name), name)) {
            *many_out = found != NULL;
            found = row;
        }
        if (r->name == NULL)
            break;
    }
    return *many_out ? NULL : found;
}

/* The name of the option that `arg`, which is none, was probably meant to be, or NULL. */
static const char *meant(const struct command *c, const char *arg)
{
    struct str rest = str_c(arg), name = str_cut(&rest, '=');
    if (!str_starts(name, STR("--")))
        return NULL;
    name = str_skip(name, 2);
    for (const struct option_row *r = c->options; r->name != NULL; r++) {
        if (typo_near(name, str_c(r->name)))
            return r->name;
    }
    return NULL;
}

static int unknown(const struct option_walk *w, const char *arg, bool many)
{
    struct err safe;
    const char *name = many ? NULL : meant(w->command, arg);
    err_set(&safe, ERR_USAGE, "%s", arg);
    if (name != NULL)
        say_error("%s: unknown option %s: did you mean --%s?", w->command->name, safe.text, name);
    else
        say_error("%s: %s option %s; see postern %s --help", w->command->name,
                  many ? "ambiguous" : "unknown", safe.text, w->command->name);
    return OPTION_BAD;
}

static int option_take(struct option_walk *w, const char *arg, const char **value_out)
{
    struct str rest = str_c(arg + 2);
    bool has_value = str_find_c(rest, '=') != STR_NONE, many;
    struct str name = str_cut(&rest, '=');
    const struct option_row *row = name.n == 0 ? NULL : row_of(w->command, name, &many);
    if (row == NULL)
        return unknown(w, arg, name.n > 0 && many);
    *value_out = NULL;
    if (row->value == NULL && has_value) {
        say_error("%s: --%s takes no value", w->command->name, row->name);
        return OPTION_BAD;
    }
    if (row->value != NULL && !has_value && w->at == w->argc) {
        say_error("%s: --%s wants a value: %s", w->command->name, row->name, row->value);
        return OPTION_BAD;
    }
    if (row->value != NULL)
        *value_out = has_value ? rest.p : w->argv[w->at++];
    return row->key;
}

int option_next(struct option_walk *w, const char **value_out)
{
    while (w->at < w->argc) {
        char *arg = w->argv[w->at++];
        if (w->only_operands || arg[0] != '-' || arg[1] == '\0') {
            w->operands[w->operand_count++] = arg;
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            w->only_operands = true;
            continue;
        }
        bool is_long = arg[1] == '-', is_help = strcmp(arg, "-h") == 0;
        bool is_config = strcmp(arg, "-c") == 0; /* as posternd has it */
        if (!is_long && !is_help && !is_config)
            return unknown(w, arg, false);
        int key = is_help ? HELP_KEY : option_take(w, is_config ? "--config" : arg, value_out);
        if (key != HELP_KEY)
            return key;
        command_help(w->command, stdout);
        return OPTION_HELP;
    }
    return OPTION_END;
}

static void row_help(const struct option_row *r, FILE *out)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", r->name, r->value == NULL ? "" : " ",
             r->value == NULL ? "" : r->value);
    fprintf(out, "  %-20s ", left);
    if (strlen(left) > 20)
        fprintf(out, "\n%23s", "");
    fprintf(out, "%s\n", r->help);
}

void command_help(const struct command *c, FILE *out)
{
    fprintf(out, "usage: postern %s %s\n\n%s\n\n", c->name, c->usage, c->about);
    for (const struct option_row *r = c->options; r->name != NULL; r++)
        row_help(r, out);
    row_help(&help_row, out);
    fprintf(out, "\n%s", c->examples);
}

int command_run(const struct command *c, int argc, char **argv, const struct command_steps *steps,
                void *request)
{
    struct option_walk w;
    int status = EXIT_USAGE;
    option_walk_init(&w, c, argc, argv);
    int end = steps->take(request, &w);
    if (end == OPTION_HELP)
        status = EXIT_NAMED;
    else if (end == OPTION_END)
        status = steps->perform(request, &w);
    option_walk_fini(&w);
    return status;
}
