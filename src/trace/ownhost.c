/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ownhost - what this server is called, and its addresses
 *
 * A name that is missing here costs little: the log still decides. A name that
 * is wrong would cost more, so nothing is guessed.
 */
#include "trace/ownhost.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rootfs.h"

#define NAMES_MAX (sizeof(((struct own_names *)0)->names) / sizeof(struct str))

static void name_add(struct ownhost *h, struct str name)
{
    name = str_trim(name);
    if (name.n == 0 || name.n > 255 || h->names.count == NAMES_MAX)
        return;
    for (size_t i = 0; i < h->names.count; i++) {
        if (str_eq_nocase(h->names.names[i], name))
            return;
    }
    char *copy = strndup(name.p, name.n);
    if (copy == NULL)
        return;
    h->text[h->names.count] = copy;
    h->names.names[h->names.count++] = str_c(copy);
}

static void ip_add(struct ownhost *h, const struct ip *ip)
{
    if (h->ip_count < OWN_IPS_MAX)
        h->ips[h->ip_count++] = *ip;
}

/* The first line of a small file of the (copied) server. No link leads out of a copy, and nothing
 * but a regular file is read: a FIFO would wait for ever. */
static void name_from_file(struct ownhost *h, const struct rootfs *fs, struct str path)
{
    char line[512];
    struct stat st;
    int fd = rootfs_file(fs, path, ROOTFS_OUR_LINKS, &st);
    if (fd < 0)
        return;
    ssize_t n = read(fd, line, sizeof line);
    struct str rest = str_make(line, n > 0 ? (size_t)n : 0);
    name_add(h, str_cut(&rest, '\n'));
    close(fd);
}

static void names_from_files(struct ownhost *h, const char *root)
{
    struct rootfs fs;
    struct err err;
    if (rootfs_init(&fs, root, &err) != 0)
        return;
    name_from_file(h, &fs, STR("/etc/mailname"));
    name_from_file(h, &fs, STR("/etc/hostname"));
    rootfs_fini(&fs);
}

static void interfaces_add(struct ownhost *h)
{
    struct ifaddrs *list;
    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        struct ip ip = { { 0 } };
        if (i->ifa_addr == NULL)
            continue;
        if (i->ifa_addr->sa_family == AF_INET) {
            struct sockaddr_in v4;
            memcpy(&v4, i->ifa_addr, sizeof v4);
            ip.b[10] = ip.b[11] = 0xff;
            memcpy(ip.b + 12, &v4.sin_addr, 4);
        } else if (i->ifa_addr->sa_family == AF_INET6) {
            struct sockaddr_in6 v6;
            memcpy(&v6, i->ifa_addr, sizeof v6);
            memcpy(ip.b, &v6.sin6_addr, 16);
        } else {
            continue;
        }
        ip_add(h, &ip);
    }
    freeifaddrs(list);
}

void ownhost_init(struct ownhost *h, const struct ownhost_options *o)
{
    char host[256];
    *h = (struct ownhost){ .names = { .localhost_number = -1 } };
    for (size_t i = 0; i < o->host_count; i++) {
        struct ip ip;
        if (ip_parse(str_c(o->hosts[i]), &ip) == 0)
            ip_add(h, &ip);
        else
            name_add(h, str_c(o->hosts[i]));
    }
    names_from_files(h, o->root);
    if (o->exim != NULL) {
        name_add(h, str_c(o->exim->primary_hostname));
        name_add(h, str_c(o->exim->qualify_domain));
        h->names.localhost_number = o->exim->localhost_number;
    }
    if (o->root != NULL)
        return;
    if (gethostname(host, sizeof host) == 0)
        name_add(h, str_head(str_c(host), sizeof host - 1));
    interfaces_add(h);
}

void ownhost_fini(struct ownhost *h)
{
    for (size_t i = 0; i < h->names.count; i++)
        free(h->text[i]);
    h->names.count = 0;
}
