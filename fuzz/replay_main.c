/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay_main - run a fuzz target over files that are already there
 *
 *     replay_logline fuzz/corpus/logline crash-1234
 *
 * The main() of a fuzz target when it is not linked with libFuzzer, so that any
 * compiler with any sanitizer can replay the corpus, and a debugger can step
 * through a crash. Each argument is a file or a folder (read to any depth, in
 * the order of names). An input that takes longer than LIMIT_SECONDS ends the
 * program and is named, and so is one that crashes: a hang is a defect of the
 * same order. No input is ever cut: a file too large to read is an error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fts.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_SECONDS 20u /* generous: sanitizers make everything ten times slower */
#define FILE_MAX ((off_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* There with a sanitizer only: it calls this when it has found something. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static const char *volatile current = "(no input yet)";

/* Only calls that a signal handler may make. */
static void name_input(const char *what)
{
    ssize_t ignored = write(STDERR_FILENO, what, strlen(what));
    ignored = write(STDERR_FILENO, current, strlen(current));
    ignored = write(STDERR_FILENO, "\n", 1);
    (void)ignored;
}

static void on_death(void)
{
    name_input("replay: the input was: ");
}

static void on_signal(int number)
{
    name_input(number == SIGALRM ? "replay: too slow: " : "replay: crashed on: ");
    if (number == SIGALRM)
        _exit(1);
    signal(number, SIG_DFL);
    raise(number);
}

static void watch(void)
{
    signal(SIGALRM, on_signal);
    signal(SIGABRT, on_signal);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(on_death);
    } else {
        signal(SIGSEGV, on_signal);
        signal(SIGBUS, on_signal);
    }
}

/* The bytes of a file in memory of exactly its size, so that a read beyond the
 * end is seen by ASAN. NULL on an error, which is said. */
static uint8_t *bytes_of(const char *path, size_t *size_out)
{
    struct stat st;
    uint8_t *bytes = NULL;
    FILE *f = fopen(path, "rb");
    if (f == NULL || fstat(fileno(f), &st) != 0) {
        fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    } else if (st.st_size > FILE_MAX) {
        fprintf(stderr, "replay: %s: larger than 64 MiB\n", path);
    } else {
        size_t size = (size_t)st.st_size;
        bytes = malloc(size > 0 ? size : 1);
        if (bytes != NULL && fread(bytes, 1, size, f) != size) {
            fprintf(stderr, "replay: %s: cannot be read whole\n", path);
            free(bytes);
            bytes = NULL;
        }
        *size_out = size;
    }
    if (f != NULL)
        fclose(f);
    return bytes;
}

static int replay(const char *path, double *slowest)
{
    size_t size = 0;
    struct timespec begin, end;
    uint8_t *bytes = bytes_of(path, &size);
    if (bytes == NULL)
        return -1;
    current = path;
    alarm(LIMIT_SECONDS);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    LLVMFuzzerTestOneInput(bytes, size);
    clock_gettime(CLOCK_MONOTONIC, &end);
    alarm(0);
    current = "(between two inputs)";
    free(bytes);
    double ms = (double)(end.tv_sec - begin.tv_sec) * 1e3 +
                (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
    *slowest = ms > *slowest ? ms : *slowest;
    return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Replay everything below `paths`; returns how many could not be, adds to the rest. */
static unsigned long replay_all(char **paths, unsigned long *count, double *slowest)
{
    unsigned long errors = 0;
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    for (FTSENT *e; tree != NULL && (e = fts_read(tree)) != NULL;) {
        if (e->fts_info == FTS_F) {
            if (replay(e->fts_path, slowest) == 0)
                ++*count;
            else
                errors++;
        } else if (e->fts_info != FTS_D && e->fts_info != FTS_DP) {
            fprintf(stderr, "replay: %s: %s\n", e->fts_path, strerror(e->fts_errno));
            errors++;
        }
    }
    if (tree != NULL)
        fts_close(tree);
    return errors;
}

int main(int argc, char **argv)
{
    unsigned long count = 0, errors = 0;
    double slowest = 0;
    watch();
    if (argc > 1)
        errors = replay_all(argv + 1, &count, &slowest);
    if (count == 0) {
        fprintf(stderr, "usage: %s FILE|FOLDER...   (nothing to replay)\n", argv[0]);
        return 1;
    }
    printf("%lu inputs, the slowest took %.1f ms\n", count, slowest);
    return errors != 0;
}
