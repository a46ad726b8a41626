/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_dead - lists that are no more
 *
 * Dates are those of the announcement or of the first report by those who
 * noticed; "lists everything" means that the domain answered every question
 * with an address when it was last seen.
 */
#include "policy/dnsbl_dead.h"

#include <stddef.h>

#include "policy/dnsbl_known.h"

#define REMOVE "remove it"
#define USE_ZEN "remove it; zen.spamhaus.org covers much of what it had"

static const struct dnsbl_dead dead[] = {
    { "sorbs.net", "2024-06-05", "SORBS was shut down", USE_ZEN },
    { "ahbl.org", "2015-01-01", "AHBL was shut down and lists everything", REMOVE },
    { "njabl.org", "2013-03-01", "NJABL was shut down, later it listed everything", USE_ZEN },
    { "dsbl.org", "2008-05", "DSBL was shut down; since 2012-08-20 it lists everything", REMOVE },
    { "ordb.org", "2006-12-18", "ORDB was shut down; since 2008-03-25 it lists everything",
      REMOVE },
    { "blitzed.org", "2006-05", "Blitzed's OPM was shut down", USE_ZEN },
    { "dnsbl.manitu.net", "2025-01", "NiX Spam was shut down", REMOVE },
    { "bl.spamcannibal.org", "2019-05-30", "its domain lapsed and lists everything", REMOVE },
    { "bl.emailbasura.org", "2019-10-30", "its domain was sold and lists everything", REMOVE },
    { "inps.de", "2020-05-25", "inps.de was shut down", REMOVE },
    { "virbl.bit.nl", "2017-01", "VIRBL was shut down", REMOVE },
    { "virbl.dnsbl.bit.nl", "2017-01", "VIRBL was shut down", REMOVE },
    { "wpbl.info", "2025-07", "WPBL was found shut down", REMOVE },
};

static const struct dnsbl_renamed renamed[] = {
    { "sbl-xbl.spamhaus.org", "zen.spamhaus.org",
      "zen has the PBL beside the SBL and the XBL; to leave that out write "
      "zen.spamhaus.org=127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.9" },
};

const struct dnsbl_dead *dnsbl_dead_find(struct str zone)
{
    for (size_t i = 0; i < sizeof dead / sizeof dead[0]; i++) {
        if (dnsbl_below(zone, str_c(dead[i].zone)))
            return &dead[i];
    }
    return NULL;
}

const struct dnsbl_renamed *dnsbl_renamed_find(struct str zone)
{
    for (size_t i = 0; i < sizeof renamed / sizeof renamed[0]; i++) {
        if (str_eq_nocase(zone, str_c(renamed[i].zone)))
            return &renamed[i];
    }
    return NULL;
}
