/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check - one test of an envelope, as the runner sees it
 *
 * A check is started, and answers now or later through check_done(). It owns
 * nothing else: order, time limits, modes, exemptions and the sum belong to the
 * runner (policy.c). So each can be read, tested and switched off alone.
 *
 * A check never refuses because something of ours, or a list, or the DNS is
 * broken: then it says CHECK_BROKEN or CHECK_LATE, and mail passes.
 */
#ifndef POSTERN_POLICY_CHECK_H
#define POSTERN_POLICY_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "policy/envelope.h"
#include "policy/verdict.h"
#include "tables/recipients.h"

struct check_run;
struct policy;

/* What every check works with. The pointers outlive every run. */
struct policy_parts {
    struct loop *loop;
    struct resolver *resolver;
    struct store *store;
    struct recipients *recipients;   /* NULL: no tables */
    const struct conf *conf;
    const struct conf_host *own;     /* our names and addresses: the configured and the system's */
};

struct check_ops {
    const char *name;
    enum check_id id;
    enum envelope_stage from;        /* the first stage at which it has something to look at */
    unsigned phase;                  /* 0: answers at once; 1: asks others, in parallel; 2: reads
                                        the results of those before and answers at once; 3: the
                                        same, and asks others */

    bool before_rcpt;                /* a hit counts before RCPT too; of the others only a dry run
                                        and `early` see an earlier stage */
    bool early;                      /* is begun before RCPT, its answer thrown away: what it asks
                                        of others is then in the resolver's cache when RCPT comes */

    /* For the life of the policy. *state_out may be NULL. 0, or -1 with *err for a configuration
     * that cannot be. NULL: nothing to keep. */
    int (*open)(const struct policy_parts *parts, void **state_out, struct err *err);
    void (*close)(void **state);
    /* The settings were read again: `before` is the state of the policy that this one takes the
     * place of, and which ends what it has in work. Go on with what must not begin anew because of
     * that (budgets), and with counters. Before the first run; both states are there. NULL:
     * nothing. */
    void (*go_on)(void *state, void *before);

    /* Look. Must call check_done() once, now or later, unless cancelled. */
    void (*start)(struct check_run *run);
    /* The run is over without this check (its time is up, or the asker is gone): forget it. What it
     * had in `own` may be used here for the last time. NULL for checks of phase 0. */
    void (*cancel)(struct check_run *run);
};

/* One check of one envelope. */
struct check_run {
    uint64_t id;                     /* for answers that come later: see check_find() */
    const struct check_ops *ops;
    struct policy *policy;
    const struct policy_parts *parts;
    void *state;                     /* from open() */
    const struct envelope *envelope; /* the policy's copy */
    struct str recipient_local, recipient_domain;    /* domains in lower case */
    struct str sender_local, sender_domain;
    struct recipient *recipient;     /* what the tables said; RECIPIENT_NO_TABLE before RCPT */
    struct str name;                 /* phases 2 and 3: the client's confirmed name, or "" */
    bool vouched;                    /* the same: a list or its name speaks for the client */
    struct arena *arena;             /* lives as long as the verdict */
    struct check_result *results;    /* of all checks, by check_id: phase 2 reads them */
    struct check_result *result;     /* its own */
    void *own;                       /* the check's, in the arena or its own heap */
};

/* The run with this number if it still waits for this check's answer, else NULL. */
struct check_run *check_find(struct policy *p, uint64_t id);

/* The answer. result->mode is the configured one before the check starts; before a CHECK_HIT it may
 * have set another, and have filled code, status, drop, reply, words and score. */
void check_done(struct check_run *run, enum check_state state);

/* Text into the run's arena; cut at 900 bytes. */
struct str check_text(struct check_run *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "name [192.0.2.1]" or "[192.0.2.1]", as Exim's $sender_fullhost begins. */
struct str check_host(struct check_run *run);

/* The recipient is good by the table, or by the MTA's word: for counts of good mail. */
bool check_recipient_good(const struct check_run *run);
/* ... and unknown. */
bool check_recipient_unknown(const struct check_run *run);

/* For phases 2 and 3: a hit of another check defers or refuses this mail already. */
bool check_turned_away(const struct check_run *run);

extern const struct check_ops check_ban, check_relay, check_recipient, check_helo, check_dnsbl,
    check_sender, check_dictionary, check_callout;

#endif
