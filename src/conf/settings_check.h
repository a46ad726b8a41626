/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_check - may this text be the value of such a setting
 *
 * Functions for the column `check` of the table of settings. Each gets one
 * value, or one member of a list, and says NULL, or what is wrong with it and
 * what to write instead, as it goes on after the value in quotes. They look at
 * the text only, never at the system: a file is checked on another machine than
 * the one it is for, too.
 */
#ifndef POSTERN_CONF_SETTINGS_CHECK_H
#define POSTERN_CONF_SETTINGS_CHECK_H

#include "conf/settings.h"

/* An absolute path; of a socket: not longer than the kernel takes, or empty. */
setting_check settings_check_path, settings_check_path_or_none, settings_check_socket;
setting_check settings_check_log;                /* stderr, syslog or a path */
setting_check settings_check_account;            /* a user or group, or empty */
setting_check settings_check_listen, settings_check_listen_or_none;  /* address:port */
setting_check settings_check_listen_or_path;                         /* ... or a path */
setting_check settings_check_server;             /* address or address@port */
setting_check settings_check_ip4;
setting_check settings_check_domain, settings_check_domain_or_none, settings_check_domain_or_all;
setting_check settings_check_name_pattern;       /* a domain, or .domain */
setting_check settings_check_sender;             /* address, @domain, .domain */
setting_check settings_check_recipient;          /* address, local@, @domain */
setting_check settings_check_zone_name;          /* the title of a list: goes into logs */
setting_check settings_check_dnslist;            /* one item of Exim's dnslists; no "is" */
setting_check settings_check_page;               /* http or https, %s at most once, or empty */
setting_check settings_check_reply;              /* text with %h %z %t %p, or empty */
setting_check settings_check_contact;            /* printable ASCII, or empty */

#endif
