/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * texts - the files of etc/exim, compiled in
 *
 * Made by tools/embed when the program is built. The files are written for a kit in
 * KIT_FOLDER that asks KIT_SOCKET and exempts KIT_HOSTS; these very words are replaced when
 * they are set up for a server, so they may mean nothing else in there.
 */
#ifndef POSTERN_KIT_TEXTS_H
#define POSTERN_KIT_TEXTS_H

struct kit_text {
    const char *name;    /* of the file; NULL ends the table */
    const char *text;
};

extern const struct kit_text kit_texts[];

#define KIT_FOLDER "/etc/exim/postern"
#define KIT_SOCKET "/run/postern/door"
#define KIT_TIMEOUT "10s"
#define KIT_HOSTS "+relay_from_hosts"
#define KIT_DOMAINS "+local_domains"

#endif
