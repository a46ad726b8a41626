/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_setup - print what setup would do or has done
 *
 * The difference is printed as it is where it can be handed to patch(1), and
 * escaped and coloured on a terminal.
 */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "cmd/render.h"
#include "cmd/setup.h"
#include "kit/diff.h"

#define DIFF_MAX ((size_t)32 << 20)
#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define CYAN "\033[36m"
#define PLAIN "\033[0m"

static void safe(const struct setup *s, struct str text)
{
    render_safe(s->out, text);
}

static void field(const struct setup *s, const char *name, struct str text)
{
    fprintf(s->out, "%s%-9s%s", s->color ? BOLD : "", name, s->color ? PLAIN : "");
    safe(s, text);
    fputc('\n', s->out);
}

/* --- the difference --- */

static int diff_of(const struct plan_edit *e, struct buf *out)
{
    struct diff_file f = { .path = e->path, .before = e->was.text, .after = e->text,
                           .existed = e->was.exists, .exists = true };
    return diff_unified(&f, out);
}

static const char *line_color(struct str line)
{
    if (str_starts(line, STR("--- ")) || str_starts(line, STR("+++ ")))
        return BOLD;
    if (str_starts(line, STR("@@")))
        return CYAN;
    return str_starts(line, STR("+")) ? GREEN : str_starts(line, STR("-")) ? RED : "";
}

/* A line for a terminal: escaped, but for its tabs. */
static void line_print(const struct setup *s, struct str line)
{
    const char *color = s->color ? line_color(line) : "";
    fputs(color, s->out);
    while (line.n > 0) {
        bool tab = str_find_c(line, '\t') != STR_NONE;
        safe(s, str_cut(&line, '\t'));
        if (tab)
            fputc('\t', s->out);
    }
    fprintf(s->out, "%s\n", *color != '\0' ? PLAIN : "");
}

static void edit_print(const struct setup *s, const struct plan_edit *e)
{
    bool terminal = isatty(fileno(s->out)) == 1 || s->color;
    struct buf b;
    struct str text, line;
    buf_init(&b, DIFF_MAX);
    if (diff_of(e, &b) != 0)
        fprintf(s->out, "(the difference is too long to be shown)\n");
    text = buf_str(&b);
    if (!terminal)
        fwrite(text.p, 1, text.n, s->out);
    while (terminal && str_line(&text, &line))
        line_print(s, line);
    buf_fini(&b);
}

/* The administrator's own files first, the kit's behind them. */
static void diff_print(const struct setup *s)
{
    for (int kit = 0; kit < 2; kit++) {
        for (size_t i = 0; i < s->plan.edit_count; i++) {
            const struct plan_edit *e = &s->plan.edits[i];
            if (str_starts(e->path, s->plan.folder) == (kit == 1))
                edit_print(s, e);
        }
    }
}

/* --- for people --- */

static bool plan_changes(const struct setup *s)
{
    for (size_t i = 0; i < s->plan.edit_count; i++) {
        if (plan_edit_changes(&s->plan.edits[i]))
            return true;
    }
    return false;
}

static void head_print(const struct setup *s)
{
    const struct plan *p = &s->plan;
    struct buf b;
    buf_init(&b, 4096);
    buf_addf(&b, "%s: %.*s", plan_layout_name(p->layout), STR_ARG(p->why));
    field(s, "Layout", buf_str(&b));
    buf_reset(&b);
    buf_addf(&b, "%.*s, asks %.*s, waits up to %.*s", STR_ARG(p->folder), STR_ARG(p->socket),
             STR_ARG(p->timeout));
    field(s, "Kit", buf_str(&b));
    buf_fini(&b);
}

static void notes_print(const struct setup *s)
{
    for (size_t i = 0; i < s->plan.notes.n; i++)
        field(s, "Note", s->plan.notes.at[i]);
}

static void said_print(const struct setup *s)
{
    for (size_t i = 0; i < s->apply.said_count; i++) {
        const struct apply_said *x = &s->apply.said[i];
        if (x->what == APPLY_SAME)
            continue;
        fprintf(s->out, "%-9s", apply_what_name(x->what));
        safe(s, x->path);
        if (x->why.n > 0) {
            fputs("  (", s->out);
            safe(s, x->why);
            fputc(')', s->out);
        }
        fputc('\n', s->out);
    }
}

static void test_print(const struct setup *s)
{
    static const char *const names[] = { "passed: ", "failed: ", "skipped: " };
    struct buf b;
    struct str line, rest = s->test.output;
    if (!s->tested)
        return;
    buf_init(&b, 4096);
    buf_addf(&b, "%s%.*s", names[s->test.result], STR_ARG(s->test.text));
    field(s, "Test", buf_str(&b));
    buf_fini(&b);
    while (str_line(&rest, &line)) {
        fputs("         | ", s->out);
        safe(s, line);
        fputc('\n', s->out);
    }
}

static void next_print(const struct setup *s)
{
    for (size_t i = 0; i < s->plan.next.n; i++)
        field(s, i == 0 ? "Next" : "", s->plan.next.at[i]);
}

static void shown_print(const struct setup *s)
{
    head_print(s);
    notes_print(s);
    if (!plan_changes(s)) {
        fprintf(s->out, "Nothing to do: it is set up like that already.\n");
        return;
    }
    fputc('\n', s->out);
    diff_print(s);
    fprintf(s->out, "\nNothing was changed. The same options with --apply do it.\n");
}

static void applied_print(const struct setup *s)
{
    head_print(s);
    notes_print(s);
    said_print(s);
    if (!s->changed)
        fprintf(s->out, "Nothing was changed: it was set up like that already.\n");
    test_print(s);
    if (s->rolled_back) {
        fprintf(s->out, "All changes were taken back; Exim goes on as before.\n");
        return;
    }
    if (s->root != NULL)
        fprintf(s->out, "Exim was not asked, because this is a copy below --root.\n");
    else if (!s->tested)
        fprintf(s->out, "Exim was not asked: nothing was tested.\n");
    if (s->changed)
        next_print(s);
    fprintf(s->out, "Undo with postern setup exim --undo.\n");
}

static void undone_print(const struct setup *s)
{
    said_print(s);
    if (!s->changed) {
        fprintf(s->out, "Nothing to undo: nothing was set up here.\n");
        return;
    }
    test_print(s);
    next_print(s);
}

void render_setup_text(const struct setup *s)
{
    if (s->act == SETUP_SHOW)
        shown_print(s);
    else if (s->act == SETUP_APPLY)
        applied_print(s);
    else
        undone_print(s);
}

/* --- for programs --- */

/* JSON is UTF-8: what is not is escaped as everywhere. */
static json_t *text_json(struct str text)
{
    struct buf b;
    json_t *out = json_stringn(text.p, text.n);
    if (out != NULL)
        return out;
    buf_init(&b, DIFF_MAX);
    buf_add_safe(&b, text);
    out = json_stringn(buf_str(&b).p, b.n);
    buf_fini(&b);
    return out == NULL ? json_null() : out;
}

static json_t *texts_json(const struct plan_texts *t)
{
    json_t *out = json_array();
    for (size_t i = 0; i < t->n; i++)
        json_array_append_new(out, text_json(t->at[i]));
    return out;
}

static json_t *planned_json(const struct setup *s)
{
    json_t *out = json_array();
    for (size_t i = 0; i < s->plan.edit_count; i++) {
        const struct plan_edit *e = &s->plan.edits[i];
        const char *what = !plan_edit_changes(e) ? "same" : e->was.exists ? "change" : "create";
        struct buf b;
        buf_init(&b, DIFF_MAX);
        if (diff_of(e, &b) != 0)
            buf_reset(&b);
        json_array_append_new(out, json_pack("{s:o, s:s, s:o}", "path", text_json(e->path), "what",
                                             what, "diff", text_json(buf_str(&b))));
        buf_fini(&b);
    }
    return out;
}

static json_t *done_json(const struct setup *s)
{
    json_t *out = json_array();
    for (size_t i = 0; i < s->apply.said_count; i++) {
        const struct apply_said *x = &s->apply.said[i];
        json_array_append_new(out, json_pack("{s:o, s:s, s:o}", "path", text_json(x->path), "what",
                                             apply_what_name(x->what), "why", text_json(x->why)));
    }
    return out;
}

static json_t *test_json(const struct setup *s)
{
    static const char *const names[] = { "passed", "failed", "skipped" };
    if (!s->tested)
        return json_null();
    return json_pack("{s:s, s:o, s:o}", "result", names[s->test.result], "text",
                     text_json(s->test.text), "output", text_json(s->test.output));
}

void render_setup_json(const struct setup *s)
{
    static const char *const acts[] = { "show", "apply", "undo" };
    json_t *out = json_pack("{s:s, s:b, s:b}", "act", acts[s->act], "changed", (int)s->changed,
                            "rolled_back", (int)s->rolled_back);
    if (s->planned) {
        const struct plan *p = &s->plan;
        json_object_set_new(out, "layout", json_string(plan_layout_name(p->layout)));
        json_object_set_new(out, "why", text_json(p->why));
        json_object_set_new(out, "kit", text_json(p->folder));
        json_object_set_new(out, "socket", text_json(p->socket));
        json_object_set_new(out, "timeout", text_json(p->timeout));
    }
    json_object_set_new(out, "files", s->act == SETUP_SHOW ? planned_json(s) : done_json(s));
    json_object_set_new(out, "notes", texts_json(&s->plan.notes));
    json_object_set_new(out, "test", test_json(s));
    json_object_set_new(out, "next", texts_json(&s->plan.next));
    json_dumpf(out, s->out, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputc('\n', s->out);
    json_decref(out);
}
