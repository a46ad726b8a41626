/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spool - the -H file of a message in Exim's queue
 *
 * It names the login and uid that submitted the message, the authenticated id,
 * and it holds the whole header, without any log selector. Exim says that the
 * format is no interface; so this reads leniently and never writes. The file
 * is Exim's own, but the client chose much of what is in it. Source: Exim
 * specification, chapter "Format of spool files"; spool_out.c, spool_in.c.
 */
#ifndef POSTERN_MAIL_SPOOL_H
#define POSTERN_MAIL_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "mail/msgid.h"

#define SPOOL_RECIPIENTS_MAX 50000 /* lines in `recipients`; the count is still the file's */

struct spool {
    struct msgid id;
    struct str login;     /* of the submitting process */
    uint64_t uid, gid;    /* a negative one, as some systems have for nobody, as 32-bit unsigned */
    struct str sender;    /* without <> */
    int64_t received;     /* UTC */
    uint32_t received_usec;
    struct str ident;             /* -ident */
    struct str auth_id;           /* -auth_id */
    struct str auth_sender;       /* -auth_sender */
    struct str host_auth;         /* -host_auth: authenticator name */
    struct str host_address;      /* -host_address: ip */
    uint16_t host_port;           /* 0 where not written */
    struct str host_name, helo_name;
    struct str interface_address; /* ip, without the port */
    struct str protocol;          /* -received_protocol */
    struct str active_hostname;
    bool local;                   /* -local */
    bool localerror;              /* -localerror: a bounce */
    bool frozen;
    bool untrusted;               /* -sender_set_untrusted: an ordinary user chose the sender */
    uint64_t recipient_count;     /* as the file says */
    struct str recipients;        /* the lines of the recipients: walk with spool_recipient() */
    struct str delivered;         /* lines of the tree of non-recipients (already delivered), raw */
    struct str headers;           /* all headers with their `NNNc ` prefixes: see spool_headers() */
};

/* Read a -H file's bytes. 0, or -1 if it is none (first line is not <id>-H), or
 * is broken or cut before the number of recipients; what was read up to there
 * is in *out. Unknown settings are passed over. Views into `bytes`. */
int spool_parse(struct str bytes, struct spool *out);

/* The next recipient of `*list`, without what Exim writes behind it (errors_to,
 * parent of a one_time alias, DSN options). False at the end. */
bool spool_recipient(struct str *list, struct str *address_out);

/* The headers as they would be sent, without the prefixes and without replaced
 * ones (`*`), appended to `b`. A header cut short, or one that does not fit, ends them. */
void spool_headers(const struct spool *s, struct buf *b);

#endif
