/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope - what is known of a piece of mail before its body
 *
 * Whoever asks (the door today, an SMTP gate later) fills one of these, and
 * nothing in it tells who that was. All views belong to the asker and need to
 * live only until policy_ask() returns: the policy copies what it keeps.
 */
#ifndef POSTERN_POLICY_ENVELOPE_H
#define POSTERN_POLICY_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "mail/ip.h"

/* How far the SMTP session is. */
enum envelope_stage {
    STAGE_CONNECT,
    STAGE_HELO,
    STAGE_MAIL,
    STAGE_RCPT,
    STAGE_END            /* QUIT, or gone without: the session is over */
};

/* What the MTA's own verification says of the recipient. */
enum rcpt_verified { VERIFIED_UNKNOWN, VERIFIED_YES, VERIFIED_NO, VERIFIED_DEFER };

struct envelope {
    enum envelope_stage stage;
    bool has_client;             /* false for mail that came without a network: always exempt */
    struct ip client;
    uint16_t client_port;        /* 0: not told */
    struct str client_name;      /* the client's name if the asker has confirmed it both ways, else
                                    "" */
    bool has_server;
    struct ip server;            /* our address that the client connected to */
    struct str helo;             /* "" before HELO */
    bool no_helo;                /* the client has said none, although it is time (RFC 5321 section
                                    4.1.4); false: `helo` has it, or nobody told */
    bool esmtp;                  /* EHLO rather than HELO, as far as told */
    bool has_sender;             /* MAIL was given; "" is then the null sender */
    struct str sender;           /* without angle brackets */
    struct str recipient;        /* "" before RCPT */
    bool authenticated;
    bool relay;                  /* a host that we relay for, by the MTA's own lists */
    enum rcpt_verified verified;
    uint64_t rcpt_count;         /* at STAGE_END: how many recipients the MTA saw in the session, */
    uint64_t rcpt_fail_count;    /* ... how many of them it did not take (0: not told), */
    struct str end_reason;       /* ... and why the session ended without QUIT, or "" */
    struct str session;          /* names the SMTP session; "": client address and port do */
    bool dry;                    /* only asked what would be: nothing is counted or remembered,
                                    every check is run to its end */
};

/* Ceilings; the asker cuts what is longer (RFC 5321 section 4.5.3.1 allows less): a client must not
 * get around the checks by being long. */
#define ENVELOPE_HELO_MAX 512u
#define ENVELOPE_ADDRESS_MAX 512u
#define ENVELOPE_SESSION_MAX 128u

#endif
