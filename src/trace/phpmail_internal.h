/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phpmail_internal - between finding PHP's mail logs and reading them
 *
 * phpmail_places.c knows configurations, phpmail.c files and lines. Nobody else
 * includes this.
 */
#ifndef POSTERN_TRACE_PHPMAIL_INTERNAL_H
#define POSTERN_TRACE_PHPMAIL_INTERNAL_H

#include "trace/phpmail.h"
#include "trace/sites_internal.h"

struct phpmail_log {
    struct str path;             /* as the server sees it */
    bool home;                   /* in a customer's home */
};

/* A setting of mail.log in the server's own files. */
struct phpmail_setting {
    struct phpmail_setting *next;
    struct str value;            /* as it stands there */
    struct str pool;             /* section that it stands in, or empty */
};

struct phpmail_memory {
    struct arena *arena;
    struct phpmail_setting *first, *last;
    bool read;
};

struct phpmail_places {
    struct sites *s;             /* for its readers only: files and patterns under the root */
    struct phpmail_memory *memory;
    struct str account;          /* whose homes count; empty: everybody's */
    struct str dir;              /* of the submission */
    struct phpmail_log v[PHPMAIL_LOGS_MAX];
    size_t n;
    size_t left_out;             /* past the ceiling */
    bool syslog;                 /* some PHP here logs to syslog */
};

/* Fill `p` for the account and the directory of `q`. Paths live as long as `s`. */
void phpmail_places_find(struct phpmail_places *p, struct sites *s, const struct phpmail_query *q);

#endif
