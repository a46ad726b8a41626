/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ownhost - what this server is called, and its addresses
 *
 * Exim's own answers, the system's host name, /etc/mailname, the interfaces, and what the
 * administrator adds with --host. For a copied server (--root) only the
 * copy's /etc is read: the names and addresses of the machine that we run on are not the server's.
 */
#ifndef POSTERN_TRACE_OWNHOST_H
#define POSTERN_TRACE_OWNHOST_H

#include <stddef.h>

#include "logs/eximconf.h"
#include "mail/ip.h"
#include "trace/attribute.h"
#include "trace/candidate.h"

struct ownhost {
    struct own_names names;
    struct ip ips[OWN_IPS_MAX];
    size_t ip_count;
    char *text[64];              /* heap copies behind the names */
};

struct ownhost_options {
    const struct eximconf *exim; /* or NULL */
    const char *root;            /* or NULL */
    const char *const *hosts;    /* --host: names or addresses */
    size_t host_count;
};

void ownhost_init(struct ownhost *h, const struct ownhost_options *o);
void ownhost_fini(struct ownhost *h);

#endif
