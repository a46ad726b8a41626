/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_case - one log line for a test
 *
 * The line is copied into a block of exactly its size, so that a sanitizer sees
 * the first byte that a parser reads beyond it. Tables give the line without
 * the prefix; case_text() puts a fixed one before it.
 */
#ifndef POSTERN_TESTS_LOGLINE_CASE_H
#define POSTERN_TESTS_LOGLINE_CASE_H

#include <stdio.h>
#include <stdlib.h>

#include "mail/logline.h"

#include "unit.h"

#define CASE_PREFIX "2025-02-14 18:12:33 "
#define CASE_ID "1tixMn-00000000C5j-1wRa "

struct held {
    char *bytes;
    int rc;               /* of logline_parse() */
    struct logline line;  /* views into bytes */
};

static inline char *case_alloc(size_t n)
{
    char *p = malloc(n == 0 ? 1 : n);
    if (p == NULL)
        abort();
    return p;
}

static inline struct held case_raw(struct str raw, struct logline_hint *hint)
{
    struct held h = { .bytes = case_alloc(raw.n) };
    if (raw.n > 0)
        memcpy(h.bytes, raw.p, raw.n);
    h.rc = logline_parse(str_make(h.bytes, raw.n), hint, &h.line);
    return h;
}

/* `prefix` and `text` as one line, which must be of `class`. */
static inline struct held case_text(const char *prefix, struct str text, enum line_class class)
{
    size_t n = strlen(prefix);
    char *both = case_alloc(n + text.n);
    memcpy(both, prefix, n);
    memcpy(both + n, text.p, text.n);
    print_message("%s%.*s\n", prefix, STR_ARG(text));
    struct held h = case_raw(str_make(both, n + text.n), NULL);
    free(both);
    assert_int_equal(h.rc, 0);
    assert_string_equal(line_class_name(h.line.class), line_class_name(class));
    return h;
}

static inline void case_free(struct held *h)
{
    free(h->bytes);
    h->bytes = NULL;
}

/* A view against a C string; NULL is the empty view. Says which field differs. */
#define case_field(actual, expected, name) \
    case_field_at((actual), (expected), (name), __FILE__, __LINE__)

static inline void case_field_at(struct str actual, const char *expected, const char *name,
                                 const char *file, int line)
{
    if (str_eq(actual, str_c(expected)))
        return;
    print_error("%s is \"%.*s\", not \"%s\"\n", name, STR_ARG(actual),
                expected == NULL ? "" : expected);
    _fail(file, line);
}

#endif
