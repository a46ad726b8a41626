/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_value - one setting's text into its field
 *
 * A field is found by its offset, so a wrong type in the table would write
 * beside it: the unit test sets every row and reads it back by its name.
 */
#include "conf/conf_value.h"

#include "base/must.h"
#include "conf/conf.h"
#include "conf/conf_types.h"

static void *field_at(const struct setting *row, void *base)
{
    return (char *)base + row->offset;
}

/* --- numbers --- */

static const struct {
    int (*parse)(struct str text, int64_t *out);
    const char *wrong;
} numbers[] = {
    [SETTING_NUMBER] = { conf_type_number, "is no number: write digits only" },
    [SETTING_BIG] = { conf_type_number, "is no number: write digits only" },
    [SETTING_PORT] = { conf_type_number, "is no port: write a number" },
    [SETTING_SIZE] = { conf_type_size, "is no size: write a number of bytes, or 64k, 64M, 2G" },
    [SETTING_MS] = { conf_type_duration,
                     "is no duration: write a number with its unit, as 500ms, 10s, 5min, 1h" },
    [SETTING_SECONDS] = { conf_type_duration,
                          "is no duration: write a number with its unit, as 10s, 5min, 1h, 2d, "
                          "1w" },
    [SETTING_WEIGHT] = { conf_type_weight, "is no weight: write a number, as 1, 0.5 or -1.25" },
    [SETTING_OCTAL] = { conf_type_octal, "is no file mode: write octal digits, as 0660" },
};

static int number_parse(const struct setting *row, struct str text, int64_t *out, struct err *err)
{
    int64_t n;
    if (numbers[row->type].parse(text, &n) != 0)
        return err_set(err, ERR_FORMAT, "\"%.*s\" %s", STR_ARG(text), numbers[row->type].wrong);
    if (row->type == SETTING_SECONDS && n % 1000 != 0)
        return err_set(err, ERR_FORMAT, "\"%.*s\" is too fine: write whole seconds", STR_ARG(text));
    *out = row->type == SETTING_SECONDS ? n / 1000 : n;
    if (*out >= row->min && *out <= row->max)
        return 0;
    struct buf b;
    bool low = *out < row->min;
    buf_init(&b, 40);
    setting_number(row, low ? row->min : row->max, &b);
    err_set(err, ERR_FORMAT, "\"%.*s\" is too %s: write %s at %s", STR_ARG(text),
            low ? "small" : "large", buf_c(&b), low ? "least" : "most");
    buf_fini(&b);
    return -1;
}

static void number_store(const struct setting *row, void *field, int64_t n)
{
    switch (row->type) {
    case SETTING_BIG:
    case SETTING_SIZE:
        *(uint64_t *)field = (uint64_t)n;
        break;
    case SETTING_PORT:
        *(uint16_t *)field = (uint16_t)n;
        break;
    case SETTING_WEIGHT:
        *(int *)field = (int)n;
        break;
    default:
        *(unsigned *)field = (unsigned)n;
    }
}

static int number_put(const struct setting *row, void *field, struct str text, struct err *err)
{
    int64_t n = 0;
    if (number_parse(row, text, &n, err) != 0)
        return -1;
    number_store(row, field, n);
    return 0;
}

/* --- words and texts --- */

static int word_put(const struct setting *row, void *field, const char *text, struct err *err)
{
    struct buf all;
    for (const char *const *w = row->words; *w != NULL; w++) {
        if (str_eq(str_c(*w), str_c(text))) {
            *(const char **)field = *w;
            return 0;
        }
    }
    buf_init(&all, ERR_TEXT_MAX);
    for (const char *const *w = row->words; *w != NULL; w++)
        buf_addf(&all, "%s%s", w == row->words ? "" : w[1] == NULL ? " or " : ", ", *w);
    err_set(err, ERR_FORMAT, "\"%s\" is none of its words: write %s", text, buf_c(&all));
    buf_fini(&all);
    return -1;
}

static int text_check(const struct setting *row, const char *text, struct err *err)
{
    const char *wrong = row->check == NULL ? NULL : row->check(str_c(text));
    if (wrong == NULL)
        return 0;
    return row->secret ? err_set(err, ERR_FORMAT, "%s", wrong)
                       : err_set(err, ERR_FORMAT, "\"%s\" %s", text, wrong);
}

static int mode_put(void *field, const char *text, struct err *err)
{
    return conf_type_mode(str_c(text), field) == 0
               ? 0
               : err_set(err, ERR_FORMAT,
                         "\"%s\" is no mode: write off, observe, tag, defer or refuse", text);
}

static int bool_put(void *field, const char *text, struct err *err)
{
    return conf_type_bool(str_c(text), field) == 0
               ? 0
               : err_set(err, ERR_FORMAT, "\"%s\" is neither yes nor no", text);
}

static int single_put(const struct setting *row, void *field, const char *text, struct err *err)
{
    switch (row->type) {
    case SETTING_STRING:
        if (text_check(row, text, err) != 0)
            return -1;
        *(const char **)field = text;
        return 0;
    case SETTING_WORD:
        return word_put(row, field, text, err);
    case SETTING_MODE:
        return mode_put(field, text, err);
    case SETTING_BOOL:
        return bool_put(field, text, err);
    default:
        return number_put(row, field, str_c(text), err);
    }
}

/* --- lists --- */

static void *array_new(struct arena *arena, size_t n, size_t size)
{
    void *v = arena_alloc(arena, (n == 0 ? 1 : n) * size);
    must(v != NULL);
    return v;
}

static int strings_put(const struct setting *row, struct conf_strings *out,
                       struct conf_texts *texts, struct arena *arena, struct err *err)
{
    const char **v = array_new(arena, texts->n, sizeof *v);
    for (size_t i = 0; i < texts->n; i++) {
        texts->bad = i;
        if (text_check(row, texts->v[i], err) != 0)
            return -1;
        v[i] = texts->v[i];
    }
    *out = (struct conf_strings){ v, texts->n };
    return 0;
}

static int nets_put(struct conf_nets *out, struct conf_texts *texts, struct arena *arena,
                    struct err *err)
{
    struct conf_net *v = array_new(arena, texts->n, sizeof *v);
    for (size_t i = 0; i < texts->n; i++) {
        texts->bad = i;
        if (conf_type_net(str_c(texts->v[i]), &v[i]) != 0)
            return err_set(err, ERR_FORMAT, "\"%s\" is no address or network: write 192.0.2.1, "
                                            "192.0.2.0/24 or 2001:db8::/32", texts->v[i]);
    }
    *out = (struct conf_nets){ v, texts->n };
    return 0;
}

int conf_value_put(const struct setting *row, void *base, struct conf_texts *texts,
                   struct arena *arena, struct err *err)
{
    void *field = field_at(row, base);
    if (row->type == SETTING_STRINGS)
        return strings_put(row, field, texts, arena, err);
    if (row->type == SETTING_NETS)
        return nets_put(field, texts, arena, err);
    must(texts->n == 1);
    return single_put(row, field, texts->v[0], err);
}

#define DEFAULTS_MAX 64u

void conf_value_default(const struct setting *row, void *base, struct arena *arena)
{
    const char *texts[DEFAULTS_MAX];
    struct conf_texts all = { .v = texts };
    struct err err = { .kind = ERR_NONE };
    struct str rest = str_c(row->initial);
    if (!setting_is_list(row)) {
        texts[0] = row->initial == NULL ? "" : row->initial;
        all.n = 1;
        if (row->initial == NULL)
            return;              /* must be set: conf.c has seen to it */
    }
    while (setting_is_list(row) && rest.n > 0) {
        must(all.n < DEFAULTS_MAX);
        texts[all.n++] = arena_str(arena, str_word(&rest)).p;
        rest = str_trim(rest);
    }
    must(!arena_full(arena));
    if (conf_value_put(row, base, &all, arena, &err) != 0)
        must_fail(err.text, row->name, 0);
}
