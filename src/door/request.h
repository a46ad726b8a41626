/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request - Postfix's policy delegation protocol, read piece by piece
 *
 * A request is lines of `name=value` and an empty line. Postfix sends it
 * (SMTPD_POLICY_README), and Exim's ${readsocket} as our kit writes it. Names that
 * we do not know are passed over, so newer servers can say more. Of a name that
 * comes twice the first counts: our kit writes what it knows itself before what
 * a client chose.
 *
 * Ours, beyond Postfix's: rcpt_verified=yes|no|defer, relay=yes, rcpt_count,
 * rcpt_fail_count, smtp_notquit_reason, and the states QUIT and NOTQUIT.
 *
 * A value may hold any byte but a line end. Values that are longer than anything
 * real are cut: to refuse to look at them would be a way around every check. Of an
 * address the begin of the local part and the domain are kept, however long it is:
 * these are what checks ask for. A domain that is too long itself keeps its end,
 * which is still longer than any name of the DNS, so it can be taken for no other.
 */
#ifndef POSTERN_DOOR_REQUEST_H
#define POSTERN_DOOR_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "policy/envelope.h"

#define REQUEST_LINE_MAX 4096u       /* name, `=` and value; what is beyond is dropped */
#define REQUEST_BYTES_MAX 32768u     /* all lines of one request, without what was dropped */
#define REQUEST_VALUES 20u           /* at most so many names are known */
#define REQUEST_DOMAIN_MAX 255u      /* of an address that is too long; no real domain is longer */
#define REQUEST_TAIL_MAX (REQUEST_DOMAIN_MAX + 3)    /* ... with @, > and a carriage return */

enum request_progress {
    REQUEST_MORE,        /* it has not ended yet */
    REQUEST_DONE,        /* r->envelope is filled */
    REQUEST_BAD          /* it has ended, and request_why() says what is wrong with it */
};

struct request {
    /* after REQUEST_DONE; all views live until the next call with this request */
    struct envelope envelope;
    bool ignored;                    /* a state that we decide nothing at (DATA, VRFY ...) */

    /* while it is read */
    struct buf values;               /* of the known names, one behind the other */
    struct { uint32_t at, n; bool seen; } value[REQUEST_VALUES];
    size_t bytes;                    /* of all lines */
    bool begun, skipping;            /* `skipping`: in a line that is too long */
    size_t cut;                      /* ... which is this name's address, or REQUEST_VALUES */
    struct request_tail {            /* ... and this its end so far */
        char bytes[REQUEST_TAIL_MAX];
        size_t n;
        size_t seen, at;             /* bytes of the line; of them, up to behind the last @ */
    } tail;
    const char *why;
};

void request_init(struct request *r);
void request_fini(struct request *r);

/* Begin the next one. */
void request_next(struct request *r);

/* Take whole lines from `bytes`, at most to the end of this request; the start of a line is left
 * until the rest of it is there, or it is too long. Returns how many bytes were taken. Empty lines
 * before a request are passed over. After anything but REQUEST_MORE call request_next() first. */
size_t request_feed(struct request *r, struct str bytes, enum request_progress *out);

/* No more bytes come: a request whose lines are whole ends here. `cut`: it is known not to be
 * whole, and bad. REQUEST_MORE: there was none. */
enum request_progress request_end(struct request *r, bool cut);

/* Some words of ours. */
const char *request_why(const struct request *r);

#endif
