/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postern - the administrator's tool
 *
 * Finds the subcommand and hands over. Everything that a subcommand is lies in
 * src/cmd; nothing is decided here.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/typo.h"
#include "cmd/cmd.h"

static const struct command *const commands[] = {
    &command_trace, &command_top, &command_ask, &command_bans, &command_status, &command_setup,
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void overview(FILE *out)
{
    fprintf(out, "usage: postern COMMAND [OPTION]... [ARGUMENT]...\n\n"
                 "Traces spam that left an Exim server to the script or the mailbox that sent it,\n"
                 "and looks after posternd, which refuses spam that comes in.\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "  %-12s %s\n", "help COMMAND", "the options of a command, with examples");
    fprintf(out, "\n  --version    version, hardening and libraries\n"
                 "  --help       this overview\n\n"
                 "Exit status: 0 source named or done, 1 no message of ours, 2 usage,\n"
                 "3 a log could not be read, 4 ambiguous. More: man postern\n");
}

static const struct command *command_of(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static int unknown(const char *name)
{
    struct err safe;
    err_set(&safe, ERR_USAGE, "%s", name);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (typo_near(str_c(name), str_c(commands[i]->name))) {
            say_error("no command %s: did you mean %s?", safe.text, commands[i]->name);
            return EXIT_USAGE;
        }
    }
    say_error("no command %s; postern --help lists them", safe.text);
    return EXIT_USAGE;
}

static int help(const char *name)
{
    const struct command *c = name == NULL ? NULL : command_of(name);
    if (name != NULL && c == NULL)
        return unknown(name);
    if (c != NULL)
        command_help(c, stdout);
    else
        overview(stdout);
    return EXIT_NAMED;
}

/* Standard descriptors that are closed would be taken by the first files that we open. */
static void descriptors_ensure(void)
{
    FILE *f;
    while ((f = fopen("/dev/null", "r+")) != NULL && fileno(f) <= STDERR_FILENO)
        ;
    if (f != NULL)
        fclose(f);
}

/* Results that could not be written are an error, not a success. */
static int output_check(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    say_error("standard output: the results could not be written completely");
    return status == EXIT_NAMED || status == EXIT_NOT_OURS ? EXIT_INCOMPLETE : status;
}

int main(int argc, char **argv)
{
    descriptors_ensure();
    signal(SIGPIPE, SIG_DFL);
    if (argc < 2) {
        overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        version_print(stdout);
        return output_check(EXIT_NAMED);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return output_check(help(argc > 2 ? argv[2] : NULL));
    const struct command *c = command_of(argv[1]);
    if (c == NULL)
        return unknown(argv[1]);
    return output_check(c->run(argc - 1, argv + 1));
}
