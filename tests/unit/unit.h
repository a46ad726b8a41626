/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit - what every unit test needs from cmocka, and one assertion for views
 *
 * cmocka wants its headers in this order. A test file is named after the file
 * that it tests, holds a table where the cases differ in data only, and says in
 * the failure which row it was: a failure nobody can place is half a test.
 */
#ifndef POSTERN_TESTS_UNIT_H
#define POSTERN_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* Rows of a table. */
#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* `actual` holds exactly the bytes of the literal `expected` (NUL bytes included). */
#define assert_str(actual, expected) \
    assert_str_at((actual), STR(expected), __FILE__, __LINE__)

static inline void assert_str_at(struct str actual, struct str expected, const char *file, int line)
{
    if (str_eq(actual, expected))
        return;
    print_error("got      \"%.*s\" (%zu bytes)\nexpected \"%.*s\" (%zu bytes)\n", STR_ARG(actual),
                actual.n, STR_ARG(expected), expected.n);
    _fail(file, line);
}

#endif
