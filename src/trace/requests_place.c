/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requests_place - a URL path and the directory that its script runs in
 *
 * A web server maps a path to a file below the document root, and PHP changes to
 * the directory of that file before it runs it. Escapes are decoded only for
 * this comparison; the path that is reported stays as the client sent it.
 * Rewriting is not known here: a URL that some index.php answers for lies below
 * that file's directory.
 */
#include "base/buf.h"
#include "trace/requests_internal.h"

#define FILE_PATH_MAX ((size_t)8192)

/* `/a.php/x/y` is the script `/a.php` with something behind it. */
struct str url_script(struct str path)
{
    static const struct str ends[] = { STR_INIT(".php/"), STR_INIT(".cgi/"), STR_INIT(".pl/"),
                                       STR_INIT(".py/"), STR_INIT(".phtml/") };
    for (size_t from = 0;;) {
        size_t dot = str_find_c(str_skip(path, from), '.');
        if (dot == STR_NONE)
            return path;
        from += dot;
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
            if (str_starts(str_skip(path, from), ends[i]))
                return str_head(path, from + ends[i].n - 1);
        }
        from++;
    }
}

bool url_is_fixed(struct str path)
{
    static const char *const kinds[] = {
        ".css", ".js", ".mjs", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp",
        ".avif", ".woff", ".woff2", ".ttf", ".eot", ".otf", ".mp3", ".mp4", ".webm", ".pdf",
        ".zip", ".txt", ".gz",
    };
    size_t dot = str_rfind_c(path, '.');
    if (dot == STR_NONE || path.n - dot > 6)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (str_eq_nocase(str_skip(path, dot), str_c(kinds[i])))
            return true;
    }
    return false;
}

static int hex_digit(char c)
{
    if (ascii_digit(c))
        return c - '0';
    c = ascii_tolower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The file below `docroot` that a URL path names, as a path: escapes decoded, double
 * slashes made one. False if it is not below the site's prefix. */
static bool url_file(const struct site *site, struct str docroot, struct str path,
                     struct buf *out)
{
    buf_reset(out);
    if (site->prefix.n > 1 &&
        (!str_eat(&path, site->prefix) || (path.n > 0 && path.p[0] != '/')))
        return false;
    buf_add(out, docroot);
    buf_add_c(out, '/');
    while (!str_empty(path)) {
        int high = path.n > 2 && path.p[0] == '%' ? hex_digit(path.p[1]) : -1;
        int low = high < 0 ? -1 : hex_digit(path.p[2]);
        char c = low < 0 ? path.p[0] : (char)(high * 16 + low);
        path = str_skip(path, low < 0 ? 1 : 3);
        if (c == '/' && out->n > 0 && out->p[out->n - 1] == '/')
            continue;
        buf_add_c(out, c);
    }
    return !buf_bad(out);
}

/* Where the script of a URL lies, seen from the cwd. */
static enum url_place place_under(const struct requests_query *q, const struct site *site,
                              struct str docroot, struct str path)
{
    struct buf file;
    enum url_place place = PLACE_OTHER;
    struct str cwd = q->cwd;
    while (cwd.n > 1 && cwd.p[cwd.n - 1] == '/')
        cwd.n--;
    if (!str_starts(cwd, docroot) || (cwd.n > docroot.n && cwd.p[docroot.n] != '/'))
        return PLACE_UNKNOWN;
    buf_init(&file, FILE_PATH_MAX);
    if (url_file(site, docroot, path, &file)) {
        size_t slash = str_rfind_c(buf_str(&file), '/');
        struct str dir = str_head(buf_str(&file), slash);
        if (str_eq(dir, cwd))
            place = PLACE_CWD;
        else if (str_starts(dir, cwd) && dir.p[cwd.n] == '/')
            place = PLACE_FRONT;
    }
    buf_fini(&file);
    return place;
}

enum url_place url_place(const struct requests_query *q, const struct site *site, struct str path)
{
    if (str_empty(q->cwd))
        return PLACE_UNKNOWN;
    enum url_place text = place_under(q, site, site->docroot, path);
    if (str_eq(site->real, site->docroot))
        return text;
    enum url_place real = place_under(q, site, site->real, path);
    if (text == PLACE_UNKNOWN || real == PLACE_UNKNOWN)
        return text == PLACE_UNKNOWN ? real : text;
    return text > real ? text : real;
}

enum url_match url_match(const struct requests_query *q, const struct site *site, struct str path)
{
    struct str script = url_script(q->script);
    enum url_match match = MATCH_NONE;
    struct buf file;
    if (str_empty(script))
        return MATCH_NONE;
    if (str_eq(script, path))
        return MATCH_PATH;
    size_t slash = str_rfind_c(path, '/'), cut = str_rfind_c(script, '/');
    struct str name = cut == STR_NONE ? script : str_skip(script, cut + 1);
    if (slash != STR_NONE && !str_empty(name) && str_eq(str_skip(path, slash + 1), name))
        match = MATCH_NAME;
    buf_init(&file, FILE_PATH_MAX);
    if ((url_file(site, site->docroot, path, &file) && str_eq(buf_str(&file), script)) ||
        (url_file(site, site->real, path, &file) && str_eq(buf_str(&file), script)))
        match = MATCH_PATH;
    buf_fini(&file);
    return match;
}

static bool is_post(struct str method)
{
    return str_eq(method, STR("POST")) || str_eq(method, STR("PUT")) ||
           str_eq(method, STR("PATCH"));
}

double url_method_weight(struct str method)
{
    if (is_post(method))
        return 1.0;
    if (str_eq(method, STR("GET")))
        return 0.4;
    if (str_eq(method, STR("HEAD")) || str_eq(method, STR("OPTIONS")))
        return 0.1;
    return 0.3;
}
