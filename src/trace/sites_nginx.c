/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_nginx - the sites of an nginx by its own configuration
 *
 * Its language is words, `;` and blocks in braces. Blocks nest, and root and
 * access_log are inherited inwards, so a stack of blocks is kept. A server is
 * written down when it closes, because its names may stand behind its locations.
 * Logs with variables other than the server's name, and logs to syslog, are left out.
 */
#include <stdlib.h>

#include "base/must.h"
#include "trace/sites_internal.h"

#define CONF "/etc/nginx/"
#define ARENA_BYTES ((size_t)16 << 20)
#define BLOCKS_MAX 32
#define WORDS_MAX 512
#define LOGS_MAX 16
#define NAMES_MAX 256
#define MOUNTS_MAX 64

enum block_kind { BLOCK_OTHER, BLOCK_SERVER, BLOCK_LOCATION };

struct mount {
    struct str prefix, folder;
};

struct block {
    enum block_kind kind;
    struct str root;         /* inherited until set */
    struct str logs[LOGS_MAX];
    size_t log_count;
    bool own_logs;           /* access_log was said in this very block */
    struct str location;     /* of a location */
    struct str alias;
    bool own_root;
};

struct server {
    struct str names[NAMES_MAX];
    size_t name_count;
    struct mount mounts[MOUNTS_MAX];
    size_t mount_count;
};

struct nginx {
    struct sites *s;
    struct arena *arena;
    struct block blocks[BLOCKS_MAX];
    size_t depth;            /* of the current block; 0 is the file itself */
    size_t too_deep;         /* blocks open beyond BLOCKS_MAX, passed over */
    struct server server;
    struct str words[WORDS_MAX];
    size_t word_count;
    struct str open[SITES_INCLUDE_DEPTH]; /* files that are being read, within each other */
    unsigned includes, files; /* how many of these, and files read at all */
    struct sites_globs globs;
    size_t bytes;
};

static void nginx_text(struct nginx *x, struct str text);

/* ---- meaning ---- */

static struct block *block_now(struct nginx *x)
{
    return &x->blocks[x->depth];
}

static void block_open(struct nginx *x)
{
    if (x->depth + 1 == BLOCKS_MAX) {
        x->too_deep++;
        return;
    }
    struct str word = x->word_count > 0 ? x->words[0] : STR("");
    struct block *outer = block_now(x), *b = &x->blocks[++x->depth];
    *b = *outer;
    b->kind = BLOCK_OTHER;
    b->own_logs = b->own_root = false;
    b->alias = STR("");
    if (str_eq(word, STR("server"))) {
        b->kind = BLOCK_SERVER;
        x->server.name_count = x->server.mount_count = 0;
    } else if (str_eq(word, STR("location"))) {
        b->kind = BLOCK_LOCATION;
        b->location = arena_str(x->arena, x->words[x->word_count - 1]);
    }
}

/* `$host` and its like stand for the server's first name. False for a path with
 * anything else unknown. */
static bool path_fill(struct str path, struct str name, struct buf *out)
{
    static const char *const hosts[] = { "$server_name", "$http_host", "$host",
                                         "${server_name}", "${http_host}", "${host}" };
    buf_reset(out);
    if (path.n > 0 && path.p[0] != '/')
        buf_add(out, STR(CONF));
    while (!str_empty(path)) {
        size_t i = 0;
        while (i < sizeof hosts / sizeof hosts[0] && !str_eat(&path, str_c(hosts[i])))
            i++;
        if (i < sizeof hosts / sizeof hosts[0]) {
            buf_add(out, name);
        } else if (path.p[0] == '$') {
            return false;
        } else {
            buf_add_c(out, path.p[0]);
            path = str_skip(path, 1);
        }
    }
    return !buf_bad(out);
}

static void site_emit(struct nginx *x, const struct block *b, struct str folder,
                      struct str prefix)
{
    struct server *v = &x->server;
    struct str name = v->name_count > 0 ? v->names[0] : STR("");
    struct buf path;
    buf_init(&path, ROOTFS_PATH_MAX);
    struct site_rec *rec = NULL;
    if (path_fill(folder, name, &path))
        rec = site_add(x->s, &(struct site_def){ .panel = "nginx", .name = name,
                                 .account = sites_account(buf_str(&path)),
                                 .docroot = buf_str(&path), .prefix = prefix });
    for (size_t i = 1; i < v->name_count; i++)
        site_add_alias(x->s, rec, v->names[i]);
    for (size_t i = 0; i < b->log_count; i++) {
        if (path_fill(b->logs[i], name, &path))
            site_add_log(x->s, rec, buf_str(&path));
    }
    if (rec != NULL && !b->own_logs)
        rec->site.shared_log = true;
    buf_fini(&path);
}

static void mount_add(struct nginx *x, struct str prefix, struct str folder)
{
    if (x->server.mount_count < MOUNTS_MAX && !str_empty(folder))
        x->server.mounts[x->server.mount_count++] = (struct mount){ prefix, folder };
}

/* A location's folder is a mount of its server, and its logs are logs of it. */
static void location_close(struct nginx *x, const struct block *b, struct block *outer)
{
    if (!str_empty(b->alias))
        mount_add(x, b->location, b->alias);
    else if (b->own_root)
        mount_add(x, STR("/"), b->root);
    for (size_t i = 0; b->own_logs && i < b->log_count && outer->log_count < LOGS_MAX; i++)
        outer->logs[outer->log_count++] = b->logs[i];
}

static void server_close(struct nginx *x, const struct block *b)
{
    if (!str_empty(b->root))
        site_emit(x, b, b->root, STR("/"));
    for (size_t i = 0; i < x->server.mount_count; i++)
        site_emit(x, b, x->server.mounts[i].folder, x->server.mounts[i].prefix);
}

static void block_close(struct nginx *x)
{
    if (x->too_deep > 0) {
        x->too_deep--;
        return;
    }
    if (x->depth == 0)
        return;
    const struct block *b = block_now(x);
    x->depth--;
    if (b->kind == BLOCK_LOCATION)
        location_close(x, b, block_now(x));
    else if (b->kind == BLOCK_SERVER)
        server_close(x, b);
}

static void on_names(struct nginx *x)
{
    for (size_t i = 1; i < x->word_count; i++) {
        struct str name = x->words[i];
        if (str_empty(name) || str_eq(name, STR("_")) || name.p[0] == '~' ||
            x->server.name_count == NAMES_MAX)
            continue;
        x->server.names[x->server.name_count++] = arena_str(x->arena, name);
    }
}

static void on_log(struct nginx *x)
{
    struct block *b = block_now(x);
    struct str path = x->words[1];
    if (!b->own_logs) { /* the first one here replaces what was inherited */
        b->own_logs = true;
        b->log_count = 0;
    }
    if (str_eq(path, STR("off")) || str_starts(path, STR("syslog:")) ||
        str_eq(path, STR("/dev/null")) || b->log_count == LOGS_MAX)
        return;
    b->logs[b->log_count++] = arena_str(x->arena, path);
}

static void include_file(void *ctx, struct str path, int fd)
{
    struct nginx *x = ctx;
    struct buf text;
    if (sites_in_circle(x->open, x->includes, path))
        return;
    if (x->includes == SITES_INCLUDE_DEPTH) {
        sites_globs_deep(x->s, &x->globs, path);
        return;
    }
    if (x->files == SITES_INCLUDES_MAX || x->bytes >= SITES_INCLUDED_BYTES) {
        sites_globs_end(x->s, &x->globs, path);
        return;
    }
    x->files++;
    x->open[x->includes++] = path;
    buf_init(&text, SITES_FILE_MAX);
    if (sites_read_fd(x->s, path, fd, &text) == 0) {
        x->bytes += text.n;
        nginx_text(x, buf_str(&text));
    }
    buf_fini(&text);
    x->includes--;
}

static void include(struct nginx *x, struct str pattern)
{
    struct buf path;
    buf_init(&path, ROOTFS_PATH_MAX);
    if (pattern.n > 0 && pattern.p[0] != '/')
        buf_add(&path, STR(CONF));
    buf_add(&path, pattern);
    sites_glob(x->s, buf_str(&path), &x->globs, include_file, x);
    buf_fini(&path);
}

static void directive(struct nginx *x)
{
    if (x->word_count < 2 || x->too_deep > 0)
        return;
    struct str name = x->words[0];
    if (str_eq(name, STR("server_name"))) {
        on_names(x);
    } else if (str_eq(name, STR("root"))) {
        block_now(x)->root = arena_str(x->arena, x->words[1]);
        block_now(x)->own_root = true;
    } else if (str_eq(name, STR("alias"))) {
        block_now(x)->alias = arena_str(x->arena, x->words[1]);
    } else if (str_eq(name, STR("access_log"))) {
        on_log(x);
    } else if (str_eq(name, STR("include"))) {
        struct str pattern = arena_str(x->arena, x->words[1]);
        x->word_count = 0; /* the words are used again by the file */
        include(x, pattern);
    }
}

/* ---- language ---- */

/* The next word or one of `;{}` as `*mark_out` ('w' for a word, 0 at the end). */
static struct str token_next(struct str *text, char *mark_out)
{
    *mark_out = '\0';
    for (;;) {
        while (text->n > 0 && ascii_space(text->p[0]))
            *text = str_skip(*text, 1);
        if (text->n == 0)
            return STR("");
        if (text->p[0] != '#')
            break;
        str_cut(text, '\n');
    }
    char c = text->p[0];
    if (c == ';' || c == '{' || c == '}') {
        *mark_out = c;
        *text = str_skip(*text, 1);
        return STR("");
    }
    *mark_out = 'w';
    size_t i = 0;
    if (c == '"' || c == '\'') {
        for (i = 1; i < text->n && text->p[i] != c; i++)
            i += text->p[i] == '\\' && i + 1 < text->n;
        struct str word = str_make(text->p + 1, i - 1);
        *text = str_skip(*text, i + 1);
        return word;
    }
    for (; i < text->n && !ascii_space(text->p[i]) && text->p[i] != ';'; i++) {
        if (text->p[i] == '{' && !(i > 0 && text->p[i - 1] == '$'))
            break; /* `${name}` is part of a word, `name{` opens a block */
        if (text->p[i] == '$' && i + 1 < text->n && text->p[i + 1] == '{') {
            while (i < text->n && text->p[i] != '}')
                i++;
        }
    }
    struct str word = str_head(*text, i);
    *text = str_skip(*text, i);
    return word;
}

static void nginx_text(struct nginx *x, struct str text)
{
    char mark;
    x->word_count = 0;
    for (;;) {
        struct str word = token_next(&text, &mark);
        if (mark == '\0')
            break;
        if (mark == 'w') {
            if (x->word_count < WORDS_MAX)
                x->words[x->word_count++] = word;
            continue;
        }
        if (mark == ';')
            directive(x);
        else if (mark == '{')
            block_open(x);
        else
            block_close(x);
        x->word_count = 0;
    }
}

static struct nginx *nginx_new(struct sites *s)
{
    struct nginx *x = must_alloc(sizeof *x);
    x->s = s;
    x->arena = arena_new(ARENA_BYTES);
    x->blocks[0] = (struct block){ .root = STR(""), .alias = STR(""), .location = STR("") };
    x->blocks[0].logs[0] = STR("/var/log/nginx/access.log"); /* as distributions build it */
    x->blocks[0].log_count = 1;
    return x;
}

static void nginx_free(struct nginx *x)
{
    if (arena_full(x->arena))
        sites_problem_add(x->s, "the configuration of nginx is too large: sites were left out");
    arena_free(&x->arena);
    free(x);
}

void sites_nginx_text(struct sites *s, struct str text)
{
    struct nginx *x = nginx_new(s);
    nginx_text(x, text);
    nginx_free(x);
}

void sites_nginx(struct sites *s)
{
    static const char *const places[] = { "/usr/local/etc/nginx/nginx.conf",
                                          "/usr/local/nginx/conf/nginx.conf" };
    struct nginx *x = nginx_new(s);
    include(x, STR("nginx.conf"));
    if (x->files == 0) { /* only a part of /etc was copied */
        include(x, STR("conf.d/*.conf"));
        include(x, STR("sites-enabled/*"));
    }
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        include(x, str_c(places[i]));
    nginx_free(x);
}
