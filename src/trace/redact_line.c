/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact_line - the recipients of log lines and other witnesses, by their place
 *
 * Every kind of line is taken apart by its own parser, and what the parser calls
 * a recipient is cut out; what it calls an answer is searched for names. A line that
 * cannot be taken apart loses all that could be one.
 */
#include "trace/redact.h"

#include <string.h>

#include "mail/header.h"
#include "mail/logline.h"
#include "trace/phplog.h"

#define TEXT_MAX ((size_t)4 << 20)

void redact_answer(const struct redact *x, struct str s, struct buf *b)
{
    struct buf text;
    if (!x->on || x->too_many) {
        buf_add(b, x->on && s.n > 0 ? STR(REDACTED) : s);
        return;
    }
    buf_init(&text, TEXT_MAX);
    redact_text(x, s, &text);
    redact_names_words(x, buf_str(&text), b);
    buf_fini(&text);
}

void redact_reason(const struct redact *x, enum verdict verdict, struct str s, struct buf *b)
{
    if (verdict == VERDICT_FORWARD)
        redact_answer(x, s, b);
    else
        redact_text(x, s, b);
}

/* A text that is written out while pieces of it, in their order, are treated otherwise. */
struct cutter {
    const struct redact *x;
    struct str rest;
    struct buf *b;
};

/* Up to `piece`, a view of the text. False for none, and for one that was passed already. */
static bool cut_to(struct cutter *c, struct str piece)
{
    if (piece.n == 0 || piece.p < c->rest.p)
        return false;
    size_t before = (size_t)(piece.p - c->rest.p);
    redact_text(c->x, str_head(c->rest, before), c->b);
    c->rest = str_skip(c->rest, before + piece.n);
    return true;
}

static void cut_hide(struct cutter *c, struct str piece)
{
    if (cut_to(c, piece))
        buf_add(c->b, STR(REDACTED));
}

static void cut_answer(struct cutter *c, struct str piece)
{
    if (cut_to(c, piece))
        redact_answer(c->x, piece, c->b);
}

static void cut_end(struct cutter *c)
{
    redact_text(c->x, c->rest, c->b);
}

/* --- log lines --- */

static void arrival_cut(struct cutter *c, const struct logline *line)
{
    struct line_arrival a;
    if (logline_arrival(line, &a) == 0) {
        cut_hide(c, a.has_for ? a.recipients : STR(""));
        return;
    }
    size_t at = str_find(line->text, STR(" for "));
    if (at != STR_NONE)
        cut_hide(c, str_skip(line->text, at + 5));
}

static void delivery_cut(struct cutter *c, const struct logline *line)
{
    struct line_delivery d;
    if (logline_delivery(line, &d) != 0) {
        cut_hide(c, line->text);
        return;
    }
    cut_hide(c, d.address);
    cut_hide(c, d.parents);
    cut_hide(c, d.original);
    if (d.confirmation.n > 0 && d.text.n > 0 && d.text.p < d.confirmation.p)
        cut_answer(c, d.text);
    cut_answer(c, d.confirmation);
    cut_answer(c, d.text);
}

static void operands_cut(struct cutter *c, struct str operands)
{
    struct str address;
    while (logline_arg_recipient(&operands, &address))
        cut_hide(c, address);
}

static void cwd_cut(struct cutter *c, const struct logline *line)
{
    struct line_cwd cwd;
    if (line->class == LINE_CWD_MORE)
        operands_cut(c, line->text);
    else if (logline_cwd(line, &cwd) == 0)
        operands_cut(c, cwd.operands);
    else
        cut_hide(c, line->text);
}

static void rejected_cut(struct cutter *c, const struct logline *line)
{
    struct line_rejected j;
    if (logline_rejected(line, &j) != 0) {
        cut_answer(c, line->text);
        return;
    }
    cut_hide(c, j.recipient);
    cut_answer(c, j.text);
}

/* What an alias was, and what it leads to. */
static void redirect_cut(struct cutter *c, const struct logline *line)
{
    struct line_cpanel p;
    if (logline_cpanel(line, &p) != 0)
        return;
    bool forward_first = p.forward.n > 0 && p.original.n > 0 && p.forward.p < p.original.p;
    cut_hide(c, forward_first ? p.forward : p.original);
    cut_hide(c, forward_first ? p.original : p.forward);
}

static void line_cut(struct cutter *c, const struct logline *line)
{
    switch (line->class) {
    case LINE_ARRIVAL:
        arrival_cut(c, line);
        break;
    case LINE_DELIVERY:
    case LINE_FAILURE:
    case LINE_DEFERRAL:
        delivery_cut(c, line);
        break;
    case LINE_CWD:
    case LINE_CWD_MORE:
        cwd_cut(c, line);
        break;
    case LINE_REJECTED:
        rejected_cut(c, line);
        break;
    case LINE_OTHER:
        cut_answer(c, line->text);
        break;
    case LINE_CPANEL_CONNECTION:
        redirect_cut(c, line);
        break;
    default:
        break;
    }
}

void redact_line(const struct redact *x, const struct logline *line, struct buf *b)
{
    struct cutter c = { x, line->raw, b };
    if (x->on)
        line_cut(&c, line);
    cut_end(&c);
}

void redact_args(const struct redact *x, const struct line_cwd *c, struct buf *b)
{
    struct cutter cut = { x, c->args, b };
    if (x->on)
        operands_cut(&cut, c->operands);
    cut_end(&cut);
}

/* --- witnesses --- */

/* Where a client made it readable in several ways, all that could be a recipient. */
static void received_cut(struct cutter *c)
{
    struct header_received h;
    size_t at = str_find(c->rest, STR(" for "));
    if (header_received(c->rest, &h) == 0 && !h.ambiguous)
        cut_hide(c, h.recipient);
    else if (at != STR_NONE)
        cut_hide(c, str_skip(c->rest, at + 5));
}

/* mail() logs the recipients and the headers, with Cc and Bcc among them. */
static void php_cut(struct cutter *c)
{
    struct phplog_line p;
    if (phplog_parse(c->rest, &p) != 0) {
        size_t to = str_find(c->rest, STR(" To: "));
        cut_hide(c, to == STR_NONE ? STR("") : str_skip(c->rest, to + 5));
        return;
    }
    cut_hide(c, p.to);
    cut_answer(c, p.headers);
}

void redact_witness(const struct redact *x, const struct witness *w, struct buf *b)
{
    struct logline line;
    struct cutter c = { x, w->text, b };
    if (x->on && strcmp(w->kind, "received") == 0)
        received_cut(&c);
    else if (x->on && strcmp(w->kind, "php-log") == 0)
        php_cut(&c);
    else if (x->on && logline_parse(w->text, NULL, &line) == 0)
        line_cut(&c, &line);
    cut_end(&c);
}
