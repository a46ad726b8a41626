/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report - all that is known of one message
 *
 * The container and its small helpers. report_shell() deserves a second look: the
 * commands that we print hold paths and addresses that an attacker may have
 * chosen, and an administrator will paste them into a root shell.
 */
#include "trace/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/utf8.h"

#define REPORT_ARENA_MAX ((size_t)40 << 20)
#define TEXT_MAX 4096

static const char *const verdict_names[VERDICT_COUNT] = {
    "script",  "cron",      "login", "webmail", "localhost-smtp", "relay",    "forward",
    "autoreply", "list",    "bounce", "inbound", "not-ours",       "expired",
};

const char *verdict_name(enum verdict v)
{
    return verdict_names[v];
}

const char *confidence_name(enum confidence c)
{
    static const char *const names[] = { "certain", "likely", "ambiguous" };
    return names[c];
}

bool verdict_named(enum verdict v)
{
    return v != VERDICT_NOT_OURS && v != VERDICT_EXPIRED;
}

struct report *report_new(void)
{
    struct report *r = must_alloc(sizeof *r);
    r->arena = arena_new(REPORT_ARENA_MAX);
    return r;
}

void report_free(struct report **r)
{
    if (*r == NULL)
        return;
    arena_free(&(*r)->arena);
    free(*r);
    *r = NULL;
}

__attribute__((format(printf, 2, 0)))
static struct str format(struct report *r, const char *fmt, va_list ap)
{
    char text[TEXT_MAX];
    int n = vsnprintf(text, sizeof text, fmt, ap);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    return arena_str(r->arena, str_make(text, len));
}

struct str report_text(struct report *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str s = format(r, fmt, ap);
    va_end(ap);
    return s;
}

void report_witness(struct report *r, const struct witness *w, const char *says, ...)
{
    if (r->witness_count == REPORT_WITNESSES_MAX)
        return;
    struct witness *own = &r->witnesses[r->witness_count++];
    *own = *w;
    va_list ap;
    va_start(ap, says);
    own->says = format(r, says, ap);
    va_end(ap);
}

void report_note(struct report *r, const char *fmt, ...)
{
    if (r->note_count == REPORT_NOTES_MAX)
        return;
    va_list ap;
    va_start(ap, fmt);
    r->notes[r->note_count++] = format(r, fmt, ap);
    va_end(ap);
}

void report_next(struct report *r, const char *fmt, ...)
{
    if (r->next_count == REPORT_NEXT_MAX)
        return;
    va_list ap;
    va_start(ap, fmt);
    struct str command = format(r, fmt, ap);
    va_end(ap);
    /* A command that was cut is another command, and its quotes may not end. */
    if (command.n > 0 && command.n < TEXT_MAX - 1)
        r->next[r->next_count++] = command;
}

void report_reason(struct report *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    r->reason = format(r, fmt, ap);
    va_end(ap);
}

/* Means itself to every shell, wherever it stands in a word (but for a - in front). */
static bool plain_char(char c)
{
    return ascii_alnum(c) || (c != '\0' && strchr("/._-@+:,%=", c) != NULL);
}

static bool plain_word(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!plain_char(s.p[i]))
            return false;
    }
    return s.n > 0 && s.p[0] != '-';
}

static bool printable(struct str s)
{
    uint32_t rune;
    for (size_t len; s.n > 0; s = str_skip(s, len)) {
        len = utf8_next(s, &rune);
        if (len == 0 || utf8_unprintable(rune))
            return false;
    }
    return true;
}

/* In single quotes, where no byte but the quote itself means anything. */
static void shell_quote(struct buf *b, struct str word)
{
    buf_add_c(b, '\'');
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == '\'')
            buf_add(b, STR("'\\''"));
        else
            buf_add_c(b, word.p[i]);
    }
    buf_add_c(b, '\'');
}

/* By printf(1), which every shell has; $'\x1b' is known to bash but not to dash. Inside of "$( )"
 * even a quoted ! means something to an interactive bash, so all but the plainest is octal. */
static void shell_printf(struct buf *b, struct str word)
{
    buf_add(b, STR("\"$(printf '"));
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (c == '%')
            buf_add(b, STR("%%"));
        else if (plain_char(c) && (c != '-' || i > 0))
            buf_add_c(b, c);
        else
            buf_addf(b, "\\%03o", (unsigned)(unsigned char)c);
    }
    buf_add(b, STR("')\""));
}

struct str report_shell(struct report *r, struct str word)
{
    if (plain_word(word))
        return word;
    /* No argument holds a NUL, and "$( )" takes line ends off: nothing rather than another word. */
    if (str_find_c(word, '\0') != STR_NONE || str_ends(word, STR("\n")))
        return STR("''");
    struct buf b;
    buf_init(&b, TEXT_MAX);
    if (word.n > 0 && word.p[0] == '-')
        buf_add(&b, STR("./"));
    if (printable(word))
        shell_quote(&b, word);
    else
        shell_printf(&b, word);
    struct str out = buf_bad(&b) ? STR("''") : arena_str(r->arena, buf_str(&b));
    buf_fini(&b);
    return out.n > 0 ? out : STR("''");
}
