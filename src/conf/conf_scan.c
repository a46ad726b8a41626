/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_scan - what libconfuse must never get to see
 *
 * A scanner with three places it can be in: between tokens, in a comment, in a
 * string. It knows nothing of sections and settings. What it lets pass is a
 * small part of libconfuse's language, and in that part the two agree.
 */
#include "conf/conf_scan.h"

struct scan {
    struct str text;
    size_t at;
    unsigned line, depth, braces;
    unsigned open_line;          /* of the outermost brace that is open */
    struct buf *clean;
    struct err *err;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* May stand in a word without quotes. */
static bool plain(char c)
{
    return ascii_alnum(c) || (c != '\0' && strchr("_-.:/@%![]&", c) != NULL);
}

static char peek(const struct scan *s, size_t ahead)
{
    size_t left = s->text.n - s->at;
    return ahead < left ? s->text.p[s->at + ahead] : '\0';
}

static int bad_byte(struct scan *s, char c)
{
    if (control(c))
        return err_set(s->err, ERR_FORMAT, "a control byte (0x%02x): write plain text",
                       (unsigned char)c);
    return err_set(s->err, ERR_FORMAT,
                   "the byte '%c' cannot stand here: put a value that has other bytes than "
                   "letters, digits and . : / @ - _ %% into double quotes", c);
}

static void take(struct scan *s)
{
    buf_add_c(s->clean, s->text.p[s->at++]);
}

static void comment_skip(struct scan *s)
{
    while (s->at < s->text.n && s->text.p[s->at] != '\n') {
        buf_add_c(s->clean, ' ');
        s->at++;
    }
}

/* The byte of a string at s->at, which is not its end. */
static int string_byte(struct scan *s, char quote)
{
    char c = peek(s, 0), next = peek(s, 1);
    if (control(c))
        return c == '\n' ? err_set(s->err, ERR_FORMAT,
                                   "a string begins in this line and does not end in it: close it "
                                   "with %c", quote)
                         : bad_byte(s, c);
    if (c == '$' && next == '{' && quote == '"')
        return err_set(s->err, ERR_FORMAT,
                       "${ would be an environment variable, which is not supported: write the "
                       "value itself, or put ${ into single quotes");
    if (c == '\\' && next != '"' && next != '\\' && next != '\'')
        return err_set(s->err, ERR_FORMAT, "a backslash must be followed by a quote or by another "
                                           "backslash: write \\\\ for one");
    if (c == '\\')
        take(s);
    take(s);
    return 0;
}

static int string_take(struct scan *s)
{
    char quote = peek(s, 0);
    size_t begin = s->at;
    take(s);
    while (s->at < s->text.n && peek(s, 0) != quote) {
        if (string_byte(s, quote) != 0)
            return -1;
        if (s->at - begin > CONF_VALUE_BYTES_MAX)
            return err_set(s->err, ERR_LIMIT, "a string of more than %u bytes: shorten it",
                           CONF_VALUE_BYTES_MAX);
    }
    if (s->at == s->text.n)
        return err_set(s->err, ERR_FORMAT, "a string begins in this line and does not end: close "
                                           "it with %c", quote);
    take(s);
    char after = peek(s, 0);
    if (plain(after) || after == '"' || after == '\'')
        return err_set(s->err, ERR_FORMAT, "something follows a string immediately: put a blank or "
                                           "a comma between them");
    return 0;
}

static int word_take(struct scan *s)
{
    size_t begin = s->at;
    while (plain(peek(s, 0))) {
        char c = peek(s, 0), next = peek(s, 1);
        if (c == '/' && (next == '/' || next == '*'))
            return err_set(s->err, ERR_FORMAT, "/%c cannot stand here: comments begin with #; put "
                                               "a value that holds it into double quotes", next);
        take(s);
    }
    if (s->at - begin > CONF_VALUE_BYTES_MAX)
        return err_set(s->err, ERR_LIMIT, "a word of more than %u bytes: shorten it",
                       CONF_VALUE_BYTES_MAX);
    return peek(s, 0) == '"' || peek(s, 0) == '\''
               ? err_set(s->err, ERR_FORMAT, "a quote inside of a word: put the whole of it into "
                                             "quotes")
               : 0;
}

static int brace_take(struct scan *s)
{
    if (peek(s, 0) == '{') {
        if (++s->braces > CONF_BRACES_MAX)
            return err_set(s->err, ERR_LIMIT, "more than %u sections and lists", CONF_BRACES_MAX);
        if (s->depth++ == 0)
            s->open_line = s->line;
    } else if (s->depth-- == 0) {
        return err_set(s->err, ERR_FORMAT, "a } without a { before it: remove it, or look for a "
                                           "section that is closed twice");
    }
    take(s);
    return 0;
}

static int token_take(struct scan *s)
{
    char c = peek(s, 0);
    if (c == '"' || c == '\'')
        return string_take(s);
    if (c == '{' || c == '}')
        return brace_take(s);
    if (plain(c))
        return word_take(s);
    if (c != '=' && c != ',')
        return bad_byte(s, c);
    take(s);
    return 0;
}

/* CR only as part of CRLF: alone it would hide what stands before it on a terminal. */
static int step(struct scan *s)
{
    char c = peek(s, 0);
    if (c == '#') {
        comment_skip(s);
        return 0;
    }
    if (!blank(c) || (c == '\r' && peek(s, 1) != '\n'))
        return token_take(s);
    s->line += c == '\n';
    buf_add_c(s->clean, c == '\r' ? ' ' : c);
    s->at++;
    return 0;
}

int conf_scan(struct str text, struct buf *clean, unsigned *line_out, struct err *err)
{
    struct scan s = { .text = text, .line = 1, .clean = clean, .err = err };
    int rc = 0;
    if (text.n > CONF_FILE_MAX)
        rc = err_set(err, ERR_LIMIT, "larger than %u bytes, the most that is read", CONF_FILE_MAX);
    while (rc == 0 && s.at < text.n)
        rc = step(&s);
    if (rc == 0 && s.depth > 0) {
        s.line = s.open_line;
        rc = err_set(err, ERR_FORMAT, "the { in this line is never closed: write } where its "
                                      "section or list ends");
    }
    *line_out = s.line;
    return rc;
}
