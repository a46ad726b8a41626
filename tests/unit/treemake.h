/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * treemake - a copied server for tests: files, folders, links, FIFOs below a root
 *
 * Paths are as the server saw them ("/etc/passwd"); they are made below a root
 * in the folder of the test program, which goes away with it. Every test takes a
 * root of its own.
 */
#ifndef POSTERN_TESTS_TREEMAKE_H
#define POSTERN_TESTS_TREEMAKE_H

#include <errno.h>
#include <utime.h>

#include "logmake.h"

/* The root of the test that runs. */
static char tree_root[128];

static inline void tree_new(void)
{
    static unsigned count;
    snprintf(tree_root, sizeof tree_root, "%s/root%u", logmake_dir, count++);
    assert_int_equal(mkdir(tree_root, 0755), 0);
}

/* The real path of `path`; good until eight calls later. */
static inline const char *tree_path(const char *path)
{
    static char paths[8][1024];
    static unsigned next;
    char *out = paths[next++ % 8];
    snprintf(out, sizeof paths[0], "%s%s", tree_root, path);
    return out;
}

/* Make the folders that `real` stands in. */
static inline void tree_parents(const char *real)
{
    char part[1024];
    for (size_t i = strlen(tree_root) + 1; real[i] != '\0'; i++) {
        if (real[i] != '/')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)i, real);
        if (mkdir(part, 0755) != 0)
            assert_int_equal(errno, EEXIST);
    }
}

static inline void tree_folder(const char *path)
{
    const char *real = tree_path(path);
    tree_parents(real);
    if (mkdir(real, 0755) != 0)
        assert_int_equal(errno, EEXIST);
}

static inline void tree_bytes(const char *path, struct str bytes)
{
    const char *real = tree_path(path);
    tree_parents(real);
    logmake_file(real + strlen(logmake_dir) + 1, bytes);
}

static inline void tree_file(const char *path, const char *text)
{
    tree_bytes(path, str_c(text));
}

static inline void tree_link(const char *path, const char *target)
{
    const char *real = tree_path(path);
    tree_parents(real);
    assert_int_equal(symlink(target, real), 0);
}

static inline void tree_fifo(const char *path)
{
    const char *real = tree_path(path);
    tree_parents(real);
    assert_int_equal(mkfifo(real, 0666), 0);
}

/* Give a file or link to another user, if we may: false if not (the test is not root). */
static inline bool tree_give(const char *path, unsigned uid)
{
    return lchown(tree_path(path), uid, uid) == 0;
}

/* When a file was last written to. */
static inline void tree_time(const char *path, int64_t when)
{
    struct utimbuf times = { .actime = (time_t)when, .modtime = (time_t)when };
    assert_int_equal(utime(tree_path(path), &times), 0);
}

#endif
