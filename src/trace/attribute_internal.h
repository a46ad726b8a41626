/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attribute_internal - what the files of the attribution share
 *
 * attribute.c reads the transaction, attribute_rules.c decides on the verdict,
 * attribute_header.c has what the message's own header adds, attribute_spool.c
 * the queue. Nobody else includes this.
 */
#ifndef POSTERN_TRACE_ATTRIBUTE_INTERNAL_H
#define POSTERN_TRACE_ATTRIBUTE_INTERNAL_H

#include "base/hash.h"
#include "mail/logline.h"
#include "trace/attribute.h"

struct attribution {
    struct report *r;
    const struct gathered *g;
    const struct attribute_context *ctx;
    struct str header;
    struct line_arrival arrival;
    bool unreadable;                 /* the arrival line; then little of `arrival` is filled */
    struct str panel_user;           /* named by cPanel's lines */
    bool panel_redirect;
    struct hash_key key;             /* of places */
    uint32_t *places;                /* a hash of a recipient -> its number in r->deliveries + 1 */
    size_t place_mask;
    bool any_remote, any_local;      /* deliveries to other servers, and here */
    bool given, given_back;          /* to a program on this host; and its answer has an id: */
    struct msgid given_id;
    struct str forwarded;            /* a local address that was sent on */
    const struct trace_line *forward_line;
    bool php_header;                 /* PHP says that a script made it, and it is local */
};

void attribute_line_witness(struct report *r, const char *kind, const struct trace_line *line,
                            const char *says);

/* True for an address of this host, loopback or one that the caller named. */
bool attribute_own_ip(const struct attribution *x, struct str text);

/* Exim itself submitted it. R= does not tell: whoever submits with -E<id> writes it. */
bool attribute_by_exim(const struct attribution *x);

/* Verdict, confidence, source and reason of a message whose arrival is in the log. */
void attribute_judge(struct attribution *x);

/* X-PHP-Script and X-PHP-Originating-Script: witnesses, and the script's name if the message was
 * local. */
void attribute_headers(struct attribution *x);

#endif
