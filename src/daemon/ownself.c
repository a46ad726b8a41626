/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ownself - the names and addresses of this host
 *
 * The system's name is taken as gethostname(2) says it and, if it has no dot, as
 * /etc/hosts or /etc/mailname complete it; the DNS is not asked, so a start
 * never waits for it.
 */
#define _GNU_SOURCE
#include "daemon/ownself.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"

#define NAME_MAX_BYTES 256
#define NAMES_MAX 3u
#define ADDRESSES_MAX 1024u

struct ownself {
    struct conf_host host;
    char names[NAMES_MAX][NAME_MAX_BYTES];
    unsigned name_count;
    const char **name_list;          /* configured ones, then `names` */
    struct conf_net *nets;
};

static void name_add(struct ownself *o, struct str name)
{
    if (o->name_count == NAMES_MAX || name.n == 0)
        return;
    for (unsigned i = 0; i < o->name_count; i++) {
        if (str_eq_nocase(str_c(o->names[i]), name))
            return;
    }
    if (str_copy(name, o->names[o->name_count], NAME_MAX_BYTES) == 0)
        o->name_count++;
}

/* The first name with a dot in /etc/hosts that stands on a line with `short_name`. */
static void hosts_search(struct ownself *o, struct str short_name)
{
    char line[1024];
    FILE *f = fopen("/etc/hosts", "re");
    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL) {
        struct str rest = str_c(line), word, full = STR("");
        rest = str_head(rest, strcspn(line, "#"));
        bool found = false;
        str_word(&rest);
        while ((word = str_word(&rest)).n > 0) {
            found |= str_eq_nocase(word, short_name);
            if (full.n == 0 && str_find_c(word, '.') != STR_NONE)
                full = word;
        }
        if (found)
            name_add(o, full);
    }
    fclose(f);
}

static void mailname_read(struct ownself *o)
{
    char line[NAME_MAX_BYTES];
    FILE *f = fopen("/etc/mailname", "re");
    if (f == NULL)
        return;
    if (fgets(line, sizeof line, f) != NULL)
        name_add(o, str_trim(str_c(line)));
    fclose(f);
}

static void names_find(struct ownself *o)
{
    char name[NAME_MAX_BYTES];
    if (gethostname(name, sizeof name) == 0) {
        name[sizeof name - 1] = '\0';
        if (strchr(name, '.') != NULL)
            name_add(o, str_c(name));
        else
            hosts_search(o, str_c(name));
    }
    mailname_read(o);
}

static bool ip_of(const struct sockaddr *a, struct ip *out)
{
    if (a == NULL || (a->sa_family != AF_INET && a->sa_family != AF_INET6))
        return false;
    memset(out, 0, sizeof *out);
    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)a;
        out->b[10] = out->b[11] = 0xff;
        memcpy(out->b + 12, &in->sin_addr, 4);
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)a;
        memcpy(out->b, &in->sin6_addr, 16);
    }
    return true;
}

static void addresses_find(struct ownself *o, const struct conf_host *c)
{
    struct ifaddrs *list = NULL;
    size_t n = 0;
    o->nets = must_array(c->addresses.n + ADDRESSES_MAX, sizeof *o->nets);
    for (; n < c->addresses.n; n++)
        o->nets[n] = c->addresses.v[n];
    if (getifaddrs(&list) != 0)
        list = NULL;
    for (struct ifaddrs *i = list; i != NULL && n < c->addresses.n + ADDRESSES_MAX;
         i = i->ifa_next) {
        if (ip_of(i->ifa_addr, &o->nets[n].ip)) {
            o->nets[n].bits = ip_is4(&o->nets[n].ip) ? 32 : 128;
            n++;
        }
    }
    if (list != NULL)
        freeifaddrs(list);
    o->host.addresses = (struct conf_nets){ o->nets, n };
}

struct ownself *ownself_new(const struct conf_host *c)
{
    struct ownself *o = must_alloc(sizeof *o);
    size_t n = 0;
    o->host = *c;
    names_find(o);
    o->name_list = must_array(c->names.n + NAMES_MAX, sizeof *o->name_list);
    for (; n < c->names.n; n++)
        o->name_list[n] = c->names.v[n];
    for (unsigned i = 0; i < o->name_count; i++)
        o->name_list[n++] = o->names[i];
    o->host.names = (struct conf_strings){ o->name_list, n };
    addresses_find(o, c);
    return o;
}

void ownself_free(struct ownself **o)
{
    if (*o == NULL)
        return;
    free((*o)->name_list);
    free((*o)->nets);
    free(*o);
    *o = NULL;
}

const struct conf_host *ownself_host(const struct ownself *o)
{
    return &o->host;
}

const char *ownself_name(const struct ownself *o)
{
    for (size_t i = 0; i < o->host.names.n; i++) {
        if (strchr(o->host.names.v[i], '.') != NULL)
            return o->host.names.v[i];
    }
    return "";
}
