/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_dnsbl_words - what is said of block lists: to the client, and in the log
 *
 * Lists are called by the name that the administrator gave them, so no key of a
 * paid list is ever said. What lists say themselves is outside text: it is put
 * in as it came, and whoever writes the reply or the log escapes it.
 */
#include "base/buf.h"
#include "conf/conf.h"
#include "policy/check_dnsbl_internal.h"

#define WORDS_MAX 800u

static void add_weight(struct buf *b, int64_t hundredths)
{
    int64_t positive = hundredths < 0 ? -hundredths : hundredths;
    buf_addf(b, "%s%lld.%02lld", hundredths < 0 ? "-" : "", (long long)(positive / 100),
             (long long)(positive % 100));
}

static void add_ask(struct buf *b, const struct dnsbl_ask *a)
{
    static const char *const said[] = { "was not waited for", "", "", "gave no answer", "refused",
                                        "rests" };
    char code[DNSBL_CODE_TEXT];
    if (a->answer == ASK_NO)
        return;
    if (b->n > 0)
        buf_add(b, STR("; "));
    buf_add(b, a->list->name);
    if (a->answer != ASK_LISTED) {
        buf_addf(b, " %s", said[a->answer]);
        if (a->answer == ASK_REFUSED)
            buf_addf(b, " (%s)", dnsbl_code_text(a->code, code));
        return;
    }
    buf_addf(b, " %s ", a->code != 0 ? dnsbl_code_text(a->code, code) : "(no answer)");
    add_weight(b, a->list->weight);
}

struct str dnsbl_words(struct check_run *run, const struct dnsbl_work *w,
                       const struct dnsbl_tally *t)
{
    struct buf b;
    buf_init(&b, WORDS_MAX);
    for (size_t i = 0; i < w->count; i++)
        add_ask(&b, &w->asks[i]);
    if (t->listed > 1) {
        buf_add(&b, STR("; sum "));
        add_weight(&b, t->sum);
    }
    if (w->text.n > 0) {
        buf_add(&b, STR("; \""));
        buf_add(&b, w->text);
        buf_add_c(&b, '"');
    }
    struct str words = arena_str(run->arena, buf_str(&b));
    buf_fini(&b);
    return words;
}

static void add_page(struct buf *b, const struct dnsbl_ask *a)
{
    struct str page = a->list->page != NULL ? str_c(a->list->page) : STR("");
    size_t at = str_find(page, STR("%s"));
    if (page.n == 0) {
        buf_add(b, a->list->name);
        return;
    }
    buf_add(b, str_head(page, at));
    if (at != STR_NONE) {
        buf_add(b, a->key);
        buf_add(b, str_skip(page, at + 2));
    }
}

/* What the list says, else where it can be read. */
static void add_text(struct buf *b, const struct dnsbl_work *w)
{
    if (w->text.n > 0)
        buf_add(b, w->text);
    else
        add_page(b, w->main);
}

struct str dnsbl_reply(struct check_run *run, const struct dnsbl_work *w)
{
    const char *own = w->conf->reply;
    struct str rest = own != NULL && own[0] != '\0'
                          ? str_c(own) : STR("Message rejected - %h is in an RBL, see %t");
    struct buf b;
    buf_init(&b, WORDS_MAX);
    for (size_t at; (at = str_find_c(rest, '%')) != STR_NONE && at + 1 < rest.n;) {
        buf_add(&b, str_head(rest, at));
        switch (rest.p[at + 1]) {
        case 'h': buf_add(&b, check_host(run)); break;
        case 'z': buf_add(&b, w->main->list->name); break;
        case 't': add_text(&b, w); break;
        case 'p': add_page(&b, w->main); break;
        case '%': buf_add_c(&b, '%'); break;
        default: buf_add(&b, str_make(rest.p + at, 2));
        }
        rest = str_skip(rest, at + 2);
    }
    buf_add(&b, rest);
    struct str reply = arena_str(run->arena, buf_str(&b));
    buf_fini(&b);
    return reply;
}
