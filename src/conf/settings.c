/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings - the one table of all that can be set
 *
 * Read a row aloud: section, name, type, field, default; then limits and what
 * to know of it. The order is that of the example file and the manual. A
 * sentence here is read by somebody who has mail waiting: it says what happens,
 * not what the program does inside.
 */
#include "conf/settings.h"

#include "conf/conf.h"
#include "conf/settings_check.h"

#define MS(n) (INT64_C(1) * (n))
#define SECOND INT64_C(1000)
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define MIB (INT64_C(1) << 20)

#define ROW(s, n, t, field, init) \
    .section = (s), .name = (n), .type = SETTING_##t, .offset = offsetof(struct conf, field), \
    .initial = (init)
#define PART(s, n, t, what, field, init) \
    .section = (s), .name = (n), .type = SETTING_##t, .offset = offsetof(struct what, field), \
    .initial = (init)

static const char *const log_levels[] = { "error", "warning", "notice", "info", "debug", NULL };
static const char *const layouts[] = { "none", "auto", "debian", "cpanel", "directadmin", "hestia",
                                       "files", NULL };
static const char *const formats[] = { "list", "lsearch", "cdb", "aliases", "passwd",
                                       "domains", NULL };
static const char *const compats[] = { "safe", "exim", NULL };
static const char *const probes[] = { "auto", "none", "ip", "domain", NULL };

const struct setting settings[] = {
    { ROW("daemon", "user", STRING, daemon.user, "postern"), .check = settings_check_account,
      .about = "The user that posternd runs as once its sockets are open, where it was started as "
               "root. Empty: it stays what it was started as." },
    { ROW("daemon", "group", STRING, daemon.group, ""), .check = settings_check_account,
      .about = "The group that it runs as. Empty: that of the user. Other groups of the user are "
               "kept: on servers with a panel, make it a member of the group that may read the "
               "files of recipients (mail on cPanel and Hestia). On DirectAdmin only the user mail "
               "may read most of them: there Exim's own answer, which the kit hands on, has to do.",
      .example = "postern" },
    { ROW("daemon", "log", STRING, daemon.log, "syslog"), .check = settings_check_log,
      .about = "Where the log goes: syslog (facility mail), stderr, or the path of a file, which "
               "is opened again on SIGHUP. Put a file into a folder that the user of posternd may "
               "write." },
    { ROW("daemon", "log_level", WORD, daemon.log_level, "info"), .words = log_levels,
      .about = "What is logged: this and all that is more important. At notice there is no line "
               "for mail that passed." },
    { ROW("daemon", "pid_file", STRING, daemon.pid_file, ""), .check = settings_check_path_or_none,
      .about = "A file for the process id, for systems without systemd. It is written by the user "
               "that started posternd. Empty: none.",
      .example = "/run/posternd.pid" },
    { ROW("daemon", "state", STRING, daemon.state, "/var/lib/postern"),
      .check = settings_check_path_or_none,
      .about = "The folder for what outlives a restart: bans, counts, results of callouts, the "
               "health of lists. Empty: all of it is in memory only and ends with the process." },
    { ROW("daemon", "state_max", SIZE, daemon.state_max, "512M"), .min = 8 * MIB,
      .max = 65536 * MIB,
      .about = "How large the file of the state may grow. A million bans need about 200M." },
    { ROW("daemon", "metrics", STRING, daemon.metrics, ""), .check = settings_check_listen_or_none,
      .about = "Address and port at which Prometheus may ask for metrics by HTTP. There is no "
               "password: every user of the host can read them. Empty: none.",
      .example = "127.0.0.1:9725" },
    { ROW("daemon", "descriptors", NUMBER, daemon.descriptors, "16384"), .min = 256, .max = 1048576,
      .about = "How many files and sockets may be open. As much of it as the system allows is "
               "taken." },

    { ROW("door", "socket", STRING, door.socket, "/run/postern/door"),
      .check = settings_check_socket,
      .about = "The Unix socket at which the MTA asks. Empty: none." },
    { ROW("door", "listen", STRINGS, door.listen, ""), .check = settings_check_listen_or_path,
      .about = "More doors: paths of Unix sockets, as for a Postfix that is chrooted, and TCP "
               "addresses with ports. Who asks at a TCP address is not looked at, and "
               "whoever asks can have clients banned: use one only where no stranger can reach it, "
               "also not as a user of this host.",
      .example = "127.0.0.1:9724" },
    { ROW("door", "owner", STRING, door.owner, ""), .check = settings_check_account,
      .about = "The owner of the socket. Empty: the user of posternd." },
    { ROW("door", "group", STRING, door.group, ""), .check = settings_check_account,
      .about = "The group of the socket, by which the MTA gets in. Empty: that of the MTA which is "
               "installed (Debian-exim, exim, postfix, or mail where a panel runs Exim), else that "
               "of posternd. exim -bP exim_group says what Exim runs as.",
      .example = "mail" },
    { ROW("door", "mode", OCTAL, door.mode, "0660"), .max = 0777,
      .about = "The mode of the socket. Who may write to it may ask." },
    { ROW("door", "connections", NUMBER, door.connections, "2000"), .min = 10, .max = 65535,
      .about = "How many connections may be open, over all doors. More are closed at once, and "
               "the mail passes." },
    { ROW("door", "answer", MS, door.answer_ms, "8s"), .min = 100, .max = 60 * SECOND,
      .about = "How long an answer may take in all. Then what has not answered is passed over. "
               "Keep it below what the MTA waits for." },
    { ROW("door", "idle", MS, door.idle_ms, "10min"), .min = SECOND, .max = DAY * 1000,
      .about = "How long a connection without a request is kept. Postfix keeps its own for five "
               "minutes." },
    { ROW("door", "request", MS, door.request_ms, "5s"), .min = 100, .max = 600 * SECOND,
      .about = "How long a request may take to come in, from its first byte." },

    { ROW("control", "socket", STRING, control.socket, "/run/postern/control"),
      .check = settings_check_socket,
      .about = "The Unix socket for postern ask, postern bans and postern status. Empty: none." },
    { ROW("control", "group", STRING, control.group, ""), .check = settings_check_account,
      .about = "The group of that socket: its members may look. Only root and the user of posternd "
               "may change bans. Empty: the group of posternd.",
      .example = "adm" },
    { ROW("control", "mode", OCTAL, control.mode, "0660"), .max = 0777,
      .about = "The mode of that socket." },

    { ROW("host", "names", STRINGS, host.names, ""), .check = settings_check_domain,
      .about = "Names of this server beside those that the system knows. A client that calls "
               "itself by one of them lies.",
      .example = "mail.example.org" },
    { ROW("host", "addresses", NETS, host.addresses, ""),
      .about = "Addresses of this server beside those of its interfaces, such as the public one in "
               "front of a NAT.",
      .example = "198.51.100.25" },
    { ROW("host", "contact", STRING, host.contact, ""), .check = settings_check_contact,
      .about = "An address or a page at which somebody who was refused by mistake gets help. It "
               "stands at the end of every refusal. Empty: none.",
      .example = "https://example.org/refused" },

    { ROW("exempt", "clients", NETS, exempt.clients, ""),
      .about = "Addresses and networks of clients that no check touches.",
      .example = "192.0.2.0/24 2001:db8::/32" },
    { ROW("exempt", "names", STRINGS, exempt.names, ""), .check = settings_check_name_pattern,
      .about = "Names of such clients. The name must point to the address and the address to the "
               "name. .example.org stands for all names below example.org.",
      .example = ".example.org" },
    { ROW("exempt", "senders", STRINGS, exempt.senders, ""), .check = settings_check_sender,
      .about = "Senders that no check touches: an address, @example.org, or .example.org for all "
               "domains below. Anybody can write any sender: prefer clients and names.",
      .example = "@example.org" },
    { ROW("exempt", "recipients", STRINGS, exempt.recipients, ""),
      .check = settings_check_recipient,
      .about = "Recipients that get all mail: an address, local@ for that local part in all our "
               "domains, or @example.org. postmaster and abuse always do.",
      .example = "hostmaster@ @example.org" },
    { ROW("exempt", "loopback", BOOL, exempt.loopback, "yes"),
      .about = "Clients on this host itself (127.0.0.0/8, ::1) are exempt." },

    { ROW("dns", "forwarders", STRINGS, dns.forwarders, ""), .check = settings_check_server,
      .about = "Name servers to ask, as address or address@port. Empty: posternd finds the answers "
               "itself, beginning at the root. Block lists refuse the resolvers of big providers, "
               "so name only one of your own.",
      .example = "127.0.0.1@5353" },
    { ROW("dns", "cache", SIZE, dns.cache, "64M"), .min = MIB, .max = 16384 * MIB,
      .about = "Memory for answers of the DNS." },
    { ROW("dns", "questions", NUMBER, dns.questions, "8192"), .min = 64, .max = 65536,
      .about = "How many questions may be open at a time. What is beyond is passed over." },
    { ROW("dns", "trust_anchor", STRING, dns.trust_anchor, ""),
      .check = settings_check_path_or_none,
      .about = "A file with the key of the root, to check DNSSEC by. Empty: it is not checked.",
      .example = "/usr/share/dns/root.key" },
    { PART("dns.stub", "servers", STRINGS, conf_stub, servers, NULL),
      .check = settings_check_server,
      .about = "The name servers of this zone, as address or address@port. Must be set.",
      .example = "127.0.0.1@5300" },

    { ROW("ban", "mode", MODE, ban.mode, "refuse"),
      .about = "Clients that the dictionary check or postern bans add has banned." },

    { ROW("relay", "mode", MODE, relay.mode, "refuse"),
      .about = "Recipients in domains that are not ours, from clients that may not relay. Only "
               "where tables of recipients say which domains are ours." },

    { ROW("recipient", "mode", MODE, recipient.mode, "refuse"),
      .about = "Recipients that do not exist here." },
    { ROW("recipient", "layout", WORD, recipient.layout, "auto"), .words = layouts,
      .about = "Where the recipients of this server are written. auto looks for a panel, then for "
               "Debian's configuration of Exim, and tells in the log what it found. files: only "
               "the table sections below. none: no table; then the MTA tells in its request." },
    { ROW("recipient", "root", STRING, recipient.root, ""), .check = settings_check_path_or_none,
      .about = "A folder that holds the files of a layout in place of /, for a copied server.",
      .example = "/srv/copy" },
    { ROW("recipient", "domains", STRINGS, recipient.domains, ""), .check = settings_check_domain,
      .about = "Domains of ours beside those that the files name.",
      .example = "example.org" },
    { ROW("recipient", "addresses_max", BIG, recipient.addresses_max, "4000000"), .min = 100,
      .max = 100000000,
      .about = "How many addresses are read. A domain beyond them is taken as not known." },
    { ROW("recipient", "interval", MS, recipient.interval_ms, "10s"), .min = SECOND,
      .max = HOUR * 1000,
      .about = "How often the files are looked at for changes." },
    { ROW("recipient", "forbid_code", BOOL, recipient.forbid_code, "no"),
      .about = "SMTP codes at the beginning of :fail: and :defer: texts are left out, as Exim's "
               "forbid_smtp_code does." },
    { ROW("recipient", "trust_mta", BOOL, recipient.trust_mta, "yes"),
      .about = "Where no table speaks of a domain, what the MTA found out itself (rcpt_verified in "
               "its request) counts." },
    { PART("recipient.table", "format", WORD, conf_table, format, NULL), .words = formats,
      .about = "What the file is: list (an address or local part a line), lsearch or cdb (keys are "
               "the addresses), aliases, passwd (local parts), domains (only names of domains). "
               "Where alice is in it, alice+anything is taken too: the MTA has the last word. "
               "Must be set." },
    { PART("recipient.table", "domain", STRING, conf_table, domain, ""),
      .check = settings_check_domain_or_none,
      .about = "The domain of the local parts in a file that names none. Empty: the names of this "
               "host.",
      .example = "example.org" },

    { ROW("helo", "own", MODE, helo.own, "refuse"),
      .about = "The client says that it is us: HELO with a name or an address of this server." },
    { ROW("helo", "no_dot", MODE, helo.no_dot, "refuse"),
      .about = "HELO with a word without a dot, such as localhost or a Windows machine's name; or "
               "none at all." },
    { ROW("helo", "bare_ip", MODE, helo.bare_ip, "tag"),
      .about = "HELO with an address that has no brackets around it." },
    { ROW("helo", "literal", MODE, helo.literal, "tag"),
      .about = "HELO with an address in brackets that is not the client's." },
    { ROW("helo", "evasion", MODE, helo.evasion, "refuse"),
      .about = "A client that was refused for its HELO comes back under another name." },
    { ROW("helo", "memory", SECONDS, helo.memory_s, "1h"), .max = 30 * DAY,
      .about = "How long a refused HELO is remembered for that. 0: not at all." },

    { ROW("dnsbl", "mode", MODE, dnsbl.mode, "refuse"),
      .about = "Clients on block lists whose weights reach the threshold." },
    { ROW("dnsbl", "threshold", WEIGHT, dnsbl.threshold, "1"), .min = 1, .max = 100000,
      .about = "The sum of weights from which on a client counts as listed." },
    { ROW("dnsbl", "timeout", MS, dnsbl.timeout_ms, "4s"), .min = 100, .max = 60 * SECOND,
      .about = "How long the lists have to answer. One that does not is passed over." },
    { ROW("dnsbl", "compat", WORD, dnsbl.compat, "safe"), .words = compats,
      .about = "safe: answers outside of 127.0.0.0/8 and those that mean \"not for you\" never "
               "count; a list that has died often answers so to everything. exim: lists are judged "
               "to the letter as Exim does, where such answers count with = and != and "
               "127.255.255.254 means listed." },
    { ROW("dnsbl", "rest", SECONDS, dnsbl.rest_s, "5min"), .min = 10, .max = DAY,
      .about = "How long a list rests that refuses to answer us or answers nonsense, before it is "
               "tried again. Each time it fails again this doubles." },
    { ROW("dnsbl", "rest_max", SECONDS, dnsbl.rest_max_s, "6h"), .min = 10, .max = 30 * DAY,
      .about = "The most that it doubles to." },
    { ROW("dnsbl", "reply", STRING, dnsbl.reply, ""), .check = settings_check_reply,
      .about = "The text of a refusal in place of the built-in one. %h is the client, %z the list "
               "(never a key), %t its own text, %p its page.",
      .example = "Email blocked by %z, see %p" },
    { PART("dnsbl.zone", "list", STRING, conf_zone, list, NULL), .check = settings_check_dnslist,
      .secret = true,
      .about = "What to ask, as one item of Exim's dnslists: the zone, and which answers count "
               "(=127.0.0.2,127.0.0.3, &0.0.0.6, != and ==). Must be set.",
      .example = "zen.spamhaus.org=127.0.0.2,127.0.0.3" },
    { PART("dnsbl.zone", "weight", WEIGHT, conf_zone, weight, "1"), .min = -100000, .max = 100000,
      .about = "What an entry in it adds to the sum. Negative for a list of good hosts." },
    { PART("dnsbl.zone", "refusal", STRINGS, conf_zone, refusal, ""), .check = settings_check_ip4,
      .about = "Answers by which this list says that it will not answer us, beside those known to "
               "posternd (127.255.255.0/24 and others). They never count.",
      .example = "127.0.0.1" },
    { PART("dnsbl.zone", "white_1", BOOL, conf_zone, white_1, "no"),
      .about = "127.0.0.1 is a proper answer of this list (hostkarma has it for good hosts), so it "
               "is not taken as a sign of failure." },
    { PART("dnsbl.zone", "page", STRING, conf_zone, page, ""), .check = settings_check_page,
      .about = "A page that tells more of an entry, for the refusal. %s stands for the address. "
               "Empty: only what the list itself says.",
      .example = "https://list.example.org/lookup/%s" },
    { PART("dnsbl.zone", "probe", WORD, conf_zone, probe, "auto"), .words = probes,
      .about = "How the list is tested (RFC 5782): by ip (127.0.0.2 is in it, 127.0.0.1 is not), "
               "by domain (TEST is in it, INVALID is not), not at all, or as its item suggests." },

    { ROW("sender", "domain", MODE, sender.domain, "refuse"),
      .about = "The domain of the sender does not exist, or has no mail server and no address." },
    { ROW("sender", "null_mx", MODE, sender.null_mx, "refuse"),
      .about = "The domain of the sender says that it has no mail at all (RFC 7505)." },
    { ROW("sender", "bogus_mx", MODE, sender.bogus_mx, "refuse"),
      .about = "The mail servers of the sender's domain have only addresses that no mail can be "
               "sent to: private or reserved ones." },
    { ROW("sender", "timeout", MS, sender.timeout_ms, "5s"), .min = 100, .max = 60 * SECOND,
      .about = "How long the DNS has to answer for this." },

    { ROW("callout", "mode", MODE, callout.mode, "off"),
      .about = "Ask the sender's mail server whether the sender exists. This loads servers of "
               "others and can bring this host onto block lists: read CALLOUTS in posternd(8) "
               "before it is switched on." },
    { ROW("callout", "domains", STRINGS, callout.domains, "*"),
      .check = settings_check_domain_or_all,
      .about = "Sender domains that are asked, and all below them; * for all." },
    { ROW("callout", "skip", STRINGS, callout.skip,
          "gmail.com googlemail.com google.com outlook.com hotmail.com live.com msn.com "
          "yahoo.com aol.com icloud.com me.com mac.com gmx.net gmx.de web.de t-online.de "
          "mail.ru yandex.ru proton.me protonmail.com"), .check = settings_check_domain,
      .about = "Sender domains that are never asked, and all below them. Big providers tell "
               "nothing to such questions and count them as an attack." },
    { ROW("callout", "vouch", BOOL, callout.vouch, "yes"),
      .about = "Ask only where the domain speaks for the client (SPF, its mail servers or its "
               "names). Elsewhere the sender is mostly forged, and its server a victim." },
    { ROW("callout", "timeout", MS, callout.timeout_ms, "7s"), .min = 500, .max = 300 * SECOND,
      .about = "How long all of it may take. Keep it below answer in section door." },
    { ROW("callout", "command", MS, callout.command_ms, "5s"), .min = 100, .max = 300 * SECOND,
      .about = "How long one reply of the server may take." },
    { ROW("callout", "connect", MS, callout.connect_ms, "3s"), .min = 100, .max = 300 * SECOND,
      .about = "How long the connection may take." },
    { ROW("callout", "per_minute", NUMBER, callout.per_minute, "30"), .min = 1, .max = 100000,
      .about = "The most callouts in a minute, over all domains." },
    { ROW("callout", "domain_per_minute", NUMBER, callout.domain_per_minute, "2"), .min = 1,
      .max = 100000,
      .about = "The most in a minute for one domain." },
    { ROW("callout", "mx_per_minute", NUMBER, callout.mx_per_minute, "6"), .min = 1, .max = 100000,
      .about = "The most in a minute to one mail server." },
    { ROW("callout", "mx_connections", NUMBER, callout.mx_connections, "1"), .min = 1, .max = 100,
      .about = "The most at the same time to one mail server." },
    { ROW("callout", "per_day", NUMBER, callout.per_day, "5000"), .min = 1, .max = 10000000,
      .about = "The most in a day." },
    { ROW("callout", "positive", SECONDS, callout.positive_s, "1d"), .min = 60, .max = 90 * DAY,
      .about = "How long it is remembered that an address exists; this and the next three are "
               "Exim's own times." },
    { ROW("callout", "negative", SECONDS, callout.negative_s, "2h"), .min = 60, .max = 90 * DAY,
      .about = "... that it does not." },
    { ROW("callout", "domain_positive", SECONDS, callout.domain_positive_s, "1w"), .min = 60,
      .max = 90 * DAY,
      .about = "... that a domain takes part, or takes every address." },
    { ROW("callout", "domain_negative", SECONDS, callout.domain_negative_s, "3h"), .min = 60,
      .max = 90 * DAY,
      .about = "... that it does not take part, or refuses the null sender." },
    { ROW("callout", "temporary", SECONDS, callout.temporary_s, "10min"), .min = 10, .max = DAY,
      .about = "... that there was no answer, or a temporary one. Exim does not remember this, and "
               "asks again each time." },
    { ROW("callout", "random", BOOL, callout.random, "yes"),
      .about = "Ask for a random address first, to know the servers that take every address." },
    { ROW("callout", "helo", STRING, callout.helo, ""), .check = settings_check_domain_or_none,
      .about = "The name that we say in EHLO. Empty: the name of this host.",
      .example = "mail.example.org" },
    { ROW("callout", "self_watch", STRING, callout.self_watch, "ips.backscatterer.org"),
      .check = settings_check_domain_or_none,
      .about = "A list in which this host looks itself up every hour. While it is there, callouts "
               "stop. Empty: none." },
    { ROW("callout", "port", PORT, callout.port, "25"), .min = 1, .max = 65535,
      .about = "The port of the mail servers. Another one is good for tests only." },

    { ROW("dictionary", "mode", MODE, dictionary.mode, "refuse"),
      .about = "Clients that try out recipients. With refuse they are banned." },
    { ROW("dictionary", "drop", BOOL, dictionary.drop, "yes"),
      .about = "Close the connection with that refusal." },
    { ROW("dictionary", "client_unknown", NUMBER, dictionary.client_unknown, "10"), .min = 1,
      .max = 100,
      .about = "So many different unknown recipients within the window, from one client, are an "
               "attack. The same one again does not count." },
    { ROW("dictionary", "net_unknown", NUMBER, dictionary.net_unknown, "40"), .min = 1,
      .max = 300,
      .about = "The same for all clients of a /24, or a /64 of IPv6, together." },
    { ROW("dictionary", "domain_unknown", NUMBER, dictionary.domain_unknown, "200"), .min = 1,
      .max = 300,
      .about = "So many different unknown recipients of one of our domains, tried by strangers, "
               "are an attack by many clients at once." },
    { ROW("dictionary", "domain_clients", NUMBER, dictionary.domain_clients, "20"), .min = 2,
      .max = 128,
      .about = "... if at least so many clients took part." },
    { ROW("dictionary", "attacked_unknown", NUMBER, dictionary.attacked_unknown, "2"), .min = 1,
      .max = 100,
      .about = "What client_unknown is for a stranger while the domain is under such an attack; "
               "for a client with at least one good recipient, three times as many." },
    { ROW("dictionary", "bounce_unknown", NUMBER, dictionary.bounce_unknown, "20"), .min = 1,
      .max = 100,
      .about = "Bounces (mail from the null sender) to unknown recipients are mostly the answer of "
               "honest servers to senders that somebody forged. So they are counted apart, and "
               "nobody is banned for them. After so many different ones within the window, all "
               "bounces of that client are deferred until there are fewer; a client that sends "
               "good mail, too, may have three times as many." },
    { ROW("dictionary", "window", SECONDS, dictionary.window_s, "1h"), .min = 60, .max = 30 * DAY,
      .about = "How long an unknown recipient counts." },
    { ROW("dictionary", "ban", SECONDS, dictionary.ban_s, "1h"), .min = 1, .max = 365 * DAY,
      .about = "How long the first ban lasts. Each further one lasts twice as long as the last." },
    { ROW("dictionary", "ban_max", SECONDS, dictionary.ban_max_s, "1w"), .min = 1, .max = 365 * DAY,
      .about = "The most that a ban lasts." },
    { ROW("dictionary", "memory", SECONDS, dictionary.memory_s, "30d"), .max = 365 * DAY,
      .about = "How long after its end a ban is remembered for that." },
    { ROW("dictionary", "good_recipients", NUMBER, dictionary.good_recipients, "20"), .min = 1,
      .max = 1000000,
      .about = "A client with at least so many good recipients within the window, where one local "
               "part counts at most four times, whatever its domain, and what only a catch-all "
               "takes does not count ..." },
    { ROW("dictionary", "good_percent", NUMBER, dictionary.good_percent, "50"), .min = 1,
      .max = 100,
      .about = "... that are at least this share of all sends good mail, too: it forwards mail or "
               "is a provider. It is never banned." },
    { ROW("dictionary", "slow_percent", NUMBER, dictionary.slow_percent, "25"), .min = 1,
      .max = 100,
      .about = "Such a client is deferred while its share of unknown recipients is above this." },
    { ROW("dictionary", "vouched", STRINGS, dictionary.vouched,
          ".google.com .outlook.com .yahoo.com .icloud.com .apple.com .gmx.net .web.de "
          ".t-online.de .mail.ru .yandex.net .protonmail.ch .messagingengine.com .amazonses.com "
          ".zoho.com"),
      .check = settings_check_name_pattern,
      .about = "Names of providers, as in names of section exempt. They are treated as though they "
               "had sent good mail." },
};

const size_t settings_count = sizeof settings / sizeof settings[0];

#define TITLED(what, field, items, number) \
    .size = sizeof(struct what), .title_offset = offsetof(struct what, field), \
    .items_offset = offsetof(struct conf, items), .count_offset = offsetof(struct conf, number)

const struct setting_section setting_sections[] = {
    { "daemon", .about = "The process itself." },
    { "door", .about = "Where Exim or Postfix asks." },
    { "control", .about = "Where the administrator asks." },
    { "host", .about = "What this server is called." },
    { "exempt", .about = "Who is not checked at all. Clients that logged in and hosts that the MTA "
                         "relays for never are." },
    { "dns", .about = "How the DNS is asked." },
    { "dns.stub", .title = "a domain", .title_check = settings_check_domain,
      .about = "A zone that only these name servers know, such as a list that is mirrored here.",
      TITLED(conf_stub, zone, dns.stubs, dns.stub_count) },
    { "ban", .about = "Bans." },
    { "relay", .about = "Mail for domains that are not ours." },
    { "recipient", .about = "Recipients." },
    { "recipient.table", .title = "a file", .title_check = settings_check_path,
      .about = "A file with recipients, beside those of the layout.",
      TITLED(conf_table, file, recipient.tables, recipient.table_count) },
    { "helo", .about = "What the client calls itself." },
    { "dnsbl", .about = "Block lists in the DNS." },
    { "dnsbl.zone", .title = "a name", .title_check = settings_check_zone_name,
      .about = "A list. Its title stands for it in replies and in the log, so that a key inside of "
               "its zone never shows. If a file has one such section, only those that it has are "
               "asked; if it has none, these are:",
      TITLED(conf_zone, name, dnsbl.zones, dnsbl.zone_count) },
    { "sender", .about = "The sender's domain." },
    { "callout", .about = "The sender's address." },
    { "dictionary", .about = "Attacks with long lists of names." },
};

const size_t setting_sections_count = sizeof setting_sections / sizeof setting_sections[0];

const char settings_zones[] =
    "dnsbl {\n"
    "    zone \"zen.spamhaus.org\" {\n"
    "        list = \"zen.spamhaus.org=127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.9,127.0.0.10,"
    "127.0.0.11\"\n"
    "        weight = 1\n"
    "        page = \"https://www.spamhaus.org/query/ip/%s\"\n"
    "    }\n"
    "    zone \"bl.spamcop.net\" {\n"
    "        list = \"bl.spamcop.net=127.0.0.2\"\n"
    "        weight = 1\n"
    "        page = \"https://www.spamcop.net/bl.shtml?%s\"\n"
    "    }\n"
    "}\n";

const struct setting *settings_find(struct str section, struct str name)
{
    for (size_t i = 0; i < settings_count; i++) {
        if (str_eq(str_c(settings[i].section), section) && str_eq(str_c(settings[i].name), name))
            return &settings[i];
    }
    return NULL;
}

const struct setting_section *settings_section(struct str name)
{
    for (size_t i = 0; i < setting_sections_count; i++) {
        if (str_eq(str_c(setting_sections[i].name), name))
            return &setting_sections[i];
    }
    return NULL;
}
