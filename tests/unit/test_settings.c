/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_settings - the table: every row is whole, and every row reaches its own field
 *
 * A wrong offset or type in the table would write into a neighbour. So each row
 * is set alone, and the struct is compared with the defaults: exactly the bytes
 * of one field may differ.
 */
#include "conf/settings.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "conf/conf.h"
#include "conf/conf_file.h"
#include "conf/conf_value.h"
#include "unit.h"

static size_t field_size(const struct setting *s)
{
    switch (s->type) {
    case SETTING_STRINGS:
        return sizeof(struct conf_strings);
    case SETTING_NETS:
        return sizeof(struct conf_nets);
    case SETTING_BOOL:
        return sizeof(bool);
    case SETTING_MODE:
        return sizeof(enum conf_mode);
    case SETTING_BIG:
    case SETTING_SIZE:
        return sizeof(uint64_t);
    case SETTING_PORT:
        return sizeof(uint16_t);
    case SETTING_STRING:
    case SETTING_WORD:
        return sizeof(const char *);
    default:
        return sizeof(unsigned);
    }
}

/* One of a few texts that the row takes. */
static const char *other_text(const struct setting *s)
{
    static const char *const texts[] = { "other.example", "/other/path", "192.0.2.77", "192.0.2.77:77",
                                         "@other.example", "https://other.example/%s" };
    for (size_t i = 0; i < ROWS(texts); i++) {
        if (s->type == SETTING_NETS ? i == 2 : s->check == NULL || s->check(str_c(texts[i])) == NULL)
            return texts[i];
    }
    fail_msg("%s.%s takes none of the texts", s->section, s->name);
    return "";
}

/* A value that is not the default, as a file has it. */
static void other_value(const struct setting *s, struct buf *out)
{
    const char *initial = s->initial == NULL ? "" : s->initial;
    switch (s->type) {
    case SETTING_BOOL:
        buf_add(out, str_eq(str_c(initial), STR("no")) ? STR("yes") : STR("no"));
        break;
    case SETTING_MODE:
        buf_add(out, str_eq(str_c(initial), STR("observe")) ? STR("tag") : STR("observe"));
        break;
    case SETTING_WORD:
        buf_add(out, str_c(s->words[str_eq(str_c(s->words[0]), str_c(initial))]));
        break;
    case SETTING_STRING:
    case SETTING_STRINGS:
    case SETTING_NETS:
        buf_add(out, str_c(other_text(s)));
        break;
    default:
        setting_number(s, s->max, out);
    }
}

/* Each bit of the default struct that changes lies in the field. Returns true if one does. */
static bool only_field_changes(const struct setting *s, size_t size, struct conf_texts *texts)
{
    struct arena *arena = arena_new((size_t)1 << 20);
    struct err err;
    unsigned char *before = must_alloc(size), *after = must_alloc(size);
    bool changed = false;
    for (size_t i = 0; i < settings_count; i++) {
        if (str_eq(str_c(settings[i].section), str_c(s->section)) && settings[i].initial != NULL)
            conf_value_default(&settings[i], before, arena);
    }
    memcpy(after, before, size);
    if (conf_value_put(s, after, texts, arena, &err) != 0)
        fail_msg("%s.%s: %s", s->section, s->name, err.text);
    for (size_t i = 0; i < size; i++) {
        if (before[i] == after[i])
            continue;
        changed = true;
        if (i < s->offset || i >= s->offset + field_size(s))
            fail_msg("%s.%s changes byte %zu", s->section, s->name, i);
    }
    free(before);
    free(after);
    arena_free(&arena);
    return changed;
}

static void test_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *s = &settings[i];
        const struct setting_section *section = settings_section(str_c(s->section));
        size_t size = section->title == NULL ? sizeof(struct conf) : section->size;
        struct buf b;
        buf_init(&b, 400);
        other_value(s, &b);
        const char *text = buf_c(&b);
        struct conf_texts texts = { .v = &text, .n = 1 };
        assert_true(s->offset + field_size(s) <= size);
        if (!only_field_changes(s, size, &texts))
            fail_msg("%s.%s does not change with %s", s->section, s->name, text);
        buf_fini(&b);
    }
}

/* No two settings share a byte, so none is missing from its own place. */
static void test_no_overlap(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct setting *a = &settings[i], *b = &settings[k];
            const struct setting_section *sa = settings_section(str_c(a->section));
            const struct setting_section *sb = settings_section(str_c(b->section));
            if (sa != sb && (sa->title != NULL || sb->title != NULL))
                continue;
            if (a->offset < b->offset + field_size(b) && b->offset < a->offset + field_size(a))
                fail_msg("%s.%s and %s.%s overlap", a->section, a->name, b->section, b->name);
        }
    }
}

static void test_rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *s = &settings[i];
        if (settings_section(str_c(s->section)) == NULL)
            fail_msg("%s.%s: no such section", s->section, s->name);
        if (settings_find(str_c(s->section), str_c(s->name)) != s)
            fail_msg("%s.%s comes twice", s->section, s->name);
        if (s->about == NULL || strlen(s->about) < 15)
            fail_msg("%s.%s says nothing", s->section, s->name);
        if ((s->type == SETTING_WORD) != (s->words != NULL))
            fail_msg("%s.%s: words", s->section, s->name);
        if (s->type >= SETTING_NUMBER && s->type <= SETTING_OCTAL && s->max <= s->min)
            fail_msg("%s.%s: limits", s->section, s->name);
        if (s->initial == NULL && s->example == NULL && s->words == NULL)
            fail_msg("%s.%s must be set and has no example", s->section, s->name);
        if (s->initial != NULL && s->initial[0] == '\0' && s->example == NULL &&
            !str_eq(str_c(s->name), STR("owner")))
            fail_msg("%s.%s is empty and shows no example", s->section, s->name);
    }
}

static void test_examples_are_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *s = &settings[i];
        struct str rest = str_c(s->example), word;
        while (s->check != NULL && setting_is_list(s) && (word = str_word(&rest)).n > 0) {
            if (s->check(word) != NULL)
                fail_msg("%s.%s: example %.*s", s->section, s->name, STR_ARG(word));
        }
        if (s->example != NULL && s->type == SETTING_STRING && s->check(str_c(s->example)) != NULL)
            fail_msg("%s.%s: example %s", s->section, s->name, s->example);
    }
}

/* The example file is good as it is, and with all its settings taken out of their comments. */
static void test_example_file(void **state)
{
    (void)state;
    struct buf b, live;
    struct err err = { .kind = ERR_NONE };
    buf_init(&b, (size_t)1 << 20);
    buf_init(&live, (size_t)1 << 20);
    settings_example(&b);
    assert_false(buf_bad(&b));
    struct conf *c = conf_read_bytes("example", buf_str(&b), &err);
    if (c == NULL)
        fail_msg("%s", err.text);
    conf_free(&c);

    /* where an example and the default stand side by side, only the default is taken */
    struct str rest = buf_str(&b), line;
    size_t taken = 0;
    while (str_line(&rest, &line)) {
        struct str text = str_trim(line), next = rest, below = STR("");
        str_line(&next, &below);
        /* one blank behind the #: a sentence; none or several: a setting */
        bool setting = text.n > 1 && text.p[0] == '#' &&
                       (text.p[1] != ' ' || (text.n > 2 && text.p[2] == ' '));
        bool example = setting && str_eq(str_trim(below), STR("# Default:"));
        taken += setting && !example;
        if (!example)
            buf_add(&live, setting ? str_skip(text, 1) : text);
        buf_add_c(&live, '\n');
    }
    assert_true(taken > settings_count);
    c = conf_read_bytes("example", buf_str(&live), &err);
    if (c == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(c->dnsbl.zone_count, 3);
    assert_int_equal(c->recipient.table_count, 1);
    conf_free(&c);
    buf_fini(&live);
    buf_fini(&b);
}

static void test_man(void **state)
{
    (void)state;
    struct buf b;
    char item[100];
    buf_init(&b, (size_t)1 << 20);
    settings_man(&b);
    assert_false(buf_bad(&b));
    for (size_t i = 0; i < settings_count; i++) {
        snprintf(item, sizeof item, ".It Cm %s\n", settings[i].name);
        if (str_find(buf_str(&b), str_c(item)) == STR_NONE)
            fail_msg("%s is not in the manual", settings[i].name);
    }
    for (size_t i = 0; i < setting_sections_count; i++) {
        snprintf(item, sizeof item, "%s\n", setting_sections[i].name);
        assert_int_not_equal(str_find(buf_str(&b), str_c(item)), STR_NONE);
    }
    buf_fini(&b);
}

static const struct {
    enum setting_type type;
    int64_t value;
    const char *text;
} numbers[] = {
    { SETTING_MS, 0, "0" },           { SETTING_MS, 500, "500ms" },
    { SETTING_MS, 90000, "90s" },     { SETTING_MS, 60000, "1min" },
    { SETTING_SECONDS, 3600, "1h" },  { SETTING_SECONDS, 86400, "1d" },
    { SETTING_SECONDS, 604800, "1w" },{ SETTING_SIZE, 1536, "1536" },
    { SETTING_SIZE, 4096, "4k" },     { SETTING_SIZE, 64 << 20, "64M" },
    { SETTING_WEIGHT, 100, "1" },     { SETTING_WEIGHT, 150, "1.5" },
    { SETTING_WEIGHT, -5, "-0.05" },  { SETTING_WEIGHT, 1234, "12.34" },
    { SETTING_OCTAL, 0660, "0660" },  { SETTING_NUMBER, 12, "12" },
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(numbers); i++) {
        struct setting s = { .type = numbers[i].type };
        struct buf b;
        buf_init(&b, 100);
        setting_number(&s, numbers[i].value, &b);
        assert_string_equal(buf_c(&b), numbers[i].text);
        buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),         cmocka_unit_test(test_no_overlap),
        cmocka_unit_test(test_rows_are_whole), cmocka_unit_test(test_examples_are_good),
        cmocka_unit_test(test_example_file),   cmocka_unit_test(test_man),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
