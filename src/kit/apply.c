/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply - carry out a plan, and take it back
 *
 * The order is what makes it safe: copies and list are on the disk before the
 * first file changes. If we die in between, every file is either as it was or
 * as it shall be, and the undo knows what to do with both. The list is a few lines of text:
 *
 *     postern-setup 1
 *     layout debian
 *     folder /etc/exim4/postern
 *     file created /etc/exim4/postern/ask
 *
 * The copies of the third file are 2.before and 2.after beside it.
 */
#include "kit/apply.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "kit/conftext.h"
#include "kit/plan_internal.h"

#define LIST APPLY_FOLDER "/list"
#define FOLDERS_MAX (sizeof(((struct apply *)0)->folders) / sizeof(struct str))
#define FIRST_LINE STR("postern-setup 1")

static const char *const what_names[] = {
    [APPLY_SAME] = "same",         [APPLY_CREATED] = "created",   [APPLY_CHANGED] = "changed",
    [APPLY_REMOVED] = "removed",   [APPLY_RESTORED] = "restored", [APPLY_CLEANED] = "cleaned",
    [APPLY_LEFT] = "left",
};

const char *apply_what_name(enum apply_what what)
{
    return what_names[what];
}

static void say(struct apply *x, struct str path, enum apply_what what, const char *why)
{
    if (x->said_count < APPLY_SAID_MAX)
        x->said[x->said_count++] = (struct apply_said){ path, what, str_c(why) };
}

/* --- the list on the disk --- */

static struct str copy_path(struct apply *x, size_t i, const char *kind)
{
    struct buf b;
    buf_init(&b, 256);
    buf_addf(&b, "%s/%zu.%s", APPLY_FOLDER, i, kind);
    struct str path = arena_str(x->arena, buf_str(&b));
    buf_fini(&b);
    return path;
}

/* Nobody but root, or who runs us, may be able to write what an undo believes. */
static int folder_check(const struct rootfs *fs, struct err *err)
{
    struct stat st;
    int fd = rootfs_dir(fs, STR(APPLY_FOLDER), ROOTFS_OUR_LINKS);
    if (fd < 0)
        return err_errno(err, errno, "%s", APPLY_FOLDER);
    int rc = fstat(fd, &st);
    close(fd);
    if (rc == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) && (st.st_mode & 022) == 0)
        return 0;
    return err_set(err, ERR_ACCESS, "%s: others could write there; it must belong to root alone",
                   APPLY_FOLDER);
}

/* Read one of our own files. The folder above ours is the daemon's, whose user could put another
 * folder in its place while we read: so each file must be root's by itself. */
static int private_read(struct apply *x, struct str path, struct place_file *out, struct err *err)
{
    if (place_read(x->fs, x->arena, path, out, err) != 0)
        return -1;
    if (!out->exists || ((out->uid == 0 || out->uid == geteuid()) && (out->mode & 022) == 0))
        return 0;
    return err_set(err, ERR_ACCESS, "%.*s: others could write it; it must belong to root alone",
                   STR_ARG(path));
}

static int record_load(struct apply *x, struct str rest, struct err *err)
{
    struct str kind = str_word(&rest);
    struct place_file f;
    if (x->count == APPLY_FILES_MAX)
        return err_set(err, ERR_LIMIT, "%s: more than %u files", LIST, APPLY_FILES_MAX);
    struct apply_record *r = &x->records[x->count];
    *r = (struct apply_record){ .path = arena_str(x->arena, str_trim(rest)),
                                .created = str_eq(kind, STR("created")) };
    if (r->path.n == 0 || r->path.p[0] != '/' || (!r->created && !str_eq(kind, STR("changed"))))
        return err_set(err, ERR_FORMAT, "%s: no list of ours", LIST);
    if (private_read(x, copy_path(x, x->count, "before"), &f, err) != 0)
        return -1;
    if (!f.exists && !r->created)
        return err_set(err, ERR_MISSING, "%s: the copy of %.*s is gone", APPLY_FOLDER,
                       STR_ARG(r->path));
    r->before = f.text;
    if (private_read(x, copy_path(x, x->count, "after"), &f, err) != 0)
        return -1;
    r->after = f.text;
    x->count++;
    return 0;
}

static int line_load(struct apply *x, struct str line, struct err *err)
{
    struct str rest = line, word = str_word(&rest);
    if (str_eq(word, STR("layout")) && plan_layout_parse(str_trim(rest), &x->layout) == 0)
        return 0;
    if (str_eq(word, STR("config"))) {
        x->config = arena_str(x->arena, str_trim(rest));
        return 0;
    }
    if (str_eq(word, STR("folder")) && x->folder_count < FOLDERS_MAX) {
        x->folders[x->folder_count++] = arena_str(x->arena, str_trim(rest));
        return 0;
    }
    if (str_eq(word, STR("file")))
        return record_load(x, rest, err);
    return err_set(err, ERR_FORMAT, "%s: no list of ours", LIST);
}

int apply_open(struct apply *x, const struct rootfs *fs, struct arena *a, struct err *err)
{
    struct place_file f;
    struct str line;
    *x = (struct apply){ .fs = fs, .arena = a };
    if (!place_exists(fs, STR(LIST)))
        return 0;
    if (folder_check(fs, err) != 0 || private_read(x, STR(LIST), &f, err) != 0)
        return -1;
    if (!str_line(&f.text, &line) || !str_eq(line, FIRST_LINE))
        return err_set(err, ERR_FORMAT, "%s: no list of ours", LIST);
    while (str_line(&f.text, &line)) {
        if (line_load(x, line, err) != 0)
            return -1;
    }
    x->exists = true;
    return 0;
}

static const struct place_file private_file = { .mode = 0600 };

static int private_write(struct apply *x, struct str path, struct str text, struct err *err)
{
    struct place_file like = private_file;
    like.uid = geteuid();
    like.gid = getegid();
    return place_write(x->fs, path, text, &like, err);
}

static int list_save(struct apply *x, struct err *err)
{
    struct buf b;
    buf_init(&b, (size_t)1 << 20);
    buf_addf(&b, "%.*s\nlayout %s\n", STR_ARG(FIRST_LINE), plan_layout_name(x->layout));
    if (x->config.n > 0)
        buf_addf(&b, "config %.*s\n", STR_ARG(x->config));
    for (size_t i = 0; i < x->folder_count; i++)
        buf_addf(&b, "folder %.*s\n", STR_ARG(x->folders[i]));
    for (size_t i = 0; i < x->count; i++)
        buf_addf(&b, "file %s %.*s\n", x->records[i].created ? "created" : "changed",
                 STR_ARG(x->records[i].path));
    int rc = private_write(x, STR(LIST), buf_str(&b), err);
    buf_fini(&b);
    return rc;
}

/* The folder for the list, with those above it. 0 or -1. */
static int state_folder(struct apply *x, struct err *err)
{
    static const char *const above[] = { "/var", "/var/lib" };
    for (size_t i = 0; i < sizeof above / sizeof above[0]; i++) {
        int made = place_folder(x->fs, str_c(above[i]), 0755, err);
        if (made < 0)
            return -1;
        if (made > 0 && x->folder_count < FOLDERS_MAX)
            x->folders[x->folder_count++] = str_c(above[i]);
    }
    if (place_folder(x->fs, STR(APPLY_FOLDER), 0700, err) < 0)
        return -1;
    return folder_check(x->fs, err);
}

/* The list, its copies (but for what somebody had edited), and the folders that we made, if empty.
 * */
static void state_remove(struct apply *x)
{
    struct err ignored;
    place_remove(x->fs, STR(LIST), &ignored);    /* first: it must not name copies that are gone */
    for (size_t i = 0; i < x->count; i++) {
        place_remove(x->fs, copy_path(x, i, "before"), &ignored);
        place_remove(x->fs, copy_path(x, i, "after"), &ignored);
    }
    place_folder_remove(x->fs, STR(APPLY_FOLDER));
    for (size_t i = x->folder_count; i-- > 0;)
        place_folder_remove(x->fs, x->folders[i]);
    x->exists = false;
}

/* --- carry out --- */

static struct apply_record *record_of(struct apply *x, struct str path)
{
    for (size_t i = 0; i < x->count; i++) {
        if (str_eq(x->records[i].path, path))
            return &x->records[i];
    }
    return NULL;
}

/* It had lines of ours, and has none: an update of its package has brought a new one, or somebody
 * took them out. */
static bool is_lost(const struct apply_record *r, const struct plan_edit *e)
{
    size_t from, to;
    return r != NULL && plan_edit_changes(e) && conftext_block(r->after, STR(""), &from, &to) &&
           !conftext_block(e->was.text, STR(""), &from, &to);
}

void apply_keep(struct apply *x, struct plan *p)
{
    size_t from, to;
    for (size_t i = 0; i < p->edit_count; i++) {
        struct plan_edit *e = &p->edits[i];
        const struct apply_record *r = record_of(x, e->path);
        if (is_lost(r, e))
            plan_add(&p->notes,
                     plan_text(p, "%.*s had lost the lines that ask posternd, as after an update "
                                  "that brought a new one; --apply puts them back",
                               STR_ARG(e->path)));
        if (r == NULL || !r->created || !e->was.exists || !str_eq(e->text, r->after) ||
            str_eq(e->was.text, r->after) || conftext_block(e->text, STR(""), &from, &to))
            continue;
        e->text = e->was.text;
        plan_add(&p->notes, plan_text(p, "%.*s was edited and stays as it is; --undo and then "
                                      "--apply would make it anew", STR_ARG(e->path)));
    }
}

/* A file of our list that is not as we left it: somebody edited it, an update replaced it, or it
 * was removed. An undo shall give back that file without our lines, and not one that is older. */
static int record_renew(struct apply *x, struct apply_record *r, const struct plan_edit *e,
                        struct err *err)
{
    size_t from, to, i = (size_t)(r - x->records);
    if (!e->was.exists) {
        r->created = true;
        return 0;
    }
    if (conftext_block(e->text, STR(""), &from, &to)) {
        r->before = conftext_strip(x->arena, e->was.text);
        if (arena_full(x->arena))
            return err_set(err, ERR_LIMIT, "%.*s: too large", STR_ARG(e->path));
        r->created = r->created && str_empty(str_trim(r->before));
        return r->created ? 0 : private_write(x, copy_path(x, i, "before"), r->before, err);
    }
    if (!r->created)
        return 0;
    r->edited = true;            /* a file of the kit is ours as a whole */
    return private_write(x, copy_path(x, i, "edited"), e->was.text, err);
}

/* Keep what is there and what shall be, before anything is changed. */
static int record_save(struct apply *x, const struct plan_edit *e, struct err *err)
{
    struct apply_record *r = record_of(x, e->path);
    if (r == NULL) {
        if (x->count == APPLY_FILES_MAX)
            return err_set(err, ERR_LIMIT, "more than %u files", APPLY_FILES_MAX);
        r = &x->records[x->count++];
        *r = (struct apply_record){ .path = e->path, .created = !e->was.exists,
                                    .before = e->was.text };
        if (e->was.exists &&
            private_write(x, copy_path(x, x->count - 1, "before"), e->was.text, err) != 0)
            return -1;
    } else if (!e->was.exists || !str_eq(e->was.text, r->after)) {
        if (record_renew(x, r, e, err) != 0)
            return -1;
    }
    r->after = e->text;
    return private_write(x, copy_path(x, (size_t)(r - x->records), "after"), e->text, err);
}

/* The folders above a file that are not there yet. */
static int folders_make(struct apply *x, struct str path, struct err *err)
{
    struct str parent = place_parent(path);
    if (parent.n <= 1 || place_is_folder(x->fs, parent))
        return 0;
    if (folders_make(x, parent, err) != 0)
        return -1;
    if (place_folder(x->fs, parent, 0755, err) < 0)
        return -1;
    if (x->folder_count < FOLDERS_MAX)
        x->folders[x->folder_count++] = arena_str(x->arena, parent);
    return 0;
}

static int files_write(struct apply *x, const struct plan *p, struct err *err)
{
    int changed = 0;
    for (size_t i = 0; i < p->edit_count; i++) {
        const struct plan_edit *e = &p->edits[i];
        if (!plan_edit_changes(e)) {
            say(x, e->path, APPLY_SAME, "");
            continue;
        }
        if (place_write(x->fs, e->path, e->text, &e->was, err) != 0)
            return -1;
        const struct apply_record *r = record_of(x, e->path);
        say(x, e->path, e->was.exists ? APPLY_CHANGED : APPLY_CREATED,
            r != NULL && r->edited ? "it had been edited; that text is kept in " APPLY_FOLDER : "");
        changed++;
    }
    return changed;
}

int apply_plan(struct apply *x, const struct plan *p, struct err *err)
{
    bool any = false;
    for (size_t i = 0; i < p->edit_count; i++)
        any = any || plan_edit_changes(&p->edits[i]);
    if (!any)
        return files_write(x, p, err);
    x->layout = p->layout;
    x->config = p->layout == PLAN_PLAIN ? p->config : STR("");
    if (state_folder(x, err) != 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < p->edit_count; i++) {
        if (!plan_edit_changes(&p->edits[i]))
            continue;
        rc = folders_make(x, p->edits[i].path, err);
        if (rc == 0)
            rc = record_save(x, &p->edits[i], err);
    }
    if (rc == 0)
        rc = list_save(x, err);
    if (rc == 0)
        rc = files_write(x, p, err);
    if (rc < 0) {
        struct err ignored;
        x->half = apply_rollback(x, p, &ignored) != 0;
    }
    return rc;
}

/* Not written yet: on a disk that is full there would be no room to write it back either. */
static bool is_as_it_was(struct apply *x, const struct plan_edit *e)
{
    struct place_file now;
    return place_read(x->fs, x->arena, e->path, &now, NULL) == 0 &&
           now.exists == e->was.exists && str_eq(now.text, e->was.text);
}

int apply_rollback(struct apply *x, const struct plan *p, struct err *err)
{
    int rc = 0;
    for (size_t i = p->edit_count; i-- > 0;) {
        const struct plan_edit *e = &p->edits[i];
        if (!plan_edit_changes(e) || is_as_it_was(x, e))
            continue;
        if ((e->was.exists ? place_write(x->fs, e->path, e->was.text, &e->was, err)
                           : place_remove(x->fs, e->path, err)) != 0)
            rc = -1;
    }
    if (rc != 0)
        return -1;
    if (!x->exists) {
        state_remove(x);
        return 0;
    }
    for (size_t i = 0; rc == 0 && i < p->edit_count; i++) {
        struct apply_record *r = record_of(x, p->edits[i].path);
        if (r == NULL || !plan_edit_changes(&p->edits[i]))
            continue;
        r->after = p->edits[i].was.text;
        rc = private_write(x, copy_path(x, (size_t)(r - x->records), "after"), r->after, err);
    }
    return rc;
}

/* --- take back --- */

/* A file that is neither as we left it nor as it was. */
static int edited_undo(struct apply *x, size_t i, const struct place_file *now, struct err *err)
{
    struct apply_record *r = &x->records[i];
    struct str text = conftext_strip(x->arena, now->text);
    bool ours = !str_eq(text, now->text);
    if (arena_full(x->arena))    /* then `text` is not what is left of it */
        return err_set(err, ERR_LIMIT, "%.*s: too large", STR_ARG(r->path));
    if (ours && (!r->created || !str_empty(str_trim(text)))) {
        if (place_write(x->fs, r->path, text, now, err) != 0)
            return -1;
        say(x, r->path, APPLY_CLEANED, "it was edited since: only our lines were taken out");
        return 0;
    }
    if (!r->created) {
        say(x, r->path, APPLY_LEFT, "it was edited since and has no lines of ours");
        return 0;
    }
    if (!ours && private_write(x, copy_path(x, i, "edited"), now->text, err) != 0)
        return -1;
    r->edited = r->edited || !ours;
    if (place_remove(x->fs, r->path, err) != 0)
        return -1;
    say(x, r->path, APPLY_REMOVED,
        ours ? "" : "it was edited since; that text is kept in " APPLY_FOLDER);
    return 0;
}

static int record_undo(struct apply *x, size_t i, struct err *err)
{
    struct apply_record *r = &x->records[i];
    struct place_file now;
    place_tidy(x->fs, r->path);
    if (place_read(x->fs, x->arena, r->path, &now, err) != 0)
        return -1;
    if (!now.exists) {
        say(x, r->path, APPLY_LEFT, "it is gone");
        return 0;
    }
    if (!r->created && str_eq(now.text, r->before)) {
        say(x, r->path, APPLY_SAME, "");
        return 0;
    }
    if (!str_eq(now.text, r->after))
        return edited_undo(x, i, &now, err);
    if (r->created ? place_remove(x->fs, r->path, err) != 0
                   : place_write(x->fs, r->path, r->before, &now, err) != 0)
        return -1;
    say(x, r->path, r->created ? APPLY_REMOVED : APPLY_RESTORED, "");
    return 0;
}

int apply_undo(struct apply *x, struct err *err)
{
    /* First what runs the kit's files, then these: the list begins with the kit. */
    for (size_t i = x->count; i-- > 0;) {
        if (record_undo(x, i, err) != 0)
            return -1;
    }
    state_remove(x);
    return 0;
}
