/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_redact - any bytes as a report whose recipients are hidden
 *
 * The first three lines are the sender, the mailbox that logged in, and the recipients with tabs
 * between them; the rest is a text, which goes through every door of redact.h. Holds for any bytes:
 * nothing is invented; no address of a recipient is left but in what may stay, and where nothing
 * may stay no address at all. The names of recipients are no words of an answer, nor is their
 * local=domain. Without --redact nothing changes. What is hidden by its place: fuzz_redact_line.
 */
#include <stdint.h>

#include "base/must.h"
#include "trace/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAMES_MAX 8u
#define WORD_MAX 256u
#define MARK STR(REDACTED)

enum door { TEXT, ANSWER, REASON, LINE, ARGS, SUBJECT, SENDER, RECEIVED, PHP, ACCESS, DOORS };

struct input {
    struct str sender, login, text;
    struct delivery deliveries[NAMES_MAX];
    size_t count;
};

static struct input input_read(struct str s)
{
    struct input in = { .sender = str_cut(&s, '\n') };
    in.login = str_cut(&s, '\n');
    struct str names = str_cut(&s, '\n');
    while (names.n > 0 && in.count < NAMES_MAX)
        in.deliveries[in.count++].address = str_cut(&names, '\t');
    in.text = s;
    return in;
}

static void line_put(const struct redact *x, enum door door, struct str s, struct buf *b)
{
    struct logline line;
    struct line_cwd cwd;
    if (logline_parse(s, NULL, &line) != 0)
        redact_text(x, s, b);
    else if (door == LINE)
        redact_line(x, &line, b);
    else if (line.class == LINE_CWD && logline_cwd(&line, &cwd) == 0)
        redact_args(x, &cwd, b);
}

static void put(const struct redact *x, enum door door, struct str s, struct buf *b)
{
    static const char *const kinds[DOORS] = { [RECEIVED] = "received", [PHP] = "php-log",
                                              [ACCESS] = "access-log" };
    const struct witness w = { .kind = kinds[door], .text = s };
    if (w.kind != NULL)
        redact_witness(x, &w, b);
    else if (door == TEXT)
        redact_text(x, s, b);
    else if (door == ANSWER)
        redact_answer(x, s, b);
    else if (door == REASON)
        redact_reason(x, VERDICT_FORWARD, s, b);
    else if (door == SUBJECT || door == SENDER)
        redact_key(x->on, door == SENDER ? BY_SENDER : BY_SUBJECT, s, b);
    else
        line_put(x, door, s, b);
}

/* `out` is `in` with pieces replaced by the mark, and nothing else. */
static void pieces_check(struct str in, struct str out)
{
    must(out.n <= sizeof REDACTED * (in.n + 1));
    while (out.n > 0) {
        size_t mark = str_find(out, MARK), at = str_find(in, str_head(out, mark));
        must(at != STR_NONE);
        in = str_skip(in, at + str_head(out, mark).n);
        out = str_skip(out, mark == STR_NONE ? out.n : mark + MARK.n);
    }
}

/* --- words, told in another way than redact_names.c does --- */

static bool letter(struct str s, size_t i)
{
    return i < s.n && (ascii_alnum(s.p[i]) || s.p[i] == '-' || s.p[i] == '_' ||
                       (unsigned char)s.p[i] >= 0x80);
}

static bool in_word(struct str s, size_t i)
{
    bool dot = i > 0 && i < s.n && s.p[i] == '.';
    return letter(s, i) || (dot && letter(s, i - 1) && letter(s, i + 1));
}

static bool edge(struct str s, size_t at)
{
    return at == 0 || !in_word(s, at - 1) || !in_word(s, at);
}

/* Does `word` stand in `s`? A `-` may stand before it if `dash`. */
static bool stands(struct str s, struct str word, bool dash)
{
    for (size_t at = 0; at + word.n <= s.n; at++) {
        if (str_eq_nocase(str_make(s.p + at, word.n), word) && edge(s, at + word.n) &&
            (edge(s, at) || (dash && s.p[at - 1] == '-')))
            return true;
    }
    return false;
}

/* Of bytes that end no word, part no URL and begin no field. */
static bool plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (ascii_space(s.p[i]) || memchr("\0<>()[]:;,\"/?#&=%'@", s.p[i], 19) != NULL)
            return false;
    }
    return s.n > 0 && ascii_alnum(s.p[0]) && ascii_alnum(s.p[s.n - 1]);
}

/* A recipient that can be told from the text around it. The key of a row of top knows none. */
static void name_check(struct str address, enum door door, bool bare, struct str out)
{
    char word[WORD_MAX];
    size_t at = str_rfind_c(address, '@');
    struct str local = str_head(address, at), domain = str_skip(address, at + 1);
    if (at == STR_NONE)
        domain = STR("");
    if (!plain(local) || str_eq_nocase(local, STR("redacted")))
        return;
    must((door != ANSWER && door != REASON) || !stands(out, local, false));
    if (!plain(domain) || domain.n > 100 || local.n > 64 || door == SENDER || door == SUBJECT)
        return;
    must(!stands(out, address, false));
    memcpy(word, address.p, address.n);
    word[at] = '=';
    must(!bare || !stands(out, str_make(word, address.n), true));
}

static bool holds(struct str s, struct str address)
{
    return str_find_nocase(s, address) != STR_NONE;
}

static void input_check(const struct redact *x, const struct input *in, bool bare, struct buf *b)
{
    for (unsigned door = 0; door < DOORS; door++) {
        buf_reset(b);
        put(x, (enum door)door, in->text, b);
        struct str out = buf_str(b);
        must(!buf_bad(b));
        must(x->on || door == ARGS || str_eq(out, in->text));
        pieces_check(in->text, out);
        must(!bare || door == SENDER || (str_find_c(out, '@') == STR_NONE &&
                                         str_find(out, STR("%40")) == STR_NONE));
        for (size_t i = 0; x->on && i < in->count; i++) {
            struct str address = in->deliveries[i].address;
            if (bare || !(holds(in->sender, address) || holds(in->login, address)))
                name_check(address, (enum door)door, bare, out);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct report r;
    static struct trace_line line;
    struct input in = input_read(str_make((const char *)data, size));
    struct redact x = { .on = false };
    struct buf b;
    buf_init(&b, sizeof REDACTED * (in.text.n + 1));
    input_check(&x, &in, false, &b);
    for (unsigned bare = 0; bare < 2; bare++) {
        r = (struct report){ .deliveries = in.deliveries, .delivery_count = in.count };
        if (bare == 0) {
            r.sender = in.sender;
            r.source.login = in.login;
            r.lines = &line;
            r.line_count = logline_parse(in.text, NULL, &line.line) == 0;
            r.witnesses[0] = (struct witness){ .kind = "cwd", .text = in.text };
            r.witness_count = 1;
        }
        x.on = true;
        redact_begin(&x, &r);
        input_check(&x, &in, bare != 0, &b);
        redact_fini(&x);
    }
    buf_fini(&b);
    return 0;
}
