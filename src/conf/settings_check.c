/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_check - may this text be the value of such a setting
 *
 * Small predicates in a row. The scanner has refused control bytes already;
 * still no function here relies on it.
 */
#include "conf/settings_check.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/arena.h"
#include "conf/conf_types.h"
#include "mail/dnslists.h"

#define SOCKET_PATH_MAX (sizeof((struct sockaddr_un *)NULL)->sun_path - 1)

static bool printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
    }
    return true;
}

/* --- paths, accounts, addresses --- */

const char *settings_check_path(struct str v)
{
    if (!str_starts(v, STR("/")))
        return "is no absolute path: begin it with /";
    return NULL;
}

const char *settings_check_path_or_none(struct str v)
{
    return v.n == 0 ? NULL : settings_check_path(v);
}

const char *settings_check_socket(struct str v)
{
    if (v.n > SOCKET_PATH_MAX)
        return "is too long for the path of a socket: at most 107 bytes";
    return settings_check_path_or_none(v);
}

const char *settings_check_log(struct str v)
{
    if (str_eq(v, STR("stderr")) || str_eq(v, STR("syslog")))
        return NULL;
    return str_starts(v, STR("/")) ? NULL : "is no place for a log: write syslog, stderr or an "
                                            "absolute path";
}

const char *settings_check_account(struct str v)
{
    static const char wrong[] = "is no name of a user or a group: letters, digits, - _ and . only";
    if (v.n > 64 || (v.n > 0 && v.p[0] == '-'))
        return wrong;
    for (size_t i = 0; i < v.n; i++) {
        if (!ascii_alnum(v.p[i]) && v.p[i] != '-' && v.p[i] != '_' && v.p[i] != '.')
            return wrong;
    }
    return NULL;
}

const char *settings_check_listen(struct str v)
{
    struct ip ip;
    uint16_t port;
    return conf_type_host_port(v, &ip, &port) == 0
               ? NULL
               : "is no address with a port: write 127.0.0.1:9724 or \"[::1]:9724\"";
}

const char *settings_check_listen_or_path(struct str v)
{
    if (v.n > 0 && v.p[0] == '/')
        return settings_check_socket(v);
    return settings_check_listen(v) == NULL
               ? NULL
               : "is no address with a port and no path: write 127.0.0.1:9724, \"[::1]:9724\" or "
                 "/var/spool/postfix/postern/door";
}

const char *settings_check_listen_or_none(struct str v)
{
    return v.n == 0 ? NULL : settings_check_listen(v);
}

const char *settings_check_server(struct str v)
{
    struct ip ip;
    uint16_t port;
    return conf_type_server(v, &ip, &port) == 0
               ? NULL
               : "is no name server: write its address, or address@port";
}

const char *settings_check_ip4(struct str v)
{
    struct ip ip;
    return ip_parse(v, &ip) == 0 && ip_is4(&ip) && ascii_digit(v.p[0])
               ? NULL
               : "is no answer of a list: write an IPv4 address, such as 127.0.0.1";
}

/* --- names --- */

static const char no_domain[] = "is no domain name: write letters, digits, hyphens and dots, "
                                "without a dot at the end";

const char *settings_check_domain(struct str v)
{
    return conf_type_domain(v) ? NULL : no_domain;
}

const char *settings_check_domain_or_none(struct str v)
{
    return v.n == 0 ? NULL : settings_check_domain(v);
}

const char *settings_check_domain_or_all(struct str v)
{
    return str_eq(v, STR("*")) ? NULL : settings_check_domain(v);
}

const char *settings_check_name_pattern(struct str v)
{
    str_eat(&v, STR("."));
    return conf_type_domain(v) ? NULL
                               : "is no name of a host: write mail.example.org, or .example.org "
                                 "for all names below it";
}

/* An address as far as it matters here: something, @, a domain. */
static bool is_address(struct str v)
{
    size_t at = str_rfind_c(v, '@');
    return at != STR_NONE && at > 0 && at <= 64 && printable(v) &&
           conf_type_domain(str_skip(v, at + 1));
}

const char *settings_check_sender(struct str v)
{
    if (str_starts(v, STR("@")) || str_starts(v, STR(".")))
        return conf_type_domain(str_skip(v, 1)) ? NULL : no_domain;
    return is_address(v) ? NULL : "is no sender: write an address, @example.org or .example.org";
}

const char *settings_check_recipient(struct str v)
{
    if (str_starts(v, STR("@")))
        return conf_type_domain(str_skip(v, 1)) ? NULL : no_domain;
    if (v.n > 1 && v.n <= 65 && str_find_c(v, '@') == v.n - 1 && printable(v))
        return NULL;
    return is_address(v) ? NULL : "is no recipient: write an address, local@ or @example.org";
}

/* --- lists --- */

const char *settings_check_zone_name(struct str v)
{
    if (v.n == 0 || v.n > 100)
        return "is no name for a list: write 1 to 100 characters";
    for (size_t i = 0; i < v.n; i++) {
        if (!ascii_alnum(v.p[i]) && v.p[i] != '-' && v.p[i] != '_' && v.p[i] != '.')
            return "is no name for a list: letters, digits, - _ and . only";
    }
    return NULL;
}

#define DNSLIST_MEMORY ((size_t)64 << 10)

const char *settings_check_dnslist(struct str v)
{
    struct dnslist_problem problem;
    struct dnslist list;
    if (v.n == 0 || !printable(v))
        return "no item of dnslists: write a zone, such as bl.example.org=127.0.0.2";
    struct arena *arena = arena_new(DNSLIST_MEMORY);
    int rc = dnslist_parse(v, arena, &list, &problem);
    arena_free(&arena);
    if (rc != 0)
        return problem.what;
    return list.count == 1 ? NULL : "more than one item: write a zone section for each";
}

/* --- texts --- */

/* Each % is followed by one of `letters`. */
static bool marks_known(struct str v, struct str letters)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] != '%')
            continue;
        if (++i == v.n || str_find_c(letters, v.p[i]) == STR_NONE)
            return false;
    }
    return true;
}

const char *settings_check_page(struct str v)
{
    if (v.n == 0)
        return NULL;
    if (v.n > 300 || !printable(v) || str_find_c(v, ' ') != STR_NONE ||
        (!str_starts(v, STR("https://")) && !str_starts(v, STR("http://"))))
        return "is no page: write https://..., without blanks";
    return marks_known(v, STR("s%")) ? NULL : "has a % that is neither %s nor %%: write %% for one";
}

const char *settings_check_reply(struct str v)
{
    if (v.n > 400 || !printable(v))
        return "is no text for a reply: at most 400 bytes of ASCII";
    return marks_known(v, STR("hztp%")) ? NULL
                                        : "has a % that is none of %h %z %t %p: write %% for one";
}

const char *settings_check_contact(struct str v)
{
    return v.n <= 200 && printable(v) ? NULL : "is no contact: at most 200 bytes of ASCII";
}
