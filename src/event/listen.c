/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen - sockets that others connect to
 *
 * bind() makes the Unix socket with no permissions at all (umask 0777); owner,
 * group and mode are set next, and only then it listens. Until listen() the kernel
 * refuses every connect(), so nobody slips in between. There is no name that is
 * moved into place: what serves the old path must never end up elsewhere.
 */
#define _GNU_SOURCE
#include "event/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/must.h"

#define RECORD_MAX 16384   /* of a user or a group, with all its members */

/* --- names of users and groups --- */

static int owner_id(const char *name, uid_t *id_out, struct err *err)
{
    struct passwd entry, *found = NULL;
    char record[RECORD_MAX];
    uint64_t number;
    *id_out = (uid_t)-1;
    if (name == NULL || name[0] == '\0')
        return 0;
    if (str_u64(str_c(name), &number) == 0 && number < UINT32_MAX)
        return *id_out = (uid_t)number, 0;
    if (getpwnam_r(name, &entry, record, sizeof record, &found) != 0 || found == NULL)
        return err_set(err, ERR_MISSING, "there is no user %s", name);
    *id_out = found->pw_uid;
    return 0;
}

static int group_id(const char *name, gid_t *id_out, struct err *err)
{
    struct group entry, *found = NULL;
    char record[RECORD_MAX];
    uint64_t number;
    *id_out = (gid_t)-1;
    if (name == NULL || name[0] == '\0')
        return 0;
    if (str_u64(str_c(name), &number) == 0 && number < UINT32_MAX)
        return *id_out = (gid_t)number, 0;
    if (getgrnam_r(name, &entry, record, sizeof record, &found) != 0 || found == NULL)
        return err_set(err, ERR_MISSING, "there is no group %s", name);
    *id_out = found->gr_gid;
    return 0;
}

/* --- Unix sockets --- */

/* Does anybody answer there? 1 yes, 0 no, -1 with *err. */
static int answered(const struct sockaddr_un *address, struct err *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, errno, "a socket for %s", address->sun_path);
    int rc = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
    close(fd);
    if (rc == ECONNREFUSED || rc == ENOENT)
        return 0;
    if (rc == 0 || rc == EAGAIN || rc == EINPROGRESS) /* EAGAIN: its queue is full */
        return 1;
    return err_errno(err, rc, "%s is in the way, and whether it is in use cannot be told",
                     address->sun_path);
}

/* Remove what a dead process left. */
static int way_clear(const struct sockaddr_un *address, struct err *err)
{
    struct stat st;
    if (lstat(address->sun_path, &st) != 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "%s", address->sun_path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_USAGE, "%s is there and is no socket: remove it, or name another "
                       "path", address->sun_path);
    int rc = answered(address, err);
    if (rc < 0)
        return -1;
    if (rc > 0)
        return err_set(err, ERR_USAGE, "a running process answers on %s: stop it first, or name "
                       "another path", address->sun_path);
    if (unlink(address->sun_path) != 0 && errno != ENOENT)
        return err_errno(err, errno, "the dead socket %s cannot be removed", address->sun_path);
    return 0;
}

/* The folder may be the daemon's, and root has to do this: no link that somebody puts there is
 * followed. Where that cannot be asked of the system, it is as it ever was. */
static int mode_set(const char *path, mode_t mode)
{
    if (fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS ? chmod(path, mode) : -1;
}

static int unix_bind(int fd, const struct sockaddr_un *address, const struct listen_unix *where,
                     struct err *err)
{
    uid_t owner;
    gid_t group;
    if (owner_id(where->owner, &owner, err) != 0 || group_id(where->group, &group, err) != 0)
        return err_wrap(err, "socket %s", where->path);
    mode_t old = umask(0777);
    int rc = bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
    umask(old);
    if (rc == ENOENT || rc == ENOTDIR)
        return err_set(err, ERR_MISSING, "socket %s: its folder is not there; make it first",
                       where->path);
    if (rc != 0)
        return err_errno(err, rc, "socket %s", where->path);
    if ((owner != (uid_t)-1 || group != (gid_t)-1) && lchown(where->path, owner, group) != 0)
        return err_errno(err, errno, "socket %s: its owner cannot be set", where->path);
    if (mode_set(where->path, (mode_t)where->mode & 0777) != 0)
        return err_errno(err, errno, "socket %s: its mode cannot be set", where->path);
    if (listen(fd, LISTEN_BACKLOG) != 0)
        return err_errno(err, errno, "socket %s", where->path);
    return 0;
}

int listen_unix(const struct listen_unix *where, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (where->path[0] != '/')
        return err_set(err, ERR_USAGE, "socket %s: a full path is needed", where->path);
    if (str_copy(str_c(where->path), address.sun_path, sizeof address.sun_path) != 0)
        return err_set(err, ERR_LIMIT, "socket %s: the path is longer than %zu bytes", where->path,
                       sizeof address.sun_path - 1);
    if (way_clear(&address, err) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, errno, "socket %s", where->path);
    if (unix_bind(fd, &address, where, err) == 0)
        return fd;
    close(fd);
    return -1;
}

/* --- TCP --- */

static int host_parse(struct str host, struct ip *ip_out)
{
    if (str_eq(host, STR("localhost")))
        host = STR("127.0.0.1");
    else if (str_eq(host, STR("*")))
        host = STR("0.0.0.0");
    return ip_parse(host, ip_out);
}

int listen_parse(const char *where, struct ip *ip_out, uint16_t *port_out, struct err *err)
{
    struct str s = str_c(where);
    uint64_t port;
    size_t colon = str_rfind_c(s, ':');
    bool bracket = str_starts(s, STR("["));
    struct str host = str_head(s, colon == STR_NONE ? 0 : colon);
    /* an IPv6 address without brackets would lose its end to the port */
    bool clear = bracket ? str_ends(host, STR("]")) : str_find_c(host, ':') == STR_NONE;
    if (colon != STR_NONE && clear && host_parse(host, ip_out) == 0 &&
        str_u64(str_skip(s, colon + 1), &port) == 0 && port <= 65535)
        return *port_out = (uint16_t)port, 0;
    return err_set(err, ERR_USAGE, "%s is no address and port: write 127.0.0.1:10030 or "
                   "[::1]:10030", where);
}

unsigned listen_address(const struct ip *ip, uint16_t port, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
    if (ip_is4(ip)) {
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
        memcpy(&v4.sin_addr, ip->b + 12, 4);
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    memcpy(&v6.sin6_addr, ip->b, 16);
    memcpy(out, &v6, sizeof v6);
    return sizeof v6;
}

static int tcp_bind(int fd, const char *where, const struct ip *ip, uint16_t port, struct err *err)
{
    const int on = 1;
    struct sockaddr_storage address;
    socklen_t n = listen_address(ip, port, &address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!ip_is4(ip))
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address, n) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return 0;
    if (errno == EADDRINUSE)
        return err_set(err, ERR_USAGE, "%s is in use by another process: stop it, or name another "
                       "port", where);
    return err_errno(err, errno, "%s cannot be listened on", where);
}

int listen_tcp(const char *where, struct err *err)
{
    struct ip ip;
    uint16_t port;
    if (listen_parse(where, &ip, &port, err) != 0)
        return -1;
    int fd = socket(ip_is4(&ip) ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    0);
    if (fd < 0)
        return err_errno(err, errno, "a socket for %s", where);
    if (tcp_bind(fd, where, &ip, port, err) == 0)
        return fd;
    close(fd);
    return -1;
}
