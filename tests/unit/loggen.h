/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loggen - the log of the benchmark, for unit tests that compare a short cut with the long way
 *
 * bench/loggen shares no code with what is tested and knows the traps of the
 * trade: what clients write imitates what Exim writes. It lies in the build folder beside
 * the tests.
 */
#ifndef POSTERN_TESTS_LOGGEN_H
#define POSTERN_TESTS_LOGGEN_H

#include <sys/wait.h>

#include "logmake.h"

/* Run loggen with these flags, at most eight, divided by spaces. */
static inline void loggen_run(const char *program, const char *flags, const char *dir)
{
    static char words[9][32];
    char *argv[12] = { (char *)(uintptr_t)program };
    struct str rest = str_c(flags), word;
    size_t n = 1;
    int status = -1, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(null >= 0);
    for (; (word = str_word(&rest)).n > 0; n++) {
        assert_true(n < ROWS(words) && str_copy(word, words[n], sizeof words[n]) == 0);
        argv[n] = words[n];
    }
    argv[n] = (char *)(uintptr_t)dir;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(null, STDOUT_FILENO);
        execv(program, argv);
        _exit(127);
    }
    close(null);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fail_msg("%s: status %d", program, status);
}

/* The bytes of plain/mainlog as loggen writes it with `flags`; free() them. The test fails if there
 * is no loggen. Needs logmake_setup(). */
static inline struct str loggen_read(const char *flags)
{
    static unsigned count;
    char self[512], dir[128], text[600];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    for (int up = 0; up < 3; up++)
        *strrchr(self, '/') = '\0';
    snprintf(text, sizeof text, "%s/bench/loggen", self);
    snprintf(dir, sizeof dir, "%s/loggen%u", logmake_dir, count++);
    assert_int_equal(mkdir(dir, 0755), 0);
    loggen_run(text, flags, dir);
    snprintf(text, sizeof text, "%s/plain/mainlog", dir);
    FILE *f = fopen(text, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    assert_true(size > 0);
    char *bytes = malloc((size_t)size);
    assert_non_null(bytes);
    rewind(f);
    assert_int_equal(fread(bytes, 1, (size_t)size, f), (size_t)size);
    fclose(f);
    return str_make(bytes, (size_t)size);
}

#endif
