/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_library - libraries that come when they are called, or say what is missing
 *
 * Confining cannot be taken back, so that case runs in a child of its own.
 */
#include "base/library.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "logs/log_packed.h"
#include "trace/complaint.h"
#include "unit.h"

static struct {
    size_t (*length)(const char *s);
} found;

static int begun;

static void begin(void)
{
    begun += found.length("begun") == 5;
}

static void test_loads(void **state)
{
    (void)state;
    static const struct library_function functions[] = { { "strlen", &found.length } };
    static struct library c = { .soname = "libc.so.6", .what = "the C library", .package = "libc6",
                                .functions = functions, .count = 1, .begin = begin };
    struct err err = { .kind = ERR_NONE };
    assert_int_equal(library_load(&c, &err), 0);
    assert_int_equal(library_load(&c, NULL), 0);
    assert_int_equal(begun, 1);
    assert_int_equal(err.kind, ERR_NONE);
    assert_int_equal(found.length("four"), 4);
}

struct missing {
    const char *soname, *function, *says;
};

/* The error says what for, which, and what to install; the second call as the first. */
static void test_missing(void **state)
{
    (void)state;
    static const struct missing rows[] = {
        { "libpostern-none.so.7", "strlen", "cannot load X, which does Y: libpostern-none.so.7" },
        { "libc.so.6", "no_such_function",
          "cannot use X, which does Y: libc.so.6 has no function no_such_function" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        size_t (*place)(const char *s) = NULL;
        const struct library_function function = { rows[i].function, &place };
        struct library l = { .soname = rows[i].soname, .what = "X, which does Y",
                             .package = "libx7", .functions = &function, .count = 1,
                             .begin = begin };
        for (int again = 0; again < 2; again++) {
            struct err err = { .kind = ERR_NONE };
            assert_int_equal(library_load(&l, &err), -1);
            assert_int_equal(err.kind, ERR_MISSING);
            assert_null(place);
            if (strstr(err.text, rows[i].says) == NULL || strstr(err.text, "libx7") == NULL ||
                strstr(err.text, "X, which does Y") == NULL)
                fail_msg("%s", err.text);
        }
        assert_int_equal(library_load(&l, NULL), -1);
    }
    assert_int_equal(begun, 1);
}

static void *load(void *l)
{
    return library_load(l, NULL) == 0 ? l : NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static const struct library_function functions[] = { { "strlen", &found.length } };
    static struct library c = { .soname = "libc.so.6", .what = "", .package = "",
                                .functions = functions, .count = 1, .begin = begin };
    pthread_t threads[8];
    begun = 0;
    for (size_t i = 0; i < ROWS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, load, &c), 0);
    for (size_t i = 0; i < ROWS(threads); i++) {
        void *answer;
        assert_int_equal(pthread_join(threads[i], &answer), 0);
        assert_ptr_equal(answer, &c);
    }
    assert_int_equal(begun, 1);
}

/* With no right but reading, ours still come: an access log found late may be packed. */
static void test_confined(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct confine_report r;
        confine_read_only(&r);
        _exit(strncmp(log_packed_library(), "libarchive ", 11) == 0 && complaint_ready(NULL) == 0
                  ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(strncmp(complaint_library(), "GMime 3.", 8), 0);
    assert_non_null(strstr(log_packed_library(), "libarchive 3."));
    assert_int_equal(complaint_ready(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confined), cmocka_unit_test(test_loads),
        cmocka_unit_test(test_missing),  cmocka_unit_test(test_threads),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
