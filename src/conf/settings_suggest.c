/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_suggest - what a misspelt name was meant to be
 *
 * An unknown setting is an error, never ignored: a threshold that does nothing
 * because of a letter is found out when it is too late. So the error should
 * say which letter.
 */
#include "conf/settings.h"

#include <limits.h>

#include "base/typo.h"

#define DISTANCE_MAX 3u

struct best {
    const char *section, *name;
    unsigned distance;
};

static void consider(struct best *b, struct str typed, const char *section, const char *name)
{
    unsigned d = typo_distance(typed, str_c(name));
    if (d < b->distance)
        *b = (struct best){ section, name, d };
}

/* At the outermost level stand the sections without a title. */
static void section_suggest(struct str name, struct buf *out)
{
    struct best b = { .distance = UINT_MAX };
    for (size_t i = 0; i < setting_sections_count; i++) {
        if (setting_sections[i].title == NULL)
            consider(&b, name, "", setting_sections[i].name);
    }
    if (b.distance <= DISTANCE_MAX && b.distance < name.n)
        buf_addf(out, ": did you mean %s?", b.name);
    else if (str_eq(name, STR("include")))
        buf_add(out, STR(": files are not included, write all into one"));
    else
        buf_add(out, STR(": settings stand inside of a section, as door { mode = 0660 }"));
}

/* The one section that has a setting or a section of this very name, or NULL. */
static const char *only_home(struct str name)
{
    const char *home = NULL;
    unsigned homes = 0;
    for (size_t i = 0; i < settings_count; i++) {
        if (str_eq(str_c(settings[i].name), name)) {
            home = settings[i].section;
            homes++;
        }
    }
    for (size_t i = 0; i < setting_sections_count; i++) {
        const char *dot = strchr(setting_sections[i].name, '.');
        if (dot != NULL && str_eq(name, str_c(dot + 1))) {
            home = setting_sections[i].name;
            homes++;
        }
    }
    return homes == 1 ? home : NULL;
}

void settings_suggest(struct str section, struct str name, struct buf *out)
{
    struct best b = { .distance = UINT_MAX };
    const char *home = only_home(name);
    if (section.n == 0 && home == NULL) {
        section_suggest(name, out);
        return;
    }
    for (size_t i = 0; i < settings_count; i++) {
        if (str_eq(str_c(settings[i].section), section))
            consider(&b, name, settings[i].section, settings[i].name);
    }
    size_t dot = home == NULL ? 0 : strcspn(home, ".");
    if (home != NULL && str_eq(str_c(home + dot), STR("")))
        buf_addf(out, ": it belongs into section %s", home);
    else if (home != NULL && settings_find(str_c(home), name) != NULL)
        buf_addf(out, ": it belongs into a section %s inside of section %.*s", home + dot + 1,
                 (int)dot, home);
    else if (home != NULL)
        buf_addf(out, ": it belongs into section %.*s", (int)dot, home);
    else if (b.distance <= DISTANCE_MAX && b.distance < name.n)
        buf_addf(out, ": did you mean %s?", b.name);
    else
        buf_add(out, STR(": see postern.conf(5) for all settings"));
}
