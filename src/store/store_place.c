/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_place - the folder in which the state lies
 *
 * A damaged file is kept, because somebody may want to know what happened to
 * it; but only the newest few, or a dying disk would fill up with them.
 */
#include "store/store_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store_verify.h"

#define ASIDE_MARK ".damaged-"

int place_path(const char *folder, const char *name, char path[PLACE_PATH_MAX], struct err *err)
{
    int n = snprintf(path, PLACE_PATH_MAX, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= PLACE_PATH_MAX)
        return err_set(err, ERR_LIMIT, "state folder: its path is too long");
    return 0;
}

int place_take(const char *folder, struct err *err)
{
    char path[PLACE_PATH_MAX];
    if (place_path(folder, PLACE_LOCK, path, err) != 0)
        return -1;
    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        return err_errno(err, errno, "cannot make the state folder %s", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return err_errno(err, errno, "cannot open %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (errno == EWOULDBLOCK)
        err_set(err, ERR_ACCESS, "another posternd works on the state folder %s", folder);
    else
        err_errno(err, errno, "cannot lock %s", path);
    close(fd);
    return -1;
}

int place_verify(const char *folder, struct err *err)
{
    char path[PLACE_PATH_MAX];
    if (place_path(folder, PLACE_FILE, path, err) != 0)
        return -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  /* a FIFO would hold us up */
    if (fd < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "cannot open %s", path);
    int rc = store_verify(fd, err);
    close(fd);
    return rc;
}

/* --- setting aside --- */

static int is_aside(const struct dirent *d)
{
    return strncmp(d->d_name, PLACE_FILE ASIDE_MARK, sizeof PLACE_FILE ASIDE_MARK - 1) == 0;
}

/* Remove the oldest beyond PLACE_ASIDE_MAX; their names sort by time. */
static void aside_prune(const char *folder)
{
    struct dirent **names;
    int n = scandir(folder, &names, is_aside, alphasort);
    for (int i = 0; i < n; i++) {
        char path[PLACE_PATH_MAX];
        if (i + (int)PLACE_ASIDE_MAX < n && place_path(folder, names[i]->d_name, path, NULL) == 0)
            unlink(path);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

/* state.mdb.damaged-20261123T150405Z-00 */
static int aside_path(const char *folder, int64_t now, unsigned number, char path[PLACE_PATH_MAX])
{
    struct civil c = clock_to_civil(now);
    char name[sizeof PLACE_FILE ASIDE_MARK + 64];
    snprintf(name, sizeof name, PLACE_FILE ASIDE_MARK "%04d%02d%02dT%02d%02d%02dZ-%02u", c.year,
             c.month, c.day, c.hour, c.minute, c.second, number);
    return place_path(folder, name, path, NULL);
}

/* The number after all that are there, so that their names sort by time. */
static int aside_name(const char *folder, int64_t now, char path[PLACE_PATH_MAX], struct err *err)
{
    unsigned next = 100;
    while (next > 0 && (aside_path(folder, now, next - 1, path) != 0 || access(path, F_OK) != 0))
        next--;
    if (next < 100 && aside_path(folder, now, next, path) == 0)
        return 0;
    return err_set(err, ERR_LIMIT, "too many damaged files in %s", folder);
}

int place_set_aside(const char *folder, int64_t now, const char *why, struct err *err)
{
    char from[PLACE_PATH_MAX], to[PLACE_PATH_MAX];
    if (place_path(folder, PLACE_FILE, from, err) != 0 || aside_name(folder, now, to, err) != 0)
        return -1;
    if (rename(from, to) != 0)
        return err_errno(err, errno, "cannot set %s aside", from);
    log_text(LOG_LEVEL_WARNING, "state-set-aside", "%s: a fresh state is begun; the old file is %s",
             why, to);
    aside_prune(folder);
    return 0;
}
