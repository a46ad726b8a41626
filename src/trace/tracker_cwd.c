/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker_cwd - the lines that say from where mail was handed in
 *
 * A busy log has two of them for each local message: one of the process that took it
 * and one of the process that delivers it. The latter are known by their end. The
 * former come in a thousand forms at most, one for each script and its arguments, so
 * what a form means is remembered: the text is compared whole, and what it says
 * depends on nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "trace/tracker_internal.h"

#define MEMO_SIZE 1024u             /* forms remembered; a power of two */
#define MEMO_BITS 10
#define MEMO_TEXT 142u              /* bytes of one; longer ones are taken apart each time */

struct tracker_memo {
    uint16_t n;                     /* 0: free */
    char text[MEMO_TEXT];
    struct join_submission s;       /* mode CWD_OTHER: no submission. Time, pid, tag are not set */
};

static bool has_lone_dashes(struct str text)
{
    size_t at = 0, n;
    while ((n = str_find_c(str_skip(text, at), '-')) != STR_NONE) {
        at += n + 1;
        if (str_starts(str_skip(text, at), STR("- ")) && at > 1 && text.p[at - 2] == ' ')
            return true;
    }
    return false;
}

/* What stands before the id is the same for all of them, so it is looked through once. */
static bool redelivery_known(struct tracker *t, struct str before)
{
    if (before.n == t->redelivery_n && memcmp(before.p, t->redelivery, before.n) == 0)
        return true;
    if (has_lone_dashes(before))
        return false;
    if (before.n <= sizeof t->redelivery && !t->o.thorough) {
        memcpy(t->redelivery, before.p, before.n);
        t->redelivery_n = before.n;
    }
    return true;
}

/* `... -Mc ID` at the end: Exim starts itself again to deliver what it has just taken, once for
 * each message. Behind a lone `--` it would be a recipient, so that must not be in the line. */
static bool is_redelivery(struct tracker *t, struct str text)
{
    for (size_t n = MSGID_OLD_LEN; n <= MSGID_NEW_LEN; n += MSGID_NEW_LEN - MSGID_OLD_LEN) {
        if (text.n > n + 5 && memcmp(text.p + text.n - n - 5, " -Mc ", 5) == 0 &&
            msgid_prefix(str_skip(text, text.n - n)) == n)
            return redelivery_known(t, str_head(text, text.n - n));
    }
    return false;
}

bool tracker_cwd_again(const struct tracker *t, struct str text)
{
    size_t n = t->redelivery_n;
    return n > 0 && (text.n == n + MSGID_OLD_LEN || text.n == n + MSGID_NEW_LEN) &&
           memcmp(text.p, t->redelivery, n) == 0 && msgid_prefix(str_skip(text, n)) == text.n - n;
}

bool tracker_cwd_whole(struct tracker *t, struct str text)
{
    size_t n = t->redelivery_n;
    if (n > 0 && text.n > n && memcmp(text.p, t->redelivery, n) == 0)
        return true;
    if (!logline_cwd_whole(text))
        return false;
    is_redelivery(t, text);                  /* most are: remember how they begin */
    return true;
}

/* What the text of a cwd line says. False if its directory could not be kept. */
static bool submission_of(struct tracker *t, const struct logline *line,
                          struct join_submission *out)
{
    struct line_cwd c;
    struct str address, args;
    *out = (struct join_submission){ .mode = CWD_OTHER };
    if (logline_cwd(line, &c) != 0 || c.mode == CWD_OTHER)
        return true;
    out->mode = c.mode;
    out->has_sender = c.has_sender;
    out->dir = tracker_keep(t, c.dir);
    out->sender = tracker_hash(t, c.sender);
    if (c.parent.n > 0)
        out->parent = tracker_hash(t, c.parent);
    args = c.operands;
    while (out->recipient_count < JOIN_RECIPIENTS && logline_arg_recipient(&args, &address))
        out->recipients[out->recipient_count++] = tracker_hash(t, address);
    return out->dir.n == c.dir.n;
}

/* Where a text is remembered. Texts that meet here push each other out, which costs time only. */
static struct tracker_memo *memo_place(struct tracker *t, struct str text)
{
    uint64_t h = text.n, word;
    if (t->memo == NULL)
        t->memo = must_array(MEMO_SIZE, sizeof *t->memo);
    for (size_t i = 0; i < text.n; i += 8) {
        size_t at = i + 8 <= text.n ? i : text.n - 8;
        memcpy(&word, text.p + at, sizeof word);
        h = ((h << 29 | h >> 35) ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return &t->memo[h >> (64 - MEMO_BITS)];
}

static void submission_find(struct tracker *t, const struct logline *line,
                            struct join_submission *out)
{
    struct str text = line->text;
    if (text.n < 8 || text.n > MEMO_TEXT || t->o.thorough) {
        submission_of(t, line, out);
        return;
    }
    struct tracker_memo *memo = memo_place(t, text);
    if (memo->n != text.n || memcmp(memo->text, text.p, text.n) != 0) {
        bool kept = submission_of(t, line, &memo->s);
        memcpy(memo->text, text.p, text.n);
        memo->n = kept ? (uint16_t)text.n : 0;
    }
    *out = memo->s;
}

void tracker_cwd(struct tracker *t, const struct logline *line, int64_t utc)
{
    struct join_submission s;
    t->stats.any_cwd = true;
    if (is_redelivery(t, line->text))
        return;
    submission_find(t, line, &s);
    if (s.mode == CWD_OTHER)
        return;
    s.when = utc;
    s.pid = line->pid;
    s.tag = ++t->next_tag;
    join_submission_add(t->join, &s);
    tracker_hold_submission(t, &s);
}

void tracker_cwd_forget(struct tracker *t)
{
    free(t->memo);
    t->memo = NULL;
}
