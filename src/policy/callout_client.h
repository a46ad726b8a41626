/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callout_client - ask a mail server whether it would take an address
 *
 * The dialogue of a callout: greeting, EHLO (HELO where that is refused), MAIL
 * FROM:<>, optionally RCPT to a random address, RCPT to the address in question,
 * QUIT. Never DATA, never TLS or AUTH, one command at a time, and always QUIT:
 * the server is a stranger's and owes us nothing. Each command has a time
 * limit, and by that the whole has one; the replies have ceilings.
 *
 * It says what the server answered; what that means is decided elsewhere.
 */
#ifndef POSTERN_POLICY_CALLOUT_CLIENT_H
#define POSTERN_POLICY_CALLOUT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "event/loop.h"
#include "mail/ip.h"

enum callout_answer {
    CALLOUT_ACCEPTED,            /* RCPT: 2xx */
    CALLOUT_ACCEPTS_ALL,         /* the random address was taken: its word says nothing */
    CALLOUT_REFUSED,             /* RCPT: 5xx */
    CALLOUT_NULL_REFUSED,        /* MAIL FROM:<>: 5xx */
    CALLOUT_HOST_REFUSED,        /* greeting or HELO: 5xx */
    CALLOUT_TEMPORARY,           /* 4xx anywhere, or it wants TLS first */
    CALLOUT_BUSY,                /* 421 */
    CALLOUT_UNREACHABLE,         /* no connection, no answer, nonsense, or gone in between */
};

struct callout_result {
    enum callout_answer answer;
    bool random_refused;         /* the random address was asked and refused with 5xx */
    unsigned code;
    struct str status;           /* enhanced status code or "" */
    struct str text;             /* of the last reply; for the duration of the call */
};

/* Called once, never before callout_call() returns. */
typedef void callout_callback(void *ctx, const struct callout_result *result);

/* The connection is closed: with the answer, or after it when QUIT was said. `silent`: the server
 * said 421, or nothing; never for those that callout_client_free() ends, which are told of, too, so
 * that a budget which outlives the client gets its connections back. */
typedef void callout_over(void *ctx, const struct ip *ip, bool silent);

struct callout_client;

struct callout_client_options {
    const char *helo;            /* our name */
    unsigned connect_ms, command_ms;
    uint16_t port;
    unsigned max;                /* dialogues at a time */
    callout_over *over;
    void *over_ctx;
};

/* Never NULL. The strings must outlive it. */
struct callout_client *callout_client_new(struct loop *l, const struct callout_client_options *o);
/* Those in work end without an answer. */
void callout_client_free(struct callout_client **c);

/* `address` without angle brackets; `random`, an address at the same domain, or "" to ask for none.
 * Both are copied. 0, or -1 if there is no place or descriptor, or an address that cannot be said
 * in a command (control bytes, spaces outside of quotes, too long). */
struct callout_question {
    struct ip ip;
    struct str address, random;
};
int callout_call(struct callout_client *c, const struct callout_question *q,
                 callout_callback *call, void *ctx);

#endif
