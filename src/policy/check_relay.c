/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_relay - mail for a domain that is not ours, from a client that may not relay
 *
 * Exim refuses this itself. It is looked at here too, because open relays are what the
 * first probes of an attack look for, and because whoever asks may be no Exim and have
 * no such rule. Only tables that have been read whole call a domain foreign; and
 * where the MTA has verified the recipient, it takes the domain, whatever files say.
 */
#include "policy/check.h"

#include "conf/conf.h"

static void done(struct check_run *run, enum check_state state, const char *words)
{
    run->result->words = str_c(words);
    check_done(run, state);
}

static void start(struct check_run *run)
{
    const struct envelope *e = run->envelope;
    if (run->recipient->state == RECIPIENT_NO_TABLE)
        done(run, CHECK_SKIPPED, "no table says which domains are ours");
    else if (run->recipient->state != RECIPIENT_FOREIGN)
        done(run, CHECK_PASS, "");
    else if (e->authenticated || e->relay)
        done(run, CHECK_PASS, "the client may relay");
    else if (e->verified == VERIFIED_YES && run->parts->conf->recipient.trust_mta)
        done(run, CHECK_PASS, "the domain is in no file, but the MTA verified the recipient");
    else {
        run->result->reply = STR("relay not permitted"); /* Exim's words */
        done(run, CHECK_HIT, "the domain is not ours");
    }
}

const struct check_ops check_relay = {
    .name = "relay",
    .id = CHECK_RELAY,
    .from = STAGE_RCPT,
    .phase = 0,
    .start = start,
};
