/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * input - what an administrator hands to trace
 *
 * Files are opened without waiting (a FIFO in a folder must not hang a
 * root's session) and read with a ceiling.
 */
#define _GNU_SOURCE
#include "cmd/input.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define EXIM_FIRST 788918400     /* 1995-01-01: Exim is not older */
#define DEPTH_MAX 4              /* queue / input / letter / file */

/* An id whose digits give no time that Exim can have seen is a slip of the pen. */
static int id_check(const struct msgid *id, struct err *err)
{
    char when[CLOCK_TEXT_MAX];
    struct msgid_parts parts;
    int64_t now = clock_now();
    enum msgid_base base = msgid_guess_base(id, EXIM_FIRST, now + 2 * 86400);
    if (msgid_decode(id, base, -1, &parts) != 0)
        return err_set(err, ERR_USAGE, "%s: cannot be a message id: its digits are out of range",
                       id->text);
    if (parts.when >= EXIM_FIRST && parts.when <= now + 2 * 86400)
        return 0;
    return err_set(err, ERR_USAGE, "%s: cannot be a message id: its first digits mean %s",
                   id->text, clock_human(parts.when, clock_offset_at(parts.when), when));
}

int input_kind(const char *arg, enum input_kind *kind_out, struct msgid *id_out, struct err *err)
{
    struct stat st;
    struct str text = str_trim(str_c(arg));
    /* An E in front is the form of Message-IDs; -H, -D and -J are names of queue files. */
    if (text.n == MSGID_OLD_LEN + 1 || text.n == MSGID_NEW_LEN + 1)
        str_eat(&text, STR("E"));
    else if (text.n > 2 && (str_ends(text, STR("-H")) || str_ends(text, STR("-D")) ||
                            str_ends(text, STR("-J"))))
        text.n -= 2;
    bool exists = strcmp(arg, "-") == 0 || stat(arg, &st) == 0;
    *kind_out = INPUT_FILE;
    if (exists) {
        if (strcmp(arg, "-") != 0 && S_ISDIR(st.st_mode))
            *kind_out = INPUT_FOLDER;
        return 0;
    }
    if (msgid_parse(text, id_out) == 0) {
        *kind_out = INPUT_ID;
        return id_check(id_out, err);
    }
    if (errno == EACCES)
        return err_set(err, ERR_ACCESS, "%s: permission denied; run as root", arg);
    return err_set(err, ERR_MISSING, "%s: no such file, and no message id either (one looks like "
                   "1FZ8zt-0005lz-E7 or 1whqxZ-00000005kOG-1SfI)", arg);
}

static int fd_read(int fd, const char *name, struct buf *b, struct err *err)
{
    ssize_t n;
    do {
        if (buf_reserve(b, 1) != 0)
            return err_set(err, ERR_LIMIT, "%s: more than %zu MiB; give the one message that is "
                           "complained about", name, INPUT_BYTES_MAX >> 20);
        size_t room = b->cap - b->n - 1;
        if (room < 65536 && buf_reserve(b, 65536) == 0)
            room = b->cap - b->n - 1;
        b->bad = false;              /* the last pages may not fit as a whole */
        n = read(fd, b->p + b->n, room);
        if (n > 0)
            b->n += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        return err_errno(err, errno, "%s", name);
    if (b->n == 0)
        return err_set(err, ERR_FORMAT, "%s: empty", name);
    return 0;
}

int input_read(const char *path, struct buf *b, struct err *err)
{
    struct stat st;
    buf_init(b, INPUT_BYTES_MAX);
    if (strcmp(path, "-") == 0)
        return fd_read(STDIN_FILENO, "standard input", b, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    int rc;
    if (fstat(fd, &st) != 0)
        rc = err_errno(err, errno, "%s", path);
    else if (S_ISFIFO(st.st_mode))
        /* <(command) of a shell: somebody writes it. */
        rc = fcntl(fd, F_SETFL, 0) == 0 ? fd_read(fd, path, b, err)
                                        : err_errno(err, errno, "%s", path);
    else if (!S_ISREG(st.st_mode))
        rc = err_set(err, ERR_FORMAT, "%s: not a regular file", path);
    else
        rc = fd_read(fd, path, b, err);
    close(fd);
    return rc;
}

static int name_compare(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_queue_file(const FTSENT *e, struct msgid *id_out)
{
    struct str name = str_make(e->fts_name, e->fts_namelen);
    return e->fts_info == FTS_F && str_ends(name, STR("-H")) &&
           msgid_parse(str_head(name, name.n - 2), id_out) == 0;
}

/* A folder that cannot be read; of files, Exim may just have removed one. */
static bool is_unread(const FTSENT *e)
{
    bool trouble = e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS;
    return trouble && e->fts_errno != ENOENT;
}

int input_queue(const char *dir,
                void (*f)(void *ctx, const char *path, const struct msgid *id), void *ctx,
                struct err *err)
{
    char name[4096];
    char *paths[2] = { name, NULL };
    int count = 0;
    *err = (struct err){ .kind = ERR_NONE };
    if (str_copy(str_c(dir), name, sizeof name) != 0)
        return err_set(err, ERR_LIMIT, "%s: too long for a path", dir);
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, name_compare);
    if (tree == NULL)
        return err_errno(err, errno, "%s", dir);
    for (FTSENT *e; (e = fts_read(tree)) != NULL && count < (int)INPUT_QUEUE_MAX;) {
        struct msgid id;
        if (is_unread(e) && err->kind == ERR_NONE)
            err_errno(err, e->fts_errno, "%s", e->fts_path);
        if (e->fts_level >= DEPTH_MAX && e->fts_info == FTS_D)
            fts_set(tree, e, FTS_SKIP);
        if (!is_queue_file(e, &id))
            continue;
        f(ctx, e->fts_path, &id);
        count++;
    }
    fts_close(tree);
    if (count == (int)INPUT_QUEUE_MAX)
        err_set(err, ERR_LIMIT, "%s: only the first %u queue files of it are looked at", dir,
                INPUT_QUEUE_MAX);
    return count == 0 && err->kind != ERR_NONE ? -1 : count;
}
