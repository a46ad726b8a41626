/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan - what would have to change on a server so that its Exim asks posternd
 *
 * The kit's own files are written whole, with the server's folder, socket and
 * lists in place of those in etc/exim. Everything else is a marked block in a
 * file that is there already, or in one that the layout keeps for that.
 */
#include "kit/plan.h"

#include <stdio.h>
#include <string.h>

#include "kit/conftext.h"
#include "kit/plan_internal.h"
#include "kit/texts.h"

#define SOCKET_PATH_MAX 107u    /* of a Unix socket, by the kernel */
#define FILE_TEXT_MAX ((size_t)64 << 10)

static const char *const layout_names[PLAN_LAYOUTS] = {
    [PLAN_PLAIN] = "plain",     [PLAN_DEBIAN_SPLIT] = "debian-split", [PLAN_DEBIAN] = "debian",
    [PLAN_CPANEL] = "cpanel",   [PLAN_DIRECTADMIN] = "directadmin",   [PLAN_HESTIA] = "hestia",
};

const char *plan_layout_name(enum plan_layout layout)
{
    return layout_names[layout];
}

int plan_layout_parse(struct str name, enum plan_layout *out)
{
    for (int i = 0; i < PLAN_LAYOUTS; i++) {
        if (str_eq(name, str_c(layout_names[i])))
            return *out = (enum plan_layout)i, 0;
    }
    return -1;
}

struct str plan_text(struct plan *p, const char *fmt, ...)
{
    char line[8192];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    return arena_str(p->arena, n < 0 ? STR("") : str_head(str_c(line), (size_t)n));
}

void plan_add(struct plan_texts *t, struct str line)
{
    if (t->n < PLAN_TEXTS_MAX)
        t->at[t->n++] = line;
}

bool plan_edit_changes(const struct plan_edit *e)
{
    return !e->was.exists || !str_eq(e->was.text, e->text);
}

struct plan_edit *plan_edit(struct plan *p, struct str path, struct err *err)
{
    for (size_t i = 0; i < p->edit_count; i++) {
        if (str_eq(p->edits[i].path, path))
            return &p->edits[i];
    }
    if (p->edit_count == PLAN_EDITS_MAX) {
        err_set(err, ERR_LIMIT, "more than %u files to change", PLAN_EDITS_MAX);
        return NULL;
    }
    struct plan_edit *e = &p->edits[p->edit_count];
    if (place_read(p->fs, p->arena, path, &e->was, err) != 0)
        return NULL;
    e->path = arena_str(p->arena, path);
    e->text = e->was.text;
    p->edit_count++;
    return e;
}

int plan_block(struct plan *p, struct plan_edit *e, struct str tag, struct str body, size_t at)
{
    size_t end = at == PLAN_AT_END ? e->text.n : at;
    e->text = conftext_put(p->arena, e->text, tag, body, end);
    return arena_full(p->arena) ? -1 : 0;
}

/* --- options --- */

/* Words that go into Exim's expansions as they are: none that would mean something there. */
static bool harmless(struct str s, const char *also)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_alnum(s.p[i]) && strchr(also, s.p[i]) == NULL)
            return false;
    }
    return s.n > 0 && memchr(s.p, '\0', s.n) == NULL;
}

static int socket_take(struct plan *p, const char *value, struct err *err)
{
    struct str s = str_c(value == NULL ? KIT_SOCKET : value);
    struct str port = str_skip(s, str_rfind_c(s, ':') + 1);
    uint64_t number;
    bool inet = str_starts(s, STR("inet:")) && harmless(s, ".-:[]") &&
                str_u64(port, &number) == 0 && number > 0 && number < 65536;
    bool path = s.n > 1 && s.p[0] == '/' && s.n <= SOCKET_PATH_MAX && harmless(s, "/._-+@");
    if (!inet && !path)
        return err_set(err, ERR_USAGE, "%.*s: no socket; write /run/postern/door or "
                       "inet:127.0.0.1:10040", STR_ARG(s));
    p->socket = arena_str(p->arena, s);
    return 0;
}

static int timeout_take(struct plan *p, const char *value, struct err *err)
{
    struct str s = str_c(value == NULL ? KIT_TIMEOUT : value), rest = s;
    uint64_t number;
    if (str_eat_u64(&rest, &number) == 0 && number > 0 && number <= 600 &&
        (str_empty(rest) || str_eq(rest, STR("s")) || (number <= 10 && str_eq(rest, STR("m"))))) {
        p->timeout = plan_text(p, "%.*s%s", STR_ARG(s), str_empty(rest) ? "s" : "");
        return 0;
    }
    return err_set(err, ERR_USAGE, "%.*s: no time limit; write seconds, such as 10s, up to 10m",
                   STR_ARG(s));
}

/* --- the kit's files --- */

/* Is the list defined, here or in a file that the main part includes? DirectAdmin keeps its
 * relay_hosts in such a file. */
static bool list_known(struct plan *p, struct str config, const char *kind, const char *name)
{
    struct place_file f;
    struct str file;
    struct err err;
    if (conftext_list(config, str_c(kind), str_c(name)))
        return true;
    while (conftext_include(&config, &file)) {
        if (file.n > 1 && file.p[0] == '/' &&
            place_read(p->fs, p->arena, arena_str(p->arena, file), &f, &err) == 0 &&
            conftext_list(f.text, str_c(kind), str_c(name)))
            return true;
    }
    return false;
}

/* The hosts that are never asked about, of the lists that this configuration has. */
static struct str hosts_of(struct plan *p, struct str config)
{
    static const struct { enum plan_layout layout; const char *name; } lists[] = {
        { PLAN_LAYOUTS, "relay_from_hosts" },  { PLAN_LAYOUTS, "relay_hosts" },
        { PLAN_HESTIA, "whitelist" },          { PLAN_CPANEL, "loopback" },
        { PLAN_CPANEL, "trustedmailhosts" },   { PLAN_CPANEL, "backupmx_hosts" },
        { PLAN_DIRECTADMIN, "whitelist_hosts" },
        { PLAN_DIRECTADMIN, "whitelist_hosts_ip" },
    };
    struct buf b;
    bool relays = false;
    buf_init(&b, 512);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        bool any = lists[i].layout == PLAN_LAYOUTS;
        if ((!any && lists[i].layout != p->layout) ||
            !list_known(p, config, "hostlist", lists[i].name))
            continue;
        buf_addf(&b, "%s+%s", b.n > 0 ? " : " : "", lists[i].name);
        relays |= any;
    }
    if (!relays) {
        buf_addf(&b, "%s127.0.0.1 : ::::1", b.n > 0 ? " : " : "");
        plan_add(&p->notes, plan_text(p, "no hostlist relay_from_hosts or relay_hosts was found: "
                 "this host itself is exempt; other relay hosts belong into %.*s/exempt",
                 STR_ARG(p->folder)));
    }
    struct str hosts = arena_str(p->arena, buf_str(&b));
    buf_fini(&b);
    return hosts;
}

static struct str domains_of(struct plan *p, struct str config)
{
    if (list_known(p, config, "domainlist", "local_domains"))
        return STR(KIT_DOMAINS);
    plan_add(&p->notes, plan_text(p, "no domainlist local_domains was found: Exim's own check of a "
             "recipient is told for its host name only; the domains that it knows belong into "
             "%.*s/rcpt", STR_ARG(p->folder)));
    return STR("@");
}

struct swap {
    struct str from, to;
};

/* `text` with each of the words in `swaps` replaced, the first that fits. */
static void swapped(struct buf *b, struct str text, const struct swap *swaps, size_t n)
{
    while (text.n > 0) {
        size_t i = 0;
        while (i < n && !str_starts(text, swaps[i].from))
            i++;
        buf_add(b, i < n ? swaps[i].to : str_head(text, 1));
        text = str_skip(text, i < n ? swaps[i].from.n : 1);
    }
}

static int kit_files(struct plan *p, struct str config, struct err *err)
{
    const struct swap swaps[] = {
        { STR(KIT_FOLDER), p->folder },           { STR(KIT_SOCKET), p->socket },
        { STR("{" KIT_TIMEOUT "}"), plan_text(p, "{%.*s}", STR_ARG(p->timeout)) },
        { STR(KIT_HOSTS), hosts_of(p, config) },  { STR(KIT_DOMAINS), domains_of(p, config) },
    };
    bool debian = p->layout == PLAN_DEBIAN || p->layout == PLAN_DEBIAN_SPLIT;
    for (const struct kit_text *t = kit_texts; t->name != NULL; t++) {
        if (strcmp(t->name, "check_rcpt") == 0 && !debian)
            continue;
        struct str path = plan_text(p, "%.*s/%s", STR_ARG(p->folder), t->name);
        struct plan_edit *e = plan_edit(p, path, err);
        if (e == NULL)
            return -1;
        struct buf b;
        buf_init(&b, FILE_TEXT_MAX);
        swapped(&b, str_c(t->text), swaps, sizeof swaps / sizeof swaps[0]);
        e->text = arena_str(p->arena, buf_str(&b));
        buf_fini(&b);
    }
    return 0;
}

int plan_make(struct plan *p, const struct rootfs *fs, struct arena *a,
              const struct plan_options *o, struct err *err)
{
    struct str config;
    *p = (struct plan){ .fs = fs, .arena = a, .config = STR("") };
    if (socket_take(p, o->socket, err) != 0 || timeout_take(p, o->timeout, err) != 0 ||
        plan_find(p, o, err) != 0 || plan_config_text(p, &config, err) != 0 ||
        kit_files(p, config, err) != 0 || plan_blocks(p, config, err) != 0)
        return -1;
    plan_next(p, o->builds);
    if (arena_full(a))
        return err_set(err, ERR_LIMIT, "the configuration is too large");
    return 0;
}
