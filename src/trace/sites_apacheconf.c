/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_apacheconf - the language of Apache's configuration files
 *
 * Lines with continuation, quoted arguments, ${VARIABLES} from Define and from
 * Debian's envvars, Include with patterns, and macros of mod_macro. Sections are
 * handed on as they are: <IfModule> and <IfDefine> count as true, because a log
 * that is named but not written does no harm, and one that is missed does.
 *
 * Not understood: <If> expressions, perl sections, Include of http://.
 */
#include "base/must.h"
#include "trace/sites_internal.h"

#define LINE_MAX_BYTES ((size_t)256 * 1024)
#define ARENA_BYTES ((size_t)8 << 20)
#define MACRO_PARAMS 16
#define MACRO_USES_MAX 10000
#define MACRO_DEPTH 4
#define MACRO_BYTES_MAX ((size_t)8 << 20)
#define VARS_MAX 1024

void apacheconf_init(struct apacheconf *a, struct sites *s, struct str server_root)
{
    *a = (struct apacheconf){ .s = s, .server_root = server_root };
    a->arena = arena_new(ARENA_BYTES);
}

void apacheconf_fini(struct apacheconf *a)
{
    arena_free(&a->arena);
}

void apacheconf_define(struct apacheconf *a, struct str name, struct str value)
{
    size_t count = 0;
    struct apacheconf_var *v = a->vars;
    for (; v != NULL && !str_eq(v->name, name); v = v->next)
        count++;
    if (v == NULL) {
        v = count < VARS_MAX ? arena_alloc(a->arena, sizeof *v) : NULL;
        if (v == NULL)
            return;
        v->name = arena_str(a->arena, name);
        v->next = a->vars;
        a->vars = v;
    }
    v->value = arena_str(a->arena, value);
}

struct str apacheconf_word(struct str *args)
{
    struct str s = str_trim(*args);
    if (s.n == 0 || (s.p[0] != '"' && s.p[0] != '\'')) {
        *args = s;
        return str_word(args);
    }
    char quote = s.p[0];
    size_t i = 1;
    while (i < s.n && s.p[i] != quote)
        i += s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
    if (i > s.n)
        i = s.n;
    *args = str_skip(s, i + 1);
    return str_make(s.p + 1, i - 1);
}

struct str apacheconf_path(struct apacheconf *a, struct str path)
{
    struct buf full;
    if (path.n == 0 || path.p[0] == '/')
        return path;
    buf_init(&full, ROOTFS_PATH_MAX);
    buf_add(&full, a->server_root);
    buf_add_c(&full, '/');
    buf_add(&full, path);
    struct str made = buf_bad(&full) ? STR("") : arena_str(a->arena, buf_str(&full));
    buf_fini(&full);
    return made;
}

/* `line` with its ${NAME} replaced, in `out`. Unknown names stay, as in Apache. */
static void expand_vars(const struct apacheconf *a, struct str line, struct buf *out)
{
    while (!str_empty(line)) {
        size_t at = str_find(line, STR("${"));
        size_t end = at == STR_NONE ? STR_NONE : str_find_c(str_skip(line, at), '}');
        if (end == STR_NONE) {
            buf_add(out, line);
            return;
        }
        struct str name = str_make(line.p + at + 2, end - 2);
        const struct apacheconf_var *v = a->vars;
        while (v != NULL && !str_eq(v->name, name))
            v = v->next;
        buf_add(out, str_head(line, at));
        buf_add(out, v != NULL ? v->value : str_make(line.p + at, end + 1));
        line = str_skip(line, at + end + 1);
    }
}

static void include_file(void *ctx, struct str path, int fd)
{
    struct apacheconf *a = ctx;
    struct buf text;
    if (sites_in_circle(a->open, a->depth, path))
        return;
    if (a->depth == SITES_INCLUDE_DEPTH) {
        sites_globs_deep(a->s, &a->globs, path);
        return;
    }
    if (a->files == SITES_INCLUDES_MAX || a->bytes >= SITES_INCLUDED_BYTES) {
        sites_globs_end(a->s, &a->globs, path);
        return;
    }
    a->files++;
    a->open[a->depth++] = path;
    buf_init(&text, SITES_FILE_MAX);
    if (sites_read_fd(a->s, path, fd, &text) == 0) {
        a->bytes += text.n;
        apacheconf_text(a, buf_str(&text));
    }
    buf_fini(&text);
    a->depth--;
}

void apacheconf_include(struct apacheconf *a, struct str pattern)
{
    sites_glob(a->s, apacheconf_path(a, pattern), &a->globs, include_file, a);
}

/* A macro's body with each parameter replaced by its argument, as mod_macro
 * does it: plain text, the first parameter that fits wins. */
static void macro_fill(const struct apacheconf_macro *m, struct str args, struct buf *out)
{
    struct str names[MACRO_PARAMS], values[MACRO_PARAMS], params = m->params;
    size_t n = 0;
    while (n < MACRO_PARAMS && (names[n] = apacheconf_word(&params), !str_empty(names[n])))
        values[n++] = apacheconf_word(&args);
    for (size_t i = 0; i < m->body.n;) {
        size_t k = 0;
        while (k < n && !str_starts(str_skip(m->body, i), names[k]))
            k++;
        if (k < n) {
            buf_add(out, values[k]);
            i += names[k].n;
        } else {
            buf_add_c(out, m->body.p[i++]);
        }
    }
}

static void macro_use(struct apacheconf *a, struct str args)
{
    struct str name = apacheconf_word(&args);
    const struct apacheconf_macro *m = a->macros;
    while (m != NULL && !str_eq_nocase(m->name, name))
        m = m->next;
    if (m == NULL || a->use_depth == MACRO_DEPTH || a->uses == MACRO_USES_MAX ||
        a->used_bytes >= MACRO_BYTES_MAX)
        return;
    a->uses++;
    struct buf text;
    buf_init(&text, (size_t)1 << 20);
    macro_fill(m, args, &text);
    a->used_bytes += text.n;
    a->use_depth++;
    if (!buf_bad(&text))
        apacheconf_text(a, buf_str(&text));
    a->use_depth--;
    buf_fini(&text);
}

/* `<Macro NAME $a $b>` was met: take the lines up to `</Macro>` out of `*rest`. */
static void macro_define(struct apacheconf *a, struct str args, struct str *rest)
{
    struct str begin = *rest, line;
    size_t n = 0;
    while (str_line(rest, &line) && !str_starts_nocase(str_trim(line), STR("</Macro")))
        n = (size_t)(rest->p - begin.p);
    struct apacheconf_macro *m = arena_alloc(a->arena, sizeof *m);
    if (m == NULL)
        return;
    m->name = arena_str(a->arena, apacheconf_word(&args));
    m->params = arena_str(a->arena, args);
    m->body = arena_str(a->arena, str_head(begin, n));
    m->next = a->macros;
    a->macros = m;
}

/* One line with its variables filled in; `*rest` is the text behind it. */
static void line_act(struct apacheconf *a, struct str line, struct str *rest)
{
    struct str name = str_word(&line), args = str_trim(line);
    if (str_starts(name, STR("<"))) {
        if (args.n > 0 && args.p[args.n - 1] == '>')
            args = str_trim(str_head(args, args.n - 1));
        if (str_ends(name, STR(">")))
            name.n--;
    }
    if (str_eq_nocase(name, STR("Include")) || str_eq_nocase(name, STR("IncludeOptional"))) {
        apacheconf_include(a, apacheconf_word(&args));
    } else if (str_eq_nocase(name, STR("Define"))) {
        struct str var = apacheconf_word(&args);
        apacheconf_define(a, var, apacheconf_word(&args));
    } else if (str_eq_nocase(name, STR("ServerRoot"))) {
        a->server_root = arena_str(a->arena, apacheconf_word(&args));
    } else if (str_eq_nocase(name, STR("<Macro"))) {
        macro_define(a, args, rest);
    } else if (str_eq_nocase(name, STR("Use"))) {
        macro_use(a, args);
    } else {
        a->fn(a->ctx, name, args);
    }
}

/* Join continued lines into `out`; returns the joined line, which is a view of
 * the text where nothing had to be joined. */
static struct str line_join(struct str line, struct str *rest, struct buf *out)
{
    buf_reset(out);
    while (str_ends(line, STR("\\"))) {
        buf_add(out, str_head(line, line.n - 1));
        if (!str_line(rest, &line))
            line = STR("");
        if (!str_ends(line, STR("\\"))) {
            buf_add(out, line);
            return buf_bad(out) ? STR("") : buf_str(out);
        }
    }
    return line;
}

void apacheconf_text(struct apacheconf *a, struct str text)
{
    struct str line;
    struct buf joined, expanded;
    buf_init(&joined, LINE_MAX_BYTES);
    buf_init(&expanded, LINE_MAX_BYTES);
    while (str_line(&text, &line)) {
        line = str_trim(line_join(line, &text, &joined));
        if (str_empty(line) || line.p[0] == '#')
            continue;
        if (str_find(line, STR("${")) != STR_NONE) {
            buf_reset(&expanded);
            expand_vars(a, line, &expanded);
            if (buf_bad(&expanded))
                continue;
            line = buf_str(&expanded);
        }
        line_act(a, line, &text);
    }
    buf_fini(&joined);
    buf_fini(&expanded);
}
