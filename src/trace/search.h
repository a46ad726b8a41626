/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * search - messages by what they look like, when there is no id
 *
 * By sender, recipient, subject or client, in a span of time; or by what a message carries to the
 * outside besides its id: its Message-ID, and the id that the next server gave it. Reads the span
 * of the log once. The newest matches are kept.
 */
#ifndef POSTERN_TRACE_SEARCH_H
#define POSTERN_TRACE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logs/logset.h"
#include "mail/msgid.h"

#define SEARCH_MATCHES_MAX 100u
#define SEARCH_TRACES_MAX 8u

struct search_query {
    struct str from, to;         /* whole address without case, or @domain; empty: any */
    struct str subject;          /* part of the unescaped subject, without case */
    struct str ip;               /* client address */
    /* Any of these is enough by itself, without the conditions above: */
    struct str message_ids[SEARCH_TRACES_MAX];    /* of id=, exact, without <> */
    size_t message_id_count;
    struct str confirmations[SEARCH_TRACES_MAX];  /* a word of C=: the id the next server gave it */
    size_t confirmation_count;
    int64_t since, until;        /* UTC, both included */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void (*problem)(void *ctx, const char *text);
    void *ctx;
};

struct search_result {
    struct msgid ids[SEARCH_MATCHES_MAX];
    size_t count;                /* in the order of the log */
    uint64_t matches;            /* all of them; beyond the ceiling only the newest are in ids */
    bool failed;                 /* some log could not be read to its end */
};

void search(const struct logset *set, const struct search_query *q, struct search_result *out);

#endif
