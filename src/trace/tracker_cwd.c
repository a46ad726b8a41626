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

#define FORM_SETS 1024u             /* a power of two */
#define FORM_WAYS 4u                /* texts in one set, before one pushes out another */

/* One form. Its text is known again by two hashes: to compare it would take twice as long, and
 * without the key nobody finds two texts that agree in 128 bits. */
struct form {
    uint64_t hash[2];               /* 0, 0: free */
    struct join_submission s;       /* mode CWD_OTHER: no submission. Time, pid, tag are not set */
};

struct tracker_forms {
    struct form forms[FORM_SETS][FORM_WAYS];
    unsigned next;                  /* the way to push out */
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

/* What the text of a cwd line says. False if its directory could not be kept. *parent_out: the id
 * of -E, or nothing. */
static bool submission_of(struct tracker *t, const struct logline *line,
                          struct join_submission *out, struct str *parent_out)
{
    struct line_cwd c;
    struct str address, args;
    *out = (struct join_submission){ .mode = CWD_OTHER };
    *parent_out = STR("");
    if (logline_cwd(line, &c) != 0 || c.mode == CWD_OTHER)
        return true;
    out->mode = c.mode;
    out->has_sender = c.has_sender;
    out->dir = tracker_keep(t, c.dir);
    out->sender = tracker_hash(t, c.sender);
    *parent_out = c.parent;
    if (c.parent.n > 0)
        out->parent = tracker_hash(t, c.parent);
    args = c.operands;
    while (out->recipient_count < JOIN_RECIPIENTS && logline_arg_recipient(&args, &address))
        out->recipients[out->recipient_count++] = tracker_hash(t, address);
    return out->dir.n == c.dir.n;
}

/* The id of ` -E<id>` at the end of the text: bounces differ in nothing else. */
static struct str parent_at_end(struct str text)
{
    for (size_t n = MSGID_OLD_LEN; n <= MSGID_NEW_LEN; n += MSGID_NEW_LEN - MSGID_OLD_LEN) {
        struct str id = str_skip(text, text.n - n);
        if (text.n > n + 3 && memcmp(id.p - 3, " -E", 3) == 0 && msgid_prefix(id) == n)
            return id;
    }
    return str_skip(text, text.n);
}

/* The place of a text: its own, if it is known, or the one that it may take. */
static struct form *form_of(struct tracker *t, const uint64_t hash[2])
{
    if (t->forms == NULL)
        t->forms = must_array(1, sizeof *t->forms);
    struct form *set = t->forms->forms[hash[0] & (FORM_SETS - 1)];
    for (unsigned i = 0; i < FORM_WAYS; i++) {
        if (set[i].hash[0] == hash[0] && set[i].hash[1] == hash[1])
            return &set[i];
    }
    return &set[t->forms->next++ % FORM_WAYS];
}

static void submission_find(struct tracker *t, const struct logline *line,
                            struct join_submission *out)
{
    struct str text = line->text, id = parent_at_end(text), parent;
    if (t->o.thorough) {
        submission_of(t, line, out, &parent);
        return;
    }
    struct hash_key other = { t->o.key.k1, t->o.key.k0 };
    struct str same = str_head(text, text.n - id.n);
    const uint64_t hash[2] = { hash_quick(t->o.key, same), hash_quick(other, same) + id.n };
    struct form *form = form_of(t, hash);
    if (form->hash[0] == hash[0] && form->hash[1] == hash[1]) {
        *out = form->s;
        if (id.n > 0)
            out->parent = tracker_hash(t, id);
        return;
    }
    if (submission_of(t, line, out, &parent) && (parent.p == id.p || id.n == 0))
        *form = (struct form){ { hash[0], hash[1] }, *out };
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
    free(t->forms);
    t->forms = NULL;
}
