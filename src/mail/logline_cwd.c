/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline_cwd - the line that a process of Exim writes when it starts
 *
 *     cwd=DIR N args: /usr/sbin/sendmail -t -i
 *
 * The directory is not escaped. Users name their directories, and give their
 * arguments, so both may hold ` 3 args:`. The number of arguments decides: of
 * the places where the directory could end, one counts only if as many arguments
 * follow it as it says. An argument with a space is in quotes, so an imitation within one is
 * passed over; an imitation within the directory is found out by the real one behind it, which
 * stands outside of quotes and agrees as well. Whatever is tried within one line, the directory
 * that comes out begins with the true one or is the beginning of it, so the blame stays in the
 * user's own tree. A line end in the name is another matter: what follows it looks like a line of
 * its own, of whomever it names. Who reads lines must put them together first (trace/cwdname.h).
 *
 * Source: exim.c; the Exim specification, chapter "The Exim command line".
 */
#define _GNU_SOURCE
#include "mail/logline_internal.h"
#include "mail/msgid.h"

/* Places where the directory may end: so many from the front, as many from the back. */
#define PLACES_MAX 8

/* ---- arguments ---- */

bool logline_arg(struct str *args, struct str *arg_out)
{
    while (args->n > 0 && args->p[0] == ' ')
        *args = str_skip(*args, 1);
    if (args->n == 0)
        return false;
    if (args->p[0] != '"') {
        *arg_out = logline_eat_token(args);
        return true;
    }
    /* An inner quote is not escaped; the outer one has a space or nothing behind it. Without one
     * the line is cut: all the rest is this argument, so that no rest is searched twice. */
    size_t i = 1;
    while (i < args->n && (args->p[i] != '"' || (i + 1 < args->n && args->p[i + 1] != ' ')))
        i++;
    *arg_out = str_make(args->p + 1, i - 1);
    *args = str_skip(*args, i + 1);
    return true;
}

/* Options of one letter that take the next argument when nothing is attached to them. */
static bool letter_takes_next(char letter)
{
    static const char letters[] = "fFrBCLOXh";
    return memchr(letters, letter, sizeof letters - 1) != NULL;
}

/* -oM and its kin describe the message as received from elsewhere; -oA, -oP, -oX name things. */
static bool o_takes_next(struct str option)
{
    static const char kinds[] = "aimrst";
    if (option.n == 3)
        return option.p[2] == 'A' || option.p[2] == 'P' || option.p[2] == 'X';
    return (option.n == 4 || option.n == 5) && option.p[2] == 'M' &&
           memchr(kinds, option.p[3], sizeof kinds - 1) != NULL;
}

static bool takes_next(struct str option)
{
    if (option.n == 2)
        return letter_takes_next(option.p[1]);
    return option.p[1] == 'o' && o_takes_next(option);
}

static bool is_option(struct str arg)
{
    return arg.n > 1 && arg.p[0] == '-';
}

bool logline_arg_recipient(struct str *args, struct str *address_out)
{
    struct str arg;
    while (logline_arg(args, &arg)) {
        if (!is_option(arg)) {
            *address_out = arg;
            return true;
        }
        if (takes_next(arg))
            logline_arg(args, &arg);
    }
    return false;
}

/* ---- where the directory ends ---- */

struct place {
    size_t dir_end;         /* of ` N args:` */
    size_t args_at;         /* behind it */
    uint64_t argc;
    bool agrees;
};

/* Where the digits of ` N args:` begin whose ` args:` is at `at`; 0 if it is something else. */
static inline size_t digits_at(struct str text, size_t at)
{
    size_t i = at, behind = at + STR(" args:").n;
    while (i > 0 && ascii_digit(text.p[i - 1]))
        i--;
    bool framed = i > 0 && text.p[i - 1] == ' ' && (behind == text.n || text.p[behind] == ' ');
    return framed && i < at && at - i <= 9 ? i : 0;
}

static bool place_at(struct str text, size_t at, struct place *out)
{
    size_t i = digits_at(text, at);
    if (i == 0)
        return false;
    out->dir_end = i - 1;
    out->args_at = at + STR(" args:").n;
    str_u64(str_make(text.p + i, at - i), &out->argc);
    return true;
}

static bool is_cut(struct str args)
{
    return str_ends(args, STR(" ..."));
}

static void place_count(struct str text, struct place *p)
{
    struct str args = str_skip(text, p->args_at), arg;
    uint64_t n = 0;
    bool cut = is_cut(args);
    while (n <= p->argc && logline_arg(&args, &arg))
        n++;
    p->agrees = cut ? n <= p->argc : n == p->argc;
}

/* The next ` args:` from `from` on, or STR_NONE. By its colon, which is rare in what it is in. */
static size_t args_find(struct str text, size_t from)
{
    const struct str mark = STR(" args:");
    for (size_t at = from + mark.n - 1; at < text.n; at++) {
        size_t colon = str_find_c(str_skip(text, at), ':');
        if (colon == STR_NONE)
            break;
        at += colon;
        if (memcmp(text.p + at + 1 - mark.n, mark.p, mark.n) == 0)
            return at + 1 - mark.n;
    }
    return STR_NONE;
}

/* The places of the line: the first few and the last few. Returns how many. */
static size_t places_find(struct str text, struct place places[2 * PLACES_MAX])
{
    size_t n = 0;
    for (size_t at = 0; (at = args_find(text, at)) != STR_NONE; at++) {
        struct place place;
        if (!place_at(text, at, &place))
            continue;
        if (n == 2 * PLACES_MAX) {
            memmove(&places[PLACES_MAX], &places[PLACES_MAX + 1],
                    (PLACES_MAX - 1) * sizeof places[0]);
            n--;
        }
        places[n++] = place;
    }
    return n;
}

bool logline_cwd_whole(struct str text)
{
    for (size_t at = 0; (at = args_find(text, at)) != STR_NONE; at++) {
        if (digits_at(text, at) > 0)
            return true;
    }
    return false;
}

/* An argument begins at `at` when the arguments are counted from `first`: so what stands there is
 * not inside of quotes. */
static bool begins_argument(struct str text, const struct place *first, size_t at)
{
    struct str args = str_skip(text, first->args_at), arg;
    size_t end = first->args_at;
    while (end < at && logline_arg(&args, &arg))
        end = (size_t)(args.p - text.p);
    return end == at;
}

/* Choose as the comment at the top says. With none that agrees, the last; with one there is
 * nothing to choose, and nothing is counted. */
static const struct place *place_choose(struct str text, struct place *places, size_t n)
{
    const struct place *chosen = NULL;
    for (size_t i = 0; i < n && n > 1; i++) {
        place_count(text, &places[i]);
        if (places[i].agrees &&
            (chosen == NULL || begins_argument(text, chosen, places[i].dir_end)))
            chosen = &places[i];
    }
    return chosen == NULL ? &places[n - 1] : chosen;
}

/* ---- what the process was called for ---- */

static bool is_id(struct str s)
{
    size_t n = msgid_prefix(s);
    return n > 0 && n == s.n;
}

/* -bm, -bs and -bS take a message; -bnq goes with them. All other -b are something else. */
static enum cwd_mode mode_of_b(struct str option, enum cwd_mode mode)
{
    if (str_eq(option, STR("-bs")) || str_eq(option, STR("-bS")))
        return CWD_SUBMIT_SMTP;
    return str_eq(option, STR("-bm")) || str_eq(option, STR("-bnq")) ? mode : CWD_OTHER;
}

/* What an option says of the mode. -M.. and -q.. act on the queue, -R and -S on parts of it. A
 * session stays one with -E. */
static enum cwd_mode mode_of_option(struct str option, enum cwd_mode mode)
{
    if (mode == CWD_OTHER)
        return mode;
    switch (option.p[1]) {
    case 'b':
        return mode_of_b(option, mode);
    case 'M':
    case 'q':
    case 'R':
    case 'S':
        return CWD_OTHER;
    case 'E':
        return mode != CWD_SUBMIT_SMTP && is_id(str_skip(option, 2)) ? CWD_BOUNCE : mode;
    default:
        return mode;
    }
}

/* By the name under which Exim was called. */
static enum cwd_mode mode_of_program(struct str program)
{
    size_t slash = str_rfind_c(program, '/');
    struct str name = str_skip(program, slash == STR_NONE ? 0 : slash + 1);
    if (str_eq(name, STR("mailq")) || str_eq(name, STR("newaliases")) || str_eq(name, STR("runq")))
        return CWD_OTHER;
    return str_eq(name, STR("rsmtp")) ? CWD_SUBMIT_SMTP : CWD_SUBMIT;
}

/* The value of `-f addr` or `-faddr`. */
static struct str option_value(struct str arg, struct str *args)
{
    struct str value = str_skip(arg, 2);
    if (value.n == 0)
        logline_arg(args, &value);
    return value;
}

static void take_sender(struct str value, struct line_cwd *out)
{
    if (value.n > 1 && value.p[0] == '<' && value.p[value.n - 1] == '>')
        value = str_make(value.p + 1, value.n - 2);
    out->sender = value;
    out->has_sender = true;
}

static void take_option(struct str option, struct str *args, struct line_cwd *out)
{
    out->mode = mode_of_option(option, out->mode);
    switch (option.p[1]) {
    case 'f':
    case 'r':
        take_sender(option_value(option, args), out);
        break;
    case 'F':
        out->full_name = option_value(option, args);
        break;
    case 'E':
        if (is_id(str_skip(option, 2)))      /* Exim overlooks the option with anything else */
            out->parent = str_skip(option, 2);
        break;
    case 't':
        out->reads_recipients |= option.n == 2 || str_eq(option, STR("-ti"));
        break;
    default:
        if (takes_next(option))
            logline_arg(args, &option);
    }
}

static void take_arguments(struct line_cwd *out)
{
    struct str args = out->args, arg;
    if (logline_arg(&args, &arg))
        out->program = arg;
    str_eat(&args, STR(" "));
    out->operands = args;
    out->mode = mode_of_program(out->program);
    while (logline_arg(&args, &arg)) {
        if (str_eq(arg, STR("--")))
            return;
        if (is_option(arg))
            take_option(arg, &args, out);
    }
}

int logline_cwd(const struct logline *line, struct line_cwd *out)
{
    struct place places[2 * PLACES_MAX];
    struct str text = line->text;
    *out = (struct line_cwd){ .mode = CWD_OTHER };
    if (!str_eat(&text, STR("cwd=")))
        return -1;
    size_t n = places_find(text, places);
    if (n == 0)
        return -1;
    const struct place *place = place_choose(text, places, n);
    out->dir = str_head(text, place->dir_end);
    if (str_eq(out->dir, STR(" (failed)")))
        out->dir.n = 0;
    out->argc = place->argc;
    out->args = str_skip(text, place->args_at);
    str_eat(&out->args, STR(" "));
    out->cut = is_cut(out->args);
    if (out->cut)
        out->args.n -= STR(" ...").n;
    take_arguments(out);
    return 0;
}
