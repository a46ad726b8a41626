/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf - the settings, read once, never changed
 *
 * One table (settings.c) has a row for every setting: name, type, default,
 * limits and its sentence. From it come the parser's input, the example file
 * and the manual's list, so none of them can know a setting that another does
 * not. A reload reads a new struct conf; who works with the old one keeps it
 * until done.
 *
 * Strings are C strings of ours: the file belongs to the administrator. All
 * live as long as the struct conf.
 */
#ifndef POSTERN_CONF_CONF_H
#define POSTERN_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "mail/ip.h"

#define CONF_DEFAULT_FILE "/etc/postern/postern.conf"

/* As enum check_mode of policy/verdict.h. */
enum conf_mode { CONF_OFF, CONF_OBSERVE, CONF_TAG, CONF_DEFER, CONF_REFUSE };

struct conf_strings {
    const char *const *v;
    size_t n;
};

struct conf_net {
    struct ip ip;
    unsigned bits;
};

struct conf_nets {
    const struct conf_net *v;
    size_t n;
};

struct conf_daemon {
    const char *user, *group;        /* to run as; "" : stay */
    const char *log;                 /* stderr, syslog, or a path */
    const char *log_level;
    const char *pid_file;            /* "" none */
    const char *state;               /* folder; "" in memory only */
    uint64_t state_max;              /* bytes */
    const char *metrics;             /* host:port; "" none */
    unsigned descriptors;            /* RLIMIT_NOFILE to ask for */
};

#define CONF_DOORS_MAX 16u           /* sockets: event/conn_internal.h has places for so many */

struct conf_door {
    const char *socket;              /* Unix socket; "" none */
    struct conf_strings listen;      /* more doors: paths, or host:port */
    const char *owner;               /* "" : the daemon's */
    const char *group;               /* "" : the MTA's that is installed, else the daemon's */
    unsigned mode;
    unsigned connections;
    unsigned answer_ms;              /* the whole answer; then what is late is passed over */
    unsigned idle_ms;                /* a kept connection without a request */
    unsigned request_ms;             /* from the first byte of a request to its end */
};

struct conf_control {
    const char *socket;
    const char *group;               /* may look; only root and the daemon's user may change */
    unsigned mode;
};

struct conf_host {
    struct conf_strings names;       /* ours, beside the system's */
    struct conf_nets addresses;      /* ours, beside those of the interfaces */
    const char *contact;             /* a URL or address at the end of refusals; "" none */
};

struct conf_exempt {
    struct conf_nets clients;
    struct conf_strings names;       /* confirmed by FCrDNS; ".example.org" is all below */
    struct conf_strings senders;     /* address, @domain or .domain */
    struct conf_strings recipients;  /* address, local@, @domain */
    bool loopback;
};

struct conf_stub {
    const char *zone;
    struct conf_strings servers;
};

struct conf_dns {
    struct conf_strings forwarders;
    const struct conf_stub *stubs;
    size_t stub_count;
    uint64_t cache;                  /* bytes */
    unsigned questions;              /* open at a time */
    const char *trust_anchor;        /* "" none */
};

struct conf_ban {
    enum conf_mode mode;
};

struct conf_relay {
    enum conf_mode mode;
};

struct conf_table {
    const char *file, *format, *domain;
};

struct conf_recipient {
    enum conf_mode mode;
    const char *layout;              /* none auto debian cpanel directadmin hestia files */
    const char *root;
    const struct conf_table *tables;
    size_t table_count;
    struct conf_strings domains;
    uint64_t addresses_max;
    unsigned interval_ms;
    bool forbid_code;
    bool trust_mta;                  /* rcpt_verified counts where no table speaks */
};

struct conf_helo {
    enum conf_mode own;              /* our address or name */
    enum conf_mode no_dot;
    enum conf_mode bare_ip;
    enum conf_mode literal;          /* an address literal that is not the client's */
    enum conf_mode evasion;          /* another name after a refused one */
    unsigned memory_s;               /* how long a refused HELO is remembered */
};

struct conf_zone {
    const char *name;                /* the section's title: for people, and for a key that is
                                        secret */
    const char *list;                /* one item of Exim's dnslists */
    int weight;                      /* hundredths; negative: an allow list */
    struct conf_strings refusal;     /* answers that mean "not for you", beside the known */
    bool white_1;                    /* 127.0.0.1 is an answer of this zone: no negative probe */
    const char *page;                /* where to read more; %s is the address */
    const char *probe;               /* auto, none, ip, domain */
};

struct conf_dnsbl {
    enum conf_mode mode;
    const struct conf_zone *zones;
    size_t zone_count;
    int threshold;                   /* hundredths */
    unsigned timeout_ms;
    const char *compat;              /* safe, or exim: conf_dnsbl_exim() */
    unsigned rest_s, rest_max_s;     /* back-off of a zone that refuses */
    const char *reply;
};

/* Answers are judged as Exim does, the dangerous ones too. */
static inline bool conf_dnsbl_exim(const struct conf_dnsbl *d)
{
    return d->compat != NULL && strcmp(d->compat, "exim") == 0;
}

struct conf_sender {
    enum conf_mode domain;           /* does not exist, or no address at all */
    enum conf_mode null_mx;          /* RFC 7505 */
    enum conf_mode bogus_mx;         /* only private or bogus addresses */
    unsigned timeout_ms;
};

struct conf_callout {
    enum conf_mode mode;
    struct conf_strings domains;     /* only these; "*" all */
    struct conf_strings skip;        /* never these (big providers) */
    bool vouch;                      /* only where the domain vouches for the client */
    unsigned timeout_ms;             /* for the whole of it */
    unsigned command_ms;
    unsigned connect_ms;
    unsigned per_minute;             /* budget over all */
    unsigned domain_per_minute;
    unsigned mx_per_minute;
    unsigned mx_connections;
    unsigned per_day;
    unsigned positive_s, negative_s, domain_positive_s, domain_negative_s, temporary_s;
    bool random;                     /* probe for servers that take everything */
    const char *helo;                /* "" : our name */
    const char *self_watch;          /* list to look ourselves up in; "" none */
    uint16_t port;
};

struct conf_dictionary {
    enum conf_mode mode;
    bool drop;
    unsigned client_unknown;         /* distinct unknown local parts of a client */
    unsigned net_unknown;            /* of its /24 or /64 */
    unsigned domain_unknown;         /* of a target domain, from strangers */
    unsigned domain_clients;         /* ... from at least so many of them */
    unsigned attacked_unknown;       /* a stranger's threshold while its target is under attack */
    unsigned bounce_unknown;         /* distinct unknown local parts of a client's bounces */
    unsigned window_s;
    unsigned ban_s, ban_max_s;       /* first ban, ceiling of the doubling */
    unsigned memory_s;               /* after its end a ban is remembered so long for the doubling
                                        */
    unsigned good_recipients;        /* a client with so many good ones ... */
    unsigned good_percent;           /* ... and at least this share sends good mail: never banned */
    unsigned slow_percent;           /* such a client is deferred above this share of unknown */
    struct conf_strings vouched;     /* names (FCrDNS) of providers */
};

struct conf {
    const char *file;
    struct conf_daemon daemon;
    struct conf_door door;
    struct conf_control control;
    struct conf_host host;
    struct conf_exempt exempt;
    struct conf_dns dns;
    struct conf_ban ban;
    struct conf_relay relay;
    struct conf_recipient recipient;
    struct conf_helo helo;
    struct conf_dnsbl dnsbl;
    struct conf_sender sender;
    struct conf_callout callout;
    struct conf_dictionary dictionary;
    void *memory;                    /* what the strings live in */
};

/* Read a file. NULL with *err: file, line, what is wrong and the remedy. `path` NULL: all defaults.
 * */
struct conf *conf_read(const char *path, struct err *err);
void conf_free(struct conf **c);

/* What deserves a warning though it works (a list that is dead, a mode that lets all through):
 * calls back for each. */
typedef void conf_warning(void *ctx, const char *text);
void conf_warn(const struct conf *c, conf_warning *call, void *ctx);

#endif
