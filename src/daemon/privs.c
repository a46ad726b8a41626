/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs - from root to a user who can do next to nothing
 *
 * A folder or file that is there already and belongs to somebody is never
 * given away: a wrong path in the settings must not hand /var/lib to a daemon.
 * The one exception is a state folder of root's that is empty or holds nothing
 * but our own state, as a first start under another user leaves it.
 */
#define _GNU_SOURCE
#include "daemon/privs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/capability.h"
#include "base/log.h"
#include "base/str.h"

#define EXPOSED_TEXT 1000u

/* --- who --- */

static int group_find(const char *name, struct privs *out, struct err *err)
{
    if (name[0] != '\0') {
        const struct group *g = getgrnam(name);
        if (g == NULL)
            return err_set(err, ERR_MISSING, "daemon.group: there is no group \"%s\": groupadd "
                                             "--system %s", name, name);
        out->gid = g->gr_gid;
    }
    const struct group *g = getgrgid(out->gid);
    snprintf(out->group, sizeof out->group, "%.64s", g == NULL ? "" : g->gr_name);
    return 0;
}

static int user_find(const char *name, struct privs *out, struct err *err)
{
    const struct passwd *u = getpwnam(name);
    if (u == NULL)
        return err_set(err, ERR_MISSING,
                       "daemon.user: there is no user \"%s\": useradd --system --home-dir / "
                       "--shell /usr/sbin/nologin %s", name, name);
    out->uid = u->pw_uid;
    out->gid = u->pw_gid;
    out->change = u->pw_uid != 0;
    snprintf(out->user, sizeof out->user, "%.64s", u->pw_name);
    return 0;
}

/* Debian and RHEL have a group for Exim. cPanel, DirectAdmin and FreeBSD run it with the group
 * mail, which others use too, so it is taken only where one of them is seen. */
static const char *mta_group(void)
{
    static const struct {
        const char *sign, *group;
    } mtas[] = {
        { "/usr/local/cpanel/version", "mail" },
        { "/usr/local/directadmin/directadmin", "mail" },
        { NULL, "Debian-exim" },
        { NULL, "exim" },
        { "/usr/local/etc/exim", "mail" },
        { NULL, "postfix" },
    };
    for (size_t i = 0; i < sizeof mtas / sizeof mtas[0]; i++) {
        if ((mtas[i].sign == NULL || access(mtas[i].sign, F_OK) == 0) &&
            getgrnam(mtas[i].group) != NULL)
            return mtas[i].group;
    }
    return NULL;
}

/* Without root there is nobody else to be, and no group to give. */
static int find(const struct conf_daemon *c, struct privs *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    out->uid = geteuid();
    out->gid = getegid();
    if (out->uid != 0)
        return 0;
    if (c->user[0] != '\0' && user_find(c->user, out, err) != 0)
        return -1;
    if (group_find(c->group, out, err) != 0)
        return -1;
    const char *mta = mta_group();
    snprintf(out->door_group, sizeof out->door_group, "%s", mta != NULL ? mta : out->group);
    return 0;
}

/* --- limits --- */

/* As many descriptors as wanted, or as the system gives. Keys of lists must not land in a core
 * dump: neither of our own, nor by a debugger of the same user. */
static void limits_set(const struct conf *c)
{
    struct rlimit files, none = { 0, 0 };
    rlim_t wanted = c->daemon.descriptors;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        struct rlimit more = { wanted, wanted > files.rlim_max ? wanted : files.rlim_max };
        if (setrlimit(RLIMIT_NOFILE, &more) != 0) {
            files.rlim_cur = wanted < files.rlim_max ? wanted : files.rlim_max;
            setrlimit(RLIMIT_NOFILE, &files);
        }
    }
    setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* --- files that become the user's --- */

/* Up to the last slash; "" for a file in /. False if there is none or it is too long. */
static bool folder_of(const char *path, char *folder, size_t size)
{
    size_t slash = str_rfind_c(str_c(path), '/');
    return slash != STR_NONE && str_copy(str_make(path, slash), folder, size) == 0;
}

/* Make the folder and give it to the user. One that is there is left as it is: 1. */
static int folder_make(const char *path, mode_t mode, const struct privs *p, struct err *err)
{
    if (path[0] == '\0' || mkdir(path, mode) != 0)
        return path[0] == '\0' || errno == EEXIST ? 1
                                                  : err_errno(err, errno, "cannot make %s", path);
    if (chown(path, p->uid, p->gid) != 0 || chmod(path, mode) != 0)
        return err_errno(err, errno, "cannot give %s to %s", path, p->user);
    return 0;
}

static int folder_for(const char *file, const struct privs *p, struct err *err)
{
    char folder[4096];
    if (file[0] != '/' || !folder_of(file, folder, sizeof folder))
        return 0;
    return folder_make(folder, 0755, p, err) < 0 ? -1 : 0;
}

static bool is_state(const char *name)
{
    return str_starts(str_c(name), STR("state.")) || str_eq(str_c(name), STR(".")) ||
           str_eq(str_c(name), STR(".."));
}

/* Give the folder and what is in it away, if all of it is a state of ours. Takes `fd` over. 0, or
 * 1 if there is something else. */
static int state_adopt(int fd, const struct privs *p)
{
    DIR *d = fdopendir(fd);
    const struct dirent *e;
    int other = 0;
    if (d == NULL) {
        close(fd);
        return 1;
    }
    while ((e = readdir(d)) != NULL)
        other |= !is_state(e->d_name);
    rewinddir(d);
    while (!other && (e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.' &&
            fchownat(dirfd(d), e->d_name, p->uid, p->gid, AT_SYMLINK_NOFOLLOW) != 0)
            other = 1;
    }
    if (!other)
        other = fchown(dirfd(d), p->uid, p->gid) != 0;
    closedir(d);
    return other;
}

static int state_prepare(const char *folder, const struct privs *p, struct err *err)
{
    struct stat st;
    int rc = folder[0] == '\0' ? 0 : folder_make(folder, 0750, p, err);
    if (rc <= 0)
        return rc;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_errno(err, errno, "daemon.state: %s", folder);
    if (fstat(fd, &st) != 0 || st.st_uid == p->uid) {
        close(fd);
        return 0;
    }
    if (st.st_uid == 0 && state_adopt(fd, p) == 0)
        return 0;
    return err_set(err, ERR_ACCESS, "daemon.state: %s does not belong to %s, and holds other files "
                                    "than a state: name a folder that is only for posternd", folder,
                   p->user);
}

/* The log is opened again by the user later on, so it must be the user's. */
static int log_prepare(const char *path, const struct privs *p, struct err *err)
{
    struct stat st;
    if (path[0] != '/')
        return 0;
    if (folder_for(path, p, err) != 0)
        return -1;
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    int fd = open(path, flags, 0640);
    if (fd < 0)
        return err_errno(err, errno, "daemon.log: %s", path);
    bool ours = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 && st.st_nlink == 1;
    int rc = ours ? fchown(fd, p->uid, (gid_t)-1) : 0;
    close(fd);
    return rc == 0 ? 0 : err_errno(err, errno, "daemon.log: %s", path);
}

int privs_prepare(const struct conf *c, struct privs *out, struct err *err)
{
    if (find(&c->daemon, out, err) != 0)
        return -1;
    limits_set(c);
    if (geteuid() != 0)
        return 0;
    if (state_prepare(c->daemon.state, out, err) != 0 || log_prepare(c->daemon.log, out, err) != 0)
        return -1;
    return folder_for(c->door.socket, out, err) != 0 ? -1
                                                     : folder_for(c->control.socket, out, err);
}

/* --- who else may write the state --- */

/* Whoever can put a file in the place of ours chooses who is banned and who is not. That stops no
 * mail, so it is no reason not to start. False if all is well, or the folder is not there yet. */
static bool state_exposed(const struct conf *c, const struct privs *p, char *text, size_t size)
{
    const char *folder = c->daemon.state;
    struct stat st;
    if (folder[0] == '\0' || stat(folder, &st) != 0)
        return false;
    bool judge_group = geteuid() == 0 || st.st_uid == geteuid();     /* else its own is unknown */
    if (st.st_mode & S_IWOTH) {
        snprintf(text, size, "daemon.state: everybody may write to %s, and so choose who is "
                             "banned: chmod o-w %s", folder, folder);
        return true;
    }
    if ((st.st_mode & S_IWGRP) == 0 || st.st_gid == 0 || st.st_gid == p->gid || !judge_group)
        return false;
    const struct group *g = getgrgid(st.st_gid);
    snprintf(text, size, "daemon.state: the group %s may write to %s, and so choose who is "
                         "banned: chmod g-w %s", g == NULL ? "of this folder" : g->gr_name, folder,
             folder);
    return true;
}

/* --- becoming the user --- */

static int become(const struct privs *p, struct err *err)
{
    capability_bound();
    if (initgroups(p->user, p->gid) != 0)
        return err_errno(err, errno, "cannot take the groups of %s", p->user);
    if (setresgid(p->gid, p->gid, p->gid) != 0)
        return err_errno(err, errno, "cannot take the group %s", p->group);
    if (setresuid(p->uid, p->uid, p->uid) != 0)
        return err_errno(err, errno, "cannot become the user %s", p->user);
    if (setresuid(0, 0, 0) == 0 || geteuid() != p->uid || getegid() != p->gid)
        return err_set(err, ERR_ACCESS, "became the user %s, and could be root again", p->user);
    return 0;
}

int privs_become(const struct conf *c, struct err *err)
{
    struct privs p;
    char text[EXPOSED_TEXT];
    if (find(&c->daemon, &p, err) != 0)
        return -1;
    if (state_exposed(c, &p, text, sizeof text))
        log_text(LOG_LEVEL_WARNING, "state-exposed", "%s", text);
    if (p.change && become(&p, err) != 0)
        return -1;
    if (p.change && access(c->file, R_OK) != 0)
        log_text(LOG_LEVEL_WARNING, "settings-unreadable",
                 "%s may not read %s, so a reload would fail: chgrp %s %s; chmod 640 %s", p.user,
                 c->file, p.group, c->file, c->file);
#ifdef __linux__
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);      /* the kernel may have set it anew */
#endif
    return 0;
}

void privs_warn(const struct conf *c, conf_warning *call, void *ctx)
{
    struct privs who;
    struct err err;
    char text[EXPOSED_TEXT];
    conf_warn(c, call, ctx);
    if (find(&c->daemon, &who, &err) != 0)
        call(ctx, err.text);
    else if (state_exposed(c, &who, text, sizeof text))
        call(ctx, text);
}
