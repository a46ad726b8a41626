/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phplog - PHP's own log of mail(), and the headers that PHP adds
 *
 * `mail.log` names the script with its full path and line:
 *     [23-Nov-2026 10:00:00 UTC] mail() on [/home/x/public_html/a.php:12]: To: b@c
 *     -- Headers: ... -- Subject: ...                              (all in one line)
 * It is the file that calls mail(), often a library, not the page that was
 * asked for; and where PHP runs as the customer, the customer can write to it.
 * X-PHP-Originating-Script and X-PHP-Script stand in the message and can be
 * written by anybody: they are forgeable until the log agrees.
 * Source: php-src ext/standard/mail.c.
 */
#ifndef POSTERN_TRACE_PHPLOG_H
#define POSTERN_TRACE_PHPLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct phplog_line {
    int64_t when;            /* UTC if zone_known, else stamped; 0 if not dated */
    bool dated;              /* false for the form that goes to syslog */
    bool zone_known;         /* the zone was UTC, GMT or an offset */
    struct str zone;         /* its name as written: `Europe/Berlin`, `+01:00` */
    struct str script;       /* full path */
    uint64_t line;           /* line number in the script */
    struct str to;           /* recipients as PHP was given them */
    struct str headers;      /* extra headers, line ends as spaces; or empty */
    struct str subject;      /* or empty (PHP before 7.2 logs none) */
    bool evald;              /* the path is that of a file whose code came from eval() */
};

/* 0, or -1 if it is no such line. Views into raw. */
int phplog_parse(struct str raw, struct phplog_line *out);

/* X-PHP-Originating-Script: `1000:mailer.php`, also `1000:a.php(3) : eval()'d code`.
 * 0 or -1. Views into value. */
struct php_originating {
    uint64_t uid;
    struct str file;         /* base name */
    bool evald;              /* the code was eval'd: a decoded payload */
};
int php_originating_parse(struct str value, struct php_originating *out);

/* X-PHP-Script: `www.example.com/path/a.php for 203.0.113.9, 10.0.0.1`. 0, or -1 without
 * a host, a path and a first address. Views into value. */
struct php_script {
    struct str host, path;   /* path begins with / */
    struct str client;       /* the first address: what a proxy said, where there is one */
    struct str proxies;      /* the rest, as it stands; or empty */
};
int php_script_parse(struct str value, struct php_script *out);

#endif
