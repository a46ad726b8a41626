/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load - one reading of all files into a new table
 *
 * The status of a file is taken before it is read, so what changes after that
 * is seen at the next look. A file that was written in the very tick in which we
 * looked could change again without a trace: its print is spoiled, and it is
 * read once more at the next look.
 */
#include "tables/load.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/must.h"

#define TICK_MS 50       /* file systems stamp by the kernel's tick, 10 ms at most */
#define QUIET_MS 300     /* a file that is written in place is left alone for so long */

/* --- what was looked at --- */

void load_watch(struct load *ld, const char *path)
{
    struct loaded *out = ld->out;
    if (out->watched_count == out->watched_cap) {
        out->watched_cap = out->watched_cap == 0 ? 64 : out->watched_cap * 2;
        out->watched = must_realloc(out->watched, out->watched_cap * sizeof *out->watched);
    }
    struct rootfs_print now = rootfs_look(ld->tree, path);
    struct watched *w = &out->watched[out->watched_count];
    *w = (struct watched){ (uint32_t)out->paths.n, now.print, now.place };
    if (now.age_ms >= 0 && now.age_ms < TICK_MS)
        w->print = 0;
    if (buf_add(&out->paths, str_make(path, strlen(path) + 1)) == 0)
        out->watched_count++;
}

enum loaded_state loaded_state(const struct loaded *l, const struct rootfs *tree,
                               const atomic_bool *stop)
{
    enum loaded_state state = LOADED_SAME;
    for (size_t i = 0; i < l->watched_count; i++) {
        const struct watched *w = &l->watched[i];
        struct rootfs_print now = rootfs_look(tree, l->paths.p + w->path);
        if (stop != NULL && atomic_load(stop))
            return LOADED_SAME;
        if (now.print == w->print)
            continue;
        if (w->print != 0 && now.place == w->place && now.age_ms >= 0 && now.age_ms < QUIET_MS)
            return LOADED_BEING_WRITTEN;
        state = LOADED_CHANGED;
    }
    return state;
}

/* --- what is to be told --- */

static struct str note_part(char **at, struct str s)
{
    char *p = *at;
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    *at += s.n;
    return str_make(p, s.n);
}

/* NULL if there are too many. */
static struct note *note_add(struct load *ld, struct str file, struct str domain, struct str text)
{
    struct loaded *out = ld->out;
    if (out->note_count == LOAD_NOTES_MAX)
        return NULL;
    if (out->note_count == out->note_cap) {
        out->note_cap = out->note_cap == 0 ? 16 : out->note_cap * 2;
        out->notes = must_realloc(out->notes, out->note_cap * sizeof *out->notes);
    }
    struct note *n = &out->notes[out->note_count++];
    char *at = must_alloc(file.n + domain.n + text.n);
    *n = (struct note){ .bytes = at };
    n->file = note_part(&at, file);
    n->domain = note_part(&at, domain);
    n->text = note_part(&at, text);
    return n;
}

static void note_set(struct note *n, enum log_level level, const char *event)
{
    if (n == NULL)
        return;
    n->level = level;
    n->event = event;
}

void load_note(struct load *ld, enum log_level level, const char *event, struct str domain,
               struct str text)
{
    struct str file = table_source_text(ld->table, ld->source);
    note_set(note_add(ld, file, domain, text), level, event);
}

void loaded_free(struct loaded **lp)
{
    struct loaded *l = *lp;
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->note_count; i++)
        free(l->notes[i].bytes);
    free(l->notes);
    free(l->watched);
    buf_fini(&l->paths);
    table_free(&l->table);
    free(l);
    *lp = NULL;
}

/* --- files --- */

const char *load_path(struct load *ld, struct str a, struct str b, struct str c, struct str d)
{
    const struct str parts[] = { a, b, c, d };
    buf_reset(&ld->path);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        buf_add(&ld->path, parts[i]);
    return buf_bad(&ld->path) ? "/" : buf_c(&ld->path); /* "/" is no file: it will be noted */
}

#define CLOSED "its mode lets posternd read it, a confinement does not: restart posternd, which " \
               "allows itself the folders that it knew at its start; else see AppArmor or SELinux"

/* Reading was refused: by Landlock or the like? */
static bool closed(const struct load *ld, const char *path)
{
    return rootfs_permitted(ld->tree, path);
}

static int unreadable(struct load *ld, const char *path, const char *why)
{
    ld->out->broken++;
    note_set(note_add(ld, str_c(path), STR(""), str_c(why)), LOG_LEVEL_WARNING,
             "table-unreadable");
    return -1;
}

static int read_into(struct load *ld, const char *path, uint32_t domain, struct buf *bytes)
{
    struct err err;
    load_watch(ld, path);
    if (ld->stop != NULL && atomic_load(ld->stop))
        return 0;
    switch (rootfs_read(ld->tree, str_c(path), bytes, &ld->root_owned, &err)) {
    case ROOTFS_OK:
        ld->out->files++;
        return 1;
    case ROOTFS_ABSENT:
        return 0;
    case ROOTFS_BROKEN:
        break;
    }
    if (domain != TABLE_NONE)
        table_domain_set(ld->table, domain, DOMAIN_BROKEN);
    return unreadable(ld, path, err.kind == ERR_ACCESS && closed(ld, path) ? CLOSED : err.text);
}

int load_file(struct load *ld, const char *path, uint32_t domain, struct str *text_out)
{
    int rc = read_into(ld, path, domain, &ld->big);
    if (rc > 0)
        ld->source = table_source(ld->table, str_c(path));
    *text_out = buf_str(&ld->big);
    return rc;
}

int load_customer_file(struct load *ld, const char *path, uint32_t domain, struct str *text_out)
{
    int rc = read_into(ld, path, domain, &ld->customer);
    if (rc > 0)
        ld->source = table_source(ld->table, str_c(path));
    *text_out = buf_str(&ld->customer);
    return rc;
}

/* Was something there when it was looked at last? */
static bool there(const struct load *ld)
{
    return ld->out->watched_count > 0 && ld->out->watched[ld->out->watched_count - 1].print != 1;
}

bool load_has_folder(struct load *ld, const char *path)
{
    load_watch(ld, path);
    DIR *d = rootfs_folder(ld->tree, str_c(path), ROOTFS_OUR_LINKS);
    if (d != NULL)
        closedir(d);
    return d != NULL;
}

bool load_has_file(struct load *ld, const char *path)
{
    load_watch(ld, path);
    return there(ld);
}

int load_names(struct load *ld, const char *path, bool hidden, load_name_callback *call, void *ctx)
{
    size_t count = 0;
    load_watch(ld, path);
    DIR *d = rootfs_folder(ld->tree, str_c(path), ROOTFS_OUR_LINKS);
    if (d == NULL && !there(ld))
        return 0;
    if (d == NULL)
        return unreadable(ld, path, errno == EACCES && closed(ld, path) ? CLOSED
                                                                        : strerror(errno));
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct str name = str_c(e->d_name);
        if ((name.p[0] == '.') != hidden || str_eq(name, STR(".")) || str_eq(name, STR("..")))
            continue;
        if (++count > LOAD_NAMES_MAX)
            break;
        call(ld, name, ctx);
    }
    closedir(d);
    return count > LOAD_NAMES_MAX ? unreadable(ld, path, "too many names") : 1;
}

bool load_line(struct str *text, struct str *line_out)
{
    struct str line;
    while (str_line(text, &line)) {
        line = str_trim(line);
        if (str_empty(line) || line.p[0] == '#')
            continue;
        *line_out = line;
        return true;
    }
    return false;
}

/* --- the whole --- */

static const struct layout *const layouts[] = {
    &layout_cpanel, &layout_directadmin, &layout_hestia, &layout_debian,
};

static void note_layout(struct load *ld, const char *name, const char *why)
{
    ld->source = 0;
    load_note(ld, LOG_LEVEL_NOTICE, "tables-layout", STR(""), str_c(why));
    ld->out->notes[ld->out->note_count - 1].layout = name;
}

static void layout_read(struct load *ld)
{
    enum recipients_layout wanted = ld->o->layout;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        const struct layout *l = layouts[i];
        const char *why = "as configured";
        if (wanted != LAYOUT_AUTO && wanted != l->id)
            continue;
        if (wanted == LAYOUT_AUTO && (why = l->detect(ld)) == NULL)
            continue;
        ld->out->layout = l->id;
        note_layout(ld, l->name, why);
        l->read(ld);
        return;
    }
    if (wanted == LAYOUT_AUTO)
        note_layout(ld, "none", "no panel and no Debian configuration of Exim was found");
}

/* Ours beside those of the files. On a host without a panel they are the host's own names. */
static void domains_read(struct load *ld)
{
    enum recipients_layout layout = ld->out->layout;
    bool host = layout == LAYOUT_DEBIAN || layout == LAYOUT_FILES || layout == LAYOUT_NONE;
    for (size_t i = 0; i < ld->o->domain_count; i++) {
        struct str name = str_c(ld->o->domains[i]);
        if (host)
            table_domain_same(ld->table, name, TABLE_HOST);
        else
            table_domain(ld->table, name, DOMAIN_LOCAL);
    }
}

/* Without a list of our domains any other domain may be ours as well. */
static void domains_judge(struct load *ld)
{
    bool listed = ld->o->domain_count > 0 ||
                  (ld->out->layout != LAYOUT_FILES && ld->out->layout != LAYOUT_NONE);
    for (size_t i = 0; i < ld->o->file_count; i++)
        listed |= ld->o->files[i].format == RECIPIENTS_DOMAINS;
    if (!listed)
        table_domains_unsure(ld->table);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void load_init(struct load *ld, const struct recipients_options *o, const struct rootfs *tree,
               const atomic_bool *stop)
{
    *ld = (struct load){ .o = o, .tree = tree, .stop = stop };
    ld->out = must_alloc(sizeof *ld->out);
    buf_init(&ld->out->paths, UINT32_MAX / 2);
    ld->table = ld->out->table = table_new(o->addresses_max);
    buf_init(&ld->big, LOAD_FILE_MAX);
    buf_init(&ld->customer, LOAD_CUSTOMER_MAX);
    buf_init(&ld->entry, LOAD_ENTRY_MAX);
    buf_init(&ld->include, LOAD_INCLUDE_MAX);
    buf_init(&ld->path, ROOTFS_PATH_MAX);
}

void load_fini(struct load *ld)
{
    buf_fini(&ld->big);
    buf_fini(&ld->customer);
    buf_fini(&ld->entry);
    buf_fini(&ld->include);
    buf_fini(&ld->path);
}

struct loaded *load_all(const struct recipients_options *o, const struct rootfs *tree,
                        const atomic_bool *stop)
{
    struct load ld;
    uint64_t begin = now_ms();
    load_init(&ld, o, tree, stop);
    if (o->layout == LAYOUT_FILES)
        ld.out->layout = LAYOUT_FILES;
    layout_read(&ld);
    if (ld.out->layout == LAYOUT_FILES || ld.out->layout == LAYOUT_NONE)
        load_host_names(&ld);
    tables_files_read(&ld);
    domains_read(&ld);
    domains_judge(&ld);
    ld.source = 0;
    if (table_full(ld.table))
        load_note(&ld, LOG_LEVEL_WARNING, "tables-full", STR(""),
                  STR("there are more addresses than tables may hold: raise the limit; domains "
                      "that did not fit in whole are not judged"));
    load_fini(&ld);
    ld.out->ms = now_ms() - begin;
    return ld.out;
}
