/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart - settings that a reload cannot put into use
 *
 * By the table of settings: all of the sections that are opened at the start, but for the
 * few that are read again. So a setting that is added there is named here, too, until
 * somebody makes it reloadable. Of each value a hash is kept: the settings themselves go
 * with their generation.
 */
#include "daemon/restart.h"

#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/must.h"
#include "conf/settings.h"

static const char *const sections[] = { "daemon", "door", "control" };

/* daemon.c looks at the level with each reload, the door at the others with each request. */
static const struct {
    const char *section, *name;
} reloaded[] = {
    { "daemon", "log_level" }, { "door", "answer" }, { "door", "idle" }, { "door", "request" },
};

static bool is_held(const struct setting *s)
{
    bool held = false;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        held |= strcmp(s->section, sections[i]) == 0;
    for (size_t i = 0; i < sizeof reloaded / sizeof reloaded[0]; i++) {
        if (strcmp(s->section, reloaded[i].section) == 0 &&
            strcmp(s->name, reloaded[i].name) == 0)
            return false;
    }
    return held;
}

static const struct hash_key always = { 0, 0 };   /* nobody gains by a collision */

static uint64_t text_mark(const char *text)
{
    return hash_str(always, str_c(text));
}

static uint64_t list_mark(const struct conf_strings *list)
{
    uint64_t mark = list->n;
    for (size_t i = 0; i < list->n; i++)
        mark = hash_u64(always, mark, text_mark(list->v[i]));
    return mark;
}

static uint64_t bytes_mark(const char *field, size_t n)
{
    return hash_str(always, str_make(field, n));
}

/* These sections have no other types. */
static uint64_t setting_mark(const struct setting *s, const char *field)
{
    const char *text;
    switch (s->type) {
    case SETTING_STRING:
    case SETTING_WORD:
        memcpy(&text, field, sizeof text);
        return text_mark(text);
    case SETTING_STRINGS:
        return list_mark((const void *)field);
    case SETTING_BOOL:
        return bytes_mark(field, sizeof(bool));
    case SETTING_NUMBER:
    case SETTING_MS:
    case SETTING_SECONDS:
    case SETTING_OCTAL:
        return bytes_mark(field, sizeof(unsigned));
    case SETTING_BIG:
    case SETTING_SIZE:
        return bytes_mark(field, sizeof(uint64_t));
    default:
        must(!"a type that these sections do not have");
        return 0;
    }
}

/* Each row that is held, and its place among them. */
static const struct setting *held_next(size_t *at, size_t *place)
{
    while (*at < settings_count) {
        const struct setting *s = &settings[(*at)++];
        if (!is_held(s))
            continue;
        must(++*place <= RESTART_SETTINGS_MAX);
        return s;
    }
    return NULL;
}

void restart_begin(struct restart *r, const struct conf *c)
{
    const struct setting *s;
    for (size_t at = 0, place = 0; (s = held_next(&at, &place)) != NULL;)
        r->marks[place - 1] = setting_mark(s, (const char *)c + s->offset);
}

void restart_log(const struct restart *r, const struct conf *now)
{
    const struct setting *s;
    for (size_t at = 0, place = 0; (s = held_next(&at, &place)) != NULL;) {
        if (r->marks[place - 1] != setting_mark(s, (const char *)now + s->offset))
            log_text(LOG_LEVEL_WARNING, "needs-restart",
                     "%s.%s is not what posternd began with: that needs a restart", s->section,
                     s->name);
    }
}
