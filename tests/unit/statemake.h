/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statemake - state folders for tests: stores in them, numbers with a seed
 *
 * LMDB wants one process to open a file once, and a crash is something that a
 * test wants to see and survive: so what may die runs in a child, by child_run().
 */
#ifndef POSTERN_TESTS_STATEMAKE_H
#define POSTERN_TESTS_STATEMAKE_H

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "store/store.h"
#include "unit.h"

#define NOW INT64_C(1795446000)      /* 2026-11-23 15:00:00 UTC */
#define MIB ((size_t)1 << 20)

static char state_dir[128];

static inline int state_setup(void **state)
{
    (void)state;
    char log[160];
    const char *tmp = getenv("TMPDIR");
    snprintf(state_dir, sizeof state_dir, "%s/postern-state.XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(state_dir) == NULL)
        return -1;
    snprintf(log, sizeof log, "%s/log", state_dir);
    return log_open(log, LOG_LEVEL_DEBUG, NULL);
}

static inline int state_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline int state_teardown(void **state)
{
    (void)state;
    log_close();
    return nftw(state_dir, state_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path below the test's folder; good until four calls later. */
static inline const char *state_path(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", state_dir, name);
    return path;
}

/* How often an event stands in the log. */
static inline unsigned state_logged(const char *event)
{
    static char line[LOG_EVENT_MAX + 2];
    unsigned count = 0;
    FILE *f = fopen(state_path("log"), "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        count += strstr(line, event) != NULL;
    if (f != NULL)
        fclose(f);
    return count;
}

/* A store in a folder of the test; NULL: in memory. */
static inline struct store *state_open_sized(const char *name, size_t file_max, size_t pending_max)
{
    struct err err = { 0 };
    struct store_options o = { .folder = name == NULL ? NULL : state_path(name),
                               .file_max = file_max, .pending_max = pending_max };
    struct store *s = store_open(&o, NOW, &err);
    if (s == NULL)
        fail_msg("%s", err.text);
    return s;
}

static inline struct store *state_open(const char *name)
{
    return state_open_sized(name, 64 * MIB, 16 * MIB);
}

/* The same numbers in every run (splitmix64). */
static inline uint64_t state_random(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Call in a child, which is given 20 seconds; how it ended, as waitpid(2) says it. */
static inline int child_run(int (*call)(void *ctx), void *ctx)
{
    int status = -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);    /* cmocka would report from the child */
        signal(SIGBUS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        alarm(20);
        _exit(call(ctx));
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

#endif
